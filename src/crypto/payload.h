/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What Noise messages carry (PROTOCOL.md section 2.4): an option list, then zero bytes.
 */
#ifndef PAYLOAD_H
#define PAYLOAD_H

#include "rtmfp_crypto.h"

#define PAYLOAD_MESSAGE1 64u /* sizes of section 2.2 */
#define PAYLOAD_MESSAGE2 96u
#define PAYLOAD_UNIT	 64u /* rekeying: a multiple of this */

struct payload {
	uint64_t features; /* bit n: code n */
	bool has_session_id, has_reflexive, has_reset_token;
	uint32_t session_id;
	struct rtmfp_addr reflexive;
	uint8_t reset_token[RTMFP_RESET_TOKEN_LEN];
};

/** payload_write fills all |size| bytes. RTMFP_ERR_LIMIT: the options do not fit. */
int payload_write(const struct payload *p, uint8_t *buf, size_t size) RTMFP_MUST_CHECK;
/**
 * payload_read reads the options of |buf|; what follows the Marker is ignored. RTMFP_ERR_SYNTAX: no option
 * list, a known option with a value that it cannot have, or one of them twice.
 */
int payload_read(struct payload *p, const uint8_t *buf, size_t len) RTMFP_MUST_CHECK;

#endif
