/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tests of src/rtmfp/cookie.c: responder cookies (RFC 7016 section 3.5.1.1.2, PROTOCOL.md section 2.5). */
#include "cookie.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "fakecrypto.h"

#define LIFETIME RTMFP_S(120)

static struct fake_ledger ledger;
static struct fakecrypto fake;
static struct rtmfp_cookies cookies;
static const struct rtmfp_addr source = { .family = 4, .port = 1000, .ip = { 192, 0, 2, 1 } };
static const uint64_t start = RTMFP_S(5000);

static void setup(void)
{
	fake_ledger_init(&ledger);
	fakecrypto_init(&fake, 1, 1, &rtmfp_mem_libc, &ledger);
	rtmfp_cookies_init(&cookies, &fake.ops, &fake, LIFETIME);
}

static void teardown(void)
{
	static const uint8_t zeros[sizeof(cookies.secret)];

	rtmfp_cookies_fini(&cookies);
	ck_assert_mem_eq(cookies.secret, zeros, sizeof(zeros));
	fakecrypto_fini(&fake);
	fake_ledger_fini(&ledger);
}

static enum rtmfp_cookie_verdict check(const struct rtmfp_addr *from, const uint8_t *cookie, size_t len,
				       uint64_t now)
{
	uint64_t stamp;

	return rtmfp_cookie_check(&cookies, from, cookie, len, now, &stamp);
}

START_TEST(test_good)
{
	uint8_t cookie[RTMFP_COOKIE_LEN], other[RTMFP_COOKIE_LEN];
	uint64_t stamp = 0;

	ck_assert_int_eq(check(&source, (const uint8_t[RTMFP_COOKIE_LEN]){ 0 }, RTMFP_COOKIE_LEN, start),
			 RTMFP_COOKIE_BAD); /* before any secret was used */
	rtmfp_cookie_make(&cookies, &source, start, cookie);
	ck_assert_int_eq(rtmfp_cookie_check(&cookies, &source, cookie, sizeof(cookie), start, &stamp),
			 RTMFP_COOKIE_GOOD);
	ck_assert_uint_eq(stamp, start / 1000);
	/* again: cookies are no one-time tokens, the stamp is what counts */
	ck_assert_int_eq(check(&source, cookie, sizeof(cookie), start + 1), RTMFP_COOKIE_GOOD);
	rtmfp_cookie_make(&cookies, &source, start, other);
	ck_assert_mem_ne(cookie, other, sizeof(cookie));
}
END_TEST

START_TEST(test_address)
{
	uint8_t cookie[RTMFP_COOKIE_LEN];
	struct rtmfp_addr other = source;

	rtmfp_cookie_make(&cookies, &source, start, cookie);
	other.origin = RTMFP_ORIGIN_RELAY; /* says nothing about identity */
	ck_assert_int_eq(check(&other, cookie, sizeof(cookie), start), RTMFP_COOKIE_GOOD);
	other = source;
	other.port++;
	ck_assert_int_eq(check(&other, cookie, sizeof(cookie), start), RTMFP_COOKIE_WRONG_ADDRESS);
	other = source;
	other.ip[3] ^= 1;
	ck_assert_int_eq(check(&other, cookie, sizeof(cookie), start), RTMFP_COOKIE_WRONG_ADDRESS);
	other = source;
	other.family = 6;
	ck_assert_int_eq(check(&other, cookie, sizeof(cookie), start), RTMFP_COOKIE_WRONG_ADDRESS);
}
END_TEST

START_TEST(test_every_bit_counts)
{
	uint8_t cookie[RTMFP_COOKIE_LEN + 1] = { 0 };

	rtmfp_cookie_make(&cookies, &source, start, cookie);
	for (unsigned bit = 0; bit < 8 * RTMFP_COOKIE_LEN; bit++) {
		/* Part b is about the address alone. */
		enum rtmfp_cookie_verdict want =
			bit < 8 * (8 + RTMFP_MAC_LEN) ? RTMFP_COOKIE_BAD : RTMFP_COOKIE_WRONG_ADDRESS;

		cookie[bit / 8] ^= (uint8_t)(1u << bit % 8);
		ck_assert_int_eq(check(&source, cookie, RTMFP_COOKIE_LEN, start), want);
		cookie[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	ck_assert_int_eq(check(&source, cookie, RTMFP_COOKIE_LEN, start), RTMFP_COOKIE_GOOD);
	for (size_t len = 0; len < RTMFP_COOKIE_LEN; len++) {
		uint8_t *exact = malloc(len ? len : 1);

		ck_assert_ptr_nonnull(exact);
		memcpy(exact, cookie, len);
		ck_assert_int_eq(check(&source, exact, len, start), RTMFP_COOKIE_BAD);
		free(exact);
	}
	ck_assert_int_eq(check(&source, cookie, RTMFP_COOKIE_LEN + 1, start), RTMFP_COOKIE_BAD);
}
END_TEST

START_TEST(test_lifetime)
{
	/* Made at any age of the secret, a cookie is good for as long as any other. */
	for (unsigned age = 0; age < 120; age++) {
		uint8_t first[RTMFP_COOKIE_LEN], cookie[RTMFP_COOKIE_LEN];
		uint64_t at = start + RTMFP_S(age);

		rtmfp_cookies_init(&cookies, &fake.ops, &fake, LIFETIME);
		rtmfp_cookie_make(&cookies, &source, start, first);
		rtmfp_cookie_make(&cookies, &source, at, cookie);
		for (unsigned later = 0; later <= 120; later++)
			ck_assert_int_eq(check(&source, cookie, sizeof(cookie), at + RTMFP_S(later)),
					 RTMFP_COOKIE_GOOD);
		ck_assert_int_eq(check(&source, cookie, sizeof(cookie), at + LIFETIME + RTMFP_US(2)),
				 RTMFP_COOKIE_BAD);
		ck_assert_int_eq(check(&source, first, sizeof(first), at + LIFETIME + RTMFP_US(2)),
				 RTMFP_COOKIE_BAD);
	}
}
END_TEST

/* Nothing may come back after a long silence, however the secrets turned meanwhile. */
START_TEST(test_long_silence)
{
	uint8_t cookie[RTMFP_COOKIE_LEN], later[RTMFP_COOKIE_LEN];

	rtmfp_cookie_make(&cookies, &source, start, cookie);
	ck_assert_int_eq(check(&source, cookie, sizeof(cookie), start + RTMFP_S(100000)), RTMFP_COOKIE_BAD);
	rtmfp_cookie_make(&cookies, &source, start + RTMFP_S(100000), later);
	ck_assert_int_eq(check(&source, later, sizeof(later), start + RTMFP_S(100060)), RTMFP_COOKIE_GOOD);
	ck_assert_int_eq(check(&source, cookie, sizeof(cookie), start + RTMFP_S(100060)), RTMFP_COOKIE_BAD);
}
END_TEST

START_TEST(test_restart_invalidates)
{
	uint8_t cookie[RTMFP_COOKIE_LEN], newer[RTMFP_COOKIE_LEN];

	rtmfp_cookie_make(&cookies, &source, start, cookie);
	rtmfp_cookies_fini(&cookies);
	rtmfp_cookies_init(&cookies, &fake.ops, &fake, LIFETIME);
	ck_assert_int_eq(check(&source, cookie, sizeof(cookie), start + 1000), RTMFP_COOKIE_BAD);
	rtmfp_cookie_make(&cookies, &source, start + 2000, newer); /* its stamp is beyond the old one */
	ck_assert_int_eq(check(&source, cookie, sizeof(cookie), start + 2000), RTMFP_COOKIE_BAD);
}
END_TEST

START_TEST(test_stamps_grow_strictly)
{
	uint8_t cookie[RTMFP_COOKIE_LEN];
	uint64_t before = 0;

	for (unsigned i = 0; i < 1000; i++) {
		uint64_t now = start + i / 10, stamp; /* thousands within one microsecond */

		rtmfp_cookie_make(&cookies, &source, now, cookie);
		ck_assert_int_eq(rtmfp_cookie_check(&cookies, &source, cookie, sizeof(cookie), now, &stamp),
				 RTMFP_COOKIE_GOOD);
		ck_assert_uint_gt(stamp, before);
		before = stamp;
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("cookie");
	TCase *tc = tcase_create("cookie");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, test_good);
	tcase_add_test(tc, test_address);
	tcase_add_test(tc, test_every_bit_counts);
	tcase_add_test(tc, test_lifetime);
	tcase_add_test(tc, test_long_silence);
	tcase_add_test(tc, test_restart_invalidates);
	tcase_add_test(tc, test_stamps_grow_strictly);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
