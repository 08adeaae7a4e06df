/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sending flows, packet by packet: RFC 7016 section 3.6.2 and its figures 20 and 21. */
#include "flows_main.h"
#include "flows_script.h"

#include <stdio.h>
#include <string.h>

static struct script s;

#define ONE 16u /* room for one fragment of 4 bytes, with options or without: so that each packet has one */

/* Sends the numbers |from| to |to|, one a packet, and checks the Forward Sequence Number. */
static void send_each(struct rtmfp_sendflow *flow, unsigned from, unsigned to, unsigned fsn)
{
	for (unsigned seq = from; seq <= to; seq++) {
		char want[64];

		script_write(flow, "text", seq == 33 ? RTMFP_NEVER : 0);
		snprintf(want, sizeof(want), "data %u %u %u w =text", (unsigned)rtmfp_sendflow_id(flow), seq,
			 fsn);
		script_expect(script_packet(&s, ONE), want);
	}
}

/* A flow with the given ID whose numbers 1 to |last| are sent and acknowledged. */
static struct rtmfp_sendflow *ready_flow(unsigned id, unsigned last)
{
	struct rtmfp_sendflow *flow = NULL;
	char ack[64];

	for (unsigned i = 0; i < id; i++)
		flow = script_open(&s, RTMFP_PRIORITY_BULK);
	for (unsigned seq = 1; seq <= last; seq++) {
		script_write(flow, "text", RTMFP_NEVER);
		ck_assert_str_ne(script_packet(&s, ONE), "");
		snprintf(ack, sizeof(ack), "ack %u 64 %u", id, seq);
		script_say(&s, ack);
	}
	return flow;
}

START_TEST(figure_20)
{
	struct rtmfp_sendflow *flow;

	script_begin(&s);
	flow = ready_flow(2, 15);
	send_each(flow, 16, 24, 15);
	script_say(&s, "ack 2 64 16");
	send_each(flow, 25, 26, 16);
	script_say(&s, "ack 2 64 18");
	send_each(flow, 27, 28, 18);
	script_end(&s);
}
END_TEST

START_TEST(figure_21)
{
	struct rtmfp_sendflow *flow;

	script_begin(&s);
	flow = ready_flow(3, 29);
	send_each(flow, 30, 44, 29);
	script_say(&s, "ack 3 64 30"); /* line 1 */
	send_each(flow, 45, 45, 30);
	script_say(&s, "ack 3 64 30 32"); /* nack 31:1 */
	send_each(flow, 46, 46, 30);
	script_say(&s, "ack 3 64 30 32 34"); /* nack 31:2, 33:1 */
	script_expect(script_packet(&s, ONE), "");
	script_say(&s, "ack 3 64 30 32 34-35"); /* nack 31:3=lost, 33:2 */
	send_each(flow, 47, 47, 32);		/* abandon 31 */
	script_say(&s, "ack 3 64 30 32 34-36"); /* nack 33:3=lost */
	script_expect(script_packet(&s, ONE), "data 3 33 32 w =text");
	script_say(&s, "ack 3 64 30 32 34-37");
	send_each(flow, 48, 59, 32);
	send_each(flow, 60, 60, 32); /* line 12 */
	script_say(&s, "ack 3 64 30 34-46");
	send_each(flow, 61, 61, 32);
	script_say(&s, "ack 3 64 32 34-47");
	send_each(flow, 62, 62, 32);
	script_say(&s, "ack 3 64 47");
	send_each(flow, 63, 63, 47);
	script_say(&s, "ack 3 64 49");
	send_each(flow, 64, 64, 49); /* line 20 */
	script_say(&s, "ack 3 64 59");
	script_say(&s, "ack 3 64 59 61");    /* nack 60:1 */
	script_say(&s, "ack 3 64 59 61-62"); /* nack 60:2 */
	script_expect(script_packet(&s, ONE), "");
	script_say(&s, "ack 3 64 59 61-63"); /* nack 60:3=lost */
	script_expect(script_packets(&s, ONE), "data 3 60 60 wa");
	script_say(&s, "ack 3 64 59 61-64");
	script_expect(script_packets(&s, ONE), "");
	script_say(&s, "ack 3 64 64");
	script_expect(script_packets(&s, ONE), "");
	ck_assert_uint_eq(flow->q.count, 0);
	ck_assert_uint_eq(s.session.flows->outstanding, 0);
	script_end(&s);
}
END_TEST

START_TEST(startup_options)
{
	struct rtmfp_sendflow *flow;
	struct rtmfp_sendflow_params params = { .metadata = (const uint8_t *)"meta",
						.metadata_len = 4,
						.queue_max = 1 << 20 };

	script_begin(&s);
	script_say(&s, "data 77 1 0 w +m =hi");
	params.association = s.flow;
	ck_assert_int_eq(rtmfp_sendflow_open(&s.session, &params, s.now, &flow), 0);
	(void)script_packets(&s, 1200);
	script_write(flow, "one", RTMFP_NEVER);
	script_write(flow, "two", RTMFP_NEVER);
	/* in the first chunk of each packet, and once */
	script_expect(script_packet(&s, 1200), "data 1 1 0 w +mmeta +a77 =one; next w =two");
	script_write(flow, "three", RTMFP_NEVER);
	script_expect(script_packet(&s, 1200), "data 1 3 0 w +mmeta +a77 =three");
	script_say(&s, "ack 1 64 2");
	script_write(flow, "four", RTMFP_NEVER);
	script_expect(script_packet(&s, 1200), "data 1 4 2 w =four");
	/* Metadata may be empty. */
	params = (struct rtmfp_sendflow_params){ .queue_max = 100 };
	ck_assert_int_eq(rtmfp_sendflow_open(&s.session, &params, s.now, &flow), 0);
	script_write(flow, "x", 0);
	script_expect(script_packet(&s, 1200), "data 2 1 0 w +m =x");
	script_end(&s);
}
END_TEST

START_TEST(acknowledgement_before_anything_was_sent)
{
	struct rtmfp_sendflow *flow;

	script_begin(&s);
	flow = script_open(&s, RTMFP_PRIORITY_BULK);
	script_say(&s, "ack 1 0 5 7-18446744073709551615");
	script_write(flow, "x", 0);
	script_expect(script_packet(&s, 1200), "data 1 1 0 w +mM =x");
	script_end(&s);
}
END_TEST

START_TEST(fragments_fill_datagrams)
{
	struct rtmfp_sendflow *flow;
	struct rtmfp_write write = { .len = 1000, .lifetime = RTMFP_NEVER, .queue_time = RTMFP_NEVER };
	static uint8_t data[1000];

	script_begin(&s);
	rtmfp_flows_set_datagram(s.session.flows, 300);
	flow = script_open(&s, RTMFP_PRIORITY_BULK);
	ck_assert_int_eq(script_write_long(flow, 800, RTMFP_NEVER), 0);
	/* 300 less chunk header 3, flags 1, flow 1, number 1, offset 1, options 4 */
	script_expect(script_packet(&s, 300), "data 1 1 0 b +mM =289B");
	script_expect(script_packet(&s, 300), "data 1 2 0 m +mM =289B");
	script_say(&s, "ack 1 64 1");
	script_expect(script_packet(&s, 300), "data 1 3 1 e =222B");
	/* what is left of a packet is not filled with a part of a fragment */
	ck_assert_int_eq(script_write_long(flow, 293, 0), 0);
	script_write(flow, "small", 0);
	script_expect(script_packets(&s, 300), "data 1 4 1 w =293B | data 1 5 1 w =small");
	/* cuts that the user wants */
	write.data = data;
	write.first = 100;
	write.each = 250;
	ck_assert_int_eq(rtmfp_sendflow_write(flow, &write, s.now), 0);
	script_say(&s, "ack 1 64 5");
	script_expect(script_packets(&s, 300),
		      "data 1 6 5 b =100B | data 1 7 5 m =250B | data 1 8 5 m =250B | data 1 9 5 m =250B | "
		      "data 1 10 5 e =150B");
	/* but none is longer than a datagram */
	write.first = write.each = 600;
	ck_assert_int_eq(rtmfp_sendflow_write(flow, &write, s.now), 0);
	script_say(&s, "ack 1 64 10");
	script_expect(script_packet(&s, 300), "data 1 11 10 b =293B");
	script_end(&s);
}
END_TEST

START_TEST(next_user_data)
{
	struct rtmfp_sendflow *a, *b;

	script_begin(&s);
	a = ready_flow(1, 1);
	b = script_open(&s, RTMFP_PRIORITY_BULK);
	script_write(b, "z", RTMFP_NEVER);
	for (unsigned i = 0; i < 3; i++)
		script_write(a, "a", RTMFP_NEVER);
	script_expect(script_packet(&s, 1200), "data 1 2 1 w =a; next w =a; next w =a; data 2 1 0 w +mM =z");
	/* Not when a number is left out: 3 is lost and comes again beside 5. */
	script_say(&s, "ack 1 64 2 4;ack 2 64 1");
	for (unsigned i = 0; i < 3; i++)
		script_say(&s, "ack 1 64 2 4");
	script_write(a, "b", RTMFP_NEVER);
	script_write(a, "c", RTMFP_NEVER);
	script_expect(script_packet(&s, 1200), "data 1 3 2 w =a; data 1 5 2 w =b; next w =c");
	script_end(&s);
}
END_TEST

/* ---- close ---- */

START_TEST(close_with_unsent_data)
{
	struct rtmfp_sendflow *flow;

	script_begin(&s);
	flow = ready_flow(1, 1);
	script_write(flow, "one", RTMFP_NEVER);
	script_write(flow, "two", RTMFP_NEVER);
	rtmfp_sendflow_close(flow, s.now);
	ck_assert_int_eq(script_write_long(flow, 1, 0), RTMFP_ERR_CLOSED);
	script_expect(script_packet(&s, 1200), "data 1 2 1 w =one; next wf =two");
	script_say(&s, "ack 1 64 2");
	script_expect(script_log(&s), "");
	script_say(&s, "ack 1 64 3");
	script_expect(script_log(&s), "sent 1");
	ck_assert_uint_eq(rtmfp_sendflow_id(script_open(&s, RTMFP_PRIORITY_BULK)), 2);
	script_wait(&s, RTMFP_S(130) - 1);
	ck_assert_uint_eq(s.session.flows->send_count, 2);
	script_wait(&s, 1); /* only now may the ID be used again */
	ck_assert_uint_eq(s.session.flows->send_count, 1);
	ck_assert_uint_eq(rtmfp_sendflow_id(script_open(&s, RTMFP_PRIORITY_BULK)), 1);
	script_end(&s);
}
END_TEST

START_TEST(close_when_all_is_sent)
{
	struct rtmfp_sendflow *flow;

	script_begin(&s);
	flow = ready_flow(1, 0);
	script_write(flow, "one", RTMFP_NEVER);
	script_expect(script_packet(&s, 1200), "data 1 1 0 w +mM =one");
	rtmfp_sendflow_close(flow, s.now);
	rtmfp_sendflow_close(flow, s.now);
	script_expect(script_packets(&s, 1200), "data 1 2 0 waf +mM");
	script_say(&s, "ack 1 64 0 2");
	script_expect(script_log(&s), "");
	script_wait(&s, RTMFP_S(3));
	script_expect(script_packets(&s, 1200), "data 1 1 0 w =one");
	script_say(&s, "ack 1 64 2");
	script_expect(script_log(&s), "sent 1");
	script_end(&s);
}
END_TEST

START_TEST(close_of_a_flow_that_never_sent)
{
	struct rtmfp_sendflow *flow;

	script_begin(&s);
	flow = ready_flow(1, 0);
	rtmfp_sendflow_close(flow, s.now);
	script_expect(script_packets(&s, 1200), "data 1 1 1 waf +mM");
	script_wait(&s, RTMFP_S(3)); /* lost: again */
	script_expect(script_packets(&s, 1200), "data 1 1 1 waf +mM");
	script_say(&s, "ack 1 64 1");
	script_expect(script_log(&s), "sent 1");
	script_end(&s);
}
END_TEST

START_TEST(close_with_everything_abandoned)
{
	struct rtmfp_sendflow *flow;

	script_begin(&s);
	flow = ready_flow(1, 1);
	script_write(flow, "one", 0);
	script_write(flow, "two", 0);
	script_expect(script_packet(&s, 1200), "data 1 2 1 w =one; next w =two");
	rtmfp_sendflow_close(flow, s.now);
	script_expect(script_packet(&s, 1200), "data 1 4 1 waf");
	script_wait(&s, RTMFP_S(3));
	script_expect(script_packets(&s, 1200), "data 1 4 4 waf");
	script_say(&s, "ack 1 64 4");
	script_expect(script_log(&s), "sent 1");
	script_end(&s);
}
END_TEST

START_TEST(aborted_with_the_session)
{
	struct rtmfp_sendflow *flow;

	script_begin(&s);
	flow = ready_flow(2, 0);
	script_write(flow, "one", RTMFP_NEVER);
	rtmfp_flows_free(s.session.flows);
	s.session.flows = NULL;
	script_expect(script_log(&s), "sent 1, sent 2");
	script_end(&s);
}
END_TEST

/* ---- exception ---- */

START_TEST(exception)
{
	struct rtmfp_sendflow *flow;
	struct rtmfp_sendflow_stats stats;

	script_begin(&s);
	flow = ready_flow(1, 1);
	script_write(flow, "one", RTMFP_NEVER);
	script_expect(script_packet(&s, 1200), "data 1 2 1 w =one");
	script_write(flow, "two", RTMFP_NEVER);
	script_say(&s, "exception 1 42;ack 1 0 2");
	script_expect(script_log(&s), "exception 1 42");
	ck_assert_int_eq(script_write_long(flow, 1, 0), RTMFP_ERR_CLOSED);
	/* Nothing of it is sent any more, and a closed window does not matter. */
	script_expect(script_packets(&s, 1200), "data 1 3 3 waf");
	script_say(&s, "exception 1 42;ack 1 0 3");
	script_expect(script_log(&s), "sent 1");
	rtmfp_sendflow_stats(flow, &stats);
	ck_assert_uint_eq(stats.abandoned, 1);
	script_say(&s, "exception 1 43;exception 99 1");
	script_expect(script_log(&s), "");
	script_end(&s);
}
END_TEST

START_TEST(exception_with_data_in_flight)
{
	struct rtmfp_sendflow *flow;

	script_begin(&s);
	flow = ready_flow(1, 1);
	script_write(flow, "one", RTMFP_NEVER);
	script_write(flow, "two", RTMFP_NEVER);
	script_expect(script_packet(&s, 1200), "data 1 2 1 w =one; next w =two");
	rtmfp_sendflow_close(flow, s.now);
	script_say(&s, "exception 1 1");
	script_expect(script_log(&s), "exception 1 1");
	/* FSN stays below what is in flight and was not abandoned when sent. */
	script_expect(script_packets(&s, 1200), "data 1 4 1 waf");
	script_say(&s, "ack 1 0 3");
	script_say(&s, "ack 1 0 4");
	script_expect(script_log(&s), "sent 1");
	script_end(&s);
}
END_TEST

/* ---- flow control ---- */

START_TEST(receive_window)
{
	struct rtmfp_sendflow *flow;

	script_begin(&s);
	flow = ready_flow(1, 1);
	script_say(&s, "ack 1 1 1");
	for (unsigned i = 0; i < 5; i++)
		ck_assert_int_eq(script_write_long(flow, 600, RTMFP_NEVER), 0);
	script_expect(script_packets(&s, 1200), "data 1 2 1 w =600B | data 1 3 1 w =600B");
	script_say(&s, "ack 1 1 2");
	script_expect(script_packets(&s, 1200), "data 1 4 2 w =600B");
	/* An acknowledgement that was overtaken says nothing. */
	script_say(&s, "ack 1 2 4;ack 1 0 2");
	script_expect(script_packets(&s, 1200), "data 1 5 4 w =600B | data 1 6 4 w =600B");
	script_end(&s);
}
END_TEST

START_TEST(window_of_any_size)
{
	struct rtmfp_sendflow *flow;

	script_begin(&s);
	flow = ready_flow(1, 1);
	script_say(&s, "ack 1 18446744073709551615 1");
	script_write(flow, "x", 0);
	script_expect(script_packets(&s, 1200), "data 1 2 1 w =x");
	script_say(&s, "ack 1 18014398509481984 2"); /* times 1024 is 2^64 */
	script_write(flow, "x", 0);
	script_expect(script_packets(&s, 1200), "data 1 3 2 w =x");
	script_end(&s);
}
END_TEST

START_TEST(buffer_probes)
{
	static const unsigned want_ms[] = { 1000, 2414, 4414, 7241, 11240, 16892 };
	struct rtmfp_sendflow *flow;
	uint64_t start, last = 0;
	unsigned probes = 0;

	script_begin(&s);
	flow = ready_flow(1, 1);
	script_say(&s, "ack 1 0 1");
	script_expect(script_packets(&s, 1200), "");
	script_wait(&s, RTMFP_S(100)); /* nothing to send: nothing to ask */
	script_expect(script_packets(&s, 1200), "");
	script_write(flow, "text", RTMFP_NEVER);
	script_expect(script_packets(&s, 1200), "");
	start = s.now;
	while (s.now - start < RTMFP_S(60)) {
		uint64_t expiry = rtmfp_flows_expiry(s.session.flows);

		s.now = expiry;
		rtmfp_flows_tick(s.session.flows, s.now);
		if (strcmp(script_packets(&s, 1200), "probe 1") == 0) {
			uint64_t ms = (s.now - start) / RTMFP_MS(1);

			ck_assert(probes >= 6 || (ms <= want_ms[probes] && ms + 5 > want_ms[probes]));
			probes++;
			last = s.now;
		}
	}
	ck_assert_uint_ge(probes, 6);
	for (unsigned i = 0; i < 10; i++) { /* and then at least once a minute */
		s.now = rtmfp_flows_expiry(s.session.flows);
		rtmfp_flows_tick(s.session.flows, s.now);
		if (script_packets(&s, 1200)[0]) {
			ck_assert_uint_le(s.now - last, RTMFP_S(60));
			last = s.now;
		}
	}
	script_say(&s, "ack 1 1 1");
	script_expect(script_packets(&s, 1200), "data 1 2 1 w =text");
	script_wait(&s, RTMFP_S(2));
	script_say(&s, "ack 1 1 2");
	script_wait(&s, RTMFP_S(200));
	script_expect(script_packets(&s, 1200), "");
	script_end(&s);
}
END_TEST

START_TEST(probe_for_what_expired)
{
	struct rtmfp_sendflow *flow;
	struct rtmfp_write write = { .data = (const uint8_t *)"x", .len = 1, .queue_time = RTMFP_S(1) };

	script_begin(&s);
	flow = ready_flow(1, 1);
	script_say(&s, "ack 1 0 1");
	ck_assert_int_eq(rtmfp_sendflow_write(flow, &write, s.now), 0);
	script_expect(script_packets(&s, 1200), "");
	script_wait(&s, RTMFP_S(3));
	/* The message is gone; its gap still has to be told, so the question stands. */
	script_expect(script_packets(&s, 1200), "probe 1");
	script_say(&s, "ack 1 64 1");
	script_expect(script_packets(&s, 1200), "data 1 2 2 wa");
	script_end(&s);
}
END_TEST

/* ---- abandoning ---- */

/* Three packets tell that |seq| is missing and all after it has come. */
static void lose(unsigned flow, unsigned cumulative, const char *got)
{
	char ack[128];

	snprintf(ack, sizeof(ack), "ack %u 64 %u %s", flow, cumulative, got);
	for (unsigned i = 0; i < 3; i++)
		script_say(&s, ack);
}

START_TEST(lifetime_is_over_when_lost)
{
	struct rtmfp_sendflow *flow;
	struct rtmfp_sendflow_stats stats;

	script_begin(&s);
	flow = ready_flow(1, 1);
	script_write(flow, "old", RTMFP_MS(100));
	script_wait(&s, RTMFP_MS(50));
	script_write(flow, "new", RTMFP_MS(100));
	script_write(flow, "last", RTMFP_NEVER);
	script_expect(script_packet(&s, 1200), "data 1 2 1 w =old; next w =new; next w =last");
	script_wait(&s, RTMFP_MS(60));
	lose(1, 1, "4"); /* 2 is 110 ms old, 3 is 60 ms old */
	script_expect(script_packets(&s, 1200), "data 1 3 2 w =new");
	rtmfp_sendflow_stats(flow, &stats);
	ck_assert_uint_eq(stats.abandoned, 1);
	ck_assert_uint_eq(stats.lost, 2);
	ck_assert_uint_eq(stats.repeated, 1);
	script_end(&s);
}
END_TEST

START_TEST(lifetime_is_over_while_it_waits_to_be_repeated)
{
	struct rtmfp_sendflow *flow;

	script_begin(&s);
	flow = ready_flow(1, 1);
	script_write(flow, "a", RTMFP_MS(100));
	script_write(flow, "b", RTMFP_NEVER);
	script_expect(script_packet(&s, 1200), "data 1 2 1 w =a; next w =b");
	lose(1, 1, "3");
	script_wait(&s, RTMFP_MS(101));
	script_expect(script_packets(&s, 1200), "data 1 2 2 wa");
	script_end(&s);
}
END_TEST

START_TEST(whole_message_is_abandoned)
{
	struct rtmfp_sendflow *flow;
	struct rtmfp_sendflow_stats stats;

	script_begin(&s);
	rtmfp_flows_set_datagram(s.session.flows, 500);
	flow = ready_flow(1, 1);
	ck_assert_int_eq(script_write_long(flow, 4000, 0), 0);
	script_write(flow, "next", RTMFP_NEVER);
	script_expect(script_packets(&s, 500),
		      "data 1 2 1 b =493B | data 1 3 1 m =493B | data 1 4 1 m =493B | data 1 5 1 m =493B");
	/* 2 is lost: the others are abandoned as well, the rest of the message is never sent. */
	lose(1, 1, "3");
	rtmfp_sendflow_stats(flow, &stats);
	ck_assert_uint_eq(stats.abandoned, 1);
	ck_assert_uint_eq(stats.queued, 4);
	/* The rest has one number, 6. FSN stays below 4, which was not abandoned when it was sent. */
	script_expect(script_packets(&s, 500), "data 1 7 3 w =next");
	lose(1, 3, "7");
	script_expect(script_packets(&s, 500), "data 1 6 6 ea");
	script_end(&s);
}
END_TEST

START_TEST(queue_time)
{
	struct rtmfp_sendflow *flow;
	struct rtmfp_write write = {
		.data = (const uint8_t *)"late", .len = 4, .lifetime = RTMFP_NEVER, .queue_time = RTMFP_MS(10)
	};
	struct rtmfp_sendflow_stats stats;

	script_begin(&s);
	flow = ready_flow(1, 1);
	ck_assert_int_eq(rtmfp_sendflow_write(flow, &write, s.now), 0);
	script_wait(&s, RTMFP_MS(10));
	script_write(flow, "now", RTMFP_NEVER);
	script_expect(script_packets(&s, 1200), "data 1 3 2 w =now");
	rtmfp_sendflow_stats(flow, &stats);
	ck_assert_uint_eq(stats.abandoned, 1);
	/* Alone: the gap is told, and told again until the far end has it. */
	ck_assert_int_eq(rtmfp_sendflow_write(flow, &write, s.now), 0);
	script_wait(&s, RTMFP_MS(10));
	script_expect(script_packets(&s, 1200), "");
	script_say(&s, "ack 1 64 3");
	script_expect(script_packets(&s, 1200), "data 1 4 4 wa");
	script_wait(&s, RTMFP_S(3));
	script_expect(script_packets(&s, 1200), "data 1 4 4 wa");
	script_say(&s, "ack 1 64 4");
	script_wait(&s, RTMFP_S(30));
	script_expect(script_packets(&s, 1200), "");
	script_end(&s);
}
END_TEST

START_TEST(gap_is_told_in_the_end)
{
	struct rtmfp_sendflow *flow;

	script_begin(&s);
	flow = ready_flow(1, 1);
	script_write(flow, "a", 0);
	script_write(flow, "b", 0);
	script_write(flow, "c", RTMFP_NEVER);
	script_expect(script_packet(&s, 1200), "data 1 2 1 w =a; next w =b; next w =c");
	lose(1, 1, "4");
	/* 2 and 3 are lost and abandoned, nothing else is eligible: an FSN Update */
	script_expect(script_packets(&s, 1200), "data 1 3 3 wa");
	/* It is lost; 4 was acknowledged: nothing is left, and yet the far end has a gap. */
	script_wait(&s, RTMFP_S(3));
	script_expect(script_packets(&s, 1200), "data 1 3 3 wa");
	/* 3 is acknowledged from an older copy, out of nowhere, without the numbers before */
	script_say(&s, "ack 1 64 1 3-4");
	script_expect(script_packets(&s, 1200), "data 1 4 4 wa");
	script_say(&s, "ack 1 64 4");
	script_expect(script_packets(&s, 1200), "");
	script_end(&s);
}
END_TEST

START_TEST(late_acknowledgement_of_what_was_lost)
{
	struct rtmfp_sendflow *flow;

	script_begin(&s);
	flow = ready_flow(1, 1);
	script_write(flow, "a", RTMFP_NEVER);
	script_write(flow, "b", RTMFP_NEVER);
	script_expect(script_packet(&s, 1200), "data 1 2 1 w =a; next w =b");
	lose(1, 1, "3");
	script_say(&s, "ack 1 64 3"); /* it was only late: it is not sent again */
	script_expect(script_packets(&s, 1200), "");
	script_end(&s);
}
END_TEST

/* ---- timeout ---- */

START_TEST(timeouts)
{
	struct rtmfp_sendflow *flow;
	struct rtmfp_flows_health h;
	uint64_t start, erto;

	script_begin(&s);
	flow = script_open(&s, RTMFP_PRIORITY_BULK);
	rtmfp_flows_health(s.session.flows, &h);
	ck_assert_uint_eq(h.ack_due_since, RTMFP_NEVER);
	script_write(flow, "a", RTMFP_NEVER);
	script_expect(script_packet(&s, 1200), "data 1 1 0 w +mM =a");
	start = s.now;
	rtmfp_flows_health(s.session.flows, &h);
	ck_assert_uint_eq(h.ack_due_since, start);
	ck_assert_uint_eq(h.erto, RTMFP_S(3));
	/* A packet that is sent meanwhile does not put the alarm off. */
	script_wait(&s, RTMFP_S(2));
	script_write(flow, "b", 0);
	script_expect(script_packet(&s, 1200), "data 1 2 0 w +mM =b");
	ck_assert_uint_eq(rtmfp_flows_expiry(s.session.flows), start + RTMFP_S(3));
	script_wait(&s, RTMFP_S(1));
	rtmfp_flows_health(s.session.flows, &h);
	ck_assert_uint_eq(h.timeouts_in_row, 1);
	ck_assert_uint_eq(h.ack_due_since, start);
	ck_assert_uint_eq(h.outstanding, 0);
	ck_assert_uint_eq(h.lost_fragments, 2);
	ck_assert_uint_eq(h.cwnd, 1200); /* a segment */
	ck_assert_uint_eq(h.erto, RTMFP_S(3) / 10000 * 14142);
	script_expect(script_packets(&s, 1200), "data 1 1 0 w +mM =a");
	for (unsigned i = 2; i < 8; i++) {
		erto = h.erto;
		start = s.now;
		s.now = rtmfp_flows_expiry(s.session.flows);
		ck_assert_uint_eq(s.now, start + erto);
		rtmfp_flows_tick(s.session.flows, s.now);
		rtmfp_flows_health(s.session.flows, &h);
		ck_assert_uint_eq(h.timeouts_in_row, i);
		ck_assert_uint_le(h.erto, RTMFP_S(10));
		script_expect(script_packets(&s, 1200), "data 1 1 0 w +mM =a");
	}
	script_say(&s, "ack 1 64 1");
	rtmfp_flows_health(s.session.flows, &h);
	ck_assert_uint_eq(h.timeouts_in_row, 0);
	ck_assert_uint_eq(h.ack_due_since, RTMFP_NEVER);
	script_expect(script_packets(&s, 1200), "data 1 2 2 wa");
	script_say(&s, "ack 1 64 2");
	/* The last alarm, without loss: back to the window of the beginning. */
	script_wait(&s, RTMFP_S(11));
	rtmfp_flows_health(s.session.flows, &h);
	ck_assert_uint_eq(h.timeouts_in_row, 0);
	ck_assert_uint_eq(h.cwnd, 3600);
	script_wait(&s, RTMFP_S(11));
	ck_assert_uint_eq(rtmfp_flows_expiry(s.session.flows), RTMFP_NEVER);
	script_end(&s);
}
END_TEST

START_TEST(acknowledgement_due)
{
	struct rtmfp_sendflow *flow;
	struct rtmfp_flows_health h;

	script_begin(&s);
	flow = ready_flow(1, 1);
	script_write(flow, "a", RTMFP_NEVER);
	(void)script_packet(&s, ONE);
	script_wait(&s, RTMFP_MS(100));
	script_write(flow, "b", RTMFP_NEVER);
	(void)script_packet(&s, ONE);
	script_wait(&s, RTMFP_MS(100));
	script_say(&s, "ack 1 64 1"); /* of nothing new */
	rtmfp_flows_health(s.session.flows, &h);
	ck_assert_uint_eq(h.ack_due_since, s.now - RTMFP_MS(200));
	script_say(&s, "ack 1 64 2");
	rtmfp_flows_health(s.session.flows, &h);
	ck_assert_uint_eq(h.ack_due_since, s.now);
	ck_assert(h.has_open_flows);
	script_end(&s);
}
END_TEST

/* ---- who is first ---- */

START_TEST(priorities)
{
	struct rtmfp_sendflow *low, *high, *keying;

	script_begin(&s);
	low = script_open(&s, RTMFP_PRIORITY_BACKGROUND);
	high = script_open(&s, RTMFP_PRIORITY_REALTIME);
	keying = script_open(&s, RTMFP_PRIORITY_KEYING);
	for (unsigned i = 0; i < 3; i++) {
		script_write(low, "low", RTMFP_NEVER);
		script_write(high, "high", RTMFP_NEVER);
	}
	script_write(keying, "key", RTMFP_NEVER);
	s.keying_only = true;
	script_expect(script_packets(&s, ONE), "data 3 1 0 w +mM =key");
	ck_assert(s.fill.user_data == false);
	script_write(keying, "key", RTMFP_NEVER);
	s.keying_only = false;
	script_expect(script_packet(&s, ONE), "data 3 2 0 w +mM =key");
	ck_assert(s.fill.user_data && !s.fill.time_critical);
	script_expect(script_packet(&s, ONE), "data 2 1 0 w +mM =high");
	ck_assert(s.fill.time_critical);
	script_expect(script_packet(&s, ONE), "data 2 2 0 w +mM =high");
	script_expect(script_packet(&s, 60),
		      "data 2 3 0 w +mM =high; data 1 1 0 w +mM =low; next w =low; next w =low");
	script_end(&s);
}
END_TEST

START_TEST(in_turn)
{
	struct rtmfp_sendflow *flow[3];

	script_begin(&s);
	for (unsigned i = 0; i < 3; i++)
		flow[i] = script_open(&s, RTMFP_PRIORITY_BULK);
	for (unsigned n = 0; n < 2; n++) {
		for (unsigned i = 0; i < 3; i++)
			script_write(flow[i], "text", RTMFP_NEVER);
	}
	script_expect(script_packets(&s, ONE),
		      "data 1 1 0 w +mM =text | data 2 1 0 w +mM =text | data 3 1 0 w +mM =text | "
		      "data 1 2 0 w +mM =text | data 2 2 0 w +mM =text | data 3 2 0 w +mM =text");
	script_end(&s);
}
END_TEST

START_TEST(small_ones_beside_large_ones)
{
	struct rtmfp_sendflow *a, *b;

	script_begin(&s);
	a = script_open(&s, RTMFP_PRIORITY_INTERACTIVE);
	b = script_open(&s, RTMFP_PRIORITY_BULK);
	ck_assert_int_eq(script_write_long(a, 1100, RTMFP_NEVER), 0);
	ck_assert_int_eq(script_write_long(a, 1100, RTMFP_NEVER), 0);
	script_write(b, "small", RTMFP_NEVER);
	script_expect(script_packets(&s, 1200),
		      "data 1 1 0 w +mM =1100B; data 2 1 0 w +mM =small | data 1 2 0 w +mM =1100B");
	script_end(&s);
}
END_TEST

START_TEST(congestion_window)
{
	struct rtmfp_sendflow *flow;
	struct rtmfp_flows_health h;

	script_begin(&s);
	flow = ready_flow(1, 0);
	for (unsigned i = 0; i < 20; i++)
		ck_assert_int_eq(script_write_long(flow, 1000, RTMFP_NEVER), 0);
	/* 3600 bytes: a fragment may go while less than that is outstanding */
	script_expect(script_packets(&s, 1200),
		      "data 1 1 0 w +mM =1000B | data 1 2 0 w +mM =1000B | data 1 3 0 w +mM =1000B | "
		      "data 1 4 0 w +mM =1000B");
	rtmfp_flows_health(s.session.flows, &h);
	ck_assert_uint_eq(h.cwnd, 3600);
	ck_assert_uint_eq(h.outstanding, 4 * 1011);
	script_wait(&s, RTMFP_MS(100));
	script_say(&s, "ack 1 64 4");
	rtmfp_flows_health(s.session.flows, &h);
	ck_assert_uint_eq(h.cwnd, 3600 + 4 * 1011);
	ck_assert_uint_eq(h.outstanding, 0);
	ck_assert_uint_eq(h.rtt, RTMFP_MS(100));
	ck_assert_uint_eq(h.min_rtt, RTMFP_MS(100));
	script_end(&s);
}
END_TEST

START_TEST(pacing)
{
	struct rtmfp_sendflow *flow;
	uint64_t start;
	size_t sent = 0;

	script_begin(&s);
	flow = ready_flow(1, 0);
	rtmfp_flows_rtt_sample(s.session.flows, RTMFP_MS(100), s.now);
	for (unsigned i = 0; i < 400; i++)
		ck_assert_int_eq(script_write_long(flow, 1000, RTMFP_NEVER), 0);
	/* Let the window grow to more than a burst. */
	for (unsigned i = 1; i <= 4; i++) {
		char ack[64];

		while (script_packet(&s, 1200)[0])
			;
		script_wait(&s, RTMFP_MS(100));
		snprintf(ack, sizeof(ack), "ack 1 9999 %u", (unsigned)flow->q.next - 1);
		script_say(&s, ack);
	}
	start = s.now;
	while (script_packet(&s, 1200)[0])
		sent++;
	ck_assert_uint_ge(sent, 9); /* a burst goes at once */
	ck_assert_uint_le(sent, 13);
	ck_assert_uint_lt(s.session.flows->outstanding, s.session.flows->cc->ops->cwnd(s.session.flows->cc));
	/* then the rest, spread */
	ck_assert_uint_gt(rtmfp_flows_expiry(s.session.flows), s.now);
	ck_assert_uint_lt(rtmfp_flows_expiry(s.session.flows), s.now + RTMFP_MS(30));
	s.now = rtmfp_flows_expiry(s.session.flows);
	rtmfp_flows_tick(s.session.flows, s.now);
	ck_assert_str_ne(script_packet(&s, 1200), "");
	ck_assert_uint_lt(s.now - start, RTMFP_MS(30));
	script_end(&s);
}
END_TEST

/* ---- hostile and odd acknowledgements ---- */

START_TEST(acknowledgements_of_the_unsent)
{
	struct rtmfp_sendflow *flow;

	script_begin(&s);
	flow = ready_flow(1, 1);
	script_write(flow, "a", RTMFP_NEVER);
	script_write(flow, "b", RTMFP_NEVER);
	script_expect(script_packet(&s, 12), "data 1 2 1 w =a");
	script_say(&s, "ack 1 64 1 3-18446744073709551615");
	script_say(&s, "ack 1 64 1 3-9223372036854775807 9223372036854775809-18446744073709551614");
	script_expect(script_packet(&s, 12), "data 1 3 1 w =b");
	script_say(&s, "ack 1 64 18446744073709551615");
	script_expect(script_packets(&s, 1200), "");
	ck_assert_uint_eq(flow->cumulative, 3);
	script_write(flow, "c", RTMFP_NEVER);
	script_expect(script_packet(&s, 1200), "data 1 4 3 w =c");
	script_say(&s, "ack 0 64 9;ack 2 64 9;ack 18446744073709551615 64 9");
	ck_assert_int_eq(s.result, 0);
	ck_assert_uint_eq(flow->outstanding, 8);
	script_end(&s);
}
END_TEST

START_TEST(final_number_cannot_be_acknowledged_unsent)
{
	struct rtmfp_sendflow *flow;

	script_begin(&s);
	flow = ready_flow(1, 1);
	script_write(flow, "a", RTMFP_NEVER);
	script_expect(script_packet(&s, 12), "data 1 2 1 w =a");
	rtmfp_sendflow_close(flow, s.now);
	ck_assert_int_eq(rtmfp_flows_want(s.session.flows, false, s.now), RTMFP_WANT_DATA);
	script_say(&s, "ack 1 64 3");
	script_expect(script_log(&s), "");
	script_expect(script_packets(&s, 1200), "data 1 3 3 waf");
	script_say(&s, "ack 1 64 3");
	script_expect(script_log(&s), "sent 1");
	script_end(&s);
}
END_TEST

START_TEST(both_forms_and_truncated)
{
	struct rtmfp_sendflow *flow;

	script_begin(&s);
	flow = ready_flow(1, 0);
	for (unsigned i = 0; i < 30; i++)
		script_write(flow, "x", RTMFP_NEVER);
	(void)script_packets(&s, 1200);
	ck_assert_uint_eq(flow->q.count, 30);
	script_say(&s, "bitmap 1 127 16 18 21-24 27-28"); /* figure 4 */
	ck_assert_uint_eq(flow->q.count, 30 - 16 - 1 - 4 - 2);
	script_say(&s,
		   "hex 51 00 07 01 7f 10 00 00 01 83"); /* figure 6: 19 to 20 are missing, then nonsense */
	ck_assert_uint_eq(flow->q.count, 7);
	ck_assert_int_eq(s.result, 0);
	script_say(&s, "hex 51 00 02 01 7f");
	ck_assert_int_eq(s.result, RTMFP_ERR_SYNTAX);
	script_say(&s, "hex 51 00 03 01 ff ff; hex 50 00 00; hex 5e 00 01 01; hex 18 00 01 ff; hex 18 00 00");
	ck_assert_int_eq(s.result, RTMFP_ERR_SYNTAX);
	ck_assert_uint_eq(flow->q.count, 7);
	script_end(&s);
}
END_TEST

/* A long range behind a hole is acknowledged again and again: that costs little, whatever its length. */
START_TEST(repeated_ranges_are_skipped)
{
	struct rtmfp_sendflow *flow;
	char ack[64];

	script_begin(&s);
	flow = ready_flow(1, 1);
	for (unsigned i = 0; i < 30000; i++) {
		script_write(flow, "x", 0);
		if (rtmfp_flows_want(s.session.flows, false, s.now) != RTMFP_WANT_DATA)
			continue;
		{
			uint8_t buf[8];
			struct rtmfp_writer w = rtmfp_writer(buf, sizeof(buf));
			struct rtmfp_fill fill = { .keying_only = false };

			(void)rtmfp_flows_fill(s.session.flows, &w, &fill, s.now);
		}
	}
	snprintf(ack, sizeof(ack), "ack 1 64 1 3-%u", (unsigned)flow->q.next - 2);
	for (unsigned i = 0; i < 20; i++)
		script_say(&s, ack);
	for (uint64_t seq = 3; seq < 20 && seq < flow->q.next - 1; seq++)
		ck_assert_uint_ge(rtmfp_sendqueue_entry(&flow->q, seq)->tsn, flow->q.next - 1);
	script_end(&s);
}
END_TEST

/* ---- memory, borrowing, limits ---- */

START_TEST(borrowed_bytes)
{
	struct rtmfp_sendflow *flow;
	char text[] = "text";
	struct rtmfp_write write = {
		.data = (uint8_t *)text, .len = 4, .flags = RTMFP_WRITE_BORROW, .queue_time = RTMFP_NEVER
	};
	size_t blocks;

	script_begin(&s);
	flow = ready_flow(1, 1);
	blocks = s.mem.blocks;
	ck_assert_int_eq(rtmfp_sendflow_write(flow, &write, s.now), 0);
	ck_assert_int_eq(rtmfp_sendflow_write(flow, &write, s.now), 0);
	ck_assert_uint_eq(flow->q.borrowed, 2);
	memcpy(text, "TEXT", 4); /* it is not a copy */
	script_expect(script_packet(&s, 15), "data 1 2 1 w =TEXT");
	rtmfp_flows_settle(s.session.flows);
	ck_assert_uint_eq(flow->q.borrowed, 0);
	memcpy(text, "lost", 4);
	script_expect(script_packet(&s, 15), "data 1 3 1 w =TEXT");
	/* What may be repeated is copied at once. */
	write.lifetime = RTMFP_NEVER;
	ck_assert_int_eq(rtmfp_sendflow_write(flow, &write, s.now), 0);
	memcpy(text, "gone", 4);
	script_expect(script_packet(&s, 15), "data 1 4 1 w =lost");
	/* No memory to settle: the message is given up, and the far end is told. */
	write.lifetime = 0;
	script_say(&s, "ack 1 64 4");
	script_wait(&s, RTMFP_S(30));
	ck_assert_uint_le(s.mem.blocks, blocks);
	ck_assert_int_eq(rtmfp_sendflow_write(flow, &write, s.now), 0);
	s.mem.fail_at = s.mem.calls + 1;
	rtmfp_flows_settle(s.session.flows);
	memcpy(text, "evil", 4);
	script_expect(script_packets(&s, 1200), "data 1 5 5 wa");
	script_end(&s);
}
END_TEST

START_TEST(queue_is_bounded)
{
	struct rtmfp_sendflow *flow;
	struct rtmfp_sendflow_params params = { .priority = RTMFP_PRIORITY_BULK, .queue_max = 1000 };

	script_begin(&s);
	ck_assert_int_eq(rtmfp_sendflow_open(&s.session, &params, s.now, &flow), 0);
	ck_assert_int_eq(script_write_long(flow, 5000, 0), 0); /* an empty queue takes any message */
	ck_assert_int_eq(script_write_long(flow, 0, 0), RTMFP_ERR_NOBUFS);
	script_expect(script_packet(&s, 1200), "data 1 1 0 b +m =1190B");
	script_expect(script_log(&s), "");
	ck_assert_int_eq(script_write_long(flow, 1, 0), RTMFP_ERR_NOBUFS);
	(void)script_packets(&s, 1200);
	script_say(&s, "ack 1 64 4");
	(void)script_packets(&s, 1200);
	script_expect(script_log(&s), "writable 1"); /* once */
	ck_assert_int_eq(script_write_long(flow, 600, 0), 0);
	ck_assert_int_eq(script_write_long(flow, 401, 0), RTMFP_ERR_NOBUFS);
	ck_assert_int_eq(script_write_long(flow, 400, 0), 0);
	ck_assert_int_eq(script_write_long(flow, RTMFP_MESSAGE_MAX + 1, 0), RTMFP_ERR_LIMIT);
	script_end(&s);
}
END_TEST

START_TEST(writing_room_by_expiry)
{
	struct rtmfp_sendflow *flow;
	struct rtmfp_sendflow_params params = { .priority = RTMFP_PRIORITY_BULK, .queue_max = 10 };
	struct rtmfp_write write = { .data = (const uint8_t *)"0123456789",
				     .len = 10,
				     .queue_time = RTMFP_MS(5) };

	script_begin(&s);
	ck_assert_int_eq(rtmfp_sendflow_open(&s.session, &params, s.now, &flow), 0);
	ck_assert_int_eq(rtmfp_sendflow_write(flow, &write, s.now), 0);
	ck_assert_int_eq(rtmfp_sendflow_write(flow, &write, s.now), RTMFP_ERR_NOBUFS);
	s.now += RTMFP_MS(5);
	ck_assert_int_eq(rtmfp_sendflow_write(flow, &write, s.now), 0);
	script_expect(script_packets(&s, 1200), "data 1 2 1 w +m =10B");
	script_end(&s);
}
END_TEST

START_TEST(flows_are_bounded)
{
	struct rtmfp_sendflow_params params = { .priority = RTMFP_PRIORITY_BULK };
	struct rtmfp_sendflow *flow;
	static uint8_t metadata[513];

	script_begin(&s);
	params.metadata = metadata;
	params.metadata_len = 513;
	ck_assert_int_eq(rtmfp_sendflow_open(&s.session, &params, s.now, &flow), RTMFP_ERR_LIMIT);
	params.metadata_len = 512;
	for (unsigned i = 0; i < 64; i++)
		ck_assert_int_eq(rtmfp_sendflow_open(&s.session, &params, s.now, &flow), 0);
	ck_assert_int_eq(rtmfp_sendflow_open(&s.session, &params, s.now, &flow), RTMFP_ERR_LIMIT);
	script_end(&s);
	script_begin(&s);
	{
		struct rtmfp_flows *flows = s.session.flows;

		s.session.flows = NULL; /* not open */
		ck_assert_int_eq(rtmfp_sendflow_open(&s.session, &params, s.now, &flow), RTMFP_ERR_CLOSED);
		s.session.flows = flows;
	}
	script_end(&s);
}
END_TEST

START_TEST(datagram_shrinks)
{
	struct rtmfp_sendflow *reliable, *other;

	script_begin(&s);
	reliable = ready_flow(1, 1);
	other = script_open(&s, RTMFP_PRIORITY_BULK);
	ck_assert_int_eq(script_write_long(reliable, 1100, RTMFP_NEVER), 0);
	ck_assert_int_eq(script_write_long(other, 1100, RTMFP_S(100)), 0);
	script_expect(script_packets(&s, 1200), "data 1 2 1 w =1100B | data 2 1 0 w +mM =1100B");
	rtmfp_flows_set_datagram(s.session.flows, 600);
	ck_assert_int_eq(script_write_long(reliable, 1100, RTMFP_NEVER), 0);
	script_write(other, "later", 0);
	script_wait(&s, RTMFP_S(3)); /* both are lost */
	ck_assert_uint_eq(rtmfp_flows_oversize(s.session.flows), 0);
	/* What need not be delivered gives way; what must be waits for a packet that takes it. */
	script_expect(script_packet(&s, 600), "data 2 2 1 w +mM =later");
	ck_assert_uint_eq(rtmfp_flows_oversize(s.session.flows), 1107);
	ck_assert_int_eq(rtmfp_flows_want(s.session.flows, false, s.now), RTMFP_WANT_NOTHING);
	script_expect(script_packet(&s, 1107), "data 1 2 1 w =1100B");
	ck_assert_uint_eq(rtmfp_flows_oversize(s.session.flows), 0);
	/* What was not sent yet is cut for the path of now. */
	script_say(&s, "ack 1 64 2;ack 2 64 2");
	script_expect(script_packets(&s, 600), "data 1 3 2 b =593B | data 1 4 2 e =507B");
	script_end(&s);
}
END_TEST

START_TEST(datagram_grows_again)
{
	struct rtmfp_sendflow *flow;

	script_begin(&s);
	flow = ready_flow(1, 1);
	ck_assert_int_eq(script_write_long(flow, 1100, RTMFP_NEVER), 0);
	script_expect(script_packets(&s, 1200), "data 1 2 1 w =1100B");
	rtmfp_flows_set_datagram(s.session.flows, 600);
	script_wait(&s, RTMFP_S(3));
	script_expect(script_packets(&s, 600), "");
	ck_assert_uint_eq(rtmfp_flows_oversize(s.session.flows), 1107);
	rtmfp_flows_set_datagram(s.session.flows, 1200);
	script_expect(script_packets(&s, 1200), "data 1 2 1 w =1100B");
	script_end(&s);
}
END_TEST

START_TEST(no_allocation_once_settled)
{
	struct rtmfp_sendflow *flow;
	unsigned seq = 0;
	size_t calls = 0, idle;
	struct sim_mem *m = &s.mem;

	script_begin(&s);
	flow = ready_flow(1, 0);
	for (unsigned round = 0; round < 300; round++) {
		char ack[64];

		for (unsigned i = 0; i < 10; i++, seq++)
			ck_assert_int_eq(script_write_long(flow, 200, round % 2 ? 0 : RTMFP_NEVER), 0);
		(void)script_packets(&s, 1200);
		snprintf(ack, sizeof(ack), "ack 1 64 %u", seq);
		script_say(&s, ack);
		if (round == 20)
			calls = m->calls;
	}
	ck_assert_uint_eq(m->calls, calls);
	/* Idle: nothing is left but the structures themselves. */
	script_wait(&s, RTMFP_S(30));
	idle = m->bytes - sizeof(struct rtmfp_flows) - sizeof(struct rtmfp_sendflow);
	ck_assert_uint_le(idle, 256);
	script_end(&s);
}
END_TEST

static void add(TCase *tc)
{
	tcase_add_test(tc, figure_20);
	tcase_add_test(tc, figure_21);
	tcase_add_test(tc, startup_options);
	tcase_add_test(tc, acknowledgement_before_anything_was_sent);
	tcase_add_test(tc, fragments_fill_datagrams);
	tcase_add_test(tc, next_user_data);
	tcase_add_test(tc, close_with_unsent_data);
	tcase_add_test(tc, close_when_all_is_sent);
	tcase_add_test(tc, close_of_a_flow_that_never_sent);
	tcase_add_test(tc, close_with_everything_abandoned);
	tcase_add_test(tc, aborted_with_the_session);
	tcase_add_test(tc, exception);
	tcase_add_test(tc, exception_with_data_in_flight);
	tcase_add_test(tc, receive_window);
	tcase_add_test(tc, window_of_any_size);
	tcase_add_test(tc, buffer_probes);
	tcase_add_test(tc, probe_for_what_expired);
	tcase_add_test(tc, lifetime_is_over_when_lost);
	tcase_add_test(tc, lifetime_is_over_while_it_waits_to_be_repeated);
	tcase_add_test(tc, whole_message_is_abandoned);
	tcase_add_test(tc, queue_time);
	tcase_add_test(tc, gap_is_told_in_the_end);
	tcase_add_test(tc, late_acknowledgement_of_what_was_lost);
	tcase_add_test(tc, timeouts);
	tcase_add_test(tc, acknowledgement_due);
	tcase_add_test(tc, priorities);
	tcase_add_test(tc, in_turn);
	tcase_add_test(tc, small_ones_beside_large_ones);
	tcase_add_test(tc, congestion_window);
	tcase_add_test(tc, pacing);
	tcase_add_test(tc, acknowledgements_of_the_unsent);
	tcase_add_test(tc, final_number_cannot_be_acknowledged_unsent);
	tcase_add_test(tc, both_forms_and_truncated);
	tcase_add_test(tc, repeated_ranges_are_skipped);
	tcase_add_test(tc, borrowed_bytes);
	tcase_add_test(tc, queue_is_bounded);
	tcase_add_test(tc, writing_room_by_expiry);
	tcase_add_test(tc, flows_are_bounded);
	tcase_add_test(tc, datagram_shrinks);
	tcase_add_test(tc, datagram_grows_again);
	tcase_add_test(tc, no_allocation_once_settled);
}

int main(void)
{
	return flows_main("flows_send", add);
}
