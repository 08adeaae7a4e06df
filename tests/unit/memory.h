/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An allocator for unit tests that counts what is out and fails when told to. */
#ifndef MEMORY_H
#define MEMORY_H

#include <stdlib.h>

#include "rtmfp_types.h"

struct memory {
	uint64_t out;
	uint64_t calls;
	bool fail;	  /* every allocation */
	uint64_t fail_at; /* this allocation alone, 1 is the first; 0: none */
};

static inline void *memory_alloc(void *ctx, size_t size)
{
	struct memory *m = ctx;
	void *p;

	m->calls++;
	if (m->fail || m->calls == m->fail_at)
		return NULL;
	p = calloc(1, size);
	if (!p)
		abort();
	m->out++;
	return p;
}

static inline void memory_free(void *ctx, void *p)
{
	struct memory *m = ctx;

	if (p)
		m->out--;
	free(p);
}

static inline struct rtmfp_mem memory_of(struct memory *m)
{
	return (struct rtmfp_mem){ .alloc = memory_alloc, .free = memory_free, .ctx = m };
}

#endif
