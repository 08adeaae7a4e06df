/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The token buckets of limiter.h. */
#include "limiter.h"

#include <string.h>

#define TOKEN 1000u /* thousandths of a token */

/* |*updated| moves by what was gained and no further, so that frequent looks lose no fractions. */
static uint32_t refill(uint32_t tokens, uint64_t *updated, unsigned rate, unsigned burst, uint64_t now)
{
	uint64_t elapsed = now - *updated;
	uint64_t full = (uint64_t)burst * TOKEN;
	uint64_t gained = full;

	if (elapsed < RTMFP_S(1) * ((uint64_t)burst / rate + 1))
		gained = elapsed * rate / (RTMFP_S(1) / TOKEN);
	if (tokens + gained >= full) {
		*updated = now;
		return (uint32_t)full;
	}
	*updated += gained * (RTMFP_S(1) / TOKEN) / rate;
	return (uint32_t)(tokens + gained);
}

void rtmfp_limiter_init(struct rtmfp_limiter *l, const struct rtmfp_mem *mem, size_t sources, unsigned rate,
			unsigned burst, uint64_t secret)
{
	*l = (struct rtmfp_limiter){
		.mem = mem, .sets = 1, .secret = secret | 1, .rate = rate, .burst = burst
	};
	while (l->sets * RTMFP_LIMITER_WAYS < sources)
		l->sets *= 2;
}

void rtmfp_limiter_fini(struct rtmfp_limiter *l)
{
	rtmfp_free(l->mem, l->buckets);
	l->buckets = NULL;
}

/* Unpredictable without |secret|; who finds a collision only shares a bucket. */
static uint64_t source_key(const struct rtmfp_limiter *l, const struct rtmfp_addr *source)
{
	uint64_t word = 0, h;

	memcpy(&word, source->ip, source->family == 4 ? 4 : 8);
	h = (word ^ l->secret) * 0x9e3779b97f4a7c15u;
	h = (h ^ (h >> 32) ^ source->family) * (l->secret | 1);
	h ^= h >> 29;
	return h ? h : 1;
}

bool rtmfp_limiter_take(struct rtmfp_limiter *l, const struct rtmfp_addr *source, uint64_t now)
{
	uint64_t key = source_key(l, source);
	struct rtmfp_limiter_bucket *set, *b = NULL;

	if (!l->buckets) {
		l->buckets = rtmfp_alloc(l->mem, l->sets * RTMFP_LIMITER_WAYS * sizeof(*l->buckets));
		if (!l->buckets)
			return false;
	}
	set = &l->buckets[(key & (l->sets - 1)) * RTMFP_LIMITER_WAYS];
	for (unsigned i = 0; i < RTMFP_LIMITER_WAYS; i++) {
		if (set[i].key == key) {
			b = &set[i];
			break;
		}
		if (!b || set[i].updated < b->updated)
			b = &set[i];
	}
	if (b->key != key)
		*b = (struct rtmfp_limiter_bucket){ .key = key, .tokens = l->burst * TOKEN, .updated = now };
	b->tokens = refill(b->tokens, &b->updated, l->rate, l->burst, now);
	if (b->tokens < TOKEN)
		return false;
	b->tokens -= TOKEN;
	return true;
}

void rtmfp_bucket_init(struct rtmfp_bucket *b, unsigned rate, unsigned burst, uint64_t now)
{
	*b = (struct rtmfp_bucket){ .updated = now, .tokens = burst * TOKEN, .rate = rate, .burst = burst };
}

bool rtmfp_bucket_take(struct rtmfp_bucket *b, uint64_t now)
{
	b->tokens = refill(b->tokens, &b->updated, b->rate, b->burst, now);
	if (b->tokens < TOKEN)
		return false;
	b->tokens -= TOKEN;
	return true;
}
