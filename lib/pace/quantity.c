/* SPDX-License-Identifier: BSD-2-Clause */
/* Numbers with units, as people write them: "50us", "100Mbps". */
#include <weir/pace.h>

#include <errno.h>
#include <string.h>

#include "base/macros.h"

struct unit {
	const char *name;
	uint64_t scale;
	enum weir_rate_mode mode;
};

static const struct unit rate_units[] = {
	{ "bps", 1, WEIR_RATE_BITS },	       { "kbps", 1000, WEIR_RATE_BITS },
	{ "Mbps", 1000000, WEIR_RATE_BITS },   { "Gbps", 1000000000, WEIR_RATE_BITS },
	{ "pps", 1, WEIR_RATE_FRAMES },	       { "kpps", 1000, WEIR_RATE_FRAMES },
	{ "Mpps", 1000000, WEIR_RATE_FRAMES },
};

static const struct unit time_units[] = {
	{ "", NSEC_PER_SEC },	      { "ns", 1 },	     { "us", NSEC_PER_USEC },
	{ "ms", NSEC_PER_MSEC },      { "s", NSEC_PER_SEC }, { "m", 60 * NSEC_PER_SEC },
	{ "h", 3600 * NSEC_PER_SEC },
};

/* A number with one of the units right behind it. */
static int parse(const char *word, const struct unit *units, size_t n, const struct unit **ret_unit,
		 uint64_t *ret_num, uint64_t *ret_den)
{
	size_t digits = strspn(word, "0123456789.");
	char number[64];

	if (!digits || digits >= sizeof(number))
		return -EINVAL;
	memcpy(number, word, digits);
	number[digits] = 0;
	for (size_t i = 0; i < n; i++)
		if (!strcmp(word + digits, units[i].name)) {
			*ret_unit = &units[i];
			return weir_rate_parse(number, units[i].scale, ret_num, ret_den);
		}
	return -EINVAL;
}

int weir_quantity_parse(const char *text, enum weir_rate_mode *ret_mode, uint64_t *ret_num,
			uint64_t *ret_den)
{
	const struct unit *unit;
	int r;

	r = parse(text, rate_units, ARRAY_SIZE(rate_units), &unit, ret_num, ret_den);
	if (r == 0)
		*ret_mode = unit->mode;
	return r;
}

int weir_duration_parse(const char *text, uint64_t *ret_ns)
{
	const struct unit *unit;
	uint64_t num, den;
	int r;

	r = parse(text, time_units, ARRAY_SIZE(time_units), &unit, &num, &den);
	if (r == 0)
		*ret_ns = num / den;
	return r;
}
