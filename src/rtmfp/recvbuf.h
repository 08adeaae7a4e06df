/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * RECV_BUFFER of one receiving flow (RFC 7016 section 3.6.3.3): fragments that wait, ascending by sequence
 * number, joined into segments. A segment is a longest run of consecutive numbers that may belong to one
 * message: begin, middles, end. Its first and last slot know how long it is, so that a fragment finds
 * the message that it completes without looking at the others.
 */
#ifndef RECVBUF_H
#define RECVBUF_H

#include "chunk.h"
#include "pool.h"

struct rtmfp_recvbuf_slot {
	uint64_t seq;
	struct rtmfp_node *node;
	uint32_t run;	/* of the first and the last of a segment: slots in it */
	uint32_t bytes; /* ... and bytes of user data */
	uint8_t fra;
};

struct rtmfp_recvbuf {
	struct rtmfp_recvbuf_slot *slots;
	size_t cap;
	size_t head; /* slots before the first one in use: room to move into */
	size_t count;
	size_t size; /* BUFFERED_SIZE: bytes of memory that the fragments take */
};

/**
 * rtmfp_recvbuf_insert copies a fragment that is not there yet.
 *
 * |*at|  out: index of the first slot of the segment that it belongs to now
 *
 * Returns 0 or RTMFP_ERR_NOMEM: nothing has changed.
 */
int rtmfp_recvbuf_insert(struct rtmfp_recvbuf *buf, struct rtmfp_pool *pool, uint64_t seq, enum rtmfp_fra fra,
			 const uint8_t *data, size_t len, size_t *at) RTMFP_MUST_CHECK;
/** rtmfp_recvbuf_remove takes the |n| slots from index |at| on out, whole segments only, and their nodes
 * back. */
void rtmfp_recvbuf_remove(struct rtmfp_recvbuf *buf, struct rtmfp_pool *pool, size_t at, size_t n);
/** rtmfp_recvbuf_take takes out a segment of one slot and returns its node, which is the caller's to give
 * back. */
struct rtmfp_node *rtmfp_recvbuf_take(struct rtmfp_recvbuf *buf, size_t at);
/** rtmfp_recvbuf_undo undoes an insert: takes the one fragment |seq| out again. */
void rtmfp_recvbuf_undo(struct rtmfp_recvbuf *buf, struct rtmfp_pool *pool, uint64_t seq);
/** rtmfp_recvbuf_clear takes everything out and frees the slots. */
void rtmfp_recvbuf_clear(struct rtmfp_recvbuf *buf, struct rtmfp_pool *pool);
/** rtmfp_recvbuf_idle frees the slots if none is in use. */
void rtmfp_recvbuf_idle(struct rtmfp_recvbuf *buf, struct rtmfp_pool *pool);

static inline struct rtmfp_recvbuf_slot *rtmfp_recvbuf_at(const struct rtmfp_recvbuf *buf, size_t i)
{
	return buf->slots + buf->head + i;
}
/** rtmfp_recvbuf_is_message: is the segment whose first slot is |at| a complete message? */
bool rtmfp_recvbuf_is_message(const struct rtmfp_recvbuf *buf, size_t at);
/** rtmfp_recvbuf_last returns the last number of the segment whose first slot is |at|. */
uint64_t rtmfp_recvbuf_last(const struct rtmfp_recvbuf *buf, size_t at);

#endif
