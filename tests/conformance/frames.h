/* SPDX-License-Identifier: BSD-2-Clause */
/* Frames that carry a number, and whose every byte follows from number and length. */
#ifndef CONFORMANCE_FRAMES_H
#define CONFORMANCE_FRAMES_H

#include <stdbool.h>
#include <stdint.h>

/* Fills len bytes at data. raw_ip: an IPv4 packet, at least 20 bytes; else an Ethernet
 * frame, at least 14, with an 802.1Q tag if vlan (at least 18). */
void frame_make(uint8_t *data, uint32_t len, uint32_t nr, bool raw_ip, bool vlan);

/* Is it one of ours? Interfaces have traffic of their own. Sets *ret_nr. */
bool frame_is_ours(const uint8_t *data, uint32_t len, bool raw_ip, uint32_t *ret_nr);

#endif
