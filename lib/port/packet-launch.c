/* SPDX-License-Identifier: BSD-2-Clause */
#include "port/packet-launch.h"

#include <errno.h>
#include <linux/errqueue.h>
#include <linux/if_packet.h>
#include <linux/net_tstamp.h>
#include <linux/sockios.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include "base/err.h"
#include "base/macros.h"
#include "port/wait.h"

/* Twice that is what reports may take. They take no more than the frames did: at most twice
 * the 8 MiB of the sending side for those that are held, and a batch of the longest ones. */
#define RCVBUF (32 << 20)

#define PAUSE_NS (100 * NSEC_PER_USEC)
#define NAP_NS	 (100 * NSEC_PER_MSEC)

/* A control message with the launch time, CLOCK_TAI ns. */
struct time_msg {
	_Alignas(struct cmsghdr) uint8_t bytes[CMSG_SPACE(sizeof(uint64_t))];
};

struct launch {
	int fd;
	uint64_t delta_ns; /* from this long before the time that it was given until that time
			    * a frame goes to the driver; later it is dropped */
	uint64_t shift_ns; /* what frames are given is so long after their launch time */
	uint64_t last_ns;  /* the latest that was given */
	struct time_msg times[LAUNCH_BATCH];
	uint8_t frame[WEIR_FRAME_MAX]; /* the kernel returns what it dropped */
};

static void prepare(struct launch *l, struct mmsghdr *msgs)
{
	for (unsigned i = 0; i < LAUNCH_BATCH; i++) {
		struct msghdr *hdr = &msgs[i].msg_hdr;
		struct cmsghdr *c;

		hdr->msg_control = l->times[i].bytes;
		hdr->msg_controllen = sizeof(l->times[i].bytes);
		c = CMSG_FIRSTHDR(hdr);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_TXTIME;
		c->cmsg_len = CMSG_LEN(sizeof(uint64_t));
	}
}

int launch_new(int fd, const struct etf *etf, struct mmsghdr *msgs, struct launch **ret_launch,
	       struct weir_err *err)
{
	const struct sock_txtime txtime = { .clockid = CLOCK_TAI,
					    .flags = SOF_TXTIME_REPORT_ERRORS };
	const int rcvbuf = RCVBUF;
	struct launch *l;

	if (setsockopt(fd, SOL_SOCKET, SO_TXTIME, &txtime, sizeof(txtime)) < 0)
		return errno == EPERM ? err_set(err, -errno,
						"launch times need the capability CAP_NET_ADMIN")
				      : err_set(err, -errno, "SO_TXTIME: %s", strerror(errno));
	/* Whoever may use launch times may do that. */
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &rcvbuf, sizeof(rcvbuf)) < 0)
		return err_set(err, -errno, "SO_RCVBUFFORCE: %s", strerror(errno));

	l = calloc(1, sizeof(*l));
	if (!l)
		return err_set(err, -ENOMEM, "no memory for a queue");
	l->fd = fd;
	l->delta_ns = etf->delta_ns;
	l->shift_ns = etf->offload ? 0 : etf->delta_ns; /* or all would leave too early by it */
	prepare(l, msgs);
	*ret_launch = l;
	return 0;
}

struct launch *launch_free(struct launch *l)
{
	free(l);
	return NULL;
}

void launch_stamp(struct launch *l, const struct weir_pkt *pkts, unsigned n)
{
	uint64_t soon_ns = 0;

	for (unsigned i = 0; i < n; i++) {
		uint64_t t = (uint64_t)pkts[i].ts_ns + l->shift_ns;

		if (pkts[i].ts_ns <= 0) {
			if (!soon_ns) /* in the middle of when it may go to the driver */
				soon_ns = wait_clock_ns(CLOCK_TAI) + l->delta_ns / 2;
			t = MAX(soon_ns, l->last_ns); /* in order: no frame overtakes another */
		}
		l->last_ns = MAX(l->last_ns, t);
		memcpy(l->times[i].bytes + CMSG_LEN(0), &t, sizeof(t));
	}
}

/* The kind of a report, SO_EE_CODE_TXTIME_...; 0: it is something else. */
static unsigned report_code(struct msghdr *hdr)
{
	struct sock_extended_err ee;

	for (struct cmsghdr *c = CMSG_FIRSTHDR(hdr); c; c = CMSG_NXTHDR(hdr, c)) {
		if (c->cmsg_level != SOL_PACKET || c->cmsg_type != PACKET_TX_TIMESTAMP ||
		    c->cmsg_len < CMSG_LEN(sizeof(ee)))
			continue;
		memcpy(&ee, CMSG_DATA(c), sizeof(ee));
		if (ee.ee_origin == SO_EE_ORIGIN_TXTIME)
			return ee.ee_code;
	}
	return 0;
}

static void take_back(struct port_counters *count, uint64_t len)
{
	counter_add(&count->frames, -(uint64_t)1);
	counter_add(&count->bytes, -len);
	counter_add(&count->refused[WEIR_REFUSED_DROPPED], 1);
}

bool launch_read_reports(struct launch *l, struct port_counters *count)
{
	_Alignas(struct cmsghdr) uint8_t control[256];
	struct iovec iov = { .iov_base = l->frame, .iov_len = sizeof(l->frame) };
	bool came_late = false;

	for (;;) {
		struct msghdr hdr = {
			.msg_iov = &iov,
			.msg_iovlen = 1,
			.msg_control = control,
			.msg_controllen = sizeof(control),
		};
		ssize_t len = recvmsg(l->fd, &hdr, MSG_ERRQUEUE | MSG_DONTWAIT);

		if (len < 0)
			return came_late; /* EAGAIN: that was all */
		switch (report_code(&hdr)) {
		case SO_EE_CODE_TXTIME_MISSED:
			take_back(count, (uint64_t)len);
			break;
		case SO_EE_CODE_TXTIME_INVALID_PARAM:
			came_late = true;
			break;
		}
	}
}

/* Frames are the socket's until they have left or are dropped. Reports come before that. */
static int left_all(struct launch *l, struct port_counters *count)
{
	int held = 0;

	if (ioctl(l->fd, SIOCOUTQ, &held) < 0)
		return -errno;
	(void)launch_read_reports(l, count); /* late ones have failed their call already */
	return held == 0;
}

int launch_drain(struct launch *l, struct port_counters *count, uint64_t timeout_ns)
{
	int r = left_all(l, count);
	uint64_t now = wait_clock_ns(CLOCK_TAI) + l->shift_ns;
	uint64_t nap_ns = l->last_ns > now ? MIN(l->last_ns - now, NAP_NS) : 0;

	if (r != 0 || !timeout_ns)
		return r;
	r = wait_fds(NULL, 0, MIN(timeout_ns, MAX(nap_ns, PAUSE_NS)));
	return r < 0 ? r : left_all(l, count);
}
