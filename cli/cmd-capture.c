/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * weir capture: frames that arrive at ports, into files.
 */
#include <errno.h>
#include <linux/capability.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <time.h>

#include "capture.h"
#include "commands.h"
#include "decoder.h"
#include "live.h"
#include "privileges.h"
#include "signals.h"
#include "trace-out.h"
#include "util.h"

/* How often the main thread looks how it goes. */
#define LOOK_MS	    20
#define LIVE_NS	    NSEC_PER_SEC
#define HEADERS_LEN 96

#define EXIT_LOST 3

/* So many frames without a stamp, and none with one, are no accident. */
#define MANY_UNSTAMPED 100

/* Of a number of --ring-buffer: a hundred years in seconds. */
#define ROTATION_MAX 3200000000u

struct capture_cfg {
	struct opt_list ports, rotation;
	const char *path, *filter, *comment, *marks;
	struct trace_out_cfg out;
	uint32_t queues, direction, snaplen, engine, mode, time;
	uint64_t buffer_mib, count, duration_s;
	bool headers, per_queue, no_promisc, print, quiet, json, strict;
};

static const struct opt rows[] = {
	{ OPT(struct capture_cfg, ports), .name = "interface", .letter = 'i', .metavar = "PORT",
	  .flags = OPT_REQUIRED, .help = "capture from this port; may be given several times" },
	{ OPT(struct capture_cfg, path), .name = "write", .letter = 'w', .metavar = "FILE",
	  .help = "write frames to FILE, as pcapng unless it ends with .pcap; - is standard "
		  "output" },
	{ OPT(struct capture_cfg, out.format), .name = "format", .metavar = "FORMAT",
	  .help = "write pcapng, pcap-ns or pcap, whatever the name ends with" },
	{ OPT(struct capture_cfg, out.compress), .name = "compress", .metavar = "HOW",
	  .help = "compress what is written: gzip, zstd or lz4" },
	{ OPT(struct capture_cfg, rotation), .name = "ring-buffer", .letter = 'b',
	  .metavar = "WHAT:N",
	  .help = "begin the next file after duration:SECONDS, interval:SECONDS, filesize:KB or "
		  "packets:N; files:N keeps the last N; may be given several times" },
	{ OPT(struct capture_cfg, per_queue), .name = "per-queue", .conflicts = "count print",
	  .help = "write a file for each queue, FILE-q0 and so on, with a thread each" },
	{ OPT(struct capture_cfg, count), .name = "count", .letter = 'c', .metavar = "N", .min = 1,
	  .help = "stop after N frames" },
	{ OPT(struct capture_cfg, duration_s), .name = "duration", .metavar = "S", .min = 1,
	  .max = UINT64_MAX / NSEC_PER_SEC, .help = "stop after S seconds" },
	{ OPT(struct capture_cfg, snaplen), .name = "snaplen", .letter = 's', .metavar = "N",
	  .max = WEIR_FRAME_MAX, .conflicts = "headers",
	  .help = "keep at most N bytes of each frame; 0: all" },
	{ OPT(struct capture_cfg, headers), .name = "headers",
	  .help = "keep the headers alone: 96 bytes" },
	{ OPT(struct capture_cfg, filter), .name = "filter", .letter = 'f', .metavar = "FILTER",
	  .help = "keep frames alone that match the filter (pcap-filter(7))" },
	{ OPT(struct capture_cfg, direction), .name = "direction", .metavar = "WAY",
	  .choices = "both in out", .help = "frames that arrive, that are sent, or both" },
	{ OPT(struct capture_cfg, engine), .name = "engine", .metavar = "HOW",
	  .choices = "auto xdp tc packet xsk",
	  .help = "how frames of an interface are received: by a program in the driver or in "
		  "traffic control, by a packet socket or by AF_XDP sockets" },
	{ OPT(struct capture_cfg, mode), .name = "mode", .metavar = "MODE",
	  .choices = "mirror drop", .help = "drop: arriving frames go no further (xdp, tc)" },
	{ OPT(struct capture_cfg, time), .name = "time", .metavar = "WHOSE",
	  .choices = "sw hw auto hw-raw",
	  .help = "times of arriving frames: of the system; of the device's clock, put to UTC; of "
		  "the device if it has any; of the device as they are" },
	{ OPT(struct capture_cfg, no_promisc), .name = "no-promisc", .letter = 'p',
	  .help = "only frames for this machine" },
	{ OPT(struct capture_cfg, queues), .name = "queues", .letter = 'Q', .metavar = "N",
	  .min = 1, .max = 64, .help = "receive on N queues of each port, each with a thread" },
	{ OPT(struct capture_cfg, buffer_mib), .name = "buffer", .letter = 'B', .metavar = "MIB",
	  .min = 1, .max = 16384,
	  .help = "room for MIB megabytes of frames in each queue's "
		  "ring" },
	{ OPT(struct capture_cfg, marks), .name = "marks", .metavar = "LIST",
	  .help = "what pcapng tells of each frame: direction, id, queue, or none of them" },
	{ OPT(struct capture_cfg, comment), .name = "comment", .metavar = "TEXT",
	  .help = "a comment for the file" },
	{ OPT(struct capture_cfg, print), .name = "print", .help = "print frames with tcpdump" },
	{ OPT(struct capture_cfg, quiet), .name = "quiet", .letter = 'q', .help = "no remarks" },
	{ OPT(struct capture_cfg, json), .name = "json",
	  .help = "print the result as one JSON object" },
	{ OPT(struct capture_cfg, strict), .name = "strict",
	  .help = "exit with status 3 if frames were lost" },
	{ 0 },
};

struct capture {
	const struct cmd_run *run;
	const struct capture_cfg *cfg;
	struct weir_capture *capture;
	struct decoder *decoder;
	unsigned n_ports;
	int signals;
	uint64_t begin_ns, end_ns; /* CLOCK_MONOTONIC */
	bool *warned;		   /* of each port: that its device gives no times */
};

static int read_marks(const char *list, unsigned *ret_marks, struct weir_err *err)
{
	static const struct {
		const char *word;
		unsigned mark;
	} words[] = {
		{ "none", 0 },
		{ "direction", WEIR_CAPTURE_MARK_FLAGS },
		{ "id", WEIR_CAPTURE_MARK_ID },
		{ "queue", WEIR_CAPTURE_MARK_QUEUE },
	};
	CLEANUP(freep)
	char *copy = xstrdup(list);
	unsigned i;

	*ret_marks = 0;
	for (char *w = strtok(copy, ","); w; w = strtok(NULL, ",")) {
		for (i = 0; i < ARRAY_SIZE(words) && strcmp(w, words[i].word) != 0; i++)
			;
		if (i == ARRAY_SIZE(words))
			return err_text(err, -EINVAL,
					"--marks: '%s' is not direction, id, queue or none", w);
		*ret_marks |= words[i].mark;
	}
	return 0;
}

/* Does it end with .pcap, and maybe what tells of compression? */
static bool is_pcap_name(const char *path)
{
	const char *end = NULL;

	for (const char *p = path; (p = strstr(p, ".pcap")); p++)
		end = p + strlen(".pcap");
	return end && (!*end || *end == '.');
}

/* What the name of the file says, unless options do. */
static int read_format(const struct capture_cfg *cfg, struct weir_capture_opts *opts,
		       struct weir_err *err)
{
	struct weir_writer_opts file = { 0 };
	int r;

	if (cfg->path)
		weir_writer_opts_by_name(cfg->path, &file); /* the compression */
	if (!cfg->path || !is_pcap_name(cfg->path))
		file.format = WEIR_TRACE_PCAPNG;
	r = trace_out_opts(&cfg->out, &file, err);
	opts->format = file.format;
	opts->compression = file.compression;
	return r;
}

static int read_rotation(const struct opt_list *list, struct weir_capture_rotation *r,
			 struct weir_err *err)
{
	const struct {
		const char *word;
		uint64_t *field, unit;
	} words[] = {
		{ "duration:", &r->duration_ns, NSEC_PER_SEC },
		{ "interval:", &r->interval_ns, NSEC_PER_SEC },
		{ "filesize:", &r->size, 1000 },
		{ "packets:", &r->frames, 1 },
		{ "files:", &r->files, 1 },
	};

	for (unsigned i = 0; i < list->n; i++) {
		const char *text = list->values[i], *number = NULL;
		unsigned long long n = 0;
		char *end = NULL;
		unsigned k;

		for (k = 0; k < ARRAY_SIZE(words) && !number; k++)
			if (strncmp(text, words[k].word, strlen(words[k].word)) == 0)
				number = text + strlen(words[k].word);
		if (number && *number >= '0' && *number <= '9')
			n = strtoull(number, &end, 10);
		if (!n || *end || n > ROTATION_MAX)
			return err_text(err, -EINVAL,
					"--ring-buffer: '%s' is not duration, interval, filesize, "
					"packets or files with a number, as in packets:1000",
					text);
		*words[k - 1].field = n * words[k - 1].unit;
	}
	return 0;
}

static int fill_opts(struct capture *c, struct weir_capture_opts *opts, struct weir_err *err)
{
	const struct capture_cfg *cfg = c->cfg;
	int r;

	*opts = (struct weir_capture_opts){
		.ports = cfg->ports.values,
		.n_ports = cfg->ports.n,
		.queues = cfg->queues,
		.buffer_size = cfg->buffer_mib << 20,
		.snaplen = cfg->headers ? HEADERS_LEN : cfg->snaplen,
		.filter = cfg->filter,
		.direction = (enum weir_capture_direction)cfg->direction, /* words in that order */
		.engine = (enum weir_capture_engine)cfg->engine,
		.mode = (enum weir_capture_mode)cfg->mode,
		.promisc = !cfg->no_promisc,
		.time = (enum weir_capture_time)cfg->time,
		.path = cfg->path,
		.comment = cfg->comment,
		.marks = WEIR_CAPTURE_MARK_FLAGS,
		.count = cfg->count,
		.per_queue = cfg->per_queue,
	};
	r = read_format(cfg, opts, err);
	if (r == 0)
		r = read_rotation(&cfg->rotation, &opts->rotation, err);
	if (r == 0 && cfg->marks)
		r = read_marks(cfg->marks, &opts->marks, err);
	return r;
}

static int open_all(struct capture *c, struct weir_err *err)
{
	struct weir_capture_opts opts;
	int r = fill_opts(c, &opts, err);

	if (r < 0)
		return r;
	c->n_ports = opts.n_ports;
	c->warned = xcalloc(opts.n_ports, sizeof(*c->warned));
	/* A reader that has gone is an error of the file, and not the end of the program. */
	(void)signal(SIGPIPE, SIG_IGN);
	c->signals = signals_open_ends();
	if (c->signals < 0)
		return err_text(err, c->signals, "pipe: %s", strerror(-c->signals));
	if (c->cfg->print) {
		struct weir_stage show;

		r = decoder_new(NULL, &c->decoder, err);
		if (r < 0)
			return r;
		show = decoder_stage(c->decoder);
		opts.look = show.run;
		opts.look_ctx = show.ctx;
	}
	return weir_capture_open(&opts, &c->capture, err);
}

static void show_live(const struct capture *c, struct live_figures *before, uint64_t now)
{
	struct weir_capture_figures sum;
	struct live_figures figures;
	char line[160], whole[256];
	int n;

	capture_sum(c->capture, c->n_ports, &sum);
	figures = (struct live_figures){ .frames = sum.kept,
					 .bytes = sum.kept_bytes,
					 .elapsed_ns = now - c->begin_ns,
					 .done = -1 };
	live_line(&figures, before, line, sizeof(line));
	n = snprintf(whole, sizeof(whole), "%s, %llu lost", line,
		     (unsigned long long)capture_lost(&sum));
	if (sum.hw_missing && n < (int)sizeof(whole))
		(void)snprintf(whole + n, sizeof(whole) - (size_t)n, ", %llu without a stamp",
			       (unsigned long long)sum.hw_missing);
	live_show(whole);
	*before = figures;
}

/* A device may say that it stamps frames, and not do it. least: so many have to have come. */
static void warn_of_liars(struct capture *c, uint64_t least)
{
	struct weir_capture_figures f;

	for (unsigned i = 0; i < c->n_ports && !c->cfg->quiet; i++) {
		const struct weir_capture_port *p = weir_capture_port(c->capture, i);

		weir_capture_figures(c->capture, i, &f);
		if (c->warned[i] || !p->clock || f.hw_stamped || f.hw_missing < least)
			continue;
		c->warned[i] = true;
		cmd_warn(c->run,
			 "%s: the device says that it stamps frames, and %llu have come without a "
			 "stamp: they have the system's time",
			 p->name, (unsigned long long)f.hw_missing);
	}
}

/* Until it is over, or a signal says so. */
static void watch(struct capture *c)
{
	const bool live = !c->cfg->quiet && !c->cfg->print && isatty(STDERR_FILENO);
	const uint64_t duration = c->cfg->duration_s * NSEC_PER_SEC;
	struct pollfd fd = { .fd = c->signals, .events = POLLIN };
	struct live_figures before = { 0 };
	uint64_t now = c->begin_ns, shown = now;
	int nr;

	while (!weir_capture_over(c->capture) && (!duration || now - c->begin_ns < duration)) {
		(void)poll(&fd, 1, LOOK_MS); /* a signal is in the pipe, too */
		nr = signals_next(c->signals);
		if (nr == SIGHUP)
			weir_capture_rotate(c->capture);
		else if (nr)
			break;
		now = clock_ns(CLOCK_MONOTONIC);
		if (c->cfg->time)
			warn_of_liars(c, MANY_UNSTAMPED);
		if (!live || now - shown < LIVE_NS)
			continue;
		show_live(c, &before, now);
		shown = now;
	}
	if (live && before.elapsed_ns)
		live_wipe();
}

/* Statistics go where the frames do not. */
static int tell(const struct capture *c)
{
	const bool frames_out = c->cfg->print || (c->cfg->path && strcmp(c->cfg->path, "-") == 0);
	FILE *to = frames_out ? stderr : stdout;
	const uint64_t elapsed = c->end_ns - c->begin_ns;

	if (!c->cfg->json)
		capture_print_text(to, c->capture, c->n_ports, elapsed);
	else if (capture_print_json(to, c->capture, c->n_ports, elapsed) < 0)
		return cmd_fail(c->run, "out of memory");
	if (fflush(to) != 0)
		return cmd_fail(c->run, "standard output: cannot write");
	return 0;
}

static int exit_status(const struct capture *c)
{
	struct weir_capture_figures sum;

	capture_sum(c->capture, c->n_ports, &sum);
	return c->cfg->strict && capture_lost(&sum) ? EXIT_LOST : 0;
}

static void tell_port(const struct capture *c, const struct weir_capture_port *p)
{
	fprintf(stderr, "%s: capturing from %s", c->run->prog, p->name);
	if (c->cfg->time)
		fprintf(stderr, ", times are of %s", p->clock ? p->clock : "the system");
	fprintf(stderr, "%s%s\n", p->note[0] ? ": " : "", p->note);
}

/* From the start to the statistics. The exit status. */
static int capture(struct capture *c)
{
	struct weir_err err = { 0 };
	int status, r;

	signals_block();
	c->begin_ns = clock_ns(CLOCK_MONOTONIC);
	r = weir_capture_start(c->capture, &err);
	signals_unblock();
	if (r < 0)
		return cmd_fail(c->run, "%s", weir_err_text(&err));
	if (!c->cfg->quiet) {
		for (unsigned i = 0; i < c->n_ports; i++)
			tell_port(c, weir_capture_port(c->capture, i));
	}
	watch(c);
	r = weir_capture_stop(c->capture, &err);
	c->end_ns = clock_ns(CLOCK_MONOTONIC);
	warn_of_liars(c, 1);
	c->decoder = decoder_free(c->decoder); /* it prints the rest before statistics come */
	status = tell(c);
	if (r < 0)
		return cmd_fail(c->run, "%s", weir_err_text(&err));
	return status ? status : exit_status(c);
}

/* All is open: what is still to be done needs no privilege, but to set the device's time stamps
 * and a TAP device back as they were. */
static int drop_privileges(const struct capture *c, struct weir_err *err)
{
	uint64_t keep = 0;

	for (unsigned i = 0; i < c->n_ports; i++) {
		const struct weir_capture_port *p = weir_capture_port(c->capture, i);

		if (p->clock || strcmp(p->engine, "tap") == 0)
			keep |= PRIVILEGE(CAP_NET_ADMIN);
	}
	return privileges_drop(keep, c->cfg->path, err);
}

static int run_capture(const struct cmd_run *run, const void *fields)
{
	struct capture c = { .run = run, .cfg = fields, .signals = -EBADF };
	struct weir_err err = { 0 };
	int status, r;

	if (run->n_operands)
		return cmd_usage(run, "'%s' is one too many: ports come with --interface",
				 run->operands[0]);
	if (!c.cfg->path && !c.cfg->print)
		return cmd_usage(run, "--write or --print is missing");
	if (c.cfg->print && c.cfg->path && strcmp(c.cfg->path, "-") == 0)
		return cmd_usage(run, "--print and frames cannot both go to standard output");
	r = open_all(&c, &err);
	if (r == 0)
		r = drop_privileges(&c, &err);
	if (r == -EINVAL)
		status = cmd_usage(run, "%s", weir_err_text(&err));
	else if (r < 0)
		status = cmd_fail(run, "%s", weir_err_text(&err));
	else
		status = capture(&c);
	weir_capture_close(c.capture);
	decoder_free(c.decoder);
	signals_close(c.signals);
	free(c.warned);
	return status;
}

const struct cmd cmd_capture = {
	.name = "capture",
	.summary = "write frames that arrive at ports to a file",
	.operands = "-i PORT ... -w FILE",
	.about = "Ends with SIGINT or SIGTERM; SIGHUP begins the next file. Tells what became of "
		 "every frame.",
	.opts = rows,
	.cfg_size = sizeof(struct capture_cfg),
	.run = run_capture,
};
