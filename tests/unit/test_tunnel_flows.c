/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tests of src/tunnel/session.c: packets and flows of the far end, and control messages both ways. */
#include "tunnel.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "bytes.h"
#include "tunnel_control.h"
#include "tunnel_world.h"

/* ------------------------------------------------------------------------------------------------------------
 * From a peer to the device
 */

START_TEST(packets_go_to_the_device)
{
	struct world *w = world_new(0);
	struct bytes p4 = world_packet(1, 200, 100), p6 = world_packet6(1, 200, 1400),
		     big = world_packet(1, 200, 65535);
	struct rtmfp_recvflow *flow;
	struct rtmfp_session *s;

	world_add_peer(w, 1, 0);
	s = world_open_session(w, 1, false);
	flow = world_begin_hex(w, s, BEST);
	ck_assert_int_eq(flow->rejected, 0);
	world_message(w, flow, &p4, true);
	world_message(w, flow, &p6, false);
	world_message(w, flow, &big, false);
	ck_assert_uint_eq(w->device_count, 3);
	ck_assert_mem_eq(w->device[0].data.p, p4.p, p4.len);
	ck_assert(w->device[0].in_place);
	ck_assert_uint_eq(w->device[1].data.len, p6.len);
	ck_assert(!w->device[1].in_place);
	ck_assert_uint_eq(w->flushes, 0);
	tunnel_callbacks.on_batch_end(w->t);
	ck_assert_uint_eq(w->flushes, 1);
	ck_assert_uint_eq(s->activity, 3);
	ck_assert_uint_eq(world_stats(w, 1).inner.rx_packets, 3);
	ck_assert_uint_eq(world_stats(w, 1).inner.rx_bytes, 100 + 1400 + 65535);
	ck_assert_uint_eq(tunnel_counters(w->t)->rx_packets, 3);
	ck_assert_uint_eq(tunnel_counters(w->t)->rx_bytes, 100 + 1400 + 65535);
	ck_assert_uint_eq(world_dropped_in_all(w), 0);
	w->device_result = -5;
	world_message(w, flow, &p4, true);
	ck_assert_uint_eq(world_dropped(w, TUNNEL_DROP_DEVICE), 1);
	ck_assert_uint_eq(world_stats(w, 1).inner.rx_packets, 3);
	ck_assert_uint_eq(world_dropped_in_all(w), 1);
	bytes_free(&p4);
	bytes_free(&p6);
	bytes_free(&big);
	world_end(w);
}
END_TEST

START_TEST(only_own_sources_pass)
{
	struct world *w = world_new(0);
	struct bytes own = world_packet(1, 200, 100), other = world_packet(2, 200, 100),
		     nobody = world_packet6(7, 200, 100);
	struct bytes inner =
		world_packet4((const uint8_t[]){ 10, 1, 7, 7 }, (const uint8_t[]){ 10, 9, 9, 9 }, 60);
	struct rtmfp_recvflow *flow;

	world_add_peer(w, 1, 0);
	world_add_peer(w, 2, 0);
	flow = world_begin_hex(w, world_open_session(w, 1, false), BEST);
	world_message(w, flow, &other, false);
	world_message(w, flow, &nobody, false);
	ck_assert_uint_eq(world_dropped(w, TUNNEL_DROP_SOURCE), 2);
	ck_assert_uint_eq(world_stats(w, 1).inner.drops[TUNNEL_DROP_SOURCE], 2);
	ck_assert_uint_eq(w->device_count, 0);
	world_message(w, flow, &own, false);
	world_message(w, flow, &inner, false);
	ck_assert_uint_eq(w->device_count, 2);
	/* a longer prefix inside the peer's own is another's now */
	world_allow(w, 2, 4, 24, (const uint8_t[]){ 10, 1, 7, 0 });
	world_message(w, flow, &inner, false);
	ck_assert_uint_eq(w->device_count, 2);
	ck_assert_uint_eq(world_dropped(w, TUNNEL_DROP_SOURCE), 3);
	ck_assert_uint_eq(world_dropped_in_all(w), 3);
	bytes_free(&own);
	bytes_free(&other);
	bytes_free(&nobody);
	bytes_free(&inner);
	world_end(w);
}
END_TEST

START_TEST(malformed_messages_of_ip_flows)
{
	struct world *w = world_new(0);
	struct bytes own = world_packet(1, 200, 100), empty = bytes_new(0);
	struct rtmfp_recvflow *flow;

	world_add_peer(w, 1, 0);
	flow = world_begin_hex(w, world_open_session(w, 1, false), BEST);
	world_message(w, flow, &empty, false);
	world_message_hex(w, flow,
			  "10010000 00000000 00000000"); /* a super-packet (7.1), which nobody agreed on */
	world_message_hex(w, flow, "00");
	world_message_hex(w, flow, "50");
	world_message_hex(w, flow, "70ffffff");
	ck_assert_uint_eq(world_dropped(w, TUNNEL_DROP_MESSAGE_TYPE), 5);
	world_message_hex(w, flow, "45");
	world_message_hex(w, flow, "60");
	own.p[3]++;
	world_message(w, flow, &own, false);
	ck_assert_uint_eq(world_dropped(w, TUNNEL_DROP_IN_PACKET), 3);
	ck_assert_uint_eq(world_dropped_in_all(w), 8);
	ck_assert_uint_eq(w->device_count, 0);
	bytes_free(&own);
	bytes_free(&empty);
	world_end(w);
}
END_TEST

/* ------------------------------------------------------------------------------------------------------------
 * Flows of the far end
 */

START_TEST(flows_are_accepted_or_rejected)
{
	static const struct {
		const char *metadata;
		int result;
	} cases[] = {
		{ LANE0, 0 },
		{ LANE1, 0 },
		{ BEST, 0 },
		{ "020102 020203 00", 0 },
		{ "020102 03038148 00", 0 },
		{ "020104 00", 1 + TUNNEL_EXCEPTION_SERVICE },
		{ "", 1 + TUNNEL_EXCEPTION_LIST },
		{ "020101 00", 1 + TUNNEL_EXCEPTION_LIST },
		{ "020102 0105 00", 1 + TUNNEL_EXCEPTION_OPTION },
		{ "020103 00", 1 + TUNNEL_EXCEPTION_NOT_ALLOWED },	  /* eth */
		{ "020102 020204 00", 1 + TUNNEL_EXCEPTION_NOT_ALLOWED }, /* a fifth class */
		{ "020101 020202 00", 1 + TUNNEL_EXCEPTION_NOT_ALLOWED }, /* a third lane */
		{ "020102 0104 00", 1 + TUNNEL_EXCEPTION_NOT_ALLOWED },	  /* partial */
		{ "020101 020200 0104 00", 1 + TUNNEL_EXCEPTION_NOT_ALLOWED },
	};
	struct world *w = world_new(0);
	struct rtmfp_session *s;

	world_add_peer(w, 1, 0);
	s = world_open_session(w, 1, false);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct rtmfp_recvflow *flow = world_begin_hex(w, s, cases[i].metadata);

		ck_assert_msg(flow->rejected == cases[i].result, "%s: %d", cases[i].metadata, flow->rejected);
	}
	ck_assert_int_eq(s->recvflows[0]->params.order, RTMFP_ORDER_QUEUE);
	ck_assert_uint_ge(s->recvflows[0]->params.message_max, 65536);
	ck_assert_uint_ge(s->recvflows[0]->params.buffer_capacity, 65536);
	ck_assert_int_eq(s->recvflows[1]->params.order, RTMFP_ORDER_QUEUE);
	ck_assert_int_eq(s->recvflows[2]->params.order, RTMFP_ORDER_ARRIVAL);
	ck_assert_uint_eq(s->recvflows[2]->params.buffer_capacity, 8 << 20);
	ck_assert_uint_eq(s->recvflows[2]->params.message_max, 65536 + 12);
	world_end(w);
}
END_TEST

START_TEST(flows_of_a_session_are_bounded)
{
	struct world *w = world_new(0);
	struct rtmfp_session *s;
	size_t memory = 0;

	world_add_peer(w, 1, 0);
	s = world_open_session(w, 1, false);
	for (unsigned i = 0; i < TUNNEL_RECVFLOWS_MAX; i++) {
		struct rtmfp_recvflow *flow = world_begin_hex(w, s, BEST);

		ck_assert_int_eq(flow->rejected, 0);
		memory += flow->params.buffer_capacity;
	}
	ck_assert_uint_le(memory, 48u << 20);
	ck_assert_int_eq(world_begin_hex(w, s, LANE0)->rejected, 1 + TUNNEL_EXCEPTION_TOO_MANY);
	ck_assert_int_eq(world_begin_hex(w, s, BEST)->rejected, 1 + TUNNEL_EXCEPTION_TOO_MANY);
	world_finish(w, s->recvflows[64]); /* a rejected one made no room */
	ck_assert_int_eq(world_begin_hex(w, s, BEST)->rejected, 1 + TUNNEL_EXCEPTION_TOO_MANY);
	world_finish(w, s->recvflows[0]);
	ck_assert_int_eq(world_begin_hex(w, s, LANE0)->rejected, 0);
	ck_assert_int_eq(world_begin_hex(w, s, LANE0)->rejected, 1 + TUNNEL_EXCEPTION_TOO_MANY);
	for (unsigned i = 1; i < 64; i++)
		world_finish(w, s->recvflows[i]);
	ck_assert_uint_eq(world_begin_hex(w, s, BEST)->params.buffer_capacity, 8 << 20);
	world_end(w);
}
END_TEST

/* ------------------------------------------------------------------------------------------------------------
 * Control messages
 */

static struct rtmfp_sendflow *control_of(struct rtmfp_session *s)
{
	ck_assert_uint_gt(s->sendflow_count, CONTROL);
	ck_assert_hex(s->sendflows[CONTROL]->metadata.p, s->sendflows[CONTROL]->metadata.len, LANE1);
	ck_assert_int_eq(s->sendflows[CONTROL]->priority, RTMFP_PRIORITY_CONTROL);
	return s->sendflows[CONTROL];
}

static void assert_sent(const struct rtmfp_sendflow *flow, size_t i, const char *hex)
{
	ck_assert_uint_lt(i, flow->count);
	ck_assert_hex(flow->written[i].data.p, flow->written[i].data.len, hex);
	ck_assert(flow->written[i].write.lifetime == RTMFP_NEVER);
	ck_assert(flow->written[i].write.queue_time == RTMFP_NEVER);
	ck_assert_uint_eq(flow->written[i].write.flags, 0);
}

START_TEST(the_initiator_tells_the_address_it_sees)
{
	struct world *w = world_new(0);
	struct rtmfp_session *s;

	world_add_peer(w, 1, 0);
	s = world_open_session(w, 1, true);
	ck_assert_uint_eq(control_of(s)->count, 1);
	assert_sent(control_of(s), 0, "08 0f 02 c0000201 078f");
	ck_assert_uint_eq(w->paths, 1);
	ck_assert(rtmfp_addr_equal(&w->path.remote, &s->stats.path.remote));

	s->stats.path = world_path(77, 99);
	tunnel_callbacks.on_path(w->t, s);
	tunnel_callbacks.on_path(w->t, s);
	ck_assert_uint_eq(control_of(s)->count, 2);
	assert_sent(control_of(s), 1, "08 0f 02 c000024d 0063");
	ck_assert_uint_eq(w->paths, 2);
	ck_assert_uint_eq(w->path.remote.port, 99);
	ck_assert(world_stats(w, 1).has_path);
	ck_assert_uint_eq(world_stats(w, 1).path.remote.port, 99);

	/* only the local side changes: worth keeping, not worth telling */
	s->stats.path.interface = 3;
	tunnel_callbacks.on_path(w->t, s);
	ck_assert_uint_eq(control_of(s)->count, 2);
	ck_assert_uint_eq(w->paths, 3);
	world_end(w);
}
END_TEST

/* Its handshake has told it already. */
START_TEST(the_responder_tells_changes)
{
	struct world *w = world_new(0);
	struct rtmfp_session *s;

	world_add_peer(w, 1, 0);
	s = world_open_session(w, 1, false);
	ck_assert_uint_eq(s->sendflow_count, 2);
	ck_assert_uint_eq(w->paths, 1);
	s->stats.path = world_path(77, 99);
	tunnel_callbacks.on_path(w->t, s);
	assert_sent(control_of(s), 0, "08 0f 02 c000024d 0063");
	world_end(w);
}
END_TEST

START_TEST(a_small_mtu_is_told)
{
	struct world *w = world_new(1420);

	world_add_peer(w, 1, 0);
	assert_sent(control_of(world_open_session(w, 1, false)), 0, "03 0b 058c");
	world_end(w);
}
END_TEST

START_TEST(shutting_down_is_told)
{
	struct world *w = world_new(0);
	struct rtmfp_session *s;

	world_add_peer(w, 1, 0);
	world_add_peer(w, 2, 0); /* without a session: nothing to tell */
	s = world_open_session(w, 1, false);
	tunnel_shutdown(w->t, w->now);
	assert_sent(control_of(s), 0, "02 12 01");
	ck_assert(w->ep.shut_down);
	world_end(w);
}
END_TEST

START_TEST(what_the_far_end_says_is_kept)
{
	struct world *w = world_new(0);
	struct rtmfp_recvflow *flow;
	struct tunnel_peer_stats stats;
	struct rtmfp_session *s;

	world_add_peer(w, 1, 0);
	s = world_open_session(w, 1, false);
	s->stats.keying.far_features = 0x100;
	s->stats.keying.has_reflexive = true;
	s->stats.keying.reflexive = world_path(55, 5).remote;
	stats = world_stats(w, 1); /* the handshake's word */
	ck_assert_uint_eq(stats.far_features, 0x100);
	ck_assert(stats.has_reflexive);
	ck_assert_uint_eq(stats.reflexive.port, 5);
	ck_assert_uint_eq(stats.far_mtu, 0);

	flow = world_begin_hex(w, s, LANE1);
	world_message_hex(w, flow,
			  "030b 0578 080f 02 c6336401 1000 0311 0107 0213 01 0512 01 627965 010e 0210 00");
	stats = world_stats(w, 1);
	ck_assert_uint_eq(stats.far_mtu, 1400);
	ck_assert(stats.has_reflexive);
	ck_assert_uint_eq(stats.reflexive.port, 4096);
	ck_assert_uint_eq(stats.far_features, 0x82);
	ck_assert_uint_eq(stats.far_unsupported, 2);
	ck_assert(stats.has_close_reason);
	ck_assert_uint_eq(stats.close_reason, TUNNEL_CLOSE_SHUTTING_DOWN);
	ck_assert_uint_eq(world_dropped_in_all(w), 0);
	world_message_hex(w, flow, "0111"); /* each replaces the one before */
	ck_assert_uint_eq(world_stats(w, 1).far_features, 0);

	world_open_session(w, 1, true); /* all but the close reason belongs to the session */
	stats = world_stats(w, 1);
	ck_assert_uint_eq(stats.far_mtu, 0);
	ck_assert(!stats.has_reflexive);
	ck_assert_uint_eq(stats.far_unsupported, 0);
	ck_assert(stats.has_close_reason);
	world_end(w);
}
END_TEST

START_TEST(packets_longer_than_the_far_end_takes)
{
	struct world *w = world_new(0);
	struct bytes p4 = world_packet(200, 1, 1401), p6 = world_packet6(200, 1, 1401);
	struct rtmfp_recvflow *flow;
	struct rtmfp_session *s;

	world_add_peer(w, 1, 0);
	s = world_open_session(w, 1, false);
	flow = world_begin_hex(w, s, LANE1);
	world_message_hex(w, flow, "030b 04ff"); /* less than every IPv6 link has */
	ck_assert_uint_eq(world_dropped(w, TUNNEL_DROP_CONTROL_SYNTAX), 1);
	ck_assert_uint_eq(world_stats(w, 1).far_mtu, 0);
	world_message_hex(w, flow, "030b 0578");
	world_output(w, 1, 1400);
	ck_assert_uint_eq(s->sendflows[IP]->count, 1);
	tunnel_output(w->t, p4.p, p4.len, w->now);
	tunnel_output(w->t, p6.p, p6.len, w->now);
	ck_assert_uint_eq(s->sendflows[IP]->count, 1);
	ck_assert_uint_eq(world_dropped(w, TUNNEL_DROP_TOO_BIG), 2);
	world_assert_icmp(w, 0, &p4, 3, 4);
	world_assert_icmp(w, 1, &p6, 2, 0);
	ck_assert_uint_eq(w->device[0].data.p[26] << 8 | w->device[0].data.p[27], 1400);
	ck_assert_uint_eq(w->device[1].data.p[46] << 8 | w->device[1].data.p[47], 1400);
	bytes_free(&p4);
	bytes_free(&p6);
	world_end(w);
}
END_TEST

START_TEST(the_shorter_keepalive_counts)
{
	struct world *w = world_new(0);
	struct rtmfp_recvflow *flow;
	struct rtmfp_session *s;

	world_add_peer(w, 1, RTMFP_S(25));
	ck_assert(world_rtmfp(w, 1)->keepalive == RTMFP_S(25));
	s = world_open_session(w, 1, false);
	flow = world_begin_hex(w, s, LANE1);
	world_message_hex(w, flow, "0210 3c");
	ck_assert(world_rtmfp(w, 1)->keepalive == RTMFP_S(25));
	world_message_hex(w, flow, "0210 0a");
	ck_assert(world_rtmfp(w, 1)->keepalive == RTMFP_S(10));
	ck_assert(world_stats(w, 1).keepalive == RTMFP_S(10));
	tunnel_peer_set_keepalive(w->peers[1], RTMFP_S(5), w->now);
	ck_assert(world_rtmfp(w, 1)->keepalive == RTMFP_S(5));
	tunnel_peer_set_keepalive(w->peers[1], 0, w->now);
	ck_assert(world_rtmfp(w, 1)->keepalive == RTMFP_S(10));
	world_message_hex(w, flow, "0210 00");
	ck_assert(world_rtmfp(w, 1)->keepalive == 0);
	world_message_hex(w, flow, "0210 0a");
	world_open_session(w, 1, false); /* the next session has not asked for any */
	ck_assert(world_rtmfp(w, 1)->keepalive == 0);
	world_message_hex(w, flow, "0210 09"); /* and the old one has no say any more */
	ck_assert(world_rtmfp(w, 1)->keepalive == 0);
	world_end(w);
}
END_TEST

START_TEST(unknown_types_are_answered_once)
{
	struct world *w = world_new(0);
	struct rtmfp_recvflow *flow;
	struct rtmfp_session *s;

	world_add_peer(w, 1, 0);
	s = world_open_session(w, 1, false);
	flow = world_begin_hex(w, s, LANE1);
	world_message_hex(w, flow, "0114 0140 030b 0578 0120 0114");
	ck_assert_uint_eq(world_stats(w, 1).far_mtu, 1400);
	ck_assert_uint_eq(world_dropped(w, TUNNEL_DROP_CONTROL_UNKNOWN), 4);
	assert_sent(control_of(s), 0, "0313 1420");
	world_message_hex(w, flow, "0120 0114");
	ck_assert_uint_eq(control_of(s)->count, 1);
	world_message_hex(w, world_begin_hex(w, s, LANE0), "0100");
	assert_sent(control_of(s), 1, "0413 001420");
	ck_assert_uint_eq(control_of(s)->count, 2);

	/* an answer that could not be sent is owed */
	control_of(s)->result = RTMFP_ERR_NOBUFS;
	world_message_hex(w, flow, "0115");
	ck_assert_uint_eq(world_dropped(w, TUNNEL_DROP_CONTROL_SEND), 1);
	control_of(s)->result = 0;
	world_message_hex(w, flow, "0115");
	assert_sent(control_of(s), 2, "0513 00141520");
	world_end(w);
}
END_TEST

START_TEST(control_items_that_do_not_count)
{
	struct world *w = world_new(0);
	struct rtmfp_recvflow *lane0, *lane1;
	struct rtmfp_session *s;

	world_add_peer(w, 1, 0);
	s = world_open_session(w, 1, false);
	lane0 = world_begin_hex(w, s, LANE0);
	lane1 = world_begin_hex(w, s, LANE1);
	/* only a gateway may say so */
	world_message_hex(
		w, lane1,
		"0708 04 18 0a000001 0209 00 020a 00 020c 01 110d 00112233445566778899aabbccddeeff");
	ck_assert_uint_eq(world_dropped(w, TUNNEL_DROP_CONTROL_POLICY), 4);
	ck_assert_uint_eq(world_dropped(w, TUNNEL_DROP_CONTROL_SYNTAX), 1); /* that OFFER is no option list */
	world_message_hex(w, lane0, "030b 0578");
	world_message_hex(w, lane1, "0203 00");
	ck_assert_uint_eq(world_dropped(w, TUNNEL_DROP_CONTROL_LANE), 2);
	ck_assert_uint_eq(s->rekeyed_count, 0);
	world_message_hex(w, lane1, "0110 030b 0579 00"); /* bad value; the next counts; a Marker ends it */
	ck_assert_uint_eq(world_dropped(w, TUNNEL_DROP_CONTROL_SYNTAX), 3);
	ck_assert_uint_eq(world_stats(w, 1).far_mtu, 1401);
	ck_assert_uint_eq(world_dropped_in_all(w), 4 + 2 + 3);
	ck_assert_uint_eq(s->sendflow_count, 2); /* none was answered */
	world_end(w);
}
END_TEST

START_TEST(items_of_a_message_are_bounded)
{
	struct world *w = world_new(0);
	struct bytes b = bytes_new(TUNNEL_CONTROL_MAX);
	struct rtmfp_recvflow *lane0, *lane1;
	struct rtmfp_session *s;

	world_add_peer(w, 1, 0);
	s = world_open_session(w, 1, false);
	lane0 = world_begin_hex(w, s, LANE0);
	lane1 = world_begin_hex(w, s, LANE1);
	for (size_t i = 0; i < b.len; i += 2) {
		b.p[i] = 1;
		b.p[i + 1] = 0x14;
	}
	world_message(w, lane1, &b, false);
	ck_assert_uint_eq(world_dropped(w, TUNNEL_DROP_CONTROL_UNKNOWN), 1024);
	ck_assert_uint_eq(world_dropped(w, TUNNEL_DROP_CONTROL_LIMIT), 1);
	ck_assert_uint_eq(control_of(s)->count, 1);
	world_message_hex(w, lane0, "0301 01aa 0301 01aa 0302 01aa 0301 01aa 0301 01aa 0301 01aa");
	ck_assert_uint_eq(s->rekeyed_count, 4);
	ck_assert_uint_eq(world_dropped(w, TUNNEL_DROP_CONTROL_LIMIT), 2);
	bytes_free(&b);
	world_end(w);
}
END_TEST

START_TEST(rekeying_messages_are_carried)
{
	struct world *w = world_new(0);
	struct bytes msg = bytes_hex("deadbeef");
	struct rtmfp_sendflow *keying;
	struct rtmfp_session *s;

	world_add_peer(w, 1, 0);
	s = world_open_session(w, 1, false);
	keying = s->sendflows[KEYING];
	tunnel_callbacks.on_rekey_message(w->t, s, RTMFP_REKEY_CONFIRM, 0, NULL, 0);
	tunnel_callbacks.on_rekey_message(w->t, s, RTMFP_REKEY_INIT, 1, msg.p, msg.len);
	tunnel_callbacks.on_rekey_message(w->t, s, RTMFP_REKEY_RESP, 300, msg.p, msg.len);
	ck_assert_uint_eq(keying->count, 3);
	assert_sent(keying, 0, "0203 00");
	assert_sent(keying, 1, "0601 01 deadbeef");
	assert_sent(keying, 2, "0702 822c deadbeef");

	world_message_hex(w, world_begin_hex(w, s, LANE0), "0203 00 0601 01 deadbeef 0702 822c deadbe11");
	ck_assert_uint_eq(s->rekeyed_count, 3);
	ck_assert_int_eq(s->rekeyed[0].type, RTMFP_REKEY_CONFIRM);
	ck_assert_uint_eq(s->rekeyed[0].msg.len, 0);
	ck_assert_int_eq(s->rekeyed[1].type, RTMFP_REKEY_INIT);
	ck_assert(s->rekeyed[1].epoch == 1);
	ck_assert_hex(s->rekeyed[1].msg.p, s->rekeyed[1].msg.len, "deadbeef");
	ck_assert_int_eq(s->rekeyed[2].type, RTMFP_REKEY_RESP);
	ck_assert(s->rekeyed[2].epoch == 300);
	ck_assert_hex(s->rekeyed[2].msg.p, s->rekeyed[2].msg.len, "deadbe11");
	ck_assert_uint_eq(world_dropped_in_all(w), 0);

	/* the longest message of a profile fits */
	bytes_free(&msg);
	msg = bytes_new(RTMFP_REKEY_MAX);
	memset(msg.p, 1, msg.len);
	tunnel_callbacks.on_rekey_message(w->t, s, RTMFP_REKEY_INIT, UINT64_MAX, msg.p, msg.len);
	ck_assert_uint_eq(keying->count, 4);

	keying->result = RTMFP_ERR_NOBUFS;
	tunnel_callbacks.on_rekey_message(w->t, s, RTMFP_REKEY_INIT, 1, msg.p, msg.len);
	keying->result = 0;
	tunnel_callbacks.on_exception(w->t, keying, 0);
	keying->closed = true;
	tunnel_callbacks.on_rekey_message(w->t, s, RTMFP_REKEY_INIT, 1, msg.p, msg.len);
	ck_assert_uint_eq(world_dropped(w, TUNNEL_DROP_CONTROL_SEND), 2);
	bytes_free(&msg);
	world_end(w);
}
END_TEST

START_TEST(a_refused_control_flow_is_not_tried_again)
{
	struct world *w = world_new(0);
	struct rtmfp_session *s;

	world_add_peer(w, 1, 0);
	s = world_open_session(w, 1, true);
	tunnel_callbacks.on_exception(w->t, control_of(s), TUNNEL_EXCEPTION_SERVICE);
	control_of(s)->closed = true;
	tunnel_callbacks.on_sendflow_closed(w->t, control_of(s));
	s->stats.path = world_path(77, 99);
	tunnel_callbacks.on_path(w->t, s);
	ck_assert_uint_eq(s->sendflow_count, 3);
	ck_assert_uint_eq(world_dropped(w, TUNNEL_DROP_CONTROL_SEND), 1);
	world_output(w, 1, 100);
	ck_assert_uint_eq(s->sendflows[IP]->count, 1);
	world_end(w);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		packets_go_to_the_device,
		only_own_sources_pass,
		malformed_messages_of_ip_flows,
		flows_are_accepted_or_rejected,
		flows_of_a_session_are_bounded,
		the_initiator_tells_the_address_it_sees,
		the_responder_tells_changes,
		a_small_mtu_is_told,
		shutting_down_is_told,
		what_the_far_end_says_is_kept,
		packets_longer_than_the_far_end_takes,
		the_shorter_keepalive_counts,
		unknown_types_are_answered_once,
		control_items_that_do_not_count,
		items_of_a_message_are_bounded,
		rekeying_messages_are_carried,
		a_refused_control_flow_is_not_tried_again,
	};
	Suite *suite = suite_create("tunnel_flows");
	TCase *tc = tcase_create("tunnel_flows");
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
