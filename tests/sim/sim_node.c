/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a daemon does for an endpoint: hands in what arrived, as runs, lets it tick when it is due, sends
 * until there is nothing to send, settles, and sleeps until its expiry. Whatever the endpoint does is
 * watched.
 */
#include "sim.h"

#include <stdlib.h>
#include <string.h>

#define DATAGRAM_MAX 65507u
/* Times that a node may wake within one virtual millisecond and find nothing to do. */
#define IDLE_WAKES_A_MS 50u
/* Trains at one time: what a congestion window allows, and more. */
#define TRAINS_AT_ONCE 100000u

struct sim_arrival {
	struct sim_arrival *next;
	struct rtmfp_path path;
	size_t len;
	uint8_t bytes[];
};

struct sim_source {
	struct sim_source *next;
	struct rtmfp_addr addr;
	uint64_t rx, tx;
	bool trusted;
};

/* ---- who may be written to (PROTOCOL.md section 5.1) ---- */

static struct sim_source *source_of(struct sim_node *n, const struct rtmfp_addr *addr)
{
	unsigned h = addr->port + 31u * addr->ip[2] + addr->ip[3] + addr->ip[13] + addr->ip[15];
	struct sim_source **bucket = &n->sources[h % SIM_SOURCES], *s;

	for (s = *bucket; s; s = s->next)
		if (rtmfp_addr_equal(&s->addr, addr))
			return s;
	s = calloc(1, sizeof(*s));
	if (!s)
		abort();
	s->addr = *addr;
	s->next = *bucket;
	*bucket = s;
	return s;
}

void sim_node_trust(struct sim_node *n, const struct rtmfp_addr *addr)
{
	source_of(n, addr)->trusted = true;
}

static void forget_sources(struct sim_node *n)
{
	for (size_t i = 0; i < SIM_SOURCES; i++) {
		while (n->sources[i]) {
			struct sim_source *s = n->sources[i];

			n->sources[i] = s->next;
			free(s);
		}
	}
}

/* ---- life ---- */

struct sim_node *sim_node_new(struct sim_world *w, const char *name)
{
	struct sim_node *n = calloc(1, sizeof(*n));

	w->nodes = realloc(w->nodes, (w->node_count + 1) * sizeof(struct sim_node *));
	if (!n || !w->nodes)
		abort();
	n->w = w;
	n->name = name;
	n->index = (unsigned)w->node_count;
	n->params = w->params;
	n->stateless_reset = w->reset;
	n->arrivals_tail = &n->arrivals;
	n->wake_at = RTMFP_NEVER;
	n->receive_buffer = 4u << 20;
	n->train_max = RTMFP_TRAIN_SEGMENTS_MAX;
	w->nodes[w->node_count++] = n;
	sim_identity_init(&n->identity, w, n->index + 1, 0);
	return n;
}

static void discard_arrivals(struct sim_node *n)
{
	while (n->arrivals) {
		struct sim_arrival *a = n->arrivals;

		n->arrivals = a->next;
		free(a);
	}
	n->arrivals_tail = &n->arrivals;
	n->waiting = 0;
}

static void start_peer(struct sim_peer *peer)
{
	struct sim_node *n = peer->node;

	int err = rtmfp_peer_new(n->ep, peer->far, peer, &peer->rtmfp);

	sim_assert(err == 0 || n->w->mem_fail_at);
	if (err) {
		peer->rtmfp = NULL;
		return;
	}
	sim_assert(rtmfp_peer_far(peer->rtmfp) == peer->far && rtmfp_peer_user(peer->rtmfp) == peer);
	err = rtmfp_peer_set_candidates(peer->rtmfp, peer->candidates, peer->candidate_count, n->w->now);
	sim_assert(err == 0 || n->w->mem_fail_at);
	for (unsigned i = 0; i < peer->candidate_count; i++)
		sim_node_trust(n, &peer->candidates[i]);
	rtmfp_peer_set_keepalive(peer->rtmfp, peer->keepalive, n->w->now);
}

void sim_node_start(struct sim_node *n)
{
	const struct rtmfp_endpoint_config cfg = {
		.ops = &n->identity.ops,
		.crypto = n->identity.crypto,
		.mem = &n->w->mem,
		.cb = &sim_callbacks,
		.user = n,
		.params = &n->params,
		.stateless_reset = n->stateless_reset,
	};

	sim_assert(!n->ep);
	sim_trace(n->w, "%s starts", n->name);
	sim_assert(rtmfp_endpoint_new(&cfg, n->w->now, &n->ep) == 0);
	n->rx_datagrams = n->rx_bytes = n->tx_datagrams = n->tx_bytes = 0;
	for (size_t i = 0; i < n->peer_count; i++)
		start_peer(n->peers[i]);
	sim_node_later(n, n->w->now);
}

void sim_node_kill(struct sim_node *n)
{
	struct rtmfp_endpoint *ep = n->ep;
	uint64_t sealed = n->w->ledger.sealed;

	sim_assert(ep && !n->inside);
	sim_trace(n->w, "%s is killed", n->name);
	n->inside = true;
	n->dying = true;
	rtmfp_endpoint_free(ep);
	n->inside = n->dying = false;
	sim_assert_msg(n->w->ledger.sealed == sealed, "an endpoint that is freed has still something to say");
	n->ep = NULL;
	n->wake_at = RTMFP_NEVER;
	discard_arrivals(n);
	forget_sources(n);
	sim_app_settled(n);
	for (size_t i = 0; i < n->peer_count; i++) {
		sim_assert(!n->peers[i]->sessions);
		sim_assert(!n->peers[i]->far->peer);
		n->peers[i]->rtmfp = NULL;
	}
	/* Nothing but the keys survives: another run of the profile, with other randomness. */
	sim_identity_verify(&n->identity);
	sim_identity_fini(&n->identity);
	sim_identity_init(&n->identity, n->w, n->index + 1, ++n->starts);
	for (size_t i = 0; i < n->peer_count; i++)
		n->peers[i]->far =
			sim_identity_add(&n->identity, &n->peers[i]->other->identity, n->peers[i]->psk);
}

void sim_node_shutdown(struct sim_node *n)
{
	rtmfp_endpoint_shutdown(n->ep, n->w->now);
	sim_node_process(n);
	sim_node_kill(n);
}

void sim_node_free(struct sim_node *n)
{
	discard_arrivals(n);
	sim_identity_fini(&n->identity);
	forget_sources(n);
	for (size_t i = 0; i < n->peer_count; i++)
		free(n->peers[i]);
	free(n->peers);
	free(n);
}

/* ---- peers ---- */

struct sim_peer *sim_peer_new(struct sim_node *n, struct sim_node *other, uint64_t psk)
{
	struct sim_peer *peer = calloc(1, sizeof(*peer));

	n->peers = realloc(n->peers, (n->peer_count + 1) * sizeof(struct sim_peer *));
	if (!peer || !n->peers)
		abort();
	n->peers[n->peer_count++] = peer;
	peer->node = n;
	peer->other = other;
	peer->psk = psk;
	peer->far = sim_identity_add(&n->identity, &other->identity, psk);
	if (n->ep)
		start_peer(peer);
	return peer;
}

void sim_peer_drop(struct sim_peer *peer)
{
	struct sim_node *n = peer->node;

	sim_assert(peer->rtmfp);
	rtmfp_peer_free(peer->rtmfp, n->w->now);
	sim_assert(!peer->sessions && !peer->far->peer);
	peer->rtmfp = NULL;
	sim_node_later(n, n->w->now);
}

void sim_peer_add(struct sim_peer *peer)
{
	sim_assert(!peer->rtmfp && peer->node->ep);
	start_peer(peer);
}

struct sim_peer *sim_peer_find(struct sim_node *n, struct sim_node *other)
{
	for (size_t i = 0; i < n->peer_count; i++)
		if (n->peers[i]->other == other)
			return n->peers[i];
	return NULL;
}

void sim_peer_candidate(struct sim_peer *peer, const struct rtmfp_addr *addr)
{
	int err;

	sim_assert(peer->candidate_count < sizeof(peer->candidates) / sizeof(peer->candidates[0]));
	peer->candidates[peer->candidate_count++] = *addr;
	sim_node_trust(peer->node, addr);
	if (!peer->rtmfp)
		return;
	err = rtmfp_peer_set_candidates(peer->rtmfp, peer->candidates, peer->candidate_count,
					peer->node->w->now);
	sim_assert(err == 0 || (err == RTMFP_ERR_NOMEM && peer->node->w->mem_fail_at));
	sim_node_later(peer->node, peer->node->w->now);
}

void sim_peer_open(struct sim_peer *peer)
{
	if (!peer->rtmfp)
		return;
	/* Without memory or address it is tried again by whoever wants to send. */
	if (rtmfp_peer_open(peer->rtmfp, peer->node->w->now) == 0)
		sim_node_later(peer->node, peer->node->w->now);
}

void sim_peer_close(struct sim_peer *peer, bool abrupt)
{
	struct rtmfp_session *session = sim_peer_session(peer);

	sim_assert(session);
	rtmfp_session_close(session, abrupt, peer->node->w->now);
	sim_assert(!sim_peer_is_open(peer));
	sim_node_later(peer->node, peer->node->w->now);
}

void sim_peer_set_keepalive(struct sim_peer *peer, uint64_t interval)
{
	peer->keepalive = interval;
	if (!peer->rtmfp)
		return;
	rtmfp_peer_set_keepalive(peer->rtmfp, interval, peer->node->w->now);
	sim_node_later(peer->node, rtmfp_endpoint_expiry(peer->node->ep));
}

struct rtmfp_session *sim_peer_session(const struct sim_peer *peer)
{
	return peer->rtmfp ? rtmfp_peer_session(peer->rtmfp) : NULL;
}

bool sim_peer_is_open(const struct sim_peer *peer)
{
	return sim_peer_session(peer) != NULL;
}

static struct rtmfp_session_stats stats_of(const struct sim_peer *peer)
{
	struct rtmfp_session_stats stats;

	sim_assert(sim_peer_is_open(peer));
	rtmfp_session_stats(sim_peer_session(peer), &stats);
	return stats;
}

struct rtmfp_addr sim_peer_address(const struct sim_peer *peer)
{
	return stats_of(peer).path.remote;
}

uint64_t sim_peer_epoch(const struct sim_peer *peer)
{
	return stats_of(peer).epoch;
}

void sim_two(struct sim_world *w, uint64_t delay, struct sim_peer **a, struct sim_peer **b)
{
	struct sim_node *na = sim_node_new(w, "a"), *nb = sim_node_new(w, "b");
	const struct rtmfp_addr at_a = sim_v4(1, 1, 1935), at_b = sim_v4(2, 2, 1935);

	/* All the delay is at one end, so that it is what it says and not a rounding away from it. */
	sim_link(sim_port_new(na, &at_a, NULL), delay, 0, 0);
	sim_link(sim_port_new(nb, &at_b, NULL), 0, 0, 0);
	*a = sim_peer_new(na, nb, 0);
	*b = sim_peer_new(nb, na, 0);
	sim_peer_candidate(*a, &at_b);
	sim_node_start(na);
	sim_node_start(nb);
}

uint64_t sim_node_drops(const struct sim_node *n, enum rtmfp_drop reason)
{
	return rtmfp_endpoint_counters(n->ep)->drops[reason];
}

/* ---- datagrams in ---- */

void sim_node_arrive(struct sim_node *n, const struct rtmfp_path *path, const uint8_t *bytes, size_t len)
{
	struct sim_arrival *a;

	if (!n->ep)
		return;
	if (n->waiting + len > n->receive_buffer) {
		n->unread++;
		return;
	}
	a = malloc(sizeof(*a) + len);
	if (!a)
		abort();
	a->next = NULL;
	a->path = *path;
	a->len = len;
	memcpy(a->bytes, bytes, len);
	*n->arrivals_tail = a;
	n->arrivals_tail = &a->next;
	n->waiting += len;
	sim_node_later(n, n->w->now);
}

static bool same_path(const struct rtmfp_path *a, const struct rtmfp_path *b)
{
	return rtmfp_addr_equal(&a->local, &b->local) && rtmfp_addr_equal(&a->remote, &b->remote) &&
	       a->interface == b->interface;
}

/* How many of the first arrivals make one run, as UDP GRO would take them. */
static unsigned count_run(const struct sim_arrival *first, size_t *len)
{
	const struct sim_arrival *last = first;
	unsigned count = 1;

	*len = first->len;
	while (last->next && last->len == first->len && last->next->len <= first->len &&
	       last->next->len > 0 && count < 64 && *len + last->next->len <= DATAGRAM_MAX &&
	       same_path(&first->path, &last->next->path)) {
		last = last->next;
		*len += last->len;
		count++;
	}
	return count;
}

static void receive(struct sim_node *n)
{
	while (n->arrivals) {
		struct rtmfp_run run = { .path = n->arrivals->path };
		unsigned count = count_run(n->arrivals, &run.len);

		/* Exactly so many bytes, so that a read beyond them shows. */
		run.buf = malloc(run.len);
		if (!run.buf)
			abort();
		run.segment = count > 1 || sim_below(n->w, 2) ? n->arrivals->len : 0;
		for (size_t at = 0; count-- > 0;) {
			struct sim_arrival *a = n->arrivals;

			memcpy(run.buf + at, a->bytes, a->len);
			at += a->len;
			n->arrivals = a->next;
			n->waiting -= a->len;
			n->rx_datagrams++;
			free(a);
		}
		if (!n->arrivals)
			n->arrivals_tail = &n->arrivals;
		n->rx_bytes += run.len;
		n->runs++;
		n->long_runs += run.segment && run.len > run.segment;
		source_of(n, &run.path.remote)->rx += run.len;
		rtmfp_endpoint_receive(n->ep, &run, n->w->now);
		sim_assert_msg(!n->promises, "on_batch_end was not called");
		/* What was delivered in place must not be used any more. */
		memset(run.buf, 0xa5, run.len);
		free(run.buf);
	}
}

/* ---- datagrams out ---- */

static void check_train(struct sim_node *n, const struct rtmfp_train *t, unsigned count)
{
	struct sim_source *s = source_of(n, &t->path.remote);

	sim_assert(t->path.remote.family == 4 || t->path.remote.family == 6);
	sim_assert(count == t->count && count <= t->max && t->len <= t->cap && t->segment > 0);
	sim_assert((t->len + t->segment - 1) / t->segment == count);
	sim_assert(t->segment <=
		   (t->path.remote.family == 4 ? n->params.datagram_v4 : n->params.datagram_v6));
	s->tx += t->len;
	sim_assert_msg(s->trusted || s->tx <= 3 * s->rx,
		       "%s sends %" PRIu64 " bytes to %s, which sent it %" PRIu64, n->name, s->tx,
		       sim_addr_text(&s->addr), s->rx);
}

static void send_trains(struct sim_node *n)
{
	struct sim_world *w = n->w;
	size_t cap = sim_below(w, 4) ? 65536 : RTMFP_TRAIN_MIN + sim_below(w, 40000);
	uint8_t *buf = malloc(cap);
	unsigned trains = 0;

	if (!buf)
		abort();
	for (;;) {
		struct rtmfp_train t = { .buf = buf, .cap = cap, .max = n->train_max };
		const struct rtmfp_train before = t;
		unsigned count = rtmfp_endpoint_send(n->ep, &t, w->now);

		if (count == 0) {
			sim_assert_msg(!memcmp(&t, &before, sizeof(t)), "a train of nothing was changed");
			break;
		}
		check_train(n, &t, count);
		sim_assert_msg(++trains < TRAINS_AT_ONCE, "%s sends without end", n->name);
		n->tx_datagrams += count;
		n->tx_bytes += t.len;
		for (size_t at = 0; at < t.len; at += t.segment)
			sim_net_send(n, &t.path, buf + at, t.len - at < t.segment ? t.len - at : t.segment);
	}
	n->trains += trains;
	free(buf);
}

/* ---- its turn ---- */

void sim_node_process(struct sim_node *n)
{
	struct sim_world *w = n->w;
	uint64_t before = n->rx_datagrams + n->tx_datagrams;
	unsigned ticks = 0;

	if (!n->ep)
		return;
	if (n->paused_until > w->now) {
		sim_node_later(n, n->paused_until);
		return;
	}
	sim_assert(!n->inside);
	n->inside = true;
	receive(n);
	do {
		sim_assert_msg(ticks < 4, "%s: expiry stays in the past", n->name);
		if (rtmfp_endpoint_expiry(n->ep) <= w->now) {
			rtmfp_endpoint_tick(n->ep, w->now);
			ticks++;
		}
		send_trains(n);
	} while (rtmfp_endpoint_expiry(n->ep) <= w->now);
	rtmfp_endpoint_settle(n->ep);
	n->inside = false;
	sim_app_settled(n);
	n->wakes++;
	if (before == n->rx_datagrams + n->tx_datagrams) {
		uint64_t ms = w->now / 1000000;

		n->idle_wakes = ms == n->idle_ms ? n->idle_wakes + 1 : 1;
		n->idle_ms = ms;
		sim_assert_msg(n->idle_wakes <= IDLE_WAKES_A_MS, "%s wakes for nothing again and again",
			       n->name);
	}
	sim_check_endpoint(n);
	if (rtmfp_endpoint_expiry(n->ep) != RTMFP_NEVER)
		sim_node_later(n, rtmfp_endpoint_expiry(n->ep) + sim_below(w, w->timer_slack));
}

static void wake(struct sim_world *w, void *ctx)
{
	struct sim_node *n = ctx;

	if (w->now != n->wake_at)
		return; /* it woke earlier, or was killed */
	n->wake_at = RTMFP_NEVER;
	sim_node_process(n);
}

void sim_node_later(struct sim_node *n, uint64_t at)
{
	if (at < n->w->now)
		at = n->w->now;
	if (at >= n->wake_at || !n->ep)
		return;
	n->wake_at = at;
	sim_at(n->w, at, wake, n);
}

void sim_node_pause(struct sim_node *n, uint64_t duration)
{
	n->paused_until = n->w->now + duration;
}
