/* Called once, when recipe, device and ranks are open and the compute threads run (a
 * device may try what it is faster with). "amp" wants what is faster on every rank,
 * for the slowest one sets the pace of all; "precision" wants what it says. */
#include "detect/precision.h"

#include "base/log.h"

/* Asked for by name: taken although it may be slower (one says so), refused
 * where the device has none. */
static int take_bf16(const struct device *device, const struct dev_bf16 *here,
		     struct fl_err *err)
{
	if (!here->works)
		return fl_fail(
			err, FL_ERECIPE,
			"precision: bf16 is not possible here: %s; take precision: fp32, or amp: true, "
			"which takes bf16 only where it is faster",
			here->why);
	if (!here->faster)
		fl_info("precision: bf16 is no faster than fp32 on '%s' here: %s",
			device->name, here->why);
	return 0;
}

static int faster_everywhere(struct comm *comm, const struct dev_bf16 *here,
			     bool *out, struct fl_err *err)
{
	/* Every rank sums, whatever it found, and all take the same answer. */
	double faster = here->works && here->faster;
	int rc = comm_sum_doubles(comm, &faster, 1, err);

	*out = (int)faster == comm->world;
	if (rc != 0)
		return rc;
	if (*out)
		fl_info("amp: maps, their gradients and packed weights are bf16: %s",
			here->why);
	else if (here->faster)
		fl_info("amp: going on in fp32, for on %d of %d ranks bf16 would not be faster "
			"(precision: bf16 takes it nevertheless)",
			comm->world - (int)faster, comm->world);
	else
		fl_info("amp: going on in fp32, for bf16 would %s here: %s%s",
			here->works ? "be no faster" : "not be possible",
			here->why,
			here->works ? " (precision: bf16 takes it nevertheless)"
				    : "");
	return 0;
}

int precision_settle(struct recipe *r, const struct device *device,
		     struct comm *comm, struct fl_err *err)
{
	bool is_auto = r->precision == PRECISION_AUTO, faster = false;
	struct dev_bf16 here;
	int rc;

	/* The answer is known without the device, which may have to time a
	 * convolution for its own. */
	if (recipe_precision(r) == DTYPE_F32 && !(is_auto && r->amp)) {
		if (r->amp)
			fl_info("amp: true means nothing beside precision: fp32");
		r->precision = PRECISION_FP32;
		return 0;
	}
	device->bf16(&here);
	if (!is_auto)
		return take_bf16(device, &here, err);
	rc = faster_everywhere(comm, &here, &faster, err);
	r->precision = faster ? PRECISION_BF16 : PRECISION_FP32;
	return rc;
}
