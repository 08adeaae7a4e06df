/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pacing: the rate in the long run, bursts in the short, and when to look again. */
#include "flows_main.h"
#include "pacer.h"
#include "prng.h"

#define DATAGRAM 1400u

START_TEST(no_rate_no_limit)
{
	struct rtmfp_pacer p = { .rate = 0 };

	for (unsigned i = 0; i < 10000; i++) {
		ck_assert(rtmfp_pacer_may_send(&p, 5));
		rtmfp_pacer_sent(&p, DATAGRAM, 5);
	}
	rtmfp_pacer_set(&p, 1000000, DATAGRAM, 5);
	ck_assert(rtmfp_pacer_may_send(&p, 5));
	for (unsigned i = 0; i < 100; i++)
		rtmfp_pacer_sent(&p, DATAGRAM, 5);
	ck_assert(!rtmfp_pacer_may_send(&p, 5));
	rtmfp_pacer_set(&p, 0, DATAGRAM, 5);
	ck_assert(rtmfp_pacer_may_send(&p, 5));
}
END_TEST

/* How many datagrams go at once. */
static unsigned burst(struct rtmfp_pacer *p, uint64_t now)
{
	unsigned n = 0;

	while (rtmfp_pacer_may_send(p, now)) {
		rtmfp_pacer_sent(p, DATAGRAM, now);
		ck_assert_uint_lt(++n, 1000000);
	}
	return n;
}

START_TEST(bursts)
{
	struct rtmfp_pacer p = { .rate = 0 };
	unsigned n;

	rtmfp_pacer_set(&p, 10000, DATAGRAM, 0); /* slow: ten datagrams all the same */
	n = burst(&p, RTMFP_S(1));
	ck_assert_uint_ge(n, 10);
	ck_assert_uint_le(n, 11);
	p = (struct rtmfp_pacer){ .rate = 0 };
	rtmfp_pacer_set(&p, 1000000000, DATAGRAM, 0); /* fast: what 2 ms are worth */
	n = burst(&p, RTMFP_S(1));
	ck_assert_uint_ge(n * DATAGRAM, 2000000);
	ck_assert_uint_le(n * DATAGRAM, 2000000 + 2 * DATAGRAM);
}
END_TEST

START_TEST(rate_in_the_long_run)
{
	for (prng_each(run, 1, 100)) {
		struct rtmfp_pacer p = { .rate = 0 };
		uint64_t rate = 1000 + (prng_next(&run.r) >> (30 + prng_below(&run.r, 24)));
		uint64_t start = prng_next(&run.r) >> 8, now = start, sent = 0, most;

		if (rate > RTMFP_PACER_RATE_MAX)
			rate = RTMFP_PACER_RATE_MAX;
		rtmfp_pacer_set(&p, rate, DATAGRAM, now);
		for (unsigned i = 0; i < 20000; i++) {
			uint64_t next;

			if (rtmfp_pacer_may_send(&p, now)) {
				size_t len = 40 + (size_t)prng_below(&run.r, DATAGRAM);

				rtmfp_pacer_sent(&p, len, now);
				sent += len;
				continue;
			}
			next = rtmfp_pacer_next(&p);
			seed_assert(run, next > now); /* or its user would spin */
			seed_assert(run, rtmfp_pacer_may_send(&p, next));
			now = next;
		}
		most = (uint64_t)((double)(now - start) / 1e9 * (double)rate);
		seed_assert(run, sent <= most + 11 * DATAGRAM + rate / 400 + most / 1000);
		seed_assert(run, sent + 2 * DATAGRAM + rate / 400 + most / 1000 >= most);
	}
}
END_TEST

START_TEST(leaps_of_the_rate)
{
	struct rtmfp_pacer p = { .rate = 0 };
	uint64_t now = RTMFP_S(5);

	rtmfp_pacer_set(&p, 1000, DATAGRAM, now);
	(void)burst(&p, now); /* in debt for about 14 s */
	ck_assert_uint_gt(rtmfp_pacer_next(&p), now + RTMFP_MS(500));
	rtmfp_pacer_set(&p, 1000000, DATAGRAM, now);
	/* The debt is in bytes: at the new rate it is gone in some milliseconds. */
	ck_assert(rtmfp_pacer_may_send(&p, now + RTMFP_MS(20)));
	ck_assert(!rtmfp_pacer_may_send(&p, now) || burst(&p, now) <= 2);
	(void)burst(&p, now + RTMFP_MS(20));
	rtmfp_pacer_set(&p, 100000, DATAGRAM, now + RTMFP_MS(20));
	ck_assert(!rtmfp_pacer_may_send(&p, now + RTMFP_MS(21)) || burst(&p, now + RTMFP_MS(21)) <= 2);
}
END_TEST

static void add(TCase *tc)
{
	tcase_add_test(tc, no_rate_no_limit);
	tcase_add_test(tc, bursts);
	tcase_add_test(tc, rate_in_the_long_run);
	tcase_add_test(tc, leaps_of_the_rate);
}

int main(void)
{
	return flows_main("pacer", add);
}
