/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What netlink.c, netlink_route.c and netlink_rule.c share: one request, its answers, its outcome. Private to
 * this folder.
 *
 * Messages are put together by libnl's attribute functions and not by libnl-route's objects, which have no
 * words for inverted rules, suppressed prefix lengths and the originator of a rule, and which hide the
 * kernel's own explanation of a failure.
 */
#ifndef NETLINK_H
#define NETLINK_H

#include <netlink/netlink.h>
#include <netlink/msg.h>
#include <netlink/attr.h>
#include <sys/socket.h>

#include "linux_netlink.h"

struct linux_netlink {
	struct nl_sock *sock;
	uint32_t sequence; /* of the running request: answers to earlier ones are skipped */
	bool done;	   /* the kernel has said its last word on it */
	int result;	   /* of the running request: 0 or -errno */
	char reason[128];  /* the kernel's explanation of the failure, or "" */
	void (*answer)(void *ctx, struct nlmsghdr *message);
	void *answer_ctx;
};

static inline int to_af(int family)
{
	return family == 4 ? AF_INET : AF_INET6;
}

static inline uint8_t from_af(int af)
{
	return af == AF_INET ? 4 : af == AF_INET6 ? 6 : 0;
}

static inline unsigned ip_len(int family)
{
	return family == 4 ? 4 : 16;
}

/**
 * netlink_message begins a message of |type| with |flags| and the fixed |header|. Returns NULL without
 * memory.
 */
struct nl_msg *netlink_message(int type, int flags, const void *header, size_t header_len);

/**
 * netlink_talk sends |msg| (freed in any case; NULL counts as -ENOMEM) and waits for its end. |answer| may be
 * NULL; it is called for each message of the answer and must not talk itself.
 *
 * Returns 0 or -errno; -EINTR: a list changed while it was read, read it again.
 */
int netlink_talk(struct linux_netlink *nl, struct nl_msg *msg,
		 void (*answer)(void *ctx, struct nlmsghdr *message), void *ctx);

/**
 * netlink_failed fills |error| with "cannot ...: why" for the last request, which ended with |result|.
 * Returns |result|.
 */
int netlink_failed(const struct linux_netlink *nl, struct linux_error *error, int result, const char *format,
		   ...) __attribute__((format(printf, 4, 5)));

/** netlink_link_name writes the name of |ifindex|, or its number, into |name| and returns |name|. */
const char *netlink_link_name(uint32_t ifindex, char name[24]);

#endif
