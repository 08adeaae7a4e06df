/* SPDX-License-Identifier: GPL-2.0-or-later */
/* flowtun: finds the command, prints help. */
#include "config.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "cli.h"
#include "daemon_config.h"

static const struct command {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *arguments;
	const char *summary;
	const char *help;
} commands[] = {
	{ "up", cli_up, "<name|file> [--log-level L] [--log-file FILE] [--state-dir DIR]",
	  "bring a tunnel up",
	  "Checks the configuration, starts flowtund for it and returns when the interface is up.\n"
	  "\n"
	  "  <file>            a wg-quick file; the interface is named as the file without \".conf\"\n"
	  "  <name>            NAME.conf in " SYSCONFDIR "/flowtun, /etc/flowtun or /etc/wireguard\n"
	  "  --log-level L     error, warn, info (default), debug or trace\n"
	  "  --log-file FILE   append flowtund's log to FILE instead of syslog\n"
	  "  --state-dir DIR   where peers' addresses are remembered across restarts\n" },
	{ "down", cli_down, "<name|file>", "take a tunnel down",
	  "Returns when flowtund has ended and its interface, addresses and routes are gone.\n" },
	{ "show", cli_show, "[<name>|all|interfaces] [dump] [--json]", "show what tunnels are doing",
	  "  <name>       that interface; without it, or with \"all\": each one of this network namespace\n"
	  "  interfaces   their names alone\n"
	  "  dump         tab-separated columns, those of \"wg show <name> dump\"; secrets are \"(hidden)\"\n"
	  "  --json       everything, with all counters; one object for <name>, else an array of objects\n" },
	{ "genkey", cli_genkey, "", "print a new private key", "Prints a new private key in Base64.\n" },
	{ "pubkey", cli_pubkey, "", "turn a private key into its public key",
	  "Reads a private key from standard input and prints its public key.\n" },
	{ "genpsk", cli_genpsk, "", "print a new pre-shared key",
	  "Prints a new pre-shared key in Base64.\n" },
};
#define COMMAND_COUNT (sizeof(commands) / sizeof(commands[0]))

static void complain(const char *format, va_list args)
{
	fputs("flowtun: ", stderr);
	vfprintf(stderr, format, args);
	fputc('\n', stderr);
}

int cli_failed(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	complain(format, args);
	va_end(args);
	return EXIT_FAILED;
}

int cli_misused(const char *command, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	complain(format, args);
	va_end(args);
	fprintf(stderr, "Try 'flowtun help%s%s'.\n", *command ? " " : "", command);
	return EXIT_USAGE;
}

static void print_usage(FILE *out)
{
	fputs("Usage: flowtun <command> [<argument>]...\n\nCommands:\n", out);
	for (size_t i = 0; i < COMMAND_COUNT; i++)
		fprintf(out, "  %-8s %s\n", commands[i].name, commands[i].summary);
	fputs("  help     explain a command: flowtun help <command>\n"
	      "\n"
	      "  -h, --help, -V, --version\n"
	      "\n"
	      "Exit status: 0 done, 1 failed (one sentence says why), 2 wrong usage.\n",
	      out);
}

static const struct command *find_command(const char *name)
{
	for (size_t i = 0; i < COMMAND_COUNT; i++)
		if (strcmp(commands[i].name, name) == 0)
			return &commands[i];
	return NULL;
}

static int explain(const struct command *c)
{
	printf("Usage: flowtun %s%s%s\n\n%s", c->name, *c->arguments ? " " : "", c->arguments, c->help);
	return EXIT_OK;
}

static int print_help(const char *name)
{
	const struct command *c = name ? find_command(name) : NULL;

	if (name && !c)
		return cli_misused("", "found \"%s\", expected a command", name);
	if (c)
		return explain(c);
	print_usage(stdout);
	return EXIT_OK;
}

static int run(int argc, char **argv)
{
	const struct command *c;

	if (argc < 2) {
		print_usage(stderr);
		return EXIT_USAGE;
	}
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)
		return print_help(NULL);
	if (strcmp(argv[1], "help") == 0)
		return print_help(argc > 2 ? argv[2] : NULL);
	if (strcmp(argv[1], "--version") == 0 || strcmp(argv[1], "-V") == 0) {
		puts("flowtun " PACKAGE_VERSION);
		return EXIT_OK;
	}
	c = find_command(argv[1]);
	if (!c)
		return cli_misused("", "found \"%s\", expected a command", argv[1]);
	if (argc > 2 && (strcmp(argv[2], "--help") == 0 || strcmp(argv[2], "-h") == 0))
		return explain(c);
	return c->run(argc - 1, argv + 1);
}

int main(int argc, char **argv)
{
	int code = run(argc, argv);

	/* What was asked for may not have fitted on the disk. */
	if (fflush(stdout) != 0 && code == EXIT_OK)
		return cli_failed("standard output: %m");
	return code;
}
