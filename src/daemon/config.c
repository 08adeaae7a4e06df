/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reads wg-quick files (daemon_config.h). This file walks lines and sections and owns the memory;
 * config_keys.c knows what each key may hold. Touches nothing but the file that it is told to read.
 */
#include "config.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>
#include "config_parser.h"
#include "crypto_keys.h"
#include "text.h"

#define WARNING_MAX 512

bool config_refuse(struct config_parser *p, const char *format, ...)
{
	va_list args;
	int at = snprintf(p->error, CONFIG_ERROR_MAX, "%.400s:%u: ", p->name, p->line);

	va_start(args, format);
	vsnprintf(p->error + at, CONFIG_ERROR_MAX - (size_t)at, format, args);
	va_end(args);
	return false;
}

bool config_refuse_nomem(struct config_parser *p)
{
	snprintf(p->error, CONFIG_ERROR_MAX, "%.400s: out of memory", p->name);
	return false;
}

bool config_warn(struct config_parser *p, const char *format, ...)
{
	struct config *c = p->config;
	char **list = reallocarray(c->warnings, c->warning_count + 1, sizeof(*list));
	char text[WARNING_MAX];
	va_list args;

	if (!list)
		return config_refuse_nomem(p);
	c->warnings = list;
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	if (asprintf(&list[c->warning_count], "%.400s%s", p->name, text) < 0)
		return config_refuse_nomem(p);
	c->warning_count++;
	return true;
}

void *config_grow(void *list, size_t count, size_t size)
{
	void *bigger;

	if (count > 0 && (count & (count - 1)) != 0) /* room is the next power of two */
		return list;
	bigger = reallocarray(NULL, count ? count * 2 : 1, size);
	if (bigger && count) {
		memcpy(bigger, list, count * size);
		rtmfp_wipe(list, count * size); /* peers hold pre-shared keys */
		free(list);
	}
	return bigger;
}

static bool begin_peer(struct config_parser *p)
{
	struct config *c = p->config;
	struct config_peer *peers = config_grow(c->peers, c->peer_count, sizeof(*peers));

	if (!peers)
		return config_refuse_nomem(p);
	c->peers = peers;
	p->peer = &peers[c->peer_count++];
	memset(p->peer, 0, sizeof(*p->peer));
	p->peer->line = p->line;
	return true;
}

/* What a section must have had when it ends. */
static bool end_section(struct config_parser *p)
{
	if (p->section != CONFIG_SECTION_PEER || p->seen[CONFIG_SECTION_PEER] & CONFIG_SEEN_PUBLIC_KEY)
		return true;
	p->line = p->peer->line;
	return config_refuse(
		p, "found a [Peer] without PublicKey, expected PublicKey = <44 characters of Base64>");
}

static bool section_line(struct config_parser *p, const char *line)
{
	char quoted[CONFIG_QUOTE_MAX];
	unsigned at = p->line;

	if (!end_section(p))
		return false;
	p->line = at;
	if (strcasecmp(line, "[Interface]") == 0) {
		p->section = CONFIG_SECTION_INTERFACE;
		return true;
	}
	if (strcasecmp(line, "[Peer]") == 0) {
		p->section = CONFIG_SECTION_PEER;
		p->seen[CONFIG_SECTION_PEER] = 0;
		return begin_peer(p);
	}
	return config_refuse(p, "found section \"%s\", expected [Interface] or [Peer]",
			     text_quote(quoted, sizeof(quoted), line));
}

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\v' || c == '\f';
}

/* Removes the spaces at both ends, in place. */
static char *trim(char *text)
{
	char *end;

	while (is_space(*text))
		text++;
	end = text + strlen(text);
	while (end > text && is_space(end[-1]))
		end--;
	*end = '\0';
	return text;
}

/* Removes all spaces, in place: `wg` reads "Allowed IPs = 10.0.0.0 / 8" so. */
static void squeeze(char *text)
{
	char *to = text;

	for (; *text; text++)
		if (!is_space(*text))
			*to++ = *text;
	*to = '\0';
}

/* |line| is a private copy without its newline. */
static bool read_line(struct config_parser *p, char *line)
{
	char *value;

	line[strcspn(line, "#")] = '\0';
	line = trim(line);
	if (*line == '\0')
		return true;
	if (*line == '[') {
		squeeze(line);
		return section_line(p, line);
	}
	value = strchr(line, '=');
	if (value)
		*value++ = '\0';
	squeeze(line);
	/* A key pasted on a line of its own must not reach a log: nothing but a short word is quoted. */
	if (*line == '\0' || strlen(line) > CONFIG_KEYWORD_MAX ||
	    line[strspn(line, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-")] != '\0')
		return config_refuse(p,
				     "found a line that is not understood (not shown), expected Key = value");
	if (!value)
		return config_refuse(p, "found \"%s\" without \"=\", expected Key = value", line);
	if (p->section == CONFIG_SECTION_NONE)
		return config_refuse(p, "found \"%s\" before any section, expected [Interface] or [Peer]",
				     line);
	return config_key_line(p, line, trim(value), squeeze);
}

static bool read_lines(struct config_parser *p, const char *text, size_t len)
{
	const char *end = text + len;

	while (text < end) {
		const char *newline = memchr(text, '\n', (size_t)(end - text));
		size_t line_len = newline ? (size_t)(newline - text) : (size_t)(end - text);
		char *copy;
		bool ok;

		p->line++;
		if (memchr(text, '\0', line_len))
			return config_refuse(p, "found a zero byte, expected a text file");
		copy = malloc(line_len + 1);
		if (!copy)
			return config_refuse_nomem(p);
		memcpy(copy, text, line_len);
		copy[line_len] = '\0';
		ok = read_line(p, copy);
		rtmfp_wipe(copy, line_len);
		free(copy);
		if (!ok)
			return false;
		text += line_len + (newline ? 1 : 0);
	}
	return end_section(p);
}

static int compare_peers(const void *a, const void *b)
{
	const struct config_peer *const *x = a, *const *y = b;
	int order = memcmp((*x)->public_key, (*y)->public_key, CONFIG_KEY_BYTES);

	return order ? order : (*x)->line < (*y)->line ? -1 : (*x)->line > (*y)->line;
}

static bool refuse_duplicates(struct config_parser *p)
{
	struct config *c = p->config;
	const struct config_peer **sorted;
	const struct config_peer *again = NULL, *first = NULL;

	if (c->peer_count < 2)
		return true;
	sorted = reallocarray(NULL, c->peer_count, sizeof(*sorted));
	if (!sorted)
		return config_refuse_nomem(p);
	for (size_t i = 0; i < c->peer_count; i++)
		sorted[i] = &c->peers[i];
	qsort(sorted, c->peer_count, sizeof(*sorted), compare_peers);
	for (size_t i = 1; i < c->peer_count; i++) { /* report the one that comes first in the file */
		if (memcmp(sorted[i - 1]->public_key, sorted[i]->public_key, CONFIG_KEY_BYTES) != 0 ||
		    (again && again->line < sorted[i]->line))
			continue;
		again = sorted[i];
		first = sorted[i - 1];
	}
	free(sorted);
	if (!again)
		return true;
	p->line = again->line;
	return config_refuse(p, "found the PublicKey of the [Peer] on line %u again, expected each peer once",
			     first->line);
}

static void free_peer(struct config_peer *peer)
{
	free(peer->allowed_ips);
	free(peer->endpoints);
	rtmfp_wipe(peer, sizeof(*peer));
}

/* One file for all machines of a mesh lists this one among the peers; WireGuard passes over it, too. */
static bool drop_self(struct config_parser *p)
{
	struct config *c = p->config;

	for (size_t i = 0; i < c->peer_count; i++) {
		struct config_peer *peer = &c->peers[i];
		unsigned line = peer->line;

		if (memcmp(peer->public_key, c->public_key, CONFIG_KEY_BYTES) != 0)
			continue;
		free_peer(peer);
		memmove(peer, peer + 1, (c->peer_count - i - 1) * sizeof(*peer));
		c->peer_count--;
		rtmfp_wipe(&c->peers[c->peer_count], sizeof(*peer));
		return config_warn(p, ":%u: this [Peer] is this host itself and is passed over", line);
	}
	return true;
}

/* An interface with less than every IPv6 link has takes no IPv6 address (RFC 8200 section 5). */
static bool check_mtu(struct config_parser *p)
{
	const struct config *c = p->config;

	if (c->mtu == 0 || c->mtu >= CONFIG_MTU_MIN_IPV6)
		return true;
	for (size_t i = 0; i < c->address_count; i++) {
		if (c->addresses[i].family != 6)
			continue;
		p->line = p->mtu_line;
		return config_refuse(
			p, "found \"%u\", expected an MTU from %u, because Address has an IPv6 address",
			c->mtu, CONFIG_MTU_MIN_IPV6);
	}
	return true;
}

static bool check_whole(struct config_parser *p)
{
	if (!(p->seen[CONFIG_SECTION_INTERFACE] & CONFIG_SEEN_PRIVATE_KEY)) {
		p->line = p->line ? p->line : 1;
		return config_refuse(p, "found the end of the file, expected PrivateKey = <44 characters of "
					"Base64> in [Interface]");
	}
	if (crypto_pubkey(p->config->public_key, p->config->private_key) != 0)
		return config_refuse(p, "the cryptography library cannot compute the public key");
	return check_mtu(p) && refuse_duplicates(p) && drop_self(p) && config_warn_inert(p);
}

int config_parse(struct config **out, const char *name, const char *text, size_t len,
		 char error[CONFIG_ERROR_MAX])
{
	struct config_parser parser = { .name = name, .error = error };

	error[0] = '\0';
	parser.config = calloc(1, sizeof(*parser.config));
	if (!parser.config) {
		config_refuse_nomem(&parser);
		return -1;
	}
	if (!read_lines(&parser, text, len) || !check_whole(&parser)) {
		config_free(parser.config);
		return -1;
	}
	*out = parser.config;
	return 0;
}

/* Reads until the end into |*text|, which is wiped and freed by the caller. Returns 0 or an errno. */
static int read_all(int fd, char **text, size_t *len)
{
	size_t room = 0;

	*text = NULL;
	*len = 0;
	for (;;) {
		ssize_t n;

		if (*len == room) {
			char *bigger = room < CONFIG_FILE_MAX ? malloc(room ? room * 2 : 16384) : NULL;

			if (!bigger)
				return room < CONFIG_FILE_MAX ? ENOMEM : EFBIG;
			if (*text) {
				memcpy(bigger, *text, *len);
				rtmfp_wipe(*text, *len);
				free(*text);
			}
			*text = bigger;
			room = room ? room * 2 : 16384;
		}
		n = read(fd, *text + *len, room - *len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? errno : 0;
		*len += (size_t)n;
	}
}

static int warn_of_mode(struct config *config, const char *path, const struct stat *st, char *error)
{
	struct config_parser p = { .name = path, .config = config, .error = error };

	if (!S_ISREG(st->st_mode) || !(st->st_mode & S_IROTH))
		return 0;
	return config_warn(&p, ": everybody may read this file, which holds a private key: chmod o-rwx it")
		       ? 0
		       : -1;
}

int config_load(struct config **out, const char *path, char error[CONFIG_ERROR_MAX])
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	struct config *config = NULL;
	char *text = NULL;
	size_t len = 0;
	struct stat st;
	int failure = fd < 0 || fstat(fd, &st) != 0 ? errno : read_all(fd, &text, &len);
	int result = -1;

	if (failure)
		snprintf(error, CONFIG_ERROR_MAX, "%.400s: cannot be read: %s", path, strerror(failure));
	else
		result = config_parse(&config, path, text, len, error);
	if (text)
		rtmfp_wipe(text, len);
	free(text);
	if (fd >= 0)
		close(fd);
	if (result == 0)
		result = warn_of_mode(config, path, &st, error);
	if (result != 0)
		config_free(config);
	else
		*out = config;
	return result;
}

void config_free(struct config *config)
{
	if (!config)
		return;
	for (size_t i = 0; i < config->peer_count; i++)
		free_peer(&config->peers[i]);
	for (size_t i = 0; i < config->warning_count; i++)
		free(config->warnings[i]);
	free(config->peers);
	free(config->warnings);
	free(config->addresses);
	rtmfp_wipe(config, sizeof(*config));
	free(config);
}

bool config_is_interface_name(const char *name)
{
	size_t len = strlen(name);

	return len > 0 && len < IF_NAMESIZE && strcmp(name, ".") != 0 && strcmp(name, "..") != 0 &&
	       strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_=+.-") == len;
}

int config_interface_name(char name[IF_NAMESIZE], const char *path)
{
	const char *slash = strrchr(path, '/');
	const char *base = slash ? slash + 1 : path;
	size_t len = strlen(base);
	char copy[IF_NAMESIZE];

	if (len > 5 && strcmp(base + len - 5, ".conf") == 0)
		len -= 5;
	if (len >= sizeof(copy))
		return -1;
	memcpy(copy, base, len);
	copy[len] = '\0';
	if (!config_is_interface_name(copy))
		return -1;
	memcpy(name, copy, len + 1);
	return 0;
}
