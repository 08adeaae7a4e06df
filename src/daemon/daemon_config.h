/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A wg-quick file, read into one struct or refused with one sentence. Nothing is applied here, nothing is
 * looked up, and there are no globals. flowtund reads the file with it, `flowtun up` checks it beforehand.
 */
#ifndef DAEMON_CONFIG_H
#define DAEMON_CONFIG_H

#include <net/if.h>
#include "daemon_addr.h"

#define CONFIG_KEY_BYTES    32
#define CONFIG_HOST_MAX	    256		/* a name of 253 characters, or an address, with its NUL */
#define CONFIG_ERROR_MAX    1024	/* the whole sentence with file and line, with its NUL */
#define CONFIG_FILE_MAX	    (64u << 20) /* bytes; 10,000 peers or 100,000 prefixes are a few MB */
#define CONFIG_MTU_MIN	    576
#define CONFIG_MTU_MIN_IPV6 1280
#define CONFIG_MTU_MAX	    65535

/* Suites that may be used: `Suite =` of [Interface]. */
enum config_suite {
	CONFIG_SUITE_AUTO,   /* both, the one that is faster here first */
	CONFIG_SUITE_AES,    /* suite 1 alone (PROTOCOL.md section 2.3) */
	CONFIG_SUITE_CHACHA, /* suite 2 alone */
};

/* Where allowed IPs become routes: `Table =` of [Interface]. */
enum config_table {
	CONFIG_TABLE_AUTO,   /* the main table */
	CONFIG_TABLE_OFF,    /* no routes at all */
	CONFIG_TABLE_NUMBER, /* the table |table| */
};

struct config_endpoint {
	char host[CONFIG_HOST_MAX]; /* as written, without brackets */
	uint16_t port;		    /* 1 to 65535 */
	struct rtmfp_addr addr; /* family 0: |host| has to be looked up (a name, or an address with %zone) */
};

struct config_peer {
	uint8_t public_key[CONFIG_KEY_BYTES];
	uint8_t preshared_key[CONFIG_KEY_BYTES]; /* 0 unless has_preshared_key */
	bool has_preshared_key;
	uint16_t persistent_keepalive;	   /* seconds, 0: off */
	struct daemon_prefix *allowed_ips; /* masked, in the file's order */
	size_t allowed_ip_count;
	struct config_endpoint *endpoints; /* one for each `Endpoint =`: all are tried */
	size_t endpoint_count;
	unsigned line; /* of its [Peer] */
};

struct config {
	uint8_t private_key[CONFIG_KEY_BYTES];
	uint8_t public_key[CONFIG_KEY_BYTES]; /* derived from private_key */
	struct daemon_prefix *addresses;      /* of the interface; bits beyond the length are kept */
	size_t address_count;
	uint16_t listen_port; /* 0: any free port */
	uint16_t mtu;	      /* 0: the default; else CONFIG_MTU_MIN to CONFIG_MTU_MAX */
	uint32_t fwmark;      /* 0: none */
	enum config_table table_mode;
	uint32_t table; /* CONFIG_TABLE_NUMBER only, never 0 */
	enum config_suite suite;
	bool stateless_reset;	   /* PROTOCOL.md section 5.3 */
	struct config_peer *peers; /* in the file's order, each public key once, never our own */
	size_t peer_count;
	char **warnings; /* sentences for the log: file, line, no secrets */
	size_t warning_count;
};

/**
 * config_parse reads |len| bytes of a wg-quick file.
 *
 * |*out|   on success a new struct that the caller gives to config_free; unchanged on failure
 * |name|   of the file, for sentences
 * |text|   need not end in NUL; not kept
 * |error|  on failure one sentence without a final newline: `name:line: found "...", expected ...`.
 *          It never holds a private or pre-shared key, nor any part of one
 *
 * Returns 0, or -1 (the operator's mistake, or out of memory).
 */
int config_parse(struct config **out, const char *name, const char *text, size_t len,
		 char error[CONFIG_ERROR_MAX]) RTMFP_MUST_CHECK;

/**
 * config_load is config_parse for the file at |path|, which may be a pipe. Adds a warning when others than
 * owner and group may read it. What was read is wiped.
 */
int config_load(struct config **out, const char *path, char error[CONFIG_ERROR_MAX]) RTMFP_MUST_CHECK;

/** config_free wipes and frees |config|, which may be NULL. */
void config_free(struct config *config);

/**
 * config_interface_name makes the interface's name of a configuration's path: its last part without ".conf".
 * Returns 0, or -1 when that is no valid name (see config_is_interface_name).
 */
int config_interface_name(char name[IF_NAMESIZE], const char *path) RTMFP_MUST_CHECK;
/** config_is_interface_name: 1 to 15 of letters, digits and _ = + . -, and neither "." nor "..". */
bool config_is_interface_name(const char *name);

#endif
