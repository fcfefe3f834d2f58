/* Families of PaddleDetection that this build lacks, each with the keys by which its
 * recipes are known. recipe_load() asks here before it looks at any other key
 * (config/foreign.c): the first key that differs is often one that says nothing to
 * its reader ("unknown key 'use_cot'; did you mean 'use_gpu'?").
 * The order matters: what says most about a recipe comes first. */
#include "config/foreign.h"

#include <stddef.h>

#define AUX "the tiny models with an auxiliary head"
#define ROTATED "PP-YOLOE-R, detectors of rotated boxes"
#define MASKS "PP-YOLOE-Seg, detectors with masks"
#define SOD \
	"PP-YOLOE-SOD, detectors of small objects with an encoder in the neck"
#define BACKBONE "detectors with another backbone than CSPResNet"
#define TRACKER \
	"trackers (the detector in them is trained by a recipe of its own)"
#define SEMI "semi-supervised training"
#define SLICED "evaluation in slices, whose boxes are merged"
#define FEW "few-shot training"
#define QUANT "quantisation"
#define DISTILL "distillation"

const struct recipe_foreign recipe_foreigns[] = {
	{ "architecture", "PPYOLOEWithAuxHead", AUX },
	{ "architecture", "ByteTrack", TRACKER },
	{ "architecture", "DeepSORT", TRACKER },
	{ "metric", "MOT", TRACKER },
	{ "metric", "MCMOT", TRACKER },
	{ "metric", "RBOX", ROTATED },
	{ "PPYOLOERHead", NULL, ROTATED },
	{ "with_mask", NULL, MASKS },
	{ "PPYOLOEInsHead", NULL, MASKS },
	{ "ssod_method", NULL, SEMI },
	{ "UnsupTrainDataset", NULL, SEMI },
	{ "PPYOLOEContrastHead", NULL, FEW },
	{ "use_cot", NULL, FEW },
	{ "SwinTransformer", NULL, BACKBONE },
	{ "FocalNet", NULL, BACKBONE },
	{ "ConvNeXt", NULL, BACKBONE },
	{ "VisionTransformer", NULL, BACKBONE },
	{ "CustomCSPPAN.use_trans", NULL, SOD },
	{ "PPYOLOEHead.reg_range", NULL, SOD },
	{ "PPYOLOEHead.assigner.name", "TaskAlignedAssigner_CR", SOD },
	{ "EvalDataset", "SlicedCOCODataSet", SLICED },
	{ "TrainDataset", "SemiCOCODataSet", SEMI },
	{ "slim", "QAT", QUANT },
	{ "slim", "PTQ", QUANT },
	{ "slim", "Distill", DISTILL },
	{ "for_distill", NULL, DISTILL },
	{ NULL, NULL, NULL },
};
