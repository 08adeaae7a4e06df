/* SPDX-License-Identifier: GPL-2.0-or-later */
/* daemon_state: what is remembered survives; what is damaged, missing or unwritable stops nothing. */
#include "config.h"
#include <check.h>
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#include "daemon_addr.h"
#include "daemon_log.h"
#include "daemon_state.h"

static const uint8_t own[STATE_KEY_BYTES] = { 0xab, 0xcd, 0xef, 1, 2, 3, 4, 5, 6 };
static const char file_name[] = "wg0-abcdef0102030405.peers";

static char base[64], dir[96], path[160];
static int log_pipe[2];

static void set_up(void)
{
	strcpy(base, "/tmp/test_state.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(base));
	snprintf(dir, sizeof(dir), "%s/state", base);
	snprintf(path, sizeof(path), "%s/%s", dir, file_name);
	ck_assert_int_eq(pipe2(log_pipe, O_NONBLOCK), 0);
	log_open(LOG_TARGET_FD, log_pipe[1], LOG_LEVEL_WARN, "");
}

static void tear_down(void)
{
	DIR *d = opendir(dir);
	struct dirent *e;

	while (d && (e = readdir(d)))
		unlinkat(dirfd(d), e->d_name, 0);
	if (d)
		closedir(d);
	rmdir(dir);
	ck_assert_int_eq(rmdir(base), 0);
	close(log_pipe[0]);
	close(log_pipe[1]);
}

/* How many lines were logged since the last call. */
static unsigned warnings(void)
{
	static char text[65536];
	ssize_t n = read(log_pipe[0], text, sizeof(text));
	unsigned lines = 0;

	for (ssize_t i = 0; i < n; i++)
		lines += text[i] == '\n';
	return lines;
}

static struct state_entry entry(unsigned n, const char *address, bool alive)
{
	struct state_entry e = { .public_key = { (uint8_t)n, (uint8_t)(n >> 8), 7 },
				 .verified = 1700000000 + n,
				 .alive = alive };

	ck_assert_int_eq(addr_from_text(&e.addr, address), 0);
	return e;
}

static struct state *reopen(struct state *state)
{
	state_free(state);
	state = state_open(dir, "wg0", own);
	ck_assert_ptr_nonnull(state);
	return state;
}

static void write_file(const char *text, size_t len)
{
	int fd;

	mkdir(dir, 0700);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, text, len), (ssize_t)len);
	close(fd);
}

static size_t count(const struct state *state)
{
	size_t n = 0;

	while (state_at(state, n))
		n++;
	return n;
}

START_TEST(remembers)
{
	struct state *state = state_open(dir, "wg0", own);
	struct state_entry a = entry(1, "192.0.2.1:1935", true), b = entry(2, "[2001:db8::1]:40000", false),
			   c = entry(0, "[fe80::1%3]:7", true);
	const struct state_entry *found;
	struct stat st;

	ck_assert_ptr_null(state_at(state, 0));
	ck_assert(!state_is_dirty(state));
	state_set(state, &a);
	state_set(state, &b);
	state_set(state, &c);
	ck_assert(state_is_dirty(state));
	state_save(state);
	ck_assert(!state_is_dirty(state));
	state = reopen(state);
	ck_assert_uint_eq(count(state), 3);
	found = state_find(state, b.public_key);
	ck_assert_ptr_nonnull(found);
	ck_assert(rtmfp_addr_equal(&found->addr, &b.addr));
	ck_assert_int_eq(found->verified, 1700000002);
	ck_assert(!found->alive);
	found = state_find(state, c.public_key);
	ck_assert_uint_eq(found->addr.scope, 3);
	ck_assert(found->alive);
	ck_assert_ptr_null(state_find(state, entry(3, "192.0.2.1:1", true).public_key));
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_uint_eq(st.st_mode & 0777, 0600);
	ck_assert_int_eq(stat(dir, &st), 0);
	ck_assert_uint_eq(st.st_mode & 0777, 0700);
	state_free(state);
	ck_assert_uint_eq(warnings(), 0);
}
END_TEST

START_TEST(changes_and_forgets)
{
	struct state *state = state_open(dir, "wg0", own);
	struct state_entry e = entry(1, "192.0.2.1:1935", true);

	state_set(state, &e);
	state_save(state);
	e.verified++; /* only the time: not worth a write */
	state_set(state, &e);
	ck_assert(!state_is_dirty(state));
	e.addr.port++;
	state_set(state, &e);
	ck_assert(state_is_dirty(state));
	state_save(state);
	e.alive = false;
	state_set(state, &e);
	ck_assert(state_is_dirty(state));
	state_save(state);
	state = reopen(state);
	ck_assert_uint_eq(count(state), 1);
	ck_assert_uint_eq(state_at(state, 0)->addr.port, 1936);
	ck_assert(!state_at(state, 0)->alive);
	state_forget(state, entry(2, "192.0.2.1:1", true).public_key);
	ck_assert(!state_is_dirty(state));
	state_forget(state, e.public_key);
	ck_assert(state_is_dirty(state));
	state_save(state);
	state = reopen(state);
	ck_assert_uint_eq(count(state), 0);
	state_free(state);
	ck_assert_uint_eq(warnings(), 0);
}
END_TEST

START_TEST(ignores_entries_without_address)
{
	struct state *state = state_open(dir, "wg0", own);
	struct state_entry e = entry(1, "192.0.2.1:1935", true);

	e.addr.family = 0;
	state_set(state, &e);
	e.addr.family = 4;
	e.addr.port = 0;
	state_set(state, &e);
	ck_assert_uint_eq(count(state), 0);
	state_free(state);
}
END_TEST

/* Two identities with one interface name (two network namespaces) do not share a file. */
START_TEST(keeps_identities_apart)
{
	uint8_t other[STATE_KEY_BYTES] = { 9 };
	struct state *a = state_open(dir, "wg0", own), *b = state_open(dir, "wg0", other);
	struct state_entry e = entry(1, "192.0.2.1:1935", true);

	state_set(a, &e);
	state_save(a);
	state_free(a);
	state_save(b);
	state_free(b);
	a = state_open(dir, "wg0", own);
	ck_assert_uint_eq(count(a), 1);
	state_free(a);
}
END_TEST

START_TEST(holds_many_in_any_order)
{
	struct state *state = state_open(dir, "wg0", own);

	for (unsigned i = 0; i < 5000; i++) {
		struct state_entry e = entry(i * 7919 % 5000, "192.0.2.1:1935", true);

		e.addr.port = (uint16_t)(1000 + i * 7919 % 5000);
		state_set(state, &e);
	}
	state_save(state);
	state = reopen(state);
	ck_assert_uint_eq(count(state), 5000);
	for (unsigned i = 0; i < 5000; i++)
		ck_assert_uint_eq(state_find(state, entry(i, "192.0.2.1:1", true).public_key)->addr.port,
				  1000 + i);
	state_free(state);
}
END_TEST

#define KEY1 "xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg="
#define KEY2 "TrMvSoP4jYQlY6RIzBgbssQqY3vxI2Pi+y71lOWWXX0="
#define GOOD "flowtun state 1\n" KEY1 " 192.0.2.1:1935 1700000000 alive\n" KEY2 " [::1]:1 0 gone\nend 2\n"

static const char *const damaged[] = {
	"",
	"\n",
	"flowtun state 2\nend 0\n",
	"flowtun state 1\n",
	"flowtun state 1\nend 0",
	"flowtun state 1\nend 1\n",
	"flowtun state 1\nend 0\n\n",
	"flowtun state 1\nend x\n",
	"flowtun state 1\n" KEY1 " 192.0.2.1:1935 1700000000 alive\n",
	"flowtun state 1\n" KEY1 " 192.0.2.1:1935 1700000000 alive\nend 2\n",
	"flowtun state 1\n" KEY1 " 192.0.2.1:1935 1700000000 alive\n" KEY1
	" 192.0.2.1:1935 1700000000 alive\nend 2\n",
	"flowtun state 1\n" KEY1 "A 192.0.2.1:1935 1700000000 alive\nend 1\n",
	"flowtun state 1\n" KEY1 " 192.0.2.1 1700000000 alive\nend 1\n",
	"flowtun state 1\n" KEY1 " 192.0.2.1:0 1700000000 alive\nend 1\n",
	"flowtun state 1\n" KEY1 " 192.0.2.1:1935 -5 alive\nend 1\n",
	"flowtun state 1\n" KEY1 " 192.0.2.1:1935 1700000000 asleep\nend 1\n",
	"flowtun state 1\n" KEY1 " 192.0.2.1:1935 1700000000\nend 1\n",
	"flowtun state 1\n" KEY1 " 192.0.2.1:1935 1700000000 alive alive\nend 1\n",
	"flowtun state 1\n" KEY1 "  192.0.2.1:1935 1700000000 alive\nend 1\n",
	"flowtun state "
	"1\nxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
	"xxxxxxxxx"
	"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
	"xxxxxxxxxxxxxxxx\nend 0\n",
};

START_TEST(ignores_damage)
{
	struct state *state;
	struct state_entry e = entry(1, "192.0.2.1:1935", true);

	write_file(damaged[_i], strlen(damaged[_i]));
	state = state_open(dir, "wg0", own);
	ck_assert_ptr_nonnull(state);
	ck_assert_uint_eq(count(state), 0);
	ck_assert_uint_eq(warnings(), 1);
	/* and the next write heals it */
	state_set(state, &e);
	state_save(state);
	state = reopen(state);
	ck_assert_uint_eq(count(state), 1);
	ck_assert_uint_eq(warnings(), 0);
	state_free(state);
}
END_TEST

/* Cut off anywhere, or any byte changed: all of it, or nothing and one warning. */
START_TEST(never_reads_half_a_file)
{
	char text[] = GOOD;
	size_t len = strlen(text);
	struct state *state;

	write_file(text, len);
	state = state_open(dir, "wg0", own);
	ck_assert_uint_eq(count(state), 2);
	ck_assert_uint_eq(warnings(), 0);
	for (size_t cut = 0; cut < len; cut++) {
		write_file(text, cut);
		state = reopen(state);
		ck_assert_uint_eq(count(state), 0);
	}
	for (size_t i = 0; i < len; i++) {
		char kept = text[i];
		size_t n;

		text[i] = '\0';
		write_file(text, len);
		state = reopen(state);
		ck_assert_uint_eq(count(state), 0);
		text[i] = '1';
		write_file(text, len);
		state = reopen(state);
		n = count(state);
		ck_assert(n == 0 || n == 2);
		text[i] = kept;
	}
	state_free(state);
}
END_TEST

START_TEST(ignores_what_is_no_file)
{
	struct state *state;

	ck_assert_int_eq(mkdir(dir, 0700), 0);
	ck_assert_int_eq(mkfifo(path, 0600), 0);
	state = state_open(dir, "wg0", own); /* must not wait for a writer */
	ck_assert_uint_eq(count(state), 0);
	ck_assert_uint_eq(warnings(), 1);
	state_free(state);
	unlink(path);
	ck_assert_int_eq(symlink("/etc/passwd", path), 0);
	state = state_open(dir, "wg0", own);
	ck_assert_uint_eq(warnings(), 1);
	state_free(state);
	unlink(path);
	write_file("", 0);
	ck_assert_int_eq(truncate(path, 1ll << 30), 0);
	state = state_open(dir, "wg0", own);
	ck_assert_uint_eq(warnings(), 1);
	state_free(state);
}
END_TEST

/* A directory that cannot be made: one warning, however often; when it can be made, all is well again. */
START_TEST(survives_what_cannot_be_written)
{
	struct state *state;
	struct state_entry e = entry(1, "192.0.2.1:1935", true);
	int fd = open(dir, O_WRONLY | O_CREAT, 0600); /* a file where the directory should be */

	close(fd);
	state = state_open(dir, "wg0", own);
	warnings(); /* ENOTDIR may be said at reading, too */
	state_set(state, &e);
	for (unsigned i = 0; i < 5; i++) {
		state_save(state);
		for (unsigned waited = 0; !state_is_dirty(state) && waited < 2000; waited++)
			usleep(1000);
		ck_assert(state_is_dirty(state)); /* worth another try */
	}
	ck_assert_uint_eq(warnings(), 1);
	unlink(dir);
	state_save(state);
	state = reopen(state);
	ck_assert_uint_eq(count(state), 1);
	state_free(state);
}
END_TEST

/* A limit on the file's size is a disk that is full in the middle of it. */
START_TEST(survives_a_full_disk)
{
	struct sigaction ignore = { .sa_handler = SIG_IGN }, before;
	struct rlimit limit, small = { 0 };
	struct state_entry e = entry(1, "192.0.2.1:1935", true);
	struct state *state;
	char new_path[sizeof(path) + 8];

	write_file(GOOD, strlen(GOOD));
	state = state_open(dir, "wg0", own);
	state_set(state, &e);
	ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &limit), 0);
	small.rlim_cur = 40;
	small.rlim_max = limit.rlim_max;
	sigaction(SIGXFSZ, &ignore, &before);
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &small), 0);
	state_save(state);
	state = reopen(state);
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
	sigaction(SIGXFSZ, &before, NULL);
	ck_assert_uint_eq(warnings(), 1);
	ck_assert_uint_eq(count(state), 2); /* the old file, whole */
	snprintf(new_path, sizeof(new_path), "%s.new", path);
	ck_assert_int_eq(access(new_path, F_OK), -1);
	state_free(state);
}
END_TEST

/* Many saves in a row: the last one counts, and nothing temporary is left. */
START_TEST(the_last_save_counts)
{
	struct state *state = state_open(dir, "wg0", own);
	struct dirent *e;
	DIR *d;

	for (unsigned i = 1; i <= 200; i++) {
		struct state_entry changed = entry(1, "192.0.2.1:1935", true);

		changed.addr.port = (uint16_t)i;
		state_set(state, &changed);
		state_save(state);
	}
	state = reopen(state);
	ck_assert_uint_eq(state_at(state, 0)->addr.port, 200);
	state_free(state);
	d = opendir(dir);
	while ((e = readdir(d)))
		ck_assert(e->d_name[0] == '.' || strcmp(e->d_name, file_name) == 0);
	closedir(d);
}
END_TEST

#define LOOP(tc, test, table) tcase_add_loop_test(tc, test, 0, (int)(sizeof(table) / sizeof((table)[0])))

int main(void)
{
	Suite *suite = suite_create("state");
	TCase *tc = tcase_create("state");
	SRunner *runner;
	int failed;

	tcase_set_timeout(tc, 120);
	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_test(tc, remembers);
	tcase_add_test(tc, changes_and_forgets);
	tcase_add_test(tc, ignores_entries_without_address);
	tcase_add_test(tc, keeps_identities_apart);
	tcase_add_test(tc, holds_many_in_any_order);
	LOOP(tc, ignores_damage, damaged);
	tcase_add_test(tc, never_reads_half_a_file);
	tcase_add_test(tc, ignores_what_is_no_file);
	tcase_add_test(tc, survives_what_cannot_be_written);
	tcase_add_test(tc, survives_a_full_disk);
	tcase_add_test(tc, the_last_save_counts);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
