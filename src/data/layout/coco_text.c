/* The form that every layout is brought into, called by 'new' for each part: a
 * COCO annotation file, one picture and one box a line, so that people can read
 * and compare it. Names are below the data set's folder; ids count from 1, as
 * COCO's do. */
#include "data/layout/layout.h"
#include "data/layout/layout_priv.h"

#include "text/number.h"

#include <math.h>

/* As JSON has it: in quotes, with what may not stand there escaped. */
static void add_text(struct fl_str *out, const char *text)
{
	fl_str_add(out, "\"");
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			fl_str_addf(out, "\\%c", *text);
		else if ((unsigned char)*text < 0x20)
			fl_str_addf(out, "\\u%04x", (unsigned)*text);
		else
			fl_str_addn(out, text, 1);
	}
	fl_str_add(out, "\"");
}

/* Thousandths of a pixel: the reference rounds corners to three decimals when
 * it reads them, so more digits would say nothing. */
static void add_number(struct fl_str *out, double v)
{
	char text[NUMBER_ROOM];

	fl_str_addn(out, text, number_print(round(v * 1000) / 1000, text));
}

/* Ids are given by counting what is written, here and in add_boxes() alike:
 * both pass over the same images in the same order. */
static void add_images(const struct labels *l, enum label_split split,
		       struct fl_str *out)
{
	const char *comma = "\n";
	int id = 0;

	for (size_t i = 0; i < l->image_count; i++) {
		const struct label_image *im = &l->images[i];

		if (im->gone || im->split != split)
			continue;
		fl_str_addf(out, "%s{\"id\": %d, \"file_name\": ", comma, ++id);
		add_text(out, im->path);
		fl_str_addf(out, ", \"width\": %d, \"height\": %d}", im->w,
			    im->h);
		comma = ",\n";
	}
}

static void add_box(const struct label_box *b, int id, int image,
		    struct fl_str *out)
{
	const double sides[4] = { b->x, b->y, b->w, b->h };

	fl_str_addf(
		out,
		"{\"id\": %d, \"image_id\": %d, \"category_id\": %d, \"bbox\": [",
		id, image, b->class + 1);
	for (int k = 0; k < 4; k++) {
		fl_str_add(out, k ? ", " : "");
		add_number(out, sides[k]);
	}
	/* There is no mask to take it from; COCO's sizes (small, medium, large)
	 * go by it. */
	fl_str_add(out, "], \"area\": ");
	add_number(out, b->w * b->h);
	fl_str_add(out, ", \"iscrowd\": 0}");
}

static void add_boxes(const struct labels *l, enum label_split split,
		      struct fl_str *out)
{
	const char *comma = "\n";
	int id = 0, image = 0;

	for (size_t i = 0; i < l->image_count; i++) {
		const struct label_image *im = &l->images[i];

		if (im->gone || im->split != split)
			continue;
		image++;
		for (int k = 0; k < im->count; k++) {
			fl_str_add(out, comma);
			add_box(&l->boxes[im->first + (size_t)k], ++id, image,
				out);
			comma = ",\n";
		}
	}
}

void layout_coco_text(const struct labels *l, enum label_split split,
		      struct fl_str *out)
{
	fl_str_add(out, "{\"info\": {\"description\": ");
	fl_str_addf(out, "\"made by " LAYOUT_MARK ", %s\"},\n\"images\": [",
		    labels_split_name(split));
	add_images(l, split, out);
	fl_str_add(out, "],\n\"categories\": [");
	for (int i = 0; i < l->class_count; i++) {
		fl_str_addf(out, "%s\n{\"id\": %d, \"name\": ", i ? "," : "",
			    i + 1);
		add_text(out, l->classes[i]);
		fl_str_add(out, "}");
	}
	fl_str_add(out, "],\n\"annotations\": [");
	add_boxes(l, split, out);
	fl_str_add(out, "]}\n");
}
