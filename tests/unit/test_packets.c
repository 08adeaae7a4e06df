/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Captured packets of another implementation, tests/data/rtmfp-packets.txt: each is read into words, which
 * must be those in the file, and written again from what was read, which must give the same bytes.
 */
#include "ack.h"
#include "chunk.h"

#include <check.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "bytes.h"

/* Around the plain packet, which that implementation does not encrypt: scrambled session ID and checksum. */
#define BEFORE 4u
#define AFTER  2u

struct text {
	char buf[4096];
	size_t len;
};

__attribute__((format(printf, 2, 3))) static void say(struct text *t, const char *format, ...)
{
	va_list ap;
	int n;

	va_start(ap, format);
	n = vsnprintf(t->buf + t->len, sizeof(t->buf) - t->len, format, ap);
	va_end(ap);
	ck_assert(n >= 0 && (size_t)n < sizeof(t->buf) - t->len);
	t->len += (size_t)n;
}

static void say_hex(struct text *t, const uint8_t *p, size_t len)
{
	for (size_t i = 0; i < len; i++)
		say(t, "%02x", p[i]);
}

static void say_bytes(struct text *t, const char *name, struct rtmfp_bytes b)
{
	say(t, " %s=", name);
	say_hex(t, b.p, b.len);
}

static void say_addr(struct text *t, const struct rtmfp_addr *a)
{
	ck_assert_uint_eq(a->family, 4);
	say(t, " %u.%u.%u.%u:%u/%u", a->ip[0], a->ip[1], a->ip[2], a->ip[3], a->port, a->origin);
}

static void one_data(const struct rtmfp_chunk *chunk, struct rtmfp_data *data, struct text *t,
		     struct rtmfp_writer *w)
{
	bool next = chunk->type == RTMFP_CHUNK_NEXT_DATA;

	ck_assert_int_eq(rtmfp_read_data(chunk->payload, chunk->len, next ? data : NULL, data), 0);
	say(t, " fra=%d%s%s flow=%" PRIu64 " seq=%" PRIu64 " fsn=%" PRIu64, (int)data->fra,
	    data->abandon ? " abn" : "", data->final ? " fin" : "", data->flow_id, data->sequence_number,
	    data->forward_sequence_number);
	if (data->has_options) {
		struct rtmfp_reader r = rtmfp_reader(data->options.p, data->options.len);
		struct rtmfp_option opt;

		while (rtmfp_read_option(&r, &opt)) {
			say(t, " option(%" PRIu64 ")=", opt.type);
			say_hex(t, opt.value, opt.len);
		}
		ck_assert(!r.failed);
	}
	say_bytes(t, "data", data->data);
	rtmfp_write_data(w, data, next);
}

static void one_ack(const struct rtmfp_chunk *chunk, struct text *t, struct rtmfp_writer *w)
{
	struct rtmfp_ack_walk walk;
	struct rtmfp_seqset set;
	struct rtmfp_ack ack;
	uint64_t from, to;

	rtmfp_seqset_init(&set, &rtmfp_mem_libc, 100);
	ck_assert_int_eq(rtmfp_read_ack(chunk->type, chunk->payload, chunk->len, &ack), 0);
	say(t, " flow=%" PRIu64 " blocks=%" PRIu64 " 0-%" PRIu64, ack.flow_id, ack.buffer_blocks,
	    ack.cumulative);
	ck_assert_int_eq(rtmfp_seqset_add(&set, 0, ack.cumulative), 0);
	walk = rtmfp_ack_walk(&ack);
	while (rtmfp_ack_next(&walk, &from, &to)) {
		say(t, " %" PRIu64 "-%" PRIu64, from, to);
		ck_assert_int_eq(rtmfp_seqset_add(&set, from, to), 0);
	}
	ck_assert_int_eq(rtmfp_write_ack(w, ack.flow_id, ack.buffer_blocks, &set, RTMFP_ACK_NO_BITMAP), 0);
	rtmfp_seqset_fini(&set);
}

static void one_startup(const struct rtmfp_chunk *chunk, struct text *t, struct rtmfp_writer *w)
{
	struct rtmfp_cookie_change change;
	struct rtmfp_iikeying iikeying;
	struct rtmfp_rikeying rikeying;
	struct rtmfp_redirect redirect;
	struct rtmfp_fihello fihello;
	struct rtmfp_ihello ihello;
	struct rtmfp_rhello rhello;
	struct rtmfp_reader r;
	struct rtmfp_addr addr;

	switch (chunk->type) {
	case RTMFP_CHUNK_IHELLO:
		ck_assert_int_eq(rtmfp_read_ihello(chunk->payload, chunk->len, &ihello), 0);
		say_bytes(t, "epd", ihello.epd);
		say_bytes(t, "tag", ihello.tag);
		rtmfp_write_ihello(w, &ihello);
		break;
	case RTMFP_CHUNK_FIHELLO:
		ck_assert_int_eq(rtmfp_read_fihello(chunk->payload, chunk->len, &fihello), 0);
		say_bytes(t, "epd", fihello.epd);
		say_addr(t, &fihello.reply);
		say_bytes(t, "tag", fihello.tag);
		rtmfp_write_fihello(w, &fihello);
		break;
	case RTMFP_CHUNK_RHELLO:
		ck_assert_int_eq(rtmfp_read_rhello(chunk->payload, chunk->len, &rhello), 0);
		say_bytes(t, "tag", rhello.tag_echo);
		say_bytes(t, "cookie", rhello.cookie);
		say_bytes(t, "certificate", rhello.certificate);
		rtmfp_write_rhello(w, &rhello);
		break;
	case RTMFP_CHUNK_REDIRECT:
		ck_assert_int_eq(rtmfp_read_redirect(chunk->payload, chunk->len, &redirect), 0);
		say_bytes(t, "tag", redirect.tag_echo);
		r = rtmfp_reader(redirect.addresses.p, redirect.addresses.len);
		while (rtmfp_read_left(&r) > 0) {
			rtmfp_read_addr(&r, &addr);
			say_addr(t, &addr);
		}
		rtmfp_write_redirect(w, &redirect);
		break;
	case RTMFP_CHUNK_COOKIE_CHANGE:
		ck_assert_int_eq(rtmfp_read_cookie_change(chunk->payload, chunk->len, &change), 0);
		say_bytes(t, "old", change.old_cookie);
		say_bytes(t, "new", change.new_cookie);
		rtmfp_write_cookie_change(w, &change);
		break;
	case RTMFP_CHUNK_IIKEYING:
		ck_assert_int_eq(rtmfp_read_iikeying(chunk->payload, chunk->len, &iikeying), 0);
		say(t, " id=%08" PRIx32, iikeying.session_id);
		say_bytes(t, "cookie", iikeying.cookie);
		say_bytes(t, "certificate", iikeying.certificate);
		say_bytes(t, "component", iikeying.component);
		say_bytes(t, "signature", iikeying.signature);
		rtmfp_write_iikeying(w, &iikeying);
		break;
	case RTMFP_CHUNK_RIKEYING:
		ck_assert_int_eq(rtmfp_read_rikeying(chunk->payload, chunk->len, &rikeying), 0);
		say(t, " id=%08" PRIx32, rikeying.session_id);
		say_bytes(t, "component", rikeying.component);
		say_bytes(t, "signature", rikeying.signature);
		rtmfp_write_rikeying(w, &rikeying);
		break;
	default: ck_abort_msg("chunk 0x%02x", chunk->type);
	}
}

static void one_chunk(const struct rtmfp_chunk *chunk, struct rtmfp_data *data, struct text *t,
		      struct rtmfp_writer *w)
{
	struct rtmfp_exception exception;
	uint64_t flow_id;

	say(t, "; %02x", chunk->type);
	switch (chunk->type) {
	case RTMFP_CHUNK_DATA:
	case RTMFP_CHUNK_NEXT_DATA: one_data(chunk, data, t, w); break;
	case RTMFP_CHUNK_ACK_BITMAP:
	case RTMFP_CHUNK_ACK_RANGES: one_ack(chunk, t, w); break;
	case RTMFP_CHUNK_BUFFER_PROBE:
		ck_assert_int_eq(rtmfp_read_buffer_probe(chunk->payload, chunk->len, &flow_id), 0);
		say(t, " flow=%" PRIu64, flow_id);
		rtmfp_write_buffer_probe(w, flow_id);
		break;
	case RTMFP_CHUNK_EXCEPTION:
		ck_assert_int_eq(rtmfp_read_exception(chunk->payload, chunk->len, &exception), 0);
		say(t, " flow=%" PRIu64 " code=%" PRIu64, exception.flow_id, exception.code);
		rtmfp_write_exception(w, &exception);
		break;
	case RTMFP_CHUNK_PING:
	case RTMFP_CHUNK_PING_REPLY:
	case RTMFP_CHUNK_CLOSE:
	case RTMFP_CHUNK_CLOSE_ACK:
	case 0xec: /* no chunk of the RFC; receivers that do not know it skip it */
		say_bytes(t, "payload", (struct rtmfp_bytes){ .p = chunk->payload, .len = chunk->len });
		rtmfp_write_simple(w, chunk->type, chunk->payload, chunk->len);
		break;
	default: one_startup(chunk, t, w); break;
	}
}

static void one_packet(const char *name, const char *hex, const char *want)
{
	struct bytes datagram = bytes_hex(hex);
	struct bytes packet, again;
	struct rtmfp_reader r;
	struct rtmfp_writer w;
	struct rtmfp_data data = { .flow_id = 0 };
	struct text text = { .len = 0 };
	struct rtmfp_packet_header h;
	struct rtmfp_chunk chunk;

	ck_assert_uint_gt(datagram.len, BEFORE + AFTER);
	packet = bytes_copy(datagram.p + BEFORE, datagram.len - BEFORE - AFTER);
	again = bytes_new(packet.len);
	r = rtmfp_reader(packet.p, packet.len);
	w = rtmfp_writer(again.p, again.len);
	ck_assert_int_eq(rtmfp_packet_header_read(&r, &h), 0);
	say(&text, "mode %d", (int)h.mode);
	if (h.has_timestamp)
		say(&text, " ts=%u", h.timestamp);
	if (h.has_timestamp_echo)
		say(&text, " tse=%u", h.timestamp_echo);
	ck_assert(!h.time_critical && !h.time_critical_reverse);
	rtmfp_packet_header_write(&w, &h);
	while (rtmfp_chunk_next(&r, &chunk))
		one_chunk(&chunk, &data, &text, &w);
	ck_assert_msg(strcmp(text.buf, want) == 0, "%s\n  want %s\n  got  %s", name, want, text.buf);

	ck_assert(!w.failed);
	ck_assert_uint_eq(rtmfp_written(&w) + rtmfp_read_left(&r), packet.len);
	ck_assert_mem_eq(again.p, packet.p, rtmfp_written(&w));
	while (rtmfp_read_left(&r) > 0)
		ck_assert_uint_eq(rtmfp_read_u8(&r), 0xff);
	bytes_free(&again);
	bytes_free(&packet);
	bytes_free(&datagram);
}

/* Reads a line without its end; skips empty ones and comments. */
static bool next_line(FILE *f, char *line, size_t size)
{
	while (fgets(line, (int)size, f)) {
		line[strcspn(line, "\n")] = '\0';
		if (line[0] != '\0' && line[0] != '#')
			return true;
	}
	return false;
}

START_TEST(captured_packets)
{
	static char name[256], hex[4096], want[4096];
	FILE *f = fopen(TEST_DATA "/rtmfp-packets.txt", "r");
	size_t n = 0;

	ck_assert_msg(f != NULL, "cannot open " TEST_DATA "/rtmfp-packets.txt");
	while (next_line(f, name, sizeof(name))) {
		ck_assert_msg(next_line(f, hex, sizeof(hex)) && next_line(f, want, sizeof(want)), "%s", name);
		one_packet(name, hex, want);
		n++;
	}
	fclose(f);
	ck_assert_uint_eq(n, 31);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("packets");
	TCase *tc = tcase_create("packets");
	SRunner *sr;
	int failed;

	tcase_add_test(tc, captured_packets);
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
