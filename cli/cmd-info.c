/* SPDX-License-Identifier: BSD-2-Clause */
/* weir info: what trace files hold. */
#include <string.h>

#include "cmd.h"
#include "commands.h"
#include "info.h"
#include "util.h"

struct info_cfg {
	bool json;
};

static const struct opt info_opts[] = {
	{ OPT(struct info_cfg, json), .name = "json", .help = "print one JSON object" },
	{ 0 },
};

/* Up to the end, or to the damage. */
static int read_frames(struct info_file *f)
{
	struct weir_record rec;
	int r;

	r = weir_summary_new(weir_reader_info(f->reader)->format, &f->summary, &f->err);
	if (r < 0)
		return r;

	while ((r = weir_reader_next(f->reader, &rec, &f->err)) == 1) {
		r = weir_summary_add(f->summary, &rec);
		if (r < 0) {
			(void)snprintf(f->err.text, sizeof(f->err.text), "%s: frame %llu: %s",
				       f->path, (unsigned long long)rec.nr, strerror(-r));
			return r;
		}
	}
	return r;
}

static void info_open(struct info_file *f, const char *path)
{
	*f = (struct info_file){ .path = path };
	f->failed = weir_reader_open(path, &f->reader, &f->err) < 0 || read_frames(f) < 0;
	if (f->failed)
		(void)weir_err_text(&f->err); /* there is one from now on */
}

static void info_close(struct info_file *f)
{
	weir_summary_free(f->summary);
	weir_reader_close(f->reader);
}

static int info_run(const struct cmd_run *run, const void *cfg)
{
	const struct info_cfg *c = cfg;
	json_t *files = json_array();
	json_t *all = json_pack("{s:o}", "files", files);
	int status = 0;

	for (unsigned i = 0; i < run->n_operands; i++) {
		struct info_file f;

		info_open(&f, run->operands[i]);
		if (c->json)
			info_json(files, &f);
		else
			info_print(stdout, &f);
		if (f.failed)
			status = cmd_fail(run, "%s", f.err.text);
		info_close(&f);
	}
	if (c->json) {
		(void)json_dumpf(all, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(12));
		putchar('\n');
	}
	json_decref(all);
	return status;
}

const struct cmd cmd_info = {
	.name = "info",
	.summary = "tell what trace files hold",
	.operands = "FILE...",
	.dialect = OPT_WEIR,
	.min_operands = 1,
	.opts = info_opts,
	.cfg_size = sizeof(struct info_cfg),
	.run = info_run,
};
