/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The queue of a sending flow. Touches its own memory only; sendflow.c owns it. */
#include "sendqueue.h"

#include <assert.h>

#define ENTRY_SIZE   sizeof(struct rtmfp_sendq_entry)
#define MESSAGE_SIZE sizeof(struct rtmfp_sendq_message)

static struct rtmfp_sendq_message *message_at(const struct rtmfp_sendqueue *q, uint64_t i)
{
	return rtmfp_ring_at(&q->messages, MESSAGE_SIZE, i);
}

void rtmfp_sendqueue_init(struct rtmfp_sendqueue *q, const struct rtmfp_mem *mem)
{
	*q = (struct rtmfp_sendqueue){ .mem = mem, .front = 1, .next = 1 };
}

static void free_entries(struct rtmfp_sendqueue *q)
{
	rtmfp_ring_fini(&q->entries, q->mem);
	rtmfp_free(q->mem, q->lost_bits);
	q->lost_bits = NULL;
}

void rtmfp_sendqueue_fini(struct rtmfp_sendqueue *q)
{
	free_entries(q);
	rtmfp_ring_fini(&q->messages, q->mem);
	rtmfp_bytering_fini(&q->bytes, q->mem);
}

void rtmfp_sendqueue_idle(struct rtmfp_sendqueue *q)
{
	if (q->count == 0)
		free_entries(q);
	if (rtmfp_sendqueue_messages(q) == 0)
		rtmfp_ring_fini(&q->messages, q->mem);
	if (q->bytes.head == q->bytes.tail)
		rtmfp_bytering_fini(&q->bytes, q->mem);
}

/* ---- messages ---- */

struct rtmfp_sendq_message *rtmfp_sendqueue_message(const struct rtmfp_sendqueue *q)
{
	return q->message_front < q->message_next ? message_at(q, q->message_front) : NULL;
}

/* Bytes that are left of the borrowed messages. */
static size_t borrowed_bytes(const struct rtmfp_sendqueue *q)
{
	size_t sum = 0;

	for (size_t i = 1; i <= q->borrowed; i++) {
		const struct rtmfp_sendq_message *m = message_at(q, q->message_next - i);

		sum += m->len - m->done;
	}
	return sum;
}

/* Copies what is left of the borrowed messages into the byte ring, where there is room. */
static void copy_borrowed(struct rtmfp_sendqueue *q)
{
	for (uint64_t i = q->message_next - q->borrowed; i < q->message_next; i++) {
		struct rtmfp_sendq_message *m = message_at(q, i);

		/* |pos| is where the message began, had all of it been copied. */
		m->pos = rtmfp_bytering_append(&q->bytes, m->borrowed + m->done, m->len - m->done) - m->done;
		m->borrowed = NULL;
	}
	q->borrowed = 0;
}

int rtmfp_sendqueue_settle(struct rtmfp_sendqueue *q)
{
	int err;

	if (q->borrowed == 0)
		return 0;
	err = rtmfp_bytering_reserve(&q->bytes, q->mem, borrowed_bytes(q));
	if (!err)
		copy_borrowed(q);
	return err;
}

static void give_up(struct rtmfp_sendqueue *q, struct rtmfp_sendq_message *m)
{
	q->queued -= m->len - m->done;
	m->done = m->len;
	m->abandoned = true;
	if (!m->borrowed)
		return;
	m->borrowed = NULL;
	m->pos = q->bytes.tail - m->len;
	q->borrowed--;
}

void rtmfp_sendqueue_give_up(struct rtmfp_sendqueue *q)
{
	give_up(q, rtmfp_sendqueue_message(q));
}

size_t rtmfp_sendqueue_give_up_borrowed(struct rtmfp_sendqueue *q)
{
	size_t count = q->borrowed;

	while (q->borrowed > 0)
		give_up(q, message_at(q, q->message_next - q->borrowed));
	return count;
}

int rtmfp_sendqueue_push(struct rtmfp_sendqueue *q, const struct rtmfp_sendq_message *m, const uint8_t *data)
{
	struct rtmfp_sendq_message *slot;
	int err;

	err = rtmfp_ring_reserve(&q->messages, q->mem, MESSAGE_SIZE, q->message_front, q->message_next + 1,
				 RTMFP_SENDQ_MESSAGES_MAX);
	if (err)
		return err == RTMFP_ERR_LIMIT ? RTMFP_ERR_NOBUFS : err;
	if (!m->borrowed) {
		err = rtmfp_bytering_reserve(&q->bytes, q->mem, borrowed_bytes(q) + m->len);
		if (err)
			return err;
		copy_borrowed(q);
	}
	slot = message_at(q, q->message_next++);
	*slot = *m;
	if (m->borrowed)
		q->borrowed++;
	else
		slot->pos = rtmfp_bytering_append(&q->bytes, data, m->len);
	q->queued += m->len;
	return 0;
}

void rtmfp_sendqueue_drop_message(struct rtmfp_sendqueue *q)
{
	struct rtmfp_sendq_message *m = rtmfp_sendqueue_message(q);

	assert(m->done == m->len);
	if (m->borrowed)
		q->borrowed--;
	q->message_front++;
}

void rtmfp_sendqueue_peek(const struct rtmfp_sendqueue *q, uint32_t len, struct rtmfp_bytes out[2])
{
	const struct rtmfp_sendq_message *m = rtmfp_sendqueue_message(q);

	if (m->borrowed) {
		out[0] = (struct rtmfp_bytes){ .p = m->borrowed + m->done, .len = len };
		out[1] = (struct rtmfp_bytes){ .p = NULL, .len = 0 };
	} else {
		rtmfp_bytering_peek(&q->bytes, m->pos + m->done, len, out);
	}
}

/* ---- fragments ---- */

int rtmfp_sendqueue_reserve(struct rtmfp_sendqueue *q)
{
	size_t cap = q->entries.cap;
	uint64_t *bits;
	int err;

	if (q->next + 1 - q->front <= cap)
		return 0;
	cap = cap > 0 ? 2 * cap : RTMFP_RING_MIN;
	if (cap > RTMFP_SENDQ_ENTRIES_MAX)
		return RTMFP_ERR_LIMIT;
	bits = rtmfp_alloc(q->mem, cap / 8);
	if (!bits)
		return RTMFP_ERR_NOMEM;
	err = rtmfp_ring_reserve(&q->entries, q->mem, ENTRY_SIZE, q->front, q->next + 1,
				 RTMFP_SENDQ_ENTRIES_MAX);
	if (err) {
		rtmfp_free(q->mem, bits);
		return err;
	}
	for (uint64_t seq = q->front; seq < q->next; seq++) {
		size_t slot = (size_t)(seq & (cap - 1));

		if (rtmfp_sendqueue_entry(q, seq)->flags & RTMFP_SENDQ_LOST)
			bits[slot / 64] |= (uint64_t)1 << slot % 64;
	}
	rtmfp_free(q->mem, q->lost_bits);
	q->lost_bits = bits;
	return 0;
}

static struct rtmfp_sendq_entry *append(struct rtmfp_sendqueue *q, const struct rtmfp_sendq_entry *e)
{
	struct rtmfp_sendq_entry *slot = rtmfp_sendqueue_entry(q, q->next++);

	*slot = *e;
	q->count++;
	return slot;
}

struct rtmfp_sendq_entry *rtmfp_sendqueue_cut(struct rtmfp_sendqueue *q, uint32_t len)
{
	struct rtmfp_sendq_message *m = rtmfp_sendqueue_message(q);
	bool last = m->done + len == m->len;
	struct rtmfp_sendq_entry e = { .deadline = m->deadline,
				       .pos = m->pos + m->done,
				       .len = (uint16_t)len };

	if (last)
		e.fra = m->begun ? RTMFP_FRA_END : RTMFP_FRA_WHOLE;
	else
		e.fra = m->begun ? RTMFP_FRA_MIDDLE : RTMFP_FRA_BEGIN;
	if (m->deadline > 0) {
		assert(!m->borrowed);
		e.flags = RTMFP_SENDQ_HAS_DATA;
	}
	m->done += len;
	m->begun = true;
	q->queued -= len;
	if (last)
		rtmfp_sendqueue_drop_message(q);
	return append(q, &e);
}

struct rtmfp_sendq_entry *rtmfp_sendqueue_place(struct rtmfp_sendqueue *q, uint8_t fra)
{
	return append(q, &(struct rtmfp_sendq_entry){ .fra = fra, .flags = RTMFP_SENDQ_ABANDONED });
}

struct rtmfp_sendq_entry *rtmfp_sendqueue_revive(struct rtmfp_sendqueue *q)
{
	assert(q->count == 0 && q->next > 1);
	q->next--;
	q->front = q->next;
	return rtmfp_sendqueue_place(q, RTMFP_FRA_WHOLE);
}

uint64_t rtmfp_sendqueue_from(struct rtmfp_sendqueue *q, uint64_t seq)
{
	uint64_t found = seq;

	while (found < q->next && rtmfp_sendqueue_entry(q, found)->flags & RTMFP_SENDQ_GONE)
		found = rtmfp_sendqueue_entry(q, found)->tsn;
	/* The next one who comes this way shall not take all these steps again. */
	while (seq < found) {
		struct rtmfp_sendq_entry *e = rtmfp_sendqueue_entry(q, seq);

		seq = e->tsn;
		e->tsn = found;
	}
	return found;
}

void rtmfp_sendqueue_drop_data(struct rtmfp_sendqueue *q, uint64_t seq)
{
	rtmfp_sendqueue_entry(q, seq)->flags &= (uint8_t)~RTMFP_SENDQ_HAS_DATA;
}

void rtmfp_sendqueue_remove(struct rtmfp_sendqueue *q, uint64_t seq)
{
	struct rtmfp_sendq_entry *e = rtmfp_sendqueue_entry(q, seq);

	assert(!(e->flags & (RTMFP_SENDQ_GONE | RTMFP_SENDQ_IN_FLIGHT)));
	rtmfp_sendqueue_unmark_lost(q, seq);
	rtmfp_sendqueue_drop_data(q, seq);
	e->flags |= RTMFP_SENDQ_GONE;
	e->tsn = seq + 1;
	q->count--;
	if (seq == q->front)
		q->front = rtmfp_sendqueue_from(q, seq);
}

void rtmfp_sendqueue_mark_lost(struct rtmfp_sendqueue *q, uint64_t seq)
{
	struct rtmfp_sendq_entry *e = rtmfp_sendqueue_entry(q, seq);
	size_t slot = (size_t)(seq & (q->entries.cap - 1));

	assert(!(e->flags & (RTMFP_SENDQ_LOST | RTMFP_SENDQ_GONE)));
	e->flags |= RTMFP_SENDQ_LOST;
	q->lost_bits[slot / 64] |= (uint64_t)1 << slot % 64;
	if (q->lost == 0 || seq < q->lost_from)
		q->lost_from = seq;
	q->lost++;
}

void rtmfp_sendqueue_unmark_lost(struct rtmfp_sendqueue *q, uint64_t seq)
{
	struct rtmfp_sendq_entry *e = rtmfp_sendqueue_entry(q, seq);
	size_t slot = (size_t)(seq & (q->entries.cap - 1));

	if (!(e->flags & RTMFP_SENDQ_LOST))
		return;
	e->flags &= (uint8_t)~RTMFP_SENDQ_LOST;
	q->lost_bits[slot / 64] &= ~((uint64_t)1 << slot % 64);
	q->lost--;
}

uint64_t rtmfp_sendqueue_first_lost(struct rtmfp_sendqueue *q)
{
	uint64_t seq = q->lost_from > q->front ? q->lost_from : q->front;

	if (q->lost == 0)
		return 0;
	/* Bits of slots that hold no fragment are clear, so that a whole word can be looked at. */
	for (;;) {
		size_t slot = (size_t)(seq & (q->entries.cap - 1));
		uint64_t word = q->lost_bits[slot / 64] >> slot % 64;

		if (word == 0) {
			seq = (seq | 63) + 1;
			continue;
		}
		for (; !(word & 1); word >>= 1)
			seq++;
		q->lost_from = seq;
		return seq;
	}
}

void rtmfp_sendqueue_release(struct rtmfp_sendqueue *q)
{
	const struct rtmfp_sendq_message *m = rtmfp_sendqueue_message(q);
	uint64_t pos = q->bytes.tail;

	if (q->bytes.head == q->bytes.tail)
		return;
	if (q->data_from < q->front)
		q->data_from = q->front;
	while (q->data_from < q->next &&
	       !(rtmfp_sendqueue_entry(q, q->data_from)->flags & RTMFP_SENDQ_HAS_DATA))
		q->data_from++;
	if (q->data_from < q->next)
		pos = rtmfp_sendqueue_entry(q, q->data_from)->pos;
	else if (m && !m->borrowed)
		pos = m->pos + m->done;
	rtmfp_bytering_release(&q->bytes, pos);
}
