/* SPDX-License-Identifier: BSD-2-Clause */
#include "pace/draw.h"

#include <math.h>

#include "base/mix.h"

/* -ln(u) for 0 < u < 1, to 10^-12: with u = m * 2^e and m near 1,
 * ln(m) = 2 artanh((m - 1) / (m + 1)), by its series. */
static double minus_ln(double u)
{
	static const double ln2 = 0x1.62e42fefa39efp-1;
	int e;
	double m = frexp(u, &e), z, z2, sum = 0;

	if (m < 0x1.6a09e667f3bcdp-1) { /* the root of 1/2: keeps |z| under 0.172 */
		m *= 2;
		e--;
	}
	z = (m - 1) / (m + 1);
	z2 = z * z;
	for (int k = 15; k >= 1; k -= 2)
		sum = sum * z2 + 1.0 / k;
	return -(2 * z * sum + e * ln2);
}

uint64_t draw_exponential(uint64_t seed, uint64_t i)
{
	uint64_t bits = mix64((mix64(seed + MIX_STEP) ^ i * 0xd1342543de82ef95) + MIX_STEP);
	double u = ((double)(bits >> 11) + 0.5) * 0x1p-53;

	return (uint64_t)(minus_ln(u) * 0x1p32);
}
