/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The tunnel: IP packets over RTMFP sessions (PROTOCOL.md sections 6, 7 and 9). It stands between the network
 * device, whose packets come through tunnel_output and leave through a hook, and a rtmfp endpoint, whose
 * callbacks it implements. It has no sockets, no clock and no threads; a tunnel belongs to the thread of its
 * endpoint. The daemon is its only caller.
 *
 * Order of things:
 *     tunnel_new; rtmfp_endpoint_new with tunnel_callbacks and the tunnel as their user; tunnel_attach
 *     tunnel_peer_add, tunnel_peer_allow ...
 *     tunnel_set_now before each rtmfp_endpoint_receive, _send, _tick, _moved: callbacks carry no time
 *     tunnel_output for each packet of the device, then rtmfp_endpoint_send, then rtmfp_endpoint_settle
 *     tunnel_tick when tunnel_expiry is due
 *     rtmfp_endpoint_free; tunnel_free
 */
#ifndef TUNNEL_H
#define TUNNEL_H

#include "rtmfp.h"
#include "tunnel_allowed_ips.h"
#include "tunnel_inner.h"

struct tunnel;
struct tunnel_peer;

/*
 * What the tunnel asks of the daemon. |device_write| must be set, any other may be NULL. A hook may read
 * everything, and open, give candidates or a keepalive; it closes no session and removes no peer.
 */
struct tunnel_hooks {
	/**
	 * device_write hands over a packet for the network device. With |in_place| its bytes stay valid until
	 * device_flush has returned, else until device_write has.
	 *
	 * Returns 0, or a negative value: the packet is lost and counted (TUNNEL_DROP_DEVICE).
	 */
	int (*device_write)(void *user, const uint8_t *packet, size_t len, bool in_place);
	/** End of a batch of received datagrams: in-place packets are about to lose their bytes. */
	void (*device_flush)(void *user);

	/** A session of the peer is open, and traffic uses it from now on. */
	void (*peer_open)(void *user, struct tunnel_peer *peer, struct rtmfp_session *s);
	/** A session of the peer has ended. Others of the peer may be open (rtmfp_peer_state). */
	void (*peer_closed)(void *user, struct tunnel_peer *peer, struct rtmfp_session *s,
			    enum rtmfp_close_reason reason);
	/** An opening gave up. */
	void (*peer_open_failed)(void *user, struct tunnel_peer *peer);
	/** The peer has gone silent: a good time to look up its name and give new candidates. */
	void (*peer_silent)(void *user, struct tunnel_peer *peer);
	/** The verified address of the peer's current session is |path| now: worth keeping over a restart. */
	void (*peer_path)(void *user, struct tunnel_peer *peer, const struct rtmfp_path *path);
};

struct tunnel_config {
	const struct rtmfp_mem *mem; /* NULL: rtmfp_mem_libc */
	const struct tunnel_hooks *hooks;
	void *user; /* of the hooks */
	/*
	 * The longest inner packet that the device takes, told to far ends; 0: TUNNEL_PACKET_MAX, which is
	 * what a TUN device takes, whatever its MTU.
	 */
	uint16_t mtu;
	size_t queue_max;    /* bytes that may wait unsent in one session; 0: TUNNEL_QUEUE_MAX */
	uint64_t queue_time; /* ns that a packet may wait in a session; 0: TUNNEL_QUEUE_TIME */
};

#define TUNNEL_QUEUE_MAX  (4u << 20)
#define TUNNEL_QUEUE_TIME RTMFP_MS(250)

/* Packets that wait for a session. */
#define TUNNEL_WAIT_PACKETS   128u	  /* newest of each peer */
#define TUNNEL_WAIT_BYTES     (1u << 20)  /* of each peer */
#define TUNNEL_WAIT_BYTES_ALL (32u << 20) /* of all peers; the oldest goes first */
#define TUNNEL_WAIT_TIME      RTMFP_S(5)

#define TUNNEL_REOPEN_TIME \
	RTMFP_S(5) /* from the end of a peer's last session to a new attempt, if it has a keepalive */
#define TUNNEL_RECVFLOWS_MAX 64u  /* flows that a far end may have open in a session */
#define TUNNEL_ICMP_RATE     100u /* unreachables a second */
#define TUNNEL_ICMP_BURST    50u

/*
 * Why a packet was dropped; each drop is counted under exactly one reason. The reasons from
 * TUNNEL_DROP_CONTROL_SYNTAX on count items of control messages, not packets.
 */
enum tunnel_drop {
	/* packets of the device */
	TUNNEL_DROP_OUT_PACKET,	    /* no well-formed IP packet */
	TUNNEL_DROP_NO_ROUTE,	    /* destination is in nobody's allowed IPs; answered with ICMP */
	TUNNEL_DROP_NO_ENDPOINT,    /* no session, and no address to open one at; answered with ICMP */
	TUNNEL_DROP_TOO_BIG,	    /* longer than the far end takes; answered with ICMP */
	TUNNEL_DROP_QUEUE_OVERFLOW, /* waited for a session, pushed out by newer packets */
	TUNNEL_DROP_QUEUE_TIMEOUT,  /* waited for a session too long */
	TUNNEL_DROP_OPEN_FAILED,    /* waited for a session, and the opening gave up */
	TUNNEL_DROP_PEER_REMOVED,   /* waited for a session, or arrived, when the peer was removed */
	TUNNEL_DROP_QUEUE_EXPIRED,  /* waited in the session too long, or until it ended */
	TUNNEL_DROP_FLOW_FULL,	    /* too much waits unsent in the session */
	TUNNEL_DROP_FLOW_CLOSED,    /* the far end takes no such flow, or the session is closing */
	/* packets of a peer */
	TUNNEL_DROP_MESSAGE_TYPE, /* message of a form that is not known here (PROTOCOL.md section 7) */
	TUNNEL_DROP_IN_PACKET,	  /* no well-formed IP packet */
	TUNNEL_DROP_SOURCE,	  /* source is not in the sending peer's allowed IPs */
	TUNNEL_DROP_DEVICE,	  /* the device did not take it */
	/* either */
	TUNNEL_DROP_NOMEM,
	/* items of control messages */
	TUNNEL_DROP_CONTROL_SYNTAX,  /* item, or rest of a message, malformed */
	TUNNEL_DROP_CONTROL_LANE,    /* on the wrong lane */
	TUNNEL_DROP_CONTROL_UNKNOWN, /* type unknown; answered UNSUPPORTED if below 0x40 */
	TUNNEL_DROP_CONTROL_POLICY,  /* only a gateway may say so, and this peer is none */
	TUNNEL_DROP_CONTROL_LIMIT,   /* too many in one message */
	TUNNEL_DROP_CONTROL_SEND,    /* ours could not be sent: queue full, no memory, or refused */
	TUNNEL_DROP_COUNT
};

/** tunnel_drop_name returns the stable snake_case name of |reason|, as `flowtun show --json` prints it. */
const char *tunnel_drop_name(enum tunnel_drop reason);

struct tunnel_counters {
	uint64_t rx_packets, rx_bytes; /* inner packets that the device took */
	uint64_t tx_packets, tx_bytes; /* inner packets that a session took */
	uint64_t drops[TUNNEL_DROP_COUNT];
};

/** tunnel_new makes a tunnel; |cfg| is copied, what it points to must live as long as the tunnel. 0 or
 * RTMFP_ERR_NOMEM. */
int tunnel_new(const struct tunnel_config *cfg, uint64_t now, struct tunnel **out) RTMFP_MUST_CHECK;
/** tunnel_attach names the endpoint whose callbacks' user the tunnel is; once, before the first peer. */
void tunnel_attach(struct tunnel *t, struct rtmfp_endpoint *ep);
/** tunnel_free frees the tunnel and its peers; its endpoint is gone already. NULL is allowed. */
void tunnel_free(struct tunnel *t);

/* What the endpoint's callbacks are. Their user is the struct tunnel. */
extern const struct rtmfp_callbacks tunnel_callbacks;
/** tunnel_set_now tells the time that callbacks go by. Cheap. A time before the last one is ignored. */
void tunnel_set_now(struct tunnel *t, uint64_t now);

/**
 * tunnel_output sends a packet of the device to the peer that its destination belongs to.
 *
 * If a session is open, the packet is written to it without a copy: |packet| stays valid until
 * rtmfp_endpoint_settle. Otherwise it is copied and waits while a session opens. What cannot be sent is
 * dropped and counted; a packet that nobody owns or that finds no endpoint is answered with ICMP
 * destination unreachable through device_write, within a rate. Whatever the packet is, it does not fail.
 */
void tunnel_output(struct tunnel *t, const uint8_t *packet, size_t len, uint64_t now);

/** tunnel_expiry returns when to call tunnel_tick, RTMFP_NEVER if never. */
uint64_t tunnel_expiry(const struct tunnel *t);
void tunnel_tick(struct tunnel *t, uint64_t now);

/**
 * tunnel_shutdown tells every far end that this one is shutting down, and closes all sessions abruptly
 * (rtmfp_endpoint_shutdown): what rtmfp_endpoint_send gives afterwards is the farewell.
 */
void tunnel_shutdown(struct tunnel *t, uint64_t now);

/**
 * tunnel_collect counts what sessions have dropped from their queues since it was last called. To be called
 * before tunnel_counters and tunnel_peer_stats are read.
 */
void tunnel_collect(struct tunnel *t);
/** tunnel_counters returns the sums over all peers, those that were removed and packets of no peer included.
 */
const struct tunnel_counters *tunnel_counters(const struct tunnel *t);
uint64_t tunnel_icmp_sent(const struct tunnel *t);

/* ---- peers ---- */

/**
 * tunnel_peer_add adds a peer and makes the endpoint know |far|. It opens nothing.
 *
 * |keepalive|  ns of silence after which an empty Ping is sent, 0: none. With one, a peer without session is
 *              opened again and again.
 * |user|       the caller's
 *
 * Returns 0 or what rtmfp_peer_new returns.
 */
int tunnel_peer_add(struct tunnel *t, struct rtmfp_far *far, uint64_t keepalive, void *user, uint64_t now,
		    struct tunnel_peer **out) RTMFP_MUST_CHECK;
/** tunnel_peer_remove forgets the peer with its sessions and allowed IPs. Not from within a hook of this
 * peer. */
void tunnel_peer_remove(struct tunnel_peer *peer, uint64_t now);
/** tunnel_peer_allow gives |prefix| to the peer, taking it from who has it. Returns as
 * tunnel_allowed_ips_insert. */
int tunnel_peer_allow(struct tunnel_peer *peer, const struct tunnel_prefix *prefix) RTMFP_MUST_CHECK;
/** tunnel_peer_disallow takes |prefix| away; false if the peer did not have it. */
bool tunnel_peer_disallow(struct tunnel_peer *peer, const struct tunnel_prefix *prefix);
/** tunnel_peer_allowed_next walks the peer's allowed IPs as tunnel_allowed_ips_next does. */
const struct tunnel_allowed_node *tunnel_peer_allowed_next(const struct tunnel_peer *peer,
							   const struct tunnel_allowed_node *at,
							   struct tunnel_prefix *prefix);
void tunnel_peer_set_keepalive(struct tunnel_peer *peer, uint64_t keepalive, uint64_t now);
/** tunnel_peer_open starts opening a session, if none is open or being opened. Returns as rtmfp_peer_open. */
int tunnel_peer_open(struct tunnel_peer *peer, uint64_t now) RTMFP_MUST_CHECK;
void *tunnel_peer_user(const struct tunnel_peer *peer);
/** tunnel_peer_rtmfp returns the endpoint's peer: state, candidates, current session. */
struct rtmfp_peer *tunnel_peer_rtmfp(const struct tunnel_peer *peer);

struct tunnel_peer_stats {
	struct tunnel_counters inner;
	uint64_t rx_datagrams, rx_bytes, tx_datagrams,
		tx_bytes;		       /* UDP payload of all sessions since the peer was added */
	uint64_t latest_handshake;	       /* |now| of the last keying or rekeying, 0: never */
	bool has_path;			       /* there was a session */
	struct rtmfp_path path;		       /* of the current or last session */
	unsigned sessions;		       /* open now: the current one and those that drain */
	uint64_t opened;		       /* sessions since the peer was added */
	size_t waiting_packets, waiting_bytes; /* for a session */
	uint64_t keepalive; /* ns in force: ours, or a shorter one that the far end asked for; 0: none */
	/* What the far end said in the current session, its handshake included; zero without one. */
	uint16_t far_mtu; /* 0: it did not say */
	bool has_reflexive;
	struct rtmfp_addr reflexive; /* ours as it sees it */
	uint64_t far_features;	     /* bit n: it has feature n */
	uint64_t far_unsupported;    /* bit n: it does not know control messages of type n */
	bool has_close_reason;	     /* of any session of the peer, the last one */
	uint64_t close_reason;	     /* enum tunnel_close_code, or unknown */
	bool has_session; /* a current session: |session|, and |flow| of inner packets if |has_flow| */
	struct rtmfp_session_stats session;
	bool has_flow;
	struct rtmfp_sendflow_stats flow;
};
/** tunnel_peer_stats takes a snapshot. */
void tunnel_peer_stats(const struct tunnel_peer *peer, struct tunnel_peer_stats *out);

#endif
