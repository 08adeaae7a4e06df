/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Bytes for unit tests: hexadecimal in, and copies in memory of exactly their size, so that
 * AddressSanitizer and valgrind see a read or write one byte too far.
 */
#ifndef BYTES_H
#define BYTES_H

#include <check.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct bytes {
	uint8_t *p;
	size_t len;
};

static inline struct bytes bytes_new(size_t len)
{
	struct bytes b = { .p = malloc(len), .len = len };

	ck_assert(b.p || len == 0);
	return b;
}

/* malloc(len), its bytes copied from |data| */
static inline struct bytes bytes_copy(const void *data, size_t len)
{
	struct bytes b = bytes_new(len);

	if (len > 0)
		memcpy(b.p, data, len);
	return b;
}

/* Pairs of hexadecimal digits; spaces between pairs do not count. */
static inline struct bytes bytes_hex(const char *hex)
{
	uint8_t *buf = malloc(strlen(hex) / 2 + 1);
	struct bytes b;
	size_t len = 0;

	ck_assert_ptr_nonnull(buf);
	while (*hex) {
		unsigned v;

		if (*hex == ' ') {
			hex++;
			continue;
		}
		ck_assert_msg(sscanf(hex, "%2x", &v) == 1 && hex[1], "bad hexadecimal at: %s", hex);
		buf[len++] = (uint8_t)v;
		hex += 2;
	}
	b = bytes_copy(buf, len);
	free(buf);
	return b;
}

static inline void bytes_free(struct bytes *b)
{
	free(b->p);
	*b = (struct bytes){ .p = NULL, .len = 0 };
}

/* Fails, with both in hexadecimal, when |p| is not what |hex| says. */
#define ck_assert_hex(data, size, hex) bytes_assert_hex(data, size, hex, __FILE__, __LINE__)

static inline void bytes_assert_hex(const uint8_t *p, size_t len, const char *hex, const char *file, int line)
{
	struct bytes want = bytes_hex(hex);

	if (len != want.len || (len > 0 && memcmp(p, want.p, len) != 0)) {
		fprintf(stderr, "%s:%d: want %s\n  got  ", file, line, hex);
		for (size_t i = 0; i < len; i++)
			fprintf(stderr, "%02x", p[i]);
		fputc('\n', stderr);
		ck_abort_msg("%s:%d: bytes differ", file, line);
	}
	bytes_free(&want);
}

#endif
