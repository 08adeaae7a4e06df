/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Replay window (PROTOCOL.md section 3): which packet numbers of one key have been seen. The ring of RFC
 * 6479: moving forward clears whole words and shifts nothing.
 *
 * Check before the packet is authenticated, record after.
 */
#ifndef WINDOW_H
#define WINDOW_H

#include "rtmfp_types.h"

#define WINDOW_SIZE 8192u /* W: numbers below max - W + 1 are too old */
#define WINDOW_WORDS                                                                          \
	(WINDOW_SIZE / 64 + 1) /* one more than W needs: the greatest number may begin a word \
				*/

/* All zero is a window that has seen nothing. */
struct window {
	uint64_t end; /* greatest number seen + 1 */
	uint64_t seen[WINDOW_WORDS];
};

/** window_passes: may |number| still be accepted? */
static inline bool window_passes(const struct window *w, uint32_t number)
{
	if (number >= w->end)
		return true;
	if (w->end - 1 - number >= WINDOW_SIZE)
		return false;
	return !(w->seen[number / 64 % WINDOW_WORDS] >> (number % 64) & 1);
}

/** window_record marks |number|, which passes. Returns true iff it is the greatest so far. */
bool window_record(struct window *w, uint32_t number);

#endif
