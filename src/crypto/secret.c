/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Memory for objects that hold secrets.
 */
#include "secret.h"

#include <stdlib.h>
#include <string.h>

void *secret_new(size_t size)
{
	size_t whole = (size + SECRET_ALIGN - 1) / SECRET_ALIGN * SECRET_ALIGN;
	void *p = whole < size ? NULL : aligned_alloc(SECRET_ALIGN, whole);

	if (p)
		memset(p, 0, whole);
	return p;
}

void secret_free(void *p, size_t size)
{
	if (!p)
		return;
	rtmfp_wipe(p, size);
	free(p);
}
