/* SPDX-License-Identifier: BSD-2-Clause */
#include "netmap/control.h"

#include <errno.h>
#include <string.h>

#include "base/err.h"
#include "base/macros.h"
#include "netmap/real.h"

/* A request at work. */
struct call {
	struct nm_file *f;
	int fd;
	struct nm_request *req;
	struct weir_err *err;
};

static int do_register(struct call *c)
{
	struct nm_request *req = c->req;
	int r = nm_request_served(req);

	if (r < 0)
		return r;
	return nm_file_register(c->f, c->fd, req->hdr.nr_name, &req->body.reg, c->err);
}

/* What there is not is made for the moment, as netmap does it. */
static int do_port_info(struct call *c)
{
	struct nmreq_port_info_get *info = &c->req->body.port_info;
	struct nmreq_register reg = { .nr_mode = NR_REG_ALL_NIC, .nr_mem_id = info->nr_mem_id };
	struct nm_file *f;
	int fd = nm_file_open(O_CLOEXEC), r;

	if (fd < 0)
		return fd;
	f = nm_file_get(fd);
	r = nm_file_register(f, fd, c->req->hdr.nr_name, &reg, c->err);
	nm_file_put(f);
	nm_file_closing(fd);
	(void)close(fd);
	if (r < 0)
		return r;
	*info = (struct nmreq_port_info_get){
		.nr_memsize = reg.nr_memsize,
		.nr_tx_slots = reg.nr_tx_slots,
		.nr_rx_slots = reg.nr_rx_slots,
		.nr_tx_rings = reg.nr_tx_rings,
		.nr_rx_rings = reg.nr_rx_rings,
		.nr_host_tx_rings = reg.nr_host_tx_rings,
		.nr_host_rx_rings = reg.nr_host_rx_rings,
		.nr_mem_id = reg.nr_mem_id,
	};
	return 0;
}

static int do_hdr_get(struct call *c)
{
	c->req->body.hdr_len.nr_hdr_len = 0;
	return 0;
}

static int (*const handlers[])(struct call *c) = {
	[NETMAP_REQ_REGISTER] = do_register,
	[NETMAP_REQ_PORT_INFO_GET] = do_port_info,
	[NETMAP_REQ_PORT_HDR_GET] = do_hdr_get,
};

static int do_control(struct nm_file *f, int fd, uint64_t arg, const struct nm_user *user)
{
	struct nm_request req;
	struct weir_err err = { 0 };
	struct call c = { .f = f, .fd = fd, .req = &req, .err = &err };
	int r = nm_request_read(&req, user, arg);

	if (r < 0)
		return r;
	r = nm_request_check(&req);
	if (r == 0 && (req.hdr.nr_reqtype >= ARRAY_SIZE(handlers) || !handlers[req.hdr.nr_reqtype]))
		r = -EOPNOTSUPP;
	(void)pthread_mutex_lock(&f->lock);
	if (r == 0)
		r = handlers[req.hdr.nr_reqtype](&c);
	(void)pthread_mutex_unlock(&f->lock);
	return nm_request_write(&req, user, arg, r);
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
	right = sends ? nm_port_sync_tx(p) : nm_port_sync_rx(p);
	(void)right; /* netmap says nothing either */
	/* While something moves, somebody is there. */
	if (sends ? nm_port_has_room(p) : nm_port_has_frames(p))
		return 0;
	return is_gone(fd) ? -ENXIO : 0;
}

int nm_ioctl(struct nm_file *f, int fd, unsigned long code, uint64_t arg,
	     const struct nm_user *user)
{
	switch (code) {
	case NIOCTXSYNC:
		return do_sync(f, fd, true);
	case NIOCRXSYNC:
		return do_sync(f, fd, false);
	case NIOCCTRL:
		return do_control(f, fd, arg, user);
	default:
		return -EOPNOTSUPP;
	}
}
