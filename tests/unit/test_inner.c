/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tests of src/tunnel/inner.c and icmp.c: what is an IP packet, and what its sender is told. */
#include "tunnel_inner.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "bytes.h"
#include "icmp.h"
#include "prng.h"

/* An echo request of 10.0.0.1 to 10.0.0.2 with 4 bytes, DSCP 46, ECN 1. */
#define ECHO4 "45b90020 1234 0000 40 01 0000 0a000001 0a000002 08000000 00010002 61626364"
/* UDP 2001:db8::1 to 2001:db8::2, 2 bytes, traffic class 0xb9. */
#define UDP6                               \
	"6b9abcde 000a 11 40"              \
	"20010db8000000000000000000000001" \
	"20010db8000000000000000000000002" \
	"1000 2000 000a 0000 6869"

static int parse(const struct bytes *b, struct tunnel_inner *inner)
{
	return tunnel_inner_parse(b->p, b->len, inner);
}

START_TEST(ipv4)
{
	struct bytes b = bytes_hex(ECHO4);
	struct tunnel_inner inner;

	ck_assert_int_eq(parse(&b, &inner), 0);
	ck_assert_uint_eq(inner.version, 4);
	ck_assert_uint_eq(inner.traffic_class, 0xb9);
	ck_assert_uint_eq(inner.protocol, 1);
	ck_assert_uint_eq(inner.header_len, 20);
	ck_assert_ptr_eq(inner.source, b.p + 12);
	ck_assert_ptr_eq(inner.destination, b.p + 16);
	b.p[0] = 0x48; /* 12 bytes of options: the rest is just enough */
	ck_assert_int_eq(parse(&b, &inner), 0);
	ck_assert_uint_eq(inner.header_len, 32);
	for (unsigned ihl = 0; ihl < 16; ihl++) {
		b.p[0] = (uint8_t)(0x40 | ihl);
		ck_assert_int_eq(parse(&b, &inner), ihl >= 5 && ihl <= 8 ? 0 : RTMFP_ERR_SYNTAX);
	}
	bytes_free(&b);
}
END_TEST

START_TEST(ipv6)
{
	struct bytes b = bytes_hex(UDP6);
	struct tunnel_inner inner;

	ck_assert_int_eq(parse(&b, &inner), 0);
	ck_assert_uint_eq(inner.version, 6);
	ck_assert_uint_eq(inner.traffic_class, 0xb9);
	ck_assert_uint_eq(inner.protocol, 17);
	ck_assert_uint_eq(inner.header_len, 40);
	ck_assert_ptr_eq(inner.source, b.p + 8);
	ck_assert_ptr_eq(inner.destination, b.p + 24);
	bytes_free(&b);
}
END_TEST

/* A packet is as long as it says: nothing is missing, and nothing comes after it. */
START_TEST(length_is_exact)
{
	static const char *const packets[] = { ECHO4, UDP6 };

	for (unsigned i = 0; i < 2; i++) {
		struct bytes whole = bytes_hex(packets[i]);
		struct tunnel_inner inner;

		for (size_t len = 0; len < whole.len; len++) {
			struct bytes b = bytes_copy(whole.p, len);

			ck_assert_int_eq(parse(&b, &inner), RTMFP_ERR_SYNTAX);
			bytes_free(&b);
		}
		for (size_t more = 1; more < 20; more++) {
			struct bytes b = bytes_new(whole.len + more);

			memset(b.p, 0, b.len);
			memcpy(b.p, whole.p, whole.len);
			ck_assert_int_eq(parse(&b, &inner), RTMFP_ERR_SYNTAX);
			bytes_free(&b);
		}
		bytes_free(&whole);
	}
}
END_TEST

START_TEST(versions)
{
	struct bytes b = bytes_hex(UDP6);
	struct tunnel_inner inner;

	for (unsigned version = 0; version < 16; version++) {
		b.p[0] = (uint8_t)(version << 4 | 5);
		ck_assert_int_eq(parse(&b, &inner), version == 6 ? 0 : RTMFP_ERR_SYNTAX);
	}
	bytes_free(&b);
}
END_TEST

START_TEST(empty_ipv6_packet_and_jumbogram)
{
	struct bytes b = bytes_hex(UDP6);
	struct bytes header;
	struct tunnel_inner inner;

	b.p[4] = b.p[5] = 0; /* payload length 0, but there is one */
	ck_assert_int_eq(parse(&b, &inner), RTMFP_ERR_SYNTAX);
	header = bytes_copy(b.p, 40);
	header.p[6] = 59; /* no next header */
	ck_assert_int_eq(parse(&header, &inner), 0);
	bytes_free(&header);
	bytes_free(&b);
}
END_TEST

START_TEST(longest_packets)
{
	struct bytes b = bytes_new(65576);
	struct tunnel_inner inner;

	memset(b.p, 0, b.len);
	memcpy(b.p, (const uint8_t[]){ 0x45, 0, 0xff, 0xff }, 4);
	ck_assert_int_eq(tunnel_inner_parse(b.p, 65535, &inner), 0);
	ck_assert_int_eq(tunnel_inner_parse(b.p, 65536, &inner), RTMFP_ERR_SYNTAX);
	memcpy(b.p, (const uint8_t[]){ 0x60, 0, 0, 0, 0xff, 0xd7 }, 6); /* 65495 + 40 */
	ck_assert_int_eq(tunnel_inner_parse(b.p, 65535, &inner), 0);
	b.p[5] = 0xd8;
	ck_assert_int_eq(tunnel_inner_parse(b.p, 65536, &inner), RTMFP_ERR_SYNTAX);
	memset(b.p + 4, 0xff, 2);
	ck_assert_int_eq(tunnel_inner_parse(b.p, 65575, &inner), RTMFP_ERR_SYNTAX);
	bytes_free(&b);
}
END_TEST

/* ------------------------------------------------------------------------------------------------------------
 * ICMP
 */

static unsigned sum16(uint32_t sum, const uint8_t *p, size_t len)
{
	for (size_t i = 0; i < len; i++)
		sum += i % 2 ? p[i] : (uint32_t)p[i] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

/* The answer, in memory of exactly its size; empty if there is none. */
static struct bytes answer(const struct bytes *packet, enum icmp_error error, uint16_t mtu)
{
	struct bytes out = bytes_new(ICMP_ANSWER_MAX), exact;
	struct tunnel_inner inner;
	size_t len;

	ck_assert_int_eq(parse(packet, &inner), 0);
	len = icmp_answer(packet->p, packet->len, &inner, error, mtu, out.p);
	ck_assert_uint_le(len, out.len);
	exact = bytes_copy(out.p, len);
	bytes_free(&out);
	return exact;
}

/* Checks everything but type, code and what is between checksum and quote. */
static void assert_answer(const struct bytes *a, const struct bytes *packet, size_t max)
{
	struct tunnel_inner inner, asked;
	size_t head, quote;

	ck_assert_int_eq(parse(packet, &asked), 0);
	ck_assert_int_eq(parse(a, &inner), 0);
	ck_assert_uint_eq(inner.version, asked.version);
	ck_assert_mem_eq(inner.source, asked.destination, inner.version == 4 ? 4 : 16);
	ck_assert_mem_eq(inner.destination, asked.source, inner.version == 4 ? 4 : 16);
	head = inner.header_len + 8u;
	quote = packet->len < max - head ? packet->len : max - head;
	ck_assert_uint_eq(a->len, head + quote);
	ck_assert_mem_eq(a->p + head, packet->p, quote);
	if (inner.version == 4) {
		ck_assert_uint_eq(inner.protocol, 1);
		ck_assert_uint_eq(sum16(0, a->p, 20), 0xffff);
		ck_assert_uint_eq(sum16(0, a->p + 20, a->len - 20), 0xffff);
	} else {
		ck_assert_uint_eq(inner.protocol, 58);
		ck_assert_uint_eq(sum16(sum16((uint32_t)(a->len - 40 + 58), a->p + 8, 32), a->p + 40,
					a->len - 40),
				  0xffff);
	}
}

START_TEST(unreachable)
{
	struct bytes p4 = bytes_hex(ECHO4), p6 = bytes_hex(UDP6);
	struct bytes a4 = answer(&p4, ICMP_UNREACHABLE, 0), a6 = answer(&p6, ICMP_UNREACHABLE, 0);

	assert_answer(&a4, &p4, 576);
	ck_assert_mem_eq(a4.p + 20, ((const uint8_t[]){ 3, 1 }), 2);
	assert_answer(&a6, &p6, 1280);
	ck_assert_mem_eq(a6.p + 40, ((const uint8_t[]){ 1, 3 }), 2);
	bytes_free(&a4);
	bytes_free(&a6);
	bytes_free(&p4);
	bytes_free(&p6);
}
END_TEST

START_TEST(too_big)
{
	struct bytes p4 = bytes_new(3001), p6 = bytes_new(3001), a4, a6;

	memset(p4.p, 7, p4.len);
	memset(p6.p, 7, p6.len);
	memcpy(p4.p, (const uint8_t[]){ 0x45, 0, 3001 >> 8, 3001 & 255, 0, 0, 0x40, 0 }, 8);
	memcpy(p6.p, (const uint8_t[]){ 0x60, 0, 0, 0, 2961 >> 8, 2961 & 255, 17 }, 7);
	a4 = answer(&p4, ICMP_TOO_BIG, 1400);
	a6 = answer(&p6, ICMP_TOO_BIG, 1400);
	assert_answer(&a4, &p4, 576);
	ck_assert_mem_eq(a4.p + 20, ((const uint8_t[]){ 3, 4 }), 2);
	ck_assert_mem_eq(a4.p + 24, ((const uint8_t[]){ 0, 0, 1400 >> 8, 1400 & 255 }), 4);
	assert_answer(&a6, &p6, 1280);
	ck_assert_mem_eq(a6.p + 40, ((const uint8_t[]){ 2, 0 }), 2);
	ck_assert_mem_eq(a6.p + 44, ((const uint8_t[]){ 0, 0, 1400 >> 8, 1400 & 255 }), 4);
	bytes_free(&a4);
	bytes_free(&a6);
	bytes_free(&p4);
	bytes_free(&p6);
}
END_TEST

/* RFC 1122 section 3.2.2, RFC 4443 section 2.4 e. */
START_TEST(some_are_not_answered)
{
#define IP4(off, proto, src, dst) "4500001c 0000 " off " 40 " proto " 0000 " src dst
#define IP6(len, next, src, dst)  "60000000 " len next "40" src dst
#define A6			  "20010db8000000000000000000000001"
#define B6			  "20010db8000000000000000000000002"
	static const struct {
		const char *packet;
		bool answered;
	} cases[] = {
		{ IP4("4000", "11", "0a000001", "0a000002") "0000000000000000", true },
		{ IP4("2000", "11", "0a000001", "0a000002") "0000000000000000", true },	 /* first fragment */
		{ IP4("2001", "11", "0a000001", "0a000002") "0000000000000000", false }, /* later one */
		{ IP4("0100", "11", "0a000001", "0a000002") "0000000000000000", false },
		{ IP4("0000", "11", "00000000", "0a000002") "0000000000000000", false },
		{ IP4("0000", "11", "7f000001", "0a000002") "0000000000000000", false },
		{ IP4("0000", "11", "e0000001", "0a000002") "0000000000000000", false },
		{ IP4("0000", "11", "ffffffff", "0a000002") "0000000000000000", false },
		{ IP4("0000", "11", "0a000001", "e0000005") "0000000000000000", false },
		{ IP4("0000", "11", "0a000001", "ffffffff") "0000000000000000", false },
		{ IP4("0000", "01", "0a000001", "0a000002") "0800000000000000", true },
		{ IP4("0000", "01", "0a000001", "0a000002") "0000000000000000", true },
		{ IP4("0000", "01", "0a000001", "0a000002") "0300000000000000", false },
		{ IP4("0000", "01", "0a000001", "0a000002") "0b00000000000000", false },
		{ IP4("0000", "01", "0a000001", "0a000002") "0500000000000000", false },
		{ "45000014 00000000 40010000 0a000001 0a000002", false }, /* ICMP without its type */
		{ IP6("0008", "11", A6, B6) "0000000000000000", true },
		{ IP6("0008", "3a", A6, B6) "8000000000000000", true },
		{ IP6("0008", "3a", A6, B6) "0100000000000000", false },
		{ IP6("0008", "3a", A6, B6) "8900000000000000", false },
		{ IP6("0000", "3a", A6, B6), false },
		{ IP6("0008", "11", "00000000000000000000000000000000", B6) "0000000000000000", false },
		{ IP6("0008", "11", "00000000000000000000000000000001", B6) "0000000000000000", false },
		{ IP6("0008", "11", "ff020000000000000000000000000001", B6) "0000000000000000", false },
		{ IP6("0008", "11", A6, "ff020000000000000000000000000001") "0000000000000000", false },
		/* hop-by-hop options, then an echo request, an error, nothing */
		{ IP6("0010", "00", A6, B6) "3a00010400000000 8000000000000000", true },
		{ IP6("0010", "00", A6, B6) "3a00010400000000 0300000000000000", false },
		{ IP6("0008", "00", A6, B6) "3a00010400000000", false },
		{ IP6("0008", "00", A6, B6) "3a01010400000000", false }, /* longer than the packet */
		{ IP6("0008", "00", A6, B6) "06ff010400000000", false },
		{ IP6("0004", "00", A6, B6) "06000104", false },
		/* fragments: the first, a later one */
		{ IP6("0010", "2c", A6, B6) "1100000100000001 0000000000000000", true },
		{ IP6("0010", "2c", A6, B6) "1100000900000001 0000000000000000", false },
		{ IP6("0010", "2c", A6, B6) "1100010000000001 0000000000000000", false },
		/* more extension headers than anybody sends */
		{ IP6("0040", "00", A6, B6) "3c00010400000000 3c00010400000000 3c00010400000000"
					    "3c00010400000000 3c00010400000000 3c00010400000000"
					    "3c00010400000000 1100010400000000",
		  false },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct bytes p = bytes_hex(cases[i].packet);
		struct bytes a = answer(&p, ICMP_UNREACHABLE, 0);

		ck_assert_msg((a.len > 0) == cases[i].answered, "case %zu: %s", i, cases[i].packet);
		bytes_free(&a);
		bytes_free(&p);
	}
}
END_TEST

/* Whatever comes: no byte outside is read, what is accepted is consistent, and answers are well-formed. */
START_TEST(random_packets)
{
	unsigned accepted = 0, answered = 0;

	for (prng_each(run, 1, 20000)) {
		static const uint8_t protocols[] = { 0, 1, 6, 17, 43, 44, 58, 60 };
		struct bytes b =
			bytes_new(prng_below(&run.r, 8) ? prng_below(&run.r, 120) : prng_below(&run.r, 2000));
		struct tunnel_inner inner;

		prng_fill(&run.r, b.p, b.len);
		if (b.len >= 40 && prng_below(&run.r, 8)) { /* make most of them nearly right */
			bool v4 = prng_below(&run.r, 2);
			size_t len = v4 ? b.len : b.len - 40;

			b.p[0] = v4 ? (uint8_t)(0x40 | (5 + prng_below(&run.r, 8))) : 0x60;
			b.p[v4 ? 2 : 4] = (uint8_t)(len >> 8);
			b.p[v4 ? 3 : 5] = (uint8_t)len;
			b.p[v4 ? 9 : 6] = protocols[prng_below(&run.r, sizeof(protocols))];
		}
		if (parse(&b, &inner) == 0) {
			size_t size = inner.version == 4 ? 4 : 16;
			struct bytes a =
				answer(&b, prng_below(&run.r, 2) ? ICMP_TOO_BIG : ICMP_UNREACHABLE, 1280);

			accepted++;
			prng_assert(run, inner.header_len <= b.len);
			prng_assert(run, inner.source >= b.p && inner.destination == inner.source + size);
			prng_assert(run, inner.destination + size <= b.p + b.len);
			if (a.len) {
				assert_answer(&a, &b, inner.version == 4 ? 576 : 1280);
				answered++;
			}
			bytes_free(&a);
		}
		bytes_free(&b);
	}
	if (!getenv("TEST_SEED")) {
		ck_assert_uint_gt(accepted, 5000);
		ck_assert_uint_gt(answered, 1000);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("inner");
	TCase *tc = tcase_create("inner");
	SRunner *runner;
	int failed;

	tcase_set_timeout(tc, 120);
	tcase_add_test(tc, ipv4);
	tcase_add_test(tc, ipv6);
	tcase_add_test(tc, length_is_exact);
	tcase_add_test(tc, versions);
	tcase_add_test(tc, empty_ipv6_packet_and_jumbogram);
	tcase_add_test(tc, longest_packets);
	tcase_add_test(tc, unreachable);
	tcase_add_test(tc, too_big);
	tcase_add_test(tc, some_are_not_answered);
	tcase_add_test(tc, random_packets);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
