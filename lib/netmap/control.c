/* SPDX-License-Identifier: BSD-2-Clause */
#include "netmap/control.h"

#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/macros.h"
#include "netmap/info.h"
#include "netmap/kloop.h"
#include "netmap/legacy.h"
#include "netmap/real.h"
#include "netmap/switches.h"

/* A request at work. */
struct call {
	struct nm_file *f;
	int fd;
	struct nm_request *req;
	const struct nm_user *user;
	struct weir_err *err;
};

/* Those options that belong to the port, after it was registered. -EINVAL and so on goes to their
 * status, too. */
static int set_csb(struct call *c)
{
	struct nmreq_option *o = nm_request_option(c->req, NETMAP_REQ_OPT_CSB);
	int r;

	if (!o)
		return 0;
	r = nm_csb_enable(c->f->port, (const struct nmreq_opt_csb *)(const void *)o, c->user,
			  c->err);
	o->nro_status = (uint32_t)-r;
	return r;
}

static int do_register(struct call *c)
{
	struct nm_request *req = c->req;
	const struct nmreq_register was = req->body.reg;
	int r = nm_file_register(c->f, c->fd, req->hdr.nr_name, &req->body.reg, c->err);

	if (r < 0)
		return r;
	r = set_csb(c);
	if (r == 0)
		r = nm_request_served(req);
	if (r < 0) {
		nm_file_unregister(c->f, c->fd);
		req->body.reg = was;
	}
	return r;
}

static int do_csb_enable(struct call *c)
{
	if (!nm_file_port(c->f, c->fd))
		return err_set(c->err, -ENXIO, "this descriptor is not registered");
	if (!nm_request_option(c->req, NETMAP_REQ_OPT_CSB))
		return err_set(c->err, -EINVAL, "no control blocks are given");
	return set_csb(c);
}

static int do_kloop_start(struct call *c)
{
	struct nm_port *p = nm_file_port(c->f, c->fd);

	return p ? nm_kloop_run(p, c->fd, c->req, c->err) : -ENXIO;
}

static int do_kloop_stop(struct call *c)
{
	struct nm_port *p = nm_file_port(c->f, c->fd);

	return p ? nm_kloop_stop(p) : -ENXIO;
}

/* The switch and the port of the name; of one that must name a switch. */
static int split(const struct call *c, bool needs_switch, char sw[VALE_SWITCH_NAME_SIZE],
		 char port[VALE_NAME_SIZE])
{
	int r = nm_name_find(c->req->hdr.nr_name, sw, port, c->err);

	if (r == 0 && needs_switch && vale_name_is_netmap(sw))
		r = err_set(c->err, -EINVAL, "%s: names no switch", c->req->hdr.nr_name);
	return r;
}

/* What is to be told of the port that the request names. */
static int info_of_port(const struct call *c, struct nm_info *ret_info)
{
	char sw[VALE_SWITCH_NAME_SIZE], port[VALE_NAME_SIZE];
	int r = split(c, false, sw, port);

	return r < 0 ? r : nm_info_of(c->f, sw, port, ret_info, c->err);
}

static int do_port_info(struct call *c)
{
	struct nm_info info;
	int r = info_of_port(c, &info);

	if (r < 0)
		return r;
	c->req->body.port_info = (struct nmreq_port_info_get){
		.nr_memsize = info.pool.mem_size,
		.nr_tx_slots = info.shape.tx_slots,
		.nr_rx_slots = info.shape.rx_slots,
		.nr_tx_rings = (uint16_t)info.shape.tx_rings,
		.nr_rx_rings = (uint16_t)info.shape.rx_rings,
		.nr_mem_id = (uint16_t)info.pool.mem_id,
	};
	return 0;
}

static int do_pools_info(struct call *c)
{
	struct nm_info info;
	int r = info_of_port(c, &info);

	if (r < 0)
		return r;
	c->req->body.pools = (struct nmreq_pools_info){
		.nr_memsize = info.pool.mem_size,
		.nr_mem_id = (uint16_t)info.pool.mem_id,
		.nr_if_pool_objtotal = info.pool.n_ifs,
		.nr_if_pool_objsize = VALE_IF_SIZE,
		.nr_ring_pool_offset = info.pool.rings_at,
		.nr_ring_pool_objtotal = info.pool.n_pages,
		.nr_ring_pool_objsize = VALE_PAGE,
		.nr_buf_pool_offset = info.pool.bufs_at,
		.nr_buf_pool_objtotal = info.pool.n_bufs,
		.nr_buf_pool_objsize = VALE_BUF_SIZE,
	};
	return 0;
}

/* Bytes before each frame of a port that is there. */
static int ask_hdr(struct call *c, uint32_t len)
{
	struct vale_hdr hdr = { .len = len };
	char sw[VALE_SWITCH_NAME_SIZE];
	struct vale_msg m;
	CLEANUP(closep)
	int fd = -EBADF;
	int r = split(c, false, sw, hdr.port);

	if (r == 0)
		r = vale_connect(sw, false, &fd, c->err);
	if (r < 0)
		return r;
	vale_msg_init(&m, VALE_MSG_HDR);
	memcpy(m.body, &hdr, sizeof(hdr));
	m.head.size = sizeof(hdr);
	r = vale_request(fd, &m, c->err);
	if (r < 0)
		return r;
	memcpy(&hdr, m.body, sizeof(hdr));
	vale_msg_done(&m);
	c->req->body.hdr_len.nr_hdr_len = hdr.len;
	return 0;
}

static int do_hdr_get(struct call *c)
{
	return ask_hdr(c, VALE_HDR_KEEP);
}

static int do_hdr_set(struct call *c)
{
	uint32_t len = c->req->body.hdr_len.nr_hdr_len;

	if (len != 0 && len != 10 && len != 12)
		return err_set(c->err, -EINVAL, "headers have 0, 10 or 12 bytes");
	return ask_hdr(c, len);
}

static int do_list(struct call *c)
{
	return nm_switch_list(c->req->hdr.nr_name, &c->req->body.list, c->err);
}

static int do_newif(struct call *c)
{
	char sw[VALE_SWITCH_NAME_SIZE], port[VALE_NAME_SIZE];
	int r = split(c, false, sw, port);

	return r < 0 ? r : nm_switch_new(port, &c->req->body.newif, c->err);
}

static int do_delif(struct call *c)
{
	char sw[VALE_SWITCH_NAME_SIZE], port[VALE_NAME_SIZE];
	int r = split(c, false, sw, port);

	return r < 0 ? r : nm_switch_delete(port, c->err);
}

static int do_attach(struct call *c)
{
	char sw[VALE_SWITCH_NAME_SIZE], port[VALE_NAME_SIZE];
	int r = split(c, true, sw, port);

	return r < 0 ? r : nm_switch_attach(sw, port, &c->req->body.attach.port_index, c->err);
}

static int do_detach(struct call *c)
{
	char sw[VALE_SWITCH_NAME_SIZE], port[VALE_NAME_SIZE];
	int r = split(c, true, sw, port);

	return r < 0 ? r : nm_switch_detach(sw, port, &c->req->body.detach.port_index, c->err);
}

/* Threads of a switch poll the interfaces that are attached to it whether they are asked to or
 * not: there is nothing to be done, but that it is one. */
static int do_polling(struct call *c)
{
	const struct nmreq_vale_polling *polling = &c->req->body.polling;
	char sw[VALE_SWITCH_NAME_SIZE], port[VALE_NAME_SIZE];
	int r = split(c, true, sw, port);

	if (r == 0)
		r = nm_switch_has_nic(sw, port, c->err);
	if (r == 0 && c->req->hdr.nr_reqtype == NETMAP_REQ_VALE_POLLING_ENABLE &&
	    (!polling->nr_num_polling_cpus || polling->nr_mode < NETMAP_POLLING_MODE_SINGLE_CPU ||
	     polling->nr_mode > NETMAP_POLLING_MODE_MULTI_CPU))
		r = err_set(c->err, -EINVAL, "no processors are given to poll with");
	return r;
}

static int (*const handlers[])(struct call *c) = {
	[NETMAP_REQ_REGISTER] = do_register,
	[NETMAP_REQ_PORT_INFO_GET] = do_port_info,
	[NETMAP_REQ_VALE_ATTACH] = do_attach,
	[NETMAP_REQ_VALE_DETACH] = do_detach,
	[NETMAP_REQ_VALE_LIST] = do_list,
	[NETMAP_REQ_PORT_HDR_SET] = do_hdr_set,
	[NETMAP_REQ_PORT_HDR_GET] = do_hdr_get,
	[NETMAP_REQ_VALE_NEWIF] = do_newif,
	[NETMAP_REQ_VALE_DELIF] = do_delif,
	[NETMAP_REQ_VALE_POLLING_ENABLE] = do_polling,
	[NETMAP_REQ_VALE_POLLING_DISABLE] = do_polling,
	[NETMAP_REQ_POOLS_INFO_GET] = do_pools_info,
	[NETMAP_REQ_SYNC_KLOOP_START] = do_kloop_start,
	[NETMAP_REQ_SYNC_KLOOP_STOP] = do_kloop_stop,
	[NETMAP_REQ_CSB_ENABLE] = do_csb_enable,
};

/* What a switch says in netmap's words. */
static int as_netmap(unsigned type, int r)
{
	switch (r) {
	case -ENOENT:
		return type == NETMAP_REQ_VALE_LIST ? r : -ENXIO;
	case -ENODEV:
	case -ECHILD: /* no switch can be started; */
	case -EPIPE:  /* it has just ended */
		return -ENXIO;
	case -EDQUOT:
	case -ENOSPC:
		return -ENOMEM;
	default:
		return r;
	}
}

static int serve(struct nm_file *f, int fd, struct nm_request *req, const struct nm_user *user,
		 struct weir_err *err)
{
	struct call c = { .f = f, .fd = fd, .req = req, .user = user, .err = err };
	unsigned type = req->hdr.nr_reqtype;
	int r;

	if (type >= ARRAY_SIZE(handlers) || !handlers[type])
		return -EOPNOTSUPP;
	/* These two wait for each other. */
	if (type == NETMAP_REQ_SYNC_KLOOP_START || type == NETMAP_REQ_SYNC_KLOOP_STOP)
		return handlers[type](&c);
	(void)pthread_mutex_lock(&f->lock);
	r = as_netmap(type, handlers[type](&c));
	(void)pthread_mutex_unlock(&f->lock);
	return r;
}

static int do_control(struct nm_file *f, int fd, uint64_t arg, const struct nm_user *user,
		      struct weir_err *err)
{
	struct nm_request req;
	int r = nm_request_read(&req, user, arg);

	if (r == 0)
		r = serve(f, fd, &req, user, err);
	return nm_request_write(&req, user, arg, r);
}

static int do_legacy(struct nm_file *f, int fd, unsigned long code, uint64_t arg,
		     const struct nm_user *user, struct weir_err *err)
{
	struct nm_request req;
	struct nmreq nmr;
	int r = user->read(user->ctx, &nmr, arg, sizeof(nmr));

	if (r == 0)
		r = nm_legacy_read(&nmr, code, &req);
	if (r == 0)
		r = serve(f, fd, &req, user, err);
	if (r < 0)
		return r;
	nm_legacy_write(&req, &nmr);
	return user->write(user->ctx, arg, &nmr, sizeof(nmr));
}

/* Has the switch gone? Asks the kernel. */
static bool is_gone(int fd)
{
	struct pollfd p = { .fd = fd };

	return real()->poll(&p, 1, 0) > 0 && p.revents & (POLLHUP | POLLERR);
}

static int do_sync(struct nm_file *f, int fd, bool sends)
{
	struct nm_port *p = nm_file_port(f, fd);
	bool right;

	if (!p)
		return -ENXIO;
	if (nm_csb_enabled(p))
		return -EBUSY;
	right = sends ? nm_port_sync_tx(p) : nm_port_sync_rx(p);
	(void)right; /* netmap says nothing either */
	/* While something moves, somebody is there. */
	if (sends ? nm_port_has_room(p) : nm_port_has_frames(p))
		return 0;
	return is_gone(fd) ? -ENXIO : 0;
}

int nm_ioctl(struct nm_file *f, int fd, unsigned long code, uint64_t arg,
	     const struct nm_user *user, struct weir_err *err)
{
	switch (code) {
	case NIOCTXSYNC:
		return do_sync(f, fd, true);
	case NIOCRXSYNC:
		return do_sync(f, fd, false);
	case NIOCCTRL:
		return do_control(f, fd, arg, user, err);
	case NIOCREGIF:
	case NIOCGINFO:
		return do_legacy(f, fd, code, arg, user, err);
	default:
		return -EOPNOTSUPP;
	}
}
