/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Timestamps, their echo, SRTT, RTTVAR, ERTO (RFC 7016 section 3.5.2.2) and fine-grained round trips. */
#include "flows_main.h"
#include "prng.h"
#include "rtt.h"

#define TICK RTMFP_MS(4)

static struct rtmfp_rtt rtt;

static void feed_echo(uint16_t echo, uint64_t now)
{
	struct rtmfp_packet_header h = { .has_timestamp_echo = true, .timestamp_echo = echo };

	rtmfp_rtt_received(&rtt, &h, now);
}

static struct rtmfp_packet_header fill(uint64_t now)
{
	struct rtmfp_packet_header h = { .mode = RTMFP_MODE_INITIATOR };

	rtmfp_rtt_fill(&rtt, &h, now);
	return h;
}

START_TEST(timestamps_only_when_they_change)
{
	uint64_t now = TICK * 70000;
	struct rtmfp_packet_header h;

	rtmfp_rtt_init(&rtt, &rtmfp_params_default, now);
	h = fill(now);
	ck_assert(h.has_timestamp && !h.has_timestamp_echo);
	ck_assert_uint_eq(h.timestamp, 70000 % 65536);
	h = fill(now + TICK - 1);
	ck_assert(!h.has_timestamp);
	h = fill(now + TICK);
	ck_assert(h.has_timestamp);
	ck_assert_uint_eq(h.timestamp, 70001 % 65536);
}
END_TEST

START_TEST(echo)
{
	uint64_t now = TICK * 10;
	struct rtmfp_packet_header rx = { .has_timestamp = true, .timestamp = 65530 };
	struct rtmfp_packet_header h;

	rtmfp_rtt_init(&rtt, &rtmfp_params_default, now);
	rtmfp_rtt_received(&rtt, &rx, now + 1000);
	h = fill(now + 1000);
	ck_assert(h.has_timestamp_echo);
	ck_assert_uint_eq(h.timestamp_echo, 65530);
	h = fill(now + 2000); /* the same echo is not sent twice */
	ck_assert(!h.has_timestamp_echo);
	/* The same timestamp again does not restart the clock. */
	rtmfp_rtt_received(&rtt, &rx, now + TICK);
	h = fill(now + 1000 + TICK - 1);
	ck_assert(!h.has_timestamp_echo);
	h = fill(now + 1000 + TICK * 10); /* over the end of 16 bits */
	ck_assert(h.has_timestamp_echo);
	ck_assert_uint_eq(h.timestamp_echo, 4);
	/* After 128 s, whole, it is still echoed; later not. */
	h = fill(now + 1000 + RTMFP_S(128));
	ck_assert(h.has_timestamp_echo);
	ck_assert_uint_eq(h.timestamp_echo, (uint16_t)(65530 + 32000));
	h = fill(now + 1000 + RTMFP_S(128) + 1);
	ck_assert(!h.has_timestamp_echo);
	/* A new one begins anew, even with the value that was echoed last. */
	rtmfp_rtt_received(&rtt, &rx, now + RTMFP_S(200));
	h = fill(now + RTMFP_S(200));
	ck_assert(h.has_timestamp_echo);
	ck_assert_uint_eq(h.timestamp_echo, 65530);
}
END_TEST

START_TEST(erto)
{
	uint64_t now = TICK * 1000;

	rtmfp_rtt_init(&rtt, &rtmfp_params_default, now);
	ck_assert_uint_eq(rtt.erto, RTMFP_S(3));
	feed_echo((uint16_t)(1000 - 25), now); /* 100 ms */
	ck_assert_uint_eq(rtt.srtt, RTMFP_MS(100));
	ck_assert_uint_eq(rtt.rttvar, RTMFP_MS(50));
	ck_assert_uint_eq(rtt.mrto, RTMFP_MS(500));
	ck_assert_uint_eq(rtt.erto, RTMFP_MS(500));
	feed_echo((uint16_t)(1000 - 25), now + TICK); /* the same echo counts once */
	ck_assert_uint_eq(rtt.srtt, RTMFP_MS(100));
	feed_echo((uint16_t)(1001 - 45), now + TICK); /* 180 ms */
	ck_assert_uint_eq(rtt.rttvar, (3 * RTMFP_MS(50) + RTMFP_MS(80)) / 4);
	ck_assert_uint_eq(rtt.srtt, (7 * RTMFP_MS(100) + RTMFP_MS(180)) / 8);
	ck_assert_uint_eq(rtt.mrto, rtt.srtt + 4 * rtt.rttvar + RTMFP_MS(200));
	feed_echo((uint16_t)(1002 + 1), now + 2 * TICK); /* from the future: 65535 ticks */
	ck_assert_uint_eq(rtt.srtt, (7 * RTMFP_MS(100) + RTMFP_MS(180)) / 8);
	/* 32767 ticks are a measurement, 32768 are none */
	rtmfp_rtt_init(&rtt, &rtmfp_params_default, now);
	feed_echo((uint16_t)(1000 - 32768), now);
	ck_assert(!rtt.has_srtt);
	feed_echo((uint16_t)(1000 - 32767), now);
	ck_assert_uint_eq(rtt.srtt, 32767 * TICK);
}
END_TEST

START_TEST(erto_on_a_short_path)
{
	rtmfp_rtt_init(&rtt, &rtmfp_params_default, TICK * 1000);
	feed_echo(1000, TICK * 1000);
	ck_assert(rtt.has_srtt);
	ck_assert_uint_eq(rtt.srtt, 0);
	ck_assert_uint_eq(rtt.mrto, RTMFP_MS(200));
	ck_assert_uint_eq(rtt.erto, RTMFP_MS(250));
}
END_TEST

START_TEST(backoff)
{
	uint64_t before;

	rtmfp_rtt_init(&rtt, &rtmfp_params_default, 0);
	before = rtt.erto;
	rtmfp_rtt_backoff(&rtt);
	ck_assert_uint_eq(rtt.erto, before / 10000 * 14142);
	for (unsigned i = 0; i < 10; i++)
		rtmfp_rtt_backoff(&rtt);
	ck_assert_uint_eq(rtt.erto, RTMFP_S(10));
	/* MRTO above the cap wins */
	feed_echo((uint16_t)(1000 - 3000), TICK * 1000); /* 12 s */
	ck_assert_uint_eq(rtt.mrto, RTMFP_S(12) + 4 * RTMFP_S(6) + RTMFP_MS(200));
	rtmfp_rtt_backoff(&rtt);
	ck_assert_uint_eq(rtt.erto, rtt.mrto);
}
END_TEST

START_TEST(fine_samples)
{
	uint64_t now = RTMFP_S(100);
	struct rtmfp_rtt_ack ack;

	rtmfp_rtt_init(&rtt, &rtmfp_params_default, now);
	ck_assert_uint_eq(rtmfp_rtt_best(&rtt), 0);
	ck_assert_uint_eq(rtmfp_rtt_min(&rtt), 0);
	/* Without timestamps only what the far end owed at once counts. */
	ack = (struct rtmfp_rtt_ack){ .sent = now };
	rtmfp_rtt_acked(&rtt, &ack, now + RTMFP_MS(210));
	ck_assert_uint_eq(rtt.smoothed, 0);
	ck_assert_uint_eq(rtmfp_rtt_min(&rtt), RTMFP_MS(210));
	ack.prompt = true;
	rtmfp_rtt_acked(&rtt, &ack, now + RTMFP_MS(10));
	ck_assert_uint_eq(rtt.smoothed, RTMFP_MS(10));
	/* Timestamps say 8 ms. What says much more was delayed, whatever the reason. */
	rtt.has_srtt = true;
	rtt.latest = rtt.srtt = RTMFP_MS(8);
	rtmfp_rtt_acked(&rtt, &ack, now + RTMFP_MS(13));
	ck_assert_uint_eq(rtt.smoothed, RTMFP_MS(10));
	rtmfp_rtt_acked(&rtt, &ack, now + RTMFP_MS(12));
	ck_assert_uint_gt(rtt.smoothed, RTMFP_MS(10));
	/* One that may have been delayed by less only corrects downwards. */
	rtt.smoothed = RTMFP_MS(8);
	ack.prompt = false;
	rtmfp_rtt_acked(&rtt, &ack, now + RTMFP_MS(10));
	ck_assert_uint_eq(rtt.smoothed, RTMFP_MS(8));
	rtmfp_rtt_acked(&rtt, &ack, now + RTMFP_US(7500));
	ck_assert_uint_lt(rtt.smoothed, RTMFP_MS(8));
	ck_assert_uint_eq(rtmfp_rtt_min(&rtt), RTMFP_US(7500));
	/* Another path: nothing of before counts, nor what was sent before; but ERTO, without its backoff, is
	 * the best guess that there is. */
	rtmfp_rtt_backoff(&rtt);
	ck_assert_uint_gt(rtt.erto, RTMFP_MS(250));
	rtmfp_rtt_path_changed(&rtt, now + RTMFP_MS(20));
	ck_assert_uint_eq(rtmfp_rtt_best(&rtt), 0);
	ck_assert_uint_eq(rtmfp_rtt_min(&rtt), 0);
	ck_assert_uint_eq(rtt.erto, RTMFP_MS(250));
	ack.prompt = true;
	rtmfp_rtt_acked(&rtt, &ack, now + RTMFP_MS(30));
	ck_assert_uint_eq(rtmfp_rtt_best(&rtt), 0);
	rtmfp_rtt_sample(&rtt, RTMFP_MS(3), now + RTMFP_MS(30));
	ck_assert_uint_eq(rtmfp_rtt_best(&rtt), RTMFP_MS(3));
	/* No time at all is not "unknown". */
	rtmfp_rtt_path_changed(&rtt, now);
	rtmfp_rtt_sample(&rtt, 0, now);
	ck_assert_uint_eq(rtmfp_rtt_best(&rtt), 1);
}
END_TEST

START_TEST(min_is_of_the_last_minute)
{
	uint64_t now = RTMFP_S(100);

	rtmfp_rtt_init(&rtt, &rtmfp_params_default, now);
	rtmfp_rtt_sample(&rtt, RTMFP_MS(1), now);
	rtmfp_rtt_sample(&rtt, RTMFP_MS(5), now + RTMFP_S(31));
	ck_assert_uint_eq(rtmfp_rtt_min(&rtt), RTMFP_MS(1));
	rtmfp_rtt_sample(&rtt, RTMFP_MS(6), now + RTMFP_S(62));
	ck_assert_uint_eq(rtmfp_rtt_min(&rtt), RTMFP_MS(5));
}
END_TEST

/* Two ends, any delay in between, any time that the far end takes: the measurement is off by two ticks at
 * most. */
START_TEST(measured_over_a_link)
{
	for (prng_each(run, 1, 2000)) {
		struct rtmfp_rtt far;
		struct rtmfp_packet_header h = { .mode = RTMFP_MODE_INITIATOR };
		struct rtmfp_packet_header back = { .mode = RTMFP_MODE_RESPONDER };
		uint64_t start = prng_next(&run.r) >> 20;
		uint64_t skew = prng_next(&run.r) >> 20; /* the clocks know nothing of each other */
		uint64_t there = prng_below(&run.r, RTMFP_MS(300));
		uint64_t held = prng_below(&run.r, RTMFP_MS(300));
		uint64_t home = prng_below(&run.r, RTMFP_MS(300));
		uint64_t end = start + there + held + home;

		rtmfp_rtt_init(&rtt, &rtmfp_params_default, start);
		rtmfp_rtt_init(&far, &rtmfp_params_default, start + skew);
		rtmfp_rtt_fill(&rtt, &h, start);
		rtmfp_rtt_received(&far, &h, start + skew + there);
		rtmfp_rtt_fill(&far, &back, start + skew + there + held);
		seed_assert(run, back.has_timestamp_echo);
		rtmfp_rtt_received(&rtt, &back, end);
		if (rtt.has_srtt) {
			seed_assert(run, rtt.srtt + 2 * TICK > there + home);
			seed_assert(run, rtt.srtt < there + home + 2 * TICK);
			/* so a fine sample that was not held back is believed */
			rtmfp_rtt_acked(&rtt,
					&(struct rtmfp_rtt_ack){ .sent = end - there - home, .prompt = true },
					end);
			seed_assert(run, there + home == 0 || rtt.smoothed == there + home);
		} else {
			seed_assert(run, there + home < TICK); /* rounding made it negative */
		}
	}
}
END_TEST

static void add(TCase *tc)
{
	tcase_add_test(tc, timestamps_only_when_they_change);
	tcase_add_test(tc, echo);
	tcase_add_test(tc, erto);
	tcase_add_test(tc, erto_on_a_short_path);
	tcase_add_test(tc, backoff);
	tcase_add_test(tc, fine_samples);
	tcase_add_test(tc, min_is_of_the_last_minute);
	tcase_add_test(tc, measured_over_a_link);
}

int main(void)
{
	return flows_main("rtt", add);
}
