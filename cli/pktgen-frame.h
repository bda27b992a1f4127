/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Frames as netmap's pkt-gen makes them: Ethernet, IP and UDP around a text that repeats.
 *
 * A frame is a pure function of its number. Walks count up one after another, the source port
 * first, then the source address, the destination port and the destination address. Checksums
 * are right, which pkt-gen's are not where a range of ports begins again, and with IPv6.
 */
#ifndef CLI_PKTGEN_FRAME_H
#define CLI_PKTGEN_FRAME_H

#include <stdbool.h>
#include <stdint.h>

#include <weir/stream.h>

#include "pktgen-addr.h"

#define PKTGEN_MIN_LEN	  16u
#define PKTGEN_MAX_LEN	  65536u
#define PKTGEN_MAX_HEADER 12u /* of virtio-net */

struct pktgen_frames {
	bool ipv6;
	struct pktgen_range src, dst;
	uint8_t src_mac[6], dst_mac[6];
	uint32_t len;	     /* without header_len */
	uint32_t min_len;    /* 0: all have len; otherwise drawn from here to len - 1 */
	bool fit_headers;    /* drawn lengths are told in the headers; else the frame is just cut */
	bool indirect;	     /* the text is the one of indirect buffers */
	bool still;	     /* all are as number 0 */
	bool sequence;	     /* payloads begin with the number, 32 bits */
	uint32_t header_len; /* zeros that stand before each */
	uint64_t seed;	     /* of all that is drawn */
	uint8_t *base;	     /* number 0 at full length, without header; pktgen_frames_init() */
	uint32_t ip_sum, udp_sum; /* of what stays the same of len */
};

/*
 * Makes frame 0 of what is set, to be freed with pktgen_frames_done(). bytes: all frames are
 * just these .len bytes; NULL: no.
 */
void pktgen_frames_init(struct pktgen_frames *f, const uint8_t *bytes);
void pktgen_frames_done(struct pktgen_frames *f);

/* After how many frames they are the same again; false: never. */
bool pktgen_frames_period(const struct pktgen_frames *f, uint64_t *ret_n);

/* The length of a frame, and its bytes: there is room at data for that length. */
uint32_t pktgen_frame_len(const struct pktgen_frames *f, uint64_t number);
void pktgen_frame_make(const struct pktgen_frames *f, uint64_t number, uint8_t *data);

/* Where UDP's payload begins, counted from .header_len. */
static inline uint32_t pktgen_payload_at(bool ipv6)
{
	return ipv6 ? 14 + 40 + 8 : 14 + 20 + 8;
}

/* Puts n bytes, an even number of them, at the beginning of the payload of a frame that has
 * room for them, data being behind .header_len, and keeps its checksum right. */
void pktgen_payload_put(bool ipv6, uint8_t *data, const uint8_t *bytes, unsigned n);

/* What a stream needs to send them; f is lent. .n_frames is the caller's to set. */
void pktgen_frames_maker(struct pktgen_frames *f, struct weir_maker *ret_maker);

#endif
