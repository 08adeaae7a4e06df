/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * X25519 by wolfSSL.
 */
#include "curve.h"

#include <string.h>

#include "wolf.h"

void curve_clamp(uint8_t priv[CURVE_LEN])
{
	priv[0] &= 248;
	priv[31] = (uint8_t)((priv[31] & 127) | 64);
}

int curve_public(uint8_t pub[CURVE_LEN], const uint8_t priv[CURVE_LEN])
{
	uint8_t clamped[CURVE_LEN];
	int err = RTMFP_OK;

	memcpy(clamped, priv, CURVE_LEN);
	curve_clamp(clamped);
	if (wc_curve25519_make_pub(CURVE_LEN, pub, CURVE_LEN, clamped) != 0) {
		rtmfp_wipe(pub, CURVE_LEN);
		err = RTMFP_ERR_CRYPTO;
	}
	rtmfp_wipe(clamped, sizeof(clamped));
	return err;
}

int curve_shared(uint8_t out[CURVE_LEN], const uint8_t priv[CURVE_LEN], const uint8_t pub[CURVE_LEN])
{
	static const uint8_t zero[CURVE_LEN];
	uint8_t clamped[CURVE_LEN];
	int err = RTMFP_OK;

	memcpy(clamped, priv, CURVE_LEN);
	curve_clamp(clamped);
	if (wc_curve25519_generic(CURVE_LEN, out, CURVE_LEN, clamped, CURVE_LEN, pub) != 0)
		err = RTMFP_ERR_CRYPTO;
	else if (rtmfp_equal_ct(out, zero, CURVE_LEN))
		err = RTMFP_ERR_AUTH;
	if (err)
		rtmfp_wipe(out, CURVE_LEN);
	rtmfp_wipe(clamped, sizeof(clamped));
	return err;
}
