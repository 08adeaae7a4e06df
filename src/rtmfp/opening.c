/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The initiator's side of startup (RFC 7016 section 3.5.1.1.1, PROTOCOL.md section 2.6): IHellos to every
 * candidate on its own schedule, keying with the first correct RHello (from the second attempt on with
 * several), a new attempt when keying gets no answer, and the ultimate open timeout. Redirects (3.5.1.1.1)
 * would call rtmfp_opening_add_candidate; Cookie Change (3.5.1.2) would start a keying again.
 */
#include "session_impl.h"

#include <string.h>

#define KEYINGS_MAX 4u

struct backoff {
	uint64_t next, interval;
};

struct candidate {
	struct rtmfp_addr addr;
	struct backoff when;
};

/* One RHello that was answered: an IIKeying of its own ID and ephemeral key. */
struct keying {
	struct rtmfp_id id; /* kind NONE: unused */
	void *hs;
	struct rtmfp_path path;
	struct backoff when;
	uint64_t sent; /* when the IIKeying was sent first */
	unsigned sends;
	uint8_t cookie[RTMFP_COOKIE_MAX];
	size_t cookie_len;
	uint8_t component[RTMFP_COMPONENT_MAX];
	size_t component_len;
	uint8_t chunk[RTMFP_STARTUP_MAX]; /* retransmitted byte for byte */
	size_t chunk_len;
};

struct rtmfp_opening {
	struct rtmfp_peer *peer;
	enum rtmfp_opening_state state;
	unsigned attempt;
	uint64_t started; /* for the ultimate open timeout */
	uint64_t attempt_started;
	uint64_t keying_until;
	uint8_t tag[RTMFP_TAG_LEN];
	struct rtmfp_id tag_id; /* in ep->names, by the tag's first 4 bytes */
	uint8_t epd[RTMFP_EPD_MAX];
	size_t epd_len;
	struct candidate candidates[RTMFP_CANDIDATES_MAX];
	size_t candidate_count;
	struct keying *keyings[KEYINGS_MAX]; /* allocated when used */
	struct rtmfp_timer timer;
};

static void backoff_start(struct backoff *b, const struct rtmfp_params *p, uint64_t now)
{
	b->next = now;
	b->interval = p->open_interval_first;
}

static void backoff_step(struct backoff *b, const struct rtmfp_params *p, uint64_t now)
{
	b->next = now + b->interval;
	b->interval += p->open_interval_growth;
	if (b->interval > p->open_interval_max)
		b->interval = p->open_interval_max;
}

static void keying_free(struct rtmfp_opening *o, unsigned slot, uint64_t now)
{
	struct rtmfp_endpoint *ep = o->peer->ep;
	struct keying *k = o->keyings[slot];

	if (!k)
		return;
	rtmfp_endpoint_retire_id(ep, &k->id, now);
	ep->ops->hs_free(k->hs);
	rtmfp_free(ep->mem, k);
	o->keyings[slot] = NULL;
}

static void reschedule(struct rtmfp_opening *o)
{
	struct rtmfp_endpoint *ep = o->peer->ep;
	uint64_t at = o->started + ep->params.open_timeout;

	if (o->state == RTMFP_S_IHELLO_SENT) {
		for (size_t i = 0; i < o->candidate_count; i++)
			if (o->candidates[i].when.next < at)
				at = o->candidates[i].when.next;
	} else if (o->keying_until < at) {
		at = o->keying_until;
	}
	for (unsigned i = 0; i < KEYINGS_MAX; i++)
		if (o->keyings[i] && o->keyings[i]->when.next < at)
			at = o->keyings[i]->when.next;
	rtmfp_timer_set(&ep->timers, &o->timer, at);
}

/* A new tag, and with it a new EPD; keying starts from nothing. */
static int begin_attempt(struct rtmfp_opening *o, uint64_t now)
{
	struct rtmfp_endpoint *ep = o->peer->ep;

	for (unsigned i = 0; i < KEYINGS_MAX; i++)
		keying_free(o, i, now);
	o->state = RTMFP_S_IHELLO_SENT;
	o->attempt++;
	o->attempt_started = now;
	rtmfp_idtable_remove(&ep->names, &o->tag_id);
	ep->ops->random(ep->crypto, o->tag, sizeof(o->tag));
	o->tag_id = (struct rtmfp_id){ .value = rtmfp_name(o->tag), .kind = RTMFP_ID_TAG, .owner = o };
	rtmfp_idtable_add(&ep->names, &o->tag_id);
	for (size_t i = 0; i < o->candidate_count; i++)
		backoff_start(&o->candidates[i].when, &ep->params, now);
	return ep->ops->epd_make(ep->crypto, o->peer->far, o->tag, o->epd, sizeof(o->epd), &o->epd_len);
}

static void send_ihello(struct rtmfp_opening *o, struct candidate *c, uint64_t now)
{
	struct rtmfp_endpoint *ep = o->peer->ep;
	struct rtmfp_path path = { .remote = c->addr };
	struct rtmfp_startup_packet packet;

	rtmfp_startup_begin(ep, &packet);
	rtmfp_write_ihello(&packet.w, &(struct rtmfp_ihello){ .epd = { o->epd, o->epd_len },
							      .tag = { o->tag, sizeof(o->tag) } });
	(void)rtmfp_startup_send(ep, &packet, 0, &path, RTMFP_IHELLO_MIN, RTMFP_STARTUP_MAX,
				 RTMFP_OUTBOX_OWN);
	backoff_step(&c->when, &ep->params, now);
}

static void send_iikeying(struct rtmfp_opening *o, struct keying *k, uint64_t now)
{
	struct rtmfp_endpoint *ep = o->peer->ep;
	struct rtmfp_startup_packet packet;

	rtmfp_startup_begin(ep, &packet);
	rtmfp_write_bytes(&packet.w, k->chunk, k->chunk_len);
	(void)rtmfp_startup_send(ep, &packet, 0, &k->path, 0, RTMFP_STARTUP_MAX, RTMFP_OUTBOX_OWN);
	if (k->sends++ == 0)
		k->sent = now;
	backoff_step(&k->when, &ep->params, now);
}

static void fail(struct rtmfp_opening *o, uint64_t now)
{
	struct rtmfp_peer *peer = o->peer;
	struct rtmfp_endpoint *ep = peer->ep;

	rtmfp_peer_drop_opening(peer, now);
	if (ep->cb->on_open_failed)
		ep->cb->on_open_failed(ep->user, peer);
}

static void on_timer(void *ctx, uint64_t now)
{
	struct rtmfp_opening *o = ctx;

	if (now >= o->started + o->peer->ep->params.open_timeout) {
		fail(o, now);
		return;
	}
	if (o->state == RTMFP_S_KEYING_SENT && now >= o->keying_until && begin_attempt(o, now)) {
		fail(o, now);
		return;
	}
	if (o->state == RTMFP_S_IHELLO_SENT) {
		for (size_t i = 0; i < o->candidate_count; i++)
			if (o->candidates[i].when.next <= now)
				send_ihello(o, &o->candidates[i], now);
	}
	for (unsigned i = 0; i < KEYINGS_MAX; i++)
		if (o->keyings[i] && o->keyings[i]->when.next <= now)
			send_iikeying(o, o->keyings[i], now);
	reschedule(o);
}

int rtmfp_opening_new(struct rtmfp_peer *peer, uint64_t now)
{
	struct rtmfp_endpoint *ep = peer->ep;
	struct rtmfp_opening *o = rtmfp_alloc(ep->mem, sizeof(*o));
	int err;

	if (!o)
		return RTMFP_ERR_NOMEM;
	o->peer = peer;
	o->started = now;
	err = rtmfp_timer_init(&ep->timers, &o->timer, on_timer, o);
	if (!err)
		err = begin_attempt(o, now);
	if (err) {
		rtmfp_opening_free(o, now);
		return err;
	}
	peer->opening = o;
	for (size_t i = 0; i < peer->candidate_count; i++)
		rtmfp_opening_add_candidate(o, &peer->candidates[i], now);
	if (peer->current)
		rtmfp_opening_add_candidate(o, &peer->current->path.remote, now);
	rtmfp_timer_set(&ep->timers, &o->timer, now);
	return 0;
}

void rtmfp_opening_moved(struct rtmfp_opening *o, uint64_t now)
{
	if (o->state != RTMFP_S_KEYING_SENT)
		return;
	o->keying_until = now;
	rtmfp_timer_set(&o->peer->ep->timers, &o->timer, now);
}

void rtmfp_opening_free(struct rtmfp_opening *o, uint64_t now)
{
	struct rtmfp_endpoint *ep = o->peer->ep;

	for (unsigned i = 0; i < KEYINGS_MAX; i++)
		keying_free(o, i, now);
	rtmfp_idtable_remove(&ep->names, &o->tag_id);
	rtmfp_timer_fini(&ep->timers, &o->timer);
	rtmfp_free(ep->mem, o);
}

enum rtmfp_opening_state rtmfp_opening_state(const struct rtmfp_opening *o)
{
	return o->state;
}

void rtmfp_opening_add_candidate(struct rtmfp_opening *o, const struct rtmfp_addr *addr, uint64_t now)
{
	struct candidate *c;

	for (size_t i = 0; i < o->candidate_count; i++)
		if (rtmfp_addr_equal(&o->candidates[i].addr, addr))
			return;
	if (o->candidate_count == RTMFP_CANDIDATES_MAX)
		return;
	c = &o->candidates[o->candidate_count++];
	c->addr = *addr;
	backoff_start(&c->when, &o->peer->ep->params, now);
	if (o->timer.at != RTMFP_NEVER)
		reschedule(o);
}

struct rtmfp_opening *rtmfp_opening_find(struct rtmfp_endpoint *ep, const uint8_t *tag, size_t len)
{
	if (len != RTMFP_TAG_LEN)
		return NULL;
	for (struct rtmfp_id *id = rtmfp_idtable_find(&ep->names, rtmfp_name(tag)); id; id = id->next) {
		struct rtmfp_opening *o = id->owner;

		if (id->kind == RTMFP_ID_TAG && !memcmp(o->tag, tag, len))
			return o;
	}
	return NULL;
}

/* Fills |k| and its IIKeying chunk from an RHello that was found good. */
static int begin_keying(struct rtmfp_opening *o, struct keying *k, unsigned slot,
			const struct rtmfp_rhello *rhello)
{
	struct rtmfp_endpoint *ep = o->peer->ep;
	const struct rtmfp_crypto_ops *ops = ep->ops;
	uint8_t cert[RTMFP_CERT_MAX], signature[RTMFP_SIGNATURE_MAX], params_bytes[RTMFP_STARTUP_MAX];
	struct rtmfp_writer params = rtmfp_writer(params_bytes, sizeof(params_bytes));
	struct rtmfp_writer chunk = rtmfp_writer(k->chunk, sizeof(k->chunk));
	size_t cert_len, signature_len;
	int err;

	rtmfp_endpoint_new_id(ep, &k->id, RTMFP_ID_KEYING, (uint8_t)slot, o);
	err = ops->initiator_write(ep->crypto, o->peer->far, k->id.value, rhello->cookie.p,
				   rhello->cookie.len, rhello->certificate.p, rhello->certificate.len, cert,
				   sizeof(cert), &cert_len, k->component, sizeof(k->component),
				   &k->component_len, &k->hs);
	if (err)
		return err;
	rtmfp_write_u32(&params, k->id.value);
	rtmfp_write_vlu(&params, rhello->cookie.len);
	rtmfp_write_bytes(&params, rhello->cookie.p, rhello->cookie.len);
	rtmfp_write_vlu(&params, cert_len);
	rtmfp_write_bytes(&params, cert, cert_len);
	rtmfp_write_vlu(&params, k->component_len);
	rtmfp_write_bytes(&params, k->component, k->component_len);
	if (params.failed)
		return RTMFP_ERR_LIMIT;
	err = ops->initiator_sign(k->hs, params_bytes, rtmfp_written(&params), signature, sizeof(signature),
				  &signature_len);
	if (err)
		return err;
	rtmfp_write_iikeying(&chunk,
			     &(struct rtmfp_iikeying){ .session_id = k->id.value,
						       .cookie = rhello->cookie,
						       .certificate = { cert, cert_len },
						       .component = { k->component, k->component_len },
						       .signature = { signature, signature_len } });
	k->chunk_len = rtmfp_written(&chunk);
	return chunk.failed ? RTMFP_ERR_LIMIT : 0;
}

void rtmfp_opening_rhello(struct rtmfp_opening *o, const struct rtmfp_path *path, const uint8_t *p,
			  size_t len, uint64_t now)
{
	struct rtmfp_endpoint *ep = o->peer->ep;
	unsigned most = o->attempt > 1 ? ep->params.keyings_max : 1;
	struct rtmfp_rhello rhello;
	struct keying *k;
	unsigned slot;
	int err;

	if (most > KEYINGS_MAX)
		most = KEYINGS_MAX;
	if (rtmfp_read_rhello(p, len, &rhello) || rhello.cookie.len > RTMFP_COOKIE_MAX) {
		rtmfp_endpoint_drop(ep, RTMFP_DROP_SYNTAX);
		return;
	}
	for (slot = 0; slot < most && o->keyings[slot]; slot++) {
		const struct keying *known = o->keyings[slot];

		if (known->cookie_len == rhello.cookie.len &&
		    !memcmp(known->cookie, rhello.cookie.p, known->cookie_len))
			return; /* a duplicate */
	}
	if (slot == most) {
		rtmfp_endpoint_drop(ep, RTMFP_DROP_TAG);
		return;
	}
	if (ep->ops->rhello_verify(ep->crypto, o->peer->far, p, len, rhello.certificate.p,
				   rhello.certificate.len)) {
		rtmfp_endpoint_drop(ep, RTMFP_DROP_CERTIFICATE);
		return;
	}
	k = rtmfp_alloc(ep->mem, sizeof(*k));
	if (!k) {
		rtmfp_endpoint_drop(ep, RTMFP_DROP_NOMEM);
		return;
	}
	k->path = *path;
	k->cookie_len = rhello.cookie.len;
	memcpy(k->cookie, rhello.cookie.p, rhello.cookie.len);
	/* The initiator leaves its source to the kernel, which knows where the route is after a move. */
	k->path.local = (struct rtmfp_addr){ 0 };
	k->path.interface = 0;
	o->keyings[slot] = k;
	err = begin_keying(o, k, slot, &rhello);
	if (err) {
		keying_free(o, slot, now);
		rtmfp_endpoint_drop(ep, err == RTMFP_ERR_NOMEM ? RTMFP_DROP_NOMEM : RTMFP_DROP_HANDSHAKE);
		return;
	}
	if (o->state == RTMFP_S_IHELLO_SENT) {
		o->state = RTMFP_S_KEYING_SENT;
		o->keying_until = now + ep->params.keying_timeout;
	}
	backoff_start(&k->when, &ep->params, now);
	send_iikeying(o, k, now);
	reschedule(o);
}

void rtmfp_opening_rikeying(struct rtmfp_opening *o, unsigned slot, const uint8_t *p, size_t len,
			    uint64_t now)
{
	struct rtmfp_peer *peer = o->peer;
	struct rtmfp_endpoint *ep = peer->ep;
	const struct rtmfp_crypto_ops *ops = ep->ops;
	struct keying *k = o->keyings[slot];
	uint8_t params_bytes[2 * RTMFP_STARTUP_MAX];
	struct rtmfp_writer params = rtmfp_writer(params_bytes, sizeof(params_bytes));
	struct rtmfp_keying_info info = { 0 };
	struct rtmfp_session_seed seed = { .initiator = true,
					   .keying = &info,
					   .handshake = now - o->attempt_started };
	struct rtmfp_rikeying reply;
	struct rtmfp_session *s;
	struct rtmfp_id id;
	int err;

	if (rtmfp_read_rikeying(p, len, &reply) || reply.session_id == 0) {
		rtmfp_endpoint_drop(ep, RTMFP_DROP_SYNTAX);
		return;
	}
	rtmfp_write_bytes(&params, reply.signed_portion.p, reply.signed_portion.len);
	rtmfp_write_bytes(&params, k->component, k->component_len);
	if (params.failed || ops->initiator_verify(k->hs, params_bytes, rtmfp_written(&params),
						   reply.signature.p, reply.signature.len)) {
		rtmfp_endpoint_drop(ep, RTMFP_DROP_SIGNATURE);
		return;
	}
	err = ops->initiator_keys(k->hs, reply.session_id, reply.component.p, reply.component.len, &seed.keys,
				  &info);
	if (err) {
		rtmfp_endpoint_drop(ep, err == RTMFP_ERR_NOMEM ? RTMFP_DROP_NOMEM : RTMFP_DROP_HANDSHAKE);
		return;
	}
	seed.tx_id = reply.session_id;
	seed.path = k->path; /* that it was answered proves the way there, wherever the answer came from */
	/* The keying's ID lives on as the session's first receive ID. */
	id = k->id;
	id.next = NULL;
	rtmfp_idtable_remove(&ep->ids, &k->id);
	err = rtmfp_session_new(peer, &seed, &id, now, &s);
	rtmfp_wipe(&info, sizeof(info));
	if (err) {
		ops->keys_free(seed.keys);
		rtmfp_endpoint_drop(ep, RTMFP_DROP_NOMEM);
		k->id = (struct rtmfp_id){
			.value = id.value, .kind = RTMFP_ID_KEYING, .slot = (uint8_t)slot, .owner = o
		};
		rtmfp_idtable_add(&ep->ids, &k->id);
		return;
	}
	ep->counters.handshakes_as_initiator++;
	/* A first RTT, unless a repetition makes it unclear what was answered: the first ERTO need not be 3
	 * s. */
	if (k->sends == 1)
		rtmfp_flows_rtt_sample(s->flows, now - k->sent, now);
	rtmfp_peer_drop_opening(peer, now);
	rtmfp_session_confirm(s, now);
}
