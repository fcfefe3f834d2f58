/* ppyoloe.h - PP-YOLOE and PP-YOLOE+; for the lists in src/registry. */
#ifndef FL_FAMILY_PPYOLOE_PPYOLOE_H
#define FL_FAMILY_PPYOLOE_PPYOLOE_H

#include "ckpt/paddle_names.h"
#include "family/family.h"

extern const struct family ppyoloe_family;
extern const struct recipe_part ppyoloe_part;
extern const struct paddle_rules ppyoloe_paddle;

#endif
