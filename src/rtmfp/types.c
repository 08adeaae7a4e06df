/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What rtmfp_types.h declares: phrases, names, comparisons, memory. Depends on nothing; everybody calls it.
 */
#include "rtmfp_types.h"

#include <stdlib.h>
#include <string.h>

const char *rtmfp_strerror(int err)
{
	switch (err) {
	case RTMFP_OK: return "success";
	case RTMFP_ERR_NOMEM: return "out of memory";
	case RTMFP_ERR_NOBUFS: return "queue full";
	case RTMFP_ERR_CLOSED: return "not open";
	case RTMFP_ERR_SYNTAX: return "malformed";
	case RTMFP_ERR_AUTH: return "not authentic";
	case RTMFP_ERR_REPLAY: return "replayed or too old";
	case RTMFP_ERR_LIMIT: return "limit reached";
	case RTMFP_ERR_UNKNOWN: return "not known";
	case RTMFP_ERR_CRYPTO: return "cryptography library failed";
	default: return "unknown error";
	}
}

bool rtmfp_addr_same_host(const struct rtmfp_addr *a, const struct rtmfp_addr *b)
{
	return a->family == b->family && a->scope == b->scope && memcmp(a->ip, b->ip, sizeof(a->ip)) == 0;
}

bool rtmfp_addr_equal(const struct rtmfp_addr *a, const struct rtmfp_addr *b)
{
	return a->port == b->port && rtmfp_addr_same_host(a, b);
}

static void *libc_alloc(void *ctx, size_t size)
{
	(void)ctx;
	return calloc(1, size);
}

static void libc_free(void *ctx, void *p)
{
	(void)ctx;
	free(p);
}

const struct rtmfp_mem rtmfp_mem_libc = { .alloc = libc_alloc, .free = libc_free, .ctx = NULL };

void rtmfp_wipe(void *p, size_t len)
{
	if (len == 0)
		return;
#if defined(__GNUC__)
	memset(p, 0, len);
	/* The compiler must assume that this reads what the memset wrote. */
	__asm__ __volatile__("" : : "r"(p) : "memory");
#else
	volatile uint8_t *at = p;

	while (len-- > 0)
		*at++ = 0;
#endif
}

bool rtmfp_equal_ct(const void *a, const void *b, size_t len)
{
	const volatile uint8_t *x = a;
	const volatile uint8_t *y = b;
	uint8_t differ = 0;

	for (size_t i = 0; i < len; i++)
		differ |= (uint8_t)(x[i] ^ y[i]);
	return differ == 0;
}

static const char *const drop_names[] = {
	[RTMFP_DROP_SHORT] = "short",
	[RTMFP_DROP_UNKNOWN_SESSION] = "unknown_session",
	[RTMFP_DROP_AUTH] = "auth",
	[RTMFP_DROP_REPLAY] = "replay",
	[RTMFP_DROP_MODE] = "mode",
	[RTMFP_DROP_SYNTAX] = "syntax",
	[RTMFP_DROP_CHUNK] = "chunk",
	[RTMFP_DROP_STARTUP_AUTH] = "startup_auth",
	[RTMFP_DROP_EPD] = "epd",
	[RTMFP_DROP_TAG] = "tag",
	[RTMFP_DROP_CERTIFICATE] = "certificate",
	[RTMFP_DROP_COOKIE] = "cookie",
	[RTMFP_DROP_SIGNATURE] = "signature",
	[RTMFP_DROP_HANDSHAKE] = "handshake",
	[RTMFP_DROP_STALE] = "stale",
	[RTMFP_DROP_GLARE] = "glare",
	[RTMFP_DROP_RATE] = "rate",
	[RTMFP_DROP_LIMIT] = "limit",
	[RTMFP_DROP_NOMEM] = "nomem",
};
_Static_assert(sizeof(drop_names) / sizeof(drop_names[0]) == RTMFP_DROP_COUNT, "every reason has a name");

const char *rtmfp_drop_name(enum rtmfp_drop reason)
{
	if ((unsigned)reason >= RTMFP_DROP_COUNT)
		return "unknown";
	return drop_names[reason];
}
