/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * SEND_QUEUE of one sending flow (RFC 7016 section 3.6.2), in two parts: fragments that have a sequence
 * number, in a ring indexed by it; and behind them the messages, or the rest of one, that are yet to be cut.
 *
 * A message is cut when its fragments are sent and not when it is queued (3.6.2.2), so that they fit the
 * path of the moment; which numbers they get and what is sent is the same. What differs: a message, or the
 * rest of one, that is abandoned before it was sent takes one sequence number and not several.
 *
 * This is the data structure alone; when to send what is sendflow.c's.
 */
#ifndef SENDQUEUE_H
#define SENDQUEUE_H

#include "bytering.h"
#include "ring.h"

enum rtmfp_sendq_flags {
	RTMFP_SENDQ_GONE = 0x01,	   /* acknowledged: not in SEND_QUEUE any more */
	RTMFP_SENDQ_IN_FLIGHT = 0x02,	   /* IN_FLIGHT */
	RTMFP_SENDQ_EVER_SENT = 0x04,	   /* EVER_SENT */
	RTMFP_SENDQ_ABANDONED = 0x08,	   /* ABANDONED */
	RTMFP_SENDQ_SENT_ABANDONED = 0x10, /* SENT_ABANDONED */
	RTMFP_SENDQ_LOST = 0x20,	   /* to be sent again: ever sent, not in flight, not abandoned */
	RTMFP_SENDQ_REPEATED = 0x40,	   /* sent more than once */
	RTMFP_SENDQ_HAS_DATA = 0x80,	   /* its bytes are kept */
};

/* A fragment. Of one that is gone, |tsn| is a number to go on looking from: all before are gone, too. */
struct rtmfp_sendq_entry {
	uint64_t tsn;		/* TSN of the last transmission */
	uint64_t deadline;	/* not to be repeated from then on; 0: never repeated */
	uint64_t pos;		/* of its bytes in the byte ring */
	uint16_t len;		/* bytes of user data */
	uint16_t transmit_size; /* TRANSMIT_SIZE */
	uint8_t fra;
	uint8_t flags;
};

/* A message that is not wholly cut. */
struct rtmfp_sendq_message {
	const uint8_t *borrowed; /* its bytes, or NULL: they are in the byte ring at |pos| */
	uint64_t pos;
	uint64_t deadline;	 /* for its fragments */
	uint64_t queue_deadline; /* to be abandoned if none of it was sent by then */
	uint32_t len;
	uint32_t done;	      /* bytes that were cut */
	uint32_t first, each; /* cuts that the user chose; 0: as much as fits */
	bool abandoned;	      /* given up: only a number is still to be had for it */
	bool begun;	      /* a fragment was cut */
};

#define RTMFP_SENDQ_ENTRIES_MAX	 65536u
#define RTMFP_SENDQ_MESSAGES_MAX 65536u

struct rtmfp_sendqueue {
	const struct rtmfp_mem *mem;
	/* fragments |front| up to before |next|; the one at |front| is not gone */
	struct rtmfp_ring entries;
	uint64_t front, next; /* next: NEXT_SN */
	size_t count;	      /* that are not gone */
	uint64_t *lost_bits;  /* one a slot of |entries| */
	uint64_t lost_from;   /* none below is lost */
	size_t lost;
	/* messages */
	struct rtmfp_ring messages;
	uint64_t message_front, message_next;
	size_t borrowed; /* messages at the end whose bytes are borrowed */
	size_t queued;	 /* bytes of messages that were not cut */
	/* bytes */
	struct rtmfp_bytering bytes;
	uint64_t data_from; /* no fragment below has data */
};

void rtmfp_sendqueue_init(struct rtmfp_sendqueue *q, const struct rtmfp_mem *mem);
void rtmfp_sendqueue_fini(struct rtmfp_sendqueue *q);
/** rtmfp_sendqueue_idle frees what memory is not in use. */
void rtmfp_sendqueue_idle(struct rtmfp_sendqueue *q);

/**
 * rtmfp_sendqueue_push queues a message. Unless |m->borrowed|, its bytes are copied from |data|, and those of
 * messages before it that are borrowed as well, to keep their order.
 * Returns 0, RTMFP_ERR_NOBUFS (too many messages), RTMFP_ERR_NOMEM: nothing is queued.
 */
int rtmfp_sendqueue_push(struct rtmfp_sendqueue *q, const struct rtmfp_sendq_message *m,
			 const uint8_t *data) RTMFP_MUST_CHECK;
/** rtmfp_sendqueue_settle copies what is left of borrowed messages. 0 or RTMFP_ERR_NOMEM: nothing was copied.
 */
int rtmfp_sendqueue_settle(struct rtmfp_sendqueue *q) RTMFP_MUST_CHECK;
/** rtmfp_sendqueue_message returns the first message that is not wholly cut, or NULL. */
struct rtmfp_sendq_message *rtmfp_sendqueue_message(const struct rtmfp_sendqueue *q);
static inline size_t rtmfp_sendqueue_messages(const struct rtmfp_sendqueue *q)
{
	return (size_t)(q->message_next - q->message_front);
}

/** rtmfp_sendqueue_reserve makes room for one more fragment. 0, RTMFP_ERR_LIMIT, RTMFP_ERR_NOMEM. */
int rtmfp_sendqueue_reserve(struct rtmfp_sendqueue *q) RTMFP_MUST_CHECK;
/** rtmfp_sendqueue_cut takes |len| bytes off the first message as the next fragment, and returns that. */
struct rtmfp_sendq_entry *rtmfp_sendqueue_cut(struct rtmfp_sendqueue *q, uint32_t len);
/** rtmfp_sendqueue_peek shows the bytes of the first message's next |len| bytes. */
void rtmfp_sendqueue_peek(const struct rtmfp_sendqueue *q, uint32_t len, struct rtmfp_bytes out[2]);
/** rtmfp_sendqueue_place appends a fragment without data that is abandoned from the beginning. */
struct rtmfp_sendq_entry *rtmfp_sendqueue_place(struct rtmfp_sendqueue *q, uint8_t fra);
/** rtmfp_sendqueue_revive puts the last number of an empty queue back as an abandoned fragment. */
struct rtmfp_sendq_entry *rtmfp_sendqueue_revive(struct rtmfp_sendqueue *q);
/** rtmfp_sendqueue_give_up abandons the first message, or what is left of it; it stays, without bytes. */
void rtmfp_sendqueue_give_up(struct rtmfp_sendqueue *q);
/** rtmfp_sendqueue_give_up_borrowed does so with all that are borrowed, and returns how many. */
size_t rtmfp_sendqueue_give_up_borrowed(struct rtmfp_sendqueue *q);
/** rtmfp_sendqueue_drop_message takes out the first message, of which nothing is left. */
void rtmfp_sendqueue_drop_message(struct rtmfp_sendqueue *q);

/** rtmfp_sendqueue_entry returns the fragment |seq|, from |front| to before |next|; it may be gone. */
static inline struct rtmfp_sendq_entry *rtmfp_sendqueue_entry(const struct rtmfp_sendqueue *q, uint64_t seq)
{
	return rtmfp_ring_at(&q->entries, sizeof(struct rtmfp_sendq_entry), seq);
}
/** rtmfp_sendqueue_from returns the first number from |seq| on that is not gone, |next| if there is none. */
uint64_t rtmfp_sendqueue_from(struct rtmfp_sendqueue *q, uint64_t seq);
/** rtmfp_sendqueue_remove takes a fragment, which is not in flight, out of the queue. */
void rtmfp_sendqueue_remove(struct rtmfp_sendqueue *q, uint64_t seq);
/** rtmfp_sendqueue_mark_lost marks a fragment, not in flight and not abandoned, to be sent again. */
void rtmfp_sendqueue_mark_lost(struct rtmfp_sendqueue *q, uint64_t seq);
void rtmfp_sendqueue_unmark_lost(struct rtmfp_sendqueue *q, uint64_t seq);
/** rtmfp_sendqueue_first_lost returns the lowest number that is to be sent again, 0: there is none. */
uint64_t rtmfp_sendqueue_first_lost(struct rtmfp_sendqueue *q);
/** rtmfp_sendqueue_drop_data forgets the bytes of a fragment, if it has any. */
void rtmfp_sendqueue_drop_data(struct rtmfp_sendqueue *q, uint64_t seq);
/** rtmfp_sendqueue_release gives back the bytes that nothing needs any more. */
void rtmfp_sendqueue_release(struct rtmfp_sendqueue *q);

#endif
