/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What one interface is doing, as a plain struct, and how it is printed. flowtund fills a snapshot and sends
 * it as JSON over the control socket; `flowtun show` reads it back and prints it as `wg show` does. There is
 * no secret in it: of a key that exists only that it exists.
 */
#ifndef DAEMON_STATUS_H
#define DAEMON_STATUS_H

#include <net/if.h>
#include <stdio.h>
#include "daemon_addr.h"

#define STATUS_KEY_MAX	    45	/* Base64 of 32 bytes, with its NUL */
#define STATUS_ENDPOINT_MAX 264 /* an address or "name:port", with its NUL */
#define STATUS_WORD_MAX	    64
#define STATUS_LINE_MAX	    512

/* A number with a stable snake_case name. */
struct status_counter {
	const char *name; /* static, or owned by the snapshot's document (status_from_json) */
	uint64_t value;
};

struct status_counters {
	struct status_counter *list;
	size_t count, room;
};

struct status_peer {
	char public_key[STATUS_KEY_MAX];
	bool has_preshared_key;
	char endpoint[STATUS_ENDPOINT_MAX]; /* where packets go, or what is configured; "": none */
	struct daemon_prefix *allowed_ips;
	size_t allowed_ip_count, allowed_ip_room;
	int64_t latest_handshake; /* Unix time, 0: never */
	uint64_t rx_bytes, tx_bytes;
	uint16_t persistent_keepalive;	   /* s, 0: off */
	char state[STATUS_WORD_MAX];	   /* of the session */
	uint64_t rtt_ns;		   /* smoothed, 0: unknown */
	uint32_t path_mtu;		   /* bytes of a datagram's payload, 0: unknown */
	char address[STATUS_ENDPOINT_MAX]; /* the session's far address now; "": none */
	char suite[STATUS_WORD_MAX];	   /* "": none yet */
	struct status_counters counters;   /* of the peer's sessions */
	struct status_counters drops;	   /* packets dropped, by reason */
};

struct status {
	char interface[IF_NAMESIZE];
	char public_key[STATUS_KEY_MAX]; /* "": none */
	bool has_private_key;
	uint16_t listen_port;
	uint32_t fwmark;
	uint32_t mtu;		       /* of the interface */
	char engine[STATUS_LINE_MAX];  /* packet ciphers and who computes them */
	char version[STATUS_WORD_MAX]; /* of flowtund */
	struct status_peer *peers;     /* in the configuration's order */
	size_t peer_count, peer_room;
	struct status_counters counters; /* of the whole interface */
	struct status_counters drops;	 /* packets dropped, by reason: all reasons, also those at 0 */
	void *document;			 /* what status_from_json borrowed names from */
};

/** status_init makes an empty snapshot; status_fini frees what the others below added. */
void status_init(struct status *status);
void status_fini(struct status *status);

/** status_add_peer appends an empty peer, good until the next call. NULL: no memory. */
struct status_peer *status_add_peer(struct status *status) RTMFP_MUST_CHECK;
/** status_add_allowed_ip copies |prefix|. Returns 0, or -1: no memory. */
int status_add_allowed_ip(struct status_peer *peer, const struct daemon_prefix *prefix) RTMFP_MUST_CHECK;
/**
 * status_add_counter keeps |name|, which must outlive the snapshot. Values of one name are added up in the
 * JSON. Returns 0, or -1: no memory.
 */
int status_add_counter(struct status_counters *counters, const char *name, uint64_t value) RTMFP_MUST_CHECK;

/**
 * status_print_human prints what `wg show` prints for an interface, and per peer the lines session, rtt,
 * path mtu, address and suite. Peers are sorted as there: latest handshake first.
 *
 * |now|     Unix time, for "ago"
 * |colour|  with terminal sequences
 *
 * Returns 0, or -1: no memory (nothing printed). Look at ferror(|out|) for the rest.
 */
int status_print_human(FILE *out, const struct status *status, int64_t now, bool colour) RTMFP_MUST_CHECK;

/**
 * status_print_dump prints `wg show <interface> dump`'s columns: a line for the interface, one a peer.
 * |with_interface| puts the interface's name first, as `wg show all dump` does. Keys that exist and are
 * secret are "(hidden)".
 */
void status_print_dump(FILE *out, const struct status *status, bool with_interface);

/** status_to_json returns the whole snapshot as one line of JSON in a new string, or NULL: no memory. */
char *status_to_json(const struct status *status) RTMFP_MUST_CHECK;
/** status_print_json prints |count| snapshots indented: one object, or (|as_array|) an array of them. */
int status_print_json(FILE *out, const struct status *list, size_t count, bool as_array) RTMFP_MUST_CHECK;

/**
 * status_from_json reads what status_to_json wrote into |*status|, which it initialises. Members that are
 * missing or unknown are tolerated (another version's flowtund), members of a wrong type are not.
 *
 * Returns 0, or -1 with |*status| empty: not such a document, or no memory.
 */
int status_from_json(struct status *status, const char *text, size_t len) RTMFP_MUST_CHECK;

#endif
