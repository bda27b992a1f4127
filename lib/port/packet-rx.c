/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * packet, receiving: a ring that the kernel puts frames into, which are lent where they lie.
 *
 * Several queues are one fanout group: the kernel spreads flows over them. While the
 * group is put together a filter keeps every frame out, else the sockets that are
 * bound already would all get a copy of each.
 */
#include <errno.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/net_tstamp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include "base/bytes.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/lines.h"
#include "base/macros.h"
#include "port/name.h"
#include "port/packet-rx.h"
#include "port/packet.h"
#include "port/wait.h"

enum {
	DEFAULT_RING_MIB = 32,
	MAX_RING_MIB = 4096,
	VLAN_LEN = 4,
};

#define GONE_CHECK_NS (100 * NSEC_PER_MSEC)

static int set_opt(int fd, int opt, const char *name, int value, struct weir_err *err)
{
	if (setsockopt(fd, SOL_PACKET, opt, &value, sizeof(value)) < 0)
		return err_set(err, -errno, "%s: %s", name, strerror(errno));
	return 0;
}

static int map_ring(struct packet_rx *rx, const struct weir_iface *iface, uint64_t mib,
		    struct weir_err *err)
{
	struct weir_err why = { 0 };
	void *p;
	int r;

	r = set_opt(rx->fd, PACKET_VERSION, "PACKET_VERSION", rx->ops->version, err);
	if (r == 0)
		r = set_opt(rx->fd, PACKET_RESERVE, "PACKET_RESERVE", PACKET_ROOM_BEFORE, err);
	if (r < 0)
		return r;
	rx->ring_size = (size_t)mib * PACKET_BLOCK_SIZE;
	r = rx->ops->make(rx, iface, &why);
	if (r < 0)
		return err_set(err, r, "cannot make a receive ring of %llu MiB: %s",
			       (unsigned long long)mib, why.text);

	p = mmap(NULL, rx->ring_size, PROT_READ | PROT_WRITE, MAP_SHARED, rx->fd, 0);
	if (p == MAP_FAILED)
		return err_set(err, -errno, "cannot map the receive ring of %llu MiB: %s",
			       (unsigned long long)mib, strerror(errno));
	rx->ring = p;
	return 0;
}

static int attach(int fd, const struct sock_fprog *prog, struct weir_err *err)
{
	if (setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, prog, sizeof(*prog)) < 0)
		return err_set(err, -errno, "SO_ATTACH_FILTER: %s", strerror(errno));
	return 0;
}

/* A filter that takes the first len bytes of every frame; 0: no frame at all. */
static int set_filter(int fd, uint32_t len, struct weir_err *err)
{
	struct sock_filter code = BPF_STMT(BPF_RET | BPF_K, len);
	struct sock_fprog prog = { .len = 1, .filter = &code };

	return attach(fd, &prog, err);
}

/* The caller's program, behind a look for a tag: it was made for frames that have theirs. */
static int set_program(int fd, const struct sock_fprog *prog, uint32_t len, struct weir_err *err)
{
	const struct sock_filter tagged[] = {
		BPF_STMT(BPF_LD | BPF_B | BPF_ABS,
			 (uint32_t)(SKF_AD_OFF + SKF_AD_VLAN_TAG_PRESENT)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 1, 0),
		BPF_STMT(BPF_RET | BPF_K, len),
	};
	struct sock_fprog whole = { .len = (unsigned short)(prog->len + ARRAY_SIZE(tagged)) };
	int r;

	if (prog->len > BPF_MAXINSNS - ARRAY_SIZE(tagged))
		return set_filter(fd, len, err); /* it is a hint */
	whole.filter = malloc(whole.len * sizeof(*whole.filter));
	if (!whole.filter)
		return err_set(err, -ENOMEM, "no memory for a filter");
	memcpy(whole.filter, tagged, sizeof(tagged));
	memcpy(whole.filter + ARRAY_SIZE(tagged), prog->filter, prog->len * sizeof(*prog->filter));
	r = attach(fd, &whole, err);
	free(whole.filter);
	return r;
}

static int rx_queue_open(struct packet_rx *rx, const struct weir_iface *iface, uint64_t ring_mib,
			 const struct weir_port_opts *opts, struct weir_err *err)
{
	int r = 0;

	rx->told = opts->sent || opts->hw_time;
	rx->snaplen = opts->snaplen ? opts->snaplen : WEIR_FRAME_MAX;

	rx->fd = packet_socket(iface, err);
	if (rx->fd < 0)
		return rx->fd;
	if (opts->offload) {
		rx->before = WEIR_OFFLOAD_LEN;
		r = packet_set_offload(rx->fd, err);
	}
	if (r == 0)
		r = map_ring(rx, iface, ring_mib, err);
	if (r == 0 && opts->hw_time)
		r = set_opt(rx->fd, PACKET_TIMESTAMP, "PACKET_TIMESTAMP",
			    SOF_TIMESTAMPING_RAW_HARDWARE | SOF_TIMESTAMPING_SOFTWARE, err);
	if (r == 0 && !opts->sent)
		r = set_opt(rx->fd, PACKET_IGNORE_OUTGOING, "PACKET_IGNORE_OUTGOING", 1, err);
	if (r == 0)
		r = set_filter(rx->fd, 0, err);
	if (r == 0)
		r = packet_bind(rx->fd, iface, ETH_P_ALL, err);
	if (r == 0)
		r = link_track_init(&rx->link, iface, err);
	return r;
}

/* Puts all queues into one new fanout group. */
static int join_fanout(struct packet_priv *p, struct weir_err *err)
{
	uint32_t mode = PACKET_FANOUT_HASH | PACKET_FANOUT_FLAG_ROLLOVER;
	uint32_t value = (mode | PACKET_FANOUT_FLAG_UNIQUEID) << 16;
	socklen_t len = sizeof(value);

	for (unsigned q = 0; q < p->n_queues; q++) {
		int fd = p->rx[q].fd;

		if (setsockopt(fd, SOL_PACKET, PACKET_FANOUT, &value, sizeof(value)) < 0)
			return err_set(err, -errno, "PACKET_FANOUT: %s", strerror(errno));
		if (q == 0) {
			/* The kernel chose a number for the group. */
			if (getsockopt(fd, SOL_PACKET, PACKET_FANOUT, &value, &len) < 0)
				return err_set(err, -errno, "PACKET_FANOUT: %s", strerror(errno));
			value = mode << 16 | (value & 0xffff);
		}
	}
	return 0;
}

int packet_rx_open(struct weir_port *port, struct weir_err *err)
{
	struct packet_priv *p = port->priv;
	unsigned n = port->info.n_queues;
	uint64_t ring_mib = DEFAULT_RING_MIB;
	int r;

	r = port_option_number(&port->args, "ring", 2, MAX_RING_MIB, &ring_mib, err);
	if (r < 0)
		return r;
	p->rx = lines_new(n, sizeof(*p->rx));
	if (!p->rx)
		return err_set(err, -ENOMEM, "no memory for %u queues", n);
	for (unsigned q = 0; q < n; q++) {
		p->rx[q].fd = -EBADF;
		p->rx[q].ops = port->opts.low_latency ? &packet_slots : &packet_blocks;
	}

	for (unsigned q = 0; r == 0 && q < n; q++)
		r = rx_queue_open(&p->rx[q], &p->iface, ring_mib, &port->opts, err);
	if (r == 0 && n > 1)
		r = join_fanout(p, err);
	if (r == 0 && port->opts.promisc)
		r = packet_set_promisc(p->rx[0].fd, &p->iface, err);
	for (unsigned q = 0; r == 0 && q < n; q++) {
		struct packet_rx *rx = &p->rx[q];

		r = port->opts.filter ? set_program(rx->fd, port->opts.filter, rx->snaplen, err)
				      : set_filter(rx->fd, rx->snaplen, err);
	}
	return r;
}

void packet_rx_close(struct packet_priv *p)
{
	for (unsigned q = 0; p->rx && q < p->n_queues; q++) {
		struct packet_rx *rx = &p->rx[q];

		if (rx->ring)
			(void)munmap(rx->ring, rx->ring_size); /* was mapped */
		if (rx->ops->done)
			rx->ops->done(rx);
		closep(&rx->fd);
		link_track_done(&rx->link);
	}
	free(p->rx);
}

/* The frame has become longer in front of what the header tells of. */
static void shift_offload(uint8_t *header)
{
	struct weir_offload o;

	memcpy(&o, header, WEIR_OFFLOAD_LEN);
	if (o.flags & WEIR_OFFLOAD_SUM)
		o.sum_from += VLAN_LEN;
	if (o.cut)
		o.header_len += VLAN_LEN;
	memcpy(header, &o, WEIR_OFFLOAD_LEN);
}

/* Puts back the tag that the kernel or the device took out of an Ethernet frame. */
static void restore_vlan(const struct packet_rx *rx, uint16_t tci, uint16_t tpid,
			 struct weir_pkt *pkt)
{
	uint8_t *from = pkt->data - rx->before;

	memmove(from - VLAN_LEN, from, rx->before + 2 * ETH_ALEN);
	if (rx->before)
		shift_offload(from - VLAN_LEN);
	pkt->data -= VLAN_LEN;
	be16_put(pkt->data + 12, tpid);
	be16_put(pkt->data + 14, tci);
	pkt->len = MIN(pkt->len + VLAN_LEN, rx->snaplen);
	pkt->orig_len += VLAN_LEN;
}

/* enum weir_rx_told. */
static uint8_t byte_of(const struct packet_told *told)
{
	uint8_t byte = 0;

	if (told->from->sll_pkttype == PACKET_OUTGOING)
		byte |= WEIR_RX_SENT;
	if (told->status & TP_STATUS_TS_RAW_HARDWARE)
		byte |= WEIR_RX_HW_TIME;
	return byte;
}

void packet_complete(const struct packet_rx *rx, const struct packet_told *told,
		     struct weir_pkt *pkt)
{
	if (unlikely(told->status & TP_STATUS_VLAN_VALID) && pkt->len >= 2 * ETH_ALEN)
		restore_vlan(rx, told->tci,
			     told->status & TP_STATUS_VLAN_TPID_VALID ? told->tpid : ETH_P_8021Q,
			     pkt);
	if (rx->told)
		pkt->data[-1] = byte_of(told);
}

/* The kernel's count of frames without room; it begins anew with each call. */
static void count_drops(const struct packet_rx *rx, struct port_counters *count)
{
	struct tpacket_stats_v3 stats;
	socklen_t len = sizeof(stats);

	if (getsockopt(rx->fd, SOL_PACKET, PACKET_STATISTICS, &stats, &len) == 0)
		counter_add(&count->dropped, stats.tp_drops);
}

void packet_rx_release(struct weir_port *port, unsigned q)
{
	const struct packet_priv *p = port->priv;
	struct packet_rx *rx = &p->rx[q];

	if (!rx->held)
		return;
	rx->ops->release(rx);
	count_drops(rx, &port->queues[q].rx);
}

int packet_rx(struct weir_port *port, unsigned q, struct weir_pkt *ret_pkts, unsigned max)
{
	const struct packet_priv *p = port->priv;
	struct packet_rx *rx = &p->rx[q];
	struct port_counters *count = &port->queues[q].rx;
	const bool lent = rx->held;
	uint64_t bytes = 0, dropped = 0;
	unsigned n = rx->ops->take(rx, ret_pkts, max, &dropped);

	for (unsigned i = 0; i < n; i++)
		bytes += ret_pkts[i].orig_len;
	counter_add(&count->frames, n);
	counter_add(&count->bytes, bytes);
	if (unlikely(dropped)) {
		counter_add(&count->dropped, dropped);
		if (!n && !lent) /* nobody gives back what nobody was given */
			packet_rx_release(port, q);
	}
	return (int)n;
}

/* The socket reported an error, or was down and may have missed its end. */
static int check_gone(struct packet_rx *rx)
{
	int error = 0;
	socklen_t len = sizeof(error);
	int r;

	/* Reading the error clears it; else every poll would return at once. */
	(void)getsockopt(rx->fd, SOL_SOCKET, SO_ERROR, &error, &len);
	r = link_track_refresh(&rx->link);
	rx->was_down = rx->link.down;
	return r;
}

int packet_rx_fd(const struct weir_port *port, unsigned q)
{
	const struct packet_priv *p = port->priv;

	return p->rx[q].fd;
}

int packet_rx_wait(struct weir_port *port, unsigned q, uint64_t timeout_ns)
{
	const struct packet_priv *p = port->priv;
	struct packet_rx *rx = &p->rx[q];
	struct pollfd pfd = { .fd = rx->fd, .events = POLLIN };
	int r;

	if (rx->ops->has_frames(rx))
		return 1;
	count_drops(rx, &port->queues[q].rx);

	/* A socket that is down is not told that its interface goes away. */
	r = wait_fds(&pfd, 1, rx->was_down ? MIN(timeout_ns, GONE_CHECK_NS) : timeout_ns);
	if (r < 0)
		return r;
	if (pfd.revents & (POLLERR | POLLHUP) || rx->was_down) {
		r = check_gone(rx);
		if (r < 0)
			return r;
	}
	return rx->ops->has_frames(rx);
}
