/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hashes of 32 bytes, HMAC (RFC 2104) and HKDF as Noise uses it, over SHA-256 or BLAKE2s. For Noise and the
 * profile.
 *
 * The compression functions are wolfSSL's; none of these can fail with a working library, and a library
 * that fails here leaves nothing to go on with: the process aborts.
 */
#ifndef HASH_H
#define HASH_H

#include "rtmfp_types.h"

#define HASH_LEN   32u
#define HASH_BLOCK 64u

enum hash_kind {
	HASH_SHA256,
	HASH_BLAKE2S,
};

/* Bytes that are hashed as if they lay one behind the other. |data| may be NULL iff |len| is 0. */
struct hash_part {
	const void *data;
	size_t len;
};

void hash_parts(enum hash_kind kind, const struct hash_part *parts, size_t count, uint8_t out[HASH_LEN]);
void hash_hmac(enum hash_kind kind, const uint8_t *key, size_t key_len, const struct hash_part *parts,
	       size_t count, uint8_t out[HASH_LEN]);
/**
 * hash_hkdf is Noise's HKDF: |count| (2 or 3) outputs of HASH_LEN bytes from |salt| (the chaining key) and
 * |ikm|. An output may be the same memory as |salt|.
 */
void hash_hkdf(enum hash_kind kind, const uint8_t salt[HASH_LEN], const uint8_t *ikm, size_t ikm_len,
	       unsigned count, uint8_t *const out[]);

#endif
