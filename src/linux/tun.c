/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * TUN and TAP devices by /dev/net/tun. Called by the daemon; knows nothing of what the packets mean.
 */
#include "config.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <linux/if_tun.h>
#include <linux/virtio_net.h>

#include "linux_tun.h"

#define DEVICE "/dev/net/tun"

/* Newer than the headers of Debian 12. */
#ifndef TUN_F_USO4
#define TUN_F_USO4 0x20
#define TUN_F_USO6 0x40
#endif

/* So that linux_vnet goes to and from the kernel as it is. */
_Static_assert(sizeof(struct linux_vnet) == sizeof(struct virtio_net_hdr), "layout of virtio_net_hdr");
_Static_assert(offsetof(struct linux_vnet, gso_size) == offsetof(struct virtio_net_hdr, gso_size),
	       "layout of virtio_net_hdr");
_Static_assert(offsetof(struct linux_vnet, csum_offset) == offsetof(struct virtio_net_hdr, csum_offset),
	       "layout of virtio_net_hdr");
_Static_assert((int)LINUX_VNET_CSUM == VIRTIO_NET_HDR_F_NEEDS_CSUM, "flags of virtio_net_hdr");
_Static_assert((int)LINUX_GSO_TCP6 == VIRTIO_NET_HDR_GSO_TCPV6, "types of virtio_net_hdr");

struct linux_tun {
	int fd;
	uint32_t ifindex;
	char name[IFNAMSIZ];
};

bool linux_tun_name_valid(const char *name)
{
	size_t len = strlen(name);

	if (len == 0 || len >= IFNAMSIZ || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		return false;
	for (const char *c = name; *c != '\0'; c++) {
		/* '%' would make the kernel number the name, ':' is an alias. */
		if ((unsigned char)*c <= ' ' || *c == 0x7f || strchr("/:%", *c) != NULL)
			return false;
	}
	return true;
}

static int device_error(struct linux_error *error, int code)
{
	switch (code) {
	case ENOENT:
		return linux_error_set(error, code,
				       "there is no " DEVICE
				       ": load the kernel module with `modprobe tun`, or in a "
				       "container make the device available");
	case ENODEV:
	case ENXIO:
		return linux_error_set(
			error, code,
			DEVICE " leads nowhere: this kernel has no TUN driver loaded (`modprobe tun`)");
	case EACCES:
	case EPERM: return linux_error_set(error, code, "not allowed to open " DEVICE ": run as root");
	default: return linux_error_set(error, code, "cannot open " DEVICE ": %s", strerror(code));
	}
}

static int create_error(struct linux_error *error, const char *name, int code)
{
	switch (code) {
	case EPERM:
		return linux_error_set(
			error, code,
			"not allowed to make the interface %s: CAP_NET_ADMIN is missing, run as root", name);
	case EBUSY:
	case EEXIST:
		return linux_error_set(
			error, EBUSY,
			"an interface %s exists already: stop what owns it, or choose another name", name);
	default:
		return linux_error_set(error, code, "cannot make the interface %s: %s", name, strerror(code));
	}
}

/* Makes the device on |fd| and learns its index. Returns 0 or -errno with |error| filled in. */
static int create(int fd, const char *name, enum linux_tun_kind kind, uint32_t *ifindex,
		  struct linux_error *error)
{
	const int header_size = sizeof(struct linux_vnet);
	struct ifreq request;
	unsigned features = 0;

	if (ioctl(fd, TUNGETFEATURES, &features) != 0 || (features & IFF_VNET_HDR) == 0)
		return linux_error_set(error, ENOTSUP,
				       "the TUN driver of this kernel has no offload headers (IFF_VNET_HDR)");
	memset(&request, 0, sizeof(request));
	strcpy(request.ifr_name, name);
	request.ifr_flags =
		(short)((kind == LINUX_TUN_IP ? IFF_TUN : IFF_TAP) | IFF_NO_PI | IFF_VNET_HDR | IFF_TUN_EXCL);
	if (ioctl(fd, TUNSETIFF, &request) != 0)
		return create_error(error, name, errno);
	if (ioctl(fd, TUNSETVNETHDRSZ, &header_size) != 0 || ioctl(fd, TUNSETOFFLOAD, 0) != 0)
		return linux_error_set(error, ENOTSUP,
				       "the TUN driver refuses offload headers of %d bytes: %s", header_size,
				       strerror(errno));

	*ifindex = if_nametoindex(name);
	if (*ifindex == 0)
		return linux_error_set(error, errno, "cannot find the interface %s: %s", name,
				       strerror(errno));
	return 0;
}

struct linux_tun *linux_tun_open(const char *name, enum linux_tun_kind kind, struct linux_error *error)
{
	struct linux_tun *tun;
	int fd;

	if (!linux_tun_name_valid(name)) {
		linux_error_set(error, EINVAL,
				"\"%.40s\" is no interface name: expected 1 to 15 bytes without '/', ':', "
				"'%%' and white space",
				name);
		return NULL;
	}
	fd = open(DEVICE, O_RDWR | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0) {
		device_error(error, errno);
		return NULL;
	}
	tun = calloc(1, sizeof(*tun));
	if (tun == NULL) {
		linux_error_set(error, ENOMEM, "no memory for the interface %s", name);
		close(fd);
		return NULL;
	}
	tun->fd = fd;
	strcpy(tun->name, name);
	if (create(fd, name, kind, &tun->ifindex, error) != 0) {
		linux_tun_close(tun);
		return NULL;
	}
	return tun;
}

void linux_tun_close(struct linux_tun *tun)
{
	if (tun == NULL)
		return;
	close(tun->fd);
	free(tun);
}

int linux_tun_fd(const struct linux_tun *tun)
{
	return tun->fd;
}

uint32_t linux_tun_ifindex(const struct linux_tun *tun)
{
	return tun->ifindex;
}

const char *linux_tun_name(const struct linux_tun *tun)
{
	return tun->name;
}

int linux_tun_set_offload(struct linux_tun *tun, unsigned offload)
{
	unsigned long flags = 0;

	if (offload & LINUX_TUN_CSUM)
		flags |= TUN_F_CSUM;
	if (offload & LINUX_TUN_TSO4)
		flags |= TUN_F_TSO4;
	if (offload & LINUX_TUN_TSO6)
		flags |= TUN_F_TSO6;
	/* So that a segment with CWR set does not have to be segmented by the kernel. */
	if (offload & (LINUX_TUN_TSO4 | LINUX_TUN_TSO6))
		flags |= TUN_F_TSO_ECN;
	if (offload & LINUX_TUN_USO)
		flags |= TUN_F_USO4 | TUN_F_USO6;
	return ioctl(tun->fd, TUNSETOFFLOAD, flags) == 0 ? 0 : -errno;
}

ssize_t linux_tun_read(struct linux_tun *tun, struct linux_vnet *vnet, void *data, size_t capacity)
{
	uint8_t surplus; /* is written to by a packet that is too large, which the kernel does not tell
			    otherwise */
	struct iovec parts[3] = {
		{ .iov_base = vnet, .iov_len = sizeof(*vnet) },
		{ .iov_base = data, .iov_len = capacity },
		{ .iov_base = &surplus, .iov_len = 1 },
	};
	ssize_t len;

	do {
		len = readv(tun->fd, parts, 3);
	} while (len < 0 && errno == EINTR);
	if (len < 0)
		return errno == EAGAIN ? 0 : -errno;
	if ((size_t)len <= sizeof(*vnet))
		return -EIO; /* no packet behind the header; the driver does not do this */
	len -= (ssize_t)sizeof(*vnet);
	return (size_t)len <= capacity ? len : -EMSGSIZE;
}

int linux_tun_writev(struct linux_tun *tun, const struct linux_vnet *vnet, const struct iovec *parts,
		     unsigned count)
{
	static const struct linux_vnet whole_packet; /* all 0 */
	struct iovec all[1 + LINUX_TUN_PARTS_MAX];

	assert(count >= 1 && count <= LINUX_TUN_PARTS_MAX);
	all[0].iov_base = (void *)(vnet != NULL ? vnet : &whole_packet);
	all[0].iov_len = sizeof(*vnet);
	memcpy(&all[1], parts, count * sizeof(*parts));
	while (writev(tun->fd, all, (int)count + 1) < 0) {
		if (errno != EINTR)
			return -errno;
	}
	return 0;
}

int linux_tun_write(struct linux_tun *tun, const void *data, size_t len)
{
	const struct iovec part = { .iov_base = (void *)data, .iov_len = len };

	return linux_tun_writev(tun, NULL, &part, 1);
}
