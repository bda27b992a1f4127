/* SPDX-License-Identifier: BSD-2-Clause */
/* What clients ask for. A request is foreign: everything in it is checked here. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/macros.h"
#include "vale/memory.h"
#include "vale/name.h"
#include "vale/server.h"

#define DEFAULT_SLOTS 1024u
#define MAX_ARENA     (1ULL << 40)

struct vport *port_find(const struct server *srv, const char *name)
{
	for (unsigned i = 0; i < VALE_MAX_PORTS; i++)
		if (srv->vports[i] && strcmp(srv->vports[i]->name, name) == 0)
			return srv->vports[i];
	return NULL;
}

static size_t port_size(const struct vport *v)
{
	return v->p.layout.size + v->p.layout.ctl_size;
}

/* May this user have one more port of that size? */
static int check_quota(const struct server *srv, uid_t uid, const struct vale_layout *l,
		       struct weir_err *err)
{
	uint64_t size = l->size + l->ctl_size;
	unsigned n = 0;

	for (unsigned i = 0; i < VALE_MAX_PORTS; i++) {
		const struct vport *v = srv->vports[i];

		if (v && v->uid == uid) {
			size += port_size(v);
			n++;
		}
	}
	if (n >= srv->opts.max_ports)
		return err_set(err, -EDQUOT, "this user has %u ports already", n);
	if (size > srv->opts.max_memory)
		return err_set(err, -EDQUOT, "this user's ports would take %llu MiB of %llu",
			       (unsigned long long)(size >> 20),
			       (unsigned long long)(srv->opts.max_memory >> 20));
	return 0;
}

void port_free(struct server *srv, struct vport *v)
{
	srv->vports[v->p.nr] = NULL;
	free(v->rules);
	free(v);
}

static uint32_t or_default(uint32_t n, uint32_t value)
{
	return n ? n : value;
}

/* Makes a port without memory. */
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
	struct vale_layout l;
	struct vport *v;
	unsigned nr = 0;
	int r;

	r = vale_layout_of(&shape, &l, err);
	if (r == 0)
		r = check_quota(srv, c->uid, &l, err);
	if (r < 0)
		return r;
	while (nr < VALE_MAX_PORTS && srv->vports[nr])
		nr++;
	if (nr == VALE_MAX_PORTS)
		return err_set(err, -ENOSPC, "the switch has %u ports, which is all it can have",
			       nr);
	v = aligned_alloc(_Alignof(struct vport), sizeof(*v));
	if (!v)
		return err_set(err, -ENOMEM, "no memory for a port");
	memset(v, 0, sizeof(*v));
	v->p.nr = (uint8_t)nr;
	v->p.layout = l;
	v->uid = c->uid;
	v->pid = c->pid;
	v->mem_fd = v->ctl_fd = -EBADF;
	v->life_fds[0] = v->life_fds[1] = -EBADF;
	for (unsigned i = 0; i < ARRAY_SIZE(v->wake_fds); i++)
		v->wake_fds[i] = -EBADF;
	memcpy(v->name, o->port, sizeof(v->name));
	srv->vports[nr] = v;
	srv->had_port = true;
	*ret_port = v;
	return 0;
}

void port_drop_memory(struct vport *v)
{
	if (v->p.ctl)
		vale_port_done(&v->p);
	vale_unmap(v->p.mem, v->p.layout.size);
	vale_unmap(v->p.ctl, v->p.layout.ctl_size);
	v->p.mem = NULL;
	v->p.ctl = NULL;
	close_fd(&v->mem_fd);
	close_fd(&v->ctl_fd);
}

/* New memory for each first opening: who had it before may have kept it. */
int port_make_memory(struct vport *v, struct weir_err *err)
{
	const struct vale_layout l = v->p.layout;
	void *mem = NULL, *ctl = NULL;
	int r;

	r = v->mem_fd = vale_memfd("weir-port", l.size, err);
	if (r >= 0)
		r = v->ctl_fd = vale_memfd("weir-port-control", l.ctl_size, err);
	if (r >= 0)
		r = vale_map(v->mem_fd, 0, l.size, true, &mem, err);
	if (r >= 0)
		r = vale_map(v->ctl_fd, 0, l.ctl_size, true, &ctl, err);
	if (r < 0) {
		v->p.mem = mem;
		port_drop_memory(v);
		return r;
	}
	vale_layout_format(&l, mem, ctl, v->name);
	vale_port_init(&v->p, v->p.nr, &l, mem, ctl);
	atomic_store_explicit(&v->p.ctl->asleep, 1, memory_order_relaxed);
	return 0;
}

/* The rings that a connection wants, a bit each. */
static uint32_t rings_of(uint32_t ring)
{
	return ring == VALE_ALL_RINGS ? UINT32_MAX : 1U << ring;
}

/* A pipe whose writing end is the switch's: neither of its ends ever waits. The reading one
 * stays open here beside the client's, so that writing never raises SIGPIPE. */
int request_make_pipe(int *ret_read, int *ret_write)
{
	int fds[2];

	if (pipe2(fds, O_CLOEXEC | O_NONBLOCK) < 0)
		return -errno;
	(void)fcntl(fds[1], F_SETPIPE_SZ, 4096); /* a byte is a wake-up */
	*ret_read = fds[0];
	*ret_write = fds[1];
	return 0;
}

static void close_signals(struct conn *c)
{
	close_fd(&c->kick_fd);
	close_fd(&c->wake_tx);
	close_fd(&c->wake_rx);
	close_fd(&c->client_tx);
	close_fd(&c->client_rx);
}

static int make_signals(struct conn *c, struct weir_err *err)
{
	int r;

	c->kick_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	r = c->kick_fd < 0 ? -errno : 0;
	if (r == 0)
		r = request_make_pipe(&c->client_tx, &c->wake_tx);
	if (r == 0)
		r = request_make_pipe(&c->client_rx, &c->wake_rx);
	if (r == 0)
		return 0;
	close_signals(c);
	return err_set(err, r, "no descriptors for a port: %s", strerror(-r));
}

/* The rings of a connection get its pipes, or none. The switch is held. */
static void join_rings(struct conn *c, bool joins)
{
	struct vale_port *p = &c->port->p;
	const struct vale_shape *s = &p->layout.shape;

	for (unsigned i = 0; i < VALE_MAX_RINGS; i++) {
		if (!(rings_of(c->ring) >> i & 1))
			continue;
		if (i < s->tx_rings)
			p->tx[i].wake_fd = joins ? c->wake_tx : -EBADF;
		if (i < s->rx_rings)
			p->rx[i].wake_fd = joins ? c->wake_rx : -EBADF;
	}
}

static int same_or_zero(uint32_t wanted, uint32_t there)
{
	return !wanted || wanted == there;
}

/* May the connection open this port, or some rings of it? */
static int check_open(const struct conn *c, const struct vport *v, const struct vale_open *o,
		      struct weir_err *err)
{
	const struct vale_shape *is = &v->p.layout.shape, *want = &o->shape;

	if (v->nic)
		return err_set(err, -EBUSY, "the port '%s' is an interface", v->name);
	if (v->uid != c->uid && c->uid != 0 && c->uid != geteuid())
		return err_set(err, -EACCES, "the port '%s' belongs to another user", v->name);
	if (v->taken & rings_of(o->ring))
		return err_set(err, -EBUSY, "somebody has the port '%s' open", v->name);
	if (o->ring != VALE_ALL_RINGS && o->ring >= MAX(is->tx_rings, is->rx_rings))
		return err_set(err, -EINVAL, "the port '%s' has no ring %u", v->name, o->ring);
	if (!same_or_zero(want->tx_rings, is->tx_rings) ||
	    !same_or_zero(want->rx_rings, is->rx_rings) ||
	    !same_or_zero(want->tx_slots, is->tx_slots) ||
	    !same_or_zero(want->rx_slots, is->rx_slots))
		return err_set(err, -EINVAL, "the port '%s' has %u and %u rings of %u and %u slots",
			       v->name, is->tx_rings, is->rx_rings, is->tx_slots, is->rx_slots);
	return 0;
}

static int make_memory_and_rules(struct server *srv, struct vport *v, struct weir_err *err)
{
	int r = port_make_memory(v, err);

	if (r < 0)
		return r;
	r = rules_begin(srv, v, err);
	if (r < 0)
		port_drop_memory(v);
	return r;
}

/* The port and the connection belong together from now on. */
static int join_port(struct server *srv, struct conn *c, struct vport *v, uint32_t ring,
		     struct weir_err *err)
{
	bool first = !v->users;
	int r = make_signals(c, err);

	if (r == 0 && first)
		r = make_memory_and_rules(srv, v, err);
	if (r < 0) {
		close_signals(c);
		return r;
	}
	c->port = v;
	c->ring = ring;
	v->users++;
	v->taken |= rings_of(ring);
	server_hold(srv);
	join_rings(c, true);
	if (first)
		vale_core_add(&srv->core, &v->p);
	server_go_on(srv);
	r = server_watch_kick(srv, c);
	if (r < 0) {
		request_release(srv, c);
		return err_set(err, r, "epoll: %s", strerror(-r));
	}
	return 0;
}

static void fill_fds(const struct conn *c, struct vale_msg *answer)
{
	answer->fds[VALE_FD_MEM] = c->port->mem_fd;
	answer->fds[VALE_FD_CTL] = c->port->ctl_fd;
	answer->fds[VALE_FD_KICK] = c->kick_fd;
	answer->fds[VALE_FD_WAKE_TX] = c->client_tx;
	answer->fds[VALE_FD_WAKE_RX] = c->client_rx;
	answer->n_fds = VALE_N_FDS;
}

static void fill_opened(const struct conn *c, struct vale_msg *answer)
{
	struct vale_opened opened = { .shape = c->port->p.layout.shape,
				      .nr = c->port->p.nr,
				      .ring = c->ring,
				      .is_pipe = c->port->is_pipe };

	memcpy(opened.note, c->note, sizeof(opened.note));
	memcpy(answer->body, &opened, sizeof(opened));
	answer->head.size = sizeof(opened);
	if (c->port->is_pipe)
		pipe_fill_fds(c, answer);
	else
		fill_fds(c, answer);
}

static int check_names(const struct vale_open *o, struct weir_err *err)
{
	if (!vale_text_ok(o->port, sizeof(o->port)))
		return err_set(err, -EINVAL, "the name of the port has no end");
	if (o->ring != VALE_ALL_RINGS && o->ring >= VALE_MAX_RINGS)
		return err_set(err, -EINVAL, "there can be no ring %u", o->ring);
	return vale_port_name_check(o->port, err);
}

static int open_port(struct server *srv, struct conn *c, const struct vale_open *o,
		     struct weir_err *err)
{
	struct vport *v = port_find(srv, o->port);
	bool is_new = !v;
	int r = is_new ? port_make(srv, c, o, &v, err) : 0;
	unsigned nr;

	if (r < 0)
		return r;
	nr = v->p.nr; /* it may be gone when joining fails */
	r = check_open(c, v, o, err);
	if (r == 0)
		r = join_port(srv, c, v, o->ring, err);
	if (r < 0 && is_new && srv->vports[nr] == v)
		port_free(srv, v);
	return r;
}

static int do_open(struct server *srv, struct conn *c, const struct vale_open *o,
		   struct vale_msg *answer, struct weir_err *err)
{
	int r = check_names(o, err);

	if (r == 0 && c->port)
		r = err_set(err, -EBUSY, "this connection has the port '%s' open", c->port->name);
	if (r < 0)
		return r;
	r = vale_pipe_end(o->port) < 0 ? open_port(srv, c, o, err) : pipe_open(srv, c, o, err);
	if (r < 0)
		return r;
	memcpy(c->note, o->note, sizeof(c->note));
	fill_opened(c, answer);
	return 0;
}

static void drop_arena(struct conn *c)
{
	if (!c->arena_size)
		return;
	vale_unmap((void *)(uintptr_t)c->port->p.arena.mem, c->arena_size);
	c->port->p.arena = (struct vale_arena){ 0 };
	c->arena_size = 0;
}

/* Forwards what the client had handed over before it left: no more than a ring holds, for
 * who has kept the memory can go on. The switch is held. */
static void forward_rest(struct server *srv, struct conn *c)
{
	struct vale_port *p = &c->port->p;
	uint32_t now_s = server_now_s();

	for (unsigned r = 0; r < p->layout.shape.tx_rings; r++) {
		uint32_t left = rings_of(c->ring) >> r & 1 ? p->tx[r].n : 0, n;

		while (left &&
		       (n = vale_forward(&srv->core, p, r, &srv->workers[0].scratch, now_s)))
			left -= MIN(n, left);
	}
	vale_wake_owed(&srv->core);
}

void request_release(struct server *srv, struct conn *c)
{
	struct vport *v = c->port;

	if (!v)
		return;
	if (v->is_pipe) {
		pipe_release(srv, c);
		return;
	}
	server_forget_kick(srv, c);
	server_hold(srv);
	forward_rest(srv, c);
	join_rings(c, false);
	if (--v->users == 0)
		vale_core_remove(&srv->core, &v->p);
	drop_arena(c);
	server_go_on(srv);
	v->taken &= ~rings_of(c->ring);
	c->port = NULL;
	close_signals(c);
	if (v->users)
		return;
	port_drop_memory(v);
	if (!v->stays)
		port_free(srv, v);
}

void request_free_ports(struct server *srv)
{
	for (unsigned i = 0; i < VALE_MAX_PORTS; i++) {
		if (srv->vports[i] && srv->vports[i]->nic)
			nic_remove(srv, srv->vports[i]);
		else if (srv->vports[i])
			port_free(srv, srv->vports[i]);
	}
}

/* Memory that slots of the port may point into. */
static int do_arena(struct server *srv, struct conn *c, const struct vale_arena_msg *a, int fd,
		    struct weir_err *err)
{
	void *mem;
	int r;

	if (!c->port || c->port->is_pipe || c->port->p.arena.mem)
		return err_set(err, -EBUSY, "no port is open, or it has such memory already");
	if (a->size > MAX_ARENA || a->address + a->size < a->address)
		return err_set(err, -EINVAL, "memory of %llu bytes is too much",
			       (unsigned long long)a->size);
	r = vale_map(fd, a->offset, a->size, false, &mem, err);
	if (r < 0)
		return r;
	server_hold(srv);
	c->port->p.arena =
		(struct vale_arena){ .mem = mem, .address = a->address, .size = a->size };
	c->arena_size = a->size;
	server_go_on(srv);
	return 0;
}

static bool is_owner(const struct conn *c)
{
	return c->uid == 0 || c->uid == geteuid();
}

static int do_new(struct server *srv, struct conn *c, const struct vale_open *o,
		  struct weir_err *err)
{
	struct vport *v;
	int r = check_names(o, err);

	if (r < 0)
		return r;
	if (vale_pipe_end(o->port) >= 0)
		return err_set(err, -EINVAL, "a pipe cannot stay");
	if (port_find(srv, o->port))
		return err_set(err, -EEXIST, "there is a port '%s'", o->port);
	r = port_make(srv, c, o, &v, err);
	if (r == 0)
		v->stays = true;
	return r;
}

/* The port of that name, which a client has written. */
static int find_named(const struct server *srv, const char name[VALE_NAME_SIZE],
		      struct vport **ret_port, struct weir_err *err)
{
	if (!vale_text_ok(name, VALE_NAME_SIZE))
		return err_set(err, -EINVAL, "the name of the port has no end");
	*ret_port = port_find(srv, name);
	return *ret_port ? 0 : err_set(err, -ENOENT, "there is no port '%s'", name);
}

static int do_delete(struct server *srv, const struct conn *c, const struct vale_delete *d,
		     struct weir_err *err)
{
	struct vport *v = NULL;
	int r = find_named(srv, d->port, &v, err);

	if (r < 0)
		return r;
	if (v->uid != c->uid && !is_owner(c))
		return err_set(err, -EACCES, "the port '%s' belongs to another user", d->port);
	if (v->nic)
		return err_set(err, -EBUSY, "'%s' is an interface: it can be detached", d->port);
	if (v->users || !v->stays)
		return err_set(err, -EBUSY, "somebody has the port '%s' open", d->port);
	port_free(srv, v);
	return 0;
}

static int check_owner(const struct conn *c, struct weir_err *err)
{
	return is_owner(c) ? 0 : err_set(err, -EACCES, "this switch belongs to another user");
}

static int check_nic(const struct conn *c, const char nic[VALE_NIC_NAME], struct weir_err *err)
{
	int r = check_owner(c, err);

	if (r == 0 && !vale_text_ok(nic, VALE_NIC_NAME))
		r = err_set(err, -EINVAL, "the name of the interface has no end");
	return r;
}

static int do_attach(struct server *srv, const struct conn *c, const struct vale_attach *a,
		     struct weir_err *err)
{
	int r = check_nic(c, a->nic, err);

	return r < 0 ? r : nic_attach(srv, c, a, err);
}

static int do_detach(struct server *srv, const struct conn *c, const struct vale_detach *d,
		     struct weir_err *err)
{
	int r = check_nic(c, d->nic, err);

	return r < 0 ? r : nic_detach(srv, d->nic, err);
}

static int do_set(struct server *srv, const struct conn *c, const struct vale_set *s,
		  struct weir_err *err)
{
	struct vport *v = NULL;
	int r = check_owner(c, err);

	if (r == 0)
		r = find_named(srv, s->port, &v, err);
	return r < 0 ? r : rules_set(srv, v, &s->rules, err);
}

/* An edit may have a key in it. */
static int do_rules(const struct server *srv, const struct conn *c, const struct vale_delete *d,
		    struct vale_msg *answer, struct weir_err *err)
{
	struct vport *v = NULL;
	int r = check_owner(c, err);

	if (r == 0)
		r = find_named(srv, d->port, &v, err);
	if (r < 0)
		return r;
	if (v->rules)
		memcpy(answer->body, v->rules, sizeof(*v->rules));
	else
		memset(answer->body, 0, sizeof(*v->rules));
	answer->head.size = sizeof(*v->rules);
	return 0;
}

static int do_stop(struct server *srv, const struct conn *c, struct weir_err *err)
{
	int r = check_owner(c, err);

	if (r < 0)
		return r;
	weir_switch_stop((struct weir_switch *)srv);
	return 0;
}

static void do_info(const struct server *srv, struct vale_msg *answer)
{
	struct vale_info info = {
		.uid = geteuid(),
		.pid = (uint32_t)getpid(),
		.n_threads = srv->n_workers,
		.age_s = srv->core.table.age_s,
		.lossless = srv->core.lossless,
		.stays = !srv->opts.temporary,
	};

	for (unsigned i = 0; i < VALE_MAX_PORTS; i++)
		info.n_ports += srv->vports[i] != NULL;
	memcpy(info.name, srv->name, sizeof(srv->name));
	memcpy(answer->body, &info, sizeof(info));
	answer->head.size = sizeof(info);
}

static void add_counters(const struct vale_kring *k, struct vale_port_row *row)
{
	for (unsigned i = 0; i < VALE_N_DROPS; i++)
		row->dropped[i] += counter_get(&k->dropped[i]);
	row->bad_index += counter_get(&k->bad_index);
}

static struct vale_port_row row_of(const struct vport *v)
{
	const struct vale_shape *s = &v->p.layout.shape;
	struct vale_port_row row = {
		.nr = v->p.nr,
		.uid = v->uid,
		.pid = (uint32_t)v->pid,
		.users = v->users,
		.stays = v->stays,
		.attached = v->nic != NULL,
		.has_rules = v->rules != NULL,
		.shape = *s,
	};

	memcpy(row.name, v->name, sizeof(row.name));
	for (unsigned i = 0; i < s->tx_rings; i++) {
		row.tx_frames += counter_get(&v->p.tx[i].frames);
		row.tx_bytes += counter_get(&v->p.tx[i].bytes);
		add_counters(&v->p.tx[i], &row);
	}
	for (unsigned i = 0; i < s->rx_rings; i++) {
		row.rx_frames += counter_get(&v->p.rx[i].frames);
		row.rx_bytes += counter_get(&v->p.rx[i].bytes);
		add_counters(&v->p.rx[i], &row);
	}
	if (v->nic)
		nic_count(v->nic, &row);
	return row;
}

/* Appends a row. False: it is full. */
static bool add_row(struct vale_msg *answer, const void *row, size_t size)
{
	if (answer->head.size + size > sizeof(answer->body))
		return false;
	memcpy(answer->body + answer->head.size, row, size);
	answer->head.size += (uint32_t)size;
	return true;
}

static void do_ports(const struct server *srv, const struct vale_from *from,
		     struct vale_msg *answer)
{
	for (unsigned i = from->from; i < VALE_MAX_PORTS; i++) {
		struct vale_port_row row;

		if (!srv->vports[i])
			continue;
		row = row_of(srv->vports[i]);
		if (!add_row(answer, &row, sizeof(row)))
			return;
	}
}

static void do_table(const struct server *srv, const struct vale_from *from,
		     struct vale_msg *answer)
{
	uint32_t now_s = server_now_s();
	struct table_row entry;
	unsigned at = from->from;

	while (table_next(&srv->core.table, &at, now_s, &entry)) {
		const struct vale_table_row row = { .mac = entry.mac,
						    .port = entry.port,
						    .age_s = now_s - entry.seen,
						    .next = at };

		if (!add_row(answer, &row, sizeof(row)))
			return;
	}
}

static int answer(struct server *srv, struct conn *c, const struct vale_msg *m,
		  struct vale_msg *answer, struct weir_err *err)
{
	const void *body = m->body;

	switch (m->head.type) {
	case VALE_MSG_OPEN:
		return do_open(srv, c, body, answer, err);
	case VALE_MSG_AGAIN:
		if (!c->port)
			return err_set(err, -ENXIO, "no port is open");
		fill_opened(c, answer);
		return 0;
	case VALE_MSG_ARENA:
		return do_arena(srv, c, body, m->fds[0], err);
	case VALE_MSG_INFO:
		do_info(srv, answer);
		return 0;
	case VALE_MSG_PORTS:
		do_ports(srv, body, answer);
		return 0;
	case VALE_MSG_TABLE:
		do_table(srv, body, answer);
		return 0;
	case VALE_MSG_NEW:
		return do_new(srv, c, body, err);
	case VALE_MSG_DELETE:
		return do_delete(srv, c, body, err);
	case VALE_MSG_ATTACH:
		return do_attach(srv, c, body, err);
	case VALE_MSG_DETACH:
		return do_detach(srv, c, body, err);
	case VALE_MSG_SET:
		return do_set(srv, c, body, err);
	case VALE_MSG_RULES:
		return do_rules(srv, c, body, answer, err);
	case VALE_MSG_STOP:
		return do_stop(srv, c, err);
	default:
		return err_set(err, -EOPNOTSUPP, "request %u is not known", m->head.type);
	}
}

void request_answer(struct server *srv, struct conn *c, const struct vale_msg *m,
		    struct vale_msg *ret_answer)
{
	struct weir_err err = { 0 };
	int r;

	vale_msg_init(ret_answer, m->head.type);
	r = answer(srv, c, m, ret_answer, &err);
	ret_answer->head.result = r;
	if (r < 0) {
		ret_answer->n_fds = 0;
		ret_answer->head.size = (uint32_t)strnlen(err.text, sizeof(err.text));
		memcpy(ret_answer->body, err.text, ret_answer->head.size);
	}
}
