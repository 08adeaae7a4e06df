/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Virtual time, the queue of events, and the allocator that counts and fails. */
#include "sim.h"

#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- memory ---- */

static void *counting_alloc(void *ctx, size_t size)
{
	struct sim_world *w = ctx;
	void *p;

	w->mem_calls++;
	if (w->mem_fail_at && w->mem_calls >= w->mem_fail_at &&
	    w->mem_calls - w->mem_fail_at < w->mem_fail_count) {
		w->mem_failed++;
		return NULL;
	}
	p = calloc(1, size);
	if (!p)
		abort();
	w->mem_out++;
	return p;
}

static void counting_free(void *ctx, void *p)
{
	struct sim_world *w = ctx;

	if (p)
		w->mem_out--;
	free(p);
}

/* ---- the world ---- */

/* Virtual time that does not pass for so long, in real seconds, hangs. */
#define HANG_S 120u

static void on_alarm(int number)
{
	(void)number;
	sim_fail(__FILE__, __LINE__, "hangs: no event in %u s of real time", HANG_S);
}

struct sim_world *sim_world_new(const struct sim_run *run, bool real)
{
	struct sim_world *w = calloc(1, sizeof(*w));

	if (!w)
		abort();
	w->now = RTMFP_S(1000); /* a clock that counts from boot */
	w->prng.state = run->seed * 2 + real;
	w->real = real;
	w->params = rtmfp_params_default;
	w->mem = (struct rtmfp_mem){ .alloc = counting_alloc, .free = counting_free, .ctx = w };
	w->tracing = getenv("FLOWTUN_SIM_TRACE") != NULL;
	fake_ledger_init(&w->ledger);
	sim_run_in(w);
	signal(SIGALRM, on_alarm);
	return w;
}

static void discard_events(struct sim_world *w)
{
	for (size_t i = 1; i <= w->event_count; i++)
		if (w->events[i].discard)
			w->events[i].discard(w->events[i].ctx);
	w->event_count = 0;
}

void sim_world_free(struct sim_world *w)
{
	for (size_t i = 0; i < w->node_count; i++)
		if (w->nodes[i]->ep)
			sim_node_kill(w->nodes[i]);
	sim_assert_msg(w->mem_out == 0, "%" PRIu64 " allocations were not freed", w->mem_out);
	sim_assert(w->ledger.repeats == 0);
	discard_events(w);
	sim_app_free(w);
	for (size_t i = 0; i < w->node_count; i++)
		sim_node_free(w->nodes[i]);
	sim_net_free(w);
	fake_ledger_fini(&w->ledger);
	free(w->nodes);
	free(w->events);
	free(w);
	alarm(0);
	sim_run_in(NULL);
}

void sim_trace_line(const struct sim_world *w, const char *format, ...)
{
	va_list args;

	fprintf(stderr, "%14.9f ", (double)w->now / 1e9);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
}

void sim_dump(const struct sim_world *w)
{
	for (size_t i = 0; w->tracing && i < w->node_count; i++) {
		const struct sim_node *n = w->nodes[i];

		fprintf(stderr, "%s: %s, received %" PRIu64 ", sent %" PRIu64 ", unread %" PRIu64 "\n",
			n->name, n->ep ? "runs" : "does not run", n->rx_datagrams, n->tx_datagrams,
			n->unread);
		for (unsigned r = 0; n->ep && r < RTMFP_DROP_COUNT; r++)
			if (sim_node_drops(n, (enum rtmfp_drop)r))
				fprintf(stderr, "   dropped %" PRIu64 ": %s\n",
					sim_node_drops(n, (enum rtmfp_drop)r),
					rtmfp_drop_name((enum rtmfp_drop)r));
		for (size_t k = 0; n->ep && k < n->peer_count; k++) {
			const struct sim_peer *p = n->peers[k];
			struct rtmfp_session_stats s = { .epoch = 0 };

			if (sim_peer_is_open(p))
				rtmfp_session_stats(sim_peer_session(p), &s);
			fprintf(stderr,
				"   %s: %s, %u sessions, at %s, epoch %" PRIu64 ", ERTO %.3f, window %" PRIu64
				", in flight %" PRIu64 "\n",
				p->other->name, rtmfp_peer_state_name(rtmfp_peer_state(p->rtmfp)),
				sim_peer_sessions(p), sim_addr_text(&s.path.remote), s.epoch,
				(double)s.erto / 1e9, s.cwnd, s.outstanding);
		}
	}
	for (size_t i = 0; w->tracing && i < w->stream_count; i++) {
		const struct sim_stream *s = w->streams[i];
		struct rtmfp_sendflow_stats flow = { .queued = 0 };

		if (s->flow_count)
			flow = sim_stream_stats(s);
		fprintf(stderr,
			"stream %zu %s -> %s: sent %" PRIu64 ", delivered %" PRIu64 ", refused %" PRIu64
			", unsent %" PRIu64
			", last %.3f s ago; flow %u: queued %zu, in flight %zu, lost %" PRIu64
			", abandoned %" PRIu64 ", window %" PRIu64 "\n",
			i, s->from->node->name, s->to->name, s->sent, s->delivered, s->refused, s->unsent,
			(double)(w->now - s->last_delivered) / 1e9, s->flow_count, flow.queued,
			flow.outstanding, flow.lost, flow.abandoned, flow.receive_window);
	}
}

uint64_t sim_below(struct sim_world *w, uint64_t n)
{
	return n ? prng_below(&w->prng, n) : 0;
}

bool sim_chance(struct sim_world *w, unsigned per_million)
{
	return per_million && prng_below(&w->prng, 1000000) < per_million;
}

/* ---- events ---- */

static bool before(const struct sim_event *a, const struct sim_event *b)
{
	return a->at != b->at ? a->at < b->at : a->order < b->order;
}

void sim_event_add(struct sim_world *w, uint64_t at, void (*run)(struct sim_world *, void *),
		   void (*discard)(void *), void *ctx)
{
	struct sim_event e = { .at = at > w->now ? at : w->now,
			       .order = w->order++,
			       .run = run,
			       .discard = discard,
			       .ctx = ctx };
	size_t i;

	if (w->event_count + 1 >= w->event_cap) {
		w->event_cap = w->event_cap ? 2 * w->event_cap : 256;
		w->events = realloc(w->events, w->event_cap * sizeof(*w->events));
		if (!w->events)
			abort();
	}
	for (i = ++w->event_count; i > 1 && before(&e, &w->events[i / 2]); i /= 2)
		w->events[i] = w->events[i / 2];
	w->events[i] = e;
}

void sim_at(struct sim_world *w, uint64_t at, void (*run)(struct sim_world *, void *), void *ctx)
{
	sim_event_add(w, at, run, NULL, ctx);
}

static struct sim_event pop(struct sim_world *w)
{
	struct sim_event first = w->events[1], last = w->events[w->event_count--];
	size_t i = 1;

	for (size_t child; (child = 2 * i) <= w->event_count; i = child) {
		if (child < w->event_count && before(&w->events[child + 1], &w->events[child]))
			child++;
		if (before(&last, &w->events[child]))
			break;
		w->events[i] = w->events[child];
	}
	w->events[i] = last;
	return first;
}

bool sim_step(struct sim_world *w, uint64_t until)
{
	struct sim_event e;

	alarm(HANG_S);
	if (w->event_count == 0 || w->events[1].at > until) {
		if (until > w->now)
			w->now = until;
		return false;
	}
	e = pop(w);
	sim_assert(e.at >= w->now);
	w->now = e.at;
	e.run(w, e.ctx);
	return true;
}

void sim_run_for(struct sim_world *w, uint64_t duration)
{
	uint64_t until = w->now + duration;

	while (sim_step(w, until))
		;
}
