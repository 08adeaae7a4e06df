/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Scripted far end of a flow set: see flows_script.h. */
#include "flows_script.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct script *current; /* whose flows are tested: one at a time */

static void append(char *to, size_t cap, const char *format, ...) __attribute__((format(printf, 3, 4)));

static void append(char *to, size_t cap, const char *format, ...)
{
	size_t len = strlen(to);
	va_list args;

	va_start(args, format);
	vsnprintf(to + len, cap - len, format, args);
	va_end(args);
}

static void append_data(char *to, size_t cap, const uint8_t *data, size_t len)
{
	if (len > 8)
		append(to, cap, " =%zuB", len);
	else if (len > 0)
		append(to, cap, " =%.*s", (int)len, (const char *)data);
}

/* ---- callbacks ---- */

static void note(const char *event, void *flow, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static void note(const char *event, void *flow, const char *format, ...)
{
	size_t len = strlen(current->log);
	va_list args;

	if (len > 0)
		append(current->log, SCRIPT_LOG, ", ");
	append(current->log, SCRIPT_LOG, "%s", event);
	len = strlen(current->log);
	va_start(args, format);
	vsnprintf(current->log + len, SCRIPT_LOG - len, format, args);
	va_end(args);
	if (current->on_event)
		current->on_event(current, event, flow);
}

static int on_recvflow(void *user, struct rtmfp_session *session, struct rtmfp_recvflow *flow,
		       const uint8_t *metadata, size_t len, struct rtmfp_sendflow *association,
		       struct rtmfp_recvflow_params *params)
{
	struct script *s = user;

	ck_assert_ptr_eq(session, &s->session);
	s->flow = flow;
	if (association)
		note("open", flow, " %" PRIu64 " %.*s for %" PRIu64, rtmfp_recvflow_id(flow), (int)len,
		     (const char *)metadata, rtmfp_sendflow_id(association));
	else
		note("open", flow, " %" PRIu64 " %.*s", rtmfp_recvflow_id(flow), (int)len,
		     (const char *)metadata);
	if (s->use_accept)
		*params = s->accept;
	return s->answer;
}

static void on_message(void *user, struct rtmfp_recvflow *flow, const uint8_t *data, size_t len,
		       const struct rtmfp_message_info *info)
{
	struct script *s = user;
	char text[64] = "";

	s->info = *info;
	append_data(text, sizeof(text), data, len);
	note("msg", flow, " %" PRIu64 " %" PRIu64 "%s%s", rtmfp_recvflow_id(flow), info->sequence_number,
	     info->gap ? " gap" : "", text);
}

static void on_recvflow_closed(void *user, struct rtmfp_recvflow *flow)
{
	(void)user;
	note("closed", flow, " %" PRIu64, rtmfp_recvflow_id(flow));
}

static void on_exception(void *user, struct rtmfp_sendflow *flow, uint64_t code)
{
	(void)user;
	note("exception", flow, " %" PRIu64 " %" PRIu64, rtmfp_sendflow_id(flow), code);
}

static void on_writable(void *user, struct rtmfp_sendflow *flow)
{
	(void)user;
	note("writable", flow, " %" PRIu64, rtmfp_sendflow_id(flow));
}

static void on_sendflow_closed(void *user, struct rtmfp_sendflow *flow)
{
	(void)user;
	note("sent", flow, " %" PRIu64, rtmfp_sendflow_id(flow));
}

static const struct rtmfp_callbacks callbacks = {
	.on_recvflow = on_recvflow,
	.on_message = on_message,
	.on_recvflow_closed = on_recvflow_closed,
	.on_exception = on_exception,
	.on_writable = on_writable,
	.on_sendflow_closed = on_sendflow_closed,
};

static void wake(void *ctx)
{
	((struct script *)ctx)->wakes++;
}

void script_begin(struct script *s)
{
	struct rtmfp_flows_hooks hooks = { .ctx = s, .wake = wake };

	memset(s, 0, sizeof(*s));
	current = s;
	s->params = rtmfp_params_default;
	s->now = RTMFP_S(5000);
	sim_mem_init(&s->mem, 1);
	ck_assert_int_eq(rtmfp_flows_new(&s->mem.mem, &s->session, &s->params, &callbacks, s, &hooks, false,
					 s->now, &s->session.flows),
			 0);
	rtmfp_flows_set_datagram(s->session.flows, 1200);
}

void script_end(struct script *s)
{
	if (s->session.flows)
		rtmfp_flows_free(s->session.flows);
	ck_assert_uint_eq(s->mem.blocks, 0);
	ck_assert_uint_eq(s->mem.bytes, 0);
}

const char *script_log(struct script *s)
{
	static char copy[SCRIPT_LOG];

	memcpy(copy, s->log, SCRIPT_LOG);
	s->log[0] = '\0';
	return copy;
}

void script_wait(struct script *s, uint64_t ns)
{
	uint64_t until = s->now + ns;

	while (s->session.flows) {
		uint64_t expiry = rtmfp_flows_expiry(s->session.flows);

		if (expiry > until)
			break;
		if (expiry > s->now)
			s->now = expiry;
		rtmfp_flows_tick(s->session.flows, s->now);
		ck_assert(rtmfp_flows_check(s->session.flows));
		(void)rtmfp_flows_want(s->session.flows, s->keying_only, s->now);
		if (rtmfp_flows_expiry(s->session.flows) <= s->now)
			ck_assert(rtmfp_flows_want(s->session.flows, s->keying_only, s->now) !=
				  RTMFP_WANT_NOTHING);
		if (rtmfp_flows_expiry(s->session.flows) <= s->now)
			break; /* something is to be sent first */
	}
	s->now = until;
}

/* ---- text to chunks ---- */

static const char *skip(const char *p)
{
	while (*p == ' ')
		p++;
	return p;
}

static uint64_t number(const char **p)
{
	char *end;
	uint64_t v;

	*p = skip(*p);
	v = strtoull(*p, &end, 10);
	ck_assert_msg(end != *p, "a number is missing at: %s", *p);
	*p = end;
	return v;
}

static void say_options(struct rtmfp_writer *list, const char **p)
{
	for (*p = skip(*p); **p == '+'; *p = skip(*p)) {
		char what = (*p)[1];

		*p += 2;
		if (what == 'm') {
			const char *text = *p;
			size_t len = strcspn(text, " ;");

			*p += len;
			rtmfp_write_option(list, 0, len > 0 ? text : "M", len > 0 ? len : 1);
		} else if (what == 'a') {
			rtmfp_write_option_vlu(list, 0x0a, number(p));
		} else {
			ck_assert_int_eq(what, 'x');
			rtmfp_write_option(list, number(p), "garbage", 7);
		}
	}
}

static void say_data(struct rtmfp_writer *w, const char *p, const char *end, bool next)
{
	static uint8_t list[2048];
	struct rtmfp_data c = { .flow_id = 0 };
	struct rtmfp_writer options = rtmfp_writer(list, sizeof(list));

	if (!next) {
		c.flow_id = number(&p);
		c.sequence_number = number(&p);
		c.forward_sequence_number = number(&p);
	}
	for (p = skip(p); isalpha((unsigned char)*p); p++) {
		switch (*p) {
		case 'w': c.fra = RTMFP_FRA_WHOLE; break;
		case 'b': c.fra = RTMFP_FRA_BEGIN; break;
		case 'm': c.fra = RTMFP_FRA_MIDDLE; break;
		case 'e': c.fra = RTMFP_FRA_END; break;
		case 'a': c.abandon = true; break;
		case 'f': c.final = true; break;
		default: ck_abort_msg("unknown kind %c", *p);
		}
	}
	say_options(&options, &p);
	if (rtmfp_written(&options) > 0) {
		rtmfp_write_marker(&options);
		c.has_options = true;
		c.options = (struct rtmfp_bytes){ .p = list, .len = rtmfp_written(&options) };
	}
	p = skip(p);
	if (p < end && *p == '=')
		c.data = (struct rtmfp_bytes){ .p = (const uint8_t *)p + 1, .len = (size_t)(end - p - 1) };
	rtmfp_write_data(w, &c, next);
}

static void say_ack(struct rtmfp_writer *w, const char *p, const char *end, bool bitmap)
{
	uint8_t bits[1024] = { 0 };
	uint8_t *mark = rtmfp_chunk_begin(w, bitmap ? RTMFP_CHUNK_ACK_BITMAP : RTMFP_CHUNK_ACK_RANGES);
	uint64_t cumulative, cursor;
	size_t used = 0;

	rtmfp_write_vlu(w, number(&p));
	rtmfp_write_vlu(w, number(&p));
	cursor = cumulative = number(&p);
	rtmfp_write_vlu(w, cumulative);
	for (p = skip(p); p < end && *p != ';'; p = skip(p)) {
		uint64_t from = number(&p), to = from;

		if (*p == '-') {
			p++;
			to = number(&p);
		}
		if (!bitmap) {
			rtmfp_write_vlu(w, from - cursor - 2);
			rtmfp_write_vlu(w, to - from);
			cursor = to;
			continue;
		}
		for (uint64_t bit = from - cumulative - 2; bit <= to - cumulative - 2; bit++) {
			bits[bit / 8] |= (uint8_t)(1u << bit % 8);
			used = bit / 8 + 1;
		}
	}
	if (bitmap)
		rtmfp_write_bytes(w, bits, used);
	rtmfp_chunk_end(w, mark);
}

static void say_hex(struct rtmfp_writer *w, const char *p, const char *end)
{
	for (p = skip(p); p + 1 < end; p = skip(p + 2)) {
		unsigned v;

		ck_assert_int_eq(sscanf(p, "%2x", &v), 1);
		rtmfp_write_u8(w, (uint8_t)v);
	}
}

static void say_chunk(struct rtmfp_writer *w, const char *p, const char *end)
{
	size_t len = strcspn(p, " ");

	if (strncmp(p, "data", len) == 0) {
		say_data(w, p + len, end, false);
	} else if (strncmp(p, "next", len) == 0) {
		say_data(w, p + len, end, true);
	} else if (strncmp(p, "ack", len) == 0) {
		say_ack(w, p + len, end, false);
	} else if (strncmp(p, "bitmap", len) == 0) {
		say_ack(w, p + len, end, true);
	} else if (strncmp(p, "probe", len) == 0) {
		p += len;
		rtmfp_write_buffer_probe(w, number(&p));
	} else if (strncmp(p, "exception", len) == 0) {
		struct rtmfp_exception c;

		p += len;
		c.flow_id = number(&p);
		c.code = number(&p);
		rtmfp_write_exception(w, &c);
	} else {
		ck_assert_msg(strncmp(p, "hex", len) == 0, "unknown chunk: %s", p);
		say_hex(w, p + len, end);
	}
}

void script_say(struct script *s, const char *packet)
{
	uint8_t buf[8192];
	struct rtmfp_writer w = rtmfp_writer(buf, sizeof(buf));
	struct rtmfp_reader r;
	struct rtmfp_chunk chunk;
	const char *p = skip(packet);

	while (*p) {
		const char *end = p + strcspn(p, ";");

		say_chunk(&w, p, end);
		p = skip(*end ? end + 1 : end);
	}
	ck_assert(!w.failed);
	s->result = 0;
	r = rtmfp_reader(buf, rtmfp_written(&w));
	rtmfp_flows_packet_begin(s->session.flows, s->now);
	while (s->session.flows && rtmfp_chunk_next(&r, &chunk)) {
		int err = rtmfp_flows_chunk(s->session.flows, &chunk, s->now);

		if (err < s->result)
			s->result = err;
	}
	if (!s->session.flows)
		return;
	rtmfp_flows_packet_end(s->session.flows, s->now);
	memset(buf, 0xee, sizeof(buf));
	ck_assert(rtmfp_flows_check(s->session.flows));
}

/* ---- chunks to text ---- */

static void hear_options(struct script *s, const struct rtmfp_data *c)
{
	struct rtmfp_reader r = rtmfp_reader(c->options.p, c->options.len);
	struct rtmfp_option opt;

	if (!c->has_options)
		return;
	while (rtmfp_read_option(&r, &opt)) {
		if (opt.type == 0) {
			append(s->out, SCRIPT_LOG, " +m%.*s", (int)opt.len, (const char *)opt.value);
		} else if (opt.type == 0x0a) {
			struct rtmfp_reader value = rtmfp_reader(opt.value, opt.len);

			append(s->out, SCRIPT_LOG, " +a%" PRIu64, rtmfp_read_vlu(&value));
		} else {
			append(s->out, SCRIPT_LOG, " +x%" PRIu64, opt.type);
		}
	}
	ck_assert(!r.failed);
}

static void hear_data(struct script *s, const struct rtmfp_chunk *chunk, struct rtmfp_data *prev)
{
	static const char kinds[] = "wbem";
	bool next = chunk->type == RTMFP_CHUNK_NEXT_DATA;
	struct rtmfp_data c;

	ck_assert_int_eq(rtmfp_read_data(chunk->payload, chunk->len, next ? prev : NULL, &c), 0);
	*prev = c;
	if (next)
		append(s->out, SCRIPT_LOG, "next ");
	else
		append(s->out, SCRIPT_LOG, "data %" PRIu64 " %" PRIu64 " %" PRIu64 " ", c.flow_id,
		       c.sequence_number, c.forward_sequence_number);
	append(s->out, SCRIPT_LOG, "%c%s%s", kinds[c.fra], c.abandon ? "a" : "", c.final ? "f" : "");
	hear_options(s, &c);
	append_data(s->out, SCRIPT_LOG, c.data.p, c.data.len);
}

static void hear_ack(struct script *s, const struct rtmfp_chunk *chunk)
{
	struct rtmfp_ack c;
	struct rtmfp_ack_walk walk;
	uint64_t from, to;

	ck_assert_int_eq(rtmfp_read_ack(chunk->type, chunk->payload, chunk->len, &c), 0);
	append(s->out, SCRIPT_LOG, "ack %" PRIu64 " %" PRIu64 " %" PRIu64, c.flow_id, c.buffer_blocks,
	       c.cumulative);
	walk = rtmfp_ack_walk(&c);
	while (rtmfp_ack_next(&walk, &from, &to)) {
		append(s->out, SCRIPT_LOG, " %" PRIu64, from);
		if (to > from)
			append(s->out, SCRIPT_LOG, "-%" PRIu64, to);
	}
}

static void hear(struct script *s, const uint8_t *data, size_t len)
{
	struct rtmfp_reader r = rtmfp_reader(data, len);
	struct rtmfp_chunk chunk;
	struct rtmfp_data prev = { .flow_id = 0 };
	bool first = true;

	while (rtmfp_chunk_next(&r, &chunk)) {
		if (!first)
			append(s->out, SCRIPT_LOG, "; ");
		first = false;
		switch (chunk.type) {
		case RTMFP_CHUNK_DATA:
		case RTMFP_CHUNK_NEXT_DATA: hear_data(s, &chunk, &prev); break;
		case RTMFP_CHUNK_ACK_BITMAP:
		case RTMFP_CHUNK_ACK_RANGES: hear_ack(s, &chunk); break;
		case RTMFP_CHUNK_BUFFER_PROBE: {
			uint64_t id;

			ck_assert_int_eq(rtmfp_read_buffer_probe(chunk.payload, chunk.len, &id), 0);
			append(s->out, SCRIPT_LOG, "probe %" PRIu64, id);
			break;
		}
		case RTMFP_CHUNK_EXCEPTION: {
			struct rtmfp_exception c;

			ck_assert_int_eq(rtmfp_read_exception(chunk.payload, chunk.len, &c), 0);
			append(s->out, SCRIPT_LOG, "exception %" PRIu64 " %" PRIu64, c.flow_id, c.code);
			break;
		}
		default: ck_abort_msg("chunk of type %u", chunk.type);
		}
	}
}

static bool take(struct script *s, size_t room)
{
	uint8_t buf[4096];
	struct rtmfp_writer w = rtmfp_writer(buf, room < sizeof(buf) ? room : sizeof(buf));
	size_t len;

	s->fill = (struct rtmfp_fill){ .keying_only = s->keying_only };
	if (rtmfp_flows_want(s->session.flows, s->keying_only, s->now) == RTMFP_WANT_NOTHING &&
	    rtmfp_flows_oversize(s->session.flows) == 0)
		return false;
	len = rtmfp_flows_fill(s->session.flows, &w, &s->fill, s->now);
	ck_assert(!w.failed);
	ck_assert_uint_eq(len, rtmfp_written(&w));
	ck_assert(rtmfp_flows_check(s->session.flows));
	hear(s, buf, len);
	return len > 0;
}

const char *script_packet(struct script *s, size_t room)
{
	s->out[0] = '\0';
	(void)take(s, room);
	return s->out;
}

const char *script_packets(struct script *s, size_t room)
{
	bool first = true;

	s->out[0] = '\0';
	for (;;) {
		size_t len = strlen(s->out);

		if (!first)
			append(s->out, SCRIPT_LOG, " | ");
		if (!take(s, room)) {
			s->out[len] = '\0';
			return s->out;
		}
		first = false;
	}
}

/* ---- writing ---- */

struct rtmfp_sendflow *script_open(struct script *s, enum rtmfp_priority priority)
{
	struct rtmfp_sendflow_params params = { .metadata = (const uint8_t *)"M",
						.metadata_len = 1,
						.priority = priority,
						.queue_max = 1 << 20 };
	struct rtmfp_sendflow *flow;

	ck_assert_int_eq(rtmfp_sendflow_open(&s->session, &params, s->now, &flow), 0);
	return flow;
}

void script_write(struct rtmfp_sendflow *flow, const char *text, uint64_t lifetime)
{
	struct rtmfp_write write = { .data = (const uint8_t *)text,
				     .len = strlen(text),
				     .lifetime = lifetime,
				     .queue_time = RTMFP_NEVER };

	ck_assert_int_eq(rtmfp_sendflow_write(flow, &write, current->now), 0);
}

int script_write_long(struct rtmfp_sendflow *flow, size_t len, uint64_t lifetime)
{
	uint8_t *data = calloc(1, len);
	struct rtmfp_write write = {
		.data = data, .len = len, .lifetime = lifetime, .queue_time = RTMFP_NEVER
	};
	int err = rtmfp_sendflow_write(flow, &write, current->now);

	free(data);
	return err;
}
