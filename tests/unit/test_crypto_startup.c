/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Startup keying through the ops table: what must work, and that nothing else does. Also the profile around
 * it: configuration, peers, payload options.
 */
#include "keying.h"

#include <malloc.h>
#include <signal.h>
#include <stdlib.h>

#include "payload.h"

#define FEATURES (CRYPTO_FEATURE_BIT(CRYPTO_FEATURE_SUPER_PACKET) | CRYPTO_FEATURE_BIT(CRYPTO_FEATURE_ETH))

struct setting {
	uint8_t suite; /* the responder's and the initiator's only one; 0: default */
	unsigned providers;
	bool psk, reset;
};

static const struct setting settings[] = {
	{ CRYPTO_SUITE_AESGCM, AEAD_ALL_PROVIDERS, false, false },
	{ CRYPTO_SUITE_AESGCM, AEAD_ALL_PROVIDERS, true, true },
	{ CRYPTO_SUITE_CHACHAPOLY, AEAD_ALL_PROVIDERS, false, true },
	{ CRYPTO_SUITE_CHACHAPOLY, AEAD_ALL_PROVIDERS, true, false },
	{ CRYPTO_SUITE_AESGCM, AEAD_WOLFSSL, true, false },
	{ CRYPTO_SUITE_CHACHAPOLY, AEAD_WOLFSSL, false, true },
	{ 0, AEAD_ALL_PROVIDERS, true, true },
};
#define SETTINGS ((int)(sizeof(settings) / sizeof(settings[0])))

static struct crypto_profile *profile_with(const struct setting *s, uint64_t features, uint8_t seed)
{
	struct crypto_config cfg = { .suites = { s->suite },
				     .features = features,
				     .stateless_reset = s->reset };
	struct crypto_profile *p;

	memset(cfg.private_key, seed, sizeof(cfg.private_key));
	ck_assert_int_eq(profile_new_with(&cfg, s->providers, &p), RTMFP_OK);
	return p;
}

static void setting_init(struct keying *k, const struct setting *s)
{
	const uint8_t psk[32] = { 1, 2, 3 };
	struct crypto_profile *i = profile_with(s, FEATURES, 0x11);
	struct crypto_profile *r = profile_with(s, FEATURES | CRYPTO_FEATURE_BIT(2), 0x22);
	struct crypto_peer *i_other, *r_other;

	ck_assert_int_eq(crypto_peer_add(i, crypto_profile_public_key(r), s->psk ? psk : NULL, &i_other),
			 RTMFP_OK);
	ck_assert_int_eq(crypto_peer_add(r, crypto_profile_public_key(i), s->psk ? psk : NULL, &r_other),
			 RTMFP_OK);
	keying_init(k, i, i_other, r, r_other);
}

static void setting_fini(struct keying *k)
{
	keying_fini(k);
	crypto_profile_free(k->i.profile);
	crypto_profile_free(k->r.profile);
}

/* |from| seals a packet, |to| opens it. */
static int send_packet(void *from, void *to)
{
	uint8_t buf[4 + 100 + 16], plain[100], *got;
	size_t len;
	bool newest;
	int err;

	for (size_t i = 0; i < sizeof(plain); i++)
		buf[4 + i] = plain[i] = (uint8_t)(i * 3);
	ck_assert_int_eq(OPS->seal(from, buf, sizeof(plain)), RTMFP_OK);
	err = OPS->open(to, buf, sizeof(buf), &got, &len, &newest);
	if (!err) {
		ck_assert_uint_eq(len, sizeof(plain));
		ck_assert_mem_eq(got, plain, len);
	}
	return err;
}

START_TEST(it_works)
{
	const struct setting *s = &settings[_i];
	uint8_t in[32], ifar[32], rn[32], rfar[32], token[16];
	struct keying k;

	setting_init(&k, s);
	for (int again = 0; again < 2; again++) {
		keying_run(&k);
		ck_assert_int_eq(send_packet(k.i.keys, k.r.keys), RTMFP_OK);
		ck_assert_int_eq(send_packet(k.r.keys, k.i.keys), RTMFP_OK);
		ck_assert_int_eq(send_packet(k.i.keys, k.i.keys),
				 RTMFP_ERR_AUTH); /* each way has its own key */

		ck_assert_uint_eq(k.i.info.suite, s->suite ? s->suite : k.r.profile->preference[0]);
		ck_assert_uint_eq(k.r.info.suite, k.i.info.suite);
		ck_assert_uint_eq(k.r.info.far_features, k.i.profile->features);
		ck_assert_uint_eq(k.i.info.far_features, k.r.profile->features);
		ck_assert_uint_eq(k.i.info.features, k.i.profile->features & k.r.profile->features);
		ck_assert_uint_eq(k.r.info.features, k.i.info.features);
		ck_assert(k.i.info.has_reflexive && !k.r.info.has_reflexive);
		ck_assert(rtmfp_addr_equal(&k.i.info.reflexive, &k.reflexive));
		ck_assert_uint_eq(k.i.info.reflexive.origin, RTMFP_ORIGIN_REFLEXIVE);
		ck_assert(k.i.info.has_reset_token == s->reset && !k.r.info.has_reset_token);
		if (s->reset) {
			OPS->reset_token(k.r.profile, k.rsid, token);
			ck_assert_mem_eq(k.i.info.reset_token, token, 16);
			OPS->reset_token(k.r.profile, k.rsid + 1, token);
			ck_assert_mem_ne(k.i.info.reset_token, token, 16);
		}
		crypto_session_nonces(k.i.keys, in, ifar);
		crypto_session_nonces(k.r.keys, rn, rfar);
		ck_assert_mem_eq(in, rfar, 32);
		ck_assert_mem_eq(ifar, rn, 32);
		ck_assert_mem_ne(in, ifar, 32);
		keying_fini(&k);
	}
	setting_fini(&k);
}
END_TEST

START_TEST(psk_decides)
{
	uint8_t other[32] = { 1, 2, 4 };
	struct keying k;

	setting_init(&k, &settings[_i]);
	for (int n = 0; n < 2; n++) {
		const bool right = n == 1;

		crypto_peer_set_psk(k.r.other, right ? k.i.other->psk : other);
		ck_assert_int_eq(keying_ihello(&k), RTMFP_OK);
		ck_assert_int_eq(keying_rhello(&k), RTMFP_OK);
		ck_assert_int_eq(keying_iikeying(&k), RTMFP_OK);
		ck_assert_int_eq(keying_check(&k), RTMFP_OK);
		/* The PSK comes with message 2: message 1 opens without it, and so does the signature. */
		ck_assert_int_eq(keying_read(&k), RTMFP_OK);
		ck_assert_int_eq(keying_rikeying(&k), RTMFP_OK);
		ck_assert_int_eq(keying_verify(&k), RTMFP_OK);
		ck_assert_int_eq(keying_finish(&k), right ? RTMFP_OK : RTMFP_ERR_AUTH);
		keying_fini(&k);
	}
	ck_assert(crypto_peer_has_psk(k.i.other) == settings[_i].psk);
	crypto_peer_set_psk(k.i.other, NULL);
	ck_assert(!crypto_peer_has_psk(k.i.other));
	setting_fini(&k);
}
END_TEST

/* Somebody whom the responder does not know, and a responder who is not who it should be. */
START_TEST(strangers)
{
	struct crypto_profile *third = profile_with(&settings[_i], 0, 0x33);
	struct crypto_peer *r_as_known, *third_as_known;
	struct keying k, stranger, mistaken;

	setting_init(&k, &settings[_i]);
	ck_assert_int_eq(crypto_peer_add(third, crypto_profile_public_key(k.r.profile), NULL, &r_as_known),
			 RTMFP_OK);
	keying_init(&stranger, third, r_as_known, k.r.profile, k.r.other);
	ck_assert_int_eq(keying_ihello(&stranger), RTMFP_OK);
	ck_assert(OPS->epd_selects_local(k.r.profile, stranger.epd, EPD_LEN, stranger.tag, 16));
	ck_assert_int_eq(keying_rhello(&stranger), RTMFP_OK);
	ck_assert_int_eq(keying_iikeying(&stranger), RTMFP_OK);
	ck_assert_int_eq(keying_check(&stranger), RTMFP_OK);
	ck_assert_int_eq(keying_read(&stranger), RTMFP_ERR_UNKNOWN);
	keying_fini(&stranger);

	/* I believes that R has third's key: R does not feel addressed, and nothing R makes is authentic. */
	ck_assert_int_eq(crypto_peer_add(k.i.profile, crypto_profile_public_key(third), NULL,
					 &third_as_known),
			 RTMFP_OK);
	keying_init(&mistaken, k.i.profile, third_as_known, k.r.profile, k.r.other);
	ck_assert_int_eq(keying_ihello(&mistaken), RTMFP_OK);
	ck_assert(!OPS->epd_selects_local(k.r.profile, mistaken.epd, EPD_LEN, mistaken.tag, 16));
	ck_assert(OPS->epd_selects_local(third, mistaken.epd, EPD_LEN, mistaken.tag, 16));
	ck_assert_int_eq(keying_rhello(&mistaken), RTMFP_OK);
	ck_assert_int_eq(keying_rhello_verify(&mistaken), RTMFP_ERR_AUTH);
	ck_assert_int_eq(keying_iikeying(&mistaken), RTMFP_OK);
	ck_assert_int_eq(keying_check(&mistaken), RTMFP_ERR_AUTH);
	ck_assert_int_eq(keying_read(&mistaken), RTMFP_ERR_AUTH);
	keying_fini(&mistaken);

	/* A peer that was removed is a stranger. */
	keying_ihello(&k);
	keying_rhello(&k);
	ck_assert_int_eq(keying_iikeying(&k), RTMFP_OK);
	ck_assert_int_eq(keying_read(&k), RTMFP_OK);
	OPS->hs_free(k.r.hs);
	crypto_peer_remove(k.r.other);
	ck_assert_int_eq(keying_read(&k), RTMFP_ERR_UNKNOWN);
	setting_fini(&k);
	crypto_profile_free(third);
}
END_TEST

START_TEST(discriminators)
{
	struct crypto_profile *r;
	struct keying k;
	size_t len = 7;

	setting_init(&k, &settings[_i]);
	r = k.r.profile;
	keying_ihello(&k);
	ck_assert(OPS->epd_selects_local(r, k.epd, EPD_LEN, k.tag, 16));
	for (size_t n = 0; n < EPD_LEN; n++) {
		ck_assert(!OPS->epd_selects_local(r, k.epd, n, k.tag, 16));
		k.epd[n] ^= 1u << n % 8;
		ck_assert(!OPS->epd_selects_local(r, k.epd, EPD_LEN, k.tag, 16));
		k.epd[n] ^= 1u << n % 8;
	}
	for (size_t n = 0; n < 16; n++) {
		ck_assert(!OPS->epd_selects_local(r, k.epd, EPD_LEN, k.tag, n));
		k.tag[n] ^= 0x40;
		ck_assert(!OPS->epd_selects_local(r, k.epd, EPD_LEN, k.tag, 16));
		k.tag[n] ^= 0x40;
	}
	ck_assert(OPS->epd_selects_local(r, k.epd, EPD_LEN, k.tag, 16));
	ck_assert_int_eq(OPS->epd_make(k.i.profile, crypto_peer_far(k.i.other), k.tag, k.epd, EPD_LEN - 1,
				       &len),
			 RTMFP_ERR_LIMIT);
	/* Both ends agree about who prevails: the smaller key. */
	ck_assert(OPS->near_prevails(k.i.profile, crypto_peer_far(k.i.other)) ==
		  (memcmp(crypto_profile_public_key(k.i.profile), crypto_profile_public_key(r), 32) < 0));
	ck_assert(OPS->near_prevails(k.i.profile, crypto_peer_far(k.i.other)) !=
		  OPS->near_prevails(r, crypto_peer_far(k.r.other)));
	setting_fini(&k);
}
END_TEST

START_TEST(rhello_flipped)
{
	struct keying k;
	uint8_t small[64];
	size_t len, whole;

	setting_init(&k, &settings[_i]);
	keying_ihello(&k);
	ck_assert_int_eq(keying_rhello(&k), RTMFP_OK);
	ck_assert_int_eq(keying_rhello_verify(&k), RTMFP_OK);
	for (size_t n = 0; n < k.rhello_len; n++) {
		k.rhello[n] ^= 1u << n % 8;
		ck_assert_int_eq(keying_rhello_verify(&k), RTMFP_ERR_AUTH);
		k.rhello[n] ^= 1u << n % 8;
	}
	/* Truncated, and lengths that cannot be. Where the certificate begins is inside what the MAC covers.
	 */
	whole = k.rhello_len;
	for (k.rhello_len = k.cert_len; k.rhello_len < whole; k.rhello_len++)
		ck_assert_int_eq(keying_rhello_verify(&k), RTMFP_ERR_AUTH);
	len = k.cert_len;
	for (k.cert_len = 0; k.cert_len <= 16; k.cert_len++)
		ck_assert_int_eq(keying_rhello_verify(&k), RTMFP_ERR_SYNTAX);
	ck_assert_int_eq(OPS->rhello_verify(k.i.profile, crypto_peer_far(k.i.other), k.rhello, len - 1,
					    k.rhello, len),
			 RTMFP_ERR_SYNTAX);
	k.cert_len = len;
	ck_assert_int_eq(keying_rhello_verify(&k), RTMFP_OK);
	for (size_t cap = 0; cap < len; cap++) {
		size_t out;

		ck_assert_int_eq(OPS->rhello_certificate(k.r.profile, k.rhello, 20, small, cap, &out),
				 RTMFP_ERR_LIMIT);
	}
	setting_fini(&k);
}
END_TEST

/* An authentic RHello (any peer can make one) with a strange option list. */
static int rhello_with(struct keying *k, const char *list, size_t list_len)
{
	const struct hash_part part = { k->rhello, 10 + list_len };

	memset(k->rhello, 0x55, 10);
	memcpy(k->rhello + 10, list, list_len);
	profile_mac(crypto_profile_public_key(k->r.profile), "flowtun 1 rhello", &part, 1,
		    k->rhello + 10 + list_len);
	k->cert_len = list_len + 16;
	k->rhello_len = 10 + k->cert_len;
	return keying_rhello_verify(k);
}

START_TEST(rhello_lists)
{
	struct keying k;
	const uint8_t own = settings[_i].suite;
	char list[16];

	setting_init(&k, &settings[_i]);
	memcpy(list, "\x02\x01\x01\x00", 4);
	list[2] = own ? (char)own : 1;
	ck_assert_int_eq(rhello_with(&k, list, 4), RTMFP_OK);
	/* Other options before and behind are skipped. */
	memcpy(list, "\x03\x05zz\x02\x01\x01\x01\x7f\x00", 10);
	list[6] = own ? (char)own : 1;
	ck_assert_int_eq(rhello_with(&k, list, 10), RTMFP_OK);
	/* Nothing in common: unknown suites, none, no such option. */
	ck_assert_int_eq(rhello_with(&k, "\x04\x01\x03\x00\xff\x00", 6), RTMFP_ERR_UNKNOWN);
	ck_assert_int_eq(rhello_with(&k, "\x01\x01\x00", 3), RTMFP_ERR_UNKNOWN);
	ck_assert_int_eq(rhello_with(&k, "\x00", 1), RTMFP_ERR_UNKNOWN);
	/* No Marker, something behind it, the option twice, a length that runs out. */
	ck_assert_int_eq(rhello_with(&k, "\x03\x01\x01\x02", 4), RTMFP_ERR_SYNTAX);
	ck_assert_int_eq(rhello_with(&k, "\x03\x01\x01\x02\x00\x00", 6), RTMFP_ERR_SYNTAX);
	ck_assert_int_eq(rhello_with(&k, "\x02\x01\x01\x02\x01\x02\x00", 7), RTMFP_ERR_SYNTAX);
	ck_assert_int_eq(rhello_with(&k, "\x09\x01\x01\x02\x00", 5), RTMFP_ERR_SYNTAX);
	/* Such a certificate makes no IIKeying either. */
	ck_assert_int_eq(keying_iikeying(&k), RTMFP_ERR_SYNTAX);
	ck_assert_ptr_null(k.i.hs);
	setting_fini(&k);
}
END_TEST

START_TEST(suites_chosen)
{
	static const struct {
		uint8_t i[2], r[2], chosen;
	} cases[] = {
		{ { 1, 2 }, { 1, 2 }, 1 }, { { 1, 2 }, { 2, 1 }, 1 }, { { 2, 1 }, { 1, 2 }, 2 },
		{ { 1, 0 }, { 2, 1 }, 1 }, { { 1, 2 }, { 2, 0 }, 2 }, { { 1, 0 }, { 2, 0 }, 0 },
	};

	for (size_t n = 0; n < sizeof(cases) / sizeof(cases[0]); n++) {
		struct crypto_config cfg = { .private_key = { 1 } };
		struct crypto_profile *i, *r;
		struct crypto_peer *i_other, *r_other;
		struct keying k;
		uint8_t wrong[161];

		memcpy(cfg.suites, cases[n].i, 2);
		ck_assert_int_eq(crypto_profile_new(&cfg, &i), RTMFP_OK);
		cfg.private_key[0] = 8;
		memcpy(cfg.suites, cases[n].r, 2);
		ck_assert_int_eq(crypto_profile_new(&cfg, &r), RTMFP_OK);
		ck_assert_int_eq(crypto_peer_add(i, crypto_profile_public_key(r), NULL, &i_other), RTMFP_OK);
		ck_assert_int_eq(crypto_peer_add(r, crypto_profile_public_key(i), NULL, &r_other), RTMFP_OK);
		keying_init(&k, i, i_other, r, r_other);
		if (cases[n].chosen) {
			keying_run(&k);
			ck_assert_uint_eq(k.i.info.suite, cases[n].chosen);
			ck_assert_uint_eq(keying_skic(&k)[0], cases[n].chosen);
			/* No features were configured, and none arrive. */
			ck_assert_uint_eq(k.i.info.far_features | k.r.info.far_features, 0);
			/* Another suite byte: refused without any Diffie-Hellman where it is not allowed. */
			memcpy(wrong, keying_skic(&k), sizeof(wrong));
			for (unsigned v = 0; v < 256; v++) {
				struct rtmfp_far *far;
				void *hs;
				int err;

				if (v == cases[n].chosen)
					continue;
				wrong[0] = (uint8_t)v;
				err = OPS->responder_read(r, k.isid, k.cookie, sizeof(k.cookie), wrong,
							  sizeof(wrong), &far, &hs);
				ck_assert_int_eq(err, profile_suite(r, (uint8_t)v) ? RTMFP_ERR_AUTH
										   : RTMFP_ERR_UNKNOWN);
				ck_assert_ptr_null(hs);
			}
		} else {
			keying_ihello(&k);
			keying_rhello(&k);
			ck_assert_int_eq(keying_rhello_verify(&k), RTMFP_ERR_UNKNOWN);
			ck_assert_int_eq(keying_iikeying(&k), RTMFP_ERR_UNKNOWN);
		}
		setting_fini(&k);
	}
}
END_TEST

START_TEST(iikeying_flipped)
{
	struct keying k;
	struct rtmfp_far *far;
	void *hs;
	size_t signed_len;

	setting_init(&k, &settings[_i]);
	keying_ihello(&k);
	keying_rhello(&k);
	ck_assert_int_eq(keying_iikeying(&k), RTMFP_OK);
	ck_assert_int_eq(keying_check(&k), RTMFP_OK);
	signed_len = k.iikeying_len;

	for (size_t n = 0; n < signed_len + 16; n++) {
		k.iikeying[n] ^= 1u << n % 8;
		ck_assert_int_eq(keying_check(&k), RTMFP_ERR_AUTH);
		/* And if somebody who knows our key signs it anew, Noise refuses. */
		if (n >= k.skic_at && n < k.skic_at + 161)
			ck_assert_int_eq(keying_read(&k),
					 n == k.skic_at && !profile_suite(k.r.profile, k.iikeying[n])
						 ? RTMFP_ERR_UNKNOWN
						 : RTMFP_ERR_AUTH);
		k.iikeying[n] ^= 1u << n % 8;
	}
	/* The prologue: session ID, cookie and its length, suites offered. */
	k.isid ^= 1;
	ck_assert_int_eq(keying_read(&k), RTMFP_ERR_AUTH);
	k.isid ^= 1;
	for (size_t n = 0; n < sizeof(k.cookie); n++) {
		k.cookie[n] ^= 0x10;
		ck_assert_int_eq(keying_read(&k), RTMFP_ERR_AUTH);
		k.cookie[n] ^= 0x10;
	}
	ck_assert_int_eq(OPS->responder_read(k.r.profile, k.isid, k.cookie, sizeof(k.cookie) - 1,
					     keying_skic(&k), 161, &far, &hs),
			 RTMFP_ERR_AUTH);
	if (k.r.profile->suite_count == 2) {
		uint8_t first = k.r.profile->preference[0];

		k.r.profile->preference[0] = k.r.profile->preference[1];
		k.r.profile->preference[1] = first;
		ck_assert_int_eq(keying_read(&k), RTMFP_ERR_AUTH);
		k.r.profile->preference[1] = k.r.profile->preference[0];
		k.r.profile->preference[0] = first;
	}
	/* Lengths. */
	for (size_t n = 0; n < 400; n++) {
		if (n != 161) {
			ck_assert_int_eq(OPS->responder_check(k.r.profile, k.iikeying, signed_len, k.iikeying,
							      0, keying_skic(&k), n, k.iikeying + signed_len,
							      16),
					 RTMFP_ERR_SYNTAX);
			ck_assert_int_eq(OPS->responder_read(k.r.profile, k.isid, k.cookie, sizeof(k.cookie),
							     keying_skic(&k), n, &far, &hs),
					 RTMFP_ERR_SYNTAX);
		}
		if (n != 16)
			ck_assert_int_eq(OPS->responder_check(k.r.profile, k.iikeying, signed_len, k.iikeying,
							      0, keying_skic(&k), 161,
							      k.iikeying + signed_len, n),
					 RTMFP_ERR_SYNTAX);
		if (n != 0)
			ck_assert_int_eq(OPS->responder_check(k.r.profile, k.iikeying, signed_len, k.iikeying,
							      n, keying_skic(&k), 161,
							      k.iikeying + signed_len, 16),
					 RTMFP_ERR_SYNTAX);
		if (n < 8 || n > RTMFP_COOKIE_MAX)
			ck_assert_int_eq(OPS->responder_read(k.r.profile, k.isid, k.iikeying, n,
							     keying_skic(&k), 161, &far, &hs),
					 RTMFP_ERR_SYNTAX);
	}
	/* After all that the genuine one still works. */
	ck_assert_int_eq(keying_check(&k), RTMFP_OK);
	ck_assert_int_eq(keying_read(&k), RTMFP_OK);
	ck_assert_int_eq(keying_rikeying(&k), RTMFP_OK);
	ck_assert_int_eq(keying_verify(&k), RTMFP_OK);
	ck_assert_int_eq(keying_finish(&k), RTMFP_OK);
	ck_assert_int_eq(send_packet(k.i.keys, k.r.keys), RTMFP_OK);
	setting_fini(&k);
}
END_TEST

START_TEST(rikeying_flipped)
{
	struct keying k;
	struct rtmfp_keying_info info = { 0 };
	uint8_t before[4096], params[1024], out[16];
	size_t hs_size, len;
	void *keys;

	setting_init(&k, &settings[_i]);
	keying_ihello(&k);
	keying_rhello(&k);
	ck_assert_int_eq(keying_iikeying(&k), RTMFP_OK);
	ck_assert_int_eq(keying_read(&k), RTMFP_OK);
	for (size_t cap = 0; cap < 144; cap++)
		ck_assert_int_eq(OPS->responder_write(k.r.hs, k.rsid, &k.reflexive, params, cap, &len),
				 RTMFP_ERR_LIMIT);
	ck_assert_int_eq(keying_rikeying(&k), RTMFP_OK);
	ck_assert_int_eq(keying_verify(&k), RTMFP_OK);
	hs_size = malloc_usable_size(k.i.hs);
	ck_assert_uint_le(hs_size, sizeof(before));
	memcpy(before, k.i.hs, hs_size);

	for (size_t n = 0; n < k.rikeying_len + 16; n++) {
		k.rikeying[n] ^= 1u << n % 8;
		ck_assert_int_eq(keying_verify(&k), RTMFP_ERR_AUTH);
		if (n >= k.skrc_at && n < k.skrc_at + 144) {
			ck_assert_int_eq(keying_finish(&k), RTMFP_ERR_AUTH);
			ck_assert_ptr_null(k.i.keys);
			ck_assert_mem_eq(k.i.hs, before, hs_size);
		}
		k.rikeying[n] ^= 1u << n % 8;
	}
	/* Noise authenticates the session ID. */
	k.rsid ^= 0x8000;
	ck_assert_int_eq(keying_finish(&k), RTMFP_ERR_AUTH);
	k.rsid ^= 0x8000;
	/* An ephemeral of low order. */
	memcpy(params, keying_skrc(&k), 144);
	memset(params, 0, 32);
	ck_assert_int_eq(OPS->initiator_keys(k.i.hs, k.rsid, params, 144, &keys, &info), RTMFP_ERR_AUTH);
	for (size_t n = 0; n < 300; n++) {
		if (n != 144)
			ck_assert_int_eq(OPS->initiator_keys(k.i.hs, k.rsid, keying_skrc(&k), n, &keys,
							     &info),
					 RTMFP_ERR_SYNTAX);
		if (n != 16)
			ck_assert_int_eq(OPS->initiator_verify(k.i.hs, k.rikeying, 100, k.rikeying, n),
					 RTMFP_ERR_SYNTAX);
		if (n < 16) {
			ck_assert_int_eq(OPS->initiator_sign(k.i.hs, params, 100, out, n, &len),
					 RTMFP_ERR_LIMIT);
			ck_assert_int_eq(OPS->responder_sign(k.r.hs, params, 100, out, n, &len),
					 RTMFP_ERR_LIMIT);
		}
	}
	ck_assert_mem_eq(k.i.hs, before, hs_size);
	ck_assert_int_eq(keying_finish(&k), RTMFP_OK);
	ck_assert_int_eq(send_packet(k.i.keys, k.r.keys), RTMFP_OK);
	ck_assert_int_eq(send_packet(k.r.keys, k.i.keys), RTMFP_OK);
	setting_fini(&k);
}
END_TEST

/* A responder may answer more than one IIKeying of an initiator; each pair of keys is its own. */
START_TEST(handshakes_are_independent)
{
	struct keying a, b;

	setting_init(&a, &settings[_i]);
	keying_run(&a);
	keying_init(&b, a.i.profile, a.i.other, a.r.profile, a.r.other);
	keying_run(&b);
	ck_assert_mem_ne(keying_skic(&a), keying_skic(&b), 161);
	ck_assert_mem_ne(keying_skrc(&a), keying_skrc(&b), 144);
	ck_assert_int_eq(send_packet(a.i.keys, b.r.keys), RTMFP_ERR_AUTH);
	ck_assert_int_eq(send_packet(b.r.keys, a.i.keys), RTMFP_ERR_AUTH);
	ck_assert_int_eq(send_packet(a.i.keys, a.r.keys), RTMFP_OK);
	ck_assert_int_eq(send_packet(b.i.keys, b.r.keys), RTMFP_OK);
	/* A RIKeying that answers another IIKeying is not signed for this one. */
	memcpy(a.rikeying, b.rikeying, sizeof(a.rikeying));
	ck_assert_int_eq(keying_verify(&a), RTMFP_ERR_AUTH);
	keying_fini(&b);
	setting_fini(&a);
}
END_TEST

/* Reset tokens are used only when both ends listed the feature. */
START_TEST(reset_needs_both)
{
	for (int n = 0; n < 4; n++) {
		struct setting s = { CRYPTO_SUITE_CHACHAPOLY, AEAD_ALL_PROVIDERS, false, false };
		struct crypto_profile *i, *r;
		struct crypto_peer *i_other, *r_other;
		struct keying k;

		s.reset = n & 1;
		i = profile_with(&s, 0, 0x44);
		s.reset = n & 2;
		r = profile_with(&s, 0, 0x55);
		ck_assert_int_eq(crypto_peer_add(i, crypto_profile_public_key(r), NULL, &i_other), RTMFP_OK);
		ck_assert_int_eq(crypto_peer_add(r, crypto_profile_public_key(i), NULL, &r_other), RTMFP_OK);
		keying_init(&k, i, i_other, r, r_other);
		keying_run(&k);
		ck_assert(k.i.info.has_reset_token == (n == 3));
		setting_fini(&k);
	}
}
END_TEST

/* The widest message 2 fits: all features, IPv6, reset token. */
START_TEST(widest_payload)
{
	struct crypto_config cfg = { .private_key = { 1 }, .stateless_reset = true };
	struct crypto_profile *i, *r;
	struct crypto_peer *i_other, *r_other;
	struct keying k;

	for (unsigned code = 63; code > 32; code--)
		cfg.features |= CRYPTO_FEATURE_BIT(code);
	ck_assert_int_eq(crypto_profile_new(&cfg, &i), RTMFP_OK);
	cfg.private_key[0] = 8;
	ck_assert_int_eq(crypto_profile_new(&cfg, &r), RTMFP_OK);
	ck_assert_int_eq(crypto_peer_add(i, crypto_profile_public_key(r), NULL, &i_other), RTMFP_OK);
	ck_assert_int_eq(crypto_peer_add(r, crypto_profile_public_key(i), NULL, &r_other), RTMFP_OK);
	keying_init(&k, i, i_other, r, r_other);
	k.reflexive =
		(struct rtmfp_addr){ .family = 6, .port = 65535, .ip = { 0x20, 1, 0xd, 0xb8, [15] = 9 } };
	keying_run(&k);
	ck_assert_uint_eq(k.i.info.features, i->features);
	ck_assert(rtmfp_addr_equal(&k.i.info.reflexive, &k.reflexive));
	ck_assert(k.i.info.has_reset_token);
	setting_fini(&k);
	cfg.features |= CRYPTO_FEATURE_BIT(1);
	ck_assert_int_eq(crypto_profile_new(&cfg, &i), RTMFP_ERR_LIMIT);
	ck_assert_ptr_null(i);
}
END_TEST

/* ---- payload options ---- */

static int read_text(struct payload *p, const char *text, size_t len)
{
	uint8_t buf[96] = { 0 };

	memcpy(buf, text, len);
	return payload_read(p, buf, sizeof(buf));
}

START_TEST(payload_options)
{
	struct payload p;
	uint8_t buf[96];

#define READ(text) read_text(&p, text, sizeof(text) - 1)
	/* Nothing; unknown options, even twice, also of type 0. */
	ck_assert_int_eq(READ(""), RTMFP_OK);
	ck_assert(!p.features && !p.has_session_id && !p.has_reflexive && !p.has_reset_token);
	ck_assert_int_eq(READ("\x01\x00\x02\x00x\x03\x7fxx\x03\x7fxx\x00"), RTMFP_OK);
	/* Features: 1, 63 as a VLU of two bytes, 64 and 200 ignored; bad VLU; option twice; empty. */
	ck_assert_int_eq(READ("\x07\x01\x01\x80\x3f\x40\x81\x48"), RTMFP_OK);
	ck_assert_uint_eq(p.features, CRYPTO_FEATURE_BIT(1) | CRYPTO_FEATURE_BIT(63));
	ck_assert_int_eq(READ("\x03\x01\x01\x81"), RTMFP_ERR_SYNTAX);
	ck_assert_int_eq(READ("\x02\x01\x01\x02\x01\x02"), RTMFP_ERR_SYNTAX);
	ck_assert_int_eq(READ("\x01\x01"), RTMFP_OK);
	/* Session ID. */
	ck_assert_int_eq(READ("\x05\x02\x01\x02\x03\x04"), RTMFP_OK);
	ck_assert(p.has_session_id && p.session_id == 0x01020304);
	ck_assert_int_eq(READ("\x04\x02\x01\x02\x03"), RTMFP_ERR_SYNTAX);
	ck_assert_int_eq(READ("\x06\x02\x01\x02\x03\x04\x05"), RTMFP_ERR_SYNTAX);
	ck_assert_int_eq(READ("\x05\x02\x01\x02\x03\x04\x05\x02\x01\x02\x03\x04"), RTMFP_ERR_SYNTAX);
	/* Address. */
	ck_assert_int_eq(READ("\x08\x03\x02\x0a\x00\x00\x01\x07\x8f"), RTMFP_OK);
	ck_assert(p.has_reflexive && p.reflexive.family == 4 && p.reflexive.port == 1935);
	ck_assert_int_eq(READ("\x08\x03\x82\x0a\x00\x00\x01\x07\x8f"), RTMFP_ERR_SYNTAX);
	ck_assert_int_eq(READ("\x01\x03"), RTMFP_ERR_SYNTAX);
	/* Reset token. */
	ck_assert_int_eq(READ("\x11\x04"
			      "0123456789abcdef"),
			 RTMFP_OK);
	ck_assert(p.has_reset_token);
	ck_assert_mem_eq(p.reset_token, "0123456789abcdef", 16);
	ck_assert_int_eq(READ("\x10\x04"
			      "0123456789abcde"),
			 RTMFP_ERR_SYNTAX);
	/* What follows the Marker does not count. */
	ck_assert_int_eq(READ("\x02\x01\x01\x00\x05\x02\x01"), RTMFP_OK);
	ck_assert(p.features == 2 && !p.has_session_id);
	/* No Marker anywhere; an option longer than what is left; a length beyond 2^64. */
	memset(buf, 2, sizeof(buf));
	ck_assert_int_eq(payload_read(&p, buf, 2), RTMFP_ERR_SYNTAX);
	ck_assert_int_eq(payload_read(&p, buf, 0), RTMFP_ERR_SYNTAX);
	memset(buf, 0xff, sizeof(buf));
	ck_assert_int_eq(payload_read(&p, buf, sizeof(buf)), RTMFP_ERR_SYNTAX);
	memset(buf, 1, sizeof(buf));
	buf[0] = 97;
	ck_assert_int_eq(payload_read(&p, buf, sizeof(buf)), RTMFP_ERR_SYNTAX);

	/* Writing: bytes of section 2.4, zeros behind them, all or nothing. */
	p = (struct payload){ .features = CRYPTO_FEATURE_BIT(1) | CRYPTO_FEATURE_BIT(8),
			      .has_session_id = true,
			      .session_id = 0xdeadbeef,
			      .has_reflexive = true,
			      .reflexive = { .family = 4, .port = 0x1234, .ip = { 1, 2, 3, 4 } },
			      .has_reset_token = true,
			      .reset_token = "0123456789abcdef" };
	static const char want[64] = "\x03\x01\x01\x08"
				     "\x05\x02\xde\xad\xbe\xef"
				     "\x08\x03\x02\x01\x02\x03\x04\x12\x34"
				     "\x11\x04"
				     "0123456789abcdef";

	memset(buf, 0xee, sizeof(buf));
	ck_assert_int_eq(payload_write(&p, buf, 64), RTMFP_OK);
	ck_assert_mem_eq(buf, want, 64);
	ck_assert_uint_eq(buf[64], 0xee);
	ck_assert_int_eq(payload_write(&p, buf, 38), RTMFP_OK);
	ck_assert_int_eq(payload_write(&p, buf, 37), RTMFP_ERR_LIMIT);
}
END_TEST

/* ---- configuration, peers, randomness ---- */

START_TEST(configuration)
{
	struct crypto_config cfg = { .private_key = { 9 } };
	struct crypto_profile *p, *same;
	uint8_t pub[32], x[64], y[64];
	static const uint8_t zero[64];

	ck_assert_int_eq(crypto_profile_new(&cfg, &p), RTMFP_OK);
	ck_assert_int_eq(crypto_pubkey(pub, cfg.private_key), RTMFP_OK);
	ck_assert_mem_eq(crypto_profile_public_key(p), pub, 32);
	ck_assert_uint_eq(p->suite_count, 2);
	ck_assert_uint_eq(p->preference[0], p->aeads.best[AEAD_AES256_GCM]->fast ? 1 : 2);
	ck_assert(strstr(crypto_profile_describe(p), "AES-256-GCM by "));
	ck_assert(!strchr(crypto_profile_describe(p), '\n'));
	OPS->random(p, x, sizeof(x));
	OPS->random(p, y, sizeof(y));
	ck_assert_mem_ne(x, y, sizeof(x));
	ck_assert_mem_ne(x, zero, sizeof(x));
	/* The same key twice on one machine does not mean the same random numbers. */
	ck_assert_int_eq(crypto_profile_new(&cfg, &same), RTMFP_OK);
	OPS->random(same, y, sizeof(y));
	ck_assert_mem_ne(x, y, sizeof(x));
	crypto_profile_free(same);
	crypto_profile_free(p);

	/* Without intel-ipsec-mb: which suite comes first depends on wolfSSL, and the line tells the price.
	 */
	ck_assert_int_eq(profile_new_with(&cfg, AEAD_WOLFSSL, &p), RTMFP_OK);
	if (!p->aeads.best[AEAD_AES256_GCM]->fast) {
		ck_assert_uint_eq(p->preference[0], CRYPTO_SUITE_CHACHAPOLY);
		ck_assert(strstr(crypto_profile_describe(p), "ChaCha20-Poly1305 preferred"));
		if (!p->aeads.best[AEAD_CHACHA20_POLY1305]->fast)
			ck_assert(strstr(crypto_profile_describe(p), "CPU time"));
	}
	crypto_profile_free(p);

	static const struct {
		uint8_t suites[2];
		uint64_t features;
	} bad[] = {
		{ { 3, 0 }, 0 },
		{ { 1, 1 }, 0 },
		{ { 1, 200 }, 0 },
		{ { 0 }, CRYPTO_FEATURE_BIT(0) },
		{ { 0 }, CRYPTO_FEATURE_BIT(CRYPTO_FEATURE_ML_KEM) },
	};

	for (size_t n = 0; n < sizeof(bad) / sizeof(bad[0]); n++) {
		memcpy(cfg.suites, bad[n].suites, 2);
		cfg.features = bad[n].features;
		ck_assert_int_eq(crypto_profile_new(&cfg, &p), RTMFP_ERR_UNKNOWN);
		ck_assert_ptr_null(p);
	}
	ck_assert_str_eq(crypto_suite_name(1), "AESGCM");
	ck_assert_str_eq(crypto_suite_name(2), "ChaChaPoly");
	ck_assert_str_eq(crypto_suite_name(0), "unknown");
	crypto_profile_free(NULL);
}
END_TEST

START_TEST(many_peers)
{
	enum { COUNT = 3000 };
	struct crypto_config cfg = { .private_key = { 9 } };
	static struct crypto_peer *peers[COUNT];
	struct crypto_peer *extra;
	struct crypto_profile *p;
	uint8_t key[32] = { 0 };

	ck_assert_int_eq(crypto_profile_new(&cfg, &p), RTMFP_OK);
	ck_assert_int_eq(crypto_peer_add(p, crypto_profile_public_key(p), NULL, &extra), RTMFP_ERR_AUTH);
	for (int n = 0; n < COUNT; n++) {
		put_u32(key, (uint32_t)n);
		ck_assert_ptr_null(crypto_peer_find(p, key));
		ck_assert_int_eq(crypto_peer_add(p, key, NULL, &peers[n]), RTMFP_OK);
		ck_assert_mem_eq(crypto_peer_public_key(peers[n]), key, 32);
		ck_assert_ptr_null(crypto_peer_far(peers[n])->peer);
		ck_assert_ptr_eq(crypto_peer_of_far(crypto_peer_far(peers[n])), peers[n]);
		ck_assert_int_eq(crypto_peer_add(p, key, NULL, &extra), RTMFP_ERR_LIMIT);
		ck_assert_ptr_null(extra);
	}
	for (int n = 0; n < COUNT; n += 3)
		crypto_peer_remove(peers[n]);
	for (int n = 0; n < COUNT; n++) {
		put_u32(key, (uint32_t)n);
		ck_assert_ptr_eq(crypto_peer_find(p, key), n % 3 ? peers[n] : NULL);
	}
	crypto_peer_remove(NULL);
	crypto_profile_free(p); /* and the peers that are left */
}
END_TEST

static int no_entropy(void *ctx, uint8_t *out, size_t len)
{
	(void)ctx;
	(void)out;
	(void)len;
	return RTMFP_ERR_CRYPTO;
}

START_TEST(entropy_gone)
{
	struct crypto_config cfg = { .private_key = { 9 } };
	struct crypto_profile *p;
	uint8_t x[4];

	ck_assert_int_eq(crypto_profile_new(&cfg, &p), RTMFP_OK);
	p->source.fill = no_entropy;
	OPS->random(p, x, sizeof(x));
	ck_abort_msg("went on without random numbers");
}
END_TEST

START_TEST(macs)
{
	const uint8_t key[32] = { 7 };
	uint8_t out[16], want[32];
	const struct hash_part part = { "labeldata", 9 };
	const struct hash_part lone = { "label", 5 };

	OPS->mac(NULL, key, "label", (const uint8_t *)"data", 4, out);
	hash_hmac(HASH_SHA256, key, 32, &part, 1, want);
	ck_assert_mem_eq(out, want, 16);
	OPS->mac(NULL, key, "label", NULL, 0, out);
	hash_hmac(HASH_SHA256, key, 32, &lone, 1, want);
	ck_assert_mem_eq(out, want, 16);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("crypto_startup");
	TCase *tc = tcase_create("startup");
	SRunner *sr;
	int failed;

	sr = srunner_create(s);
	tcase_set_timeout(tc, 300);
	tcase_add_loop_test(tc, it_works, 0, SETTINGS);
	tcase_add_loop_test(tc, psk_decides, 0, SETTINGS);
	tcase_add_loop_test(tc, strangers, 0, SETTINGS);
	tcase_add_loop_test(tc, discriminators, 0, 1);
	tcase_add_loop_test(tc, rhello_flipped, 0, SETTINGS);
	tcase_add_loop_test(tc, rhello_lists, 0, SETTINGS);
	tcase_add_test(tc, suites_chosen);
	tcase_add_loop_test(tc, iikeying_flipped, 0, SETTINGS);
	tcase_add_loop_test(tc, rikeying_flipped, 0, SETTINGS);
	tcase_add_loop_test(tc, handshakes_are_independent, 0, SETTINGS);
	tcase_add_test(tc, reset_needs_both);
	tcase_add_test(tc, widest_payload);
	tcase_add_test(tc, payload_options);
	tcase_add_test(tc, configuration);
	tcase_add_test(tc, many_peers);
	tcase_add_test(tc, macs);
	/* This one ends its process, so it needs one of its own. */
	if (srunner_fork_status(sr) == CK_FORK)
		tcase_add_test_raise_signal(tc, entropy_gone, SIGABRT);
	suite_add_tcase(s, tc);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
