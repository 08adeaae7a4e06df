/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One interface over everything that can do the profile's two AEADs: intel-ipsec-mb, and wolfSSL with or
 * without assembly. For packets, Noise and nobody else.
 *
 * Sealing and opening work in place, allocate nothing and branch on no secret of ours. A key is a block of
 * the engine's |key_size| bytes, aligned to SECRET_ALIGN, in which the key schedule is expanded once.
 */
#ifndef AEAD_H
#define AEAD_H

#include "rtmfp_types.h"

#define AEAD_KEY_LEN   32u
#define AEAD_NONCE_LEN 12u
#define AEAD_TAG_LEN   16u
#define AEAD_KEY_MAX   2048u /* no engine's key_size is greater */
#define AEAD_NAME_MAX  64u

enum aead_algorithm { AEAD_AES256_GCM, AEAD_CHACHA20_POLY1305, AEAD_ALGORITHMS };

struct aead_engine {
	enum aead_algorithm algorithm;
	char name[AEAD_NAME_MAX]; /* for the log: who, and by which instructions */
	bool fast;		  /* uses the CPU's instructions for it */
	void *ctx;		  /* the engine's own */
	size_t key_size;	  /* multiple of SECRET_ALIGN */

	int (*set_key)(const struct aead_engine *e, void *key, const uint8_t secret[AEAD_KEY_LEN]);
	/** seal encrypts |data| in place and writes the tag, which may follow it at once. 0 or
	 * RTMFP_ERR_CRYPTO. */
	int (*seal)(const struct aead_engine *e, const void *key, const uint8_t nonce[AEAD_NONCE_LEN],
		    const uint8_t *aad, size_t aad_len, uint8_t *data, size_t len, uint8_t tag[AEAD_TAG_LEN]);
	/** open decrypts |data| in place. RTMFP_ERR_AUTH: the tag is wrong, and |data| holds nothing of use.
	 */
	int (*open)(const struct aead_engine *e, const void *key, const uint8_t nonce[AEAD_NONCE_LEN],
		    const uint8_t *aad, size_t aad_len, uint8_t *data, size_t len,
		    const uint8_t tag[AEAD_TAG_LEN]);
	void (*wipe_key)(const struct aead_engine *e, void *key);
};

#define AEAD_ENGINES_MAX 4u

/* Which providers may be used; for tests. */
enum aead_provider {
	AEAD_WOLFSSL = 1,
	AEAD_IPSEC_MB = 2,
	AEAD_ALL_PROVIDERS = 3,
};

/* The engines that work here. */
struct aead_set {
	struct aead_engine engines[AEAD_ENGINES_MAX]; /* wolfSSL's, then intel-ipsec-mb's */
	size_t count;
	const struct aead_engine *best[AEAD_ALGORITHMS];
	char refused[256]; /* why an engine that is there is not used; empty if none */
	void *ipsec_mb;
};

/**
 * aead_set_init finds the engines of |providers| (AEAD_WOLFSSL is always among them) that this CPU can run,
 * tests each against published vectors and against wolfSSL's, and chooses. |set| must not move afterwards.
 * RTMFP_ERR_CRYPTO: not even wolfSSL passes.
 */
int aead_set_init(struct aead_set *set, unsigned providers) RTMFP_MUST_CHECK;
void aead_set_fini(struct aead_set *set);
/** aead_set_add tests |e| and makes it the best of its algorithm, or notes in |refused| why not. */
void aead_set_add(struct aead_set *set, const struct aead_engine *e);
/** aead_self_test checks |e| against its algorithm's published vector and, unless NULL, against |other|. */
bool aead_self_test(const struct aead_engine *e, const struct aead_engine *other);
const char *aead_algorithm_name(enum aead_algorithm algorithm);

/* One-time use: expand |secret|, seal or open, wipe. */
int aead_seal_once(const struct aead_engine *e, const uint8_t secret[AEAD_KEY_LEN],
		   const uint8_t nonce[AEAD_NONCE_LEN], const uint8_t *aad, size_t aad_len, uint8_t *data,
		   size_t len, uint8_t tag[AEAD_TAG_LEN]) RTMFP_MUST_CHECK;
int aead_open_once(const struct aead_engine *e, const uint8_t secret[AEAD_KEY_LEN],
		   const uint8_t nonce[AEAD_NONCE_LEN], const uint8_t *aad, size_t aad_len, uint8_t *data,
		   size_t len, const uint8_t tag[AEAD_TAG_LEN]) RTMFP_MUST_CHECK;

/* Providers: each fills up to two engines and returns how many. */
size_t aead_wolf_engines(struct aead_engine *engines);
size_t aead_imb_engines(struct aead_engine *engines, void **manager);
void aead_imb_free(void *manager);

#endif
