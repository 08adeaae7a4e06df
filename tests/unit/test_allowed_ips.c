/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tests of src/tunnel/allowed_ips.c: examples, a naive reference on random tables, memory and its lack. */
#include "tunnel_allowed_ips.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "bytes.h"
#include "prng.h"

#define OWNERS 6
#define SEEDS  30

/* ------------------------------------------------------------------------------------------------------------
 * Memory that counts, and fails when told to
 */

struct counted {
	size_t live;
	size_t bytes; /* asked for, ever */
	long fail_in; /* allocations until one fails; negative: never */
};

static void *counted_alloc(void *ctx, size_t size)
{
	struct counted *counted = ctx;

	if (counted->fail_in == 0)
		return NULL;
	if (counted->fail_in > 0)
		counted->fail_in--;
	counted->live++;
	counted->bytes += size;
	return calloc(1, size);
}

static void counted_free(void *ctx, void *p)
{
	struct counted *counted = ctx;

	counted->live -= p != NULL;
	free(p);
}

#define COUNTED(counted)                                                       \
	(const struct rtmfp_mem)                                               \
	{                                                                      \
		.alloc = counted_alloc, .free = counted_free, .ctx = (counted) \
	}

/* ------------------------------------------------------------------------------------------------------------
 * Text to prefixes
 */

/* "10.1.2.3/8" or hexadecimal groups as in "2001:db8/32", the rest being zero */
static struct tunnel_prefix prefix(const char *text)
{
	struct tunnel_prefix p = { .family = strchr(text, ':') ? 6 : 4 };
	const char *slash = strchr(text, '/');
	unsigned at = 0;

	ck_assert_ptr_nonnull(slash);
	p.len = (uint8_t)atoi(slash + 1);
	while (text < slash) {
		char *end;
		unsigned long n = strtoul(text, &end, p.family == 4 ? 10 : 16);

		if (p.family == 6)
			p.ip[at++] = (uint8_t)(n >> 8);
		p.ip[at++] = (uint8_t)n;
		text = end + 1;
	}
	return p;
}

static void insert(struct tunnel_allowed_ips *table, const char *text, struct tunnel_allowed_owner *owner)
{
	struct tunnel_prefix p = prefix(text);

	ck_assert_int_eq(tunnel_allowed_ips_insert(table, &p, owner), 0);
}

static bool take(struct tunnel_allowed_ips *table, const char *text, struct tunnel_allowed_owner *owner)
{
	struct tunnel_prefix p = prefix(text);

	return tunnel_allowed_ips_remove(table, &p, owner);
}

/* The address is in memory of exactly its size, at an odd place. */
static struct tunnel_allowed_owner *lookup(const struct tunnel_allowed_ips *table, uint8_t family,
					   const uint8_t *ip)
{
	size_t size = family == 4 ? 4 : 16;
	struct bytes b = bytes_new(size + 1);
	struct tunnel_allowed_owner *owner;

	memcpy(b.p + 1, ip, size);
	owner = tunnel_allowed_ips_lookup(table, family, b.p + 1);
	bytes_free(&b);
	return owner;
}

static struct tunnel_allowed_owner *find(const struct tunnel_allowed_ips *table, const char *address)
{
	char text[64];
	struct tunnel_prefix p;

	snprintf(text, sizeof(text), "%s/0", address);
	p = prefix(text);
	return lookup(table, p.family, p.ip);
}

static void assert_prefixes(const struct tunnel_allowed_owner *owner, size_t count, const char *const *want)
{
	const struct tunnel_allowed_node *at = NULL;
	struct tunnel_prefix got;
	size_t n = 0;

	while ((at = tunnel_allowed_ips_next(owner, at, &got))) {
		struct tunnel_prefix p;

		ck_assert_uint_lt(n, count);
		p = prefix(want[n++]);
		ck_assert_uint_eq(got.family, p.family);
		ck_assert_uint_eq(got.len, p.len);
		ck_assert_mem_eq(got.ip, p.ip, 16);
	}
	ck_assert_uint_eq(n, count);
	ck_assert_uint_eq(owner->count, count);
}
#define assert_owns(owner, ...)                                                          \
	assert_prefixes(owner, sizeof((const char *[]){ __VA_ARGS__ }) / sizeof(char *), \
			(const char *[]){ __VA_ARGS__ })

START_TEST(longest_prefix_wins)
{
	struct tunnel_allowed_owner o[OWNERS] = { 0 };
	struct tunnel_allowed_ips *t = tunnel_allowed_ips_new(&rtmfp_mem_libc);

	ck_assert_ptr_nonnull(t);
	ck_assert_ptr_null(find(t, "10.0.0.1"));
	ck_assert_ptr_null(find(t, "2001:db8"));
	insert(t, "10.0.0.0/8", &o[0]);
	insert(t, "10.1.0.0/16", &o[1]);
	insert(t, "10.1.2.3/32", &o[2]);
	insert(t, "0.0.0.0/0", &o[3]);
	insert(t, "2001:db8/32", &o[4]);
	insert(t, "2001:db8:0:1:0:0:0:1/128", &o[5]);
	ck_assert_ptr_eq(find(t, "10.2.0.1"), &o[0]);
	ck_assert_ptr_eq(find(t, "10.1.2.2"), &o[1]);
	ck_assert_ptr_eq(find(t, "10.1.2.3"), &o[2]);
	ck_assert_ptr_eq(find(t, "10.1.2.4"), &o[1]);
	ck_assert_ptr_eq(find(t, "11.0.0.0"), &o[3]);
	ck_assert_ptr_eq(find(t, "255.255.255.255"), &o[3]);
	ck_assert_ptr_eq(find(t, "2001:db8:0:1:0:0:0:1"), &o[5]);
	ck_assert_ptr_eq(find(t, "2001:db8:0:1:0:0:0:2"), &o[4]);
	ck_assert_ptr_null(find(t, "2001:db9"));
	insert(t, "0:0/0", &o[0]);
	ck_assert_ptr_eq(find(t, "2001:db9"), &o[0]);
	ck_assert_ptr_eq(find(t, "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"), &o[0]);
	ck_assert_uint_eq(tunnel_allowed_ips_count(t), 7);
	tunnel_allowed_ips_free(t);
}
END_TEST

START_TEST(a_prefix_moves_to_its_last_owner)
{
	struct tunnel_allowed_owner a = { 0 }, b = { 0 };
	struct tunnel_allowed_ips *t = tunnel_allowed_ips_new(&rtmfp_mem_libc);

	insert(t, "10.0.0.0/8", &a);
	insert(t, "192.168.4.0/24", &a);
	insert(t, "2001:db8/32", &a);
	insert(t, "10.77.0.1/8", &b); /* host bits do not count */
	assert_owns(&a, "192.168.4.0/24", "2001:db8/32");
	assert_owns(&b, "10.0.0.0/8");
	ck_assert_ptr_eq(find(t, "10.77.0.1"), &b);
	insert(t, "192.168.4.0/24", &a); /* once more: it becomes the last */
	assert_owns(&a, "2001:db8/32", "192.168.4.0/24");
	ck_assert_uint_eq(tunnel_allowed_ips_count(t), 3);

	ck_assert(!take(t, "10.0.0.0/8", &a));
	ck_assert(!take(t, "10.0.0.0/9", &b));
	ck_assert(!take(t, "10.0.0.0/7", &b));
	ck_assert(!take(t, "11.0.0.0/8", &b));
	ck_assert(take(t, "10.0.0.0/8", &b));
	ck_assert(!take(t, "10.0.0.0/8", &b));
	ck_assert_ptr_null(find(t, "10.77.0.1"));
	tunnel_allowed_ips_remove_owner(t, &a);
	tunnel_allowed_ips_remove_owner(t, &b);
	ck_assert_uint_eq(tunnel_allowed_ips_count(t), 0);
	ck_assert_uint_eq(a.count, 0);
	ck_assert_ptr_null(a.first);
	ck_assert_ptr_null(a.last);
	tunnel_allowed_ips_free(t);
}
END_TEST

START_TEST(nonsense_is_refused)
{
	static const struct tunnel_prefix bad[] = {
		{ .family = 0, .len = 0 },   { .family = 4, .len = 33 },  { .family = 4, .len = 255 },
		{ .family = 5, .len = 8 },   { .family = 6, .len = 129 }, { .family = 6, .len = 255 },
		{ .family = 255, .len = 1 },
	};
	struct tunnel_allowed_owner o = { 0 };
	struct tunnel_allowed_ips *t = tunnel_allowed_ips_new(&rtmfp_mem_libc);

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		ck_assert_int_eq(tunnel_allowed_ips_insert(t, &bad[i], &o), RTMFP_ERR_SYNTAX);
		ck_assert(!tunnel_allowed_ips_remove(t, &bad[i], &o));
	}
	ck_assert_uint_eq(o.count, 0);
	tunnel_allowed_ips_free(t);
	tunnel_allowed_ips_free(NULL);
}
END_TEST

/* ------------------------------------------------------------------------------------------------------------
 * The reference: a list that is searched from end to end
 */

struct entry {
	struct tunnel_prefix p;
	unsigned owner;
	uint64_t order;
};

struct reference {
	struct entry entries[512];
	size_t count;
	uint64_t order;
};

static bool same_bits(const uint8_t *a, const uint8_t *b, unsigned len)
{
	for (unsigned i = 0; i < len; i++) {
		if ((a[i / 8] ^ b[i / 8]) >> (7 - i % 8) & 1)
			return false;
	}
	return true;
}

static struct entry *reference_find(struct reference *ref, const struct tunnel_prefix *p)
{
	for (size_t i = 0; i < ref->count; i++) {
		struct entry *e = &ref->entries[i];

		if (e->p.family == p->family && e->p.len == p->len && same_bits(e->p.ip, p->ip, p->len))
			return e;
	}
	return NULL;
}

static void reference_insert(struct reference *ref, const struct tunnel_prefix *p, unsigned owner)
{
	struct entry *e = reference_find(ref, p);

	if (!e) {
		ck_assert_uint_lt(ref->count, sizeof(ref->entries) / sizeof(ref->entries[0]));
		e = &ref->entries[ref->count++];
		e->p = *p;
	}
	e->owner = owner;
	e->order = ref->order++;
}

static void reference_remove(struct reference *ref, struct entry *e)
{
	*e = ref->entries[--ref->count];
}

static int reference_lookup(const struct reference *ref, uint8_t family, const uint8_t *ip)
{
	int owner = -1, longest = -1;

	for (size_t i = 0; i < ref->count; i++) {
		const struct entry *e = &ref->entries[i];

		if (e->p.family == family && e->p.len > longest && same_bits(e->p.ip, ip, e->p.len)) {
			longest = e->p.len;
			owner = (int)e->owner;
		}
	}
	return owner;
}

/* Few different bits, so that prefixes nest, repeat and part at every length. */
static void random_ip(struct prng *r, uint8_t ip[16])
{
	static const uint8_t some[] = { 0x00, 0x00, 0x00, 0xff, 0x80, 0x01, 0x0a };

	for (unsigned i = 0; i < 16; i++)
		ip[i] = some[prng_below(r, sizeof(some))];
	if (prng_below(r, 4) == 0)
		ip[prng_below(r, 16)] ^= (uint8_t)(1u << prng_below(r, 8));
}

static struct tunnel_prefix random_prefix(struct prng *r)
{
	struct tunnel_prefix p = { .family = prng_below(r, 2) ? 4 : 6 };
	unsigned bits = p.family == 4 ? 32 : 128;

	switch (prng_below(r, 4)) {
	case 0: p.len = (uint8_t)(8 * prng_below(r, bits / 8 + 1)); break;
	case 1: p.len = (uint8_t)(bits - prng_below(r, 3)); break;
	default: p.len = (uint8_t)prng_below(r, bits + 1); break;
	}
	random_ip(r, p.ip);
	return p;
}

static void compare(struct prng_run *run, struct reference *ref, const struct tunnel_allowed_ips *t,
		    const struct tunnel_allowed_owner *o)
{
	uint8_t ip[16];

	for (unsigned i = 0; i < 64; i++) {
		uint8_t family = i % 2 ? 4 : 6;
		int want;

		if (ref->count && i < 32)
			memcpy(ip, ref->entries[prng_below(&run->r, ref->count)].p.ip, 16);
		else
			random_ip(&run->r, ip);
		want = reference_lookup(ref, family, ip);
		prng_assert(*run, lookup(t, family, ip) == (want < 0 ? NULL : &o[want]));
	}
	prng_assert(*run, tunnel_allowed_ips_count(t) == ref->count);
	for (unsigned i = 0; i < OWNERS; i++) {
		const struct tunnel_allowed_node *at = NULL;
		struct tunnel_prefix p;
		uint64_t order = 0;
		size_t n = 0;

		while ((at = tunnel_allowed_ips_next(&o[i], at, &p))) {
			struct entry *e = reference_find(ref, &p);

			prng_assert(*run, e && e->owner == i);
			prng_assert(*run, n++ == 0 || e->order > order);
			order = e->order;
		}
		prng_assert(*run, n == o[i].count);
	}
}

START_TEST(random_tables_agree_with_the_reference)
{
	for (prng_each(run, 1, SEEDS)) {
		struct counted counted = { .fail_in = -1 };
		const struct rtmfp_mem mem = COUNTED(&counted);
		struct tunnel_allowed_owner o[OWNERS] = { 0 };
		struct tunnel_allowed_ips *t = tunnel_allowed_ips_new(&mem);
		static struct reference ref;

		memset(&ref, 0, sizeof(ref));
		for (unsigned step = 0; step < 150; step++) {
			unsigned owner = (unsigned)prng_below(&run.r, OWNERS);
			unsigned what = (unsigned)prng_below(&run.r, 100);
			struct tunnel_prefix p = random_prefix(&run.r);

			if (what < 60 || !ref.count) {
				prng_assert(run, tunnel_allowed_ips_insert(t, &p, &o[owner]) == 0);
				reference_insert(&ref, &p, owner);
			} else if (what < 97) {
				struct entry *e = &ref.entries[prng_below(&run.r, ref.count)];
				bool own = e->owner == owner;

				p = e->p;
				prng_assert(run, tunnel_allowed_ips_remove(t, &p, &o[owner]) == own);
				if (own)
					reference_remove(&ref, e);
			} else {
				tunnel_allowed_ips_remove_owner(t, &o[owner]);
				for (size_t i = ref.count; i-- > 0;) {
					if (ref.entries[i].owner == owner)
						reference_remove(&ref, &ref.entries[i]);
				}
			}
			if (step % 10 == 9)
				compare(&run, &ref, t, o);
			/* a node each, fewer joints than that, and the table */
			prng_assert(run, counted.live <= 2 * ref.count + 1);
		}
		for (unsigned i = 0; i < OWNERS; i++)
			tunnel_allowed_ips_remove_owner(t, &o[i]);
		prng_assert(run, counted.live == 1);
		tunnel_allowed_ips_free(t);
		prng_assert(run, counted.live == 0);
	}
}
END_TEST

START_TEST(without_memory_nothing_changes)
{
	for (prng_each(run, 1000, 20)) {
		struct counted counted = { .fail_in = -1 };
		const struct rtmfp_mem mem = COUNTED(&counted);
		struct tunnel_allowed_owner o[OWNERS] = { 0 };
		struct tunnel_allowed_ips *t;
		static struct reference ref;
		unsigned failed = 0;

		memset(&ref, 0, sizeof(ref));
		counted.fail_in = 0;
		ck_assert_ptr_null(tunnel_allowed_ips_new(&mem));
		counted.fail_in = -1;
		t = tunnel_allowed_ips_new(&mem);
		for (unsigned step = 0; step < 100; step++) {
			unsigned owner = (unsigned)prng_below(&run.r, OWNERS);
			struct tunnel_prefix p = random_prefix(&run.r);
			size_t live = counted.live;
			int err;

			counted.fail_in = (long)prng_below(&run.r, 3);
			err = tunnel_allowed_ips_insert(t, &p, &o[owner]);
			prng_assert(run, err == 0 || err == RTMFP_ERR_NOMEM);
			if (err == 0) {
				reference_insert(&ref, &p, owner);
			} else {
				prng_assert(run, counted.live == live);
				failed++;
			}
			compare(&run, &ref, t, o);
		}
		prng_assert(run, failed > 10);
		tunnel_allowed_ips_free(t);
		prng_assert(run, counted.live == 0);
	}
}
END_TEST

START_TEST(a_hundred_thousand_prefixes)
{
	enum { COUNT = 100000 };
	struct counted counted = { .fail_in = -1 };
	const struct rtmfp_mem mem = COUNTED(&counted);
	struct tunnel_allowed_ips *t = tunnel_allowed_ips_new(&mem);
	static struct tunnel_allowed_owner o[COUNT / 2];
	struct prng r = { .state = 7 };

	memset(o, 0, sizeof(o));
	for (unsigned i = 0; i < COUNT; i++) {
		struct tunnel_prefix p = { .family = i % 2 ? 4 : 6, .len = i % 2 ? 32 : 64 };

		/* Different by construction: an odd factor makes a permutation of the 32-bit numbers. */
		uint32_t scattered = (i / 2) * UINT32_C(2654435761);

		p.ip[0] = (uint8_t)(scattered >> 24);
		p.ip[1] = (uint8_t)(scattered >> 16);
		p.ip[2] = (uint8_t)(scattered >> 8);
		p.ip[3] = (uint8_t)scattered;
		ck_assert_int_eq(tunnel_allowed_ips_insert(t, &p, &o[i / 2]), 0);
	}
	ck_assert_uint_eq(tunnel_allowed_ips_count(t), COUNT);
	ck_assert_uint_le(counted.live, 2 * COUNT + 1);
	ck_assert_uint_le(counted.bytes, (size_t)COUNT * 2 * 72); /* 14 MB */
	for (unsigned i = 0; i < 200000; i++) {
		unsigned n = (unsigned)prng_below(&r, COUNT / 2);
		uint32_t scattered = n * UINT32_C(2654435761);
		uint8_t ip[16] = { (uint8_t)(scattered >> 24), (uint8_t)(scattered >> 16),
				   (uint8_t)(scattered >> 8), (uint8_t)scattered };

		ck_assert_ptr_eq(tunnel_allowed_ips_lookup(t, i % 2 ? 4 : 6, ip), &o[n]);
	}
	for (unsigned i = 0; i < COUNT / 2; i += 2)
		tunnel_allowed_ips_remove_owner(t, &o[i]);
	ck_assert_uint_eq(tunnel_allowed_ips_count(t), COUNT / 2);
	ck_assert_ptr_null(tunnel_allowed_ips_lookup(t, 4, (const uint8_t[4]){ 0 }));
	tunnel_allowed_ips_free(t);
	ck_assert_uint_eq(counted.live, 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("allowed_ips");
	TCase *tc = tcase_create("allowed_ips");
	SRunner *runner;
	int failed;

	tcase_set_timeout(tc, 120);
	tcase_add_test(tc, longest_prefix_wins);
	tcase_add_test(tc, a_prefix_moves_to_its_last_owner);
	tcase_add_test(tc, nonsense_is_refused);
	tcase_add_test(tc, random_tables_agree_with_the_reference);
	tcase_add_test(tc, without_memory_nothing_changes);
	tcase_add_test(tc, a_hundred_thousand_prefixes);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
