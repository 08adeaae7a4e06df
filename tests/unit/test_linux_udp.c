/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * UDP trains over the loopback interface, in both families, with every combination of the offloads: the same
 * datagrams must arrive whether the kernel segments and coalesces or not.
 */
#include "config.h"

#include <arpa/inet.h>
#include <check.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "linux_udp.h"

#define ARRIVED_MAX (1u << 20)
#define WAIT_MS	    5000 /* for what must come */

static struct linux_udp *a, *b;

/* What b has received: the bytes in order and the size of each datagram. */
static uint8_t arrived[ARRIVED_MAX];
static size_t arrived_len;
static uint32_t sizes[4096];
static size_t size_count;
static struct linux_datagrams last_run;

static struct linux_udp *open_any(void)
{
	const struct linux_udp_options options = { 0 };
	struct linux_error error = { 0 };
	struct linux_udp *udp = linux_udp_open(&options, &error);

	ck_assert_msg(udp != NULL, "%s", error.text);
	return udp;
}

static void setup(void)
{
	a = open_any();
	b = open_any();
	arrived_len = 0;
	size_count = 0;
}

static void teardown(void)
{
	linux_udp_close(a);
	linux_udp_close(b);
}

static struct linux_addr loopback(int family, uint16_t port)
{
	struct linux_addr addr = { .family = (uint8_t)family, .port = port };

	if (family == 4)
		memcpy(addr.ip, "\x7f\0\0\1", 4);
	else
		addr.ip[15] = 1;
	return addr;
}

/* IPv6 may be missing where the tests run; then its half of a test has nothing to say. */
static bool has_family(int family)
{
	struct linux_train probe = {
		.remote = loopback(family, 9), .segment_size = 1, .len = 1, .data = (uint8_t *)"x"
	};
	size_t sent;

	return linux_udp_fd(a, family) >= 0 && linux_udp_send(a, &probe, &sent) == LINUX_SEND_OK;
}

static void take(const struct linux_datagrams *runs, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		const struct linux_datagrams *run = &runs[i];

		ck_assert_uint_ge(run->len, 1);
		ck_assert_uint_ge(run->segment_size, 1);
		ck_assert_uint_le(run->segment_size, run->len);
		ck_assert_uint_le(arrived_len + run->len, ARRIVED_MAX);
		memcpy(arrived + arrived_len, run->data, run->len);
		arrived_len += run->len;
		for (uint32_t at = 0; at < run->len; at += run->segment_size) {
			uint32_t left = run->len - at;

			ck_assert_uint_lt(size_count, 4096);
			sizes[size_count++] = left < run->segment_size ? left : run->segment_size;
		}
		last_run = *run;
	}
}

/* Receives until |wanted| bytes are there. */
static void receive_all(struct linux_udp *udp, int family, size_t wanted)
{
	while (arrived_len < wanted) {
		struct pollfd ready = { .fd = linux_udp_fd(udp, family), .events = POLLIN };
		struct linux_datagrams *runs;
		unsigned count;

		ck_assert_msg(poll(&ready, 1, WAIT_MS) == 1, "%zu of %zu bytes arrived", arrived_len, wanted);
		while ((count = linux_udp_receive(udp, family, 1 + (unsigned)(arrived_len % LINUX_UDP_BATCH),
						  &runs)) > 0)
			take(runs, count);
	}
	ck_assert_uint_eq(arrived_len, wanted);
}

static uint8_t pattern[ARRIVED_MAX];

static void fill_pattern(void)
{
	uint32_t x = 0x9e3779b9u;

	for (size_t i = 0; i < sizeof(pattern); i++) {
		x = x * 1664525u + 1013904223u;
		pattern[i] = (uint8_t)(x >> 24);
	}
}

/* Sends |len| bytes of the pattern from a to b and checks every byte and every boundary. */
static void exchange(int family, size_t len, uint32_t segment_size)
{
	const struct linux_train train = {
		.remote = loopback(family, linux_udp_port(b)),
		.segment_size = segment_size,
		.len = len,
		.data = pattern,
	};
	size_t sent = 0;

	arrived_len = 0;
	size_count = 0;
	ck_assert_int_eq(linux_udp_send(a, &train, &sent), LINUX_SEND_OK);
	ck_assert_uint_eq(sent, len);
	receive_all(b, family, len);
	ck_assert_int_eq(memcmp(arrived, pattern, len), 0);
	ck_assert_uint_eq(size_count, (len + segment_size - 1) / segment_size);
	for (size_t i = 0; i + 1 < size_count; i++)
		ck_assert_uint_eq(sizes[i], segment_size);
	ck_assert_uint_eq(sizes[size_count - 1], len - (size_count - 1) * segment_size);
}

static const struct {
	size_t len;
	uint32_t segment_size;
} shapes[] = {
	{ 1, 1 },
	{ 1, 1400 },
	{ 1400, 1400 },
	{ 1401, 1400 },
	{ 64, 1 }, /* as many segments as one call takes */
	{ 65, 1 }, /* and one more */
	{ 64 * 1000, 1000 },
	{ 64 * 1000 + 1, 1000 },
	{ 65507, 65507 }, /* the largest datagram */
	{ 65507, 1400 },  /* the largest train, with a short end */
	{ 65508, 1400 },
	{ 2 * 65507, 32753 }, /* two segments a call, a third of two bytes */
	{ 200000, 1372 },
	{ 3000, 50 },
};

START_TEST(trains_arrive_as_they_were_sent)
{
	int family = _i & 8 ? 6 : 4;

	fill_pattern();
	if (!has_family(family))
		return;
	linux_udp_set_offload(a, _i & 1 ? LINUX_UDP_GSO : 0);
	linux_udp_set_offload(b, _i & 2 ? LINUX_UDP_GRO : 0);
	for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++)
		exchange(family, shapes[i].len, shapes[i].segment_size);
	ck_assert_uint_eq(linux_udp_counters(b)->unusable, 0);
	ck_assert_uint_eq(linux_udp_counters(a)->segment_refusals, 0);
}
END_TEST

START_TEST(offloads_save_system_calls)
{
	uint64_t calls;

	fill_pattern();
	if (linux_udp_offload(a) != (LINUX_UDP_GSO | LINUX_UDP_GRO))
		return; /* an older kernel: nothing to be saved */
	exchange(4, 64 * 1000, 1000);
	ck_assert_uint_eq(linux_udp_counters(a)->sent_calls, 1);
	ck_assert_uint_eq(linux_udp_counters(a)->sent_datagrams, 64);
	ck_assert_uint_eq(linux_udp_counters(b)->received_calls, 1);
	ck_assert_uint_eq(linux_udp_counters(b)->received_datagrams, 64);
	ck_assert_uint_eq(last_run.segment_size, 1000);
	ck_assert_uint_eq(last_run.len, 64000);

	/* Switched off, each datagram is a message of its own. */
	ck_assert_uint_eq(linux_udp_set_offload(b, 0), 0);
	calls = linux_udp_counters(b)->received_calls;
	exchange(4, 64 * 1000, 1000);
	ck_assert_uint_ge(linux_udp_counters(b)->received_calls - calls, 64 / LINUX_UDP_BATCH);
	ck_assert_uint_eq(last_run.segment_size, last_run.len);
}
END_TEST

START_TEST(what_the_kernel_refuses_to_segment_goes_one_by_one)
{
	const int on = 1;
	const struct linux_udp_counters *counters = linux_udp_counters(a);
	uint64_t calls;

	fill_pattern();
	if ((linux_udp_offload(a) & LINUX_UDP_GSO) == 0)
		return;
	/* Without UDP checksums the kernel segments nothing: EINVAL, as from a path that cannot. */
	ck_assert_int_eq(setsockopt(linux_udp_fd(a, 4), SOL_SOCKET, SO_NO_CHECK, &on, sizeof(on)), 0);
	exchange(4, 10 * 1000, 1000);
	ck_assert_uint_eq(counters->segment_refusals, 1);
	ck_assert_uint_eq(counters->sent_datagrams, 10);

	/* Remembered: the next train does not even try. */
	calls = counters->sent_calls;
	exchange(4, 10 * 1000, 1000);
	ck_assert_uint_eq(counters->segment_refusals, 1);
	ck_assert_uint_eq(counters->sent_calls, calls + 1);

	/* Smaller segments may fit where these did not; they do not here, and that is remembered then. */
	exchange(4, 10 * 500, 500);
	ck_assert_uint_eq(counters->segment_refusals, 2);
	exchange(4, 10 * 1000, 1000);
	ck_assert_uint_eq(counters->segment_refusals, 2);

	linux_udp_forget_paths(a);
	exchange(4, 10 * 1000, 1000);
	ck_assert_uint_eq(counters->segment_refusals, 3);
}
END_TEST

START_TEST(addresses_interface_and_traffic_class_are_told)
{
	int family = _i == 0 ? 4 : 6;
	struct linux_train train = {
		.remote = loopback(family, linux_udp_port(b)),
		.ecn = 1,
		.dscp = 46,
		.segment_size = 10,
		.len = 30,
		.data = pattern,
	};

	if (!has_family(family))
		return;
	if (family == 4) { /* not the address that the kernel would choose */
		train.remote.ip[3] = 3;
		train.local = loopback(4, 0);
		train.local.ip[3] = 2;
	} else {
		train.local = loopback(6, 0);
	}
	ck_assert_int_eq(linux_udp_send(a, &train, NULL), LINUX_SEND_OK);
	receive_all(b, family, 30);
	ck_assert_uint_eq(last_run.ecn, 1);
	ck_assert_uint_eq(last_run.dscp, 46);
	ck_assert_uint_eq(last_run.remote.family, family);
	ck_assert_uint_eq(last_run.remote.port, linux_udp_port(a));
	ck_assert_int_eq(memcmp(last_run.remote.ip, train.local.ip, 16), 0);
	ck_assert_uint_eq(last_run.remote.scope, 0);
	ck_assert_uint_eq(last_run.local.family, family);
	ck_assert_uint_eq(last_run.local.port, linux_udp_port(b));
	ck_assert_int_eq(memcmp(last_run.local.ip, train.remote.ip, 16), 0);
	ck_assert_uint_ne(last_run.ifindex, 0);

	/* The answer leaves from the address that was spoken to, by the interface that it came through. */
	train = (struct linux_train){
		.remote = last_run.remote,
		.local = last_run.local,
		.ifindex = last_run.ifindex,
		.ecn = 3,
		.segment_size = 5,
		.len = 5,
		.data = pattern,
	};
	arrived_len = 0;
	ck_assert_int_eq(linux_udp_send(b, &train, NULL), LINUX_SEND_OK);
	receive_all(a, family, 5);
	ck_assert_int_eq(memcmp(&last_run.remote, &train.local, sizeof(train.local)), 0);
	ck_assert_uint_eq(last_run.ecn, 3);
	ck_assert_uint_eq(last_run.dscp, 0);
}
END_TEST

static enum linux_send send_to(const char *ip, int family, const struct linux_addr *local, uint32_t ifindex,
			       size_t *sent)
{
	struct linux_train train = {
		.remote = { .family = (uint8_t)family, .port = 9 },
		.ifindex = ifindex,
		.segment_size = 100,
		.len = 1000,
		.data = pattern,
	};

	if (local != NULL)
		train.local = *local;
	ck_assert_int_eq(inet_pton(family == 4 ? AF_INET : AF_INET6, ip, train.remote.ip), 1);
	return linux_udp_send(a, &train, sent);
}

START_TEST(failures_are_told_apart)
{
	struct linux_addr foreign = { .family = 4, .ip = { 192, 0, 2, 77 } };
	struct linux_addr foreign6 = { .family = 6, .ip = { 0x20, 0x01, 0x0d, 0xb8, [15] = 77 } };
	bool ipv6 = has_family(6);
	uint64_t before = linux_udp_counters(a)->sent_datagrams;
	size_t sent = 99;
	struct linux_train none = { .remote = { .family = 0 }, .segment_size = 1, .len = 1, .data = pattern };

	/* A source address that is not this host's, also where the kernel's code for it is that of a refusal.
	 */
	ck_assert_int_eq(send_to("127.0.0.1", 4, &foreign, 0, &sent), LINUX_SEND_LOCAL_GONE);
	ck_assert_uint_eq(sent, 0);
	ck_assert_uint_eq(linux_udp_counters(a)->segment_refusals, 0);
	ck_assert_int_eq(send_to("127.0.0.1", 4, NULL, 999999, &sent), LINUX_SEND_LOCAL_GONE);
	if (ipv6) {
		ck_assert_int_eq(send_to("::1", 6, &foreign6, 0, &sent), LINUX_SEND_LOCAL_GONE);
		ck_assert_int_eq(send_to("::1", 6, NULL, 999999, &sent), LINUX_SEND_LOCAL_GONE);
	}
	/* Broadcast without leave: a destination that this socket may not speak to. */
	ck_assert_int_eq(send_to("127.255.255.255", 4, NULL, 0, &sent), LINUX_SEND_UNREACHABLE);
	ck_assert_int_eq(linux_udp_send(a, &none, &sent), LINUX_SEND_UNREACHABLE);
	ck_assert_uint_eq(sent, 0);
	ck_assert_uint_eq(linux_udp_counters(a)->sent_datagrams, before);
}
END_TEST

START_TEST(a_closed_port_at_the_other_end_disturbs_nobody)
{
	size_t sent;

	/* Port 9 answers with ICMP errors, which must not surface as failures of other datagrams. */
	for (int i = 0; i < 20; i++)
		ck_assert_int_eq(send_to("127.0.0.1", 4, NULL, 0, &sent), LINUX_SEND_OK);
	fill_pattern();
	exchange(4, 5000, 1000);
}
END_TEST

START_TEST(empty_datagrams_are_skipped)
{
	struct linux_addr to = loopback(4, linux_udp_port(b));
	struct sockaddr_storage address;
	socklen_t len = linux_addr_to_sockaddr(&address, &to);
	int fd = linux_udp_fd(a, 4);

	for (int i = 0; i < 40; i++) /* more than a batch */
		ck_assert_int_eq(sendto(fd, "", 0, 0, (struct sockaddr *)&address, len), 0);
	ck_assert_int_eq(sendto(fd, "x", 1, 0, (struct sockaddr *)&address, len), 1);
	receive_all(b, 4, 1);
	ck_assert_uint_eq(linux_udp_counters(b)->unusable, 40);
	ck_assert_uint_eq(linux_udp_counters(b)->received_datagrams, 1);
}
END_TEST

START_TEST(an_empty_socket_gives_nothing)
{
	struct linux_datagrams *runs;

	ck_assert_uint_eq(linux_udp_receive(a, 4, LINUX_UDP_BATCH, &runs), 0);
	ck_assert_uint_eq(linux_udp_receive(a, 6, 1, &runs), 0);
}
END_TEST

START_TEST(a_given_port_is_taken_in_both_families_or_not_at_all)
{
	const struct linux_udp_options taken = { .port = linux_udp_port(a) };
	struct linux_udp_options again = { .port = 0 };
	struct linux_error error = { 0 };
	struct linux_udp *udp;
	char number[16];

	ck_assert_ptr_null(linux_udp_open(&taken, &error));
	ck_assert_int_eq(error.code, EADDRINUSE);
	snprintf(number, sizeof(number), "%u", linux_udp_port(a));
	ck_assert_ptr_nonnull(strstr(error.text, number));

	again.port = linux_udp_port(b);
	linux_udp_close(b);
	b = linux_udp_open(&again, &error);
	ck_assert_msg(b != NULL, "%s", error.text);
	ck_assert_uint_eq(linux_udp_port(b), again.port);

	/* IPv6 alone is in the way. */
	if (linux_udp_fd(b, 6) >= 0) {
		struct sockaddr_storage address;
		struct linux_addr any = { .family = 6, .port = 0 };
		struct linux_addr bound;
		socklen_t len = linux_addr_to_sockaddr(&address, &any);
		int fd = socket(AF_INET6, SOCK_DGRAM, 0);
		const int on = 1;

		ck_assert_int_ge(fd, 0);
		ck_assert_int_eq(setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on)), 0);
		ck_assert_int_eq(bind(fd, (struct sockaddr *)&address, len), 0);
		len = sizeof(address);
		ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&address, &len), 0);
		ck_assert(linux_addr_from_sockaddr(&bound, (struct sockaddr *)&address));
		again.port = bound.port;
		udp = linux_udp_open(&again, &error);
		ck_assert_ptr_null(udp);
		ck_assert_ptr_nonnull(strstr(error.text, "IPv6"));
		close(fd);
	}
}
END_TEST

START_TEST(buffers_are_as_large_as_the_host_allows)
{
	uint32_t receive = 0, send = 0;

	linux_udp_buffers(a, &receive, &send);
	ck_assert_uint_ge(receive, 64 << 10);
	ck_assert_uint_ge(send, 64 << 10);
	if (geteuid() == 0) {
		struct linux_udp_options options = { .buffer_size = 3 << 20 };
		struct linux_udp *udp = linux_udp_open(&options, NULL);

		ck_assert_ptr_nonnull(udp);
		linux_udp_buffers(udp, &receive, &send);
		ck_assert_uint_le(receive, 3 << 20);
		linux_udp_close(udp);
	}
}
END_TEST

START_TEST(addresses_convert_both_ways)
{
	struct linux_addr link_local = {
		.family = 6, .port = 1935, .scope = 3, .ip = { 0xfe, 0x80, [15] = 1 }
	};
	struct linux_addr v4 = { .family = 4, .port = 65535, .ip = { 192, 0, 2, 1 } };
	struct linux_addr none = { 0 };
	struct linux_addr back;
	struct sockaddr_storage address;
	struct sockaddr_in6 mapped = { .sin6_family = AF_INET6, .sin6_port = htons(65535) };
	struct sockaddr other = { .sa_family = AF_UNIX };
	struct linux_prefix prefix = { .family = 6, .length = 32, .ip = { 0x20, 0x01, 0x0d, 0xb8 } };
	char text[LINUX_ADDR_TEXT];

	ck_assert_uint_eq(linux_addr_to_sockaddr(&address, &link_local), sizeof(struct sockaddr_in6));
	ck_assert(linux_addr_from_sockaddr(&back, (struct sockaddr *)&address));
	ck_assert_int_eq(memcmp(&back, &link_local, sizeof(back)), 0);
	ck_assert_uint_eq(linux_addr_to_sockaddr(&address, &v4), sizeof(struct sockaddr_in));
	ck_assert(linux_addr_from_sockaddr(&back, (struct sockaddr *)&address));
	ck_assert_int_eq(memcmp(&back, &v4, sizeof(back)), 0);
	ck_assert_uint_eq(linux_addr_to_sockaddr(&address, &none), 0);
	ck_assert(!linux_addr_from_sockaddr(&back, &other));
	ck_assert_int_eq(inet_pton(AF_INET6, "::ffff:192.0.2.1", &mapped.sin6_addr), 1);
	ck_assert(linux_addr_from_sockaddr(&back, (struct sockaddr *)&mapped));
	ck_assert_int_eq(memcmp(&back, &v4, sizeof(back)), 0);

	ck_assert_str_eq(linux_addr_text(&link_local, text), "[fe80::1%3]:1935");
	ck_assert_str_eq(linux_addr_text(&v4, text), "192.0.2.1:65535");
	ck_assert_str_eq(linux_addr_text(&none, text), "(none)");
	ck_assert_str_eq(linux_prefix_text(&prefix, text), "2001:db8::/32");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("linux_udp");
	TCase *tests = tcase_create("linux_udp");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_set_timeout(tests, 60); /* for valgrind */
	tcase_add_loop_test(tests, trains_arrive_as_they_were_sent, 0, 4);
	tcase_add_loop_test(tests, trains_arrive_as_they_were_sent, 8, 12);
	tcase_add_test(tests, offloads_save_system_calls);
	tcase_add_test(tests, what_the_kernel_refuses_to_segment_goes_one_by_one);
	tcase_add_loop_test(tests, addresses_interface_and_traffic_class_are_told, 0, 2);
	tcase_add_test(tests, failures_are_told_apart);
	tcase_add_test(tests, a_closed_port_at_the_other_end_disturbs_nobody);
	tcase_add_test(tests, empty_datagrams_are_skipped);
	tcase_add_test(tests, an_empty_socket_gives_nothing);
	tcase_add_test(tests, a_given_port_is_taken_in_both_families_or_not_at_all);
	tcase_add_test(tests, buffers_are_as_large_as_the_host_allows);
	tcase_add_test(tests, addresses_convert_both_ways);
	suite_add_tcase(suite, tests);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
