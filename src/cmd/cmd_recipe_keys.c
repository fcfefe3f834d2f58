/* cmd_recipe_keys.c - flotilla recipe-keys: every key of
 * a recipe as a table in Markdown.
 * The table in docs/recipes.md is this output; the rows are those the parser
 * uses, so the two cannot differ. */
#include "cmd/cmd.h"

#include "cmd/paddle_options.h"
#include "config/recipe.h"

#include <stdio.h>

const struct option_table cmd_recipe_keys_options = {
	.program = "flotilla recipe-keys",
	.usage = "",
	.about = "Prints every key of a recipe with its kind, default, bounds "
		 "and meaning, as a table\nin Markdown.",
};

static int print_keys(void *args, int words, char **argv, struct fl_err *err)
{
	struct fl_str rows = FL_STR_INIT;

	(void)args, (void)words, (void)argv, (void)err;
	recipe_print_rows(&rows);
	paddle_options_print(&rows);
	fputs(fl_str_get(&rows), stdout);
	fl_str_release(&rows);
	return 0;
}

int cmd_recipe_keys(int argc, char **argv, struct fl_err *err)
{
	return cmd_run(&cmd_recipe_keys_options, NULL, argc, argv, print_keys,
		       err);
}
