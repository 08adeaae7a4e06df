/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The device's place in the host's network: addresses, routes, the rules of a full tunnel, and what to do
 * when the host's own addresses and routes change. Addresses and routes vanish with the device; only rules
 * need removing.
 */
#include "daemon.h"

#include <stdio.h>
#include <string.h>

#include "daemon_log.h"

#define LOOK_INTERVAL RTMFP_MS(50) /* between two looks at the ways to all peers */

#define POLICY_TABLE_FIRST 17016u /* the first of ours that is empty is taken; also the mark */
#define POLICY_TABLES	   100u

static struct linux_prefix to_linux(const struct daemon_prefix *from)
{
	struct linux_prefix to = { .family = from->family, .length = from->length };

	memcpy(to.ip, from->ip, sizeof(to.ip));
	return to;
}

static bool is_default(const struct daemon_prefix *p)
{
	return p->length == 0;
}

static bool wants_default(const struct config *c, uint8_t family)
{
	for (size_t i = 0; i < c->peer_count; i++)
		for (size_t j = 0; j < c->peers[i].allowed_ip_count; j++)
			if (is_default(&c->peers[i].allowed_ips[j]) &&
			    c->peers[i].allowed_ips[j].family == family)
				return true;
	return false;
}

bool network_takes_all(const struct daemon *d)
{
	return d->config->table_mode == CONFIG_TABLE_AUTO &&
	       (wants_default(d->config, 4) || wants_default(d->config, 6));
}

/*
 * A tunnel that takes everything must not take its own datagrams: they carry a mark, and rules send what does
 * not carry it to a table of the tunnel's own.
 */
static int choose_table(struct daemon *d, struct linux_error *error)
{
	if (!network_takes_all(d))
		return 0;
	if (d->config->fwmark) {
		d->table = d->config->fwmark;
		return 0;
	}
	for (uint32_t i = 0; i < POLICY_TABLES; i++) {
		bool empty;
		int err = linux_netlink_table_is_empty(d->netlink, POLICY_TABLE_FIRST + i, &empty, error);

		if (err)
			return err;
		if (!empty)
			continue;
		d->table = d->mark = POLICY_TABLE_FIRST + i;
		err = linux_udp_set_mark(d->udp, d->mark);
		return err ? linux_error_set(error, -err, "the socket does not take the mark %u", d->mark)
			   : 0;
	}
	return linux_error_set(error, 28,
			       "no routing table from %u to %u is empty: one is needed for a peer with "
			       "AllowedIPs 0.0.0.0/0 or ::/0",
			       POLICY_TABLE_FIRST, POLICY_TABLE_FIRST + POLICY_TABLES - 1);
}

static int add_routes(struct daemon *d, struct linux_error *error)
{
	const struct config *c = d->config;

	if (c->table_mode == CONFIG_TABLE_OFF)
		return 0;
	for (size_t i = 0; i < c->peer_count; i++) {
		for (size_t j = 0; j < c->peers[i].allowed_ip_count; j++) {
			const struct daemon_prefix *p = &c->peers[i].allowed_ips[j];
			struct linux_route route = {
				.destination = to_linux(p),
				.ifindex = linux_tun_ifindex(d->tun),
				.table = c->table_mode == CONFIG_TABLE_NUMBER ? c->table
					 : is_default(p)		      ? d->table
									      : 0,
			};
			int err = linux_netlink_route_add(d->netlink, &route, error);

			if (err)
				return err;
		}
	}
	return 0;
}

static int add_policy(struct daemon *d, struct linux_error *error)
{
	struct linux_policy policy = { .mark = d->mark, .table = d->table };

	for (int i = 0; i < 2; i++) {
		int err;

		if (!d->table || !wants_default(d->config, i == 0 ? 4 : 6))
			continue;
		d->policy[i] = true;
		err = linux_netlink_policy_add(d->netlink, i == 0 ? 4 : 6, &policy, error);
		if (err)
			return err;
	}
	return 0;
}

/* Strict reverse path filtering (1) drops the answers to our own datagrams where rules send everything else
 * elsewhere. */
static void warn_of_strict_filter(const struct daemon *d)
{
	static const char *const where[] = { "/proc/sys/net/ipv4/conf/all/rp_filter",
					     "/proc/sys/net/ipv4/conf/default/rp_filter" };

	for (size_t i = 0; d->policy[0] && i < sizeof(where) / sizeof(where[0]); i++) {
		FILE *f = fopen(where[i], "re");
		int value = f ? fgetc(f) : EOF;

		if (f)
			fclose(f);
		if (value != '1')
			continue;
		log_warn("%s is 1: where it holds for the interface to a peer, the kernel drops what the "
			 "peer sends to this "
			 "host while the tunnel takes all traffic; set it to 2",
			 where[i]);
		return;
	}
}

int network_up(struct daemon *d, struct linux_error *error)
{
	uint32_t ifindex = linux_tun_ifindex(d->tun);
	int err = linux_netlink_policy_clean(d->netlink, error);

	if (err > 0)
		log_info("removed %d policy rules that a killed flowtund left", err);
	if (err < 0)
		return err;
	err = linux_netlink_link_set(d->netlink, ifindex, d->mtu, TUN_QUEUE, error);
	for (size_t i = 0; !err && i < d->config->address_count; i++) {
		struct linux_prefix address = to_linux(&d->config->addresses[i]);

		err = linux_netlink_address_add(d->netlink, ifindex, &address, error);
	}
	if (!err)
		err = linux_netlink_link_up(d->netlink, ifindex, true, error);
	if (!err)
		err = choose_table(d, error);
	if (!err)
		err = add_routes(d, error);
	if (!err)
		err = add_policy(d, error);
	if (!err)
		warn_of_strict_filter(d);
	return err;
}

void network_down(struct daemon *d)
{
	struct linux_policy policy = { .mark = d->mark, .table = d->table };

	for (int i = 0; i < 2; i++) {
		struct linux_error error;

		if (d->policy[i] && linux_netlink_policy_remove(d->netlink, i == 0 ? 4 : 6, &policy, &error))
			log_warn("%s", error.text);
		d->policy[i] = false;
	}
}

void network_changed(void *ctx, const struct linux_change *change)
{
	struct daemon *d = ctx;

	if (change->ours || (change->ifindex && change->ifindex == linux_tun_ifindex(d->tun)))
		return;
	d->changed = true;
	if (change->kind == LINUX_CHANGE_ADDRESS && change->removed) {
		struct rtmfp_addr gone;

		memcpy(&gone, &change->address, sizeof(gone));
		rtmfp_endpoint_local_gone(d->endpoint, &gone, linux_now());
	}
}

static void ask_way(struct daemon_peer *peer, struct linux_path *way)
{
	struct linux_addr remote;

	memcpy(&remote, &peer->verified, sizeof(remote));
	remote.reserved = 0;
	if (linux_netlink_route_get(peer->daemon->netlink, &remote, peer->daemon->mark, way))
		*way = (struct linux_path){ 0 };
}

void network_way(struct daemon_peer *peer)
{
	ask_way(peer, &peer->way);
}

void network_look(struct daemon *d, uint64_t now)
{
	bool moved = false;

	d->changed = false;
	d->look_at = now + LOOK_INTERVAL;
	linux_udp_forget_paths(d->udp);
	for (size_t i = 0; i < d->peer_count; i++) {
		struct daemon_peer *peer = &d->peers[i];
		struct linux_path way;

		if (!rtmfp_peer_session(tunnel_peer_rtmfp(peer->tunnel)))
			continue;
		ask_way(peer, &way);
		/* No way at all is nothing to tell anybody; the next change will. */
		if (way.ifindex && (way.ifindex != peer->way.ifindex ||
				    memcmp(&way.source, &peer->way.source, sizeof(way.source)) != 0))
			moved = true;
		peer->way = way;
	}
	if (!moved)
		return;
	log_info("the way to the peers changed: telling them");
	rtmfp_endpoint_moved(d->endpoint, now);
}
