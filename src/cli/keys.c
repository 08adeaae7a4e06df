/* SPDX-License-Identifier: GPL-2.0-or-later */
/* flowtun genkey, pubkey, genpsk. Keys go through standard input and output, never through the command line.
 */
#include "config.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "cli.h"
#include "crypto_keys.h"

static int no_arguments(int argc, char **argv)
{
	if (argc == 1)
		return EXIT_OK;
	return cli_misused(argv[0], "found \"%s\", expected nothing after %s", argv[1], argv[0]);
}

static void warn_if_readable_by_all(void)
{
	struct stat st;

	if (fstat(STDOUT_FILENO, &st) == 0 && S_ISREG(st.st_mode) && st.st_mode & S_IRWXO)
		fputs("Warning: writing to world accessible file.\n"
		      "Consider setting the umask to 077 and trying again.\n",
		      stderr);
}

/* Past stdio, whose buffer would keep the key. Wipes |key|. */
static int print_key(uint8_t key[CRYPTO_KEY_LEN])
{
	char text[CRYPTO_KEY_TEXT + 2];
	size_t sent = 0;
	int error = 0;

	crypto_key_to_base64(text, key);
	rtmfp_wipe(key, CRYPTO_KEY_LEN);
	text[CRYPTO_KEY_TEXT] = '\n';
	while (sent < CRYPTO_KEY_TEXT + 1) {
		ssize_t n = write(STDOUT_FILENO, text + sent, CRYPTO_KEY_TEXT + 1 - sent);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			error = errno;
			break;
		}
		sent += (size_t)n;
	}
	rtmfp_wipe(text, sizeof(text));
	return error ? cli_failed("standard output: %s", strerror(error)) : EXIT_OK;
}

static int generate(int argc, char **argv, int (*make)(uint8_t key[CRYPTO_KEY_LEN]))
{
	uint8_t key[CRYPTO_KEY_LEN];
	int code = no_arguments(argc, argv);

	if (code != EXIT_OK)
		return code;
	warn_if_readable_by_all();
	if (make(key) != 0)
		return cli_failed("the system gave no random numbers");
	return print_key(key);
}

int cli_genkey(int argc, char **argv)
{
	return generate(argc, argv, crypto_genkey);
}

int cli_genpsk(int argc, char **argv)
{
	return generate(argc, argv, crypto_genpsk);
}

/* Reads all of standard input into |text|; more than |size| - 1 bytes count as |size|. Returns -1 with errno.
 */
static ssize_t read_input(char *text, size_t size)
{
	size_t len = 0;

	while (len < size) {
		ssize_t n = read(STDIN_FILENO, text + len, size - len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		if (n == 0)
			break;
		len += (size_t)n;
	}
	return (ssize_t)len;
}

int cli_pubkey(int argc, char **argv)
{
	static const char expected[] = "expected a private key: 44 characters of Base64";
	char text[256];
	uint8_t key[CRYPTO_KEY_LEN];
	int code = no_arguments(argc, argv);
	ssize_t len;

	if (code != EXIT_OK)
		return code;
	len = read_input(text, sizeof(text));
	if (len < 0)
		return cli_failed("standard input: %s", strerror(errno));
	while (len > 0 && strchr(" \t\r\n", text[len - 1]) && text[len - 1] != '\0')
		len--;
	if (len != CRYPTO_KEY_TEXT) {
		code = cli_failed("found %s%zd characters on standard input, %s",
				  len == (ssize_t)sizeof(text) ? "more than " : "",
				  len == (ssize_t)sizeof(text) ? len - 1 : len, expected);
	} else {
		text[len] = '\0';
		if (crypto_key_from_base64(key, text) != 0)
			code = cli_failed("found 44 characters on standard input that encode no 32 bytes, %s",
					  expected);
	}
	rtmfp_wipe(text, sizeof(text));
	if (code == EXIT_OK && crypto_pubkey(key, key) != 0)
		code = cli_failed("the cryptography library cannot compute the public key");
	if (code == EXIT_OK)
		code = print_key(key);
	rtmfp_wipe(key, sizeof(key));
	return code;
}
