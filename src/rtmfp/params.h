/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Every number of the protocol, once: timers and limits, with the section that asks for it. What a peer or a
 * stranger can make this end hold is bounded here.
 */
#ifndef PARAMS_H
#define PARAMS_H

#include "rtmfp_types.h"

/* Values that tests and users may change; rtmfp_params_default holds what RFC 7016 and PROTOCOL.md ask for.
 */
struct rtmfp_params {
	/* startup (3.5.1.1.1; the shorter first intervals are PROTOCOL.md 2.6's departure) */
	uint64_t open_interval_first;  /* 0.5 s between the first two IHellos or IIKeyings */
	uint64_t open_interval_growth; /* 1.5 s more each time */
	uint64_t open_interval_max;    /* 5 s */
	uint64_t keying_timeout;       /* 5 s in S_KEYING_SENT, then the attempt starts over */
	uint64_t open_timeout;	       /* 95 s ultimate open timeout */
	unsigned keyings_max;	       /* 4 RHellos answered, from the second attempt on */
	/* responder (3.5.1.1.2, PROTOCOL.md 2.5) */
	uint64_t cookie_lifetime;      /* 120 s; the secret is as old at most twice */
	unsigned unconfirmed_max;      /* 4 unconfirmed sessions a peer */
	uint64_t unconfirmed_lifetime; /* 10 s */
	uint64_t glare_hold;	       /* 3 s: no opening to a peer while an unconfirmed session is younger */
	unsigned source_rate;	       /* 20/s IIKeyings a source that cost a public-key operation */
	unsigned source_burst;	       /* 50 */
	unsigned sources_max;	       /* 4096 */
	unsigned hello_rate;	       /* 50/s RHellos a source */
	/* sessions */
	uint64_t drain; /* 30 s: a replaced session, and an old receive key, are still received from */
	uint64_t retired_id_hold;   /* 120 s before a session ID is used again */
	uint64_t close_interval;    /* 5 s between Close requests (3.5.5) */
	uint64_t nearclose_timeout; /* 90 s */
	uint64_t farclose_linger;   /* 19 s */
	uint64_t silence;	    /* 5 s without an acknowledgement that is due (PROTOCOL.md 5.2) */
	/* rekeying (PROTOCOL.md 4) */
	uint64_t rekey_after;		/* 120 s */
	uint64_t rekey_jitter;		/* minus 0 to 10 s, initiator */
	uint64_t rekey_after_responder; /* 140 s */
	uint64_t rekey_min_interval;	/* 30 s since the last switch */
	uint64_t rekey_replace_after;	/* 165 s: open a replacing session */
	uint64_t rekey_stop_after;	/* 180 s: keying flow, acknowledgements, Ping and Close only */
	uint64_t rekey_close_after;	/* 540 s */
	/* mobility (3.5.4.2, PROTOCOL.md 5.1) */
	uint64_t verify_interval_min; /* 20 ms between verification Pings */
	unsigned verify_pings;	      /* 5 */
	uint64_t verify_lifetime;     /* 10 s */
	uint64_t move_interval;	      /* 1 s between changes of DESTADDR */
	uint64_t divert_for;	      /* 1 s in */
	uint64_t divert_every;	      /* 60 s the downlink may go to addresses that are not verified */
	unsigned ping_reply_rate;     /* 20/s Pings with a message answered */
	size_t ping_reply_max;	      /* 1400 bytes */
	/* flows */
	unsigned recvflows_max; /* 96 a session, lingering ones included: more than users accept (PROTOCOL.md
				   6: 64) */
	unsigned sendflows_max; /* 64 */
	size_t metadata_max;	/* 512 (2.3.11.1.1) */
	unsigned gaps_max;	/* ranges of SEQUENCE_SET above the cumulative one, a flow */
	size_t buffer_capacity; /* default BUFFER_CAPACITY of a receiving flow, bytes */
	size_t message_max;	/* default of the longest message that is put together */
	uint64_t ack_delay;	/* 200 ms (3.6.3.4.4) */
	unsigned ack_every;	/* 2 packets with user data (3.6.3.4.1) */
	uint64_t sendflow_linger;    /* 130 s (3.6.2.11) */
	uint64_t recvflow_linger;    /* 120 s (3.6.3.8) */
	uint64_t initial_window;     /* 65536 bytes: RX_BUFFER_SIZE before the first acknowledgement */
	uint64_t probe_interval;     /* 1 s: first Buffer Probe (3.6.2.9.1) */
	uint64_t probe_interval_max; /* 60 s */
	/* retransmission timeout (3.5.2.2) */
	uint64_t erto_initial;	    /* 3 s */
	uint64_t erto_min;	    /* 250 ms */
	uint64_t erto_max;	    /* 10 s cap of the backoff */
	uint64_t timestamp_max_age; /* 128 s */
	unsigned nak_threshold;	    /* 3 (3.6.2.5) */
	/* datagram sizes: UDP payload on the path */
	size_t datagram_v4; /* 1472: 1500 - IPv4 - UDP */
	size_t datagram_v6; /* 1452 */
};

extern const struct rtmfp_params rtmfp_params_default;

#define RTMFP_STARTUP_MAX 1200u /* no startup datagram is longer (PROTOCOL.md 2.1) */
#define RTMFP_IHELLO_MIN \
	128u /* IHello datagrams are padded to this: no answer is longer than what it answers */

#endif
