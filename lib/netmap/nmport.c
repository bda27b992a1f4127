/* SPDX-License-Identifier: BSD-2-Clause */
/* libnetmap's ports: opened by the name that nmreq.c reads, and mapped. */
#include "netmap/nmport.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

int nmport_device(struct nmctx *ctx)
{
	int fd = open(NETMAP_DEVICE_NAME, O_RDWR);

	if (fd < 0)
		return nmport_fail(ctx, errno, "%s cannot be opened: %s", NETMAP_DEVICE_NAME,
				   strerror(errno));
	return fd;
}

static struct nmport_d *new_in(struct nmctx *ctx)
{
	struct nmport_d *d = nmctx_malloc(ctx, sizeof(*d));

	if (!d) {
		(void)nmport_fail(ctx, ENOMEM, "no memory for a port");
		return NULL;
	}
	*d = (struct nmport_d){ .ctx = ctx, .fd = -1 };
	nmreq_header_init(&d->hdr, NETMAP_REQ_REGISTER, &d->reg);
	return d;
}

struct nmport_d *nmport_new(void)
{
	return new_in(nmctx_get());
}

void nmport_delete(struct nmport_d *d)
{
	nmctx_free(d->ctx, d);
}

void nmport_clean(struct nmport_d *d, const struct nmport_cleanup_d *keep)
{
	while (d->clist != keep) {
		struct nmport_cleanup_d *c = d->clist;

		d->clist = c->next;
		c->run(c, d);
		nmctx_free(d->ctx, c);
	}
}

int nmport_parse(struct nmport_d *d, const char *name)
{
	const struct nmport_cleanup_d *before = d->clist;
	struct nmreq_register reg = d->reg;
	struct nmreq_header hdr = d->hdr;
	int why;

	if (nmreq_header_decode(&name, &d->hdr, d->ctx) == 0 &&
	    nmreq_register_decode(&name, &d->reg, d->ctx) == 0 &&
	    nmreq_options_decode(name, nmport_options(), d, d->ctx) == 0)
		return 0;
	why = errno;
	nmport_clean(d, before);
	d->hdr = hdr;
	d->reg = reg;
	errno = why;
	return -1;
}

void nmport_undo_parse(struct nmport_d *d)
{
	nmport_clean(d, NULL);
	memset(&d->reg, 0, sizeof(d->reg));
	nmreq_header_init(&d->hdr, NETMAP_REQ_REGISTER, &d->reg);
}

struct nmport_d *nmport_prepare(const char *name)
{
	struct nmport_d *d = nmport_new();

	if (d && nmport_parse(d, name) < 0) {
		nmport_delete(d);
		return NULL;
	}
	return d;
}

void nmport_undo_prepare(struct nmport_d *d)
{
	if (!d)
		return;
	nmport_undo_parse(d);
	nmport_delete(d);
}

/* Options that were refused are named; if none was, the port is. */
static int refused(struct nmport_d *d, int why)
{
	const struct nmreq_option *o;
	bool named = false;

	nmreq_foreach_option(&d->hdr, o)
	{
		if (!o->nro_status)
			continue;
		nmctx_ferror(d->ctx, "%s: option %s: %s", d->hdr.nr_name,
			     nmreq_option_name(o->nro_reqtype), strerror((int)o->nro_status));
		named = true;
	}
	if (!named)
		nmctx_ferror(d->ctx, "%s: %s", d->hdr.nr_name, strerror(why));
	errno = why;
	return -1;
}

int nmport_register(struct nmport_d *d)
{
	if (d->register_done)
		return nmport_fail(d->ctx, EINVAL, "%s: it is registered", d->hdr.nr_name);
	d->fd = nmport_device(d->ctx);
	if (d->fd < 0)
		return -1;
	if (ioctl(d->fd, NIOCCTRL, &d->hdr) < 0) {
		int why = errno;

		nmport_undo_register(d);
		return refused(d, why);
	}
	d->register_done = 1;
	return 0;
}

void nmport_undo_register(struct nmport_d *d)
{
	if (d->fd >= 0)
		(void)close(d->fd);
	d->fd = -1;
	d->register_done = 0;
}

/* Maps the port's memory, or takes its own, into a new m. */
static int map_into(struct nmem_d *m, const struct nmport_d *d)
{
	*m = (struct nmem_d){ .mem_id = d->reg.nr_mem_id, .is_extmem = d->extmem != NULL };
	if (d->extmem) {
		m->mem = (void *)(uintptr_t)d->extmem->nro_usrptr;
		m->size = d->extmem->nro_info.nr_memsize;
		return 0;
	}
	m->size = d->reg.nr_memsize;
	m->mem = mmap(NULL, m->size, PROT_READ | PROT_WRITE, MAP_SHARED, d->fd, 0);
	return m->mem == MAP_FAILED ? -errno : 0;
}

/* The port's memory, mapped once in a context, with one user more: NULL, as -1. The context
 * is locked. */
static struct nmem_d *use_memory(const struct nmport_d *d)
{
	struct nmctx *ctx = d->ctx;
	struct nmem_d *m = ctx->mem_descs;
	int r;

	while (m && m->mem_id != d->reg.nr_mem_id)
		m = m->next;
	if (m) {
		m->refcount++;
		return m;
	}
	m = nmctx_malloc(ctx, sizeof(*m));
	r = m ? map_into(m, d) : -ENOMEM;
	if (r < 0) {
		nmctx_free(ctx, m);
		(void)nmport_fail(ctx, -r, "%s: its memory cannot be mapped: %s", d->hdr.nr_name,
				  strerror(-r));
		return NULL;
	}
	m->refcount = 1;
	m->next = ctx->mem_descs;
	if (m->next)
		m->next->prev = m;
	ctx->mem_descs = m;
	return m;
}

/* The context is locked. */
static void leave_memory(struct nmctx *ctx, struct nmem_d *m)
{
	if (--m->refcount > 0)
		return;
	if (!m->is_extmem)
		(void)munmap(m->mem, m->size);
	if (m->next)
		m->next->prev = m->prev;
	if (m->prev)
		m->prev->next = m->next;
	else
		ctx->mem_descs = m->next;
	nmctx_free(ctx, m);
}

/* The first run of rings that are bound. */
static void find_bound(const int64_t *ring_ofs, unsigned n, uint16_t *ret_first, uint16_t *ret_last)
{
	unsigned first = 0, end;

	while (first < n && !ring_ofs[first])
		first++;
	for (end = first; end < n && ring_ofs[end];)
		end++;
	*ret_first = (uint16_t)first;
	*ret_last = (uint16_t)(end - 1);
}

int nmport_mmap(struct nmport_d *d)
{
	const struct netmap_if *nifp;
	unsigned n_tx;

	if (d->mmap_done)
		return nmport_fail(d->ctx, EINVAL, "%s: it is mapped", d->hdr.nr_name);
	if (!d->register_done)
		return nmport_fail(d->ctx, EINVAL, "%s: it is not registered", d->hdr.nr_name);
	nmctx_lock(d->ctx);
	d->mem = use_memory(d);
	nmctx_unlock(d->ctx);
	if (!d->mem)
		return -1;
	d->nifp = NETMAP_IF(d->mem->mem, d->reg.nr_offset);
	nifp = d->nifp;
	n_tx = d->reg.nr_tx_rings + nifp->ni_host_tx_rings;
	find_bound(nifp->ring_ofs, n_tx, &d->first_tx_ring, &d->last_tx_ring);
	find_bound(nifp->ring_ofs + n_tx, d->reg.nr_rx_rings + nifp->ni_host_rx_rings,
		   &d->first_rx_ring, &d->last_rx_ring);
	d->cur_tx_ring = d->first_tx_ring;
	d->cur_rx_ring = d->first_rx_ring;
	d->mmap_done = 1;
	return 0;
}

void nmport_undo_mmap(struct nmport_d *d)
{
	if (!d->mem)
		return;
	nmctx_lock(d->ctx);
	leave_memory(d->ctx, d->mem);
	nmctx_unlock(d->ctx);
	d->mem = NULL;
	d->nifp = NULL;
	d->mmap_done = 0;
	d->first_tx_ring = d->last_tx_ring = d->cur_tx_ring = 0;
	d->first_rx_ring = d->last_rx_ring = d->cur_rx_ring = 0;
}

int nmport_open_desc(struct nmport_d *d)
{
	int why;

	if (nmport_register(d) < 0)
		return -1;
	if (nmport_mmap(d) == 0)
		return 0;
	why = errno;
	nmport_undo_register(d);
	errno = why;
	return -1;
}

void nmport_undo_open_desc(struct nmport_d *d)
{
	nmport_undo_mmap(d);
	nmport_undo_register(d);
}

struct nmport_d *nmport_open(const char *name)
{
	struct nmport_d *d = nmport_prepare(name);

	if (d && nmport_open_desc(d) < 0) {
		int why = errno;

		nmport_undo_prepare(d);
		errno = why;
		return NULL;
	}
	return d;
}

void nmport_close(struct nmport_d *d)
{
	if (!d)
		return;
	nmport_undo_open_desc(d);
	nmport_undo_prepare(d);
}

struct nmport_d *nmport_clone(struct nmport_d *d)
{
	struct nmport_d *c;

	if (d->extmem && !d->register_done) {
		(void)nmport_fail(d->ctx, EINVAL, "%s: its memory has no number yet",
				  d->hdr.nr_name);
		return NULL;
	}
	c = new_in(d->ctx);
	if (!c)
		return NULL;
	c->hdr = d->hdr;
	c->hdr.nr_options = 0;
	c->hdr.nr_body = (uintptr_t)&c->reg;
	c->reg = d->reg;
	return c;
}

int nmport_inject(struct nmport_d *d, const void *packet, size_t size)
{
	for (unsigned n = (unsigned)(d->last_tx_ring - d->first_tx_ring + 1); n; n--) {
		if (d->cur_tx_ring > d->last_tx_ring)
			d->cur_tx_ring = d->first_tx_ring;
		if (nm_ring_put_(NETMAP_TXRING(d->nifp, d->cur_tx_ring), packet, size))
			return (int)size;
		d->cur_tx_ring++;
	}
	return 0;
}
