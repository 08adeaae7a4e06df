/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Peers of a tunnel: their allowed IPs, keepalive, reopening, and what is known about them. */
#include "state.h"

int tunnel_peer_add(struct tunnel *t, struct rtmfp_far *far, uint64_t keepalive, void *user, uint64_t now,
		    struct tunnel_peer **out)
{
	struct tunnel_peer *peer = rtmfp_alloc(t->mem, sizeof(*peer));
	int err;

	tunnel_set_now(t, now);
	if (!peer)
		return RTMFP_ERR_NOMEM;
	err = rtmfp_peer_new(t->endpoint, far, peer, &peer->rtmfp);
	if (err) {
		rtmfp_free(t->mem, peer);
		return err;
	}
	peer->tunnel = t;
	peer->user = user;
	peer->allowed.peer = peer;
	peer->waiting.owner = peer;
	peer->reopen_at = RTMFP_NEVER;
	peer->next = t->peers;
	if (peer->next)
		peer->next->previous = peer;
	t->peers = peer;
	tunnel_peer_set_keepalive(peer, keepalive, now);
	*out = peer;
	return 0;
}

void peer_free(struct tunnel_peer *peer, bool sessions_exist)
{
	struct tunnel *t = peer->tunnel;

	while (peer->sessions)
		session_free(peer->sessions, sessions_exist);
	peer_drop_waiting(peer, TUNNEL_DROP_PEER_REMOVED);
	peer_reopen_cancel(peer);
	tunnel_allowed_ips_remove_owner(t->allowed, &peer->allowed);
	*(peer->previous ? &peer->previous->next : &t->peers) = peer->next;
	if (peer->next)
		peer->next->previous = peer->previous;
	rtmfp_free(t->mem, peer);
}

/*
 * The sessions lose their user first: what the endpoint still has to say about them, now or when they have
 * sent their last word, finds nobody.
 */
void tunnel_peer_remove(struct tunnel_peer *peer, uint64_t now)
{
	struct rtmfp_peer *rtmfp = peer->rtmfp;

	tunnel_set_now(peer->tunnel, now);
	now = peer->tunnel->now;
	if (peer_current(peer))
		session_tell_close_reason(peer_current(peer), TUNNEL_CLOSE_REMOVED);
	peer_free(peer, true);
	rtmfp_peer_free(rtmfp, now);
}

int tunnel_peer_allow(struct tunnel_peer *peer, const struct tunnel_prefix *prefix)
{
	return tunnel_allowed_ips_insert(peer->tunnel->allowed, prefix, &peer->allowed);
}

bool tunnel_peer_disallow(struct tunnel_peer *peer, const struct tunnel_prefix *prefix)
{
	return tunnel_allowed_ips_remove(peer->tunnel->allowed, prefix, &peer->allowed);
}

const struct tunnel_allowed_node *tunnel_peer_allowed_next(const struct tunnel_peer *peer,
							   const struct tunnel_allowed_node *at,
							   struct tunnel_prefix *prefix)
{
	return tunnel_allowed_ips_next(&peer->allowed, at, prefix);
}

void *tunnel_peer_user(const struct tunnel_peer *peer)
{
	return peer->user;
}

struct rtmfp_peer *tunnel_peer_rtmfp(const struct tunnel_peer *peer)
{
	return peer->rtmfp;
}

int tunnel_peer_open(struct tunnel_peer *peer, uint64_t now)
{
	tunnel_set_now(peer->tunnel, now);
	return rtmfp_peer_open(peer->rtmfp, peer->tunnel->now);
}

struct tunnel_session *peer_current(const struct tunnel_peer *peer)
{
	struct rtmfp_session *s = rtmfp_peer_session(peer->rtmfp);

	return s ? rtmfp_session_user(s) : NULL;
}

void peer_drop_waiting(struct tunnel_peer *peer, enum tunnel_drop reason)
{
	struct waiting *waiting = &peer->tunnel->waiting;
	struct waiting_packet *packet;

	while ((packet = waiting_take(waiting, &peer->waiting))) {
		tunnel_drop(peer->tunnel, peer, reason);
		waiting_free(waiting, packet);
	}
}

/* ------------------------------------------------------------------------------------------------------------
 * Keepalive. Who wants to be reached all the time wants a session all the time.
 */

void peer_reopen_later(struct tunnel_peer *peer)
{
	struct tunnel *t = peer->tunnel;

	if (!peer->keepalive || peer->reopen_at != RTMFP_NEVER)
		return;
	peer->reopen_at = t->now + TUNNEL_REOPEN_TIME;
	peer->reopen_next = NULL;
	peer->reopen_previous = t->reopen_last;
	*(t->reopen_last ? &t->reopen_last->reopen_next : &t->reopen_first) = peer;
	t->reopen_last = peer;
}

void peer_reopen_cancel(struct tunnel_peer *peer)
{
	struct tunnel *t = peer->tunnel;

	if (peer->reopen_at == RTMFP_NEVER)
		return;
	peer->reopen_at = RTMFP_NEVER;
	*(peer->reopen_previous ? &peer->reopen_previous->reopen_next : &t->reopen_first) = peer->reopen_next;
	*(peer->reopen_next ? &peer->reopen_next->reopen_previous : &t->reopen_last) = peer->reopen_previous;
}

/* A peer stays in the list until it has a session: without an address or memory now, it may have them later.
 */
void peer_reopen_due(struct tunnel *t)
{
	struct tunnel_peer *peer;
	int err;

	while ((peer = t->reopen_first) && peer->reopen_at <= t->now) {
		peer_reopen_cancel(peer);
		err = rtmfp_peer_open(peer->rtmfp, t->now); /* 0 also if it is open, or being opened */
		if (err || !rtmfp_peer_session(peer->rtmfp))
			peer_reopen_later(peer);
	}
}

void peer_apply_keepalive(struct tunnel_peer *peer)
{
	struct tunnel_session *ss = peer_current(peer);
	uint64_t interval = peer->keepalive;

	if (ss && ss->far_keepalive && (!interval || ss->far_keepalive < interval))
		interval = ss->far_keepalive;
	if (interval == peer->keepalive_in_force)
		return;
	peer->keepalive_in_force = interval;
	rtmfp_peer_set_keepalive(peer->rtmfp, interval, peer->tunnel->now);
}

void tunnel_peer_set_keepalive(struct tunnel_peer *peer, uint64_t keepalive, uint64_t now)
{
	tunnel_set_now(peer->tunnel, now);
	peer->keepalive = keepalive;
	peer_apply_keepalive(peer);
	if (!keepalive)
		peer_reopen_cancel(peer);
	else if (!rtmfp_peer_session(peer->rtmfp))
		peer_reopen_later(peer);
}

/* ------------------------------------------------------------------------------------------------------------
 * What is known
 */

static bool path_equal(const struct rtmfp_path *a, const struct rtmfp_path *b)
{
	return rtmfp_addr_equal(&a->local, &b->local) && rtmfp_addr_equal(&a->remote, &b->remote) &&
	       a->interface == b->interface;
}

void peer_note_path(struct tunnel_peer *peer, const struct rtmfp_path *path)
{
	const struct tunnel *t = peer->tunnel;

	if (!path->remote.family || (peer->has_path && path_equal(&peer->path, path)))
		return;
	peer->has_path = true;
	peer->path = *path;
	if (t->cfg.hooks->peer_path)
		t->cfg.hooks->peer_path(t->cfg.user, peer, &peer->path);
}

static void current_stats(const struct tunnel_session *ss, struct tunnel_peer_stats *out)
{
	const struct rtmfp_keying_info *keying = &out->session.keying;

	out->has_session = true;
	rtmfp_session_stats(ss->rtmfp, &out->session);
	out->far_mtu = ss->far_mtu;
	out->has_reflexive = ss->has_reflexive || keying->has_reflexive;
	out->reflexive = ss->has_reflexive ? ss->reflexive : keying->reflexive;
	out->far_features = ss->has_features ? ss->far_features : keying->far_features;
	out->far_unsupported = ss->far_unsupported;
	if (ss->ip) {
		out->has_flow = true;
		rtmfp_sendflow_stats(ss->ip, &out->flow);
	}
}

void tunnel_peer_stats(const struct tunnel_peer *peer, struct tunnel_peer_stats *out)
{
	const struct tunnel_session *current = peer_current(peer);

	*out = (struct tunnel_peer_stats){
		.inner = peer->counters,
		.rx_datagrams = peer->rx_datagrams,
		.rx_bytes = peer->rx_bytes,
		.tx_datagrams = peer->tx_datagrams,
		.tx_bytes = peer->tx_bytes,
		.latest_handshake = peer->latest_handshake,
		.has_path = peer->has_path,
		.path = peer->path,
		.opened = peer->opened,
		.waiting_packets = peer->waiting.packets,
		.waiting_bytes = peer->waiting.bytes,
		.keepalive = peer->keepalive_in_force,
		.has_close_reason = peer->has_close_reason,
		.close_reason = peer->close_reason,
	};
	for (const struct tunnel_session *ss = peer->sessions; ss; ss = ss->next) {
		struct rtmfp_session_stats stats;

		rtmfp_session_stats(ss->rtmfp, &stats);
		out->sessions++;
		out->rx_datagrams += stats.rx_packets;
		out->rx_bytes += stats.rx_bytes;
		out->tx_datagrams += stats.tx_packets;
		out->tx_bytes += stats.tx_bytes;
		if (stats.keyed > out->latest_handshake)
			out->latest_handshake = stats.keyed;
	}
	if (current)
		current_stats(current, out);
}
