/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * TUN devices, addresses, routes, rules and monitoring against the real kernel. Each test makes a network
 * namespace of its own by unshare, which goes with the process:
 *
 *     sockets of this process --- kernel (new namespace) --- lo
 *                                        |--- up0: TUN, stands for the uplink; the test reads what leaves
 *                                        `--- flow0: TUN, the tunnel
 */
#include "config.h"

#include <arpa/inet.h>
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/if_ether.h>
#include <netinet/ip.h>
#include <netinet/ip_icmp.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include <linux/rtnetlink.h>

#include "linux_netlink.h"
#include "linux_priv.h"
#include "linux_tun.h"
#include "linux_udp.h"

#define MARK  0x1b68
#define TABLE 7016

static struct linux_netlink *nl;
static struct linux_error error;

#define ck_assert_done(call) ck_assert_msg((call) == 0, "%s", error.text)

static void setup(void)
{
	ck_assert_msg(unshare(CLONE_NEWNET) == 0, "unshare: %s", strerror(errno));
	memset(&error, 0, sizeof(error));
	nl = linux_netlink_open(&error);
	ck_assert_msg(nl != NULL, "%s", error.text);
	ck_assert_done(linux_netlink_link_up(nl, if_nametoindex("lo"), true, &error));
}

static void teardown(void)
{
	linux_netlink_close(nl);
}

static struct linux_prefix prefix(const char *ip, uint8_t length)
{
	struct linux_prefix prefix = { .family = strchr(ip, ':') != NULL ? 6 : 4, .length = length };

	ck_assert_int_eq(inet_pton(prefix.family == 4 ? AF_INET : AF_INET6, ip, prefix.ip), 1);
	return prefix;
}

static struct linux_addr addr(const char *ip, uint16_t port)
{
	struct linux_prefix from = prefix(ip, 0);
	struct linux_addr addr = { .family = from.family, .port = port };

	memcpy(addr.ip, from.ip, sizeof(addr.ip));
	return addr;
}

static struct linux_tun *open_tun(const char *name)
{
	struct linux_tun *tun = linux_tun_open(name, LINUX_TUN_IP, &error);

	ck_assert_msg(tun != NULL, "%s", error.text);
	ck_assert_uint_eq(linux_tun_ifindex(tun), if_nametoindex(name));
	return tun;
}

static void add_address(const struct linux_tun *tun, const char *ip, uint8_t length)
{
	struct linux_prefix address = prefix(ip, length);

	ck_assert_done(linux_netlink_address_add(nl, linux_tun_ifindex(tun), &address, &error));
}

static void set_up(const struct linux_tun *tun)
{
	ck_assert_done(linux_netlink_link_up(nl, linux_tun_ifindex(tun), true, &error));
}

static void add_route(const struct linux_tun *tun, const char *ip, uint8_t length, uint32_t table)
{
	struct linux_route route = {
		.destination = prefix(ip, length),
		.ifindex = linux_tun_ifindex(tun),
		.table = table,
	};

	ck_assert_done(linux_netlink_route_add(nl, &route, &error));
}

/* The interface by which a datagram to |ip| would leave, or -errno. */
static int way_to(const char *ip, uint32_t mark)
{
	struct linux_addr to = addr(ip, 0);
	struct linux_path path;
	int result = linux_netlink_route_get(nl, &to, mark, &path);

	return result != 0 ? result : (int)path.ifindex;
}

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

static int link_value(const char *name, unsigned long request)
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

/* Waits until the kernel has a packet for |tun| and reads it. */
static size_t read_packet(struct linux_tun *tun, struct linux_vnet *vnet, uint8_t *data, size_t capacity)
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
static unsigned drain(struct linux_tun *tun)
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

static uint16_t checksum(const void *data, size_t len, uint32_t sum)
{
	const uint8_t *bytes = data;

	for (size_t i = 0; i < len; i++)
		sum += i & 1 ? bytes[i] : (uint32_t)bytes[i] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

static bool has_good_udp_checksum(const uint8_t *packet, size_t len)
{
	uint32_t pseudo = IPPROTO_UDP + (uint32_t)(len - 20);

	for (int i = 12; i < 20; i += 2)
		pseudo += (uint32_t)(packet[i] << 8 | packet[i + 1]);
	return checksum(packet + 20, len - 20, pseudo) == 0;
}

static size_t make_echo_request(uint8_t *packet, const char *from, const char *to, size_t payload)
{
	size_t len = sizeof(struct iphdr) + sizeof(struct icmphdr) + payload;
	struct iphdr ip = {
		.version = 4, .ihl = 5, .ttl = 64, .protocol = IPPROTO_ICMP, .tot_len = htons((uint16_t)len)
	};
	struct icmphdr icmp = { .type = ICMP_ECHO, .un.echo = { .id = htons(7), .sequence = htons(1) } };

	inet_pton(AF_INET, from, &ip.saddr);
	inet_pton(AF_INET, to, &ip.daddr);
	ip.check = htons(checksum(&ip, sizeof(ip), 0));
	memset(packet, 'p', len);
	memcpy(packet, &ip, sizeof(ip));
	memcpy(packet + sizeof(ip), &icmp, sizeof(icmp));
	icmp.checksum = htons(checksum(packet + sizeof(ip), len - sizeof(ip), 0));
	memcpy(packet + sizeof(ip), &icmp, sizeof(icmp));
	return len;
}

START_TEST(names_are_checked)
{
	static const char *const bad[] = { "",	".", "..", "a/b", "a b", "tun%d", "a:1", "0123456789abcdef",
					   "\n" };

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		ck_assert(!linux_tun_name_valid(bad[i]));
		memset(&error, 0, sizeof(error));
		ck_assert_ptr_null(linux_tun_open(bad[i], LINUX_TUN_IP, &error));
		ck_assert_int_eq(error.code, EINVAL);
		ck_assert_ptr_nonnull(strstr(error.text, "1 to 15 bytes"));
	}
	ck_assert(linux_tun_name_valid("flow0"));
	ck_assert(linux_tun_name_valid("0123456789abcde"));
}
END_TEST

START_TEST(a_device_lives_as_long_as_its_descriptor)
{
	struct linux_tun *tun = open_tun("flow0");
	struct linux_tun *tap;

	ck_assert_ptr_null(linux_tun_open("flow0", LINUX_TUN_IP, &error));
	ck_assert_int_eq(error.code, EBUSY);
	ck_assert_ptr_nonnull(strstr(error.text, "flow0 exists already"));
	ck_assert_ptr_null(linux_tun_open("lo", LINUX_TUN_IP, &error));
	ck_assert_int_eq(error.code, EBUSY);
	tap = linux_tun_open("tap0", LINUX_TUN_ETHERNET, &error);
	ck_assert_msg(tap != NULL, "%s", error.text);
	ck_assert_int_eq(link_value("tap0", SIOCGIFFLAGS) & IFF_BROADCAST, IFF_BROADCAST);
	ck_assert_int_eq(link_value("flow0", SIOCGIFFLAGS) & IFF_POINTOPOINT, IFF_POINTOPOINT);
	linux_tun_close(tap);
	linux_tun_close(tun);
	ck_assert_uint_eq(if_nametoindex("flow0"), 0);
	ck_assert_uint_eq(if_nametoindex("tap0"), 0);
	linux_tun_close(open_tun("flow0")); /* at once again */
}
END_TEST

START_TEST(links_and_addresses_are_configured)
{
	struct linux_tun *tun = open_tun("flow0");
	uint32_t ifindex = linux_tun_ifindex(tun);
	struct linux_prefix v4 = prefix("10.9.0.1", 24), v6 = prefix("fd09::1", 64);

	ck_assert_done(linux_netlink_link_set(nl, ifindex, 1380, 1000, &error));
	ck_assert_int_eq(link_value("flow0", SIOCGIFMTU), 1380);
	ck_assert_int_eq(link_value("flow0", SIOCGIFTXQLEN), 1000);
	ck_assert_done(linux_netlink_link_set(nl, ifindex, 65535, 0, &error));
	ck_assert_int_eq(link_value("flow0", SIOCGIFMTU), 65535);
	ck_assert_int_eq(link_value("flow0", SIOCGIFTXQLEN), 1000);
	ck_assert_int_eq(linux_netlink_link_set(nl, ifindex, 70000, 0, &error), -EINVAL);
	ck_assert_ptr_nonnull(strstr(error.text, "70000"));
	ck_assert_ptr_nonnull(strstr(error.text, "flow0"));

	for (int i = 0; i < 2; i++) { /* the second time changes nothing and is no failure */
		add_address(tun, "10.9.0.1", 24);
		add_address(tun, "fd09::1", 64);
		set_up(tun);
	}
	ck_assert_int_eq(link_value("flow0", SIOCGIFFLAGS) & IFF_UP, IFF_UP);
	ck_assert_int_eq(count_addresses("flow0", AF_INET), 1);
	ck_assert_int_eq(count_addresses("flow0", AF_INET6), 1); /* and no link-local one */
	ck_assert_int_eq(way_to("10.9.0.77", 0), (int)ifindex);
	ck_assert_int_eq(way_to("fd09::77", 0), (int)ifindex);
	for (int i = 0; i < 2; i++) {
		ck_assert_done(linux_netlink_address_remove(nl, ifindex, &v4, &error));
		ck_assert_done(linux_netlink_address_remove(nl, ifindex, &v6, &error));
	}
	ck_assert_int_eq(count_addresses("flow0", AF_INET), 0);
	ck_assert_int_eq(count_addresses("flow0", AF_INET6), 0);
	ck_assert_done(linux_netlink_link_up(nl, ifindex, false, &error));
	ck_assert_int_eq(link_value("flow0", SIOCGIFFLAGS) & IFF_UP, 0);
	linux_tun_close(tun);

	ck_assert_int_eq(linux_netlink_address_add(nl, ifindex, &v4, &error), -ENODEV);
	ck_assert_ptr_nonnull(strstr(error.text, "10.9.0.1/24"));
	ck_assert_done(linux_netlink_address_remove(nl, ifindex, &v4, &error));
	ck_assert_int_eq(linux_netlink_link_up(nl, ifindex, true, &error), -ENODEV);
}
END_TEST

START_TEST(packets_pass_both_ways)
{
	struct linux_tun *tun = open_tun("flow0");
	uint8_t request[1500], reply[LINUX_TUN_PACKET_MAX];
	static const struct linux_vnet zero;
	struct linux_vnet vnet;
	struct iovec parts[LINUX_TUN_PARTS_MAX];
	size_t len = make_echo_request(request, "10.9.0.2", "10.9.0.1", 1000);
	size_t piece = len / LINUX_TUN_PARTS_MAX + 1;
	unsigned count = 0;

	/* Down: there is nothing to read, and what is written is dropped. */
	ck_assert_int_eq(linux_tun_read(tun, &vnet, reply, sizeof(reply)), 0);
	ck_assert_int_eq(linux_tun_write(tun, request, len), -EIO);

	add_address(tun, "10.9.0.1", 24);
	set_up(tun);
	drain(tun);
	ck_assert_int_eq(linux_tun_read(tun, &vnet, reply, sizeof(reply)), 0);
	ck_assert_int_eq(linux_tun_write(tun, request, len), 0);
	ck_assert_uint_eq(read_packet(tun, &vnet, reply, len), len); /* exactly as large as the buffer */
	ck_assert_int_eq(memcmp(&vnet, &zero, sizeof(vnet)), 0);
	ck_assert_int_eq(reply[20], ICMP_ECHOREPLY);
	ck_assert_int_eq(memcmp(reply + 12, request + 16, 4), 0);
	ck_assert_int_eq(memcmp(reply + 24, request + 24, len - 24), 0);

	/* Gathered from many pieces, with a header of its own. */
	for (size_t at = 0; at < len; at += piece, count++) {
		parts[count].iov_base = request + at;
		parts[count].iov_len = len - at < piece ? len - at : piece;
	}
	ck_assert_int_eq(linux_tun_writev(tun, &zero, parts, count), 0);
	ck_assert_uint_eq(read_packet(tun, &vnet, reply, sizeof(reply)), len);
	ck_assert_int_eq(memcmp(reply + 24, request + 24, len - 24), 0);

	/* A buffer too small loses the packet, and says so, and the next is whole. */
	memset(reply, 0x5a, sizeof(reply));
	ck_assert_int_eq(linux_tun_write(tun, request, len), 0);
	ck_assert_int_eq(linux_tun_write(tun, request, len), 0);
	ck_assert_int_eq(linux_tun_read(tun, &vnet, reply, len - 1), -EMSGSIZE);
	ck_assert_uint_eq(reply[len - 1], 0x5a);
	ck_assert_uint_eq(read_packet(tun, &vnet, reply, sizeof(reply)), len);
	ck_assert_int_eq(linux_tun_read(tun, &vnet, reply, sizeof(reply)), 0);

	/* Nonsense is refused and hurts nothing. */
	ck_assert_int_eq(linux_tun_write(tun, "\0", 1), -EINVAL);
	vnet = (struct linux_vnet){ .flags = LINUX_VNET_CSUM, .csum_start = 60000, .csum_offset = 6 };
	ck_assert_int_lt(linux_tun_writev(tun, &vnet, parts, count), 0);
	vnet = (struct linux_vnet){ .gso_type = LINUX_GSO_TCP4, .gso_size = 0 };
	ck_assert_int_lt(linux_tun_writev(tun, &vnet, parts, count), 0);
	ck_assert_int_eq(linux_tun_write(tun, request, len), 0);
	ck_assert_uint_eq(read_packet(tun, &vnet, reply, sizeof(reply)), len);
	linux_tun_close(tun);
}
END_TEST

START_TEST(a_device_deleted_by_others_is_told)
{
	struct linux_tun *tun = open_tun("flow0");
	struct ifinfomsg link = { .ifi_family = AF_UNSPEC, .ifi_index = (int)linux_tun_ifindex(tun) };
	struct nl_sock *sock = nl_socket_alloc();
	struct linux_vnet vnet;
	uint8_t packet[100] = { 0 };

	ck_assert_ptr_nonnull(sock);
	ck_assert_int_eq(nl_connect(sock, NETLINK_ROUTE), 0);
	ck_assert_int_ge(nl_send_simple(sock, RTM_DELLINK, NLM_F_ACK, &link, sizeof(link)), 0);
	ck_assert_int_eq(nl_wait_for_ack(sock), 0);
	nl_socket_free(sock);
	ck_assert_int_eq(linux_tun_read(tun, &vnet, packet, sizeof(packet)), -EBADFD);
	ck_assert_int_eq(linux_tun_write(tun, packet, sizeof(packet)), -EBADFD);
	ck_assert_int_eq(linux_tun_set_offload(tun, 0), -EBADFD);
	linux_tun_close(tun);
}
END_TEST

START_TEST(offloads_can_be_switched_on_and_off)
{
	const struct linux_udp_options options = { 0 };
	struct linux_tun *tun = open_tun("flow0");
	struct linux_udp *udp = linux_udp_open(&options, &error);
	static uint8_t data[10000], packet[LINUX_TUN_PACKET_MAX];
	const struct linux_train train = {
		.remote = addr("10.9.0.2", 5000),
		.segment_size = 1000,
		.len = sizeof(data),
		.data = data,
	};
	struct linux_vnet vnet;

	ck_assert_msg(udp != NULL, "%s", error.text);
	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)(i * 7 + i / 256);
	add_address(tun, "10.9.0.1", 24);
	set_up(tun);
	drain(tun);

	/* Off: ten whole packets. */
	ck_assert_int_eq(linux_udp_send(udp, &train, NULL), LINUX_SEND_OK);
	for (size_t i = 0; i < 10; i++) {
		ck_assert_uint_eq(read_packet(tun, &vnet, packet, sizeof(packet)), 1028);
		ck_assert_uint_eq(vnet.flags | vnet.gso_type | vnet.gso_size, 0);
		ck_assert(has_good_udp_checksum(packet, 1028));
		ck_assert_int_eq(memcmp(packet + 28, data + i * 1000, 1000), 0);
	}
	/* Checksums off: ten packets whose sums are partial. */
	ck_assert_int_eq(linux_tun_set_offload(tun, LINUX_TUN_CSUM | LINUX_TUN_TSO4 | LINUX_TUN_TSO6), 0);
	ck_assert_int_eq(linux_udp_send(udp, &train, NULL), LINUX_SEND_OK);
	for (int i = 0; i < 10; i++) {
		ck_assert_uint_eq(read_packet(tun, &vnet, packet, sizeof(packet)), 1028);
		ck_assert_uint_eq(vnet.gso_type, LINUX_GSO_NONE);
	}
	/* All on, where the kernel can: one super-packet. */
	if (linux_tun_set_offload(tun, LINUX_TUN_CSUM | LINUX_TUN_USO) == 0 &&
	    (linux_udp_offload(udp) & LINUX_UDP_GSO) != 0) {
		ck_assert_int_eq(linux_udp_send(udp, &train, NULL), LINUX_SEND_OK);
		ck_assert_uint_eq(read_packet(tun, &vnet, packet, sizeof(packet)), 10028);
		ck_assert_uint_eq(vnet.gso_type, LINUX_GSO_UDP);
		ck_assert_uint_eq(vnet.gso_size, 1000);
		ck_assert_uint_eq(vnet.flags & LINUX_VNET_CSUM, LINUX_VNET_CSUM);
		ck_assert_uint_eq(vnet.csum_start, 20);
		ck_assert_uint_eq(vnet.csum_offset, 6);
		ck_assert_int_eq(memcmp(packet + 28, data, sizeof(data)), 0);
	}
	ck_assert_int_eq(linux_tun_set_offload(tun, 0), 0);
	ck_assert_int_eq(linux_udp_send(udp, &train, NULL), LINUX_SEND_OK);
	ck_assert_uint_eq(drain(tun), 10);
	linux_udp_close(udp);
	linux_tun_close(tun);
}
END_TEST

START_TEST(routes_come_and_go)
{
	struct linux_tun *uplink = open_tun("up0");
	struct linux_tun *tun = open_tun("flow0");
	struct linux_route route = {
		.destination = prefix("192.0.2.99", 24), /* with bits beyond the prefix */
		.ifindex = linux_tun_ifindex(tun),
	};
	struct linux_route route6 = { .destination = prefix("2001:db8::99", 33), .ifindex = route.ifindex };
	struct linux_addr far = addr("198.51.100.9", 0);
	struct linux_path path;
	bool empty;

	add_address(uplink, "10.8.0.1", 24);
	set_up(uplink);
	add_address(tun, "10.9.0.1", 24);
	set_up(tun);
	ck_assert_int_eq(way_to("192.0.2.1", 0), -ENETUNREACH);
	ck_assert_int_eq(way_to("2001:db8::1", 0), -ENETUNREACH);
	for (int i = 0; i < 2; i++) {
		ck_assert_done(linux_netlink_route_add(nl, &route, &error));
		ck_assert_done(linux_netlink_route_add(nl, &route6, &error));
	}
	/* The address's own network is there already, by the kernel. */
	add_route(tun, "10.9.0.0", 24, 0);
	ck_assert_int_eq(way_to("192.0.2.1", 0), (int)route.ifindex);
	ck_assert_int_eq(way_to("2001:db8::1", 0), (int)route.ifindex);
	ck_assert_int_eq(way_to("2001:db8:8000::1", 0), -ENETUNREACH);

	/* Another interface's route is left alone, and the operator hears of it. */
	route.destination = prefix("10.8.0.0", 24);
	ck_assert_int_eq(linux_netlink_route_add(nl, &route, &error), -EEXIST);
	ck_assert_ptr_nonnull(strstr(error.text, "10.8.0.0/24"));
	ck_assert_ptr_nonnull(strstr(error.text, "another interface"));
	ck_assert_int_eq(way_to("10.8.0.5", 0), (int)linux_tun_ifindex(uplink));
	route.metric = 50;
	ck_assert_done(linux_netlink_route_add(nl, &route, &error));
	ck_assert_done(linux_netlink_route_remove(nl, &route, &error));
	ck_assert_int_eq(way_to("10.8.0.5", 0), (int)linux_tun_ifindex(uplink));

	/* Its source address and next hop are told. */
	add_route(tun, "198.51.100.0", 24, 0);
	ck_assert_int_eq(linux_netlink_route_get(nl, &far, 0, &path), 0);
	ck_assert_uint_eq(path.ifindex, route.ifindex);
	ck_assert_uint_eq(path.source.family, 4);
	ck_assert_int_eq(memcmp(path.source.ip, "\x0a\x09\0\1", 4), 0);
	ck_assert_uint_eq(path.gateway.family, 0);

	ck_assert_done(linux_netlink_table_is_empty(nl, TABLE, &empty, &error));
	ck_assert(empty);
	add_route(tun, "::", 0, TABLE);
	ck_assert_done(linux_netlink_table_is_empty(nl, TABLE, &empty, &error));
	ck_assert(!empty);

	route.metric = 0;
	route.destination = prefix("192.0.2.0", 24);
	for (int i = 0; i < 2; i++) {
		ck_assert_done(linux_netlink_route_remove(nl, &route, &error));
		ck_assert_done(linux_netlink_route_remove(nl, &route6, &error));
	}
	ck_assert_int_eq(way_to("192.0.2.1", 0), -ENETUNREACH);

	/* A route that is not ours stays. */
	route.destination = prefix("10.9.0.0", 24);
	ck_assert_done(linux_netlink_route_remove(nl, &route, &error));
	ck_assert_int_eq(way_to("10.9.0.7", 0), (int)route.ifindex);

	linux_tun_close(tun);
	ck_assert_int_eq(way_to("198.51.100.9", 0), -ENETUNREACH);
	ck_assert_done(linux_netlink_table_is_empty(nl, TABLE, &empty, &error));
	ck_assert(empty);
	route.destination = prefix("192.0.2.0", 24);
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
	struct linux_tun *uplink = open_tun("up0");
	struct linux_tun *tun = open_tun("flow0");
	struct linux_tun *second;
	struct linux_udp *udp = linux_udp_open(&options, &error);
	struct linux_train train = { .remote = addr("198.51.100.9", 1935),
				     .segment_size = 10,
				     .len = 10,
				     .data = (const uint8_t *)"0123456789" };
	int up, inner;

	ck_assert_msg(udp != NULL, "%s", error.text);
	up = (int)linux_tun_ifindex(uplink);
	inner = (int)linux_tun_ifindex(tun);
	add_address(uplink, "10.8.0.1", 24);
	add_address(uplink, "fd08::1", 64);
	set_up(uplink);
	set_up(tun);
	add_route(uplink, "0.0.0.0", 0, 0);
	add_route(uplink, "::", 0, 0);
	for (int i = 0; i < 2; i++) {
		add_route(tun, "0.0.0.0", 0, TABLE);
		add_route(tun, "::", 0, TABLE);
		ck_assert_done(linux_netlink_policy_add(nl, 4, &policy, &error));
		ck_assert_done(linux_netlink_policy_add(nl, 6, &policy, &error));
	}
	ck_assert_int_eq(way_to("198.51.100.9", 0), inner);
	ck_assert_int_eq(way_to("2001:db8::9", 0), inner);
	ck_assert_int_eq(way_to("198.51.100.9", MARK), up);
	ck_assert_int_eq(way_to("2001:db8::9", MARK), up);
	ck_assert_int_eq(way_to("10.8.0.9", 0), up); /* more specific than the default route */
	ck_assert_int_eq(way_to("fd08::9", 0), up);

	drain(uplink);
	drain(tun);
	ck_assert_int_eq(linux_udp_send(udp, &train, NULL), LINUX_SEND_OK);
	ck_assert_uint_eq(drain(uplink), 1);
	ck_assert_int_eq(linux_udp_set_mark(udp, 0), 0);
	ck_assert_int_eq(linux_udp_send(udp, &train, NULL), LINUX_SEND_OK);
	ck_assert_uint_eq(drain(uplink), 0);
	ck_assert_uint_eq(drain(tun), 1);

	/* A second tunnel's rules are its own; cleaning takes nothing that is in use. */
	second = open_tun("flow1");
	set_up(second);
	add_route(second, "0.0.0.0", 0, TABLE + 1);
	ck_assert_done(linux_netlink_policy_add(nl, 4, &other, &error));
	ck_assert_int_eq(linux_netlink_policy_clean(nl, &error), 0);
	ck_assert_int_eq(way_to("198.51.100.9", MARK), (int)linux_tun_ifindex(second));
	linux_tun_close(second); /* as if it were killed */
	ck_assert_int_eq(linux_netlink_policy_clean(nl, &error), 2);
	ck_assert_int_eq(linux_netlink_policy_clean(nl, &error), 0);
	ck_assert_int_eq(way_to("198.51.100.9", 0), inner);
	ck_assert_int_eq(way_to("198.51.100.9", MARK), up);

	for (int i = 0; i < 2; i++)
		ck_assert_done(linux_netlink_policy_remove(nl, 4, &policy, &error));
	ck_assert_int_eq(way_to("198.51.100.9", 0), up);
	ck_assert_int_eq(way_to("2001:db8::9", 0), inner);
	linux_tun_close(tun);
	ck_assert_int_eq(way_to("2001:db8::9", 0), up);
	ck_assert_int_eq(linux_netlink_policy_clean(nl, &error), 2);
	linux_udp_close(udp);
	linux_tun_close(uplink);
}
END_TEST

/* Makes a tunnel with everything, tells so, and waits for its end. */
static void run_until_killed(int ready)
{
	const struct linux_policy policy = { .mark = MARK, .table = TABLE };
	struct linux_prefix address = prefix("10.9.0.1", 24);
	struct linux_route route = { .destination = prefix("0.0.0.0", 0), .table = TABLE };
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
	ck_assert_int_eq(way_to("198.51.100.9", 0), (int)if_nametoindex("flow0"));
	ck_assert_int_eq(kill(child, SIGKILL), 0);
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert_uint_eq(if_nametoindex("flow0"), 0);
	ck_assert_int_eq(way_to("198.51.100.9", 0), -ENETUNREACH);
	ck_assert_int_eq(linux_netlink_policy_clean(nl, &error), 2);
	ck_assert_int_eq(linux_netlink_policy_clean(nl, &error), 0);
	linux_tun_close(open_tun("flow0"));
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
	struct linux_prefix address = prefix("10.9.0.1", 24);
	const struct linux_change *change;
	struct linux_tun *tun;
	struct pollfd ready;
	uint32_t ifindex;
	int size = 1;

	ck_assert_msg(monitor != NULL, "%s", error.text);
	change_count = 0;
	linux_monitor_read(monitor);
	ck_assert_uint_eq(change_count, 0);

	tun = open_tun("flow0");
	ifindex = linux_tun_ifindex(tun);
	ready = (struct pollfd){ .fd = linux_monitor_fd(monitor), .events = POLLIN };
	ck_assert_int_eq(poll(&ready, 1, 5000), 1);
	linux_monitor_read(monitor);
	change = find_change(LINUX_CHANGE_LINK, ifindex, false);
	ck_assert_ptr_nonnull(change);
	ck_assert(!change->up);

	change_count = 0;
	add_address(tun, "10.9.0.1", 24);
	add_address(tun, "fd09::1", 64);
	set_up(tun);
	add_route(tun, "192.0.2.0", 24, TABLE);
	add_route(tun, "2001:db8::", 32, 0);
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
	tun = open_tun("flow0");
	for (int i = 0; i < 100; i++) {
		add_address(tun, "10.9.0.1", 24);
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

/* Answers the ARP request that |tap| has, so that what waits for it may leave. */
static void answer_arp(struct linux_tun *tap)
{
	static const uint8_t station[6] = { 2, 0, 0, 0, 0, 9 };
	static uint8_t frame[LINUX_TUN_PACKET_MAX];
	struct linux_vnet vnet;
	struct ether_arp arp;

	do { /* router solicitations and the like come by, too */
		ck_assert_uint_ge(read_packet(tap, &vnet, frame, sizeof(frame)), 14);
	} while (frame[12] != 0x08 || frame[13] != 0x06);
	memcpy(&arp, frame + 14, sizeof(arp));
	ck_assert_uint_eq(ntohs(arp.arp_op), ARPOP_REQUEST);
	memcpy(frame, arp.arp_sha, 6);
	memcpy(frame + 6, station, 6);
	memcpy(arp.arp_tha, arp.arp_sha, 6);
	memcpy(arp.arp_sha, station, 6);
	for (int i = 0; i < 4; i++) {
		uint8_t asked = arp.arp_tpa[i];

		arp.arp_tpa[i] = arp.arp_spa[i];
		arp.arp_spa[i] = asked;
	}
	arp.arp_op = htons(ARPOP_REPLY);
	memcpy(frame + 14, &arp, sizeof(arp));
	ck_assert_int_eq(linux_tun_write(tap, frame, 14 + sizeof(arp)), 0);
}

START_TEST(a_full_socket_buffer_says_again)
{
	const struct linux_udp_options options = { .buffer_size = 20000 };
	struct linux_tun *uplink = linux_tun_open("up0", LINUX_TUN_ETHERNET, &error);
	struct linux_udp *udp = linux_udp_open(&options, &error);
	static const uint8_t data[64000];
	struct linux_train train = {
		.remote = addr("10.8.0.2", 1935), .segment_size = 1000, .len = sizeof(data), .data = data
	};
	struct pollfd ready;
	size_t sent = 0;

	ck_assert_msg(udp != NULL && uplink != NULL, "%s", error.text);
	add_address(uplink, "10.8.0.1", 24);
	set_up(uplink);
	if (_i == 0)
		linux_udp_set_offload(udp, 0);
	else
		train.len = 10000; /* a run goes whole or not at all */
	/* Until the neighbour is found, nothing leaves, and what waits counts against the socket's buffer. */
	ready = (struct pollfd){ .fd = linux_udp_fd(udp, 4), .events = POLLOUT };
	for (int i = 0; i < 100 && linux_udp_send(udp, &train, &sent) == LINUX_SEND_OK; i++)
		ck_assert_uint_eq(sent, train.len);
	ck_assert_int_eq(linux_udp_send(udp, &train, &sent), LINUX_SEND_AGAIN);
	ck_assert_uint_lt(sent, train.len);
	ck_assert_uint_eq(sent % 1000, 0);
	ck_assert_int_eq(poll(&ready, 1, 0), 0);
	answer_arp(uplink);
	ck_assert_int_eq(poll(&ready, 1, 5000), 1);
	drain(uplink);
	/* The rest goes from where it stopped. */
	train.data += sent;
	train.len = 5000;
	ck_assert_int_eq(linux_udp_send(udp, &train, &sent), LINUX_SEND_OK);
	ck_assert_uint_eq(sent, 5000);
	ck_assert_uint_ge(drain(uplink), 5);
	linux_udp_close(udp);
	linux_tun_close(uplink);
}
END_TEST

START_TEST(datagrams_larger_than_the_mtu_are_fragmented)
{
	const struct linux_udp_options options = { 0 };
	struct linux_tun *uplink = open_tun("up0");
	struct linux_udp *udp = linux_udp_open(&options, &error);
	static const uint8_t data[20000];
	static uint8_t packet[LINUX_TUN_PACKET_MAX];
	struct linux_train train = {
		.remote = addr("10.8.0.2", 1935), .segment_size = 5000, .len = 5000, .data = data
	};
	struct linux_vnet vnet;

	ck_assert_msg(udp != NULL, "%s", error.text);
	add_address(uplink, "10.8.0.1", 24);
	add_address(uplink, "fd08::1", 64);
	ck_assert_done(linux_netlink_link_set(nl, linux_tun_ifindex(uplink), 1280, 0, &error));
	set_up(uplink);
	drain(uplink);
	ck_assert_int_eq(linux_udp_send(udp, &train, NULL), LINUX_SEND_OK);
	ck_assert_uint_le(read_packet(uplink, &vnet, packet, sizeof(packet)), 1280);
	ck_assert_uint_eq(packet[6] & 0x40, 0); /* DF */
	ck_assert_uint_eq(drain(uplink), 3);

	/* A train of such: the kernel does not segment into fragments, so they go one by one. */
	train.len = 20000;
	for (int family = 4; family <= 6; family += 2) {
		uint64_t refusals = linux_udp_counters(udp)->segment_refusals;

		train.remote = family == 4 ? addr("10.8.0.2", 1935) : addr("fd08::2", 1935);
		ck_assert_int_eq(linux_udp_send(udp, &train, NULL), LINUX_SEND_OK);
		ck_assert_int_eq(linux_udp_send(udp, &train, NULL), LINUX_SEND_OK);
		ck_assert_uint_ge(drain(uplink), 2 * 4 * 4);
		if (linux_udp_offload(udp) & LINUX_UDP_GSO)
			ck_assert_uint_eq(linux_udp_counters(udp)->segment_refusals, refusals + 1);
	}
	/* Small segments on the same path still go together. */
	if (linux_udp_offload(udp) & LINUX_UDP_GSO) {
		uint64_t calls = linux_udp_counters(udp)->sent_calls;

		train.segment_size = 1000;
		ck_assert_int_eq(linux_udp_send(udp, &train, NULL), LINUX_SEND_OK);
		ck_assert_uint_eq(drain(uplink), 20);
		ck_assert_uint_eq(linux_udp_counters(udp)->sent_calls, calls + 1);
	}
	linux_udp_close(udp);
	linux_tun_close(uplink);
}
END_TEST

START_TEST(a_lost_address_or_route_is_told)
{
	const struct linux_udp_options options = { 0 };
	struct linux_tun *uplink = open_tun("up0");
	struct linux_udp *udp = linux_udp_open(&options, &error);
	struct linux_prefix address = prefix("10.8.0.1", 24), address6 = prefix("fd08::1", 64);
	struct linux_train train = { .segment_size = 5,
				     .len = 20,
				     .data = (const uint8_t *)"01234567890123456789" };
	size_t sent;

	ck_assert_msg(udp != NULL, "%s", error.text);
	for (int family = 4; family <= 6; family += 2) {
		const struct linux_prefix *own = family == 4 ? &address : &address6;
		struct linux_addr local = family == 4 ? addr("10.8.0.1", 0) : addr("fd08::1", 0);

		train.remote = family == 4 ? addr("10.8.0.2", 9) : addr("fd08::2", 9);
		train.local = (struct linux_addr){ 0 };
		train.ifindex = 0;
		ck_assert_int_eq(linux_udp_send(udp, &train, &sent), LINUX_SEND_UNREACHABLE);
		ck_assert_done(linux_netlink_address_add(nl, linux_tun_ifindex(uplink), own, &error));
		set_up(uplink);
		drain(uplink);
		train.local = local;
		train.ifindex = linux_tun_ifindex(uplink);
		ck_assert_int_eq(linux_udp_send(udp, &train, &sent), LINUX_SEND_OK);
		ck_assert_uint_eq(drain(uplink), 4);
		ck_assert_done(linux_netlink_address_remove(nl, linux_tun_ifindex(uplink), own, &error));
		ck_assert_int_eq(linux_udp_send(udp, &train, &sent), LINUX_SEND_LOCAL_GONE);
		ck_assert_uint_eq(sent, 0);
		train.local.family = 0;
		train.ifindex = 0;
		ck_assert_int_eq(linux_udp_send(udp, &train, &sent), LINUX_SEND_UNREACHABLE);
	}
	linux_udp_close(udp);
	linux_tun_close(uplink);
}
END_TEST

START_TEST(a_host_without_ipv6_is_served_in_ipv4)
{
	const struct linux_udp_options options = { 0 };
	struct linux_tun *tun = open_tun("flow0");
	struct linux_prefix v6 = prefix("fd09::1", 64);
	struct linux_train train = { .segment_size = 1, .len = 1, .data = (const uint8_t *)"x" };
	struct linux_udp *udp;
	struct linux_datagrams *runs;
	int fd = open("/proc/sys/net/ipv6/conf/all/disable_ipv6", O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, "1", 1) != 1) { /* no IPv6 in this kernel, or a read-only /proc */
		if (fd >= 0)
			close(fd);
		linux_tun_close(tun);
		return;
	}
	close(fd);
	add_address(tun, "10.9.0.1", 24);
	set_up(tun);
	ck_assert_int_lt(linux_netlink_address_add(nl, linux_tun_ifindex(tun), &v6, &error), 0);
	ck_assert_ptr_nonnull(strstr(error.text, "fd09::1/64"));
	ck_assert_ptr_nonnull(strstr(error.text, "flow0"));
	udp = linux_udp_open(&options, &error);
	ck_assert_msg(udp != NULL, "%s", error.text);
	train.remote = addr("127.0.0.1", linux_udp_port(udp));
	ck_assert_int_eq(linux_udp_send(udp, &train, NULL), LINUX_SEND_OK);
	ck_assert_uint_eq(linux_udp_receive(udp, 4, 1, &runs), 1);
	train.remote = addr("::1", linux_udp_port(udp));
	ck_assert_int_eq(linux_udp_send(udp, &train, NULL), LINUX_SEND_UNREACHABLE);
	ck_assert_uint_eq(linux_udp_receive(udp, 6, 1, &runs), 0);
	linux_udp_close(udp);
	linux_tun_close(tun);
}
END_TEST

static int configure_without_rights(void)
{
	struct linux_tun *tun = linux_tun_open("flow0", LINUX_TUN_IP, &error);
	struct linux_prefix address = prefix("10.9.0.1", 24);

	if (tun == NULL || linux_priv_protect(&error) != 0 || linux_priv_drop(&error) != 0)
		return 1;
	/* What is left suffices for what the daemon does later. */
	if (linux_netlink_address_add(nl, linux_tun_ifindex(tun), &address, &error) != 0)
		return 2;
	if (linux_netlink_link_up(nl, linux_tun_ifindex(tun), true, &error) != 0)
		return 3;
	linux_tun_close(tun);
	tun = linux_tun_open("flow0", LINUX_TUN_IP, &error);
	if (tun == NULL)
		return 4;
	linux_tun_close(tun);
	/* And no further. */
	if (unshare(CLONE_NEWNET) == 0)
		return 5;
	return 0;
}

START_TEST(the_daemon_can_work_after_dropping_rights)
{
	pid_t child = fork();
	int status;

	ck_assert_int_ge(child, 0);
	if (child == 0)
		_exit(configure_without_rights());
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0, "the child ended with status %#x",
		      status);
}
END_TEST

static int open_without_rights(void)
{
	if (setgid(65534) != 0 || setuid(65534) != 0)
		return 1;
	if (linux_tun_open("flow0", LINUX_TUN_IP, &error) != NULL)
		return 2;
	if (error.code != EPERM && error.code != EACCES)
		return 3;
	if (strstr(error.text, "root") == NULL)
		return 4;
	return 0;
}

START_TEST(a_missing_right_is_named)
{
	pid_t child = fork();
	int status;

	ck_assert_int_ge(child, 0);
	if (child == 0)
		_exit(open_without_rights());
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0, "the child ended with status %#x",
		      status);
}
END_TEST

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

int main(void)
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
	suite = suite_create("linux_tun");
	tests = tcase_create("linux_tun");
	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_set_timeout(tests, 60); /* for valgrind */
	tcase_add_test(tests, names_are_checked);
	tcase_add_test(tests, a_device_lives_as_long_as_its_descriptor);
	tcase_add_test(tests, links_and_addresses_are_configured);
	tcase_add_test(tests, packets_pass_both_ways);
	tcase_add_test(tests, a_device_deleted_by_others_is_told);
	tcase_add_test(tests, offloads_can_be_switched_on_and_off);
	tcase_add_test(tests, routes_come_and_go);
	tcase_add_test(tests, a_full_tunnel_does_not_swallow_itself);
	tcase_add_test(tests, a_killed_process_leaves_only_rules_and_they_are_cleaned);
	tcase_add_test(tests, changes_are_reported);
	tcase_add_loop_test(tests, a_full_socket_buffer_says_again, 0, 2);
	tcase_add_test(tests, datagrams_larger_than_the_mtu_are_fragmented);
	tcase_add_test(tests, a_lost_address_or_route_is_told);
	tcase_add_test(tests, a_host_without_ipv6_is_served_in_ipv4);
	tcase_add_test(tests, the_daemon_can_work_after_dropping_rights);
	tcase_add_test(tests, a_missing_right_is_named);
	suite_add_tcase(suite, tests);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
