/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Gives the frames of the queues that have an AF_XDP socket to that socket, and leaves
 * those of all other queues to the kernel. Used by lib/port/xdp-prog.c.
 */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

struct {
	__uint(type, BPF_MAP_TYPE_XSKMAP);
	__uint(max_entries, 1); /* set to the number of queues before loading */
	__type(key, __u32);
	__type(value, __u32);
} xsks SEC(".maps");

/* "frags": it never looks at the data, so frames of several buffers are welcome. */
SEC("xdp.frags")
int xsk_redirect(struct xdp_md *ctx)
{
	return (int)bpf_redirect_map(&xsks, ctx->rx_queue_index, XDP_PASS);
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
