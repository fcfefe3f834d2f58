/* ET-head: ppdet/modeling/heads/ppyoloe_head.py. Two branches a level, each with
 * a gate made of the level's mean: classes and distances.
 * The biases of classes begin at a probability of 1 %, so that the first steps
 * are not spent on unlearning background. */
#include "family/ppyoloe/ppyoloe_priv.h"

/* -ln((1 - 0.01) / 0.01): every class starts at a probability of 1 % */
#define CLS_BIAS -4.59511985f

/* ConvBN(x sigmoid(fc(mean x))) [+ x]. The branch of classes has the residual,
 * that of distances has none: so it is in the reference, and weights expect
 * it. */
static int stem(struct graph *g, int x, int mean, bool residual,
		const char *path)
{
	int gate = graph_fc(g, mean, model_path(g, "%s.fc", path),
			    DEV_GATE_SIGMOID, 0.001f);

	return model_conv_bn(g, graph_scale(g, x, gate), graph_channels(g, x),
			     1, 1, DEV_ACT_SILU, residual ? x : -1,
			     model_path(g, "%s.conv", path));
}

/* Logits of a level. Weights start at 0, so the bias alone speaks at first: 1 %
 * for classes, and equal bins, 8 strides to each side, for distances. */
static int predict(struct graph *g, int x, int channels, float bias,
		   const char *path)
{
	int v = graph_conv(g, x, channels, 3, 1,
			   model_path(g, "%s.weight", path),
			   model_path(g, "%s.bias", path), bias, true);

	graph_mark_output(g, v);
	return v;
}

void ppyoloe_head(struct graph *g, const struct ppyoloe_shape *s,
		  const int in[HEAD_MOST], struct head *head)
{
	*head = (struct head){ .count = s->levels,
			       .classes = s->classes,
			       .bins = PPYOLOE_BINS };
	for (int i = 0; i < head->count; i++) {
		/* One mean serves both gates. */
		int mean = graph_gap(g, in[i]);
		int cls = stem(g, in[i], mean, true,
			       model_path(g, "yolo_head.stem_cls.%d", i));
		int reg = stem(g, in[i], mean, false,
			       model_path(g, "yolo_head.stem_reg.%d", i));

		cls = predict(g, cls, s->classes, CLS_BIAS,
			      model_path(g, "yolo_head.pred_cls.%d", i));
		reg = predict(g, reg, 4 * PPYOLOE_BINS, 1,
			      model_path(g, "yolo_head.pred_reg.%d", i));
		graph_name_value(g, cls, model_path(g, "head.cls_logit.%d", i));
		graph_name_value(g, reg, model_path(g, "head.reg_logit.%d", i));
		head->level[i].cls = cls;
		head->level[i].reg = reg;
		head->level[i].stride = 32 >> i;
	}
}
