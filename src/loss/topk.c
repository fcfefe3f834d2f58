/* GNU's partial_sort and nth_element, step by step, so that of equal values the same stay
 * in front as in PaddlePaddle (topk.h); whatever looks arbitrary here is theirs. */
#include "loss/topk.h"

#include "base/err.h"

static void swap(struct ranked *a, struct ranked *b)
{
	struct ranked t = *a;

	*a = *b;
	*b = t;
}

/* A heap with the smallest value on top. Put v where top is missing: the hole
 * first sinks to the bottom along the smaller children (of equal ones the
 * right), then v rises from there. */
static void sift(struct ranked *heap, int top, int n, struct ranked v)
{
	int hole = top;

	while (2 * hole + 2 < n) {
		int child = 2 * hole + 2;

		if (heap[child].value > heap[child - 1].value)
			child--;
		heap[hole] = heap[child];
		hole = child;
	}
	if (2 * hole + 2 == n) { /* the last parent has one child */
		heap[hole] = heap[2 * hole + 1];
		hole = 2 * hole + 1;
	}
	while (hole > top && heap[(hole - 1) / 2].value > v.value) {
		heap[hole] = heap[(hole - 1) / 2];
		hole = (hole - 1) / 2;
	}
	heap[hole] = v;
}

/* Only a larger value than the smallest kept one displaces it. */
static void select_by_heap(struct ranked *r, int n, int k)
{
	for (int parent = k / 2 - 1; parent >= 0; parent--)
		sift(r, parent, k, r[parent]);
	for (int i = k; i < n; i++) {
		struct ranked v = r[i];

		if (v.value <= r[0].value)
			continue;
		r[i] = r[0];
		sift(r, 0, k, v);
	}
}

/* The median of the second, the middle and the last value goes in front. */
static void median_to_front(struct ranked *r, int n)
{
	struct ranked *a = &r[1], *b = &r[n / 2], *c = &r[n - 1];

	if (a->value > b->value)
		swap(r, b->value > c->value ? b : a->value > c->value ? c : a);
	else
		swap(r, a->value > c->value ? a : b->value > c->value ? c : b);
}

/* Larger values than r[0] to the left, smaller ones to the right; returns where
 * the right part begins. Equal values are exchanged. */
static int partition(struct ranked *r, int n)
{
	int left = 1, right = n;

	for (;;) {
		while (r[left].value > r[0].value)
			left++;
		do
			right--;
		while (r[0].value > r[right].value);
		if (left >= right)
			return left;
		swap(&r[left++], &r[right]);
	}
}

/* Falling; equal values stay as they are. */
static void insertion_sort(struct ranked *r, int n)
{
	for (int i = 1; i < n; i++)
		for (int j = i; j > 0 && r[j].value > r[j - 1].value; j--)
			swap(&r[j], &r[j - 1]);
}

static void select_by_parts(struct ranked *r, int n, int k)
{
	int rounds = 0; /* twice the binary logarithm, then a heap */

	for (int m = n; m > 1; m /= 2)
		rounds += 2;
	while (n > 3) {
		int cut;

		/* nth_element gives up on medians there, so that unlucky ones
		 * do not cost n^2. */
		if (rounds-- == 0) {
			select_by_heap(r, n, k);
			return;
		}
		median_to_front(r, n);
		cut = partition(r, n);
		if (cut <= k - 1) {
			r += cut;
			n -= cut;
			k -= cut;
		} else {
			n = cut;
		}
	}
	insertion_sort(r, n);
}

void topk_select(struct ranked *r, int n, int k)
{
	FL_ASSERT(k >= 1 && k <= n);
	if (64 * k < n)
		select_by_heap(r, n, k);
	else
		select_by_parts(r, n, k);
}
