/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Constructs acknowledgements (RFC 7016 sections 2.3.13, 2.3.14, 3.6.3.4.2, 3.6.3.4.3). Touches the packet
 * being written only; the session calls it for each receiving flow that is to be acknowledged.
 */
#include "ack.h"

#include <string.h>

#include "chunk.h"

#define PAYLOAD_MAX 0xffffu

/* How much of a set one form tells in the room there is. */
struct form {
	size_t count; /* of the set's ranges */
	size_t size;  /* in so many bytes after the cumulative number */
};

/*
 * Measures both forms at once. Each grows with every range, so the first that does not fit is where
 * that form ends.
 */
static void measure(const struct rtmfp_seqset *set, size_t room, struct form *ranges, struct form *bitmap)
{
	uint64_t cumulative = rtmfp_seqset_cumulative(set);
	uint64_t before = cumulative;
	size_t count = rtmfp_seqset_count(set);

	for (size_t i = 0; i < count; i++) {
		struct rtmfp_seqrange range = rtmfp_seqset_range(set, i);
		size_t size = ranges->size + rtmfp_vlu_size(range.from - before - 2) +
			      rtmfp_vlu_size(range.to - range.from);
		uint64_t bytes = (range.to - cumulative - 2) / 8 + 1;
		bool fits = false;

		if (ranges->count == i && size <= room) {
			*ranges = (struct form){ .count = i + 1, .size = size };
			fits = true;
		}
		if (bitmap->count == i && bytes <= room) {
			*bitmap = (struct form){ .count = i + 1, .size = (size_t)bytes };
			fits = true;
		}
		if (!fits)
			break;
		before = range.to;
	}
}

static void write_ranges(struct rtmfp_writer *w, const struct rtmfp_seqset *set, size_t count)
{
	uint64_t before = rtmfp_seqset_cumulative(set);

	for (size_t i = 0; i < count; i++) {
		struct rtmfp_seqrange range = rtmfp_seqset_range(set, i);

		rtmfp_write_vlu(w, range.from - before - 2);
		rtmfp_write_vlu(w, range.to - range.from);
		before = range.to;
	}
}

/* Sets the bits |from| to |to|, counted from the least significant one of the first byte. */
static void set_bits(uint8_t *bits, size_t from, size_t to)
{
	uint8_t first = (uint8_t)(0xffu << from % 8);
	uint8_t last = (uint8_t)(0xffu >> (7 - to % 8));

	if (from / 8 == to / 8) {
		bits[from / 8] |= first & last;
		return;
	}
	bits[from / 8] |= first;
	memset(bits + from / 8 + 1, 0xff, to / 8 - from / 8 - 1);
	bits[to / 8] |= last;
}

/* The first bit stands for the second number after the cumulative one; the one between them is missing. */
static void write_bitmap(struct rtmfp_writer *w, const struct rtmfp_seqset *set, const struct form *form)
{
	uint64_t base = rtmfp_seqset_cumulative(set) + 2;
	uint8_t *bits = w->at;

	memset(bits, 0, form->size);
	for (size_t i = 0; i < form->count; i++) {
		struct rtmfp_seqrange range = rtmfp_seqset_range(set, i);

		set_bits(bits, (size_t)(range.from - base), (size_t)(range.to - base));
	}
	w->at += form->size;
}

int rtmfp_write_ack(struct rtmfp_writer *w, uint64_t flow_id, uint64_t buffer_blocks,
		    const struct rtmfp_seqset *set, unsigned flags)
{
	size_t fixed = rtmfp_vlu_size(flow_id) + rtmfp_vlu_size(buffer_blocks) +
		       rtmfp_vlu_size(rtmfp_seqset_cumulative(set));
	size_t room = rtmfp_write_room(w);
	struct form ranges = { .count = 0 };
	struct form bitmap = { .count = 0 };
	bool use_bitmap;
	uint8_t *mark;

	if (room < RTMFP_CHUNK_HEADER + fixed)
		return RTMFP_ERR_LIMIT;
	room -= RTMFP_CHUNK_HEADER + fixed;
	if (room > PAYLOAD_MAX - fixed)
		room = PAYLOAD_MAX - fixed;
	measure(set, room, &ranges, &bitmap);
	use_bitmap =
		!(flags & RTMFP_ACK_NO_BITMAP) &&
		(bitmap.count > ranges.count || (bitmap.count == ranges.count && bitmap.size < ranges.size));
	if (!(flags & RTMFP_ACK_TRUNCATE) &&
	    (use_bitmap ? bitmap.count : ranges.count) < rtmfp_seqset_count(set))
		return RTMFP_ERR_LIMIT;

	mark = rtmfp_chunk_begin(w, use_bitmap ? RTMFP_CHUNK_ACK_BITMAP : RTMFP_CHUNK_ACK_RANGES);
	rtmfp_write_vlu(w, flow_id);
	rtmfp_write_vlu(w, buffer_blocks);
	rtmfp_write_vlu(w, rtmfp_seqset_cumulative(set));
	if (use_bitmap)
		write_bitmap(w, set, &bitmap);
	else
		write_ranges(w, set, ranges.count);
	rtmfp_chunk_end(w, mark);
	return 0;
}
