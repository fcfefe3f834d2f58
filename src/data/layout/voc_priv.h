/* voc_priv.h - between the two halves of the reader of VOC's XML. */
#ifndef FL_DATA_LAYOUT_VOC_PRIV_H
#define FL_DATA_LAYOUT_VOC_PRIV_H

#include "data/layout/layout_priv.h"

struct voc {
	struct labels *labels;
	bool names_given; /* by a file: others are mistakes */
	char *listed; /* of each path of the tree: its part, as a list says */
};

/* A photograph, not the masks or drawings of the same name that VOC and
 * labelme2voc put beside it. */
bool voc_is_picture(const char *path);
/* "background" and what labelme2voc and CVAT call it: no class. */
bool voc_is_ground(const char *name);
bool voc_is_xml(struct tree *tree, const char *path);
/* One picture with its boxes; what is broken goes to the list of odds. */
void voc_read_xml(struct voc *voc, const char *path, enum label_split split);
/* The class names that a file states, if one does. */
int voc_read_names(struct voc *voc, struct fl_err *err);
/* Every XML of every part, as lists or folders deal them out. */
int voc_read_lists(struct voc *voc, struct fl_err *err);
void voc_lists_close(struct voc *voc);

#endif
