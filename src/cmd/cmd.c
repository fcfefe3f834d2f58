/* How every command begins: its line by its table, --help, and arguments where it
 * takes none. Called by each cmd_fn with what it does of its own. */
#include "cmd/cmd.h"

int cmd_run(const struct option_table *table, void *args, int argc, char **argv,
	    cmd_body *body, struct fl_err *err)
{
	int words;
	bool help;
	int rc = option_parse(table, args, argc, argv, &words, &help, err);

	if (rc != 0)
		return rc;
	if (help) {
		option_help(table, stdout);
		return 0;
	}
	if (words > 0 && !table->operand)
		return fl_fail(err, FL_EUSAGE, "unexpected argument '%s'",
			       argv[1]);
	return body(args, words, argv + 1, err);
}
