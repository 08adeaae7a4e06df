/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Round-trip time of a session, measured twice:
 *
 * - by the timestamps of the packet header (RFC 7016 section 3.5.2.2): SRTT, RTTVAR, MRTO and ERTO exactly
 *   as written there, in steps of 4 ms;
 * - in nanoseconds, from the times at which acknowledged fragments and Pings were sent, for pacing.
 *
 * What an acknowledgement tells includes how long the far end waited before it sent it, up to 200 ms. A
 * timestamp echo does not: the far end adds the time that it kept the timestamp. So the coarse measurement
 * says which fine ones to believe.
 */
#ifndef RTT_H
#define RTT_H

#include "chunk.h"
#include "params.h"

struct rtmfp_rtt {
	const struct rtmfp_params *params;
	/* the timestamp echo facility */
	bool has_ts_rx, has_ts_echo_tx, has_ts_tx, has_ts_echo_rx;
	uint16_t ts_rx, ts_echo_tx, ts_tx, ts_echo_rx;
	uint64_t ts_rx_time;
	/* 3.5.2.2, ns */
	bool has_srtt;
	uint64_t srtt, rttvar, mrto, erto;
	uint64_t unbacked; /* ERTO as the measurements alone make it */
	/* fine-grained, ns */
	uint64_t latest;   /* RTT of the last timestamp echo */
	uint64_t smoothed; /* 0: not measured */
	uint64_t min[2];   /* least of this and of the last window; RTMFP_NEVER: none */
	uint64_t window_start;
	uint64_t valid_from; /* what was sent before tells of another path */
};

/* What newly acknowledged fragments of one packet tell. */
struct rtmfp_rtt_ack {
	uint64_t sent; /* when the newest of them was sent, that was sent but once */
	bool prompt;   /* the far end had a reason to acknowledge it at once (3.6.3.4.1) */
};

void rtmfp_rtt_init(struct rtmfp_rtt *rtt, const struct rtmfp_params *params, uint64_t now);
/** rtmfp_rtt_path_changed forgets all measurements, but ERTO stays as they made it; the echo of the far end's
 * timestamps goes on. */
void rtmfp_rtt_path_changed(struct rtmfp_rtt *rtt, uint64_t now);
/** rtmfp_rtt_timestamp is the near end's 250 Hz clock at |now|. */
uint16_t rtmfp_rtt_timestamp(uint64_t now);

void rtmfp_rtt_received(struct rtmfp_rtt *rtt, const struct rtmfp_packet_header *h, uint64_t now);
/** rtmfp_rtt_fill sets the timestamp fields and flags of a packet about to be sent. */
void rtmfp_rtt_fill(struct rtmfp_rtt *rtt, struct rtmfp_packet_header *h, uint64_t now);
/** rtmfp_rtt_backoff performs ERTO backoff. */
void rtmfp_rtt_backoff(struct rtmfp_rtt *rtt);

/** rtmfp_rtt_sample takes a measurement without delay, as of a Ping and its reply. */
void rtmfp_rtt_sample(struct rtmfp_rtt *rtt, uint64_t sample, uint64_t now);
/** rtmfp_rtt_acked takes what an acknowledgement tells, if it is to be believed. */
void rtmfp_rtt_acked(struct rtmfp_rtt *rtt, const struct rtmfp_rtt_ack *ack, uint64_t now);
/** rtmfp_rtt_min returns the least fine-grained RTT of the last 30 to 60 seconds, 0 if there is none. */
uint64_t rtmfp_rtt_min(const struct rtmfp_rtt *rtt);
/** rtmfp_rtt_best returns the best smoothed RTT there is, fine or coarse, 0 if there is none. */
uint64_t rtmfp_rtt_best(const struct rtmfp_rtt *rtt);

#endif
