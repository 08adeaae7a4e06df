/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * TUN and TAP devices, and UDP sockets on paths that loopback does not have, against the real kernel.
 */
#include "config.h"

#include <arpa/inet.h>
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <netinet/if_ether.h>
#include <netinet/ip.h>
#include <netinet/ip_icmp.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <poll.h>
#include <sched.h>
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
#include "namespace.h"

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
	struct linux_tun *tun = ns_open_tun("flow0");
	struct linux_tun *tap;

	ck_assert_ptr_null(linux_tun_open("flow0", LINUX_TUN_IP, &error));
	ck_assert_int_eq(error.code, EBUSY);
	ck_assert_ptr_nonnull(strstr(error.text, "flow0 exists already"));
	ck_assert_ptr_null(linux_tun_open("lo", LINUX_TUN_IP, &error));
	ck_assert_int_eq(error.code, EBUSY);
	tap = linux_tun_open("tap0", LINUX_TUN_ETHERNET, &error);
	ck_assert_msg(tap != NULL, "%s", error.text);
	ck_assert_int_eq(ns_link_value("tap0", SIOCGIFFLAGS) & IFF_BROADCAST, IFF_BROADCAST);
	ck_assert_int_eq(ns_link_value("flow0", SIOCGIFFLAGS) & IFF_POINTOPOINT, IFF_POINTOPOINT);
	linux_tun_close(tap);
	linux_tun_close(tun);
	ck_assert_uint_eq(if_nametoindex("flow0"), 0);
	ck_assert_uint_eq(if_nametoindex("tap0"), 0);
	linux_tun_close(ns_open_tun("flow0")); /* at once again */
}
END_TEST

START_TEST(packets_pass_both_ways)
{
	struct linux_tun *tun = ns_open_tun("flow0");
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

	ns_add_address(tun, "10.9.0.1", 24);
	ns_set_up(tun);
	ns_drain(tun);
	ck_assert_int_eq(linux_tun_read(tun, &vnet, reply, sizeof(reply)), 0);
	ck_assert_int_eq(linux_tun_write(tun, request, len), 0);
	ck_assert_uint_eq(ns_read_packet(tun, &vnet, reply, len), len); /* exactly as large as the buffer */
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
	ck_assert_uint_eq(ns_read_packet(tun, &vnet, reply, sizeof(reply)), len);
	ck_assert_int_eq(memcmp(reply + 24, request + 24, len - 24), 0);

	/* A buffer too small loses the packet, and says so, and the next is whole. */
	memset(reply, 0x5a, sizeof(reply));
	ck_assert_int_eq(linux_tun_write(tun, request, len), 0);
	ck_assert_int_eq(linux_tun_write(tun, request, len), 0);
	ck_assert_int_eq(linux_tun_read(tun, &vnet, reply, len - 1), -EMSGSIZE);
	ck_assert_uint_eq(reply[len - 1], 0x5a);
	ck_assert_uint_eq(ns_read_packet(tun, &vnet, reply, sizeof(reply)), len);
	ck_assert_int_eq(linux_tun_read(tun, &vnet, reply, sizeof(reply)), 0);

	/* Nonsense is refused and hurts nothing. */
	ck_assert_int_eq(linux_tun_write(tun, "\0", 1), -EINVAL);
	vnet = (struct linux_vnet){ .flags = LINUX_VNET_CSUM, .csum_start = 60000, .csum_offset = 6 };
	ck_assert_int_lt(linux_tun_writev(tun, &vnet, parts, count), 0);
	vnet = (struct linux_vnet){ .gso_type = LINUX_GSO_TCP4, .gso_size = 0 };
	ck_assert_int_lt(linux_tun_writev(tun, &vnet, parts, count), 0);
	ck_assert_int_eq(linux_tun_write(tun, request, len), 0);
	ck_assert_uint_eq(ns_read_packet(tun, &vnet, reply, sizeof(reply)), len);
	linux_tun_close(tun);
}
END_TEST

START_TEST(a_device_deleted_by_others_is_told)
{
	struct linux_tun *tun = ns_open_tun("flow0");
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
	struct linux_tun *tun = ns_open_tun("flow0");
	struct linux_udp *udp = linux_udp_open(&options, &error);
	static uint8_t data[10000], packet[LINUX_TUN_PACKET_MAX];
	const struct linux_train train = {
		.remote = ns_addr("10.9.0.2", 5000),
		.segment_size = 1000,
		.len = sizeof(data),
		.data = data,
	};
	struct linux_vnet vnet;

	ck_assert_msg(udp != NULL, "%s", error.text);
	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)(i * 7 + i / 256);
	ns_add_address(tun, "10.9.0.1", 24);
	ns_set_up(tun);
	ns_drain(tun);

	/* Off: ten whole packets. */
	ck_assert_int_eq(linux_udp_send(udp, &train, NULL), LINUX_SEND_OK);
	for (size_t i = 0; i < 10; i++) {
		ck_assert_uint_eq(ns_read_packet(tun, &vnet, packet, sizeof(packet)), 1028);
		ck_assert_uint_eq(vnet.flags | vnet.gso_type | vnet.gso_size, 0);
		ck_assert(has_good_udp_checksum(packet, 1028));
		ck_assert_int_eq(memcmp(packet + 28, data + i * 1000, 1000), 0);
	}
	/* Checksums off: ten packets whose sums are partial. */
	ck_assert_int_eq(linux_tun_set_offload(tun, LINUX_TUN_CSUM | LINUX_TUN_TSO4 | LINUX_TUN_TSO6), 0);
	ck_assert_int_eq(linux_udp_send(udp, &train, NULL), LINUX_SEND_OK);
	for (int i = 0; i < 10; i++) {
		ck_assert_uint_eq(ns_read_packet(tun, &vnet, packet, sizeof(packet)), 1028);
		ck_assert_uint_eq(vnet.gso_type, LINUX_GSO_NONE);
	}
	/* All on, where the kernel can: one super-packet. */
	if (linux_tun_set_offload(tun, LINUX_TUN_CSUM | LINUX_TUN_USO) == 0 &&
	    (linux_udp_offload(udp) & LINUX_UDP_GSO) != 0) {
		ck_assert_int_eq(linux_udp_send(udp, &train, NULL), LINUX_SEND_OK);
		ck_assert_uint_eq(ns_read_packet(tun, &vnet, packet, sizeof(packet)), 10028);
		ck_assert_uint_eq(vnet.gso_type, LINUX_GSO_UDP);
		ck_assert_uint_eq(vnet.gso_size, 1000);
		ck_assert_uint_eq(vnet.flags & LINUX_VNET_CSUM, LINUX_VNET_CSUM);
		ck_assert_uint_eq(vnet.csum_start, 20);
		ck_assert_uint_eq(vnet.csum_offset, 6);
		ck_assert_int_eq(memcmp(packet + 28, data, sizeof(data)), 0);
	}
	ck_assert_int_eq(linux_tun_set_offload(tun, 0), 0);
	ck_assert_int_eq(linux_udp_send(udp, &train, NULL), LINUX_SEND_OK);
	ck_assert_uint_eq(ns_drain(tun), 10);
	linux_udp_close(udp);
	linux_tun_close(tun);
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
		ck_assert_uint_ge(ns_read_packet(tap, &vnet, frame, sizeof(frame)), 14);
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
		.remote = ns_addr("10.8.0.2", 1935), .segment_size = 1000, .len = sizeof(data), .data = data
	};
	struct pollfd ready;
	size_t sent = 0;

	ck_assert_msg(udp != NULL && uplink != NULL, "%s", error.text);
	ns_add_address(uplink, "10.8.0.1", 24);
	ns_set_up(uplink);
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
	ns_drain(uplink);
	/* The rest goes from where it stopped. */
	train.data += sent;
	train.len = 5000;
	ck_assert_int_eq(linux_udp_send(udp, &train, &sent), LINUX_SEND_OK);
	ck_assert_uint_eq(sent, 5000);
	ck_assert_uint_ge(ns_drain(uplink), 5);
	linux_udp_close(udp);
	linux_tun_close(uplink);
}
END_TEST

START_TEST(datagrams_larger_than_the_mtu_are_fragmented)
{
	const struct linux_udp_options options = { 0 };
	struct linux_tun *uplink = ns_open_tun("up0");
	struct linux_udp *udp = linux_udp_open(&options, &error);
	static const uint8_t data[20000];
	static uint8_t packet[LINUX_TUN_PACKET_MAX];
	struct linux_train train = {
		.remote = ns_addr("10.8.0.2", 1935), .segment_size = 5000, .len = 5000, .data = data
	};
	struct linux_vnet vnet;

	ck_assert_msg(udp != NULL, "%s", error.text);
	ns_add_address(uplink, "10.8.0.1", 24);
	ns_add_address(uplink, "fd08::1", 64);
	ck_assert_done(linux_netlink_link_set(nl, linux_tun_ifindex(uplink), 1280, 0, &error));
	ns_set_up(uplink);
	ns_drain(uplink);
	ck_assert_int_eq(linux_udp_send(udp, &train, NULL), LINUX_SEND_OK);
	ck_assert_uint_le(ns_read_packet(uplink, &vnet, packet, sizeof(packet)), 1280);
	ck_assert_uint_eq(packet[6] & 0x40, 0); /* DF */
	ck_assert_uint_eq(ns_drain(uplink), 3);

	/* A train of such: the kernel does not segment into fragments, so they go one by one. */
	train.len = 20000;
	for (int family = 4; family <= 6; family += 2) {
		uint64_t refusals = linux_udp_counters(udp)->segment_refusals;

		train.remote = family == 4 ? ns_addr("10.8.0.2", 1935) : ns_addr("fd08::2", 1935);
		ck_assert_int_eq(linux_udp_send(udp, &train, NULL), LINUX_SEND_OK);
		ck_assert_int_eq(linux_udp_send(udp, &train, NULL), LINUX_SEND_OK);
		ck_assert_uint_ge(ns_drain(uplink), 2 * 4 * 4);
		if (linux_udp_offload(udp) & LINUX_UDP_GSO)
			ck_assert_uint_eq(linux_udp_counters(udp)->segment_refusals, refusals + 1);
	}
	/* Small segments on the same path still go together. */
	if (linux_udp_offload(udp) & LINUX_UDP_GSO) {
		uint64_t calls = linux_udp_counters(udp)->sent_calls;

		train.segment_size = 1000;
		ck_assert_int_eq(linux_udp_send(udp, &train, NULL), LINUX_SEND_OK);
		ck_assert_uint_eq(ns_drain(uplink), 20);
		ck_assert_uint_eq(linux_udp_counters(udp)->sent_calls, calls + 1);
	}
	linux_udp_close(udp);
	linux_tun_close(uplink);
}
END_TEST

START_TEST(a_lost_address_or_route_is_told)
{
	const struct linux_udp_options options = { 0 };
	struct linux_tun *uplink = ns_open_tun("up0");
	struct linux_udp *udp = linux_udp_open(&options, &error);
	struct linux_prefix address = ns_prefix("10.8.0.1", 24), address6 = ns_prefix("fd08::1", 64);
	struct linux_train train = { .segment_size = 5,
				     .len = 20,
				     .data = (const uint8_t *)"01234567890123456789" };
	size_t sent;

	ck_assert_msg(udp != NULL, "%s", error.text);
	for (int family = 4; family <= 6; family += 2) {
		const struct linux_prefix *own = family == 4 ? &address : &address6;
		struct linux_addr local = family == 4 ? ns_addr("10.8.0.1", 0) : ns_addr("fd08::1", 0);

		train.remote = family == 4 ? ns_addr("10.8.0.2", 9) : ns_addr("fd08::2", 9);
		train.local = (struct linux_addr){ 0 };
		train.ifindex = 0;
		ck_assert_int_eq(linux_udp_send(udp, &train, &sent), LINUX_SEND_UNREACHABLE);
		ck_assert_done(linux_netlink_address_add(nl, linux_tun_ifindex(uplink), own, &error));
		ns_set_up(uplink);
		ns_drain(uplink);
		train.local = local;
		train.ifindex = linux_tun_ifindex(uplink);
		ck_assert_int_eq(linux_udp_send(udp, &train, &sent), LINUX_SEND_OK);
		ck_assert_uint_eq(ns_drain(uplink), 4);
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
	struct linux_tun *tun = ns_open_tun("flow0");
	struct linux_prefix v6 = ns_prefix("fd09::1", 64);
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
	ns_add_address(tun, "10.9.0.1", 24);
	ns_set_up(tun);
	ck_assert_int_lt(linux_netlink_address_add(nl, linux_tun_ifindex(tun), &v6, &error), 0);
	ck_assert_ptr_nonnull(strstr(error.text, "fd09::1/64"));
	ck_assert_ptr_nonnull(strstr(error.text, "flow0"));
	udp = linux_udp_open(&options, &error);
	ck_assert_msg(udp != NULL, "%s", error.text);
	train.remote = ns_addr("127.0.0.1", linux_udp_port(udp));
	ck_assert_int_eq(linux_udp_send(udp, &train, NULL), LINUX_SEND_OK);
	ck_assert_uint_eq(linux_udp_receive(udp, 4, 1, &runs), 1);
	train.remote = ns_addr("::1", linux_udp_port(udp));
	ck_assert_int_eq(linux_udp_send(udp, &train, NULL), LINUX_SEND_UNREACHABLE);
	ck_assert_uint_eq(linux_udp_receive(udp, 6, 1, &runs), 0);
	linux_udp_close(udp);
	linux_tun_close(tun);
}
END_TEST

static int configure_without_rights(void)
{
	struct linux_tun *tun = linux_tun_open("flow0", LINUX_TUN_IP, &error);
	struct linux_prefix address = ns_prefix("10.9.0.1", 24);

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

static void add(TCase *tests)
{
	tcase_add_test(tests, names_are_checked);
	tcase_add_test(tests, a_device_lives_as_long_as_its_descriptor);
	tcase_add_test(tests, packets_pass_both_ways);
	tcase_add_test(tests, a_device_deleted_by_others_is_told);
	tcase_add_test(tests, offloads_can_be_switched_on_and_off);
	tcase_add_loop_test(tests, a_full_socket_buffer_says_again, 0, 2);
	tcase_add_test(tests, datagrams_larger_than_the_mtu_are_fragmented);
	tcase_add_test(tests, a_lost_address_or_route_is_told);
	tcase_add_test(tests, a_host_without_ipv6_is_served_in_ipv4);
	tcase_add_test(tests, the_daemon_can_work_after_dropping_rights);
	tcase_add_test(tests, a_missing_right_is_named);
}

int main(void)
{
	return ns_main("linux_tun", add);
}
