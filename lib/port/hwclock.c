/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Clocks of devices (/dev/ptpN), compared with the system's by the kernel: by the device
 * itself where it can, else by reading the one between two readings of the other.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/ptp_clock.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>

#include <weir/hwstamp.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/macros.h"

#define SAMPLES 5u

int weir_hwclock_open(unsigned n, struct weir_err *err)
{
	char path[32];
	int fd;

	(void)snprintf(path, sizeof(path), "/dev/ptp%u", n);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	return fd < 0 ? err_set(err, -errno, "%s: %s", path, strerror(errno)) : fd;
}

static int64_t ns_of(const struct ptp_clock_time *t)
{
	return t->sec * (int64_t)NSEC_PER_SEC + (int64_t)t->nsec;
}

/* Keeps the reading, between two of the system's clock, if it is known better. */
static void keep_best(struct weir_hwclock_reading *best, const struct ptp_clock_time *before,
		      const struct ptp_clock_time *clock, const struct ptp_clock_time *after)
{
	const int64_t half = (ns_of(after) - ns_of(before)) / 2;

	if (half < 0 || (uint64_t)half >= best->error_ns)
		return; /* the system's clock was set back, or it is worse */
	*best = (struct weir_hwclock_reading){ .clock_ns = ns_of(clock),
					       .utc_ns = ns_of(before) + half,
					       .error_ns = (uint64_t)half };
}

static int read_crossed(int fd, struct weir_hwclock_reading *ret_reading)
{
	struct ptp_sys_offset_precise p = { 0 };

	if (ioctl(fd, PTP_SYS_OFFSET_PRECISE, &p) < 0)
		return -errno;
	*ret_reading = (struct weir_hwclock_reading){ .clock_ns = ns_of(&p.device),
						      .utc_ns = ns_of(&p.sys_realtime) };
	return 0;
}

static int read_between(int fd, struct weir_hwclock_reading *ret_reading)
{
	struct ptp_sys_offset_extended x = { .n_samples = SAMPLES };

	if (ioctl(fd, PTP_SYS_OFFSET_EXTENDED, &x) < 0)
		return -errno;
	for (unsigned i = 0; i < SAMPLES; i++)
		keep_best(ret_reading, &x.ts[i][0], &x.ts[i][1], &x.ts[i][2]);
	return 0;
}

/* Drivers that know none of the others. */
static int read_in_turn(int fd, struct weir_hwclock_reading *ret_reading)
{
	struct ptp_sys_offset o = { .n_samples = SAMPLES };

	if (ioctl(fd, PTP_SYS_OFFSET, &o) < 0)
		return -errno;
	for (unsigned i = 0; i < SAMPLES; i++)
		keep_best(ret_reading, &o.ts[2 * i], &o.ts[2 * i + 1], &o.ts[2 * i + 2]);
	return 0;
}

int weir_hwclock_read(int fd, struct weir_hwclock_reading *ret_reading, struct weir_err *err)
{
	struct weir_hwclock_reading best = { .error_ns = UINT64_MAX };
	int r = read_crossed(fd, &best);

	if (r < 0)
		r = read_between(fd, &best);
	if (r < 0)
		r = read_in_turn(fd, &best);
	if (r == 0 && best.error_ns == UINT64_MAX)
		r = -EAGAIN; /* the system's clock was set meanwhile */
	if (r < 0)
		return err_set(err, r, "cannot read the device's clock: %s", strerror(-r));
	*ret_reading = best;
	return 0;
}
