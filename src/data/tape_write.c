#include "data/tape.h"

#include "base/str.h"
#include "data/tape_priv.h"
#include "text/number.h"

#include <errno.h>
#include <string.h>

const char *const tape_colors[COLORS] = { "brightness", "contrast",
					  "saturation", "hue" };

static void add_ops(struct fl_str *s, const struct tape_image *im)
{
	const struct draws *d = &im->draws;
	const char *between = "";
	char text[NUMBER_ROOM];

	for (int i = 0; i < d->colors; i++) {
		number_print(d->factor[i], text);
		fl_str_addf(s, "%s[\"%s\", %s]", between,
			    tape_colors[d->color[i]], text);
		between = ", ";
	}
	if (d->canvas_w != im->w || d->canvas_h != im->h) {
		fl_str_addf(s, "%s[\"expand\", %d, %d, %d, %d]", between,
			    d->canvas_w, d->canvas_h, d->paste_x, d->paste_y);
		between = ", ";
	}
	if (draws_crops(d)) {
		fl_str_addf(s, "%s[\"crop\", %d, %d, %d, %d]", between,
			    d->crop_x, d->crop_y, d->crop_w, d->crop_h);
		between = ", ";
	}
	if (d->flip)
		fl_str_addf(s, "%s[\"flip\"]", between);
}

int tape_write(FILE *file, const struct recipe_reader *reader,
	       const struct tape_batch *b, const struct tape_image *images,
	       int count, struct fl_err *err)
{
	struct fl_str s = FL_STR_INIT;
	int rc = 0;

	fl_str_addf(&s, "{\"epoch\": %d, \"step\": %d, ", b->epoch, b->step);
	if (b->rank >= 0)
		fl_str_addf(&s, "\"rank\": %d, ", b->rank);
	fl_str_addf(&s, "\"size\": [%d, %d], \"interp\": %d}\n",
		    reader->sizes[b->size][0], reader->sizes[b->size][1],
		    b->interp);
	for (int i = 0; i < count; i++) {
		const struct tape_image *im = &images[i];

		if (im->id < 0)
			continue;
		fl_str_addf(&s,
			    "{\"epoch\": %d, \"step\": %d, \"image\": %lld, "
			    "\"width\": %d, \"height\": %d, \"ops\": [",
			    b->epoch, b->step, (long long)im->id, im->w, im->h);
		add_ops(&s, im);
		fl_str_add(&s, "]}\n");
	}
	/* whole batches: a run that is killed leaves lines that can be read */
	if (fwrite(fl_str_get(&s), 1, s.len, file) != s.len ||
	    fflush(file) != 0)
		rc = fl_fail(err, FL_EIO,
			     "cannot write the record of draws: %s",
			     strerror(errno));
	fl_str_release(&s);
	return rc;
}
