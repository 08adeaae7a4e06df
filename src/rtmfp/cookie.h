/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Responder cookies (RFC 7016 section 3.5.1.1.2, PROTOCOL.md section 2.5): made and checked without state per
 * initiator. 40 bytes: stamp (8) || MAC(secret, "a", stamp) || MAC(secret, "b", stamp || source Address).
 */
#ifndef COOKIE_H
#define COOKIE_H

#include "rtmfp_crypto.h"

#define RTMFP_COOKIE_LEN (8u + 2u * RTMFP_MAC_LEN)

struct rtmfp_cookies {
	const struct rtmfp_crypto_ops *ops;
	void *crypto;
	uint64_t lifetime;
	uint8_t secret[2][32]; /* [0] makes, both check */
	uint64_t born[2];      /* |now| of each secret; RTMFP_NEVER: unset */
	uint64_t last_stamp;   /* microseconds, strictly increasing */
};

enum rtmfp_cookie_verdict {
	RTMFP_COOKIE_GOOD,
	RTMFP_COOKIE_WRONG_ADDRESS, /* ours and fresh, but made for another source: the place of Cookie Change
				       (3.5.1.2) */
	RTMFP_COOKIE_BAD,	    /* not ours, or expired */
};

void rtmfp_cookies_init(struct rtmfp_cookies *c, const struct rtmfp_crypto_ops *ops, void *crypto,
			uint64_t lifetime);
void rtmfp_cookies_fini(struct rtmfp_cookies *c);
void rtmfp_cookie_make(struct rtmfp_cookies *c, const struct rtmfp_addr *source, uint64_t now,
		       uint8_t cookie[RTMFP_COOKIE_LEN]);
/** rtmfp_cookie_check also returns the cookie's |*stamp|, unique to it and growing, unless BAD. */
enum rtmfp_cookie_verdict rtmfp_cookie_check(struct rtmfp_cookies *c, const struct rtmfp_addr *source,
					     const uint8_t *cookie, size_t len, uint64_t now,
					     uint64_t *stamp);

#endif
