/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Receiving runs of datagrams: recvmmsg into buffers that stay where they are, with UDP GRO where the kernel
 * has it. Called by the daemon, once or more for each readiness of a socket.
 */
#include "config.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#include "linux_udp.h"
#include "udp.h"

/* Errors of earlier sends that may be waiting on a socket: each call takes one away. */
#define STALE_ERRORS_MAX 16

void udp_receive_init(struct linux_udp *udp)
{
	for (unsigned i = 0; i < LINUX_UDP_BATCH; i++) {
		struct receive_slot *slot = &udp->slots[i];
		struct msghdr *header = &udp->messages[i].msg_hdr;

		slot->buffer.iov_base = udp->buffers + (size_t)i * BUFFER_BYTES;
		slot->buffer.iov_len = BUFFER_BYTES;
		header->msg_name = &slot->from;
		header->msg_iov = &slot->buffer;
		header->msg_iovlen = 1;
		header->msg_control = slot->control;
	}
}

static void take_traffic_class(struct linux_datagrams *run, unsigned traffic_class)
{
	run->ecn = traffic_class & 3;
	run->dscp = (uint8_t)((traffic_class & 0xff) >> 2);
}

static void take_ip_control(struct linux_datagrams *run, struct cmsghdr *item)
{
	if (item->cmsg_type == IP_PKTINFO) {
		struct in_pktinfo info;

		memcpy(&info, CMSG_DATA(item), sizeof(info));
		run->local.family = 4;
		memcpy(run->local.ip, &info.ipi_spec_dst, 4);
		run->ifindex = (uint32_t)info.ipi_ifindex;
	} else if (item->cmsg_type == IP_TOS) {
		take_traffic_class(run, *CMSG_DATA(item)); /* one byte, unlike its IPv6 sibling */
	}
}

static void take_ipv6_control(struct linux_datagrams *run, struct cmsghdr *item)
{
	if (item->cmsg_type == IPV6_PKTINFO) {
		struct in6_pktinfo info;

		memcpy(&info, CMSG_DATA(item), sizeof(info));
		run->local.family = 6;
		memcpy(run->local.ip, &info.ipi6_addr, 16);
		run->ifindex = info.ipi6_ifindex;
		if (IN6_IS_ADDR_LINKLOCAL(&info.ipi6_addr))
			run->local.scope = info.ipi6_ifindex;
	} else if (item->cmsg_type == IPV6_TCLASS) {
		int traffic_class;

		memcpy(&traffic_class, CMSG_DATA(item), sizeof(traffic_class));
		take_traffic_class(run, (unsigned)traffic_class);
	}
}

/* Fills |run| from one message. Returns false if nothing can be done with it. */
static bool take_message(const struct linux_udp *udp, const struct receive_slot *slot,
			 struct mmsghdr *message, struct linux_datagrams *run)
{
	struct msghdr *header = &message->msg_hdr;

	if (message->msg_len == 0 || (header->msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0)
		return false;
	memset(run, 0, sizeof(*run));
	run->data = slot->buffer.iov_base;
	run->len = message->msg_len;
	run->segment_size = message->msg_len;
	if (!linux_addr_from_sockaddr(&run->remote, &slot->from.any))
		return false;
	for (struct cmsghdr *item = CMSG_FIRSTHDR(header); item != NULL; item = CMSG_NXTHDR(header, item)) {
		if (item->cmsg_level == IPPROTO_IP) {
			take_ip_control(run, item);
		} else if (item->cmsg_level == IPPROTO_IPV6) {
			take_ipv6_control(run, item);
		} else if (item->cmsg_level == SOL_UDP && item->cmsg_type == UDP_GRO) {
			int size;

			memcpy(&size, CMSG_DATA(item), sizeof(size));
			if (size > 0 && (uint32_t)size < run->len)
				run->segment_size = (uint32_t)size;
		}
	}
	run->local.port = udp->port;
	return run->local.family != 0;
}

static int receive_messages(struct linux_udp *udp, int fd, unsigned max)
{
	int count;

	for (unsigned i = 0; i < max; i++) {
		udp->messages[i].msg_hdr.msg_namelen = sizeof(udp->slots[i].from);
		udp->messages[i].msg_hdr.msg_controllen = sizeof(udp->slots[i].control);
		udp->messages[i].msg_hdr.msg_flags = 0;
	}
	for (int attempt = 0; attempt < STALE_ERRORS_MAX; attempt++) {
		count = recvmmsg(fd, udp->messages, max, MSG_DONTWAIT, NULL);
		if (count >= 0)
			return count;
		if (errno == EAGAIN || errno == ENOMEM || errno == ENOBUFS)
			return 0;
	}
	return 0;
}

unsigned linux_udp_receive(struct linux_udp *udp, int family, unsigned max, struct linux_datagrams **runs)
{
	int fd = udp->fd[family == 6];
	unsigned count = 0;

	assert(max >= 1 && max <= LINUX_UDP_BATCH);
	*runs = udp->runs;
	if (fd < 0)
		return 0;
	/* Until something usable is there or nothing is: 0 means an empty socket, not a batch of useless
	 * ones. */
	while (count == 0) {
		int messages = receive_messages(udp, fd, max);

		if (messages == 0)
			return 0;
		for (int i = 0; i < messages; i++) {
			struct linux_datagrams *run = &udp->runs[count];

			if (!take_message(udp, &udp->slots[i], &udp->messages[i], run)) {
				udp->counters.unusable++;
				continue;
			}
			udp->counters.received_datagrams +=
				(run->len + run->segment_size - 1) / run->segment_size;
			count++;
		}
		udp->counters.received_calls++;
	}
	return count;
}
