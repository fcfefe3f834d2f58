/* options.h - what a recipe says about data: the sets, the chains that pictures go
 * through, and how both are shared out.
 */
#ifndef FL_DATA_OPTIONS_H
#define FL_DATA_OPTIONS_H

#include "config/recipe.h"

enum dataset_kind {
	DATASET_COCO,
	DATASET_VOC,
	DATASET_IMAGES /* a folder of pictures, for inference */
};

struct dataset_options {
	enum dataset_kind kind;
	const char *dataset_dir, *image_dir, *anno_path;
	const char *label_list; /* of VOC; "": its twenty classes */
	bool allow_empty, load_crowd;
	bool flat_names; /* ours: only the last part of a file name counts */
	double empty_ratio;
	int sample_num; /* -1: all */
};

enum reader_interp { /* OpenCV's numbers */
	INTERP_NEAREST = 0,
	INTERP_LINEAR = 1,
	INTERP_CUBIC = 2,
	INTERP_AREA = 3,
	INTERP_LANCZOS4 = 4
};

#define READER_MAX_SIZES 64
#define READER_AUTO_BATCH 0 /* batch_size: auto, before memory was asked */

/* The chain of a reader. The order is the reference's: Decode, Resize that keeps
 * the ratio (training), RandomDistort, RandomExpand, RandomCrop, RandomFlip; then
 * BatchRandomResize (training) or Resize, NormalizeImage, Permute, PadGT. Steps
 * may be left out. */
struct reader_options {
	int batch_size;
	/* A picture becomes as large as these two allow for its shorter and
	 * its longer side; 0: it stays. */
	int fit_short, fit_long;
	bool distort, expand, crop, flip;
	double expand_ratio, expand_prob; /* prob: share left alone */
	double fill_value[3];
	double flip_prob;
	/* resize */
	int sizes[READER_MAX_SIZES][2]; /* height, width */
	int size_count;
	bool random_size, random_interp;
	int interp;
	/* normalise: x / 255, then (x - mean) / std where mean_std */
	bool scale, mean_std;
	double mean[3], std[3];
};

enum data_sampler { /* data/sampler.h; in the order of the words of the row */
	DATA_SAMPLER_FLOTILLA,
	DATA_SAMPLER_PADDLE
};

struct data_options {
	struct dataset_options train, eval, test;
	struct reader_options train_reader, eval_reader, test_reader;
	int worker_num;
	int cache_mb; /* ours: of decoded pictures; 0: none */
	int eval_height, eval_width;
	enum data_sampler sampler;
	bool shared_size; /* ours: of all ranks at every step */
};

extern const struct recipe_part data_part;
const struct data_options *data_options(const struct recipe *recipe);

#endif
