/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The receive buffer of a flow. Touches its own memory and the pool's only; recvflow.c owns it. */
#include "recvbuf.h"

#include <assert.h>
#include <string.h>

#define FIRST_CAP 16u

static size_t cost(const struct rtmfp_node *node)
{
	return rtmfp_pool_cost(node) + sizeof(struct rtmfp_recvbuf_slot);
}

/* Index of the first slot with a number of |seq| or more; most of the time there is none. */
static size_t find(const struct rtmfp_recvbuf *buf, uint64_t seq)
{
	size_t low = 0, high = buf->count;

	if (high == 0 || rtmfp_recvbuf_at(buf, high - 1)->seq < seq)
		return high;
	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (rtmfp_recvbuf_at(buf, mid)->seq < seq)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

/* Makes room for one slot more, at either end. */
static int reserve(struct rtmfp_recvbuf *buf, const struct rtmfp_mem *mem)
{
	struct rtmfp_recvbuf_slot *slots;
	size_t cap;

	if (buf->head + buf->count < buf->cap)
		return 0;
	if (buf->head > buf->cap / 2) {
		memmove(buf->slots, buf->slots + buf->head, buf->count * sizeof(*slots));
		buf->head = 0;
		return 0;
	}
	cap = buf->cap > 0 ? 2 * buf->cap : FIRST_CAP;
	slots = rtmfp_alloc(mem, cap * sizeof(*slots));
	if (!slots)
		return RTMFP_ERR_NOMEM;
	if (buf->count > 0)
		memcpy(slots, buf->slots + buf->head, buf->count * sizeof(*slots));
	rtmfp_free(mem, buf->slots);
	buf->slots = slots;
	buf->cap = cap;
	buf->head = 0;
	return 0;
}

/* Opens a gap of one slot at index |at|, by moving the shorter side if there is room for it. */
static void open_slot(struct rtmfp_recvbuf *buf, size_t at)
{
	struct rtmfp_recvbuf_slot *first = buf->slots + buf->head;

	if (buf->head > 0 && at < buf->count / 2) {
		memmove(first - 1, first, at * sizeof(*first));
		buf->head--;
	} else {
		memmove(first + at + 1, first + at, (buf->count - at) * sizeof(*first));
	}
	buf->count++;
}

static void close_slots(struct rtmfp_recvbuf *buf, size_t at, size_t n)
{
	struct rtmfp_recvbuf_slot *first = buf->slots + buf->head;

	if (at < buf->count - at - n) {
		memmove(first + n, first, at * sizeof(*first));
		buf->head += n;
	} else {
		memmove(first + at, first + at + n, (buf->count - at - n) * sizeof(*first));
	}
	buf->count -= n;
	if (buf->count == 0)
		buf->head = 0;
}

static bool joins(const struct rtmfp_recvbuf_slot *a, const struct rtmfp_recvbuf_slot *b)
{
	return a->seq + 1 == b->seq && (a->fra == RTMFP_FRA_BEGIN || a->fra == RTMFP_FRA_MIDDLE) &&
	       (b->fra == RTMFP_FRA_MIDDLE || b->fra == RTMFP_FRA_END);
}

/* Writes what both ends of a segment know. */
static void set_segment(struct rtmfp_recvbuf *buf, size_t at, size_t run, uint32_t bytes)
{
	struct rtmfp_recvbuf_slot *first = rtmfp_recvbuf_at(buf, at);
	struct rtmfp_recvbuf_slot *last = rtmfp_recvbuf_at(buf, at + run - 1);

	first->run = last->run = (uint32_t)run;
	first->bytes = last->bytes = bytes;
}

int rtmfp_recvbuf_insert(struct rtmfp_recvbuf *buf, struct rtmfp_pool *pool, uint64_t seq, enum rtmfp_fra fra,
			 const uint8_t *data, size_t len, size_t *at)
{
	size_t i, first, run = 1;
	uint32_t bytes = (uint32_t)len;
	struct rtmfp_recvbuf_slot *slot;
	struct rtmfp_node *node;

	if (reserve(buf, pool->mem) != 0)
		return RTMFP_ERR_NOMEM;
	node = rtmfp_pool_get(pool, len);
	if (!node)
		return RTMFP_ERR_NOMEM;
	if (len > 0)
		memcpy(node->data, data, len);
	node->len = (uint32_t)len;
	buf->size += cost(node);

	i = first = find(buf, seq);
	open_slot(buf, i);
	slot = rtmfp_recvbuf_at(buf, i);
	*slot = (struct rtmfp_recvbuf_slot){ .seq = seq, .node = node, .fra = (uint8_t)fra };
	if (i > 0 && joins(slot - 1, slot)) {
		first = i - slot[-1].run;
		run += slot[-1].run;
		bytes += slot[-1].bytes;
	}
	if (i + 1 < buf->count && joins(slot, slot + 1)) {
		run += slot[1].run;
		bytes += slot[1].bytes;
	}
	set_segment(buf, first, run, bytes);
	*at = first;
	return 0;
}

static void give_back(struct rtmfp_recvbuf *buf, struct rtmfp_pool *pool, size_t at)
{
	struct rtmfp_node *node = rtmfp_recvbuf_at(buf, at)->node;

	buf->size -= cost(node);
	rtmfp_pool_put(pool, node);
}

void rtmfp_recvbuf_remove(struct rtmfp_recvbuf *buf, struct rtmfp_pool *pool, size_t at, size_t n)
{
	for (size_t i = at; i < at + n; i++)
		give_back(buf, pool, i);
	close_slots(buf, at, n);
}

struct rtmfp_node *rtmfp_recvbuf_take(struct rtmfp_recvbuf *buf, size_t at)
{
	struct rtmfp_node *node = rtmfp_recvbuf_at(buf, at)->node;

	assert(rtmfp_recvbuf_at(buf, at)->run == 1);
	buf->size -= cost(node);
	close_slots(buf, at, 1);
	return node;
}

void rtmfp_recvbuf_undo(struct rtmfp_recvbuf *buf, struct rtmfp_pool *pool, uint64_t seq)
{
	size_t at = find(buf, seq);
	size_t first = at, end = at + 1;
	uint32_t before = 0, after = 0;

	assert(at < buf->count && rtmfp_recvbuf_at(buf, at)->seq == seq);
	for (; first > 0 && joins(rtmfp_recvbuf_at(buf, first - 1), rtmfp_recvbuf_at(buf, first)); first--)
		before += rtmfp_recvbuf_at(buf, first - 1)->node->len;
	for (; end < buf->count && joins(rtmfp_recvbuf_at(buf, end - 1), rtmfp_recvbuf_at(buf, end)); end++)
		after += rtmfp_recvbuf_at(buf, end)->node->len;
	if (first < at)
		set_segment(buf, first, at - first, before);
	if (end > at + 1)
		set_segment(buf, at + 1, end - at - 1, after);
	rtmfp_recvbuf_remove(buf, pool, at, 1);
}

void rtmfp_recvbuf_clear(struct rtmfp_recvbuf *buf, struct rtmfp_pool *pool)
{
	for (size_t i = 0; i < buf->count; i++)
		give_back(buf, pool, i);
	buf->count = 0;
	rtmfp_recvbuf_idle(buf, pool);
}

void rtmfp_recvbuf_idle(struct rtmfp_recvbuf *buf, struct rtmfp_pool *pool)
{
	if (buf->count > 0)
		return;
	rtmfp_free(pool->mem, buf->slots);
	*buf = (struct rtmfp_recvbuf){ .count = 0 };
}

bool rtmfp_recvbuf_is_message(const struct rtmfp_recvbuf *buf, size_t at)
{
	const struct rtmfp_recvbuf_slot *first = rtmfp_recvbuf_at(buf, at);

	return first->fra == RTMFP_FRA_WHOLE ||
	       (first->fra == RTMFP_FRA_BEGIN && first[first->run - 1].fra == RTMFP_FRA_END);
}

uint64_t rtmfp_recvbuf_last(const struct rtmfp_recvbuf *buf, size_t at)
{
	const struct rtmfp_recvbuf_slot *first = rtmfp_recvbuf_at(buf, at);

	return first[first->run - 1].seq;
}
