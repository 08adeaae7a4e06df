/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Small things that several of this folder's parsers need. Pure. */
#ifndef TEXT_H
#define TEXT_H

#include <stddef.h>
#include <stdint.h>

/** text_to_number reads a decimal number of 1 to 18 digits, at most |max|. Returns 0, or -1, |*out|
 * unchanged. */
int text_to_number(uint64_t *out, const char *text, uint64_t max);

/**
 * text_quote copies |text| for a message: printable ASCII as it is, the rest as \xNN, the whole cut at |size|
 * with "..." where it was longer. Returns |out|.
 */
const char *text_quote(char *out, size_t size, const char *text);

#endif
