/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Ports of a switch and the regions that they lie in. A port and its pipes are a family: they
 * share a region, which the first of them makes.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/macros.h"
#include "vale/memory.h"
#include "vale/name.h"
#include "vale/nic.h"

#define DEFAULT_SLOTS 1024u

struct vport *port_find(const struct server *srv, const char *name)
{
	for (unsigned i = 0; i < VALE_MAX_PORTS; i++)
		if (srv->vports[i] && strcmp(srv->vports[i]->name, name) == 0)
			return srv->vports[i];
	return NULL;
}

struct pool *pool_find(const struct server *srv, uint32_t id)
{
	for (unsigned i = 0; i < VALE_MAX_PORTS; i++)
		if (srv->vports[i] && srv->vports[i]->pool && srv->vports[i]->pool->id == id)
			return srv->vports[i]->pool;
	for (const struct conn *c = srv->conns; c; c = c->next)
		if (c->pool && c->pool->id == id)
			return c->pool;
	return NULL;
}

/* Do the names of two ports begin alike: a port and its pipes? */
static bool is_family(const char *a, const char *b)
{
	size_t len = strcspn(a, "{}");

	return len == strcspn(b, "{}") && strncmp(a, b, len) == 0;
}

/* The region of a port's family; NULL: there is none. That of an attached interface is nobody's.
 * Interfaces as ports of programs are all one family. */
static struct pool *pool_of_family(const struct server *srv, const char *name)
{
	for (unsigned i = 0; i < VALE_MAX_PORTS; i++) {
		const struct vport *v = srv->vports[i];

		if (!v || !v->pool)
			continue;
		if (srv->owns_nics || (!v->nic && is_family(v->name, name)))
			return v->pool;
	}
	return NULL;
}

/* Is the port the first that has its region? */
static bool is_first_of_pool(const struct server *srv, unsigned nr)
{
	for (unsigned i = 0; i < nr; i++)
		if (srv->vports[i] && srv->vports[i]->pool == srv->vports[nr]->pool)
			return false;
	return true;
}

static uint64_t size_of_port(const struct server *srv, unsigned nr)
{
	const struct vport *v = srv->vports[nr];
	uint64_t size = v->p.layout.ctl_size;

	/* One that nobody has open may have its memory again at any time. */
	if (!v->pool)
		return size + v->planned.size;
	return size + (is_first_of_pool(srv, nr) ? v->pool->in.size : 0);
}

/* Is the region one that no port has, and the connection the first that has it? */
static bool is_first_alone(const struct server *srv, const struct conn *conn)
{
	for (unsigned i = 0; i < VALE_MAX_PORTS; i++)
		if (srv->vports[i] && srv->vports[i]->pool == conn->pool)
			return false;
	for (const struct conn *c = srv->conns; c != conn; c = c->next)
		if (c->pool == conn->pool)
			return false;
	return true;
}

int port_check_quota(const struct server *srv, uid_t uid, uint64_t size, unsigned n_more,
		     struct weir_err *err)
{
	unsigned n = n_more;

	for (unsigned i = 0; i < VALE_MAX_PORTS; i++) {
		if (srv->vports[i] && srv->vports[i]->uid == uid) {
			size += size_of_port(srv, i);
			n++;
		}
	}
	for (const struct conn *c = srv->conns; c; c = c->next)
		if (c->pool && c->pool->uid == uid && !c->port && is_first_alone(srv, c))
			size += c->pool->in.size;
	if (n > srv->opts.max_ports)
		return err_set(err, -EDQUOT, "this user has %u ports already", n - n_more);
	if (size > srv->opts.max_memory)
		return err_set(err, -EDQUOT, "this user's ports would take %llu MiB of %llu",
			       (unsigned long long)(size >> 20),
			       (unsigned long long)(srv->opts.max_memory >> 20));
	return 0;
}

void port_free(struct server *srv, struct vport *v)
{
	srv->vports[v->p.nr] = NULL;
	v->nic = nic_free(v->nic);
	free(v->rules);
	free(v);
}

static uint32_t or_default(uint32_t n, uint32_t value)
{
	return n ? n : value;
}

int pool_find_told(const struct server *srv, const struct conn *c, uint32_t id,
		   struct pool **ret_pool, struct weir_err *err)
{
	struct pool *pool = pool_find(srv, id);

	if (!pool)
		return err_set(err, -EINVAL, "this switch has no region %u", id);
	if (pool->uid != c->uid && !conn_is_owner(c))
		return err_set(err, -EACCES, "the region %u belongs to another user", id);
	*ret_pool = pool;
	return 0;
}

/* Where the memory of a port will be: pool is NULL if that is a region of its own. */
static int plan_memory(const struct server *srv, const struct conn *c, const struct vale_open *o,
		       const struct vale_shape *shape, struct vport *v, struct weir_err *err)
{
	struct pool *told = NULL, *family = pool_of_family(srv, o->port);
	int r = vale_shape_check(shape, err);

	if (r == 0 && o->mem_id)
		r = pool_find_told(srv, c, o->mem_id, &told, err);
	if (r < 0)
		return r;
	if (family && told && family != told)
		return err_set(err, -EINVAL, "'%s' has to be in the region %u", o->port,
			       family->id);
	if (family && family->uid != c->uid && !conn_is_owner(c))
		return err_set(err, -EACCES, "the port '%s' belongs to another user", o->port);
	v->told_pool = told ? told->id : 0;
	v->planned = srv->owns_nics ? wire_region()
				    : vale_region_of(shape, MIN(o->pipes, VALE_MAX_PIPES));
	v->p.layout = (struct vale_layout){
		.shape = *shape,
		.ring_size = (size_t)vale_ring_pages(shape) * VALE_PAGE,
		.ctl_size = vale_ctl_size(shape->tx_rings + shape->rx_rings),
	};
	return port_check_quota(
		srv, c->uid, v->p.layout.ctl_size + (told || family ? 0 : v->planned.size), 1, err);
}

static struct vport *vport_new(const struct conn *c, const char name[VALE_NAME_SIZE])
{
	struct vport *v = aligned_alloc(_Alignof(struct vport), sizeof(*v));

	if (!v)
		return NULL;
	memset(v, 0, sizeof(*v));
	v->uid = c->uid;
	v->pid = c->pid;
	v->ctl_fd = v->kick_fd = -EBADF;
	for (unsigned i = 0; i < ARRAY_SIZE(v->wake_fds); i++)
		v->wake_fds[i] = -EBADF;
	memcpy(v->name, name, sizeof(v->name));
	return v;
}

int port_make(struct server *srv, const struct conn *c, const struct vale_open *o,
	      struct vport **ret_port, struct weir_err *err)
{
	const struct vale_shape shape = {
		.tx_rings = or_default(o->shape.tx_rings, 1),
		.rx_rings = or_default(o->shape.rx_rings, 1),
		.tx_slots = or_default(o->shape.tx_slots, DEFAULT_SLOTS),
		.rx_slots = or_default(o->shape.rx_slots, DEFAULT_SLOTS),
		.extra_bufs = o->shape.extra_bufs,
	};
	struct vport *v;
	unsigned nr = 0;
	int r;

	while (nr < VALE_MAX_PORTS && srv->vports[nr])
		nr++;
	if (nr == VALE_MAX_PORTS)
		return err_set(err, -ENOSPC, "the switch has %u ports, which is all it can have",
			       nr);
	v = vport_new(c, o->port);
	if (!v)
		return err_set(err, -ENOMEM, "no memory for a port");
	v->p.nr = (uint8_t)nr;
	r = plan_memory(srv, c, o, &shape, v, err);
	if (r < 0) {
		free(v);
		return r;
	}
	srv->vports[nr] = v;
	srv->had_port = true;
	*ret_port = v;
	return 0;
}

/* The next number that no region has; 0: there is none. One that was just freed may be known to
 * its clients for a while. */
static uint32_t next_id(struct server *srv)
{
	if (srv->owns_nics && !pool_find(srv, VALE_NIC_POOL))
		return VALE_NIC_POOL;
	for (unsigned i = 0; i < SERVER_IDS; i++) {
		srv->last_id = (srv->last_id + 1) % SERVER_IDS;
		if (!pool_find(srv, srv->first_id + srv->last_id))
			return srv->first_id + srv->last_id;
	}
	return 0;
}

int pool_make(struct server *srv, uid_t uid, const struct vale_region *in, struct pool **ret_pool,
	      struct weir_err *err)
{
	uint32_t id = next_id(srv);
	struct pool *pool;
	int r;

	if (!id)
		return err_set(err, -ENOSPC, "the switch has %u regions, which is all it can have",
			       SERVER_IDS);
	r = pool_new(in, &pool, err);
	if (r < 0)
		return r;
	pool->id = id;
	pool->uid = uid;
	*ret_pool = pool;
	return 0;
}

/* Gives the port a region, which may be new. */
static int join_pool(struct server *srv, struct vport *v, struct weir_err *err)
{
	struct pool *pool =
		v->told_pool ? pool_find(srv, v->told_pool) : pool_of_family(srv, v->name);
	int r = 0;

	if (v->told_pool && !pool)
		return err_set(err, -EINVAL, "there is no region %u any more", v->told_pool);
	if (!pool)
		r = pool_make(srv, v->uid, &v->planned, &pool, err);
	if (r == 0)
		v->pool = pool_ref(pool);
	return r;
}

void port_drop_memory(struct vport *v)
{
	if (v->p.ctl)
		vale_port_done(&v->p);
	if (v->pool && v->p.layout.ring_at)
		pool_drop_rings(v->pool, v->n_rings, &v->p.layout);
	v->p.layout.ring_at = 0;
	v->pool = pool_unref(v->pool);
	vale_unmap(v->p.ctl, v->p.layout.ctl_size);
	v->p.mem = NULL;
	v->p.ctl = NULL;
	close_fd(&v->ctl_fd);
}

int port_make_memory(struct server *srv, struct vport *v, unsigned n_rings, uint32_t n_bufs,
		     struct weir_err *err)
{
	struct vale_layout *l = &v->p.layout;
	void *ctl = NULL;
	int r = join_pool(srv, v, err);

	v->n_rings = n_rings;
	if (r == 0)
		r = pool_take_rings(v->pool, n_rings, n_bufs, l, err);
	if (r == 0)
		r = v->ctl_fd = vale_memfd("weir-port-control", l->ctl_size, err);
	if (r >= 0)
		r = vale_map(v->ctl_fd, 0, l->ctl_size, true, &ctl, err);
	if (r < 0) {
		port_drop_memory(v);
		return r;
	}
	v->p.ctl = ctl;
	v->p.mem = v->pool->mem;
	return 0;
}

void port_note_rings(struct pool *pool, const struct vale_layout *l, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		pool_note_ring(pool, l->ring_at + i * l->ring_size, vale_layout_slots(l, i));
}

void port_format(struct pool *pool, const struct vale_layout *l, struct vale_ctl *ctl)
{
	unsigned n = l->shape.tx_rings + l->shape.rx_rings;

	vale_layout_format(l, pool->mem, ctl);
	for (unsigned i = 0; !l->first_buf && i < n; i++)
		pool_fill_slots(pool, vale_layout_ring(l, pool->mem, i)->slot, NULL,
				vale_layout_slots(l, i));
	port_note_rings(pool, l, n);
}

int port_begin(struct server *srv, struct vport *v, struct weir_err *err)
{
	const struct vale_shape *s = &v->p.layout.shape;
	int r = port_make_memory(srv, v, s->tx_rings + s->rx_rings, vale_ring_bufs(s), err);
	struct vale_layout l;

	if (r < 0)
		return r;
	l = v->p.layout;
	port_format(v->pool, &l, v->p.ctl);
	vale_port_init(&v->p, v->p.nr, &l, v->p.mem, v->p.ctl);
	v->p.hdr_len = v->hdr_len;
	atomic_store_explicit(&v->p.ctl->asleep, 1, memory_order_relaxed);
	return 0;
}
