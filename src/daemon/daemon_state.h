/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What flowtund remembers across its own death: each peer's last verified address (PROTOCOL.md section 5.2),
 * so that a restarted daemon can open to its peers before they notice. One small text file for each
 * interface and identity, <dir>/<interface>-<16 hex digits of the public key>.peers, so that the same
 * interface name in two network namespaces has two. Losing it costs nothing but time: whatever is
 * wrong with it is one warning, and life goes on.
 */
#ifndef DAEMON_STATE_H
#define DAEMON_STATE_H

#include "rtmfp_types.h"

#define STATE_ENTRIES_MAX 65536
#define STATE_KEY_BYTES	  32

struct state;

struct state_entry {
	uint8_t public_key[STATE_KEY_BYTES];
	struct rtmfp_addr addr; /* origin is not kept */
	int64_t verified;	/* Unix time */
	bool alive;		/* a session was open when this was written */
};

/**
 * state_open reads what an earlier life left. A missing file or directory is normal; a file that is corrupt,
 * truncated, too large or unreadable is ignored with one warning.
 *
 * |dir|        created at the first write, mode 0700
 * |interface|  a valid name
 *
 * Returns NULL only when out of memory.
 */
struct state *state_open(const char *dir, const char *interface,
			 const uint8_t public_key[STATE_KEY_BYTES]) RTMFP_MUST_CHECK;

/** state_find returns the entry of |public_key|, good until the next state_set or state_forget, or NULL. */
const struct state_entry *state_find(const struct state *state, const uint8_t public_key[STATE_KEY_BYTES]);
/** state_at returns entry |i|, or NULL from the last one's successor on: for walking. */
const struct state_entry *state_at(const struct state *state, size_t i);

/**
 * state_set remembers |entry| in place of its key's former one. Does nothing beyond STATE_ENTRIES_MAX keys,
 * for an entry without address or port, and when out of memory.
 */
void state_set(struct state *state, const struct state_entry *entry);
/** state_forget drops the entry of a key, e.g. of a peer that is not configured any more. */
void state_forget(struct state *state, const uint8_t public_key[STATE_KEY_BYTES]);

/** state_is_dirty: has anything but times changed since the last state_save, or did that fail? */
bool state_is_dirty(const struct state *state);

/**
 * state_save hands what is known to a thread of its own, which writes a temporary file, syncs it and renames
 * it; it never waits for the disk. A newer save replaces an older one that has not started. Failure (full
 * disk, no directory) is one warning until it works again.
 */
void state_save(struct state *state);

/** state_free waits for what state_save was given. What was not saved is lost. NULL is allowed. */
void state_free(struct state *state);

#endif
