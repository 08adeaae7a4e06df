/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How the flows of a session are laid out, for flows.c, sendflow.c and recvflow.c alone.
 *
 * User callbacks: each may call back into the flows. So nothing that a callback could have changed is
 * believed afterwards, no flow is freed but by rtmfp_flows_tick and rtmfp_flows_free, and |dead| tells
 * that the latter was called meanwhile. Callbacks that nothing waits for (on_writable) are put off to the
 * end of the function that the session called.
 */
#ifndef FLOWS_IMPL_H
#define FLOWS_IMPL_H

#include "cc.h"
#include "flows.h"
#include "pacer.h"
#include "params.h"
#include "pool.h"
#include "recvbuf.h"
#include "rtt.h"
#include "sendqueue.h"
#include "seqset.h"
#include "session.h"
#include "txorder.h"

enum rtmfp_f_state { RTMFP_F_OPEN, RTMFP_F_CLOSING, RTMFP_F_COMPLETE_LINGER, RTMFP_F_CLOSED };
enum rtmfp_rf_state { RTMFP_RF_OPEN, RTMFP_RF_REJECTED, RTMFP_RF_COMPLETE_LINGER, RTMFP_RF_CLOSED };

#define RTMFP_PRIORITIES 8u

/* Options of User Data (2.3.11.1) */
#define RTMFP_OPTION_METADATA	 0x00u
#define RTMFP_OPTION_ASSOCIATION 0x0au
#define RTMFP_OPTION_IGNORABLE	 8192u /* types from here on are ignored when not understood */

struct rtmfp_sendflow {
	struct rtmfp_flows *f;
	uint64_t id;		  /* F_FLOW_ID */
	enum rtmfp_f_state state; /* written by enter() alone */
	uint8_t priority;
	bool active;	/* in f->active */
	bool exception; /* EXCEPTION */
	bool exception_told;
	bool closed_told;
	bool wants_writable; /* a write was refused */
	bool writable_due;   /* on_writable is to be called */
	uint8_t *startup;    /* STARTUP_OPTIONS, Marker included; NULL: empty */
	size_t startup_len;
	struct rtmfp_sendqueue q; /* SEND_QUEUE, NEXT_SN */
	uint64_t outstanding;	  /* F_OUTSTANDING_BYTES */
	uint64_t rx_buffer;	  /* RX_BUFFER_SIZE */
	uint64_t cumulative;	  /* highest cumulative acknowledgement */
	uint64_t final_sn;	  /* F_FINAL_SN; 0: none */
	uint64_t linger_until;
	uint64_t probe_at; /* next Buffer Probe; RTMFP_NEVER: not suspended */
	uint64_t probe_interval;
	size_t oversize; /* room that the next fragment needs, if more than a datagram has; else 0 */
	size_t queue_max;
	void *user;
	struct rtmfp_sendflow *prev, *next; /* in f->active */
	struct rtmfp_sendflow_stats stats;  /* counts only */
};

struct rtmfp_recvflow {
	struct rtmfp_flows *f;
	uint64_t id;		   /* RF_FLOW_ID */
	enum rtmfp_rf_state state; /* written by enter() alone */
	bool arrival_order;
	bool suspended;
	bool should_ack; /* SHOULD_ACK: in the list of f->ack_head */
	bool rejected;	 /* was RF_REJECTED */
	bool has_prev_rwnd;
	bool has_final;
	bool accepted; /* the user knows it */
	bool closed_told;
	bool delivering;	  /* a loop that delivers runs already */
	bool stalled;		  /* memory was short for delivery: to be tried again */
	struct rtmfp_seqset set;  /* SEQUENCE_SET */
	struct rtmfp_recvbuf buf; /* RECV_BUFFER, BUFFERED_SIZE */
	size_t capacity;	  /* BUFFER_CAPACITY */
	size_t message_max;
	uint64_t final_sn;	 /* RF_FINAL_SN */
	uint64_t prev_rwnd;	 /* PREV_RWND */
	uint64_t exception_code; /* EXCEPTION_CODE */
	uint64_t delivered;	 /* queue order: last number of what was delivered */
	uint64_t linger_until;
	void *user;
	struct rtmfp_recvflow *next_ack;
};

struct rtmfp_active_list {
	struct rtmfp_sendflow *head, *tail;
	unsigned count;
};

struct rtmfp_flows {
	const struct rtmfp_mem *mem;
	struct rtmfp_session *session;
	const struct rtmfp_params *params;
	const struct rtmfp_callbacks *cb;
	void *cb_user;
	struct rtmfp_flows_hooks hooks;
	bool no_bitmap_ack;
	bool fastgrow;	/* FASTGROW_ALLOWED */
	bool limited;	/* data waits because of the window or pacing */
	bool caches;	/* memory may be held that an idle session does not need */
	bool dead;	/* rtmfp_flows_free was called */
	unsigned depth; /* functions of the session's being carried out, and callbacks */
	uint64_t now;	/* the last that was heard */
	uint64_t last_activity;

	/* sending flows; the flow with ID n is at n - 1 */
	struct rtmfp_sendflow **send;
	unsigned send_cap;
	unsigned send_count;
	struct rtmfp_active_list active[RTMFP_PRIORITIES]; /* flows that may have something to send */
	unsigned active_levels;				   /* bit n: active[n] is not empty */
	unsigned oversized;				   /* flows with |oversize| */
	bool writable_due;				   /* of some flow */
	uint64_t linger_due; /* not before the first flow of either direction stops lingering */
	uint64_t probe_due;  /* not before the first Buffer Probe */
	struct rtmfp_txorder tx;
	uint32_t tx_packet; /* counts packets with user data */
	struct rtmfp_rtt rtt;
	struct rtmfp_cc *cc;
	struct rtmfp_pacer pacer;
	uint64_t pace_at;  /* when pacing lets waiting data go; RTMFP_NEVER: it does not hold any back */
	uint64_t retry_at; /* memory was short; RTMFP_NEVER: it was not */
	size_t chunk_room;
	uint64_t outstanding; /* S_OUTSTANDING_BYTES */
	uint64_t alarm;	      /* TIMEOUT_ALARM; RTMFP_NEVER: unset */
	uint64_t tc_until;    /* TC_SENT until then */
	unsigned timeouts_in_row;
	uint64_t ack_due_since;
	uint64_t lost_fragments;
	uint64_t acked_total; /* bytes */

	/* the packet that is being received */
	uint8_t ecn;
	bool has_prev; /* |prev| is the last User Data chunk */
	bool any_data, any_acks;
	bool refused; /* the beginning of a flow */
	struct rtmfp_data prev;
	uint64_t pre_outstanding, acked;
	uint64_t newest_tsn; /* of what was newly acknowledged and sent once; 0: nothing */
	uint64_t newest_sent;
	bool acked_any;
	bool acked_two; /* packets, or an acknowledgement that the far end owed at once */
	uint32_t acked_packet;

	/* receiving flows */
	struct rtmfp_recvflow **recv;
	unsigned recv_cap;
	unsigned recv_count;			    /* all that are stored */
	struct rtmfp_recvflow *recv_last;	    /* the last that was looked up, or NULL */
	struct rtmfp_recvflow *ack_head, *ack_tail; /* ready to send an acknowledgement */
	bool ack_now;				    /* ACK_NOW */
	unsigned rx_data_packets;		    /* RX_DATA_PACKETS */
	uint64_t delack_at;			    /* DELACK_ALARM; RTMFP_NEVER: not set */
	struct rtmfp_pool pool;
	uint8_t *scratch; /* where messages are put together */
	size_t scratch_cap;
};

/* ---- flows.c ---- */
/* Around everything that may call back: the flow set lives until the last leave. */
void rtmfp_flows_enter(struct rtmfp_flows *f);
void rtmfp_flows_leave(struct rtmfp_flows *f);
void rtmfp_flows_wake(struct rtmfp_flows *f);
/* Memory was short: try again in a while. */
void rtmfp_flows_retry(struct rtmfp_flows *f);
void rtmfp_flows_touch(struct rtmfp_flows *f);

/* ---- sendflow.c ---- */
enum rtmfp_send_result {
	RTMFP_SEND_NOTHING, /* the flow has nothing to send, or may not */
	RTMFP_SEND_DONE,    /* one chunk was written */
	RTMFP_SEND_FULL,    /* it does not fit */
	RTMFP_SEND_NOMEM,
};
/* Where in a packet a flow is. */
struct rtmfp_send_cursor {
	bool begun;	   /* a chunk of the flow is in the packet */
	bool follows;	   /* ... and the last one in the packet is of the flow */
	uint64_t seq, fsn; /* of the last one */
	uint32_t packet;
};
struct rtmfp_sendflow *rtmfp_sendflow_find(const struct rtmfp_flows *f, uint64_t id);
void rtmfp_sendflow_activate(struct rtmfp_sendflow *flow);
void rtmfp_sendflow_deactivate(struct rtmfp_sendflow *flow);
/* Is something eligible, and may it be sent by flow control (3.6.2.3)? |room| is a packet's. */
bool rtmfp_sendflow_ready(struct rtmfp_sendflow *flow, size_t room, uint64_t now);
enum rtmfp_send_result rtmfp_sendflow_send(struct rtmfp_sendflow *flow, struct rtmfp_writer *w,
					   struct rtmfp_send_cursor *cursor, size_t room, uint64_t now);
void rtmfp_sendflow_ack(struct rtmfp_sendflow *flow, const struct rtmfp_ack *ack, uint64_t now);
void rtmfp_sendflow_exception(struct rtmfp_sendflow *flow, uint64_t code, uint64_t now);
/* The fragment, in flight until now, is lost (3.6.2.5, 3.6.2.6). Returns its TRANSMIT_SIZE. */
size_t rtmfp_sendflow_lost(struct rtmfp_sendflow *flow, uint64_t seq, uint64_t now);
void rtmfp_sendflow_probe_sent(struct rtmfp_sendflow *flow, uint64_t now);
void rtmfp_sendflow_tell_writable(struct rtmfp_sendflow *flow);
/* Ends the borrows of the flow. */
void rtmfp_sendflow_settle(struct rtmfp_sendflow *flow);
/* The linger is over. */
void rtmfp_sendflow_finish(struct rtmfp_sendflow *flow);
/* The session is gone. */
void rtmfp_sendflow_abort(struct rtmfp_sendflow *flow);
void rtmfp_sendflow_free(struct rtmfp_sendflow *flow);

/* ---- recvflow.c ---- */
/* So many flows more than recvflows_max are stored, only to reject them. */
#define RTMFP_RECVFLOWS_REJECTED 16u
int rtmfp_recvflow_data(struct rtmfp_flows *f, const struct rtmfp_data *c, bool next, uint64_t now);
void rtmfp_recvflow_probed(struct rtmfp_flows *f, uint64_t id);
/*
 * Appends the acknowledgement of the first flow that is ready, its exception before it, and takes the flow
 * off the list. False: it does not fit.
 */
bool rtmfp_recvflow_write_ack(struct rtmfp_flows *f, struct rtmfp_writer *w, bool truncate);
/* Tries again to deliver what memory was short for. */
void rtmfp_recvflow_retry(struct rtmfp_recvflow *flow);
void rtmfp_recvflow_idle(struct rtmfp_recvflow *flow);
void rtmfp_recvflow_finish(struct rtmfp_recvflow *flow);
void rtmfp_recvflow_abort(struct rtmfp_recvflow *flow);
void rtmfp_recvflow_free(struct rtmfp_recvflow *flow);

/* For tests: whether all that is counted agrees with what it counts. */
bool rtmfp_flows_check(const struct rtmfp_flows *f);

#endif
