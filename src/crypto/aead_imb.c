/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The AEADs by intel-ipsec-mb's direct functions (x86-64), or nothing where the library or the instructions
 * are missing.
 */
#include "aead.h"

#include "config.h"

#ifdef HAVE_IPSEC_MB

#include <intel-ipsec-mb.h>
#include <stdio.h>
#include <string.h>

#include "secret.h"

/* Tags are compared without a branch on where they differ. */
static bool tags_differ(const uint8_t a[AEAD_TAG_LEN], const uint8_t b[AEAD_TAG_LEN])
{
	uint64_t x[2], y[2];

	memcpy(x, a, sizeof(x));
	memcpy(y, b, sizeof(y));
	return ((x[0] ^ y[0]) | (x[1] ^ y[1])) != 0;
}

static int aes_set_key(const struct aead_engine *e, void *key, const uint8_t secret[AEAD_KEY_LEN])
{
	IMB_MGR *mgr = e->ctx;

	IMB_AES256_GCM_PRE(mgr, secret, key);
	return RTMFP_OK;
}

static int aes_seal(const struct aead_engine *e, const void *key, const uint8_t nonce[AEAD_NONCE_LEN],
		    const uint8_t *aad, size_t aad_len, uint8_t *data, size_t len, uint8_t tag[AEAD_TAG_LEN])
{
	IMB_MGR *mgr = e->ctx;
	struct gcm_context_data ctx;

	IMB_AES256_GCM_ENC(mgr, key, &ctx, data, data, len, nonce, aad, aad_len, tag, AEAD_TAG_LEN);
	return RTMFP_OK;
}

static int aes_open(const struct aead_engine *e, const void *key, const uint8_t nonce[AEAD_NONCE_LEN],
		    const uint8_t *aad, size_t aad_len, uint8_t *data, size_t len,
		    const uint8_t tag[AEAD_TAG_LEN])
{
	IMB_MGR *mgr = e->ctx;
	struct gcm_context_data ctx;
	uint8_t right[AEAD_TAG_LEN];

	IMB_AES256_GCM_DEC(mgr, key, &ctx, data, data, len, nonce, aad, aad_len, right, AEAD_TAG_LEN);
	if (tags_differ(right, tag)) {
		rtmfp_wipe(right, sizeof(right));
		rtmfp_wipe(data, len);
		return RTMFP_ERR_AUTH;
	}
	return RTMFP_OK;
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
	IMB_MGR *mgr = e->ctx;
	struct chacha20_poly1305_context_data ctx;

	IMB_CHACHA20_POLY1305_INIT(mgr, key, &ctx, nonce, aad, aad_len);
	IMB_CHACHA20_POLY1305_ENC_UPDATE(mgr, key, &ctx, data, data, len);
	IMB_CHACHA20_POLY1305_ENC_FINALIZE(mgr, &ctx, tag, AEAD_TAG_LEN);
	rtmfp_wipe(&ctx, sizeof(ctx)); /* one-time Poly1305 key and key stream */
	return RTMFP_OK;
}

static int chacha_open(const struct aead_engine *e, const void *key, const uint8_t nonce[AEAD_NONCE_LEN],
		       const uint8_t *aad, size_t aad_len, uint8_t *data, size_t len,
		       const uint8_t tag[AEAD_TAG_LEN])
{
	IMB_MGR *mgr = e->ctx;
	struct chacha20_poly1305_context_data ctx;
	uint8_t right[AEAD_TAG_LEN];

	IMB_CHACHA20_POLY1305_INIT(mgr, key, &ctx, nonce, aad, aad_len);
	IMB_CHACHA20_POLY1305_DEC_UPDATE(mgr, key, &ctx, data, data, len);
	IMB_CHACHA20_POLY1305_DEC_FINALIZE(mgr, &ctx, right, AEAD_TAG_LEN);
	rtmfp_wipe(&ctx, sizeof(ctx));
	if (tags_differ(right, tag)) {
		rtmfp_wipe(right, sizeof(right));
		rtmfp_wipe(data, len);
		return RTMFP_ERR_AUTH;
	}
	return RTMFP_OK;
}

static void wipe_key(const struct aead_engine *e, void *key)
{
	rtmfp_wipe(key, e->key_size);
}

static const char *arch_name(IMB_ARCH arch)
{
	switch (arch) {
	case IMB_ARCH_SSE: return "SSE";
	case IMB_ARCH_AVX: return "AVX";
	case IMB_ARCH_AVX2: return "AVX2";
	case IMB_ARCH_AVX512: return "AVX-512";
	default: return "other";
	}
}

_Static_assert(sizeof(struct gcm_key_data) <= AEAD_KEY_MAX, "AEAD_KEY_MAX is too small for intel-ipsec-mb");
_Static_assert(_Alignof(struct gcm_key_data) <= SECRET_ALIGN, "SECRET_ALIGN is too small for intel-ipsec-mb");

size_t aead_imb_engines(struct aead_engine *engines, void **manager)
{
	IMB_ARCH arch = IMB_ARCH_NONE;
	IMB_MGR *mgr = alloc_mb_mgr(0);
	const char *vaes;

	*manager = NULL;
	if (!mgr)
		return 0;
	init_mb_mgr_auto(mgr, &arch);
	/* Without AES instructions the library emulates them: slower than wolfSSL's ChaCha20-Poly1305. */
	if (imb_get_errno(mgr) != 0 || arch == IMB_ARCH_NONE || arch == IMB_ARCH_NOAESNI ||
	    !(mgr->features & IMB_FEATURE_AESNI) || (mgr->features & IMB_FEATURE_AESNI_EMU)) {
		free_mb_mgr(mgr);
		return 0;
	}
	vaes = arch == IMB_ARCH_AVX512 && (mgr->features & IMB_FEATURE_VAES) ? "VAES, " : "";
	engines[0] = (struct aead_engine){
		.algorithm = AEAD_AES256_GCM,
		.fast = true,
		.ctx = mgr,
		.key_size = (sizeof(struct gcm_key_data) + SECRET_ALIGN - 1) / SECRET_ALIGN * SECRET_ALIGN,
		.set_key = aes_set_key,
		.seal = aes_seal,
		.open = aes_open,
		.wipe_key = wipe_key,
	};
	engines[1] = (struct aead_engine){
		.algorithm = AEAD_CHACHA20_POLY1305,
		.fast = true,
		.ctx = mgr,
		.key_size = SECRET_ALIGN,
		.set_key = chacha_set_key,
		.seal = chacha_seal,
		.open = chacha_open,
		.wipe_key = wipe_key,
	};
	snprintf(engines[0].name, sizeof(engines[0].name), "intel-ipsec-mb %.16s (%s%s)",
		 imb_get_version_str(), vaes, arch_name(arch));
	snprintf(engines[1].name, sizeof(engines[1].name), "intel-ipsec-mb %.16s (%s)", imb_get_version_str(),
		 arch_name(arch));
	*manager = mgr;
	return 2;
}

void aead_imb_free(void *manager)
{
	if (manager)
		free_mb_mgr(manager);
}

#else /* !HAVE_IPSEC_MB */

size_t aead_imb_engines(struct aead_engine *engines, void **manager)
{
	(void)engines;
	*manager = NULL;
	return 0;
}

void aead_imb_free(void *manager)
{
	(void)manager;
}

#endif
