/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The story: startup, packets, two rekeys, for each suite. Everything goes through the ops table with
 * scripted randomness; beside it the same handshakes run through the plain Noise functions, which show the
 * intermediate values, and both must agree.
 */
#include "story.h"

#include "keying.h"
#include "packet.h"
#include "payload.h"

/* "Random" bytes: v, v + 1, v + 2, ... */
struct script {
	uint8_t v;
};

static int scripted(void *ctx, uint8_t *out, size_t len)
{
	struct script *s = ctx;

	for (size_t i = 0; i < len; i++)
		out[i] = (uint8_t)(s->v + i);
	return RTMFP_OK;
}

/* A name and its bytes, 32 to a line. */
static void tell(FILE *out, const char *name, const void *data, size_t len)
{
	const uint8_t *p = data;

	fprintf(out, "%s (%zu)\n", name, len);
	for (size_t i = 0; i < len; i++)
		fprintf(out, "%s%02x%s", i % 32 ? "" : "    ", p[i],
			i % 32 == 31 || i + 1 == len ? "\n" : "");
}

static void same(const void *a, const void *b, size_t len, const char *what)
{
	ck_assert_msg(memcmp(a, b, len) == 0, "the ops and Noise disagree about %s", what);
}

/* A startup packet of one chunk, as a datagram of |want| bytes. */
static void tell_startup_packet(FILE *out, const char *name, struct crypto_profile *p, uint32_t session_id,
				uint8_t type, const uint8_t *payload, size_t len, size_t pad_to, size_t want)
{
	uint8_t datagram[1200];
	struct rtmfp_writer w = rtmfp_writer(datagram + 8, sizeof(datagram) - 8 - 16);
	size_t plain_len;

	rtmfp_write_u8(&w, 0x03); /* mode 3, no timestamps */
	rtmfp_write_u8(&w, type);
	rtmfp_write_u16(&w, (uint16_t)len);
	rtmfp_write_bytes(&w, payload, len);
	if (24 + rtmfp_written(&w) < pad_to) {
		size_t fill = pad_to - 24 - rtmfp_written(&w) - 3;

		rtmfp_write_u8(&w, 0xff);
		rtmfp_write_u16(&w, (uint16_t)fill);
		while (fill--)
			rtmfp_write_u8(&w, 0xff);
	}
	plain_len = rtmfp_written(&w);
	ck_assert_uint_eq(8 + plain_len + 16, want);
	fprintf(out, "\n");
	tell(out, name, datagram + 8, plain_len);
	ck_assert_int_eq(OPS->startup_seal(p, datagram + 4, plain_len), RTMFP_OK);
	put_u32(datagram, session_id ^ get_u32(datagram + 4) ^ get_u32(datagram + 8));
	tell(out, "  as a datagram", datagram, want);
}

static void tell_packet(FILE *out, const char *name, void *from, void *to, uint32_t session_id,
			const void *plain, size_t len)
{
	uint8_t datagram[256], *got;
	size_t got_len;
	bool newest;

	memcpy(datagram + 8, plain, len);
	ck_assert_int_eq(OPS->seal(from, datagram + 4, len), RTMFP_OK);
	put_u32(datagram, session_id ^ get_u32(datagram + 4) ^ get_u32(datagram + 8));
	tell(out, name, datagram, len + 24);
	ck_assert_int_eq(OPS->open(to, datagram + 4, len + 20, &got, &got_len, &newest), RTMFP_OK);
	ck_assert_uint_eq(got_len, len);
	ck_assert(newest);
}

static void tell_keys(FILE *out, const struct noise_keys *keys)
{
	tell(out, "k1 (Noise initiator to responder)", keys->k1, 32);
	tell(out, "k2 (Noise responder to initiator)", keys->k2, 32);
	tell(out, "x (exporter)", keys->x, 32);
	tell(out, "h (handshake hash)", keys->h, 32);
}

/* Does what the startup of |k| did with Noise alone; fills |keys|. */
static void retrace_startup(FILE *out, const struct keying *k, const uint8_t i_eph[32],
			    const uint8_t r_eph[32], struct noise_keys *keys)
{
	const struct noise_suite *suite = profile_suite(k->i.profile, keying_skic(k)[0]);
	uint8_t prologue[512], plain[96], msg[161], m[32];
	struct rtmfp_writer w = rtmfp_writer(prologue, sizeof(prologue));
	struct noise n;

	rtmfp_write_bytes(&w, "flowtun 1", 9);
	rtmfp_write_u32(&w, k->isid);
	rtmfp_write_u8(&w, sizeof(k->cookie));
	rtmfp_write_bytes(&w, k->cookie, sizeof(k->cookie));
	rtmfp_write_bytes(&w, keying_cert(k), k->cert_len - 16);
	fprintf(out, "\nNoise_IKpsk2%s\n", suite->tail);
	tell(out, "prologue", prologue, rtmfp_written(&w));

	noise_ik_init(&n, suite, &k->r.profile->near, NULL, prologue, rtmfp_written(&w));
	tell(out, "initiator's ephemeral private key", i_eph, 32);
	ck_assert_int_eq(noise_ik_read1(&n, keying_skic(k) + 1, 160, plain), RTMFP_OK);
	same(n.rs, k->i.profile->near.pub, 32, "the initiator's key");
	tell(out, "payload of message 1", plain, 64);
	tell(out, "ck after message 1", n.ck, 32);
	tell(out, "h after message 1", n.h, 32);
	noise_message_key(&n, m);
	tell(out, "m (signs RIKeying)", m, 32);
	memcpy(n.psk, k->r.other->psk, 32);
	tell(out, "responder's ephemeral private key", r_eph, 32);
	memcpy(msg, keying_skrc(k), 144);
	{
		struct payload payload = { .features = k->r.profile->features,
					   .has_session_id = true,
					   .session_id = k->rsid,
					   .has_reflexive = true,
					   .reflexive = k->reflexive,
					   .has_reset_token = true };

		OPS->reset_token(k->r.profile, k->rsid, payload.reset_token);
		ck_assert_int_eq(payload_write(&payload, plain, 96), RTMFP_OK);
	}
	tell(out, "payload of message 2", plain, 96);
	ck_assert_int_eq(noise_ik_write2(&n, r_eph, plain, 96, msg), RTMFP_OK);
	same(msg, keying_skrc(k), 144, "message 2");
	noise_split(&n, NULL, 0, keys);
	tell_keys(out, keys);
}

static void tell_startup(FILE *out, struct keying *k, struct script *i_script, struct script *r_script,
			 struct noise_keys *keys)
{
	uint8_t ihello[64], i_eph[32], r_eph[32], near_nonce[32], far_nonce[32];
	struct rtmfp_writer w = rtmfp_writer(ihello, sizeof(ihello));

	i_script->v = 0x10;
	ck_assert_int_eq(keying_ihello(k), RTMFP_OK);
	tell(out, "tag", k->tag, sizeof(k->tag));
	tell(out, "Endpoint Discriminator", k->epd, sizeof(k->epd));
	rtmfp_write_vlu(&w, sizeof(k->epd));
	rtmfp_write_bytes(&w, k->epd, sizeof(k->epd));
	rtmfp_write_bytes(&w, k->tag, sizeof(k->tag));
	i_script->v = 0xa0;
	tell_startup_packet(out, "IHello packet", k->i.profile, 0, 0x30, ihello, rtmfp_written(&w), 128, 128);

	ck_assert_int_eq(keying_rhello(k), RTMFP_OK);
	ck_assert_int_eq(keying_rhello_verify(k), RTMFP_OK);
	r_script->v = 0xb0;
	tell_startup_packet(out, "RHello packet", k->r.profile, 0, 0x70, k->rhello, k->rhello_len, 0, 107);
	tell(out, "cookie", k->cookie, sizeof(k->cookie));
	tell(out, "responder's certificate", keying_cert(k), k->cert_len);

	i_script->v = 0x40;
	scripted(i_script, i_eph, sizeof(i_eph));
	ck_assert_int_eq(keying_iikeying(k), RTMFP_OK);
	i_script->v = 0xc0;
	tell_startup_packet(out, "IIKeying packet", k->i.profile, 0, 0x38, k->iikeying, k->iikeying_len + 16,
			    0, 253);
	tell(out, "sessionKeyInitiatorComponent", keying_skic(k), 161);
	tell(out, "signature", k->iikeying + k->iikeying_len, 16);
	ck_assert_int_eq(keying_check(k), RTMFP_OK);
	ck_assert_int_eq(keying_read(k), RTMFP_OK);

	r_script->v = 0x60;
	scripted(r_script, r_eph, sizeof(r_eph));
	ck_assert_int_eq(keying_rikeying(k), RTMFP_OK);
	r_script->v = 0xd0;
	tell_startup_packet(out, "RIKeying packet", k->r.profile, k->isid, 0x78, k->rikeying,
			    k->rikeying_len + 16, 0, 194);
	tell(out, "sessionKeyResponderComponent", keying_skrc(k), 144);
	tell(out, "signature", k->rikeying + k->rikeying_len, 16);
	ck_assert_int_eq(keying_verify(k), RTMFP_OK);
	ck_assert_int_eq(keying_finish(k), RTMFP_OK);

	retrace_startup(out, k, i_eph, r_eph, keys);
	same(keys->x, ((struct packet_keys *)k->i.keys)->x, 32, "x");
	same(keys->h, ((struct packet_keys *)k->i.keys)->h, 32, "h");
	crypto_session_nonces(k->i.keys, near_nonce, far_nonce);
	tell(out, "initiator's nonce (RFC 7016)", near_nonce, 32);
	tell(out, "responder's nonce (RFC 7016)", far_nonce, 32);
}

/* Epoch |epoch|, started by |a|; |keys| of the last epoch become those of the new one. */
static void tell_rekey(FILE *out, uint64_t epoch, struct end *a, struct script *a_script, uint32_t a_id,
		       struct end *b, struct script *b_script, uint32_t b_id, struct noise_keys *keys)
{
	const struct noise_suite *suite = profile_suite(a->profile, ((struct packet_keys *)a->keys)->suite);
	uint8_t init[512], resp[512], prologue[64], a_eph[32], b_eph[32], plain[64], msg[112];
	struct rtmfp_writer w = rtmfp_writer(prologue, sizeof(prologue));
	struct rtmfp_keying_info info = { 0 };
	size_t init_len, resp_len;
	void *rk, *a_new, *b_new;
	struct noise n;
	uint32_t id;

	a_script->v = (uint8_t)(0x21 * epoch);
	scripted(a_script, a_eph, sizeof(a_eph));
	b_script->v = (uint8_t)(0x41 * epoch);
	scripted(b_script, b_eph, sizeof(b_eph));
	ck_assert_int_eq(OPS->rekey_init(a->keys, epoch, a_id, init, sizeof(init), &init_len, &rk), RTMFP_OK);
	ck_assert_int_eq(OPS->rekey_respond(b->keys, epoch, init, init_len, b_id, resp, sizeof(resp),
					    &resp_len, &id, &b_new, &info),
			 RTMFP_OK);
	ck_assert_uint_eq(id, a_id);
	ck_assert_int_eq(OPS->rekey_finish(rk, resp, resp_len, &id, &a_new, &info), RTMFP_OK);
	ck_assert_uint_eq(id, b_id);
	OPS->rekey_free(rk);

	rtmfp_write_bytes(&w, "flowtun 1 rekey", 15);
	rtmfp_write_vlu(&w, epoch);
	rtmfp_write_bytes(&w, keys->h, 32);
	fprintf(out, "\nNoise_KKpsk0%s, epoch %u\n", suite->tail, (unsigned)epoch);
	tell(out, "prologue", prologue, rtmfp_written(&w));
	tell(out, "psk", keys->x, 32);
	noise_kk_init(&n, suite, false, &b->profile->near, a->profile->near.pub, keys->x, prologue,
		      rtmfp_written(&w));
	tell(out, "initiator's ephemeral private key", a_eph, 32);
	ck_assert_int_eq(noise_kk_read1(&n, init, init_len, plain), RTMFP_OK);
	tell(out, "payload of message 1", plain, 64);
	tell(out, "message 1 (INIT)", init, init_len);
	tell(out, "responder's ephemeral private key", b_eph, 32);
	{
		struct payload payload = { .features = b->profile->features,
					   .has_session_id = true,
					   .session_id = b_id,
					   .has_reset_token = true };

		OPS->reset_token(b->profile, b_id, payload.reset_token);
		ck_assert_int_eq(payload_write(&payload, plain, 64), RTMFP_OK);
	}
	tell(out, "payload of message 2", plain, 64);
	ck_assert_int_eq(noise_kk_write2(&n, b_eph, plain, 64, msg), RTMFP_OK);
	ck_assert_uint_eq(resp_len, sizeof(msg));
	same(msg, resp, sizeof(msg), "RESP");
	tell(out, "message 2 (RESP)", resp, resp_len);
	noise_split(&n, NULL, 0, keys);
	tell_keys(out, keys);
	same(keys->x, ((struct packet_keys *)a_new)->x, 32, "x");

	OPS->keys_free(a->keys);
	OPS->keys_free(b->keys);
	a->keys = a_new;
	b->keys = b_new;
}

static struct crypto_profile *make_profile(uint8_t suite, uint8_t seed, struct script *script)
{
	static const uint8_t suites[2][2] = { { 1, 2 }, { 2, 1 } };
	struct crypto_config cfg = { .features = CRYPTO_FEATURE_BIT(1) | CRYPTO_FEATURE_BIT(2),
				     .stateless_reset = true };
	struct crypto_profile *p;

	for (size_t i = 0; i < sizeof(cfg.private_key); i++)
		cfg.private_key[i] = (uint8_t)(seed + i);
	memcpy(cfg.suites, suites[suite - 1], 2);
	ck_assert_int_eq(crypto_profile_new(&cfg, &p), RTMFP_OK);
	p->source = (struct random_source){ .fill = scripted, .ctx = script };
	return p;
}

static void tell_session(FILE *out, uint8_t suite)
{
	struct script i_script = { 0 }, r_script = { 0 };
	struct crypto_profile *i = make_profile(suite, 0x08, &i_script),
			      *r = make_profile(suite, 0x88, &r_script);
	struct crypto_peer *i_other, *r_other;
	struct noise_keys keys;
	struct keying k;
	uint8_t psk[32];
	static const uint8_t ping[] = { 0x01, 0x01, 0x00, 0x00 };  /* mode 1 | Ping, empty */
	static const uint8_t reply[] = { 0x02, 0x41, 0x00, 0x00 }; /* mode 2 | Ping Reply, empty */

	for (size_t n = 0; n < sizeof(psk); n++)
		psk[n] = (uint8_t)(0xe0 + n);
	ck_assert_int_eq(crypto_peer_add(i, r->near.pub, psk, &i_other), RTMFP_OK);
	ck_assert_int_eq(crypto_peer_add(r, i->near.pub, psk, &r_other), RTMFP_OK);
	keying_init(&k, i, i_other, r, r_other);

	fprintf(out, "==== suite %u (%s) ====\n\n", suite, crypto_suite_name(suite));
	tell(out, "initiator's private key", i->near.priv, 32);
	tell(out, "initiator's public key", i->near.pub, 32);
	tell(out, "responder's private key", r->near.priv, 32);
	tell(out, "responder's public key", r->near.pub, 32);
	tell(out, "pre-shared key", psk, 32);
	tell_startup(out, &k, &i_script, &r_script, &keys);

	fprintf(out, "\npackets of epoch 0\n");
	tell_packet(out, "initiator, number 0: Ping", k.i.keys, k.r.keys, k.rsid, ping, sizeof(ping));
	tell_packet(out, "initiator, number 1: Ping", k.i.keys, k.r.keys, k.rsid, ping, sizeof(ping));
	tell_packet(out, "responder, number 0: Ping Reply", k.r.keys, k.i.keys, k.isid, reply, sizeof(reply));
	((struct packet_keys *)k.i.keys)->next = 0x89abcdef;
	tell_packet(out, "initiator, number 0x89abcdef: Ping", k.i.keys, k.r.keys, k.rsid, ping,
		    sizeof(ping));

	tell_rekey(out, 1, &k.i, &i_script, 0x11121314, &k.r, &r_script, 0xb1b2b3b4, &keys);
	tell_packet(out, "session's initiator, number 0: Ping", k.i.keys, k.r.keys, 0xb1b2b3b4, ping,
		    sizeof(ping));
	tell_packet(out, "session's responder, number 0: Ping Reply", k.r.keys, k.i.keys, 0x11121314, reply,
		    sizeof(reply));
	/* The next one is started by the session's responder. */
	tell_rekey(out, 2, &k.r, &r_script, 0xc1c2c3c4, &k.i, &i_script, 0x21222324, &keys);
	tell_packet(out, "session's initiator, number 0: Ping", k.i.keys, k.r.keys, 0xc1c2c3c4, ping,
		    sizeof(ping));
	tell_packet(out, "session's responder, number 0: Ping Reply", k.r.keys, k.i.keys, 0x21222324, reply,
		    sizeof(reply));

	keying_fini(&k);
	crypto_profile_free(i);
	crypto_profile_free(r);
}

void story_tell(FILE *out)
{
	static const uint8_t default_key_label[] = "flowtun 1 default session key";
	const struct hash_part part = { default_key_label, sizeof(default_key_label) - 1 };
	uint8_t key[32];

	fprintf(out, "flowtun profile 1: test vectors. Name (bytes), then the bytes in hexadecimal.\n\n");
	hash_parts(HASH_SHA256, &part, 1, key);
	tell(out, "Default Session Key", key, 32);
	for (uint8_t suite = 1; suite <= 2; suite++) {
		fprintf(out, "\n");
		tell_session(out, suite);
	}
}
