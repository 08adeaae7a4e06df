/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Receiving flows, packet by packet: RFC 7016 section 3.6.3 and its figure 23. */
#include "flows_main.h"
#include "flows_script.h"

#include <stdio.h>
#include <string.h>

static struct script s;

/* Flow 3 exists, its numbers 1 to |last| have come and are acknowledged. */
static void begin(unsigned last)
{
	script_begin(&s);
	for (unsigned seq = 1; seq <= last; seq++) {
		char data[64];

		snprintf(data, sizeof(data), "data 3 %u %u w +m =x", seq, seq - 1);
		script_say(&s, data);
		(void)script_packets(&s, 1200);
	}
	script_wait(&s, RTMFP_S(1));
	(void)script_packets(&s, 1200);
	(void)script_log(&s);
}

static void begin_as(enum rtmfp_order order, size_t capacity, size_t message_max)
{
	script_begin(&s);
	s.use_accept = true;
	s.accept = (struct rtmfp_recvflow_params){ .order = order,
						   .buffer_capacity = capacity,
						   .message_max = message_max };
}

/* Whether the packet makes the flow set acknowledge at once; all is acknowledged afterwards. */
static bool acks_at_once(const char *packet)
{
	bool now;

	script_say(&s, packet);
	now = rtmfp_flows_want(s.session.flows, false, s.now) == RTMFP_WANT_ACK;
	script_wait(&s, RTMFP_MS(200));
	ck_assert_int_eq(rtmfp_flows_want(s.session.flows, false, s.now), RTMFP_WANT_ACK);
	(void)script_packets(&s, 1200);
	ck_assert_int_eq(rtmfp_flows_want(s.session.flows, false, s.now), RTMFP_WANT_NOTHING);
	return now;
}

START_TEST(figure_23)
{
	begin(28);
	script_say(&s, "data 3 29 18 w =a");
	script_expect(script_packets(&s, 1200), "");
	script_say(&s, "data 3 30 18 w =b");
	script_expect(script_packets(&s, 1200), "ack 3 64 30");
	script_say(&s, "data 3 32 20 w =d");
	script_expect(script_packets(&s, 1200), "ack 3 64 30 32");
	script_say(&s, "data 3 34 22 w =f");
	script_expect(script_packets(&s, 1200), "ack 3 64 30 32 34");
	for (unsigned seq = 35; seq <= 45; seq++) {
		char data[64], ack[64];

		snprintf(data, sizeof(data), "data 3 %u %u w =g", seq, seq < 42 ? seq - 12 : 30);
		script_say(&s, data);
		snprintf(ack, sizeof(ack), "30 32 34-%u", seq);
		ck_assert_ptr_nonnull(strstr(script_packets(&s, 1200), ack));
	}
	script_expect(script_log(&s), "msg 3 29 =a, msg 3 30 =b");
	script_say(&s, "data 3 46 30 w =r");
	script_expect(script_packets(&s, 1200), "ack 3 62 30 32 34-46");
	script_say(&s, "data 3 47 32 w =s"); /* 31 is abandoned, 33 is not */
	script_expect(script_packets(&s, 1200), "ack 3 62 32 34-47");
	script_expect(script_log(&s), "msg 3 32 gap =d");
	script_say(&s, "data 3 33 32 w =e");
	script_expect(script_packets(&s, 1200), "ack 3 64 47");
	script_expect(
		script_log(&s),
		"msg 3 33 =e, msg 3 34 =f, msg 3 35 =g, msg 3 36 =g, msg 3 37 =g, msg 3 38 =g, msg 3 39 =g, "
		"msg 3 40 =g, msg 3 41 =g, msg 3 42 =g, msg 3 43 =g, msg 3 44 =g, msg 3 45 =g, msg 3 46 =r, "
		"msg 3 47 =s");
	script_say(&s, "data 3 48 32 w =t");
	script_expect(script_packets(&s, 1200), "");
	script_say(&s, "data 3 49 32 w =u");
	script_expect(script_packets(&s, 1200), "ack 3 64 49");
	script_end(&s);
}
END_TEST

/* ---- startup (3.6.3.1) ---- */

START_TEST(flow_begins)
{
	script_begin(&s);
	script_say(&s, "data 5 1 0 w +mhello =hi");
	script_expect(script_log(&s), "open 5 hello, msg 5 1 =hi");
	ck_assert(s.info.in_place);
	ck_assert_uint_eq(rtmfp_recvflow_id(s.flow), 5);
	ck_assert_ptr_eq(rtmfp_recvflow_session(s.flow), &s.session);
	script_expect(script_packets(&s, 1200), "ack 5 64 1"); /* at once */
	/* Flow IDs may be anything, and sequence numbers begin anywhere. */
	script_say(&s, "data 18446744073709551615 9000000000 8999999999 w +m =x;data 0 1 0 w +m =y");
	script_expect(script_log(&s),
		      "open 18446744073709551615 M, msg 18446744073709551615 9000000000 gap =x, "
		      "open 0 M, msg 0 1 =y");
	script_expect(script_packets(&s, 1200), "ack 18446744073709551615 64 9000000000; ack 0 64 1");
	script_end(&s);
}
END_TEST

START_TEST(flow_without_metadata)
{
	script_begin(&s);
	script_say(&s, "data 5 1 0 w =hi");
	script_expect(script_log(&s), "");
	script_expect(script_packets(&s, 1200), "exception 5 0; ack 5 64 1");
	script_say(&s, "data 5 2 1 w +m =hi"); /* too late */
	script_expect(script_packets(&s, 1200), "exception 5 0; ack 5 64 2");
	script_expect(script_log(&s), "");
	script_say(&s, "data 5 3 2 wf =hi");
	script_expect(script_packets(&s, 1200), "exception 5 0; ack 5 64 3");
	ck_assert_int_eq(s.session.flows->recv[0]->state, RTMFP_RF_COMPLETE_LINGER);
	script_end(&s);
}
END_TEST

START_TEST(associations)
{
	struct rtmfp_sendflow *flow;

	script_begin(&s);
	flow = script_open(&s, RTMFP_PRIORITY_BULK);
	script_say(&s, "data 5 1 0 w +m +a1 =hi");
	script_expect(script_log(&s), "open 5 M for 1, msg 5 1 =hi");
	script_say(&s, "data 6 1 0 w +m +a2 =hi"); /* no such flow */
	script_say(&s, "data 7 1 0 w +m +a0 =hi");
	script_say(&s, "data 8 1 0 w +m +a18446744073709551615 =hi");
	script_say(&s, "data 9 1 0 w +m +a1 +a1 =hi"); /* more than one */
	rtmfp_sendflow_close(flow, s.now);
	script_say(&s, "data 10 1 0 w +m +a1 =hi"); /* not F_OPEN any more */
	script_expect(script_log(&s), "");
	/* a value that is no number: length 2, type 0x0a, 0x81 */
	script_say(&s, "hex 10 00 0a 80 0b 01 01 02 00 4d 02 0a 81 00");
	script_expect(script_log(&s), "");
	ck_assert_int_eq(s.result,
			 RTMFP_ERR_SYNTAX); /* a list must end with a Marker: cut short by the chunk */
	script_say(&s, "hex 10 00 0b 80 0b 01 01 02 00 4d 02 0a 81 00");
	ck_assert_int_eq(s.result, 0);
	for (unsigned i = 1; i < s.session.flows->recv_count; i++)
		ck_assert_int_eq(s.session.flows->recv[i]->state, RTMFP_RF_REJECTED);
	ck_assert_uint_eq(s.session.flows->recv_count, 7);
	script_end(&s);
}
END_TEST

START_TEST(options)
{
	script_begin(&s);
	script_say(&s, "data 5 1 0 w +m +x8192 +x1000000 =hi"); /* may be ignored */
	script_expect(script_log(&s), "open 5 M, msg 5 1 =hi");
	(void)script_packets(&s, 1200);
	script_say(&s, "data 6 1 0 w +x8191 +m =hi"); /* may not */
	script_expect(script_log(&s), "");
	script_expect(script_packets(&s, 1200), "exception 6 0; ack 6 64 1");
	/* also in the middle of a flow; the user is told that it is over */
	script_say(&s, "data 5 2 1 w +x8192 =on");
	script_expect(script_log(&s), "msg 5 2 =on");
	script_say(&s, "data 5 3 2 w +x1 =no");
	script_expect(script_log(&s), "closed 5");
	script_expect(script_packets(&s, 1200), "exception 5 0; ack 5 64 3");
	script_say(&s, "data 5 4 3 wf =no");
	script_expect(script_log(&s), "");
	script_end(&s);
}
END_TEST

START_TEST(user_rejects)
{
	script_begin(&s);
	s.answer = 6;
	script_say(&s, "data 5 1 0 w +m =hi;next w =ho");
	script_expect(script_log(&s), "open 5 M");
	script_expect(script_packets(&s, 1200), "exception 5 5; ack 5 64 2");
	/* the final number comes before the exception went out: it is told all the same */
	script_say(&s, "data 6 1 0 wf +m =hi");
	script_expect(script_log(&s), "open 6 M");
	script_expect(script_packets(&s, 1200), "exception 6 5; ack 6 64 1");
	s.answer = 0;
	script_say(&s, "data 7 1 0 w +m =hi;data 7 3 1 w =held");
	script_expect(script_log(&s), "open 7 M, msg 7 1 =hi");
	rtmfp_recvflow_reject(s.flow, 77);
	rtmfp_recvflow_reject(s.flow, 78);
	script_expect(script_packets(&s, 1200), "exception 7 77; ack 7 64 1 3");
	script_say(&s, "data 7 2 1 w =no");
	script_expect(script_log(&s), "");
	script_expect(script_packets(&s, 1200), "exception 7 77; ack 7 64 3");
	script_say(&s, "data 7 4 3 waf");
	script_expect(script_log(&s), "closed 7");
	script_end(&s);
}
END_TEST

START_TEST(too_many_flows)
{
	char data[64];

	script_begin(&s);
	s.params.recvflows_max = 64;
	for (unsigned id = 1; id <= 100; id++) {
		snprintf(data, sizeof(data), "data %u 1 0 w +m =x", id);
		script_say(&s, data);
		/* 64 are taken, 16 more rejected, the rest is not even stored */
		ck_assert_int_eq(s.result, id <= 80 ? 0 : RTMFP_ERR_LIMIT);
		(void)script_packets(&s, 1200);
	}
	ck_assert_uint_eq(s.session.flows->recv_count, 80);
	ck_assert_int_eq(s.session.flows->recv[63]->state, RTMFP_RF_OPEN);
	ck_assert_int_eq(s.session.flows->recv[64]->state, RTMFP_RF_REJECTED);
	/* The chunks behind one that was refused do not begin the flow without its options. */
	script_say(&s, "data 90 1 0 w +m =x;next w =x;data 90 5 0 w =x");
	ck_assert_int_eq(s.result, RTMFP_ERR_LIMIT);
	ck_assert_uint_eq(s.session.flows->recv_count, 80);
	script_end(&s);
}
END_TEST

START_TEST(next_without_first)
{
	script_begin(&s);
	script_say(&s, "next w =x");
	ck_assert_int_eq(s.result, RTMFP_ERR_SYNTAX);
	/* what follows a chunk that cannot be read is not read either */
	script_say(&s, "hex 10 00 03 00 05 00;next w =x");
	ck_assert_int_eq(s.result, RTMFP_ERR_SYNTAX);
	script_say(&s, "data 5 18446744073709551615 18446744073709551614 w +m =x;next w =y");
	ck_assert_int_eq(s.result, RTMFP_ERR_SYNTAX);
	script_expect(script_log(&s), "open 5 M, msg 5 18446744073709551615 gap =x");
	/* another packet */
	script_say(&s, "next w =x");
	ck_assert_int_eq(s.result, RTMFP_ERR_SYNTAX);
	script_end(&s);
}
END_TEST

/* ---- when to acknowledge (3.6.3.2, 3.6.3.4.1) ---- */

START_TEST(acknowledgement_is_delayed)
{
	begin(5);
	script_say(&s, "data 3 6 5 w =x");
	script_expect(script_packets(&s, 1200), "");
	ck_assert_uint_eq(rtmfp_flows_expiry(s.session.flows), s.now + RTMFP_MS(200));
	script_wait(&s, RTMFP_MS(200) - 1);
	script_expect(script_packets(&s, 1200), "");
	script_wait(&s, 1);
	script_expect(script_packets(&s, 1200), "ack 3 64 6");
	script_end(&s);
}
END_TEST

START_TEST(acknowledgement_at_once)
{
	begin(5);
	ck_assert(!acks_at_once("data 3 6 5 w =x"));
	ck_assert(!acks_at_once("data 3 7 6 w =x;next w =x;next w =x")); /* one packet */
	ck_assert(acks_at_once("data 3 9 8 w =x"));			 /* a duplicate */
	ck_assert(acks_at_once("data 3 10 10 wa"));			 /* abandoned */
	ck_assert(acks_at_once("data 3 12 10 w =x"));			 /* a gap afterwards */
	ck_assert(acks_at_once("data 3 11 10 w =x"));			 /* a gap before */
	ck_assert(!acks_at_once("data 3 13 12 w =x"));
	script_say(&s, "probe 3");
	script_expect(script_packets(&s, 1200), "ack 3 64 13");
	script_say(&s, "probe 4");
	script_expect(script_packets(&s, 1200), "");
	ck_assert(acks_at_once("data 4 1 0 w +m =x")); /* a new flow */
	ck_assert(acks_at_once("data 3 14 13 wf =x")); /* the final number */
	ck_assert(acks_at_once("data 3 14 13 wf =x"));
	ck_assert(!acks_at_once("data 4 2 1 w =x"));
	rtmfp_recvflow_reject(s.flow, 0);
	(void)script_packets(&s, 1200);
	ck_assert(acks_at_once("data 4 3 2 w =x")); /* not RF_OPEN */
	script_end(&s);
}
END_TEST

START_TEST(every_second_packet)
{
	begin(5);
	script_say(&s, "data 4 1 0 w +m =x");
	(void)script_packets(&s, 1200);
	script_say(&s, "data 3 6 5 w =x");
	script_say(&s, "data 4 2 1 w =x"); /* of the session, not of a flow */
	script_expect(script_packets(&s, 1200), "ack 3 64 6; ack 4 64 2");
	script_say(&s, "data 3 7 6 w =x");
	script_expect(script_packets(&s, 1200), "");
	script_say(&s, "ack 1 1 1"); /* no user data in it */
	script_expect(script_packets(&s, 1200), "");
	script_end(&s);
}
END_TEST

START_TEST(acknowledgement_rides_along)
{
	struct rtmfp_sendflow *flow;

	begin(5);
	flow = script_open(&s, RTMFP_PRIORITY_BULK);
	script_say(&s, "data 3 6 5 w =x");
	script_write(flow, "data", RTMFP_NEVER);
	script_expect(script_packets(&s, 1200), "data 1 1 0 w +mM =data; ack 3 64 6");
	ck_assert(s.session.flows->delack_at == RTMFP_NEVER);
	/* not when it does not fit: then in a packet of its own, when its time has come */
	script_say(&s, "data 3 7 6 w =x");
	script_write(flow, "data", RTMFP_NEVER);
	script_expect(script_packet(&s, 18), "data 1 2 0 w +mM =data");
	ck_assert_int_eq(rtmfp_flows_want(s.session.flows, false, s.now), RTMFP_WANT_NOTHING);
	script_wait(&s, RTMFP_MS(200));
	script_expect(script_packets(&s, 1200), "ack 3 64 7");
	/* an obligatory one goes first, and data fills the packet */
	script_write(flow, "data", RTMFP_NEVER);
	script_say(&s, "data 3 9 7 w =x");
	script_expect(script_packets(&s, 1200), "ack 3 64 7 9; data 1 3 0 w +mM =data");
	script_end(&s);
}
END_TEST

START_TEST(acknowledgement_is_truncated)
{
	const char *ack;

	begin(1);
	for (unsigned seq = 3; seq < 400; seq += 20) {
		char data[64];

		snprintf(data, sizeof(data), "data 3 %u 1 w =x", seq);
		script_say(&s, data);
		if (seq < 383)
			(void)script_packets(&s, 1200);
	}
	ack = script_packet(&s, 20); /* one of an acknowledgement only is cut short */
	ck_assert(strncmp(ack, "ack 3 ", 6) == 0 && strstr(ack, " 1 3 23 ") && !strstr(ack, "383"));
	script_say(&s, "probe 3;data 4 1 0 w +m =x"); /* a second one is not, it waits */
	s.session.flows->no_bitmap_ack = true;
	ck_assert(strstr(script_packet(&s, 50), " 383") && !strstr(s.out, "ack 4"));
	script_expect(script_packet(&s, 50), "ack 4 64 1");
	script_end(&s);
}
END_TEST

/* ---- delivery ---- */

START_TEST(queue_order)
{
	begin_as(RTMFP_ORDER_QUEUE, 65536, 65536);
	script_say(&s, "data 3 3 0 b +m =cc");
	script_say(&s, "data 3 5 0 e =ee");
	script_say(&s, "data 3 6 0 w =f");
	script_say(&s, "data 3 2 0 w =b");
	script_expect(script_log(&s), "open 3 M");
	script_say(&s, "data 3 1 0 w =a");
	script_expect(script_log(&s), "msg 3 1 =a, msg 3 2 =b");
	script_say(&s, "data 3 4 0 m =dd");
	script_expect(script_log(&s), "msg 3 3 =ccddee, msg 3 6 =f");
	ck_assert(!s.info.in_place && !s.info.gap);
	script_say(&s, "data 3 6 0 w =f;data 3 4 0 m =dd"); /* duplicates */
	script_expect(script_log(&s), "");
	ck_assert_uint_eq(s.session.flows->recv[0]->buf.size, 0);
	script_end(&s);
}
END_TEST

START_TEST(arrival_order)
{
	begin_as(RTMFP_ORDER_ARRIVAL, 65536, 65536);
	script_say(&s, "data 3 3 0 b +m =cc");
	script_say(&s, "data 3 6 0 w =f");
	ck_assert(s.info.in_place);
	script_say(&s, "data 3 5 0 e =ee");
	script_say(&s, "data 3 2 0 w =b");
	script_expect(script_log(&s), "open 3 M, msg 3 6 =f, msg 3 2 =b");
	script_say(&s, "data 3 4 0 m =dd");
	script_expect(script_log(&s), "msg 3 3 =ccddee");
	script_say(&s, "data 3 6 0 w =f;data 3 3 0 b =cc;data 3 5 0 e =ee"); /* duplicates */
	script_expect(script_log(&s), "");
	script_say(&s, "data 3 9 0 e =i;data 3 8 0 b =h");
	script_expect(script_log(&s), "msg 3 8 =hi");
	ck_assert_uint_eq(s.session.flows->recv[0]->buf.size, 0);
	script_end(&s);
}
END_TEST

static void abandoned_segments(enum rtmfp_order order)
{
	const struct rtmfp_recvbuf *buf;

	begin_as(order, 65536, 65536);
	script_say(&s, "data 3 1 0 b +m =a;next m =b");
	buf = &s.session.flows->recv[0]->buf;
	ck_assert_uint_eq(buf->count, 2);
	script_say(&s, "data 3 3 3 wa"); /* the rest will not come */
	ck_assert_uint_eq(buf->count, 0);
	script_say(&s, "data 3 5 3 m =x;next e =y"); /* the beginning is missing */
	ck_assert_uint_eq(buf->count, 2);
	script_say(&s, "data 3 7 4 w =z");
	ck_assert_uint_eq(buf->count, 0);
	script_expect(script_log(&s),
		      order == RTMFP_ORDER_QUEUE ? "open 3 M, msg 3 7 gap =z" : "open 3 M, msg 3 7 =z");
	script_say(&s, "data 3 8 7 b =p;data 3 10 7 e =r;data 3 11 7 w =s");
	ck_assert_uint_eq(buf->count, order == RTMFP_ORDER_QUEUE ? 3 : 2);
	script_say(&s, "data 3 9 9 ma"); /* the middle is abandoned: 8 and 10 are of no use */
	ck_assert_uint_eq(buf->count, 0);
	script_expect(script_log(&s), order == RTMFP_ORDER_QUEUE ? "msg 3 11 gap =s" : "msg 3 11 =s");
	/* in progress up to CSN: it stays */
	script_say(&s, "data 3 12 11 b =1;next m =2");
	ck_assert_uint_eq(buf->count, 2);
	script_say(&s, "data 3 14 11 e =3");
	script_expect(script_log(&s), "msg 3 12 =123");
	script_end(&s);
}

START_TEST(abandoned_segments_in_queue_order)
{
	abandoned_segments(RTMFP_ORDER_QUEUE);
}
END_TEST

START_TEST(abandoned_segments_in_arrival_order)
{
	abandoned_segments(RTMFP_ORDER_ARRIVAL);
}
END_TEST

START_TEST(contradictory_fragments)
{
	for (unsigned order = 0; order < 2; order++) {
		begin_as(order ? RTMFP_ORDER_ARRIVAL : RTMFP_ORDER_QUEUE, 65536, 65536);
		script_say(&s, "data 3 1 0 b +m =a;next b =b;next e =c;next e =d;next m =e;next w =f");
		ck_assert_uint_eq(s.session.flows->recv[0]->buf.count, 0);
		script_expect(script_log(&s), order ? "open 3 M, msg 3 2 =bc, msg 3 6 =f"
						    : "open 3 M, msg 3 2 gap =bc, msg 3 6 gap =f");
		/* data of an abandoned fragment does not count, nor does what was abandoned come back */
		script_say(&s, "data 3 7 7 wa =evil;data 3 7 6 w =back");
		script_expect(script_log(&s), "");
		script_end(&s);
	}
}
END_TEST

START_TEST(forward_sequence_number)
{
	begin_as(RTMFP_ORDER_QUEUE, 65536, 65536);
	script_say(&s, "data 3 10 3 w +m =j;data 3 12 3 w =l");
	script_expect(script_packets(&s, 1200), "ack 3 64 3 10 12");
	script_say(&s, "data 3 18446744073709551615 18446744073709551614 b =z");
	script_expect(script_packets(&s, 1200), "ack 3 64 18446744073709551615");
	script_expect(script_log(&s), "open 3 M, msg 3 10 gap =j, msg 3 12 gap =l");
	script_say(&s, "data 3 18446744073709551615 18446744073709551615 ma;data 3 5 5 wa;data 3 1 0 w =x");
	script_expect(script_packets(&s, 1200), "ack 3 64 18446744073709551615");
	script_expect(script_log(&s), "");
	script_end(&s);
}
END_TEST

START_TEST(message_too_long)
{
	char text[700];

	for (unsigned order = 0; order < 2; order++) {
		begin_as(order ? RTMFP_ORDER_ARRIVAL : RTMFP_ORDER_QUEUE, 65536, 10);
		script_say(&s, "data 3 1 0 w +m =12345678901"); /* 11 bytes at once */
		script_say(&s, "data 3 2 1 b =123456;next m =789;next e =ab");
		script_say(&s, "data 3 5 4 w =1234567890;data 3 7 5 e =0;data 3 6 5 b =1234567890;data 3 8 5 "
			       "b =ok;next e =!");
		script_expect(script_log(&s), order ? "open 3 M, msg 3 5 =10B, msg 3 8 =ok!"
						    : "open 3 M, msg 3 5 gap =10B, msg 3 8 gap =ok!");
		ck_assert_uint_eq(s.session.flows->recv[0]->buf.count, 0);
		/* however long it gets, and in whatever order it comes */
		memset(text, 'x', sizeof(text));
		for (unsigned i = 0; i < 50; i++) {
			int n = snprintf(text, 40, "data 3 %u 9 m =", 100 - i);

			text[n] = 'x';
			text[sizeof(text) - 1] = '\0';
			script_say(&s, text);
			ck_assert_uint_le(s.session.flows->recv[0]->buf.count, 1);
		}
		script_end(&s);
	}
}
END_TEST

/* ---- buffer and window (3.6.3.5) ---- */

START_TEST(window_closes_and_opens)
{
	char text[1100];
	struct rtmfp_recvflow *flow;

	begin_as(RTMFP_ORDER_QUEUE, 4096, 65536);
	script_say(&s, "data 3 1 0 w +m =x");
	script_expect(script_packets(&s, 1200), "ack 3 4 1");
	flow = s.flow;
	rtmfp_recvflow_suspend(flow, true, s.now);
	memset(text, 'x', sizeof(text));
	for (unsigned seq = 2; seq <= 5; seq++) {
		int n = snprintf(text, 40, "data 3 %u %u w =", seq, seq - 1);

		text[n] = 'x';
		text[1000] = '\0';
		script_say(&s, text);
	}
	script_expect(script_log(&s), "open 3 M, msg 3 1 =x");
	script_expect(script_packets(&s, 1200), "ack 3 0 5");
	/* What was advertised is full: everything is acknowledged at once now. */
	script_say(&s, "data 3 6 5 w =y");
	script_expect(script_packets(&s, 1200), "ack 3 0 6");
	script_say(&s, "probe 3");
	script_expect(script_packets(&s, 1200), "ack 3 0 6");
	rtmfp_recvflow_suspend(flow, false, s.now);
	ck_assert_ptr_nonnull(strstr(script_log(&s), "msg 3 6 =y"));
	script_expect(script_packets(&s, 1200), "ack 3 4 6"); /* unasked */
	script_end(&s);
}
END_TEST

START_TEST(window_is_never_closed_to_what_is_needed)
{
	char text[1100];

	begin_as(RTMFP_ORDER_QUEUE, 2000, 65536);
	script_say(&s, "data 3 1 0 w +m =x");
	(void)script_packets(&s, 1200);
	memset(text, 'x', sizeof(text));
	for (unsigned seq = 3; seq <= 6; seq++) {
		int n = snprintf(text, 40, "data 3 %u 1 w =", seq);

		text[n] = 'x';
		text[1000] = '\0';
		script_say(&s, text);
	}
	script_expect(script_packets(&s, 1200), "ack 3 1 1 3-6");
	script_end(&s);
	begin_as(RTMFP_ORDER_QUEUE, 0, 65536); /* unless the user wants nothing */
	script_say(&s, "data 3 1 0 b +m =x");
	script_expect(script_packets(&s, 1200), "ack 3 0 1");
	script_end(&s);
}
END_TEST

/* A sender that does not care for the window cannot make us hold what it likes. */
START_TEST(buffer_is_bounded)
{
	char text[1100];
	const struct rtmfp_recvbuf *buf;

	for (unsigned order = 0; order < 2; order++) {
		begin_as(order ? RTMFP_ORDER_ARRIVAL : RTMFP_ORDER_QUEUE, 10000, 5000);
		script_say(&s, "data 3 1 0 w +m =x");
		buf = &s.session.flows->recv[0]->buf;
		memset(text, 'x', sizeof(text));
		text[1000] = '\0';
		for (unsigned seq = 3; seq <= 1000; seq++) {
			int n = snprintf(text, 40, "data 3 %u 1 b =", seq);

			text[n] = 'x';
			script_say(&s, text);
			ck_assert_uint_le(buf->size, 2 * 10000 + 5000 + 2048);
		}
		ck_assert_int_eq(s.result, RTMFP_ERR_LIMIT);
		/* What is next in order is taken nevertheless. */
		script_say(&s, "data 3 2 1 w =go");
		ck_assert_int_eq(s.result, 0);
		ck_assert_ptr_nonnull(strstr(script_log(&s), "msg 3 2 =go"));
		/* but not while suspended */
		rtmfp_recvflow_suspend(s.flow, true, s.now);
		for (unsigned seq = 1; seq <= 100; seq++) {
			int n = snprintf(text, 40, "data 3 %u %u w =", 2000 + seq, 1999 + seq);

			text[n] = 'x';
			script_say(&s, text);
			ck_assert_uint_le(buf->size, 2 * 10000 + 5000 + 2048);
		}
		script_end(&s);
	}
}
END_TEST

START_TEST(gaps_are_bounded)
{
	begin_as(RTMFP_ORDER_ARRIVAL, 65536, 65536);
	script_say(&s, "data 3 1 0 w +m =x");
	for (unsigned i = 1; i <= 600; i++) {
		char text[64];

		snprintf(text, sizeof(text), "data 3 %u 1 w =x", 1 + 2 * i);
		script_say(&s, text);
		ck_assert_int_eq(s.result, i <= 512 ? 0 : RTMFP_ERR_LIMIT);
		(void)script_packets(&s, 1200);
	}
	(void)script_log(&s);
	script_say(&s, "data 3 2 1 w =y;data 3 1201 1 w =z"); /* closes one: there is room again */
	ck_assert_int_eq(s.result, 0);
	script_expect(script_log(&s), "msg 3 2 =y, msg 3 1201 =z");
	script_end(&s);
}
END_TEST

/* ---- the end (3.6.3.8) ---- */

START_TEST(flow_is_complete)
{
	script_begin(&s);
	script_say(&s, "data 3 1 0 w +m =a;data 3 3 1 wf =c");
	(void)script_packets(&s, 1200);
	script_expect(script_log(&s), "open 3 M, msg 3 1 =a");
	script_say(&s, "data 3 2 1 w =b");
	script_expect(script_log(&s), "msg 3 2 =b, msg 3 3 =c, closed 3");
	script_expect(script_packets(&s, 1200), "ack 3 64 3");
	script_wait(&s, RTMFP_S(119));
	script_say(&s, "data 3 2 1 w =b"); /* the acknowledgement was lost */
	script_expect(script_packets(&s, 1200), "ack 3 64 3");
	script_wait(&s, RTMFP_S(1));
	ck_assert_uint_eq(s.session.flows->recv_count, 0);
	script_expect(script_log(&s), "");
	script_say(&s, "data 3 1 0 w +m =new");
	script_expect(script_log(&s), "open 3 M, msg 3 1 =new");
	script_end(&s);
}
END_TEST

START_TEST(complete_but_suspended)
{
	struct rtmfp_recvflow *flow;

	script_begin(&s);
	script_say(&s, "data 3 1 0 w +m =a");
	flow = s.flow;
	rtmfp_recvflow_suspend(flow, true, s.now);
	script_say(&s, "data 3 2 1 w =b;next wf =c");
	(void)script_packets(&s, 1200);
	script_wait(&s, RTMFP_S(200));
	/* The ID may be used again, and what waits is still delivered. */
	script_say(&s, "data 3 1 0 w +m =new");
	script_expect(script_log(&s), "open 3 M, msg 3 1 =a, open 3 M, msg 3 1 =new");
	(void)script_packets(&s, 1200);
	rtmfp_recvflow_suspend(flow, false, s.now);
	script_expect(script_log(&s), "msg 3 2 =b, msg 3 3 =c, closed 3");
	script_wait(&s, RTMFP_S(1));
	ck_assert_uint_eq(s.session.flows->recv_count, 1);
	script_end(&s);
}
END_TEST

START_TEST(two_ends)
{
	script_begin(&s);
	script_say(&s, "data 3 1 0 w +m =a;data 3 5 1 wf =e");
	(void)script_log(&s);
	script_say(&s, "data 3 6 1 w =f"); /* beyond the end */
	ck_assert_int_eq(s.result, RTMFP_ERR_SYNTAX);
	script_say(&s, "data 3 7 7 waf");
	ck_assert_int_eq(s.result, RTMFP_ERR_SYNTAX);
	script_say(&s, "data 3 4 1 wf =d"); /* another end is no end */
	ck_assert_int_eq(s.result, 0);
	ck_assert_uint_eq(s.session.flows->recv[0]->final_sn, 5);
	script_say(&s, "data 3 5 5 waf");
	script_expect(script_log(&s), "msg 3 4 gap =d, msg 3 5 =e, closed 3");
	/* an end before what has come already */
	script_say(&s, "data 4 1 0 w +m =a;data 4 9 1 w =i;data 4 5 1 wf =e");
	ck_assert_int_eq(s.result, RTMFP_ERR_SYNTAX);
	ck_assert(!s.session.flows->recv[1]->has_final);
	script_end(&s);
}
END_TEST

START_TEST(ends_in_the_middle_of_a_message)
{
	for (unsigned order = 0; order < 2; order++) {
		begin_as(order ? RTMFP_ORDER_ARRIVAL : RTMFP_ORDER_QUEUE, 65536, 65536);
		script_say(&s, "data 3 1 0 w +m =a;next b =b;next mf =c");
		script_expect(script_log(&s), "open 3 M, msg 3 1 =a, closed 3");
		ck_assert_uint_eq(s.session.flows->recv[0]->buf.count, 0);
		script_end(&s);
	}
}
END_TEST

START_TEST(aborted_with_the_session)
{
	script_begin(&s);
	script_say(&s, "data 3 1 0 w +m =a;data 4 1 0 wf +m =b;data 5 1 0 w =c");
	script_expect(script_log(&s), "open 3 M, msg 3 1 =a, open 4 M, msg 4 1 =b, closed 4");
	rtmfp_flows_free(s.session.flows);
	s.session.flows = NULL;
	script_expect(script_log(&s), "closed 3");
	script_end(&s);
}
END_TEST

/* ---- callbacks that call back ---- */

static void busy_user(struct script *script, const char *event, void *flow)
{
	struct rtmfp_sendflow *answer;
	struct rtmfp_sendflow_params params = { .priority = RTMFP_PRIORITY_BULK, .queue_max = 100 };

	if (strcmp(event, "open") == 0) {
		params.association = flow;
		ck_assert_int_eq(rtmfp_sendflow_open(&script->session, &params, script->now, &answer), 0);
		script_write(answer, "answer", RTMFP_NEVER);
		rtmfp_sendflow_close(answer, script->now);
	} else if (strcmp(event, "msg") == 0) {
		rtmfp_recvflow_suspend(flow, true, script->now);
		rtmfp_recvflow_suspend(flow, false, script->now);
		if (script->info.sequence_number == 2)
			rtmfp_recvflow_reject(flow, 9);
	}
}

START_TEST(callbacks_call_back)
{
	for (unsigned order = 0; order < 2; order++) {
		begin_as(order ? RTMFP_ORDER_ARRIVAL : RTMFP_ORDER_QUEUE, 65536, 65536);
		s.on_event = busy_user;
		script_say(
			&s,
			"data 3 1 0 w +m =a;data 3 3 0 w =c;data 3 5 0 b =e;data 3 2 0 w =b;data 3 4 0 w =d");
		script_expect(script_log(&s), order ? "open 3 M, msg 3 1 =a, msg 3 3 =c, msg 3 2 =b"
						    : "open 3 M, msg 3 1 =a, msg 3 2 =b");
		script_expect(script_packets(&s, 1200),
			      "exception 3 9; ack 3 64 5; data 1 1 0 wf +m +a3 =answer");
		script_end(&s);
	}
}
END_TEST

static void rejecting_user(struct script *script, const char *event, void *flow)
{
	(void)script;
	if (strcmp(event, "open") == 0)
		rtmfp_recvflow_reject(flow, 4);
}

START_TEST(rejected_while_it_opens)
{
	script_begin(&s);
	s.on_event = rejecting_user;
	script_say(&s, "data 3 1 0 w +m =a");
	script_expect(script_log(&s), "open 3 M");
	script_expect(script_packets(&s, 1200), "exception 3 4; ack 3 64 1");
	s.answer = 2; /* and again by the answer: the first word counts */
	script_say(&s, "data 4 1 0 w +m =a");
	script_expect(script_packets(&s, 1200), "exception 4 4; ack 4 64 1");
	script_say(&s, "data 3 2 1 waf");
	script_expect(script_log(&s), "open 4 M, closed 3");
	script_end(&s);
}
END_TEST

static const char *fatal_event;

static void leaving_user(struct script *script, const char *event, void *flow)
{
	(void)flow;
	if (strcmp(event, fatal_event) == 0 && script->session.flows) {
		struct rtmfp_flows *flows = script->session.flows;

		script->session.flows = NULL;
		rtmfp_flows_free(flows);
	}
}

START_TEST(freed_from_within_a_callback)
{
	static const char *const events[] = { "open", "msg", "closed", "exception", "sent" };

	for (unsigned i = 0; i < 2 * sizeof(events) / sizeof(events[0]); i++) {
		struct rtmfp_sendflow *flow;

		begin_as(i % 2 ? RTMFP_ORDER_ARRIVAL : RTMFP_ORDER_QUEUE, 65536, 65536);
		fatal_event = events[i / 2];
		flow = script_open(&s, RTMFP_PRIORITY_BULK);
		script_write(flow, "x", 0);
		(void)script_packets(&s, 1200);
		rtmfp_sendflow_close(flow, s.now);
		(void)script_packets(&s, 1200);
		s.on_event = leaving_user;
		script_say(&s, "data 3 2 0 b +m =a;data 3 3 0 e =b;data 3 1 0 wf =0;data 3 4 0 wf "
			       "=c;exception 1 1;ack 1 1 2");
		if (s.session.flows)
			script_say(&s, "data 3 1 0 w =x;data 3 4 4 waf");
		ck_assert_ptr_null(s.session.flows);
		script_end(&s);
	}
}
END_TEST

/* ---- memory ---- */

START_TEST(memory_short_while_receiving)
{
	for (size_t n = 1; n < 12; n++) {
		begin_as(RTMFP_ORDER_QUEUE, 65536, 65536);
		s.mem.fail_at = s.mem.calls + n;
		for (unsigned again = 0; again < 4; again++) {
			script_say(&s, "data 3 1 0 b +m =aaa;next m =bbb;next e =ccc;data 3 6 0 w =fff");
			(void)script_packets(&s, 1200);
			script_wait(&s, RTMFP_MS(20)); /* delivery is tried again */
		}
		script_say(&s, "data 3 4 0 w =ddd;next w =eee");
		script_expect(script_log(&s),
			      "open 3 M, msg 3 1 =9B, msg 3 4 =ddd, msg 3 5 =eee, msg 3 6 =fff");
		script_end(&s);
	}
}
END_TEST

START_TEST(idle_flows_hold_nothing)
{
	size_t idle;

	begin_as(RTMFP_ORDER_QUEUE, 65536, 65536);
	for (unsigned seq = 3; seq < 300; seq += 2) {
		char text[64];

		snprintf(text, sizeof(text), "data 3 %u 0 b +m =x", seq);
		script_say(&s, text);
		(void)script_packets(&s, 1200);
	}
	script_say(&s, "data 3 500 499 b =xxx;next e =yyy");
	(void)script_packets(&s, 1200);
	ck_assert_ptr_nonnull(strstr(script_log(&s), "msg 3 500 gap =xxxyyy"));
	script_wait(&s, RTMFP_S(30));
	idle = s.mem.bytes - sizeof(struct rtmfp_flows) - sizeof(struct rtmfp_recvflow);
	ck_assert_uint_le(idle, 256);
	script_say(&s, "data 3 502 499 w =on;data 3 400 300 w =x"); /* and all is known as before */
	script_expect(script_log(&s), "msg 3 502 =on");
	script_end(&s);
}
END_TEST

static void add(TCase *tc)
{
	tcase_add_test(tc, figure_23);
	tcase_add_test(tc, flow_begins);
	tcase_add_test(tc, flow_without_metadata);
	tcase_add_test(tc, associations);
	tcase_add_test(tc, options);
	tcase_add_test(tc, user_rejects);
	tcase_add_test(tc, too_many_flows);
	tcase_add_test(tc, next_without_first);
	tcase_add_test(tc, acknowledgement_is_delayed);
	tcase_add_test(tc, acknowledgement_at_once);
	tcase_add_test(tc, every_second_packet);
	tcase_add_test(tc, acknowledgement_rides_along);
	tcase_add_test(tc, acknowledgement_is_truncated);
	tcase_add_test(tc, queue_order);
	tcase_add_test(tc, arrival_order);
	tcase_add_test(tc, abandoned_segments_in_queue_order);
	tcase_add_test(tc, abandoned_segments_in_arrival_order);
	tcase_add_test(tc, contradictory_fragments);
	tcase_add_test(tc, forward_sequence_number);
	tcase_add_test(tc, message_too_long);
	tcase_add_test(tc, window_closes_and_opens);
	tcase_add_test(tc, window_is_never_closed_to_what_is_needed);
	tcase_add_test(tc, buffer_is_bounded);
	tcase_add_test(tc, gaps_are_bounded);
	tcase_add_test(tc, flow_is_complete);
	tcase_add_test(tc, complete_but_suspended);
	tcase_add_test(tc, two_ends);
	tcase_add_test(tc, ends_in_the_middle_of_a_message);
	tcase_add_test(tc, aborted_with_the_session);
	tcase_add_test(tc, callbacks_call_back);
	tcase_add_test(tc, rejected_while_it_opens);
	tcase_add_test(tc, freed_from_within_a_callback);
	tcase_add_test(tc, memory_short_while_receiving);
	tcase_add_test(tc, idle_flows_hold_nothing);
}

int main(void)
{
	return flows_main("flows_recv", add);
}
