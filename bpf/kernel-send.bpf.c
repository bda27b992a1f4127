/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Sends frames from inside the kernel. A thread of ours runs kernel_send() in live-frame
 * mode (BPF_F_TEST_XDP_LIVE_FRAMES, Linux 5.18): each run gets a page from the kernel,
 * which this program makes a frame of and redirects to the device. Used by
 * lib/port/kernel-run.c.
 */
#include <linux/bpf.h>
#include <stdbool.h>

#include <bpf/bpf_helpers.h>

#include "kernel-send.h"

/* How long before its time the program begins to wait for a frame; if it is further away
 * the run ends without one, so that the kernel's other work gets its turn. */
#define NEAR_NS 10000

/* Looks at the clock at most so often in one run: some 40 us. */
#define MAX_LOOKS 2048

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__uint(value_size, KERNEL_FRAME_MAX); /* set to what is needed before loading */
	__type(key, __u32);
} memory SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_DEVMAP);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} device SEC(".maps");

struct kernel_shared shared;

/* Set before loading, so that the verifier knows them. */
const volatile __u32 frame_room; /* bytes of the frames that the runs begin with */
const volatile __u32 last_off;	 /* the last place in memory that a frame may begin at */
const volatile __u32 ifindex;

/* Is the frame at position at announced? */
static bool announced(__u64 at)
{
	if (at != shared.seen)
		return true;
	shared.tail = at;
	shared.seen = *(volatile __u64 *)&shared.head;
	if (at == shared.seen)
		return false;
	/* A full barrier: what it announces is read after it. */
	__sync_fetch_and_add(&shared.fence, 0);
	return true;
}

static long look(__u32 i, __u64 *due)
{
	(void)i;
	return (__s64)(*due - bpf_ktime_get_ns()) <= 0;
}

/* Has the time come? Waits for it if it is near. */
static bool is_due(__u64 due)
{
	__s64 left;

	if (!due)
		return true;
	left = (__s64)(due - bpf_ktime_get_ns());
	if (left <= 0)
		return true;
	if (left > NEAR_NS)
		return false;
	bpf_loop(MAX_LOOKS, look, &due, 0);
	return true;
}

/* Writes the frame into the page. */
static bool fill(struct xdp_md *ctx, const struct kernel_desc *d)
{
	const __u32 zero = 0;
	__u8 *mem = bpf_map_lookup_elem(&memory, &zero);
	__u32 off = d->off, len = d->len;

	if (!mem || off > last_off || !len || len > KERNEL_FRAME_MAX)
		return false;
	if (len <= KERNEL_BLOCK) {
		__u64 *to = (void *)(long)ctx->data;
		const __u64 *from = (void *)(mem + off);

		if ((void *)(to + 8) > (void *)(long)ctx->data_end)
			return false;
#pragma unroll
		for (int i = 0; i < 8; i++)
			to[i] = from[i];
	} else if (bpf_xdp_store_bytes(ctx, 0, mem + off, len) < 0) {
		return false;
	}
	return len == frame_room || bpf_xdp_adjust_tail(ctx, (int)len - (int)frame_room) == 0;
}

SEC("xdp")
int kernel_send(struct xdp_md *ctx)
{
	__u64 at = shared.next;
	const struct kernel_desc *d = &shared.ring[at % KERNEL_RING];

	if (!announced(at) || !is_due(d->due_ns)) {
		shared.idle++;
		return XDP_DROP;
	}
	shared.next = at + 1;
	if (at % 32 == 31)
		shared.tail = at + 1;
	if (!fill(ctx, d)) {
		shared.bad++;
		return XDP_DROP;
	}
	return (int)bpf_redirect_map(&device, 0, 0);
}

struct net_device {
	int ifindex;
} __attribute__((preserve_access_index));

/* Arguments: the device that a frame came from, the one it goes to, frames that it took,
 * frames that it refused, and its error (include/trace/events/xdp.h). */
SEC("tp_btf/xdp_devmap_xmit")
int kernel_count(__u64 *args)
{
	const struct net_device *to = (void *)args[1];
	const __s32 taken = (__s32)args[2], refused = (__s32)args[3];

	if ((__u32)bpf_get_current_pid_tgid() != shared.thread || to->ifindex != (int)ifindex)
		return 0;
	shared.taken += (__u32)taken;
	shared.refused += (__u32)refused;
	if (refused)
		shared.error = (__s32)args[4];
	return 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
