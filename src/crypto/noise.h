/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The Noise Protocol Framework (revision 34) as far as PROTOCOL.md sections 2.3 and 4 use it: IKpsk2 and
 * KKpsk0 over X25519, with either suite. Payloads are any bytes; nothing here knows RTMFP.
 *
 * A state is a plain struct: initialise it, take it through its two messages in order, split it, wipe it.
 * Messages are written and read in buffers that do not overlap. A message that cannot be read leaves the
 * state, and the payload buffer, as good as untouched: the state as it was, the payload zeroed.
 */
#ifndef NOISE_H
#define NOISE_H

#include "aead.h"
#include "curve.h"
#include "hash.h"

#define NOISE_KEY_LEN 32u

struct noise_suite {
	const char *tail; /* the protocol name after the pattern: "_25519_AESGCM_SHA256" */
	enum hash_kind hash;
	const struct aead_engine *aead;
	bool big_endian; /* the 64-bit counter in a nonce */
};

struct noise_pair {
	uint8_t priv[NOISE_KEY_LEN];
	uint8_t pub[NOISE_KEY_LEN];
};

struct noise {
	const struct noise_suite *suite;
	uint8_t ck[HASH_LEN]; /* chaining key */
	uint8_t h[HASH_LEN];  /* hash of the handshake so far */
	uint8_t k[AEAD_KEY_LEN];
	uint64_t n;				      /* messages encrypted with k */
	struct noise_pair s, e;			      /* ours: static and ephemeral */
	uint8_t rs[NOISE_KEY_LEN], re[NOISE_KEY_LEN]; /* theirs */
	uint8_t psk[NOISE_KEY_LEN];
};

/* What a handshake ends in. */
struct noise_keys {
	uint8_t k1[NOISE_KEY_LEN]; /* initiator to responder */
	uint8_t k2[NOISE_KEY_LEN]; /* responder to initiator */
	uint8_t x[HASH_LEN];	   /* exporter: the third output of the last HKDF */
	uint8_t h[HASH_LEN];	   /* handshake hash */
};

/**
 * noise_ik_init begins IKpsk2. |rs| is the responder's static key at the initiator, NULL at the responder.
 * The PSK is wanted in message 2 only: set |n->psk| before that (zero until then).
 */
void noise_ik_init(struct noise *n, const struct noise_suite *suite, const struct noise_pair *s,
		   const uint8_t *rs, const uint8_t *prologue, size_t prologue_len);
/** noise_kk_init begins KKpsk0. |initiator| tells whose static key comes first. */
void noise_kk_init(struct noise *n, const struct noise_suite *suite, bool initiator,
		   const struct noise_pair *s, const uint8_t rs[NOISE_KEY_LEN],
		   const uint8_t psk[NOISE_KEY_LEN], const uint8_t *prologue, size_t prologue_len);

#define NOISE_IK1_OVERHEAD (32u + 48u + AEAD_TAG_LEN) /* message 1 of IKpsk2, without the payload */
#define NOISE_OVERHEAD	   (32u + AEAD_TAG_LEN)	      /* every other message */

/*
 * |ephemeral| is a fresh private key, copied. |out| has room for the payload and the overhead. Return 0,
 * RTMFP_ERR_AUTH (a public key of low order) or RTMFP_ERR_CRYPTO.
 */
int noise_ik_write1(struct noise *n, const uint8_t ephemeral[NOISE_KEY_LEN], const uint8_t *payload,
		    size_t len, uint8_t *out) RTMFP_MUST_CHECK;
int noise_ik_write2(struct noise *n, const uint8_t ephemeral[NOISE_KEY_LEN], const uint8_t *payload,
		    size_t len, uint8_t *out) RTMFP_MUST_CHECK;
int noise_kk_write1(struct noise *n, const uint8_t ephemeral[NOISE_KEY_LEN], const uint8_t *payload,
		    size_t len, uint8_t *out) RTMFP_MUST_CHECK;
int noise_kk_write2(struct noise *n, const uint8_t ephemeral[NOISE_KEY_LEN], const uint8_t *payload,
		    size_t len, uint8_t *out) RTMFP_MUST_CHECK;
/*
 * |len| is the message's; the payload is |len| minus the overhead. Return 0, RTMFP_ERR_SYNTAX (too short),
 * RTMFP_ERR_AUTH or RTMFP_ERR_CRYPTO. After noise_ik_read1 |n->rs| is the initiator's static key.
 */
int noise_ik_read1(struct noise *n, const uint8_t *msg, size_t len, uint8_t *payload) RTMFP_MUST_CHECK;
int noise_ik_read2(struct noise *n, const uint8_t *msg, size_t len, uint8_t *payload) RTMFP_MUST_CHECK;
int noise_kk_read1(struct noise *n, const uint8_t *msg, size_t len, uint8_t *payload) RTMFP_MUST_CHECK;
int noise_kk_read2(struct noise *n, const uint8_t *msg, size_t len, uint8_t *payload) RTMFP_MUST_CHECK;

/** noise_message_key derives the first output of HKDF(ck, empty, 2): m of PROTOCOL.md section 2.2. */
void noise_message_key(const struct noise *n, uint8_t m[HASH_LEN]);
/**
 * noise_split ends the handshake: k1, k2, x = HKDF(ck, |ikm|, 3), and wipes |n|. |ikm| is empty (NULL, 0)
 * unless a second secret, such as one of ML-KEM, joins.
 */
void noise_split(struct noise *n, const uint8_t *ikm, size_t ikm_len, struct noise_keys *out);
/** noise_nonce writes the nonce for packet or message number |number| in the way of |suite|. */
static inline void noise_nonce(bool big_endian, uint64_t number, uint8_t nonce[AEAD_NONCE_LEN])
{
	nonce[0] = nonce[1] = nonce[2] = nonce[3] = 0;
	for (int i = 0; i < 8; i++)
		nonce[4 + i] = (uint8_t)(number >> (big_endian ? 56 - 8 * i : 8 * i));
}

#endif
