/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The set of sequence numbers of a receiving flow (RFC 7016 section 3.6.3). Touches its own memory only; the
 * receiving flow adds to it, the acknowledgement encoder reads it.
 */
#include "seqset.h"

#include <assert.h>
#include <string.h>

#define FIRST_CAP 8u /* ranges */

void rtmfp_seqset_init(struct rtmfp_seqset *set, const struct rtmfp_mem *mem, size_t limit)
{
	*set = (struct rtmfp_seqset){ .mem = mem, .limit = limit };
}

void rtmfp_seqset_fini(struct rtmfp_seqset *set)
{
	rtmfp_free(set->mem, set->ranges);
	rtmfp_seqset_init(set, set->mem, set->limit);
}

/* Makes room for one range more. */
static int reserve(struct rtmfp_seqset *set)
{
	struct rtmfp_seqrange *ranges;
	size_t cap;

	if (set->count < set->cap)
		return 0;
	if (set->count >= set->limit)
		return RTMFP_ERR_LIMIT;
	cap = set->cap > 0 ? 2 * set->cap : FIRST_CAP;
	if (cap > set->limit)
		cap = set->limit;
	ranges = rtmfp_alloc(set->mem, cap * sizeof(*ranges));
	if (!ranges)
		return RTMFP_ERR_NOMEM;
	if (set->count > 0)
		memcpy(ranges, set->ranges, set->count * sizeof(*ranges));
	rtmfp_free(set->mem, set->ranges);
	set->ranges = ranges;
	set->cap = cap;
	return 0;
}

static void remove_ranges(struct rtmfp_seqset *set, size_t at, size_t n)
{
	if (n == 0)
		return;
	memmove(set->ranges + at, set->ranges + at + n, (set->count - at - n) * sizeof(*set->ranges));
	set->count -= n;
}

static int insert_range(struct rtmfp_seqset *set, size_t at, uint64_t from, uint64_t to)
{
	int err = reserve(set);

	if (err)
		return err;
	memmove(set->ranges + at + 1, set->ranges + at, (set->count - at) * sizeof(*set->ranges));
	set->ranges[at] = (struct rtmfp_seqrange){ .from = from, .to = to };
	set->count++;
	return 0;
}

/* The first range, from |at| on, that ends at |number| or above; the count if there is none. */
static size_t find(const struct rtmfp_seqset *set, size_t at, uint64_t number)
{
	size_t end = set->count;

	/* Nearly always it is about the last range, or beyond it. */
	if (at < end && set->ranges[end - 1].to < number)
		return end;
	while (at < end) {
		size_t mid = at + (end - at) / 2;

		if (set->ranges[mid].to < number)
			at = mid + 1;
		else
			end = mid;
	}
	return at;
}

/* Moves the cumulative number up to |to|, and over the ranges that it then reaches. */
static void advance(struct rtmfp_seqset *set, uint64_t to)
{
	size_t n;

	set->cumulative = to;
	n = find(set, 0, to);
	if (n < set->count && set->ranges[n].from - 1 <= to)
		set->cumulative = set->ranges[n++].to;
	remove_ranges(set, 0, n);
}

int rtmfp_seqset_add(struct rtmfp_seqset *set, uint64_t from, uint64_t to)
{
	size_t first, last;

	assert(from <= to);
	if (to <= set->cumulative)
		return 0;
	if (from <= set->cumulative || from - 1 == set->cumulative) {
		advance(set, to);
		return 0;
	}
	/* Ranges from |first| up to before |last| overlap or touch the new one. Each begins at 2 or above. */
	first = find(set, 0, from - 1);
	last = find(set, first, to);
	if (last < set->count && set->ranges[last].from - 1 <= to)
		last++;
	if (first == last)
		return insert_range(set, first, from, to);
	if (set->ranges[first].from < from)
		from = set->ranges[first].from;
	if (set->ranges[last - 1].to > to)
		to = set->ranges[last - 1].to;
	set->ranges[first] = (struct rtmfp_seqrange){ .from = from, .to = to };
	remove_ranges(set, first + 1, last - first - 1);
	return 0;
}

bool rtmfp_seqset_contains(const struct rtmfp_seqset *set, uint64_t number)
{
	size_t i;

	if (number <= set->cumulative)
		return true;
	i = find(set, 0, number);
	return i < set->count && set->ranges[i].from <= number;
}
