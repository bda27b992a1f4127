/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The frame editor: a stage that changes what it is asked to, and nothing else.
 *
 *	struct weir_edit_opts opts = { .dst_map = "10.0.0.0/8:192.168.0.0/16" };
 *	weir_editor_new(&opts, &editor, err);
 *	stage = weir_editor_stage(editor);
 *
 * Edits are made in this order, whatever the order of the options:
 *
 *	cut the FCS; link type; VLAN tag; MACs; TOS, class, flow label; TTL; ports; TCP
 *	numbers; fuzzing; length; addresses by map, by seed, under a key; header lengths;
 *	checksums
 *
 * Checksums are kept as right or wrong as they were (RFC 1624); only .fix_csum mends
 * them. Where an edit depends on the direction of a frame, its port tells it: 0 is the
 * primary one, from clients to servers, 1 the secondary. Frames without a port are not
 * touched.
 *
 * A frame that an edit cannot be applied to goes on as it was, and is counted by
 * reason.
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

/* A number that may have been given. */
struct weir_edit_num {
	bool given;
	uint32_t value;
};

enum weir_edit_fixlen {
	WEIR_FIXLEN_NONE,
	WEIR_FIXLEN_PAD,   /* cut frames get their length on the wire, filled with zeros */
	WEIR_FIXLEN_TRUNC, /* cut frames become whole ones that are as short */
	WEIR_FIXLEN_DEL,   /* cut frames are dropped */
};

enum weir_edit_vlan {
	WEIR_VLAN_KEEP,
	WEIR_VLAN_ADD, /* in front of the nth */
	WEIR_VLAN_DEL, /* the nth */
	WEIR_VLAN_SET, /* the nth gets what is given, and keeps the rest */
};

/*
 * The link type that frames get: by name, or by its LINKTYPE_ number if that is Ethernet,
 * raw IP (101, 228, 229), loopback (0, 108), PPP (9, 50), C-HDLC or Linux cooked (113, 276).
 * Between all of these what both can carry is kept: types, VLAN tags, MACs, and what Linux
 * tells of a packet. A frame that the new type cannot carry fails (WEIR_EDIT_NO_LINK), and
 * so keeps its own.
 */
enum weir_edit_dlt {
	WEIR_DLT_KEEP,
	WEIR_DLT_ENET,
	WEIR_DLT_HDLC,
	WEIR_DLT_USER,	/* whatever .user_dlink says */
	WEIR_DLT_OTHER, /* .dlt_number */
};

/* Addresses that nobody without the key can tell. */
enum weir_edit_anonymize {
	WEIR_ANONYMIZE_NONE,
	/* Crypto-PAn: addresses with the first n bits in common keep them in common, and no
	 * two become one. Also in ARP, in packets that ICMP errors tell of and in IPv6
	 * neighbour discovery; not in options, routing headers and payloads. */
	WEIR_ANONYMIZE_PREFIX,
};

/*
 * Behaviour of tcpreplay 4.5 that outputs of its users depend on and that weir does not
 * share: bits of .quirks, set only where weir is called by that suite's names.
 */
enum weir_edit_quirk {
	WEIR_QUIRK_WALK = 1U << 0,
	WEIR_QUIRK_MULTICAST_MAC = 1U << 1,
	WEIR_QUIRK_SUM_ALWAYS = 1U << 2,
	WEIR_QUIRK_SUM_GATE = 1U << 3,
	WEIR_QUIRK_SUM6_SWAPPED = 1U << 4,
	WEIR_QUIRK_LENGTHS = 1U << 5,
	WEIR_QUIRK_FUZZ = 1U << 6,
	WEIR_QUIRK_FIXLEN_DEL = 1U << 7,
	WEIR_QUIRK_GROUP_MACS = 1U << 8,
	WEIR_QUIRK_MAPS = 1U << 9,
	WEIR_QUIRK_BROADCAST_IP = 1U << 10,
	WEIR_QUIRK_DLT_HEADER_ONLY = 1U << 11,

	WEIR_QUIRKS_TCPREWRITE = (1U << 12) - 1, /* all of them */
};

/* Name and meaning of quirk bit i (from 0), for documentation. NULL past the end. */
const char *weir_edit_quirk_name(unsigned i);
const char *weir_edit_quirk_text(unsigned i);

/* Why a frame went on unchanged. */
enum weir_edit_reason {
	WEIR_EDIT_UNKNOWN_LINK,	 /* its link type is not one that can be read */
	WEIR_EDIT_BAD_LINK,	 /* its link layer is cut or contradicts itself */
	WEIR_EDIT_BAD_NETWORK,	 /* its IP header is */
	WEIR_EDIT_BAD_TRANSPORT, /* its TCP, UDP or ICMP header is */
	WEIR_EDIT_BAD_INNER,	 /* a header of a packet within it is */
	WEIR_EDIT_NO_MACS,	 /* MAC or VLAN edits, and it has no Ethernet header */
	WEIR_EDIT_NO_LINK,	 /* the new link type cannot carry what it holds */
	WEIR_EDIT_NO_TAG,	 /* it has not as many VLAN tags */
	WEIR_EDIT_NO_ROOM,	 /* it would become longer than a frame may be */
	WEIR_EDIT_BAD_LENGTH,	 /* the IP length does not fit the frame */
	WEIR_EDIT_NOT_IP,	 /* to be cut (cut.h), and it is not IP */
	WEIR_EDIT_NOT_TCP,	 /* to be cut into segments, and it is not whole TCP */
	WEIR_EDIT_NO_FRAGMENTS,	 /* to be cut into fragments, which it forbids */
	WEIR_EDIT_ALL_HEADERS,	 /* to be cut, and its headers leave no room for data */
	WEIR_EDIT_TOO_MANY,	 /* too many frames would become of it */
	WEIR_EDIT_ENDS,		 /* only with a quirk: it ends the run */
	WEIR_N_EDIT_REASONS,
};
/* "the link layer cannot be read" and so on. Static. */
const char *weir_edit_reason_text(enum weir_edit_reason r);

/* What to change. Texts and lists are lent until weir_editor_new() returns; NULL or 0 is
 * "leave it". */
struct weir_edit_opts {
	/* Maps of addresses, "FROM/N:TO/M,..." */
	const char *pnat;      /* both addresses; a frame's own side's if .pnat_back is given */
	const char *pnat_back; /* for source addresses of port 1 and destinations of port 0 */
	const char *src_map;
	const char *dst_map;
	const char *endpoints;	   /* "CLIENT:SERVER" */
	struct weir_edit_num seed; /* scatter addresses */
	bool skip_broadcast;	   /* but leave broadcast and multicast addresses */
	enum weir_edit_anonymize anonymize;
	uint8_t anonymize_key[32]; /* as Crypto-PAn has it: of AES-128, and for the padding */

	const char *const *port_maps; /* "80:8080,1000-1999:9", the first that fits counts */
	unsigned n_port_maps;
	struct weir_edit_num tcp_sequence; /* move TCP numbers by what this seed gives */
	const char *ttl;		   /* "64", "+1", "-1" */
	struct weir_edit_num tos;
	struct weir_edit_num traffic_class;
	struct weir_edit_num flow_label;

	/*
	 * Which packet the edits above change where packets carry others: NULL the outermost,
	 * "" the innermost, "2" that within two others, "all" each of them. With NULL and
	 * "all" a frame's only packet counts, otherwise it is left. Kinds of tunnels limit
	 * what is looked into: mpls, ipip, gre, vxlan, geneve, gtpu ("2,gtpu,ipip"). What is
	 * behind MPLS labels is within them. Checksums around the packet stay as right or
	 * wrong as they were.
	 */
	const char *inner;

	const char *src_mac; /* "MAC", "MAC,MAC" (for port 0, 1), "MAC," or ",MAC" */
	const char *dst_mac;
	const char *const *sub_macs; /* "OLD,NEW,..." */
	unsigned n_sub_macs;
	struct weir_edit_num mac_seed; /* scatter MACs */
	uint32_t mac_seed_keep;	       /* but keep so many bytes of them */
	bool skip_l2_broadcast;	       /* src_mac and dst_mac leave group addresses */

	enum weir_edit_vlan vlan;
	uint32_t vlan_nth;	       /* from 1, the outermost; 0: 1 */
	struct weir_edit_num vlan_tag; /* id; WEIR_VLAN_ADD needs it or .vlan_stack */
	struct weir_edit_num vlan_cfi; /* not given: of the tag that was there, or 0 */
	struct weir_edit_num vlan_pri;
	uint16_t vlan_type;	/* 0: 0x8100, or what was there */
	const char *vlan_stack; /* WEIR_VLAN_ADD several, "802.1ad:100/5,802.1q:7,8": type,
				 * id, priority, outermost first */

	enum weir_edit_dlt dlt;
	uint32_t dlt_number;		   /* for WEIR_DLT_OTHER */
	struct weir_edit_num hdlc_address; /* not given: Cisco's */
	struct weir_edit_num hdlc_control;
	struct weir_edit_num user_dlt; /* link type of the result; not given: as it was */
	const char *user_dlink;	       /* bytes in hexadecimal, "0f,00,08,00" */
	const char *user_dlink_client; /* for port 0; NULL: the same */

	enum weir_edit_fixlen fixlen;
	bool mtu_trunc;	 /* cut frames whose IP datagram is longer than .mtu */
	uint32_t mtu;	 /* 0: 1500 */
	bool cut_fcs;	 /* cut 4 bytes off every frame */
	bool fix_hdrlen; /* set the IP length to what the frame holds */
	bool fix_csum;	 /* compute all checksums */

	struct weir_edit_num fuzz_seed; /* damage one frame */
	uint32_t fuzz_factor;		/* of so many; 0: 8 */

	bool drop_failed; /* drop frames that an edit cannot be applied to */
	uint32_t quirks;

	/* Told of each frame that an edit cannot be applied to. May be NULL. */
	void (*report)(void *ctx, const struct weir_buf *frame, enum weir_edit_reason why,
		       const char *text);
	void *report_ctx;
};

struct weir_edit_counts {
	uint64_t frames;			/* looked at */
	uint64_t dropped;			/* of them */
	uint64_t failed[WEIR_N_EDIT_REASONS];	/* went on unchanged, or were dropped for it */
	uint64_t first_nr[WEIR_N_EDIT_REASONS]; /* the first of them */
	uint64_t zero_macs; /* became Ethernet with a MAC that nobody told: zeros */
	uint64_t ended_nr;  /* the frame that ended the run; 0: none */
};

struct weir_editor;

/* Makes an editor, for one thread at a time. To be freed with weir_editor_free().
 * -EINVAL: the text names the option and the place in it. */
int weir_editor_new(const struct weir_edit_opts *opts, struct weir_editor **ret_editor,
		    struct weir_err *err);

/* The editor as a stage. A dropped frame has no port and length 0. The editor is lent.
 * The stage may change all fields of a frame; .room must be kept right. It fails only
 * where a quirk ends the run (-ECANCELED): frames before .ended_nr are done then. */
struct weir_stage weir_editor_stage(struct weir_editor *e);

/* Was any edit asked for? */
bool weir_editor_edits(const struct weir_editor *e);

/* Does an edit depend on the direction of frames, so that somebody must tell it? */
bool weir_editor_has_sides(const struct weir_editor *e);

/* Bytes of room that frames need besides their own, and their length on the wire if they
 * are to be filled up; 0: none, they do not become longer. */
uint32_t weir_editor_growth(const struct weir_editor *e);

/* Does what becomes of a frame depend on those before it? Otherwise each of several
 * editors may be given a part of them. */
bool weir_editor_remembers(const struct weir_editor *e);

/* The link type that frames of this one get. */
uint32_t weir_editor_linktype(const struct weir_editor *e, uint32_t linktype);

void weir_editor_counts(const struct weir_editor *e, struct weir_edit_counts *ret_counts);

/* NULL is allowed. Returns NULL. */
struct weir_editor *weir_editor_free(struct weir_editor *e);

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
