/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The heap of timer.h. */
#include "timer.h"

#include <assert.h>
#include <string.h>

void rtmfp_timers_init(struct rtmfp_timers *t, const struct rtmfp_mem *mem)
{
	*t = (struct rtmfp_timers){ .mem = mem };
}

void rtmfp_timers_fini(struct rtmfp_timers *t)
{
	assert(t->known == 0);
	rtmfp_free(t->mem, t->heap);
	t->heap = NULL;
}

static void place(struct rtmfp_timers *t, size_t i, struct rtmfp_timer *timer)
{
	t->heap[i] = timer;
	timer->index = i;
}

static void sift_up(struct rtmfp_timers *t, size_t i)
{
	struct rtmfp_timer *timer = t->heap[i];

	for (; i > 1 && t->heap[i / 2]->at > timer->at; i /= 2)
		place(t, i, t->heap[i / 2]);
	place(t, i, timer);
}

static void sift_down(struct rtmfp_timers *t, size_t i)
{
	struct rtmfp_timer *timer = t->heap[i];

	for (size_t child; (child = 2 * i) <= t->count; i = child) {
		if (child < t->count && t->heap[child + 1]->at < t->heap[child]->at)
			child++;
		if (timer->at <= t->heap[child]->at)
			break;
		place(t, i, t->heap[child]);
	}
	place(t, i, timer);
}

int rtmfp_timer_init(struct rtmfp_timers *t, struct rtmfp_timer *timer, void (*fire)(void *, uint64_t),
		     void *ctx)
{
	*timer = (struct rtmfp_timer){ .at = RTMFP_NEVER };
	if (t->known == t->cap) {
		size_t cap = t->cap ? 2 * t->cap : 16;
		struct rtmfp_timer **heap = rtmfp_alloc(t->mem, (cap + 1) * sizeof(*heap));

		if (!heap)
			return RTMFP_ERR_NOMEM;
		if (t->heap)
			memcpy(heap, t->heap, (t->count + 1) * sizeof(*heap));
		rtmfp_free(t->mem, t->heap);
		t->heap = heap;
		t->cap = cap;
	}
	t->known++;
	timer->fire = fire;
	timer->ctx = ctx;
	return 0;
}

static void disarm(struct rtmfp_timers *t, struct rtmfp_timer *timer)
{
	size_t i = timer->index;
	struct rtmfp_timer *last;

	timer->at = RTMFP_NEVER;
	if (i == 0)
		return;
	timer->index = 0;
	last = t->heap[t->count--];
	if (last == timer)
		return;
	place(t, i, last);
	sift_up(t, i);
	sift_down(t, last->index);
}

void rtmfp_timer_fini(struct rtmfp_timers *t, struct rtmfp_timer *timer)
{
	if (!timer->fire)
		return;
	disarm(t, timer);
	timer->fire = NULL;
	t->known--;
}

void rtmfp_timer_set(struct rtmfp_timers *t, struct rtmfp_timer *timer, uint64_t at)
{
	assert(timer->fire);
	if (at < t->floor)
		at = t->floor;
	if (timer->at == at)
		return;
	if (at == RTMFP_NEVER) {
		disarm(t, timer);
		return;
	}
	timer->at = at;
	if (timer->index == 0)
		place(t, ++t->count, timer);
	sift_up(t, timer->index);
	sift_down(t, timer->index);
}

void rtmfp_timers_fire(struct rtmfp_timers *t, uint64_t now)
{
	t->floor = now + 1;
	while (t->count && t->heap[1]->at <= now) {
		struct rtmfp_timer *timer = t->heap[1];

		disarm(t, timer);
		timer->fire(timer->ctx, now);
	}
	t->floor = 0;
}
