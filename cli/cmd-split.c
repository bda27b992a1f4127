/* SPDX-License-Identifier: BSD-2-Clause */
/* weir split, and tcpprep: tells clients' frames from servers', into a cache or two traces. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include <weir/block.h>
#include <weir/classify.h>
#include <weir/relay.h>
#include <weir/split.h>
#include <weir/trace.h>

#include "cmd.h"
#include "commands.h"
#include "decoder.h"
#include "files.h"
#include "old-files.h"
#include "old-split.h"
#include "snaplen.h"
#include "split-opts.h"
#include "trace-out.h"
#include "util.h"

#define MAX_WORKERS 64u
/* More are no faster: reading takes longer than all else, and only one reads at a time. */
#define DEFAULT_WORKERS 2u

struct split_cmd_cfg {
	struct split_cfg how;
	bool no_arg_comment, verbose, suppress_warnings;
	const char *comment, *decode;
	const char *pcap, *cachefile, *out_client, *out_server;
	const char *print_comment, *print_info, *print_stats;
	struct trace_out_cfg out;
	uint32_t workers;
};

static const struct opt split_rows[] = {
	{ OPT(struct split_cmd_cfg, how.mode), .name = "auto", .letter = 'a', .metavar = "MODE",
	  .conflicts = "cidr port regex mac",
	  .help = "find out from the trace: bridge, router, client, server or first" },
	{ OPT(struct split_cmd_cfg, how.cidr), .name = "cidr", .letter = 'c', .metavar = "NET,...",
	  .conflicts = "auto port regex mac",
	  .help = "source addresses in these networks go to the primary port" },
	{ OPT(struct split_cmd_cfg, how.regex), .name = "regex", .letter = 'r', .metavar = "REGEX",
	  .conflicts = "auto port cidr mac",
	  .help = "source addresses that match go to the primary port" },
	{ OPT(struct split_cmd_cfg, how.port), .name = "port", .letter = 'p',
	  .conflicts = "auto regex cidr mac",
	  .help = "frames to ports of services go to the primary port" },
	{ OPT(struct split_cmd_cfg, how.mac), .name = "mac", .letter = 'e', .metavar = "MAC,...",
	  .conflicts = "auto regex cidr port", .help = "these source MACs go to the primary port" },
	{ OPT(struct split_cmd_cfg, how.reverse), .name = "reverse",
	  .help = "exchange the two ports" },
	{ OPT(struct split_cmd_cfg, comment), .name = "comment", .letter = 'C', .metavar = "TEXT",
	  .help = "put a comment into the cache" },
	{ OPT(struct split_cmd_cfg, no_arg_comment), .name = "no-arg-comment",
	  .help = "leave the command line out of the cache's comment" },
	{ OPT(struct split_cmd_cfg, how.include), .name = "include", .letter = 'x',
	  .metavar = "RULE", .conflicts = "exclude",
	  .help = "send only: S:, D:, B:, E: and networks, P: and numbers, F: and a filter" },
	{ OPT(struct split_cmd_cfg, how.exclude), .name = "exclude", .letter = 'X',
	  .metavar = "RULE", .conflicts = "include", .help = "send all but these" },
	{ OPT(struct split_cmd_cfg, cachefile), .name = "cachefile", .letter = 'o',
	  .metavar = "FILE", .help = "the cache file to write" },
	{ OPT(struct split_cmd_cfg, out_client), .name = "out-client", .flags = OPT_WEIR_ONLY,
	  .metavar = "FILE", .help = "write the frames of the primary port to a trace" },
	{ OPT(struct split_cmd_cfg, out_server), .name = "out-server", .flags = OPT_WEIR_ONLY,
	  .metavar = "FILE", .help = "write the frames of the secondary port to a trace" },
	TRACE_OUT_ROWS(struct split_cmd_cfg, out),
	{ OPT(struct split_cmd_cfg, workers), .name = "workers", .flags = OPT_WEIR_ONLY,
	  .metavar = "N", .min = 1, .max = MAX_WORKERS,
	  .help = "threads that look at frames side by side (one a processor, at most 2)" },
	{ OPT(struct split_cmd_cfg, pcap), .name = "pcap", .letter = 'i', .metavar = "FILE",
	  .help = "the trace to read; - is standard input" },
	{ OPT(struct split_cmd_cfg, print_comment), .name = "print-comment", .letter = 'P',
	  .flags = OPT_ALONE, .metavar = "FILE", .help = "print the comment of a cache" },
	{ OPT(struct split_cmd_cfg, print_info), .name = "print-info", .letter = 'I',
	  .flags = OPT_ALONE, .metavar = "FILE",
	  .help = "print the port of each frame of a cache" },
	{ OPT(struct split_cmd_cfg, print_stats), .name = "print-stats", .letter = 'S',
	  .flags = OPT_ALONE, .metavar = "FILE",
	  .help = "print how many frames of a cache go to which port" },
	{ OPT(struct split_cmd_cfg, how.services), .name = "services", .letter = 's',
	  .metavar = "FILE", .requires = "port",
	  .help = "services as in /etc/services instead of ports 0 to 1023" },
	{ OPT(struct split_cmd_cfg, how.nonip), .name = "nonip", .letter = 'N',
	  .help = "what is not IP goes to the other port" },
	{ OPT(struct split_cmd_cfg, how.ratio), .name = "ratio", .letter = 'R', .metavar = "R",
	  .requires = "auto",
	  .help = "a server acts so many times as often as a server than as a client (2.0)" },
	{ OPT(struct split_cmd_cfg, how.min_mask), .name = "minmask", .letter = 'm', .metavar = "N",
	  .max = 32, .requires = "auto",
	  .help = "router: bits of the smallest networks to look at (30)" },
	{ OPT(struct split_cmd_cfg, how.max_mask), .name = "maxmask", .letter = 'M', .metavar = "N",
	  .max = 32, .requires = "auto",
	  .help = "router: bits of the greatest networks to look at (8)" },
	{ OPT(struct split_cmd_cfg, verbose), .name = "verbose", .letter = 'v',
	  .flags = OPT_AUTOOPTS_ONLY | OPT_AGAIN, .help = "print the frames by tcpdump" },
	{ OPT(struct split_cmd_cfg, decode), .name = "decode", .letter = 'A', .metavar = "ARGS",
	  .flags = OPT_AUTOOPTS_ONLY, .requires = "verbose", .help = "more arguments for tcpdump" },
	{ OPT(struct split_cmd_cfg, suppress_warnings), .name = "suppress-warnings", .letter = 'w',
	  .flags = OPT_AGAIN, .help = "taken, without effect: there are no warnings" },
	{ 0 },
};

static const struct split_cmd_cfg split_defaults = {
	.how = { .min_mask = SPLIT_MIN_MASK, .max_mask = SPLIT_MAX_MASK },
};

struct split_run {
	const struct cmd_run *run;
	const struct split_cmd_cfg *cfg;
	struct weir_classifier *classifier; /* of the first worker */
	struct weir_cache *cache;

	/* While frames are classified. */
	struct weir_reader *reader;
	struct decoder *decoder;
	struct weir_classifier_row *rows; /* who has seen which frames */
	size_t n_rows;
};

/* Printing what a cache holds. */

static const char *port_name(enum weir_verdict v)
{
	switch (v) {
	case WEIR_PRIMARY:
		return "Primary";
	case WEIR_SECONDARY:
		return "Secondary";
	default:
		return "Don't Send";
	}
}

static void print_stats(const struct weir_cache *cache)
{
	uint64_t n = weir_cache_count(cache), sums[4] = { 0 };

	for (uint64_t i = 1; i <= n; i++)
		sums[weir_cache_get(cache, i)]++;
	printf("Primary packets:\t%llu\n", (unsigned long long)sums[WEIR_PRIMARY]);
	printf("Secondary packets:\t%llu\n", (unsigned long long)sums[WEIR_SECONDARY]);
	printf("Skipped packets:\t%llu\n", (unsigned long long)sums[WEIR_DONT_SEND]);
	puts("------------------------------");
	printf("Total packets:\t\t%llu\n", (unsigned long long)n);
}

static int print_cache(const struct split_run *s, const char *path)
{
	struct weir_cache *cache = NULL;
	struct weir_err err = { 0 };
	int r;

	r = weir_cache_load(path, &cache, &err);
	if (r < 0 && cmd_is_personality(s->run))
		(void)old_cache_fault(path, r, &err);
	if (r < 0)
		return cmd_fail(s->run, "%s", weir_err_text(&err));

	if (path == s->cfg->print_comment) {
		printf("tcpprep args: %s\n", weir_cache_comment(cache));
		printf("Cache contains data for %llu packets\n",
		       (unsigned long long)weir_cache_count(cache));
	} else if (path == s->cfg->print_info) {
		for (uint64_t i = 1; i <= weir_cache_count(cache); i++)
			printf("Packet %llu -> %s\n", (unsigned long long)i,
			       port_name(weir_cache_get(cache, i)));
	} else {
		print_stats(cache);
	}
	weir_cache_free(cache);
	return 0;
}

/* The arguments joined by blanks, but "-C" and the two after it, as tcpprep keeps them. */
static void join_args(const struct cmd_run *run, char *text, size_t size)
{
	size_t len = 0;

	text[0] = '\0';
	for (int i = 0; i < run->argc; i++) {
		int n;

		if (strcmp(run->argv[i], "-C") == 0) {
			i += 2;
			continue;
		}
		n = snprintf(text + len, size - len, "%s%s", len ? " " : "", run->argv[i]);
		len += n > 0 ? (size_t)n : 0;
		if (len >= size)
			return;
	}
}

/* What stands in the cache: the arguments, and the comment in a line of its own. */
static int make_cache(struct split_run *s, struct weir_err *err)
{
	CLEANUP(freep)
	char *text = NULL;
	char args[1024] = "";

	if (!s->cfg->no_arg_comment)
		join_args(s->run, args, sizeof(args));
	if (asprintf(&text, "%s%s%s", args, s->cfg->comment ? "\n" : "",
		     s->cfg->comment ? s->cfg->comment : "") < 0) {
		text = NULL;
		return err_text(err, -ENOMEM, "out of memory");
	}
	return weir_cache_new(text, &s->cache, err);
}

/* What tcpprep says about its input before it begins. */
static int check_input(const struct split_run *s, struct weir_reader *reader, struct weir_err *err)
{
	static const uint32_t known[] = { 1, 113, 276, 101, 104, 178, 50 };
	const struct weir_trace_iface *iface;

	if (!weir_reader_info(reader)->n_ifaces)
		return err_text(err, -EINVAL,
				"Error opening libpcap: the capture file has no Interface "
				"Description Blocks");
	iface = weir_reader_iface(reader, 0);
	snaplen_warn(s->run, s->cfg->pcap, reader);
	if (s->cfg->how.mac && iface->linktype != WEIR_LINKTYPE_ETHERNET)
		return err_text(err, -ENOTSUP,
				"\nMAC mode splitting is only supported by DLT_EN10MB packet "
				"captures.");
	for (unsigned i = 0; i < ARRAY_SIZE(known); i++) {
		if (iface->linktype == known[i])
			return 0;
	}
	return err_text(err, -ENOTSUP, "Unsupported pcap DLT type: 0x%x", iface->linktype);
}

static int open_input(struct split_run *s, struct weir_err *err)
{
	bool old = cmd_is_personality(s->run);
	int r = weir_reader_open(s->cfg->pcap, &s->reader, err);

	if (r < 0)
		return old ? old_trace_fault("Error opening libpcap", s->cfg->pcap, r, err) : r;
	return old ? check_input(s, s->reader, err) : 0;
}

/* What a worker carries. */
struct load {
	struct weir_block *block;
	struct weir_classifier *classifier;
	uint64_t n_told; /* of its frames, in rows that were given */
};

static void fetch(void *ctx, void *load, uint64_t nr)
{
	const struct split_run *s = ctx;
	const struct load *l = load;

	weir_reader_fetch(s->reader, l->block, nr);
}

static int take(void *ctx, void *load, struct weir_err *err)
{
	const struct split_run *s = ctx;
	const struct load *l = load;

	return weir_reader_fill(s->reader, l->block, err);
}

static int look(void *ctx, void *load, struct weir_err *err)
{
	const struct split_run *s = ctx;
	const struct load *l = load;

	for (unsigned i = 0; i < l->block->n; i++) {
		const struct weir_buf *f = &l->block->frames[i];
		const struct weir_record rec = { .data = f->data,
						 .len = f->len,
						 .orig_len = f->orig_len,
						 .ts_ns = f->ts_ns,
						 .linktype = f->linktype,
						 .nr = f->nr };
		int r = cmd_is_personality(s->run) ? old_check_frame(f, err) : 0;

		if (r >= 0)
			r = weir_classifier_add(l->classifier, &rec, err);
		if (r < 0)
			return r;
	}
	if (s->decoder) {
		struct weir_stage print = decoder_stage(s->decoder);

		(void)print.run(print.ctx, l->block->frames, l->block->n); /* it does not count */
	}
	return 0;
}

static int give(void *ctx, void *load, struct weir_err *err)
{
	struct split_run *s = ctx;
	struct load *l = load;
	const uint64_t n = weir_classifier_count(l->classifier);
	struct weir_classifier_row *last = s->n_rows ? &s->rows[s->n_rows - 1] : NULL;

	(void)err; /* xgrow() ends the program where there is no memory */
	if (!last || last->who != l->classifier) {
		s->rows = xgrow(s->rows, s->n_rows, sizeof(*s->rows));
		last = &s->rows[s->n_rows++];
		*last = (struct weir_classifier_row){ .who = l->classifier };
	}
	last->n += n - l->n_told;
	l->n_told = n;
	return 0;
}

static int look_at_all(struct split_run *s, struct load *loads, unsigned n, struct weir_err *err)
{
	struct weir_relay relay = { .take = take, .work = look, .give = give, .ctx = s };
	void *all[MAX_WORKERS];
	int r = 0;

	for (unsigned i = 0; i < n && r >= 0; i++) {
		loads[i].classifier = s->classifier;
		if (i)
			r = split_classifier(&s->cfg->how, cmd_is_personality(s->run),
					     &loads[i].classifier, err);
		if (r >= 0)
			r = weir_block_new(0, &loads[i].block, err);
		all[i] = &loads[i];
	}
	if (weir_reader_share(s->reader))
		relay.fetch = fetch;
	return r < 0 ? r : weir_relay_run(&relay, all, n, err);
}

static int classify(struct split_run *s, struct load *loads, unsigned n, struct weir_err *err)
{
	int r = open_input(s, err), q = 0;

	if (r >= 0)
		r = look_at_all(s, loads, n, err);
	/* tcpprep takes damage for the end of the file. */
	if ((r == -EBADMSG || r == -ENODATA) && cmd_is_personality(s->run))
		r = 0;
	if (r >= 0)
		q = weir_classifier_finish_rows(s->rows, s->n_rows, s->cache, err);
	weir_reader_close(s->reader);
	if (r >= 0 && q >= 0 && cmd_is_personality(s->run) && !weir_cache_count(s->cache))
		return err_text(err, -ENODATA,
				"\nNo packets were processed.  Filter too limiting?");
	return r < 0 ? r : q;
}

/* classify() with as many workers as are useful. */
static int classify_shared(struct split_run *s, struct weir_err *err)
{
	unsigned n = s->cfg->workers ? s->cfg->workers : weir_relay_workers(DEFAULT_WORKERS);
	struct load loads[MAX_WORKERS] = { 0 };
	int r;

	if (weir_classifier_remembers(s->classifier) || s->decoder)
		n = 1;
	r = classify(s, loads, n, err);
	for (unsigned i = 0; i < n; i++) {
		weir_block_free(loads[i].block);
		if (loads[i].classifier != s->classifier)
			weir_classifier_free(loads[i].classifier);
	}
	free(s->rows);
	return r;
}

/* What write_sides() works with. */
struct sides {
	struct trace_out *outs[2]; /* NULL: nobody wants that side */
	struct weir_block *blocks[2];
};

/* The frames of the secondary side become those of the other block. */
static int sort_frames(const struct split_run *s, const struct sides *sides, struct weir_err *err)
{
	struct weir_block *all = sides->blocks[0], *second = sides->blocks[1];
	int r = 0;

	second->n = 0;
	for (unsigned i = 0; i < all->n && r >= 0; i++) {
		struct weir_buf *f = &all->frames[i];
		const enum weir_verdict v = weir_cache_get(s->cache, f->nr);

		if (v == WEIR_SECONDARY && sides->outs[1])
			r = weir_block_add(second, f, err);
		if (v == WEIR_SECONDARY || v == WEIR_DONT_SEND)
			f->port = WEIR_NO_PORT;
	}
	return r;
}

/* The trace once more, into one trace for each side. */
static int write_sides(const struct split_run *s, struct weir_reader *reader,
		       const struct sides *sides, struct weir_err *err)
{
	uint64_t left_out = 0; /* none are */
	int r, q;

	do {
		q = weir_reader_fill(reader, sides->blocks[0], err);
		r = q < 0 ? q : sort_frames(s, sides, err);
		for (unsigned i = 0; r >= 0 && i < 2; i++) {
			if (!sides->outs[i])
				continue;
			trace_out_see(sides->outs[i]);
			r = trace_out_write(sides->outs[i], sides->blocks[i], true, &left_out, err);
		}
	} while (q == 1 && r >= 0);
	for (unsigned i = 0; r >= 0 && i < 2; i++)
		r = sides->outs[i] ? trace_out_finish(sides->outs[i], err) : 0;
	return r;
}

/* Both blocks; what the reader tells beside frames counts for either. */
static int make_blocks(struct sides *sides, struct weir_err *err)
{
	unsigned notes = 0;
	int r = 0;

	for (unsigned i = 0; i < 2 && r >= 0; i++) {
		if (sides->outs[i])
			notes |= trace_out_notes(sides->outs[i]);
		r = weir_block_new(0, &sides->blocks[i], err);
	}
	if (r >= 0)
		r = weir_block_note(sides->blocks[0], notes, err);
	if (r >= 0)
		sides->blocks[1]->notes = sides->blocks[0]->notes;
	return r;
}

static int write_traces(const struct split_run *s, struct weir_err *err)
{
	const char *const paths[] = { s->cfg->out_client, s->cfg->out_server };
	struct weir_reader *reader = NULL;
	struct sides sides = { 0 };
	int r = 0;

	if (!paths[0] && !paths[1])
		return 0;
	r = weir_reader_open(s->cfg->pcap, &reader, err);
	for (unsigned i = 0; r >= 0 && i < 2; i++)
		r = paths[i] ? trace_out_open(paths[i], &s->cfg->out, reader, NULL, WEIR_NOTES_ALL,
					      false, &sides.outs[i], err)
			     : 0;
	if (r >= 0)
		r = make_blocks(&sides, err);
	if (r >= 0)
		r = write_sides(s, reader, &sides, err);
	for (unsigned i = 0; i < 2; i++) {
		trace_out_close(sides.outs[i]);
		weir_block_free(sides.blocks[i]);
	}
	weir_reader_close(reader);
	return r;
}

/* What the options cannot mean together; NULL: nothing. */
static const char *find_fault(const struct split_run *s)
{
	const struct split_cmd_cfg *c = s->cfg;
	bool traces = c->out_client || c->out_server;

	if (s->run->n_operands)
		return "there are no operands; the trace is --pcap=FILE";
	if (!c->pcap)
		return "--pcap=FILE is missing";
	if (!c->cachefile && !traces)
		return "--cachefile, --out-client or --out-server must say where to write";
	if (traces && strcmp(c->pcap, "-") == 0)
		return "--out-client and --out-server read the trace twice, which standard input "
		       "cannot be";
	if ((c->out_client && files_are_same(c->pcap, c->out_client)) ||
	    (c->out_server && files_are_same(c->pcap, c->out_server)) ||
	    (c->cachefile && files_are_same(c->pcap, c->cachefile)))
		return "the trace to read is also one of the files to write";
	return NULL;
}

/* The same in tcpprep's words and order. */
static int find_fault_old(const struct split_run *s, struct weir_err *err)
{
	const struct split_cmd_cfg *c = s->cfg;
	const struct split_cfg *how = &c->how;

	if (!how->mode && !how->cidr && !how->regex && !how->mac && !how->port)
		return err_text(err, -EINVAL, "\nMust specify a processing mode: -a, -c, -r, -p");
	if (!c->cachefile && !c->pcap)
		return err_text(err, -EINVAL,
				"\nMust specify an output cachefile (-o) and input pcap (-i)");
	if (!c->cachefile)
		return err_text(err, -EINVAL,
				"Unable to open cache file (null) for writing: Bad address");
	if (!c->pcap)
		return err_text(err, -EINVAL,
				"Error opening libpcap: A null pointer was supplied as the file "
				"name");
	return 0;
}

/* tcpprep makes the file before it opens the trace. What is in one that is there stays until
 * there is something to put into it. */
static int check_output(const struct split_run *s, struct weir_err *err)
{
	int fd;

	if (files_are_same(s->cfg->pcap, s->cfg->cachefile))
		return err_text(err, -EEXIST, "%s",
				"the trace to read is also one of the files to write");
	fd = open(s->cfg->cachefile, O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
	if (fd < 0)
		return err_text(err, -errno, "Unable to open cache file %s for writing: %s",
				s->cfg->cachefile, strerror(errno));
	(void)close(fd); /* nothing was written */
	return 0;
}

/* What the options mean to tcpprep, into *cfg. */
static int read_old(const struct split_run *s, struct split_cmd_cfg *cfg, struct weir_err *err)
{
	int r = old_split_modes(s->run, &cfg->how, err);

	if (r >= 0 && cfg->comment)
		r = old_comment(cfg->comment, err);
	if (r >= 0)
		r = find_fault_old(s, err);
	if (r >= 0)
		r = old_split_weights(s->run, &cfg->how, err);
	return r;
}

/* Everything about a cache, or traces, that are to be made. */
static int split(struct split_run *s, struct weir_err *err)
{
	int r = make_cache(s, err);

	if (r >= 0 && s->cfg->verbose)
		r = decoder_new(s->cfg->decode, &s->decoder, err);
	if (r >= 0)
		r = classify_shared(s, err);
	if (r >= 0 && s->cfg->cachefile)
		r = weir_cache_save(s->cache, s->cfg->cachefile, err);
	if (r >= 0)
		r = write_traces(s, err);
	return r;
}

static void split_done(struct split_run *s)
{
	decoder_free(s->decoder);
	weir_cache_free(s->cache);
	weir_classifier_free(s->classifier);
}

/* weir split, when it is not asked to print a cache. */
static int split_new(struct split_run *s)
{
	const char *fault = find_fault(s);
	struct weir_err err = { 0 };
	int r;

	if (fault)
		return cmd_usage(s->run, "%s", fault);
	r = split_classifier(&s->cfg->how, false, &s->classifier, &err);
	if (r == -EINVAL)
		return cmd_usage(s->run, "%s", weir_err_text(&err));
	if (r >= 0)
		r = split(s, &err);
	return r < 0 ? cmd_fail(s->run, "%s", weir_err_text(&err)) : 0;
}

/* tcpprep */
static int split_old(struct split_run *s)
{
	struct split_cmd_cfg cfg = *s->cfg;
	struct weir_err err = { 0 };
	int r = read_old(s, &cfg, &err);

	s->cfg = &cfg;
	if (r >= 0)
		r = split_classifier(&cfg.how, true, &s->classifier, &err);
	if (r >= 0)
		r = check_output(s, &err);
	if (r >= 0)
		r = split(s, &err);
	s->cfg = NULL;
	if (r == -ENOMSG)
		return cmd_fail_as_is(s->run, "%s", weir_err_text(&err));
	if (r == -ENOTUNIQ)
		fputs("Unable to determine any IP addresses as a clients.\n"
		      "Perhaps you should change the --ratio, --minmask/maxmask settings, or try "
		      "another mode?\n",
		      stderr);
	return r < 0 ? cmd_fail(s->run, "%s", weir_err_text(&err)) : 0;
}

static int split_run(const struct cmd_run *run, const void *cfg)
{
	struct split_run s = { .run = run, .cfg = cfg };
	const char *print = s.cfg->print_comment ? s.cfg->print_comment
			    : s.cfg->print_info	 ? s.cfg->print_info
						 : s.cfg->print_stats;
	int status;

	if (print)
		return print_cache(&s, print);
	status = cmd_is_personality(run) ? split_old(&s) : split_new(&s);
	split_done(&s);
	return status;
}

const struct cmd cmd_split = {
	.name = "split",
	.summary = "tell the two sides of a trace apart",
	.operands = "-i FILE -o FILE",
	.dialect = OPT_WEIR,
	.opts = split_rows,
	.cfg_size = sizeof(struct split_cmd_cfg),
	.defaults = &split_defaults,
	.section = "tcpprep",
	.run = split_run,
};

const struct cmd cmd_tcpprep = {
	.name = "tcpprep",
	.summary = "tell the two sides of a trace apart",
	.operands = "",
	.dialect = OPT_AUTOOPTS,
	.opts = split_rows,
	.cfg_size = sizeof(struct split_cmd_cfg),
	.defaults = &split_defaults,
	.section = "tcpprep",
	.run = split_run,
};
