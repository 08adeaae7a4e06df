/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Flow metadata and control messages of tunnel_control.h: bytes to structs and back; hostile input. */
#include "tunnel_control.h"

#include <string.h>

enum metadata_option {
	METADATA_SERVICE = 0x01,
	METADATA_CLASS = 0x02,
	METADATA_LIFETIME = 0x03,
	METADATA_PARTIAL = 0x04,
};

#define LIFETIME_MS_MAX UINT32_MAX /* 49 days; nothing is repeated for longer */
#define KEEPALIVE_S_MAX UINT32_MAX

/* A value that is one VLU and nothing else. */
static bool read_only_vlu(const uint8_t *value, size_t len, uint64_t *out)
{
	struct rtmfp_reader r = rtmfp_reader(value, len);

	*out = rtmfp_read_vlu(&r);
	return !r.failed && !rtmfp_read_left(&r);
}

static bool read_metadata_option(const struct rtmfp_option *opt, struct tunnel_metadata *out)
{
	uint64_t n;

	switch (opt->type) {
	case METADATA_CLASS:
		if (opt->len != 1)
			return false;
		out->class_or_lane = opt->value[0];
		return true;
	case METADATA_LIFETIME:
		if (!read_only_vlu(opt->value, opt->len, &n))
			return false;
		out->lifetime = RTMFP_MS(n < LIFETIME_MS_MAX ? n : LIFETIME_MS_MAX);
		return true;
	case METADATA_PARTIAL: out->partial = true; return opt->len == 0;
	default: return false; /* the service, which comes once and first */
	}
}

int tunnel_metadata_read(const uint8_t *metadata, size_t len, struct tunnel_metadata *out)
{
	struct rtmfp_reader r = rtmfp_reader(metadata, len);
	struct rtmfp_option opt;
	uint64_t service;
	unsigned seen = 0;
	bool unknown = false;

	*out = (struct tunnel_metadata){ .service = TUNNEL_SERVICE_IP };
	if (!rtmfp_read_option(&r, &opt) || opt.type != METADATA_SERVICE ||
	    !read_only_vlu(opt.value, opt.len, &service))
		return TUNNEL_EXCEPTION_LIST;
	while (rtmfp_read_option(&r, &opt)) {
		if (opt.type > METADATA_PARTIAL || opt.type < METADATA_SERVICE) {
			unknown |= opt.type < TUNNEL_UNKNOWN_BELOW;
			continue;
		}
		if (seen & 1u << opt.type || !read_metadata_option(&opt, out))
			return TUNNEL_EXCEPTION_LIST;
		seen |= 1u << opt.type;
	}
	if (r.failed || rtmfp_read_left(&r))
		return TUNNEL_EXCEPTION_LIST;

	switch (service) {
	case TUNNEL_SERVICE_CONTROL:
	case TUNNEL_SERVICE_IP:
	case TUNNEL_SERVICE_ETH: out->service = (enum tunnel_service)service; break;
	default: return TUNNEL_EXCEPTION_SERVICE;
	}
	if (unknown)
		return TUNNEL_EXCEPTION_OPTION;
	if (out->service == TUNNEL_SERVICE_CONTROL && !(seen & 1u << METADATA_CLASS))
		return TUNNEL_EXCEPTION_LIST;
	return 0;
}

void tunnel_metadata_write(struct rtmfp_writer *w, const struct tunnel_metadata *metadata)
{
	rtmfp_write_option_vlu(w, METADATA_SERVICE, metadata->service);
	rtmfp_write_option(w, METADATA_CLASS, &metadata->class_or_lane, 1);
	if (metadata->lifetime)
		rtmfp_write_option_vlu(w, METADATA_LIFETIME, metadata->lifetime / RTMFP_MS(1));
	if (metadata->partial)
		rtmfp_write_option(w, METADATA_PARTIAL, NULL, 0);
	rtmfp_write_marker(w);
}

/* ------------------------------------------------------------------------------------------------------------
 * Reading control messages
 */

bool tunnel_prefix_read(struct rtmfp_reader *r, struct tunnel_prefix *prefix)
{
	const uint8_t *ip;

	if (!rtmfp_read_left(r))
		return false;
	*prefix = (struct tunnel_prefix){ .family = 0 };
	prefix->family = rtmfp_read_u8(r);
	prefix->len = rtmfp_read_u8(r);
	if ((prefix->family != 4 || prefix->len > 32) && (prefix->family != 6 || prefix->len > 128))
		r->failed = true;
	ip = rtmfp_read_bytes(r, prefix->family == 4 ? 4 : 16);
	if (!ip)
		return false;
	memcpy(prefix->ip, ip, prefix->family == 4 ? 4 : 16);
	return true;
}

static bool read_prefixes(struct tunnel_prefix_list *list, struct rtmfp_reader *r, bool has_action)
{
	struct tunnel_prefix prefix;
	struct rtmfp_reader walk;

	list->action = has_action ? rtmfp_read_u8(r) : 0;
	if (r->failed || list->action > 2)
		return false;
	list->r = walk = *r;
	while (tunnel_prefix_read(&walk, &prefix))
		;
	return !walk.failed;
}

static bool is_option_list(struct rtmfp_reader *r)
{
	struct rtmfp_option opt;

	while (rtmfp_read_option(r, &opt))
		;
	return !r->failed && !rtmfp_read_left(r);
}

static bool read_rekey(struct tunnel_control_item *item, struct rtmfp_reader *r)
{
	item->rekey.epoch = rtmfp_read_vlu(r);
	item->rekey.msg = rtmfp_read_rest(r, &item->rekey.len);
	if (r->failed || item->rekey.len > RTMFP_REKEY_MAX)
		return false;
	return (item->rekey.len == 0) == (item->type == TUNNEL_CONTROL_CONFIRM);
}

static bool read_local(struct tunnel_control_item *item, struct rtmfp_reader *r)
{
	item->local.count = 0;
	while (rtmfp_read_left(r)) {
		struct rtmfp_addr addr;

		rtmfp_read_addr(r, &addr);
		if (r->failed || addr.origin != RTMFP_ORIGIN_LOCAL)
			return false;
		if (item->local.count < TUNNEL_LOCAL_MAX)
			item->local.addrs[item->local.count++] = addr;
	}
	return true;
}

static bool read_set(struct tunnel_control_item *item, struct rtmfp_reader *r)
{
	item->set = 0;
	while (rtmfp_read_left(r)) {
		uint64_t n = rtmfp_read_vlu(r);

		if (r->failed)
			return false;
		if (n < 64)
			item->set |= UINT64_C(1) << n;
	}
	return true;
}

static bool read_value(struct tunnel_control_item *item)
{
	struct rtmfp_reader r = rtmfp_reader(item->value, item->len);
	uint64_t seconds;

	switch (item->type) {
	case TUNNEL_CONTROL_INIT:
	case TUNNEL_CONTROL_RESP:
	case TUNNEL_CONTROL_CONFIRM: return read_rekey(item, &r);
	case TUNNEL_CONTROL_ADDRESS: return read_prefixes(&item->prefixes, &r, false);
	case TUNNEL_CONTROL_ROUTES: return read_prefixes(&item->prefixes, &r, true);
	case TUNNEL_CONTROL_DNS:
	case TUNNEL_CONTROL_OFFER: return is_option_list(&r);
	case TUNNEL_CONTROL_WITHDRAW: return item->len == 16;
	case TUNNEL_CONTROL_MTU: item->mtu = rtmfp_read_u16(&r); return !r.failed && !rtmfp_read_left(&r);
	case TUNNEL_CONTROL_LOCAL: return read_local(item, &r);
	case TUNNEL_CONTROL_REFLEXIVE:
		rtmfp_read_addr(&r, &item->reflexive);
		return !r.failed && !rtmfp_read_left(&r) && item->reflexive.origin == RTMFP_ORIGIN_REFLEXIVE;
	case TUNNEL_CONTROL_KEEPALIVE:
		if (!read_only_vlu(item->value, item->len, &seconds))
			return false;
		item->keepalive = RTMFP_S(seconds < KEEPALIVE_S_MAX ? seconds : KEEPALIVE_S_MAX);
		return true;
	case TUNNEL_CONTROL_FEATURES:
	case TUNNEL_CONTROL_UNSUPPORTED: return read_set(item, &r);
	case TUNNEL_CONTROL_CLOSE_REASON:
		item->close.code = rtmfp_read_vlu(&r);
		item->close.text = rtmfp_read_rest(&r, &item->close.len);
		return !r.failed;
	default: return false;
	}
}

static bool is_known(uint64_t type)
{
	return (type >= TUNNEL_CONTROL_INIT && type <= TUNNEL_CONTROL_CONFIRM) ||
	       (type >= TUNNEL_CONTROL_ADDRESS && type <= TUNNEL_CONTROL_UNSUPPORTED);
}

static bool is_gateway_only(uint64_t type)
{
	return type == TUNNEL_CONTROL_ADDRESS || type == TUNNEL_CONTROL_ROUTES ||
	       type == TUNNEL_CONTROL_DNS || type == TUNNEL_CONTROL_OFFER || type == TUNNEL_CONTROL_WITHDRAW;
}

bool tunnel_control_next(struct rtmfp_reader *r, enum tunnel_lane lane, struct tunnel_control_item *item)
{
	struct rtmfp_option opt;

	if (!rtmfp_read_bare_option(r, &opt))
		return false;
	item->type = opt.type;
	item->value = opt.value;
	item->len = opt.len;
	item->gateway_only = is_gateway_only(opt.type);
	if (!is_known(opt.type))
		item->verdict =
			opt.type < TUNNEL_UNKNOWN_BELOW ? TUNNEL_CONTROL_UNKNOWN : TUNNEL_CONTROL_IGNORED;
	else if ((opt.type <= TUNNEL_CONTROL_CONFIRM) != (lane == TUNNEL_LANE_REKEY))
		item->verdict = TUNNEL_CONTROL_WRONG_LANE;
	else
		item->verdict = read_value(item) ? TUNNEL_CONTROL_OK : TUNNEL_CONTROL_BAD_VALUE;
	return true;
}

/* ------------------------------------------------------------------------------------------------------------
 * Writing control messages
 */

/* Begins an Option whose value the caller writes: exactly |len| bytes. */
static void write_head(struct rtmfp_writer *w, uint64_t type, size_t len)
{
	rtmfp_write_vlu(w, rtmfp_vlu_size(type) + len);
	rtmfp_write_vlu(w, type);
}

static size_t addr_size(const struct rtmfp_addr *addr)
{
	return addr->family == 4 ? 7 : 19;
}

void tunnel_prefix_write(struct rtmfp_writer *w, const struct tunnel_prefix *prefix)
{
	rtmfp_write_u8(w, prefix->family);
	rtmfp_write_u8(w, prefix->len);
	rtmfp_write_bytes(w, prefix->ip, prefix->family == 4 ? 4 : 16);
}

void tunnel_control_write_rekey(struct rtmfp_writer *w, enum rtmfp_rekey_type type, uint64_t epoch,
				const uint8_t *msg, size_t len)
{
	static const uint8_t types[] = {
		[RTMFP_REKEY_INIT] = TUNNEL_CONTROL_INIT,
		[RTMFP_REKEY_RESP] = TUNNEL_CONTROL_RESP,
		[RTMFP_REKEY_CONFIRM] = TUNNEL_CONTROL_CONFIRM,
	};

	write_head(w, types[type], rtmfp_vlu_size(epoch) + len);
	rtmfp_write_vlu(w, epoch);
	rtmfp_write_bytes(w, msg, len);
}

void tunnel_control_write_mtu(struct rtmfp_writer *w, uint16_t mtu)
{
	write_head(w, TUNNEL_CONTROL_MTU, 2);
	rtmfp_write_u16(w, mtu);
}

static void write_addr_as(struct rtmfp_writer *w, const struct rtmfp_addr *addr, enum rtmfp_origin origin)
{
	struct rtmfp_addr copy = *addr;

	copy.origin = (uint8_t)origin;
	rtmfp_write_addr(w, &copy);
}

void tunnel_control_write_reflexive(struct rtmfp_writer *w, const struct rtmfp_addr *addr)
{
	write_head(w, TUNNEL_CONTROL_REFLEXIVE, addr_size(addr));
	write_addr_as(w, addr, RTMFP_ORIGIN_REFLEXIVE);
}

void tunnel_control_write_local(struct rtmfp_writer *w, const struct rtmfp_addr *addrs, size_t count)
{
	size_t len = 0;

	for (size_t i = 0; i < count; i++)
		len += addr_size(&addrs[i]);
	write_head(w, TUNNEL_CONTROL_LOCAL, len);
	for (size_t i = 0; i < count; i++)
		write_addr_as(w, &addrs[i], RTMFP_ORIGIN_LOCAL);
}

void tunnel_control_write_keepalive(struct rtmfp_writer *w, uint64_t interval)
{
	rtmfp_write_option_vlu(w, TUNNEL_CONTROL_KEEPALIVE,
			       interval / RTMFP_S(1) + (interval % RTMFP_S(1) != 0));
}

void tunnel_control_write_set(struct rtmfp_writer *w, enum tunnel_control_type type, uint64_t set)
{
	uint8_t value[64];
	size_t len = 0;

	for (unsigned n = 0; n < 64; n++) {
		if (set >> n & 1)
			value[len++] = (uint8_t)n; /* a VLU of one byte */
	}
	rtmfp_write_option(w, type, len ? value : NULL, len);
}

void tunnel_control_write_close_reason(struct rtmfp_writer *w, uint64_t code, const char *text, size_t len)
{
	write_head(w, TUNNEL_CONTROL_CLOSE_REASON, rtmfp_vlu_size(code) + len);
	rtmfp_write_vlu(w, code);
	rtmfp_write_bytes(w, text, len);
}
