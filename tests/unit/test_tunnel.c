/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tests of src/tunnel: tunnel.c, peer.c, session.c, waiting.c, by packets, sessions, peers and anything. */
#include "tunnel.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "bytes.h"
#include "prng.h"
#include "tunnel_control.h"
#include "tunnel_world.h"

/* ------------------------------------------------------------------------------------------------------------
 * From the device to a peer
 */

START_TEST(reasons_have_names)
{
	for (int i = 0; i < TUNNEL_DROP_COUNT; i++) {
		const char *name = tunnel_drop_name((enum tunnel_drop)i);

		ck_assert_ptr_nonnull(name);
		ck_assert_uint_gt(strlen(name), 0);
		ck_assert_uint_eq(strspn(name, "abcdefghijklmnopqrstuvwxyz_"), strlen(name));
		for (int j = 0; j < i; j++)
			ck_assert_str_ne(name, tunnel_drop_name((enum tunnel_drop)j));
	}
	ck_assert_str_eq(tunnel_drop_name(TUNNEL_DROP_COUNT), "unknown");
}
END_TEST

START_TEST(packets_go_to_the_session)
{
	struct world *w = world_new(0);
	struct bytes p4 = world_packet(200, 1, 100), p6 = world_packet6(200, 2, 1400);
	struct rtmfp_session *s[3];
	struct written *sent;

	for (unsigned i = 1; i <= 2; i++) {
		world_add_peer(w, i, 0);
		s[i] = world_open_session(w, i, false);
		ck_assert_uint_eq(s[i]->sendflow_count, 2);
		ck_assert_hex(s[i]->sendflows[KEYING]->metadata.p, s[i]->sendflows[KEYING]->metadata.len,
			      LANE0);
		ck_assert_int_eq(s[i]->sendflows[KEYING]->priority, RTMFP_PRIORITY_KEYING);
		ck_assert_hex(s[i]->sendflows[IP]->metadata.p, s[i]->sendflows[IP]->metadata.len, BEST);
		ck_assert_int_eq(s[i]->sendflows[IP]->priority, RTMFP_PRIORITY_BULK);
		ck_assert_uint_eq(s[i]->sendflows[IP]->queue_max, TUNNEL_QUEUE_MAX);
	}
	ck_assert_uint_eq(w->opened, 2);
	tunnel_output(w->t, p4.p, p4.len, w->now);
	tunnel_output(w->t, p6.p, p6.len, w->now);
	ck_assert_uint_eq(s[1]->sendflows[IP]->count, 1);
	ck_assert_uint_eq(s[2]->sendflows[IP]->count, 1);
	sent = &s[2]->sendflows[IP]->written[0];
	ck_assert_uint_eq(sent->data.len, p6.len);
	ck_assert_mem_eq(sent->data.p, p6.p, p6.len);
	ck_assert_ptr_eq(sent->write.data, p6.p); /* no copy */
	ck_assert_uint_eq(sent->write.flags, RTMFP_WRITE_BORROW);
	ck_assert(sent->write.lifetime == 0);
	ck_assert(sent->write.queue_time == TUNNEL_QUEUE_TIME);
	ck_assert_uint_eq(s[1]->activity, 1);
	ck_assert_uint_eq(world_stats(w, 1).inner.tx_packets, 1);
	ck_assert_uint_eq(world_stats(w, 1).inner.tx_bytes, 100);
	ck_assert_uint_eq(world_stats(w, 2).inner.tx_bytes, 1400);
	ck_assert_uint_eq(tunnel_counters(w->t)->tx_packets, 2);
	ck_assert_uint_eq(tunnel_counters(w->t)->tx_bytes, 1500);
	ck_assert_uint_eq(world_dropped_in_all(w), 0);
	ck_assert_uint_eq(w->device_count, 0);
	bytes_free(&p4);
	bytes_free(&p6);
	world_end(w);
}
END_TEST

START_TEST(packets_wait_for_a_session)
{
	struct world *w = world_new(0);
	struct rtmfp_session *s;
	struct rtmfp_sendflow *ip;

	world_add_peer(w, 1, 0);
	world_add_peer(w, 2, 0);
	world_output(w, 1, 100);
	world_output(w, 2, 60);
	world_output(w, 1, 200);
	ck_assert_uint_eq(world_rtmfp(w, 1)->opens, 1);
	ck_assert_uint_eq(world_stats(w, 1).waiting_packets, 2);
	ck_assert_uint_eq(world_stats(w, 1).waiting_bytes, 300);
	ck_assert_uint_eq(world_stats(w, 2).waiting_packets, 1);
	s = world_open_session(w, 1, true);
	ip = s->sendflows[IP];
	ck_assert_uint_eq(ip->count, 2);
	ck_assert_uint_eq(ip->written[0].data.len, 100);
	ck_assert_uint_eq(ip->written[1].data.len, 200);
	ck_assert_uint_eq(ip->written[0].data.p[17], 1);
	ck_assert_uint_eq(ip->written[0].write.flags, 0); /* not borrowed: the copy is freed */
	ck_assert_uint_eq(world_stats(w, 1).waiting_packets, 0);
	ck_assert_uint_eq(world_stats(w, 1).waiting_bytes, 0);
	ck_assert_uint_eq(world_stats(w, 2).waiting_packets, 1);
	ck_assert_uint_eq(world_stats(w, 1).inner.tx_packets, 2);
	ck_assert_uint_eq(world_dropped_in_all(w), 0);
	world_end(w); /* with a packet that still waits */
}
END_TEST

START_TEST(the_newest_packets_wait)
{
	struct world *w = world_new(0);
	struct rtmfp_session *s;

	world_add_peer(w, 1, 0);
	for (unsigned i = 0; i < TUNNEL_WAIT_PACKETS + 3; i++)
		world_output(w, 1, 100 + i);
	ck_assert_uint_eq(world_stats(w, 1).waiting_packets, TUNNEL_WAIT_PACKETS);
	ck_assert_uint_eq(world_dropped(w, TUNNEL_DROP_QUEUE_OVERFLOW), 3);
	ck_assert_uint_eq(world_dropped_in_all(w), 3);
	s = world_open_session(w, 1, true);
	ck_assert_uint_eq(s->sendflows[IP]->count, TUNNEL_WAIT_PACKETS);
	ck_assert_uint_eq(s->sendflows[IP]->written[0].data.len, 103);
	world_end_session(s, RTMFP_CLOSED_FAR, false);

	for (unsigned i = 0; i < 20; i++)
		world_output(w, 1, 65000);
	ck_assert_uint_eq(world_stats(w, 1).waiting_packets, TUNNEL_WAIT_BYTES / 65000);
	ck_assert_uint_le(world_stats(w, 1).waiting_bytes, TUNNEL_WAIT_BYTES);
	world_end(w);
}
END_TEST

START_TEST(all_that_waits_is_bounded)
{
	struct world *w = world_new(0);
	size_t bytes = 0, packets = 0;

	for (unsigned i = 0; i < PEERS; i++)
		world_add_peer(w, i, 0);
	for (unsigned round = 0; round < 16; round++) {
		for (unsigned i = 0; i < PEERS; i++)
			world_output(w, (uint8_t)i, 65000);
	}
	for (unsigned i = 0; i < PEERS; i++) {
		struct tunnel_peer_stats stats = world_stats(w, i);

		packets += stats.waiting_packets;
		bytes += stats.waiting_bytes;
		ck_assert_uint_eq(stats.waiting_packets + stats.inner.drops[TUNNEL_DROP_QUEUE_OVERFLOW], 16);
		/* the oldest go first, so that all lose alike */
		ck_assert_uint_ge(stats.waiting_packets, 12);
		ck_assert_uint_le(stats.waiting_packets, 13);
	}
	ck_assert_uint_le(bytes, TUNNEL_WAIT_BYTES_ALL);
	ck_assert_uint_gt(bytes, TUNNEL_WAIT_BYTES_ALL - 2 * 65000);
	ck_assert_uint_eq(world_dropped_in_all(w), 16 * PEERS - packets);
	world_end(w);
}
END_TEST

START_TEST(packets_do_not_wait_for_ever)
{
	struct world *w = world_new(0);

	world_add_peer(w, 1, 0);
	world_add_peer(w, 2, 0);
	ck_assert(tunnel_expiry(w->t) == RTMFP_NEVER);
	world_output(w, 1, 100);
	w->now += RTMFP_S(1);
	world_output(w, 2, 100);
	world_output(w, 1, 100);
	ck_assert(tunnel_expiry(w->t) == START + TUNNEL_WAIT_TIME);
	tunnel_tick(w->t, START + TUNNEL_WAIT_TIME - 1);
	ck_assert_uint_eq(world_dropped_in_all(w), 0);
	tunnel_tick(w->t, START + TUNNEL_WAIT_TIME);
	ck_assert_uint_eq(world_dropped(w, TUNNEL_DROP_QUEUE_TIMEOUT), 1);
	ck_assert_uint_eq(world_stats(w, 1).waiting_packets, 1);
	ck_assert(tunnel_expiry(w->t) == START + RTMFP_S(1) + TUNNEL_WAIT_TIME);
	tunnel_tick(w->t, tunnel_expiry(w->t));
	ck_assert_uint_eq(world_dropped(w, TUNNEL_DROP_QUEUE_TIMEOUT), 3);
	ck_assert_uint_eq(world_stats(w, 2).inner.drops[TUNNEL_DROP_QUEUE_TIMEOUT], 1);
	ck_assert(tunnel_expiry(w->t) == RTMFP_NEVER);
	world_end(w);
}
END_TEST

START_TEST(an_opening_that_fails_drops_what_waits)
{
	struct world *w = world_new(0);

	world_add_peer(w, 1, 0);
	world_output(w, 1, 100);
	world_output(w, 1, 100);
	world_rtmfp(w, 1)->state = RTMFP_PEER_IDLE;
	tunnel_callbacks.on_open_failed(w->t, world_rtmfp(w, 1));
	ck_assert_uint_eq(w->open_failed, 1);
	ck_assert_uint_eq(world_dropped(w, TUNNEL_DROP_OPEN_FAILED), 2);
	ck_assert_uint_eq(world_dropped_in_all(w), 2);
	world_output(w, 1, 100); /* and the next packet tries again */
	ck_assert_uint_eq(world_rtmfp(w, 1)->opens, 2);
	tunnel_callbacks.on_silent(w->t, world_rtmfp(w, 1));
	ck_assert_uint_eq(w->silent, 1);
	world_end(w);
}
END_TEST

START_TEST(what_goes_nowhere_is_answered)
{
	struct world *w = world_new(0);
	struct bytes p4 = world_packet(200, 9, 100), p6 = world_packet6(200, 9, 100),
		     to1 = world_packet(200, 1, 80);

	world_add_peer(w, 1, 0);
	tunnel_output(w->t, p4.p, p4.len, w->now);
	tunnel_output(w->t, p6.p, p6.len, w->now);
	ck_assert_uint_eq(world_dropped(w, TUNNEL_DROP_NO_ROUTE), 2);
	world_assert_icmp(w, 0, &p4, 3, 1);
	world_assert_icmp(w, 1, &p6, 1, 3);

	world_rtmfp(w, 1)->open_result = RTMFP_ERR_UNKNOWN;
	tunnel_output(w->t, to1.p, to1.len, w->now);
	ck_assert_uint_eq(world_dropped(w, TUNNEL_DROP_NO_ENDPOINT), 1);
	ck_assert_uint_eq(world_stats(w, 1).waiting_packets, 0);
	world_assert_icmp(w, 2, &to1, 3, 1);

	to1.p[0] = 0x44; /* nonsense is not */
	tunnel_output(w->t, to1.p, to1.len, w->now);
	tunnel_output(w->t, to1.p, 0, w->now);
	ck_assert_uint_eq(world_dropped(w, TUNNEL_DROP_OUT_PACKET), 2);
	ck_assert_uint_eq(world_dropped_in_all(w), 5);
	ck_assert_uint_eq(w->device_count, 3);
	ck_assert_uint_eq(tunnel_icmp_sent(w->t), 3);

	w->device_result = -1; /* an answer that is lost is not sent */
	tunnel_output(w->t, p4.p, p4.len, w->now);
	ck_assert_uint_eq(tunnel_icmp_sent(w->t), 3);
	ck_assert_uint_eq(world_dropped_in_all(w), 6);
	bytes_free(&p4);
	bytes_free(&p6);
	bytes_free(&to1);
	world_end(w);
}
END_TEST

START_TEST(answers_are_limited)
{
	struct world *w = world_new(0);
	uint64_t sent;

	for (unsigned i = 0; i < 1000; i++)
		world_output(w, 9, 60);
	ck_assert_uint_eq(tunnel_icmp_sent(w->t), TUNNEL_ICMP_BURST);
	w->now += RTMFP_S(1) / TUNNEL_ICMP_RATE;
	for (unsigned i = 0; i < 10; i++)
		world_output(w, 9, 60);
	ck_assert_uint_eq(tunnel_icmp_sent(w->t), TUNNEL_ICMP_BURST + 1);
	sent = tunnel_icmp_sent(w->t);
	for (unsigned i = 0; i < 3000; i++) { /* three seconds of 1000 packets */
		w->now += RTMFP_MS(1);
		world_output(w, 9, 60);
	}
	ck_assert_uint_ge(tunnel_icmp_sent(w->t) - sent, 3 * TUNNEL_ICMP_RATE - 1);
	ck_assert_uint_le(tunnel_icmp_sent(w->t) - sent, 3 * TUNNEL_ICMP_RATE + 1);
	w->now += RTMFP_S(3600); /* a long silence saves up no more than a burst */
	sent = tunnel_icmp_sent(w->t);
	for (unsigned i = 0; i < 200; i++)
		world_output(w, 9, 60);
	ck_assert_uint_eq(tunnel_icmp_sent(w->t) - sent, TUNNEL_ICMP_BURST);
	ck_assert_uint_eq(world_dropped(w, TUNNEL_DROP_NO_ROUTE), 1000 + 10 + 3000 + 200);
	world_end(w);
}
END_TEST

START_TEST(what_a_session_does_not_take_is_counted)
{
	static const struct {
		int err;
		enum tunnel_drop reason;
	} cases[] = {
		{ RTMFP_ERR_NOBUFS, TUNNEL_DROP_FLOW_FULL },
		{ RTMFP_ERR_NOMEM, TUNNEL_DROP_NOMEM },
		{ RTMFP_ERR_CLOSED, TUNNEL_DROP_FLOW_CLOSED },
	};
	struct world *w = world_new(0);
	struct rtmfp_session *s;

	world_add_peer(w, 1, 0);
	s = world_open_session(w, 1, true);
	for (unsigned i = 0; i < 3; i++) {
		s->sendflows[IP]->result = cases[i].err;
		world_output(w, 1, 100);
		world_output(w, 1, 100);
		ck_assert_uint_eq(world_dropped(w, cases[i].reason), 2);
		ck_assert_uint_eq(world_dropped_in_all(w), 2 * (i + 1));
	}
	s->sendflows[IP]->result = 0;
	world_output(w, 1, 100);
	ck_assert_uint_eq(tunnel_counters(w->t)->tx_packets, 1);
	ck_assert_uint_eq(world_dropped_in_all(w), 6);
	world_end(w);
}
END_TEST

START_TEST(a_refused_flow_is_tried_again_after_a_while)
{
	struct world *w = world_new(0);
	struct rtmfp_session *s;

	world_add_peer(w, 1, 0);
	s = world_open_session(w, 1, false);
	tunnel_callbacks.on_exception(w->t, s->sendflows[IP], TUNNEL_EXCEPTION_TOO_MANY);
	s->sendflows[IP]->closed = true;
	world_output(w, 1, 100);
	tunnel_callbacks.on_sendflow_closed(w->t, s->sendflows[IP]);
	world_output(w, 1, 100);
	ck_assert_uint_eq(world_dropped(w, TUNNEL_DROP_FLOW_CLOSED), 2);
	ck_assert_uint_eq(s->sendflow_count, 2);
	ck_assert(!world_stats(w, 1).has_flow);
	w->now += RTMFP_S(5);
	world_output(w, 1, 100);
	ck_assert_uint_eq(s->sendflow_count, 3);
	ck_assert_hex(s->sendflows[2]->metadata.p, s->sendflows[2]->metadata.len, BEST);
	ck_assert_uint_eq(s->sendflows[2]->count, 1);
	ck_assert(world_stats(w, 1).has_flow);
	/* the old flow's end does not end the new one */
	tunnel_callbacks.on_sendflow_closed(w->t, s->sendflows[IP]);
	world_output(w, 1, 100);
	ck_assert_uint_eq(s->sendflows[2]->count, 2);

	/* and without memory for it, the packet is lost, not the session */
	tunnel_callbacks.on_sendflow_closed(w->t, s->sendflows[2]);
	s->sendflows[2]->closed = true;
	w->ep.sendflows_until_failure = 1;
	world_output(w, 1, 100);
	ck_assert_uint_eq(world_dropped(w, TUNNEL_DROP_NOMEM), 1);
	world_output(w, 1, 100);
	ck_assert_uint_eq(s->sendflows[3]->count, 1);
	world_end(w);
}
END_TEST

/* ------------------------------------------------------------------------------------------------------------
 * Sessions and peers come and go
 */

START_TEST(traffic_follows_the_current_session)
{
	struct world *w = world_new(0);
	struct bytes p = world_packet(1, 200, 100);
	struct rtmfp_recvflow *flow;
	struct rtmfp_session *a, *b;
	struct tunnel_peer_stats stats;

	world_add_peer(w, 1, 0);
	a = world_open_session(w, 1, true);
	flow = world_begin_hex(w, a, BEST);
	world_output(w, 1, 100);
	w->now += RTMFP_S(60);
	b = world_open_session(w, 1, false);
	world_output(w, 1, 100);
	ck_assert_uint_eq(a->sendflows[IP]->count, 1);
	ck_assert_uint_eq(b->sendflows[IP]->count, 1);
	world_message(w, flow, &p, false); /* the old one is still received from */
	ck_assert_uint_eq(w->device_count, 1);
	a->stats.path = world_path(66, 6); /* and its path is not the peer's any more */
	tunnel_callbacks.on_path(w->t, a);
	ck_assert_uint_eq(world_stats(w, 1).path.remote.port, 1935);

	a->stats.rx_bytes = 1000, a->stats.tx_bytes = 2000, a->stats.rx_packets = 10,
	a->stats.tx_packets = 20;
	b->stats.rx_bytes = 300, b->stats.tx_bytes = 400, b->stats.rx_packets = 3, b->stats.tx_packets = 4;
	stats = world_stats(w, 1);
	ck_assert_uint_eq(stats.sessions, 2);
	ck_assert_uint_eq(stats.opened, 2);
	ck_assert_uint_eq(stats.rx_bytes, 1300);
	ck_assert_uint_eq(stats.tx_datagrams, 24);
	ck_assert(stats.latest_handshake == START + RTMFP_S(60));
	ck_assert(stats.has_session);
	ck_assert_uint_eq(stats.session.rx_bytes, 300);
	ck_assert(stats.has_flow);
	ck_assert_uint_eq(stats.flow.messages, 1);

	world_end_session(a, RTMFP_CLOSED_REPLACED, false);
	ck_assert_uint_eq(w->closed, 1);
	ck_assert_int_eq(w->reason, RTMFP_CLOSED_REPLACED);
	world_output(w, 1, 100);
	ck_assert_uint_eq(b->sendflows[IP]->count, 2);
	world_end_session(b, RTMFP_CLOSED_FAR, false);
	stats = world_stats(w, 1);
	ck_assert_uint_eq(stats.sessions, 0);
	ck_assert(!stats.has_session);
	ck_assert_uint_eq(stats.rx_bytes, 1300);
	ck_assert_uint_eq(stats.tx_bytes, 2400);
	ck_assert_uint_eq(stats.rx_datagrams, 13);
	ck_assert_uint_eq(stats.tx_datagrams, 24);
	ck_assert(stats.latest_handshake == START + RTMFP_S(60));
	ck_assert(stats.has_path);
	world_output(w, 1, 100); /* the next packet opens a new one */
	ck_assert_uint_eq(world_rtmfp(w, 1)->opens, 1);
	ck_assert_uint_eq(world_stats(w, 1).waiting_packets, 1);
	bytes_free(&p);
	world_end(w);
}
END_TEST

START_TEST(a_peer_with_keepalive_is_opened_again)
{
	struct world *w = world_new(0);
	struct rtmfp_peer *peer;

	world_add_peer(w, 1, RTMFP_S(25));
	world_add_peer(w, 2, 0);
	peer = world_rtmfp(w, 1);
	peer->open_result = RTMFP_ERR_UNKNOWN;
	ck_assert_int_eq(tunnel_peer_open(w->peers[1], w->now), RTMFP_ERR_UNKNOWN);
	ck_assert_uint_eq(peer->opens, 1);
	for (unsigned i = 2; i < 5; i++) { /* there is no address for it yet */
		ck_assert(tunnel_expiry(w->t) == w->now + TUNNEL_REOPEN_TIME);
		tunnel_tick(w->t, w->now + TUNNEL_REOPEN_TIME - 1);
		ck_assert_uint_eq(peer->opens, i - 1);
		w->now += TUNNEL_REOPEN_TIME;
		tunnel_tick(w->t, w->now);
		ck_assert_uint_eq(peer->opens, i);
	}
	peer->open_result = 0;
	w->now += TUNNEL_REOPEN_TIME;
	tunnel_tick(w->t, w->now);
	ck_assert_uint_eq(peer->opens, 5);
	w->now += TUNNEL_REOPEN_TIME;
	tunnel_tick(w->t, w->now); /* it is being opened */
	ck_assert_uint_eq(peer->opens, 5);
	peer->state = RTMFP_PEER_IDLE;
	tunnel_callbacks.on_open_failed(w->t, peer);
	w->now += TUNNEL_REOPEN_TIME;
	tunnel_tick(w->t, w->now);
	ck_assert_uint_eq(peer->opens, 6);

	world_open_session(w, 1, true);
	ck_assert(tunnel_expiry(w->t) == RTMFP_NEVER);
	world_open_session(w, 1, true);
	world_end_session(peer->sessions->next, RTMFP_CLOSED_REPLACED, false);
	ck_assert(tunnel_expiry(w->t) == RTMFP_NEVER);
	world_end_session(peer->sessions, RTMFP_CLOSED_FAR, false);
	ck_assert(tunnel_expiry(w->t) == w->now + TUNNEL_REOPEN_TIME);
	w->now += TUNNEL_REOPEN_TIME;
	tunnel_tick(w->t, w->now);
	ck_assert_uint_eq(peer->opens, 7);
	tunnel_peer_set_keepalive(w->peers[1], 0, w->now);
	ck_assert(tunnel_expiry(w->t) == RTMFP_NEVER);
	tunnel_peer_set_keepalive(w->peers[2], RTMFP_S(1), w->now);
	ck_assert(tunnel_expiry(w->t) == w->now + TUNNEL_REOPEN_TIME);
	world_end(w);
}
END_TEST

START_TEST(reopening_keeps_its_order)
{
	struct world *w = world_new(0);

	for (unsigned i = 0; i < 5; i++) {
		world_add_peer(w, i, RTMFP_S(25));
		w->now += RTMFP_S(1) / 2;
	}
	ck_assert(tunnel_expiry(w->t) == START + TUNNEL_REOPEN_TIME);
	tunnel_peer_remove(w->peers[0], w->now); /* first, middle and last leave */
	tunnel_peer_remove(w->peers[2], w->now);
	tunnel_peer_remove(w->peers[4], w->now);
	w->peers[0] = w->peers[2] = w->peers[4] = NULL;
	ck_assert(tunnel_expiry(w->t) == START + RTMFP_MS(500) + TUNNEL_REOPEN_TIME);
	tunnel_tick(w->t, tunnel_expiry(w->t));
	ck_assert_uint_eq(world_rtmfp(w, 1)->opens, 1);
	ck_assert_uint_eq(world_rtmfp(w, 3)->opens, 0);
	ck_assert(tunnel_expiry(w->t) == START + RTMFP_MS(1500) + TUNNEL_REOPEN_TIME);
	world_end(w);
}
END_TEST

START_TEST(a_removed_peer_leaves_nothing)
{
	struct world *w = world_new(0);
	struct bytes p = world_packet(1, 200, 100);
	struct rtmfp_recvflow *flow;
	struct rtmfp_session *s;
	size_t live;

	world_add_peer(w, 2, 0);
	live = w->live;
	world_add_peer(w, 1, RTMFP_S(25));
	world_output(w, 1, 100);
	world_output(w, 1, 100);
	tunnel_peer_remove(w->peers[1], w->now);
	ck_assert_uint_eq(world_dropped(w, TUNNEL_DROP_PEER_REMOVED), 2);
	ck_assert_uint_eq(w->live, live);
	ck_assert(tunnel_expiry(w->t) == RTMFP_NEVER);
	world_output(w, 1, 100);
	ck_assert_uint_eq(world_dropped(w, TUNNEL_DROP_NO_ROUTE), 1);

	world_add_peer(w, 1, 0);
	s = world_open_session(w, 1, true);
	world_begin_hex(w, s, LANE1);
	world_begin_hex(w, s, "020104 00");
	world_open_session(w, 1, true);
	w->closed = 0;
	tunnel_peer_remove(w->peers[1], w->now); /* the protocol tells of each flow's and session's end */
	w->peers[1] = NULL;
	ck_assert_uint_eq(w->closed, 0);
	ck_assert_uint_eq(w->live, live);

	/* what a session says that lost its user is dropped */
	s = world_open_session(w, 2, true);
	flow = world_begin_hex(w, s, BEST);
	rtmfp_session_set_user(s, NULL);
	world_message(w, flow, &p, false);
	ck_assert_uint_eq(world_dropped(w, TUNNEL_DROP_PEER_REMOVED), 3);
	ck_assert_int_eq(world_begin_hex(w, s, BEST)->rejected, 1);
	tunnel_callbacks.on_rekey_message(w->t, s, RTMFP_REKEY_CONFIRM, 1, NULL, 0);
	tunnel_callbacks.on_path(w->t, s);
	tunnel_callbacks.on_exception(w->t, s->sendflows[IP], 1);
	ck_assert_uint_eq(s->sendflows[KEYING]->count, 0);
	bytes_free(&p);
	world_end(w);
}
END_TEST

START_TEST(allowed_ips_of_a_peer)
{
	struct world *w = world_new(0);
	const struct tunnel_allowed_node *at;
	struct tunnel_prefix p = { .family = 4, .len = 33 };

	world_add_peer(w, 1, 0);
	world_add_peer(w, 2, 0);
	ck_assert_int_eq(tunnel_peer_allow(w->peers[1], &p), RTMFP_ERR_SYNTAX);
	at = tunnel_peer_allowed_next(w->peers[1], NULL, &p);
	ck_assert_uint_eq(p.family, 4);
	ck_assert_uint_eq(p.len, 16);
	ck_assert_uint_eq(p.ip[1], 1);
	ck_assert(!tunnel_peer_disallow(w->peers[2], &p));
	ck_assert_ptr_nonnull(tunnel_peer_allowed_next(w->peers[1], at, &p));
	ck_assert(tunnel_peer_disallow(w->peers[1], &p));
	ck_assert_ptr_null(tunnel_peer_allowed_next(w->peers[1], at, &p));
	world_end(w);
}
END_TEST

/* ------------------------------------------------------------------------------------------------------------
 * Without memory
 */

START_TEST(without_memory_for_a_tunnel_or_peer)
{
	struct world *w = world_new(0);
	struct tunnel_config cfg = { .mem = &w->mem, .hooks = &world_hooks, .user = w };
	struct tunnel *t = NULL;

	for (long i = 0; i < 2; i++) {
		size_t live = w->live;

		w->fail_in = i;
		ck_assert_int_eq(tunnel_new(&cfg, w->now, &t), RTMFP_ERR_NOMEM);
		ck_assert_uint_eq(w->live, live);
	}
	w->fail_in = 0;
	ck_assert_int_eq(tunnel_peer_add(w->t, &w->fars[1], 0, NULL, w->now, &w->peers[1]), RTMFP_ERR_NOMEM);
	w->fail_in = -1;
	w->ep.peer_new_result = RTMFP_ERR_LIMIT;
	ck_assert_int_eq(tunnel_peer_add(w->t, &w->fars[1], 0, NULL, w->now, &w->peers[1]), RTMFP_ERR_LIMIT);
	ck_assert_ptr_null(w->peers[1]);
	world_end(w);
}
END_TEST

START_TEST(without_memory_for_a_session)
{
	struct world *w = world_new(0);
	struct rtmfp_session *s;

	world_add_peer(w, 1, RTMFP_S(25));
	world_output(w, 1, 100);
	for (unsigned i = 0; i < 3; i++) { /* for its state, its keying flow, its ip flow */
		size_t live = w->live;

		w->fail_in = i == 0 ? 0 : -1;
		w->ep.sendflows_until_failure = i;
		s = world_open_session(w, 1, true);
		ck_assert(s->closing);
		ck_assert_ptr_null(s->user);
		world_end_session(s, RTMFP_CLOSED_LOCAL, false);
		w->fail_in = -1;
		w->ep.sendflows_until_failure = 0;
		ck_assert_uint_eq(w->live, live);
		ck_assert_uint_eq(w->opened, 0);
		ck_assert_uint_eq(w->closed, 0);
		ck_assert_uint_eq(world_stats(w, 1).waiting_packets, 1);
		ck_assert(tunnel_expiry(w->t) != RTMFP_NEVER); /* it is opened again */
	}
	s = world_open_session(w, 1, true);
	ck_assert_uint_eq(s->sendflows[IP]->count, 1);
	ck_assert_uint_eq(world_dropped_in_all(w), 0);
	world_end_session(s, RTMFP_CLOSED_FAR, false);

	w->fail_in = 0; /* for a packet that waits */
	world_output(w, 1, 100);
	ck_assert_uint_eq(world_dropped(w, TUNNEL_DROP_NOMEM), 1);
	w->fail_in = -1;
	w->ep.sendflows_until_failure = 3; /* for the control flow */
	s = world_open_session(w, 1, true);
	ck_assert(!s->closing);
	ck_assert_uint_eq(world_dropped(w, TUNNEL_DROP_CONTROL_SEND), 1);
	tunnel_callbacks.on_path(w->t, s); /* another chance */
	ck_assert_uint_eq(s->sendflows[CONTROL]->count, 1);
	world_end(w);
}
END_TEST

/* ------------------------------------------------------------------------------------------------------------
 * Anything at all: every packet of the device is sent, dropped for one reason or waits; nothing leaks.
 */

static struct bytes random_control(struct prng *r)
{
	struct bytes b = bytes_new(prng_below(r, 200));
	size_t at = 0;

	prng_fill(r, b.p, b.len);
	while (prng_below(r, 20) && at + 2 <= b.len) {
		b.p[at] = (uint8_t)(1 + prng_below(r, 12));
		b.p[at + 1] = (uint8_t)prng_below(r, 0x44);
		at += b.p[at] + 1u;
	}
	return b;
}

static struct bytes random_metadata(struct prng *r)
{
	static const char *const seeds[] = { LANE0, LANE1, BEST, "020102 03038148 0140 00" };
	struct bytes b = bytes_hex(seeds[prng_below(r, 4)]);

	if (prng_below(r, 4) == 0)
		b.p[prng_below(r, b.len)] = (uint8_t)prng_next(r);
	return b;
}

static void random_message(struct world *w, struct prng *r, struct rtmfp_session *s)
{
	struct rtmfp_recvflow *flow;
	struct bytes b;

	if (s->recvflow_count < 100 && prng_below(r, 8) == 0) {
		b = random_metadata(r);
		world_begin(w, s, &b);
		bytes_free(&b);
	}
	if (!s->recvflow_count)
		return;
	flow = s->recvflows[prng_below(r, s->recvflow_count)];
	if (flow->closed || flow->rejected)
		return;
	if (prng_below(r, 30) == 0) {
		world_finish(w, flow);
		return;
	}
	if (prng_below(r, 2))
		b = random_control(r);
	else
		b = world_packet((uint8_t)prng_below(r, 6), 200, 20 + prng_below(r, 100));
	if (prng_below(r, 4) == 0)
		b.p = b.len ? (b.p[prng_below(r, b.len)] = (uint8_t)prng_next(r), b.p) : b.p;
	if (s->rekeyed_count < 12)
		world_message(w, flow, &b, prng_below(r, 2));
	bytes_free(&b);
}

static void random_session_event(struct world *w, struct prng *r, struct rtmfp_peer *peer)
{
	struct rtmfp_session *s = peer->sessions;
	struct rtmfp_sendflow *flow;

	while (s && s->next && prng_below(r, 2))
		s = s->next;
	if (!s)
		return;
	if (s->closing) {
		world_end_session(s, RTMFP_CLOSED_LOCAL, false);
		return;
	}
	switch (prng_below(r, 8)) {
	case 0: world_end_session(s, RTMFP_CLOSED_FAR, false); break;
	case 1:
		flow = s->sendflows[prng_below(r, s->sendflow_count)];
		if (flow->closed || s->sendflow_count > 40)
			break;
		tunnel_callbacks.on_exception(w->t, flow, prng_below(r, 6));
		flow->closed = true;
		tunnel_callbacks.on_sendflow_closed(w->t, flow);
		break;
	case 2:
		s->stats.path = world_path((uint8_t)prng_below(r, 4), 7);
		tunnel_callbacks.on_path(w->t, s);
		break;
	case 3:
		s->sendflows[prng_below(r, s->sendflow_count)]->result =
			prng_below(r, 2) ? 0 : -(int)(1 + prng_below(r, 3));
		break;
	default: random_message(w, r, s); break;
	}
}

START_TEST(random_events)
{
	for (prng_each(run, 1, 150)) {
		struct world *w = world_new(prng_below(&run.r, 2) ? 0 : 1400);
		uint64_t sent = 0, waiting = 0, drops = 0;

		for (unsigned i = 0; i < 4; i++)
			world_add_peer(w, i, prng_below(&run.r, 2) ? 0 : RTMFP_S(25));
		for (unsigned step = 0; step < 400; step++) {
			unsigned i = (unsigned)prng_below(&run.r, 4);
			struct rtmfp_peer *peer = w->peers[i] ? world_rtmfp(w, i) : NULL;

			w->now += prng_below(&run.r, RTMFP_MS(200));
			w->fail_in = prng_below(&run.r, 10) ? -1 : (long)prng_below(&run.r, 3);
			w->device_result = prng_below(&run.r, 20) ? 0 : -1;
			switch (prng_below(&run.r, 40)) {
			case 0:
				if (peer) {
					tunnel_peer_remove(w->peers[i], w->now);
					w->peers[i] = NULL;
				} else {
					w->fail_in = -1;
					world_add_peer(w, i, prng_below(&run.r, 2) ? 0 : RTMFP_S(25));
				}
				break;
			case 1:
				if (peer)
					world_open_session(w, i, prng_below(&run.r, 2));
				break;
			case 2:
				if (peer && !peer->current) {
					peer->state = RTMFP_PEER_IDLE;
					tunnel_callbacks.on_open_failed(w->t, peer);
				}
				break;
			case 3:
				if (peer)
					peer->open_result = prng_below(&run.r, 2) ? 0 : RTMFP_ERR_UNKNOWN;
				break;
			case 4: tunnel_tick(w->t, w->now); break;
			case 5:
			case 6:
			case 7:
			case 8:
			case 9:
			case 10:
			case 11:
			case 12:
			case 13:
				world_output(w, (uint8_t)prng_below(&run.r, 5),
					     20 + prng_below(&run.r, 1500));
				sent++;
				break;
			default:
				if (peer) {
					tunnel_set_now(w->t, w->now);
					random_session_event(w, &run.r, peer);
				}
				break;
			}
			if (w->device_count > LOG / 2)
				world_forget_device(w);
		}
		for (unsigned i = 0; i < 4; i++)
			waiting += w->peers[i] ? world_stats(w, i).waiting_packets : 0;
		for (int i = TUNNEL_DROP_OUT_PACKET; i <= TUNNEL_DROP_FLOW_CLOSED; i++)
			drops += world_dropped(w, (enum tunnel_drop)i);
		/* NOMEM can only be of the device's packets here; PEER_REMOVED too */
		drops += world_dropped(w, TUNNEL_DROP_NOMEM);
		prng_assert(run, sent == tunnel_counters(w->t)->tx_packets + drops + waiting);
		world_end(w);
	}
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		reasons_have_names,
		packets_go_to_the_session,
		packets_wait_for_a_session,
		the_newest_packets_wait,
		all_that_waits_is_bounded,
		packets_do_not_wait_for_ever,
		an_opening_that_fails_drops_what_waits,
		what_goes_nowhere_is_answered,
		answers_are_limited,
		what_a_session_does_not_take_is_counted,
		a_refused_flow_is_tried_again_after_a_while,
		traffic_follows_the_current_session,
		a_peer_with_keepalive_is_opened_again,
		reopening_keeps_its_order,
		a_removed_peer_leaves_nothing,
		allowed_ips_of_a_peer,
		without_memory_for_a_tunnel_or_peer,
		without_memory_for_a_session,
		random_events,
	};
	Suite *suite = suite_create("tunnel");
	TCase *tc = tcase_create("tunnel");
	SRunner *runner;
	int failed;

	tcase_set_timeout(tc, 120);
	for (size_t i = 0; i < sizeof(tests) / sizeof(tests[0]); i++)
		tcase_add_test(tc, tests[i]);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
