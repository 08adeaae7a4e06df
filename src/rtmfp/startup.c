/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Startup packets (RFC 7016 section 3.5.1, PROTOCOL.md section 2.1): sealing and opening under the Default
 * Session Key, and which chunk goes to whom. Packet Fragment chunks (2.3.1), Redirect (2.3.5) and Cookie
 * Change (2.3.6) end in the default case.
 */
#include "endpoint_impl.h"

#include "chunk.h"

void rtmfp_startup_begin(struct rtmfp_endpoint *ep, struct rtmfp_startup_packet *p)
{
	struct rtmfp_packet_header h = { .mode = RTMFP_MODE_STARTUP };

	p->w = rtmfp_writer(p->bytes + 4 + ep->ops->head,
			    sizeof(p->bytes) - 4 - ep->ops->head - ep->ops->tail);
	rtmfp_packet_header_write(&p->w, &h);
}

bool rtmfp_startup_send(struct rtmfp_endpoint *ep, struct rtmfp_startup_packet *p, uint32_t session_id,
			const struct rtmfp_path *path, size_t pad_to, size_t most,
			enum rtmfp_outbox_cause cause)
{
	size_t overhead = 4 + ep->ops->head + ep->ops->tail;
	size_t sealed;

	if (!p->w.failed && rtmfp_written(&p->w) + overhead + RTMFP_CHUNK_HEADER <= pad_to) {
		uint8_t *mark = rtmfp_chunk_begin(&p->w, RTMFP_CHUNK_PADFF);

		while (rtmfp_written(&p->w) + overhead < pad_to)
			rtmfp_write_u8(&p->w, 0xff);
		rtmfp_chunk_end(&p->w, mark);
	}
	if (p->w.failed || rtmfp_written(&p->w) + overhead > most ||
	    ep->ops->startup_seal(ep->crypto, p->bytes + 4, rtmfp_written(&p->w)))
		return false;
	sealed = ep->ops->head + rtmfp_written(&p->w) + ep->ops->tail;
	rtmfp_scramble(p->bytes, sealed, session_id);
	return rtmfp_outbox_push(&ep->outbox, ep->mem, cause, path, p->bytes, 4 + sealed);
}

void rtmfp_startup_receive(struct rtmfp_endpoint *ep, struct rtmfp_id *id, const struct rtmfp_path *path,
			   uint8_t *datagram, size_t len, uint64_t now)
{
	struct rtmfp_packet_header h;
	struct rtmfp_chunk chunk;
	struct rtmfp_reader r;
	uint8_t *plain;
	size_t plain_len;
	bool any = false;

	if (len > RTMFP_STARTUP_MAX ||
	    ep->ops->startup_open(ep->crypto, datagram + 4, len - 4, &plain, &plain_len)) {
		rtmfp_endpoint_drop(ep, RTMFP_DROP_STARTUP_AUTH);
		return;
	}
	r = rtmfp_reader(plain, plain_len);
	if (rtmfp_packet_header_read(&r, &h)) {
		rtmfp_endpoint_drop(ep, RTMFP_DROP_SYNTAX);
		return;
	}
	if (h.mode != RTMFP_MODE_STARTUP) {
		rtmfp_endpoint_drop(ep, RTMFP_DROP_MODE);
		return;
	}
	while (rtmfp_chunk_next(&r, &chunk)) {
		if (chunk.type == RTMFP_CHUNK_PAD0 || chunk.type == RTMFP_CHUNK_PADFF)
			continue;
		/* One startup chunk a packet is all that anybody sends; more would multiply what a packet
		 * costs. */
		if (any) {
			rtmfp_endpoint_drop(ep, RTMFP_DROP_LIMIT);
			return;
		}
		any = true;
		if (chunk.type == RTMFP_CHUNK_RIKEYING && id) {
			rtmfp_opening_rikeying(id->owner, id->slot, chunk.payload, chunk.len, now);
			/* The keying, and |id| with it, may be gone. */
			id = NULL;
		} else if (chunk.type == RTMFP_CHUNK_IHELLO && !id) {
			rtmfp_responder_ihello(ep, path, chunk.payload, chunk.len, len, now);
		} else if (chunk.type == RTMFP_CHUNK_IIKEYING && !id) {
			rtmfp_responder_iikeying(ep, path, chunk.payload, chunk.len, now);
		} else if (chunk.type == RTMFP_CHUNK_RHELLO && !id) {
			struct rtmfp_rhello rhello;
			struct rtmfp_opening *o;

			if (rtmfp_read_rhello(chunk.payload, chunk.len, &rhello)) {
				rtmfp_endpoint_drop(ep, RTMFP_DROP_SYNTAX);
				continue;
			}
			o = rtmfp_opening_find(ep, rhello.tag_echo.p, rhello.tag_echo.len);
			if (o)
				rtmfp_opening_rhello(o, path, chunk.payload, chunk.len, now);
			else
				rtmfp_endpoint_drop(ep, RTMFP_DROP_TAG);
		} else {
			rtmfp_endpoint_drop(ep, RTMFP_DROP_CHUNK);
		}
	}
}
