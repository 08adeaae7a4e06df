/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A queue of bytes that grows by doubling. A byte keeps its position, counted from the first one that was
 * ever put in, until it is released; what is released is always the oldest.
 */
#ifndef BYTERING_H
#define BYTERING_H

#include "chunk.h"

struct rtmfp_bytering {
	uint8_t *buf;
	size_t cap;    /* a power of two, 0 when nothing is allocated */
	uint64_t head; /* position of the oldest byte */
	uint64_t tail; /* position of the next byte to come */
};

/**
 * rtmfp_bytering_reserve makes room for |len| more bytes, so that the next append of so many cannot fail.
 * Returns 0 or RTMFP_ERR_NOMEM.
 */
int rtmfp_bytering_reserve(struct rtmfp_bytering *ring, const struct rtmfp_mem *mem,
			   size_t len) RTMFP_MUST_CHECK;
/** rtmfp_bytering_append puts |len| bytes in, for which there is room, and returns the first one's position.
 */
uint64_t rtmfp_bytering_append(struct rtmfp_bytering *ring, const uint8_t *data, size_t len);
/** rtmfp_bytering_peek shows |len| bytes from |pos| on in one piece or two; the second may be empty. */
void rtmfp_bytering_peek(const struct rtmfp_bytering *ring, uint64_t pos, size_t len,
			 struct rtmfp_bytes out[2]);
/** rtmfp_bytering_release forgets all bytes before |pos|. */
void rtmfp_bytering_release(struct rtmfp_bytering *ring, uint64_t pos);
void rtmfp_bytering_fini(struct rtmfp_bytering *ring, const struct rtmfp_mem *mem);

#endif
