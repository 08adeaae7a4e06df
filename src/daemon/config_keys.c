/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Every key of a configuration, and what it may hold (daemon_config.h). Pure; called by config.c. */
#include "config.h"
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "config_parser.h"
#include "crypto_keys.h"
#include "text.h"

static bool refuse_value(struct config_parser *p, const char *value, const char *expected)
{
	char quoted[CONFIG_QUOTE_MAX];

	return config_refuse(p, "found \"%s\", expected %s", text_quote(quoted, sizeof(quoted), value),
			     expected);
}

static bool read_key(struct config_parser *p, uint8_t key[CONFIG_KEY_BYTES], const char *value,
		     const char *keyword, bool secret)
{
	static const uint8_t zero[CONFIG_KEY_BYTES];
	size_t len = strlen(value);

	if (len == CRYPTO_KEY_TEXT && crypto_key_from_base64(key, value) == 0) {
		if (!rtmfp_equal_ct(key, zero, CONFIG_KEY_BYTES))
			return true;
		return config_refuse(p, "found a %s that is all zero, expected a key made by \"flowtun %s\"",
				     keyword, strcmp(keyword, "PresharedKey") == 0 ? "genpsk" : "genkey");
	}
	if (!secret)
		return refuse_value(p, value, "a PublicKey: 44 characters of Base64");
	if (len != CRYPTO_KEY_TEXT)
		return config_refuse(
			p, "found %zu characters (not shown), expected a %s: 44 characters of Base64", len,
			keyword);
	return config_refuse(
		p,
		"found 44 characters (not shown) that encode no 32 bytes, expected a %s: 44 characters "
		"of Base64",
		keyword);
}

static bool private_key(struct config_parser *p, char *value)
{
	return read_key(p, p->config->private_key, value, "PrivateKey", true);
}

static bool public_key(struct config_parser *p, char *value)
{
	return read_key(p, p->peer->public_key, value, "PublicKey", false);
}

static bool preshared_key(struct config_parser *p, char *value)
{
	p->peer->has_preshared_key = read_key(p, p->peer->preshared_key, value, "PresharedKey", true);
	return p->peer->has_preshared_key;
}

static bool listen_port(struct config_parser *p, char *value)
{
	uint64_t port;

	if (text_to_number(&port, value, 65535) != 0)
		return refuse_value(p, value, "a ListenPort from 0 (any free port) to 65535");
	p->config->listen_port = (uint16_t)port;
	return true;
}

static bool mtu(struct config_parser *p, char *value)
{
	uint64_t bytes;

	if (text_to_number(&bytes, value, CONFIG_MTU_MAX) != 0 || bytes < CONFIG_MTU_MIN)
		return refuse_value(p, value, "an MTU from 576 to 65535");
	p->config->mtu = (uint16_t)bytes;
	p->mtu_line = p->line;
	return true;
}

static bool fwmark(struct config_parser *p, char *value)
{
	uint64_t mark = 0;
	bool hex = value[0] == '0' && (value[1] == 'x' || value[1] == 'X');
	size_t digits = strspn(value + 2 * hex, hex ? "0123456789abcdefABCDEF" : "");

	if (hex && digits >= 1 && digits <= 8 && value[2 + digits] == '\0')
		mark = strtoul(value + 2, NULL, 16);
	else if (strcasecmp(value, "off") != 0 && text_to_number(&mark, value, UINT32_MAX) != 0)
		return refuse_value(p, value, "a FwMark: off, or a number from 0 to 0xffffffff");
	p->config->fwmark = (uint32_t)mark;
	return true;
}

static bool table(struct config_parser *p, char *value)
{
	struct config *c = p->config;
	uint64_t number = 0;

	if (strcasecmp(value, "auto") == 0)
		c->table_mode = CONFIG_TABLE_AUTO;
	else if (strcasecmp(value, "off") == 0)
		c->table_mode = CONFIG_TABLE_OFF;
	else if (text_to_number(&number, strcmp(value, "main") == 0 ? "254" : value, UINT32_MAX) == 0 &&
		 number != 0)
		c->table_mode = CONFIG_TABLE_NUMBER;
	else
		return refuse_value(p, value, "a Table: auto, off, main, or a number from 1 to 4294967295");
	c->table = (uint32_t)number;
	return true;
}

static bool suite(struct config_parser *p, char *value)
{
	if (strcasecmp(value, "auto") == 0)
		p->config->suite = CONFIG_SUITE_AUTO;
	else if (strcasecmp(value, "aes") == 0)
		p->config->suite = CONFIG_SUITE_AES;
	else if (strcasecmp(value, "chacha") == 0)
		p->config->suite = CONFIG_SUITE_CHACHA;
	else
		return refuse_value(p, value, "a Suite: auto, aes or chacha");
	return true;
}

static bool stateless_reset(struct config_parser *p, char *value)
{
	if (strcasecmp(value, "on") != 0 && strcasecmp(value, "off") != 0)
		return refuse_value(p, value, "StatelessReset = on or off");
	p->config->stateless_reset = strcasecmp(value, "on") == 0;
	return true;
}

static bool append_prefix(struct config_parser *p, struct daemon_prefix **list, size_t *count,
			  const struct daemon_prefix *prefix)
{
	struct daemon_prefix *bigger = config_grow(*list, *count, sizeof(**list));

	if (!bigger)
		return config_refuse_nomem(p);
	bigger[(*count)++] = *prefix;
	*list = bigger;
	return true;
}

/* wg-quick separates with commas or spaces, and lets an empty value pass. */
static bool address(struct config_parser *p, char *value)
{
	struct daemon_prefix prefix;
	char *save = NULL;

	for (char *item = strtok_r(value, ", \t", &save); item; item = strtok_r(NULL, ", \t", &save)) {
		if (prefix_from_text(&prefix, item) != 0)
			return refuse_value(p, item,
					    "an Address: IPv4 with /0 to /32, or IPv6 with /0 to /128");
		if (!append_prefix(p, &p->config->addresses, &p->config->address_count, &prefix))
			return false;
	}
	return true;
}

static bool allowed_ips(struct config_parser *p, char *value)
{
	struct daemon_prefix prefix;

	if (*value == '\0')
		return true;
	for (char *item = value, *next; item; item = next) {
		next = strchr(item, ',');
		if (next)
			*next++ = '\0';
		if (prefix_from_text(&prefix, item) != 0)
			return refuse_value(p, item,
					    "AllowedIPs: IPv4 with /0 to /32, or IPv6 with /0 to /128");
		prefix_mask(&prefix);
		if (!append_prefix(p, &p->peer->allowed_ips, &p->peer->allowed_ip_count, &prefix))
			return false;
	}
	return true;
}

/* A name is not looked up here; it only has to look like one. */
static bool is_host_name(const char *host)
{
	return *host != '\0' && *host != '.' && *host != '-' &&
	       strspn(host, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._") ==
		       strlen(host);
}

/* IPv6 with an optional zone; a numeric zone is known now, a named one at look-up. */
static bool read_ipv6(struct config_endpoint *endpoint)
{
	char ip[CONFIG_HOST_MAX];
	char *zone;
	uint64_t scope = 0;
	struct rtmfp_addr addr = { .family = 6, .port = endpoint->port };

	memcpy(ip, endpoint->host, sizeof(ip));
	zone = strchr(ip, '%');
	if (zone)
		*zone++ = '\0';
	if (inet_pton(AF_INET6, ip, addr.ip) != 1)
		return false;
	if (zone && !config_is_interface_name(zone))
		return false;
	if (zone && text_to_number(&scope, zone, UINT32_MAX) != 0)
		return true;
	addr.scope = (uint32_t)scope;
	endpoint->addr = addr;
	return true;
}

static bool read_endpoint(struct config_endpoint *endpoint, const char *value)
{
	bool bracket = value[0] == '[';
	const char *host = value + bracket;
	const char *end = bracket ? strchr(host, ']') : strrchr(host, ':');
	uint64_t port;

	memset(endpoint, 0, sizeof(*endpoint));
	if (!end || (bracket && end[1] != ':') || (size_t)(end - host) >= CONFIG_HOST_MAX - 2 ||
	    text_to_number(&port, end + 1 + bracket, 65535) != 0 || port == 0)
		return false;
	endpoint->port = (uint16_t)port;
	memcpy(endpoint->host, host, (size_t)(end - host));
	if (bracket || strchr(endpoint->host, ':'))
		return read_ipv6(endpoint);
	if (inet_pton(AF_INET, endpoint->host, endpoint->addr.ip) == 1) {
		endpoint->addr.family = 4;
		endpoint->addr.port = endpoint->port;
		return true;
	}
	/* Four numbers that are no address are no name either. */
	return is_host_name(endpoint->host) && endpoint->host[strspn(endpoint->host, "0123456789.")] != '\0';
}

static bool endpoint(struct config_parser *p, char *value)
{
	struct config_peer *peer = p->peer;
	struct config_endpoint parsed;
	struct config_endpoint *list;

	if (!read_endpoint(&parsed, value))
		return refuse_value(
			p, value,
			"an Endpoint: address:port, [IPv6 address]:port or name:port, port 1 to 65535");
	list = config_grow(peer->endpoints, peer->endpoint_count, sizeof(*list));
	if (!list)
		return config_refuse_nomem(p);
	peer->endpoints = list;
	list[peer->endpoint_count++] = parsed;
	return true;
}

static bool persistent_keepalive(struct config_parser *p, char *value)
{
	uint64_t seconds = 0;

	if (strcasecmp(value, "off") != 0 && text_to_number(&seconds, value, 65535) != 0)
		return refuse_value(p, value, "a PersistentKeepalive: off, or 0 to 65535 seconds");
	p->peer->persistent_keepalive = (uint16_t)seconds;
	return true;
}

static bool save_config(struct config_parser *p, char *value)
{
	if (strcasecmp(value, "true") != 0 && strcasecmp(value, "false") != 0)
		return refuse_value(p, value, "SaveConfig = true or false");
	return true;
}

/* Each entry's index is its bit in |seen| and |inert|; the first two are CONFIG_SEEN_*. */
static const struct keyword {
	const char *name;
	enum config_section section;
	bool (*read)(struct config_parser *p, char *value); /* NULL: any value */
	bool is_list;	/* may be given again and adds to what was there */
	bool is_inert;	/* accepted, but does nothing yet */
	bool is_quicks; /* read by wg-quick, which keeps spaces, and not by wg */
} keywords[] = {
	{ "PrivateKey", CONFIG_SECTION_INTERFACE, private_key, false, false, false },
	{ "PublicKey", CONFIG_SECTION_PEER, public_key, false, false, false },
	{ "ListenPort", CONFIG_SECTION_INTERFACE, listen_port, false, false, false },
	{ "FwMark", CONFIG_SECTION_INTERFACE, fwmark, false, false, false },
	{ "Address", CONFIG_SECTION_INTERFACE, address, true, false, true },
	{ "MTU", CONFIG_SECTION_INTERFACE, mtu, false, false, true },
	{ "Table", CONFIG_SECTION_INTERFACE, table, false, false, true },
	{ "DNS", CONFIG_SECTION_INTERFACE, NULL, true, true, true },
	{ "PreUp", CONFIG_SECTION_INTERFACE, NULL, true, true, true },
	{ "PostUp", CONFIG_SECTION_INTERFACE, NULL, true, true, true },
	{ "PreDown", CONFIG_SECTION_INTERFACE, NULL, true, true, true },
	{ "PostDown", CONFIG_SECTION_INTERFACE, NULL, true, true, true },
	{ "SaveConfig", CONFIG_SECTION_INTERFACE, save_config, false, true, true },
	{ "Suite", CONFIG_SECTION_INTERFACE, suite, false, false, false },
	{ "StatelessReset", CONFIG_SECTION_INTERFACE, stateless_reset, false, false, false },
	{ "PresharedKey", CONFIG_SECTION_PEER, preshared_key, false, false, false },
	{ "AllowedIPs", CONFIG_SECTION_PEER, allowed_ips, true, false, false },
	{ "Endpoint", CONFIG_SECTION_PEER, endpoint, true, false, false },
	{ "PersistentKeepalive", CONFIG_SECTION_PEER, persistent_keepalive, false, false, false },
};
#define KEYWORD_COUNT (sizeof(keywords) / sizeof(keywords[0]))
_Static_assert(KEYWORD_COUNT <= 32, "one bit of seen and inert each");

/* "PrivateKey, ListenPort, ... or Endpoint": what a section knows. */
static const char *known_keywords(char *out, size_t size, enum config_section section)
{
	size_t at = 0;

	out[0] = '\0';
	for (size_t i = 0; i < KEYWORD_COUNT; i++)
		if (keywords[i].section == section && at < size)
			at += (size_t)snprintf(out + at, size - at, "%s%s", at ? ", " : "", keywords[i].name);
	return out;
}

static bool refuse_keyword(struct config_parser *p, const char *name)
{
	const char *section = p->section == CONFIG_SECTION_PEER ? "[Peer]" : "[Interface]";
	char known[400];

	for (size_t i = 0; i < KEYWORD_COUNT; i++)
		if (strcasecmp(keywords[i].name, name) == 0)
			return config_refuse(p, "found \"%s\" in %s, expected it in %s", name, section,
					     p->section == CONFIG_SECTION_PEER ? "[Interface]" : "[Peer]");
	return config_refuse(p, "found \"%s\", expected a key of %s: %s", name, section,
			     known_keywords(known, sizeof(known), p->section));
}

bool config_key_line(struct config_parser *p, const char *key, char *value, void (*squeeze)(char *))
{
	for (unsigned i = 0; i < KEYWORD_COUNT; i++) {
		const struct keyword *k = &keywords[i];
		uint32_t bit = 1u << i;

		if (k->section != p->section || strcasecmp(k->name, key) != 0)
			continue;
		if (!k->is_list && p->seen[p->section] & bit &&
		    !config_warn(p, ":%u: %s is given again: this one counts", p->line, k->name))
			return false;
		p->seen[p->section] |= bit;
		/* SaveConfig = false asks for what happens anyway. */
		if (k->is_inert && !(k->read == save_config && strcasecmp(value, "false") == 0))
			p->inert |= bit;
		if (!k->is_quicks)
			squeeze(value);
		return !k->read || k->read(p, value);
	}
	return refuse_keyword(p, key);
}

bool config_warn_inert(struct config_parser *p)
{
	char list[200];
	size_t at = 0;

	if (!p->inert)
		return true;
	for (unsigned i = 0; i < KEYWORD_COUNT; i++)
		if (p->inert & 1u << i)
			at += (size_t)snprintf(list + at, sizeof(list) - at, "%s%s", at ? ", " : "",
					       keywords[i].name);
	return config_warn(p, ": without effect so far: %s", list);
}
