/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Rate profiles. The rows become segments; each knows how many units (bits or frames)
 * have gone when it begins, in 2^-16, so the time at which a unit is due is found by a
 * binary search and an inversion within one segment: a line for a step, a root for a
 * ramp.
 */
#include "pace/profile.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/macros.h"

#define UNIT_BITS 16
/* Keep all products within 128 bits. */
#define MAX_RATE     100000000000000 /* 100 Tbit/s */
#define MAX_RATE_DEN 1000
#define MAX_TIME_NS  (10000000 * NSEC_PER_SEC) /* 115 days */
#define MAX_FILE     (1 << 20)

typedef unsigned __int128 u128;

struct segment {
	uint64_t begin_ns;
	uint64_t num, den; /* units a second at its beginning */
	bool ramp;	   /* to the rate of the next one */
	u128 before;	   /* units gone at begin_ns, in 2^-UNIT_BITS */
};

struct weir_profile {
	enum weir_rate_mode mode;
	size_t n;
	struct segment segments[];
};

/* ---- reading --------------------------------------------------------------- */

static int parse_row(const char *name, unsigned line, char *text, struct weir_profile *p,
		     struct weir_err *err)
{
	struct segment *s = &p->segments[p->n];
	enum weir_rate_mode mode;
	uint64_t ns;
	char *save, *time = strtok_r(text, " \t\r", &save), *rate, *more;

	if (!time)
		return 0;
	rate = strtok_r(NULL, " \t\r", &save);
	more = strtok_r(NULL, " \t\r", &save);
	if (!rate || (more && strtok_r(NULL, " \t\r", &save)))
		return err_set(err, -EINVAL, "%s: line %u: a row is TIME RATE [ramp]", name, line);
	if (weir_duration_parse(time, &ns) < 0)
		return err_set(err, -EINVAL, "%s: line %u: '%s' is not a time", name, line, time);
	if (weir_quantity_parse(rate, &mode, &s->num, &s->den) < 0)
		return err_set(err, -EINVAL,
			       "%s: line %u: '%s' is not a rate such as 100Mbps or 50kpps", name,
			       line, rate);
	if (s->num / s->den > MAX_RATE || s->den > MAX_RATE_DEN)
		return err_set(err, -EINVAL,
			       "%s: line %u: '%s' is beyond 100 Tbps or finer than "
			       "0.001 bps",
			       name, line, rate);
	if (ns > MAX_TIME_NS)
		return err_set(err, -EINVAL, "%s: line %u: '%s' is beyond 115 days", name, line,
			       time);
	if (more && strcmp(more, "ramp") != 0)
		return err_set(err, -EINVAL, "%s: line %u: '%s' is not \"ramp\"", name, line, more);
	s->begin_ns = ns;
	s->ramp = more != NULL;
	if (!p->n)
		p->mode = mode;
	if (mode != p->mode)
		return err_set(err, -EINVAL, "%s: line %u: bits and frames in one profile", name,
			       line);
	if (p->n ? s->begin_ns <= s[-1].begin_ns : s->begin_ns != 0)
		return err_set(err, -EINVAL, "%s: line %u: %s", name, line,
			       p->n ? "the time is not after the row before"
				    : "the first row's time is not 0");
	p->n++;
	return 0;
}

/* Units that a segment which ends at end_ns holds, in 2^-UNIT_BITS. */
static u128 units_of(const struct segment *s, uint64_t end_ns)
{
	const struct segment *next = s + 1;
	u128 ns = end_ns - s->begin_ns;
	u128 at_begin = (ns * s->num << UNIT_BITS) / s->den / NSEC_PER_SEC;

	if (!s->ramp)
		return at_begin;
	return (at_begin + (ns * next->num << UNIT_BITS) / next->den / NSEC_PER_SEC) / 2;
}

static int finish(const char *name, struct weir_profile *p, struct weir_err *err)
{
	if (!p->n)
		return err_set(err, -EINVAL, "%s: there is no row in it", name);
	if (p->segments[p->n - 1].ramp)
		return err_set(err, -EINVAL, "%s: the last row has nothing to ramp to", name);
	for (size_t i = 1; i < p->n; i++) {
		struct segment *s = &p->segments[i];

		s->before = s[-1].before + units_of(s - 1, s->begin_ns);
	}
	return 0;
}

int weir_profile_parse(const char *name, const char *text, struct weir_profile **ret_profile,
		       struct weir_err *err)
{
	CLEANUP(freep)
	char *copy = strdup(text);
	CLEANUP(freep)
	struct weir_profile *p = NULL;
	size_t lines = 1;
	unsigned line = 0;
	int r;

	for (const char *c = text; *c; c++)
		lines += *c == '\n';
	p = calloc(1, sizeof(*p) + lines * sizeof(p->segments[0]));
	if (!p || !copy)
		return err_set(err, -ENOMEM, "out of memory");
	for (char *rest = copy, *row; (row = strsep(&rest, "\n"));) {
		row[strcspn(row, "#")] = 0;
		r = parse_row(name, ++line, row, p, err);
		if (r < 0)
			return r;
	}
	r = finish(name, p, err);
	if (r < 0)
		return r;
	*ret_profile = TAKE_PTR(p);
	return 0;
}

int weir_profile_load(const char *path, struct weir_profile **ret_profile, struct weir_err *err)
{
	CLEANUP(fclosep)
	FILE *f = fopen(path, "re");
	CLEANUP(freep)
	char *text = malloc(MAX_FILE + 1);
	size_t n;

	if (!f)
		return err_set(err, -errno, "%s: %s", path, strerror(errno));
	if (!text)
		return err_set(err, -ENOMEM, "out of memory");
	n = fread(text, 1, MAX_FILE + 1, f);
	if (ferror(f))
		return err_set(err, -EIO, "%s: cannot be read", path);
	if (n > MAX_FILE)
		return err_set(err, -EFBIG, "%s: more than 1 MiB is no rate profile", path);
	text[n] = 0;
	return weir_profile_parse(path, text, ret_profile, err);
}

enum weir_rate_mode weir_profile_mode(const struct weir_profile *p)
{
	return p->mode;
}

struct weir_profile *weir_profile_free(struct weir_profile *p)
{
	free(p);
	return NULL;
}

/* ---- asking ---------------------------------------------------------------- */

/* The last segment that begins at or before units. A pause has no units of its own:
 * what is due exactly there is due at its end. */
static const struct segment *find(const struct weir_profile *p, u128 units)
{
	size_t low = 0, high = p->n;

	while (high - low > 1) {
		size_t mid = low + (high - low) / 2;

		if (p->segments[mid].before <= units)
			low = mid;
		else
			high = mid;
	}
	return &p->segments[low];
}

static double rate_at(const struct segment *s)
{
	return (double)s->num / (double)s->den;
}

/* units = r0 t + a t^2 / 2, solved for t in the form that loses no digits. */
static uint64_t invert_ramp(const struct segment *s, u128 units)
{
	double seconds = (double)(s[1].begin_ns - s->begin_ns) / 1e9;
	double r0 = rate_at(s), a = (rate_at(s + 1) - r0) / seconds;
	double u = (double)units / (1 << UNIT_BITS), root = r0 * r0 + 2 * a * u;
	double sum = r0 + sqrt(root > 0 ? root : 0);

	return sum > 0 ? (uint64_t)(2 * u / sum * 1e9) : 0;
}

uint64_t profile_deadline(const struct weir_profile *p, u128 units)
{
	const struct segment *s = find(p, units << UNIT_BITS);
	u128 into = (units << UNIT_BITS) - s->before, ns;

	if (s->ramp)
		ns = invert_ramp(s, into);
	else if (s->num)
		ns = (into / s->num * s->den * NSEC_PER_SEC +
		      into % s->num * s->den * NSEC_PER_SEC / s->num) >>
		     UNIT_BITS;
	else
		return UINT64_MAX; /* only the last row: it has no end */
	ns += s->begin_ns;
	return ns >> 64 ? UINT64_MAX : (uint64_t)ns;
}
