/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Writes acknowledgements: a set of sequence numbers as Bitmap Ack (RFC 7016 section 2.3.13) or Range Ack
 * (2.3.14). Their reader is in chunk.h.
 */
#ifndef RTMFP_ACK_H
#define RTMFP_ACK_H

#include "rtmfp_wire.h"
#include "seqset.h"

enum rtmfp_ack_flags {
	RTMFP_ACK_NO_BITMAP = 1, /* for a far end that does not read Bitmap Ack */
	RTMFP_ACK_TRUNCATE = 2,	 /* leave out the highest ranges when they do not fit (3.6.3.4.2) */
};

/**
 * rtmfp_write_ack writes one acknowledgement chunk for the flow |flow_id| (3.6.3.4.3), in the shorter of the
 * two forms; Range Ack when they are as long as each other.
 *
 * |buffer_blocks|  the receive window in units of 1024 bytes (3.6.3.5)
 * |flags|          enum rtmfp_ack_flags
 *
 * A truncated acknowledgement takes the form that tells of more ranges; the cumulative number is always in
 * it.
 *
 * Returns 0, or RTMFP_ERR_LIMIT when the chunk does not fit the writer's room, or could not even be
 * truncated to fit; |*w| is then as it was.
 */
int rtmfp_write_ack(struct rtmfp_writer *w, uint64_t flow_id, uint64_t buffer_blocks,
		    const struct rtmfp_seqset *set, unsigned flags) RTMFP_MUST_CHECK;

#endif
