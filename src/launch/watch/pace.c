/* pace.c - what the network costs a trainer's step.
 *
 * The agent knows the links, a trainer of ours its model: it tells how many
 * bytes of gradients it has and, after its first steps, how long it computes at
 * one. In a job rank 0 tells, which has the coordinator for its agent; in a
 * preflight every rank does, alone, and the slowest counts.
 */
#include "launch/fleet/preflight_priv.h"

#include "base/log.h"

#include <string.h>

/* Room for the checkpoints, where rank 0 writes them. */
static void take_model(struct fleet *f, const struct json *o)
{
	const char *folder = json_text_or(o, "folder", "");
	double need = json_real_or(o, "checkpoint_bytes", 0) *
		      json_real_or(o, "checkpoints", 0);
	int64_t room = room_free(folder);

	if (room < 0 || (double)room >= need || f->attempt > 0)
		return;
	fl_warn("preflight: %s: only %.0f MiB of disk are free in %s, the "
		"checkpoints of this run need about %.0f (%g of %.0f MiB); make "
		"room, choose another save_dir, or keep fewer (keep_checkpoints)",
		launch_host(f->plan), (double)room / 0x1p20, folder,
		need / 0x1p20, json_real_or(o, "checkpoints", 0),
		json_real_or(o, "checkpoint_bytes", 0) / 0x1p20);
}

static void show(struct fleet *f, const struct json *o)
{
	const char *text = json_text_or(o, "text", "");

	if (json_bool_or(o, "limit", false))
		fl_warn("%s", text);
	else
		fl_info("%s", text);
	if (f->preflight->report) {
		json_set(f->preflight->report, "forecast", fleet_copy(o));
		preflight_save(f);
	}
}

static void forecast(struct fleet *f)
{
	struct preflight_run *r = f->preflight;
	const struct preflight_pair *slowest;
	struct json *o = json_new_object();
	struct fl_str text = FL_STR_INIT;
	struct forecast fc;

	r->forecast = true;
	r->in.ranks = f->layout.world;
	if (preflight_ring(&r->found, &r->in, &slowest)) {
		fc = forecast_step(&r->in);
		preflight_forecast(&r->found, &r->in, &fc, r->step_s, &text);
		json_set_text(o, "text", fl_str_get(&text));
		json_set_bool(o, "limit", fc.kind == FORECAST_LIMIT);
		json_set_real(o, "gradient_bytes", r->in.gradient_bytes);
		json_set_real(o, "compute_s", r->in.compute_s);
		json_set_real(o, "all_reduce_s", fc.all_reduce_s);
		json_set_real(o, "small_sums_s", fc.sums_s);
		json_set_real(o, "share", fc.share);
		json_set_real(o, "step_s", fc.step_s);
		json_set_real(o, "efficiency", fc.efficiency);
		preflight_tell(f, WIRE_FORECAST, o);
		show(f, o);
	} else if (f->options->preflight) {
		fl_info("a step computes %.0f ms, gradients are %.1f MB",
			r->in.compute_s * 1e3, r->in.gradient_bytes * 1e-6);
	}
	fl_str_release(&text);
	json_free(o);
}

void pace_take(struct fleet *f, const struct json *o)
{
	struct preflight_run *r = f->preflight;
	double compute = json_real_or(o, "compute_s", 0);
	int64_t rank = json_int_or(o, "rank", -1);

	if (!r || r->forecast || rank < 0 || rank >= f->layout.world ||
	    r->told[rank])
		return;
	r->told[rank] = true;
	r->heard++;
	r->in.gradient_bytes = json_real_or(o, "gradient_bytes", 0);
	r->in.sums = (int)json_real_or(o, "small_sums", 0);
	if (compute > r->in.compute_s)
		r->in.compute_s = compute;
	if (json_real_or(o, "step_s", 0) > r->step_s)
		r->step_s = json_real_or(o, "step_s", 0);
	if (!f->options->preflight || r->heard == f->layout.world)
		forecast(f);
}

void pace_take_forecast(struct fleet *f, const struct json *o)
{
	if (f->preflight && !fleet_leads(f))
		show(f, o);
}

void pace_local(struct fleet *f, const struct trainer *t,
		const struct json *line)
{
	const char *event = json_text_or(line, "event", "");
	struct json *o;

	if (strcmp(event, "model") == 0 && t->rank == 0)
		take_model(f, line);
	if (strcmp(event, "pace") != 0)
		return;
	o = fleet_copy(line);
	json_set_int(o, "rank", t->rank);
	fleet_to_first(f, WIRE_PACE, o, pace_take);
}
