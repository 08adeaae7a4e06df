/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The look-ups of resolver.h: one detached thread, alive while there is something to look up. */
#include "resolver.h"

#include <netdb.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "linux_types.h"

struct job {
	struct resolver_answer answer; /* first: who collects it frees the job by it */
	struct job *next;
	uint16_t port;
	char host[];
};

struct queue {
	struct job *head, **tail;
};

struct resolver {
	pthread_mutex_t lock;
	struct queue asked, answered;
	bool running; /* a thread is there */
	bool over;    /* resolver_free was called: whoever comes last frees */
	int fd;
};

static void queue_init(struct queue *q)
{
	q->head = NULL;
	q->tail = &q->head;
}

static void queue_put(struct queue *q, struct job *job)
{
	job->next = NULL;
	*q->tail = job;
	q->tail = &job->next;
}

static struct job *queue_take(struct queue *q)
{
	struct job *job = q->head;

	if (job) {
		q->head = job->next;
		if (!q->head)
			q->tail = &q->head;
	}
	return job;
}

static void destroy(struct resolver *r)
{
	for (struct job *job; (job = queue_take(&r->asked)) || (job = queue_take(&r->answered));)
		free(job);
	close(r->fd);
	pthread_mutex_destroy(&r->lock);
	free(r);
}

static void look_up(struct job *job)
{
	struct addrinfo hints = { .ai_family = AF_UNSPEC, .ai_socktype = SOCK_DGRAM };
	struct resolver_answer *a = &job->answer;
	struct addrinfo *list = NULL;
	int err = getaddrinfo(job->host, NULL, &hints, &list);

	if (err) {
		snprintf(a->error, sizeof(a->error), "%s", gai_strerror(err));
		return;
	}
	for (struct addrinfo *ai = list; ai && a->count < RTMFP_CANDIDATES_MAX; ai = ai->ai_next) {
		struct linux_addr addr;

		if (!linux_addr_from_sockaddr(&addr, ai->ai_addr))
			continue;
		addr.port = job->port;
		memcpy(&a->addrs[a->count++], &addr, sizeof(addr));
	}
	freeaddrinfo(list);
	if (a->count == 0)
		snprintf(a->error, sizeof(a->error), "no IPv4 or IPv6 address");
}

static void *work(void *ctx)
{
	struct resolver *r = ctx;
	bool over;

	pthread_mutex_lock(&r->lock);
	for (struct job *job; !r->over && (job = queue_take(&r->asked));) {
		uint64_t one = 1;

		pthread_mutex_unlock(&r->lock);
		look_up(job);
		pthread_mutex_lock(&r->lock);
		queue_put(&r->answered, job);
		if (write(r->fd, &one, sizeof(one)) < 0)
			continue; /* the counter is full: the loop has been told often enough */
	}
	r->running = false;
	over = r->over;
	pthread_mutex_unlock(&r->lock);
	if (over)
		destroy(r);
	return NULL;
}

struct resolver *resolver_new(void)
{
	struct resolver *r = calloc(1, sizeof(*r));

	if (!r)
		return NULL;
	r->fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (r->fd < 0) {
		free(r);
		return NULL;
	}
	pthread_mutex_init(&r->lock, NULL);
	queue_init(&r->asked);
	queue_init(&r->answered);
	return r;
}

void resolver_free(struct resolver *r)
{
	bool running;

	if (!r)
		return;
	pthread_mutex_lock(&r->lock);
	r->over = true;
	running = r->running;
	pthread_mutex_unlock(&r->lock);
	if (!running)
		destroy(r);
}

int resolver_fd(const struct resolver *r)
{
	return r->fd;
}

/* Signals are the loop's, so the thread blocks them all. */
static int start(struct resolver *r)
{
	pthread_attr_t attr;
	sigset_t all, old;
	pthread_t thread;
	int err;

	sigfillset(&all);
	pthread_attr_init(&attr);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	err = pthread_create(&thread, &attr, work, r);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	pthread_attr_destroy(&attr);
	return err ? -1 : 0;
}

int resolver_ask(struct resolver *r, size_t tag, const char *host, uint16_t port)
{
	size_t len = strlen(host) + 1;
	struct job *job = calloc(1, sizeof(*job) + len);
	int err = 0;

	if (!job)
		return -1;
	job->answer.tag = tag;
	job->port = port;
	memcpy(job->host, host, len);
	pthread_mutex_lock(&r->lock);
	queue_put(&r->asked, job);
	if (!r->running) {
		err = start(r);
		r->running = err == 0;
		if (err)
			free(queue_take(&r->asked)); /* without a thread nothing else was there */
	}
	pthread_mutex_unlock(&r->lock);
	return err;
}

struct resolver_answer *resolver_collect(struct resolver *r)
{
	struct job *job;
	uint64_t count;

	pthread_mutex_lock(&r->lock);
	job = queue_take(&r->answered);
	if (!job && read(r->fd, &count, sizeof(count)) < 0)
		count = 0; /* nothing was signalled: nothing to clear */
	pthread_mutex_unlock(&r->lock);
	return job ? &job->answer : NULL;
}
