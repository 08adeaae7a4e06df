/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Flows over a simulated link: what arrives, in which order, how often, and what is left behind. */
#include "flows_sim.h"

#include <check.h>
#include <stdlib.h>

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

int main(void)
{
	Suite *suite = suite_create("flows_pair");
	TCase *tc = tcase_create("flows_pair");
	SRunner *runner;
	int failed;

	tcase_set_timeout(tc, 120);
	tcase_add_test(tc, one_message);
	tcase_add_test(tc, bulk_clean);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
