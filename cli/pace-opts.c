/* SPDX-License-Identifier: BSD-2-Clause */
#include "pace-opts.h"

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "util.h"

#define RT_PRIORITY	50
#define RT_PRIORITY_MAX 99
/* Preamble and start of frame (8 bytes), frame check sequence (4), gap (12): IEEE 802.3. */
#define ETHERNET_OVERHEAD 24

static int bad(struct weir_err *err, const char *option, const char *value, const char *what)
{
	return err_text(err, -EINVAL, "--%s: '%s' is not %s", option, value, what);
}

static int above_zero(const char *option, const char *text, uint64_t scale, struct weir_rate *rate,
		      struct weir_err *err)
{
	if (weir_rate_parse(text, scale, &rate->num, &rate->den) < 0 || !rate->num)
		return bad(err, option, text, "a rate");
	return 1;
}

static int by_gap(const char *text, struct weir_rate *rate, struct weir_err *err)
{
	uint64_t ns;

	if (weir_duration_parse(text, &ns) < 0 || !ns)
		return bad(err, "gap", text, "a time such as 10us");
	rate->num = NSEC_PER_SEC;
	rate->den = ns;
	if (rate->den > UINT64_MAX / NSEC_PER_SEC)
		return bad(err, "gap", text, "under five minutes");
	return 1;
}

int pace_rate(const struct pace_cfg *cfg, struct weir_rate *rate, struct weir_profile **ret_profile,
	      struct weir_err *err)
{
	int r;

	if (cfg->gbps || cfg->line_rate)
		rate->mode = WEIR_RATE_BITS;
	if (cfg->gbps)
		return above_zero("gbps", cfg->gbps, 1000000000, rate, err);
	if (cfg->line_rate) { /* in percent; the speed comes with the port */
		rate->overhead = ETHERNET_OVERHEAD;
		return above_zero("line-rate", cfg->line_rate, 1, rate, err);
	}
	if (cfg->gap) {
		rate->mode = WEIR_RATE_FRAMES;
		return by_gap(cfg->gap, rate, err);
	}
	if (!cfg->rate_profile)
		return 0;
	r = weir_profile_load(cfg->rate_profile, ret_profile, err);
	if (r < 0)
		return r;
	rate->mode = weir_profile_mode(*ret_profile);
	rate->profile = *ret_profile;
	return 1;
}

int pace_line_rate(const struct pace_cfg *cfg, const struct weir_port_info *port,
		   struct weir_rate *rate, struct weir_err *err)
{
	uint64_t speed = port->speed_bps, den = 1;
	enum weir_rate_mode mode;

	if (cfg->speed &&
	    (weir_quantity_parse(cfg->speed, &mode, &speed, &den) < 0 || mode != WEIR_RATE_BITS))
		return bad(err, "speed", cfg->speed, "a speed such as 10Gbps");
	if (!speed)
		return err_text(err, -EINVAL,
				"--line-rate: %s does not tell its speed; say it with --speed",
				port->name);
	/* percent / 100 * speed; a hundredth of the speed is whole for any real link. */
	if (weir_rate_parse(cfg->line_rate, speed / den, &rate->num, &rate->den) < 0 ||
	    rate->den > UINT64_MAX / 100 / NSEC_PER_SEC)
		return bad(err, "line-rate", cfg->line_rate, "a percentage");
	rate->den *= 100;
	return 0;
}

/* "2026-11-21T23:00:00.5" or "@1795300000.5", after "tai:" or not; "+2s" from now. */
static int parse_start(const char *text, struct weir_send_opts *opts)
{
	const char *p = text, *rest = NULL;
	uint64_t seconds = 0, den = 1, ns = 0;
	struct timespec now;
	struct tm tm = { 0 };

	opts->start_clock = CLOCK_REALTIME;
	if (*p == '+') {
		if (weir_duration_parse(p + 1, &ns) < 0 || clock_gettime(CLOCK_REALTIME, &now) < 0)
			return -EINVAL;
		opts->start_ns = (uint64_t)now.tv_sec * NSEC_PER_SEC + (uint64_t)now.tv_nsec + ns;
		return 0;
	}
	if (!strncmp(p, "tai:", 4)) {
		opts->start_clock = CLOCK_TAI;
		p += 4;
	}
	if (*p == '@') {
		if (weir_rate_parse(p + 1, NSEC_PER_SEC, &ns, &den) < 0 || !ns)
			return -EINVAL;
		opts->start_ns = ns / den;
		return 0;
	}
	rest = strptime(p, "%Y-%m-%dT%H:%M:%S", &tm);
	if (!rest)
		return -EINVAL;
	if (*rest == '.') {
		char fraction[32];

		(void)snprintf(fraction, sizeof(fraction), "0%.*s",
			       (int)strspn(rest + 1, "0123456789") + 1, rest);
		if (weir_rate_parse(fraction, NSEC_PER_SEC, &ns, &den) < 0)
			return -EINVAL;
		rest += 1 + strspn(rest + 1, "0123456789");
	}
	if (*rest && strcmp(rest, "Z") != 0)
		return -EINVAL;
	seconds = (uint64_t)timegm(&tm);
	opts->start_ns = seconds * NSEC_PER_SEC + ns / den;
	return 0;
}

static int parse_lead(const char *text, struct weir_send_opts *opts)
{
	opts->launch_lead_ns = 2 * NSEC_PER_MSEC;
	if (!*text)
		return 0;
	if (weir_duration_parse(text, &opts->launch_lead_ns) < 0 || !opts->launch_lead_ns)
		return -EINVAL;
	return 0;
}

int pace_shares(const struct pace_cfg *cfg, unsigned n_workers, struct weir_stream_opts *opts,
		struct weir_err *err)
{
	unsigned k = 1, n = 1;
	char more;

	if (cfg->share &&
	    (sscanf(cfg->share, "%u/%u%c", &k, &n, &more) != 2 || k < 1 || k > n || n > 1000000))
		return bad(err, "share", cfg->share, "a part such as 1/2");
	opts->n_cursors = n_workers;
	opts->n_parts = n_workers * n;
	opts->first_part = n_workers * (k - 1);
	opts->shard = (enum weir_shard)cfg->shard;
	return 0;
}

static int parse_priority(const char *text, struct weir_send_opts *opts)
{
	char more;

	opts->rt_priority = RT_PRIORITY;
	if (!*text)
		return 0;
	if (sscanf(text, "%d%c", &opts->rt_priority, &more) != 1 || opts->rt_priority < 1 ||
	    opts->rt_priority > RT_PRIORITY_MAX)
		return -EINVAL;
	return 0;
}

int pace_opts(const struct pace_cfg *cfg, struct weir_rate *rate, struct weir_send_opts *opts,
	      struct weir_err *err)
{
	if (cfg->burst)
		rate->group = cfg->burst;
	rate->poisson = cfg->poisson;
	rate->seed = cfg->seed;
	opts->on_late = (enum weir_on_late)cfg->on_late;
	opts->max_burst = cfg->max_burst;
	if (cfg->spin)
		opts->timer = WEIR_TIMER_SPIN;
	if (cfg->late_limit && (weir_duration_parse(cfg->late_limit, &opts->late_limit_ns) < 0 ||
				!opts->late_limit_ns))
		return bad(err, "late-limit", cfg->late_limit, "a time such as 100us");
	if (cfg->start_at && parse_start(cfg->start_at, opts) < 0)
		return bad(err, "start-at", cfg->start_at,
			   "a time such as 2026-11-21T23:00:00, @1795302000 or +2s");
	if (cfg->launch_time && parse_lead(cfg->launch_time, opts) < 0)
		return bad(err, "launch-time", cfg->launch_time, "a time such as 2ms");
	if (cfg->rt && parse_priority(cfg->rt, opts) < 0)
		return bad(err, "rt", cfg->rt, "a priority from 1 to 99");
	return 0;
}

unsigned pace_workers(const struct pace_cfg *cfg, const char *const *names, unsigned n)
{
	unsigned queues = WEIR_SEND_MAX_WORKERS, cpus = 1;
	cpu_set_t set;

	if (cfg->workers)
		return cfg->workers;
	if (cfg->ordered)
		return 1;
	for (unsigned i = 0; i < n; i++)
		if (names[i] && weir_port_name_queues(names[i]) < queues)
			queues = weir_port_name_queues(names[i]);
	if (sched_getaffinity(0, sizeof(set), &set) == 0)
		cpus = (unsigned)CPU_COUNT(&set);
	return queues < cpus ? queues : cpus;
}
