/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sending flows (RFC 7016 section 3.6.2): what the user does to them, what acknowledgements do, and which
 * fragment is next. Touches the flow and what the flows of a session share; flows.c and users call it.
 */
#include "flows_impl.h"

#include <assert.h>
#include <string.h>

#define BLOCK 1024u
#define BYTES_HELD_MAX \
	(2u * RTMFP_MESSAGE_MAX) /* of a flow, sent or not: a far end may never acknowledge one */
#define DATA_FIXED_SIZE (RTMFP_CHUNK_HEADER + 1u) /* chunk header, flags */

static void enter(struct rtmfp_sendflow *flow, enum rtmfp_f_state to)
{
	struct rtmfp_flows *f = flow->f;

	assert(to == flow->state + 1 || to == RTMFP_F_CLOSED);
	flow->state = to;
	if (to < RTMFP_F_COMPLETE_LINGER)
		return;
	rtmfp_sendflow_deactivate(flow);
	flow->probe_at = RTMFP_NEVER;
	flow->linger_until = f->now + f->params->sendflow_linger;
	if (flow->linger_until < f->linger_due)
		f->linger_due = flow->linger_until;
}

/* ---- the list of flows that may have something to send, one a priority, in turn ---- */

void rtmfp_sendflow_activate(struct rtmfp_sendflow *flow)
{
	struct rtmfp_active_list *list = &flow->f->active[flow->priority];

	if (flow->active || flow->state >= RTMFP_F_COMPLETE_LINGER)
		return;
	flow->active = true;
	flow->prev = list->tail;
	flow->next = NULL;
	if (list->tail)
		list->tail->next = flow;
	else
		list->head = flow;
	list->tail = flow;
	list->count++;
	flow->f->active_levels |= 1u << flow->priority;
}

void rtmfp_sendflow_deactivate(struct rtmfp_sendflow *flow)
{
	struct rtmfp_active_list *list = &flow->f->active[flow->priority];

	if (!flow->active)
		return;
	flow->active = false;
	if (flow->prev)
		flow->prev->next = flow->next;
	else
		list->head = flow->next;
	if (flow->next)
		flow->next->prev = flow->prev;
	else
		list->tail = flow->prev;
	if (--list->count == 0)
		flow->f->active_levels &= ~(1u << flow->priority);
}

/* ---- abandoning (3.6.2.7) ---- */

static size_t bytes_held(const struct rtmfp_sendflow *flow)
{
	return (size_t)(flow->q.bytes.tail - flow->q.bytes.head);
}

/* A write that was refused may be repeated now? */
static void note_writable(struct rtmfp_sendflow *flow)
{
	if (flow->wants_writable && flow->state == RTMFP_F_OPEN && flow->q.queued <= flow->queue_max / 2 &&
	    bytes_held(flow) <= BYTES_HELD_MAX / 2 &&
	    rtmfp_sendqueue_messages(&flow->q) <= RTMFP_SENDQ_MESSAGES_MAX / 2) {
		flow->wants_writable = false;
		flow->writable_due = true;
		flow->f->writable_due = true;
	}
}

static void set_oversize(struct rtmfp_sendflow *flow, size_t size)
{
	if (flow->oversize == 0 && size > 0)
		flow->f->oversized++;
	if (flow->oversize > 0 && size == 0)
		flow->f->oversized--;
	flow->oversize = size;
}

static void abandon_entry(struct rtmfp_sendflow *flow, uint64_t seq)
{
	struct rtmfp_sendq_entry *e = rtmfp_sendqueue_entry(&flow->q, seq);

	if (e->flags & RTMFP_SENDQ_GONE)
		return;
	rtmfp_sendqueue_unmark_lost(&flow->q, seq);
	rtmfp_sendqueue_drop_data(&flow->q, seq);
	e->flags |= RTMFP_SENDQ_ABANDONED;
}

static void abandoned(struct rtmfp_sendflow *flow)
{
	flow->stats.abandoned++;
	set_oversize(flow, 0);
	rtmfp_sendqueue_release(&flow->q);
	note_writable(flow);
}

/* Abandons the message that |seq| belongs to, with all its fragments and what was not cut of it. */
static void abandon_message_of(struct rtmfp_sendflow *flow, uint64_t seq)
{
	struct rtmfp_sendqueue *q = &flow->q;
	uint64_t at = seq;
	uint8_t fra;

	while (at > q->front) {
		fra = rtmfp_sendqueue_entry(q, at)->fra;
		if (fra != RTMFP_FRA_MIDDLE && fra != RTMFP_FRA_END)
			break;
		abandon_entry(flow, --at);
	}
	for (at = seq; at < q->next; at++) {
		abandon_entry(flow, at);
		fra = rtmfp_sendqueue_entry(q, at)->fra;
		if (fra != RTMFP_FRA_BEGIN && fra != RTMFP_FRA_MIDDLE)
			break;
	}
	if (at == q->next)
		rtmfp_sendqueue_give_up(q);
	abandoned(flow);
}

static bool message_expired(const struct rtmfp_sendflow *flow, uint64_t now)
{
	const struct rtmfp_sendq_message *m = rtmfp_sendqueue_message(&flow->q);

	return m && !m->begun && !m->abandoned && m->queue_deadline != RTMFP_NEVER &&
	       now >= m->queue_deadline;
}

/*
 * Takes out messages, or what is left of one, that were given up or have waited too long. Each leaves a
 * number behind, so that the far end sees the gap. False: memory or room is short for that.
 */
static bool drop_abandoned(struct rtmfp_sendflow *flow, uint64_t now)
{
	struct rtmfp_sendqueue *q = &flow->q;
	const struct rtmfp_sendq_message *m;

	while ((m = rtmfp_sendqueue_message(q))) {
		int err;

		if (message_expired(flow, now)) {
			flow->stats.unsent++;
			rtmfp_sendqueue_give_up(q);
			abandoned(flow);
		}
		if (!m->abandoned)
			break;
		err = rtmfp_sendqueue_reserve(q);
		if (err == RTMFP_ERR_NOMEM)
			rtmfp_flows_retry(flow->f);
		if (err)
			return false;
		(void)rtmfp_sendqueue_place(q, m->begun ? RTMFP_FRA_END : RTMFP_FRA_WHOLE);
		rtmfp_sendqueue_drop_message(q);
	}
	return true;
}

/* ---- which fragment is next (3.6.2.3) ---- */

static bool is_waiting_abandoned(const struct rtmfp_sendq_entry *e)
{
	return (e->flags & (RTMFP_SENDQ_ABANDONED | RTMFP_SENDQ_IN_FLIGHT | RTMFP_SENDQ_GONE)) ==
	       RTMFP_SENDQ_ABANDONED;
}

/*
 * Trims abandoned fragments from the front of the queue.
 *
 * Departs from step 1 of 3.6.2.3: the last of them stays if nothing else is eligible to be sent. By the
 * letter it would be discarded whenever anything is in flight behind it, and nothing would tell the far end
 * of the gap: there would be no FSN Update as in line 25 of figure 21, as 3.6.2.7.1 asks for.
 */
static void trim(struct rtmfp_sendflow *flow)
{
	struct rtmfp_sendqueue *q = &flow->q;

	while (q->count > 0 && is_waiting_abandoned(rtmfp_sendqueue_entry(q, q->front))) {
		if (q->lost == 0 && rtmfp_sendqueue_messages(q) == 0) {
			uint64_t next = rtmfp_sendqueue_from(q, q->front + 1);

			if (next == q->next ||
			    (!is_waiting_abandoned(rtmfp_sendqueue_entry(q, next)) &&
			     !(q->next - 1 == flow->final_sn &&
			       is_waiting_abandoned(rtmfp_sendqueue_entry(q, q->next - 1)))))
				return;
		}
		rtmfp_sendqueue_remove(q, q->front);
	}
}

/*
 * Makes the numbers exist that have no message: the final one of a flow that is closing and has nothing left
 * to send; and, when all numbers are settled but the far end was never told that some of them were
 * abandoned, the last one again, for an FSN Update.
 */
static void place_missing(struct rtmfp_sendflow *flow)
{
	struct rtmfp_sendqueue *q = &flow->q;
	bool want_final = flow->state == RTMFP_F_CLOSING && flow->final_sn == 0;
	int err;

	if (rtmfp_sendqueue_messages(q) > 0)
		return;
	if (!want_final && (q->count > 0 || flow->cumulative + 1 >= q->next))
		return;
	if (want_final && q->count > 0) {
		const struct rtmfp_sendq_entry *last = rtmfp_sendqueue_entry(q, q->next - 1);

		if (!(last->flags & (RTMFP_SENDQ_GONE | RTMFP_SENDQ_EVER_SENT))) {
			flow->final_sn = q->next - 1;
			return;
		}
	}
	err = rtmfp_sendqueue_reserve(q);
	if (err == RTMFP_ERR_NOMEM)
		rtmfp_flows_retry(flow->f);
	if (err)
		return;
	if (want_final) {
		flow->final_sn = q->next;
		(void)rtmfp_sendqueue_place(q, RTMFP_FRA_WHOLE);
	} else {
		(void)rtmfp_sendqueue_revive(q);
	}
}

enum pick { PICK_NONE, PICK_FRAGMENT, PICK_MESSAGE };

/* Finds the first that is eligible: a fragment, |*seq|, or the first message's next one. */
static enum pick pick(struct rtmfp_sendflow *flow, uint64_t *seq, uint64_t now)
{
	struct rtmfp_sendqueue *q = &flow->q;
	uint64_t lost;
	bool may_cut;

	for (;;) {
		const struct rtmfp_sendq_entry *e;

		may_cut = drop_abandoned(flow, now);
		place_missing(flow);
		trim(flow);
		*seq = q->front;
		if (q->count > 0 && is_waiting_abandoned(rtmfp_sendqueue_entry(q, q->front)))
			return PICK_FRAGMENT;
		lost = rtmfp_sendqueue_first_lost(q);
		if (lost == 0)
			break;
		*seq = lost;
		e = rtmfp_sendqueue_entry(q, lost);
		if (e->deadline == RTMFP_NEVER || now < e->deadline)
			return PICK_FRAGMENT;
		abandon_message_of(flow, lost);
	}
	if (rtmfp_sendqueue_messages(q) > 0)
		return may_cut ? PICK_MESSAGE : PICK_NONE;
	*seq = flow->final_sn;
	if (flow->final_sn > 0 && q->count > 0 && is_waiting_abandoned(rtmfp_sendqueue_entry(q, *seq)))
		return PICK_FRAGMENT;
	return PICK_NONE;
}

static uint64_t forward_sequence_number(const struct rtmfp_sendqueue *q)
{
	uint8_t flags;

	if (q->count == 0)
		return q->next - 1;
	flags = rtmfp_sendqueue_entry(q, q->front)->flags;
	if (!(flags & RTMFP_SENDQ_ABANDONED))
		return q->front - 1;
	if ((flags & RTMFP_SENDQ_IN_FLIGHT) && !(flags & RTMFP_SENDQ_SENT_ABANDONED))
		return q->front - 1;
	return q->front;
}

/* A suspended flow that has something to send probes (3.6.2.9.1). */
static void arm_probe(struct rtmfp_sendflow *flow, uint64_t now)
{
	struct rtmfp_flows *f = flow->f;

	if (flow->probe_at != RTMFP_NEVER)
		return;
	flow->probe_interval = f->params->probe_interval;
	if (flow->probe_interval < f->rtt.erto)
		flow->probe_interval = f->rtt.erto;
	flow->probe_at = now + flow->probe_interval;
	if (flow->probe_at < f->probe_due)
		f->probe_due = flow->probe_at;
}

void rtmfp_sendflow_probe_sent(struct rtmfp_sendflow *flow, uint64_t now)
{
	struct rtmfp_flows *f = flow->f;
	uint64_t most = f->params->probe_interval_max;

	if (most < f->rtt.erto)
		most = f->rtt.erto;
	flow->probe_interval = flow->probe_interval / 1000 * 1414;
	if (flow->probe_interval > most)
		flow->probe_interval = most;
	flow->probe_at = now + flow->probe_interval;
}

bool rtmfp_sendflow_ready(struct rtmfp_sendflow *flow, size_t room, uint64_t now)
{
	const struct rtmfp_sendqueue *q = &flow->q;
	enum pick kind;
	uint64_t seq;

	if (flow->state >= RTMFP_F_COMPLETE_LINGER || flow->oversize > room)
		return false;
	kind = pick(flow, &seq, now);
	if (kind == PICK_NONE)
		return false;
	if (!flow->exception && flow->rx_buffer <= flow->outstanding) {
		if (flow->rx_buffer == 0)
			arm_probe(flow, now);
		return false;
	}
	return kind == PICK_FRAGMENT || q->next - q->front < RTMFP_SENDQ_ENTRIES_MAX;
}

/* ---- sending (3.6.2.3) ---- */

/* Bytes that the next fragment of the first message takes: as many as fit a datagram, or as the user wants.
 */
static uint32_t cut_length(const struct rtmfp_sendflow *flow, size_t overhead)
{
	const struct rtmfp_sendq_message *m = rtmfp_sendqueue_message(&flow->q);
	size_t room = flow->f->chunk_room > overhead ? flow->f->chunk_room - overhead : 0;
	uint32_t wanted = m->begun ? m->each : m->first;
	uint32_t len = m->len - m->done;

	if (wanted > 0 && len > wanted)
		len = wanted;
	return len > room ? (uint32_t)room : len;
}

struct outgoing {
	struct rtmfp_data chunk;
	struct rtmfp_bytes bytes[2];
	size_t size;				/* of the chunk */
	size_t alone;				/* of the chunk when it comes first in a packet */
	uint32_t len;				/* of its user data */
	bool next;				/* Next User Data */
	const struct rtmfp_sendq_entry *repeat; /* the fragment; NULL: to be cut from the first message */
};

static void outgoing_sizes(struct outgoing *out, const struct rtmfp_sendflow *flow,
			   const struct rtmfp_send_cursor *cursor)
{
	const struct rtmfp_data *c = &out->chunk;
	size_t ids = rtmfp_vlu_size(c->flow_id) + rtmfp_vlu_size(c->sequence_number) +
		     rtmfp_vlu_size(c->sequence_number - c->forward_sequence_number);

	out->next = cursor->follows && cursor->seq + 1 == c->sequence_number &&
		    cursor->fsn == c->forward_sequence_number;
	out->alone = DATA_FIXED_SIZE + ids + flow->startup_len;
	out->size = DATA_FIXED_SIZE + (out->next ? 0 : ids) + (cursor->begun ? 0 : flow->startup_len);
}

static void write_chunk(struct rtmfp_writer *w, struct outgoing *out)
{
	uint8_t *mark = w->at;

	out->chunk.data = out->bytes[0];
	rtmfp_write_data(w, &out->chunk, out->next);
	if (out->bytes[1].len > 0) {
		rtmfp_write_bytes(w, out->bytes[1].p, out->bytes[1].len);
		rtmfp_chunk_end(w, mark);
	}
	assert(!w->failed && (size_t)(w->at - mark) == out->size);
}

static void transmitted(struct rtmfp_sendflow *flow, uint64_t seq, size_t size, uint32_t packet, uint64_t now)
{
	struct rtmfp_flows *f = flow->f;
	struct rtmfp_sendq_entry *e = rtmfp_sendqueue_entry(&flow->q, seq);

	rtmfp_sendqueue_unmark_lost(&flow->q, seq);
	if (e->flags & RTMFP_SENDQ_EVER_SENT) {
		e->flags |= RTMFP_SENDQ_REPEATED;
		flow->stats.repeated++;
	}
	e->flags |= RTMFP_SENDQ_IN_FLIGHT | RTMFP_SENDQ_EVER_SENT;
	if (e->flags & RTMFP_SENDQ_ABANDONED)
		e->flags |= RTMFP_SENDQ_SENT_ABANDONED;
	e->transmit_size = (uint16_t)size;
	e->tsn = rtmfp_txorder_add(&f->tx, flow, seq, packet, now);
	flow->outstanding += size;
	f->outstanding += size;
	flow->stats.fragments++;
}

/*
 * Prepares the chunk of the next fragment, without its bytes. False: there is none, or it needs more than
 * |room|; then |*result| tells.
 */
static bool prepare(struct rtmfp_sendflow *flow, const struct rtmfp_send_cursor *cursor, size_t room,
		    uint64_t now, struct outgoing *out, enum rtmfp_send_result *result)
{
	struct rtmfp_sendqueue *q = &flow->q;
	struct rtmfp_data *c = &out->chunk;
	enum pick kind;

	*result = RTMFP_SEND_NOTHING;
	while ((kind = pick(flow, &c->sequence_number, now)) != PICK_NONE) {
		const struct rtmfp_sendq_message *m = rtmfp_sendqueue_message(q);
		const struct rtmfp_sendq_entry *e = NULL;
		bool empty = false; /* nothing of the message fits beside the options */

		if (kind == PICK_FRAGMENT)
			e = rtmfp_sendqueue_entry(q, c->sequence_number);
		else
			c->sequence_number = q->next;
		c->forward_sequence_number = forward_sequence_number(q);
		outgoing_sizes(out, flow, cursor);
		out->repeat = e;
		if (e) {
			c->abandon = e->flags & RTMFP_SENDQ_ABANDONED;
			out->len = c->abandon ? 0 : e->len;
		} else {
			out->len = cut_length(flow, out->alone);
			empty = out->len == 0 && m->len > m->done;
		}
		out->size += out->len;
		if (out->alone + out->len <= room && !empty)
			return true;
		*result = RTMFP_SEND_FULL;
		if (!e || c->abandon || e->deadline == RTMFP_NEVER) {
			set_oversize(flow, out->alone + out->len + empty);
			return false;
		}
		/* Cut for a larger datagram, but need not be delivered: it gives way to what comes after it.
		 */
		abandon_message_of(flow, c->sequence_number);
	}
	return false;
}

enum rtmfp_send_result rtmfp_sendflow_send(struct rtmfp_sendflow *flow, struct rtmfp_writer *w,
					   struct rtmfp_send_cursor *cursor, size_t room, uint64_t now)
{
	struct rtmfp_flows *f = flow->f;
	struct rtmfp_sendqueue *q = &flow->q;
	struct outgoing out = { .chunk = { .flow_id = flow->id } };
	struct rtmfp_data *c = &out.chunk;
	enum rtmfp_send_result result;

	if (!prepare(flow, cursor, room, now, &out, &result))
		return result;
	if (out.size > rtmfp_write_room(w))
		return RTMFP_SEND_FULL;
	if (rtmfp_txorder_reserve(&f->tx) != 0 || (!out.repeat && rtmfp_sendqueue_reserve(q) != 0))
		return RTMFP_SEND_NOMEM;

	if (out.repeat) {
		c->fra = (enum rtmfp_fra)out.repeat->fra;
		if (out.len > 0)
			rtmfp_bytering_peek(&q->bytes, out.repeat->pos, out.len, out.bytes);
	} else {
		rtmfp_sendqueue_peek(q, out.len, out.bytes);
		c->fra = (enum rtmfp_fra)rtmfp_sendqueue_cut(q, out.len)->fra;
		if (flow->state == RTMFP_F_CLOSING && rtmfp_sendqueue_messages(q) == 0)
			flow->final_sn = c->sequence_number;
	}
	c->final = c->sequence_number == flow->final_sn;
	c->has_options = !cursor->begun && flow->startup;
	c->options = (struct rtmfp_bytes){ .p = flow->startup, .len = flow->startup_len };
	write_chunk(w, &out);
	transmitted(flow, c->sequence_number, out.size, cursor->packet, now);
	rtmfp_sendqueue_release(q);
	set_oversize(flow, 0);
	note_writable(flow);
	cursor->begun = cursor->follows = true;
	cursor->seq = c->sequence_number;
	cursor->fsn = c->forward_sequence_number;
	return RTMFP_SEND_DONE;
}

/* ---- acknowledgement and loss (3.6.2.4, 3.6.2.5) ---- */

/* What an acknowledged fragment, that was in flight, tells about the round trip. */
static void note_rtt(struct rtmfp_flows *f, const struct rtmfp_sendq_entry *e,
		     const struct rtmfp_txorder_entry *sent)
{
	if (f->acked_any && sent->packet != f->acked_packet)
		f->acked_two = true;
	f->acked_any = true;
	f->acked_packet = sent->packet;
	if (!(e->flags & RTMFP_SENDQ_REPEATED) && e->tsn > f->newest_tsn) {
		f->newest_tsn = e->tsn;
		f->newest_sent = sent->sent;
	}
}

static void ack_fragment(struct rtmfp_sendflow *flow, uint64_t seq)
{
	struct rtmfp_sendq_entry *e = rtmfp_sendqueue_entry(&flow->q, seq);

	if (e->flags & RTMFP_SENDQ_IN_FLIGHT) {
		struct rtmfp_txorder_entry sent = rtmfp_txorder_acked(&flow->f->tx, e->tsn);

		note_rtt(flow->f, e, &sent);
		e->flags &= (uint8_t)~RTMFP_SENDQ_IN_FLIGHT;
		flow->outstanding -= e->transmit_size;
		flow->f->outstanding -= e->transmit_size;
	}
	rtmfp_sendqueue_remove(&flow->q, seq);
}

/*
 * Departs from step 4 of 3.6.2.4: a fragment that was taken for lost is removed as well, and not sent again,
 * when it turns out to have arrived.
 */
static void ack_range(struct rtmfp_sendflow *flow, uint64_t from, uint64_t to)
{
	struct rtmfp_sendqueue *q = &flow->q;
	uint64_t seq;

	if (from < q->front)
		from = q->front;
	if (to >= q->next)
		to = q->next - 1;
	for (seq = rtmfp_sendqueue_from(q, from); seq <= to && seq < q->next;
	     seq = rtmfp_sendqueue_from(q, seq + 1)) {
		uint8_t flags = rtmfp_sendqueue_entry(q, seq)->flags;

		if ((flags & RTMFP_SENDQ_EVER_SENT) ||
		    ((flags & RTMFP_SENDQ_ABANDONED) && seq != flow->final_sn))
			ack_fragment(flow, seq);
	}
}

static void complete(struct rtmfp_sendflow *flow)
{
	struct rtmfp_flows *f = flow->f;

	if (flow->state != RTMFP_F_CLOSING || flow->final_sn == 0 || flow->q.count > 0 ||
	    flow->cumulative < flow->final_sn)
		return;
	enter(flow, RTMFP_F_COMPLETE_LINGER);
	rtmfp_sendqueue_fini(&flow->q);
	set_oversize(flow, 0);
	flow->closed_told = true;
	if (f->cb->on_sendflow_closed)
		f->cb->on_sendflow_closed(f->cb_user, flow);
}

void rtmfp_sendflow_ack(struct rtmfp_sendflow *flow, const struct rtmfp_ack *ack, uint64_t now)
{
	struct rtmfp_flows *f = flow->f;
	struct rtmfp_sendqueue *q = &flow->q;
	uint64_t before = flow->outstanding;
	uint64_t last = q->next - 1;
	uint64_t cumulative = ack->cumulative < last ? ack->cumulative : last;
	struct rtmfp_ack_walk walk = rtmfp_ack_walk(ack);
	uint64_t from, to;

	if (flow->state >= RTMFP_F_COMPLETE_LINGER || last == 0)
		return;
	f->any_acks = true;
	if (flow->startup) {
		rtmfp_free(f->mem, flow->startup);
		flow->startup = NULL;
		flow->startup_len = 0;
		f->acked_two = true; /* 3.6.3.1: the first one was owed at once */
	}
	/* One that was overtaken by a later one says nothing about the buffer of now. */
	if (cumulative >= flow->cumulative) {
		flow->rx_buffer =
			ack->buffer_blocks < UINT64_MAX / BLOCK ? ack->buffer_blocks * BLOCK : UINT64_MAX;
		if (flow->rx_buffer > 0)
			flow->probe_at = RTMFP_NEVER;
	}
	ack_range(flow, 0, cumulative);
	while (q->count > 0 && rtmfp_ack_next(&walk, &from, &to) && from <= last) {
		f->acked_two = true; /* 3.6.3.4.1: so is one that tells of a gap */
		ack_range(flow, from, to);
	}
	if (cumulative > flow->cumulative)
		flow->cumulative = cumulative;
	f->acked += before - flow->outstanding;
	set_oversize(flow, 0);
	rtmfp_sendqueue_release(q);
	note_writable(flow);
	(void)now;
	rtmfp_sendflow_activate(flow);
	complete(flow);
}

size_t rtmfp_sendflow_lost(struct rtmfp_sendflow *flow, uint64_t seq, uint64_t now)
{
	struct rtmfp_sendq_entry *e = rtmfp_sendqueue_entry(&flow->q, seq);
	size_t size = e->transmit_size;

	e->flags &= (uint8_t)~RTMFP_SENDQ_IN_FLIGHT;
	flow->outstanding -= size;
	flow->f->outstanding -= size;
	flow->stats.lost++;
	flow->f->lost_fragments++;
	if (!(e->flags & RTMFP_SENDQ_ABANDONED)) {
		if (e->deadline != RTMFP_NEVER && now >= e->deadline)
			abandon_message_of(flow, seq);
		else
			rtmfp_sendqueue_mark_lost(&flow->q, seq);
	}
	rtmfp_sendflow_activate(flow);
	return size;
}

/* ---- exception and close (3.6.2.10, 3.6.2.11) ---- */

static void abandon_all(struct rtmfp_sendflow *flow)
{
	struct rtmfp_sendqueue *q = &flow->q;

	for (uint64_t seq = q->front; seq < q->next; seq = rtmfp_sendqueue_from(q, seq + 1))
		abandon_entry(flow, seq);
	while (rtmfp_sendqueue_message(q)) {
		flow->stats.unsent += !rtmfp_sendqueue_message(q)->begun;
		rtmfp_sendqueue_give_up(q);
		rtmfp_sendqueue_drop_message(q);
		flow->stats.abandoned++;
	}
	set_oversize(flow, 0);
	rtmfp_sendqueue_release(q);
}

void rtmfp_sendflow_exception(struct rtmfp_sendflow *flow, uint64_t code, uint64_t now)
{
	struct rtmfp_flows *f = flow->f;

	(void)now;
	if (flow->state >= RTMFP_F_COMPLETE_LINGER || flow->exception)
		return;
	flow->exception = true;
	flow->probe_at = RTMFP_NEVER;
	if (flow->state == RTMFP_F_OPEN)
		enter(flow, RTMFP_F_CLOSING);
	abandon_all(flow);
	rtmfp_sendflow_activate(flow);
	if (f->cb->on_exception)
		f->cb->on_exception(f->cb_user, flow, code);
}

void rtmfp_sendflow_close(struct rtmfp_sendflow *flow, uint64_t now)
{
	struct rtmfp_flows *f = flow->f;

	if (flow->state != RTMFP_F_OPEN || f->dead)
		return;
	f->now = now;
	enter(flow, RTMFP_F_CLOSING);
	rtmfp_sendflow_activate(flow);
	rtmfp_flows_wake(f);
}

void rtmfp_sendflow_finish(struct rtmfp_sendflow *flow)
{
	enter(flow, RTMFP_F_CLOSED);
}

void rtmfp_sendflow_abort(struct rtmfp_sendflow *flow)
{
	struct rtmfp_flows *f = flow->f;

	if (flow->state != RTMFP_F_CLOSED)
		enter(flow, RTMFP_F_CLOSED);
	if (flow->closed_told)
		return;
	flow->closed_told = true;
	if (f->cb->on_sendflow_closed)
		f->cb->on_sendflow_closed(f->cb_user, flow);
}

void rtmfp_sendflow_free(struct rtmfp_sendflow *flow)
{
	const struct rtmfp_mem *mem = flow->f->mem;

	rtmfp_sendflow_deactivate(flow);
	rtmfp_sendqueue_fini(&flow->q);
	rtmfp_free(mem, flow->startup);
	rtmfp_free(mem, flow);
}

void rtmfp_sendflow_tell_writable(struct rtmfp_sendflow *flow)
{
	struct rtmfp_flows *f = flow->f;

	flow->writable_due = false;
	if (flow->state == RTMFP_F_OPEN && f->cb->on_writable)
		f->cb->on_writable(f->cb_user, flow);
}

void rtmfp_sendflow_settle(struct rtmfp_sendflow *flow)
{
	size_t given_up;

	if (rtmfp_sendqueue_settle(&flow->q) == 0)
		return;
	/* Memory is short, and the bytes are about to be gone. Such messages are never repeated anyway. */
	given_up = rtmfp_sendqueue_give_up_borrowed(&flow->q);
	flow->stats.abandoned += given_up;
	flow->stats.unsent += given_up;
	note_writable(flow);
}

/* ---- the user's side ---- */

struct rtmfp_sendflow *rtmfp_sendflow_find(const struct rtmfp_flows *f, uint64_t id)
{
	return id > 0 && id <= f->send_cap ? f->send[id - 1] : NULL;
}

static int make_startup(struct rtmfp_sendflow *flow, const struct rtmfp_sendflow_params *params)
{
	size_t cap = params->metadata_len + 32;
	struct rtmfp_writer w;

	flow->startup = rtmfp_alloc(flow->f->mem, cap);
	if (!flow->startup)
		return RTMFP_ERR_NOMEM;
	w = rtmfp_writer(flow->startup, cap);
	rtmfp_write_option(&w, RTMFP_OPTION_METADATA, params->metadata, params->metadata_len);
	if (params->association)
		rtmfp_write_option_vlu(&w, RTMFP_OPTION_ASSOCIATION, params->association->id);
	rtmfp_write_marker(&w);
	assert(!w.failed);
	flow->startup_len = rtmfp_written(&w);
	return 0;
}

/* The lowest place that is free; makes one if need be. */
static int find_place(struct rtmfp_flows *f, unsigned *place)
{
	struct rtmfp_sendflow **grown;
	unsigned cap;

	for (*place = 0; *place < f->send_cap; ++*place) {
		if (!f->send[*place])
			return 0;
	}
	cap = f->send_cap > 0 ? 2 * f->send_cap : 4;
	grown = rtmfp_alloc(f->mem, cap * sizeof(struct rtmfp_sendflow *));
	if (!grown)
		return RTMFP_ERR_NOMEM;
	if (f->send_cap > 0)
		memcpy(grown, f->send, f->send_cap * sizeof(struct rtmfp_sendflow *));
	rtmfp_free(f->mem, f->send);
	f->send = grown;
	f->send_cap = cap;
	return 0;
}

int rtmfp_sendflow_open(struct rtmfp_session *s, const struct rtmfp_sendflow_params *params, uint64_t now,
			struct rtmfp_sendflow **out)
{
	struct rtmfp_flows *f = rtmfp_session_flows(s);
	struct rtmfp_sendflow *flow;
	unsigned place;
	int err;

	assert((unsigned)params->priority < RTMFP_PRIORITIES);
	if (!f || f->dead)
		return RTMFP_ERR_CLOSED;
	if (params->association &&
	    (params->association->f != f || params->association->state != RTMFP_RF_OPEN))
		return RTMFP_ERR_CLOSED;
	if (params->metadata_len > f->params->metadata_max || f->send_count >= f->params->sendflows_max)
		return RTMFP_ERR_LIMIT;
	err = find_place(f, &place);
	if (err)
		return err;
	flow = rtmfp_alloc(f->mem, sizeof(*flow));
	if (!flow)
		return RTMFP_ERR_NOMEM;
	flow->f = f;
	flow->id = place + 1;
	flow->state = RTMFP_F_OPEN;
	flow->priority = (uint8_t)params->priority;
	flow->queue_max = params->queue_max;
	flow->user = params->user;
	flow->rx_buffer = f->params->initial_window;
	flow->probe_at = RTMFP_NEVER;
	flow->linger_until = RTMFP_NEVER;
	rtmfp_sendqueue_init(&flow->q, f->mem);
	err = make_startup(flow, params);
	if (err) {
		rtmfp_free(f->mem, flow);
		return err;
	}
	f->now = now;
	f->send[place] = flow;
	f->send_count++;
	*out = flow;
	return 0;
}

/* When something that may take |span| from |now| on is over. */
static uint64_t deadline(uint64_t now, uint64_t span)
{
	return span >= RTMFP_NEVER - now ? RTMFP_NEVER : now + span;
}

/* Is there no room for |len| bytes more? An empty queue takes a message of any length. */
static bool is_full(const struct rtmfp_sendflow *flow, size_t len)
{
	if (rtmfp_sendqueue_messages(&flow->q) > 0 &&
	    (flow->q.queued >= flow->queue_max || len > flow->queue_max - flow->q.queued))
		return true;
	return bytes_held(flow) > 0 && bytes_held(flow) + len > BYTES_HELD_MAX;
}

int rtmfp_sendflow_write(struct rtmfp_sendflow *flow, const struct rtmfp_write *write, uint64_t now)
{
	struct rtmfp_flows *f = flow->f;
	struct rtmfp_sendq_message m = {
		.deadline = write->lifetime == 0 ? 0 : deadline(now, write->lifetime),
		.queue_deadline = deadline(now, write->queue_time),
		.len = (uint32_t)write->len,
		.first = write->first < RTMFP_MESSAGE_MAX ? (uint32_t)write->first : 0,
		.each = write->each < RTMFP_MESSAGE_MAX ? (uint32_t)write->each : 0,
	};
	int err;

	if (flow->state != RTMFP_F_OPEN || f->dead)
		return RTMFP_ERR_CLOSED;
	if (write->len > RTMFP_MESSAGE_MAX)
		return RTMFP_ERR_LIMIT;
	f->now = now;
	if (is_full(flow, write->len))
		(void)drop_abandoned(flow, now);
	if (is_full(flow, write->len)) {
		flow->wants_writable = true;
		return RTMFP_ERR_NOBUFS;
	}
	/* What may have to be repeated must be kept anyway. */
	if ((write->flags & RTMFP_WRITE_BORROW) && write->lifetime == 0 && write->len > 0)
		m.borrowed = write->data;
	err = rtmfp_sendqueue_push(&flow->q, &m, write->data);
	if (err) {
		if (err == RTMFP_ERR_NOBUFS)
			flow->wants_writable = true;
		return err;
	}
	flow->stats.messages++;
	rtmfp_flows_touch(f);
	rtmfp_sendflow_activate(flow);
	rtmfp_flows_wake(f);
	return 0;
}

void *rtmfp_sendflow_user(const struct rtmfp_sendflow *flow)
{
	return flow->user;
}

void rtmfp_sendflow_set_user(struct rtmfp_sendflow *flow, void *user)
{
	flow->user = user;
}

struct rtmfp_session *rtmfp_sendflow_session(const struct rtmfp_sendflow *flow)
{
	return flow->f->session;
}

uint64_t rtmfp_sendflow_id(const struct rtmfp_sendflow *flow)
{
	return flow->id;
}

void rtmfp_sendflow_stats(const struct rtmfp_sendflow *flow, struct rtmfp_sendflow_stats *out)
{
	*out = flow->stats;
	out->queued = flow->q.queued;
	out->outstanding = (size_t)flow->outstanding;
	out->waiting = rtmfp_sendqueue_messages(&flow->q);
	out->receive_window = flow->rx_buffer;
}
