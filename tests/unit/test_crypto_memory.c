/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Memory of secrets: everything is zero when it is given back, and running out of memory at any point leaves
 * nothing behind. The linker puts this file's functions in front of the allocator (--wrap).
 */
#include "keying.h"

#include <stdlib.h>

void *__real_aligned_alloc(size_t align, size_t size);
void __real_free(void *p);
void *__wrap_aligned_alloc(size_t align, size_t size);
void __wrap_free(void *p);

enum { BLOCKS = 64 };
static struct {
	void *p;
	size_t size;
} blocks[BLOCKS];
static int live, seen, dirty;
static int allowed = -1; /* allocations until one fails; -1: none fails */

void *__wrap_aligned_alloc(size_t align, size_t size)
{
	void *p;

	if (allowed == 0)
		return NULL;
	if (allowed > 0)
		allowed--;
	p = __real_aligned_alloc(align, size);
	for (int i = 0; i < BLOCKS && p; i++) {
		if (!blocks[i].p) {
			blocks[i].p = p;
			blocks[i].size = size;
			live++;
			return p;
		}
	}
	abort();
}

void __wrap_free(void *p)
{
	for (int i = 0; i < BLOCKS && p; i++) {
		if (blocks[i].p != p)
			continue;
		for (size_t n = 0; n < blocks[i].size; n++)
			dirty += ((const uint8_t *)p)[n] != 0;
		blocks[i].p = NULL;
		live--;
		seen++;
	}
	__real_free(p);
}

static struct crypto_profile *profile_of(uint8_t suite, unsigned providers, uint8_t seed)
{
	struct crypto_config cfg = { .suites = { suite }, .stateless_reset = true };
	struct crypto_profile *p;

	memset(cfg.private_key, seed, sizeof(cfg.private_key));
	ck_assert_int_eq(profile_new_with(&cfg, providers, &p), RTMFP_OK);
	return p;
}

static const struct {
	uint8_t suite;
	unsigned providers;
} kinds[] = {
	{ 1, AEAD_ALL_PROVIDERS }, { 2, AEAD_ALL_PROVIDERS }, { 1, AEAD_WOLFSSL }, { 2, AEAD_WOLFSSL }
};

static void pair_new(struct keying *k, int kind)
{
	struct crypto_profile *i = profile_of(kinds[kind].suite, kinds[kind].providers, 0x66);
	struct crypto_profile *r = profile_of(kinds[kind].suite, kinds[kind].providers, 0x77);
	const uint8_t psk[32] = { 5, 5, 5 };
	struct crypto_peer *i_other, *r_other;

	ck_assert_int_eq(crypto_peer_add(i, crypto_profile_public_key(r), psk, &i_other), RTMFP_OK);
	ck_assert_int_eq(crypto_peer_add(r, crypto_profile_public_key(i), psk, &r_other), RTMFP_OK);
	keying_init(k, i, i_other, r, r_other);
}

START_TEST(all_is_wiped)
{
	struct rtmfp_keying_info info = { 0 };
	uint8_t init[RTMFP_REKEY_MAX], resp[RTMFP_REKEY_MAX];
	size_t init_len, resp_len;
	struct keying k;
	uint32_t id;
	void *rk, *i_new, *r_new;

	seen = dirty = 0;
	pair_new(&k, _i);
	keying_run(&k);
	ck_assert_int_eq(OPS->rekey_init(k.i.keys, 1, 7, init, sizeof(init), &init_len, &rk), RTMFP_OK);
	ck_assert_int_eq(OPS->rekey_respond(k.r.keys, 1, init, init_len, 8, resp, sizeof(resp), &resp_len,
					    &id, &r_new, &info),
			 RTMFP_OK);
	ck_assert_int_eq(OPS->rekey_finish(rk, resp, resp_len, &id, &i_new, &info), RTMFP_OK);
	ck_assert_int_eq(live, 2 /* profiles */ + 2 /* startup keys */ + 2 /* peers */ + 2 /* hs */ +
				       4 /* keys */ + 1);
	OPS->rekey_free(rk);
	OPS->keys_free(i_new);
	OPS->keys_free(r_new);
	keying_fini(&k);
	ck_assert_int_eq(live, 6);
	crypto_peer_remove(k.r.other);
	crypto_profile_free(k.i.profile);
	crypto_profile_free(k.r.profile);
	ck_assert_int_eq(live, 0);
	ck_assert_int_eq(seen, 13);
	ck_assert_int_eq(dirty, 0);
}
END_TEST

/* Each allocation of a session's life fails once; the step says so, changes nothing, and works the next time.
 */
START_TEST(out_of_memory)
{
	struct crypto_config cfg = { .private_key = { 1 } };
	struct rtmfp_keying_info info = { 0 };
	uint8_t init[RTMFP_REKEY_MAX], resp[RTMFP_REKEY_MAX];
	size_t init_len, resp_len;
	struct keying k;
	struct crypto_peer *peer;
	struct crypto_profile *p;
	uint32_t id;
	void *rk, *i_new, *r_new;
	int before;

#define FAILS(call)                                      \
	do {                                             \
		before = live;                           \
		allowed = 0;                             \
		ck_assert_int_eq(call, RTMFP_ERR_NOMEM); \
		allowed = -1;                            \
		ck_assert_int_eq(live, before);          \
	} while (0)
#define FAILS_THEN_WORKS(call)                    \
	do {                                      \
		FAILS(call);                      \
		ck_assert_int_eq(call, RTMFP_OK); \
	} while (0)

	for (int n = 0; n < 2; n++) {
		allowed = n;
		ck_assert_int_eq(crypto_profile_new(&cfg, &p), RTMFP_ERR_NOMEM);
		allowed = -1;
		ck_assert_ptr_null(p);
		ck_assert_int_eq(live, 0);
	}
	pair_new(&k, _i);
	FAILS(crypto_peer_add(k.i.profile, cfg.private_key, NULL, &peer));
	ck_assert_ptr_null(peer);
	keying_ihello(&k);
	keying_rhello(&k);
	FAILS_THEN_WORKS(keying_iikeying(&k));
	FAILS_THEN_WORKS(keying_read(&k));
	/* The responder's message 2 stands; only its keys can lack memory. */
	before = live;
	allowed = 0;
	ck_assert_int_eq(keying_rikeying(&k), RTMFP_ERR_NOMEM);
	allowed = -1;
	ck_assert_int_eq(live, before);
	ck_assert_int_eq(OPS->responder_keys(k.r.hs, &k.r.keys, &k.r.info), RTMFP_OK);
	ck_assert_int_eq(keying_verify(&k), RTMFP_OK);
	FAILS_THEN_WORKS(keying_finish(&k));
	FAILS_THEN_WORKS(OPS->rekey_init(k.i.keys, 1, 7, init, sizeof(init), &init_len, &rk));
	FAILS_THEN_WORKS(OPS->rekey_respond(k.r.keys, 1, init, init_len, 8, resp, sizeof(resp), &resp_len,
					    &id, &r_new, &info));
	FAILS_THEN_WORKS(OPS->rekey_finish(rk, resp, resp_len, &id, &i_new, &info));
	OPS->rekey_free(rk);
	OPS->keys_free(i_new);
	OPS->keys_free(r_new);
	keying_fini(&k);
	crypto_profile_free(k.i.profile);
	crypto_profile_free(k.r.profile);
	ck_assert_int_eq(live, 0);
	ck_assert_int_eq(dirty, 0);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("crypto_memory");
	TCase *tc = tcase_create("memory");
	SRunner *sr;
	int failed;

	tcase_set_timeout(tc, 120);
	tcase_add_loop_test(tc, all_is_wiped, 0, 4);
	tcase_add_loop_test(tc, out_of_memory, 0, 4);
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
