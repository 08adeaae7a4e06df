/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What config.c (lines, sections, memory) and config_keys.c (what each key may hold) share. */
#ifndef CONFIG_PARSER_H
#define CONFIG_PARSER_H

#include "daemon_config.h"

#define CONFIG_QUOTE_MAX   80 /* how much of a value a message shows */
#define CONFIG_KEYWORD_MAX 24 /* no key is longer; a Base64 key is */

enum config_section { CONFIG_SECTION_NONE, CONFIG_SECTION_INTERFACE, CONFIG_SECTION_PEER };

/* Bits of |seen|: the index of a key in config_keys.c's table, these two first. */
#define CONFIG_SEEN_PRIVATE_KEY (1u << 0)
#define CONFIG_SEEN_PUBLIC_KEY	(1u << 1)

struct config_parser {
	const char *name; /* of the file */
	unsigned line;	  /* from 1 */
	unsigned mtu_line;
	char *error; /* CONFIG_ERROR_MAX */
	enum config_section section;
	uint32_t seen[3]; /* by section: its keys so far; of all [Interface] sections together */
	uint32_t inert;	  /* keys that do nothing yet */
	struct config *config;
	struct config_peer *peer; /* the last one, in CONFIG_SECTION_PEER */
};

/** config_refuse writes "name:line: " and the sentence; always returns false. */
bool config_refuse(struct config_parser *p, const char *format, ...) __attribute__((format(printf, 2, 3)));
bool config_refuse_nomem(struct config_parser *p);
/** config_warn appends a warning, the file's name in front of it; false (error filled): no memory. */
bool config_warn(struct config_parser *p, const char *format, ...) __attribute__((format(printf, 2, 3)));

/** config_grow returns |list| or a bigger copy with room for one more; NULL: no memory, |list| unchanged. */
void *config_grow(void *list, size_t count, size_t size);

/** config_key_line takes one `key = value`. |value| is trimmed and may be changed; |squeeze| removes spaces.
 */
bool config_key_line(struct config_parser *p, const char *key, char *value, void (*squeeze)(char *));
/** config_warn_inert adds the one warning that lists the keys without effect. */
bool config_warn_inert(struct config_parser *p);

#endif
