/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Builds the ICMP errors of icmp.h. Pure; the packets come from the device, and are not trusted either. */
#include "icmp.h"

#include <string.h>

#define IPV4_ANSWER_MAX 576u /* RFC 1812 section 4.3.2.3 */
#define IPV4_HEADER	20u
#define IPV6_HEADER	40u
#define ICMP_HEADER	8u
#define HOPS		64u
#define EXTENSIONS_MAX	8u
#define PROTOCOL_ICMP	1u
#define PROTOCOL_ICMPV6 58u
#define ICMPV6_QUERIES	128u /* types from here on are no errors */
#define ICMPV6_REDIRECT 137u

enum extension {
	EXTENSION_HOP_BY_HOP = 0,
	EXTENSION_ROUTING = 43,
	EXTENSION_FRAGMENT = 44,
	EXTENSION_DESTINATION = 60,
};

static size_t min(size_t a, size_t b)
{
	return a < b ? a : b;
}

static void store16(uint8_t *p, unsigned v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

/* The Internet checksum (RFC 1071), continued from |sum|. */
static uint32_t add(uint32_t sum, const uint8_t *p, size_t len)
{
	for (; len > 1; p += 2, len -= 2)
		sum += (uint32_t)p[0] << 8 | p[1];
	return len ? sum + ((uint32_t)p[0] << 8) : sum;
}

static unsigned fold(uint32_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffffu) + (sum >> 16);
	return ~sum & 0xffffu;
}

/* One host that could be answered: no wildcard, loopback, multicast, reserved or broadcast address. */
static bool is_host4(const uint8_t *ip)
{
	return ip[0] != 0 && ip[0] != 127 && ip[0] < 224;
}

static bool is_host6(const uint8_t *ip)
{
	static const uint8_t zero[15];

	return ip[0] != 0xff && (memcmp(ip, zero, sizeof(zero)) != 0 || ip[15] > 1);
}

/* ICMP that asks or tells something: it may be answered with an error. */
static bool is_query4(uint8_t type)
{
	switch (type) {
	case 0:
	case 8:
	case 9:
	case 10:
	case 13:
	case 14:
	case 15:
	case 16:
	case 17:
	case 18: return true;
	default: return false;
	}
}

static bool may_answer4(const uint8_t *packet, size_t len, const struct tunnel_inner *inner)
{
	bool later_fragment = (packet[6] & 0x1f) || packet[7];

	if (!is_host4(inner->source) || !is_host4(inner->destination) || later_fragment)
		return false;
	if (inner->protocol != PROTOCOL_ICMP)
		return true;
	return len > inner->header_len && is_query4(packet[inner->header_len]);
}

static bool may_answer6(const uint8_t *packet, size_t len, const struct tunnel_inner *inner)
{
	uint8_t protocol = inner->protocol;
	size_t at = IPV6_HEADER;

	if (!is_host6(inner->source) || !is_host6(inner->destination))
		return false;
	for (unsigned i = 0; i < EXTENSIONS_MAX; i++) {
		bool fragment = protocol == EXTENSION_FRAGMENT;

		switch (protocol) {
		case PROTOCOL_ICMPV6:
			return len > at && packet[at] >= ICMPV6_QUERIES && packet[at] != ICMPV6_REDIRECT;
		case EXTENSION_HOP_BY_HOP:
		case EXTENSION_ROUTING:
		case EXTENSION_DESTINATION:
		case EXTENSION_FRAGMENT: break;
		default: return true;
		}
		if (len - at < 8 || (fragment && (packet[at + 2] || packet[at + 3] & 0xf8)))
			return false;
		protocol = packet[at];
		at += fragment ? 8 : (packet[at + 1] + 1u) * 8;
		if (at > len)
			return false;
	}
	return false;
}

static size_t answer4(const uint8_t *packet, size_t len, const struct tunnel_inner *inner,
		      enum icmp_error error, uint16_t mtu, uint8_t *out)
{
	uint8_t *icmp = out + IPV4_HEADER;
	size_t quote = min(len, IPV4_ANSWER_MAX - IPV4_HEADER - ICMP_HEADER);
	size_t total = IPV4_HEADER + ICMP_HEADER + quote;

	memset(out, 0, IPV4_HEADER + ICMP_HEADER);
	out[0] = 0x45;
	out[1] = 0xc0; /* internetwork control (RFC 1812 section 4.3.2.5) */
	store16(out + 2, (unsigned)total);
	out[8] = HOPS;
	out[9] = PROTOCOL_ICMP;
	memcpy(out + 12, inner->destination, 4);
	memcpy(out + 16, inner->source, 4);
	store16(out + 10, fold(add(0, out, IPV4_HEADER)));

	icmp[0] = 3;
	icmp[1] = error == ICMP_TOO_BIG ? 4 : 1;
	if (error == ICMP_TOO_BIG)
		store16(icmp + 6, mtu);
	memcpy(icmp + ICMP_HEADER, packet, quote);
	store16(icmp + 2, fold(add(0, icmp, ICMP_HEADER + quote)));
	return total;
}

static size_t answer6(const uint8_t *packet, size_t len, const struct tunnel_inner *inner,
		      enum icmp_error error, uint16_t mtu, uint8_t *out)
{
	uint8_t *icmp = out + IPV6_HEADER;
	size_t quote = min(len, ICMP_ANSWER_MAX - IPV6_HEADER - ICMP_HEADER);
	size_t payload = ICMP_HEADER + quote;

	memset(out, 0, IPV6_HEADER + ICMP_HEADER);
	out[0] = 0x60;
	store16(out + 4, (unsigned)payload);
	out[6] = PROTOCOL_ICMPV6;
	out[7] = HOPS;
	memcpy(out + 8, inner->destination, 16);
	memcpy(out + 24, inner->source, 16);

	icmp[0] = error == ICMP_TOO_BIG ? 2 : 1;
	icmp[1] = error == ICMP_TOO_BIG ? 0 : 3;
	if (error == ICMP_TOO_BIG)
		store16(icmp + 6, mtu);
	memcpy(icmp + ICMP_HEADER, packet, quote);
	/* RFC 8200 section 8.1: over both addresses, the length, the protocol, and the message. */
	store16(icmp + 2,
		fold(add(add(0, out + 8, 32) + (uint32_t)payload + PROTOCOL_ICMPV6, icmp, payload)));
	return IPV6_HEADER + payload;
}

size_t icmp_answer(const uint8_t *packet, size_t len, const struct tunnel_inner *inner, enum icmp_error error,
		   uint16_t mtu, uint8_t out[ICMP_ANSWER_MAX])
{
	if (inner->version == 4)
		return may_answer4(packet, len, inner) ? answer4(packet, len, inner, error, mtu, out) : 0;
	return may_answer6(packet, len, inner) ? answer6(packet, len, inner, error, mtu, out) : 0;
}
