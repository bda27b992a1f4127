/* SPDX-License-Identifier: BSD-2-Clause */
#include "replay-split.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "util.h"

struct replay_split {
	struct weir_classifier *classifier;
	struct weir_cache *cache; /* the verdicts of all files, one after another; NULL: frames
				   * tell their side themselves */
	uint64_t *before;	  /* frames of the files before each */
};

DEFINE_CLEANUP(struct weir_reader *, weir_reader_close)

int replay_split_new(const char *mode, const struct split_cfg *cfg, struct replay_split **ret_split,
		     struct weir_err *err)
{
	struct split_cfg whole = *cfg;
	struct weir_classifier *c = NULL;
	struct replay_split *s;
	int r = split_mode_parse(mode, &whole, err);

	if (r >= 0)
		r = split_classifier(&whole, false, &c, err);
	if (r < 0)
		return r;
	s = xcalloc(1, sizeof(*s));
	s->classifier = c;
	*ret_split = s;
	return 0;
}

/* What is read once here and once for sending cannot be a pipe. */
static int check_files(const struct file_list *files, struct weir_err *err)
{
	for (unsigned i = 0; i < files->n; i++) {
		const char *path = files->paths[i];
		bool is_stdin = strcmp(path, "-") == 0;

		/* What is not there is an error where it is opened. */
		if (!is_stdin && (files_is_regular(path) || access(path, F_OK) < 0))
			continue;
		return err_text(err, -EINVAL,
				"this mode of --split reads the trace twice, which %s cannot be; "
				"port, cidr, regex and mac read it once",
				is_stdin ? "standard input" : path);
	}
	return 0;
}

/* How many frames there were in *ret_n. */
static int read_file(struct replay_split *s, const char *path, uint64_t *ret_n,
		     struct weir_err *err)
{
	CLEANUP(weir_reader_closep)
	struct weir_reader *reader = NULL;
	struct weir_record rec;
	uint64_t n = 0;
	int r = weir_reader_open(path, &reader, err);

	while (r >= 0 && (r = weir_reader_next(reader, &rec, err)) == 1) {
		r = weir_classifier_add(s->classifier, &rec, err);
		n++;
	}
	*ret_n = n;
	/* Damage ends the file where the frames are sent, too, and is told there. */
	return r == -EBADMSG || r == -ENODATA ? 0 : r;
}

int replay_split_read(struct replay_split *s, const struct file_list *files, struct weir_err *err)
{
	uint64_t n;
	int r;

	if (weir_classifier_is_stage(s->classifier))
		return 0;
	r = check_files(files, err);
	if (r < 0)
		return r;
	s->before = xcalloc(files->n + 1, sizeof(*s->before));
	for (unsigned i = 0; i < files->n; i++) {
		r = read_file(s, files->paths[i], &n, err);
		if (r < 0)
			return r;
		s->before[i + 1] = s->before[i] + n;
	}
	r = weir_cache_new(NULL, &s->cache, err);
	if (r < 0)
		return r;
	return weir_classifier_finish(s->classifier, s->cache, err);
}

static int run_split(void *ctx, struct weir_buf *bufs, unsigned n)
{
	const struct replay_split *s = ctx;

	for (unsigned i = 0; i < n; i++) {
		struct weir_buf *b = &bufs[i];
		enum weir_verdict v = weir_cache_get(s->cache, s->before[b->file] + b->nr);

		if (b->port != WEIR_NO_PORT)
			b->port = weir_verdict_port(v);
	}
	return 0;
}

struct weir_stage replay_split_stage(struct replay_split *s)
{
	if (!s->cache)
		return weir_classifier_stage(s->classifier);
	return (struct weir_stage){ .run = run_split, .ctx = s };
}

struct replay_split *replay_split_free(struct replay_split *s)
{
	if (!s)
		return NULL;
	weir_cache_free(s->cache);
	weir_classifier_free(s->classifier);
	free(s->before);
	free(s);
	return NULL;
}
