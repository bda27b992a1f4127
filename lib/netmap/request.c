/* SPDX-License-Identifier: BSD-2-Clause */
#include "netmap/request.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "base/macros.h"

static const uint8_t body_sizes[] = {
	[NETMAP_REQ_REGISTER] = sizeof(struct nmreq_register),
	[NETMAP_REQ_PORT_INFO_GET] = sizeof(struct nmreq_port_info_get),
	[NETMAP_REQ_VALE_ATTACH] = sizeof(struct nmreq_vale_attach),
	[NETMAP_REQ_VALE_DETACH] = sizeof(struct nmreq_vale_detach),
	[NETMAP_REQ_VALE_LIST] = sizeof(struct nmreq_vale_list),
	[NETMAP_REQ_PORT_HDR_SET] = sizeof(struct nmreq_port_hdr),
	[NETMAP_REQ_PORT_HDR_GET] = sizeof(struct nmreq_port_hdr),
	[NETMAP_REQ_VALE_NEWIF] = sizeof(struct nmreq_vale_newif),
	[NETMAP_REQ_VALE_DELIF] = 0,
	[NETMAP_REQ_VALE_POLLING_ENABLE] = sizeof(struct nmreq_vale_polling),
	[NETMAP_REQ_VALE_POLLING_DISABLE] = sizeof(struct nmreq_vale_polling),
	[NETMAP_REQ_POOLS_INFO_GET] = sizeof(struct nmreq_pools_info),
	[NETMAP_REQ_SYNC_KLOOP_START] = sizeof(struct nmreq_sync_kloop_start),
	[NETMAP_REQ_SYNC_KLOOP_STOP] = 0,
	[NETMAP_REQ_CSB_ENABLE] = 0,
};

/* Of an option whose head is o. Those that nobody knows have a head only. */
static uint64_t option_size(const struct nmreq_option *o)
{
	switch (o->nro_reqtype) {
	case NETMAP_REQ_OPT_EXTMEM:
		return sizeof(struct nmreq_opt_extmem);
	case NETMAP_REQ_OPT_SYNC_KLOOP_EVENTFDS:
		return MAX(sizeof(*o), MIN(o->nro_size, NM_REQUEST_MAX));
	case NETMAP_REQ_OPT_CSB:
		return sizeof(struct nmreq_opt_csb);
	case NETMAP_REQ_OPT_SYNC_KLOOP_MODE:
		return sizeof(struct nmreq_opt_sync_kloop_mode);
	case NETMAP_REQ_OPT_OFFSETS:
		return sizeof(struct nmreq_opt_offsets);
	default:
		return sizeof(*o);
	}
}

static struct nmreq_option *option_at(struct nm_request *req, unsigned i)
{
	return (struct nmreq_option *)(void *)(req->data + req->option[i].at);
}

static const struct nmreq_option *const_option_at(const struct nm_request *req, unsigned i)
{
	return (const struct nmreq_option *)(const void *)(req->data + req->option[i].at);
}

static int read_body(struct nm_request *req, const struct nm_user *user)
{
	const struct nmreq_header *h = &req->hdr;

	req->body_size = h->nr_reqtype < ARRAY_SIZE(body_sizes) ? body_sizes[h->nr_reqtype] : 0;
	if (!h->nr_reqtype || h->nr_reqtype >= ARRAY_SIZE(body_sizes) ||
	    !req->body_size != !h->nr_body)
		return -EINVAL;
	return req->body_size ? user->read(user->ctx, &req->body, h->nr_body, req->body_size) : 0;
}

/* Copies in the option at an address; *ret_next is that of the next one. */
static int read_option(struct nm_request *req, const struct nm_user *user, uint64_t address,
		       uint64_t *ret_next)
{
	struct nmreq_option head;
	size_t left = NM_REQUEST_MAX - req->body_size - req->used, at = req->used;
	uint64_t size;
	int r = user->read(user->ctx, &head, address, sizeof(head));

	if (r < 0)
		return r;
	if (!head.nro_reqtype)
		return -EINVAL;
	size = (option_size(&head) + 7) & ~(uint64_t)7;
	if (size + NM_OPTION_COST > left)
		return -EMSGSIZE;
	r = user->read(user->ctx, req->data + at, address, option_size(&head));
	if (r < 0)
		return r;
	head.nro_status = EOPNOTSUPP;
	memcpy(req->data + at, &head, sizeof(head)); /* once read, it stays so */
	req->option[req->n_options].address = address;
	req->option[req->n_options].at = (uint32_t)at;
	req->option[req->n_options].size = (uint32_t)option_size(&head);
	req->n_options++;
	/* What an option costs is room that is not used: data stays as large as it is. */
	req->used += size + NM_OPTION_COST;
	*ret_next = head.nro_next;
	return 0;
}

/* Is the last option one that is there twice? Both get to know. */
static bool is_double(struct nm_request *req)
{
	struct nmreq_option *last = option_at(req, req->n_options - 1);

	for (unsigned i = 0; i + 1 < req->n_options; i++) {
		struct nmreq_option *o = option_at(req, i);

		if (o->nro_reqtype == last->nro_reqtype &&
		    o->nro_reqtype <= NETMAP_REQ_OPT_OFFSETS) {
			o->nro_status = last->nro_status = EINVAL;
			return true;
		}
	}
	return false;
}

int nm_request_read(struct nm_request *req, const struct nm_user *user, uint64_t address)
{
	uint64_t next;
	int r = user->read(user->ctx, &req->hdr, address, sizeof(req->hdr));

	req->n_options = 0;
	req->used = 0;
	if (r < 0)
		return r;
	if (req->hdr.nr_version < NETMAP_MIN_API || req->hdr.nr_version > NETMAP_MAX_API ||
	    req->hdr.nr_reserved)
		return -EINVAL;
	r = read_body(req, user);
	for (next = req->hdr.nr_options; r == 0 && next;) {
		r = read_option(req, user, next, &next);
		if (r == 0 && is_double(req))
			return -EINVAL;
	}
	if (r < 0)
		req->n_options = 0;
	return r;
}

struct nmreq_option *nm_request_option(struct nm_request *req, uint32_t type)
{
	for (unsigned i = 0; i < req->n_options; i++)
		if (option_at(req, i)->nro_reqtype == type)
			return option_at(req, i);
	return NULL;
}

int nm_request_served(const struct nm_request *req)
{
	for (unsigned i = 0; i < req->n_options; i++)
		if (const_option_at(req, i)->nro_status == EOPNOTSUPP)
			return -EOPNOTSUPP;
	return 0;
}

int nm_request_write(const struct nm_request *req, const struct nm_user *user, uint64_t address,
		     int result)
{
	int r = 0;

	if (result == 0)
		r = user->write(user->ctx, address, &req->hdr, sizeof(req->hdr));
	if (r == 0 && result == 0 && req->body_size)
		r = user->write(user->ctx, req->hdr.nr_body, &req->body, req->body_size);
	for (unsigned i = 0; r == 0 && i < req->n_options; i++) {
		size_t size = result == 0 ? req->option[i].size : sizeof(struct nmreq_option);

		r = user->write(user->ctx, req->option[i].address, const_option_at(req, i), size);
	}
	return r < 0 ? r : result;
}
