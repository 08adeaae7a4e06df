/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The profile itself: its making, its description, small functions, and the ops table.
 */
#include "profile.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "handshake.h"
#include "packet.h"
#include "secret.h"

#define FEATURES_MAX 32u /* so that message 2 always holds them with its other options */

/* What may be listed: codes 1 to 63, but not what this build cannot do. */
#define FEATURES_LISTABLE (~(uint64_t)1 & ~CRYPTO_FEATURE_BIT(CRYPTO_FEATURE_ML_KEM))

const char *crypto_suite_name(uint8_t suite)
{
	switch (suite) {
	case CRYPTO_SUITE_AESGCM: return "AESGCM";
	case CRYPTO_SUITE_CHACHAPOLY: return "ChaChaPoly";
	default: return "unknown";
	}
}

static enum aead_algorithm suite_algorithm(uint8_t suite)
{
	return suite == CRYPTO_SUITE_AESGCM ? AEAD_AES256_GCM : AEAD_CHACHA20_POLY1305;
}

static bool features_fit(uint64_t features)
{
	unsigned count = 0;

	for (; features; features &= features - 1)
		count++;
	return count <= FEATURES_MAX;
}

/* Fills |preference| from the configuration, or with what suits this machine. */
static int choose_suites(struct crypto_profile *p, const uint8_t wanted[CRYPTO_SUITES])
{
	const bool aes_first = p->aeads.best[AEAD_AES256_GCM]->fast;
	const uint8_t usual[CRYPTO_SUITES] = {
		aes_first ? CRYPTO_SUITE_AESGCM : CRYPTO_SUITE_CHACHAPOLY,
		aes_first ? CRYPTO_SUITE_CHACHAPOLY : CRYPTO_SUITE_AESGCM,
	};

	if (!wanted[0])
		wanted = usual;
	for (size_t i = 0; i < CRYPTO_SUITES && wanted[i]; i++) {
		if (wanted[i] > CRYPTO_SUITES || (i && wanted[i] == wanted[0]))
			return RTMFP_ERR_UNKNOWN;
		p->preference[p->suite_count++] = wanted[i];
	}
	return RTMFP_OK;
}

static void describe(struct crypto_profile *p)
{
	const struct aead_engine *aes = p->aeads.best[AEAD_AES256_GCM];
	const struct aead_engine *chacha = p->aeads.best[AEAD_CHACHA20_POLY1305];
	const struct aead_engine *first = p->aeads.best[suite_algorithm(p->preference[0])];
	const char *cost = "";

	if (!first->fast)
		cost = aes->fast ? "; AES-256-GCM would be many times faster here but is not preferred"
				 : "; packets cost 10 to 40 times the CPU time of accelerated "
				   "AES-256-GCM: build"
				   " with intel-ipsec-mb (x86-64) or a wolfSSL with assembly";
	snprintf(p->description, sizeof(p->description),
		 "AES-256-GCM by %s, ChaCha20-Poly1305 by %s; %s preferred%s%s%s", aes->name, chacha->name,
		 aead_algorithm_name(first->algorithm), cost, p->aeads.refused[0] ? "; " : "",
		 p->aeads.refused);
}

static int entropy_source(void *ctx, uint8_t *out, size_t len)
{
	return entropy_fill(ctx, out, len);
}

int profile_new_with(const struct crypto_config *cfg, unsigned providers, struct crypto_profile **out)
{
	struct crypto_profile *p;
	uint64_t features = cfg->features;
	int err;

	*out = NULL;
	if (cfg->stateless_reset)
		features |= CRYPTO_FEATURE_BIT(CRYPTO_FEATURE_RESET);
	if (features & ~FEATURES_LISTABLE)
		return RTMFP_ERR_UNKNOWN;
	if (!features_fit(features))
		return RTMFP_ERR_LIMIT;
	p = secret_new(sizeof(*p));
	if (!p)
		return RTMFP_ERR_NOMEM;
	p->features = features;
	p->limits = key_limits_default;
	memcpy(p->near.priv, cfg->private_key, CRYPTO_KEY_LEN);
	curve_clamp(p->near.priv);
	err = curve_public(p->near.pub, p->near.priv);
	if (err)
		goto failed;
	err = entropy_new(&p->entropy);
	if (err)
		goto failed;
	p->source = (struct random_source){ .fill = entropy_source, .ctx = p->entropy };
	err = aead_set_init(&p->aeads, providers);
	if (err)
		goto failed;
	err = choose_suites(p, cfg->suites);
	if (err)
		goto failed;
	p->suites[CRYPTO_SUITE_AESGCM - 1] = (struct noise_suite){
		.tail = "_25519_AESGCM_SHA256",
		.hash = HASH_SHA256,
		.aead = p->aeads.best[AEAD_AES256_GCM],
		.big_endian = true,
	};
	p->suites[CRYPTO_SUITE_CHACHAPOLY - 1] = (struct noise_suite){
		.tail = "_25519_ChaChaPoly_BLAKE2s",
		.hash = HASH_BLAKE2S,
		.aead = p->aeads.best[AEAD_CHACHA20_POLY1305],
		.big_endian = false,
	};
	err = packet_startup_key(p);
	if (err)
		goto failed;
	err = peers_init(&p->peers, p);
	if (err)
		goto failed;
	describe(p);
	*out = p;
	return RTMFP_OK;
failed:
	crypto_profile_free(p);
	return err;
}

int crypto_profile_new(const struct crypto_config *cfg, struct crypto_profile **out)
{
	return profile_new_with(cfg, AEAD_ALL_PROVIDERS, out);
}

void crypto_profile_free(struct crypto_profile *p)
{
	if (!p)
		return;
	peers_fini(&p->peers);
	packet_startup_key_free(p);
	aead_set_fini(&p->aeads);
	entropy_free(p->entropy);
	secret_free(p, sizeof(*p));
}

const uint8_t *crypto_profile_public_key(const struct crypto_profile *profile)
{
	return profile->near.pub;
}

const char *crypto_profile_describe(const struct crypto_profile *profile)
{
	return profile->description;
}

void profile_random(struct crypto_profile *p, uint8_t *out, size_t len)
{
	if (p->source.fill(p->source.ctx, out, len)) {
		/* To go on with predictable keys would be worse than to stop. */
		fprintf(stderr, "flowtun: the source of random numbers has failed\n");
		abort();
	}
}

const struct noise_suite *profile_suite(const struct crypto_profile *p, uint8_t suite)
{
	for (size_t i = 0; i < p->suite_count; i++)
		if (p->preference[i] == suite)
			return &p->suites[suite - 1];
	return NULL;
}

void profile_mac(const uint8_t key[32], const char *label, const struct hash_part *parts, size_t count,
		 uint8_t out[RTMFP_MAC_LEN])
{
	struct hash_part all[4] = { { label, strlen(label) } };
	uint8_t whole[HASH_LEN];

	for (size_t i = 0; i < count; i++)
		all[i + 1] = parts[i];
	hash_hmac(HASH_SHA256, key, 32, all, count + 1, whole);
	memcpy(out, whole, RTMFP_MAC_LEN);
	rtmfp_wipe(whole, sizeof(whole));
}

void profile_reset_token(const struct crypto_profile *p, uint32_t receive_id,
			 uint8_t token[RTMFP_RESET_TOKEN_LEN])
{
	uint8_t id[4];
	const struct hash_part part = { id, sizeof(id) };

	put_u32(id, receive_id);
	profile_mac(p->near.priv, "flowtun 1 reset", &part, 1, token);
}

static void op_random(void *crypto, uint8_t *out, size_t len)
{
	profile_random(crypto, out, len);
}

static void op_mac(void *crypto, const uint8_t key[32], const char *label, const uint8_t *data, size_t len,
		   uint8_t out[RTMFP_MAC_LEN])
{
	const struct hash_part part = { data, len };

	(void)crypto;
	profile_mac(key, label, &part, 1, out);
}

static void op_reset_token(void *crypto, uint32_t receive_id, uint8_t token[RTMFP_RESET_TOKEN_LEN])
{
	profile_reset_token(crypto, receive_id, token);
}

const struct rtmfp_crypto_ops crypto_profile_ops = {
	.name = "flowtun 1",
	.head = SECTION_3_COUNTER,
	.tail = AEAD_TAG_LEN,
	.confirm = true,
	.no_bitmap_ack = false,
	.random = op_random,
	.mac = op_mac,
	.startup_seal = packet_startup_seal,
	.startup_open = packet_startup_open,
	.epd_make = identity_epd_make,
	.epd_selects_local = identity_epd_selects_local,
	.near_prevails = identity_near_prevails,
	.rhello_certificate = identity_rhello_certificate,
	.responder_check = startup_responder_check,
	.responder_read = startup_responder_read,
	.responder_write = startup_responder_write,
	.responder_sign = startup_responder_sign,
	.responder_keys = startup_responder_keys,
	.rhello_verify = identity_rhello_verify,
	.initiator_write = startup_initiator_write,
	.initiator_sign = startup_initiator_sign,
	.initiator_verify = startup_initiator_verify,
	.initiator_keys = startup_initiator_keys,
	.hs_free = startup_hs_free,
	.seal = packet_seal,
	.open = packet_open,
	.key_state = packet_key_state,
	.keys_retire_send = packet_keys_retire_send,
	.keys_free = packet_keys_free,
	.rekey_init = rekey_init,
	.rekey_respond = rekey_respond,
	.rekey_finish = rekey_finish,
	.rekey_free = rekey_free,
	.reset_token = op_reset_token,
};
