/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The event loop: epoll for descriptors, one timerfd on CLOCK_BOOTTIME, one signalfd. Called by the daemon.
 */
#include "config.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "linux_loop.h"

#define EVENTS_MAX    16
#define NS_PER_SECOND 1000000000u

struct linux_loop {
	struct linux_loop_calls calls;
	int epoll;
	uint64_t deadline; /* what the owner wants */
	uint64_t armed;	   /* what the timer is set to; never later than needed, sometimes earlier */
	struct linux_watch timer;
	struct linux_watch signals; /* fd -1: signals are not ours */
	sigset_t saved_mask;

	struct epoll_event events[EVENTS_MAX]; /* of the running iteration */
	int next_event;			       /* the first that is not handled yet */
	int event_count;
	bool stopped;
	int stop_code;
};

uint64_t linux_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_BOOTTIME, &t);
	return (uint64_t)t.tv_sec * NS_PER_SECOND + (uint64_t)t.tv_nsec;
}

static uint32_t to_epoll(unsigned events)
{
	return ((events & LINUX_READABLE) ? EPOLLIN : 0u) | ((events & LINUX_WRITABLE) ? EPOLLOUT : 0u);
}

static void timer_ready(void *ctx, unsigned events, uint64_t now)
{
	struct linux_loop *loop = ctx;
	uint64_t expirations;

	(void)events;
	(void)now;
	/* Only to take the readiness away: the deadline itself is compared with the time in every iteration.
	 */
	if (read(loop->timer.fd, &expirations, sizeof(expirations)) == sizeof(expirations))
		loop->armed = LINUX_NEVER;
}

static void signals_ready(void *ctx, unsigned events, uint64_t now)
{
	struct linux_loop *loop = ctx;
	struct signalfd_siginfo info;

	(void)events;
	while (read(loop->signals.fd, &info, sizeof(info)) == sizeof(info))
		loop->calls.signal(loop->calls.ctx, (int)info.ssi_signo, now);
}

static int open_timer(struct linux_loop *loop)
{
	loop->timer.fd = timerfd_create(CLOCK_BOOTTIME, TFD_NONBLOCK | TFD_CLOEXEC);
	if (loop->timer.fd < 0)
		return -errno;
	loop->timer.ready = timer_ready;
	loop->timer.ctx = loop;
	return linux_loop_add(loop, &loop->timer, LINUX_READABLE);
}

static int open_signals(struct linux_loop *loop)
{
	sigset_t wanted;

	sigemptyset(&wanted);
	sigaddset(&wanted, SIGTERM);
	sigaddset(&wanted, SIGINT);
	sigaddset(&wanted, SIGHUP);
	loop->signals.fd = signalfd(-1, &wanted, SFD_NONBLOCK | SFD_CLOEXEC);
	if (loop->signals.fd < 0)
		return -errno;
	if (pthread_sigmask(SIG_BLOCK, &wanted, &loop->saved_mask) != 0) {
		close(loop->signals.fd);
		loop->signals.fd = -1;
		return -EINVAL;
	}
	loop->signals.ready = signals_ready;
	loop->signals.ctx = loop;
	return linux_loop_add(loop, &loop->signals, LINUX_READABLE);
}

struct linux_loop *linux_loop_new(const struct linux_loop_calls *calls, struct linux_error *error)
{
	struct linux_loop *loop = calloc(1, sizeof(*loop));
	int result = -ENOMEM;

	if (loop == NULL)
		goto failed;
	loop->calls = *calls;
	loop->deadline = LINUX_NEVER;
	loop->armed = LINUX_NEVER;
	loop->timer.fd = -1;
	loop->signals.fd = -1;
	loop->epoll = epoll_create1(EPOLL_CLOEXEC);
	result = loop->epoll < 0 ? -errno : open_timer(loop);
	if (result == 0 && calls->signal != NULL)
		result = open_signals(loop);
	if (result == 0)
		return loop;
	linux_loop_free(loop);
failed:
	linux_error_set(error, -result, "cannot make an event loop: %s", strerror(-result));
	return NULL;
}

void linux_loop_free(struct linux_loop *loop)
{
	if (loop == NULL)
		return;
	if (loop->signals.fd >= 0) {
		close(loop->signals.fd);
		pthread_sigmask(SIG_SETMASK, &loop->saved_mask, NULL);
	}
	if (loop->timer.fd >= 0)
		close(loop->timer.fd);
	if (loop->epoll >= 0)
		close(loop->epoll);
	free(loop);
}

int linux_loop_add(struct linux_loop *loop, struct linux_watch *watch, unsigned events)
{
	struct epoll_event event = { .events = to_epoll(events), .data.ptr = watch };

	watch->events = events;
	if (epoll_ctl(loop->epoll, EPOLL_CTL_ADD, watch->fd, &event) != 0)
		return -errno;
	return 0;
}

void linux_loop_modify(struct linux_loop *loop, struct linux_watch *watch, unsigned events)
{
	struct epoll_event event = { .events = to_epoll(events), .data.ptr = watch };

	if (watch->events == events)
		return;
	/* Fails only for a descriptor that is not in the set, which would be a mistake of the caller's. */
	if (epoll_ctl(loop->epoll, EPOLL_CTL_MOD, watch->fd, &event) == 0)
		watch->events = events;
}

void linux_loop_remove(struct linux_loop *loop, struct linux_watch *watch)
{
	epoll_ctl(loop->epoll, EPOLL_CTL_DEL, watch->fd, NULL);
	watch->events = 0;
	for (int i = loop->next_event; i < loop->event_count; i++) {
		if (loop->events[i].data.ptr == watch)
			loop->events[i].data.ptr = NULL;
	}
}

void linux_loop_set_deadline(struct linux_loop *loop, uint64_t deadline)
{
	loop->deadline = deadline;
}

void linux_loop_stop(struct linux_loop *loop, int code)
{
	loop->stopped = true;
	loop->stop_code = code;
}

/*
 * Sets the timer for the deadline, if it does not fire early enough already: deadlines mostly move on, and
 * one needless wake-up is cheaper than setting the timer on each move.
 */
static void arm(struct linux_loop *loop)
{
	struct itimerspec at = { 0 };

	if (loop->deadline >= loop->armed)
		return;
	at.it_value.tv_sec = (time_t)(loop->deadline / NS_PER_SECOND);
	at.it_value.tv_nsec = (long)(loop->deadline % NS_PER_SECOND);
	if (timerfd_settime(loop->timer.fd, TFD_TIMER_ABSTIME, &at, NULL) == 0)
		loop->armed = loop->deadline;
}

static void dispatch(struct linux_loop *loop, uint64_t now)
{
	for (loop->next_event = 0; loop->next_event < loop->event_count;) {
		const struct epoll_event *event = &loop->events[loop->next_event++];
		struct linux_watch *watch = event->data.ptr;
		unsigned events = 0;

		if (watch == NULL)
			continue;
		if (event->events & EPOLLIN)
			events |= LINUX_READABLE;
		if (event->events & EPOLLOUT)
			events |= LINUX_WRITABLE;
		/* Whoever waits learns of the failure by the read or write that it then tries. */
		if (event->events & (EPOLLERR | EPOLLHUP))
			events |= LINUX_BROKEN | watch->events;
		events &= watch->events | LINUX_BROKEN;
		if (events != 0)
			watch->ready(watch->ctx, events, now);
	}
	loop->event_count = 0;
	loop->next_event = 0;
}

static void before_sleep(struct linux_loop *loop)
{
	if (loop->calls.before_sleep != NULL)
		loop->calls.before_sleep(loop->calls.ctx, linux_now());
}

int linux_loop_run(struct linux_loop *loop)
{
	loop->stopped = false;
	before_sleep(loop);
	while (!loop->stopped) {
		int timeout = -1;
		uint64_t now;

		if (loop->deadline != LINUX_NEVER) {
			if (loop->deadline <= linux_now())
				timeout = 0;
			else
				arm(loop);
		}
		loop->event_count = epoll_wait(loop->epoll, loop->events, EVENTS_MAX, timeout);
		if (loop->event_count < 0) {
			loop->event_count = 0;
			if (errno != EINTR)
				return -errno;
		}
		now = linux_now();
		dispatch(loop, now);
		if (loop->deadline <= now) {
			loop->deadline = LINUX_NEVER;
			if (loop->calls.deadline != NULL)
				loop->calls.deadline(loop->calls.ctx, now);
		}
		before_sleep(loop);
	}
	return loop->stop_code;
}
