/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Addresses that change (RFC 7016 sections 3.5.3 and 3.5.4.2, PROTOCOL.md section 5.1): the session follows,
 * and nobody else than the far end can lead it anywhere.
 */
#include "sim.h"

#include <stdlib.h>
#include <string.h>

#define DELAY RTMFP_MS(20)
#define RTT   (2 * DELAY)
#define PACE  RTMFP_MS(10)
/* A link for downloads: its queue, which every Ping has to wait in, holds no more than QUEUE_TIME. */
#define RATE	   2500000u
#define QUEUE_TIME RTMFP_MS(10)
#define QUEUE	   (RATE / 100)

static const struct sim_stream_params traffic = {
	.order = RTMFP_ORDER_ARRIVAL, .size_min = 100, .size_max = 600, .interval = PACE
};

static struct sim_world *open_world(const struct sim_run *run, bool real, struct sim_peer **a,
				    struct sim_peer **b)
{
	struct sim_world *w = sim_world_new(run, real);

	sim_two(w, DELAY, a, b);
	sim_peer_open(*a);
	sim_wait(w, RTMFP_S(1), sim_peers_agree(*a, *b));
	return w;
}

/* Gives the node |addr| in place of the address that it uses, and tells its endpoint, or does not. */
static void move(struct sim_node *n, const struct rtmfp_addr *addr, bool told)
{
	struct sim_port *old = NULL, *new;

	for (unsigned i = 0; i < n->port_count && !old; i++)
		if (!n->ports[i]->gone)
			old = n->ports[i];
	sim_assert(old);
	new = sim_port_new(n, addr, NULL);
	new->up.delay = old->up.delay;
	new->down.delay = old->down.delay;
	sim_port_gone(old);
	if (!told)
		return;
	rtmfp_endpoint_local_gone(n->ep, &old->addr, n->w->now);
	rtmfp_endpoint_moved(n->ep, n->w->now);
	sim_node_process(n);
}

static bool is_at(const struct sim_peer *peer, const struct rtmfp_addr *addr)
{
	struct rtmfp_addr at;

	if (!sim_peer_is_open(peer))
		return false;
	at = sim_peer_address(peer);
	return rtmfp_addr_equal(&at, addr);
}

enum { MOVER_SENDS = 1, OTHER_SENDS = 2 };

/* ------------------------------------------------------------------------------------------------------------
 * True moves
 */

static void one_move(const struct sim_run *run, bool real, bool initiator, bool told, unsigned sends)
{
	const struct rtmfp_addr v4 = sim_v4(3, 3, 4000);
	struct sim_peer *a, *b;
	struct sim_world *w = open_world(run, real, &a, &b);
	struct sim_peer *mover = initiator ? a : b, *other = initiator ? b : a;
	struct sim_stream *up = sim_stream_new(mover, &traffic), *down = sim_stream_new(other, &traffic);

	if (!(sends & MOVER_SENDS))
		sim_stream_stop(up);
	if (!(sends & OTHER_SENDS))
		sim_stream_stop(down);
	sim_run_for(w, RTMFP_S(2) + sim_below(w, RTMFP_MS(100)));
	up->longest_silence = down->longest_silence = 0;
	move(mover->node, &v4, told);
	sim_run_for(w, RTMFP_S(2));
	sim_assert(is_at(other, &v4));
	sim_assert(other->moves == 2 && a->opened == 1 && b->opened == 1 && sim_peers_agree(a, b));
	/* What was under way is lost; what is sent arrives. */
	if (sends & MOVER_SENDS)
		sim_assert_msg(up->longest_silence <= 2 * PACE + RTMFP_MS(5), "up %.3f s",
			       (double)up->longest_silence / 1e9);
	if (sends & OTHER_SENDS)
		sim_assert_msg(down->longest_silence <= RTT + 3 * PACE + RTMFP_MS(5), "down %.3f s",
			       (double)down->longest_silence / 1e9);
	/* The mover's own idea of where the other is stays. */
	sim_assert(mover->moves == 1);
	sim_world_free(w);
}

START_TEST(test_move)
{
	/* initiator or responder moves; who sends; told or not; told is needed when the mover is silent */
	for (sim_each_case(run, "roaming_move", 2 * 2 * 3 * 4)) {
		uint64_t k = run.seed;
		bool real = k % 4 == 3, initiator = k / 4 % 2, told = k / 8 % 2;
		unsigned sends = 1 + (unsigned)(k / 16);

		/* A responder sends from the address that it was called at, until it is told that it is gone.
		 */
		one_move(&run, real, initiator, told || !initiator || sends == OTHER_SENDS, sends);
	}
}
END_TEST

/* Datagrams are lost while it moves: verification takes longer, and succeeds. */
START_TEST(test_move_with_loss)
{
	for (sim_each_seed(run, "roaming_move_with_loss", 60)) {
		const struct rtmfp_addr v4 = sim_v4(3, 3, 4000);
		struct sim_peer *a, *b;
		struct sim_world *w = open_world(&run, run.seed % 8 == 7, &a, &b);
		struct sim_stream *up = sim_stream_new(a, &traffic), *down = sim_stream_new(b, &traffic);

		sim_run_for(w, RTMFP_S(2));
		b->node->ports[0]->up.lose = b->node->ports[0]->down.lose = 150000;
		move(a->node, &v4, run.seed % 2);
		sim_wait(w, RTMFP_S(12), is_at(b, &v4));
		b->node->ports[0]->up.lose = b->node->ports[0]->down.lose = 0;
		up->longest_silence = down->longest_silence = 0;
		sim_run_for(w, RTMFP_S(15));
		sim_assert(is_at(b, &v4) && sim_peers_agree(a, b));
		sim_assert(up->delivered > 1500 && down->delivered > 1500);
		sim_world_free(w);
	}
}
END_TEST

/* A whole fragmented and reliable transfer crosses moves of the one end, the other, and both. */
START_TEST(test_bulk)
{
	for (sim_each_seed(run, "roaming_bulk", 30)) {
		struct sim_peer *a, *b;
		struct sim_world *w = open_world(&run, run.seed % 8 == 7, &a, &b);
		const struct sim_stream_params p = {
			.reliability = SIM_RELIABLE, .size_min = 0, .size_max = 20000, .count = 400
		};
		struct sim_stream *up = sim_stream_new(a, &p), *down = sim_stream_new(b, &p);

		sim_link(a->node->ports[0], DELAY, 1250000, 0);
		sim_link(b->node->ports[0], 0, 1250000, 0);
		sim_run_for(w, RTMFP_MS(500));
		for (uint8_t i = 0; i < 3; i++) {
			const struct rtmfp_addr at = sim_v4(3, i, 4000);
			bool of_a = i == 2 ? run.seed % 2 : sim_below(w, 2);

			/* told: it may have nothing left to send */
			move(of_a ? a->node : b->node, &at, true);
			sim_wait(w, RTMFP_S(3), is_at(of_a ? b : a, &at));
			sim_run_for(w, sim_below(w, RTMFP_MS(1500)));
		}
		sim_wait(w, RTMFP_S(100), up->delivered == p.count && down->delivered == p.count);
		sim_assert(a->opened == 1 && b->opened == 1);
		sim_world_free(w);
	}
}
END_TEST

/* A download, with a window full of datagrams on the way to where nobody is any more: what is lost there does
 * not hold up what follows. */
START_TEST(test_download)
{
	for (sim_each_case(run, "roaming_download", 12)) {
		const struct rtmfp_addr v4 = sim_v4(3, 3, 4000);
		struct sim_peer *a, *b;
		struct sim_world *w = open_world(&run, run.seed % 4 == 3, &a, &b);
		const struct sim_stream_params p = {
			.reliability = run.seed % 2 ? SIM_RELIABLE : SIM_UNRELIABLE,
			.order = RTMFP_ORDER_ARRIVAL,
			.size_min = 1000,
			.size_max = 1400,
		};
		struct sim_stream *down;
		bool initiator = run.seed / 4 != 1;

		sim_link(a->node->ports[0], DELAY, RATE, QUEUE);
		sim_link(b->node->ports[0], 0, RATE, QUEUE);
		down = sim_stream_new(initiator ? b : a, &p);
		sim_run_for(w, RTMFP_S(5) + run.seed * RTMFP_MS(17));
		down->longest_silence = 0;
		move(initiator ? a->node : b->node, &v4, true);
		sim_run_for(w, RTMFP_S(5));
		sim_assert(is_at(initiator ? b : a, &v4));
		/* a round trip to be verified, one until the first datagram comes */
		sim_assert_msg(down->longest_silence <= 2 * RTT + 2 * QUEUE_TIME + RTMFP_MS(5), "%.3f s",
			       (double)down->longest_silence / 1e9);
		sim_world_free(w);
	}
}
END_TEST

/* Both move in the same moment, so that neither reaches the other; the initiator's resolver knows better. */
static void look_up(struct sim_peer *peer, enum sim_what what)
{
	const struct rtmfp_addr *address = peer->node->w->user;

	if (what == SIM_SILENT && peer->candidate_count == 1)
		sim_peer_candidate(peer, address);
}

START_TEST(test_both_move)
{
	for (sim_each_seed(run, "roaming_both_move", 10)) {
		struct sim_peer *a, *b;
		struct sim_world *w = open_world(&run, run.seed % 2, &a, &b);
		struct rtmfp_addr at_a = sim_v4(3, 3, 4000), at_b = sim_v4(4, 4, 4000);
		struct sim_stream *up = sim_stream_new(a, &traffic), *down = sim_stream_new(b, &traffic);
		uint64_t since;

		sim_run_for(w, RTMFP_S(1) + sim_below(w, RTMFP_S(1)));
		w->on_event = look_up;
		w->user = &at_b;
		since = w->now;
		move(a->node, &at_a, true);
		move(b->node, &at_b, true);
		sim_wait(w, RTMFP_S(3), is_at(b, &at_a) && is_at(a, &at_b) && sim_peers_agree(a, b));
		sim_wait(w, RTMFP_S(1), up->last_delivered > since && down->last_delivered > since);
		sim_world_free(w);
	}
}
END_TEST

/* From one place to another and back, faster than the endpoint follows. */
START_TEST(test_flapping)
{
	for (sim_each_seed(run, "roaming_flapping", 20)) {
		const struct rtmfp_addr second = sim_v4(3, 3, 4000), third = sim_v4(5, 5, 5000);
		struct sim_peer *a, *b;
		struct sim_world *w = open_world(&run, run.seed % 4 == 3, &a, &b);
		struct sim_node *n = a->node;
		struct sim_stream *up = sim_stream_new(a, &traffic), *down = sim_stream_new(b, &traffic);
		uint64_t start = w->now;
		unsigned at = 0;

		sim_port_new(n, &second, NULL);
		sim_port_new(n, &third, NULL);
		n->ports[1]->up.delay = n->ports[1]->down.delay = DELAY;
		n->ports[2]->up.delay = n->ports[2]->down.delay = RTMFP_MS(70);
		n->ports[1]->gone = n->ports[2]->gone = true;
		sim_run_for(w, RTMFP_S(2));
		for (unsigned i = 0; i < 40; i++) {
			n->ports[at]->gone = true;
			at = (at + 1 + (unsigned)sim_below(w, 2)) % 3;
			n->ports[at]->gone = false;
			if (sim_below(w, 2)) {
				rtmfp_endpoint_moved(n->ep, w->now);
				sim_node_process(n);
			}
			sim_run_for(w, sim_below(w, RTMFP_S(1)));
		}
		sim_wait(w, RTMFP_S(8), is_at(b, &n->ports[at]->addr));
		sim_assert(b->moves - b->opened <= (w->now - start) / RTMFP_S(1) + 1);
		/* time for the window to grow, and for what waited to go */
		sim_run_for(w, RTMFP_S(5));
		up->longest_silence = down->longest_silence = 0;
		sim_run_for(w, RTMFP_S(10));
		sim_assert(up->longest_silence <= 2 * PACE && down->longest_silence <= 2 * PACE);
		sim_assert(sim_peers_agree(a, b));
		sim_world_free(w);
	}
}
END_TEST

/* A NAT forgets its mapping. Who is behind it is reached again as soon as it says anything. */
START_TEST(test_nat)
{
	for (sim_each_seed(run, "roaming_nat", 24)) {
		const struct rtmfp_addr outside = sim_v4(7, 7, 0);
		struct sim_world *w = sim_world_new(&run, run.seed % 4 == 3);
		unsigned sends = 1 + (unsigned)run.seed % 3;
		struct sim_peer *a, *b;
		struct sim_stream *up, *down;
		struct rtmfp_addr before, after;

		sim_two(w, DELAY, &a, &b);
		a->node->ports[0]->nat = sim_nat_new(w, &outside);
		a->node->ports[0]->nat->filter = true;
		sim_peer_set_keepalive(a, RTMFP_S(1));
		sim_peer_open(a);
		sim_wait(w, RTMFP_S(1), sim_peers_agree(a, b));
		up = sim_stream_new(a, &traffic);
		down = sim_stream_new(b, &traffic);
		if (!(sends & MOVER_SENDS))
			sim_stream_stop(up);
		if (!(sends & OTHER_SENDS))
			sim_stream_stop(down);
		sim_run_for(w, RTMFP_S(2) + sim_below(w, PACE));
		before = sim_peer_address(b);
		up->longest_silence = down->longest_silence = 0;
		sim_nat_rebind(a->node->ports[0]->nat);
		sim_run_for(w, RTMFP_S(2));
		after = sim_peer_address(b);
		sim_assert(before.port != after.port && rtmfp_addr_same_host(&before, &after));
		if (sends & MOVER_SENDS)
			sim_assert(up->longest_silence <= 2 * PACE);
		if (sends == (MOVER_SENDS | OTHER_SENDS))
			sim_assert(down->longest_silence <= RTT + 3 * PACE);
		else if (sends & OTHER_SENDS) /* the keepalive tells */
			sim_assert(down->longest_silence <= RTMFP_S(1) + 2 * RTT);
		sim_assert(a->opened == 1 && b->opened == 1);
		sim_world_free(w);
	}
}
END_TEST

START_TEST(test_nat_download)
{
	for (sim_each_case(run, "roaming_nat_download", 8)) {
		const struct rtmfp_addr outside = sim_v4(7, 7, 0);
		struct sim_world *w = sim_world_new(&run, run.seed % 4 == 3);
		const struct sim_stream_params p = {
			.reliability = run.seed % 2 ? SIM_RELIABLE : SIM_UNRELIABLE,
			.order = RTMFP_ORDER_ARRIVAL,
			.size_min = 1000,
			.size_max = 1400,
		};
		struct sim_peer *a, *b;
		struct sim_stream *down;

		sim_two(w, DELAY, &a, &b);
		a->node->ports[0]->nat = sim_nat_new(w, &outside);
		a->node->ports[0]->nat->filter = true;
		sim_link(a->node->ports[0], DELAY, RATE, QUEUE);
		sim_peer_open(a);
		sim_wait(w, RTMFP_S(1), sim_peers_agree(a, b));
		sim_stream_new(a, &traffic);
		down = sim_stream_new(b, &p);
		sim_run_for(w, RTMFP_S(5) + run.seed * RTMFP_MS(17));
		down->longest_silence = 0;
		sim_nat_rebind(a->node->ports[0]->nat);
		sim_run_for(w, RTMFP_S(3));
		sim_assert(b->moves == 2);
		sim_assert_msg(down->longest_silence <= RTT + 3 * PACE + 2 * QUEUE_TIME, "%.3f s",
			       (double)down->longest_silence / 1e9);
		sim_world_free(w);
	}
}
END_TEST

START_TEST(test_families)
{
	for (sim_each_case(run, "roaming_families", 4)) {
		const struct rtmfp_addr a6 = sim_v6(3, 3, 4000), b6 = sim_v6(4, 4, 1935);
		struct sim_peer *a, *b;
		struct sim_world *w = open_world(&run, run.seed % 2, &a, &b);
		struct sim_port *from, *to;
		struct sim_stream *up, *down;

		/* b has both families all the time; a has one, and learns b's other address from its name */
		sim_port_new(b->node, &b6, NULL);
		sim_peer_candidate(a, &b6);
		from = a->node->ports[0];
		to = sim_port_new(a->node, &a6, NULL);
		to->up.delay = to->down.delay = DELAY;
		to->gone = true;
		up = sim_stream_new(a, &traffic);
		down = sim_stream_new(b, &traffic);
		for (unsigned i = 0; i < 4; i++) {
			struct sim_port *gone = from;
			uint64_t since;

			sim_run_for(w, RTMFP_S(8));
			from->gone = true;
			to->gone = false;
			from = to;
			to = gone;
			since = w->now;
			rtmfp_endpoint_local_gone(a->node->ep, &gone->addr, w->now);
			rtmfp_endpoint_moved(a->node->ep, w->now);
			sim_node_process(a->node);
			/* The other family is another address of b: only a new session gets there. */
			sim_wait(w, RTMFP_S(3),
				 is_at(b, &from->addr) && up->last_delivered > since &&
					 down->last_delivered > since);
		}
		sim_world_free(w);
	}
}
END_TEST

/* It moves while the session is being opened: the cookie is of the old address, so keying starts over. */
START_TEST(test_during_handshake)
{
	for (sim_each_case(run, "roaming_during_handshake", 20)) {
		const struct rtmfp_addr v4 = sim_v4(3, 3, 4000);
		struct sim_world *w = sim_world_new(&run, run.seed % 2);
		struct sim_peer *a, *b;

		sim_two(w, DELAY, &a, &b);
		sim_peer_open(a);
		sim_run_for(w, run.seed / 2 * DELAY / 2);
		move(a->node, &v4, true);
		sim_wait(w, RTMFP_S(6), sim_peers_agree(a, b));
		sim_wait(w, RTMFP_S(1), is_at(b, &v4));
		sim_world_free(w);
	}
}
END_TEST

/* ------------------------------------------------------------------------------------------------------------
 * Attackers
 */

static struct {
	struct rtmfp_addr victim, target, attacker;
	bool racing, relaying;
	uint64_t diverted; /* bytes that the attacker was sent */
	uint64_t copied;   /* that it sent */
	uint8_t kept[1500];
	size_t kept_len;
} attack;

/* Sees all that the victim sends; its copies arrive first. */
static void copy_packet(struct sim_world *w, const struct rtmfp_addr *from, const struct rtmfp_addr *to,
			const uint8_t *bytes, size_t len)
{
	if (!rtmfp_addr_equal(from, &attack.victim) || !rtmfp_addr_equal(to, &attack.target))
		return;
	memcpy(attack.kept, bytes, len);
	attack.kept_len = len;
	if (!attack.racing)
		return;
	attack.copied += len;
	sim_inject(w, &attack.attacker, to, bytes, len, 0);
}

static void take_packet(struct sim_world *w, const struct rtmfp_addr *from, const struct rtmfp_addr *to,
			const uint8_t *bytes, size_t len)
{
	if (!rtmfp_addr_equal(to, &attack.attacker))
		return;
	attack.diverted += len;
	if (attack.relaying)
		sim_inject(w, from, &attack.victim, bytes, len, 0);
}

static struct sim_world *attack_world(const struct sim_run *run, bool real, struct sim_peer **a,
				      struct sim_peer **b)
{
	struct sim_world *w = open_world(run, real, a, b);

	memset(&attack, 0, sizeof(attack));
	attack.victim = (*a)->node->ports[0]->addr;
	attack.target = (*b)->node->ports[0]->addr;
	attack.attacker = sim_v4(6, 6, 666);
	w->tap = copy_packet;
	w->stray = take_packet;
	return w;
}

/* An old packet, from anywhere: nothing is sent there, not even a Ping. */
START_TEST(test_replayed_packet)
{
	for (sim_each_case(run, "roaming_replayed_packet", 4)) {
		struct sim_peer *a, *b;
		struct sim_world *w = attack_world(&run, run.seed % 2, &a, &b);
		struct sim_stream *up = sim_stream_new(a, &traffic), *down = sim_stream_new(b, &traffic);

		for (unsigned i = 0; i < 200; i++) {
			uint8_t bytes[1500];
			size_t len;

			sim_run_for(w, sim_below(w, RTMFP_MS(50)));
			memcpy(bytes, attack.kept, attack.kept_len);
			len = attack.kept_len;
			if (len == 0)
				continue;
			/* as it is, once the original has arrived; or damaged, before it */
			if (run.seed / 2)
				bytes[12 + sim_below(w, len - 12)] ^= 1;
			sim_inject(w, &attack.attacker, &attack.target, bytes, len,
				   run.seed / 2 ? 0 : 3 * DELAY);
		}
		sim_run_for(w, RTMFP_S(1));
		sim_assert(attack.diverted == 0 && b->moves == 1);
		sim_assert(sim_node_drops(b->node, run.seed / 2 ? RTMFP_DROP_AUTH : RTMFP_DROP_REPLAY) > 100);
		sim_assert(up->delivered + 3 >= up->sent && down->delivered + 3 >= down->sent);
		sim_world_free(w);
	}
}
END_TEST

/* Copies that win every race, from an address that answers nothing: it never gets more than three times what
 * it sent (the simulator watches that), most of the downlink still arrives, and the session moves nowhere. */
START_TEST(test_raced_copies)
{
	for (sim_each_case(run, "roaming_raced_copies", 4)) {
		struct sim_peer *a, *b;
		struct sim_world *w = attack_world(&run, run.seed % 2, &a, &b);
		struct sim_stream *up, *down;
		uint64_t sent, delivered;

		up = sim_stream_new(a, &traffic);
		down = sim_stream_new(b, &traffic);
		sim_run_for(w, RTMFP_S(2));
		attack.racing = true;
		sent = down->sent;
		delivered = down->delivered;
		sim_run_for(w, RTMFP_S(60));
		sim_trace(w,
			  "diverted %" PRIu64 " of %" PRIu64 "; %" PRIu64 " of %" PRIu64 " messages arrived",
			  attack.diverted, attack.copied, down->delivered - delivered, down->sent - sent);
		sim_assert(b->moves == 1 && is_at(b, &attack.victim));
		sim_assert(attack.diverted <= 3 * attack.copied);
		sim_assert(up->delivered + 10 >= up->sent);
		sim_assert_msg(10 * (down->delivered - delivered) >= 7 * (down->sent - sent),
			       "%" PRIu64 " of %" PRIu64 " messages arrived", down->delivered - delivered,
			       down->sent - sent);
		attack.racing = false;
		sim_run_for(w, RTMFP_S(1));
		down->longest_silence = 0;
		sim_run_for(w, RTMFP_S(10));
		sim_assert(down->longest_silence <= 2 * PACE);
		sim_world_free(w);
	}
}
END_TEST

/* Copies that win every race, from an address that hands on what it gets: it is a relay then, and as soon as
 * it stops the session is back. */
START_TEST(test_relay)
{
	for (sim_each_case(run, "roaming_relay", 4)) {
		struct sim_peer *a, *b;
		struct sim_world *w = attack_world(&run, run.seed % 2, &a, &b);
		struct sim_stream *up = sim_stream_new(a, &traffic), *down = sim_stream_new(b, &traffic);
		uint64_t sent, delivered;

		sim_run_for(w, RTMFP_S(2));
		attack.racing = attack.relaying = true;
		sent = down->sent;
		delivered = down->delivered;
		sim_run_for(w, RTMFP_S(20));
		sim_assert(is_at(b, &attack.attacker));
		sim_assert(down->delivered - delivered + 20 >= down->sent - sent);
		attack.racing = attack.relaying = false;
		sim_wait(w, RTMFP_S(2), is_at(b, &attack.victim));
		up->longest_silence = down->longest_silence = 0;
		sim_run_for(w, RTMFP_S(10));
		sim_assert(down->longest_silence <= 2 * PACE && up->longest_silence <= 2 * PACE);
		sim_assert(a->opened == 1 && b->opened == 1);
		sim_world_free(w);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("sim_roaming");

	sim_add_scenario(suite, "roaming_move", test_move);
	sim_add_scenario(suite, "roaming_move_with_loss", test_move_with_loss);
	sim_add_scenario(suite, "roaming_bulk", test_bulk);
	sim_add_scenario(suite, "roaming_download", test_download);
	sim_add_scenario(suite, "roaming_both_move", test_both_move);
	sim_add_scenario(suite, "roaming_flapping", test_flapping);
	sim_add_scenario(suite, "roaming_nat", test_nat);
	sim_add_scenario(suite, "roaming_nat_download", test_nat_download);
	sim_add_scenario(suite, "roaming_families", test_families);
	sim_add_scenario(suite, "roaming_during_handshake", test_during_handshake);
	sim_add_scenario(suite, "roaming_replayed_packet", test_replayed_packet);
	sim_add_scenario(suite, "roaming_raced_copies", test_raced_copies);
	sim_add_scenario(suite, "roaming_relay", test_relay);
	return sim_run_suite(suite);
}
