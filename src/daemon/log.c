/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The log (daemon_log.h). Touches its descriptor or syslog; called from everywhere in flowtund. */
#include "config.h"
#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>
#include "daemon_log.h"

#define REFILL_NS (1000000000u / LOG_PER_SECOND)

static uint64_t monotonic(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* A log is the one thing that every module reaches without being handed it. */
static struct {
	pthread_mutex_t lock; /* over the sites and the output */
	enum log_target target;
	int fd;
	_Atomic int level;
	char name[32];
	uint64_t (*clock)(void);
} logger = {
	.lock = PTHREAD_MUTEX_INITIALIZER,
	.target = LOG_TARGET_FD,
	.fd = STDERR_FILENO,
	.level = LOG_LEVEL_WARN,
	.clock = monotonic,
};

static const struct {
	const char *word;
	int priority; /* syslog's */
} levels[] = {
	[LOG_LEVEL_ERROR] = { "error", LOG_ERR },   [LOG_LEVEL_WARN] = { "warn", LOG_WARNING },
	[LOG_LEVEL_INFO] = { "info", LOG_INFO },    [LOG_LEVEL_DEBUG] = { "debug", LOG_DEBUG },
	[LOG_LEVEL_TRACE] = { "trace", LOG_DEBUG },
};

void log_open(enum log_target target, int fd, enum log_level level, const char *name)
{
	pthread_mutex_lock(&logger.lock);
	logger.target = target;
	logger.fd = fd;
	logger.level = level;
	snprintf(logger.name, sizeof(logger.name), "%s", name);
	if (target == LOG_TARGET_SYSLOG)
		openlog("flowtund", LOG_PID, LOG_DAEMON);
	pthread_mutex_unlock(&logger.lock);
}

enum log_target log_target_of_stderr(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	unsigned long long dev, inode;
	struct stat st;

	if (stream && sscanf(stream, "%llu:%llu", &dev, &inode) == 2 && fstat(STDERR_FILENO, &st) == 0 &&
	    st.st_dev == dev && st.st_ino == inode)
		return LOG_TARGET_JOURNAL;
	return LOG_TARGET_FD;
}

bool log_is_on_stderr(void)
{
	return logger.target != LOG_TARGET_SYSLOG && logger.fd == STDERR_FILENO;
}

int log_level_from_text(enum log_level *level, const char *text)
{
	for (size_t i = 0; i < sizeof(levels) / sizeof(levels[0]); i++) {
		if (strcmp(text, levels[i].word) != 0)
			continue;
		*level = (enum log_level)i;
		return 0;
	}
	return -1;
}

bool log_is_on(enum log_level level)
{
	return (int)level <= logger.level;
}

void log_clock_for_test(uint64_t (*clock)(void))
{
	logger.clock = clock ? clock : monotonic;
}

/* A token bucket: may this site say another line now? */
static bool take_token(struct log_site *site)
{
	uint64_t now = logger.clock();
	uint64_t refill = (now - site->refilled_at) / REFILL_NS;

	if (refill >= site->tokens_used) {
		site->tokens_used = 0;
		site->refilled_at = now;
	} else {
		site->tokens_used -= (uint32_t)refill;
		site->refilled_at += refill * REFILL_NS;
	}
	if (site->tokens_used >= LOG_BURST)
		return false;
	site->tokens_used++;
	return true;
}

/* What stands before the text of a line. */
static size_t write_head(char *line, size_t size, enum log_level level)
{
	struct timespec t;
	struct tm tm;
	int n = 0;

	if (logger.target == LOG_TARGET_JOURNAL)
		n = snprintf(line, size, "<%d>", levels[level].priority);
	if (logger.target == LOG_TARGET_FD) {
		clock_gettime(CLOCK_REALTIME, &t);
		gmtime_r(&t.tv_sec, &tm);
		n = (int)strftime(line, size, "%Y-%m-%dT%H:%M:%S", &tm);
		n += snprintf(line + n, size - (size_t)n, ".%03ldZ %s ", t.tv_nsec / 1000000,
			      levels[level].word);
	}
	if (logger.name[0])
		n += snprintf(line + n, size - (size_t)n, "%s: ", logger.name);
	return (size_t)n;
}

/* One event is one line, whatever somebody managed to get into it. */
static void tame(char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text < 0x20 || *text == 0x7f)
			*text = '?';
}

static void put(enum log_level level, char *line, size_t len)
{
	if (logger.target == LOG_TARGET_SYSLOG) {
		syslog(levels[level].priority, "%.*s", (int)len, line);
		return;
	}
	line[len++] = '\n';
	/* One write, so that lines of several processes do not mix. A log that cannot be written to is not
	 * worth dying for. */
	while (write(logger.fd, line, len) < 0 && errno == EINTR)
		;
}

void log_write(enum log_level level, struct log_site *site, const char *format, ...)
{
	char line[LOG_LINE_MAX + 1];
	size_t head;
	va_list args;
	int saved_errno = errno; /* callers log before they look at it */

	pthread_mutex_lock(&logger.lock);
	if (level <= LOG_LEVEL_INFO && !take_token(site)) {
		site->left_out++;
		pthread_mutex_unlock(&logger.lock);
		return;
	}
	head = write_head(line, LOG_LINE_MAX, level);
	va_start(args, format);
	vsnprintf(line + head, LOG_LINE_MAX - head, format, args);
	va_end(args);
	if (site->left_out) {
		size_t len = strlen(line);

		snprintf(line + len, LOG_LINE_MAX - len, " (%u more like this were left out)",
			 site->left_out);
		site->left_out = 0;
	}
	tame(line + head);
	put(level, line, strlen(line));
	pthread_mutex_unlock(&logger.lock);
	errno = saved_errno;
}
