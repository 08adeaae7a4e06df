/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The flowtun cryptography profile (PROTOCOL.md sections 1 to 4): an identity, whom it knows, and the ops
 * that RTMFP calls. For the daemon and the tests.
 *
 * A profile belongs to one endpoint and so to one thread. It outlives the endpoint, all handshakes and all
 * keys made from it. Every int is 0 or a negative enum rtmfp_err.
 */
#ifndef CRYPTO_PROFILE_H
#define CRYPTO_PROFILE_H

#include "crypto_keys.h"
#include "rtmfp_crypto.h"

/* Suites (PROTOCOL.md section 2.3). */
#define CRYPTO_SUITE_AESGCM	1u
#define CRYPTO_SUITE_CHACHAPOLY 2u
#define CRYPTO_SUITES		2u

/* Features (PROTOCOL.md section 10). */
#define CRYPTO_FEATURE_SUPER_PACKET	1u
#define CRYPTO_FEATURE_PARTIAL_DELIVERY 2u
#define CRYPTO_FEATURE_ETH		3u
#define CRYPTO_FEATURE_I_INTRODUCE	4u
#define CRYPTO_FEATURE_I_ACCEPT_OFFERS	5u
#define CRYPTO_FEATURE_ECN_REPORT	6u
#define CRYPTO_FEATURE_ML_KEM		7u /* not offered: needs a wolfSSL that has it */
#define CRYPTO_FEATURE_RESET		8u
#define CRYPTO_FEATURE_BIT(code)	((uint64_t)1 << (code))

struct crypto_config {
	uint8_t private_key[CRYPTO_KEY_LEN];
	/* Allowed suites, the preferred one first, 0 ends; all 0: both, in the order that suits this machine.
	 */
	uint8_t suites[CRYPTO_SUITES];
	uint64_t features;    /* bit n: list feature code n (1 to 63) in handshakes; at most 32 of them */
	bool stateless_reset; /* list feature 8 and hand out reset tokens (PROTOCOL.md section 5.3) */
};

struct crypto_profile;

/**
 * crypto_profile_new makes a profile; |cfg| is copied and may be wiped.
 *
 * Returns 0, RTMFP_ERR_UNKNOWN (a suite or feature that is not known or not available), RTMFP_ERR_LIMIT (too
 * many features), RTMFP_ERR_CRYPTO (no entropy, or wolfSSL fails its self-tests), RTMFP_ERR_NOMEM.
 */
int crypto_profile_new(const struct crypto_config *cfg, struct crypto_profile **out) RTMFP_MUST_CHECK;
/** crypto_profile_free wipes and frees the profile and its peers; NULL is allowed. */
void crypto_profile_free(struct crypto_profile *profile);
/** What RTMFP calls; its |crypto| is a struct crypto_profile. */
extern const struct rtmfp_crypto_ops crypto_profile_ops;

/** crypto_profile_public_key returns the near identity's 32 bytes; they live as long as the profile. */
const uint8_t *crypto_profile_public_key(const struct crypto_profile *profile);
/**
 * crypto_profile_describe returns one line for the log, without a full stop: which engine does each AEAD,
 * which suite is preferred, and what it costs if none of them is accelerated. It lives as long as the
 * profile.
 */
const char *crypto_profile_describe(const struct crypto_profile *profile);
/** crypto_suite_name returns "AESGCM", "ChaChaPoly", or "unknown". */
const char *crypto_suite_name(uint8_t suite);

/* A far identity. */
struct crypto_peer;

/**
 * crypto_peer_add makes the profile know |public_key|. |psk| may be NULL: 32 zero bytes.
 *
 * The new peer begins with a struct rtmfp_far (crypto_peer_far). Returns 0, RTMFP_ERR_LIMIT (that key is
 * known already), RTMFP_ERR_AUTH (it is the near identity's own), RTMFP_ERR_NOMEM.
 */
int crypto_peer_add(struct crypto_profile *profile, const uint8_t public_key[CRYPTO_KEY_LEN],
		    const uint8_t psk[CRYPTO_KEY_LEN], struct crypto_peer **out) RTMFP_MUST_CHECK;
/** crypto_peer_remove forgets and wipes a peer. Its rtmfp_peer, handshakes and keys must be gone. NULL is
 * allowed. */
void crypto_peer_remove(struct crypto_peer *peer);
/** crypto_peer_find returns the peer with |public_key|, or NULL. */
struct crypto_peer *crypto_peer_find(const struct crypto_profile *profile,
				     const uint8_t public_key[CRYPTO_KEY_LEN]);
struct rtmfp_far *crypto_peer_far(struct crypto_peer *peer);
struct crypto_peer *crypto_peer_of_far(struct rtmfp_far *far);
const uint8_t *crypto_peer_public_key(const struct crypto_peer *peer);
/** crypto_peer_set_psk counts from the next handshake on; NULL: 32 zero bytes. */
void crypto_peer_set_psk(struct crypto_peer *peer, const uint8_t psk[CRYPTO_KEY_LEN]);
bool crypto_peer_has_psk(const struct crypto_peer *peer);

/**
 * crypto_session_nonces tells the near and far nonces of a session (RFC 7016 section 3.2; PROTOCOL.md section
 * 2.3), which stay the same through all epochs. |keys| is of any epoch.
 */
void crypto_session_nonces(const void *keys, uint8_t near_nonce[32], uint8_t far_nonce[32]);

#endif
