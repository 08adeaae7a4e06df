/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * X25519 (RFC 7748) by wolfSSL. For keys, Noise and nobody else.
 */
#ifndef CURVE_H
#define CURVE_H

#include "rtmfp_types.h"

#define CURVE_LEN 32u

/** curve_clamp makes 32 random bytes a private key. */
void curve_clamp(uint8_t priv[CURVE_LEN]);
/** curve_public computes the public key of |priv|, clamped or not. 0 or RTMFP_ERR_CRYPTO, |pub| zeroed. */
int curve_public(uint8_t pub[CURVE_LEN], const uint8_t priv[CURVE_LEN]) RTMFP_MUST_CHECK;
/**
 * curve_shared computes a Diffie-Hellman result. RTMFP_ERR_AUTH: it is all zero, so |pub| is of low order
 * (PROTOCOL.md section 2.3); RTMFP_ERR_CRYPTO: the library failed; both with |out| zeroed.
 */
int curve_shared(uint8_t out[CURVE_LEN], const uint8_t priv[CURVE_LEN],
		 const uint8_t pub[CURVE_LEN]) RTMFP_MUST_CHECK;

#endif
