/* cmd_recipe_keys.c - flotilla recipe-keys: the table of docs/recipes.md. */
#include "cmd/cmd.h"

#include "config/recipe.h"

#include <stdio.h>

int cmd_recipe_keys(int argc, char **argv, struct fl_err *err)
{
	struct fl_str rows = FL_STR_INIT;

	(void)argv;
	if (argc > 1)
		return fl_fail(err, FL_EUSAGE, "recipe-keys takes no argument");
	recipe_print_rows(&rows);
	fputs(fl_str_get(&rows), stdout);
	fl_str_release(&rows);
	return 0;
}
