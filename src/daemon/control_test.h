/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What control.c offers to its unit test alone. */
#ifndef CONTROL_TEST_H
#define CONTROL_TEST_H

#include "daemon_control.h"

/** control_set_timeouts replaces CONTROL_REQUEST_TIMEOUT_S and CONTROL_REPLY_TIMEOUT_S, in ns. */
void control_set_timeouts(struct control *control, uint64_t request_ns, uint64_t reply_ns);

#endif
