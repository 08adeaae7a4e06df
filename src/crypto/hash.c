/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * HMAC and HKDF over two hashes, written once for both.
 */
#include "hash.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "wolf.h"

struct hash_state {
	enum hash_kind kind;
	union {
		wc_Sha256 sha256;
		Blake2s blake2s;
	} u;
};

static void must(int err)
{
	if (err) {
		fprintf(stderr, "flowtun: wolfSSL's hash functions fail (%d)\n", err);
		abort();
	}
}

static void hash_begin(struct hash_state *s, enum hash_kind kind)
{
	s->kind = kind;
	if (kind == HASH_SHA256)
		must(wc_InitSha256(&s->u.sha256));
	else
		must(wc_InitBlake2s(&s->u.blake2s, HASH_LEN));
}

static void hash_add(struct hash_state *s, const void *data, size_t len)
{
	if (len == 0)
		return;
	if (s->kind == HASH_SHA256)
		must(wc_Sha256Update(&s->u.sha256, data, (word32)len));
	else
		must(wc_Blake2sUpdate(&s->u.blake2s, data, (word32)len));
}

static void hash_end(struct hash_state *s, uint8_t out[HASH_LEN])
{
	if (s->kind == HASH_SHA256) {
		must(wc_Sha256Final(&s->u.sha256, out));
		wc_Sha256Free(&s->u.sha256);
	} else {
		must(wc_Blake2sFinal(&s->u.blake2s, out, HASH_LEN));
	}
	rtmfp_wipe(s, sizeof(*s));
}

void hash_parts(enum hash_kind kind, const struct hash_part *parts, size_t count, uint8_t out[HASH_LEN])
{
	struct hash_state s;

	hash_begin(&s, kind);
	for (size_t i = 0; i < count; i++)
		hash_add(&s, parts[i].data, parts[i].len);
	hash_end(&s, out);
}

void hash_hmac(enum hash_kind kind, const uint8_t *key, size_t key_len, const struct hash_part *parts,
	       size_t count, uint8_t out[HASH_LEN])
{
	uint8_t pad[HASH_BLOCK] = { 0 };
	uint8_t inner[HASH_LEN];
	struct hash_state s;

	if (key_len > HASH_BLOCK)
		hash_parts(kind, &(struct hash_part){ key, key_len }, 1, pad);
	else if (key_len)
		memcpy(pad, key, key_len);

	for (size_t i = 0; i < HASH_BLOCK; i++)
		pad[i] ^= 0x36;
	hash_begin(&s, kind);
	hash_add(&s, pad, HASH_BLOCK);
	for (size_t i = 0; i < count; i++)
		hash_add(&s, parts[i].data, parts[i].len);
	hash_end(&s, inner);

	for (size_t i = 0; i < HASH_BLOCK; i++)
		pad[i] ^= 0x36 ^ 0x5c;
	hash_begin(&s, kind);
	hash_add(&s, pad, HASH_BLOCK);
	hash_add(&s, inner, HASH_LEN);
	hash_end(&s, out);

	rtmfp_wipe(pad, sizeof(pad));
	rtmfp_wipe(inner, sizeof(inner));
}

void hash_hkdf(enum hash_kind kind, const uint8_t salt[HASH_LEN], const uint8_t *ikm, size_t ikm_len,
	       unsigned count, uint8_t *const out[])
{
	uint8_t temp[HASH_LEN];
	uint8_t last[HASH_LEN];

	hash_hmac(kind, salt, HASH_LEN, &(struct hash_part){ ikm, ikm_len }, 1, temp);
	for (unsigned i = 0; i < count; i++) {
		const uint8_t number = (uint8_t)(i + 1);
		const struct hash_part parts[] = { { last, i ? HASH_LEN : 0 }, { &number, 1 } };

		hash_hmac(kind, temp, HASH_LEN, parts, 2, last);
		memcpy(out[i], last, HASH_LEN);
	}
	rtmfp_wipe(temp, sizeof(temp));
	rtmfp_wipe(last, sizeof(last));
}
