/* status.h - how a run stands, as one document: what the terminal shows, what
 * another machine's `flotilla watch HOST:PORT` asks for.
 *
 *     name, folder, host, made   made: when, in seconds since 1970
 *     state      "at work", "not at work", or summary.json's "done", "stopped", ...
 *     over       true: nothing will come any more
 *     holder     who is at work
 *     epochs, steps_per_epoch, ranks, batch_size
 *     step       done; epoch: from 0
 *     quiet_s    since the last line of metrics.jsonl
 *     eta_s      to the end, with evaluations, at the pace of the last lines
 *     images_per_s, lr, loss, step_ms, data_ms, wait_ms   of the last line
 *     ap, ap50, best_ap, best_epoch
 *     ledger     step; each of ranks: rank, host, images_per_s, step_ms,
 *                compute_ms, data_ms, wait_ms; slow, cause, costs_ms
 *     curves     of each: name, x (steps), y
 *     notes      texts
 *
 * What is not known is left out.
 */
#ifndef FL_WATCH_STATUS_H
#define FL_WATCH_STATUS_H

#include "watch/follow.h"

/* The caller's to free. */
struct json *status_of(const struct followed *f);

#endif
