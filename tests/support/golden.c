#include "support/golden.h"

#include "base/arena.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

double golden_real(const struct json *value)
{
	double v = NAN;

	FL_ASSERT(json_real_of(value, &v));
	return v;
}

int golden_int(const struct json *value)
{
	int64_t v = 0;

	FL_ASSERT(json_int(value, &v));
	return (int)v;
}

void golden_fail(struct golden_report *r, const char *format, ...)
{
	va_list args;

	if (r->failed++ > 0)
		return;
	va_start(args, format);
	vsnprintf(r->first, sizeof(r->first), format, args);
	va_end(args);
}

static struct golden_figure *figure(struct golden_report *r, const char *group,
				    const char *kind)
{
	struct golden_figure *f;

	for (int i = 0; i < r->count; i++)
		if (strcmp(r->figures[i].group, group) == 0 &&
		    strcmp(r->figures[i].kind, kind) == 0)
			return &r->figures[i];
	FL_ASSERT(r->count < GOLDEN_MOST_FIGURES);
	f = &r->figures[r->count++];
	*f = (struct golden_figure){ .kind = kind };
	snprintf(f->group, sizeof(f->group), "%s", group);
	return f;
}

void golden_note(struct golden_report *r, const char *group, const char *kind,
		 double typical, double floor, double ours, double own,
		 const char *where)
{
	struct golden_figure *f = figure(r, group, kind);

	f->typical = typical;
	f->floor = floor;
	f->own = fmax(f->own, own);
	/* not a number is the worst, and stays */
	if (!isnan(f->ours) && (!(ours <= f->ours) || f->compared == 0)) {
		f->ours = ours;
		snprintf(f->worst, sizeof(f->worst), "%s", where);
	}
	f->compared++;
}

static double rms_of(const struct json *digest, double *l2)
{
	const struct json *shape = json_get(digest, "shape");
	double n = 1;

	for (size_t d = 0; d < json_count(shape); d++)
		n *= golden_real(json_at(shape, d));
	*l2 = golden_real(json_get(digest, "l2"));
	return *l2 > 0 ? *l2 / sqrt(n < 1 ? 1 : n) : 1;
}

static size_t count_of(const struct json *digest)
{
	const struct json *shape = json_get(digest, "shape");
	size_t n = 1;

	for (size_t d = 0; d < json_count(shape); d++)
		n *= (size_t)golden_int(json_at(shape, d));
	return n;
}

struct golden_distance golden_distance(const struct json *truth,
				       const float *values, size_t count)
{
	const struct json *at = json_get(truth, "at");
	struct golden_distance d = { 0 };
	double l2, rms = rms_of(truth, &l2), square = 0;
	size_t samples = json_count(at);

	for (size_t i = 0; i < count; i++)
		square += (double)values[i] * (double)values[i];
	d.l2 = fabs(sqrt(square) - l2) / (l2 > 0 ? l2 : 1);
	for (size_t i = 0; i < samples; i++) {
		double v = (double)values[i * count / samples];
		double off = fabs(v - golden_real(json_at(at, i))) / rms;

		d.samples = off <= d.samples ? d.samples : off;
	}
	return d;
}

/* The reference's float32 digest against its float64 digest. */
static struct golden_distance own_distance(const struct json *truth,
					   const struct json *own)
{
	const struct json *a = json_get(truth, "at"), *b = json_get(own, "at");
	struct golden_distance d = { 0 };
	double l2, rms = rms_of(truth, &l2);

	d.l2 = fabs(golden_real(json_get(own, "l2")) - l2) / (l2 > 0 ? l2 : 1);
	for (size_t i = 0; i < json_count(a); i++)
		d.samples = fmax(d.samples, fabs(golden_real(json_at(a, i)) -
						 golden_real(json_at(b, i))) /
						    rms);
	return d;
}

static void one_digest(struct golden_report *r, const char *group,
		       struct golden_typical typical, const struct json *truth,
		       const struct json *own, const struct tensor_file *ours,
		       const char *name)
{
	const struct named_tensor *t = tensor_file_find(ours, name);
	size_t n = count_of(truth);
	struct golden_distance a, b;
	float *values;

	if (!t || named_tensor_count(t) != n) {
		golden_fail(r, "%s '%s'", t ? "another shape of" : "no tensor",
			    name);
		return;
	}
	values = fl_malloc((n + 1) * sizeof(*values));
	named_tensor_f32(t, 0, n, values);
	a = golden_distance(truth, values, n);
	b = own_distance(truth, own);
	golden_note(r, group, "samples", typical.samples, 0, a.samples,
		    b.samples, name);
	golden_note(r, group, "l2", typical.l2, 0, a.l2, b.l2, name);
	free(values);
}

void golden_digests(struct golden_report *r, const char *group,
		    struct golden_typical typical, const struct json *truth,
		    const struct json *own, const struct tensor_file *ours,
		    const char *prefix)
{
	if (json_count(truth) == 0)
		golden_fail(r, "the golden file has nothing in '%s'", group);
	for (void *it = json_first(truth); it; it = json_next(truth, it)) {
		char name[256];

		snprintf(name, sizeof(name), "%s%s", prefix, json_key(it));
		one_digest(r, group, typical, json_value(it),
			   json_get(own, json_key(it)), ours, name);
	}
}

double golden_limit(const struct golden_figure *f)
{
	return fmax(3 * fmax(f->own, f->typical), f->floor);
}

void golden_judge(struct golden_report *r, double slack)
{
	for (int i = 0; i < r->count; i++) {
		const struct golden_figure *f = &r->figures[i];

		if (!(f->ours <= slack * golden_limit(f)))
			golden_fail(
				r,
				"%s, %s: %.2e at '%s', allowed %.2e (the reference's own %.2e)",
				f->group, f->kind, f->ours, f->worst,
				slack * golden_limit(f), f->own);
	}
}

void golden_join(struct golden_report *r, const struct golden_report *other)
{
	for (int i = 0; i < other->count; i++) {
		FL_ASSERT(r->count < GOLDEN_MOST_FIGURES);
		r->figures[r->count++] = other->figures[i];
	}
	if (r->failed == 0 && other->failed > 0)
		memcpy(r->first, other->first, sizeof(r->first));
	r->failed += other->failed;
}

void golden_widen(struct golden_report *r, const struct json *spread)
{
	for (int i = 0; i < r->count; i++) {
		struct golden_figure *f = &r->figures[i];
		char name[96];
		double own;

		snprintf(name, sizeof(name), "%s, %s", f->group, f->kind);
		if (json_real_of(json_get(spread, name), &own))
			f->own = fmax(f->own, own);
	}
}

void golden_print(const struct golden_report *r, const char *title)
{
	for (int i = 0; i < r->count; i++) {
		const struct golden_figure *f = &r->figures[i];

		printf("%-24s %-22s %-8s ours %.1e  own %.1e  limit %.1e  %4.0f%%  %s\n",
		       title, f->group, f->kind, f->ours, f->own,
		       golden_limit(f), 100 * f->ours / golden_limit(f),
		       f->worst);
	}
}
