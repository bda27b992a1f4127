/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Doing what was left to be done on a frame (struct weir_offload in weir/port.h), for
 * frames that are edited on their way or leave by a port that does not take them undone.
 * Pure.
 */
#ifndef ENGINE_OFFLOAD_H
#define ENGINE_OFFLOAD_H

#include <stdint.h>

#include <weir/port.h>

/* Reads and writes what stands before a frame. */
void offload_get(struct weir_offload *ret_o, const uint8_t *frame);
void offload_put(const struct weir_offload *o, uint8_t *frame);

/* Completes the checksum if it is to be completed; nothing is left to be done about it then.
 * -EBADMSG: it has no place in the frame. */
int offload_complete(struct weir_offload *o, uint8_t *frame, uint32_t len);

/*
 * A frame that is to be cut has been completed and edited: says anew where its headers are,
 * and takes its checksum back to what cutting begins with. -EBADMSG: it cannot be cut, as
 * its outermost headers are not IP with TCP or UDP.
 */
int offload_renew(struct weir_offload *o, uint32_t linktype, uint8_t *frame, uint32_t len);

/*
 * Completes the TCP or UDP checksum of a frame of which nobody tells whether it is complete.
 * One that is not holds the sum of the pseudo header instead; if one that is complete
 * happens to hold the same number, completing it gives that number again.
 */
void offload_guess(uint32_t linktype, uint8_t *frame, uint32_t len);

#endif
