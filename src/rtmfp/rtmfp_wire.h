/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Elementary encodings (RFC 7016 section 2.1): a reader and a writer with sticky errors. Read or write
 * straight through, ask once at the end.
 */
#ifndef RTMFP_WIRE_H
#define RTMFP_WIRE_H

#include "rtmfp_types.h"

/*
 * A cursor over bytes that it does not own. After the first read that does not fit, |failed| is set, every
 * later read returns 0 or NULL and nothing moves any more.
 */
struct rtmfp_reader {
	const uint8_t *at;
	const uint8_t *end;
	bool failed;
};

/** rtmfp_reader returns a reader of |len| bytes at |data|, which may be NULL iff |len| is 0. */
static inline struct rtmfp_reader rtmfp_reader(const uint8_t *data, size_t len)
{
	if (!data)
		data = (const uint8_t *)"";
	return (struct rtmfp_reader){ .at = data, .end = data + len, .failed = false };
}

static inline size_t rtmfp_read_left(const struct rtmfp_reader *r)
{
	return r->failed ? 0 : (size_t)(r->end - r->at);
}

static inline uint8_t rtmfp_read_u8(struct rtmfp_reader *r)
{
	if (rtmfp_read_left(r) < 1) {
		r->failed = true;
		return 0;
	}
	return *r->at++;
}

uint16_t rtmfp_read_u16(struct rtmfp_reader *r);
uint32_t rtmfp_read_u32(struct rtmfp_reader *r);
uint64_t rtmfp_read_u64(struct rtmfp_reader *r);
/* rtmfp_read_vlu for anything but a VLU of one byte; not for callers. */
uint64_t rtmfp_read_long_vlu(struct rtmfp_reader *r);
/** rtmfp_read_vlu reads a VLU (2.1.2). A value above 2^64 - 1 fails; redundant leading zero digits do not. */
static inline uint64_t rtmfp_read_vlu(struct rtmfp_reader *r)
{
	if (rtmfp_read_left(r) > 0 && *r->at < 0x80)
		return *r->at++;
	return rtmfp_read_long_vlu(r);
}

/** rtmfp_read_bytes returns |len| bytes in place, or NULL and fails. |len| 0 returns a valid pointer. */
const uint8_t *rtmfp_read_bytes(struct rtmfp_reader *r, size_t len);
/** rtmfp_read_rest returns all that is left, in place, and its length in |*len|. */
const uint8_t *rtmfp_read_rest(struct rtmfp_reader *r, size_t *len);
/**
 * rtmfp_read_addr reads an Address (2.1.5) into |*addr|, scope 0. Reserved bits are ignored. On failure
 * |*addr| is all zero: family 0.
 */
void rtmfp_read_addr(struct rtmfp_reader *r, struct rtmfp_addr *addr);

/* An Option (2.1.3). |value| lies in the reader's bytes. */
struct rtmfp_option {
	uint64_t type;
	const uint8_t *value;
	size_t len;
};

/**
 * rtmfp_read_option reads the next Option of an option list (2.1.4).
 *
 * Returns true with |*opt| filled; false at the Marker (which is consumed) or on failure (look at
 * |r->failed|; a list that ends without its Marker fails).
 */
bool rtmfp_read_option(struct rtmfp_reader *r, struct rtmfp_option *opt);
/**
 * rtmfp_read_bare_option is rtmfp_read_option for a sequence of Options that fills the reader, without
 * Marker: false at the end of the bytes, too. A Marker in it fails.
 */
bool rtmfp_read_bare_option(struct rtmfp_reader *r, struct rtmfp_option *opt);

/*
 * A cursor over a buffer that it does not own. What does not fit sets |failed| and writes nothing from then
 * on. To try something: copy the struct, write, and put the copy back if |failed|.
 */
struct rtmfp_writer {
	uint8_t *start;
	uint8_t *at;
	uint8_t *end;
	bool failed;
};

/** rtmfp_writer returns a writer into |cap| bytes at |buf|. */
static inline struct rtmfp_writer rtmfp_writer(uint8_t *buf, size_t cap)
{
	return (struct rtmfp_writer){ .start = buf, .at = buf, .end = buf + cap, .failed = false };
}

static inline size_t rtmfp_written(const struct rtmfp_writer *w)
{
	return (size_t)(w->at - w->start);
}

static inline size_t rtmfp_write_room(const struct rtmfp_writer *w)
{
	return w->failed ? 0 : (size_t)(w->end - w->at);
}

void rtmfp_write_u8(struct rtmfp_writer *w, uint8_t v);
void rtmfp_write_u16(struct rtmfp_writer *w, uint16_t v);
void rtmfp_write_u32(struct rtmfp_writer *w, uint32_t v);
void rtmfp_write_u64(struct rtmfp_writer *w, uint64_t v);
void rtmfp_write_vlu(struct rtmfp_writer *w, uint64_t v);
/** rtmfp_write_bytes copies |len| bytes; |data| may be NULL iff |len| is 0. */
void rtmfp_write_bytes(struct rtmfp_writer *w, const void *data, size_t len);
/** rtmfp_write_addr writes an Address (2.1.5); its family must be 4 or 6. */
void rtmfp_write_addr(struct rtmfp_writer *w, const struct rtmfp_addr *addr);
/** rtmfp_write_option writes one non-empty Option; |value| may be NULL iff |len| is 0. */
void rtmfp_write_option(struct rtmfp_writer *w, uint64_t type, const void *value, size_t len);
/** rtmfp_write_option_vlu writes one Option whose value is a VLU. */
void rtmfp_write_option_vlu(struct rtmfp_writer *w, uint64_t type, uint64_t value);
void rtmfp_write_marker(struct rtmfp_writer *w);

/** rtmfp_vlu_size returns the bytes of the shortest encoding of |v|: 1 to 10. */
size_t rtmfp_vlu_size(uint64_t v);

#endif
