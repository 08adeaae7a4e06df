/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The hash table of idtable.h. */
#include "idtable.h"

#include <string.h>

int rtmfp_idtable_init(struct rtmfp_idtable *t, const struct rtmfp_mem *mem)
{
	*t = (struct rtmfp_idtable){ .mem = mem, .mask = 63 };
	t->buckets = rtmfp_alloc(mem, (t->mask + 1) * sizeof(*t->buckets));
	return t->buckets ? 0 : RTMFP_ERR_NOMEM;
}

void rtmfp_idtable_fini(struct rtmfp_idtable *t)
{
	if (t->buckets)
		rtmfp_free(t->mem, t->buckets);
	t->buckets = NULL;
}

/* Without memory the chains only get longer. */
static void grow(struct rtmfp_idtable *t)
{
	uint32_t mask = 2 * t->mask + 1;
	struct rtmfp_id **buckets = rtmfp_alloc(t->mem, ((size_t)mask + 1) * sizeof(*buckets));

	if (!buckets)
		return;
	for (uint32_t i = 0; i <= t->mask; i++) {
		for (struct rtmfp_id *id = t->buckets[i], *next; id; id = next) {
			next = id->next;
			id->next = buckets[id->value & mask];
			buckets[id->value & mask] = id;
		}
	}
	rtmfp_free(t->mem, t->buckets);
	t->buckets = buckets;
	t->mask = mask;
}

void rtmfp_idtable_add(struct rtmfp_idtable *t, struct rtmfp_id *id)
{
	if (t->count > t->mask && t->mask < (1u << 24))
		grow(t);
	id->next = t->buckets[id->value & t->mask];
	t->buckets[id->value & t->mask] = id;
	t->count++;
}

void rtmfp_idtable_remove(struct rtmfp_idtable *t, struct rtmfp_id *id)
{
	struct rtmfp_id **at;

	if (id->kind == RTMFP_ID_NONE)
		return;
	for (at = &t->buckets[id->value & t->mask]; *at; at = &(*at)->next) {
		if (*at == id) {
			*at = id->next;
			t->count--;
			break;
		}
	}
	memset(id, 0, sizeof(*id));
}
