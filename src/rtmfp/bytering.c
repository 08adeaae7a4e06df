/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A queue of bytes. Touches its own memory only; the send queue keeps message bytes in it. */
#include "bytering.h"

#include <assert.h>
#include <string.h>

#define FIRST_CAP 2048u

static void copy_in(const struct rtmfp_bytering *ring, uint64_t pos, const uint8_t *data, size_t len)
{
	size_t at = (size_t)(pos & (ring->cap - 1));
	size_t front = len < ring->cap - at ? len : ring->cap - at;

	memcpy(ring->buf + at, data, front);
	if (len > front)
		memcpy(ring->buf, data + front, len - front);
}

int rtmfp_bytering_reserve(struct rtmfp_bytering *ring, const struct rtmfp_mem *mem, size_t len)
{
	size_t used = (size_t)(ring->tail - ring->head);
	struct rtmfp_bytering grown = *ring;
	struct rtmfp_bytes old[2];

	if (len <= ring->cap - used)
		return 0;
	if (len > SIZE_MAX / 4 - used)
		return RTMFP_ERR_NOMEM;
	grown.cap = ring->cap > 0 ? ring->cap : FIRST_CAP;
	while (grown.cap - used < len)
		grown.cap *= 2;
	grown.buf = rtmfp_alloc(mem, grown.cap);
	if (!grown.buf)
		return RTMFP_ERR_NOMEM;
	if (used > 0) {
		rtmfp_bytering_peek(ring, ring->head, used, old);
		copy_in(&grown, ring->head, old[0].p, old[0].len);
		if (old[1].len > 0)
			copy_in(&grown, ring->head + old[0].len, old[1].p, old[1].len);
	}
	rtmfp_free(mem, ring->buf);
	*ring = grown;
	return 0;
}

uint64_t rtmfp_bytering_append(struct rtmfp_bytering *ring, const uint8_t *data, size_t len)
{
	uint64_t pos = ring->tail;

	assert(len <= ring->cap - (size_t)(ring->tail - ring->head));
	if (len > 0)
		copy_in(ring, pos, data, len);
	ring->tail += len;
	return pos;
}

void rtmfp_bytering_peek(const struct rtmfp_bytering *ring, uint64_t pos, size_t len,
			 struct rtmfp_bytes out[2])
{
	size_t at, front;

	assert(pos >= ring->head && pos + len <= ring->tail);
	out[0] = out[1] = (struct rtmfp_bytes){ .p = NULL, .len = 0 };
	if (len == 0)
		return;
	at = (size_t)(pos & (ring->cap - 1));
	front = len < ring->cap - at ? len : ring->cap - at;
	out[0] = (struct rtmfp_bytes){ .p = ring->buf + at, .len = front };
	if (len > front)
		out[1] = (struct rtmfp_bytes){ .p = ring->buf, .len = len - front };
}

void rtmfp_bytering_release(struct rtmfp_bytering *ring, uint64_t pos)
{
	assert(pos >= ring->head && pos <= ring->tail);
	ring->head = pos;
}

void rtmfp_bytering_fini(struct rtmfp_bytering *ring, const struct rtmfp_mem *mem)
{
	rtmfp_free(mem, ring->buf);
	ring->buf = NULL;
	ring->cap = 0;
	ring->head = ring->tail;
}
