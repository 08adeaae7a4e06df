/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One UDP port in both address families, in runs of equal-size datagrams.
 *
 * A run is what UDP segmentation offload takes and what UDP GRO delivers: datagrams of one size (the last may
 * be shorter) between the same two addresses, end to end in one buffer. Where the kernel or the path has no
 * such offload, the same calls send and receive the same datagrams with more system calls; callers never see
 * the difference.
 *
 * The local address of each datagram is known on receipt and can be chosen for each send, so that a host with
 * several addresses answers from the one that was spoken to. Datagrams larger than the path's MTU are
 * fragmented by the kernel and on the way (DF is not set).
 */
#ifndef LINUX_UDP_H
#define LINUX_UDP_H

#include "linux_types.h"

#define LINUX_UDP_SEGMENTS_MAX 64    /* datagrams that one system call sends as a run */
#define LINUX_UDP_TRAIN_MAX    65507 /* bytes of such a run; also the largest datagram */
#define LINUX_UDP_BATCH	       16    /* most runs that one linux_udp_receive gives */

/* The offloads, each with its own switch; those that the kernel lacks stay off. */
enum {
	LINUX_UDP_GSO = 1, /* send a run with one system call */
	LINUX_UDP_GRO = 2, /* receive runs */
};

struct linux_udp;

struct linux_udp_options {
	uint16_t port;	      /* 0: any port that is free in both families */
	uint32_t mark;	      /* SO_MARK of everything sent; 0: none */
	uint32_t buffer_size; /* wanted for each direction of each socket; 0: 8 MB */
};

/* A run of received datagrams. */
struct linux_datagrams {
	struct linux_addr remote;
	struct linux_addr local; /* the address that it was sent to, with our port */
	uint32_t ifindex;	 /* interface that it came through */
	uint32_t len;		 /* bytes of the run, at least 1 */
	uint32_t segment_size;	 /* bytes of each datagram but the last, 1 to len; len: one datagram */
	uint8_t ecn;		 /* 0 to 3 (RFC 3168), the same for all */
	uint8_t dscp;		 /* 0 to 63, the same for all */
	uint8_t *data;		 /* may be written to (opened in place); see linux_udp_receive for its life */
};

/* A run of datagrams to send. */
struct linux_train {
	struct linux_addr remote; /* family and port set */
	struct linux_addr local;  /* source; family 0: the kernel's choice; the port is ignored */
	uint32_t ifindex;	  /* interface to leave through; 0: the routing table's choice */
	uint8_t ecn;		  /* 0 to 3 */
	uint8_t dscp;		  /* 0 to 63 */
	uint32_t segment_size;	  /* bytes of each datagram but the last, 1 to LINUX_UDP_TRAIN_MAX */
	size_t len;		  /* at least 1; any length: it is split as the kernel wants it */
	const uint8_t *data;
};

enum linux_send {
	LINUX_SEND_OK = 0,
	LINUX_SEND_AGAIN,	/* socket buffer full: send the rest when the descriptor is writable */
	LINUX_SEND_LOCAL_GONE,	/* |local| or |ifindex| is not usable (any more): send again without them */
	LINUX_SEND_UNREACHABLE, /* no route to |remote|, a firewall of this host forbids it, or no such family
				   here */
	LINUX_SEND_TOO_BIG,	/* a datagram is larger than this path or family takes */
	LINUX_SEND_FAILED,	/* anything else, e.g. out of memory: as if it were lost on the way */
};

/* What happened so far. */
struct linux_udp_counters {
	uint64_t sent_datagrams;
	uint64_t sent_calls; /* system calls for them */
	uint64_t received_datagrams;
	uint64_t received_calls;   /* system calls that gave any */
	uint64_t segment_refusals; /* runs that the kernel would not segment, sent one by one instead */
	uint64_t unusable;	   /* received empty, cut off or without a local address: dropped */
};

/**
 * linux_udp_open binds one port in IPv4 and IPv6. A family that this host does not have is left out.
 * Buffers are asked for with CAP_NET_ADMIN's right to exceed the limits, then without.
 *
 * Returns NULL with |error| filled in: EADDRINUSE (which port, which family), EPERM or EACCES (mark or a
 * port below 1024 without the right), EAFNOSUPPORT (host with neither family), others.
 */
LINUX_MUST_CHECK struct linux_udp *linux_udp_open(const struct linux_udp_options *options,
						  struct linux_error *error);
/** linux_udp_close closes both sockets; |udp| may be NULL. */
void linux_udp_close(struct linux_udp *udp);

/** linux_udp_port returns the bound port. */
uint16_t linux_udp_port(const struct linux_udp *udp);
/**
 * linux_udp_fd returns the non-blocking descriptor of |family| (4 or 6), or -1 if this host does not have it.
 * To be watched for readability always, and for writability after LINUX_SEND_AGAIN.
 */
int linux_udp_fd(const struct linux_udp *udp, int family);
/** linux_udp_set_mark changes SO_MARK. Returns 0 or -errno (-EPERM without CAP_NET_ADMIN). */
LINUX_MUST_CHECK int linux_udp_set_mark(struct linux_udp *udp, uint32_t mark);

/** linux_udp_offload returns the set of LINUX_UDP_... that is in use; all that the kernel has, at first. */
unsigned linux_udp_offload(const struct linux_udp *udp);
/** linux_udp_set_offload switches offloads; what the kernel lacks stays off. Returns what is in use now. */
unsigned linux_udp_set_offload(struct linux_udp *udp, unsigned offload);
/** linux_udp_buffers gives the smaller of the two sockets' buffers, as granted by the kernel (bytes of
 * payload). */
void linux_udp_buffers(const struct linux_udp *udp, uint32_t *receive, uint32_t *send);
const struct linux_udp_counters *linux_udp_counters(const struct linux_udp *udp);

/**
 * linux_udp_receive takes what has arrived on the socket of |family|.
 *
 * |max|  most runs wanted, 1 to LINUX_UDP_BATCH
 * |runs| set to an array of the result; it and all data in it are |udp|'s, and good until the next
 *        linux_udp_receive (of either family) or linux_udp_close
 *
 * Returns the number of runs; 0: nothing there now. Errors that earlier sends caused are swallowed. Less than
 * |max|: the socket is most likely empty, and a caller whose loop watches by level stops there, which saves
 * the call that would return 0.
 */
LINUX_MUST_CHECK unsigned linux_udp_receive(struct linux_udp *udp, int family, unsigned max,
					    struct linux_datagrams **runs);

/**
 * linux_udp_send sends a train. Allocates nothing, copies nothing but to the kernel.
 *
 * |sent| set to the bytes that went, a multiple of the segment size unless all: after LINUX_SEND_AGAIN or
 *        LINUX_SEND_LOCAL_GONE the caller goes on from there. May be NULL.
 *
 * A path that refused segmentation is remembered (linux_udp_forget_paths), and its trains go one by one.
 */
LINUX_MUST_CHECK enum linux_send linux_udp_send(struct linux_udp *udp, const struct linux_train *train,
						size_t *sent);
/** linux_udp_forget_paths forgets which paths refused segmentation: to be called when links or routes
 * changed. */
void linux_udp_forget_paths(struct linux_udp *udp);

#endif
