/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Links, addresses, routes and policy rules, and news of their changes.
 *
 * All that is attached to a TUN device vanishes with it. Policy rules are attached to nothing: they carry
 * LINUX_NETLINK_PROTOCOL, and linux_netlink_policy_clean removes those that a killed process left. Adding is
 * idempotent (what is there already is success), and so is removing.
 *
 * The calls are synchronous: a few microseconds each, unless somebody else holds the kernel's network
 * configuration lock. They belong to starting, stopping and reconfiguring, never to the path of a packet.
 */
#ifndef LINUX_NETLINK_H
#define LINUX_NETLINK_H

#include "linux_types.h"

/* The originator that our routes and rules carry (`ip route show proto 104`): 7016 modulo 256. */
#define LINUX_NETLINK_PROTOCOL 104
/* Priorities of the two policy rules, before the main table's 32766: first and second. */
#define LINUX_NETLINK_PRIORITY 32016

struct linux_netlink;

/** linux_netlink_open returns NULL with |error| filled in if the kernel gives no netlink socket. */
LINUX_MUST_CHECK struct linux_netlink *linux_netlink_open(struct linux_error *error);
/** linux_netlink_close removes nothing; |nl| may be NULL. */
void linux_netlink_close(struct linux_netlink *nl);

/*
 * Functions below that take |error| return 0, or -errno with one sentence in |error| that names what was
 * tried, with which values, and what the kernel said.
 */

/** linux_netlink_link_set sets MTU (68 to 65535) and transmit queue length (packets); 0 leaves either. */
LINUX_MUST_CHECK int linux_netlink_link_set(struct linux_netlink *nl, uint32_t ifindex, uint32_t mtu,
					    uint32_t queue_len, struct linux_error *error);
/**
 * linux_netlink_link_up sets the link up (|up|) or down. Going up, it first keeps the kernel from inventing a
 * link-local IPv6 address: on a device without neighbours that has only the addresses it was given.
 */
LINUX_MUST_CHECK int linux_netlink_link_up(struct linux_netlink *nl, uint32_t ifindex, bool up,
					   struct linux_error *error);

/**
 * linux_netlink_address_add gives |address| with its prefix length to a link; IPv6 without duplicate address
 * detection, so that it is usable at once.
 */
LINUX_MUST_CHECK int linux_netlink_address_add(struct linux_netlink *nl, uint32_t ifindex,
					       const struct linux_prefix *address, struct linux_error *error);
/** linux_netlink_address_remove succeeds too when address or link are not there. */
LINUX_MUST_CHECK int linux_netlink_address_remove(struct linux_netlink *nl, uint32_t ifindex,
						  const struct linux_prefix *address,
						  struct linux_error *error);

/* A route to a device. */
struct linux_route {
	struct linux_prefix destination; /* bits beyond its length are ignored */
	uint32_t ifindex;
	uint32_t table;	 /* 0: main */
	uint32_t metric; /* 0: the kernel's default for the family */
};

/**
 * linux_netlink_route_add adds |route|. A route of the same device to the same destination is success; one of
 * another device in the same table with the same metric is never replaced: -EEXIST.
 */
LINUX_MUST_CHECK int linux_netlink_route_add(struct linux_netlink *nl, const struct linux_route *route,
					     struct linux_error *error);
/** linux_netlink_route_remove succeeds too when the route is not there. Touches only routes of ours. */
LINUX_MUST_CHECK int linux_netlink_route_remove(struct linux_netlink *nl, const struct linux_route *route,
						struct linux_error *error);
/** linux_netlink_table_is_empty tells whether |table| holds no route of either family. */
LINUX_MUST_CHECK int linux_netlink_table_is_empty(struct linux_netlink *nl, uint32_t table, bool *empty,
						  struct linux_error *error);

/*
 * A tunnel that takes all traffic must not take its own datagrams. They carry |mark| (linux_udp), everything
 * else finds the tunnel's default route in |table|, and routes of the main table that are more specific than
 * a default route go first. Two rules a family say so: not fwmark |mark| lookup main suppress_prefixlength 0
 *     not fwmark |mark| lookup |table|
 */
struct linux_policy {
	uint32_t mark;	/* not 0; identifies the pair: each tunnel of a namespace has its own */
	uint32_t table; /* neither 0 nor one of the kernel's own (253 to 255) */
};

/**
 * linux_netlink_policy_add adds the rules of |family| (4 or 6). The routes in the table must be there
 * before, or another starting process takes the rules for left-overs.
 */
LINUX_MUST_CHECK int linux_netlink_policy_add(struct linux_netlink *nl, int family,
					      const struct linux_policy *policy, struct linux_error *error);
/** linux_netlink_policy_remove removes our rules with |policy|'s mark; none there is success. */
LINUX_MUST_CHECK int linux_netlink_policy_remove(struct linux_netlink *nl, int family,
						 const struct linux_policy *policy,
						 struct linux_error *error);
/**
 * linux_netlink_policy_clean removes the rules that killed processes left: those with our protocol number
 * whose table is empty, and the rules that belong to them. Rules of running tunnels stay.
 *
 * Returns the number of rules removed, or -errno with |error| filled in.
 */
LINUX_MUST_CHECK int linux_netlink_policy_clean(struct linux_netlink *nl, struct linux_error *error);

/* How this host reaches an address. */
struct linux_path {
	struct linux_addr source;  /* address that the kernel would choose; port 0; family 0 if none */
	struct linux_addr gateway; /* next hop; family 0: on the link */
	uint32_t ifindex;	   /* interface to leave through */
	uint32_t mtu;		   /* of the route, where one is set or learnt; else 0 */
};

/**
 * linux_netlink_route_get asks the kernel which way a datagram to |remote| with |mark| would take.
 *
 * Returns 0, or -errno with no text: -ENETUNREACH, -EHOSTUNREACH, -EACCES, -EINVAL (no way), others.
 */
LINUX_MUST_CHECK int linux_netlink_route_get(struct linux_netlink *nl, const struct linux_addr *remote,
					     uint32_t mark, struct linux_path *path);

enum linux_change_kind {
	LINUX_CHANGE_LINK,
	LINUX_CHANGE_ADDRESS,
	LINUX_CHANGE_ROUTE,
	LINUX_CHANGE_RULE,
	LINUX_CHANGE_LOST, /* more happened than the socket could hold: anything may have changed */
};

struct linux_change {
	enum linux_change_kind kind;
	uint32_t ifindex;   /* the link itself, or where address or route are attached; 0: none, several,
			       unknown */
	bool removed;	    /* it is gone; else new or changed */
	bool ours;	    /* a route or rule with our protocol number */
	bool up;	    /* link: administratively up and with carrier */
	uint8_t family;	    /* address, route, rule: 4 or 6 */
	uint8_t prefix_len; /* address, route */
	struct linux_addr address; /* address: itself; route: its destination; port 0 */
	uint32_t table;		   /* route, rule */
};

struct linux_monitor;

/**
 * linux_monitor_open subscribes to changes of links, addresses, routes and rules of the namespace; |changed|
 * is called from linux_monitor_read only. Changes of a device of the caller's own bear its ifindex. Entries
 * of the kernel's cache and its local table are not reported.
 *
 * Returns NULL with |error| filled in.
 */
LINUX_MUST_CHECK struct linux_monitor *linux_monitor_open(void (*changed)(void *ctx,
									  const struct linux_change *change),
							  void *ctx, struct linux_error *error);
/** linux_monitor_close may be called with NULL, and not from |changed|. */
void linux_monitor_close(struct linux_monitor *monitor);
/** linux_monitor_fd returns the non-blocking descriptor, to be watched for readability. */
int linux_monitor_fd(const struct linux_monitor *monitor);
/** linux_monitor_read reports what is there, at most some hundred changes a call, and returns. */
void linux_monitor_read(struct linux_monitor *monitor);

#endif
