/* The names of the twelve numbers, and the lines that people know from
 * pycocotools' summarize(), to the space: scripts look for them. The names are
 * keys of --json and of metrics.jsonl, so they are as fixed as those lines. */
#include "eval/coco_eval.h"

const char *const coco_stat_names[COCO_STATS] = {
	"ap",  "ap50", "ap75",	"ap_small", "ap_medium", "ap_large",
	"ar1", "ar10", "ar100", "ar_small", "ar_medium", "ar_large"
};

void coco_print(const struct coco_result *r, struct fl_str *out)
{
	static const struct {
		const char *title, *kind, *iou, *area;
		int most;
	} lines[COCO_STATS] = {
		{ "Average Precision", "(AP)", "0.50:0.95", "all", 100 },
		{ "Average Precision", "(AP)", "0.50", "all", 100 },
		{ "Average Precision", "(AP)", "0.75", "all", 100 },
		{ "Average Precision", "(AP)", "0.50:0.95", "small", 100 },
		{ "Average Precision", "(AP)", "0.50:0.95", "medium", 100 },
		{ "Average Precision", "(AP)", "0.50:0.95", "large", 100 },
		{ "Average Recall", "(AR)", "0.50:0.95", "all", 1 },
		{ "Average Recall", "(AR)", "0.50:0.95", "all", 10 },
		{ "Average Recall", "(AR)", "0.50:0.95", "all", 100 },
		{ "Average Recall", "(AR)", "0.50:0.95", "small", 100 },
		{ "Average Recall", "(AR)", "0.50:0.95", "medium", 100 },
		{ "Average Recall", "(AR)", "0.50:0.95", "large", 100 },
	};

	for (int i = 0; i < COCO_STATS; i++)
		fl_str_addf(
			out,
			" %-18s %s @[ IoU=%-9s | area=%6s | maxDets=%3d ] = %0.3f\n",
			lines[i].title, lines[i].kind, lines[i].iou,
			lines[i].area, lines[i].most, r->stats[i]);
}

/* By search: lists are short, and only tables ask. */
const char *coco_category_name(const struct annotations *a, int64_t id)
{
	for (size_t i = 0; i < a->category_count; i++)
		if (a->categories[i].id == id)
			return a->categories[i].name;
	return "";
}

void coco_print_classes(const struct annotations *truth,
			const struct coco_result *r, struct fl_str *out)
{
	char buf[TEXT_ID_ROOM];

	for (size_t i = 0; i < r->category_count; i++) {
		int64_t id = r->category_ids[i];
		const char *name = coco_category_name(truth, id);

		fl_str_addf(out, " %-32s AP = %0.3f\n",
			    *name ? name : text_ids_show(&truth->ids, id, buf),
			    r->category_ap[i]);
	}
}
