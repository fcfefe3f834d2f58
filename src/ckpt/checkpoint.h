/* checkpoint.h - what tensors of a checkpoint mean, whatever its format.
 *
 * A checkpoint of ours is a safetensors file:
 *     model.<state name>     weights as trained
 *     velocity.<state name>  momentum
 *     ema.<state name>       running average, not yet divided (spec D.5)
 *     metadata "flotilla"    the rest of the state as JSON
 * Of that JSON this module reads step, epoch, lr, ema_step, ema_decay_type and
 * ema_last_decay; the trainer owns the others. State names are the
 * reference's (spec B.8), layouts and shapes too ([out,in,kh,kw]).
 *
 * PaddleDetection spreads the same over P.pdparams (divided average, or the
 * weights when there is no average), P.pdema (weights as trained) and P.pdopt
 * (momentum by internal name, progress).
 */
#ifndef FL_CKPT_CHECKPOINT_H
#define FL_CKPT_CHECKPOINT_H

#include "base/digest.h"
#include "ckpt/paddle_file.h"
#include "ckpt/tensor_file.h"

#define CKPT_MODEL "model."
#define CKPT_VELOCITY "velocity."
#define CKPT_EMA "ema."
#define CKPT_STATE_KEY "flotilla"

/* Open a checkpoint to go on training from: the file is in the layout above,
 * whichever format lies on disk. For P.pdparams, P.pdema and P.pdopt beside it
 * are taken too (spec G.5). The average of a pair of Paddle files is
 * divided already: its ema_last_decay is 0, so that it is not divided again.
 * Files without the parts (plain weights) give model.* alone.
 * Close with tensor_file_close. */
int checkpoint_open(struct tensor_file *file, const char *path,
		    struct fl_err *err);

/* Open the weights that one would publish, under plain state names: of a
 * checkpoint the divided average, or the model where there is none; of any
 * other file the tensors as they are. For eval, infer, export and
 * pretrain_weights. */
int weights_open(struct tensor_file *file, const char *path,
		 struct fl_err *err);

/* Is this list in the layout above (has it model.*)? */
bool checkpoint_is(const struct tensor_file *file);

struct checkpoint_state {
	struct paddle_progress progress;
	int64_t ema_step;
	double ema_decay, ema_last_decay;
	const char *ema_decay_type;
};

/* Of a list with model.*: what its JSON says, with defaults for absent keys
 * (0, and 0.9998, "threshold" for the average). Texts live as long as file. */
int checkpoint_state_read(struct tensor_file *file,
			  struct checkpoint_state *state, struct fl_err *err);

/* Append to 'to' the tensors of 'from' whose names begin with prefix, without
 * it; 'to' borrows from 'from'. */
int checkpoint_part(struct tensor_file *to, const struct tensor_file *from,
		    const char *prefix, struct fl_err *err);
/* The weights to publish out of a list with model.*; borrows from it, and owns
 * what it divided. */
int checkpoint_published(struct tensor_file *to, struct tensor_file *from,
			 struct fl_err *err);

/* What the average is divided by: 1 - d_last^step, or 1 for the exponential type and
 * at step 0. Paddle divides by this rounded to float32: so do callers, and the
 * bits of published weights agree. Tests call it too. */
double checkpoint_ema_divisor(bool exponential, double last_decay,
			      int64_t step);

/* SHA-256 over the tensors sorted by name: for each the name and a NUL, rank
 * and dims as int64, values as float32, all little-endian. The same weights
 * give the same digest in any format. */
void checkpoint_digest(const struct tensor_file *weights,
		       char hex[FL_DIGEST_HEX]);

#endif
