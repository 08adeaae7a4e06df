/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Is the far end there? Pings and their replies (RFC 7016 section 3.5.4), keepalive (3.5.4.1), and when a
 * session counts as silent so that a replacing one is opened beside it (PROTOCOL.md section 5.2).
 */
#include "session_impl.h"

#include <string.h>

/* Three of something without an answer: timeouts in a row, or ERTOs since a Ping. */
#define SILENT_AFTER 3u
#define MOVER_PADDED 3u /* Pings of a mover that fill their datagrams */

void rtmfp_liveness_ping(struct rtmfp_session *s, uint64_t now)
{
	s->want_ping = true;
	rtmfp_session_wake(s);
	rtmfp_session_reschedule(s, now);
}

void rtmfp_liveness_ping_sent(struct rtmfp_session *s, uint64_t now)
{
	struct rtmfp_flows_health h;

	rtmfp_flows_health(s->flows, &h);
	s->want_ping = false;
	if (s->pad_pings)
		s->pad_pings--;
	s->ping_last = now;
	if (s->ping_first == RTMFP_NEVER) {
		s->ping_first = now;
		s->asked_acked = h.acked;
		s->ping_erto = h.erto_unbacked; /* the timeout that made us ask has backed ERTO off already */
	}
	s->ping_next = now + h.erto;
}

static void ping_over(struct rtmfp_session *s)
{
	s->ping_first = s->ping_next = RTMFP_NEVER;
}

/* The far end has heard us, and we it: timeouts before that say nothing any more. */
static void heard(struct rtmfp_session *s)
{
	struct rtmfp_flows_health h;

	rtmfp_flows_health(s->flows, &h);
	s->timeouts_before = h.timeouts_in_row;
	ping_over(s);
}

static unsigned timeouts_since_heard(struct rtmfp_session *s, const struct rtmfp_flows_health *h)
{
	if (h->timeouts_in_row < s->timeouts_before)
		s->timeouts_before = 0; /* an acknowledgement began a new row */
	return h->timeouts_in_row - s->timeouts_before;
}

void rtmfp_liveness_moved(struct rtmfp_session *s, uint64_t now)
{
	if (s->state != RTMFP_S_OPEN || !s->confirmed)
		return;
	ping_over(s);
	rtmfp_flows_path_changed(s->flows, now);
	s->pad_pings =
		MOVER_PADDED; /* gives the far end three times as much to send before it knows us here */
	rtmfp_liveness_ping(s, now);
}

/* What both directions take part in: an acknowledgement of our data, or a Ping Reply. */
static void alive(struct rtmfp_session *s, uint64_t now)
{
	s->silent = s->retry_opening = false;
	/* Replacing a session that lives would cost what is in flight, so the opening ends in whatever state
	 * it is. */
	rtmfp_peer_drop_opening(s->peer, now);
}

void rtmfp_liveness_received(struct rtmfp_session *s, uint64_t now)
{
	struct rtmfp_flows_health h;

	if (!s->silent && s->ping_first == RTMFP_NEVER)
		return;
	rtmfp_flows_health(s->flows, &h);
	if (h.acked == s->asked_acked)
		return;
	heard(s); /* as good as a Ping Reply */
	if (s->silent && s->peer->current == s)
		alive(s, now);
}

void rtmfp_liveness_ping_chunk(struct rtmfp_session *s, const uint8_t *message, size_t len, uint64_t now)
{
	struct rtmfp_pong *pong, **tail = &s->pongs;

	if (len == 0)
		rtmfp_session_activity(s, now); /* a keepalive counts as one (PROTOCOL.md section 4) */
	if (s->pong_count >= RTMFP_PONGS_MAX || len > s->ep->params.ping_reply_max ||
	    (len > 0 && !rtmfp_bucket_take(&s->pong_bucket, now))) {
		rtmfp_endpoint_drop(s->ep, RTMFP_DROP_RATE);
		return;
	}
	pong = rtmfp_alloc(s->ep->mem, sizeof(*pong) + len);
	if (!pong) {
		rtmfp_endpoint_drop(s->ep, RTMFP_DROP_NOMEM);
		return;
	}
	pong->len = len;
	if (len)
		memcpy(pong->message, message, len);
	while (*tail)
		tail = &(*tail)->next;
	*tail = pong;
	s->pong_count++;
	rtmfp_session_wake(s);
}

void rtmfp_liveness_pong_chunk(struct rtmfp_session *s, const uint8_t *message, size_t len, uint64_t now)
{
	if (len > 0) {
		rtmfp_mobility_reply(s, s->rx_path, message, len, now);
		return;
	}
	if (s->silent && s->peer->current == s)
		alive(s, now);
	if (s->ping_first == RTMFP_NEVER)
		return;
	/* An empty Ping that was repeated cannot tell which one was answered. */
	if (s->ping_last == s->ping_first)
		rtmfp_flows_rtt_sample(s->flows, now - s->ping_first, now);
	heard(s);
}

static uint64_t keepalive_at(const struct rtmfp_session *s)
{
	if (s->peer->keepalive == 0 || s->peer->current != s)
		return RTMFP_NEVER;
	return s->last_sent + s->peer->keepalive;
}

static uint64_t ping_deadline(const struct rtmfp_session *s)
{
	return s->ping_first == RTMFP_NEVER ? RTMFP_NEVER : s->ping_first + SILENT_AFTER * s->ping_erto;
}

static bool watches(const struct rtmfp_session *s)
{
	return s->confirmed && s->drain_until == RTMFP_NEVER;
}

uint64_t rtmfp_liveness_expiry(const struct rtmfp_session *s)
{
	struct rtmfp_flows_health h;
	uint64_t at, when;

	if (!watches(s))
		return RTMFP_NEVER;
	rtmfp_flows_health(s->flows, &h);
	at = s->want_ping ? RTMFP_NEVER : keepalive_at(s);
	if (!s->want_ping && s->ping_next < at)
		at = s->ping_next;
	when = ping_deadline(s);
	if (when < at)
		at = when;
	if (h.ack_due_since != RTMFP_NEVER && !s->silent && h.ack_due_since + s->ep->params.silence < at)
		at = h.ack_due_since + s->ep->params.silence;
	if (s->retry_opening && s->last_suspect + s->ep->params.silence < at)
		at = s->last_suspect + s->ep->params.silence;
	return at;
}

void rtmfp_liveness_tick(struct rtmfp_session *s, uint64_t now)
{
	struct rtmfp_flows_health h;

	if (!watches(s))
		return;
	if (now >= keepalive_at(s)) {
		rtmfp_session_activity(s, now);
		s->want_ping = true;
	}
	rtmfp_flows_health(s->flows, &h);
	/* One timeout is a reason to ask, three are an answer. */
	if (timeouts_since_heard(s, &h) >= 1 && s->ping_first == RTMFP_NEVER && !s->silent &&
	    now >= s->ping_last + h.erto)
		s->want_ping = true;
	if (now >= ping_deadline(s)) {
		ping_over(s);
		rtmfp_liveness_suspect(s, now);
	} else if (now >= s->ping_next) {
		rtmfp_flows_backoff(s->flows);
		s->ping_next = RTMFP_NEVER; /* until it is sent */
		s->want_ping = true;
	}
	if (!s->silent &&
	    (timeouts_since_heard(s, &h) >= SILENT_AFTER ||
	     (h.ack_due_since != RTMFP_NEVER && now >= h.ack_due_since + s->ep->params.silence)))
		rtmfp_liveness_suspect(s, now);
	if (s->retry_opening && now >= s->last_suspect + s->ep->params.silence)
		rtmfp_liveness_suspect(s, now);
}

void rtmfp_liveness_suspect(struct rtmfp_session *s, uint64_t now)
{
	struct rtmfp_endpoint *ep = s->ep;
	bool first = !s->silent;

	if (s->state != RTMFP_S_OPEN || s->peer->current != s || s->peer->far->peer != s->peer)
		return;
	if (first) {
		struct rtmfp_flows_health h;

		rtmfp_flows_health(s->flows, &h);
		s->asked_acked = h.acked;
		/* One more question, so that a session that only seemed silent is heard again. */
		s->want_ping = true;
		rtmfp_session_wake(s);
	}
	s->silent = true;
	s->last_suspect = now;
	s->retry_opening = rtmfp_peer_start_opening(s->peer, now) == RTMFP_ERR_NOMEM;
	if (first && ep->cb->on_silent)
		ep->cb->on_silent(ep->user, s->peer);
}

void rtmfp_liveness_activity(struct rtmfp_session *s, uint64_t now)
{
	if (!s->peer->opening)
		rtmfp_liveness_suspect(s, now);
}
