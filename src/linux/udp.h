/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What udp.c (opening), udp_receive.c and udp_send.c share. Private to this folder.
 */
#ifndef UDP_H
#define UDP_H

#include <netinet/in.h>
#include <sys/socket.h>

#include "linux_udp.h"

/* Newer than some C libraries. */
#ifndef SOL_UDP
#define SOL_UDP 17
#endif
#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#endif
#ifndef UDP_GRO
#define UDP_GRO 104
#endif

#define SOCKETS	     2	   /* 0: IPv4, 1: IPv6 */
#define BUFFER_BYTES 65536 /* of one received run: more than any datagram or GRO run has */
#define PATHS	     64	   /* remembered; power of two */

/* Room for the control messages of one datagram: local address, traffic class, segment size, in either
 * family. */
#define CONTROL_BYTES \
	(CMSG_SPACE(sizeof(struct in6_pktinfo)) + CMSG_SPACE(sizeof(int)) + CMSG_SPACE(sizeof(int)) + 16)

/* A path whose kernel or device would not segment. */
struct path_memory {
	struct linux_addr remote; /* family 0: empty; port 0 */
	struct linux_addr local;
	uint32_t refused_size; /* segments of this size and above are sent one by one */
};

struct receive_slot {
	union {
		struct sockaddr_in in;
		struct sockaddr_in6 in6;
		struct sockaddr any;
	} from;
	_Alignas(struct cmsghdr) uint8_t control[CONTROL_BYTES];
	struct iovec buffer;
};

struct linux_udp {
	int fd[SOCKETS]; /* -1: this host does not have the family */
	uint16_t port;
	unsigned offload;   /* in use */
	unsigned available; /* what this kernel has */
	uint32_t receive_buffer, send_buffer;
	struct linux_udp_counters counters;

	uint8_t *buffers; /* LINUX_UDP_BATCH of BUFFER_BYTES, mapped: only what is used takes memory */
	struct receive_slot slots[LINUX_UDP_BATCH];
	struct mmsghdr messages[LINUX_UDP_BATCH];
	struct linux_datagrams runs[LINUX_UDP_BATCH];

	struct path_memory paths[PATHS];
};

/** udp_receive_init points the receive slots at their buffers. */
void udp_receive_init(struct linux_udp *udp);

#endif
