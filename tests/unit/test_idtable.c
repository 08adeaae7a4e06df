/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tests of src/rtmfp/idtable.c: session IDs to what they name. */
#include "idtable.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "memory.h"
#include "prng.h"

static struct rtmfp_id id_of(uint32_t value)
{
	return (struct rtmfp_id){ .value = value, .kind = RTMFP_ID_EPOCH };
}

START_TEST(test_add_find_remove)
{
	struct memory memory = { 0 };
	struct rtmfp_mem mem = memory_of(&memory);
	struct rtmfp_idtable t;
	struct rtmfp_id a = id_of(1), b = id_of(65), c = id_of(UINT32_MAX), none = { 0 };

	ck_assert_int_eq(rtmfp_idtable_init(&t, &mem), 0);
	ck_assert_ptr_null(rtmfp_idtable_find(&t, 1));
	rtmfp_idtable_add(&t, &a);
	rtmfp_idtable_add(&t, &b); /* the same bucket */
	rtmfp_idtable_add(&t, &c);
	ck_assert_ptr_eq(rtmfp_idtable_find(&t, 1), &a);
	ck_assert_ptr_eq(rtmfp_idtable_find(&t, 65), &b);
	ck_assert_ptr_eq(rtmfp_idtable_find(&t, UINT32_MAX), &c);
	ck_assert_ptr_null(rtmfp_idtable_find(&t, 129));
	ck_assert_uint_eq(t.count, 3);
	rtmfp_idtable_remove(&t, &a);
	ck_assert_ptr_null(rtmfp_idtable_find(&t, 1));
	ck_assert_ptr_eq(rtmfp_idtable_find(&t, 65), &b);
	ck_assert_uint_eq(a.kind, RTMFP_ID_NONE);
	rtmfp_idtable_remove(&t, &a); /* gone already */
	rtmfp_idtable_remove(&t, &none);
	ck_assert_uint_eq(t.count, 2);
	rtmfp_idtable_remove(&t, &b);
	rtmfp_idtable_remove(&t, &c);
	ck_assert_uint_eq(t.count, 0);
	rtmfp_idtable_fini(&t);
	ck_assert_uint_eq(memory.out, 0);
}
END_TEST

/* Far ends choose reset tokens, so several may begin alike. */
START_TEST(test_same_value_twice)
{
	struct memory memory = { 0 };
	struct rtmfp_mem mem = memory_of(&memory);
	struct rtmfp_idtable t;
	struct rtmfp_id same[3] = { id_of(7), id_of(7), id_of(7) };
	unsigned found = 0;

	ck_assert_int_eq(rtmfp_idtable_init(&t, &mem), 0);
	for (int i = 0; i < 3; i++)
		rtmfp_idtable_add(&t, &same[i]);
	for (struct rtmfp_id *id = rtmfp_idtable_find(&t, 7); id; id = id->next)
		found += id->value == 7;
	ck_assert_uint_eq(found, 3);
	rtmfp_idtable_remove(&t, &same[1]);
	found = 0;
	for (struct rtmfp_id *id = rtmfp_idtable_find(&t, 7); id; id = id->next) {
		ck_assert_ptr_ne(id, &same[1]);
		found += id->value == 7;
	}
	ck_assert_uint_eq(found, 2);
	rtmfp_idtable_fini(&t);
}
END_TEST

START_TEST(test_without_memory)
{
	static struct rtmfp_id ids[1000];
	struct memory memory = { .fail = true };
	struct rtmfp_mem mem = memory_of(&memory);
	struct rtmfp_idtable t;

	ck_assert_int_eq(rtmfp_idtable_init(&t, &mem), RTMFP_ERR_NOMEM);
	memory.fail = false;
	ck_assert_int_eq(rtmfp_idtable_init(&t, &mem), 0);
	memory.fail = true; /* it cannot grow, and works all the same */
	for (uint32_t i = 0; i < 1000; i++) {
		ids[i] = id_of(i * 3 + 1);
		rtmfp_idtable_add(&t, &ids[i]);
	}
	for (uint32_t i = 0; i < 1000; i++)
		ck_assert_ptr_eq(rtmfp_idtable_find(&t, i * 3 + 1), &ids[i]);
	memory.fail = false;
	rtmfp_idtable_remove(&t, &ids[0]);
	ids[0] = id_of(1);
	rtmfp_idtable_add(&t, &ids[0]); /* grows now */
	for (uint32_t i = 0; i < 1000; i++)
		ck_assert_ptr_eq(rtmfp_idtable_find(&t, i * 3 + 1), &ids[i]);
	ck_assert_uint_gt(t.mask, 63);
	rtmfp_idtable_fini(&t);
	ck_assert_uint_eq(memory.out, 0);
}
END_TEST

START_TEST(test_random)
{
	static struct rtmfp_id ids[3000];

	for (prng_each(run, 1, 10)) {
		struct memory memory = { 0 };
		struct rtmfp_mem mem = memory_of(&memory);
		struct rtmfp_idtable t;
		size_t in = 0;

		memset(ids, 0, sizeof(ids));
		prng_assert(run, rtmfp_idtable_init(&t, &mem) == 0);
		for (unsigned step = 0; step < 20000; step++) {
			unsigned i = (unsigned)prng_below(&run.r, 3000);

			if (ids[i].kind != RTMFP_ID_NONE) {
				uint32_t value = ids[i].value;

				prng_assert(run, rtmfp_idtable_find(&t, value) == &ids[i]);
				rtmfp_idtable_remove(&t, &ids[i]);
				prng_assert(run, !rtmfp_idtable_find(&t, value));
				in--;
			} else {
				uint32_t value = (uint32_t)prng_next(&run.r);

				if (rtmfp_idtable_find(&t, value))
					continue;
				ids[i] = id_of(value);
				rtmfp_idtable_add(&t, &ids[i]);
				in++;
			}
			prng_assert(run, t.count == in);
		}
		rtmfp_idtable_fini(&t);
		prng_assert(run, memory.out == 0);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("idtable");
	TCase *tc = tcase_create("idtable");
	SRunner *runner;
	int failed;

	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, test_add_find_remove);
	tcase_add_test(tc, test_same_value_twice);
	tcase_add_test(tc, test_without_memory);
	tcase_add_test(tc, test_random);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
