/* The table of kernels for convolutions, where nothing else was measured.
 *
 * Winograd's products are a quarter of a direct convolution's; its transforms are more
 * work the fewer channels there are, its tiles are 4 x 4 whether the map fills them or
 * not, and the taps' transform costs as much as the products of some tiles. The numbers
 * below were measured on one kind of processor (docs/performance.md) and are the same
 * on all, for the choice settles last bits. */
#include "device/cpu/choice.h"

#include "device/cpu/dnnl_api.h"
#include "device/cpu/winograd.h"

/* A tile of Winograd's takes as long as so many quarters of 16 pixels directly. */
#define TILE_COST 1.6
/* Tiles whose products take as long as the taps' transform there and back. */
static const double taps_cost[CPU_DIRECTIONS] = {
	[CPU_FORWARD] = 140, [CPU_DATA] = 40, [CPU_WEIGHTS] = 20
};
/* Channels of source times channels of result: fewer are all transforms. */
static const int least_channels[CPU_DIRECTIONS] = {
	[CPU_FORWARD] = 16 * 16, [CPU_DATA] = 16 * 16, [CPU_WEIGHTS] = 16 * 32
};
#define LEAST_CHANNELS 16 /* on either side */

static bool winograd_pays(const struct dev_conv_desc *d,
			  enum cpu_direction direction)
{
	double pixels = (double)d->n * d->h * d->w;
	double tiles = (double)d->n * ((d->h + 3) / 4) * ((d->w + 3) / 4);

	return d->cin >= LEAST_CHANNELS && d->cout >= LEAST_CHANNELS &&
	       d->cin * d->cout >= least_channels[direction] &&
	       pixels / 4 > TILE_COST * tiles + taps_cost[direction];
}

/* With maps in BF16 direct products come at twice the rate, and Winograd's, which stay
 * in float, take a third less time than oneDNN's from some 48 channels on: the
 * numbers are Zen 4's (docs/performance.md). With AMX they never pay. */
static const double bf16_tile_cost[CPU_DIRECTIONS] = {
	[CPU_FORWARD] = 2.9, [CPU_DATA] = 2.9, [CPU_WEIGHTS] = 2.7
};
static const double bf16_taps_cost[CPU_DIRECTIONS] = {
	[CPU_FORWARD] = 40, [CPU_DATA] = 15, [CPU_WEIGHTS] = 10
};
#define BF16_LEAST_CHANNELS 48

static bool bf16_pays(const struct dev_conv_desc *d, enum cpu_direction i)
{
	double pixels = (double)d->n * d->h * d->w;
	double tiles = (double)d->n * ((d->h + 3) / 4) * ((d->w + 3) / 4);

	return d->cin >= BF16_LEAST_CHANNELS &&
	       d->cout >= BF16_LEAST_CHANNELS &&
	       pixels / 4 > bf16_tile_cost[i] * tiles + bf16_taps_cost[i] &&
	       !dnn_has(dnnl_cpu_isa_avx512_core_amx);
}

static bool pays(const struct dev_conv_desc *d, enum cpu_direction i)
{
	return d->x_type == DTYPE_BF16 ? bf16_pays(d, i) : winograd_pays(d, i);
}

struct cpu_choice cpu_choice_by_table(const struct dev_conv_desc *d)
{
	struct cpu_choice c = { { CPU_ONEDNN, CPU_ONEDNN, CPU_ONEDNN } };

	for (int i = 0; i < CPU_DIRECTIONS && winograd_fits(d); i++)
		if (pays(d, (enum cpu_direction)i))
			c.kernel[i] = CPU_WINOGRAD;
	return c;
}
