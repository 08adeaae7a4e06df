/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Packets that wait for a session: a queue for each peer, and one over all of them in order of arrival. As
 * every packet may wait equally long, the head of the latter is the first to expire. The bounds are
 * tunnel.h's TUNNEL_WAIT_*; who asks for room decides what goes. Called by tunnel.c, peer.c and session.c.
 */
#ifndef WAITING_H
#define WAITING_H

#include "rtmfp_types.h"

struct waiting_packet {
	struct waiting_packet *next;	      /* of the same queue */
	struct waiting_packet *older, *newer; /* of all */
	struct waiting_queue *queue;
	uint64_t since;
	size_t len;
	uint8_t data[];
};

struct waiting_queue {
	struct waiting_packet *first, *last;
	size_t packets, bytes;
	void *owner; /* the caller's */
};

struct waiting {
	const struct rtmfp_mem *mem;
	struct waiting_packet *oldest, *newest;
	size_t bytes; /* of memory */
};

/**
 * waiting_excess names the queue whose first packet has to go before |len| more bytes may wait in |queue|, or
 * NULL if there is room. Take and free its first packet, and ask again.
 */
struct waiting_queue *waiting_excess(const struct waiting *w, struct waiting_queue *queue, size_t len);
/** waiting_add copies a packet to the end of |queue|. 0 or RTMFP_ERR_NOMEM. */
int waiting_add(struct waiting *w, struct waiting_queue *queue, const uint8_t *data, size_t len,
		uint64_t now) RTMFP_MUST_CHECK;
/** waiting_take takes the first packet out of |queue|; the caller frees it with waiting_free. NULL: empty. */
struct waiting_packet *waiting_take(struct waiting *w, struct waiting_queue *queue);
void waiting_free(struct waiting *w, struct waiting_packet *packet);

/** waiting_expired names a queue whose first packet has waited too long, or NULL. */
struct waiting_queue *waiting_expired(const struct waiting *w, uint64_t now);
uint64_t waiting_expiry(const struct waiting *w);

#endif
