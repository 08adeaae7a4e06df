/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A user of the library at each node: it carries rekeying messages on a flow of their own, and streams of
 * messages whose number, order and content the receiver verifies. It keeps the promises that rtmfp.h asks of
 * users and checks those that rtmfp.h makes to them.
 */
#include "sim.h"

#include <stdlib.h>
#include <string.h>

#define KEYING_METADATA 'K'
#define STREAM_METADATA 'S'
#define NUMBER_LEN	8u
#define WRITES_AT_ONCE	4096u

struct sim_session {
	struct sim_session *next;
	struct sim_peer *peer;
	struct rtmfp_session *rtmfp;
	struct rtmfp_sendflow *keying;
};

struct sim_loan {
	struct sim_loan *next;
	uint8_t bytes[];
};

struct sim_promise {
	struct sim_promise *next;
	const uint8_t *data;
	size_t len;
	uint64_t uid, number;
};

static const char keying; /* the user of a receiving flow that carries rekeying messages */

/* ---- content ---- */

static uint64_t word_of(uint64_t uid, uint64_t number, uint64_t i)
{
	uint64_t z = (uid << 40 ^ number) * UINT64_C(0x9e3779b97f4a7c15) + i * UINT64_C(0xbf58476d1ce4e5b9);

	return z ^ z >> 29;
}

static size_t length_of(const struct sim_stream *s, uint64_t number)
{
	uint64_t z = word_of(s->uid, number, 12345) * UINT64_C(0x94d049bb133111eb);

	return s->p.size_min + (size_t)((z ^ z >> 31) % (s->p.size_max - s->p.size_min + 1));
}

static void fill(uint8_t *out, size_t len, uint64_t uid, uint64_t number)
{
	uint64_t word = number;

	for (; len >= 8; len -= 8, out += 8) {
		memcpy(out, &word, 8);
		word = word_of(uid, number, len);
	}
	if (len)
		memcpy(out, &word, len);
}

static bool is_intact(const uint8_t *data, size_t len, uint64_t uid, uint64_t number)
{
	uint64_t word = number, differ = 0;

	for (; len >= 8; len -= 8, data += 8) {
		uint64_t found;

		memcpy(&found, data, 8);
		differ |= found ^ word;
		word = word_of(uid, number, len);
	}
	return differ == 0 && (len == 0 || memcmp(data, &word, len) == 0);
}

/* ---- sending ---- */

struct sim_flow *sim_stream_flow(const struct sim_stream *s)
{
	return s->flow_count ? s->flows[s->flow_count - 1] : NULL;
}

static uint64_t lifetime_of(const struct sim_stream *s)
{
	switch (s->p.reliability) {
	case SIM_UNRELIABLE: return 0;
	case SIM_LIMITED: return s->p.lifetime;
	default: return RTMFP_NEVER;
	}
}

/* The flow to write to: the newest, if it belongs to the current session, or a new one there. NULL: none now.
 */
static struct sim_flow *ensure_flow(struct sim_stream *s)
{
	struct rtmfp_session *session = sim_peer_session(s->from);
	struct sim_flow *newest = sim_stream_flow(s), *flow;
	uint8_t metadata[13] = { STREAM_METADATA };
	const struct rtmfp_sendflow_params params = {
		.metadata = metadata,
		.metadata_len = sizeof(metadata),
		.priority = s->p.priority,
		.queue_max = s->p.queue_max,
	};

	if (!session)
		return NULL;
	if (newest && newest->sending && newest->session == session)
		return newest;
	/* A session whose user is gone could not be set up. */
	if (!rtmfp_session_user(session) || s->exceptions)
		return NULL;
	flow = calloc(1, sizeof(*flow));
	s->flows = realloc(s->flows, (s->flow_count + 1) * sizeof(struct sim_flow *));
	if (!flow || !s->flows)
		abort();
	flow->stream = s;
	flow->index = s->flow_count;
	flow->session = session;
	flow->first = flow->next = s->sent;
	flow->last = s->sent - 1;
	memcpy(metadata + 1, &s->uid, 8);
	memcpy(metadata + 9, &flow->index, 4);
	if (rtmfp_sendflow_open(session, &params, s->w->now, &flow->sending) != 0) {
		free(flow);
		return NULL;
	}
	rtmfp_sendflow_set_user(flow->sending, flow);
	sim_assert(rtmfp_sendflow_session(flow->sending) == session);
	s->flows[s->flow_count++] = flow;
	return flow;
}

/* Returns what rtmfp_sendflow_write does. */
static int write_one(struct sim_stream *s, struct sim_flow *flow)
{
	struct sim_node *n = s->from->node;
	uint64_t number = s->sent;
	size_t len = length_of(s, number);
	struct sim_loan *loan = malloc(sizeof(*loan) + len);
	struct rtmfp_write write = {
		.len = len,
		.flags = s->p.borrow ? RTMFP_WRITE_BORROW : 0,
		.lifetime = lifetime_of(s),
		.queue_time = s->p.queue_time ? s->p.queue_time : RTMFP_NEVER,
	};
	int err;

	if (!loan)
		abort();
	fill(loan->bytes, len, s->uid, number);
	write.data = len ? loan->bytes : NULL;
	err = rtmfp_sendflow_write(flow->sending, &write, s->w->now);
	if (err == 0) {
		s->sent++;
		flow->last = number;
		rtmfp_session_activity(flow->session, s->w->now);
	}
	if (err == 0 && s->p.borrow) {
		loan->next = n->loans;
		n->loans = loan;
	} else {
		free(loan); /* copied, or not taken */
	}
	return err;
}

static bool is_over(const struct sim_stream *s)
{
	return s->stopped || s->sent >= s->p.count;
}

/* Writes as much as the flow takes. */
static void pump(struct sim_stream *s)
{
	struct sim_flow *flow;

	if (is_over(s))
		return;
	flow = ensure_flow(s);
	if (!flow) {
		if (s->from->rtmfp && !s->from->node->dying)
			sim_peer_open(s->from);
		return;
	}
	for (unsigned i = 0; i < WRITES_AT_ONCE && !is_over(s); i++) {
		int err = write_one(s, flow);

		if (err == RTMFP_ERR_NOBUFS)
			s->refused++;
		else if (err)
			s->unsent++;
		if (err)
			break;
	}
}

static void on_interval(struct sim_world *w, void *ctx)
{
	struct sim_stream *s = ctx;
	struct sim_node *n = s->from->node;
	struct sim_flow *flow;

	if (is_over(s))
		return;
	sim_at(w, w->now + s->p.interval, on_interval, s);
	if (!n->ep || n->paused_until > w->now) {
		s->unsent++;
		return;
	}
	flow = ensure_flow(s);
	if (!flow) {
		s->unsent++;
		sim_peer_open(s->from);
	} else {
		int err = write_one(s, flow);

		if (err == RTMFP_ERR_NOBUFS)
			s->refused++;
		else if (err)
			s->unsent++;
	}
	sim_node_process(n);
}

struct sim_stream *sim_stream_new(struct sim_peer *from, const struct sim_stream_params *p)
{
	struct sim_world *w = from->node->w;
	struct sim_stream *s = calloc(1, sizeof(*s));

	w->streams = realloc(w->streams, (w->stream_count + 1) * sizeof(struct sim_stream *));
	if (!s || !w->streams)
		abort();
	s->w = w;
	s->uid = w->stream_count;
	s->from = from;
	s->to = from->other;
	s->p = *p;
	if (!s->p.queue_max)
		s->p.queue_max = 256u << 10;
	if (!s->p.buffer)
		s->p.buffer = 1u << 20;
	if (!s->p.count)
		s->p.count = RTMFP_NEVER;
	/* Without a number inside, only its place tells which message it is. */
	sim_assert(p->size_min >= NUMBER_LEN ||
		   (p->reliability == SIM_RELIABLE && p->order == RTMFP_ORDER_QUEUE));
	sim_assert(p->size_min <= p->size_max);
	w->streams[w->stream_count++] = s;
	if (s->p.interval) {
		sim_at(w, w->now + s->p.interval, on_interval, s);
	} else if (from->node->ep) {
		pump(s);
		sim_node_later(from->node, w->now);
	}
	return s;
}

void sim_stream_stop(struct sim_stream *s)
{
	s->stopped = true;
}

void sim_stream_close(struct sim_stream *s)
{
	struct sim_flow *flow = sim_stream_flow(s);

	s->stopped = true;
	if (!flow || !flow->sending)
		return;
	rtmfp_sendflow_close(flow->sending, s->w->now);
	sim_node_later(s->from->node, s->w->now);
}

struct rtmfp_sendflow_stats sim_stream_stats(const struct sim_stream *s)
{
	const struct sim_flow *flow = sim_stream_flow(s);
	struct rtmfp_sendflow_stats stats;

	sim_assert(flow);
	if (!flow->sending)
		return flow->stats;
	rtmfp_sendflow_stats(flow->sending, &stats);
	return stats;
}

bool sim_was_delivered(const struct sim_stream *s, uint64_t number)
{
	return number / 8 < s->seen_cap && s->seen[number / 8] >> (number % 8) & 1;
}

static void mark_delivered(struct sim_stream *s, uint64_t number)
{
	if (number / 8 >= s->seen_cap) {
		size_t cap = s->seen_cap ? 2 * s->seen_cap : 1024;

		while (number / 8 >= cap)
			cap *= 2;
		s->seen = realloc(s->seen, cap);
		if (!s->seen)
			abort();
		memset(s->seen + s->seen_cap, 0, cap - s->seen_cap);
		s->seen_cap = cap;
	}
	s->seen[number / 8] |= (uint8_t)(1u << (number % 8));
}

/* ---- sessions ---- */

static void tell(struct sim_peer *peer, enum sim_what what, const char *text)
{
	struct sim_world *w = peer->node->w;

	sim_trace(w, "%s: %s %s", peer->node->name, peer->other->name, text);
	if (w->on_event)
		w->on_event(peer, what);
}

static void on_session_open(void *user, struct rtmfp_session *session)
{
	struct sim_node *n = user;
	struct sim_peer *peer = rtmfp_peer_user(rtmfp_session_peer(session));
	const uint8_t metadata[1] = { KEYING_METADATA };
	const struct rtmfp_sendflow_params params = { .metadata = metadata,
						      .metadata_len = sizeof(metadata),
						      .priority = RTMFP_PRIORITY_KEYING,
						      .queue_max = 65536 };
	struct sim_session *ss = calloc(1, sizeof(*ss));
	struct rtmfp_session_stats stats;

	if (!ss)
		abort();
	sim_assert(n->inside && peer->node == n);
	sim_assert(rtmfp_peer_session(peer->rtmfp) == session);
	rtmfp_session_stats(session, &stats);
	sim_assert(stats.opened <= n->w->now && stats.opened + RTMFP_S(60) > n->w->now);
	if (rtmfp_sendflow_open(session, &params, n->w->now, &ss->keying) != 0) {
		/* No memory: a session without it could not live. */
		free(ss);
		rtmfp_session_close(session, true, n->w->now);
		return;
	}
	ss->peer = peer;
	ss->rtmfp = session;
	ss->next = peer->sessions;
	peer->sessions = ss;
	rtmfp_session_set_user(session, ss);
	rtmfp_sendflow_set_user(ss->keying, NULL);
	peer->opened++;
	peer->opened_at = n->w->now;
	sim_node_trust(n, &stats.path.remote);
	tell(peer, SIM_OPENED,
	     rtmfp_session_is_initiator(session) ? "open as initiator" : "open as responder");
	for (size_t i = 0; i < n->w->stream_count; i++) {
		struct sim_stream *s = n->w->streams[i];

		if (s->from == peer && !s->p.interval)
			pump(s);
	}
}

static void on_session_closed(void *user, struct rtmfp_session *session, enum rtmfp_close_reason reason)
{
	static const char *const names[] = { "closed here", "closed by the far end", "replaced and drained",
					     "expired" };
	struct sim_node *n = user;
	struct sim_session *ss = rtmfp_session_user(session), **at;
	struct sim_peer *peer;

	if (!ss)
		return; /* it could not be set up */
	peer = ss->peer;
	sim_assert(peer->node == n && ss->rtmfp == session && reason <= RTMFP_CLOSED_EXPIRED);
	sim_assert_msg(!ss->keying, "a session closed before its flows");
	sim_assert(n->dying || rtmfp_peer_session(peer->rtmfp) != session);
	for (size_t i = 0; i < n->w->stream_count; i++) {
		const struct sim_stream *s = n->w->streams[i];

		for (unsigned k = 0; s->from == peer && k < s->flow_count; k++)
			sim_assert(s->flows[k]->session != session || !s->flows[k]->sending);
	}
	for (at = &peer->sessions; *at != ss; at = &(*at)->next)
		sim_assert(*at);
	*at = ss->next;
	free(ss);
	peer->closed[reason]++;
	peer->last_reason = reason;
	tell(peer, SIM_CLOSED, names[reason]);
	if (n->dying)
		return;
	if (peer->reopen && (reason == RTMFP_CLOSED_FAR || reason == RTMFP_CLOSED_EXPIRED))
		sim_peer_open(peer);
}

static void on_open_failed(void *user, struct rtmfp_peer *rtmfp)
{
	struct sim_peer *peer = rtmfp_peer_user(rtmfp);

	sim_assert(peer->node == user);
	peer->failed++;
	tell(peer, SIM_OPEN_FAILED, "opening failed");
	if (peer->reopen)
		sim_peer_open(peer);
}

static void on_silent(void *user, struct rtmfp_peer *rtmfp)
{
	struct sim_peer *peer = rtmfp_peer_user(rtmfp);

	sim_assert(peer->node == user && rtmfp_peer_state(rtmfp) == RTMFP_PEER_PROBING);
	peer->silent++;
	tell(peer, SIM_SILENT, "is silent");
}

static void on_path(void *user, struct rtmfp_session *session)
{
	struct sim_node *n = user;
	struct sim_peer *peer = rtmfp_peer_user(rtmfp_session_peer(session));
	struct rtmfp_session_stats stats;

	rtmfp_session_stats(session, &stats);
	sim_node_trust(n, &stats.path.remote);
	peer->moves++;
	peer->moved_at = n->w->now;
	sim_trace(n->w, "%s: %s is at %s", n->name, peer->other->name, sim_addr_text(&stats.path.remote));
	tell(peer, SIM_PATH, "has an address");
}

/* Rekeying messages: type (1) || epoch (8) || message. */
static void on_rekey_message(void *user, struct rtmfp_session *session, enum rtmfp_rekey_type type,
			     uint64_t epoch, const uint8_t *msg, size_t len)
{
	struct sim_node *n = user;
	struct sim_session *ss = rtmfp_session_user(session);
	uint8_t buf[9 + RTMFP_REKEY_MAX];
	const struct rtmfp_write write = {
		.data = buf, .len = 9 + len, .lifetime = RTMFP_NEVER, .queue_time = RTMFP_NEVER
	};

	if (!ss || !ss->keying)
		return;
	buf[0] = (uint8_t)type;
	memcpy(buf + 1, &epoch, 8);
	if (len)
		memcpy(buf + 9, msg, len);
	sim_trace(n->w, "%s: rekeying message %d of epoch %" PRIu64, n->name, type, epoch);
	/* Without memory the attempt gets no further: a replacing session comes at 165 s. */
	(void)!rtmfp_sendflow_write(ss->keying, &write, n->w->now);
	if (type == RTMFP_REKEY_CONFIRM) {
		ss->peer->rekeyed++;
		ss->peer->rekeyed_at = n->w->now;
		tell(ss->peer, SIM_REKEYED, "confirms");
	}
}

static void rekey_message(struct sim_node *n, struct rtmfp_session *session, const uint8_t *data, size_t len)
{
	uint64_t epoch;

	sim_assert(len >= 9 && data[0] <= RTMFP_REKEY_CONFIRM);
	memcpy(&epoch, data + 1, 8);
	rtmfp_session_rekey_input(session, (enum rtmfp_rekey_type)data[0], epoch, data + 9, len - 9,
				  n->w->now);
}

/* ---- receiving ---- */

static int on_recvflow(void *user, struct rtmfp_session *session, struct rtmfp_recvflow *recvflow,
		       const uint8_t *metadata, size_t len, struct rtmfp_sendflow *association,
		       struct rtmfp_recvflow_params *params)
{
	struct sim_node *n = user;
	struct sim_stream *s;
	struct sim_flow *flow;
	uint64_t uid;
	unsigned index;

	(void)association;
	sim_assert(n->inside && rtmfp_recvflow_session(recvflow) == session);
	if (len == 1 && metadata[0] == KEYING_METADATA) {
		params->order = RTMFP_ORDER_QUEUE;
		params->user = (void *)(uintptr_t)&keying;
		return 0;
	}
	sim_assert(len == 13 && metadata[0] == STREAM_METADATA);
	memcpy(&uid, metadata + 1, 8);
	memcpy(&index, metadata + 9, 4);
	sim_assert(uid < n->w->stream_count);
	s = n->w->streams[uid];
	sim_assert(s->to == n && index < s->flow_count);
	if (s->reject)
		return (int)s->reject + 1;
	flow = s->flows[index];
	sim_assert_msg(!flow->receiving && !flow->closed_receiving, "a flow begins twice");
	flow->receiving = recvflow;
	params->order = s->p.order;
	params->buffer_capacity = s->p.buffer;
	params->message_max = s->p.size_max > 65536 ? s->p.size_max : 65536;
	params->user = flow;
	return 0;
}

static void promise(struct sim_node *n, const uint8_t *data, size_t len, uint64_t uid, uint64_t number)
{
	struct sim_promise *p = malloc(sizeof(*p));

	if (!p)
		abort();
	*p = (struct sim_promise){
		.next = n->promises, .data = data, .len = len, .uid = uid, .number = number
	};
	n->promises = p;
}

static void on_message(void *user, struct rtmfp_recvflow *recvflow, const uint8_t *data, size_t len,
		       const struct rtmfp_message_info *info)
{
	struct sim_node *n = user;
	struct sim_world *w = n->w;
	struct sim_flow *flow = rtmfp_recvflow_user(recvflow);
	struct sim_stream *s;
	uint64_t number;

	sim_assert(n->inside);
	if ((void *)flow == (const void *)&keying) {
		sim_assert(!info->gap);
		rekey_message(n, rtmfp_recvflow_session(recvflow), data, len);
		return;
	}
	sim_assert(flow && flow->receiving == recvflow && !flow->closed_receiving);
	s = flow->stream;
	number = flow->next;
	if (s->p.size_min >= NUMBER_LEN)
		memcpy(&number, data, sizeof(number));
	sim_assert_msg(number >= flow->first && number <= flow->last && flow->last != flow->first - 1,
		       "stream %" PRIu64 ": message %" PRIu64 " is not of flow %u", s->uid, number,
		       flow->index);
	sim_assert_msg(len == length_of(s, number) && is_intact(data, len, s->uid, number),
		       "stream %" PRIu64 ": message %" PRIu64 " is damaged", s->uid, number);
	sim_assert_msg(!sim_was_delivered(s, number), "stream %" PRIu64 ": message %" PRIu64 " came twice",
		       s->uid, number);
	if (s->p.order == RTMFP_ORDER_QUEUE) {
		sim_assert_msg(number >= flow->next, "stream %" PRIu64 ": message %" PRIu64 " after %" PRIu64,
			       s->uid, number, flow->next - 1);
		sim_assert_msg(info->gap == (number > flow->next),
			       "stream %" PRIu64 ": message %" PRIu64 " after %" PRIu64 ", gap %d", s->uid,
			       number, flow->next - 1, info->gap);
		sim_assert(info->sequence_number > flow->last_sequence);
		flow->last_sequence = info->sequence_number;
		if (s->p.reliability == SIM_RELIABLE && !s->p.queue_time)
			sim_assert(!info->gap);
		s->gaps += info->gap;
	} else {
		sim_assert(!info->gap);
	}
	if (number >= flow->next)
		flow->next = number + 1;
	if (info->in_place && len)
		promise(n, data, len, s->uid, number);
	mark_delivered(s, number);
	if (s->delivered++ && w->now - s->last_delivered > s->longest_silence)
		s->longest_silence = w->now - s->last_delivered;
	s->last_delivered = w->now;
	rtmfp_session_activity(rtmfp_recvflow_session(recvflow), w->now);
	if (w->on_message)
		w->on_message(s, number);
}

static void on_batch_end(void *user)
{
	struct sim_node *n = user;

	sim_assert(n->inside);
	while (n->promises) {
		struct sim_promise *p = n->promises;

		sim_assert_msg(is_intact(p->data, p->len, p->uid, p->number),
			       "a message in place did not stay as it was");
		n->promises = p->next;
		free(p);
	}
}

static void on_recvflow_closed(void *user, struct rtmfp_recvflow *recvflow)
{
	struct sim_flow *flow = rtmfp_recvflow_user(recvflow);

	(void)user;
	if (!flow || (void *)flow == (const void *)&keying)
		return;
	sim_assert(flow->receiving == recvflow && !flow->closed_receiving);
	flow->receiving = NULL;
	flow->closed_receiving = true;
}

static void on_exception(void *user, struct rtmfp_sendflow *sendflow, uint64_t code)
{
	struct sim_flow *flow = rtmfp_sendflow_user(sendflow);

	(void)user;
	sim_assert_msg(flow, "the keying flow was rejected with %" PRIu64, code);
	sim_assert(flow->stream->reject && code == flow->stream->reject);
	flow->stream->exceptions++;
}

static void on_writable(void *user, struct rtmfp_sendflow *sendflow)
{
	struct sim_flow *flow = rtmfp_sendflow_user(sendflow);

	(void)user;
	if (flow && !flow->stream->p.interval)
		pump(flow->stream);
}

static void on_sendflow_closed(void *user, struct rtmfp_sendflow *sendflow)
{
	struct sim_flow *flow = rtmfp_sendflow_user(sendflow);
	struct rtmfp_session *session = rtmfp_sendflow_session(sendflow);

	(void)user;
	if (!flow) {
		struct sim_session *ss = rtmfp_session_user(session);

		sim_assert(!ss || ss->keying == sendflow);
		if (ss)
			ss->keying = NULL;
		return;
	}
	sim_assert(flow->sending == sendflow && !flow->closed_sending);
	rtmfp_sendflow_stats(sendflow, &flow->stats);
	flow->sending = NULL;
	flow->closed_sending = true;
}

const struct rtmfp_callbacks sim_callbacks = {
	.on_session_open = on_session_open,
	.on_session_closed = on_session_closed,
	.on_open_failed = on_open_failed,
	.on_silent = on_silent,
	.on_path = on_path,
	.on_rekey_message = on_rekey_message,
	.on_recvflow = on_recvflow,
	.on_message = on_message,
	.on_recvflow_closed = on_recvflow_closed,
	.on_batch_end = on_batch_end,
	.on_exception = on_exception,
	.on_writable = on_writable,
	.on_sendflow_closed = on_sendflow_closed,
};

/* ---- for the other files ---- */

void sim_app_settled(struct sim_node *n)
{
	while (n->loans) {
		struct sim_loan *loan = n->loans;

		n->loans = loan->next;
		free(loan);
	}
}

void sim_app_free(struct sim_world *w)
{
	for (size_t i = 0; i < w->stream_count; i++) {
		struct sim_stream *s = w->streams[i];

		for (unsigned k = 0; k < s->flow_count; k++)
			free(s->flows[k]);
		free(s->flows);
		free(s->seen);
		free(s);
	}
	free(w->streams);
}
