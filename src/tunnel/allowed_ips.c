/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The two tries of tunnel_allowed_ips.h. A node stands for a prefix; its children's prefixes begin with its
 * own, and the bit after it selects the child. A node without owner is a joint: it is there because its two
 * children part, so it always has both.
 */
#include "tunnel_allowed_ips.h"

#include <assert.h>
#include <string.h>

struct tunnel_allowed_node {
	struct tunnel_allowed_node *child[2];
	struct tunnel_allowed_owner *owner;	     /* NULL: a joint */
	struct tunnel_allowed_node *previous, *next; /* among the owner's */
	uint8_t family;
	uint8_t len;
	uint64_t key[]; /* host order, 0 behind |len|; IPv4: the upper half of one word, IPv6: two words */
};

struct tunnel_allowed_ips {
	const struct rtmfp_mem *mem;
	struct tunnel_allowed_node *root4, *root6;
	size_t count;
};

struct key {
	uint64_t word[2];
};

static uint64_t load32(const uint8_t *p)
{
	return (uint64_t)p[0] << 24 | (uint64_t)p[1] << 16 | (uint64_t)p[2] << 8 | p[3];
}

static uint64_t load64(const uint8_t *p)
{
	return load32(p) << 32 | load32(p + 4);
}

static struct key key_load(uint8_t family, const uint8_t *ip)
{
	if (family == 4)
		return (struct key){ { load32(ip) << 32, 0 } };
	return (struct key){ { load64(ip), load64(ip + 8) } };
}

static struct key key_mask(struct key key, unsigned len)
{
	if (len <= 64) {
		key.word[0] &= len ? UINT64_MAX << (64 - len) : 0;
		key.word[1] = 0;
	} else {
		key.word[1] &= UINT64_MAX << (128 - len);
	}
	return key;
}

static struct key key_of(const struct tunnel_allowed_node *node)
{
	return (struct key){ { node->key[0], node->family == 6 ? node->key[1] : 0 } };
}

/* The bit after the first |at| ones; |at| is less than 128. */
static unsigned key_bit(const struct key *key, unsigned at)
{
	return (unsigned)(key->word[at / 64] >> (63 - at % 64)) & 1;
}

/* How many bits of |a| and |b| are the same from the start on: 0 to 128. */
static unsigned key_common(const struct key *a, const struct key *b)
{
	unsigned at = a->word[0] == b->word[0] ? 64 : 0;
	uint64_t differ = a->word[at / 64] ^ b->word[at / 64];

	if (!differ)
		return 128;
	for (unsigned step = 32; step; step /= 2) {
		if (!(differ >> (64 - step))) {
			differ <<= step;
			at += step;
		}
	}
	return at;
}

static bool covers4(const struct tunnel_allowed_node *node, uint64_t key)
{
	return !node->len || !((node->key[0] ^ key) >> (64 - node->len));
}

static bool covers6(const struct tunnel_allowed_node *node, const struct key *key)
{
	if (node->len <= 64)
		return covers4(node, key->word[0]);
	return node->key[0] == key->word[0] && !((node->key[1] ^ key->word[1]) >> (128 - node->len));
}

static struct tunnel_allowed_node **root_of(struct tunnel_allowed_ips *table, uint8_t family)
{
	return family == 4 ? &table->root4 : &table->root6;
}

static bool is_prefix(const struct tunnel_prefix *prefix)
{
	return (prefix->family == 4 && prefix->len <= 32) || (prefix->family == 6 && prefix->len <= 128);
}

struct tunnel_allowed_ips *tunnel_allowed_ips_new(const struct rtmfp_mem *mem)
{
	struct tunnel_allowed_ips *table = rtmfp_alloc(mem, sizeof(*table));

	if (table)
		table->mem = mem;
	return table;
}

/* Frees without recursion: turns the first branch of a node over to the place of the second until none is
 * left. */
static void free_trie(const struct rtmfp_mem *mem, struct tunnel_allowed_node *node)
{
	while (node) {
		struct tunnel_allowed_node *first = node->child[0];

		if (first) {
			node->child[0] = first->child[1];
			first->child[1] = node;
			node = first;
		} else {
			struct tunnel_allowed_node *second = node->child[1];

			rtmfp_free(mem, node);
			node = second;
		}
	}
}

void tunnel_allowed_ips_free(struct tunnel_allowed_ips *table)
{
	if (!table)
		return;
	free_trie(table->mem, table->root4);
	free_trie(table->mem, table->root6);
	rtmfp_free(table->mem, table);
}

static struct tunnel_allowed_node *node_new(const struct tunnel_allowed_ips *table, uint8_t family,
					    struct key key, unsigned len)
{
	size_t words = family == 4 ? 1 : 2;
	struct tunnel_allowed_node *node =
		rtmfp_alloc(table->mem, sizeof(*node) + words * sizeof(node->key[0]));

	if (!node)
		return NULL;
	key = key_mask(key, len);
	node->family = family;
	node->len = (uint8_t)len;
	memcpy(node->key, key.word, words * sizeof(node->key[0]));
	return node;
}

static void disown(struct tunnel_allowed_ips *table, struct tunnel_allowed_node *node)
{
	struct tunnel_allowed_owner *owner = node->owner;

	*(node->previous ? &node->previous->next : &owner->first) = node->next;
	*(node->next ? &node->next->previous : &owner->last) = node->previous;
	node->previous = node->next = NULL;
	node->owner = NULL;
	owner->count--;
	table->count--;
}

static void own(struct tunnel_allowed_ips *table, struct tunnel_allowed_node *node,
		struct tunnel_allowed_owner *owner)
{
	if (node->owner)
		disown(table, node);
	node->owner = owner;
	node->previous = owner->last;
	*(owner->last ? &owner->last->next : &owner->first) = node;
	owner->last = node;
	owner->count++;
	table->count++;
}

int tunnel_allowed_ips_insert(struct tunnel_allowed_ips *table, const struct tunnel_prefix *prefix,
			      struct tunnel_allowed_owner *owner)
{
	struct tunnel_allowed_node **link, *node, *joint, *other;
	struct key key, other_key;
	unsigned common = 0;

	if (!is_prefix(prefix))
		return RTMFP_ERR_SYNTAX;
	key = key_load(prefix->family, prefix->ip); /* node_new drops what is behind the length */
	for (link = root_of(table, prefix->family); (other = *link);
	     link = &other->child[key_bit(&key, other->len)]) {
		other_key = key_of(other);
		common = key_common(&key, &other_key);
		if (common > prefix->len)
			common = prefix->len;
		if (common < other->len)
			break;
		if (other->len == prefix->len) {
			own(table, other, owner);
			return 0;
		}
	}

	node = node_new(table, prefix->family, key, prefix->len);
	if (!node)
		return RTMFP_ERR_NOMEM;
	if (!other) {
		*link = node;
	} else if (common == prefix->len) {
		node->child[key_bit(&other_key, common)] = other;
		*link = node;
	} else {
		joint = node_new(table, prefix->family, key, common);
		if (!joint) {
			rtmfp_free(table->mem, node);
			return RTMFP_ERR_NOMEM;
		}
		joint->child[key_bit(&key, common)] = node;
		joint->child[!key_bit(&key, common)] = other;
		*link = joint;
	}
	own(table, node, owner);
	return 0;
}

/* Finds the place that points to the node of exactly this prefix, and the place that points to its parent (or
 * NULL). */
static struct tunnel_allowed_node **find(struct tunnel_allowed_ips *table, uint8_t family,
					 const struct key *key, unsigned len,
					 struct tunnel_allowed_node ***parent)
{
	struct tunnel_allowed_node **link = root_of(table, family), *node;

	*parent = NULL;
	while ((node = *link) && node->len < len) {
		*parent = link;
		link = &node->child[key_bit(key, node->len)];
	}
	if (!node || node->len != len || key_of(node).word[0] != key->word[0] ||
	    key_of(node).word[1] != key->word[1])
		return NULL;
	return link;
}

/* Puts the only child of the node at |link|, or nothing, in its place, unless it has an owner or two
 * children. */
static void prune(const struct tunnel_allowed_ips *table, struct tunnel_allowed_node **link)
{
	struct tunnel_allowed_node *node = *link;

	if (node->owner || (node->child[0] && node->child[1]))
		return;
	*link = node->child[0] ? node->child[0] : node->child[1];
	rtmfp_free(table->mem, node);
}

static void remove_at(struct tunnel_allowed_ips *table, struct tunnel_allowed_node **link,
		      struct tunnel_allowed_node **parent)
{
	disown(table, *link);
	prune(table, link);
	if (parent)
		prune(table, parent);
}

bool tunnel_allowed_ips_remove(struct tunnel_allowed_ips *table, const struct tunnel_prefix *prefix,
			       struct tunnel_allowed_owner *owner)
{
	struct tunnel_allowed_node **link, **parent;
	struct key key;

	if (!is_prefix(prefix))
		return false;
	key = key_mask(key_load(prefix->family, prefix->ip), prefix->len);
	link = find(table, prefix->family, &key, prefix->len, &parent);
	if (!link || (*link)->owner != owner)
		return false;
	remove_at(table, link, parent);
	return true;
}

void tunnel_allowed_ips_remove_owner(struct tunnel_allowed_ips *table, struct tunnel_allowed_owner *owner)
{
	while (owner->first) {
		struct key key = key_of(owner->first);
		struct tunnel_allowed_node **parent;
		struct tunnel_allowed_node **link =
			find(table, owner->first->family, &key, owner->first->len, &parent);

		assert(link && *link == owner->first);
		remove_at(table, link, parent);
	}
}

static struct tunnel_allowed_owner *lookup4(const struct tunnel_allowed_node *node, uint64_t key)
{
	struct tunnel_allowed_owner *best = NULL;

	for (; node && covers4(node, key); node = node->child[key >> (63 - node->len) & 1]) {
		if (node->owner)
			best = node->owner;
	}
	return best;
}

static struct tunnel_allowed_owner *lookup6(const struct tunnel_allowed_node *node, const struct key *key)
{
	struct tunnel_allowed_owner *best = NULL;

	for (; node && covers6(node, key); node = node->child[key_bit(key, node->len)]) {
		if (node->owner)
			best = node->owner;
		if (node->len == 128)
			break;
	}
	return best;
}

struct tunnel_allowed_owner *tunnel_allowed_ips_lookup(const struct tunnel_allowed_ips *table, uint8_t family,
						       const uint8_t *address)
{
	struct key key = key_load(family, address);

	return family == 4 ? lookup4(table->root4, key.word[0]) : lookup6(table->root6, &key);
}

size_t tunnel_allowed_ips_count(const struct tunnel_allowed_ips *table)
{
	return table->count;
}

const struct tunnel_allowed_node *tunnel_allowed_ips_next(const struct tunnel_allowed_owner *owner,
							  const struct tunnel_allowed_node *at,
							  struct tunnel_prefix *prefix)
{
	const struct tunnel_allowed_node *node = at ? at->next : owner->first;

	if (!node)
		return NULL;
	*prefix = (struct tunnel_prefix){ .family = node->family, .len = node->len };
	for (unsigned i = 0; i < (node->family == 4 ? 4 : 16); i++)
		prefix->ip[i] = (uint8_t)(node->key[i / 8] >> (56 - i % 8 * 8));
	return node;
}
