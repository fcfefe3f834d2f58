/* text_ids.h - ids that are text, as numbers that sort as their texts do.
 *
 * COCO files number images, annotations and categories, but writers put names,
 * hashes and digits in quotes there, and pycocotools takes them all: to it an
 * id is any key of a dictionary. A text becomes a number below every id that a
 * file states as a number, so tables of int64_t hold both kinds, and sorting
 * them gives the order of Python's strings.
 *
 * While a file is read its texts are added, each getting a number for the
 * moment; text_ids_settle() then gives every text its final one.
 *
 * Ownership: the texts belong to the struct. Threads: read-only once settled.
 */
#ifndef FL_BOX_TEXT_IDS_H
#define FL_BOX_TEXT_IDS_H

#include "base/arena.h"
#include "text/json_pull.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct text_ids {
	struct fl_arena arena;
	const char **texts; /* as added; settled: rising, each once */
	size_t count, cap;
};

#define TEXT_ID_ROOM 24 /* of a number's digits, with its zero */

/* Does this number stand for a text? */
bool text_id_is(int64_t id);
/* The value whose first token is t: a whole number (7, 7.0) or a text. What is
 * neither as JSON but a number (7.5, 10^30) is taken by its digits. False: no
 * id, the value is passed over. */
bool text_ids_take(struct text_ids *ids, struct json_pull *r, enum json_token t,
		   int64_t *id);
/* Add a text that stands in no file. */
int64_t text_ids_add(struct text_ids *ids, const char *text, size_t len);
/* now[k] is the final id of what was added as the k-th (malloc). */
int64_t *text_ids_settle(struct text_ids *ids);
/* id, or of a text its final number. */
int64_t text_id_now(const int64_t *now, int64_t id);
/* The text of an id, NULL for a number. */
const char *text_ids_get(const struct text_ids *ids, int64_t id);
/* False where no id has this text. */
bool text_ids_find(const struct text_ids *ids, const char *text, int64_t *id);
/* As people read it: the text, or the digits in buf. */
const char *text_ids_show(const struct text_ids *ids, int64_t id,
			  char buf[TEXT_ID_ROOM]);
/* The number that a text spells, wholly ("007": 7). */
bool text_id_number(const char *text, int64_t *number);
void text_ids_release(struct text_ids *ids);

#endif
