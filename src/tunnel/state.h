/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What tunnel.c (packets of the device), peer.c (peers) and session.c (sessions, flows, callbacks) share. No
 * other file sees it.
 */
#ifndef STATE_H
#define STATE_H

#include "tunnel.h"
#include "tunnel_control.h"
#include "waiting.h"

/* A session of a peer, from on_session_open to on_session_closed. It is the user of the rtmfp_session. */
struct tunnel_session {
	struct tunnel_peer *peer;
	struct rtmfp_session *rtmfp;
	struct tunnel_session *previous, *next; /* of the peer */

	struct rtmfp_sendflow *keying; /* each NULL when it is not open */
	struct rtmfp_sendflow *control;
	struct rtmfp_sendflow *ip;
	bool control_refused; /* the far end takes no control flow: not tried again */
	uint64_t ip_retry;    /* no `ip` flow is opened before this; 0: the last one was not refused */
	uint64_t ip_unsent;   /* packets given up in the queue of |ip| that are counted */

	unsigned recvflows;    /* that the far end has open */
	unsigned recvflows_ip; /* of these, `ip` */

	struct rtmfp_addr told_reflexive; /* the far end's address that it knows of */
	uint64_t told_unsupported;	  /* control types that it was told not to send */

	/* What the far end said, as in tunnel_peer_stats. */
	uint16_t far_mtu;
	bool has_reflexive;
	struct rtmfp_addr reflexive;
	bool has_features; /* else the handshake's count */
	uint64_t far_features;
	uint64_t far_unsupported;
	uint64_t far_keepalive; /* ns, 0: none asked for */
};

struct tunnel_peer {
	struct tunnel_allowed_owner allowed;
	struct tunnel *tunnel;
	struct rtmfp_peer *rtmfp;
	void *user;
	struct tunnel_peer *previous, *next; /* of the tunnel */

	struct tunnel_session *sessions; /* newest first */
	struct waiting_queue waiting;

	uint64_t keepalive;	     /* configured, ns; 0: none */
	uint64_t keepalive_in_force; /* what the endpoint was told */
	uint64_t reopen_at;	     /* RTMFP_NEVER: not in the tunnel's list */
	struct tunnel_peer *reopen_previous, *reopen_next;

	struct tunnel_counters counters;
	uint64_t rx_datagrams, rx_bytes, tx_datagrams, tx_bytes; /* of ended sessions */
	uint64_t latest_handshake;
	uint64_t opened;
	bool has_path;
	struct rtmfp_path path;
	bool has_close_reason;
	uint64_t close_reason;
};

struct tunnel {
	struct tunnel_config cfg;
	const struct rtmfp_mem *mem;
	struct rtmfp_endpoint *endpoint;
	uint64_t now;

	struct tunnel_allowed_ips *allowed;
	struct tunnel_peer *peers;
	struct tunnel_peer *reopen_first, *reopen_last; /* by reopen_at: each waits equally long */
	struct waiting waiting;

	struct tunnel_counters counters; /* of all peers and none */
	uint64_t icmp_sent;
	uint64_t icmp_next; /* when the next ICMP error would be due at TUNNEL_ICMP_RATE */
};

/** tunnel_drop counts a drop at the tunnel, and at |peer| unless NULL. */
void tunnel_drop(struct tunnel *t, struct tunnel_peer *peer, enum tunnel_drop reason);
/** tunnel_answer_too_big tells the sender of a packet of the device that the far end takes |mtu| bytes at
 * most. */
void tunnel_answer_too_big(struct tunnel *t, const uint8_t *packet, size_t len, uint16_t mtu);

/** peer_current returns the session to write to, or NULL. */
struct tunnel_session *peer_current(const struct tunnel_peer *peer);
/** peer_drop_waiting drops and counts all packets that wait. */
void peer_drop_waiting(struct tunnel_peer *peer, enum tunnel_drop reason);
/** peer_reopen_later makes a peer with a keepalive open a session in a while; others are left alone. */
void peer_reopen_later(struct tunnel_peer *peer);
void peer_reopen_cancel(struct tunnel_peer *peer);
/** peer_reopen_due opens sessions of the peers whose time has come. */
void peer_reopen_due(struct tunnel *t);
/** peer_apply_keepalive tells the endpoint the shorter of the keepalives that both ends want. */
void peer_apply_keepalive(struct tunnel_peer *peer);
/** peer_note_path keeps the path of the peer's current session, and tells the daemon if it is new. */
void peer_note_path(struct tunnel_peer *peer, const struct rtmfp_path *path);
/** peer_free frees the peer's own memory, and detaches its sessions if they still exist. */
void peer_free(struct tunnel_peer *peer, bool sessions_exist);

/**
 * session_send_packet writes an inner packet to the session, or drops and counts it.
 *
 * |flags|  RTMFP_WRITE_BORROW or 0
 */
void session_send_packet(struct tunnel_session *ss, const uint8_t *packet, size_t len, unsigned flags);
/** session_tell_close_reason queues CLOSE REASON; a close that follows at once carries it in its packet. */
void session_tell_close_reason(struct tunnel_session *ss, enum tunnel_close_code code);
/** session_collect counts what the `ip` flow has dropped unsent since it was last asked. */
void session_collect(struct tunnel_session *ss);
/** session_free forgets the session; |exists|: the rtmfp_session does, and loses its user. */
void session_free(struct tunnel_session *ss, bool exists);

#endif
