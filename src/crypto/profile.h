/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The inside of a profile, for the files of src/crypto and for tests that shrink limits or fix randomness.
 */
#ifndef PROFILE_H
#define PROFILE_H

#include "aead.h"
#include "crypto_profile.h"
#include "entropy.h"
#include "noise.h"

#define SECTION_3_COUNTER 4u /* bytes of a packet before the ciphertext, SSID apart */
#define SECTION_3_MIN	  (SECTION_3_COUNTER + 1u + AEAD_TAG_LEN) /* at least one byte of plain packet */

/* When a key is used up (PROTOCOL.md section 3). */
struct key_limits {
	uint64_t blocks_rekey, blocks_stop;   /* AES-GCM: blocks encrypted */
	uint64_t packets_rekey, packets_stop; /* packets sent */
	uint64_t failed_rekey, failed_close;  /* packets whose tag was wrong */
};
extern const struct key_limits key_limits_default;

/* Where random bytes come from: the profile's generator, or a test. */
struct random_source {
	int (*fill)(void *ctx, uint8_t *out, size_t len);
	void *ctx;
};

struct crypto_peer {
	struct rtmfp_far far; /* must be first: RTMFP's pointer is ours */
	struct crypto_profile *profile;
	struct crypto_peer *next; /* in its bucket */
	uint64_t hash;
	uint8_t public_key[CRYPTO_KEY_LEN];
	uint8_t psk[CRYPTO_KEY_LEN];
};

/* Peers by public key: chained buckets, as many as peers or more, under a secret hash. */
struct peer_table {
	struct crypto_peer **buckets;
	size_t bucket_count; /* a power of two, or 0 */
	size_t count;
	uint8_t secret[HASH_LEN];
};

struct crypto_profile {
	struct noise_pair near;
	struct aead_set aeads;
	struct noise_suite suites[CRYPTO_SUITES]; /* by suite number - 1 */
	uint8_t preference[CRYPTO_SUITES];	  /* suite numbers, the preferred one first */
	size_t suite_count;			  /* in |preference| */
	uint64_t features;			  /* listed in handshakes */
	struct key_limits limits;
	struct random_source source;
	struct entropy *entropy;
	struct peer_table peers;
	void *startup_key; /* the Default Session Key, expanded */
	char description[768];
};

/** profile_new_with is crypto_profile_new restricted to AEAD engines of |providers| (enum aead_provider). */
int profile_new_with(const struct crypto_config *cfg, unsigned providers,
		     struct crypto_profile **out) RTMFP_MUST_CHECK;

/** profile_random fills |out|; without entropy the process aborts. */
void profile_random(struct crypto_profile *p, uint8_t *out, size_t len);
/** profile_suite returns a suite that this profile allows, or NULL. */
const struct noise_suite *profile_suite(const struct crypto_profile *p, uint8_t suite);
/** profile_mac is MAC() of the head of PROTOCOL.md, over |parts| one behind the other. */
void profile_mac(const uint8_t key[32], const char *label, const struct hash_part *parts, size_t count,
		 uint8_t out[RTMFP_MAC_LEN]);
/** profile_reset_token is rtmfp_crypto_ops.reset_token. */
void profile_reset_token(const struct crypto_profile *p, uint32_t receive_id,
			 uint8_t token[RTMFP_RESET_TOKEN_LEN]);

/** put_u32 writes big-endian. */
static inline void put_u32(uint8_t out[4], uint32_t v)
{
	out[0] = (uint8_t)(v >> 24);
	out[1] = (uint8_t)(v >> 16);
	out[2] = (uint8_t)(v >> 8);
	out[3] = (uint8_t)v;
}

static inline uint32_t get_u32(const uint8_t in[4])
{
	return (uint32_t)in[0] << 24 | (uint32_t)in[1] << 16 | (uint32_t)in[2] << 8 | in[3];
}

/* peers.c */
int peers_init(struct peer_table *t, struct crypto_profile *p) RTMFP_MUST_CHECK;
void peers_fini(struct peer_table *t);

#endif
