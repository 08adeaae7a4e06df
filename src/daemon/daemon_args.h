/* SPDX-License-Identifier: GPL-2.0-or-later */
/* flowtund's command line. No secret is ever on it. */
#ifndef DAEMON_ARGS_H
#define DAEMON_ARGS_H

#include "daemon_log.h"

/* Exit codes of both programs. */
enum { EXIT_OK = 0, EXIT_FAILED = 1, EXIT_USAGE = 2 };

struct daemon_args {
	bool foreground; /* stay; log to stderr */
	int ready_fd;	 /* where to say that the interface is up, or why not; -1: nowhere */
	enum log_level log_level;
	const char *log_file;	 /* append the log here; NULL: stderr, or syslog when detached */
	const char *state_dir;	 /* absolute */
	const char *interface;	 /* a valid name */
	const char *config_path; /* as given */
};

/**
 * daemon_args_parse fills |*args| with pointers into |argv|. May be called once.
 *
 * Returns -1: go on; else the exit code, everything having been printed (--help, --version: EXIT_OK;
 * a mistake: EXIT_USAGE).
 */
int daemon_args_parse(struct daemon_args *args, int argc, char **argv) __attribute__((warn_unused_result));

#endif
