/* Which kernel a convolution gets: the table is a matter of the shape, what another rank
 * measured goes before it, and text that is none changes nothing. */
#include "device/cpu/choice.h"
#include "device/cpu/conv.h"
#include "device/cpu/dnnl_api.h"
#include "device/cpu/kernels.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const struct dev_kernels *kernels = &cpu_kernel_choices;

static struct dev_conv_desc layer(int n, int size, int cin, int cout)
{
	return (struct dev_conv_desc){ .n = n,
				       .h = size,
				       .w = size,
				       .cin = cin,
				       .cout = cout,
				       .k = 3,
				       .stride = 1,
				       .backward = true,
				       .diff_src = true };
}

static void is(struct cpu_choice c, int forward, int data, int weights)
{
	assert_int_equal(c.kernel[CPU_FORWARD], forward);
	assert_int_equal(c.kernel[CPU_DATA], data);
	assert_int_equal(c.kernel[CPU_WEIGHTS], weights);
}

static void test_table(void **state)
{
	struct dev_conv_desc d = layer(8, 40, 96, 96);

	(void)state;
	if (!cpu_kernel_set()->winograd)
		skip();
	is(cpu_choice_by_table(&d), 1, 1, 1);
	d = layer(8, 160, 16, 16); /* by the weights: all transforms */
	is(cpu_choice_by_table(&d), 1, 1, 0);
	d = layer(8, 10, 192, 192); /* few tiles */
	is(cpu_choice_by_table(&d), 0, 1, 1);
	d = layer(1, 5, 96, 96);
	is(cpu_choice_by_table(&d), 0, 0, 0);
	d = layer(8, 40, 96, 8);
	is(cpu_choice_by_table(&d), 0, 0, 0);
}

static void test_others_stay(void **state)
{
	struct dev_conv_desc d = layer(8, 40, 96, 96);

	(void)state;
	d.k = 1;
	is(cpu_choice_by_table(&d), 0, 0, 0);
	d = layer(8, 40, 96, 96);
	d.stride = 2;
	is(cpu_choice_by_table(&d), 0, 0, 0);
	d = layer(8, 40, 96, 96);
	d.short_sums = true;
	is(cpu_choice_by_table(&d), 0, 0, 0);
	d = layer(8, 40, 96, 96);
	d.x_type = DTYPE_BF16;
	is(cpu_choice_by_table(&d), 0, 0, 0);
}

/* Maps in BF16 have a table of their own, and no measuring. */
static void test_bf16(void **state)
{
	struct dev_conv_desc d = layer(8, 40, 96, 96);
	struct fl_str told = FL_STR_INIT;
	bool here = cpu_kernel_set()->winograd_bf16 &&
		    !dnn_has(dnnl_cpu_isa_avx512_core_amx);
	int yes = here ? CPU_WINOGRAD : CPU_ONEDNN;

	(void)state;
	d.x_type = d.y_type = DTYPE_BF16;
	is(cpu_choice_by_table(&d), yes, yes, yes);
	kernels->measure(1);
	is(cpu_choice_of(&d), yes, yes, yes);
	kernels->measured();
	kernels->tell(&told);
	assert_string_equal(fl_str_get(&told), "");
	d.h = d.w = 10; /* tiles stick out */
	is(cpu_choice_by_table(&d), 0, 0, 0);
	d = layer(8, 80, 32, 32);
	d.x_type = d.y_type = DTYPE_BF16;
	is(cpu_choice_by_table(&d), 0, 0, 0);
}

static void test_bad_text(void **state)
{
	static const char *const bad[] = {
		"8 40 40 96 96 train Winograd oneDNN\n",
		"x\n",
		"8 40 40 96 96 train Winograd oneDNN oneDNN measured",
		"8 40 40 96 96 train Winograd oneDNN oneDNN measured 1\n",
		"8 40 40 96 96 train Winograd oneDNN faster measured\n",
		"8 40 40 96 96 learn Winograd oneDNN oneDNN measured\n",
		"8 40 40 96 96 train Winograd oneDNN oneDNN guessed\n",
		"8 40 40 96 -1 train Winograd oneDNN oneDNN measured\n",
		"\n",
		"8 40 40 96 96 train oneDNN oneDNN oneDNN measured\nend\n"
	};
	struct dev_conv_desc d = layer(8, 40, 96, 96);
	struct cpu_choice table = cpu_choice_by_table(&d), now;
	char *endless = malloc(5001);

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct fl_err err = FL_ERR_INIT;

		assert_int_equal(kernels->take(bad[i], &err), FL_EDATA);
	}
	memset(endless, '8', 5000);
	endless[5000] = '\0';
	assert_int_equal(kernels->take(endless, &(struct fl_err)FL_ERR_INIT),
			 FL_EDATA);
	free(endless);
	now = cpu_choice_of(&d);
	assert_memory_equal(&now, &table, sizeof(now));
}

static void test_taken(void **state)
{
	static const char text[] =
		"4 24 24 32 48 train oneDNN Winograd oneDNN measured\n"
		"2 24 24 32 48 infer oneDNN oneDNN oneDNN measured\n";
	struct dev_conv_desc d = layer(4, 24, 32, 48);
	struct fl_err err = FL_ERR_INIT;
	struct fl_str told = FL_STR_INIT;

	(void)state;
	if (!cpu_kernel_set()->winograd)
		skip();
	assert_non_null(strstr(cpu_choice_words(), "by table"));
	assert_int_equal(kernels->take(text, &err), 0);
	assert_non_null(strstr(cpu_choice_words(), "by table")); /* unused */
	is(cpu_choice_of(&d), 0, 1, 0);
	assert_non_null(strstr(cpu_choice_words(), "as measured ("));
	d.backward = false; /* a training's answer is an evaluation's too */
	is(cpu_choice_of(&d), 0, 1, 0);
	d = layer(2, 24, 32, 48); /* an evaluation's is none for training */
	is(cpu_choice_of(&d), 1, 1, 1);
	kernels->tell(&told);
	assert_non_null(strstr(fl_str_get(&told), "4 24 24 32 48 train "
						  "oneDNN Winograd oneDNN "
						  "measured\n"));
	assert_null(strstr(fl_str_get(&told), "2 24 24 32 48 infer"));
	assert_int_equal(kernels->take(fl_str_get(&told), &err), 0);
	fl_str_release(&told);
}

/* Time that is over measures nothing; time that is there does. */
static void test_bound(void **state)
{
	struct dev_conv_desc d = layer(1, 30, 20, 20);
	struct cpu_choice c;
	struct fl_str told = FL_STR_INIT;

	(void)state;
	if (!cpu_kernel_set()->winograd)
		skip();
	setenv("XDG_CACHE_HOME", "/proc/none", 1);
	kernels->measure(0);
	c = cpu_choice_of(&d);
	kernels->measured();
	kernels->tell(&told);
	assert_non_null(strstr(fl_str_get(&told), "1 30 30 20 20 train"));
	assert_null(strstr(strstr(fl_str_get(&told), "1 30 30 20 20 train"),
			   "measured\n"));
	is(c, cpu_choice_by_table(&d).kernel[0],
	   cpu_choice_by_table(&d).kernel[1],
	   cpu_choice_by_table(&d).kernel[2]);
	fl_str_clear(&told);
	kernels->measure(60);
	cpu_choice_of(&d);
	kernels->measured();
	kernels->tell(&told);
	assert_non_null(strstr(strstr(fl_str_get(&told), "1 30 30 20 20 train"),
			       "measured\n"));
	fl_str_release(&told);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_others_stay),
		cmocka_unit_test(test_bf16),
		cmocka_unit_test(test_bad_text),
		cmocka_unit_test(test_taken),
		cmocka_unit_test(test_bound),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
