/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* For the bench of kernel: the bare loop of live frames, and a receiver that drops. */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

struct {
	__uint(type, BPF_MAP_TYPE_DEVMAP);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} device SEC(".maps");

/* The frame that the caller gave, as it is. */
SEC("xdp")
int bare_send(struct xdp_md *ctx)
{
	return (int)bpf_redirect_map(&device, 0, 0);
}

SEC("xdp")
int bare_drop(struct xdp_md *ctx)
{
	return XDP_DROP;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
