/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The responder's side of startup (RFC 7016 section 3.5.1.1.2) in the order of PROTOCOL.md section 2.5: no
 * state for an IHello, no public-key operation before cookie and rate allow it, an unconfirmed session at the
 * end. A cookie of another address is where Cookie Change (3.5.1.2) will answer; FIHello (3.5.1.5) will share
 * rtmfp_responder_ihello.
 */
#include "session_impl.h"

#include <string.h>

void rtmfp_responder_ihello(struct rtmfp_endpoint *ep, const struct rtmfp_path *path, const uint8_t *p,
			    size_t len, size_t datagram, uint64_t now)
{
	struct rtmfp_ihello hello;
	struct rtmfp_startup_packet packet;
	uint8_t cookie[RTMFP_COOKIE_LEN], cert[RTMFP_CERT_MAX];
	uint8_t prefix_bytes[RTMFP_STARTUP_MAX];
	struct rtmfp_writer prefix = rtmfp_writer(prefix_bytes, sizeof(prefix_bytes));
	size_t cert_len;

	if (rtmfp_read_ihello(p, len, &hello)) {
		rtmfp_endpoint_drop(ep, RTMFP_DROP_SYNTAX);
		return;
	}
	if (ep->shutdown ||
	    !ep->ops->epd_selects_local(ep->crypto, hello.epd.p, hello.epd.len, hello.tag.p, hello.tag.len)) {
		rtmfp_endpoint_drop(ep, RTMFP_DROP_EPD);
		return;
	}
	if (!rtmfp_limiter_take(&ep->hello_limiter, &path->remote, now)) {
		rtmfp_endpoint_drop(ep, RTMFP_DROP_RATE);
		return;
	}
	rtmfp_cookie_make(&ep->cookies, &path->remote, now, cookie);
	rtmfp_write_vlu(&prefix, hello.tag.len);
	rtmfp_write_bytes(&prefix, hello.tag.p, hello.tag.len);
	rtmfp_write_vlu(&prefix, sizeof(cookie));
	rtmfp_write_bytes(&prefix, cookie, sizeof(cookie));
	if (prefix.failed || ep->ops->rhello_certificate(ep->crypto, prefix_bytes, rtmfp_written(&prefix),
							 cert, sizeof(cert), &cert_len)) {
		rtmfp_endpoint_drop(ep, RTMFP_DROP_LIMIT);
		return;
	}
	rtmfp_startup_begin(ep, &packet);
	rtmfp_write_rhello(&packet.w, &(struct rtmfp_rhello){ .tag_echo = hello.tag,
							      .cookie = { cookie, sizeof(cookie) },
							      .certificate = { cert, cert_len } });
	if (!rtmfp_startup_send(ep, &packet, 0, path, 0, datagram, RTMFP_OUTBOX_STRANGERS))
		rtmfp_endpoint_drop(ep, RTMFP_DROP_RATE);
}

static void send_reply(struct rtmfp_endpoint *ep, const struct rtmfp_path *path, uint32_t initiator_id,
		       const uint8_t *chunk, size_t len)
{
	struct rtmfp_startup_packet packet;

	rtmfp_startup_begin(ep, &packet);
	rtmfp_write_bytes(&packet.w, chunk, len);
	if (!rtmfp_startup_send(ep, &packet, initiator_id, path, 0, RTMFP_STARTUP_MAX,
				RTMFP_OUTBOX_STRANGERS))
		rtmfp_endpoint_drop(ep, RTMFP_DROP_RATE);
}

/* Step 5: a retransmission of the IIKeying of an unconfirmed session gets the same RIKeying. */
static bool answer_again(struct rtmfp_endpoint *ep, const struct rtmfp_path *path,
			 const struct rtmfp_iikeying *k)
{
	for (struct rtmfp_id *id = rtmfp_idtable_find(&ep->names, k->session_id); id; id = id->next) {
		const struct rtmfp_session *s = id->owner;
		const struct rtmfp_keying_memo *m;

		if (id->kind != RTMFP_ID_MEMO)
			continue;
		m = s->memo;
		if (m->initiator_id != k->session_id || !rtmfp_addr_equal(&m->source, &path->remote) ||
		    m->component_len != k->component.len ||
		    memcmp(m->bytes, k->component.p, m->component_len))
			continue;
		send_reply(ep, path, k->session_id, m->bytes + m->component_len, m->reply_len);
		return true;
	}
	return false;
}

/* Step 9. True: the near end prevails, or the peer may not open now, and the IIKeying is dropped. */
static bool near_end_prevails(struct rtmfp_endpoint *ep, struct rtmfp_peer *peer)
{
	/* In S_IHELLO_SENT the near end yields: its own IHello may never get through. */
	return peer->opening && rtmfp_opening_state(peer->opening) == RTMFP_S_KEYING_SENT &&
	       ep->ops->near_prevails(ep->crypto, peer->far);
}

/* At most so many unconfirmed sessions a peer; the oldest makes room for the newest. */
static void make_room(struct rtmfp_peer *peer)
{
	struct rtmfp_session *oldest = NULL;
	unsigned count = 0;

	for (struct rtmfp_list *l = peer->sessions.next; l != &peer->sessions; l = l->next) {
		struct rtmfp_session *s = RTMFP_LIST_ENTRY(l, struct rtmfp_session, in_peer);

		if (s->confirmed || s->state != RTMFP_S_OPEN)
			continue;
		count++;
		if (!oldest || s->opened < oldest->opened)
			oldest = s;
	}
	if (count > peer->ep->params.unconfirmed_max)
		rtmfp_session_end(oldest, RTMFP_CLOSED_EXPIRED);
}

/* Step 10: message 2, the new session, and the RIKeying that tells of it. */
static int accept(struct rtmfp_peer *peer, const struct rtmfp_path *path, const struct rtmfp_iikeying *k,
		  void *hs, uint64_t stamp, uint64_t now)
{
	struct rtmfp_endpoint *ep = peer->ep;
	const struct rtmfp_crypto_ops *ops = ep->ops;
	uint8_t component[RTMFP_COMPONENT_MAX], signature[RTMFP_SIGNATURE_MAX],
		chunk_bytes[RTMFP_STARTUP_MAX];
	uint8_t params_bytes[RTMFP_STARTUP_MAX];
	struct rtmfp_writer params = rtmfp_writer(params_bytes, sizeof(params_bytes));
	struct rtmfp_writer chunk = rtmfp_writer(chunk_bytes, sizeof(chunk_bytes));
	struct rtmfp_keying_info info = { 0 };
	struct rtmfp_session_seed seed = { .tx_id = k->session_id, .keying = &info, .path = *path };
	struct rtmfp_keying_memo *memo = NULL;
	struct rtmfp_session *s;
	size_t component_len, signature_len;
	struct rtmfp_id rx;
	int err;

	rtmfp_endpoint_new_id(ep, &rx, RTMFP_ID_NONE, 0, NULL);
	err = ops->responder_write(hs, rx.value, &path->remote, component, sizeof(component), &component_len);
	if (err)
		return err;
	rtmfp_write_u32(&params, rx.value);
	rtmfp_write_vlu(&params, component_len);
	rtmfp_write_bytes(&params, component, component_len);
	rtmfp_write_bytes(&params, k->component.p, k->component.len);
	if (params.failed)
		return RTMFP_ERR_LIMIT;
	err = ops->responder_sign(hs, params_bytes, rtmfp_written(&params), signature, sizeof(signature),
				  &signature_len);
	if (err)
		return err;
	rtmfp_write_rikeying(&chunk, &(struct rtmfp_rikeying){ .session_id = rx.value,
							       .component = { component, component_len },
							       .signature = { signature, signature_len } });
	if (chunk.failed)
		return RTMFP_ERR_LIMIT;
	memo = rtmfp_alloc(ep->mem, sizeof(*memo) + k->component.len + rtmfp_written(&chunk));
	if (!memo)
		return RTMFP_ERR_NOMEM;
	memo->source = path->remote;
	memo->initiator_id = k->session_id;
	memo->component_len = k->component.len;
	memo->reply_len = rtmfp_written(&chunk);
	memcpy(memo->bytes, k->component.p, k->component.len);
	memcpy(memo->bytes + k->component.len, chunk_bytes, rtmfp_written(&chunk));

	err = ops->responder_keys(hs, &seed.keys, &info);
	if (!err) {
		err = rtmfp_session_new(peer, &seed, &rx, now, &s);
		if (err)
			ops->keys_free(seed.keys);
	}
	rtmfp_wipe(&info, sizeof(info));
	if (err) {
		rtmfp_free(ep->mem, memo);
		return err;
	}
	s->memo = memo;
	/* The cookie's stamp says when the RHello left. That is a first RTT if this is the first IIKeying it
	 * gave rise to, so not if that could have been repeated already. */
	if (RTMFP_US(stamp) < now && now - RTMFP_US(stamp) < ep->params.open_interval_first)
		rtmfp_flows_rtt_sample(s->flows, now - RTMFP_US(stamp), now);
	memo->name = (struct rtmfp_id){ .value = k->session_id, .kind = RTMFP_ID_MEMO, .owner = s };
	rtmfp_idtable_add(&ep->names, &memo->name);
	make_room(peer);
	ep->counters.handshakes_as_responder++;
	send_reply(ep, path, k->session_id, memo->bytes + memo->component_len, memo->reply_len);
	if (!ops->confirm)
		rtmfp_session_confirm(s, now);
	return 0;
}

void rtmfp_responder_iikeying(struct rtmfp_endpoint *ep, const struct rtmfp_path *path, const uint8_t *p,
			      size_t len, uint64_t now)
{
	const struct rtmfp_crypto_ops *ops = ep->ops;
	struct rtmfp_iikeying k;
	struct rtmfp_far *far = NULL;
	struct rtmfp_peer *peer;
	uint64_t stamp;
	void *hs = NULL;
	enum rtmfp_drop why = RTMFP_DROP_HANDSHAKE;
	int err;

	/* (1) and (2) */
	if (rtmfp_read_iikeying(p, len, &k) || k.session_id == 0) {
		rtmfp_endpoint_drop(ep, RTMFP_DROP_SYNTAX);
		return;
	}
	if (ep->shutdown || ops->responder_check(ep->crypto, k.signed_params.p, k.signed_params.len,
						 k.certificate.p, k.certificate.len, k.component.p,
						 k.component.len, k.signature.p, k.signature.len)) {
		rtmfp_endpoint_drop(ep, RTMFP_DROP_SIGNATURE);
		return;
	}
	/* (3) and (4) */
	if (rtmfp_cookie_check(&ep->cookies, &path->remote, k.cookie.p, k.cookie.len, now, &stamp) !=
	    RTMFP_COOKIE_GOOD) {
		rtmfp_endpoint_drop(ep, RTMFP_DROP_COOKIE);
		return;
	}
	/* (5) */
	if (answer_again(ep, path, &k))
		return;
	/* (6) */
	if (!rtmfp_limiter_take(&ep->keying_limiter, &path->remote, now)) {
		rtmfp_endpoint_drop(ep, RTMFP_DROP_RATE);
		return;
	}
	/* (7) */
	err = ops->responder_read(ep->crypto, k.session_id, k.cookie.p, k.cookie.len, k.component.p,
				  k.component.len, &far, &hs);
	if (err) {
		rtmfp_endpoint_drop(ep, err == RTMFP_ERR_NOMEM ? RTMFP_DROP_NOMEM : RTMFP_DROP_HANDSHAKE);
		return;
	}
	peer = far->peer;
	if (!peer) {
		err = RTMFP_ERR_UNKNOWN;
	} else if (stamp <= peer->stamp) { /* (8) */
		err = RTMFP_ERR_REPLAY;
		why = RTMFP_DROP_STALE;
	} else if (near_end_prevails(ep, peer)) { /* (9) */
		err = RTMFP_ERR_UNKNOWN;
		why = RTMFP_DROP_GLARE;
	} else {
		err = accept(peer, path, &k, hs, stamp, now);
		if (err == RTMFP_ERR_NOMEM)
			why = RTMFP_DROP_NOMEM;
		if (!err) {
			peer->stamp = stamp;
			rtmfp_peer_yield(peer, now);
		}
	}
	if (err)
		rtmfp_endpoint_drop(ep, why);
	ops->hs_free(hs);
}
