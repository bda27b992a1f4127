/* SPDX-License-Identifier: BSD-2-Clause */
/* Arithmetic that rates and schedules share. */
#ifndef PACE_RATE_H
#define PACE_RATE_H

#include <stdint.h>

/* Greatest common divisor; of 0 and b it is b. */
uint64_t rate_gcd(uint64_t a, uint64_t b);

#endif
