/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Session IDs that this end has handed out (RFC 7016 sections 2.2.2 and 3.3): a hash table from the 32-bit ID
 * to what it names. Entries are embedded in their owners. IDs are random and our own choice, so they are
 * their own hash.
 */
#ifndef IDTABLE_H
#define IDTABLE_H

#include "rtmfp_types.h"

enum rtmfp_id_kind {
	RTMFP_ID_NONE,
	RTMFP_ID_EPOCH,	  /* owner: a session; |slot| its epoch */
	RTMFP_ID_KEYING,  /* owner: an opening; |slot| its keying */
	RTMFP_ID_RETIRED, /* not to be used again for a while */
	RTMFP_ID_TAG,	  /* in the table of names: owner is an opening */
	RTMFP_ID_MEMO,	/* in the table of names: owner is an unconfirmed session, value the initiator's ID */
	RTMFP_ID_TOKEN, /* in the table of names: owner is a session, its far end's reset token */
};

struct rtmfp_id {
	uint32_t value;
	uint8_t kind;
	uint8_t slot;
	void *owner;
	struct rtmfp_id *next;
};

struct rtmfp_idtable {
	const struct rtmfp_mem *mem;
	struct rtmfp_id **buckets;
	uint32_t mask;
	size_t count;
};

int rtmfp_idtable_init(struct rtmfp_idtable *t, const struct rtmfp_mem *mem) RTMFP_MUST_CHECK;
/** rtmfp_idtable_fini frees the table; a zeroed one, or one whose init failed, is allowed. */
void rtmfp_idtable_fini(struct rtmfp_idtable *t);
/** rtmfp_idtable_add enters |id|, whose fields are set; its value may stand there already (tokens). Does not
 * fail. */
void rtmfp_idtable_add(struct rtmfp_idtable *t, struct rtmfp_id *id);
/** rtmfp_idtable_find returns the first entry of this value; |next| may lead to more, of other values among
 * them. */
static inline struct rtmfp_id *rtmfp_idtable_find(const struct rtmfp_idtable *t, uint32_t value)
{
	struct rtmfp_id *id = t->buckets[value & t->mask];

	while (id && id->value != value)
		id = id->next;
	return id;
}
/** rtmfp_idtable_remove takes |id| out; a zeroed one is allowed. */
void rtmfp_idtable_remove(struct rtmfp_idtable *t, struct rtmfp_id *id);

#endif
