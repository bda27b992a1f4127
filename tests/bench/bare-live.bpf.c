/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* For the bench of kernel: the bare loops of live frames, and a receiver that drops. */
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

__u8 frame[2048];
const volatile __u32 len; /* of the frame */

/* The same, copied into its page each time: by words if it is short, else by the kernel's
 * helper, whichever is the cheapest. */
SEC("xdp")
int bare_copy(struct xdp_md *ctx)
{
	__u64 *to = (void *)(long)ctx->data;

	if (len > 64) {
		(void)bpf_xdp_store_bytes(ctx, 0, frame, len);
	} else if ((__u8 *)to + len <= (__u8 *)(long)ctx->data_end) {
#pragma unroll
		for (int i = 0; i < 8; i++)
			if (i * 8 + 8 <= len)
				to[i] = ((__u64 *)frame)[i];
	}
	return (int)bpf_redirect_map(&device, 0, 0);
}

SEC("xdp")
int bare_drop(struct xdp_md *ctx)
{
	return XDP_DROP;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
