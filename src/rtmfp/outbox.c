/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Datagrams that belong to no open session: startup packets, last words, resets. They are rare, so each is
 * an allocation of its own; how many can wait is bounded by who caused them.
 */
#include "endpoint_impl.h"

#include <string.h>

void rtmfp_outbox_init(struct rtmfp_outbox *o)
{
	o->head = NULL;
	o->tail = &o->head;
	o->count = o->strangers = 0;
}

static void drop_head(struct rtmfp_outbox *o, const struct rtmfp_mem *mem)
{
	struct rtmfp_parcel *p = o->head;

	o->head = p->next;
	if (!o->head)
		o->tail = &o->head;
	o->count--;
	o->strangers -= p->stranger;
	rtmfp_free(mem, p);
}

void rtmfp_outbox_fini(struct rtmfp_outbox *o, const struct rtmfp_mem *mem)
{
	while (o->head)
		drop_head(o, mem);
}

bool rtmfp_outbox_push(struct rtmfp_outbox *o, const struct rtmfp_mem *mem, enum rtmfp_outbox_cause cause,
		       const struct rtmfp_path *path, const uint8_t *bytes, size_t len)
{
	struct rtmfp_parcel *p;

	if (o->count >= RTMFP_OUTBOX_MAX ||
	    (cause == RTMFP_OUTBOX_STRANGERS && o->strangers >= RTMFP_OUTBOX_STRANGERS_MAX))
		return false;
	p = rtmfp_alloc(mem, sizeof(*p) + len);
	if (!p)
		return false;
	p->path = *path;
	p->len = len;
	memcpy(p->bytes, bytes, len);
	p->stranger = cause == RTMFP_OUTBOX_STRANGERS;
	o->strangers += p->stranger;
	*o->tail = p;
	o->tail = &p->next;
	o->count++;
	return true;
}

unsigned rtmfp_outbox_pop(struct rtmfp_outbox *o, const struct rtmfp_mem *mem, struct rtmfp_train *train)
{
	if (!o->head)
		return 0;
	train->path = o->head->path;
	train->len = train->segment = o->head->len;
	train->count = 1;
	train->ecn = 0;
	memcpy(train->buf, o->head->bytes, o->head->len);
	drop_head(o, mem);
	return 1;
}
