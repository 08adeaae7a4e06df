/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of the flows need to know of a session. */
#ifndef SESSION_H
#define SESSION_H

#include "flows.h"

/** rtmfp_session_flows returns the session's flows, or NULL unless it is S_OPEN and may be written to. */
struct rtmfp_flows *rtmfp_session_flows(struct rtmfp_session *s);

#endif
