/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Giving up rights. Each test does it in a child, because there is no way back.
 */
#include "config.h"

#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <linux/capability.h>

#include "linux_priv.h"

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANITIZED 1
#endif
#endif

/* Runs |body| in a child and expects it to return 0; any other number says which check failed. */
static void in_child(int (*body)(void))
{
	pid_t child = fork();
	int status;

	ck_assert_int_ge(child, 0);
	if (child == 0)
		_exit(body());
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0, "the child ended with status %#x",
		      status);
}

/* The value behind |key| in this process's status, as a hexadecimal number. */
static unsigned long long status_of(const char *key)
{
	FILE *file = fopen("/proc/self/status", "re");
	unsigned long long value = ~0ull;
	char line[256];

	if (file == NULL)
		return value;
	while (fgets(line, sizeof(line), file) != NULL) {
		if (strncmp(line, key, strlen(key)) == 0 && line[strlen(key)] == ':')
			value = strtoull(line + strlen(key) + 1, NULL, 16);
	}
	fclose(file);
	return value;
}

static int drop_all_but_one(void)
{
	const unsigned long long kept = status_of("CapPrm") & (1ull << CAP_NET_ADMIN);
	struct linux_error error = { 0 };

	if (linux_priv_drop(&error) != 0)
		return 1;
	if (status_of("CapEff") != (status_of("CapEff") & kept) || status_of("CapPrm") != kept)
		return 2;
	if (status_of("CapInh") != 0 || status_of("CapAmb") != 0)
		return 3;
	if (kept != 0 && (status_of("CapBnd") & ~kept) != 0)
		return 4;
	if (status_of("NoNewPrivs") != 1)
		return 5;
	if (linux_priv_drop(&error) != 0)
		return 6; /* a second time */
	if (kept != 0 && (linux_priv_require(&error) != 0 || geteuid() != 0))
		return 7; /* what is needed is still there */
	return 0;
}

START_TEST(dropping_leaves_net_admin_alone)
{
	in_child(drop_all_but_one);
}
END_TEST

static int require_without(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = { 0 };
	struct linux_error error = { 0 };

	if (syscall(SYS_capset, &header, none) != 0)
		return 1;
	if (linux_priv_require(&error) != -EPERM || error.code != EPERM)
		return 2;
	if (strstr(error.text, "CAP_NET_ADMIN") == NULL)
		return 3;
	if (linux_priv_drop(&error) != 0)
		return 4; /* there is nothing to drop, which is no failure */
	return 0;
}

START_TEST(a_missing_right_is_named)
{
	in_child(require_without);
}
END_TEST

static int protect(void)
{
	struct linux_error error = { 0 };
	struct rlimit limit;

	if (linux_priv_protect(&error) != 0)
		return 1;
	if (getrlimit(RLIMIT_CORE, &limit) != 0 || limit.rlim_cur != 0 || limit.rlim_max != 0)
		return 2;
#if !defined(__SANITIZE_ADDRESS__) && !defined(SANITIZED)
	if (prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) != 0)
		return 3;
#endif
	return 0;
}

START_TEST(protection_forbids_dumps)
{
	in_child(protect);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("linux_priv");
	TCase *tests = tcase_create("linux_priv");
	SRunner *runner;
	int failed;

	tcase_add_test(tests, dropping_leaves_net_admin_alone);
	tcase_add_test(tests, a_missing_right_is_named);
	tcase_add_test(tests, protection_forbids_dumps);
	suite_add_tcase(suite, tests);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
