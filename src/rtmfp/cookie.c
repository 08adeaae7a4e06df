/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The cookies of cookie.h. */
#include "cookie.h"

#include <string.h>

#include "rtmfp_wire.h"

void rtmfp_cookies_init(struct rtmfp_cookies *c, const struct rtmfp_crypto_ops *ops, void *crypto,
			uint64_t lifetime)
{
	*c = (struct rtmfp_cookies){ .ops = ops, .crypto = crypto, .lifetime = lifetime };
	c->born[0] = c->born[1] = RTMFP_NEVER;
}

void rtmfp_cookies_fini(struct rtmfp_cookies *c)
{
	rtmfp_wipe(c->secret, sizeof(c->secret));
}

/* A secret makes cookies for one lifetime and checks them for one more. */
static void rotate(struct rtmfp_cookies *c, uint64_t now)
{
	if (c->born[0] != RTMFP_NEVER && now - c->born[0] < c->lifetime)
		return;
	memcpy(c->secret[1], c->secret[0], sizeof(c->secret[1]));
	c->born[1] = c->born[0];
	c->ops->random(c->crypto, c->secret[0], sizeof(c->secret[0]));
	c->born[0] = now;
}

static void make_parts(struct rtmfp_cookies *c, const uint8_t secret[32], const uint8_t stamp[8],
		       const struct rtmfp_addr *source, uint8_t out[2 * RTMFP_MAC_LEN])
{
	struct rtmfp_addr bare = *source;
	uint8_t data[32];
	struct rtmfp_writer w = rtmfp_writer(data, sizeof(data));

	bare.origin = RTMFP_ORIGIN_UNKNOWN;
	rtmfp_write_bytes(&w, stamp, 8);
	rtmfp_write_addr(&w, &bare);
	c->ops->mac(c->crypto, secret, "a", stamp, 8, out);
	c->ops->mac(c->crypto, secret, "b", data, rtmfp_written(&w), out + RTMFP_MAC_LEN);
}

void rtmfp_cookie_make(struct rtmfp_cookies *c, const struct rtmfp_addr *source, uint64_t now,
		       uint8_t cookie[RTMFP_COOKIE_LEN])
{
	uint64_t stamp = now / 1000u;
	struct rtmfp_writer w = rtmfp_writer(cookie, 8);

	rotate(c, now);
	if (stamp <= c->last_stamp)
		stamp = c->last_stamp + 1;
	c->last_stamp = stamp;
	rtmfp_write_u64(&w, stamp);
	make_parts(c, c->secret[0], cookie, source, cookie + 8);
}

enum rtmfp_cookie_verdict rtmfp_cookie_check(struct rtmfp_cookies *c, const struct rtmfp_addr *source,
					     const uint8_t *cookie, size_t len, uint64_t now, uint64_t *stamp)
{
	struct rtmfp_reader r = rtmfp_reader(cookie, len);
	uint64_t made = rtmfp_read_u64(&r);
	uint64_t limit = c->lifetime / 1000u;

	if (len != RTMFP_COOKIE_LEN)
		return RTMFP_COOKIE_BAD;
	rotate(c, now);
	/* Stamps run ahead of the clock only by how many were made within one microsecond. */
	if (made > c->last_stamp || (now / 1000u > made && now / 1000u - made > limit))
		return RTMFP_COOKIE_BAD;
	for (int i = 0; i < 2; i++) {
		uint8_t parts[2 * RTMFP_MAC_LEN];

		if (c->born[i] == RTMFP_NEVER)
			continue;
		make_parts(c, c->secret[i], cookie, source, parts);
		if (!rtmfp_equal_ct(parts, cookie + 8, RTMFP_MAC_LEN))
			continue;
		*stamp = made;
		return rtmfp_equal_ct(parts + RTMFP_MAC_LEN, cookie + 8 + RTMFP_MAC_LEN, RTMFP_MAC_LEN)
			       ? RTMFP_COOKIE_GOOD
			       : RTMFP_COOKIE_WRONG_ADDRESS;
	}
	return RTMFP_COOKIE_BAD;
}
