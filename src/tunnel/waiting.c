/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The queues of waiting.h: intrusive lists, O(1) each. */
#include "waiting.h"

#include <string.h>

#include "tunnel.h"

static size_t memory(size_t len)
{
	return sizeof(struct waiting_packet) + len;
}

struct waiting_queue *waiting_excess(const struct waiting *w, struct waiting_queue *queue, size_t len)
{
	if (queue->packets >= TUNNEL_WAIT_PACKETS ||
	    (queue->packets && queue->bytes + len > TUNNEL_WAIT_BYTES))
		return queue;
	if (w->oldest && w->bytes + memory(len) > TUNNEL_WAIT_BYTES_ALL)
		return w->oldest->queue;
	return NULL;
}

int waiting_add(struct waiting *w, struct waiting_queue *queue, const uint8_t *data, size_t len, uint64_t now)
{
	struct waiting_packet *packet = rtmfp_alloc(w->mem, memory(len));

	if (!packet)
		return RTMFP_ERR_NOMEM;
	packet->queue = queue;
	packet->since = now;
	packet->len = len;
	memcpy(packet->data, data, len);

	*(queue->last ? &queue->last->next : &queue->first) = packet;
	queue->last = packet;
	queue->packets++;
	queue->bytes += len;

	packet->older = w->newest;
	*(w->newest ? &w->newest->newer : &w->oldest) = packet;
	w->newest = packet;
	w->bytes += memory(len);
	return 0;
}

struct waiting_packet *waiting_take(struct waiting *w, struct waiting_queue *queue)
{
	struct waiting_packet *packet = queue->first;

	if (!packet)
		return NULL;
	queue->first = packet->next;
	if (!queue->first)
		queue->last = NULL;
	queue->packets--;
	queue->bytes -= packet->len;

	*(packet->older ? &packet->older->newer : &w->oldest) = packet->newer;
	*(packet->newer ? &packet->newer->older : &w->newest) = packet->older;
	w->bytes -= memory(packet->len);
	return packet;
}

void waiting_free(struct waiting *w, struct waiting_packet *packet)
{
	rtmfp_free(w->mem, packet);
}

uint64_t waiting_expiry(const struct waiting *w)
{
	return w->oldest ? w->oldest->since + TUNNEL_WAIT_TIME : RTMFP_NEVER;
}

struct waiting_queue *waiting_expired(const struct waiting *w, uint64_t now)
{
	return w->oldest && waiting_expiry(w) <= now ? w->oldest->queue : NULL;
}
