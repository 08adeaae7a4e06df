/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Inner packets: the IP packets that the tunnel carries (PROTOCOL.md section 7). What is read here is what
 * the tunnel decides upon, and it is the same for packets of the device and of a peer.
 */
#ifndef TUNNEL_INNER_H
#define TUNNEL_INNER_H

#include "rtmfp_types.h"

#define TUNNEL_PACKET_MAX                                                                 \
	65535u /* the longest packet that a network device hands out, whatever its family \
		*/

struct tunnel_inner {
	uint8_t version;       /* 4 or 6 */
	uint8_t traffic_class; /* DSCP << 2 | ECN: TOS, or Traffic Class */
	uint8_t protocol;      /* of IPv4's header, or IPv6's first Next Header */
	uint16_t header_len;   /* bytes: 20 to 60, or 40 (extension headers are payload) */
	const uint8_t *source; /* 4 or 16 bytes in the packet */
	const uint8_t *destination;
};

/**
 * tunnel_inner_parse reads the IP header of the |len| bytes at |packet|, without a copy.
 *
 * The packet has to fill |len| exactly. Bytes behind its end are refused rather than trimmed: one message is
 * one packet, nothing in the protocol pads it, and what IP does not describe would be a channel past every
 * filter. An IPv6 payload length of 0 means an empty packet, so a jumbogram (RFC 2675), which is longer than
 * TUNNEL_PACKET_MAX anyway, is refused as well. Header checksums, options and extension headers are left to
 * the kernel that gets the packet.
 *
 * Returns 0 or RTMFP_ERR_SYNTAX (|*inner| is not to be used).
 */
int tunnel_inner_parse(const uint8_t *packet, size_t len, struct tunnel_inner *inner) RTMFP_MUST_CHECK;

#endif
