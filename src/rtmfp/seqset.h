/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * SEQUENCE_SET of RFC 7016 section 3.6.3: the fragment sequence numbers that one receiving flow has seen,
 * whether received or abandoned. It is kept as the cumulative number, up to which all numbers from 0 are in
 * the set, and the ranges above it, which are as many as there are gaps. 0 is always in the set: no fragment
 * has that number (2.3.11).
 *
 * What the usual packet costs: the next number in order, and a number above all others, O(1); a
 * number that fills a gap, a binary search and at most one move of the ranges above it.
 */
#ifndef RTMFP_SEQSET_H
#define RTMFP_SEQSET_H

#include "rtmfp_types.h"

struct rtmfp_seqrange {
	uint64_t from;
	uint64_t to; /* inclusive */
};

struct rtmfp_seqset {
	const struct rtmfp_mem *mem;   /* the caller's; outlives the set */
	uint64_t cumulative;	       /* highest number of the contiguous range that starts at 0 */
	struct rtmfp_seqrange *ranges; /* above it: ascending, with a gap before each */
	size_t count;		       /* ranges in use */
	size_t cap;		       /* ranges allocated, at most |limit| */
	size_t limit;		       /* most ranges that the set may hold */
};

/**
 * rtmfp_seqset_init makes |set| hold 0 and nothing else. It allocates when the first gap appears, and then up
 * to 16 bytes for each of |limit| ranges; |limit| 0 makes a set that refuses every gap.
 */
void rtmfp_seqset_init(struct rtmfp_seqset *set, const struct rtmfp_mem *mem, size_t limit);
/** rtmfp_seqset_fini frees what |set| allocated. */
void rtmfp_seqset_fini(struct rtmfp_seqset *set);

/**
 * rtmfp_seqset_add adds all numbers from |from| to |to| inclusive; |from| must not be above |to|. Numbers
 * that are in the set already do no harm.
 *
 * Returns 0, or RTMFP_ERR_LIMIT (it would need more ranges than the limit) or RTMFP_ERR_NOMEM, and then the
 * set is as it was. Adding to the contiguous range from 0 (the Forward Sequence Number, the next fragment in
 * order) and closing or narrowing a gap never fail.
 */
int rtmfp_seqset_add(struct rtmfp_seqset *set, uint64_t from, uint64_t to) RTMFP_MUST_CHECK;

bool rtmfp_seqset_contains(const struct rtmfp_seqset *set, uint64_t number);

/** rtmfp_seqset_cumulative returns the highest number up to which none is missing. */
static inline uint64_t rtmfp_seqset_cumulative(const struct rtmfp_seqset *set)
{
	return set->cumulative;
}

/** rtmfp_seqset_has_gaps tells whether a number below the highest is missing (3.6.3.2, steps 8 and 14). */
static inline bool rtmfp_seqset_has_gaps(const struct rtmfp_seqset *set)
{
	return set->count > 0;
}

static inline uint64_t rtmfp_seqset_highest(const struct rtmfp_seqset *set)
{
	return set->count > 0 ? set->ranges[set->count - 1].to : set->cumulative;
}

/** rtmfp_seqset_count returns how many ranges lie above the cumulative number: as many as there are gaps. */
static inline size_t rtmfp_seqset_count(const struct rtmfp_seqset *set)
{
	return set->count;
}

/** rtmfp_seqset_range returns the range |i|, ascending from 0, |i| below rtmfp_seqset_count. */
static inline struct rtmfp_seqrange rtmfp_seqset_range(const struct rtmfp_seqset *set, size_t i)
{
	return set->ranges[i];
}

#endif
