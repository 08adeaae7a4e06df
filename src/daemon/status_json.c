/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A status snapshot as JSON, out and back in. Written by flowtund, read by `flowtun show` from a daemon that
 * may be older or newer.
 */
#include "config.h"
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include "daemon_status.h"

/* JSON has no unsigned 64-bit integers in jansson; no counter gets there before the hardware rusts. */
static json_t *number(uint64_t value)
{
	return json_integer(value > INT64_MAX ? INT64_MAX : (json_int_t)value);
}

static json_t *text_or_null(const char *text)
{
	return *text ? json_string(text) : json_null();
}

/* Several layers may count under one name ("nomem"): a reader gets the sum. */
static json_t *counters_to_json(const struct status_counters *counters)
{
	json_t *object = json_object();

	for (size_t i = 0; object && i < counters->count; i++) {
		const struct status_counter *c = &counters->list[i];
		uint64_t before = (uint64_t)json_integer_value(json_object_get(object, c->name));

		if (json_object_set_new(object, c->name, number(before + c->value)) == 0)
			continue;
		json_decref(object);
		object = NULL;
	}
	return object;
}

static json_t *allowed_ips_to_json(const struct status_peer *peer)
{
	json_t *array = json_array();

	for (size_t i = 0; array && i < peer->allowed_ip_count; i++) {
		char text[PREFIX_TEXT_MAX];

		prefix_to_text(text, &peer->allowed_ips[i]);
		if (json_array_append_new(array, json_string(text)) == 0)
			continue;
		json_decref(array);
		array = NULL;
	}
	return array;
}

/* Takes |value|; when there was no memory for anything, |*object| is NULL from then on. */
static void set(json_t **object, const char *name, json_t *value)
{
	if (json_object_set_new(*object, name, value) == 0)
		return;
	json_decref(*object);
	*object = NULL;
}

static json_t *peer_to_json(const struct status_peer *peer)
{
	json_t *object = json_object();

	set(&object, "public_key", text_or_null(peer->public_key));
	set(&object, "has_preshared_key", json_boolean(peer->has_preshared_key));
	set(&object, "endpoint", text_or_null(peer->endpoint));
	set(&object, "allowed_ips", allowed_ips_to_json(peer));
	set(&object, "latest_handshake", json_integer(peer->latest_handshake));
	set(&object, "rx_bytes", number(peer->rx_bytes));
	set(&object, "tx_bytes", number(peer->tx_bytes));
	set(&object, "persistent_keepalive", number(peer->persistent_keepalive));
	set(&object, "session", text_or_null(peer->state));
	set(&object, "rtt_ns", number(peer->rtt_ns));
	set(&object, "path_mtu", number(peer->path_mtu));
	set(&object, "address", text_or_null(peer->address));
	set(&object, "suite", text_or_null(peer->suite));
	set(&object, "counters", counters_to_json(&peer->counters));
	set(&object, "drops", counters_to_json(&peer->drops));
	return object;
}

static json_t *peers_to_json(const struct status *status)
{
	json_t *array = json_array();

	for (size_t i = 0; array && i < status->peer_count; i++) {
		if (json_array_append_new(array, peer_to_json(&status->peers[i])) == 0)
			continue;
		json_decref(array);
		array = NULL;
	}
	return array;
}

static json_t *to_json(const struct status *status)
{
	json_t *object = json_object();

	set(&object, "interface", json_string(status->interface));
	set(&object, "version", json_string(status->version));
	set(&object, "public_key", text_or_null(status->public_key));
	set(&object, "has_private_key", json_boolean(status->has_private_key));
	set(&object, "listen_port", number(status->listen_port));
	set(&object, "fwmark", number(status->fwmark));
	set(&object, "mtu", number(status->mtu));
	set(&object, "packet_cipher", text_or_null(status->engine));
	set(&object, "peers", peers_to_json(status));
	set(&object, "counters", counters_to_json(&status->counters));
	set(&object, "drops", counters_to_json(&status->drops));
	return object;
}

char *status_to_json(const struct status *status)
{
	json_t *json = to_json(status);
	char *text = json ? json_dumps(json, JSON_COMPACT) : NULL;

	json_decref(json);
	return text;
}

int status_print_json(FILE *out, const struct status *list, size_t count, bool as_array)
{
	json_t *json = as_array ? json_array() : to_json(&list[0]);
	int result;

	for (size_t i = 0; as_array && json && i < count; i++) {
		if (json_array_append_new(json, to_json(&list[i])) == 0)
			continue;
		json_decref(json);
		json = NULL;
	}
	result = json ? json_dumpf(json, out, JSON_INDENT(2)) : -1;
	if (result == 0)
		fputc('\n', out);
	json_decref(json);
	return result;
}

/* --- Reading --------------------------------------------------------------------------------------- */

/* A member of |object|, or NULL if there is none or it is null; |*failed| if it is not of |type|. */
static json_t *member(const json_t *object, const char *name, json_type type, bool *failed)
{
	json_t *value = json_object_get(object, name);

	if (!value || json_is_null(value))
		return NULL;
	if (json_typeof(value) == type)
		return value;
	*failed = true;
	return NULL;
}

static uint64_t read_number(const json_t *object, const char *name, uint64_t max, bool *failed)
{
	json_t *value = member(object, name, JSON_INTEGER, failed);
	json_int_t n = value ? json_integer_value(value) : 0;

	if (n < 0 || (uint64_t)n > max) {
		*failed = true;
		return 0;
	}
	return (uint64_t)n;
}

static void read_text(char *out, size_t size, const json_t *object, const char *name, bool *failed)
{
	json_t *value = member(object, name, JSON_STRING, failed);

	if (!value)
		return;
	if (json_string_length(value) >= size)
		*failed = true;
	else
		strcpy(out, json_string_value(value));
}

static bool read_flag(const json_t *object, const char *name, bool *failed)
{
	json_t *value = json_object_get(object, name);

	if (value && !json_is_boolean(value))
		*failed = true;
	return json_is_true(value);
}

static void read_counters(struct status_counters *counters, const json_t *object, const char *name,
			  bool *failed)
{
	json_t *map = member(object, name, JSON_OBJECT, failed);
	const char *key;
	json_t *value;

	json_object_foreach(map, key, value)
	{
		if (!json_is_integer(value) || json_integer_value(value) < 0 ||
		    status_add_counter(counters, key, (uint64_t)json_integer_value(value)) != 0)
			*failed = true;
	}
}

static void read_allowed_ips(struct status_peer *peer, const json_t *object, bool *failed)
{
	json_t *array = member(object, "allowed_ips", JSON_ARRAY, failed);
	size_t i;
	json_t *value;

	json_array_foreach(array, i, value)
	{
		struct daemon_prefix prefix;

		if (!json_is_string(value) || prefix_from_text(&prefix, json_string_value(value)) != 0 ||
		    status_add_allowed_ip(peer, &prefix) != 0)
			*failed = true;
	}
}

static void read_peer(struct status_peer *peer, const json_t *object, bool *failed)
{
	read_text(peer->public_key, sizeof(peer->public_key), object, "public_key", failed);
	peer->has_preshared_key = read_flag(object, "has_preshared_key", failed);
	read_text(peer->endpoint, sizeof(peer->endpoint), object, "endpoint", failed);
	read_allowed_ips(peer, object, failed);
	peer->latest_handshake = (int64_t)read_number(object, "latest_handshake", INT64_MAX, failed);
	peer->rx_bytes = read_number(object, "rx_bytes", INT64_MAX, failed);
	peer->tx_bytes = read_number(object, "tx_bytes", INT64_MAX, failed);
	peer->persistent_keepalive =
		(uint16_t)read_number(object, "persistent_keepalive", UINT16_MAX, failed);
	read_text(peer->state, sizeof(peer->state), object, "session", failed);
	peer->rtt_ns = read_number(object, "rtt_ns", INT64_MAX, failed);
	peer->path_mtu = (uint32_t)read_number(object, "path_mtu", UINT32_MAX, failed);
	read_text(peer->address, sizeof(peer->address), object, "address", failed);
	read_text(peer->suite, sizeof(peer->suite), object, "suite", failed);
	read_counters(&peer->counters, object, "counters", failed);
	read_counters(&peer->drops, object, "drops", failed);
}

static void read_status(struct status *status, const json_t *object, bool *failed)
{
	json_t *peers = member(object, "peers", JSON_ARRAY, failed);
	size_t i;
	json_t *value;

	read_text(status->interface, sizeof(status->interface), object, "interface", failed);
	read_text(status->version, sizeof(status->version), object, "version", failed);
	read_text(status->public_key, sizeof(status->public_key), object, "public_key", failed);
	status->has_private_key = read_flag(object, "has_private_key", failed);
	status->listen_port = (uint16_t)read_number(object, "listen_port", UINT16_MAX, failed);
	status->fwmark = (uint32_t)read_number(object, "fwmark", UINT32_MAX, failed);
	status->mtu = (uint32_t)read_number(object, "mtu", UINT32_MAX, failed);
	read_text(status->engine, sizeof(status->engine), object, "packet_cipher", failed);
	read_counters(&status->counters, object, "counters", failed);
	read_counters(&status->drops, object, "drops", failed);
	json_array_foreach(peers, i, value)
	{
		struct status_peer *peer = json_is_object(value) ? status_add_peer(status) : NULL;

		if (peer)
			read_peer(peer, value, failed);
		else
			*failed = true;
	}
}

int status_from_json(struct status *status, const char *text, size_t len)
{
	bool failed = false;

	status_init(status);
	status->document = json_loadb(text, len, 0, NULL);
	if (json_is_object((json_t *)status->document))
		read_status(status, status->document, &failed);
	else
		failed = true;
	/* A name is what the rest is printed under. */
	if (!failed && status->interface[0] != '\0')
		return 0;
	status_fini(status);
	return -1;
}
