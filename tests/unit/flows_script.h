/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One flow set whose far end is the test: packets go in and come out as text.
 *
 * Chunks of a packet are separated by ';'. Numbers are decimal.
 *
 *     data <flow> <seq> <fsn> <kind> [<options>] [=<text>]
 *     next <kind> [<options>] [=<text>]
 *         kind: one of w (whole) b (begin) m (middle) e (end), then a (abandon), f (final)
 *         options, each: +m metadata "M", +m<text> metadata, +a<flow> association, +x<type> another one
 *     ack <flow> <blocks> <cumulative> [<from>-<to> | <number>]...     Range Ack
 *     bitmap ...                                                       the same as Bitmap Ack
 *     probe <flow>
 *     exception <flow> <code>
 *     hex <bytes>                                                      a chunk as it is
 *
 * What comes out is written the same way, but data of more than 8 bytes as =<length>B.
 *
 * Callbacks write a line each into |log|: "open 3 M", "msg 3 29 gap =text", "closed 3", "exception 1 7",
 * "writable 1", "sent 1" (a sending flow is complete).
 */
#ifndef FLOWS_SCRIPT_H
#define FLOWS_SCRIPT_H

#include "flows_sim.h"

#define SCRIPT_LOG 16384u

struct script {
	struct rtmfp_session session;
	struct sim_mem mem;
	struct rtmfp_params params;
	uint64_t now;
	unsigned wakes;
	int result; /* the worst of the last packet's chunks */
	int answer; /* of on_recvflow */
	struct rtmfp_recvflow_params accept;
	bool use_accept;
	bool keying_only;
	struct rtmfp_fill fill;	     /* what the last packet said */
	struct rtmfp_recvflow *flow; /* the last that opened */
	struct rtmfp_message_info info;
	void (*on_event)(struct script *s, const char *event, void *flow);
	char log[SCRIPT_LOG];
	char out[SCRIPT_LOG];
};

void script_begin(struct script *s);
/** script_end frees everything and asserts that all memory is back. */
void script_end(struct script *s);
/** script_say hands in one packet. */
void script_say(struct script *s, const char *packet);
/** script_packet takes one packet of at most |room| bytes of chunks; "" when there is none. */
const char *script_packet(struct script *s, size_t room);
/** script_packets takes packets until there are none, separated by " | ". */
const char *script_packets(struct script *s, size_t room);
/** script_log returns what was logged since the last call. */
const char *script_log(struct script *s);
/** script_wait lets time pass, with ticks when they are due. */
void script_wait(struct script *s, uint64_t ns);

struct rtmfp_sendflow *script_open(struct script *s, enum rtmfp_priority priority);
/** script_write queues |text| with the given lifetime. */
void script_write(struct rtmfp_sendflow *flow, const char *text, uint64_t lifetime);
/** script_write_long queues |len| bytes. */
int script_write_long(struct rtmfp_sendflow *flow, size_t len, uint64_t lifetime);

#define script_expect(got, want) ck_assert_str_eq(got, want)

#endif
