/* SPDX-License-Identifier: BSD-2-Clause */
#include "netmap/port.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/macros.h"
#include "netmap/hidden.h"
#include "netmap/kloop.h"
#include "vale/name.h"

DEFINE_CLEANUP(struct nm_port *, nm_port_free)

int nm_name_split(const char name[NETMAP_REQ_IFNAMSIZ], char ret_switch[VALE_SWITCH_NAME_SIZE],
		  char ret_port[VALE_NAME_SIZE], struct weir_err *err)
{
	char sw[VALE_SWITCH_NAME_SIZE], port[VALE_NAME_SIZE] = "";
	const char *rest = name, *colon;
	size_t len = strnlen(name, NETMAP_REQ_IFNAMSIZ);
	int r;

	if (!len || len == NETMAP_REQ_IFNAMSIZ)
		return err_set(err, -EINVAL, "a port's name has 1 to %d letters",
			       NETMAP_REQ_IFNAMSIZ - 1);
	colon = strchr(name, ':');
	if (strncmp(name, "vale", 4) == 0 && colon) {
		size_t n = (size_t)(colon - name);

		if (n >= sizeof(sw))
			return err_set(err, -EINVAL, "%s: the switch has too long a name", name);
		memcpy(sw, name, n);
		sw[n] = '\0';
		rest = colon + 1;
	} else {
		vale_netmap_switch(name, sw);
	}
	memcpy(port, rest, strlen(rest));
	r = vale_name_check(sw, err);
	if (r == 0)
		r = vale_port_name_check(port, err);
	if (r < 0)
		return r;
	memcpy(ret_switch, sw, sizeof(sw));
	memcpy(ret_port, port, sizeof(port));
	return 0;
}

/* How many there are to be, within what netmap allows. */
static uint32_t bound(uint32_t wanted, uint32_t least, uint32_t most)
{
	return wanted ? MAX(least, MIN(wanted, most)) : 0;
}

static struct vale_open open_of(const char *port, const struct nmreq_register *reg)
{
	static const struct {
		uint32_t theirs, ours;
	} flags[] = {
		{ NR_EXCLUSIVE, VALE_OPEN_SHARED },
		{ NR_TX_RINGS_ONLY, VALE_OPEN_TX_ONLY },
		{ NR_RX_RINGS_ONLY, VALE_OPEN_RX_ONLY },
		{ NR_ACCEPT_VNET_HDR, VALE_OPEN_HDR },
		{ NR_MONITOR_TX, VALE_OPEN_MONITOR_TX },
		{ NR_MONITOR_RX, VALE_OPEN_MONITOR_RX },
		{ NR_ZCOPY_MON, VALE_OPEN_MONITOR | VALE_OPEN_MONITOR_ZCOPY },
	};
	const struct nm_note note = {
		.mode = reg->nr_mode,
		.ringid = reg->nr_ringid,
		.flags = reg->nr_flags,
	};
	struct vale_open open = {
		.ring = reg->nr_mode == NR_REG_ONE_NIC ? reg->nr_ringid : VALE_ALL_RINGS,
		.shape = { .tx_rings = bound(reg->nr_tx_rings, 1, VALE_MAX_RINGS),
			   .rx_rings = bound(reg->nr_rx_rings, 1, VALE_MAX_RINGS),
			   .tx_slots = bound(reg->nr_tx_slots, VALE_MIN_SLOTS, VALE_MAX_SLOTS),
			   .rx_slots = bound(reg->nr_rx_slots, VALE_MIN_SLOTS, VALE_MAX_SLOTS),
			   .extra_bufs = MIN(reg->nr_extra_bufs, VALE_MAX_EXTRA) },
	};

	for (unsigned i = 0; i < ARRAY_SIZE(flags); i++)
		if (reg->nr_flags & flags[i].theirs)
			open.flags |= flags[i].ours;
	open.flags ^= VALE_OPEN_SHARED; /* of one that is exclusive it was set */
	if (reg->nr_mode == NR_REG_NULL)
		open.flags |= VALE_OPEN_NULL;
	open.mem_id = reg->nr_mem_id;
	memcpy(open.port, port, strlen(port));
	memcpy(open.note, &note, sizeof(note));
	return open;
}

/* A ring of the port's memory, with the indices of the control page that belong to it. */
static void init_ring(struct nm_ring *k, const struct vale_client *c, unsigned ring, unsigned index,
		      bool sends)
{
	k->ring = vale_layout_ring(&c->layout, c->mem, ring);
	k->n = vale_layout_slots(&c->layout, index);
	k->n_bufs = c->layout.in.n_bufs;
	k->bufs = c->mem + c->layout.in.bufs_at;
	k->sends = sends;
	atomic_flag_clear(&k->busy);
	if (sends)
		vale_link_send(&k->link, c, index);
	else
		vale_link_receive(&k->link, c, index);
}

/* See shm.h for which ring of a pipe is whose. */
static void init_pipe(struct nm_port *p)
{
	const struct vale_client *c = &p->client;
	unsigned end = c->end;

	init_ring(&p->tx[0], c, 2 * end, end, true);
	init_ring(&p->rx[0], c, 2 * end + 1, !end, false);
	p->tx[0].peer = vale_layout_ring(&c->layout, c->mem, 2 * !end + 1)->slot;
	p->rx[0].peer = vale_layout_ring(&c->layout, c->mem, 2 * !end)->slot;
}

static void init_rings(struct nm_port *p)
{
	const struct vale_shape *s = &p->client.layout.shape;

	p->n_tx = s->tx_rings;
	p->n_rx = s->rx_rings;
	if (p->note.mode == NR_REG_ONE_NIC) {
		p->first_tx = p->first_rx = p->note.ringid;
		p->n_tx = p->note.ringid < s->tx_rings;
		p->n_rx = p->note.ringid < s->rx_rings;
	}
	if (p->note.flags & NR_RX_RINGS_ONLY)
		p->n_tx = 0;
	if (p->note.flags & NR_TX_RINGS_ONLY)
		p->n_rx = 0;
	if (p->client.is_pipe) {
		init_pipe(p);
		return;
	}
	for (unsigned i = 0; i < s->tx_rings; i++)
		init_ring(&p->tx[i], &p->client, i, i, true);
	for (unsigned i = 0; i < s->rx_rings; i++)
		init_ring(&p->rx[i], &p->client, s->tx_rings + i, s->tx_rings + i, false);
}

/* Asks, and makes the port of the answer. */
static int ask(int fd, struct vale_msg *m, struct nm_port **ret_port, struct weir_err *err)
{
	CLEANUP(nm_port_freep)
	struct nm_port *p = NULL;
	struct vale_opened opened;
	int r = vale_request(fd, m, err);

	if (r < 0)
		return r;
	p = aligned_alloc(_Alignof(struct nm_port), sizeof(*p));
	if (!p) {
		vale_msg_done(m);
		return err_set(err, -ENOMEM, "no memory for a port");
	}
	memset(p, 0, sizeof(*p));
	vale_client_init(&p->client);
	r = vale_client_take(&p->client, m, NULL, err);
	for (unsigned i = 0; i < VALE_MSG_FDS; i++)
		nm_hide(&p->client.fds[i]);
	if (r < 0)
		return r;
	memcpy(&opened, m->body, sizeof(opened));
	memcpy(&p->note, opened.note, sizeof(p->note));
	p->mem_id = (uint16_t)opened.mem_id;
	init_rings(p);
	*ret_port = TAKE_PTR(p);
	return 0;
}

/* What of a request there cannot be, or not yet. */
static int check_request(const struct nmreq_register *reg, struct weir_err *err)
{
	switch (reg->nr_mode) {
	case NR_REG_ALL_NIC:
	case NR_REG_ONE_NIC:
	case NR_REG_NULL:
		break;
	case NR_REG_SW:
	case NR_REG_NIC_SW:
	case NR_REG_ONE_SW:
		return err_set(err, -EINVAL, "this port has no rings of the host");
	default:
		return err_set(err, -EINVAL, "mode %u is not known", reg->nr_mode);
	}
	return 0;
}

static void fill_answer(const struct nm_port *p, struct nmreq_register *reg)
{
	const struct vale_shape *s = &p->client.layout.shape;

	reg->nr_offset = p->client.layout.if_at;
	reg->nr_memsize = p->client.layout.in.size;
	reg->nr_extra_bufs = s->extra_bufs;
	reg->nr_mem_id = p->mem_id;
	if (p->note.mode == NR_REG_NULL)
		return; /* such a port has as many as it is told */
	reg->nr_tx_slots = s->tx_slots;
	reg->nr_rx_slots = s->rx_slots;
	reg->nr_tx_rings = (uint16_t)s->tx_rings;
	reg->nr_rx_rings = (uint16_t)s->rx_rings;
	reg->nr_host_tx_rings = reg->nr_host_rx_rings = 0;
}

static int ask_open(int fd, const struct vale_open *open, struct nm_port **ret_port,
		    struct weir_err *err)
{
	struct vale_msg m;

	vale_msg_init(&m, VALE_MSG_OPEN);
	memcpy(m.body, open, sizeof(*open));
	m.head.size = sizeof(*open);
	return ask(fd, &m, ret_port, err);
}

int nm_port_register(int fd, const char *port, struct nmreq_register *reg,
		     struct nm_port **ret_port, struct weir_err *err)
{
	struct vale_open open;
	int r = check_request(reg, err);

	if (r < 0)
		return r;
	open = open_of(port, reg);
	r = ask_open(fd, &open, ret_port, err);
	/* A port that is there stays as it is, whatever is asked for. */
	if (r == -EINVAL) {
		open.shape = (struct vale_shape){ .extra_bufs = open.shape.extra_bufs };
		r = ask_open(fd, &open, ret_port, err);
	}
	if (r == 0)
		fill_answer(*ret_port, reg);
	return r;
}

int nm_port_again(int fd, struct nm_port **ret_port, struct weir_err *err)
{
	struct vale_msg m;

	vale_msg_init(&m, VALE_MSG_AGAIN);
	return ask(fd, &m, ret_port, err);
}

struct nm_port *nm_port_free(struct nm_port *p)
{
	if (!p)
		return NULL;
	for (unsigned i = 0; i < VALE_MSG_FDS; i++)
		nm_unhide(p->client.fds[i]);
	vale_client_close(&p->client);
	nm_kloop_free(p->kloop);
	free(p);
	return NULL;
}

static bool sync_all(struct nm_ring *rings, unsigned first, unsigned n)
{
	bool right = true;

	for (unsigned i = first; i < first + n; i++)
		right = nm_ring_sync(&rings[i]) && right;
	return right;
}

bool nm_port_sync_tx(struct nm_port *p)
{
	return sync_all(p->tx, p->first_tx, p->n_tx);
}

bool nm_port_sync_rx(struct nm_port *p)
{
	return sync_all(p->rx, p->first_rx, p->n_rx);
}

static bool any_ready(const struct nm_ring *rings, unsigned first, unsigned n)
{
	for (unsigned i = first; i < first + n; i++)
		if (nm_ring_ready(&rings[i]))
			return true;
	return false;
}

bool nm_port_has_room(const struct nm_port *p)
{
	return any_ready(p->tx, p->first_tx, p->n_tx);
}

bool nm_port_has_frames(const struct nm_port *p)
{
	return any_ready(p->rx, p->first_rx, p->n_rx);
}
