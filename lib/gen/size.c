/* SPDX-License-Identifier: BSD-2-Clause */
/* Lengths of frames, and mixes of several things in given proportions. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/macros.h"
#include "gen/mix.h"

#define MAX_PARTS 64u

/* Takes turns so that each part's are spread as evenly as can be: the one that is
 * furthest behind its share goes next. */
int gen_mix_turns(struct gen_pool *pool, const uint32_t *weights, unsigned n, uint32_t *ret_n,
		  uint32_t **ret_turns)
{
	uint64_t sum = 0;
	int64_t *behind;
	uint32_t *turns;

	for (unsigned i = 0; i < n; i++)
		sum += weights[i];
	if (!sum || sum > GEN_MAX_TURNS)
		return -ERANGE;
	turns = gen_alloc_array(pool, sum, sizeof(*turns));
	behind = gen_alloc_array(pool, n, sizeof(*behind));
	if (!turns || !behind)
		return -ENOMEM;
	for (uint64_t k = 0; k < sum; k++) {
		unsigned best = 0;

		for (unsigned i = 0; i < n; i++) {
			behind[i] += weights[i];
			if (behind[i] > behind[best])
				best = i;
		}
		behind[best] -= (int64_t)sum;
		turns[k] = best;
	}
	*ret_n = (uint32_t)sum;
	*ret_turns = turns;
	return 0;
}

/* A number at *p, which moves behind it. */
static bool number(const char **p, uint64_t *ret)
{
	char *end;

	if (**p < '0' || **p > '9')
		return false;
	errno = 0;
	*ret = strtoull(*p, &end, 10);
	*p = end;
	return !errno;
}

static int bad(const struct gen_source *src, uint32_t at, const char *text)
{
	return gen_fail(src, at, "size '%.60s' is none of 64, 64-1500, 64:7,594:4,1518:1 and IMIX",
			text);
}

/* A length without the frame check sequence. */
static bool size_number(const char **p, uint32_t fcs, uint32_t *ret)
{
	uint64_t v;

	if (!number(p, &v) || v <= fcs || v - fcs > WEIR_FRAME_MAX)
		return false;
	*ret = (uint32_t)v - fcs;
	return true;
}

static int parse_mix(const struct gen_source *src, uint32_t at, const char *text, uint32_t fcs,
		     struct gen_size *ret)
{
	uint32_t sizes[MAX_PARTS], weights[MAX_PARTS], n = 0;
	const char *p = text;
	uint64_t weight;
	int r;

	do {
		p += n > 0;
		if (n == MAX_PARTS || !size_number(&p, fcs, &sizes[n]))
			return bad(src, at, text);
		weight = 1;
		if (*p == ':' && (++p, !number(&p, &weight)))
			return bad(src, at, text);
		if (!weight || weight > GEN_MAX_TURNS)
			return gen_fail(src, at, "a weight is 1 to %u", GEN_MAX_TURNS);
		weights[n++] = (uint32_t)weight;
	} while (*p == ',');
	if (*p)
		return bad(src, at, text);
	r = gen_mix_turns(src->pool, weights, n, &ret->n, &ret->mix);
	if (r == -ERANGE)
		return gen_fail(src, at, "weights add up to more than %u", GEN_MAX_TURNS);
	if (r < 0)
		return gen_no_memory(src);
	for (uint32_t i = 0; i < ret->n; i++)
		ret->mix[i] = sizes[ret->mix[i]];
	ret->min = ret->max = sizes[0];
	for (uint32_t i = 1; i < n; i++) {
		ret->min = MIN(ret->min, sizes[i]);
		ret->max = MAX(ret->max, sizes[i]);
	}
	return 0;
}

int gen_size_parse(const struct gen_source *src, uint32_t at, const char *text, bool no_fcs,
		   struct gen_size *ret)
{
	uint32_t fcs = no_fcs ? 0 : WEIR_FCS_LEN;
	const char *p;

	*ret = (struct gen_size){ 0 };
	if (!text)
		return 0;
	if (!strcasecmp(text, "imix")) { /* IP packets of 40 (46), 576 and 1500 bytes */
		text = "64:7,594:4,1518:1";
		fcs = WEIR_FCS_LEN;
	}
	ret->fcs = fcs;
	if (!strchr(text, '-'))
		return parse_mix(src, at, text, fcs, ret);
	p = text;
	if (!size_number(&p, fcs, &ret->min) || *p++ != '-' || !size_number(&p, fcs, &ret->max) ||
	    *p || ret->min > ret->max)
		return bad(src, at, text);
	return 0;
}
