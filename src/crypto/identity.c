/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Proofs of an identity that cost one MAC: Endpoint Discriminators and RHello certificates (PROTOCOL.md
 * section 1).
 */
#include "handshake.h"

#include <string.h>

#include "rtmfp_wire.h"

#define RHELLO_OPTION_SUITES 0x01u

static void epd_proof(const uint8_t public_key[CRYPTO_KEY_LEN], const uint8_t tag[RTMFP_TAG_LEN],
		      uint8_t epd[EPD_LEN])
{
	const struct hash_part part = { tag, RTMFP_TAG_LEN };

	epd[0] = EPD_KEY_PROOF;
	profile_mac(public_key, "flowtun 1 epd", &part, 1, epd + 1);
}

int identity_epd_make(void *crypto, struct rtmfp_far *far, const uint8_t tag[RTMFP_TAG_LEN], uint8_t *epd,
		      size_t cap, size_t *len)
{
	(void)crypto;
	if (cap < EPD_LEN)
		return RTMFP_ERR_LIMIT;
	epd_proof(crypto_peer_of_far(far)->public_key, tag, epd);
	*len = EPD_LEN;
	return RTMFP_OK;
}

bool identity_epd_selects_local(void *crypto, const uint8_t *epd, size_t epd_len, const uint8_t *tag,
				size_t tag_len)
{
	const struct crypto_profile *p = crypto;
	uint8_t right[EPD_LEN];

	if (epd_len != EPD_LEN || tag_len != RTMFP_TAG_LEN || epd[0] != EPD_KEY_PROOF)
		return false;
	epd_proof(p->near.pub, tag, right);
	return rtmfp_equal_ct(right, epd, EPD_LEN);
}

bool identity_near_prevails(void *crypto, struct rtmfp_far *far)
{
	const struct crypto_profile *p = crypto;

	/* Public keys: no secret hangs on how long this takes. */
	return memcmp(p->near.pub, crypto_peer_of_far(far)->public_key, CRYPTO_KEY_LEN) < 0;
}

int identity_rhello_options(const struct crypto_profile *p, uint8_t *list, size_t cap, size_t *len)
{
	struct rtmfp_writer w = rtmfp_writer(list, cap);

	rtmfp_write_option(&w, RHELLO_OPTION_SUITES, p->preference, p->suite_count);
	rtmfp_write_marker(&w);
	*len = rtmfp_written(&w);
	return w.failed ? RTMFP_ERR_LIMIT : RTMFP_OK;
}

static void rhello_mac(const uint8_t public_key[CRYPTO_KEY_LEN], const uint8_t *prefix, size_t prefix_len,
		       const uint8_t *list, size_t list_len, uint8_t mac[RTMFP_MAC_LEN])
{
	const struct hash_part parts[] = { { prefix, prefix_len }, { list, list_len } };

	profile_mac(public_key, "flowtun 1 rhello", parts, 2, mac);
}

int identity_rhello_certificate(void *crypto, const uint8_t *prefix, size_t prefix_len, uint8_t *cert,
				size_t cap, size_t *len)
{
	const struct crypto_profile *p = crypto;
	size_t list_len;
	int err;

	if (cap < RTMFP_MAC_LEN)
		return RTMFP_ERR_LIMIT;
	err = identity_rhello_options(p, cert, cap - RTMFP_MAC_LEN, &list_len);
	if (err)
		return err;
	rhello_mac(p->near.pub, prefix, prefix_len, cert, list_len, cert + list_len);
	*len = list_len + RTMFP_MAC_LEN;
	return RTMFP_OK;
}

int identity_choose_suite(const struct crypto_profile *p, const uint8_t *list, size_t len, uint8_t *suite)
{
	struct rtmfp_reader r = rtmfp_reader(list, len);
	struct rtmfp_option opt, suites = { 0 };

	while (rtmfp_read_option(&r, &opt)) {
		if (opt.type != RHELLO_OPTION_SUITES)
			continue;
		if (suites.value)
			return RTMFP_ERR_SYNTAX;
		suites = opt;
	}
	if (r.failed || rtmfp_read_left(&r))
		return RTMFP_ERR_SYNTAX;
	for (size_t i = 0; i < p->suite_count; i++) {
		for (size_t j = 0; j < suites.len; j++) {
			if (suites.value[j] == p->preference[i]) {
				*suite = p->preference[i];
				return RTMFP_OK;
			}
		}
	}
	return RTMFP_ERR_UNKNOWN;
}

int identity_rhello_verify(void *crypto, struct rtmfp_far *far, const uint8_t *payload, size_t payload_len,
			   const uint8_t *cert, size_t cert_len)
{
	const struct crypto_profile *p = crypto;
	uint8_t mac[RTMFP_MAC_LEN], suite;
	size_t list_len;

	if (cert_len <= RTMFP_MAC_LEN || cert_len > RTMFP_CERT_MAX || payload_len < cert_len)
		return RTMFP_ERR_SYNTAX;
	list_len = cert_len - RTMFP_MAC_LEN;
	rhello_mac(crypto_peer_of_far(far)->public_key, payload, payload_len - cert_len, cert, list_len, mac);
	if (!rtmfp_equal_ct(mac, cert + list_len, RTMFP_MAC_LEN))
		return RTMFP_ERR_AUTH;
	/* Every peer can make the MAC, so what it covers may be nonsense or leave us no suite. */
	return identity_choose_suite(p, cert, list_len, &suite);
}
