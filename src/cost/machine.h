/* machine.h - what machines can do, as constants of the model of a step.
 *
 * A row for each kind of --gpu. A processor's constants are fitted to this
 * machine by calibration (cost/calibrate.h); a card's come from published times.
 *
 * Ownership: rows are constant; texts are borrowed. Threads: any.
 */
#ifndef FL_COST_MACHINE_H
#define FL_COST_MACHINE_H

#include "base/err.h"
#include "text/record.h"

#include <stdbool.h>

/* What calibration finds of a machine. */
struct cost_rates {
	char processor[128]; /* where; "": nowhere */
	int cores;	     /* that it used */
	/* Step: seconds of one whatever is in it; for an operation of
	 * convolutions of more than a pixel, and of one; for a byte of maps; for
	 * a parameter. */
	double step_s, wide_s, thin_s, byte_s, parameter_s;
	/* Sums: a small one within a machine; what each further rank adds to
	 * it; a byte of gradients within a machine. */
	double near_s, rank_s, near_byte_s;
	/* Loader, of one core: a pixel of the file and one of the step. */
	double decode_s, pixel_s;
};

struct cost_machine {
	const char *name; /* of --gpu */
	char about[224];  /* whose trainer, and where the constants are from */
	/* Trainers share the cores of their machine with each other and with
	 * their loaders, and its memory: all rates are those of the machine. */
	bool shared;
	bool eval_alone; /* the first rank evaluates, the others wait */
	bool own_sizes;	 /* every rank draws a picture size of its own */
	bool tree;	 /* sums go through a tree of machines, not a ring */
	struct cost_rates rates;
	double half;	   /* what 16-bit maps make of operations' time */
	double spread;	   /* deviation of a rank's computing from its mean */
	double hop_s;	   /* one way between machines */
	double link_share; /* what arrives of a link's rate */
	double read_s; /* the mean of one reading that memory does not spare, of
			* one trainer */
	double score_s; /* evaluation: a picture's part in AP */
	int cores;	/* of a machine, that loaders may use */
	double card_bytes, host_bytes;
};

/* The row; NULL: there is none such. "cpu" is not calibrated. */
const struct cost_machine *cost_machine_find(const char *name);
#define COST_MACHINES "cpu|v100|a100|h200"

/* The keys of calibration's file. */
extern const struct record cost_rates_record;

/* "25Gb", "25Gbit/s", "100Mb", "10 Gbps": bits a second. FL_EUSAGE. */
int cost_link_read(const char *text, double *bits, struct fl_err *err);

#endif
