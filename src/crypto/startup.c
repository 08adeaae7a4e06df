/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Startup keying: Noise IKpsk2 inside IIKeying and RIKeying (PROTOCOL.md sections 2.2 to 2.5).
 */
#include "handshake.h"

#include <assert.h>
#include <string.h>

#include "packet.h"
#include "payload.h"
#include "rtmfp_wire.h"
#include "secret.h"

/* What rtmfp_crypto_ops calls |hs|: between IIKeying and the session's keys. */
struct handshake {
	struct crypto_profile *profile;
	struct crypto_peer *peer;
	bool initiator;
	bool split; /* responder: message 2 is written, |out| is filled */
	uint8_t suite;
	uint64_t far_features; /* responder: from message 1 */
	uint8_t m[HASH_LEN];   /* signs RIKeying */
	struct noise noise;
	struct noise_keys out;
};

#define PROLOGUE_MAX (9u + 4u + 1u + RTMFP_COOKIE_MAX + RTMFP_CERT_MAX)

/* "flowtun 1" || initiatorSessionID || cookie length || cookieEcho || the RHello's option list */
static int make_prologue(uint32_t initiator_id, const uint8_t *cookie, size_t cookie_len, const uint8_t *list,
			 size_t list_len, struct rtmfp_writer *w)
{
	if (cookie_len < COOKIE_MIN || cookie_len > RTMFP_COOKIE_MAX)
		return RTMFP_ERR_SYNTAX;
	rtmfp_write_bytes(w, "flowtun 1", 9);
	rtmfp_write_u32(w, initiator_id);
	rtmfp_write_u8(w, (uint8_t)cookie_len);
	rtmfp_write_bytes(w, cookie, cookie_len);
	rtmfp_write_bytes(w, list, list_len);
	return w->failed ? RTMFP_ERR_LIMIT : RTMFP_OK;
}

static void iikeying_mac(const uint8_t responder_key[CRYPTO_KEY_LEN], const uint8_t *params, size_t len,
			 uint8_t mac[RTMFP_MAC_LEN])
{
	const struct hash_part part = { params, len };

	profile_mac(responder_key, "flowtun 1 iikeying", &part, 1, mac);
}

static void rikeying_mac(const uint8_t m[HASH_LEN], const uint8_t *params, size_t len,
			 uint8_t mac[RTMFP_MAC_LEN])
{
	const struct hash_part part = { params, len };

	profile_mac(m, "flowtun 1 rikeying", &part, 1, mac);
}

void startup_hs_free(void *hs)
{
	secret_free(hs, sizeof(struct handshake));
}

static struct handshake *handshake_new(struct crypto_profile *p, bool initiator, uint8_t suite)
{
	struct handshake *hs = secret_new(sizeof(*hs));

	if (hs) {
		hs->profile = p;
		hs->initiator = initiator;
		hs->suite = suite;
	}
	return hs;
}

/* ------------------------------------------------------------------------------------------------------------
 * Responder
 */

int startup_responder_check(void *crypto, const uint8_t *signed_params, size_t signed_len,
			    const uint8_t *cert, size_t cert_len, const uint8_t *component,
			    size_t component_len, const uint8_t *signature, size_t signature_len)
{
	const struct crypto_profile *p = crypto;
	uint8_t mac[RTMFP_MAC_LEN];

	(void)cert;
	if (cert_len != 0 || component_len != COMPONENT_INITIATOR || signature_len != RTMFP_MAC_LEN)
		return RTMFP_ERR_SYNTAX;
	iikeying_mac(p->near.pub, signed_params, signed_len, mac);
	if (!rtmfp_equal_ct(mac, signature, RTMFP_MAC_LEN))
		return RTMFP_ERR_AUTH;
	return profile_suite(p, component[0]) ? RTMFP_OK : RTMFP_ERR_UNKNOWN;
}

int startup_responder_read(void *crypto, uint32_t initiator_id, const uint8_t *cookie, size_t cookie_len,
			   const uint8_t *component, size_t component_len, struct rtmfp_far **far, void **hs)
{
	struct crypto_profile *p = crypto;
	uint8_t list[RTMFP_CERT_MAX], prologue[PROLOGUE_MAX], plain[PAYLOAD_MESSAGE1];
	struct rtmfp_writer w = rtmfp_writer(prologue, sizeof(prologue));
	const struct noise_suite *suite;
	struct payload payload;
	struct handshake *new;
	size_t list_len;
	int err;

	*hs = NULL;
	*far = NULL;
	if (component_len != COMPONENT_INITIATOR)
		return RTMFP_ERR_SYNTAX;
	suite = profile_suite(p, component[0]);
	if (!suite)
		return RTMFP_ERR_UNKNOWN;
	/* The list that we would send now: if it changed since the RHello, message 1 does not open. */
	err = identity_rhello_options(p, list, sizeof(list), &list_len);
	if (!err)
		err = make_prologue(initiator_id, cookie, cookie_len, list, list_len, &w);
	if (err)
		return err;
	new = handshake_new(p, false, component[0]);
	if (!new)
		return RTMFP_ERR_NOMEM;
	noise_ik_init(&new->noise, suite, &p->near, NULL, prologue, rtmfp_written(&w));
	err = noise_ik_read1(&new->noise, component + 1, component_len - 1, plain);
	if (err)
		goto done;
	new->peer = crypto_peer_find(p, new->noise.rs);
	if (!new->peer) {
		err = RTMFP_ERR_UNKNOWN;
		goto done;
	}
	err = payload_read(&payload, plain, sizeof(plain));
	if (err)
		goto done;
	memcpy(new->noise.psk, new->peer->psk, CRYPTO_KEY_LEN);
	new->far_features = payload.features;
	noise_message_key(&new->noise, new->m);
	*far = &new->peer->far;
	*hs = new;
	new = NULL;
done:
	startup_hs_free(new);
	rtmfp_wipe(plain, sizeof(plain));
	return err;
}

int startup_responder_write(void *handshake, uint32_t responder_id, const struct rtmfp_addr *reflexive,
			    uint8_t *component, size_t cap, size_t *len)
{
	struct handshake *hs = handshake;
	struct crypto_profile *p = hs->profile;
	struct payload payload = { .features = p->features,
				   .has_session_id = true,
				   .session_id = responder_id };
	uint8_t plain[PAYLOAD_MESSAGE2], ephemeral[CURVE_LEN];
	int err;

	/* Message 2 is never computed twice for one message 1. */
	assert(!hs->initiator && !hs->split);
	if (cap < COMPONENT_RESPONDER)
		return RTMFP_ERR_LIMIT;
	if (reflexive) {
		payload.has_reflexive = true;
		payload.reflexive = *reflexive;
	}
	if (p->features & CRYPTO_FEATURE_BIT(CRYPTO_FEATURE_RESET)) {
		payload.has_reset_token = true;
		profile_reset_token(p, responder_id, payload.reset_token);
	}
	err = payload_write(&payload, plain, sizeof(plain));
	if (err)
		goto done;
	profile_random(p, ephemeral, sizeof(ephemeral));
	err = noise_ik_write2(&hs->noise, ephemeral, plain, sizeof(plain), component);
	if (err)
		goto done;
	noise_split(&hs->noise, NULL, 0, &hs->out);
	hs->split = true;
	*len = COMPONENT_RESPONDER;
done:
	rtmfp_wipe(ephemeral, sizeof(ephemeral));
	rtmfp_wipe(plain, sizeof(plain));
	rtmfp_wipe(&payload, sizeof(payload));
	return err;
}

int startup_responder_sign(void *handshake, const uint8_t *params, size_t params_len, uint8_t *signature,
			   size_t cap, size_t *len)
{
	const struct handshake *hs = handshake;

	assert(!hs->initiator);
	if (cap < RTMFP_MAC_LEN)
		return RTMFP_ERR_LIMIT;
	rikeying_mac(hs->m, params, params_len, signature);
	*len = RTMFP_MAC_LEN;
	return RTMFP_OK;
}

int startup_responder_keys(void *handshake, void **keys, struct rtmfp_keying_info *info)
{
	struct handshake *hs = handshake;

	assert(!hs->initiator && hs->split);
	info->far_features = hs->far_features;
	info->features = hs->far_features & hs->profile->features;
	info->suite = hs->suite;
	return packet_keys_new(hs->profile, hs->peer, hs->suite, false, false, &hs->out, NULL, keys);
}

/* ------------------------------------------------------------------------------------------------------------
 * Initiator
 */

int startup_initiator_write(void *crypto, struct rtmfp_far *far, uint32_t initiator_id, const uint8_t *cookie,
			    size_t cookie_len, const uint8_t *rhello_cert, size_t rhello_cert_len,
			    uint8_t *cert, size_t cert_cap, size_t *cert_len, uint8_t *component, size_t cap,
			    size_t *len, void **hs)
{
	struct crypto_profile *p = crypto;
	struct crypto_peer *peer = crypto_peer_of_far(far);
	const struct payload payload = { .features = p->features };
	uint8_t prologue[PROLOGUE_MAX], plain[PAYLOAD_MESSAGE1], ephemeral[CURVE_LEN], suite = 0;
	struct rtmfp_writer w = rtmfp_writer(prologue, sizeof(prologue));
	struct handshake *new;
	size_t list_len;
	int err;

	(void)cert; /* the identity is inside Noise */
	(void)cert_cap;
	*hs = NULL;
	if (rhello_cert_len <= RTMFP_MAC_LEN || rhello_cert_len > RTMFP_CERT_MAX)
		return RTMFP_ERR_SYNTAX;
	if (cap < COMPONENT_INITIATOR)
		return RTMFP_ERR_LIMIT;
	list_len = rhello_cert_len - RTMFP_MAC_LEN;
	err = identity_choose_suite(p, rhello_cert, list_len, &suite);
	if (!err)
		err = make_prologue(initiator_id, cookie, cookie_len, rhello_cert, list_len, &w);
	if (!err)
		err = payload_write(&payload, plain, sizeof(plain));
	if (err)
		return err;
	new = handshake_new(p, true, suite);
	if (!new)
		return RTMFP_ERR_NOMEM;
	new->peer = peer;
	noise_ik_init(&new->noise, profile_suite(p, suite), &p->near, peer->public_key, prologue,
		      rtmfp_written(&w));
	memcpy(new->noise.psk, peer->psk, CRYPTO_KEY_LEN);
	profile_random(p, ephemeral, sizeof(ephemeral));
	component[0] = suite;
	err = noise_ik_write1(&new->noise, ephemeral, plain, sizeof(plain), component + 1);
	rtmfp_wipe(ephemeral, sizeof(ephemeral));
	if (err) {
		startup_hs_free(new);
		return err;
	}
	noise_message_key(&new->noise, new->m);
	*cert_len = 0;
	*len = COMPONENT_INITIATOR;
	*hs = new;
	return RTMFP_OK;
}

int startup_initiator_sign(void *handshake, const uint8_t *params, size_t params_len, uint8_t *signature,
			   size_t cap, size_t *len)
{
	const struct handshake *hs = handshake;

	assert(hs->initiator);
	if (cap < RTMFP_MAC_LEN)
		return RTMFP_ERR_LIMIT;
	iikeying_mac(hs->peer->public_key, params, params_len, signature);
	*len = RTMFP_MAC_LEN;
	return RTMFP_OK;
}

int startup_initiator_verify(void *handshake, const uint8_t *params, size_t params_len,
			     const uint8_t *signature, size_t signature_len)
{
	const struct handshake *hs = handshake;
	uint8_t mac[RTMFP_MAC_LEN];

	assert(hs->initiator);
	if (signature_len != RTMFP_MAC_LEN)
		return RTMFP_ERR_SYNTAX;
	rikeying_mac(hs->m, params, params_len, mac);
	return rtmfp_equal_ct(mac, signature, RTMFP_MAC_LEN) ? RTMFP_OK : RTMFP_ERR_AUTH;
}

int startup_initiator_keys(void *handshake, uint32_t responder_id, const uint8_t *component,
			   size_t component_len, void **keys, struct rtmfp_keying_info *info)
{
	const struct handshake *hs = handshake;
	const struct crypto_profile *p = hs->profile;
	struct noise noise = hs->noise; /* on failure |hs| is as before */
	struct noise_keys out;
	uint8_t plain[PAYLOAD_MESSAGE2];
	struct payload payload;
	int err;

	assert(hs->initiator);
	*keys = NULL;
	if (component_len != COMPONENT_RESPONDER) {
		err = RTMFP_ERR_SYNTAX;
		goto done;
	}
	err = noise_ik_read2(&noise, component, component_len, plain);
	if (err)
		goto done;
	err = payload_read(&payload, plain, sizeof(plain));
	if (err)
		goto done;
	/* The chunk's session ID is authentic only if Noise says the same. */
	if (!payload.has_session_id || payload.session_id != responder_id) {
		err = RTMFP_ERR_AUTH;
		goto done;
	}
	noise_split(&noise, NULL, 0, &out);
	err = packet_keys_new(hs->profile, hs->peer, hs->suite, true, true, &out, NULL, keys);
	rtmfp_wipe(&out, sizeof(out));
	if (err)
		goto done;
	info->suite = hs->suite;
	info->far_features = payload.features;
	info->features = payload.features & p->features;
	info->has_reflexive = payload.has_reflexive;
	info->reflexive = payload.reflexive;
	if (payload.has_reset_token && (info->features & CRYPTO_FEATURE_BIT(CRYPTO_FEATURE_RESET))) {
		info->has_reset_token = true;
		memcpy(info->reset_token, payload.reset_token, RTMFP_RESET_TOKEN_LEN);
	}
done:
	rtmfp_wipe(&noise, sizeof(noise));
	rtmfp_wipe(plain, sizeof(plain));
	rtmfp_wipe(&payload, sizeof(payload));
	return err;
}
