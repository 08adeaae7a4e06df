/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The elementary encodings of RFC 7016 section 2.1. Touches only the bytes it is given; everything that
 * reads or writes a packet, a certificate or a message of the tunnel calls it.
 */
#include "rtmfp_wire.h"

#include <assert.h>
#include <string.h>

#define ADDR_INET6  0x80u
#define ADDR_ORIGIN 0x03u

const uint8_t *rtmfp_read_bytes(struct rtmfp_reader *r, size_t len)
{
	const uint8_t *p = r->at;

	if (r->failed || len > rtmfp_read_left(r)) {
		r->failed = true;
		return NULL;
	}
	r->at += len;
	return p;
}

const uint8_t *rtmfp_read_rest(struct rtmfp_reader *r, size_t *len)
{
	*len = rtmfp_read_left(r);
	return rtmfp_read_bytes(r, *len);
}

static uint64_t read_be(struct rtmfp_reader *r, unsigned size)
{
	const uint8_t *p = rtmfp_read_bytes(r, size);
	uint64_t v = 0;

	if (!p)
		return 0;
	for (unsigned i = 0; i < size; i++)
		v = v << 8 | p[i];
	return v;
}

uint16_t rtmfp_read_u16(struct rtmfp_reader *r)
{
	return (uint16_t)read_be(r, 2);
}

uint32_t rtmfp_read_u32(struct rtmfp_reader *r)
{
	return (uint32_t)read_be(r, 4);
}

uint64_t rtmfp_read_u64(struct rtmfp_reader *r)
{
	return read_be(r, 8);
}

uint64_t rtmfp_read_long_vlu(struct rtmfp_reader *r)
{
	size_t left = rtmfp_read_left(r);
	uint64_t v = 0;

	for (size_t i = 0; i < left; i++) {
		if (v > UINT64_MAX >> 7)
			break;
		v = v << 7 | (r->at[i] & 0x7fu);
		if (r->at[i] < 0x80) {
			r->at += i + 1;
			return v;
		}
	}
	r->failed = true;
	return 0;
}

void rtmfp_read_addr(struct rtmfp_reader *r, struct rtmfp_addr *addr)
{
	uint8_t flags = rtmfp_read_u8(r);
	size_t size = flags & ADDR_INET6 ? 16 : 4;
	const uint8_t *ip = rtmfp_read_bytes(r, size);
	uint16_t port = rtmfp_read_u16(r);

	memset(addr, 0, sizeof(*addr));
	if (r->failed)
		return;
	addr->family = size == 16 ? 6 : 4;
	addr->origin = flags & ADDR_ORIGIN;
	addr->port = port;
	memcpy(addr->ip, ip, size);
}

bool rtmfp_read_option(struct rtmfp_reader *r, struct rtmfp_option *opt)
{
	uint64_t len = rtmfp_read_vlu(r);
	struct rtmfp_reader payload;

	if (r->failed || len == 0)
		return false;
	if (len > rtmfp_read_left(r)) {
		r->failed = true;
		return false;
	}
	payload = rtmfp_reader(r->at, (size_t)len);
	opt->type = rtmfp_read_vlu(&payload);
	opt->value = rtmfp_read_rest(&payload, &opt->len);
	if (payload.failed) {
		r->failed = true;
		return false;
	}
	r->at += len;
	return true;
}

bool rtmfp_read_bare_option(struct rtmfp_reader *r, struct rtmfp_option *opt)
{
	if (rtmfp_read_left(r) == 0)
		return false;
	if (rtmfp_read_option(r, opt))
		return true;
	r->failed = true;
	return false;
}

/* Returns where to write |len| bytes, or NULL and fails. */
static uint8_t *reserve(struct rtmfp_writer *w, size_t len)
{
	uint8_t *p = w->at;

	if (w->failed || len > rtmfp_write_room(w)) {
		w->failed = true;
		return NULL;
	}
	w->at += len;
	return p;
}

static void write_be(struct rtmfp_writer *w, uint64_t v, unsigned size)
{
	uint8_t *p = reserve(w, size);

	if (!p)
		return;
	for (unsigned i = size; i > 0; i--) {
		p[i - 1] = (uint8_t)v;
		v >>= 8;
	}
}

void rtmfp_write_u8(struct rtmfp_writer *w, uint8_t v)
{
	write_be(w, v, 1);
}

void rtmfp_write_u16(struct rtmfp_writer *w, uint16_t v)
{
	write_be(w, v, 2);
}

void rtmfp_write_u32(struct rtmfp_writer *w, uint32_t v)
{
	write_be(w, v, 4);
}

void rtmfp_write_u64(struct rtmfp_writer *w, uint64_t v)
{
	write_be(w, v, 8);
}

size_t rtmfp_vlu_size(uint64_t v)
{
	size_t size = 1;

	while (v >>= 7)
		size++;
	return size;
}

void rtmfp_write_vlu(struct rtmfp_writer *w, uint64_t v)
{
	size_t size = rtmfp_vlu_size(v);
	uint8_t *p = reserve(w, size);

	if (!p)
		return;
	for (size_t i = size; i > 0; i--) {
		p[i - 1] = (uint8_t)((v & 0x7fu) | (i < size ? 0x80u : 0));
		v >>= 7;
	}
}

void rtmfp_write_bytes(struct rtmfp_writer *w, const void *data, size_t len)
{
	uint8_t *p = reserve(w, len);

	if (p && len > 0)
		memcpy(p, data, len);
}

void rtmfp_write_addr(struct rtmfp_writer *w, const struct rtmfp_addr *addr)
{
	assert(addr->family == 4 || addr->family == 6);
	rtmfp_write_u8(w, (uint8_t)((addr->family == 6 ? ADDR_INET6 : 0) | (addr->origin & ADDR_ORIGIN)));
	rtmfp_write_bytes(w, addr->ip, addr->family == 6 ? 16 : 4);
	rtmfp_write_u16(w, addr->port);
}

void rtmfp_write_option(struct rtmfp_writer *w, uint64_t type, const void *value, size_t len)
{
	rtmfp_write_vlu(w, rtmfp_vlu_size(type) + len);
	rtmfp_write_vlu(w, type);
	rtmfp_write_bytes(w, value, len);
}

void rtmfp_write_option_vlu(struct rtmfp_writer *w, uint64_t type, uint64_t value)
{
	rtmfp_write_vlu(w, rtmfp_vlu_size(type) + rtmfp_vlu_size(value));
	rtmfp_write_vlu(w, type);
	rtmfp_write_vlu(w, value);
}

void rtmfp_write_marker(struct rtmfp_writer *w)
{
	rtmfp_write_u8(w, 0);
}
