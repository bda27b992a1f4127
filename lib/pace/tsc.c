/* SPDX-License-Identifier: BSD-2-Clause */
#include "pace/tsc.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/macros.h"
#include "base/time.h"

/* The first slope is taken over this long; later ones over four times as long each,
 * up to the longest. */
#define FIRST_NS   (2 * NSEC_PER_MSEC)
#define LONGEST_NS (512 * NSEC_PER_MSEC)
/* Clock and counter are read together so often, and the tightest reading is kept. */
#define READINGS 8
/* A rate against CLOCK_MONOTONIC_RAW that differs by more is a counter gone wrong. */
#define DISTRUST_PPM 200

#if defined(__x86_64__)
#include <x86intrin.h>

static inline uint64_t counter(void)
{
	return __rdtsc();
}

/* Is there word in the first line of the file that begins so? */
static bool line_has(const char *path, const char *begins, const char *word)
{
	CLEANUP(fclosep)
	FILE *f = fopen(path, "re");
	char line[8192];

	while (f && fgets(line, sizeof(line), f))
		if (!strncmp(line, begins, strlen(begins)))
			return strstr(line, word) != NULL;
	return false;
}

static bool kernel_trusts_it(void)
{
	return line_has("/proc/cpuinfo", "flags", " constant_tsc") &&
	       line_has("/proc/cpuinfo", "flags", " nonstop_tsc") &&
	       line_has("/sys/devices/system/clocksource/clocksource0/current_clocksource", "",
			"tsc");
}
#else
static inline uint64_t counter(void)
{
	return 0;
}

static bool kernel_trusts_it(void)
{
	return false;
}
#endif

static struct tsc_pair read_pair(clockid_t clock)
{
	struct tsc_pair best = { 0 };
	uint64_t tightest = UINT64_MAX;

	for (int i = 0; i < READINGS; i++) {
		uint64_t a = counter(), ns = time_now(clock), b = counter();

		if (b - a < tightest) {
			tightest = b - a;
			best = (struct tsc_pair){ a + (b - a) / 2, ns };
		}
	}
	return best;
}

/* ns a tick between two readings, in 2^-32; 0 if the counter stood still or went back. */
static uint64_t slope_between(struct tsc_pair from, struct tsc_pair to)
{
	if (to.tsc <= from.tsc || to.ns <= from.ns)
		return 0;
	return (uint64_t)(((unsigned __int128)(to.ns - from.ns) << 32) / (to.tsc - from.tsc));
}

static uint64_t line_at(const struct tsc *t, uint64_t tsc)
{
	return t->anchor.ns + (uint64_t)((unsigned __int128)(tsc - t->anchor.tsc) * t->slope >> 32);
}

void tsc_anchor(struct tsc *t, struct tsc_pair mono, struct tsc_pair raw)
{
	uint64_t slope = slope_between(t->anchor, mono);
	uint64_t raw_slope = slope_between(t->raw, raw);
	uint64_t off =
		raw_slope > t->raw_slope ? raw_slope - t->raw_slope : t->raw_slope - raw_slope;

	if (!slope || !raw_slope || off > t->raw_slope / (1000000 / DISTRUST_PPM)) {
		t->trusted = false;
		return;
	}
	t->slope = slope;
	t->anchor = mono;
	t->raw = raw;
	/* Until the longest interval, each slope is four times as exact as the one before. */
	if ((unsigned __int128)t->interval * t->slope >> 32 < LONGEST_NS) {
		t->interval *= 4;
		t->raw_slope = raw_slope;
	}
}

bool tsc_init(struct tsc *t)
{
	struct tsc_pair mono, raw;

	*t = (struct tsc){ 0 };
	if (!kernel_trusts_it())
		return false;
	t->anchor = read_pair(CLOCK_MONOTONIC);
	t->raw = read_pair(CLOCK_MONOTONIC_RAW);
	do {
		mono = read_pair(CLOCK_MONOTONIC);
	} while (mono.ns - t->anchor.ns < FIRST_NS);
	raw = read_pair(CLOCK_MONOTONIC_RAW);
	t->slope = slope_between(t->anchor, mono);
	t->raw_slope = slope_between(t->raw, raw);
	if (!t->slope || !t->raw_slope)
		return false;
	t->anchor = mono;
	t->raw = raw;
	t->interval = (uint64_t)(((unsigned __int128)FIRST_NS << 32) / t->slope) * 4;
	t->trusted = true;
	return true;
}

/* Time may step by some ns where lines meet: hold it rather than let it go back. */
static uint64_t never_back(struct tsc *t, uint64_t ns)
{
	t->last_ns = MAX(t->last_ns, ns);
	return t->last_ns;
}

uint64_t tsc_now(struct tsc *t)
{
	uint64_t tsc = counter();

	if (unlikely(!t->trusted))
		return never_back(t, time_now(CLOCK_MONOTONIC));
	/* A counter that went back is far behind the anchor, and so beyond it. */
	if (unlikely(tsc - t->anchor.tsc >= t->interval)) {
		tsc_anchor(t, read_pair(CLOCK_MONOTONIC), read_pair(CLOCK_MONOTONIC_RAW));
		return tsc_now(t); /* once: the check is in the future now, or trust is lost */
	}
	return never_back(t, line_at(t, tsc));
}
