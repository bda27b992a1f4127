/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * weir gen: frames from templates, to a file, to a port or as text. Through a port they
 * go as weir replay sends; the stream is made instead of read.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "commands.h"
#include "gen.h"
#include "interfaces.h"
#include "passes.h"
#include "util.h"

/* A file without a rate is written as if a frame left each microsecond. */
#define FILE_PPS 1000000u

DEFINE_CLEANUP(struct weir_profile *, weir_profile_free)

static int list_layers(void)
{
	for (unsigned i = 0; weir_gen_layer_name(i); i++) {
		const char *field;

		printf("%s(", weir_gen_layer_name(i));
		for (unsigned f = 0; (field = weir_gen_field_name(i, f)); f++)
			printf("%s%s", f ? ", " : "", field);
		puts(")");
	}
	return 0;
}

/* Operands are lines of one text. */
static char *join(const struct cmd_run *run)
{
	size_t size = 1;
	char *text;

	for (unsigned i = 0; i < run->n_operands; i++)
		size += strlen(run->operands[i]) + 1;
	text = xcalloc(1, size);
	for (unsigned i = 0; i < run->n_operands; i++) {
		strcat(text, run->operands[i]);
		strcat(text, i + 1 < run->n_operands ? "\n" : "");
	}
	return text;
}

static int compile(const struct cmd_run *run, const struct gen_cfg *cfg, struct weir_gen **ret_gen,
		   struct weir_err *err)
{
	CLEANUP(freep)
	char *text = join(run);
	uint8_t mac[6] = { 0 };
	struct weir_gen_opts opts = {
		.text = text,
		.len = strlen(text),
		.size = cfg->size,
		.no_fcs = cfg->no_fcs,
		.stamp = cfg->stamp,
		.random_order = cfg->random_order,
		.seed = cfg->send.pace.seed,
		.mac = mac,
	};

	if (cfg->send.intf1)
		interface_mac(cfg->send.intf1, mac);
	if (cfg->file)
		return weir_gen_new_file(cfg->file, &opts, ret_gen, err);
	return weir_gen_new(&opts, ret_gen, err);
}

/* Fills in what the templates and the way out decide; rate_text has room for a number. */
static void complete(struct gen_cfg *cfg, const struct cmd_run *run,
		     const struct weir_gen_info *info, char *rate_text, size_t size)
{
	bool to_port = cfg->send.intf1 != NULL;
	/* Something else ends it than having been through all sets once. */
	bool endless = to_port || cfg->count || (cfg->send.duration_s && !cfg->print);

	if (!cfg->send.pps && !cfg->send.mbps && !cfg->send.topspeed) {
		uint64_t fps = info->rate_fps ? info->rate_fps : to_port ? 0 : FILE_PPS;

		(void)snprintf(rate_text, size, "%" PRIu64, fps);
		if (fps)
			cfg->send.pps = rate_text;
		cfg->send.topspeed = !fps;
	}
	if (!opt_given(run->opts, "loop"))
		cfg->send.loop = endless ? 0 : 1;
}

/* Whether the port is to make the frames. If it could but they do not fit, the remark says
 * why. */
static bool plan_recipe(const struct gen_cfg *cfg, const struct weir_gen *g,
			struct weir_recipe *ret_recipe, char *remark, size_t size)
{
	const struct pace_cfg *pace = &cfg->send.pace;
	const char *port = cfg->send.intf1;
	struct weir_err err = { 0 };
	bool shared = pace->share || pace_workers(pace, &port, 1) > 1;

	if (!weir_port_name_makes(port))
		return false;
	if (shared && pace->shard == WEIR_SHARD_FLOW)
		(void)err_text(&err, -ENOTSUP, "they are shared out by flow");
	else if (weir_gen_recipe(g, ret_recipe, &err) == 0)
		return true;
	(void)snprintf(remark, size, "frames are not made in the kernel: %s", weir_err_text(&err));
	return false;
}

static int send_frames(const struct cmd_run *run, const struct gen_cfg *cfg,
		       const struct weir_gen_info *info, struct weir_gen *g)
{
	struct gen_cfg planned = *cfg;
	struct weir_recipe recipe;
	struct passes passes =
		passes_plan(info->n_frames, info->max_len, info->repeats, gen_total(cfg, g));
	struct weir_maker maker;
	char remark[256] = "";
	bool made_by_port = plan_recipe(cfg, g, &recipe, remark, sizeof(remark));
	struct replay p = {
		.run = run,
		.cfg = &planned.send,
		.maker = &maker,
		.maker_loop = info->n_frames,
		.recipe = made_by_port ? &recipe : NULL,
		.remark = remark[0] ? remark : NULL,
		.send = { .stamp = cfg->stamp },
	};

	if (made_by_port)
		weir_gen_numberer(g, &maker);
	else
		weir_gen_maker(g, &maker);
	maker.n_frames = passes.n_frames;
	planned.send.preload = passes.preload;
	planned.send.loop = passes.loops;
	planned.send.limit = passes.limit;
	return replay_run(&p);
}

static int put_out(const struct cmd_run *run, const struct gen_cfg *cfg,
		   const struct weir_gen_info *info, struct weir_gen *g)
{
	CLEANUP(weir_profile_freep)
	struct weir_profile *profile = NULL;
	struct weir_send_opts unused = { 0 };
	struct weir_err err = { 0 };
	struct weir_rate rate;

	if (cfg->print)
		return gen_print(run, cfg, g);
	if (cfg->send.intf1)
		return send_frames(run, cfg, info, g);
	if (cfg->send.pace.line_rate)
		return cmd_usage(run, "--line-rate is of a link, which a file is not");
	if (replay_rate(&cfg->send, false, &rate, &err) < 0 ||
	    pace_rate(&cfg->send.pace, &rate, &profile, &err) < 0 ||
	    pace_opts(&cfg->send.pace, &rate, &unused, &err) < 0)
		return cmd_usage(run, "%s", weir_err_text(&err));
	if (cfg->send.duration_s && rate.mode == WEIR_RATE_TOPSPEED)
		return cmd_usage(run, "--duration in a file needs a rate: its frames have no time");
	return gen_write(run, cfg, g, &rate);
}

static int gen_run(const struct cmd_run *run, const void *fields)
{
	struct gen_cfg cfg = *(const struct gen_cfg *)fields;
	struct weir_gen *g = NULL;
	struct weir_gen_info info;
	struct weir_err err = { 0 };
	char rate_text[24];
	int status;

	if (cfg.list)
		return list_layers();
	if (!cfg.file == !run->n_operands)
		return cmd_usage(run, "templates are wanted: as arguments or by --file");
	if (!cfg.print && !cfg.send.intf1 && !cfg.send.write)
		return cmd_usage(run, "one of --intf1, --write and --print says where to");
	if (compile(run, &cfg, &g, &err) < 0)
		return cmd_usage(run, "%s", weir_err_text(&err));
	weir_gen_info(g, &info);
	complete(&cfg, run, &info, rate_text, sizeof(rate_text));
	status = put_out(run, &cfg, &info, g);
	weir_gen_free(g);
	return status;
}

const struct cmd cmd_gen = {
	.name = "gen",
	.summary = "make frames from templates",
	.operands = "TEMPLATE...",
	.about = "A template is an expression of layers, as in Scapy:\n"
		 "  weir gen 'Ether()/IP(dst=\"10.0.0.0/24\")/TCP(dport=(1,1024))' -w scan.pcap\n"
		 "Several are sent one after the other, or mixed if they have weights:\n"
		 "  Ether()/IP()/UDP() @ weight=7, size=64",
	.opts = gen_rows,
	.cfg_size = sizeof(struct gen_cfg),
	.defaults = &gen_defaults,
	.run = gen_run,
};
