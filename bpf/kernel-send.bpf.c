/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Sends frames from inside the kernel. A thread of ours runs one of two programs in live-frame
 * mode (BPF_F_TEST_XDP_LIVE_FRAMES, Linux 5.18): each run gets a page from the kernel, which
 * kernel_send() copies a frame into and kernel_make() makes one in, and redirects it to the
 * device. Used by lib/port/kernel-run.c.
 *
 * The kernel fills a page when it is new, and gives it again and again: what was sent last
 * still lies there, unless a receiver has changed it.
 */
#include <linux/bpf.h>
#include <stdbool.h>

#include <bpf/bpf_helpers.h>

#include "kernel-make.h"
#include "kernel-send.h"

/* How long before its time the program begins to wait for a frame; if it is further away
 * the run ends without one, so that the kernel's other work gets its turn. */
#define NEAR_NS 10000ll

/* Looks at the clock at most so often in one run: some 40 us. */
#define MAX_LOOKS 2048

/* Frames of up to so many bytes are copied word by word; longer ones by the kernel's helper. */
#define MAX_WORDS 32

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
const volatile bool timed;    /* announcements have times */
const volatile __u32 to_copy; /* of a frame of that length: 0, or 8 and more bytes */

/* Is there an announcement at position at? */
static __always_inline bool announced(__u64 at)
{
	if (at != shared.seen)
		return true;
	shared.tail = shared.sent;
	shared.seen = *(volatile __u64 *)&shared.head;
	if (at == shared.seen)
		return false;
	/* A full barrier: what it announces is read after it. */
	__sync_fetch_and_add(&shared.fence, 0);
	return true;
}

struct wait {
	__u64 due;
	__s64 late; /* when last looked at, ns */
};

static long look(__u32 i, struct wait *w)
{
	(void)i;
	w->late = (__s64)(bpf_ktime_get_ns() - w->due);
	return w->late >= 0;
}

/* The bucket of a lateness: its top bit and the KERNEL_LATE_BITS below it. */
static __u64 bucket(__u64 late)
{
	__u64 top = late >> KERNEL_LATE_BITS, shift = 0;

	if (!top)
		return late;
#pragma unroll
	for (__u32 half = 32; half; half /= 2) {
		if (top >> half) {
			top >>= half;
			shift += half;
		}
	}
	return (shift << KERNEL_LATE_BITS) + (late >> shift);
}

static void note_late(__u64 late)
{
	__u64 b = bucket(late);

	barrier_var(b); /* what is checked is what is used: the compiler may not use a copy */
	if (b < KERNEL_LATE_BUCKETS)
		shared.late[b]++;
	if (late > shared.late_max)
		shared.late_max = late;
}

/* Has the time come? Waits for it if it is near. */
static bool is_due(__u64 due)
{
	struct wait w = { .due = due };

	if (!due)
		return true;
	look(0, &w);
	if (w.late < -NEAR_NS)
		return false;
	if (w.late < 0)
		bpf_loop(MAX_LOOKS, look, &w, 0);
	note_late(w.late > 0 ? (__u64)w.late : 0);
	return true;
}

/* A frame is being sent on. It is told with the next ones: it has yet to be read. */
static __always_inline void note_sent(void)
{
	__u64 n = shared.sent + 1;

	shared.sent = n;
	if (n % 32 == 0)
		shared.tail = n - 1;
}

/* Writes the first bytes of a frame, as many as are written of all that are as long as what
 * the runs begin with: a constant. */
static __always_inline bool copy_first(struct xdp_md *ctx, const __u8 *from)
{
	const __u32 n = to_copy;
	__u8 *to = (void *)(long)ctx->data;

	if (n > MAX_WORDS * 8)
		return bpf_xdp_store_bytes(ctx, 0, (void *)from, n) == 0;
	if (to + n > (__u8 *)(long)ctx->data_end)
		return false;
#pragma unroll
	for (__u32 i = 0; i < MAX_WORDS; i++) {
		if (i * 8 + 8 > n)
			break;
		((__u64 *)to)[i] = ((const __u64 *)from)[i];
	}
	if (n % 8) /* once more some of the bytes before */
		*(__u64 *)(to + n - 8) = *(const __u64 *)(from + n - 8);
	return true;
}

static __always_inline __u8 *look_up_memory(void)
{
	const __u32 zero = 0;

	return bpf_map_lookup_elem(&memory, &zero);
}

/* Writes the frame into the page. */
static __always_inline bool fill(struct xdp_md *ctx, const struct kernel_desc *d)
{
	__u8 *mem = look_up_memory();
	__u32 off = d->off, len = d->len;

	if (!mem || off > last_off)
		return false;
	if (len == frame_room)
		return copy_first(ctx, mem + off);
	if (!len || len > KERNEL_FRAME_MAX)
		return false;
	return bpf_xdp_adjust_tail(ctx, (int)len - (int)frame_room) == 0 &&
	       bpf_xdp_store_bytes(ctx, 0, mem + off, len) == 0;
}

static __always_inline int nothing_due(void)
{
	shared.idle++;
	return XDP_DROP;
}

SEC("xdp")
int kernel_send(struct xdp_md *ctx)
{
	__u64 at = shared.next;
	const struct kernel_desc *d = &shared.ring[at % KERNEL_RING];

	if (!announced(at) || (timed && !is_due(d->due_ns)))
		return nothing_due();
	shared.next = at + 1;
	note_sent();
	return fill(ctx, d) ? (int)bpf_redirect_map(&device, 0, 0) : XDP_DROP;
}

/* Takes the next announcement of frames to be made. */
static __always_inline bool take_numbers(void)
{
	__u64 at = shared.next;
	const struct kernel_desc *d = &shared.ring[at % KERNEL_RING];

	if (!announced(at) || (timed && !is_due(d->due_ns)))
		return false;
	shared.next = at + 1;
	shared.nr = d->nr;
	shared.left = timed ? 1 : d->n;
	return true;
}

SEC("xdp")
int kernel_make(struct xdp_md *ctx)
{
	const struct kernel_recipe *r = the_recipe();
	__u8 *mem = look_up_memory(), *frame;
	__u64 nr;

	if (!mem || (!shared.left && !take_numbers()))
		return nothing_due();
	nr = shared.nr;
	shared.nr = nr + 1;
	shared.left--;
	note_sent();
	prepare(r, mem, nr);
	if (to_copy && !copy_first(ctx, shared.bytes))
		return XDP_DROP;
	frame = (void *)(long)ctx->data; /* anew: the helper that copies may have moved it */
	if (frame + frame_room > (__u8 *)(long)ctx->data_end)
		return XDP_DROP;
	finish(r, frame, mem, nr);
	return (int)bpf_redirect_map(&device, 0, 0);
}

struct net_device {
	int ifindex;
} __attribute__((preserve_access_index));

/* Arguments: the device that a frame came from, the one it goes to, frames that it took,
 * and frames that it refused (include/trace/events/xdp.h). */
SEC("tp_btf/xdp_devmap_xmit")
int kernel_count(__u64 *args)
{
	const struct net_device *to = (void *)args[1];

	if ((__u32)bpf_get_current_pid_tgid() != shared.thread || to->ifindex != (int)ifindex)
		return 0;
	shared.taken += (__u32)args[2];
	shared.refused += (__u32)args[3];
	return 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
