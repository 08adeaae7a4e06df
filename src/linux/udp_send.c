/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sending trains of datagrams: one sendmsg with UDP_SEGMENT for up to 64 of them, or sendmmsg with one
 * message each where that is switched off or refused. Called by the daemon for everything it sends.
 */
#include "config.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#include "linux_udp.h"
#include "udp.h"

/* ICMP errors that earlier datagrams caused may be waiting on the socket: each call takes one away. */
#define STALE_ERRORS_MAX 4

/* What is the same for all messages of a train. */
struct envelope {
	struct sockaddr_storage to;
	socklen_t to_len;
	size_t control_len;	    /* without the segment size */
	size_t segment_control_len; /* with it */
	_Alignas(struct cmsghdr) uint8_t control[CONTROL_BYTES];
};

static bool is_pinned(const struct linux_train *train)
{
	return train->local.family != 0 || train->ifindex != 0;
}

static size_t put_control(struct envelope *envelope, size_t at, int level, int type, const void *value,
			  size_t len)
{
	struct cmsghdr *item = (struct cmsghdr *)(void *)(envelope->control + at);

	memset(item, 0, CMSG_SPACE(len));
	item->cmsg_level = level;
	item->cmsg_type = type;
	item->cmsg_len = CMSG_LEN(len);
	memcpy(CMSG_DATA(item), value, len);
	return at + CMSG_SPACE(len);
}

static size_t put_source(struct envelope *envelope, size_t at, const struct linux_train *train)
{
	/* A link-local address says itself which link it is on. */
	uint32_t ifindex = train->ifindex != 0 ? train->ifindex : train->local.scope;

	if (train->remote.family == 4) {
		struct in_pktinfo info = { .ipi_ifindex = (int)ifindex };

		if (train->local.family == 4)
			memcpy(&info.ipi_spec_dst, train->local.ip, 4);
		return put_control(envelope, at, IPPROTO_IP, IP_PKTINFO, &info, sizeof(info));
	} else {
		struct in6_pktinfo info = { .ipi6_ifindex = ifindex };

		if (train->local.family == 6)
			memcpy(&info.ipi6_addr, train->local.ip, 16);
		return put_control(envelope, at, IPPROTO_IPV6, IPV6_PKTINFO, &info, sizeof(info));
	}
}

static void seal_envelope(struct envelope *envelope, const struct linux_train *train)
{
	int traffic_class = train->dscp << 2 | (train->ecn & 3);
	uint16_t segment_size = (uint16_t)train->segment_size;
	size_t at = 0;

	envelope->to_len = linux_addr_to_sockaddr(&envelope->to, &train->remote);
	if (is_pinned(train))
		at = put_source(envelope, at, train);
	if (traffic_class != 0 && train->remote.family == 4)
		at = put_control(envelope, at, IPPROTO_IP, IP_TOS, &traffic_class, sizeof(traffic_class));
	else if (traffic_class != 0)
		at = put_control(envelope, at, IPPROTO_IPV6, IPV6_TCLASS, &traffic_class,
				 sizeof(traffic_class));
	envelope->control_len = at;
	envelope->segment_control_len =
		put_control(envelope, at, SOL_UDP, UDP_SEGMENT, &segment_size, sizeof(segment_size));
}

static struct msghdr message(struct envelope *envelope, struct iovec *part, size_t control_len)
{
	return (struct msghdr){
		.msg_name = &envelope->to,
		.msg_namelen = envelope->to_len,
		.msg_iov = part,
		.msg_iovlen = 1,
		.msg_control = control_len != 0 ? envelope->control : NULL,
		.msg_controllen = control_len,
	};
}

/* An error of an earlier datagram, which the failing call has taken off the socket. */
static bool is_stale(int code)
{
	return code == EINTR || code == ECONNREFUSED || code == EPROTO || code == ENOPROTOOPT;
}

static enum linux_send classify(int code, bool pinned)
{
	switch (code) {
	case EAGAIN: return LINUX_SEND_AGAIN;
	case EMSGSIZE: return LINUX_SEND_TOO_BIG;
	case EINVAL: /* IPv4's and IPv6's way to say that a source address is not ours */
	case ENODEV: return pinned ? LINUX_SEND_LOCAL_GONE : LINUX_SEND_FAILED;
	case EADDRNOTAVAIL: /* unpinned: this host has no address of the family */
	case ENETUNREACH:
	case ENETDOWN:
	case EHOSTUNREACH:
		/* Another address or interface may still have a way. */
		return pinned ? LINUX_SEND_LOCAL_GONE : LINUX_SEND_UNREACHABLE;
	case EPERM:
	case EACCES:
	case EAFNOSUPPORT: return LINUX_SEND_UNREACHABLE;
	default: return LINUX_SEND_FAILED;
	}
}

/* Sends |len| bytes with one call. Returns 0 or errno. */
static int send_segmented(int fd, struct envelope *envelope, const struct linux_train *train,
			  const uint8_t *data, size_t len)
{
	struct iovec part = { .iov_base = (void *)data, .iov_len = len };
	struct msghdr header =
		message(envelope, &part,
			len > train->segment_size ? envelope->segment_control_len : envelope->control_len);

	for (int attempt = 0;; attempt++) {
		if (sendmsg(fd, &header, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0)
			return 0;
		if (!is_stale(errno) || attempt == STALE_ERRORS_MAX)
			return errno;
	}
}

/*
 * Sends up to LINUX_UDP_SEGMENTS_MAX datagrams of |len| bytes together, as many messages. Returns the number
 * that went, at least 1, or -errno of the first.
 */
static int send_one_by_one(int fd, struct envelope *envelope, const struct linux_train *train,
			   const uint8_t *data, size_t len)
{
	struct iovec parts[LINUX_UDP_SEGMENTS_MAX];
	struct mmsghdr messages[LINUX_UDP_SEGMENTS_MAX];
	unsigned count = 0;

	while (len > 0) {
		size_t size = len < train->segment_size ? len : train->segment_size;

		parts[count].iov_base = (void *)data;
		parts[count].iov_len = size;
		messages[count].msg_hdr = message(envelope, &parts[count], envelope->control_len);
		data += size;
		len -= size;
		count++;
	}
	for (int attempt = 0;; attempt++) {
		int sent = sendmmsg(fd, messages, count, MSG_DONTWAIT | MSG_NOSIGNAL);

		if (sent > 0)
			return sent;
		if (!is_stale(errno) || attempt == STALE_ERRORS_MAX)
			return -errno;
	}
}

static struct path_memory *path_slot(struct linux_udp *udp, const struct linux_train *train)
{
	uint32_t hash = 2166136261u; /* FNV-1a */

	for (size_t i = 0; i < sizeof(train->remote.ip); i++)
		hash = (hash ^ train->remote.ip[i]) * 16777619u;
	return &udp->paths[(hash ^ hash >> 16) & (PATHS - 1)];
}

static bool is_same_host(const struct linux_addr *a, const struct linux_addr *b)
{
	return a->family == b->family && a->scope == b->scope && memcmp(a->ip, b->ip, sizeof(a->ip)) == 0;
}

static bool is_refused(struct linux_udp *udp, const struct linux_train *train)
{
	const struct path_memory *slot = path_slot(udp, train);

	return slot->remote.family != 0 && train->segment_size >= slot->refused_size &&
	       is_same_host(&slot->remote, &train->remote) && is_same_host(&slot->local, &train->local);
}

static void remember_refusal(struct linux_udp *udp, const struct linux_train *train, int code)
{
	struct path_memory *slot = path_slot(udp, train);

	slot->remote = train->remote;
	slot->local = train->local;
	/* EIO: the device cannot at all. Otherwise segments of this size do not fit the path's MTU, smaller
	 * may. */
	slot->refused_size = code == EIO ? 0 : train->segment_size;
	udp->counters.segment_refusals++;
}

/* Whether |code| may mean that it is the segmentation that the kernel does not want. */
static bool may_be_refusal(int code)
{
	return code == EIO || code == EINVAL || code == EMSGSIZE || code == ENOPROTOOPT || code == EOPNOTSUPP;
}

void linux_udp_forget_paths(struct linux_udp *udp)
{
	memset(udp->paths, 0, sizeof(udp->paths));
}

/* The most that one call may carry: whole segments, or what is left. */
static size_t call_len(const struct linux_train *train, size_t left, bool segmented)
{
	size_t segments = LINUX_UDP_SEGMENTS_MAX;

	if (segmented && segments * train->segment_size > LINUX_UDP_TRAIN_MAX)
		segments = LINUX_UDP_TRAIN_MAX / train->segment_size;
	return left < segments * train->segment_size ? left : segments * train->segment_size;
}

/*
 * Sends the next part of |train|, from |done| on. Returns 0 with the number of bytes in |went|, or errno.
 */
static int send_part(struct linux_udp *udp, int fd, struct envelope *envelope,
		     const struct linux_train *train, size_t done, size_t *went)
{
	const uint8_t *data = train->data + done;
	size_t left = train->len - done;
	bool segmented = left <= train->segment_size ||
			 ((udp->offload & LINUX_UDP_GSO) != 0 && !is_refused(udp, train));
	size_t len = call_len(train, left, segmented);
	int refusal = 0;
	int count;

	if (segmented) {
		int code = send_segmented(fd, envelope, train, data, len);

		if (code == 0) {
			*went = len;
			udp->counters.sent_calls++;
			return 0;
		}
		if (len <= train->segment_size || !may_be_refusal(code))
			return code;
		refusal = code;
	}
	count = send_one_by_one(fd, envelope, train, data, len);
	if (count < 0)
		return -count;
	if (refusal != 0) /* only now is it known that nothing else was wrong */
		remember_refusal(udp, train, refusal);
	*went = (size_t)count * train->segment_size < len ? (size_t)count * train->segment_size : len;
	udp->counters.sent_calls++;
	return 0;
}

enum linux_send linux_udp_send(struct linux_udp *udp, const struct linux_train *train, size_t *sent)
{
	int fd = udp->fd[train->remote.family == 6];
	enum linux_send result = LINUX_SEND_OK;
	struct envelope envelope;
	size_t done = 0;

	assert(train->len >= 1 && train->segment_size >= 1 && train->segment_size <= LINUX_UDP_TRAIN_MAX);
	if (fd < 0 || (train->remote.family != 4 && train->remote.family != 6)) {
		result = LINUX_SEND_UNREACHABLE;
	} else {
		seal_envelope(&envelope, train);
		while (done < train->len) {
			size_t went;
			int code = send_part(udp, fd, &envelope, train, done, &went);

			if (code != 0) {
				result = classify(code, is_pinned(train));
				break;
			}
			udp->counters.sent_datagrams +=
				(went + train->segment_size - 1) / train->segment_size;
			done += went;
		}
	}
	if (sent != NULL)
		*sent = done;
	return result;
}
