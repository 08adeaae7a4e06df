/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Packet protection (PROTOCOL.md section 3): the keys of one epoch, and the Default Session Key.
 */
#ifndef PACKET_H
#define PACKET_H

#include "profile.h"
#include "secret.h"
#include "window.h"

/* The RFC's session nonces (section 2.3). */
struct session_nonces {
	uint8_t near[HASH_LEN];
	uint8_t far[HASH_LEN];
};

/* One epoch: what rtmfp_crypto_ops calls |keys|. One allocation with the expanded keys behind it. */
struct packet_keys {
	const struct aead_engine *aead;
	bool big_endian; /* the number in a nonce */
	bool counts_blocks;
	bool retired; /* the sending key is gone */
	bool spent;   /* a packet was refused: the sending key is used up */
	bool session_initiator;
	uint8_t suite;
	uint64_t next;	 /* number of the next packet to send */
	uint64_t blocks; /* that the sending key has encrypted */
	uint64_t failed; /* tags that were wrong */
	struct crypto_profile *profile;
	struct crypto_peer *peer;
	uint8_t x[HASH_LEN]; /* for the next rekey; wiped when retired */
	uint8_t h[HASH_LEN];
	struct session_nonces nonces;
	struct window window;
	_Alignas(SECRET_ALIGN) uint8_t schedules[]; /* sending, then receiving: aead->key_size each */
};

/**
 * packet_keys_new makes an epoch's keys from a finished handshake. |session_initiator| is the near end's role
 * in the session, |noise_initiator| in the handshake that gave |secret| (rekeys: either). |nonces| NULL:
 * epoch 0, derive them.
 */
int packet_keys_new(struct crypto_profile *p, struct crypto_peer *peer, uint8_t suite, bool session_initiator,
		    bool noise_initiator, const struct noise_keys *secret,
		    const struct session_nonces *nonces, void **out) RTMFP_MUST_CHECK;

/* The entries of rtmfp_crypto_ops with these names. */
int packet_seal(void *keys, uint8_t *enc, size_t len);
int packet_open(void *keys, uint8_t *enc, size_t len, uint8_t **plain, size_t *plain_len, bool *newest);
enum rtmfp_key_state packet_key_state(const void *keys);
void packet_keys_retire_send(void *keys);
void packet_keys_free(void *keys);
int packet_startup_seal(void *crypto, uint8_t *enc, size_t len);
int packet_startup_open(void *crypto, uint8_t *enc, size_t len, uint8_t **plain, size_t *plain_len);

/** packet_startup_key expands the Default Session Key into the profile. */
int packet_startup_key(struct crypto_profile *p) RTMFP_MUST_CHECK;
void packet_startup_key_free(struct crypto_profile *p);

#endif
