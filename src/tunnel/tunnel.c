/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The tunnel as a whole, and the way of packets that the device hands out. */
#include "tunnel.h"

#include <assert.h>

#include "icmp.h"
#include "state.h"

const char *tunnel_drop_name(enum tunnel_drop reason)
{
	static const char *const names[TUNNEL_DROP_COUNT] = {
		[TUNNEL_DROP_OUT_PACKET] = "out_packet",
		[TUNNEL_DROP_NO_ROUTE] = "no_route",
		[TUNNEL_DROP_NO_ENDPOINT] = "no_endpoint",
		[TUNNEL_DROP_TOO_BIG] = "too_big",
		[TUNNEL_DROP_QUEUE_OVERFLOW] = "queue_overflow",
		[TUNNEL_DROP_QUEUE_TIMEOUT] = "queue_timeout",
		[TUNNEL_DROP_OPEN_FAILED] = "open_failed",
		[TUNNEL_DROP_PEER_REMOVED] = "peer_removed",
		[TUNNEL_DROP_QUEUE_EXPIRED] = "queue_expired",
		[TUNNEL_DROP_FLOW_FULL] = "flow_full",
		[TUNNEL_DROP_FLOW_CLOSED] = "flow_closed",
		[TUNNEL_DROP_MESSAGE_TYPE] = "message_type",
		[TUNNEL_DROP_IN_PACKET] = "in_packet",
		[TUNNEL_DROP_SOURCE] = "source",
		[TUNNEL_DROP_DEVICE] = "device",
		[TUNNEL_DROP_NOMEM] = "nomem",
		[TUNNEL_DROP_CONTROL_SYNTAX] = "control_syntax",
		[TUNNEL_DROP_CONTROL_LANE] = "control_lane",
		[TUNNEL_DROP_CONTROL_UNKNOWN] = "control_unknown",
		[TUNNEL_DROP_CONTROL_POLICY] = "control_policy",
		[TUNNEL_DROP_CONTROL_LIMIT] = "control_limit",
		[TUNNEL_DROP_CONTROL_SEND] = "control_send",
	};

	return reason < TUNNEL_DROP_COUNT ? names[reason] : "unknown";
}

int tunnel_new(const struct tunnel_config *cfg, uint64_t now, struct tunnel **out)
{
	const struct rtmfp_mem *mem = cfg->mem ? cfg->mem : &rtmfp_mem_libc;
	struct tunnel *t = rtmfp_alloc(mem, sizeof(*t));

	assert(cfg->hooks->device_write);
	if (!t)
		return RTMFP_ERR_NOMEM;
	t->cfg = *cfg;
	if (!t->cfg.mtu)
		t->cfg.mtu = TUNNEL_PACKET_MAX;
	if (!t->cfg.queue_max)
		t->cfg.queue_max = TUNNEL_QUEUE_MAX;
	if (!t->cfg.queue_time)
		t->cfg.queue_time = TUNNEL_QUEUE_TIME;
	t->mem = t->waiting.mem = mem;
	t->now = now;
	t->allowed = tunnel_allowed_ips_new(mem);
	if (!t->allowed) {
		rtmfp_free(mem, t);
		return RTMFP_ERR_NOMEM;
	}
	*out = t;
	return 0;
}

void tunnel_attach(struct tunnel *t, struct rtmfp_endpoint *ep)
{
	assert(!t->endpoint && ep);
	t->endpoint = ep;
}

void tunnel_free(struct tunnel *t)
{
	if (!t)
		return;
	while (t->peers)
		peer_free(t->peers, false);
	tunnel_allowed_ips_free(t->allowed);
	rtmfp_free(t->mem, t);
}

void tunnel_set_now(struct tunnel *t, uint64_t now)
{
	if (now > t->now)
		t->now = now;
}

const struct tunnel_counters *tunnel_counters(const struct tunnel *t)
{
	return &t->counters;
}

uint64_t tunnel_icmp_sent(const struct tunnel *t)
{
	return t->icmp_sent;
}

void tunnel_drop(struct tunnel *t, struct tunnel_peer *peer, enum tunnel_drop reason)
{
	t->counters.drops[reason]++;
	if (peer)
		peer->counters.drops[reason]++;
}

/* A virtual clock that each error moves on; it may be ahead of the time by a burst. */
static bool icmp_may_send(struct tunnel *t)
{
	const uint64_t step = RTMFP_S(1) / TUNNEL_ICMP_RATE;

	if (t->icmp_next < t->now)
		t->icmp_next = t->now;
	if (t->icmp_next - t->now > (TUNNEL_ICMP_BURST - 1) * step)
		return false;
	t->icmp_next += step;
	return true;
}

static void answer(struct tunnel *t, const uint8_t *packet, size_t len, const struct tunnel_inner *inner,
		   enum icmp_error error, uint16_t mtu)
{
	uint8_t out[ICMP_ANSWER_MAX];
	size_t out_len = icmp_answer(packet, len, inner, error, mtu, out);

	if (out_len && icmp_may_send(t) && t->cfg.hooks->device_write(t->cfg.user, out, out_len, false) >= 0)
		t->icmp_sent++;
}

void tunnel_answer_too_big(struct tunnel *t, const uint8_t *packet, size_t len, uint16_t mtu)
{
	struct tunnel_inner inner;

	if (tunnel_inner_parse(packet, len, &inner) == 0)
		answer(t, packet, len, &inner, ICMP_TOO_BIG, mtu);
}

/* Keeps the newest packets while a session opens. */
static void wait_for_session(struct tunnel *t, struct tunnel_peer *peer, const uint8_t *packet, size_t len)
{
	struct waiting_queue *excess;

	while ((excess = waiting_excess(&t->waiting, &peer->waiting, len))) {
		tunnel_drop(t, excess->owner, TUNNEL_DROP_QUEUE_OVERFLOW);
		waiting_free(&t->waiting, waiting_take(&t->waiting, excess));
	}
	if (waiting_add(&t->waiting, &peer->waiting, packet, len, t->now) != 0)
		tunnel_drop(t, peer, TUNNEL_DROP_NOMEM);
}

void tunnel_output(struct tunnel *t, const uint8_t *packet, size_t len, uint64_t now)
{
	struct tunnel_allowed_owner *owner;
	struct tunnel_session *ss;
	struct tunnel_inner inner;
	struct tunnel_peer *peer;

	tunnel_set_now(t, now);
	if (tunnel_inner_parse(packet, len, &inner) != 0) {
		tunnel_drop(t, NULL, TUNNEL_DROP_OUT_PACKET);
		return;
	}
	owner = tunnel_allowed_ips_lookup(t->allowed, inner.version, inner.destination);
	if (!owner) {
		tunnel_drop(t, NULL, TUNNEL_DROP_NO_ROUTE);
		answer(t, packet, len, &inner, ICMP_UNREACHABLE, 0);
		return;
	}
	peer = owner->peer;
	ss = peer_current(peer);
	if (ss) {
		session_send_packet(ss, packet, len, RTMFP_WRITE_BORROW);
		return;
	}
	/* Out of memory, the packet waits nonetheless: the next one tries again. */
	if (rtmfp_peer_open(peer->rtmfp, t->now) == RTMFP_ERR_UNKNOWN) {
		tunnel_drop(t, peer, TUNNEL_DROP_NO_ENDPOINT);
		answer(t, packet, len, &inner, ICMP_UNREACHABLE, 0);
		return;
	}
	wait_for_session(t, peer, packet, len);
}

uint64_t tunnel_expiry(const struct tunnel *t)
{
	uint64_t expiry = waiting_expiry(&t->waiting);

	if (t->reopen_first && t->reopen_first->reopen_at < expiry)
		expiry = t->reopen_first->reopen_at;
	return expiry;
}

void tunnel_collect(struct tunnel *t)
{
	for (struct tunnel_peer *peer = t->peers; peer; peer = peer->next)
		for (struct tunnel_session *ss = peer->sessions; ss; ss = ss->next)
			session_collect(ss);
}

void tunnel_shutdown(struct tunnel *t, uint64_t now)
{
	tunnel_set_now(t, now);
	for (struct tunnel_peer *peer = t->peers; peer; peer = peer->next)
		if (peer_current(peer))
			session_tell_close_reason(peer_current(peer), TUNNEL_CLOSE_SHUTTING_DOWN);
	rtmfp_endpoint_shutdown(t->endpoint, t->now);
}

void tunnel_tick(struct tunnel *t, uint64_t now)
{
	struct waiting_queue *queue;

	tunnel_set_now(t, now);
	while ((queue = waiting_expired(&t->waiting, t->now))) {
		tunnel_drop(t, queue->owner, TUNNEL_DROP_QUEUE_TIMEOUT);
		waiting_free(&t->waiting, waiting_take(&t->waiting, queue));
	}
	peer_reopen_due(t);
}
