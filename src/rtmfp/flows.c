/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The flows of a session together (RFC 7016 section 3.6): chunks in, chunks out, time. Touches what the flows
 * share and leaves what is one flow's to sendflow.c and recvflow.c; session.c calls it.
 */
#include "flows_impl.h"

#include <assert.h>

#define CHUNK_ROOM_DEFAULT 1200u
#define CHUNK_ROOM_MAX	   65507u
#define TC_HOLD		   RTMFP_MS(800) /* that a notification lasts (3.5.2.1) */
#define RETRY_DELAY	   RTMFP_MS(10)	 /* when memory was short */
#define IDLE_TIME	   RTMFP_S(10)	 /* until memory that is not in use is given back */
#define MISFITS_MAX	   4u /* flows whose next fragment does not fit that are tried for a packet */

int rtmfp_flows_new(const struct rtmfp_mem *mem, struct rtmfp_session *session,
		    const struct rtmfp_params *params, const struct rtmfp_callbacks *cb, void *cb_user,
		    const struct rtmfp_flows_hooks *hooks, bool no_bitmap_ack, uint64_t now,
		    struct rtmfp_flows **out)
{
	struct rtmfp_flows *f = rtmfp_alloc(mem, sizeof(*f));

	if (!f)
		return RTMFP_ERR_NOMEM;
	f->mem = mem;
	f->session = session;
	f->params = params;
	f->cb = cb;
	f->cb_user = cb_user;
	f->hooks = *hooks;
	f->no_bitmap_ack = no_bitmap_ack;
	f->fastgrow = true;
	f->now = f->last_activity = now;
	f->linger_due = f->probe_due = RTMFP_NEVER;
	f->pace_at = f->retry_at = RTMFP_NEVER;
	f->chunk_room = CHUNK_ROOM_DEFAULT;
	f->alarm = RTMFP_NEVER;
	f->ack_due_since = RTMFP_NEVER;
	f->delack_at = RTMFP_NEVER;
	rtmfp_txorder_init(&f->tx, mem, params->nak_threshold);
	rtmfp_rtt_init(&f->rtt, params, now);
	rtmfp_pool_init(&f->pool, mem);
	f->cc = rtmfp_cc_rfc7016.new(mem, f->chunk_room, now);
	if (!f->cc) {
		rtmfp_free(mem, f);
		return RTMFP_ERR_NOMEM;
	}
	*out = f;
	return 0;
}

static void destroy(struct rtmfp_flows *f)
{
	for (unsigned i = 0; i < f->send_cap; i++) {
		if (f->send[i])
			rtmfp_sendflow_free(f->send[i]);
	}
	for (unsigned i = 0; i < f->recv_count; i++)
		rtmfp_recvflow_free(f->recv[i]);
	rtmfp_free(f->mem, f->send);
	rtmfp_free(f->mem, f->recv);
	rtmfp_free(f->mem, f->scratch);
	rtmfp_pool_drain(&f->pool);
	rtmfp_txorder_fini(&f->tx);
	f->cc->ops->free(f->cc, f->mem);
	rtmfp_free(f->mem, f);
}

void rtmfp_flows_free(struct rtmfp_flows *f)
{
	if (!f || f->dead)
		return;
	f->dead = true;
	rtmfp_flows_enter(f);
	for (unsigned i = 0; i < f->send_cap; i++) {
		if (f->send[i])
			rtmfp_sendflow_abort(f->send[i]);
	}
	for (unsigned i = 0; i < f->recv_count; i++)
		rtmfp_recvflow_abort(f->recv[i]);
	rtmfp_flows_leave(f);
}

void rtmfp_flows_enter(struct rtmfp_flows *f)
{
	f->depth++;
}

/* Calls on_writable for the flows that it is due for. */
static void tell_writable(struct rtmfp_flows *f)
{
	while (f->writable_due && !f->dead) {
		f->writable_due = false;
		for (unsigned i = 0; i < f->send_cap && !f->dead; i++) {
			if (f->send[i] && f->send[i]->writable_due)
				rtmfp_sendflow_tell_writable(f->send[i]);
		}
	}
}

void rtmfp_flows_leave(struct rtmfp_flows *f)
{
	if (f->depth == 1)
		tell_writable(f);
	if (--f->depth == 0 && f->dead)
		destroy(f);
}

void rtmfp_flows_wake(struct rtmfp_flows *f)
{
	if (!f->dead && f->hooks.wake)
		f->hooks.wake(f->hooks.ctx);
}

void rtmfp_flows_retry(struct rtmfp_flows *f)
{
	if (f->retry_at == RTMFP_NEVER)
		f->retry_at = f->now + RETRY_DELAY;
}

void rtmfp_flows_touch(struct rtmfp_flows *f)
{
	f->caches = true;
	f->last_activity = f->now;
}

/* ---- receiving ---- */

void rtmfp_flows_packet_begin(struct rtmfp_flows *f, uint64_t now)
{
	f->now = now;
	f->ecn = 0;
	f->has_prev = f->any_data = f->any_acks = f->refused = false;
	f->pre_outstanding = f->outstanding;
	f->acked = 0;
	f->newest_tsn = 0;
	f->acked_any = f->acked_two = false;
}

void rtmfp_flows_packet_ecn(struct rtmfp_flows *f, uint8_t ecn)
{
	f->ecn = ecn;
}

static int data_chunk(struct rtmfp_flows *f, const struct rtmfp_chunk *chunk, uint64_t now)
{
	bool next = chunk->type == RTMFP_CHUNK_NEXT_DATA;
	struct rtmfp_data data;
	int err;

	if (next && !f->has_prev)
		return RTMFP_ERR_SYNTAX;
	err = rtmfp_read_data(chunk->payload, chunk->len, next ? &f->prev : NULL, &data);
	f->has_prev = !err;
	if (err)
		return err;
	f->prev = data;
	rtmfp_flows_touch(f);
	return rtmfp_recvflow_data(f, &data, next, now);
}

static int ack_chunk(struct rtmfp_flows *f, const struct rtmfp_chunk *chunk, uint64_t now)
{
	struct rtmfp_sendflow *flow;
	struct rtmfp_ack ack;
	int err = rtmfp_read_ack(chunk->type, chunk->payload, chunk->len, &ack);

	if (err)
		return err;
	flow = rtmfp_sendflow_find(f, ack.flow_id);
	if (flow)
		rtmfp_sendflow_ack(flow, &ack, now);
	return 0;
}

static int exception_chunk(struct rtmfp_flows *f, const struct rtmfp_chunk *chunk, uint64_t now)
{
	struct rtmfp_sendflow *flow;
	struct rtmfp_exception exception;
	int err = rtmfp_read_exception(chunk->payload, chunk->len, &exception);

	if (err)
		return err;
	flow = rtmfp_sendflow_find(f, exception.flow_id);
	if (flow)
		rtmfp_sendflow_exception(flow, exception.code, now);
	return 0;
}

static int probe_chunk(struct rtmfp_flows *f, const struct rtmfp_chunk *chunk)
{
	uint64_t id;
	int err = rtmfp_read_buffer_probe(chunk->payload, chunk->len, &id);

	if (!err)
		rtmfp_recvflow_probed(f, id);
	return err;
}

int rtmfp_flows_chunk(struct rtmfp_flows *f, const struct rtmfp_chunk *chunk, uint64_t now)
{
	int err = RTMFP_ERR_SYNTAX;

	if (f->dead)
		return 0;
	f->now = now;
	rtmfp_flows_enter(f);
	switch (chunk->type) {
	case RTMFP_CHUNK_DATA:
	case RTMFP_CHUNK_NEXT_DATA: err = data_chunk(f, chunk, now); break;
	case RTMFP_CHUNK_ACK_BITMAP:
	case RTMFP_CHUNK_ACK_RANGES: err = ack_chunk(f, chunk, now); break;
	case RTMFP_CHUNK_EXCEPTION: err = exception_chunk(f, chunk, now); break;
	case RTMFP_CHUNK_BUFFER_PROBE: err = probe_chunk(f, chunk); break;
	default: break;
	}
	rtmfp_flows_leave(f);
	return err;
}

static void update_pacer(struct rtmfp_flows *f, uint64_t now)
{
	rtmfp_pacer_set(&f->pacer, f->cc->ops->pacing_rate(f->cc, rtmfp_rtt_best(&f->rtt)), f->chunk_room,
			now);
}

/* Loss, round-trip time and congestion control after a packet with acknowledgements. */
static void acks_received(struct rtmfp_flows *f, uint64_t now)
{
	struct rtmfp_cc_ack ack = {
		.now = now,
		.acked = f->acked,
		.pre_outstanding = f->pre_outstanding,
		.next_tsn = f->tx.next,
		.limited = f->limited,
		.fastgrow_allowed = f->fastgrow,
		.tc_sent = now < f->tc_until,
	};
	struct rtmfp_txorder_entry lost;
	uint64_t lost_below;

	if (f->newest_tsn > 0)
		rtmfp_rtt_acked(&f->rtt,
				&(struct rtmfp_rtt_ack){ .sent = f->newest_sent, .prompt = f->acked_two },
				now);
	ack.any_nak = rtmfp_txorder_packet(&f->tx, &lost_below);
	while (rtmfp_txorder_take(&f->tx, lost_below, &lost)) {
		ack.lost += rtmfp_sendflow_lost(lost.flow, lost.sequence_number, now);
		ack.any_loss = true;
		ack.newest_lost = f->tx.oldest - 1;
	}
	ack.rtt = rtmfp_rtt_best(&f->rtt);
	ack.min_rtt = rtmfp_rtt_min(&f->rtt);
	f->cc->ops->on_ack_packet(f->cc, &ack);
	update_pacer(f, now);
	if (f->alarm != RTMFP_NEVER)
		f->alarm = now + f->rtt.erto;
	if (f->acked > 0) {
		f->acked_total += f->acked;
		f->timeouts_in_row = 0;
		f->ack_due_since = f->outstanding > 0 ? now : RTMFP_NEVER;
	}
}

void rtmfp_flows_packet_end(struct rtmfp_flows *f, uint64_t now)
{
	if (f->dead)
		return;
	f->now = now;
	rtmfp_flows_enter(f);
	if (f->any_acks)
		acks_received(f, now);
	if (f->any_data && ++f->rx_data_packets >= f->params->ack_every)
		f->ack_now = true;
	if (f->any_acks || f->any_data || f->ack_now)
		rtmfp_flows_wake(f);
	rtmfp_flows_leave(f);
}

/* ---- timestamps ---- */

void rtmfp_flows_timestamps_received(struct rtmfp_flows *f, const struct rtmfp_packet_header *h, uint64_t now)
{
	rtmfp_rtt_received(&f->rtt, h, now);
	/* The first measurement of a path ends ERTO's cautious beginning for what is in flight already. */
	if (f->alarm != RTMFP_NEVER && f->alarm > now + f->rtt.erto)
		f->alarm = now + f->rtt.erto;
}

void rtmfp_flows_timestamps_fill(struct rtmfp_flows *f, struct rtmfp_packet_header *h, uint64_t now)
{
	rtmfp_rtt_fill(&f->rtt, h, now);
}

void rtmfp_flows_rtt_sample(struct rtmfp_flows *f, uint64_t rtt, uint64_t now)
{
	rtmfp_rtt_sample(&f->rtt, rtt, now);
	update_pacer(f, now);
}

/* ---- sending ---- */

static bool is_ack_due(const struct rtmfp_flows *f, uint64_t now)
{
	return f->ack_head && (f->ack_now || f->delack_at <= now);
}

/*
 * A flow that is suspended, has something to send, and was not probed for long enough; or NULL. It stays due
 * until rtmfp_sendflow_probe_sent.
 */
static struct rtmfp_sendflow *find_probe(struct rtmfp_flows *f, bool keying_only, uint64_t now)
{
	struct rtmfp_sendflow *due = NULL;
	uint64_t next = RTMFP_NEVER;

	if (f->probe_due > now)
		return NULL;
	for (unsigned i = 0; i < f->send_cap; i++) {
		struct rtmfp_sendflow *flow = f->send[i];
		uint64_t at;

		if (!flow || flow->probe_at == RTMFP_NEVER)
			continue;
		if (flow->q.count == 0 && rtmfp_sendqueue_messages(&flow->q) == 0) {
			flow->probe_at = RTMFP_NEVER; /* what it had to send was given up */
			continue;
		}
		at = flow->probe_at;
		if (at <= now && keying_only && flow->priority != RTMFP_PRIORITY_KEYING)
			at = now + f->params->probe_interval; /* not allowed now */
		else if (at <= now)
			due = flow;
		if (at < next)
			next = at;
	}
	f->probe_due = next;
	return due;
}

/* The priorities that may be sent, as bits. */
static unsigned levels(const struct rtmfp_flows *f, bool keying_only)
{
	return keying_only ? f->active_levels & 1u << RTMFP_PRIORITY_KEYING : f->active_levels;
}

/* Is a flow ready to transmit? Those that are not leave the lists. */
static bool has_ready_flow(struct rtmfp_flows *f, bool keying_only, size_t room, uint64_t now)
{
	for (int level = RTMFP_PRIORITIES - 1; level >= 0; level--) {
		if (!(levels(f, keying_only) >> level & 1u))
			continue;
		while (f->active[level].head) {
			if (rtmfp_sendflow_ready(f->active[level].head, room, now))
				return true;
			rtmfp_sendflow_deactivate(f->active[level].head);
		}
	}
	return false;
}

/* May user data be sent? Remembers what it waits for if not. */
static bool may_send_data(struct rtmfp_flows *f, bool keying_only, size_t room, uint64_t now)
{
	f->pace_at = RTMFP_NEVER;
	if (f->retry_at != RTMFP_NEVER && f->retry_at > now)
		return false;
	if (!has_ready_flow(f, keying_only, room, now)) {
		f->limited = false;
		return false;
	}
	if (f->outstanding >= f->cc->ops->cwnd(f->cc)) {
		f->limited = true;
		return false;
	}
	if (!rtmfp_pacer_may_send(&f->pacer, now)) {
		f->limited = true;
		f->pace_at = rtmfp_pacer_next(&f->pacer);
		return false;
	}
	return true;
}

enum rtmfp_flows_want rtmfp_flows_want(struct rtmfp_flows *f, bool keying_only, uint64_t now)
{
	f->now = now;
	if (is_ack_due(f, now))
		return RTMFP_WANT_ACK;
	if (may_send_data(f, keying_only, f->chunk_room, now))
		return RTMFP_WANT_DATA;
	return find_probe(f, keying_only, now) ? RTMFP_WANT_DATA : RTMFP_WANT_NOTHING;
}

/* Appends acknowledgements as long as they fit (3.6.3.4.5, 3.6.3.4.6). */
static void fill_acks(struct rtmfp_flows *f, struct rtmfp_writer *w, struct rtmfp_fill *fill, bool obligatory)
{
	while (f->ack_head && rtmfp_recvflow_write_ack(f, w, obligatory && !fill->acks))
		fill->acks = true;
	if (!f->ack_head) {
		f->ack_now = false;
		f->rx_data_packets = 0;
		f->delack_at = RTMFP_NEVER;
	}
}

/* Fragments of one flow, as many as fit. */
static enum rtmfp_send_result fill_flow(struct rtmfp_flows *f, struct rtmfp_sendflow *flow,
					struct rtmfp_writer *w, struct rtmfp_fill *fill, size_t room,
					uint64_t now)
{
	struct rtmfp_send_cursor cursor = { .packet = f->tx_packet };
	enum rtmfp_send_result result = RTMFP_SEND_NOTHING;

	while (f->outstanding < f->cc->ops->cwnd(f->cc) && rtmfp_sendflow_ready(flow, room, now)) {
		result = rtmfp_sendflow_send(flow, w, &cursor, room, now);
		if (result != RTMFP_SEND_DONE)
			break;
	}
	if (cursor.begun) {
		fill->user_data = true;
		if (flow->priority == RTMFP_PRIORITY_REALTIME)
			fill->time_critical = true;
	}
	return result;
}

/*
 * User data by priority: higher first, in turn within one. What does not fit any more may leave room for
 * something smaller of another flow.
 */
static void fill_data(struct rtmfp_flows *f, struct rtmfp_writer *w, struct rtmfp_fill *fill, size_t room,
		      uint64_t now)
{
	unsigned misfits = 0;

	for (int level = RTMFP_PRIORITIES - 1; level >= 0; level--) {
		struct rtmfp_active_list *list = &f->active[level];
		struct rtmfp_sendflow *flow = list->head, *next;

		if (!(levels(f, fill->keying_only) >> level & 1u))
			continue;
		for (unsigned n = list->count; n > 0 && flow; n--, flow = next) {
			bool before = fill->user_data;
			enum rtmfp_send_result result;

			next = flow->next;
			if (f->outstanding >= f->cc->ops->cwnd(f->cc) || misfits >= MISFITS_MAX)
				return;
			if (!rtmfp_sendflow_ready(flow, room, now)) {
				rtmfp_sendflow_deactivate(flow);
				continue;
			}
			fill->user_data = false;
			result = fill_flow(f, flow, w, fill, room, now);
			if (fill->user_data) { /* its turn is over */
				rtmfp_sendflow_deactivate(flow);
				rtmfp_sendflow_activate(flow);
			}
			fill->user_data = fill->user_data || before;
			if (result == RTMFP_SEND_NOMEM) {
				rtmfp_flows_retry(f);
				return;
			}
			if (result == RTMFP_SEND_FULL)
				misfits++;
		}
	}
}

/* What a packet with user data changes (3.6.2.6). */
static void data_sent(struct rtmfp_flows *f, size_t bytes, bool was_idle, bool time_critical, uint64_t now)
{
	f->tx_packet++;
	rtmfp_pacer_sent(&f->pacer, bytes, now);
	/*
	 * Departs from 3.6.2.6, where each packet that is sent puts the alarm off: that way a flow that
	 * sends more often than ERTO would learn that nothing arrives any more only when its window is
	 * full. Here it fires after ERTO in which data was outstanding and no acknowledgement came.
	 */
	if (was_idle || f->alarm == RTMFP_NEVER)
		f->alarm = now + f->rtt.erto;
	if (f->ack_due_since == RTMFP_NEVER)
		f->ack_due_since = now;
	if (time_critical)
		f->tc_until = now + TC_HOLD;
	rtmfp_flows_touch(f);
}

/* Flows that wait for a larger packet have a chance now. */
static void wake_oversized(struct rtmfp_flows *f, size_t room)
{
	for (unsigned i = 0; f->oversized > 0 && i < f->send_cap; i++) {
		if (f->send[i] && f->send[i]->oversize > 0 && f->send[i]->oversize <= room)
			rtmfp_sendflow_activate(f->send[i]);
	}
}

size_t rtmfp_flows_fill(struct rtmfp_flows *f, struct rtmfp_writer *w, struct rtmfp_fill *fill, uint64_t now)
{
	bool obligatory = is_ack_due(f, now);
	bool was_idle = f->outstanding == 0;
	size_t room = rtmfp_write_room(w);
	struct rtmfp_sendflow *probe;
	const uint8_t *start = w->at;

	f->now = now;
	fill->user_data = fill->acks = fill->time_critical = false;
	if (f->dead)
		return 0;
	rtmfp_flows_enter(f);
	if (room > f->chunk_room)
		wake_oversized(f, room);
	else
		room = f->chunk_room;
	if (obligatory)
		fill_acks(f, w, fill, true);
	if (may_send_data(f, fill->keying_only, room, now)) {
		const uint8_t *data = w->at;

		fill_data(f, w, fill, room, now);
		if (fill->user_data)
			data_sent(f, (size_t)(w->at - data), was_idle, fill->time_critical, now);
	}
	probe = find_probe(f, fill->keying_only, now);
	if (probe && rtmfp_write_room(w) >= RTMFP_CHUNK_HEADER + rtmfp_vlu_size(probe->id)) {
		rtmfp_write_buffer_probe(w, probe->id);
		rtmfp_sendflow_probe_sent(probe, now);
		(void)find_probe(f, fill->keying_only, now);
	}
	if (fill->user_data)
		fill_acks(f, w, fill, false);
	rtmfp_flows_leave(f);
	return (size_t)(w->at - start);
}

void rtmfp_flows_settle(struct rtmfp_flows *f)
{
	for (unsigned i = 0; i < f->send_cap; i++) {
		if (f->send[i])
			rtmfp_sendflow_settle(f->send[i]);
	}
}

void rtmfp_flows_set_datagram(struct rtmfp_flows *f, size_t chunk_room)
{
	f->chunk_room = chunk_room < CHUNK_ROOM_MAX ? chunk_room : CHUNK_ROOM_MAX;
	f->cc->ops->on_datagram(f->cc, f->chunk_room);
	update_pacer(f, f->now);
	wake_oversized(f, f->chunk_room);
}

size_t rtmfp_flows_oversize(const struct rtmfp_flows *f)
{
	size_t most = 0;

	for (unsigned i = 0; f->oversized > 0 && i < f->send_cap; i++) {
		if (f->send[i] && f->send[i]->oversize > most)
			most = f->send[i]->oversize;
	}
	return most;
}

void rtmfp_flows_set_fastgrow(struct rtmfp_flows *f, bool allowed)
{
	f->fastgrow = allowed;
}

/* ---- time ---- */

static uint64_t earlier(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

uint64_t rtmfp_flows_expiry(const struct rtmfp_flows *f)
{
	uint64_t expiry = earlier(f->alarm, f->pace_at);

	expiry = earlier(expiry, f->retry_at);
	expiry = earlier(expiry, f->linger_due);
	expiry = earlier(expiry, f->probe_due);
	if (f->ack_head)
		expiry = earlier(expiry, f->delack_at);
	if (f->caches)
		expiry = earlier(expiry, f->last_activity + IDLE_TIME);
	return expiry;
}

/* Takes all that is in flight for lost; true if there was anything. */
static bool lose_all(struct rtmfp_flows *f, uint64_t now)
{
	struct rtmfp_txorder_entry lost;
	bool any = false;

	f->alarm = RTMFP_NEVER;
	while (rtmfp_txorder_take(&f->tx, UINT64_MAX, &lost)) {
		(void)rtmfp_sendflow_lost(lost.flow, lost.sequence_number, now);
		any = true;
	}
	return any;
}

/*
 * What is in flight left on the old path and says nothing of the new one: it would only fill the window until
 * a timeout. It is no loss in the sense of congestion control.
 */
void rtmfp_flows_rebound(struct rtmfp_flows *f, uint64_t now)
{
	if (f->dead)
		return;
	f->now = now;
	rtmfp_flows_enter(f);
	(void)lose_all(f, now);
	f->timeouts_in_row = 0;
	f->ack_due_since = RTMFP_NEVER;
	rtmfp_flows_wake(f);
	rtmfp_flows_leave(f);
}

void rtmfp_flows_path_changed(struct rtmfp_flows *f, uint64_t now)
{
	if (f->dead)
		return;
	rtmfp_flows_rebound(f, now);
	rtmfp_rtt_path_changed(&f->rtt, now);
	f->cc->ops->on_path_change(f->cc, now);
	update_pacer(f, now);
}

/* TIMEOUT_ALARM has fired (3.6.2.6): all that is in flight is lost. */
static void time_out(struct rtmfp_flows *f, uint64_t now)
{
	bool was_loss = lose_all(f, now);

	if (was_loss) {
		rtmfp_rtt_backoff(&f->rtt);
		f->timeouts_in_row++;
	}
	f->cc->ops->on_timeout(f->cc, was_loss, now);
	update_pacer(f, now);
}

/* Ends what has lingered long enough, and finds when the next does. */
static void end_lingering(struct rtmfp_flows *f, uint64_t now)
{
	f->linger_due = RTMFP_NEVER;
	for (unsigned i = 0; i < f->send_cap; i++) {
		struct rtmfp_sendflow *flow = f->send[i];

		if (!flow || flow->state != RTMFP_F_COMPLETE_LINGER)
			continue;
		if (flow->linger_until <= now) {
			rtmfp_sendflow_free(flow);
			f->send[i] = NULL;
			f->send_count--;
		} else {
			f->linger_due = earlier(f->linger_due, flow->linger_until);
		}
	}
	for (unsigned i = 0; i < f->recv_count;) {
		struct rtmfp_recvflow *flow = f->recv[i];

		if (flow->state == RTMFP_RF_COMPLETE_LINGER && flow->linger_until <= now)
			rtmfp_recvflow_finish(flow);
		if (flow->state == RTMFP_RF_COMPLETE_LINGER)
			f->linger_due = earlier(f->linger_due, flow->linger_until);
		/* What the user has suspended is kept until it was delivered. */
		if (flow->state == RTMFP_RF_CLOSED && flow->buf.count == 0) {
			rtmfp_recvflow_free(flow);
			f->recv[i] = f->recv[--f->recv_count];
		} else {
			i++;
		}
	}
}

static void release_caches(struct rtmfp_flows *f)
{
	f->caches = false;
	for (unsigned i = 0; i < f->send_cap; i++) {
		if (f->send[i])
			rtmfp_sendqueue_idle(&f->send[i]->q);
	}
	for (unsigned i = 0; i < f->recv_count; i++)
		rtmfp_recvflow_idle(f->recv[i]);
	rtmfp_txorder_idle(&f->tx);
	rtmfp_pool_drain(&f->pool);
	rtmfp_free(f->mem, f->scratch);
	f->scratch = NULL;
	f->scratch_cap = 0;
}

void rtmfp_flows_tick(struct rtmfp_flows *f, uint64_t now)
{
	if (f->dead)
		return;
	f->now = now;
	rtmfp_flows_enter(f);
	if (f->alarm <= now)
		time_out(f, now);
	if (f->delack_at <= now) {
		f->ack_now = true;
		f->delack_at = RTMFP_NEVER;
	}
	if (f->pace_at <= now)
		f->pace_at = RTMFP_NEVER;
	if (f->retry_at <= now) {
		f->retry_at = RTMFP_NEVER;
		for (unsigned i = 0; i < f->recv_count && !f->dead; i++) {
			if (f->recv[i]->stalled)
				rtmfp_recvflow_retry(f->recv[i]);
		}
	}
	if (!f->dead && f->linger_due <= now)
		end_lingering(f, now);
	if (!f->dead && f->caches && f->last_activity + IDLE_TIME <= now)
		release_caches(f);
	rtmfp_flows_wake(f);
	rtmfp_flows_leave(f);
}

/* ---- state ---- */

void rtmfp_flows_health(const struct rtmfp_flows *f, struct rtmfp_flows_health *out)
{
	*out = (struct rtmfp_flows_health){
		.timeouts_in_row = f->timeouts_in_row,
		.ack_due_since = f->ack_due_since,
		.erto = f->rtt.erto,
		.erto_unbacked = f->rtt.unbacked,
		.acked = f->acked_total,
		.srtt = f->rtt.srtt,
		.rttvar = f->rtt.rttvar,
		.rtt = f->rtt.smoothed,
		.min_rtt = rtmfp_rtt_min(&f->rtt),
		.cwnd = f->cc->ops->cwnd(f->cc),
		.outstanding = f->outstanding,
		.lost_fragments = f->lost_fragments,
	};
	for (unsigned i = 0; i < f->send_cap; i++) {
		if (f->send[i] && f->send[i]->state < RTMFP_F_COMPLETE_LINGER)
			out->has_open_flows = true;
	}
	for (unsigned i = 0; i < f->recv_count; i++) {
		if (f->recv[i]->state < RTMFP_RF_COMPLETE_LINGER)
			out->has_open_flows = true;
	}
}

void rtmfp_flows_backoff(struct rtmfp_flows *f)
{
	rtmfp_rtt_backoff(&f->rtt);
}
