/* SPDX-License-Identifier: GPL-2.0-or-later */
/* flowtund. */
#include "daemon.h"

int main(int argc, char **argv)
{
	struct daemon_args args;
	int code = daemon_args_parse(&args, argc, argv);

	return code >= 0 ? code : daemon_run(&args);
}
