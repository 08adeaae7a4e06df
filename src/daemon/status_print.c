/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A status snapshot for people and for scripts, word for word and column for column what wireguard-tools
 * print, so that eyes, habits and scripts carry over. Called by `flowtun show`.
 */
#include "config.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include "daemon_status.h"

#define RESET  "\x1b[0m"
#define BOLD   "\x1b[1m"
#define GREEN  "\x1b[32m"
#define YELLOW "\x1b[33m"
#define CYAN   "\x1b[36m"
#define RED    "\x1b[31m"

struct printer {
	FILE *out;
	bool colour;
};

/* |sequence| if the output is in colour, else "". */
static const char *paint(const struct printer *p, const char *sequence)
{
	return p->colour ? sequence : "";
}

static void label(const struct printer *p, const char *text)
{
	fprintf(p->out, "  %s%s%s: ", paint(p, BOLD), text, paint(p, RESET));
}

static void text_line(const struct printer *p, const char *name, const char *value)
{
	if (*value == '\0')
		return;
	label(p, name);
	fprintf(p->out, "%s\n", value);
}

static void unit(const struct printer *p, const char *name)
{
	fprintf(p->out, "%s%s%s", paint(p, CYAN), name, paint(p, RESET));
}

static void print_seconds(const struct printer *p, uint64_t left)
{
	static const struct {
		uint64_t seconds;
		const char *one, *many;
	} units[] = {
		{ 365 * 24 * 60 * 60, "year", "years" },
		{ 24 * 60 * 60, "day", "days" },
		{ 60 * 60, "hour", "hours" },
		{ 60, "minute", "minutes" },
		{ 1, "second", "seconds" },
	};
	const char *comma = "";

	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		uint64_t n = left / units[i].seconds;

		left %= units[i].seconds;
		if (n == 0)
			continue;
		fprintf(p->out, "%s%" PRIu64 " ", comma, n);
		unit(p, n == 1 ? units[i].one : units[i].many);
		comma = ", ";
	}
}

static void print_bytes(const struct printer *p, uint64_t bytes)
{
	static const char *const names[] = { "KiB", "MiB", "GiB", "TiB" };
	double scaled = (double)bytes / 1024;
	size_t i = 0;

	if (bytes < 1024) {
		fprintf(p->out, "%" PRIu64 " ", bytes);
		unit(p, "B");
		return;
	}
	for (uint64_t step = bytes / 1024; step >= 1024 && i < 3; step /= 1024, i++)
		scaled /= 1024;
	fprintf(p->out, "%.2f ", scaled);
	unit(p, names[i]);
}

static void print_handshake(const struct printer *p, int64_t then, int64_t now)
{
	label(p, "latest handshake");
	if (then == now)
		fputs("Now", p->out);
	else if (then > now)
		fprintf(p->out, "(%sSystem clock wound backward; connection problems may ensue.%s)",
			paint(p, RED), paint(p, RESET));
	else {
		print_seconds(p, (uint64_t)(now - then));
		fputs(" ago", p->out);
	}
	fputc('\n', p->out);
}

static void print_allowed_ips(const struct printer *p, const struct status_peer *peer)
{
	label(p, "allowed ips");
	if (peer->allowed_ip_count == 0)
		fputs("(none)\n", p->out);
	for (size_t i = 0; i < peer->allowed_ip_count; i++) {
		char text[PREFIX_TEXT_MAX];
		char *slash;

		prefix_to_text(text, &peer->allowed_ips[i]);
		slash = strchr(text, '/');
		fprintf(p->out, "%.*s%s/%s%s%s", (int)(slash - text), text, paint(p, CYAN), paint(p, RESET),
			slash + 1, i + 1 < peer->allowed_ip_count ? ", " : "\n");
	}
}

/* flowtun's own lines, after those of `wg show`. */
static void print_session(const struct printer *p, const struct status_peer *peer)
{
	text_line(p, "session", peer->state);
	if (peer->rtt_ns) {
		label(p, "rtt");
		fprintf(p->out, "%.3f ", (double)peer->rtt_ns / 1e6);
		unit(p, "ms");
		fputc('\n', p->out);
	}
	if (peer->path_mtu) {
		label(p, "path mtu");
		fprintf(p->out, "%" PRIu32 " ", peer->path_mtu);
		unit(p, "B");
		fputc('\n', p->out);
	}
	text_line(p, "address", peer->address);
	text_line(p, "suite", peer->suite);
}

static void print_peer(const struct printer *p, const struct status_peer *peer, int64_t now)
{
	fprintf(p->out, "%s%speer%s: %s%s%s\n", paint(p, YELLOW), paint(p, BOLD), paint(p, RESET),
		paint(p, YELLOW), peer->public_key, paint(p, RESET));
	if (peer->has_preshared_key)
		text_line(p, "preshared key", "(hidden)");
	text_line(p, "endpoint", peer->endpoint);
	print_allowed_ips(p, peer);
	if (peer->latest_handshake)
		print_handshake(p, peer->latest_handshake, now);
	if (peer->rx_bytes || peer->tx_bytes) {
		label(p, "transfer");
		print_bytes(p, peer->rx_bytes);
		fputs(" received, ", p->out);
		print_bytes(p, peer->tx_bytes);
		fputs(" sent\n", p->out);
	}
	if (peer->persistent_keepalive) {
		label(p, "persistent keepalive");
		fputs("every ", p->out);
		print_seconds(p, peer->persistent_keepalive);
		fputc('\n', p->out);
	}
	print_session(p, peer);
}

/* Latest handshake first, those without one last, else the order of the configuration. */
static int compare_peers(const void *a, const void *b)
{
	const struct status_peer *const *x = a, *const *y = b;

	if ((*x)->latest_handshake != (*y)->latest_handshake)
		return (*x)->latest_handshake > (*y)->latest_handshake ? -1 : 1;
	return *x < *y ? -1 : 1; /* one array, so its order is theirs */
}

int status_print_human(FILE *out, const struct status *status, int64_t now, bool colour)
{
	struct printer p = { .out = out, .colour = colour };
	const struct status_peer **sorted = reallocarray(NULL, status->peer_count + 1, sizeof(*sorted));

	if (!sorted)
		return -1;
	fprintf(out, "%s%s%sinterface%s: %s%s%s\n", paint(&p, RESET), paint(&p, GREEN), paint(&p, BOLD),
		paint(&p, RESET), paint(&p, GREEN), status->interface, paint(&p, RESET));
	text_line(&p, "public key", status->public_key);
	if (status->has_private_key)
		text_line(&p, "private key", "(hidden)");
	if (status->listen_port) {
		label(&p, "listening port");
		fprintf(out, "%u\n", status->listen_port);
	}
	if (status->fwmark) {
		label(&p, "fwmark");
		fprintf(out, "0x%" PRIx32 "\n", status->fwmark);
	}
	text_line(&p, "packet cipher", status->engine);
	for (size_t i = 0; i < status->peer_count; i++)
		sorted[i] = &status->peers[i];
	qsort(sorted, status->peer_count, sizeof(*sorted), compare_peers);
	for (size_t i = 0; i < status->peer_count; i++) {
		fputc('\n', out);
		print_peer(&p, sorted[i], now);
	}
	free(sorted);
	return 0;
}

static void dump_word(FILE *out, const char *word, char end)
{
	fprintf(out, "%s%c", *word ? word : "(none)", end);
}

static void dump_peer(FILE *out, const struct status_peer *peer)
{
	dump_word(out, peer->public_key, '\t');
	dump_word(out, peer->has_preshared_key ? "(hidden)" : "", '\t');
	dump_word(out, peer->endpoint, '\t');
	for (size_t i = 0; i < peer->allowed_ip_count; i++) {
		char text[PREFIX_TEXT_MAX];

		prefix_to_text(text, &peer->allowed_ips[i]);
		dump_word(out, text, i + 1 < peer->allowed_ip_count ? ',' : '\t');
	}
	if (peer->allowed_ip_count == 0)
		dump_word(out, "", '\t');
	fprintf(out, "%" PRId64 "\t%" PRIu64 "\t%" PRIu64 "\t", peer->latest_handshake, peer->rx_bytes,
		peer->tx_bytes);
	if (peer->persistent_keepalive)
		fprintf(out, "%u\n", peer->persistent_keepalive);
	else
		fputs("off\n", out);
}

void status_print_dump(FILE *out, const struct status *status, bool with_interface)
{
	if (with_interface)
		fprintf(out, "%s\t", status->interface);
	dump_word(out, status->has_private_key ? "(hidden)" : "", '\t');
	dump_word(out, status->public_key, '\t');
	fprintf(out, "%u\t", status->listen_port);
	if (status->fwmark)
		fprintf(out, "0x%" PRIx32 "\n", status->fwmark);
	else
		fputs("off\n", out);
	for (size_t i = 0; i < status->peer_count; i++) {
		if (with_interface)
			fprintf(out, "%s\t", status->interface);
		dump_peer(out, &status->peers[i]);
	}
}
