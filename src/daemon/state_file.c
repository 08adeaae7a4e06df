/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The state file (state_file.h). It is text, so that people can look at it:
 *
 *   flowtun state 1
 *   <public key> <address:port> <Unix time> alive|gone      any number of times
 *   end <number of entries>
 *
 * A file that was cut short lacks its last line; anything else than this form is refused as a whole.
 */
#include "config.h"
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "crypto_keys.h"
#include "daemon_addr.h"
#include "state_file.h"
#include "text.h"

#define HEADER	  "flowtun state 1"
#define LINE_SIZE 160 /* a key (44), an address (71), a time (10), a word, spaces; with its NUL */
#define FILE_MAX  (((size_t)STATE_ENTRIES_MAX + 2) * LINE_SIZE)

char *state_text_write(const struct state_entry *entries, size_t count, size_t *len)
{
	size_t room = (count + 2) * LINE_SIZE;
	char *text = malloc(room);
	size_t at;

	if (!text)
		return NULL;
	at = (size_t)snprintf(text, room, HEADER "\n");
	for (size_t i = 0; i < count; i++) {
		char key[CRYPTO_KEY_TEXT + 1], addr[ADDR_TEXT_MAX];

		crypto_key_to_base64(key, entries[i].public_key);
		addr_to_text(addr, &entries[i].addr);
		at += (size_t)snprintf(text + at, room - at, "%s %s %" PRId64 " %s\n", key, addr,
				       entries[i].verified > 0 ? entries[i].verified : 0, entries[i].alive ? "alive" : "gone");
	}
	at += (size_t)snprintf(text + at, room - at, "end %zu\n", count);
	*len = at;
	return text;
}

/* Copies the next line without its newline into |line|. False: there is none, or none that is whole and sane.
 */
static bool next_line(char line[LINE_SIZE], const char **text, const char *end)
{
	const char *newline = memchr(*text, '\n', (size_t)(end - *text));
	size_t len = newline ? (size_t)(newline - *text) : 0;

	if (!newline || len >= LINE_SIZE || memchr(*text, '\0', len))
		return false;
	memcpy(line, *text, len);
	line[len] = '\0';
	*text = newline + 1;
	return true;
}

static bool read_entry(struct state_entry *entry, char *line)
{
	char *fields[4];
	uint64_t verified;

	for (size_t i = 0; i < 4; i++) {
		fields[i] = line;
		line = strchr(line, ' ');
		if ((line == NULL) != (i == 3))
			return false;
		if (line)
			*line++ = '\0';
	}
	memset(entry, 0, sizeof(*entry));
	if (crypto_key_from_base64(entry->public_key, fields[0]) != 0 ||
	    addr_from_text(&entry->addr, fields[1]) != 0 ||
	    text_to_number(&verified, fields[2], UINT64_MAX) != 0)
		return false;
	entry->verified = (int64_t)verified;
	entry->alive = strcmp(fields[3], "alive") == 0;
	return entry->alive || strcmp(fields[3], "gone") == 0;
}

int state_text_read(struct state_entry **entries, size_t *count, const char *text, size_t len)
{
	const char *end = text + len;
	struct state_entry *list = NULL;
	size_t n = 0, room = 0;
	char line[LINE_SIZE];

	if (!next_line(line, &text, end) || strcmp(line, HEADER) != 0)
		return -1;
	while (next_line(line, &text, end)) {
		uint64_t promised;

		if (strncmp(line, "end ", 4) == 0) {
			if (text != end || text_to_number(&promised, line + 4, STATE_ENTRIES_MAX) != 0 ||
			    promised != n)
				break;
			*entries = list;
			*count = n;
			return 0;
		}
		if (n == room) {
			struct state_entry *bigger = reallocarray(list, room ? room * 2 : 16, sizeof(*list));

			if (!bigger) {
				free(list);
				return -2;
			}
			list = bigger;
			room = room ? room * 2 : 16;
		}
		if (n == STATE_ENTRIES_MAX || !read_entry(&list[n], line))
			break;
		n++;
	}
	free(list);
	return -1;
}

int state_file_read(const char *path, char **text, size_t *len)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	struct stat st;
	int error = 0;

	if (fd < 0)
		return errno;
	if (fstat(fd, &st) != 0)
		error = errno;
	else if (!S_ISREG(st.st_mode))
		error = EINVAL;
	else if (st.st_size < 0 || (size_t)st.st_size > FILE_MAX)
		error = EFBIG;
	*text = error ? NULL : malloc((size_t)st.st_size + 1);
	*len = 0;
	if (!error && !*text)
		error = ENOMEM;
	while (!error && *len < (size_t)st.st_size) {
		ssize_t n = read(fd, *text + *len, (size_t)st.st_size - *len);

		if (n > 0)
			*len += (size_t)n;
		else if (n == 0)
			break; /* shorter than it was: the reader of the text will see */
		else if (errno != EINTR)
			error = errno;
	}
	close(fd);
	if (error) {
		free(*text);
		*text = NULL;
	}
	return error;
}

static int write_whole(int fd, const char *text, size_t len)
{
	while (len > 0) {
		ssize_t n = write(fd, text, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno;
		text += n;
		len -= (size_t)n;
	}
	return fsync(fd) != 0 ? errno : 0;
}

int state_file_write(const char *dir, const char *path, const char *text, size_t len)
{
	char temporary[PATH_MAX];
	int fd, error;

	if (snprintf(temporary, sizeof(temporary), "%s.new", path) >= (int)sizeof(temporary))
		return ENAMETOOLONG;
	if (mkdir(dir, 0700) != 0 && errno != EEXIST)
		return errno;
	if (unlink(temporary) != 0 && errno != ENOENT) /* left by a crash */
		return errno;
	fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return errno;
	error = write_whole(fd, text, len);
	if (close(fd) != 0 && !error)
		error = errno;
	if (!error && rename(temporary, path) != 0)
		error = errno;
	if (error)
		unlink(temporary);
	return error;
}
