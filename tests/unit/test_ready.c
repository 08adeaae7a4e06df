/* SPDX-License-Identifier: GPL-2.0-or-later */
/* daemon_args and daemon_ready: how flowtund is called, and how it says that it is ready, or why not. */
#include "config.h"
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>
#include "daemon_args.h"
#include "daemon_ready.h"

/* --- The command line ------------------------------------------------------------------------------ */

/* |words| without the program's name; what is printed goes to |output|. */
static int parse(struct daemon_args *args, const char *words, char output[4096])
{
	static char copy[512];
	char *argv[20] = { (char *)"flowtund" }, *save = NULL;
	int argc = 1, out[2], saved_out = dup(1), saved_err = dup(2), code;
	ssize_t n;

	snprintf(copy, sizeof(copy), "%s", words);
	for (char *w = strtok_r(copy, " ", &save); w; w = strtok_r(NULL, " ", &save))
		argv[argc++] = w;
	fflush(stdout);
	ck_assert_int_eq(pipe2(out, O_NONBLOCK), 0);
	dup2(out[1], 1);
	dup2(out[1], 2);
	optind = 0; /* getopt's way to begin anew */
	code = daemon_args_parse(args, argc, argv);
	fflush(stdout);
	dup2(saved_out, 1);
	dup2(saved_err, 2);
	n = read(out[0], output, 4095);
	output[n > 0 ? n : 0] = '\0';
	close(out[0]);
	close(out[1]);
	close(saved_out);
	close(saved_err);
	return code;
}

START_TEST(reads_arguments)
{
	struct daemon_args args;
	char output[4096];

	ck_assert_int_eq(parse(&args, "--interface wg0 a.conf", output), -1);
	ck_assert_str_eq(output, "");
	ck_assert_str_eq(args.interface, "wg0");
	ck_assert_str_eq(args.config_path, "a.conf");
	ck_assert_str_eq(args.state_dir, STATEDIR);
	ck_assert_ptr_null(args.log_file);
	ck_assert_int_eq(args.log_level, LOG_LEVEL_INFO);
	ck_assert_int_eq(args.ready_fd, -1);
	ck_assert(!args.foreground);
	ck_assert_int_eq(
		parse(&args,
		      "-f b.conf --ready-fd 7 --log-level trace --log-file /l --state-dir /s --interface wg1",
		      output),
		-1);
	ck_assert_str_eq(args.interface, "wg1");
	ck_assert_str_eq(args.config_path, "b.conf");
	ck_assert_str_eq(args.state_dir, "/s");
	ck_assert_str_eq(args.log_file, "/l");
	ck_assert_int_eq(args.log_level, LOG_LEVEL_TRACE);
	ck_assert_int_eq(args.ready_fd, 7);
	ck_assert(args.foreground);
	ck_assert_int_eq(parse(&args, "-i wg1 -- --strange", output), -1);
	ck_assert_str_eq(args.config_path, "--strange");
}
END_TEST

static const struct {
	const char *words;
	int code;
	const char *output;
} ends[] = {
	{ "--help", EXIT_OK, "Usage: flowtund [OPTION]... --interface NAME CONFIG\n" },
	{ "-h", EXIT_OK, "--ready-fd N" },
	{ "--version", EXIT_OK, "flowtund " PACKAGE_VERSION "\n" },
	{ "", EXIT_USAGE, "--interface NAME is missing" },
	{ "a.conf", EXIT_USAGE, "--interface NAME is missing" },
	{ "-i wg0", EXIT_USAGE, "CONFIG is missing" },
	{ "-i wg0 a b", EXIT_USAGE, "found \"b\", expected nothing after CONFIG" },
	{ "-i a/b c", EXIT_USAGE, "found --interface \"a/b\", expected 1 to 15 of" },
	{ "-i wg0 -l loud c", EXIT_USAGE, "found --log-level \"loud\", expected error, warn" },
	{ "-i wg0 --state-dir s c", EXIT_USAGE,
	  "found --state-dir \"s\", expected a path that begins with /" },
	{ "-i wg0 --ready-fd 2 c", EXIT_USAGE, "found --ready-fd \"2\", expected" },
	{ "-i wg0 --ready-fd x c", EXIT_USAGE, "found --ready-fd \"x\", expected" },
	{ "-i wg0 --frobnicate c", EXIT_USAGE, "frobnicate" },
	{ "-i", EXIT_USAGE, "requires an argument" },
};

START_TEST(ends_with)
{
	struct daemon_args args;
	char output[4096];

	ck_assert_int_eq(parse(&args, ends[_i].words, output), ends[_i].code);
	ck_assert_msg(strstr(output, ends[_i].output) != NULL, "expected \"%s\" in \"%s\"", ends[_i].output,
		      output);
}
END_TEST

/* --- Readiness ------------------------------------------------------------------------------------- */

static const char *read_all(int fd)
{
	static char text[2048];
	size_t len = 0;
	ssize_t n;

	while ((n = read(fd, text + len, sizeof(text) - 1 - len)) > 0)
		len += (size_t)n;
	text[len] = '\0';
	return text;
}

START_TEST(tells_the_ready_fd)
{
	struct ready ready;
	int fds[2];

	ck_assert_int_eq(pipe(fds), 0);
	ck_assert_int_eq(ready_init(&ready, fds[1]), 0);
	ck_assert_int_eq(fcntl(fds[1], F_GETFD), FD_CLOEXEC);
	ck_assert_int_eq(ready_ok(&ready), 0);
	ready_fail(&ready, "too late");
	ck_assert_str_eq(read_all(fds[0]), "ok\n");
	close(fds[0]);

	ck_assert_int_eq(pipe(fds), 0);
	ck_assert_int_eq(ready_init(&ready, fds[1]), 0);
	ready_fail(&ready, "no such device");
	ck_assert_str_eq(read_all(fds[0]), "error: no such device\n");
	close(fds[0]);
}
END_TEST

START_TEST(sees_that_nobody_waits)
{
	struct ready ready;
	int fds[2];

	ck_assert_int_eq(pipe(fds), 0);
	ck_assert_int_eq(ready_init(&ready, fds[1]), 0);
	close(fds[0]);
	ck_assert_int_eq(ready_ok(&ready), -1); /* and SIGPIPE has not ended us */
	ck_assert_int_eq(pipe(fds), 0);
	ck_assert_int_eq(ready_init(&ready, fds[1]), 0);
	close(fds[0]);
	ready_fail(&ready, "x");
	ck_assert_int_eq(ready_init(&ready, 987), -1);
	ck_assert_int_eq(ready_init(&ready, -1), 0);
	ck_assert_int_eq(ready_ok(&ready), 0);
}
END_TEST

static const char *failure_on_stderr(void)
{
	static char text[256];
	struct ready ready;
	int fds[2], saved = dup(STDERR_FILENO);
	ssize_t n;

	ck_assert_int_eq(pipe2(fds, O_NONBLOCK), 0);
	dup2(fds[1], STDERR_FILENO);
	ck_assert_int_eq(ready_init(&ready, -1), 0);
	ready_fail(&ready, "no such device");
	ready_fail(&ready, "and more");
	dup2(saved, STDERR_FILENO);
	n = read(fds[0], text, sizeof(text) - 1);
	text[n > 0 ? n : 0] = '\0';
	close(saved);
	close(fds[0]);
	close(fds[1]);
	return text;
}

/* Somebody starts flowtund by hand: the sentence is seen once, be it by the log. */
START_TEST(tells_the_terminal)
{
	log_open(LOG_TARGET_SYSLOG, -1, LOG_LEVEL_ERROR, "");
	ck_assert_str_eq(failure_on_stderr(), "flowtund: no such device\n");
	log_open(LOG_TARGET_FD, 987, LOG_LEVEL_ERROR, "");
	ck_assert_str_eq(failure_on_stderr(), "flowtund: no such device\n");
	log_open(LOG_TARGET_FD, STDERR_FILENO, LOG_LEVEL_ERROR, "");
	ck_assert_str_eq(failure_on_stderr(), "");
}
END_TEST

static void check_notify(const char *name, bool abstract)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	socklen_t len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(name));
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	struct ready ready;
	char text[64];
	ssize_t n;

	strcpy(address.sun_path, name);
	if (abstract)
		address.sun_path[0] = '\0';
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&address, len), 0);
	setenv("NOTIFY_SOCKET", name, 1);
	ck_assert_int_eq(ready_init(&ready, -1), 0);
	ready_fail(&ready, "x");
	ck_assert_int_eq(recv(fd, text, sizeof(text), 0), -1);
	ck_assert_int_eq(ready_ok(&ready), 0);
	n = recv(fd, text, sizeof(text), 0);
	ck_assert_int_eq(n, 7);
	ck_assert_int_eq(memcmp(text, "READY=1", 7), 0);
	unsetenv("NOTIFY_SOCKET");
	close(fd);
}

START_TEST(tells_systemd)
{
	char name[64];

	snprintf(name, sizeof(name), "/tmp/test_ready.%d", (int)getpid());
	check_notify(name, false);
	unlink(name);
	snprintf(name, sizeof(name), "@test_ready.%d", (int)getpid());
	check_notify(name, true);
}
END_TEST

enum { DOES_WELL, FAILS, DIES_SILENTLY, IS_KILLED };

/* Runs a daemon that detaches. Returns its parent's exit status; |output| is what it said on stderr. */
static int detach(int how, int ready_fd, char output[2048], char log[2048])
{
	int err[2], log_fds[2], status;
	pid_t starter;

	ck_assert_int_eq(pipe(err), 0);
	ck_assert_int_eq(pipe(log_fds), 0);
	starter = fork();
	if (starter == 0) {
		struct ready ready;
		char cwd[16];

		close(err[0]);
		close(log_fds[0]);
		dup2(err[1], STDERR_FILENO);
		close(err[1]);
		if (ready_init(&ready, ready_fd) != 0 || ready_detach(&ready, log_fds[1]) != 0)
			_exit(9);
		dprintf(STDERR_FILENO, "sid %d, cwd %s, in %zd", getsid(0) == getpid(),
			getcwd(cwd, sizeof(cwd)), read(STDIN_FILENO, cwd, 1));
		if (how == DOES_WELL)
			_exit(ready_ok(&ready));
		if (how == FAILS)
			ready_fail(&ready, "no such device");
		if (how == IS_KILLED)
			kill(getpid(), SIGKILL);
		_exit(1);
	}
	close(err[1]);
	close(log_fds[1]);
	waitpid(starter, &status, 0);
	strcpy(output, read_all(err[0]));
	strcpy(log, read_all(log_fds[0]));
	close(err[0]);
	close(log_fds[0]);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

START_TEST(detaches)
{
	static const struct {
		int how, code;
		const char *output;
	} cases[] = {
		{ DOES_WELL, EXIT_OK, "" },
		{ FAILS, EXIT_FAILED, "flowtund: no such device\n" },
		{ DIES_SILENTLY, EXIT_FAILED, "flowtund: ended before the interface was up\n" },
		{ IS_KILLED, EXIT_FAILED, "flowtund: ended before the interface was up\n" },
	};
	char output[2048], log[2048];

	ck_assert_int_eq(detach(cases[_i].how, -1, output, log), cases[_i].code);
	ck_assert_str_eq(output, cases[_i].output);
	ck_assert_str_eq(log, "sid 1, cwd /, in 0");
}
END_TEST

START_TEST(detaches_with_a_ready_fd)
{
	char output[2048], log[2048];
	int fds[2];

	ck_assert_int_eq(pipe(fds), 0);
	ck_assert_int_eq(detach(FAILS, fds[1], output, log), EXIT_OK);
	ck_assert_str_eq(output, "");
	close(fds[1]);
	ck_assert_str_eq(read_all(fds[0]), "error: no such device\n");
	close(fds[0]);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("ready");
	TCase *tc = tcase_create("ready");
	SRunner *runner;
	int failed;

	tcase_add_test(tc, reads_arguments);
	tcase_add_loop_test(tc, ends_with, 0, (int)(sizeof(ends) / sizeof(ends[0])));
	tcase_add_test(tc, tells_the_ready_fd);
	tcase_add_test(tc, sees_that_nobody_waits);
	tcase_add_test(tc, tells_the_terminal);
	tcase_add_test(tc, tells_systemd);
	tcase_add_loop_test(tc, detaches, 0, 4);
	tcase_add_test(tc, detaches_with_a_ready_fd);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
