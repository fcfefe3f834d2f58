/* family.h - a family of models: everything that differs between PP-YOLOE and
 * another detector, in one folder and one struct.
 *
 * Which family a recipe means is settled by its 'architecture'. Nothing outside of
 * a family's folder counts levels or bins otherwise than by struct head, names a
 * loss otherwise than by struct loss_value, or knows the family's keys.
 */
#ifndef FL_FAMILY_FAMILY_H
#define FL_FAMILY_FAMILY_H

#include "box/nms.h"
#include "config/recipe.h"
#include "loss/loss.h"
#include "model/model.h"
#include "onnx/onnx.h"

/* One level of a head in an ONNX model: names of its logits ([N, classes, h, w]
 * and [N, 4 bins, h, w]), and its size. */
struct export_map {
	const char *cls, *reg;
	int stride, h, w;
};

struct family {
	/* Its keys in a recipe, and the architectures that they belong to. What
	 * the functions get as options is what that part fills. */
	const struct recipe_part *part;
	/* The network into m->graph, from the graph's input on, and m->head.
	 * FL_ERECIPE for what cannot be built. */
	int (*build)(const void *options, struct model *m, struct fl_err *err);
	/* The state dict of a built model, by model/blocks.h. */
	void (*list_states)(const void *options, struct model *m);
	const struct loss_kind *loss;
	/* The head's maps of n images, in the host's memory: scale_factor [N][2]
	 * as (fy, fx), each above 0; boxes [N][L][4] in pixels of the original
	 * image and scores [N][C][L] are written, L being the points of all
	 * levels. Parallel over points. */
	void (*decode)(const struct head_map *maps, int levels, int n,
		       const float *scale_factor, float *boxes, float *scores);
	/* decode() as nodes of an ONNX model, at a scale factor of 1: the names
	 * of boxes [N, L, 4] and of scores [N, C, L]. */
	void (*export_head)(struct onnx *o, const struct head *head,
			    const struct export_map *maps, const char **boxes,
			    const char **scores);
	struct nms_params (*suppression)(const void *options);
};

/* Every family of this build, NULL at the end: registry/lists.c. */
extern const struct family *const families[];

/* Of a recipe that recipe_load() let pass. */
const void *family_options(const struct recipe *recipe);
struct nms_params family_suppression(const struct recipe *recipe);

/* The recipe's model. FL_ERECIPE. */
int family_model(const struct recipe *recipe, struct model **out,
		 struct fl_err *err);
void family_model_free(struct model *model);

#endif
