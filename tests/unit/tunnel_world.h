/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The world around a tunnel, for unit tests: a protocol that only keeps what it is told (the rtmfp_*
 * functions that the tunnel calls), a device, and memory that is counted and fails when told to. The
 * protocol calls back as unkindly as rtmfp.h allows.
 */
#ifndef TUNNEL_WORLD_H
#define TUNNEL_WORLD_H

#include "bytes.h"
#include "tunnel.h"

#define PEERS	40
#define START	RTMFP_S(1000)
#define KEYING	0 /* indices of a session's sending flows, in the order in which the tunnel opens them */
#define IP	1
#define CONTROL 2
#define LOG	4096

/* Metadata of flows */
#define LANE0 "02 01 01 02 02 00 00"
#define LANE1 "02 01 01 02 02 01 00"
#define BEST  "02 01 02 02 02 00 00"

struct written {
	struct bytes data;
	struct rtmfp_write write;
};

struct rtmfp_sendflow {
	struct rtmfp_session *session;
	struct bytes metadata;
	enum rtmfp_priority priority;
	size_t queue_max;
	bool closed;
	int result; /* of the next writes */
	struct written *written;
	size_t count;
};

struct rtmfp_recvflow {
	struct rtmfp_session *session;
	struct rtmfp_recvflow_params params;
	bool closed;
	int rejected; /* what on_recvflow returned */
};

struct rekeyed {
	enum rtmfp_rekey_type type;
	uint64_t epoch;
	struct bytes msg;
};

struct rtmfp_session {
	struct rtmfp_peer *peer;
	struct rtmfp_session *next; /* of the peer */
	void *user;
	bool initiator;
	bool closing;
	struct rtmfp_session_stats stats;
	struct rtmfp_sendflow *sendflows[64];
	unsigned sendflow_count;
	struct rtmfp_recvflow *recvflows[256];
	unsigned recvflow_count;
	unsigned activity;
	struct rekeyed rekeyed[16];
	unsigned rekeyed_count;
};

struct rtmfp_peer {
	struct rtmfp_endpoint *ep;
	struct rtmfp_far *far;
	void *user;
	struct rtmfp_session *current;
	struct rtmfp_session *sessions;
	enum rtmfp_peer_state state;
	int open_result;
	unsigned opens;
	uint64_t keepalive;
};

struct rtmfp_endpoint {
	struct tunnel *tunnel;
	unsigned peers;
	int peer_new_result;
	unsigned sendflows_until_failure; /* 0: they never fail */
	bool shut_down;
};

struct delivered {
	struct bytes data;
	bool in_place;
};

struct world {
	struct tunnel *t;
	struct rtmfp_endpoint ep;
	struct rtmfp_mem mem;
	size_t live;
	long fail_in; /* allocations until all fail; negative: never */
	uint64_t now;
	struct rtmfp_far fars[PEERS];
	struct tunnel_peer *peers[PEERS];
	unsigned users[PEERS]; /* what the peers' user points to: their number */

	int device_result;
	struct delivered device[LOG];
	size_t device_count;
	unsigned flushes;
	unsigned opened, closed, open_failed, silent, paths;
	struct rtmfp_path path;
	enum rtmfp_close_reason reason;
};

extern const struct tunnel_hooks world_hooks;

struct world *world_new(uint16_t mtu);
/* The endpoint ends silently, then the tunnel; nothing may be left. */
void world_end(struct world *w);
void world_forget_device(struct world *w);
struct rtmfp_peer *world_rtmfp(struct world *w, unsigned i);
void world_allow(struct world *w, unsigned i, uint8_t family, uint8_t len, const uint8_t *ip);
/* Peer number i owns 10.i.0.0/16 and 2001:db8:i::/48. */
void world_add_peer(struct world *w, unsigned i, uint64_t keepalive);
struct rtmfp_path world_path(uint8_t last, uint16_t port);
/* A session of peer |i| opens and replaces its current one. */
struct rtmfp_session *world_open_session(struct world *w, unsigned i, bool initiator);
struct bytes world_packet4(const uint8_t src[4], const uint8_t dst[4], size_t len);
/* From peer |from|'s to peer |to|'s addresses */
struct bytes world_packet(uint8_t from, uint8_t to, size_t len);
struct bytes world_packet6(uint8_t from, uint8_t to, size_t len);
/* The device hands out a packet to peer |to|; its bytes are gone afterwards unless they were borrowed. */
void world_output(struct world *w, uint8_t to, size_t len);
uint64_t world_dropped(const struct world *w, enum tunnel_drop reason);
uint64_t world_dropped_in_all(const struct world *w);
struct tunnel_peer_stats world_stats(const struct world *w, unsigned i);
struct rtmfp_recvflow *world_begin(struct world *w, struct rtmfp_session *s, const struct bytes *metadata);
struct rtmfp_recvflow *world_begin_hex(struct world *w, struct rtmfp_session *s, const char *hex);
void world_finish(struct world *w, struct rtmfp_recvflow *flow);
void world_message(struct world *w, struct rtmfp_recvflow *flow, const struct bytes *b, bool in_place);
void world_message_hex(struct world *w, struct rtmfp_recvflow *flow, const char *hex);
/* Ends a session as the protocol does: first its flows, then the session. */
void world_end_session(struct rtmfp_session *s, enum rtmfp_close_reason reason, bool silently);
/* The |i|th packet of the device is an answer to |packet|: ICMP of this type and code. */
void world_assert_icmp(const struct world *w, size_t i, const struct bytes *packet, uint8_t type,
		       uint8_t code);

#endif
