/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tests of src/tunnel/control.c: flow metadata and control messages (PROTOCOL.md section 6). */
#include "tunnel_control.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "bytes.h"
#include "prng.h"

#define REKEY TUNNEL_LANE_REKEY
#define REST  TUNNEL_LANE_REST

/* ------------------------------------------------------------------------------------------------------------
 * Flow metadata
 */

START_TEST(metadata)
{
	static const struct {
		const char *hex;
		int code; /* 0: accepted */
		struct tunnel_metadata want;
	} cases[] = {
		/* PROTOCOL.md's examples */
		{ "02 01 01 02 02 00 00", 0, { .service = TUNNEL_SERVICE_CONTROL } },
		{ "02 01 02 02 02 00 01 04 00", 0, { .service = TUNNEL_SERVICE_IP, .partial = true } },
		{ "020101 020201 00", 0, { .service = TUNNEL_SERVICE_CONTROL, .class_or_lane = 1 } },
		{ "020102 020203 00", 0, { .service = TUNNEL_SERVICE_IP, .class_or_lane = 3 } },
		{ "020102 00", 0, { .service = TUNNEL_SERVICE_IP } },
		{ "020103 00", 0, { .service = TUNNEL_SERVICE_ETH } },
		{ "020102 0202ff 00", 0, { .service = TUNNEL_SERVICE_IP, .class_or_lane = 255 } },
		{ "020102 02030a 00", 0, { .service = TUNNEL_SERVICE_IP, .lifetime = RTMFP_MS(10) } },
		{ "020102 02038148 00", TUNNEL_EXCEPTION_LIST, { 0 } },
		{ "020102 03038148 00", 0, { .service = TUNNEL_SERVICE_IP, .lifetime = RTMFP_MS(200) } },
		{ "020102 020300 00", 0, { .service = TUNNEL_SERVICE_IP } },
		{ "0301 8002 00", 0, { .service = TUNNEL_SERVICE_IP } }, /* a VLU with a leading zero digit */
		{ "020102 0a03ffffffffffffffff7f 00",
		  0,
		  { .service = TUNNEL_SERVICE_IP, .lifetime = RTMFP_MS(UINT32_MAX) } },
		/* from 0x40 on unknown options do not matter */
		{ "020102 0140 00", 0, { .service = TUNNEL_SERVICE_IP } },
		{ "020102 03408001 037fabcd 00", 0, { .service = TUNNEL_SERVICE_IP } },
		{ "020102 038140ab 038140ab 00", 0, { .service = TUNNEL_SERVICE_IP } },
		/* unknown service */
		{ "020100 00", TUNNEL_EXCEPTION_SERVICE, { 0 } },
		{ "020104 00", TUNNEL_EXCEPTION_SERVICE, { 0 } },
		{ "0301ff7f 020200 00", TUNNEL_EXCEPTION_SERVICE, { 0 } },
		{ "020104 0105 00", TUNNEL_EXCEPTION_SERVICE, { 0 } },
		/* unknown option below 0x40 */
		{ "020102 0105 00", TUNNEL_EXCEPTION_OPTION, { 0 } },
		{ "020102 0100 00", TUNNEL_EXCEPTION_OPTION, { 0 } },
		{ "020102 043fabcdef 00", TUNNEL_EXCEPTION_OPTION, { 0 } },
		{ "020101 020200 0120 00", TUNNEL_EXCEPTION_OPTION, { 0 } },
		/* bad lists */
		{ "", TUNNEL_EXCEPTION_LIST, { 0 } },
		{ "00", TUNNEL_EXCEPTION_LIST, { 0 } },
		{ "020102", TUNNEL_EXCEPTION_LIST, { 0 } },	      /* no Marker */
		{ "020102 0202", TUNNEL_EXCEPTION_LIST, { 0 } },      /* cut off */
		{ "020102 00 00", TUNNEL_EXCEPTION_LIST, { 0 } },     /* something behind the Marker */
		{ "020200 020102 00", TUNNEL_EXCEPTION_LIST, { 0 } }, /* the service is not first */
		{ "0101 00", TUNNEL_EXCEPTION_LIST, { 0 } },	      /* no value */
		{ "03010200 00", TUNNEL_EXCEPTION_LIST, { 0 } },      /* more than a VLU */
		{ "020182 00", TUNNEL_EXCEPTION_LIST, { 0 } },	      /* half a VLU */
		{ "020102 0102 00", TUNNEL_EXCEPTION_LIST, { 0 } },
		{ "020102 03020000 00", TUNNEL_EXCEPTION_LIST, { 0 } },
		{ "020102 0103 00", TUNNEL_EXCEPTION_LIST, { 0 } },
		{ "020102 02038100 00", TUNNEL_EXCEPTION_LIST, { 0 } },
		{ "020102 0303017f 00", TUNNEL_EXCEPTION_LIST, { 0 } },
		{ "020102 020400 00", TUNNEL_EXCEPTION_LIST, { 0 } },	     /* partial has no value */
		{ "020102 020102 00", TUNNEL_EXCEPTION_LIST, { 0 } },	     /* twice */
		{ "020102 020200 020200 00", TUNNEL_EXCEPTION_LIST, { 0 } }, /* twice */
		{ "020102 0104 0104 00", TUNNEL_EXCEPTION_LIST, { 0 } },     /* twice */
		{ "020101 00", TUNNEL_EXCEPTION_LIST, { 0 } },		     /* control without its lane */
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct bytes b = bytes_hex(cases[i].hex);
		struct tunnel_metadata got;
		int code = tunnel_metadata_read(b.p, b.len, &got);

		ck_assert_msg(code == cases[i].code, "case %zu (%s): code %d", i, cases[i].hex, code);
		if (!code) {
			const struct tunnel_metadata *want = &cases[i].want;

			ck_assert_msg(got.service == want->service &&
					      got.class_or_lane == want->class_or_lane &&
					      got.lifetime == want->lifetime && got.partial == want->partial,
				      "case %zu (%s)", i, cases[i].hex);
		}
		bytes_free(&b);
	}
}
END_TEST

START_TEST(metadata_is_written_as_in_the_examples)
{
	uint8_t buf[TUNNEL_METADATA_MAX];
	struct rtmfp_writer w = rtmfp_writer(buf, sizeof(buf));

	tunnel_metadata_write(&w, &(struct tunnel_metadata){ .service = TUNNEL_SERVICE_CONTROL });
	ck_assert_hex(buf, rtmfp_written(&w), "02 01 01 02 02 00 00");
	w = rtmfp_writer(buf, sizeof(buf));
	tunnel_metadata_write(&w, &(struct tunnel_metadata){ .service = TUNNEL_SERVICE_IP, .partial = true });
	ck_assert_hex(buf, rtmfp_written(&w), "02 01 02 02 02 00 01 04 00");
	w = rtmfp_writer(buf, sizeof(buf));
	tunnel_metadata_write(&w, &(struct tunnel_metadata){ .service = TUNNEL_SERVICE_ETH,
							     .class_or_lane = 2,
							     .lifetime = RTMFP_MS(200) + 999999 });
	ck_assert_hex(buf, rtmfp_written(&w), "020103 020202 03038148 00");
	ck_assert(!w.failed);
	w = rtmfp_writer(buf, 3);
	tunnel_metadata_write(&w, &(struct tunnel_metadata){ .service = TUNNEL_SERVICE_ETH });
	ck_assert(w.failed);
}
END_TEST

START_TEST(written_metadata_is_read_again)
{
	for (prng_each(run, 1, 500)) {
		struct tunnel_metadata m = {
			.service = (enum tunnel_service)(1 + prng_below(&run.r, 3)),
			.class_or_lane = (uint8_t)prng_next(&run.r),
			.lifetime = prng_below(&run.r, 3) ? 0 : RTMFP_MS(prng_next(&run.r) & UINT32_MAX),
			.partial = prng_below(&run.r, 2),
		};
		uint8_t buf[TUNNEL_METADATA_MAX];
		struct rtmfp_writer w = rtmfp_writer(buf, sizeof(buf));
		struct tunnel_metadata got;
		struct bytes b;

		tunnel_metadata_write(&w, &m);
		prng_assert(run, !w.failed);
		b = bytes_copy(buf, rtmfp_written(&w));
		prng_assert(run, tunnel_metadata_read(b.p, b.len, &got) == 0);
		prng_assert(run, got.service == m.service && got.class_or_lane == m.class_or_lane);
		prng_assert(run, got.lifetime == m.lifetime && got.partial == m.partial);
		/* cut off anywhere, it is a bad list */
		while (b.len) {
			struct bytes cut = bytes_copy(b.p, --b.len);

			prng_assert(run, tunnel_metadata_read(cut.p, cut.len, &got) == TUNNEL_EXCEPTION_LIST);
			bytes_free(&cut);
		}
		bytes_free(&b);
	}
}
END_TEST

/* ------------------------------------------------------------------------------------------------------------
 * Control messages
 */

/* Reads a message that holds one item. The bytes stay with the caller. */
static struct tunnel_control_item read_one(const struct bytes *b, enum tunnel_lane lane)
{
	struct rtmfp_reader r = rtmfp_reader(b->p, b->len);
	struct tunnel_control_item item, more;

	ck_assert(tunnel_control_next(&r, lane, &item));
	ck_assert(!tunnel_control_next(&r, lane, &more));
	ck_assert(!r.failed);
	return item;
}

START_TEST(verdicts)
{
	static const struct {
		const char *hex;
		enum tunnel_lane lane;
		enum tunnel_control_verdict verdict;
		bool gateway_only;
	} cases[] = {
		/* INIT and RESP have a message, CONFIRM has none */
		{ "0401 01 abcd", REKEY, TUNNEL_CONTROL_OK, false },
		{ "0402 01 abcd", REKEY, TUNNEL_CONTROL_OK, false },
		{ "0203 00", REKEY, TUNNEL_CONTROL_OK, false },
		{ "0303 8100", REKEY, TUNNEL_CONTROL_OK, false },
		{ "0201 01", REKEY, TUNNEL_CONTROL_BAD_VALUE, false },
		{ "0202 01", REKEY, TUNNEL_CONTROL_BAD_VALUE, false },
		{ "0303 0101", REKEY, TUNNEL_CONTROL_BAD_VALUE, false },
		{ "0101", REKEY, TUNNEL_CONTROL_BAD_VALUE, false },
		{ "0103", REKEY, TUNNEL_CONTROL_BAD_VALUE, false },
		{ "0203 81", REKEY, TUNNEL_CONTROL_BAD_VALUE, false },
		{ "0401 01 abcd", REST, TUNNEL_CONTROL_WRONG_LANE, false },
		{ "0203 00", REST, TUNNEL_CONTROL_WRONG_LANE, false },
		{ "0103", REST, TUNNEL_CONTROL_WRONG_LANE, false },
		/* MTU */
		{ "030b 0578", REST, TUNNEL_CONTROL_OK, false },
		{ "020b 05", REST, TUNNEL_CONTROL_BAD_VALUE, false },
		{ "040b 057800", REST, TUNNEL_CONTROL_BAD_VALUE, false },
		{ "030b 0578", REKEY, TUNNEL_CONTROL_WRONG_LANE, false },
		/* REFLEXIVE: one address of origin 2 */
		{ "080f 02 c0000201 078f", REST, TUNNEL_CONTROL_OK, false },
		{ "140f 82 20010db8000000000000000000000001 078f", REST, TUNNEL_CONTROL_OK, false },
		{ "080f 01 c0000201 078f", REST, TUNNEL_CONTROL_BAD_VALUE, false },
		{ "070f 02 c0000201 07", REST, TUNNEL_CONTROL_BAD_VALUE, false },
		{ "090f 02 c0000201 078f 00", REST, TUNNEL_CONTROL_BAD_VALUE, false },
		{ "080f 82 c0000201 078f", REST, TUNNEL_CONTROL_BAD_VALUE, false },
		{ "010f", REST, TUNNEL_CONTROL_BAD_VALUE, false },
		/* LOCAL: any number of origin 1 */
		{ "010e", REST, TUNNEL_CONTROL_OK, false },
		{ "080e 01 c0000201 078f", REST, TUNNEL_CONTROL_OK, false },
		{ "0f0e 01 c0000201 078f 01 c0000202 078f", REST, TUNNEL_CONTROL_OK, false },
		{ "0f0e 01 c0000201 078f 02 c0000202 078f", REST, TUNNEL_CONTROL_BAD_VALUE, false },
		{ "0e0e 01 c0000201 078f 01 c0000202 07", REST, TUNNEL_CONTROL_BAD_VALUE, false },
		/* KEEPALIVE, FEATURES, UNSUPPORTED, CLOSE REASON */
		{ "0210 19", REST, TUNNEL_CONTROL_OK, false },
		{ "0310 8119", REST, TUNNEL_CONTROL_OK, false },
		{ "0110", REST, TUNNEL_CONTROL_BAD_VALUE, false },
		{ "0310 1919", REST, TUNNEL_CONTROL_BAD_VALUE, false },
		{ "0111", REST, TUNNEL_CONTROL_OK, false },
		{ "0411 010281", REST, TUNNEL_CONTROL_BAD_VALUE, false },
		{ "0511 01028101", REST, TUNNEL_CONTROL_OK, false },
		{ "0213 3f", REST, TUNNEL_CONTROL_OK, false },
		{ "0212 00", REST, TUNNEL_CONTROL_OK, false },
		{ "0512 01 627965", REST, TUNNEL_CONTROL_OK, false },
		{ "0112", REST, TUNNEL_CONTROL_BAD_VALUE, false },
		/* what only a gateway says */
		{ "0108", REST, TUNNEL_CONTROL_OK, true },
		{ "0708 04 18 0a000001", REST, TUNNEL_CONTROL_OK, true },
		{ "1908 04 20 0a000001 06 80 20010db8000000000000000000000001", REST, TUNNEL_CONTROL_OK,
		  true },
		{ "0708 04 21 0a000001", REST, TUNNEL_CONTROL_BAD_VALUE, true },
		{ "0708 05 18 0a000001", REST, TUNNEL_CONTROL_BAD_VALUE, true },
		{ "0608 04 18 0a0000", REST, TUNNEL_CONTROL_BAD_VALUE, true },
		{ "1308 06 81 20010db8000000000000000000000001", REST, TUNNEL_CONTROL_BAD_VALUE, true },
		{ "0808 04 18 0a000001 04", REST, TUNNEL_CONTROL_BAD_VALUE, true },
		{ "0809 00 04 18 0a000000", REST, TUNNEL_CONTROL_OK, true },
		{ "0209 02", REST, TUNNEL_CONTROL_OK, true },
		{ "0209 03", REST, TUNNEL_CONTROL_BAD_VALUE, true },
		{ "0109", REST, TUNNEL_CONTROL_BAD_VALUE, true },
		{ "020a 00", REST, TUNNEL_CONTROL_OK, true },
		{ "080a 05010a000001 00", REST, TUNNEL_CONTROL_OK, true },
		{ "070a 05010a000001", REST, TUNNEL_CONTROL_BAD_VALUE, true },
		{ "090a 05010a000001 00 00", REST, TUNNEL_CONTROL_BAD_VALUE, true },
		{ "050c 020100 00", REST, TUNNEL_CONTROL_OK, true },
		{ "040c 020100", REST, TUNNEL_CONTROL_BAD_VALUE, true },
		{ "110d 00112233445566778899aabbccddeeff", REST, TUNNEL_CONTROL_OK, true },
		{ "100d 00112233445566778899aabbccddee", REST, TUNNEL_CONTROL_BAD_VALUE, true },
		/* unknown */
		{ "0100", REST, TUNNEL_CONTROL_UNKNOWN, false },
		{ "0104", REST, TUNNEL_CONTROL_UNKNOWN, false },
		{ "0107", REKEY, TUNNEL_CONTROL_UNKNOWN, false },
		{ "0114", REST, TUNNEL_CONTROL_UNKNOWN, false },
		{ "053f 01020304", REST, TUNNEL_CONTROL_UNKNOWN, false },
		{ "0140", REST, TUNNEL_CONTROL_IGNORED, false },
		{ "0140", REKEY, TUNNEL_CONTROL_IGNORED, false },
		{ "047f abcdef", REST, TUNNEL_CONTROL_IGNORED, false },
		{ "028100", REST, TUNNEL_CONTROL_IGNORED, false },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct bytes b = bytes_hex(cases[i].hex);
		struct tunnel_control_item item = read_one(&b, cases[i].lane);

		ck_assert_msg(item.verdict == cases[i].verdict, "case %zu (%s): %d", i, cases[i].hex,
			      item.verdict);
		ck_assert_msg(item.gateway_only == cases[i].gateway_only, "case %zu (%s)", i, cases[i].hex);
		bytes_free(&b);
	}
}
END_TEST

START_TEST(values)
{
	struct bytes b = bytes_hex("0401 8101 abcd");
	struct tunnel_control_item item;
	struct tunnel_prefix p;

	b.p[0] = 5;
	item = read_one(&b, REKEY);
	ck_assert_uint_eq(item.type, TUNNEL_CONTROL_INIT);
	ck_assert(item.rekey.epoch == 129);
	ck_assert_hex(item.rekey.msg, item.rekey.len, "abcd");
	bytes_free(&b);

	b = bytes_hex("0203 05");
	item = read_one(&b, REKEY);
	ck_assert_uint_eq(item.type, TUNNEL_CONTROL_CONFIRM);
	ck_assert(item.rekey.epoch == 5);
	ck_assert_uint_eq(item.rekey.len, 0);
	bytes_free(&b);

	b = bytes_hex("030b 058c");
	item = read_one(&b, REST);
	ck_assert_uint_eq(item.mtu, 1420);
	bytes_free(&b);

	b = bytes_hex("080f 02 c0000201 078f");
	item = read_one(&b, REST);
	ck_assert_uint_eq(item.reflexive.family, 4);
	ck_assert_uint_eq(item.reflexive.port, 1935);
	ck_assert_hex(item.reflexive.ip, 4, "c0000201");
	bytes_free(&b);

	b = bytes_hex("0f0e 01 c0000201 078f 01 c0000202 0790");
	item = read_one(&b, REST);
	ck_assert_uint_eq(item.local.count, 2);
	ck_assert_hex(item.local.addrs[1].ip, 4, "c0000202");
	ck_assert_uint_eq(item.local.addrs[1].port, 1936);
	bytes_free(&b);

	b = bytes_hex("0210 19");
	item = read_one(&b, REST);
	ck_assert(item.keepalive == RTMFP_S(25));
	bytes_free(&b);
	b = bytes_hex("0b10 81ffffffffffffffff7f"); /* longer than anybody lives, and no overflow */
	item = read_one(&b, REST);
	ck_assert(item.keepalive == RTMFP_S(UINT32_MAX));
	bytes_free(&b);

	b = bytes_hex("0611 00 01 3f 8100"); /* 128 has no bit */
	item = read_one(&b, REST);
	ck_assert(item.set == (UINT64_C(1) | UINT64_C(2) | UINT64_C(1) << 63));
	bytes_free(&b);

	b = bytes_hex("0512 01 627965");
	item = read_one(&b, REST);
	ck_assert(item.close.code == TUNNEL_CLOSE_SHUTTING_DOWN);
	ck_assert_hex(item.close.text, item.close.len, "627965");
	bytes_free(&b);

	b = bytes_hex("1a09 01 04 20 0a000001 06 40 20010db8000000000000000000000001");
	item = read_one(&b, REST);
	ck_assert_uint_eq(item.prefixes.action, 1);
	ck_assert(tunnel_prefix_read(&item.prefixes.r, &p));
	ck_assert_uint_eq(p.family, 4);
	ck_assert_uint_eq(p.len, 32);
	ck_assert_hex(p.ip, 4, "0a000001");
	ck_assert(tunnel_prefix_read(&item.prefixes.r, &p));
	ck_assert_uint_eq(p.family, 6);
	ck_assert_uint_eq(p.len, 64);
	ck_assert_hex(p.ip, 16, "20010db8000000000000000000000001");
	ck_assert(!tunnel_prefix_read(&item.prefixes.r, &p));
	ck_assert(!item.prefixes.r.failed);
	bytes_free(&b);
}
END_TEST

START_TEST(more_local_addresses_than_count)
{
	uint8_t buf[512];
	struct rtmfp_writer w = rtmfp_writer(buf, sizeof(buf));
	struct rtmfp_addr addrs[TUNNEL_LOCAL_MAX + 5];
	struct tunnel_control_item item;
	struct bytes b;

	for (unsigned i = 0; i < TUNNEL_LOCAL_MAX + 5; i++)
		addrs[i] = (struct rtmfp_addr){ .family = i % 2 ? 4 : 6,
						.port = (uint16_t)i,
						.ip = { (uint8_t)i } };
	tunnel_control_write_local(&w, addrs, TUNNEL_LOCAL_MAX + 5);
	ck_assert(!w.failed);
	b = bytes_copy(buf, rtmfp_written(&w));
	item = read_one(&b, REST);
	ck_assert_int_eq(item.verdict, TUNNEL_CONTROL_OK);
	ck_assert_uint_eq(item.local.count, TUNNEL_LOCAL_MAX);
	for (unsigned i = 0; i < TUNNEL_LOCAL_MAX; i++) {
		addrs[i].origin = RTMFP_ORIGIN_LOCAL;
		ck_assert(rtmfp_addr_equal(&item.local.addrs[i], &addrs[i]));
	}
	bytes_free(&b);
}
END_TEST

/* Items before the place where a message breaks off count. */
START_TEST(broken_messages)
{
	static const struct {
		const char *hex;
		unsigned items;
	} cases[] = {
		{ "030b 0578 00", 1 },		  /* a Marker */
		{ "00", 0 },			  /* nothing but a Marker */
		{ "030b 0578 040b 0578", 1 },	  /* cut off */
		{ "030b 0578 80", 1 },		  /* half a length */
		{ "030b 0578 0210 19 0181", 2 },  /* half a type */
		{ "8fffffffffffffffff7f 0b", 0 }, /* length beyond everything */
		{ "81ffffffffffffffff7f 0b", 0 },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct bytes b = bytes_hex(cases[i].hex);
		struct rtmfp_reader r = rtmfp_reader(b.p, b.len);
		struct tunnel_control_item item;
		unsigned items = 0;

		while (tunnel_control_next(&r, REST, &item))
			items++;
		ck_assert_msg(r.failed && items == cases[i].items, "case %zu (%s)", i, cases[i].hex);
		bytes_free(&b);
	}
}
END_TEST

START_TEST(empty_message)
{
	struct bytes b = bytes_new(0);
	struct rtmfp_reader r = rtmfp_reader(b.p, 0);
	struct tunnel_control_item item;

	ck_assert(!tunnel_control_next(&r, REST, &item));
	ck_assert(!r.failed);
	bytes_free(&b);
}
END_TEST

START_TEST(what_is_written_is_read_again)
{
	for (prng_each(run, 1, 300)) {
		static const enum rtmfp_rekey_type rekeys[] = { RTMFP_REKEY_INIT, RTMFP_REKEY_RESP };
		static uint8_t buf[TUNNEL_CONTROL_MAX];
		struct rtmfp_writer w = rtmfp_writer(buf, sizeof(buf));
		uint64_t epoch = prng_wide(&run.r), set = prng_next(&run.r) & prng_next(&run.r);
		uint64_t seconds = 1 + prng_below(&run.r, 100000), code = prng_wide(&run.r);
		struct bytes msg = bytes_new(1 + prng_below(&run.r, RTMFP_REKEY_MAX)), all;
		struct rtmfp_addr addr = { .family = prng_below(&run.r, 2) ? 4 : 6,
					   .port = (uint16_t)prng_next(&run.r) };
		uint16_t mtu = (uint16_t)prng_next(&run.r);
		unsigned rekey = (unsigned)prng_below(&run.r, 2);
		struct tunnel_control_item item;
		struct rtmfp_reader r;

		prng_fill(&run.r, msg.p, msg.len);
		prng_fill(&run.r, addr.ip, addr.family == 4 ? 4 : 16);
		tunnel_control_write_mtu(&w, mtu);
		tunnel_control_write_reflexive(&w, &addr);
		tunnel_control_write_keepalive(&w, RTMFP_S(seconds) - prng_below(&run.r, 1000000000));
		tunnel_control_write_set(&w, TUNNEL_CONTROL_FEATURES, set);
		tunnel_control_write_set(&w, TUNNEL_CONTROL_UNSUPPORTED, 0);
		tunnel_control_write_close_reason(&w, code, "good bye", 8);
		prng_assert(run, !w.failed);
		all = bytes_copy(buf, rtmfp_written(&w));
		r = rtmfp_reader(all.p, all.len);
		prng_assert(run, tunnel_control_next(&r, REST, &item) && item.type == TUNNEL_CONTROL_MTU);
		prng_assert(run, item.verdict == TUNNEL_CONTROL_OK && item.mtu == mtu);
		prng_assert(run,
			    tunnel_control_next(&r, REST, &item) && item.type == TUNNEL_CONTROL_REFLEXIVE);
		addr.origin = RTMFP_ORIGIN_REFLEXIVE;
		prng_assert(run,
			    item.verdict == TUNNEL_CONTROL_OK && rtmfp_addr_equal(&item.reflexive, &addr));
		prng_assert(run,
			    tunnel_control_next(&r, REST, &item) && item.type == TUNNEL_CONTROL_KEEPALIVE);
		prng_assert(run, item.verdict == TUNNEL_CONTROL_OK && item.keepalive == RTMFP_S(seconds));
		prng_assert(run,
			    tunnel_control_next(&r, REST, &item) && item.type == TUNNEL_CONTROL_FEATURES);
		prng_assert(run, item.verdict == TUNNEL_CONTROL_OK && item.set == set);
		prng_assert(run,
			    tunnel_control_next(&r, REST, &item) && item.type == TUNNEL_CONTROL_UNSUPPORTED);
		prng_assert(run, item.verdict == TUNNEL_CONTROL_OK && item.set == 0);
		prng_assert(run,
			    tunnel_control_next(&r, REST, &item) && item.type == TUNNEL_CONTROL_CLOSE_REASON);
		prng_assert(run, item.verdict == TUNNEL_CONTROL_OK && item.close.code == code);
		prng_assert(run, item.close.len == 8 && !memcmp(item.close.text, "good bye", 8));
		prng_assert(run, !tunnel_control_next(&r, REST, &item) && !r.failed);
		bytes_free(&all);

		w = rtmfp_writer(buf, sizeof(buf));
		tunnel_control_write_rekey(&w, rekeys[rekey], epoch, msg.p, msg.len);
		tunnel_control_write_rekey(&w, RTMFP_REKEY_CONFIRM, epoch, NULL, 0);
		prng_assert(run, !w.failed);
		all = bytes_copy(buf, rtmfp_written(&w));
		r = rtmfp_reader(all.p, all.len);
		prng_assert(run, tunnel_control_next(&r, REKEY, &item) && item.verdict == TUNNEL_CONTROL_OK);
		prng_assert(run, item.type == (rekey ? TUNNEL_CONTROL_RESP : TUNNEL_CONTROL_INIT));
		prng_assert(run, item.rekey.epoch == epoch && item.rekey.len == msg.len);
		prng_assert(run, !memcmp(item.rekey.msg, msg.p, msg.len));
		prng_assert(run, tunnel_control_next(&r, REKEY, &item) && item.verdict == TUNNEL_CONTROL_OK);
		prng_assert(run, item.type == TUNNEL_CONTROL_CONFIRM && item.rekey.epoch == epoch);
		prng_assert(run, !tunnel_control_next(&r, REKEY, &item) && !r.failed);
		bytes_free(&all);
		bytes_free(&msg);
	}
}
END_TEST

START_TEST(written_prefixes_are_read_again)
{
	for (prng_each(run, 1, 200)) {
		uint8_t buf[18];
		struct tunnel_prefix p = { .family = prng_below(&run.r, 2) ? 4 : 6 }, got;
		struct rtmfp_writer w = rtmfp_writer(buf, sizeof(buf));
		struct rtmfp_reader r;
		struct bytes b;

		p.len = (uint8_t)prng_below(&run.r, p.family == 4 ? 33 : 129);
		prng_fill(&run.r, p.ip, p.family == 4 ? 4 : 16);
		tunnel_prefix_write(&w, &p);
		prng_assert(run, !w.failed);
		b = bytes_copy(buf, rtmfp_written(&w));
		r = rtmfp_reader(b.p, b.len);
		prng_assert(run, tunnel_prefix_read(&r, &got));
		prng_assert(run, !memcmp(&p, &got, sizeof(p)));
		prng_assert(run, !tunnel_prefix_read(&r, &got) && !r.failed);
		bytes_free(&b);
	}
}
END_TEST

START_TEST(a_rekeying_message_is_bounded)
{
	static uint8_t buf[TUNNEL_CONTROL_MAX], msg[RTMFP_REKEY_MAX + 1];
	struct rtmfp_writer w = rtmfp_writer(buf, sizeof(buf));
	struct rtmfp_reader r;
	struct tunnel_control_item item;

	tunnel_control_write_rekey(&w, RTMFP_REKEY_INIT, 1, msg, sizeof(msg));
	ck_assert(!w.failed);
	r = rtmfp_reader(buf, rtmfp_written(&w));
	ck_assert(tunnel_control_next(&r, REKEY, &item));
	ck_assert_int_eq(item.verdict, TUNNEL_CONTROL_BAD_VALUE);
}
END_TEST

START_TEST(writers_do_not_write_behind_the_end)
{
	struct rtmfp_addr addr = { .family = 6, .port = 1 };

	for (size_t cap = 0; cap < 80; cap++) {
		struct bytes b = bytes_new(cap);
		struct rtmfp_writer w = rtmfp_writer(b.p, cap);

		tunnel_control_write_mtu(&w, 1400);				 /* 4 */
		tunnel_control_write_reflexive(&w, &addr);			 /* 21 */
		tunnel_control_write_local(&w, &addr, 1);			 /* 21 */
		tunnel_control_write_keepalive(&w, RTMFP_S(1));			 /* 3 */
		tunnel_control_write_set(&w, TUNNEL_CONTROL_FEATURES, 6);	 /* 4 */
		tunnel_control_write_close_reason(&w, 1, NULL, 0);		 /* 3 */
		tunnel_control_write_rekey(&w, RTMFP_REKEY_CONFIRM, 1, NULL, 0); /* 3 */
		ck_assert_int_eq(w.failed, cap < 59);
		bytes_free(&b);
	}
}
END_TEST

/* ------------------------------------------------------------------------------------------------------------
 * Anything at all
 */

static volatile unsigned looked;

/* Looks at all that the item points to, so that a wrong length is noticed. */
static unsigned touch(const struct tunnel_control_item *item)
{
	struct tunnel_prefix p;
	struct rtmfp_reader r;
	unsigned sum = 0;

	for (size_t i = 0; i < item->len; i++)
		sum += item->value[i];
	if (item->verdict != TUNNEL_CONTROL_OK)
		return sum;
	switch (item->type) {
	case TUNNEL_CONTROL_INIT:
	case TUNNEL_CONTROL_RESP:
	case TUNNEL_CONTROL_CONFIRM:
		for (size_t i = 0; i < item->rekey.len; i++)
			sum += item->rekey.msg[i];
		break;
	case TUNNEL_CONTROL_CLOSE_REASON:
		for (size_t i = 0; i < item->close.len; i++)
			sum += item->close.text[i];
		break;
	case TUNNEL_CONTROL_ADDRESS:
	case TUNNEL_CONTROL_ROUTES:
		r = item->prefixes.r;
		while (tunnel_prefix_read(&r, &p))
			ck_assert((p.family == 4 && p.len <= 32) || (p.family == 6 && p.len <= 128));
		ck_assert(!r.failed);
		break;
	case TUNNEL_CONTROL_LOCAL:
		ck_assert_uint_le(item->local.count, TUNNEL_LOCAL_MAX);
		for (size_t i = 0; i < item->local.count; i++)
			ck_assert(item->local.addrs[i].family == 4 || item->local.addrs[i].family == 6);
		break;
	default: break;
	}
	return sum;
}

START_TEST(random_bytes)
{
	unsigned good = 0;

	for (prng_each(run, 1, 20000)) {
		struct bytes b = bytes_new(prng_below(&run.r, prng_below(&run.r, 4) ? 40 : 600));
		enum tunnel_lane lane = prng_below(&run.r, 2) ? REKEY : REST;
		struct rtmfp_reader r = rtmfp_reader(b.p, b.len);
		struct tunnel_control_item item;
		struct tunnel_metadata m;
		size_t at = 0;

		prng_fill(&run.r, b.p, b.len);
		/* mostly, put lengths and types where they make sense */
		while (prng_below(&run.r, 20) && at + 2 <= b.len) {
			b.p[at] = (uint8_t)(1 + prng_below(&run.r, 30));
			b.p[at + 1] = (uint8_t)prng_below(&run.r, 0x48);
			at += b.p[at] + 1u;
		}
		while (tunnel_control_next(&r, lane, &item)) {
			prng_assert(run, item.value >= b.p && item.value + item.len <= b.p + b.len);
			looked += touch(&item);
			good += item.verdict == TUNNEL_CONTROL_OK;
		}
		prng_assert(run, tunnel_metadata_read(b.p, b.len, &m) <= TUNNEL_EXCEPTION_OPTION);
		bytes_free(&b);
	}
	if (!getenv("TEST_SEED"))
		ck_assert_uint_gt(good, 1000);
}
END_TEST

START_TEST(mutated_metadata)
{
	unsigned codes[6] = { 0 };

	for (prng_each(run, 1, 20000)) {
		static const char *const seeds[] = { "020101 020200 00", "020102 020203 0104 00",
						     "020102 03038148 0140 00" };
		struct bytes b = bytes_hex(seeds[prng_below(&run.r, 3)]);
		struct tunnel_metadata m;
		int code;

		for (unsigned i = (unsigned)prng_below(&run.r, 4); i > 0; i--)
			b.p[prng_below(&run.r, b.len)] =
				(uint8_t)prng_below(&run.r, prng_below(&run.r, 2) ? 8 : 256);
		code = tunnel_metadata_read(b.p, b.len, &m);
		prng_assert(run, code >= 0 && code <= TUNNEL_EXCEPTION_OPTION);
		codes[code]++;
		bytes_free(&b);
	}
	if (!getenv("TEST_SEED")) {
		for (int code = 0; code <= TUNNEL_EXCEPTION_OPTION; code++)
			ck_assert_uint_gt(codes[code], 100);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("control_messages");
	TCase *tc = tcase_create("control_messages");
	SRunner *runner;
	int failed;

	tcase_set_timeout(tc, 120);
	tcase_add_test(tc, metadata);
	tcase_add_test(tc, metadata_is_written_as_in_the_examples);
	tcase_add_test(tc, written_metadata_is_read_again);
	tcase_add_test(tc, verdicts);
	tcase_add_test(tc, values);
	tcase_add_test(tc, more_local_addresses_than_count);
	tcase_add_test(tc, broken_messages);
	tcase_add_test(tc, empty_message);
	tcase_add_test(tc, what_is_written_is_read_again);
	tcase_add_test(tc, written_prefixes_are_read_again);
	tcase_add_test(tc, a_rekeying_message_is_bounded);
	tcase_add_test(tc, writers_do_not_write_behind_the_end);
	tcase_add_test(tc, random_bytes);
	tcase_add_test(tc, mutated_metadata);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
