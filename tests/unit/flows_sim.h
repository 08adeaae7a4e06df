/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Two flow sets back to back over a link in virtual time, for the tests of flows: no session, no
 * cryptography. Everything random comes from the simulation's own seed.
 */
#ifndef FLOWS_SIM_H
#define FLOWS_SIM_H

#include "flows_impl.h"
#include "prng.h"

/* As ck_assert, for where it is evaluated often: Check keeps a record of every assertion. */
#define sim_assert(condition)                           \
	do {                                            \
		if (!(condition))                       \
			ck_abort_msg("%s", #condition); \
	} while (0)

/* An allocator that counts, and fails when told to. */
struct sim_mem {
	struct rtmfp_mem mem;
	size_t blocks; /* that are allocated now */
	size_t bytes;
	size_t calls;	      /* of alloc, ever */
	size_t fail_at;	      /* this call fails; 0: none */
	unsigned fail_one_in; /* at random; 0: never */
	struct prng random;
};
void sim_mem_init(struct sim_mem *m, uint64_t seed);

struct rtmfp_session { /* what the flows see of a session */
	struct rtmfp_flows *flows;
};

#define SIM_PACKET_MAX 2048u
#define SIM_FLOWS      8u
#define SIM_MESSAGES   4096u

/* What one receiving flow got. */
struct sim_inbox {
	struct rtmfp_recvflow *flow;
	unsigned tag; /* first byte of the metadata */
	bool arrival_order;
	bool closed;
	unsigned count;
	unsigned gaps;
	uint32_t last; /* number of the last message */
	uint64_t last_sn;
	uint8_t got[SIM_MESSAGES];
	uint64_t in_place;
};

struct sim_packet {
	struct sim_packet *next;
	uint64_t at;
	uint64_t order;
	size_t len;
	uint8_t data[SIM_PACKET_MAX];
};

/* One direction of the link. */
struct sim_link {
	uint64_t delay;	    /* ns */
	uint64_t jitter;    /* up to so much more: reorders */
	uint64_t rate;	    /* bytes per second, 0: infinite */
	size_t queue;	    /* bytes that wait at most when |rate| */
	unsigned loss;	    /* of 65536 */
	unsigned duplicate; /* of 65536 */
	uint64_t mask;	    /* bit n: the packet n is lost, of the first 64 */
	bool cut;	    /* all are lost */
	uint64_t busy_until;
	uint64_t sent, dropped;
	struct sim_packet *first;
};

struct sim;
struct sim_node {
	struct sim *sim;
	struct rtmfp_session session;
	struct sim_mem mem;
	struct rtmfp_params params;
	struct sim_link out;
	struct sim_inbox inbox[SIM_FLOWS];
	unsigned inboxes;
	size_t room; /* of a datagram */
	unsigned wakes;
	/* what on_recvflow answers */
	int answer;
	struct rtmfp_recvflow_params accept;
	bool use_accept;
	unsigned exceptions, closed_sends, writables, recvflows;
	uint64_t exception_code;
	struct rtmfp_sendflow *last_association;
	/* called after each message, from within the callback; may be NULL */
	void (*on_message)(struct sim_node *node, struct sim_inbox *in, uint32_t number);
	void (*on_writable)(struct sim_node *node, struct rtmfp_sendflow *flow);
	void *user;
	/* monotonic things */
	uint64_t last_cumulative[SIM_FLOWS + 64];
	uint64_t last_fsn[SIM_FLOWS + 64];
	uint64_t packets, data_packets;
};

struct sim {
	uint64_t now;
	struct prng random;
	uint64_t order;
	struct sim_node node[2];
	bool check; /* rtmfp_flows_check after every step */
	unsigned steps;
};

void sim_init(struct sim *sim, uint64_t seed);
/** sim_fini frees everything and asserts that all memory is back. */
void sim_fini(struct sim *sim);
/** sim_run runs until the time |until|, or until nothing is left to happen. */
void sim_run(struct sim *sim, uint64_t until);
/** sim_pump lets both nodes send what they may send now. */
void sim_pump(struct sim *sim);

/** sim_open opens a flow whose metadata is |tag|. */
struct rtmfp_sendflow *sim_open(struct sim_node *node, unsigned tag, enum rtmfp_priority priority,
				size_t queue_max);
/**
 * sim_write queues the message |number| of |len| bytes, 8 or more: the number, the length and a pattern.
 * Returns what rtmfp_sendflow_write returns.
 */
int sim_write(struct sim_node *node, struct rtmfp_sendflow *flow, uint32_t number, size_t len,
	      uint64_t lifetime, unsigned flags);
/** sim_write_as is sim_write with all that |write| says but the data. */
int sim_write_as(struct sim_node *node, struct rtmfp_sendflow *flow, uint32_t number, size_t len,
		 const struct rtmfp_write *write);
struct sim_inbox *sim_inbox(struct sim_node *node, unsigned tag);
/** sim_feed hands the chunks in |data| to the node as one packet. */
void sim_feed(struct sim_node *node, const uint8_t *data, size_t len);
/** sim_fill takes one packet's chunks from the node; returns their length. */
size_t sim_fill(struct sim_node *node, uint8_t *buf, size_t cap);

#endif
