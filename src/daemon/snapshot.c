/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the control socket's "show" answers: everything this daemon knows and may tell, as JSON. */
#include <config.h>

#include "daemon.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "crypto_keys.h"
#include "daemon_status.h"

static bool counter(struct status_counters *c, const char *name, uint64_t value)
{
	return status_add_counter(c, name, value) == 0;
}

static bool drops(struct status_counters *c, const uint64_t *list, size_t count, const char *(*name)(size_t))
{
	for (size_t i = 0; i < count; i++)
		if (!counter(c, name(i), list[i]))
			return false;
	return true;
}

static const char *name_of_tunnel_drop(size_t i)
{
	return tunnel_drop_name((enum tunnel_drop)i);
}

static const char *name_of_rtmfp_drop(size_t i)
{
	return rtmfp_drop_name((enum rtmfp_drop)i);
}

static void endpoint_text(char out[STATUS_ENDPOINT_MAX], const struct daemon_peer *peer)
{
	const struct config_peer *c = peer->config;

	if (peer->verified.family)
		addr_to_text(out, &peer->verified);
	else if (c->endpoint_count)
		snprintf(out, STATUS_ENDPOINT_MAX, strchr(c->endpoints[0].host, ':') ? "[%s]:%u" : "%s:%u",
			 c->endpoints[0].host, c->endpoints[0].port);
}

static bool add_peer(struct status *status, const struct daemon_peer *peer, uint64_t now)
{
	const struct config_peer *c = peer->config;
	struct rtmfp_peer *rtmfp = tunnel_peer_rtmfp(peer->tunnel);
	struct status_peer *out = status_add_peer(status);
	const struct tunnel_allowed_node *at = NULL;
	struct tunnel_prefix prefix;
	struct tunnel_peer_stats s;
	bool ok = out != NULL;

	if (!ok)
		return false;
	tunnel_peer_stats(peer->tunnel, &s);
	crypto_key_to_base64(out->public_key, c->public_key);
	out->has_preshared_key = c->has_preshared_key;
	endpoint_text(out->endpoint, peer);
	while (ok && (at = tunnel_peer_allowed_next(peer->tunnel, at, &prefix))) {
		struct daemon_prefix p = { .family = prefix.family, .length = prefix.len };

		memcpy(p.ip, prefix.ip, sizeof(p.ip));
		ok = status_add_allowed_ip(out, &p) == 0;
	}
	if (s.latest_handshake)
		out->latest_handshake =
			(int64_t)time(NULL) - (int64_t)((now - s.latest_handshake) / RTMFP_S(1));
	out->rx_bytes = s.rx_bytes;
	out->tx_bytes = s.tx_bytes;
	out->persistent_keepalive = c->persistent_keepalive;
	snprintf(out->state, sizeof(out->state), "%s", rtmfp_peer_state_name(rtmfp_peer_state(rtmfp)));
	if (s.has_session) {
		out->rtt_ns = s.session.rtt;
		out->path_mtu = (uint32_t)s.session.datagram_max;
		addr_to_text(out->address, &s.session.path.remote);
		snprintf(out->suite, sizeof(out->suite), "%s", crypto_suite_name(s.session.suite));
	}
	return ok && counter(&out->counters, "rx_packets", s.inner.rx_packets) &&
	       counter(&out->counters, "tx_packets", s.inner.tx_packets) &&
	       counter(&out->counters, "rx_inner_bytes", s.inner.rx_bytes) &&
	       counter(&out->counters, "tx_inner_bytes", s.inner.tx_bytes) &&
	       counter(&out->counters, "rx_datagrams", s.rx_datagrams) &&
	       counter(&out->counters, "tx_datagrams", s.tx_datagrams) &&
	       counter(&out->counters, "sessions", s.sessions) &&
	       counter(&out->counters, "sessions_opened", s.opened) &&
	       counter(&out->counters, "handshake_us", peer->handshake / 1000u) &&
	       counter(&out->counters, "epoch", s.session.epoch) &&
	       counter(&out->counters, "cwnd", s.session.cwnd) &&
	       counter(&out->counters, "outstanding", s.session.outstanding) &&
	       counter(&out->counters, "lost_fragments", s.session.lost_fragments) &&
	       counter(&out->counters, "srtt_us", s.session.srtt / 1000u) &&
	       counter(&out->counters, "erto_us", s.session.erto / 1000u) &&
	       counter(&out->counters, "waiting_packets", s.waiting_packets) &&
	       counter(&out->counters, "queued_bytes", s.has_flow ? s.flow.queued : 0) &&
	       drops(&out->drops, s.inner.drops, TUNNEL_DROP_COUNT, name_of_tunnel_drop);
}

static bool add_interface(struct status *status, const struct daemon *d)
{
	const struct rtmfp_counters *r = rtmfp_endpoint_counters(d->endpoint);
	const struct tunnel_counters *t = tunnel_counters(d->tunnel);
	const struct linux_udp_counters *u = linux_udp_counters(d->udp);

	return counter(&status->counters, "rx_packets", t->rx_packets) &&
	       counter(&status->counters, "tx_packets", t->tx_packets) &&
	       counter(&status->counters, "rx_inner_bytes", t->rx_bytes) &&
	       counter(&status->counters, "tx_inner_bytes", t->tx_bytes) &&
	       counter(&status->counters, "rx_datagrams", r->rx_datagrams) &&
	       counter(&status->counters, "tx_datagrams", r->tx_datagrams) &&
	       counter(&status->counters, "rx_bytes", r->rx_bytes) &&
	       counter(&status->counters, "tx_bytes", r->tx_bytes) &&
	       counter(&status->counters, "udp_send_calls", u->sent_calls) &&
	       counter(&status->counters, "udp_receive_calls", u->received_calls) &&
	       counter(&status->counters, "handshakes_as_initiator", r->handshakes_as_initiator) &&
	       counter(&status->counters, "handshakes_as_responder", r->handshakes_as_responder) &&
	       counter(&status->counters, "rekeys", r->rekeys) &&
	       counter(&status->counters, "moves", r->moves) &&
	       counter(&status->counters, "icmp_unreachables", tunnel_icmp_sent(d->tunnel)) &&
	       drops(&status->drops, t->drops, TUNNEL_DROP_COUNT, name_of_tunnel_drop) &&
	       drops(&status->drops, r->drops, RTMFP_DROP_COUNT, name_of_rtmfp_drop) &&
	       counter(&status->drops, "udp_send_failed", d->send_failures) &&
	       counter(&status->drops, "udp_receive_unusable", u->unusable) &&
	       counter(&status->drops, "device_read_failed", d->device_drops);
}

char *snapshot_json(struct daemon *d, uint64_t now)
{
	struct status status;
	char *json = NULL;
	bool ok;

	status_init(&status);
	tunnel_collect(d->tunnel);
	snprintf(status.interface, sizeof(status.interface), "%s", linux_tun_name(d->tun));
	crypto_key_to_base64(status.public_key, d->config->public_key);
	status.has_private_key = true;
	status.listen_port = linux_udp_port(d->udp);
	status.fwmark = d->mark;
	status.mtu = d->mtu;
	snprintf(status.engine, sizeof(status.engine), "%s", crypto_profile_describe(d->crypto));
	snprintf(status.version, sizeof(status.version), "%s", PACKAGE_VERSION);
	ok = add_interface(&status, d);
	for (size_t i = 0; ok && i < d->peer_count; i++)
		ok = add_peer(&status, &d->peers[i], now);
	if (ok)
		json = status_to_json(&status);
	status_fini(&status);
	return json;
}
