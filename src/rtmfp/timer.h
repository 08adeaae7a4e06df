/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Deadlines of an endpoint: an intrusive binary heap. A timer is embedded in what waits for it; the heap
 * holds pointers and allocates only when more timers are armed at once than ever before.
 */
#ifndef TIMER_H
#define TIMER_H

#include "rtmfp_types.h"

struct rtmfp_timer {
	uint64_t at;			       /* RTMFP_NEVER: not armed */
	size_t index;			       /* place in the heap, 1-based; 0: not armed */
	void (*fire)(void *ctx, uint64_t now); /* called disarmed; may arm it again, for later than |now| */
	void *ctx;
};

struct rtmfp_timers {
	const struct rtmfp_mem *mem;
	struct rtmfp_timer **heap; /* heap[1] is the earliest */
	size_t count, cap;	   /* cap: timers that fit */
	size_t known;		   /* timers initialised and not finished: what cap must hold */
	uint64_t floor; /* while timers fire: none is armed for earlier, or one could fire for ever */
};

void rtmfp_timers_init(struct rtmfp_timers *t, const struct rtmfp_mem *mem);
void rtmfp_timers_fini(struct rtmfp_timers *t);

/** rtmfp_timer_init reserves a place for |timer|, so that arming it never fails. Returns 0 or
 * RTMFP_ERR_NOMEM. */
int rtmfp_timer_init(struct rtmfp_timers *t, struct rtmfp_timer *timer, void (*fire)(void *, uint64_t),
		     void *ctx) RTMFP_MUST_CHECK;
/** rtmfp_timer_fini disarms it and gives its place back; a zeroed timer is allowed. */
void rtmfp_timer_fini(struct rtmfp_timers *t, struct rtmfp_timer *timer);
/** rtmfp_timer_set arms |timer| for |at|; RTMFP_NEVER disarms it. */
void rtmfp_timer_set(struct rtmfp_timers *t, struct rtmfp_timer *timer, uint64_t at);

static inline uint64_t rtmfp_timers_next(const struct rtmfp_timers *t)
{
	return t->count ? t->heap[1]->at : RTMFP_NEVER;
}

/** rtmfp_timers_fire fires what is due at |now|, each timer at most once. */
void rtmfp_timers_fire(struct rtmfp_timers *t, uint64_t now);

#endif
