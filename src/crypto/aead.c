/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Finding, testing and choosing AEAD engines.
 */
#include "aead.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "secret.h"

struct known_answer {
	const uint8_t *key, *nonce, *aad, *plain, *cipher, *tag;
	size_t aad_len, len;
};

/* AES-256-GCM: test case 16 of "The Galois/Counter Mode of Operation" (McGrew, Viega). */
static const struct known_answer aes_answer = {
	.key = (const uint8_t[]){ 0xfe, 0xff, 0xe9, 0x92, 0x86, 0x65, 0x73, 0x1c, 0x6d, 0x6a, 0x8f,
				  0x94, 0x67, 0x30, 0x83, 0x08, 0xfe, 0xff, 0xe9, 0x92, 0x86, 0x65,
				  0x73, 0x1c, 0x6d, 0x6a, 0x8f, 0x94, 0x67, 0x30, 0x83, 0x08 },
	.nonce = (const uint8_t[]){ 0xca, 0xfe, 0xba, 0xbe, 0xfa, 0xce, 0xdb, 0xad, 0xde, 0xca, 0xf8, 0x88 },
	.aad = (const uint8_t[]){ 0xfe, 0xed, 0xfa, 0xce, 0xde, 0xad, 0xbe, 0xef, 0xfe, 0xed,
				  0xfa, 0xce, 0xde, 0xad, 0xbe, 0xef, 0xab, 0xad, 0xda, 0xd2 },
	.aad_len = 20,
	.plain = (const uint8_t[]){ 0xd9, 0x31, 0x32, 0x25, 0xf8, 0x84, 0x06, 0xe5, 0xa5, 0x59, 0x09, 0xc5,
				    0xaf, 0xf5, 0x26, 0x9a, 0x86, 0xa7, 0xa9, 0x53, 0x15, 0x34, 0xf7, 0xda,
				    0x2e, 0x4c, 0x30, 0x3d, 0x8a, 0x31, 0x8a, 0x72, 0x1c, 0x3c, 0x0c, 0x95,
				    0x95, 0x68, 0x09, 0x53, 0x2f, 0xcf, 0x0e, 0x24, 0x49, 0xa6, 0xb5, 0x25,
				    0xb1, 0x6a, 0xed, 0xf5, 0xaa, 0x0d, 0xe6, 0x57, 0xba, 0x63, 0x7b, 0x39 },
	.len = 60,
	.cipher = (const uint8_t[]){ 0x52, 0x2d, 0xc1, 0xf0, 0x99, 0x56, 0x7d, 0x07, 0xf4, 0x7f, 0x37, 0xa3,
				     0x2a, 0x84, 0x42, 0x7d, 0x64, 0x3a, 0x8c, 0xdc, 0xbf, 0xe5, 0xc0, 0xc9,
				     0x75, 0x98, 0xa2, 0xbd, 0x25, 0x55, 0xd1, 0xaa, 0x8c, 0xb0, 0x8e, 0x48,
				     0x59, 0x0d, 0xbb, 0x3d, 0xa7, 0xb0, 0x8b, 0x10, 0x56, 0x82, 0x88, 0x38,
				     0xc5, 0xf6, 0x1e, 0x63, 0x93, 0xba, 0x7a, 0x0a, 0xbc, 0xc9, 0xf6, 0x62 },
	.tag = (const uint8_t[]){ 0x76, 0xfc, 0x6e, 0xce, 0x0f, 0x4e, 0x17, 0x68, 0xcd, 0xdf, 0x88, 0x53,
				  0xbb, 0x2d, 0x55, 0x1b },
};

/* ChaCha20-Poly1305: RFC 8439 section 2.8.2. */
static const struct known_answer chacha_answer = {
	.key = (const uint8_t[]){ 0x80, 0x81, 0x82, 0x83, 0x84, 0x85, 0x86, 0x87, 0x88, 0x89, 0x8a,
				  0x8b, 0x8c, 0x8d, 0x8e, 0x8f, 0x90, 0x91, 0x92, 0x93, 0x94, 0x95,
				  0x96, 0x97, 0x98, 0x99, 0x9a, 0x9b, 0x9c, 0x9d, 0x9e, 0x9f },
	.nonce = (const uint8_t[]){ 0x07, 0x00, 0x00, 0x00, 0x40, 0x41, 0x42, 0x43, 0x44, 0x45, 0x46, 0x47 },
	.aad = (const uint8_t[]){ 0x50, 0x51, 0x52, 0x53, 0xc0, 0xc1, 0xc2, 0xc3, 0xc4, 0xc5, 0xc6, 0xc7 },
	.aad_len = 12,
	.plain = (const uint8_t
			  *)"Ladies and Gentlemen of the class of '99: If I could offer you only one tip "
			    "for the future, sunscreen would be it.",
	.len = 114,
	.cipher = (const uint8_t[]){ 0xd3, 0x1a, 0x8d, 0x34, 0x64, 0x8e, 0x60, 0xdb, 0x7b, 0x86, 0xaf, 0xbc,
				     0x53, 0xef, 0x7e, 0xc2, 0xa4, 0xad, 0xed, 0x51, 0x29, 0x6e, 0x08, 0xfe,
				     0xa9, 0xe2, 0xb5, 0xa7, 0x36, 0xee, 0x62, 0xd6, 0x3d, 0xbe, 0xa4, 0x5e,
				     0x8c, 0xa9, 0x67, 0x12, 0x82, 0xfa, 0xfb, 0x69, 0xda, 0x92, 0x72, 0x8b,
				     0x1a, 0x71, 0xde, 0x0a, 0x9e, 0x06, 0x0b, 0x29, 0x05, 0xd6, 0xa5, 0xb6,
				     0x7e, 0xcd, 0x3b, 0x36, 0x92, 0xdd, 0xbd, 0x7f, 0x2d, 0x77, 0x8b, 0x8c,
				     0x98, 0x03, 0xae, 0xe3, 0x28, 0x09, 0x1b, 0x58, 0xfa, 0xb3, 0x24, 0xe4,
				     0xfa, 0xd6, 0x75, 0x94, 0x55, 0x85, 0x80, 0x8b, 0x48, 0x31, 0xd7, 0xbc,
				     0x3f, 0xf4, 0xde, 0xf0, 0x8e, 0x4b, 0x7a, 0x9d, 0xe5, 0x76, 0xd2, 0x65,
				     0x86, 0xce, 0xc6, 0x4b, 0x61, 0x16 },
	.tag = (const uint8_t[]){ 0x1a, 0xe1, 0x0b, 0x59, 0x4f, 0x09, 0xe2, 0x6a, 0x7e, 0x90, 0x2e, 0xcb,
				  0xd0, 0x60, 0x06, 0x91 },
};

const char *aead_algorithm_name(enum aead_algorithm algorithm)
{
	return algorithm == AEAD_AES256_GCM ? "AES-256-GCM" : "ChaCha20-Poly1305";
}

static bool answers(const struct aead_engine *e, const struct known_answer *a)
{
	uint8_t buf[128], tag[AEAD_TAG_LEN];

	memcpy(buf, a->plain, a->len);
	if (aead_seal_once(e, a->key, a->nonce, a->aad, a->aad_len, buf, a->len, tag) ||
	    memcmp(buf, a->cipher, a->len) != 0 || memcmp(tag, a->tag, AEAD_TAG_LEN) != 0)
		return false;
	if (aead_open_once(e, a->key, a->nonce, a->aad, a->aad_len, buf, a->len, tag) ||
	    memcmp(buf, a->plain, a->len) != 0)
		return false;
	memcpy(buf, a->cipher, a->len);
	tag[AEAD_TAG_LEN - 1] ^= 0x80;
	return aead_open_once(e, a->key, a->nonce, a->aad, a->aad_len, buf, a->len, tag) == RTMFP_ERR_AUTH;
}

/* Lengths around the block sizes of vectorised code: what one engine seals the other opens. */
static bool agree(const struct aead_engine *a, const struct aead_engine *b)
{
	static const uint16_t lengths[] = { 1, 16, 33, 127, 256, 271, 511 };
	uint8_t key[AEAD_KEY_LEN], nonce[AEAD_NONCE_LEN] = { 0 };
	uint8_t mine[512], theirs[512], my_tag[AEAD_TAG_LEN], their_tag[AEAD_TAG_LEN];

	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		const size_t len = lengths[i];

		for (size_t j = 0; j < AEAD_KEY_LEN; j++)
			key[j] = (uint8_t)(j * 7 + i);
		for (size_t j = 0; j < len; j++)
			mine[j] = theirs[j] = (uint8_t)(j * j + i);
		nonce[11] = (uint8_t)i;
		if (aead_seal_once(a, key, nonce, NULL, 0, mine, len, my_tag) ||
		    aead_seal_once(b, key, nonce, NULL, 0, theirs, len, their_tag) ||
		    memcmp(mine, theirs, len) != 0 || memcmp(my_tag, their_tag, AEAD_TAG_LEN) != 0)
			return false;
		if (aead_open_once(a, key, nonce, NULL, 0, theirs, len, their_tag))
			return false;
		for (size_t j = 0; j < len; j++)
			if (theirs[j] != (uint8_t)(j * j + i))
				return false;
	}
	return true;
}

bool aead_self_test(const struct aead_engine *e, const struct aead_engine *other)
{
	return answers(e, e->algorithm == AEAD_AES256_GCM ? &aes_answer : &chacha_answer) &&
	       (!other || agree(e, other));
}

void aead_set_add(struct aead_set *set, const struct aead_engine *e)
{
	const struct aead_engine **best = &set->best[e->algorithm];
	const size_t used = strlen(set->refused);

	assert(set->count < AEAD_ENGINES_MAX);
	if (!aead_self_test(e, *best)) {
		snprintf(set->refused + used, sizeof(set->refused) - used, "%s%s by %s fails its self-test",
			 used ? ", " : "", aead_algorithm_name(e->algorithm), e->name);
		return;
	}
	set->engines[set->count] = *e;
	*best = &set->engines[set->count++];
}

int aead_set_init(struct aead_set *set, unsigned providers)
{
	struct aead_engine found[AEAD_ENGINES_MAX];
	size_t count;

	memset(set, 0, sizeof(*set));
	count = aead_wolf_engines(found);
	if (providers & AEAD_IPSEC_MB)
		count += aead_imb_engines(found + count, &set->ipsec_mb);

	/* What comes later is as fast or faster: intel-ipsec-mb is ahead of wolfSSL's assembly, too. */
	for (size_t i = 0; i < count; i++)
		aead_set_add(set, &found[i]);
	for (int i = 0; i < AEAD_ALGORITHMS; i++) {
		if (!set->best[i]) {
			aead_set_fini(set);
			return RTMFP_ERR_CRYPTO;
		}
	}
	return RTMFP_OK;
}

void aead_set_fini(struct aead_set *set)
{
	aead_imb_free(set->ipsec_mb);
	memset(set, 0, sizeof(*set));
}

int aead_seal_once(const struct aead_engine *e, const uint8_t secret[AEAD_KEY_LEN],
		   const uint8_t nonce[AEAD_NONCE_LEN], const uint8_t *aad, size_t aad_len, uint8_t *data,
		   size_t len, uint8_t tag[AEAD_TAG_LEN])
{
	_Alignas(SECRET_ALIGN) uint8_t key[AEAD_KEY_MAX];
	int err = e->set_key(e, key, secret);

	if (!err)
		err = e->seal(e, key, nonce, aad, aad_len, data, len, tag);
	e->wipe_key(e, key);
	return err;
}

int aead_open_once(const struct aead_engine *e, const uint8_t secret[AEAD_KEY_LEN],
		   const uint8_t nonce[AEAD_NONCE_LEN], const uint8_t *aad, size_t aad_len, uint8_t *data,
		   size_t len, const uint8_t tag[AEAD_TAG_LEN])
{
	_Alignas(SECRET_ALIGN) uint8_t key[AEAD_KEY_MAX];
	int err = e->set_key(e, key, secret);

	if (!err)
		err = e->open(e, key, nonce, aad, aad_len, data, len, tag);
	e->wipe_key(e, key);
	return err;
}
