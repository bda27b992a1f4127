/* SPDX-License-Identifier: BSD-2-Clause */
#include "netmap/legacy.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/macros.h"

/* Which request a command is, by its number; without a command it is to register. */
static const uint8_t commands[] = {
	[0] = NETMAP_REQ_REGISTER,
	[NETMAP_BDG_ATTACH] = NETMAP_REQ_VALE_ATTACH,
	[NETMAP_BDG_DETACH] = NETMAP_REQ_VALE_DETACH,
	[NETMAP_BDG_LIST] = NETMAP_REQ_VALE_LIST,
	[NETMAP_BDG_VNET_HDR] = NETMAP_REQ_PORT_HDR_SET,
	[NETMAP_BDG_NEWIF] = NETMAP_REQ_VALE_NEWIF,
	[NETMAP_BDG_DELIF] = NETMAP_REQ_VALE_DELIF,
	[NETMAP_BDG_POLLING_ON] = NETMAP_REQ_VALE_POLLING_ENABLE,
	[NETMAP_BDG_POLLING_OFF] = NETMAP_REQ_VALE_POLLING_DISABLE,
	[NETMAP_VNET_HDR_GET] = NETMAP_REQ_PORT_HDR_GET,
};

/* Which rings, where the flags do not tell. */
static uint32_t mode_of_ring(uint16_t ringid)
{
	if (ringid & NETMAP_HW_RING)
		return NR_REG_ONE_NIC;
	return ringid & NETMAP_SW_RING ? NR_REG_SW : NR_REG_ALL_NIC;
}

static void read_register(const struct nmreq *from, struct nmreq_register *reg)
{
	uint32_t mode = from->nr_flags & NR_REG_MASK;

	*reg = (struct nmreq_register){
		.nr_mode = mode == NR_REG_DEFAULT ? mode_of_ring(from->nr_ringid) : mode,
		.nr_ringid = from->nr_ringid & NETMAP_RING_MASK,
		.nr_flags = (from->nr_flags & ~(uint32_t)NR_REG_MASK) | NR_ACCEPT_VNET_HDR,
		.nr_tx_slots = from->nr_tx_slots,
		.nr_rx_slots = from->nr_rx_slots,
		.nr_tx_rings = from->nr_tx_rings,
		.nr_rx_rings = from->nr_rx_rings,
		.nr_mem_id = from->nr_arg2,
		.nr_extra_bufs = from->nr_arg3,
	};
	if (from->nr_ringid & NETMAP_NO_TX_POLL)
		reg->nr_flags |= NR_NO_TX_POLL;
	if (from->nr_ringid & NETMAP_DO_RX_POLL)
		reg->nr_flags |= NR_DO_RX_POLL;
}

/* Pipes have their number in the name now. */
static int name_pipe(struct nm_request *req)
{
	struct nmreq_register *reg = &req->body.reg;
	char *end = req->hdr.nr_name + strlen(req->hdr.nr_name);

	if (reg->nr_mode != NR_REG_PIPE_MASTER && reg->nr_mode != NR_REG_PIPE_SLAVE)
		return 0;
	if (strpbrk(req->hdr.nr_name, "{}"))
		return -EINVAL;
	(void)sprintf(end, "%c%u", reg->nr_mode == NR_REG_PIPE_MASTER ? '{' : '}',
		      (unsigned)reg->nr_ringid); /* a short name and a short number */
	reg->nr_mode = NR_REG_ALL_NIC;
	reg->nr_ringid = 0;
	return 0;
}

static int read_body(const struct nmreq *from, struct nm_request *req)
{
	switch (req->hdr.nr_reqtype) {
	case NETMAP_REQ_REGISTER:
		read_register(from, &req->body.reg);
		return name_pipe(req);
	case NETMAP_REQ_PORT_INFO_GET:
		req->body.port_info.nr_mem_id = from->nr_arg2;
		return 0;
	case NETMAP_REQ_VALE_ATTACH:
		read_register(from, &req->body.attach.reg);
		return 0;
	case NETMAP_REQ_VALE_LIST:
		req->body.list.nr_bridge_idx = from->nr_arg1;
		req->body.list.nr_port_idx = from->nr_arg2;
		return 0;
	case NETMAP_REQ_PORT_HDR_SET:
		req->body.hdr_len.nr_hdr_len = from->nr_arg1;
		return 0;
	case NETMAP_REQ_VALE_NEWIF:
		req->body.newif = (struct nmreq_vale_newif){ .nr_tx_slots = from->nr_tx_slots,
							     .nr_rx_slots = from->nr_rx_slots,
							     .nr_tx_rings = from->nr_tx_rings,
							     .nr_rx_rings = from->nr_rx_rings,
							     .nr_mem_id = from->nr_arg2 };
		return 0;
	default:
		return 0;
	}
}

int nm_legacy_read(const struct nmreq *from, unsigned long code, struct nm_request *req)
{
	memset(req, 0, sizeof(*req));
	if (from->nr_version < NETMAP_MIN_API || !memchr(from->nr_name, 0, sizeof(from->nr_name)))
		return -EINVAL;
	if (from->nr_cmd >= ARRAY_SIZE(commands) || !commands[from->nr_cmd])
		return -EOPNOTSUPP;
	req->hdr.nr_version = NETMAP_API;
	req->hdr.nr_reqtype = commands[from->nr_cmd];
	if (code == NIOCGINFO && !from->nr_cmd)
		req->hdr.nr_reqtype = NETMAP_REQ_PORT_INFO_GET;
	memcpy(req->hdr.nr_name, from->nr_name, sizeof(from->nr_name));
	return read_body(from, req);
}

static void write_register(const struct nmreq_register *reg, struct nmreq *to)
{
	to->nr_offset = (uint32_t)reg->nr_offset;
	to->nr_memsize = (uint32_t)reg->nr_memsize;
	to->nr_tx_slots = reg->nr_tx_slots;
	to->nr_rx_slots = reg->nr_rx_slots;
	to->nr_tx_rings = reg->nr_tx_rings;
	to->nr_rx_rings = reg->nr_rx_rings;
	to->nr_arg2 = reg->nr_mem_id;
	to->nr_arg3 = reg->nr_extra_bufs;
}

void nm_legacy_write(const struct nm_request *req, struct nmreq *to)
{
	const struct nmreq_port_info_get *info = &req->body.port_info;

	switch (req->hdr.nr_reqtype) {
	case NETMAP_REQ_REGISTER:
		write_register(&req->body.reg, to);
		break;
	case NETMAP_REQ_PORT_INFO_GET:
		to->nr_memsize = (uint32_t)info->nr_memsize;
		to->nr_tx_slots = info->nr_tx_slots;
		to->nr_rx_slots = info->nr_rx_slots;
		to->nr_tx_rings = info->nr_tx_rings;
		to->nr_rx_rings = info->nr_rx_rings;
		to->nr_arg2 = info->nr_mem_id;
		break;
	case NETMAP_REQ_VALE_LIST:
		memcpy(to->nr_name, req->hdr.nr_name, sizeof(to->nr_name) - 1);
		to->nr_name[sizeof(to->nr_name) - 1] = '\0';
		to->nr_arg1 = req->body.list.nr_bridge_idx;
		to->nr_arg2 = (uint16_t)req->body.list.nr_port_idx;
		break;
	case NETMAP_REQ_PORT_HDR_GET:
		to->nr_arg1 = (uint16_t)req->body.hdr_len.nr_hdr_len;
		break;
	default:
		break;
	}
}
