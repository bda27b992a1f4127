/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Captures frames where they are: an XDP program for those that arrive, before the kernel
 * has made anything of them, and programs of traffic control for those that arrive and those
 * that leave. Each frame is written into the ring of the processor that handles it, as the
 * block that the file will have. Used by lib/capture/intake-bpf.c.
 *
 * With CAPTURE_DEVICE the XDP program asks the driver for the device's time of each frame. Such a
 * program is loaded for one device, and needs Linux 6.3 and its BTF, so it is an object of
 * its own (capture-device.skel.h); the two have the same maps, variables and programs.
 *
 * Sizes have the form ((n - 1) & mask) + 1: before Linux 6.2 the verifier does not learn from
 * a comparison with 0 that they are not.
 */
#include <linux/bpf.h>
#include <linux/pkt_cls.h>
#include <stdbool.h>

#include <bpf/bpf_helpers.h>

#include "capture.h"

/* TCX_NEXT: whoever comes next decides. Newer than the oldest headers that we build with. */
#define NEXT (-1)

#define EPB	      6u
#define FIXED	      28u	      /* of its block, before the frame */
#define OPT_FLAGS     (2u | 4u << 16) /* code and length */
#define OPT_DROPCOUNT (4u | 8u << 16)
#define OPT_PACKETID  (5u | 8u << 16)
#define OPT_QUEUE     (6u | 4u << 16)
#define MACS	      12u /* what stands before a VLAN tag */
#define TAG	      4u

/* One ring a processor. Sizes are set before loading. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__uint(value_size, CAPTURE_PAGE + CAPTURE_CHUNK + CAPTURE_SLACK);
	__type(key, __u32);
} rings SEC(".maps");

/* Set before loading, so that the verifier knows them. */
const volatile __u32 mask;	     /* size of a ring's data, less 1 */
const volatile __u32 snaplen = 1;    /* at least 1 */
const volatile __u32 marks;	     /* enum capture_options */
const volatile __u32 iface;	     /* in the file */
const volatile __u32 hw_iface;	     /* of frames with a time of the device's clock */
const volatile bool hw_time;	     /* they are to have one */
const volatile bool raw_time;	     /* as it is, and not as UTC */
const volatile bool drops;	     /* arriving frames go no further */
const volatile bool has_tai;	     /* the kernel has bpf_ktime_get_tai_ns() */
const volatile bool stores_in_order; /* so does this machine: no barrier is needed */
const volatile bool tap;	     /* snaplen, iface and drops stand in control */

const volatile __u32 near; /* bytes that the filter is shown; 0: there is none */

volatile struct capture_control control SEC(".data.control");

#ifdef CAPTURE_DEVICE
extern int bpf_xdp_metadata_rx_timestamp(const struct xdp_md *ctx, __u64 *timestamp) __ksym;
#endif

struct frame {
	void *ctx;
	__u64 stamp; /* of the device's clock; 0: none */
	bool xdp;
	__u32 len; /* with its tag */
	__u32 flags, queue;
	bool tagged; /* the tag stands beside the frame */
	__u16 tpid, tci;
};

static __always_inline void put32(__u8 *at, __u32 value)
{
	*(volatile __u32 *)at = value;
}

static __always_inline void put64(__u8 *at, __u64 value)
{
	put32(at, (__u32)value);
	put32(at + 4, (__u32)(value >> 32));
}

static __always_inline long load(const struct frame *f, __u32 from, __u8 *to, __u32 len)
{
	return f->xdp ? bpf_xdp_load_bytes(f->ctx, from, to, len)
		      : bpf_skb_load_bytes(f->ctx, from, to, len);
}

/* The first len bytes of the frame. */
static __always_inline long load_frame(const struct frame *f, __u8 *to, __u32 len)
{
	long r;

	if (!f->tagged)
		return load(f, 0, to, ((len - 1) & (CAPTURE_FRAME_MAX - 1)) + 1);
	r = load(f, 0, to, MACS);
	put32(to + MACS, (__u32)f->tpid | (__u32)f->tci << 16);
	if (r < 0 || len <= MACS + TAG)
		return r;
	len -= MACS + TAG;
	return load(f, MACS, to + MACS + TAG, ((len - 1) & (CAPTURE_FRAME_MAX - 1)) + 1);
}

static __always_inline __u64 clock_ns(const struct capture_ring *r)
{
	return (has_tai ? bpf_ktime_get_tai_ns() : bpf_ktime_get_ns()) + (__u64)r->shift_ns;
}

/* When the frame came. Forgets a stamp that cannot be one of the device's clock. */
static __always_inline __u64 time_of(const struct capture_ring *r, struct frame *f)
{
	const struct capture_line *line = capture_line_now(r);

	if (!f->stamp || !capture_line_knows(line, f->stamp)) {
		f->stamp = 0;
		return clock_ns(r);
	}
	return raw_time ? f->stamp : capture_line_utc(line, f->stamp);
}

/* Of a frame that is in the ring. */
static __always_inline void count_stamp(struct capture_ring *r, const struct frame *f)
{
	if (!hw_time || f->flags != CAPTURE_INBOUND)
		return;
	if (f->stamp)
		r->stamped++;
	else
		r->unstamped++;
}

static __always_inline __u32 options_len(__u64 untold)
{
	__u32 n = untold ? 12 : 0;

	n += marks & CAPTURE_FLAGS ? 8 : 0;
	n += marks & CAPTURE_ID ? 12 : 0;
	n += marks & CAPTURE_QUEUE ? 8 : 0;
	return n ? n + 4 : 0;
}

static __always_inline __u8 *put_options(const struct capture_ring *r, const struct frame *f,
					 __u8 *at, __u64 untold)
{
	if (marks & CAPTURE_FLAGS) {
		put32(at, OPT_FLAGS);
		put32(at + 4, f->flags);
		at += 8;
	}
	if (marks & CAPTURE_ID) {
		put32(at, OPT_PACKETID);
		put64(at + 4, r->next_id);
		at += 12;
	}
	if (marks & CAPTURE_QUEUE) {
		put32(at, OPT_QUEUE);
		put32(at + 4, f->queue);
		at += 8;
	}
	if (untold) {
		put32(at, OPT_DROPCOUNT);
		put64(at + 4, untold);
		at += 12;
	}
	if (marks || untold) {
		put32(at, 0); /* the end of the options */
		at += 4;
	}
	return at;
}

static __always_inline void publish(struct capture_ring *r, __u64 head)
{
	if (stores_in_order) {
		barrier();
		*(volatile __u64 *)&r->head = head;
	} else {
		(void)__sync_lock_test_and_set(&r->head, head);
	}
}

/* Room for a block of len bytes: its position; not with *ret_full: there is none. */
static __always_inline __u64 make_room(struct capture_ring *r, __u32 len, bool *ret_full)
{
	__u64 at = r->head;
	__u32 left = CAPTURE_CHUNK - ((__u32)at & (CAPTURE_CHUNK - 1));

	if (len != left && len + CAPTURE_FILLER_MIN > left)
		at += left;
	*ret_full = at + len - *(volatile __u64 *)&r->tail > (__u64)mask + 1;
	if (at != r->head && !*ret_full) {
		__u8 *filler = (__u8 *)r + CAPTURE_PAGE + ((__u32)r->head & mask);

		put32(filler, CAPTURE_FILLER);
		put32(filler + 4, left);
	}
	return at;
}

static __always_inline __u32 most(void)
{
	return tap ? control.snaplen : snaplen;
}

/* Does an arriving frame go no further? Nobody is cut off by a tap that is not read. */
static __always_inline bool takes_away(void)
{
	if (!tap)
		return drops;
	return control.drops &&
	       (control.hold ||
		(__s64)(bpf_ktime_get_coarse_ns() - control.beat_ns) < (__s64)CAPTURE_PATIENCE_NS);
}

#define TEXT_OF(x) #x
#define TEXT(x)	   TEXT_OF(x)

/* The body is put there before loading (lib/capture/translate.h). */
#define FILTER(name, number)                                                                       \
	static __attribute__((naked, noinline)) __u32 name(void *ctx, __u8 *head, __u32 len,       \
							   __u32 beside)                           \
	{                                                                                          \
		asm volatile("r0 = " TEXT(number) "\n"                                             \
						  ".rept " TEXT(CAPTURE_FILTER_ROOM) "\n"          \
										     "goto +0\n"   \
										     ".endr\n"     \
										     "exit\n");    \
	}

FILTER(wanted_xdp, CAPTURE_FILTER_XDP)
FILTER(wanted_tc, CAPTURE_FILTER_TC)

static __always_inline void drop(struct capture_ring *r)
{
	r->dropped++;
	r->untold++;
	r->next_id++;
}

static __always_inline void write_block(struct capture_ring *r, struct frame *f)
{
	const __u64 ts = time_of(r, f), untold = r->untold;
	const __u32 limit = most();
	__u32 len = f->len < limit ? f->len : limit;
	__u32 padded = (len + 3) & ~3u, total = FIXED + padded + options_len(untold) + 4;
	__u8 *block, *at;
	bool full;
	__u64 pos = make_room(r, total, &full);

	if (full || padded > CAPTURE_FRAME_MAX) {
		drop(r);
		return;
	}
	block = (__u8 *)r + CAPTURE_PAGE + ((__u32)pos & mask);
	put32(block, EPB);
	put32(block + 4, total);
	put32(block + 8, f->stamp ? hw_iface : tap ? control.iface : iface);
	put32(block + 12, (__u32)(ts >> 32));
	put32(block + 16, (__u32)ts);
	put32(block + 20, len);
	put32(block + 24, f->len);
	at = block + FIXED + padded;
	if (len & 3)
		put32(at - 4, 0); /* what fills up the frame */
	if (load_frame(f, block + FIXED, len) < 0) {
		drop(r);
		return;
	}
	at = put_options(r, f, at, untold);
	put32(at, total);
	r->untold = 0;
	r->next_id++;
	r->frames++;
	count_stamp(r, f);
	publish(r, pos + total);
}

/* Does the filter want it? What cannot be read is given the benefit of the doubt. */
static __always_inline bool is_wanted(struct capture_ring *r, const struct frame *f)
{
	const __u32 len = f->len < near ? f->len : near;
	const __u32 beside = f->tagged ? TAG : 0;

	if (!near || load_frame(f, r->near, len) < 0)
		return true;
	return f->xdp ? wanted_xdp(f->ctx, r->near, f->len, beside)
		      : wanted_tc(f->ctx, r->near, f->len, beside);
}

/* False: the filter did not want it. */
static __always_inline bool capture(struct frame *f)
{
	__u32 cpu = bpf_get_smp_processor_id();
	struct capture_ring *r = bpf_map_lookup_elem(&rings, &cpu);
	bool wanted;

	if (!r) {
		__sync_fetch_and_add(&control.orphans, 1);
		return true;
	}
	if (*(volatile __u32 *)&r->busy) {
		r->nested++;
		return true;
	}
	*(volatile __u32 *)&r->busy = 1;
	barrier();
	wanted = is_wanted(r, f);
	if (wanted)
		write_block(r, f);
	else
		r->filtered++;
	barrier();
	*(volatile __u32 *)&r->busy = 0;
	return wanted;
}

/* The stamp has a variable of its own: one that a call may write to hides what the verifier knows
 * of all around it. */
static __always_inline __u64 device_stamp(const struct xdp_md *ctx)
{
	__u64 stamp = 0;

#ifdef CAPTURE_DEVICE
	if (bpf_xdp_metadata_rx_timestamp(ctx, &stamp) < 0)
		return 0;
#endif
	return stamp;
}

/* "frags": frames of several buffers are read by a helper that knows them. */
SEC("xdp.frags")
int capture_xdp(struct xdp_md *ctx)
{
	struct frame f = { .ctx = ctx,
			   .xdp = true,
			   .len = (__u32)bpf_xdp_get_buff_len(ctx),
			   .flags = CAPTURE_INBOUND,
			   .queue = ctx->rx_queue_index };

	if (!control.on)
		return XDP_PASS;
	f.stamp = device_stamp(ctx);
	return capture(&f) && takes_away() ? XDP_DROP : XDP_PASS;
}

static __always_inline bool capture_skb(struct __sk_buff *skb, __u32 flags)
{
	struct frame f = {
		.ctx = skb, .len = skb->len, .flags = flags, .queue = skb->queue_mapping
	};

	if (skb->vlan_present) {
		f.tagged = true;
		f.tpid = (__u16)skb->vlan_proto;
		f.tci = __builtin_bswap16((__u16)skb->vlan_tci);
		f.len += TAG;
	}
	/* Frames that are handed on still have the stamp of their arrival when they leave. */
	if (hw_time && flags == CAPTURE_INBOUND)
		f.stamp = skb->hwtstamp;
	/* The kernel counts received queues from 1; 0 is none. */
	if (flags == CAPTURE_INBOUND && f.queue)
		f.queue--;
	return capture(&f);
}

SEC("tc")
int capture_in(struct __sk_buff *skb)
{
	if (!control.on)
		return NEXT;
	return capture_skb(skb, CAPTURE_INBOUND) && takes_away() ? TC_ACT_SHOT : NEXT;
}

SEC("tc")
int capture_out(struct __sk_buff *skb)
{
	if (control.on)
		(void)capture_skb(skb, CAPTURE_OUTBOUND);
	return NEXT;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
