/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tap: a TAP device. What is sent arrives at the kernel as if it came in at the device;
 * what the kernel sends out of the device is received.
 *
 * A device that does not exist is made, and goes with its last file descriptor, however
 * the process ends. One that exists (ip tuntap add) is used and stays.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/lines.h"
#include "base/macros.h"
#include "port/link.h"
#include "port/registry.h"
#include "port/wait.h"

#define TUN_PATH     "/dev/net/tun"
#define MAX_FRAME    65535U /* the kernel's limit for what is written to a TAP device */
#define MIN_FRAME    14U
#define SCRATCH_SIZE (1U << 20)
#define PAUSE_NS     (20 * NSEC_PER_USEC)

struct tap_queue {
	int fd;
	bool nobufs;		       /* the last try ended with ENOBUFS */
	_Alignas(64) uint8_t *scratch; /* what is lent, frame after frame */
	uint32_t n_scratch;
};

struct tap_priv {
	struct tap_queue *queues;
	unsigned n_queues;
	int ctl_fd;
	char name[IFNAMSIZ];
	bool switched_on; /* an existing device was down; it is put down again */
};

static int set_up(const struct tap_priv *t, bool up, bool *ret_was_up)
{
	struct ifreq ifr = { 0 };
	short flags;

	memcpy(ifr.ifr_name, t->name, sizeof(ifr.ifr_name));
	if (ioctl(t->ctl_fd, SIOCGIFFLAGS, &ifr) < 0)
		return -errno;
	flags = ifr.ifr_flags;
	*ret_was_up = flags & IFF_UP;
	ifr.ifr_flags = (short)(up ? flags | IFF_UP : flags & ~IFF_UP);
	if (ifr.ifr_flags != flags && ioctl(t->ctl_fd, SIOCSIFFLAGS, &ifr) < 0)
		return -errno;
	return 0;
}

static int open_error(int code, struct weir_err *err)
{
	switch (code) {
	case -EPERM:
	case -EACCES:
		return err_set(err, code, "TAP devices need the capability CAP_NET_ADMIN");
	case -ENOENT:
	case -ENXIO:
	case -ENODEV:
		return err_set(err, -ENOTSUP, "this kernel has no TUN/TAP driver (" TUN_PATH ")");
	default:
		return err_set(err, code, TUN_PATH ": %s", strerror(-code));
	}
}

static int open_queue(struct tap_priv *t, struct tap_queue *queue, const char *name, bool many,
		      struct weir_err *err)
{
	struct ifreq ifr = { .ifr_flags =
				     (short)(IFF_TAP | IFF_NO_PI | (many ? IFF_MULTI_QUEUE : 0)) };
	int r;

	queue->fd = open(TUN_PATH, O_RDWR | O_NONBLOCK | O_CLOEXEC);
	if (queue->fd < 0)
		return open_error(-errno, err);
	memcpy(ifr.ifr_name, name, strnlen(name, sizeof(ifr.ifr_name) - 1));
	r = ioctl(queue->fd, TUNSETIFF, &ifr) < 0 ? -errno : 0;
	if (r == -EINVAL && !many) { /* it may have been made for several */
		ifr.ifr_flags |= IFF_MULTI_QUEUE;
		r = ioctl(queue->fd, TUNSETIFF, &ifr) < 0 ? -errno : 0;
	}
	if (r < 0) {
		if (r == -EBUSY)
			return err_set(err, r, "the device is in use by another program");
		if (r == -EINVAL)
			return err_set(err, r, "'%s' is not a TAP device%s", name,
				       many ? " with several queues" : "");
		return open_error(r, err);
	}
	memcpy(t->name, ifr.ifr_name, sizeof(t->name));
	queue->scratch = malloc(SCRATCH_SIZE);
	return queue->scratch ? 0 : err_set(err, -ENOMEM, "no memory for a queue");
}

static int make_queues(struct weir_port *port, struct tap_priv *t, struct weir_err *err)
{
	unsigned n = port->args.n_queues;
	int r;

	r = port_set_queues(port, n, err);
	if (r < 0)
		return r;
	t->queues = lines_new(n, sizeof(*t->queues));
	if (!t->queues)
		return err_set(err, -ENOMEM, "no memory for %u queues", n);
	for (t->n_queues = 0; t->n_queues < n; t->n_queues++)
		t->queues[t->n_queues].fd = -EBADF;
	for (unsigned q = 0; r == 0 && q < n; q++)
		r = open_queue(t, &t->queues[q], q ? t->name : port->args.target, n > 1, err);
	return r;
}

static int tap_open(struct weir_port *port, struct weir_err *err)
{
	struct tap_priv *t = port->priv;
	struct weir_iface iface;
	bool was_up = false, existed;
	int r;

	t->ctl_fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (t->ctl_fd < 0)
		return err_set(err, -errno, "cannot open a socket: %s", strerror(errno));
	if (strlen(port->args.target) >= IFNAMSIZ)
		return err_set(err, -EINVAL, "the name of an interface is at most %d bytes long",
			       IFNAMSIZ - 1);
	existed = link_by_name(port->args.target, &iface, NULL) == 0;
	r = make_queues(port, t, err);
	if (r < 0)
		return r;
	r = set_up(t, true, &was_up);
	if (r < 0)
		return err_set(err, r, "cannot switch '%s' on: %s", t->name, strerror(-r));
	t->switched_on = existed && !was_up;
	r = link_by_name(t->name, &iface, err);
	if (r < 0)
		return r;

	(void)snprintf(port->info.device, sizeof(port->info.device), "%s", t->name);
	port->info.linktype = WEIR_LINKTYPE_ETHERNET;
	port->info.max_frame = MAX_FRAME;
	memcpy(port->info.mac, iface.mac, sizeof(port->info.mac));
	return 0;
}

static void tap_close(struct weir_port *port)
{
	struct tap_priv *t = port->priv;
	bool was_up;

	if (t->switched_on)
		(void)set_up(t, false, &was_up); /* may be gone by now */
	for (unsigned q = 0; q < t->n_queues; q++) {
		closep(&t->queues[q].fd);
		free(t->queues[q].scratch);
	}
	free(t->queues);
	closep(&t->ctl_fd);
}

/* Writing the first of n frames failed: how many are refused, 0 for "no room now", or the
 * port is gone. */
static int write_failed(struct tap_queue *queue, struct port_counters *count, unsigned n, int error)
{
	switch (error) {
	case EAGAIN:
		counter_add(&count->retry_again, 1);
		return 0;
	case EINTR:
		return 0;
	case ENOBUFS:
	case ENOMEM:
		queue->nobufs = true;
		counter_add(&count->retry_nobufs, 1);
		return 0;
	case EIO: /* switched off */
		counter_add(&count->refused[WEIR_REFUSED_LINK_DOWN], n);
		return (int)n;
	case EBADFD: /* the device was deleted */
		return -ENODEV;
	case EBADF:
		return -error;
	default:
		counter_add(&count->refused[WEIR_REFUSED_OTHER], 1);
		return 1;
	}
}

static int tap_tx(struct weir_port *port, unsigned q, const struct weir_pkt *pkts, unsigned n)
{
	const struct tap_priv *t = port->priv;
	struct tap_queue *queue = &t->queues[q];
	struct port_counters *count = &port->queues[q].tx;
	uint64_t frames = 0, bytes = 0;
	unsigned i = 0;
	int r = 0;

	queue->nobufs = false;
	while (i < n) {
		const struct weir_pkt *pkt = &pkts[i];

		if (unlikely(pkt->len < MIN_FRAME || pkt->len > MAX_FRAME)) {
			counter_add(&count->refused[pkt->len < MIN_FRAME ? WEIR_REFUSED_TOO_SHORT
									 : WEIR_REFUSED_TOO_LONG],
				    1);
			i++;
			continue;
		}
		if (likely(write(queue->fd, pkt->data, pkt->len) >= 0)) {
			frames++;
			bytes += pkt->len;
			i++;
			continue;
		}
		r = write_failed(queue, count, n - i, errno);
		if (r <= 0)
			break;
		i += (unsigned)r;
	}
	counter_add(&count->frames, frames);
	counter_add(&count->bytes, bytes);
	return r < 0 ? r : (int)i;
}

static int poll_queue(const struct tap_queue *queue, short events, uint64_t timeout_ns)
{
	struct pollfd pfd = { .fd = queue->fd, .events = events };
	int r = wait_fds(&pfd, 1, timeout_ns);

	if (r > 0 && pfd.revents & POLLERR)
		return -ENODEV;
	return r;
}

static int tap_tx_wait(struct weir_port *port, unsigned q, uint64_t timeout_ns)
{
	const struct tap_priv *t = port->priv;
	const struct tap_queue *queue = &t->queues[q];
	int r;

	if (!queue->nobufs)
		return poll_queue(queue, POLLOUT, timeout_ns);
	/* Nobody tells when there is memory again. */
	r = wait_fds(NULL, 0, MIN(timeout_ns, PAUSE_NS));
	return r < 0 ? r : timeout_ns > 0;
}

static int tap_rx(struct weir_port *port, unsigned q, struct weir_pkt *ret_pkts, unsigned max)
{
	const struct tap_priv *t = port->priv;
	struct tap_queue *queue = &t->queues[q];
	struct port_counters *count = &port->queues[q].rx;
	uint32_t snaplen = port->opts.snaplen ? port->opts.snaplen : WEIR_FRAME_MAX;
	int64_t now = wall_clock_ns();
	uint64_t bytes = 0;
	unsigned n = 0;

	while (n < max && SCRATCH_SIZE - queue->n_scratch > MAX_FRAME) {
		uint8_t *data = queue->scratch + queue->n_scratch;
		ssize_t len = read(queue->fd, data, MAX_FRAME + 1);

		if (len < 0 && errno == EBADFD && !n)
			return -ENODEV;
		if (len <= 0)
			break;
		ret_pkts[n++] = (struct weir_pkt){
			.data = data,
			.len = MIN((uint32_t)len, snaplen),
			.orig_len = (uint32_t)len,
			.ts_ns = now,
		};
		bytes += (uint64_t)len;
		queue->n_scratch += ((uint32_t)len + 63) & ~63U;
	}
	counter_add(&count->frames, n);
	counter_add(&count->bytes, bytes);
	return (int)n;
}

static void tap_rx_release(struct weir_port *port, unsigned q)
{
	const struct tap_priv *t = port->priv;

	t->queues[q].n_scratch = 0;
}

static int tap_rx_wait(struct weir_port *port, unsigned q, uint64_t timeout_ns)
{
	const struct tap_priv *t = port->priv;

	return poll_queue(&t->queues[q], POLLIN, timeout_ns);
}

static int tap_rx_fd(const struct weir_port *port, unsigned q)
{
	const struct tap_priv *t = port->priv;

	return t->queues[q].fd;
}

/* The kernel asks for the privilege only when it makes a device, which a probe must not. */
static bool may_make_devices(void)
{
	struct __user_cap_header_struct h = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct d[_LINUX_CAPABILITY_U32S_3] = { { 0 } };

	return syscall(SYS_capget, &h, d) == 0 &&
	       d[CAP_TO_INDEX(CAP_NET_ADMIN)].effective & CAP_TO_MASK(CAP_NET_ADMIN);
}

static int tap_probe(const char *ifname, struct weir_err *err)
{
	CLEANUP(closep)
	int fd = -EBADF;
	struct weir_iface iface;
	int r = ifname ? link_by_name(ifname, &iface, err) : 0;

	if (r < 0)
		return r;
	if (ifname && (strcmp(iface.kind, "tun") != 0 || iface.linktype != WEIR_LINKTYPE_ETHERNET))
		return err_set(err, -ENOTSUP, "'%s' is not a TAP device", ifname);
	fd = open(TUN_PATH, O_RDWR | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return open_error(-errno, err);
	return may_make_devices() ? 0 : open_error(-EPERM, err);
}

const struct backend tap_backend = {
	.scheme = "tap",
	.summary = "TAP device, made if it does not exist",
	.needs = "CAP_NET_ADMIN",
	.dirs = WEIR_PORT_TX | WEIR_PORT_RX,
	.needs_target = true,
	.on_iface = true,
	.no_launch_time = "frames sent to a TAP device arrive at once",
	.priv_size = sizeof(struct tap_priv),
	.open = tap_open,
	.close = tap_close,
	.tx = tap_tx,
	.tx_wait = tap_tx_wait,
	.rx = tap_rx,
	.rx_release = tap_rx_release,
	.rx_wait = tap_rx_wait,
	.rx_fd = tap_rx_fd,
	.probe = tap_probe,
};
