/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Requests to the kernel's network configuration, and those about links and addresses. Called by the daemon
 * when it starts, stops or is reconfigured.
 */
#include "config.h"

#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>

#include "linux_netlink.h"
#include "netlink.h"

static int on_error(struct sockaddr_nl *from, struct nlmsgerr *failure, void *arg)
{
	struct linux_netlink *nl = arg;
	struct nlmsghdr *header = (struct nlmsghdr *)(void *)((char *)failure - NLMSG_HDRLEN);
	struct nlattr *attrs[NLMSGERR_ATTR_MAX + 1];

	(void)from;
	if (header->nlmsg_seq != nl->sequence)
		return NL_SKIP;
	nl->done = true;
	nl->result = failure->error;
	/* The request itself is not repeated in between: NETLINK_CAP_ACK. */
	if ((header->nlmsg_flags & NLM_F_ACK_TLVS) != 0 &&
	    nlmsg_parse(header, sizeof(*failure), attrs, NLMSGERR_ATTR_MAX, NULL) == 0 &&
	    attrs[NLMSGERR_ATTR_MSG] != NULL)
		nla_strlcpy(nl->reason, attrs[NLMSGERR_ATTR_MSG], sizeof(nl->reason));
	return NL_STOP;
}

static int on_answer(struct nl_msg *msg, void *arg)
{
	struct linux_netlink *nl = arg;

	if (nl->answer != NULL)
		nl->answer(nl->answer_ctx, nlmsg_hdr(msg));
	return NL_OK;
}

static int on_end(struct nl_msg *msg, void *arg)
{
	struct linux_netlink *nl = arg;
	const struct nlmsghdr *header = nlmsg_hdr(msg);
	int failure;

	nl->done = true;
	/* A list that ends early says so in its last message. */
	if (header->nlmsg_type == NLMSG_DONE && nlmsg_datalen(header) >= (int)sizeof(failure)) {
		memcpy(&failure, nlmsg_data(header), sizeof(failure));
		nl->result = failure < 0 ? failure : 0;
	}
	return NL_STOP;
}

static int on_sequence(struct nl_msg *msg, void *arg)
{
	const struct linux_netlink *nl = arg;

	return nlmsg_hdr(msg)->nlmsg_seq == nl->sequence ? NL_OK : NL_SKIP;
}

struct linux_netlink *linux_netlink_open(struct linux_error *error)
{
	struct linux_netlink *nl = calloc(1, sizeof(*nl));
	const int on = 1;
	int result = -NLE_NOMEM;

	if (nl != NULL)
		nl->sock = nl_socket_alloc();
	if (nl != NULL && nl->sock != NULL)
		result = nl_connect(nl->sock, NETLINK_ROUTE);
	if (result < 0) {
		linux_error_set(error, result == -NLE_NOMEM ? ENOMEM : EIO,
				"cannot talk to the kernel's network configuration (netlink): %s",
				nl_geterror(result));
		linux_netlink_close(nl);
		return NULL;
	}
	/* Where the kernel is too old for these, failures are explained less well and lists are longer. */
	(void)setsockopt(nl_socket_get_fd(nl->sock), SOL_NETLINK, NETLINK_CAP_ACK, &on, sizeof(on));
	(void)setsockopt(nl_socket_get_fd(nl->sock), SOL_NETLINK, NETLINK_EXT_ACK, &on, sizeof(on));
	(void)setsockopt(nl_socket_get_fd(nl->sock), SOL_NETLINK, NETLINK_GET_STRICT_CHK, &on, sizeof(on));
	nl_socket_modify_err_cb(nl->sock, NL_CB_CUSTOM, on_error, nl);
	nl_socket_modify_cb(nl->sock, NL_CB_VALID, NL_CB_CUSTOM, on_answer, nl);
	nl_socket_modify_cb(nl->sock, NL_CB_ACK, NL_CB_CUSTOM, on_end, nl);
	nl_socket_modify_cb(nl->sock, NL_CB_FINISH, NL_CB_CUSTOM, on_end, nl);
	nl_socket_modify_cb(nl->sock, NL_CB_SEQ_CHECK, NL_CB_CUSTOM, on_sequence, nl);
	return nl;
}

void linux_netlink_close(struct linux_netlink *nl)
{
	if (nl == NULL)
		return;
	if (nl->sock != NULL)
		nl_socket_free(nl->sock);
	free(nl);
}

struct nl_msg *netlink_message(int type, int flags, const void *header, size_t header_len)
{
	struct nl_msg *msg = nlmsg_alloc_simple(type, flags);

	if (msg != NULL && nlmsg_append(msg, (void *)header, header_len, NLMSG_ALIGNTO) != 0) {
		nlmsg_free(msg);
		msg = NULL;
	}
	return msg;
}

int netlink_talk(struct linux_netlink *nl, struct nl_msg *msg,
		 void (*answer)(void *ctx, struct nlmsghdr *message), void *ctx)
{
	int result;

	nl->done = false;
	nl->result = 0;
	nl->reason[0] = '\0';
	nl->answer = answer;
	nl->answer_ctx = ctx;
	if (msg == NULL)
		return -ENOMEM;
	nl_complete_msg(nl->sock, msg);
	nl->sequence = nlmsg_hdr(msg)->nlmsg_seq;
	result = nl_send(nl->sock, msg);
	nlmsg_free(msg);
	while (result >= 0 && !nl->done)
		result = nl_recvmsgs_default(nl->sock);
	nl->answer = NULL;
	if (nl->result != 0) /* the kernel's own word */
		return nl->result;
	if (result >= 0)
		return 0;
	snprintf(nl->reason, sizeof(nl->reason), "%s", nl_geterror(result));
	return result == -NLE_DUMP_INTR ? -EINTR : result == -NLE_NOMEM ? -ENOMEM : -EIO;
}

int netlink_failed(const struct linux_netlink *nl, struct linux_error *error, int result, const char *format,
		   ...)
{
	char what[160];
	va_list args;

	va_start(args, format);
	vsnprintf(what, sizeof(what), format, args);
	va_end(args);
	if (nl->reason[0] != '\0')
		return linux_error_set(error, -result, "cannot %s: %s (%s)", what, strerror(-result),
				       nl->reason);
	return linux_error_set(error, -result, "cannot %s: %s%s", what, strerror(-result),
			       result == -EPERM ? " (CAP_NET_ADMIN is missing)" : "");
}

const char *netlink_link_name(uint32_t ifindex, char name[24])
{
	char found[IF_NAMESIZE];

	if (if_indextoname(ifindex, found) != NULL)
		snprintf(name, 24, "%s", found);
	else
		snprintf(name, 24, "number %u", ifindex);
	return name;
}

int linux_netlink_link_set(struct linux_netlink *nl, uint32_t ifindex, uint32_t mtu, uint32_t queue_len,
			   struct linux_error *error)
{
	const struct ifinfomsg link = { .ifi_family = AF_UNSPEC, .ifi_index = (int)ifindex };
	struct nl_msg *msg = netlink_message(RTM_NEWLINK, 0, &link, sizeof(link));
	char name[24];
	int result;

	if (msg != NULL && ((mtu != 0 && nla_put_u32(msg, IFLA_MTU, mtu) != 0) ||
			    (queue_len != 0 && nla_put_u32(msg, IFLA_TXQLEN, queue_len) != 0))) {
		nlmsg_free(msg);
		msg = NULL;
	}
	result = netlink_talk(nl, msg, NULL, NULL);
	if (result != 0)
		return netlink_failed(nl, error, result, "set MTU %u and queue length %u of interface %s",
				      mtu, queue_len, netlink_link_name(ifindex, name));
	return 0;
}

/* Tells the kernel to make up no link-local address. Without effect where there is no IPv6. */
static void keep_link_local_away(struct linux_netlink *nl, uint32_t ifindex)
{
	const struct ifinfomsg link = { .ifi_family = AF_UNSPEC, .ifi_index = (int)ifindex };
	struct nl_msg *msg = netlink_message(RTM_SETLINK, 0, &link, sizeof(link));
	struct nlattr *families, *inet6;

	if (msg == NULL)
		return;
	families = nla_nest_start(msg, IFLA_AF_SPEC);
	inet6 = families != NULL ? nla_nest_start(msg, AF_INET6) : NULL;
	if (inet6 == NULL || nla_put_u8(msg, IFLA_INET6_ADDR_GEN_MODE, IN6_ADDR_GEN_MODE_NONE) != 0) {
		nlmsg_free(msg);
		return;
	}
	nla_nest_end(msg, inet6);
	nla_nest_end(msg, families);
	(void)netlink_talk(nl, msg, NULL, NULL);
}

int linux_netlink_link_up(struct linux_netlink *nl, uint32_t ifindex, bool up, struct linux_error *error)
{
	const struct ifinfomsg link = {
		.ifi_family = AF_UNSPEC,
		.ifi_index = (int)ifindex,
		.ifi_flags = up ? IFF_UP : 0,
		.ifi_change = IFF_UP,
	};
	char name[24];
	int result;

	if (up)
		keep_link_local_away(nl, ifindex);
	result = netlink_talk(nl, netlink_message(RTM_NEWLINK, 0, &link, sizeof(link)), NULL, NULL);
	if (result != 0)
		return netlink_failed(nl, error, result, "set interface %s %s",
				      netlink_link_name(ifindex, name), up ? "up" : "down");
	return 0;
}

static struct nl_msg *address_message(int type, int flags, uint32_t ifindex,
				      const struct linux_prefix *address)
{
	const struct ifaddrmsg header = {
		.ifa_family = (uint8_t)to_af(address->family),
		.ifa_prefixlen = address->length,
		.ifa_scope = RT_SCOPE_UNIVERSE,
		.ifa_index = ifindex,
	};
	struct nl_msg *msg = netlink_message(type, flags, &header, sizeof(header));
	int len = (int)ip_len(address->family);

	if (msg == NULL)
		return NULL;
	if (nla_put(msg, IFA_LOCAL, len, address->ip) == 0 &&
	    nla_put(msg, IFA_ADDRESS, len, address->ip) == 0 &&
	    (address->family == 4 || nla_put_u32(msg, IFA_FLAGS, IFA_F_NODAD) == 0))
		return msg;
	nlmsg_free(msg);
	return NULL;
}

int linux_netlink_address_add(struct linux_netlink *nl, uint32_t ifindex, const struct linux_prefix *address,
			      struct linux_error *error)
{
	char text[LINUX_ADDR_TEXT], name[24];
	int result =
		netlink_talk(nl, address_message(RTM_NEWADDR, NLM_F_CREATE | NLM_F_REPLACE, ifindex, address),
			     NULL, NULL);

	if (result != 0)
		return netlink_failed(nl, error, result, "give the address %s to interface %s",
				      linux_prefix_text(address, text), netlink_link_name(ifindex, name));
	return 0;
}

int linux_netlink_address_remove(struct linux_netlink *nl, uint32_t ifindex,
				 const struct linux_prefix *address, struct linux_error *error)
{
	char text[LINUX_ADDR_TEXT], name[24];
	int result = netlink_talk(nl, address_message(RTM_DELADDR, 0, ifindex, address), NULL, NULL);

	if (result != 0 && result != -EADDRNOTAVAIL && result != -ENODEV)
		return netlink_failed(nl, error, result, "take the address %s from interface %s",
				      linux_prefix_text(address, text), netlink_link_name(ifindex, name));
	return 0;
}
