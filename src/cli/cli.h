/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of the flowtun command share. Each command is one function that returns the exit code. */
#ifndef CLI_H
#define CLI_H

#include <limits.h>
#include <net/if.h>
#include "daemon_args.h"

/* |argv[0]| is the command's own name. */
int cli_up(int argc, char **argv);
int cli_down(int argc, char **argv);
int cli_show(int argc, char **argv);
int cli_genkey(int argc, char **argv);
int cli_pubkey(int argc, char **argv);
int cli_genpsk(int argc, char **argv);

/** cli_failed prints "flowtun: " and the sentence to stderr and returns EXIT_FAILED. */
int cli_failed(const char *format, ...) __attribute__((format(printf, 1, 2)));
/** cli_misused prints the same, where help is, and returns EXIT_USAGE. */
int cli_misused(const char *command, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* A configuration that was named on the command line. */
struct cli_target {
	char interface[IF_NAMESIZE];
	char path[PATH_MAX]; /* absolute; "": a name, and there is no such file */
};

/**
 * cli_find_target understands a path (anything with a "/", or ending in ".conf") or an interface's name,
 * whose file is looked for in SYSCONFDIR/flowtun, /etc/flowtun and /etc/wireguard. Returns 0, or -1 after
 * having said why.
 */
int cli_find_target(struct cli_target *target, const char *word) __attribute__((warn_unused_result));

#endif
