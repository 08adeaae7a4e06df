/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tests of src/rtmfp/types.c. */
#include "rtmfp_types.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

START_TEST(every_error_has_its_own_phrase)
{
	for (int a = RTMFP_OK; a >= RTMFP_ERR_CRYPTO; a--) {
		ck_assert_str_ne(rtmfp_strerror(a), rtmfp_strerror(1));
		for (int b = a - 1; b >= RTMFP_ERR_CRYPTO; b--)
			ck_assert_str_ne(rtmfp_strerror(a), rtmfp_strerror(b));
	}
	ck_assert_str_eq(rtmfp_strerror(RTMFP_ERR_CRYPTO - 1), rtmfp_strerror(1));
}
END_TEST

START_TEST(every_drop_reason_has_its_own_name)
{
	for (int a = 0; a < RTMFP_DROP_COUNT; a++) {
		const char *name = rtmfp_drop_name((enum rtmfp_drop)a);

		ck_assert_uint_gt(strlen(name), 0);
		ck_assert_uint_eq(strspn(name, "abcdefghijklmnopqrstuvwxyz_"), strlen(name));
		for (int b = a + 1; b <= RTMFP_DROP_COUNT; b++)
			ck_assert_str_ne(name, rtmfp_drop_name((enum rtmfp_drop)b));
	}
	ck_assert_str_eq(rtmfp_drop_name((enum rtmfp_drop) - 1), "unknown");
	ck_assert_str_eq(rtmfp_drop_name(RTMFP_DROP_COUNT), "unknown");
	/* A few that people's scripts will look for. */
	ck_assert_str_eq(rtmfp_drop_name(RTMFP_DROP_UNKNOWN_SESSION), "unknown_session");
	ck_assert_str_eq(rtmfp_drop_name(RTMFP_DROP_REPLAY), "replay");
	ck_assert_str_eq(rtmfp_drop_name(RTMFP_DROP_NOMEM), "nomem");
}
END_TEST

START_TEST(addresses_differ_in_every_byte_but_origin)
{
	struct rtmfp_addr a = { .family = 6, .origin = RTMFP_ORIGIN_LOCAL, .port = 1935, .scope = 3 };
	struct rtmfp_addr b;

	for (size_t i = 0; i < sizeof(a.ip); i++)
		a.ip[i] = (uint8_t)(i + 1);
	b = a;
	ck_assert(rtmfp_addr_equal(&a, &b));
	ck_assert(rtmfp_addr_same_host(&a, &b));
	b.origin = RTMFP_ORIGIN_REFLEXIVE;
	ck_assert(rtmfp_addr_equal(&a, &b));
	ck_assert(rtmfp_addr_same_host(&a, &b));
	for (size_t i = 0; i < sizeof(a.ip); i++) {
		b = a;
		b.ip[i] ^= 0x10;
		ck_assert(!rtmfp_addr_equal(&a, &b));
		ck_assert(!rtmfp_addr_same_host(&a, &b));
	}
	b = a;
	b.family = 4;
	ck_assert(!rtmfp_addr_equal(&a, &b));
	ck_assert(!rtmfp_addr_same_host(&a, &b));
	b = a;
	b.scope = 4;
	ck_assert(!rtmfp_addr_equal(&a, &b));
	ck_assert(!rtmfp_addr_same_host(&a, &b));
	b = a;
	b.port ^= 0x100;
	ck_assert(!rtmfp_addr_equal(&a, &b));
	ck_assert(rtmfp_addr_same_host(&a, &b));
}
END_TEST

START_TEST(libc_memory_is_zeroed)
{
	const size_t size = 4096;
	uint8_t *p = rtmfp_alloc(&rtmfp_mem_libc, size);

	/* The second time, malloc is likely to hand out what was soiled. */
	ck_assert_ptr_nonnull(p);
	memset(p, 0xa5, size);
	rtmfp_free(&rtmfp_mem_libc, p);
	p = rtmfp_alloc(&rtmfp_mem_libc, size);
	ck_assert_ptr_nonnull(p);
	for (size_t i = 0; i < size; i++)
		ck_assert_uint_eq(p[i], 0);
	rtmfp_free(&rtmfp_mem_libc, p);
	rtmfp_free(&rtmfp_mem_libc, NULL);
}
END_TEST

START_TEST(wipe_clears_exactly_what_it_is_given)
{
	uint8_t buf[64];

	for (size_t from = 0; from < 9; from++) {
		for (size_t len = 0; len < 40; len++) {
			memset(buf, 0xff, sizeof(buf));
			rtmfp_wipe(buf + from, len);
			for (size_t i = 0; i < sizeof(buf); i++)
				ck_assert_uint_eq(buf[i], i >= from && i < from + len ? 0 : 0xff);
		}
	}
	rtmfp_wipe(NULL, 0);
}
END_TEST

START_TEST(constant_time_comparison_sees_every_bit)
{
	uint8_t a[33], b[33];

	for (size_t i = 0; i < sizeof(a); i++)
		a[i] = (uint8_t)(i * 37);
	memcpy(b, a, sizeof(a));
	ck_assert(rtmfp_equal_ct(a, b, sizeof(a)));
	for (size_t i = 0; i < sizeof(a); i++) {
		for (unsigned bit = 0; bit < 8; bit++) {
			b[i] = (uint8_t)(a[i] ^ 1u << bit);
			ck_assert(!rtmfp_equal_ct(a, b, sizeof(a)));
			ck_assert(!rtmfp_equal_ct(a, b, i + 1));
			ck_assert(rtmfp_equal_ct(a, b, i));
		}
		b[i] = a[i];
	}
	ck_assert(rtmfp_equal_ct(NULL, NULL, 0));
}
END_TEST

int main(void)
{
	Suite *s = suite_create("types");
	TCase *tc = tcase_create("types");
	SRunner *sr;
	int failed;

	tcase_add_test(tc, every_error_has_its_own_phrase);
	tcase_add_test(tc, every_drop_reason_has_its_own_name);
	tcase_add_test(tc, addresses_differ_in_every_byte_but_origin);
	tcase_add_test(tc, libc_memory_is_zeroed);
	tcase_add_test(tc, wipe_clears_exactly_what_it_is_given);
	tcase_add_test(tc, constant_time_comparison_sees_every_bit);
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
