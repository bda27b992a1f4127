/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Stamps: what a sender writes into frames so that a receiver can tell which are
 * lost, late or in disorder.
 *
 *     0    2       4        8          12                    20   the last bytes of a frame
 *     |'WS'|balance| stream | sequence |  ns since 1970 UTC  |    big-endian
 *
 * The balance makes the sum of all ten 16-bit words 0xffff, which is nothing to an
 * Internet checksum: a stamp can be changed after the checksums around it were
 * computed, and they stay right. It also tells stamps from chance.
 */
#ifndef WEIR_STAMP_H
#define WEIR_STAMP_H

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define WEIR_STAMP_LEN 20u

struct weir_stamp {
	uint32_t stream;
	uint32_t sequence;
	uint64_t time_ns; /* 0: not sent yet */
};

/* Writes the stamp at p, WEIR_STAMP_LEN bytes. */
void weir_stamp_put(uint8_t *p, const struct weir_stamp *stamp);

/* Writes another time into the stamp at p. */
void weir_stamp_set_time(uint8_t *p, uint64_t time_ns);

/*
 * Finds the stamp of a frame of len bytes: at its end, or, if it is Ethernet with IP
 * in it and was filled up on its way, at the end of the IP packet. False: it has none.
 */
bool weir_stamp_find(const uint8_t *frame, uint32_t len, struct weir_stamp *ret_stamp);

#ifdef __cplusplus
}
#endif
#endif
