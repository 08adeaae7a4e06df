/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Transmission order: the loss that it finds against the method of RFC 7016 section 3.6.2.5, done literally,
 * on random traces.
 */
#include "flows_main.h"
#include "prng.h"
#include "txorder.h"

#define TRACE 400u

/* The RFC's way: every fragment in flight has a NAK_COUNT. */
struct naive {
	struct {
		uint64_t tsn;
		unsigned naks;
		bool in_flight;
	} entry[TRACE + 1];
	uint64_t max_tsn_ack;
};

/* Anything that is not NULL stands for a flow. */
static struct rtmfp_sendflow *some_flow(void)
{
	static char flow;

	return (struct rtmfp_sendflow *)(void *)&flow;
}

static void trace(struct prng_run *run, unsigned threshold)
{
	struct naive naive = { .max_tsn_ack = 0 };
	struct rtmfp_txorder tx;
	struct rtmfp_txorder_entry out;
	unsigned sent = 0;
	uint64_t below;

	rtmfp_txorder_init(&tx, &rtmfp_mem_libc, threshold);
	for (unsigned step = 0; step < 300; step++) {
		bool naive_nak = false;
		unsigned acks;

		for (uint64_t n = prng_below(&run->r, 5); n > 0 && sent < TRACE; n--) {
			uint64_t tsn;

			seed_assert(*run, rtmfp_txorder_reserve(&tx) == 0);
			tsn = rtmfp_txorder_add(&tx, some_flow(), sent, step, step);
			sent++;
			seed_assert(*run, tsn == sent);
			naive.entry[sent].tsn = tsn;
			naive.entry[sent].in_flight = true;
		}
		if (prng_below(&run->r, 40) == 0) { /* timeout */
			unsigned taken = 0, in_flight = 0;

			for (unsigned i = 1; i <= sent; i++) {
				in_flight += naive.entry[i].in_flight;
				naive.entry[i].in_flight = false;
			}
			while (rtmfp_txorder_take(&tx, UINT64_MAX, &out))
				taken++;
			seed_assert(*run, taken == in_flight);
			continue;
		}
		/* A packet with acknowledgements, perhaps of nothing new. */
		acks = (unsigned)prng_below(&run->r, 4);
		for (unsigned i = 1; i <= sent && acks > 0; i++) {
			if (!naive.entry[i].in_flight || prng_below(&run->r, 3) == 0)
				continue;
			out = rtmfp_txorder_acked(&tx, i);
			seed_assert(*run, out.sequence_number == i - 1);
			naive.entry[i].in_flight = false;
			if (i > naive.max_tsn_ack)
				naive.max_tsn_ack = i;
			acks--;
		}
		for (unsigned i = 1; i <= sent; i++) {
			if (naive.entry[i].in_flight && naive.entry[i].tsn < naive.max_tsn_ack) {
				naive.entry[i].naks++;
				naive_nak = true;
			}
		}
		seed_assert(*run, rtmfp_txorder_packet(&tx, &below) == naive_nak);
		for (unsigned i = 1; i <= sent; i++) {
			if (!naive.entry[i].in_flight || naive.entry[i].naks < threshold)
				continue;
			naive.entry[i].in_flight = false;
			seed_assert(*run, rtmfp_txorder_take(&tx, below, &out));
			seed_assert(*run, out.sequence_number == i - 1);
		}
		seed_assert(*run, !rtmfp_txorder_take(&tx, below, &out));
		if (prng_below(&run->r, 20) == 0)
			rtmfp_txorder_idle(&tx);
	}
	rtmfp_txorder_fini(&tx);
}

START_TEST(as_the_rfc_counts)
{
	for (prng_each(run, 1, 200))
		trace(&run, (unsigned)_i);
}
END_TEST

START_TEST(line_by_line) /* figure 21, lines 2 to 9, without what came before */
{
	struct rtmfp_txorder tx;
	struct rtmfp_txorder_entry out;
	uint64_t below;

	rtmfp_txorder_init(&tx, &rtmfp_mem_libc, 3);
	for (uint64_t seq = 31; seq <= 37; seq++) {
		ck_assert_int_eq(rtmfp_txorder_reserve(&tx), 0);
		ck_assert_uint_eq(rtmfp_txorder_add(&tx, some_flow(), seq, 0, 0), seq - 30);
	}
	(void)rtmfp_txorder_acked(&tx, 2); /* 32: nack 31:1 */
	ck_assert(rtmfp_txorder_packet(&tx, &below));
	ck_assert(!rtmfp_txorder_take(&tx, below, &out));
	(void)rtmfp_txorder_acked(&tx, 4); /* 34: nack 31:2, 33:1 */
	ck_assert(rtmfp_txorder_packet(&tx, &below));
	ck_assert(!rtmfp_txorder_take(&tx, below, &out));
	(void)rtmfp_txorder_acked(&tx, 5); /* 35: nack 31:3=lost, 33:2 */
	ck_assert(rtmfp_txorder_packet(&tx, &below));
	ck_assert(rtmfp_txorder_take(&tx, below, &out));
	ck_assert_uint_eq(out.sequence_number, 31);
	ck_assert(!rtmfp_txorder_take(&tx, below, &out));
	(void)rtmfp_txorder_acked(&tx, 6); /* 36: nack 33:3=lost */
	ck_assert(rtmfp_txorder_packet(&tx, &below));
	ck_assert(rtmfp_txorder_take(&tx, below, &out));
	ck_assert_uint_eq(out.sequence_number, 33);
	(void)rtmfp_txorder_acked(&tx, 7);
	ck_assert(!rtmfp_txorder_packet(&tx, &below));
	ck_assert(!rtmfp_txorder_take(&tx, UINT64_MAX, &out));
	rtmfp_txorder_fini(&tx);
}
END_TEST

static void add(TCase *tc)
{
	tcase_add_loop_test(tc, as_the_rfc_counts, 1, RTMFP_TXORDER_NAKS_MAX + 1);
	tcase_add_test(tc, line_by_line);
}

int main(void)
{
	return flows_main("flows_txorder", add);
}
