/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tests of src/rtmfp/timer.c: the heap of deadlines, against a list that is searched. */
#include "timer.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "memory.h"
#include "prng.h"

#define TIMERS 200u

struct alarm {
	struct rtmfp_timer timer;
	struct rtmfp_timers *all;
	unsigned fired;
	uint64_t fired_at;
	uint64_t again;	     /* armed for then when it fires; 0: not */
	struct alarm *stops; /* finished when this one fires */
};

static void fire(void *ctx, uint64_t now)
{
	struct alarm *a = ctx;

	ck_assert_uint_eq(a->timer.index, 0);
	ck_assert_uint_eq(a->timer.at, RTMFP_NEVER);
	a->fired++;
	a->fired_at = now;
	if (a->again)
		rtmfp_timer_set(a->all, &a->timer, a->again);
	if (a->stops)
		rtmfp_timer_fini(a->all, &a->stops->timer);
}

START_TEST(test_nothing_is_due)
{
	struct memory memory = { 0 };
	struct rtmfp_mem mem = memory_of(&memory);
	struct rtmfp_timers t;
	struct alarm a = { .all = &t };

	rtmfp_timers_init(&t, &mem);
	ck_assert_uint_eq(rtmfp_timers_next(&t), RTMFP_NEVER);
	rtmfp_timers_fire(&t, RTMFP_NEVER);
	ck_assert_int_eq(rtmfp_timer_init(&t, &a.timer, fire, &a), 0);
	ck_assert_uint_eq(rtmfp_timers_next(&t), RTMFP_NEVER);
	rtmfp_timer_set(&t, &a.timer, RTMFP_NEVER);
	rtmfp_timers_fire(&t, RTMFP_NEVER - 1);
	ck_assert_uint_eq(a.fired, 0);
	rtmfp_timer_fini(&t, &a.timer);
	rtmfp_timer_fini(&t, &a.timer); /* again does no harm */
	rtmfp_timer_fini(&t, &(struct rtmfp_timer){ 0 });
	rtmfp_timers_fini(&t);
	ck_assert_uint_eq(memory.out, 0);
}
END_TEST

START_TEST(test_fires_when_due_and_once)
{
	struct memory memory = { 0 };
	struct rtmfp_mem mem = memory_of(&memory);
	struct rtmfp_timers t;
	struct alarm a = { .all = &t };

	rtmfp_timers_init(&t, &mem);
	ck_assert_int_eq(rtmfp_timer_init(&t, &a.timer, fire, &a), 0);
	rtmfp_timer_set(&t, &a.timer, 100);
	ck_assert_uint_eq(rtmfp_timers_next(&t), 100);
	rtmfp_timers_fire(&t, 99);
	ck_assert_uint_eq(a.fired, 0);
	rtmfp_timers_fire(&t, 100);
	ck_assert_uint_eq(a.fired, 1);
	ck_assert_uint_eq(a.fired_at, 100);
	rtmfp_timers_fire(&t, 1000);
	ck_assert_uint_eq(a.fired, 1);
	/* armed again by itself, for later */
	a.again = 2000;
	rtmfp_timer_set(&t, &a.timer, 1500);
	rtmfp_timers_fire(&t, 1999);
	ck_assert_uint_eq(a.fired, 2);
	ck_assert_uint_eq(rtmfp_timers_next(&t), 2000);
	/* moved earlier, later, away */
	rtmfp_timer_set(&t, &a.timer, 5000);
	rtmfp_timer_set(&t, &a.timer, 3000);
	ck_assert_uint_eq(rtmfp_timers_next(&t), 3000);
	rtmfp_timer_set(&t, &a.timer, RTMFP_NEVER);
	ck_assert_uint_eq(rtmfp_timers_next(&t), RTMFP_NEVER);
	rtmfp_timers_fire(&t, 9000);
	ck_assert_uint_eq(a.fired, 2);
	/* finished while armed */
	rtmfp_timer_set(&t, &a.timer, 10000);
	rtmfp_timer_fini(&t, &a.timer);
	rtmfp_timers_fire(&t, 20000);
	ck_assert_uint_eq(a.fired, 2);
	rtmfp_timers_fini(&t);
	ck_assert_uint_eq(memory.out, 0);
}
END_TEST

START_TEST(test_one_timer_finishes_another)
{
	struct memory memory = { 0 };
	struct rtmfp_mem mem = memory_of(&memory);
	struct rtmfp_timers t;
	struct alarm a = { .all = &t }, b = { .all = &t };

	rtmfp_timers_init(&t, &mem);
	ck_assert_int_eq(rtmfp_timer_init(&t, &a.timer, fire, &a), 0);
	ck_assert_int_eq(rtmfp_timer_init(&t, &b.timer, fire, &b), 0);
	a.stops = &b;
	rtmfp_timer_set(&t, &a.timer, 10);
	rtmfp_timer_set(&t, &b.timer, 11);
	rtmfp_timers_fire(&t, 20); /* both are due */
	ck_assert_uint_eq(a.fired, 1);
	ck_assert_uint_eq(b.fired, 0);
	rtmfp_timer_fini(&t, &a.timer);
	rtmfp_timers_fini(&t);
	ck_assert_uint_eq(memory.out, 0);
}
END_TEST

/* Arming never fails, because every known timer has its place; initialising may. */
START_TEST(test_without_memory)
{
	struct memory memory = { .fail = true };
	struct rtmfp_mem mem = memory_of(&memory);
	struct rtmfp_timers t;
	struct alarm a[40] = { 0 };
	unsigned known = 0;

	rtmfp_timers_init(&t, &mem);
	ck_assert_int_eq(rtmfp_timer_init(&t, &a[0].timer, fire, &a[0]), RTMFP_ERR_NOMEM);
	rtmfp_timer_fini(&t, &a[0].timer); /* as after success */
	memory.fail = false;
	ck_assert_int_eq(rtmfp_timer_init(&t, &a[0].timer, fire, &a[0]), 0);
	memory.fail = true;
	for (known = 1; known < 40; known++)
		if (rtmfp_timer_init(&t, &a[known].timer, fire, &a[known]) != 0)
			break;
	ck_assert_uint_lt(known, 40);
	for (unsigned i = 0; i < known; i++)
		rtmfp_timer_set(&t, &a[i].timer, 100 - i);
	ck_assert_uint_eq(rtmfp_timers_next(&t), 100 - known + 1);
	/* more memory, and nothing that was armed is lost on the way */
	memory.fail = false;
	for (unsigned i = known; i < 40; i++)
		ck_assert_int_eq(rtmfp_timer_init(&t, &a[i].timer, fire, &a[i]), 0);
	rtmfp_timers_fire(&t, 100);
	for (unsigned i = 0; i < 40; i++) {
		ck_assert_uint_eq(a[i].fired, i < known);
		rtmfp_timer_fini(&t, &a[i].timer);
	}
	rtmfp_timers_fini(&t);
	ck_assert_uint_eq(memory.out, 0);
}
END_TEST

static uint64_t earliest(const struct alarm *a, const uint64_t *at)
{
	uint64_t min = RTMFP_NEVER;

	for (unsigned i = 0; i < TIMERS; i++)
		if (a[i].timer.fire && at[i] < min)
			min = at[i];
	return min;
}

START_TEST(test_random)
{
	static struct alarm a[TIMERS];
	static uint64_t at[TIMERS];

	for (prng_each(run, 1, 30)) {
		struct memory memory = { 0 };
		struct rtmfp_mem mem = memory_of(&memory);
		struct rtmfp_timers t;
		uint64_t now = 0;

		rtmfp_timers_init(&t, &mem);
		memset(a, 0, sizeof(a));
		for (unsigned step = 0; step < 2000; step++) {
			unsigned i = (unsigned)prng_below(&run.r, TIMERS);

			switch (prng_below(&run.r, 5)) {
			case 0:
				if (a[i].timer.fire) {
					rtmfp_timer_fini(&t, &a[i].timer);
					break;
				}
				a[i] = (struct alarm){ .all = &t };
				at[i] = RTMFP_NEVER;
				prng_assert(run, rtmfp_timer_init(&t, &a[i].timer, fire, &a[i]) == 0);
				break;
			case 1:
				if (!a[i].timer.fire)
					break;
				at[i] = RTMFP_NEVER;
				rtmfp_timer_set(&t, &a[i].timer, RTMFP_NEVER);
				break;
			case 2:
			case 3:
				if (!a[i].timer.fire)
					break;
				at[i] = now + 1 + prng_below(&run.r, 500);
				rtmfp_timer_set(&t, &a[i].timer, at[i]);
				break;
			default:
				now += prng_below(&run.r, 100);
				for (unsigned k = 0; k < TIMERS; k++)
					a[k].fired = 0;
				rtmfp_timers_fire(&t, now);
				for (unsigned k = 0; k < TIMERS; k++) {
					bool due = a[k].timer.fire && at[k] <= now;

					prng_assert(run, a[k].fired == due);
					if (due)
						at[k] = RTMFP_NEVER;
				}
				break;
			}
			prng_assert(run, rtmfp_timers_next(&t) == earliest(a, at));
		}
		for (unsigned i = 0; i < TIMERS; i++)
			rtmfp_timer_fini(&t, &a[i].timer);
		rtmfp_timers_fini(&t);
		prng_assert(run, memory.out == 0);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("timer");
	TCase *tc = tcase_create("timer");
	SRunner *runner;
	int failed;

	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, test_nothing_is_due);
	tcase_add_test(tc, test_fires_when_due_and_once);
	tcase_add_test(tc, test_one_timer_finishes_another);
	tcase_add_test(tc, test_without_memory);
	tcase_add_test(tc, test_random);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
