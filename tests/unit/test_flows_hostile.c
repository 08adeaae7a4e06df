/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A far end that knows the keys but not the rules: random chunks with numbers from everywhere, cut short,
 * contradictory. Nothing may break, everything must stay bounded, and nobody may be made to spin.
 */
#include "flows_main.h"
#include "flows_script.h"

#include <string.h>

static struct script s;

/* Numbers that are near something that matters, or anywhere. */
static uint64_t some_number(struct prng *r, uint64_t near)
{
	switch (prng_below(r, 6)) {
	case 0: return prng_wide(r);
	case 1: return UINT64_MAX - prng_below(r, 3);
	case 2: return prng_below(r, 4);
	default: return near + prng_below(r, 8) - 4;
	}
}

static void some_data(struct prng *r, struct rtmfp_writer *w, bool next)
{
	static const uint8_t list[] = { 2, 0, 'M', 2, 0x0a, 1, 3, 5, 5, 5, 2, 0xff, 1, 0 };
	static const uint8_t text[3000] = "x";
	uint8_t *mark = rtmfp_chunk_begin(w, next ? RTMFP_CHUNK_NEXT_DATA : RTMFP_CHUNK_DATA);
	uint8_t flags = (uint8_t)prng_next(r);
	uint64_t seq = some_number(r, 20 + prng_below(r, 40));

	if (prng_below(r, 4))
		flags &= 0xb0;
	rtmfp_write_u8(w, flags);
	if (!next) {
		rtmfp_write_vlu(w, some_number(r, 5));
		rtmfp_write_vlu(w, seq);
		rtmfp_write_vlu(w, prng_below(r, 3) ? prng_below(r, 30) : some_number(r, seq));
	}
	if (flags & RTMFP_DATA_OPT) {
		if (prng_below(r, 3)) {
			rtmfp_write_option(w, 0, "M", 1);
			rtmfp_write_marker(w);
		} else {
			rtmfp_write_bytes(w, list + prng_below(r, 4),
					  sizeof(list) - 4 - (size_t)prng_below(r, 3));
			if (prng_below(r, 2))
				rtmfp_write_marker(w);
		}
	}
	rtmfp_write_bytes(w, text, (size_t)prng_below(r, prng_below(r, 8) ? 20 : 1500));
	rtmfp_chunk_end(w, mark);
}

static void some_ack(struct prng *r, struct rtmfp_writer *w)
{
	uint8_t *mark =
		rtmfp_chunk_begin(w, prng_below(r, 2) ? RTMFP_CHUNK_ACK_RANGES : RTMFP_CHUNK_ACK_BITMAP);

	rtmfp_write_vlu(w, some_number(r, 3));
	rtmfp_write_vlu(w, prng_below(r, 3) ? 64 : some_number(r, 1));
	rtmfp_write_vlu(w, some_number(r, 10));
	for (uint64_t n = prng_below(r, 6); n > 0; n--)
		rtmfp_write_vlu(w, prng_below(r, 4) ? prng_below(r, 6) : prng_wide(r));
	rtmfp_chunk_end(w, mark);
}

static void some_chunk(struct prng *r, struct rtmfp_writer *w)
{
	uint8_t *mark;

	switch (prng_below(r, 10)) {
	case 0:
	case 1:
	case 2: some_data(r, w, false); break;
	case 3: some_data(r, w, true); break;
	case 4:
	case 5:
	case 6: some_ack(r, w); break;
	case 7: rtmfp_write_buffer_probe(w, some_number(r, 5)); break;
	case 8:
		if (prng_below(r, 20) == 0)
			rtmfp_write_exception(w, &(struct rtmfp_exception){ .flow_id = some_number(r, 3),
									    .code = prng_wide(r) });
		break;
	default:
		mark = rtmfp_chunk_begin(w, (uint8_t)(prng_below(r, 2) ? prng_next(r) : RTMFP_CHUNK_DATA));
		for (uint64_t n = prng_below(r, 30); n > 0; n--)
			rtmfp_write_u8(w, (uint8_t)prng_next(r));
		rtmfp_chunk_end(w, mark);
		break;
	}
}

static void feed(struct prng *r)
{
	uint8_t buf[16384];
	struct rtmfp_writer w = rtmfp_writer(buf, sizeof(buf));
	struct rtmfp_reader reader;
	struct rtmfp_chunk chunk;

	for (uint64_t n = 1 + prng_below(r, 4); n > 0; n--)
		some_chunk(r, &w);
	sim_assert(!w.failed);
	reader = rtmfp_reader(buf, rtmfp_written(&w) - (size_t)(prng_below(r, 20) == 0 && w.at > w.start));
	rtmfp_flows_packet_begin(s.session.flows, s.now);
	while (rtmfp_chunk_next(&reader, &chunk)) {
		/* in memory of its own, so that a read beyond it is seen */
		uint8_t *copy = malloc(chunk.len > 0 ? chunk.len : 1);

		memcpy(copy, chunk.payload, chunk.len);
		chunk.payload = copy;
		(void)!rtmfp_flows_chunk(s.session.flows, &chunk, s.now);
		free(copy);
	}
	rtmfp_flows_packet_end(s.session.flows, s.now);
	sim_assert(rtmfp_flows_check(s.session.flows));
}

/* Sends what there is to send; a far end cannot make that endless. */
static void drain(struct prng *r)
{
	if (rtmfp_flows_expiry(s.session.flows) <= s.now)
		rtmfp_flows_tick(s.session.flows, s.now);
	for (unsigned packets = 0; rtmfp_flows_want(s.session.flows, s.keying_only, s.now); packets++) {
		uint8_t buf[2000];
		struct rtmfp_writer w =
			rtmfp_writer(buf, 1200 - (size_t)prng_below(r, 2) * prng_below(r, 1000));
		struct rtmfp_fill fill = { .keying_only = s.keying_only };

		sim_assert(packets < 5000);
		if (rtmfp_flows_fill(s.session.flows, &w, &fill, s.now) == 0) {
			w = rtmfp_writer(buf, 1200);
			if (rtmfp_flows_fill(s.session.flows, &w, &fill, s.now) == 0)
				break;
		}
		sim_assert(!w.failed && rtmfp_flows_check(s.session.flows));
	}
	sim_assert(rtmfp_flows_want(s.session.flows, s.keying_only, s.now) == RTMFP_WANT_NOTHING);
	sim_assert(rtmfp_flows_expiry(s.session.flows) > s.now);
}

static void write_something(struct prng *r)
{
	struct rtmfp_sendflow *flow = rtmfp_sendflow_find(s.session.flows, 1 + prng_below(r, 5));
	static const uint64_t lifetimes[] = { 0, RTMFP_MS(100), RTMFP_NEVER };

	if (flow)
		(void)script_write_long(flow, (size_t)prng_below(r, prng_below(r, 10) ? 200 : 5000),
					lifetimes[prng_below(r, 3)]);
}

START_TEST(random_chunks)
{
	for (prng_each(run, (uint64_t)_i * 100 + 1, 100)) {
		struct prng *r = &run.r;

		script_begin(&s);
		s.mem.random.state = run.seed;
		s.params.recvflows_max = 1 + (unsigned)prng_below(r, 64);
		s.params.gaps_max = 1 + (unsigned)prng_below(r, 40);
		s.use_accept = true;
		s.accept.order = prng_below(r, 2) ? RTMFP_ORDER_ARRIVAL : RTMFP_ORDER_QUEUE;
		s.accept.buffer_capacity = (size_t)prng_below(r, 20000);
		s.accept.message_max = (size_t)prng_below(r, 20000);
		for (unsigned i = 0; i < 5; i++)
			(void)script_open(&s, (enum rtmfp_priority)prng_below(r, 8));
		if (run.seed % 3 == 0)
			s.mem.fail_one_in = 20;
		for (unsigned step = 0; step < 200; step++) {
			write_something(r);
			feed(r);
			s.log[0] = '\0';
			if (prng_below(r, 3) == 0)
				drain(r);
			if (prng_below(r, 10) == 0)
				s.keying_only = !s.keying_only;
			if (prng_below(r, 20) == 0 && s.flow && s.session.flows->recv_count > 0)
				rtmfp_recvflow_suspend(s.session.flows->recv[0], prng_below(r, 2), s.now);
			if (prng_below(r, 4) == 0)
				script_wait(&s,
					    prng_below(r, prng_below(r, 20) ? RTMFP_MS(300) : RTMFP_S(200)));
			/* 5 flows with some data, at most 80 others with a full buffer each */
			seed_assert(run, s.mem.bytes < 3000000 + 80 * (2 * 20000 + 20000 + 70000));
			seed_assert(run, s.session.flows->recv_count <= s.params.recvflows_max + 16);
		}
		s.mem.fail_one_in = 0;
		script_end(&s);
	}
}
END_TEST

/* An acknowledgement of everything, or of ranges without end, costs no more than what there is. */
START_TEST(endless_ranges)
{
	struct rtmfp_sendflow *flow;

	script_begin(&s);
	flow = script_open(&s, RTMFP_PRIORITY_BULK);
	for (unsigned i = 0; i < 1000; i++)
		script_write(flow, "x", RTMFP_NEVER);
	(void)script_packets(&s, 1200);
	for (unsigned i = 0; i < 1000; i++) {
		script_say(&s, "ack 1 64 0 5-18446744073709551615");
		script_say(&s, "bitmap 1 64 0 5-2000");
		script_say(&s, "data 9 18446744073709551615 1 w +m =x;data 9 18446744073709551613 1 w =x");
		(void)script_packet(&s, 1200);
	}
	ck_assert_uint_le(flow->q.count, 1000);
	script_end(&s);
}
END_TEST

static void add(TCase *tc)
{
	tcase_add_loop_test(tc, random_chunks, 0, 5);
	tcase_add_test(tc, endless_ranges);
}

int main(void)
{
	return flows_main("flows_hostile", add);
}
