/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Packet header and chunks of RFC 7016 sections 2.2.4 and 2.3 over the elementary encodings of wire.c.
 * Touches only the bytes it is given; the session and the flows call it.
 */
#include "chunk.h"

#define PACKET_MODE	  0x03u
#define FRAGMENT_MORE	  0x80u
#define CHUNK_PAYLOAD_MAX 0xffffu

int rtmfp_packet_header_read(struct rtmfp_reader *r, struct rtmfp_packet_header *h)
{
	uint8_t flags = rtmfp_read_u8(r);

	h->time_critical = flags & RTMFP_PACKET_TC;
	h->time_critical_reverse = flags & RTMFP_PACKET_TCR;
	h->has_timestamp = flags & RTMFP_PACKET_TS;
	h->has_timestamp_echo = flags & RTMFP_PACKET_TSE;
	h->mode = (enum rtmfp_mode)(flags & PACKET_MODE);
	h->timestamp = h->has_timestamp ? rtmfp_read_u16(r) : 0;
	h->timestamp_echo = h->has_timestamp_echo ? rtmfp_read_u16(r) : 0;
	return r->failed || (flags & PACKET_MODE) == 0 ? RTMFP_ERR_SYNTAX : 0;
}

void rtmfp_packet_header_write(struct rtmfp_writer *w, const struct rtmfp_packet_header *h)
{
	unsigned flags = (unsigned)h->mode & PACKET_MODE;

	if (h->time_critical)
		flags |= RTMFP_PACKET_TC;
	if (h->time_critical_reverse)
		flags |= RTMFP_PACKET_TCR;
	if (h->has_timestamp)
		flags |= RTMFP_PACKET_TS;
	if (h->has_timestamp_echo)
		flags |= RTMFP_PACKET_TSE;
	rtmfp_write_u8(w, (uint8_t)flags);
	if (h->has_timestamp)
		rtmfp_write_u16(w, h->timestamp);
	if (h->has_timestamp_echo)
		rtmfp_write_u16(w, h->timestamp_echo);
}

bool rtmfp_chunk_next(struct rtmfp_reader *r, struct rtmfp_chunk *chunk)
{
	size_t left = rtmfp_read_left(r);
	size_t len;

	if (left < RTMFP_CHUNK_HEADER)
		return false;
	len = (size_t)r->at[1] << 8 | r->at[2];
	if (len > left - RTMFP_CHUNK_HEADER)
		return false;
	chunk->type = r->at[0];
	chunk->len = (uint16_t)len;
	chunk->payload = r->at + RTMFP_CHUNK_HEADER;
	r->at += RTMFP_CHUNK_HEADER + len;
	return true;
}

uint8_t *rtmfp_chunk_begin(struct rtmfp_writer *w, uint8_t type)
{
	uint8_t *mark = w->at;

	rtmfp_write_u8(w, type);
	rtmfp_write_u16(w, 0);
	return mark;
}

void rtmfp_chunk_end(struct rtmfp_writer *w, uint8_t *mark)
{
	size_t len;

	if (w->failed)
		return;
	len = (size_t)(w->at - mark) - RTMFP_CHUNK_HEADER;
	if (len > CHUNK_PAYLOAD_MAX) {
		w->failed = true;
		return;
	}
	mark[1] = (uint8_t)(len >> 8);
	mark[2] = (uint8_t)len;
}

/* A field of so many bytes; fails when they are not there. */
static struct rtmfp_bytes read_field(struct rtmfp_reader *r, uint64_t len)
{
	struct rtmfp_bytes field = { .p = NULL, .len = 0 };

	if (len > rtmfp_read_left(r))
		r->failed = true;
	field.p = rtmfp_read_bytes(r, (size_t)len);
	if (field.p)
		field.len = (size_t)len;
	return field;
}

static struct rtmfp_bytes read_prefixed(struct rtmfp_reader *r)
{
	uint64_t len = rtmfp_read_vlu(r);

	return read_field(r, len);
}

static struct rtmfp_bytes read_remainder(struct rtmfp_reader *r)
{
	return read_field(r, rtmfp_read_left(r));
}

static void write_prefixed(struct rtmfp_writer *w, const struct rtmfp_bytes *field)
{
	rtmfp_write_vlu(w, field->len);
	rtmfp_write_bytes(w, field->p, field->len);
}

static int result(const struct rtmfp_reader *r)
{
	return r->failed ? RTMFP_ERR_SYNTAX : 0;
}

int rtmfp_read_fragment(const uint8_t *p, size_t len, struct rtmfp_fragment *c)
{
	struct rtmfp_reader r = rtmfp_reader(p, len);

	c->more = rtmfp_read_u8(&r) & FRAGMENT_MORE;
	c->packet_id = rtmfp_read_vlu(&r);
	c->number = rtmfp_read_vlu(&r);
	c->data = read_remainder(&r);
	if (c->data.len == 0)
		return RTMFP_ERR_SYNTAX;
	return result(&r);
}

void rtmfp_write_fragment(struct rtmfp_writer *w, const struct rtmfp_fragment *c)
{
	uint8_t *mark = rtmfp_chunk_begin(w, RTMFP_CHUNK_FRAGMENT);

	rtmfp_write_u8(w, c->more ? FRAGMENT_MORE : 0);
	rtmfp_write_vlu(w, c->packet_id);
	rtmfp_write_vlu(w, c->number);
	rtmfp_write_bytes(w, c->data.p, c->data.len);
	rtmfp_chunk_end(w, mark);
}

int rtmfp_read_ihello(const uint8_t *p, size_t len, struct rtmfp_ihello *c)
{
	struct rtmfp_reader r = rtmfp_reader(p, len);

	c->epd = read_prefixed(&r);
	c->tag = read_remainder(&r);
	return result(&r);
}

void rtmfp_write_ihello(struct rtmfp_writer *w, const struct rtmfp_ihello *c)
{
	uint8_t *mark = rtmfp_chunk_begin(w, RTMFP_CHUNK_IHELLO);

	write_prefixed(w, &c->epd);
	rtmfp_write_bytes(w, c->tag.p, c->tag.len);
	rtmfp_chunk_end(w, mark);
}

int rtmfp_read_fihello(const uint8_t *p, size_t len, struct rtmfp_fihello *c)
{
	struct rtmfp_reader r = rtmfp_reader(p, len);

	c->epd = read_prefixed(&r);
	rtmfp_read_addr(&r, &c->reply);
	c->tag = read_remainder(&r);
	return result(&r);
}

void rtmfp_write_fihello(struct rtmfp_writer *w, const struct rtmfp_fihello *c)
{
	uint8_t *mark = rtmfp_chunk_begin(w, RTMFP_CHUNK_FIHELLO);

	write_prefixed(w, &c->epd);
	rtmfp_write_addr(w, &c->reply);
	rtmfp_write_bytes(w, c->tag.p, c->tag.len);
	rtmfp_chunk_end(w, mark);
}

int rtmfp_read_rhello(const uint8_t *p, size_t len, struct rtmfp_rhello *c)
{
	struct rtmfp_reader r = rtmfp_reader(p, len);

	c->tag_echo = read_prefixed(&r);
	c->cookie = read_prefixed(&r);
	c->certificate = read_remainder(&r);
	return result(&r);
}

void rtmfp_write_rhello(struct rtmfp_writer *w, const struct rtmfp_rhello *c)
{
	uint8_t *mark = rtmfp_chunk_begin(w, RTMFP_CHUNK_RHELLO);

	write_prefixed(w, &c->tag_echo);
	write_prefixed(w, &c->cookie);
	rtmfp_write_bytes(w, c->certificate.p, c->certificate.len);
	rtmfp_chunk_end(w, mark);
}

int rtmfp_read_redirect(const uint8_t *p, size_t len, struct rtmfp_redirect *c)
{
	struct rtmfp_reader r = rtmfp_reader(p, len);
	struct rtmfp_reader addresses;
	struct rtmfp_addr addr;

	c->tag_echo = read_prefixed(&r);
	c->addresses = read_remainder(&r);
	if (r.failed)
		return RTMFP_ERR_SYNTAX;
	/* A truncated last address spoils the chunk (2.3): whoever reads them later need not look. */
	addresses = rtmfp_reader(c->addresses.p, c->addresses.len);
	while (rtmfp_read_left(&addresses) > 0)
		rtmfp_read_addr(&addresses, &addr);
	return result(&addresses);
}

void rtmfp_write_redirect(struct rtmfp_writer *w, const struct rtmfp_redirect *c)
{
	uint8_t *mark = rtmfp_chunk_begin(w, RTMFP_CHUNK_REDIRECT);

	write_prefixed(w, &c->tag_echo);
	rtmfp_write_bytes(w, c->addresses.p, c->addresses.len);
	rtmfp_chunk_end(w, mark);
}

int rtmfp_read_cookie_change(const uint8_t *p, size_t len, struct rtmfp_cookie_change *c)
{
	struct rtmfp_reader r = rtmfp_reader(p, len);

	c->old_cookie = read_prefixed(&r);
	c->new_cookie = read_remainder(&r);
	return result(&r);
}

void rtmfp_write_cookie_change(struct rtmfp_writer *w, const struct rtmfp_cookie_change *c)
{
	uint8_t *mark = rtmfp_chunk_begin(w, RTMFP_CHUNK_COOKIE_CHANGE);

	write_prefixed(w, &c->old_cookie);
	rtmfp_write_bytes(w, c->new_cookie.p, c->new_cookie.len);
	rtmfp_chunk_end(w, mark);
}

int rtmfp_read_iikeying(const uint8_t *p, size_t len, struct rtmfp_iikeying *c)
{
	struct rtmfp_reader r = rtmfp_reader(p, len);

	c->session_id = rtmfp_read_u32(&r);
	c->cookie = read_prefixed(&r);
	c->certificate = read_prefixed(&r);
	c->component = read_prefixed(&r);
	c->signed_params = (struct rtmfp_bytes){ .p = p, .len = len - rtmfp_read_left(&r) };
	c->signature = read_remainder(&r);
	return result(&r);
}

void rtmfp_write_iikeying(struct rtmfp_writer *w, const struct rtmfp_iikeying *c)
{
	uint8_t *mark = rtmfp_chunk_begin(w, RTMFP_CHUNK_IIKEYING);

	rtmfp_write_u32(w, c->session_id);
	write_prefixed(w, &c->cookie);
	write_prefixed(w, &c->certificate);
	write_prefixed(w, &c->component);
	rtmfp_write_bytes(w, c->signature.p, c->signature.len);
	rtmfp_chunk_end(w, mark);
}

int rtmfp_read_rikeying(const uint8_t *p, size_t len, struct rtmfp_rikeying *c)
{
	struct rtmfp_reader r = rtmfp_reader(p, len);

	c->session_id = rtmfp_read_u32(&r);
	c->component = read_prefixed(&r);
	c->signed_portion = (struct rtmfp_bytes){ .p = p, .len = len - rtmfp_read_left(&r) };
	c->signature = read_remainder(&r);
	return result(&r);
}

void rtmfp_write_rikeying(struct rtmfp_writer *w, const struct rtmfp_rikeying *c)
{
	uint8_t *mark = rtmfp_chunk_begin(w, RTMFP_CHUNK_RIKEYING);

	rtmfp_write_u32(w, c->session_id);
	write_prefixed(w, &c->component);
	rtmfp_write_bytes(w, c->signature.p, c->signature.len);
	rtmfp_chunk_end(w, mark);
}

/* Reads an option list in place and checks that each Option in it is well-formed (2.1.4). */
static struct rtmfp_bytes read_options(struct rtmfp_reader *r)
{
	struct rtmfp_bytes list = { .p = r->at, .len = 0 };
	struct rtmfp_option opt;

	while (rtmfp_read_option(r, &opt))
		;
	list.len = (size_t)(r->at - list.p);
	return list;
}

int rtmfp_read_data(const uint8_t *p, size_t len, const struct rtmfp_data *prev, struct rtmfp_data *c)
{
	struct rtmfp_reader r = rtmfp_reader(p, len);
	uint8_t flags = rtmfp_read_u8(&r);
	uint64_t flow_id, seq, fsn;

	if (prev) {
		flow_id = prev->flow_id;
		fsn = prev->forward_sequence_number;
		if (prev->sequence_number == UINT64_MAX)
			return RTMFP_ERR_SYNTAX;
		seq = prev->sequence_number + 1;
	} else {
		uint64_t offset;

		flow_id = rtmfp_read_vlu(&r);
		seq = rtmfp_read_vlu(&r);
		offset = rtmfp_read_vlu(&r);
		if (seq == 0 || offset > seq || (offset == 0 && !(flags & RTMFP_DATA_ABN)))
			return RTMFP_ERR_SYNTAX;
		fsn = seq - offset;
	}
	c->fra = (enum rtmfp_fra)(flags >> RTMFP_DATA_FRA_SHIFT & 3u);
	c->abandon = flags & RTMFP_DATA_ABN;
	c->final = flags & RTMFP_DATA_FIN;
	c->flow_id = flow_id;
	c->sequence_number = seq;
	c->forward_sequence_number = fsn;
	c->has_options = flags & RTMFP_DATA_OPT;
	c->options = c->has_options ? read_options(&r) : (struct rtmfp_bytes){ .p = NULL, .len = 0 };
	c->data = read_remainder(&r);
	return result(&r);
}

void rtmfp_write_data(struct rtmfp_writer *w, const struct rtmfp_data *c, bool next)
{
	uint8_t *mark = rtmfp_chunk_begin(w, next ? RTMFP_CHUNK_NEXT_DATA : RTMFP_CHUNK_DATA);
	unsigned flags = (unsigned)c->fra << RTMFP_DATA_FRA_SHIFT;

	if (c->has_options)
		flags |= RTMFP_DATA_OPT;
	if (c->abandon)
		flags |= RTMFP_DATA_ABN;
	if (c->final)
		flags |= RTMFP_DATA_FIN;
	rtmfp_write_u8(w, (uint8_t)flags);
	if (!next) {
		rtmfp_write_vlu(w, c->flow_id);
		rtmfp_write_vlu(w, c->sequence_number);
		rtmfp_write_vlu(w, c->sequence_number - c->forward_sequence_number);
	}
	if (c->has_options)
		rtmfp_write_bytes(w, c->options.p, c->options.len);
	rtmfp_write_bytes(w, c->data.p, c->data.len);
	rtmfp_chunk_end(w, mark);
}

int rtmfp_read_ack(uint8_t type, const uint8_t *p, size_t len, struct rtmfp_ack *c)
{
	struct rtmfp_reader r = rtmfp_reader(p, len);

	c->is_bitmap = type == RTMFP_CHUNK_ACK_BITMAP;
	c->flow_id = rtmfp_read_vlu(&r);
	c->buffer_blocks = rtmfp_read_vlu(&r);
	c->cumulative = rtmfp_read_vlu(&r);
	c->rest = read_remainder(&r);
	return result(&r);
}

struct rtmfp_ack_walk rtmfp_ack_walk(const struct rtmfp_ack *ack)
{
	struct rtmfp_ack_walk walk = {
		.r = rtmfp_reader(ack->rest.p, ack->rest.len),
		.is_bitmap = ack->is_bitmap,
		.cursor = ack->cumulative,
		.bit = 8,
	};

	/* The first bit stands for the second number after the cumulative one (2.3.13). */
	if (ack->is_bitmap) {
		if (ack->cumulative > UINT64_MAX - 2)
			walk.r.failed = true;
		else
			walk.cursor += 2;
	}
	return walk;
}

/* Gives the next bit and the number it stands for; false at the end. */
static bool next_bit(struct rtmfp_ack_walk *walk, bool *set, uint64_t *number)
{
	if (walk->bit == 8) {
		walk->byte = rtmfp_read_u8(&walk->r);
		walk->bit = 0;
	}
	if (walk->r.failed)
		return false;
	*set = walk->byte >> walk->bit & 1u;
	*number = walk->cursor;
	walk->bit++;
	if (walk->cursor == UINT64_MAX)
		walk->r.failed = true;
	else
		walk->cursor++;
	return true;
}

/* Passes whole bytes of |value| and returns how many numbers they stand for. */
static uint64_t skip_bytes(struct rtmfp_ack_walk *walk, uint8_t value)
{
	uint64_t start = walk->cursor;

	while (walk->bit == 8 && rtmfp_read_left(&walk->r) > 0 && *walk->r.at == value &&
	       walk->cursor <= UINT64_MAX - 8) {
		walk->r.at++;
		walk->cursor += 8;
	}
	return walk->cursor - start;
}

static bool next_run(struct rtmfp_ack_walk *walk, uint64_t *from, uint64_t *to)
{
	uint64_t number;
	bool set;

	do {
		skip_bytes(walk, 0x00);
		if (!next_bit(walk, &set, from))
			return false;
	} while (!set);
	*to = *from + skip_bytes(walk, 0xff);
	while (next_bit(walk, &set, &number) && set)
		*to = number + skip_bytes(walk, 0xff);
	return true;
}

bool rtmfp_ack_next(struct rtmfp_ack_walk *walk, uint64_t *from, uint64_t *to)
{
	uint64_t holes, received;

	if (walk->is_bitmap)
		return next_run(walk, from, to);
	holes = rtmfp_read_vlu(&walk->r);
	received = rtmfp_read_vlu(&walk->r);
	if (walk->r.failed)
		return false;
	/* from = cursor + 1 + holes + 1, to = from + received (2.3.14), neither beyond 2^64 - 1. */
	if (walk->cursor > UINT64_MAX - 2 || holes > UINT64_MAX - 2 - walk->cursor ||
	    received > UINT64_MAX - 2 - walk->cursor - holes) {
		walk->r.failed = true;
		return false;
	}
	*from = walk->cursor + 2 + holes;
	*to = *from + received;
	walk->cursor = *to;
	return true;
}

int rtmfp_read_buffer_probe(const uint8_t *p, size_t len, uint64_t *flow_id)
{
	struct rtmfp_reader r = rtmfp_reader(p, len);

	*flow_id = rtmfp_read_vlu(&r);
	return result(&r);
}

void rtmfp_write_buffer_probe(struct rtmfp_writer *w, uint64_t flow_id)
{
	uint8_t *mark = rtmfp_chunk_begin(w, RTMFP_CHUNK_BUFFER_PROBE);

	rtmfp_write_vlu(w, flow_id);
	rtmfp_chunk_end(w, mark);
}

int rtmfp_read_exception(const uint8_t *p, size_t len, struct rtmfp_exception *c)
{
	struct rtmfp_reader r = rtmfp_reader(p, len);

	c->flow_id = rtmfp_read_vlu(&r);
	c->code = rtmfp_read_vlu(&r);
	return result(&r);
}

void rtmfp_write_exception(struct rtmfp_writer *w, const struct rtmfp_exception *c)
{
	uint8_t *mark = rtmfp_chunk_begin(w, RTMFP_CHUNK_EXCEPTION);

	rtmfp_write_vlu(w, c->flow_id);
	rtmfp_write_vlu(w, c->code);
	rtmfp_chunk_end(w, mark);
}

void rtmfp_write_simple(struct rtmfp_writer *w, uint8_t type, const void *payload, size_t len)
{
	uint8_t *mark = rtmfp_chunk_begin(w, type);

	rtmfp_write_bytes(w, payload, len);
	rtmfp_chunk_end(w, mark);
}
