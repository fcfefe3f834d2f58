/* machine.c - the table of machines, and how a link is written.
 *
 * v100: fitted to the ten training times of PaddleDetection's tutorial on
 * distributed training (docs/plan.md); they are PaddleDetection's trainer, 32-bit
 * maps, a file server's reading times. a100 and h200 have its constants, with
 * convolutions and memory faster by what the makers' sheets say; nobody measured
 * them here. cpu: a machine of two cores of 2 GHz or so, as calibration found
 * it, for those who have not calibrated theirs. */
#include "cost/machine.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* Of the trainer, which is the same on every card. */
#define PADDLE                                                            \
	.eval_alone = true, .own_sizes = true, .tree = true,              \
	.rates.step_s = 0.11, .spread = 0.01, .rates.near_s = 40e-6,      \
	.hop_s = 38e-6, .rates.near_byte_s = 1 / 50e9, .link_share = 0.6, \
	.rates.decode_s = 10e-9, .rates.pixel_s = 20e-9, .read_s = 0.033, \
	.score_s = 0.05

static const struct cost_machine machines[] = {
	{ .name = "cpu",
	  .about = "flotilla on processors as they are common, not calibrated: "
		   "'flotilla plan --calibrate' fits the model to this machine",
	  .shared = true,
	  .rates.step_s = 0.01,
	  .rates.wide_s = 1 / 90e9,
	  .rates.thin_s = 1 / 60e9,
	  .rates.byte_s = 1 / 15e9,
	  .rates.parameter_s = 4e-9,
	  .half = 1,
	  .spread = 0.02,
	  .rates.near_s = 20e-6,
	  .rates.rank_s = 4e-6,
	  .hop_s = 50e-6,
	  .rates.near_byte_s = 1 / 3e9,
	  .link_share = 0.94,
	  .rates.decode_s = 10e-9,
	  .rates.pixel_s = 20e-9,
	  .read_s = 0.01,
	  .score_s = 0.0005,
	  .cores = 2,
	  .host_bytes = 16e9 },
	{ .name = "v100",
	  .about = "PaddleDetection's trainer on V100 cards, fitted to its "
		   "tutorial; flotilla itself trains on processors",
	  PADDLE,
	  .rates.wide_s = 1 / 6.6e12,
	  .rates.thin_s = 1 / 6.6e12,
	  .rates.byte_s = 1 / 400e9,
	  .half = 0.5,
	  .cores = 40,
	  .card_bytes = 32e9,
	  .host_bytes = 384e9 },
	{ .name = "a100",
	  .about = "v100's constants made faster by the makers' sheets, not "
		   "measured; flotilla itself trains on processors",
	  PADDLE,
	  .rates.wide_s = 1 / 20e12,
	  .rates.thin_s = 1 / 20e12,
	  .rates.byte_s = 1 / 900e9,
	  .half = 0.5,
	  .cores = 96,
	  .card_bytes = 80e9,
	  .host_bytes = 1000e9 },
	{ .name = "h200",
	  .about = "v100's constants made faster by the makers' sheets, not "
		   "measured; flotilla itself trains on processors",
	  PADDLE,
	  .rates.wide_s = 1 / 60e12,
	  .rates.thin_s = 1 / 60e12,
	  .rates.byte_s = 1 / 2100e9,
	  .half = 0.5,
	  .cores = 160,
	  .card_bytes = 141e9,
	  .host_bytes = 2000e9 },
};

const struct cost_machine *cost_machine_find(const char *name)
{
	for (size_t i = 0; i < sizeof(machines) / sizeof(machines[0]); i++)
		if (strcmp(name, machines[i].name) == 0)
			return &machines[i];
	return NULL;
}

#define ROW(member) FIELD(REAL, struct cost_rates, member, #member)

static const struct field rows[] = {
	FIELD(CHARS, struct cost_rates, processor, "processor"),
	FIELD(INT, struct cost_rates, cores, "cores"),
	ROW(step_s),
	ROW(wide_s),
	ROW(thin_s),
	ROW(byte_s),
	ROW(parameter_s),
	ROW(near_s),
	ROW(rank_s),
	ROW(near_byte_s),
	ROW(decode_s),
	ROW(pixel_s),
};

const struct record cost_rates_record = RECORD(struct cost_rates, rows);

int cost_link_read(const char *text, double *bits, struct fl_err *err)
{
	static const char *const ends[] = { "b",   "bit",   "bps",
					    "b/s", "bit/s", "bits/s" };
	char *end;
	double value = strtod(text, &end), unit = 0;

	while (*end == ' ')
		end++;
	switch (*end) {
	case 'G':
	case 'g':
		unit = 1e9;
		break;
	case 'M':
	case 'm':
		unit = 1e6;
		break;
	case 'T':
	case 't':
		unit = 1e12;
		break;
	}
	for (size_t i = 0; unit > 0 && i < sizeof(ends) / sizeof(ends[0]); i++)
		if (strcasecmp(end + 1, ends[i]) == 0 && end[1] != 'B' &&
		    isfinite(value) && value > 0) {
			*bits = value * unit;
			return 0;
		}
	return fl_fail(
		err, FL_EUSAGE,
		"--link '%s' is no rate of a link: write bits a second as 25Gb or 100Mb (a byte is 8 of them)",
		text);
}
