/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What test_cli.sh has flowtun start: a flowtund without tunnel, made of the real command line, readiness,
 * claim and control socket. The interface's name says what becomes of it.
 */
#include "config.h"
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "crypto_keys.h"
#include "daemon_args.h"
#include "daemon_config.h"
#include "daemon_control.h"
#include "daemon_ready.h"
#include "daemon_status.h"

struct fake {
	const struct daemon_args *args;
	const struct config *config;
	bool told_to_end;
};

static char *show(void *ctx)
{
	const struct fake *fake = ctx;
	struct status status;
	char *json;

	status_init(&status);
	strcpy(status.interface, fake->args->interface);
	strcpy(status.version, PACKAGE_VERSION);
	crypto_key_to_base64(status.public_key, fake->config->public_key);
	status.has_private_key = true;
	status.listen_port = fake->config->listen_port;
	json = status_to_json(&status);
	status_fini(&status);
	return json;
}

static void down(void *ctx)
{
	struct fake *fake = ctx;

	fake->told_to_end = true;
}

static int serve(struct fake *fake, struct ready *ready)
{
	const struct control_handler handler = { .show = show, .down = down, .ctx = fake };
	char error[CONTROL_ERROR_MAX];
	struct control *control = control_open(control_rundir(), fake->args->interface, &handler, error);
	int code = EXIT_OK;

	if (!control) {
		ready_fail(ready, error);
		return EXIT_FAILED;
	}
	if (ready_ok(ready) != 0)
		code = EXIT_FAILED;
	while (code == EXIT_OK && !fake->told_to_end) {
		struct pollfd p = { .fd = control_fd(control), .events = POLLIN };

		if (poll(&p, 1, 60000) == 0) /* the test has been gone for long */
			break;
		control_fd_ready(control);
	}
	control_free(control);
	return code;
}

int main(int argc, char **argv)
{
	struct daemon_args args;
	struct config *config;
	struct ready ready;
	struct fake fake = { .args = &args };
	char error[CONFIG_ERROR_MAX];
	int code = daemon_args_parse(&args, argc, argv);

	if (code != -1)
		return code;
	if (strcmp(args.interface, "early0") == 0)
		return 7;
	if (ready_init(&ready, args.ready_fd) != 0)
		return EXIT_FAILED;
	if (config_load(&config, args.config_path, error) != 0) {
		ready_fail(&ready, error);
		return EXIT_FAILED;
	}
	if (!args.foreground && ready_detach(&ready, -1) != 0)
		return EXIT_FAILED;
	fake.config = config;
	if (strcmp(args.interface, "fail0") == 0) {
		ready_fail(&ready, "no such device");
		code = EXIT_FAILED;
	} else if (strcmp(args.interface, "die0") == 0) {
		code = EXIT_FAILED;
	} else {
		code = serve(&fake, &ready);
	}
	config_free(config);
	return code;
}
