/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The replay window: its edges, and long random walks against a reference that remembers everything.
 */
#include "window.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#define W WINDOW_SIZE

/* Passes and records; -1 refused, 0 recorded, 1 recorded as the newest. */
static int take(struct window *w, uint32_t n)
{
	return window_passes(w, n) ? window_record(w, n) : -1;
}

START_TEST(edges)
{
	static struct window w;

	/* Number 0 is a number like others. */
	ck_assert_int_eq(take(&w, 0), 1);
	ck_assert_int_eq(take(&w, 0), -1);

	/* From 0 on: W - 1 leaves 0 just inside. */
	memset(&w, 0, sizeof(w));
	ck_assert_int_eq(take(&w, W - 1), 1);
	ck_assert_int_eq(take(&w, 0), 0);
	ck_assert_int_eq(take(&w, 0), -1);
	ck_assert_int_eq(take(&w, W - 1), -1);

	memset(&w, 0, sizeof(w));
	ck_assert_int_eq(take(&w, W), 1);
	ck_assert_int_eq(take(&w, 0), -1); /* too old, though unseen */
	ck_assert_int_eq(take(&w, 1), 0);
	ck_assert_int_eq(take(&w, W + 1), 1);
	ck_assert_int_eq(take(&w, 1), -1);
	ck_assert_int_eq(take(&w, 2), 0);
}
END_TEST

START_TEST(jumps)
{
	static const uint32_t jump[] = { 1,	2,	    63,	      64,	65,	    W - 64,
					 W - 1, W,	    W + 1,    W + 63,	W + 64,	    W + 65,
					 2 * W, 3 * W + 17, 1u << 20, 1u << 31, 0xffff0000u };

	for (size_t i = 0; i < sizeof(jump) / sizeof(jump[0]); i++) {
		for (uint32_t start = 0; start < 130; start += 43) {
			static struct window w;

			memset(&w, 0, sizeof(w));
			ck_assert_int_eq(take(&w, start), 1);
			ck_assert_int_eq(take(&w, start + jump[i]), 1);
			/* Everything within W of the new maximum is unseen, but for the start. */
			for (uint32_t d = 1; d < W + 200; d++) {
				if (d > start + jump[i])
					break;
				ck_assert_int_eq(take(&w, start + jump[i] - d),
						 d >= W || d == jump[i] ? -1 : 0);
			}
		}
	}
}
END_TEST

START_TEST(the_end)
{
	static struct window w;

	ck_assert_int_eq(take(&w, UINT32_MAX - 1), 1);
	ck_assert_int_eq(take(&w, UINT32_MAX), 1);
	ck_assert_int_eq(take(&w, UINT32_MAX), -1);
	ck_assert_int_eq(take(&w, UINT32_MAX - 1), -1);
	ck_assert_int_eq(take(&w, UINT32_MAX - (W - 1)), 0);
	ck_assert_int_eq(take(&w, UINT32_MAX - W), -1);
	/* Nothing wraps around. */
	ck_assert_int_eq(take(&w, 0), -1);
	ck_assert_int_eq(take(&w, 1), -1);
}
END_TEST

/* Random walk: mostly forward, with reordering, duplicates, very old numbers and jumps. */
START_TEST(against_reference)
{
	enum { SPAN = 1 << 20 };
	uint8_t *seen = calloc(1, SPAN);
	uint32_t state = 1 + (uint32_t)_i, max = 0;
	static struct window w;
	bool any = false;

	memset(&w, 0, sizeof(w));
	ck_assert_ptr_nonnull(seen);
	for (int step = 0; step < 200000; step++) {
		uint32_t n, back;
		int want;

		state = state * 1664525u + 1013904223u;
		back = state >> 8;
		switch (state >> 5 & 15) {
		case 0: n = max > back % (3 * W) ? max - back % (3 * W) : 0; break;
		case 1: n = max + back % (step % 100 ? 70 : 2 * W); break;
		case 2:
		case 3:
		case 4: n = max > back % 100 ? max - back % 100 : 0; break;
		default: n = max + back % 3; break;
		}
		if (n >= SPAN)
			break;
		if (any && n <= max)
			want = max - n < W && !seen[n] ? 0 : -1;
		else
			want = 1;
		if (take(&w, n) != want)
			ck_abort_msg("number %u after %u", n, max);
		if (want < 0)
			continue;
		seen[n] = 1;
		if (want == 1)
			max = n;
		any = true;
	}
	ck_assert_uint_gt(max, 50 * W);
	free(seen);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("crypto_window");
	TCase *tc = tcase_create("window");
	SRunner *sr;
	int failed;

	/* The memory of an idle session counts. */
	_Static_assert(sizeof(struct window) <= 1200, "the window is too large");
	tcase_set_timeout(tc, 120);
	tcase_add_test(tc, edges);
	tcase_add_test(tc, jumps);
	tcase_add_test(tc, the_end);
	tcase_add_loop_test(tc, against_reference, 0, 4);
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
