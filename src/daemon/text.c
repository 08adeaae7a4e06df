/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Small things that several of this folder's parsers need. Pure. */
#include "config.h"
#include <stdio.h>
#include <string.h>
#include "text.h"

int text_to_number(uint64_t *out, const char *text, uint64_t max)
{
	uint64_t value = 0;
	size_t digits = strspn(text, "0123456789");

	if (digits == 0 || digits > 18 || text[digits] != '\0')
		return -1;
	for (; *text; text++)
		value = value * 10 + (uint64_t)(*text - '0');
	if (value > max)
		return -1;
	*out = value;
	return 0;
}

const char *text_quote(char *out, size_t size, const char *text)
{
	size_t at = 0;

	for (; *text; text++) {
		unsigned char c = (unsigned char)*text;
		char piece[5];

		if (c >= 0x20 && c < 0x7f)
			snprintf(piece, sizeof(piece), "%c", c);
		else
			snprintf(piece, sizeof(piece), "\\x%02x", c);
		if (at + strlen(piece) + 4 > size) { /* room for "..." and the NUL must remain */
			strcpy(out + at, "...");
			return out;
		}
		strcpy(out + at, piece);
		at += strlen(piece);
	}
	out[at] = '\0';
	return out;
}
