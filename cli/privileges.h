/* SPDX-License-Identifier: BSD-2-Clause */
/* Giving up privileges that are needed no more. */
#ifndef CLI_PRIVILEGES_H
#define CLI_PRIVILEGES_H

#include <stdint.h>

#include <weir/err.h>

#define PRIVILEGE(cap) (1ull << (cap)) /* of CAP_... */

/*
 * Gives up all capabilities but those of keep that there are, for good: no program that is
 * started gets them, either. The user remains who it is. Threads that run keep what they have, so
 * there should be none. If path, which may be NULL, names a file in a folder where the user has no
 * right of its own to make more of them, CAP_DAC_OVERRIDE is kept, too.
 */
int privileges_drop(uint64_t keep, const char *path, struct weir_err *err);

#endif
