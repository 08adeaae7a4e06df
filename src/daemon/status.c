/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The memory of a status snapshot (daemon_status.h). Called by flowtund's wiring and by status_json.c. */
#include "config.h"
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include "daemon_status.h"

/* Returns |list| or a bigger copy with room for one more element. */
static void *grow(void *list, size_t count, size_t *room, size_t size)
{
	size_t more = *room ? *room * 2 : 8;
	void *bigger;

	if (count < *room)
		return list;
	bigger = reallocarray(list, more, size);
	if (bigger)
		*room = more;
	return bigger;
}

void status_init(struct status *status)
{
	memset(status, 0, sizeof(*status));
}

void status_fini(struct status *status)
{
	for (size_t i = 0; i < status->peer_count; i++) {
		free(status->peers[i].allowed_ips);
		free(status->peers[i].counters.list);
		free(status->peers[i].drops.list);
	}
	free(status->peers);
	free(status->counters.list);
	free(status->drops.list);
	json_decref(status->document);
	status_init(status);
}

struct status_peer *status_add_peer(struct status *status)
{
	struct status_peer *list = grow(status->peers, status->peer_count, &status->peer_room, sizeof(*list));

	if (!list)
		return NULL;
	status->peers = list;
	list += status->peer_count++;
	memset(list, 0, sizeof(*list));
	return list;
}

int status_add_allowed_ip(struct status_peer *peer, const struct daemon_prefix *prefix)
{
	struct daemon_prefix *list =
		grow(peer->allowed_ips, peer->allowed_ip_count, &peer->allowed_ip_room, sizeof(*list));

	if (!list)
		return -1;
	peer->allowed_ips = list;
	list[peer->allowed_ip_count++] = *prefix;
	return 0;
}

int status_add_counter(struct status_counters *counters, const char *name, uint64_t value)
{
	struct status_counter *list = grow(counters->list, counters->count, &counters->room, sizeof(*list));

	if (!list)
		return -1;
	counters->list = list;
	list[counters->count++] = (struct status_counter){ .name = name, .value = value };
	return 0;
}
