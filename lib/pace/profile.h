/* SPDX-License-Identifier: BSD-2-Clause */
/* Rates that change with time: the inside. */
#ifndef PACE_PROFILE_H
#define PACE_PROFILE_H

#include <weir/pace.h>

/* ns after the start at which units have gone; UINT64_MAX: never. */
uint64_t profile_deadline(const struct weir_profile *p, unsigned __int128 units);

#endif
