/* time.c - what the time of an epoch goes into: computing, waiting for pictures,
 * waiting for other ranks, evaluation.
 *
 * Of rank 0 by metrics.jsonl, whose seconds are means of logged steps; of all
 * ranks by the launcher's ledger where it kept one (report/facts.c): means of its
 * windows, times the steps of an epoch. Evaluations are rank 0's, shared out over
 * the epochs so far, and the same for all ranks, who make them together. */
#include "page/html.h"
#include "page/page_priv.h"

#include <math.h>

enum {
	COMPUTING,
	DATA,
	RANKS,
	EVALUATION,
	PARTS
};

static const char *const part_names[PARTS] = { "computing",
					       "waiting for pictures",
					       "waiting for other ranks",
					       "evaluation" };

static double mean_of(const struct numbers *n, const char *name)
{
	const double *v = numbers_get(n, name);
	double sum = 0;
	size_t count = 0;

	for (size_t i = 0; v && i < n->rows; i++)
		if (isfinite(v[i])) {
			sum += v[i];
			count++;
		}
	return count ? sum / (double)count : 0;
}

/* Seconds of evaluation an epoch. */
static double evaluation_of(const struct page_run *r)
{
	const double *epoch = numbers_get(&r->scores, "epoch");
	double last = epoch && r->scores.rows ? epoch[r->scores.rows - 1] : -1;

	if (last < 0)
		return 0;
	return mean_of(&r->scores, "eval_s") * (double)r->scores.rows /
	       (last + 1);
}

static double steps_of(const struct page_run *r)
{
	return json_real_or(r->facts, "steps_per_epoch", NAN);
}

static void take_rank0(const struct page_run *r, double parts[PARTS])
{
	double steps = steps_of(r);
	double waits = mean_of(&r->steps, "comm_wait_s") +
		       mean_of(&r->steps, "sync_bn_s");
	double data = mean_of(&r->steps, "data_s");

	parts[COMPUTING] =
		steps * fmax(mean_of(&r->steps, "batch_s") - data - waits, 0);
	parts[DATA] = steps * data;
	parts[RANKS] = steps * waits;
	parts[EVALUATION] = evaluation_of(r);
}

static void take_ledger(const struct page_run *r, const struct json *rank,
			double parts[PARTS])
{
	double ms = steps_of(r) / 1e3;

	parts[COMPUTING] = ms * json_real_or(rank, "compute_ms", 0);
	parts[DATA] = ms * json_real_or(rank, "data_ms", 0);
	parts[RANKS] = ms * json_real_or(rank, "wait_ms", 0);
	parts[EVALUATION] = evaluation_of(r);
}

static double sum_of(const double parts[PARTS])
{
	double sum = 0;

	for (int i = 0; i < PARTS; i++)
		sum += parts[i];
	return sum;
}

static void draw_row(const char *name, const double parts[PARTS], double most,
		     struct fl_str *out)
{
	double at = 0;

	fl_str_add(out, "<tr>");
	page_name(out, name);
	fl_str_add(out, "<td><svg class=\"bar long\" viewBox=\"0 0 100 10\" "
			"preserveAspectRatio=\"none\" aria-hidden=\"true\">");
	for (int i = 0; i < PARTS; i++) {
		double width = most > 0 ? 100 * parts[i] / most : 0;

		fl_str_addf(out,
			    "<rect class=\"part s%d\" x=\"%.2f\" "
			    "width=\"%.2f\" height=\"10\"/>",
			    i + 1, at, width);
		at += width;
	}
	fl_str_add(out, "</svg></td>");
	for (int i = 0; i < PARTS; i++)
		fl_str_addf(out, "<td class=\"n\">%.4g</td>", parts[i]);
	fl_str_addf(out, "<td class=\"n\">%.4g</td></tr>\n", sum_of(parts));
}

/* Draws all rows, or with out NULL finds the longest. */
static double draw_rows(const struct sheet *p, double most, struct fl_str *out)
{
	double longest = 0;

	for (int i = 0; i < p->count; i++) {
		const struct page_run *r = &p->runs[i];
		const struct json *ledger = json_get(r->facts, "ledger");
		struct fl_str name = FL_STR_INIT;
		double parts[PARTS];

		if (!(steps_of(r) > 0) || r->steps.rows == 0)
			continue;
		if (p->count > 1)
			fl_str_addf(&name, "%s, ", r->name);
		fl_str_add(&name, "rank 0, all logged steps");
		take_rank0(r, parts);
		longest = fmax(longest, sum_of(parts));
		if (out)
			draw_row(fl_str_get(&name), parts, most, out);
		for (size_t k = 0; k < json_count(ledger); k++) {
			const struct json *rank = json_at(ledger, k);

			fl_str_clear(&name);
			if (p->count > 1)
				fl_str_addf(&name, "%s, ", r->name);
			fl_str_addf(&name, "rank %zu (%s), by the ledger", k,
				    json_text_or(rank, "host", ""));
			take_ledger(r, rank, parts);
			longest = fmax(longest, sum_of(parts));
			if (out)
				draw_row(fl_str_get(&name), parts, most, out);
		}
		fl_str_release(&name);
	}
	return longest;
}

void page_time(const struct sheet *p, struct fl_str *out)
{
	const char *words[PARTS + 4] = { "seconds of an epoch", "" };
	double most = draw_rows(p, 0, NULL);

	if (most <= 0)
		return;
	for (int i = 0; i < PARTS; i++)
		words[i + 2] = part_names[i];
	words[PARTS + 2] = "together";
	page_begin(out, "time", "Where the time of an epoch goes");
	fl_str_add(out, "<ul class=\"legend\">");
	for (int i = 0; i < PARTS; i++)
		fl_str_addf(out, "<li><i class=\"key s%d\"></i>%s</li>", i + 1,
			    part_names[i]);
	fl_str_add(out, "</ul><div class=\"tall\">");
	page_table(out, words);
	draw_rows(p, most, out);
	page_table_end(out);
	fl_str_add(out, "</div>");
	page_end(out);
}
