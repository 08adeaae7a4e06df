/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the tests in network namespaces share.
 */
#include "config.h"

#include <arpa/inet.h>
#include <check.h>
#include <errno.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "linux_priv.h"
#include "namespace.h"

struct linux_netlink *nl;
struct linux_error error;

void ns_setup(void)
{
	ck_assert_msg(unshare(CLONE_NEWNET) == 0, "unshare: %s", strerror(errno));
	memset(&error, 0, sizeof(error));
	nl = linux_netlink_open(&error);
	ck_assert_msg(nl != NULL, "%s", error.text);
	ck_assert_done(linux_netlink_link_up(nl, if_nametoindex("lo"), true, &error));
}

void ns_teardown(void)
{
	linux_netlink_close(nl);
}

struct linux_prefix ns_prefix(const char *ip, uint8_t length)
{
	struct linux_prefix prefix = { .family = strchr(ip, ':') != NULL ? 6 : 4, .length = length };

	ck_assert_int_eq(inet_pton(prefix.family == 4 ? AF_INET : AF_INET6, ip, prefix.ip), 1);
	return prefix;
}

struct linux_addr ns_addr(const char *ip, uint16_t port)
{
	struct linux_prefix from = ns_prefix(ip, 0);
	struct linux_addr addr = { .family = from.family, .port = port };

	memcpy(addr.ip, from.ip, sizeof(addr.ip));
	return addr;
}

struct linux_tun *ns_open_tun(const char *name)
{
	struct linux_tun *tun = linux_tun_open(name, LINUX_TUN_IP, &error);

	ck_assert_msg(tun != NULL, "%s", error.text);
	ck_assert_uint_eq(linux_tun_ifindex(tun), if_nametoindex(name));
	return tun;
}

void ns_add_address(const struct linux_tun *tun, const char *ip, uint8_t length)
{
	struct linux_prefix address = ns_prefix(ip, length);

	ck_assert_done(linux_netlink_address_add(nl, linux_tun_ifindex(tun), &address, &error));
}

void ns_set_up(const struct linux_tun *tun)
{
	ck_assert_done(linux_netlink_link_up(nl, linux_tun_ifindex(tun), true, &error));
}

void ns_add_route(const struct linux_tun *tun, const char *ip, uint8_t length, uint32_t table)
{
	struct linux_route route = {
		.destination = ns_prefix(ip, length),
		.ifindex = linux_tun_ifindex(tun),
		.table = table,
	};

	ck_assert_done(linux_netlink_route_add(nl, &route, &error));
}

/* The interface by which a datagram to |ip| would leave, or -errno. */
int ns_way_to(const char *ip, uint32_t mark)
{
	struct linux_addr to = ns_addr(ip, 0);
	struct linux_path path;
	int result = linux_netlink_route_get(nl, &to, mark, &path);

	return result != 0 ? result : (int)path.ifindex;
}

/* Waits until the kernel has a packet for |tun| and reads it. */
size_t ns_read_packet(struct linux_tun *tun, struct linux_vnet *vnet, uint8_t *data, size_t capacity)
{
	struct pollfd ready = { .fd = linux_tun_fd(tun), .events = POLLIN };
	ssize_t len;

	ck_assert_msg(poll(&ready, 1, 5000) == 1, "no packet from %s", linux_tun_name(tun));
	memset(vnet, 0xa5, sizeof(*vnet));
	len = linux_tun_read(tun, vnet, data, capacity);
	ck_assert_int_gt(len, 0);
	return (size_t)len;
}

/* Reads and forgets what |tun| has. Returns the number of packets. */
unsigned ns_drain(struct linux_tun *tun)
{
	static uint8_t data[LINUX_TUN_PACKET_MAX];
	struct linux_vnet vnet;
	unsigned count = 0;
	ssize_t len;

	while ((len = linux_tun_read(tun, &vnet, data, sizeof(data))) > 0)
		count++;
	ck_assert_int_eq(len, 0);
	return count;
}

int ns_link_value(const char *name, unsigned long request)
{
	struct ifreq ifreq = { 0 };
	int sock = socket(AF_INET, SOCK_DGRAM, 0);

	snprintf(ifreq.ifr_name, sizeof(ifreq.ifr_name), "%s", name);
	ck_assert_int_eq(ioctl(sock, request, &ifreq), 0);
	close(sock);
	switch (request) {
	case SIOCGIFMTU: return ifreq.ifr_mtu;
	case SIOCGIFTXQLEN: return ifreq.ifr_qlen;
	default: return ifreq.ifr_flags;
	}
}

/* Says why these tests cannot run here, or NULL. */
static const char *reason_to_skip(void)
{
	pid_t child;
	int status;

	if (linux_priv_require(&error) != 0)
		return error.text;
	if (access("/dev/net/tun", R_OK | W_OK) != 0)
		return "no usable /dev/net/tun";
	child = fork();
	if (child == 0)
		_exit(unshare(CLONE_NEWNET) == 0 ? 0 : 1);
	if (child < 0 || waitpid(child, &status, 0) != child || status != 0)
		return "not allowed to make network namespaces";
	return NULL;
}

int ns_main(const char *name, void (*add)(TCase *tests))
{
	const char *skip = reason_to_skip();
	Suite *suite;
	TCase *tests;
	SRunner *runner;
	int failed;

	if (skip != NULL) {
		printf("skipped: %s\n", skip);
		return 77;
	}
	suite = suite_create(name);
	tests = tcase_create(name);
	tcase_add_checked_fixture(tests, ns_setup, ns_teardown);
	tcase_set_timeout(tests, 60); /* for valgrind */
	add(tests);
	suite_add_tcase(suite, tests);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
