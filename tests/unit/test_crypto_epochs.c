/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What comes after startup, through the ops table: protection of packets, limits of keys, rekeying over many
 * epochs.
 */
#include "keying.h"

#include <malloc.h>
#include <stdlib.h>

#include "packet.h"

/* A session between two new profiles; |suite| 1 or 2; |reset| at both ends. */
static void session_new(struct keying *k, uint8_t suite, unsigned providers, bool reset)
{
	struct crypto_config cfg = {
		.private_key = { 1 }, .suites = { suite }, .stateless_reset = reset, .features = 2
	};
	struct crypto_profile *i, *r;
	struct crypto_peer *i_other, *r_other;

	ck_assert_int_eq(profile_new_with(&cfg, providers, &i), RTMFP_OK);
	cfg.private_key[0] = 8;
	ck_assert_int_eq(profile_new_with(&cfg, providers, &r), RTMFP_OK);
	ck_assert_int_eq(crypto_peer_add(i, crypto_profile_public_key(r), NULL, &i_other), RTMFP_OK);
	ck_assert_int_eq(crypto_peer_add(r, crypto_profile_public_key(i), NULL, &r_other), RTMFP_OK);
	keying_init(k, i, i_other, r, r_other);
	keying_run(k);
}

static void session_free(struct keying *k)
{
	keying_fini(k);
	crypto_profile_free(k->i.profile);
	crypto_profile_free(k->r.profile);
}

static const struct {
	uint8_t suite;
	unsigned providers;
} kinds[] = {
	{ 1, AEAD_ALL_PROVIDERS },
	{ 2, AEAD_ALL_PROVIDERS },
	{ 1, AEAD_WOLFSSL },
	{ 2, AEAD_WOLFSSL },
};
#define KINDS 4

struct packet {
	uint8_t enc[4 + 2000 + 16];
	size_t len; /* of the encrypted packet */
};

/* Seals |len| bytes whose values depend on |mark|. */
static int seal(void *keys, struct packet *p, size_t len, uint8_t mark)
{
	for (size_t i = 0; i < len; i++)
		p->enc[4 + i] = (uint8_t)(i + mark);
	p->len = 4 + len + 16;
	return OPS->seal(keys, p->enc, len);
}

/* Opens a copy of |p|, and checks what comes out. 1: opened as the newest, 0: opened, else the error. */
static int open_copy(void *keys, const struct packet *p, uint8_t mark)
{
	struct packet copy = *p;
	uint8_t *plain = NULL;
	size_t len = 0;
	bool newest = false;
	int err = OPS->open(keys, copy.enc, p->len, &plain, &len, &newest);

	if (err)
		return err;
	ck_assert_uint_eq(len, p->len - 20);
	ck_assert_ptr_eq(plain, copy.enc + 4);
	for (size_t i = 0; i < len; i++)
		if (plain[i] != (uint8_t)(i + mark))
			ck_abort_msg("byte %zu is wrong", i);
	return newest;
}

START_TEST(form_of_packets)
{
	struct keying k;
	struct packet p;

	session_new(&k, kinds[_i].suite, kinds[_i].providers, false);
	for (size_t n = 0; n < 600; n++) {
		const size_t len = 1 + n * 3;

		ck_assert_int_eq(seal(k.i.keys, &p, len, 5), RTMFP_OK);
		ck_assert_uint_eq(get_u32(p.enc), n); /* the counter: from 0, +1 per packet */
		ck_assert_int_eq(open_copy(k.r.keys, &p, 5), 1);
		ck_assert_int_eq(open_copy(k.r.keys, &p, 5), RTMFP_ERR_REPLAY);
	}
	/* The other direction counts for itself. */
	ck_assert_int_eq(seal(k.r.keys, &p, 9, 5), RTMFP_OK);
	ck_assert_uint_eq(get_u32(p.enc), 0);
	ck_assert_int_eq(open_copy(k.i.keys, &p, 5), 1);
	ck_assert_int_eq(OPS->key_state(k.i.keys), RTMFP_KEY_FRESH);
	session_free(&k);
}
END_TEST

START_TEST(damaged_packets)
{
	struct keying k;
	struct packet good, bad;

	session_new(&k, kinds[_i].suite, kinds[_i].providers, false);
	ck_assert_int_eq(seal(k.i.keys, &good, 70, 1), RTMFP_OK);
	for (size_t n = 0; n < good.len; n++) {
		for (int bit = 0; bit < 8; bit++) {
			bad = good;
			bad.enc[n] ^= (uint8_t)(1 << bit);
			ck_assert_int_eq(open_copy(k.r.keys, &bad, 1), RTMFP_ERR_AUTH);
		}
		bad = good;
		bad.len = n;
		ck_assert_int_eq(open_copy(k.r.keys, &bad, 1), n < 21 ? RTMFP_ERR_SYNTAX : RTMFP_ERR_AUTH);
	}
	/* A failed tag leaves the tag where it was (a stateless reset is looked for there), and no plain
	 * text. */
	bad = good;
	bad.enc[4] ^= 1;
	{
		uint8_t *plain = NULL;
		size_t len = 77;
		bool newest = false;

		ck_assert_int_eq(OPS->open(k.r.keys, bad.enc, bad.len, &plain, &len, &newest),
				 RTMFP_ERR_AUTH);
		ck_assert(!plain && len == 77 && !newest);
		ck_assert_mem_eq(bad.enc + 74, good.enc + 74, 16);
		for (size_t i = 0; i < 70; i++)
			ck_assert_uint_eq(bad.enc[4 + i], 0);
	}
	/* None of this has moved the window. */
	ck_assert_int_eq(open_copy(k.r.keys, &good, 1), 1);
	session_free(&k);
}
END_TEST

START_TEST(order_of_packets)
{
	enum { COUNT = 20 };
	static const uint8_t order[COUNT] = { 3,  1, 0,	 2, 19, 4, 18, 5,  17, 6,
					      16, 7, 15, 8, 14, 9, 13, 10, 12, 11 };
	static struct packet p[COUNT];
	struct keying k;
	int max = -1;

	session_new(&k, kinds[_i].suite, kinds[_i].providers, false);
	for (int n = 0; n < COUNT; n++)
		ck_assert_int_eq(seal(k.i.keys, &p[n], 50 + (size_t)n, (uint8_t)n), RTMFP_OK);
	for (int n = 0; n < COUNT; n++) {
		ck_assert_int_eq(open_copy(k.r.keys, &p[order[n]], order[n]), order[n] > max);
		if (order[n] > max)
			max = order[n];
		for (int m = 0; m <= n; m++)
			ck_assert_int_eq(open_copy(k.r.keys, &p[order[m]], order[m]), RTMFP_ERR_REPLAY);
	}
	session_free(&k);
}
END_TEST

/* A packet that is W late is too late; the window of the ops is the window of the unit test. */
START_TEST(late_packets)
{
	static struct packet first, second, last;
	struct keying k;

	session_new(&k, kinds[_i].suite, kinds[_i].providers, false);
	ck_assert_int_eq(seal(k.i.keys, &first, 8, 1), RTMFP_OK);
	ck_assert_int_eq(seal(k.i.keys, &second, 8, 2), RTMFP_OK);
	for (uint32_t n = 2; n <= WINDOW_SIZE; n++)
		ck_assert_int_eq(seal(k.i.keys, &last, 8, 3), RTMFP_OK);
	ck_assert_int_eq(open_copy(k.r.keys, &last, 3), 1);
	ck_assert_int_eq(open_copy(k.r.keys, &first, 1), RTMFP_ERR_REPLAY);
	ck_assert_int_eq(open_copy(k.r.keys, &second, 2), 0);
	session_free(&k);
}
END_TEST

START_TEST(limit_of_packets)
{
	struct keying k;
	struct packet p;

	session_new(&k, kinds[_i].suite, kinds[_i].providers, false);
	k.i.profile->limits.packets_rekey = 3;
	k.i.profile->limits.packets_stop = 5;
	for (int n = 0; n < 5; n++) {
		ck_assert_int_eq(OPS->key_state(k.i.keys), n < 3 ? RTMFP_KEY_FRESH : RTMFP_KEY_WANTS_REKEY);
		ck_assert_int_eq(seal(k.i.keys, &p, 30, 0), RTMFP_OK);
		ck_assert_int_eq(open_copy(k.r.keys, &p, 0), 1);
	}
	ck_assert_int_eq(OPS->key_state(k.i.keys), RTMFP_KEY_EXHAUSTED);
	ck_assert_int_eq(seal(k.i.keys, &p, 30, 0), RTMFP_ERR_LIMIT);
	/* Receiving goes on. */
	ck_assert_int_eq(seal(k.r.keys, &p, 30, 0), RTMFP_OK);
	ck_assert_int_eq(open_copy(k.i.keys, &p, 0), 1);

	/* The real limit: packet number 2^32 - 2 is the last. */
	ck_assert_uint_eq(key_limits_default.packets_stop, 0xffffffffu);
	((struct packet_keys *)k.r.keys)->next = 0xfffffffe;
	ck_assert_int_eq(OPS->key_state(k.r.keys), RTMFP_KEY_WANTS_REKEY);
	ck_assert_int_eq(seal(k.r.keys, &p, 30, 0), RTMFP_OK);
	ck_assert_int_eq(open_copy(k.i.keys, &p, 0), 1);
	ck_assert_uint_eq(get_u32(p.enc), 0xfffffffe);
	ck_assert_int_eq(OPS->key_state(k.r.keys), RTMFP_KEY_EXHAUSTED);
	ck_assert_int_eq(seal(k.r.keys, &p, 30, 0), RTMFP_ERR_LIMIT);
	session_free(&k);
}
END_TEST

START_TEST(limit_of_blocks)
{
	const bool counts = kinds[_i].suite == CRYPTO_SUITE_AESGCM;
	struct keying k;
	struct packet p;

	session_new(&k, kinds[_i].suite, kinds[_i].providers, false);
	k.i.profile->limits.blocks_rekey = 10;
	k.i.profile->limits.blocks_stop = 15;
	/* 16 bytes: 2 blocks; 17 bytes: 3; 100 bytes: 8. Only AES-GCM has this limit. */
	ck_assert_int_eq(seal(k.i.keys, &p, 16, 0), RTMFP_OK);
	ck_assert_int_eq(seal(k.i.keys, &p, 17, 0), RTMFP_OK);
	ck_assert_uint_eq(((struct packet_keys *)k.i.keys)->blocks, 5);
	ck_assert_int_eq(OPS->key_state(k.i.keys), RTMFP_KEY_FRESH);
	ck_assert_int_eq(seal(k.i.keys, &p, 100, 0), RTMFP_OK);
	ck_assert_int_eq(OPS->key_state(k.i.keys), counts ? RTMFP_KEY_WANTS_REKEY : RTMFP_KEY_FRESH);
	ck_assert_int_eq(seal(k.i.keys, &p, 17, 0), counts ? RTMFP_ERR_LIMIT : RTMFP_OK);
	ck_assert_int_eq(OPS->key_state(k.i.keys), counts ? RTMFP_KEY_EXHAUSTED : RTMFP_KEY_FRESH);
	session_free(&k);
}
END_TEST

START_TEST(limit_of_forgeries)
{
	struct keying k;
	struct packet good, bad;

	session_new(&k, kinds[_i].suite, kinds[_i].providers, false);
	k.r.profile->limits.failed_rekey = 3;
	k.r.profile->limits.failed_close = 5;
	ck_assert_int_eq(seal(k.i.keys, &good, 30, 0), RTMFP_OK);
	ck_assert_int_eq(open_copy(k.r.keys, &good, 0), 1);
	for (int n = 0; n < 10; n++)
		ck_assert_int_eq(open_copy(k.r.keys, &good, 0),
				 RTMFP_ERR_REPLAY); /* copies are no forgeries */
	ck_assert_int_eq(OPS->key_state(k.r.keys), RTMFP_KEY_FRESH);
	ck_assert_int_eq(seal(k.i.keys, &good, 30, 0), RTMFP_OK);
	bad = good;
	bad.enc[10] ^= 1;
	for (int n = 0; n < 5; n++) {
		ck_assert_int_eq(OPS->key_state(k.r.keys), n < 3 ? RTMFP_KEY_FRESH : RTMFP_KEY_WANTS_REKEY);
		ck_assert_int_eq(open_copy(k.r.keys, &bad, 0), RTMFP_ERR_AUTH);
	}
	ck_assert_int_eq(OPS->key_state(k.r.keys), RTMFP_KEY_BROKEN);
	/* Then not even what is right opens: the next guess might be. */
	ck_assert_int_eq(open_copy(k.r.keys, &good, 0), RTMFP_ERR_AUTH);
	session_free(&k);
}
END_TEST

START_TEST(retired_keys)
{
	static const uint8_t zero[AEAD_KEY_MAX];
	struct rtmfp_keying_info info = { 0 };
	struct packet_keys *inside;
	struct keying k;
	struct packet p;
	uint8_t msg[RTMFP_REKEY_MAX];
	size_t len;
	void *rk, *new;
	uint32_t id;

	session_new(&k, kinds[_i].suite, kinds[_i].providers, false);
	inside = k.i.keys;
	OPS->keys_retire_send(k.i.keys);
	OPS->keys_retire_send(k.i.keys); /* twice does no harm */
	ck_assert_mem_eq(inside->schedules, zero, inside->aead->key_size);
	ck_assert_mem_eq(inside->x, zero, 32);
	ck_assert_mem_eq(inside->h, zero, 32);
	ck_assert_int_eq(OPS->key_state(k.i.keys), RTMFP_KEY_EXHAUSTED);
	ck_assert_int_eq(seal(k.i.keys, &p, 30, 0), RTMFP_ERR_LIMIT);
	ck_assert_int_eq(seal(k.r.keys, &p, 30, 0), RTMFP_OK);
	ck_assert_int_eq(open_copy(k.i.keys, &p, 0), 1);
	ck_assert_int_eq(OPS->rekey_init(k.i.keys, 1, 5, msg, sizeof(msg), &len, &rk), RTMFP_ERR_CLOSED);
	ck_assert_ptr_null(rk);
	ck_assert_int_eq(OPS->rekey_respond(k.i.keys, 1, msg, 112, 5, msg, sizeof(msg), &len, &id, &new,
					    &info),
			 RTMFP_ERR_CLOSED);
	ck_assert_ptr_null(new);
	session_free(&k);
}
END_TEST

START_TEST(startup_packets)
{
	struct keying k;
	static struct packet p, again;
	struct packet copy;
	uint8_t *plain;
	size_t len;
	bool differ = false;

	session_new(&k, kinds[_i].suite, kinds[_i].providers, false);
	for (size_t n = 1; n < 1200; n += 97) {
		for (size_t i = 0; i < n; i++)
			p.enc[4 + i] = (uint8_t)i;
		again = p;
		ck_assert_int_eq(OPS->startup_seal(k.i.profile, p.enc, n), RTMFP_OK);
		ck_assert_int_eq(OPS->startup_seal(k.i.profile, again.enc, n), RTMFP_OK);
		differ |= memcmp(p.enc, again.enc, 4) != 0;
		/* Anybody opens it, as often as they like. */
		for (int twice = 0; twice < 2; twice++) {
			copy = p;
			ck_assert_int_eq(OPS->startup_open(twice ? k.i.profile : k.r.profile, copy.enc,
							   4 + n + 16, &plain, &len),
					 RTMFP_OK);
			ck_assert_uint_eq(len, n);
			for (size_t i = 0; i < n; i++)
				ck_assert_uint_eq(plain[i], (uint8_t)i);
		}
		for (size_t i = 0; i < 4 + n + 16; i += 1 + i / 20) {
			copy = p;
			copy.enc[i] ^= 4;
			ck_assert_int_eq(OPS->startup_open(k.r.profile, copy.enc, 4 + n + 16, &plain, &len),
					 RTMFP_ERR_AUTH);
			copy = p;
			ck_assert_int_eq(OPS->startup_open(k.r.profile, copy.enc, i, &plain, &len),
					 i < 21 ? RTMFP_ERR_SYNTAX : RTMFP_ERR_AUTH);
		}
		/* It is no packet of a session, and a session's is none of startup. */
		p.len = 4 + n + 16;
		ck_assert_int_eq(open_copy(k.r.keys, &p, 0), RTMFP_ERR_AUTH);
	}
	ck_assert(differ); /* the counter is random */
	ck_assert_int_eq(seal(k.i.keys, &p, 100, 0), RTMFP_OK);
	ck_assert_int_eq(OPS->startup_open(k.r.profile, p.enc, p.len, &plain, &len), RTMFP_ERR_AUTH);
	session_free(&k);
}
END_TEST

/* ---- rekeying ---- */

static int exchange(void *from, void *to)
{
	struct packet p;

	ck_assert_int_eq(seal(from, &p, 64, 7), RTMFP_OK);
	return open_copy(to, &p, 7);
}

/* A packet of another epoch with a number that the receiver has not seen: the key alone decides. */
static int exchange_unseen(void *from, void *to)
{
	struct packet_keys *f = from;
	const uint64_t next = f->next;
	int err;

	f->next = ((struct packet_keys *)to)->window.end;
	err = exchange(from, to);
	f->next = next;
	return err;
}

START_TEST(chain_of_epochs)
{
	const bool reset = _i & 1;
	uint8_t near0[32], far0[32], near_now[32], far_now[32], token[16];
	struct keying k;

	session_new(&k, kinds[_i].suite, kinds[_i].providers, reset);
	crypto_session_nonces(k.i.keys, near0, far0);
	for (uint64_t epoch = 1; epoch <= 6; epoch++) {
		/* Either end of the session may start. */
		const bool responder_starts = epoch % 3 == 0;
		struct end *a = responder_starts ? &k.r : &k.i, *b = responder_starts ? &k.i : &k.r;
		const uint32_t a_id = 0x1000 + (uint32_t)epoch, b_id = 0x2000 + (uint32_t)epoch;
		const uint64_t number = epoch == 5   ? 300
					: epoch == 6 ? (uint64_t)1 << 40
						     : epoch; /* longer VLUs */
		struct rtmfp_keying_info a_info = { 0 }, b_info = { 0 };
		uint8_t init[RTMFP_REKEY_MAX], resp[RTMFP_REKEY_MAX];
		size_t init_len, resp_len;
		uint32_t a_sends = 0, b_sends = 0;
		void *rk, *a_new, *b_new;

		ck_assert_int_eq(OPS->rekey_init(a->keys, number, a_id, init, sizeof(init), &init_len, &rk),
				 RTMFP_OK);
		ck_assert_uint_eq(init_len, 112);
		ck_assert_int_eq(OPS->rekey_respond(b->keys, number, init, init_len, b_id, resp, sizeof(resp),
						    &resp_len, &b_sends, &b_new, &b_info),
				 RTMFP_OK);
		ck_assert_uint_eq(resp_len, 112);
		ck_assert_int_eq(exchange(a->keys, b->keys), 1); /* the old epoch works meanwhile */
		ck_assert_int_eq(exchange(b->keys, a->keys), 1);
		ck_assert_int_eq(OPS->rekey_finish(rk, resp, resp_len, &a_sends, &a_new, &a_info), RTMFP_OK);
		OPS->rekey_free(rk);
		ck_assert_uint_eq(a_sends, b_id);
		ck_assert_uint_eq(b_sends, a_id);
		ck_assert_uint_eq(a_info.features, k.i.profile->features);
		ck_assert_uint_eq(b_info.features, k.i.profile->features);
		ck_assert_uint_eq(a_info.suite, kinds[_i].suite);
		ck_assert(!a_info.has_reflexive && !b_info.has_reflexive);
		/* From here on both ends have tokens. */
		ck_assert(a_info.has_reset_token == reset && b_info.has_reset_token == reset);
		if (reset) {
			OPS->reset_token(b->profile, b_id, token);
			ck_assert_mem_eq(a_info.reset_token, token, 16);
			OPS->reset_token(a->profile, a_id, token);
			ck_assert_mem_eq(b_info.reset_token, token, 16);
		}
		ck_assert_int_eq(exchange(a_new, b_new), 1);
		ck_assert_int_eq(exchange(b_new, a_new), 1);
		ck_assert_int_eq(exchange_unseen(a_new, b->keys), RTMFP_ERR_AUTH);
		ck_assert_int_eq(exchange_unseen(b->keys, a_new), RTMFP_ERR_AUTH);
		/* What was on its way in the old epoch is still received after the switch. */
		OPS->keys_retire_send(a->keys);
		ck_assert_int_eq(exchange(b->keys, a->keys), 1);
		OPS->keys_free(a->keys);
		OPS->keys_free(b->keys);
		a->keys = a_new;
		b->keys = b_new;
		crypto_session_nonces(k.i.keys, near_now, far_now);
		ck_assert_mem_eq(near_now, near0, 32);
		ck_assert_mem_eq(far_now, far0, 32);
		crypto_session_nonces(k.r.keys, near_now, far_now);
		ck_assert_mem_eq(near_now, far0, 32);
		ck_assert_mem_eq(far_now, near0, 32);
	}
	session_free(&k);
}
END_TEST

START_TEST(rekey_refused)
{
	struct rtmfp_keying_info info = { 0 };
	uint8_t init[RTMFP_REKEY_MAX], resp[RTMFP_REKEY_MAX], other[RTMFP_REKEY_MAX], before[8192];
	size_t init_len, resp_len, other_len, size;
	struct keying k, strange;
	uint32_t id = 1;
	void *rk, *rk2, *new, *r_new;
	int err;

	session_new(&k, kinds[_i].suite, kinds[_i].providers, true);
	keying_init(&strange, k.i.profile, k.i.other, k.r.profile, k.r.other);
	keying_run(&strange); /* another session of the same two */
	ck_assert_int_eq(OPS->rekey_init(k.i.keys, 1, 77, init, sizeof(init), &init_len, &rk), RTMFP_OK);
	size = malloc_usable_size(k.r.keys);
	ck_assert_uint_le(size, sizeof(before));
	memcpy(before, k.r.keys, size);
#define RESPOND(keys, epoch, msg, len) \
	OPS->rekey_respond(keys, epoch, msg, len, 88, resp, sizeof(resp), &resp_len, &id, &new, &info)

	for (size_t n = 0; n < init_len; n++) {
		init[n] ^= 1u << n % 8;
		ck_assert_int_eq(RESPOND(k.r.keys, 1, init, init_len), RTMFP_ERR_AUTH);
		ck_assert_ptr_null(new);
		init[n] ^= 1u << n % 8;
		ck_assert_int_eq(RESPOND(k.r.keys, 1, init, n), RTMFP_ERR_SYNTAX);
	}
	memcpy(other, init, init_len);
	memset(other, 0, 32);
	ck_assert_int_eq(RESPOND(k.r.keys, 1, other, init_len), RTMFP_ERR_AUTH);
	/* Longer messages of a right length are only wrong, others not even read. */
	memset(other, 9, sizeof(other));
	for (size_t n = init_len + 1; n < RTMFP_REKEY_MAX; n += 7)
		ck_assert_int_eq(RESPOND(k.r.keys, 1, other, n),
				 (n - 48) % 64 ? RTMFP_ERR_SYNTAX : RTMFP_ERR_AUTH);
	ck_assert_int_eq(RESPOND(k.r.keys, 1, other, 48 + 63 * 64), RTMFP_ERR_AUTH);
	ck_assert_int_eq(RESPOND(k.r.keys, 1, other, 48 + 64 * 64), RTMFP_ERR_SYNTAX);
	/* Another epoch, another session, or back to the sender. */
	ck_assert_int_eq(RESPOND(k.r.keys, 2, init, init_len), RTMFP_ERR_AUTH);
	ck_assert_int_eq(RESPOND(k.r.keys, 0, init, init_len), RTMFP_ERR_AUTH);
	ck_assert_int_eq(RESPOND(strange.r.keys, 1, init, init_len), RTMFP_ERR_AUTH);
	ck_assert_int_eq(RESPOND(k.i.keys, 1, init, init_len), RTMFP_ERR_AUTH);
	ck_assert_uint_eq(id, 1);
	ck_assert_uint_eq(info.features, 0);
	ck_assert_mem_eq(k.r.keys, before, size);
	for (size_t cap = 0; cap < 112; cap += 37) {
		ck_assert_int_eq(OPS->rekey_respond(k.r.keys, 1, init, init_len, 88, resp, cap, &resp_len,
						    &id, &new, &info),
				 RTMFP_ERR_LIMIT);
		ck_assert_int_eq(OPS->rekey_init(k.r.keys, 1, 88, resp, cap, &resp_len, &rk2),
				 RTMFP_ERR_LIMIT);
	}

	ck_assert_int_eq(RESPOND(k.r.keys, 1, init, init_len), RTMFP_OK);
	r_new = new;
	size = malloc_usable_size(rk);
	memcpy(before, rk, size);
	/* A message 2 that answers another message 1. */
	ck_assert_int_eq(OPS->rekey_init(k.i.keys, 1, 78, other, sizeof(other), &other_len, &rk2), RTMFP_OK);
	ck_assert_mem_ne(other, init, 112);
	ck_assert_int_eq(OPS->rekey_finish(rk2, resp, resp_len, &id, &new, &info), RTMFP_ERR_AUTH);
	ck_assert_ptr_null(new);
	OPS->rekey_free(rk2);
	memset(&info, 0, sizeof(info));
	id = 1;
	for (size_t n = 0; n < resp_len; n++) {
		resp[n] ^= 1u << n % 8;
		err = OPS->rekey_finish(rk, resp, resp_len, &id, &new, &info);
		ck_assert_int_eq(err, RTMFP_ERR_AUTH);
		resp[n] ^= 1u << n % 8;
		ck_assert_int_eq(OPS->rekey_finish(rk, resp, n, &id, &new, &info), RTMFP_ERR_SYNTAX);
	}
	ck_assert_int_eq(OPS->rekey_finish(rk, init, init_len, &id, &new, &info), RTMFP_ERR_AUTH);
	ck_assert_uint_eq(id, 1);
	ck_assert_uint_eq(info.features, 0);
	ck_assert_mem_eq(rk, before, size);
	/* The genuine one, although the epoch's own keys have been retired meanwhile. */
	OPS->keys_retire_send(k.i.keys);
	ck_assert_int_eq(OPS->rekey_finish(rk, resp, resp_len, &id, &new, &info), RTMFP_OK);
	ck_assert_uint_eq(id, 88);
	ck_assert_int_eq(exchange(new, r_new), 1);
	ck_assert_int_eq(exchange(r_new, new), 1);
	OPS->rekey_free(rk);
	OPS->keys_free(new);
	OPS->keys_free(r_new);
	keying_fini(&strange);
	session_free(&k);
}
END_TEST

/* A new epoch depends on the secret chain, not on the static keys alone. */
START_TEST(chain_holds_the_psk)
{
	struct rtmfp_keying_info info = { 0 };
	uint8_t init[RTMFP_REKEY_MAX], resp[RTMFP_REKEY_MAX];
	size_t init_len, resp_len;
	struct keying k;
	uint32_t id;
	void *rk, *new;

	session_new(&k, kinds[_i].suite, kinds[_i].providers, false);
	/* Who has all the private keys and h, but not x. */
	((struct packet_keys *)k.i.keys)->x[0] ^= 1;
	ck_assert_int_eq(OPS->rekey_init(k.i.keys, 1, 77, init, sizeof(init), &init_len, &rk), RTMFP_OK);
	ck_assert_int_eq(RESPOND(k.r.keys, 1, init, init_len), RTMFP_ERR_AUTH);
	OPS->rekey_free(rk);
	((struct packet_keys *)k.i.keys)->x[0] ^= 1;
	/* Or not h. */
	((struct packet_keys *)k.i.keys)->h[31] ^= 1;
	ck_assert_int_eq(OPS->rekey_init(k.i.keys, 1, 77, init, sizeof(init), &init_len, &rk), RTMFP_OK);
	ck_assert_int_eq(RESPOND(k.r.keys, 1, init, init_len), RTMFP_ERR_AUTH);
	OPS->rekey_free(rk);
	session_free(&k);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("crypto_epochs");
	TCase *tc = tcase_create("epochs");
	SRunner *sr;
	int failed;

	tcase_set_timeout(tc, 300);
	tcase_add_loop_test(tc, form_of_packets, 0, KINDS);
	tcase_add_loop_test(tc, damaged_packets, 0, KINDS);
	tcase_add_loop_test(tc, order_of_packets, 0, KINDS);
	tcase_add_loop_test(tc, late_packets, 0, KINDS);
	tcase_add_loop_test(tc, limit_of_packets, 0, KINDS);
	tcase_add_loop_test(tc, limit_of_blocks, 0, KINDS);
	tcase_add_loop_test(tc, limit_of_forgeries, 0, KINDS);
	tcase_add_loop_test(tc, retired_keys, 0, KINDS);
	tcase_add_loop_test(tc, startup_packets, 0, KINDS);
	tcase_add_loop_test(tc, chain_of_epochs, 0, KINDS);
	tcase_add_loop_test(tc, rekey_refused, 0, KINDS);
	tcase_add_loop_test(tc, chain_holds_the_psk, 0, KINDS);
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
