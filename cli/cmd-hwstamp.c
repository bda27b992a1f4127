/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * weir hwstamp: which frames a device stamps, and the clock it does that with.
 */
#include <linux/net_tstamp.h>
#include <poll.h>
#include <string.h>

#include <weir/hwstamp.h>

#include "cmd.h"
#include "commands.h"
#include "json-util.h"
#include "util.h"

/* A clock that has not moved after this stands still. */
#define TICK_MS 2

struct hwstamp_cfg {
	const char *rx, *tx;
	bool json;
};

static const struct opt rows[] = {
	{ OPT(struct hwstamp_cfg, rx), .name = "rx", .metavar = "FILTER",
	  .help = "with on: which received frames are stamped, by the names that show prints; all "
		  "without it" },
	{ OPT(struct hwstamp_cfg, tx), .name = "tx", .metavar = "TYPE",
	  .help = "with on: how sent frames are stamped, by the names that show prints; as it "
		  "is without it" },
	{ OPT(struct hwstamp_cfg, json), .name = "json", .help = "print one JSON object" },
	{ 0 },
};

/* What is there to be told. */
struct state {
	const char *ifname;
	struct weir_hwstamp stamps;
	bool ticks;			   /* the clock could be read, and moves */
	struct weir_hwclock_reading clock; /* if it ticks */
	struct weir_err why;		   /* if it could not be read; or "" */
};

static bool has_stamps(const struct weir_hwstamp *s)
{
	return s->stamps_rx || s->stamps_tx;
}

static void read_clock(struct state *s)
{
	struct weir_hwclock_reading first;
	int fd = weir_hwclock_open((unsigned)s->stamps.clock, &s->why);

	if (fd < 0)
		return;
	if (weir_hwclock_read(fd, &first, &s->why) == 0) {
		(void)poll(NULL, 0, TICK_MS);
		if (weir_hwclock_read(fd, &s->clock, &s->why) == 0)
			s->ticks = s->clock.clock_ns != first.clock_ns;
	}
	(void)close(fd); /* was only read */
}

static int read_state(const char *ifname, struct state *s, struct weir_err *err)
{
	int r;

	*s = (struct state){ .ifname = ifname };
	r = weir_hwstamp_get(ifname, &s->stamps, err);
	if (r == 0 && s->stamps.clock >= 0)
		read_clock(s);
	return r;
}

/* The names of the bits of a set, each behind a space. */
static void print_names(unsigned set, const char *(*text)(unsigned nr))
{
	for (unsigned i = 0; i < 32; i++)
		if (set & 1U << i)
			printf(" %s", text(i));
	putchar('\n');
}

static unsigned long long magnitude(int64_t n)
{
	return n < 0 ? 0 - (uint64_t)n : (uint64_t)n;
}

static void print_clock(const struct state *s)
{
	int64_t ahead;

	printf("\tclock: /dev/ptp%d", s->stamps.clock);
	if (s->why.text[0]) {
		printf(", which cannot be read (%s)\n", s->why.text);
		return;
	}
	if (!s->ticks) {
		printf(", which stands still\n");
		return;
	}
	ahead = s->clock.clock_ns - s->clock.utc_ns;
	printf(", %llu.%09llu s %s UTC, to %llu ns\n", magnitude(ahead) / NSEC_PER_SEC,
	       magnitude(ahead) % NSEC_PER_SEC, ahead < 0 ? "behind" : "ahead of",
	       (unsigned long long)s->clock.error_ns);
}

static void print_text(const struct state *s)
{
	const struct weir_hwstamp *h = &s->stamps;

	if (!has_stamps(h)) {
		printf("%s: no hardware time stamps: %s\n", s->ifname,
		       h->clock < 0 ? "it has no clock of its own" : "it does not use its clock");
		return;
	}
	printf("%s: received frames: %s, sent frames: %s\n", s->ifname,
	       h->told ? weir_hwstamp_rx_text(h->config.rx) : "not told",
	       h->told ? weir_hwstamp_tx_text(h->config.tx) : "not told");
	printf("\treceived may be:");
	print_names(h->rx_filters, weir_hwstamp_rx_text);
	printf("\tsent may be:");
	print_names(h->tx_types, weir_hwstamp_tx_text);
	if (h->clock >= 0)
		print_clock(s);
	else
		printf("\tclock: not told\n");
}

static json_t *names_array(unsigned set, const char *(*text)(unsigned nr))
{
	json_t *a = json_array();

	for (unsigned i = 0; i < 32; i++)
		if (set & 1U << i)
			(void)json_array_append_new(a, json_string(text(i))); /* or it is missing */
	return a;
}

static json_t *clock_object(const struct state *s)
{
	char path[24];

	if (s->stamps.clock < 0)
		return json_null();
	(void)snprintf(path, sizeof(path), "/dev/ptp%d", s->stamps.clock);
	if (!s->ticks)
		return json_pack("{s:s, s:b, s:s}", "device", path, "ticks", 0, "why",
				 s->why.text[0] ? s->why.text : "it stands still");
	return json_pack("{s:s, s:b, s:I, s:I}", "device", path, "ticks", 1, "ahead_of_utc_ns",
			 (json_int_t)(s->clock.clock_ns - s->clock.utc_ns), "error_ns",
			 (json_int_t)s->clock.error_ns);
}

static int print_json(const struct cmd_run *run, const struct state *s)
{
	const struct weir_hwstamp *h = &s->stamps;
	const bool told = h->told && has_stamps(h);
	json_t *o =
		json_pack("{s:s, s:s, s:b, s:s?, s:s?, s:o, s:o, s:o}", "command", "hwstamp",
			  "interface", s->ifname, "hardware", has_stamps(h), "rx",
			  told ? weir_hwstamp_rx_text(h->config.rx) : NULL, "tx",
			  told ? weir_hwstamp_tx_text(h->config.tx) : NULL, "rx_filters",
			  names_array(h->rx_filters, weir_hwstamp_rx_text), "tx_types",
			  names_array(h->tx_types, weir_hwstamp_tx_text), "clock", clock_object(s));

	return json_print(stdout, o) < 0 ? cmd_fail(run, "out of memory") : 0;
}

static int print_state(const struct cmd_run *run, const struct hwstamp_cfg *cfg,
		       const struct state *s)
{
	if (cfg->json)
		return print_json(run, s);
	print_text(s);
	return fflush(stdout) != 0 ? cmd_fail(run, "standard output: cannot write") : 0;
}

/* What on asks for. A usage error if a name is none. */
static int read_wanted(const struct cmd_run *run, const struct hwstamp_cfg *cfg,
		       const struct weir_hwstamp *now, struct weir_hwstamp_config *ret_wanted)
{
	int rx = HWTSTAMP_FILTER_ALL, tx = now->told ? (int)now->config.tx : HWTSTAMP_TX_OFF;

	if (cfg->rx)
		rx = weir_hwstamp_rx_number(cfg->rx);
	if (cfg->tx)
		tx = weir_hwstamp_tx_number(cfg->tx);
	if (rx < 0)
		return cmd_usage(run, "--rx: '%s' is no kind of frames", cfg->rx);
	if (tx < 0)
		return cmd_usage(run, "--tx: '%s' is not off, on, onestep-sync or onestep-p2p",
				 cfg->tx);
	*ret_wanted = (struct weir_hwstamp_config){ .rx = (unsigned)rx, .tx = (unsigned)tx };
	return 0;
}

/* Drivers may stamp more than they were asked for: all is enough for everybody. */
static bool suffices(const struct weir_hwstamp_config *made,
		     const struct weir_hwstamp_config *wanted)
{
	const bool rx = made->rx == wanted->rx || made->rx == HWTSTAMP_FILTER_ALL ||
			(made->rx != HWTSTAMP_FILTER_NONE && wanted->rx != HWTSTAMP_FILTER_ALL);

	return (rx || wanted->rx == HWTSTAMP_FILTER_NONE) && made->tx == wanted->tx;
}

static int set(const struct cmd_run *run, const struct state *before,
	       const struct weir_hwstamp_config *wanted)
{
	struct weir_hwstamp_config made;
	struct weir_err err = { 0 };

	if (!has_stamps(&before->stamps))
		return cmd_fail(run,
				"%s has no clock of its own: its frames get the time of the "
				"system, when they reach it",
				before->ifname);
	if (weir_hwstamp_set(before->ifname, wanted, &made, &err) < 0)
		return cmd_fail(run, "%s", weir_err_text(&err));
	if (!suffices(&made, wanted))
		return cmd_fail(run,
				"%s: the driver made of it: received frames: %s, sent frames: "
				"%s",
				before->ifname, weir_hwstamp_rx_text(made.rx),
				weir_hwstamp_tx_text(made.tx));
	return 0;
}

static int turn_on(const struct cmd_run *run, const struct hwstamp_cfg *cfg, const struct state *s)
{
	struct weir_hwstamp_config wanted;
	int status = read_wanted(run, cfg, &s->stamps, &wanted);

	return status ? status : set(run, s, &wanted);
}

/* What has no stamps has them off. */
static int turn_off(const struct cmd_run *run, const struct state *s)
{
	const struct weir_hwstamp_config none = { .rx = HWTSTAMP_FILTER_NONE,
						  .tx = HWTSTAMP_TX_OFF };

	return has_stamps(&s->stamps) ? set(run, s, &none) : 0;
}

static int run_hwstamp(const struct cmd_run *run, const void *fields)
{
	const struct hwstamp_cfg *cfg = fields;
	const char *ifname = run->operands[0];
	const char *verb = run->n_operands > 1 ? run->operands[1] : "show";
	const bool on = strcmp(verb, "on") == 0, off = strcmp(verb, "off") == 0;
	struct weir_err err = { 0 };
	struct state s;
	int status = 0;

	if (!on && !off && strcmp(verb, "show") != 0)
		return cmd_usage(run, "'%s' is not on, off or show", verb);
	if (!on && (cfg->rx || cfg->tx))
		return cmd_usage(run, "--rx and --tx go with on");
	if (read_state(ifname, &s, &err) < 0)
		return cmd_fail(run, "%s", weir_err_text(&err));
	if (on)
		status = turn_on(run, cfg, &s);
	if (off)
		status = turn_off(run, &s);
	if (status)
		return status;
	if ((on || off) && read_state(ifname, &s, &err) < 0)
		return cmd_fail(run, "%s", weir_err_text(&err));
	return print_state(run, cfg, &s);
}

const struct cmd cmd_hwstamp = {
	.name = "hwstamp",
	.summary = "show and set which frames a device stamps with its own clock",
	.operands = "INTERFACE [on|off|show]",
	.about =
		"A device is set until somebody sets it anew; 'weir capture --time=hw' does so for "
		"the time of the capture.",
	.dialect = OPT_WEIR,
	.min_operands = 1,
	.max_operands = 2,
	.opts = rows,
	.cfg_size = sizeof(struct hwstamp_cfg),
	.run = run_hwstamp,
};
