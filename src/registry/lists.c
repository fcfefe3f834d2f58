/* What this build knows, in rows: families of models, their rules for Paddle's names,
 * and whose keys a recipe may have. Lower rooms go through these lists and name none
 * of their members (family/family.h, ckpt/paddle_names.h, config/recipe.h). */
#include "data/options.h"
#include "detect/options.h"
#include "family/ppyoloe/ppyoloe.h"
#include "optim/options.h"
#include "report/options.h"
#include "train/options.h"

const struct family *const families[] = { &ppyoloe_family, NULL };

const struct paddle_rules *const paddle_families[] = { &ppyoloe_paddle, NULL };

/* In the order of docs/recipes.md. Keys that are objects or lists are read in this
 * order too. */
const struct recipe_part *const recipe_parts[] = {
	&run_part,   &report_part,   &detect_part,  &data_part,
	&optim_part, &schedule_part, &ppyoloe_part, NULL,
};
