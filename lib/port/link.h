/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Network interfaces as the kernel tells of them (rtnetlink, ethtool). The public half is
 * weir_ifaces() in weir/port.h.
 */
#ifndef PORT_LINK_H
#define PORT_LINK_H

#include <stdbool.h>
#include <stdint.h>

#include <weir/port.h>

#include "base/bytes.h"
#include "base/macros.h"

/* The interface of that name. -ENODEV with a text if there is none. */
int link_by_name(const char *name, struct weir_iface *ret_iface, struct weir_err *err);

/* One of the ioctls of an interface that take a struct of their own (ifr_data), on any socket.
 * A negative errno without a text. */
int link_ioctl(int fd, const char *name, unsigned long request, void *data);

struct nlmsghdr;

/* Asks rtnetlink for a dump and gives each message of the answer to each(), whose negative
 * result ends it. 0, that result, or a negative errno without text. */
typedef int link_dump_fn(void *ctx, struct nlmsghdr *h);
int link_dump(const struct nlmsghdr *rq, link_dump_fn *each, void *ctx);

/* A sending queue's view of its interface, refreshed when it may have changed.
 * Belongs to one thread. */
struct link_track {
	int query_fd;	/* asks */
	int events_fd;	/* hears of changes */
	uint64_t due;	/* when to look again, ns of CLOCK_MONOTONIC_COARSE */
	bool down;	/* switched off or without carrier when last seen */
	uint32_t mtu;	/* when last seen */
	unsigned index; /* of the interface: it may be renamed */
};

/* To be ended with link_track_done(), also after a failure. */
int link_track_init(struct link_track *t, const struct weir_iface *iface, struct weir_err *err);
/* Copes with zeroed memory. */
void link_track_done(struct link_track *t);

/* Asks the kernel now. 0; -ENODEV: the interface is gone. */
int link_track_refresh(struct link_track *t);

/* Cheap enough for every batch: looks whether something changed every 50 ms, or, while
 * the link is down, asks every 5 ms whether it is up. As link_track_refresh(). */
int link_track_poll(struct link_track *t);

#define LINK_ETH_LEN  14u
#define LINK_VLAN_LEN 4u

/* May an Ethernet frame of that length pass? It may be longer by the tag it carries.
 * longest: that anything else allows. */
static inline bool link_track_takes(const struct link_track *t, const struct weir_pkt *pkt,
				    uint32_t longest, enum weir_refusal *ret_why)
{
	uint32_t max = t->mtu + LINK_ETH_LEN;

	if (unlikely(pkt->len < LINK_ETH_LEN)) {
		*ret_why = WEIR_REFUSED_TOO_SHORT;
		return false;
	}
	if (unlikely(pkt->len > max && pkt->len <= max + LINK_VLAN_LEN)) {
		uint16_t type = be16_at(pkt->data + 12);

		if (type == 0x8100 || type == 0x88a8)
			max += LINK_VLAN_LEN;
	}
	*ret_why = WEIR_REFUSED_TOO_LONG;
	return likely(pkt->len <= MIN(max, longest));
}

#endif
