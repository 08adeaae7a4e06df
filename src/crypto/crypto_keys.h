/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Keys and their text form, which are WireGuard's (PROTOCOL.md section 1). For the profile, the
 * configuration and the command.
 *
 * Every int is 0 or a negative enum rtmfp_err.
 */
#ifndef CRYPTO_KEYS_H
#define CRYPTO_KEYS_H

#include "rtmfp_types.h"

#define CRYPTO_KEY_LEN	32u /* private, public and pre-shared keys */
#define CRYPTO_KEY_TEXT 44u /* characters of Base64, the final '=' among them, without a terminating 0 */

/**
 * crypto_key_from_base64 reads a key.
 *
 * |text| must be exactly CRYPTO_KEY_TEXT characters and a 0, in canonical form: the unused bits of the last
 * digit are 0. Takes no branch and no table look-up that depends on the characters, as long as they are
 * valid. Returns 0, or RTMFP_ERR_SYNTAX with |key| zeroed.
 */
int crypto_key_from_base64(uint8_t key[CRYPTO_KEY_LEN], const char *text) RTMFP_MUST_CHECK;
/** crypto_key_to_base64 writes CRYPTO_KEY_TEXT characters and a 0. */
void crypto_key_to_base64(char text[CRYPTO_KEY_TEXT + 1], const uint8_t key[CRYPTO_KEY_LEN]);

/** crypto_genkey makes an X25519 private key, clamped. On failure (no entropy: RTMFP_ERR_CRYPTO) it is
 * zeroed. */
int crypto_genkey(uint8_t key[CRYPTO_KEY_LEN]) RTMFP_MUST_CHECK;
/** crypto_genpsk makes a pre-shared key: 32 random bytes; failure as crypto_genkey. */
int crypto_genpsk(uint8_t psk[CRYPTO_KEY_LEN]) RTMFP_MUST_CHECK;
/**
 * crypto_pubkey computes the public key of |priv|, which is clamped on the way and may be the same memory
 * as |pub|. RTMFP_ERR_CRYPTO: the library failed; |pub| is zeroed.
 */
int crypto_pubkey(uint8_t pub[CRYPTO_KEY_LEN], const uint8_t priv[CRYPTO_KEY_LEN]) RTMFP_MUST_CHECK;

#endif
