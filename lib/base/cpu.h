/* SPDX-License-Identifier: BSD-2-Clause */
/* Processors that a thread may run on. */
#ifndef BASE_CPU_H
#define BASE_CPU_H

#include <sched.h>

/* The n-th of a set that is not empty, counted round. */
static inline int cpu_nth(const cpu_set_t *set, unsigned n)
{
	int cpu;

	n %= (unsigned)CPU_COUNT(set);
	for (cpu = 0; cpu < CPU_SETSIZE - 1; cpu++)
		if (CPU_ISSET(cpu, set) && n-- == 0)
			break;
	return cpu;
}

#endif
