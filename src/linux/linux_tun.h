/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * TUN and TAP devices.
 *
 * A device lives as long as the descriptor that made it: close, exit and SIGKILL all remove it, and with it
 * its addresses and routes. Each packet is accompanied by a struct linux_vnet, which says what work the
 * kernel left to us on reading and leaves to the kernel on writing. Until linux_tun_set_offload switches
 * something on, the kernel leaves nothing: each read is one whole packet with finished checksums and an
 * all-zero header, and callers may write with no header. The functions are the same either way.
 */
#ifndef LINUX_TUN_H
#define LINUX_TUN_H

#include <sys/uio.h>
#include "linux_types.h"

/*
 * The offload header of one packet: struct virtio_net_hdr, 10 bytes in host order. (The device is set to 10
 * and not 12 bytes: the 12-byte form adds only num_buffers, which a TUN device does not use.)
 */
struct linux_vnet {
	uint8_t flags;	      /* LINUX_VNET_CSUM: the checksum at csum_start + csum_offset is partial */
	uint8_t gso_type;     /* LINUX_GSO_..., perhaps with LINUX_GSO_ECN added */
	uint16_t header_len;  /* bytes of IP and transport header; a hint on reading */
	uint16_t gso_size;    /* payload bytes per segment; 0 without segmentation */
	uint16_t csum_start;  /* offset of the first byte to be summed */
	uint16_t csum_offset; /* offset of the sum, counted from csum_start */
};

enum {
	LINUX_VNET_CSUM = 1,  /* flags: checksum partial */
	LINUX_VNET_VALID = 2, /* flags: checksum known to be good */

	LINUX_GSO_NONE = 0,
	LINUX_GSO_TCP4 = 1,
	LINUX_GSO_TCP6 = 4,
	LINUX_GSO_UDP = 5,    /* UDP segmentation, not IP fragmentation */
	LINUX_GSO_ECN = 0x80, /* TCP with CWR set */
};

/* What the kernel may leave to the reader (linux_tun_set_offload). TSO and USO need CSUM. */
enum {
	LINUX_TUN_CSUM = 1,
	LINUX_TUN_TSO4 = 2,
	LINUX_TUN_TSO6 = 4,
	LINUX_TUN_USO = 8, /* IPv4 and IPv6 together, Linux 6.2 and later */
};

enum linux_tun_kind {
	LINUX_TUN_IP,	    /* TUN: packets begin with the IP header */
	LINUX_TUN_ETHERNET, /* TAP: packets begin with the Ethernet header */
};

#define LINUX_TUN_PACKET_MAX 65535 /* the largest packet or super-packet of a device */
#define LINUX_TUN_PARTS_MAX  130   /* pieces that one write may gather */

struct linux_tun;

/**
 * linux_tun_open makes the device |name|, link down and without an address: the caller configures it by
 * linux_netlink. It must not exist yet, so that nothing is taken from another program.
 *
 * |name| 1 to 15 bytes, no '/', white space, ':' or '%', neither "." nor ".."
 *
 * Returns NULL with |error| filled in: EINVAL (name), EBUSY (name taken), EPERM (CAP_NET_ADMIN missing),
 * ENOENT, ENODEV, EACCES (/dev/net/tun missing or closed to us), ENOTSUP (kernel without what we need),
 * others.
 */
LINUX_MUST_CHECK struct linux_tun *linux_tun_open(const char *name, enum linux_tun_kind kind,
						  struct linux_error *error);
/** linux_tun_close removes the device; |tun| may be NULL. */
void linux_tun_close(struct linux_tun *tun);

/** linux_tun_fd returns the non-blocking descriptor, to be watched for readability; it stays |tun|'s. */
int linux_tun_fd(const struct linux_tun *tun);
/** linux_tun_ifindex returns the interface index that linux_netlink wants and monitors report. */
uint32_t linux_tun_ifindex(const struct linux_tun *tun);
/** linux_tun_name returns the name, valid as long as |tun|. */
const char *linux_tun_name(const struct linux_tun *tun);
/** linux_tun_name_valid tells whether a device may be called |name|. */
bool linux_tun_name_valid(const char *name);

/**
 * linux_tun_set_offload says what the kernel may leave to the reader from now on: a set of LINUX_TUN_...,
 * replacing the last; 0 as the device begins. Writing with a header needs none of it.
 *
 * Returns 0, or -EINVAL (this kernel does not have all of |offload|; nothing is changed), -EBADFD.
 */
LINUX_MUST_CHECK int linux_tun_set_offload(struct linux_tun *tun, unsigned offload);

/**
 * linux_tun_read takes one packet or super-packet from the kernel, straight to where the caller wants it.
 * A caller drains a device by calling it until it returns 0 (or its own budget is used).
 *
 * |vnet|     what the kernel left undone
 * |data|     where the packet goes; headers of the caller's own may lie right before it
 * |capacity| at least the device's MTU, and LINUX_TUN_PACKET_MAX when offloads are on
 *
 * Returns the length (at least 1); 0: nothing there now; -EMSGSIZE: a packet larger than |capacity| was
 * there, count it as dropped and go on; -EBADFD: the device is gone (deleted by somebody else), stop using
 * it; another -errno: the kernel dropped something, count it and go on after the next readiness.
 */
LINUX_MUST_CHECK ssize_t linux_tun_read(struct linux_tun *tun, struct linux_vnet *vnet, void *data,
					size_t capacity);

/**
 * linux_tun_write gives one packet or super-packet to the kernel, gathered from where its pieces lie.
 *
 * |vnet|  what the kernel is to finish; NULL: a whole packet with finished checksums. Whoever writes what a
 *         peer sent has checked every field against the packet before
 * |parts| 1 to LINUX_TUN_PARTS_MAX pieces, in order
 *
 * Returns 0; -EBADFD: the device is gone; another -errno: the packet was dropped, count it (-EIO: the link is
 * down, -EINVAL: the kernel refuses the packet or its header, -ENOBUFS, -ENOMEM, -EAGAIN: no memory). There
 * is no waiting for writability: a device takes packets or drops them.
 */
LINUX_MUST_CHECK int linux_tun_writev(struct linux_tun *tun, const struct linux_vnet *vnet,
				      const struct iovec *parts, unsigned count);
/** linux_tun_write is linux_tun_writev for one whole packet that lies in one piece. */
LINUX_MUST_CHECK int linux_tun_write(struct linux_tun *tun, const void *data, size_t len);

#endif
