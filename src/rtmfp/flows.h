/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * All flows of one session (RFC 7016 section 3.6), with what they share: acknowledgement state, transmission
 * order and loss (3.6.2.5, 3.6.2.6), round-trip time and ERTO (3.5.2.2), congestion control (3.5.2) and
 * pacing. It sees chunks and time, never a packet's protection, an address or a socket.
 *
 * Called by session.c only. The public functions on flows (rtmfp_sendflow_*, rtmfp_recvflow_*) are in
 * rtmfp.h.
 */
#ifndef FLOWS_H
#define FLOWS_H

#include "chunk.h"
#include "rtmfp.h"

struct rtmfp_flows; /* laid out in flows_impl.h for the files of this concern */

/* How the flows speak to their session. Called synchronously, from the functions below. */
struct rtmfp_flows_hooks {
	void *ctx;
	/** wake: something became sendable, or the expiry moved earlier. */
	void (*wake)(void *ctx);
};

/** rtmfp_flows_new allocates the flow set of |session|, empty. |cb|, |mem|, |params| outlive it. */
int rtmfp_flows_new(const struct rtmfp_mem *mem, struct rtmfp_session *session,
		    const struct rtmfp_params *params, const struct rtmfp_callbacks *cb, void *cb_user,
		    const struct rtmfp_flows_hooks *hooks, bool no_bitmap_ack, uint64_t now,
		    struct rtmfp_flows **out) RTMFP_MUST_CHECK;
/**
 * rtmfp_flows_free aborts every flow (3.5.5), tells the user (on_sendflow_closed, on_recvflow_closed), frees.
 *
 * May be called from within a callback of the flows: the memory then stays until the functions that are
 * being carried out have returned, and the hooks are not called any more.
 */
void rtmfp_flows_free(struct rtmfp_flows *f);

/* ---- receiving: the session calls begin, then chunk for each chunk of 3.6, then end, per packet ---- */
void rtmfp_flows_packet_begin(struct rtmfp_flows *f, uint64_t now);
/** rtmfp_flows_packet_ecn tells the ECN field of the packet that has begun; without it, it is 0. */
void rtmfp_flows_packet_ecn(struct rtmfp_flows *f, uint8_t ecn);
/**
 * rtmfp_flows_chunk processes one chunk of section 3.6: DATA, NEXT_DATA, ACK_*, BUFFER_PROBE, EXCEPTION.
 *
 * |in_place| bytes of the chunk stay valid until the batch ends.
 * Returns 0, or RTMFP_ERR_SYNTAX / RTMFP_ERR_LIMIT / RTMFP_ERR_NOMEM: the chunk is ignored (2.3).
 */
int rtmfp_flows_chunk(struct rtmfp_flows *f, const struct rtmfp_chunk *chunk, uint64_t now) RTMFP_MUST_CHECK;
/** rtmfp_flows_packet_end: loss detection and congestion control (appendix A, figure 25), RX_DATA_PACKETS. */
void rtmfp_flows_packet_end(struct rtmfp_flows *f, uint64_t now);

/* ---- timestamps and RTT (3.5.2.2); flags TC/TCR are the session's ---- */
void rtmfp_flows_timestamps_received(struct rtmfp_flows *f, const struct rtmfp_packet_header *h,
				     uint64_t now);
/** rtmfp_flows_timestamps_fill sets has_timestamp*, timestamp* of a packet about to be sent. */
void rtmfp_flows_timestamps_fill(struct rtmfp_flows *f, struct rtmfp_packet_header *h, uint64_t now);
/** rtmfp_flows_rtt_sample feeds a measurement from elsewhere (a Ping and its reply), in ns. */
void rtmfp_flows_rtt_sample(struct rtmfp_flows *f, uint64_t rtt, uint64_t now);

/* ---- sending ---- */
enum rtmfp_flows_want {
	RTMFP_WANT_NOTHING = 0,
	RTMFP_WANT_ACK,	 /* an obligatory acknowledgement (3.6.3.4.5) */
	RTMFP_WANT_DATA, /* user data, a buffer probe, or an FSN update that may go now */
};
/**
 * rtmfp_flows_want tells what could be put into a packet at |now|; with |keying_only| only flows of
 * RTMFP_PRIORITY_KEYING and acknowledgements count.
 */
enum rtmfp_flows_want rtmfp_flows_want(struct rtmfp_flows *f, bool keying_only, uint64_t now);

struct rtmfp_fill {
	bool keying_only;
	bool user_data;	    /* out: the packet holds User Data (3.5.2.3, 3.6.2.6) */
	bool acks;	    /* out: it holds an acknowledgement */
	bool time_critical; /* out: set TC (3.5.2.1) */
};
/**
 * rtmfp_flows_fill appends chunks to |w|, whose end is the datagram's limit: user data by priority, Next
 * User Data where it can, acknowledgements that are due or fit along (3.6.3.4.6), probes, exceptions.
 *
 * Writes nothing and returns 0 when there is nothing to send that fits. Returns the bytes written.
 */
size_t rtmfp_flows_fill(struct rtmfp_flows *f, struct rtmfp_writer *w, struct rtmfp_fill *fill, uint64_t now);
/** rtmfp_flows_settle copies what borrowed writes (RTMFP_WRITE_BORROW) have not sent yet. */
void rtmfp_flows_settle(struct rtmfp_flows *f);
/** rtmfp_flows_set_datagram tells how many bytes of chunks fit a packet of the current path, up to 65507. */
void rtmfp_flows_set_datagram(struct rtmfp_flows *f, size_t chunk_room);
/**
 * rtmfp_flows_oversize returns how many bytes of chunks the next packet must have room for, because it
 * repeats a fragment that was cut for a larger datagram, or 0. Such a fragment waits, and with it its flow,
 * until rtmfp_flows_fill is given that much room (Packet Fragment, 3.4) or the datagram grows again.
 */
size_t rtmfp_flows_oversize(const struct rtmfp_flows *f);
/**
 * rtmfp_flows_set_fastgrow sets FASTGROW_ALLOWED of appendix A, which is true to begin with: false while
 * time critical notifications ask for restraint (3.5.2.1).
 */
void rtmfp_flows_set_fastgrow(struct rtmfp_flows *f, bool allowed);
/** rtmfp_flows_rebound: the far end has another port; what is in flight to the old one is given up, RTT and
 * window stay. */
void rtmfp_flows_rebound(struct rtmfp_flows *f, uint64_t now);
/** rtmfp_flows_path_changed: RTT and congestion state start anew (PROTOCOL.md section 5.1). */
void rtmfp_flows_path_changed(struct rtmfp_flows *f, uint64_t now);

/* ---- time ---- */
uint64_t rtmfp_flows_expiry(const struct rtmfp_flows *f);
void rtmfp_flows_tick(struct rtmfp_flows *f, uint64_t now);

/* ---- state that the session's liveness rules look at (PROTOCOL.md section 5.2) ---- */
struct rtmfp_flows_health {
	unsigned timeouts_in_row;    /* 3.6.2.6 timeouts with loss since anything was acknowledged */
	uint64_t ack_due_since;	     /* since when data has been outstanding without any acknowledgement;
					RTMFP_NEVER */
	uint64_t erto, srtt, rttvar; /* 3.5.2.2, ns; srtt 0: not measured */
	uint64_t erto_unbacked;	     /* ERTO as it would be without backoff (3.5.2.2), ns */
	uint64_t acked;		     /* bytes acknowledged so far */
	uint64_t rtt; /* smoothed fine-grained RTT from acknowledged fragments and Pings, ns; 0 none */
	uint64_t min_rtt;
	uint64_t cwnd, outstanding; /* bytes */
	uint64_t lost_fragments;    /* ever, all flows */
	bool has_open_flows;	    /* a flow of either direction that is not complete */
};
void rtmfp_flows_health(const struct rtmfp_flows *f, struct rtmfp_flows_health *out);
/** rtmfp_flows_backoff performs ERTO backoff (3.5.2.2; for a Ping without reply, 3.5.4.1). */
void rtmfp_flows_backoff(struct rtmfp_flows *f);

#endif
