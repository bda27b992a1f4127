/* SPDX-License-Identifier: BSD-2-Clause */
#include "port/link.h"

#include <errno.h>
#include <linux/ethtool.h>
#include <linux/if.h>
#include <linux/if_arp.h>
#include <linux/rtnetlink.h>
#include <linux/sockios.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/macros.h"
#include "port/wait.h"

#define LOOK_EVERY_NS	   (50 * NSEC_PER_MSEC)
#define LOOK_EVERY_DOWN_NS (5 * NSEC_PER_MSEC)

/* The kernel fills a dump up to this much when the reader has room for it. */
#define REPLY_SIZE 32768

static int open_netlink(unsigned groups)
{
	struct sockaddr_nl addr = { .nl_family = AF_NETLINK, .nl_groups = groups };
	CLEANUP(closep)
	int fd = -EBADF;

	fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	if (fd < 0)
		return -errno;
	if (bind(fd, (struct sockaddr *)&addr, sizeof(addr)) < 0)
		return -errno;
	return TAKE_FD(fd);
}

/* ARPHRD_ number to link type. Tunnels without a header of their own are raw IP. */
static uint32_t linktype_of(unsigned arphrd)
{
	switch (arphrd) {
	case ARPHRD_ETHER:
	case ARPHRD_LOOPBACK:
		return WEIR_LINKTYPE_ETHERNET;
	case ARPHRD_NONE:
	case ARPHRD_RAWIP:
	case ARPHRD_TUNNEL:
	case ARPHRD_TUNNEL6:
	case ARPHRD_SIT:
	case ARPHRD_IPGRE:
	case ARPHRD_IP6GRE:
	case ARPHRD_PPP:
		return 101; /* LINKTYPE_RAW */
	case ARPHRD_IEEE80211:
		return 105; /* LINKTYPE_IEEE802_11 */
	case ARPHRD_IEEE80211_RADIOTAP:
		return 127; /* LINKTYPE_IEEE802_11_RADIOTAP */
	default:
		return WEIR_LINKTYPE_NONE;
	}
}

static void copy_name(char to[static IFNAMSIZ], const char *name)
{
	memcpy(to, name, strnlen(name, IFNAMSIZ - 1)); /* the rest is zero already */
}

static void copy_string(char *to, size_t size, struct rtattr *a)
{
	size_t len = strnlen(RTA_DATA(a), RTA_PAYLOAD(a));

	len = MIN(len, size - 1);
	memcpy(to, RTA_DATA(a), len);
	to[len] = '\0';
}

static uint32_t u32_of(struct rtattr *a)
{
	uint32_t v = 0;

	memcpy(&v, RTA_DATA(a), MIN(sizeof(v), (size_t)RTA_PAYLOAD(a)));
	return v;
}

static void read_kind(struct weir_iface *iface, struct rtattr *info)
{
	int left = (int)RTA_PAYLOAD(info);

	for (struct rtattr *a = RTA_DATA(info); RTA_OK(a, left); a = RTA_NEXT(a, left)) {
		if (a->rta_type == IFLA_INFO_KIND)
			copy_string(iface->kind, sizeof(iface->kind), a);
	}
}

static void read_link(struct nlmsghdr *h, struct weir_iface *ret_iface)
{
	struct ifinfomsg *msg = NLMSG_DATA(h);
	int left = (int)IFLA_PAYLOAD(h);
	struct weir_iface i = {
		.index = (unsigned)msg->ifi_index,
		.up = msg->ifi_flags & IFF_UP,
		.carrier = true, /* of those that cannot tell */
		.linktype = linktype_of(msg->ifi_type),
		.rx_queues = 1,
		.tx_queues = 1,
	};

	if (i.linktype == WEIR_LINKTYPE_ETHERNET)
		i.header_len = 14;
	for (struct rtattr *a = IFLA_RTA(msg); RTA_OK(a, left); a = RTA_NEXT(a, left)) {
		switch (a->rta_type) {
		case IFLA_IFNAME:
			copy_string(i.name, sizeof(i.name), a);
			break;
		case IFLA_MTU:
			i.mtu = u32_of(a);
			break;
		case IFLA_CARRIER:
			i.carrier = u32_of(a) & 0xff;
			break;
		case IFLA_ADDRESS:
			if (RTA_PAYLOAD(a) == sizeof(i.mac))
				memcpy(i.mac, RTA_DATA(a), sizeof(i.mac));
			break;
		case IFLA_NUM_RX_QUEUES:
			i.rx_queues = u32_of(a);
			break;
		case IFLA_NUM_TX_QUEUES:
			i.tx_queues = u32_of(a);
			break;
		case IFLA_LINKINFO:
			read_kind(&i, a);
			break;
		}
	}
	*ret_iface = i;
}

struct link_request {
	struct nlmsghdr h;
	struct ifinfomsg msg;
	struct {
		struct rtattr a;
		uint32_t mask;
	} skip;
	struct {
		struct rtattr a;
		char name[IFNAMSIZ];
	} name;
};

/* For one interface by index, or by name if that is 0, or (both missing) for all. */
static struct link_request link_request(unsigned index, const char *name)
{
	struct link_request rq = {
		.h = { .nlmsg_type = RTM_GETLINK, .nlmsg_flags = NLM_F_REQUEST },
		.msg = { .ifi_family = AF_UNSPEC, .ifi_index = (int)index },
		.skip = { { sizeof(rq.skip), IFLA_EXT_MASK }, RTEXT_FILTER_SKIP_STATS },
		.name = { { sizeof(rq.name), IFLA_IFNAME } },
	};

	rq.h.nlmsg_len = offsetof(struct link_request, name);
	if (name) {
		copy_name(rq.name.name, name);
		rq.h.nlmsg_len = sizeof(rq);
	} else if (!index) {
		rq.h.nlmsg_flags |= NLM_F_DUMP;
	}
	return rq;
}

static ssize_t recv_reply(int fd, void *buf)
{
	ssize_t n;

	do
		n = recv(fd, buf, REPLY_SIZE, 0);
	while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : n;
}

/* One interface by index or name; fd answers nothing else. */
static int query_link(int fd, unsigned index, const char *name, struct weir_iface *ret_iface)
{
	const struct link_request rq = link_request(index, name);
	CLEANUP(freep)
	struct nlmsghdr *h = malloc(REPLY_SIZE);
	struct nlmsgerr *e;
	ssize_t n;

	if (!h)
		return -ENOMEM;
	if (send(fd, &rq, rq.h.nlmsg_len, 0) < 0)
		return -errno;
	n = recv_reply(fd, h);
	if (n < 0)
		return (int)n;
	if (!NLMSG_OK(h, (size_t)n))
		return -EIO;
	if (h->nlmsg_type == NLMSG_ERROR) {
		e = NLMSG_DATA(h);
		return e->error ? e->error : -EIO;
	}
	read_link(h, ret_iface);
	return 0;
}

int link_ioctl(int fd, const char *name, unsigned long request, void *data)
{
	struct ifreq ifr = { .ifr_data = data };

	copy_name(ifr.ifr_name, name);
	return ioctl(fd, request, &ifr) < 0 ? -errno : 0;
}

static int ethtool(int fd, const char *name, void *cmd)
{
	return link_ioctl(fd, name, SIOCETHTOOL, cmd);
}

/* Speed and queues in use; what the driver does not tell stays as netlink told it. */
static void read_ethtool(int fd, struct weir_iface *iface)
{
	struct ethtool_channels ch = { .cmd = ETHTOOL_GCHANNELS };
	struct ethtool_cmd speed = { .cmd = ETHTOOL_GSET };
	uint32_t mbps;

	if (ethtool(fd, iface->name, &ch) == 0 && ch.combined_count + ch.tx_count &&
	    ch.combined_count + ch.rx_count) {
		iface->tx_queues = ch.combined_count + ch.tx_count;
		iface->rx_queues = ch.combined_count + ch.rx_count;
	}
	if (ethtool(fd, iface->name, &speed) == 0) {
		mbps = ethtool_cmd_speed(&speed);
		if (mbps != (uint32_t)SPEED_UNKNOWN && mbps != UINT16_MAX)
			iface->speed_bps = (uint64_t)mbps * 1000000;
	}
}

int link_by_name(const char *name, struct weir_iface *ret_iface, struct weir_err *err)
{
	CLEANUP(closep)
	int nl = open_netlink(0);
	CLEANUP(closep)
	int ctl = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct weir_iface iface;
	int r = nl;

	if (strlen(name) >= sizeof(iface.name))
		return err_set(err, -ENODEV, "no interface is named '%s': that is too long", name);
	if (r >= 0)
		r = query_link(nl, 0, name, &iface);
	if (r == -ENODEV)
		return err_set(err, r, "there is no interface '%s'", name);
	if (r < 0)
		return err_set(err, r, "cannot ask for interface '%s': %s", name, strerror(-r));
	if (ctl >= 0)
		read_ethtool(ctl, &iface);
	*ret_iface = iface;
	return 0;
}

struct iface_list {
	struct weir_iface *items;
	unsigned n, room;
};

static int add_link(void *ctx, struct nlmsghdr *h)
{
	struct iface_list *list = ctx;

	if (h->nlmsg_type != RTM_NEWLINK)
		return 0;
	if (list->n == list->room) {
		unsigned room = list->room ? 2 * list->room : 16;
		void *p = reallocarray(list->items, room, sizeof(*list->items));

		if (!p)
			return -ENOMEM;
		list->items = p;
		list->room = room;
	}
	read_link(h, &list->items[list->n++]);
	return 0;
}

/* Reads one reply to a dump. 1: more to come; 0: that was the end. */
static int read_dump(int fd, void *buf, link_dump_fn *each, void *ctx)
{
	ssize_t n = recv_reply(fd, buf);
	int r;

	if (n < 0)
		return (int)n;
	for (struct nlmsghdr *h = buf; NLMSG_OK(h, (size_t)n); h = NLMSG_NEXT(h, n)) {
		if (h->nlmsg_type == NLMSG_DONE)
			return 0;
		if (h->nlmsg_type == NLMSG_ERROR)
			return ((struct nlmsgerr *)NLMSG_DATA(h))->error ?: -EIO;
		r = each(ctx, h);
		if (r < 0)
			return r;
	}
	return 1;
}

int link_dump(const struct nlmsghdr *rq, link_dump_fn *each, void *ctx)
{
	CLEANUP(closep)
	int fd = open_netlink(0);
	CLEANUP(freep)
	void *buf = malloc(REPLY_SIZE);
	int r = 1;

	if (fd < 0)
		return fd;
	if (!buf)
		return -ENOMEM;
	if (send(fd, rq, rq->nlmsg_len, 0) < 0)
		return -errno;
	while (r > 0)
		r = read_dump(fd, buf, each, ctx);
	return r;
}

static int by_index(const void *a, const void *b)
{
	const struct weir_iface *x = a, *y = b;

	return x->index < y->index ? -1 : x->index > y->index;
}

int weir_ifaces(struct weir_iface **ret_ifaces, unsigned *ret_n, struct weir_err *err)
{
	CLEANUP(closep)
	int ctl = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	const struct link_request rq = link_request(0, NULL);
	struct iface_list list = { 0 };
	int r = link_dump(&rq.h, add_link, &list);

	if (r < 0) {
		free(list.items);
		return err_set(err, r, "cannot list the interfaces: %s", strerror(-r));
	}

	for (unsigned i = 0; ctl >= 0 && i < list.n; i++)
		read_ethtool(ctl, &list.items[i]);
	if (list.n)
		qsort(list.items, list.n, sizeof(*list.items), by_index);
	*ret_ifaces = list.items;
	*ret_n = list.n;
	return 0;
}

static void take_state(struct link_track *t, const struct weir_iface *iface)
{
	t->down = !iface->up || !iface->carrier;
	t->mtu = iface->mtu;
	t->due = wait_clock_ns(CLOCK_MONOTONIC_COARSE) +
		 (t->down ? LOOK_EVERY_DOWN_NS : LOOK_EVERY_NS);
}

int link_track_init(struct link_track *t, const struct weir_iface *iface, struct weir_err *err)
{
	t->index = iface->index;
	t->query_fd = open_netlink(0);
	t->events_fd = open_netlink(RTMGRP_LINK);
	take_state(t, iface);
	if (t->query_fd < 0 || t->events_fd < 0)
		return err_set(err, MIN(t->query_fd, t->events_fd),
			       "cannot open a netlink socket: %s",
			       strerror(-MIN(t->query_fd, t->events_fd)));
	return 0;
}

void link_track_done(struct link_track *t)
{
	if (!t->index)
		return;
	closep(&t->query_fd);
	closep(&t->events_fd);
	t->index = 0;
}

int link_track_refresh(struct link_track *t)
{
	struct weir_iface iface;
	int r = query_link(t->query_fd, t->index, NULL, &iface);

	if (r == 0)
		take_state(t, &iface);
	/* Other failures are of the moment: what was seen last stays. */
	return r == -ENODEV ? r : 0;
}

/* Takes all that came in; overrun (ENOBUFS) is news, too. */
static bool heard_news(struct link_track *t)
{
	bool news = false;
	char byte;

	for (;;) {
		ssize_t n = recv(t->events_fd, &byte, sizeof(byte), MSG_DONTWAIT);

		if (n < 0 && errno != ENOBUFS)
			return news;
		news = true;
	}
}

int link_track_poll(struct link_track *t)
{
	uint64_t now = wait_clock_ns(CLOCK_MONOTONIC_COARSE);

	if (likely(now < t->due))
		return 0;
	t->due = now + LOOK_EVERY_NS;
	return t->down || heard_news(t) ? link_track_refresh(t) : 0;
}
