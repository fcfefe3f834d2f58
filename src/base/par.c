/* The parallel loop, on OpenMP's threads, which oneDNN uses too, so that
 * the process has one team of them.
 * A loop is cut into at most FL_PAR_MAX_CHUNKS chunks, whose bounds depend on
 * its length alone; threads claim them as they come. So sums over chunks, added
 * up in their order, are the same for any number of threads. Under the thread
 * sanitizer, which does not know libgomp's barriers, plain threads take its
 * place. */
#include "base/par.h"

#include "base/cores.h"
#include "base/err.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#ifdef __SSE2__
#include <pmmintrin.h>
#include <xmmintrin.h>
#endif

/* 0: fl_par_init was not called; loops then run in the caller
 * (tests, tools). */
static int thread_count;

void fl_flush_denormals(void)
{
#ifdef __SSE2__
	_MM_SET_FLUSH_ZERO_MODE(_MM_FLUSH_ZERO_ON);
	_MM_SET_DENORMALS_ZERO_MODE(_MM_DENORMALS_ZERO_ON);
#endif
}

void fl_par_spin_briefly(char **argv)
{
	const char *threads = getenv("OMP_NUM_THREADS");
	char self[4096];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

	if (n <= 0 || getenv("GOMP_SPINCOUNT") || getenv("OMP_WAIT_POLICY") ||
	    fl_cores() < 2 || (threads && strcmp(threads, "1") == 0))
		return;
	/* Some microseconds, in place of libgomp's 300,000 turns:
	 * docs/performance.md has the measurement. */
	setenv("GOMP_SPINCOUNT", "1000", 1);
	fl_cores_all();	   /* what is bound now would be all there is then */
	self[n] = '\0';	   /* by its name, which others see as the process's */
	execv(self, argv); /* where that fails all goes on */
}

int fl_par_threads(void)
{
	return thread_count ? thread_count : 1;
}

int fl_par_chunks(size_t n, size_t grain)
{
	size_t chunks = grain ? (n + grain - 1) / grain : n;

	return (int)(chunks < FL_PAR_MAX_CHUNKS ? chunks : FL_PAR_MAX_CHUNKS);
}

struct loop {
	fl_par_fn *fn;
	void *ctx;
	size_t n;
	int chunks;
	atomic_int next;
};

static void claim_chunks(struct loop *l)
{
	int c;

	/* Relaxed: the counter only deals out numbers. What the chunks wrote is
	 * made visible by the end of the team's loop. */
	while ((c = atomic_fetch_add_explicit(
			&l->next, 1, memory_order_relaxed)) < l->chunks) {
		size_t first = l->n * (size_t)c / (size_t)l->chunks;
		size_t last = l->n * ((size_t)c + 1) / (size_t)l->chunks;

		l->fn(l->ctx, first, last, c);
	}
}

#ifdef FL_PAR_PTHREAD

static void *worker(void *arg)
{
	fl_flush_denormals();
	claim_chunks(arg);
	return NULL;
}

static void run(struct loop *l, int threads)
{
	pthread_t ids[FL_PAR_MAX_CHUNKS];
	int started = 0;

	for (int i = 1; i < threads; i++)
		if (pthread_create(&ids[started], NULL, worker, l) == 0)
			started++;
	claim_chunks(l);
	for (int i = 0; i < started; i++)
		pthread_join(ids[i], NULL);
}

int fl_par_most(void)
{
	return fl_cores();
}

void fl_par_init(int threads)
{
	thread_count = threads > 0 ? threads : fl_par_most();
	fl_flush_denormals();
}

void fl_par_alone(bool on)
{
	(void)on; /* no library with loops of its own in these builds */
}

#else

#include <omp.h>

void fl_par_alone(bool on)
{
	omp_set_num_threads(on ? 1 : fl_par_threads());
}

static void run(struct loop *l, int threads)
{
#pragma omp parallel num_threads(threads)
	claim_chunks(l);
}

/* Where OMP_PLACES and the like leave fewer cores, no more threads than those. */
int fl_par_most(void)
{
	int all = fl_cores(), bound = 0;

	if (omp_get_proc_bind() != omp_proc_bind_false)
		for (int i = 0; i < omp_get_num_places(); i++)
			bound += omp_get_place_num_procs(i);
	return bound > 0 && bound < all ? bound : all;
}

void fl_par_init(int threads)
{
	thread_count = threads > 0 ? threads : fl_par_most();
	/* The libraries we call (oneDNN) size their loops by this. */
	omp_set_num_threads(thread_count);
	/* Nor may the runtime choose fewer: who asked for
	 * four threads gets four. */
	omp_set_dynamic(0);
#pragma omp parallel num_threads(thread_count)
	fl_flush_denormals();
}

#endif

void fl_par_for(size_t n, size_t grain, fl_par_fn *fn, void *ctx)
{
	struct loop l = {
		.fn = fn, .ctx = ctx, .n = n, .chunks = fl_par_chunks(n, grain)
	};
	int threads = fl_par_threads();

	if (threads > l.chunks)
		threads = l.chunks;
	/* One chunk is not worth waking anybody. */
	if (threads <= 1)
		claim_chunks(&l);
	else
		run(&l, threads);
}
