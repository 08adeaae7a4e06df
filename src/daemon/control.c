/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The control socket's server (daemon_control.h): a few connections, each a small state machine, behind an
 * epoll descriptor of its own that also holds their timer. flowtund's loop watches that one descriptor.
 */
#include "config.h"
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>
#include "control_claim.h"
#include "control_test.h"

enum connection_state {
	FREE,	 /* the slot holds no connection */
	READING, /* the request, up to its newline */
	WRITING, /* the reply */
	HOLDING, /* answered "down": open until we end or the client goes */
};

struct connection {
	enum connection_state state;
	int fd;
	uint64_t deadline; /* ns, RTMFP_NEVER while HOLDING */
	size_t request_len;
	char request[CONTROL_REQUEST_MAX];
	char *reply;
	size_t reply_len, reply_sent;
	bool hold; /* after the reply */
};

/* What an epoll event says it is: a connection's index, or one of these. */
enum { SOURCE_LISTEN = CONTROL_CLIENTS_MAX, SOURCE_TIMER };

struct control {
	struct claim claim;
	struct control_handler handler;
	int epoll_fd, listen_fd, timer_fd;
	bool listening;	       /* the listening socket is in the epoll set */
	uint64_t listen_again; /* ns; when to try after descriptors ran out, else RTMFP_NEVER */
	uint64_t armed;	       /* what the timer is set to */
	uint64_t request_ns, reply_ns;
	bool going_down;
	struct connection connections[CONTROL_CLIENTS_MAX];
};

static uint64_t monotonic(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return RTMFP_S(t.tv_sec) + (uint64_t)t.tv_nsec;
}

static int watch(struct control *control, int operation, int fd, uint32_t events, uint32_t source)
{
	struct epoll_event event = { .events = events, .data.u32 = source };

	return epoll_ctl(control->epoll_fd, operation, fd, &event);
}

/* --- Time --- */

static void arm(struct control *control)
{
	uint64_t next = control->listen_again;
	struct itimerspec when = { 0 };

	for (size_t i = 0; i < CONTROL_CLIENTS_MAX; i++)
		if (control->connections[i].state != FREE && control->connections[i].deadline < next)
			next = control->connections[i].deadline;
	if (next == control->armed)
		return;
	control->armed = next;
	if (next != RTMFP_NEVER) {
		when.it_value.tv_sec = (time_t)(next / RTMFP_S(1));
		when.it_value.tv_nsec = (long)(next % RTMFP_S(1));
	}
	timerfd_settime(control->timer_fd, TFD_TIMER_ABSTIME, &when, NULL);
}

/* --- Connections --- */

static bool is_full(const struct control *control)
{
	for (size_t i = 0; i < CONTROL_CLIENTS_MAX; i++)
		if (control->connections[i].state == FREE)
			return false;
	return true;
}

/* Those who come while there is no room wait in the backlog. */
static void watch_listener(struct control *control)
{
	bool want = !is_full(control) && control->listen_again == RTMFP_NEVER;

	if (want != control->listening &&
	    watch(control, EPOLL_CTL_MOD, control->listen_fd, want ? EPOLLIN : 0, SOURCE_LISTEN) == 0)
		control->listening = want;
}

static void drop(struct control *control, struct connection *c)
{
	watch(control, EPOLL_CTL_DEL, c->fd, 0, 0);
	close(c->fd);
	free(c->reply);
	memset(c, 0, sizeof(*c));
}

static void write_reply(struct control *control, struct connection *c, uint64_t now)
{
	while (c->reply_sent < c->reply_len) {
		ssize_t n = send(c->fd, c->reply + c->reply_sent, c->reply_len - c->reply_sent,
				 MSG_NOSIGNAL | MSG_DONTWAIT);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
			return;
		if (n <= 0) {
			drop(control, c);
			return;
		}
		c->reply_sent += (size_t)n;
		c->deadline = now + control->reply_ns;
	}
	if (!c->hold) {
		drop(control, c);
		return;
	}
	c->state = HOLDING;
	c->deadline = RTMFP_NEVER;
	if (watch(control, EPOLL_CTL_MOD, c->fd, EPOLLIN, (uint32_t)(c - control->connections)) != 0)
		drop(control, c);
}

/* |reply|: a new string, or NULL when there was no memory for it. */
static void answer(struct control *control, struct connection *c, char *reply, uint64_t now)
{
	c->state = WRITING;
	c->reply = reply;
	c->reply_len = reply ? strlen(reply) : 0;
	c->reply_sent = 0;
	c->deadline = now + control->reply_ns;
	if (!reply ||
	    watch(control, EPOLL_CTL_MOD, c->fd, EPOLLOUT, (uint32_t)(c - control->connections)) != 0)
		drop(control, c);
	else
		write_reply(control, c, now);
}

static char *refusal(const char *sentence)
{
	char *text;

	return asprintf(&text, "{\"ok\":false,\"error\":\"%s\"}\n", sentence) < 0 ? NULL : text;
}

static char *result(const char *json)
{
	char *text;

	return asprintf(&text, "{\"ok\":true,\"result\":%s}\n", json) < 0 ? NULL : text;
}

static void obey(struct control *control, struct connection *c, const char *cmd, uint64_t now)
{
	if (strcmp(cmd, "show") == 0) {
		char *json = control->handler.show(control->handler.ctx);

		answer(control, c, json ? result(json) : refusal("out of memory"), now);
		free(json);
	} else if (strcmp(cmd, "version") == 0) {
		answer(control, c, result("{\"version\":\"" PACKAGE_VERSION "\"}"), now);
	} else if (strcmp(cmd, "down") == 0) {
		c->hold = true;
		answer(control, c, result("null"), now);
		if (control->going_down)
			return;
		control->going_down = true;
		control->handler.down(control->handler.ctx);
	} else {
		answer(control, c, refusal("unknown cmd, expected show, down or version"), now);
	}
}

/* |line| is whole, without its newline. */
static void take_request(struct control *control, struct connection *c, size_t line_len, uint64_t now)
{
	json_t *json = json_loadb(c->request, line_len, JSON_REJECT_DUPLICATES, NULL);
	const char *cmd = json_string_value(json_object_get(json, "cmd"));

	if (cmd)
		obey(control, c, cmd, now);
	else
		answer(control, c, refusal("expected a line of JSON with a string cmd"), now);
	json_decref(json);
}

static void read_request(struct control *control, struct connection *c, uint64_t now)
{
	for (;;) {
		size_t room = sizeof(c->request) - c->request_len;
		char *start = c->request + c->request_len;
		ssize_t n = recv(c->fd, start, room, MSG_DONTWAIT);
		char *newline;

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
			return;
		if (n <= 0) {
			drop(control, c);
			return;
		}
		newline = memchr(start, '\n', (size_t)n);
		c->request_len += (size_t)n;
		if (newline) {
			take_request(control, c, (size_t)(newline - c->request), now);
			return;
		}
		if (c->request_len == sizeof(c->request)) {
			answer(control, c, refusal("the request is too long"), now);
			return;
		}
	}
}

/* After "down": nothing is expected but the end. */
static void read_nothing(struct control *control, struct connection *c)
{
	char junk[256];
	ssize_t n = recv(c->fd, junk, sizeof(junk), MSG_DONTWAIT);

	if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
		drop(control, c);
}

static void accept_all(struct control *control, uint64_t now)
{
	for (size_t i = 0; i < CONTROL_CLIENTS_MAX; i++) {
		struct connection *c = &control->connections[i];
		int fd;

		if (c->state != FREE)
			continue;
		fd = accept4(control->listen_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
		if (fd < 0) {
			if (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS)
				control->listen_again = now + RTMFP_S(1);
			return;
		}
		*c = (struct connection){ .state = READING, .fd = fd, .deadline = now + control->request_ns };
		if (watch(control, EPOLL_CTL_ADD, fd, EPOLLIN, (uint32_t)i) != 0)
			drop(control, c);
	}
}

static void expire(struct control *control, uint64_t now)
{
	uint64_t expirations;

	if (read(control->timer_fd, &expirations, sizeof(expirations)) > 0)
		control->armed = RTMFP_NEVER;
	for (size_t i = 0; i < CONTROL_CLIENTS_MAX; i++)
		if (control->connections[i].state != FREE && control->connections[i].deadline <= now)
			drop(control, &control->connections[i]);
	if (control->listen_again <= now)
		control->listen_again = RTMFP_NEVER;
}

static void connection_ready(struct control *control, struct connection *c, uint64_t now)
{
	switch (c->state) {
	case FREE: break; /* dropped by an earlier event of this batch */
	case READING: read_request(control, c, now); break;
	case WRITING: write_reply(control, c, now); break;
	case HOLDING: read_nothing(control, c); break;
	}
}

void control_fd_ready(struct control *control)
{
	struct epoll_event events[CONTROL_CLIENTS_MAX + 2];
	int n = epoll_wait(control->epoll_fd, events, CONTROL_CLIENTS_MAX + 2, 0);
	uint64_t now = monotonic();

	for (int i = 0; i < n; i++) {
		uint32_t source = events[i].data.u32;

		if (source == SOURCE_LISTEN)
			accept_all(control, now);
		else if (source == SOURCE_TIMER)
			expire(control, now);
		else
			connection_ready(control, &control->connections[source], now);
	}
	watch_listener(control);
	arm(control);
}

int control_fd(const struct control *control)
{
	return control->epoll_fd;
}

/* --- Beginning and end --- */

/* A socket at |path| with mode 0600 from its first moment (the directory is 0700 anyway). */
static int listen_at(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return -1;
	strcpy(address.sun_path, path); /* claim_find_paths has looked at the length */
	/* On Linux a socket file takes its mode from the socket's own inode, less the umask. */
	if (fchmod(fd, 0600) == 0 && bind(fd, (struct sockaddr *)&address, sizeof(address)) == 0 &&
	    chmod(path, 0600) == 0 && listen(fd, CONTROL_CLIENTS_MAX) == 0)
		return fd;
	close(fd);
	return -1;
}

struct control *control_open(const char *rundir, const char *interface, const struct control_handler *handler,
			     char error[CONTROL_ERROR_MAX])
{
	struct control *control = calloc(1, sizeof(*control));

	if (!control) {
		snprintf(error, CONTROL_ERROR_MAX, "out of memory");
		return NULL;
	}
	if (claim_take(&control->claim, rundir, interface, error) != 0) {
		free(control);
		return NULL;
	}
	control->handler = *handler;
	control->listening = true;
	control->listen_again = RTMFP_NEVER;
	control->armed = RTMFP_NEVER;
	control_set_timeouts(control, RTMFP_S(CONTROL_REQUEST_TIMEOUT_S), RTMFP_S(CONTROL_REPLY_TIMEOUT_S));
	control->listen_fd = listen_at(control->claim.paths.sock);
	control->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	control->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (control->listen_fd >= 0 && control->epoll_fd >= 0 && control->timer_fd >= 0 &&
	    watch(control, EPOLL_CTL_ADD, control->listen_fd, EPOLLIN, SOURCE_LISTEN) == 0 &&
	    watch(control, EPOLL_CTL_ADD, control->timer_fd, EPOLLIN, SOURCE_TIMER) == 0)
		return control;
	snprintf(error, CONTROL_ERROR_MAX, "%.300s: %s", control->claim.paths.sock, strerror(errno));
	control_free(control);
	return NULL;
}

void control_set_timeouts(struct control *control, uint64_t request_ns, uint64_t reply_ns)
{
	control->request_ns = request_ns;
	control->reply_ns = reply_ns;
}

void control_free(struct control *control)
{
	if (!control)
		return;
	for (size_t i = 0; i < CONTROL_CLIENTS_MAX; i++)
		if (control->connections[i].state != FREE)
			drop(control, &control->connections[i]);
	if (control->listen_fd >= 0)
		close(control->listen_fd);
	if (control->timer_fd >= 0)
		close(control->timer_fd);
	if (control->epoll_fd >= 0)
		close(control->epoll_fd);
	claim_release(&control->claim);
	free(control);
}
