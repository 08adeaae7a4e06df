/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A ring of equal slots that are found by an ever growing 64-bit index: sequence numbers, transmission
 * numbers. It keeps the slots; its user keeps the lowest and the next index in use. Grows by doubling, is
 * empty until something is reserved, and is emptied again by rtmfp_ring_fini.
 */
#ifndef RING_H
#define RING_H

#include "rtmfp_types.h"

struct rtmfp_ring {
	uint8_t *slots;
	size_t cap; /* slots: a power of two, 0 when nothing is allocated */
};

/* The fewest slots of a ring that has any: a word of a bitmap. */
#define RTMFP_RING_MIN 64u

/**
 * rtmfp_ring_reserve makes the slots of the indexes |from| up to before |to| addressable, and keeps the
 * content of those that were. A slot that is new or used again holds anything.
 *
 * |size|  of a slot, the same each time
 * |max|   most slots, a power of two
 *
 * Returns 0, RTMFP_ERR_LIMIT (more than |max|) or RTMFP_ERR_NOMEM; then nothing has changed.
 */
int rtmfp_ring_reserve(struct rtmfp_ring *ring, const struct rtmfp_mem *mem, size_t size, uint64_t from,
		       uint64_t to, size_t max) RTMFP_MUST_CHECK;
void rtmfp_ring_fini(struct rtmfp_ring *ring, const struct rtmfp_mem *mem);

/** rtmfp_ring_at returns the slot of an index that was reserved. */
static inline void *rtmfp_ring_at(const struct rtmfp_ring *ring, size_t size, uint64_t index)
{
	return ring->slots + (size_t)(index & (ring->cap - 1)) * size;
}

#endif
