/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Loops over seeds and over cases that tell which one failed and how to repeat it.
 *
 *     FLOWTUN_SIM_SEED=n   every loop runs that seed or case alone
 *     FLOWTUN_SIM_SEEDS=n  random scenarios run n seeds, enumerations at most n cases, evenly spread
 *     FLOWTUN_SIM_TRACE=1  every datagram and event goes to stderr
 */
#ifndef SIM_SEEDS_H
#define SIM_SEEDS_H

#include <check.h>
#include <stdbool.h>
#include <stdint.h>

struct sim_run {
	const char *scenario;
	uint64_t seed;
	/* private */
	uint64_t index, count, total;
	bool fixed;
};

/* for (sim_each_seed(run, "scenario", count)) { ... run.seed ... } */
#define sim_each_seed(run, scenario, count)                        \
	struct sim_run run = sim_run_begin(scenario, count, true); \
	sim_run_more(&(run));                                      \
	sim_run_next(&(run))
/* the same over cases 0 to |count| - 1 */
#define sim_each_case(run, scenario, count)                         \
	struct sim_run run = sim_run_begin(scenario, count, false); \
	sim_run_more(&(run));                                       \
	sim_run_next(&(run))

struct sim_run sim_run_begin(const char *scenario, uint64_t count, bool random);
bool sim_run_more(struct sim_run *run);
void sim_run_next(struct sim_run *run);

/** sim_add_scenario adds a test as a case of its own, so that CK_RUN_CASE=name runs it alone. */
void sim_add_scenario(Suite *suite, const char *name, const TTest *test);
/** sim_run_suite runs and frees it; what main returns. */
int sim_run_suite(Suite *suite);

/** sim_fail ends the test: where, which scenario, which seed, when in virtual time, and how to run it again.
 */
void sim_fail(const char *file, int line, const char *format, ...)
	__attribute__((noreturn, format(printf, 3, 4)));

#endif
