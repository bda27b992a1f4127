/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Comparing two traces frame by frame: what was sent with what arrived.
 *
 * A frame of the first trace and one of the second are partners if they have the same
 * bytes, but for those that are to be ignored. Of several that could be a partner, as when
 * a trace was sent in a loop, it is the one nearest to where the last partner was. What is
 * left in both traces between the same partners, and carries the same payload, is
 * partners that were changed on the way; any other frame is missing or extra.
 *
 * Frames count as moved that are not on the longest run of partners in the same order.
 */
#ifndef WEIR_DIFF_H
#define WEIR_DIFF_H

#include <stdbool.h>
#include <stdint.h>

#include <weir/err.h>
#include <weir/hist.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What may differ: bits. */
enum weir_diff_ignore {
	WEIR_DIFF_MAC = 1U << 0,      /* MAC addresses of Ethernet and 802.11 */
	WEIR_DIFF_VLAN = 1U << 1,     /* VLAN tags, and whether there are any */
	WEIR_DIFF_TTL = 1U << 2,      /* TTL with the IP header's checksum; hop limit */
	WEIR_DIFF_CHECKSUM = 1U << 3, /* of IPv4, TCP, UDP and ICMP headers */
	WEIR_DIFF_PADDING = 1U << 4,  /* what stands behind an IP datagram */
};

/* The bit of a word such as "mac", "vlan", "ttl", "checksum", "padding". 0: there is none. */
unsigned weir_diff_ignore_bit(const char *word);

/* What of a frame was changed: bits 1 << WEIR_DIFF_... of weir_diff_item.fields. */
enum weir_diff_field {
	WEIR_DIFF_DST_MAC,
	WEIR_DIFF_SRC_MAC,
	WEIR_DIFF_VLAN_TAGS,
	WEIR_DIFF_LABELS, /* MPLS */
	WEIR_DIFF_TOS,	  /* or traffic class and flow label */
	WEIR_DIFF_IP_LENGTH,
	WEIR_DIFF_IP_ID,
	WEIR_DIFF_FRAGMENT,
	WEIR_DIFF_HOPS, /* TTL or hop limit */
	WEIR_DIFF_IP_CHECKSUM,
	WEIR_DIFF_SRC_ADDR,
	WEIR_DIFF_DST_ADDR,
	WEIR_DIFF_SRC_PORT,
	WEIR_DIFF_DST_PORT,
	WEIR_DIFF_SEQUENCE,
	WEIR_DIFF_ACKNOWLEDGEMENT,
	WEIR_DIFF_FLAGS, /* of TCP, and the length of its header */
	WEIR_DIFF_WINDOW,
	WEIR_DIFF_L4_CHECKSUM,
	WEIR_DIFF_PAYLOAD,
	WEIR_DIFF_PAD,	  /* what stands behind the IP datagram */
	WEIR_DIFF_LENGTH, /* on the wire */
	WEIR_DIFF_OTHER,  /* other bytes of headers */
	WEIR_N_DIFF_FIELDS,
};
/* "TTL" and so on. Static. */
const char *weir_diff_field_text(enum weir_diff_field f);

enum weir_diff_kind {
	WEIR_DIFF_MISSING, /* only in the first trace */
	WEIR_DIFF_EXTRA,   /* only in the second */
	WEIR_DIFF_CHANGED,
	WEIR_DIFF_MOVED, /* the same bytes, in another order; it may be changed as well */
};

/* A difference. */
struct weir_diff_item {
	enum weir_diff_kind kind;
	uint64_t nr[2];	 /* place of the frame in each trace, from 1; 0: not in it */
	uint32_t fields; /* CHANGED: what */
};

struct weir_diff_counts {
	uint64_t frames[2], bytes[2]; /* of each trace */
	uint64_t same;		      /* partners with the same bytes */
	uint64_t changed;	      /* partners with others */
	uint64_t missing, extra;
	uint64_t moved;			     /* of same and changed */
	uint64_t fields[WEIR_N_DIFF_FIELDS]; /* changed frames by what was */

	/* Time of the second partner less that of the first, of all partners, ns. */
	int64_t least_delay, first_delay;
	struct weir_hist delays; /* each less the least one */
};

struct weir_diff;

/* Compares two files; each is read twice, so that neither may be a pipe: -EINVAL. A file that
 * is damaged counts up to the damage, see weir_diff_damage(). ignore: bits. The result is
 * the caller's, to be freed with weir_diff_free(). -E2BIG: more than 2^32 - 2 frames. Else
 * what weir_reader_open() gives. */
int weir_diff_new(const char *first, const char *second, unsigned ignore,
		  struct weir_diff **ret_diff, struct weir_err *err);

void weir_diff_counts(const struct weir_diff *d, struct weir_diff_counts *ret_counts);

/* The next difference, in the order of the first trace; extra frames come at the end, in
 * the order of the second. *pos begins with 0. False: there is none. */
bool weir_diff_next(const struct weir_diff *d, uint64_t *pos, struct weir_diff_item *ret_item);

/* What is wrong with the first (0) or second (1) file; NULL: nothing. Lent. */
const char *weir_diff_damage(const struct weir_diff *d, unsigned which);

/* NULL is allowed. Returns NULL. */
struct weir_diff *weir_diff_free(struct weir_diff *d);

#ifdef __cplusplus
}
#endif
#endif
