/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Packet protection. On the wire, after the scrambled session ID:
 *
 *   counter (4, big-endian) | ciphertext (1 or more) | tag (16)
 */
#include "packet.h"

#include <assert.h>
#include <string.h>

const struct key_limits key_limits_default = {
	.blocks_rekey = (uint64_t)1 << 34,
	.blocks_stop = (uint64_t)1 << 35,
	.packets_rekey = (uint64_t)1 << 31,
	.packets_stop = ((uint64_t)1 << 32) - 1,
	.failed_rekey = (uint64_t)1 << 35,
	.failed_close = (uint64_t)1 << 36,
};

static size_t keys_size(const struct aead_engine *e)
{
	return sizeof(struct packet_keys) + 2 * e->key_size;
}

static uint8_t *send_schedule(struct packet_keys *k)
{
	return k->schedules;
}

static uint8_t *receive_schedule(struct packet_keys *k)
{
	return k->schedules + k->aead->key_size;
}

static void derive_nonces(const uint8_t x[HASH_LEN], bool initiator, struct session_nonces *out)
{
	static const char of_initiator[] = "flowtun 1 nonce i", of_responder[] = "flowtun 1 nonce r";
	const struct hash_part i = { of_initiator, sizeof(of_initiator) - 1 };
	const struct hash_part r = { of_responder, sizeof(of_responder) - 1 };

	hash_hmac(HASH_SHA256, x, HASH_LEN, initiator ? &i : &r, 1, out->near);
	hash_hmac(HASH_SHA256, x, HASH_LEN, initiator ? &r : &i, 1, out->far);
}

int packet_keys_new(struct crypto_profile *p, struct crypto_peer *peer, uint8_t suite, bool session_initiator,
		    bool noise_initiator, const struct noise_keys *secret,
		    const struct session_nonces *nonces, void **out)
{
	const struct noise_suite *s = profile_suite(p, suite);
	const struct aead_engine *e = s->aead;
	struct packet_keys *k = secret_new(keys_size(e));

	*out = NULL;
	if (!k)
		return RTMFP_ERR_NOMEM;
	k->aead = e;
	k->big_endian = s->big_endian;
	k->counts_blocks = e->algorithm == AEAD_AES256_GCM;
	k->session_initiator = session_initiator;
	k->suite = suite;
	k->profile = p;
	k->peer = peer;
	memcpy(k->x, secret->x, HASH_LEN);
	memcpy(k->h, secret->h, HASH_LEN);
	if (nonces)
		k->nonces = *nonces;
	else
		derive_nonces(secret->x, session_initiator, &k->nonces);
	if (e->set_key(e, send_schedule(k), noise_initiator ? secret->k1 : secret->k2) ||
	    e->set_key(e, receive_schedule(k), noise_initiator ? secret->k2 : secret->k1)) {
		packet_keys_free(k);
		return RTMFP_ERR_CRYPTO;
	}
	*out = k;
	return RTMFP_OK;
}

void packet_keys_retire_send(void *keys)
{
	struct packet_keys *k = keys;

	if (k->retired)
		return;
	k->retired = true;
	k->aead->wipe_key(k->aead, send_schedule(k));
	rtmfp_wipe(k->x, sizeof(k->x));
	rtmfp_wipe(k->h, sizeof(k->h));
}

void packet_keys_free(void *keys)
{
	struct packet_keys *k = keys;

	if (!k)
		return;
	packet_keys_retire_send(k);
	k->aead->wipe_key(k->aead, receive_schedule(k));
	secret_free(k, keys_size(k->aead));
}

int packet_seal(void *keys, uint8_t *enc, size_t len)
{
	struct packet_keys *k = keys;
	const struct key_limits *limits = &k->profile->limits;
	const uint64_t blocks = (len + 15) / 16 + 1;
	uint8_t nonce[AEAD_NONCE_LEN];

	assert(len > 0);
	if (k->retired || k->next >= limits->packets_stop ||
	    (k->counts_blocks && k->blocks + blocks > limits->blocks_stop)) {
		k->spent = true;
		return RTMFP_ERR_LIMIT;
	}
	put_u32(enc, (uint32_t)k->next);
	noise_nonce(k->big_endian, k->next, nonce);
	k->next++;
	k->blocks += blocks;
	return k->aead->seal(k->aead, send_schedule(k), nonce, NULL, 0, enc + SECTION_3_COUNTER, len,
			     enc + SECTION_3_COUNTER + len);
}

int packet_open(void *keys, uint8_t *enc, size_t len, uint8_t **plain, size_t *plain_len, bool *newest)
{
	struct packet_keys *k = keys;
	uint8_t nonce[AEAD_NONCE_LEN];
	uint32_t number;
	size_t text_len;

	if (len < SECTION_3_MIN)
		return RTMFP_ERR_SYNTAX;
	number = get_u32(enc);
	if (!window_passes(&k->window, number))
		return RTMFP_ERR_REPLAY;
	if (k->failed >= k->profile->limits.failed_close)
		return RTMFP_ERR_AUTH;
	noise_nonce(k->big_endian, number, nonce);
	text_len = len - SECTION_3_COUNTER - AEAD_TAG_LEN;
	if (k->aead->open(k->aead, receive_schedule(k), nonce, NULL, 0, enc + SECTION_3_COUNTER, text_len,
			  enc + SECTION_3_COUNTER + text_len)) {
		k->failed++;
		return RTMFP_ERR_AUTH;
	}
	*newest = window_record(&k->window, number);
	*plain = enc + SECTION_3_COUNTER;
	*plain_len = text_len;
	return RTMFP_OK;
}

enum rtmfp_key_state packet_key_state(const void *keys)
{
	const struct packet_keys *k = keys;
	const struct key_limits *limits = &k->profile->limits;

	if (k->failed >= limits->failed_close)
		return RTMFP_KEY_BROKEN;
	if (k->retired || k->spent || k->next >= limits->packets_stop)
		return RTMFP_KEY_EXHAUSTED;
	if (k->next >= limits->packets_rekey || k->failed >= limits->failed_rekey ||
	    (k->counts_blocks && k->blocks >= limits->blocks_rekey))
		return RTMFP_KEY_WANTS_REKEY;
	return RTMFP_KEY_FRESH;
}

void crypto_session_nonces(const void *keys, uint8_t near_nonce[32], uint8_t far_nonce[32])
{
	const struct packet_keys *k = keys;

	memcpy(near_nonce, k->nonces.near, HASH_LEN);
	memcpy(far_nonce, k->nonces.far, HASH_LEN);
}

/* ------------------------------------------------------------------------------------------------------------
 * The Default Session Key (section 2.1): everybody knows it, it keeps middleboxes out.
 */

static const struct aead_engine *startup_engine(const struct crypto_profile *p)
{
	return p->aeads.best[AEAD_CHACHA20_POLY1305];
}

int packet_startup_key(struct crypto_profile *p)
{
	static const char label[] = "flowtun 1 default session key";
	const struct aead_engine *e = startup_engine(p);
	const struct hash_part part = { label, sizeof(label) - 1 };
	uint8_t secret[HASH_LEN];

	p->startup_key = secret_new(e->key_size);
	if (!p->startup_key)
		return RTMFP_ERR_NOMEM;
	hash_parts(HASH_SHA256, &part, 1, secret);
	return e->set_key(e, p->startup_key, secret);
}

void packet_startup_key_free(struct crypto_profile *p)
{
	if (p->startup_key)
		secret_free(p->startup_key, startup_engine(p)->key_size);
	p->startup_key = NULL;
}

int packet_startup_seal(void *crypto, uint8_t *enc, size_t len)
{
	struct crypto_profile *p = crypto;
	const struct aead_engine *e = startup_engine(p);
	uint8_t nonce[AEAD_NONCE_LEN];

	assert(len > 0);
	profile_random(p, enc, SECTION_3_COUNTER);
	noise_nonce(false, get_u32(enc), nonce);
	return e->seal(e, p->startup_key, nonce, NULL, 0, enc + SECTION_3_COUNTER, len,
		       enc + SECTION_3_COUNTER + len);
}

int packet_startup_open(void *crypto, uint8_t *enc, size_t len, uint8_t **plain, size_t *plain_len)
{
	struct crypto_profile *p = crypto;
	const struct aead_engine *e = startup_engine(p);
	uint8_t nonce[AEAD_NONCE_LEN];
	size_t text_len;

	if (len < SECTION_3_MIN)
		return RTMFP_ERR_SYNTAX;
	noise_nonce(false, get_u32(enc), nonce);
	text_len = len - SECTION_3_COUNTER - AEAD_TAG_LEN;
	if (e->open(e, p->startup_key, nonce, NULL, 0, enc + SECTION_3_COUNTER, text_len,
		    enc + SECTION_3_COUNTER + text_len))
		return RTMFP_ERR_AUTH;
	*plain = enc + SECTION_3_COUNTER;
	*plain_len = text_len;
	return RTMFP_OK;
}
