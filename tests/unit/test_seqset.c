/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tests of src/rtmfp/seqset.c: the sequence set of a receiving flow (RFC 7016 section 3.6.3). */
#include "seqset.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "prng.h"

/* An allocator that counts what is out and fails when told to. */
struct counting {
	int out;
	int calls;
	bool fail;
};

static void *counting_alloc(void *ctx, size_t size)
{
	struct counting *c = ctx;

	c->calls++;
	if (c->fail)
		return NULL;
	c->out++;
	return calloc(1, size);
}

static void counting_free(void *ctx, void *p)
{
	struct counting *c = ctx;

	if (p)
		c->out--;
	free(p);
}

static struct rtmfp_mem counting_mem(struct counting *c)
{
	return (struct rtmfp_mem){ .alloc = counting_alloc, .free = counting_free, .ctx = c };
}

/* What must hold of a set at any time. */
static bool is_sound(const struct rtmfp_seqset *set)
{
	uint64_t before = rtmfp_seqset_cumulative(set);

	if (set->count > set->cap || set->cap > set->limit)
		return false;
	for (size_t i = 0; i < rtmfp_seqset_count(set); i++) {
		struct rtmfp_seqrange range = rtmfp_seqset_range(set, i);

		if (range.from > range.to || range.from <= before || range.from - before < 2)
			return false;
		before = range.to;
	}
	return rtmfp_seqset_highest(set) == before && rtmfp_seqset_has_gaps(set) == (set->count > 0);
}

/* A set as it was, to compare with. */
struct snapshot {
	uint64_t cumulative;
	size_t count;
	struct rtmfp_seqrange ranges[256];
};

static struct snapshot take(const struct rtmfp_seqset *set)
{
	struct snapshot s = { .cumulative = set->cumulative, .count = set->count };

	ck_assert_uint_le(set->count, 256);
	if (set->count > 0)
		memcpy(s.ranges, set->ranges, set->count * sizeof(*set->ranges));
	return s;
}

static bool is_unchanged(const struct rtmfp_seqset *set, const struct snapshot *s)
{
	return set->cumulative == s->cumulative && set->count == s->count &&
	       (set->count == 0 || memcmp(set->ranges, s->ranges, set->count * sizeof(*set->ranges)) == 0);
}

static void assert_ranges(const struct rtmfp_seqset *set, uint64_t cumulative, size_t n,
			  const struct rtmfp_seqrange *ranges)
{
	ck_assert(is_sound(set));
	ck_assert(rtmfp_seqset_cumulative(set) == cumulative);
	ck_assert_uint_eq(rtmfp_seqset_count(set), n);
	for (size_t i = 0; i < n; i++) {
		ck_assert(rtmfp_seqset_range(set, i).from == ranges[i].from);
		ck_assert(rtmfp_seqset_range(set, i).to == ranges[i].to);
	}
}

#define RANGES(...)                     \
	(const struct rtmfp_seqrange[]) \
	{                               \
		__VA_ARGS__             \
	}

START_TEST(empty_set_holds_zero)
{
	struct counting c = { .out = 0 };
	struct rtmfp_mem mem = counting_mem(&c);
	struct rtmfp_seqset set;

	rtmfp_seqset_init(&set, &mem, 10);
	assert_ranges(&set, 0, 0, NULL);
	ck_assert(rtmfp_seqset_contains(&set, 0));
	ck_assert(!rtmfp_seqset_contains(&set, 1));
	ck_assert(!rtmfp_seqset_contains(&set, UINT64_MAX));
	ck_assert(rtmfp_seqset_highest(&set) == 0);
	ck_assert_int_eq(rtmfp_seqset_add(&set, 0, 0), 0);
	assert_ranges(&set, 0, 0, NULL);
	ck_assert_int_eq(c.calls, 0);
	rtmfp_seqset_fini(&set);
	ck_assert_int_eq(c.out, 0);
}
END_TEST

START_TEST(numbers_in_order_allocate_nothing)
{
	struct counting c = { .fail = true };
	struct rtmfp_mem mem = counting_mem(&c);
	struct rtmfp_seqset set;

	rtmfp_seqset_init(&set, &mem, 0);
	for (uint64_t n = 1; n <= 1000; n++)
		ck_assert_int_eq(rtmfp_seqset_add(&set, n, n), 0);
	ck_assert_int_eq(rtmfp_seqset_add(&set, 0, 5000), 0);
	ck_assert_int_eq(rtmfp_seqset_add(&set, 4000, 6000), 0);
	ck_assert_int_eq(rtmfp_seqset_add(&set, 17, 17), 0);
	assert_ranges(&set, 6000, 0, NULL);
	ck_assert_int_eq(c.calls, 0);
	rtmfp_seqset_fini(&set);
}
END_TEST

START_TEST(ranges_grow_join_and_go)
{
	struct rtmfp_seqset set;

	rtmfp_seqset_init(&set, &rtmfp_mem_libc, 100);
	ck_assert_int_eq(rtmfp_seqset_add(&set, 5, 5), 0);
	assert_ranges(&set, 0, 1, RANGES({ 5, 5 }));
	ck_assert_int_eq(rtmfp_seqset_add(&set, 6, 6), 0); /* touches from above */
	assert_ranges(&set, 0, 1, RANGES({ 5, 6 }));
	ck_assert_int_eq(rtmfp_seqset_add(&set, 4, 4), 0); /* and from below */
	assert_ranges(&set, 0, 1, RANGES({ 4, 6 }));
	ck_assert_int_eq(rtmfp_seqset_add(&set, 5, 6), 0); /* inside */
	assert_ranges(&set, 0, 1, RANGES({ 4, 6 }));
	ck_assert_int_eq(rtmfp_seqset_add(&set, 10, 12), 0);
	ck_assert_int_eq(rtmfp_seqset_add(&set, 2, 2), 0); /* before all others */
	ck_assert_int_eq(rtmfp_seqset_add(&set, 20, 22), 0);
	ck_assert_int_eq(rtmfp_seqset_add(&set, 16, 17), 0); /* between two */
	assert_ranges(&set, 0, 5, RANGES({ 2, 2 }, { 4, 6 }, { 10, 12 }, { 16, 17 }, { 20, 22 }));
	ck_assert_int_eq(rtmfp_seqset_add(&set, 3, 3), 0); /* joins two */
	assert_ranges(&set, 0, 4, RANGES({ 2, 6 }, { 10, 12 }, { 16, 17 }, { 20, 22 }));
	ck_assert_int_eq(rtmfp_seqset_add(&set, 9, 18), 0); /* swallows two and more on both sides */
	assert_ranges(&set, 0, 3, RANGES({ 2, 6 }, { 9, 18 }, { 20, 22 }));
	ck_assert(rtmfp_seqset_contains(&set, 9) && rtmfp_seqset_contains(&set, 18));
	ck_assert(!rtmfp_seqset_contains(&set, 8) && !rtmfp_seqset_contains(&set, 19));
	ck_assert(!rtmfp_seqset_contains(&set, 1) && !rtmfp_seqset_contains(&set, 23));
	ck_assert_int_eq(rtmfp_seqset_add(&set, 0, 7), 0); /* an FSN: over the first, short of the second */
	assert_ranges(&set, 7, 2, RANGES({ 9, 18 }, { 20, 22 }));
	ck_assert_int_eq(rtmfp_seqset_add(&set, 8, 8), 0); /* the last gap before the second */
	assert_ranges(&set, 18, 1, RANGES({ 20, 22 }));
	ck_assert_int_eq(rtmfp_seqset_add(&set, 0, 21), 0); /* ends inside a range */
	assert_ranges(&set, 22, 0, NULL);
	ck_assert_int_eq(rtmfp_seqset_add(&set, 30, 30), 0);
	ck_assert_int_eq(rtmfp_seqset_add(&set, 32, 32), 0);
	ck_assert_int_eq(rtmfp_seqset_add(&set, 0, 40), 0); /* beyond all */
	assert_ranges(&set, 40, 0, NULL);
	rtmfp_seqset_fini(&set);
	assert_ranges(&set, 0, 0, NULL);
	rtmfp_seqset_fini(&set);
}
END_TEST

START_TEST(numbers_up_to_the_highest)
{
	const uint64_t max = UINT64_MAX;
	struct rtmfp_seqset set;

	rtmfp_seqset_init(&set, &rtmfp_mem_libc, 100);
	ck_assert_int_eq(rtmfp_seqset_add(&set, max, max), 0);
	ck_assert_int_eq(rtmfp_seqset_add(&set, max, max), 0);
	assert_ranges(&set, 0, 1, RANGES({ max, max }));
	ck_assert_int_eq(rtmfp_seqset_add(&set, max - 3, max - 2), 0);
	assert_ranges(&set, 0, 2, RANGES({ max - 3, max - 2 }, { max, max }));
	ck_assert(rtmfp_seqset_contains(&set, max) && !rtmfp_seqset_contains(&set, max - 1));
	ck_assert(rtmfp_seqset_highest(&set) == max);
	ck_assert_int_eq(rtmfp_seqset_add(&set, max - 1, max), 0);
	assert_ranges(&set, 0, 1, RANGES({ max - 3, max }));
	ck_assert_int_eq(rtmfp_seqset_add(&set, 2, max - 4), 0);
	assert_ranges(&set, 0, 1, RANGES({ 2, max }));
	ck_assert_int_eq(rtmfp_seqset_add(&set, 1, 1), 0);
	assert_ranges(&set, max, 0, NULL);
	ck_assert_int_eq(rtmfp_seqset_add(&set, max, max), 0);
	ck_assert_int_eq(rtmfp_seqset_add(&set, 0, max), 0);
	assert_ranges(&set, max, 0, NULL);
	rtmfp_seqset_fini(&set);

	rtmfp_seqset_init(&set, &rtmfp_mem_libc, 100);
	ck_assert_int_eq(rtmfp_seqset_add(&set, 0, max - 1), 0);
	ck_assert(!rtmfp_seqset_contains(&set, max));
	ck_assert_int_eq(rtmfp_seqset_add(&set, max, max), 0);
	assert_ranges(&set, max, 0, NULL);
	rtmfp_seqset_fini(&set);
}
END_TEST

START_TEST(limit_is_kept_and_changes_nothing)
{
	static const size_t limits[] = { 0, 1, 2, 3, 7, 8, 9, 15, 16, 17, 100 };
	size_t limit = limits[_i];
	struct counting c = { .out = 0 };
	struct rtmfp_mem mem = counting_mem(&c);
	struct rtmfp_seqset set;
	struct snapshot before;

	rtmfp_seqset_init(&set, &mem, limit);
	for (size_t i = 0; i < limit; i++)
		ck_assert_int_eq(rtmfp_seqset_add(&set, 10 * (i + 1), 10 * (i + 1)), 0);
	ck_assert_uint_eq(rtmfp_seqset_count(&set), limit);
	ck_assert(is_sound(&set));
	before = take(&set);
	/* No range more: neither above all, nor below, nor between. */
	ck_assert_int_eq(rtmfp_seqset_add(&set, 10 * limit + 2, UINT64_MAX), RTMFP_ERR_LIMIT);
	ck_assert_int_eq(rtmfp_seqset_add(&set, 2, 3), RTMFP_ERR_LIMIT);
	if (limit > 1)
		ck_assert_int_eq(rtmfp_seqset_add(&set, 12, 18), RTMFP_ERR_LIMIT);
	ck_assert(is_unchanged(&set, &before) && is_sound(&set));
	/* What closes or narrows gaps goes through, and makes room. */
	if (limit > 0) {
		ck_assert_int_eq(rtmfp_seqset_add(&set, 9, 9), 0);
		ck_assert_int_eq(rtmfp_seqset_add(&set, 10 * limit + 1, 10 * limit + 2), 0);
		ck_assert_uint_eq(rtmfp_seqset_count(&set), limit);
		ck_assert_int_eq(rtmfp_seqset_add(&set, 1, 8), 0);
		ck_assert_uint_eq(rtmfp_seqset_count(&set), limit - 1);
		ck_assert_int_eq(rtmfp_seqset_add(&set, 10 * limit + 20, 10 * limit + 20), 0);
		ck_assert_uint_eq(rtmfp_seqset_count(&set), limit);
	}
	ck_assert(is_sound(&set));
	rtmfp_seqset_fini(&set);
	ck_assert_int_eq(c.out, 0);
	/* Doubling: nobody pays for the limit in advance, and few times for growth. */
	ck_assert_int_le(c.calls, 5);
}
END_TEST

START_TEST(failed_allocation_changes_nothing)
{
	struct counting c = { .fail = true };
	struct rtmfp_mem mem = counting_mem(&c);
	struct rtmfp_seqset set;
	size_t failures = 0;

	rtmfp_seqset_init(&set, &mem, 1000);
	for (uint64_t n = 2; n < 400; n += 2) {
		struct snapshot before = take(&set);
		int err;

		c.fail = true;
		err = rtmfp_seqset_add(&set, n, n);
		if (err) {
			failures++;
			ck_assert_int_eq(err, RTMFP_ERR_NOMEM);
			ck_assert(is_unchanged(&set, &before) && is_sound(&set));
			c.fail = false;
			ck_assert_int_eq(rtmfp_seqset_add(&set, n, n), 0);
		}
		ck_assert(rtmfp_seqset_contains(&set, n));
	}
	ck_assert_uint_eq(rtmfp_seqset_count(&set), 199);
	ck_assert_uint_ge(failures, 4);
	ck_assert_uint_le(failures, 10);
	ck_assert_int_eq(c.out, 1);
	rtmfp_seqset_fini(&set);
	ck_assert_int_eq(c.out, 0);
}
END_TEST

/* ---- against one flag a number ---- */

#define UNIVERSE 400u

struct naive {
	bool has[UNIVERSE];
};

static size_t naive_gaps(const struct naive *m)
{
	size_t ranges = 0;

	for (size_t n = 1; n < UNIVERSE; n++)
		if (m->has[n] && !m->has[n - 1])
			ranges++;
	return ranges;
}

static bool agrees(const struct rtmfp_seqset *set, const struct naive *m, uint64_t offset)
{
	uint64_t cumulative = 0, highest = 0;

	while (cumulative + 1 < UNIVERSE && m->has[cumulative + 1])
		cumulative++;
	for (uint64_t n = 0; n < UNIVERSE; n++) {
		if (m->has[n])
			highest = n;
		if (rtmfp_seqset_contains(set, n + offset) != m->has[n])
			return false;
	}
	return is_sound(set) && rtmfp_seqset_cumulative(set) == cumulative + offset &&
	       rtmfp_seqset_highest(set) == highest + offset && rtmfp_seqset_count(set) == naive_gaps(m);
}

/* One packet: a number, a range, or all up to an FSN. */
static void one_operation(struct prng_run *run, struct rtmfp_seqset *set, struct naive *m, uint64_t offset)
{
	uint64_t from = prng_below(&run->r, UNIVERSE);
	uint64_t to = from;
	struct naive want = *m;
	int err;

	switch (prng_below(&run->r, 8)) {
	case 0: /* forward */
		to = prng_below(&run->r, 1 + prng_below(&run->r, UNIVERSE));
		from = 0;
		break;
	case 1:
	case 2:
		to = from + prng_below(&run->r, 30);
		if (to >= UNIVERSE)
			to = UNIVERSE - 1;
		break;
	default: break;
	}
	for (uint64_t n = from; n <= to; n++)
		want.has[n] = true;
	err = rtmfp_seqset_add(set, from + offset, to + offset);
	if (naive_gaps(&want) > set->limit && naive_gaps(&want) > naive_gaps(m))
		prng_assert(*run, err == RTMFP_ERR_LIMIT);
	else
		prng_assert(*run, err == 0);
	if (err == 0)
		*m = want;
	prng_assert(*run, agrees(set, m, offset));
}

START_TEST(random_operations_agree_with_flags)
{
	for (prng_each(run, 1, 300)) {
		struct counting c = { .out = 0 };
		struct rtmfp_mem mem = counting_mem(&c);
		struct naive m = { .has = { true } };
		size_t limit = (size_t)prng_below(&run.r, 2) ? 1000 : (size_t)prng_below(&run.r, 30);
		/* A third of the sets lie against the upper end of all numbers. */
		uint64_t offset = prng_below(&run.r, 3) ? 0 : UINT64_MAX - (UNIVERSE - 1);
		struct rtmfp_seqset set;

		rtmfp_seqset_init(&set, &mem, limit);
		prng_assert(run, rtmfp_seqset_add(&set, 0, offset) == 0);
		for (int i = 0; i < 100; i++)
			one_operation(&run, &set, &m, offset);
		rtmfp_seqset_fini(&set);
		prng_assert(run, c.out == 0);
	}
}
END_TEST

int main(void)
{
	Suite *s = suite_create("seqset");
	TCase *tc = tcase_create("seqset");
	SRunner *sr;
	int failed;

	tcase_add_test(tc, empty_set_holds_zero);
	tcase_add_test(tc, numbers_in_order_allocate_nothing);
	tcase_add_test(tc, ranges_grow_join_and_go);
	tcase_add_test(tc, numbers_up_to_the_highest);
	tcase_add_loop_test(tc, limit_is_kept_and_changes_nothing, 0, 11);
	tcase_add_test(tc, failed_allocation_changes_nothing);
	tcase_add_test(tc, random_operations_agree_with_flags);
	tcase_set_timeout(tc, 60);
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
