/* foreign_labels.c - label files of other tools, told by the keys that no other
 * tool writes together.
 *
 * Called by the readers of annotations, of detections and of folders once a file
 * is not theirs. Keys stand in quotes, as in the file; all of a row must be in
 * it. What each tool exports is from its own documents.
 */
#include "box/foreign_labels.h"

#include <stdbool.h>
#include <string.h>

#define MOST_KEYS 3
#define LOOKED_AT \
	((size_t)1 << 20) /* bytes: every key comes with the first label */

static const struct {
	const char *what, *keys[MOST_KEYS];
} tools[] = {
	{ "VGG Image Annotator's own json: take 'Export Annotations (COCO format)' there",
	  { "\"shape_attributes\"", "\"region_attributes\"" } },
	{ "VGG Image Annotator's own table: take 'Export Annotations (COCO format)' there",
	  { "region_shape_attributes", "region_count" } },
	{ "VoTT's own json: export as Pascal VOC there",
	  { "\"boundingBox\"", "\"regions\"", "\"tags\"" } },
	{ "a project of VoTT: export as Pascal VOC there",
	  { "\"sourceConnection\"", "\"targetConnection\"" } },
	{ "Supervisely's own json: export as COCO there (the app 'Export to COCO')",
	  { "\"classTitle\"", "\"points\"", "\"exterior\"" } },
	{ "a project of Supervisely: export as COCO there (the app 'Export to COCO')",
	  { "\"classes\"", "\"title\"", "\"shape\"" } },
	{ "Datumaro's own json: export as 'COCO 1.0' in CVAT, or convert it with "
	  "'datum convert -if datumaro -i DIR -f coco_instances -o OUT'",
	  { "\"items\"", "\"label_id\"", "\"annotations\"" } },
	{ "Datumaro's own json: export as 'COCO 1.0' in CVAT, or convert it with "
	  "'datum convert -if datumaro -i DIR -f coco_instances -o OUT'",
	  { "\"dm_format_version\"" } },
	{ "CreateML's json: export as COCO, Pascal VOC or YOLO from the tool that wrote it "
	  "(Roboflow, RectLabel)",
	  { "\"coordinates\"", "\"label\"", "\"annotations\"" } },
	{ "Label Studio's own json: export as COCO, YOLO or Pascal VOC there",
	  { "\"annotations\"", "\"result\"", "\"data\"" } },
	{ "Label Studio's own json: export as COCO, YOLO or Pascal VOC there",
	  { "\"rectanglelabels\"", "\"original_width\"" } },
	{ "FiftyOne's own json: export with dataset_type=fiftyone.types.COCODetectionDataset",
	  { "\"filepath\"", "\"_cls\"" } },
	{ "FiftyOne's own json: export with dataset_type=fiftyone.types.COCODetectionDataset",
	  { "\"sample_fields\"", "\"media_type\"" } },
	{ "json of Scalabel or BDD100K: convert it with bdd100k.label.to_coco",
	  { "\"box2d\"", "\"category\"" } },
	{ "MMDetection's own json: give the COCO file that it was made from",
	  { "\"metainfo\"", "\"data_list\"" } },
	{ "Labelbox's own json: write it as COCO, Pascal VOC or YOLO first",
	  { "\"data_row\"", "\"projects\"" } },
	{ "V7's own json: convert it with 'darwin convert coco FILES OUT'",
	  { "\"bounding_box\"", "\"annotations\"", "\"slots\"" } },
	{ "labelme's own json, of one picture: 'flotilla new FOLDER' reads them all",
	  { "\"shapes\"", "\"imagePath\"" } },
};

const char *foreign_labels(const void *data, size_t size)
{
	size_t head = size < LOOKED_AT ? size : LOOKED_AT;

	for (size_t i = 0; i < sizeof(tools) / sizeof(tools[0]); i++) {
		bool all = true;

		for (int k = 0; all && k < MOST_KEYS && tools[i].keys[k]; k++)
			all = memmem(data, head, tools[i].keys[k],
				     strlen(tools[i].keys[k])) != NULL;
		if (all)
			return tools[i].what;
	}
	return NULL;
}

int foreign_labels_fail(const void *data, size_t size, const char *path, int rc,
			struct fl_err *err)
{
	const char *what = foreign_labels(data, size);

	return what ? fl_fail(err, FL_EDATA, "'%s' is %s", path, what) : rc;
}
