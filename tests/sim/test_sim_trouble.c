/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Trouble inside: allocations that fail, a cryptography that fails, users that do anything from any callback.
 * Nothing crashes, nothing leaks, and once the trouble is over traffic flows.
 */
#include "sim.h"

#include <stdlib.h>
#include <string.h>

#define DELAY RTMFP_MS(20)

/* ------------------------------------------------------------------------------------------------------------
 * A short life that uses everything: startup, streams of all kinds, a rekey, a move, a replacement, a close.
 */

static void limit_use(struct sim_identity *identity)
{
	identity->fake.rekey_at = 60;
}

struct life {
	struct sim_world *w;
	struct sim_peer *a, *b;
};

static struct life begin_life(const struct sim_run *run)
{
	struct life l = { .w = sim_world_new(run, false) };

	l.w->tweak = limit_use;
	l.w->reset = true;
	sim_two(l.w, DELAY, &l.a, &l.b);
	l.a->reopen = l.b->reopen = true;
	sim_peer_candidate(l.b, &l.a->node->ports[0]->addr);
	return l;
}

static void live(struct life *l)
{
	static const struct sim_stream_params kinds[] = {
		{ .order = RTMFP_ORDER_ARRIVAL, .size_min = 100, .size_max = 3000, .interval = RTMFP_MS(30) },
		{ .order = RTMFP_ORDER_QUEUE, .size_min = 100, .size_max = 600, .interval = RTMFP_MS(40) },
		{ .reliability = SIM_RELIABLE, .size_min = 8, .size_max = 20000, .count = 20 },
		{ .reliability = SIM_LIMITED,
		  .lifetime = RTMFP_MS(300),
		  .order = RTMFP_ORDER_ARRIVAL,
		  .size_min = 16,
		  .size_max = 5000,
		  .interval = RTMFP_MS(90) },
	};
	const struct rtmfp_addr elsewhere = sim_v4(3, 3, 4000);
	struct sim_world *w = l->w;
	struct sim_port *port;

	sim_peer_open(l->a);
	for (unsigned i = 0; i < 2 * sizeof(kinds) / sizeof(kinds[0]); i++)
		sim_stream_new(i % 2 ? l->a : l->b, &kinds[i / 2]);
	l->a->node->ports[0]->up.lose = l->a->node->ports[0]->down.lose = 30000;
	l->a->node->ports[0]->up.reorder = 50000;
	l->a->node->ports[0]->up.reorder_by = RTMFP_MS(30);
	sim_run_for(w, RTMFP_MS(1500));
	port = sim_port_new(l->a->node, &elsewhere, NULL);
	port->up.delay = port->down.delay = DELAY;
	sim_port_gone(l->a->node->ports[0]);
	rtmfp_endpoint_moved(l->a->node->ep, w->now);
	sim_node_process(l->a->node);
	sim_run_for(w, RTMFP_MS(500));
	sim_peer_candidate(l->b, &elsewhere);
	sim_peer_replace(l->b);
	sim_run_for(w, RTMFP_MS(500));
	if (sim_peer_is_open(l->b))
		sim_peer_close(l->b, false);
	sim_run_for(w, RTMFP_MS(500));
}

/* Traffic flows again, in both directions and over one session. */
static void recover(struct life *l, uint64_t within)
{
	struct sim_world *w = l->w;
	struct sim_stream *up, *down;
	const struct sim_stream_params p = {
		.order = RTMFP_ORDER_ARRIVAL, .size_min = 16, .size_max = 100, .interval = RTMFP_MS(50)
	};

	l->a->node->ports[1]->up.lose = l->a->node->ports[1]->down.lose = 0;
	for (size_t i = 0; i < w->stream_count; i++)
		sim_stream_stop(w->streams[i]);
	up = sim_stream_new(l->a, &p);
	down = sim_stream_new(l->b, &p);
	sim_wait(w, within, up->delivered > 0 && down->delivered > 0 && sim_peers_agree(l->a, l->b));
}

/* ---- memory ---- */

static uint64_t allocations_of_a_life(const struct sim_run *run)
{
	struct life l = begin_life(run);
	uint64_t before = l.w->mem_calls, count;

	live(&l);
	count = l.w->mem_calls - before;
	recover(&l, RTMFP_S(3));
	sim_world_free(l.w);
	return count;
}

/* The n-th allocation fails, for every n; or, for every fourth, it and some that follow. */
START_TEST(test_memory)
{
	const struct sim_run first = { .scenario = "trouble_memory" };
	const uint64_t count = allocations_of_a_life(&first);

	sim_assert(count > 100);
	for (sim_each_case(run, "trouble_memory", count + count / 4)) {
		struct sim_run same = run;
		bool burst = run.seed >= count;
		struct life l;

		same.seed = 0; /* the life itself is always the same */
		l = begin_life(&same);
		l.w->mem_fail_at = l.w->mem_calls + 1 + (burst ? (run.seed - count) * 4 : run.seed);
		l.w->mem_fail_count = !burst ? 1 : run.seed % 2 ? 5 : 50;
		live(&l);
		l.w->mem_fail_at = 0;
		sim_assert(l.w->mem_failed > 0);
		recover(&l, RTMFP_S(20));
		sim_world_free(l.w);
	}
}
END_TEST

/* Making an endpoint and its peers fails as a whole or not at all. */
START_TEST(test_endpoint_memory)
{
	for (sim_each_case(run, "trouble_endpoint_memory", 20)) {
		struct sim_world *w = sim_world_new(&run, false);
		struct sim_node *n = sim_node_new(w, "a");
		const struct rtmfp_endpoint_config cfg = { .ops = &n->identity.ops,
							   .crypto = n->identity.crypto,
							   .mem = &w->mem,
							   .cb = &sim_callbacks,
							   .user = n };
		struct rtmfp_endpoint *ep = NULL;
		int err;

		w->mem_fail_at = w->mem_calls + 1 + run.seed;
		w->mem_fail_count = 1;
		err = rtmfp_endpoint_new(&cfg, w->now, &ep);
		sim_assert(err == 0 || err == RTMFP_ERR_NOMEM);
		sim_assert((err == 0) == (w->mem_failed == 0));
		if (err == 0)
			rtmfp_endpoint_free(ep);
		sim_assert(w->mem_out == 0);
		rtmfp_endpoint_free(NULL);
		sim_world_free(w);
	}
}
END_TEST

/* ---- cryptography ---- */

START_TEST(test_crypto)
{
	static const int errors[] = { RTMFP_ERR_CRYPTO, RTMFP_ERR_NOMEM, RTMFP_ERR_LIMIT, RTMFP_ERR_AUTH };

	/* each callback fails once at its k-th call, or for good for a while; at either end */
	for (sim_each_case(run, "trouble_crypto", 2 * FAKE_CALLS * 8)) {
		uint64_t k = run.seed / 2 % 8;
		enum fake_call call = (enum fake_call)(run.seed / 16);
		struct life l = begin_life(&run);
		struct sim_node *n = run.seed % 2 ? l.a->node : l.b->node;

		if (k < 4)
			fakecrypto_fail(&n->identity.fake, call, k, 1, errors[k]);
		else
			fakecrypto_fail(&n->identity.fake, call, k - 4, 1000000, errors[k - 4]);
		live(&l);
		fakecrypto_fail(&n->identity.fake, call, 0, 0, 0);
		recover(&l, RTMFP_S(12));
		sim_world_free(l.w);
	}
}
END_TEST

/* ------------------------------------------------------------------------------------------------------------
 * Users
 */

static struct {
	struct sim_world *w;
	struct sim_peer *inside; /* whose callback is running */
	unsigned chance;	 /* of doing something, in a million */
	unsigned depth;
	unsigned done;
} mischief;

static void do_anything(struct sim_peer *peer)
{
	struct sim_world *w = mischief.w;
	struct sim_node *n = peer->node;
	struct sim_peer *other = n->peers[sim_below(w, n->peer_count)];
	const struct sim_stream_params p = {
		.reliability = SIM_RELIABLE, .size_min = 0, .size_max = 3000, .count = 1 + sim_below(w, 20)
	};

	if (n->dying || mischief.depth > 3 || !sim_chance(w, mischief.chance) || w->stream_count > 3000)
		return;
	mischief.depth++;
	mischief.done++;
	switch (sim_below(w, 12)) {
	case 0:
		if (sim_peer_is_open(other) && sim_below(w, 4) == 0)
			sim_peer_close(other, sim_below(w, 2));
		break;
	case 1:
		if (other != peer && other->rtmfp && sim_below(w, 3) == 0)
			sim_peer_drop(other);
		break;
	case 2:
		if (!other->rtmfp && other != peer)
			sim_peer_add(other);
		break;
	case 3: sim_peer_open(other); break;
	case 4:
		if (other->rtmfp)
			rtmfp_peer_set_keepalive(other->rtmfp, sim_below(w, 2) * RTMFP_MS(300), w->now);
		break;
	case 5: rtmfp_endpoint_moved(n->ep, w->now); break;
	case 6:
		if (w->stream_count)
			sim_stream_close(w->streams[sim_below(w, w->stream_count)]);
		break;
	case 7:
		if (other->rtmfp)
			(void)!rtmfp_peer_set_candidates(other->rtmfp, other->candidates,
							 other->candidate_count, w->now);
		break;
	case 8: rtmfp_endpoint_local_gone(n->ep, &n->ports[0]->addr, w->now); break;
	default:
		if (other->rtmfp)
			sim_stream_new(other, &p);
		break;
	}
	mischief.depth--;
}

static void on_any_event(struct sim_peer *peer, enum sim_what what)
{
	(void)what;
	do_anything(peer);
}

static void on_any_message(struct sim_stream *s, uint64_t number)
{
	(void)number;
	do_anything(sim_peer_find(s->to, s->from->node));
}

START_TEST(test_users)
{
	for (sim_each_seed(run, "trouble_users", 40)) {
		struct sim_world *w = sim_world_new(&run, run.seed % 8 == 7);
		struct sim_node *nodes[3];
		static const char *const names[] = { "a", "b", "c" };
		const struct sim_stream_params p = { .order = RTMFP_ORDER_ARRIVAL,
						     .size_min = 16,
						     .size_max = 3000,
						     .interval = RTMFP_MS(40) };

		w->tweak = run.seed % 8 == 7 ? NULL : limit_use;
		w->reset = sim_below(w, 2);
		for (uint8_t i = 0; i < 3; i++) {
			const struct rtmfp_addr at = sim_v4(i, i, 1935);

			nodes[i] = sim_node_new(w, names[i]);
			sim_link(sim_port_new(nodes[i], &at, NULL), DELAY / 2, 0, 0);
		}
		for (unsigned i = 0; i < 9; i++) {
			if (i / 3 == i % 3)
				continue;
			sim_peer_candidate(sim_peer_new(nodes[i / 3], nodes[i % 3], 0),
					   &nodes[i % 3]->ports[0]->addr);
		}
		for (unsigned i = 0; i < 3; i++)
			sim_node_start(nodes[i]);
		mischief.w = w;
		mischief.chance = 50000;
		mischief.done = mischief.depth = 0;
		w->on_event = on_any_event;
		w->on_message = on_any_message;
		for (unsigned i = 0; i < 60; i++) {
			/* whatever was closed meanwhile, somebody sends */
			if (nodes[i % 6 / 2]->peers[i % 2]->rtmfp)
				sim_stream_new(nodes[i % 6 / 2]->peers[i % 2], &p);
			sim_run_for(w, sim_below(w, RTMFP_MS(600)));
		}
		sim_assert(mischief.done > 50);
		mischief.chance = 0;
		for (size_t i = 0; i < w->stream_count; i++)
			sim_stream_stop(w->streams[i]);
		for (unsigned i = 0; i < 6; i++) {
			if (!nodes[i / 2]->peers[i % 2]->rtmfp)
				sim_peer_add(nodes[i / 2]->peers[i % 2]);
			sim_stream_new(nodes[i / 2]->peers[i % 2], &p);
		}
		sim_run_for(w, RTMFP_S(15));
		for (unsigned i = 0; i < 3; i++)
			for (unsigned k = 0; k < 2; k++) {
				struct sim_peer *peer = nodes[i]->peers[k];

				sim_assert(sim_peers_agree(peer, sim_peer_find(peer->other, nodes[i])));
			}
		sim_world_free(w);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("sim_trouble");

	sim_add_scenario(suite, "trouble_memory", test_memory);
	sim_add_scenario(suite, "trouble_endpoint_memory", test_endpoint_memory);
	sim_add_scenario(suite, "trouble_crypto", test_crypto);
	sim_add_scenario(suite, "trouble_users", test_users);
	return sim_run_suite(suite);
}
