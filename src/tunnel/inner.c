/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The IP headers of inner packets (RFC 791, RFC 8200). The hot path of both directions; hostile input. */
#include "tunnel_inner.h"

#define IPV4_HEADER 20u
#define IPV6_HEADER 40u

static unsigned load16(const uint8_t *p)
{
	return (unsigned)p[0] << 8 | p[1];
}

static int parse4(const uint8_t *packet, size_t len, struct tunnel_inner *inner)
{
	unsigned header_len;

	if (len < IPV4_HEADER)
		return RTMFP_ERR_SYNTAX;
	header_len = (packet[0] & 0x0fu) * 4;
	if (header_len < IPV4_HEADER || header_len > len || load16(packet + 2) != len)
		return RTMFP_ERR_SYNTAX;
	*inner = (struct tunnel_inner){
		.version = 4,
		.traffic_class = packet[1],
		.protocol = packet[9],
		.header_len = (uint16_t)header_len,
		.source = packet + 12,
		.destination = packet + 16,
	};
	return 0;
}

static int parse6(const uint8_t *packet, size_t len, struct tunnel_inner *inner)
{
	if (len < IPV6_HEADER || len > TUNNEL_PACKET_MAX || load16(packet + 4) != len - IPV6_HEADER)
		return RTMFP_ERR_SYNTAX;
	*inner = (struct tunnel_inner){
		.version = 6,
		.traffic_class = (uint8_t)(packet[0] << 4 | packet[1] >> 4),
		.protocol = packet[6],
		.header_len = IPV6_HEADER,
		.source = packet + 8,
		.destination = packet + 24,
	};
	return 0;
}

int tunnel_inner_parse(const uint8_t *packet, size_t len, struct tunnel_inner *inner)
{
	if (!len)
		return RTMFP_ERR_SYNTAX;
	switch (packet[0] >> 4) {
	case 4: return parse4(packet, len, inner);
	case 6: return parse6(packet, len, inner);
	default: return RTMFP_ERR_SYNTAX;
	}
}
