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

static const struct sim_stream_params traffic = {
	.order = RTMFP_ORDER_ARRIVAL, .size_min = 16, .size_max = 1300, .interval = PACE
};

static struct sim_stream *stop(struct sim_stream *s)
{
	sim_stream_stop(s);
	return s;
}

/* Messages are delivered that were sent from now on? */
struct mark {
	struct sim_stream *s;
	uint64_t number, at;
};

static struct mark mark_now(struct sim_stream *s)
{
	return (struct mark){ .s = s, .number = s->sent, .at = s->w->now };
}

static bool flows_since(const struct mark *m)
{
	for (uint64_t n = m->number; n < m->s->sent; n++)
		if (sim_was_delivered(m->s, n))
			return true;
	return false;
}

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

/* ------------------------------------------------------------------------------------------------------------
 * Restarts
 */

enum { A_SENDS = 1, B_SENDS = 2 };

struct restart {
	bool of_a;	 /* the session's initiator; else the responder, who does not know where it is */
	bool knows;	 /* the restarted end has the other's address, and opens a session at once */
	unsigned sends;	 /* who has traffic */
	uint64_t down;	 /* for so long it is away */
	uint64_t within; /* of the restart */
};

static void one_restart(const struct sim_run *run, bool real, const struct restart *r)
{
	struct sim_peer *a, *b;
	struct sim_world *w = open_world(run, real, &a, &b);
	struct sim_peer *restarted = r->of_a ? a : b, *other = r->of_a ? b : a;
	struct sim_stream *there = sim_stream_new(a, &traffic), *back = sim_stream_new(b, &traffic);
	struct mark go, come;
	uint64_t since;

	a->reopen = b->reopen = true;
	if (!(r->sends & A_SENDS))
		sim_stream_stop(there);
	if (!(r->sends & B_SENDS))
		sim_stream_stop(back);
	a->candidate_count = 0;
	b->candidate_count = 0;
	if (r->knows)
		sim_peer_candidate(restarted, &other->node->ports[0]->addr);
	sim_run_for(w, RTMFP_S(3) + sim_below(w, RTMFP_S(1)));
	sim_node_kill(restarted->node);
	sim_run_for(w, r->down);
	sim_node_start(restarted->node);
	since = w->now;
	if (r->knows)
		sim_peer_open(restarted);
	go = mark_now(there);
	come = mark_now(back);
	sim_wait(w, r->within,
		 (!(r->sends & A_SENDS) || flows_since(&go)) &&
			 (!(r->sends & B_SENDS) || flows_since(&come)));
	sim_wait(w, RTMFP_S(1), sim_peers_agree(a, b));
	sim_trace(w, "flows %.3f s after the restart", (double)(w->now - since) / 1e9);
	/* and goes on doing so */
	sim_run_for(w, RTMFP_S(40));
	sim_assert(sim_peers_agree(a, b));
	sim_assert(sim_peer_sessions(a) == 1 && sim_peer_sessions(b) == 1);
	stop(there);
	stop(back);
	sim_world_free(w);
}

/*
 * Who does not know the other's address waits to be found: it takes what is left of three timeouts (250, 354
 * and 500 ms or more), or of the interval between IHellos, which grows to 5 s.
 */
START_TEST(test_restart)
{
	static const struct restart restarts[] = {
		{ true, true, A_SENDS, 0, RTMFP_MS(300) },
		{ true, true, B_SENDS, 0, RTMFP_MS(300) },
		{ true, true, A_SENDS | B_SENDS, RTMFP_MS(100), RTMFP_MS(300) },
		{ true, true, A_SENDS | B_SENDS, RTMFP_S(20), RTMFP_MS(300) },
		{ true, true, A_SENDS | B_SENDS, RTMFP_S(300), RTMFP_MS(300) },
		{ true, false, B_SENDS, 0, RTMFP_MS(2000) },
		{ true, false, A_SENDS | B_SENDS, 0, RTMFP_MS(2000) },
		{ true, false, A_SENDS | B_SENDS, RTMFP_S(20), RTMFP_MS(5300) },
		{ true, false, A_SENDS | B_SENDS, RTMFP_S(300), RTMFP_MS(5300) },
		{ false, false, A_SENDS, 0, RTMFP_MS(2000) },
		{ false, false, A_SENDS | B_SENDS, RTMFP_MS(100), RTMFP_MS(2000) },
		{ false, false, A_SENDS | B_SENDS, RTMFP_S(1), RTMFP_MS(2000) },
		{ false, false, A_SENDS | B_SENDS, RTMFP_S(20), RTMFP_MS(5300) },
		{ false, false, A_SENDS | B_SENDS, RTMFP_S(300), RTMFP_MS(5300) },
		{ false, true, B_SENDS, 0, RTMFP_MS(300) },
		{ false, true, A_SENDS, RTMFP_S(3), RTMFP_MS(300) },
		{ false, true, A_SENDS | B_SENDS, RTMFP_S(3), RTMFP_MS(300) },
	};
	const uint64_t count = sizeof(restarts) / sizeof(restarts[0]);

	for (sim_each_case(run, "liveness_restart", 4 * count))
		one_restart(&run, run.seed / count == 3, &restarts[run.seed % count]);
}
END_TEST

/* Both at once: whoever knows the other's address finds it. */
START_TEST(test_both_restart)
{
	for (sim_each_seed(run, "liveness_both_restart", 10)) {
		struct sim_peer *a, *b;
		struct sim_world *w = open_world(&run, run.seed % 2, &a, &b);
		struct sim_stream *there = sim_stream_new(a, &traffic), *back = sim_stream_new(b, &traffic);
		struct mark go, come;

		if (run.seed % 3)
			sim_peer_candidate(b, &a->node->ports[0]->addr);
		sim_run_for(w, RTMFP_S(1));
		sim_node_kill(a->node);
		sim_node_kill(b->node);
		sim_run_for(w, sim_below(w, RTMFP_S(5)));
		sim_node_start(a->node);
		sim_run_for(w, sim_below(w, RTMFP_MS(100)));
		sim_node_start(b->node);
		go = mark_now(there);
		come = mark_now(back);
		sim_wait(w, RTMFP_MS(700), flows_since(&go) && flows_since(&come));
		sim_world_free(w);
	}
}
END_TEST

/* With stateless resets, it takes but a round trip to hear of it (PROTOCOL.md section 5.3). */
START_TEST(test_reset)
{
	for (sim_each_case(run, "liveness_reset", 4)) {
		struct sim_world *w = sim_world_new(&run, run.seed % 2);
		bool idle = run.seed / 2; /* one message wakes it */
		struct sim_peer *a, *b;
		struct sim_stream *s;
		struct mark m;

		w->reset = true;
		sim_two(w, DELAY, &a, &b);
		sim_peer_open(a);
		sim_wait(w, RTMFP_S(1), sim_peers_agree(a, b));
		s = sim_stream_new(a, &traffic);
		sim_run_for(w, RTMFP_S(2));
		if (idle) {
			sim_stream_stop(s);
			sim_run_for(w, RTMFP_S(20));
		}
		sim_node_kill(b->node);
		sim_node_start(b->node);
		if (idle)
			s = sim_stream_new(a, &traffic);
		m = mark_now(s);
		sim_wait(w, 2 * PACE + 10 * DELAY, flows_since(&m));
		sim_assert(a->silent == 1 && a->opened == 2);
		sim_world_free(w);
	}
}
END_TEST

static uint8_t last_reset[64];
static size_t last_reset_len;
static struct rtmfp_addr reset_from, reset_to;

static void keep_reset(struct sim_world *w, const struct rtmfp_addr *from, const struct rtmfp_addr *to,
		       const uint8_t *bytes, size_t len)
{
	if (rtmfp_addr_equal(from, w->user) && len < sizeof(last_reset)) {
		memcpy(last_reset, bytes, len);
		last_reset_len = len;
		reset_from = *from;
		reset_to = *to;
	}
}

/* A reset is a hint: repeated or sent from elsewhere it closes nothing, and two ends that know nothing of
 * each other do not answer each other without end. */
START_TEST(test_reset_is_a_hint)
{
	for (sim_each_case(run, "liveness_reset_is_a_hint", 2)) {
		struct sim_world *w = sim_world_new(&run, run.seed);
		struct sim_peer *a, *b;
		uint64_t before;

		w->reset = true;
		sim_two(w, DELAY, &a, &b);
		sim_peer_open(a);
		sim_wait(w, RTMFP_S(1), sim_peers_agree(a, b));
		sim_run_for(w, RTMFP_S(1));
		/* a packet for a session that nobody has, long enough to be answered */
		for (unsigned i = 0; i < 200; i++) {
			uint8_t bytes[100];

			prng_fill(&w->prng, bytes, sizeof(bytes));
			sim_inject(w, &a->node->ports[0]->addr, &b->node->ports[0]->addr, bytes, 26 + i % 70,
				   0);
		}
		before = b->node->tx_datagrams;
		sim_run_for(w, RTMFP_S(10));
		/* 10 a second in all; an answer to an answer is shorter, so each ends */
		sim_assert(b->node->tx_datagrams > before && b->node->tx_datagrams - before <= 20);
		sim_assert(sim_peers_agree(a, b) && a->opened == 1 && a->silent == 0);
		/* the true reset of a session that has since been replaced */
		w->tap = keep_reset;
		w->user = &b->node->ports[0]->addr;
		sim_node_kill(b->node);
		sim_node_start(b->node);
		sim_stream_new(a, &traffic);
		sim_wait(w, RTMFP_S(2), a->opened == 2);
		w->tap = NULL;
		sim_run_for(w, RTMFP_S(40));
		before = a->opened;
		for (unsigned i = 0; i < 50; i++) {
			sim_inject(w, &reset_from, &reset_to, last_reset, last_reset_len, 0);
			sim_run_for(w, RTMFP_MS(500));
		}
		sim_assert(last_reset_len > 0 && a->opened == before && sim_peers_agree(a, b));
		sim_world_free(w);
	}
}
END_TEST

/* ------------------------------------------------------------------------------------------------------------
 * Replacement
 */

/* A session that lives is replaced, under traffic both ways and by either end: not a message is lost, none
 * comes twice, and half a minute later nothing is left of it. */
START_TEST(test_replacement)
{
	for (sim_each_seed(run, "liveness_replacement", 40)) {
		struct sim_peer *a, *b;
		struct sim_world *w = open_world(&run, run.seed % 4 == 3, &a, &b);
		struct sim_stream_params p = traffic;
		struct sim_stream *there, *back;

		p.interval = RTMFP_MS(10);
		there = sim_stream_new(a, &p);
		back = sim_stream_new(b, &p);
		sim_peer_candidate(b, &a->node->ports[0]->addr);
		a->node->ports[0]->up.jitter = a->node->ports[0]->down.jitter = RTMFP_MS(10);
		for (unsigned i = 0; i < 5; i++) {
			/* Long enough for the window to let everything go at once: what is still queued in a
			 * session that is replaced is not sent. */
			sim_run_for(w, RTMFP_S(2) + sim_below(w, RTMFP_S(6)));
			if (sim_below(w, 2))
				sim_peer_replace(a);
			if (sim_below(w, 2))
				sim_peer_replace(b);
		}
		sim_run_for(w, RTMFP_S(40));
		stop(there);
		stop(back);
		sim_run_for(w, RTMFP_S(1));
		sim_assert(a->closed[RTMFP_CLOSED_REPLACED] == a->opened - 1);
		sim_assert(there->delivered == there->sent && back->delivered == back->sent);
		sim_assert(there->unsent == 0 && back->unsent == 0);
		sim_assert(sim_peer_sessions(a) == 1 && sim_peer_sessions(b) == 1 && sim_peers_agree(a, b));
		sim_world_free(w);
	}
}
END_TEST

/* ------------------------------------------------------------------------------------------------------------
 * Keepalive
 */

START_TEST(test_keepalive)
{
	for (sim_each_case(run, "liveness_keepalive", 4)) {
		struct sim_peer *a, *b;
		struct sim_world *w = open_world(&run, run.seed % 2, &a, &b);
		uint64_t before, longest = 0, seen = 0;

		sim_peer_set_keepalive(run.seed / 2 ? a : b, RTMFP_S(25));
		before = a->node->rx_datagrams + b->node->rx_datagrams;
		/* An hour: never 25 s of silence, and not much more than a Ping and its reply each time. */
		for (unsigned i = 0; i < 36000; i++) {
			sim_run_for(w, RTMFP_MS(100));
			if (a->node->rx_datagrams + b->node->rx_datagrams != seen) {
				seen = a->node->rx_datagrams + b->node->rx_datagrams;
				longest = w->now;
			}
			sim_assert(longest == 0 || w->now - longest <= RTMFP_MS(25200));
		}
		sim_assert(seen - before >= 2 * 3600 / 25 && seen - before <= 2 * 3600 / 25 + 10 * 30);
		sim_assert(a->opened == 1 && b->opened == 1 && sim_peers_agree(a, b));
		/* keys do not grow old meanwhile */
		sim_assert(sim_peer_epoch(a) >= 23 && sim_peer_epoch(a) <= 33);
		/* and when the far end is gone, that is noticed */
		sim_node_kill(run.seed / 2 ? b->node : a->node);
		sim_wait(w, RTMFP_S(28), (run.seed / 2 ? a : b)->silent == 1);
		sim_world_free(w);
	}
}
END_TEST

/* Without keepalive and without traffic there are no packets at all, the keys are erased after 540 s, and the
 * next message opens a new session. */
START_TEST(test_idle)
{
	for (sim_each_case(run, "liveness_idle", 2)) {
		struct sim_peer *a, *b;
		struct sim_world *w = open_world(&run, run.seed, &a, &b);
		struct sim_stream *s = sim_stream_new(a, &traffic);
		uint64_t before, wakes;

		sim_run_for(w, RTMFP_S(2));
		stop(s);
		sim_run_for(w, RTMFP_S(20));
		before = w->datagrams;
		wakes = a->node->wakes + b->node->wakes;
		sim_run_for(w, RTMFP_S(510));
		sim_assert(sim_peers_agree(a, b));
		sim_run_for(w, RTMFP_S(20));
		sim_assert(!sim_peer_is_open(a) && !sim_peer_is_open(b));
		sim_assert(a->last_reason == RTMFP_CLOSED_EXPIRED && b->last_reason == RTMFP_CLOSED_EXPIRED);
		sim_run_for(w, RTMFP_S(3600));
		sim_assert(w->datagrams == before);
		sim_assert_msg(a->node->wakes + b->node->wakes - wakes <= 20,
			       "%" PRIu64 " wakes of idle nodes", a->node->wakes + b->node->wakes - wakes);
		s = sim_stream_new(a, &traffic);
		sim_wait(w, RTMFP_S(1), s->delivered > 0);
		sim_world_free(w);
	}
}
END_TEST

/* ------------------------------------------------------------------------------------------------------------
 * Closing
 */

static void verify_gone(struct sim_peer *peer)
{
	sim_assert(sim_peer_sessions(peer) == 0 && peer->closed[0] + peer->closed[1] + peer->closed[3] == 1);
	sim_assert(rtmfp_peer_state(peer->rtmfp) == RTMFP_PEER_IDLE);
}

/* Orderly, with every loss pattern of the six datagrams that follow. */
START_TEST(test_close)
{
	for (sim_each_case(run, "liveness_close", 128)) {
		struct sim_peer *a, *b;
		struct sim_world *w = open_world(&run, run.seed % 8 == 0, &a, &b);
		struct sim_peer *closer = run.seed / 64 ? a : b, *other = run.seed / 64 ? b : a;
		uint64_t start;

		sim_run_for(w, RTMFP_S(1));
		start = w->now;
		w->datagrams = 0;
		w->lose = run.seed % 64;
		sim_peer_close(closer, false);
		sim_assert(closer->closed[RTMFP_CLOSED_LOCAL] == 1);
		/* Close goes every 5 s; each is answered. The last answer may be lost: then 90 s is all. */
		sim_wait(w, RTMFP_S(31), other->closed[RTMFP_CLOSED_FAR] == 1);
		sim_assert(!sim_peer_is_open(other));
		sim_wait(w, RTMFP_S(100), sim_peer_sessions(a) == 0 && sim_peer_sessions(b) == 0);
		sim_assert(run.seed % 64 || w->now - start <= RTMFP_S(19) + 2 * DELAY);
		verify_gone(a);
		verify_gone(b);
		/* and the pair is as good as new */
		w->lose = 0;
		sim_peer_open(a);
		sim_wait(w, RTMFP_S(1), sim_peers_agree(a, b));
		sim_world_free(w);
	}
}
END_TEST

START_TEST(test_both_close)
{
	for (sim_each_case(run, "liveness_both_close", 64 * 3)) {
		struct sim_peer *a, *b;
		struct sim_world *w = open_world(&run, run.seed % 8 == 0, &a, &b);
		bool abrupt_a = run.seed / 64 == 1, abrupt_b = run.seed / 64 >= 1;

		sim_run_for(w, RTMFP_S(1));
		w->datagrams = 0;
		w->lose = run.seed % 64;
		sim_peer_close(a, abrupt_a);
		sim_run_for(w, sim_below(w, 2 * DELAY));
		if (sim_peer_is_open(b))
			sim_peer_close(b, abrupt_b);
		sim_wait(w, RTMFP_S(100), sim_peer_sessions(a) == 0 && sim_peer_sessions(b) == 0);
		verify_gone(a);
		verify_gone(b);
		sim_world_free(w);
	}
}
END_TEST

/* What was queued on the control flow goes along with the last word. */
START_TEST(test_last_word)
{
	for (sim_each_case(run, "liveness_last_word", 4)) {
		struct sim_peer *a, *b;
		struct sim_world *w = open_world(&run, run.seed % 2, &a, &b);
		struct sim_stream_params p = { .reliability = SIM_RELIABLE,
					       .priority = RTMFP_PRIORITY_CONTROL,
					       .size_min = 50,
					       .size_max = 50,
					       .count = 1 };
		struct sim_stream *s;

		sim_run_for(w, RTMFP_S(1));
		s = sim_stream_new(a, &p);
		sim_peer_close(a, run.seed / 2);
		sim_wait(w, RTMFP_S(1), b->closed[RTMFP_CLOSED_FAR] == 1);
		sim_assert(s->delivered == 1);
		sim_world_free(w);
	}
}
END_TEST

/* Shutting down tells everybody, at once. */
START_TEST(test_shutdown)
{
	for (sim_each_case(run, "liveness_shutdown", 4)) {
		struct sim_peer *a, *b;
		struct sim_world *w = open_world(&run, run.seed % 2, &a, &b);
		struct sim_stream *s = sim_stream_new(a, &traffic), *t = sim_stream_new(b, &traffic);

		sim_run_for(w, sim_below(w, RTMFP_S(1)));
		stop(s);
		stop(t);
		sim_node_shutdown(run.seed / 2 ? a->node : b->node);
		sim_run_for(w, 2 * DELAY);
		sim_assert((run.seed / 2 ? b : a)->closed[RTMFP_CLOSED_FAR] == 1);
		sim_world_free(w);
	}
}
END_TEST

/* Whoever opens a session when told that one has ended, gets one, unless the end was the peer's or the
 * endpoint's own. */
static void open_again(struct sim_peer *peer, enum sim_what what)
{
	if (what == SIM_CLOSED && rtmfp_peer_open(peer->rtmfp, peer->node->w->now) == 0)
		sim_node_later(peer->node, peer->node->w->now);
}

START_TEST(test_open_again)
{
	for (sim_each_case(run, "liveness_open_again", 8)) {
		struct sim_peer *a, *b;
		struct sim_world *w = open_world(&run, run.seed % 2, &a, &b);

		w->on_event = open_again;
		sim_run_for(w, RTMFP_S(1));
		switch (run.seed / 2) {
		case 0: sim_peer_close(a, false); break;
		case 1: sim_peer_close(a, true); break;
		case 2: sim_peer_close(b, true); break;
		default: break; /* the end of the world */
		}
		sim_wait(w, RTMFP_S(1), sim_peers_agree(a, b) && (run.seed / 2 == 3 || a->opened == 2));
		if (run.seed / 2 == 3)
			sim_node_shutdown(a->node);
		sim_world_free(w);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("sim_liveness");

	sim_add_scenario(suite, "liveness_few_losses", test_few_losses);
	sim_add_scenario(suite, "liveness_restart", test_restart);
	sim_add_scenario(suite, "liveness_both_restart", test_both_restart);
	sim_add_scenario(suite, "liveness_reset", test_reset);
	sim_add_scenario(suite, "liveness_reset_is_a_hint", test_reset_is_a_hint);
	sim_add_scenario(suite, "liveness_replacement", test_replacement);
	sim_add_scenario(suite, "liveness_keepalive", test_keepalive);
	sim_add_scenario(suite, "liveness_idle", test_idle);
	sim_add_scenario(suite, "liveness_close", test_close);
	sim_add_scenario(suite, "liveness_both_close", test_both_close);
	sim_add_scenario(suite, "liveness_last_word", test_last_word);
	sim_add_scenario(suite, "liveness_shutdown", test_shutdown);
	sim_add_scenario(suite, "liveness_open_again", test_open_again);
	return sim_run_suite(suite);
}
