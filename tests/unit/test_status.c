/* SPDX-License-Identifier: GPL-2.0-or-later */
/* daemon_status: what is printed, word for word, and the way through JSON and back. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "daemon_status.h"

#define OWN   "HIgo9xNzJMWLKASShiTqIybxZ0U3wGLiUeJ1PKf8ykw="
#define PEER1 "xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg="
#define PEER2 "TrMvSoP4jYQlY6RIzBgbssQqY3vxI2Pi+y71lOWWXX0="
#define PEER3 "gN65BkIKy1eCE9pP1wdc8ROUtkHLF2PfAqYdyYBz6EA="
#define NOW   1700000000

static void add_prefix(struct status_peer *peer, const char *text)
{
	struct daemon_prefix prefix;

	ck_assert_int_eq(prefix_from_text(&prefix, text), 0);
	ck_assert_int_eq(status_add_allowed_ip(peer, &prefix), 0);
}

static void add_counter(struct status_counters *counters, const char *name, uint64_t value)
{
	ck_assert_int_eq(status_add_counter(counters, name, value), 0);
}

static struct status_peer *add_peer(struct status *status, const char *key)
{
	struct status_peer *peer = status_add_peer(status);

	ck_assert_ptr_nonnull(peer);
	strcpy(peer->public_key, key);
	return peer;
}

/* A busy interface: the second peer has the latest handshake, the first has none. */
static void fill(struct status *status)
{
	struct status_peer *peer;

	status_init(status);
	strcpy(status->interface, "wg0");
	strcpy(status->public_key, OWN);
	strcpy(status->engine, "AES-256-GCM by intel-ipsec-mb");
	strcpy(status->version, "0.1.0");
	status->has_private_key = true;
	status->listen_port = 1935;
	status->fwmark = 0xca6c;
	status->mtu = 1420;
	add_counter(&status->counters, "handshakes", 3);
	add_counter(&status->drops, "auth", 7);
	add_counter(&status->drops, "replay", 0);

	add_peer(status, PEER1);

	peer = add_peer(status, PEER2);
	peer->has_preshared_key = true;
	strcpy(peer->endpoint, "192.0.2.1:1935");
	add_prefix(peer, "10.1.0.1/32");
	add_prefix(peer, "fd00:1::/64");
	peer->latest_handshake = NOW - 63;
	peer->rx_bytes = 1239;
	peer->tx_bytes = 920;
	peer->persistent_keepalive = 25;
	strcpy(peer->state, "open");
	peer->rtt_ns = 12345678;
	peer->path_mtu = 1452;
	strcpy(peer->address, "198.51.100.7:40000");
	strcpy(peer->suite, "AES-256-GCM");
	add_counter(&peer->counters, "rekeys", 2);
	add_counter(&peer->drops, "source_not_allowed", 1);

	peer = add_peer(status, PEER3);
	strcpy(peer->endpoint, "[2001:db8::1]:1935");
	add_prefix(peer, "0.0.0.0/0");
	peer->latest_handshake = NOW - 86400 * 366 - 3600;
	peer->tx_bytes = 3ull << 30;
	strcpy(peer->state, "closed");
}

static char *printed(const struct status *status, int64_t now, bool colour)
{
	char *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	ck_assert_int_eq(status_print_human(f, status, now, colour), 0);
	fclose(f);
	return text;
}

START_TEST(prints_as_wg_does)
{
	struct status status;
	char *text;

	fill(&status);
	text = printed(&status, NOW, false);
	ck_assert_str_eq(text, "interface: wg0\n"
			       "  public key: " OWN "\n"
			       "  private key: (hidden)\n"
			       "  listening port: 1935\n"
			       "  fwmark: 0xca6c\n"
			       "  packet cipher: AES-256-GCM by intel-ipsec-mb\n"
			       "\n"
			       "peer: " PEER2 "\n"
			       "  preshared key: (hidden)\n"
			       "  endpoint: 192.0.2.1:1935\n"
			       "  allowed ips: 10.1.0.1/32, fd00:1::/64\n"
			       "  latest handshake: 1 minute, 3 seconds ago\n"
			       "  transfer: 1.21 KiB received, 920 B sent\n"
			       "  persistent keepalive: every 25 seconds\n"
			       "  session: open\n"
			       "  rtt: 12.346 ms\n"
			       "  path mtu: 1452 B\n"
			       "  address: 198.51.100.7:40000\n"
			       "  suite: AES-256-GCM\n"
			       "\n"
			       "peer: " PEER3 "\n"
			       "  endpoint: [2001:db8::1]:1935\n"
			       "  allowed ips: 0.0.0.0/0\n"
			       "  latest handshake: 1 year, 1 day, 1 hour ago\n"
			       "  transfer: 0 B received, 3.00 GiB sent\n"
			       "  session: closed\n"
			       "\n"
			       "peer: " PEER1 "\n"
			       "  allowed ips: (none)\n");
	free(text);
	status_fini(&status);
}
END_TEST

/* The sequences that `WG_COLOR_MODE=always wg show` writes. */
START_TEST(colours_as_wg_does)
{
	struct status status;
	struct status_peer *peer;
	char *text;

	status_init(&status);
	strcpy(status.interface, "wg0");
	strcpy(status.public_key, OWN);
	peer = add_peer(&status, PEER1);
	add_prefix(peer, "10.5.0.2/32");
	add_prefix(peer, "fd00::/64");
	peer->latest_handshake = NOW - 2;
	peer->rx_bytes = 92;
	peer->tx_bytes = 648;
	peer->persistent_keepalive = 1;
	text = printed(&status, NOW, true);
	ck_assert_str_eq(text,
			 "\x1b[0m\x1b[32m\x1b[1minterface\x1b[0m: \x1b[32mwg0\x1b[0m\n"
			 "  \x1b[1mpublic key\x1b[0m: " OWN "\n"
			 "\n"
			 "\x1b[33m\x1b[1mpeer\x1b[0m: \x1b[33m" PEER1 "\x1b[0m\n"
			 "  \x1b[1mallowed ips\x1b[0m: 10.5.0.2\x1b[36m/\x1b[0m32, fd00::\x1b[36m/\x1b[0m64\n"
			 "  \x1b[1mlatest handshake\x1b[0m: 2 \x1b[36mseconds\x1b[0m ago\n"
			 "  \x1b[1mtransfer\x1b[0m: 92 \x1b[36mB\x1b[0m received, 648 \x1b[36mB\x1b[0m sent\n"
			 "  \x1b[1mpersistent keepalive\x1b[0m: every 1 \x1b[36msecond\x1b[0m\n");
	free(text);
	status_fini(&status);
}
END_TEST

static const struct {
	int64_t age;
	const char *text;
} ages[] = {
	{ 0, "Now" },
	{ -1, "(System clock wound backward; connection problems may ensue.)" },
	{ 1, "1 second ago" },
	{ 59, "59 seconds ago" },
	{ 60, "1 minute ago" },
	{ 3661, "1 hour, 1 minute, 1 second ago" },
	{ 7200, "2 hours ago" },
	{ 86400 * 365 * 2 + 86400 * 2, "2 years, 2 days ago" },
};

START_TEST(prints_ages)
{
	struct status status;
	char expected[120];
	char *text;

	status_init(&status);
	strcpy(status.interface, "wg0");
	add_peer(&status, PEER1)->latest_handshake = NOW;
	text = printed(&status, NOW + ages[_i].age, false);
	snprintf(expected, sizeof(expected), "  latest handshake: %s\n", ages[_i].text);
	ck_assert_msg(strstr(text, expected) != NULL, "expected \"%s\" in \"%s\"", expected, text);
	free(text);
	status_fini(&status);
}
END_TEST

static const struct {
	uint64_t bytes;
	const char *text;
} sizes[] = {
	{ 1, "1 B" },
	{ 1023, "1023 B" },
	{ 1024, "1.00 KiB" },
	{ (1u << 20) - 1, "1024.00 KiB" },
	{ 1u << 20, "1.00 MiB" },
	{ 1u << 30, "1.00 GiB" },
	{ 1ull << 40, "1.00 TiB" },
	{ 1ull << 50, "1024.00 TiB" },
};

START_TEST(prints_sizes)
{
	struct status status;
	char expected[120];
	char *text;

	status_init(&status);
	strcpy(status.interface, "wg0");
	add_peer(&status, PEER1)->rx_bytes = sizes[_i].bytes;
	text = printed(&status, NOW, false);
	snprintf(expected, sizeof(expected), "  transfer: %s received, 0 B sent\n", sizes[_i].text);
	ck_assert_msg(strstr(text, expected) != NULL, "expected \"%s\" in \"%s\"", expected, text);
	free(text);
	status_fini(&status);
}
END_TEST

static char *dumped(const struct status *status, bool with_interface)
{
	char *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	status_print_dump(f, status, with_interface);
	fclose(f);
	return text;
}

START_TEST(dumps_wgs_columns)
{
	struct status status;
	char *text;

	fill(&status);
	text = dumped(&status, false);
	ck_assert_str_eq(
		text,
		"(hidden)\t" OWN "\t1935\t0xca6c\n" PEER1 "\t(none)\t(none)\t(none)\t0\t0\t0\toff\n" PEER2
		"\t(hidden)\t192.0.2.1:1935\t10.1.0.1/32,fd00:1::/64\t1699999937\t1239\t920\t25\n" PEER3
		"\t(none)\t[2001:db8::1]:1935\t0.0.0.0/0\t1668374000\t0\t3221225472\toff\n");
	free(text);
	status_fini(&status);

	status_init(&status);
	strcpy(status.interface, "wg1");
	add_peer(&status, PEER1);
	text = dumped(&status, true);
	ck_assert_str_eq(text, "wg1\t(none)\t(none)\t0\toff\nwg1\t" PEER1
			       "\t(none)\t(none)\t(none)\t0\t0\t0\toff\n");
	free(text);
	status_fini(&status);
}
END_TEST

static const char golden_json[] =
	"{\"interface\":\"wg0\",\"version\":\"0.1.0\",\"public_key\":\"" OWN
	"\",\"has_private_key\":true,\"listen_port\":1935,\"fwmark\":51820,\"mtu\":1420,"
	"\"packet_cipher\":\"AES-256-GCM by intel-ipsec-mb\",\"peers\":["
	"{\"public_key\":\"" PEER1 "\",\"has_preshared_key\":false,\"endpoint\":null,\"allowed_ips\":[],"
	"\"latest_handshake\":0,\"rx_bytes\":0,\"tx_bytes\":0,\"persistent_keepalive\":0,\"session\":null,"
	"\"rtt_ns\":0,"
	"\"path_mtu\":0,\"address\":null,\"suite\":null,\"counters\":{},\"drops\":{}},"
	"{\"public_key\":\"" PEER2 "\",\"has_preshared_key\":true,\"endpoint\":\"192.0.2.1:1935\","
	"\"allowed_ips\":[\"10.1.0.1/32\",\"fd00:1::/64\"],\"latest_handshake\":1699999937,\"rx_bytes\":1239,"
	"\"tx_bytes\":920,\"persistent_keepalive\":25,\"session\":\"open\",\"rtt_ns\":12345678,\"path_mtu\":"
	"1452,"
	"\"address\":\"198.51.100.7:40000\",\"suite\":\"AES-256-GCM\",\"counters\":{\"rekeys\":2},"
	"\"drops\":{\"source_not_allowed\":1}},"
	"{\"public_key\":\"" PEER3 "\",\"has_preshared_key\":false,\"endpoint\":\"[2001:db8::1]:1935\","
	"\"allowed_ips\":[\"0.0.0.0/"
	"0\"],\"latest_handshake\":1668374000,\"rx_bytes\":0,\"tx_bytes\":3221225472,"
	"\"persistent_keepalive\":0,\"session\":\"closed\",\"rtt_ns\":0,\"path_mtu\":0,\"address\":null,"
	"\"suite\":null,"
	"\"counters\":{},\"drops\":{}}],"
	"\"counters\":{\"handshakes\":3},\"drops\":{\"auth\":7,\"replay\":0}}";

START_TEST(writes_json)
{
	struct status status;
	char *text;

	fill(&status);
	text = status_to_json(&status);
	ck_assert_ptr_nonnull(text);
	ck_assert_str_eq(text, golden_json);
	free(text);
	status_fini(&status);
}
END_TEST

START_TEST(adds_up_one_name)
{
	struct status status;
	char *text;

	status_init(&status);
	strcpy(status.interface, "wg0");
	add_counter(&status.drops, "nomem", 3);
	add_counter(&status.drops, "rate", 1);
	add_counter(&status.drops, "nomem", 4);
	text = status_to_json(&status);
	ck_assert_ptr_nonnull(strstr(text, "\"drops\":{\"nomem\":7,\"rate\":1}"));
	free(text);
	status_fini(&status);
}
END_TEST

START_TEST(reads_json_back)
{
	struct status before, after;
	char *human_before, *human_after, *json;

	fill(&before);
	ck_assert_int_eq(status_from_json(&after, golden_json, strlen(golden_json)), 0);
	human_before = printed(&before, NOW, true);
	human_after = printed(&after, NOW, true);
	ck_assert_str_eq(human_before, human_after);
	json = status_to_json(&after);
	ck_assert_str_eq(json, golden_json);
	free(json);
	free(human_before);
	free(human_after);
	status_fini(&before);
	status_fini(&after);
}
END_TEST

START_TEST(prints_json_for_people)
{
	struct status status;
	char *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	status_init(&status);
	strcpy(status.interface, "wg0");
	ck_assert_int_eq(status_print_json(f, &status, 1, false), 0);
	ck_assert_int_eq(status_print_json(f, &status, 1, true), 0);
	fclose(f);
#define OBJECT(indent)                                                                                   \
	"{\n" indent "  \"interface\": \"wg0\",\n" indent "  \"version\": \"\",\n" indent                \
	"  \"public_key\": null,\n" indent "  \"has_private_key\": false,\n" indent                      \
	"  \"listen_port\": 0,\n" indent "  \"fwmark\": 0,\n" indent "  \"mtu\": 0,\n" indent            \
	"  \"packet_cipher\": null,\n" indent "  \"peers\": [],\n" indent "  \"counters\": {},\n" indent \
	"  \"drops\": {}\n" indent "}"
	ck_assert_str_eq(text, OBJECT("") "\n[\n  " OBJECT("  ") "\n]\n");
	free(text);
	status_fini(&status);
}
END_TEST

/* What another version may send: more, or less. */
static const char *const tolerated[] = {
	"{\"interface\":\"wg0\"}",
	"{\"interface\":\"wg0\",\"peers\":[{}],\"drops\":null,\"new\":[1,{\"a\":2}]}",
	"{\"interface\":\"wg0\",\"peers\":[{\"public_key\":\"" PEER1 "\",\"new\":1}]}",
};

START_TEST(tolerates)
{
	struct status status;

	ck_assert_int_eq(status_from_json(&status, tolerated[_i], strlen(tolerated[_i])), 0);
	ck_assert_str_eq(status.interface, "wg0");
	status_fini(&status);
}
END_TEST

static const char *const refused[] = {
	"",
	"[]",
	"{}",
	"{\"interface\":\"\"}",
	"{\"interface\":\"wg0\"",
	"{\"interface\":5}",
	"{\"interface\":\"a name of more than fifteen\"}",
	"{\"interface\":\"wg0\",\"listen_port\":65536}",
	"{\"interface\":\"wg0\",\"listen_port\":-1}",
	"{\"interface\":\"wg0\",\"listen_port\":\"1\"}",
	"{\"interface\":\"wg0\",\"has_private_key\":1}",
	"{\"interface\":\"wg0\",\"peers\":{}}",
	"{\"interface\":\"wg0\",\"peers\":[5]}",
	"{\"interface\":\"wg0\",\"drops\":{\"auth\":-1}}",
	"{\"interface\":\"wg0\",\"drops\":{\"auth\":\"1\"}}",
	"{\"interface\":\"wg0\",\"peers\":[{\"allowed_ips\":[\"x\"]}]}",
	"{\"interface\":\"wg0\",\"peers\":[{\"allowed_ips\":[5]}]}",
	"{\"interface\":\"wg0\",\"peers\":[{\"public_key\":\"" PEER1 "A\"}]}",
	"{\"interface\":\"wg0\",\"peers\":[{\"rx_bytes\":1.5}]}",
};

START_TEST(refuses)
{
	struct status status;

	ck_assert_int_eq(status_from_json(&status, refused[_i], strlen(refused[_i])), -1);
	ck_assert_uint_eq(status.peer_count, 0);
	ck_assert_ptr_null(status.document);
}
END_TEST

START_TEST(holds_many)
{
	struct status status, again;
	struct status_peer *peer;
	char *json;

	status_init(&status);
	strcpy(status.interface, "wg0");
	for (unsigned i = 0; i < 1000; i++) {
		char prefix[64];

		peer = add_peer(&status, PEER1);
		for (unsigned j = 0; j < 20; j++) {
			snprintf(prefix, sizeof(prefix), "10.%u.%u.%u/32", i / 256, i % 256, j);
			add_prefix(peer, prefix);
			add_counter(&peer->counters, j % 2 ? "odd" : "even", j);
		}
	}
	json = status_to_json(&status);
	ck_assert_int_eq(status_from_json(&again, json, strlen(json)), 0);
	ck_assert_uint_eq(again.peer_count, 1000);
	ck_assert_uint_eq(again.peers[999].allowed_ip_count, 20);
	ck_assert_uint_eq(again.peers[999].allowed_ips[19].ip[3], 19);
	ck_assert_uint_eq(again.peers[999].counters.count, 2);
	free(json);
	status_fini(&status);
	status_fini(&again);
}
END_TEST

#define LOOP(tc, test, table) tcase_add_loop_test(tc, test, 0, (int)(sizeof(table) / sizeof((table)[0])))

int main(void)
{
	Suite *suite = suite_create("status");
	TCase *tc = tcase_create("status");
	SRunner *runner;
	int failed;

	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, prints_as_wg_does);
	tcase_add_test(tc, colours_as_wg_does);
	LOOP(tc, prints_ages, ages);
	LOOP(tc, prints_sizes, sizes);
	tcase_add_test(tc, dumps_wgs_columns);
	tcase_add_test(tc, writes_json);
	tcase_add_test(tc, adds_up_one_name);
	tcase_add_test(tc, reads_json_back);
	tcase_add_test(tc, prints_json_for_people);
	LOOP(tc, tolerates, tolerated);
	LOOP(tc, refuses, refused);
	tcase_add_test(tc, holds_many);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
