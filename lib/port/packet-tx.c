/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * packet, sending: by a ring that is shared with the kernel (packet-ring.h), or, where there
 * is none and for frames that do not suit it, sendmmsg(2) with arrays that are built once.
 * All that either was given has gone to the driver when the call returns, so that frames
 * keep their order.
 *
 * The socket is bound with protocol 0, so that it receives nothing, and goes past the
 * queueing discipline unless ",qdisc" asks for it. Past it, ENOBUFS means that the
 * driver has no room, but also that it drops the frame for a reason of its own, for
 * ever; only time tells the two apart (GIVE_UP_NS).
 *
 * Frames are copied by the call, so none is ever read later; but with launch times
 * (packet-launch.h) the kernel holds them, and drops some of those that it took.
 */
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/lines.h"
#include "base/macros.h"
#include "port/packet-launch.h"
#include "port/packet-ring.h"
#include "port/packet.h"
#include "port/wait.h"

#define RING_MIN   4U	 /* fewer frames are as well sent without */
#define BATCH	   1024U /* the kernel's UIO_MAXIOV: more than it takes at once */
#define SNDBUF	   (8 << 20)
#define GIVE_UP_NS (500 * NSEC_PER_MSEC)
#define LOOK_NS	   NSEC_PER_MSEC
#define PAUSE_NS   (20 * NSEC_PER_USEC)

struct packet_txq {
	_Alignas(64) int fd;
	bool raw_ip;	      /* frames begin with IP: each needs its address */
	bool nobufs;	      /* the last try ended with ENOBUFS, or the like */
	bool ring_full;	      /* the last try found no slot */
	uint64_t failing_ns;  /* since when the first frame fails with ENOBUFS; 0: it does not */
	uint64_t look_ns;     /* when to look at the link, if it still fails */
	struct mmsghdr *msgs; /* BATCH of them, each with its iov */
	struct iovec *iovs;
	struct packet_ring *ring; /* NULL: there is none */
	struct launch *launch;	  /* NULL: frames leave at once */
	uint32_t before; /* bytes before each frame that go down with it: WEIR_OFFLOAD_LEN */
	struct link_track link;
	struct sockaddr_ll ip[2]; /* raw IP: the addresses for versions 4 and 6 */
};

static int make_arrays(struct packet_txq *tx, const struct weir_iface *iface)
{
	static const uint16_t protocols[2] = { ETH_P_IP, ETH_P_IPV6 };

	tx->msgs = calloc(BATCH, sizeof(*tx->msgs));
	tx->iovs = calloc(BATCH, sizeof(*tx->iovs));
	if (!tx->msgs || !tx->iovs)
		return -ENOMEM;
	for (unsigned i = 0; i < BATCH; i++) {
		tx->msgs[i].msg_hdr.msg_iov = &tx->iovs[i];
		tx->msgs[i].msg_hdr.msg_iovlen = 1;
	}
	for (unsigned i = 0; i < 2; i++)
		tx->ip[i] = (struct sockaddr_ll){
			.sll_family = AF_PACKET,
			.sll_protocol = htobe16(protocols[i]),
			.sll_ifindex = (int)iface->index,
		};
	return 0;
}

struct packet_txq *packet_txq_close(struct packet_txq *tx)
{
	if (!tx)
		return NULL;
	tx->launch = launch_free(tx->launch);
	tx->ring = packet_ring_close(tx->ring);
	closep(&tx->fd);
	link_track_done(&tx->link);
	free(tx->msgs);
	free(tx->iovs);
	free(tx);
	return NULL;
}

DEFINE_CLEANUP(struct packet_txq *, packet_txq_close)

/* More than the default is nice to have; without CAP_NET_ADMIN it is not given. */
static void set_sndbuf(int fd)
{
	const int sndbuf = SNDBUF;

	(void)setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &sndbuf, sizeof(sndbuf));
}

static int open_socket(struct packet_txq *tx, const struct weir_iface *iface, bool qdisc,
		       struct weir_err *err)
{
	const int one = 1;
	int r;

	tx->fd = packet_socket(iface, err);
	if (tx->fd < 0)
		return tx->fd;
	r = packet_bind(tx->fd, iface, 0, err);
	if (r < 0)
		return r;
	if (!qdisc && setsockopt(tx->fd, SOL_PACKET, PACKET_QDISC_BYPASS, &one, sizeof(one)) < 0)
		return err_set(err, -errno, "PACKET_QDISC_BYPASS: %s", strerror(errno));
	set_sndbuf(tx->fd);
	return 0;
}

int packet_txq_open(const struct weir_iface *iface, bool qdisc, struct packet_txq **ret_tx,
		    struct weir_err *err)
{
	CLEANUP(packet_txq_closep)
	struct packet_txq *tx = NULL;
	int r;

	tx = lines_new(1, sizeof(*tx));
	if (!tx)
		return err_set(err, -ENOMEM, "no memory for a queue");
	tx->fd = -EBADF;
	tx->raw_ip = iface->linktype == LINKTYPE_RAW;
	r = make_arrays(tx, iface);
	if (r < 0)
		return err_set(err, r, "no memory for a queue");
	r = open_socket(tx, iface, qdisc, err);
	if (r == 0)
		r = link_track_init(&tx->link, iface, err);
	if (r < 0)
		return r;
	*ret_tx = TAKE_PTR(tx);
	return 0;
}

void packet_txq_use_ring(struct packet_txq *tx, const struct weir_iface *iface)
{
	if (iface->header_len != ETH_HLEN || packet_ring_open(iface, &tx->ring) < 0)
		return; /* sendmmsg(2) does it as well */
	set_sndbuf(packet_ring_fd(tx->ring));
}

int packet_txq_set_priority(struct packet_txq *tx, unsigned priority, struct weir_err *err)
{
	const int value = (int)priority;

	if (setsockopt(tx->fd, SOL_SOCKET, SO_PRIORITY, &value, sizeof(value)) == 0 &&
	    (!tx->ring || setsockopt(packet_ring_fd(tx->ring), SOL_SOCKET, SO_PRIORITY, &value,
				     sizeof(value)) == 0))
		return 0;
	if (errno == EPERM)
		return err_set(err, -errno, "priorities above 6 need the capability CAP_NET_ADMIN");
	return err_set(err, -errno, "SO_PRIORITY: %s", strerror(errno));
}

int packet_txq_set_launch(struct packet_txq *tx, const struct etf *etf, struct weir_err *err)
{
	return launch_new(tx->fd, etf, tx->msgs, &tx->launch, err);
}

int packet_txq_set_offload(struct packet_txq *tx, struct weir_err *err)
{
	int r = packet_set_offload(tx->fd, err);

	if (r == 0)
		tx->before = WEIR_OFFLOAD_LEN;
	return r;
}

/* Readies frames up to the first one that the kernel would not even look at: how many.
 * If that is the very first one, *ret_why says why. */
static unsigned fill(struct packet_txq *tx, const struct weir_pkt *pkts, unsigned n,
		     enum weir_refusal *ret_why)
{
	const uint32_t shortest = tx->raw_ip ? 20 : ETH_HLEN;

	for (unsigned i = 0; i < n; i++) {
		struct msghdr *hdr = &tx->msgs[i].msg_hdr;

		if (unlikely(pkts[i].len < shortest)) {
			*ret_why = WEIR_REFUSED_TOO_SHORT;
			return i;
		}
		if (tx->raw_ip) {
			unsigned version = pkts[i].data[0] >> 4;

			if (version != 4 && version != 6) {
				*ret_why = WEIR_REFUSED_OTHER;
				return i;
			}
			hdr->msg_name = &tx->ip[version == 6];
			hdr->msg_namelen = sizeof(tx->ip[0]);
		}
		tx->iovs[i].iov_base = pkts[i].data - tx->before;
		tx->iovs[i].iov_len = pkts[i].len + tx->before;
	}
	return n;
}

static void count_taken(const struct packet_txq *tx, struct port_counters *count,
			const struct mmsghdr *msgs, unsigned n)
{
	uint64_t bytes = 0, truncated = 0;

	for (unsigned i = 0; i < n; i++) {
		bytes += msgs[i].msg_len;
		truncated += msgs[i].msg_len != msgs[i].msg_hdr.msg_iov->iov_len;
	}
	counter_add(&count->frames, n);
	counter_add(&count->bytes, bytes - (uint64_t)n * tx->before);
	counter_add(&count->truncated, truncated);
}

static int refuse(struct port_counters *count, enum weir_refusal why, unsigned n)
{
	counter_add(&count->refused[why], n);
	return (int)n;
}

/* ENOBUFS for the first of n frames: no room, or no hope. How many are refused. */
static int no_buffers(struct packet_txq *tx, struct port_counters *count, unsigned n)
{
	uint64_t now = wait_clock_ns(CLOCK_MONOTONIC);
	int r;

	tx->nobufs = true;
	counter_add(&count->retry_nobufs, 1);
	if (!tx->failing_ns) {
		tx->failing_ns = now;
		tx->look_ns = now + LOOK_NS;
	}
	if (now < tx->look_ns)
		return 0;

	tx->look_ns = now + LOOK_NS;
	r = link_track_refresh(&tx->link);
	if (r < 0)
		return r;
	if (tx->link.down)
		return refuse(count, WEIR_REFUSED_LINK_DOWN, n);
	if (now - tx->failing_ns < GIVE_UP_NS)
		return 0;
	tx->failing_ns = 0;
	return refuse(count, WEIR_REFUSED_DROPPED, 1);
}

/* ENETDOWN: the link is off, was off until now (try again), or is gone. */
static int net_down(struct packet_txq *tx, struct port_counters *count, unsigned n)
{
	int r = link_track_refresh(&tx->link);

	if (r < 0)
		return r;
	return tx->link.down ? refuse(count, WEIR_REFUSED_LINK_DOWN, n) : 0;
}

/* The first of n frames failed with error: how many are refused, 0 for "no room now", or
 * that the port is gone. */
static int handle_error(struct packet_txq *tx, struct port_counters *count, unsigned n, int error)
{
	switch (error) {
	case EAGAIN:
		counter_add(&count->retry_again, 1);
		return 0;
	case EINTR:
		return 0;
	case ENOBUFS:
		if (tx->launch && launch_read_reports(tx->launch, count))
			return refuse(count, WEIR_REFUSED_DROPPED, 1);
		return no_buffers(tx, count, n);
	case ENOMEM:
		return no_buffers(tx, count, n);
	case ENETDOWN:
		return net_down(tx, count, n);
	case ENXIO:
	case ENODEV:
		return -ENODEV;
	case EMSGSIZE:
		return refuse(count, WEIR_REFUSED_TOO_LONG, 1);
	case EPERM: /* a filter in the kernel */
		return refuse(count, WEIR_REFUSED_DROPPED, 1);
	case EBADF:
	case ENOTSOCK:
		return -error;
	default:
		return refuse(count, WEIR_REFUSED_OTHER, 1);
	}
}

/* Sends n frames that are ready: how many were consumed, fewer for "no room now". */
static int send_ready(struct packet_txq *tx, struct port_counters *count,
		      const struct weir_pkt *pkts, unsigned n)
{
	unsigned done = 0;

	if (tx->launch) {
		launch_stamp(tx->launch, pkts, n);
		/* There has to be room for the reports of this batch. */
		(void)launch_read_reports(tx->launch, count);
	}
	while (done < n) {
		int r = sendmmsg(tx->fd, tx->msgs + done, n - done, MSG_DONTWAIT);

		if (likely(r > 0)) {
			count_taken(tx, count, tx->msgs + done, (unsigned)r);
			tx->failing_ns = 0;
		} else {
			r = handle_error(tx, count, n - done, errno);
			if (r <= 0)
				return r < 0 ? r : (int)done;
		}
		done += (unsigned)r;
	}
	return (int)n;
}

/* Sends frames, of *n, up to the first that the kernel would not even look at, which is
 * refused if it is the very first: how many were consumed, of what *n becomes. */
static int send_by_calls(struct packet_txq *tx, struct port_counters *count,
			 const struct weir_pkt *pkts, unsigned *n)
{
	enum weir_refusal why;
	unsigned ready = fill(tx, pkts, *n, &why);

	*n = ready ? ready : 1;
	return ready ? send_ready(tx, count, pkts, ready) : refuse(count, why, 1);
}

/* The same for frames that the ring holds. */
static int send_by_ring(struct packet_txq *tx, struct port_counters *count,
			const struct weir_pkt *pkts, unsigned n)
{
	unsigned tried, taken;
	uint64_t bytes = 0;
	int error, r;

	taken = packet_ring_send(tx->ring, pkts, n, &tried, &error);
	for (unsigned i = 0; i < taken; i++)
		bytes += pkts[i].len;
	counter_add(&count->frames, taken);
	counter_add(&count->bytes, bytes);
	if (taken)
		tx->failing_ns = 0;
	if (likely(taken == n))
		return (int)n;

	if (taken == tried) {
		tx->ring_full = true;
		return (int)taken;
	}
	tx->nobufs = error == EAGAIN; /* the socket would say that it is writable */
	r = handle_error(tx, count, tried - taken, error);
	return r < 0 ? r : (int)taken + r;
}

static bool suits_ring(const struct packet_txq *tx, const struct weir_pkt *pkt)
{
	enum weir_refusal unused;

	return link_track_takes(&tx->link, pkt, PACKET_RING_FRAME, &unused);
}

/* How many of n frames, from the first, suit the ring, or how many do not. */
static unsigned count_alike(const struct packet_txq *tx, const struct weir_pkt *pkts, unsigned n,
			    bool *ret_suit)
{
	const bool suit = suits_ring(tx, &pkts[0]);
	unsigned i;

	for (i = 1; i < n && suits_ring(tx, &pkts[i]) == suit; i++)
		;
	*ret_suit = suit;
	return i;
}

int packet_txq_send(struct packet_txq *tx, struct port_counters *count, const struct weir_pkt *pkts,
		    unsigned n)
{
	const unsigned most = tx->launch ? LAUNCH_BATCH : BATCH;
	unsigned done = 0;
	int r;

	tx->nobufs = tx->ring_full = false;
	if (unlikely(tx->link.down || tx->ring)) {
		r = link_track_poll(&tx->link);
		if (r < 0)
			return r;
		if (tx->link.down)
			return refuse(count, WEIR_REFUSED_LINK_DOWN, n);
	}

	while (done < n) {
		unsigned ready = MIN(n - done, most);
		bool by_ring = false;

		if (tx->ring && n - done >= RING_MIN)
			ready = count_alike(tx, pkts + done, ready, &by_ring);
		r = by_ring ? send_by_ring(tx, count, pkts + done, ready)
			    : send_by_calls(tx, count, pkts + done, &ready);
		if (unlikely(r < 0))
			return r;
		done += (unsigned)r;
		if (unlikely((unsigned)r < ready))
			break;
	}
	return (int)done;
}

int packet_txq_wait(struct packet_txq *tx, struct port_counters *count, uint64_t timeout_ns)
{
	struct pollfd pfd = {
		.fd = tx->ring_full ? packet_ring_fd(tx->ring) : tx->fd,
		.events = POLLOUT,
	};
	int r;

	if (tx->launch)
		(void)launch_read_reports(tx->launch, count); /* they would end the wait */
	if (tx->link.down)				      /* refusing needs no room */
		return 1;
	if (tx->nobufs) {
		/* The socket is writable, the driver is not, and nobody tells when it is. */
		r = wait_fds(NULL, 0, MIN(timeout_ns, PAUSE_NS));
		return r < 0 ? r : timeout_ns > 0;
	}
	r = wait_fds(&pfd, 1, timeout_ns);
	if (r <= 0)
		return r;
	if (tx->launch && !(pfd.revents & POLLOUT))
		return 0; /* a new report */
	return pfd.revents & POLLNVAL ? -EBADF : 1;
}

int packet_txq_drain(struct packet_txq *tx, struct port_counters *count, uint64_t timeout_ns)
{
	int r;

	if (!tx->launch)
		return 1;
	r = link_track_poll(&tx->link);
	return r < 0 ? r : launch_drain(tx->launch, count, timeout_ns);
}
