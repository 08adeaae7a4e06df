/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Peers: made of the configuration, given addresses (configured, looked up, remembered), opened, remembered
 * in the state file. A tunnel that came up never goes down because a name does not resolve.
 */
#include "daemon.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "crypto_keys.h"
#include "daemon_log.h"

/* After a look-up that found nothing, and at most; and how long a start waits for the first answers. */
#define LOOKUP_AGAIN	 RTMFP_S(5)
#define LOOKUP_AGAIN_MAX RTMFP_S(60)
#define LOOKUP_FIRST_MS	 5000

static const char *short_key(const struct daemon_peer *peer, char text[CRYPTO_KEY_TEXT + 1])
{
	crypto_key_to_base64(text, peer->config->public_key);
	text[8] = '\0';
	return text;
}

/* All addresses that are known go to the endpoint: what is configured, and where the peer was last. */
static void give_candidates(struct daemon_peer *peer, uint64_t now)
{
	struct rtmfp_addr all[RTMFP_CANDIDATES_MAX];
	size_t count = peer->resolved_count;

	memcpy(all, peer->resolved, count * sizeof(all[0]));
	if (peer->verified.family && count < RTMFP_CANDIDATES_MAX) {
		bool known = false;

		for (size_t i = 0; i < count; i++)
			known = known || rtmfp_addr_equal(&all[i], &peer->verified);
		if (!known)
			all[count++] = peer->verified;
	}
	if (rtmfp_peer_set_candidates(tunnel_peer_rtmfp(peer->tunnel), all, count, now))
		log_warn("out of memory: the addresses of a peer were not taken");
}

static void look_up(struct daemon_peer *peer)
{
	struct daemon *d = peer->daemon;

	bool named = false;

	peer->lookup_again = LINUX_NEVER;
	if (peer->lookups)
		return;
	for (size_t i = 0; i < peer->config->endpoint_count; i++) {
		const struct config_endpoint *e = &peer->config->endpoints[i];

		if (e->addr.family)
			continue;
		named = true;
		if (!resolver_ask(d->resolver, (size_t)(peer - d->peers), e->host, e->port))
			peer->lookups++;
	}
	if (named && peer->lookups == 0)
		peer->lookup_again = linux_now() + LOOKUP_AGAIN; /* no thread could be started */
}

static bool add_resolved(struct daemon_peer *peer, const struct rtmfp_addr *addr)
{
	for (size_t i = 0; i < peer->resolved_count; i++)
		if (rtmfp_addr_equal(&peer->resolved[i], addr))
			return false;
	if (peer->resolved_count == RTMFP_CANDIDATES_MAX) {
		/* The oldest answer of the resolver goes; configured addresses come first and stay. */
		memmove(&peer->resolved[RTMFP_CANDIDATES_MAX / 2],
			&peer->resolved[RTMFP_CANDIDATES_MAX / 2 + 1],
			(RTMFP_CANDIDATES_MAX / 2 - 1) * sizeof(peer->resolved[0]));
		peer->resolved_count--;
	}
	peer->resolved[peer->resolved_count++] = *addr;
	return true;
}

static void open_peer(struct daemon_peer *peer, uint64_t now)
{
	int err = tunnel_peer_open(peer->tunnel, now);

	if (err && err != RTMFP_ERR_UNKNOWN)
		log_warn("a session cannot be opened: %s", rtmfp_strerror(err));
}

void peers_resolved(struct daemon *d, uint64_t now)
{
	struct resolver_answer *a;

	for (; (a = resolver_collect(d->resolver)); free(a)) {
		struct daemon_peer *peer = &d->peers[a->tag];
		char key[CRYPTO_KEY_TEXT + 1];

		peer->lookups--;
		for (size_t i = 0; i < a->count; i++)
			(void)add_resolved(peer, &a->addrs[i]);
		if (a->count) {
			peer->unresolved = false;
			peer->lookup_wait = LOOKUP_AGAIN;
			give_candidates(peer, now);
			if (peer->open_on_answer && !rtmfp_peer_session(tunnel_peer_rtmfp(peer->tunnel)))
				open_peer(peer, now);
			peer->open_on_answer = false;
			continue;
		}
		if (!peer->unresolved)
			log_warn("peer %s: its Endpoint does not resolve (%s); trying on",
				 short_key(peer, key), a->error);
		peer->unresolved = true;
		peer->lookup_again = now + peer->lookup_wait;
		peer->lookup_wait =
			peer->lookup_wait * 2 < LOOKUP_AGAIN_MAX ? peer->lookup_wait * 2 : LOOKUP_AGAIN_MAX;
	}
}

void peers_look_up_first(struct daemon *d)
{
	uint64_t until = linux_now() + RTMFP_MS(LOOKUP_FIRST_MS);
	size_t waiting = 0;

	for (size_t i = 0; i < d->peer_count; i++)
		look_up(&d->peers[i]);
	do {
		struct pollfd answers = { .fd = resolver_fd(d->resolver), .events = POLLIN };
		uint64_t now = linux_now();

		waiting = 0;
		for (size_t i = 0; i < d->peer_count; i++)
			waiting += d->peers[i].lookups;
		if (waiting == 0 || now >= until)
			break;
		if (poll(&answers, 1, (int)((until - now) / RTMFP_MS(1)) + 1) > 0)
			peers_resolved(d, linux_now());
	} while (waiting);
	for (size_t i = 0; i < d->peer_count; i++)
		if (d->peers[i].unresolved || d->peers[i].lookups)
			log_warn("the name of an Endpoint does not resolve; from now on only a name server "
				 "that is reached "
				 "without the default route can be asked");
}

uint64_t peers_expiry(const struct daemon *d)
{
	uint64_t at = LINUX_NEVER;

	for (size_t i = 0; i < d->peer_count; i++)
		if (d->peers[i].lookup_again < at)
			at = d->peers[i].lookup_again;
	return at;
}

void peers_tick(struct daemon *d, uint64_t now)
{
	for (size_t i = 0; i < d->peer_count; i++)
		if (d->peers[i].lookup_again <= now)
			look_up(&d->peers[i]);
}

static int add_peer(struct daemon *d, struct daemon_peer *peer, uint64_t now)
{
	const struct config_peer *c = peer->config;
	const struct state_entry *remembered;
	int err = crypto_peer_add(d->crypto, c->public_key, c->has_preshared_key ? c->preshared_key : NULL,
				  &peer->crypto);

	if (!err)
		err = tunnel_peer_add(d->tunnel, crypto_peer_far(peer->crypto),
				      RTMFP_S(c->persistent_keepalive), peer, now, &peer->tunnel);
	for (size_t i = 0; !err && i < c->allowed_ip_count; i++) {
		struct tunnel_prefix prefix = { .family = c->allowed_ips[i].family,
						.len = c->allowed_ips[i].length };

		memcpy(prefix.ip, c->allowed_ips[i].ip, sizeof(prefix.ip));
		err = tunnel_peer_allow(peer->tunnel, &prefix);
	}
	if (err)
		return err;
	for (size_t i = 0; i < c->endpoint_count; i++)
		if (c->endpoints[i].addr.family)
			(void)add_resolved(peer, &c->endpoints[i].addr);
	remembered = d->state ? state_find(d->state, c->public_key) : NULL;
	if (remembered)
		peer->verified = remembered->addr;
	give_candidates(peer, now);
	return 0;
}

int peers_open(struct daemon *d, uint64_t now, struct linux_error *error)
{
	d->peers = calloc(d->config->peer_count ? d->config->peer_count : 1, sizeof(*d->peers));
	if (!d->peers)
		return linux_error_set(error, ENOMEM, "out of memory");
	d->state = state_open(d->args->state_dir, d->args->interface, d->config->public_key);
	for (size_t i = 0; i < d->config->peer_count; i++) {
		struct daemon_peer *peer = &d->peers[i];
		int err;

		*peer = (struct daemon_peer){ .daemon = d,
					      .config = &d->config->peers[i],
					      .lookup_again = LINUX_NEVER,
					      .lookup_wait = LOOKUP_AGAIN,
					      .open_on_answer = true };
		err = add_peer(d, peer, now);
		if (err)
			return linux_error_set(error, err == RTMFP_ERR_NOMEM ? ENOMEM : EINVAL,
					       "%s:%u: this peer cannot be added: %s", d->args->config_path,
					       peer->config->line, rtmfp_strerror(err));
		d->peer_count++;
	}
	/* Who is not configured any more is not remembered any longer. */
	for (size_t i = 0; d->state && state_at(d->state, i);) {
		const struct state_entry *e = state_at(d->state, i);
		bool configured = false;

		for (size_t j = 0; j < d->peer_count && !configured; j++)
			configured =
				!memcmp(d->peers[j].config->public_key, e->public_key, sizeof(e->public_key));
		if (configured)
			i++;
		else
			state_forget(d->state, e->public_key);
	}
	return 0;
}

void peers_start(struct daemon *d, uint64_t now)
{
	for (size_t i = 0; i < d->peer_count; i++) {
		struct daemon_peer *peer = &d->peers[i];
		const struct state_entry *e =
			d->state ? state_find(d->state, peer->config->public_key) : NULL;

		if (!peer->resolved_count)
			look_up(peer);
		if (peer->resolved_count || (e && e->alive))
			open_peer(peer, now);
	}
}

void peers_close(struct daemon *d)
{
	state_free(d->state);
	free(d->peers);
}

/* ---- what the tunnel tells ---- */

static void remember(struct daemon_peer *peer, bool alive)
{
	struct daemon *d = peer->daemon;
	struct state_entry e = { .addr = peer->verified, .verified = (int64_t)time(NULL), .alive = alive };

	if (!d->state)
		return;
	memcpy(e.public_key, peer->config->public_key, sizeof(e.public_key));
	state_set(d->state, &e);
	if (state_is_dirty(d->state))
		state_save(d->state);
}

void peers_on_open(void *user, struct tunnel_peer *tp, struct rtmfp_session *s)
{
	struct daemon_peer *peer = tunnel_peer_user(tp);
	struct rtmfp_session_stats stats;
	struct linux_addr addr;
	char text[LINUX_ADDR_TEXT], key[CRYPTO_KEY_TEXT + 1];

	(void)user;
	rtmfp_session_stats(s, &stats);
	if (stats.handshake)
		peer->handshake = stats.handshake;
	memcpy(&addr, &stats.path.remote, sizeof(addr));
	log_info("peer %s: connected at %s (%s, %s)", short_key(peer, key), linux_addr_text(&addr, text),
		 rtmfp_session_is_initiator(s) ? "opened by us" : "opened by the peer",
		 crypto_suite_name(stats.suite));
	if (peer->verified.family)
		remember(peer, true); /* back after a goodbye, maybe */
}

void peers_on_closed(void *user, struct tunnel_peer *tp, struct rtmfp_session *s,
		     enum rtmfp_close_reason reason)
{
	struct daemon_peer *peer = tunnel_peer_user(tp);
	char key[CRYPTO_KEY_TEXT + 1];

	(void)user;
	(void)s;
	if (reason == RTMFP_CLOSED_REPLACED) {
		log_debug("peer %s: the replaced session has drained", short_key(peer, key));
		return;
	}
	log_info("peer %s: session closed%s", short_key(peer, key),
		 reason == RTMFP_CLOSED_FAR	  ? " by the peer"
		 : reason == RTMFP_CLOSED_EXPIRED ? ": its keys are too old"
						  : "");
	/* Who said goodbye is not called when we start again; who vanished is. */
	if (reason == RTMFP_CLOSED_FAR)
		remember(peer, false);
}

void peers_on_open_failed(void *user, struct tunnel_peer *tp)
{
	struct daemon_peer *peer = tunnel_peer_user(tp);
	char key[CRYPTO_KEY_TEXT + 1];

	(void)user;
	log_info("peer %s: no answer", short_key(peer, key));
	look_up(peer);
}

void peers_on_silent(void *user, struct tunnel_peer *tp)
{
	struct daemon_peer *peer = tunnel_peer_user(tp);
	char key[CRYPTO_KEY_TEXT + 1];

	(void)user;
	log_info("peer %s: silent; opening a new session beside the old one", short_key(peer, key));
	look_up(peer);
}

void peers_on_path(void *user, struct tunnel_peer *tp, const struct rtmfp_path *path)
{
	struct daemon_peer *peer = tunnel_peer_user(tp);
	struct linux_addr addr;
	char text[LINUX_ADDR_TEXT], key[CRYPTO_KEY_TEXT + 1];

	(void)user;
	if (!rtmfp_addr_equal(&peer->verified, &path->remote)) {
		memcpy(&addr, &path->remote, sizeof(addr));
		log_info("peer %s: is at %s now", short_key(peer, key), linux_addr_text(&addr, text));
	}
	peer->verified = path->remote;
	network_way(peer);
	give_candidates(peer, linux_now());
	remember(peer, true);
}
