/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The endpoint (RFC 7016 section 3.3): which session a datagram belongs to, whose turn it is to send, when to
 * wake up; session IDs; and the end of sessions, which waits until no callback is running.
 */
#include "session_impl.h"

#include <assert.h>
#include <string.h>

void rtmfp_endpoint_enter(struct rtmfp_endpoint *ep, uint64_t now)
{
	if (now > ep->now)
		ep->now = now;
	ep->depth++;
}

void rtmfp_endpoint_leave(struct rtmfp_endpoint *ep)
{
	/* Finishing calls back, and callbacks may doom more sessions: the depth stays up until none is left.
	 */
	while (ep->depth == 1 && !rtmfp_list_empty(&ep->doomed)) {
		struct rtmfp_session *s = RTMFP_LIST_ENTRY(ep->doomed.next, struct rtmfp_session, in_doomed);

		rtmfp_list_remove(&s->in_doomed);
		rtmfp_session_finish(s);
	}
	ep->depth--;
}

static void retired_expire(void *ctx, uint64_t now)
{
	struct rtmfp_endpoint *ep = ctx;

	while (ep->retired && ep->retired->until <= now) {
		struct rtmfp_retired *r = ep->retired;

		ep->retired = r->next;
		if (!ep->retired)
			ep->retired_tail = &ep->retired;
		rtmfp_idtable_remove(&ep->ids, &r->id);
		rtmfp_free(ep->mem, r);
	}
	if (ep->retired)
		rtmfp_timer_set(&ep->timers, &ep->retired_timer, ep->retired->until);
}

void rtmfp_endpoint_new_id(struct rtmfp_endpoint *ep, struct rtmfp_id *id, enum rtmfp_id_kind kind,
			   uint8_t slot, void *owner)
{
	uint32_t value;

	do {
		uint8_t bytes[4];

		ep->ops->random(ep->crypto, bytes, sizeof(bytes));
		memcpy(&value, bytes, sizeof(value));
	} while (value == 0 || rtmfp_idtable_find(&ep->ids, value));
	*id = (struct rtmfp_id){ .value = value, .kind = (uint8_t)kind, .slot = slot, .owner = owner };
	if (kind != RTMFP_ID_NONE)
		rtmfp_idtable_add(&ep->ids, id);
}

void rtmfp_endpoint_retire_id(struct rtmfp_endpoint *ep, struct rtmfp_id *id, uint64_t now)
{
	struct rtmfp_retired *r;
	uint32_t value = id->value;

	if (id->kind == RTMFP_ID_NONE)
		return;
	rtmfp_idtable_remove(&ep->ids, id);
	r = rtmfp_alloc(ep->mem, sizeof(*r));
	if (!r)
		return; /* one in 2^32 that it is chosen again too soon */
	r->id = (struct rtmfp_id){ .value = value, .kind = RTMFP_ID_RETIRED };
	r->until = now + ep->params.retired_id_hold;
	rtmfp_idtable_add(&ep->ids, &r->id);
	*ep->retired_tail = r;
	ep->retired_tail = &r->next;
	if (ep->retired == r)
		rtmfp_timer_set(&ep->timers, &ep->retired_timer, r->until);
}

/* A word in network order; beyond |len| the bytes are 0. */
static uint32_t first32(const uint8_t *p, size_t len)
{
	uint8_t b[4] = { 0 };

	memcpy(b, p, len < 4 ? len : 4);
	return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
}

static uint32_t scramble_mask(const uint8_t *encrypted, size_t len)
{
	return first32(encrypted, len) ^ (len > 4 ? first32(encrypted + 4, len - 4) : 0);
}

void rtmfp_scramble(uint8_t *datagram, size_t len, uint32_t session_id)
{
	uint32_t ssid = session_id ^ scramble_mask(datagram + 4, len);
	struct rtmfp_writer w = rtmfp_writer(datagram, 4);

	rtmfp_write_u32(&w, ssid);
}

int rtmfp_endpoint_new(const struct rtmfp_endpoint_config *cfg, uint64_t now, struct rtmfp_endpoint **out)
{
	const struct rtmfp_mem *mem = cfg->mem ? cfg->mem : &rtmfp_mem_libc;
	struct rtmfp_endpoint *ep = rtmfp_alloc(mem, sizeof(*ep));
	uint64_t secrets[2];

	if (!ep)
		return RTMFP_ERR_NOMEM;
	ep->ops = cfg->ops;
	ep->crypto = cfg->crypto;
	ep->mem = mem;
	ep->cb = cfg->cb;
	ep->user = cfg->user;
	ep->params = cfg->params ? *cfg->params : rtmfp_params_default;
	ep->stateless_reset = cfg->stateless_reset && cfg->ops->reset_token;
	ep->retired_tail = &ep->retired;
	rtmfp_list_init(&ep->peers);
	rtmfp_list_init(&ep->ready);
	rtmfp_list_init(&ep->doomed);
	rtmfp_outbox_init(&ep->outbox);
	rtmfp_timers_init(&ep->timers, mem);
	ep->ops->random(ep->crypto, ep->mobility_secret, sizeof(ep->mobility_secret));
	ep->ops->random(ep->crypto, (uint8_t *)secrets, sizeof(secrets));
	rtmfp_cookies_init(&ep->cookies, ep->ops, ep->crypto, ep->params.cookie_lifetime);
	rtmfp_limiter_init(&ep->hello_limiter, mem, ep->params.sources_max, ep->params.hello_rate,
			   ep->params.hello_rate, secrets[0]);
	rtmfp_limiter_init(&ep->keying_limiter, mem, ep->params.sources_max, ep->params.source_rate,
			   ep->params.source_burst, secrets[1]);
	rtmfp_bucket_init(&ep->resets, 10, 10, now);
	if (rtmfp_idtable_init(&ep->ids, mem) || rtmfp_idtable_init(&ep->names, mem) ||
	    rtmfp_timer_init(&ep->timers, &ep->retired_timer, retired_expire, ep)) {
		rtmfp_endpoint_free(ep);
		return RTMFP_ERR_NOMEM;
	}
	*out = ep;
	return 0;
}

void rtmfp_endpoint_free(struct rtmfp_endpoint *ep)
{
	if (!ep)
		return;
	assert(ep->depth == 0);
	ep->shutdown = true; /* callbacks open nothing any more */
	while (!rtmfp_list_empty(&ep->peers)) {
		struct rtmfp_peer *peer = RTMFP_LIST_ENTRY(ep->peers.next, struct rtmfp_peer, in_endpoint);

		/* Ended already, they have no last words. */
		for (struct rtmfp_list *l = peer->sessions.next; l != &peer->sessions; l = l->next)
			rtmfp_session_end(RTMFP_LIST_ENTRY(l, struct rtmfp_session, in_peer),
					  RTMFP_CLOSED_LOCAL);
		rtmfp_peer_free(peer, ep->now);
	}
	if (ep->names.buckets) {
		retired_expire(ep, RTMFP_NEVER);
		rtmfp_timer_fini(&ep->timers, &ep->retired_timer);
	}
	rtmfp_outbox_fini(&ep->outbox, ep->mem);
	rtmfp_limiter_fini(&ep->hello_limiter);
	rtmfp_limiter_fini(&ep->keying_limiter);
	rtmfp_cookies_fini(&ep->cookies);
	rtmfp_timers_fini(&ep->timers);
	rtmfp_idtable_fini(&ep->ids);
	rtmfp_idtable_fini(&ep->names);
	rtmfp_wipe(ep->mobility_secret, sizeof(ep->mobility_secret));
	rtmfp_free(ep->mem, ep);
}

void rtmfp_endpoint_shutdown(struct rtmfp_endpoint *ep, uint64_t now)
{
	rtmfp_endpoint_enter(ep, now);
	ep->shutdown = true;
	for (struct rtmfp_list *l = ep->peers.next; l != &ep->peers; l = l->next) {
		struct rtmfp_peer *peer = RTMFP_LIST_ENTRY(l, struct rtmfp_peer, in_endpoint);

		rtmfp_peer_drop_opening(peer, now);
		for (struct rtmfp_list *m = peer->sessions.next; m != &peer->sessions; m = m->next)
			rtmfp_session_abort(RTMFP_LIST_ENTRY(m, struct rtmfp_session, in_peer),
					    RTMFP_CLOSED_LOCAL, now);
	}
	rtmfp_endpoint_leave(ep);
}

/* ---- stateless reset (PROTOCOL.md section 5.3) ---- */

#define RESET_ANSWERS_MIN 26u

static void answer_reset(struct rtmfp_endpoint *ep, const struct rtmfp_path *path, uint32_t id, size_t len,
			 uint64_t now)
{
	uint8_t bytes[55];
	size_t n;

	if (!ep->stateless_reset || len < RESET_ANSWERS_MIN || !rtmfp_bucket_take(&ep->resets, now))
		return;
	ep->ops->random(ep->crypto, bytes, sizeof(bytes));
	n = 40 + bytes[0] % 16u;
	if (n >= len)
		n = len - 1; /* shorter than what it answers, so loops end; at least 25 */
	ep->ops->random(ep->crypto, bytes, 1);
	ep->ops->reset_token(ep->crypto, id, bytes + n - RTMFP_RESET_TOKEN_LEN);
	(void)rtmfp_outbox_push(&ep->outbox, ep->mem, RTMFP_OUTBOX_STRANGERS, path, bytes, n);
}

/* A datagram that opens nowhere: does it end in the reset token of a session's far end? */
static void look_for_reset(struct rtmfp_endpoint *ep, const struct rtmfp_path *path, const uint8_t *datagram,
			   size_t len, uint64_t now)
{
	const uint8_t *token = datagram + len - RTMFP_RESET_TOKEN_LEN;

	if (ep->names.count == 0 || len < RESET_ANSWERS_MIN - 1)
		return;
	for (struct rtmfp_id *id = rtmfp_idtable_find(&ep->names, rtmfp_name(token)); id; id = id->next) {
		struct rtmfp_session *s = id->owner;

		if (id->kind != RTMFP_ID_TOKEN || !rtmfp_addr_equal(&s->path.remote, &path->remote) ||
		    !rtmfp_equal_ct(s->keying.reset_token, token, RTMFP_RESET_TOKEN_LEN))
			continue;
		/* A hint and no more: at most one opening in 5 s comes of it. */
		if (!s->last_suspect || now >= s->last_suspect + ep->params.silence)
			rtmfp_liveness_suspect(s, now);
		return;
	}
}

/* ---- datagrams in ---- */

/* Returns the session that it belonged to, or NULL. */
static struct rtmfp_session *receive_one(struct rtmfp_endpoint *ep, const struct rtmfp_run *run,
					 uint8_t *datagram, size_t len, uint64_t now)
{
	size_t overhead = 4 + ep->ops->head + ep->ops->tail;
	struct rtmfp_id *id;
	uint32_t value;

	ep->counters.rx_datagrams++;
	ep->counters.rx_bytes += len;
	if (len <= overhead) {
		rtmfp_endpoint_drop(ep, RTMFP_DROP_SHORT);
		return NULL;
	}
	value = first32(datagram, 4) ^ scramble_mask(datagram + 4, len - 4);
	if (value == 0) {
		rtmfp_startup_receive(ep, NULL, &run->path, datagram, len, now);
		return NULL;
	}
	id = rtmfp_idtable_find(&ep->ids, value);
	if (!id || id->kind == RTMFP_ID_RETIRED) {
		rtmfp_endpoint_drop(ep, RTMFP_DROP_UNKNOWN_SESSION);
		look_for_reset(ep, &run->path, datagram, len, now);
		answer_reset(ep, &run->path, value, len, now);
	} else if (id->kind == RTMFP_ID_KEYING) {
		rtmfp_startup_receive(ep, id, &run->path, datagram, len, now);
	} else {
		struct rtmfp_session *s = id->owner;

		rtmfp_session_receive(s, &s->epochs[id->slot], &run->path, datagram, len, run->ecn, now);
		return s;
	}
	return NULL;
}

void rtmfp_endpoint_receive(struct rtmfp_endpoint *ep, const struct rtmfp_run *run, uint64_t now)
{
	size_t step = run->segment ? run->segment : run->len;

	rtmfp_endpoint_enter(ep, now);
	if (run->len == 0) { /* UDP has datagrams without a byte */
		ep->counters.rx_datagrams++;
		rtmfp_endpoint_drop(ep, RTMFP_DROP_SHORT);
	}
	for (size_t at = 0; at < run->len; at += step) {
		struct rtmfp_session *s =
			receive_one(ep, run, run->buf + at, run->len - at < step ? run->len - at : step, now);

		/* Deadlines are looked at once a run, not once a datagram. */
		if (ep->last_received && ep->last_received != s)
			rtmfp_session_reschedule(ep->last_received, now);
		ep->last_received = s;
	}
	if (ep->last_received)
		rtmfp_session_reschedule(ep->last_received, now);
	ep->last_received = NULL;
	if (ep->cb->on_batch_end)
		ep->cb->on_batch_end(ep->user);
	rtmfp_endpoint_leave(ep);
}

/* ---- datagrams out ---- */

unsigned rtmfp_endpoint_send(struct rtmfp_endpoint *ep, struct rtmfp_train *train, uint64_t now)
{
	unsigned count;

	assert(train->cap >= RTMFP_TRAIN_MIN && train->max >= 1);
	rtmfp_endpoint_enter(ep, now);
	count = rtmfp_outbox_pop(&ep->outbox, ep->mem, train);
	while (count == 0 && !rtmfp_list_empty(&ep->ready)) {
		struct rtmfp_session *s = RTMFP_LIST_ENTRY(ep->ready.next, struct rtmfp_session, in_ready);

		rtmfp_list_remove(&s->in_ready);
		count = rtmfp_session_send(s, train, now);
		if (count) {
			rtmfp_session_wake(s); /* back to the end of the line; it may have more */
		} else {
			if (s->flows)
				rtmfp_flows_settle(
					s->flows); /* it leaves the list, where rtmfp_endpoint_settle looks */
			rtmfp_session_reschedule(s, now);
		}
	}
	if (count) {
		ep->counters.tx_datagrams += count;
		ep->counters.tx_bytes += train->len;
	}
	rtmfp_endpoint_leave(ep);
	return count;
}

void rtmfp_endpoint_settle(struct rtmfp_endpoint *ep)
{
	/* What was written since the last settling woke its session, so it is in the ready list or was
	 * settled leaving it. */
	for (struct rtmfp_list *l = ep->ready.next; l != &ep->ready; l = l->next) {
		struct rtmfp_session *s = RTMFP_LIST_ENTRY(l, struct rtmfp_session, in_ready);

		if (s->flows)
			rtmfp_flows_settle(s->flows);
	}
}

/* ---- time ---- */

uint64_t rtmfp_endpoint_expiry(const struct rtmfp_endpoint *ep)
{
	return rtmfp_timers_next(&ep->timers);
}

void rtmfp_endpoint_tick(struct rtmfp_endpoint *ep, uint64_t now)
{
	rtmfp_endpoint_enter(ep, now);
	rtmfp_timers_fire(&ep->timers, now);
	rtmfp_endpoint_leave(ep);
}

void rtmfp_endpoint_moved(struct rtmfp_endpoint *ep, uint64_t now)
{
	rtmfp_endpoint_enter(ep, now);
	for (struct rtmfp_list *l = ep->peers.next; l != &ep->peers; l = l->next) {
		struct rtmfp_peer *peer = RTMFP_LIST_ENTRY(l, struct rtmfp_peer, in_endpoint);

		if (peer->current)
			rtmfp_liveness_moved(peer->current, now);
		if (peer->opening)
			rtmfp_opening_moved(peer->opening, now);
	}
	rtmfp_endpoint_leave(ep);
}

void rtmfp_endpoint_local_gone(struct rtmfp_endpoint *ep, const struct rtmfp_addr *local, uint64_t now)
{
	rtmfp_endpoint_enter(ep, now);
	for (struct rtmfp_list *l = ep->peers.next; l != &ep->peers; l = l->next) {
		struct rtmfp_peer *peer = RTMFP_LIST_ENTRY(l, struct rtmfp_peer, in_endpoint);

		for (struct rtmfp_list *m = peer->sessions.next; m != &peer->sessions; m = m->next) {
			struct rtmfp_session *s = RTMFP_LIST_ENTRY(m, struct rtmfp_session, in_peer);

			rtmfp_mobility_local_gone(s, local);
			if (!rtmfp_addr_same_host(&s->path.local, local))
				continue;
			s->path.local = (struct rtmfp_addr){ 0 };
			s->path.interface = 0;
			if (s == peer->current)
				rtmfp_liveness_moved(s, now);
		}
	}
	rtmfp_endpoint_leave(ep);
}

const struct rtmfp_counters *rtmfp_endpoint_counters(const struct rtmfp_endpoint *ep)
{
	return &ep->counters;
}
