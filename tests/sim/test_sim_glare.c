/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Both ends open at once (RFC 7016 section 3.5.1.3, PROTOCOL.md section 2.6), at all relative timings, with
 * and without loss: one session remains, both ends use it, and nobody loses much time.
 */
#include "sim.h"

#include <stdlib.h>
#include <string.h>

#define DELAY RTMFP_MS(20)
#define STEP  RTMFP_MS(4)

static void open_peer(struct sim_world *w, void *ctx)
{
	(void)w;
	sim_peer_open(ctx);
}

/* Lets one end open |lead| after the other (or before it, if negative) and returns when both are open. */
static struct sim_world *both_open(const struct sim_run *run, bool real, int64_t lead, uint64_t lose,
				   struct sim_peer **a, struct sim_peer **b)
{
	struct sim_world *w = sim_world_new(run, real);

	sim_two(w, DELAY, a, b);
	sim_peer_candidate(*b, &(*a)->node->ports[0]->addr);
	w->lose = lose;
	sim_at(w, w->now + (lead < 0 ? (uint64_t)-lead : 0), open_peer, *a);
	sim_at(w, w->now + (lead > 0 ? (uint64_t)lead : 0), open_peer, *b);
	return w;
}

/* Whoever's key prevails, and whatever was lost: a message each way, and one session. */
static void finish(struct sim_world *w, struct sim_peer *a, struct sim_peer *b, uint64_t within)
{
	const struct sim_stream_params p = {
		.order = RTMFP_ORDER_ARRIVAL, .size_min = 16, .size_max = 500, .interval = RTMFP_S(1)
	};
	struct sim_stream *there, *back;

	sim_wait(w, within, sim_peers_agree(a, b));
	w->lose = 0;
	there = sim_stream_new(a, &p);
	back = sim_stream_new(b, &p);
	sim_run_for(w, RTMFP_S(40));
	sim_assert(sim_peers_agree(a, b));
	sim_assert(sim_peer_sessions(a) == 1 && sim_peer_sessions(b) == 1);
	/* What was written to an open session was not lost on the way to the one that remained. */
	sim_assert(there->delivered + 1 >= there->sent && there->sent >= 39);
	sim_assert(back->delivered + 1 >= back->sent && back->sent >= 39);
	sim_world_free(w);
}

START_TEST(test_timings)
{
	/* leads from -3 to +3 one-way delays in small steps, either key prevailing, either profile */
	const uint64_t leads = 2 * 3 * DELAY / STEP + 1;

	for (sim_each_case(run, "glare_timings", 2 * leads)) {
		int64_t lead = (int64_t)(run.seed / 2 * STEP) - (int64_t)(3 * DELAY);
		struct sim_peer *a, *b;
		struct sim_world *w = both_open(&run, run.seed % 2, lead, 0, &a, &b);

		finish(w, a, b, 3 * DELAY + 8 * DELAY);
	}
}
END_TEST

START_TEST(test_timings_and_loss)
{
	/* the first 8 datagrams in all 256 ways, at leads that matter */
	static const int64_t leads[] = { 0,
					 1,
					 (int64_t)DELAY - 1,
					 (int64_t)DELAY,
					 (int64_t)DELAY + 1,
					 -(int64_t)DELAY,
					 2 * (int64_t)DELAY,
					 -2 * (int64_t)DELAY,
					 2 * (int64_t)DELAY + 1,
					 3 * (int64_t)DELAY };

	for (sim_each_case(run, "glare_timings_and_loss", 256 * sizeof(leads) / sizeof(leads[0]))) {
		struct sim_peer *a, *b;
		struct sim_world *w = both_open(&run, false, leads[run.seed / 256], run.seed % 256, &a, &b);

		finish(w, a, b, RTMFP_S(40));
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("sim_glare");

	sim_add_scenario(suite, "glare_timings", test_timings);
	sim_add_scenario(suite, "glare_timings_and_loss", test_timings_and_loss);
	return sim_run_suite(suite);
}
