/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How often strangers may cost us something (PROTOCOL.md section 2.5): token buckets by source, in tables of
 * fixed size. IPv4 sources count by address, IPv6 sources by /64.
 */
#ifndef LIMITER_H
#define LIMITER_H

#include "rtmfp_types.h"

#define RTMFP_LIMITER_WAYS 8u

struct rtmfp_limiter_bucket {
	uint64_t key;	  /* keyed hash of the source; 0: free */
	uint64_t updated; /* |now| of the last look */
	uint32_t tokens;  /* thousandths */
};

struct rtmfp_limiter {
	const struct rtmfp_mem *mem;
	struct rtmfp_limiter_bucket *buckets; /* sets of RTMFP_LIMITER_WAYS; made at the first look */
	size_t sets;			      /* power of two */
	uint64_t secret;
	unsigned rate, burst;
};

/** rtmfp_limiter_init: |rate| a second and |burst| at once for each source; |sources| is rounded up to sets.
 */
void rtmfp_limiter_init(struct rtmfp_limiter *l, const struct rtmfp_mem *mem, size_t sources, unsigned rate,
			unsigned burst, uint64_t secret);
void rtmfp_limiter_fini(struct rtmfp_limiter *l);
/** rtmfp_limiter_take takes one token of |source|; false if it has none (or the table cannot be made). */
bool rtmfp_limiter_take(struct rtmfp_limiter *l, const struct rtmfp_addr *source, uint64_t now);

/* One bucket by itself. */
struct rtmfp_bucket {
	uint64_t updated;
	uint32_t tokens;
	uint32_t rate, burst;
};
void rtmfp_bucket_init(struct rtmfp_bucket *b, unsigned rate, unsigned burst, uint64_t now);
bool rtmfp_bucket_take(struct rtmfp_bucket *b, uint64_t now);

#endif
