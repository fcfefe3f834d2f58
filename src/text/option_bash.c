/* option_bash.c - completion for bash from option tables.
 *
 * Called by option_pages.c. One shell function, made row by row, tells what a
 * command and what an option takes; the rest is the same for both programs and
 * reads the line as option.c does. It needs nothing of the package
 * bash-completion, but fleetrun's program completes better with it.
 */
#include "text/option_pages_priv.h"

#include <string.h>

/* clang-format off */
/* The line is read from its start at each Tab, since only that tells whether a
 * word is an option's value, the command or an argument of its own. */
static const char engine[] =
	"# The words before the cursor, read as the program reads them. TABLE COMMAND\n"
	"# sets options, verbs and operand of a command; with an OPTION, what it takes.\n"
	"_flotilla_read() # TABLE INITIAL\n"
	"{\n"
	"\tlocal word\n"
	"\tfor ((at = 1; at < COMP_CWORD; at++)); do\n"
	"\t\tword=${COMP_WORDS[at]}\n"
	"\t\tcase $word in\n"
	"\t\t=) continue ;; # --name=value is three words to bash,\n"
	"\t\t:) at=$((at + 1)) && continue ;; # and so is host:port\n"
	"\t\t--*) word=${word#--} && word=--${word//-/_} ;;\n"
	"\t\tesac\n"
	"\t\tif [[ $word == -[!0-9.]* ]]; then\n"
	"\t\t\ttakes= many=\n"
	"\t\t\t[ -n \"$command\" ] || command=$2\n"
	"\t\t\t\"$1\" \"$command\" \"$word\"\n"
	"\t\telif [ -n \"$takes\" ]; then\n"
	"\t\t\t[ -n \"$many\" ] || takes=\n"
	"\t\telif [ -z \"$command\" ] && [ -n \"$2\" ]; then\n"
	"\t\t\tcommand=$word\n"
	"\t\telif [ \"$operand\" = PROGRAM ]; then\n"
	"\t\t\treturn\n"
	"\t\telse\n"
	"\t\t\twords=$((words + 1))\n"
	"\t\tfi\n"
	"\tdone\n"
	"}\n"
	"\n"
	"_flotilla_offer() # KIND, or words\n"
	"{\n"
	"\tcase $1 in\n"
	"\tFILE) mapfile -t COMPREPLY < <(compgen -f -- \"$cur\") ;;\n"
	"\tDIR) mapfile -t COMPREPLY < <(compgen -d -- \"$cur\") ;;\n"
	"\tPROGRAM) mapfile -t COMPREPLY < <(compgen -c -- \"$cur\"; compgen -f -- \"$cur\") ;;\n"
	"\t*)\n"
	"\t\tcompopt +o default 2>/dev/null\n"
	"\t\t[ \"$1\" = - ] || mapfile -t COMPREPLY < <(compgen -W \"$1\" -- \"$cur\")\n"
	"\t\treturn\n"
	"\t\t;;\n"
	"\tesac\n"
	"\tcompopt -o filenames 2>/dev/null\n"
	"}\n"
	"\n"
	"_flotilla_complete() # TABLE INITIAL\n"
	"{\n"
	"\tlocal cur=${COMP_WORDS[COMP_CWORD]} command= takes= many= at words=0\n"
	"\tlocal options= verbs= operand=\n"
	"\tCOMPREPLY=()\n"
	"\t[ \"$cur\" != = ] || cur=\n"
	"\t\"$1\" ''\n"
	"\t_flotilla_read \"$1\" \"$2\"\n"
	"\tif [ \"$at\" -lt \"$COMP_CWORD\" ]; then\n"
	"\t\t_flotilla_program \"$at\"\n"
	"\t\treturn\n"
	"\tfi\n"
	"\t\"$1\" \"$command\"\n"
	"\tif [[ $cur == --* ]]; then\n"
	"\t\tcur=${cur#--} && cur=--${cur//-/_}\n"
	"\t\t_flotilla_offer \"$options\"\n"
	"\telif [ \"$cur\" = - ]; then\n"
	"\t\t_flotilla_offer \"$options\"\n"
	"\telif [ -n \"$takes\" ]; then\n"
	"\t\t_flotilla_offer \"$takes\"\n"
	"\telif [ -n \"$verbs\" ] && [ \"$words\" -eq 0 ]; then\n"
	"\t\t_flotilla_offer \"$verbs\"\n"
	"\telse\n"
	"\t\t_flotilla_offer \"${operand:--}\"\n"
	"\tfi\n"
	"}\n";

/* bash-completion's functions have two names each: from version
 * 2.12 on they begin with _comp_. */
static const char program_of_ours[] =
	"# The words from AT on are another program's: by bash-completion where it is\n"
	"# loaded. tools/train.py means our trainer where that script is not here.\n"
	"_flotilla_program() # AT\n"
	"{\n"
	"\tlocal f word=${COMP_WORDS[$1]}\n"
	"\tif [[ $word == *tools/train.py && ! -e $word ]]; then\n"
	"\t\tCOMP_WORDS=(flotilla train \"${COMP_WORDS[@]:$1+1}\")\n"
	"\t\tCOMP_CWORD=$((COMP_CWORD - $1 + 1))\n"
	"\telse\n"
	"\t\tfor f in _comp_command_offset _command_offset; do\n"
	"\t\t\tdeclare -F \"$f\" >/dev/null && \"$f\" \"$1\" && return\n"
	"\t\tdone\n"
	"\t\t[[ $word == flotilla || $word == */flotilla ]] || return\n"
	"\t\tCOMP_WORDS=(\"${COMP_WORDS[@]:$1}\")\n"
	"\t\tCOMP_CWORD=$((COMP_CWORD - $1))\n"
	"\tfi\n"
	"\tfor f in _comp_load __load_completion; do\n"
	"\t\tdeclare -F _flotilla >/dev/null || \"$f\" flotilla 2>/dev/null\n"
	"\tdone\n"
	"\tdeclare -F _flotilla >/dev/null && _flotilla\n"
	"}\n";
/* clang-format on */

/* FILE, DIR, words, or '-' for what nobody can guess. */
static void put_offer(FILE *to, enum option_kind kind, const char *arg)
{
	char words[128];

	switch (option_offer(kind, arg)) {
	case OFFER_FILES:
		fputs("FILE", to);
		break;
	case OFFER_FOLDERS:
		fputs("DIR", to);
		break;
	case OFFER_WORDS:
		fputs(option_words(arg, words, sizeof(words)), to);
		break;
	case OFFER_NOTHING:
		fputc('-', to);
	}
}

/* A flag takes nothing, so it needs no arm: $takes stays empty. */
static void put_row(FILE *to, const struct option_row *r)
{
	if (r->kind == OPTION_FLAG)
		return;
	fputs("\t\t", to);
	if (r->letter)
		fprintf(to, "-%c | ", r->letter);
	fprintf(to, "--%s) takes='", r->name);
	put_offer(to, r->kind, r->arg);
	fprintf(to, "'%s ;;\n", r->kind == OPTION_LIST ? " many=1" : "");
}

/* One arm of the function: what "TABLE COMMAND [OPTION]" sets. */
static void put_table(FILE *to, const char *name, const struct option_table *t)
{
	char words[128];

	fprintf(to, "\t'%s')\n\t\toptions='", name);
	for (size_t i = 0; i < t->count; i++)
		if (t->rows[i].help)
			fprintf(to, "--%s ", t->rows[i].name);
	fprintf(to, "--help' verbs='%s' operand='",
		t->verbs ? option_words(t->verbs, words, sizeof(words)) : "");
	if (t->stop_at_word)
		fputs("PROGRAM", to);
	else
		put_offer(to, OPTION_TEXT, t->operand);
	fputs("'\n\t\tcase $2 in\n", to);
	for (size_t i = 0; i < t->count; i++)
		put_row(to, &t->rows[i]);
	fputs("\t\tesac\n\t\t;;\n", to);
}

/* The table without a command: what stands first on the line. */
static void put_commands(FILE *to, const struct option_program *p)
{
	fputs("\t'')\n\t\toptions='--help --version' operand='-' verbs='", to);
	for (size_t i = 0; i < p->count; i++)
		fprintf(to, "%s%s", i ? " " : "", p->commands[i].name);
	fputs("'\n\t\t;;\n", to);
}

void option_print_bash(const struct option_program *p, FILE *to)
{
	const struct option_table *t;
	const char *name;

	fprintf(to,
		"# bash completion for %s; printed by '%s --completion bash'.\n\n",
		p->name, p->name);
	fputs(engine, to);
	fputc('\n', to);
	/* Only fleetrun starts another program, and only it has no commands. */
	if (!p->commands) {
		fputs(program_of_ours, to);
		fputc('\n', to);
	}
	fprintf(to, "_%s_table() # COMMAND [OPTION]\n{\n\tcase $1 in\n",
		p->name);
	if (p->commands)
		put_commands(to, p);
	for (size_t i = 0; (t = option_table_at(p, i, &name)) != NULL; i++)
		put_table(to, name, t);
	fprintf(to,
		"\t*) options= verbs= operand=- ;;\n\tesac\n}\n\n"
		"_%s()\n{\n\t_flotilla_complete _%s_table '%s'\n}\n"
		"complete -o default -F _%s %s\n",
		p->name, p->name, p->initial ? p->initial : "", p->name,
		p->name);
}
