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

#define MAX_ARENA (1ULL << 40)

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

	if (!c->port || c->port->kind != VALE_KIND_PORT || c->port->p.arena.mem)
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

static int check_name(const char name[VALE_NAME_SIZE], struct weir_err *err)
{
	if (!vale_text_ok(name, VALE_NAME_SIZE))
		return err_set(err, -EINVAL, "the name of the port has no end");
	return vale_port_name_check(name, err);
}

/* What is asked for, with what is not said. */
static struct vale_open complete(const struct vale_open *o)
{
	struct vale_open whole = *o;

	if (!whole.pipes)
		whole.pipes = VALE_PIPES;
	return whole;
}

static int do_open(struct server *srv, struct conn *c, const struct vale_open *o,
		   struct vale_msg *answer, struct weir_err *err)
{
	const struct vale_open whole = complete(o);
	int r = o->flags & VALE_OPEN_NULL ? 0 : check_name(o->port, err);

	if (r == 0 && c->pool)
		r = err_set(err, -EBUSY, "this connection has opened a port already");
	if (r == 0)
		r = join_open(srv, c, &whole, err);
	if (r == 0)
		join_fill_opened(c, answer);
	return r;
}

static int do_again(struct server *srv, struct conn *c, struct vale_msg *answer,
		    struct weir_err *err)
{
	int r = c->pool ? 0 : err_set(err, -ENXIO, "no port is open");

	if (r == 0 && c->port && c->port->kind == VALE_KIND_PIPE)
		r = pipe_renew(srv, c, err);
	if (r == 0)
		join_fill_opened(c, answer);
	return r;
}

static int do_new(struct server *srv, struct conn *c, const struct vale_open *o,
		  struct weir_err *err)
{
	const struct vale_open whole = complete(o);
	struct vport *v;
	int r = check_name(o->port, err);

	if (r < 0)
		return r;
	if (vale_pipe_end(o->port) >= 0)
		return err_set(err, -EINVAL, "a pipe cannot stay");
	if (srv->owns_nics)
		return err_set(err, -EINVAL, "this switch has interfaces only");
	if (port_find(srv, o->port))
		return err_set(err, -EEXIST, "there is a port '%s'", o->port);
	r = port_make(srv, c, &whole, &v, err);
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
	if (v->uid != c->uid && !conn_is_owner(c))
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
	return conn_is_owner(c) ? 0 : err_set(err, -EACCES, "this switch belongs to another user");
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

/* A pipe's ends have one header, which is told of either. */
static int do_hdr(const struct server *srv, const struct conn *c, const struct vale_hdr *h,
		  struct vale_msg *answer, struct weir_err *err)
{
	struct vale_hdr told = *h;
	struct vport *v = NULL;
	int r = find_named(srv, h->port, &v, err);

	if (r < 0)
		return r;
	if (h->len != VALE_HDR_KEEP) {
		if (v->uid != c->uid && !conn_is_owner(c))
			return err_set(err, -EACCES, "the port '%s' belongs to another user",
				       v->name);
		if (v->kind != VALE_KIND_PORT || v->nic ||
		    (h->len != 0 && h->len != 10 && h->len != 12))
			return err_set(err, -EINVAL,
				       "the port '%s' cannot have headers of %u bytes", v->name,
				       h->len);
		v->hdr_len = h->len;
		v->p.hdr_len = h->len;
	}
	told.len = v->hdr_len;
	memcpy(answer->body, &told, sizeof(told));
	answer->head.size = sizeof(told);
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

static int answer(struct server *srv, struct conn *c, const struct vale_msg *m,
		  struct vale_msg *answer, struct weir_err *err)
{
	const void *body = m->body;

	switch (m->head.type) {
	case VALE_MSG_OPEN:
		return do_open(srv, c, body, answer, err);
	case VALE_MSG_AGAIN:
		return do_again(srv, c, answer, err);
	case VALE_MSG_ARENA:
		return do_arena(srv, c, body, m->fds[0], err);
	case VALE_MSG_INFO:
		list_info(srv, answer);
		return 0;
	case VALE_MSG_PORTS:
		list_ports(srv, body, answer);
		return 0;
	case VALE_MSG_TABLE:
		list_table(srv, body, answer);
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
	case VALE_MSG_POOL:
		return list_pool(srv, body, answer, err);
	case VALE_MSG_HDR:
		return do_hdr(srv, c, body, answer, err);
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
