/* Blocks as the reference's modules define them, from which a family builds its
 * backbone, neck and head; ppdet/modeling/backbones/cspresnet.py has the ones
 * here. A block adds nodes to the graph and returns the value that it ends in;
 * 'path' is its place in the state dict, under which its parameters get
 * names. */
#include "model/blocks.h"

#include <stdio.h>

/* In the graph's arena, since parameters keep the name as long as the graph
 * lives. */
const char *model_path(struct graph *g, const char *fmt, ...)
{
	char text[256];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	return fl_arena_strdup(&g->arena, text);
}

/* Without a bias: the normalisation behind it has one. */
static struct graph_branch conv_branch(struct graph *g, int x, int cout, int k,
				       int stride, const char *path)
{
	int z = graph_conv(g, x, cout, k, stride,
			   model_path(g, "%s.conv.weight", path), NULL, 0,
			   false);

	return (struct graph_branch){ z, path };
}

int model_conv_bn(struct graph *g, int x, int cout, int k, int stride,
		  enum dev_act act, int residual, const char *path)
{
	struct graph_branch b = conv_branch(g, x, cout, k, stride, path);

	return graph_norm(g, &b, 1, NULL, act, residual);
}

/* y = silu(ConvBN3x3(x) + alpha ConvBN1x1(x)) [+ residual] */
static int rep_vgg(struct graph *g, int x, bool alpha, int residual,
		   const char *path)
{
	int c = graph_channels(g, x);
	struct graph_branch b[2];

	/* In backward the 3x3 convolution comes first and writes the gradient,
	 * the 1x1 adds to it, which is the cheaper of the two to add. */
	b[1] = conv_branch(g, x, c, 1, 1, model_path(g, "%s.conv2", path));
	b[0] = conv_branch(g, x, c, 3, 1, model_path(g, "%s.conv1", path));
	return graph_norm(g, b, 2,
			  alpha ? model_path(g, "%s.alpha", path) : NULL,
			  DEV_ACT_SILU, residual);
}

int model_basic_block(struct graph *g, int x, bool shortcut, bool alpha,
		      const char *path)
{
	int t = model_conv_bn(g, x, graph_channels(g, x), 3, 1, DEV_ACT_SILU,
			      -1, model_path(g, "%s.conv1", path));

	return rep_vgg(g, t, alpha, shortcut ? x : -1,
		       model_path(g, "%s.conv2", path));
}
