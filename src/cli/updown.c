/* SPDX-License-Identifier: GPL-2.0-or-later */
/* flowtun up: starts a flowtund and hears from it. flowtun down: tells one to end and sees it go. */
#include "config.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "cli.h"
#include "daemon_config.h"
#include "daemon_control.h"

#define UP_TIMEOUT_MS	60000
#define DOWN_TIMEOUT_MS 15000
#define READY_TEXT_MAX	2048

/* What is passed on to flowtund. */
struct up_options {
	const char *word;
	const char *log_level, *log_file, *state_dir;
};

static int parse_up(struct up_options *options, int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		const char **value = strcmp(argv[i], "--log-level") == 0   ? &options->log_level
				     : strcmp(argv[i], "--log-file") == 0  ? &options->log_file
				     : strcmp(argv[i], "--state-dir") == 0 ? &options->state_dir
									   : NULL;
		enum log_level level;

		if (value && ++i == argc)
			return cli_misused("up", "found nothing after %s, expected a value", argv[i - 1]);
		if (value == &options->log_level && log_level_from_text(&level, argv[i]) != 0)
			return cli_misused(
				"up", "found log level \"%s\", expected error, warn, info, debug or trace",
				argv[i]);
		if (value == &options->state_dir && argv[i][0] != '/')
			return cli_misused("up",
					   "found state directory \"%s\", expected a path that begins with /",
					   argv[i]);
		if (value)
			*value = argv[i];
		else if (argv[i][0] == '-' || options->word)
			return cli_misused("up", "found \"%s\", expected one <name|file> and options",
					   argv[i]);
		else
			options->word = argv[i];
	}
	return options->word ? EXIT_OK : cli_misused("up", "found nothing, expected <name|file>");
}

/* The operator's mistakes are found here, before anything is started. */
static int check_config(const struct cli_target *target, const char *word)
{
	char error[CONFIG_ERROR_MAX];
	struct config *config;

	if (target->path[0] == '\0')
		return cli_failed("found no %s.conf in " SYSCONFDIR
				  "/flowtun, /etc/flowtun or /etc/wireguard, expected one there "
				  "or a path",
				  word);
	if (config_load(&config, target->path, error) != 0)
		return cli_failed("%s", error);
	for (size_t i = 0; i < config->warning_count; i++)
		fprintf(stderr, "flowtun: warning: %s\n", config->warnings[i]);
	config_free(config);
	return EXIT_OK;
}

static size_t add_option(const char **argv, size_t n, const char *option, const char *value)
{
	if (!value)
		return n;
	argv[n] = option;
	argv[n + 1] = value;
	return n + 2;
}

/* In the child: never returns. $FLOWTUND is for running one that is not installed. */
static void __attribute__((noreturn))
exec_flowtund(const struct up_options *options, const struct cli_target *target, int ready_fd)
{
	char fd_text[16];
	const char *chosen = getenv("FLOWTUND");
	const char *argv[16] = { "flowtund", "--interface", target->interface, "--ready-fd", fd_text };
	size_t n = 5;

	snprintf(fd_text, sizeof(fd_text), "%d", ready_fd);
	n = add_option(argv, n, "--log-level", options->log_level);
	n = add_option(argv, n, "--log-file", options->log_file);
	n = add_option(argv, n, "--state-dir", options->state_dir);
	argv[n++] = "--";
	argv[n++] = target->path;
	/* What the caller had open is not the daemon's: a lock or a pipe would stay with it for days. */
	close_range(STDERR_FILENO + 1, UINT_MAX, CLOSE_RANGE_CLOEXEC);
	fcntl(ready_fd, F_SETFD, 0);
	if (chosen && *chosen) {
		execv(chosen, (char **)argv);
	} else {
		chosen = SBINDIR "/flowtund";
		execv(chosen, (char **)argv);
		if (errno == ENOENT)
			execvp("flowtund", (char **)argv);
	}
	dprintf(ready_fd, "error: %s cannot be started: %s\n", chosen, strerror(errno));
	_exit(EXIT_FAILED);
}

/* Reads what flowtund says, up to its newline or EOF, into |text|. Returns 0; -1: nothing came in time. */
static int hear(int fd, char text[READY_TEXT_MAX])
{
	struct timespec t;
	int64_t end, now;
	size_t len = 0;

	clock_gettime(CLOCK_MONOTONIC, &t);
	end = (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000 + UP_TIMEOUT_MS;
	text[0] = '\0';
	for (;;) {
		struct pollfd p = { .fd = fd, .events = POLLIN };
		ssize_t n;

		clock_gettime(CLOCK_MONOTONIC, &t);
		now = (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
		if (now >= end)
			return -1;
		if (poll(&p, 1, (int)(end - now)) <= 0)
			continue;
		n = read(fd, text + len, READY_TEXT_MAX - 1 - len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return 0;
		len += (size_t)n;
		text[len] = '\0';
		if (text[len - 1] == '\n' || len == READY_TEXT_MAX - 1)
			return 0;
	}
}

/* The process that was started ends at once: it detaches, or it has failed. */
static void describe_end(pid_t child, char *out, size_t size)
{
	int status = 0;

	while (waitpid(child, &status, 0) < 0 && errno == EINTR)
		;
	if (WIFSIGNALED(status))
		snprintf(out, size, " (killed by signal %d, %s)", WTERMSIG(status),
			 strsignal(WTERMSIG(status)));
	else if (WIFEXITED(status) && WEXITSTATUS(status) != 0)
		snprintf(out, size, " (exit status %d)", WEXITSTATUS(status));
	else
		out[0] = '\0';
}

static int start(const struct up_options *options, const struct cli_target *target)
{
	char text[READY_TEXT_MAX], how[80];
	int fds[2], heard;
	pid_t child;

	if (pipe2(fds, O_CLOEXEC) != 0)
		return cli_failed("cannot make a pipe: %s", strerror(errno));
	child = fork();
	if (child == 0)
		exec_flowtund(options, target, fds[1]);
	close(fds[1]);
	if (child < 0) {
		close(fds[0]);
		return cli_failed("cannot start a process: %s", strerror(errno));
	}
	heard = hear(fds[0], text);
	/* From here on flowtund sees that nobody listens any more; one that is not ready by now ends itself.
	 */
	close(fds[0]);
	if (heard != 0)
		return cli_failed("flowtund did not say within %d s whether %s is up", UP_TIMEOUT_MS / 1000,
				  target->interface);
	describe_end(child, how, sizeof(how));
	if (strcmp(text, "ok\n") == 0)
		return EXIT_OK;
	text[strcspn(text, "\n")] = '\0';
	if (strncmp(text, "error: ", 7) == 0)
		return cli_failed("%s", text + 7);
	return cli_failed("flowtund ended before %s was up%s", target->interface, how);
}

int cli_up(int argc, char **argv)
{
	struct up_options options = { 0 };
	struct cli_target target;
	int code = parse_up(&options, argc, argv);

	if (code != EXIT_OK)
		return code;
	if (cli_find_target(&target, options.word) != 0)
		return EXIT_FAILED;
	code = check_config(&target, options.word);
	return code == EXIT_OK ? start(&options, &target) : code;
}

int cli_down(int argc, char **argv)
{
	char error[CONTROL_ERROR_MAX];
	struct cli_target target;

	if (argc != 2 || argv[1][0] == '-')
		return cli_misused("down", "found %s%s%s, expected one <name|file>",
				   argc > 1 ? "\"" : "nothing", argc > 1 ? argv[argc > 2 ? 2 : 1] : "",
				   argc > 1 ? "\"" : "");
	if (cli_find_target(&target, argv[1]) != 0)
		return EXIT_FAILED;
	if (control_ask_down(control_rundir(), target.interface, DOWN_TIMEOUT_MS, error) != CONTROL_OK)
		return cli_failed("%s", error);
	return EXIT_OK;
}
