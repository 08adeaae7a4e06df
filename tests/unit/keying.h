/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Two profiles and the chunks that they exchange at startup, step by step through the ops table, as RTMFP
 * would do it: an initiator I and a responder R. For the tests of src/crypto.
 */
#ifndef KEYING_H
#define KEYING_H

#include <check.h>
#include <string.h>

#include "handshake.h"
#include "profile.h"
#include "rtmfp_wire.h"

#define OPS (&crypto_profile_ops)

struct end {
	struct crypto_profile *profile;
	struct crypto_peer *other; /* the other end, as this one knows it */
	void *hs;
	void *keys;
	struct rtmfp_keying_info info;
};

/* One startup; bytes and lengths of what went over the wire. */
struct keying {
	struct end i, r;
	uint32_t isid, rsid;
	uint8_t tag[RTMFP_TAG_LEN], epd[EPD_LEN], cookie[40];
	uint8_t rhello[256]; /* the chunk's payload; the certificate is its end */
	size_t rhello_len, cert_len;
	uint8_t iikeying[512]; /* initiatorSignedParameters, then the signature */
	size_t iikeying_len, skic_at;
	uint8_t rikeying[512]; /* responderSignedParametersPortion, then the signature */
	size_t rikeying_len, skrc_at;
	struct rtmfp_addr reflexive;
};

static const uint8_t *keying_cert(const struct keying *k)
{
	return k->rhello + k->rhello_len - k->cert_len;
}

static const uint8_t *keying_skic(const struct keying *k)
{
	return k->iikeying + k->skic_at;
}

static const uint8_t *keying_skrc(const struct keying *k)
{
	return k->rikeying + k->skrc_at;
}

static inline void keying_init(struct keying *k, struct crypto_profile *i, struct crypto_peer *i_other,
			       struct crypto_profile *r, struct crypto_peer *r_other)
{
	memset(k, 0, sizeof(*k));
	k->i.profile = i;
	k->i.other = i_other;
	k->r.profile = r;
	k->r.other = r_other;
	k->isid = 0x01020304;
	k->rsid = 0xa1a2a3a4;
	k->reflexive = (struct rtmfp_addr){ .family = 4, .port = 50000, .ip = { 192, 0, 2, 33 } };
	for (size_t n = 0; n < sizeof(k->cookie); n++)
		k->cookie[n] = (uint8_t)(0x80 + n);
}

static inline void keying_fini(struct keying *k)
{
	OPS->hs_free(k->i.hs);
	OPS->hs_free(k->r.hs);
	OPS->keys_free(k->i.keys);
	OPS->keys_free(k->r.keys);
	k->i.hs = k->r.hs = k->i.keys = k->r.keys = NULL;
}

/* IHello: tag and EPD. */
static inline int keying_ihello(struct keying *k)
{
	size_t len = 0;
	int err;

	OPS->random(k->i.profile, k->tag, sizeof(k->tag));
	err = OPS->epd_make(k->i.profile, crypto_peer_far(k->i.other), k->tag, k->epd, sizeof(k->epd), &len);
	ck_assert_uint_eq(len, EPD_LEN);
	return err;
}

/* RHello: tag echo, cookie, certificate. */
static inline int keying_rhello(struct keying *k)
{
	struct rtmfp_writer w = rtmfp_writer(k->rhello, sizeof(k->rhello));
	int err;

	rtmfp_write_vlu(&w, sizeof(k->tag));
	rtmfp_write_bytes(&w, k->tag, sizeof(k->tag));
	rtmfp_write_vlu(&w, sizeof(k->cookie));
	rtmfp_write_bytes(&w, k->cookie, sizeof(k->cookie));
	err = OPS->rhello_certificate(k->r.profile, k->rhello, rtmfp_written(&w), w.at, rtmfp_write_room(&w),
				      &k->cert_len);
	k->rhello_len = rtmfp_written(&w) + k->cert_len;
	return err;
}

static inline int keying_rhello_verify(const struct keying *k)
{
	return OPS->rhello_verify(k->i.profile, crypto_peer_far(k->i.other), k->rhello, k->rhello_len,
				  keying_cert(k), k->cert_len);
}

/* IIKeying: initiatorSessionID, cookieEcho, certificate, SKIC, signature. */
static inline int keying_iikeying(struct keying *k)
{
	struct rtmfp_writer w = rtmfp_writer(k->iikeying, sizeof(k->iikeying));
	uint8_t cert[RTMFP_CERT_MAX], component[RTMFP_COMPONENT_MAX];
	size_t cert_len = 99, len = 0, signature_len = 0;
	int err = OPS->initiator_write(k->i.profile, crypto_peer_far(k->i.other), k->isid, k->cookie,
				       sizeof(k->cookie), keying_cert(k), k->cert_len, cert, sizeof(cert),
				       &cert_len, component, sizeof(component), &len, &k->i.hs);

	if (err)
		return err;
	ck_assert_uint_eq(cert_len, 0);
	ck_assert_uint_eq(len, 161);
	rtmfp_write_u32(&w, k->isid);
	rtmfp_write_vlu(&w, sizeof(k->cookie));
	rtmfp_write_bytes(&w, k->cookie, sizeof(k->cookie));
	rtmfp_write_vlu(&w, cert_len);
	rtmfp_write_vlu(&w, len);
	k->skic_at = rtmfp_written(&w);
	rtmfp_write_bytes(&w, component, len);
	k->iikeying_len = rtmfp_written(&w);
	err = OPS->initiator_sign(k->i.hs, k->iikeying, k->iikeying_len, w.at, rtmfp_write_room(&w),
				  &signature_len);
	ck_assert_uint_eq(signature_len, 16);
	return err;
}

static inline int keying_check(const struct keying *k)
{
	return OPS->responder_check(k->r.profile, k->iikeying, k->iikeying_len, k->iikeying, 0,
				    keying_skic(k), 161, k->iikeying + k->iikeying_len, 16);
}

static inline int keying_read(struct keying *k)
{
	struct rtmfp_far *far = NULL;
	int err = OPS->responder_read(k->r.profile, k->isid, k->cookie, sizeof(k->cookie), keying_skic(k),
				      161, &far, &k->r.hs);

	if (!err)
		ck_assert_ptr_eq(far, crypto_peer_far(k->r.other));
	else
		ck_assert(!far && !k->r.hs);
	return err;
}

/* What a RIKeying's signature covers: its own portion and the SKIC. */
static inline size_t keying_signed(const struct keying *k, uint8_t out[1024])
{
	memcpy(out, k->rikeying, k->rikeying_len);
	memcpy(out + k->rikeying_len, keying_skic(k), 161);
	return k->rikeying_len + 161;
}

/* RIKeying: responderSessionID, SKRC, signature; and the responder's keys. */
static inline int keying_rikeying(struct keying *k)
{
	struct rtmfp_writer w = rtmfp_writer(k->rikeying, sizeof(k->rikeying));
	uint8_t component[RTMFP_COMPONENT_MAX], params[1024];
	size_t len = 0, signature_len = 0;
	int err = OPS->responder_write(k->r.hs, k->rsid, &k->reflexive, component, sizeof(component), &len);

	if (err)
		return err;
	ck_assert_uint_eq(len, 144);
	rtmfp_write_u32(&w, k->rsid);
	rtmfp_write_vlu(&w, len);
	k->skrc_at = rtmfp_written(&w);
	rtmfp_write_bytes(&w, component, len);
	k->rikeying_len = rtmfp_written(&w);
	err = OPS->responder_sign(k->r.hs, params, keying_signed(k, params), w.at, rtmfp_write_room(&w),
				  &signature_len);
	ck_assert_uint_eq(signature_len, 16);
	if (err)
		return err;
	memset(&k->r.info, 0, sizeof(k->r.info));
	return OPS->responder_keys(k->r.hs, &k->r.keys, &k->r.info);
}

static inline int keying_verify(const struct keying *k)
{
	uint8_t params[1024];

	return OPS->initiator_verify(k->i.hs, params, keying_signed(k, params), k->rikeying + k->rikeying_len,
				     16);
}

static inline int keying_finish(struct keying *k)
{
	memset(&k->i.info, 0, sizeof(k->i.info));
	return OPS->initiator_keys(k->i.hs, k->rsid, keying_skrc(k), 144, &k->i.keys, &k->i.info);
}

/* All of it; everything is expected to go well. */
static inline void keying_run(struct keying *k)
{
	ck_assert_int_eq(keying_ihello(k), RTMFP_OK);
	ck_assert(OPS->epd_selects_local(k->r.profile, k->epd, sizeof(k->epd), k->tag, sizeof(k->tag)));
	ck_assert_int_eq(keying_rhello(k), RTMFP_OK);
	ck_assert_int_eq(keying_rhello_verify(k), RTMFP_OK);
	ck_assert_int_eq(keying_iikeying(k), RTMFP_OK);
	ck_assert_int_eq(keying_check(k), RTMFP_OK);
	ck_assert_int_eq(keying_read(k), RTMFP_OK);
	ck_assert_int_eq(keying_rikeying(k), RTMFP_OK);
	ck_assert_int_eq(keying_verify(k), RTMFP_OK);
	ck_assert_int_eq(keying_finish(k), RTMFP_OK);
}

#endif
