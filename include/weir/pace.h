/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Pacing: when each frame leaves, and the clock that it waits on.
 *
 * The schedule is a pure function: the departure of a frame depends on nothing but
 * its place in the whole run,
 *
 *     bits        8 * bytes_before / rate
 *     frames      frames_before / rate
 *     time        recorded_time_before / factor
 *     topspeed    0
 *
 * in whole nanoseconds after one epoch, computed with 128-bit intermediates and
 * rounded down. Nothing is accumulated, so nothing drifts, and any number of
 * senders that share a trace out make the same schedule without talking.
 */
#ifndef WEIR_PACE_H
#define WEIR_PACE_H

#include <stdbool.h>
#include <stdint.h>

#include <weir/err.h>
#include <weir/stream.h>

#ifdef __cplusplus
extern "C" {
#endif

enum weir_rate_mode {
	WEIR_RATE_TOPSPEED, /* as fast as the port takes them */
	WEIR_RATE_BITS,	    /* num/den bits a second of frame bytes */
	WEIR_RATE_FRAMES,   /* num/den frames a second */
	WEIR_RATE_TIME,	    /* as recorded, num/den times as fast */
};

/*
 * Reads a rate with its unit: bps, kbps, Mbps, Gbps (powers of 1000; WEIR_RATE_BITS), pps,
 * kpps or Mpps (WEIR_RATE_FRAMES). Results as of weir_rate_parse().
 */
int weir_quantity_parse(const char *text, enum weir_rate_mode *ret_mode, uint64_t *ret_num,
			uint64_t *ret_den);

/* Reads a time: seconds, or with a unit: ns, us, ms, s, m, h. Cut to whole ns. -EINVAL,
 * -ERANGE. */
int weir_duration_parse(const char *text, uint64_t *ret_ns);

/*
 * A rate that changes with time, in bits or frames a second: rows of a time and a rate,
 * which holds until the next row or changes evenly towards the next row's ("ramp").
 * The last row's holds for ever; if it is 0, the schedule ends there.
 */
struct weir_profile;

/*
 * Reads a profile from text: a row a line, "TIME RATE [ramp]", '#' begins a comment.
 * TIME is a time from the start as weir_duration_parse() reads it; the first is 0 and each
 * is later than the one before. RATE is as weir_quantity_parse() reads it; all rows count
 * bits, or all count frames. name stands for the file in
 * messages, which tell the line. -EINVAL, -ENOMEM.
 */
int weir_profile_parse(const char *name, const char *text, struct weir_profile **ret_profile,
		       struct weir_err *err);
int weir_profile_load(const char *path, struct weir_profile **ret_profile, struct weir_err *err);
/* WEIR_RATE_BITS or WEIR_RATE_FRAMES. */
enum weir_rate_mode weir_profile_mode(const struct weir_profile *p);
/* NULL is allowed. Returns NULL. */
struct weir_profile *weir_profile_free(struct weir_profile *p);

/* An exact rate. num and den are greater than 0, unless there is a profile. */
struct weir_rate {
	enum weir_rate_mode mode;
	uint64_t num, den;
	uint32_t overhead;    /* BITS: bytes counted beside each frame; 24 for Ethernet's preamble,
			       * frame check sequence and gap */
	uint32_t group;	      /* frames that leave together, at the first one's time; 0 = 1 */
	bool poisson;	      /* gaps are drawn from an exponential distribution, same mean */
	uint64_t seed;	      /* of the draws: same seed, same gaps */
	uint64_t max_gap_ns;  /* longer pauses between frames are cut to this; 0 = none */
	uint64_t loop_gap_ns; /* pause between loops */
	const struct weir_profile *profile; /* instead of num / den; lent. NULL: none */
};

/*
 * Reads a decimal like "1024", "0.5" or "1e3" as an exact fraction times scale
 * (10^6 for Mbit/s). -EINVAL: not a number; -ERANGE: negative, or more digits than
 * fit. Zero is a number: num is 0.
 */
int weir_rate_parse(const char *text, uint64_t scale, uint64_t *ret_num, uint64_t *ret_den);

/* Where a frame stands in the run: what was before it. */
struct weir_pos {
	uint64_t frames;
	uint64_t bytes;
	uint64_t time_ns;
};

/* ns after the epoch at which a frame at pos leaves, without what depends on the frames
 * before it: .group, .poisson, .max_gap_ns, .loop_gap_ns. UINT64_MAX: beyond that, or
 * never. */
uint64_t weir_deadline(const struct weir_rate *rate, const struct weir_pos *pos);

/*
 * Deadlines of the frames of one view after another. One walker per cursor;
 * it carries only what the rate's extras need.
 */
struct weir_walker {
	struct weir_rate rate;
	uint64_t mul, div;	       /* deadline = units * mul / div, reduced */
	uint64_t base_q;	       /* deadline of the view's first unit: quotient */
	uint64_t base_r;	       /* and remainder */
	int64_t ts_base;	       /* capture time of the view's first unit */
	int64_t ts_max;		       /* latest capture time so far in this file */
	uint64_t group_ns;	       /* deadline of the group that the last frame was in */
	uint64_t drawn_from;	       /* deadline of the last frame before gaps were drawn */
	uint64_t drawn_ns, drawn_frac; /* where the drawn gaps have got to, ns and 2^-32 ns */
	uint64_t added_ns;	       /* pauses between loops so far */
	uint64_t cut_ns;	       /* taken out by max_gap_ns so far */
	uint64_t last_ns;	       /* deadline of the frame before, without the cuts */
	bool any;		       /* a frame went before */
};

/* rate is copied. -EINVAL if it is not a rate. */
int weir_walker_init(struct weir_walker *w, const struct weir_rate *rate, struct weir_err *err);

/* Begins a view. Views come in order, and the frames of each in order. */
void weir_walker_view(struct weir_walker *w, const struct weir_view *v);

/* Deadlines of frames first .. first + n - 1 of the view, in ns after the epoch. */
void weir_walker_run(struct weir_walker *w, const struct weir_view *v, uint32_t first, uint32_t n,
		     uint64_t *ret_ns);

/*
 * The clock a sender waits on; one for each thread. Tests put their own in. All times
 * are ns from an arbitrary zero; weir's own clock counts as CLOCK_MONOTONIC does.
 */
struct weir_clock {
	uint64_t (*now)(void *ctx);
	/* Returns at or after t, or earlier when *stop becomes non-zero (looked at
	 * every 50 ms at least, as a relaxed atomic). Returns the time it is. */
	uint64_t (*wait)(void *ctx, uint64_t t, const int *stop);
	void *ctx;
};

enum weir_timer {
	WEIR_TIMER_AUTO,  /* sleep until shortly before, then spin */
	WEIR_TIMER_SPIN,  /* spin all the way: takes a whole processor */
	WEIR_TIMER_SLEEP, /* only sleep: late by some 10 to 50 us, takes next to nothing */
};

/*
 * Makes a clock for the calling thread, read from the processor's time stamp counter
 * where the kernel trusts it and with clock_gettime(2) elsewhere. How long before a
 * deadline AUTO stops sleeping is learned from how late its sleeps end.
 *
 * real_time: the thread is in a real-time scheduling class. If it spins there while others
 * wait for the processor, Linux takes that away for 50 ms in each second (since 6.12 by the
 * fair class's deadline server, before by real-time throttling). Once that has happened,
 * spinning is interrupted by a sleep of 80 us in each ms, which leaves the others as much
 * and makes holes some six hundred times smaller.
 * -ENOMEM. Free with weir_clock_close().
 */
int weir_clock_open(enum weir_timer timer, bool real_time, struct weir_clock *ret_clock,
		    struct weir_err *err);

/* Only for clocks from weir_clock_open(). NULL is allowed. */
void weir_clock_close(struct weir_clock *clock);

struct weir_clock_info {
	const char *source; /* "tsc" or "clock_gettime"; static */
	uint64_t margin_ns; /* AUTO: how long before a deadline it stops sleeping now */
	uint64_t sleeps;    /* so far */
	bool naps;	    /* spinning is interrupted, as real_time tells */
};

/* Only for clocks from weir_clock_open(), from their own thread. */
void weir_clock_info(const struct weir_clock *clock, struct weir_clock_info *ret_info);

#ifdef __cplusplus
}
#endif
#endif
