/* SPDX-License-Identifier: BSD-2-Clause */
/* Rates as exact fractions, read from decimal text. */
#include <weir/pace.h>

#include <ctype.h>
#include <errno.h>
#include <stddef.h>

#include "pace/rate.h"

/* Keeps 10^9 * den within 64 bits with room to spare. */
#define MAX_DEN 1000000000ULL

/* A decimal on its way to become a fraction: digits * 10^exponent. */
struct decimal {
	uint64_t digits;
	int exponent;
};

static int take_digits(const char **p, struct decimal *d, bool fraction, bool *any)
{
	for (; isdigit((unsigned char)**p); ++*p) {
		*any = true;
		if (fraction && **p == '0') { /* "1000.000000": zeros that say nothing */
			const char *q = *p;

			while (*q == '0')
				q++;
			if (!isdigit((unsigned char)*q)) {
				*p = q;
				return 0;
			}
		}
		if (__builtin_mul_overflow(d->digits, 10, &d->digits) ||
		    __builtin_add_overflow(d->digits, (uint64_t)(**p - '0'), &d->digits))
			return -ERANGE;
		if (fraction)
			d->exponent--;
	}
	return 0;
}

static int take_exponent(const char **p, struct decimal *d)
{
	bool negative = false;
	int e = 0;

	if (**p != 'e' && **p != 'E')
		return 0;
	++*p;
	if (**p == '+' || **p == '-')
		negative = *(*p)++ == '-';
	if (!isdigit((unsigned char)**p))
		return -EINVAL;
	for (; isdigit((unsigned char)**p); ++*p) {
		e = e * 10 + (**p - '0');
		if (e > 99)
			return -ERANGE;
	}
	d->exponent += negative ? -e : e;
	return 0;
}

static int read_decimal(const char *text, struct decimal *ret)
{
	struct decimal d = { 0 };
	const char *p = text;
	bool any = false;
	int r;

	while (isspace((unsigned char)*p))
		p++;
	if (*p == '-')
		return -ERANGE;
	if (*p == '+')
		p++;
	r = take_digits(&p, &d, false, &any);
	if (r < 0)
		return r;
	if (*p == '.') {
		p++;
		r = take_digits(&p, &d, true, &any);
		if (r < 0)
			return r;
	}
	if (!any)
		return -EINVAL;
	r = take_exponent(&p, &d);
	if (r < 0)
		return r;
	if (*p)
		return -EINVAL;
	*ret = d;
	return 0;
}

uint64_t rate_gcd(uint64_t a, uint64_t b)
{
	while (b) {
		uint64_t t = a % b;

		a = b;
		b = t;
	}
	return a;
}

int weir_rate_parse(const char *text, uint64_t scale, uint64_t *ret_num, uint64_t *ret_den)
{
	uint64_t num = scale, den = 1, g;
	struct decimal d;
	int r;

	r = read_decimal(text, &d);
	if (r < 0)
		return r;
	if (!d.digits) {
		*ret_num = 0;
		*ret_den = 1;
		return 0;
	}
	for (; d.exponent < 0; d.exponent++) {
		if (num % 10 == 0) {
			num /= 10;
		} else if (d.digits % 10 == 0) {
			d.digits /= 10;
		} else {
			den *= 10;
			if (den > MAX_DEN)
				return -ERANGE;
		}
	}
	for (; d.exponent > 0; d.exponent--) {
		if (__builtin_mul_overflow(num, 10, &num))
			return -ERANGE;
	}
	if (__builtin_mul_overflow(num, d.digits, &num))
		return -ERANGE;
	g = rate_gcd(num, den);
	*ret_num = num / g;
	*ret_den = den / g;
	return 0;
}
