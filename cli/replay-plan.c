/* SPDX-License-Identifier: BSD-2-Clause */
#include "replay.h"

#include <errno.h>
#include <string.h>

#include "interfaces.h"
#include "util.h"

/* What a way to say the rate makes of its text. */
struct pacing {
	const char *option;
	enum weir_rate_mode mode;
	uint64_t scale;
	/* What 0 stands for; WEIR_RATE_FRAMES: it is no rate. */
	enum weir_rate_mode zero;
};

static const struct pacing by_time = { "multiplier", WEIR_RATE_TIME, 1, WEIR_RATE_TIME };
static const struct pacing by_frames = { "pps", WEIR_RATE_FRAMES, 1, WEIR_RATE_FRAMES };
static const struct pacing by_bits = { "mbps", WEIR_RATE_BITS, 1000000, WEIR_RATE_TOPSPEED };

static int rate_of(const struct pacing *p, const char *text, bool personality,
		   struct weir_rate *rate, struct weir_err *err)
{
	int r = weir_rate_parse(text, p->scale, &rate->num, &rate->den);

	/* tcpreplay reads what is no number as 0. */
	if (r < 0 && personality)
		rate->num = 0;
	else if (r < 0)
		return err_text(err, r, "--%s: '%s' is not a rate%s", p->option, text,
				r == -ERANGE ? " that can be kept" : "");
	rate->mode = p->mode;
	if (rate->num > 0)
		return 0;

	if (p->zero == WEIR_RATE_FRAMES)
		return err_text(err, -EINVAL,
				personality ? "Unable to parse args: invalid %s value '%s'"
					    : "--%s: '%s' is not a rate",
				p->option, text);
	rate->mode = p->zero;
	rate->num = rate->den = 1;
	return 0;
}

int replay_rate(const struct replay_cfg *cfg, bool personality, struct weir_rate *ret_rate,
		struct weir_err *err)
{
	/* Real time unless something else is said. */
	struct weir_rate rate = { .mode = WEIR_RATE_TIME, .num = 1, .den = 1 };
	int r = 0;

	if (cfg->multiplier)
		r = rate_of(&by_time, cfg->multiplier, personality, &rate, err);
	else if (cfg->pps)
		r = rate_of(&by_frames, cfg->pps, personality, &rate, err);
	else if (cfg->mbps)
		r = rate_of(&by_bits, cfg->mbps, personality, &rate, err);
	else if (cfg->topspeed || cfg->oneatatime)
		rate.mode = WEIR_RATE_TOPSPEED;
	if (r < 0)
		return r;

	rate.group = cfg->pps_multi;
	rate.max_gap_ns = cfg->maxsleep_ms * NSEC_PER_MSEC;
	rate.loop_gap_ns = cfg->loopdelay_ns + cfg->loopdelay_ms * NSEC_PER_MSEC;
	*ret_rate = rate;
	return 0;
}

/* weir's own names, then tcpreplay's. */
static const struct {
	const char *name;
	enum weir_timer timer;
	const char *remark; /* of weir */
	const char *fault;  /* of tcpreplay */
} timers[] = {
	{ "auto", WEIR_TIMER_AUTO },
	{ "spin", WEIR_TIMER_SPIN },
	{ "sleep", WEIR_TIMER_SLEEP },
	{ "gtod", WEIR_TIMER_AUTO },
	{ "nano", WEIR_TIMER_SLEEP },
	{ "select", WEIR_TIMER_SLEEP },
	{ "ioport", WEIR_TIMER_AUTO, "timer 'ioport' does not exist here; 'auto' is used",
	  "\ntcpreplay not compiled with IO Port 0x80 support" },
	{ "abstime", WEIR_TIMER_SLEEP, "abstime is deprecated; timer 'sleep' is used",
	  "Unable to parse args: abstime is deprecated" },
};

int replay_timer(const struct replay_cfg *cfg, bool personality, enum weir_timer *ret_timer,
		 const char **ret_remark, struct weir_err *err)
{
	const char *name = cfg->timer ? cfg->timer : "auto";

	for (unsigned i = 0; i < ARRAY_SIZE(timers); i++) {
		if (strcasecmp(timers[i].name, name) != 0)
			continue;
		if (personality && timers[i].fault)
			return err_text(err, -EINVAL, "%s", timers[i].fault);
		*ret_timer = timers[i].timer;
		*ret_remark = timers[i].remark;
		return 0;
	}
	return err_text(err, -EINVAL,
			personality ? "Unable to parse args: Unsupported timer mode: %s"
				    : "--timer: '%s' is none of auto, spin, sleep",
			name);
}

int replay_port_name(const struct replay_cfg *cfg, const char *name, char **ret_name,
		     struct weir_err *err)
{
	const char *scheme = cfg->xdp ? "xdp:" : cfg->netmap ? "netmap:" : "";
	char device[16];
	int r;

	if (*name == '%') {
		r = interface_alias(name, device, err);
		if (r < 0)
			return r;
		name = device;
	}
	if (asprintf(ret_name, "%s%s", strchr(name, ':') ? "" : scheme, name) < 0)
		return err_text(err, -ENOMEM, "out of memory");
	return 0;
}
