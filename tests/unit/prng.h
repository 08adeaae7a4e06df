/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reproducible randomness for unit tests: splitmix64, and a loop over seeds that tells which one failed.
 * TEST_SEED=<number> in the environment makes every such loop run that seed alone.
 */
#ifndef PRNG_H
#define PRNG_H

#include <check.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

struct prng {
	uint64_t state;
};

static inline uint64_t prng_next(struct prng *r)
{
	uint64_t z = r->state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

/* 0 to n - 1; good enough for tests, slightly uneven */
static inline uint64_t prng_below(struct prng *r, uint64_t n)
{
	return prng_next(r) % n;
}

/* A number of 0 to 64 significant bits, each length as likely: small ones and huge ones. */
static inline uint64_t prng_wide(struct prng *r)
{
	uint64_t bits = prng_below(r, 65);

	return bits == 0 ? 0 : prng_next(r) >> (64 - bits);
}

static inline void prng_fill(struct prng *r, uint8_t *p, size_t len)
{
	for (size_t i = 0; i < len; i++)
		p[i] = (uint8_t)prng_next(r);
}

/* What one loop over seeds keeps; the first two are for prng_assert. */
struct prng_run {
	uint64_t seed;
	uint64_t end;
	struct prng r;
};

static inline struct prng_run prng_begin(uint64_t first, uint64_t n)
{
	const char *fixed = getenv("TEST_SEED");
	struct prng_run run = { .seed = first, .end = first + n };

	if (fixed) {
		run.seed = strtoull(fixed, NULL, 0);
		run.end = run.seed + 1;
	}
	run.r.state = run.seed;
	return run;
}

static inline bool prng_more(struct prng_run *run)
{
	return run->seed != run->end;
}

static inline void prng_advance(struct prng_run *run)
{
	run->seed++;
	run->r.state = run->seed;
}

/* for (prng_each(run, first, n)) { ... &run.r ... prng_assert(run, condition); } */
#define prng_each(run, first, n)                    \
	struct prng_run run = prng_begin(first, n); \
	prng_more(&(run));                          \
	prng_advance(&(run))

#define prng_assert(run, condition) \
	ck_assert_msg(condition, "%s; replay with TEST_SEED=%" PRIu64, #condition, (run).seed)

#endif
