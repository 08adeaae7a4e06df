/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Claims on interfaces (control_claim.h). Touches RUNDIR alone.
 *
 * A claim is an open-file-description lock (F_OFD_SETLK) on the lock file: the kernel drops it however its
 * holder ends, and others can look at it without taking it. Starting and sweeping are serialised by a flock
 * on RUNDIR itself, so that a sweeper never holds a lock that a starting daemon wants. A daemon that ends
 * deletes its lock file while it holds it; whoever opened the file before sees that it is no longer the one
 * at its path, and tries again.
 */
#include "config.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>
#include "control_claim.h"
#include "daemon_config.h"

#define ATTEMPTS       100  /* lost races with daemons that end; each is a matter of microseconds */
#define RUNDIR_WAIT_MS 5000 /* others hold it for as long as a sweep takes */

const char *control_rundir(void)
{
	const char *chosen = secure_getenv("FLOWTUN_RUNDIR");

	return chosen && *chosen ? chosen : RUNDIR;
}

int claim_find_paths(struct claim_paths *paths, const char *rundir, const char *interface,
		     char error[CONTROL_ERROR_MAX])
{
	struct sockaddr_un address;
	struct stat st;

	if (!config_is_interface_name(interface)) {
		snprintf(error, CONTROL_ERROR_MAX,
			 "found interface \"%.40s\", expected 1 to 15 of a-z, A-Z, 0-9, _=+.-", interface);
		return -1;
	}
	if (stat("/proc/self/ns/net", &st) != 0) {
		snprintf(error, CONTROL_ERROR_MAX, "/proc/self/ns/net: %s", strerror(errno));
		return -1;
	}
	snprintf(paths->dir, sizeof(paths->dir), "%s/%ju", rundir, (uintmax_t)st.st_ino);
	if (snprintf(paths->lock, sizeof(paths->lock), "%s/%ju/%s.lock", rundir, (uintmax_t)st.st_ino,
		     interface) >= (int)sizeof(paths->lock) ||
	    snprintf(paths->sock, sizeof(paths->sock), "%s/%ju/%s.sock", rundir, (uintmax_t)st.st_ino,
		     interface) >= (int)sizeof(address.sun_path)) {
		snprintf(error, CONTROL_ERROR_MAX, "%.200s: the path is too long for a socket in it", rundir);
		return -1;
	}
	return 0;
}

static bool same_file(int fd, const char *path)
{
	struct stat by_fd, by_path;

	return fstat(fd, &by_fd) == 0 && lstat(path, &by_path) == 0 && by_fd.st_ino == by_path.st_ino &&
	       by_fd.st_dev == by_path.st_dev;
}

static int lock_now(int fd)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };

	return fcntl(fd, F_OFD_SETLK, &lock);
}

bool claim_is_held(const char *path)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	bool held;

	if (fd < 0)
		return false;
	held = fcntl(fd, F_OFD_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
	close(fd);
	return held;
}

static void pause_ms(unsigned ms)
{
	struct timespec t = { .tv_nsec = (long)ms * 1000000 };

	nanosleep(&t, NULL);
}

/*
 * Opens RUNDIR and takes the flock that serialises starts. Returns the descriptor (closing it unlocks), or -1
 * with errno; EPERM: others could tamper with it.
 */
static int enter_rundir(const char *rundir, bool create)
{
	for (unsigned waited = 0; waited < RUNDIR_WAIT_MS;) {
		struct stat st;
		int fd, saved;

		if (create && mkdir(rundir, 0700) != 0 && errno != EEXIST)
			return -1;
		fd = open(rundir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (fd < 0 && errno == ENOENT && create)
			continue; /* somebody who ended has just removed it */
		if (fd < 0)
			return -1;
		if (fstat(fd, &st) == 0 && (st.st_uid != geteuid() || st.st_mode & (S_IWGRP | S_IWOTH))) {
			close(fd);
			errno = EPERM;
			return -1;
		}
		if (flock(fd, LOCK_EX | LOCK_NB) == 0 && same_file(fd, rundir))
			return fd;
		saved = errno;
		close(fd);
		if (saved == EWOULDBLOCK)
			pause_ms(5);
		waited += 5;
	}
	errno = ETIMEDOUT;
	return -1;
}

/* Is this entry |name| a file of |suffix|? Then |stem| is what stands before it. */
static bool has_suffix(char stem[IF_NAMESIZE], const char *name, const char *suffix)
{
	size_t len = strlen(name), tail = strlen(suffix);

	if (len <= tail || len - tail >= IF_NAMESIZE || strcmp(name + len - tail, suffix) != 0)
		return false;
	memcpy(stem, name, len - tail);
	stem[len - tail] = '\0';
	return config_is_interface_name(stem);
}

/* Removes |stem|'s two files if nobody holds its lock. */
static void sweep_one(int dir, const char *stem)
{
	char lock[IF_NAMESIZE + 8], sock[IF_NAMESIZE + 8];
	int fd;

	snprintf(lock, sizeof(lock), "%s.lock", stem);
	snprintf(sock, sizeof(sock), "%s.sock", stem);
	fd = openat(dir, lock, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd < 0 && errno == ENOENT)
		unlinkat(dir, sock, 0); /* a claim comes before its socket, and goes after it */
	if (fd < 0)
		return;
	if (lock_now(fd) == 0) {
		unlinkat(dir, sock, 0);
		unlinkat(dir, lock, 0);
	}
	close(fd);
}

static void sweep_namespace(int rundir_fd, const char *name)
{
	int fd = openat(rundir_fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
	struct dirent *entry;
	char stem[IF_NAMESIZE];

	if (!dir) {
		if (fd >= 0)
			close(fd);
		return;
	}
	while ((entry = readdir(dir)))
		if (has_suffix(stem, entry->d_name, ".lock") || has_suffix(stem, entry->d_name, ".sock"))
			sweep_one(fd, stem);
	closedir(dir);
	unlinkat(rundir_fd, name, AT_REMOVEDIR); /* fails unless it is empty now */
}

static void sweep_all(int rundir_fd)
{
	int fd = openat(rundir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
	struct dirent *entry;

	if (!dir) {
		if (fd >= 0)
			close(fd);
		return;
	}
	while ((entry = readdir(dir)))
		if (entry->d_name[strspn(entry->d_name, "0123456789")] == '\0')
			sweep_namespace(rundir_fd, entry->d_name);
	closedir(dir);
}

void claim_sweep(const char *rundir)
{
	int fd = enter_rundir(rundir, false);

	if (fd < 0)
		return;
	sweep_all(fd);
	rmdir(rundir); /* fails unless it is empty now */
	close(fd);
}

/* "" or " (pid 123)" of who holds it. */
static void read_pid(int fd, char *out, size_t size)
{
	char text[16] = "";
	ssize_t n = pread(fd, text, sizeof(text) - 1, 0);

	out[0] = '\0';
	if (n > 1 && text[n - 1] == '\n' && strspn(text, "0123456789") == (size_t)n - 1)
		snprintf(out, size, " (pid %.*s)", (int)n - 1, text);
}

/* Returns 0; 1: a race was lost, try again; -1 with |error|. */
static int lock_interface(struct claim *claim, const char *interface, char error[CONTROL_ERROR_MAX])
{
	const struct claim_paths *paths = &claim->paths;
	char pid[32];

	if (mkdir(paths->dir, 0700) != 0 && errno != EEXIST && errno != ENOENT) {
		snprintf(error, CONTROL_ERROR_MAX, "%.300s: %s", paths->dir, strerror(errno));
		return -1;
	}
	claim->lock_fd = open(paths->lock, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (claim->lock_fd < 0 && errno == ENOENT)
		return 1;
	if (claim->lock_fd < 0) {
		snprintf(error, CONTROL_ERROR_MAX, "%.300s: %s", paths->lock, strerror(errno));
		return -1;
	}
	if (lock_now(claim->lock_fd) != 0) {
		read_pid(claim->lock_fd, pid, sizeof(pid));
		snprintf(error, CONTROL_ERROR_MAX,
			 "%s is already run by another flowtund%s in this network namespace", interface, pid);
		close(claim->lock_fd);
		return -1;
	}
	if (same_file(claim->lock_fd, paths->lock))
		return 0;
	close(claim->lock_fd);
	return 1;
}

int claim_take(struct claim *claim, const char *rundir, const char *interface, char error[CONTROL_ERROR_MAX])
{
	int result = claim_find_paths(&claim->paths, rundir, interface, error);

	if (result != 0)
		return -1;
	snprintf(claim->rundir, sizeof(claim->rundir), "%s", rundir);
	result = 1;
	for (int attempt = 0; result == 1 && attempt < ATTEMPTS; attempt++) {
		int fd = enter_rundir(rundir, true);

		if (fd < 0 && errno == EPERM) {
			snprintf(error, CONTROL_ERROR_MAX,
				 "%.300s belongs to or can be written by somebody else", rundir);
			return -1;
		}
		if (fd < 0) {
			snprintf(error, CONTROL_ERROR_MAX, "%.300s: %s", rundir, strerror(errno));
			return -1;
		}
		sweep_all(fd);
		result = lock_interface(claim, interface, error);
		close(fd);
	}
	if (result == 1)
		snprintf(error, CONTROL_ERROR_MAX, "%.300s: others keep removing it", claim->paths.dir);
	if (result != 0)
		return -1;
	unlink(claim->paths.sock);
	if (ftruncate(claim->lock_fd, 0) == 0)
		dprintf(claim->lock_fd, "%ld\n", (long)getpid()); /* for the sentence above alone */
	return 0;
}

void claim_release(struct claim *claim)
{
	unlink(claim->paths.sock);
	unlink(claim->paths.lock);
	close(claim->lock_fd);
	/* The last one out; both fail while anything is in there. */
	rmdir(claim->paths.dir);
	rmdir(claim->rundir);
}
