/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tests of src/rtmfp/wire.c: the elementary encodings of RFC 7016 section 2.1. */
#include "rtmfp_wire.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "bytes.h"
#include "prng.h"

#define SEEDS 500

/* What a failed reader must do, and go on doing. */
static void assert_stuck(struct rtmfp_reader *r)
{
	const uint8_t *at = r->at;
	struct rtmfp_option opt;
	struct rtmfp_addr addr;
	size_t len = 99;

	ck_assert(r->failed);
	ck_assert_uint_eq(rtmfp_read_left(r), 0);
	ck_assert_uint_eq(rtmfp_read_u8(r), 0);
	ck_assert_uint_eq(rtmfp_read_u16(r), 0);
	ck_assert_uint_eq(rtmfp_read_u32(r), 0);
	ck_assert_uint_eq(rtmfp_read_u64(r), 0);
	ck_assert_uint_eq(rtmfp_read_vlu(r), 0);
	ck_assert_ptr_null(rtmfp_read_bytes(r, 0));
	ck_assert_ptr_null(rtmfp_read_bytes(r, 1));
	ck_assert_ptr_null(rtmfp_read_rest(r, &len));
	ck_assert_uint_eq(len, 0);
	ck_assert(!rtmfp_read_option(r, &opt));
	ck_assert(!rtmfp_read_bare_option(r, &opt));
	memset(&addr, 0xff, sizeof(addr));
	rtmfp_read_addr(r, &addr);
	ck_assert_uint_eq(addr.family, 0);
	ck_assert_uint_eq(addr.port, 0);
	ck_assert(r->failed);
	ck_assert_ptr_eq(r->at, at);
}

START_TEST(integers_are_big_endian)
{
	struct bytes b = bytes_hex("01 0203 04050607 08090a0b0c0d0e0f");
	struct rtmfp_reader r = rtmfp_reader(b.p, b.len);
	uint8_t out[15];
	struct rtmfp_writer w = rtmfp_writer(out, sizeof(out));

	ck_assert_uint_eq(rtmfp_read_left(&r), 15);
	ck_assert_uint_eq(rtmfp_read_u8(&r), 1);
	ck_assert_uint_eq(rtmfp_read_u16(&r), 0x0203);
	ck_assert_uint_eq(rtmfp_read_u32(&r), 0x04050607);
	ck_assert(rtmfp_read_u64(&r) == UINT64_C(0x08090a0b0c0d0e0f));
	ck_assert(!r.failed);
	ck_assert_uint_eq(rtmfp_read_left(&r), 0);
	rtmfp_write_u8(&w, 1);
	rtmfp_write_u16(&w, 0x0203);
	rtmfp_write_u32(&w, 0x04050607);
	rtmfp_write_u64(&w, UINT64_C(0x08090a0b0c0d0e0f));
	ck_assert(!w.failed);
	ck_assert_uint_eq(rtmfp_write_room(&w), 0);
	ck_assert_uint_eq(rtmfp_written(&w), 15);
	ck_assert_mem_eq(out, b.p, b.len);
	bytes_free(&b);
}
END_TEST

START_TEST(integers_fail_when_truncated)
{
	static const size_t sizes[] = { 1, 2, 4, 8 };

	for (size_t i = 0; i < 4; i++) {
		for (size_t len = 0; len < sizes[i]; len++) {
			struct bytes b = bytes_copy("\1\2\3\4\5\6\7", len);
			struct rtmfp_reader r = rtmfp_reader(b.p, b.len);
			uint64_t v = i == 0   ? rtmfp_read_u8(&r)
				     : i == 1 ? rtmfp_read_u16(&r)
				     : i == 2 ? rtmfp_read_u32(&r)
					      : rtmfp_read_u64(&r);

			ck_assert(v == 0);
			ck_assert_ptr_eq(r.at, b.p);
			assert_stuck(&r);
			bytes_free(&b);
		}
	}
}
END_TEST

START_TEST(readers_take_no_bytes_at_null)
{
	struct rtmfp_reader r = rtmfp_reader(NULL, 0);
	size_t len;

	ck_assert_uint_eq(rtmfp_read_left(&r), 0);
	ck_assert_ptr_nonnull(rtmfp_read_bytes(&r, 0));
	ck_assert_ptr_nonnull(rtmfp_read_rest(&r, &len));
	ck_assert_uint_eq(len, 0);
	ck_assert(!r.failed);
	rtmfp_read_vlu(&r);
	assert_stuck(&r);
}
END_TEST

START_TEST(bytes_are_read_in_place)
{
	struct bytes b = bytes_hex("00 01 02 03 04");
	struct rtmfp_reader r = rtmfp_reader(b.p, b.len);
	size_t len;

	ck_assert_ptr_eq(rtmfp_read_bytes(&r, 0), b.p);
	ck_assert_ptr_eq(rtmfp_read_bytes(&r, 2), b.p);
	ck_assert_ptr_eq(rtmfp_read_rest(&r, &len), b.p + 2);
	ck_assert_uint_eq(len, 3);
	ck_assert_ptr_eq(rtmfp_read_bytes(&r, 0), b.p + 5);
	ck_assert_ptr_eq(rtmfp_read_rest(&r, &len), b.p + 5);
	ck_assert_uint_eq(len, 0);
	ck_assert(!r.failed);
	ck_assert_ptr_null(rtmfp_read_bytes(&r, 1));
	assert_stuck(&r);

	r = rtmfp_reader(b.p, b.len);
	ck_assert_ptr_null(rtmfp_read_bytes(&r, SIZE_MAX));
	assert_stuck(&r);
	bytes_free(&b);
}
END_TEST

static const struct {
	uint64_t value;
	const char *hex;
} vlus[] = {
	{ 0, "00" },
	{ 1, "01" },
	{ 127, "7f" },
	{ 128, "8100" },
	{ 129, "8101" },
	{ 8191, "bf7f" },
	{ 8192, "c000" },
	{ 16383, "ff7f" },
	{ 16384, "818000" },
	{ (UINT64_C(1) << 21) - 1, "ffff7f" },
	{ UINT64_C(1) << 21, "81808000" },
	{ UINT64_C(0xffffffff), "8fffffff7f" },
	{ UINT64_C(1) << 32, "9080808000" },
	{ (UINT64_C(1) << 63) - 1, "ffffffffffffffff7f" },
	{ UINT64_C(1) << 63, "81808080808080808000" },
	{ UINT64_MAX - 1, "81ffffffffffffffff7e" },
	{ UINT64_MAX, "81ffffffffffffffff7f" },
};

START_TEST(vlu_known_answers)
{
	uint8_t out[10];
	struct bytes b = bytes_hex(vlus[_i].hex);
	struct rtmfp_reader r = rtmfp_reader(b.p, b.len);
	struct rtmfp_writer w = rtmfp_writer(out, sizeof(out));

	ck_assert(rtmfp_read_vlu(&r) == vlus[_i].value);
	ck_assert(!r.failed);
	ck_assert_uint_eq(rtmfp_read_left(&r), 0);
	ck_assert_uint_eq(rtmfp_vlu_size(vlus[_i].value), b.len);
	rtmfp_write_vlu(&w, vlus[_i].value);
	ck_assert_hex(out, rtmfp_written(&w), vlus[_i].hex);
	bytes_free(&b);
}
END_TEST

START_TEST(vlu_fails_truncated_at_each_byte)
{
	struct bytes whole = bytes_hex(vlus[_i].hex);

	for (size_t len = 0; len < whole.len; len++) {
		struct bytes b = bytes_copy(whole.p, len);
		struct rtmfp_reader r = rtmfp_reader(b.p, b.len);

		ck_assert(rtmfp_read_vlu(&r) == 0);
		ck_assert_ptr_eq(r.at, b.p);
		assert_stuck(&r);
		bytes_free(&b);
	}
	bytes_free(&whole);
}
END_TEST

START_TEST(vlu_takes_redundant_zero_digits)
{
	struct bytes tail = bytes_hex(vlus[_i].hex);

	for (size_t zeros = 1; zeros < 40; zeros++) {
		struct bytes b = bytes_new(zeros + tail.len);
		struct rtmfp_reader r = rtmfp_reader(b.p, b.len);

		memset(b.p, 0x80, zeros);
		memcpy(b.p + zeros, tail.p, tail.len);
		ck_assert(rtmfp_read_vlu(&r) == vlus[_i].value);
		ck_assert(!r.failed);
		ck_assert_uint_eq(rtmfp_read_left(&r), 0);
		bytes_free(&b);
	}
	bytes_free(&tail);
}
END_TEST

START_TEST(vlu_above_64_bits_fails)
{
	static const char *const hex[] = {
		"8280 8080 8080 8080 8000",	    /* 2^64 */
		"83ff ffff ffff ffff ff7f",	    /* 2^65 - 1 */
		"81ff ffff ffff ffff ffff 7f",	    /* 2^71 - 1 */
		"8180 8080 8080 8080 8080 00",	    /* 2^70 */
		"8080 8280 8080 8080 8080 8000",    /* 2^64 after redundant zeros */
		"ffff ffff ffff ffff ffff ffff 7f", /* 2^91 - 1 */
	};

	for (size_t i = 0; i < sizeof(hex) / sizeof(hex[0]); i++) {
		struct bytes b = bytes_hex(hex[i]);
		struct rtmfp_reader r = rtmfp_reader(b.p, b.len);

		ck_assert(rtmfp_read_vlu(&r) == 0);
		assert_stuck(&r);
		bytes_free(&b);
	}
}
END_TEST

START_TEST(vlu_round_trip_at_every_digit_boundary)
{
	for (unsigned bits = 1; bits <= 64; bits++) {
		uint64_t top = UINT64_MAX >> (64 - bits);

		for (int d = -1; d <= 1; d++) {
			uint64_t v = top + (uint64_t)(int64_t)d;
			uint8_t out[11];
			struct rtmfp_writer w = rtmfp_writer(out, sizeof(out));
			struct rtmfp_reader r;

			memset(out, 0xee, sizeof(out));
			rtmfp_write_vlu(&w, v);
			ck_assert(!w.failed);
			ck_assert_uint_eq(rtmfp_written(&w), rtmfp_vlu_size(v));
			ck_assert_uint_eq(out[rtmfp_written(&w)], 0xee);
			r = rtmfp_reader(out, rtmfp_written(&w));
			ck_assert(rtmfp_read_vlu(&r) == v);
			ck_assert(!r.failed);
		}
		ck_assert_uint_eq(rtmfp_vlu_size(top), (bits + 6) / 7);
	}
}
END_TEST

static void write_one(struct rtmfp_writer *w, unsigned which)
{
	const struct rtmfp_addr v4 = { .family = 4, .ip = { 1, 2, 3, 4 }, .port = 5 };
	const struct rtmfp_addr v6 = { .family = 6, .ip = { 1, 2, 3, 4 }, .port = 5 };

	switch (which) {
	case 0: rtmfp_write_u8(w, 1); break;
	case 1: rtmfp_write_u16(w, 1); break;
	case 2: rtmfp_write_u32(w, 1); break;
	case 3: rtmfp_write_u64(w, 1); break;
	case 4: rtmfp_write_vlu(w, UINT64_MAX); break;
	case 5: rtmfp_write_bytes(w, "abc", 3); break;
	case 6: rtmfp_write_addr(w, &v4); break;
	case 7: rtmfp_write_addr(w, &v6); break;
	case 8: rtmfp_write_option(w, 300, "xyz", 3); break;
	case 9: rtmfp_write_option_vlu(w, 10, 300); break;
	case 10: rtmfp_write_marker(w); break;
	default: ck_abort();
	}
}

START_TEST(writers_fail_in_too_little_room)
{
	static const size_t sizes[] = { 1, 2, 4, 8, 10, 3, 7, 19, 6, 4, 1 };
	size_t size = sizes[_i];

	for (size_t cap = 0; cap <= size; cap++) {
		struct bytes b = bytes_new(cap);
		struct rtmfp_writer w = rtmfp_writer(b.p, b.len);
		size_t written;

		write_one(&w, (unsigned)_i);
		ck_assert_int_eq(w.failed, cap < size);
		if (cap == size) {
			ck_assert_uint_eq(rtmfp_written(&w), size);
			bytes_free(&b);
			continue;
		}
		/* Sticky: the shorter ones that would fit now stay out, too. */
		written = rtmfp_written(&w);
		ck_assert_uint_eq(rtmfp_write_room(&w), 0);
		for (unsigned other = 0; other < 11; other++)
			write_one(&w, other);
		rtmfp_write_bytes(&w, NULL, 0);
		ck_assert(w.failed);
		ck_assert_uint_eq(rtmfp_written(&w), written);
		bytes_free(&b);
	}
}
END_TEST

START_TEST(a_failed_attempt_is_taken_back_by_a_copy)
{
	uint8_t out[4];
	struct rtmfp_writer w = rtmfp_writer(out, sizeof(out));
	struct rtmfp_writer saved;

	rtmfp_write_u16(&w, 0x0102);
	saved = w;
	rtmfp_write_u32(&w, 0);
	ck_assert(w.failed);
	w = saved;
	rtmfp_write_bytes(&w, NULL, 0);
	rtmfp_write_u16(&w, 0x0304);
	ck_assert(!w.failed);
	ck_assert_hex(out, rtmfp_written(&w), "01020304");
	rtmfp_write_bytes(&w, out, SIZE_MAX);
	ck_assert(w.failed);
	ck_assert_uint_eq(rtmfp_written(&w), 4);
}
END_TEST

static const struct {
	const char *hex;
	struct rtmfp_addr addr;
} addrs[] = {
	{ "00 7f000001 078f", { .family = 4, .ip = { 127, 0, 0, 1 }, .port = 1935 } },
	{ "01 c0a80102 0000", { .family = 4, .origin = 1, .ip = { 192, 168, 1, 2 } } },
	{ "02 7f000001 5213", { .family = 4, .origin = 2, .ip = { 127, 0, 0, 1 }, .port = 21011 } },
	{ "03 ffffffff ffff", { .family = 4, .origin = 3, .ip = { 255, 255, 255, 255 }, .port = 65535 } },
	{ "80 00000000000000000000000000000001 078f", { .family = 6, .ip = { [15] = 1 }, .port = 1935 } },
	{ "81 fe800000000000000000000000000002 0001",
	  { .family = 6, .origin = 1, .ip = { 0xfe, 0x80, [15] = 2 }, .port = 1 } },
	{ "83 20010db8000102030405060708090a0b ff00",
	  { .family = 6,
	    .origin = 3,
	    .ip = { 0x20, 0x01, 0x0d, 0xb8, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11 },
	    .port = 0xff00 } },
};

static void assert_addr(const struct rtmfp_addr *got, const struct rtmfp_addr *want)
{
	ck_assert_uint_eq(got->family, want->family);
	ck_assert_uint_eq(got->origin, want->origin);
	ck_assert_uint_eq(got->port, want->port);
	ck_assert_uint_eq(got->scope, 0);
	ck_assert_mem_eq(got->ip, want->ip, sizeof(want->ip));
}

START_TEST(addresses_both_ways)
{
	struct bytes b = bytes_hex(addrs[_i].hex);
	struct rtmfp_addr addr = addrs[_i].addr;
	struct rtmfp_reader r;
	struct rtmfp_writer w;
	uint8_t out[19];

	/* Neither the scope nor bits beyond the origin's two ever leave. */
	addr.scope = 7;
	addr.origin |= 0xfc;
	w = rtmfp_writer(out, sizeof(out));
	rtmfp_write_addr(&w, &addr);
	ck_assert_hex(out, rtmfp_written(&w), addrs[_i].hex);

	/* All reserved bits, any combination, are ignored (section 2). */
	for (unsigned reserved = 0; reserved < 32; reserved++) {
		b.p[0] = (uint8_t)((b.p[0] & 0x83u) | reserved << 2);
		memset(&addr, 0xff, sizeof(addr));
		r = rtmfp_reader(b.p, b.len);
		rtmfp_read_addr(&r, &addr);
		ck_assert(!r.failed);
		ck_assert_uint_eq(rtmfp_read_left(&r), 0);
		assert_addr(&addr, &addrs[_i].addr);
	}
	for (size_t len = 0; len < b.len; len++) {
		struct bytes cut = bytes_copy(b.p, len);

		memset(&addr, 0xff, sizeof(addr));
		r = rtmfp_reader(cut.p, cut.len);
		rtmfp_read_addr(&r, &addr);
		assert_addr(&addr, &(struct rtmfp_addr){ .family = 0 });
		assert_stuck(&r);
		bytes_free(&cut);
	}
	bytes_free(&b);
}
END_TEST

START_TEST(option_list_of_all_kinds)
{
	struct bytes b = bytes_hex("01 07"			/* type 7, no value */
				   "04 00 616263"		/* type 0, "abc" */
				   "02 0a 05"			/* type 10, VLU 5 */
				   "0b 81ffffffffffffffff7f aa" /* the highest type */
				   "8003 c000 bb"		/* type 8192, length with a redundant digit */
				   "00 ccdd");
	struct rtmfp_reader r = rtmfp_reader(b.p, b.len);
	struct rtmfp_option opt;
	uint8_t out[64];
	struct rtmfp_writer w = rtmfp_writer(out, sizeof(out));

	ck_assert(rtmfp_read_option(&r, &opt));
	ck_assert(opt.type == 7 && opt.len == 0);
	ck_assert_ptr_nonnull(opt.value);
	rtmfp_write_option(&w, 7, NULL, 0);
	ck_assert(rtmfp_read_option(&r, &opt));
	ck_assert(opt.type == 0 && opt.len == 3 && memcmp(opt.value, "abc", 3) == 0);
	rtmfp_write_option(&w, 0, "abc", 3);
	ck_assert(rtmfp_read_option(&r, &opt));
	ck_assert(opt.type == 10 && opt.len == 1 && opt.value[0] == 5);
	rtmfp_write_option_vlu(&w, 10, 5);
	ck_assert(rtmfp_read_option(&r, &opt));
	ck_assert(opt.type == UINT64_MAX && opt.len == 1 && opt.value[0] == 0xaa);
	rtmfp_write_option(&w, UINT64_MAX, "\xaa", 1);
	ck_assert(rtmfp_read_option(&r, &opt));
	ck_assert(opt.type == 8192 && opt.len == 1 && opt.value[0] == 0xbb);
	rtmfp_write_option(&w, 8192, "\xbb", 1);
	ck_assert(!rtmfp_read_option(&r, &opt));
	rtmfp_write_marker(&w);
	ck_assert(!r.failed);
	ck_assert_uint_eq(rtmfp_read_left(&r), 2);
	ck_assert_hex(out, rtmfp_written(&w), "0107 0400616263 020a05 0b81ffffffffffffffff7faa 03c000bb 00");
	bytes_free(&b);
}
END_TEST

START_TEST(options_with_long_values)
{
	/* The lengths around which the length field of the Option grows. */
	static const size_t lens[] = { 125, 126, 127, 128, 16381, 16382, 16383 };

	for (size_t i = 0; i < sizeof(lens) / sizeof(lens[0]); i++) {
		struct bytes value = bytes_new(lens[i]);
		struct bytes b = bytes_new(lens[i] + 1 + rtmfp_vlu_size(lens[i] + 1));
		struct rtmfp_writer w = rtmfp_writer(b.p, b.len);
		struct rtmfp_reader r = rtmfp_reader(b.p, b.len);
		struct rtmfp_option opt;

		memset(value.p, (int)i + 1, value.len);
		rtmfp_write_option(&w, 1, value.p, value.len);
		ck_assert(!w.failed);
		ck_assert_uint_eq(rtmfp_write_room(&w), 0);
		ck_assert(rtmfp_read_bare_option(&r, &opt));
		ck_assert_uint_eq(opt.len, lens[i]);
		ck_assert_mem_eq(opt.value, value.p, value.len);
		ck_assert(!rtmfp_read_bare_option(&r, &opt));
		ck_assert(!r.failed);
		bytes_free(&b);
		bytes_free(&value);
	}
	/* Values that are VLUs of every size, under types of every size. */
	for (unsigned a = 0; a < 64; a += 7) {
		for (unsigned t = 0; t < 64; t += 7) {
			uint8_t out[32];
			struct rtmfp_writer w = rtmfp_writer(out, sizeof(out));
			struct rtmfp_reader r, v;
			struct rtmfp_option opt;

			rtmfp_write_option_vlu(&w, UINT64_C(1) << t, UINT64_C(1) << a);
			r = rtmfp_reader(out, rtmfp_written(&w));
			ck_assert(rtmfp_read_bare_option(&r, &opt));
			ck_assert(opt.type == UINT64_C(1) << t);
			v = rtmfp_reader(opt.value, opt.len);
			ck_assert(rtmfp_read_vlu(&v) == UINT64_C(1) << a);
			ck_assert(!v.failed && rtmfp_read_left(&v) == 0 && rtmfp_read_left(&r) == 0);
		}
	}
}
END_TEST

/* How many Options a list has, or -1 when it is malformed. */
static int count_options(struct rtmfp_reader *r, bool bare)
{
	struct rtmfp_option opt;
	int n = 0;

	while (bare ? rtmfp_read_bare_option(r, &opt) : rtmfp_read_option(r, &opt))
		n++;
	return r->failed ? -1 : n;
}

START_TEST(option_lists_good_and_bad)
{
	static const struct {
		const char *hex;
		int list, bare;
	} cases[] = {
		{ "", -1, 0 },	   /* no Marker */
		{ "00", 0, -1 },   /* the empty list */
		{ "8000", 0, -1 }, /* a Marker with a redundant digit */
		{ "0105", -1, 1 }, /* no Marker after it */
		{ "010500", 1, -1 },
		{ "0105 00 0106", 1, -1 }, /* what follows a Marker is no Option */
		{ "0105 0106 0107", -1, 3 },
		{ "02 05", -1, -1 }, /* length beyond the end */
		{ "05 05000000", -1, -1 },
		{ "81ffffffffffffffff7f 05 00", -1, -1 }, /* length 2^64 - 1 */
		{ "82808080808080808000 05 00", -1, -1 }, /* length 2^64 */
		{ "80", -1, -1 },			  /* length cut short */
		{ "01 80 00", -1, -1 },			  /* the type reaches beyond the payload */
		{ "02 8080 00 00", -1, -1 },
		{ "0b 828080808080808080800000 00", -1, -1 }, /* type beyond 64 bits */
		{ "0c 8080808080808080808005 aa 00", 1, -1 }, /* type 5 with redundant digits */
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct bytes b = bytes_hex(cases[i].hex);
		struct rtmfp_reader r = rtmfp_reader(b.p, b.len);

		ck_assert_msg(count_options(&r, false) == cases[i].list, "list %s", cases[i].hex);
		if (cases[i].list < 0)
			assert_stuck(&r);
		r = rtmfp_reader(b.p, b.len);
		ck_assert_msg(count_options(&r, true) == cases[i].bare, "bare %s", cases[i].hex);
		if (cases[i].bare < 0)
			assert_stuck(&r);
		bytes_free(&b);
	}
}
END_TEST

START_TEST(random_values_survive_the_round_trip)
{
	for (prng_each(run, 1, SEEDS)) {
		uint64_t values[40];
		unsigned kinds[40];
		struct bytes b = bytes_new(400);
		struct rtmfp_writer w = rtmfp_writer(b.p, b.len);
		struct rtmfp_reader r;

		for (int i = 0; i < 40; i++) {
			kinds[i] = (unsigned)prng_below(&run.r, 5);
			values[i] = prng_wide(&run.r);
			switch (kinds[i]) {
			case 0: rtmfp_write_u8(&w, (uint8_t)values[i]); break;
			case 1: rtmfp_write_u16(&w, (uint16_t)values[i]); break;
			case 2: rtmfp_write_u32(&w, (uint32_t)values[i]); break;
			case 3: rtmfp_write_u64(&w, values[i]); break;
			default: rtmfp_write_vlu(&w, values[i]); break;
			}
		}
		prng_assert(run, !w.failed);
		r = rtmfp_reader(b.p, rtmfp_written(&w));
		for (int i = 0; i < 40; i++) {
			switch (kinds[i]) {
			case 0: prng_assert(run, rtmfp_read_u8(&r) == (uint8_t)values[i]); break;
			case 1: prng_assert(run, rtmfp_read_u16(&r) == (uint16_t)values[i]); break;
			case 2: prng_assert(run, rtmfp_read_u32(&r) == (uint32_t)values[i]); break;
			case 3: prng_assert(run, rtmfp_read_u64(&r) == values[i]); break;
			default: prng_assert(run, rtmfp_read_vlu(&r) == values[i]); break;
			}
		}
		prng_assert(run, !r.failed && rtmfp_read_left(&r) == 0);
		bytes_free(&b);
	}
}
END_TEST

START_TEST(random_bytes_never_take_a_reader_out_of_them)
{
	for (prng_each(run, 1, 20 * SEEDS)) {
		struct bytes b = bytes_new((size_t)prng_below(&run.r, 48));
		struct rtmfp_reader r = rtmfp_reader(b.p, b.len);
		const uint8_t *end = r.end;

		prng_fill(&run.r, b.p, b.len);
		while (!r.failed && rtmfp_read_left(&r) > 0) {
			const uint8_t *before = r.at;
			struct rtmfp_option opt;
			struct rtmfp_addr addr;
			const uint8_t *p;
			size_t len;

			switch (prng_below(&run.r, 6)) {
			case 0: rtmfp_read_vlu(&r); break;
			case 1: rtmfp_read_addr(&r, &addr); break;
			case 2: rtmfp_read_u16(&r); break;
			case 3:
				len = (size_t)prng_below(&run.r, 8) + 1;
				p = rtmfp_read_bytes(&r, len);
				prng_assert(run, !p || (p == before && p + len <= end));
				break;
			case 4:
				if (rtmfp_read_option(&r, &opt))
					prng_assert(run, opt.value > before && opt.value + opt.len == r.at);
				break;
			default:
				if (rtmfp_read_bare_option(&r, &opt))
					prng_assert(run, opt.value > before && opt.value + opt.len == r.at);
				break;
			}
			prng_assert(run, r.at >= before && r.at <= end && r.end == end);
			prng_assert(run, r.failed || r.at > before);
		}
		bytes_free(&b);
	}
}
END_TEST

int main(void)
{
	Suite *s = suite_create("wire");
	TCase *tc = tcase_create("wire");
	const int n_vlus = (int)(sizeof(vlus) / sizeof(vlus[0]));
	SRunner *sr;
	int failed;

	tcase_add_test(tc, integers_are_big_endian);
	tcase_add_test(tc, integers_fail_when_truncated);
	tcase_add_test(tc, readers_take_no_bytes_at_null);
	tcase_add_test(tc, bytes_are_read_in_place);
	tcase_add_loop_test(tc, vlu_known_answers, 0, n_vlus);
	tcase_add_loop_test(tc, vlu_fails_truncated_at_each_byte, 0, n_vlus);
	tcase_add_loop_test(tc, vlu_takes_redundant_zero_digits, 0, n_vlus);
	tcase_add_test(tc, vlu_above_64_bits_fails);
	tcase_add_test(tc, vlu_round_trip_at_every_digit_boundary);
	tcase_add_loop_test(tc, writers_fail_in_too_little_room, 0, 11);
	tcase_add_test(tc, a_failed_attempt_is_taken_back_by_a_copy);
	tcase_add_loop_test(tc, addresses_both_ways, 0, (int)(sizeof(addrs) / sizeof(addrs[0])));
	tcase_add_test(tc, option_list_of_all_kinds);
	tcase_add_test(tc, options_with_long_values);
	tcase_add_test(tc, option_lists_good_and_bad);
	tcase_add_test(tc, random_values_survive_the_round_trip);
	tcase_add_test(tc, random_bytes_never_take_a_reader_out_of_them);
	tcase_set_timeout(tc, 60);
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
