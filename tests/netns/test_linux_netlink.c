/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Links, addresses, routes, rules and monitoring against the real kernel.
 */
#include "config.h"

#include <check.h>
#include <errno.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include <linux/rtnetlink.h>

#include "linux_netlink.h"
#include "linux_tun.h"
#include "linux_udp.h"
#include "namespace.h"

#define MARK  0x1b68
#define TABLE 7016

/* How many addresses of |family| the interface |name| has. */
static int count_addresses(const char *name, int family)
{
	struct ifaddrs *all;
	int count = 0;

	ck_assert_int_eq(getifaddrs(&all), 0);
	for (struct ifaddrs *i = all; i != NULL; i = i->ifa_next) {
		if (i->ifa_addr != NULL && i->ifa_addr->sa_family == family && strcmp(i->ifa_name, name) == 0)
			count++;
	}
	freeifaddrs(all);
	return count;
}

START_TEST(links_and_addresses_are_configured)
{
	struct linux_tun *tun = ns_open_tun("flow0");
	uint32_t ifindex = linux_tun_ifindex(tun);
	struct linux_prefix v4 = ns_prefix("10.9.0.1", 24), v6 = ns_prefix("fd09::1", 64);

	ck_assert_done(linux_netlink_link_set(nl, ifindex, 1380, 1000, &error));
	ck_assert_int_eq(ns_link_value("flow0", SIOCGIFMTU), 1380);
	ck_assert_int_eq(ns_link_value("flow0", SIOCGIFTXQLEN), 1000);
	ck_assert_done(linux_netlink_link_set(nl, ifindex, 65535, 0, &error));
	ck_assert_int_eq(ns_link_value("flow0", SIOCGIFMTU), 65535);
	ck_assert_int_eq(ns_link_value("flow0", SIOCGIFTXQLEN), 1000);
	ck_assert_int_eq(linux_netlink_link_set(nl, ifindex, 70000, 0, &error), -EINVAL);
	ck_assert_ptr_nonnull(strstr(error.text, "70000"));
	ck_assert_ptr_nonnull(strstr(error.text, "flow0"));

	for (int i = 0; i < 2; i++) { /* the second time changes nothing and is no failure */
		ns_add_address(tun, "10.9.0.1", 24);
		ns_add_address(tun, "fd09::1", 64);
		ns_set_up(tun);
	}
	ck_assert_int_eq(ns_link_value("flow0", SIOCGIFFLAGS) & IFF_UP, IFF_UP);
	ck_assert_int_eq(count_addresses("flow0", AF_INET), 1);
	ck_assert_int_eq(count_addresses("flow0", AF_INET6), 1); /* and no link-local one */
	ck_assert_int_eq(ns_way_to("10.9.0.77", 0), (int)ifindex);
	ck_assert_int_eq(ns_way_to("fd09::77", 0), (int)ifindex);
	for (int i = 0; i < 2; i++) {
		ck_assert_done(linux_netlink_address_remove(nl, ifindex, &v4, &error));
		ck_assert_done(linux_netlink_address_remove(nl, ifindex, &v6, &error));
	}
	ck_assert_int_eq(count_addresses("flow0", AF_INET), 0);
	ck_assert_int_eq(count_addresses("flow0", AF_INET6), 0);
	ck_assert_done(linux_netlink_link_up(nl, ifindex, false, &error));
	ck_assert_int_eq(ns_link_value("flow0", SIOCGIFFLAGS) & IFF_UP, 0);
	linux_tun_close(tun);

	ck_assert_int_eq(linux_netlink_address_add(nl, ifindex, &v4, &error), -ENODEV);
	ck_assert_ptr_nonnull(strstr(error.text, "10.9.0.1/24"));
	ck_assert_done(linux_netlink_address_remove(nl, ifindex, &v4, &error));
	ck_assert_int_eq(linux_netlink_link_up(nl, ifindex, true, &error), -ENODEV);
}
END_TEST

START_TEST(routes_come_and_go)
{
	struct linux_tun *uplink = ns_open_tun("up0");
	struct linux_tun *tun = ns_open_tun("flow0");
	struct linux_route route = {
		.destination = ns_prefix("192.0.2.99", 24), /* with bits beyond the prefix */
		.ifindex = linux_tun_ifindex(tun),
	};
	struct linux_route route6 = { .destination = ns_prefix("2001:db8::99", 33),
				      .ifindex = route.ifindex };
	struct linux_addr far = ns_addr("198.51.100.9", 0);
	struct linux_path path;
	bool empty;

	ns_add_address(uplink, "10.8.0.1", 24);
	ns_set_up(uplink);
	ns_add_address(tun, "10.9.0.1", 24);
	ns_set_up(tun);
	ck_assert_int_eq(ns_way_to("192.0.2.1", 0), -ENETUNREACH);
	ck_assert_int_eq(ns_way_to("2001:db8::1", 0), -ENETUNREACH);
	for (int i = 0; i < 2; i++) {
		ck_assert_done(linux_netlink_route_add(nl, &route, &error));
		ck_assert_done(linux_netlink_route_add(nl, &route6, &error));
	}
	/* The address's own network is there already, by the kernel. */
	ns_add_route(tun, "10.9.0.0", 24, 0);
	ck_assert_int_eq(ns_way_to("192.0.2.1", 0), (int)route.ifindex);
	ck_assert_int_eq(ns_way_to("2001:db8::1", 0), (int)route.ifindex);
	ck_assert_int_eq(ns_way_to("2001:db8:8000::1", 0), -ENETUNREACH);

	/* Another interface's route is left alone, and the operator hears of it. */
	route.destination = ns_prefix("10.8.0.0", 24);
	ck_assert_int_eq(linux_netlink_route_add(nl, &route, &error), -EEXIST);
	ck_assert_ptr_nonnull(strstr(error.text, "10.8.0.0/24"));
	ck_assert_ptr_nonnull(strstr(error.text, "another interface"));
	ck_assert_int_eq(ns_way_to("10.8.0.5", 0), (int)linux_tun_ifindex(uplink));
	route.metric = 50;
	ck_assert_done(linux_netlink_route_add(nl, &route, &error));
	ck_assert_done(linux_netlink_route_remove(nl, &route, &error));
	ck_assert_int_eq(ns_way_to("10.8.0.5", 0), (int)linux_tun_ifindex(uplink));

	/* Its source address and next hop are told. */
	ns_add_route(tun, "198.51.100.0", 24, 0);
	ck_assert_int_eq(linux_netlink_route_get(nl, &far, 0, &path), 0);
	ck_assert_uint_eq(path.ifindex, route.ifindex);
	ck_assert_uint_eq(path.source.family, 4);
	ck_assert_int_eq(memcmp(path.source.ip, "\x0a\x09\0\1", 4), 0);
	ck_assert_uint_eq(path.gateway.family, 0);

	ck_assert_done(linux_netlink_table_is_empty(nl, TABLE, &empty, &error));
	ck_assert(empty);
	ns_add_route(tun, "::", 0, TABLE);
	ck_assert_done(linux_netlink_table_is_empty(nl, TABLE, &empty, &error));
	ck_assert(!empty);

	route.metric = 0;
	route.destination = ns_prefix("192.0.2.0", 24);
	for (int i = 0; i < 2; i++) {
		ck_assert_done(linux_netlink_route_remove(nl, &route, &error));
		ck_assert_done(linux_netlink_route_remove(nl, &route6, &error));
	}
	ck_assert_int_eq(ns_way_to("192.0.2.1", 0), -ENETUNREACH);

	/* A route that is not ours stays. */
	route.destination = ns_prefix("10.9.0.0", 24);
	ck_assert_done(linux_netlink_route_remove(nl, &route, &error));
	ck_assert_int_eq(ns_way_to("10.9.0.7", 0), (int)route.ifindex);

	linux_tun_close(tun);
	ck_assert_int_eq(ns_way_to("198.51.100.9", 0), -ENETUNREACH);
	ck_assert_done(linux_netlink_table_is_empty(nl, TABLE, &empty, &error));
	ck_assert(empty);
	route.destination = ns_prefix("192.0.2.0", 24);
	ck_assert_int_eq(linux_netlink_route_add(nl, &route, &error), -ENODEV);
	ck_assert_done(linux_netlink_route_remove(nl, &route, &error));
	linux_tun_close(uplink);
}
END_TEST

START_TEST(a_full_tunnel_does_not_swallow_itself)
{
	const struct linux_policy policy = { .mark = MARK, .table = TABLE };
	const struct linux_policy other = { .mark = MARK + 1, .table = TABLE + 1 };
	const struct linux_udp_options options = { .mark = MARK };
	struct linux_tun *uplink = ns_open_tun("up0");
	struct linux_tun *tun = ns_open_tun("flow0");
	struct linux_tun *second;
	struct linux_udp *udp = linux_udp_open(&options, &error);
	struct linux_train train = { .remote = ns_addr("198.51.100.9", 1935),
				     .segment_size = 10,
				     .len = 10,
				     .data = (const uint8_t *)"0123456789" };
	int up, inner;

	ck_assert_msg(udp != NULL, "%s", error.text);
	up = (int)linux_tun_ifindex(uplink);
	inner = (int)linux_tun_ifindex(tun);
	ns_add_address(uplink, "10.8.0.1", 24);
	ns_add_address(uplink, "fd08::1", 64);
	ns_set_up(uplink);
	ns_set_up(tun);
	ns_add_route(uplink, "0.0.0.0", 0, 0);
	ns_add_route(uplink, "::", 0, 0);
	for (int i = 0; i < 2; i++) {
		ns_add_route(tun, "0.0.0.0", 0, TABLE);
		ns_add_route(tun, "::", 0, TABLE);
		ck_assert_done(linux_netlink_policy_add(nl, 4, &policy, &error));
		ck_assert_done(linux_netlink_policy_add(nl, 6, &policy, &error));
	}
	ck_assert_int_eq(ns_way_to("198.51.100.9", 0), inner);
	ck_assert_int_eq(ns_way_to("2001:db8::9", 0), inner);
	ck_assert_int_eq(ns_way_to("198.51.100.9", MARK), up);
	ck_assert_int_eq(ns_way_to("2001:db8::9", MARK), up);
	ck_assert_int_eq(ns_way_to("10.8.0.9", 0), up); /* more specific than the default route */
	ck_assert_int_eq(ns_way_to("fd08::9", 0), up);

	ns_drain(uplink);
	ns_drain(tun);
	ck_assert_int_eq(linux_udp_send(udp, &train, NULL), LINUX_SEND_OK);
	ck_assert_uint_eq(ns_drain(uplink), 1);
	ck_assert_int_eq(linux_udp_set_mark(udp, 0), 0);
	ck_assert_int_eq(linux_udp_send(udp, &train, NULL), LINUX_SEND_OK);
	ck_assert_uint_eq(ns_drain(uplink), 0);
	ck_assert_uint_eq(ns_drain(tun), 1);

	/* A second tunnel's rules are its own; cleaning takes nothing that is in use. */
	second = ns_open_tun("flow1");
	ns_set_up(second);
	ns_add_route(second, "0.0.0.0", 0, TABLE + 1);
	ck_assert_done(linux_netlink_policy_add(nl, 4, &other, &error));
	ck_assert_int_eq(linux_netlink_policy_clean(nl, &error), 0);
	ck_assert_int_eq(ns_way_to("198.51.100.9", MARK), (int)linux_tun_ifindex(second));
	linux_tun_close(second); /* as if it were killed */
	ck_assert_int_eq(linux_netlink_policy_clean(nl, &error), 2);
	ck_assert_int_eq(linux_netlink_policy_clean(nl, &error), 0);
	ck_assert_int_eq(ns_way_to("198.51.100.9", 0), inner);
	ck_assert_int_eq(ns_way_to("198.51.100.9", MARK), up);

	for (int i = 0; i < 2; i++)
		ck_assert_done(linux_netlink_policy_remove(nl, 4, &policy, &error));
	ck_assert_int_eq(ns_way_to("198.51.100.9", 0), up);
	ck_assert_int_eq(ns_way_to("2001:db8::9", 0), inner);
	linux_tun_close(tun);
	ck_assert_int_eq(ns_way_to("2001:db8::9", 0), up);
	ck_assert_int_eq(linux_netlink_policy_clean(nl, &error), 2);
	linux_udp_close(udp);
	linux_tun_close(uplink);
}
END_TEST

/* Makes a tunnel with everything, tells so, and waits for its end. */
static void run_until_killed(int ready)
{
	const struct linux_policy policy = { .mark = MARK, .table = TABLE };
	struct linux_prefix address = ns_prefix("10.9.0.1", 24);
	struct linux_route route = { .destination = ns_prefix("0.0.0.0", 0), .table = TABLE };
	struct linux_netlink *own = linux_netlink_open(NULL);
	struct linux_tun *tun = linux_tun_open("flow0", LINUX_TUN_IP, NULL);

	if (own == NULL || tun == NULL)
		_exit(1);
	route.ifindex = linux_tun_ifindex(tun);
	if (linux_netlink_address_add(own, route.ifindex, &address, NULL) != 0 ||
	    linux_netlink_link_up(own, route.ifindex, true, NULL) != 0 ||
	    linux_netlink_route_add(own, &route, NULL) != 0 ||
	    linux_netlink_policy_add(own, 4, &policy, NULL) != 0 || write(ready, "r", 1) != 1)
		_exit(2);
	for (;;)
		pause();
}

START_TEST(a_killed_process_leaves_only_rules_and_they_are_cleaned)
{
	int fds[2];
	pid_t child;
	char c;
	int status;

	ck_assert_int_eq(pipe(fds), 0);
	child = fork();
	ck_assert_int_ge(child, 0);
	if (child == 0)
		run_until_killed(fds[1]);
	close(fds[1]);
	ck_assert_int_eq(read(fds[0], &c, 1), 1);
	close(fds[0]);
	ck_assert_uint_ne(if_nametoindex("flow0"), 0);
	ck_assert_int_eq(ns_way_to("198.51.100.9", 0), (int)if_nametoindex("flow0"));
	ck_assert_int_eq(kill(child, SIGKILL), 0);
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert_uint_eq(if_nametoindex("flow0"), 0);
	ck_assert_int_eq(ns_way_to("198.51.100.9", 0), -ENETUNREACH);
	ck_assert_int_eq(linux_netlink_policy_clean(nl, &error), 2);
	ck_assert_int_eq(linux_netlink_policy_clean(nl, &error), 0);
	linux_tun_close(ns_open_tun("flow0"));
}
END_TEST

static struct linux_change changes[4096];
static size_t change_count;

static void on_change(void *ctx, const struct linux_change *change)
{
	ck_assert_ptr_eq(ctx, changes);
	ck_assert_uint_lt(change_count, 4096);
	changes[change_count++] = *change;
}

static const struct linux_change *find_change(enum linux_change_kind kind, uint32_t ifindex, bool removed)
{
	for (size_t i = 0; i < change_count; i++) {
		if (changes[i].kind == kind && changes[i].ifindex == ifindex && changes[i].removed == removed)
			return &changes[i];
	}
	return NULL;
}

START_TEST(changes_are_reported)
{
	const struct linux_policy policy = { .mark = MARK, .table = TABLE };
	struct linux_monitor *monitor = linux_monitor_open(on_change, changes, &error);
	struct linux_prefix address = ns_prefix("10.9.0.1", 24);
	const struct linux_change *change;
	struct linux_tun *tun;
	struct pollfd ready;
	uint32_t ifindex;
	int size = 1;

	ck_assert_msg(monitor != NULL, "%s", error.text);
	change_count = 0;
	linux_monitor_read(monitor);
	ck_assert_uint_eq(change_count, 0);

	tun = ns_open_tun("flow0");
	ifindex = linux_tun_ifindex(tun);
	ready = (struct pollfd){ .fd = linux_monitor_fd(monitor), .events = POLLIN };
	ck_assert_int_eq(poll(&ready, 1, 5000), 1);
	linux_monitor_read(monitor);
	change = find_change(LINUX_CHANGE_LINK, ifindex, false);
	ck_assert_ptr_nonnull(change);
	ck_assert(!change->up);

	change_count = 0;
	ns_add_address(tun, "10.9.0.1", 24);
	ns_add_address(tun, "fd09::1", 64);
	ns_set_up(tun);
	ns_add_route(tun, "192.0.2.0", 24, TABLE);
	ns_add_route(tun, "2001:db8::", 32, 0);
	ck_assert_done(linux_netlink_policy_add(nl, 6, &policy, &error));
	linux_monitor_read(monitor);
	change = find_change(LINUX_CHANGE_LINK, ifindex, false);
	ck_assert_ptr_nonnull(change);
	change = find_change(LINUX_CHANGE_ADDRESS, ifindex, false);
	ck_assert_ptr_nonnull(change);
	ck_assert_uint_eq(change->family, 4);
	ck_assert_uint_eq(change->prefix_len, 24);
	ck_assert_int_eq(memcmp(change->address.ip, address.ip, 4), 0);
	change = find_change(LINUX_CHANGE_RULE, 0, false);
	ck_assert_ptr_nonnull(change);
	ck_assert(change->ours);
	ck_assert_uint_eq(change->family, 6);
	for (size_t i = 0; i < change_count; i++) {
		if (changes[i].kind == LINUX_CHANGE_ROUTE)
			ck_assert_uint_ne(changes[i].table, RT_TABLE_LOCAL);
		if (changes[i].kind == LINUX_CHANGE_ROUTE && changes[i].ours && changes[i].family == 4) {
			ck_assert_uint_eq(changes[i].table, TABLE);
			ck_assert_uint_eq(changes[i].ifindex, ifindex);
			size = 0; /* seen */
		}
	}
	ck_assert_int_eq(size, 0);

	change_count = 0;
	ck_assert_done(linux_netlink_address_remove(nl, ifindex, &address, &error));
	linux_tun_close(tun);
	ck_assert_done(linux_netlink_policy_remove(nl, 6, &policy, &error));
	linux_monitor_read(monitor);
	ck_assert_ptr_nonnull(find_change(LINUX_CHANGE_ADDRESS, ifindex, true));
	ck_assert_ptr_nonnull(find_change(LINUX_CHANGE_LINK, ifindex, true));
	ck_assert_ptr_nonnull(find_change(LINUX_CHANGE_RULE, 0, true));

	/* More than the socket holds: that something was lost is news too, and reading goes on. */
	size = 1;
	ck_assert_int_eq(setsockopt(linux_monitor_fd(monitor), SOL_SOCKET, SO_RCVBUF, &size, sizeof(size)),
			 0);
	tun = ns_open_tun("flow0");
	for (int i = 0; i < 100; i++) {
		ns_add_address(tun, "10.9.0.1", 24);
		ck_assert_done(linux_netlink_address_remove(nl, linux_tun_ifindex(tun), &address, &error));
	}
	change_count = 0;
	linux_monitor_read(monitor);
	ck_assert_ptr_nonnull(find_change(LINUX_CHANGE_LOST, 0, false));
	change_count = 0;
	ck_assert_done(linux_netlink_policy_add(nl, 4, &policy, &error));
	linux_monitor_read(monitor);
	ck_assert_ptr_nonnull(find_change(LINUX_CHANGE_RULE, 0, false));
	ck_assert_done(linux_netlink_policy_remove(nl, 4, &policy, &error));
	linux_tun_close(tun);
	linux_monitor_close(monitor);
}
END_TEST

static void add(TCase *tests)
{
	tcase_add_test(tests, links_and_addresses_are_configured);
	tcase_add_test(tests, routes_come_and_go);
	tcase_add_test(tests, a_full_tunnel_does_not_swallow_itself);
	tcase_add_test(tests, a_killed_process_leaves_only_rules_and_they_are_cleaned);
	tcase_add_test(tests, changes_are_reported);
}

int main(void)
{
	return ns_main("linux_netlink", add);
}
