/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pacing. Touches the given struct only; flows.c calls it. */
#include "pacer.h"

#define SECOND		RTMFP_S(1)
#define BURST_DATAGRAMS 10u
#define BURST_TIME	RTMFP_MS(2)
#define QUANTUM_TIME	RTMFP_MS(1) /* wake up so often at most */
#define RATE_MIN	1000u

void rtmfp_pacer_set(struct rtmfp_pacer *pacer, uint64_t rate, size_t datagram, uint64_t now)
{
	uint64_t old = pacer->rate;

	if (rate == 0 || rate > RTMFP_PACER_RATE_MAX) {
		*pacer = (struct rtmfp_pacer){ .rate = 0 };
		return;
	}
	if (rate < RATE_MIN)
		rate = RATE_MIN;
	pacer->rate = rate;
	pacer->burst = BURST_DATAGRAMS * (uint64_t)datagram * SECOND / rate;
	if (pacer->burst < BURST_TIME)
		pacer->burst = BURST_TIME;
	/*
	 * The debt is time at the rate of when it was made. It is short, so that only a leap of the rate is
	 * worth converting it; small steps would lose by rounding what they gain.
	 */
	if (pacer->debt > now && (rate / 2 > old || old / 2 > rate))
		pacer->debt = now + (pacer->debt - now) / 1000 * old / rate * 1000;
}

void rtmfp_pacer_sent(struct rtmfp_pacer *pacer, size_t bytes, uint64_t now)
{
	if (pacer->rate == 0)
		return;
	if (pacer->debt < now)
		pacer->debt = now;
	pacer->debt += (uint64_t)bytes * SECOND / pacer->rate;
}

uint64_t rtmfp_pacer_next(const struct rtmfp_pacer *pacer)
{
	uint64_t quantum = QUANTUM_TIME < pacer->burst / 2 ? QUANTUM_TIME : pacer->burst / 2;

	return pacer->debt - pacer->burst + quantum;
}
