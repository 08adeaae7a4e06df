/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The containers that flows are made of, each against a simple one at random: rings, bytes, send queue. */
#include "flows_main.h"
#include "prng.h"
#include "sendqueue.h"

#include <string.h>

/* An allocator of which every nth call fails. */
static unsigned fail_in;

static void *alloc_some(void *ctx, size_t size)
{
	(void)ctx;
	if (fail_in > 0 && --fail_in == 0)
		return NULL;
	return calloc(1, size);
}

static void free_some(void *ctx, void *p)
{
	(void)ctx;
	free(p);
}

static const struct rtmfp_mem mem = { .alloc = alloc_some, .free = free_some };

START_TEST(ring_keeps_its_slots)
{
	for (prng_each(run, 1, 200)) {
		struct rtmfp_ring ring = { .cap = 0 };
		uint64_t from = prng_wide(&run.r) / 2, to = from;

		fail_in = 0;
		for (unsigned step = 0; step < 500; step++) {
			if (prng_below(&run.r, 5) < 3) {
				int err =
					rtmfp_ring_reserve(&ring, &mem, sizeof(uint64_t), from, to + 1, 256);

				seed_assert(run, err == (to + 1 - from > 256 ? RTMFP_ERR_LIMIT : 0));
				if (!err) {
					uint64_t *slot = rtmfp_ring_at(&ring, sizeof(uint64_t), to);

					*slot = to ^ run.seed;
					to++;
				}
			} else if (from < to) {
				from++;
			}
			seed_assert(run, ring.cap == 0 ||
						 (ring.cap >= to - from && (ring.cap & (ring.cap - 1)) == 0));
			for (uint64_t i = from; i < to; i++) {
				const uint64_t *slot = rtmfp_ring_at(&ring, sizeof(uint64_t), i);

				if (*slot != (i ^ run.seed))
					seed_assert(run, !"the slot is as it was");
			}
		}
		rtmfp_ring_fini(&ring, &mem);
		fail_in = 1;
		seed_assert(run,
			    rtmfp_ring_reserve(&ring, &mem, 8, 5, 6, 64) == RTMFP_ERR_NOMEM && ring.cap == 0);
	}
	fail_in = 0;
}
END_TEST

START_TEST(bytes_keep_their_positions)
{
	for (prng_each(run, 1, 200)) {
		struct rtmfp_bytering ring = { .cap = 0 };
		uint8_t data[5000];

		fail_in = 0;
		for (unsigned step = 0; step < 300; step++) {
			size_t len = (size_t)prng_below(&run.r, prng_below(&run.r, 10) ? 900 : sizeof(data));

			if (prng_below(&run.r, 2)) {
				for (size_t i = 0; i < len; i++)
					data[i] = (uint8_t)((ring.tail + i) * 37 + (ring.tail + i) / 251);
				seed_assert(run, rtmfp_bytering_reserve(&ring, &mem, len) == 0);
				(void)rtmfp_bytering_append(&ring, data, len);
			} else if (ring.tail > ring.head) {
				rtmfp_bytering_release(&ring,
						       ring.head + 1 +
							       prng_below(&run.r, ring.tail - ring.head));
			}
			if (ring.tail > ring.head) {
				uint64_t pos = ring.head + prng_below(&run.r, ring.tail - ring.head);
				size_t n = (size_t)prng_below(&run.r, ring.tail - pos + 1);
				struct rtmfp_bytes out[2];

				rtmfp_bytering_peek(&ring, pos, n, out);
				seed_assert(run, out[0].len + out[1].len == n);
				for (size_t i = 0; i < n; i++) {
					uint8_t byte =
						i < out[0].len ? out[0].p[i] : out[1].p[i - out[0].len];

					if (byte != (uint8_t)((pos + i) * 37 + (pos + i) / 251))
						seed_assert(run, !"the byte is as it was");
				}
			}
			if (prng_below(&run.r, 30) == 0) {
				size_t cap = ring.cap;

				fail_in = 1;
				seed_assert(run,
					    rtmfp_bytering_reserve(&ring, &mem, cap + 1) == RTMFP_ERR_NOMEM);
				fail_in = 0;
				seed_assert(run, ring.cap == cap);
			}
		}
		rtmfp_bytering_fini(&ring, &mem);
	}
}
END_TEST

/* ---- send queue ---- */

#define NAIVE 4096u

struct naive {
	bool here[NAIVE], lost[NAIVE];
};

static uint64_t naive_from(const struct naive *n, uint64_t seq, uint64_t next)
{
	while (seq < next && !n->here[seq])
		seq++;
	return seq;
}

START_TEST(fragments_as_in_a_plain_list)
{
	for (prng_each(run, 1, 200)) {
		static struct naive naive;
		struct rtmfp_sendqueue q;
		unsigned lost = 0, here = 0;

		memset(&naive, 0, sizeof(naive));
		rtmfp_sendqueue_init(&q, &mem);
		for (unsigned step = 0; step < 2000 && q.next < NAIVE; step++) {
			uint64_t span = q.next - q.front,
				 seq = q.front + (span ? prng_below(&run.r, span) : 0);
			uint64_t first = 0;

			switch (prng_below(&run.r, 6)) {
			case 0:
			case 1:
				seed_assert(run, rtmfp_sendqueue_reserve(&q) == 0);
				naive.here[q.next] = true;
				here++;
				(void)rtmfp_sendqueue_place(&q, RTMFP_FRA_WHOLE);
				break;
			case 2:
			case 3:
				/* a range is acknowledged, as ack_range does */
				for (unsigned n = 0; n < 10; n++) {
					seq = rtmfp_sendqueue_from(&q, seq);
					seed_assert(run, seq == naive_from(&naive, seq, q.next));
					if (seq == q.next)
						break;
					rtmfp_sendqueue_remove(&q, seq);
					naive.here[seq] = false;
					lost -= naive.lost[seq];
					naive.lost[seq] = false;
					here--;
				}
				break;
			case 4:
				if (span && naive.here[seq] && !naive.lost[seq]) {
					rtmfp_sendqueue_mark_lost(&q, seq);
					naive.lost[seq] = true;
					lost++;
				}
				break;
			default:
				if (span) {
					rtmfp_sendqueue_unmark_lost(&q, seq);
					lost -= naive.lost[seq];
					naive.lost[seq] = false;
				}
				break;
			}
			if (prng_below(&run.r, 20) == 0)
				rtmfp_sendqueue_idle(&q);
			if (here == 0 && q.next > 1 && prng_below(&run.r, 4) == 0) {
				seed_assert(run, rtmfp_sendqueue_reserve(&q) == 0);
				(void)rtmfp_sendqueue_revive(&q);
				naive.here[q.next - 1] = true;
				here++;
			}
			seed_assert(run, q.count == here && q.lost == lost);
			seed_assert(run, q.front == naive_from(&naive, 1, q.next));
			for (uint64_t i = q.front; i < q.next && !first; i++)
				first = naive.lost[i] ? i : 0;
			seed_assert(run, rtmfp_sendqueue_first_lost(&q) == first);
		}
		rtmfp_sendqueue_fini(&q);
	}
}
END_TEST

/* Messages are cut into fragments, with and without borrowing, and every byte is the right one. */
START_TEST(messages_are_cut)
{
	static uint8_t data[40000];

	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)(i * 13 + i / 256);
	for (prng_each(run, 1, 300)) {
		struct rtmfp_sendqueue q;
		size_t offset[NAIVE]; /* where the data of a fragment begins in |data| */
		size_t message_offset[200], front = 0, back = 0, queued = 0;

		rtmfp_sendqueue_init(&q, &mem);
		for (unsigned step = 0; step < 400 && q.next < NAIVE && back < 200; step++) {
			size_t len = (size_t)prng_below(&run.r, 3000);
			struct rtmfp_sendq_message m = { .queue_deadline = RTMFP_NEVER,
							 .len = (uint32_t)len };
			struct rtmfp_sendq_message *head = rtmfp_sendqueue_message(&q);
			struct rtmfp_bytes out[2];

			if (prng_below(&run.r, 3) == 0) {
				size_t at = (size_t)prng_below(&run.r, sizeof(data) - len);

				m.deadline = prng_below(&run.r, 2) ? RTMFP_NEVER : 0;
				if (m.deadline == 0 && len > 0 && prng_below(&run.r, 2))
					m.borrowed = data + at;
				if (prng_below(&run.r, 10) == 0) {
					fail_in = 1;
					if (rtmfp_sendqueue_push(&q, &m, data + at) == 0) {
						message_offset[back++] = at;
						queued += len;
					}
					fail_in = 0;
				} else {
					seed_assert(run, rtmfp_sendqueue_push(&q, &m, data + at) == 0);
					message_offset[back++] = at;
					queued += len;
				}
			} else if (head) {
				uint32_t left = head->len - head->done;
				uint32_t cut = left < 700 ? left : 1 + (uint32_t)prng_below(&run.r, 700);
				size_t at = message_offset[front] + head->done;
				bool reliable = head->deadline > 0;
				bool last = cut == left;
				const struct rtmfp_sendq_entry *e;

				rtmfp_sendqueue_peek(&q, cut, out);
				seed_assert(run, out[0].len + out[1].len == cut);
				seed_assert(run,
					    out[0].len == 0 || memcmp(out[0].p, data + at, out[0].len) == 0);
				seed_assert(run, out[1].len == 0 || memcmp(out[1].p, data + at + out[0].len,
									   out[1].len) == 0);
				seed_assert(run, rtmfp_sendqueue_reserve(&q) == 0);
				offset[q.next] = at;
				e = rtmfp_sendqueue_cut(&q, cut);
				seed_assert(run, e->len == cut);
				seed_assert(run, ((e->flags & RTMFP_SENDQ_HAS_DATA) != 0) == reliable);
				seed_assert(run,
					    last == (e->fra == RTMFP_FRA_END || e->fra == RTMFP_FRA_WHOLE));
				queued -= cut;
				front += last;
			}
			if (prng_below(&run.r, 10) == 0)
				seed_assert(run, rtmfp_sendqueue_settle(&q) == 0 && q.borrowed == 0);
			if (q.front < q.next && prng_below(&run.r, 3) == 0)
				rtmfp_sendqueue_remove(
					&q, rtmfp_sendqueue_from(
						    &q, q.front + prng_below(&run.r, q.next - q.front) / 4));
			rtmfp_sendqueue_release(&q);
			for (uint64_t seq = q.front; seq < q.next; seq++) {
				const struct rtmfp_sendq_entry *e = rtmfp_sendqueue_entry(&q, seq);

				if (!(e->flags & RTMFP_SENDQ_HAS_DATA) || e->len == 0)
					continue;
				rtmfp_bytering_peek(&q.bytes, e->pos, e->len, out);
				if (memcmp(out[0].p, data + offset[seq], out[0].len) != 0 ||
				    (out[1].len &&
				     memcmp(out[1].p, data + offset[seq] + out[0].len, out[1].len) != 0))
					seed_assert(run, !"the bytes are those of the message");
			}
			seed_assert(run, q.queued == queued);
			seed_assert(run, rtmfp_sendqueue_messages(&q) == back - front);
		}
		while (q.count > 0)
			rtmfp_sendqueue_remove(&q, q.front);
		while (rtmfp_sendqueue_message(&q)) {
			rtmfp_sendqueue_give_up(&q);
			rtmfp_sendqueue_drop_message(&q);
		}
		rtmfp_sendqueue_release(&q);
		seed_assert(run, q.bytes.head == q.bytes.tail && q.queued == 0 && q.borrowed == 0);
		rtmfp_sendqueue_idle(&q);
		seed_assert(run, !q.entries.slots && !q.messages.slots && !q.bytes.buf && !q.lost_bits);
		rtmfp_sendqueue_fini(&q);
	}
}
END_TEST

START_TEST(queue_has_limits)
{
	struct rtmfp_sendqueue q;
	struct rtmfp_sendq_message m = { .deadline = 0 };

	rtmfp_sendqueue_init(&q, &mem);
	for (unsigned i = 0; i < RTMFP_SENDQ_ENTRIES_MAX; i++) {
		if (rtmfp_sendqueue_reserve(&q) != 0)
			ck_abort_msg("fragment %u", i);
		(void)rtmfp_sendqueue_place(&q, RTMFP_FRA_WHOLE);
	}
	ck_assert_int_eq(rtmfp_sendqueue_reserve(&q), RTMFP_ERR_LIMIT);
	rtmfp_sendqueue_remove(&q, q.front);
	ck_assert_int_eq(rtmfp_sendqueue_reserve(&q), 0);
	for (unsigned i = 0; i < RTMFP_SENDQ_MESSAGES_MAX; i++) {
		if (rtmfp_sendqueue_push(&q, &m, NULL) != 0)
			ck_abort_msg("message %u", i);
	}
	ck_assert_int_eq(rtmfp_sendqueue_push(&q, &m, NULL), RTMFP_ERR_NOBUFS);
	rtmfp_sendqueue_fini(&q);
}
END_TEST

static void add(TCase *tc)
{
	tcase_add_test(tc, ring_keeps_its_slots);
	tcase_add_test(tc, bytes_keep_their_positions);
	tcase_add_test(tc, fragments_as_in_a_plain_list);
	tcase_add_test(tc, messages_are_cut);
	tcase_add_test(tc, queue_has_limits);
}

int main(void)
{
	return flows_main("flows_queue", add);
}
