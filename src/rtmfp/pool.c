/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Nodes for received fragments. Touches its own memory only; the receive buffers of a session share one pool.
 */
#include "pool.h"

#include <assert.h>

#define KEPT_MAX (512u * 1024u)

/* Sizes of nodes, header included: one of them holds a fragment that fills a datagram of 1500 bytes. */
static const uint32_t class_size[RTMFP_POOL_CLASSES] = { 128,  256,  512,  1024,  1536,
							 2048, 4096, 8192, 16384, 65536 + 16 };

void rtmfp_pool_init(struct rtmfp_pool *pool, const struct rtmfp_mem *mem)
{
	*pool = (struct rtmfp_pool){ .mem = mem };
}

void rtmfp_pool_drain(struct rtmfp_pool *pool)
{
	for (unsigned i = 0; i < RTMFP_POOL_CLASSES; i++) {
		while (pool->free[i]) {
			struct rtmfp_node *node = pool->free[i];

			pool->free[i] = node->next;
			rtmfp_free(pool->mem, node);
		}
	}
	pool->kept = 0;
}

static unsigned class_of(size_t size)
{
	unsigned i = 0;

	while (class_size[i] < size)
		i++;
	return i;
}

struct rtmfp_node *rtmfp_pool_get(struct rtmfp_pool *pool, size_t len)
{
	struct rtmfp_node *node;
	unsigned i;

	assert(len <= 65535u);
	i = class_of(sizeof(*node) + len);
	node = pool->free[i];
	if (node) {
		pool->free[i] = node->next;
		pool->kept -= class_size[i];
		return node;
	}
	node = rtmfp_alloc(pool->mem, class_size[i]);
	if (node)
		node->cap = class_size[i] - (uint32_t)sizeof(*node);
	return node;
}

void rtmfp_pool_put(struct rtmfp_pool *pool, struct rtmfp_node *node)
{
	unsigned i = class_of(rtmfp_pool_cost(node));

	if (pool->kept + class_size[i] > KEPT_MAX) {
		rtmfp_free(pool->mem, node);
		return;
	}
	node->next = pool->free[i];
	pool->free[i] = node;
	pool->kept += class_size[i];
}
