/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * wolfSSL's Hash_DRBG, which reads the kernel's generator for its seed and again after a fork or after
 * many requests.
 */
#include "entropy.h"

#include <stdlib.h>

#include "wolf.h"

struct entropy {
	WC_RNG rng;
};

int entropy_new(struct entropy **out)
{
	struct entropy *e = calloc(1, sizeof(*e));

	*out = NULL;
	if (!e)
		return RTMFP_ERR_NOMEM;
	if (wc_InitRng(&e->rng) != 0) {
		free(e);
		return RTMFP_ERR_CRYPTO;
	}
	*out = e;
	return RTMFP_OK;
}

void entropy_free(struct entropy *e)
{
	if (!e)
		return;
	wc_FreeRng(&e->rng);
	rtmfp_wipe(e, sizeof(*e));
	free(e);
}

int entropy_fill(struct entropy *e, uint8_t *out, size_t len)
{
	uint8_t *at = out;
	size_t left = len;

	while (left) {
		word32 n = left < RNG_MAX_BLOCK_LEN ? (word32)left : RNG_MAX_BLOCK_LEN;

		if (wc_RNG_GenerateBlock(&e->rng, at, n) != 0) {
			rtmfp_wipe(out, len);
			return RTMFP_ERR_CRYPTO;
		}
		at += n;
		left -= n;
	}
	return RTMFP_OK;
}

int entropy_once(uint8_t *out, size_t len)
{
	struct entropy *e;
	int err = entropy_new(&e);

	if (err) {
		rtmfp_wipe(out, len);
		return err;
	}
	err = entropy_fill(e, out, len);
	entropy_free(e);
	return err;
}
