/* SPDX-License-Identifier: BSD-2-Clause */
#include "netmap/kloop.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/macros.h"
#include "base/time.h"
#include "netmap/hidden.h"
#include "netmap/real.h"
#include "netmap/wait.h"

#define MAX_RINGS (2 * VALE_MAX_RINGS)

struct nm_kloop {
	struct nm_csb_atok *atok; /* the program's: one for each bound ring, */
	struct nm_csb_ktoa *ktoa; /* those to send first */
	int stop_fd;		  /* eventfd: wakes the loop */
	pthread_mutex_t lock;
	pthread_cond_t ended;
	bool runs, stops;
};

/* A loop at work. */
struct loop {
	struct nm_port *port;
	struct nm_kloop *k;
	unsigned n; /* rings */
	bool has_fds;
	int kick[MAX_RINGS], wake[MAX_RINGS]; /* -1: none */
	uint32_t told[MAX_RINGS];	      /* tails */
	uint32_t sleep_us;
};

static struct nm_ring *ring_at(struct nm_port *p, unsigned i)
{
	return i < p->n_tx ? &p->tx[p->first_tx + i] : &p->rx[p->first_rx + i - p->n_tx];
}

static void tell(struct nm_csb_ktoa *to, const struct nm_ring *ring)
{
	__atomic_store_n(&to->hwcur, vale_link_told(&ring->link), __ATOMIC_RELAXED);
	/* Pairs with the program's acquire: what it says of the slots before holds. */
	__atomic_store_n(&to->hwtail, ring->ring->tail, __ATOMIC_RELEASE);
}

/* Can the program's memory be read and written there? */
static int check_memory(const struct nm_user *user, uint64_t at, size_t size)
{
	uint8_t byte;

	for (size_t i = 0; i < size; i += sizeof(struct nm_csb_atok)) {
		int r = user->read(user->ctx, &byte, at + i, 1);

		if (r == 0)
			r = user->write(user->ctx, at + i, &byte, 1);
		if (r < 0)
			return r;
	}
	return 0;
}

static struct nm_kloop *kloop_new(void)
{
	struct nm_kloop *k = calloc(1, sizeof(*k));

	if (!k)
		return NULL;
	k->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	nm_hide(&k->stop_fd);
	(void)pthread_mutex_init(&k->lock, NULL); /* neither fails without attributes */
	(void)pthread_cond_init(&k->ended, NULL);
	return k;
}

int nm_csb_enable(struct nm_port *p, const struct nmreq_opt_csb *csb, const struct nm_user *user,
		  struct weir_err *err)
{
	unsigned n = p->n_tx + p->n_rx;
	size_t size = n * sizeof(struct nm_csb_atok);
	struct nm_kloop *k;
	int r;

	if (p->kloop)
		return err_set(err, -EBUSY, "there are control blocks already");
	if (!(p->note.flags & NR_EXCLUSIVE))
		return err_set(err, -EINVAL, "control blocks are for ports opened exclusively");
	if (!csb->csb_atok || !csb->csb_ktoa || (csb->csb_atok | csb->csb_ktoa) % 64)
		return err_set(err, -EINVAL, "control blocks are not where they can be");
	r = check_memory(user, csb->csb_atok, size);
	if (r == 0)
		r = check_memory(user, csb->csb_ktoa, size);
	if (r < 0)
		return err_set(err, r, "there is no memory for control blocks");
	k = kloop_new();
	if (!k)
		return err_set(err, -ENOMEM, "no memory for a loop");
	k->atok = (struct nm_csb_atok *)(uintptr_t)csb->csb_atok;
	k->ktoa = (struct nm_csb_ktoa *)(uintptr_t)csb->csb_ktoa;
	for (unsigned i = 0; i < n; i++) {
		const struct nm_ring *ring = ring_at(p, i);

		k->atok[i] = (struct nm_csb_atok){ .head = ring->ring->head,
						   .cur = ring->ring->cur,
						   .appl_need_kick = 1 };
		k->ktoa[i].kern_need_kick = 1;
		tell(&k->ktoa[i], ring);
	}
	p->kloop = k;
	return 0;
}

void nm_kloop_free(struct nm_kloop *k)
{
	if (!k)
		return;
	nm_unhide(k->stop_fd);
	closep(&k->stop_fd);
	(void)pthread_mutex_destroy(&k->lock); /* nobody has them */
	(void)pthread_cond_destroy(&k->ended);
	free(k);
}

static int take_eventfds(struct loop *l, struct nm_request *req, struct weir_err *err)
{
	struct nmreq_option *o = nm_request_option(req, NETMAP_REQ_OPT_SYNC_KLOOP_EVENTFDS);
	const struct nmreq_opt_sync_kloop_eventfds *fds = (const void *)o;

	for (unsigned i = 0; i < l->n; i++)
		l->kick[i] = l->wake[i] = -1;
	if (!o)
		return 0;
	if (o->nro_size != sizeof(*o) + l->n * sizeof(fds->eventfds[0])) {
		o->nro_status = EINVAL;
		return err_set(err, -EINVAL, "there are %u rings and not as many eventfds", l->n);
	}
	l->has_fds = true;
	for (unsigned i = 0; i < l->n; i++) {
		l->kick[i] = fds->eventfds[i].ioeventfd;
		l->wake[i] = fds->eventfds[i].irqfd;
	}
	o->nro_status = 0;
	return 0;
}

/* What is done at once when a ring is kicked is done soon here: that is no less. */
static int take_mode(struct nm_request *req, struct weir_err *err)
{
	struct nmreq_option *o = nm_request_option(req, NETMAP_REQ_OPT_SYNC_KLOOP_MODE);
	const struct nmreq_opt_sync_kloop_mode *mode = (const void *)o;
	const uint32_t known = NM_OPT_SYNC_KLOOP_DIRECT_TX | NM_OPT_SYNC_KLOOP_DIRECT_RX;

	if (!o)
		return 0;
	o->nro_status = mode->mode & ~known ? EINVAL : 0;
	return o->nro_status ? err_set(err, -EINVAL, "mode %#x is not known", mode->mode) : 0;
}

/* Synchronises a ring by its control blocks. The ring itself is the loop's as long as there are
 * such: its cur says from where on the loop wants to be woken. */
static void sync_ring(struct loop *l, unsigned i)
{
	struct nm_csb_atok *from = &l->k->atok[i];
	struct nm_ring *k = ring_at(l->port, i);
	struct vale_ring *ring = k->ring;
	const uint64_t one = 1;

	/* Pairs with the program's release: the slots before head are written. */
	ring->head = __atomic_load_n(&from->head, __ATOMIC_ACQUIRE);
	ring->cur = ring->head;
	(void)nm_ring_sync(k); /* it puts right what is not */
	tell(&l->k->ktoa[i], k);
	ring->cur = ring->tail;
	/* Waiting synchronises, too. */
	if (ring->tail == l->told[i])
		return;
	l->told[i] = ring->tail;
	if (l->wake[i] < 0)
		return;
	/* It has been told; now its flag is read: pairs with the program's fence. */
	atomic_thread_fence(memory_order_seq_cst);
	if (__atomic_load_n(&from->appl_need_kick, __ATOMIC_RELAXED))
		(void)!write(l->wake[i], &one, sizeof(one)); /* full: it is awake */
}

static void set_need_kick(const struct loop *l, uint32_t need)
{
	for (unsigned i = 0; i < l->n; i++)
		__atomic_store_n(&l->k->ktoa[i].kern_need_kick, need, __ATOMIC_RELAXED);
}

/* Has the program got further since the rings were synchronised? */
static bool has_new(const struct loop *l)
{
	for (unsigned i = 0; i < l->n; i++)
		if (__atomic_load_n(&l->k->atok[i].head, __ATOMIC_RELAXED) !=
		    ring_at(l->port, i)->ring->head)
			return true;
	return false;
}

static int sleep_on_fds(const struct loop *l, int fd, struct nm_wish *wish)
{
	struct pollfd fds[MAX_RINGS + 1 + NM_WISH_FDS] = { { .fd = l->k->stop_fd,
							     .events = POLLIN } };
	uint64_t n;
	int r;

	*wish = (struct nm_wish){ .fd = fd,
				  .port = l->port,
				  .events = (short)((l->port->n_tx ? POLLOUT : 0) |
						    (l->port->n_rx ? POLLIN : 0)),
				  .by_kloop = true };
	for (unsigned i = 0; i < l->n; i++)
		fds[i + 1] = (struct pollfd){ .fd = l->kick[i], .events = POLLIN };
	r = nm_wait(wish, 1, fds, l->n + 1, NULL, NULL);
	for (unsigned i = 1; r > 0 && i <= l->n; i++)
		if (fds[i].revents & POLLIN)
			(void)!read(fds[i].fd, &n, sizeof(n)); /* it has woken us */
	return r < 0 ? r : 0;
}

/* Waits until there may be something to do. */
static int wait_for_more(const struct loop *l, int fd)
{
	struct nm_wish wish = { 0 };
	struct timespec ts = time_spec((uint64_t)l->sleep_us * NSEC_PER_USEC);
	struct pollfd gone = { .fd = fd };
	int r = 0;

	if (!l->has_fds) {
		(void)nanosleep(&ts, NULL); /* a signal is looked for by the caller of this */
		return real()->poll(&gone, 1, 0) > 0 && gone.revents & POLLHUP ? -ENXIO : 0;
	}
	set_need_kick(l, 1);
	atomic_thread_fence(memory_order_seq_cst); /* pairs with the program's, before it kicks */
	if (!has_new(l))
		r = sleep_on_fds(l, fd, &wish);
	set_need_kick(l, 0);
	return r == 0 && wish.revents & POLLERR ? -ENXIO : r;
}

static bool is_stopped(struct nm_kloop *k)
{
	bool stops;

	(void)pthread_mutex_lock(&k->lock);
	stops = k->stops;
	(void)pthread_mutex_unlock(&k->lock);
	return stops;
}

static int run(struct loop *l, int fd)
{
	int r = 0;

	while (r == 0 && !is_stopped(l->k)) {
		for (unsigned i = 0; i < l->n; i++)
			sync_ring(l, i);
		r = wait_for_more(l, fd);
	}
	set_need_kick(l, 1);
	return r;
}

/* One at a time. */
static int begin(struct nm_kloop *k, struct weir_err *err)
{
	bool ran;

	(void)pthread_mutex_lock(&k->lock);
	ran = k->runs;
	k->runs = true;
	(void)pthread_mutex_unlock(&k->lock);
	return ran ? err_set(err, -EBUSY, "a loop runs already") : 0;
}

static void end(struct nm_kloop *k)
{
	uint64_t n;

	(void)pthread_mutex_lock(&k->lock);
	k->runs = k->stops = false;
	(void)!read(k->stop_fd, &n, sizeof(n)); /* the next one is not to be stopped */
	(void)pthread_cond_broadcast(&k->ended);
	(void)pthread_mutex_unlock(&k->lock);
}

int nm_kloop_run(struct nm_port *p, int fd, struct nm_request *req, struct weir_err *err)
{
	struct loop l = { .port = p,
			  .k = p->kloop,
			  .n = p->n_tx + p->n_rx,
			  .sleep_us = req->body.kloop.sleep_us };
	int r;

	if (!p->kloop)
		return err_set(err, -EINVAL, "there are no control blocks");
	r = begin(p->kloop, err);
	if (r < 0)
		return r;
	for (unsigned i = 0; i < l.n; i++)
		l.told[i] = ring_at(p, i)->ring->tail;
	r = take_eventfds(&l, req, err);
	if (r == 0)
		r = take_mode(req, err);
	if (r == 0)
		r = nm_request_served(req);
	if (r == 0)
		r = run(&l, fd);
	end(p->kloop);
	return r;
}

int nm_kloop_stop(struct nm_port *p)
{
	struct nm_kloop *k = p->kloop;
	const uint64_t one = 1;

	if (!k)
		return -EINVAL;
	(void)pthread_mutex_lock(&k->lock);
	k->stops = true;
	(void)!write(k->stop_fd, &one, sizeof(one)); /* full: it is awake */
	while (k->runs)
		(void)pthread_cond_wait(&k->ended, &k->lock);
	(void)pthread_mutex_unlock(&k->lock);
	return 0;
}
