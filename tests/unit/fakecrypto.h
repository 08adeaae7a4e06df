/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A cryptography profile for tests: the shape of a real one and none of its strength. Keys are 64-bit numbers
 * and everything is computed by a mixing function from a seed, so every run repeats exactly. It keeps the
 * contract of rtmfp_crypto.h to the letter, notices when the protocol breaks its side of it, and fails where
 * a test wants it to. Used by the unit tests of the endpoint and by the simulator.
 */
#ifndef FAKECRYPTO_H
#define FAKECRYPTO_H

#include "rtmfp_crypto.h"

/* Packet numbers that were sealed, by key. One ledger serves all profiles of a test, so that a key that two
 * of them derive by mistake shows. */
struct fake_ledger {
	struct fake_ledger_entry *buckets[256];
	uint64_t keys;	  /* sending keys seen */
	uint64_t sealed;  /* packets under them */
	uint64_t repeats; /* a number sealed twice under one key: must stay 0 */
};
void fake_ledger_init(struct fake_ledger *ledger);
void fake_ledger_fini(struct fake_ledger *ledger);

/* Every callback that can fail. */
enum fake_call {
	FAKE_STARTUP_SEAL,
	FAKE_STARTUP_OPEN,
	FAKE_EPD_MAKE,
	FAKE_RHELLO_CERTIFICATE,
	FAKE_RESPONDER_CHECK,
	FAKE_RESPONDER_READ,
	FAKE_RESPONDER_WRITE,
	FAKE_RESPONDER_SIGN,
	FAKE_RESPONDER_KEYS,
	FAKE_RHELLO_VERIFY,
	FAKE_INITIATOR_WRITE,
	FAKE_INITIATOR_SIGN,
	FAKE_INITIATOR_VERIFY,
	FAKE_INITIATOR_KEYS,
	FAKE_SEAL,
	FAKE_OPEN,
	FAKE_REKEY_INIT,
	FAKE_REKEY_RESPOND,
	FAKE_REKEY_FINISH,
	FAKE_CALLS
};
const char *fake_call_name(enum fake_call call);

struct fake_switch {
	uint64_t calls;	    /* so far */
	uint64_t fail_from; /* calls from this one on fail, 1 is the first; 0: none */
	uint64_t fail_count;
	int err;
};

struct fake_far;

/* A near identity. Everything above |private| may be changed at any time. */
struct fakecrypto {
	struct rtmfp_crypto_ops
		ops; /* for rtmfp_endpoint_config; |confirm| and the like are for tests to change */
	struct fake_switch switches[FAKE_CALLS];
	uint64_t rekey_at;     /* packets sealed under a key before it wants a rekey */
	uint64_t exhausted_at; /* packets that a key seals */
	uint64_t broken_at;    /* forgeries before a key counts as broken */
	uint64_t features;     /* listed in handshakes and rekeys */
	bool reset_tokens;     /* hand them out */

	uint64_t forgeries; /* packets that failed their tag, under all keys */
	uint64_t replays;
	uint64_t misuse;     /* the protocol broke the contract: must stay 0 */
	uint64_t handshakes; /* hs objects alive */
	uint64_t epochs;     /* keys objects alive */
	uint64_t rekeys;     /* rk objects alive */

	/* private */
	uint64_t id;
	uint64_t random;
	const struct rtmfp_mem *mem;
	struct fake_ledger *ledger;
	struct fake_far *fars;
};

#define FAKE_HEAD   4u
#define FAKE_TAIL   8u
#define FAKE_WINDOW 8192u /* packet numbers behind the greatest that may still come */

/** fakecrypto_init makes the identity |id|, not 0. |seed| is all its randomness; |mem| gives handshakes and
 * keys. */
void fakecrypto_init(struct fakecrypto *f, uint64_t id, uint64_t seed, const struct rtmfp_mem *mem,
		     struct fake_ledger *ledger);
/** fakecrypto_fini forgets whom it knows; all handshakes and keys must be gone. */
void fakecrypto_fini(struct fakecrypto *f);
/** fakecrypto_without_rekey makes it a profile whose keys last for the session. */
void fakecrypto_without_rekey(struct fakecrypto *f);
/** fakecrypto_fail makes |count| calls fail with |err|, from the next one after |skip| more. */
void fakecrypto_fail(struct fakecrypto *f, enum fake_call call, uint64_t skip, uint64_t count, int err);

/** fakecrypto_add makes it know the identity |id|; |psk| must be the same at the other end. NULL without
 * memory. */
struct rtmfp_far *fakecrypto_add(struct fakecrypto *f, uint64_t id, uint64_t psk);
void fakecrypto_remove(struct fakecrypto *f, struct rtmfp_far *far);

#endif
