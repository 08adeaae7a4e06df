/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The network: a datagram leaves through the pipe of its port, is translated by that port's NAT, finds who
 * has its destination address, and goes down that port's pipe.
 */
#include "sim.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LONG_DATAGRAM 300u

struct sim_mapping {
	struct sim_mapping *next;
	struct sim_port *inside;
	uint16_t port;
	struct rtmfp_addr written[16]; /* whom the inside wrote to, the newest */
	unsigned written_count;
};

/* A datagram on its way. */
struct travel {
	struct sim_port *from, *to;
	struct rtmfp_addr source, destination;
	size_t len;
	uint8_t bytes[];
};

/* ---- addresses ---- */

struct rtmfp_addr sim_v4(uint8_t a, uint8_t b, uint16_t port)
{
	return (struct rtmfp_addr){ .family = 4, .port = port, .ip = { 10, 0, a, b } };
}

struct rtmfp_addr sim_v6(uint16_t a, uint16_t b, uint16_t port)
{
	return (struct rtmfp_addr){ .family = 6,
				    .port = port,
				    .ip = { 0xfd, 0, [12] = (uint8_t)(a >> 8), (uint8_t)a, (uint8_t)(b >> 8),
					    (uint8_t)b } };
}

const char *sim_addr_text(const struct rtmfp_addr *addr)
{
	static char texts[4][32];
	static unsigned turn;
	char *text = texts[turn++ % 4];

	if (addr->family == 4)
		snprintf(text, 32, "%u.%u.%u.%u:%u", addr->ip[0], addr->ip[1], addr->ip[2], addr->ip[3],
			 addr->port);
	else if (addr->family == 6)
		snprintf(text, 32, "[fd00::%x:%x]:%u", addr->ip[12] << 8 | addr->ip[13],
			 addr->ip[14] << 8 | addr->ip[15], addr->port);
	else
		snprintf(text, 32, "none");
	return text;
}

/* ---- ports and NATs ---- */

static void *grow(void *array, size_t count, size_t size)
{
	void *p = realloc(array, (count + 1) * size);

	if (!p)
		abort();
	return p;
}

struct sim_port *sim_port_new(struct sim_node *node, const struct rtmfp_addr *addr, struct sim_nat *nat)
{
	struct sim_world *w = node->w;
	struct sim_port *port = calloc(1, sizeof(*port));

	if (!port)
		abort();
	sim_assert(node->port_count < sizeof(node->ports) / sizeof(node->ports[0]));
	port->node = node;
	port->addr = *addr;
	port->interface = node->port_count + 1;
	port->nat = nat;
	node->ports[node->port_count++] = port;
	w->ports = grow(w->ports, w->port_count, sizeof(struct sim_port *));
	w->ports[w->port_count++] = port;
	return port;
}

void sim_port_gone(struct sim_port *port)
{
	sim_trace(port->node->w, "%s loses %s", port->node->name, sim_addr_text(&port->addr));
	port->gone = true;
}

struct sim_nat *sim_nat_new(struct sim_world *w, const struct rtmfp_addr *outside)
{
	struct sim_nat *nat = calloc(1, sizeof(*nat));

	if (!nat)
		abort();
	nat->outside = *outside;
	nat->outside.port = 0;
	nat->next_port = 20000;
	w->nats = grow(w->nats, w->nat_count, sizeof(struct sim_nat *));
	w->nats[w->nat_count++] = nat;
	return nat;
}

/* Old mappings do not even let anything in. */
void sim_nat_rebind(struct sim_nat *nat)
{
	while (nat->mappings) {
		struct sim_mapping *m = nat->mappings;

		nat->mappings = m->next;
		free(m);
	}
}

static struct sim_mapping *mapping_of(struct sim_nat *nat, struct sim_port *inside)
{
	struct sim_mapping *m = nat->mappings;

	while (m && m->inside != inside)
		m = m->next;
	if (m)
		return m;
	m = calloc(1, sizeof(*m));
	if (!m)
		abort();
	m->inside = inside;
	m->port = nat->next_port++;
	m->next = nat->mappings;
	nat->mappings = m;
	return m;
}

static bool has_written(const struct sim_mapping *m, const struct rtmfp_addr *addr)
{
	for (unsigned i = 0; i < m->written_count && i < 16; i++)
		if (rtmfp_addr_equal(&m->written[i], addr))
			return true;
	return false;
}

static void translate(struct travel *t)
{
	struct sim_nat *nat = t->from ? t->from->nat : NULL;
	struct sim_mapping *m;

	if (!nat)
		return;
	m = mapping_of(nat, t->from);
	if (!has_written(m, &t->destination))
		m->written[m->written_count++ % 16] = t->destination;
	t->source = nat->outside;
	t->source.port = m->port;
}

static struct sim_port *find(struct sim_world *w, const struct rtmfp_addr *destination,
			     const struct rtmfp_addr *source)
{
	for (size_t i = 0; i < w->port_count; i++) {
		struct sim_port *port = w->ports[i];

		if (!port->gone && !port->nat && rtmfp_addr_equal(&port->addr, destination))
			return port;
	}
	for (size_t i = 0; i < w->nat_count; i++) {
		const struct sim_nat *nat = w->nats[i];

		if (!rtmfp_addr_same_host(&nat->outside, destination))
			continue;
		for (struct sim_mapping *m = nat->mappings; m; m = m->next)
			if (m->port == destination->port && !m->inside->gone &&
			    (!nat->filter || has_written(m, source)))
				return m->inside;
	}
	return NULL;
}

void sim_link(struct sim_port *port, uint64_t delay, uint64_t rate, uint64_t queue)
{
	struct sim_pipe *pipes[2] = { &port->up, &port->down };

	for (int i = 0; i < 2; i++) {
		pipes[i]->delay = delay;
		pipes[i]->rate = rate;
		pipes[i]->queue = queue ? queue : rate / 10;
	}
}

void sim_harm(struct sim_port *port, unsigned lose, unsigned duplicate, unsigned reorder, unsigned corrupt)
{
	struct sim_pipe *pipes[2] = { &port->up, &port->down };

	for (int i = 0; i < 2; i++) {
		pipes[i]->lose = lose;
		pipes[i]->duplicate = duplicate;
		pipes[i]->reorder = reorder;
		pipes[i]->corrupt = corrupt;
		if (!pipes[i]->reorder_by)
			pipes[i]->reorder_by = RTMFP_MS(20);
	}
}

/* ---- pipes ---- */

static bool is_lost(struct sim_world *w, struct sim_pipe *p, size_t len)
{
	bool masked = p->lose_mask & 1;

	p->lose_mask >>= 1;
	if (p->mtu && len > p->mtu) {
		p->oversize++;
		return true;
	}
	if (masked || p->blocked || sim_chance(w, p->lose)) {
		p->lost++;
		p->lost_long += len >= LONG_DATAGRAM;
		return true;
	}
	if (p->rate && p->free_at > w->now && (p->free_at - w->now) / 1000 * p->rate / 1000000 > p->queue) {
		p->overflowed++;
		p->lost_long += len >= LONG_DATAGRAM;
		return true;
	}
	p->passed++;
	p->passed_long += len >= LONG_DATAGRAM;
	return false;
}

/* When what goes in now comes out. */
static uint64_t passage(struct sim_world *w, struct sim_pipe *p, size_t len)
{
	uint64_t at = w->now;

	if (p->rate) {
		if (p->free_at < w->now)
			p->free_at = w->now;
		p->free_at += len * 1000000 / p->rate * 1000 + 1;
		at = p->free_at;
	}
	at += p->delay + sim_below(w, p->jitter);
	if (sim_chance(w, p->reorder))
		return at + sim_below(w, p->reorder_by);
	if (at < p->last_out)
		at = p->last_out;
	p->last_out = at;
	return at;
}

static void corrupt(struct sim_world *w, struct travel *t)
{
	unsigned bits = 1 + (unsigned)sim_below(w, 4);

	while (bits--)
		t->bytes[sim_below(w, t->len)] ^= (uint8_t)(1u << sim_below(w, 8));
}

static struct travel *copy(const struct travel *t)
{
	struct travel *c = malloc(sizeof(*c) + t->len);

	if (!c)
		abort();
	memcpy(c, t, sizeof(*c) + t->len);
	return c;
}

static void arrive(struct sim_world *w, void *ctx)
{
	struct travel *t = ctx;
	const struct rtmfp_path path = { .local = t->to->addr,
					 .remote = t->source,
					 .interface = t->to->interface };

	(void)w;
	if (!t->to->gone)
		sim_node_arrive(t->to->node, &path, t->bytes, t->len);
	free(t);
}

/* Sends |t| through |p|; at its end |next| gets it. Takes |t|. */
static void enter(struct sim_world *w, struct sim_pipe *p, struct travel *t,
		  void (*next)(struct sim_world *, void *))
{
	if (is_lost(w, p, t->len)) {
		sim_trace(w, "  lost %s -> %s, %zu bytes", sim_addr_text(&t->source),
			  sim_addr_text(&t->destination), t->len);
		free(t);
		return;
	}
	if (sim_chance(w, p->duplicate))
		sim_event_add(w, passage(w, p, t->len), next, free, copy(t));
	if (sim_chance(w, p->corrupt))
		corrupt(w, t);
	sim_event_add(w, passage(w, p, t->len), next, free, t);
}

static void route(struct sim_world *w, void *ctx)
{
	struct travel *t = ctx;

	translate(t);
	t->to = find(w, &t->destination, &t->source);
	if (t->to) {
		enter(w, &t->to->down, t, arrive);
		return;
	}
	if (w->stray)
		w->stray(w, &t->source, &t->destination, t->bytes, t->len);
	free(t);
}

static struct travel *new_travel(struct sim_port *from, const struct rtmfp_addr *source,
				 const struct rtmfp_addr *destination, const uint8_t *bytes, size_t len)
{
	struct travel *t = malloc(sizeof(*t) + len);

	if (!t)
		abort();
	*t = (struct travel){ .from = from, .source = *source, .destination = *destination, .len = len };
	memcpy(t->bytes, bytes, len);
	return t;
}

static struct sim_port *port_for(struct sim_node *n, const struct rtmfp_path *path)
{
	for (unsigned i = 0; i < n->port_count; i++) {
		struct sim_port *port = n->ports[i];

		if (port->gone || port->addr.family != path->remote.family)
			continue;
		if (path->local.family == 0 || rtmfp_addr_same_host(&path->local, &port->addr))
			return port;
	}
	return NULL;
}

uint32_t sim_datagram_session(const uint8_t *datagram, size_t len)
{
	uint32_t words[3];

	if (len < sizeof(words))
		return 0;
	memcpy(words, datagram, sizeof(words));
	return words[0] ^ words[1] ^ words[2];
}

void sim_net_send(struct sim_node *n, const struct rtmfp_path *path, const uint8_t *bytes, size_t len)
{
	struct sim_world *w = n->w;
	struct sim_port *port = port_for(n, path);
	unsigned index = w->datagrams++;
	struct travel *t;

	if (!port) {
		n->off_route++;
		sim_trace(w, "%s has no way to %s", n->name, sim_addr_text(&path->remote));
		return;
	}
	sim_trace(w, "#%u %s %s -> %s, %zu bytes, session %08" PRIx32, index, n->name,
		  sim_addr_text(&port->addr), sim_addr_text(&path->remote), len,
		  sim_datagram_session(bytes, len));
	if (w->tap)
		w->tap(w, &port->addr, &path->remote, bytes, len);
	if (index < 64 && w->lose >> index & 1) {
		sim_trace(w, "  lost by mask");
		return;
	}
	t = new_travel(port, &port->addr, &path->remote, bytes, len);
	if (index < 64 && w->twice >> index & 1)
		enter(w, &port->up, copy(t), route);
	enter(w, &port->up, t, route);
}

void sim_inject(struct sim_world *w, const struct rtmfp_addr *from, const struct rtmfp_addr *to,
		const uint8_t *bytes, size_t len, uint64_t delay)
{
	sim_event_add(w, w->now + delay, route, free, new_travel(NULL, from, to, bytes, len));
}

void sim_net_free(struct sim_world *w)
{
	for (size_t i = 0; i < w->nat_count; i++) {
		sim_nat_rebind(w->nats[i]);
		free(w->nats[i]);
	}
	for (size_t i = 0; i < w->port_count; i++)
		free(w->ports[i]);
	free(w->nats);
	free(w->ports);
}
