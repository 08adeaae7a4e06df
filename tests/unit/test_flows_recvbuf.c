/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The receive buffer and its pool of nodes, against an array in which everything is looked for anew. */
#include "flows_main.h"
#include "prng.h"
#include "recvbuf.h"

#include <string.h>

#define NUMBERS 300u

struct naive {
	bool here[NUMBERS + 2];
	uint8_t fra[NUMBERS + 2];
	size_t len[NUMBERS + 2];
};

static bool joins(const struct naive *n, uint64_t a)
{
	return n->here[a] && n->here[a + 1] &&
	       (n->fra[a] == RTMFP_FRA_BEGIN || n->fra[a] == RTMFP_FRA_MIDDLE) &&
	       (n->fra[a + 1] == RTMFP_FRA_MIDDLE || n->fra[a + 1] == RTMFP_FRA_END);
}

static void compare(const struct prng_run *run, const struct rtmfp_recvbuf *buf, const struct naive *n)
{
	size_t at = 0;

	for (uint64_t seq = 1; seq <= NUMBERS;) {
		uint64_t last = seq;
		size_t bytes;
		const struct rtmfp_recvbuf_slot *first;

		if (!n->here[seq]) {
			seq++;
			continue;
		}
		bytes = n->len[seq];
		while (joins(n, last))
			bytes += n->len[++last];
		seed_assert(*run, at < buf->count);
		first = rtmfp_recvbuf_at(buf, at);
		seed_assert(*run, first->seq == seq && first->run == last - seq + 1 && first->bytes == bytes);
		seed_assert(*run, rtmfp_recvbuf_last(buf, at) == last);
		seed_assert(*run, rtmfp_recvbuf_is_message(buf, at) == (n->fra[seq] == RTMFP_FRA_WHOLE ||
									(n->fra[seq] == RTMFP_FRA_BEGIN &&
									 n->fra[last] == RTMFP_FRA_END)));
		for (uint64_t i = seq; i <= last; i++) {
			const struct rtmfp_recvbuf_slot *slot = rtmfp_recvbuf_at(buf, at++);

			seed_assert(*run, slot->seq == i && slot->node->len == n->len[i]);
			for (size_t b = 0; b < n->len[i]; b++) {
				if (slot->node->data[b] != (uint8_t)(i * 3 + b))
					seed_assert(*run, !"bytes are as they were put in");
			}
		}
		seq = last + 1;
	}
	seed_assert(*run, at == buf->count);
}

START_TEST(as_in_a_plain_array)
{
	static struct naive n;

	for (prng_each(run, 1, 150)) {
		struct rtmfp_recvbuf buf = { .count = 0 };
		struct rtmfp_pool pool;

		memset(&n, 0, sizeof(n));
		rtmfp_pool_init(&pool, &rtmfp_mem_libc);
		for (unsigned step = 0; step < 300; step++) {
			uint64_t seq = 1 + prng_below(&run.r, NUMBERS);

			if (!n.here[seq] && prng_below(&run.r, 4) > 0) {
				uint8_t data[2000];
				size_t at,
					len = (size_t)prng_below(&run.r, prng_below(&run.r, 3) ? 100 : 2000);

				for (size_t b = 0; b < len; b++)
					data[b] = (uint8_t)(seq * 3 + b);
				n.here[seq] = true;
				n.len[seq] = len;
				n.fra[seq] = (uint8_t)(prng_below(&run.r, 4) ? RTMFP_FRA_MIDDLE
									     : prng_below(&run.r, 4));
				seed_assert(run,
					    rtmfp_recvbuf_insert(&buf, &pool, seq, (enum rtmfp_fra)n.fra[seq],
								 data, len, &at) == 0);
				seed_assert(run, rtmfp_recvbuf_at(&buf, at)->seq <= seq &&
							 rtmfp_recvbuf_last(&buf, at) >= seq);
				if (prng_below(&run.r, 6) == 0) {
					rtmfp_recvbuf_undo(&buf, &pool, seq);
					n.here[seq] = false;
				}
			} else if (buf.count > 0) { /* a segment leaves */
				size_t at = 0, run_length;
				uint64_t first;

				for (size_t skip = prng_below(&run.r, 8); skip > 0; skip--) {
					size_t next = at + rtmfp_recvbuf_at(&buf, at)->run;

					if (next < buf.count)
						at = next;
				}
				first = rtmfp_recvbuf_at(&buf, at)->seq;
				run_length = rtmfp_recvbuf_at(&buf, at)->run;
				memset(n.here + first, 0, run_length);
				if (run_length == 1 && prng_below(&run.r, 2))
					rtmfp_pool_put(&pool, rtmfp_recvbuf_take(&buf, at));
				else
					rtmfp_recvbuf_remove(&buf, &pool, at, run_length);
			}
			compare(&run, &buf, &n);
		}
		rtmfp_recvbuf_clear(&buf, &pool);
		seed_assert(run, buf.size == 0 && !buf.slots);
		rtmfp_pool_drain(&pool);
	}
}
END_TEST

START_TEST(far_apart_numbers)
{
	struct rtmfp_recvbuf buf = { .count = 0 };
	struct rtmfp_pool pool;
	size_t at;

	rtmfp_pool_init(&pool, &rtmfp_mem_libc);
	ck_assert_int_eq(rtmfp_recvbuf_insert(&buf, &pool, UINT64_MAX, RTMFP_FRA_END, NULL, 0, &at), 0);
	ck_assert_int_eq(rtmfp_recvbuf_insert(&buf, &pool, 1, RTMFP_FRA_BEGIN, NULL, 0, &at), 0);
	ck_assert_int_eq(rtmfp_recvbuf_insert(&buf, &pool, UINT64_MAX - 1, RTMFP_FRA_BEGIN, NULL, 0, &at), 0);
	ck_assert_uint_eq(at, 1);
	ck_assert(rtmfp_recvbuf_is_message(&buf, 1));
	ck_assert(!rtmfp_recvbuf_is_message(&buf, 0));
	rtmfp_recvbuf_clear(&buf, &pool);
	rtmfp_pool_drain(&pool);
}
END_TEST

START_TEST(pool_keeps_a_bounded_amount)
{
	static struct rtmfp_node *node[2000];
	struct rtmfp_pool pool;

	rtmfp_pool_init(&pool, &rtmfp_mem_libc);
	for (size_t len = 0; len <= 65535; len += len < 3000 ? 1 : 997) {
		struct rtmfp_node *one = rtmfp_pool_get(&pool, len);

		if (!one || one->cap < len)
			ck_abort_msg("a node of %zu bytes", len);
		memset(one->data, 1, len);
		rtmfp_pool_put(&pool, one);
	}
	for (unsigned i = 0; i < 2000; i++)
		node[i] = rtmfp_pool_get(&pool, 1000);
	for (unsigned i = 0; i < 2000; i++)
		rtmfp_pool_put(&pool, node[i]);
	ck_assert_uint_le(pool.kept, 512 * 1024);
	ck_assert_uint_gt(pool.kept, 256 * 1024);
	/* What was given back is used again. */
	node[0] = pool.free[3];
	ck_assert_ptr_nonnull(node[0]);
	ck_assert_ptr_eq(rtmfp_pool_get(&pool, 1000), node[0]);
	rtmfp_pool_put(&pool, node[0]);
	rtmfp_pool_drain(&pool);
	ck_assert_uint_eq(pool.kept, 0);
}
END_TEST

static void add(TCase *tc)
{
	tcase_add_test(tc, as_in_a_plain_array);
	tcase_add_test(tc, far_apart_numbers);
	tcase_add_test(tc, pool_keeps_a_bounded_amount);
}

int main(void)
{
	return flows_main("flows_recvbuf", add);
}
