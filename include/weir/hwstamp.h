/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Hardware time stamps of network interfaces: what a device says it can do, what it is set
 * to, and the clock that it stamps with.
 *
 * What a driver says is a claim. Whether frames really carry stamps only shows when some
 * have come (weir/capture.h counts them).
 *
 * A setting belongs to the device and outlives the process that made it; whoever changes it
 * for a while puts back what was there. Times of a device's clock are nanoseconds from an
 * epoch of its own: programs that steer clocks usually let it run on TAI, and a card that
 * nobody steers counts from its last reset.
 *
 * Everything here is safe from any thread.
 */
#ifndef WEIR_HWSTAMP_H
#define WEIR_HWSTAMP_H

#include <stdbool.h>
#include <stdint.h>

#include <weir/err.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Which frames are stamped. */
struct weir_hwstamp_config {
	unsigned tx; /* of those sent: HWTSTAMP_TX_..., linux/net_tstamp.h */
	unsigned rx; /* of those received: HWTSTAMP_FILTER_... */
};

struct weir_hwstamp {
	bool stamps_rx, stamps_tx; /* says the driver */
	unsigned tx_types;	   /* that it can be set to: 1U << HWTSTAMP_TX_... */
	unsigned rx_filters;	   /* the same: 1U << HWTSTAMP_FILTER_... */
	int clock;		   /* of /dev/ptpN the number; -1: the device has none */
	bool told;		   /* the driver tells what it is set to, which is: */
	struct weir_hwstamp_config config;
};

/* What there is of an interface of the caller's network namespace. -ENODEV: there is no such
 * interface. A device without a clock is no error. */
int weir_hwstamp_get(const char *ifname, struct weir_hwstamp *ret_stamps, struct weir_err *err);

/*
 * Sets it. *ret_made is what the driver has made of that, by its own word: it may stamp more
 * frames than were asked for, and some stamp fewer. -EOPNOTSUPP: the device has no clock or
 * the driver cannot be set; -ERANGE: not to this; -EPERM: the text names the privilege.
 */
int weir_hwstamp_set(const char *ifname, const struct weir_hwstamp_config *wanted,
		     struct weir_hwstamp_config *ret_made, struct weir_err *err);

/* "all", "ptpv2-event"; "off", "on". "?" for a number that has no name. Static. */
const char *weir_hwstamp_rx_text(unsigned filter);
const char *weir_hwstamp_tx_text(unsigned type);

/* The number of a name. -EINVAL: it is none. */
int weir_hwstamp_rx_number(const char *name);
int weir_hwstamp_tx_number(const char *name);

/* A device's clock beside the system's. */
struct weir_hwclock_reading {
	int64_t clock_ns;  /* what it showed */
	int64_t utc_ns;	   /* when: CLOCK_REALTIME */
	uint64_t error_ns; /* to plus or minus so much */
};

/* Opens /dev/ptpN for reading. A descriptor, to be closed with close(2); -EACCES, -ENOENT. */
int weir_hwclock_open(unsigned n, struct weir_err *err);

/* Reads it several times and keeps the reading that is known best. */
int weir_hwclock_read(int fd, struct weir_hwclock_reading *ret_reading, struct weir_err *err);

#ifdef __cplusplus
}
#endif
#endif
