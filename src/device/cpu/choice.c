/* The table of kernels for convolutions, where nothing else was measured.
 *
 * Winograd's products are a quarter of a direct convolution's; its transforms are more
 * work the fewer channels there are, its tiles are 4 x 4 whether the map fills them or
 * not, and the taps' transform costs as much as the products of some tiles. The numbers
 * below were measured on one kind of processor (docs/performance.md) and are the same
 * on all, for the choice settles last bits. */
#include "device/cpu/choice.h"

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

struct cpu_choice cpu_choice_by_table(const struct dev_conv_desc *d)
{
	struct cpu_choice c = { { CPU_ONEDNN, CPU_ONEDNN, CPU_ONEDNN } };

	for (int i = 0; i < CPU_DIRECTIONS && winograd_fits(d); i++)
		if (winograd_pays(d, (enum cpu_direction)i))
			c.kernel[i] = CPU_WINOGRAD;
	return c;
}
