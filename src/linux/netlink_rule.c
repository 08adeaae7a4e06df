/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Policy rules for tunnels that take all traffic, and removing those that killed processes left. Called by
 * the daemon when it starts and stops.
 */
#include "config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <linux/fib_rules.h>
#include <linux/rtnetlink.h>

#include "linux_netlink.h"
#include "netlink.h"

#define LIST_ATTEMPTS  5	  /* to read a list that changes while it is read */
#define NO_SUPPRESSION UINT32_MAX /* as the kernel says it */

/* A rule of ours. Its protocol and the inversion of the mark are understood. */
struct rule {
	uint8_t family;
	uint32_t mark;
	uint32_t table;
	uint32_t priority;
	uint32_t suppressed_len; /* routes up to this prefix length do not count */
	bool stale;
};

struct rule_list {
	struct rule *rules;
	size_t count, capacity;
	bool failed; /* no memory */
};

static struct nl_msg *rule_message(int type, int flags, const struct rule *rule)
{
	const struct fib_rule_hdr header = {
		.family = (uint8_t)to_af(rule->family),
		.action = FR_ACT_TO_TBL,
		.flags = FIB_RULE_INVERT,
	};
	struct nl_msg *msg = netlink_message(type, flags, &header, sizeof(header));

	if (msg == NULL)
		return NULL;
	if (nla_put_u32(msg, FRA_PRIORITY, rule->priority) == 0 &&
	    nla_put_u32(msg, FRA_FWMARK, rule->mark) == 0 && nla_put_u32(msg, FRA_TABLE, rule->table) == 0 &&
	    nla_put_u8(msg, FRA_PROTOCOL, LINUX_NETLINK_PROTOCOL) == 0 &&
	    (rule->suppressed_len == NO_SUPPRESSION ||
	     nla_put_u32(msg, FRA_SUPPRESS_PREFIXLEN, rule->suppressed_len) == 0))
		return msg;
	nlmsg_free(msg);
	return NULL;
}

static int add_rule(struct linux_netlink *nl, const struct rule *rule, struct linux_error *error)
{
	int result = netlink_talk(nl, rule_message(RTM_NEWRULE, NLM_F_CREATE | NLM_F_EXCL, rule), NULL, NULL);

	if (result != 0 && result != -EEXIST)
		return netlink_failed(nl, error, result,
				      "add the IPv%u policy rule `not fwmark 0x%x lookup %u`", rule->family,
				      rule->mark, rule->table);
	return 0;
}

static int remove_rule(struct linux_netlink *nl, const struct rule *rule, struct linux_error *error)
{
	int result = netlink_talk(nl, rule_message(RTM_DELRULE, 0, rule), NULL, NULL);

	if (result != 0 && result != -ENOENT)
		return netlink_failed(nl, error, result,
				      "remove the IPv%u policy rule `not fwmark 0x%x lookup %u`",
				      rule->family, rule->mark, rule->table);
	return 0;
}

static bool parse_rule(struct nlmsghdr *message, struct rule *rule)
{
	struct nlattr *attrs[FRA_MAX + 1];
	const struct fib_rule_hdr *header;

	memset(rule, 0, sizeof(*rule));
	if (message->nlmsg_type != RTM_NEWRULE ||
	    nlmsg_parse(message, sizeof(*header), attrs, FRA_MAX, NULL) != 0)
		return false;
	header = nlmsg_data(message);
	if (header->action != FR_ACT_TO_TBL || (header->flags & FIB_RULE_INVERT) == 0 ||
	    attrs[FRA_PROTOCOL] == NULL || nla_get_u8(attrs[FRA_PROTOCOL]) != LINUX_NETLINK_PROTOCOL ||
	    attrs[FRA_FWMARK] == NULL || attrs[FRA_PRIORITY] == NULL)
		return false;
	rule->family = from_af(header->family);
	rule->mark = nla_get_u32(attrs[FRA_FWMARK]);
	rule->table = attrs[FRA_TABLE] != NULL ? nla_get_u32(attrs[FRA_TABLE]) : header->table;
	rule->priority = nla_get_u32(attrs[FRA_PRIORITY]);
	rule->suppressed_len = attrs[FRA_SUPPRESS_PREFIXLEN] != NULL
				       ? nla_get_u32(attrs[FRA_SUPPRESS_PREFIXLEN])
				       : NO_SUPPRESSION;
	return rule->family != 0;
}

static void collect_rule(void *ctx, struct nlmsghdr *message)
{
	struct rule_list *list = ctx;
	struct rule rule;

	if (!parse_rule(message, &rule))
		return;
	if (list->count == list->capacity) {
		size_t capacity = list->capacity != 0 ? 2 * list->capacity : 16;
		struct rule *rules = reallocarray(list->rules, capacity, sizeof(*rules));

		if (rules == NULL) {
			list->failed = true;
			return;
		}
		list->rules = rules;
		list->capacity = capacity;
	}
	list->rules[list->count++] = rule;
}

/* Adds our rules of |family| to |list|. Returns 0, or -errno with |error| filled in. */
static int list_rules(struct linux_netlink *nl, int family, struct rule_list *list, struct linux_error *error)
{
	const struct fib_rule_hdr header = { .family = (uint8_t)to_af(family) };
	size_t before = list->count;
	int result = -EINTR;

	for (int i = 0; i < LIST_ATTEMPTS && result == -EINTR; i++) {
		list->count = before;
		result = netlink_talk(nl, netlink_message(RTM_GETRULE, NLM_F_DUMP, &header, sizeof(header)),
				      collect_rule, list);
	}
	if (result == -EAFNOSUPPORT || result == -EOPNOTSUPP)
		return 0; /* a host without the family */
	if (result == 0 && list->failed)
		result = -ENOMEM;
	if (result != 0)
		return netlink_failed(nl, error, result, "list the IPv%d policy rules", family);
	return 0;
}

int linux_netlink_policy_add(struct linux_netlink *nl, int family, const struct linux_policy *policy,
			     struct linux_error *error)
{
	/* The mark is in both, though the first would do without: it tells whose rule it is. */
	const struct rule specific = {
		.family = (uint8_t)family,
		.mark = policy->mark,
		.table = RT_TABLE_MAIN,
		.priority = LINUX_NETLINK_PRIORITY,
		.suppressed_len = 0,
	};
	const struct rule tunnel = {
		.family = (uint8_t)family,
		.mark = policy->mark,
		.table = policy->table,
		.priority = LINUX_NETLINK_PRIORITY + 1,
		.suppressed_len = NO_SUPPRESSION,
	};
	int result = add_rule(nl, &specific, error);

	if (result == 0) {
		result = add_rule(nl, &tunnel, error);
		if (result != 0)
			(void)remove_rule(nl, &specific, NULL);
	}
	return result;
}

int linux_netlink_policy_remove(struct linux_netlink *nl, int family, const struct linux_policy *policy,
				struct linux_error *error)
{
	struct rule_list list = { 0 };
	int result = list_rules(nl, family, &list, error);

	for (size_t i = 0; result == 0 && i < list.count; i++) {
		if (list.rules[i].mark == policy->mark)
			result = remove_rule(nl, &list.rules[i], error);
	}
	free(list.rules);
	return result;
}

/* Whether |list| has a rule to a table of its own with |rule|'s mark that is still needed. */
static bool has_live_sibling(const struct rule_list *list, const struct rule *rule)
{
	for (size_t i = 0; i < list->count; i++) {
		const struct rule *other = &list->rules[i];

		if (other->family == rule->family && other->mark == rule->mark &&
		    other->table != RT_TABLE_MAIN && !other->stale)
			return true;
	}
	return false;
}

/* Marks what nobody needs. Returns 0, or -errno with |error| filled in. */
static int find_stale(struct linux_netlink *nl, struct rule_list *list, struct linux_error *error)
{
	for (size_t i = 0; i < list->count; i++) {
		struct rule *rule = &list->rules[i];
		int result;

		if (rule->table == RT_TABLE_MAIN)
			continue;
		result = linux_netlink_table_is_empty(nl, rule->table, &rule->stale, error);
		if (result != 0)
			return result;
	}
	for (size_t i = 0; i < list->count; i++) {
		struct rule *rule = &list->rules[i];

		if (rule->table == RT_TABLE_MAIN)
			rule->stale = !has_live_sibling(list, rule);
	}
	return 0;
}

int linux_netlink_policy_clean(struct linux_netlink *nl, struct linux_error *error)
{
	struct rule_list list = { 0 };
	int removed = 0;
	int result = list_rules(nl, 4, &list, error);

	if (result == 0)
		result = list_rules(nl, 6, &list, error);
	if (result == 0)
		result = find_stale(nl, &list, error);
	for (size_t i = 0; result == 0 && i < list.count; i++) {
		if (!list.rules[i].stale)
			continue;
		result = remove_rule(nl, &list.rules[i], error);
		removed++;
	}
	free(list.rules);
	return result != 0 ? result : removed;
}
