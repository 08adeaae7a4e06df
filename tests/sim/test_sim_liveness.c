/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Far ends that fall silent, restart, close, or are replaced (RFC 7016 section 3.5.5, PROTOCOL.md sections
 * 2.6, 5.2 and 5.3): traffic finds its way again by itself, and soon.
 */
#include "sim.h"

#include <stdlib.h>
#include <string.h>

#define DELAY RTMFP_MS(20)
#define PACE  RTMFP_MS(50)

static struct sim_world *open_world(const struct sim_run *run, bool real, struct sim_peer **a,
				    struct sim_peer **b)
{
	struct sim_world *w = sim_world_new(run, real);

	sim_two(w, DELAY, a, b);
	sim_peer_open(*a);
	sim_wait(w, RTMFP_S(1), sim_peers_agree(*a, *b));
	return w;
}

/* ------------------------------------------------------------------------------------------------------------
 * Silence
 */

/* Three timeouts in a row let a replacing session be opened, and the first acknowledgement stops that: a
 * session that lives is not given up with all that is on its way in it. */
START_TEST(test_few_losses)
{
	for (sim_each_case(run, "liveness_few_losses", 2)) {
		struct sim_peer *a, *b;
		struct sim_world *w = open_world(&run, run.seed, &a, &b);
		const struct sim_stream_params one = {
			.reliability = SIM_RELIABLE, .size_min = 100, .size_max = 100, .count = 1
		};
		struct sim_stream *s;

		sim_run_for(w, RTMFP_S(1));
		a->node->ports[0]->up.lose_mask = 7; /* the message, and two times its repetition */
		s = sim_stream_new(a, &one);
		sim_wait(w, RTMFP_S(5), s->delivered == 1);
		sim_run_for(w, RTMFP_S(60));
		sim_assert(a->silent == 1 && a->opened == 1 && b->opened == 1 && sim_peers_agree(a, b));
		sim_assert(sim_peer_sessions(a) == 1 && sim_peer_sessions(b) == 1);
		sim_world_free(w);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("sim_liveness");

	sim_add_scenario(suite, "liveness_few_losses", test_few_losses);
	return sim_run_suite(suite);
}
