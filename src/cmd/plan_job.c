/* plan_job.c - what 'flotilla plan' knows before it computes. cmd_plan.c calls it.
 * Recipe first, then the words of the command line, the model's graph, the data
 * set. That one need not be here: a training is planned before its pictures are
 * bought or copied, so --images may say how many there will be, and the two sets
 * that PaddleDetection's recipes name are known. */
#include "cmd/plan_job.h"

#include "base/arena.h"
#include "base/cores.h"
#include "base/file.h"
#include "base/memory.h"
#include "cost/calibrate.h"
#include "data/dataset.h"
#include "family/family.h"
#include "optim/options.h"
#include "train/options.h"

#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define MOST_HOSTS 100000
/* JPEG as photographs have it, where the files are not here. */
#define BYTES_A_PIXEL 0.5
/* Pictures of which neither list nor kind is known. */
#define USUAL_PIXELS (640 * 480)

/* Pictures with boxes, and what they are in the mean. */
static const struct known {
	const char *file; /* the annotations' */
	const char *name;
	double pictures, pixels, bytes;
} known[] = {
	{ "instances_train2017.json", "COCO", 117266, 0.28e6, 160e3 },
	{ "instances_val2017.json", "COCO", 5000, 0.28e6, 160e3 },
	{ "zhiyuan_objv2_train.json", "Objects365", 1742292, 0.9e6, 410e3 },
	{ "zhiyuan_objv2_val.json", "Objects365", 80000, 0.9e6, 410e3 },
};

static const struct known *find_known(const char *path)
{
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (strcmp(fl_base_name(path), known[i].file) == 0)
			return &known[i];
	return NULL;
}

/* "4" or "12..1250". */
static int read_hosts(const char *text, int *least, int *most,
		      struct fl_err *err)
{
	char *end;
	long a = strtol(text, &end, 10), b = a;

	if (end != text && end[0] == '.' && end[1] == '.') {
		const char *second = end + 2;

		b = strtol(second, &end, 10);
		if (end == second)
			b = 0;
	}
	if (end == text || *end || a < 1 || b < a || b > MOST_HOSTS)
		return fl_fail(
			err, FL_EUSAGE,
			"--hosts '%s' must be a number of machines from 1 to %d, or a range as 12..1250",
			text, MOST_HOSTS);
	*least = (int)a;
	*most = (int)b;
	return 0;
}

static int take_data(const struct dataset_options *o, int num_classes,
		     double *pictures, const char **from, struct cost_job *c,
		     struct fl_err *err)
{
	char path[PATH_MAX];
	const struct known *k;
	struct dataset data;
	double pixels = 0;
	int rc;

	if (dataset_anno_path(o, path, sizeof(path), err) != 0)
		return err->code;
	k = find_known(path);
	if (!fl_exists(path)) {
		if (!k)
			return fl_fail(err, FL_EDATA, "'%s' is not here", path);
		*pictures = k->pictures;
		*from = k->name;
		if (c)
			c->picture_pixels = k->pixels,
			c->picture_bytes = k->bytes;
		return 0;
	}
	rc = dataset_open(o, num_classes, &data, err);
	if (rc != 0)
		return rc;
	for (int i = 0; i < data.count; i++)
		pixels += (double)data.images[i].w * data.images[i].h;
	*pictures = data.count;
	*from = "counted here";
	if (c && pixels > 0) {
		c->picture_pixels = pixels / data.count;
		c->picture_bytes =
			k ? k->bytes : BYTES_A_PIXEL * c->picture_pixels;
	}
	dataset_close(&data);
	return 0;
}

/* An evaluation set that is not here costs nothing, and the report says so. */
static int take_pictures(const struct plan_asked *a, struct plan_job *p,
			 struct fl_err *err)
{
	const struct data_options *d = data_options(p->recipe);
	int classes = p->recipe->num_classes, rc;
	struct fl_err absent = FL_ERR_INIT;
	struct cost_job *c = &p->cost;

	c->picture_pixels = USUAL_PIXELS;
	c->picture_bytes = BYTES_A_PIXEL * USUAL_PIXELS;
	p->pictures_from = "--images";
	if (a->images > 0) {
		c->pictures = a->images;
	} else {
		rc = take_data(&d->train, classes, &c->pictures,
			       &p->pictures_from, c, err);
		if (rc == FL_EDATA && c->pictures == 0)
			return fl_fail(
				err, rc,
				"TrainDataset: %s; --images N says how many pictures there will be",
				(absent = *err, absent.text));
		if (rc != 0)
			return fl_context(err, "TrainDataset");
	}
	p->eval_from = NULL;
	if (take_data(&d->eval, classes, &c->eval_pictures, &p->eval_from, NULL,
		      &absent) != 0)
		c->eval_pictures = 0;
	return 0;
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static void take_recipe(struct plan_job *p)
{
	const struct data_options *d = data_options(p->recipe);
	const struct reader_options *reader = &d->train_reader;
	const struct run_options *run = run_options(p->recipe);
	struct cost_job *c = &p->cost;

	c->area_count = reader->random_size ? reader->size_count : 1;
	for (int i = 0; i < c->area_count; i++)
		c->areas[i] = (double)reader->sizes[i][0] * reader->sizes[i][1];
	qsort(c->areas, (size_t)c->area_count, sizeof(double), by_value);
	c->eval_area =
		(double)d->eval_reader.sizes[0][0] * d->eval_reader.sizes[0][1];
	c->workers = d->worker_num > 0 ? d->worker_num : 1;
	c->epochs = run->epoch;
	c->evals = (run->epoch + run->snapshot_epoch - 1) / run->snapshot_epoch;
	c->sync_bn = run->norm == TRAIN_NORM_ALL;
	c->shared_size = d->shared_size;
	c->overlap = run->overlap;
	c->bucket_bytes = run->bucket_mb * 0x1p20;
	c->half = p->recipe->precision == PRECISION_BF16 ||
		  (!p->machine.shared && p->recipe->amp);
}

/* Graph and memory. Of a card the reference device plans: its workspace is none of
 * a processor's. */
static int take_model(struct plan_job *p, struct fl_err *err)
{
	struct model *model = NULL;
	struct dev *dev = NULL;
	int rc = family_model(p->recipe, &model, err);

	if (rc == 0) {
		cost_work_of(model->graph, &p->cost.work);
		rc = device_open(p->machine.shared ? device_backends[0]->name
						   : "ref",
				 &dev, err);
	}
	if (rc == 0)
		rc = batch_room_line(p->recipe, dev, &p->memory, err);
	device_close(dev);
	family_model_free(model);
	return rc;
}

double plan_job_bytes(const struct plan_job *p, const struct cost_job *row)
{
	return p->memory.fixed + p->memory.picture * row->batch;
}

double plan_job_room(const struct plan_job *p, const struct cost_job *row)
{
	if (!p->machine.shared)
		return p->machine.card_bytes;
	return p->machine.host_bytes / row->cards;
}

/* --batch, else the recipe's; "auto" is what the memory holds. */
static int settle_batch(const struct plan_asked *a, struct plan_job *p,
			struct fl_err *err)
{
	int recipes = data_options(p->recipe)->train_reader.batch_size;
	double room = plan_job_room(p, &p->cost), most;

	p->cost.batch = a->batch > 0 ? a->batch : recipes;
	if (p->cost.batch != READER_AUTO_BATCH)
		return 0;
	most = floor((0.8 * room - p->memory.fixed) / p->memory.picture);
	if (most < 1)
		return fl_fail(
			err, FL_ERECIPE,
			"batch_size auto: not one image of %dx%d fits: a trainer of one takes "
			"%.0f MiB of four fifths of %.0f; train at smaller sizes",
			p->memory.width, p->memory.height,
			(p->memory.fixed + p->memory.picture) / 0x1p20,
			room / 0x1p20);
	p->cost.batch = most > 65536 ? 65536 : (int)most;
	return 0;
}

static int settle_machine(const struct plan_asked *a, struct plan_job *p,
			  struct fl_err *err)
{
	p->machine = *cost_machine_find(a->gpu ? a->gpu : "cpu");
	p->cost.machine = &p->machine;
	p->cost.cards = a->cards;
	p->price = a->price;
	p->cost.hop_s = a->latency_us * 1e-6;
	if (!p->machine.shared)
		return 0;
	p->machine.cores = fl_cores();
	p->machine.host_bytes = fl_memory_free() == INT64_MAX
					? p->machine.host_bytes
					: (double)fl_memory_free();
	return cost_calibration_read(a->calibration, &p->machine, err);
}

int plan_job_open(const struct plan_asked *a, struct plan_job *p,
		  struct fl_err *err)
{
	int rc;

	*p = (struct plan_job){ 0 };
	if (!a->job.config)
		return fl_fail(err, FL_EUSAGE, "no recipe given; use -c FILE");
	rc = read_hosts(a->hosts ? a->hosts : "1", &p->cost.hosts,
			&p->hosts_most, err);
	if (rc == 0 && !a->link && p->hosts_most > 1)
		rc = fl_fail(
			err, FL_EUSAGE,
			"several machines need a link between them: --link 25Gb says what it carries");
	if (rc == 0 && a->link)
		rc = cost_link_read(a->link, &p->cost.link, err);
	if (rc == 0)
		rc = settle_machine(a, p, err);
	if (rc == 0)
		rc = job_recipe(&a->job, NULL, &p->recipe, err);
	if (rc != 0)
		return rc;
	take_recipe(p);
	rc = take_model(p, err);
	if (rc == 0)
		rc = settle_batch(a, p, err);
	if (rc == 0)
		rc = take_pictures(a, p, err);
	return rc;
}

void plan_job_close(struct plan_job *p)
{
	recipe_free(p->recipe);
	p->recipe = NULL;
}
