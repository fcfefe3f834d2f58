/* classes.h - the classes that a model knows, and those that a file lists.
 *
 * A model's class is a number, the place in the list of the file that it was
 * trained with. Another file may list the same classes in another order, under
 * other ids, some of them only, or more: names decide. Of a name that stands in
 * a list several times the first meets the first, and so on; capitals and blanks
 * at the ends count only where they are needed to tell names apart. Where a list
 * has no names ids decide, if they are the same ones.
 *
 * Ownership: a list borrows its texts.
 */
#ifndef FL_DATA_CLASSES_H
#define FL_DATA_CLASSES_H

#include "base/err.h"
#include "base/str.h"

#include <stdbool.h>
#include <stdint.h>

struct class_list {
	int count;
	const char *const *names;
	const int64_t *ids; /* of categories; NULL: unknown */
	const char *from;   /* "'train.json'", for people */
};

struct class_match {
	int *of_file;  /* for each class of the model its place in the file, or
			  -1; malloc */
	int *of_model; /* the reverse; malloc */
	int met;       /* classes that are in both */
	bool in_order; /* the file has all of the model's at their places */
	bool folded;   /* some only without regard to capitals and blanks */
};

struct class_match classes_match(const struct class_list *model,
				 const struct class_list *file);
void class_match_release(struct class_match *match);
/* "a, b, c, ... (80)" */
void classes_show(const struct class_list *list, struct fl_str *out);
/* FL_EDATA with both lists side by side behind 'why'. */
int classes_refuse(const struct class_list *model,
		   const struct class_list *file, const char *why,
		   struct fl_err *err);

#endif
