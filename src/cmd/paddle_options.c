/* paddle_options.c - PaddleDetection's options that flotilla does not have.
 *
 * Source: the argument parsers of tools/train.py, eval.py, infer.py and
 * export_model.py at release 2.8 (666f597). Lines from its tutorials run here unchanged: what only
 * chose how Paddle works is passed over with a line that says so, what would
 * change the result is refused with what to do instead. Truth values are
 * flags here, whether the reference takes a word behind them or not.
 */
#include "cmd/paddle_options.h"

#define ALL (PADDLE_TRAIN | PADDLE_EVAL | PADDLE_INFER | PADDLE_EXPORT)
#define SLICED (PADDLE_EVAL | PADDLE_INFER)

static const char no_visual_dl[] =
	"the pictures are files of the output folder";
static const char no_slices[] = "means nothing without --slice_infer";

/* By program: all, train, eval, infer, slicing. A word behind an option has to
 * be known to be one, else it would be taken for an argument: hence
 * the kinds. */
const struct option_foreign paddle_options[] = {
	{ "slim_config", ALL, OPTION_TEXT, true,
	  "pruning, quantisation and distillation are not part of flotilla" },
	{ "use_vdl", PADDLE_INFER, OPTION_FLAG, false, no_visual_dl },
	{ "vdl_log_dir", PADDLE_INFER, OPTION_TEXT, false, no_visual_dl },

	{ "enable_ce", PADDLE_TRAIN, OPTION_FLAG, false,
	  "every run is seeded; the recipe's key seed says with what" },
	{ "fleet", PADDLE_TRAIN, OPTION_FLAG, false,
	  "ranks always average their gradients; fleetrun starts several" },
	{ "use_wandb", PADDLE_TRAIN, OPTION_FLAG, false,
	  "nothing is sent to Weights & Biases; metrics.jsonl holds the curves" },
	{ "save_prediction_only", PADDLE_TRAIN, OPTION_FLAG, false,
	  "a training's evaluations are always scored" },
	{ "profiler_options", PADDLE_TRAIN, OPTION_TEXT, false,
	  "metrics.jsonl says what the time of steps goes to" },
	{ "save_proposals", PADDLE_TRAIN, OPTION_FLAG, true,
	  "SNIPER, whose proposals they are, is not part of flotilla" },
	{ "proposals_path", PADDLE_TRAIN, OPTION_TEXT, false,
	  "means nothing without --save_proposals" },
	{ "to_static", PADDLE_TRAIN, OPTION_FLAG, false,
	  "the graph is always planned before the first step" },

	{ "json_eval", PADDLE_EVAL, OPTION_FLAG, true,
	  "a file of detections is scored with 'flotilla eval --gt TRUTH.json --dt bbox.json'" },
	{ "bias", PADDLE_EVAL, OPTION_FLAG, true,
	  "the width of a box is xmax - xmin; adding one is not part of flotilla" },

	{ "infer_list", PADDLE_INFER, OPTION_TEXT, true,
	  "put the pictures, or links to them, in a folder of their own and give it with --infer_dir" },
	{ "do_eval", PADDLE_INFER, OPTION_FLAG, true,
	  "'flotilla eval' scores a model" },
	{ "rtn_im_file", PADDLE_INFER, OPTION_FLAG, false,
	  "pictures are always known by their files" },

	{ "slice_infer", SLICED, OPTION_FLAG, true,
	  "large pictures are not cut into slices; cut them before, or raise "
	  "the target_size of the reader" },
	{ "slice_size", SLICED, OPTION_LIST, false, no_slices },
	{ "overlap_ratio", SLICED, OPTION_LIST, false, no_slices },
	{ "combine_method", SLICED, OPTION_TEXT, false, no_slices },
	{ "match_threshold", SLICED, OPTION_TEXT, false, no_slices },
	{ "match_metric", SLICED, OPTION_TEXT, false, no_slices },

	{ "export_serving_model", PADDLE_EXPORT, OPTION_FLAG, true,
	  "Paddle Serving's format is not part of flotilla; the ONNX file runs in other servers" },
	{ "for_fd", PADDLE_EXPORT, OPTION_FLAG, false,
	  "one ONNX file holds everything, with the classes and the size in its metadata" },
	{ .name = NULL },
};

void paddle_options_print(struct fl_str *out)
{
	static const struct {
		unsigned bit;
		const char *name;
	} programs[] = { { PADDLE_TRAIN, "train" },
			 { PADDLE_EVAL, "eval" },
			 { PADDLE_INFER, "infer" },
			 { PADDLE_EXPORT, "export_model" } };

	fl_str_add(
		out,
		"\nOptions of PaddleDetection's tools that are not flotilla's:\n\n"
		"| option | of | here |\n|---|---|---|\n");
	for (const struct option_foreign *f = paddle_options; f->name; f++) {
		const char *between = "";

		fl_str_addf(out, "| `--%s` | ", f->name);
		for (size_t i = 0; i < sizeof(programs) / sizeof(programs[0]);
		     i++) {
			if (!(f->programs & programs[i].bit))
				continue;
			fl_str_addf(out, "%s%s", between, programs[i].name);
			between = ", ";
		}
		fl_str_addf(out, " | %s: %s |\n",
			    f->refused ? "refused" : "accepted, no effect",
			    f->why);
	}
}
