/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Capture filters as libpcap compiles them (classic BPF) made instructions of eBPF: the body
 * of a function
 *
 *	u32 wanted(void *ctx, u8 *head, u32 len, u32 beside)
 *
 * ctx is that of a program of XDP or traffic control, whose frame has len bytes. The first of
 * them, up to .near, lie at head, which the verifier knows to have room for
 * TRANSLATE_NEAR_MAX. What lies behind is read by a helper: beside is how many bytes of head stand
 * beside the frame, and not in it. The result is 0 if the frame is not wanted, and exactly what
 * libpcap's interpreter makes of the filter over the whole frame.
 */
#ifndef CAPTURE_TRANSLATE_H
#define CAPTURE_TRANSLATE_H

#include <stdbool.h>
#include <stdint.h>

#include <linux/bpf.h>
#include <linux/filter.h>

#include <weir/err.h>

#define TRANSLATE_NEAR_MAX 256u

/* So many bytes at least are near: behind them, nothing stands beside the frame. */
#define TRANSLATE_NEAR_MIN 32u

struct translation {
	struct bpf_insn *insns;
	unsigned n, size;
	uint32_t near;
};

/* For XDP, or traffic control. -ENOTSUP: the text says what it cannot do. To be ended with
 * translation_done(). */
int translate(const struct sock_fprog *filter, bool xdp, struct translation *ret_translation,
	      struct weir_err *err);
/* Copes with zeroed memory. */
void translation_done(struct translation *t);

#endif
