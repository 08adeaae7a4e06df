/* SPDX-License-Identifier: GPL-2.0-or-later */
/* flowtund's command line (daemon_args.h). Prints help, version and mistakes; called by main() alone. */
#include "config.h"
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "daemon_args.h"
#include "daemon_config.h"
#include "text.h"

static const char usage[] = "Usage: flowtund [OPTION]... --interface NAME CONFIG\n";

static const char help[] =
	"Runs one tunnel interface as the wg-quick file CONFIG describes it. People use flowtun(8) instead.\n"
	"\n"
	"  -i, --interface NAME  the interface to create\n"
	"  -f, --foreground      stay attached; log to stderr\n"
	"  -l, --log-level L     error, warn, info (default), debug or trace\n"
	"      --log-file FILE   append the log to FILE (default: stderr; syslog when not --foreground)\n"
	"      --state-dir DIR   where peers' addresses are remembered (default: " STATEDIR ")\n"
	"      --ready-fd N      say \"ok\" or \"error: ...\" on descriptor N when the interface is up, or "
	"not\n"
	"  -h, --help            print this\n"
	"  -V, --version         print the version\n"
	"\n"
	"Exit status: 0 ended as told, 1 failed (one sentence says why), 2 wrong usage.\n";

static int mistake(const char *what, const char *found, const char *expected)
{
	char quoted[80];

	fprintf(stderr, "flowtund: found %s%s\"%s\", expected %s\n", what, *what ? " " : "",
		text_quote(quoted, sizeof(quoted), found), expected);
	fputs("Try 'flowtund --help'.\n", stderr);
	return EXIT_USAGE;
}

static int missing(const char *what)
{
	fprintf(stderr, "flowtund: %s is missing\n%s", what, usage);
	return EXIT_USAGE;
}

enum { OPTION_LOG_FILE = 256, OPTION_STATE_DIR, OPTION_READY_FD };

static const struct option options[] = {
	{ "interface", required_argument, NULL, 'i' },
	{ "foreground", no_argument, NULL, 'f' },
	{ "log-level", required_argument, NULL, 'l' },
	{ "log-file", required_argument, NULL, OPTION_LOG_FILE },
	{ "state-dir", required_argument, NULL, OPTION_STATE_DIR },
	{ "ready-fd", required_argument, NULL, OPTION_READY_FD },
	{ "help", no_argument, NULL, 'h' },
	{ "version", no_argument, NULL, 'V' },
	{ 0 },
};

/* Returns -1: go on; else the exit code. */
static int take_option(struct daemon_args *args, int option)
{
	uint64_t number;

	switch (option) {
	case 'i':
		if (!config_is_interface_name(optarg))
			return mistake("--interface", optarg, "1 to 15 of a-z, A-Z, 0-9, _=+.-");
		args->interface = optarg;
		return -1;
	case 'f': args->foreground = true; return -1;
	case 'l':
		if (log_level_from_text(&args->log_level, optarg) != 0)
			return mistake("--log-level", optarg, "error, warn, info, debug or trace");
		return -1;
	case OPTION_LOG_FILE: args->log_file = optarg; return -1;
	case OPTION_STATE_DIR:
		if (optarg[0] != '/')
			return mistake("--state-dir", optarg, "a path that begins with /");
		args->state_dir = optarg;
		return -1;
	case OPTION_READY_FD:
		if (text_to_number(&number, optarg, INT_MAX) != 0 || number < 3)
			return mistake("--ready-fd", optarg, "the number of an open descriptor, from 3");
		args->ready_fd = (int)number;
		return -1;
	case 'h': printf("%s%s", usage, help); return EXIT_OK;
	case 'V': puts("flowtund " PACKAGE_VERSION); return EXIT_OK;
	default: /* getopt has said what is wrong */
		fputs("Try 'flowtund --help'.\n", stderr);
		return EXIT_USAGE;
	}
}

int daemon_args_parse(struct daemon_args *args, int argc, char **argv)
{
	int option;

	*args = (struct daemon_args){ .ready_fd = -1, .log_level = LOG_LEVEL_INFO, .state_dir = STATEDIR };
	while ((option = getopt_long(argc, argv, "i:fl:hV", options, NULL)) != -1) {
		int code = take_option(args, option);

		if (code != -1)
			return code;
	}
	if (!args->interface)
		return missing("--interface NAME");
	if (optind == argc)
		return missing("CONFIG");
	if (optind + 1 < argc)
		return mistake("", argv[optind + 1], "nothing after CONFIG");
	args->config_path = argv[optind];
	return -1;
}
