/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What must hold of an endpoint whenever none of its functions is being carried out. */
#include "session_impl.h"

#include "flows_impl.h"

#include "sim.h"

/* With many sessions not every step is followed by a walk over all of them. */
#define CHECK_BUDGET 16u

static size_t check_epochs(struct sim_node *n, const struct rtmfp_session *s)
{
	const struct rtmfp_endpoint *ep = n->ep;
	size_t ids = 0;

	sim_assert(s->current >= s->epochs && s->current < s->epochs + RTMFP_EPOCHS);
	sim_assert(s->current->keys && s->current->rx_until == RTMFP_NEVER);
	for (unsigned i = 0; i < RTMFP_EPOCHS; i++) {
		const struct rtmfp_epoch *e = &s->epochs[i];

		if (e->rx.kind == RTMFP_ID_NONE) {
			sim_assert(!e->keys);
			continue;
		}
		ids++;
		sim_assert(e->rx.kind == RTMFP_ID_EPOCH && e->rx.slot == i && e->rx.owner == s);
		sim_assert(rtmfp_idtable_find(&ep->ids, e->rx.value) == &e->rx);
		sim_assert(e->born <= n->w->now);
		if (e == s->current)
			continue;
		if (e->number > s->current->number) {
			/* The next epoch exists exactly while a rekey is under way, its keys once it was
			 * answered. */
			sim_assert(e->number == s->current->number + 1);
			sim_assert(s->rekey_state != RTMFP_REKEY_IDLE);
			sim_assert((e->keys != NULL) == (s->rekey_state == RTMFP_REKEY_ANSWERED));
		} else {
			sim_assert(e->keys && e->rx_until != RTMFP_NEVER);
		}
	}
	sim_assert((s->rk != NULL) == (s->rekey_state == RTMFP_REKEY_SENT));
	return ids;
}

static size_t check_session(struct sim_node *n, const struct rtmfp_peer *peer, const struct rtmfp_session *s)
{
	const struct rtmfp_endpoint *ep = n->ep;
	uint64_t now = n->w->now;

	sim_assert(s->ep == ep && s->peer == peer && s->state != RTMFP_S_CLOSED);
	sim_assert(!s->finished && (s->flows != NULL) == (s->state == RTMFP_S_OPEN));
	sim_assert(s->opened <= now && s->last_received <= now && s->last_sent <= now);
	sim_assert(rtmfp_list_empty(&s->in_doomed) && rtmfp_list_empty(&s->in_ready));
	sim_assert(!s->rx_path && (!s->flows || rtmfp_flows_check(s->flows)));
	if (s->state != RTMFP_S_OPEN) {
		sim_assert(s->confirmed && s != peer->current && s->state_until != RTMFP_NEVER);
	} else if (!s->confirmed) {
		sim_assert(!s->initiator && s->memo && !s->announced && s != peer->current);
		sim_assert(rtmfp_idtable_find(&ep->names, s->memo->name.value));
		sim_assert(s->state_until > now && s->state_until <= now + ep->params.unconfirmed_lifetime);
	} else {
		sim_assert(!s->memo);
		sim_assert((s == peer->current) == (s->drain_until == RTMFP_NEVER));
		sim_assert(s->drain_until == RTMFP_NEVER || s->drain_until <= now + ep->params.drain);
	}
	sim_assert(s->timer.at != RTMFP_NEVER || s->state == RTMFP_S_OPEN);
	sim_assert(s->pong_count <= RTMFP_PONGS_MAX && (s->pong_count == 0) == (s->pongs == NULL));
	for (unsigned i = 0; s->mobility && i < RTMFP_CANDIDATE_PATHS; i++) {
		const struct rtmfp_candidate *c = &s->mobility->candidates[i];

		sim_assert(!c->used || c->sent <= 3 * c->received);
		sim_assert(c->used || s->mobility->downlink != c);
	}
	return check_epochs(n, s);
}

static void check_heap(struct sim_node *n)
{
	const struct rtmfp_timers *t = &n->ep->timers;

	sim_assert(t->count <= t->known && t->known <= t->cap);
	for (size_t i = 1; i <= t->count; i++) {
		sim_assert(t->heap[i]->index == i && t->heap[i]->fire);
		sim_assert(i == 1 || t->heap[i / 2]->at <= t->heap[i]->at);
	}
}

static void check_counters(struct sim_node *n)
{
	const struct rtmfp_counters *c = rtmfp_endpoint_counters(n->ep);

	sim_assert(c->rx_datagrams == n->rx_datagrams && c->rx_bytes == n->rx_bytes);
	sim_assert(c->tx_datagrams == n->tx_datagrams && c->tx_bytes == n->tx_bytes);
}

void sim_check_endpoint(struct sim_node *n)
{
	const struct rtmfp_endpoint *ep = n->ep;
	size_t ids = 0, sessions = 0;

	sim_assert(n->w->ledger.repeats == 0);
	sim_assert(n->identity.real || n->identity.fake.misuse == 0);
	sim_assert(ep->depth == 0 && ep->now <= n->w->now && rtmfp_list_empty(&ep->doomed));
	sim_assert(rtmfp_list_empty(&ep->ready) && ep->outbox.count == 0);
	check_counters(n);
	if (n->peer_count > CHECK_BUDGET && ++n->checks % (n->peer_count / CHECK_BUDGET))
		return;
	check_heap(n);
	for (const struct rtmfp_list *l = ep->peers.next; l != &ep->peers; l = l->next) {
		const struct rtmfp_peer *peer = RTMFP_LIST_ENTRY(l, const struct rtmfp_peer, in_endpoint);
		bool found = false;
		size_t waiting = 0;

		sim_assert(peer->ep == ep && peer->far->peer == peer);
		for (const struct rtmfp_list *m = peer->sessions.next; m != &peer->sessions; m = m->next) {
			const struct rtmfp_session *s =
				RTMFP_LIST_ENTRY(m, const struct rtmfp_session, in_peer);

			ids += check_session(n, peer, s);
			waiting += !s->confirmed;
			sessions++;
			found = found || s == peer->current;
		}
		sim_assert(!peer->current ||
			   (found && peer->current->state == RTMFP_S_OPEN && peer->current->confirmed));
		sim_assert(waiting <= ep->params.unconfirmed_max);
		sim_assert(!peer->opening || !ep->shutdown);
	}
	for (const struct rtmfp_retired *r = ep->retired; r; r = r->next)
		ids++;
	/* The rest are keyings under way. */
	sim_assert(ids <= ep->ids.count && ep->ids.count <= ids + 4 * n->peer_count);
}

static const struct rtmfp_epoch *epoch_named(const struct rtmfp_session *s, uint32_t id)
{
	for (unsigned i = 0; i < RTMFP_EPOCHS; i++)
		if (s->epochs[i].keys && s->epochs[i].rx.value == id)
			return &s->epochs[i];
	return NULL;
}

bool sim_peers_agree(const struct sim_peer *a, const struct sim_peer *b)
{
	const struct rtmfp_session *x = sim_peer_session(a), *y = sim_peer_session(b);

	return x && y && x->initiator != y->initiator && epoch_named(y, x->current->tx_id) &&
	       epoch_named(x, y->current->tx_id);
}

unsigned sim_peer_sessions(const struct sim_peer *peer)
{
	unsigned count = 0;

	if (!peer->rtmfp)
		return 0;
	for (const struct rtmfp_list *l = peer->rtmfp->sessions.next; l != &peer->rtmfp->sessions;
	     l = l->next)
		count++;
	return count;
}

void sim_peer_replace(struct sim_peer *peer)
{
	/* Without memory, or without cryptography, there is none. */
	if (rtmfp_peer_start_opening(peer->rtmfp, peer->node->w->now) == 0)
		sim_node_later(peer->node, peer->node->w->now);
}
