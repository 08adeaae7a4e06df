/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Opening one UDP port in both families, and its switches. Called by the daemon.
 */
#include "config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "linux_udp.h"
#include "udp.h"

#define DEFAULT_BUFFER (8u << 20)
#define PORT_ATTEMPTS  64 /* to find a port that is free in both families */

static const char *family_name(int index)
{
	return index == 0 ? "IPv4" : "IPv6";
}

static int set_int(int fd, int level, int option, int value)
{
	return setsockopt(fd, level, option, &value, sizeof(value)) == 0 ? 0 : -errno;
}

/* Returns the granted size in bytes of payload: the kernel doubles what it is asked for, for its own needs.
 */
static uint32_t set_buffer(int fd, int forced_option, int option, uint32_t size)
{
	int granted = 0;
	socklen_t len = sizeof(granted);

	if (set_int(fd, SOL_SOCKET, forced_option, (int)size) != 0)
		(void)set_int(fd, SOL_SOCKET, option, (int)size); /* what the host's limit allows */
	if (getsockopt(fd, SOL_SOCKET, option, &granted, &len) != 0 || granted < 0)
		return 0;
	return (uint32_t)granted / 2;
}

/* What makes addresses, interface and traffic class of each datagram known, and lets large ones be
 * fragmented. */
static int set_ip_options(int fd, int index)
{
	int result;

	if (index == 0) {
		result = set_int(fd, IPPROTO_IP, IP_PKTINFO, 1);
		if (result == 0)
			result = set_int(fd, IPPROTO_IP, IP_RECVTOS, 1);
		if (result == 0)
			result = set_int(fd, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DONT);
	} else {
		result = set_int(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1);
		if (result == 0)
			result = set_int(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1);
		if (result == 0)
			result = set_int(fd, IPPROTO_IPV6, IPV6_RECVTCLASS, 1);
		if (result == 0)
			result = set_int(fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER, IPV6_PMTUDISC_DONT);
	}
	return result;
}

/*
 * Makes the socket of one family with all but its port. Returns 1; 0 when this host does not have the family;
 * or -errno with |error| filled in.
 */
static int open_socket(struct linux_udp *udp, int index, const struct linux_udp_options *options,
		       struct linux_error *error)
{
	uint32_t size = options->buffer_size != 0 ? options->buffer_size : DEFAULT_BUFFER;
	int fd = socket(index == 0 ? AF_INET : AF_INET6, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	uint32_t granted;
	int result;

	if (fd < 0 && (errno == EAFNOSUPPORT || errno == EPROTONOSUPPORT))
		return 0;
	if (fd < 0)
		return linux_error_set(error, errno, "cannot make a UDP socket (%s): %s", family_name(index),
				       strerror(errno));
	udp->fd[index] = fd;
	result = set_ip_options(fd, index);
	if (result != 0)
		return linux_error_set(error, -result, "cannot prepare a UDP socket (%s): %s",
				       family_name(index), strerror(-result));
	if (options->mark != 0) {
		result = set_int(fd, SOL_SOCKET, SO_MARK, (int)options->mark);
		if (result != 0)
			return linux_error_set(error, -result,
					       "cannot set the firewall mark 0x%x on the UDP socket: %s%s",
					       options->mark, strerror(-result),
					       result == -EPERM ? " (CAP_NET_ADMIN is missing)" : "");
	}
	granted = set_buffer(fd, SO_RCVBUFFORCE, SO_RCVBUF, size);
	udp->receive_buffer =
		udp->receive_buffer == 0 || granted < udp->receive_buffer ? granted : udp->receive_buffer;
	granted = set_buffer(fd, SO_SNDBUFFORCE, SO_SNDBUF, size);
	udp->send_buffer = udp->send_buffer == 0 || granted < udp->send_buffer ? granted : udp->send_buffer;
	return 1;
}

/* Makes those sockets that are not there. Returns 0 or -errno with |error| filled in. */
static int open_sockets(struct linux_udp *udp, const struct linux_udp_options *options,
			struct linux_error *error)
{
	int families = 0;

	for (int i = 0; i < SOCKETS; i++) {
		int result = open_socket(udp, i, options, error);

		if (result < 0)
			return result;
		families += result;
	}
	if (families == 0)
		return linux_error_set(error, EAFNOSUPPORT, "this host has neither IPv4 nor IPv6");
	return 0;
}

static void close_sockets(struct linux_udp *udp)
{
	for (int i = 0; i < SOCKETS; i++) {
		if (udp->fd[i] >= 0)
			close(udp->fd[i]);
		udp->fd[i] = -1;
	}
}

/* Binds to any address and |port|. Returns the port that was bound, or -errno. */
static int bind_socket(int fd, int index, uint16_t port)
{
	const struct linux_addr any = { .family = index == 0 ? 4 : 6, .port = port };
	struct linux_addr bound;
	struct sockaddr_storage address;
	socklen_t len = linux_addr_to_sockaddr(&address, &any);

	if (bind(fd, (struct sockaddr *)&address, len) != 0)
		return -errno;
	len = sizeof(address);
	if (getsockname(fd, (struct sockaddr *)&address, &len) != 0)
		return -errno;
	linux_addr_from_sockaddr(&bound, (struct sockaddr *)&address);
	return bound.port;
}

/*
 * Binds all sockets to one port. Returns 0, or -errno with the family that could not be bound in |failed|.
 * A family whose any-address does not exist (IPv6 switched off by sysctl on some kernels) is given up.
 */
static int bind_sockets(struct linux_udp *udp, uint16_t port, int *failed)
{
	int families = 0;

	udp->port = port;
	for (int i = 0; i < SOCKETS; i++) {
		int bound;

		if (udp->fd[i] < 0)
			continue;
		bound = bind_socket(udp->fd[i], i, udp->port);
		if (bound == -EADDRNOTAVAIL) {
			close(udp->fd[i]);
			udp->fd[i] = -1;
			continue;
		}
		if (bound < 0) {
			*failed = i;
			return bound;
		}
		udp->port = (uint16_t)bound;
		families++;
	}
	*failed = 0;
	return families > 0 ? 0 : -EADDRNOTAVAIL;
}

static int open_port(struct linux_udp *udp, const struct linux_udp_options *options,
		     struct linux_error *error)
{
	int attempts = options->port == 0 ? PORT_ATTEMPTS : 1;
	int result = 0;
	int failed = 0;

	for (int i = 0; i < attempts; i++) {
		close_sockets(udp);
		result = open_sockets(udp, options, error);
		if (result != 0)
			return result;
		result = bind_sockets(udp, options->port, &failed);
		if (result != -EADDRINUSE)
			break;
	}
	if (result == 0)
		return 0;
	if (result == -EADDRINUSE && options->port == 0)
		return linux_error_set(error, EADDRINUSE, "found no UDP port that is free in IPv4 and IPv6");
	if (result == -EADDRINUSE)
		return linux_error_set(
			error, EADDRINUSE,
			"UDP port %u (%s) is in use: stop the program that has it, or set another port",
			options->port, family_name(failed));
	if (result == -EACCES)
		return linux_error_set(error, EACCES,
				       "not allowed to use UDP port %u: ports below %d need root",
				       options->port, IPPORT_RESERVED);
	return linux_error_set(error, -result, "cannot bind UDP port %u (%s): %s", options->port,
			       family_name(failed), strerror(-result));
}

/* Asks each socket what it can do; what one lacks, none is asked to do. */
static unsigned probe_offload(const struct linux_udp *udp)
{
	unsigned available = LINUX_UDP_GSO | LINUX_UDP_GRO;

	for (int i = 0; i < SOCKETS; i++) {
		int size;
		socklen_t len = sizeof(size);

		if (udp->fd[i] < 0)
			continue;
		if (getsockopt(udp->fd[i], SOL_UDP, UDP_SEGMENT, &size, &len) != 0)
			available &= ~(unsigned)LINUX_UDP_GSO;
		if (set_int(udp->fd[i], SOL_UDP, UDP_GRO, 1) != 0)
			available &= ~(unsigned)LINUX_UDP_GRO;
	}
	return available;
}

struct linux_udp *linux_udp_open(const struct linux_udp_options *options, struct linux_error *error)
{
	struct linux_udp *udp = calloc(1, sizeof(*udp));

	if (udp == NULL) {
		linux_error_set(error, ENOMEM, "no memory for a UDP socket");
		return NULL;
	}
	udp->fd[0] = udp->fd[1] = -1;
	udp->buffers = mmap(NULL, (size_t)LINUX_UDP_BATCH * BUFFER_BYTES, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (udp->buffers == MAP_FAILED) {
		udp->buffers = NULL;
		linux_error_set(error, ENOMEM, "no memory for a UDP socket");
		linux_udp_close(udp);
		return NULL;
	}
	if (open_port(udp, options, error) != 0) {
		linux_udp_close(udp);
		return NULL;
	}
	udp_receive_init(udp);
	udp->available = probe_offload(udp);
	linux_udp_set_offload(udp, udp->available);
	return udp;
}

void linux_udp_close(struct linux_udp *udp)
{
	if (udp == NULL)
		return;
	close_sockets(udp);
	if (udp->buffers != NULL)
		munmap(udp->buffers, (size_t)LINUX_UDP_BATCH * BUFFER_BYTES);
	free(udp);
}

uint16_t linux_udp_port(const struct linux_udp *udp)
{
	return udp->port;
}

int linux_udp_fd(const struct linux_udp *udp, int family)
{
	return udp->fd[family == 6];
}

int linux_udp_set_mark(struct linux_udp *udp, uint32_t mark)
{
	for (int i = 0; i < SOCKETS; i++) {
		int result = udp->fd[i] < 0 ? 0 : set_int(udp->fd[i], SOL_SOCKET, SO_MARK, (int)mark);

		if (result != 0)
			return result;
	}
	return 0;
}

unsigned linux_udp_offload(const struct linux_udp *udp)
{
	return udp->offload;
}

unsigned linux_udp_set_offload(struct linux_udp *udp, unsigned offload)
{
	offload &= udp->available;
	for (int i = 0; i < SOCKETS; i++) {
		if (udp->fd[i] >= 0 && (udp->available & LINUX_UDP_GRO))
			(void)set_int(udp->fd[i], SOL_UDP, UDP_GRO, (offload & LINUX_UDP_GRO) != 0);
	}
	udp->offload = offload;
	return offload;
}

void linux_udp_buffers(const struct linux_udp *udp, uint32_t *receive, uint32_t *send)
{
	*receive = udp->receive_buffer;
	*send = udp->send_buffer;
}

const struct linux_udp_counters *linux_udp_counters(const struct linux_udp *udp)
{
	return &udp->counters;
}
