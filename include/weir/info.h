/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Summaries: what a trace holds, added up frame by frame.
 *
 *	weir_summary_new(weir_reader_info(reader)->format, &s, err);
 *	while (weir_reader_next(reader, &rec, err) == 1)
 *		weir_summary_add(s, &rec);
 *	totals = weir_summary_totals(s);
 */
#ifndef WEIR_INFO_H
#define WEIR_INFO_H

#include <stdint.h>

#include <weir/err.h>
#include <weir/trace.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Ranges of the size histogram. */
#define WEIR_SUMMARY_SIZES 9

/* What is in a frame. A frame counts for each that fits: VLAN, IPv4 and UDP. */
enum weir_summary_proto {
	WEIR_SUMMARY_VLAN,
	WEIR_SUMMARY_MPLS,
	WEIR_SUMMARY_ARP,
	WEIR_SUMMARY_IPV4,
	WEIR_SUMMARY_IPV6,
	WEIR_SUMMARY_OTHER_NETWORK, /* none of these three */
	WEIR_SUMMARY_FRAGMENT,	    /* of an IP datagram */
	WEIR_SUMMARY_TCP,
	WEIR_SUMMARY_UDP,
	WEIR_SUMMARY_ICMP, /* and ICMPv6 */
	WEIR_SUMMARY_SCTP,
	WEIR_SUMMARY_OTHER_TRANSPORT, /* IP, but none of these four */
	WEIR_N_SUMMARY_PROTOS,
};

struct weir_totals {
	uint64_t frames;
	uint64_t bytes;		   /* recorded */
	uint64_t wire_bytes;	   /* as long as the frames were on the wire */
	uint64_t snapped;	   /* frames of which less was recorded than was on the wire */
	uint64_t untimed;	   /* frames without a time; the rest speaks of the others */
	int64_t first_ns;	   /* earliest and latest time, ns since 1970 UTC; */
	int64_t last_ns;	   /* both 0 if there is none */
	uint64_t backwards;	   /* frames that are earlier than the one before them */
	uint64_t backwards_max_ns; /* by so much at most */
	uint32_t size_min;	   /* shortest and longest frame on the wire; both 0 if */
	uint32_t size_max;	   /* there are no frames */
	uint64_t flows;		   /* in one direction: IP version, addresses, protocol, ports */
	uint64_t flow_frames;	   /* frames that belong to one */
	uint64_t non_flow_frames;  /* that belong to none: not IP */
	uint64_t flow_invalid;	   /* of which it cannot be told: cut, or IEEE 802.3 */
	uint64_t sizes[WEIR_SUMMARY_SIZES]; /* frames by their size on the wire */
	uint64_t protos[WEIR_N_SUMMARY_PROTOS];
};

/* Of one interface. */
struct weir_iface_totals {
	uint64_t frames;
	uint64_t bytes; /* recorded */
};

struct weir_summary;

/* An empty summary of a trace of this format: in pcapng a time of 0 stands for none. To
 * be freed with weir_summary_free(). -ENOMEM. */
int weir_summary_new(enum weir_trace_format format, struct weir_summary **ret_summary,
		     struct weir_err *err);

/* Adds a frame. 0, or -ENOMEM. */
int weir_summary_add(struct weir_summary *s, const struct weir_record *rec);

/* Lent; valid until the next call on s. */
const struct weir_totals *weir_summary_totals(const struct weir_summary *s);

/* Of the interface with this index in its trace; zeros if no frame came from it. */
struct weir_iface_totals weir_summary_iface(const struct weir_summary *s, uint32_t iface);

/* NULL is allowed. Returns NULL. */
struct weir_summary *weir_summary_free(struct weir_summary *s);

/* The longest frame that counts for range i of .sizes; UINT32_MAX for the last. */
uint32_t weir_summary_size_max(unsigned i);

/* "IPv4" and so on. Static, never NULL. */
const char *weir_summary_proto_name(enum weir_summary_proto p);

#ifdef __cplusplus
}
#endif
#endif
