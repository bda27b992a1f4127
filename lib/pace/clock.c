/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Waiting for a moment: sleep until shortly before, then spin.
 *
 * A short wait is spun through. How long before the deadline a longer one ends, the
 * margin, is what decides between exactness and processor time.
 * A sleep ends late by an amount that depends on the machine and its load; the margin
 * follows the 98th percentile of what was seen, by steps up when a sleep was later and
 * much smaller steps down when it was not. Fixed at both ends: below, waking costs
 * more than it saves; above, a machine so busy would only be made busier by spinning.
 */
#include <weir/pace.h>

#include <errno.h>
#include <stdlib.h>
#include <time.h>

#include "base/err.h"
#include "base/macros.h"
#include "base/relax.h"
#include "base/time.h"
#include "pace/margin.h"
#include "pace/tsc.h"

/* A sleep shorter than this saves little processor time, and now and then ends late by as
 * much as a spinner never is. */
#define WORTH_NS (200 * NSEC_PER_USEC)
/* Longest sleep between two looks at the stop flag. */
#define SLICE_NS (50 * NSEC_PER_MSEC)

/* A spinning real-time thread that sees time jump by this was made to pause. */
#define HOLE_NS	     (20 * NSEC_PER_MSEC)
#define NAP_NS	     (80 * NSEC_PER_USEC)
#define NAP_EVERY_NS NSEC_PER_MSEC

/* A spinner relaxes until so shortly before its time. */
#define RELAX_NS 500u

struct clock {
	struct tsc tsc;
	enum weir_timer timer;
	bool real_time;
	bool naps;	 /* it was made to pause once: from now on it pauses by itself */
	uint64_t nap_at; /* when the next is due */
	uint64_t margin_ns;
	uint64_t sleeps;
};

static uint64_t clock_now(void *ctx)
{
	struct clock *c = ctx;

	return tsc_now(&c->tsc);
}

static bool stopped(const int *stop)
{
	return __atomic_load_n(stop, __ATOMIC_RELAXED) != 0;
}

/* Sleeps until t, a slice at a time. Returns the time. */
static uint64_t sleep_until(struct clock *c, uint64_t t, const int *stop)
{
	uint64_t now = tsc_now(&c->tsc);

	while (now < t && !stopped(stop)) {
		struct timespec ts = time_spec(MIN(t, now + SLICE_NS));

		/* A signal wakes it early, which the loop sees. */
		(void)clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, NULL);
		now = tsc_now(&c->tsc);
	}
	return now;
}

/* Between two looks at the clock of a spinning real-time thread. */
static void mind_others(struct clock *c, uint64_t before, uint64_t now)
{
	struct timespec ts;

	if (now - before > HOLE_NS)
		c->naps = true;
	if (!c->naps || now < c->nap_at)
		return;
	ts = time_spec(now + NAP_NS);
	(void)clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, NULL); /* shorter is fine */
	c->nap_at = now + NAP_EVERY_NS;
}

static uint64_t spin_until(struct clock *c, uint64_t t, const int *stop)
{
	uint64_t now = tsc_now(&c->tsc), before;

	while (now < t && !stopped(stop)) {
		if (t - now > RELAX_NS)
			cpu_relax();
		before = now;
		now = tsc_now(&c->tsc);
		if (c->real_time)
			mind_others(c, before, now);
	}
	return now;
}

static uint64_t wait_spin(void *ctx, uint64_t t, const int *stop)
{
	return spin_until(ctx, t, stop);
}

static uint64_t wait_sleep(void *ctx, uint64_t t, const int *stop)
{
	return sleep_until(ctx, t, stop);
}

static uint64_t wait_auto(void *ctx, uint64_t t, const int *stop)
{
	struct clock *c = ctx;
	uint64_t now = tsc_now(&c->tsc), wake;

	if (t > now && t - now > WORTH_NS + c->margin_ns) {
		wake = t - c->margin_ns;
		now = sleep_until(c, wake, stop);
		if (now >= wake) { /* not stopped before */
			c->margin_ns = margin_learn(c->margin_ns, now - wake);
			c->sleeps++;
		}
	}
	return spin_until(c, t, stop);
}

int weir_clock_open(enum weir_timer timer, bool real_time, struct weir_clock *ret,
		    struct weir_err *err)
{
	static uint64_t (*const waits[])(void *, uint64_t, const int *) = {
		[WEIR_TIMER_AUTO] = wait_auto,
		[WEIR_TIMER_SPIN] = wait_spin,
		[WEIR_TIMER_SLEEP] = wait_sleep,
	};
	struct clock *c = calloc(1, sizeof(*c));

	if (!c)
		return err_set(err, -ENOMEM, "out of memory");
	c->timer = timer;
	c->real_time = real_time;
	c->margin_ns = MARGIN_FIRST_NS;
	(void)tsc_init(&c->tsc); /* it goes on with clock_gettime() if there is none */
	*ret = (struct weir_clock){ .now = clock_now, .wait = waits[timer], .ctx = c };
	return 0;
}

void weir_clock_close(struct weir_clock *clock)
{
	if (!clock)
		return;
	free(clock->ctx);
	*clock = (struct weir_clock){ 0 };
}

void weir_clock_info(const struct weir_clock *clock, struct weir_clock_info *ret)
{
	const struct clock *c = clock->ctx;

	*ret = (struct weir_clock_info){
		.source = c->tsc.trusted ? "tsc" : "clock_gettime",
		.margin_ns = c->timer == WEIR_TIMER_AUTO ? c->margin_ns : 0,
		.sleeps = c->sleeps,
		.naps = c->naps,
	};
}
