/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Packets out: chunks into datagrams, datagrams into trains of equal size that UDP segmentation offload takes
 * in one system call. Everything is written once, straight into the caller's buffer, and sealed there.
 */
#include "session_impl.h"

#include <string.h>

/* A datagram this much shorter than its train is padded to stay in it: timestamps and VLUs differ by that
 * little. */
#define PAD_MAX 24u

struct packet {
	struct rtmfp_writer w;
	uint8_t *buf;
	size_t limit;
	size_t header_len;
	bool ping;
};

static size_t smaller(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* A session that was replaced, or whose keys are too old, carries no user data any more. */
static bool only_keying(const struct rtmfp_session *s, uint64_t now)
{
	return s->drain_until != RTMFP_NEVER || rtmfp_rekey_keying_only(s, now);
}

static void begin(struct rtmfp_session *s, struct packet *p, uint8_t *buf, size_t limit, uint64_t now)
{
	const struct rtmfp_crypto_ops *ops = s->ep->ops;
	struct rtmfp_packet_header h = { .mode = s->initiator ? RTMFP_MODE_INITIATOR : RTMFP_MODE_RESPONDER };

	*p = (struct packet){ .buf = buf, .limit = limit };
	p->w = rtmfp_writer(buf + 4 + ops->head, limit - 4 - ops->head - ops->tail);
	if (s->flows)
		rtmfp_flows_timestamps_fill(s->flows, &h, now);
	rtmfp_packet_header_write(&p->w, &h);
	p->header_len = rtmfp_written(&p->w);
}

static size_t datagram_len(const struct rtmfp_session *s, const struct packet *p)
{
	return 4 + s->ep->ops->head + rtmfp_written(&p->w) + s->ep->ops->tail;
}

/* Seals; returns the datagram's length, or 0 when the keys are used up. */
static size_t end(struct rtmfp_session *s, struct packet *p, uint64_t now)
{
	const struct rtmfp_crypto_ops *ops = s->ep->ops;
	size_t len = datagram_len(s, p);

	s->last_sent = now; /* also if it fails: a keepalive is not due again at once */
	if (ops->seal(s->current->keys, p->buf + 4, rtmfp_written(&p->w)))
		return 0;
	rtmfp_scramble(p->buf, len - 4, s->current->tx_id);
	s->tx_packets++;
	s->tx_bytes += len;
	return len;
}

/* Tries a chunk: what does not fit leaves no trace. */
static bool put(struct packet *p, uint8_t type, const void *payload, size_t len)
{
	struct rtmfp_writer before = p->w;

	rtmfp_write_simple(&p->w, type, payload, len);
	if (!p->w.failed)
		return true;
	p->w = before;
	return false;
}

static void put_pongs(struct rtmfp_session *s, struct packet *p)
{
	while (s->pongs) {
		struct rtmfp_pong *pong = s->pongs;

		/* What does not fit an empty packet never will; what does waits for one. */
		if (!put(p, RTMFP_CHUNK_PING_REPLY, pong->message, pong->len) &&
		    rtmfp_written(&p->w) > p->header_len)
			return;
		s->pongs = pong->next;
		s->pong_count--;
		rtmfp_free(s->ep->mem, pong);
	}
}

/* A Ping comes after the padding, so that a truncated packet gets no reply (3.5.4.3). */
static void put_ping(struct rtmfp_session *s, struct packet *p, uint64_t now)
{
	size_t room = rtmfp_write_room(&p->w);

	if (s->pad_pings && room > 2 * RTMFP_CHUNK_HEADER) {
		uint8_t *mark = rtmfp_chunk_begin(&p->w, RTMFP_CHUNK_PADFF);

		while (rtmfp_write_room(&p->w) > RTMFP_CHUNK_HEADER)
			rtmfp_write_u8(&p->w, 0xff);
		rtmfp_chunk_end(&p->w, mark);
	}
	if (put(p, RTMFP_CHUNK_PING, NULL, 0)) {
		p->ping = true;
		rtmfp_liveness_ping_sent(s, now);
	}
}

/* One packet of an open session. |segment|: length of the train's datagrams so far, 0 for the first. */
static size_t build_open(struct rtmfp_session *s, uint8_t *buf, size_t limit, size_t segment, uint64_t now)
{
	struct rtmfp_fill fill = {
		.keying_only = only_keying(s, now),
	};
	struct packet p;
	size_t len;

	if (!s->pongs && !s->want_ping &&
	    rtmfp_flows_want(s->flows, fill.keying_only, now) == RTMFP_WANT_NOTHING)
		return 0;
	begin(s, &p, buf, limit, now);
	put_pongs(s, &p);
	rtmfp_flows_fill(s->flows, &p.w, &fill, now);
	/* The first word after a long silence asks whether anybody is there: that answer is the sooner in
	 * coming. */
	if (fill.user_data && s->ping_first == RTMFP_NEVER && now - s->last_received >= s->ep->params.silence)
		s->want_ping = true;
	if (s->want_ping)
		put_ping(s, &p, now);
	if (rtmfp_written(&p.w) == p.header_len)
		return 0;
	if (fill.time_critical)
		p.w.start[0] |= RTMFP_PACKET_TC;
	if (segment && datagram_len(s, &p) < segment && segment - datagram_len(s, &p) <= PAD_MAX &&
	    rtmfp_flows_want(s->flows, fill.keying_only, now) == RTMFP_WANT_DATA) {
		size_t gap = segment - datagram_len(s, &p);

		/* Bytes of 0xff are padding where a chunk would begin: its length does not fit (2.2.4). */
		memset(p.w.at, 0xff, gap);
		p.w.at += gap;
	}
	len = end(s, &p, now);
	/* Rekeying was due long ago and did not happen: only a new session helps. */
	if (len == 0)
		rtmfp_liveness_suspect(s, now);
	return len;
}

static size_t build_closing(struct rtmfp_session *s, uint8_t *buf, size_t limit, uint64_t now)
{
	struct packet p;

	if (!s->want_close && !s->want_close_ack)
		return 0;
	begin(s, &p, buf, limit, now);
	if (s->want_close)
		(void)put(&p, RTMFP_CHUNK_CLOSE, NULL, 0);
	if (s->want_close_ack)
		(void)put(&p, RTMFP_CHUNK_CLOSE_ACK, NULL, 0);
	s->want_close = s->want_close_ack = false;
	return end(s, &p, now);
}

static unsigned single(struct rtmfp_train *train, const struct rtmfp_path *path, size_t len)
{
	if (len == 0)
		return 0;
	train->path = *path;
	train->len = train->segment = len;
	train->count = 1;
	train->ecn = 0;
	return 1;
}

static unsigned send_verification(struct rtmfp_session *s, struct rtmfp_candidate *c,
				  struct rtmfp_train *train, uint64_t now)
{
	uint8_t message[RTMFP_MOBILITY_PING_LEN];
	struct packet p;
	size_t len;

	rtmfp_mobility_make_ping(s, c, message, now);
	begin(s, &p, train->buf, smaller(rtmfp_session_datagram_max(s, &c->path), train->cap), now);
	(void)put(&p, RTMFP_CHUNK_PING, message, sizeof(message));
	len = end(s, &p, now);
	c->sent += len;
	return single(train, &c->path, len);
}

unsigned rtmfp_session_send(struct rtmfp_session *s, struct rtmfp_train *train, uint64_t now)
{
	size_t most = train->cap < 65507u ? train->cap : 65507u;
	unsigned max = train->max < RTMFP_TRAIN_SEGMENTS_MAX ? train->max : RTMFP_TRAIN_SEGMENTS_MAX;
	struct rtmfp_candidate *c;
	const struct rtmfp_path *path = &s->path;
	size_t limit, len = 0, segment = 0;
	unsigned count = 0;

	if (s->state != RTMFP_S_OPEN)
		return single(train, path,
			      build_closing(s, train->buf, rtmfp_session_datagram_max(s, path), now));
	if (!s->confirmed)
		return 0;
	c = rtmfp_mobility_ping_due(s, now);
	if (c)
		return send_verification(s, c, train, now);
	c = rtmfp_mobility_downlink(s, now);
	if (c && rtmfp_mobility_budget(c) >= rtmfp_session_datagram_max(s, &c->path)) {
		path = &c->path;
		if (rtmfp_mobility_budget(c) < most)
			most = rtmfp_mobility_budget(c);
	} else {
		c = NULL;
	}
	limit = rtmfp_session_datagram_max(s, path);
	while (count < max && most - len >= (segment ? segment : limit)) {
		size_t n = build_open(s, train->buf + len, segment ? segment : limit, segment, now);

		if (n == 0)
			break;
		count++;
		len += n;
		if (segment == 0)
			segment = n;
		else if (n < segment)
			break;
	}
	if (count == 0)
		return 0;
	if (c)
		c->sent += len;
	train->path = *path;
	train->len = len;
	train->segment = segment;
	train->count = count;
	train->ecn = 0;
	return count;
}

void rtmfp_session_last_word(struct rtmfp_session *s, uint8_t chunk, uint64_t now)
{
	struct rtmfp_fill fill = { .keying_only = only_keying(s, now) };
	uint8_t buf[RTMFP_TRAIN_MIN];
	struct packet p;
	size_t len;

	begin(s, &p, buf, smaller(rtmfp_session_datagram_max(s, &s->path), sizeof(buf)) - RTMFP_CHUNK_HEADER,
	      now);
	if (s->flows)
		rtmfp_flows_fill(s->flows, &p.w, &fill, now);
	p.w.end += RTMFP_CHUNK_HEADER; /* kept free for it */
	(void)put(&p, chunk, NULL, 0);
	len = end(s, &p, now);
	if (len)
		(void)rtmfp_outbox_push(&s->ep->outbox, s->ep->mem, RTMFP_OUTBOX_OWN, &s->path, buf, len);
}
