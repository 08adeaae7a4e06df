/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Leaving the terminal, and saying that the interface is up (daemon_ready.h). Called by main() and the
 * wiring. */
#include "config.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include "daemon_args.h"
#include "daemon_log.h"
#include "daemon_ready.h"

int ready_init(struct ready *ready, int ready_fd)
{
	*ready = (struct ready){ .fd = ready_fd, .parent_fd = -1 };
	if (ready_fd >= 0 && fcntl(ready_fd, F_SETFD, FD_CLOEXEC) != 0)
		return -1;
	return 0;
}

/* All of |text|, or -1. A reader that is gone is an answer, not a reason to die. */
static int write_to(int fd, const char *text)
{
	size_t len = strlen(text);
	struct sigaction ignore = { .sa_handler = SIG_IGN }, before;
	int result = 0;

	sigaction(SIGPIPE, &ignore, &before);
	while (len > 0) {
		ssize_t n = write(fd, text, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			result = -1;
			break;
		}
		text += n;
		len -= (size_t)n;
	}
	sigaction(SIGPIPE, &before, NULL);
	return result;
}

static void finish(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

/* The parent of a detached flowtund: repeats what the child says, and ends as the child fares. */
static void __attribute__((noreturn)) wait_for_child(int fd)
{
	char text[1024];
	size_t len = 0;
	ssize_t n;

	while (len < sizeof(text) - 1) {
		n = read(fd, text + len, sizeof(text) - 1 - len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		len += (size_t)n;
	}
	text[len] = '\0';
	if (strcmp(text, "ok\n") == 0)
		_exit(EXIT_OK);
	if (strncmp(text, "error: ", 7) == 0)
		dprintf(STDERR_FILENO, "flowtund: %s", text + 7);
	else
		dprintf(STDERR_FILENO, "flowtund: ended before the interface was up\n");
	_exit(EXIT_FAILED);
}

static int leave_terminal(int log_fd)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (null < 0 || setsid() < 0 || chdir("/") != 0 || dup2(null, STDIN_FILENO) < 0 ||
	    dup2(null, STDOUT_FILENO) < 0 || dup2(log_fd >= 0 ? log_fd : null, STDERR_FILENO) < 0)
		return -1;
	if (null > STDERR_FILENO)
		close(null);
	return 0;
}

int ready_detach(struct ready *ready, int log_fd)
{
	int fds[2] = { -1, -1 };
	pid_t child;

	/* With --ready-fd the parent need not wait: the one who gave it does. */
	if (ready->fd < 0 && pipe2(fds, O_CLOEXEC) != 0)
		return -1;
	child = fork();
	if (child < 0) {
		finish(&fds[0]);
		finish(&fds[1]);
		return -1;
	}
	if (child > 0) {
		if (ready->fd >= 0)
			_exit(EXIT_OK);
		close(fds[1]);
		wait_for_child(fds[0]);
	}
	finish(&fds[0]);
	ready->parent_fd = fds[1];
	return leave_terminal(log_fd);
}

/* sd_notify(3)'s protocol: one datagram to the socket that NOTIFY_SOCKET names. */
static void tell_systemd(void)
{
	static const char state[] = "READY=1";
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	const char *path = getenv("NOTIFY_SOCKET");
	size_t len = path ? strlen(path) : 0;
	int fd;

	if (len < 2 || len >= sizeof(address.sun_path) || (path[0] != '/' && path[0] != '@'))
		return;
	memcpy(address.sun_path, path, len);
	if (path[0] == '@')
		address.sun_path[0] = '\0'; /* the abstract namespace */
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return;
	/* When systemd does not hear it, systemd's own time limit acts. */
	(void)sendto(fd, state, sizeof(state) - 1, MSG_NOSIGNAL | MSG_DONTWAIT, (struct sockaddr *)&address,
		     (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len));
	close(fd);
}

int ready_ok(struct ready *ready)
{
	int result = 0;

	ready->said = true;
	if (ready->fd >= 0 && write_to(ready->fd, "ok\n") != 0)
		result = -1;
	if (ready->parent_fd >= 0 && write_to(ready->parent_fd, "ok\n") != 0)
		result = -1;
	finish(&ready->fd);
	finish(&ready->parent_fd);
	if (result == 0)
		tell_systemd();
	return result;
}

void ready_fail(struct ready *ready, const char *sentence)
{
	char text[1024];

	if (ready->said)
		return;
	ready->said = true;
	snprintf(text, sizeof(text), "error: %.900s\n", sentence);
	if (ready->fd < 0 && ready->parent_fd < 0 && !log_is_on_stderr())
		dprintf(STDERR_FILENO, "flowtund: %.900s\n", sentence);
	if (ready->fd >= 0)
		write_to(ready->fd, text);
	if (ready->parent_fd >= 0)
		write_to(ready->parent_fd, text);
	finish(&ready->fd);
	finish(&ready->parent_fd);
}
