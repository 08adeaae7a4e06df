/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The primitives against Project Wycheproof: AEADs by every engine, X25519, HMAC, HKDF; the engines against
 * each other on all sorts of lengths; the start-up self-test.
 */
#include "aead.h"
#include "curve.h"
#include "hash.h"
#include "secret.h"
#include "vectors.h"

static struct aead_set set;

static void setup(void)
{
	ck_assert_int_eq(aead_set_init(&set, AEAD_ALL_PROVIDERS), RTMFP_OK);
}

static void teardown(void)
{
	aead_set_fini(&set);
}

static uint32_t rng_state = 12345;

static uint32_t rng(void)
{
	rng_state ^= rng_state << 13;
	rng_state ^= rng_state >> 17;
	rng_state ^= rng_state << 5;
	return rng_state;
}

static bool is_zero(const uint8_t *p, size_t len)
{
	while (len && *p == 0) {
		p++;
		len--;
	}
	return len == 0;
}

static int group_number(const json_t *group, const char *name)
{
	return (int)json_integer_value(json_object_get(group, name));
}

/* ---- AEAD ---- */

static void aead_case(const struct aead_engine *e, const json_t *t)
{
	struct bytes key = member_bytes(t, "key"), nonce = member_bytes(t, "iv"),
		     aad = member_bytes(t, "aad");
	struct bytes msg = member_bytes(t, "msg"), ct = member_bytes(t, "ct"), tag = member_bytes(t, "tag");
	const bool valid = strcmp(member_text(t, "result"), "valid") == 0;
	uint8_t *buf = malloc(msg.len ? msg.len : 1);
	uint8_t got[16];
	int err;

	ck_assert_uint_eq(ct.len, msg.len);
	memcpy(buf, msg.data, msg.len);
	ck_assert_int_eq(aead_seal_once(e, key.data, nonce.data, aad.data, aad.len, buf, msg.len, got),
			 RTMFP_OK);
	if (valid) {
		ck_assert_mem_eq(buf, ct.data, ct.len);
		ck_assert_mem_eq(got, tag.data, 16);
	}
	memcpy(buf, ct.data, ct.len);
	err = aead_open_once(e, key.data, nonce.data, aad.data, aad.len, buf, ct.len, tag.data);
	ck_assert_msg(err == (valid ? RTMFP_OK : RTMFP_ERR_AUTH), "%s: case %d: %s gives %d", e->name,
		      group_number(t, "tcId"), member_text(t, "comment"), err);
	if (valid)
		ck_assert_mem_eq(buf, msg.data, msg.len);
	else
		ck_assert(is_zero(buf, ct.len));
	free(buf);
	free(key.data);
	free(nonce.data);
	free(aad.data);
	free(msg.data);
	free(ct.data);
	free(tag.data);
}

static void aead_file(const char *name, enum aead_algorithm algorithm)
{
	json_t *root = vectors_load(name);
	const json_t *group, *t;
	size_t i, j, done = 0;

	json_array_foreach(json_object_get(root, "testGroups"), i, group)
	{
		if (group_number(group, "ivSize") != 96 || group_number(group, "keySize") != 256 ||
		    group_number(group, "tagSize") != 128)
			continue;
		json_array_foreach(json_object_get(group, "tests"), j, t)
		{
			for (size_t e = 0; e < set.count; e++)
				if (set.engines[e].algorithm == algorithm)
					aead_case(&set.engines[e], t);
			done++;
		}
	}
	ck_assert_uint_gt(done, 60);
	json_decref(root);
}

START_TEST(wycheproof_aes_gcm)
{
	aead_file("wycheproof/aes_gcm.json", AEAD_AES256_GCM);
}
END_TEST

START_TEST(wycheproof_chacha20_poly1305)
{
	aead_file("wycheproof/chacha20_poly1305.json", AEAD_CHACHA20_POLY1305);
}
END_TEST

/* One length, sealed by both engines in place, at an odd address, with tail room for the tag only. */
static void compare(const struct aead_engine *a, const struct aead_engine *b, size_t len, size_t aad_len)
{
	uint8_t *plain = malloc(len + 17), *x = malloc(len + 17), *y = malloc(len + 17);
	uint8_t key[32], nonce[12], aad[64];
	_Alignas(SECRET_ALIGN) uint8_t a_key[AEAD_KEY_MAX];

	for (size_t i = 0; i < sizeof(key); i++)
		key[i] = (uint8_t)rng();
	for (size_t i = 0; i < sizeof(nonce); i++)
		nonce[i] = (uint8_t)rng();
	for (size_t i = 0; i < sizeof(aad); i++)
		aad[i] = (uint8_t)rng();
	for (size_t i = 0; i < len; i++)
		plain[1 + i] = (uint8_t)rng();
	memcpy(x + 1, plain + 1, len);
	memcpy(y + 1, plain + 1, len);
	ck_assert_int_eq(a->set_key(a, a_key, key), RTMFP_OK);
	ck_assert_int_eq(a->seal(a, a_key, nonce, aad, aad_len, x + 1, len, x + 1 + len), RTMFP_OK);
	ck_assert_int_eq(aead_seal_once(b, key, nonce, aad, aad_len, y + 1, len, y + 1 + len), RTMFP_OK);
	ck_assert_msg(memcmp(x + 1, y + 1, len + 16) == 0, "%s and %s differ at %zu bytes", a->name, b->name,
		      len);

	/* Each opens the other's; a wrong bit anywhere is refused and nothing of use remains. */
	ck_assert_int_eq(aead_open_once(b, key, nonce, aad, aad_len, x + 1, len, x + 1 + len), RTMFP_OK);
	ck_assert_mem_eq(x + 1, plain + 1, len);
	ck_assert_int_eq(a->open(a, a_key, nonce, aad, aad_len, y + 1, len, y + 1 + len), RTMFP_OK);
	ck_assert_mem_eq(y + 1, plain + 1, len);
	ck_assert_int_eq(a->seal(a, a_key, nonce, aad, aad_len, y + 1, len, y + 1 + len), RTMFP_OK);
	y[1 + rng() % (len + 16)] ^= (uint8_t)(1u << rng() % 8);
	ck_assert_int_eq(a->open(a, a_key, nonce, aad, aad_len, y + 1, len, y + 1 + len), RTMFP_ERR_AUTH);
	ck_assert(is_zero(y + 1, len));
	a->wipe_key(a, a_key);
	ck_assert(is_zero(a_key, a->key_size));
	free(plain);
	free(x);
	free(y);
}

START_TEST(engines_agree)
{
	static const size_t big[] = { 16384, 16385, 65507, 65536 };

	for (size_t i = 0; i < set.count; i++) {
		for (size_t j = 0; j < set.count; j++) {
			const struct aead_engine *a = &set.engines[i], *b = &set.engines[j];

			if (a->algorithm != b->algorithm || (i == j && set.count > AEAD_ALGORITHMS))
				continue;
			for (size_t len = 0; len <= 2000; len += len < 300 ? 1 : 1 + rng() % 29)
				compare(a, b, len, len % 5 ? 0 : rng() % 64);
			for (size_t n = 0; n < sizeof(big) / sizeof(big[0]); n++)
				compare(a, b, big[n], 0);
		}
	}
}
END_TEST

/* ---- self-test ---- */

static int failing_after, calls;

static int spoiled_seal(const struct aead_engine *e, const void *key, const uint8_t nonce[12],
			const uint8_t *aad, size_t aad_len, uint8_t *data, size_t len, uint8_t tag[16])
{
	const struct aead_engine *good = e->ctx;
	int err = good->seal(good, key, nonce, aad, aad_len, data, len, tag);

	if (calls++ >= failing_after)
		tag[3] ^= 1;
	return err;
}

static int trusting_open(const struct aead_engine *e, const void *key, const uint8_t nonce[12],
			 const uint8_t *aad, size_t aad_len, uint8_t *data, size_t len, const uint8_t tag[16])
{
	const struct aead_engine *good = e->ctx;

	(void)good->open(good, key, nonce, aad, aad_len, data, len, tag);
	return RTMFP_OK;
}

static int good_open(const struct aead_engine *e, const void *key, const uint8_t nonce[12],
		     const uint8_t *aad, size_t aad_len, uint8_t *data, size_t len, const uint8_t tag[16])
{
	const struct aead_engine *good = e->ctx;

	return good->open(good, key, nonce, aad, aad_len, data, len, tag);
}

START_TEST(self_test_refuses)
{
	for (size_t i = 0; i < set.count; i++) {
		struct aead_engine e = set.engines[i];

		ck_assert(aead_self_test(&e, &set.engines[i]));
		if (e.ctx)
			continue; /* the spoiled ones need ctx for themselves, so only wolfSSL's are wrapped
				   */
		e.ctx = &set.engines[i];
		e.seal = spoiled_seal;
		e.open = good_open;
		failing_after = 1000;
		calls = 0;
		ck_assert(aead_self_test(&e, &set.engines[i]));
		/* Wrong in the published vector, or only at the last length of the comparison. */
		failing_after = 0;
		calls = 0;
		ck_assert(!aead_self_test(&e, NULL));
		failing_after = 7;
		calls = 0;
		ck_assert(!aead_self_test(&e, &set.engines[i]));
		e.seal = set.engines[i].seal;
		e.open = trusting_open;
		ck_assert(!aead_self_test(&e, NULL));
	}
}
END_TEST

START_TEST(set_choice)
{
	struct aead_set wolf;
	struct aead_engine bad;

	ck_assert_int_eq(aead_set_init(&wolf, AEAD_WOLFSSL), RTMFP_OK);
	ck_assert_uint_eq(wolf.count, AEAD_ALGORITHMS);
	ck_assert_str_eq(wolf.refused, "");
	ck_assert_str_eq(set.refused, "");
	for (int i = 0; i < AEAD_ALGORITHMS; i++) {
		ck_assert_int_eq(wolf.best[i]->algorithm, i);
		ck_assert_int_eq(set.best[i]->algorithm, i);
		ck_assert(!strncmp(wolf.best[i]->name, "wolfSSL", 7));
		/* intel-ipsec-mb is preferred where it works. */
		if (set.count > AEAD_ALGORITHMS) {
			ck_assert(!strncmp(set.best[i]->name, "intel-ipsec-mb", 14));
			ck_assert(set.best[i]->fast);
		}
	}

	/* One that fails its test is not used, and the reason is at hand. */
	bad = *wolf.best[AEAD_AES256_GCM];
	bad.ctx = (void *)wolf.best[AEAD_AES256_GCM];
	bad.seal = spoiled_seal;
	bad.open = good_open;
	snprintf(bad.name, sizeof(bad.name), "nobody");
	failing_after = 3;
	calls = 0;
	aead_set_add(&wolf, &bad);
	ck_assert_uint_eq(wolf.count, AEAD_ALGORITHMS);
	ck_assert_ptr_eq(wolf.best[AEAD_AES256_GCM], &wolf.engines[0]);
	ck_assert_str_eq(wolf.refused, "AES-256-GCM by nobody fails its self-test");
	failing_after = 1000;
	aead_set_add(&wolf, &bad);
	ck_assert_ptr_eq(wolf.best[AEAD_AES256_GCM], &wolf.engines[2]);
	aead_set_fini(&wolf);
}
END_TEST

/* ---- X25519 ---- */

START_TEST(wycheproof_x25519)
{
	static const uint8_t zero[32];
	json_t *root = vectors_load("wycheproof/x25519.json");
	const json_t *group, *t;
	size_t i, j, done = 0, refused = 0;

	json_array_foreach(json_object_get(root, "testGroups"), i, group)
	{
		json_array_foreach(json_object_get(group, "tests"), j, t)
		{
			uint8_t pub[32], priv[32], shared[32], want[32];
			int err;

			member_fixed(t, "public", pub, 32);
			member_fixed(t, "private", priv, 32);
			member_fixed(t, "shared", want, 32);
			memset(shared, 0xaa, sizeof(shared));
			err = curve_shared(shared, priv, pub);
			/* All-zero results are "acceptable" there and refused here (PROTOCOL.md section 2.3).
			 */
			ck_assert_msg(err == (memcmp(want, zero, 32) ? RTMFP_OK : RTMFP_ERR_AUTH),
				      "case %d gives %d", group_number(t, "tcId"), err);
			ck_assert_mem_eq(shared, want, 32);
			refused += err != RTMFP_OK;
			done++;
		}
	}
	ck_assert_uint_gt(done, 500);
	ck_assert_uint_gt(refused, 20);
	json_decref(root);
}
END_TEST

/* ---- hashes ---- */

START_TEST(wycheproof_hmac)
{
	json_t *root = vectors_load("wycheproof/hmac_sha256.json");
	const json_t *group, *t;
	size_t i, j, done = 0;

	json_array_foreach(json_object_get(root, "testGroups"), i, group)
	{
		const size_t tag_len = (size_t)group_number(group, "tagSize") / 8;

		json_array_foreach(json_object_get(group, "tests"), j, t)
		{
			struct bytes key = member_bytes(t, "key"), msg = member_bytes(t, "msg");
			struct bytes tag = member_bytes(t, "tag");
			const bool valid = strcmp(member_text(t, "result"), "valid") == 0;
			uint8_t out[32];
			/* In three pieces, so that the pieces are tested, too. */
			const size_t a = msg.len / 3, b = msg.len / 2;
			const struct hash_part parts[] = { { msg.data, a },
							   { msg.data + a, b - a },
							   { msg.data + b, msg.len - b } };

			hash_hmac(HASH_SHA256, key.data, key.len, parts, 3, out);
			ck_assert_uint_eq(tag.len, tag_len);
			ck_assert(rtmfp_equal_ct(out, tag.data, tag_len) == valid);
			free(key.data);
			free(msg.data);
			free(tag.data);
			done++;
		}
	}
	ck_assert_uint_gt(done, 150);
	json_decref(root);
}
END_TEST

START_TEST(wycheproof_hkdf)
{
	json_t *root = vectors_load("wycheproof/hkdf_sha256.json");
	const json_t *group, *t;
	size_t i, j, done = 0, direct = 0;

	json_array_foreach(json_object_get(root, "testGroups"), i, group)
	{
		json_array_foreach(json_object_get(group, "tests"), j, t)
		{
			struct bytes ikm = member_bytes(t, "ikm"), salt = member_bytes(t, "salt");
			struct bytes info = member_bytes(t, "info"), okm = member_bytes(t, "okm");
			const size_t size = (size_t)group_number(t, "size");
			uint8_t prk[32], block[32], out[3][32], padded[32] = { 0 };
			size_t at = 0;

			if (strcmp(member_text(t, "result"), "valid") != 0)
				goto next; /* an output longer than HKDF can give; ours are 64 or 96 bytes */
			/* RFC 5869 spelled out with our HMAC. */
			hash_hmac(HASH_SHA256, salt.data, salt.len, &(struct hash_part){ ikm.data, ikm.len },
				  1, prk);
			for (uint8_t n = 1; at < size; n++) {
				const struct hash_part parts[] = { { block, n > 1 ? 32 : 0 },
								   { info.data, info.len },
								   { &n, 1 } };
				const size_t take = size - at < 32 ? size - at : 32;

				hash_hmac(HASH_SHA256, prk, 32, parts, 3, block);
				ck_assert_mem_eq(block, okm.data + at, take);
				at += take;
			}
			done++;
			/* Noise's HKDF is RFC 5869's with a salt of 32 bytes and no info. */
			if (info.len == 0 && salt.len <= 32) {
				memcpy(padded, salt.data, salt.len);
				hash_hkdf(HASH_SHA256, padded, ikm.data, ikm.len, 3,
					  (uint8_t *const[]){ out[0], out[1], out[2] });
				ck_assert_mem_eq(out, okm.data, size < 96 ? size : 96);
				hash_hkdf(HASH_SHA256, padded, ikm.data, ikm.len, 2,
					  (uint8_t *const[]){ padded, out[2] });
				ck_assert_mem_eq(padded, out[0], 32);
				ck_assert_mem_eq(out[2], out[1], 32);
				direct++;
			}
		next:
			free(ikm.data);
			free(salt.data);
			free(info.data);
			free(okm.data);
		}
	}
	ck_assert_uint_gt(done, 80);
	ck_assert_uint_gt(direct, 5);
	json_decref(root);
}
END_TEST

/* BLAKE2s: RFC 7693 appendix B, and lengths around its block, whole and in pieces. */
START_TEST(blake2s)
{
	struct bytes want = bytes_of_hex("508c5e8c327c14e2e1a72ba34eeb452f37458b209ed63a294d999b4c86675982");
	uint8_t out[32], pieces[32], data[300];

	hash_parts(HASH_BLAKE2S, &(struct hash_part){ "abc", 3 }, 1, out);
	ck_assert_mem_eq(out, want.data, 32);
	free(want.data);
	/* Of nothing at all. */
	want = bytes_of_hex("69217a3079908094e11121d042354a7c1f55b6482ca1a51e1b250dfd1ed0eef9");
	hash_parts(HASH_BLAKE2S, NULL, 0, out);
	ck_assert_mem_eq(out, want.data, 32);
	free(want.data);
	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)i;
	for (size_t len = 0; len <= sizeof(data); len++) {
		const size_t cut = rng() % (len + 1);
		const struct hash_part parts[] = { { data, cut }, { data + cut, len - cut } };

		hash_parts(HASH_BLAKE2S, &(struct hash_part){ data, len }, 1, out);
		hash_parts(HASH_BLAKE2S, parts, 2, pieces);
		ck_assert_mem_eq(out, pieces, 32);
	}
	/* Around the block size; from Python's hashlib. */
	static const struct {
		size_t len;
		const char *hex;
	} known[] = {
		{ 63, "e57cb79487dd57902432b250733813bd96a84efce59f650fac26e6696aefafc3" },
		{ 64, "56f34e8b96557e90c1f24b52d0c89d51086acf1b00f634cf1dde9233b8eaaa3e" },
		{ 65, "1b53ee94aaf34e4b159d48de352c7f0661d0a40edff95a0b1639b4090e974472" },
		{ 128, "1fa877de67259d19863a2a34bcc6962a2b25fcbf5cbecd7ede8f1fa36688a796" },
		{ 129, "5bd169e67c82c2c2e98ef7008bdf261f2ddf30b1c00f9e7f275bb3e8a28dc9a2" },
		{ 300, "0d273350275ecbbb6d5631973856f57ff39f6d2284b81c3a3e1df16fb5e9711a" },
	};
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		want = bytes_of_hex(known[i].hex);
		hash_parts(HASH_BLAKE2S, &(struct hash_part){ data, known[i].len }, 1, out);
		ck_assert_mem_eq(out, want.data, 32);
		free(want.data);
	}
}
END_TEST

int main(void)
{
	Suite *s = suite_create("crypto_primitives");
	TCase *tc = tcase_create("primitives");
	SRunner *sr;
	int failed;

	tcase_set_timeout(tc, 300); /* valgrind is slow */
	tcase_add_unchecked_fixture(tc, setup, teardown);
	tcase_add_test(tc, wycheproof_aes_gcm);
	tcase_add_test(tc, wycheproof_chacha20_poly1305);
	tcase_add_test(tc, engines_agree);
	tcase_add_test(tc, self_test_refuses);
	tcase_add_test(tc, set_choice);
	tcase_add_test(tc, wycheproof_x25519);
	tcase_add_test(tc, wycheproof_hmac);
	tcase_add_test(tc, wycheproof_hkdf);
	tcase_add_test(tc, blake2s);
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
