/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tests of src/rtmfp/limiter.c: what strangers may cost, by source (PROTOCOL.md section 2.5). */
#include "limiter.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "memory.h"
#include "prng.h"

#define RATE  20u
#define BURST 50u

static struct memory memory;
static struct rtmfp_mem mem;
static struct rtmfp_limiter limiter;
static const uint64_t start = RTMFP_S(1000);

static void setup(void)
{
	memory = (struct memory){ 0 };
	mem = memory_of(&memory);
	rtmfp_limiter_init(&limiter, &mem, 4096, RATE, BURST, 0x123456789abcdef1u);
}

static void teardown(void)
{
	rtmfp_limiter_fini(&limiter);
	ck_assert_uint_eq(memory.out, 0);
}

static struct rtmfp_addr v4(uint32_t ip, uint16_t port)
{
	return (struct rtmfp_addr){ .family = 4,
				    .port = port,
				    .ip = { (uint8_t)(ip >> 24), (uint8_t)(ip >> 16), (uint8_t)(ip >> 8),
					    (uint8_t)ip } };
}

static unsigned take(const struct rtmfp_addr *a, unsigned tries, uint64_t now)
{
	unsigned taken = 0;

	while (tries--)
		taken += rtmfp_limiter_take(&limiter, a, now);
	return taken;
}

START_TEST(test_burst_then_rate)
{
	struct rtmfp_addr a = v4(0x01020304, 1);

	ck_assert_uint_eq(take(&a, 1000, start), BURST);
	ck_assert_uint_eq(take(&a, 10, start + RTMFP_MS(49)), 0);
	ck_assert_uint_eq(take(&a, 10, start + RTMFP_MS(50)), 1);
	ck_assert_uint_eq(take(&a, 10, start + RTMFP_MS(99)), 0);
	ck_assert_uint_eq(take(&a, 1000, start + RTMFP_MS(1050)), RATE);
	ck_assert_uint_eq(take(&a, 1000, start + RTMFP_S(100)), BURST);
	ck_assert_uint_eq(take(&a, 1000, start + RTMFP_S(1000000000)), BURST);
}
END_TEST

/* However often it is asked, the rate is what it says: a flood gets neither more nor less. */
START_TEST(test_rate_is_exact_under_flood)
{
	static const uint64_t steps[] = { 999,	 1000,	7777,	       49999,	    50000,
					  50001, 99000, RTMFP_US(333), RTMFP_MS(3), RTMFP_MS(49) };

	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		struct rtmfp_addr a = v4(0x0a000000 + (uint32_t)i, 1);
		uint64_t duration = steps[i] < 2000 ? RTMFP_S(1) : RTMFP_S(10);
		uint64_t now = start;
		unsigned taken = take(&a, BURST, now), want = (unsigned)(duration * RATE / RTMFP_S(1));

		ck_assert_uint_eq(taken, BURST);
		for (taken = 0; now - start < duration;) {
			now += steps[i];
			taken += take(&a, 1, now);
		}
		ck_assert_msg(taken == want || taken + 1 == want, "asked every %llu ns: %u taken, %u wanted",
			      (unsigned long long)steps[i], taken, want);
	}
}
END_TEST

START_TEST(test_sources)
{
	struct rtmfp_addr a = v4(0x01020304, 1), same_host = v4(0x01020304, 2), other = v4(0x01020305, 1);
	struct rtmfp_addr six = { .family = 6, .port = 1, .ip = { 0x20, 1, 0xd, 0xb8, 1, 2, 3, 4, 5 } };
	struct rtmfp_addr same_net = six, next_net = six;

	same_net.ip[15] = 9;
	same_net.port = 9;
	next_net.ip[7]++;
	ck_assert_uint_eq(take(&a, 100, start), BURST);
	ck_assert_uint_eq(take(&same_host, 100, start), 0);
	ck_assert_uint_eq(take(&other, 100, start), BURST);
	ck_assert_uint_eq(take(&six, 100, start), BURST);
	ck_assert_uint_eq(take(&same_net, 100, start), 0);
	ck_assert_uint_eq(take(&next_net, 100, start), BURST);
}
END_TEST

/* A flood of sources: memory does not grow, and who asks all the time is not forgotten for it. */
START_TEST(test_many_sources)
{
	struct rtmfp_addr victim = v4(0x7f000001, 1);
	uint64_t now = start;
	unsigned taken = take(&victim, BURST, now), more = 0;

	ck_assert_uint_eq(taken, BURST);
	for (uint32_t i = 0; i < 200000; i++) {
		struct rtmfp_addr a = v4(0x14000000 + i, 1);

		now += RTMFP_US(10);
		take(&a, 1, now);
		if (i % 100 == 0)
			more += take(&victim, 1, now);
	}
	ck_assert_uint_eq(memory.calls, 1);
	ck_assert_uint_le(more, (unsigned)((now - start) * RATE / RTMFP_S(1)));
}
END_TEST

START_TEST(test_without_memory)
{
	struct rtmfp_addr a = v4(1, 1);

	memory.fail = true;
	ck_assert(!rtmfp_limiter_take(&limiter, &a, start));
	memory.fail = false;
	ck_assert(rtmfp_limiter_take(&limiter, &a, start));
}
END_TEST

START_TEST(test_one_bucket)
{
	struct rtmfp_bucket b;
	unsigned taken = 0;

	rtmfp_bucket_init(&b, 10, 10, start);
	for (unsigned i = 0; i < 100; i++)
		taken += rtmfp_bucket_take(&b, start);
	ck_assert_uint_eq(taken, 10);
	ck_assert(!rtmfp_bucket_take(&b, start + RTMFP_MS(99)));
	ck_assert(rtmfp_bucket_take(&b, start + RTMFP_MS(100)));
	ck_assert(!rtmfp_bucket_take(&b, start + RTMFP_MS(100)));
	ck_assert(rtmfp_bucket_take(&b, start + RTMFP_MS(200)));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("limiter");
	TCase *tc = tcase_create("limiter");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, test_burst_then_rate);
	tcase_add_test(tc, test_rate_is_exact_under_flood);
	tcase_add_test(tc, test_sources);
	tcase_add_test(tc, test_many_sources);
	tcase_add_test(tc, test_without_memory);
	tcase_add_test(tc, test_one_bucket);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
