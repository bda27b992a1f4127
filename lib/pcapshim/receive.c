/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Receiving. Two things have to be right whatever the program does: who waits is woken by
 * handle_break(), also if that comes just before; and select_fd is readable as long as there
 * are frames, though those of a batch are no longer where the port's own descriptor tells of
 * them. So that one is only believed after the port has given nothing.
 */
#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/macros.h"
#include "base/time.h"
#include "pcapshim/handle.h"
#include "pcapshim/real.h"

/* Frames that a dispatch without a limit hands over at most: about a ring. */
#define MAX_DISPATCH 1024
/* How often the port is asked whether it is still there; how often it is asked for frames if
 * nothing tells of them. */
#define ASK_NS	(NSEC_PER_SEC / 2)
#define LOOK_NS (5 * NSEC_PER_MSEC)

static void raise_fd(int fd)
{
	const uint64_t one = 1;

	(void)!write(fd, &one, sizeof(one)); /* full: it is readable */
}

static void lower_fd(int fd)
{
	uint64_t count;

	(void)!read(fd, &count, sizeof(count)); /* empty: it is as wanted */
}

void handle_break(struct handle *h)
{
	int before = errno;

	atomic_store_explicit(&h->broken, true, memory_order_release);
	raise_fd(h->break_fd);
	errno = before;
}

static bool is_broken(const struct handle *h)
{
	return unlikely(atomic_load_explicit(&h->broken, memory_order_acquire));
}

/* Was it told to stop? That is told once. */
static bool take_break(struct handle *h)
{
	if (!is_broken(h))
		return false;
	/* In this order: who breaks it from now on is seen by the next call. */
	lower_fd(h->break_fd);
	atomic_store_explicit(&h->broken, false, memory_order_relaxed);
	return true;
}

/* Makes sure that frames are lent. 1; 0: there are none now; or an error. */
static int fetch(struct handle *h)
{
	unsigned queues = weir_port_info(h->port)->n_queues;

	if (likely(h->at < h->n_frames))
		return 1;
	if (h->n_frames)
		weir_port_rx_release(h->port, h->queue);
	h->at = h->n_frames = 0;
	for (unsigned i = 0; i < queues; i++) {
		int r;

		h->queue = (h->queue + 1) % queues;
		r = weir_port_rx(h->port, h->queue, h->frames, HANDLE_BATCH);
		if (r < 0)
			return r;
		if (r > 0) {
			h->n_frames = (unsigned)r;
			return 1;
		}
	}
	return 0;
}

/* The next frame, of which there is one, with its header. False: the filter drops it. */
static bool take(struct handle *h, const u_char **ret_data)
{
	const struct weir_pkt *pkt = &h->frames[h->at++];
	struct pcap_pkthdr *header = &h->header;
	bool nano = h->set.precision == PCAP_TSTAMP_PRECISION_NANO;
	bpf_u_int32 keep = (bpf_u_int32)h->set.snaplen;

	header->len = pkt->orig_len;
	header->caplen = pkt->len;
	if (h->filter.bf_insns) {
		u_int wanted = (u_int)real_libpcap()->offline_filter(&h->filter, header, pkt->data);

		if (!wanted)
			return false;
		keep = MIN(keep, wanted);
	}
	header->caplen = MIN(header->caplen, keep);
	header->ts.tv_sec = (time_t)(pkt->ts_ns / (int64_t)NSEC_PER_SEC);
	header->ts.tv_usec = pkt->ts_ns % (int64_t)NSEC_PER_SEC / (nano ? 1 : 1000);
	h->accepted++;
	*ret_data = pkt->data;
	return true;
}

/* Sleeps until frames may have come, somebody breaks it, or the time is over. Negative: the
 * port is gone. */
static int wait_frames(struct handle *h, uint64_t timeout_ns)
{
	struct timespec ts = time_spec(MIN(timeout_ns, ASK_NS));
	int r;

	if (!h->n_fds)
		return weir_port_rx_wait(h->port, 0, MIN(timeout_ns, LOOK_NS));
	r = ppoll(h->fds, h->n_fds, &ts, NULL);
	if (r < 0)
		return 0; /* a signal: the caller looks */
	if (r > 0 && h->fds[h->n_fds - 1].revents)
		lower_fd(h->break_fd); /* .broken is what counts */
	for (unsigned q = 0; q + 1 < h->n_fds; q++) {
		int gone = r > 0 && !(h->fds[q].revents & ~POLLIN)
				   ? 0
				   : weir_port_rx_wait(h->port, q, 0);

		if (gone < 0)
			return gone;
	}
	return 0;
}

/* Keeps select_fd as it is to be. */
static void tell_more(struct handle *h, bool more)
{
	if (h->select_fd < 0 || h->more == more)
		return;
	h->more = more;
	if (more)
		raise_fd(h->more_fd);
	else
		lower_fd(h->more_fd);
}

static int fail(struct handle *h, int r)
{
	if (r == -ENODATA) {
		h->ended = true;
		return 0;
	}
	return handle_fail(h, PCAP_ERROR, "%s: %s", h->name,
			   r == -EPIPE	 ? "the other end of the pipe has been closed"
			   : r == -ENXIO ? "the switch is gone"
					 : strerror(-r));
}

/* Has it been waited for a first frame as long as the program wants? */
static bool is_over(bool wait, uint64_t end)
{
	return !wait || (end != UINT64_MAX && time_now(CLOCK_MONOTONIC) >= end);
}

static uint64_t time_left(uint64_t end)
{
	return end == UINT64_MAX ? end : end - MIN(end, time_now(CLOCK_MONOTONIC));
}

/* Hands frames over until there are max of them, or no more for now: how many, or an error. Waits
 * for the first one, if it is to. */
static int deliver(struct handle *h, int max, bool wait, pcap_handler callback, u_char *user)
{
	const uint64_t timeout_ns = (uint64_t)MAX(h->set.timeout_ms, 0) * NSEC_PER_MSEC;
	const uint64_t end = timeout_ns ? time_now(CLOCK_MONOTONIC) + timeout_ns : UINT64_MAX;
	unsigned seen = 0;
	const u_char *data;
	int n = 0, r = 0;

	while (n < max && !is_broken(h)) {
		r = fetch(h);
		if (r < 0)
			break;
		if (r > 0) {
			if (take(h, &data)) {
				n++;
				callback(user, &h->header, data);
			}
			/* A filter that drops them all is no reason to stay for ever. */
			if (++seen % MAX_DISPATCH == 0 && (n || is_over(wait, end)))
				break;
			continue;
		}
		if (n || h->looks_up || is_over(wait, end))
			break;
		r = wait_frames(h, time_left(end));
		if (r < 0)
			break;
	}
	/* A frame that was handed over is still lent. So if it is the last of a batch it is not
	 * known whether there are more. */
	h->looks_up = h->select_fd >= 0 && r > 0 && h->at == h->n_frames;
	tell_more(h, r != 0);
	if (!n && take_break(h))
		return PCAP_ERROR_BREAK; /* what was handed over would be told first */
	return r < 0 && !n ? fail(h, r) : n;
}

int handle_dispatch(struct handle *h, int count, pcap_handler callback, u_char *user)
{
	return deliver(h, count > 0 ? count : MAX_DISPATCH, !h->nonblock, callback, user);
}

int handle_loop(struct handle *h, int count, pcap_handler callback, u_char *user)
{
	int r;

	for (int left = count; count <= 0 || left > 0; left -= r) {
		r = deliver(h, count > 0 ? left : MAX_DISPATCH, true, callback, user);
		if (r < 0)
			return r;
		if (h->ended)
			break;
	}
	return 0;
}

static void keep_data(u_char *user, const struct pcap_pkthdr *header, const u_char *data)
{
	(void)header; /* it is the handle's */
	*(const u_char **)(void *)user = data;
}

int handle_next(struct handle *h, struct pcap_pkthdr **ret_header, const u_char **ret_data)
{
	const u_char *data = NULL;
	int r = deliver(h, 1, !h->nonblock, keep_data, (u_char *)&data);

	if (r > 0) {
		*ret_header = &h->header;
		*ret_data = data;
	}
	return r == 0 && h->ended ? PCAP_ERROR_BREAK : r;
}

static int watch(int epoll_fd, int fd)
{
	struct epoll_event event = { .events = EPOLLIN };

	return epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event);
}

static int make_select_fd(struct handle *h)
{
	int r = 0;

	h->select_fd = epoll_create1(EPOLL_CLOEXEC);
	h->more_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (h->select_fd >= 0 && h->more_fd >= 0) {
		r = watch(h->select_fd, h->more_fd);
		for (unsigned q = 0; q < h->n_fds && r == 0; q++)
			r = watch(h->select_fd, h->fds[q].fd);
	}
	return h->select_fd < 0 || h->more_fd < 0 ? -1 : r;
}

int handle_select_fd(struct handle *h)
{
	if (!h->n_fds || h->select_fd >= 0)
		return h->n_fds ? h->select_fd : -1;
	if (make_select_fd(h) < 0) {
		closep(&h->select_fd);
		closep(&h->more_fd);
		h->select_fd = h->more_fd = -EBADF;
		return -1;
	}
	/* What has come so far nothing has told of. */
	h->looks_up = h->at == h->n_frames;
	tell_more(h, true);
	return h->select_fd;
}
