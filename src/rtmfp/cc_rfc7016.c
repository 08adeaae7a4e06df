/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Congestion control of RFC 7016 appendix A. Touches its own memory only; flows.c calls it through cc.h.
 *
 * Departs from figure 25 in three points, where it assumes that every second packet is acknowledged in a
 * packet of its own, that losses come singly, and that a sender sends all that its window allows at once:
 *
 * - An increase is limited to SMSS or to the bytes that the packet acknowledges, whichever is more, instead
 *   of to SMSS: one acknowledgement may stand for a batch of datagrams. It stays within the bytes
 *   acknowledged, so the window never grows faster than by the slow start of RFC 5681 section 3.1.
 * - "PRE_ACK_OUTSTANDING >= CWND", the test for a window that is used, has a segment of slack and also
 *   passes when pacing held data back.
 * - Losses of fragments that were sent before the last decrease do not cause another one, as in RFC 5681;
 *   by the letter every packet that tells of one would cut the window to a part of what is still
 *   outstanding, and a queue that overflowed once would leave next to nothing. All together they take off
 *   the window at least as many bytes as were lost.
 */
#include "cc.h"

#define CWND_MAX ((uint64_t)1 << 32)
#define SCALABLE 67200u /* seven eighths of 76800, where 1 % is more than 768 bytes per round trip */

struct appendix_a {
	struct rtmfp_cc base;
	uint64_t smss;
	uint64_t cwnd;	      /* CWND */
	uint64_t ssthresh;    /* SSTHRESH; UINT64_MAX: infinity */
	uint64_t accumulator; /* ACKED_BYTES_ACCUMULATOR */
	uint64_t recover;     /* TSN from which on losses are news again */
	uint64_t carried;     /* bytes of the window of the last decrease that were not lost */
	bool used;	      /* CWND is more than the guess to begin with */
};

static struct appendix_a *cast(struct rtmfp_cc *cc)
{
	return (struct appendix_a *)cc;
}

static uint64_t min(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static uint64_t max(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

/* CWND_INIT: the Initial Window of RFC 5681 section 3.1. */
static uint64_t cwnd_init(const struct appendix_a *a)
{
	if (a->smss > 2190)
		return 2 * a->smss;
	if (a->smss > 1095)
		return 3 * a->smss;
	return 4 * a->smss;
}

static void start(struct appendix_a *a)
{
	a->cwnd = cwnd_init(a);
	a->ssthresh = UINT64_MAX;
	a->accumulator = 0;
	a->used = false;
}

static struct rtmfp_cc *new (const struct rtmfp_mem *mem, size_t smss, uint64_t now)
{
	struct appendix_a *a = rtmfp_alloc(mem, sizeof(*a));

	(void)now;
	if (!a)
		return NULL;
	a->base.ops = &rtmfp_cc_rfc7016;
	a->smss = smss;
	start(a);
	return &a->base;
}

static void destroy(struct rtmfp_cc *cc, const struct rtmfp_mem *mem)
{
	rtmfp_free(mem, cc);
}

static void decrease(struct appendix_a *a, const struct rtmfp_cc_ack *ack)
{
	uint64_t reduced = a->cwnd;

	if (ack->newest_lost >= a->recover) {
		reduced = ack->pre_outstanding / 2;
		if (ack->tc_sent || (ack->pre_outstanding > SCALABLE && ack->fastgrow_allowed))
			reduced = ack->pre_outstanding * 7 / 8;
		a->recover = ack->next_tsn;
		a->carried = ack->pre_outstanding;
	}
	a->carried -= min(a->carried, ack->lost);
	a->ssthresh = max(min(reduced, a->carried), cwnd_init(a));
	a->cwnd = a->ssthresh;
	a->accumulator = 0;
}

/* The additive increase: |step| bytes for every |threshold| bytes acknowledged. */
static uint64_t additive(struct appendix_a *a, uint64_t acked, uint64_t threshold_cap, uint64_t step)
{
	uint64_t threshold = min(max(a->cwnd / 16, 64), threshold_cap);
	uint64_t steps;

	a->accumulator += acked;
	steps = a->accumulator / threshold;
	a->accumulator %= threshold;
	return steps * step;
}

static void increase(struct appendix_a *a, const struct rtmfp_cc_ack *ack)
{
	uint64_t more;

	if (ack->fastgrow_allowed) {
		if (a->cwnd < a->ssthresh)
			more = ack->acked;
		else
			more = additive(a, ack->acked, 4800, 48);
	} else if (a->cwnd < a->ssthresh && ack->tc_sent) {
		more = (ack->acked + 3) / 4;
	} else {
		more = additive(a, ack->acked, ack->tc_sent ? 2400 : 4800, 24);
	}
	a->cwnd = max(a->cwnd + min(more, max(a->smss, ack->acked)), cwnd_init(a));
	a->cwnd = min(a->cwnd, CWND_MAX);
}

/* Figure 25. */
static void on_ack_packet(struct rtmfp_cc *cc, const struct rtmfp_cc_ack *ack)
{
	struct appendix_a *a = cast(cc);

	a->used = true;
	if (ack->any_loss)
		decrease(a, ack);
	else if (!ack->any_nak && (ack->limited || ack->pre_outstanding + a->smss >= a->cwnd))
		increase(a, ack);
}

/* Figure 24. */
static void on_timeout(struct rtmfp_cc *cc, bool was_loss, uint64_t now)
{
	struct appendix_a *a = cast(cc);

	(void)now;
	a->used = true;
	a->ssthresh = max(a->ssthresh, a->cwnd * 3 / 4);
	a->accumulator = 0;
	a->cwnd = was_loss ? a->smss : cwnd_init(a);
}

static void on_path_change(struct rtmfp_cc *cc, uint64_t now)
{
	(void)now;
	start(cast(cc));
}

static void on_datagram(struct rtmfp_cc *cc, size_t smss)
{
	struct appendix_a *a = cast(cc);

	a->smss = smss;
	if (!a->used)
		start(a);
}

static uint64_t cwnd(const struct rtmfp_cc *cc)
{
	return ((const struct appendix_a *)cc)->cwnd;
}

/* Twice the window per round trip while it doubles, then a quarter more than the window. */
static uint64_t pacing_rate(const struct rtmfp_cc *cc, uint64_t rtt)
{
	const struct appendix_a *a = (const struct appendix_a *)cc;
	uint64_t per_rtt = a->cwnd < a->ssthresh ? a->cwnd * 2 : a->cwnd * 5 / 4;

	return rtt > 0 ? per_rtt * RTMFP_S(1) / rtt : 0;
}

const struct rtmfp_cc_ops rtmfp_cc_rfc7016 = {
	.name = "rfc7016",
	.new = new,
	.free = destroy,
	.on_ack_packet = on_ack_packet,
	.on_timeout = on_timeout,
	.on_path_change = on_path_change,
	.on_datagram = on_datagram,
	.cwnd = cwnd,
	.pacing_rate = pacing_rate,
};
