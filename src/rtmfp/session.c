/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A session (RFC 7016 section 3.5): its states and their edges, packets that arrive, closing (3.5.5), and the
 * one timer that all its deadlines share.
 */
#include "session_impl.h"

#include <assert.h>
#include <string.h>

/* Sets the state; nothing else does. Flows exist in S_OPEN only (3.5.5). */
static void enter_state(struct rtmfp_session *s, enum rtmfp_session_state state,
			enum rtmfp_close_reason reason)
{
	static const bool edge[4][4] = {
		[RTMFP_S_OPEN] = { [RTMFP_S_NEARCLOSE] = true,
				   [RTMFP_S_FARCLOSE_LINGER] = true,
				   [RTMFP_S_CLOSED] = true },
		[RTMFP_S_NEARCLOSE] = { [RTMFP_S_CLOSED] = true },
		[RTMFP_S_FARCLOSE_LINGER] = { [RTMFP_S_CLOSED] = true },
	};

	assert(edge[s->state][state]);
	(void)edge;
	if (s->state == RTMFP_S_OPEN) {
		s->flows_over = true;
		s->reason = reason;
		if (s->peer->current == s)
			s->peer->current = NULL;
		/* Nobody looks at the age of older keys any more. */
		for (unsigned i = 0; i < RTMFP_EPOCHS; i++)
			if (s->epochs[i].keys && &s->epochs[i] != s->current)
				rtmfp_epoch_erase(s, &s->epochs[i], s->ep->now);
	}
	s->state = state;
	if (state == RTMFP_S_CLOSED) {
		s->finished = true;
		rtmfp_list_remove(&s->in_ready);
	}
	rtmfp_list_remove(&s->in_doomed);
	rtmfp_list_append(&s->ep->doomed, &s->in_doomed);
}

static void on_wake(void *ctx)
{
	rtmfp_session_wake(ctx);
}

void rtmfp_session_wake(struct rtmfp_session *s)
{
	if (s->state != RTMFP_S_CLOSED && rtmfp_list_empty(&s->in_ready))
		rtmfp_list_append(&s->ep->ready, &s->in_ready);
}

size_t rtmfp_session_datagram_max(const struct rtmfp_session *s, const struct rtmfp_path *path)
{
	return path->remote.family == 6 ? s->ep->params.datagram_v6 : s->ep->params.datagram_v4;
}

/* Fragments are cut so that they fit a datagram of either family: a move to the other never strands one. */
static size_t chunk_room(const struct rtmfp_session *s)
{
	const struct rtmfp_params *p = &s->ep->params;
	size_t datagram = p->datagram_v4 < p->datagram_v6 ? p->datagram_v4 : p->datagram_v6;

	return datagram - 4 - s->ep->ops->head - s->ep->ops->tail - RTMFP_PACKET_HEADER_MAX;
}

static void on_timer(void *ctx, uint64_t now)
{
	struct rtmfp_session *s = ctx;

	if (s->state == RTMFP_S_OPEN) {
		if (now >= s->drain_until) {
			rtmfp_session_end(s, RTMFP_CLOSED_REPLACED);
			return;
		}
		if (now >= s->state_until) { /* never confirmed */
			rtmfp_session_end(s, RTMFP_CLOSED_EXPIRED);
			return;
		}
		rtmfp_flows_tick(s->flows, now);
		rtmfp_liveness_tick(s, now);
		rtmfp_mobility_tick(s, now);
		rtmfp_rekey_tick(s, now);
	} else if (s->state == RTMFP_S_NEARCLOSE || s->state == RTMFP_S_FARCLOSE_LINGER) {
		if (now >= s->state_until) {
			rtmfp_session_end(s, s->reason);
			return;
		}
		if (now >= s->next_close) {
			s->next_close = now + s->ep->params.close_interval;
			s->want_close = true;
		}
	}
	if (s->state == RTMFP_S_CLOSED)
		return;
	rtmfp_session_wake(s);
	rtmfp_session_reschedule(s, now);
}

static uint64_t earlier(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

void rtmfp_session_reschedule(struct rtmfp_session *s, uint64_t now)
{
	uint64_t at = s->state_until;

	if (s->state == RTMFP_S_CLOSED)
		return;
	if (s->state == RTMFP_S_OPEN) {
		at = earlier(at, s->drain_until);
		at = earlier(at, rtmfp_flows_expiry(s->flows));
		at = earlier(at, rtmfp_liveness_expiry(s));
		at = earlier(at, rtmfp_mobility_expiry(s));
		at = earlier(at, rtmfp_rekey_expiry(s, now));
	} else {
		at = earlier(at, s->next_close);
	}
	rtmfp_timer_set(&s->ep->timers, &s->timer, at);
}

int rtmfp_session_new(struct rtmfp_peer *peer, const struct rtmfp_session_seed *seed, struct rtmfp_id *rx,
		      uint64_t now, struct rtmfp_session **out)
{
	struct rtmfp_endpoint *ep = peer->ep;
	struct rtmfp_session *s = rtmfp_alloc(ep->mem, sizeof(*s));
	struct rtmfp_flows_hooks hooks = { .ctx = s, .wake = on_wake };

	if (!s)
		return RTMFP_ERR_NOMEM;
	if (rtmfp_timer_init(&ep->timers, &s->timer, on_timer, s)) {
		rtmfp_free(ep->mem, s);
		return RTMFP_ERR_NOMEM;
	}
	if (rtmfp_flows_new(ep->mem, s, &ep->params, ep->cb, ep->user, &hooks, ep->ops->no_bitmap_ack, now,
			    &s->flows)) {
		rtmfp_timer_fini(&ep->timers, &s->timer);
		rtmfp_free(ep->mem, s);
		return RTMFP_ERR_NOMEM;
	}
	rtmfp_list_init(&s->in_ready);
	rtmfp_list_init(&s->in_doomed);
	s->ep = ep;
	s->peer = peer;
	s->serial = ep->next_serial++;
	s->initiator = seed->initiator;
	s->path = seed->path;
	s->handshake = seed->handshake;
	s->keying = *seed->keying;
	s->opened = s->last_received = s->last_sent = now;
	s->drain_until = RTMFP_NEVER;
	s->state_until =
		seed->initiator || !ep->ops->confirm ? RTMFP_NEVER : now + ep->params.unconfirmed_lifetime;
	s->next_close = RTMFP_NEVER;
	s->ping_first = s->ping_next = RTMFP_NEVER;
	rtmfp_bucket_init(&s->pong_bucket, ep->params.ping_reply_rate, ep->params.ping_reply_rate, now);

	s->current = &s->epochs[0];
	s->current->rx =
		(struct rtmfp_id){ .value = rx->value, .kind = RTMFP_ID_EPOCH, .slot = 0, .owner = s };
	rtmfp_idtable_add(&ep->ids, &s->current->rx);
	s->current->tx_id = seed->tx_id;
	s->current->keys = seed->keys;
	s->current->born = now;
	s->current->rx_until = RTMFP_NEVER;
	if (s->keying.has_reset_token) {
		s->token = (struct rtmfp_id){ .value = rtmfp_name(s->keying.reset_token),
					      .kind = RTMFP_ID_TOKEN,
					      .owner = s };
		rtmfp_idtable_add(&ep->names, &s->token);
	}
	rtmfp_list_append(&peer->sessions, &s->in_peer);
	rtmfp_flows_set_datagram(s->flows, chunk_room(s));
	rtmfp_rekey_schedule(s, now);
	rtmfp_session_reschedule(s, now);
	*out = s;
	return 0;
}

/* A retransmitted IIKeying is not answered any more (PROTOCOL.md section 2.5, step 5). */
static void forget_memo(struct rtmfp_session *s)
{
	if (s->memo)
		rtmfp_idtable_remove(&s->ep->names, &s->memo->name);
	rtmfp_free(s->ep->mem, s->memo);
	s->memo = NULL;
}

void rtmfp_session_confirm(struct rtmfp_session *s, uint64_t now)
{
	struct rtmfp_endpoint *ep = s->ep;

	s->confirmed = true;
	s->state_until = RTMFP_NEVER;
	forget_memo(s);
	rtmfp_peer_adopt(s->peer, s, now);
	s->announced = true;
	if (ep->cb->on_session_open)
		ep->cb->on_session_open(ep->user, s);
	/* So that the other end confirms even when there is no data (PROTOCOL.md section 2.6). */
	if (s->state == RTMFP_S_OPEN && s->initiator && ep->ops->confirm && ep->cb->on_rekey_message)
		ep->cb->on_rekey_message(ep->user, s, RTMFP_REKEY_CONFIRM, 0, NULL, 0);
	if (s->state == RTMFP_S_OPEN && ep->cb->on_path)
		ep->cb->on_path(ep->user, s);
	rtmfp_session_wake(s);
	rtmfp_session_reschedule(s, now);
}

void rtmfp_session_end(struct rtmfp_session *s, enum rtmfp_close_reason reason)
{
	if (s->state != RTMFP_S_CLOSED)
		enter_state(s, RTMFP_S_CLOSED, reason);
}

void rtmfp_session_abort(struct rtmfp_session *s, enum rtmfp_close_reason reason, uint64_t now)
{
	if (s->state == RTMFP_S_OPEN && s->confirmed)
		rtmfp_session_last_word(s, RTMFP_CHUNK_CLOSE_ACK, now);
	rtmfp_session_end(s, reason);
}

void rtmfp_session_finish(struct rtmfp_session *s)
{
	struct rtmfp_endpoint *ep = s->ep;

	if (s->flows_over && s->flows) {
		struct rtmfp_flows *flows = s->flows;

		s->flows = NULL;
		rtmfp_flows_free(flows);
		if (s->announced && ep->cb->on_session_closed)
			ep->cb->on_session_closed(ep->user, s, s->reason);
	}
	if (!s->finished)
		return;
	rtmfp_rekey_fini(s, ep->now);
	rtmfp_idtable_remove(&ep->names, &s->token);
	while (s->pongs) {
		struct rtmfp_pong *pong = s->pongs;

		s->pongs = pong->next;
		rtmfp_free(ep->mem, pong);
	}
	rtmfp_timer_fini(&ep->timers, &s->timer);
	rtmfp_list_remove(&s->in_peer);
	forget_memo(s);
	if (ep->last_received == s)
		ep->last_received = NULL;
	rtmfp_free(ep->mem, s->mobility);
	rtmfp_wipe(&s->keying, sizeof(s->keying));
	rtmfp_free(ep->mem, s);
}

/* ---- packets in ---- */

static void receive_close(struct rtmfp_session *s, uint64_t now)
{
	s->want_close_ack = true;
	if (s->state == RTMFP_S_OPEN) {
		enter_state(s, RTMFP_S_FARCLOSE_LINGER, RTMFP_CLOSED_FAR);
		s->state_until = now + s->ep->params.farclose_linger;
	}
	rtmfp_session_wake(s);
}

static int receive_chunk(struct rtmfp_session *s, const struct rtmfp_chunk *c, uint64_t now)
{
	switch (c->type) {
	case RTMFP_CHUNK_DATA:
	case RTMFP_CHUNK_NEXT_DATA:
	case RTMFP_CHUNK_ACK_BITMAP:
	case RTMFP_CHUNK_ACK_RANGES:
	case RTMFP_CHUNK_BUFFER_PROBE:
	case RTMFP_CHUNK_EXCEPTION: return s->state == RTMFP_S_OPEN ? rtmfp_flows_chunk(s->flows, c, now) : 0;
	case RTMFP_CHUNK_PING:
		if (s->state == RTMFP_S_OPEN)
			rtmfp_liveness_ping_chunk(s, c->payload, c->len, now);
		return 0;
	case RTMFP_CHUNK_PING_REPLY:
		if (s->state == RTMFP_S_OPEN)
			rtmfp_liveness_pong_chunk(s, c->payload, c->len, now);
		return 0;
	case RTMFP_CHUNK_CLOSE: receive_close(s, now); return 0;
	case RTMFP_CHUNK_CLOSE_ACK:
		rtmfp_session_end(s, s->state == RTMFP_S_OPEN ? RTMFP_CLOSED_FAR : s->reason);
		return 0;
	case RTMFP_CHUNK_PAD0:
	case RTMFP_CHUNK_PADFF: return 0;
	default:
		/* Among them FIHello (3.5.1.5) and Packet Fragment (2.3.1), which nobody here takes yet. */
		return RTMFP_ERR_UNKNOWN;
	}
}

static enum rtmfp_drop drop_of(int err)
{
	switch (err) {
	case RTMFP_ERR_AUTH: return RTMFP_DROP_AUTH;
	case RTMFP_ERR_REPLAY: return RTMFP_DROP_REPLAY;
	case RTMFP_ERR_NOMEM: return RTMFP_DROP_NOMEM;
	case RTMFP_ERR_LIMIT: return RTMFP_DROP_LIMIT;
	case RTMFP_ERR_UNKNOWN: return RTMFP_DROP_CHUNK;
	default: return RTMFP_DROP_SYNTAX;
	}
}

void rtmfp_session_receive(struct rtmfp_session *s, struct rtmfp_epoch *e, const struct rtmfp_path *path,
			   uint8_t *datagram, size_t len, uint8_t ecn, uint64_t now)
{
	struct rtmfp_endpoint *ep = s->ep;
	enum rtmfp_mode far_mode = s->initiator ? RTMFP_MODE_RESPONDER : RTMFP_MODE_INITIATOR;
	struct rtmfp_packet_header h;
	struct rtmfp_chunk chunk;
	struct rtmfp_reader r;
	uint8_t *plain;
	size_t plain_len;
	bool newest;
	int err;

	if (!e->keys || s->state == RTMFP_S_CLOSED) {
		rtmfp_endpoint_drop(ep, RTMFP_DROP_UNKNOWN_SESSION);
		return;
	}
	err = ep->ops->open(e->keys, datagram + 4, len - 4, &plain, &plain_len, &newest);
	if (err) {
		rtmfp_endpoint_drop(ep, drop_of(err));
		if (ep->ops->key_state(e->keys) == RTMFP_KEY_BROKEN)
			rtmfp_session_end(s, RTMFP_CLOSED_EXPIRED);
		return;
	}
	r = rtmfp_reader(plain, plain_len);
	if (rtmfp_packet_header_read(&r, &h)) {
		rtmfp_endpoint_drop(ep, RTMFP_DROP_SYNTAX);
		return;
	}
	if (h.mode != far_mode) {
		rtmfp_endpoint_drop(ep, RTMFP_DROP_MODE);
		return;
	}
	s->rx_packets++;
	s->rx_bytes += len;
	s->last_received = now;
	if (!s->confirmed)
		rtmfp_session_confirm(s, now);
	rtmfp_rekey_epoch_used(s, e, now);
	/* After a switch, an older epoch's packets are no news, whatever their number (PROTOCOL.md
	 * section 5.1). */
	newest = newest && e == s->current;

	s->rx_path = path;
	if (s->state == RTMFP_S_OPEN) {
		rtmfp_flows_timestamps_received(s->flows, &h, now);
		rtmfp_flows_packet_begin(s->flows, now);
		rtmfp_flows_packet_ecn(s->flows, ecn);
	}
	while (s->state != RTMFP_S_CLOSED && rtmfp_chunk_next(&r, &chunk)) {
		err = receive_chunk(s, &chunk, now);
		if (err)
			rtmfp_endpoint_drop(ep, drop_of(err));
	}
	if (s->state == RTMFP_S_OPEN) {
		rtmfp_flows_packet_end(s->flows, now);
		rtmfp_liveness_received(s, now);
		rtmfp_mobility_received(s, path, len, newest, now);
	}
	s->rx_path = NULL;
}

/* ---- for users ---- */

struct rtmfp_flows *rtmfp_session_flows(struct rtmfp_session *s)
{
	return s->state == RTMFP_S_OPEN && s->confirmed ? s->flows : NULL;
}

struct rtmfp_peer *rtmfp_session_peer(const struct rtmfp_session *s)
{
	return s->peer;
}

bool rtmfp_session_is_initiator(const struct rtmfp_session *s)
{
	return s->initiator;
}

void rtmfp_session_set_user(struct rtmfp_session *s, void *user)
{
	s->user = user;
}

void *rtmfp_session_user(const struct rtmfp_session *s)
{
	return s->user;
}

void rtmfp_session_close(struct rtmfp_session *s, bool abrupt, uint64_t now)
{
	struct rtmfp_endpoint *ep = s->ep;

	if (s->state != RTMFP_S_OPEN)
		return;
	rtmfp_endpoint_enter(ep, now);
	if (abrupt || !s->confirmed) {
		rtmfp_session_abort(s, RTMFP_CLOSED_LOCAL, now);
	} else {
		rtmfp_session_last_word(s, RTMFP_CHUNK_CLOSE, now);
		enter_state(s, RTMFP_S_NEARCLOSE, RTMFP_CLOSED_LOCAL);
		s->next_close = now + ep->params.close_interval;
		s->state_until = now + ep->params.nearclose_timeout;
		rtmfp_session_reschedule(s, now);
	}
	rtmfp_endpoint_leave(ep);
}

void rtmfp_session_activity(struct rtmfp_session *s, uint64_t now)
{
	if (s->state != RTMFP_S_OPEN || !s->confirmed)
		return;
	rtmfp_endpoint_enter(s->ep, now);
	if (now >= s->rekey_due || s->ep->ops->key_state(s->current->keys) != RTMFP_KEY_FRESH)
		rtmfp_rekey_start(s, now);
	if (s->silent)
		rtmfp_liveness_activity(s, now);
	rtmfp_endpoint_leave(s->ep);
}

void rtmfp_session_stats(const struct rtmfp_session *s, struct rtmfp_session_stats *out)
{
	struct rtmfp_flows_health h = { 0 };

	if (s->flows)
		rtmfp_flows_health(s->flows, &h);
	*out = (struct rtmfp_session_stats){
		.path = s->path,
		.opened = s->opened,
		.handshake = s->handshake,
		.keyed = s->current->born,
		.epoch = s->current->number,
		.rtt = h.rtt,
		.min_rtt = h.min_rtt,
		.srtt = h.srtt,
		.erto = h.erto,
		.cwnd = h.cwnd,
		.outstanding = h.outstanding,
		.last_received = s->last_received,
		.rx_packets = s->rx_packets,
		.rx_bytes = s->rx_bytes,
		.tx_packets = s->tx_packets,
		.tx_bytes = s->tx_bytes,
		.lost_fragments = h.lost_fragments,
		.datagram_max = rtmfp_session_datagram_max(s, &s->path),
		.suite = s->keying.suite,
		.keying = s->keying,
	};
	rtmfp_wipe(out->keying.reset_token, sizeof(out->keying.reset_token));
}
