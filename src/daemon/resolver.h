/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Names into addresses, on a thread of its own: a look-up that takes half a minute costs no packet anything.
 * The answers wait behind a descriptor until the loop collects them. Called by daemon.c only.
 */
#ifndef RESOLVER_H
#define RESOLVER_H

#include "rtmfp.h"

struct resolver;

struct resolver_answer {
	size_t tag; /* of the request */
	struct rtmfp_addr addrs[RTMFP_CANDIDATES_MAX];
	size_t count; /* 0: nothing found, |error| says why */
	char error[128];
};

/** resolver_new starts nothing yet; NULL without descriptors or memory. */
struct resolver *resolver_new(void) RTMFP_MUST_CHECK;
/** resolver_free forgets what is asked; a look-up under way ends by itself, on its own memory. */
void resolver_free(struct resolver *r);
/** resolver_fd is to be watched for readability. */
int resolver_fd(const struct resolver *r);
/** resolver_ask looks up |host| (copied), all its IPv4 and IPv6 addresses, |port| added. Returns 0 or -1. */
int resolver_ask(struct resolver *r, size_t tag, const char *host, uint16_t port) RTMFP_MUST_CHECK;
/** resolver_collect returns the next answer, for free(), or NULL. */
struct resolver_answer *resolver_collect(struct resolver *r) RTMFP_MUST_CHECK;

#endif
