/* bench_ops [OPERATION ...]: what every operation costs on every device, from the
 * table of cases that the tests walk (tests/ops), on shapes of PP-YOLOE-s at 640.
 * Memory is touched before the first turn and stays where it is, so small operands
 * are warm in the caches: compare devices and kernels by it, not with the step. */
#include "base/clock.h"
#include "base/par.h"
#include "text/option.h"
#include "ops/op_case.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Turns of one operation: enough for a best of several, until the time is spent. */
#define TURNS 9
#define SECONDS 0.5

#define MOST_DEVICES 8

struct args {
	struct option_list devices;
	int batch, threads;
	bool cpu_time;
};

static const struct option_row rows[] = {
	{ "device", 'd', OPTION_LIST, offsetof(struct args, devices),
	  .arg = "NAME",
	  .help = "devices to measure, the first is what others are compared with [all]" },
	{ "batch", 'b', OPTION_INT, offsetof(struct args, batch), 1, 4096,
	  .arg = "N", .help = "images [8]" },
	{ "threads", 't', OPTION_INT, offsetof(struct args, threads), 0, 1024,
	  .arg = "N", .help = "threads, 0 for all cores [0]" },
	{ "cpu_time", 0, OPTION_FLAG, offsetof(struct args, cpu_time),
	  .help = "count the time on processors, not the clock's: on a busy machine, with --threads 1" },
};

static const struct option_table table = {
	.program = "bench_ops",
	.usage = "[OPTIONS] [OPERATION...]",
	.about = "Time of every operation on every device: best of 9 turns, or "
		 "of as many as half a second holds.",
	.example = "bench_ops conv_forward conv_backward_data --device cpu",
	.rows = rows,
	.count = sizeof(rows) / sizeof(rows[0]),
	.operand = "OPERATION",
};

static int stop(const struct fl_err *err)
{
	fprintf(stderr, "bench_ops: %s\n", err->text);
	return fl_exit_status(err->code);
}

/* Bytes that an operation has to move: what it reads and what it writes. */
static double bytes_moved(const struct op_call *c)
{
	double bytes = 0;

	for (int i = 0; i < c->count; i++) {
		const struct op_operand *o = &c->operands[i];
		double once = (double)tensor_bytes(&o->t);

		bytes += once * ((o->use & OP_IN) != 0);
		bytes += once * ((o->use & OP_OUT) != 0);
	}
	return bytes;
}

/* What turns are measured with: the clock, or this process's time on processors. */
static double (*seconds)(void) = fl_now_s;

static double processor_s(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* Best seconds, or 0 where the device has no kernel of that kind. */
static double best_of(struct dev *dev, const struct op_call *c)
{
	double begin = seconds(), best = 1e9;
	struct fl_err err = FL_ERR_INIT;
	struct op_run r;

	if (op_run_open(&r, dev, c, false, &err) != 0)
		return 0;
	op_run_write(&r);
	for (int turn = 0; turn <= TURNS; turn++) {
		double start = seconds(), s;

		c->op->run(&r);
		if (dev_wait(r.q, &err) != 0)
			exit(stop(&err));
		s = seconds() - start;
		best = s < best ? s : best;
		if (turn > 0 && seconds() - begin > SECONDS)
			break;
	}
	op_run_close(&r);
	return best;
}

static void show(const struct op_call *c, struct dev *const *devs, int count)
{
	char shape[80];
	double first = 0;

	op_shape_text(c->op->kind, &c->shape, shape, sizeof(shape));
	for (int i = 0; i < count; i++) {
		double s = best_of(devs[i], c);
		double work =
			c->op->flops ? c->op->flops(&c->shape) : bytes_moved(c);

		first = i == 0 ? s : first;
		printf("%-22s %-28s %-4s %-6s ", i ? "" : c->op->name,
		       i ? "" : shape, dtype_name(c->shape.type),
		       devs[i]->device->name);
		if (s == 0) {
			printf("has no such kernel\n");
			continue;
		}
		printf("%10.3f ms %9.1f %s", 1e3 * s, work / s / 1e9,
		       c->op->flops ? "GF/s" : "GB/s");
		if (i && first > 0)
			printf("  %.2f times the first's time", s / first);
		printf("\n");
		fflush(stdout);
	}
}

static void measure(const struct op_case *op, int batch,
		    struct dev *const *devs, int count)
{
	struct fl_rng rng = fl_rng_open(3, FL_RNG_TEST, 0, 0);
	struct op_shape s;

	for (int i = 0; op_shape_bench(op->kind, i, batch, &s); i++) {
		for (int t = 0; t < op_type_count; t++) {
			struct op_call c;

			s.type = op_types[t].type;
			op_call_make(&c, op, &s, &rng);
			show(&c, devs, count);
			op_call_release(&c);
		}
	}
}

static int open_devices(const struct option_list *names, struct dev **devs,
			int *count, struct fl_err *err)
{
	int rc = 0;

	*count = 0;
	for (int i = 0; rc == 0 && i < MOST_DEVICES; i++) {
		const struct device *d =
			i < names->count ? NULL : device_backends[i];

		if (names->count ? i >= names->count : !d)
			break;
		rc = device_open(names->count ? names->items[i] : d->name,
				 &devs[*count], err);
		*count += rc == 0;
	}
	return rc;
}

static bool wanted(const struct op_case *op, char **words, int count)
{
	bool found = count == 0;

	for (int i = 0; i < count; i++)
		found = found || strcmp(words[i], op->name) == 0;
	return found;
}

static int check_words(char **words, int count, struct fl_err *err)
{
	for (int i = 0; i < count; i++)
		if (!op_case_find(words[i]))
			return fl_fail(
				err, FL_EUSAGE,
				"no operation is called %s; tests/ops/op_cases.h lists them",
				words[i]);
	return 0;
}

static int run(const struct args *a, char **words, int count,
	       struct fl_err *err)
{
	struct dev *devs[MOST_DEVICES];
	int opened = 0, rc = check_words(words, count, err);

	if (rc == 0)
		rc = open_devices(&a->devices, devs, &opened, err);
	if (rc == 0)
		printf("batch %d, %d threads\n", a->batch, fl_par_threads());
	for (int i = 0; rc == 0 && i < op_case_count; i++)
		if (wanted(&op_cases[i], words, count))
			measure(&op_cases[i], a->batch, devs, opened);
	for (int i = 0; i < opened; i++)
		device_close(devs[i]);
	return rc;
}

int main(int argc, char **argv)
{
	struct args a = { .batch = 8 };
	struct fl_err err = FL_ERR_INIT;
	bool help = false;
	int words = 0, rc;

	fl_par_spin_briefly(argv);
	rc = option_parse(&table, &a, argc, argv, &words, &help, &err);
	if (rc == 0 && help) {
		option_help(&table, stdout);
	} else if (rc == 0) {
		fl_par_init(a.threads);
		seconds = a.cpu_time ? processor_s : fl_now_s;
		rc = run(&a, argv + 1, words, &err);
	}
	option_list_release(&a.devices);
	return rc ? stop(&err) : 0;
}
