/* labels.c - the labels of the training data counted: how many of each class, how
 * large, and where.
 *
 * The page sink calls it once, at the first batch; a million boxes take some
 * milliseconds. Boxes are counted as the file has them, before any crop or flip
 * of the reader: what is odd there (boxes of one pixel, a class of three boxes,
 * everything in one corner) no augmentation mends. */
#include "report/labels.h"

#include "base/arena.h"
#include "report/scores.h"

#include <stdlib.h>

#define MOST_CLASSES 1000
#define SMALL 1024.0 /* pixels, as COCO counts: 32 x 32 */
#define LARGE 9216.0
#define CROWDS 9 /* 0, 1, 2, 3-4, 5-8, 9-16, 17-32, 33-64, more */

struct label_counts {
	int64_t small, medium, large, empty;
	int64_t crowds[CROWDS];
	int64_t places[LABELS_GRID][LABELS_GRID];
	int64_t sizes[LABELS_GRID][LABELS_GRID];
	int64_t *boxes, *images; /* of each class */
	int *last;		 /* picture that counted for it */
};

static int part_of(double part)
{
	int i = (int)(part * LABELS_GRID);

	return i < 0 ? 0 : i >= LABELS_GRID ? LABELS_GRID - 1 : i;
}

static int crowd_of(int count)
{
	int i = count < 2 ? count : 2;

	for (int most = 2; count > most && i < CROWDS - 1; most *= 2)
		i++;
	return i;
}

static void count_box(struct label_counts *l, const struct data_image *im,
		      int i, int image)
{
	const float *b = im->boxes[i];
	double w = (double)(b[2] - b[0]), h = (double)(b[3] - b[1]);
	int class = im->classes[i];

	l->small += w * h < SMALL;
	l->medium += w * h >= SMALL && w * h < LARGE;
	l->large += w * h >= LARGE;
	l->boxes[class]++;
	l->images[class] += l->last[class] != image;
	l->last[class] = image;
	if (im->w <= 0 || im->h <= 0)
		return;
	l->places[part_of(((double)b[1] + h / 2) / im->h)]
		 [part_of(((double)b[0] + w / 2) / im->w)]++;
	l->sizes[part_of(h / im->h)][part_of(w / im->w)]++;
}

static void count_all(struct label_counts *l, const struct dataset *d)
{
	for (int c = 0; c < d->class_count; c++)
		l->last[c] = -1;
	for (int i = 0; i < d->count; i++) {
		const struct data_image *im = &d->images[i];

		l->empty += im->count == 0;
		l->crowds[crowd_of(im->count)]++;
		for (int k = 0; k < im->count; k++)
			count_box(l, im, k, i);
	}
}

static struct json *grid_json(int64_t grid[LABELS_GRID][LABELS_GRID])
{
	struct json *rows = json_new_array();

	for (int y = 0; y < LABELS_GRID; y++) {
		struct json *row = json_new_array();

		for (int x = 0; x < LABELS_GRID; x++)
			json_add(row, json_new_int(grid[y][x]));
		json_add(rows, row);
	}
	return rows;
}

static struct json *classes_json(const struct label_counts *l,
				 const struct dataset *d)
{
	struct json *list = json_new_array();

	for (int c = 0; c < d->class_count && c < MOST_CLASSES; c++) {
		struct json *o = json_new_object();

		json_set(o, "name", scores_name(d->class_names[c]));
		json_set_int(o, "boxes", l->boxes[c]);
		json_set_int(o, "images", l->images[c]);
		json_add(list, o);
	}
	return list;
}

struct json *labels_json(const struct dataset *d)
{
	struct label_counts *l = fl_calloc(1, sizeof(*l));
	size_t classes = (size_t)d->class_count + 1;
	struct json *o = json_new_object(), *crowd = json_new_array();

	l->boxes = fl_calloc(classes, sizeof(*l->boxes));
	l->images = fl_calloc(classes, sizeof(*l->images));
	l->last = fl_calloc(classes, sizeof(*l->last));
	count_all(l, d);
	json_set_int(o, "images", d->count);
	json_set_int(o, "empty", l->empty);
	json_set_int(o, "boxes", d->boxes);
	json_set_int(o, "small", l->small);
	json_set_int(o, "medium", l->medium);
	json_set_int(o, "large", l->large);
	for (int i = 0; i < CROWDS; i++)
		json_add(crowd, json_new_int(l->crowds[i]));
	json_set(o, "crowd", crowd);
	json_set(o, "classes", classes_json(l, d));
	json_set(o, "places", grid_json(l->places));
	json_set(o, "sizes", grid_json(l->sizes));
	free(l->boxes);
	free(l->images);
	free(l->last);
	free(l);
	return o;
}
