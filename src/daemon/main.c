/* SPDX-License-Identifier: GPL-2.0-or-later */
/* flowtund. */
#include "daemon.h"

#include <fcntl.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	struct daemon_args args;
	int fd, code;

	/* Whoever started us with standard descriptors closed would find our sockets, or a log, in their
	 * place. */
	do {
		fd = open("/dev/null", O_RDWR);
	} while (fd >= 0 && fd <= 2);
	if (fd > 2)
		close(fd);
	code = daemon_args_parse(&args, argc, argv);
	return code >= 0 ? code : daemon_run(&args);
}
