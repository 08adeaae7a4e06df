/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The packet header and every chunk of RFC 7016 section 2.2.4 and 2.3: one struct, one reader and one writer
 * each. Readers take the chunk's payload and point into it; they return 0 or RTMFP_ERR_SYNTAX. Writers append
 * a whole chunk (header included) or, when it does not fit, set the writer's |failed|.
 */
#ifndef RTMFP_CHUNK_H
#define RTMFP_CHUNK_H

#include "rtmfp_wire.h"

enum rtmfp_mode { RTMFP_MODE_INITIATOR = 1, RTMFP_MODE_RESPONDER = 2, RTMFP_MODE_STARTUP = 3 };

enum rtmfp_chunk_type {
	RTMFP_CHUNK_PAD0 = 0x00,
	RTMFP_CHUNK_PING = 0x01,
	RTMFP_CHUNK_CLOSE = 0x0c,
	RTMFP_CHUNK_FIHELLO = 0x0f,
	RTMFP_CHUNK_DATA = 0x10,
	RTMFP_CHUNK_NEXT_DATA = 0x11,
	RTMFP_CHUNK_BUFFER_PROBE = 0x18,
	RTMFP_CHUNK_IHELLO = 0x30,
	RTMFP_CHUNK_IIKEYING = 0x38,
	RTMFP_CHUNK_PING_REPLY = 0x41,
	RTMFP_CHUNK_CLOSE_ACK = 0x4c,
	RTMFP_CHUNK_ACK_BITMAP = 0x50,
	RTMFP_CHUNK_ACK_RANGES = 0x51,
	RTMFP_CHUNK_EXCEPTION = 0x5e,
	RTMFP_CHUNK_RHELLO = 0x70,
	RTMFP_CHUNK_REDIRECT = 0x71,
	RTMFP_CHUNK_RIKEYING = 0x78,
	RTMFP_CHUNK_COOKIE_CHANGE = 0x79,
	RTMFP_CHUNK_FRAGMENT = 0x7f,
	RTMFP_CHUNK_PADFF = 0xff,
};

#define RTMFP_CHUNK_HEADER 3u /* type (1), length (2) */

/* Packet header flags (2.2.4) */
#define RTMFP_PACKET_TC		0x80u
#define RTMFP_PACKET_TCR	0x40u
#define RTMFP_PACKET_TS		0x08u
#define RTMFP_PACKET_TSE	0x04u
#define RTMFP_PACKET_HEADER_MAX 5u

struct rtmfp_packet_header {
	bool time_critical;
	bool time_critical_reverse;
	bool has_timestamp;
	bool has_timestamp_echo;
	enum rtmfp_mode mode;
	uint16_t timestamp; /* 250 Hz */
	uint16_t timestamp_echo;
};

/** rtmfp_packet_header_read consumes the header; returns 0 or RTMFP_ERR_SYNTAX (mode 0, or truncated). */
int rtmfp_packet_header_read(struct rtmfp_reader *r, struct rtmfp_packet_header *h) RTMFP_MUST_CHECK;
void rtmfp_packet_header_write(struct rtmfp_writer *w, const struct rtmfp_packet_header *h);

struct rtmfp_chunk {
	uint8_t type;
	uint16_t len;
	const uint8_t *payload;
};

/** rtmfp_chunk_next returns the packet's next chunk, or false where padding begins (2.2.4). */
bool rtmfp_chunk_next(struct rtmfp_reader *r, struct rtmfp_chunk *chunk);

/**
 * rtmfp_chunk_begin writes a chunk header and returns a mark for rtmfp_chunk_end, which fills in the length.
 * Between them, append the payload.
 */
uint8_t *rtmfp_chunk_begin(struct rtmfp_writer *w, uint8_t type);
void rtmfp_chunk_end(struct rtmfp_writer *w, uint8_t *mark);

struct rtmfp_bytes {
	const uint8_t *p;
	size_t len;
};

struct rtmfp_fragment { /* 2.3.1 */
	bool more;
	uint64_t packet_id;
	uint64_t number;
	struct rtmfp_bytes data;
};
struct rtmfp_ihello { /* 2.3.2 */
	struct rtmfp_bytes epd, tag;
};
struct rtmfp_fihello { /* 2.3.3 */
	struct rtmfp_bytes epd;
	struct rtmfp_addr reply;
	struct rtmfp_bytes tag;
};
struct rtmfp_rhello { /* 2.3.4 */
	struct rtmfp_bytes tag_echo, cookie, certificate;
};
struct rtmfp_redirect { /* 2.3.5; addresses are read one by one from |addresses|, empty: implied redirect */
	struct rtmfp_bytes tag_echo;
	struct rtmfp_bytes addresses;
};
struct rtmfp_cookie_change { /* 2.3.6 */
	struct rtmfp_bytes old_cookie, new_cookie;
};
struct rtmfp_iikeying { /* 2.3.7 */
	uint32_t session_id;
	struct rtmfp_bytes cookie, certificate, component;
	struct rtmfp_bytes signed_params; /* initiatorSignedParameters, in place; reader only */
	struct rtmfp_bytes signature;
};
struct rtmfp_rikeying { /* 2.3.8 */
	uint32_t session_id;
	struct rtmfp_bytes component;
	struct rtmfp_bytes signed_portion; /* responderSignedParametersPortion, in place; reader only */
	struct rtmfp_bytes signature;
};

/* User Data (2.3.11) and Next User Data (2.3.12). */
enum rtmfp_fra { RTMFP_FRA_WHOLE = 0, RTMFP_FRA_BEGIN = 1, RTMFP_FRA_END = 2, RTMFP_FRA_MIDDLE = 3 };
#define RTMFP_DATA_OPT	     0x80u
#define RTMFP_DATA_FRA_SHIFT 4
#define RTMFP_DATA_ABN	     0x02u
#define RTMFP_DATA_FIN	     0x01u

struct rtmfp_data {
	enum rtmfp_fra fra;
	bool abandon;
	bool final;
	uint64_t flow_id; /* DATA only; the reader of NEXT_DATA copies it from |prev| */
	uint64_t sequence_number;
	uint64_t forward_sequence_number;
	bool has_options;
	struct rtmfp_bytes options; /* the option list, Marker included, in place */
	struct rtmfp_bytes data;
};

struct rtmfp_ack { /* 2.3.13 and 2.3.14 */
	uint64_t flow_id;
	uint64_t buffer_blocks; /* units of 1024 bytes */
	uint64_t cumulative;
	struct rtmfp_bytes rest; /* bitmap or ranges: walk with rtmfp_ack_next */
	bool is_bitmap;
};

struct rtmfp_exception { /* 2.3.16 */
	uint64_t flow_id, code;
};

int rtmfp_read_fragment(const uint8_t *p, size_t len, struct rtmfp_fragment *c) RTMFP_MUST_CHECK;
int rtmfp_read_ihello(const uint8_t *p, size_t len, struct rtmfp_ihello *c) RTMFP_MUST_CHECK;
int rtmfp_read_fihello(const uint8_t *p, size_t len, struct rtmfp_fihello *c) RTMFP_MUST_CHECK;
int rtmfp_read_rhello(const uint8_t *p, size_t len, struct rtmfp_rhello *c) RTMFP_MUST_CHECK;
int rtmfp_read_redirect(const uint8_t *p, size_t len, struct rtmfp_redirect *c) RTMFP_MUST_CHECK;
int rtmfp_read_cookie_change(const uint8_t *p, size_t len, struct rtmfp_cookie_change *c) RTMFP_MUST_CHECK;
int rtmfp_read_iikeying(const uint8_t *p, size_t len, struct rtmfp_iikeying *c) RTMFP_MUST_CHECK;
int rtmfp_read_rikeying(const uint8_t *p, size_t len, struct rtmfp_rikeying *c) RTMFP_MUST_CHECK;
/**
 * rtmfp_read_data reads a DATA chunk, or with |prev| (the chunk just before it in the packet, itself DATA or
 * NEXT_DATA) a NEXT_DATA chunk. Checks 2.3.11's rules: fsnOffset <= seq, not 0 unless abandoned, seq > 0,
 * option list well-formed. |prev| may be |c| itself.
 */
int rtmfp_read_data(const uint8_t *p, size_t len, const struct rtmfp_data *prev,
		    struct rtmfp_data *c) RTMFP_MUST_CHECK;
int rtmfp_read_ack(uint8_t type, const uint8_t *p, size_t len, struct rtmfp_ack *c) RTMFP_MUST_CHECK;
int rtmfp_read_buffer_probe(const uint8_t *p, size_t len, uint64_t *flow_id) RTMFP_MUST_CHECK;
int rtmfp_read_exception(const uint8_t *p, size_t len, struct rtmfp_exception *c) RTMFP_MUST_CHECK;

/*
 * Walks the acknowledged ranges above the cumulative acknowledgement, ascending and disjoint. A truncated
 * last range (figure 6), and a number above 2^64 - 1, end the walk.
 */
struct rtmfp_ack_walk {
	struct rtmfp_reader r;
	bool is_bitmap;
	uint64_t cursor;
	unsigned bit; /* bitmap: next bit of |byte| to look at */
	uint8_t byte;
};
struct rtmfp_ack_walk rtmfp_ack_walk(const struct rtmfp_ack *ack);
bool rtmfp_ack_next(struct rtmfp_ack_walk *walk, uint64_t *from, uint64_t *to);

void rtmfp_write_fragment(struct rtmfp_writer *w, const struct rtmfp_fragment *c);
void rtmfp_write_ihello(struct rtmfp_writer *w, const struct rtmfp_ihello *c);
void rtmfp_write_fihello(struct rtmfp_writer *w, const struct rtmfp_fihello *c);
void rtmfp_write_rhello(struct rtmfp_writer *w, const struct rtmfp_rhello *c);
void rtmfp_write_redirect(struct rtmfp_writer *w, const struct rtmfp_redirect *c);
void rtmfp_write_cookie_change(struct rtmfp_writer *w, const struct rtmfp_cookie_change *c);
void rtmfp_write_iikeying(struct rtmfp_writer *w, const struct rtmfp_iikeying *c);
void rtmfp_write_rikeying(struct rtmfp_writer *w, const struct rtmfp_rikeying *c);
/** rtmfp_write_data writes DATA, or NEXT_DATA if |next|; |c->options| includes its Marker. */
void rtmfp_write_data(struct rtmfp_writer *w, const struct rtmfp_data *c, bool next);
void rtmfp_write_buffer_probe(struct rtmfp_writer *w, uint64_t flow_id);
void rtmfp_write_exception(struct rtmfp_writer *w, const struct rtmfp_exception *c);
/** rtmfp_write_simple writes PING, PING_REPLY, CLOSE, CLOSE_ACK or padding with |len| bytes of payload. */
void rtmfp_write_simple(struct rtmfp_writer *w, uint8_t type, const void *payload, size_t len);

#endif
