/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Epochs (PROTOCOL.md section 4): keys are renewed under traffic, by age and by use, whatever is lost; and
 * where they cannot be, a new session takes over before the old keys must not be used any more. The numbers
 * of one key never repeat: the profiles' own watch over that ends a run.
 */
#include "sim.h"

#include <stdlib.h>
#include <string.h>

#define DELAY RTMFP_MS(20)

static const struct sim_stream_params traffic = {
	.order = RTMFP_ORDER_ARRIVAL, .size_min = 100, .size_max = 600, .interval = RTMFP_MS(100)
};

static struct sim_world *open_world(const struct sim_run *run, bool real, struct sim_peer **a,
				    struct sim_peer **b, void (*tweak)(struct sim_identity *))
{
	struct sim_world *w = sim_world_new(run, real);

	w->tweak = tweak;
	sim_two(w, DELAY, a, b);
	sim_peer_open(*a);
	sim_wait(w, RTMFP_S(1), sim_peers_agree(*a, *b));
	return w;
}

static bool same_epoch(const struct sim_peer *a, const struct sim_peer *b)
{
	return sim_peers_agree(a, b) && sim_peer_epoch(a) == sim_peer_epoch(b);
}

/* ---- by age ---- */

/* Who sends: 1 a, 2 b, 3 both. Over 20 minutes of time. */
static void one_by_age(const struct sim_run *run, bool real, unsigned sends, unsigned lose)
{
	struct sim_peer *a, *b;
	struct sim_world *w = open_world(run, real, &a, &b, NULL);
	struct sim_stream *up = sim_stream_new(a, &traffic), *down = sim_stream_new(b, &traffic);

	sim_harm(a->node->ports[0], lose, lose, lose, lose / 4);
	if (!(sends & 1))
		sim_stream_stop(up);
	if (!(sends & 2))
		sim_stream_stop(down);
	sim_run_for(w, RTMFP_S(1200));
	sim_stream_stop(up);
	sim_stream_stop(down);
	sim_run_for(w, RTMFP_S(3));
	sim_assert(a->opened == 1 && b->opened == 1 && same_epoch(a, b));
	/* every 110 to 120 s, by the session's initiator, while anything moves in either direction */
	sim_assert_msg(sim_peer_epoch(a) >= 9 && sim_peer_epoch(a) <= 10, "epoch %" PRIu64,
		       sim_peer_epoch(a));
	sim_assert(rtmfp_endpoint_counters(a->node->ep)->rekeys == sim_peer_epoch(a));
	sim_assert(rtmfp_endpoint_counters(b->node->ep)->rekeys == sim_peer_epoch(a));
	if (lose == 0)
		sim_assert(up->delivered == up->sent && down->delivered == down->sent);
	/* a gap of some lost messages and no more */
	sim_assert(up->longest_silence < RTMFP_S(1) && down->longest_silence < RTMFP_S(1));
	sim_assert(a->silent <= 1 && b->silent <= 1);
	sim_world_free(w);
}

START_TEST(test_by_age)
{
	for (sim_each_case(run, "rekey_by_age", 9))
		one_by_age(&run, run.seed % 3 == 2, 1 + (unsigned)run.seed / 3,
			   run.seed % 3 == 1 ? 30000 : 0);
}
END_TEST

/* The responder of the session starts, later, if the initiator does not. */
static void no_rekey_init(struct sim_identity *identity)
{
	if (identity->id == 1)
		fakecrypto_fail(&identity->fake, FAKE_REKEY_INIT, 0, UINT64_MAX, RTMFP_ERR_CRYPTO);
}

START_TEST(test_responder_starts)
{
	for (sim_each_case(run, "rekey_responder_starts", 1)) {
		struct sim_peer *a, *b;
		struct sim_world *w = open_world(&run, false, &a, &b, no_rekey_init);
		struct sim_stream *up = sim_stream_new(a, &traffic);

		sim_run_for(w, RTMFP_S(139));
		sim_assert(sim_peer_epoch(a) == 0);
		sim_run_for(w, RTMFP_S(2));
		sim_assert(sim_peer_epoch(a) == 1 && same_epoch(a, b) && a->opened == 1);
		sim_run_for(w, RTMFP_S(600));
		sim_assert(sim_peer_epoch(a) == 5 && a->opened == 1);
		sim_assert(up->delivered + 1 >= up->sent);
		sim_world_free(w);
	}
}
END_TEST

/* ---- when it does not work ---- */

static enum fake_call broken_call;
static unsigned broken_at; /* bit n: at the identity n + 1 */

static void break_call(struct sim_identity *identity)
{
	if (broken_at >> (identity->id - 1) & 1)
		fakecrypto_fail(&identity->fake, broken_call, 0, UINT64_MAX, RTMFP_ERR_CRYPTO);
}

/* A rekey that never comes to an end, for whatever reason, is no reason for traffic to stop: a new session
 * takes over before the keys are 180 s old. */
START_TEST(test_replaced_instead)
{
	static const enum fake_call calls[] = { FAKE_REKEY_INIT, FAKE_REKEY_RESPOND, FAKE_REKEY_FINISH };

	for (sim_each_case(run, "rekey_replaced_instead", 3 * 3)) {
		struct sim_peer *a, *b;
		struct sim_world *w;
		struct sim_stream *up, *down;

		broken_call = calls[run.seed / 3];
		broken_at = 1 + (unsigned)run.seed % 3;
		w = open_world(&run, false, &a, &b, break_call);
		sim_peer_candidate(b, &a->node->ports[0]->addr);
		up = sim_stream_new(a, &traffic);
		down = sim_stream_new(b, &traffic);
		sim_run_for(w, RTMFP_S(1200));
		sim_stream_stop(up);
		sim_stream_stop(down);
		sim_run_for(w, RTMFP_S(1));
		sim_assert(up->delivered == up->sent && down->delivered == down->sent);
		sim_assert(up->longest_silence <= 2 * traffic.interval &&
			   down->longest_silence <= 2 * traffic.interval);
		if (broken_at == 3)
			sim_assert(a->opened >= 1200 / 166 && a->opened <= 1200 / 110 + 1);
		sim_assert(sim_peers_agree(a, b));
		sim_world_free(w);
	}
}
END_TEST

/* Nothing gets through for so long that the keys are too old: not a message in old keys, and all is well once
 * the way is free. */
static uint64_t born, newest_data;

static void watch_age(struct sim_world *w, const struct rtmfp_addr *from, const struct rtmfp_addr *to,
		      const uint8_t *bytes, size_t len)
{
	(void)from;
	(void)to;
	(void)bytes;
	if (len >= 300)
		newest_data = w->now;
}

START_TEST(test_too_old)
{
	for (sim_each_case(run, "rekey_too_old", 4)) {
		struct sim_peer *a, *b;
		struct sim_world *w = open_world(&run, run.seed % 2, &a, &b, NULL);
		struct sim_stream_params p = traffic;
		struct sim_stream *up, *down;
		uint64_t since;

		p.size_min = 400; /* longer than anything else */
		p.queue_max = 20000;
		up = sim_stream_new(a, &p);
		down = sim_stream_new(b, &p);
		born = w->now;
		w->tap = watch_age;
		sim_run_for(w, RTMFP_S(100));
		a->node->ports[0]->up.blocked = a->node->ports[0]->down.blocked = true;
		sim_run_for(w, run.seed / 2 ? RTMFP_S(100) : RTMFP_S(700));
		sim_assert(newest_data < born + RTMFP_S(181));
		if (run.seed / 2 == 0)
			sim_assert(!sim_peer_is_open(a) && a->last_reason == RTMFP_CLOSED_EXPIRED);
		a->node->ports[0]->up.blocked = a->node->ports[0]->down.blocked = false;
		since = w->now;
		sim_wait(w, RTMFP_S(6), up->last_delivered > since && down->last_delivered > since);
		sim_assert(sim_peers_agree(a, b));
		sim_world_free(w);
	}
}
END_TEST

/* After silence of any length, the first message arrives within some round trips. */
START_TEST(test_after_silence)
{
	for (sim_each_case(run, "rekey_after_silence", 80)) {
		struct sim_peer *a, *b;
		struct sim_world *w = open_world(&run, run.seed % 2, &a, &b, NULL);
		struct sim_peer *speaker = run.seed / 2 % 2 ? a : b;
		struct sim_stream *s;

		sim_peer_candidate(b, &a->node->ports[0]->addr);
		sim_run_for(w, RTMFP_S(30) * (run.seed / 4) + sim_below(w, RTMFP_S(5)));
		s = sim_stream_new(speaker, &traffic);
		sim_wait(w, traffic.interval + 10 * DELAY, s->delivered > 0);
		sim_run_for(w, RTMFP_S(20));
		sim_assert(s->delivered + 1 >= s->sent && sim_peers_agree(a, b));
		sim_world_free(w);
	}
}
END_TEST

/* A machine that slept: its clock went on. */
START_TEST(test_sleep)
{
	for (sim_each_case(run, "rekey_sleep", 24)) {
		static const unsigned seconds[] = { 10, 100, 130, 170, 190, 600 };
		struct sim_peer *a, *b;
		struct sim_world *w = open_world(&run, run.seed % 2, &a, &b, NULL);
		struct sim_stream *up = sim_stream_new(a, &traffic), *down = sim_stream_new(b, &traffic);
		struct sim_node *sleeper = run.seed / 2 % 2 ? a->node : b->node;
		uint64_t since;

		sleeper->receive_buffer = 200000;
		sim_run_for(w, RTMFP_S(50));
		sim_node_pause(sleeper, RTMFP_S(seconds[run.seed / 4]));
		sim_run_for(w, RTMFP_S(seconds[run.seed / 4]));
		since = w->now;
		sim_wait(w, RTMFP_S(6),
			 up->last_delivered > since + 2 * DELAY && down->last_delivered > since + 2 * DELAY &&
				 sim_peers_agree(a, b));
		sim_run_for(w, RTMFP_S(60));
		sim_assert(sim_peers_agree(a, b));
		sim_world_free(w);
	}
}
END_TEST

/* ---- by use ---- */

static uint64_t use_rekey_at, use_exhausted_at;

static void limit_use(struct sim_identity *identity)
{
	identity->fake.rekey_at = use_rekey_at;
	identity->fake.exhausted_at = use_exhausted_at;
}

/* Both ends reach the limit at the same time, again and again. */
START_TEST(test_by_use)
{
	for (sim_each_seed(run, "rekey_by_use", 6)) {
		struct sim_peer *a, *b;
		struct sim_world *w;
		struct sim_stream_params p = traffic;
		struct sim_stream *up, *down;

		use_rekey_at = 2000;
		use_exhausted_at = 1u << 31;
		w = open_world(&run, false, &a, &b, limit_use);
		p.interval = RTMFP_MS(10);
		up = sim_stream_new(a, &p);
		down = sim_stream_new(b, &p);
		a->node->ports[0]->up.lose = a->node->ports[0]->down.lose = run.seed % 2 ? 20000 : 0;
		sim_run_for(w, RTMFP_S(600));
		sim_stream_stop(up);
		sim_stream_stop(down);
		sim_run_for(w, RTMFP_S(3));
		/* 150 packets a second each, so 45 limits are reached; who starts decides how often they are
		 * both */
		sim_assert_msg(sim_peer_epoch(a) >= 22, "epoch %" PRIu64, sim_peer_epoch(a));
		sim_assert(same_epoch(a, b) && a->opened == 1);
		if (run.seed % 2 == 0)
			sim_assert(up->delivered == up->sent && down->delivered == down->sent);
		sim_world_free(w);
	}
}
END_TEST

/* Keys that are used up before others are at hand: nothing more is sealed with them, and a new session is
 * opened. Nobody wakes for nothing meanwhile (sim_node.c watches that). */
START_TEST(test_exhausted)
{
	for (sim_each_seed(run, "rekey_exhausted", 8)) {
		struct sim_peer *a, *b;
		struct sim_world *w;
		struct sim_stream_params p = traffic;
		struct sim_stream *up, *down;

		use_rekey_at = run.seed % 2 ? 200 : 1u << 30;
		use_exhausted_at = 300;
		w = open_world(&run, false, &a, &b, limit_use);
		p.interval = RTMFP_MS(20);
		up = sim_stream_new(a, &p);
		down = sim_stream_new(b, &p);
		if (run.seed / 2 % 2)
			sim_peer_set_keepalive(a, RTMFP_MS(500));
		if (run.seed / 4 % 2)
			sim_peer_set_keepalive(b, RTMFP_MS(500));
		sim_run_for(w, RTMFP_S(120));
		sim_assert(sim_peers_agree(a, b));
		/* In time or too late: new keys in the same session, or new sessions. */
		if (run.seed % 2)
			sim_assert(a->opened == 1 && sim_peer_epoch(a) > 10);
		else
			sim_assert(a->opened > 5);
		sim_assert_msg(up->delivered > up->sent * 8 / 10 && down->delivered > down->sent * 8 / 10,
			       "%" PRIu64 " and %" PRIu64 " of %" PRIu64, up->delivered, down->delivered,
			       up->sent);
		sim_world_free(w);
	}
}
END_TEST

/* An end whose key is used up in the middle of silence: keepalives are all that there is to send. */
START_TEST(test_exhausted_by_keepalive)
{
	for (sim_each_case(run, "rekey_exhausted_by_keepalive", 4)) {
		struct sim_peer *a, *b;
		struct sim_world *w;

		use_rekey_at = 1u << 30;
		use_exhausted_at = 20;
		w = open_world(&run, false, &a, &b, limit_use);
		/* a forbidden door: the replacing session cannot be opened either */
		if (run.seed % 2)
			a->candidate_count = 0;
		if (run.seed / 2)
			w->on_event = NULL;
		sim_peer_set_keepalive(a, RTMFP_MS(500));
		sim_run_for(w, RTMFP_S(5));
		if (run.seed / 2)
			a->node->ports[0]->down.blocked = true;
		sim_run_for(w, RTMFP_S(300));
		a->node->ports[0]->down.blocked = false;
		sim_wait(w, RTMFP_S(10), sim_peers_agree(a, b));
		sim_world_free(w);
	}
}
END_TEST

static void few_forgeries(struct sim_identity *identity)
{
	identity->fake.broken_at = 100;
}

static struct {
	struct rtmfp_addr from, to;
	uint8_t bytes[1500];
	size_t len;
} caught;

static void catch (struct sim_world *w, const struct rtmfp_addr *from, const struct rtmfp_addr *to,
		   const uint8_t *bytes, size_t len)
{
	(void)w;
	if (from->ip[2] == 1) {
		caught.from = *from;
		caught.to = *to;
		memcpy(caught.bytes, bytes, len);
		caught.len = len;
	}
}

/* Too many forgeries end a session (RFC 9001 section 6.6); the pair finds a new one. */
START_TEST(test_forgeries)
{
	for (sim_each_case(run, "rekey_forgeries", 1)) {
		struct sim_peer *a, *b;
		struct sim_world *w = open_world(&run, false, &a, &b, few_forgeries);
		struct sim_stream *up = sim_stream_new(a, &traffic);
		uint64_t since;

		w->tap = catch;
		sim_run_for(w, RTMFP_S(2));
		w->tap = NULL;
		sim_stream_stop(up);
		for (unsigned i = 0; i < 100; i++) {
			/* a number of its own each: bytes 4 to 7, of the SSID's mask too */
			caught.bytes[5] ^= (uint8_t)(i + 1);
			caught.bytes[1] ^= (uint8_t)(i + 1);
			caught.bytes[caught.len - 1]++;
			sim_assert(sim_peer_is_open(b));
			sim_inject(w, &caught.from, &caught.to, caught.bytes, caught.len, 0);
			sim_run_for(w, RTMFP_MS(1));
			caught.bytes[5] ^= (uint8_t)(i + 1);
			caught.bytes[1] ^= (uint8_t)(i + 1);
		}
		sim_assert(!sim_peer_is_open(b) && b->last_reason == RTMFP_CLOSED_EXPIRED);
		since = w->now;
		up = sim_stream_new(a, &traffic);
		sim_wait(w, RTMFP_S(2), up->last_delivered > since);
		sim_world_free(w);
	}
}
END_TEST

/* ---- everything at once, on a clock that runs fast ---- */

START_TEST(test_hurry)
{
	for (sim_each_seed(run, "rekey_hurry", 60)) {
		struct sim_world *w = sim_world_new(&run, run.seed % 8 == 7);
		struct sim_stream_params p = traffic;
		struct sim_peer *a, *b;
		struct sim_stream *up, *down;
		uint64_t since;

		w->params.rekey_after = RTMFP_MS(3000);
		w->params.rekey_jitter = RTMFP_MS(1000);
		w->params.rekey_after_responder = RTMFP_MS(2000 + sim_below(w, 2000));
		w->params.rekey_min_interval = RTMFP_MS(800);
		w->params.rekey_replace_after = RTMFP_MS(6000);
		w->params.rekey_stop_after = RTMFP_MS(7000);
		w->params.rekey_close_after = RTMFP_MS(20000);
		w->params.drain = RTMFP_MS(1000);
		w->params.retired_id_hold = RTMFP_MS(2000);
		w->timer_slack = sim_below(w, RTMFP_MS(20));
		w->reset = sim_below(w, 2);
		sim_two(w, DELAY, &a, &b);
		sim_peer_candidate(b, &a->node->ports[0]->addr);
		sim_peer_open(a);
		sim_wait(w, RTMFP_S(1), sim_peers_agree(a, b));
		p.interval = RTMFP_MS(20);
		up = sim_stream_new(a, &p);
		down = sim_stream_new(b, &p);
		sim_harm(a->node->ports[0], 60000, 60000, 60000, 10000);
		for (unsigned i = 0; i < 60; i++) {
			sim_run_for(w, sim_below(w, RTMFP_S(4)));
			switch (sim_below(w, 12)) {
			case 0: sim_node_pause(a->node, sim_below(w, RTMFP_S(4))); break;
			case 1: sim_node_pause(b->node, sim_below(w, RTMFP_S(4))); break;
			case 2:
			case 3:
				a->node->ports[0]->up.blocked = true;
				sim_run_for(w, sim_below(w, RTMFP_S(8)));
				a->node->ports[0]->up.blocked = false;
				break;
			case 4: sim_peer_replace(a); break;
			case 5: sim_peer_replace(b); break;
			default: break;
			}
		}
		sim_harm(a->node->ports[0], 0, 0, 0, 0);
		sim_run_for(w, RTMFP_S(6));
		since = w->now;
		sim_wait(w, RTMFP_S(1), up->last_delivered > since && down->last_delivered > since);
		sim_wait(w, RTMFP_S(3), same_epoch(a, b));
		sim_assert(rtmfp_endpoint_counters(a->node->ep)->rekeys > 10);
		sim_world_free(w);
	}
}
END_TEST

/* ---- profiles that do without ---- */

static void plain_profile(struct sim_identity *identity)
{
	fakecrypto_without_rekey(&identity->fake);
	identity->fake.ops.confirm = false;
	identity->ops = identity->fake.ops;
}

START_TEST(test_without)
{
	for (sim_each_case(run, "rekey_without", 2)) {
		struct sim_world *w = sim_world_new(&run, false);
		struct sim_peer *a, *b;
		struct sim_stream *up, *down;

		w->tweak = plain_profile;
		sim_two(w, DELAY, &a, &b);
		/* the RIKeying: the responder is open without it, and answers the next attempt */
		w->lose = run.seed ? 1u << 3 : 0;
		sim_peer_open(a);
		sim_wait(w, RTMFP_S(6), sim_peers_agree(a, b));
		up = sim_stream_new(a, &traffic);
		down = sim_stream_new(b, &traffic);
		sim_run_for(w, RTMFP_S(900));
		sim_assert(up->delivered + 1 >= up->sent && down->delivered + 1 >= down->sent);
		sim_assert(sim_peer_epoch(a) == 0 && a->opened == 1 && b->opened <= 2);
		sim_world_free(w);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("sim_rekey");

	sim_add_scenario(suite, "rekey_by_age", test_by_age);
	sim_add_scenario(suite, "rekey_responder_starts", test_responder_starts);
	sim_add_scenario(suite, "rekey_replaced_instead", test_replaced_instead);
	sim_add_scenario(suite, "rekey_too_old", test_too_old);
	sim_add_scenario(suite, "rekey_after_silence", test_after_silence);
	sim_add_scenario(suite, "rekey_sleep", test_sleep);
	sim_add_scenario(suite, "rekey_by_use", test_by_use);
	sim_add_scenario(suite, "rekey_exhausted", test_exhausted);
	sim_add_scenario(suite, "rekey_exhausted_by_keepalive", test_exhausted_by_keepalive);
	sim_add_scenario(suite, "rekey_forgeries", test_forgeries);
	sim_add_scenario(suite, "rekey_hurry", test_hurry);
	sim_add_scenario(suite, "rekey_without", test_without);
	return sim_run_suite(suite);
}
