/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The words that the Linux layer shares: socket addresses, prefixes, and sentences for the operator.
 *
 * Two kinds of failure are kept apart. What the operator can put right (a missing right, a busy port, a bad
 * name) fills a struct linux_error with one clear sentence. What happens on the data path returns a code and
 * no text. Time is uint64_t nanoseconds of CLOCK_BOOTTIME, which counts time asleep; sizes are bytes.
 */
#ifndef LINUX_TYPES_H
#define LINUX_TYPES_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#define LINUX_MUST_CHECK __attribute__((warn_unused_result))

/*
 * A socket address. Laid out without holes and compared byte by byte; the layout is part of the interface
 * (24 bytes), so that a caller with an equal struct of its own copies it whole.
 */
struct linux_addr {
	uint8_t family;	  /* 0 (none), 4 or 6 */
	uint8_t reserved; /* 0 in what this layer fills in; ignored in what it is given */
	uint16_t port;	  /* host order */
	uint32_t scope;	  /* interface index of a link-local IPv6 address, else 0 */
	uint8_t ip[16];	  /* network order; IPv4 uses the first 4, the rest is 0 */
};

/* An address block, or an interface address with the length of its network. */
struct linux_prefix {
	uint8_t family; /* 4 or 6 */
	uint8_t length; /* bits: 0 to 32 or 0 to 128 */
	uint8_t ip[16]; /* network order; IPv4 uses the first 4, the rest is 0 */
};

/* Why something could not be done, for the operator. Filled in by the function that fails, else untouched. */
struct linux_error {
	int code;	/* the errno behind it, positive */
	char text[256]; /* one sentence without a full stop or newline: what failed, why, what was expected */
};

/**
 * linux_error_set fills |error| (which may be NULL) with |code| and a formatted sentence.
 * Returns -|code|, so that a failing function can end with `return linux_error_set(...)`.
 */
int linux_error_set(struct linux_error *error, int code, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

#define LINUX_ADDR_TEXT 72 /* enough for the text of any address or prefix, with its final 0 */

/** linux_addr_text writes |addr| as 192.0.2.1:1935 or [2001:db8::1%2]:1935 into |text| and returns |text|. */
const char *linux_addr_text(const struct linux_addr *addr, char text[LINUX_ADDR_TEXT]);
/** linux_prefix_text writes |prefix| as 192.0.2.0/24 into |text| and returns |text|. */
const char *linux_prefix_text(const struct linux_prefix *prefix, char text[LINUX_ADDR_TEXT]);

/**
 * linux_addr_from_sockaddr converts what the resolver or the kernel gives.
 * Returns false (and |addr| all 0) for a family other than IPv4 and IPv6. An IPv4-mapped IPv6 address becomes
 * IPv4.
 */
bool linux_addr_from_sockaddr(struct linux_addr *addr, const struct sockaddr *from);
/**
 * linux_addr_to_sockaddr fills |to| and returns the length that belongs to it; 0 for an |addr| of no family.
 */
socklen_t linux_addr_to_sockaddr(struct sockaddr_storage *to, const struct linux_addr *addr);

#endif
