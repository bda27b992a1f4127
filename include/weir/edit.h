/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Editing: stages that change frames.
 */
#ifndef WEIR_EDIT_H
#define WEIR_EDIT_H

#include <stdbool.h>
#include <stdint.h>

#include <weir/err.h>
#include <weir/frame.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Unique addresses: each loop over a trace gets IP addresses of its own, so that its
 * flows are new ones. In loops with shift n the greater of the two addresses (of IPv6:
 * their last 32 bits) grows by n and the other one shrinks by n:
 *
 *     loops_num/loops_den = 3:    loop  0 1 2 3 4 5 6
 *                                 n     0 0 0 1 1 1 2
 *
 * The ones' complement sum of the addresses stays as it is, and with it every
 * checksum: where one of the two numbers wraps around it is corrected by one. The
 * outermost IP header counts, behind any VLAN tags and MPLS labels.
 */
struct weir_unique_ip_opts {
	uint64_t loops_num, loops_den; /* loops that share a shift; at least 1 */
	bool drop_others;	       /* frames without IP are dropped where n is not 0 */
};

struct weir_unique_ip;

/* -EINVAL: loops_num/loops_den is less than 1, or loops_den is 0. */
int weir_unique_ip_new(const struct weir_unique_ip_opts *opts, struct weir_unique_ip **ret_unique,
		       struct weir_err *err);

/* The stage; u is lent to it. */
struct weir_stage weir_unique_ip_stage(struct weir_unique_ip *u);

/* n of a loop (from 0). */
uint32_t weir_unique_ip_shift(const struct weir_unique_ip *u, uint64_t loop);

/* Frames dropped so far, by frames that went through the stage. From any thread. */
uint64_t weir_unique_ip_dropped(const struct weir_unique_ip *u);

/* NULL is allowed. Returns NULL. */
struct weir_unique_ip *weir_unique_ip_free(struct weir_unique_ip *u);

#ifdef __cplusplus
}
#endif
#endif
