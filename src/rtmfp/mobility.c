/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Addresses that change (RFC 7016 sections 3.5.3 and 3.5.4.2, PROTOCOL.md section 5.1). An authentic packet
 * with the greatest number so far, from another address than DESTADDR, makes that address a candidate: it
 * gets a Ping that only who reads there can answer, and the downlink within three times what came from it,
 * until it is verified or given up.
 */
#include "session_impl.h"

#include <string.h>

#include "rtmfp_wire.h"

/* Five Pings from 20 ms on spread over 5 s: a path that needs seconds to carry anything is still verified. */
#define PING_BACKOFF 6u
/* When all have gone unanswered, packets that keep coming from there are worth another round after this. */
#define PING_AGAIN RTMFP_S(1)

static bool is_destination(const struct rtmfp_session *s, const struct rtmfp_path *path)
{
	return rtmfp_addr_equal(&s->path.remote, &path->remote);
}

static struct rtmfp_candidate *find(struct rtmfp_session *s, const struct rtmfp_path *path)
{
	for (unsigned i = 0; s->mobility && i < RTMFP_CANDIDATE_PATHS; i++) {
		struct rtmfp_candidate *c = &s->mobility->candidates[i];

		if (c->used && rtmfp_addr_equal(&c->path.remote, &path->remote))
			return c;
	}
	return NULL;
}

static void give_up(struct rtmfp_session *s, struct rtmfp_candidate *c)
{
	if (s->mobility->downlink == c)
		s->mobility->downlink = NULL;
	*c = (struct rtmfp_candidate){ .used = false };
}

/* When verification may begin: one change of DESTADDR a second, so flapping is damped here. */
static uint64_t verify_at(const struct rtmfp_session *s, uint64_t now)
{
	uint64_t at = s->last_move + s->ep->params.move_interval;

	return s->last_move && at > now ? at : now;
}

/* A free place, or the older candidate's. */
static struct rtmfp_candidate *add(struct rtmfp_session *s, const struct rtmfp_path *path, uint64_t now)
{
	struct rtmfp_candidate *c = NULL;

	if (!s->mobility) {
		s->mobility = rtmfp_alloc(s->ep->mem, sizeof(*s->mobility));
		if (!s->mobility) {
			rtmfp_endpoint_drop(s->ep, RTMFP_DROP_NOMEM);
			return NULL;
		}
	}
	for (unsigned i = 0; i < RTMFP_CANDIDATE_PATHS; i++) {
		struct rtmfp_candidate *each = &s->mobility->candidates[i];

		if (!c || !each->used || (c->used && each->since < c->since))
			c = each;
		if (!c->used)
			break;
	}
	if (c->used)
		give_up(s, c);
	*c = (struct rtmfp_candidate){
		.used = true, .path = *path, .since = now, .next_ping = verify_at(s, now)
	};
	return c;
}

/* The newest packet came from |c|. */
static void came_from(struct rtmfp_session *s, struct rtmfp_candidate *c, uint64_t now)
{
	const struct rtmfp_params *p = &s->ep->params;
	struct rtmfp_mobility *m = s->mobility;
	bool returned = m->downlink != c && now >= c->since + PING_AGAIN;
	bool unanswered = c->pings >= p->verify_pings && now >= c->last_ping + PING_AGAIN;

	/* The far end is back there, or keeps sending from there: worth another round of Pings. */
	if (returned || unanswered) {
		c->pings = 0;
		c->since = now;
		c->next_ping = verify_at(s, now);
	}
	m->downlink = c;
	if (!m->diverted || now >= m->diverted_at + p->divert_every) {
		m->diverted = true;
		m->diverted_at = now;
	}
}

/*
 * Who copies our far end's packets faster than the network can make its own address the newest all the time,
 * and would keep most of the downlink for itself. A far end that has moved answers within a round trip, so
 * what takes longer than |divert_for| gets nothing but Pings until it does.
 */
struct rtmfp_candidate *rtmfp_mobility_downlink(const struct rtmfp_session *s, uint64_t now)
{
	const struct rtmfp_mobility *m = s->mobility;

	if (!m || !m->downlink || now >= m->diverted_at + s->ep->params.divert_for)
		return NULL;
	return m->downlink;
}

void rtmfp_mobility_received(struct rtmfp_session *s, const struct rtmfp_path *path, size_t len, bool newest,
			     uint64_t now)
{
	struct rtmfp_candidate *c;

	if (is_destination(s, path)) {
		/* The far end is where it was, and uses this address of ours now: answer from it. The
		 * initiator's kernel knows its way better than an old packet does. */
		if (newest && !s->initiator) {
			s->path.local = path->local;
			s->path.interface = path->interface;
		}
		if (newest && s->mobility)
			s->mobility->downlink = NULL;
		return;
	}
	c = find(s, path);
	if (!c && newest)
		c = add(s, path, now);
	if (!c)
		return;
	c->received += len;
	if (newest) {
		c->path = *path;
		if (s->initiator) {
			c->path.local = (struct rtmfp_addr){ 0 };
			c->path.interface = 0;
		}
		came_from(s, c, now);
	}
	rtmfp_session_wake(s);
}

size_t rtmfp_mobility_budget(const struct rtmfp_candidate *c)
{
	return c->sent >= 3 * c->received ? 0 : (size_t)(3 * c->received - c->sent);
}

struct rtmfp_candidate *rtmfp_mobility_ping_due(struct rtmfp_session *s, uint64_t now)
{
	size_t ping = 4 + s->ep->ops->head + RTMFP_PACKET_HEADER_MAX + RTMFP_CHUNK_HEADER +
		      RTMFP_MOBILITY_PING_LEN + s->ep->ops->tail;

	for (unsigned i = 0; s->mobility && i < RTMFP_CANDIDATE_PATHS; i++) {
		struct rtmfp_candidate *c = &s->mobility->candidates[i];

		if (c->used && c->pings < s->ep->params.verify_pings && c->next_ping <= now &&
		    rtmfp_mobility_budget(c) >= ping)
			return c;
	}
	return NULL;
}

/* 'M' || the time in ns || MAC over the time, the address, and which session it is. */
static void make_message(const struct rtmfp_session *s, uint64_t at, const struct rtmfp_addr *addr,
			 uint8_t message[RTMFP_MOBILITY_PING_LEN])
{
	struct rtmfp_addr bare = *addr;
	uint8_t data[48];
	struct rtmfp_writer w = rtmfp_writer(message, 9);
	struct rtmfp_writer d = rtmfp_writer(data, sizeof(data));

	bare.origin = RTMFP_ORIGIN_UNKNOWN;
	rtmfp_write_u8(&w, 'M');
	rtmfp_write_u64(&w, at);
	rtmfp_write_u64(&d, at);
	rtmfp_write_addr(&d, &bare);
	rtmfp_write_u64(&d, s->serial);
	s->ep->ops->mac(s->ep->crypto, s->ep->mobility_secret, "M", data, rtmfp_written(&d), message + 9);
}

void rtmfp_mobility_make_ping(struct rtmfp_session *s, struct rtmfp_candidate *c,
			      uint8_t message[RTMFP_MOBILITY_PING_LEN], uint64_t now)
{
	if (c->pings == 0) {
		struct rtmfp_flows_health h;

		rtmfp_flows_health(s->flows, &h);
		c->interval =
			h.rtt > s->ep->params.verify_interval_min ? h.rtt : s->ep->params.verify_interval_min;
	} else {
		c->interval *= PING_BACKOFF;
	}
	c->pings++;
	c->next_ping = now + c->interval;
	c->last_ping = now > s->mob_rx ? now : s->mob_rx + 1;
	make_message(s, c->last_ping, &c->path.remote, message);
}

/* After a move, other candidates are asked when the next move is allowed: an answer before would be refused.
 */
static void damp(struct rtmfp_session *s, uint64_t now)
{
	for (unsigned i = 0; i < RTMFP_CANDIDATE_PATHS; i++) {
		struct rtmfp_candidate *c = &s->mobility->candidates[i];

		if (!c->used)
			continue;
		c->pings = 0;
		c->next_ping = now + s->ep->params.move_interval;
	}
}

void rtmfp_mobility_reply(struct rtmfp_session *s, const struct rtmfp_path *path, const uint8_t *message,
			  size_t len, uint64_t now)
{
	uint8_t expected[RTMFP_MOBILITY_PING_LEN];
	struct rtmfp_reader r = rtmfp_reader(message, len);
	struct rtmfp_candidate *c = find(s, path);
	bool same_host;
	uint64_t at;

	if (len != RTMFP_MOBILITY_PING_LEN || rtmfp_read_u8(&r) != 'M' || !c)
		return;
	at = rtmfp_read_u64(&r);
	if (at <= s->mob_rx || now - at > s->ep->params.verify_lifetime)
		return;
	make_message(s, at, &path->remote, expected);
	if (!rtmfp_equal_ct(expected, message, sizeof(expected)))
		return;
	if (s->last_move && now < s->last_move + s->ep->params.move_interval)
		return;
	s->mob_rx = at;
	s->last_move = now;
	same_host = rtmfp_addr_same_host(&s->path.remote, &c->path.remote);
	s->path = c->path;
	give_up(s, c);
	s->mobility->diverted = false;
	damp(s, now);
	s->ep->counters.moves++;
	if (same_host)
		rtmfp_flows_rebound(s->flows, now);
	else
		rtmfp_flows_path_changed(s->flows, now);
	rtmfp_flows_rtt_sample(s->flows, now - at, now);
	if (s->ep->cb->on_path)
		s->ep->cb->on_path(s->ep->user, s);
	rtmfp_session_wake(s);
}

void rtmfp_mobility_local_gone(struct rtmfp_session *s, const struct rtmfp_addr *local)
{
	for (unsigned i = 0; s->mobility && i < RTMFP_CANDIDATE_PATHS; i++) {
		struct rtmfp_path *path = &s->mobility->candidates[i].path;

		if (!rtmfp_addr_same_host(&path->local, local))
			continue;
		path->local = (struct rtmfp_addr){ 0 };
		path->interface = 0;
	}
}

uint64_t rtmfp_mobility_expiry(const struct rtmfp_session *s)
{
	uint64_t at = RTMFP_NEVER;

	for (unsigned i = 0; s->mobility && i < RTMFP_CANDIDATE_PATHS; i++) {
		const struct rtmfp_candidate *c = &s->mobility->candidates[i];

		if (!c->used)
			continue;
		if (c->since + s->ep->params.verify_lifetime < at)
			at = c->since + s->ep->params.verify_lifetime;
		if (c->pings < s->ep->params.verify_pings && c->next_ping < at &&
		    c->next_ping > s->mobility->looked)
			at = c->next_ping;
	}
	return at;
}

void rtmfp_mobility_tick(struct rtmfp_session *s, uint64_t now)
{
	for (unsigned i = 0; s->mobility && i < RTMFP_CANDIDATE_PATHS; i++) {
		struct rtmfp_candidate *c = &s->mobility->candidates[i];

		if (c->used && now >= c->since + s->ep->params.verify_lifetime)
			give_up(s, c);
	}
	if (s->mobility)
		s->mobility->looked = now;
}
