/* SPDX-License-Identifier: BSD-2-Clause */
#include <weir/hwstamp.h>

#include <errno.h>
#include <linux/ethtool.h>
#include <linux/net_tstamp.h>
#include <linux/sockios.h>
#include <string.h>
#include <sys/socket.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/macros.h"
#include "port/link.h"

/* The names that ethtool(8) has for them. */
static const char *const rx_names[] = {
	[HWTSTAMP_FILTER_NONE] = "none",
	[HWTSTAMP_FILTER_ALL] = "all",
	[HWTSTAMP_FILTER_SOME] = "some",
	[HWTSTAMP_FILTER_PTP_V1_L4_EVENT] = "ptpv1-l4-event",
	[HWTSTAMP_FILTER_PTP_V1_L4_SYNC] = "ptpv1-l4-sync",
	[HWTSTAMP_FILTER_PTP_V1_L4_DELAY_REQ] = "ptpv1-l4-delay-req",
	[HWTSTAMP_FILTER_PTP_V2_L4_EVENT] = "ptpv2-l4-event",
	[HWTSTAMP_FILTER_PTP_V2_L4_SYNC] = "ptpv2-l4-sync",
	[HWTSTAMP_FILTER_PTP_V2_L4_DELAY_REQ] = "ptpv2-l4-delay-req",
	[HWTSTAMP_FILTER_PTP_V2_L2_EVENT] = "ptpv2-l2-event",
	[HWTSTAMP_FILTER_PTP_V2_L2_SYNC] = "ptpv2-l2-sync",
	[HWTSTAMP_FILTER_PTP_V2_L2_DELAY_REQ] = "ptpv2-l2-delay-req",
	[HWTSTAMP_FILTER_PTP_V2_EVENT] = "ptpv2-event",
	[HWTSTAMP_FILTER_PTP_V2_SYNC] = "ptpv2-sync",
	[HWTSTAMP_FILTER_PTP_V2_DELAY_REQ] = "ptpv2-delay-req",
	[HWTSTAMP_FILTER_NTP_ALL] = "ntp-all",
};

static const char *const tx_names[] = {
	[HWTSTAMP_TX_OFF] = "off",
	[HWTSTAMP_TX_ON] = "on",
	[HWTSTAMP_TX_ONESTEP_SYNC] = "onestep-sync",
	[HWTSTAMP_TX_ONESTEP_P2P] = "onestep-p2p",
};

const char *weir_hwstamp_rx_text(unsigned filter)
{
	return filter < ARRAY_SIZE(rx_names) ? rx_names[filter] : "?";
}

const char *weir_hwstamp_tx_text(unsigned type)
{
	return type < ARRAY_SIZE(tx_names) ? tx_names[type] : "?";
}

static int number_of(const char *const names[], size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(names[i], name) == 0)
			return (int)i;
	return -EINVAL;
}

int weir_hwstamp_rx_number(const char *name)
{
	return number_of(rx_names, ARRAY_SIZE(rx_names), name);
}

int weir_hwstamp_tx_number(const char *name)
{
	return number_of(tx_names, ARRAY_SIZE(tx_names), name);
}

static int open_control(struct weir_err *err)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	return fd < 0 ? err_set(err, -errno, "socket: %s", strerror(errno)) : fd;
}

/* What the driver is set to; without a text: -EOPNOTSUPP, it does not tell. */
static int read_config(int fd, const char *ifname, struct weir_hwstamp_config *ret_config)
{
	struct hwtstamp_config config = { 0 };
	int r = link_ioctl(fd, ifname, SIOCGHWTSTAMP, &config);

	if (r < 0)
		return r;
	ret_config->tx = (unsigned)config.tx_type;
	ret_config->rx = (unsigned)config.rx_filter;
	return 0;
}

int weir_hwstamp_get(const char *ifname, struct weir_hwstamp *ret_stamps, struct weir_err *err)
{
	struct ethtool_ts_info info = { .cmd = ETHTOOL_GET_TS_INFO, .phc_index = -1 };
	struct weir_hwstamp s = { 0 };
	CLEANUP(closep)
	int fd = open_control(err);
	struct weir_iface iface;
	int r = fd < 0 ? fd : link_by_name(ifname, &iface, err);

	if (r < 0)
		return r;
	r = link_ioctl(fd, iface.name, SIOCETHTOOL, &info);
	if (r < 0 && r != -EOPNOTSUPP)
		return err_set(err, r, "cannot ask for the time stamps of '%s': %s", iface.name,
			       strerror(-r));
	if (r == 0 && info.so_timestamping & SOF_TIMESTAMPING_RAW_HARDWARE) {
		s.stamps_rx = info.so_timestamping & SOF_TIMESTAMPING_RX_HARDWARE;
		s.stamps_tx = info.so_timestamping & SOF_TIMESTAMPING_TX_HARDWARE;
	}
	s.tx_types = info.tx_types;
	s.rx_filters = info.rx_filters;
	s.clock = info.phc_index;
	s.told = read_config(fd, iface.name, &s.config) == 0;
	*ret_stamps = s;
	return 0;
}

/* Why the driver refused. */
static int refused(const char *ifname, const struct weir_hwstamp_config *wanted, int r,
		   struct weir_err *err)
{
	if (r == -EPERM || r == -EACCES)
		return err_set(err, r, "time stamps are set with the capability CAP_NET_ADMIN");
	if (r == -ERANGE)
		return err_set(err, r,
			       "the driver of '%s' cannot stamp these frames (received: %s, sent: "
			       "%s)",
			       ifname, weir_hwstamp_rx_text(wanted->rx),
			       weir_hwstamp_tx_text(wanted->tx));
	if (r == -EOPNOTSUPP)
		return err_set(err, r, "the driver of '%s' has no hardware time stamps to set",
			       ifname);
	return err_set(err, r, "cannot set the time stamps of '%s': %s", ifname, strerror(-r));
}

int weir_hwstamp_set(const char *ifname, const struct weir_hwstamp_config *wanted,
		     struct weir_hwstamp_config *ret_made, struct weir_err *err)
{
	struct hwtstamp_config config = { .tx_type = (int)wanted->tx,
					  .rx_filter = (int)wanted->rx };
	CLEANUP(closep)
	int fd = open_control(err);
	struct weir_iface iface;
	int r = fd < 0 ? fd : link_by_name(ifname, &iface, err);

	if (r < 0)
		return r;
	r = link_ioctl(fd, iface.name, SIOCSHWTSTAMP, &config);
	if (r < 0)
		return refused(iface.name, wanted, r, err);
	/* Some drivers answer with what they were asked for, and tell the truth here. */
	if (read_config(fd, iface.name, ret_made) < 0)
		*ret_made = (struct weir_hwstamp_config){ .tx = (unsigned)config.tx_type,
							  .rx = (unsigned)config.rx_filter };
	return 0;
}
