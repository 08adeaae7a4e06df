/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Prints tests/data/profile-vectors.txt. The story is written with Check's assertions, so it runs as a test.
 */
#include "story.h"

#include <check.h>
#include <stdlib.h>

START_TEST(tell)
{
	story_tell(stdout);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("print_story");
	TCase *tc = tcase_create("story");
	SRunner *sr;
	int failed;

	tcase_add_test(tc, tell);
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_set_fork_status(sr, CK_NOFORK);
	srunner_run_all(sr, CK_SILENT);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	if (failed)
		fprintf(stderr, "print_story: the story does not hold; run test_crypto_answers\n");
	return failed || fflush(stdout) ? EXIT_FAILURE : EXIT_SUCCESS;
}
