/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Rekeying: Noise KKpsk0 from one epoch's keys to the next (PROTOCOL.md section 4). Which end may start,
 * when, and what happens to the old keys is RTMFP's business.
 */
#include "handshake.h"

#include <assert.h>
#include <string.h>

#include "packet.h"
#include "payload.h"
#include "rtmfp_wire.h"
#include "secret.h"

/* An INIT that waits for its RESP; independent of the epoch's keys, which may be retired meanwhile. */
struct rekeying {
	struct crypto_profile *profile;
	struct crypto_peer *peer;
	bool session_initiator;
	uint8_t suite;
	struct session_nonces nonces;
	struct noise noise;
};

#define REKEY_LABEL "flowtun 1 rekey"

static void begin(struct noise *n, const struct packet_keys *k, bool initiator, uint64_t epoch)
{
	uint8_t prologue[sizeof(REKEY_LABEL) - 1 + 10 + HASH_LEN];
	struct rtmfp_writer w = rtmfp_writer(prologue, sizeof(prologue));

	rtmfp_write_bytes(&w, REKEY_LABEL, sizeof(REKEY_LABEL) - 1);
	rtmfp_write_vlu(&w, epoch);
	rtmfp_write_bytes(&w, k->h, HASH_LEN);
	assert(!w.failed);
	noise_kk_init(n, profile_suite(k->profile, k->suite), initiator, &k->profile->near,
		      k->peer->public_key, k->x, prologue, rtmfp_written(&w));
}

/* Our options for the far end; fills one unit. */
static int write_payload(struct crypto_profile *p, uint32_t receive_id, uint8_t plain[PAYLOAD_UNIT])
{
	struct payload payload = { .features = p->features,
				   .has_session_id = true,
				   .session_id = receive_id };
	int err;

	if (p->features & CRYPTO_FEATURE_BIT(CRYPTO_FEATURE_RESET)) {
		payload.has_reset_token = true;
		profile_reset_token(p, receive_id, payload.reset_token);
	}
	err = payload_write(&payload, plain, PAYLOAD_UNIT);
	rtmfp_wipe(&payload, sizeof(payload));
	return err;
}

static bool length_is_right(size_t len)
{
	return len >= NOISE_OVERHEAD + PAYLOAD_UNIT && len <= RTMFP_REKEY_MAX &&
	       (len - NOISE_OVERHEAD) % PAYLOAD_UNIT == 0;
}

static int read_payload(const struct crypto_profile *p, const uint8_t *plain, size_t len, uint8_t suite,
			uint32_t *send_id, struct rtmfp_keying_info *info)
{
	struct payload payload;
	int err = payload_read(&payload, plain, len);

	if (!err && (!payload.has_session_id || payload.session_id == 0))
		err = RTMFP_ERR_SYNTAX;
	if (!err) {
		*send_id = payload.session_id;
		info->suite = suite;
		info->far_features = payload.features;
		info->features = payload.features & p->features;
		if (payload.has_reset_token && (info->features & CRYPTO_FEATURE_BIT(CRYPTO_FEATURE_RESET))) {
			info->has_reset_token = true;
			memcpy(info->reset_token, payload.reset_token, RTMFP_RESET_TOKEN_LEN);
		}
	}
	rtmfp_wipe(&payload, sizeof(payload));
	return err;
}

int rekey_init(void *keys, uint64_t epoch, uint32_t receive_id, uint8_t *msg, size_t cap, size_t *len,
	       void **rk)
{
	const struct packet_keys *k = keys;
	struct crypto_profile *p = k->profile;
	uint8_t plain[PAYLOAD_UNIT], ephemeral[CURVE_LEN];
	struct rekeying *new;
	int err;

	assert(receive_id != 0);
	*rk = NULL;
	if (k->retired)
		return RTMFP_ERR_CLOSED;
	if (cap < NOISE_OVERHEAD + PAYLOAD_UNIT)
		return RTMFP_ERR_LIMIT;
	new = secret_new(sizeof(*new));
	if (!new)
		return RTMFP_ERR_NOMEM;
	new->profile = p;
	new->peer = k->peer;
	new->session_initiator = k->session_initiator;
	new->suite = k->suite;
	new->nonces = k->nonces;
	begin(&new->noise, k, true, epoch);
	err = write_payload(p, receive_id, plain);
	if (err)
		goto done;
	profile_random(p, ephemeral, sizeof(ephemeral));
	err = noise_kk_write1(&new->noise, ephemeral, plain, sizeof(plain), msg);
	rtmfp_wipe(ephemeral, sizeof(ephemeral));
	if (err)
		goto done;
	*len = NOISE_OVERHEAD + PAYLOAD_UNIT;
	*rk = new;
	new = NULL;
done:
	rtmfp_wipe(plain, sizeof(plain));
	rekey_free(new);
	return err;
}

int rekey_respond(void *keys, uint64_t epoch, const uint8_t *msg, size_t msg_len, uint32_t receive_id,
		  uint8_t *reply, size_t cap, size_t *reply_len, uint32_t *send_id, void **new_keys,
		  struct rtmfp_keying_info *info)
{
	const struct packet_keys *k = keys;
	struct crypto_profile *p = k->profile;
	uint8_t plain[RTMFP_REKEY_MAX - NOISE_OVERHEAD], answer[PAYLOAD_UNIT], ephemeral[CURVE_LEN];
	struct rtmfp_keying_info got = { 0 };
	struct noise noise;
	struct noise_keys out;
	uint32_t id = 0;
	int err;

	assert(receive_id != 0);
	*new_keys = NULL;
	if (k->retired)
		return RTMFP_ERR_CLOSED;
	if (!length_is_right(msg_len))
		return RTMFP_ERR_SYNTAX;
	if (cap < NOISE_OVERHEAD + PAYLOAD_UNIT)
		return RTMFP_ERR_LIMIT;
	begin(&noise, k, false, epoch);
	err = noise_kk_read1(&noise, msg, msg_len, plain);
	if (err)
		goto done;
	err = read_payload(p, plain, msg_len - NOISE_OVERHEAD, k->suite, &id, &got);
	if (err)
		goto done;
	err = write_payload(p, receive_id, answer);
	if (err)
		goto done;
	profile_random(p, ephemeral, sizeof(ephemeral));
	err = noise_kk_write2(&noise, ephemeral, answer, sizeof(answer), reply);
	rtmfp_wipe(ephemeral, sizeof(ephemeral));
	if (err)
		goto done;
	/* An ML-KEM shared secret would be the ikm here. */
	noise_split(&noise, NULL, 0, &out);
	err = packet_keys_new(p, k->peer, k->suite, k->session_initiator, false, &out, &k->nonces, new_keys);
	rtmfp_wipe(&out, sizeof(out));
	if (err)
		goto done;
	*reply_len = NOISE_OVERHEAD + PAYLOAD_UNIT;
	*send_id = id;
	*info = got;
done:
	rtmfp_wipe(&noise, sizeof(noise));
	rtmfp_wipe(plain, msg_len - NOISE_OVERHEAD);
	rtmfp_wipe(answer, sizeof(answer));
	return err;
}

int rekey_finish(void *rekeying, const uint8_t *msg, size_t msg_len, uint32_t *send_id, void **new_keys,
		 struct rtmfp_keying_info *info)
{
	const struct rekeying *rk = rekeying;
	uint8_t plain[RTMFP_REKEY_MAX - NOISE_OVERHEAD];
	struct rtmfp_keying_info got = { 0 };
	struct noise noise;
	struct noise_keys out;
	uint32_t id = 0;
	int err;

	*new_keys = NULL;
	if (!length_is_right(msg_len))
		return RTMFP_ERR_SYNTAX;
	noise = rk->noise; /* on failure |rk| is as before */
	err = noise_kk_read2(&noise, msg, msg_len, plain);
	if (err)
		goto done;
	err = read_payload(rk->profile, plain, msg_len - NOISE_OVERHEAD, rk->suite, &id, &got);
	if (err)
		goto done;
	noise_split(&noise, NULL, 0, &out);
	err = packet_keys_new(rk->profile, rk->peer, rk->suite, rk->session_initiator, true, &out,
			      &rk->nonces, new_keys);
	rtmfp_wipe(&out, sizeof(out));
	if (err)
		goto done;
	*send_id = id;
	*info = got;
done:
	rtmfp_wipe(&noise, sizeof(noise));
	rtmfp_wipe(plain, msg_len - NOISE_OVERHEAD);
	return err;
}

void rekey_free(void *rk)
{
	secret_free(rk, sizeof(struct rekeying));
}
