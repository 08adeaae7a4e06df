/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The event loop: descriptors, one deadline, signals, and a moment before each sleep.
 *
 * One iteration is: wait; take the time once; call the watches whose descriptors are ready; call `deadline`
 * if it is past; take the time again; call `before_sleep`. All output that the iteration caused is meant to
 * be flushed in before_sleep, so that what many events produced leaves in one batch. Nothing is allocated
 * after linux_loop_new, and the timer costs a system call only when it has to fire earlier than it is set.
 *
 * Everything happens on the thread that calls linux_loop_run. Callbacks may call any function here except
 * linux_loop_run and linux_loop_free.
 */
#ifndef LINUX_LOOP_H
#define LINUX_LOOP_H

#include "linux_types.h"

#define LINUX_NEVER UINT64_MAX

/** linux_now returns CLOCK_BOOTTIME in ns: it never runs back and counts time asleep. */
uint64_t linux_now(void);

/* What a descriptor is watched for, and what it is ready for. */
enum {
	LINUX_READABLE = 1,
	LINUX_WRITABLE = 2,
	LINUX_BROKEN = 4, /* an error or hang-up: given unasked, together with what is watched for */
};

struct linux_loop;

/*
 * One watched descriptor. The caller owns it, fills in the first three members and keeps it in place from
 * linux_loop_add to linux_loop_remove; the loop owns the rest.
 */
struct linux_watch {
	int fd; /* non-blocking; stays the caller's to close, after linux_loop_remove */
	void (*ready)(void *ctx, unsigned events, uint64_t now);
	void *ctx;
	unsigned events; /* what is watched for now; 0 when not in the loop or paused */
};

/* What the loop calls; each may be NULL. */
struct linux_loop_calls {
	/* The deadline is past. It is LINUX_NEVER again when this is called. */
	void (*deadline)(void *ctx, uint64_t now);
	/* All events of this iteration were handled; also called once before the first sleep and once at the
	 * end. */
	void (*before_sleep)(void *ctx, uint64_t now);
	/* SIGTERM, SIGINT or SIGHUP arrived. */
	void (*signal)(void *ctx, int number, uint64_t now);
	void *ctx;
};

/**
 * linux_loop_new makes a loop and, iff |calls|->signal is set, blocks SIGTERM, SIGINT and SIGHUP in the
 * calling thread, so that they arrive through the loop (a child that is started later inherits this mask and
 * must reset it). |calls| is copied.
 *
 * Returns NULL with |error| filled in when descriptors or memory are exhausted.
 */
LINUX_MUST_CHECK struct linux_loop *linux_loop_new(const struct linux_loop_calls *calls,
						   struct linux_error *error);
/** linux_loop_free releases |loop| (which may be NULL) and restores the signal mask. */
void linux_loop_free(struct linux_loop *loop);

/**
 * linux_loop_add begins to watch |watch|->fd for |events| (LINUX_READABLE, LINUX_WRITABLE, both, or 0: only
 * LINUX_BROKEN). Readiness is a level: a callback that leaves data unread is called again.
 *
 * Returns 0, or -errno (-ENOMEM, -ENOSPC: limits of epoll; -EPERM: a descriptor that is always ready).
 */
LINUX_MUST_CHECK int linux_loop_add(struct linux_loop *loop, struct linux_watch *watch, unsigned events);
/** linux_loop_modify changes what |watch| waits for; costs nothing when |events| is what it waits for
 * already. */
void linux_loop_modify(struct linux_loop *loop, struct linux_watch *watch, unsigned events);
/**
 * linux_loop_remove ends watching. Its callback is not called any more, not even for an event of the running
 * iteration; |watch| may be freed at once. To be called before the descriptor is closed.
 */
void linux_loop_remove(struct linux_loop *loop, struct linux_watch *watch);

/**
 * linux_loop_set_deadline sets the one deadline, absolute, replacing the last; LINUX_NEVER: none. A deadline
 * that is past is called in the next iteration, without sleep. Cheap: a plain store.
 */
void linux_loop_set_deadline(struct linux_loop *loop, uint64_t deadline);

/**
 * linux_loop_run runs until linux_loop_stop. The iteration in which that is called is finished, with
 * before_sleep.
 *
 * Returns what linux_loop_stop was given, or -errno if waiting itself failed (never in practice).
 */
LINUX_MUST_CHECK int linux_loop_run(struct linux_loop *loop);
/** linux_loop_stop makes linux_loop_run return |code|. */
void linux_loop_stop(struct linux_loop *loop, int code);

#endif
