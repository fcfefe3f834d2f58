/* The VOC half of an evaluation, called by evaluate.c on rank 0: truth and
 * detections as the reference's metric sees them, image after image, and mAP in
 * the place of COCO's first two numbers. The box that is scored is the one that
 * went through the reader's resize, since its float32 roundings decide whether
 * an overlap is over the bound (docs/parity.md: every bit). */
#include "detect/evaluate_priv.h"

#include "eval/voc_eval.h"
#include "data/options.h"
#include "detect/options.h"

#include <stdlib.h>
#include <string.h>

/* The truth itself stays in the data set: reports want names and ids. */
void evaluate_voc_categories(struct annotations *truth,
			     const struct dataset *data)
{
	size_t n = (size_t)data->class_count;

	truth->categories = fl_calloc(n + 1, sizeof(*truth->categories));
	for (size_t i = 0; i < n; i++)
		truth->categories[i] = (struct annotation_category){
			.id = data->class_ids[i],
			.name = fl_arena_strdup(&truth->arena,
						data->class_names[i])
		};
	truth->category_count = n;
}

/* The reference scores the box that went through the reader: scaled, clipped to
 * the input's size and divided by the scale again, in float32. */
static void truth_of(const struct reader_options *reader,
		     const struct data_image *im, struct voc_box *out)
{
	const float size[2] = { (float)reader->sizes[0][1],
				(float)reader->sizes[0][0] };
	const float scale[2] = { (float)((double)reader->sizes[0][1] / im->w),
				 (float)((double)reader->sizes[0][0] / im->h) };

	for (int i = 0; i < im->count; i++) {
		out[i] = (struct voc_box){ .category = im->classes[i],
					   .difficult = im->difficult &&
							im->difficult[i] };
		for (int k = 0; k < 4; k++) {
			float v = im->boxes[i][k] * scale[k % 2];

			v = v < 0 ? 0 : v > size[k % 2] ? size[k % 2] : v;
			out[i].box[k] = v / scale[k % 2];
		}
	}
}

/* Corners again, from the sides that evaluate.c made in double: rounded to
 * float they are the detector's own. */
static void found_of(const struct coco_detection *found, size_t n,
		     struct voc_box *out)
{
	for (size_t i = 0; i < n; i++) {
		const double *b = found[i].bbox;

		out[i] =
			(struct voc_box){ .category = (int)found[i].category_id,
					  .score = (float)found[i].score,
					  .box = { (float)b[0], (float)b[1],
						   (float)(b[0] + b[2]),
						   (float)(b[1] + b[3]) } };
	}
}

/* How many detections image i has: they follow one another from *at on, for
 * gather() put them in order of ids, which for VOC are places. */
static size_t detections_of(const struct coco_detection *found, size_t count,
			    size_t at, int image)
{
	size_t n = 0;

	while (at + n < count && found[at + n].image_id == image)
		n++;
	return n;
}

/* Images without a detection count too: what they hold is missed. */
static int add_images(struct voc_metric *m, const struct recipe *recipe,
		      const struct dataset *data,
		      const struct coco_detection *found, size_t count,
		      struct fl_err *err)
{
	struct voc_box *boxes = fl_calloc(count + 1, sizeof(*boxes));
	size_t at = 0;
	int rc = 0;

	for (int i = 0; rc == 0 && i < data->count; i++) {
		const struct data_image *im = &data->images[i];
		size_t n = detections_of(found, count, at, i);
		struct voc_box *truth =
			fl_calloc((size_t)im->count + 1, sizeof(*truth));

		truth_of(&data_options(recipe)->eval_reader, im, truth);
		found_of(found + at, n, boxes);
		rc = voc_add_image(m, i, boxes, n, truth, (size_t)im->count,
				   err);
		free(truth);
		at += n;
	}
	free(boxes);
	return rc;
}

int evaluate_voc(const struct recipe *recipe, const struct dataset *data,
		 const struct coco_detection *found, size_t count,
		 struct coco_result *out, struct fl_err *err)
{
	size_t classes = (size_t)data->class_count;
	struct voc_metric m;
	int rc;

	voc_init(&m, data->class_count, EVALUATE_VOC_OVERLAP,
		 detect_options(recipe)->map_type, false);
	rc = add_images(&m, recipe, data, found, count, err);
	if (rc == 0) {
		out->category_ids =
			fl_calloc(classes + 1, sizeof(*out->category_ids));
		out->category_ap =
			fl_calloc(classes + 1, sizeof(*out->category_ap));
		out->category_count = classes;
		memcpy(out->category_ids, data->class_ids,
		       classes * sizeof(*out->category_ids));
		/* COCO's numbers that VOC's metric does not have; -1 is COCO's
		 * own "none". */
		for (int i = 0; i < COCO_STATS; i++)
			out->stats[i] = -1;
		out->stats[COCO_AP] = voc_score(&m, out->category_ap);
		out->stats[COCO_AP50] = out->stats[COCO_AP];
		out->curves = fl_calloc(classes + 1, sizeof(*out->curves));
		voc_curves(&m, out->curves);
	}
	voc_release(&m);
	return rc;
}

void evaluator_print(const struct recipe *recipe,
		     const struct coco_result *score, struct fl_str *out)
{
	char word[RECIPE_WORD];
	int type = (int)detect_options(recipe)->map_type;

	if (data_options(recipe)->eval.kind != DATASET_VOC)
		coco_print(score, out);
	else
		fl_str_addf(out, "mAP(%.2f, %s) = %.2f%%\n",
			    EVALUATE_VOC_OVERLAP,
			    recipe_word(MAP_TYPE_WORDS, type, word),
			    100 * score->stats[COCO_AP]);
}
