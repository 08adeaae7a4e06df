/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The insides of a session (RFC 7016 section 3.5), for the files that make it up: session.c (life, packets
 * in), packetize.c (packets out), liveness.c (Pings, keepalive, silence), mobility.c (addresses), rekey.c
 * (epochs).
 */
#ifndef SESSION_IMPL_H
#define SESSION_IMPL_H

#include "endpoint_impl.h"
#include "flows.h"
#include "session.h"

enum rtmfp_session_state {
	RTMFP_S_OPEN,
	RTMFP_S_NEARCLOSE,
	RTMFP_S_FARCLOSE_LINGER,
	RTMFP_S_CLOSED,
};

/* One pair of keys with the session IDs that name it (PROTOCOL.md section 4). */
struct rtmfp_epoch {
	struct rtmfp_id rx; /* how the far end names us */
	uint32_t tx_id;	    /* how we name it */
	void *keys;	    /* NULL: slot unused, or its keys are not agreed yet */
	uint64_t number;
	uint64_t born;
	uint64_t rx_until;	       /* erased then; RTMFP_NEVER while it is current */
	struct rtmfp_keying_info info; /* of the next epoch: in force when it is */
};
#define RTMFP_EPOCHS 3u /* previous, current, next */

enum rtmfp_rekey_state { RTMFP_REKEY_IDLE, RTMFP_REKEY_SENT, RTMFP_REKEY_ANSWERED };

/* A Ping whose reply waits to be sent. */
struct rtmfp_pong {
	struct rtmfp_pong *next;
	size_t len;
	uint8_t message[];
};
#define RTMFP_PONGS_MAX 8u

/* How a responder answers a retransmitted IIKeying until the session is confirmed (PROTOCOL.md 2.5, step 5).
 */
struct rtmfp_keying_memo {
	struct rtmfp_id name; /* in ep->names */
	struct rtmfp_addr source;
	uint32_t initiator_id;
	size_t component_len, reply_len;
	uint8_t bytes[]; /* the initiator's component, then the RIKeying chunk */
};

/* An address that the far end may have moved to (PROTOCOL.md 5.1). */
struct rtmfp_candidate {
	bool used;
	struct rtmfp_path path;
	uint64_t since;
	uint64_t received, sent; /* bytes: sent stays within three times received until verified */
	unsigned pings;
	uint64_t next_ping, interval;
	uint64_t last_ping; /* the time inside the newest verification Ping */
};
#define RTMFP_CANDIDATE_PATHS 2u

struct rtmfp_mobility {
	struct rtmfp_candidate candidates[RTMFP_CANDIDATE_PATHS];
	struct rtmfp_candidate *downlink; /* where the downlink goes while it is verified, or NULL */
	bool diverted;			  /* the downlink has gone to unverified addresses, */
	uint64_t diverted_at;		  /* for the first time then */
	uint64_t looked; /* |now| of the last tick: what was due by then waits for budget, not for time */
};

struct rtmfp_session {
	struct rtmfp_list in_peer;
	struct rtmfp_list in_ready;
	struct rtmfp_list in_doomed;
	struct rtmfp_endpoint *ep;
	struct rtmfp_peer *peer;
	struct rtmfp_flows *flows;
	void *user;
	uint64_t serial; /* unique in the endpoint */

	enum rtmfp_session_state state;
	bool initiator;
	bool confirmed;
	bool announced;	 /* on_session_open was called */
	bool flows_over; /* to be freed, and the user told, when no callback runs */
	bool finished;	 /* to be freed with them */
	enum rtmfp_close_reason reason;

	struct rtmfp_epoch epochs[RTMFP_EPOCHS];
	struct rtmfp_epoch *current; /* the one to send in */
	struct rtmfp_path path;	     /* DESTADDR */
	struct rtmfp_keying_info keying;
	struct rtmfp_keying_memo *memo;
	struct rtmfp_id token; /* in ep->names */
	struct rtmfp_timer timer;

	/* times */
	uint64_t opened, handshake;
	uint64_t last_received, last_sent;
	uint64_t drain_until; /* replaced: freed then; RTMFP_NEVER: not replaced */
	uint64_t state_until; /* NEARCLOSE, FARCLOSE_LINGER, unconfirmed: closed then */

	/* what waits to be sent */
	bool want_close, want_close_ack;
	uint64_t next_close; /* S_NEARCLOSE repeats Close */
	struct rtmfp_pong *pongs;
	unsigned pong_count;
	struct rtmfp_bucket pong_bucket;

	/* liveness (liveness.c) */
	bool want_ping;
	unsigned pad_pings;  /* so many of the next Pings fill their datagrams */
	uint64_t ping_first; /* when the oldest unanswered Ping was sent, RTMFP_NEVER */
	uint64_t ping_next;  /* when to send it again */
	uint64_t ping_erto;  /* ERTO when it was sent */
	uint64_t ping_last;  /* when one was sent, 0: never */
	bool silent;
	bool retry_opening; /* a replacement could not be opened */
	uint64_t last_suspect;
	unsigned timeouts_before; /* of the row of timeouts, those before the far end was last heard */
	uint64_t asked_acked;	  /* bytes acknowledged when the oldest unanswered Ping was sent, or it fell
				     silent */

	/* mobility (mobility.c) */
	struct rtmfp_mobility *mobility;
	uint64_t mob_rx; /* MOB_RX_TS: the newest verification time that counted */
	uint64_t last_move;

	/* rekeying (rekey.c) */
	enum rtmfp_rekey_state rekey_state;
	void *rk;
	uint64_t rekey_due;   /* at the first activity from then on */
	uint64_t rekey_began; /* the attempt under way */
	uint64_t last_switch;

	/* what arrived: the packet being processed */
	const struct rtmfp_path *rx_path;

	uint64_t rx_packets, rx_bytes, tx_packets, tx_bytes;
};

/* ---- session.c ---- */
struct rtmfp_session_seed {
	bool initiator;
	uint32_t tx_id;
	void *keys; /* taken over on success */
	struct rtmfp_keying_info *keying;
	struct rtmfp_path path;
	uint64_t handshake;
};
/** rtmfp_session_new makes an open session whose first receive ID is |rx| (taken over). Not yet adopted by
 * its peer. */
int rtmfp_session_new(struct rtmfp_peer *peer, const struct rtmfp_session_seed *seed, struct rtmfp_id *rx,
		      uint64_t now, struct rtmfp_session **out) RTMFP_MUST_CHECK;
/** rtmfp_session_receive handles a datagram that names one of the session's epochs. */
void rtmfp_session_receive(struct rtmfp_session *s, struct rtmfp_epoch *e, const struct rtmfp_path *path,
			   uint8_t *datagram, size_t len, uint8_t ecn, uint64_t now);
/** rtmfp_session_end moves it to S_CLOSED without a word; it is finished at the next rtmfp_endpoint_leave. */
void rtmfp_session_end(struct rtmfp_session *s, enum rtmfp_close_reason reason);
/** rtmfp_session_abort says Close Ack once and ends it (3.5.5, abrupt). */
void rtmfp_session_abort(struct rtmfp_session *s, enum rtmfp_close_reason reason, uint64_t now);
/** rtmfp_session_finish frees what rtmfp_session_end doomed, and tells the user. */
void rtmfp_session_finish(struct rtmfp_session *s);
void rtmfp_session_wake(struct rtmfp_session *s);
void rtmfp_session_reschedule(struct rtmfp_session *s, uint64_t now);
void rtmfp_session_confirm(struct rtmfp_session *s, uint64_t now);
size_t rtmfp_session_datagram_max(const struct rtmfp_session *s, const struct rtmfp_path *path);

/* ---- packetize.c ---- */
unsigned rtmfp_session_send(struct rtmfp_session *s, struct rtmfp_train *train, uint64_t now);
/** rtmfp_session_last_word builds one packet with |chunk| (CLOSE or CLOSE_ACK) behind what the control flows
 * still hold. */
void rtmfp_session_last_word(struct rtmfp_session *s, uint8_t chunk, uint64_t now);

/* ---- liveness.c ---- */
void rtmfp_liveness_ping(struct rtmfp_session *s, uint64_t now);
/** rtmfp_liveness_moved: the near end moved; tell the far end from wherever the kernel sends now
 * (PROTOCOL.md 5.1). */
void rtmfp_liveness_moved(struct rtmfp_session *s, uint64_t now);
void rtmfp_liveness_ping_sent(struct rtmfp_session *s, uint64_t now);
/** rtmfp_liveness_received: a packet was processed; if it acknowledged anything, the session is not silent.
 */
void rtmfp_liveness_received(struct rtmfp_session *s, uint64_t now);
/** rtmfp_liveness_activity: something is to be sent; a silent session is given another chance to be replaced.
 */
void rtmfp_liveness_activity(struct rtmfp_session *s, uint64_t now);
void rtmfp_liveness_ping_chunk(struct rtmfp_session *s, const uint8_t *message, size_t len, uint64_t now);
void rtmfp_liveness_pong_chunk(struct rtmfp_session *s, const uint8_t *message, size_t len, uint64_t now);
uint64_t rtmfp_liveness_expiry(const struct rtmfp_session *s);
void rtmfp_liveness_tick(struct rtmfp_session *s, uint64_t now);
void rtmfp_liveness_suspect(struct rtmfp_session *s, uint64_t now);

/* ---- mobility.c ---- */
/** rtmfp_mobility_received looks at an authentic packet's path; |newest|: its number is the greatest of the
 * newest epoch. */
void rtmfp_mobility_received(struct rtmfp_session *s, const struct rtmfp_path *path, size_t len, bool newest,
			     uint64_t now);
/** rtmfp_mobility_reply: a Ping Reply that begins with 'M' came on |path|. */
void rtmfp_mobility_reply(struct rtmfp_session *s, const struct rtmfp_path *path, const uint8_t *message,
			  size_t len, uint64_t now);
/** rtmfp_mobility_ping_due returns a candidate whose verification Ping is to be sent now, or NULL. */
struct rtmfp_candidate *rtmfp_mobility_ping_due(struct rtmfp_session *s, uint64_t now);
#define RTMFP_MOBILITY_PING_LEN (1u + 8u + RTMFP_MAC_LEN)
void rtmfp_mobility_make_ping(struct rtmfp_session *s, struct rtmfp_candidate *c,
			      uint8_t message[RTMFP_MOBILITY_PING_LEN], uint64_t now);
/** rtmfp_mobility_downlink: the unverified address that the downlink goes to within its budget, or NULL. */
struct rtmfp_candidate *rtmfp_mobility_downlink(const struct rtmfp_session *s, uint64_t now);
/** rtmfp_mobility_budget: bytes that may still go to |c| before it is verified. */
size_t rtmfp_mobility_budget(const struct rtmfp_candidate *c);
/** rtmfp_mobility_local_gone: candidates that use |local| leave the choice to the kernel. */
void rtmfp_mobility_local_gone(struct rtmfp_session *s, const struct rtmfp_addr *local);
uint64_t rtmfp_mobility_expiry(const struct rtmfp_session *s);
void rtmfp_mobility_tick(struct rtmfp_session *s, uint64_t now);

/* ---- rekey.c ---- */
void rtmfp_rekey_schedule(struct rtmfp_session *s, uint64_t now);
/** rtmfp_rekey_start begins a rekey if one is due and none is under way. */
void rtmfp_rekey_start(struct rtmfp_session *s, uint64_t now);
/** rtmfp_rekey_epoch_used: a packet authenticated under |e|. */
void rtmfp_rekey_epoch_used(struct rtmfp_session *s, struct rtmfp_epoch *e, uint64_t now);
/** rtmfp_rekey_keying_only: the keys are too old for anything but the keying flow. */
bool rtmfp_rekey_keying_only(const struct rtmfp_session *s, uint64_t now);
uint64_t rtmfp_rekey_expiry(const struct rtmfp_session *s, uint64_t now);
void rtmfp_rekey_tick(struct rtmfp_session *s, uint64_t now);
void rtmfp_rekey_fini(struct rtmfp_session *s, uint64_t now);
void rtmfp_epoch_erase(struct rtmfp_session *s, struct rtmfp_epoch *e, uint64_t now);

#endif
