/* SPDX-License-Identifier: BSD-2-Clause */
#include "netmap/wait.h"

#include <errno.h>

#include "base/macros.h"
#include "base/time.h"
#include "netmap/real.h"

#define WANTS_TX (POLLOUT | POLLWRNORM)
#define WANTS_RX (POLLIN | POLLRDNORM)

static bool has_new(const struct nm_port *p)
{
	for (unsigned i = p->first_tx; i < p->first_tx + p->n_tx; i++)
		if (nm_ring_has_new(&p->tx[i]))
			return true;
	return false;
}

short nm_poll_port(struct nm_port *p, short events)
{
	short revents = 0;
	bool right = true;

	if (events & WANTS_TX || (!(p->note.flags & NR_NO_TX_POLL) && has_new(p)))
		right = nm_port_sync_tx(p);
	if (events & WANTS_TX && nm_port_has_room(p))
		revents |= events & WANTS_TX;
	if (events & WANTS_RX || p->note.flags & NR_DO_RX_POLL)
		right = nm_port_sync_rx(p) && right;
	if (events & WANTS_RX && nm_port_has_frames(p))
		revents |= events & WANTS_RX;
	return right ? revents : revents | POLLERR;
}

/* Synchronises all: how many are ready. */
static unsigned poll_all(struct nm_wish *wishes, unsigned n)
{
	unsigned ready = 0;

	for (unsigned i = 0; i < n; i++) {
		struct nm_wish *w = &wishes[i];

		/* Of a program with control blocks its loop synchronises. */
		w->revents = w->port && (!w->port->kloop || w->by_kloop)
				     ? nm_poll_port(w->port, w->events)
				     : POLLERR;
		ready += w->revents != 0;
	}
	return ready;
}

/* Those of a direction that the wish is for: calls f until it says false. */
static bool for_links(const struct nm_ring *rings, unsigned first, unsigned n,
		      bool (*f)(const struct nm_ring *k))
{
	for (unsigned i = first; i < first + n; i++)
		if (!f(&rings[i]))
			return false;
	return true;
}

static bool for_wishes(const struct nm_wish *wishes, unsigned n, bool (*f)(const struct nm_ring *k))
{
	for (unsigned i = 0; i < n; i++) {
		const struct nm_wish *w = &wishes[i];
		const struct nm_port *p = w->port;

		if (w->events & WANTS_TX && !for_links(p->tx, p->first_tx, p->n_tx, f))
			return false;
		if (w->events & WANTS_RX && !for_links(p->rx, p->first_rx, p->n_rx, f))
			return false;
	}
	return true;
}

static bool is_where_it_was(const struct nm_ring *k)
{
	return atomic_load_explicit(k->link.limit.index, memory_order_relaxed) ==
	       __atomic_load_n(&k->ring->tail, __ATOMIC_RELAXED);
}

static bool arm(const struct nm_ring *k)
{
	return vale_wait_arm(&k->link.limit, __atomic_load_n(&k->ring->tail, __ATOMIC_RELAXED));
}

/* The switch lowers the flag itself when it wakes, and others may sleep by it, too. The other end
 * of a pipe does not, and would go on waking. */
static bool disarm(const struct nm_ring *k)
{
	if (k->peer)
		vale_wait_disarm(&k->link.limit);
	return true;
}

/* What wakes a wish: its connection, by hanging up, and what the other side writes to. */
static void add_fds(const struct nm_wish *w, struct pollfd fds[static NM_WISH_FDS])
{
	const struct nm_port *p = w->port;
	const struct vale_wait *tx = &p->tx[p->first_tx].link.limit;
	const struct vale_wait *rx = &p->rx[p->first_rx].link.limit;
	bool wants_tx = w->events & WANTS_TX && p->n_tx, wants_rx = w->events & WANTS_RX && p->n_rx;

	fds[0] = (struct pollfd){ .fd = w->fd };
	for (unsigned i = 1; i < NM_WISH_FDS; i++)
		fds[i] = (struct pollfd){ .fd = -1, .events = POLLIN };
	if (wants_tx)
		fds[1].fd = tx->fd;
	if (wants_rx)
		fds[2].fd = rx->fd;
	/* Of a pipe whose other end has gone it would not let us sleep. */
	if ((wants_tx || wants_rx) && !p->is_alone)
		fds[3].fd = (wants_tx ? tx : rx)->life_fd;
}

/* After sleeping. */
static void drain_fds(struct nm_wish *w, const struct pollfd fds[static NM_WISH_FDS])
{
	struct nm_port *p = w->port;

	if ((fds[1].revents | fds[3].revents) & POLLIN && w->events & WANTS_TX && p->n_tx)
		vale_wait_drain(&p->tx[p->first_tx].link.limit);
	if ((fds[2].revents | fds[3].revents) & POLLIN && w->events & WANTS_RX && p->n_rx)
		vale_wait_drain(&p->rx[p->first_rx].link.limit);
	if (fds[3].revents & (POLLHUP | POLLERR))
		p->is_alone = true;
	if (fds[0].revents & (POLLHUP | POLLERR | POLLNVAL))
		w->revents |= POLLERR;
}

/* Sleeps until something happens: what ppoll(2) gives; 0 as well if nothing did. How many of
 * the others are ready goes to *ret_others. */
static int sleep_on(struct nm_wish *wishes, unsigned n, struct pollfd *fds, unsigned n_fds,
		    const struct timespec *left, const sigset_t *mask, unsigned *ret_others)
{
	unsigned others = 0;
	int r = 1;

	for (unsigned i = 0; i < n; i++)
		add_fds(&wishes[i], fds + n_fds + i * NM_WISH_FDS);
	if (for_wishes(wishes, n, arm)) {
		r = real()->ppoll(fds, n_fds + n * NM_WISH_FDS, left, mask);
		if (r < 0)
			r = -errno;
		for (unsigned i = 0; r > 0 && i < n_fds; i++)
			others += fds[i].revents != 0;
		for (unsigned i = 0; r > 0 && i < n; i++)
			drain_fds(&wishes[i], fds + n_fds + i * NM_WISH_FDS);
	}
	(void)for_wishes(wishes, n, disarm);
	*ret_others = others;
	return r;
}

/* Those of the others that are ready without waiting. */
static int look_at_others(struct pollfd *fds, unsigned n_fds)
{
	const struct timespec now = { 0 };
	int r = n_fds ? real()->ppoll(fds, n_fds, &now, NULL) : 0;

	return r < 0 ? -errno : r;
}

/* Stays awake for a moment for what comes soon (base/patience.h). */
static void stay_awake(struct nm_wish *wishes, unsigned n)
{
	struct patience *patience = &wishes[0].port->patience;

	while (for_wishes(wishes, n, is_where_it_was) && patience_left(patience))
		;
}

static uint64_t time_of(const struct timespec *ts)
{
	return (uint64_t)ts->tv_sec * NSEC_PER_SEC + (uint64_t)ts->tv_nsec;
}

int nm_wait(struct nm_wish *wishes, unsigned n, struct pollfd *fds, unsigned n_fds,
	    const struct timespec *timeout, const sigset_t *mask)
{
	unsigned ready = poll_all(wishes, n), others = 0;
	struct timespec left = { 0 };
	uint64_t now, end = 0;
	int r;

	if (ready || (timeout && !time_of(timeout))) {
		r = look_at_others(fds, n_fds);
		return r < 0 ? r : (int)ready + r;
	}
	now = time_now(CLOCK_MONOTONIC);
	if (timeout)
		end = now + time_of(timeout);
	patience_begin(&wishes[0].port->patience);
	if (!n_fds)
		stay_awake(wishes, n);
	do {
		if (timeout)
			left = time_spec(end > now ? end - now : 0);
		r = sleep_on(wishes, n, fds, n_fds, timeout ? &left : NULL, mask, &others);
		if (r < 0)
			break;
		ready = 0;
		for (unsigned i = 0; i < n; i++) {
			short gone = wishes[i].revents;

			wishes[i].revents = nm_poll_port(wishes[i].port, wishes[i].events) | gone;
			ready += wishes[i].revents != 0;
		}
		now = time_now(CLOCK_MONOTONIC);
	} while (!ready && !others && (!timeout || now < end));
	patience_end(&wishes[0].port->patience);
	if (r < 0)
		return r;
	/* They may have become ready without that we slept. */
	r = others ? (int)others : look_at_others(fds, n_fds);
	return r < 0 ? r : (int)ready + r;
}
