/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * RTMFP (RFC 7016): endpoints, peers, sessions, flows and messages, without I/O, clock or threads.
 *
 * The way of data: datagrams that arrived go into rtmfp_endpoint_receive, which calls back with messages
 * that lie in them; messages go into rtmfp_sendflow_write; rtmfp_endpoint_send fills the caller's buffer
 * with trains of datagrams until it returns 0; rtmfp_endpoint_tick is due at rtmfp_endpoint_expiry. An
 * endpoint and everything under it belongs to one thread. |now| never runs back.
 *
 * Callbacks may call any function of this header except rtmfp_endpoint_free, rtmfp_endpoint_receive,
 * rtmfp_endpoint_send and rtmfp_endpoint_tick, and except rtmfp_peer_free from within a callback of that
 * peer.
 */
#ifndef RTMFP_H
#define RTMFP_H

#include "rtmfp_crypto.h"

struct rtmfp_endpoint;
struct rtmfp_peer;
struct rtmfp_session;
struct rtmfp_sendflow;
struct rtmfp_recvflow;

/* ------------------------------------------------------------------------------------------------------------
 * Datagrams
 */

/* A run of datagrams that came on one path: all |segment| bytes long, the last one maybe shorter (as UDP GRO
 * gives them). */
struct rtmfp_run {
	struct rtmfp_path path;
	uint8_t *buf; /* decrypted in place */
	size_t len;
	size_t segment; /* 0: one datagram of |len| bytes */
	uint8_t ecn;	/* of the IP header: 0 to 3 */
};

/* A run of datagrams to send on one path, as UDP segmentation offload takes it. */
struct rtmfp_train {
	uint8_t *buf;		/* in: the caller's */
	size_t cap;		/* in: at least RTMFP_TRAIN_MIN, at most 65507 is used */
	unsigned max;		/* in: most datagrams, 1 or more; at most 64 are used */
	struct rtmfp_path path; /* out */
	size_t len;		/* out: bytes in |buf| */
	size_t segment;		/* out: each datagram's length; the last may be shorter */
	unsigned count;		/* out */
	uint8_t ecn;		/* out: the ECN field to send them with */
};
#define RTMFP_TRAIN_MIN		 2048u
#define RTMFP_TRAIN_SEGMENTS_MAX 64u

/* ------------------------------------------------------------------------------------------------------------
 * Callbacks. Any may be NULL. |user| is the endpoint's.
 */

enum rtmfp_close_reason {
	RTMFP_CLOSED_LOCAL,    /* rtmfp_session_close, rtmfp_peer_free */
	RTMFP_CLOSED_FAR,      /* Close or Close Ack received */
	RTMFP_CLOSED_REPLACED, /* a newer session of the peer took over, and this one has drained */
	RTMFP_CLOSED_EXPIRED,  /* keys too old, too many forgeries, or never confirmed */
};

/* Rekeying messages (PROTOCOL.md section 4); CONFIRM has no bytes but its epoch. */
enum rtmfp_rekey_type { RTMFP_REKEY_INIT, RTMFP_REKEY_RESP, RTMFP_REKEY_CONFIRM };

struct rtmfp_message_info {
	uint64_t sequence_number; /* of the first fragment */
	bool gap;      /* something before it in the flow was abandoned (3.6.1.2); queue order only */
	bool in_place; /* the bytes stay valid until on_batch_end has returned, else until on_message has */
	uint8_t ecn;   /* of the datagram that completed it */
};

struct rtmfp_recvflow_params {
	enum rtmfp_order { RTMFP_ORDER_QUEUE, RTMFP_ORDER_ARRIVAL } order;
	size_t buffer_capacity; /* BUFFER_CAPACITY (3.6.3.5), bytes */
	size_t message_max;	/* a longer message is dropped as it arrives */
	void *user;
};

struct rtmfp_callbacks {
	/** A session is open and may be written to; a responder's only after it was confirmed. It is the
	 * peer's current session now. */
	void (*on_session_open)(void *user, struct rtmfp_session *s);
	/** The last word of a session that was open: its flows are gone, and |s| must not be used any more
	 * when this returns. */
	void (*on_session_closed)(void *user, struct rtmfp_session *s, enum rtmfp_close_reason reason);
	/** An opening gave up (S_OPEN_FAILED): 95 s without an answer. */
	void (*on_open_failed)(void *user, struct rtmfp_peer *peer);
	/** The current session has gone silent (PROTOCOL.md 5.2) and a replacing one is being opened; a good
	 * time to look up names. */
	void (*on_silent)(void *user, struct rtmfp_peer *peer);
	/** The verified address of a session changed (3.5.4.2), or its first one is known. */
	void (*on_path)(void *user, struct rtmfp_session *s);
	/** Rekeying has something to tell the far end: to be sent on the keying flow (PROTOCOL.md section 6),
	 * in order. */
	void (*on_rekey_message)(void *user, struct rtmfp_session *s, enum rtmfp_rekey_type type,
				 uint64_t epoch, const uint8_t *msg, size_t len);

	/**
	 * A receiving flow begins (3.6.3.1). |params| holds defaults to change. |association| is our open
	 * sending flow that it answers, or NULL.
	 * Returns 0 to accept, or a positive value: reject it with that value minus 1 as exception code.
	 */
	int (*on_recvflow)(void *user, struct rtmfp_session *s, struct rtmfp_recvflow *flow,
			   const uint8_t *metadata, size_t len, struct rtmfp_sendflow *association,
			   struct rtmfp_recvflow_params *params);
	/** A complete message. */
	void (*on_message)(void *user, struct rtmfp_recvflow *flow, const uint8_t *data, size_t len,
			   const struct rtmfp_message_info *info);
	/** The flow is complete and everything was delivered, or it was aborted with its session; |flow| is
	 * freed later. */
	void (*on_recvflow_closed)(void *user, struct rtmfp_recvflow *flow);
	/** End of one rtmfp_endpoint_receive: in-place messages are about to lose their bytes. */
	void (*on_batch_end)(void *user);

	/** The far end rejected the flow (3.6.2.10); it is closing. */
	void (*on_exception)(void *user, struct rtmfp_sendflow *flow, uint64_t code);
	/** Room again after RTMFP_ERR_NOBUFS. */
	void (*on_writable)(void *user, struct rtmfp_sendflow *flow);
	/** The flow is complete, or was aborted with its session; |flow| is freed later and must not be used
	 * any more. */
	void (*on_sendflow_closed)(void *user, struct rtmfp_sendflow *flow);
};

/* ------------------------------------------------------------------------------------------------------------
 * Endpoint
 */

struct rtmfp_params; /* params.h: every number of the protocol, with defaults */

struct rtmfp_endpoint_config {
	const struct rtmfp_crypto_ops *ops;
	void *crypto;
	const struct rtmfp_mem *mem; /* NULL: rtmfp_mem_libc */
	const struct rtmfp_callbacks *cb;
	void *user;
	const struct rtmfp_params *params; /* NULL: the defaults; copied */
	bool stateless_reset;		   /* PROTOCOL.md 5.3 */
};

/** rtmfp_endpoint_new makes an endpoint; |cfg| is copied, what it points to must live as long as the endpoint
 * (params excepted). */
int rtmfp_endpoint_new(const struct rtmfp_endpoint_config *cfg, uint64_t now,
		       struct rtmfp_endpoint **out) RTMFP_MUST_CHECK;
/** rtmfp_endpoint_free frees everything, peers included; the user hears of it, far ends do not. To tell far
 * ends: rtmfp_endpoint_shutdown, then send until 0, first. */
void rtmfp_endpoint_free(struct rtmfp_endpoint *ep);
/** rtmfp_endpoint_shutdown closes all sessions abruptly (3.5.5): a Close Ack for each waits to be sent. No
 * more openings. */
void rtmfp_endpoint_shutdown(struct rtmfp_endpoint *ep, uint64_t now);

/** rtmfp_endpoint_receive processes a run of datagrams. Whatever they hold, it does not fail. */
void rtmfp_endpoint_receive(struct rtmfp_endpoint *ep, const struct rtmfp_run *run, uint64_t now);
/**
 * rtmfp_endpoint_send fills |train| with the next datagrams to send.
 *
 * Returns the number of datagrams, 0: nothing to send now (|train| is untouched). Call until it returns 0;
 * what is handed out counts as sent.
 */
unsigned rtmfp_endpoint_send(struct rtmfp_endpoint *ep, struct rtmfp_train *train,
			     uint64_t now) RTMFP_MUST_CHECK;
/** rtmfp_endpoint_settle ends all borrows (RTMFP_WRITE_BORROW) by copying what is still unsent. */
void rtmfp_endpoint_settle(struct rtmfp_endpoint *ep);
/** rtmfp_endpoint_expiry returns when to call rtmfp_endpoint_tick, RTMFP_NEVER if never. */
uint64_t rtmfp_endpoint_expiry(const struct rtmfp_endpoint *ep);
void rtmfp_endpoint_tick(struct rtmfp_endpoint *ep, uint64_t now);

/** rtmfp_endpoint_moved: the near end's addresses or routes changed; every session tells its far end now
 * (PROTOCOL.md 5.1). */
void rtmfp_endpoint_moved(struct rtmfp_endpoint *ep, uint64_t now);
/** rtmfp_endpoint_local_gone: nothing can be sent from |local| any more; paths that use it let the kernel
 * choose. */
void rtmfp_endpoint_local_gone(struct rtmfp_endpoint *ep, const struct rtmfp_addr *local, uint64_t now);

struct rtmfp_counters {
	uint64_t rx_datagrams, rx_bytes, tx_datagrams, tx_bytes;
	uint64_t drops[RTMFP_DROP_COUNT];
	uint64_t handshakes_as_initiator, handshakes_as_responder, rekeys, moves;
};
const struct rtmfp_counters *rtmfp_endpoint_counters(const struct rtmfp_endpoint *ep);

/* ------------------------------------------------------------------------------------------------------------
 * Peers: far ends by identity. A peer has at most one current session; others open, drain or wait to be
 * confirmed.
 */

/** rtmfp_peer_new makes the endpoint accept and open sessions with |far|. |user| is the caller's. */
int rtmfp_peer_new(struct rtmfp_endpoint *ep, struct rtmfp_far *far, void *user,
		   struct rtmfp_peer **out) RTMFP_MUST_CHECK;
/** rtmfp_peer_free closes the peer's sessions abruptly (a Close Ack each is sent later) and forgets it. */
void rtmfp_peer_free(struct rtmfp_peer *peer, uint64_t now);
void *rtmfp_peer_user(const struct rtmfp_peer *peer);
struct rtmfp_far *rtmfp_peer_far(const struct rtmfp_peer *peer);
/**
 * rtmfp_peer_set_candidates replaces the addresses to try when opening; the first RTMFP_CANDIDATES_MAX count,
 * and an opening under way tries the new ones, too. Returns 0 or RTMFP_ERR_NOMEM (nothing changed).
 */
int rtmfp_peer_set_candidates(struct rtmfp_peer *peer, const struct rtmfp_addr *addrs, size_t count,
			      uint64_t now) RTMFP_MUST_CHECK;
#define RTMFP_CANDIDATES_MAX 24u
/**
 * rtmfp_peer_open starts opening a session (3.5.1.1.1), if none is open or being opened.
 * Returns 0, RTMFP_ERR_UNKNOWN (no candidate address), RTMFP_ERR_CLOSED (the endpoint shuts down),
 * RTMFP_ERR_NOMEM.
 */
int rtmfp_peer_open(struct rtmfp_peer *peer, uint64_t now) RTMFP_MUST_CHECK;
/** rtmfp_peer_session returns the session to write to, or NULL. */
struct rtmfp_session *rtmfp_peer_session(const struct rtmfp_peer *peer);
/** rtmfp_peer_set_keepalive sends an empty Ping (3.5.4.1) when nothing was sent for |interval| ns; 0: never.
 */
void rtmfp_peer_set_keepalive(struct rtmfp_peer *peer, uint64_t interval, uint64_t now);

enum rtmfp_peer_state {
	RTMFP_PEER_IDLE,      /* no session, none wanted */
	RTMFP_PEER_OPENING,   /* S_IHELLO_SENT or S_KEYING_SENT, nothing open */
	RTMFP_PEER_CONNECTED, /* S_OPEN */
	RTMFP_PEER_PROBING,   /* S_OPEN but silent (PROTOCOL.md 5.2): a replacement is being opened */
};
enum rtmfp_peer_state rtmfp_peer_state(const struct rtmfp_peer *peer);
const char *rtmfp_peer_state_name(enum rtmfp_peer_state state);

/* ------------------------------------------------------------------------------------------------------------
 * Sessions
 */

struct rtmfp_peer *rtmfp_session_peer(const struct rtmfp_session *s);
bool rtmfp_session_is_initiator(const struct rtmfp_session *s);
/** rtmfp_session_close closes in an orderly fashion (S_NEARCLOSE, 3.5.5), or abruptly. */
void rtmfp_session_close(struct rtmfp_session *s, bool abrupt, uint64_t now);
void rtmfp_session_set_user(struct rtmfp_session *s, void *user);
void *rtmfp_session_user(const struct rtmfp_session *s);

struct rtmfp_session_stats {
	struct rtmfp_path path; /* DESTADDR and the local side of it */
	uint64_t opened;	/* |now| when it opened */
	uint64_t handshake;	/* ns from the attempt's first IHello to open; 0 for a responder */
	uint64_t keyed;		/* |now| of the last keying or rekeying */
	uint64_t epoch;
	uint64_t rtt, min_rtt, srtt, erto;		     /* ns, 0 unknown */
	uint64_t cwnd, outstanding;			     /* bytes */
	uint64_t last_received;				     /* |now| of the last authentic packet */
	uint64_t rx_packets, rx_bytes, tx_packets, tx_bytes; /* datagrams and their UDP payload */
	uint64_t lost_fragments;
	size_t datagram_max; /* UDP payload bytes used on this path */
	uint8_t suite;
	struct rtmfp_keying_info keying;
};
void rtmfp_session_stats(const struct rtmfp_session *s, struct rtmfp_session_stats *out);

/** rtmfp_session_rekey_input hands in a rekeying message that came on the keying flow. */
void rtmfp_session_rekey_input(struct rtmfp_session *s, enum rtmfp_rekey_type type, uint64_t epoch,
			       const uint8_t *msg, size_t len, uint64_t now);
/** rtmfp_session_activity: an inner packet or keepalive was sent, received or waits; a rekey that is due
 * starts now. */
void rtmfp_session_activity(struct rtmfp_session *s, uint64_t now);

/* ------------------------------------------------------------------------------------------------------------
 * Sending flows (3.6.2)
 */

/* Priorities: higher goes first, always. */
enum rtmfp_priority {
	RTMFP_PRIORITY_BACKGROUND = 0,
	RTMFP_PRIORITY_BULK = 2,
	RTMFP_PRIORITY_INTERACTIVE = 4,
	RTMFP_PRIORITY_REALTIME = 5,
	RTMFP_PRIORITY_CONTROL = 6,
	RTMFP_PRIORITY_KEYING = 7, /* may be sent when keys are too old for anything else */
};

struct rtmfp_sendflow_params {
	const uint8_t *metadata; /* copied; at most 512 bytes */
	size_t metadata_len;
	struct rtmfp_recvflow *association; /* the flow that this one answers (2.3.11.1.2), or NULL */
	enum rtmfp_priority priority;
	size_t queue_max; /* bytes that may wait unsent; a write beyond it gets RTMFP_ERR_NOBUFS */
	void *user;
};

/** rtmfp_sendflow_open opens a flow in an open session (3.6.2.1). RTMFP_ERR_CLOSED, _LIMIT, _NOMEM. */
int rtmfp_sendflow_open(struct rtmfp_session *s, const struct rtmfp_sendflow_params *params, uint64_t now,
			struct rtmfp_sendflow **out) RTMFP_MUST_CHECK;

enum rtmfp_write_flags {
	RTMFP_WRITE_BORROW =
		1, /* |data| stays valid until rtmfp_endpoint_settle; saves a copy of what is sent before */
};
struct rtmfp_write {
	const uint8_t *data;
	size_t len; /* 0 to RTMFP_MESSAGE_MAX */
	unsigned flags;
	/*
	 * Reliability (3.6.2.7): a fragment is repeated while its message is younger than |lifetime| ns.
	 * 0: sent once; RTMFP_NEVER: until acknowledged.
	 */
	uint64_t lifetime;
	uint64_t queue_time; /* abandon it if it was not sent for the first time within this; RTMFP_NEVER:
				wait */
	size_t first;	     /* bytes in the first fragment, 0: as many as fit a datagram */
	size_t each;	     /* bytes in each further fragment, 0: as many as fit */
};
#define RTMFP_MESSAGE_MAX (1u << 24)

/**
 * rtmfp_sendflow_write queues one message (3.6.2.2).
 *
 * Returns 0, or RTMFP_ERR_CLOSED (nothing queued), RTMFP_ERR_NOBUFS (nothing queued; retry after
 * on_writable), RTMFP_ERR_LIMIT (longer than RTMFP_MESSAGE_MAX), RTMFP_ERR_NOMEM (nothing queued). May be
 * called from any callback. Sends nothing itself: the next rtmfp_endpoint_send does.
 */
int rtmfp_sendflow_write(struct rtmfp_sendflow *flow, const struct rtmfp_write *write,
			 uint64_t now) RTMFP_MUST_CHECK;
/** rtmfp_sendflow_close closes the flow (3.6.2.11); what is queued is still sent. */
void rtmfp_sendflow_close(struct rtmfp_sendflow *flow, uint64_t now);
void *rtmfp_sendflow_user(const struct rtmfp_sendflow *flow);
void rtmfp_sendflow_set_user(struct rtmfp_sendflow *flow, void *user);
struct rtmfp_session *rtmfp_sendflow_session(const struct rtmfp_sendflow *flow);
uint64_t rtmfp_sendflow_id(const struct rtmfp_sendflow *flow);

struct rtmfp_sendflow_stats {
	size_t queued;	    /* bytes waiting to be sent for the first time */
	size_t outstanding; /* F_OUTSTANDING_BYTES */
	uint64_t messages, fragments, repeated, lost, abandoned; /* counts; abandoned: messages */
	uint64_t unsent;  /* of these, messages of which nothing was ever sent */
	uint64_t waiting; /* messages that are not all sent yet */
	uint64_t receive_window;
};
void rtmfp_sendflow_stats(const struct rtmfp_sendflow *flow, struct rtmfp_sendflow_stats *out);

/* ------------------------------------------------------------------------------------------------------------
 * Receiving flows (3.6.3)
 */

/** rtmfp_recvflow_reject rejects an open flow with exception |code| (3.6.3.7). */
void rtmfp_recvflow_reject(struct rtmfp_recvflow *flow, uint64_t code);
/** rtmfp_recvflow_suspend stops and resumes delivery (3.6.3.3); resuming delivers at once what waits. */
void rtmfp_recvflow_suspend(struct rtmfp_recvflow *flow, bool suspended, uint64_t now);
void *rtmfp_recvflow_user(const struct rtmfp_recvflow *flow);
void rtmfp_recvflow_set_user(struct rtmfp_recvflow *flow, void *user);
struct rtmfp_session *rtmfp_recvflow_session(const struct rtmfp_recvflow *flow);
uint64_t rtmfp_recvflow_id(const struct rtmfp_recvflow *flow);

#endif
