/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Tests of both acknowledgement chunks (RFC 7016 sections 2.3.13, 2.3.14): their reader in src/rtmfp/chunk.c
 * and their writer, src/rtmfp/ack.c.
 */
#include "ack.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "bytes.h"
#include "chunk.h"
#include "prng.h"

/* ---- reading ---- */

/* Reads the one chunk that |hex| is, and checks all it says: flow 5, 127 blocks, 0 through 16, |ranges|. */
static void assert_ack(const char *hex, uint8_t type, size_t n, const struct rtmfp_seqrange *ranges)
{
	struct bytes b = bytes_hex(hex);
	struct rtmfp_reader r = rtmfp_reader(b.p, b.len);
	struct rtmfp_ack_walk walk;
	struct rtmfp_chunk chunk;
	struct rtmfp_ack ack;
	uint64_t from, to;

	ck_assert(rtmfp_chunk_next(&r, &chunk));
	ck_assert_uint_eq(rtmfp_read_left(&r), 0);
	ck_assert_uint_eq(chunk.type, type);
	ck_assert_int_eq(rtmfp_read_ack(chunk.type, chunk.payload, chunk.len, &ack), 0);
	ck_assert_int_eq(ack.is_bitmap, type == RTMFP_CHUNK_ACK_BITMAP);
	ck_assert(ack.flow_id == 5 && ack.buffer_blocks == 127 && ack.cumulative == 16);
	walk = rtmfp_ack_walk(&ack);
	for (size_t i = 0; i < n; i++) {
		ck_assert(rtmfp_ack_next(&walk, &from, &to));
		ck_assert(from == ranges[i].from && to == ranges[i].to);
	}
	ck_assert(!rtmfp_ack_next(&walk, &from, &to));
	ck_assert(!rtmfp_ack_next(&walk, &from, &to));
	bytes_free(&b);
}

#define RANGES(...)                     \
	(const struct rtmfp_seqrange[]) \
	{                               \
		__VA_ARGS__             \
	}

static const char figure_4[] = "50 0005 05 7f 10 7906";
static const char figure_5[] = "51 0007 05 7f 10 0000 0103";
/* The text beside figure 6 says length 9; its bytes say 7, and 7 there are. */
static const char figure_6[] = "51 0007 05 7f 10 0000 0183";

START_TEST(figures_4_5_and_6_read)
{
	assert_ack(figure_4, RTMFP_CHUNK_ACK_BITMAP, 3, RANGES({ 18, 18 }, { 21, 24 }, { 27, 28 }));
	assert_ack(figure_5, RTMFP_CHUNK_ACK_RANGES, 2, RANGES({ 18, 18 }, { 21, 24 }));
	assert_ack(figure_6, RTMFP_CHUNK_ACK_RANGES, 1, RANGES({ 18, 18 }));
}
END_TEST

START_TEST(acks_cut_anywhere)
{
	static const char *const hex[] = { figure_4, figure_5, figure_6, "51 0007 8105 7f 10 8000 00" };

	for (size_t i = 0; i < sizeof(hex) / sizeof(hex[0]); i++) {
		struct bytes b = bytes_hex(hex[i]);
		size_t fixed = b.p[RTMFP_CHUNK_HEADER] == 0x81 ? 4 : 3;
		size_t shown = 0;

		for (size_t len = 0; len <= b.len - RTMFP_CHUNK_HEADER; len++) {
			struct bytes cut = bytes_copy(b.p + RTMFP_CHUNK_HEADER, len);
			struct rtmfp_ack ack;
			uint64_t from, to;
			size_t n = 0;

			if (len < fixed) {
				ck_assert_int_eq(rtmfp_read_ack(b.p[0], cut.p, cut.len, &ack),
						 RTMFP_ERR_SYNTAX);
			} else {
				struct rtmfp_ack_walk walk;

				ck_assert_int_eq(rtmfp_read_ack(b.p[0], cut.p, cut.len, &ack), 0);
				walk = rtmfp_ack_walk(&ack);
				while (rtmfp_ack_next(&walk, &from, &to))
					n++;
				/* A shorter ack never tells of more. */
				ck_assert_uint_ge(n, shown);
				shown = n;
			}
			bytes_free(&cut);
		}
		ck_assert_uint_gt(shown, 0);
		bytes_free(&b);
	}
}
END_TEST

static struct rtmfp_ack ack_of(const struct bytes *rest, uint64_t cumulative, bool is_bitmap)
{
	return (struct rtmfp_ack){ .cumulative = cumulative,
				   .rest = { .p = rest->p, .len = rest->len },
				   .is_bitmap = is_bitmap };
}

START_TEST(hostile_acks_end_the_walk)
{
	static const uint64_t max = UINT64_MAX;
	static const struct {
		const char *rest;
		uint64_t cumulative; /* counted back from 2^64 - 1 */
		bool is_bitmap;
		size_t n;
		struct rtmfp_seqrange last; /* counted back, too */
	} cases[] = {
		{ "", 0, false, 0, { 0, 0 } },
		{ "00 00", 0, false, 0, { 0, 0 } },
		{ "00 00", 1, false, 0, { 0, 0 } },
		{ "00 00", 2, false, 1, { 0, 0 } },
		{ "00 01", 2, false, 0, { 0, 0 } }, /* reaches 2^64 */
		{ "01 00", 2, false, 0, { 0, 0 } }, /* begins there */
		{ "00 00 00 00", 4, false, 2, { 0, 0 } },
		{ "00 00 00 01", 4, false, 1, { 2, 2 } }, /* what came before it counts */
		{ "00 00 00 01 00 00", 4, false, 1, { 2, 2 } },
		{ "81ffffffffffffffff7f 00", 100, false, 0, { 0, 0 } },
		{ "00 81ffffffffffffffff7f", 100, false, 0, { 0, 0 } },
		{ "81ffffffffffffffff7f 81ffffffffffffffff7f", 100, false, 0, { 0, 0 } },
		{ "00 00 82808080808080808000 00", 100, false, 1, { 98, 98 } }, /* a VLU above 64 bits */
		{ "", 0, true, 0, { 0, 0 } },
		{ "ff", 0, true, 0, { 0, 0 } },
		{ "ff", 1, true, 0, { 0, 0 } },
		{ "ff", 2, true, 1, { 0, 0 } },
		{ "01 ff", 2, true, 1, { 0, 0 } },
		{ "fe", 2, true, 0, { 0, 0 } },
		{ "ff ff ff", 8, true, 1, { 6, 0 } },
		{ "ff ff ff", 9, true, 1, { 7, 0 } },
		{ "ff ff ff", 10, true, 1, { 8, 0 } },
		{ "ff ff ff", 16, true, 1, { 14, 0 } },
		{ "ff ff ff", 25, true, 1, { 23, 0 } },
		{ "ff ff ff", 26, true, 1, { 24, 1 } },
		{ "00 00 80", 25, true, 1, { 0, 0 } },
		{ "00 00 80", 24, true, 0, { 0, 0 } },
		{ "00 00 00 00 00 00", 20, true, 0, { 0, 0 } },
		{ "05 00 00 00 00 01", 3, true, 1, { 1, 1 } },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct bytes rest = bytes_hex(cases[i].rest);
		struct rtmfp_ack ack = ack_of(&rest, max - cases[i].cumulative, cases[i].is_bitmap);
		struct rtmfp_ack_walk walk = rtmfp_ack_walk(&ack);
		uint64_t from = 0, to = 0;
		size_t n = 0;

		while (rtmfp_ack_next(&walk, &from, &to))
			n++;
		ck_assert_msg(n == cases[i].n, "case %zu: %zu ranges", i, n);
		/* Ended is ended, whatever bytes are left. */
		for (int again = 0; again < 3; again++)
			ck_assert(!rtmfp_ack_next(&walk, &(uint64_t){ 0 }, &(uint64_t){ 0 }));
		if (n > 0)
			ck_assert_msg(from == max - cases[i].last.from && to == max - cases[i].last.to,
				      "case %zu: %llu to %llu back", i, (unsigned long long)(max - from),
				      (unsigned long long)(max - to));
		bytes_free(&rest);
	}
}
END_TEST

/* A range may be as long as numbers go. */
START_TEST(ranges_of_any_length)
{
	struct bytes rest = bytes_hex("00 81ffffffffffffffff7d");
	struct rtmfp_ack ack = ack_of(&rest, 0, false);
	struct rtmfp_ack_walk walk = rtmfp_ack_walk(&ack);
	uint64_t from, to;

	ck_assert(rtmfp_ack_next(&walk, &from, &to));
	ck_assert(from == 2 && to == UINT64_MAX);
	ck_assert(!rtmfp_ack_next(&walk, &from, &to));
	bytes_free(&rest);
}
END_TEST

START_TEST(random_bitmaps_agree_with_their_bits)
{
	for (prng_each(run, 1, 4000)) {
		struct bytes rest = bytes_new((size_t)prng_below(&run.r, 12));
		uint64_t cumulative =
			prng_below(&run.r, 3) ? prng_wide(&run.r) : UINT64_MAX - prng_below(&run.r, 110);
		struct rtmfp_ack ack = ack_of(&rest, cumulative, true);
		struct rtmfp_ack_walk walk = rtmfp_ack_walk(&ack);
		uint64_t from = 0, to = 0, left;
		size_t bits = 8 * rest.len;
		size_t bit = 0;

		prng_fill(&run.r, rest.p, rest.len);
		for (size_t i = 0; i < rest.len; i++) {
			uint64_t kind = prng_below(&run.r, 3);

			if (kind < 2)
				rest.p[i] = kind ? 0xff : 0x00;
		}
		/* Bits that stand for numbers above 2^64 - 1 say nothing. */
		left = UINT64_MAX - cumulative;
		left = left < 2 ? 0 : left - 1;
		if (bits > left)
			bits = (size_t)left;
		for (;;) {
			size_t start;

			while (bit < bits && !(rest.p[bit / 8] >> bit % 8 & 1))
				bit++;
			if (bit == bits)
				break;
			start = bit;
			while (bit < bits && rest.p[bit / 8] >> bit % 8 & 1)
				bit++;
			prng_assert(run, rtmfp_ack_next(&walk, &from, &to));
			prng_assert(run, from == cumulative + 2 + start);
			prng_assert(run, to == cumulative + 2 + bit - 1);
		}
		prng_assert(run, !rtmfp_ack_next(&walk, &from, &to));
		bytes_free(&rest);
	}
}
END_TEST

START_TEST(random_acks_walk_upwards)
{
	for (prng_each(run, 1, 20000)) {
		struct bytes b = bytes_new((size_t)prng_below(&run.r, 60));
		uint64_t before, from, to;
		struct rtmfp_ack_walk walk;
		struct rtmfp_ack ack;
		size_t n = 0;

		prng_fill(&run.r, b.p, b.len);
		if (rtmfp_read_ack(prng_below(&run.r, 2) ? RTMFP_CHUNK_ACK_BITMAP : RTMFP_CHUNK_ACK_RANGES,
				   b.p, b.len, &ack) == 0) {
			before = ack.cumulative;
			walk = rtmfp_ack_walk(&ack);
			while (rtmfp_ack_next(&walk, &from, &to)) {
				prng_assert(run, from > before && from - before >= 2);
				prng_assert(run, to >= from);
				prng_assert(run, ++n <= 4 * b.len);
				before = to;
			}
		}
		bytes_free(&b);
	}
}
END_TEST

/* ---- writing ---- */

static void add(struct rtmfp_seqset *set, uint64_t from, uint64_t to)
{
	ck_assert_int_eq(rtmfp_seqset_add(set, from, to), 0);
}

static void assert_written(const struct rtmfp_seqset *set, unsigned flags, const char *hex)
{
	struct bytes want = bytes_hex(hex);

	/* In exactly its size; one byte less fails and leaves the writer alone. */
	for (size_t short_by = 0; short_by <= want.len; short_by++) {
		struct bytes b = bytes_new(want.len - short_by);
		struct rtmfp_writer w = rtmfp_writer(b.p, b.len);
		int err = rtmfp_write_ack(&w, 5, 127, set, flags);

		ck_assert_int_eq(err, short_by == 0 ? 0 : RTMFP_ERR_LIMIT);
		ck_assert(!w.failed);
		ck_assert_uint_eq(rtmfp_written(&w), short_by == 0 ? want.len : 0);
		if (short_by == 0)
			ck_assert_hex(b.p, b.len, hex);
		bytes_free(&b);
	}
	bytes_free(&want);
}

START_TEST(figures_4_and_5_written)
{
	struct rtmfp_seqset set;

	rtmfp_seqset_init(&set, &rtmfp_mem_libc, 100);
	assert_written(&set, 0, "51 0003 05 7f 00");
	add(&set, 0, 16);
	assert_written(&set, 0, "51 0003 05 7f 10");
	assert_written(&set, RTMFP_ACK_NO_BITMAP, "51 0003 05 7f 10");
	add(&set, 18, 18);
	assert_written(&set, 0, "50 0004 05 7f 10 01");
	assert_written(&set, RTMFP_ACK_NO_BITMAP, "51 0005 05 7f 10 0000");
	add(&set, 21, 24);
	assert_written(&set, RTMFP_ACK_NO_BITMAP, figure_5);
	assert_written(&set, 0, "50 0004 05 7f 10 79");
	add(&set, 27, 28);
	assert_written(&set, 0, figure_4);
	assert_written(&set, RTMFP_ACK_NO_BITMAP, "51 0009 05 7f 10 0000 0103 0101");
	/* 9 numbers further on a bitmap needs its second byte: as long as each other, it is the Range Ack. */
	add(&set, 17, 28);
	add(&set, 37, 37);
	assert_written(&set, 0, "50 0004 05 7f 1c 80");
	add(&set, 38, 38);
	assert_written(&set, 0, "51 0005 05 7f 1c 0701");
	rtmfp_seqset_fini(&set);
}
END_TEST

/* Where the numbers of a range grow by a byte, the size measured must be the size written. */
START_TEST(ranges_at_every_vlu_boundary)
{
	for (unsigned bits = 7; bits < 63; bits += 7) {
		for (uint64_t gap = (UINT64_C(1) << bits) - 3; gap < (UINT64_C(1) << bits) + 3; gap++) {
			for (int which = 0; which < 2; which++) {
				/* A gap of so many numbers, or a range of so many after a gap of one. */
				uint64_t from = which ? 2 : gap + 1;
				uint64_t to = which ? gap + 1 : from;
				size_t size = 7 + rtmfp_vlu_size(gap - 1);
				struct rtmfp_seqset set;

				rtmfp_seqset_init(&set, &rtmfp_mem_libc, 1);
				add(&set, from, to);
				for (size_t cap = size - 1; cap <= size; cap++) {
					struct bytes b = bytes_new(cap);
					struct rtmfp_writer w = rtmfp_writer(b.p, b.len);

					ck_assert_int_eq(rtmfp_write_ack(&w, 1, 1, &set, RTMFP_ACK_NO_BITMAP),
							 cap == size ? 0 : RTMFP_ERR_LIMIT);
					ck_assert_uint_eq(rtmfp_written(&w), cap == size ? size : 0);
					bytes_free(&b);
				}
				rtmfp_seqset_fini(&set);
			}
		}
	}
}
END_TEST

START_TEST(a_failed_writer_stays_as_it_is)
{
	uint8_t out[64];
	struct rtmfp_writer w = rtmfp_writer(out, sizeof(out));
	struct rtmfp_seqset set;

	rtmfp_seqset_init(&set, &rtmfp_mem_libc, 1);
	rtmfp_write_bytes(&w, out, sizeof(out) + 1);
	ck_assert_int_eq(rtmfp_write_ack(&w, 1, 1, &set, RTMFP_ACK_TRUNCATE), RTMFP_ERR_LIMIT);
	ck_assert(w.failed);
	ck_assert_uint_eq(rtmfp_written(&w), 0);
}
END_TEST

START_TEST(chunk_never_exceeds_its_length_field)
{
	struct bytes b = bytes_new(200000);
	struct rtmfp_writer w = rtmfp_writer(b.p, b.len);
	struct rtmfp_reader r = rtmfp_reader(b.p, b.len);
	struct rtmfp_chunk chunk;
	struct rtmfp_ack ack;
	struct rtmfp_seqset set;
	const size_t n = 60000;

	rtmfp_seqset_init(&set, &rtmfp_mem_libc, n);
	for (uint64_t i = 0; i < n; i++)
		add(&set, 40 * i + 2, 40 * i + 2);
	ck_assert_int_eq(rtmfp_write_ack(&w, 1, 1, &set, 0), RTMFP_ERR_LIMIT);
	ck_assert_uint_eq(rtmfp_written(&w), 0);
	ck_assert_int_eq(rtmfp_write_ack(&w, 1, 1, &set, RTMFP_ACK_TRUNCATE), 0);
	ck_assert(rtmfp_chunk_next(&r, &chunk));
	ck_assert_uint_eq(chunk.type, RTMFP_CHUNK_ACK_RANGES);
	ck_assert_uint_eq(chunk.len, 65535);
	ck_assert_uint_eq(rtmfp_written(&w), 65535 + RTMFP_CHUNK_HEADER);
	ck_assert_int_eq(rtmfp_read_ack(chunk.type, chunk.payload, chunk.len, &ack), 0);
	rtmfp_seqset_fini(&set);
	bytes_free(&b);
}
END_TEST

/* ---- against an encoder that writes both forms and looks ---- */

struct plain {
	uint8_t bytes[2048];
	size_t len; /* 0: it does not fit |bytes|, or the room it was written for */
	size_t count;
};

/* The chunk with the first |count| ranges in one form. */
static struct plain plain_ack(const struct rtmfp_seqset *set, size_t count, bool is_bitmap)
{
	struct plain out = { .count = count };
	struct rtmfp_writer w = rtmfp_writer(out.bytes, sizeof(out.bytes));
	uint64_t base = rtmfp_seqset_cumulative(set) + 2;
	uint64_t before = rtmfp_seqset_cumulative(set);
	uint8_t *mark = rtmfp_chunk_begin(&w, is_bitmap ? RTMFP_CHUNK_ACK_BITMAP : RTMFP_CHUNK_ACK_RANGES);

	rtmfp_write_vlu(&w, 77);
	rtmfp_write_vlu(&w, 1000);
	rtmfp_write_vlu(&w, before);
	if (is_bitmap && count > 0) {
		uint64_t last = rtmfp_seqset_range(set, count - 1).to;

		if ((last - base) / 8 + 1 > sizeof(out.bytes) - 64)
			return out;
		for (uint64_t n = base; n - base <= last - base; n += 8) {
			unsigned byte = 0;

			for (unsigned bit = 0; bit < 8 && n + bit <= last && n + bit >= n; bit++)
				if (rtmfp_seqset_contains(set, n + bit))
					byte |= 1u << bit;
			rtmfp_write_u8(&w, (uint8_t)byte);
			if (UINT64_MAX - n < 8)
				break;
		}
	}
	for (size_t i = 0; i < count && !is_bitmap; i++) {
		struct rtmfp_seqrange range = rtmfp_seqset_range(set, i);

		rtmfp_write_vlu(&w, range.from - before - 2);
		rtmfp_write_vlu(&w, range.to - range.from);
		before = range.to;
	}
	rtmfp_chunk_end(&w, mark);
	if (!w.failed)
		out.len = rtmfp_written(&w);
	return out;
}

/* The longest prefix of the ranges that fits |room| in one form. */
static struct plain plain_fit(const struct rtmfp_seqset *set, size_t room, bool is_bitmap)
{
	struct plain best = { .len = 0 };

	for (size_t count = 0; count <= rtmfp_seqset_count(set); count++) {
		struct plain p = plain_ack(set, count, is_bitmap);

		if (p.len == 0 || p.len > room)
			break;
		best = p;
	}
	return best;
}

static bool tells_the_prefix(const struct plain *p, const struct rtmfp_seqset *set)
{
	struct rtmfp_reader r = rtmfp_reader(p->bytes, p->len);
	struct rtmfp_ack_walk walk;
	struct rtmfp_chunk chunk;
	struct rtmfp_ack ack;
	uint64_t from, to;

	if (!rtmfp_chunk_next(&r, &chunk) || rtmfp_read_left(&r) > 0 ||
	    rtmfp_read_ack(chunk.type, chunk.payload, chunk.len, &ack) != 0 || ack.flow_id != 77 ||
	    ack.buffer_blocks != 1000 || ack.cumulative != rtmfp_seqset_cumulative(set))
		return false;
	walk = rtmfp_ack_walk(&ack);
	for (size_t i = 0; i < p->count; i++) {
		struct rtmfp_seqrange range = rtmfp_seqset_range(set, i);

		if (!rtmfp_ack_next(&walk, &from, &to) || from != range.from || to != range.to)
			return false;
	}
	return !rtmfp_ack_next(&walk, &from, &to);
}

static void random_set(struct prng *r, struct rtmfp_seqset *set)
{
	uint64_t n = prng_below(r, 4) ? prng_below(r, 1000) : prng_wide(r);
	uint64_t ranges = prng_below(r, 1 + prng_below(r, 25));
	uint64_t wide = prng_below(r, 6);

	if (prng_below(r, 8) == 0)
		n = UINT64_MAX - prng_below(r, 400);
	add(set, 0, n);
	for (uint64_t i = 0; i < ranges; i++) {
		uint64_t gap = 2 + prng_below(r, wide == 0 ? 2000 : 1 + 4 * wide);
		uint64_t more = prng_below(r, wide == 1 ? 2000 : 1 + 2 * wide);

		if (UINT64_MAX - n < gap)
			break;
		n += gap;
		if (UINT64_MAX - n < more)
			more = UINT64_MAX - n;
		add(set, n, n + more);
		n += more;
	}
}

START_TEST(random_sets_take_the_shorter_form)
{
	size_t bitmaps = 0, range_acks = 0, truncated = 0, refused = 0;

	for (prng_each(run, 1, 6000)) {
		bool no_bitmap = prng_below(&run.r, 4) == 0;
		bool truncate = prng_below(&run.r, 2);
		struct plain ranges, bitmap;
		const struct plain *want;
		struct rtmfp_seqset set;
		struct rtmfp_writer w;
		struct bytes b;
		int err;

		rtmfp_seqset_init(&set, &rtmfp_mem_libc, 1000);
		random_set(&run.r, &set);
		b = bytes_new(prng_below(&run.r, 3) ? (size_t)prng_below(&run.r, 60) : 1500);
		ranges = plain_fit(&set, b.len, false);
		bitmap = plain_fit(&set, b.len, true);
		if (ranges.len > 0)
			prng_assert(run, tells_the_prefix(&ranges, &set));
		if (bitmap.len > 0)
			prng_assert(run, tells_the_prefix(&bitmap, &set));
		want = &ranges;
		if (!no_bitmap && (bitmap.count > ranges.count ||
				   (bitmap.count == ranges.count && bitmap.len < ranges.len)))
			want = &bitmap;

		w = rtmfp_writer(b.p, b.len);
		err = rtmfp_write_ack(&w, 77, 1000, &set,
				      (no_bitmap ? RTMFP_ACK_NO_BITMAP : 0u) |
					      (truncate ? RTMFP_ACK_TRUNCATE : 0u));
		prng_assert(run, !w.failed);
		if (want->len == 0 || (!truncate && want->count < rtmfp_seqset_count(&set))) {
			prng_assert(run, err == RTMFP_ERR_LIMIT);
			prng_assert(run, rtmfp_written(&w) == 0);
			refused++;
		} else {
			prng_assert(run, err == 0);
			prng_assert(run, rtmfp_written(&w) == want->len);
			prng_assert(run, memcmp(b.p, want->bytes, want->len) == 0);
			if (want == &bitmap)
				bitmaps++;
			else
				range_acks++;
			if (want->count < rtmfp_seqset_count(&set))
				truncated++;
		}
		bytes_free(&b);
		rtmfp_seqset_fini(&set);
	}
	/* Every outcome was met, and not by accident (one seed alone cannot). */
	if (!getenv("TEST_SEED")) {
		ck_assert_uint_gt(bitmaps, 500);
		ck_assert_uint_gt(range_acks, 500);
		ck_assert_uint_gt(truncated, 200);
		ck_assert_uint_gt(refused, 200);
	}
}
END_TEST

int main(void)
{
	Suite *s = suite_create("ack");
	TCase *tc = tcase_create("ack");
	SRunner *sr;
	int failed;

	tcase_add_test(tc, figures_4_5_and_6_read);
	tcase_add_test(tc, acks_cut_anywhere);
	tcase_add_test(tc, hostile_acks_end_the_walk);
	tcase_add_test(tc, ranges_of_any_length);
	tcase_add_test(tc, random_bitmaps_agree_with_their_bits);
	tcase_add_test(tc, random_acks_walk_upwards);
	tcase_add_test(tc, figures_4_and_5_written);
	tcase_add_test(tc, ranges_at_every_vlu_boundary);
	tcase_add_test(tc, a_failed_writer_stays_as_it_is);
	tcase_add_test(tc, chunk_never_exceeds_its_length_field);
	tcase_add_test(tc, random_sets_take_the_shorter_form);
	tcase_set_timeout(tc, 60);
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
