/* binding.c - which variables bind, for the trainers' environment and for the
 * line that says so at the start. */
#include "launch/plan/binding.h"

#include "base/log.h"
#include "base/str.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const char *const names[] = { "OMP_PROC_BIND", "OMP_PLACES",
				     "GOMP_CPU_AFFINITY", "KMP_AFFINITY" };
#define COUNT ((int)(sizeof(names) / sizeof(names[0])))

/* OMP_PROC_BIND=false turns places off; Intel's says none or disabled. */
static bool binds(const char *name, const char *value, const char *proc_bind)
{
	if (!value || !*value)
		return false;
	if (strcmp(name, "KMP_AFFINITY") == 0)
		return !strcasestr(value, "none") &&
		       !strcasestr(value, "disabled");
	return !proc_bind || strcasecmp(proc_bind, "false") != 0;
}

bool binding_takes_out(const char *entry, const struct launch_plan *p)
{
	for (int i = 0; i < COUNT && p->count > 1; i++) {
		size_t n = strlen(names[i]);

		if (strncmp(entry, names[i], n) == 0 && entry[n] == '=')
			return binds(names[i], entry + n + 1, getenv(names[0]));
	}
	return false;
}

/* One trainer keeps them: a whole machine is what the profile was written
 * for. */
void binding_say(const struct launch_plan *p)
{
	const char *proc_bind = getenv(names[0]);
	struct fl_str s = FL_STR_INIT;

	for (int i = 0; i < COUNT; i++)
		if (binds(names[i], getenv(names[i]), proc_bind))
			fl_str_addf(&s, "%s%s=%s", s.len ? ", " : "", names[i],
				    getenv(names[i]));
	if (s.len && p->count > 1)
		fl_info("%s would bind all %d trainers to the same cores: not passed on to them",
			fl_str_get(&s), p->count);
	fl_str_release(&s);
}
