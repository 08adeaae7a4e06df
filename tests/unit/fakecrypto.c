/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The identities and handshakes of the fake profile.
 *
 *     epd                 'F' || fake_mac(far id, tag)                              9 bytes
 *     rhello certificate  fake_mac(near id, prefix)                                 8
 *     initiator component e (8) || static id, masked (8) || mac (8) || zeros   64
 *     responder component e (8) || responder id (4) || address (20) || mac (8) 40
 * *     rekeying            e (8) || receive id (4) || mac (8)
 */
#include "fakecrypto_impl.h"

#include <stdlib.h>

#define INITIATOR_COMPONENT 64u
#define RESPONDER_COMPONENT 40u
#define FAKE_SUITE	    9u

struct fake_hs {
	struct fakecrypto *f;
	struct fake_far *far;
	uint32_t initiator_id;
	uint32_t responder_id;
	uint64_t e;	 /* our ephemeral */
	uint64_t chain;	 /* both ends know it after the initiator's component */
	uint64_t master; /* after both */
	struct rtmfp_addr reflexive;
};

/* ---- failing on purpose, and watching the other side of the contract ---- */

int fake_fails(struct fakecrypto *f, enum fake_call call)
{
	struct fake_switch *s = &f->switches[call];

	s->calls++;
	if (s->fail_from == 0 || s->calls < s->fail_from || s->calls - s->fail_from >= s->fail_count)
		return 0;
	return s->err;
}

const char *fake_call_name(enum fake_call call)
{
	static const char *const names[FAKE_CALLS] = {
		"startup_seal",
		"startup_open",
		"epd_make",
		"rhello_certificate",
		"responder_check",
		"responder_read",
		"responder_write",
		"responder_sign",
		"responder_keys",
		"rhello_verify",
		"initiator_write",
		"initiator_sign",
		"initiator_verify",
		"initiator_keys",
		"seal",
		"open",
		"rekey_init",
		"rekey_respond",
		"rekey_finish",
	};

	return names[call];
}

void fakecrypto_fail(struct fakecrypto *f, enum fake_call call, uint64_t skip, uint64_t count, int err)
{
	struct fake_switch *s = &f->switches[call];

	s->fail_from = s->calls + skip + 1;
	s->fail_count = count;
	s->err = err;
}

/* ---- randomness, cookies ---- */

static void op_random(void *crypto, uint8_t *out, size_t len)
{
	struct fakecrypto *f = crypto;

	while (len > 0) {
		uint64_t v = fake_draw(f);
		size_t n = len < 8 ? len : 8;

		memcpy(out, &v, n);
		out += n;
		len -= n;
	}
}

static void op_mac(void *crypto, const uint8_t key[32], const char *label, const uint8_t *data, size_t len,
		   uint8_t out[RTMFP_MAC_LEN])
{
	uint64_t k = fake_mac(fake_mac(0, 0, key, 32), 0, label, strlen(label));

	(void)crypto;
	put64(out, fake_mac(k, 1, data, len));
	put64(out + 8, fake_mac(k, 2, data, len));
}

/* ---- identities ---- */

static void make_epd(uint64_t id, const uint8_t tag[RTMFP_TAG_LEN], uint8_t epd[9])
{
	epd[0] = 'F';
	put64(epd + 1, fake_mac(id, LABEL_EPD, tag, RTMFP_TAG_LEN));
}

static int op_epd_make(void *crypto, struct rtmfp_far *far, const uint8_t tag[RTMFP_TAG_LEN], uint8_t *epd,
		       size_t cap, size_t *len)
{
	int err = fake_fails(crypto, FAKE_EPD_MAKE);

	if (err)
		return err;
	if (cap < 9)
		return RTMFP_ERR_LIMIT;
	make_epd(((struct fake_far *)(void *)far)->id, tag, epd);
	*len = 9;
	return 0;
}

static bool op_epd_selects_local(void *crypto, const uint8_t *epd, size_t epd_len, const uint8_t *tag,
				 size_t tag_len)
{
	struct fakecrypto *f = crypto;
	uint8_t own[9];

	if (epd_len != sizeof(own) || tag_len != RTMFP_TAG_LEN)
		return false;
	make_epd(f->id, tag, own);
	return memcmp(own, epd, sizeof(own)) == 0;
}

static bool op_near_prevails(void *crypto, struct rtmfp_far *far)
{
	struct fakecrypto *f = crypto;

	return f->id < ((struct fake_far *)(void *)far)->id;
}

/* ---- responder ---- */

static int op_rhello_certificate(void *crypto, const uint8_t *prefix, size_t prefix_len, uint8_t *cert,
				 size_t cap, size_t *len)
{
	struct fakecrypto *f = crypto;
	int err = fake_fails(f, FAKE_RHELLO_CERTIFICATE);

	if (err)
		return err;
	if (cap < 8)
		return RTMFP_ERR_LIMIT;
	put64(cert, fake_mac(f->id, LABEL_RHELLO, prefix, prefix_len));
	*len = 8;
	return 0;
}

static int op_responder_check(void *crypto, const uint8_t *signed_params, size_t signed_len,
			      const uint8_t *cert, size_t cert_len, const uint8_t *component,
			      size_t component_len, const uint8_t *signature, size_t signature_len)
{
	struct fakecrypto *f = crypto;
	int err = fake_fails(f, FAKE_RESPONDER_CHECK);

	(void)cert;
	(void)component;
	if (err)
		return err;
	if (cert_len != 0 || component_len != INITIATOR_COMPONENT || signature_len != 8)
		return RTMFP_ERR_SYNTAX;
	return get64(signature) == fake_mac(f->id, LABEL_IIKEYING, signed_params, signed_len)
		       ? 0
		       : RTMFP_ERR_AUTH;
}

static uint64_t initiator_mac(uint64_t secret, uint32_t initiator_id, const uint8_t *cookie,
			      size_t cookie_len, const uint8_t *component)
{
	return fake_mac(fake_mac(secret, initiator_id, cookie, cookie_len), LABEL_INITIATOR, component, 16);
}

static struct fake_hs *new_hs(struct fakecrypto *f, struct fake_far *far, uint32_t initiator_id)
{
	struct fake_hs *hs = rtmfp_alloc(f->mem, sizeof(*hs));

	if (!hs)
		return NULL;
	hs->f = f;
	hs->far = far;
	hs->initiator_id = initiator_id;
	hs->e = fake_draw(f);
	f->handshakes++;
	return hs;
}

static int op_responder_read(void *crypto, uint32_t initiator_id, const uint8_t *cookie, size_t cookie_len,
			     const uint8_t *component, size_t component_len, struct rtmfp_far **far,
			     void **out)
{
	struct fakecrypto *f = crypto;
	uint64_t id = get64(component + 8) ^ fake_mac(f->id, LABEL_STATIC, component, 8);
	struct fake_far *from = f->fars;
	struct fake_hs *hs;
	uint64_t secret;
	int err = fake_fails(f, FAKE_RESPONDER_READ);

	if (component_len != INITIATOR_COMPONENT)
		f->misuse++; /* responder_check refused that */
	if (err)
		return err;
	while (from && from->id != id)
		from = from->next;
	if (!from)
		return RTMFP_ERR_UNKNOWN;
	secret = shared(f->id, id, from->psk);
	if (get64(component + 16) != initiator_mac(secret, initiator_id, cookie, cookie_len, component))
		return RTMFP_ERR_AUTH;
	hs = new_hs(f, from, initiator_id);
	if (!hs)
		return RTMFP_ERR_NOMEM;
	hs->chain = fake_mac(secret, initiator_id, component, 24);
	*out = hs;
	*far = &from->far;
	return 0;
}

static void write_addr(uint8_t out[20], const struct rtmfp_addr *addr)
{
	memset(out, 0, 20);
	if (!addr)
		return;
	out[0] = addr->family;
	out[2] = (uint8_t)(addr->port >> 8);
	out[3] = (uint8_t)addr->port;
	memcpy(out + 4, addr->ip, 16);
}

static struct rtmfp_addr read_addr(const uint8_t in[20])
{
	struct rtmfp_addr addr = { .family = in[0], .origin = RTMFP_ORIGIN_REFLEXIVE };

	addr.port = (uint16_t)(in[2] << 8 | in[3]);
	memcpy(addr.ip, in + 4, 16);
	return addr;
}

static int op_responder_write(void *handshake, uint32_t responder_id, const struct rtmfp_addr *reflexive,
			      uint8_t *component, size_t cap, size_t *len)
{
	struct fake_hs *hs = handshake;
	int err = fake_fails(hs->f, FAKE_RESPONDER_WRITE);

	if (hs->master)
		hs->f->misuse++; /* message 2 is computed once */
	if (err)
		return err;
	if (cap < RESPONDER_COMPONENT)
		return RTMFP_ERR_LIMIT;
	put64(component, hs->e);
	memcpy(component + 8, &responder_id, 4);
	write_addr(component + 12, reflexive);
	hs->master = fake_mix(hs->chain, hs->e);
	put64(component + 32, fake_mac(hs->master, LABEL_RESPONDER, component, 32));
	hs->responder_id = responder_id;
	*len = RESPONDER_COMPONENT;
	return 0;
}

static int op_responder_sign(void *handshake, const uint8_t *params, size_t params_len, uint8_t *signature,
			     size_t cap, size_t *len)
{
	struct fake_hs *hs = handshake;
	int err = fake_fails(hs->f, FAKE_RESPONDER_SIGN);

	if (err)
		return err;
	if (cap < 8)
		return RTMFP_ERR_LIMIT;
	put64(signature, fake_mac(hs->chain, LABEL_RIKEYING, params, params_len));
	*len = 8;
	return 0;
}

static void make_token(const struct fakecrypto *f, uint32_t id, uint8_t token[RTMFP_RESET_TOKEN_LEN])
{
	put64(token, fake_mac(f->id, LABEL_RESET, &id, 4));
	put64(token + 8, fake_mac(f->id, LABEL_RESET + 100, &id, 4));
}

static void op_reset_token(void *crypto, uint32_t receive_id, uint8_t token[RTMFP_RESET_TOKEN_LEN])
{
	make_token(crypto, receive_id, token);
}

/* What the other end would have told in its messages; here one end reads it out of the other's struct. */
void fake_fill_info(const struct fakecrypto *f, uint64_t far_id, uint32_t send_id,
		    struct rtmfp_keying_info *info)
{
	info->suite = FAKE_SUITE;
	info->features = f->features;
	info->far_features = f->features;
	if (f->reset_tokens) {
		const struct fakecrypto other = { .id = far_id };

		info->has_reset_token = true;
		make_token(&other, send_id, info->reset_token);
	}
}

static int op_responder_keys(void *handshake, void **keys, struct rtmfp_keying_info *info)
{
	struct fake_hs *hs = handshake;
	int err = fake_fails(hs->f, FAKE_RESPONDER_KEYS);

	if (err)
		return err;
	if (!hs->master)
		hs->f->misuse++;
	fake_fill_info(hs->f, hs->far->id, hs->initiator_id, info);
	return fake_new_keys(hs->f, hs->far->id, hs->master, false, keys);
}

/* ---- initiator ---- */

static int op_rhello_verify(void *crypto, struct rtmfp_far *far, const uint8_t *payload, size_t payload_len,
			    const uint8_t *cert, size_t cert_len)
{
	struct fake_far *to = (struct fake_far *)(void *)far;
	int err = fake_fails(crypto, FAKE_RHELLO_VERIFY);

	if (err)
		return err;
	if (cert_len != 8 || payload_len < 8 || cert != payload + payload_len - 8)
		return RTMFP_ERR_SYNTAX;
	return get64(cert) == fake_mac(to->id, LABEL_RHELLO, payload, payload_len - 8) ? 0 : RTMFP_ERR_AUTH;
}

static int op_initiator_write(void *crypto, struct rtmfp_far *far, uint32_t initiator_id,
			      const uint8_t *cookie, size_t cookie_len, const uint8_t *rhello_cert,
			      size_t rhello_cert_len, uint8_t *cert, size_t cert_cap, size_t *cert_len,
			      uint8_t *component, size_t cap, size_t *len, void **out)
{
	struct fakecrypto *f = crypto;
	struct fake_far *to = (struct fake_far *)(void *)far;
	uint64_t secret = shared(f->id, to->id, to->psk);
	struct fake_hs *hs;
	int err = fake_fails(f, FAKE_INITIATOR_WRITE);

	(void)rhello_cert;
	(void)cert;
	(void)cert_cap;
	if (rhello_cert_len != 8)
		f->misuse++; /* rhello_verify refused that */
	if (err)
		return err;
	if (cap < INITIATOR_COMPONENT)
		return RTMFP_ERR_LIMIT;
	hs = new_hs(f, to, initiator_id);
	if (!hs)
		return RTMFP_ERR_NOMEM;
	memset(component, 0, INITIATOR_COMPONENT);
	put64(component, hs->e);
	put64(component + 8, f->id ^ fake_mac(to->id, LABEL_STATIC, component, 8));
	put64(component + 16, initiator_mac(secret, initiator_id, cookie, cookie_len, component));
	hs->chain = fake_mac(secret, initiator_id, component, 24);
	*cert_len = 0;
	*len = INITIATOR_COMPONENT;
	*out = hs;
	return 0;
}

static int op_initiator_sign(void *handshake, const uint8_t *params, size_t params_len, uint8_t *signature,
			     size_t cap, size_t *len)
{
	struct fake_hs *hs = handshake;
	int err = fake_fails(hs->f, FAKE_INITIATOR_SIGN);

	if (err)
		return err;
	if (cap < 8)
		return RTMFP_ERR_LIMIT;
	put64(signature, fake_mac(hs->far->id, LABEL_IIKEYING, params, params_len));
	*len = 8;
	return 0;
}

static int op_initiator_verify(void *handshake, const uint8_t *params, size_t params_len,
			       const uint8_t *signature, size_t signature_len)
{
	struct fake_hs *hs = handshake;
	int err = fake_fails(hs->f, FAKE_INITIATOR_VERIFY);

	if (err)
		return err;
	if (signature_len != 8)
		return RTMFP_ERR_SYNTAX;
	return get64(signature) == fake_mac(hs->chain, LABEL_RIKEYING, params, params_len) ? 0
											   : RTMFP_ERR_AUTH;
}

static int op_initiator_keys(void *handshake, uint32_t responder_id, const uint8_t *component,
			     size_t component_len, void **keys, struct rtmfp_keying_info *info)
{
	struct fake_hs *hs = handshake;
	uint64_t master;
	int err = fake_fails(hs->f, FAKE_INITIATOR_KEYS);

	if (err)
		return err;
	if (component_len != RESPONDER_COMPONENT)
		return RTMFP_ERR_SYNTAX;
	master = fake_mix(hs->chain, get64(component));
	if (get64(component + 32) != fake_mac(master, LABEL_RESPONDER, component, 32) ||
	    get32(component + 8) != responder_id)
		return RTMFP_ERR_AUTH;
	fake_fill_info(hs->f, hs->far->id, responder_id, info);
	info->reflexive = read_addr(component + 12);
	info->has_reflexive = info->reflexive.family != 0;
	return fake_new_keys(hs->f, hs->far->id, master, true, keys);
}

static void op_hs_free(void *handshake)
{
	struct fake_hs *hs = handshake;

	if (!hs)
		return;
	hs->f->handshakes--;
	rtmfp_free(hs->f->mem, hs);
}

/* ---- for tests ---- */

static const struct rtmfp_crypto_ops fake_ops = {
	.name = "fake",
	.head = FAKE_HEAD,
	.tail = FAKE_TAIL,
	.confirm = true,
	.random = op_random,
	.mac = op_mac,
	.epd_make = op_epd_make,
	.epd_selects_local = op_epd_selects_local,
	.near_prevails = op_near_prevails,
	.rhello_certificate = op_rhello_certificate,
	.responder_check = op_responder_check,
	.responder_read = op_responder_read,
	.responder_write = op_responder_write,
	.responder_sign = op_responder_sign,
	.responder_keys = op_responder_keys,
	.rhello_verify = op_rhello_verify,
	.initiator_write = op_initiator_write,
	.initiator_sign = op_initiator_sign,
	.initiator_verify = op_initiator_verify,
	.initiator_keys = op_initiator_keys,
	.hs_free = op_hs_free,
	.reset_token = op_reset_token,
};

void fakecrypto_init(struct fakecrypto *f, uint64_t id, uint64_t seed, const struct rtmfp_mem *mem,
		     struct fake_ledger *ledger)
{
	*f = (struct fakecrypto){
		.ops = fake_ops,
		.rekey_at = UINT64_C(1) << 31,
		.exhausted_at = UINT32_MAX,
		.broken_at = UINT64_C(1) << 36,
		.id = id,
		.random = fake_mix(seed, id),
		.mem = mem,
		.ledger = ledger,
	};
	fake_packet_ops(&f->ops);
}

void fakecrypto_fini(struct fakecrypto *f)
{
	while (f->fars)
		fakecrypto_remove(f, &f->fars->far);
}

void fakecrypto_without_rekey(struct fakecrypto *f)
{
	f->ops.rekey_init = NULL;
	f->ops.rekey_respond = NULL;
	f->ops.rekey_finish = NULL;
	f->ops.rekey_free = NULL;
}

struct rtmfp_far *fakecrypto_add(struct fakecrypto *f, uint64_t id, uint64_t psk)
{
	struct fake_far *far = calloc(1, sizeof(*far));

	if (!far)
		return NULL;
	far->id = id;
	far->psk = psk;
	far->next = f->fars;
	f->fars = far;
	return &far->far;
}

void fakecrypto_remove(struct fakecrypto *f, struct rtmfp_far *far)
{
	for (struct fake_far **at = &f->fars; *at; at = &(*at)->next) {
		struct fake_far *each = *at;

		if (&each->far != far)
			continue;
		*at = each->next;
		free(each);
		return;
	}
}
