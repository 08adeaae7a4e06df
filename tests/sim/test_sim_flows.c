/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Streams of messages (RFC 7016 section 3.6) over networks that lose, double, reorder and corrupt: what was
 * promised is delivered once and in order, what was not promised is accounted for to the last message.
 */
#include "sim.h"

#include <stdlib.h>
#include <string.h>

#define DELAY RTMFP_MS(15)
#define MBIT  125000u /* bytes a second */

static struct sim_world *open_world(const struct sim_run *run, bool real, struct sim_peer **a,
				    struct sim_peer **b)
{
	struct sim_world *w = sim_world_new(run, real);

	sim_two(w, DELAY, a, b);
	sim_peer_open(*a);
	sim_wait(w, RTMFP_S(1), sim_peers_agree(*a, *b));
	return w;
}

static bool all_delivered(const struct sim_stream *s)
{
	return s->sent == s->p.count && s->delivered == s->sent;
}

/* Nothing waits and nothing is in flight any more. */
static bool is_settled(const struct sim_stream *s)
{
	struct rtmfp_sendflow_stats stats = sim_stream_stats(s);

	return stats.queued == 0 && stats.outstanding == 0;
}

/* ---- full reliability ---- */

static void one_reliable(const struct sim_run *run, bool real)
{
	static const struct {
		size_t min, max;
		uint64_t count;
	} sizes[] = {
		{ 0, 40, 3000 }, { 0, 3000, 600 }, { 1000, 1500, 600 }, { 16, 65536, 40 }, { 0, 0, 1000 }
	};
	struct sim_peer *a, *b;
	struct sim_world *w = open_world(run, real, &a, &b);
	struct sim_stream *streams[4];

	w->timer_slack = sim_below(w, RTMFP_MS(3));
	sim_link(a->node->ports[0], RTMFP_MS(1) + sim_below(w, RTMFP_MS(50)), 20 * MBIT, 0);
	a->node->ports[0]->up.jitter = sim_below(w, RTMFP_MS(4));
	/* More would now and then lose so much in a row that the session is replaced. */
	sim_harm(a->node->ports[0], (unsigned)sim_below(w, 40000), (unsigned)sim_below(w, 100000),
		 (unsigned)sim_below(w, 100000), (unsigned)sim_below(w, 10000));
	b->node->train_max = 1 + (unsigned)sim_below(w, 64);
	for (int i = 0; i < 4; i++) {
		unsigned k = (unsigned)sim_below(w, sizeof(sizes) / sizeof(sizes[0]));
		struct sim_stream_params p = {
			.reliability = SIM_RELIABLE,
			.order = sizes[k].min >= 16 && sim_below(w, 2) ? RTMFP_ORDER_ARRIVAL
								       : RTMFP_ORDER_QUEUE,
			.priority = (enum rtmfp_priority)sim_below(w, 7),
			.size_min = sizes[k].min,
			.size_max = sizes[k].max,
			.count = sizes[k].count,
			.buffer = sim_below(w, 2) ? 0 : 80000,
			.queue_max = sim_below(w, 2) ? 0 : 3000,
			.borrow = sim_below(w, 2),
		};

		streams[i] = sim_stream_new(i % 2 ? b : a, &p);
	}
	sim_wait(w, RTMFP_S(400),
		 all_delivered(streams[0]) && all_delivered(streams[1]) && all_delivered(streams[2]) &&
			 all_delivered(streams[3]));
	sim_assert(a->opened == 1 && b->opened == 1);
	for (int i = 0; i < 4; i++)
		sim_stream_close(streams[i]);
	for (int i = 0; i < 4; i++) {
		const struct sim_flow *flow = sim_stream_flow(streams[i]);

		sim_wait(w, RTMFP_S(60), flow->closed_sending && flow->closed_receiving);
		sim_assert(streams[i]->flow_count == 1 && flow->stats.messages == streams[i]->sent);
		sim_assert(flow->stats.abandoned == 0);
	}
	sim_world_free(w);
}

START_TEST(test_reliable)
{
	for (sim_each_seed(run, "flows_reliable", 60)) {
		one_reliable(&run, false);
		if (run.seed % 8 == 0)
			one_reliable(&run, true);
	}
}
END_TEST

/* ---- no reliability ---- */

/* One message a datagram, and loss as the only harm: what the network lost is what was not delivered. */
START_TEST(test_unreliable_account)
{
	for (sim_each_seed(run, "flows_unreliable_account", 40)) {
		struct sim_peer *a, *b;
		struct sim_world *w = open_world(&run, run.seed % 8 == 0, &a, &b);
		struct sim_pipe *up = &a->node->ports[0]->up;
		const struct sim_stream_params p = {
			.order = run.seed % 2 ? RTMFP_ORDER_ARRIVAL : RTMFP_ORDER_QUEUE,
			.size_min = 800,
			.size_max = 1300,
			.count = 3000,
			.borrow = run.seed % 3 == 0,
		};
		struct sim_stream *s;
		struct rtmfp_sendflow_stats stats;
		uint64_t passed = up->passed_long;

		sim_link(a->node->ports[0], DELAY, 50 * MBIT, 20000); /* queues overflow, too */
		up->lose = (unsigned)sim_below(w, 150000);
		s = sim_stream_new(a, &p);
		sim_wait(w, RTMFP_S(300), s->sent == p.count && is_settled(s));
		sim_assert(up->lost_long > 0);
		sim_assert(s->delivered + up->lost_long == s->sent);
		sim_assert(s->delivered == up->passed_long - passed);
		stats = sim_stream_stats(s);
		sim_assert(stats.messages == s->sent);
		/* All acknowledgements arrived, so the sender knows, too. The newest may wait for one. */
		sim_assert(stats.abandoned == s->sent - s->delivered);
		sim_assert(s->p.order == RTMFP_ORDER_ARRIVAL || s->gaps > 0);
		sim_world_free(w);
	}
}
END_TEST

/* Any harm, any size: never twice, never damaged, and no order broken that was promised (sim_app.c checks).
 */
START_TEST(test_unreliable_harm)
{
	for (sim_each_seed(run, "flows_unreliable_harm", 60)) {
		struct sim_peer *a, *b;
		struct sim_world *w = open_world(&run, run.seed % 8 == 0, &a, &b);
		struct sim_stream *streams[3];

		w->timer_slack = sim_below(w, RTMFP_MS(3));
		sim_link(a->node->ports[0], DELAY, 20 * MBIT, 0);
		sim_harm(a->node->ports[0], 30000, 100000, 100000, 20000);
		for (int i = 0; i < 3; i++) {
			const struct sim_stream_params p = {
				.order = sim_below(w, 2) ? RTMFP_ORDER_ARRIVAL : RTMFP_ORDER_QUEUE,
				.size_min = 16,
				.size_max = i == 0 ? 20000 : 2000,
				.queue_time = sim_below(w, 2) ? RTMFP_MS(50) : 0,
				.interval = RTMFP_MS(1) + sim_below(w, RTMFP_MS(20)),
				.count = 500,
				.borrow = sim_below(w, 2),
			};

			streams[i] = sim_stream_new(i % 2 ? b : a, &p);
		}
		for (int i = 0; i < 3; i++) {
			sim_wait(w, RTMFP_S(300), streams[i]->sent == 500 && is_settled(streams[i]));
			sim_assert(streams[i]->flow_count == 1);
			sim_assert(streams[i]->delivered > 0 && streams[i]->delivered < streams[i]->sent);
		}
		sim_world_free(w);
	}
}
END_TEST

/* ---- limited reliability ---- */

static uint64_t sent_at[4096];

static void check_age(struct sim_stream *s, uint64_t number)
{
	/* A repeat may leave just before the lifetime ends, and then takes its way. */
	uint64_t age = s->w->now - sent_at[number];

	sim_assert_msg(age <= s->p.lifetime + 2 * DELAY, "message %" PRIu64 " is %.3f s old", number,
		       (double)age / 1e9);
}

static uint64_t run_limited(const struct sim_run *run, uint64_t lifetime)
{
	struct sim_peer *a, *b;
	struct sim_world *w = open_world(run, false, &a, &b);
	const struct sim_stream_params p = {
		.reliability = lifetime ? SIM_LIMITED : SIM_UNRELIABLE,
		.lifetime = lifetime,
		.order = RTMFP_ORDER_ARRIVAL,
		.size_min = 500,
		.size_max = 1000,
		.interval = RTMFP_MS(20), /* slow enough never to wait for the window */
		.count = 2000,
	};
	struct sim_stream *s = sim_stream_new(a, &p);
	uint64_t delivered;

	a->node->ports[0]->up.lose = 100000;
	w->on_message = lifetime ? check_age : NULL;
	while (s->sent < p.count) {
		uint64_t next = s->sent;

		sim_wait(w, RTMFP_S(1), s->sent > next);
		sent_at[next] = w->now;
	}
	sim_run_for(w, RTMFP_S(10));
	sim_assert(is_settled(s) && s->refused == 0);
	sim_assert(sim_stream_stats(s).abandoned == s->sent - s->delivered);
	delivered = s->delivered;
	sim_world_free(w);
	return delivered;
}

START_TEST(test_limited)
{
	for (sim_each_seed(run, "flows_limited", 4)) {
		uint64_t none = run_limited(&run, 0), one = run_limited(&run, RTMFP_MS(200)),
			 more = run_limited(&run, RTMFP_MS(800));

		sim_assert(none > 1700 && none < 1900);
		sim_assert_msg(one > 1960, "%" PRIu64 " of 2000", one); /* time for one repeat: 99 % */
		sim_assert_msg(more > 1990, "%" PRIu64 " of 2000", more);
	}
}
END_TEST

/* ---- the ends of flows ---- */

START_TEST(test_rejected)
{
	for (sim_each_case(run, "flows_rejected", 5)) {
		struct sim_peer *a, *b;
		struct sim_world *w = open_world(&run, false, &a, &b);
		const struct sim_stream_params p = {
			.reliability = SIM_RELIABLE, .size_min = 100, .size_max = 5000, .count = 100
		};
		struct sim_stream *no = sim_stream_new(a, &p), *yes = sim_stream_new(a, &p);

		no->reject = 1 + (unsigned)run.seed;
		a->node->ports[0]->up.lose = run.seed ? 100000 : 0;
		a->node->ports[0]->down.lose = run.seed ? 100000 : 0;
		sim_wait(w, RTMFP_S(60), all_delivered(yes));
		sim_wait(w, RTMFP_S(60), no->exceptions == 1);
		sim_assert(no->delivered == 0);
		sim_wait(w, RTMFP_S(200), sim_stream_flow(no)->closed_sending);
		sim_world_free(w);
	}
}
END_TEST

/* Flows come and go all the time: their numbers, their memory and their lingering do not add up. */
START_TEST(test_many_flows)
{
	for (sim_each_seed(run, "flows_many", 2)) {
		struct sim_peer *a, *b;
		struct sim_world *w = open_world(&run, false, &a, &b);
		uint64_t before, calm;

		a->node->ports[0]->up.lose = 20000;
		sim_run_for(w, RTMFP_S(20));
		before = w->mem_out;
		for (unsigned i = 0; i < 200; i++) {
			const struct sim_stream_params p = { .reliability = SIM_RELIABLE,
							     .size_min = 0,
							     .size_max = 100,
							     .count = 1 + sim_below(w, 10) };
			struct sim_stream *s = sim_stream_new(i % 2 ? a : b, &p);

			sim_wait(w, RTMFP_S(60), all_delivered(s));
			sim_stream_close(s);
			sim_wait(w, RTMFP_S(60), sim_stream_flow(s)->closed_sending);
			sim_run_for(w, RTMFP_S(4)); /* at most 64 flows, and they linger 130 s */
		}
		sim_run_for(w, RTMFP_S(140));
		calm = w->mem_out;
		sim_assert_msg(calm <= before + 8, "%" PRIu64 " allocations, %" PRIu64 " before", calm,
			       before);
		sim_world_free(w);
	}
}
END_TEST

/* ---- time ---- */

/* A stopped process: what arrives waits, or finds the socket buffer full; afterwards everything goes on. */
START_TEST(test_pause)
{
	for (sim_each_seed(run, "flows_pause", 20)) {
		struct sim_peer *a, *b;
		struct sim_world *w = open_world(&run, false, &a, &b);
		const struct sim_stream_params p = {
			.reliability = SIM_RELIABLE, .size_min = 100, .size_max = 3000, .count = 3000
		};
		struct sim_stream *there = sim_stream_new(a, &p), *back = sim_stream_new(b, &p);

		sim_link(a->node->ports[0], DELAY, 20 * MBIT, 0);
		b->node->receive_buffer = 20000;
		for (unsigned i = 0; i < 3; i++) {
			sim_run_for(w, sim_below(w, RTMFP_MS(400)));
			/* longer, and the other end would take it for dead */
			sim_node_pause(sim_below(w, 2) ? a->node : b->node, sim_below(w, RTMFP_MS(800)));
		}
		sim_wait(w, RTMFP_S(120), all_delivered(there) && all_delivered(back));
		sim_assert(there->flow_count == 1 && back->flow_count == 1);
		sim_world_free(w);
	}
}
END_TEST

/* One bulk transfer fills the link and leaves no idle work behind. */
START_TEST(test_rate)
{
	for (sim_each_seed(run, "flows_rate", 2)) {
		struct sim_peer *a, *b;
		struct sim_world *w = open_world(&run, false, &a, &b);
		const struct sim_stream_params p = { .order = RTMFP_ORDER_ARRIVAL,
						     .reliability = run.seed ? SIM_RELIABLE : SIM_UNRELIABLE,
						     .size_min = 1000,
						     .size_max = 1400,
						     .count = RTMFP_NEVER };
		struct sim_stream *s;
		uint64_t bytes, wakes;

		sim_link(a->node->ports[0], DELAY, 20 * MBIT, 150000);
		s = sim_stream_new(a, &p);
		sim_run_for(w, RTMFP_S(5));
		bytes = b->node->rx_bytes;
		sim_run_for(w, RTMFP_S(20));
		bytes = b->node->rx_bytes - bytes;
		sim_assert_msg(bytes > 20 * 20 * MBIT * 9 / 10, "%.1f of 20 Mbit/s",
			       (double)bytes / 20 / MBIT);
		sim_stream_stop(s);
		sim_run_for(w, RTMFP_S(60));
		sim_assert(is_settled(s));
		wakes = a->node->wakes + b->node->wakes;
		sim_run_for(w, RTMFP_S(60));
		sim_assert_msg(a->node->wakes + b->node->wakes - wakes <= 4, "an idle pair of nodes wakes");
		sim_world_free(w);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("sim_flows");

	sim_add_scenario(suite, "flows_reliable", test_reliable);
	sim_add_scenario(suite, "flows_unreliable_account", test_unreliable_account);
	sim_add_scenario(suite, "flows_unreliable_harm", test_unreliable_harm);
	sim_add_scenario(suite, "flows_limited", test_limited);
	sim_add_scenario(suite, "flows_rejected", test_rejected);
	sim_add_scenario(suite, "flows_many", test_many_flows);
	sim_add_scenario(suite, "flows_pause", test_pause);
	sim_add_scenario(suite, "flows_rate", test_rate);
	return sim_run_suite(suite);
}
