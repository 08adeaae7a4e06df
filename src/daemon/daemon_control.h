/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The control socket of an interface: who may run it, who may ask it.
 *
 *   RUNDIR/<inode of the network namespace>/<interface>.lock   held locked while its flowtund lives; its pid
 *   RUNDIR/<inode of the network namespace>/<interface>.sock   0600 in a 0700 directory
 *
 * One connection carries one request, a line of JSON {"cmd":"show"|"down"|"version"}, and one reply, a line
 * of JSON {"ok":true,"result":...} or {"ok":false,"error":"..."}; then flowtund closes it. After "down" it
 * stays open until flowtund is gone. No secret ever crosses it.
 *
 * The server is a state machine behind one descriptor, so any event loop can drive it and nobody blocks it.
 */
#ifndef DAEMON_CONTROL_H
#define DAEMON_CONTROL_H

#include <net/if.h>
#include "rtmfp_types.h"

#define CONTROL_ERROR_MAX	  512
#define CONTROL_REQUEST_MAX	  4096	       /* bytes of a request line */
#define CONTROL_REPLY_MAX	  (256u << 20) /* bytes of a reply that the client takes */
#define CONTROL_CLIENTS_MAX	  16	       /* connections at once; others wait in the backlog */
#define CONTROL_REQUEST_TIMEOUT_S 5	       /* for the whole request */
#define CONTROL_REPLY_TIMEOUT_S	  10	       /* without a byte taken by the client */

struct control;

/* What flowtund does when asked. Called from control_fd_ready only. */
struct control_handler {
	/* The snapshot as JSON in a new string (status_to_json), or NULL: no memory. */
	char *(*show)(void *ctx);
	/*
	 * Asked to end. The reply is on its way already; leave the loop, take everything down, control_free
	 * last: who asked waits for that.
	 */
	void (*down)(void *ctx);
	void *ctx;
};

/** control_rundir returns the directory of all sockets: $FLOWTUN_RUNDIR if set, else the one configured. */
const char *control_rundir(void);

/**
 * control_open claims |interface| in this network namespace and listens. Sockets of daemons that died are
 * removed, in every namespace's directory.
 *
 * |rundir|     control_rundir(), or a test's own; created if need be
 * |interface|  a valid name (config_is_interface_name)
 * |handler|    copied
 * |error|      on failure a sentence: another flowtund runs it (with its pid), no permission, ...
 *
 * Call it before anything of the interface is created, and from the process that will run it (after
 * ready_detach): who asks for "down" waits for that process to end. Returns NULL on failure.
 */
struct control *control_open(const char *rundir, const char *interface, const struct control_handler *handler,
			     char error[CONTROL_ERROR_MAX]) RTMFP_MUST_CHECK;

/**
 * control_fd returns the one descriptor to watch for reading, constant and owned by |control|. It covers
 * all connections and their timeouts.
 */
int control_fd(const struct control *control);
/** control_fd_ready does what can be done without waiting. Spurious calls do no harm. */
void control_fd_ready(struct control *control);

/** control_free drops all connections, removes the socket, gives up the claim. NULL is allowed. */
void control_free(struct control *control);

/* --- The asking side ------------------------------------------------------------------------------- */

enum control_answer {
	CONTROL_OK = 0,
	CONTROL_NOT_RUNNING = 1, /* no flowtund runs that interface in this network namespace */
	CONTROL_FAILED = -1,	 /* |error| says why: refused, permission, timeout, not understood */
};

/**
 * control_ask sends {"cmd":|cmd|} ("show" or "version") and waits for the reply.
 *
 * |*result|  on CONTROL_OK the reply's "result" as JSON in a new string of |*len| bytes, NUL-terminated: for
 * "show" a snapshot (status_from_json), for "version" {"version":...} |error|    filled unless CONTROL_OK
 */
enum control_answer control_ask(const char *rundir, const char *interface, const char *cmd, int timeout_ms,
				char **result, size_t *len, char error[CONTROL_ERROR_MAX]) RTMFP_MUST_CHECK;

/**
 * control_ask_down asks flowtund to end and waits until it has given up its claim, that is until interface,
 * routes, socket are gone. CONTROL_NOT_RUNNING also when it died without a word; what it left is removed.
 */
enum control_answer control_ask_down(const char *rundir, const char *interface, int timeout_ms,
				     char error[CONTROL_ERROR_MAX]) RTMFP_MUST_CHECK;

/**
 * control_list finds the interfaces whose flowtund lives in this network namespace, sorted.
 *
 * |*names|  a new array of |*count| names, for free()
 *
 * Returns 0, or -1 with |error| filled. No directory at all is an empty list.
 */
int control_list(const char *rundir, char (**names)[IF_NAMESIZE], size_t *count,
		 char error[CONTROL_ERROR_MAX]) RTMFP_MUST_CHECK;

#endif
