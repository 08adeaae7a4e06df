/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A session of the flowtun profile with fixed keys and fixed randomness, told byte by byte: the test vectors
 * of doc/PROTOCOL.md. For print_story and test_crypto_answers.
 */
#ifndef STORY_H
#define STORY_H

#include <stdio.h>

/** story_tell writes the whole story to |out|. Aborts if the ops and the plain Noise functions disagree. */
void story_tell(FILE *out);

#endif
