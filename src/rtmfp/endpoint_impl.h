/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The insides of an endpoint and its peers, for the files of this folder that make them up: endpoint.c
 * (datagrams in and out, time), outbox.c (datagrams that belong to no open session), startup.c (startup
 * packets), opening.c (initiator), responder.c, peer.c. Sessions are session_impl.h's.
 */
#ifndef ENDPOINT_IMPL_H
#define ENDPOINT_IMPL_H

#include "cookie.h"
#include "idtable.h"
#include "limiter.h"
#include "list.h"
#include "params.h"
#include "rtmfp.h"
#include "rtmfp_wire.h"
#include "timer.h"

/* Datagrams that are ready to leave, sealed: startup packets, last words of closed sessions, resets. */
struct rtmfp_outbox {
	struct rtmfp_parcel *head, **tail;
	size_t count;
	size_t strangers; /* of these, what strangers caused */
};

struct rtmfp_parcel {
	struct rtmfp_parcel *next;
	bool stranger;
	struct rtmfp_path path;
	size_t len;
	uint8_t bytes[];
};

/* Who caused a datagram, and how many of them may wait: answers to strangers few, our own words a Close for
 * everybody. */
enum rtmfp_outbox_cause { RTMFP_OUTBOX_STRANGERS, RTMFP_OUTBOX_OWN };
#define RTMFP_OUTBOX_STRANGERS_MAX 64u
#define RTMFP_OUTBOX_MAX	   65536u

/* A session ID that must not be used again for a while. */
struct rtmfp_retired {
	struct rtmfp_id id;
	uint64_t until;
	struct rtmfp_retired *next;
};

struct rtmfp_endpoint {
	const struct rtmfp_crypto_ops *ops;
	void *crypto;
	const struct rtmfp_mem *mem;
	const struct rtmfp_callbacks *cb;
	void *user;
	struct rtmfp_params params;
	bool stateless_reset;

	struct rtmfp_idtable ids;   /* all live receive IDs */
	struct rtmfp_idtable names; /* by rtmfp_name: openings' tags, sessions' far reset tokens */
	struct rtmfp_retired *retired, **retired_tail;
	struct rtmfp_timer retired_timer;
	struct rtmfp_timers timers;

	struct rtmfp_cookies cookies;
	struct rtmfp_limiter hello_limiter;  /* RHellos a source */
	struct rtmfp_limiter keying_limiter; /* IIKeyings a source */
	struct rtmfp_bucket resets;	     /* stateless resets in all */

	struct rtmfp_list peers;
	struct rtmfp_list ready;  /* sessions that may have something to send */
	struct rtmfp_list doomed; /* sessions to finish when no callback is running */
	struct rtmfp_outbox outbox;

	uint8_t mobility_secret[32];
	uint64_t next_serial;
	struct rtmfp_session
		*last_received; /* by the datagrams of the run so far; its deadlines are not looked at yet */
	unsigned depth;		/* of public calls under way; sessions are finished when it is back at 0 */
	uint64_t now;		/* the latest that any call has told */
	bool shutdown;
	struct rtmfp_counters counters;
};

struct rtmfp_opening;

struct rtmfp_peer {
	struct rtmfp_list in_endpoint;
	struct rtmfp_endpoint *ep;
	struct rtmfp_far *far;
	void *user;
	struct rtmfp_session *current; /* the session to write to, or NULL */
	struct rtmfp_list sessions;    /* all of them: current, draining, unconfirmed, closing */
	struct rtmfp_opening *opening; /* or NULL */
	struct rtmfp_addr *candidates; /* allocated, or NULL */
	size_t candidate_count;
	uint64_t stamp;	    /* of the last IIKeying that was accepted (PROTOCOL.md 2.5) */
	uint64_t keepalive; /* ns, 0: none */
	bool open_wanted;   /* an opening starts when |timer| fires (glare hold) */
	struct rtmfp_timer timer;
};

/* ---- endpoint.c ---- */
/** enter and leave bracket every public call that can run callbacks or finish sessions. */
void rtmfp_endpoint_enter(struct rtmfp_endpoint *ep, uint64_t now);
void rtmfp_endpoint_leave(struct rtmfp_endpoint *ep);
static inline void rtmfp_endpoint_drop(struct rtmfp_endpoint *ep, enum rtmfp_drop reason)
{
	ep->counters.drops[reason]++;
}
/** rtmfp_endpoint_new_id fills |id| with an unused random receive ID (PROTOCOL.md section 3) and enters it.
 */
void rtmfp_endpoint_new_id(struct rtmfp_endpoint *ep, struct rtmfp_id *id, enum rtmfp_id_kind kind,
			   uint8_t slot, void *owner);
/** rtmfp_endpoint_retire_id takes |id| out and keeps its value from being chosen for a while. */
void rtmfp_endpoint_retire_id(struct rtmfp_endpoint *ep, struct rtmfp_id *id, uint64_t now);
/** rtmfp_name returns the first 4 of 16 unpredictable bytes, as they are looked up in |names|. */
static inline uint32_t rtmfp_name(const uint8_t bytes[16])
{
	return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}
/** rtmfp_scramble writes the SSID before the |len| bytes of encrypted packet at |datagram| + 4 (2.2.2). */
void rtmfp_scramble(uint8_t *datagram, size_t len, uint32_t session_id);

/* ---- outbox.c ---- */
void rtmfp_outbox_init(struct rtmfp_outbox *o);
void rtmfp_outbox_fini(struct rtmfp_outbox *o, const struct rtmfp_mem *mem);
/** rtmfp_outbox_push copies a datagram; false when as many wait as |cause| may have waiting, or without
 * memory. */
bool rtmfp_outbox_push(struct rtmfp_outbox *o, const struct rtmfp_mem *mem, enum rtmfp_outbox_cause cause,
		       const struct rtmfp_path *path, const uint8_t *bytes, size_t len);
/** rtmfp_outbox_pop moves datagrams of equal length to one path into |train|; returns how many. */
unsigned rtmfp_outbox_pop(struct rtmfp_outbox *o, const struct rtmfp_mem *mem, struct rtmfp_train *train);

/* ---- startup.c ---- */
/* A startup packet (2.1) being built. */
struct rtmfp_startup_packet {
	struct rtmfp_writer w;
	uint8_t bytes[RTMFP_STARTUP_MAX];
};
void rtmfp_startup_begin(struct rtmfp_endpoint *ep, struct rtmfp_startup_packet *p);
/**
 * rtmfp_startup_send seals and queues it.
 *
 * |pad_to|  the least datagram length
 * |most|    the greatest: an answer is not longer than what it answers
 * False: does not fit, or too many wait.
 */
bool rtmfp_startup_send(struct rtmfp_endpoint *ep, struct rtmfp_startup_packet *p, uint32_t session_id,
			const struct rtmfp_path *path, size_t pad_to, size_t most,
			enum rtmfp_outbox_cause cause);
/** rtmfp_startup_receive handles a datagram for session ID 0, or for a keying of ours (|id|, else NULL). */
void rtmfp_startup_receive(struct rtmfp_endpoint *ep, struct rtmfp_id *id, const struct rtmfp_path *path,
			   uint8_t *datagram, size_t len, uint64_t now);

/* ---- responder.c ---- */
/** rtmfp_responder_ihello: |datagram| is the length of what held it. */
void rtmfp_responder_ihello(struct rtmfp_endpoint *ep, const struct rtmfp_path *path, const uint8_t *p,
			    size_t len, size_t datagram, uint64_t now);
void rtmfp_responder_iikeying(struct rtmfp_endpoint *ep, const struct rtmfp_path *path, const uint8_t *p,
			      size_t len, uint64_t now);

/* ---- opening.c ---- */
enum rtmfp_opening_state { RTMFP_S_IHELLO_SENT, RTMFP_S_KEYING_SENT };
int rtmfp_opening_new(struct rtmfp_peer *peer, uint64_t now) RTMFP_MUST_CHECK;
/** rtmfp_opening_moved: cookies are bound to addresses that may not be ours any more; keying starts over. */
void rtmfp_opening_moved(struct rtmfp_opening *o, uint64_t now);
void rtmfp_opening_free(struct rtmfp_opening *o, uint64_t now);
enum rtmfp_opening_state rtmfp_opening_state(const struct rtmfp_opening *o);
void rtmfp_opening_add_candidate(struct rtmfp_opening *o, const struct rtmfp_addr *addr, uint64_t now);
/** rtmfp_opening_find returns the opening that sent this tag, or NULL. */
struct rtmfp_opening *rtmfp_opening_find(struct rtmfp_endpoint *ep, const uint8_t *tag, size_t len);
void rtmfp_opening_rhello(struct rtmfp_opening *o, const struct rtmfp_path *path, const uint8_t *p,
			  size_t len, uint64_t now);
void rtmfp_opening_rikeying(struct rtmfp_opening *o, unsigned slot, const uint8_t *p, size_t len,
			    uint64_t now);

/* ---- peer.c ---- */
/** rtmfp_peer_start_opening opens (a replacing session, too), unless glare forbids it for now. Whoever may
 * ignore a failure tries again at the next sign. */
int rtmfp_peer_start_opening(struct rtmfp_peer *peer, uint64_t now);
/** rtmfp_peer_adopt makes |s|, open and confirmed, the peer's current session; the older one drains. */
void rtmfp_peer_adopt(struct rtmfp_peer *peer, struct rtmfp_session *s, uint64_t now);
/** rtmfp_peer_yield aborts an opening in favour of the far end's; it starts again if that comes to nothing.
 */
void rtmfp_peer_yield(struct rtmfp_peer *peer, uint64_t now);
/** rtmfp_peer_drop_opening aborts the opening, if any. */
void rtmfp_peer_drop_opening(struct rtmfp_peer *peer, uint64_t now);

#endif
