/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * flowtund, put together: one interface, its endpoint, its peers, for the files that make it up: daemon.c
 * (start, end, events), dataplane.c (packets), network.c (addresses, routes, changes of them), peers.c
 * (peers, names, the state file), snapshot.c (what `flowtun show` sees). Everything runs on the loop's
 * thread.
 */
#ifndef DAEMON_H
#define DAEMON_H

#include "crypto_profile.h"
#include "daemon_args.h"
#include "daemon_config.h"
#include "daemon_control.h"
#include "daemon_ready.h"
#include "daemon_state.h"
#include "linux_loop.h"
#include "linux_netlink.h"
#include "linux_tun.h"
#include "linux_udp.h"
#include "resolver.h"
#include "tunnel.h"

#define DEFAULT_MTU \
	1400u		/* an inner packet of this size fits one datagram on a path of 1500 bytes, IPv6 too */
#define TUN_QUEUE 1000u /* packets */

/* Inner packets of one batch lie here until they are sent or copied (RTMFP_WRITE_BORROW). */
#define ARENA_BYTES   (512u << 10)
#define BATCH_PACKETS 256u

struct daemon_peer {
	struct daemon *daemon;
	const struct config_peer *config;
	struct crypto_peer *crypto;
	struct tunnel_peer *tunnel;
	struct rtmfp_addr resolved[RTMFP_CANDIDATES_MAX]; /* of the configured endpoints, names looked up */
	size_t resolved_count;
	unsigned lookups;	    /* under way */
	bool unresolved;	    /* the last look-up found nothing */
	bool open_on_answer;	    /* a session is wanted as soon as there is an address */
	uint64_t lookup_wait;	    /* ns until the next try */
	uint64_t lookup_again;	    /* |now| of the next try; LINUX_NEVER */
	struct rtmfp_addr verified; /* the last address that was; family 0: none */
	struct linux_path way;	    /* how the kernel reaches |verified| */
	uint64_t handshake;	    /* ns that the last handshake took, as initiator */
};

struct daemon {
	const struct daemon_args *args;
	struct config *config;
	struct ready ready;
	struct control *control;
	struct linux_loop *loop;
	struct linux_netlink *netlink;
	struct linux_monitor *monitor;
	struct linux_tun *tun;
	struct linux_udp *udp;
	struct resolver *resolver;
	struct state *state;
	struct crypto_profile *crypto;
	struct rtmfp_endpoint *endpoint;
	struct tunnel *tunnel;
	struct daemon_peer *peers;
	size_t peer_count;
	struct linux_watch tun_watch, udp_watch[2], monitor_watch, control_watch, resolver_watch;

	uint32_t mtu;
	uint32_t mark;	  /* of our own datagrams; 0: none */
	uint32_t table;	  /* of a full tunnel's routes; 0: none */
	bool policy[2];	  /* rules stand for IPv4, IPv6 */
	uint64_t look_at; /* when the ways to the peers may be looked at next */
	bool changed;	  /* addresses or routes changed since the ways to the peers were looked at */
	bool tun_gone;

	uint8_t *arena;
	struct rtmfp_train train; /* being sent: what the socket did not take yet begins at |sent| */
	uint8_t *train_buf;
	size_t sent;
	uint64_t send_failures, device_drops;
};

/* ---- dataplane.c ---- */
int dataplane_open(struct daemon *d, struct linux_error *error) RTMFP_MUST_CHECK;
void dataplane_close(struct daemon *d);
/** dataplane_flush sends what the endpoint has to say, as far as the socket takes it. */
void dataplane_flush(struct daemon *d, uint64_t now);
extern const struct tunnel_hooks dataplane_hooks;

/* ---- network.c ---- */
/** network_up gives the device its addresses and routes. On failure the caller closes the device, which
 * undoes it. */
int network_up(struct daemon *d, struct linux_error *error) RTMFP_MUST_CHECK;
/** network_takes_all: the tunnel takes all traffic of the host, its own datagrams excepted. */
bool network_takes_all(const struct daemon *d);
/** network_down removes what does not vanish with the device. */
void network_down(struct daemon *d);
void network_changed(void *ctx, const struct linux_change *change);
/** network_look: after changes, are the ways to the peers still the same? */
void network_look(struct daemon *d, uint64_t now);
/** network_way remembers how the kernel reaches |peer|'s verified address. */
void network_way(struct daemon_peer *peer);

/* ---- peers.c ---- */
int peers_open(struct daemon *d, uint64_t now, struct linux_error *error) RTMFP_MUST_CHECK;
void peers_close(struct daemon *d);
/** peers_start opens sessions: to configured endpoints, and to who was there in an earlier life. */
void peers_start(struct daemon *d, uint64_t now);
/** peers_look_up_first looks up all names and waits for the answers, for a while. */
void peers_look_up_first(struct daemon *d);
void peers_resolved(struct daemon *d, uint64_t now);
uint64_t peers_expiry(const struct daemon *d);
void peers_tick(struct daemon *d, uint64_t now);
void peers_on_open(void *user, struct tunnel_peer *peer, struct rtmfp_session *s);
void peers_on_closed(void *user, struct tunnel_peer *peer, struct rtmfp_session *s,
		     enum rtmfp_close_reason reason);
void peers_on_open_failed(void *user, struct tunnel_peer *peer);
void peers_on_silent(void *user, struct tunnel_peer *peer);
void peers_on_path(void *user, struct tunnel_peer *peer, const struct rtmfp_path *path);

/* ---- snapshot.c ---- */
/** snapshot_json returns the state of everything as JSON in a new string, or NULL. */
char *snapshot_json(struct daemon *d, uint64_t now) RTMFP_MUST_CHECK;

/* ---- daemon.c ---- */
/** daemon_run runs flowtund to its end and returns its exit code. */
int daemon_run(const struct daemon_args *args);

#endif
