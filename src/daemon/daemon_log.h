/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * flowtund's log: one line an event, to stderr or (detached) to syslog. Each call site is limited to a burst
 * of LOG_BURST lines and LOG_PER_SECOND afterwards; what was left out is counted in the next line that gets
 * through. Debug and trace are not limited: who asks for them wants them all. Callable from any thread.
 * Never give it a secret.
 */
#ifndef DAEMON_LOG_H
#define DAEMON_LOG_H

#include <stdbool.h>
#include <stdint.h>

#define LOG_LINE_MAX   1024 /* bytes of a line; the rest is cut off */
#define LOG_BURST      20
#define LOG_PER_SECOND 5

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARN, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG, LOG_LEVEL_TRACE };

enum log_target {
	LOG_TARGET_FD,	    /* a descriptor, with timestamps and level words */
	LOG_TARGET_JOURNAL, /* a descriptor that systemd reads: "<3>" instead of both */
	LOG_TARGET_SYSLOG,  /* syslog(3), facility daemon */
};

/* One place in the code that logs; zeroed at start. */
struct log_site {
	uint64_t refilled_at; /* ns */
	uint32_t tokens_used;
	uint32_t left_out;
};

/**
 * log_open chooses where lines go from now on; until then: warnings and errors to stderr.
 *
 * |fd|    for LOG_TARGET_FD and LOG_TARGET_JOURNAL; not owned
 * |name|  goes in front of each line (the interface); copied
 */
void log_open(enum log_target target, int fd, enum log_level level, const char *name);
/** log_target_of_stderr says whether stderr is systemd's (JOURNAL_STREAM names its device and inode). */
enum log_target log_target_of_stderr(void);
/** log_is_on_stderr: does somebody who looks at stderr see the log? */
bool log_is_on_stderr(void);
/** log_level_from_text reads "error", "warn", "info", "debug", "trace". Returns 0, or -1. */
int log_level_from_text(enum log_level *level, const char *text);
/** log_is_on: does anything come of a line of |level|? For what is dear to compute. */
bool log_is_on(enum log_level level);
/** log_clock_for_test replaces CLOCK_MONOTONIC (ns) for the limit; NULL: back to it. */
void log_clock_for_test(uint64_t (*clock)(void));

void log_write(enum log_level level, struct log_site *site, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

#define LOG_AT(level, ...)                                           \
	do {                                                         \
		static struct log_site log_site_;                    \
		if (log_is_on(level))                                \
			log_write((level), &log_site_, __VA_ARGS__); \
	} while (0)
#define log_error(...) LOG_AT(LOG_LEVEL_ERROR, __VA_ARGS__)
#define log_warn(...)  LOG_AT(LOG_LEVEL_WARN, __VA_ARGS__)
#define log_info(...)  LOG_AT(LOG_LEVEL_INFO, __VA_ARGS__)
#define log_debug(...) LOG_AT(LOG_LEVEL_DEBUG, __VA_ARGS__)
#define log_trace(...) LOG_AT(LOG_LEVEL_TRACE, __VA_ARGS__)

#endif
