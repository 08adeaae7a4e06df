/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From a word on the command line to an interface and its configuration. Called by up and down. */
#include "config.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "cli.h"
#include "daemon_config.h"

static bool is_path(const char *word)
{
	size_t len = strlen(word);

	return strchr(word, '/') || (len > 5 && strcmp(word + len - 5, ".conf") == 0);
}

/* A path that need not exist (down), absolute if it does. */
static void make_absolute(char out[PATH_MAX], const char *path)
{
	if (!realpath(path, out))
		snprintf(out, PATH_MAX, "%s", path);
}

int cli_find_target(struct cli_target *target, const char *word)
{
	static const char *const places[] = { SYSCONFDIR "/flowtun", "/etc/flowtun", "/etc/wireguard" };

	target->path[0] = '\0';
	if (config_interface_name(target->interface, word) != 0) {
		cli_failed("found \"%.80s\", expected an interface's name (1 to 15 of a-z, A-Z, 0-9, _=+.-) "
			   "or a file named "
			   "like one, with \".conf\"",
			   word);
		return -1;
	}
	if (is_path(word)) {
		make_absolute(target->path, word);
		return 0;
	}
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		char path[PATH_MAX];

		snprintf(path, sizeof(path), "%s/%s.conf", places[i], word);
		if (access(path, F_OK) != 0)
			continue;
		make_absolute(target->path, path);
		break;
	}
	return 0;
}
