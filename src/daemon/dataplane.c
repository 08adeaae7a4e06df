/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The way of packets: TUN device -> tunnel -> endpoint -> UDP socket, and back. Batches all along: a burst of
 * inner packets is read into one arena, leaves in trains, and only what could not be sent is copied.
 */
#include "daemon.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "daemon_log.h"

_Static_assert(sizeof(struct rtmfp_addr) == sizeof(struct linux_addr),
	       "the two address structs are one layout");

static struct linux_addr to_linux(const struct rtmfp_addr *from)
{
	struct linux_addr to;

	memcpy(&to, from, sizeof(to));
	to.reserved = 0;
	return to;
}

static struct rtmfp_addr to_rtmfp(const struct linux_addr *from)
{
	struct rtmfp_addr to;

	memcpy(&to, from, sizeof(to));
	return to;
}

/* ---- out ---- */

static bool train_waits(const struct daemon *d)
{
	return d->sent < d->train.len;
}

static void watch_writable(struct daemon *d, bool on)
{
	for (int i = 0; i < 2; i++)
		if (d->udp_watch[i].ready)
			linux_loop_modify(d->loop, &d->udp_watch[i],
					  LINUX_READABLE | (on ? LINUX_WRITABLE : 0));
	/* What the device has waits there meanwhile, where its sender can feel it. */
	if (!d->tun_gone)
		linux_loop_modify(d->loop, &d->tun_watch, on ? 0 : LINUX_READABLE);
}

/* Returns false while the socket is full. */
static bool send_train(struct daemon *d, uint64_t now)
{
	struct linux_train t = {
		.remote = to_linux(&d->train.path.remote),
		.local = to_linux(&d->train.path.local),
		.ifindex = d->train.path.interface,
		.ecn = d->train.ecn,
		.segment_size = (uint32_t)d->train.segment,
	};

	while (train_waits(d)) {
		size_t sent = 0;
		enum linux_send result;

		t.data = d->train.buf + d->sent;
		t.len = d->train.len - d->sent;
		result = linux_udp_send(d->udp, &t, &sent);
		d->sent += sent;
		if (result == LINUX_SEND_AGAIN)
			return false;
		if (result == LINUX_SEND_LOCAL_GONE && t.local.family) {
			struct rtmfp_addr gone = to_rtmfp(&t.local);

			t.local = (struct linux_addr){ 0 };
			t.ifindex = 0;
			rtmfp_endpoint_local_gone(d->endpoint, &gone, now);
			continue;
		}
		if (result != LINUX_SEND_OK) {
			/* as if lost on the way: the rest of the train */
			d->send_failures +=
				(d->train.len - d->sent + d->train.segment - 1) / d->train.segment;
			log_debug("sending failed: %s",
				  result == LINUX_SEND_UNREACHABLE ? "no route to the peer"
				  : result == LINUX_SEND_TOO_BIG   ? "too big for the path"
								   : "refused by the kernel");
		}
		if (result != LINUX_SEND_OK || sent == 0)
			d->sent = d->train.len; /* as if lost on the way */
	}
	return true;
}

void dataplane_flush(struct daemon *d, uint64_t now)
{
	bool waited = train_waits(d);

	tunnel_set_now(d->tunnel, now);
	if (!waited || send_train(d, now)) {
		do {
			d->train = (struct rtmfp_train){ .buf = d->train_buf,
							 .cap = LINUX_UDP_TRAIN_MAX,
							 .max = LINUX_UDP_SEGMENTS_MAX };
			d->sent = 0;
		} while (rtmfp_endpoint_send(d->endpoint, &d->train, now) && send_train(d, now));
	}
	if (waited != train_waits(d))
		watch_writable(d, train_waits(d));
	rtmfp_endpoint_settle(d->endpoint);
}

static void on_tun(void *ctx, unsigned events, uint64_t now)
{
	struct daemon *d = ctx;
	size_t at = 0;

	(void)events;
	for (unsigned i = 0; i < BATCH_PACKETS && ARENA_BYTES - at >= LINUX_TUN_PACKET_MAX; i++) {
		struct linux_vnet vnet;
		ssize_t n = linux_tun_read(d->tun, &vnet, d->arena + at, ARENA_BYTES - at);

		if (n == 0)
			break;
		if (n == -EBADFD) {
			log_error("the device %s is gone: somebody deleted it", linux_tun_name(d->tun));
			d->tun_gone = true;
			linux_loop_stop(d->loop, EXIT_FAILED);
			return;
		}
		if (n < 0) {
			d->device_drops++;
			continue;
		}
		tunnel_output(d->tunnel, d->arena + at, (size_t)n, now);
		at += ((size_t)n + 15) & ~(size_t)15;
	}
	dataplane_flush(d, now);
}

/* ---- in ---- */

static void receive(struct daemon *d, int family, uint64_t now)
{
	struct linux_datagrams *runs;
	unsigned count = linux_udp_receive(d->udp, family, LINUX_UDP_BATCH, &runs);

	tunnel_set_now(d->tunnel, now);
	for (unsigned i = 0; i < count; i++) {
		struct rtmfp_run run = {
			.path = { .local = to_rtmfp(&runs[i].local),
				  .remote = to_rtmfp(&runs[i].remote),
				  .interface = runs[i].ifindex },
			.buf = runs[i].data,
			.len = runs[i].len,
			.segment = runs[i].segment_size,
			.ecn = runs[i].ecn,
		};

		/* The interface binds a reply only where the address alone does not tell: link-local. */
		if (!run.path.remote.scope)
			run.path.interface = 0;
		rtmfp_endpoint_receive(d->endpoint, &run, now);
	}
}

static void on_udp(struct daemon *d, int family, unsigned events, uint64_t now)
{
	if (events & (LINUX_READABLE | LINUX_BROKEN))
		receive(d, family, now);
	if (events & LINUX_WRITABLE)
		dataplane_flush(d, now);
}

static void on_udp4(void *ctx, unsigned events, uint64_t now)
{
	on_udp(ctx, 4, events, now);
}

static void on_udp6(void *ctx, unsigned events, uint64_t now)
{
	on_udp(ctx, 6, events, now);
}

static int device_write(void *user, const uint8_t *packet, size_t len, bool in_place)
{
	struct daemon *d = user;

	(void)in_place; /* each packet goes at once: nothing is held until device_flush */
	return linux_tun_write(d->tun, packet, len);
}

const struct tunnel_hooks dataplane_hooks = {
	.device_write = device_write,
	.peer_open = peers_on_open,
	.peer_closed = peers_on_closed,
	.peer_open_failed = peers_on_open_failed,
	.peer_silent = peers_on_silent,
	.peer_path = peers_on_path,
};

int dataplane_open(struct daemon *d, struct linux_error *error)
{
	static void (*const ready[2])(void *, unsigned, uint64_t) = { on_udp4, on_udp6 };

	d->arena = malloc(ARENA_BYTES);
	d->train_buf = malloc(LINUX_UDP_TRAIN_MAX);
	if (!d->arena || !d->train_buf)
		return linux_error_set(error, ENOMEM, "out of memory");
	d->tun_watch = (struct linux_watch){ .fd = linux_tun_fd(d->tun), .ready = on_tun, .ctx = d };
	if (linux_loop_add(d->loop, &d->tun_watch, LINUX_READABLE))
		return linux_error_set(error, errno, "the device %s cannot be watched",
				       linux_tun_name(d->tun));
	for (int i = 0; i < 2; i++) {
		int fd = linux_udp_fd(d->udp, i == 0 ? 4 : 6);

		if (fd < 0)
			continue;
		d->udp_watch[i] = (struct linux_watch){ .fd = fd, .ready = ready[i], .ctx = d };
		if (linux_loop_add(d->loop, &d->udp_watch[i], LINUX_READABLE))
			return linux_error_set(error, errno, "the UDP socket cannot be watched");
	}
	return 0;
}

void dataplane_close(struct daemon *d)
{
	free(d->arena);
	free(d->train_buf);
}
