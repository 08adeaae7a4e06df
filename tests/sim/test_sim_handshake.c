/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Startup (RFC 7016 section 3.5.1, PROTOCOL.md section 2) over networks that lose, double, reorder and
 * corrupt; with wrong keys; against replays, forgers, floods and garbage.
 */
#include "sim.h"

#include <stdlib.h>
#include <string.h>

#define DELAY RTMFP_MS(20)

static unsigned bits(uint64_t mask)
{
	unsigned count = 0;

	for (; mask; mask &= mask - 1)
		count++;
	return count;
}

/* A message each way over the current sessions, which must be the same one. */
static void exchange(struct sim_peer *a, struct sim_peer *b)
{
	const struct sim_stream_params p = {
		.reliability = SIM_RELIABLE, .size_min = 1, .size_max = 3000, .count = 5
	};
	struct sim_stream *there, *back;

	sim_assert(sim_peers_agree(a, b));
	there = sim_stream_new(a, &p);
	back = sim_stream_new(b, &p);
	sim_wait(a->node->w, RTMFP_S(60), there->delivered == 5 && back->delivered == 5);
}

/* The same where sessions may be given up on the way. */
static void exchange_at_last(struct sim_peer *a, struct sim_peer *b)
{
	const struct sim_stream_params p = {
		.order = RTMFP_ORDER_ARRIVAL, .size_min = 16, .size_max = 3000, .interval = RTMFP_MS(100)
	};
	struct sim_stream *there = sim_stream_new(a, &p), *back = sim_stream_new(b, &p);

	sim_wait(a->node->w, RTMFP_S(300), there->delivered >= 5 && back->delivered >= 5);
}

/* ------------------------------------------------------------------------------------------------------------
 * Loss
 */

/* IHello and IIKeying go at 0, 0.5, 2.5, 6, 11 ... s; keying that is 5 s old starts over. With so many of the
 * first six datagrams lost, the initiator is open within so many ms, and the handshake's own round trips. */
static const unsigned open_bound_ms[] = { 0, 500, 5000, 6000, 11000, 16000, 21000 };

static void one_pattern(const struct sim_run *run, bool real)
{
	struct sim_world *w = sim_world_new(run, real);
	unsigned losses = bits(run->seed % 64);
	uint64_t start = w->now;
	struct sim_peer *a, *b;

	sim_two(w, DELAY, &a, &b);
	w->lose = run->seed % 64;
	w->twice = run->seed / 64;
	sim_peer_open(a);
	sim_wait(w, RTMFP_S(30), sim_peers_agree(a, b));
	sim_assert(a->opened_at - start <= RTMFP_MS(open_bound_ms[losses]) + 10 * DELAY);
	/* A CONFIRM that is lost is repeated after the first ERTO. */
	sim_assert(b->opened_at - a->opened_at <= RTMFP_S(losses ? 3 : 0) + 2 * DELAY);
	exchange(a, b);
	/* One session is what remains. If both CONFIRMs were lost, it is the second, and the first has
	 * drained. */
	sim_run_for(w, RTMFP_S(45));
	sim_assert(sim_peer_sessions(a) == 1 && sim_peer_sessions(b) == 1 && sim_peers_agree(a, b));
	sim_assert(b->opened == 1 && a->opened == 1 + a->silent && a->silent <= (losses > 1));
	sim_world_free(w);
}

START_TEST(test_loss)
{
	for (sim_each_case(run, "handshake_loss", 64)) {
		one_pattern(&run, false);
		one_pattern(&run, true);
	}
}
END_TEST

START_TEST(test_loss_and_copies)
{
	/* what is lost and what comes twice: 64 times 64 patterns */
	for (sim_each_case(run, "handshake_loss_and_copies", 4096))
		one_pattern(&run, false);
}
END_TEST

static void one_bad_network(const struct sim_run *run, bool real)
{
	struct sim_world *w = sim_world_new(run, real);
	struct sim_peer *a, *b;

	w->timer_slack = sim_below(w, RTMFP_MS(5));
	sim_two(w, DELAY, &a, &b);
	a->reopen = true;
	a->node->ports[0]->up.jitter = a->node->ports[0]->down.jitter = RTMFP_MS(30);
	sim_harm(a->node->ports[0], 250000, 200000, 300000, 100000);
	sim_peer_open(a);
	sim_wait(w, RTMFP_S(300), sim_peers_agree(a, b));
	exchange_at_last(a, b);
	sim_world_free(w);
}

START_TEST(test_bad_network)
{
	for (sim_each_seed(run, "handshake_bad_network", 150)) {
		one_bad_network(&run, false);
		if (run.seed % 4 == 0)
			one_bad_network(&run, true);
	}
}
END_TEST

/* What is measured while a session is opened is a round trip, whatever was lost and repeated meanwhile. */
START_TEST(test_first_rtt)
{
	for (sim_each_case(run, "handshake_first_rtt", 64)) {
		struct sim_world *w = sim_world_new(&run, run.seed % 8 == 7);
		struct sim_peer *a, *b;
		struct rtmfp_session_stats stats;

		sim_two(w, DELAY, &a, &b);
		w->lose = run.seed;
		sim_peer_open(a);
		sim_wait(w, RTMFP_S(30), sim_peers_agree(a, b));
		rtmfp_session_stats(sim_peer_session(a), &stats);
		sim_assert_msg(stats.rtt <= 2 * DELAY + RTMFP_MS(1), "%.3f s", (double)stats.rtt / 1e9);
		rtmfp_session_stats(sim_peer_session(b), &stats);
		sim_assert_msg(stats.rtt <= 2 * DELAY + RTMFP_MS(1), "%.3f s", (double)stats.rtt / 1e9);
		sim_world_free(w);
	}
}
END_TEST

START_TEST(test_nobody_answers)
{
	for (sim_each_seed(run, "handshake_nobody_answers", 2)) {
		struct sim_world *w = sim_world_new(&run, false);
		struct sim_peer *a, *b;
		uint64_t start = w->now;

		sim_two(w, DELAY, &a, &b);
		sim_node_kill(b->node);
		sim_peer_open(a);
		sim_run_for(w, RTMFP_MS(94999));
		sim_assert(a->failed == 0 && rtmfp_peer_state(a->rtmfp) == RTMFP_PEER_OPENING);
		sim_wait(w, RTMFP_S(1), a->failed == 1);
		sim_assert(w->now - start == RTMFP_S(95));
		sim_assert(rtmfp_peer_state(a->rtmfp) == RTMFP_PEER_IDLE);
		/* 0, 0.5, 2.5, 6, then every 5 s */
		sim_assert(a->node->tx_datagrams == 4 + (95 - 6) / 5);
		/* and again, with the other end there this time */
		sim_node_start(b->node);
		sim_peer_open(a);
		sim_wait(w, RTMFP_S(1), sim_peers_agree(a, b));
		sim_world_free(w);
	}
}
END_TEST

/* ------------------------------------------------------------------------------------------------------------
 * Addresses
 */

START_TEST(test_candidates)
{
	for (sim_each_case(run, "handshake_candidates", 4)) {
		struct sim_world *w = sim_world_new(&run, run.seed % 2);
		const struct rtmfp_addr nobody = sim_v4(9, 9, 9), at_a6 = sim_v6(1, 1, 1935),
					at_b6 = sim_v6(2, 2, 1935);
		struct sim_peer *a, *b;
		struct rtmfp_session_stats stats;

		sim_two(w, DELAY, &a, &b);
		sim_port_new(a->node, &at_a6, NULL);
		sim_port_new(b->node, &at_b6, NULL);
		a->candidate_count = 0;
		sim_peer_candidate(a, &nobody);
		sim_peer_open(a);
		sim_run_for(w, RTMFP_S(1));
		sim_assert(!sim_peer_is_open(a));
		/* found while the opening is under way */
		if (run.seed < 2)
			sim_peer_candidate(a, &at_b6);
		else
			sim_peer_candidate(a, &b->node->ports[0]->addr);
		sim_wait(w, RTMFP_MS(200), sim_peers_agree(a, b));
		exchange(a, b);
		rtmfp_session_stats(sim_peer_session(a), &stats);
		sim_assert(stats.path.remote.family == (run.seed < 2 ? 6 : 4));
		sim_assert(stats.path.local.family == 0); /* the initiator leaves it to the kernel */
		sim_assert(stats.keying.has_reflexive);
		sim_assert(rtmfp_addr_equal(&stats.keying.reflexive,
					    run.seed < 2 ? &at_a6 : &a->node->ports[0]->addr));
		rtmfp_session_stats(sim_peer_session(b), &stats);
		sim_assert(rtmfp_addr_equal(&stats.path.local,
					    run.seed < 2 ? &at_b6 : &b->node->ports[0]->addr));
		sim_world_free(w);
	}
}
END_TEST

START_TEST(test_nat)
{
	for (sim_each_case(run, "handshake_nat", 4)) {
		struct sim_world *w = sim_world_new(&run, run.seed % 2);
		const struct rtmfp_addr outside = sim_v4(7, 7, 0);
		struct sim_peer *a, *b;
		struct rtmfp_addr seen;

		sim_two(w, DELAY, &a, &b);
		a->node->ports[0]->nat = sim_nat_new(w, &outside);
		a->node->ports[0]->nat->filter = run.seed / 2;
		sim_peer_open(a);
		sim_wait(w, RTMFP_S(1), sim_peers_agree(a, b));
		exchange(a, b);
		seen = sim_peer_address(b);
		sim_assert(rtmfp_addr_same_host(&seen, &outside));
		sim_world_free(w);
	}
}
END_TEST

/* ------------------------------------------------------------------------------------------------------------
 * Keys
 */

enum wrong { WRONG_RESPONDER, WRONG_PSK, UNKNOWN_INITIATOR, WRONGS };

START_TEST(test_wrong_keys)
{
	for (sim_each_case(run, "handshake_wrong_keys", 2 * WRONGS)) {
		struct sim_world *w = sim_world_new(&run, run.seed % 2);
		enum wrong wrong = (enum wrong)(run.seed / 2);
		struct sim_node *a = sim_node_new(w, "a"), *b = sim_node_new(w, "b"),
				*c = sim_node_new(w, "c");
		const struct rtmfp_addr at_a = sim_v4(1, 1, 1935), at_b = sim_v4(2, 2, 1935);
		struct sim_peer *peer, *back = NULL;

		sim_link(sim_port_new(a, &at_a, NULL), DELAY, 0, 0);
		sim_port_new(b, &at_b, NULL);
		peer = sim_peer_new(a, wrong == WRONG_RESPONDER ? c : b, 7);
		sim_peer_candidate(peer, &at_b);
		if (wrong != UNKNOWN_INITIATOR)
			back = sim_peer_new(b, a, wrong == WRONG_PSK ? 8 : 7);
		sim_node_start(a);
		sim_node_start(b);
		sim_peer_open(peer);
		sim_wait(w, RTMFP_S(96), peer->failed == 1);
		sim_assert(peer->opened == 0);
		if (wrong == WRONG_RESPONDER) {
			/* nobody learns that somebody is there */
			sim_assert(b->tx_datagrams == 0 &&
				   sim_node_drops(b, RTMFP_DROP_EPD) == b->rx_datagrams);
		} else if (wrong == WRONG_PSK && w->real) {
			/* the pre-shared key comes in with message 2: the initiator is who notices */
			sim_assert(sim_node_drops(a, RTMFP_DROP_HANDSHAKE) > 0);
			sim_assert(back->opened == 0 && sim_peer_sessions(back) <= 4);
		} else {
			sim_assert(rtmfp_endpoint_counters(b->ep)->handshakes_as_responder == 0);
			sim_assert(sim_node_drops(b, RTMFP_DROP_HANDSHAKE) > 0);
			sim_assert(b->tx_datagrams + sim_node_drops(b, RTMFP_DROP_HANDSHAKE) ==
				   b->rx_datagrams);
		}
		sim_world_free(w);
	}
}
END_TEST

/* ------------------------------------------------------------------------------------------------------------
 * Attackers
 */

/* What the tap has seen. */
struct tape {
	struct rtmfp_addr from[64], to[64];
	uint8_t bytes[64][1500];
	size_t len[64];
	unsigned count;
};

static void record(struct sim_world *w, const struct rtmfp_addr *from, const struct rtmfp_addr *to,
		   const uint8_t *bytes, size_t len)
{
	struct tape *tape = w->user;

	if (tape->count == 64)
		return;
	tape->from[tape->count] = *from;
	tape->to[tape->count] = *to;
	memcpy(tape->bytes[tape->count], bytes, len);
	tape->len[tape->count++] = len;
}

static void replay(struct sim_world *w, const struct tape *tape, const struct rtmfp_addr *to,
		   const struct rtmfp_addr *as)
{
	for (unsigned i = 0; i < tape->count; i++)
		if (rtmfp_addr_equal(&tape->to[i], to))
			sim_inject(w, as ? as : &tape->from[i], to, tape->bytes[i], tape->len[i], 0);
	sim_run_for(w, RTMFP_S(1));
}

/* Everything that the initiator said is said again, by it and by others, at once, later, and after restarts:
 * nothing comes of it. */
START_TEST(test_replay)
{
	static struct tape tape;

	for (sim_each_case(run, "handshake_replay", 8)) {
		struct sim_world *w = sim_world_new(&run, run.seed % 2);
		const struct rtmfp_addr elsewhere = sim_v4(6, 6, 666);
		const struct rtmfp_addr *as = run.seed / 2 % 2 ? &elsewhere : NULL;
		bool restart = run.seed / 4;
		struct sim_peer *a, *b;
		struct rtmfp_addr at_b;
		uint64_t sent;

		tape.count = 0;
		sim_two(w, DELAY, &a, &b);
		at_b = b->node->ports[0]->addr;
		w->tap = record;
		w->user = &tape;
		sim_peer_open(a);
		sim_wait(w, RTMFP_S(1), sim_peers_agree(a, b));
		exchange(a, b);
		w->tap = NULL;
		if (restart) {
			sim_node_kill(b->node);
			sim_node_start(b->node);
		}
		replay(w, &tape, &at_b, as);
		sim_run_for(w, RTMFP_S(5));
		replay(w, &tape, &at_b, as);
		sim_run_for(w, RTMFP_S(200)); /* cookies have expired, too */
		sent = b->node->tx_datagrams;
		replay(w, &tape, &at_b, as);
		/* only the IHello may be answered, by an RHello each */
		sim_assert(b->node->tx_datagrams - sent <= 1);
		sim_assert(rtmfp_endpoint_counters(b->node->ep)->handshakes_as_responder == !restart);
		sim_assert(b->opened == 1 && sim_peer_sessions(b) == !restart);
		if (restart)
			sim_assert(sim_node_drops(b->node, RTMFP_DROP_COOKIE) >= 3);
		else
			sim_assert(sim_peers_agree(a, b) && a->opened == 1);
		sim_world_free(w);
	}
}
END_TEST

/* An IIKeying that comes again before the session is confirmed gets the same answer, byte for byte but for
 * its packet's counter; one session comes of it. */
START_TEST(test_same_answer)
{
	static struct tape tape;

	for (sim_each_case(run, "handshake_same_answer", 2)) {
		struct sim_world *w = sim_world_new(&run, run.seed);
		struct sim_peer *a, *b;
		unsigned answers = 0;

		tape.count = 0;
		sim_two(w, DELAY, &a, &b);
		w->tap = record;
		w->user = &tape;
		w->lose = 1u << 3 | 1u << 5; /* two RIKeyings */
		sim_peer_open(a);
		sim_wait(w, RTMFP_S(5), sim_peers_agree(a, b));
		sim_assert(rtmfp_endpoint_counters(b->node->ep)->handshakes_as_responder == 1);
		for (unsigned i = 0; i < tape.count; i++)
			answers += tape.len[i] == tape.len[3] &&
				   !memcmp(&tape.to[i], &tape.to[3], sizeof(tape.to[3]));
		sim_assert(answers == 3);
		exchange(a, b);
		sim_world_free(w);
	}
}
END_TEST

/*
 * A forger who sees the IHello copies it from an address of its own, and hands the RHello that it gets to the
 * initiator before the true one. Its cookie is of the wrong address, so that attempt is lost; from the second
 * on, several RHellos are answered and the race cannot be won by being first.
 */
static void copy_ihello(struct sim_world *w, const struct rtmfp_addr *from, const struct rtmfp_addr *to,
			const uint8_t *bytes, size_t len)
{
	const struct rtmfp_addr forger = sim_v4(6, 6, 666);

	if (rtmfp_addr_equal(from, w->user) && len == 128)
		sim_inject(w, &forger, to, bytes, len, 0);
}

static void pass_on_rhello(struct sim_world *w, const struct rtmfp_addr *from, const struct rtmfp_addr *to,
			   const uint8_t *bytes, size_t len)
{
	(void)to;
	sim_inject(w, from, w->user, bytes, len, 0);
}

START_TEST(test_forged_rhello)
{
	for (sim_each_case(run, "handshake_forged_rhello", 2)) {
		struct sim_world *w = sim_world_new(&run, run.seed);
		struct sim_peer *a, *b;
		uint64_t start = w->now;

		sim_two(w, 0, &a, &b);
		a->node->ports[0]->up.delay = 2 * DELAY; /* the forger's copy is faster */
		w->tap = copy_ihello;
		w->stray = pass_on_rhello;
		w->user = &a->node->ports[0]->addr;
		sim_peer_open(a);
		sim_wait(w, RTMFP_S(6), sim_peers_agree(a, b));
		sim_assert(w->now - start > RTMFP_S(5)); /* the first attempt did fail */
		exchange(a, b);
		sim_world_free(w);
	}
}
END_TEST

/* Who knows the keys and nothing else cannot make the endpoint send more than it gets. The simulator watches
 * the amount; here it is a flood of true IHellos with forged sources. */
static void count_answers(struct sim_world *w, const struct rtmfp_addr *from, const struct rtmfp_addr *to,
			  const uint8_t *bytes, size_t len)
{
	size_t *longest = w->user;

	(void)from;
	(void)to;
	(void)bytes;
	if (len > *longest)
		*longest = len;
}

START_TEST(test_flood)
{
	static struct tape tape;

	for (sim_each_case(run, "handshake_flood", 2)) {
		struct sim_world *w = sim_world_new(&run, run.seed);
		const struct rtmfp_addr spoofed = sim_v4(6, 6, 666);
		struct sim_peer *a, *b;
		size_t longest = 0;
		uint64_t before;

		tape.count = 0;
		sim_two(w, DELAY, &a, &b);
		w->tap = record;
		w->user = &tape;
		sim_peer_open(a);
		sim_wait(w, RTMFP_S(1), sim_peers_agree(a, b));
		w->tap = NULL;
		w->stray = count_answers;
		w->user = &longest;
		sim_assert(tape.len[0] >= 128);
		/* one source: 50 at once, 50 a second */
		before = b->node->tx_datagrams;
		for (unsigned i = 0; i < 2000; i++) {
			sim_inject(w, &spoofed, &tape.to[0], tape.bytes[0], tape.len[0], 0);
			sim_run_for(w, RTMFP_MS(1));
		}
		sim_assert(b->node->tx_datagrams - before >= 145 && b->node->tx_datagrams - before <= 151);
		sim_assert(longest > 0 && longest <= tape.len[0]);
		/* IIKeyings from elsewhere: their cookie is of another address, and nothing is said */
		before = b->node->tx_datagrams;
		for (unsigned i = 0; i < 500; i++)
			sim_inject(w, &spoofed, &tape.to[2], tape.bytes[2], tape.len[2], 0);
		sim_run_for(w, RTMFP_MS(1));
		sim_assert(b->node->tx_datagrams == before);
		/* many sources: the true peer gets in all the same */
		for (unsigned i = 0; i < 3000; i++) {
			struct rtmfp_addr source = sim_v4((uint8_t)(100 + i / 250), (uint8_t)i, 1);

			sim_inject(w, &source, &tape.to[0], tape.bytes[0], tape.len[0], i * RTMFP_US(100));
		}
		sim_node_kill(a->node);
		sim_node_start(a->node);
		sim_peer_open(a);
		sim_wait(w, RTMFP_S(1), b->opened == 2 && sim_peers_agree(a, b));
		sim_world_free(w);
	}
}
END_TEST

/* Bytes of all kinds and lengths: silence. */
START_TEST(test_garbage)
{
	static struct tape tape;

	for (sim_each_seed(run, "handshake_garbage", 20)) {
		struct sim_world *w = sim_world_new(&run, run.seed % 2);
		const struct rtmfp_addr from = sim_v4(6, 6, 666);
		struct sim_peer *a, *b;
		struct rtmfp_addr at_b;
		uint64_t before;

		tape.count = 0;
		sim_two(w, DELAY, &a, &b);
		at_b = b->node->ports[0]->addr;
		w->tap = record;
		w->user = &tape;
		sim_peer_open(a);
		sim_wait(w, RTMFP_S(1), sim_peers_agree(a, b));
		exchange(a, b);
		w->tap = NULL;
		before = b->node->tx_datagrams;
		for (unsigned i = 0; i < 400; i++) {
			uint8_t bytes[1500];
			size_t len = sim_below(w, 4) ? sim_below(w, 64) : sim_below(w, sizeof(bytes));

			prng_fill(&w->prng, bytes, len);
			sim_inject(w, &from, &at_b, bytes, len, 0);
		}
		for (unsigned i = 0; i < 400; i++) {
			unsigned k = (unsigned)sim_below(w, tape.count);
			size_t len = tape.len[k], bit = sim_below(w, 8 * len);
			uint8_t bytes[1500];

			/* a bit turned, or the end missing; not where only the counter of a startup packet
			 * would be another one, which its tag covers, but nothing else */
			memcpy(bytes, tape.bytes[k], len);
			if (sim_below(w, 2))
				bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
			else
				len = sim_below(w, len);
			sim_inject(w, &tape.from[k], &at_b, bytes, len, 0);
		}
		sim_run_for(w, RTMFP_S(1));
		sim_assert(b->node->tx_datagrams == before);
		sim_assert(sim_peers_agree(a, b) && b->opened == 1);
		exchange(a, b);
		sim_world_free(w);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("sim_handshake");

	sim_add_scenario(suite, "handshake_loss", test_loss);
	sim_add_scenario(suite, "handshake_loss_and_copies", test_loss_and_copies);
	sim_add_scenario(suite, "handshake_bad_network", test_bad_network);
	sim_add_scenario(suite, "handshake_first_rtt", test_first_rtt);
	sim_add_scenario(suite, "handshake_nobody_answers", test_nobody_answers);
	sim_add_scenario(suite, "handshake_candidates", test_candidates);
	sim_add_scenario(suite, "handshake_nat", test_nat);
	sim_add_scenario(suite, "handshake_wrong_keys", test_wrong_keys);
	sim_add_scenario(suite, "handshake_replay", test_replay);
	sim_add_scenario(suite, "handshake_same_answer", test_same_answer);
	sim_add_scenario(suite, "handshake_forged_rhello", test_forged_rhello);
	sim_add_scenario(suite, "handshake_flood", test_flood);
	sim_add_scenario(suite, "handshake_garbage", test_garbage);
	return sim_run_suite(suite);
}
