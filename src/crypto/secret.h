/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Memory for objects that hold secrets: aligned for vector instructions, zeroed when it comes, wiped when it
 * goes.
 */
#ifndef SECRET_H
#define SECRET_H

#include "rtmfp_types.h"

#define SECRET_ALIGN 64u

/** secret_new returns |size| zeroed bytes, aligned to SECRET_ALIGN, or NULL. */
void *secret_new(size_t size) RTMFP_MUST_CHECK;
/** secret_free wipes the |size| bytes that secret_new gave and returns them; NULL is allowed. */
void secret_free(void *p, size_t size);

#endif
