/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The asking side of the control socket (daemon_control.h). Waits, with a time limit. Called by flowtun. */
#include "config.h"
#include <dirent.h>
#include <errno.h>
#include <jansson.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>
#include "control_claim.h"
#include "daemon_config.h"

struct asking {
	const char *interface;
	uint64_t deadline; /* ns */
	char *error;	   /* CONTROL_ERROR_MAX */
	struct claim_paths paths;
	int fd; /* -1: not connected */
	char *buffer;
	size_t len, room;
};

static uint64_t monotonic(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return RTMFP_S(t.tv_sec) + (uint64_t)t.tv_nsec;
}

__attribute__((format(printf, 2, 3))) static enum control_answer fail(struct asking *a, const char *format,
								      ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(a->error, CONTROL_ERROR_MAX, format, args);
	va_end(args);
	return CONTROL_FAILED;
}

static enum control_answer not_running(struct asking *a)
{
	snprintf(a->error, CONTROL_ERROR_MAX, "%s is not up in this network namespace", a->interface);
	return CONTROL_NOT_RUNNING;
}

static enum control_answer timed_out(struct asking *a, const char *what)
{
	return fail(a, "the flowtund of %s %s in time", a->interface, what);
}

static int ms_left(const struct asking *a)
{
	uint64_t now = monotonic();

	return now >= a->deadline ? 0 : (int)((a->deadline - now) / RTMFP_MS(1)) + 1;
}

/* Waits for |events| on |fd|. False: the time is up. */
static bool wait_for(const struct asking *a, int fd, short events)
{
	struct pollfd p = { .fd = fd, .events = events };
	int n;

	while ((n = poll(&p, 1, ms_left(a))) < 0 && errno == EINTR)
		;
	return n > 0;
}

static void pause_ms(unsigned ms)
{
	struct timespec t = { .tv_nsec = (long)ms * 1000000 };

	nanosleep(&t, NULL);
}

static enum control_answer connect_to(struct asking *a)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	strcpy(address.sun_path, a->paths.sock); /* claim_find_paths has looked at the length */
	a->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (a->fd < 0)
		return fail(a, "cannot make a socket: %s", strerror(errno));
	while (connect(a->fd, (struct sockaddr *)&address, sizeof(address)) != 0) {
		if (errno == ENOENT || errno == ECONNREFUSED)
			return not_running(a);
		if (errno == EACCES || errno == EPERM)
			return fail(a, "no permission to ask the flowtund of %s: only root may",
				    a->interface);
		if (errno != EAGAIN && errno != EINTR)
			return fail(a, "%.300s: %s", a->paths.sock, strerror(errno));
		if (ms_left(a) == 0)
			return timed_out(a, "did not take the connection");
		pause_ms(5); /* its backlog is full; there is nothing to poll for */
	}
	return CONTROL_OK;
}

static enum control_answer send_request(struct asking *a, const char *cmd)
{
	char request[64];
	size_t len = (size_t)snprintf(request, sizeof(request), "{\"cmd\":\"%s\"}\n", cmd), sent = 0;

	while (sent < len) {
		ssize_t n = send(a->fd, request + sent, len - sent, MSG_NOSIGNAL);

		if (n > 0)
			sent += (size_t)n;
		else if (n < 0 && errno != EAGAIN && errno != EINTR)
			return fail(a, "the flowtund of %s did not take the question: %s", a->interface,
				    strerror(errno));
		else if (!wait_for(a, a->fd, POLLOUT))
			return timed_out(a, "did not take the question");
	}
	return CONTROL_OK;
}

static bool make_room(struct asking *a)
{
	size_t more = a->room ? a->room * 2 : 65536;
	char *bigger;

	if (a->len < a->room)
		return true;
	bigger = more <= CONTROL_REPLY_MAX ? realloc(a->buffer, more) : NULL;
	if (!bigger)
		return false;
	a->buffer = bigger;
	a->room = more;
	return true;
}

/* Reads up to the newline; |a->len| becomes the line's length without it. */
static enum control_answer read_reply(struct asking *a)
{
	for (;;) {
		char *newline;
		ssize_t n;

		if (!make_room(a))
			return fail(a, "the reply of %s's flowtund is too long", a->interface);
		n = recv(a->fd, a->buffer + a->len, a->room - a->len, 0);
		if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
			if (!wait_for(a, a->fd, POLLIN))
				return timed_out(a, "did not answer");
			continue;
		}
		if (n <= 0)
			return fail(a, "the flowtund of %s ended the conversation without an answer",
				    a->interface);
		newline = memchr(a->buffer + a->len, '\n', (size_t)n);
		a->len += (size_t)n;
		if (!newline)
			continue;
		a->len = (size_t)(newline - a->buffer);
		return CONTROL_OK;
	}
}

/* |*out|: the reply's result, to be released. */
static enum control_answer understand(struct asking *a, json_t **out)
{
	json_t *reply = json_loadb(a->buffer, a->len, 0, NULL);
	json_t *result = json_object_get(reply, "result");
	const char *sentence = json_string_value(json_object_get(reply, "error"));
	enum control_answer answer = CONTROL_OK;

	if (json_is_true(json_object_get(reply, "ok")) && result)
		*out = json_incref(result);
	else if (sentence)
		answer = fail(a, "the flowtund of %s: %.300s", a->interface, sentence);
	else
		answer = fail(a, "the flowtund of %s answered what is not understood (another version?)",
			      a->interface);
	json_decref(reply);
	return answer;
}

/* Asks over the connection and leaves it open. |*result|: to be released, on CONTROL_OK. */
static enum control_answer converse(struct asking *a, const char *cmd, json_t **result)
{
	enum control_answer answer = send_request(a, cmd);

	if (answer == CONTROL_OK)
		answer = read_reply(a);
	if (answer == CONTROL_OK)
		answer = understand(a, result);
	return answer;
}

static enum control_answer begin(struct asking *a, const char *rundir, const char *interface, int timeout_ms,
				 char *error)
{
	*a = (struct asking){ .interface = interface, .fd = -1, .error = error };
	a->deadline = monotonic() + RTMFP_MS(timeout_ms);
	error[0] = '\0';
	return claim_find_paths(&a->paths, rundir, interface, error) == 0 ? CONTROL_OK : CONTROL_FAILED;
}

static void end(struct asking *a)
{
	if (a->fd >= 0)
		close(a->fd);
	free(a->buffer);
}

enum control_answer control_ask(const char *rundir, const char *interface, const char *cmd, int timeout_ms,
				char **result, size_t *len, char error[CONTROL_ERROR_MAX])
{
	struct asking a;
	json_t *json = NULL;
	enum control_answer answer = begin(&a, rundir, interface, timeout_ms, error);

	if (answer == CONTROL_OK)
		answer = connect_to(&a);
	if (answer == CONTROL_OK)
		answer = converse(&a, cmd, &json);
	if (answer == CONTROL_OK) {
		*result = json_dumps(json, JSON_COMPACT | JSON_ENCODE_ANY);
		if (*result)
			*len = strlen(*result);
		else
			answer = fail(&a, "out of memory");
	}
	json_decref(json);
	end(&a);
	return answer;
}

/* Returns a descriptor that is readable when the process at the other end has ended, or -1. */
static int watch_process(int fd)
{
	struct ucred who;
	socklen_t len = sizeof(who);

	/* pid 0: it lives in a namespace that we do not see into. */
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &len) != 0 || who.pid <= 0)
		return -1;
	return (int)syscall(SYS_pidfd_open, who.pid, 0);
}

/* Waits until the connection is closed, the process has ended and its claim is free. */
static enum control_answer wait_for_end(struct asking *a, int process)
{
	bool ended = true;

	do {
		char junk[64];
		ssize_t n = recv(a->fd, junk, sizeof(junk), 0);

		if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
			break;
		ended = wait_for(a, a->fd, POLLIN);
	} while (ended);
	if (ended && process >= 0)
		ended = wait_for(a, process, POLLIN);
	while (ended && claim_is_held(a->paths.lock)) {
		pause_ms(2);
		ended = ms_left(a) > 0;
	}
	return ended ? CONTROL_OK : timed_out(a, "was told to end but did not");
}

enum control_answer control_ask_down(const char *rundir, const char *interface, int timeout_ms,
				     char error[CONTROL_ERROR_MAX])
{
	struct asking a;
	json_t *json = NULL;
	int process = -1;
	enum control_answer answer = begin(&a, rundir, interface, timeout_ms, error);

	if (answer == CONTROL_OK)
		answer = connect_to(&a);
	if (answer == CONTROL_OK) {
		process = watch_process(a.fd);
		answer = converse(&a, "down", &json);
	}
	if (answer == CONTROL_OK)
		answer = wait_for_end(&a, process);
	json_decref(json);
	if (process >= 0)
		close(process);
	end(&a);
	if (answer != CONTROL_FAILED)
		claim_sweep(rundir); /* what one that was killed left */
	return answer;
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(a, b);
}

/* Appends |name|'s interface if its lock file is held. Returns false when there is no memory. */
static bool consider(const char *dir, const char *name, char (**names)[IF_NAMESIZE], size_t *count)
{
	size_t len = strlen(name);
	char(*bigger)[IF_NAMESIZE];
	char path[PATH_MAX + 256];

	if (len <= 5 || len - 5 >= IF_NAMESIZE || strcmp(name + len - 5, ".lock") != 0)
		return true;
	snprintf(path, sizeof(path), "%s/%s", dir, name);
	if (!claim_is_held(path))
		return true;
	bigger = reallocarray(*names, *count + 1, sizeof(**names));
	if (!bigger)
		return false;
	*names = bigger;
	memcpy(bigger[*count], name, len - 5);
	bigger[(*count)++][len - 5] = '\0';
	return true;
}

int control_list(const char *rundir, char (**names)[IF_NAMESIZE], size_t *count,
		 char error[CONTROL_ERROR_MAX])
{
	struct claim_paths paths;
	struct dirent *entry;
	bool ok = true;
	DIR *dir;

	*names = NULL;
	*count = 0;
	if (claim_find_paths(&paths, rundir, "any", error) != 0)
		return -1;
	dir = opendir(paths.dir);
	if (!dir && errno == ENOENT)
		return 0;
	if (!dir && errno == EACCES) {
		snprintf(error, CONTROL_ERROR_MAX, "no permission to look into %.300s: only root may",
			 rundir);
		return -1;
	}
	if (!dir) {
		snprintf(error, CONTROL_ERROR_MAX, "%.300s: %s", paths.dir, strerror(errno));
		return -1;
	}
	while (ok && (entry = readdir(dir)))
		ok = consider(paths.dir, entry->d_name, names, count);
	closedir(dir);
	if (!ok) {
		free(*names);
		*names = NULL;
		snprintf(error, CONTROL_ERROR_MAX, "out of memory");
		return -1;
	}
	if (*count)
		qsort(*names, *count, sizeof(**names), compare_names);
	return 0;
}
