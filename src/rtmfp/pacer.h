/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Spreads packets over time, in place of the limit of six packets of RFC 7016 section 3.5.2.3: a token
 * bucket that is filled at a rate and holds a burst. It is kept as the time at which all that was sent would
 * have left at that rate, so that "may send" and "when" can never disagree by a rounding.
 */
#ifndef PACER_H
#define PACER_H

#include "rtmfp_types.h"

struct rtmfp_pacer {
	uint64_t rate;	/* bytes per second; 0: no limit */
	uint64_t burst; /* ns of sending at |rate| */
	uint64_t debt;	/* until when it is busy with what was sent */
};

/* Most bytes per second that a pacer tells from no limit. */
#define RTMFP_PACER_RATE_MAX ((uint64_t)1 << 34)

/** rtmfp_pacer_set changes the rate (0: no limit) for datagrams of |datagram| bytes. */
void rtmfp_pacer_set(struct rtmfp_pacer *pacer, uint64_t rate, size_t datagram, uint64_t now);
/** rtmfp_pacer_may_send: may a packet be sent now? */
static inline bool rtmfp_pacer_may_send(const struct rtmfp_pacer *pacer, uint64_t now)
{
	return pacer->rate == 0 || pacer->debt <= now + pacer->burst;
}
/** rtmfp_pacer_sent counts |bytes|. */
void rtmfp_pacer_sent(struct rtmfp_pacer *pacer, size_t bytes, uint64_t now);
/**
 * rtmfp_pacer_next returns when to look again after rtmfp_pacer_may_send has denied: a packet may go then,
 * or a quantum of packets that is worth waking up for.
 */
uint64_t rtmfp_pacer_next(const struct rtmfp_pacer *pacer);

#endif
