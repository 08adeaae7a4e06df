/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fragments that wait to be put together, in nodes of a few sizes. Nodes that were given back are kept for
 * the next ones, up to a bound, so that no packet costs an allocation once traffic has settled.
 */
#ifndef POOL_H
#define POOL_H

#include "rtmfp_types.h"

struct rtmfp_node {
	struct rtmfp_node *next; /* in the pool's list of free ones */
	uint32_t cap;		 /* bytes that |data| can take */
	uint32_t len;		 /* bytes in it; the user's */
	uint8_t data[];
};

#define RTMFP_POOL_CLASSES 10u

struct rtmfp_pool {
	const struct rtmfp_mem *mem;
	struct rtmfp_node *free[RTMFP_POOL_CLASSES];
	size_t kept; /* bytes of memory in the lists */
};

void rtmfp_pool_init(struct rtmfp_pool *pool, const struct rtmfp_mem *mem);
/** rtmfp_pool_drain frees the nodes that wait for use. */
void rtmfp_pool_drain(struct rtmfp_pool *pool);
/** rtmfp_pool_get returns a node for |len| bytes, or NULL; |len| is at most 65535. */
struct rtmfp_node *rtmfp_pool_get(struct rtmfp_pool *pool, size_t len);
void rtmfp_pool_put(struct rtmfp_pool *pool, struct rtmfp_node *node);
/** rtmfp_pool_cost returns the bytes of memory that |node| takes. */
static inline size_t rtmfp_pool_cost(const struct rtmfp_node *node)
{
	return sizeof(*node) + node->cap;
}

#endif
