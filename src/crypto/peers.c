/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Far identities and the table that finds them by public key. A stranger who sends keys learns nothing from
 * how long the search takes: buckets come from a secret hash, and keys are compared in constant time.
 */
#include "profile.h"

#include <stdlib.h>
#include <string.h>

#include "secret.h"

static uint64_t key_hash(const struct peer_table *t, const uint8_t public_key[CRYPTO_KEY_LEN])
{
	const struct hash_part part = { public_key, CRYPTO_KEY_LEN };
	uint8_t mac[RTMFP_MAC_LEN];
	uint64_t hash;

	profile_mac(t->secret, "peer", &part, 1, mac);
	memcpy(&hash, mac, sizeof(hash));
	return hash;
}

int peers_init(struct peer_table *t, struct crypto_profile *p)
{
	profile_random(p, t->secret, sizeof(t->secret));
	t->bucket_count = 16;
	t->buckets = calloc(t->bucket_count, sizeof(*t->buckets));
	return t->buckets ? RTMFP_OK : RTMFP_ERR_NOMEM;
}

void peers_fini(struct peer_table *t)
{
	for (size_t i = 0; i < t->bucket_count && t->buckets; i++)
		while (t->buckets[i])
			crypto_peer_remove(t->buckets[i]);
	free(t->buckets);
	rtmfp_wipe(t, sizeof(*t));
}

/* Doubles the buckets; on failure chains just get longer. */
static void grow(struct peer_table *t)
{
	const size_t count = t->bucket_count * 2;
	struct crypto_peer **buckets = calloc(count, sizeof(*buckets));

	if (!buckets)
		return;
	for (size_t i = 0; i < t->bucket_count; i++) {
		struct crypto_peer *peer, *next;

		for (peer = t->buckets[i]; peer; peer = next) {
			struct crypto_peer **bucket = &buckets[peer->hash & (count - 1)];

			next = peer->next;
			peer->next = *bucket;
			*bucket = peer;
		}
	}
	free(t->buckets);
	t->buckets = buckets;
	t->bucket_count = count;
}

struct crypto_peer *crypto_peer_find(const struct crypto_profile *profile,
				     const uint8_t public_key[CRYPTO_KEY_LEN])
{
	const struct peer_table *t = &profile->peers;
	const uint64_t hash = key_hash(t, public_key);
	struct crypto_peer *peer;

	for (peer = t->buckets[hash & (t->bucket_count - 1)]; peer; peer = peer->next)
		if (peer->hash == hash && rtmfp_equal_ct(peer->public_key, public_key, CRYPTO_KEY_LEN))
			return peer;
	return NULL;
}

int crypto_peer_add(struct crypto_profile *profile, const uint8_t public_key[CRYPTO_KEY_LEN],
		    const uint8_t psk[CRYPTO_KEY_LEN], struct crypto_peer **out)
{
	struct peer_table *t = &profile->peers;
	struct crypto_peer *peer, **bucket;

	*out = NULL;
	if (rtmfp_equal_ct(public_key, profile->near.pub, CRYPTO_KEY_LEN))
		return RTMFP_ERR_AUTH;
	if (crypto_peer_find(profile, public_key))
		return RTMFP_ERR_LIMIT;
	peer = secret_new(sizeof(*peer));
	if (!peer)
		return RTMFP_ERR_NOMEM;
	peer->profile = profile;
	memcpy(peer->public_key, public_key, CRYPTO_KEY_LEN);
	crypto_peer_set_psk(peer, psk);
	if (t->count == t->bucket_count)
		grow(t);
	peer->hash = key_hash(t, public_key);
	bucket = &t->buckets[peer->hash & (t->bucket_count - 1)];
	peer->next = *bucket;
	*bucket = peer;
	t->count++;
	*out = peer;
	return RTMFP_OK;
}

void crypto_peer_remove(struct crypto_peer *peer)
{
	struct peer_table *t;
	struct crypto_peer **at;

	if (!peer)
		return;
	t = &peer->profile->peers;
	for (at = &t->buckets[peer->hash & (t->bucket_count - 1)]; *at != peer; at = &(*at)->next)
		;
	*at = peer->next;
	t->count--;
	secret_free(peer, sizeof(*peer));
}

struct rtmfp_far *crypto_peer_far(struct crypto_peer *peer)
{
	return &peer->far;
}

struct crypto_peer *crypto_peer_of_far(struct rtmfp_far *far)
{
	return (struct crypto_peer *)far;
}

const uint8_t *crypto_peer_public_key(const struct crypto_peer *peer)
{
	return peer->public_key;
}

void crypto_peer_set_psk(struct crypto_peer *peer, const uint8_t psk[CRYPTO_KEY_LEN])
{
	if (psk)
		memcpy(peer->psk, psk, CRYPTO_KEY_LEN);
	else
		rtmfp_wipe(peer->psk, CRYPTO_KEY_LEN);
}

bool crypto_peer_has_psk(const struct crypto_peer *peer)
{
	static const uint8_t zero[CRYPTO_KEY_LEN];

	return !rtmfp_equal_ct(peer->psk, zero, CRYPTO_KEY_LEN);
}
