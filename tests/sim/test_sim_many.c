/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Many peers at one endpoint, and a mesh of nodes to which everything happens at once. */
#include "sim.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DELAY RTMFP_MS(15)

/* ------------------------------------------------------------------------------------------------------------
 * A gateway and 200 clients, some behind NATs, with traffic of all kinds; clients come, go, move and are
 * reached again, and the gateway restarts.
 */

#define CLIENTS 200u

struct gateway {
	struct sim_world *w;
	struct sim_node *node;
	struct sim_node *clients[CLIENTS];
	struct sim_peer *here[CLIENTS], *there[CLIENTS];
	struct sim_stream *up[CLIENTS], *down[CLIENTS];
	char names[CLIENTS][8];
};

static void start_gateway(struct gateway *g, const struct sim_run *run, bool real)
{
	const struct rtmfp_addr at = sim_v4(255, 1, 1935);

	memset(g, 0, sizeof(*g));
	g->w = sim_world_new(run, real);
	g->node = sim_node_new(g->w, "gateway");
	sim_link(sim_port_new(g->node, &at, NULL), RTMFP_MS(1), 0, 0);
	for (unsigned i = 0; i < CLIENTS; i++) {
		const struct rtmfp_addr v4 = sim_v4((uint8_t)(i / 100), (uint8_t)(i % 100),
						    (uint16_t)(5000 + i)),
					outside = sim_v4(200, (uint8_t)i, 0);
		struct sim_nat *nat = i % 3 == 0 ? sim_nat_new(g->w, &outside) : NULL;

		snprintf(g->names[i], sizeof(g->names[i]), "c%u", i);
		g->clients[i] = sim_node_new(g->w, g->names[i]);
		sim_link(sim_port_new(g->clients[i], &v4, nat), DELAY + RTMFP_US(i * 37), 0, 0);
		g->clients[i]->ports[0]->up.lose = g->clients[i]->ports[0]->down.lose = 5000;
		g->there[i] = sim_peer_new(g->clients[i], g->node, i);
		g->here[i] = sim_peer_new(g->node, g->clients[i], i);
		sim_peer_candidate(g->there[i], &at);
	}
	sim_node_start(g->node);
	for (unsigned i = 0; i < CLIENTS; i++) {
		sim_node_start(g->clients[i]);
		sim_peer_set_keepalive(g->there[i], RTMFP_S(2));
	}
}

static void start_traffic(struct gateway *g)
{
	for (unsigned i = 0; i < CLIENTS; i++) {
		struct sim_stream_params p = {
			.order = i % 2 ? RTMFP_ORDER_ARRIVAL : RTMFP_ORDER_QUEUE,
			.reliability = i % 5 == 0 ? SIM_RELIABLE : SIM_UNRELIABLE,
			.size_min = 16,
			.size_max = i % 7 == 0 ? 5000 : 500,
			.interval = RTMFP_MS(200) + sim_below(g->w, RTMFP_MS(800)),
			.borrow = i % 4 == 0,
		};

		g->up[i] = sim_stream_new(g->there[i], &p);
		g->down[i] = sim_stream_new(g->here[i], &p);
	}
}

static bool all_agree(const struct gateway *g)
{
	for (unsigned i = 0; i < CLIENTS; i++)
		if (!sim_peers_agree(g->here[i], g->there[i]))
			return false;
	return true;
}

START_TEST(test_gateway)
{
	static struct gateway g;

	for (sim_each_seed(run, "many_gateway", 2)) {
		uint64_t before, calm;

		start_gateway(&g, &run, run.seed % 2);
		start_traffic(&g);
		sim_run_for(g.w, RTMFP_S(10));
		sim_assert(all_agree(&g));
		before = g.w->mem_out;
		for (unsigned round = 0; round < 40; round++) {
			unsigned i = (unsigned)sim_below(g.w, CLIENTS);
			struct sim_node *n = g.clients[i];

			switch (sim_below(g.w, 5)) {
			case 0:
				sim_node_kill(n);
				sim_node_start(n);
				sim_peer_set_keepalive(g.there[i], RTMFP_S(2));
				break;
			case 1:
				if (n->ports[0]->nat)
					sim_nat_rebind(n->ports[0]->nat);
				break;
			case 2: sim_node_pause(n, sim_below(g.w, RTMFP_S(3))); break;
			case 3:
				if (sim_peer_is_open(g.here[i]))
					sim_peer_close(g.here[i], sim_below(g.w, 2));
				break;
			default:
				if (round == 20) {
					sim_node_kill(g.node);
					sim_node_start(g.node);
				}
				break;
			}
			sim_run_for(g.w, RTMFP_MS(500));
		}
		sim_run_for(g.w, RTMFP_S(40));
		sim_assert(all_agree(&g));
		calm = g.w->mem_out;
		sim_assert_msg(calm < before + before / 4, "%" PRIu64 " allocations, %" PRIu64 " before",
			       calm, before);
		for (unsigned i = 0; i < CLIENTS; i++) {
			sim_assert(sim_peer_sessions(g.here[i]) == 1 && sim_peer_sessions(g.there[i]) == 1);
			sim_assert(g.w->now - g.up[i]->last_delivered < RTMFP_S(4));
			sim_assert(g.w->now - g.down[i]->last_delivered < RTMFP_S(4));
		}
		/* the end, for everybody at once */
		for (unsigned i = 0; i < CLIENTS; i++) {
			sim_stream_stop(g.up[i]);
			sim_stream_stop(g.down[i]);
		}
		sim_node_shutdown(g.node);
		sim_run_for(g.w, RTMFP_S(1));
		for (unsigned i = 0, closed = 0; i < CLIENTS; i++) {
			closed += !sim_peer_is_open(g.there[i]);
			/* one in 100 Close Acks is lost */
			sim_assert(i < CLIENTS - 1 || closed >= CLIENTS * 9 / 10);
		}
		sim_world_free(g.w);
	}
}
END_TEST

/* All at once: what a gateway that restarts sees. */
START_TEST(test_rush)
{
	static struct gateway g;

	for (sim_each_seed(run, "many_rush", 2)) {
		start_gateway(&g, &run, run.seed % 2);
		for (unsigned i = 0; i < CLIENTS; i++)
			sim_peer_open(g.there[i]);
		sim_wait(g.w, RTMFP_S(20), all_agree(&g));
		sim_world_free(g.w);
	}
}
END_TEST

/* ------------------------------------------------------------------------------------------------------------
 * A mesh
 */

#define MESH 5u

static void happen(struct sim_world *w, struct sim_node *n)
{
	struct sim_port *port = n->ports[sim_below(w, n->port_count)];
	struct sim_peer *peer = n->peers[sim_below(w, n->peer_count)];

	switch (sim_below(w, 14)) {
	case 0:
		if (n->ep) {
			if (sim_below(w, 2))
				sim_node_shutdown(n);
			else
				sim_node_kill(n);
		}
		break;
	case 1:
	case 2:
	case 3:
		if (!n->ep)
			sim_node_start(n);
		break;
	case 4: sim_node_pause(n, sim_below(w, RTMFP_S(8))); break;
	case 5: /* the other port */
		n->ports[0]->gone = !n->ports[0]->gone;
		n->ports[1]->gone = !n->ports[0]->gone;
		if (n->ep && sim_below(w, 4)) {
			rtmfp_endpoint_local_gone(n->ep, &n->ports[n->ports[0]->gone ? 0 : 1]->addr, w->now);
			rtmfp_endpoint_moved(n->ep, w->now);
			sim_node_later(n, w->now);
		}
		break;
	case 6:
		if (port->nat)
			sim_nat_rebind(port->nat);
		break;
	case 7:
		sim_harm(port, (unsigned)sim_below(w, 300000), (unsigned)sim_below(w, 100000),
			 (unsigned)sim_below(w, 200000), (unsigned)sim_below(w, 50000));
		break;
	case 8: sim_harm(port, 0, 0, 0, 0); break;
	case 9: port->up.blocked = sim_below(w, 2); break;
	case 10: port->down.blocked = sim_below(w, 2); break;
	case 11: sim_link(port, sim_below(w, RTMFP_MS(200)), sim_below(w, 2) * 500000, 0); break;
	case 12:
		if (peer->rtmfp && sim_peer_is_open(peer))
			sim_peer_close(peer, sim_below(w, 2));
		break;
	default:
		if (peer->rtmfp && sim_below(w, 4) == 0)
			sim_peer_drop(peer);
		else if (!peer->rtmfp && n->ep)
			sim_peer_add(peer);
		else if (peer->rtmfp && sim_peer_is_open(peer))
			sim_peer_replace(peer);
		break;
	}
}

/* Everything in working order again. */
static void heal(struct sim_world *w)
{
	for (size_t i = 0; i < w->node_count; i++) {
		struct sim_node *n = w->nodes[i];

		n->paused_until = 0;
		for (unsigned k = 0; k < n->port_count; k++) {
			struct sim_port *port = n->ports[k];

			sim_harm(port, 0, 0, 0, 0);
			sim_link(port, DELAY, 0, 0);
			port->up.blocked = port->down.blocked = false;
			port->gone = k > 0;
		}
		if (!n->ep)
			sim_node_start(n);
		for (size_t k = 0; k < n->peer_count; k++)
			if (!n->peers[k]->rtmfp)
				sim_peer_add(n->peers[k]);
		rtmfp_endpoint_local_gone(n->ep, &n->ports[1]->addr, w->now);
		rtmfp_endpoint_moved(n->ep, w->now);
		sim_node_later(n, w->now);
	}
}

static void limit_use(struct sim_identity *identity)
{
	identity->fake.rekey_at = 3000;
}

START_TEST(test_mesh)
{
	static const char *const names[MESH] = { "a", "b", "c", "d", "e" };

	for (sim_each_seed(run, "many_mesh", 30)) {
		bool real = run.seed % 8 == 7;
		struct sim_world *w = sim_world_new(&run, real);
		struct sim_node *nodes[MESH];
		const struct rtmfp_addr outside = sim_v4(200, 1, 0);

		w->tweak = real ? NULL : limit_use;
		w->reset = sim_below(w, 2);
		w->timer_slack = sim_below(w, RTMFP_MS(10));
		w->params.rekey_after = RTMFP_S(20);
		w->params.rekey_after_responder = RTMFP_S(25);
		w->params.rekey_jitter = RTMFP_S(3);
		w->params.rekey_min_interval = RTMFP_S(5);
		w->params.rekey_replace_after = RTMFP_S(30);
		w->params.rekey_stop_after = RTMFP_S(35);
		w->params.rekey_close_after = RTMFP_S(60);
		for (uint8_t i = 0; i < MESH; i++) {
			const struct rtmfp_addr first = sim_v4(i, 1, 1935), second = sim_v4(i, 2, 1935);

			nodes[i] = sim_node_new(w, names[i]);
			/* one lives behind a NAT with one of its ports */
			sim_link(sim_port_new(nodes[i], &first, NULL), DELAY, 0, 0);
			sim_link(sim_port_new(nodes[i], &second, i == 0 ? sim_nat_new(w, &outside) : NULL),
				 DELAY, 0, 0);
			nodes[i]->ports[1]->gone = true;
			nodes[i]->train_max = 1 + (unsigned)sim_below(w, 64);
		}
		for (unsigned i = 0; i < MESH * MESH; i++) {
			struct sim_peer *peer;

			if (i / MESH == i % MESH)
				continue;
			peer = sim_peer_new(nodes[i / MESH], nodes[i % MESH], 1);
			sim_peer_candidate(peer, &nodes[i % MESH]->ports[0]->addr);
			if (i % MESH != 0)
				sim_peer_candidate(peer, &nodes[i % MESH]->ports[1]->addr);
			peer->keepalive = i % 3 ? RTMFP_S(1) : 0;
			peer->reopen = i % 2;
		}
		for (unsigned i = 0; i < MESH; i++)
			sim_node_start(nodes[i]);
		for (unsigned i = 0; i < MESH * 4; i++) {
			struct sim_stream_params p = {
				.order = sim_below(w, 2) ? RTMFP_ORDER_ARRIVAL : RTMFP_ORDER_QUEUE,
				.reliability = (enum sim_reliability)sim_below(w, 3),
				.lifetime = RTMFP_MS(200),
				.queue_time = sim_below(w, 2) ? RTMFP_MS(500) : 0,
				.size_min = 16,
				.size_max = sim_below(w, 2) ? 1000 : 10000,
				.interval = RTMFP_MS(20) + sim_below(w, RTMFP_MS(300)),
				.borrow = sim_below(w, 2),
				.priority = (enum rtmfp_priority)sim_below(w, 7),
			};

			sim_stream_new(nodes[i / 4]->peers[i % 4], &p);
		}
		for (unsigned i = 0; i < 300; i++) {
			sim_run_for(w, sim_below(w, RTMFP_MS(600)));
			happen(w, nodes[sim_below(w, MESH)]);
		}
		heal(w);
		sim_run_for(w, RTMFP_S(20));
		for (unsigned i = 0; i < MESH; i++)
			for (unsigned k = 0; k < MESH - 1; k++) {
				struct sim_peer *peer = nodes[i]->peers[k];

				sim_assert_msg(sim_peers_agree(peer, sim_peer_find(peer->other, nodes[i])),
					       "%s and %s", nodes[i]->name, peer->other->name);
			}
		for (size_t i = 0; i < w->stream_count; i++)
			sim_assert(w->now - w->streams[i]->last_delivered < RTMFP_S(2));
		sim_world_free(w);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("sim_many");

	sim_add_scenario(suite, "many_gateway", test_gateway);
	sim_add_scenario(suite, "many_rush", test_rush);
	sim_add_scenario(suite, "many_mesh", test_mesh);
	return sim_run_suite(suite);
}
