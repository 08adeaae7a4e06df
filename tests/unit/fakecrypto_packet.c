/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The fake profile's keys: packets, replay window, rekeying, and the ledger of what was sealed.
 *
 *     packet    number (4) || masked bytes || mac (8)
 *     rekeying  e (8) || receive id (4) || mac (8)
 */
#include "fakecrypto_impl.h"

#include <stdlib.h>

#define REKEY_MESSAGE 20u
#define RING_WORDS    (FAKE_WINDOW / 64u + 1u)

struct fake_ledger_entry {
	struct fake_ledger_entry *next;
	uint64_t key;
	uint64_t next_number;
};

struct fake_keys {
	struct fakecrypto *f;
	uint64_t far_id;
	uint64_t send, receive, x;
	struct fake_ledger_entry *entry;
	uint64_t number; /* next to seal */
	uint64_t forgeries;
	bool retired;
	bool any;
	uint64_t newest;
	uint64_t ring[RING_WORDS];
};

struct fake_rk {
	struct fakecrypto *f;
	uint64_t far_id;
	uint64_t x, e, epoch;
	uint32_t receive_id;
};

/* ---- the ledger ---- */

void fake_ledger_init(struct fake_ledger *ledger)
{
	memset(ledger, 0, sizeof(*ledger));
}

void fake_ledger_fini(struct fake_ledger *ledger)
{
	for (size_t i = 0; i < sizeof(ledger->buckets) / sizeof(ledger->buckets[0]); i++) {
		while (ledger->buckets[i]) {
			struct fake_ledger_entry *entry = ledger->buckets[i];

			ledger->buckets[i] = entry->next;
			free(entry);
		}
	}
}

static struct fake_ledger_entry *enter_key(struct fake_ledger *ledger, uint64_t key)
{
	struct fake_ledger_entry **bucket = &ledger->buckets[key % 256], *entry;

	for (entry = *bucket; entry; entry = entry->next)
		if (entry->key == key)
			return entry;
	entry = calloc(1, sizeof(*entry));
	if (!entry)
		abort(); /* the ledger is not what is being tested */
	entry->key = key;
	entry->next = *bucket;
	*bucket = entry;
	ledger->keys++;
	return entry;
}

/* ---- startup packets ---- */

/* Protects |len| bytes at |enc| + head under |key|, with the number that stands at |enc|. */
static void protect(uint64_t key, uint8_t *enc, size_t len)
{
	fake_mask(key, get32(enc), enc + FAKE_HEAD, len);
	put64(enc + FAKE_HEAD + len, fake_mac(key, LABEL_PACKET, enc, FAKE_HEAD + len));
}

static bool is_authentic(uint64_t key, const uint8_t *enc, size_t len)
{
	return get64(enc + len - FAKE_TAIL) == fake_mac(key, LABEL_PACKET, enc, len - FAKE_TAIL);
}

static void unprotect(uint64_t key, uint8_t *enc, size_t len, uint8_t **plain, size_t *plain_len)
{
	*plain = enc + FAKE_HEAD;
	*plain_len = len - FAKE_HEAD - FAKE_TAIL;
	fake_mask(key, get32(enc), *plain, *plain_len);
}

static int op_startup_seal(void *crypto, uint8_t *enc, size_t len)
{
	struct fakecrypto *f = crypto;
	int err = fake_fails(f, FAKE_STARTUP_SEAL);

	if (err)
		return err;
	f->ops.random(f, enc, FAKE_HEAD);
	protect(STARTUP_KEY, enc, len);
	return 0;
}

static int op_startup_open(void *crypto, uint8_t *enc, size_t len, uint8_t **plain, size_t *plain_len)
{
	struct fakecrypto *f = crypto;
	int err = fake_fails(f, FAKE_STARTUP_OPEN);

	if (err)
		return err;
	if (len <= FAKE_HEAD + FAKE_TAIL)
		return RTMFP_ERR_SYNTAX;
	if (!is_authentic(STARTUP_KEY, enc, len))
		return RTMFP_ERR_AUTH;
	unprotect(STARTUP_KEY, enc, len, plain, plain_len);
	return 0;
}

/* ---- packets of a session ---- */

int fake_new_keys(struct fakecrypto *f, uint64_t far_id, uint64_t master, bool initiator, void **out)
{
	struct fake_keys *k = rtmfp_alloc(f->mem, sizeof(*k));
	uint64_t one = fake_mix(master, 1), two = fake_mix(master, 2);

	if (!k)
		return RTMFP_ERR_NOMEM;
	k->f = f;
	k->far_id = far_id;
	k->send = initiator ? one : two;
	k->receive = initiator ? two : one;
	k->x = fake_mix(master, 3);
	k->entry = enter_key(f->ledger, k->send);
	f->epochs++;
	*out = k;
	return 0;
}

static int op_seal(void *keys, uint8_t *enc, size_t len)
{
	struct fake_keys *k = keys;
	struct fakecrypto *f = k->f;
	uint32_t number = (uint32_t)k->number;
	int err = fake_fails(f, FAKE_SEAL);

	if (k->retired || len == 0)
		f->misuse++;
	if (err)
		return err;
	if (k->number >= f->exhausted_at)
		return RTMFP_ERR_LIMIT;
	if (k->number < k->entry->next_number)
		f->ledger->repeats++;
	k->entry->next_number = k->number + 1;
	k->number++;
	f->ledger->sealed++;
	memcpy(enc, &number, FAKE_HEAD);
	protect(k->send, enc, len);
	return 0;
}

static uint64_t *ring_word(struct fake_keys *k, uint64_t number)
{
	return &k->ring[number / 64 % RING_WORDS];
}

static bool is_replay(struct fake_keys *k, uint64_t number)
{
	if (!k->any || number > k->newest)
		return false;
	return k->newest - number >= FAKE_WINDOW || *ring_word(k, number) >> (number % 64) & 1;
}

/* RFC 6479: words between the greatest number and the new one are cleared as the window passes them. */
static void record(struct fake_keys *k, uint64_t number)
{
	if (!k->any || number > k->newest) {
		uint64_t word = k->any ? k->newest / 64 : 0;
		uint64_t steps = number / 64 - word;

		for (uint64_t i = 1; i <= steps && i <= RING_WORDS; i++)
			k->ring[(word + i) % RING_WORDS] = 0;
		k->newest = number;
		k->any = true;
	}
	*ring_word(k, number) |= UINT64_C(1) << (number % 64);
}

static int op_open(void *keys, uint8_t *enc, size_t len, uint8_t **plain, size_t *plain_len, bool *newest)
{
	struct fake_keys *k = keys;
	uint64_t number;
	int err = fake_fails(k->f, FAKE_OPEN);

	if (err)
		return err;
	if (len <= FAKE_HEAD + FAKE_TAIL)
		return RTMFP_ERR_SYNTAX;
	number = get32(enc);
	if (is_replay(k, number)) {
		k->f->replays++;
		return RTMFP_ERR_REPLAY;
	}
	if (!is_authentic(k->receive, enc, len)) {
		k->forgeries++;
		k->f->forgeries++;
		return RTMFP_ERR_AUTH;
	}
	*newest = !k->any || number > k->newest;
	record(k, number);
	unprotect(k->receive, enc, len, plain, plain_len);
	return 0;
}

static enum rtmfp_key_state op_key_state(const void *keys)
{
	const struct fake_keys *k = keys;

	if (k->forgeries >= k->f->broken_at)
		return RTMFP_KEY_BROKEN;
	if (k->number >= k->f->exhausted_at)
		return RTMFP_KEY_EXHAUSTED;
	return k->number >= k->f->rekey_at ? RTMFP_KEY_WANTS_REKEY : RTMFP_KEY_FRESH;
}

static void op_keys_retire_send(void *keys)
{
	struct fake_keys *k = keys;

	k->retired = true;
	k->send = k->x = 0;
}

static void op_keys_free(void *keys)
{
	struct fake_keys *k = keys;

	if (!k)
		return;
	k->f->epochs--;
	rtmfp_free(k->f->mem, k);
}

/* ---- rekeying ---- */

static void rekey_message(uint64_t secret, uint64_t epoch, uint64_t e, uint32_t id, uint8_t *msg)
{
	put64(msg, e);
	memcpy(msg + 8, &id, 4);
	put64(msg + 12, fake_mac(secret, LABEL_REKEY ^ epoch << 8, msg, 12));
}

static bool is_rekey_message(uint64_t secret, uint64_t epoch, const uint8_t *msg, size_t len)
{
	return len == REKEY_MESSAGE && get64(msg + 12) == fake_mac(secret, LABEL_REKEY ^ epoch << 8, msg, 12);
}

static int op_rekey_init(void *keys, uint64_t epoch, uint32_t receive_id, uint8_t *msg, size_t cap,
			 size_t *len, void **out)
{
	struct fake_keys *k = keys;
	struct fake_rk *rk;
	int err = fake_fails(k->f, FAKE_REKEY_INIT);

	if (k->retired)
		k->f->misuse++;
	if (err)
		return err;
	if (cap < REKEY_MESSAGE)
		return RTMFP_ERR_LIMIT;
	rk = rtmfp_alloc(k->f->mem, sizeof(*rk));
	if (!rk)
		return RTMFP_ERR_NOMEM;
	*rk = (struct fake_rk){ .f = k->f,
				.far_id = k->far_id,
				.x = k->x,
				.e = fake_draw(k->f),
				.epoch = epoch,
				.receive_id = receive_id };
	rekey_message(k->x, epoch, rk->e, receive_id, msg);
	*len = REKEY_MESSAGE;
	k->f->rekeys++;
	*out = rk;
	return 0;
}

static uint64_t rekey_master(uint64_t x, uint64_t epoch, uint64_t e1, uint64_t e2)
{
	return fake_mix(fake_mix(x, epoch), fake_mix(e1, e2));
}

static int op_rekey_respond(void *keys, uint64_t epoch, const uint8_t *msg, size_t msg_len,
			    uint32_t receive_id, uint8_t *reply, size_t cap, size_t *reply_len,
			    uint32_t *send_id, void **out, struct rtmfp_keying_info *info)
{
	struct fake_keys *k = keys;
	uint64_t e, master;
	int err = fake_fails(k->f, FAKE_REKEY_RESPOND);

	if (k->retired)
		k->f->misuse++;
	if (err)
		return err;
	if (!is_rekey_message(k->x, epoch, msg, msg_len))
		return RTMFP_ERR_AUTH;
	if (cap < REKEY_MESSAGE)
		return RTMFP_ERR_LIMIT;
	e = fake_draw(k->f);
	master = rekey_master(k->x, epoch, get64(msg), e);
	rekey_message(fake_mix(k->x, get64(msg)), epoch, e, receive_id, reply);
	*reply_len = REKEY_MESSAGE;
	*send_id = get32(msg + 8);
	fake_fill_info(k->f, k->far_id, *send_id, info);
	return fake_new_keys(k->f, k->far_id, master, false, out);
}

static int op_rekey_finish(void *rekeying, const uint8_t *msg, size_t msg_len, uint32_t *send_id, void **out,
			   struct rtmfp_keying_info *info)
{
	struct fake_rk *rk = rekeying;
	int err = fake_fails(rk->f, FAKE_REKEY_FINISH);

	if (err)
		return err;
	if (!is_rekey_message(fake_mix(rk->x, rk->e), rk->epoch, msg, msg_len))
		return RTMFP_ERR_AUTH;
	*send_id = get32(msg + 8);
	fake_fill_info(rk->f, rk->far_id, *send_id, info);
	return fake_new_keys(rk->f, rk->far_id, rekey_master(rk->x, rk->epoch, rk->e, get64(msg)), true, out);
}

static void op_rekey_free(void *rekeying)
{
	struct fake_rk *rk = rekeying;

	if (!rk)
		return;
	rk->f->rekeys--;
	rtmfp_free(rk->f->mem, rk);
}

void fake_packet_ops(struct rtmfp_crypto_ops *ops)
{
	ops->startup_seal = op_startup_seal;
	ops->startup_open = op_startup_open;
	ops->seal = op_seal;
	ops->open = op_open;
	ops->key_state = op_key_state;
	ops->keys_retire_send = op_keys_retire_send;
	ops->keys_free = op_keys_free;
	ops->rekey_init = op_rekey_init;
	ops->rekey_respond = op_rekey_respond;
	ops->rekey_finish = op_rekey_finish;
	ops->rekey_free = op_rekey_free;
}
