/* SPDX-License-Identifier: GPL-2.0-or-later */
/* daemon_log: levels, one line an event, the limit of a call site. */
#include "config.h"
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "daemon_log.h"

static int fds[2];
static uint64_t now;

static uint64_t clock_of_test(void)
{
	return now;
}

static void set_up(void)
{
	ck_assert_int_eq(pipe2(fds, O_NONBLOCK), 0);
	now = 1000000000000u;
	log_clock_for_test(clock_of_test);
	log_open(LOG_TARGET_FD, fds[1], LOG_LEVEL_INFO, "wg0");
}

static void tear_down(void)
{
	log_open(LOG_TARGET_FD, STDERR_FILENO, LOG_LEVEL_WARN, "");
	log_clock_for_test(NULL);
	close(fds[0]);
	close(fds[1]);
}

static const char *logged(void)
{
	static char text[65536];
	ssize_t n = read(fds[0], text, sizeof(text) - 1);

	text[n > 0 ? n : 0] = '\0';
	return text;
}

static unsigned lines(const char *text)
{
	unsigned n = 0;

	for (; *text; text++)
		n += *text == '\n';
	return n;
}

START_TEST(has_one_form)
{
	const char *text;
	int year, month, day, hour, minute, milliseconds, consumed = 0;
	float seconds;

	log_warn("peer %s is %d", "a", 5);
	text = logged();
	ck_assert_int_eq(sscanf(text, "%4d-%2d-%2dT%2d:%2d:%f%n", &year, &month, &day, &hour, &minute,
				&seconds, &consumed),
			 6);
	ck_assert_int_ge(year, 2020);
	ck_assert_int_eq(sscanf(text, "%*d-%*d-%*dT%*d:%*d:%*d.%3dZ", &milliseconds), 1);
	ck_assert_str_eq(text + consumed, "Z warn wg0: peer a is 5\n");
}
END_TEST

START_TEST(obeys_its_level)
{
	ck_assert(log_is_on(LOG_LEVEL_INFO));
	ck_assert(!log_is_on(LOG_LEVEL_DEBUG));
	log_debug("nothing");
	log_trace("nothing");
	ck_assert_str_eq(logged(), "");
	log_error("a");
	log_warn("b");
	log_info("c");
	ck_assert_uint_eq(lines(logged()), 3);
	log_open(LOG_TARGET_FD, fds[1], LOG_LEVEL_TRACE, "");
	log_trace("d");
	ck_assert_ptr_nonnull(strstr(logged(), "Z trace d\n"));
}
END_TEST

START_TEST(speaks_to_the_journal)
{
	log_open(LOG_TARGET_JOURNAL, fds[1], LOG_LEVEL_TRACE, "");
	log_error("a");
	log_warn("b");
	log_info("c");
	log_debug("d");
	log_trace("e");
	ck_assert_str_eq(logged(), "<3>a\n<4>b\n<6>c\n<7>d\n<7>e\n");
}
END_TEST

START_TEST(knows_the_journal)
{
	struct stat st;
	char text[64];

	unsetenv("JOURNAL_STREAM");
	ck_assert_int_eq(log_target_of_stderr(), LOG_TARGET_FD);
	ck_assert_int_eq(fstat(STDERR_FILENO, &st), 0);
	snprintf(text, sizeof(text), "%ju:%ju", (uintmax_t)st.st_dev, (uintmax_t)st.st_ino);
	setenv("JOURNAL_STREAM", text, 1);
	ck_assert_int_eq(log_target_of_stderr(), LOG_TARGET_JOURNAL);
	/* a variable that was inherited, while stderr goes elsewhere */
	snprintf(text, sizeof(text), "%ju:%ju", (uintmax_t)st.st_dev, (uintmax_t)st.st_ino + 1);
	setenv("JOURNAL_STREAM", text, 1);
	ck_assert_int_eq(log_target_of_stderr(), LOG_TARGET_FD);
	setenv("JOURNAL_STREAM", "nonsense", 1);
	ck_assert_int_eq(log_target_of_stderr(), LOG_TARGET_FD);
	unsetenv("JOURNAL_STREAM");
}
END_TEST

START_TEST(one_event_is_one_line)
{
	char big[3000];
	const char *text;

	log_open(LOG_TARGET_JOURNAL, fds[1], LOG_LEVEL_INFO, "");
	log_info("a\nb\r\x1b[31m\x7f\tc");
	ck_assert_str_eq(logged(), "<6>a?b??[31m??c\n");
	memset(big, 'x', sizeof(big) - 1);
	big[sizeof(big) - 1] = '\0';
	log_info("%s", big);
	text = logged();
	ck_assert_uint_eq(strlen(text), LOG_LINE_MAX);
	ck_assert_uint_eq(lines(text), 1);
}
END_TEST

static void say(unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		log_info("again %u", i); /* one call site */
}

START_TEST(limits_each_call_site)
{
	const char *text;

	log_open(LOG_TARGET_JOURNAL, fds[1], LOG_LEVEL_INFO, "");
	say(1000);
	ck_assert_uint_eq(lines(logged()), LOG_BURST);
	log_info("another site is free");
	ck_assert_uint_eq(lines(logged()), 1);
	now += 1000000000u / LOG_PER_SECOND;
	say(3);
	text = logged();
	ck_assert_str_eq(text, "<6>again 0 (980 more like this were left out)\n");
	now += 1000000000u;
	say(1000);
	text = logged();
	ck_assert_uint_eq(lines(text), LOG_PER_SECOND);
	ck_assert_ptr_nonnull(strstr(text, "again 0 (2 more like this were left out)\n<6>again 1\n"));
	now += 3600ull * 1000000000u;
	say(1000);
	ck_assert_uint_eq(lines(logged()), LOG_BURST);
}
END_TEST

START_TEST(does_not_limit_debugging)
{
	log_open(LOG_TARGET_FD, fds[1], LOG_LEVEL_TRACE, "");
	for (unsigned i = 0; i < 100; i++)
		log_debug("x");
	for (unsigned i = 0; i < 100; i++)
		log_trace("x");
	ck_assert_uint_eq(lines(logged()), 200);
}
END_TEST

START_TEST(keeps_errno)
{
	log_open(LOG_TARGET_FD, -1, LOG_LEVEL_INFO, ""); /* every write fails, and nobody dies of it */
	errno = ENOTTY;
	log_error("x");
	ck_assert_int_eq(errno, ENOTTY);
}
END_TEST

START_TEST(reads_levels)
{
	static const char *const words[] = { "error", "warn", "info", "debug", "trace" };
	enum log_level level;

	for (size_t i = 0; i < 5; i++) {
		ck_assert_int_eq(log_level_from_text(&level, words[i]), 0);
		ck_assert_uint_eq(level, i);
	}
	ck_assert_int_eq(log_level_from_text(&level, "Info"), -1);
	ck_assert_int_eq(log_level_from_text(&level, ""), -1);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("log");
	TCase *tc = tcase_create("log");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_test(tc, has_one_form);
	tcase_add_test(tc, obeys_its_level);
	tcase_add_test(tc, speaks_to_the_journal);
	tcase_add_test(tc, knows_the_journal);
	tcase_add_test(tc, one_event_is_one_line);
	tcase_add_test(tc, limits_each_call_site);
	tcase_add_test(tc, does_not_limit_debugging);
	tcase_add_test(tc, keeps_errno);
	tcase_add_test(tc, reads_levels);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
