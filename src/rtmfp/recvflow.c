/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Receiving flows (RFC 7016 section 3.6.3): how they begin, what a fragment does to them, delivery, and their
 * acknowledgements. Touches the flow and what the flows of a session share; flows.c and users call it.
 */
#include "flows_impl.h"

#include <assert.h>
#include <string.h>

#include "ack.h"

#define BLOCK 1024u /* bytes of a receive window's unit (2.3.13) */

static void enter(struct rtmfp_recvflow *flow, enum rtmfp_rf_state to)
{
	struct rtmfp_flows *f = flow->f;

	assert(to > flow->state);
	flow->state = to;
	if (to == RTMFP_RF_REJECTED)
		flow->rejected = true;
	if (to != RTMFP_RF_COMPLETE_LINGER)
		return;
	flow->linger_until = f->now + f->params->recvflow_linger;
	if (flow->linger_until < f->linger_due)
		f->linger_due = flow->linger_until;
}

/* Sets SHOULD_ACK. */
static void request_ack(struct rtmfp_recvflow *flow)
{
	struct rtmfp_flows *f = flow->f;

	if (flow->should_ack || flow->state == RTMFP_RF_CLOSED)
		return;
	flow->should_ack = true;
	flow->next_ack = NULL;
	if (f->ack_tail)
		f->ack_tail->next_ack = flow;
	else
		f->ack_head = flow;
	f->ack_tail = flow;
}

static void request_ack_now(struct rtmfp_recvflow *flow)
{
	request_ack(flow);
	flow->f->ack_now = true;
}

static struct rtmfp_recvflow *find(struct rtmfp_flows *f, uint64_t id)
{
	if (f->recv_last && f->recv_last->id == id && f->recv_last->state != RTMFP_RF_CLOSED)
		return f->recv_last;
	for (unsigned i = 0; i < f->recv_count; i++) {
		if (f->recv[i]->id == id && f->recv[i]->state != RTMFP_RF_CLOSED)
			return f->recv_last = f->recv[i];
	}
	return NULL;
}

/* Rejects an open flow (3.6.3.7). */
static void reject(struct rtmfp_recvflow *flow, uint64_t code)
{
	enter(flow, RTMFP_RF_REJECTED);
	rtmfp_recvbuf_clear(&flow->buf, &flow->f->pool);
	flow->stalled = false;
	flow->exception_code = code;
	request_ack_now(flow);
}

static void tell_closed(struct rtmfp_recvflow *flow)
{
	struct rtmfp_flows *f = flow->f;

	if (!flow->accepted || flow->closed_told)
		return;
	flow->closed_told = true;
	if (f->cb->on_recvflow_closed)
		f->cb->on_recvflow_closed(f->cb_user, flow);
}

/* ---- startup (3.6.3.1) ---- */

struct startup {
	struct rtmfp_bytes metadata;
	uint64_t association;
	bool has_metadata, has_association;
	bool bad; /* an option that is not understood, or not well-formed */
};

/* Reads the options of a User Data chunk, whose form as a list was checked before. */
static struct startup read_options(const struct rtmfp_data *c)
{
	struct startup s = { .bad = false };
	struct rtmfp_reader r = rtmfp_reader(c->options.p, c->options.len);
	struct rtmfp_option opt;

	if (!c->has_options)
		return s;
	while (rtmfp_read_option(&r, &opt)) {
		if (opt.type == RTMFP_OPTION_METADATA) {
			if (!s.has_metadata)
				s.metadata = (struct rtmfp_bytes){ .p = opt.value, .len = opt.len };
			s.has_metadata = true;
		} else if (opt.type == RTMFP_OPTION_ASSOCIATION) {
			struct rtmfp_reader value = rtmfp_reader(opt.value, opt.len);

			s.bad = s.bad || s.has_association;
			s.association = rtmfp_read_vlu(&value);
			s.bad = s.bad || value.failed;
			s.has_association = true;
		} else if (opt.type < RTMFP_OPTION_IGNORABLE) {
			s.bad = true;
		}
	}
	return s;
}

static struct rtmfp_recvflow *make(struct rtmfp_flows *f, uint64_t id)
{
	struct rtmfp_recvflow *flow;

	if (f->recv_count == f->recv_cap) {
		unsigned cap = f->recv_cap > 0 ? 2 * f->recv_cap : 4;
		struct rtmfp_recvflow **grown = rtmfp_alloc(f->mem, cap * sizeof(struct rtmfp_recvflow *));

		if (!grown)
			return NULL;
		if (f->recv_count > 0)
			memcpy(grown, f->recv, f->recv_count * sizeof(struct rtmfp_recvflow *));
		rtmfp_free(f->mem, f->recv);
		f->recv = grown;
		f->recv_cap = cap;
	}
	flow = rtmfp_alloc(f->mem, sizeof(*flow));
	if (!flow)
		return NULL;
	flow->f = f;
	flow->id = id;
	flow->state = RTMFP_RF_OPEN;
	flow->linger_until = RTMFP_NEVER;
	flow->capacity = f->params->buffer_capacity;
	flow->message_max = f->params->message_max;
	rtmfp_seqset_init(&flow->set, f->mem, f->params->gaps_max);
	f->recv[f->recv_count++] = flow;
	f->recv_last = flow;
	return flow;
}

/* Asks the user whether to take a new flow, and how. */
static void ask_user(struct rtmfp_recvflow *flow, const struct startup *s, struct rtmfp_sendflow *association)
{
	struct rtmfp_flows *f = flow->f;
	struct rtmfp_recvflow_params params = {
		.order = RTMFP_ORDER_QUEUE,
		.buffer_capacity = flow->capacity,
		.message_max = flow->message_max,
	};
	int answer = 1;

	if (f->cb->on_recvflow)
		answer = f->cb->on_recvflow(f->cb_user, f->session, flow, s->metadata.p, s->metadata.len,
					    association, &params);
	if (f->dead)
		return;
	if (answer > 0) {
		if (flow->state == RTMFP_RF_OPEN)
			reject(flow, (uint64_t)answer - 1);
		return;
	}
	flow->accepted = true;
	flow->arrival_order = params.order == RTMFP_ORDER_ARRIVAL;
	flow->capacity = params.buffer_capacity;
	flow->message_max = params.message_max < RTMFP_MESSAGE_MAX ? params.message_max : RTMFP_MESSAGE_MAX;
	if (params.user)
		flow->user = params.user;
}

static int start(struct rtmfp_flows *f, const struct rtmfp_data *c, struct rtmfp_recvflow **out)
{
	bool too_many = f->recv_count >= f->params->recvflows_max;
	struct startup s = read_options(c);
	struct rtmfp_sendflow *association = NULL;
	struct rtmfp_recvflow *flow;

	if (f->recv_count >= f->params->recvflows_max + RTMFP_RECVFLOWS_REJECTED)
		return RTMFP_ERR_LIMIT;
	flow = *out = make(f, c->flow_id);
	if (!flow)
		return RTMFP_ERR_NOMEM;
	if (s.has_association) {
		association = rtmfp_sendflow_find(f, s.association);
		if (!association || association->state != RTMFP_F_OPEN)
			s.bad = true;
	}
	if (!s.has_metadata || s.bad || too_many)
		reject(flow, 0);
	else
		ask_user(flow, &s, association);
	f->ack_now = true;
	return 0;
}

/* ---- delivery (3.6.3.3) ---- */

static bool is_complete(const struct rtmfp_recvflow *flow)
{
	return flow->has_final && rtmfp_seqset_cumulative(&flow->set) >= flow->final_sn;
}

static void deliver_bytes(struct rtmfp_recvflow *flow, const uint8_t *data, size_t len, uint64_t first,
			  uint64_t last, bool in_place)
{
	struct rtmfp_flows *f = flow->f;
	struct rtmfp_message_info info = {
		.sequence_number = first,
		.gap = !flow->arrival_order && first != flow->delivered + 1,
		.in_place = in_place,
		.ecn = f->ecn,
	};

	flow->delivered = last;
	if (f->cb->on_message)
		f->cb->on_message(f->cb_user, flow, data, len, &info);
}

/*
 * Delivers the complete message whose first slot is |at|. False: memory is short, it stays.
 *
 * Memory that the user's callback needs to stand still is nobody else's meanwhile: it might resume another
 * flow from within.
 */
static bool deliver_at(struct rtmfp_recvflow *flow, size_t at)
{
	struct rtmfp_flows *f = flow->f;
	const struct rtmfp_recvbuf_slot *first = rtmfp_recvbuf_at(&flow->buf, at);
	uint64_t from = first->seq, to = rtmfp_recvbuf_last(&flow->buf, at);
	size_t run = first->run, len = first->bytes, cap = f->scratch_cap, done = 0;
	uint8_t *scratch = f->scratch;

	if (run == 1) {
		struct rtmfp_node *node = rtmfp_recvbuf_take(&flow->buf, at);

		deliver_bytes(flow, node->data, node->len, from, to, false);
		rtmfp_pool_put(&f->pool, node);
		return true;
	}
	f->scratch = NULL;
	f->scratch_cap = 0;
	if (cap < len || !scratch) {
		rtmfp_free(f->mem, scratch);
		for (cap = 2048; cap < len; cap *= 2)
			;
		scratch = rtmfp_alloc(f->mem, cap);
		if (!scratch) {
			flow->stalled = true;
			rtmfp_flows_retry(f);
			return false;
		}
	}
	for (size_t i = at; i < at + run; i++) {
		const struct rtmfp_node *node = rtmfp_recvbuf_at(&flow->buf, i)->node;

		memcpy(scratch + done, node->data, node->len);
		done += node->len;
	}
	rtmfp_recvbuf_remove(&flow->buf, &f->pool, at, run);
	deliver_bytes(flow, scratch, len, from, to, false);
	if (f->scratch) {
		rtmfp_free(f->mem, scratch);
	} else {
		f->scratch = scratch;
		f->scratch_cap = cap;
	}
	return true;
}

static bool may_deliver(const struct rtmfp_recvflow *flow)
{
	return !flow->f->dead && !flow->suspended && flow->state != RTMFP_RF_REJECTED;
}

/* Is the segment whose first slot is |at| abandoned, or hopeless because the flow is complete? */
static bool is_abandoned(const struct rtmfp_recvflow *flow, size_t at)
{
	const struct rtmfp_recvbuf_slot *first = rtmfp_recvbuf_at(&flow->buf, at);
	uint64_t csn = rtmfp_seqset_cumulative(&flow->set);

	if (rtmfp_recvbuf_is_message(&flow->buf, at))
		return false;
	return (first->seq <= csn && first->fra != RTMFP_FRA_BEGIN) ||
	       rtmfp_recvbuf_last(&flow->buf, at) < csn || is_complete(flow);
}

static void discard_abandoned(struct rtmfp_recvflow *flow)
{
	while (flow->buf.count > 0 && is_abandoned(flow, 0))
		rtmfp_recvbuf_remove(&flow->buf, &flow->f->pool, 0, rtmfp_recvbuf_at(&flow->buf, 0)->run);
}

static void deliver_in_order(struct rtmfp_recvflow *flow)
{
	for (;;) {
		discard_abandoned(flow);
		if (!may_deliver(flow) || flow->buf.count == 0 || !rtmfp_recvbuf_is_message(&flow->buf, 0) ||
		    rtmfp_recvbuf_at(&flow->buf, 0)->seq > rtmfp_seqset_cumulative(&flow->set))
			return;
		if (!deliver_at(flow, 0))
			return;
	}
}

/* Delivers every complete message that waits, whatever is missing before it. */
static void deliver_all(struct rtmfp_recvflow *flow)
{
	size_t at = 0;

	while (may_deliver(flow) && at < flow->buf.count) {
		if (!rtmfp_recvbuf_is_message(&flow->buf, at))
			at += rtmfp_recvbuf_at(&flow->buf, at)->run;
		else if (!deliver_at(flow, at))
			return;
	}
}

/* The flow may have become complete (3.6.3.8), or be complete and now wholly delivered. */
static void settle(struct rtmfp_recvflow *flow)
{
	struct rtmfp_flows *f = flow->f;

	if (f->dead)
		return;
	if (flow->state < RTMFP_RF_COMPLETE_LINGER && is_complete(flow)) {
		enter(flow, RTMFP_RF_COMPLETE_LINGER);
		request_ack_now(flow);
	}
	if (flow->state >= RTMFP_RF_COMPLETE_LINGER && flow->buf.count == 0) {
		if (flow->state == RTMFP_RF_CLOSED)
			f->linger_due = f->now;
		tell_closed(flow);
	}
}

/* Delivers what can be delivered after something has changed; |all|: look at all that waits. */
static void deliver(struct rtmfp_recvflow *flow, bool all)
{
	if (flow->delivering)
		return;
	flow->delivering = true;
	if (flow->arrival_order) {
		if (all)
			deliver_all(flow);
		if (!flow->f->dead)
			discard_abandoned(flow);
	} else {
		deliver_in_order(flow);
	}
	flow->delivering = false;
	settle(flow);
}

/* ---- receiving data (3.6.3.2) ---- */

/* May the message be delivered from where it lies, ahead of what waits? */
static bool is_direct(const struct rtmfp_recvflow *flow, const struct rtmfp_data *c)
{
	if (c->fra != RTMFP_FRA_WHOLE || !may_deliver(flow))
		return false;
	if (flow->arrival_order)
		return true;
	return c->sequence_number - 1 == rtmfp_seqset_cumulative(&flow->set) &&
	       (flow->buf.count == 0 || rtmfp_recvbuf_at(&flow->buf, 0)->seq > c->sequence_number);
}

/*
 * A far end that keeps to the receive window stays below this, unless its fragments are tiny: then some of
 * them must be sent again. What is next in order is taken all the same, or nothing could ever be delivered.
 */
static bool is_over_limit(const struct rtmfp_recvflow *flow, const struct rtmfp_data *c)
{
	bool next = c->sequence_number - 1 == rtmfp_seqset_cumulative(&flow->set);

	if (next && !flow->suspended && !flow->stalled)
		return false;
	return flow->capacity < SIZE_MAX / 4 && flow->buf.size >= 2 * flow->capacity + flow->message_max;
}

/* Puts a fragment into RECV_BUFFER. |*at| is its segment's index, SIZE_MAX if it was dropped for its length.
 */
static int store(struct rtmfp_recvflow *flow, const struct rtmfp_data *c, size_t *at)
{
	struct rtmfp_pool *pool = &flow->f->pool;
	const struct rtmfp_recvbuf_slot *first;
	int err;

	if (is_over_limit(flow, c))
		return RTMFP_ERR_LIMIT;
	err = rtmfp_recvbuf_insert(&flow->buf, pool, c->sequence_number, c->fra, c->data.p, c->data.len, at);
	if (err)
		return err;
	err = rtmfp_seqset_add(&flow->set, c->sequence_number, c->sequence_number);
	if (err) {
		rtmfp_recvbuf_undo(&flow->buf, pool, c->sequence_number);
		return err;
	}
	first = rtmfp_recvbuf_at(&flow->buf, *at);
	if (first->bytes > flow->message_max) {
		rtmfp_recvbuf_remove(&flow->buf, pool, *at, first->run);
		*at = SIZE_MAX;
	}
	return 0;
}

/* Takes the data of a fragment that is new to an open flow, and delivers what it completes. */
static int take(struct rtmfp_recvflow *flow, const struct rtmfp_data *c)
{
	size_t at;
	int err;

	if (!is_direct(flow, c)) {
		err = store(flow, c, &at);
		if (!err && flow->arrival_order && at != SIZE_MAX && may_deliver(flow) &&
		    rtmfp_recvbuf_is_message(&flow->buf, at)) {
			flow->delivering = true;
			(void)deliver_at(flow, at);
			flow->delivering = false;
		}
		return err;
	}
	err = rtmfp_seqset_add(&flow->set, c->sequence_number, c->sequence_number);
	if (err)
		return err;
	if (c->data.len <= flow->message_max) {
		flow->delivering = true;
		deliver_bytes(flow, c->data.p, c->data.len, c->sequence_number, c->sequence_number, true);
		flow->delivering = false;
	}
	return 0;
}

/* Does the chunk contradict what is known of the end of the flow? */
static bool contradicts_final(const struct rtmfp_recvflow *flow, const struct rtmfp_data *c)
{
	if (flow->has_final)
		return c->sequence_number > flow->final_sn;
	return c->final && c->sequence_number < rtmfp_seqset_highest(&flow->set);
}

static int receive(struct rtmfp_recvflow *flow, const struct rtmfp_data *c, uint64_t now)
{
	struct rtmfp_flows *f = flow->f;
	uint64_t seq = c->sequence_number;
	bool seen = rtmfp_seqset_contains(&flow->set, seq);
	int err = 0;

	if (flow->state != RTMFP_RF_OPEN || (flow->has_prev_rwnd && flow->prev_rwnd < 2) || c->abandon ||
	    rtmfp_seqset_has_gaps(&flow->set) || seen)
		f->ack_now = true;
	if (contradicts_final(flow, c)) {
		f->ack_now = true;
		return RTMFP_ERR_SYNTAX;
	}
	/* Neither this addition nor that of the number next in order can fail. */
	err = rtmfp_seqset_add(&flow->set, 0, c->forward_sequence_number);
	assert(!err);
	if (!seen && c->final && !flow->has_final) {
		flow->has_final = true;
		flow->final_sn = seq;
		f->ack_now = true;
	}
	if (flow->state == RTMFP_RF_OPEN && !seen && !c->abandon)
		err = take(flow, c);
	else
		err = rtmfp_seqset_add(&flow->set, seq, seq);
	if (f->dead)
		return 0;
	if (err || rtmfp_seqset_has_gaps(&flow->set) || flow->buf.size + BLOCK > flow->capacity)
		f->ack_now = true;
	if (!f->ack_now && f->delack_at == RTMFP_NEVER)
		f->delack_at = now + f->params->ack_delay;
	deliver(flow, false);
	return err;
}

int rtmfp_recvflow_data(struct rtmfp_flows *f, const struct rtmfp_data *c, bool next, uint64_t now)
{
	struct rtmfp_recvflow *flow = find(f, c->flow_id);

	if (!flow) {
		int err;

		/* The chunk of this packet that would have begun the flow, and had its options, was refused. */
		if (next || (f->refused && !c->has_options))
			return RTMFP_ERR_LIMIT;
		err = start(f, c, &flow);
		if (err) {
			f->refused = true;
			return err;
		}
		if (f->dead)
			return 0;
	}
	f->any_data = true;
	request_ack(flow);
	if (flow->state == RTMFP_RF_OPEN && c->has_options && read_options(c).bad) {
		reject(flow, 0);
		tell_closed(flow);
		if (f->dead)
			return 0;
	}
	return receive(flow, c, now);
}

void rtmfp_recvflow_probed(struct rtmfp_flows *f, uint64_t id)
{
	struct rtmfp_recvflow *flow = find(f, id);

	if (flow)
		request_ack_now(flow);
}

/* ---- acknowledgement (3.6.3.4.3, 3.6.3.5) ---- */

static uint64_t window_blocks(const struct rtmfp_recvflow *flow)
{
	uint64_t bytes = flow->buf.size < flow->capacity ? flow->capacity - flow->buf.size : 0;
	uint64_t blocks = bytes / BLOCK + (bytes % BLOCK > 0);

	return blocks == 0 && flow->capacity > 0 && !flow->suspended ? 1 : blocks;
}

bool rtmfp_recvflow_write_ack(struct rtmfp_flows *f, struct rtmfp_writer *w, bool truncate)
{
	struct rtmfp_recvflow *flow = f->ack_head;
	struct rtmfp_writer copy = *w;
	uint64_t blocks = window_blocks(flow);
	unsigned flags = 0;

	if (f->no_bitmap_ack)
		flags |= RTMFP_ACK_NO_BITMAP;
	if (truncate)
		flags |= RTMFP_ACK_TRUNCATE;
	/*
	 * Departs from 3.6.3.4.3 in that a flow that was rejected says so also after it is complete. If its
	 * final number came before the exception was sent, the sender would never hear of it.
	 */
	if (flow->rejected)
		rtmfp_write_exception(&copy, &(struct rtmfp_exception){ .flow_id = flow->id,
									.code = flow->exception_code });
	if (copy.failed || rtmfp_write_ack(&copy, flow->id, blocks, &flow->set, flags) != 0)
		return false;
	*w = copy;
	f->ack_head = flow->next_ack;
	if (!f->ack_head)
		f->ack_tail = NULL;
	flow->should_ack = false;
	flow->has_prev_rwnd = true;
	flow->prev_rwnd = blocks;
	return true;
}

/* ---- the rest of a flow's life ---- */

/* Delivery has made room that the far end waits for. */
static void advertise_room(struct rtmfp_recvflow *flow)
{
	if (!flow->f->dead && flow->has_prev_rwnd && flow->prev_rwnd < 2 && window_blocks(flow) >= 2)
		request_ack_now(flow);
}

void rtmfp_recvflow_retry(struct rtmfp_recvflow *flow)
{
	flow->stalled = false;
	deliver(flow, true);
	advertise_room(flow);
}

void rtmfp_recvflow_idle(struct rtmfp_recvflow *flow)
{
	rtmfp_recvbuf_idle(&flow->buf, &flow->f->pool);
	if (flow->set.cap > 0 && !rtmfp_seqset_has_gaps(&flow->set)) {
		uint64_t cumulative = rtmfp_seqset_cumulative(&flow->set);
		int err;

		rtmfp_seqset_fini(&flow->set);
		err = rtmfp_seqset_add(&flow->set, 0, cumulative);
		assert(!err);
		(void)err;
	}
}

void rtmfp_recvflow_finish(struct rtmfp_recvflow *flow)
{
	struct rtmfp_flows *f = flow->f;
	struct rtmfp_recvflow *before = NULL;

	enter(flow, RTMFP_RF_CLOSED);
	if (!flow->should_ack)
		return;
	for (struct rtmfp_recvflow *at = f->ack_head; at != flow; at = at->next_ack)
		before = at;
	if (before)
		before->next_ack = flow->next_ack;
	else
		f->ack_head = flow->next_ack;
	if (f->ack_tail == flow)
		f->ack_tail = before;
	flow->should_ack = false;
}

void rtmfp_recvflow_abort(struct rtmfp_recvflow *flow)
{
	if (flow->state != RTMFP_RF_CLOSED)
		enter(flow, RTMFP_RF_CLOSED);
	tell_closed(flow);
}

void rtmfp_recvflow_free(struct rtmfp_recvflow *flow)
{
	struct rtmfp_flows *f = flow->f;

	if (f->recv_last == flow)
		f->recv_last = NULL;
	rtmfp_recvbuf_clear(&flow->buf, &f->pool);
	rtmfp_seqset_fini(&flow->set);
	rtmfp_free(f->mem, flow);
}

void rtmfp_recvflow_reject(struct rtmfp_recvflow *flow, uint64_t code)
{
	if (flow->state != RTMFP_RF_OPEN || flow->f->dead)
		return;
	reject(flow, code);
	rtmfp_flows_wake(flow->f);
}

void rtmfp_recvflow_suspend(struct rtmfp_recvflow *flow, bool suspended, uint64_t now)
{
	struct rtmfp_flows *f = flow->f;

	flow->suspended = suspended;
	if (suspended || f->dead)
		return;
	f->now = now;
	rtmfp_flows_enter(f);
	deliver(flow, true);
	advertise_room(flow);
	rtmfp_flows_wake(f);
	rtmfp_flows_leave(f);
}

void *rtmfp_recvflow_user(const struct rtmfp_recvflow *flow)
{
	return flow->user;
}

void rtmfp_recvflow_set_user(struct rtmfp_recvflow *flow, void *user)
{
	flow->user = user;
}

struct rtmfp_session *rtmfp_recvflow_session(const struct rtmfp_recvflow *flow)
{
	return flow->f->session;
}

uint64_t rtmfp_recvflow_id(const struct rtmfp_recvflow *flow)
{
	return flow->id;
}
