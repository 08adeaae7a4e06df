/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Prints the test vectors of doc/PROTOCOL.md appendix B: a handshake of each suite with its intermediate
 * values, packets, and two rekeys. Called by test_vectors.sh, which compares the output with the document: so
 * the document is what freezes the bytes of the profile.
 *
 * Everything that goes over the wire is made by the profile (src/crypto) and by the chunk writers of
 * src/rtmfp, with randomness fixed. What is inside is computed a second time from the document: prologues,
 * Noise, the scrambled session ID. Where both do not agree the program aborts.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "chunk.h"
#include "handshake.h"
#include "noise.h"
#include "packet.h"
#include "profile.h"

#define OPS (&crypto_profile_ops)

static void require(bool fact, const char *what)
{
	if (fact)
		return;
	fprintf(stderr, "print_vectors: %s\n", what);
	exit(1);
}

static void show(const char *name, const uint8_t *bytes, size_t len)
{
	printf("  %s (%zu)\n", name, len);
	for (size_t at = 0; at < len; at += 32) {
		printf("    ");
		for (size_t i = at; i < len && i < at + 32; i++)
			printf("%02x", bytes[i]);
		printf("\n");
	}
}

/* Counts up from |first|: easy to recognise in a dump. */
static void count_up(uint8_t *out, size_t len, uint8_t first)
{
	for (size_t i = 0; i < len; i++)
		out[i] = (uint8_t)(first + i);
}

/* The randomness of one end: what the profile is to draw next. */
struct draw {
	uint8_t bytes[32];
	size_t len;
};

static int fill_from(void *ctx, uint8_t *out, size_t len)
{
	struct draw *d = ctx;

	require(d->len == len, "the profile draws other random bytes than the document says");
	memcpy(out, d->bytes, len);
	d->len = 0;
	return 0;
}

static void next_draw(struct draw *d, size_t len, uint8_t first)
{
	require(d->len == 0, "the profile did not draw the random bytes that the document says");
	count_up(d->bytes, len, first);
	d->len = len;
}

static void draw_ephemeral(struct draw *d, uint8_t first)
{
	next_draw(d, 32, first);
	show("ephemeral private key", d->bytes, d->len);
}

struct end {
	struct crypto_profile *profile;
	struct crypto_peer *peer;
	struct draw draw;
	struct noise_pair s;
	void *hs, *keys;
	uint8_t id[4]; /* session ID that it receives under */
};

struct scene {
	uint8_t suite;
	const struct noise_suite *noise;
	struct end i, r;
	uint8_t psk[CRYPTO_KEY_LEN];
	uint8_t tag[RTMFP_TAG_LEN], cookie[40];
	uint8_t list[16]; /* of the RHello */
	size_t list_len;
	struct rtmfp_addr reflexive;
	struct noise_keys secret; /* of the current epoch */
};

static void end_open(struct end *e, uint8_t first, uint8_t suite, bool reset)
{
	struct crypto_config cfg = { .stateless_reset = reset };

	count_up(cfg.private_key, sizeof(cfg.private_key), first);
	if (suite != CRYPTO_SUITE_AESGCM)
		cfg.suites[0] = suite;
	else
		memcpy(cfg.suites, (const uint8_t[]){ 1, 2 }, 2);
	require(crypto_profile_new(&cfg, &e->profile) == 0, "no profile");
	memcpy(e->s.priv, cfg.private_key, sizeof(e->s.priv));
	memcpy(e->s.pub, crypto_profile_public_key(e->profile), sizeof(e->s.pub));
	e->profile->source = (struct random_source){ .fill = fill_from, .ctx = &e->draw };
}

static void end_close(struct end *e)
{
	OPS->hs_free(e->hs);
	OPS->keys_free(e->keys);
	crypto_profile_free(e->profile);
}

/* ---- packets ---- */

/* Section 3: SSID = session ID XOR bytes 4 to 7 XOR bytes 8 to 11. */
static void scramble(uint8_t *datagram, const uint8_t id[4])
{
	for (int i = 0; i < 4; i++)
		datagram[i] = id[i] ^ datagram[4 + i] ^ datagram[8 + i];
}

static void show_startup(struct end *e, uint8_t counter, const uint8_t id[4], struct rtmfp_writer *chunk,
			 size_t pad_to)
{
	uint8_t datagram[RTMFP_COMPONENT_MAX];
	struct rtmfp_writer w = rtmfp_writer(datagram + 8, sizeof(datagram) - 24);
	const struct rtmfp_packet_header h = { .mode = RTMFP_MODE_STARTUP };

	rtmfp_packet_header_write(&w, &h);
	rtmfp_write_bytes(&w, chunk->start, rtmfp_written(chunk));
	if (pad_to) {
		uint8_t *mark = rtmfp_chunk_begin(&w, RTMFP_CHUNK_PADFF);

		while (rtmfp_written(&w) + 24 < pad_to)
			rtmfp_write_u8(&w, 0xff);
		rtmfp_chunk_end(&w, mark);
	}
	require(!chunk->failed && !w.failed, "a startup packet is too long");
	show("RTMFP packet", datagram + 8, rtmfp_written(&w));
	next_draw(&e->draw, 4, counter);
	require(OPS->startup_seal(e->profile, datagram + 4, rtmfp_written(&w)) == 0, "startup_seal failed");
	scramble(datagram, id);
	show("datagram", datagram, rtmfp_written(&w) + 24);
}

static void show_packet(const char *title, struct end *from, const struct end *to, const uint8_t *plain,
			size_t len)
{
	uint8_t datagram[256], *opened;
	size_t opened_len;
	bool newest;

	printf("%s\n", title);
	show("session ID", to->id, 4);
	show("RTMFP packet", plain, len);
	memcpy(datagram + 8, plain, len);
	require(OPS->seal(from->keys, datagram + 4, len) == 0, "seal failed");
	scramble(datagram, to->id);
	show("datagram", datagram, len + 24);
	require(OPS->open(to->keys, datagram + 4, len + 20, &opened, &opened_len, &newest) == 0 &&
			opened_len == len && memcmp(opened, plain, len) == 0,
		"the packet does not open at the other end");
}

/* ---- the handshake ---- */

static void hellos(struct scene *s)
{
	uint8_t bytes[256], epd[EPD_LEN], cert[64];
	struct rtmfp_writer w = rtmfp_writer(bytes, sizeof(bytes));
	size_t epd_len, cert_len;
	static const uint8_t startup_id[4];

	printf("IHello\n");
	require(OPS->epd_make(s->i.profile, crypto_peer_far(s->i.peer), s->tag, epd, sizeof(epd), &epd_len) ==
				0 &&
			OPS->epd_selects_local(s->r.profile, epd, epd_len, s->tag, sizeof(s->tag)),
		"the EPD does not select the responder");
	show("EPD", epd, epd_len);
	rtmfp_write_ihello(&w, &(struct rtmfp_ihello){ .epd = { epd, epd_len },
						       .tag = { s->tag, sizeof(s->tag) } });
	show_startup(&s->i, 0x31, startup_id, &w, 128);

	printf("RHello\n");
	w = rtmfp_writer(bytes, sizeof(bytes));
	rtmfp_write_vlu(&w, sizeof(s->tag));
	rtmfp_write_bytes(&w, s->tag, sizeof(s->tag));
	rtmfp_write_vlu(&w, sizeof(s->cookie));
	rtmfp_write_bytes(&w, s->cookie, sizeof(s->cookie));
	require(OPS->rhello_certificate(s->r.profile, bytes, rtmfp_written(&w), cert, sizeof(cert),
					&cert_len) == 0,
		"no certificate");
	s->list_len = cert_len - RTMFP_MAC_LEN;
	memcpy(s->list, cert, s->list_len);
	show("option list", s->list, s->list_len);
	show("MAC", cert + s->list_len, RTMFP_MAC_LEN);
	w = rtmfp_writer(bytes, sizeof(bytes));
	rtmfp_write_rhello(&w, &(struct rtmfp_rhello){ .tag_echo = { s->tag, sizeof(s->tag) },
						       .cookie = { s->cookie, sizeof(s->cookie) },
						       .certificate = { cert, cert_len } });
	require(OPS->rhello_verify(s->i.profile, crypto_peer_far(s->i.peer), bytes + RTMFP_CHUNK_HEADER,
				   rtmfp_written(&w) - RTMFP_CHUNK_HEADER, cert, cert_len) == 0,
		"the initiator refuses the RHello");
	show_startup(&s->r, 0x41, startup_id, &w, 0);
}

/* Message 1 once more, from the document. */
static void noise_message1(struct scene *s, struct noise *n, const uint8_t *message1)
{
	uint8_t prologue[128], payload[64], m[HASH_LEN];
	struct rtmfp_writer w = rtmfp_writer(prologue, sizeof(prologue));
	struct noise reader;

	rtmfp_write_bytes(&w, "flowtun 1", 9);
	rtmfp_write_bytes(&w, s->i.id, 4);
	rtmfp_write_u8(&w, sizeof(s->cookie));
	rtmfp_write_bytes(&w, s->cookie, sizeof(s->cookie));
	rtmfp_write_bytes(&w, s->list, s->list_len);
	show("prologue", prologue, rtmfp_written(&w));
	noise_ik_init(&reader, s->noise, &s->r.s, NULL, prologue, rtmfp_written(&w));
	require(noise_ik_read1(&reader, message1, 160, payload) == 0, "message 1 does not open");
	show("payload", payload, sizeof(payload));
	show("Noise message 1", message1, 160);
	show("ck after it", reader.ck, HASH_LEN);
	show("h after it", reader.h, HASH_LEN);
	noise_message_key(&reader, m);
	show("m", m, sizeof(m));
	*n = reader;
}

/* What a handshake ends with; the same as in |keys|, where they are there already. */
static void show_secret(struct scene *s, struct noise *n, const struct packet_keys *keys)
{
	noise_split(n, NULL, 0, &s->secret);
	require(!keys || (memcmp(keys->x, s->secret.x, HASH_LEN) == 0 &&
			  memcmp(keys->h, s->secret.h, HASH_LEN) == 0),
		"the profile has other keys than the document");
	show("h", s->secret.h, HASH_LEN);
	show("k1", s->secret.k1, HASH_LEN);
	show("k2", s->secret.k2, HASH_LEN);
	show("x", s->secret.x, HASH_LEN);
}

static uint32_t number_of(const uint8_t id[4])
{
	return get_u32(id);
}

static void keying(struct scene *s)
{
	uint8_t bytes[512], params[512], skic[COMPONENT_INITIATOR], skrc[COMPONENT_RESPONDER];
	uint8_t signature[RTMFP_MAC_LEN], payload[96] = { 0 }, cert[1];
	static const uint8_t startup_id[4];
	struct rtmfp_keying_info info = { 0 };
	struct rtmfp_writer w, p;
	struct rtmfp_far *far;
	struct noise n, copy;
	uint8_t ephemeral[CRYPTO_KEY_LEN];
	size_t cert_len, len, signature_len;

	printf("IIKeying\n");
	draw_ephemeral(&s->i.draw, 0x80);
	w = rtmfp_writer(bytes, sizeof(bytes));
	rtmfp_write_bytes(&w, s->list, s->list_len);
	rtmfp_write_bytes(&w, payload, RTMFP_MAC_LEN); /* of the RHello's MAC only the length counts here */
	require(OPS->initiator_write(s->i.profile, crypto_peer_far(s->i.peer), number_of(s->i.id), s->cookie,
				     sizeof(s->cookie), bytes, rtmfp_written(&w), cert, sizeof(cert),
				     &cert_len, skic, sizeof(skic), &len, &s->i.hs) == 0 &&
			len == sizeof(skic) && cert_len == 0 && skic[0] == s->suite,
		"no IIKeying");
	noise_message1(s, &n, skic + 1);
	p = rtmfp_writer(params, sizeof(params));
	rtmfp_write_bytes(&p, s->i.id, 4);
	rtmfp_write_vlu(&p, sizeof(s->cookie));
	rtmfp_write_bytes(&p, s->cookie, sizeof(s->cookie));
	rtmfp_write_vlu(&p, 0);
	rtmfp_write_vlu(&p, sizeof(skic));
	rtmfp_write_bytes(&p, skic, sizeof(skic));
	require(OPS->initiator_sign(s->i.hs, params, rtmfp_written(&p), signature, sizeof(signature),
				    &signature_len) == 0,
		"no signature");
	show("signature", signature, sizeof(signature));
	w = rtmfp_writer(bytes, sizeof(bytes));
	rtmfp_write_iikeying(&w, &(struct rtmfp_iikeying){ .session_id = number_of(s->i.id),
							   .cookie = { s->cookie, sizeof(s->cookie) },
							   .component = { skic, sizeof(skic) },
							   .signature = { signature, sizeof(signature) } });
	show_startup(&s->i, 0x51, startup_id, &w, 0);

	printf("RIKeying\n");
	require(OPS->responder_check(s->r.profile, params, rtmfp_written(&p), NULL, 0, skic, sizeof(skic),
				     signature, sizeof(signature)) == 0 &&
			OPS->responder_read(s->r.profile, number_of(s->i.id), s->cookie, sizeof(s->cookie),
					    skic, sizeof(skic), &far, &s->r.hs) == 0,
		"the responder refuses the IIKeying");
	draw_ephemeral(&s->r.draw, 0xb0);
	require(OPS->responder_write(s->r.hs, number_of(s->r.id), &s->reflexive, skrc, sizeof(skrc), &len) ==
				0 &&
			len == sizeof(skrc),
		"no RIKeying");
	/* Message 2 once more, with the initiator's state from the document. */
	noise_ik_init(&copy, s->noise, &s->i.s, s->r.s.pub, NULL, 0);
	copy.s = s->i.s;
	memcpy(copy.ck, n.ck, HASH_LEN);
	memcpy(copy.h, n.h, HASH_LEN);
	count_up(ephemeral, sizeof(ephemeral), 0x80);
	memcpy(copy.e.priv, ephemeral, sizeof(ephemeral));
	memcpy(copy.psk, s->psk, sizeof(s->psk));
	require(noise_ik_read2(&copy, skrc, sizeof(skrc), payload) == 0, "message 2 does not open");
	show("payload", payload, sizeof(payload));
	show("Noise message 2", skrc, sizeof(skrc));
	show_secret(s, &copy, NULL);
	p = rtmfp_writer(params, sizeof(params));
	rtmfp_write_bytes(&p, s->r.id, 4);
	rtmfp_write_vlu(&p, sizeof(skrc));
	rtmfp_write_bytes(&p, skrc, sizeof(skrc));
	rtmfp_write_bytes(&p, skic, sizeof(skic));
	require(OPS->responder_sign(s->r.hs, params, rtmfp_written(&p), signature, sizeof(signature),
				    &signature_len) == 0 &&
			OPS->initiator_verify(s->i.hs, params, rtmfp_written(&p), signature,
					      sizeof(signature)) == 0,
		"the initiator refuses the signature of the RIKeying");
	show("signature", signature, sizeof(signature));
	w = rtmfp_writer(bytes, sizeof(bytes));
	rtmfp_write_rikeying(&w, &(struct rtmfp_rikeying){ .session_id = number_of(s->r.id),
							   .component = { skrc, sizeof(skrc) },
							   .signature = { signature, sizeof(signature) } });
	show_startup(&s->r, 0x61, s->i.id, &w, 0);
	require(OPS->responder_keys(s->r.hs, &s->r.keys, &info) == 0 &&
			OPS->initiator_keys(s->i.hs, number_of(s->r.id), skrc, sizeof(skrc), &s->i.keys,
					    &info) == 0,
		"no keys");
	require(memcmp(((struct packet_keys *)s->i.keys)->x, s->secret.x, HASH_LEN) == 0 &&
			memcmp(((struct packet_keys *)s->i.keys)->h, s->secret.h, HASH_LEN) == 0,
		"the profile has other keys than the document");
}

/* ---- the session ---- */

static void session(struct scene *s)
{
	static const uint8_t confirm[] = { 0x01, 0x10, 0x00, 0x11, 0x80, 0x01, 0x01, 0x01, 0x08, 0x00, 0x02,
					   0x01, 0x01, 0x02, 0x02, 0x00, 0x00, 0x00, 0x02, 0x03, 0x00 };
	static const uint8_t of_initiator[] = { 0x01, 0x01, 0x00, 0x00 };
	static const uint8_t of_responder[] = { 0x02, 0x01, 0x00, 0x00 };
	uint8_t near[HASH_LEN], far[HASH_LEN];

	printf("Session\n");
	crypto_session_nonces(s->i.keys, near, far);
	show("initiator's nonce", near, sizeof(near));
	show("responder's nonce", far, sizeof(far));
	show_packet("Packet 0 of the initiator: CONFIRM 0", &s->i, &s->r, confirm, sizeof(confirm));
	show_packet("Packet 0 of the responder: an empty Ping", &s->r, &s->i, of_responder,
		    sizeof(of_responder));
	show_packet("Packet 1 of the responder: an empty Ping", &s->r, &s->i, of_responder,
		    sizeof(of_responder));
	/* All four bytes of the counter count, in the nonce as on the wire. */
	((struct packet_keys *)s->i.keys)->next = 0x89abcdef;
	show_packet("Packet 0x89abcdef of the initiator: an empty Ping", &s->i, &s->r, of_initiator,
		    sizeof(of_initiator));
}

struct rekeying {
	const char *title;
	uint8_t epoch;	    /* the new one */
	struct end *a, *b;  /* a starts it */
	uint8_t a_id, b_id; /* first bytes of the new session IDs */
	uint8_t a_ephemeral, b_ephemeral;
	uint8_t confirm[11]; /* the packet that carries CONFIRM */
	uint8_t ping[4];     /* the other end's first packet */
	const char *confirm_title, *ping_title;
};

static void rekey(struct scene *s, const struct rekeying *k)
{
	uint8_t prologue[64], init[RTMFP_REKEY_MAX], resp[RTMFP_REKEY_MAX], payload[64];
	struct rtmfp_writer w = rtmfp_writer(prologue, sizeof(prologue));
	struct rtmfp_keying_info info = { 0 };
	struct end *a = k->a, *b = k->b;
	struct noise n, copy;
	void *rk, *a_keys, *b_keys;
	size_t init_len, resp_len;
	uint32_t a_id, b_id;

	printf("%s\n", k->title);
	rtmfp_write_bytes(&w, "flowtun 1 rekey", 15);
	rtmfp_write_vlu(&w, k->epoch);
	rtmfp_write_bytes(&w, s->secret.h, HASH_LEN);
	show("prologue", prologue, rtmfp_written(&w));
	show("psk", s->secret.x, HASH_LEN);
	count_up(a->id, 4, k->a_id);
	count_up(b->id, 4, k->b_id);

	draw_ephemeral(&a->draw, k->a_ephemeral);
	require(OPS->rekey_init(a->keys, k->epoch, number_of(a->id), init, sizeof(init), &init_len, &rk) ==
				0 &&
			init_len == 112,
		"no INIT");
	noise_kk_init(&n, s->noise, false, &b->s, a->s.pub, s->secret.x, prologue, rtmfp_written(&w));
	require(noise_kk_read1(&n, init, init_len, payload) == 0, "INIT does not open");
	show("payload of INIT", payload, sizeof(payload));
	show("INIT", init, init_len);

	draw_ephemeral(&b->draw, k->b_ephemeral);
	require(OPS->rekey_respond(b->keys, k->epoch, init, init_len, number_of(b->id), resp, sizeof(resp),
				   &resp_len, &a_id, &b_keys, &info) == 0 &&
			resp_len == 112 && a_id == number_of(a->id),
		"no RESP");
	require(OPS->rekey_finish(rk, resp, resp_len, &b_id, &a_keys, &info) == 0 && b_id == number_of(b->id),
		"the rekey does not end");
	OPS->rekey_free(rk);
	noise_kk_init(&copy, s->noise, true, &a->s, b->s.pub, s->secret.x, prologue, rtmfp_written(&w));
	memcpy(copy.ck, n.ck, HASH_LEN);
	memcpy(copy.h, n.h, HASH_LEN);
	count_up(copy.e.priv, sizeof(copy.e.priv), k->a_ephemeral);
	require(noise_kk_read2(&copy, resp, resp_len, payload) == 0, "RESP does not open");
	show("payload of RESP", payload, sizeof(payload));
	show("RESP", resp, resp_len);
	show_secret(s, &copy, a_keys);

	OPS->keys_free(a->keys);
	OPS->keys_free(b->keys);
	a->keys = a_keys;
	b->keys = b_keys;
	show_packet(k->confirm_title, a, b, k->confirm, sizeof(k->confirm));
	show_packet(k->ping_title, b, a, k->ping, sizeof(k->ping));
}

/* Epoch 1 is started by the responder of the session, epoch 2 by its initiator. */
static void rekeys(struct scene *s)
{
	const struct rekeying first = {
		.title = "Rekey to epoch 1, started by the responder of the session",
		.epoch = 1,
		.a = &s->r,
		.b = &s->i,
		.a_id = 0x25,
		.b_id = 0x15,
		.a_ephemeral = 0x60,
		.b_ephemeral = 0x70,
		.confirm = { 0x02, 0x10, 0x00, 0x07, 0x00, 0x01, 0x02, 0x01, 0x02, 0x03, 0x01 },
		.ping = { 0x01, 0x01, 0x00, 0x00 },
		.confirm_title = "Packet 0 of the responder in epoch 1: CONFIRM 1",
		.ping_title = "Packet 0 of the initiator in epoch 1: an empty Ping",
	};
	const struct rekeying second = {
		.title = "Rekey to epoch 2, started by the initiator of the session",
		.epoch = 2,
		.a = &s->i,
		.b = &s->r,
		.a_id = 0x19,
		.b_id = 0x29,
		.a_ephemeral = 0x50,
		.b_ephemeral = 0x90,
		/* Its messages in this flow were CONFIRM 0, RESP 1 and INIT 2. */
		.confirm = { 0x01, 0x10, 0x00, 0x07, 0x00, 0x01, 0x04, 0x01, 0x02, 0x03, 0x02 },
		.ping = { 0x02, 0x01, 0x00, 0x00 },
		.confirm_title = "Packet 0 of the initiator in epoch 2: CONFIRM 2",
		.ping_title = "Packet 0 of the responder in epoch 2: an empty Ping",
	};

	rekey(s, &first);
	rekey(s, &second);
}

/* Suite 1 is used between ends that have both, suite 2 between ends that have no other. */
static void scene(uint8_t suite, const char *title, bool with_psk, bool reset)
{
	struct scene s = { .suite = suite,
			   .reflexive = { .family = 4, .port = 50000, .ip = { 192, 0, 2, 33 } } };
	uint8_t token[RTMFP_RESET_TOKEN_LEN];

	printf("%s\n", title);
	end_open(&s.i, 0x10, suite, reset);
	end_open(&s.r, 0x40, suite, reset);
	s.noise = profile_suite(s.i.profile, suite);
	if (with_psk)
		count_up(s.psk, sizeof(s.psk), 0xd0);
	count_up(s.tag, sizeof(s.tag), 0xa0);
	count_up(s.cookie, sizeof(s.cookie), 0x01);
	count_up(s.i.id, 4, 0x11);
	count_up(s.r.id, 4, 0x21);
	require(crypto_peer_add(s.i.profile, s.r.s.pub, with_psk ? s.psk : NULL, &s.i.peer) == 0 &&
			crypto_peer_add(s.r.profile, s.i.s.pub, with_psk ? s.psk : NULL, &s.r.peer) == 0,
		"no peers");

	printf("Inputs\n");
	show("initiator's private key", s.i.s.priv, 32);
	show("initiator's public key", s.i.s.pub, 32);
	show("responder's private key", s.r.s.priv, 32);
	show("responder's public key", s.r.s.pub, 32);
	show("pre-shared key", s.psk, 32);
	show("tag", s.tag, sizeof(s.tag));
	show("cookie", s.cookie, sizeof(s.cookie));
	show("initiatorSessionID", s.i.id, 4);
	show("responderSessionID", s.r.id, 4);
	if (reset) {
		OPS->reset_token(s.r.profile, number_of(s.r.id), token);
		show("reset token of responderSessionID", token, sizeof(token));
	}
	hellos(&s);
	keying(&s);
	session(&s);
	rekeys(&s);
	end_close(&s.i);
	end_close(&s.r);
}

int main(void)
{
	static const uint8_t label[] = "flowtun 1 default session key";
	uint8_t key[HASH_LEN];

	printf("=== Startup\n");
	hash_parts(HASH_SHA256, &(struct hash_part){ label, sizeof(label) - 1 }, 1, key);
	show("Default Session Key", key, sizeof(key));
	printf("\n");
	scene(CRYPTO_SUITE_AESGCM, "=== Suite 1, with a pre-shared key, with stateless reset at both ends",
	      true, true);
	printf("\n");
	scene(CRYPTO_SUITE_CHACHAPOLY, "=== Suite 2, without a pre-shared key", false, false);
	return fflush(stdout) == 0 && !ferror(stdout) ? 0 : 1;
}
