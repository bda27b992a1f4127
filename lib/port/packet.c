/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * packet: AF_PACKET sockets. Works on every interface.
 *
 * Each queue has a socket for sending and one for receiving, so that the two never meet.
 * Interfaces without a link-layer header (tun, WireGuard) get cooked sockets
 * (SOCK_DGRAM): their frames begin with IP, and the protocol goes beside the frame.
 */
#include "port/packet.h"

#include <errno.h>
#include <linux/if_packet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/macros.h"
#include "port/etf.h"
#include "port/name.h"
#include "port/registry.h"
#include "port/wait.h"

static int packet_tx(struct weir_port *port, unsigned q, const struct weir_pkt *pkts, unsigned n)
{
	const struct packet_priv *p = port->priv;

	return packet_txq_send(p->tx[q], &port->queues[q].tx, pkts, n);
}

static int packet_tx_wait(struct weir_port *port, unsigned q, uint64_t timeout_ns)
{
	const struct packet_priv *p = port->priv;

	return packet_txq_wait(p->tx[q], &port->queues[q].tx, timeout_ns);
}

static int packet_tx_drain(struct weir_port *port, unsigned q, uint64_t timeout_ns)
{
	const struct packet_priv *p = port->priv;

	return packet_txq_drain(p->tx[q], &port->queues[q].tx, timeout_ns);
}

int packet_socket(const struct weir_iface *iface, struct weir_err *err)
{
	int type = iface->linktype == LINKTYPE_RAW ? SOCK_DGRAM : SOCK_RAW;
	int fd = socket(AF_PACKET, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd >= 0)
		return fd;
	if (errno == EPERM || errno == EACCES)
		return err_set(err, -errno, "AF_PACKET sockets need the capability CAP_NET_RAW");
	return err_set(err, -errno, "cannot open an AF_PACKET socket: %s", strerror(errno));
}

int packet_bind(int fd, const struct weir_iface *iface, unsigned protocol, struct weir_err *err)
{
	struct sockaddr_ll addr = {
		.sll_family = AF_PACKET,
		.sll_protocol = htobe16((uint16_t)protocol),
		.sll_ifindex = (int)iface->index,
	};

	if (bind(fd, (struct sockaddr *)&addr, sizeof(addr)) < 0)
		return err_set(err, -errno, "cannot bind to interface '%s': %s", iface->name,
			       strerror(errno));
	return 0;
}

int packet_set_promisc(int fd, const struct weir_iface *iface, struct weir_err *err)
{
	struct packet_mreq mreq = { .mr_ifindex = (int)iface->index, .mr_type = PACKET_MR_PROMISC };

	/* The kernel takes it back when the socket goes, however that happens. */
	if (setsockopt(fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &mreq, sizeof(mreq)) < 0)
		return err_set(err, -errno, "promiscuous mode: %s", strerror(errno));
	return 0;
}

int packet_set_offload(int fd, struct weir_err *err)
{
	const int one = 1;

	if (setsockopt(fd, SOL_PACKET, PACKET_VNET_HDR, &one, sizeof(one)) == 0)
		return 0;
	if (errno == EINVAL) /* frames begin with IP */
		return err_set(err, -ENOTSUP,
			       "this interface does not tell what is left to be done on frames");
	return err_set(err, -errno, "PACKET_VNET_HDR: %s", strerror(errno));
}

static int find_iface(const char *name, struct weir_iface *ret_iface, struct weir_err *err)
{
	struct weir_iface iface;
	int r = link_by_name(name, &iface, err);

	if (r < 0)
		return r;
	if (iface.linktype == WEIR_LINKTYPE_NONE)
		return err_set(err, -ENOTSUP, "interface '%s' has a link layer that is not known",
			       name);
	*ret_iface = iface;
	return 0;
}

/* Finds what keeps the launch times. */
static int find_etf(struct weir_port *port, struct etf *ret_etf, struct weir_err *err)
{
	const struct packet_priv *p = port->priv;
	struct etf etf;
	int r = etf_find(&p->iface, &etf, err);

	if (r < 0)
		return r;
	/* Frames that do not get there would leave at once, and nobody would know. */
	if (!etf.root && !port_option(&port->args, "prio", NULL))
		return err_set(err, -ENOTSUP,
			       "the ETF queueing discipline of '%s' is not the root: say with "
			       "',prio=N' what priority leads frames to it",
			       p->iface.name);
	(void)snprintf(port->info.note, sizeof(port->info.note), "launch times kept by %s",
		       etf.offload ? "the network card" : "the kernel");
	*ret_etf = etf;
	return 0;
}

/* What the name asks of every queue. */
struct tx_wishes {
	bool qdisc, has_priority, offload;
	uint64_t priority;
	const struct etf *etf; /* NULL: no launch times */
};

static int open_txq(const struct weir_iface *iface, const struct tx_wishes *w,
		    struct packet_txq **ret_tx, struct weir_err *err)
{
	int r = packet_txq_open(iface, w->qdisc, ret_tx, err);

	if (r == 0 && !w->qdisc && !w->offload)
		packet_txq_use_ring(*ret_tx, iface);
	if (r == 0 && w->has_priority)
		r = packet_txq_set_priority(*ret_tx, (unsigned)w->priority, err);
	if (r == 0 && w->etf)
		r = packet_txq_set_launch(*ret_tx, w->etf, err);
	if (r == 0 && w->offload)
		r = packet_txq_set_offload(*ret_tx, err);
	return r;
}

static int open_tx(struct weir_port *port, struct weir_err *err)
{
	struct packet_priv *p = port->priv;
	struct tx_wishes w = {
		.qdisc = port->opts.launch_time || port_option(&port->args, "qdisc", NULL),
		.has_priority = port_option(&port->args, "prio", NULL),
		.offload = port->opts.offload,
	};
	struct etf etf;
	int r = port_option_number(&port->args, "prio", 0, 15, &w.priority, err);

	if (r == 0 && port->opts.launch_time) {
		r = find_etf(port, &etf, err);
		w.etf = &etf;
	}
	if (r < 0)
		return r;

	p->tx = calloc(p->n_queues, sizeof(struct packet_txq *));
	if (!p->tx)
		return err_set(err, -ENOMEM, "no memory for %u queues", p->n_queues);
	for (unsigned q = 0; q < p->n_queues; q++) {
		r = open_txq(&p->iface, &w, &p->tx[q], err);
		if (r < 0)
			return r;
	}
	return 0;
}

static int packet_open(struct weir_port *port, struct weir_err *err)
{
	struct packet_priv *p = port->priv;
	const struct weir_iface *iface = &p->iface;
	int r;

	r = find_iface(port->args.target, &p->iface, err);
	if (r < 0)
		return r;
	r = port_set_queues(port, port->args.n_queues, err);
	if (r < 0)
		return r;
	p->n_queues = port->info.n_queues;
	if (port->opts.dir & WEIR_PORT_TX)
		r = open_tx(port, err);
	if (r == 0 && port->opts.dir & WEIR_PORT_RX)
		r = packet_rx_open(port, err);
	if (r < 0)
		return r;

	(void)snprintf(port->info.device, sizeof(port->info.device), "%s", iface->name);
	port->info.linktype = iface->linktype;
	port->info.max_frame = iface->mtu + iface->header_len;
	port->info.speed_bps = iface->speed_bps;
	memcpy(port->info.mac, iface->mac, sizeof(port->info.mac));
	return 0;
}

/* Frames with a launch time are under way for up to a second more. */
static void drain_all(struct weir_port *port)
{
	const struct packet_priv *p = port->priv;
	uint64_t now = wait_clock_ns(CLOCK_MONOTONIC), end = now + NSEC_PER_SEC;

	for (unsigned q = 0; p->tx && q < p->n_queues && p->tx[q]; q++) {
		while (now < end && packet_tx_drain(port, q, end - now) == 0)
			now = wait_clock_ns(CLOCK_MONOTONIC);
	}
}

static void packet_close(struct weir_port *port)
{
	struct packet_priv *p = port->priv;

	drain_all(port);
	for (unsigned q = 0; p->tx && q < p->n_queues; q++)
		p->tx[q] = packet_txq_close(p->tx[q]);
	free(p->tx);
	packet_rx_close(p);
}

static int packet_probe(const char *ifname, struct weir_err *err)
{
	struct weir_iface iface = { .header_len = 14 };
	int r = ifname ? find_iface(ifname, &iface, err) : 0;
	int fd;

	if (r < 0)
		return r;
	fd = packet_socket(&iface, err);
	if (fd < 0)
		return fd;
	(void)close(fd); /* it was only to see whether it opens */
	return 0;
}

const struct backend packet_backend = {
	.scheme = "packet",
	.summary = "AF_PACKET sockets",
	.needs = "CAP_NET_RAW",
	.options = "prio qdisc ring",
	.dirs = WEIR_PORT_TX | WEIR_PORT_RX,
	.needs_target = true,
	.on_iface = true,
	.launch_time = true,
	.offload = true,
	.sent = true,
	.hw_time = true,
	.priv_size = sizeof(struct packet_priv),
	.open = packet_open,
	.close = packet_close,
	.tx = packet_tx,
	.tx_wait = packet_tx_wait,
	.tx_drain = packet_tx_drain,
	.rx = packet_rx,
	.rx_release = packet_rx_release,
	.rx_wait = packet_rx_wait,
	.rx_fd = packet_rx_fd,
	.probe = packet_probe,
};
