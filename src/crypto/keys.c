/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Keys and their text form. The Base64 here works on secrets: it computes with masks where a usual one
 * would look up or branch.
 */
#include "crypto_keys.h"

#include <string.h>

#include "curve.h"
#include "entropy.h"

/* All ones if lo <= c <= hi, else 0. */
static uint32_t in_range(uint32_t c, uint32_t lo, uint32_t hi)
{
	return (((c - lo) >> 31) - 1u) & (((hi - c) >> 31) - 1u);
}

/* The six bits of a Base64 digit; |*bad| becomes nonzero if |ch| is none. */
static uint32_t digit_value(char ch, uint32_t *bad)
{
	const uint32_t c = (uint8_t)ch;
	const uint32_t upper = in_range(c, 'A', 'Z'), lower = in_range(c, 'a', 'z');
	const uint32_t number = in_range(c, '0', '9'), plus = in_range(c, '+', '+'),
		       slash = in_range(c, '/', '/');

	*bad |= ~(upper | lower | number | plus | slash);
	return (upper & (c - 'A')) | (lower & (c - 'a' + 26)) | (number & (c - '0' + 52)) | (plus & 62) |
	       (slash & 63);
}

/* The Base64 digit of six bits. */
static char value_digit(uint32_t v)
{
	return (char)((in_range(v, 0, 25) & (v + 'A')) | (in_range(v, 26, 51) & (v - 26 + 'a')) |
		      (in_range(v, 52, 61) & (v - 52 + '0')) | (in_range(v, 62, 62) & '+') |
		      (in_range(v, 63, 63) & '/'));
}

int crypto_key_from_base64(uint8_t key[CRYPTO_KEY_LEN], const char *text)
{
	uint32_t bad = 0;
	size_t i, out = 0;

	if (strnlen(text, CRYPTO_KEY_TEXT + 1) != CRYPTO_KEY_TEXT || text[CRYPTO_KEY_TEXT - 1] != '=') {
		rtmfp_wipe(key, CRYPTO_KEY_LEN);
		return RTMFP_ERR_SYNTAX;
	}
	for (i = 0; i < CRYPTO_KEY_TEXT - 4; i += 4) {
		uint32_t v = digit_value(text[i], &bad) << 18 | digit_value(text[i + 1], &bad) << 12 |
			     digit_value(text[i + 2], &bad) << 6 | digit_value(text[i + 3], &bad);

		key[out++] = (uint8_t)(v >> 16);
		key[out++] = (uint8_t)(v >> 8);
		key[out++] = (uint8_t)v;
	}
	/* The last three digits hold 16 bits of key and 2 that must be 0. */
	uint32_t v = digit_value(text[i], &bad) << 12 | digit_value(text[i + 1], &bad) << 6 |
		     digit_value(text[i + 2], &bad);

	key[out++] = (uint8_t)(v >> 10);
	key[out++] = (uint8_t)(v >> 2);
	bad |= v & 3;
	if (bad) {
		rtmfp_wipe(key, CRYPTO_KEY_LEN);
		return RTMFP_ERR_SYNTAX;
	}
	return RTMFP_OK;
}

void crypto_key_to_base64(char text[CRYPTO_KEY_TEXT + 1], const uint8_t key[CRYPTO_KEY_LEN])
{
	size_t i, out = 0;

	for (i = 0; i < CRYPTO_KEY_LEN - 2; i += 3) {
		uint32_t v = (uint32_t)key[i] << 16 | (uint32_t)key[i + 1] << 8 | key[i + 2];

		text[out++] = value_digit(v >> 18);
		text[out++] = value_digit(v >> 12 & 63);
		text[out++] = value_digit(v >> 6 & 63);
		text[out++] = value_digit(v & 63);
	}
	uint32_t v = (uint32_t)key[i] << 10 | (uint32_t)key[i + 1] << 2;

	text[out++] = value_digit(v >> 12);
	text[out++] = value_digit(v >> 6 & 63);
	text[out++] = value_digit(v & 63);
	text[out++] = '=';
	text[out] = 0;
}

int crypto_genkey(uint8_t key[CRYPTO_KEY_LEN])
{
	int err = crypto_genpsk(key);

	if (!err)
		curve_clamp(key);
	return err;
}

int crypto_genpsk(uint8_t psk[CRYPTO_KEY_LEN])
{
	return entropy_once(psk, CRYPTO_KEY_LEN);
}

int crypto_pubkey(uint8_t pub[CRYPTO_KEY_LEN], const uint8_t priv[CRYPTO_KEY_LEN])
{
	return curve_public(pub, priv);
}
