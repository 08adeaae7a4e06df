/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Congestion control of one session (RFC 7016 section 3.5.2), behind one table of functions. Bytes are those
 * of User Data chunks, headers included: S_OUTSTANDING_BYTES.
 */
#ifndef CC_H
#define CC_H

#include "rtmfp_types.h"

struct rtmfp_cc_ops;

/* An implementation's own struct begins with this one. */
struct rtmfp_cc {
	const struct rtmfp_cc_ops *ops;
};

/* One received packet that held acknowledgements (appendix A.2). */
struct rtmfp_cc_ack {
	uint64_t now;
	uint64_t acked;		  /* ACKED_BYTES_THIS_PACKET */
	uint64_t lost;		  /* bytes found lost after this packet */
	uint64_t newest_lost;	  /* TSN of the newest fragment among them */
	uint64_t next_tsn;	  /* TSN that the next fragment to be sent gets */
	uint64_t pre_outstanding; /* PRE_ACK_OUTSTANDING */
	uint64_t rtt, min_rtt;	  /* ns, 0: unknown */
	bool any_loss, any_nak;
	bool limited; /* data waited because of the window or pacing, not for want of data */
	bool fastgrow_allowed, tc_sent;
};

struct rtmfp_cc_ops {
	const char *name;
	/** new returns an object for segments of |smss| bytes, or NULL. */
	struct rtmfp_cc *(*new)(const struct rtmfp_mem *mem, size_t smss, uint64_t now);
	void (*free)(struct rtmfp_cc *cc, const struct rtmfp_mem *mem);
	void (*on_ack_packet)(struct rtmfp_cc *cc, const struct rtmfp_cc_ack *ack);
	/** on_timeout: TIMEOUT_ALARM has fired (3.6.2.6). */
	void (*on_timeout)(struct rtmfp_cc *cc, bool was_loss, uint64_t now);
	/** on_path_change: nothing is known about the path any more. */
	void (*on_path_change)(struct rtmfp_cc *cc, uint64_t now);
	/** on_datagram: segments are |smss| bytes from now on. */
	void (*on_datagram)(struct rtmfp_cc *cc, size_t smss);
	uint64_t (*cwnd)(const struct rtmfp_cc *cc);
	/** pacing_rate returns bytes per second at a smoothed |rtt|, 0: do not pace. */
	uint64_t (*pacing_rate)(const struct rtmfp_cc *cc, uint64_t rtt);
};

extern const struct rtmfp_cc_ops rtmfp_cc_rfc7016; /* appendix A */

#endif
