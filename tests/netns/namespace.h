/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the tests in network namespaces share. Each test runs in a namespace of its own, made by unshare,
 * which goes with the process:
 *
 *     sockets of this process --- kernel (new namespace) --- lo
 *                                        |--- up0: TUN, stands for the uplink; the test reads what leaves
 *                                        `--- flow0: TUN, the tunnel
 */
#ifndef NAMESPACE_H
#define NAMESPACE_H

#include <check.h>

#include "linux_netlink.h"
#include "linux_tun.h"

/* Of the running test. */
extern struct linux_netlink *nl;
extern struct linux_error error;

/* Expects that |call| returns 0, or else shows the sentence that it left in `error`. */
#define ck_assert_done(call) ck_assert_msg((call) == 0, "%s", error.text)

/** ns_main runs the tests that |add| adds, or skips them (77) with the reason. For main to return. */
int ns_main(const char *name, void (*add)(TCase *tests));

void ns_setup(void);
void ns_teardown(void);

struct linux_prefix ns_prefix(const char *ip, uint8_t length);
struct linux_addr ns_addr(const char *ip, uint16_t port);

/* These expect success. */
struct linux_tun *ns_open_tun(const char *name);
void ns_add_address(const struct linux_tun *tun, const char *ip, uint8_t length);
void ns_set_up(const struct linux_tun *tun);
void ns_add_route(const struct linux_tun *tun, const char *ip, uint8_t length, uint32_t table);

/** ns_way_to returns the interface by which a datagram to |ip| would leave, or -errno. */
int ns_way_to(const char *ip, uint32_t mark);
/** ns_link_value returns what the ioctl |request| (SIOCGIFMTU, SIOCGIFTXQLEN, SIOCGIFFLAGS) says of |name|.
 */
int ns_link_value(const char *name, unsigned long request);
/** ns_read_packet waits until the kernel has a packet for |tun| and reads it. */
size_t ns_read_packet(struct linux_tun *tun, struct linux_vnet *vnet, uint8_t *data, size_t capacity);
/** ns_drain reads and forgets what |tun| has. Returns the number of packets. */
unsigned ns_drain(struct linux_tun *tun);

#endif
