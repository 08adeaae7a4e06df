/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Rights: what the daemon needs, and getting rid of the rest.
 */
#ifndef LINUX_PRIV_H
#define LINUX_PRIV_H

#include "linux_types.h"

/**
 * linux_priv_require checks that the process has what it takes to make a TUN device and configure it.
 * Returns 0, or -EPERM with |error| naming the missing right and how to give it.
 */
LINUX_MUST_CHECK int linux_priv_require(struct linux_error *error);

/**
 * linux_priv_protect keeps the process's memory (keys) out of core files and from other processes of the
 * same user: no core dumps, not dumpable, not traceable. To be called before a key is read. (A build with the
 * address sanitizer stays traceable, because its leak check works by tracing.)
 *
 * Returns 0, or -errno with |error| filled in.
 */
LINUX_MUST_CHECK int linux_priv_protect(struct linux_error *error);

/**
 * linux_priv_drop gives up, for good, every capability but CAP_NET_ADMIN (which routes, addresses and socket
 * buffers need for as long as the daemon runs), and the right to gain any by executing a program. Files that
 * only CAP_DAC_OVERRIDE opens and ports below 1024 are out of reach afterwards. To be
 * called before any thread is started; may be called again.
 *
 * Returns 0, or -errno with |error| filled in.
 */
LINUX_MUST_CHECK int linux_priv_drop(struct linux_error *error);

#endif
