/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The bytes of the profile are frozen: what story.c tells is what tests/data/profile-vectors.txt holds.
 */
#include "story.h"

#include "vectors.h"

START_TEST(bytes_are_frozen)
{
	char path[4096], *told = NULL, *line, *end;
	size_t size = 0;
	FILE *out = open_memstream(&told, &size);
	FILE *in = fopen(data_path("profile-vectors.txt", path, sizeof(path)), "r");
	char want[256];
	int number = 0;

	ck_assert_ptr_nonnull(out);
	ck_assert_msg(in != NULL, "%s is missing", path);
	story_tell(out);
	fclose(out);
	for (line = told; *line; line = end + 1) {
		end = strchr(line, '\n');
		ck_assert_ptr_nonnull(end);
		*end = 0;
		number++;
		ck_assert_msg(fgets(want, sizeof(want), in) != NULL, "line %d is new: %s", number, line);
		want[strcspn(want, "\n")] = 0;
		ck_assert_msg(strcmp(line, want) == 0, "line %d:\n%s\nbut should be\n%s", number, line, want);
	}
	ck_assert_msg(fgets(want, sizeof(want), in) == NULL, "line %d is missing: %s", number + 1, want);
	ck_assert_int_gt(number, 200);
	fclose(in);
	free(told);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("crypto_answers");
	TCase *tc = tcase_create("answers");
	SRunner *sr;
	int failed;

	tcase_add_test(tc, bytes_are_frozen);
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
