/* SPDX-License-Identifier: BSD-2-Clause */
#include "engine/thread.h"

#include <errno.h>
#include <sched.h>
#include <string.h>
#include <sys/prctl.h>

#include "base/cpu.h"
#include "base/err.h"

static int pin_to(int pin, int *ret_cpu, struct weir_err *err)
{
	cpu_set_t set;
	int cpu;

	if (sched_getaffinity(0, sizeof(set), &set) < 0)
		return err_set(err, -errno, "cannot tell which processors may be used: %s",
			       strerror(errno));
	cpu = cpu_nth(&set, (unsigned)pin);
	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	if (sched_setaffinity(0, sizeof(set), &set) < 0)
		return err_set(err, -errno, "cannot run on processor %d: %s", cpu, strerror(errno));
	*ret_cpu = cpu;
	return 0;
}

int thread_prepare(int pin, int rt_priority, int *ret_cpu, struct weir_err *err)
{
	int r;

	/* Sleeps end when they should and not up to 50 us later. A hint: may fail. */
	(void)prctl(PR_SET_TIMERSLACK, 1UL, 0UL, 0UL, 0UL);
	*ret_cpu = -1;
	if (pin >= 0) {
		r = pin_to(pin, ret_cpu, err);
		if (r < 0)
			return r;
	}
	if (rt_priority) {
		struct sched_param param = { .sched_priority = rt_priority };

		if (sched_setscheduler(0, SCHED_FIFO, &param) < 0)
			return err_set(err, -errno,
				       errno == EPERM ? "real-time priority needs CAP_SYS_NICE"
						      : "real-time priority %d is not to be had",
				       rt_priority);
	}
	return 0;
}
