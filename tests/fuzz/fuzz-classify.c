/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The classifier: what it splits by, a rule, and frames.
 *
 *     |mode|flags|what, up to a 0|rule, up to a 0|length|frame|length|frame|...
 *
 * Every frame gets a verdict.
 */
#include <weir/classify.h>

#include <string.h>

#include "fuzz.h"

enum {
	QUIRKS = 1U << 0,
	REVERSE = 1U << 1,
	NONIP = 1U << 2,
	EXCLUDE = 1U << 3,
};

/* The text at *p, which then stands behind it; NULL: it does not end. */
static const char *take_text(const uint8_t **p, size_t *size)
{
	const uint8_t *begin = *p, *end = memchr(begin, 0, *size);

	if (!end)
		return NULL;
	*size -= (size_t)(end + 1 - begin);
	*p = end + 1;
	return (const char *)begin;
}

static uint64_t add_frames(struct weir_classifier *c, const uint8_t *data, size_t size)
{
	uint64_t n = 0;

	while (size > 1) {
		uint32_t len = data[0] < size - 1 ? data[0] : (uint32_t)(size - 1);
		struct weir_record rec = { .data = data + 1,
					   .len = len,
					   .orig_len = len,
					   .linktype = n % 8 == 7 ? 113 : 1,
					   .nr = n + 1 };

		FUZZ_CHECK(weir_classifier_add(c, &rec, NULL) == 0);
		n++;
		data += 1 + len;
		size -= 1 + len;
	}
	return n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct weir_classify_opts opts = { 0 };
	struct weir_classifier *c = NULL;
	struct weir_cache *cache = NULL;
	struct weir_err err = { 0 };
	const char *rule;
	unsigned flags;
	uint64_t n;

	if (size < 2)
		return 0;
	opts.mode = (enum weir_split_mode)(data[0] % (WEIR_SPLIT_MAC + 1));
	flags = data[1];
	data += 2;
	size -= 2;
	opts.what = take_text(&data, &size);
	rule = opts.what ? take_text(&data, &size) : NULL;
	/* Expressions and filters are other libraries'. */
	if (!rule || rule[0] == 'F' || opts.mode == WEIR_SPLIT_REGEX)
		return 0;
	if (*rule && flags & EXCLUDE)
		opts.exclude = rule;
	else if (*rule)
		opts.include = rule;
	if (opts.mode == WEIR_SPLIT_PORT && *opts.what) {
		opts.services = opts.what;
		opts.services_size = strlen(opts.what);
	}
	opts.reverse = flags & REVERSE;
	opts.nonip = flags & NONIP;
	opts.quirks = flags & QUIRKS ? WEIR_SPLIT_QUIRKS_TCPPREP : 0;

	if (weir_classifier_new(&opts, &c, &err) < 0) {
		FUZZ_CHECK(err.text[0] && !c);
		return 0;
	}
	FUZZ_CHECK(weir_cache_new(NULL, &cache, NULL) == 0);
	n = add_frames(c, data, size);
	if (weir_classifier_finish(c, cache, &err) < 0)
		FUZZ_CHECK(err.text[0]);
	else
		FUZZ_CHECK(weir_cache_count(cache) == n);
	weir_cache_free(cache);
	weir_classifier_free(c);
	return 0;
}
