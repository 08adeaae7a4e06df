/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Peers: far ends by identity. Which of a peer's sessions is current, when an opening may start (glare,
 * RFC 7016 section 3.5.1.3), and how one session replaces another (PROTOCOL.md section 2.6).
 */
#include "session_impl.h"

#include <string.h>

/* The time until which an unconfirmed session keeps openings to the peer from starting; 0 if none does. */
static uint64_t glare_hold(const struct rtmfp_peer *peer)
{
	uint64_t until = 0;

	for (struct rtmfp_list *l = peer->sessions.next; l != &peer->sessions; l = l->next) {
		const struct rtmfp_session *s = RTMFP_LIST_ENTRY(l, struct rtmfp_session, in_peer);

		if (!s->confirmed && s->state == RTMFP_S_OPEN &&
		    s->opened + peer->ep->params.glare_hold > until)
			until = s->opened + peer->ep->params.glare_hold;
	}
	return until;
}

int rtmfp_peer_start_opening(struct rtmfp_peer *peer, uint64_t now)
{
	uint64_t hold = glare_hold(peer);

	if (peer->ep->shutdown || peer->far->peer != peer) /* the latter: rtmfp_peer_free is at work */
		return RTMFP_ERR_CLOSED;
	if (peer->opening)
		return 0;
	if (peer->candidate_count == 0 && !peer->current)
		return RTMFP_ERR_UNKNOWN;
	if (hold > now) {
		peer->open_wanted = true;
		rtmfp_timer_set(&peer->ep->timers, &peer->timer, hold);
		return 0;
	}
	peer->open_wanted = false;
	return rtmfp_opening_new(peer, now);
}

static void on_timer(void *ctx, uint64_t now)
{
	struct rtmfp_peer *peer = ctx;

	/* Without memory the next packet, or the next sign of silence, tries again. */
	if (peer->open_wanted)
		(void)rtmfp_peer_start_opening(peer, now);
}

int rtmfp_peer_new(struct rtmfp_endpoint *ep, struct rtmfp_far *far, void *user, struct rtmfp_peer **out)
{
	struct rtmfp_peer *peer;

	if (far->peer)
		return RTMFP_ERR_LIMIT;
	peer = rtmfp_alloc(ep->mem, sizeof(*peer));
	if (!peer)
		return RTMFP_ERR_NOMEM;
	if (rtmfp_timer_init(&ep->timers, &peer->timer, on_timer, peer)) {
		rtmfp_free(ep->mem, peer);
		return RTMFP_ERR_NOMEM;
	}
	peer->ep = ep;
	peer->far = far;
	peer->user = user;
	/* A cookie that is older than the peer may belong to an IIKeying that an earlier peer of this
	 * identity accepted. */
	peer->stamp = ep->cookies.last_stamp;
	rtmfp_list_init(&peer->sessions);
	rtmfp_list_append(&ep->peers, &peer->in_endpoint);
	far->peer = peer;
	*out = peer;
	return 0;
}

void rtmfp_peer_free(struct rtmfp_peer *peer, uint64_t now)
{
	struct rtmfp_endpoint *ep = peer->ep;

	rtmfp_endpoint_enter(ep, now);
	rtmfp_peer_drop_opening(peer, now);
	peer->far->peer = NULL;
	while (!rtmfp_list_empty(&peer->sessions)) {
		struct rtmfp_session *s =
			RTMFP_LIST_ENTRY(peer->sessions.next, struct rtmfp_session, in_peer);

		rtmfp_session_abort(s, RTMFP_CLOSED_LOCAL, now);
		rtmfp_list_remove(&s->in_doomed);
		rtmfp_session_finish(s);
	}
	rtmfp_peer_drop_opening(peer, now); /* one that a callback has begun */
	rtmfp_timer_fini(&ep->timers, &peer->timer);
	rtmfp_list_remove(&peer->in_endpoint);
	rtmfp_free(ep->mem, peer->candidates);
	rtmfp_free(ep->mem, peer);
	rtmfp_endpoint_leave(ep);
}

void *rtmfp_peer_user(const struct rtmfp_peer *peer)
{
	return peer->user;
}

struct rtmfp_far *rtmfp_peer_far(const struct rtmfp_peer *peer)
{
	return peer->far;
}

int rtmfp_peer_set_candidates(struct rtmfp_peer *peer, const struct rtmfp_addr *addrs, size_t count,
			      uint64_t now)
{
	struct rtmfp_addr *copy = NULL;

	if (count > RTMFP_CANDIDATES_MAX)
		count = RTMFP_CANDIDATES_MAX;
	if (count) {
		copy = rtmfp_alloc(peer->ep->mem, count * sizeof(*copy));
		if (!copy)
			return RTMFP_ERR_NOMEM;
		memcpy(copy, addrs, count * sizeof(*copy));
	}
	rtmfp_free(peer->ep->mem, peer->candidates);
	peer->candidates = copy;
	peer->candidate_count = count;
	for (size_t i = 0; peer->opening && i < count; i++)
		rtmfp_opening_add_candidate(peer->opening, &copy[i], now);
	return 0;
}

int rtmfp_peer_open(struct rtmfp_peer *peer, uint64_t now)
{
	if (peer->current && !peer->current->silent)
		return 0;
	return rtmfp_peer_start_opening(peer, now);
}

struct rtmfp_session *rtmfp_peer_session(const struct rtmfp_peer *peer)
{
	return peer->current;
}

void rtmfp_peer_set_keepalive(struct rtmfp_peer *peer, uint64_t interval, uint64_t now)
{
	peer->keepalive = interval;
	if (peer->current)
		rtmfp_session_reschedule(peer->current, now);
}

enum rtmfp_peer_state rtmfp_peer_state(const struct rtmfp_peer *peer)
{
	if (peer->current)
		return peer->current->silent ? RTMFP_PEER_PROBING : RTMFP_PEER_CONNECTED;
	return peer->opening || peer->open_wanted ? RTMFP_PEER_OPENING : RTMFP_PEER_IDLE;
}

const char *rtmfp_peer_state_name(enum rtmfp_peer_state state)
{
	switch (state) {
	case RTMFP_PEER_IDLE: return "idle";
	case RTMFP_PEER_OPENING: return "opening";
	case RTMFP_PEER_CONNECTED: return "connected";
	case RTMFP_PEER_PROBING: return "probing";
	}
	return "unknown";
}

void rtmfp_peer_drop_opening(struct rtmfp_peer *peer, uint64_t now)
{
	struct rtmfp_opening *o = peer->opening;

	peer->open_wanted = false;
	peer->opening = NULL;
	if (o)
		rtmfp_opening_free(o, now);
}

void rtmfp_peer_yield(struct rtmfp_peer *peer, uint64_t now)
{
	bool wanted = peer->opening || peer->open_wanted;

	rtmfp_peer_drop_opening(peer, now);
	if (wanted) {
		peer->open_wanted = true;
		rtmfp_timer_set(&peer->ep->timers, &peer->timer, now + peer->ep->params.glare_hold);
	}
}

void rtmfp_peer_adopt(struct rtmfp_peer *peer, struct rtmfp_session *s, uint64_t now)
{
	struct rtmfp_session *old = peer->current;

	rtmfp_peer_drop_opening(peer, now);
	peer->current = s;
	/*
	 * Confirming one ends the others that wait (PROTOCOL.md section 2.5), but for those that are newer: a
	 * late packet of an older session does not undo what the initiator has gone on to.
	 */
	for (struct rtmfp_list *l = peer->sessions.next; l != &peer->sessions; l = l->next) {
		struct rtmfp_session *other = RTMFP_LIST_ENTRY(l, struct rtmfp_session, in_peer);

		if (other->serial < s->serial && !other->confirmed)
			rtmfp_session_end(other, RTMFP_CLOSED_EXPIRED);
	}
	if (old && old->state == RTMFP_S_OPEN) {
		old->drain_until = now + peer->ep->params.drain;
		rtmfp_session_reschedule(old, now);
	}
}
