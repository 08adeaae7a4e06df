/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The option lists inside Noise messages.
 */
#include "payload.h"

#include <string.h>

#include "rtmfp_wire.h"

enum option_code {
	OPTION_FEATURES = 0x01,
	OPTION_SESSION_ID = 0x02,
	OPTION_REFLEXIVE = 0x03,
	OPTION_RESET_TOKEN = 0x04,
	/* 0x05 and 0x06 are ML-KEM-768's (feature 7): 1184 and 1088 bytes, in rekeying only. */
	OPTION_KNOWN_END,
};

int payload_write(const struct payload *p, uint8_t *buf, size_t size)
{
	struct rtmfp_writer w = rtmfp_writer(buf, size);
	uint8_t value[64];
	struct rtmfp_writer v;

	memset(buf, 0, size);
	if (p->features) {
		v = rtmfp_writer(value, sizeof(value));
		for (unsigned code = 0; code < 64; code++)
			if (p->features >> code & 1)
				rtmfp_write_vlu(&v, code);
		rtmfp_write_option(&w, OPTION_FEATURES, value, rtmfp_written(&v));
	}
	if (p->has_session_id) {
		v = rtmfp_writer(value, sizeof(value));
		rtmfp_write_u32(&v, p->session_id);
		rtmfp_write_option(&w, OPTION_SESSION_ID, value, rtmfp_written(&v));
	}
	if (p->has_reflexive) {
		struct rtmfp_addr addr = p->reflexive;

		addr.origin = RTMFP_ORIGIN_REFLEXIVE;
		v = rtmfp_writer(value, sizeof(value));
		rtmfp_write_addr(&v, &addr);
		rtmfp_write_option(&w, OPTION_REFLEXIVE, value, rtmfp_written(&v));
	}
	if (p->has_reset_token)
		rtmfp_write_option(&w, OPTION_RESET_TOKEN, p->reset_token, RTMFP_RESET_TOKEN_LEN);
	rtmfp_write_marker(&w);
	return w.failed ? RTMFP_ERR_LIMIT : RTMFP_OK;
}

int payload_read(struct payload *p, const uint8_t *buf, size_t len)
{
	struct rtmfp_reader r = rtmfp_reader(buf, len);
	struct rtmfp_option opt;
	unsigned seen = 0;

	memset(p, 0, sizeof(*p));
	while (rtmfp_read_option(&r, &opt)) {
		struct rtmfp_reader v = rtmfp_reader(opt.value, opt.len);

		if (opt.type >= OPTION_FEATURES && opt.type < OPTION_KNOWN_END) {
			if (seen >> opt.type & 1)
				return RTMFP_ERR_SYNTAX;
			seen |= 1u << opt.type;
		}
		switch (opt.type) {
		case OPTION_FEATURES:
			while (rtmfp_read_left(&v)) {
				uint64_t code = rtmfp_read_vlu(&v);

				if (!v.failed && code < 64)
					p->features |= (uint64_t)1 << code;
			}
			break;
		case OPTION_SESSION_ID:
			p->session_id = rtmfp_read_u32(&v);
			p->has_session_id = true;
			break;
		case OPTION_REFLEXIVE:
			rtmfp_read_addr(&v, &p->reflexive);
			p->has_reflexive = true;
			break;
		case OPTION_RESET_TOKEN: {
			const uint8_t *token = rtmfp_read_bytes(&v, RTMFP_RESET_TOKEN_LEN);

			if (token)
				memcpy(p->reset_token, token, RTMFP_RESET_TOKEN_LEN);
			p->has_reset_token = true;
			break;
		}
		default: continue;
		}
		if (v.failed || rtmfp_read_left(&v))
			return RTMFP_ERR_SYNTAX;
	}
	return r.failed ? RTMFP_ERR_SYNTAX : RTMFP_OK;
}
