/* SPDX-License-Identifier: BSD-2-Clause */
/* A capture filter (pcap-filter(7)), compiled for frames of one link type. */
#ifndef CAPTURE_FILTER_H
#define CAPTURE_FILTER_H

#include <stdbool.h>
#include <stdint.h>

#include <linux/filter.h>

#include <weir/err.h>

struct filter;

/* To be freed with filter_free(). -EINVAL: the text says what is wrong with it. */
int filter_new(const char *text, uint32_t linktype, struct filter **ret_filter,
	       struct weir_err *err);

/* Any number of threads may ask at once. */
bool filter_matches(const struct filter *f, const uint8_t *data, uint32_t len, uint32_t orig_len);

/* The program, lent while f lives. */
struct sock_fprog filter_program(const struct filter *f);

/* NULL is allowed. Returns NULL. */
struct filter *filter_free(struct filter *f);

#endif
