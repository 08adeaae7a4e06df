/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Transmission order and loss. Touches its own memory only; flows.c and sendflow.c drive it. */
#include "txorder.h"

#include <assert.h>

#define RING_MAX (1u << 24)

static struct rtmfp_txorder_entry *at(const struct rtmfp_txorder *tx, uint64_t tsn)
{
	return rtmfp_ring_at(&tx->ring, sizeof(struct rtmfp_txorder_entry), tsn);
}

void rtmfp_txorder_init(struct rtmfp_txorder *tx, const struct rtmfp_mem *mem, unsigned threshold)
{
	assert(threshold >= 1 && threshold <= RTMFP_TXORDER_NAKS_MAX);
	*tx = (struct rtmfp_txorder){ .mem = mem, .oldest = 1, .next = 1, .threshold = threshold };
}

void rtmfp_txorder_fini(struct rtmfp_txorder *tx)
{
	rtmfp_ring_fini(&tx->ring, tx->mem);
}

/* Moves |oldest| over what is no longer in flight. */
static void skip_settled(struct rtmfp_txorder *tx)
{
	while (tx->oldest < tx->next && !at(tx, tx->oldest)->flow)
		tx->oldest++;
}

int rtmfp_txorder_reserve(struct rtmfp_txorder *tx)
{
	if (tx->next - tx->oldest == tx->ring.cap)
		skip_settled(tx);
	return rtmfp_ring_reserve(&tx->ring, tx->mem, sizeof(struct rtmfp_txorder_entry), tx->oldest,
				  tx->next + 1, RING_MAX);
}

uint64_t rtmfp_txorder_add(struct rtmfp_txorder *tx, struct rtmfp_sendflow *flow, uint64_t sequence_number,
			   uint32_t packet, uint64_t now)
{
	uint64_t tsn = tx->next++;

	*at(tx, tsn) = (struct rtmfp_txorder_entry){
		.flow = flow, .sequence_number = sequence_number, .sent = now, .packet = packet
	};
	return tsn;
}

struct rtmfp_txorder_entry rtmfp_txorder_acked(struct rtmfp_txorder *tx, uint64_t tsn)
{
	struct rtmfp_txorder_entry entry = *at(tx, tsn);

	assert(tsn >= tx->oldest && tsn < tx->next && entry.flow);
	at(tx, tsn)->flow = NULL;
	if (tsn > tx->max_ack)
		tx->max_ack = tsn;
	return entry;
}

bool rtmfp_txorder_packet(struct rtmfp_txorder *tx, uint64_t *lost_below)
{
	if (tx->threshold == 1) {
		*lost_below = tx->max_ack;
	} else {
		*lost_below = tx->past[tx->at];
		tx->past[tx->at] = tx->max_ack;
		tx->at = (tx->at + 1) % (tx->threshold - 1);
	}
	skip_settled(tx);
	return tx->oldest < tx->next && tx->oldest < tx->max_ack;
}

bool rtmfp_txorder_take(struct rtmfp_txorder *tx, uint64_t below, struct rtmfp_txorder_entry *out)
{
	skip_settled(tx);
	if (tx->oldest == tx->next || tx->oldest >= below)
		return false;
	*out = *at(tx, tx->oldest++);
	return true;
}

void rtmfp_txorder_idle(struct rtmfp_txorder *tx)
{
	skip_settled(tx);
	if (tx->oldest == tx->next)
		rtmfp_ring_fini(&tx->ring, tx->mem);
}
