/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Noise: the published vectors of both patterns and both suites, by every AEAD engine; and that a message
 * which cannot be read changes nothing.
 */
#include "noise.h"

#include "secret.h"
#include "vectors.h"

static struct aead_set engines;
static json_t *root;

static void setup(void)
{
	ck_assert_int_eq(aead_set_init(&engines, AEAD_ALL_PROVIDERS), RTMFP_OK);
	root = vectors_load("noise/cacophony.json");
}

static void teardown(void)
{
	json_decref(root);
	aead_set_fini(&engines);
}

static struct noise_suite suite_for(const struct aead_engine *e)
{
	const bool aes = e->algorithm == AEAD_AES256_GCM;

	return (struct noise_suite){
		.tail = aes ? "_25519_AESGCM_SHA256" : "_25519_ChaChaPoly_BLAKE2s",
		.hash = aes ? HASH_SHA256 : HASH_BLAKE2S,
		.aead = e,
		.big_endian = aes,
	};
}

/* Both ends of one published handshake. */
struct ends {
	bool ik;
	struct noise_suite suite;
	struct noise i, r;
	uint8_t ie[32], re[32];
};

static void ends_init(struct ends *ends, const json_t *v, const struct aead_engine *e)
{
	struct bytes i_prologue = member_bytes(v, "init_prologue");
	struct bytes r_prologue = member_bytes(v, "resp_prologue");
	struct bytes psk =
		bytes_of_hex(json_string_value(json_array_get(json_object_get(v, "init_psks"), 0)));
	struct noise_pair is, rs;

	ends->ik = strstr(member_text(v, "protocol_name"), "_IKpsk2_");
	ends->suite = suite_for(e);
	member_fixed(v, "init_static", is.priv, 32);
	member_fixed(v, "resp_static", rs.priv, 32);
	member_fixed(v, "init_ephemeral", ends->ie, 32);
	member_fixed(v, "resp_ephemeral", ends->re, 32);
	ck_assert_int_eq(curve_public(is.pub, is.priv), RTMFP_OK);
	ck_assert_int_eq(curve_public(rs.pub, rs.priv), RTMFP_OK);
	ck_assert_uint_eq(psk.len, 32);
	if (ends->ik) {
		uint8_t told[32];

		member_fixed(v, "init_remote_static", told, 32);
		ck_assert_mem_eq(told, rs.pub, 32);
		noise_ik_init(&ends->i, &ends->suite, &is, told, i_prologue.data, i_prologue.len);
		noise_ik_init(&ends->r, &ends->suite, &rs, NULL, r_prologue.data, r_prologue.len);
		memcpy(ends->i.psk, psk.data, 32);
		memcpy(ends->r.psk, psk.data, 32);
	} else {
		noise_kk_init(&ends->i, &ends->suite, true, &is, rs.pub, psk.data, i_prologue.data,
			      i_prologue.len);
		noise_kk_init(&ends->r, &ends->suite, false, &rs, is.pub, psk.data, r_prologue.data,
			      r_prologue.len);
	}
	free(i_prologue.data);
	free(r_prologue.data);
	free(psk.data);
}

static size_t overhead(const struct ends *ends, int message)
{
	return ends->ik && message == 0 ? NOISE_IK1_OVERHEAD : NOISE_OVERHEAD;
}

static int write_message(struct ends *ends, int message, const uint8_t *payload, size_t len, uint8_t *out)
{
	if (message == 0)
		return ends->ik ? noise_ik_write1(&ends->i, ends->ie, payload, len, out)
				: noise_kk_write1(&ends->i, ends->ie, payload, len, out);
	return ends->ik ? noise_ik_write2(&ends->r, ends->re, payload, len, out)
			: noise_kk_write2(&ends->r, ends->re, payload, len, out);
}

static struct noise *reader(struct ends *ends, int message)
{
	return message == 0 ? &ends->r : &ends->i;
}

static int read_message(struct ends *ends, int message, const uint8_t *msg, size_t len, uint8_t *payload)
{
	if (message == 0)
		return ends->ik ? noise_ik_read1(&ends->r, msg, len, payload)
				: noise_kk_read1(&ends->r, msg, len, payload);
	return ends->ik ? noise_ik_read2(&ends->i, msg, len, payload)
			: noise_kk_read2(&ends->i, msg, len, payload);
}

/* Whatever is wrong with the message, it is refused and both state and payload are untouched. */
static void expect_refused(struct ends *ends, int message, const uint8_t *msg, size_t len)
{
	const struct noise before = *reader(ends, message);
	static const uint8_t zero[256];
	uint8_t payload[256];
	int err;

	memset(payload, 0, sizeof(payload));
	err = read_message(ends, message, msg, len, payload);
	ck_assert_int_lt(err, 0);
	ck_assert_mem_eq(reader(ends, message), &before, sizeof(before));
	ck_assert_mem_eq(payload, zero, sizeof(payload));
}

static void handshake(const json_t *v, const struct aead_engine *e)
{
	const json_t *messages = json_object_get(v, "messages");
	struct ends ends;
	struct noise_keys ik, rk;
	uint8_t want_hash[32];
	size_t count = json_array_size(messages);

	ends_init(&ends, v, e);
	for (int n = 0; n < 2; n++) {
		struct bytes payload = member_bytes(json_array_get(messages, (size_t)n), "payload");
		struct bytes want = member_bytes(json_array_get(messages, (size_t)n), "ciphertext");
		uint8_t out[256], got[256];

		ck_assert_uint_eq(want.len, payload.len + overhead(&ends, n));
		ck_assert_int_eq(write_message(&ends, n, payload.data, payload.len, out), RTMFP_OK);
		ck_assert_mem_eq(out, want.data, want.len);

		for (size_t i = 0; i < want.len; i++) {
			/* Bit 255 of a public key does not count in X25519, but it is hashed. */
			want.data[i] ^= 0x80;
			expect_refused(&ends, n, want.data, want.len);
			want.data[i] ^= 0x80 ^ 0x01;
			expect_refused(&ends, n, want.data, want.len);
			want.data[i] ^= 0x01;
			expect_refused(&ends, n, want.data, i);
		}
		/* An ephemeral of low order gives an all-zero result. */
		memset(out, 0, 32);
		expect_refused(&ends, n, out, want.len);

		ck_assert_int_eq(read_message(&ends, n, want.data, want.len, got), RTMFP_OK);
		ck_assert_mem_eq(got, payload.data, payload.len);
		if (n == 0) {
			uint8_t mi[32], mr[32];

			ck_assert_mem_eq(ends.r.rs, ends.i.s.pub, 32);
			noise_message_key(&ends.i, mi);
			noise_message_key(&ends.r, mr);
			ck_assert_mem_eq(mi, mr, 32);
		}
		free(payload.data);
		free(want.data);
	}
	noise_split(&ends.i, NULL, 0, &ik);
	noise_split(&ends.r, NULL, 0, &rk);
	ck_assert_mem_eq(&ik, &rk, sizeof(ik));
	member_fixed(v, "handshake_hash", want_hash, 32);
	ck_assert_mem_eq(ik.h, want_hash, 32);
	ck_assert_mem_ne(ik.x, ik.k1, 32);
	ck_assert_mem_ne(ik.x, ik.k2, 32);

	/* Transport messages alternate, beginning with the initiator. */
	for (size_t n = 2; n < count; n++) {
		struct bytes payload = member_bytes(json_array_get(messages, n), "payload");
		struct bytes want = member_bytes(json_array_get(messages, n), "ciphertext");
		uint8_t nonce[12];

		ck_assert_uint_eq(want.len, payload.len + 16);
		noise_nonce(ends.suite.big_endian, (n - 2) / 2, nonce);
		ck_assert_int_eq(aead_open_once(e, n % 2 ? ik.k2 : ik.k1, nonce, NULL, 0, want.data,
						payload.len, want.data + payload.len),
				 RTMFP_OK);
		ck_assert_mem_eq(want.data, payload.data, payload.len);
		free(payload.data);
		free(want.data);
	}
	ck_assert_uint_gt(count, 2);
}

START_TEST(published_vectors)
{
	const json_t *v;
	size_t i, done[2][AEAD_ALGORITHMS] = { 0 };

	json_array_foreach(json_object_get(root, "vectors"), i, v)
	{
		const bool aes = strstr(member_text(v, "protocol_name"), "_AESGCM_");
		const bool ik = strstr(member_text(v, "protocol_name"), "_IKpsk2_");

		for (size_t e = 0; e < engines.count; e++) {
			if ((engines.engines[e].algorithm == AEAD_AES256_GCM) != aes)
				continue;
			handshake(v, &engines.engines[e]);
			done[ik][engines.engines[e].algorithm]++;
		}
	}
	/* Both patterns in both suites were there. */
	for (i = 0; i < 4; i++)
		ck_assert_uint_ge(done[i / 2][i % 2], 1);
}
END_TEST

/* The PSK, the prologue and each static key matter. */
START_TEST(other_inputs)
{
	const json_t *v;
	size_t i;

	json_array_foreach(json_object_get(root, "vectors"), i, v)
	{
		const bool aes = strstr(member_text(v, "protocol_name"), "_AESGCM_");
		const struct aead_engine *e = engines.best[aes ? AEAD_AES256_GCM : AEAD_CHACHA20_POLY1305];
		struct ends ends;
		uint8_t payload[64] = { 0 }, msg1[256], msg2[256], got[64];
		size_t len1;
		int err;

		for (int wrong = 0; wrong < 4; wrong++) {
			ends_init(&ends, v, e);
			len1 = sizeof(payload) + overhead(&ends, 0);
			switch (wrong) {
			case 0: ends.r.psk[31] ^= 1; break;
			case 1: ends.r.h[0] ^= 1; break; /* as another prologue would */
			case 2: ends.r.s.priv[5] ^= 1; break;
			default: ends.ie[0] ^= 8; break; /* nothing wrong: any ephemeral will do */
			}
			ck_assert_int_eq(write_message(&ends, 0, payload, sizeof(payload), msg1), RTMFP_OK);
			err = read_message(&ends, 0, msg1, len1, got);
			if (wrong == 1 || wrong == 2 || (wrong == 0 && !ends.ik)) {
				ck_assert_int_eq(err, RTMFP_ERR_AUTH);
				continue;
			}
			ck_assert_int_eq(err, RTMFP_OK);
			ck_assert_int_eq(write_message(&ends, 1, payload, sizeof(payload), msg2), RTMFP_OK);
			err = read_message(&ends, 1, msg2, sizeof(payload) + NOISE_OVERHEAD, got);
			ck_assert_int_eq(err, wrong == 0 ? RTMFP_ERR_AUTH : RTMFP_OK);
		}
	}
}
END_TEST

/* A second secret in the last HKDF changes all three outputs, empty payloads work. */
START_TEST(split_ikm)
{
	const json_t *v = json_array_get(json_object_get(root, "vectors"), 0);
	const struct aead_engine *e =
		engines.best[strstr(member_text(v, "protocol_name"), "_AESGCM_") ? AEAD_AES256_GCM
										 : AEAD_CHACHA20_POLY1305];
	const uint8_t ikm[32] = { 1, 2, 3 };
	struct ends ends;
	struct noise copy;
	struct noise_keys with, without;
	uint8_t msg[256];
	static const struct noise zero;

	ends_init(&ends, v, e);
	ck_assert_int_eq(write_message(&ends, 0, NULL, 0, msg), RTMFP_OK);
	ck_assert_int_eq(read_message(&ends, 0, msg, overhead(&ends, 0), NULL), RTMFP_OK);
	ck_assert_int_eq(write_message(&ends, 1, NULL, 0, msg), RTMFP_OK);
	ck_assert_int_eq(read_message(&ends, 1, msg, NOISE_OVERHEAD, NULL), RTMFP_OK);
	copy = ends.i;
	noise_split(&ends.i, NULL, 0, &without);
	noise_split(&copy, ikm, sizeof(ikm), &with);
	ck_assert_mem_eq(with.h, without.h, 32);
	ck_assert_mem_ne(with.k1, without.k1, 32);
	ck_assert_mem_ne(with.k2, without.k2, 32);
	ck_assert_mem_ne(with.x, without.x, 32);
	/* What is split is wiped. */
	ck_assert_mem_eq(&ends.i, &zero, sizeof(zero));
}
END_TEST

int main(void)
{
	Suite *s = suite_create("crypto_noise");
	TCase *tc = tcase_create("noise");
	SRunner *sr;
	int failed;

	tcase_set_timeout(tc, 60);
	tcase_add_unchecked_fixture(tc, setup, teardown);
	tcase_add_test(tc, published_vectors);
	tcase_add_test(tc, other_inputs);
	tcase_add_test(tc, split_ikm);
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
