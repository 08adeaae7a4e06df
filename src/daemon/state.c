/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is remembered across restarts (daemon_state.h): the entries, and the thread that writes them. The
 * thread gets copies and shares nothing with its owner but |job|, under |lock|.
 */
#include "config.h"
#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "daemon_log.h"
#include "state_file.h"

struct job {
	struct state_entry *entries; /* a copy, owned */
	size_t count;
	bool waiting;
};

struct state {
	char dir[PATH_MAX];
	char path[PATH_MAX];
	struct state_entry *entries; /* sorted by key */
	size_t count, room;
	bool dirty;

	bool has_writer;
	pthread_t writer;
	pthread_mutex_t lock;
	pthread_cond_t wake;
	struct job job; /* what to write next */
	bool quit;
	atomic_bool failed; /* the last write did: it has been said */
};

static int compare_entries(const void *a, const void *b)
{
	const struct state_entry *x = a, *y = b;

	return memcmp(x->public_key, y->public_key, STATE_KEY_BYTES);
}

/* Where |public_key| is or belongs. */
static size_t position(const struct state *state, const uint8_t public_key[STATE_KEY_BYTES])
{
	size_t low = 0, high = state->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (memcmp(state->entries[middle].public_key, public_key, STATE_KEY_BYTES) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static bool is_at(const struct state *state, size_t i, const uint8_t public_key[STATE_KEY_BYTES])
{
	return i < state->count && memcmp(state->entries[i].public_key, public_key, STATE_KEY_BYTES) == 0;
}

/* The same key twice cannot come from us. */
static bool has_duplicates(const struct state *state)
{
	for (size_t i = 1; i < state->count; i++)
		if (compare_entries(&state->entries[i - 1], &state->entries[i]) == 0)
			return true;
	return false;
}

static void load(struct state *state)
{
	char *text;
	size_t len;
	int error = state_file_read(state->path, &text, &len);

	if (error == ENOENT)
		return;
	if (error) {
		log_warn("%s is ignored: %s", state->path, strerror(error));
		return;
	}
	if (state_text_read(&state->entries, &state->count, text, len) == 0) {
		state->room = state->count;
		if (state->count)
			qsort(state->entries, state->count, sizeof(*state->entries), compare_entries);
		error = has_duplicates(state);
	} else {
		error = 1;
	}
	free(text);
	if (!error)
		return;
	log_warn("%s is damaged and ignored: peers are found by their Endpoint or their first packet",
		 state->path);
	state->count = 0;
}

struct state *state_open(const char *dir, const char *interface, const uint8_t public_key[STATE_KEY_BYTES])
{
	struct state *state = calloc(1, sizeof(*state));
	char hex[17];

	if (!state)
		return NULL;
	for (size_t i = 0; i < 8; i++)
		snprintf(hex + 2 * i, 3, "%02x", public_key[i]);
	pthread_mutex_init(&state->lock, NULL);
	pthread_cond_init(&state->wake, NULL);
	/* A name that is too long is cut, and fails with the first write or read: one warning. */
	snprintf(state->dir, sizeof(state->dir), "%s", dir);
	if (snprintf(state->path, sizeof(state->path), "%s/%s-%s.peers", dir, interface, hex) >= PATH_MAX)
		log_warn("%.100s...: the name of the state directory is too long", dir);
	else
		load(state);
	return state;
}

const struct state_entry *state_find(const struct state *state, const uint8_t public_key[STATE_KEY_BYTES])
{
	size_t i = position(state, public_key);

	return is_at(state, i, public_key) ? &state->entries[i] : NULL;
}

const struct state_entry *state_at(const struct state *state, size_t i)
{
	return i < state->count ? &state->entries[i] : NULL;
}

static bool make_room(struct state *state)
{
	size_t more = state->room ? state->room * 2 : 16;
	struct state_entry *bigger;

	if (state->count < state->room)
		return true;
	bigger = reallocarray(state->entries, more, sizeof(*bigger));
	if (!bigger)
		return false;
	state->entries = bigger;
	state->room = more;
	return true;
}

void state_set(struct state *state, const struct state_entry *entry)
{
	size_t i = position(state, entry->public_key);
	struct state_entry *at;

	if (entry->addr.family == 0 || entry->addr.port == 0)
		return;
	if (is_at(state, i, entry->public_key)) {
		at = &state->entries[i];
		if (!rtmfp_addr_equal(&at->addr, &entry->addr) || at->alive != entry->alive)
			state->dirty = true;
		*at = *entry;
		return;
	}
	if (state->count == STATE_ENTRIES_MAX || !make_room(state))
		return;
	at = &state->entries[i];
	memmove(at + 1, at, (state->count - i) * sizeof(*at));
	*at = *entry;
	state->count++;
	state->dirty = true;
}

void state_forget(struct state *state, const uint8_t public_key[STATE_KEY_BYTES])
{
	size_t i = position(state, public_key);

	if (!is_at(state, i, public_key))
		return;
	state->count--;
	memmove(&state->entries[i], &state->entries[i + 1], (state->count - i) * sizeof(*state->entries));
	state->dirty = true;
}

bool state_is_dirty(const struct state *state)
{
	return state->dirty || atomic_load(&state->failed);
}

static void write_job(struct state *state, const struct job *job)
{
	size_t len = 0;
	char *text = state_text_write(job->entries, job->count, &len);
	int error = text ? state_file_write(state->dir, state->path, text, len) : ENOMEM;

	free(text);
	if (error && !atomic_load(&state->failed))
		log_warn("%s cannot be written: %s; a restart will not know where the peers were",
			 state->path, strerror(error));
	if (!error && atomic_load(&state->failed))
		log_info("%s can be written again", state->path);
	atomic_store(&state->failed, error != 0);
}

static void *writer(void *arg)
{
	struct state *state = arg;

	pthread_mutex_lock(&state->lock);
	for (;;) {
		struct job job = state->job;

		if (!job.waiting && state->quit)
			break;
		if (!job.waiting) {
			pthread_cond_wait(&state->wake, &state->lock);
			continue;
		}
		state->job = (struct job){ 0 };
		pthread_mutex_unlock(&state->lock);
		write_job(state, &job);
		free(job.entries);
		pthread_mutex_lock(&state->lock);
	}
	pthread_mutex_unlock(&state->lock);
	return NULL;
}

/* Signals are for the event loop's thread. */
static bool start_writer(struct state *state)
{
	sigset_t all, before;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	state->has_writer = pthread_create(&state->writer, NULL, writer, state) == 0;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return state->has_writer;
}

void state_save(struct state *state)
{
	struct job job = { .count = state->count, .waiting = true };

	job.entries = reallocarray(NULL, state->count + 1, sizeof(*job.entries));
	if (!job.entries || (!state->has_writer && !start_writer(state))) {
		free(job.entries);
		if (!atomic_exchange(&state->failed, true))
			log_warn("%s cannot be written: out of memory or threads", state->path);
		return;
	}
	if (state->count)
		memcpy(job.entries, state->entries, state->count * sizeof(*job.entries));
	pthread_mutex_lock(&state->lock);
	free(state->job.entries);
	state->job = job;
	pthread_cond_signal(&state->wake);
	pthread_mutex_unlock(&state->lock);
	state->dirty = false;
}

void state_free(struct state *state)
{
	if (!state)
		return;
	if (state->has_writer) {
		pthread_mutex_lock(&state->lock);
		state->quit = true;
		pthread_cond_signal(&state->wake);
		pthread_mutex_unlock(&state->lock);
		pthread_join(state->writer, NULL);
	}
	free(state->job.entries);
	pthread_mutex_destroy(&state->lock);
	pthread_cond_destroy(&state->wake);
	free(state->entries);
	free(state);
}
