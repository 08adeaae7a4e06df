/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a Cryptography Profile gives to the protocol: the list of RFC 7016 section 3.2, startup keying
 * (3.5.1), packet protection (2.2.3), and rekeying. The protocol knows no algorithm; it treats keys,
 * identities and handshakes as pointers that only the profile looks into.
 *
 * A profile is one |ops| table and one |crypto| object: the near identity with its secrets, and whom it
 * knows. Nothing here blocks. Every int is 0 or a negative enum rtmfp_err. Output buffers are |cap| bytes;
 * a profile that needs more returns RTMFP_ERR_LIMIT.
 */
#ifndef RTMFP_CRYPTO_H
#define RTMFP_CRYPTO_H

#include "rtmfp_types.h"

#define RTMFP_EPD_MAX	      128u
#define RTMFP_TAG_LEN	      16u
#define RTMFP_COOKIE_MAX      64u
#define RTMFP_CERT_MAX	      256u
#define RTMFP_COMPONENT_MAX   512u
#define RTMFP_SIGNATURE_MAX   64u
#define RTMFP_REKEY_MAX	      4096u
#define RTMFP_MAC_LEN	      16u
#define RTMFP_RESET_TOKEN_LEN 16u

struct rtmfp_peer;

/*
 * A far identity: the profile's own struct begins with this one. It lives from the profile's "add" to its
 * "remove" call, and rtmfp_peer_free comes before "remove".
 */
struct rtmfp_far {
	struct rtmfp_peer *peer; /* set by rtmfp_peer_new, NULL when no peer of the endpoint uses it */
};

/* What keying told: filled by *_keys and rekey_*; zeroed before the call. */
struct rtmfp_keying_info {
	uint64_t features;     /* bit n: both ends listed feature code n (n < 64) */
	uint64_t far_features; /* bit n: the far end listed it */
	bool has_reflexive;
	struct rtmfp_addr reflexive; /* our address as the far end saw it */
	bool has_reset_token;
	uint8_t reset_token[RTMFP_RESET_TOKEN_LEN]; /* of the ID that we send to */
	uint8_t suite;
};

/* How far a pair of keys is used up. */
enum rtmfp_key_state {
	RTMFP_KEY_FRESH,
	RTMFP_KEY_WANTS_REKEY,
	RTMFP_KEY_EXHAUSTED, /* nothing more may be sent with it */
	RTMFP_KEY_BROKEN,    /* too many forgeries: close the session */
};

/*
 * A handshake object (|hs|) belongs to the protocol from the call that makes it until hs_free, which wipes
 * it. A keys object (|keys|) holds one epoch: both directions' packet keys, the replay window and what the
 * next rekey needs; keys_free wipes it.
 */
struct rtmfp_crypto_ops {
	const char *name;
	size_t head; /* bytes that protection puts before the plain packet, after the SSID */
	size_t tail; /* and after it */
	/*
	 * A responder's session is unconfirmed, and sends nothing, until a packet has authenticated under its
	 * keys. Profiles whose handshake proves the initiator's key alone leave it false.
	 */
	bool confirm;
	bool no_bitmap_ack; /* far ends of this profile misread Bitmap Acks */

	/** random fills |out| with |len| unpredictable bytes. It does not fail: a profile without entropy
	 * does not start. */
	void (*random)(void *crypto, uint8_t *out, size_t len);
	/** mac is a keyed hash for cookies and mobility checks; |label| separates uses. */
	void (*mac)(void *crypto, const uint8_t key[32], const char *label, const uint8_t *data, size_t len,
		    uint8_t out[RTMFP_MAC_LEN]);

	/* ---- startup packets: the Default Session Key (2.2.3) ---- */
	/**
	 * startup_seal protects the plain packet that lies at |enc| + head and is |len| bytes long.
	 * Afterwards the encrypted packet begins at |enc| and is head + |len| + tail long.
	 */
	int (*startup_seal)(void *crypto, uint8_t *enc, size_t len);
	/** startup_open opens the |len| bytes at |enc| in place; |*plain| points into them. */
	int (*startup_open)(void *crypto, uint8_t *enc, size_t len, uint8_t **plain, size_t *plain_len);

	/* ---- identities (3.2) ---- */
	/** epd_make writes the Endpoint Discriminator that selects |far| in an IHello with this |tag|. */
	int (*epd_make)(void *crypto, struct rtmfp_far *far, const uint8_t tag[RTMFP_TAG_LEN], uint8_t *epd,
			size_t cap, size_t *len);
	/** epd_selects_local: does this EPD (with this tag) select the near identity? */
	bool (*epd_selects_local)(void *crypto, const uint8_t *epd, size_t epd_len, const uint8_t *tag,
				  size_t tag_len);
	/** near_prevails resolves glare (3.5.1.3): true iff the near end stays the initiator. */
	bool (*near_prevails)(void *crypto, struct rtmfp_far *far);

	/* ---- responder, before it has any state ---- */
	/**
	 * rhello_certificate writes the responderCertificate; |prefix| is the RHello payload before it (tag
	 * echo and cookie, with their lengths).
	 */
	int (*rhello_certificate)(void *crypto, const uint8_t *prefix, size_t prefix_len, uint8_t *cert,
				  size_t cap, size_t *len);
	/** responder_check does what costs no public-key operation: lengths, signature. */
	int (*responder_check)(void *crypto, const uint8_t *signed_params, size_t signed_len,
			       const uint8_t *cert, size_t cert_len, const uint8_t *component,
			       size_t component_len, const uint8_t *signature, size_t signature_len);
	/**
	 * responder_read finds out who the initiator is.
	 *
	 * On 0 |*hs| is new and |*far| is a known far identity; otherwise RTMFP_ERR_AUTH, RTMFP_ERR_UNKNOWN
	 * (a stranger), RTMFP_ERR_NOMEM. Changes nothing: a copy of the state is read.
	 */
	int (*responder_read)(void *crypto, uint32_t initiator_id, const uint8_t *cookie, size_t cookie_len,
			      const uint8_t *component, size_t component_len, struct rtmfp_far **far,
			      void **hs);
	/** responder_write makes the sessionKeyResponderComponent for receive ID |responder_id|. */
	int (*responder_write)(void *hs, uint32_t responder_id, const struct rtmfp_addr *reflexive,
			       uint8_t *component, size_t cap, size_t *len);
	/** responder_sign signs responderSignedParameters. */
	int (*responder_sign)(void *hs, const uint8_t *params, size_t params_len, uint8_t *signature,
			      size_t cap, size_t *len);
	/** responder_keys derives epoch 0 after responder_write. */
	int (*responder_keys)(void *hs, void **keys, struct rtmfp_keying_info *info);

	/* ---- initiator ---- */
	/** rhello_verify: is the certificate authentic, and selected by the EPD of |far|? |payload| is the
	 * whole RHello payload. */
	int (*rhello_verify)(void *crypto, struct rtmfp_far *far, const uint8_t *payload, size_t payload_len,
			     const uint8_t *cert, size_t cert_len);
	/** initiator_write begins keying with a fresh ephemeral: a new |*hs|, certificate and component. */
	int (*initiator_write)(void *crypto, struct rtmfp_far *far, uint32_t initiator_id,
			       const uint8_t *cookie, size_t cookie_len, const uint8_t *rhello_cert,
			       size_t rhello_cert_len, uint8_t *cert, size_t cert_cap, size_t *cert_len,
			       uint8_t *component, size_t cap, size_t *len, void **hs);
	/** initiator_sign signs initiatorSignedParameters. */
	int (*initiator_sign)(void *hs, const uint8_t *params, size_t params_len, uint8_t *signature,
			      size_t cap, size_t *len);
	/** initiator_verify checks RIKeying's signature over responderSignedParameters, before any public-key
	 * operation. */
	int (*initiator_verify)(void *hs, const uint8_t *params, size_t params_len, const uint8_t *signature,
				size_t signature_len);
	/** initiator_keys reads the component and derives epoch 0. On failure |hs| is as before. */
	int (*initiator_keys)(void *hs, uint32_t responder_id, const uint8_t *component, size_t component_len,
			      void **keys, struct rtmfp_keying_info *info);

	void (*hs_free)(void *hs); /* NULL is allowed */

	/* ---- packets of an open session; the hot path ---- */
	/** seal is startup_seal under |keys|; RTMFP_ERR_LIMIT when they are exhausted. */
	int (*seal)(void *keys, uint8_t *enc, size_t len);
	/**
	 * open is startup_open under |keys|. RTMFP_ERR_REPLAY, RTMFP_ERR_AUTH or RTMFP_ERR_SYNTAX change
	 * nothing but counters. |*newest| tells whether the packet number is the greatest so far.
	 */
	int (*open)(void *keys, uint8_t *enc, size_t len, uint8_t **plain, size_t *plain_len, bool *newest);
	enum rtmfp_key_state (*key_state)(const void *keys);
	/** keys_retire_send erases the sending key and what a rekey needs; receiving goes on. */
	void (*keys_retire_send)(void *keys);
	void (*keys_free)(void *keys); /* NULL is allowed */

	/* ---- rekeying: the next epoch of the same session; all NULL in profiles without it ---- */
	/** rekey_init writes message 1 from |keys| for our new receive ID; |*rk| is freed by rekey_free. */
	int (*rekey_init)(void *keys, uint64_t epoch, uint32_t receive_id, uint8_t *msg, size_t cap,
			  size_t *len, void **rk);
	/** rekey_respond reads message 1, writes message 2 and makes the new epoch's keys. */
	int (*rekey_respond)(void *keys, uint64_t epoch, const uint8_t *msg, size_t msg_len,
			     uint32_t receive_id, uint8_t *reply, size_t cap, size_t *reply_len,
			     uint32_t *send_id, void **new_keys, struct rtmfp_keying_info *info);
	/** rekey_finish reads message 2. On failure |rk| is as before. */
	int (*rekey_finish)(void *rk, const uint8_t *msg, size_t msg_len, uint32_t *send_id, void **new_keys,
			    struct rtmfp_keying_info *info);
	void (*rekey_free)(void *rk); /* NULL is allowed */

	/** reset_token writes the stateless reset token of our receive ID; NULL in profiles without it. */
	void (*reset_token)(void *crypto, uint32_t receive_id, uint8_t token[RTMFP_RESET_TOKEN_LEN]);
};

#endif
