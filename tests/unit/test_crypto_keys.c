/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Keys and their text form: round trips, every malformed text, WireGuard's own answers.
 */
#include "crypto_keys.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Pairs that `wg genkey` and `wg pubkey` printed; the first is the all-zero key. */
static const struct {
	const char *priv, *pub;
} known[] = {
	{ "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", "L+V9o0fNYkMVKNqsX7spBzD/9oSvxM/C7ZCZX1jLO3Q=" },
	{ "QEW+3MHm2Qfhuk7ME6aXxF32WRpeL/keHa88xBgj70w=", "1MFhRAO6VnRv0VL4OpJiZRpnA/JTZ4UIDoL9MHrKtDw=" },
	{ "YL7rgEfOLGMr7CrTdfVCWD6QLtiy/knOsNGzZ/7zAV8=", "vMj2KVQrYowH7iXt2kkjx1dJY0uqS2Z7JIZr8OJVvBM=" },
	{ "qCZ6rpTP4CFMgSMpi4mUFyvAdO94A8se5o4LGaAD4UQ=", "jl2P4jHCSEpknquHPU3rKXUVd4Se29o3ZbHGzg5zoCM=" },
	{ "SAwHgBk8vKyLTjO1GgO34JRQAFxrTl0k2xDiq6xmDnA=", "U12tM2vTrJQF9km+6rcutUUY15CN/GYtpvfGNqaIp1s=" },

};

START_TEST(text_round_trip)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	uint8_t key[CRYPTO_KEY_LEN], again[CRYPTO_KEY_LEN];
	char text[CRYPTO_KEY_TEXT + 1], want[CRYPTO_KEY_TEXT + 1];
	size_t i, n;

	/* Every six-bit value in every place, against an encoder that looks digits up. */
	for (n = 0; n < 64 * 3; n++) {
		for (i = 0; i < CRYPTO_KEY_LEN; i++)
			key[i] = (uint8_t)(n * 85 + i * 37);
		for (i = 0; i < 43; i++) {
			size_t bit = i * 6;
			unsigned v = (unsigned)key[bit / 8] << 8 |
				     (bit / 8 + 1 < CRYPTO_KEY_LEN ? key[bit / 8 + 1] : 0u);

			want[i] = digits[v >> (10 - bit % 8) & 63];
		}
		memcpy(want + 43, "=", 2);
		crypto_key_to_base64(text, key);
		ck_assert_str_eq(text, want);
		ck_assert_int_eq(crypto_key_from_base64(again, text), RTMFP_OK);
		ck_assert_mem_eq(again, key, CRYPTO_KEY_LEN);
	}
}
END_TEST

START_TEST(text_malformed)
{
	static const uint8_t zero[CRYPTO_KEY_LEN];
	const char *good = known[1].priv;
	char text[64];
	uint8_t key[CRYPTO_KEY_LEN];
	int c, at;

	/* Every byte value in every place: accepted iff it is a digit (and the last digit a canonical one).
	 */
	for (at = 0; at < (int)CRYPTO_KEY_TEXT; at++) {
		for (c = 0; c < 256; c++) {
			const char *set =
				at == 43 ? "="
				: at == 42
					? "AEIMQUYcgkosw048"
					: "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
			bool valid = c && strchr(set, c);

			strcpy(text, good);
			text[at] = (char)c;
			memset(key, 0xaa, sizeof(key));
			ck_assert_int_eq(crypto_key_from_base64(key, text),
					 valid ? RTMFP_OK : RTMFP_ERR_SYNTAX);
			if (!valid)
				ck_assert_mem_eq(key, zero, sizeof(key));
		}
	}
	ck_assert_int_eq(crypto_key_from_base64(key, ""), RTMFP_ERR_SYNTAX);
	snprintf(text, sizeof(text), "%s=", good);
	ck_assert_int_eq(crypto_key_from_base64(key, text), RTMFP_ERR_SYNTAX);
	snprintf(text, sizeof(text), "%.43s", good);
	ck_assert_int_eq(crypto_key_from_base64(key, text), RTMFP_ERR_SYNTAX);
	snprintf(text, sizeof(text), "A%s", good);
	ck_assert_int_eq(crypto_key_from_base64(key, text), RTMFP_ERR_SYNTAX);
}
END_TEST

START_TEST(wireguards_answers)
{
	uint8_t priv[CRYPTO_KEY_LEN], pub[CRYPTO_KEY_LEN], want[CRYPTO_KEY_LEN];

	ck_assert_int_eq(crypto_key_from_base64(priv, known[_i].priv), RTMFP_OK);
	ck_assert_int_eq(crypto_key_from_base64(want, known[_i].pub), RTMFP_OK);
	ck_assert_int_eq(crypto_pubkey(pub, priv), RTMFP_OK);
	ck_assert_mem_eq(pub, want, sizeof(pub));
	ck_assert_int_eq(crypto_pubkey(priv, priv), RTMFP_OK);
	ck_assert_mem_eq(priv, want, sizeof(pub));
}
END_TEST

START_TEST(made_keys)
{
	uint8_t key[64][CRYPTO_KEY_LEN], or_all[CRYPTO_KEY_LEN] = { 0 }, and_all[CRYPTO_KEY_LEN];
	int i, j;

	memset(and_all, 0xff, sizeof(and_all));
	for (i = 0; i < 64; i++) {
		ck_assert_int_eq(i % 2 ? crypto_genkey(key[i]) : crypto_genpsk(key[i]), RTMFP_OK);
		if (i % 2) {
			ck_assert_uint_eq(key[i][0] & 7, 0);
			ck_assert_uint_eq(key[i][31] & 0xc0, 0x40);
		}
		for (j = 0; j < i; j++)
			ck_assert_mem_ne(key[i], key[j], CRYPTO_KEY_LEN);
		for (j = 0; j < (int)CRYPTO_KEY_LEN; j++) {
			or_all[j] |= key[i][j];
			and_all[j] &= key[i][j];
		}
	}
	/* A bit that never changes in 64 keys (chance below 2^-29) was not drawn. */
	for (j = 0; j < (int)CRYPTO_KEY_LEN; j++) {
		ck_assert_uint_eq(or_all[j], 0xff);
		ck_assert_uint_eq(and_all[j], 0);
	}
}
END_TEST

int main(void)
{
	Suite *s = suite_create("crypto_keys");
	TCase *tc = tcase_create("keys");
	SRunner *sr;
	int failed;

	tcase_add_test(tc, text_round_trip);
	tcase_add_test(tc, text_malformed);
	tcase_add_loop_test(tc, wireguards_answers, 0, (int)(sizeof(known) / sizeof(known[0])));
	tcase_add_test(tc, made_keys);
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
