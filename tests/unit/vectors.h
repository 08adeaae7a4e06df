/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reading vectors from tests/data: JSON by jansson, bytes from hexadecimal. For the tests of src/crypto.
 */
#ifndef VECTORS_H
#define VECTORS_H

#include <check.h>
#include <jansson.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct bytes {
	uint8_t *data; /* never NULL; sanitizers see its end */
	size_t len;
};

static inline struct bytes bytes_of_hex(const char *hex)
{
	size_t digits = strlen(hex);
	struct bytes b = { malloc(digits / 2 ? digits / 2 : 1), digits / 2 };

	ck_assert_ptr_nonnull(b.data);
	ck_assert_uint_eq(digits % 2, 0);
	for (size_t i = 0; i < b.len; i++) {
		unsigned v;

		ck_assert_int_eq(sscanf(hex + 2 * i, "%2x", &v), 1);
		b.data[i] = (uint8_t)v;
	}
	return b;
}

/* The bytes of member |name|, empty if there is none. To be freed. */
static inline struct bytes member_bytes(const json_t *object, const char *name)
{
	const char *hex = json_string_value(json_object_get(object, name));

	return bytes_of_hex(hex ? hex : "");
}

/* Member |name|, which is |len| bytes long. */
static inline void member_fixed(const json_t *object, const char *name, uint8_t *out, size_t len)
{
	struct bytes b = member_bytes(object, name);

	ck_assert_uint_eq(b.len, len);
	memcpy(out, b.data, len);
	free(b.data);
}

static inline const char *member_text(const json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));

	return text ? text : "";
}

static inline char *data_path(const char *name, char *path, size_t size)
{
	const char *srcdir = getenv("srcdir");

	snprintf(path, size, "%s/tests/data/%s", srcdir ? srcdir : ".", name);
	return path;
}

/* A file of tests/data; json_decref it. */
static inline json_t *vectors_load(const char *name)
{
	char path[4096];
	json_error_t error;
	json_t *root = json_load_file(data_path(name, path, sizeof(path)), 0, &error);

	ck_assert_msg(root != NULL, "%s: %s", path, error.text);
	return root;
}

#endif
