/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Socket addresses and prefixes as text. Pure; called by the configuration, the state file, the status. */
#include "config.h"
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "daemon_addr.h"
#include "text.h"

void addr_to_text(char out[ADDR_TEXT_MAX], const struct rtmfp_addr *addr)
{
	char ip[INET6_ADDRSTRLEN];

	out[0] = '\0';
	if (addr->family == 4 && inet_ntop(AF_INET, addr->ip, ip, sizeof(ip)))
		snprintf(out, ADDR_TEXT_MAX, "%s:%u", ip, addr->port);
	else if (addr->family == 6 && inet_ntop(AF_INET6, addr->ip, ip, sizeof(ip))) {
		if (addr->scope)
			snprintf(out, ADDR_TEXT_MAX, "[%s%%%u]:%u", ip, addr->scope, addr->port);
		else
			snprintf(out, ADDR_TEXT_MAX, "[%s]:%u", ip, addr->port);
	}
}

int addr_from_text(struct rtmfp_addr *addr, const char *text)
{
	struct rtmfp_addr a = { .family = text[0] == '[' ? 6 : 4 };
	const char *host = a.family == 6 ? text + 1 : text;
	const char *end = strchr(host, a.family == 6 ? ']' : ':');
	char ip[ADDR_TEXT_MAX];
	char *scope;
	uint64_t number;

	if (!end || (size_t)(end - host) >= sizeof(ip) || (a.family == 6 && end[1] != ':'))
		return -1;
	memcpy(ip, host, (size_t)(end - host));
	ip[end - host] = '\0';
	if (text_to_number(&number, end + (a.family == 6 ? 2 : 1), 65535) != 0 || number == 0)
		return -1;
	a.port = (uint16_t)number;
	scope = a.family == 6 ? strchr(ip, '%') : NULL;
	if (scope) {
		*scope = '\0';
		if (text_to_number(&number, scope + 1, UINT32_MAX) != 0 || number == 0)
			return -1;
		a.scope = (uint32_t)number;
	}
	if (inet_pton(a.family == 6 ? AF_INET6 : AF_INET, ip, a.ip) != 1)
		return -1;
	*addr = a;
	return 0;
}

void prefix_to_text(char out[PREFIX_TEXT_MAX], const struct daemon_prefix *prefix)
{
	char ip[INET6_ADDRSTRLEN];

	out[0] = '\0';
	if (inet_ntop(prefix->family == 6 ? AF_INET6 : AF_INET, prefix->ip, ip, sizeof(ip)))
		snprintf(out, PREFIX_TEXT_MAX, "%s/%u", ip, prefix->length);
}

int prefix_from_text(struct daemon_prefix *prefix, const char *text)
{
	struct daemon_prefix p = { .family = strchr(text, ':') ? 6 : 4 };
	uint64_t length = p.family == 6 ? 128 : 32;
	const char *slash = strchr(text, '/');
	size_t len = slash ? (size_t)(slash - text) : strlen(text);
	char ip[INET6_ADDRSTRLEN];

	if (len >= sizeof(ip) || (slash && text_to_number(&length, slash + 1, length) != 0))
		return -1;
	memcpy(ip, text, len);
	ip[len] = '\0';
	if (inet_pton(p.family == 6 ? AF_INET6 : AF_INET, ip, p.ip) != 1)
		return -1;
	p.length = (uint8_t)length;
	*prefix = p;
	return 0;
}

void prefix_mask(struct daemon_prefix *prefix)
{
	for (unsigned bit = prefix->length; bit < 128; bit++)
		prefix->ip[bit / 8] &= (uint8_t) ~(0x80u >> bit % 8);
}
