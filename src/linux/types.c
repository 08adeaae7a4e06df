/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Socket addresses and their text, sentences for the operator. Called by everything in this folder and by
 * the daemon; touches nothing but its arguments.
 */
#include "config.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "linux_types.h"

_Static_assert(sizeof(struct linux_addr) == 24, "the layout of linux_addr is part of its interface");
_Static_assert(offsetof(struct linux_addr, ip) == 8, "the layout of linux_addr is part of its interface");

int linux_error_set(struct linux_error *error, int code, const char *format, ...)
{
	if (error != NULL) {
		va_list args;

		error->code = code;
		va_start(args, format);
		vsnprintf(error->text, sizeof(error->text), format, args);
		va_end(args);
	}
	return -code;
}

const char *linux_addr_text(const struct linux_addr *addr, char text[LINUX_ADDR_TEXT])
{
	char ip[INET6_ADDRSTRLEN];

	if (addr->family == 4) {
		inet_ntop(AF_INET, addr->ip, ip, sizeof(ip));
		snprintf(text, LINUX_ADDR_TEXT, "%s:%u", ip, addr->port);
	} else if (addr->family == 6) {
		inet_ntop(AF_INET6, addr->ip, ip, sizeof(ip));
		if (addr->scope != 0)
			snprintf(text, LINUX_ADDR_TEXT, "[%s%%%u]:%u", ip, addr->scope, addr->port);
		else
			snprintf(text, LINUX_ADDR_TEXT, "[%s]:%u", ip, addr->port);
	} else {
		snprintf(text, LINUX_ADDR_TEXT, "(none)");
	}
	return text;
}

const char *linux_prefix_text(const struct linux_prefix *prefix, char text[LINUX_ADDR_TEXT])
{
	char ip[INET6_ADDRSTRLEN];

	inet_ntop(prefix->family == 4 ? AF_INET : AF_INET6, prefix->ip, ip, sizeof(ip));
	snprintf(text, LINUX_ADDR_TEXT, "%s/%u", ip, prefix->length);
	return text;
}

bool linux_addr_from_sockaddr(struct linux_addr *addr, const struct sockaddr *from)
{
	memset(addr, 0, sizeof(*addr));
	if (from->sa_family == AF_INET) {
		const struct sockaddr_in *in = (const struct sockaddr_in *)from;

		addr->family = 4;
		addr->port = ntohs(in->sin_port);
		memcpy(addr->ip, &in->sin_addr, 4);
		return true;
	}
	if (from->sa_family == AF_INET6) {
		const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)from;

		addr->port = ntohs(in6->sin6_port);
		if (IN6_IS_ADDR_V4MAPPED(&in6->sin6_addr)) {
			addr->family = 4;
			memcpy(addr->ip, in6->sin6_addr.s6_addr + 12, 4);
		} else {
			addr->family = 6;
			addr->scope = in6->sin6_scope_id;
			memcpy(addr->ip, &in6->sin6_addr, 16);
		}
		return true;
	}
	return false;
}

socklen_t linux_addr_to_sockaddr(struct sockaddr_storage *to, const struct linux_addr *addr)
{
	if (addr->family == 4) {
		struct sockaddr_in *in = (struct sockaddr_in *)to;

		memset(in, 0, sizeof(*in));
		in->sin_family = AF_INET;
		in->sin_port = htons(addr->port);
		memcpy(&in->sin_addr, addr->ip, 4);
		return sizeof(*in);
	}
	if (addr->family == 6) {
		struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)to;

		memset(in6, 0, sizeof(*in6));
		in6->sin6_family = AF_INET6;
		in6->sin6_port = htons(addr->port);
		in6->sin6_scope_id = addr->scope;
		memcpy(&in6->sin6_addr, addr->ip, 16);
		return sizeof(*in6);
	}
	return 0;
}
