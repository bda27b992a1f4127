/* SPDX-License-Identifier: BSD-2-Clause */
#include "capture/hwtime.h"

#include <errno.h>
#include <linux/net_tstamp.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>

#include <weir/hwstamp.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/macros.h"
#include "capture/hwline.h"
#include "port/name.h"

#define SAMPLE_MS 100

struct hwtime {
	char ifname[16], clock[24];
	bool changed;			   /* the stamps were switched on by us; before: */
	struct weir_hwstamp_config before; /* what they were set to */
	int clock_fd, end_fd;		   /* end_fd wakes the thread */
	struct hwline line;
	struct blockring *rings;
	unsigned n_rings;
	pthread_t thread;
	bool runs;
};

DEFINE_CLEANUP(struct hwtime *, hwtime_close)

/* The interface of a port whose frames can have stamps; false: it is no such port. */
static bool stamped_iface(const struct weir_capture_opts *opts, const char *name,
			  char ret_ifname[static 16])
{
	static const char packet[] = "packet:";
	size_t len;

	if (strncmp(name, packet, strlen(packet)) == 0)
		name += strlen(packet);
	else if (port_name_scheme_len(name) || opts->engine == WEIR_CAPTURE_XSK)
		return false;
	len = strcspn(name, ",@");
	if (len >= 16)
		return false;
	memcpy(ret_ifname, name, len);
	ret_ifname[len] = '\0';
	return true;
}

int hwtime_check(const struct weir_capture_opts *opts, unsigned nr, char ret_ifname[static 16],
		 struct weir_err *err)
{
	const char *name = opts->ports[nr];
	struct weir_hwstamp stamps;
	int r;

	if (!stamped_iface(opts, name, ret_ifname))
		return err_set(err, -ENOTSUP,
			       "%s: hardware time is of interfaces, by programs in the kernel or "
			       "packet sockets",
			       name);
	r = weir_hwstamp_get(ret_ifname, &stamps, err);
	if (r < 0)
		return err_prefix(err, r, "%s", name);
	if (!stamps.stamps_rx)
		return err_set(err, -ENOTSUP,
			       "%s: no hardware time: '%s' does not stamp frames that it receives",
			       name, ret_ifname);
	if (stamps.clock < 0)
		return err_set(err, -ENOTSUP,
			       "%s: no hardware time: '%s' does not tell which clock it has", name,
			       ret_ifname);
	if (!(stamps.rx_filters & 1U << HWTSTAMP_FILTER_ALL))
		return err_set(err, -ENOTSUP,
			       "%s: no hardware time: '%s' can stamp some frames only ('weir "
			       "hwstamp %s' tells which)",
			       name, ret_ifname, ret_ifname);
	return 0;
}

static int switch_on(struct hwtime *t, const struct weir_hwstamp *now, struct weir_err *err)
{
	const struct weir_hwstamp_config all = { .tx = now->config.tx, .rx = HWTSTAMP_FILTER_ALL };
	struct weir_hwstamp_config made;
	int r;

	if (now->told && now->config.rx == HWTSTAMP_FILTER_ALL)
		return 0;
	t->before = now->config; /* none and off, if it does not tell */
	r = weir_hwstamp_set(t->ifname, &all, &made, err);
	if (r < 0)
		return r;
	t->changed = true;
	if (made.rx == HWTSTAMP_FILTER_ALL)
		return 0;
	return err_set(err, -ENOTSUP, "no hardware time: the driver of '%s' made '%s' of 'all'",
		       t->ifname, weir_hwstamp_rx_text(made.rx));
}

int hwtime_open(const char *ifname, struct hwtime **ret_time, struct weir_err *err)
{
	CLEANUP(hwtime_closep)
	struct hwtime *t = calloc(1, sizeof(*t));
	struct weir_hwstamp now;
	int r;

	if (!t)
		return err_set(err, -ENOMEM, "out of memory");
	t->clock_fd = t->end_fd = -EBADF;
	(void)snprintf(t->ifname, sizeof(t->ifname), "%s", ifname);
	r = weir_hwstamp_get(ifname, &now, err);
	if (r < 0)
		return r;
	(void)snprintf(t->clock, sizeof(t->clock), "/dev/ptp%d", now.clock);
	t->clock_fd = weir_hwclock_open((unsigned)now.clock, err);
	if (t->clock_fd < 0)
		return err_prefix(err, t->clock_fd, "hardware time");
	t->end_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (t->end_fd < 0)
		return err_set(err, -errno, "eventfd: %s", strerror(errno));
	r = switch_on(t, &now, err);
	if (r < 0)
		return r;
	*ret_time = TAKE_PTR(t);
	return 0;
}

const char *hwtime_clock(const struct hwtime *t)
{
	return t->clock;
}

static int sample(struct hwtime *t, struct weir_err *err)
{
	struct weir_hwclock_reading reading;
	const struct capture_line *line;
	int r = weir_hwclock_read(t->clock_fd, &reading, err);

	if (r < 0)
		return r;
	line = hwline_add(&t->line, &reading);
	for (unsigned i = 0; i < t->n_rings; i++)
		blockring_set_line(&t->rings[i], line);
	return 0;
}

/* A reading that fails leaves the line as it is: soon it knows no stamps any more. */
static void *mind(void *arg)
{
	struct hwtime *t = arg;
	struct pollfd pfd = { .fd = t->end_fd, .events = POLLIN };

	while (poll(&pfd, 1, SAMPLE_MS) <= 0)
		(void)sample(t, NULL);
	return NULL;
}

int hwtime_start(struct hwtime *t, struct blockring *rings, unsigned n, struct weir_err *err)
{
	int r;

	t->rings = rings;
	t->n_rings = n;
	r = sample(t, err);
	if (r < 0)
		return err_prefix(err, r, "%s", t->clock);
	r = -pthread_create(&t->thread, NULL, mind, t);
	if (r < 0)
		return err_set(err, r, "cannot start a thread: %s", strerror(-r));
	t->runs = true;
	return 0;
}

void hwtime_stop(struct hwtime *t)
{
	if (!t->runs)
		return;
	(void)eventfd_write(t->end_fd, 1); /* has room */
	(void)pthread_join(t->thread, NULL);
	t->runs = false;
}

struct hwtime *hwtime_close(struct hwtime *t)
{
	struct weir_hwstamp_config made;

	if (!t)
		return NULL;
	hwtime_stop(t);
	if (t->changed)
		(void)weir_hwstamp_set(t->ifname, &t->before, &made, NULL); /* it may be gone */
	closep(&t->clock_fd);
	closep(&t->end_fd);
	free(t);
	return NULL;
}
