/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef GEN_SHUFFLE_H
#define GEN_SHUFFLE_H

#include <stdint.h>

/* Place i of the numbers 0 ... n - 1 in an order that the key picks. It needs no memory
 * and no place before it: any number of threads can share one order out. */
uint64_t gen_shuffle(uint64_t i, uint64_t n, uint64_t key);

#endif
