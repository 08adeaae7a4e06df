/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The state file's text, and the file itself. For state.c. */
#ifndef STATE_FILE_H
#define STATE_FILE_H

#include "daemon_state.h"

/** state_text_write returns the file's text in a new string of |*len| bytes, or NULL: no memory. */
char *state_text_write(const struct state_entry *entries, size_t count, size_t *len) RTMFP_MUST_CHECK;
/**
 * state_text_read reads such a text into a new array. Returns 0; -1: it is not one, or cut short, or has more
 * than STATE_ENTRIES_MAX entries; -2: no memory.
 */
int state_text_read(struct state_entry **entries, size_t *count, const char *text,
		    size_t len) RTMFP_MUST_CHECK;

/** state_file_read returns 0 with a new |*text|, or an errno: ENOENT, EFBIG (longer than any good one), ...
 */
int state_file_read(const char *path, char **text, size_t *len) RTMFP_MUST_CHECK;
/**
 * state_file_write replaces |path| by a file of |len| bytes, at once and durably: whoever reads it sees the
 * old or the new one, whole. Makes the directory |dir| if need be. Waits for the disk. Returns 0 or an errno,
 * the old file being intact and no temporary one left.
 */
int state_file_write(const char *dir, const char *path, const char *text, size_t len) RTMFP_MUST_CHECK;

#endif
