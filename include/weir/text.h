/* SPDX-License-Identifier: BSD-2-Clause */
/* Frames as text for people. */
#ifndef WEIR_TEXT_H
#define WEIR_TEXT_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Room for the text of any frame, its end included. */
#define WEIR_TEXT_LEN 320u

/*
 * Says in one line which protocols a frame of a LINKTYPE_ has, from the link layer to the
 * first transport layer, and between whom:
 *
 *     Ether / VLAN 5 / IPv4 TCP 10.0.0.1:20 > 10.0.0.2:80 S
 *
 * Meant to be read; the wording may change. What is in the frame may be anything.
 * ret_text has room for size > 0 bytes; a longer text is cut. Returns ret_text.
 */
const char *weir_frame_text(uint32_t linktype, const uint8_t *frame, uint32_t len, char *ret_text,
			    size_t size);

#ifdef __cplusplus
}
#endif
#endif
