/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The protocol and the device of tunnel_world.h. */
#include "tunnel_world.h"

#include <stdlib.h>
#include <string.h>

int rtmfp_peer_new(struct rtmfp_endpoint *ep, struct rtmfp_far *far, void *user, struct rtmfp_peer **out)
{
	struct rtmfp_peer *peer;

	if (ep->peer_new_result)
		return ep->peer_new_result;
	peer = calloc(1, sizeof(*peer));
	ck_assert_ptr_nonnull(peer);
	peer->ep = ep;
	peer->far = far;
	peer->user = user;
	ep->peers++;
	*out = peer;
	return 0;
}

static void sendflow_free(struct rtmfp_sendflow *flow)
{
	for (size_t i = 0; i < flow->count; i++)
		bytes_free(&flow->written[i].data);
	free(flow->written);
	bytes_free(&flow->metadata);
	free(flow);
}

void world_end_session(struct rtmfp_session *s, enum rtmfp_close_reason reason, bool silently)
{
	struct tunnel *t = s->peer->ep->tunnel;
	struct rtmfp_session **link = &s->peer->sessions;

	if (s->peer->current == s) {
		s->peer->current = NULL;
		s->peer->state = RTMFP_PEER_IDLE;
	}
	for (unsigned i = 0; i < s->sendflow_count && !silently; i++) {
		if (!s->sendflows[i]->closed)
			tunnel_callbacks.on_sendflow_closed(t, s->sendflows[i]);
	}
	for (unsigned i = 0; i < s->recvflow_count && !silently; i++) {
		if (!s->recvflows[i]->closed)
			tunnel_callbacks.on_recvflow_closed(t, s->recvflows[i]);
	}
	if (!silently)
		tunnel_callbacks.on_session_closed(t, s, reason);
	for (unsigned i = 0; i < s->sendflow_count; i++)
		sendflow_free(s->sendflows[i]);
	for (unsigned i = 0; i < s->recvflow_count; i++)
		free(s->recvflows[i]);
	for (unsigned i = 0; i < s->rekeyed_count; i++)
		bytes_free(&s->rekeyed[i].msg);
	while (*link != s)
		link = &(*link)->next;
	*link = s->next;
	free(s);
}

static void peer_end(struct rtmfp_peer *peer, bool silently)
{
	while (peer->sessions)
		world_end_session(peer->sessions, RTMFP_CLOSED_LOCAL, silently);
	peer->ep->peers--;
	free(peer);
}

void rtmfp_peer_free(struct rtmfp_peer *peer, uint64_t now)
{
	(void)now;
	peer_end(peer, false);
}

void *rtmfp_peer_user(const struct rtmfp_peer *peer)
{
	return peer->user;
}

int rtmfp_peer_open(struct rtmfp_peer *peer, uint64_t now)
{
	(void)now;
	if (peer->state != RTMFP_PEER_IDLE)
		return 0;
	peer->opens++;
	if (!peer->open_result)
		peer->state = RTMFP_PEER_OPENING;
	return peer->open_result;
}

struct rtmfp_session *rtmfp_peer_session(const struct rtmfp_peer *peer)
{
	return peer->current;
}

void rtmfp_peer_set_keepalive(struct rtmfp_peer *peer, uint64_t interval, uint64_t now)
{
	(void)now;
	peer->keepalive = interval;
}

struct rtmfp_peer *rtmfp_session_peer(const struct rtmfp_session *s)
{
	return s->peer;
}

bool rtmfp_session_is_initiator(const struct rtmfp_session *s)
{
	return s->initiator;
}

void rtmfp_endpoint_shutdown(struct rtmfp_endpoint *ep, uint64_t now)
{
	(void)now;
	ep->shut_down = true;
}

void rtmfp_session_close(struct rtmfp_session *s, bool abrupt, uint64_t now)
{
	(void)abrupt, (void)now;
	s->closing = true;
	if (s->peer->current == s) {
		s->peer->current = NULL;
		s->peer->state = RTMFP_PEER_IDLE;
	}
}

void rtmfp_session_set_user(struct rtmfp_session *s, void *user)
{
	s->user = user;
}

void *rtmfp_session_user(const struct rtmfp_session *s)
{
	return s->user;
}

void rtmfp_session_stats(const struct rtmfp_session *s, struct rtmfp_session_stats *out)
{
	*out = s->stats;
}

void rtmfp_session_rekey_input(struct rtmfp_session *s, enum rtmfp_rekey_type type, uint64_t epoch,
			       const uint8_t *msg, size_t len, uint64_t now)
{
	(void)now;
	ck_assert_uint_lt(s->rekeyed_count, 16);
	s->rekeyed[s->rekeyed_count++] =
		(struct rekeyed){ .type = type, .epoch = epoch, .msg = bytes_copy(msg, len) };
}

void rtmfp_session_activity(struct rtmfp_session *s, uint64_t now)
{
	(void)now;
	s->activity++;
}

int rtmfp_sendflow_open(struct rtmfp_session *s, const struct rtmfp_sendflow_params *params, uint64_t now,
			struct rtmfp_sendflow **out)
{
	struct rtmfp_endpoint *ep = s->peer->ep;
	struct rtmfp_sendflow *flow;

	(void)now;
	if (s->closing)
		return RTMFP_ERR_CLOSED;
	if (ep->sendflows_until_failure && --ep->sendflows_until_failure == 0)
		return RTMFP_ERR_NOMEM;
	ck_assert_uint_lt(s->sendflow_count, 64);
	ck_assert_uint_le(params->metadata_len, 512);
	flow = calloc(1, sizeof(*flow));
	ck_assert_ptr_nonnull(flow);
	flow->session = s;
	flow->metadata = bytes_copy(params->metadata, params->metadata_len);
	flow->priority = params->priority;
	flow->queue_max = params->queue_max;
	s->sendflows[s->sendflow_count++] = flow;
	*out = flow;
	return 0;
}

int rtmfp_sendflow_write(struct rtmfp_sendflow *flow, const struct rtmfp_write *write, uint64_t now)
{
	(void)now;
	ck_assert(!flow->closed);
	if (flow->result)
		return flow->result;
	flow->written = realloc(flow->written, (flow->count + 1) * sizeof(flow->written[0]));
	ck_assert_ptr_nonnull(flow->written);
	flow->written[flow->count++] =
		(struct written){ .data = bytes_copy(write->data, write->len), .write = *write };
	return 0;
}

struct rtmfp_session *rtmfp_sendflow_session(const struct rtmfp_sendflow *flow)
{
	return flow->session;
}

void rtmfp_sendflow_stats(const struct rtmfp_sendflow *flow, struct rtmfp_sendflow_stats *out)
{
	*out = (struct rtmfp_sendflow_stats){ .messages = flow->count };
}

void *rtmfp_recvflow_user(const struct rtmfp_recvflow *flow)
{
	return flow->params.user;
}

void rtmfp_recvflow_set_user(struct rtmfp_recvflow *flow, void *user)
{
	flow->params.user = user;
}

struct rtmfp_session *rtmfp_recvflow_session(const struct rtmfp_recvflow *flow)
{
	return flow->session;
}

/* ------------------------------------------------------------------------------------------------------------
 * The world
 */

static void *world_alloc(void *ctx, size_t size)
{
	struct world *w = ctx;

	if (w->fail_in == 0)
		return NULL;
	if (w->fail_in > 0)
		w->fail_in--;
	w->live++;
	return calloc(1, size);
}

static void world_free_memory(void *ctx, void *p)
{
	struct world *w = ctx;

	w->live -= p != NULL;
	free(p);
}

static int device_write(void *user, const uint8_t *packet, size_t len, bool in_place)
{
	struct world *w = user;

	if (w->device_result < 0)
		return w->device_result;
	ck_assert_uint_lt(w->device_count, LOG);
	w->device[w->device_count++] =
		(struct delivered){ .data = bytes_copy(packet, len), .in_place = in_place };
	return 0;
}

static void device_flush(void *user)
{
	((struct world *)user)->flushes++;
}

static void hook_open(void *user, struct tunnel_peer *peer, struct rtmfp_session *s)
{
	ck_assert_ptr_eq(rtmfp_peer_session(tunnel_peer_rtmfp(peer)), s);
	((struct world *)user)->opened++;
}

static void hook_closed(void *user, struct tunnel_peer *peer, struct rtmfp_session *s,
			enum rtmfp_close_reason reason)
{
	ck_assert_ptr_eq(rtmfp_session_peer(s), tunnel_peer_rtmfp(peer));
	((struct world *)user)->closed++;
	((struct world *)user)->reason = reason;
}

static void hook_open_failed(void *user, struct tunnel_peer *peer)
{
	ck_assert_uint_lt(*(unsigned *)tunnel_peer_user(peer), PEERS);
	((struct world *)user)->open_failed++;
}

static void hook_silent(void *user, struct tunnel_peer *peer)
{
	ck_assert_uint_lt(*(unsigned *)tunnel_peer_user(peer), PEERS);
	((struct world *)user)->silent++;
}

static void hook_path(void *user, struct tunnel_peer *peer, const struct rtmfp_path *path)
{
	ck_assert_uint_lt(*(unsigned *)tunnel_peer_user(peer), PEERS);
	((struct world *)user)->paths++;
	((struct world *)user)->path = *path;
}

const struct tunnel_hooks world_hooks = {
	.device_write = device_write,
	.device_flush = device_flush,
	.peer_open = hook_open,
	.peer_closed = hook_closed,
	.peer_open_failed = hook_open_failed,
	.peer_silent = hook_silent,
	.peer_path = hook_path,
};

struct world *world_new(uint16_t mtu)
{
	struct world *w = calloc(1, sizeof(*w));
	struct tunnel_config cfg;

	ck_assert_ptr_nonnull(w);
	w->fail_in = -1;
	w->mem = (struct rtmfp_mem){ .alloc = world_alloc, .free = world_free_memory, .ctx = w };
	w->now = START;
	cfg = (struct tunnel_config){ .mem = &w->mem, .hooks = &world_hooks, .user = w, .mtu = mtu };
	ck_assert_int_eq(tunnel_new(&cfg, w->now, &w->t), 0);
	w->ep.tunnel = w->t;
	tunnel_attach(w->t, &w->ep);
	return w;
}

void world_forget_device(struct world *w)
{
	for (size_t i = 0; i < w->device_count; i++)
		bytes_free(&w->device[i].data);
	w->device_count = 0;
}

void world_end(struct world *w)
{
	for (unsigned i = 0; i < PEERS; i++) {
		if (w->peers[i])
			peer_end(tunnel_peer_rtmfp(w->peers[i]), true);
	}
	tunnel_free(w->t);
	ck_assert_uint_eq(w->live, 0);
	ck_assert_uint_eq(w->ep.peers, 0);
	world_forget_device(w);
	free(w);
}

struct rtmfp_peer *world_rtmfp(struct world *w, unsigned i)
{
	return tunnel_peer_rtmfp(w->peers[i]);
}

void world_allow(struct world *w, unsigned i, uint8_t family, uint8_t len, const uint8_t *ip)
{
	struct tunnel_prefix p = { .family = family, .len = len };

	memcpy(p.ip, ip, family == 4 ? 4 : 16);
	ck_assert_int_eq(tunnel_peer_allow(w->peers[i], &p), 0);
}

void world_add_peer(struct world *w, unsigned i, uint64_t keepalive)
{
	w->users[i] = i;
	ck_assert_int_eq(tunnel_peer_add(w->t, &w->fars[i], keepalive, &w->users[i], w->now, &w->peers[i]),
			 0);
	world_allow(w, i, 4, 16, (const uint8_t[4]){ 10, (uint8_t)i });
	world_allow(w, i, 6, 48, (const uint8_t[16]){ 0x20, 1, 0x0d, 0xb8, 0, (uint8_t)i });
}

struct rtmfp_path world_path(uint8_t last, uint16_t port)
{
	return (struct rtmfp_path){ .remote = { .family = 4, .port = port, .ip = { 192, 0, 2, last } } };
}

struct rtmfp_session *world_open_session(struct world *w, unsigned i, bool initiator)
{
	struct rtmfp_session *s = calloc(1, sizeof(*s));
	struct rtmfp_peer *peer = world_rtmfp(w, i);

	ck_assert_ptr_nonnull(s);
	s->peer = peer;
	s->next = peer->sessions;
	peer->sessions = s;
	s->initiator = initiator;
	s->stats.path = world_path((uint8_t)i, 1935);
	s->stats.keyed = s->stats.opened = w->now;
	peer->current = s;
	peer->state = RTMFP_PEER_CONNECTED;
	tunnel_set_now(w->t, w->now);
	tunnel_callbacks.on_session_open(w->t, s);
	if (!s->closing)
		tunnel_callbacks.on_path(w->t, s);
	return s;
}

struct bytes world_packet4(const uint8_t src[4], const uint8_t dst[4], size_t len)
{
	struct bytes b = bytes_new(len);

	ck_assert_uint_ge(len, 20);
	memset(b.p, 0xa5, len);
	memcpy(b.p, (const uint8_t[]){ 0x45, 0, (uint8_t)(len >> 8), (uint8_t)len, 0, 0, 0, 0, 64, 17, 0, 0 },
	       12);
	memcpy(b.p + 12, src, 4);
	memcpy(b.p + 16, dst, 4);
	return b;
}

struct bytes world_packet(uint8_t from, uint8_t to, size_t len)
{
	return world_packet4((const uint8_t[]){ 10, from, 0, 1 }, (const uint8_t[]){ 10, to, 0, 1 }, len);
}

struct bytes world_packet6(uint8_t from, uint8_t to, size_t len)
{
	struct bytes b = bytes_new(len);

	ck_assert_uint_ge(len, 40);
	memset(b.p, 0, len);
	memcpy(b.p,
	       (const uint8_t[]){ 0x60, 0, 0, 0, (uint8_t)((len - 40) >> 8), (uint8_t)(len - 40), 17, 64 },
	       8);
	memcpy(b.p + 8, (const uint8_t[]){ 0x20, 1, 0x0d, 0xb8, 0, from }, 6);
	memcpy(b.p + 24, (const uint8_t[]){ 0x20, 1, 0x0d, 0xb8, 0, to }, 6);
	return b;
}

void world_output(struct world *w, uint8_t to, size_t len)
{
	struct bytes b = world_packet(200, to, len);

	tunnel_output(w->t, b.p, b.len, w->now);
	bytes_free(&b);
}

uint64_t world_dropped(const struct world *w, enum tunnel_drop reason)
{
	return tunnel_counters(w->t)->drops[reason];
}

uint64_t world_dropped_in_all(const struct world *w)
{
	uint64_t sum = 0;

	for (int i = 0; i < TUNNEL_DROP_COUNT; i++)
		sum += world_dropped(w, (enum tunnel_drop)i);
	return sum;
}

struct tunnel_peer_stats world_stats(const struct world *w, unsigned i)
{
	struct tunnel_peer_stats stats;

	tunnel_peer_stats(w->peers[i], &stats);
	return stats;
}

struct rtmfp_recvflow *world_begin(struct world *w, struct rtmfp_session *s, const struct bytes *metadata)
{
	struct rtmfp_recvflow *flow = calloc(1, sizeof(*flow));

	ck_assert_ptr_nonnull(flow);
	flow->session = s;
	flow->params = (struct rtmfp_recvflow_params){ .buffer_capacity = 1, .message_max = 1 };
	ck_assert_uint_lt(s->recvflow_count, sizeof(s->recvflows) / sizeof(s->recvflows[0]));
	s->recvflows[s->recvflow_count++] = flow;
	flow->rejected =
		tunnel_callbacks.on_recvflow(w->t, s, flow, metadata->p, metadata->len, NULL, &flow->params);
	if (flow->rejected)
		flow->params.user = NULL;
	return flow;
}

struct rtmfp_recvflow *world_begin_hex(struct world *w, struct rtmfp_session *s, const char *hex)
{
	struct bytes b = bytes_hex(hex);
	struct rtmfp_recvflow *flow = world_begin(w, s, &b);

	bytes_free(&b);
	return flow;
}

void world_finish(struct world *w, struct rtmfp_recvflow *flow)
{
	flow->closed = true;
	tunnel_callbacks.on_recvflow_closed(w->t, flow);
}

void world_message(struct world *w, struct rtmfp_recvflow *flow, const struct bytes *b, bool in_place)
{
	const struct rtmfp_message_info info = { .sequence_number = 1, .in_place = in_place };

	tunnel_set_now(w->t, w->now);
	tunnel_callbacks.on_message(w->t, flow, b->p, b->len, &info);
}

void world_message_hex(struct world *w, struct rtmfp_recvflow *flow, const char *hex)
{
	struct bytes b = bytes_hex(hex);

	world_message(w, flow, &b, false);
	bytes_free(&b);
}

void world_assert_icmp(const struct world *w, size_t i, const struct bytes *packet, uint8_t type,
		       uint8_t code)
{
	const struct bytes *b = &w->device[i].data;
	size_t head = b->p[0] >> 4 == 4 ? 20 : 40;

	ck_assert_uint_lt(i, w->device_count);
	ck_assert(!w->device[i].in_place);
	ck_assert_uint_eq(b->p[head], type);
	ck_assert_uint_eq(b->p[head + 1], code);
	ck_assert_mem_eq(b->p + head + 8, packet->p,
			 packet->len < b->len - head - 8 ? packet->len : b->len - head - 8);
}
