/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Flow metadata and control messages (PROTOCOL.md section 6): readers and writers. Readers take what a far
 * end sent, whatever it is, and point into it. Writers append to a rtmfp_writer, whose |failed| tells at the
 * end whether everything did fit.
 */
#ifndef TUNNEL_CONTROL_H
#define TUNNEL_CONTROL_H

#include "rtmfp.h"
#include "rtmfp_wire.h"
#include "tunnel_allowed_ips.h"

/* ---- flow metadata ---- */

enum tunnel_service {
	TUNNEL_SERVICE_CONTROL = 1, /* fully reliable, in queue order */
	TUNNEL_SERVICE_IP = 2,	    /* sent once, in order of arrival */
	TUNNEL_SERVICE_ETH = 3,
};

enum tunnel_lane { TUNNEL_LANE_REKEY = 0, TUNNEL_LANE_REST = 1 };
enum tunnel_class {
	TUNNEL_CLASS_BEST_EFFORT = 0,
	TUNNEL_CLASS_BACKGROUND = 1,
	TUNNEL_CLASS_INTERACTIVE = 2,
	TUNNEL_CLASS_REALTIME = 3,
};

/* Exception codes that reject a flow. */
enum tunnel_exception {
	TUNNEL_EXCEPTION_NONE = 0, /* RFC 7016: nothing said */
	TUNNEL_EXCEPTION_SERVICE = 1,
	TUNNEL_EXCEPTION_LIST = 2,
	TUNNEL_EXCEPTION_OPTION = 3,
	TUNNEL_EXCEPTION_NOT_ALLOWED = 4,
	TUNNEL_EXCEPTION_TOO_MANY = 5,
};

struct tunnel_metadata {
	enum tunnel_service service;
	uint8_t class_or_lane; /* a tunnel_lane of `control`, else a tunnel_class */
	uint64_t lifetime;     /* ns, 0: lost fragments are not repeated */
	bool partial;	       /* section 7.2 applies */
};

/**
 * tunnel_metadata_read reads the metadata of a flow that a far end begins.
 *
 * A list is bad if it does not begin with the service, names an option twice, has a value of a wrong form, a
 * `control` flow without its lane, or bytes behind the Marker.
 *
 * Returns 0, or the code (1 to 3) of the exception to reject the flow with. What is allowed (4) is not its
 * business.
 */
int tunnel_metadata_read(const uint8_t *metadata, size_t len, struct tunnel_metadata *out) RTMFP_MUST_CHECK;
/** tunnel_metadata_write appends the option list with its Marker; lifetimes are rounded down to ms. */
void tunnel_metadata_write(struct rtmfp_writer *w, const struct tunnel_metadata *metadata);
#define TUNNEL_METADATA_MAX 32u

/* ---- control messages ---- */

#define TUNNEL_CONTROL_MAX   65536u /* bytes in a message */
#define TUNNEL_LOCAL_MAX     16u    /* addresses of a LOCAL that count */
#define TUNNEL_UNKNOWN_BELOW 0x40u  /* unknown types below are answered, others ignored */

enum tunnel_control_type {
	TUNNEL_CONTROL_INIT = 0x01,
	TUNNEL_CONTROL_RESP = 0x02,
	TUNNEL_CONTROL_CONFIRM = 0x03,
	TUNNEL_CONTROL_ADDRESS = 0x08,
	TUNNEL_CONTROL_ROUTES = 0x09,
	TUNNEL_CONTROL_DNS = 0x0a,
	TUNNEL_CONTROL_MTU = 0x0b,
	TUNNEL_CONTROL_OFFER = 0x0c,
	TUNNEL_CONTROL_WITHDRAW = 0x0d,
	TUNNEL_CONTROL_LOCAL = 0x0e,
	TUNNEL_CONTROL_REFLEXIVE = 0x0f,
	TUNNEL_CONTROL_KEEPALIVE = 0x10,
	TUNNEL_CONTROL_FEATURES = 0x11,
	TUNNEL_CONTROL_CLOSE_REASON = 0x12,
	TUNNEL_CONTROL_UNSUPPORTED = 0x13,
};

enum tunnel_close_code {
	TUNNEL_CLOSE_NONE = 0,
	TUNNEL_CLOSE_SHUTTING_DOWN = 1,
	TUNNEL_CLOSE_REMOVED = 2,
	TUNNEL_CLOSE_IDLE = 3,
	TUNNEL_CLOSE_PROTOCOL_ERROR = 4,
	TUNNEL_CLOSE_POLICY = 5,
	TUNNEL_CLOSE_LIMITS = 6,
};

/* What became of an item. */
enum tunnel_control_verdict {
	TUNNEL_CONTROL_OK,
	TUNNEL_CONTROL_BAD_VALUE,  /* known type, but the value does not have its form */
	TUNNEL_CONTROL_WRONG_LANE, /* not to be sent on this lane */
	TUNNEL_CONTROL_UNKNOWN,	   /* below TUNNEL_UNKNOWN_BELOW: to be answered */
	TUNNEL_CONTROL_IGNORED,	   /* unknown, and not to be answered */
};

struct tunnel_control_item {
	uint64_t type; /* enum tunnel_control_type, or unknown */
	enum tunnel_control_verdict verdict;
	bool gateway_only; /* counts only from a peer that is configured as gateway or introducer */
	const uint8_t *value;
	size_t len;
	/* Filled for the type, if the verdict is TUNNEL_CONTROL_OK. */
	union {
		struct { /* INIT, RESP; CONFIRM with |len| 0 */
			uint64_t epoch;
			const uint8_t *msg;
			size_t len;
		} rekey;
		uint16_t mtu; /* MTU */
		struct rtmfp_addr reflexive;
		struct { /* LOCAL */
			struct rtmfp_addr addrs[TUNNEL_LOCAL_MAX];
			size_t count;
		} local;
		uint64_t keepalive; /* KEEPALIVE: ns, 0: any silence will do */
		uint64_t set;	    /* FEATURES, UNSUPPORTED: bit n: n is listed (n < 64) */
		struct {	    /* CLOSE REASON */
			uint64_t code;
			const uint8_t *text;
			size_t len;
		} close;
		struct tunnel_prefix_list { /* ADDRESS, ROUTES: walk with tunnel_prefix_read */
			uint8_t action;	    /* ROUTES: 0 set, 1 add, 2 remove */
			struct rtmfp_reader r;
		} prefixes;
	};
};

/**
 * tunnel_control_next decodes the next item of the message that |r| reads, which came on |lane|.
 *
 * Returns true with |*item| filled; false at the end of the message or where it cannot be read on (look at
 * |r->failed|). Items before that place count.
 */
bool tunnel_control_next(struct rtmfp_reader *r, enum tunnel_lane lane, struct tunnel_control_item *item);

/** tunnel_prefix_read reads one Prefix; false at the end, or if it is malformed (look at |r->failed|). */
bool tunnel_prefix_read(struct rtmfp_reader *r, struct tunnel_prefix *prefix);
void tunnel_prefix_write(struct rtmfp_writer *w, const struct tunnel_prefix *prefix);

/** tunnel_control_write_rekey writes INIT, RESP or CONFIRM (whose |len| is 0). */
void tunnel_control_write_rekey(struct rtmfp_writer *w, enum rtmfp_rekey_type type, uint64_t epoch,
				const uint8_t *msg, size_t len);
void tunnel_control_write_mtu(struct rtmfp_writer *w, uint16_t mtu);
void tunnel_control_write_reflexive(struct rtmfp_writer *w, const struct rtmfp_addr *addr);
void tunnel_control_write_local(struct rtmfp_writer *w, const struct rtmfp_addr *addrs, size_t count);
/** tunnel_control_write_keepalive rounds |interval| ns up to seconds. */
void tunnel_control_write_keepalive(struct rtmfp_writer *w, uint64_t interval);
/** tunnel_control_write_set writes FEATURES or UNSUPPORTED: the numbers of the bits in |set|. */
void tunnel_control_write_set(struct rtmfp_writer *w, enum tunnel_control_type type, uint64_t set);
/** tunnel_control_write_close_reason: |text| is UTF-8 for people; it may be NULL iff |len| is 0. */
void tunnel_control_write_close_reason(struct rtmfp_writer *w, uint64_t code, const char *text, size_t len);

#endif
