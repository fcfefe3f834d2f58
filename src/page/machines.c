/* machines.c - where the run was made, by what, and of what: enough to make it
 * again or to see why another one differs.
 *
 * report.json has three objects of texts, told by the trainer of rank 0
 * (report/facts.c); their keys are the rows here, so that nothing has to be named
 * twice. Digests of weights are added at the end of a run. */
#include "page/page_priv.h"

#include <string.h>

static bool known(const struct sheet *p, int run, const char *part,
		  const char *key)
{
	for (int i = 0; i < run; i++)
		if (json_get(json_get(p->runs[i].facts, part), key))
			return true;
	return false;
}

static void draw_part(const struct sheet *p, const char *part,
		      const char *title, struct fl_str *out)
{
	const char *words[PAGE_MOST_RUNS + 2] = { title };

	for (int i = 0; i < p->count; i++)
		words[i + 1] = p->count > 1 ? p->runs[i].name : "";
	page_table(out, words);
	for (int run = 0; run < p->count; run++) {
		const struct json *o = json_get(p->runs[run].facts, part);

		for (void *it = json_first(o); it; it = json_next(o, it)) {
			const char *key = json_key(it);

			if (known(p, run, part, key))
				continue;
			fl_str_add(out, "<tr>");
			page_name(out, key);
			for (int i = 0; i < p->count; i++)
				page_cell(
					out,
					json_text_or(json_get(p->runs[i].facts,
							      part),
						     key, "–"));
			fl_str_add(out, "</tr>");
		}
	}
	page_table_end(out);
}

void page_machines(const struct sheet *p, struct fl_str *out)
{
	static const char *const parts[][2] = { { "machines", "Machines" },
						{ "versions", "Versions" },
						{ "digests",
						  "Digests (SHA-256)" } };
	bool any = false;

	for (int i = 0; i < p->count; i++)
		any = any || p->runs[i].facts;
	if (!any)
		return;
	page_begin(out, "machines", "Machines, versions, digests");
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		draw_part(p, parts[i][0], parts[i][1], out);
	page_end(out);
}
