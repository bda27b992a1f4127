// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * hwtsim: a pair of Ethernet devices, hts0 and hts1, with a clock that stamps received frames.
 * What one sends the other receives. For tests of hardware time, in a guest; of no other use.
 *
 * The clock is the system's plus 1000 s, and gains ppm microseconds a second on it. Stamps
 * come when SIOCSHWTSTAMP has asked for all of them, and then
 *
 *	liar=1		never: the driver answers as if they did
 *	every=N		on each N-th frame only
 *
 * Both may be changed while it runs (/sys/module/hwtsim/parameters). Where the kernel has it
 * (Linux 6.3) programs in XDP get stamps, too.
 */
#include <linux/bpf_trace.h>
#include <linux/etherdevice.h>
#include <linux/ethtool.h>
#include <linux/filter.h>
#include <linux/module.h>
#include <linux/net_tstamp.h>
#include <linux/netdevice.h>
#include <linux/ptp_clock_kernel.h>
#include <linux/version.h>
#include <net/xdp.h>

#define AHEAD_NS (1000 * (s64)NSEC_PER_SEC)

#define HAS_METADATA (LINUX_VERSION_CODE >= KERNEL_VERSION(6, 3, 0))
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 11, 0)
#define ts_info kernel_ethtool_ts_info
#else
#define ts_info ethtool_ts_info
#endif

static bool liar;
module_param(liar, bool, 0644);
static unsigned int every = 1;
module_param(every, uint, 0644);
static int ppm;
module_param(ppm, int, 0444);

struct hts {
	struct net_device *peer;
	struct hwtstamp_config config;
	struct bpf_prog __rcu *prog;
	struct xdp_rxq_info rxq;
	unsigned int received;
};

/* What a program sees, and the stamp that it may ask for. */
struct hts_xdp {
	struct xdp_buff buff;
	ktime_t stamp;
};

static struct net_device *devs[2];
static struct ptp_clock *ptp;
static s64 begin_ns;

static s64 clock_of(s64 real_ns)
{
	return real_ns + AHEAD_NS + div_s64((real_ns - begin_ns) * ppm, 1000000);
}

static int hts_gettimex(struct ptp_clock_info *info, struct timespec64 *ts,
			struct ptp_system_timestamp *sts)
{
	ptp_read_system_prets(sts);
	*ts = ns_to_timespec64(clock_of(ktime_get_real_ns()));
	ptp_read_system_postts(sts);
	return 0;
}

static int hts_settime(struct ptp_clock_info *info, const struct timespec64 *ts)
{
	return -EOPNOTSUPP;
}

static int hts_adjtime(struct ptp_clock_info *info, s64 delta)
{
	return -EOPNOTSUPP;
}

static int hts_adjfine(struct ptp_clock_info *info, long scaled_ppm)
{
	return -EOPNOTSUPP;
}

static struct ptp_clock_info ptp_info = {
	.owner = THIS_MODULE,
	.name = "hwtsim",
	.max_adj = 1000000,
	.gettimex64 = hts_gettimex,
	.settime64 = hts_settime,
	.adjtime = hts_adjtime,
	.adjfine = hts_adjfine,
};

/* The stamp of the next frame; 0: it gets none. */
static ktime_t stamp_next(struct hts *h)
{
	const unsigned int n = max(READ_ONCE(every), 1U);

	if (READ_ONCE(liar) || h->config.rx_filter != HWTSTAMP_FILTER_ALL || h->received++ % n)
		return 0;
	return ns_to_ktime(clock_of(ktime_get_real_ns()));
}

/* Programs see a copy; what they write into it is lost. True: the frame goes on. */
static bool run_prog(struct hts *h, struct sk_buff *skb, ktime_t stamp)
{
	struct bpf_prog *prog = rcu_dereference(h->prog);
	struct hts_xdp x = { .stamp = stamp };
	void *page;
	u32 act;

	if (!prog || skb->len > PAGE_SIZE - XDP_PACKET_HEADROOM - 512)
		return true;
	page = (void *)__get_free_page(GFP_ATOMIC);
	if (!page)
		return false;
	xdp_init_buff(&x.buff, PAGE_SIZE, &h->rxq);
	xdp_prepare_buff(&x.buff, page, XDP_PACKET_HEADROOM, skb->len, true);
	skb_copy_bits(skb, 0, x.buff.data, skb->len);
	act = bpf_prog_run_xdp(prog, &x.buff);
	free_page((unsigned long)page);
	return act == XDP_PASS;
}

static netdev_tx_t hts_xmit(struct sk_buff *skb, struct net_device *dev)
{
	struct net_device *peer = ((struct hts *)netdev_priv(dev))->peer;
	struct hts *h = netdev_priv(peer);
	const unsigned int len = skb->len;
	ktime_t stamp;
	bool pass;

	dev->stats.tx_packets++;
	dev->stats.tx_bytes += len;
	if (!netif_running(peer) || skb_linearize(skb)) {
		dev_kfree_skb_any(skb);
		return NETDEV_TX_OK;
	}
	skb_orphan(skb);
	skb_scrub_packet(skb, true);
	stamp = stamp_next(h);
	rcu_read_lock();
	pass = run_prog(h, skb, stamp);
	rcu_read_unlock();
	peer->stats.rx_packets++;
	peer->stats.rx_bytes += len;
	if (!pass) {
		dev_kfree_skb_any(skb);
		return NETDEV_TX_OK;
	}
	skb->protocol = eth_type_trans(skb, peer);
	memset(skb_hwtstamps(skb), 0, sizeof(*skb_hwtstamps(skb)));
	skb_hwtstamps(skb)->hwtstamp = stamp;
	netif_rx(skb);
	return NETDEV_TX_OK;
}

static int hts_ioctl(struct net_device *dev, struct ifreq *ifr, int cmd)
{
	struct hts *h = netdev_priv(dev);
	struct hwtstamp_config config;

	if (cmd == SIOCSHWTSTAMP) {
		if (copy_from_user(&config, ifr->ifr_data, sizeof(config)))
			return -EFAULT;
		if (config.tx_type != HWTSTAMP_TX_OFF)
			return -ERANGE;
		if (config.rx_filter != HWTSTAMP_FILTER_NONE)
			config.rx_filter = HWTSTAMP_FILTER_ALL;
		h->config = config;
	} else if (cmd != SIOCGHWTSTAMP) {
		return -EOPNOTSUPP;
	}
	return copy_to_user(ifr->ifr_data, &h->config, sizeof(h->config)) ? -EFAULT : 0;
}

static int hts_bpf(struct net_device *dev, struct netdev_bpf *bpf)
{
	struct hts *h = netdev_priv(dev);
	struct bpf_prog *old;

	if (bpf->command != XDP_SETUP_PROG)
		return -EINVAL;
	old = rtnl_dereference(h->prog);
	rcu_assign_pointer(h->prog, bpf->prog);
	if (old)
		bpf_prog_put(old);
	return 0;
}

#if HAS_METADATA
static int hts_rx_timestamp(const struct xdp_md *ctx, u64 *timestamp)
{
	const struct hts_xdp *x = (const void *)ctx;

	if (!x->stamp)
		return -ENODATA;
	*timestamp = x->stamp;
	return 0;
}

static const struct xdp_metadata_ops hts_metadata_ops = {
	.xmo_rx_timestamp = hts_rx_timestamp,
};
#endif

static int hts_get_ts_info(struct net_device *dev, struct ts_info *info)
{
	info->so_timestamping = SOF_TIMESTAMPING_RX_HARDWARE | SOF_TIMESTAMPING_RAW_HARDWARE |
				SOF_TIMESTAMPING_RX_SOFTWARE | SOF_TIMESTAMPING_SOFTWARE;
	info->phc_index = ptp_clock_index(ptp);
	info->tx_types = BIT(HWTSTAMP_TX_OFF);
	info->rx_filters = BIT(HWTSTAMP_FILTER_NONE) | BIT(HWTSTAMP_FILTER_ALL);
	return 0;
}

static const struct net_device_ops hts_ops = {
	.ndo_start_xmit = hts_xmit,
	.ndo_eth_ioctl = hts_ioctl,
	.ndo_bpf = hts_bpf,
	.ndo_set_mac_address = eth_mac_addr,
};

static const struct ethtool_ops hts_ethtool_ops = {
	.get_link = ethtool_op_get_link,
	.get_ts_info = hts_get_ts_info,
};

static void hts_setup(struct net_device *dev)
{
	ether_setup(dev);
	dev->netdev_ops = &hts_ops;
	dev->ethtool_ops = &hts_ethtool_ops;
	dev->flags |= IFF_NOARP;
	eth_hw_addr_random(dev);
#if HAS_METADATA
	dev->xdp_metadata_ops = &hts_metadata_ops;
	dev->xdp_features = NETDEV_XDP_ACT_BASIC;
#endif
}

static void hts_remove(void)
{
	int i;

	for (i = 0; i < 2; i++) {
		struct hts *h;

		if (!devs[i])
			continue;
		h = netdev_priv(devs[i]);
		if (devs[i]->reg_state == NETREG_REGISTERED)
			unregister_netdev(devs[i]);
		if (xdp_rxq_info_is_reg(&h->rxq))
			xdp_rxq_info_unreg(&h->rxq);
		free_netdev(devs[i]);
	}
	ptp_clock_unregister(ptp);
}

static int __init hts_init(void)
{
	int i, r;

	begin_ns = ktime_get_real_ns();
	ptp = ptp_clock_register(&ptp_info, NULL);
	if (IS_ERR_OR_NULL(ptp))
		return ptp ? PTR_ERR(ptp) : -EOPNOTSUPP;
	r = -ENOMEM;
	for (i = 0; i < 2; i++) {
		devs[i] = alloc_netdev(sizeof(struct hts), "hts%d", NET_NAME_ENUM, hts_setup);
		if (!devs[i])
			goto failed;
	}
	for (i = 0; i < 2; i++) {
		struct hts *h = netdev_priv(devs[i]);

		h->peer = devs[!i];
		r = xdp_rxq_info_reg(&h->rxq, devs[i], 0, 0);
		if (r == 0)
			r = xdp_rxq_info_reg_mem_model(&h->rxq, MEM_TYPE_PAGE_ORDER0, NULL);
		if (r == 0)
			r = register_netdev(devs[i]);
		if (r)
			goto failed;
	}
	return 0;

failed:
	hts_remove();
	return r;
}
module_init(hts_init);
module_exit(hts_remove);

MODULE_DESCRIPTION("devices with a clock, for tests");
MODULE_LICENSE("Dual BSD/GPL");
