/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The AEADs by wolfSSL.
 */
#include "aead.h"

#include <stdio.h>
#include <string.h>

#include "secret.h"
#include "wolf.h"

/* wolfSSL refuses a NULL pointer where there is nothing to encrypt. */
static uint8_t nowhere[1];

static bool cpu_has_aes(void)
{
#if defined(WOLFSSL_AESNI) && (defined(__x86_64__) || defined(__i386__))
	return __builtin_cpu_supports("aes") && __builtin_cpu_supports("pclmul");
#elif defined(WOLFSSL_ARMASM) && !defined(WOLFSSL_ARMASM_NO_HW_CRYPTO)
	return true;
#else
	return false;
#endif
}

static bool has_chacha_assembly(void)
{
#if defined(USE_INTEL_CHACHA_SPEEDUP) || defined(WOLFSSL_ARMASM)
	return true;
#else
	return false;
#endif
}

static int aes_set_key(const struct aead_engine *e, void *key, const uint8_t secret[AEAD_KEY_LEN])
{
	(void)e;
	if (wc_AesInit(key, NULL, INVALID_DEVID) != 0 || wc_AesGcmSetKey(key, secret, AEAD_KEY_LEN) != 0)
		return RTMFP_ERR_CRYPTO;
	return RTMFP_OK;
}

static int aes_seal(const struct aead_engine *e, const void *key, const uint8_t nonce[AEAD_NONCE_LEN],
		    const uint8_t *aad, size_t aad_len, uint8_t *data, size_t len, uint8_t tag[AEAD_TAG_LEN])
{
	uint8_t *at = len ? data : nowhere;

	(void)e;
	/* The Aes object is not const in wolfSSL's prototypes, but GCM with a caller's nonce only reads it.
	 */
	if (wc_AesGcmEncrypt((Aes *)key, at, at, (word32)len, nonce, AEAD_NONCE_LEN, tag, AEAD_TAG_LEN, aad,
			     (word32)aad_len) != 0)
		return RTMFP_ERR_CRYPTO;
	return RTMFP_OK;
}

static int aes_open(const struct aead_engine *e, const void *key, const uint8_t nonce[AEAD_NONCE_LEN],
		    const uint8_t *aad, size_t aad_len, uint8_t *data, size_t len,
		    const uint8_t tag[AEAD_TAG_LEN])
{
	uint8_t *at = len ? data : nowhere;

	(void)e;
	if (wc_AesGcmDecrypt((Aes *)key, at, at, (word32)len, nonce, AEAD_NONCE_LEN, tag, AEAD_TAG_LEN, aad,
			     (word32)aad_len) != 0) {
		rtmfp_wipe(data, len);
		return RTMFP_ERR_AUTH;
	}
	return RTMFP_OK;
}

static void aes_wipe_key(const struct aead_engine *e, void *key)
{
	wc_AesFree(key);
	rtmfp_wipe(key, e->key_size);
}

static int chacha_set_key(const struct aead_engine *e, void *key, const uint8_t secret[AEAD_KEY_LEN])
{
	(void)e;
	memcpy(key, secret, AEAD_KEY_LEN);
	return RTMFP_OK;
}

static int chacha_seal(const struct aead_engine *e, const void *key, const uint8_t nonce[AEAD_NONCE_LEN],
		       const uint8_t *aad, size_t aad_len, uint8_t *data, size_t len,
		       uint8_t tag[AEAD_TAG_LEN])
{
	uint8_t *at = len ? data : nowhere;

	(void)e;
	if (wc_ChaCha20Poly1305_Encrypt(key, nonce, aad, (word32)aad_len, at, (word32)len, at, tag) != 0)
		return RTMFP_ERR_CRYPTO;
	return RTMFP_OK;
}

static int chacha_open(const struct aead_engine *e, const void *key, const uint8_t nonce[AEAD_NONCE_LEN],
		       const uint8_t *aad, size_t aad_len, uint8_t *data, size_t len,
		       const uint8_t tag[AEAD_TAG_LEN])
{
	uint8_t *at = len ? data : nowhere;

	(void)e;
	if (wc_ChaCha20Poly1305_Decrypt(key, nonce, aad, (word32)aad_len, at, (word32)len, tag, at) != 0) {
		rtmfp_wipe(data, len);
		return RTMFP_ERR_AUTH;
	}
	return RTMFP_OK;
}

static void chacha_wipe_key(const struct aead_engine *e, void *key)
{
	rtmfp_wipe(key, e->key_size);
}

_Static_assert(sizeof(Aes) <= AEAD_KEY_MAX, "AEAD_KEY_MAX is too small for wolfSSL");

size_t aead_wolf_engines(struct aead_engine *engines)
{
	engines[0] = (struct aead_engine){
		.algorithm = AEAD_AES256_GCM,
		.fast = cpu_has_aes(),
		.key_size = (sizeof(Aes) + SECRET_ALIGN - 1) / SECRET_ALIGN * SECRET_ALIGN,
		.set_key = aes_set_key,
		.seal = aes_seal,
		.open = aes_open,
		.wipe_key = aes_wipe_key,
	};
	engines[1] = (struct aead_engine){
		.algorithm = AEAD_CHACHA20_POLY1305,
		.fast = has_chacha_assembly(),
		.key_size = SECRET_ALIGN,
		.set_key = chacha_set_key,
		.seal = chacha_seal,
		.open = chacha_open,
		.wipe_key = chacha_wipe_key,
	};
	for (int i = 0; i < 2; i++)
		snprintf(engines[i].name, sizeof(engines[i].name), "wolfSSL%s",
			 engines[i].fast ? " (assembly)" : " without assembly");
	return 2;
}
