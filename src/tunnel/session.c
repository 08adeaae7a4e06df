/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sessions of the tunnel's peers: the endpoint's callbacks, the flows of each session, control messages
 * (PROTOCOL.md section 6), and packets that arrive. What a far end sends is hostile input here.
 *
 * A session that has no user is none of ours any more: its peer was removed, or it could not be set up.
 */
#include "state.h"
#include "tunnel_control.h"

#define KEYING_QUEUE_MAX   65536u
#define CONTROL_QUEUE_MAX  131072u
#define CONTROL_BUFFER	   131072u
#define IP_BUFFER	   (8u << 20)
#define IP_BUFFER_MORE	   (256u << 10) /* of flows beyond one of each class */
#define IP_CLASSES	   4u
#define IP_MESSAGE_MAX	   (TUNNEL_PACKET_MAX + 1 + 12) /* a super-packet's header (PROTOCOL.md section 7.1) */
#define IP_RETRY	   RTMFP_S(5)
#define CONTROL_ITEMS_MAX  1024u /* of one message; more is nobody's state */
#define CONTROL_REKEYS_MAX 4u	 /* of these, INIT and RESP, which may cost a Diffie-Hellman each */
#define REKEY_CONTROL_MAX  (RTMFP_REKEY_MAX + 32u)
#define FAR_MTU_MIN	   1280u /* every IPv6 link has this much (RFC 8200 section 5) */
#define FAR_KEEPALIVE_MIN  RTMFP_S(1)

/* What a receiving flow carries: its user. */
struct kind {
	enum tunnel_service service;
	enum tunnel_lane lane; /* of `control` */
};
static const struct kind kind_rekey = { TUNNEL_SERVICE_CONTROL, TUNNEL_LANE_REKEY };
static const struct kind kind_rest = { TUNNEL_SERVICE_CONTROL, TUNNEL_LANE_REST };
static const struct kind kind_ip = { .service = TUNNEL_SERVICE_IP };

/* ------------------------------------------------------------------------------------------------------------
 * Sending
 */

static int open_flow(struct tunnel_session *ss, enum tunnel_service service, uint8_t class_or_lane,
		     enum rtmfp_priority priority, size_t queue_max, struct rtmfp_sendflow **out)
{
	const struct tunnel_metadata metadata = { .service = service, .class_or_lane = class_or_lane };
	uint8_t buf[TUNNEL_METADATA_MAX];
	struct rtmfp_writer w = rtmfp_writer(buf, sizeof(buf));

	tunnel_metadata_write(&w, &metadata);
	return rtmfp_sendflow_open(ss->rtmfp,
				   &(struct rtmfp_sendflow_params){
					   .metadata = buf,
					   .metadata_len = rtmfp_written(&w),
					   .priority = priority,
					   .queue_max = queue_max,
				   },
				   ss->peer->tunnel->now, out);
}

static int open_keying(struct tunnel_session *ss)
{
	return open_flow(ss, TUNNEL_SERVICE_CONTROL, TUNNEL_LANE_REKEY, RTMFP_PRIORITY_KEYING,
			 KEYING_QUEUE_MAX, &ss->keying);
}

static int open_ip(struct tunnel_session *ss)
{
	return open_flow(ss, TUNNEL_SERVICE_IP, TUNNEL_CLASS_BEST_EFFORT, RTMFP_PRIORITY_BULK,
			 ss->peer->tunnel->cfg.queue_max, &ss->ip);
}

static int open_control(struct tunnel_session *ss)
{
	if (ss->control_refused)
		return RTMFP_ERR_CLOSED;
	return open_flow(ss, TUNNEL_SERVICE_CONTROL, TUNNEL_LANE_REST, RTMFP_PRIORITY_CONTROL,
			 CONTROL_QUEUE_MAX, &ss->control);
}

static bool write_control(struct tunnel_session *ss, struct rtmfp_sendflow *flow,
			  const struct rtmfp_writer *w)
{
	const struct rtmfp_write write = {
		.data = w->start,
		.len = rtmfp_written(w),
		.lifetime = RTMFP_NEVER,
		.queue_time = RTMFP_NEVER,
	};

	if (flow && !w->failed && rtmfp_sendflow_write(flow, &write, ss->peer->tunnel->now) == 0)
		return true;
	tunnel_drop(ss->peer->tunnel, ss->peer, TUNNEL_DROP_CONTROL_SEND);
	return false;
}

/* Sends a message on lane 1, whose flow opens with the first one. */
static bool send_control(struct tunnel_session *ss, const struct rtmfp_writer *w)
{
	if (!ss->control && open_control(ss) != 0)
		ss->control = NULL;
	return write_control(ss, ss->control, w);
}

static void tell_reflexive(struct tunnel_session *ss, const struct rtmfp_addr *addr)
{
	uint8_t buf[32];
	struct rtmfp_writer w = rtmfp_writer(buf, sizeof(buf));

	if (!addr->family || rtmfp_addr_equal(addr, &ss->told_reflexive))
		return;
	tunnel_control_write_reflexive(&w, addr);
	if (send_control(ss, &w))
		ss->told_reflexive = *addr;
}

static void tell_mtu(struct tunnel_session *ss)
{
	uint16_t mtu = ss->peer->tunnel->cfg.mtu;
	uint8_t buf[8];
	struct rtmfp_writer w = rtmfp_writer(buf, sizeof(buf));

	if (mtu == TUNNEL_PACKET_MAX)
		return;
	tunnel_control_write_mtu(&w, mtu);
	(void)send_control(ss, &w);
}

void session_tell_close_reason(struct tunnel_session *ss, enum tunnel_close_code code)
{
	uint8_t buf[16];
	struct rtmfp_writer w = rtmfp_writer(buf, sizeof(buf));

	tunnel_control_write_close_reason(&w, code, NULL, 0);
	(void)send_control(ss, &w);
}

static void tell_unsupported(struct tunnel_session *ss, uint64_t types)
{
	uint8_t buf[80];
	struct rtmfp_writer w = rtmfp_writer(buf, sizeof(buf));

	if (!(types & ~ss->told_unsupported))
		return;
	tunnel_control_write_set(&w, TUNNEL_CONTROL_UNSUPPORTED, ss->told_unsupported | types);
	if (send_control(ss, &w))
		ss->told_unsupported |= types;
}

/* A far end that refused the flow may have had too many (exception 5): it is asked again after a while. */
static int ensure_ip(struct tunnel_session *ss)
{
	int err;

	if (ss->ip)
		return 0;
	if (ss->peer->tunnel->now < ss->ip_retry)
		return RTMFP_ERR_CLOSED;
	ss->ip_unsent = 0;
	err = open_ip(ss);
	if (err)
		ss->ip = NULL;
	return err;
}

static enum tunnel_drop drop_of(int err)
{
	switch (err) {
	case RTMFP_ERR_NOBUFS: return TUNNEL_DROP_FLOW_FULL;
	case RTMFP_ERR_NOMEM: return TUNNEL_DROP_NOMEM;
	default: return TUNNEL_DROP_FLOW_CLOSED;
	}
}

void session_send_packet(struct tunnel_session *ss, const uint8_t *packet, size_t len, unsigned flags)
{
	struct tunnel_peer *peer = ss->peer;
	struct tunnel *t = peer->tunnel;
	const struct rtmfp_write write = {
		.data = packet,
		.len = len,
		.flags = flags,
		.queue_time = t->cfg.queue_time,
	};
	int err;

	if (ss->far_mtu && len > ss->far_mtu) {
		tunnel_drop(t, peer, TUNNEL_DROP_TOO_BIG);
		tunnel_answer_too_big(t, packet, len, ss->far_mtu);
		return;
	}
	err = ensure_ip(ss);
	if (!err)
		err = rtmfp_sendflow_write(ss->ip, &write, t->now);
	if (err) {
		tunnel_drop(t, peer, drop_of(err));
		return;
	}
	peer->counters.tx_packets++;
	peer->counters.tx_bytes += len;
	t->counters.tx_packets++;
	t->counters.tx_bytes += len;
	rtmfp_session_activity(ss->rtmfp, t->now);
}

static void send_waiting(struct tunnel_session *ss)
{
	struct waiting *waiting = &ss->peer->tunnel->waiting;
	struct waiting_packet *packet;

	while ((packet = waiting_take(waiting, &ss->peer->waiting))) {
		session_send_packet(ss, packet->data, packet->len, 0);
		waiting_free(waiting, packet);
	}
}

/* ------------------------------------------------------------------------------------------------------------
 * Sessions come and go
 */

void session_free(struct tunnel_session *ss, bool exists)
{
	struct tunnel_peer *peer = ss->peer;

	if (exists)
		rtmfp_session_set_user(ss->rtmfp, NULL);
	*(ss->previous ? &ss->previous->next : &peer->sessions) = ss->next;
	if (ss->next)
		ss->next->previous = ss->previous;
	rtmfp_free(peer->tunnel->mem, ss);
}

static struct tunnel_session *session_new(struct tunnel_peer *peer, struct rtmfp_session *s)
{
	struct tunnel_session *ss = rtmfp_alloc(peer->tunnel->mem, sizeof(*ss));

	if (!ss)
		return NULL;
	ss->peer = peer;
	ss->rtmfp = s;
	ss->next = peer->sessions;
	if (ss->next)
		ss->next->previous = ss;
	peer->sessions = ss;
	rtmfp_session_set_user(s, ss);
	if (open_keying(ss) == 0 && open_ip(ss) == 0)
		return ss;
	session_free(ss, true);
	return NULL;
}

static void on_session_open(void *user, struct rtmfp_session *s)
{
	struct tunnel *t = user;
	struct tunnel_peer *peer = rtmfp_peer_user(rtmfp_session_peer(s));
	struct tunnel_session *ss = session_new(peer, s);
	struct rtmfp_session_stats stats;

	if (!ss) {
		/* No memory: better no session than one that cannot be used. */
		rtmfp_session_close(s, true, t->now);
		peer_reopen_later(peer);
		return;
	}
	peer->opened++;
	peer_reopen_cancel(peer);
	peer_apply_keepalive(peer);
	rtmfp_session_stats(s, &stats);
	tell_mtu(ss);
	/* The initiator has got its address in the handshake. */
	if (rtmfp_session_is_initiator(s))
		tell_reflexive(ss, &stats.path.remote);
	else
		ss->told_reflexive = stats.path.remote;
	send_waiting(ss);
	peer_note_path(peer, &stats.path);
	if (t->cfg.hooks->peer_open)
		t->cfg.hooks->peer_open(t->cfg.user, peer, s);
}

static void on_session_closed(void *user, struct rtmfp_session *s, enum rtmfp_close_reason reason)
{
	struct tunnel *t = user;
	struct tunnel_session *ss = rtmfp_session_user(s);
	struct rtmfp_session_stats stats;
	struct tunnel_peer *peer;

	if (!ss)
		return;
	peer = ss->peer;
	rtmfp_session_stats(s, &stats);
	peer->rx_datagrams += stats.rx_packets;
	peer->rx_bytes += stats.rx_bytes;
	peer->tx_datagrams += stats.tx_packets;
	peer->tx_bytes += stats.tx_bytes;
	if (stats.keyed > peer->latest_handshake)
		peer->latest_handshake = stats.keyed;
	session_free(ss, true);
	peer_apply_keepalive(peer);
	if (!peer_current(peer))
		peer_reopen_later(peer);
	if (t->cfg.hooks->peer_closed)
		t->cfg.hooks->peer_closed(t->cfg.user, peer, s, reason);
}

static void on_open_failed(void *user, struct rtmfp_peer *rtmfp)
{
	struct tunnel *t = user;
	struct tunnel_peer *peer = rtmfp_peer_user(rtmfp);

	peer_drop_waiting(peer, TUNNEL_DROP_OPEN_FAILED);
	peer_reopen_later(peer);
	if (t->cfg.hooks->peer_open_failed)
		t->cfg.hooks->peer_open_failed(t->cfg.user, peer);
}

static void on_silent(void *user, struct rtmfp_peer *rtmfp)
{
	struct tunnel *t = user;

	if (t->cfg.hooks->peer_silent)
		t->cfg.hooks->peer_silent(t->cfg.user, rtmfp_peer_user(rtmfp));
}

static void on_path(void *user, struct rtmfp_session *s)
{
	struct tunnel_session *ss = rtmfp_session_user(s);
	struct rtmfp_session_stats stats;

	(void)user;
	if (!ss)
		return; /* not open yet: on_session_open looks itself */
	rtmfp_session_stats(s, &stats);
	tell_reflexive(ss, &stats.path.remote);
	if (ss == peer_current(ss->peer))
		peer_note_path(ss->peer, &stats.path);
}

static void on_rekey_message(void *user, struct rtmfp_session *s, enum rtmfp_rekey_type type, uint64_t epoch,
			     const uint8_t *msg, size_t len)
{
	struct tunnel_session *ss = rtmfp_session_user(s);
	uint8_t buf[REKEY_CONTROL_MAX];
	struct rtmfp_writer w = rtmfp_writer(buf, sizeof(buf));

	(void)user;
	if (!ss)
		return;
	tunnel_control_write_rekey(&w, type, epoch, msg, len);
	(void)write_control(ss, ss->keying, &w);
}

/* ------------------------------------------------------------------------------------------------------------
 * Flows come and go
 */

/* Returns the kind of flow that |metadata| announces, or NULL and why not. */
static const struct kind *kind_of(const uint8_t *metadata, size_t len, enum tunnel_exception *why)
{
	struct tunnel_metadata m;

	*why = (enum tunnel_exception)tunnel_metadata_read(metadata, len, &m);
	if (*why)
		return NULL;
	*why = TUNNEL_EXCEPTION_NOT_ALLOWED;
	switch (m.service) {
	case TUNNEL_SERVICE_CONTROL:
		if (m.partial || m.class_or_lane > TUNNEL_LANE_REST)
			return NULL;
		return m.class_or_lane == TUNNEL_LANE_REKEY ? &kind_rekey : &kind_rest;
	case TUNNEL_SERVICE_IP:
		/* Partial delivery needs both ends' feature 2, which this end does not offer. */
		return m.partial || m.class_or_lane > TUNNEL_CLASS_REALTIME ? NULL : &kind_ip;
	default: return NULL;
	}
}

static int on_recvflow(void *user, struct rtmfp_session *s, struct rtmfp_recvflow *flow,
		       const uint8_t *metadata, size_t len, struct rtmfp_sendflow *association,
		       struct rtmfp_recvflow_params *params)
{
	struct tunnel_session *ss = rtmfp_session_user(s);
	enum tunnel_exception why;
	const struct kind *kind;

	(void)user, (void)flow, (void)association;
	if (!ss)
		return 1 + TUNNEL_EXCEPTION_NONE;
	if (ss->recvflows >= TUNNEL_RECVFLOWS_MAX)
		return 1 + TUNNEL_EXCEPTION_TOO_MANY;
	kind = kind_of(metadata, len, &why);
	if (!kind)
		return 1 + (int)why;
	if (kind->service == TUNNEL_SERVICE_IP) {
		params->order = RTMFP_ORDER_ARRIVAL;
		params->buffer_capacity = ss->recvflows_ip < IP_CLASSES ? IP_BUFFER : IP_BUFFER_MORE;
		params->message_max = IP_MESSAGE_MAX;
		ss->recvflows_ip++;
	} else {
		params->order = RTMFP_ORDER_QUEUE;
		params->buffer_capacity = CONTROL_BUFFER;
		params->message_max = TUNNEL_CONTROL_MAX;
	}
	ss->recvflows++;
	params->user = (void *)kind; /* nobody writes to it */
	return 0;
}

static void on_recvflow_closed(void *user, struct rtmfp_recvflow *flow)
{
	struct tunnel_session *ss = rtmfp_session_user(rtmfp_recvflow_session(flow));
	const struct kind *kind = rtmfp_recvflow_user(flow);

	(void)user;
	if (!ss || !kind) /* a flow that was rejected has no kind */
		return;
	ss->recvflows--;
	if (kind->service == TUNNEL_SERVICE_IP)
		ss->recvflows_ip--;
	rtmfp_recvflow_set_user(flow, NULL);
}

static void count_unsent(struct tunnel_session *ss, bool over)
{
	struct rtmfp_sendflow_stats stats;

	rtmfp_sendflow_stats(ss->ip, &stats);
	if (over)
		stats.unsent += stats.waiting;
	for (; ss->ip_unsent < stats.unsent; ss->ip_unsent++)
		tunnel_drop(ss->peer->tunnel, ss->peer, TUNNEL_DROP_QUEUE_EXPIRED);
}

void session_collect(struct tunnel_session *ss)
{
	if (ss->ip)
		count_unsent(ss, false);
}

/* Forgets a sending flow; false: it was not one in use. */
static bool forget_flow(struct tunnel_session *ss, const struct rtmfp_sendflow *flow)
{
	struct rtmfp_sendflow **flows[] = { &ss->keying, &ss->control, &ss->ip };

	for (unsigned i = 0; i < sizeof(flows) / sizeof(flows[0]); i++) {
		if (*flows[i] == flow) {
			if (flows[i] == &ss->ip)
				count_unsent(ss, true);
			*flows[i] = NULL;
			return true;
		}
	}
	return false;
}

static void on_exception(void *user, struct rtmfp_sendflow *flow, uint64_t code)
{
	struct tunnel_session *ss = rtmfp_session_user(rtmfp_sendflow_session(flow));
	const struct tunnel *t = user;

	(void)code;
	if (!ss)
		return;
	if (flow == ss->ip)
		ss->ip_retry = t->now + IP_RETRY;
	if (flow == ss->control)
		ss->control_refused = true;
	(void)forget_flow(ss, flow);
}

static void on_sendflow_closed(void *user, struct rtmfp_sendflow *flow)
{
	struct tunnel_session *ss = rtmfp_session_user(rtmfp_sendflow_session(flow));

	(void)user;
	if (ss)
		(void)forget_flow(ss, flow);
}

/* ------------------------------------------------------------------------------------------------------------
 * Messages
 */

static void receive_packet(struct tunnel_session *ss, const uint8_t *data, size_t len,
			   const struct rtmfp_message_info *info)
{
	struct tunnel_peer *peer = ss->peer;
	struct tunnel *t = peer->tunnel;
	struct tunnel_inner inner;

	if (!len || (data[0] >> 4 != 4 && data[0] >> 4 != 6)) {
		tunnel_drop(t, peer, TUNNEL_DROP_MESSAGE_TYPE);
		return;
	}
	if (tunnel_inner_parse(data, len, &inner) != 0) {
		tunnel_drop(t, peer, TUNNEL_DROP_IN_PACKET);
		return;
	}
	if (tunnel_allowed_ips_lookup(t->allowed, inner.version, inner.source) != &peer->allowed) {
		tunnel_drop(t, peer, TUNNEL_DROP_SOURCE);
		return;
	}
	if (t->cfg.hooks->device_write(t->cfg.user, data, len, info->in_place) < 0) {
		tunnel_drop(t, peer, TUNNEL_DROP_DEVICE);
		return;
	}
	peer->counters.rx_packets++;
	peer->counters.rx_bytes += len;
	t->counters.rx_packets++;
	t->counters.rx_bytes += len;
	rtmfp_session_activity(ss->rtmfp, t->now);
}

static void receive_rekey(struct tunnel_session *ss, const struct tunnel_control_item *item)
{
	static const enum rtmfp_rekey_type types[] = {
		[TUNNEL_CONTROL_INIT] = RTMFP_REKEY_INIT,
		[TUNNEL_CONTROL_RESP] = RTMFP_REKEY_RESP,
		[TUNNEL_CONTROL_CONFIRM] = RTMFP_REKEY_CONFIRM,
	};

	rtmfp_session_rekey_input(ss->rtmfp, types[item->type], item->rekey.epoch, item->rekey.msg,
				  item->rekey.len, ss->peer->tunnel->now);
}

/* An item whose form is right. Returns false if its value is not acceptable. */
static bool receive_item(struct tunnel_session *ss, const struct tunnel_control_item *item)
{
	switch (item->type) {
	case TUNNEL_CONTROL_INIT:
	case TUNNEL_CONTROL_RESP:
	case TUNNEL_CONTROL_CONFIRM: receive_rekey(ss, item); return true;
	case TUNNEL_CONTROL_MTU:
		if (item->mtu < FAR_MTU_MIN)
			return false;
		ss->far_mtu = item->mtu;
		return true;
	case TUNNEL_CONTROL_REFLEXIVE:
		ss->has_reflexive = true;
		ss->reflexive = item->reflexive;
		return true;
	case TUNNEL_CONTROL_KEEPALIVE:
		ss->far_keepalive = item->keepalive && item->keepalive < FAR_KEEPALIVE_MIN ? FAR_KEEPALIVE_MIN
											   : item->keepalive;
		peer_apply_keepalive(ss->peer);
		return true;
	case TUNNEL_CONTROL_FEATURES:
		ss->has_features = true;
		ss->far_features = item->set;
		return true;
	case TUNNEL_CONTROL_UNSUPPORTED: ss->far_unsupported = item->set; return true;
	case TUNNEL_CONTROL_CLOSE_REASON:
		ss->peer->has_close_reason = true;
		ss->peer->close_reason = item->close.code;
		return true;
	default: return true; /* LOCAL is for introducers */
	}
}

static void receive_control(struct tunnel_session *ss, enum tunnel_lane lane, const uint8_t *data, size_t len)
{
	struct tunnel_peer *peer = ss->peer;
	struct tunnel *t = peer->tunnel;
	struct rtmfp_reader r = rtmfp_reader(data, len);
	struct tunnel_control_item item;
	unsigned items = 0, rekeys = 0;
	uint64_t unsupported = 0;

	while (tunnel_control_next(&r, lane, &item)) {
		bool rekey = item.type == TUNNEL_CONTROL_INIT || item.type == TUNNEL_CONTROL_RESP;

		if (++items > CONTROL_ITEMS_MAX || (rekey && ++rekeys > CONTROL_REKEYS_MAX)) {
			tunnel_drop(t, peer, TUNNEL_DROP_CONTROL_LIMIT);
			break;
		}
		switch (item.verdict) {
		case TUNNEL_CONTROL_OK:
			if (item.gateway_only) /* no peer is configured as one */
				tunnel_drop(t, peer, TUNNEL_DROP_CONTROL_POLICY);
			else if (!receive_item(ss, &item))
				tunnel_drop(t, peer, TUNNEL_DROP_CONTROL_SYNTAX);
			break;
		case TUNNEL_CONTROL_BAD_VALUE: tunnel_drop(t, peer, TUNNEL_DROP_CONTROL_SYNTAX); break;
		case TUNNEL_CONTROL_WRONG_LANE: tunnel_drop(t, peer, TUNNEL_DROP_CONTROL_LANE); break;
		case TUNNEL_CONTROL_UNKNOWN:
			unsupported |= UINT64_C(1) << item.type;
			tunnel_drop(t, peer, TUNNEL_DROP_CONTROL_UNKNOWN);
			break;
		case TUNNEL_CONTROL_IGNORED: tunnel_drop(t, peer, TUNNEL_DROP_CONTROL_UNKNOWN); break;
		}
	}
	if (r.failed)
		tunnel_drop(t, peer, TUNNEL_DROP_CONTROL_SYNTAX);
	tell_unsupported(ss, unsupported);
}

static void on_message(void *user, struct rtmfp_recvflow *flow, const uint8_t *data, size_t len,
		       const struct rtmfp_message_info *info)
{
	struct tunnel_session *ss = rtmfp_session_user(rtmfp_recvflow_session(flow));
	const struct kind *kind = rtmfp_recvflow_user(flow);

	if (!ss || !kind)
		tunnel_drop(user, NULL, TUNNEL_DROP_PEER_REMOVED);
	else if (kind->service == TUNNEL_SERVICE_IP)
		receive_packet(ss, data, len, info);
	else
		receive_control(ss, kind->lane, data, len);
}

static void on_batch_end(void *user)
{
	const struct tunnel *t = user;

	if (t->cfg.hooks->device_flush)
		t->cfg.hooks->device_flush(t->cfg.user);
}

const struct rtmfp_callbacks tunnel_callbacks = {
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
	.on_sendflow_closed = on_sendflow_closed,
};
