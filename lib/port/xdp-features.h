/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a network device's driver can do with XDP, as the kernel tells it: generic netlink
 * family "netdev", Documentation/netlink/specs/netdev.yaml, Linux 6.3.
 */
#ifndef PORT_XDP_FEATURES_H
#define PORT_XDP_FEATURES_H

#include <stdbool.h>
#include <stdint.h>

/* NETDEV_XDP_ACT_BASIC: runs programs that let frames pass, drop them or send them back. */
#define XDP_FEATURE_BASIC (1U << 0)
/* NETDEV_XDP_ACT_NDO_XMIT: takes frames that XDP programs redirect to it. */
#define XDP_FEATURE_XMIT (1U << 2)

/* Bits of NETDEV_XDP_ACT_. 0; -ENOTSUP: the kernel does not tell; or another errno. */
int xdp_features(unsigned ifindex, uint64_t *ret_features);

/* Does the driver say that it gives its programs the time stamps of the device? */
bool xdp_tells_time(unsigned ifindex);

#endif
