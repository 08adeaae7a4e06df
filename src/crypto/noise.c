/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * IKpsk2 and KKpsk0, to be read beside the Noise specification: each message function is the pattern's
 * tokens in their order. Section numbers are the specification's.
 */
#include "noise.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

/* ------------------------------------------------------------------------------------------------------------
 * Symmetric state (5.2). All of these patterns have a key before they encrypt anything.
 */

static void mix_hash(struct noise *n, const void *data, size_t len)
{
	const struct hash_part parts[] = { { n->h, HASH_LEN }, { data, len } };

	hash_parts(n->suite->hash, parts, 2, n->h);
}

static void mix_key(struct noise *n, const uint8_t *ikm, size_t len)
{
	hash_hkdf(n->suite->hash, n->ck, ikm, len, 2, (uint8_t *const[]){ n->ck, n->k });
	n->n = 0;
}

static void mix_key_and_hash(struct noise *n, const uint8_t ikm[NOISE_KEY_LEN])
{
	uint8_t temp[HASH_LEN];

	hash_hkdf(n->suite->hash, n->ck, ikm, NOISE_KEY_LEN, 3, (uint8_t *const[]){ n->ck, temp, n->k });
	mix_hash(n, temp, HASH_LEN);
	n->n = 0;
	rtmfp_wipe(temp, sizeof(temp));
}

/* Writes len + AEAD_TAG_LEN bytes. */
static int encrypt_and_hash(struct noise *n, const uint8_t *plain, size_t len, uint8_t *out)
{
	uint8_t nonce[AEAD_NONCE_LEN];
	int err;

	noise_nonce(n->suite->big_endian, n->n++, nonce);
	if (len)
		memcpy(out, plain, len);
	err = aead_seal_once(n->suite->aead, n->k, nonce, n->h, HASH_LEN, out, len, out + len);
	mix_hash(n, out, len + AEAD_TAG_LEN);
	return err;
}

/* Reads len + AEAD_TAG_LEN bytes, writes len. */
static int decrypt_and_hash(struct noise *n, const uint8_t *cipher, size_t len, uint8_t *out)
{
	uint8_t nonce[AEAD_NONCE_LEN];
	int err;

	noise_nonce(n->suite->big_endian, n->n++, nonce);
	if (len)
		memcpy(out, cipher, len);
	err = aead_open_once(n->suite->aead, n->k, nonce, n->h, HASH_LEN, out, len, cipher + len);
	mix_hash(n, cipher, len + AEAD_TAG_LEN);
	return err;
}

/* ------------------------------------------------------------------------------------------------------------
 * Tokens (5.3, 9.2)
 */

static int mix_dh(struct noise *n, const uint8_t priv[NOISE_KEY_LEN], const uint8_t pub[NOISE_KEY_LEN])
{
	uint8_t shared[CURVE_LEN];
	int err = curve_shared(shared, priv, pub);

	if (!err)
		mix_key(n, shared, sizeof(shared));
	rtmfp_wipe(shared, sizeof(shared));
	return err;
}

/* "e" of a message that is written: with a PSK in the pattern it goes into the key, too (9.2). */
static int write_e(struct noise *n, const uint8_t ephemeral[NOISE_KEY_LEN], uint8_t out[NOISE_KEY_LEN])
{
	int err;

	memcpy(n->e.priv, ephemeral, NOISE_KEY_LEN);
	err = curve_public(n->e.pub, n->e.priv);
	memcpy(out, n->e.pub, NOISE_KEY_LEN);
	mix_hash(n, n->e.pub, NOISE_KEY_LEN);
	mix_key(n, n->e.pub, NOISE_KEY_LEN);
	return err;
}

static void read_e(struct noise *n, const uint8_t in[NOISE_KEY_LEN])
{
	memcpy(n->re, in, NOISE_KEY_LEN);
	mix_hash(n, n->re, NOISE_KEY_LEN);
	mix_key(n, n->re, NOISE_KEY_LEN);
}

/*
 * A message is worked on in |copy|. On success the copy becomes the state, on failure it and what was
 * written are wiped.
 */
static int conclude(struct noise *n, struct noise *copy, int err, uint8_t *out, size_t len)
{
	if (!err)
		*n = *copy;
	else if (len)
		rtmfp_wipe(out, len);
	rtmfp_wipe(copy, sizeof(*copy));
	return err;
}

/* ------------------------------------------------------------------------------------------------------------
 * Patterns
 */

static void initialize(struct noise *n, const struct noise_suite *suite, const char *pattern,
		       const struct noise_pair *s, const uint8_t *prologue, size_t prologue_len)
{
	char name[64];
	int len = snprintf(name, sizeof(name), "Noise_%s%s", pattern, suite->tail);

	assert(len > 0 && (size_t)len < sizeof(name));
	memset(n, 0, sizeof(*n));
	n->suite = suite;
	n->s = *s;
	/* A name of up to HASHLEN bytes is padded with zeros, a longer one is hashed (5.2). */
	if (len <= (int)HASH_LEN)
		memcpy(n->h, name, (size_t)len);
	else
		hash_parts(suite->hash, &(struct hash_part){ name, (size_t)len }, 1, n->h);
	memcpy(n->ck, n->h, HASH_LEN);
	mix_hash(n, prologue, prologue_len);
}

/*
 * IKpsk2:
 *   <- s
 *   ...
 *   -> e, es, s, ss
 *   <- e, ee, se, psk
 */
void noise_ik_init(struct noise *n, const struct noise_suite *suite, const struct noise_pair *s,
		   const uint8_t *rs, const uint8_t *prologue, size_t prologue_len)
{
	initialize(n, suite, "IKpsk2", s, prologue, prologue_len);
	if (rs)
		memcpy(n->rs, rs, NOISE_KEY_LEN);
	mix_hash(n, rs ? n->rs : n->s.pub, NOISE_KEY_LEN); /* <- s */
}

int noise_ik_write1(struct noise *n, const uint8_t ephemeral[NOISE_KEY_LEN], const uint8_t *payload,
		    size_t len, uint8_t *out)
{
	struct noise c = *n;
	int err;

	err = write_e(&c, ephemeral, out); /* e */
	if (err)
		goto done;
	err = mix_dh(&c, c.e.priv, c.rs); /* es */
	if (err)
		goto done;
	err = encrypt_and_hash(&c, c.s.pub, NOISE_KEY_LEN, out + 32); /* s */
	if (err)
		goto done;
	err = mix_dh(&c, c.s.priv, c.rs); /* ss */
	if (err)
		goto done;
	err = encrypt_and_hash(&c, payload, len, out + 80);
done:
	return conclude(n, &c, err, out, len + NOISE_IK1_OVERHEAD);
}

int noise_ik_read1(struct noise *n, const uint8_t *msg, size_t len, uint8_t *payload)
{
	struct noise c;
	size_t payload_len;
	int err;

	if (len < NOISE_IK1_OVERHEAD)
		return RTMFP_ERR_SYNTAX;
	payload_len = len - NOISE_IK1_OVERHEAD;
	c = *n;
	read_e(&c, msg);		  /* e */
	err = mix_dh(&c, c.s.priv, c.re); /* es */
	if (err)
		goto done;
	err = decrypt_and_hash(&c, msg + 32, NOISE_KEY_LEN, c.rs); /* s */
	if (err)
		goto done;
	err = mix_dh(&c, c.s.priv, c.rs); /* ss */
	if (err)
		goto done;
	err = decrypt_and_hash(&c, msg + 80, payload_len, payload);
done:
	return conclude(n, &c, err, payload, payload_len);
}

int noise_ik_write2(struct noise *n, const uint8_t ephemeral[NOISE_KEY_LEN], const uint8_t *payload,
		    size_t len, uint8_t *out)
{
	struct noise c = *n;
	int err;

	err = write_e(&c, ephemeral, out); /* e */
	if (err)
		goto done;
	err = mix_dh(&c, c.e.priv, c.re); /* ee */
	if (err)
		goto done;
	err = mix_dh(&c, c.e.priv, c.rs); /* se */
	if (err)
		goto done;
	mix_key_and_hash(&c, c.psk); /* psk */
	err = encrypt_and_hash(&c, payload, len, out + 32);
done:
	return conclude(n, &c, err, out, len + NOISE_OVERHEAD);
}

int noise_ik_read2(struct noise *n, const uint8_t *msg, size_t len, uint8_t *payload)
{
	struct noise c;
	size_t payload_len;
	int err;

	if (len < NOISE_OVERHEAD)
		return RTMFP_ERR_SYNTAX;
	payload_len = len - NOISE_OVERHEAD;
	c = *n;
	read_e(&c, msg);		  /* e */
	err = mix_dh(&c, c.e.priv, c.re); /* ee */
	if (err)
		goto done;
	err = mix_dh(&c, c.s.priv, c.re); /* se */
	if (err)
		goto done;
	mix_key_and_hash(&c, c.psk); /* psk */
	err = decrypt_and_hash(&c, msg + 32, payload_len, payload);
done:
	return conclude(n, &c, err, payload, payload_len);
}

/*
 * KKpsk0:
 *   -> s
 *   <- s
 *   ...
 *   -> psk, e, es, ss
 *   <- e, ee, se
 */
void noise_kk_init(struct noise *n, const struct noise_suite *suite, bool initiator,
		   const struct noise_pair *s, const uint8_t rs[NOISE_KEY_LEN],
		   const uint8_t psk[NOISE_KEY_LEN], const uint8_t *prologue, size_t prologue_len)
{
	initialize(n, suite, "KKpsk0", s, prologue, prologue_len);
	memcpy(n->rs, rs, NOISE_KEY_LEN);
	memcpy(n->psk, psk, NOISE_KEY_LEN);
	mix_hash(n, initiator ? n->s.pub : n->rs, NOISE_KEY_LEN); /* -> s */
	mix_hash(n, initiator ? n->rs : n->s.pub, NOISE_KEY_LEN); /* <- s */
}

int noise_kk_write1(struct noise *n, const uint8_t ephemeral[NOISE_KEY_LEN], const uint8_t *payload,
		    size_t len, uint8_t *out)
{
	struct noise c = *n;
	int err;

	mix_key_and_hash(&c, c.psk);	   /* psk */
	err = write_e(&c, ephemeral, out); /* e */
	if (err)
		goto done;
	err = mix_dh(&c, c.e.priv, c.rs); /* es */
	if (err)
		goto done;
	err = mix_dh(&c, c.s.priv, c.rs); /* ss */
	if (err)
		goto done;
	err = encrypt_and_hash(&c, payload, len, out + 32);
done:
	return conclude(n, &c, err, out, len + NOISE_OVERHEAD);
}

int noise_kk_read1(struct noise *n, const uint8_t *msg, size_t len, uint8_t *payload)
{
	struct noise c;
	size_t payload_len;
	int err;

	if (len < NOISE_OVERHEAD)
		return RTMFP_ERR_SYNTAX;
	payload_len = len - NOISE_OVERHEAD;
	c = *n;
	mix_key_and_hash(&c, c.psk);	  /* psk */
	read_e(&c, msg);		  /* e */
	err = mix_dh(&c, c.s.priv, c.re); /* es */
	if (err)
		goto done;
	err = mix_dh(&c, c.s.priv, c.rs); /* ss */
	if (err)
		goto done;
	err = decrypt_and_hash(&c, msg + 32, payload_len, payload);
done:
	return conclude(n, &c, err, payload, payload_len);
}

int noise_kk_write2(struct noise *n, const uint8_t ephemeral[NOISE_KEY_LEN], const uint8_t *payload,
		    size_t len, uint8_t *out)
{
	struct noise c = *n;
	int err;

	err = write_e(&c, ephemeral, out); /* e */
	if (err)
		goto done;
	err = mix_dh(&c, c.e.priv, c.re); /* ee */
	if (err)
		goto done;
	err = mix_dh(&c, c.e.priv, c.rs); /* se */
	if (err)
		goto done;
	err = encrypt_and_hash(&c, payload, len, out + 32);
done:
	return conclude(n, &c, err, out, len + NOISE_OVERHEAD);
}

int noise_kk_read2(struct noise *n, const uint8_t *msg, size_t len, uint8_t *payload)
{
	struct noise c;
	size_t payload_len;
	int err;

	if (len < NOISE_OVERHEAD)
		return RTMFP_ERR_SYNTAX;
	payload_len = len - NOISE_OVERHEAD;
	c = *n;
	read_e(&c, msg);		  /* e */
	err = mix_dh(&c, c.e.priv, c.re); /* ee */
	if (err)
		goto done;
	err = mix_dh(&c, c.s.priv, c.re); /* se */
	if (err)
		goto done;
	err = decrypt_and_hash(&c, msg + 32, payload_len, payload);
done:
	return conclude(n, &c, err, payload, payload_len);
}

void noise_message_key(const struct noise *n, uint8_t m[HASH_LEN])
{
	uint8_t unused[HASH_LEN];

	hash_hkdf(n->suite->hash, n->ck, NULL, 0, 2, (uint8_t *const[]){ m, unused });
	rtmfp_wipe(unused, sizeof(unused));
}

void noise_split(struct noise *n, const uint8_t *ikm, size_t ikm_len, struct noise_keys *out)
{
	memcpy(out->h, n->h, HASH_LEN);
	hash_hkdf(n->suite->hash, n->ck, ikm, ikm_len, 3, (uint8_t *const[]){ out->k1, out->k2, out->x });
	rtmfp_wipe(n, sizeof(*n));
}
