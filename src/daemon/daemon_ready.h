/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How flowtund leaves its terminal, and how whoever started it learns that the interface is up, or the one
 * sentence why it is not. Three listeners: --ready-fd's reader (`flowtun up`), the waiting parent of a
 * detached flowtund, and systemd (NOTIFY_SOCKET).
 *
 * On --ready-fd: "ok\n", or "error: " sentence "\n", then EOF. EOF alone: flowtund died.
 */
#ifndef DAEMON_READY_H
#define DAEMON_READY_H

#include <stdbool.h>

struct ready {
	int fd;	       /* --ready-fd, or -1 */
	int parent_fd; /* the waiting parent's pipe, or -1 */
	bool said;     /* ready_ok or ready_fail has been called */
};

/** ready_init takes over |ready_fd| (-1: none) and makes it close-on-exec. Returns 0, or -1: no such
 * descriptor. */
int ready_init(struct ready *ready, int ready_fd) __attribute__((warn_unused_result));

/**
 * ready_detach forks; the caller goes on in the child, a session leader without terminal whose standard
 * descriptors are /dev/null (stderr: |log_fd| unless that is -1) and whose directory is /. The parent stays
 * until ready_ok or ready_fail and exits 0 or, with the sentence on stderr, 1; with --ready-fd it exits 0
 * at once and that is the place to look.
 *
 * Call it before there are threads, and after all relative paths have been used. Returns 0 in the child, or
 * -1 with errno set.
 */
int ready_detach(struct ready *ready, int log_fd) __attribute__((warn_unused_result));

/**
 * ready_ok says that the interface is up; once.
 *
 * Returns 0, or -1: whoever started us has given up waiting (interrupted), so the daemon should end.
 */
int ready_ok(struct ready *ready) __attribute__((warn_unused_result));
/**
 * ready_fail tells whoever waits why not; a no-op after either. Logging it is the caller's; when nobody waits
 * and the log is not on stderr, the sentence goes there.
 */
void ready_fail(struct ready *ready, const char *sentence);

#endif
