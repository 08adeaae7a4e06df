/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * flowtund's life: what is opened in which order, the events of its loop, and the way back. Whatever fails on
 * the way up is told in one sentence, and everything that was done is undone.
 */
#include <config.h>

#include "daemon.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon_log.h"
#include "linux_priv.h"

/* ---- events ---- */

static void set_deadline(struct daemon *d)
{
	uint64_t at = rtmfp_endpoint_expiry(d->endpoint);

	if (tunnel_expiry(d->tunnel) < at)
		at = tunnel_expiry(d->tunnel);
	if (peers_expiry(d) < at)
		at = peers_expiry(d);
	if (d->changed && d->look_at < at)
		at = d->look_at;
	linux_loop_set_deadline(d->loop, at);
}

static void on_deadline(void *ctx, uint64_t now)
{
	struct daemon *d = ctx;

	tunnel_set_now(d->tunnel, now);
	rtmfp_endpoint_tick(d->endpoint, now);
	tunnel_tick(d->tunnel, now);
	peers_tick(d, now);
}

static void before_sleep(void *ctx, uint64_t now)
{
	struct daemon *d = ctx;

	tunnel_set_now(d->tunnel, now);
	if (d->changed && now >= d->look_at)
		network_look(d, now);
	dataplane_flush(d, now);
	set_deadline(d);
}

static void on_signal(void *ctx, int number, uint64_t now)
{
	struct daemon *d = ctx;

	(void)now;
	if (number == SIGHUP) {
		log_info("SIGHUP: the configuration is read at start only");
		return;
	}
	log_info("%s: ending", number == SIGTERM ? "SIGTERM" : "SIGINT");
	linux_loop_stop(d->loop, EXIT_OK);
}

static char *on_show(void *ctx)
{
	return snapshot_json(ctx, linux_now());
}

static void on_down(void *ctx)
{
	struct daemon *d = ctx;

	log_info("asked to end");
	linux_loop_stop(d->loop, EXIT_OK);
}

static void on_control(void *ctx, unsigned events, uint64_t now)
{
	struct daemon *d = ctx;

	(void)events;
	(void)now;
	control_fd_ready(d->control);
}

static void on_monitor(void *ctx, unsigned events, uint64_t now)
{
	struct daemon *d = ctx;

	(void)events;
	tunnel_set_now(d->tunnel, now);
	linux_monitor_read(d->monitor);
}

static void on_resolver(void *ctx, unsigned events, uint64_t now)
{
	(void)events;
	peers_resolved(ctx, now);
}

/* ---- up ---- */

static int watch(struct daemon *d, struct linux_watch *w, int fd, void (*ready)(void *, unsigned, uint64_t),
		 struct linux_error *error)
{
	int err;

	*w = (struct linux_watch){ .fd = fd, .ready = ready, .ctx = d };
	err = linux_loop_add(d->loop, w, LINUX_READABLE);
	return err ? linux_error_set(error, -err, "a descriptor cannot be watched: %s", strerror(-err)) : 0;
}

static int open_protocol(struct daemon *d, struct linux_error *error)
{
	struct crypto_config crypto = { .stateless_reset = d->config->stateless_reset };
	struct tunnel_config tunnel = { .hooks = &dataplane_hooks, .user = d };
	struct rtmfp_endpoint_config endpoint = { .ops = &crypto_profile_ops,
						  .cb = &tunnel_callbacks,
						  .stateless_reset = d->config->stateless_reset };
	uint64_t now = linux_now();
	int err;

	memcpy(crypto.private_key, d->config->private_key, sizeof(crypto.private_key));
	if (d->config->suite == CONFIG_SUITE_AES)
		crypto.suites[0] = CRYPTO_SUITE_AESGCM;
	else if (d->config->suite == CONFIG_SUITE_CHACHA)
		crypto.suites[0] = CRYPTO_SUITE_CHACHAPOLY;
	err = crypto_profile_new(&crypto, &d->crypto);
	rtmfp_wipe(&crypto, sizeof(crypto));
	if (err)
		return linux_error_set(error, EIO, "the cryptography does not start: %s",
				       rtmfp_strerror(err));
	log_info("flowtund %s: %s", PACKAGE_VERSION, crypto_profile_describe(d->crypto));
	err = tunnel_new(&tunnel, now, &d->tunnel);
	if (!err) {
		endpoint.crypto = d->crypto;
		endpoint.user = d->tunnel;
		err = rtmfp_endpoint_new(&endpoint, now, &d->endpoint);
	}
	if (err)
		return linux_error_set(error, ENOMEM, "out of memory");
	tunnel_attach(d->tunnel, d->endpoint);
	return peers_open(d, now, error);
}

static int open_system(struct daemon *d, struct linux_error *error)
{
	struct linux_loop_calls calls = {
		.deadline = on_deadline, .before_sleep = before_sleep, .signal = on_signal, .ctx = d
	};
	struct linux_udp_options udp = { .port = d->config->listen_port, .mark = d->config->fwmark };

	d->mark = d->config->fwmark;
	d->mtu = d->config->mtu ? d->config->mtu : DEFAULT_MTU;
	if (!(d->loop = linux_loop_new(&calls, error)) || !(d->netlink = linux_netlink_open(error)) ||
	    !(d->tun = linux_tun_open(d->args->interface, LINUX_TUN_IP, error)) ||
	    !(d->udp = linux_udp_open(&udp, error)) ||
	    !(d->monitor = linux_monitor_open(network_changed, d, error)))
		return -error->code;
	d->resolver = resolver_new();
	if (!d->resolver)
		return linux_error_set(error, ENOMEM, "no thread for looking up names");
	return 0;
}

static int open_watches(struct daemon *d, struct linux_error *error)
{
	int err = dataplane_open(d, error);

	if (!err)
		err = watch(d, &d->control_watch, control_fd(d->control), on_control, error);
	if (!err)
		err = watch(d, &d->monitor_watch, linux_monitor_fd(d->monitor), on_monitor, error);
	if (!err)
		err = watch(d, &d->resolver_watch, resolver_fd(d->resolver), on_resolver, error);
	return err;
}

static int bring_up(struct daemon *d, struct linux_error *error)
{
	struct control_handler handler = { .show = on_show, .down = on_down, .ctx = d };
	char text[CONTROL_ERROR_MAX];
	int err;

	d->control = control_open(control_rundir(), d->args->interface, &handler, text);
	if (!d->control)
		return linux_error_set(error, EBUSY, "%s", text);
	err = open_system(d, error);
	if (!err)
		err = open_protocol(d, error);
	if (!err)
		err = linux_priv_drop(error); /* before there are threads */
	/* A tunnel that takes all traffic takes questions to far name servers, too. */
	if (!err && network_takes_all(d))
		peers_look_up_first(d);
	if (!err)
		err = network_up(d, error);
	if (!err)
		err = open_watches(d, error);
	return err;
}

/* ---- down ---- */

/* The far ends hear of it, if the socket takes it now; who does not hear it notices the silence. */
static void say_goodbye(struct daemon *d)
{
	uint64_t now = linux_now();

	tunnel_set_now(d->tunnel, now);
	tunnel_shutdown(d->tunnel, now);
	dataplane_flush(d, now);
}

static void bring_down(struct daemon *d)
{
	if (d->endpoint && d->udp && d->train_buf)
		say_goodbye(d);
	if (d->netlink)
		network_down(d);
	rtmfp_endpoint_free(d->endpoint);
	tunnel_free(d->tunnel);
	crypto_profile_free(d->crypto);
	resolver_free(d->resolver);
	peers_close(d);
	dataplane_close(d);
	linux_monitor_close(d->monitor);
	linux_udp_close(d->udp);
	linux_tun_close(d->tun);
	linux_netlink_close(d->netlink);
	linux_loop_free(d->loop);
	control_free(d->control); /* last: `flowtun down` waits for it */
}

static int fail(struct daemon *d, const char *sentence)
{
	log_error("%s", sentence);
	ready_fail(&d->ready, sentence);
	return EXIT_FAILED;
}

static int open_log(const struct daemon_args *args)
{
	int fd = 2;

	if (args->log_file) {
		fd = open(args->log_file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640);
		if (fd < 0) {
			log_error("%s: the log cannot be written: %s", args->log_file, strerror(errno));
			return -1;
		}
	}
	log_open(args->log_file	    ? LOG_TARGET_FD
		 : args->foreground ? log_target_of_stderr()
				    : LOG_TARGET_SYSLOG,
		 fd, args->log_level, args->interface);
	return fd;
}

static int run(struct daemon *d, int log_fd)
{
	struct linux_error error = { .text = "" };
	char text[CONFIG_ERROR_MAX];
	int code;

	if (linux_priv_protect(&error))
		return fail(d, error.text);
	if (config_load(&d->config, d->args->config_path, text))
		return fail(d, text);
	if (linux_priv_require(&error))
		return fail(d, error.text);
	if (!d->args->foreground && ready_detach(&d->ready, d->args->log_file ? log_fd : -1))
		return fail(d, "cannot detach: no process could be started");
	for (size_t i = 0; i < d->config->warning_count; i++)
		log_warn("%s", d->config->warnings[i]);
	if (bring_up(d, &error)) {
		bring_down(d);
		return fail(d, error.text); /* when nothing is left of the attempt */
	}
	if (ready_ok(&d->ready)) {
		code = EXIT_FAILED; /* who started us has gone */
	} else {
		log_info("%s is up, port %u", d->args->interface, linux_udp_port(d->udp));
		peers_start(d, linux_now());
		code = linux_loop_run(d->loop);
	}
	bring_down(d);
	return code;
}

int daemon_run(const struct daemon_args *args)
{
	struct daemon d = { .args = args };
	int log_fd, code;

	/* A reader of our log who has gone is no reason to leave rules behind. */
	signal(SIGPIPE, SIG_IGN);
	if (ready_init(&d.ready, args->ready_fd)) {
		log_error("--ready-fd %d: no such descriptor", args->ready_fd);
		return EXIT_FAILED;
	}
	log_fd = open_log(args);
	if (log_fd < 0)
		return fail(&d, "the log cannot be written");
	code = run(&d, log_fd);
	config_free(d.config);
	return code;
}
