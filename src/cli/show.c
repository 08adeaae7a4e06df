/* SPDX-License-Identifier: GPL-2.0-or-later */
/* flowtun show: asks each flowtund for its snapshot and prints it. */
#include "config.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "cli.h"
#include "daemon_control.h"
#include "daemon_status.h"

#define SHOW_TIMEOUT_MS 10000

enum form { FORM_HUMAN, FORM_DUMP, FORM_JSON };

struct snapshots {
	struct status *list;
	size_t count;
};

/* wg's switch and the common one; without either, colour is for terminals. */
static bool wants_colour(void)
{
	const char *mode = getenv("WG_COLOR_MODE");
	const char *none = getenv("NO_COLOR");

	if (mode && strcmp(mode, "always") == 0)
		return true;
	if ((mode && strcmp(mode, "never") == 0) || (none && *none))
		return false;
	return isatty(STDOUT_FILENO);
}

static int out_of_memory(void)
{
	return cli_failed("out of memory");
}

/* Appends the snapshot of |interface|. */
static int fetch(struct snapshots *all, const char *interface, bool must_run)
{
	char error[CONTROL_ERROR_MAX];
	char *json = NULL;
	size_t len = 0;
	enum control_answer answer =
		control_ask(control_rundir(), interface, "show", SHOW_TIMEOUT_MS, &json, &len, error);
	struct status *bigger;

	if (answer == CONTROL_NOT_RUNNING && !must_run)
		return EXIT_OK; /* it has ended since we looked */
	if (answer != CONTROL_OK)
		return cli_failed("%s", error);
	bigger = reallocarray(all->list, all->count + 1, sizeof(*bigger));
	if (!bigger) {
		free(json);
		return out_of_memory();
	}
	all->list = bigger;
	if (status_from_json(&bigger[all->count], json, len) != 0) {
		free(json);
		return cli_failed("the flowtund of %s answered what is not understood (another version?)",
				  interface);
	}
	free(json);
	all->count++;
	return EXIT_OK;
}

static int print(const struct snapshots *all, enum form form, bool is_all)
{
	if (form == FORM_JSON) {
		if (all->count == 0 && is_all)
			puts("[]");
		else if (status_print_json(stdout, all->list, all->count, is_all) != 0)
			return out_of_memory();
		return EXIT_OK;
	}
	for (size_t i = 0; i < all->count; i++) {
		if (form == FORM_DUMP) {
			status_print_dump(stdout, &all->list[i], is_all);
			continue;
		}
		if (i > 0)
			putchar('\n');
		if (status_print_human(stdout, &all->list[i], time(NULL), wants_colour()) != 0)
			return out_of_memory();
	}
	return EXIT_OK;
}

static int show_all(struct snapshots *all)
{
	char error[CONTROL_ERROR_MAX];
	char(*names)[IF_NAMESIZE];
	size_t count;
	int code = EXIT_OK;

	if (control_list(control_rundir(), &names, &count, error) != 0)
		return cli_failed("%s", error);
	for (size_t i = 0; code == EXIT_OK && i < count; i++)
		code = fetch(all, names[i], false);
	free(names);
	return code;
}

static int list_interfaces(void)
{
	char error[CONTROL_ERROR_MAX];
	char(*names)[IF_NAMESIZE];
	size_t count;

	if (control_list(control_rundir(), &names, &count, error) != 0)
		return cli_failed("%s", error);
	for (size_t i = 0; i < count; i++)
		printf("%s%s", i ? " " : "", names[i]);
	if (count)
		putchar('\n');
	free(names);
	return EXIT_OK;
}

int cli_show(int argc, char **argv)
{
	struct snapshots all = { 0 };
	const char *interface = NULL;
	enum form form = FORM_HUMAN;
	bool is_all;
	int code;

	for (int i = 1; i < argc; i++) {
		enum form before = form;

		if (strcmp(argv[i], "--json") == 0)
			form = FORM_JSON;
		else if (strcmp(argv[i], "dump") == 0 && interface)
			form = FORM_DUMP;
		else if (argv[i][0] != '-' && !interface && form != FORM_DUMP)
			interface = argv[i];
		else
			return cli_misused("show",
					   "found \"%s\", expected [<name>|all|interfaces] [dump] [--json]",
					   argv[i]);
		if (before != FORM_HUMAN && form != before)
			return cli_misused("show", "found both dump and --json, expected one of them");
	}
	if (interface && strcmp(interface, "interfaces") == 0)
		return form == FORM_HUMAN
			       ? list_interfaces()
			       : cli_misused("show",
					     "found \"interfaces\" with dump or --json, expected it alone");
	is_all = !interface || strcmp(interface, "all") == 0;
	code = is_all ? show_all(&all) : fetch(&all, interface, true);
	if (code == EXIT_OK)
		code = print(&all, form, is_all);
	for (size_t i = 0; i < all.count; i++)
		status_fini(&all.list[i]);
	free(all.list);
	return code;
}
