/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Congestion control of RFC 7016 appendix A against figures 24 and 25 written down literally, and where it
 * departs from them on purpose.
 */
#include "cc.h"
#include "flows_main.h"
#include "prng.h"

#include <string.h>

/* Figures 24 and 25, with floating point for infinity and fractions as there. */
struct literal {
	double CWND, SSTHRESH, ACKED_BYTES_ACCUMULATOR;
	double SMSS, CWND_INIT, CWND_TIMEDOUT;
};

static double MIN(double a, double b)
{
	return a < b ? a : b;
}

static double MAX(double a, double b)
{
	return a > b ? a : b;
}

static double FLOOR(double x)
{
	return (double)(uint64_t)x;
}

static double CEIL(double x)
{
	return FLOOR(x) < x ? FLOOR(x) + 1 : FLOOR(x);
}

static void TimeoutNotification(struct literal *l, bool WAS_LOSS)
{
	l->SSTHRESH = MAX(l->SSTHRESH, FLOOR(l->CWND * 3 / 4));
	l->ACKED_BYTES_ACCUMULATOR = 0;
	if (WAS_LOSS)
		l->CWND = l->CWND_TIMEDOUT;
	else
		l->CWND = l->CWND_INIT;
}

static void after_packet(struct literal *l, const struct rtmfp_cc_ack *a)
{
	double PRE_ACK_OUTSTANDING = (double)a->pre_outstanding;
	double ACKED_BYTES_THIS_PACKET = (double)a->acked;
	bool FASTGROW_ALLOWED = a->fastgrow_allowed, TC_SENT = a->tc_sent;

	if (a->any_loss) {
		if (TC_SENT || (PRE_ACK_OUTSTANDING > 67200 && FASTGROW_ALLOWED))
			l->SSTHRESH = MAX(FLOOR(PRE_ACK_OUTSTANDING * 7 / 8), l->CWND_INIT);
		else
			l->SSTHRESH = MAX(FLOOR(PRE_ACK_OUTSTANDING * 1 / 2), l->CWND_INIT);
		l->CWND = l->SSTHRESH;
		l->ACKED_BYTES_ACCUMULATOR = 0;
	} else if (!a->any_nak && PRE_ACK_OUTSTANDING >= l->CWND) {
		double INCREASE = 0, AITHRESH;

		if (FASTGROW_ALLOWED) {
			if (l->CWND < l->SSTHRESH) {
				INCREASE = ACKED_BYTES_THIS_PACKET;
			} else {
				l->ACKED_BYTES_ACCUMULATOR += ACKED_BYTES_THIS_PACKET;
				AITHRESH = MIN(MAX(FLOOR(l->CWND / 16), 64), 4800);
				while (l->ACKED_BYTES_ACCUMULATOR >= AITHRESH) {
					l->ACKED_BYTES_ACCUMULATOR -= AITHRESH;
					INCREASE += 48;
				}
			}
		} else {
			if (l->CWND < l->SSTHRESH && TC_SENT) {
				INCREASE = CEIL(ACKED_BYTES_THIS_PACKET / 4);
			} else {
				double AITHRESH_CAP;

				if (TC_SENT)
					AITHRESH_CAP = 2400;
				else
					AITHRESH_CAP = 4800;
				l->ACKED_BYTES_ACCUMULATOR += ACKED_BYTES_THIS_PACKET;
				AITHRESH = MIN(MAX(FLOOR(l->CWND / 16), 64), AITHRESH_CAP);
				while (l->ACKED_BYTES_ACCUMULATOR >= AITHRESH) {
					l->ACKED_BYTES_ACCUMULATOR -= AITHRESH;
					INCREASE += 24;
				}
			}
		}
		l->CWND = MAX(l->CWND + MIN(INCREASE, l->SMSS), l->CWND_INIT);
	}
}

static struct rtmfp_cc *cc;
static const struct rtmfp_cc_ops *ops = &rtmfp_cc_rfc7016;

static void begin(size_t smss)
{
	cc = ops->new (&rtmfp_mem_libc, smss, 0);
	ck_assert_ptr_nonnull(cc);
}

static void end(void)
{
	ops->free(cc, &rtmfp_mem_libc);
}

/* As long as a packet acknowledges no more than a segment, and losses come singly, it is to the letter. */
START_TEST(to_the_letter)
{
	for (prng_each(run, 1, 300)) {
		size_t smss = 500 + (size_t)prng_below(&run.r, 2500);
		struct literal l = { .SMSS = (double)smss, .SSTHRESH = 1e300, .CWND_TIMEDOUT = (double)smss };
		uint64_t tsn = 1;

		begin(smss);
		l.CWND = l.CWND_INIT = (double)(smss > 2190 ? 2 * smss : smss > 1095 ? 3 * smss : 4 * smss);
		for (unsigned step = 0; step < 1000; step++) {
			struct rtmfp_cc_ack ack = { .acked = prng_below(&run.r, smss + 1),
						    .fastgrow_allowed = prng_below(&run.r, 8) > 0,
						    .tc_sent = prng_below(&run.r, 8) == 0 };
			uint64_t cwnd = ops->cwnd(cc);

			seed_assert(run, l.CWND == (double)cwnd);
			tsn += 1000;
			ack.next_tsn = tsn;
			if (prng_below(&run.r, 150) == 0) {
				bool loss = prng_below(&run.r, 2);

				ops->on_timeout(cc, loss, 0);
				TimeoutNotification(&l, loss);
				continue;
			}
			/* at the window, or well below: not in the segment of slack */
			if (cwnd <= smss || prng_below(&run.r, 4))
				ack.pre_outstanding = cwnd + prng_below(&run.r, smss);
			else
				ack.pre_outstanding = prng_below(&run.r, cwnd - smss);
			ack.any_nak = prng_below(&run.r, 10) == 0;
			if (prng_below(&run.r, 40) == 0) {
				ack.any_loss = ack.any_nak = true;
				ack.newest_lost = tsn - 1;
				ack.lost = prng_below(&run.r, ack.pre_outstanding / 9 + 1);
			}
			ops->on_ack_packet(cc, &ack);
			after_packet(&l, &ack);
		}
		end();
	}
}
END_TEST

/* One acknowledgement for a batch counts as one for each datagram would, and no more. */
START_TEST(batches)
{
	struct rtmfp_cc_ack ack = { .fastgrow_allowed = true };
	uint64_t before;

	begin(1400);
	before = ops->cwnd(cc);
	ck_assert_uint_eq(before, 3 * 1400);
	ack.pre_outstanding = before;
	ack.acked = 3 * 1400;
	ops->on_ack_packet(cc, &ack);
	ck_assert_uint_eq(ops->cwnd(cc),
			  2 * before); /* slow start: doubled in a round trip, as in RFC 5681 */
	end();
}
END_TEST

START_TEST(unused_window_does_not_grow)
{
	struct rtmfp_cc_ack ack = { .fastgrow_allowed = true, .acked = 1400 };
	uint64_t before;

	begin(1400);
	before = ops->cwnd(cc);
	ack.pre_outstanding = before - 1401;
	ops->on_ack_packet(cc, &ack);
	ck_assert_uint_eq(ops->cwnd(cc), before);
	ack.limited = true; /* pacing held data back */
	ops->on_ack_packet(cc, &ack);
	ck_assert_uint_eq(ops->cwnd(cc), before + 1400);
	ack.limited = false;
	ack.pre_outstanding = ops->cwnd(cc) - 1400; /* a segment of slack */
	ops->on_ack_packet(cc, &ack);
	ck_assert_uint_eq(ops->cwnd(cc), before + 2800);
	end();
}
END_TEST

/* A queue overflows: many packets tell of losses, all of one flight. */
START_TEST(one_decrease_a_flight)
{
	struct rtmfp_cc_ack ack = { .fastgrow_allowed = true, .limited = true, .acked = 1000000 };

	begin(1400);
	ops->on_ack_packet(cc, &ack);
	ack = (struct rtmfp_cc_ack){ .any_loss = true, .any_nak = true, .fastgrow_allowed = true };
	ack.pre_outstanding = 1000000;
	ack.next_tsn = 2000;
	ack.newest_lost = 1500;
	ack.lost = 1400;
	ops->on_ack_packet(cc, &ack);
	ck_assert_uint_eq(ops->cwnd(cc), 875000);
	for (unsigned i = 0; i < 80; i++) { /* the next losses are within that eighth */
		ack.pre_outstanding -= 10000;
		ack.newest_lost++;
		ops->on_ack_packet(cc, &ack);
	}
	ck_assert_uint_eq(ops->cwnd(cc), 875000);
	for (unsigned i = 0; i < 19; i++) /* and then beyond: 100 segments in all */
		ops->on_ack_packet(cc, &ack);
	ck_assert_uint_eq(ops->cwnd(cc), 1000000 - 100 * 1400);
	/* What was sent after the decrease and is lost is news. */
	ack.newest_lost = 2000;
	ack.next_tsn = 3000;
	ack.pre_outstanding = 100000;
	ops->on_ack_packet(cc, &ack);
	ck_assert_uint_eq(ops->cwnd(cc), 87500);
	/* Never less than the initial window. */
	ack.newest_lost = 3000;
	ack.lost = 1000000;
	ops->on_ack_packet(cc, &ack);
	ck_assert_uint_eq(ops->cwnd(cc), 3 * 1400);
	end();
}
END_TEST

START_TEST(datagram_and_path)
{
	struct rtmfp_cc_ack ack = { .fastgrow_allowed = true, .limited = true, .acked = 5000 };

	begin(1400);
	ops->on_datagram(cc, 9000); /* nothing was learnt yet: the guess is made again */
	ck_assert_uint_eq(ops->cwnd(cc), 18000);
	ops->on_datagram(cc, 1000);
	ck_assert_uint_eq(ops->cwnd(cc), 4000);
	ops->on_ack_packet(cc, &ack);
	ck_assert_uint_eq(ops->cwnd(cc), 9000);
	ops->on_datagram(cc, 1400);
	ck_assert_uint_eq(ops->cwnd(cc), 9000);
	ops->on_path_change(cc, 0);
	ck_assert_uint_eq(ops->cwnd(cc), 4200);
	end();
}
END_TEST

START_TEST(pacing_rate)
{
	struct rtmfp_cc_ack ack = { .any_loss = true,
				    .pre_outstanding = 80000,
				    .newest_lost = 1,
				    .next_tsn = 2,
				    .fastgrow_allowed = true };

	begin(1400);
	ck_assert_uint_eq(ops->pacing_rate(cc, 0), 0);
	ck_assert_uint_eq(ops->pacing_rate(cc, RTMFP_MS(100)), 2 * 4200 * 10);
	ops->on_ack_packet(cc, &ack);
	ck_assert_uint_eq(ops->cwnd(cc), 70000);
	ck_assert_uint_eq(ops->pacing_rate(cc, RTMFP_MS(100)), 70000 * 10 * 5 / 4);
	ck_assert_uint_gt(ops->pacing_rate(cc, 1), 1000000000);
	end();
}
END_TEST

/* However much is acknowledged, nothing overflows. */
START_TEST(bounded)
{
	struct rtmfp_cc_ack ack = { .fastgrow_allowed = true, .limited = true, .acked = (uint64_t)1 << 40 };

	begin(65507);
	for (unsigned i = 0; i < 100; i++)
		ops->on_ack_packet(cc, &ack);
	ck_assert_uint_eq(ops->cwnd(cc), (uint64_t)1 << 32);
	ck_assert_uint_eq(ops->pacing_rate(cc, RTMFP_S(1)), (uint64_t)1 << 33);
	end();
}
END_TEST

static void add(TCase *tc)
{
	tcase_add_test(tc, to_the_letter);
	tcase_add_test(tc, batches);
	tcase_add_test(tc, unused_window_does_not_grow);
	tcase_add_test(tc, one_decrease_a_flight);
	tcase_add_test(tc, datagram_and_path);
	tcase_add_test(tc, pacing_rate);
	tcase_add_test(tc, bounded);
}

int main(void)
{
	return flows_main("cc", add);
}
