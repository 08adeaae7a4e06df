/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Startup keying (PROTOCOL.md sections 1 and 2) and rekeying (section 4): the entries of rtmfp_crypto_ops,
 * with their names.
 */
#ifndef HANDSHAKE_H
#define HANDSHAKE_H

#include "profile.h"

#define COMPONENT_INITIATOR 161u /* suite || e || static || payload (section 2.2) */
#define COMPONENT_RESPONDER 144u /* e || payload */
#define EPD_KEY_PROOF	    0x01u
#define EPD_LEN		    17u
#define COOKIE_MIN	    8u

/* identity.c: proofs that need no handshake */
int identity_epd_make(void *crypto, struct rtmfp_far *far, const uint8_t tag[RTMFP_TAG_LEN], uint8_t *epd,
		      size_t cap, size_t *len);
bool identity_epd_selects_local(void *crypto, const uint8_t *epd, size_t epd_len, const uint8_t *tag,
				size_t tag_len);
bool identity_near_prevails(void *crypto, struct rtmfp_far *far);
int identity_rhello_certificate(void *crypto, const uint8_t *prefix, size_t prefix_len, uint8_t *cert,
				size_t cap, size_t *len);
int identity_rhello_verify(void *crypto, struct rtmfp_far *far, const uint8_t *payload, size_t payload_len,
			   const uint8_t *cert, size_t cert_len);
/** identity_rhello_options writes the option list (with Marker) of the RHellos that this profile sends. */
int identity_rhello_options(const struct crypto_profile *p, uint8_t *list, size_t cap,
			    size_t *len) RTMFP_MUST_CHECK;
/**
 * identity_choose_suite picks the first of our suites that a RHello's option list offers.
 * RTMFP_ERR_SYNTAX: no such list; RTMFP_ERR_UNKNOWN: nothing in common.
 */
int identity_choose_suite(const struct crypto_profile *p, const uint8_t *list, size_t len,
			  uint8_t *suite) RTMFP_MUST_CHECK;

/* startup.c */
int startup_responder_check(void *crypto, const uint8_t *signed_params, size_t signed_len,
			    const uint8_t *cert, size_t cert_len, const uint8_t *component,
			    size_t component_len, const uint8_t *signature, size_t signature_len);
int startup_responder_read(void *crypto, uint32_t initiator_id, const uint8_t *cookie, size_t cookie_len,
			   const uint8_t *component, size_t component_len, struct rtmfp_far **far, void **hs);
int startup_responder_write(void *hs, uint32_t responder_id, const struct rtmfp_addr *reflexive,
			    uint8_t *component, size_t cap, size_t *len);
int startup_responder_sign(void *hs, const uint8_t *params, size_t params_len, uint8_t *signature, size_t cap,
			   size_t *len);
int startup_responder_keys(void *hs, void **keys, struct rtmfp_keying_info *info);
int startup_initiator_write(void *crypto, struct rtmfp_far *far, uint32_t initiator_id, const uint8_t *cookie,
			    size_t cookie_len, const uint8_t *rhello_cert, size_t rhello_cert_len,
			    uint8_t *cert, size_t cert_cap, size_t *cert_len, uint8_t *component, size_t cap,
			    size_t *len, void **hs);
int startup_initiator_sign(void *hs, const uint8_t *params, size_t params_len, uint8_t *signature, size_t cap,
			   size_t *len);
int startup_initiator_verify(void *hs, const uint8_t *params, size_t params_len, const uint8_t *signature,
			     size_t signature_len);
int startup_initiator_keys(void *hs, uint32_t responder_id, const uint8_t *component, size_t component_len,
			   void **keys, struct rtmfp_keying_info *info);
void startup_hs_free(void *hs);

/* rekey.c */
int rekey_init(void *keys, uint64_t epoch, uint32_t receive_id, uint8_t *msg, size_t cap, size_t *len,
	       void **rk);
int rekey_respond(void *keys, uint64_t epoch, const uint8_t *msg, size_t msg_len, uint32_t receive_id,
		  uint8_t *reply, size_t cap, size_t *reply_len, uint32_t *send_id, void **new_keys,
		  struct rtmfp_keying_info *info);
int rekey_finish(void *rk, const uint8_t *msg, size_t msg_len, uint32_t *send_id, void **new_keys,
		 struct rtmfp_keying_info *info);
void rekey_free(void *rk);

#endif
