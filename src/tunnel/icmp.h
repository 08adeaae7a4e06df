/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ICMP errors for packets of the device that cannot be sent (RFC 792, RFC 4443). They seem to come from the
 * packet's destination: the kernel takes no packet from a device whose source is an address of its own.
 * Called by tunnel.c.
 */
#ifndef ICMP_H
#define ICMP_H

#include "tunnel_inner.h"

#define ICMP_ANSWER_MAX 1280u

enum icmp_error {
	ICMP_UNREACHABLE, /* host or address unreachable */
	ICMP_TOO_BIG,	  /* fragmentation needed, or packet too big */
};

/**
 * icmp_answer writes the error for |packet|, which |inner| was parsed from, to |out|.
 *
 * |mtu|  of ICMP_TOO_BIG
 *
 * Returns its length, 0 if this packet must not be answered (RFC 1122 section 3.2.2, RFC 4443 section 2.4):
 * errors, fragments behind the first, and what does not go from one host to one host.
 */
size_t icmp_answer(const uint8_t *packet, size_t len, const struct tunnel_inner *inner, enum icmp_error error,
		   uint16_t mtu, uint8_t out[ICMP_ANSWER_MAX]);

#endif
