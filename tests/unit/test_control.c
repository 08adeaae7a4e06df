/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * daemon_control: one daemon an interface, whatever earlier ones left; requests in pieces, garbage, floods;
 * clients that do not read or do not speak; `down` that returns when all is over. The server runs in the
 * test's own loop, clients are sockets of the test; where the real client is used, the server is a child
 * process.
 */
#include "config.h"
#include <check.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>
#include "control_claim.h"
#include "control_test.h"

static char base[64], rundir[80];
static char error[CONTROL_ERROR_MAX];
static struct control *control;
static int shows, downs;
static size_t show_size;

static char *show(void *ctx)
{
	char *text;

	(void)ctx;
	shows++;
	if (show_size == 0)
		return strdup("{\"interface\":\"wg0\"}");
	text = malloc(show_size + 1);
	memset(text, ' ', show_size); /* JSON does not mind */
	text[show_size] = '\0';
	memcpy(text, "{}", 2);
	return text;
}

static void down(void *ctx)
{
	(void)ctx;
	downs++;
}

static const struct control_handler handler = { .show = show, .down = down };

static void set_up(void)
{
	strcpy(base, "/tmp/test_control.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(base));
	snprintf(rundir, sizeof(rundir), "%s/run", base);
	control = NULL;
	shows = downs = 0;
	show_size = 0;
}

/* Whatever happened, nothing must be left. */
static void tear_down(void)
{
	control_free(control);
	ck_assert_msg(rmdir(base) == 0, "something was left in %s", base);
}

static void start(void)
{
	control = control_open(rundir, "wg0", &handler, error);
	ck_assert_msg(control != NULL, "%s", error);
}

static struct claim_paths paths(const char *interface)
{
	struct claim_paths p;

	ck_assert_int_eq(claim_find_paths(&p, rundir, interface, error), 0);
	return p;
}

static int dial(const char *interface)
{
	struct claim_paths p = paths(interface);
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	strcpy(address.sun_path, p.sock);
	ck_assert_msg(connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0, "connect: %s",
		      strerror(errno));
	return fd;
}

static void say(int fd, const char *text)
{
	ck_assert_int_eq(send(fd, text, strlen(text), MSG_NOSIGNAL), (ssize_t)strlen(text));
}

/* Runs the server until it has nothing to do for |ms|. */
static void run(int ms)
{
	struct pollfd p = { .fd = control_fd(control), .events = POLLIN };

	while (poll(&p, 1, ms) > 0)
		control_fd_ready(control);
}

/* What a client has got: "": nothing yet; "EOF" at the end. */
static const char *heard(int fd)
{
	static char text[4096];
	ssize_t n = recv(fd, text, sizeof(text) - 4, MSG_DONTWAIT);

	if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
		return "";
	if (n < 0)
		return strerror(errno);
	text[n] = '\0';
	if (n == 0 || recv(fd, text + n, 1, MSG_DONTWAIT) == 0)
		strcat(text, "EOF");
	return text;
}

#define SHOWN "{\"ok\":true,\"result\":{\"interface\":\"wg0\"}}\nEOF"

START_TEST(answers)
{
	int fd;

	start();
	fd = dial("wg0");
	say(fd, "{\"cmd\":\"show\"}\n");
	run(0);
	ck_assert_str_eq(heard(fd), SHOWN);
	close(fd);
	fd = dial("wg0");
	say(fd, "{\"cmd\":\"version\"}\n");
	run(0);
	ck_assert_str_eq(heard(fd), "{\"ok\":true,\"result\":{\"version\":\"" PACKAGE_VERSION "\"}}\nEOF");
	close(fd);
	ck_assert_int_eq(shows, 1);
	ck_assert_int_eq(downs, 0);
}
END_TEST

START_TEST(is_private)
{
	struct claim_paths p = paths("wg0");
	struct stat st;

	umask(0);
	start();
	umask(022);
	ck_assert_int_eq(stat(p.sock, &st), 0);
	ck_assert(S_ISSOCK(st.st_mode));
	ck_assert_uint_eq(st.st_mode & 0777, 0600);
	ck_assert_int_eq(stat(p.dir, &st), 0);
	ck_assert_uint_eq(st.st_mode & 0777, 0700);
	ck_assert_int_eq(stat(rundir, &st), 0);
	ck_assert_uint_eq(st.st_mode & 0777, 0700);
	ck_assert_int_eq(stat(p.lock, &st), 0);
	ck_assert_uint_eq(st.st_mode & 0777, 0600);
}
END_TEST

START_TEST(takes_requests_in_pieces)
{
	static const char request[] = "{\"cmd\":\"show\"}\n";
	int fd;

	start();
	fd = dial("wg0");
	for (size_t i = 0; i < sizeof(request) - 1; i++) {
		char one[2] = { request[i], '\0' };

		run(0);
		ck_assert_str_eq(heard(fd), "");
		say(fd, one);
	}
	run(0);
	ck_assert_str_eq(heard(fd), SHOWN);
	close(fd);
}
END_TEST

/* A client such as socat: ends its side at once and still wants its answer. */
START_TEST(answers_a_half_closed_client)
{
	int fd;

	start();
	fd = dial("wg0");
	say(fd, "{\"cmd\":\"show\"}\nmore that nobody asked for");
	shutdown(fd, SHUT_WR);
	run(0);
	ck_assert_str_eq(heard(fd), SHOWN);
	close(fd);
}
END_TEST

#define NO_CMD	"{\"ok\":false,\"error\":\"expected a line of JSON with a string cmd\"}\nEOF"
#define UNKNOWN "{\"ok\":false,\"error\":\"unknown cmd, expected show, down or version\"}\nEOF"
static const struct {
	const char *request, *reply;
} nonsense[] = {
	{ "\n", NO_CMD },
	{ "show\n", NO_CMD },
	{ "{}\n", NO_CMD },
	{ "[]\n", NO_CMD },
	{ "\"cmd\"\n", NO_CMD },
	{ "{\"cmd\":5}\n", NO_CMD },
	{ "{\"cmd\":null}\n", NO_CMD },
	{ "{\"cmd\":\"show\"\n", NO_CMD },
	{ "{\"cmd\":\"show\",\"cmd\":\"down\"}\n", NO_CMD },
	{ "{\"cmd\":\"show\"} x\n", NO_CMD },
	{ "{\"cmd\":\"sh\\u0000ow\"}\n", NO_CMD },
	{ "{\"cmd\":\"\xff\"}\n", NO_CMD },
	{ "{\"cmd\":\"\"}\n", UNKNOWN },
	{ "{\"cmd\":\"Show\"}\n", UNKNOWN },
	{ "{\"cmd\":\"reboot\"}\n", UNKNOWN },
	{ "", "" }, /* half a request ends with the connection, without an answer */
};

START_TEST(refuses_nonsense)
{
	int fd;

	start();
	fd = dial("wg0");
	say(fd, nonsense[_i].request);
	run(0);
	ck_assert_str_eq(heard(fd), nonsense[_i].reply);
	close(fd);
	run(0);
	ck_assert_int_eq(shows + downs, 0);
}
END_TEST

START_TEST(refuses_long_and_deep_requests)
{
	char request[CONTROL_REQUEST_MAX + 1];
	int fd;

	start();
	memset(request, ' ', sizeof(request));
	request[CONTROL_REQUEST_MAX] = '\0';
	fd = dial("wg0");
	say(fd, request);
	run(0);
	ck_assert_str_eq(heard(fd), "{\"ok\":false,\"error\":\"the request is too long\"}\nEOF");
	close(fd);
	/* as long as it may be */
	memcpy(request, "{\"cmd\":\"show\"}", 14);
	request[CONTROL_REQUEST_MAX - 1] = '\n';
	fd = dial("wg0");
	say(fd, request);
	run(0);
	ck_assert_str_eq(heard(fd), SHOWN);
	close(fd);
	memset(request, '[', CONTROL_REQUEST_MAX - 1);
	fd = dial("wg0");
	say(fd, request);
	run(0);
	ck_assert_str_eq(heard(fd), NO_CMD);
	close(fd);
}
END_TEST

START_TEST(refuses_zero_bytes)
{
	int fd;

	start();
	fd = dial("wg0");
	ck_assert_int_eq(send(fd, "{\"cmd\":\"show\"}\0\n", 16, 0), 16);
	run(0);
	ck_assert_str_eq(heard(fd), NO_CMD);
	close(fd);
}
END_TEST

START_TEST(serves_two_at_once)
{
	int a, b;

	start();
	a = dial("wg0");
	b = dial("wg0");
	say(a, "{\"cmd\":");
	run(0);
	say(b, "{\"cmd\":\"show\"}\n");
	run(0);
	ck_assert_str_eq(heard(b), SHOWN);
	ck_assert_str_eq(heard(a), "");
	say(a, "\"show\"}\n");
	run(0);
	ck_assert_str_eq(heard(a), SHOWN);
	close(a);
	close(b);
}
END_TEST

/* A reply that is larger than any socket buffer goes out as it is taken. */
START_TEST(sends_large_replies)
{
	size_t total = 0;
	char chunk[65536];
	bool ended = false;
	int fd, other;

	start();
	show_size = 5000000;
	fd = dial("wg0");
	say(fd, "{\"cmd\":\"show\"}\n");
	run(0);		     /* stops when the buffer is full, does not spin */
	other = dial("wg0"); /* and nobody else waits for it */
	say(other, "{\"cmd\":\"version\"}\n");
	run(0);
	ck_assert_str_ne(heard(other), "");
	close(other);
	while (!ended) {
		ssize_t n = recv(fd, chunk, sizeof(chunk), 0);

		if (n > 0)
			total += (size_t)n;
		else if (n == 0)
			ended = true;
		else
			run(0);
	}
	ck_assert_uint_eq(total, show_size + strlen("{\"ok\":true,\"result\":}\n"));
	close(fd);
}
END_TEST

START_TEST(clients_may_vanish_at_any_time)
{
	int fd;

	start();
	show_size = 5000000;
	fd = dial("wg0");
	close(fd); /* before it is accepted */
	run(0);
	fd = dial("wg0");
	run(0);
	close(fd); /* before it speaks */
	run(0);
	fd = dial("wg0");
	say(fd, "{\"cmd\"");
	run(0);
	close(fd); /* in the middle of its request */
	run(0);
	fd = dial("wg0");
	say(fd, "{\"cmd\":\"show\"}\n");
	run(0);
	close(fd); /* in the middle of its reply */
	run(0);
	fd = dial("wg0");
	say(fd, "{\"cmd\":\"down\"}\n");
	run(0);
	close(fd); /* while it is held */
	run(0);
	show_size = 0;
	fd = dial("wg0");
	say(fd, "{\"cmd\":\"show\"}\n");
	run(0);
	ck_assert_str_eq(heard(fd), SHOWN);
	close(fd);
}
END_TEST

START_TEST(time_ends_the_silent)
{
	int silent, deaf, slow;

	start();
	control_set_timeouts(control, RTMFP_MS(30), RTMFP_MS(60));
	silent = dial("wg0");
	slow = dial("wg0");
	say(slow, "{");
	deaf = dial("wg0");
	show_size = 5000000;
	say(deaf, "{\"cmd\":\"show\"}\n");
	run(200);
	ck_assert_str_eq(heard(silent), "EOF");
	ck_assert_str_eq(heard(slow), "EOF");
	ck_assert_uint_gt(strlen(heard(deaf)), 0);
	close(silent);
	close(slow);
	close(deaf);
	run(200); /* and the timer is quiet: this returns */
}
END_TEST

/* More clients than there is room for: the others wait, and have their turn. */
START_TEST(bounds_its_clients)
{
	int fds[CONTROL_CLIENTS_MAX + 3];

	start();
	for (size_t i = 0; i < CONTROL_CLIENTS_MAX + 3; i++) {
		fds[i] = dial("wg0");
		run(0); /* must not spin on those in the backlog */
	}
	say(fds[CONTROL_CLIENTS_MAX], "{\"cmd\":\"show\"}\n");
	run(0);
	ck_assert_str_eq(heard(fds[CONTROL_CLIENTS_MAX]), "");
	close(fds[0]);
	run(0);
	ck_assert_str_eq(heard(fds[CONTROL_CLIENTS_MAX]), SHOWN);
	for (size_t i = 1; i < CONTROL_CLIENTS_MAX + 3; i++) {
		if (i != CONTROL_CLIENTS_MAX)
			say(fds[i], "{\"cmd\":\"version\"}\n");
		run(0);
	}
	run(0);
	for (size_t i = 1; i < CONTROL_CLIENTS_MAX + 3; i++) {
		ck_assert_str_ne(heard(fds[i]), "");
		close(fds[i]);
	}
}
END_TEST

START_TEST(down_answers_and_holds)
{
	int a, b;

	start();
	a = dial("wg0");
	b = dial("wg0");
	say(a, "{\"cmd\":\"down\"}\n");
	run(0);
	ck_assert_str_eq(heard(a), "{\"ok\":true,\"result\":null}\n");
	say(b, "{\"cmd\":\"down\"}\n");
	run(0);
	ck_assert_str_eq(heard(b), "{\"ok\":true,\"result\":null}\n");
	ck_assert_int_eq(downs, 1);
	ck_assert_str_eq(heard(a), "");
	control_free(control);
	control = NULL;
	ck_assert_str_eq(heard(a), "EOF");
	ck_assert_str_eq(heard(b), "EOF");
	close(a);
	close(b);
}
END_TEST

/* --- Claims ---------------------------------------------------------------------------------------- */

START_TEST(one_daemon_an_interface)
{
	struct control *other;
	char expected[200];

	start();
	ck_assert_ptr_null(control_open(rundir, "wg0", &handler, error));
	snprintf(expected, sizeof(expected),
		 "wg0 is already run by another flowtund (pid %d) in this network namespace", (int)getpid());
	ck_assert_str_eq(error, expected);
	other = control_open(rundir, "wg1", &handler, error);
	ck_assert_ptr_nonnull(other);
	control_free(other);
	/* neither attempt harmed the first */
	int fd = dial("wg0");
	say(fd, "{\"cmd\":\"show\"}\n");
	run(0);
	ck_assert_str_eq(heard(fd), SHOWN);
	close(fd);
}
END_TEST

START_TEST(can_be_taken_again)
{
	for (int i = 0; i < 3; i++) {
		start();
		control_free(control);
		control = NULL;
		ck_assert_int_eq(access(rundir, F_OK), -1);
	}
}
END_TEST

static void touch(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT, 0600);

	ck_assert_int_ge(fd, 0);
	close(fd);
}

/* A daemon that dies of SIGKILL, in this namespace and (by its directory) in one that is gone. */
START_TEST(removes_what_the_dead_left)
{
	struct claim_paths p = paths("wg0");
	char other[120], path[PATH_MAX + 32];
	int status, fds[2];
	char byte;
	pid_t child;

	ck_assert_int_eq(pipe(fds), 0);
	child = fork();
	if (child == 0) {
		if (control_open(rundir, "wg0", &handler, error) &&
		    control_open(rundir, "wg7", &handler, error) && write(fds[1], "x", 1) == 1)
			pause();
		_exit(1);
	}
	ck_assert_int_eq(read(fds[0], &byte, 1), 1);
	kill(child, SIGKILL);
	waitpid(child, &status, 0);
	close(fds[0]);
	close(fds[1]);
	ck_assert_int_eq(access(p.sock, F_OK), 0);
	snprintf(other, sizeof(other), "%s/12345", rundir);
	ck_assert_int_eq(mkdir(other, 0700), 0);
	snprintf(path, sizeof(path), "%s/wg3.lock", other);
	touch(path);
	snprintf(path, sizeof(path), "%s/wg3.sock", other);
	touch(path);
	snprintf(path, sizeof(path), "%s/wg4.sock", other);
	touch(path);

	start();
	ck_assert_int_eq(access(other, F_OK), -1);
	snprintf(path, sizeof(path), "%s/wg7.sock", p.dir);
	ck_assert_int_eq(access(path, F_OK), -1);
	ck_assert_int_eq(access(p.sock, F_OK), 0);
}
END_TEST

/* The sweep leaves alone what it does not know and what lives. */
START_TEST(spares_the_living)
{
	struct control *other;
	char path[PATH_MAX + 32], error2[CONTROL_ERROR_MAX];
	int fd;

	start();
	snprintf(path, sizeof(path), "%s/notes", paths("wg0").dir);
	touch(path);
	other = control_open(rundir, "wg1", &handler, error2);
	ck_assert_ptr_nonnull(other);
	claim_sweep(rundir);
	control_free(other);
	ck_assert_int_eq(access(path, F_OK), 0);
	unlink(path);
	fd = dial("wg0");
	say(fd, "{\"cmd\":\"show\"}\n");
	run(0);
	ck_assert_str_eq(heard(fd), SHOWN);
	close(fd);
}
END_TEST

START_TEST(refuses_a_directory_of_others)
{
	ck_assert_int_eq(mkdir(rundir, 0700), 0);
	ck_assert_int_eq(chmod(rundir, 0777), 0);
	ck_assert_ptr_null(control_open(rundir, "wg0", &handler, error));
	ck_assert_ptr_nonnull(strstr(error, "belongs to or can be written by somebody else"));
	ck_assert_int_eq(rmdir(rundir), 0);
}
END_TEST

START_TEST(says_why_it_cannot)
{
	char longest[200];

	ck_assert_ptr_null(control_open(rundir, "a/b", &handler, error));
	ck_assert_ptr_nonnull(strstr(error, "found interface \"a/b\""));
	memset(longest, 'd', sizeof(longest) - 1);
	longest[0] = '/';
	longest[sizeof(longest) - 1] = '\0';
	ck_assert_ptr_null(control_open(longest, "wg0", &handler, error));
	ck_assert_ptr_nonnull(strstr(error, "too long for a socket"));
	snprintf(longest, sizeof(longest), "%s/none/run", base);
	ck_assert_ptr_null(control_open(longest, "wg0", &handler, error));
	ck_assert_ptr_nonnull(strstr(error, "No such file or directory"));
}
END_TEST

/* Many start and end at once; each moment at most one holds the interface, and nothing is left in the end. */
START_TEST(survives_races)
{
	pid_t children[6];
	char flag[100];

	snprintf(flag, sizeof(flag), "%s/flag", base);
	for (size_t i = 0; i < 6; i++) {
		children[i] = fork();
		if (children[i] != 0)
			continue;
		for (int round = 0; round < 60; round++) {
			struct control *mine = control_open(rundir, "wg0", &handler, error);

			if (!mine && !strstr(error, "already run")) {
				fprintf(stderr, "%s\n", error);
				_exit(1);
			}
			if (mine) {
				int fd = open(flag, O_CREAT | O_EXCL | O_WRONLY, 0600);

				if (fd < 0)
					_exit(2); /* two at once */
				close(fd);
				unlink(flag);
			}
			control_free(mine);
		}
		_exit(0);
	}
	for (size_t i = 0; i < 6; i++) {
		int status;

		waitpid(children[i], &status, 0);
		ck_assert_int_eq(status, 0);
	}
}
END_TEST

/* --- The real client -------------------------------------------------------------------------------- */

/* What a child daemon does once it is told to go down. */
enum ending { ENDS_WELL, ENDS_BY_SIGNAL, ENDS_LATE, NEVER_ENDS, REFUSES_TO_TALK, TALKS_NONSENSE };

static void child_down(void *ctx)
{
	*(bool *)ctx = true;
}

static int fake_server(void)
{
	struct claim claim;
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	if (claim_take(&claim, rundir, "wg0", error) != 0)
		return -1;
	strcpy(address.sun_path, claim.paths.sock);
	if (bind(fd, (struct sockaddr *)&address, sizeof(address)) != 0 || listen(fd, 4) != 0)
		return -1;
	return fd;
}

static void serve_nonsense(int ready, const char *reply)
{
	int fd = fake_server();

	if (write(ready, "x", 1) != 1)
		_exit(1);
	for (;;) {
		int client = accept(fd, NULL, NULL);
		char junk[200];

		if (!reply)
			pause();
		if (recv(client, junk, sizeof(junk), 0) > 0)
			(void)!write(client, reply, strlen(reply));
		close(client);
	}
}

static pid_t serve(enum ending ending, const char *reply)
{
	int fds[2];
	char byte;
	pid_t child;

	ck_assert_int_eq(pipe(fds), 0);
	child = fork();
	if (child == 0) {
		bool told = false;
		struct control_handler h = { .show = show, .down = child_down, .ctx = &told };
		struct control *c;

		close(fds[0]);
		if (ending == TALKS_NONSENSE || ending == REFUSES_TO_TALK)
			serve_nonsense(fds[1], reply);
		c = control_open(rundir, "wg0", &h, error);
		if (!c || write(fds[1], "x", 1) != 1)
			_exit(1);
		while (!told || ending == NEVER_ENDS) {
			struct pollfd p = { .fd = control_fd(c), .events = POLLIN };

			poll(&p, 1, -1);
			control_fd_ready(c);
		}
		if (ending == ENDS_BY_SIGNAL)
			kill(getpid(), SIGKILL);
		if (ending == ENDS_LATE)
			usleep(300000);
		control_free(c);
		_exit(0);
	}
	close(fds[1]);
	ck_assert_int_eq(read(fds[0], &byte, 1), 1);
	close(fds[0]);
	return child;
}

static void bury(pid_t child, bool kill_it)
{
	int status;

	if (kill_it)
		kill(child, SIGKILL);
	waitpid(child, &status, 0);
	claim_sweep(rundir);
	rmdir(rundir);
}

START_TEST(client_shows)
{
	pid_t child = serve(ENDS_WELL, NULL);
	char(*names)[IF_NAMESIZE];
	char *result;
	size_t len, count;

	ck_assert_int_eq(control_ask(rundir, "wg0", "show", 5000, &result, &len, error), CONTROL_OK);
	ck_assert_str_eq(result, "{\"interface\":\"wg0\"}");
	ck_assert_uint_eq(len, strlen(result));
	free(result);
	ck_assert_int_eq(control_ask(rundir, "wg0", "dance", 5000, &result, &len, error), CONTROL_FAILED);
	ck_assert_str_eq(error, "the flowtund of wg0: unknown cmd, expected show, down or version");
	ck_assert_int_eq(control_ask(rundir, "wg1", "show", 5000, &result, &len, error), CONTROL_NOT_RUNNING);
	ck_assert_str_eq(error, "wg1 is not up in this network namespace");
	ck_assert_int_eq(control_list(rundir, &names, &count, error), 0);
	ck_assert_uint_eq(count, 1);
	ck_assert_str_eq(names[0], "wg0");
	free(names);
	ck_assert_int_eq(control_ask_down(rundir, "wg0", 5000, error), CONTROL_OK);
	bury(child, false);
}
END_TEST

START_TEST(client_lists_nothing)
{
	char(*names)[IF_NAMESIZE];
	size_t count;

	ck_assert_int_eq(control_list(rundir, &names, &count, error), 0);
	ck_assert_uint_eq(count, 0);
	ck_assert_int_eq(control_ask_down(rundir, "wg0", 1000, error), CONTROL_NOT_RUNNING);
}
END_TEST

/* Can the end of a process be waited for here? Not where the kernel's interface is emulated in part
 * (valgrind). */
static bool has_pidfd(void)
{
	int fd = (int)syscall(SYS_pidfd_open, getpid(), 0);

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

/* Down has returned: the claim is free and the process is gone, however it went. */
START_TEST(client_waits_for_the_end)
{
	static const enum ending endings[] = { ENDS_WELL, ENDS_BY_SIGNAL, ENDS_LATE };
	pid_t child = serve(endings[_i], NULL);
	int status;

	ck_assert_int_eq(control_ask_down(rundir, "wg0", 5000, error), CONTROL_OK);
	ck_assert_int_eq(waitpid(child, &status, has_pidfd() ? WNOHANG : 0), child);
	ck_assert_int_eq(access(rundir, F_OK), -1);
	start();
}
END_TEST

START_TEST(client_does_not_wait_for_ever)
{
	pid_t child = serve(NEVER_ENDS, NULL);

	ck_assert_int_eq(control_ask_down(rundir, "wg0", 100, error), CONTROL_FAILED);
	ck_assert_str_eq(error, "the flowtund of wg0 was told to end but did not in time");
	bury(child, true);
}
END_TEST

START_TEST(client_gives_up_on_the_silent)
{
	pid_t child = serve(REFUSES_TO_TALK, NULL);
	char *result;
	size_t len;

	ck_assert_int_eq(control_ask(rundir, "wg0", "show", 100, &result, &len, error), CONTROL_FAILED);
	ck_assert_str_eq(error, "the flowtund of wg0 did not answer in time");
	bury(child, true);
}
END_TEST

static const struct {
	const char *reply, *error;
} replies[] = {
	{ "", "the flowtund of wg0 ended the conversation without an answer" },
	{ "{\"ok\":true,\"result\":1}", "the flowtund of wg0 ended the conversation without an answer" },
	{ "\n", "the flowtund of wg0 answered what is not understood (another version?)" },
	{ "{\"ok\":true}\n", "the flowtund of wg0 answered what is not understood (another version?)" },
	{ "[]\n", "the flowtund of wg0 answered what is not understood (another version?)" },
	{ "{\"ok\":false,\"error\":5}\n",
	  "the flowtund of wg0 answered what is not understood (another version?)" },
	{ "{\"ok\":false,\"error\":\"no\"}\n", "the flowtund of wg0: no" },
};

START_TEST(client_survives_nonsense)
{
	pid_t child = serve(TALKS_NONSENSE, replies[_i].reply);
	char *result;
	size_t len;

	ck_assert_int_eq(control_ask(rundir, "wg0", "show", 5000, &result, &len, error), CONTROL_FAILED);
	ck_assert_str_eq(error, replies[_i].error);
	bury(child, true);
}
END_TEST

#define LOOP(tc, test, table) tcase_add_loop_test(tc, test, 0, (int)(sizeof(table) / sizeof((table)[0])))

int main(void)
{
	Suite *suite = suite_create("control");
	TCase *tc = tcase_create("control");
	SRunner *runner;
	int failed;

	tcase_set_timeout(tc, 60);
	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_test(tc, answers);
	tcase_add_test(tc, is_private);
	tcase_add_test(tc, takes_requests_in_pieces);
	tcase_add_test(tc, answers_a_half_closed_client);
	LOOP(tc, refuses_nonsense, nonsense);
	tcase_add_test(tc, refuses_long_and_deep_requests);
	tcase_add_test(tc, refuses_zero_bytes);
	tcase_add_test(tc, serves_two_at_once);
	tcase_add_test(tc, sends_large_replies);
	tcase_add_test(tc, clients_may_vanish_at_any_time);
	tcase_add_test(tc, time_ends_the_silent);
	tcase_add_test(tc, bounds_its_clients);
	tcase_add_test(tc, down_answers_and_holds);
	tcase_add_test(tc, one_daemon_an_interface);
	tcase_add_test(tc, can_be_taken_again);
	tcase_add_test(tc, removes_what_the_dead_left);
	tcase_add_test(tc, spares_the_living);
	tcase_add_test(tc, refuses_a_directory_of_others);
	tcase_add_test(tc, says_why_it_cannot);
	tcase_add_test(tc, survives_races);
	tcase_add_test(tc, client_shows);
	tcase_add_test(tc, client_lists_nothing);
	tcase_add_loop_test(tc, client_waits_for_the_end, 0, 3);
	tcase_add_test(tc, client_does_not_wait_for_ever);
	tcase_add_test(tc, client_gives_up_on_the_silent);
	LOOP(tc, client_survives_nonsense, replies);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
