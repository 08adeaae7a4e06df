/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Flows over a simulated link: what arrives, in which order, how often, and what is left behind. */
#include "flows_main.h"
#include "flows_sim.h"

static struct sim sim;

START_TEST(one_message)
{
	struct rtmfp_sendflow *flow;

	sim_init(&sim, 1);
	flow = sim_open(&sim.node[0], 7, RTMFP_PRIORITY_BULK, 1 << 20);
	ck_assert_int_eq(sim_write(&sim.node[0], flow, 0, 100, RTMFP_NEVER, 0), 0);
	sim_run(&sim, sim.now + RTMFP_S(1));
	ck_assert_ptr_nonnull(sim_inbox(&sim.node[1], 7));
	ck_assert_uint_eq(sim_inbox(&sim.node[1], 7)->count, 1);
	ck_assert_uint_eq(sim_inbox(&sim.node[1], 7)->in_place, 1);
	rtmfp_sendflow_close(flow, sim.now);
	sim_run(&sim, sim.now + RTMFP_S(200));
	ck_assert_uint_eq(sim.node[0].closed_sends, 1);
	ck_assert(sim_inbox(&sim.node[1], 7)->closed);
	ck_assert_uint_eq(sim.node[0].session.flows->send_count, 0);
	ck_assert_uint_eq(sim.node[1].session.flows->recv_count, 0);
	sim_fini(&sim);
}
END_TEST

START_TEST(bulk_clean)
{
	struct rtmfp_sendflow *flow;

	sim_init(&sim, 1);
	flow = sim_open(&sim.node[0], 7, RTMFP_PRIORITY_BULK, SIZE_MAX);
	for (uint32_t i = 0; i < 200; i++)
		ck_assert_int_eq(sim_write(&sim.node[0], flow, i, 8 + i * 100, RTMFP_NEVER, 0), 0);
	rtmfp_sendflow_close(flow, sim.now);
	sim_run(&sim, sim.now + RTMFP_S(100));
	ck_assert_uint_eq(sim_inbox(&sim.node[1], 7)->count, 200);
	ck_assert_uint_eq(sim_inbox(&sim.node[1], 7)->gaps, 0);
	ck_assert(sim_inbox(&sim.node[1], 7)->closed);
	ck_assert_uint_eq(sim.node[0].session.flows->lost_fragments, 0);
	sim_fini(&sim);
}
END_TEST

/* Every pattern of loss among the first packets of both directions. */
START_TEST(loss_masks)
{
	for (uint64_t mask = (uint64_t)_i * 64; mask < ((uint64_t)_i + 1) * 64; mask++) {
		struct rtmfp_sendflow *flow;
		struct sim_inbox *in;

		sim_init(&sim, mask);
		sim.node[0].out.mask = mask & 0x3f;
		sim.node[1].out.mask = mask >> 6;
		flow = sim_open(&sim.node[0], 7, RTMFP_PRIORITY_BULK, SIZE_MAX);
		ck_assert_int_eq(sim_write(&sim.node[0], flow, 0, 100, RTMFP_NEVER, 0), 0);
		ck_assert_int_eq(sim_write(&sim.node[0], flow, 1, 5000, RTMFP_NEVER, 0), 0);
		sim_run(&sim, sim.now + RTMFP_MS(15));
		ck_assert_int_eq(sim_write(&sim.node[0], flow, 2, 3000, RTMFP_NEVER, 0), 0);
		rtmfp_sendflow_close(flow, sim.now);
		sim_run(&sim, sim.now + RTMFP_S(100));
		in = sim_inbox(&sim.node[1], 7);
		ck_assert_ptr_nonnull(in);
		seed_assert((struct prng_run){ .seed = mask }, in->count == 3 && in->closed && in->gaps == 0);
		ck_assert_uint_eq(sim.node[0].closed_sends, 1);
		sim_fini(&sim);
	}
}
END_TEST

/* ---- everything at random ---- */

struct soak_flow {
	struct rtmfp_sendflow *flow;
	unsigned node;
	unsigned tag;
	uint64_t lifetime;
	uint32_t next; /* number of the next message */
	uint64_t abandoned;
	bool open;
};

struct soak {
	struct soak_flow flow[2 * SIM_FLOWS];
	unsigned count;
};
static struct soak soak;

static struct soak_flow *soak_find(unsigned node, unsigned tag)
{
	for (unsigned i = 0; i < soak.count; i++) {
		if (soak.flow[i].node == node && soak.flow[i].tag == tag)
			return &soak.flow[i];
	}
	return NULL;
}

static size_t random_size(struct prng *r, size_t most)
{
	size_t len = 8 + (size_t)(prng_next(r) >> (44 + prng_below(r, 20)));

	return len < most ? len : most;
}

static void soak_write(struct sim *s, struct soak_flow *sf, size_t most)
{
	struct sim_node *node = &s->node[sf->node];
	struct prng *r = &s->random;
	struct rtmfp_write write = { .lifetime = sf->lifetime, .queue_time = RTMFP_NEVER };
	int err;

	if (!sf->open || sf->next >= SIM_MESSAGES)
		return;
	if (prng_below(r, 2))
		write.flags = RTMFP_WRITE_BORROW;
	if (prng_below(r, 8) == 0)
		write.queue_time = prng_below(r, RTMFP_MS(300));
	if (prng_below(r, 4) == 0)
		write.first = 1 + (size_t)prng_below(r, 2000);
	if (prng_below(r, 4) == 0)
		write.each = 100 + (size_t)prng_below(r, 2000);
	err = sim_write_as(node, sf->flow, sf->next, random_size(r, most), &write);
	sim_assert(err == 0 || err == RTMFP_ERR_NOBUFS || err == RTMFP_ERR_NOMEM);
	if (err == 0)
		sf->next++;
}

/* Writes again from within a callback now and then. */
static void soak_on_message(struct sim_node *node, struct sim_inbox *in, uint32_t number)
{
	unsigned n = (unsigned)(node - node->sim->node);

	if (number % 7 == 0) {
		struct soak_flow *sf = soak_find(n, in->tag);

		if (sf)
			soak_write(node->sim, sf, 3000);
	}
	if (number % 31 == 30) {
		rtmfp_recvflow_suspend(in->flow, true, node->sim->now);
		if (number % 2)
			rtmfp_recvflow_suspend(in->flow, false, node->sim->now);
	}
}

static void random_link(struct prng *r, struct sim_link *link)
{
	link->delay = prng_below(r, RTMFP_MS(80));
	link->jitter = prng_below(r, 3) == 0 ? prng_below(r, RTMFP_MS(30)) : 0;
	link->loss = prng_below(r, 3) == 0 ? 0 : (unsigned)prng_below(r, 10000);
	link->duplicate = prng_below(r, 3) == 0 ? (unsigned)prng_below(r, 5000) : 0;
	link->rate = prng_below(r, 2) ? 100000 + prng_below(r, 4000000) : 0;
	link->queue = 20000 + (size_t)prng_below(r, 100000);
}

static void soak_run(uint64_t seed, unsigned fail_one_in)
{
	static const uint64_t lifetimes[] = { 0, RTMFP_MS(50), RTMFP_MS(500), RTMFP_NEVER, RTMFP_NEVER };
	struct prng *r = &sim.random;

	sim_init(&sim, seed);
	soak.count = 0;
	for (unsigned n = 0; n < 2; n++) {
		struct sim_node *node = &sim.node[n];

		random_link(r, &node->out);
		node->use_accept = true;
		node->accept.order = prng_below(r, 2) ? RTMFP_ORDER_ARRIVAL : RTMFP_ORDER_QUEUE;
		node->accept.buffer_capacity =
			prng_below(r, 4) == 0 ? 2000 + prng_below(r, 10000) : 65536 + prng_below(r, 1000000);
		node->accept.message_max = RTMFP_MESSAGE_MAX;
		node->on_message = soak_on_message;
		node->room = 600 + (size_t)prng_below(r, 900);
		rtmfp_flows_set_datagram(node->session.flows, node->room - RTMFP_PACKET_HEADER_MAX);
		for (unsigned i = 0; i <= prng_below(r, 4); i++) {
			struct soak_flow *sf = &soak.flow[soak.count++];

			*sf = (struct soak_flow){ .node = n, .tag = i, .open = true };
			sf->lifetime = lifetimes[prng_below(r, 5)];
			sf->flow = sim_open(node, i, (enum rtmfp_priority)prng_below(r, 8),
					    1000 + (size_t)prng_below(r, 1 << 18));
			ck_assert_ptr_nonnull(sf->flow);
		}
	}
	sim.node[0].mem.fail_one_in = sim.node[1].mem.fail_one_in = fail_one_in;
	for (unsigned step = 0; step < 300; step++) {
		struct soak_flow *sf = &soak.flow[prng_below(r, soak.count)];

		for (unsigned burst = (unsigned)prng_below(r, 8); burst > 0; burst--)
			soak_write(&sim, sf, prng_below(r, 20) == 0 ? 60000 : 2500);
		if (prng_below(r, 100) == 0)
			sim.node[prng_below(r, 2)].out.cut = true;
		if (prng_below(r, 10) == 0)
			sim.node[0].out.cut = sim.node[1].out.cut = false;
		if (prng_below(r, 100) == 0)
			rtmfp_flows_path_changed(sim.node[0].session.flows, sim.now);
		if (prng_below(r, 60) == 0) {
			struct sim_node *node = &sim.node[prng_below(r, 2)];

			node->room = 600 + (size_t)prng_below(r, 900);
			rtmfp_flows_set_datagram(node->session.flows, node->room - RTMFP_PACKET_HEADER_MAX);
		}
		for (unsigned n = 0; n < 2; n++) {
			for (unsigned i = 0; i < sim.node[n].inboxes; i++) {
				if (!sim.node[n].inbox[i].closed && prng_below(r, 5) == 0)
					rtmfp_recvflow_suspend(sim.node[n].inbox[i].flow, false, sim.now);
			}
		}
		sim_run(&sim, sim.now + prng_below(r, RTMFP_MS(20)));
	}
	sim.node[0].out.cut = sim.node[1].out.cut = false;
	for (unsigned i = 0; i < soak.count; i++) {
		rtmfp_sendflow_close(soak.flow[i].flow, sim.now);
		soak.flow[i].open = false;
	}
	sim.node[0].mem.fail_one_in = sim.node[1].mem.fail_one_in = 0;
	for (unsigned round = 0; round < 1000; round++) {
		if (round == 250) { /* all is sent by now, and no flow is freed yet */
			for (unsigned i = 0; i < soak.count; i++) {
				struct rtmfp_sendflow_stats stats;

				rtmfp_sendflow_stats(soak.flow[i].flow, &stats);
				ck_assert_uint_eq(stats.queued, 0);
				ck_assert_uint_eq(stats.outstanding, 0);
				soak.flow[i].abandoned = stats.abandoned;
			}
		}
		for (unsigned n = 0; n < 2; n++) {
			for (unsigned i = 0; i < sim.node[n].inboxes; i++) {
				if (!sim.node[n].inbox[i].closed)
					rtmfp_recvflow_suspend(sim.node[n].inbox[i].flow, false, sim.now);
			}
		}
		sim_run(&sim, sim.now + RTMFP_MS(500));
	}
	for (unsigned i = 0; i < soak.count; i++) {
		const struct soak_flow *sf = &soak.flow[i];
		const struct sim_inbox *in = sim_inbox(&sim.node[1 - sf->node], sf->tag);
		struct prng_run run = { .seed = seed };

		if (sf->next == 0 && !in)
			continue;
		seed_assert(run, in && in->closed);
		seed_assert(run, in->count <= sf->next);
		seed_assert(run, in->count + sf->abandoned >= sf->next);
		if (sf->lifetime == RTMFP_NEVER)
			seed_assert(run, in->count + sf->abandoned == sf->next);
	}
	ck_assert_uint_eq(sim.node[0].session.flows->send_count, 0);
	ck_assert_uint_eq(sim.node[1].session.flows->send_count, 0);
	ck_assert_uint_eq(sim.node[0].session.flows->recv_count, 0);
	ck_assert_uint_eq(sim.node[1].session.flows->recv_count, 0);
	sim_fini(&sim);
}

START_TEST(soak_test)
{
	for (prng_each(run, (uint64_t)_i * 20 + 1, 20))
		soak_run(run.seed, 0);
}
END_TEST

/* Memory fails now and then: nothing that is reliable may be lost, nothing may be inconsistent. */
START_TEST(soak_without_memory)
{
	for (prng_each(run, (uint64_t)_i * 20 + 1, 20))
		soak_run(run.seed, 5);
}
END_TEST

/* ---- one call of the allocator fails, each in turn ---- */

static bool with_failure(unsigned who, size_t fail_at)
{
	struct sim_node *a = &sim.node[0], *b = &sim.node[1];
	struct rtmfp_sendflow *there = NULL, *back = NULL;
	bool reached;

	sim_init(&sim, fail_at);
	a->out.loss = b->out.loss = 6000;
	sim.node[who].mem.fail_at = fail_at;
	for (unsigned i = 0; i < 2 && !there; i++)
		there = sim_open(a, 1, RTMFP_PRIORITY_BULK, SIZE_MAX);
	for (unsigned i = 0; i < 2 && !back; i++)
		back = sim_open(b, 2, RTMFP_PRIORITY_BULK, SIZE_MAX);
	for (uint32_t i = 0; i < 20; i++) {
		unsigned flags = i % 2 ? RTMFP_WRITE_BORROW : 0;
		size_t len = i % 5 == 0 ? 7000 : 300;

		if (sim_write(a, there, i, len, RTMFP_NEVER, flags) != 0)
			ck_assert_int_eq(sim_write(a, there, i, len, RTMFP_NEVER, flags), 0);
		if (sim_write(b, back, i, len, RTMFP_NEVER, flags) != 0)
			ck_assert_int_eq(sim_write(b, back, i, len, RTMFP_NEVER, flags), 0);
	}
	rtmfp_sendflow_close(there, sim.now);
	rtmfp_sendflow_close(back, sim.now);
	sim_run(&sim, sim.now + RTMFP_S(300));
	reached = sim.node[who].mem.calls >= fail_at;
	ck_assert_ptr_nonnull(sim_inbox(b, 1));
	ck_assert_ptr_nonnull(sim_inbox(a, 2));
	ck_assert_uint_eq(sim_inbox(b, 1)->count, 20);
	ck_assert_uint_eq(sim_inbox(a, 2)->count, 20);
	ck_assert(sim_inbox(b, 1)->closed && sim_inbox(a, 2)->closed);
	sim_fini(&sim);
	return reached;
}

START_TEST(each_allocation_fails)
{
	size_t n = 3; /* after those of rtmfp_flows_new */

	while (with_failure((unsigned)_i, n))
		n++;
	ck_assert_uint_gt(n, 20);
}
END_TEST

START_TEST(no_memory_to_begin_with)
{
	struct rtmfp_flows_hooks hooks = { .wake = NULL };
	struct rtmfp_callbacks cb = { .on_message = NULL };
	struct rtmfp_flows *f;
	struct sim_mem m;

	for (size_t n = 1; n <= 2; n++) {
		sim_mem_init(&m, 1);
		m.fail_at = n;
		ck_assert_int_eq(rtmfp_flows_new(&m.mem, NULL, &rtmfp_params_default, &cb, NULL, &hooks,
						 false, 0, &f),
				 RTMFP_ERR_NOMEM);
		ck_assert_uint_eq(m.blocks, 0);
	}
}
END_TEST

/* ---- the far end ---- */

START_TEST(far_end_rejects)
{
	struct rtmfp_sendflow *flow;

	sim_init(&sim, 3);
	sim.node[0].out.loss = sim.node[1].out.loss = 10000;
	sim.node[1].answer = 6;
	flow = sim_open(&sim.node[0], 1, RTMFP_PRIORITY_BULK, SIZE_MAX);
	for (uint32_t i = 0; i < 50; i++)
		ck_assert_int_eq(sim_write(&sim.node[0], flow, i, 3000, RTMFP_NEVER, 0), 0);
	sim_run(&sim, sim.now + RTMFP_S(100));
	ck_assert_uint_eq(sim.node[0].exceptions, 1);
	ck_assert_uint_eq(sim.node[0].exception_code, 5);
	ck_assert_uint_eq(sim.node[0].closed_sends, 1);
	ck_assert_uint_eq(sim.node[1].recvflows, 1);
	sim_fini(&sim);
}
END_TEST

/* A message that is larger than the buffer it goes to, and a buffer that the user lets fill up. */
START_TEST(small_buffers)
{
	struct rtmfp_sendflow *flow;
	struct sim_inbox *in;
	uint64_t probes;

	sim_init(&sim, 4);
	sim.node[1].use_accept = true;
	sim.node[1].accept =
		(struct rtmfp_recvflow_params){ .buffer_capacity = 10000, .message_max = 1 << 20 };
	flow = sim_open(&sim.node[0], 1, RTMFP_PRIORITY_BULK, SIZE_MAX);
	ck_assert_int_eq(sim_write(&sim.node[0], flow, 0, 100000, RTMFP_NEVER, 0), 0);
	sim_run(&sim, sim.now + RTMFP_S(20));
	in = sim_inbox(&sim.node[1], 1);
	ck_assert_uint_eq(in->count, 1);
	rtmfp_recvflow_suspend(in->flow, true, sim.now);
	for (uint32_t i = 1; i < 30; i++)
		ck_assert_int_eq(sim_write(&sim.node[0], flow, i, 1000, RTMFP_NEVER, 0), 0);
	sim_run(&sim, sim.now + RTMFP_S(5));
	ck_assert_uint_eq(in->count, 1);
	ck_assert_uint_lt(in->flow->buf.size, 14000);
	probes = sim.node[0].packets;
	sim_run(&sim, sim.now + RTMFP_S(300));
	ck_assert_uint_ge(sim.node[0].packets - probes, 6);
	ck_assert_uint_le(sim.node[0].packets - probes, 20);
	rtmfp_recvflow_suspend(in->flow, false, sim.now);
	sim_run(&sim, sim.now + RTMFP_S(1)); /* without waiting for the next probe */
	ck_assert_uint_eq(in->count, 30);
	sim_fini(&sim);
}
END_TEST

START_TEST(far_end_falls_silent)
{
	struct rtmfp_sendflow *flow;
	struct rtmfp_flows_health h;
	uint64_t cut;

	sim_init(&sim, 5);
	flow = sim_open(&sim.node[0], 1, RTMFP_PRIORITY_BULK, SIZE_MAX);
	for (uint32_t i = 0; i < 20; i++) {
		ck_assert_int_eq(sim_write(&sim.node[0], flow, i, 100, 0, 0), 0);
		sim_run(&sim, sim.now + RTMFP_MS(50));
	}
	rtmfp_flows_health(sim.node[0].session.flows, &h);
	ck_assert_uint_eq(h.timeouts_in_row, 0);
	ck_assert_uint_le(h.erto, RTMFP_MS(300));
	cut = sim.now;
	sim.node[1].out.cut = true;
	for (uint32_t i = 20; i < 60; i++) { /* it goes on sending, five times as often as ERTO */
		ck_assert_int_eq(sim_write(&sim.node[0], flow, i, 100, 0, 0), 0);
		sim_run(&sim, sim.now + RTMFP_MS(50));
	}
	rtmfp_flows_health(sim.node[0].session.flows, &h);
	ck_assert_uint_ge(h.timeouts_in_row, 3);
	ck_assert_uint_ge(h.ack_due_since, cut - RTMFP_MS(50));
	ck_assert_uint_le(h.ack_due_since, cut + RTMFP_MS(50));
	sim.node[1].out.cut = false;
	sim_run(&sim, sim.now + RTMFP_S(10));
	rtmfp_flows_health(sim.node[0].session.flows, &h);
	ck_assert_uint_eq(h.timeouts_in_row, 0);
	ck_assert_uint_eq(h.ack_due_since, RTMFP_NEVER);
	ck_assert_uint_eq(sim_inbox(&sim.node[1], 1)->count, 60);
	sim_fini(&sim);
}
END_TEST

/* ---- how much goes through ---- */

static uint32_t bulk_number;

static void bulk_write(struct sim_node *node, struct rtmfp_sendflow *flow)
{
	while (bulk_number < SIM_MESSAGES && sim_write(node, flow, bulk_number, 4000, RTMFP_NEVER, 0) == 0)
		bulk_number++;
}

/* 10 Mbit/s, 40 ms, a queue of 50 ms: most of it is used, and the queue is not always full. */
START_TEST(bottleneck)
{
	struct rtmfp_sendflow *flow;
	struct rtmfp_flows_health h;
	unsigned before;

	sim_init(&sim, 6);
	sim.check = false;
	bulk_number = 0;
	for (unsigned i = 0; i < 2; i++) {
		sim.node[i].room = 1472;
		rtmfp_flows_set_datagram(sim.node[i].session.flows, 1467);
		sim.node[i].out.delay = RTMFP_MS(20);
	}
	sim.node[0].out.rate = 1250000;
	sim.node[0].out.queue = 62500;
	sim.node[0].on_writable = bulk_write;
	sim.node[1].use_accept = true;
	sim.node[1].accept =
		(struct rtmfp_recvflow_params){ .buffer_capacity = 1 << 20, .message_max = 65536 };
	flow = sim_open(&sim.node[0], 1, RTMFP_PRIORITY_BULK, 100000);
	bulk_write(&sim.node[0], flow);
	sim_run(&sim, sim.now + RTMFP_S(2));
	before = sim_inbox(&sim.node[1], 1)->count;
	sim_run(&sim, sim.now + RTMFP_S(8));
	/* 1250000 bytes/s for 8 s, less headers: 2500 messages of 4000 */
	ck_assert_uint_ge(sim_inbox(&sim.node[1], 1)->count - before, 2250);
	rtmfp_flows_health(sim.node[0].session.flows, &h);
	ck_assert_uint_ge(h.min_rtt, RTMFP_MS(40));
	ck_assert_uint_le(h.min_rtt, RTMFP_MS(43));
	ck_assert_uint_le(h.rtt, RTMFP_MS(100));
	ck_assert_uint_eq(h.lost_fragments,
			  sim.node[0].out.dropped); /* nothing was taken for lost that was not */
	ck_assert_uint_lt(sim.node[0].out.dropped, sim.node[0].out.sent / 50);
	sim_fini(&sim);
}
END_TEST

/* The receiver delays its acknowledgements; the round trip that is measured must not grow by that. */
START_TEST(round_trip_of_a_trickle)
{
	struct rtmfp_sendflow *flow;
	struct rtmfp_flows_health h;

	sim_init(&sim, 7);
	sim.node[0].out.loss = sim.node[1].out.loss = 5000;
	flow = sim_open(&sim.node[0], 1, RTMFP_PRIORITY_BULK, SIZE_MAX);
	for (uint32_t i = 0; i < 500; i++) {
		ck_assert_int_eq(sim_write(&sim.node[0], flow, i, 100, 0, 0), 0);
		sim_run(&sim, sim.now + RTMFP_MS(i % 3 ? 90 : 300));
		rtmfp_flows_health(sim.node[0].session.flows, &h);
		if (i > 10) {
			ck_assert_uint_ge(h.rtt, RTMFP_MS(20));
			ck_assert_uint_le(h.rtt, RTMFP_MS(32));
			ck_assert_uint_eq(h.min_rtt, RTMFP_MS(20));
		}
	}
	sim_fini(&sim);
}
END_TEST

static void add(TCase *tc)
{
	tcase_add_test(tc, one_message);
	tcase_add_test(tc, bulk_clean);
	tcase_add_loop_test(tc, loss_masks, 0, 64);
	tcase_add_loop_test(tc, soak_test, 0, 5);
	tcase_add_loop_test(tc, soak_without_memory, 0, 5);
	tcase_add_loop_test(tc, each_allocation_fails, 0, 2);
	tcase_add_test(tc, no_memory_to_begin_with);
	tcase_add_test(tc, far_end_rejects);
	tcase_add_test(tc, small_buffers);
	tcase_add_test(tc, far_end_falls_silent);
	tcase_add_test(tc, bottleneck);
	tcase_add_test(tc, round_trip_of_a_trickle);
}

int main(void)
{
	return flows_main("flows_pair", add);
}
