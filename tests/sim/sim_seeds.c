/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The loops of sim_seeds.h. The run under way is kept here, for the message of a failure. */
#include "sim.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

static struct {
	struct sim_run run;
	const struct sim_world *world;
} current;

static bool number(const char *name, uint64_t *out)
{
	const char *text = getenv(name);

	if (!text || !*text)
		return false;
	*out = strtoull(text, NULL, 0);
	return true;
}

static void enter(struct sim_run *run)
{
	if (!run->fixed)
		run->seed = run->index * run->total / run->count;
	current.run = *run;
	current.world = NULL;
}

struct sim_run sim_run_begin(const char *scenario, uint64_t count, bool random)
{
	struct sim_run run = { .scenario = scenario, .count = count, .total = count };
	uint64_t wanted;

	if (number("FLOWTUN_SIM_SEED", &run.seed)) {
		run.fixed = true;
		run.count = 1;
	} else if (number("FLOWTUN_SIM_SEEDS", &wanted) && wanted > 0) {
		if (random)
			run.count = run.total = wanted;
		else if (wanted < count)
			run.count = wanted;
	}
	enter(&run);
	return run;
}

bool sim_run_more(struct sim_run *run)
{
	return run->index < run->count;
}

void sim_run_next(struct sim_run *run)
{
	run->index++;
	if (sim_run_more(run))
		enter(run);
}

void sim_add_scenario(Suite *suite, const char *name, const TTest *test)
{
	TCase *tc = tcase_create(name);

	tcase_set_timeout(tc, 600); /* the simulator has a watchdog of its own */
	tcase_add_test(tc, test);
	suite_add_tcase(suite, tc);
}

int sim_run_suite(Suite *suite)
{
	SRunner *runner = srunner_create(suite);
	int failed;

	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

void sim_run_in(const struct sim_world *w)
{
	current.world = w;
}

void sim_fail(const char *file, int line, const char *format, ...)
{
	char text[512];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	if (current.world)
		sim_dump(current.world);
	ck_abort_msg("%s:%d: %s; scenario %s, seed %" PRIu64 ", at %.9f s; again: FLOWTUN_SIM_SEED=%" PRIu64
		     " CK_RUN_CASE=%s",
		     file, line, text, current.run.scenario ? current.run.scenario : "none", current.run.seed,
		     current.world ? (double)current.world->now / 1e9 : 0.0, current.run.seed,
		     current.run.scenario ? current.run.scenario : "");
	abort(); /* not reached: for the compiler */
}
