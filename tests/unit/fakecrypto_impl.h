/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the two files of the fake profile share: its arithmetic, and keys. */
#ifndef FAKECRYPTO_IMPL_H
#define FAKECRYPTO_IMPL_H

#include "fakecrypto.h"

#include <string.h>

struct fake_far {
	struct rtmfp_far far;
	struct fake_far *next;
	uint64_t id;
	uint64_t psk;
};

/* ---- arithmetic ---- */

static inline uint64_t fake_mix(uint64_t a, uint64_t b)
{
	uint64_t z = (a ^ (b << 23 | b >> 41)) + b * UINT64_C(0x9e3779b97f4a7c15) + 1;

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

static inline uint64_t fake_mac(uint64_t key, uint64_t label, const void *data, size_t len)
{
	const uint8_t *p = data;
	uint64_t h = fake_mix(key, label ^ len), word;

	for (; len >= 8; p += 8, len -= 8) {
		memcpy(&word, p, 8);
		h = (h ^ word) * UINT64_C(0x9fb21c651e98df25);
		h ^= h >> 32;
	}
	word = 0;
	if (len)
		memcpy(&word, p, len);
	return fake_mix(h, word);
}

static inline void fake_mask(uint64_t key, uint64_t number, uint8_t *p, size_t len)
{
	uint64_t pad = fake_mix(key, number), word;

	for (; len >= 8; p += 8, len -= 8) {
		memcpy(&word, p, 8);
		word ^= pad;
		memcpy(p, &word, 8);
		pad = pad << 7 | pad >> 57;
	}
	for (size_t i = 0; i < len; i++)
		p[i] ^= (uint8_t)(pad >> (8 * i));
}

static inline uint64_t fake_draw(struct fakecrypto *f)
{
	return f->random = fake_mix(f->random, f->id);
}

static inline void put64(uint8_t *p, uint64_t v)
{
	memcpy(p, &v, 8);
}

static inline uint64_t get64(const uint8_t *p)
{
	uint64_t v;

	memcpy(&v, p, 8);
	return v;
}

static inline uint32_t get32(const uint8_t *p)
{
	uint32_t v;

	memcpy(&v, p, 4);
	return v;
}

/* What two identities share, whoever asks. */
static inline uint64_t shared(uint64_t a, uint64_t b, uint64_t psk)
{
	return fake_mix(fake_mix(a ^ b, a + b), psk);
}

enum {
	LABEL_EPD = 1,
	LABEL_RHELLO,
	LABEL_IIKEYING,
	LABEL_RIKEYING,
	LABEL_STATIC,
	LABEL_INITIATOR,
	LABEL_RESPONDER,
	LABEL_PACKET,
	LABEL_REKEY,
	LABEL_RESET,
};
#define STARTUP_KEY UINT64_C(0x53746172747570)

/* ---- fakecrypto.c ---- */
/** fake_fails counts a call and returns the error that a test wants of it, or 0. */
int fake_fails(struct fakecrypto *f, enum fake_call call);
/** fake_fill_info writes what the far end would have told; |send_id| is how it is named. */
void fake_fill_info(const struct fakecrypto *f, uint64_t far_id, uint32_t send_id,
		    struct rtmfp_keying_info *info);

/* ---- fakecrypto_packet.c ---- */
int fake_new_keys(struct fakecrypto *f, uint64_t far_id, uint64_t master, bool initiator, void **out);
/** fake_packet_ops fills in the callbacks on packets, keys and rekeying. */
void fake_packet_ops(struct rtmfp_crypto_ops *ops);

#endif
