/* SPDX-License-Identifier: GPL-2.0-or-later */
/* main() of a test program with one test case. */
#ifndef FLOWS_MAIN_H
#define FLOWS_MAIN_H

#include <check.h>
#include <stdlib.h>

/* As prng_assert, for where it is evaluated often: Check keeps a record of every assertion. */
#define seed_assert(run, condition)                  \
	do {                                         \
		if (!(condition))                    \
			prng_assert(run, condition); \
	} while (0)

static inline int flows_main(const char *name, void (*add)(TCase *tc))
{
	Suite *suite = suite_create(name);
	TCase *tc = tcase_create(name);
	SRunner *runner;
	int failed;

	tcase_set_timeout(tc, 600); /* valgrind on a slow machine */
	add(tc);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

#endif
