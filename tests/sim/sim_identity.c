/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who a node is: an identity of the fake profile, or a key pair of the real one. The real profile's own
 * entropy goes into keys that nobody here looks at; session IDs, tags and jitter are drawn from the seed, so
 * its runs repeat, too. Its packet numbers are watched from outside.
 */
#include "sim.h"

#include <stdlib.h>
#include <string.h>

#include "crypto_profile.h"

/* ---- the real profile, watched ---- */

/* Keys that sealed something, and the number that comes next. */
struct sealing {
	struct sealing *next;
	const void *keys;
	uint64_t number;
};
static struct sealing *sealings[256];
static struct prng *drawn_from;

static struct sealing **find_sealing(const void *keys)
{
	struct sealing **at = &sealings[((uintptr_t)keys >> 4) % 256];

	while (*at && (*at)->keys != keys)
		at = &(*at)->next;
	return at;
}

static void real_random(void *crypto, uint8_t *out, size_t len)
{
	(void)crypto;
	prng_fill(drawn_from, out, len);
}

static int real_seal(void *keys, uint8_t *enc, size_t len)
{
	struct sealing **at = find_sealing(keys);
	int err = crypto_profile_ops.seal(keys, enc, len);
	uint64_t number = (uint64_t)enc[0] << 24 | (uint64_t)enc[1] << 16 | (uint64_t)enc[2] << 8 | enc[3];

	if (err)
		return err;
	if (!*at) {
		*at = calloc(1, sizeof(**at));
		if (!*at)
			abort();
		(*at)->keys = keys;
	}
	sim_assert_msg(number == (*at)->number, "packet number %" PRIu64 " after %" PRIu64, number,
		       (*at)->number - 1);
	(*at)->number++;
	return 0;
}

static void real_keys_free(void *keys)
{
	struct sealing **at = find_sealing(keys), *s = *at;

	if (s) {
		*at = s->next;
		free(s);
	}
	crypto_profile_ops.keys_free(keys);
}

static void init_real(struct sim_identity *identity, struct sim_world *w)
{
	struct crypto_config cfg = { .suites = { CRYPTO_SUITE_AESGCM }, .stateless_reset = w->reset };
	struct prng r = { .state = identity->id };

	drawn_from = &w->prng;
	prng_fill(&r, cfg.private_key, sizeof(cfg.private_key));
	if (identity->id % 2)
		cfg.suites[0] = CRYPTO_SUITE_CHACHAPOLY, cfg.suites[1] = CRYPTO_SUITE_AESGCM;
	sim_assert(crypto_profile_new(&cfg, &identity->profile) == 0);
	memcpy(identity->public_key, crypto_profile_public_key(identity->profile),
	       sizeof(identity->public_key));
	identity->ops = crypto_profile_ops;
	identity->ops.random = real_random;
	identity->ops.seal = real_seal;
	identity->ops.keys_free = real_keys_free;
	identity->crypto = identity->profile;
}

static void init_fake(struct sim_identity *identity, struct sim_world *w, uint64_t run)
{
	fakecrypto_init(&identity->fake, identity->id, prng_next(&w->prng) + run, &w->mem, &w->ledger);
	identity->fake.reset_tokens = w->reset;
	identity->ops = identity->fake.ops;
	identity->crypto = &identity->fake;
}

/* ---- either ---- */

void sim_identity_init(struct sim_identity *identity, struct sim_world *w, uint64_t id, uint64_t run)
{
	identity->real = w->real;
	identity->id = id;
	if (w->real)
		init_real(identity, w);
	else
		init_fake(identity, w, run);
	if (w->tweak)
		w->tweak(identity);
}

void sim_identity_fini(struct sim_identity *identity)
{
	if (identity->real)
		crypto_profile_free(identity->profile);
	else
		fakecrypto_fini(&identity->fake);
}

static void psk_of(uint64_t psk, uint8_t out[CRYPTO_KEY_LEN])
{
	struct prng r = { .state = psk };

	prng_fill(&r, out, CRYPTO_KEY_LEN);
}

struct rtmfp_far *sim_identity_add(struct sim_identity *identity, const struct sim_identity *other,
				   uint64_t psk)
{
	struct crypto_peer *peer;
	struct rtmfp_far *far;
	uint8_t bytes[CRYPTO_KEY_LEN];

	if (!identity->real) {
		far = fakecrypto_add(&identity->fake, other->id, psk);
		sim_assert(far);
		return far;
	}
	psk_of(psk, bytes);
	sim_assert(crypto_peer_add(identity->profile, other->public_key, psk ? bytes : NULL, &peer) == 0);
	return crypto_peer_far(peer);
}

void sim_identity_verify(const struct sim_identity *identity)
{
	const struct fakecrypto *f = &identity->fake;

	if (identity->real)
		return;
	sim_assert(f->misuse == 0);
	sim_assert(f->handshakes == 0 && f->epochs == 0 && f->rekeys == 0);
}
