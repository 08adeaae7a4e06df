/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Unpredictable bytes: wolfSSL's generator, seeded from the kernel. For keys and the profile.
 */
#ifndef ENTROPY_H
#define ENTROPY_H

#include "rtmfp_types.h"

struct entropy;

/** entropy_new seeds a generator. RTMFP_ERR_CRYPTO: the kernel gives no seed. RTMFP_ERR_NOMEM. */
int entropy_new(struct entropy **out) RTMFP_MUST_CHECK;
/** entropy_free wipes the generator; NULL is allowed. */
void entropy_free(struct entropy *e);
/** entropy_fill writes |len| bytes. RTMFP_ERR_CRYPTO: reseeding failed; |out| is zeroed. */
int entropy_fill(struct entropy *e, uint8_t *out, size_t len) RTMFP_MUST_CHECK;
/** entropy_once is new, fill and free in one. */
int entropy_once(uint8_t *out, size_t len) RTMFP_MUST_CHECK;

#endif
