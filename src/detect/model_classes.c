/* The names of a model's classes, for whoever shows a file of categories to it:
 * eval, infer, train -r and fine-tuning. They travel in a checkpoint's
 * metadata, as two arrays of JSON. Ids that are texts are not stored: they mean
 * something in their own file alone. */
#include "detect/model_classes.h"

#include "box/text_ids.h"
#include "ckpt/locate.h"
#include "text/json.h"
#include "data/options.h"
#include "detect/options.h"

#include <limits.h>
#include <string.h>

#define NAMES_KEY "class_names"
#define IDS_KEY "class_ids"

static const char *print(struct json *array, struct fl_arena *arena)
{
	struct fl_str s = FL_STR_INIT;
	const char *text;

	json_print(array, 0, &s);
	text = fl_arena_strdup(arena, fl_str_get(&s));
	fl_str_release(&s);
	json_free(array);
	return text;
}

void model_classes_describe(const struct class_list *list,
			    struct fl_arena *arena,
			    struct tensor_meta out[MODEL_CLASSES_META])
{
	struct json *names = json_new_array(), *ids = json_new_array();

	for (int i = 0; i < list->count; i++) {
		/* A text's number is a place in a table that only lives in the
		 * run (box/text_ids.h). */
		bool text = !list->ids || text_id_is(list->ids[i]);

		json_add(names, json_new_text(list->names[i]));
		json_add(ids, json_new_int(text ? i : list->ids[i]));
	}
	out[0] = (struct tensor_meta){ NAMES_KEY, print(names, arena) };
	out[1] = (struct tensor_meta){ IDS_KEY, print(ids, arena) };
}

/* Published weights borrow from the checkpoint that has the texts. */
static const char *find(const struct tensor_file *file, const char *key)
{
	const char *text = NULL;

	for (; file && !text; file = file->part)
		text = tensor_file_meta(file, key);
	return text;
}

size_t model_classes_find(const struct tensor_file *file,
			  struct tensor_meta out[MODEL_CLASSES_META])
{
	out[0] = (struct tensor_meta){ NAMES_KEY, find(file, NAMES_KEY) };
	out[1] = (struct tensor_meta){ IDS_KEY, find(file, IDS_KEY) };
	return out[0].text && out[1].text ? MODEL_CLASSES_META : 0;
}

/* One without the other is a damaged file, not one without names. */
static struct json *array_of(const struct tensor_file *file, const char *key,
			     const char *path, struct fl_err *err)
{
	const char *text = find(file, key);
	struct json *array;

	if (!text) {
		fl_fail(err, FL_EDATA,
			"'%s' has 'class_names' but no '%s' in its metadata",
			path, key);
		return NULL;
	}
	array = json_parse(text, strlen(text), path, err);
	if (array && json_kind_of(array) != JSON_KIND_ARRAY) {
		json_free(array);
		array = NULL;
		fl_fail(err, FL_EDATA, "'%s': '%s' of the metadata is no array",
			path, key);
	}
	return array;
}

/* Copied: the metadata goes with the file, the list stays. */
static int take_lists(const struct json *names, const struct json *ids,
		      const char *path, struct model_classes *out,
		      struct fl_err *err)
{
	size_t n = json_count(names);
	const char **name = fl_arena_array(&out->arena, n + 1, sizeof(*name));
	int64_t *id = fl_arena_array(&out->arena, n + 1, sizeof(*id));

	if (n != json_count(ids))
		return fl_fail(
			err, FL_EDATA,
			"'%s' has %zu class_names and %zu class_ids in its metadata",
			path, n, json_count(ids));
	for (size_t i = 0; i < n; i++) {
		const char *text;

		if (!json_text(json_at(names, i), &text) ||
		    !json_int(json_at(ids, i), &id[i]))
			return fl_fail(
				err, FL_EDATA,
				"'%s': class %zu of the metadata has no text and whole number",
				path, i);
		name[i] = fl_arena_strdup(&out->arena, text);
	}
	out->list = (struct class_list){
		(int)n, name, id, fl_arena_printf(&out->arena, "'%s'", path)
	};
	out->stored = n > 0;
	return 0;
}

int model_classes_read(const struct tensor_file *file, const char *path,
		       struct model_classes *out, struct fl_err *err)
{
	struct json *names, *ids = NULL;
	int rc = 0;

	*out = (struct model_classes){ 0 };
	if (!find(file, NAMES_KEY))
		return 0;
	names = array_of(file, NAMES_KEY, path, err);
	if (names)
		ids = array_of(file, IDS_KEY, path, err);
	rc = ids ? take_lists(names, ids, path, out, err) : err->code;
	json_free(names);
	json_free(ids);
	if (rc != 0)
		model_classes_close(out);
	return rc;
}

/* The list of the file that the recipe trains with, if it is here and can be
 * the model's. Absence is no error: eval and infer work without names. */
static void read_train(const struct recipe *recipe, struct model_classes *out)
{
	struct fl_err absent = FL_ERR_INIT;
	char path[PATH_MAX];

	if (!*data_options(recipe)->train.anno_path ||
	    dataset_anno_path(&data_options(recipe)->train, path, sizeof(path),
			      &absent) ||
	    dataset_read_classes(&data_options(recipe)->train, &out->train,
				 &absent))
		return;
	/* As many classes is all that can be checked of weights without
	 * names. */
	if (out->train.class_count != recipe->num_classes) {
		dataset_close(&out->train);
		return;
	}
	out->list = dataset_classes(
		&out->train,
		fl_arena_printf(&out->arena, "TrainDataset '%s'", path));
}

int model_classes_open(const struct recipe *recipe, struct model_classes *out,
		       struct fl_err *err)
{
	struct tensor_file file = { 0 };
	char path[PATH_MAX];
	int rc = locate_weights(detect_options(recipe)->weights, path,
				sizeof(path), err);

	*out = (struct model_classes){ 0 };
	if (rc == 0)
		rc = tensor_file_open(&file, path, err);
	if (rc == 0)
		rc = model_classes_read(&file, path, out, err);
	tensor_file_close(&file);
	if (rc == 0 && out->list.count == 0)
		read_train(recipe, out);
	return rc;
}

void model_classes_close(struct model_classes *c)
{
	dataset_close(&c->train);
	fl_arena_release(&c->arena);
	*c = (struct model_classes){ 0 };
}
