/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Round-trip time (RFC 7016 section 3.5.2.2). Touches the given struct only; flows.c calls it. */
#include "rtt.h"

#define TICK	      RTMFP_MS(4)
#define MRTO_INITIAL  RTMFP_MS(250)
#define FAR_ACK_DELAY RTMFP_MS(200) /* that the far end may take (3.6.3.4.4) */
#define RTT_TICKS_MAX 32767u
#define MIN_WINDOW    RTMFP_S(30)
/*
 * Timestamps and the time in between are each rounded down to ticks, so the true RTT is less than the
 * measured one plus a tick.
 */
#define TIMESTAMP_ERROR TICK

static void forget(struct rtmfp_rtt *rtt, uint64_t now)
{
	rtt->has_srtt = false;
	rtt->srtt = 0;
	rtt->rttvar = 0;
	rtt->latest = 0;
	rtt->smoothed = 0;
	rtt->min[0] = rtt->min[1] = RTMFP_NEVER;
	rtt->window_start = now;
	rtt->valid_from = now;
}

void rtmfp_rtt_init(struct rtmfp_rtt *rtt, const struct rtmfp_params *params, uint64_t now)
{
	*rtt = (struct rtmfp_rtt){ .params = params };
	rtt->mrto = MRTO_INITIAL;
	rtt->erto = rtt->unbacked = params->erto_initial;
	forget(rtt, now);
}

void rtmfp_rtt_path_changed(struct rtmfp_rtt *rtt, uint64_t now)
{
	forget(rtt, now);
	/* The best guess for a path of which nothing is known, unless that of the old one has been backed
	 * off. */
	rtt->erto = rtt->unbacked;
}

uint16_t rtmfp_rtt_timestamp(uint64_t now)
{
	return (uint16_t)(now / TICK);
}

static void measure(struct rtmfp_rtt *rtt, uint64_t sample)
{
	if (rtt->has_srtt) {
		uint64_t delta = rtt->srtt > sample ? rtt->srtt - sample : sample - rtt->srtt;

		rtt->rttvar = (3 * rtt->rttvar + delta) / 4;
		rtt->srtt = (7 * rtt->srtt + sample) / 8;
	} else {
		rtt->has_srtt = true;
		rtt->srtt = sample;
		rtt->rttvar = sample / 2;
	}
	rtt->latest = sample;
	rtt->mrto = rtt->srtt + 4 * rtt->rttvar + FAR_ACK_DELAY;
	rtt->erto = rtt->unbacked = rtt->mrto > rtt->params->erto_min ? rtt->mrto : rtt->params->erto_min;
}

void rtmfp_rtt_received(struct rtmfp_rtt *rtt, const struct rtmfp_packet_header *h, uint64_t now)
{
	if (h->has_timestamp && (!rtt->has_ts_rx || h->timestamp != rtt->ts_rx)) {
		rtt->has_ts_rx = true;
		rtt->ts_rx = h->timestamp;
		rtt->ts_rx_time = now;
	}
	if (h->has_timestamp_echo && (!rtt->has_ts_echo_rx || h->timestamp_echo != rtt->ts_echo_rx)) {
		uint16_t ticks = (uint16_t)(rtmfp_rtt_timestamp(now) - h->timestamp_echo);

		rtt->has_ts_echo_rx = true;
		rtt->ts_echo_rx = h->timestamp_echo;
		if (ticks <= RTT_TICKS_MAX)
			measure(rtt, ticks * TICK);
	}
}

void rtmfp_rtt_fill(struct rtmfp_rtt *rtt, struct rtmfp_packet_header *h, uint64_t now)
{
	uint16_t timestamp = rtmfp_rtt_timestamp(now);

	h->has_timestamp = !rtt->has_ts_tx || timestamp != rtt->ts_tx;
	if (h->has_timestamp) {
		rtt->has_ts_tx = true;
		rtt->ts_tx = h->timestamp = timestamp;
	}

	h->has_timestamp_echo = false;
	if (!rtt->has_ts_rx)
		return;
	if (now - rtt->ts_rx_time > rtt->params->timestamp_max_age) {
		rtt->has_ts_rx = false;
		rtt->has_ts_echo_tx = false;
		return;
	}
	h->timestamp_echo = (uint16_t)(rtt->ts_rx + (now - rtt->ts_rx_time) / TICK);
	h->has_timestamp_echo = !rtt->has_ts_echo_tx || h->timestamp_echo != rtt->ts_echo_tx;
	rtt->has_ts_echo_tx = true;
	rtt->ts_echo_tx = h->timestamp_echo;
}

void rtmfp_rtt_backoff(struct rtmfp_rtt *rtt)
{
	uint64_t erto = rtt->erto / 10000 * 14142;

	if (erto > rtt->params->erto_max)
		erto = rtt->params->erto_max;
	rtt->erto = erto > rtt->mrto ? erto : rtt->mrto;
}

static void note_min(struct rtmfp_rtt *rtt, uint64_t sample, uint64_t now)
{
	if (now - rtt->window_start >= MIN_WINDOW) {
		rtt->min[1] = rtt->min[0];
		rtt->min[0] = RTMFP_NEVER;
		rtt->window_start = now;
	}
	if (sample < rtt->min[0])
		rtt->min[0] = sample;
}

void rtmfp_rtt_sample(struct rtmfp_rtt *rtt, uint64_t sample, uint64_t now)
{
	if (sample == 0)
		sample = 1;
	note_min(rtt, sample, now);
	rtt->smoothed = rtt->smoothed > 0 ? rtt->smoothed - rtt->smoothed / 8 + sample / 8 : sample;
	if (rtt->smoothed == 0)
		rtt->smoothed = 1;
	/* A new path's first ERTO need not wait for a timestamp to come back. */
	if (!rtt->has_srtt)
		measure(rtt, sample);
}

/*
 * A sample that the far end's delay may be in is used only if it does no harm: never above what the last
 * timestamp echo allows; and unless the far end had a reason not to wait, only when nothing better is known,
 * or to correct the smoothed value downwards.
 */
void rtmfp_rtt_acked(struct rtmfp_rtt *rtt, const struct rtmfp_rtt_ack *ack, uint64_t now)
{
	uint64_t sample = now > ack->sent ? now - ack->sent : 1;
	bool bounded = rtt->has_srtt && sample <= rtt->latest + TIMESTAMP_ERROR;

	if (ack->sent < rtt->valid_from)
		return;
	if (rtt->has_srtt ? bounded && (ack->prompt || rtt->smoothed == 0 || sample < rtt->smoothed)
			  : ack->prompt)
		rtmfp_rtt_sample(rtt, sample, now);
	else
		note_min(rtt, sample, now);
}

uint64_t rtmfp_rtt_min(const struct rtmfp_rtt *rtt)
{
	uint64_t least = rtt->min[0] < rtt->min[1] ? rtt->min[0] : rtt->min[1];

	return least == RTMFP_NEVER ? 0 : least;
}

uint64_t rtmfp_rtt_best(const struct rtmfp_rtt *rtt)
{
	return rtt->smoothed > 0 ? rtt->smoothed : rtt->srtt;
}
