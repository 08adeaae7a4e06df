/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The event loop: order of an iteration, descriptors, the deadline, signals, stopping.
 */
#include "config.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "linux_loop.h"

#define MS 1000000u

/* Everything that a loop calls writes a letter here. */
struct record {
	struct linux_loop *loop;
	char log[256];
	size_t len;
	int sleeps_left; /* stops the loop in the n-th before_sleep; 0: never */
	uint64_t fired_at;
	int signal;
	uint64_t last_now;
};

static void note(struct record *record, char letter, uint64_t now)
{
	ck_assert_uint_ge(now, record->last_now);
	record->last_now = now;
	ck_assert_uint_lt(record->len, sizeof(record->log) - 1);
	record->log[record->len++] = letter;
}

static void on_deadline(void *ctx, uint64_t now)
{
	struct record *record = ctx;

	note(record, 'd', now);
	record->fired_at = now;
}

static void on_sleep(void *ctx, uint64_t now)
{
	struct record *record = ctx;

	note(record, 's', now);
	if (record->sleeps_left != 0 && --record->sleeps_left == 0)
		linux_loop_stop(record->loop, 7);
}

static void on_signal(void *ctx, int number, uint64_t now)
{
	struct record *record = ctx;

	note(record, 'g', now);
	record->signal = number;
	linux_loop_stop(record->loop, 0);
}

static struct linux_loop *new_loop(struct record *record, bool signals)
{
	const struct linux_loop_calls calls = {
		.deadline = on_deadline,
		.before_sleep = on_sleep,
		.signal = signals ? on_signal : NULL,
		.ctx = record,
	};
	struct linux_error error = { 0 };

	memset(record, 0, sizeof(*record));
	record->loop = linux_loop_new(&calls, &error);
	ck_assert_msg(record->loop != NULL, "%s", error.text);
	return record->loop;
}

/* One end of a socket pair in the loop. */
struct end {
	struct linux_watch watch;
	struct record *record;
	int peer;
	char letter;
	unsigned events;
	void (*more)(struct end *end);
	struct end *other;
};

static void on_ready(void *ctx, unsigned events, uint64_t now)
{
	struct end *end = ctx;

	note(end->record, end->letter, now);
	end->events = events;
	end->more(end);
}

static void open_end(struct end *end, struct record *record, char letter, void (*more)(struct end *end))
{
	int fds[2];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds), 0);
	*end = (struct end){ .watch = { .fd = fds[0], .ready = on_ready, .ctx = end },
			     .record = record,
			     .peer = fds[1],
			     .letter = letter,
			     .more = more };
}

static void close_end(struct end *end)
{
	close(end->watch.fd);
	if (end->peer >= 0)
		close(end->peer);
}

static void read_and_stop(struct end *end)
{
	char c;

	ck_assert_int_eq(read(end->watch.fd, &c, 1), 1);
	linux_loop_stop(end->record->loop, 3);
}

START_TEST(an_iteration_goes_wait_events_deadline_flush)
{
	struct record record;
	struct linux_loop *loop = new_loop(&record, false);
	struct end end;

	open_end(&end, &record, 'r', read_and_stop);
	ck_assert_int_eq(linux_loop_add(loop, &end.watch, LINUX_READABLE), 0);
	ck_assert_int_eq(write(end.peer, "x", 1), 1);
	linux_loop_set_deadline(loop, linux_now());
	ck_assert_int_eq(linux_loop_run(loop), 3);
	/* The stop comes before the deadline and the flush, and both still happen. */
	ck_assert_str_eq(record.log, "srds");
	ck_assert_uint_eq(end.events, LINUX_READABLE);
	linux_loop_remove(loop, &end.watch);
	close_end(&end);
	linux_loop_free(loop);
}
END_TEST

START_TEST(a_past_deadline_fires_at_once_and_once)
{
	struct record record;
	struct linux_loop *loop = new_loop(&record, false);
	struct end end;

	linux_loop_set_deadline(loop, 0);
	record.sleeps_left = 2;
	ck_assert_int_eq(linux_loop_run(loop), 7);
	ck_assert_str_eq(record.log, "sds");
	/* It is spent: the next thing that happens is the descriptor, not the deadline. */
	open_end(&end, &record, 'r', read_and_stop);
	ck_assert_int_eq(linux_loop_add(loop, &end.watch, LINUX_READABLE), 0);
	ck_assert_int_eq(write(end.peer, "x", 1), 1);
	ck_assert_int_eq(linux_loop_run(loop), 3);
	ck_assert_str_eq(record.log, "sdssrs");
	linux_loop_remove(loop, &end.watch);
	close_end(&end);
	linux_loop_free(loop);
}
END_TEST

static uint64_t moves[4];
static size_t move_count;

static void move_deadline(void *ctx, uint64_t now)
{
	struct record *record = ctx;

	on_deadline(ctx, now);
	ck_assert_uint_ge(now, moves[move_count]);
	move_count++;
	if (move_count == 4)
		linux_loop_stop(record->loop, 0);
	else
		linux_loop_set_deadline(record->loop, moves[move_count]);
}

START_TEST(deadlines_are_kept_in_time_and_never_early)
{
	struct record record = { 0 };
	const struct linux_loop_calls calls = { .deadline = move_deadline, .ctx = &record };
	struct linux_loop *loop = linux_loop_new(&calls, NULL);
	uint64_t start = linux_now();

	ck_assert_ptr_nonnull(loop);
	record.loop = loop;
	move_count = 0;
	moves[0] = start + 2 * MS;
	moves[1] = start + 3 * MS;
	moves[2] = start + 3 * MS; /* past when it is set */
	moves[3] = start + 9 * MS;
	linux_loop_set_deadline(loop, start + 60000 * (uint64_t)MS);
	linux_loop_set_deadline(loop, moves[0]); /* earlier than the one before */
	ck_assert_int_eq(linux_loop_run(loop), 0);
	ck_assert_uint_ge(record.fired_at, moves[3]);
	ck_assert_uint_lt(record.fired_at, start + 5000 * (uint64_t)MS);
	linux_loop_free(loop);
}
END_TEST

static void postpone(void *ctx, uint64_t now)
{
	struct record *record = ctx;

	/* Once, when the timer is armed for the first deadline already. */
	note(record, 's', now);
	if (record->len == 3)
		linux_loop_set_deadline(record->loop, moves[1]);
}

static void drain(struct end *end)
{
	char c;

	ck_assert_int_eq(read(end->watch.fd, &c, 1), 1);
}

static void on_last_deadline(void *ctx, uint64_t now)
{
	struct record *record = ctx;

	on_deadline(ctx, now);
	linux_loop_stop(record->loop, 0);
}

static void arm_then_write(struct end *end)
{
	drain(end);
	if (end->other != NULL)
		ck_assert_int_eq(write(end->other->peer, "x", 1), 1);
}

START_TEST(a_deadline_that_moves_on_does_not_fire_at_its_old_time)
{
	struct record record = { 0 };
	const struct linux_loop_calls calls = { .deadline = on_last_deadline,
						.before_sleep = postpone,
						.ctx = &record };
	struct linux_loop *loop = linux_loop_new(&calls, NULL);
	struct end first, second;

	ck_assert_ptr_nonnull(loop);
	record.loop = loop;
	open_end(&first, &record, '1', arm_then_write);
	open_end(&second, &record, '2', drain);
	first.other = &second;
	ck_assert_int_eq(linux_loop_add(loop, &first.watch, LINUX_READABLE), 0);
	ck_assert_int_eq(linux_loop_add(loop, &second.watch, LINUX_READABLE), 0);
	ck_assert_int_eq(write(first.peer, "x", 1), 1);
	moves[0] = linux_now() + 5 * MS;
	moves[1] = moves[0] + 15 * MS;
	linux_loop_set_deadline(loop, moves[0]);
	ck_assert_int_eq(linux_loop_run(loop), 0);
	ck_assert_uint_ge(record.fired_at, moves[1]);
	linux_loop_remove(loop, &first.watch);
	linux_loop_remove(loop, &second.watch);
	close_end(&first);
	close_end(&second);
	linux_loop_free(loop);
}
END_TEST

static void remove_other(struct end *end)
{
	linux_loop_remove(end->record->loop, &end->other->watch);
	memset(&end->other->watch, 0xa5, sizeof(end->other->watch)); /* as if it were freed */
	linux_loop_stop(end->record->loop, 0);
}

START_TEST(a_watch_removed_in_the_same_iteration_is_not_called)
{
	struct record record;
	struct linux_loop *loop = new_loop(&record, false);
	struct end a, b;
	int fds[2];

	open_end(&a, &record, 'a', remove_other);
	open_end(&b, &record, 'b', remove_other);
	a.other = &b;
	b.other = &a;
	fds[0] = a.watch.fd;
	fds[1] = b.watch.fd;
	ck_assert_int_eq(linux_loop_add(loop, &a.watch, LINUX_READABLE), 0);
	ck_assert_int_eq(linux_loop_add(loop, &b.watch, LINUX_READABLE), 0);
	ck_assert_int_eq(write(a.peer, "x", 1), 1);
	ck_assert_int_eq(write(b.peer, "x", 1), 1);
	ck_assert_int_eq(linux_loop_run(loop), 0);
	ck_assert_uint_eq(record.len, 3); /* flush, one of the two, flush */
	close(fds[0]);
	close(fds[1]);
	close(a.peer);
	close(b.peer);
	linux_loop_free(loop);
}
END_TEST

static void fill_then_pause(struct end *end)
{
	static const char block[65536];

	ck_assert_uint_eq(end->events, LINUX_WRITABLE);
	while (write(end->watch.fd, block, sizeof(block)) > 0) {
	}
	linux_loop_modify(end->record->loop, &end->watch, 0);
	linux_loop_set_deadline(end->record->loop, linux_now() + MS);
	end->record->sleeps_left = 2;
}

START_TEST(writability_is_watched_only_when_asked_for)
{
	struct record record;
	struct linux_loop *loop = new_loop(&record, false);
	struct end end;

	open_end(&end, &record, 'w', fill_then_pause);
	ck_assert_int_eq(linux_loop_add(loop, &end.watch, 0), 0);
	ck_assert_uint_eq(end.watch.events, 0);
	linux_loop_modify(loop, &end.watch, LINUX_WRITABLE);
	ck_assert_int_eq(linux_loop_run(loop), 7);
	/* Ready once; then paused: the next thing to wake the loop is the deadline. */
	ck_assert_str_eq(record.log, "swsds");
	ck_assert_uint_eq(end.watch.events, 0);
	linux_loop_remove(loop, &end.watch);
	close_end(&end);
	linux_loop_free(loop);
}
END_TEST

static void expect_broken(struct end *end)
{
	ck_assert_uint_eq(end->events & LINUX_BROKEN, LINUX_BROKEN);
	linux_loop_stop(end->record->loop, 0);
}

START_TEST(a_hang_up_is_told_even_when_nothing_is_watched_for)
{
	struct record record;
	struct linux_loop *loop = new_loop(&record, false);
	struct end end;

	open_end(&end, &record, 'h', expect_broken);
	ck_assert_int_eq(linux_loop_add(loop, &end.watch, 0), 0);
	close(end.peer);
	end.peer = -1;
	ck_assert_int_eq(linux_loop_run(loop), 0);
	ck_assert_str_eq(record.log, "shs");
	ck_assert_uint_eq(end.events, LINUX_BROKEN);
	linux_loop_remove(loop, &end.watch);
	close_end(&end);
	linux_loop_free(loop);
}
END_TEST

START_TEST(adding_what_cannot_be_watched_is_an_error)
{
	struct record record;
	struct linux_loop *loop = new_loop(&record, false);
	struct linux_watch watch = { .fd = -1, .ready = on_ready };
	int file = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);

	ck_assert_int_lt(linux_loop_add(loop, &watch, LINUX_READABLE), 0);
	ck_assert_int_ge(file, 0);
	watch.fd = file;
	ck_assert_int_lt(linux_loop_add(loop, &watch, LINUX_READABLE), 0);
	close(file);
	linux_loop_free(loop);
}
END_TEST

START_TEST(signals_arrive_through_the_loop)
{
	static const int numbers[] = { SIGTERM, SIGINT, SIGHUP };

	for (size_t i = 0; i < 3; i++) {
		struct record record;
		struct linux_loop *loop;
		sigset_t before, during, after;

		pthread_sigmask(SIG_SETMASK, NULL, &before);
		loop = new_loop(&record, true);
		pthread_sigmask(SIG_SETMASK, NULL, &during);
		ck_assert_int_eq(sigismember(&during, numbers[i]), 1);
		ck_assert_int_eq(raise(numbers[i]), 0);
		ck_assert_int_eq(linux_loop_run(loop), 0);
		ck_assert_int_eq(record.signal, numbers[i]);
		ck_assert_str_eq(record.log, "sgs");
		linux_loop_free(loop);
		pthread_sigmask(SIG_SETMASK, NULL, &after);
		ck_assert_int_eq(sigismember(&after, numbers[i]), sigismember(&before, numbers[i]));
	}
}
END_TEST

START_TEST(many_descriptors_are_all_served)
{
	enum { COUNT = 50 };
	struct record record;
	struct linux_loop *loop = new_loop(&record, false);
	struct end ends[COUNT];

	for (int i = 0; i < COUNT; i++) {
		open_end(&ends[i], &record, (char)('A' + i), drain);
		ck_assert_int_eq(linux_loop_add(loop, &ends[i].watch, LINUX_READABLE), 0);
		ck_assert_int_eq(write(ends[i].peer, "x", 1), 1);
	}
	record.sleeps_left = 1 + (COUNT + 15) / 16; /* 16 events an iteration */
	ck_assert_int_eq(linux_loop_run(loop), 7);
	for (int i = 0; i < COUNT; i++) {
		ck_assert_uint_eq(ends[i].events, LINUX_READABLE);
		linux_loop_remove(loop, &ends[i].watch);
		close_end(&ends[i]);
	}
	linux_loop_free(loop);
}
END_TEST

START_TEST(errors_without_descriptors_are_told)
{
	const struct linux_loop_calls calls = { 0 };
	struct linux_error error = { 0 };
	struct rlimit limit, none;

	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
	none = limit;
	none.rlim_cur = 3;
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &none), 0);
	ck_assert_ptr_null(linux_loop_new(&calls, &error));
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
	ck_assert_int_eq(error.code, EMFILE);
	ck_assert_ptr_nonnull(strstr(error.text, "event loop"));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("linux_loop");
	TCase *tests = tcase_create("linux_loop");
	SRunner *runner;
	int failed;

	tcase_add_test(tests, an_iteration_goes_wait_events_deadline_flush);
	tcase_add_test(tests, a_past_deadline_fires_at_once_and_once);
	tcase_add_test(tests, deadlines_are_kept_in_time_and_never_early);
	tcase_add_test(tests, a_deadline_that_moves_on_does_not_fire_at_its_old_time);
	tcase_add_test(tests, a_watch_removed_in_the_same_iteration_is_not_called);
	tcase_add_test(tests, writability_is_watched_only_when_asked_for);
	tcase_add_test(tests, a_hang_up_is_told_even_when_nothing_is_watched_for);
	tcase_add_test(tests, adding_what_cannot_be_watched_is_an_error);
	tcase_add_test(tests, signals_arrive_through_the_loop);
	tcase_add_test(tests, many_descriptors_are_all_served);
	tcase_add_test(tests, errors_without_descriptors_are_told);
	suite_add_tcase(suite, tests);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
