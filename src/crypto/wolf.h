/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The wolfSSL headers that the profile uses. Only files of src/crypto include this; options.h, which
 * describes how the library was built, has to come before every other wolfSSL header.
 */
#ifndef WOLF_H
#define WOLF_H

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wundef"
#include <wolfssl/options.h>

#include <wolfssl/wolfcrypt/settings.h>

#include <wolfssl/wolfcrypt/aes.h>
#include <wolfssl/wolfcrypt/blake2.h>
#include <wolfssl/wolfcrypt/chacha20_poly1305.h>
#include <wolfssl/wolfcrypt/curve25519.h>
#include <wolfssl/wolfcrypt/hmac.h>
#include <wolfssl/wolfcrypt/random.h>
#include <wolfssl/wolfcrypt/sha256.h>
#pragma GCC diagnostic pop

#endif
