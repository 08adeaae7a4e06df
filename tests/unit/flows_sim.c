/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Simulated pair of flow sets: see flows_sim.h. */
#include "flows_sim.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

/* ---- memory ---- */

struct block {
	size_t size;
	size_t pad;
};

static void *count_alloc(void *ctx, size_t size)
{
	struct sim_mem *m = ctx;
	struct block *b;

	m->calls++;
	if (m->calls == m->fail_at || (m->fail_one_in > 0 && prng_below(&m->random, m->fail_one_in) == 0))
		return NULL;
	b = calloc(1, sizeof(*b) + size);
	sim_assert(b);
	b->size = size;
	m->blocks++;
	m->bytes += size;
	return b + 1;
}

static void count_free(void *ctx, void *p)
{
	struct sim_mem *m = ctx;
	struct block *b = p;

	if (!p)
		return;
	b--;
	m->blocks--;
	m->bytes -= b->size;
	free(b);
}

void sim_mem_init(struct sim_mem *m, uint64_t seed)
{
	*m = (struct sim_mem){ .random.state = seed };
	m->mem = (struct rtmfp_mem){ .alloc = count_alloc, .free = count_free, .ctx = m };
}

/* ---- the session ---- */

struct rtmfp_flows *rtmfp_session_flows(struct rtmfp_session *s)
{
	return s->flows;
}

static void wake(void *ctx)
{
	((struct sim_node *)ctx)->wakes++;
}

/* ---- messages ---- */

static uint8_t pattern(uint32_t number, size_t i)
{
	return (uint8_t)(number * 31 + i * 7 + (i >> 8));
}

static uint8_t *make_message(uint32_t number, size_t len)
{
	uint8_t *data = malloc(len > 0 ? len : 1);
	struct rtmfp_writer w = rtmfp_writer(data, len);

	rtmfp_write_u32(&w, number);
	rtmfp_write_u32(&w, (uint32_t)len);
	sim_assert(!w.failed);
	for (size_t i = 8; i < len; i++)
		data[i] = pattern(number, i);
	return data;
}

int sim_write_as(struct sim_node *node, struct rtmfp_sendflow *flow, uint32_t number, size_t len,
		 const struct rtmfp_write *as)
{
	uint8_t *data = make_message(number, len);
	struct rtmfp_write write = *as;
	int err;

	write.data = data;
	write.len = len;
	err = rtmfp_sendflow_write(flow, &write, node->sim->now);
	if (write.flags &
	    RTMFP_WRITE_BORROW) { /* the bytes do not outlive this call but for what settle saves */
		rtmfp_flows_settle(node->session.flows);
		memset(data, 0xdd, len);
	}
	free(data);
	return err;
}

int sim_write(struct sim_node *node, struct rtmfp_sendflow *flow, uint32_t number, size_t len,
	      uint64_t lifetime, unsigned flags)
{
	struct rtmfp_write write = { .flags = flags, .lifetime = lifetime, .queue_time = RTMFP_NEVER };

	return sim_write_as(node, flow, number, len, &write);
}

struct rtmfp_sendflow *sim_open(struct sim_node *node, unsigned tag, enum rtmfp_priority priority,
				size_t queue_max)
{
	uint8_t metadata[] = { (uint8_t)tag, 'x', 'y' };
	struct rtmfp_sendflow_params params = { .metadata = metadata,
						.metadata_len = sizeof(metadata),
						.priority = priority,
						.queue_max = queue_max,
						.user = node };
	struct rtmfp_sendflow *flow = NULL;

	if (rtmfp_sendflow_open(&node->session, &params, node->sim->now, &flow) != 0)
		return NULL;
	return flow;
}

struct sim_inbox *sim_inbox(struct sim_node *node, unsigned tag)
{
	for (unsigned i = 0; i < node->inboxes; i++) {
		if (node->inbox[i].tag == tag)
			return &node->inbox[i];
	}
	return NULL;
}

/* ---- callbacks ---- */

static int on_recvflow(void *user, struct rtmfp_session *s, struct rtmfp_recvflow *flow,
		       const uint8_t *metadata, size_t len, struct rtmfp_sendflow *association,
		       struct rtmfp_recvflow_params *params)
{
	struct sim_node *node = user;
	struct sim_inbox *in;

	sim_assert(s == &node->session);
	sim_assert(rtmfp_recvflow_session(flow) == s);
	sim_assert(len >= 1);
	node->recvflows++;
	node->last_association = association;
	if (node->answer > 0)
		return node->answer;
	sim_assert(node->inboxes < SIM_FLOWS);
	in = &node->inbox[node->inboxes++];
	*in = (struct sim_inbox){ .flow = flow, .tag = metadata[0] };
	if (node->use_accept) {
		params->order = node->accept.order;
		params->buffer_capacity = node->accept.buffer_capacity;
		params->message_max = node->accept.message_max;
	}
	in->arrival_order = params->order == RTMFP_ORDER_ARRIVAL;
	params->user = in;
	return 0;
}

static void on_message(void *user, struct rtmfp_recvflow *flow, const uint8_t *data, size_t len,
		       const struct rtmfp_message_info *info)
{
	struct sim_node *node = user;
	struct sim_inbox *in = rtmfp_recvflow_user(flow);
	struct rtmfp_reader r = rtmfp_reader(data, len);
	uint32_t number = rtmfp_read_u32(&r);

	sim_assert(in->flow == flow);
	sim_assert(!in->closed);
	sim_assert(rtmfp_read_u32(&r) == len);
	sim_assert(!r.failed);
	for (size_t i = 8; i < len; i++)
		sim_assert(data[i] == pattern(number, i));
	sim_assert(number < SIM_MESSAGES);
	sim_assert(in->got[number] == 0); /* at most once */
	in->got[number] = 1;
	if (!in->arrival_order) {
		sim_assert(in->count == 0 || number > in->last);
		sim_assert(in->count == 0 || info->sequence_number > in->last_sn);
		if (in->count > 0 && number > in->last + 1)
			sim_assert(info->gap);
		in->gaps += info->gap;
	}
	in->in_place += info->in_place;
	in->last = number;
	in->last_sn = info->sequence_number;
	in->count++;
	if (node->on_message)
		node->on_message(node, in, number);
}

static void on_recvflow_closed(void *user, struct rtmfp_recvflow *flow)
{
	struct sim_inbox *in = rtmfp_recvflow_user(flow);

	(void)user;
	sim_assert(!in->closed);
	in->closed = true;
}

static void on_exception(void *user, struct rtmfp_sendflow *flow, uint64_t code)
{
	struct sim_node *node = user;

	sim_assert(rtmfp_sendflow_user(flow) == node);
	node->exceptions++;
	node->exception_code = code;
}

static void on_writable(void *user, struct rtmfp_sendflow *flow)
{
	struct sim_node *node = user;

	node->writables++;
	if (node->on_writable)
		node->on_writable(node, flow);
}

static void on_sendflow_closed(void *user, struct rtmfp_sendflow *flow)
{
	(void)flow;
	((struct sim_node *)user)->closed_sends++;
}

static const struct rtmfp_callbacks callbacks = {
	.on_recvflow = on_recvflow,
	.on_message = on_message,
	.on_recvflow_closed = on_recvflow_closed,
	.on_exception = on_exception,
	.on_writable = on_writable,
	.on_sendflow_closed = on_sendflow_closed,
};

/* ---- nodes and link ---- */

void sim_init(struct sim *sim, uint64_t seed)
{
	memset(sim, 0, sizeof(*sim));
	sim->now = RTMFP_S(1000);
	sim->random.state = seed;
	sim->check = true;
	for (unsigned i = 0; i < 2; i++) {
		struct sim_node *node = &sim->node[i];
		struct rtmfp_flows_hooks hooks = { .ctx = node, .wake = wake };

		node->sim = sim;
		node->room = 1200;
		node->params = rtmfp_params_default;
		node->out.delay = RTMFP_MS(10);
		sim_mem_init(&node->mem, seed + i);
		sim_assert(rtmfp_flows_new(&node->mem.mem, &node->session, &node->params, &callbacks, node,
					   &hooks, false, sim->now, &node->session.flows) == 0);
		rtmfp_flows_set_datagram(node->session.flows, node->room - RTMFP_PACKET_HEADER_MAX);
	}
}

void sim_fini(struct sim *sim)
{
	for (unsigned i = 0; i < 2; i++) {
		struct sim_node *node = &sim->node[i];

		rtmfp_flows_free(node->session.flows);
		sim_assert(node->mem.blocks == 0);
		sim_assert(node->mem.bytes == 0);
		while (node->out.first) {
			struct sim_packet *p = node->out.first;

			node->out.first = p->next;
			free(p);
		}
	}
}

static void enqueue(struct sim *sim, struct sim_link *link, const uint8_t *data, size_t len, uint64_t at)
{
	struct sim_packet *p = malloc(sizeof(*p)), **where = &link->first;

	sim_assert(len <= SIM_PACKET_MAX);
	p->at = at;
	p->order = sim->order++;
	p->len = len;
	memcpy(p->data, data, len);
	while (*where && (*where)->at <= at)
		where = &(*where)->next;
	p->next = *where;
	*where = p;
}

static void transmit(struct sim *sim, struct sim_link *link, const uint8_t *data, size_t len)
{
	uint64_t at = sim->now + link->delay;
	uint64_t n = link->sent++;

	if (link->cut || (n < 64 && link->mask >> n & 1u) || prng_below(&sim->random, 65536) < link->loss) {
		link->dropped++;
		return;
	}
	if (link->rate > 0) {
		if (link->busy_until < sim->now)
			link->busy_until = sim->now;
		if ((link->busy_until - sim->now) * link->rate / RTMFP_S(1) > link->queue) {
			link->dropped++;
			return;
		}
		link->busy_until += len * RTMFP_S(1) / link->rate;
		at = link->busy_until + link->delay;
	}
	if (link->jitter > 0)
		at += prng_below(&sim->random, link->jitter);
	enqueue(sim, link, data, len, at);
	if (prng_below(&sim->random, 65536) < link->duplicate)
		enqueue(sim, link, data, len, at + prng_below(&sim->random, RTMFP_MS(5)));
}

static void check(struct sim_node *node)
{
	if (node->sim->check)
		sim_assert(rtmfp_flows_check(node->session.flows));
}

void sim_feed(struct sim_node *node, const uint8_t *data, size_t len)
{
	struct rtmfp_reader r = rtmfp_reader(data, len);
	struct rtmfp_chunk chunk;

	rtmfp_flows_packet_begin(node->session.flows, node->sim->now);
	while (rtmfp_chunk_next(&r, &chunk))
		(void)!rtmfp_flows_chunk(node->session.flows, &chunk, node->sim->now);
	rtmfp_flows_packet_end(node->session.flows, node->sim->now);
	check(node);
}

size_t sim_fill(struct sim_node *node, uint8_t *buf, size_t cap)
{
	struct rtmfp_writer w = rtmfp_writer(buf, cap);
	struct rtmfp_fill fill = { .keying_only = false };
	size_t len = rtmfp_flows_fill(node->session.flows, &w, &fill, node->sim->now);

	sim_assert(!w.failed);
	sim_assert(len == rtmfp_written(&w));
	sim_assert(len > 0 || (!fill.user_data && !fill.acks));
	node->data_packets += fill.user_data;
	check(node);
	return len;
}

/* The Forward Sequence Number of a flow never runs back. */
static void check_fsn(struct sim_node *node, const uint8_t *data, size_t len)
{
	struct rtmfp_reader r = rtmfp_reader(data, len);
	struct rtmfp_data c, prev;
	struct rtmfp_chunk chunk;

	while (rtmfp_chunk_next(&r, &chunk)) {
		bool next = chunk.type == RTMFP_CHUNK_NEXT_DATA;

		if (chunk.type != RTMFP_CHUNK_DATA && !next)
			continue;
		sim_assert(rtmfp_read_data(chunk.payload, chunk.len, next ? &prev : NULL, &c) == 0);
		prev = c;
		sim_assert(c.flow_id < SIM_FLOWS + 64);
		sim_assert(c.forward_sequence_number >= node->last_fsn[c.flow_id]);
		node->last_fsn[c.flow_id] = c.forward_sequence_number;
	}
}

/* A packet of the node: header, chunks. False: nothing to send. */
static bool send_packet(struct sim_node *node)
{
	uint8_t buf[SIM_PACKET_MAX], chunks[SIM_PACKET_MAX];
	struct rtmfp_packet_header h = { .mode = RTMFP_MODE_INITIATOR };
	struct rtmfp_writer w = rtmfp_writer(buf, sizeof(buf));
	size_t oversize = rtmfp_flows_oversize(node->session.flows);
	size_t room = node->room - RTMFP_PACKET_HEADER_MAX;
	size_t len;

	if (oversize > room)
		room = oversize;
	len = sim_fill(node, chunks, room);
	if (len == 0)
		return false;
	check_fsn(node, chunks, len);
	rtmfp_flows_timestamps_fill(node->session.flows, &h, node->sim->now);
	rtmfp_packet_header_write(&w, &h);
	rtmfp_write_bytes(&w, chunks, len);
	sim_assert(!w.failed);
	node->packets++;
	transmit(node->sim, &node->out, buf, rtmfp_written(&w));
	return true;
}

static void pump_node(struct sim_node *node)
{
	struct rtmfp_flows *f = node->session.flows;

	for (;;) {
		bool oversize = rtmfp_flows_oversize(f) > 0;
		enum rtmfp_flows_want want = rtmfp_flows_want(f, false, node->sim->now);

		if (want == RTMFP_WANT_NOTHING && !oversize)
			break;
		if (!send_packet(node)) {
			/* Memory was short, or it was about something else that is not there any more. */
			want = rtmfp_flows_want(f, false, node->sim->now);
			sim_assert(want == RTMFP_WANT_NOTHING || (rtmfp_flows_oversize(f) > 0) != oversize);
			break;
		}
	}
	/* Nothing to send now: the next thing happens later, or the caller would spin. */
	if (rtmfp_flows_want(f, false, node->sim->now) == RTMFP_WANT_NOTHING)
		sim_assert(rtmfp_flows_expiry(f) > node->sim->now);
}

void sim_pump(struct sim *sim)
{
	pump_node(&sim->node[0]);
	pump_node(&sim->node[1]);
}

static void receive(struct sim_node *node, const struct sim_packet *p)
{
	struct rtmfp_reader r = rtmfp_reader(p->data, p->len);
	struct rtmfp_packet_header h;
	uint8_t copy[SIM_PACKET_MAX];
	size_t len;
	const uint8_t *rest;

	sim_assert(rtmfp_packet_header_read(&r, &h) == 0);
	rtmfp_flows_timestamps_received(node->session.flows, &h, node->sim->now);
	rest = rtmfp_read_rest(&r, &len);
	memcpy(copy, rest, len);
	sim_feed(node, copy, len);
	memset(copy, 0xee, sizeof(copy)); /* nobody may look at it any more */
	for (unsigned i = 0; i < node->session.flows->recv_count && i < 64; i++) {
		const struct rtmfp_recvflow *flow = node->session.flows->recv[i];
		uint64_t cumulative = rtmfp_seqset_cumulative(&flow->set);

		if (flow->id < SIM_FLOWS + 64 && flow->state < RTMFP_RF_CLOSED &&
		    flow->state != RTMFP_RF_COMPLETE_LINGER) {
			sim_assert(cumulative >= node->last_cumulative[flow->id]);
			node->last_cumulative[flow->id] = cumulative;
		}
	}
}

void sim_run(struct sim *sim, uint64_t until)
{
	sim_pump(sim);
	for (;;) {
		uint64_t next = RTMFP_NEVER;

		for (unsigned i = 0; i < 2; i++) {
			const struct sim_node *node = &sim->node[i];
			uint64_t expiry = rtmfp_flows_expiry(node->session.flows);

			if (expiry < next)
				next = expiry;
			if (node->out.first && node->out.first->at < next)
				next = node->out.first->at;
		}
		if (next == RTMFP_NEVER || next > until) {
			if (until != RTMFP_NEVER)
				sim->now = until;
			return;
		}
		sim_assert(next >= sim->now);
		sim->now = next;
		sim->steps++;
		for (unsigned i = 0; i < 2; i++) {
			struct sim_node *node = &sim->node[i];

			while (node->out.first && node->out.first->at <= sim->now) {
				struct sim_packet *p = node->out.first;

				node->out.first = p->next;
				receive(&sim->node[1 - i], p);
				free(p);
			}
		}
		for (unsigned i = 0; i < 2; i++) {
			struct sim_node *node = &sim->node[i];

			if (rtmfp_flows_expiry(node->session.flows) <= sim->now) {
				rtmfp_flows_tick(node->session.flows, sim->now);
				check(node);
			}
		}
		sim_pump(sim);
	}
}
