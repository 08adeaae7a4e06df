/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Socket addresses and prefixes as people write them. Pure text: nothing is looked up. Used by the
 * configuration, the state file, and by whoever fills a status snapshot.
 */
#ifndef DAEMON_ADDR_H
#define DAEMON_ADDR_H

#include "rtmfp_types.h"

#define ADDR_TEXT_MAX	72 /* "[" IPv6 "%" scope "]:" port, with its NUL */
#define PREFIX_TEXT_MAX 52 /* IPv6 "/" length, with its NUL */

/* An address block, or the address of an interface with the length of its network. */
struct daemon_prefix {
	uint8_t family; /* 4 or 6 */
	uint8_t length; /* 0 to 32 or 128 */
	uint8_t ip[16]; /* network order; IPv4 uses the first 4, the rest is 0 */
};

/** addr_to_text writes "192.0.2.1:1935" or "[2001:db8::1%3]:1935" (scope by number, if any); "" if none. */
void addr_to_text(char out[ADDR_TEXT_MAX], const struct rtmfp_addr *addr);
/** addr_from_text reads what addr_to_text writes (port 1 to 65535). Returns 0, or -1 with |*addr| unchanged.
 */
int addr_from_text(struct rtmfp_addr *addr, const char *text) RTMFP_MUST_CHECK;

/** prefix_to_text writes "10.0.0.0/8" or "fd00::/64". */
void prefix_to_text(char out[PREFIX_TEXT_MAX], const struct daemon_prefix *prefix);
/**
 * prefix_from_text reads an address with or without "/length" (without: 32 or 128). Bits beyond the length
 * are kept. Returns 0, or -1 with |*prefix| unchanged.
 */
int prefix_from_text(struct daemon_prefix *prefix, const char *text) RTMFP_MUST_CHECK;
/** prefix_mask clears the bits beyond the length. */
void prefix_mask(struct daemon_prefix *prefix);

#endif
