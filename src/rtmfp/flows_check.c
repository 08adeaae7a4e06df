/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Counts again what the flows of a session keep count of. Changes nothing; tests call it after every step.
 */
#include "flows_impl.h"

static bool check_queue(const struct rtmfp_sendflow *flow, uint64_t *outstanding)
{
	const struct rtmfp_sendqueue *q = &flow->q;
	const struct rtmfp_txorder *tx = &flow->f->tx;
	size_t count = 0, lost = 0, queued = 0;
	uint64_t pos = q->bytes.head;

	if (q->front > q->next || q->next - q->front > q->entries.cap || q->bytes.head > q->bytes.tail)
		return false;
	for (uint64_t seq = q->front; seq < q->next; seq++) {
		const struct rtmfp_sendq_entry *e = rtmfp_sendqueue_entry(q, seq);
		size_t slot = (size_t)(seq & (q->entries.cap - 1));
		bool bit = q->lost_bits[slot / 64] >> slot % 64 & 1u;

		if (bit != ((e->flags & RTMFP_SENDQ_LOST) != 0))
			return false;
		if (e->flags & RTMFP_SENDQ_GONE) {
			if (seq == q->front || e->tsn <= seq ||
			    e->flags & (RTMFP_SENDQ_IN_FLIGHT | RTMFP_SENDQ_LOST | RTMFP_SENDQ_HAS_DATA))
				return false;
			continue;
		}
		count++;
		if (e->flags & RTMFP_SENDQ_LOST) {
			if (e->flags & (RTMFP_SENDQ_IN_FLIGHT | RTMFP_SENDQ_ABANDONED))
				return false;
			if (!(e->flags & RTMFP_SENDQ_HAS_DATA))
				return false;
			lost++;
		}
		if (e->flags & RTMFP_SENDQ_IN_FLIGHT) {
			const struct rtmfp_txorder_entry *t;

			if (e->tsn < tx->oldest || e->tsn >= tx->next)
				return false;
			t = rtmfp_ring_at(&tx->ring, sizeof(*t), e->tsn);
			if (t->flow != flow || t->sequence_number != seq)
				return false;
			*outstanding += e->transmit_size;
		} else if (!(e->flags & (RTMFP_SENDQ_LOST | RTMFP_SENDQ_ABANDONED))) {
			return false; /* neither sent nor to be sent */
		}
		if (e->flags & RTMFP_SENDQ_HAS_DATA) {
			if (e->pos < pos || e->pos + e->len > q->bytes.tail)
				return false;
			pos = e->pos + e->len;
		}
	}
	for (uint64_t i = q->message_front; i < q->message_next; i++) {
		const struct rtmfp_sendq_message *m = rtmfp_ring_at(&q->messages, sizeof(*m), i);

		if (m->done > m->len || (m->borrowed != NULL) != (i >= q->message_next - q->borrowed))
			return false;
		if (!m->borrowed) {
			if (m->pos + m->done < pos || m->pos + m->len > q->bytes.tail)
				return false;
			pos = m->pos + m->len;
		}
		queued += m->len - m->done;
	}
	return count == q->count && lost == q->lost && queued == q->queued;
}

static bool check_send(const struct rtmfp_flows *f)
{
	uint64_t outstanding = 0;
	unsigned count = 0, oversized = 0, active = 0;

	for (unsigned i = 0; i < f->send_cap; i++) {
		const struct rtmfp_sendflow *flow = f->send[i];
		uint64_t own = 0;

		if (!flow)
			continue;
		count++;
		oversized += flow->oversize > 0;
		active += flow->active;
		if (flow->id != i + 1 || !check_queue(flow, &own) || own != flow->outstanding)
			return false;
		/* one that is due may have to wait while only keying flows send */
		if (flow->probe_at > f->now && flow->probe_at < f->probe_due)
			return false;
		outstanding += own;
	}
	for (unsigned level = 0; level < RTMFP_PRIORITIES; level++) {
		unsigned n = 0;

		for (const struct rtmfp_sendflow *flow = f->active[level].head; flow; flow = flow->next) {
			if (!flow->active || flow->priority != level)
				return false;
			n++;
		}
		if (n != f->active[level].count || (n > 0) != (f->active_levels >> level & 1u))
			return false;
		active -= n;
	}
	return outstanding == f->outstanding && count == f->send_count && oversized == f->oversized &&
	       active == 0 && (outstanding == 0 || f->alarm != RTMFP_NEVER);
}

static bool check_order(const struct rtmfp_txorder *tx, unsigned *in_flight)
{
	if (tx->oldest > tx->next || tx->max_ack >= tx->next)
		return false;
	for (uint64_t tsn = tx->oldest; tsn < tx->next; tsn++) {
		const struct rtmfp_txorder_entry *t = rtmfp_ring_at(&tx->ring, sizeof(*t), tsn);
		const struct rtmfp_sendq_entry *e;

		if (!t->flow)
			continue;
		++*in_flight;
		if (t->sequence_number < t->flow->q.front || t->sequence_number >= t->flow->q.next)
			return false;
		e = rtmfp_sendqueue_entry(&t->flow->q, t->sequence_number);
		if (!(e->flags & RTMFP_SENDQ_IN_FLIGHT) || e->tsn != tsn)
			return false;
	}
	return true;
}

static bool check_recv(const struct rtmfp_flows *f)
{
	unsigned acks = 0, listed = 0;

	for (unsigned i = 0; i < f->recv_count; i++) {
		const struct rtmfp_recvflow *flow = f->recv[i];
		const struct rtmfp_recvbuf *buf = &flow->buf;
		size_t size = 0;

		acks += flow->should_ack;
		for (size_t at = 0; at < buf->count; at++) {
			const struct rtmfp_recvbuf_slot *slot = rtmfp_recvbuf_at(buf, at);

			if (at > 0 && slot[-1].seq >= slot->seq)
				return false;
			if (!rtmfp_seqset_contains(&flow->set, slot->seq))
				return false;
			size += sizeof(*slot) + rtmfp_pool_cost(slot->node);
		}
		for (size_t at = 0; at < buf->count;) {
			const struct rtmfp_recvbuf_slot *first = rtmfp_recvbuf_at(buf, at);
			size_t bytes = 0;

			if (first->run == 0 || first->run > buf->count - at ||
			    first[first->run - 1].run != first->run)
				return false;
			for (size_t n = 0; n < first->run; n++) {
				if (first[n].seq != first->seq + n)
					return false;
				bytes += first[n].node->len;
			}
			if (bytes != first->bytes || bytes != first[first->run - 1].bytes)
				return false;
			at += first->run;
		}
		if (size != buf->size)
			return false;
	}
	for (const struct rtmfp_recvflow *flow = f->ack_head; flow; flow = flow->next_ack) {
		if (!flow->should_ack || (!flow->next_ack && f->ack_tail != flow))
			return false;
		listed++;
	}
	return acks == listed;
}

bool rtmfp_flows_check(const struct rtmfp_flows *f)
{
	unsigned in_order = 0, in_flight = 0;

	for (unsigned i = 0; i < f->send_cap; i++) {
		const struct rtmfp_sendqueue *q;

		if (!f->send[i])
			continue;
		q = &f->send[i]->q;
		for (uint64_t seq = q->front; seq < q->next; seq++)
			in_flight += (rtmfp_sendqueue_entry(q, seq)->flags & RTMFP_SENDQ_IN_FLIGHT) != 0;
	}
	return check_send(f) && check_order(&f->tx, &in_order) && in_order == in_flight && check_recv(f);
}
