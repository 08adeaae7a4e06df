/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The words that the whole protocol shares: errors, addresses, paths, memory, drop reasons.
 *
 * Units everywhere: time is uint64_t nanoseconds of one monotonic clock that the caller owns (it must
 * count time asleep: CLOCK_BOOTTIME) and a parameter named |now|; sizes are bytes; ports and addresses in
 * structs are in host order (ports) and network order (addresses).
 */
#ifndef RTMFP_TYPES_H
#define RTMFP_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RTMFP_NEVER UINT64_MAX
#define RTMFP_US(n) ((uint64_t)(n)*1000u)
#define RTMFP_MS(n) ((uint64_t)(n)*1000000u)
#define RTMFP_S(n)  ((uint64_t)(n)*1000000000u)

#if defined(__GNUC__)
#define RTMFP_MUST_CHECK __attribute__((warn_unused_result))
#else
#define RTMFP_MUST_CHECK
#endif

/* Errors: negative, 0 is success. */
enum rtmfp_err {
	RTMFP_OK = 0,
	RTMFP_ERR_NOMEM = -1,	/* the allocator failed */
	RTMFP_ERR_NOBUFS = -2,	/* a bounded queue is full; retry after on_writable */
	RTMFP_ERR_CLOSED = -3,	/* the flow or session is not open */
	RTMFP_ERR_SYNTAX = -4,	/* what was parsed does not have the form that RFC 7016 section 2 gives it */
	RTMFP_ERR_AUTH = -5,	/* a MAC, tag, signature or key did not verify */
	RTMFP_ERR_REPLAY = -6,	/* a packet number that was seen before or is too old */
	RTMFP_ERR_LIMIT = -7,	/* a limit of params.h or of a key's lifetime is reached */
	RTMFP_ERR_UNKNOWN = -8, /* names no peer, session, flow or suite that is known here */
	RTMFP_ERR_CRYPTO = -9,	/* the cryptography library failed */
};

/** rtmfp_strerror returns a short English phrase for |err|, never NULL. */
const char *rtmfp_strerror(int err);

/* A socket address (RFC 7016 section 2.1.5). All bytes are significant to rtmfp_addr_equal except origin. */
struct rtmfp_addr {
	uint8_t family; /* 0 (none), 4 or 6 */
	uint8_t origin; /* enum rtmfp_origin; travels on the wire, says nothing about identity */
	uint16_t port;	/* host order */
	uint32_t scope; /* interface of a link-local IPv6 address, else 0; never on the wire */
	uint8_t ip[16]; /* network order; IPv4 uses the first 4, the rest is 0 */
};

enum rtmfp_origin {
	RTMFP_ORIGIN_UNKNOWN = 0,
	RTMFP_ORIGIN_LOCAL = 1,
	RTMFP_ORIGIN_REFLEXIVE = 2,
	RTMFP_ORIGIN_RELAY = 3,
};

bool rtmfp_addr_equal(const struct rtmfp_addr *a, const struct rtmfp_addr *b);
/** rtmfp_addr_same_host is rtmfp_addr_equal without the port. */
bool rtmfp_addr_same_host(const struct rtmfp_addr *a, const struct rtmfp_addr *b);

/* A way to a far end: which local address and interface, which remote address. */
struct rtmfp_path {
	struct rtmfp_addr local; /* family 0: let the kernel choose; port is informative */
	struct rtmfp_addr remote;
	uint32_t interface; /* the caller's index of the local interface, 0: let the kernel choose */
};

/*
 * Where all memory of an endpoint comes from. |alloc| returns |size| zeroed bytes or NULL; |free| takes what
 * alloc returned, and NULL. Tests pass one that fails on purpose.
 */
struct rtmfp_mem {
	void *(*alloc)(void *ctx, size_t size);
	void (*free)(void *ctx, void *p);
	void *ctx;
};
extern const struct rtmfp_mem rtmfp_mem_libc; /* calloc and free */

static inline void *rtmfp_alloc(const struct rtmfp_mem *mem, size_t size)
{
	return mem->alloc(mem->ctx, size);
}

static inline void rtmfp_free(const struct rtmfp_mem *mem, void *p)
{
	mem->free(mem->ctx, p);
}

/** rtmfp_wipe overwrites |len| bytes at |p| in a way that the compiler does not remove. */
void rtmfp_wipe(void *p, size_t len);
/** rtmfp_equal_ct compares two secrets of |len| bytes in time that depends on |len| alone. */
bool rtmfp_equal_ct(const void *a, const void *b, size_t len);

/* Why a packet or chunk was dropped. Each drop is counted under exactly one reason. */
enum rtmfp_drop {
	RTMFP_DROP_SHORT,	    /* datagram too short to be a packet */
	RTMFP_DROP_UNKNOWN_SESSION, /* session ID is nobody's */
	RTMFP_DROP_AUTH,	    /* tag or checksum wrong */
	RTMFP_DROP_REPLAY,	    /* packet number seen before or too old */
	RTMFP_DROP_MODE,	    /* packet mode forbidden here (2.2.4) */
	RTMFP_DROP_SYNTAX,	    /* packet header or chunk malformed (2.3) */
	RTMFP_DROP_CHUNK,	    /* chunk not known, or not allowed in this packet or state */
	RTMFP_DROP_STARTUP_AUTH,    /* startup packet does not open under the Default Session Key */
	RTMFP_DROP_EPD,		    /* IHello for somebody else */
	RTMFP_DROP_TAG,		    /* RHello that answers no opening */
	RTMFP_DROP_CERTIFICATE,	    /* RHello certificate not authentic */
	RTMFP_DROP_COOKIE,	    /* cookie not ours, expired, or of another address */
	RTMFP_DROP_SIGNATURE,	    /* IIKeying or RIKeying signature wrong */
	RTMFP_DROP_HANDSHAKE,	    /* keying component does not combine, or of no configured peer */
	RTMFP_DROP_STALE,	    /* IIKeying older than one that was accepted (a replay) */
	RTMFP_DROP_GLARE,	    /* IIKeying dropped because the near end prevails (3.5.1.3) */
	RTMFP_DROP_RATE,	    /* over the rate that a stranger may cause answers at */
	RTMFP_DROP_LIMIT,	    /* a limit of params.h */
	RTMFP_DROP_NOMEM,
	RTMFP_DROP_COUNT
};

/** rtmfp_drop_name returns the stable snake_case name of |reason|, as `flowtun show --json` prints it. */
const char *rtmfp_drop_name(enum rtmfp_drop reason);

#endif
