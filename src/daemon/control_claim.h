/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who runs an interface: a lock file that its flowtund holds locked, in a directory for each network
 * namespace. For control.c and control_client.c.
 */
#ifndef CONTROL_CLAIM_H
#define CONTROL_CLAIM_H

#include <limits.h>
#include "daemon_control.h"

struct claim_paths {
	char dir[PATH_MAX]; /* of this network namespace */
	char lock[PATH_MAX];
	char sock[PATH_MAX];
};

struct claim {
	int lock_fd;
	char rundir[PATH_MAX];
	struct claim_paths paths;
};

/** claim_find_paths fills |*paths|. Returns 0, or -1 with |error|: /proc is missing, a name is too long. */
int claim_find_paths(struct claim_paths *paths, const char *rundir, const char *interface,
		     char error[CONTROL_ERROR_MAX]) RTMFP_MUST_CHECK;

/**
 * claim_take takes |interface| for this process and removes what dead ones left, its old socket included.
 * Returns 0, or -1 with |error|.
 */
int claim_take(struct claim *claim, const char *rundir, const char *interface,
	       char error[CONTROL_ERROR_MAX]) RTMFP_MUST_CHECK;
/** claim_release removes socket and lock file, then unlocks. */
void claim_release(struct claim *claim);

/** claim_is_held: does a living process hold the lock file |path|? False also when there is no such file. */
bool claim_is_held(const char *path);

/** claim_sweep removes sockets and lock files that no living process holds, in all namespaces' directories.
 */
void claim_sweep(const char *rundir);

#endif
