/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A circular doubly linked list of embedded links. A link points to itself when it is in no list. */
#ifndef LIST_H
#define LIST_H

#include <stdbool.h>
#include <stddef.h>

struct rtmfp_list {
	struct rtmfp_list *prev, *next;
};

static inline void rtmfp_list_init(struct rtmfp_list *l)
{
	l->prev = l->next = l;
}

static inline bool rtmfp_list_empty(const struct rtmfp_list *l)
{
	return l->next == l;
}

/** rtmfp_list_remove takes |l| out of its list, if it is in one. */
static inline void rtmfp_list_remove(struct rtmfp_list *l)
{
	l->prev->next = l->next;
	l->next->prev = l->prev;
	rtmfp_list_init(l);
}

/** rtmfp_list_append puts |l|, which is in no list, at the end of |head|'s. */
static inline void rtmfp_list_append(struct rtmfp_list *head, struct rtmfp_list *l)
{
	l->prev = head->prev;
	l->next = head;
	head->prev->next = l;
	head->prev = l;
}

#define RTMFP_LIST_ENTRY(link, type, member) ((type *)(void *)((char *)(link)-offsetof(type, member)))

#endif
