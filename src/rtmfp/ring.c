/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Growing rings. Touches its own memory only; the send queue and the transmission order live in them. */
#include "ring.h"

#include <string.h>

int rtmfp_ring_reserve(struct rtmfp_ring *ring, const struct rtmfp_mem *mem, size_t size, uint64_t from,
		       uint64_t to, size_t max)
{
	size_t cap = ring->cap > 0 ? ring->cap : RTMFP_RING_MIN;
	struct rtmfp_ring grown;

	if (to - from <= ring->cap)
		return 0;
	if (to - from > max)
		return RTMFP_ERR_LIMIT;
	while (cap < to - from)
		cap *= 2;
	grown = (struct rtmfp_ring){ .slots = rtmfp_alloc(mem, cap * size), .cap = cap };
	if (!grown.slots)
		return RTMFP_ERR_NOMEM;
	for (size_t i = 0; i < ring->cap; i++)
		memcpy(rtmfp_ring_at(&grown, size, from + i), rtmfp_ring_at(ring, size, from + i), size);
	rtmfp_free(mem, ring->slots);
	*ring = grown;
	return 0;
}

void rtmfp_ring_fini(struct rtmfp_ring *ring, const struct rtmfp_mem *mem)
{
	rtmfp_free(mem, ring->slots);
	*ring = (struct rtmfp_ring){ .cap = 0 };
}
