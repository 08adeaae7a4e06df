/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Epochs: a session's keys grow old and are replaced while everything else lives on (PROTOCOL.md section 4).
 * The messages travel on a flow that belongs to the user of this library; what they hold is the profile's.
 * States and edges are the table of that section.
 */
#include "session_impl.h"

static struct rtmfp_epoch *unused_slot(struct rtmfp_session *s)
{
	for (unsigned i = 0; i < RTMFP_EPOCHS; i++)
		if (!s->epochs[i].keys && s->epochs[i].rx.kind == RTMFP_ID_NONE)
			return &s->epochs[i];
	return NULL;
}

/* The slot of the epoch that is being agreed on, or NULL. */
static struct rtmfp_epoch *next_epoch(struct rtmfp_session *s)
{
	for (unsigned i = 0; i < RTMFP_EPOCHS; i++) {
		struct rtmfp_epoch *e = &s->epochs[i];

		if (e != s->current && e->rx.kind != RTMFP_ID_NONE && e->number == s->current->number + 1)
			return e;
	}
	return NULL;
}

void rtmfp_epoch_erase(struct rtmfp_session *s, struct rtmfp_epoch *e, uint64_t now)
{
	s->ep->ops->keys_free(e->keys);
	rtmfp_endpoint_retire_id(s->ep, &e->rx, now);
	*e = (struct rtmfp_epoch){ .keys = NULL };
}

void rtmfp_rekey_schedule(struct rtmfp_session *s, uint64_t now)
{
	const struct rtmfp_params *p = &s->ep->params;
	uint32_t random;

	if (!s->ep->ops->rekey_init) {
		s->rekey_due = RTMFP_NEVER;
		return;
	}
	s->ep->ops->random(s->ep->crypto, (uint8_t *)&random, sizeof(random));
	s->rekey_due =
		now + (s->initiator
			       ? p->rekey_after - (p->rekey_jitter ? RTMFP_US(random) % p->rekey_jitter : 0)
			       : p->rekey_after_responder);
}

static void forget_attempt(struct rtmfp_session *s, uint64_t now)
{
	struct rtmfp_epoch *e = next_epoch(s);

	if (s->ep->ops->rekey_free)
		s->ep->ops->rekey_free(s->rk);
	s->rk = NULL;
	if (e)
		rtmfp_epoch_erase(s, e, now);
	s->rekey_state = RTMFP_REKEY_IDLE;
}

static void tell(struct rtmfp_session *s, enum rtmfp_rekey_type type, uint64_t epoch, const uint8_t *msg,
		 size_t len)
{
	if (s->ep->cb->on_rekey_message)
		s->ep->cb->on_rekey_message(s->ep->user, s, type, epoch, msg, len);
}

/* An epoch slot for the next number, named by a new receive ID; its keys come later. */
static struct rtmfp_epoch *reserve(struct rtmfp_session *s, uint64_t now)
{
	struct rtmfp_epoch *e = unused_slot(s);

	/* A limit of the keys forced a rekey so soon that the epoch before the last is still received from.
	 */
	for (unsigned i = 0; !e && i < RTMFP_EPOCHS; i++) {
		if (&s->epochs[i] == s->current || s->epochs[i].rx_until == RTMFP_NEVER)
			continue;
		rtmfp_epoch_erase(s, &s->epochs[i], now);
		e = &s->epochs[i];
	}
	if (!e)
		return NULL;
	rtmfp_endpoint_new_id(s->ep, &e->rx, RTMFP_ID_EPOCH, (uint8_t)(e - s->epochs), s);
	e->number = s->current->number + 1;
	e->rx_until = RTMFP_NEVER;
	return e;
}

static bool limit_reached(const struct rtmfp_session *s)
{
	return s->ep->ops->key_state(s->current->keys) != RTMFP_KEY_FRESH;
}

static uint64_t age(const struct rtmfp_session *s, uint64_t now)
{
	return now - s->current->born;
}

/* Returns false if an attempt should be under way now and could not be begun. */
static bool attempt(struct rtmfp_session *s, uint64_t now)
{
	const struct rtmfp_crypto_ops *ops = s->ep->ops;
	uint8_t msg[RTMFP_REKEY_MAX];
	struct rtmfp_epoch *e;
	size_t len;

	if (s->rekey_state != RTMFP_REKEY_IDLE)
		return true;
	if (!limit_reached(s) && s->last_switch && now < s->last_switch + s->ep->params.rekey_min_interval)
		return true;
	e = reserve(s, now);
	if (!e)
		return false;
	if (ops->rekey_init(s->current->keys, e->number, e->rx.value, msg, sizeof(msg), &len, &s->rk)) {
		rtmfp_epoch_erase(s, e, now);
		return false;
	}
	s->rekey_state = RTMFP_REKEY_SENT;
	s->rekey_began = now;
	tell(s, RTMFP_REKEY_INIT, e->number, msg, len);
	return true;
}

void rtmfp_rekey_start(struct rtmfp_session *s, uint64_t now)
{
	if (!s->ep->ops->rekey_init || s->state != RTMFP_S_OPEN || !s->confirmed ||
	    s->drain_until != RTMFP_NEVER)
		return;
	/* Without memory the next activity tries again. */
	if (!attempt(s, now) && age(s, now) >= s->ep->params.rekey_replace_after && s->peer->current == s)
		(void)rtmfp_peer_start_opening(s->peer, now);
}

/* When a new session is to be opened beside this one, because its rekey does not come to an end; one that
 * began late, after silence, has a while. */
static uint64_t replace_at(const struct rtmfp_session *s)
{
	uint64_t old = s->current->born + s->ep->params.rekey_replace_after;
	uint64_t tried = s->rekey_began + s->ep->params.silence;

	if (s->rekey_state == RTMFP_REKEY_IDLE)
		return RTMFP_NEVER;
	return old > tried ? old : tried;
}

static void adopt_info(struct rtmfp_session *s, const struct rtmfp_keying_info *info)
{
	struct rtmfp_endpoint *ep = s->ep;

	rtmfp_idtable_remove(&ep->names, &s->token);
	s->keying.features = info->features;
	s->keying.far_features = info->far_features;
	s->keying.has_reset_token = info->has_reset_token;
	for (size_t i = 0; i < sizeof(info->reset_token); i++)
		s->keying.reset_token[i] = info->reset_token[i];
	if (!info->has_reset_token)
		return;
	s->token = (struct rtmfp_id){ .value = rtmfp_name(s->keying.reset_token),
				      .kind = RTMFP_ID_TOKEN,
				      .owner = s };
	rtmfp_idtable_add(&ep->names, &s->token);
}

/* From now on everything is sent in |e|; the older epoch is only received from, and not for long. */
static void switch_to(struct rtmfp_session *s, struct rtmfp_epoch *e, uint64_t now)
{
	s->current->rx_until = now + s->ep->params.drain;
	s->ep->ops->keys_retire_send(s->current->keys);
	s->current = e;
	adopt_info(s, &e->info);
	s->last_switch = now;
	s->rekey_state = RTMFP_REKEY_IDLE;
	s->ep->counters.rekeys++;
	rtmfp_rekey_schedule(s, now);
	rtmfp_session_wake(s);
}

void rtmfp_rekey_epoch_used(struct rtmfp_session *s, struct rtmfp_epoch *e, uint64_t now)
{
	if (s->rekey_state == RTMFP_REKEY_ANSWERED && e != s->current && e->number == s->current->number + 1)
		switch_to(s, e, now);
}

/* What came does not continue the session's keys: only a new session can (PROTOCOL.md section 4). */
static void failed(struct rtmfp_session *s, uint64_t now)
{
	rtmfp_endpoint_drop(s->ep, RTMFP_DROP_HANDSHAKE);
	if (s->peer->current == s)
		(void)rtmfp_peer_start_opening(s->peer, now);
}

static void on_init(struct rtmfp_session *s, const uint8_t *msg, size_t len, uint64_t now)
{
	const struct rtmfp_crypto_ops *ops = s->ep->ops;
	struct rtmfp_keying_info info = { 0 };
	uint8_t reply[RTMFP_REKEY_MAX];
	struct rtmfp_epoch *e;
	size_t reply_len;

	if (s->rekey_state == RTMFP_REKEY_ANSWERED)
		return;
	if (s->rekey_state == RTMFP_REKEY_SENT) {
		if (s->initiator)
			return; /* both started: the session's initiator goes on, the other end drops its own
				 */
		forget_attempt(s, now);
	}
	e = reserve(s, now);
	if (!e)
		return;
	if (ops->rekey_respond(s->current->keys, e->number, msg, len, e->rx.value, reply, sizeof(reply),
			       &reply_len, &e->tx_id, &e->keys, &info)) {
		e->keys = NULL;
		rtmfp_epoch_erase(s, e, now);
		failed(s, now);
		return;
	}
	e->born = now;
	e->info = info;
	rtmfp_wipe(&info, sizeof(info));
	s->rekey_state = RTMFP_REKEY_ANSWERED;
	s->rekey_began = now;
	tell(s, RTMFP_REKEY_RESP, e->number, reply, reply_len);
}

static void on_resp(struct rtmfp_session *s, const uint8_t *msg, size_t len, uint64_t now)
{
	const struct rtmfp_crypto_ops *ops = s->ep->ops;
	struct rtmfp_epoch *e = next_epoch(s);
	struct rtmfp_keying_info info = { 0 };

	if (s->rekey_state != RTMFP_REKEY_SENT || !e)
		return;
	if (ops->rekey_finish(s->rk, msg, len, &e->tx_id, &e->keys, &info)) {
		e->keys = NULL;
		failed(s, now);
		return;
	}
	e->born = now;
	e->info = info;
	rtmfp_wipe(&info, sizeof(info));
	ops->rekey_free(s->rk);
	s->rk = NULL;
	switch_to(s, e, now);
	tell(s, RTMFP_REKEY_CONFIRM, e->number, NULL, 0);
}

void rtmfp_session_rekey_input(struct rtmfp_session *s, enum rtmfp_rekey_type type, uint64_t epoch,
			       const uint8_t *msg, size_t len, uint64_t now)
{
	if (!s->ep->ops->rekey_init || s->state != RTMFP_S_OPEN || epoch != s->current->number + 1)
		return;
	rtmfp_endpoint_enter(s->ep, now);
	if (type == RTMFP_REKEY_INIT)
		on_init(s, msg, len, now);
	else if (type == RTMFP_REKEY_RESP)
		on_resp(s, msg, len, now);
	/* CONFIRM has done its work by arriving: the packet that carried it authenticated in its epoch. */
	rtmfp_session_reschedule(s, now);
	rtmfp_endpoint_leave(s->ep);
}

bool rtmfp_rekey_keying_only(const struct rtmfp_session *s, uint64_t now)
{
	return s->ep->ops->rekey_init && age(s, now) >= s->ep->params.rekey_stop_after;
}

uint64_t rtmfp_rekey_expiry(const struct rtmfp_session *s, uint64_t now)
{
	const struct rtmfp_params *p = &s->ep->params;
	uint64_t at;

	if (!s->ep->ops->rekey_init)
		return RTMFP_NEVER;
	at = s->current->born + p->rekey_close_after;
	if (replace_at(s) < at && replace_at(s) > now)
		at = replace_at(s);
	for (unsigned i = 0; i < RTMFP_EPOCHS; i++)
		if (s->epochs[i].keys && s->epochs[i].rx_until < at)
			at = s->epochs[i].rx_until;
	return at;
}

void rtmfp_rekey_tick(struct rtmfp_session *s, uint64_t now)
{
	const struct rtmfp_params *p = &s->ep->params;

	if (!s->ep->ops->rekey_init || s->state != RTMFP_S_OPEN)
		return;
	for (unsigned i = 0; i < RTMFP_EPOCHS; i++)
		if (s->epochs[i].keys && now >= s->epochs[i].rx_until)
			rtmfp_epoch_erase(s, &s->epochs[i], now);
	if (age(s, now) >= p->rekey_close_after)
		rtmfp_session_end(s, RTMFP_CLOSED_EXPIRED);
	else if (now >= replace_at(s) && s->peer->current == s)
		(void)rtmfp_peer_start_opening(s->peer, now);
}

void rtmfp_rekey_fini(struct rtmfp_session *s, uint64_t now)
{
	if (s->ep->ops->rekey_free)
		s->ep->ops->rekey_free(s->rk);
	s->rk = NULL;
	for (unsigned i = 0; i < RTMFP_EPOCHS; i++)
		if (s->epochs[i].keys || s->epochs[i].rx.kind != RTMFP_ID_NONE)
			rtmfp_epoch_erase(s, &s->epochs[i], now);
}
