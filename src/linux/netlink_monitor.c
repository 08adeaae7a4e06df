/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * News of links, addresses, routes and rules. Called by the daemon when the monitor's socket is readable.
 */
#include "config.h"

#include <errno.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <linux/fib_rules.h>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>

#include "linux_netlink.h"
#include "netlink.h"

#define RECEIVE_BUFFER (1 << 20) /* some thousand changes */
#define READ_MAX       256	 /* messages in one go: a flood of changes leaves time for packets */

struct linux_monitor {
	struct nl_sock *sock;
	void (*changed)(void *ctx, const struct linux_change *change);
	void *ctx;
};

static void copy_ip(struct linux_addr *addr, struct nlattr *attr, int family)
{
	addr->family = (uint8_t)family;
	if (attr != NULL && nla_len(attr) >= (int)ip_len(family))
		memcpy(addr->ip, nla_data(attr), ip_len(family));
}

static bool take_link(struct linux_change *change, struct nlmsghdr *message)
{
	const struct ifinfomsg *link = nlmsg_data(message);
	const unsigned needed = IFF_UP | IFF_RUNNING;

	/* Other families' messages are about a link's membership, e.g. in a bridge. */
	if (!nlmsg_valid_hdr(message, sizeof(*link)) || link->ifi_family != AF_UNSPEC)
		return false;
	change->kind = LINUX_CHANGE_LINK;
	change->ifindex = (uint32_t)link->ifi_index;
	change->removed = message->nlmsg_type == RTM_DELLINK;
	change->up = !change->removed && (link->ifi_flags & needed) == needed;
	return true;
}

static bool take_address(struct linux_change *change, struct nlmsghdr *message)
{
	struct nlattr *attrs[IFA_MAX + 1];
	const struct ifaddrmsg *header;

	if (nlmsg_parse(message, sizeof(*header), attrs, IFA_MAX, NULL) != 0)
		return false;
	header = nlmsg_data(message);
	change->kind = LINUX_CHANGE_ADDRESS;
	change->family = from_af(header->ifa_family);
	change->ifindex = header->ifa_index;
	change->removed = message->nlmsg_type == RTM_DELADDR;
	change->prefix_len = header->ifa_prefixlen;
	/* On a point-to-point link IFA_ADDRESS is the other end's. */
	copy_ip(&change->address, attrs[IFA_LOCAL] != NULL ? attrs[IFA_LOCAL] : attrs[IFA_ADDRESS],
		change->family);
	if (change->family == 6 && header->ifa_scope == RT_SCOPE_LINK)
		change->address.scope = change->ifindex;
	return change->family != 0;
}

static bool take_route(struct linux_change *change, struct nlmsghdr *message)
{
	struct nlattr *attrs[RTA_MAX + 1];
	const struct rtmsg *header;

	if (nlmsg_parse(message, sizeof(*header), attrs, RTA_MAX, NULL) != 0)
		return false;
	header = nlmsg_data(message);
	change->kind = LINUX_CHANGE_ROUTE;
	change->family = from_af(header->rtm_family);
	change->removed = message->nlmsg_type == RTM_DELROUTE;
	change->ours = header->rtm_protocol == LINUX_NETLINK_PROTOCOL;
	change->prefix_len = header->rtm_dst_len;
	change->table = attrs[RTA_TABLE] != NULL ? nla_get_u32(attrs[RTA_TABLE]) : header->rtm_table;
	change->ifindex = attrs[RTA_OIF] != NULL ? nla_get_u32(attrs[RTA_OIF]) : 0;
	copy_ip(&change->address, attrs[RTA_DST], change->family);
	return change->family != 0 && change->table != RT_TABLE_LOCAL &&
	       (header->rtm_flags & RTM_F_CLONED) == 0;
}

static bool take_rule(struct linux_change *change, struct nlmsghdr *message)
{
	struct nlattr *attrs[FRA_MAX + 1];
	const struct fib_rule_hdr *header;

	if (nlmsg_parse(message, sizeof(*header), attrs, FRA_MAX, NULL) != 0)
		return false;
	header = nlmsg_data(message);
	change->kind = LINUX_CHANGE_RULE;
	change->family = from_af(header->family);
	change->removed = message->nlmsg_type == RTM_DELRULE;
	change->ours =
		attrs[FRA_PROTOCOL] != NULL && nla_get_u8(attrs[FRA_PROTOCOL]) == LINUX_NETLINK_PROTOCOL;
	change->table = attrs[FRA_TABLE] != NULL ? nla_get_u32(attrs[FRA_TABLE]) : header->table;
	return change->family != 0;
}

static int on_message(struct nl_msg *msg, void *arg)
{
	struct linux_monitor *monitor = arg;
	struct nlmsghdr *message = nlmsg_hdr(msg);
	struct linux_change change = { 0 };
	bool wanted = false;

	switch (message->nlmsg_type) {
	case RTM_NEWLINK:
	case RTM_DELLINK: wanted = take_link(&change, message); break;
	case RTM_NEWADDR:
	case RTM_DELADDR: wanted = take_address(&change, message); break;
	case RTM_NEWROUTE:
	case RTM_DELROUTE: wanted = take_route(&change, message); break;
	case RTM_NEWRULE:
	case RTM_DELRULE: wanted = take_rule(&change, message); break;
	default: break;
	}
	if (wanted)
		monitor->changed(monitor->ctx, &change);
	return NL_OK;
}

static int subscribe(struct linux_monitor *monitor)
{
	const int size = RECEIVE_BUFFER;
	int result;

	monitor->sock = nl_socket_alloc();
	if (monitor->sock == NULL)
		return -NLE_NOMEM;
	nl_socket_disable_seq_check(monitor->sock);
	nl_socket_modify_cb(monitor->sock, NL_CB_VALID, NL_CB_CUSTOM, on_message, monitor);
	result = nl_connect(monitor->sock, NETLINK_ROUTE);
	if (result == 0)
		result = nl_socket_set_nonblocking(monitor->sock);
	if (result == 0)
		result =
			nl_socket_add_memberships(monitor->sock, RTNLGRP_LINK, RTNLGRP_IPV4_IFADDR,
						  RTNLGRP_IPV6_IFADDR, RTNLGRP_IPV4_ROUTE, RTNLGRP_IPV6_ROUTE,
						  RTNLGRP_IPV4_RULE, RTNLGRP_IPV6_RULE, 0);
	if (result == 0 &&
	    setsockopt(nl_socket_get_fd(monitor->sock), SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) != 0)
		(void)setsockopt(nl_socket_get_fd(monitor->sock), SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	return result;
}

struct linux_monitor *linux_monitor_open(void (*changed)(void *ctx, const struct linux_change *change),
					 void *ctx, struct linux_error *error)
{
	struct linux_monitor *monitor = calloc(1, sizeof(*monitor));
	int result = monitor == NULL ? -NLE_NOMEM : subscribe(monitor);

	if (result < 0) {
		linux_error_set(error, result == -NLE_NOMEM ? ENOMEM : EIO,
				"cannot watch the kernel's network configuration (netlink): %s",
				nl_geterror(result));
		linux_monitor_close(monitor);
		return NULL;
	}
	monitor->changed = changed;
	monitor->ctx = ctx;
	return monitor;
}

void linux_monitor_close(struct linux_monitor *monitor)
{
	if (monitor == NULL)
		return;
	if (monitor->sock != NULL)
		nl_socket_free(monitor->sock);
	free(monitor);
}

int linux_monitor_fd(const struct linux_monitor *monitor)
{
	return nl_socket_get_fd(monitor->sock);
}

void linux_monitor_read(struct linux_monitor *monitor)
{
	for (int i = 0; i < READ_MAX; i++) {
		int result = nl_recvmsgs_default(monitor->sock);

		if (result == -NLE_NOMEM) {
			/* libnl's word for ENOBUFS, too: the kernel dropped what did not fit. */
			const struct linux_change lost = { .kind = LINUX_CHANGE_LOST };

			monitor->changed(monitor->ctx, &lost);
		} else if (result < 0) {
			return; /* -NLE_AGAIN: that was all */
		}
	}
}
