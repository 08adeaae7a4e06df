/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The order in which the fragments of all sending flows of a session were transmitted, by Transmission
 * Sequence Number, and from it negative acknowledgement and loss (RFC 7016 section 3.6.2.5).
 *
 * The RFC counts, after each packet that holds acknowledgements, one negative acknowledgement for every
 * fragment in flight whose TSN is below MAX_TSN_ACK. MAX_TSN_ACK never falls, and a fragment that is sent
 * again has a new TSN above it, so a fragment has been counted as often as there have been such packets
 * since MAX_TSN_ACK passed its TSN. Therefore those with a count of |threshold| or more are exactly those
 * whose TSN is below what MAX_TSN_ACK was |threshold| - 1 packets ago: a prefix of the order, found without
 * looking at the rest.
 */
#ifndef TXORDER_H
#define TXORDER_H

#include "ring.h"

struct rtmfp_sendflow;

struct rtmfp_txorder_entry {
	struct rtmfp_sendflow *flow; /* NULL: no longer in flight */
	uint64_t sequence_number;
	uint64_t sent;	 /* when, ns */
	uint32_t packet; /* counts packets; fragments of one packet have the same */
};

#define RTMFP_TXORDER_NAKS_MAX 8u

struct rtmfp_txorder {
	const struct rtmfp_mem *mem;
	struct rtmfp_ring ring;
	uint64_t oldest;  /* no fragment below is in flight */
	uint64_t next;	  /* NEXT_TSN */
	uint64_t max_ack; /* MAX_TSN_ACK */
	unsigned threshold;
	unsigned at; /* slot of |past| that is the oldest */
	uint64_t
		past[RTMFP_TXORDER_NAKS_MAX]; /* MAX_TSN_ACK after each of the last |threshold| - 1 packets */
};

/** rtmfp_txorder_init begins with TSN 1; |threshold| is 1 to RTMFP_TXORDER_NAKS_MAX. */
void rtmfp_txorder_init(struct rtmfp_txorder *tx, const struct rtmfp_mem *mem, unsigned threshold);
void rtmfp_txorder_fini(struct rtmfp_txorder *tx);

/** rtmfp_txorder_reserve makes sure that the next rtmfp_txorder_add has room. 0, RTMFP_ERR_LIMIT, _NOMEM. */
int rtmfp_txorder_reserve(struct rtmfp_txorder *tx) RTMFP_MUST_CHECK;
/** rtmfp_txorder_add records a transmission and returns its TSN. */
uint64_t rtmfp_txorder_add(struct rtmfp_txorder *tx, struct rtmfp_sendflow *flow, uint64_t sequence_number,
			   uint32_t packet, uint64_t now);
/** rtmfp_txorder_acked records that |tsn|, which was in flight, was acknowledged, and returns its entry. */
struct rtmfp_txorder_entry rtmfp_txorder_acked(struct rtmfp_txorder *tx, uint64_t tsn);

/**
 * rtmfp_txorder_packet is called after each packet with acknowledgements, before any loss is taken.
 * Returns whether a fragment got a negative acknowledgement (ANY_NAKS of appendix A).
 */
bool rtmfp_txorder_packet(struct rtmfp_txorder *tx, uint64_t *lost_below);
/**
 * rtmfp_txorder_take takes the oldest fragment in flight with a TSN less than |below| out of the order, and
 * returns false when there is none. UINT64_MAX takes all that is in flight (3.6.2.6).
 */
bool rtmfp_txorder_take(struct rtmfp_txorder *tx, uint64_t below, struct rtmfp_txorder_entry *out);
/** rtmfp_txorder_idle frees the memory if nothing is in flight. */
void rtmfp_txorder_idle(struct rtmfp_txorder *tx);

#endif
