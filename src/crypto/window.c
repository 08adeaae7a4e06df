/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Replay window.
 */
#include "window.h"

#include <string.h>

bool window_record(struct window *w, uint32_t number)
{
	const uint64_t word = number / 64;
	const bool newest = number >= w->end;

	if (newest) {
		/* Words after that of the old maximum hold what was seen a whole ring ago. */
		uint64_t stale = w->end ? (w->end - 1) / 64 + 1 : 0;

		if (word >= stale && word - stale >= WINDOW_WORDS)
			memset(w->seen, 0, sizeof(w->seen));
		else
			for (; stale <= word; stale++)
				w->seen[stale % WINDOW_WORDS] = 0;
		w->end = (uint64_t)number + 1;
	}
	w->seen[word % WINDOW_WORDS] |= (uint64_t)1 << (number % 64);
	return newest;
}
