/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A simulator for whole endpoints on virtual time: nodes with an rtmfp endpoint each, ports with addresses,
 * NATs, and pipes that delay, queue, lose, reorder, double, corrupt and refuse datagrams. Hours pass in
 * milliseconds, and a seed repeats a run exactly. Every step checks what must always hold (sim_check.c), and
 * every message that an application of the simulator sends carries its number and its content is verified.
 *
 * The parts: sim_world.c (time), sim_net.c (datagrams), sim_node.c (what a daemon does for an endpoint),
 * sim_app.c (what a user of the library does: streams of messages), sim_identity.c (the fake profile or the
 * real one), sim_check.c (invariants). Private headers of src/rtmfp are seen by sim_check.c alone.
 */
#ifndef SIM_H
#define SIM_H

#include <check.h>
#include <inttypes.h>

#include "fakecrypto.h"
#include "params.h"
#include "prng.h"
#include "rtmfp.h"
#include "sim_seeds.h"

struct sim_world;
struct sim_node;
struct sim_peer;
struct sim_port;
struct sim_nat;
struct sim_stream;
struct sim_identity;

/* ------------------------------------------------------------------------------------------------------------
 * Time
 */

struct sim_event {
	uint64_t at;
	uint64_t order; /* of events at one time */
	void (*run)(struct sim_world *w, void *ctx);
	void (*discard)(void *ctx); /* when the world ends before; or NULL */
	void *ctx;
};

enum sim_what {
	SIM_OPENED,
	SIM_CLOSED,
	SIM_OPEN_FAILED,
	SIM_SILENT,
	SIM_PATH,
	SIM_REKEYED, /* a CONFIRM was sent */
};

struct sim_world {
	uint64_t now;
	struct prng prng;
	bool real;  /* nodes use the real profile */
	bool reset; /* nodes made from now on give stateless resets */
	/** tweak may change a node's profile whenever that begins anew, after a restart, too. */
	void (*tweak)(struct sim_identity *identity);
	struct rtmfp_params params;
	uint64_t timer_slack; /* nodes wake up to this late */

	struct sim_node **nodes;
	size_t node_count;
	struct sim_port **ports;
	size_t port_count;
	struct sim_nat **nats;
	size_t nat_count;
	struct sim_stream **streams; /* by uid */
	size_t stream_count;

	/* The first 64 datagrams on all pipes together, in the order of their sending: bit k loses the k-th.
	 */
	uint64_t lose, twice;
	unsigned datagrams;

	/** tap sees each datagram that a node sends, before anything happens to it. */
	void (*tap)(struct sim_world *w, const struct rtmfp_addr *from, const struct rtmfp_addr *to,
		    const uint8_t *bytes, size_t len);
	/** stray gets what is sent to an address that nobody has. */
	void (*stray)(struct sim_world *w, const struct rtmfp_addr *from, const struct rtmfp_addr *to,
		      const uint8_t *bytes, size_t len);
	/** on_event is told of what happens at the nodes (enum sim_what). */
	void (*on_event)(struct sim_peer *peer, enum sim_what what);
	/** on_message is told of each message that arrived and was found good. */
	void (*on_message)(struct sim_stream *s, uint64_t number);
	void *user; /* the scenario's */

	struct fake_ledger ledger;
	struct rtmfp_mem mem; /* counts what is out, and fails on demand */
	uint64_t mem_out, mem_calls;
	uint64_t mem_fail_at,
		mem_fail_count; /* allocations from this number on (1: the first) fail; 0: none */
	uint64_t mem_failed;

	/* private */
	struct sim_event *events; /* heap[1] is the earliest */
	size_t event_count, event_cap;
	uint64_t order;
	bool tracing;
};

/** sim_world_new makes an empty world for a run of a scenario (sim_seeds.h). */
struct sim_world *sim_world_new(const struct sim_run *run, bool real);
/** sim_world_free stops all nodes and verifies that nothing is left behind. */
void sim_world_free(struct sim_world *w);

/** sim_step runs the next event that is due by |until|; if there is none, time becomes |until| and it returns
 * false. */
bool sim_step(struct sim_world *w, uint64_t until);
void sim_run_for(struct sim_world *w, uint64_t duration);
void sim_at(struct sim_world *w, uint64_t at, void (*run)(struct sim_world *, void *), void *ctx);

/* Runs until |condition| holds and fails if that takes longer than |within| ns. */
#define sim_wait(w, within, condition)                                                \
	do {                                                                          \
		uint64_t sim_deadline_ = (w)->now + (within);                         \
		while (!(condition))                                                  \
			if (!sim_step((w), sim_deadline_) && !(condition))            \
				sim_fail(__FILE__, __LINE__, "not within %.3f s: %s", \
					 (double)(within) / 1e9, #condition);         \
	} while (0)

#define sim_assert(condition)                                           \
	do {                                                            \
		if (!(condition))                                       \
			sim_fail(__FILE__, __LINE__, "%s", #condition); \
	} while (0)
#define sim_assert_msg(condition, ...)                             \
	do {                                                       \
		if (!(condition))                                  \
			sim_fail(__FILE__, __LINE__, __VA_ARGS__); \
	} while (0)

/* Writes a line to stderr if FLOWTUN_SIM_TRACE is set. */
#define sim_trace(w, ...)                               \
	do {                                            \
		if ((w)->tracing)                       \
			sim_trace_line(w, __VA_ARGS__); \
	} while (0)
void sim_trace_line(const struct sim_world *w, const char *format, ...) __attribute__((format(printf, 2, 3)));

/** sim_dump writes the state of everything there, too. */
void sim_dump(const struct sim_world *w);

/* 0 to |n| - 1 from the world's seed; false always for 0 in a million. */
uint64_t sim_below(struct sim_world *w, uint64_t n);
bool sim_chance(struct sim_world *w, unsigned per_million);

/* ------------------------------------------------------------------------------------------------------------
 * The network
 */

/* One direction of a port. Everything may be changed at any time. */
struct sim_pipe {
	uint64_t delay, jitter; /* ns; jitter does not reorder */
	uint64_t rate;		/* bytes a second, 0: infinite */
	uint64_t queue;		/* bytes that may wait for the rate */
	unsigned lose;		/* in a million, each of them */
	unsigned duplicate;
	unsigned corrupt; /* one to four bits */
	unsigned reorder; /* held back by up to |reorder_by| */
	uint64_t reorder_by;
	uint64_t lose_mask; /* of the next 64 datagrams; shifted out */
	size_t mtu;	    /* longer UDP payload disappears; 0: none does */
	bool blocked;	    /* everything disappears */

	uint64_t passed, lost, oversize, overflowed; /* counts */
	uint64_t passed_long, lost_long; /* of those with 300 bytes and more: they hold messages */

	/* private */
	uint64_t free_at, last_out;
};

/* A NAT with mappings that do not depend on the far end. */
struct sim_nat {
	struct rtmfp_addr outside; /* port 0 */
	bool filter;		   /* only who was written to gets in */
	uint16_t next_port;
	struct sim_mapping *mappings;
};

/* Where a node is attached to the network. */
struct sim_port {
	struct sim_node *node;
	struct rtmfp_addr addr;
	uint32_t interface;
	struct sim_nat *nat; /* or NULL */
	bool gone;	     /* its address does not exist (any more) */
	struct sim_pipe up, down;
};

/** sim_v4 is 10.0.|a|.|b|:|port|, sim_v6 is fd00::|a|:|b| with that port. */
struct rtmfp_addr sim_v4(uint8_t a, uint8_t b, uint16_t port);
struct rtmfp_addr sim_v6(uint16_t a, uint16_t b, uint16_t port);
const char *sim_addr_text(const struct rtmfp_addr *addr);

struct sim_port *sim_port_new(struct sim_node *node, const struct rtmfp_addr *addr, struct sim_nat *nat);
/** sim_port_gone removes its address; what is on the way to it is lost. The endpoint is told of nothing. */
void sim_port_gone(struct sim_port *port);
struct sim_nat *sim_nat_new(struct sim_world *w, const struct rtmfp_addr *outside);
/** sim_nat_rebind forgets all mappings; new ones get other ports. */
void sim_nat_rebind(struct sim_nat *nat);
/** sim_link sets delay and rate of both directions of a port; |queue| 0: 100 ms of |rate|. */
void sim_link(struct sim_port *port, uint64_t delay, uint64_t rate, uint64_t queue);
/** sim_harm sets loss, duplication, reordering and corruption in both directions, in a million each. */
void sim_harm(struct sim_port *port, unsigned lose, unsigned duplicate, unsigned reorder, unsigned corrupt);
/** sim_inject lets a datagram appear at its destination after |delay|, wherever |from| says it comes from. */
void sim_inject(struct sim_world *w, const struct rtmfp_addr *from, const struct rtmfp_addr *to,
		const uint8_t *bytes, size_t len, uint64_t delay);

/* ------------------------------------------------------------------------------------------------------------
 * Nodes
 */

struct sim_arrival; /* a datagram that waits to be read */
struct sim_source;  /* a remote address, and what went to and fro */
struct sim_session; /* what a node keeps for a session */
struct sim_flow;    /* below */
struct sim_loan;    /* bytes lent to a write */
struct sim_promise; /* bytes that must stay as they are until the batch ends */
#define SIM_SOURCES 256u

struct sim_identity {
	bool real;
	uint64_t id;
	struct rtmfp_crypto_ops ops;
	void *crypto;
	struct fakecrypto fake;
	struct crypto_profile *profile;
	uint8_t public_key[32];
};

struct sim_node {
	struct sim_world *w;
	const char *name;
	unsigned index;
	struct rtmfp_params params;
	uint64_t starts; /* how often it was killed: each run of the profile draws other numbers */
	struct sim_identity identity;
	struct rtmfp_endpoint *ep; /* NULL: not running */
	struct sim_port *ports[4]; /* the first that is not gone is the default */
	unsigned port_count;
	struct sim_peer **peers;
	size_t peer_count;
	uint64_t paused_until;
	size_t receive_buffer; /* bytes that may wait to be read */
	unsigned train_max;    /* datagrams a train */
	bool stateless_reset;

	/* counts, kept by the simulator and compared with the endpoint's */
	uint64_t rx_datagrams, rx_bytes, tx_datagrams, tx_bytes;
	uint64_t unread;	  /* datagrams that found the receive buffer full */
	uint64_t off_route;	  /* sent from an address that is gone, or without any port */
	uint64_t runs, long_runs; /* of datagrams received together; of more than one */
	uint64_t trains;
	uint64_t wakes;

	/* private */
	struct sim_arrival *arrivals, **arrivals_tail;
	size_t waiting; /* bytes in |arrivals| */
	uint64_t wake_at;
	uint64_t idle_ms;
	unsigned idle_wakes;
	unsigned checks;
	struct sim_source *sources[SIM_SOURCES];
	struct sim_loan *loans;
	struct sim_promise *promises;
	bool inside; /* an endpoint function is being carried out */
	bool dying;  /* ... and it is rtmfp_endpoint_free */
};

struct sim_node *sim_node_new(struct sim_world *w, const char *name);
/** sim_node_start makes the endpoint and its peers; their sessions have to be opened anew. */
void sim_node_start(struct sim_node *n);
/** sim_node_kill frees the endpoint without a word. */
void sim_node_kill(struct sim_node *n);
/** sim_node_process lets the node do what is due now; for use after a call to its endpoint from outside. */
void sim_node_process(struct sim_node *n);
/** sim_node_pause: nothing is read, sent or timed for |duration|; datagrams wait in the receive buffer. */
void sim_node_pause(struct sim_node *n, uint64_t duration);
/** sim_node_trust: the node may send to |addr| as much as it likes, because a scenario says so. Candidates,
 * and what on_path told, need no such word. */
void sim_node_trust(struct sim_node *n, const struct rtmfp_addr *addr);
uint64_t sim_node_drops(const struct sim_node *n, enum rtmfp_drop reason);
/** sim_two makes the nodes "a" and "b" with a v4 port each, |delay| one way, that know each other; |a| has
 * |b|'s address. Started. */
void sim_two(struct sim_world *w, uint64_t delay, struct sim_peer **a, struct sim_peer **b);

/* A node's view of another node. */
struct sim_peer {
	struct sim_node *node, *other;
	struct rtmfp_far *far;
	uint64_t psk;
	struct rtmfp_peer *rtmfp; /* NULL: not running */
	struct rtmfp_addr candidates[4];
	unsigned candidate_count;
	uint64_t keepalive;
	struct sim_session *sessions;
	uint64_t opened, closed[4], failed, silent, moves, rekeyed; /* counts of events */
	uint64_t opened_at, moved_at, rekeyed_at;		    /* when the newest was */
	enum rtmfp_close_reason last_reason;
	bool reopen; /* open again at once whenever opening fails or a session ends for the far end's sake */
};

/** sim_peer_new makes |n| know |other|, with pre-shared key number |psk| (0: none). */
struct sim_peer *sim_peer_new(struct sim_node *n, struct sim_node *other, uint64_t psk);
/** sim_peer_drop makes the node's endpoint forget the peer (rtmfp_peer_free), sim_peer_add know it again. */
void sim_peer_drop(struct sim_peer *peer);
void sim_peer_add(struct sim_peer *peer);
/** sim_peer_find returns |n|'s view of |other|. */
struct sim_peer *sim_peer_find(struct sim_node *n, struct sim_node *other);
void sim_peer_candidate(struct sim_peer *peer, const struct rtmfp_addr *addr);
void sim_peer_open(struct sim_peer *peer);
/** sim_peer_session returns the current session, or NULL. */
struct rtmfp_session *sim_peer_session(const struct sim_peer *peer);
bool sim_peer_is_open(const struct sim_peer *peer);
/** sim_peer_address returns DESTADDR of the current session, which must exist. */
struct rtmfp_addr sim_peer_address(const struct sim_peer *peer);
uint64_t sim_peer_epoch(const struct sim_peer *peer);
/** sim_peers_agree: both have a current session, and it is the same one. */
bool sim_peers_agree(const struct sim_peer *a, const struct sim_peer *b);
/** sim_peer_sessions counts the sessions of the endpoint with that peer that are open: current, draining and
 * unconfirmed ones. */
unsigned sim_peer_sessions(const struct sim_peer *peer);
/** sim_peer_replace opens a session that is to replace the current one, for no reason at all. */
void sim_peer_replace(struct sim_peer *peer);
/** sim_peer_close closes the current session; sim_peer_set_keepalive also counts for later runs. */
void sim_peer_close(struct sim_peer *peer, bool abrupt);
void sim_peer_set_keepalive(struct sim_peer *peer, uint64_t interval);
/** sim_node_shutdown lets it say goodbye to everybody and stop. */
void sim_node_shutdown(struct sim_node *n);

/* ------------------------------------------------------------------------------------------------------------
 * Streams of messages
 */

enum sim_reliability { SIM_UNRELIABLE, SIM_LIMITED, SIM_RELIABLE };

struct sim_stream_params {
	enum sim_reliability reliability;
	uint64_t lifetime;   /* SIM_LIMITED */
	uint64_t queue_time; /* 0: waits for ever */
	enum rtmfp_order order;
	enum rtmfp_priority priority;
	size_t size_min, size_max; /* of messages; at least 16 in arrival order */
	size_t queue_max;	   /* 0: 256 KiB */
	size_t buffer;		   /* the receiver's; 0: 1 MiB */
	uint64_t count;		   /* messages to send; RTMFP_NEVER: go on */
	/*
	 * 0: as fast as the flow takes them. Otherwise one each so many ns, on the peer's current session
	 * whatever it is: the stream opens a session if there is none, and a flow if there is none.
	 */
	uint64_t interval;
	bool borrow; /* RTMFP_WRITE_BORROW */
};

struct sim_stream {
	struct sim_world *w;
	uint64_t uid;
	struct sim_peer *from; /* the sender's view */
	struct sim_node *to;
	struct sim_stream_params p;
	struct sim_flow **flows; /* one after the other, as sessions come and go */
	unsigned flow_count;
	bool stopped;
	unsigned reject; /* the receiver refuses its flows with this exception; 0: it does not */

	uint64_t sent;				  /* messages that were taken */
	uint64_t refused;			  /* RTMFP_ERR_NOBUFS */
	uint64_t unsent;			  /* no session, or no memory */
	uint64_t delivered;			  /* each once */
	uint64_t gaps;				  /* messages with that mark */
	uint64_t last_delivered, longest_silence; /* times; silence is measured from the first delivery on */
	uint64_t exceptions;

	/* private */
	uint8_t *seen; /* bitmap by number */
	size_t seen_cap;
};

/* One flow of a stream. Both ends' views are kept here. */
struct sim_flow {
	struct sim_stream *stream;
	unsigned index;
	struct rtmfp_session *session;
	struct rtmfp_sendflow *sending;	  /* NULL: over */
	struct rtmfp_recvflow *receiving; /* NULL: not yet, or over */
	uint64_t first;			  /* number of its first message */
	uint64_t last;			  /* of its newest */
	uint64_t next;			  /* queue order: the least number that may come */
	uint64_t last_sequence;
	bool closed_sending, closed_receiving; /* the callbacks came */
	struct rtmfp_sendflow_stats stats;     /* when it closed */
};

/** sim_stream_new makes a stream and starts it: at once, or with its first message |p->interval| from now. */
struct sim_stream *sim_stream_new(struct sim_peer *from, const struct sim_stream_params *p);
/** sim_stream_close closes the flow after what is queued (3.6.2.11). */
void sim_stream_close(struct sim_stream *s);
/** sim_stream_stop: nothing more is written; the flow stays open. */
void sim_stream_stop(struct sim_stream *s);
/** sim_stream_flow returns the newest flow; sim_stream_stats its statistics, also after it closed. */
struct sim_flow *sim_stream_flow(const struct sim_stream *s);
struct rtmfp_sendflow_stats sim_stream_stats(const struct sim_stream *s);
/** sim_was_delivered tells about message |number|, from 0. */
bool sim_was_delivered(const struct sim_stream *s, uint64_t number);

/* ------------------------------------------------------------------------------------------------------------
 * Between the files of the simulator
 */

uint32_t sim_datagram_session(const uint8_t *datagram, size_t len);

/* sim_world.c */
void sim_event_add(struct sim_world *w, uint64_t at, void (*run)(struct sim_world *, void *),
		   void (*discard)(void *), void *ctx);
/* sim_seeds.c */
/** sim_run_in tells the world whose time a failure prints; NULL: none. */
void sim_run_in(const struct sim_world *w);
/* sim_net.c */
void sim_net_send(struct sim_node *n, const struct rtmfp_path *path, const uint8_t *bytes, size_t len);
void sim_net_free(struct sim_world *w);
/* sim_node.c */
void sim_node_arrive(struct sim_node *n, const struct rtmfp_path *path, const uint8_t *bytes, size_t len);
void sim_node_free(struct sim_node *n);
void sim_node_later(struct sim_node *n, uint64_t at);
/* sim_app.c */
extern const struct rtmfp_callbacks sim_callbacks;
void sim_app_settled(struct sim_node *n);
void sim_app_free(struct sim_world *w);
/* sim_identity.c */
void sim_identity_init(struct sim_identity *identity, struct sim_world *w, uint64_t id, uint64_t run);
void sim_identity_fini(struct sim_identity *identity);
struct rtmfp_far *sim_identity_add(struct sim_identity *identity, const struct sim_identity *other,
				   uint64_t psk);
/** sim_identity_verify fails the run if the profile noticed something. */
void sim_identity_verify(const struct sim_identity *identity);
/* sim_check.c */
void sim_check_endpoint(struct sim_node *n);

#endif
