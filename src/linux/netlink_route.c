/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Routes: adding and removing ours, and asking the kernel which way it would send. Called by the daemon.
 */
#include "config.h"

#include <errno.h>
#include <string.h>
#include <linux/rtnetlink.h>

#include "linux_netlink.h"
#include "netlink.h"

#define LIST_ATTEMPTS	    5	 /* to read a list that changes while it is read */
#define DEFAULT_METRIC_IPV6 1024 /* that the kernel gives an IPv6 route without one */

static uint32_t table_of(const struct linux_route *route)
{
	return route->table != 0 ? route->table : RT_TABLE_MAIN;
}

/* The destination without its host bits, which the kernel refuses. */
static void mask_ip(uint8_t ip[16], const struct linux_prefix *prefix)
{
	unsigned bytes = prefix->length / 8;
	unsigned bits = prefix->length % 8;

	memset(ip, 0, 16);
	memcpy(ip, prefix->ip, bytes);
	if (bits != 0)
		ip[bytes] = (uint8_t)(prefix->ip[bytes] & (0xff00u >> bits));
}

static struct nl_msg *route_message(int type, int flags, const struct linux_route *route)
{
	const struct linux_prefix *destination = &route->destination;
	const struct rtmsg header = {
		.rtm_family = (uint8_t)to_af(destination->family),
		.rtm_dst_len = destination->length,
		.rtm_protocol = LINUX_NETLINK_PROTOCOL,
		.rtm_scope = destination->family == 4 ? RT_SCOPE_LINK : RT_SCOPE_UNIVERSE,
		.rtm_type = RTN_UNICAST,
	};
	struct nl_msg *msg = netlink_message(type, flags, &header, sizeof(header));
	uint8_t ip[16];

	if (msg == NULL)
		return NULL;
	mask_ip(ip, destination);
	if (nla_put(msg, RTA_DST, (int)ip_len(destination->family), ip) == 0 &&
	    nla_put_u32(msg, RTA_TABLE, table_of(route)) == 0 &&
	    nla_put_u32(msg, RTA_OIF, route->ifindex) == 0 &&
	    (route->metric == 0 || nla_put_u32(msg, RTA_PRIORITY, route->metric) == 0))
		return msg;
	nlmsg_free(msg);
	return NULL;
}

/* A route as a list of them shows it. */
struct seen_route {
	uint8_t family;
	uint32_t table, metric, ifindex;
	struct linux_prefix destination;
};

static bool parse_route(struct nlmsghdr *message, struct seen_route *seen)
{
	struct nlattr *attrs[RTA_MAX + 1];
	const struct rtmsg *header;

	memset(seen, 0, sizeof(*seen));
	if (message->nlmsg_type != RTM_NEWROUTE ||
	    nlmsg_parse(message, sizeof(*header), attrs, RTA_MAX, NULL) != 0)
		return false;
	header = nlmsg_data(message);
	seen->family = from_af(header->rtm_family);
	if (seen->family == 0 || (header->rtm_flags & RTM_F_CLONED) != 0)
		return false;
	seen->destination.family = seen->family;
	seen->destination.length = header->rtm_dst_len;
	if (attrs[RTA_DST] != NULL)
		nla_memcpy(seen->destination.ip, attrs[RTA_DST], (int)ip_len(seen->family));
	seen->table = attrs[RTA_TABLE] != NULL ? nla_get_u32(attrs[RTA_TABLE]) : header->rtm_table;
	seen->metric = attrs[RTA_PRIORITY] != NULL ? nla_get_u32(attrs[RTA_PRIORITY]) : 0;
	seen->ifindex = attrs[RTA_OIF] != NULL ? nla_get_u32(attrs[RTA_OIF]) : 0;
	return true;
}

/*
 * Lists the routes of |table|; older kernels list all, so |answer| has to look itself. A table that was never
 * used is empty.
 */
static int list_routes(struct linux_netlink *nl, int family, uint32_t table,
		       void (*answer)(void *ctx, struct nlmsghdr *message), void *ctx)
{
	const struct rtmsg header = { .rtm_family = (uint8_t)to_af(family) };
	int result = -EINTR;

	for (int i = 0; i < LIST_ATTEMPTS && result == -EINTR; i++) {
		struct nl_msg *msg = netlink_message(RTM_GETROUTE, NLM_F_DUMP, &header, sizeof(header));

		if (msg != NULL && nla_put_u32(msg, RTA_TABLE, table) != 0) {
			nlmsg_free(msg);
			msg = NULL;
		}
		result = netlink_talk(nl, msg, answer, ctx);
	}
	return result == -ENOENT || result == -EAFNOSUPPORT || result == -EOPNOTSUPP ? 0 : result;
}

struct own_route_search {
	struct seen_route wanted;
	bool found;
};

static void compare_route(void *ctx, struct nlmsghdr *message)
{
	struct own_route_search *search = ctx;
	const struct seen_route *wanted = &search->wanted;
	struct seen_route seen;

	if (parse_route(message, &seen) && seen.table == wanted->table && seen.metric == wanted->metric &&
	    seen.ifindex == wanted->ifindex && seen.destination.length == wanted->destination.length &&
	    memcmp(seen.destination.ip, wanted->destination.ip, sizeof(seen.destination.ip)) == 0)
		search->found = true;
}

/* Whether |route|'s own device has a route for it already, e.g. the one that belongs to its address. */
static bool is_there(struct linux_netlink *nl, const struct linux_route *route)
{
	struct own_route_search search = {
		.wanted = {
			.table = table_of(route),
			.metric = route->metric,
			.ifindex = route->ifindex,
			.destination.length = route->destination.length,
		},
	};

	if (route->metric == 0 && route->destination.family == 6)
		search.wanted.metric = DEFAULT_METRIC_IPV6;
	mask_ip(search.wanted.destination.ip, &route->destination);
	return list_routes(nl, route->destination.family, search.wanted.table, compare_route, &search) == 0 &&
	       search.found;
}

int linux_netlink_route_add(struct linux_netlink *nl, const struct linux_route *route,
			    struct linux_error *error)
{
	char text[LINUX_ADDR_TEXT], name[24];
	/* Not NLM_F_REPLACE: that takes away whatever route has this destination, also another interface's.
	 */
	int result =
		netlink_talk(nl, route_message(RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL, route), NULL, NULL);

	if (result == 0)
		return 0;
	if (result == -EEXIST) {
		if (is_there(nl, route))
			return 0;
		return linux_error_set(
			error, EEXIST,
			"cannot route %s to interface %s: table %u has a route of another interface to it",
			linux_prefix_text(&route->destination, text), netlink_link_name(route->ifindex, name),
			table_of(route));
	}
	return netlink_failed(nl, error, result, "route %s to interface %s (table %u)",
			      linux_prefix_text(&route->destination, text),
			      netlink_link_name(route->ifindex, name), table_of(route));
}

int linux_netlink_route_remove(struct linux_netlink *nl, const struct linux_route *route,
			       struct linux_error *error)
{
	char text[LINUX_ADDR_TEXT], name[24];
	int result = netlink_talk(nl, route_message(RTM_DELROUTE, 0, route), NULL, NULL);

	/* No such route; no such table; no such device. */
	if (result == 0 || result == -ESRCH || result == -ENOENT || result == -ENODEV)
		return 0;
	return netlink_failed(nl, error, result, "remove the route %s from interface %s (table %u)",
			      linux_prefix_text(&route->destination, text),
			      netlink_link_name(route->ifindex, name), table_of(route));
}

struct table_search {
	uint32_t table;
	bool found;
};

static void look_for_table(void *ctx, struct nlmsghdr *message)
{
	struct table_search *search = ctx;
	struct seen_route seen;

	if (parse_route(message, &seen) && seen.table == search->table)
		search->found = true;
}

int linux_netlink_table_is_empty(struct linux_netlink *nl, uint32_t table, bool *empty,
				 struct linux_error *error)
{
	struct table_search search = { .table = table };

	for (int family = 4; family <= 6; family += 2) {
		int result = list_routes(nl, family, table, look_for_table, &search);

		if (result != 0)
			return netlink_failed(nl, error, result, "list the routes of table %u", table);
	}
	*empty = !search.found;
	return 0;
}

struct route_answer {
	struct linux_path *path;
	int result;
};

static void copy_ip(struct linux_addr *addr, struct nlattr *attr, int family)
{
	if (attr != NULL && nla_len(attr) >= (int)ip_len(family)) {
		addr->family = (uint8_t)family;
		memcpy(addr->ip, nla_data(attr), ip_len(family));
	}
}

static void copy_gateway(struct linux_path *path, struct nlattr **attrs, int family)
{
	copy_ip(&path->gateway, attrs[RTA_GATEWAY], family);
	if (attrs[RTA_VIA] != NULL && nla_len(attrs[RTA_VIA]) == sizeof(struct rtvia) + 16) {
		const struct rtvia *via = nla_data(attrs[RTA_VIA]); /* an IPv6 next hop of an IPv4 route */

		path->gateway.family = 6;
		memcpy(path->gateway.ip, via->rtvia_addr, 16);
	}
}

static void read_route_answer(void *ctx, struct nlmsghdr *message)
{
	struct route_answer *answer = ctx;
	struct linux_path *path = answer->path;
	struct nlattr *attrs[RTA_MAX + 1];
	struct nlattr *metrics[RTAX_MAX + 1];
	const struct rtmsg *header;
	int family;

	if (message->nlmsg_type != RTM_NEWROUTE ||
	    nlmsg_parse(message, sizeof(*header), attrs, RTA_MAX, NULL) != 0)
		return;
	header = nlmsg_data(message);
	family = from_af(header->rtm_family);
	switch (header->rtm_type) {
	case RTN_UNREACHABLE: answer->result = -EHOSTUNREACH; return;
	case RTN_PROHIBIT: answer->result = -EACCES; return;
	case RTN_BLACKHOLE: answer->result = -EINVAL; return;
	case RTN_THROW: answer->result = -ENETUNREACH; return;
	default: break;
	}
	if (family == 0)
		return;
	answer->result = 0;
	copy_ip(&path->source, attrs[RTA_PREFSRC], family);
	copy_gateway(path, attrs, family);
	if (attrs[RTA_OIF] != NULL)
		path->ifindex = nla_get_u32(attrs[RTA_OIF]);
	if (attrs[RTA_METRICS] != NULL &&
	    nla_parse_nested(metrics, RTAX_MAX, attrs[RTA_METRICS], NULL) == 0 && metrics[RTAX_MTU] != NULL)
		path->mtu = nla_get_u32(metrics[RTAX_MTU]);
}

int linux_netlink_route_get(struct linux_netlink *nl, const struct linux_addr *remote, uint32_t mark,
			    struct linux_path *path)
{
	const struct rtmsg header = {
		.rtm_family = (uint8_t)to_af(remote->family),
		.rtm_dst_len = remote->family == 4 ? 32 : 128,
	};
	struct nl_msg *msg = netlink_message(RTM_GETROUTE, 0, &header, sizeof(header));
	struct route_answer answer = { .path = path, .result = -ENETUNREACH };
	int result;

	memset(path, 0, sizeof(*path));
	if (msg != NULL && (nla_put(msg, RTA_DST, (int)ip_len(remote->family), remote->ip) != 0 ||
			    (mark != 0 && nla_put_u32(msg, RTA_MARK, mark) != 0) ||
			    (remote->scope != 0 && nla_put_u32(msg, RTA_OIF, remote->scope) != 0))) {
		nlmsg_free(msg);
		msg = NULL;
	}
	result = netlink_talk(nl, msg, read_route_answer, &answer);
	if (result == 0)
		result = answer.result;
	/* A link-local source is told apart from those of other links by its scope. */
	if (path->source.family == 6 && path->source.ip[0] == 0xfe && (path->source.ip[1] & 0xc0) == 0x80)
		path->source.scope = path->ifindex;
	if (path->gateway.family == 6 && path->gateway.ip[0] == 0xfe && (path->gateway.ip[1] & 0xc0) == 0x80)
		path->gateway.scope = path->ifindex;
	return result;
}
