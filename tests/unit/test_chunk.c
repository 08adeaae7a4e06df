/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tests of src/rtmfp/chunk.c: the packet header and every chunk of RFC 7016 sections 2.2.4 and 2.3. */
#include "chunk.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "bytes.h"
#include "prng.h"

#define BYTES(text) ((struct rtmfp_bytes){ .p = (const uint8_t *)(text), .len = sizeof(text) - 1 })
#define NO_BYTES    ((struct rtmfp_bytes){ .p = NULL, .len = 0 })

static void assert_bytes(struct rtmfp_bytes got, struct rtmfp_bytes want)
{
	ck_assert_uint_eq(got.len, want.len);
	ck_assert_ptr_nonnull(got.p);
	if (want.len > 0)
		ck_assert_mem_eq(got.p, want.p, want.len);
}

/* ---- packet header ---- */

START_TEST(header_of_every_flags_byte)
{
	struct bytes b = bytes_hex("00 0102 0304");

	for (unsigned flags = 0; flags < 256; flags++) {
		size_t size = 1 + (flags & RTMFP_PACKET_TS ? 2 : 0) + (flags & RTMFP_PACKET_TSE ? 2 : 0);
		struct rtmfp_packet_header h;
		struct rtmfp_reader r = rtmfp_reader(b.p, b.len);
		uint8_t out[RTMFP_PACKET_HEADER_MAX];
		struct rtmfp_writer w = rtmfp_writer(out, sizeof(out));

		b.p[0] = (uint8_t)flags;
		if ((flags & 3) == 0) {
			ck_assert_int_eq(rtmfp_packet_header_read(&r, &h), RTMFP_ERR_SYNTAX);
			continue;
		}
		ck_assert_int_eq(rtmfp_packet_header_read(&r, &h), 0);
		ck_assert_ptr_eq(r.at, b.p + size);
		ck_assert_int_eq(h.time_critical, flags >> 7 & 1);
		ck_assert_int_eq(h.time_critical_reverse, flags >> 6 & 1);
		ck_assert_int_eq(h.has_timestamp, flags >> 3 & 1);
		ck_assert_int_eq(h.has_timestamp_echo, flags >> 2 & 1);
		ck_assert_uint_eq(h.mode, flags & 3);
		ck_assert_uint_eq(h.timestamp, h.has_timestamp ? 0x0102 : 0);
		ck_assert_uint_eq(h.timestamp_echo,
				  h.has_timestamp_echo ? (h.has_timestamp ? 0x0304 : 0x0102) : 0);

		/* Out again, but for the reserved bits, which leave as 0. */
		rtmfp_packet_header_write(&w, &h);
		ck_assert_uint_eq(rtmfp_written(&w), size);
		ck_assert_uint_eq(out[0], flags & 0xcfu);
		ck_assert_mem_eq(out + 1, b.p + 1, size - 1);

		for (size_t len = 0; len < size; len++) {
			struct bytes cut = bytes_copy(b.p, len);
			struct bytes room = bytes_new(len);

			r = rtmfp_reader(cut.p, cut.len);
			ck_assert_int_eq(rtmfp_packet_header_read(&r, &h), RTMFP_ERR_SYNTAX);
			r = rtmfp_reader(b.p, b.len);
			ck_assert_int_eq(rtmfp_packet_header_read(&r, &h), 0);
			w = rtmfp_writer(room.p, room.len);
			rtmfp_packet_header_write(&w, &h);
			ck_assert(w.failed);
			bytes_free(&cut);
			bytes_free(&room);
		}
	}
	bytes_free(&b);
}
END_TEST

/* ---- chunks in a packet (2.2.4) ---- */

START_TEST(padding_begins_where_no_chunk_fits)
{
	static const struct {
		const char *hex;
		const char *types; /* of the chunks before the padding */
		size_t padding;
	} cases[] = {
		{ "", "", 0 },
		{ "ff", "", 1 },
		{ "01 00", "", 2 },
		{ "01 0000", "01", 0 },
		{ "01 0000 00", "01", 1 },
		{ "01 0000 01 00", "01", 2 },
		{ "01 0001", "", 3 },
		{ "01 0001 aa", "01", 0 },
		{ "01 0002 aa", "", 4 },
		{ "41 0001 aa ffffff", "41", 3 },
		{ "41 0001 aa ffffffffffffffffffffffffffffffff", "41", 16 },
		/* Unknown types and padding chunks are chunks all the same (2.3). */
		{ "77 0001 aa 00 0002 bbbb ff 0000 0c 0000", "7700ff0c", 0 },
		{ "ff 0000 ff 0001", "ff", 3 },
		{ "01 0100 aa", "", 4 },
		{ "01 ffff", "", 3 },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct bytes b = bytes_hex(cases[i].hex);
		struct bytes types = bytes_hex(cases[i].types);
		struct rtmfp_reader r = rtmfp_reader(b.p, b.len);
		struct rtmfp_chunk chunk;
		size_t n = 0;

		while (rtmfp_chunk_next(&r, &chunk)) {
			ck_assert_uint_lt(n, types.len);
			ck_assert_uint_eq(chunk.type, types.p[n++]);
			ck_assert_ptr_eq(chunk.payload + chunk.len, r.at);
		}
		ck_assert_uint_eq(n, types.len);
		ck_assert(!r.failed);
		ck_assert_uint_eq(rtmfp_read_left(&r), cases[i].padding);
		ck_assert(!rtmfp_chunk_next(&r, &chunk));
		bytes_free(&b);
		bytes_free(&types);
	}
}
END_TEST

START_TEST(chunk_payload_up_to_65535)
{
	struct bytes payload = bytes_new(0x10000);
	struct bytes b = bytes_new(RTMFP_CHUNK_HEADER + 0x10000);
	struct rtmfp_writer w = rtmfp_writer(b.p, b.len);
	struct rtmfp_reader r = rtmfp_reader(b.p, b.len);
	struct rtmfp_chunk chunk;

	memset(payload.p, 0x5a, payload.len);
	rtmfp_write_simple(&w, RTMFP_CHUNK_PADFF, payload.p, 0xffff);
	ck_assert(!w.failed);
	ck_assert_uint_eq(rtmfp_written(&w), RTMFP_CHUNK_HEADER + 0xffff);
	ck_assert(rtmfp_chunk_next(&r, &chunk));
	ck_assert_uint_eq(chunk.type, RTMFP_CHUNK_PADFF);
	ck_assert_uint_eq(chunk.len, 0xffff);
	ck_assert_mem_eq(chunk.payload, payload.p, 0xffff);
	w = rtmfp_writer(b.p, b.len);
	rtmfp_write_simple(&w, RTMFP_CHUNK_PADFF, payload.p, 0x10000);
	ck_assert(w.failed);
	bytes_free(&payload);
	bytes_free(&b);
}
END_TEST

/* ---- each chunk: bytes, struct, and back ---- */

static void write_fragment(struct rtmfp_writer *w)
{
	rtmfp_write_fragment(w, &(struct rtmfp_fragment){
					.more = true, .packet_id = 300, .number = 2, .data = BYTES("abc") });
}

static int read_fragment(const uint8_t *p, size_t len, bool whole)
{
	struct rtmfp_fragment c;
	int err = rtmfp_read_fragment(p, len, &c);

	if (whole) {
		ck_assert(c.more && c.packet_id == 300 && c.number == 2);
		assert_bytes(c.data, BYTES("abc"));
	}
	return err;
}

static void write_last_fragment(struct rtmfp_writer *w)
{
	rtmfp_write_fragment(w, &(struct rtmfp_fragment){ .data = BYTES("z") });
}

static int read_last_fragment(const uint8_t *p, size_t len, bool whole)
{
	struct rtmfp_fragment c;
	int err = rtmfp_read_fragment(p, len, &c);

	if (whole) {
		ck_assert(!c.more && c.packet_id == 0 && c.number == 0);
		assert_bytes(c.data, BYTES("z"));
	}
	return err;
}

static void write_ihello(struct rtmfp_writer *w)
{
	rtmfp_write_ihello(w, &(struct rtmfp_ihello){ .epd = BYTES("server"),
						      .tag = BYTES("0123456789abcdef") });
}

static int read_ihello(const uint8_t *p, size_t len, bool whole)
{
	struct rtmfp_ihello c;
	int err = rtmfp_read_ihello(p, len, &c);

	if (whole) {
		assert_bytes(c.epd, BYTES("server"));
		assert_bytes(c.tag, BYTES("0123456789abcdef"));
	}
	return err;
}

static void write_empty_ihello(struct rtmfp_writer *w)
{
	rtmfp_write_ihello(w, &(struct rtmfp_ihello){ .epd = NO_BYTES, .tag = NO_BYTES });
}

static int read_empty_ihello(const uint8_t *p, size_t len, bool whole)
{
	struct rtmfp_ihello c;
	int err = rtmfp_read_ihello(p, len, &c);

	if (whole) {
		assert_bytes(c.epd, NO_BYTES);
		assert_bytes(c.tag, NO_BYTES);
	}
	return err;
}

static void write_fihello(struct rtmfp_writer *w)
{
	rtmfp_write_fihello(w, &(struct rtmfp_fihello){ .epd = BYTES("bob"),
							.reply = { .family = 4,
								   .origin = RTMFP_ORIGIN_REFLEXIVE,
								   .ip = { 127, 0, 0, 1 },
								   .port = 21012 },
							.tag = BYTES("tagtag") });
}

static int read_fihello(const uint8_t *p, size_t len, bool whole)
{
	struct rtmfp_fihello c;
	int err = rtmfp_read_fihello(p, len, &c);

	if (whole) {
		assert_bytes(c.epd, BYTES("bob"));
		ck_assert_uint_eq(c.reply.family, 4);
		ck_assert_uint_eq(c.reply.origin, RTMFP_ORIGIN_REFLEXIVE);
		ck_assert_uint_eq(c.reply.port, 21012);
		ck_assert_hex(c.reply.ip, 4, "7f000001");
		assert_bytes(c.tag, BYTES("tagtag"));
	}
	return err;
}

static void write_rhello(struct rtmfp_writer *w)
{
	rtmfp_write_rhello(w, &(struct rtmfp_rhello){ .tag_echo = BYTES("tag"),
						      .cookie = BYTES("cookie"),
						      .certificate = BYTES("cert") });
}

static int read_rhello(const uint8_t *p, size_t len, bool whole)
{
	struct rtmfp_rhello c;
	int err = rtmfp_read_rhello(p, len, &c);

	if (whole) {
		assert_bytes(c.tag_echo, BYTES("tag"));
		assert_bytes(c.cookie, BYTES("cookie"));
		assert_bytes(c.certificate, BYTES("cert"));
	}
	return err;
}

static void write_implied_redirect(struct rtmfp_writer *w)
{
	rtmfp_write_redirect(w, &(struct rtmfp_redirect){ .tag_echo = BYTES("tag"), .addresses = NO_BYTES });
}

static int read_implied_redirect(const uint8_t *p, size_t len, bool whole)
{
	struct rtmfp_redirect c;
	int err = rtmfp_read_redirect(p, len, &c);

	if (whole) {
		assert_bytes(c.tag_echo, BYTES("tag"));
		assert_bytes(c.addresses, NO_BYTES);
	}
	return err;
}

static void write_cookie_change(struct rtmfp_writer *w)
{
	rtmfp_write_cookie_change(w, &(struct rtmfp_cookie_change){ .old_cookie = BYTES("old"),
								    .new_cookie = BYTES("newer") });
}

static int read_cookie_change(const uint8_t *p, size_t len, bool whole)
{
	struct rtmfp_cookie_change c;
	int err = rtmfp_read_cookie_change(p, len, &c);

	if (whole) {
		assert_bytes(c.old_cookie, BYTES("old"));
		assert_bytes(c.new_cookie, BYTES("newer"));
	}
	return err;
}

static void write_iikeying(struct rtmfp_writer *w)
{
	rtmfp_write_iikeying(w, &(struct rtmfp_iikeying){ .session_id = 0x01020304,
							  .cookie = BYTES("cookie"),
							  .certificate = BYTES("cert"),
							  .component = BYTES("skic"),
							  .signature = BYTES("X") });
}

static int read_iikeying(const uint8_t *p, size_t len, bool whole)
{
	struct rtmfp_iikeying c;
	int err = rtmfp_read_iikeying(p, len, &c);

	if (whole) {
		ck_assert_uint_eq(c.session_id, 0x01020304);
		assert_bytes(c.cookie, BYTES("cookie"));
		assert_bytes(c.certificate, BYTES("cert"));
		assert_bytes(c.component, BYTES("skic"));
		assert_bytes(c.signature, BYTES("X"));
		ck_assert_ptr_eq(c.signed_params.p, p);
		ck_assert_uint_eq(c.signed_params.len, len - 1);
	}
	return err;
}

static void write_rikeying(struct rtmfp_writer *w)
{
	rtmfp_write_rikeying(w, &(struct rtmfp_rikeying){ .session_id = 0xfffefdfc,
							  .component = BYTES("skrc"),
							  .signature = BYTES("sig") });
}

static int read_rikeying(const uint8_t *p, size_t len, bool whole)
{
	struct rtmfp_rikeying c;
	int err = rtmfp_read_rikeying(p, len, &c);

	if (whole) {
		ck_assert_uint_eq(c.session_id, 0xfffefdfc);
		assert_bytes(c.component, BYTES("skrc"));
		assert_bytes(c.signature, BYTES("sig"));
		ck_assert_ptr_eq(c.signed_portion.p, p);
		ck_assert_uint_eq(c.signed_portion.len, len - 3);
	}
	return err;
}

static void write_data(struct rtmfp_writer *w)
{
	rtmfp_write_data(w,
			 &(struct rtmfp_data){ .fra = RTMFP_FRA_END,
					       .final = true,
					       .flow_id = 200,
					       .sequence_number = 1000,
					       .forward_sequence_number = 990,
					       .has_options = true,
					       .options = BYTES("\x03\x00md\x02\x0a\x07\x00"),
					       .data = BYTES("data") },
			 false);
}

static int read_data(const uint8_t *p, size_t len, bool whole)
{
	struct rtmfp_data c;
	int err = rtmfp_read_data(p, len, NULL, &c);

	if (whole) {
		ck_assert_uint_eq(c.fra, RTMFP_FRA_END);
		ck_assert(!c.abandon && c.final && c.has_options);
		ck_assert(c.flow_id == 200 && c.sequence_number == 1000 && c.forward_sequence_number == 990);
		assert_bytes(c.options, BYTES("\x03\x00md\x02\x0a\x07\x00"));
		assert_bytes(c.data, BYTES("data"));
	}
	return err;
}

static const struct rtmfp_data before_next = {
	.fra = RTMFP_FRA_WHOLE,
	.flow_id = 9,
	.sequence_number = 40,
	.forward_sequence_number = 38,
};

static void write_next_data(struct rtmfp_writer *w)
{
	rtmfp_write_data(w,
			 &(struct rtmfp_data){ .fra = RTMFP_FRA_BEGIN,
					       .has_options = true,
					       .options = BYTES("\x03\x90\x00u\x00"),
					       .data = BYTES("more data") },
			 true);
}

static int read_next_data(const uint8_t *p, size_t len, bool whole)
{
	struct rtmfp_data c;
	int err = rtmfp_read_data(p, len, &before_next, &c);

	if (whole) {
		ck_assert_uint_eq(c.fra, RTMFP_FRA_BEGIN);
		ck_assert(!c.abandon && !c.final && c.has_options);
		ck_assert(c.flow_id == 9 && c.sequence_number == 41 && c.forward_sequence_number == 38);
		assert_bytes(c.options, BYTES("\x03\x90\x00u\x00"));
		assert_bytes(c.data, BYTES("more data"));
	}
	return err;
}

static void write_buffer_probe(struct rtmfp_writer *w)
{
	rtmfp_write_buffer_probe(w, 0x1234);
}

static int read_buffer_probe(const uint8_t *p, size_t len, bool whole)
{
	uint64_t flow_id;
	int err = rtmfp_read_buffer_probe(p, len, &flow_id);

	if (whole)
		ck_assert(flow_id == 0x1234);
	return err;
}

static void write_exception(struct rtmfp_writer *w)
{
	rtmfp_write_exception(w, &(struct rtmfp_exception){ .flow_id = 2, .code = UINT64_MAX });
}

static int read_exception(const uint8_t *p, size_t len, bool whole)
{
	struct rtmfp_exception c;
	int err = rtmfp_read_exception(p, len, &c);

	if (whole)
		ck_assert(c.flow_id == 2 && c.code == UINT64_MAX);
	return err;
}

static const struct {
	const char *name;
	const char *hex; /* of the whole chunk */
	size_t min;	 /* shortest payload of these bytes that is a chunk still */
	void (*write)(struct rtmfp_writer *w);
	int (*read)(const uint8_t *p, size_t len, bool whole); /* |whole|: check the fields, too */
} chunks[] = {
	{ "fragment", "7f 0007 80 822c 02 616263", 5, write_fragment, read_fragment },
	{ "last fragment", "7f 0004 00 00 00 7a", 4, write_last_fragment, read_last_fragment },
	{ "ihello", "30 0017 06 736572766572 30313233343536373839616263646566", 7, write_ihello,
	  read_ihello },
	{ "empty ihello", "30 0001 00", 1, write_empty_ihello, read_empty_ihello },
	{ "fihello", "0f 0011 03 626f62 02 7f000001 5214 746167746167", 11, write_fihello, read_fihello },
	{ "rhello", "70 000f 03 746167 06 636f6f6b6965 63657274", 11, write_rhello, read_rhello },
	{ "implied redirect", "71 0004 03 746167", 4, write_implied_redirect, read_implied_redirect },
	{ "cookie change", "79 0009 03 6f6c64 6e65776572", 4, write_cookie_change, read_cookie_change },
	{ "iikeying", "38 0016 01020304 06 636f6f6b6965 04 63657274 04 736b6963 58", 21, write_iikeying,
	  read_iikeying },
	{ "rikeying", "78 000c fffefdfc 04 736b7263 736967", 9, write_rikeying, read_rikeying },
	{ "data", "10 0012 a1 8148 8768 0a 03006d64 020a07 00 64617461", 14, write_data, read_data },
	{ "next data", "11 000f 90 03900075 00 6d6f72652064617461", 6, write_next_data, read_next_data },
	{ "buffer probe", "18 0002 a434", 2, write_buffer_probe, read_buffer_probe },
	{ "exception", "5e 000b 02 81ffffffffffffffff7f", 11, write_exception, read_exception },
};

START_TEST(chunk_both_ways)
{
	struct bytes b = bytes_hex(chunks[_i].hex);

	for (size_t cap = 0; cap <= b.len; cap++) {
		struct bytes out = bytes_new(cap);
		struct rtmfp_writer w = rtmfp_writer(out.p, out.len);

		chunks[_i].write(&w);
		ck_assert_int_eq(w.failed, cap < b.len);
		if (!w.failed)
			ck_assert_hex(out.p, rtmfp_written(&w), chunks[_i].hex);
		bytes_free(&out);
	}
	for (size_t len = 0; len <= b.len - RTMFP_CHUNK_HEADER; len++) {
		struct bytes payload = bytes_copy(b.p + RTMFP_CHUNK_HEADER, len);
		int err = chunks[_i].read(payload.p, payload.len, len == b.len - RTMFP_CHUNK_HEADER);

		ck_assert_msg(err == (len < chunks[_i].min ? RTMFP_ERR_SYNTAX : 0), "%s cut to %zu: %d",
			      chunks[_i].name, len, err);
		bytes_free(&payload);
	}
	bytes_free(&b);
}
END_TEST

START_TEST(chunk_with_a_length_beyond_its_end)
{
	static const struct {
		const char *name;
		const char *hex; /* payload; each "81ffffffffffffffff7f" is a length of 2^64 - 1 */
		int (*read)(const uint8_t *p, size_t len, bool whole);
	} cases[] = {
		{ "ihello", "81ffffffffffffffff7f 6161", read_ihello },
		{ "ihello, length beyond 64 bits", "82808080808080808000 6161", read_ihello },
		{ "fihello", "81ffffffffffffffff7f 6161", read_fihello },
		{ "rhello tag", "81ffffffffffffffff7f 6161", read_rhello },
		{ "rhello cookie", "00 81ffffffffffffffff7f 6161", read_rhello },
		{ "redirect", "81ffffffffffffffff7f 6161", read_implied_redirect },
		{ "cookie change", "04 616161", read_cookie_change },
		{ "iikeying cookie", "00000001 81ffffffffffffffff7f 00 00", read_iikeying },
		{ "iikeying certificate", "00000001 00 03 00 00", read_iikeying },
		{ "iikeying component", "00000001 00 00 01", read_iikeying },
		{ "rikeying", "00000001 81ffffffffffffffff7f 00 00", read_rikeying },
		{ "data options", "80 02 05 03 81ffffffffffffffff7f 00 00", read_data },
		{ "next data options", "80 03 00 61", read_next_data },
		{ "fragment number beyond 64 bits", "00 00 82808080808080808000 61", read_fragment },
		{ "fragment without bytes", "80 00 00", read_fragment },
		{ "buffer probe beyond 64 bits", "82808080808080808000", read_buffer_probe },
		{ "exception beyond 64 bits", "01 82808080808080808000", read_exception },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct bytes b = bytes_hex(cases[i].hex);

		ck_assert_msg(cases[i].read(b.p, b.len, false) == RTMFP_ERR_SYNTAX, "%s", cases[i].name);
		bytes_free(&b);
	}
}
END_TEST

START_TEST(fragment_ignores_reserved_bits)
{
	struct bytes b = bytes_hex("00 05 06 aa");

	for (unsigned flags = 0; flags < 256; flags++) {
		struct rtmfp_fragment c;

		b.p[0] = (uint8_t)flags;
		ck_assert_int_eq(rtmfp_read_fragment(b.p, b.len, &c), 0);
		ck_assert_int_eq(c.more, flags >> 7);
		ck_assert(c.packet_id == 5 && c.number == 6);
	}
	bytes_free(&b);
}
END_TEST

START_TEST(redirect_with_addresses)
{
	static const char hex[] =
		"71 0025 03 746167 02 7f000001 5213 83 20010db8000000000000000000000007 078f"
		"00 01020304 0001";
	struct bytes b = bytes_hex(hex);
	const size_t first = RTMFP_CHUNK_HEADER + 4;
	struct rtmfp_redirect c;
	struct rtmfp_reader r;
	struct rtmfp_addr addr;
	uint8_t out[64];
	struct rtmfp_writer w = rtmfp_writer(out, sizeof(out));

	ck_assert_int_eq(rtmfp_read_redirect(b.p + RTMFP_CHUNK_HEADER, b.len - RTMFP_CHUNK_HEADER, &c), 0);
	assert_bytes(c.tag_echo, BYTES("tag"));
	r = rtmfp_reader(c.addresses.p, c.addresses.len);
	rtmfp_read_addr(&r, &addr);
	ck_assert(addr.family == 4 && addr.origin == 2 && addr.port == 21011);
	rtmfp_read_addr(&r, &addr);
	ck_assert(addr.family == 6 && addr.origin == 3 && addr.port == 1935 && addr.ip[15] == 7);
	rtmfp_read_addr(&r, &addr);
	ck_assert(addr.family == 4 && addr.origin == 0 && addr.port == 1);
	ck_assert(!r.failed && rtmfp_read_left(&r) == 0);
	rtmfp_write_redirect(&w, &c);
	ck_assert_hex(out, rtmfp_written(&w), hex);

	/* Cut anywhere but between two addresses it is malformed. */
	for (size_t len = 0; len <= b.len - RTMFP_CHUNK_HEADER; len++) {
		struct bytes cut = bytes_copy(b.p + RTMFP_CHUNK_HEADER, len);
		size_t end = len + RTMFP_CHUNK_HEADER;
		bool whole = end == first || end == first + 7 || end == first + 7 + 19 || end == b.len;

		ck_assert_int_eq(rtmfp_read_redirect(cut.p, cut.len, &c), whole ? 0 : RTMFP_ERR_SYNTAX);
		bytes_free(&cut);
	}
	bytes_free(&b);
}
END_TEST

START_TEST(simple_chunks)
{
	static const struct {
		uint8_t type;
		const char *payload;
		const char *hex;
	} cases[] = {
		{ RTMFP_CHUNK_PING, "", "01 0000" },
		{ RTMFP_CHUNK_PING, "hello", "01 0005 68656c6c6f" },
		{ RTMFP_CHUNK_PING_REPLY, "hello", "41 0005 68656c6c6f" },
		{ RTMFP_CHUNK_CLOSE, "", "0c 0000" },
		{ RTMFP_CHUNK_CLOSE_ACK, "", "4c 0000" },
		{ RTMFP_CHUNK_PAD0, "pad", "00 0003 706164" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		size_t size = RTMFP_CHUNK_HEADER + strlen(cases[i].payload);

		for (size_t cap = 0; cap <= size; cap++) {
			struct bytes out = bytes_new(cap);
			struct rtmfp_writer w = rtmfp_writer(out.p, out.len);

			rtmfp_write_simple(&w, cases[i].type, cases[i].payload, strlen(cases[i].payload));
			ck_assert_int_eq(w.failed, cap < size);
			if (cap == size)
				ck_assert_hex(out.p, out.len, cases[i].hex);
			bytes_free(&out);
		}
	}
}
END_TEST

/* ---- user data ---- */

START_TEST(data_flags)
{
	struct bytes b = bytes_hex("00 02 05 03 00 aa");

	for (unsigned flags = 0; flags < 256; flags++) {
		struct rtmfp_data c, next;
		uint8_t out[16];
		struct rtmfp_writer w = rtmfp_writer(out, sizeof(out));

		b.p[0] = (uint8_t)flags;
		ck_assert_int_eq(rtmfp_read_data(b.p, b.len, NULL, &c), 0);
		ck_assert_uint_eq(c.fra, flags >> 4 & 3);
		ck_assert_int_eq(c.abandon, flags >> 1 & 1);
		ck_assert_int_eq(c.final, flags & 1);
		ck_assert_int_eq(c.has_options, flags >> 7);
		ck_assert(c.flow_id == 2 && c.sequence_number == 5 && c.forward_sequence_number == 2);
		ck_assert_uint_eq(c.data.len, c.has_options ? 1 : 2);
		rtmfp_write_data(&w, &c, false);
		ck_assert_uint_eq(out[RTMFP_CHUNK_HEADER], flags & 0xb3u);
		ck_assert_mem_eq(out + RTMFP_CHUNK_HEADER + 1, b.p + 1, b.len - 1);

		ck_assert_int_eq(rtmfp_read_data(b.p, 1, &c, &next), flags & 0x80u ? RTMFP_ERR_SYNTAX : 0);
	}
	bytes_free(&b);
}
END_TEST

START_TEST(data_sequence_number_rules)
{
	static const struct {
		const char *hex;
		int err;
		uint64_t seq, fsn;
	} cases[] = {
		{ "00 02 01 01", 0, 1, 0 },
		{ "00 02 00 00", RTMFP_ERR_SYNTAX, 0, 0 }, /* 0 is no sequence number */
		{ "02 02 00 00", RTMFP_ERR_SYNTAX, 0, 0 }, /* nor an abandoned one */
		{ "00 02 05 00", RTMFP_ERR_SYNTAX, 0, 0 }, /* FSN itself, and not abandoned */
		{ "02 02 05 00", 0, 5, 5 },
		{ "03 02 05 00", 0, 5, 5 },
		{ "00 02 05 05", 0, 5, 0 },
		{ "00 02 05 06", RTMFP_ERR_SYNTAX, 0, 0 }, /* offset above the sequence number */
		{ "02 02 05 06", RTMFP_ERR_SYNTAX, 0, 0 },
		{ "00 02 05 81ffffffffffffffff7f", RTMFP_ERR_SYNTAX, 0, 0 },
		{ "00 02 81ffffffffffffffff7f 01", 0, UINT64_MAX, UINT64_MAX - 1 },
		{ "00 02 81ffffffffffffffff7f 81ffffffffffffffff7f", 0, UINT64_MAX, 0 },
		{ "00 02 82808080808080808000 01", RTMFP_ERR_SYNTAX, 0, 0 },
		{ "00 82808080808080808000 01 01", RTMFP_ERR_SYNTAX, 0, 0 },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct bytes b = bytes_hex(cases[i].hex);
		struct rtmfp_data c;

		ck_assert_msg(rtmfp_read_data(b.p, b.len, NULL, &c) == cases[i].err, "%s", cases[i].hex);
		if (cases[i].err == 0) {
			ck_assert(c.sequence_number == cases[i].seq);
			ck_assert(c.forward_sequence_number == cases[i].fsn);
			ck_assert_uint_eq(c.data.len, 0);
		}
		bytes_free(&b);
	}
}
END_TEST

START_TEST(next_data_counts_on)
{
	static const uint8_t flags[] = { 0x02 };
	struct rtmfp_data a = { .flow_id = 7,
				.sequence_number = UINT64_MAX - 1,
				.forward_sequence_number = 3 };
	struct rtmfp_data b, c;

	/* The FSN stays, however the chunk before stood to it. */
	ck_assert_int_eq(rtmfp_read_data(flags, 1, &a, &b), 0);
	ck_assert(b.flow_id == 7 && b.sequence_number == UINT64_MAX && b.forward_sequence_number == 3);
	ck_assert(b.abandon);
	ck_assert_int_eq(rtmfp_read_data(flags, 1, &b, &c), RTMFP_ERR_SYNTAX);
	a = (struct rtmfp_data){ .abandon = true, .sequence_number = 5, .forward_sequence_number = 5 };
	ck_assert_int_eq(rtmfp_read_data(flags, 1, &a, &b), 0);
	ck_assert(b.sequence_number == 6 && b.forward_sequence_number == 5);
	/* Into the struct that it counts on from. */
	ck_assert_int_eq(rtmfp_read_data(flags, 1, &b, &b), 0);
	ck_assert(b.sequence_number == 7 && b.forward_sequence_number == 5);
}
END_TEST

START_TEST(figure_3_next_user_data)
{
	static const char hex[] = "10 0007 00 020503 000102  11 0004 00 030405  11 0004 00 060708";
	struct bytes b = bytes_hex(hex);
	struct rtmfp_reader r = rtmfp_reader(b.p, b.len);
	struct rtmfp_data data = { .flow_id = 0 };
	struct rtmfp_data prev;
	struct rtmfp_chunk chunk;
	uint8_t out[32];
	struct rtmfp_writer w = rtmfp_writer(out, sizeof(out));

	for (unsigned i = 0; i < 3; i++) {
		const uint8_t want[] = { (uint8_t)(3 * i), (uint8_t)(3 * i + 1), (uint8_t)(3 * i + 2) };

		ck_assert(rtmfp_chunk_next(&r, &chunk));
		ck_assert_uint_eq(chunk.type, i == 0 ? RTMFP_CHUNK_DATA : RTMFP_CHUNK_NEXT_DATA);
		prev = data;
		ck_assert_int_eq(rtmfp_read_data(chunk.payload, chunk.len, i == 0 ? NULL : &prev, &data), 0);
		ck_assert_uint_eq(data.fra, RTMFP_FRA_WHOLE);
		ck_assert(!data.abandon && !data.final && !data.has_options);
		ck_assert(data.flow_id == 2 && data.sequence_number == 5 + i &&
			  data.forward_sequence_number == 2);
		ck_assert_uint_eq(data.data.len, 3);
		ck_assert_mem_eq(data.data.p, want, 3);
		rtmfp_write_data(&w, &data, i > 0);
	}
	ck_assert(!rtmfp_chunk_next(&r, &chunk));
	ck_assert_uint_eq(rtmfp_read_left(&r), 0);
	ck_assert_hex(out, rtmfp_written(&w), hex);
	bytes_free(&b);
}
END_TEST

/* ---- random bytes into every reader ---- */

static void assert_inside(const struct prng_run *run, struct rtmfp_bytes field, const struct bytes *b)
{
	prng_assert(*run, field.len <= b->len);
	if (field.len > 0)
		prng_assert(*run, field.p >= b->p && field.p + field.len <= b->p + b->len);
}

START_TEST(random_payloads_stay_inside)
{
	for (prng_each(run, 1, 20000)) {
		struct bytes b = bytes_new((size_t)prng_below(&run.r, 40));
		struct rtmfp_fragment fragment;
		struct rtmfp_ihello ihello;
		struct rtmfp_fihello fihello;
		struct rtmfp_rhello rhello;
		struct rtmfp_redirect redirect;
		struct rtmfp_cookie_change change;
		struct rtmfp_iikeying iikeying;
		struct rtmfp_rikeying rikeying;
		struct rtmfp_data data, next;
		struct rtmfp_ack ack;

		prng_fill(&run.r, b.p, b.len);
		/* Small numbers make for lengths that fit now and then. */
		for (size_t i = 0; i < b.len; i++)
			if (prng_below(&run.r, 2))
				b.p[i] &= 0x07;
		if (rtmfp_read_fragment(b.p, b.len, &fragment) == 0)
			assert_inside(&run, fragment.data, &b);
		if (rtmfp_read_ihello(b.p, b.len, &ihello) == 0) {
			assert_inside(&run, ihello.epd, &b);
			assert_inside(&run, ihello.tag, &b);
		}
		if (rtmfp_read_fihello(b.p, b.len, &fihello) == 0) {
			assert_inside(&run, fihello.epd, &b);
			assert_inside(&run, fihello.tag, &b);
		}
		if (rtmfp_read_rhello(b.p, b.len, &rhello) == 0) {
			assert_inside(&run, rhello.tag_echo, &b);
			assert_inside(&run, rhello.cookie, &b);
			assert_inside(&run, rhello.certificate, &b);
		}
		if (rtmfp_read_redirect(b.p, b.len, &redirect) == 0)
			assert_inside(&run, redirect.addresses, &b);
		if (rtmfp_read_cookie_change(b.p, b.len, &change) == 0)
			assert_inside(&run, change.new_cookie, &b);
		if (rtmfp_read_iikeying(b.p, b.len, &iikeying) == 0) {
			assert_inside(&run, iikeying.signed_params, &b);
			assert_inside(&run, iikeying.component, &b);
			prng_assert(run, iikeying.signed_params.len + iikeying.signature.len == b.len);
		}
		if (rtmfp_read_rikeying(b.p, b.len, &rikeying) == 0)
			prng_assert(run, rikeying.signed_portion.len + rikeying.signature.len == b.len);
		if (rtmfp_read_data(b.p, b.len, NULL, &data) == 0) {
			assert_inside(&run, data.options, &b);
			assert_inside(&run, data.data, &b);
			prng_assert(run, data.sequence_number > 0);
			prng_assert(run, data.forward_sequence_number <= data.sequence_number);
			if (rtmfp_read_data(b.p, b.len, &data, &next) == 0)
				prng_assert(run, next.sequence_number == data.sequence_number + 1);
		}
		if (rtmfp_read_ack(RTMFP_CHUNK_ACK_BITMAP, b.p, b.len, &ack) == 0)
			assert_inside(&run, ack.rest, &b);
		bytes_free(&b);
	}
}
END_TEST

int main(void)
{
	Suite *s = suite_create("chunk");
	TCase *tc = tcase_create("chunk");
	const int n_chunks = (int)(sizeof(chunks) / sizeof(chunks[0]));
	SRunner *sr;
	int failed;

	tcase_add_test(tc, header_of_every_flags_byte);
	tcase_add_test(tc, padding_begins_where_no_chunk_fits);
	tcase_add_test(tc, chunk_payload_up_to_65535);
	tcase_add_loop_test(tc, chunk_both_ways, 0, n_chunks);
	tcase_add_test(tc, chunk_with_a_length_beyond_its_end);
	tcase_add_test(tc, fragment_ignores_reserved_bits);
	tcase_add_test(tc, redirect_with_addresses);
	tcase_add_test(tc, simple_chunks);
	tcase_add_test(tc, data_flags);
	tcase_add_test(tc, data_sequence_number_rules);
	tcase_add_test(tc, next_data_counts_on);
	tcase_add_test(tc, figure_3_next_user_data);
	tcase_add_test(tc, random_payloads_stay_inside);
	tcase_set_timeout(tc, 60);
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
