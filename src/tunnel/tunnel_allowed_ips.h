/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Allowed IPs: which peer owns an inner address, longest prefix first, as WireGuard has it. The same table
 * routes packets that leave (by destination) and filters packets that arrive (by source).
 *
 * Two path-compressed binary tries, one a family. A prefix costs one node, and at most one more where two
 * branches part. Called by tunnel.c; no input from the wire gets here except the addresses that are looked
 * up.
 */
#ifndef TUNNEL_ALLOWED_IPS_H
#define TUNNEL_ALLOWED_IPS_H

#include "rtmfp_types.h"

struct tunnel_allowed_ips;
struct tunnel_allowed_node;

struct tunnel_prefix {
	uint8_t family; /* 4 or 6 */
	uint8_t len;	/* 0 to 32, 0 to 128 */
	uint8_t ip[16]; /* network order; IPv4 uses the first 4 */
};

/*
 * Who owns prefixes. It is embedded in the peer, zeroed except |peer| before its first insert; it must not
 * move while it owns any.
 */
struct tunnel_allowed_owner {
	void *peer; /* the caller's */
	struct tunnel_allowed_node *first,
		*last; /* of the owner's prefixes, in the order of their insertion */
	size_t count;
};

/** tunnel_allowed_ips_new returns an empty table, or NULL without memory. |mem| must outlive it. */
struct tunnel_allowed_ips *tunnel_allowed_ips_new(const struct rtmfp_mem *mem) RTMFP_MUST_CHECK;
/** tunnel_allowed_ips_free frees the table with all its prefixes; owners are not touched. NULL is allowed. */
void tunnel_allowed_ips_free(struct tunnel_allowed_ips *table);

/**
 * tunnel_allowed_ips_insert gives |prefix| to |owner|. Who had exactly this prefix loses it. Bits behind the
 * length are ignored. It becomes the last of the owner's prefixes, also if it was the owner's already.
 *
 * Returns 0, RTMFP_ERR_SYNTAX (no such family or length), RTMFP_ERR_NOMEM (nothing changed).
 */
int tunnel_allowed_ips_insert(struct tunnel_allowed_ips *table, const struct tunnel_prefix *prefix,
			      struct tunnel_allowed_owner *owner) RTMFP_MUST_CHECK;
/** tunnel_allowed_ips_remove takes |prefix| away from |owner|; false if it was not |owner|'s. */
bool tunnel_allowed_ips_remove(struct tunnel_allowed_ips *table, const struct tunnel_prefix *prefix,
			       struct tunnel_allowed_owner *owner);
/** tunnel_allowed_ips_remove_owner takes everything away from |owner|. */
void tunnel_allowed_ips_remove_owner(struct tunnel_allowed_ips *table, struct tunnel_allowed_owner *owner);

/**
 * tunnel_allowed_ips_lookup returns the owner of the longest prefix that covers |address| (4 or 16 bytes,
 * any alignment, by |family|), or NULL. At most 33 or 129 steps; allocates nothing.
 */
struct tunnel_allowed_owner *tunnel_allowed_ips_lookup(const struct tunnel_allowed_ips *table, uint8_t family,
						       const uint8_t *address);

/** tunnel_allowed_ips_count returns the number of prefixes in the table. */
size_t tunnel_allowed_ips_count(const struct tunnel_allowed_ips *table);
/**
 * tunnel_allowed_ips_next walks the prefixes of |owner| in the order of their insertion. |at|: what the last
 * call returned, NULL to begin. Returns NULL at the end. The table must not change meanwhile.
 */
const struct tunnel_allowed_node *tunnel_allowed_ips_next(const struct tunnel_allowed_owner *owner,
							  const struct tunnel_allowed_node *at,
							  struct tunnel_prefix *prefix);

#endif
