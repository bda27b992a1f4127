/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The inside of the frame editor: steps that each make one kind of edit.
 *
 * A step has two functions. compile() looks at the options once, keeps what it needs in
 * the editor, and says whether there is anything for it to do; run() goes over a batch
 * of frames that have been walked. The table in editor.c gives their order.
 */
#ifndef EDIT_EDIT_H
#define EDIT_EDIT_H

#include <stdbool.h>
#include <stdint.h>

#include <weir/edit.h>

#include "pkt/addr.h"
#include "pkt/parse.h"

#define EDIT_BATCH   64u
#define EDIT_STEPS   64u
#define QUOTED_STEPS 8u
/* Link layers and tags that may be put in front of a frame. */
#define EDIT_GROWTH 128u

/* What a step reads and writes: decides which damaged frames it cannot be applied to. */
enum edit_needs {
	EDIT_LINK = 1U << 0,
	EDIT_NETWORK = 1U << 1,
	EDIT_TRANSPORT = 1U << 2,
	EDIT_SIDES = 1U << 3,	  /* depends on the direction of the frame */
	EDIT_GROWS = 1U << 4,	  /* makes frames longer than they are, or relies on room */
	EDIT_REMEMBERS = 1U << 5, /* depends on the frames before */
};

/* A frame on its way through the steps. */
struct edit_frame {
	struct weir_buf *buf;
	struct pkt_layers l; /* kept right by the steps that move headers */
	uint16_t linktype;   /* with which it came */
	uint8_t side;	     /* 0 from clients, 1 from servers */
	bool classic;	     /* walked by pkt_parse_classic() */
	bool out;	     /* no further step looks at it */
	bool sum;	     /* its checksums are to be computed whole */
	bool moved;	     /* to another destination address */
	bool no_group;	     /* it does not get the MAC address of its group */
	bool quoted;	     /* a packet that an ICMP error quotes: its end may be cut off */
};

struct weir_editor;
struct edit_inner;
struct crypto_pan;
typedef void edit_run_fn(struct weir_editor *e, struct edit_frame *frames, unsigned n);

/* A map as masks over addresses as they stand in frames: (addr & mask) == from becomes
 * to | (addr & keep). IPv4 uses the first four bytes. */
struct edit_map {
	uint64_t from[2], mask[2], to[2], keep[2];
};

/* Maps of addresses: the first that holds an address says what becomes of it. */
struct edit_maps {
	struct edit_map *v4, *v6;
	unsigned n_v4, n_v6;
};

struct edit_mac_pair {
	uint8_t from[6], to[6];
};

/* What MACs become on each side. */
struct edit_macs {
	uint8_t mac[2][6];
	bool given[2];
};

#define EDIT_DLINK_MAX 64u

struct edit_dlink {
	uint8_t bytes[EDIT_DLINK_MAX];
	uint32_t len;
};

/* What a VLAN tag becomes: its type, if not 0, and (old & keep) | value. */
struct edit_tag {
	uint16_t type, keep, value;
};

#define EDIT_TAGS_MAX 8u

/* The texts have been read; numbers are asked of .opts. */
struct weir_editor {
	struct weir_edit_opts opts; /* its texts are gone */
	uint32_t quirks;
	unsigned needs;
	bool edits; /* some step changes frames */
	edit_run_fn *steps[EDIT_STEPS];
	unsigned n_steps;
	edit_run_fn *quoted_steps[QUOTED_STEPS];
	unsigned n_quoted_steps;
	int fatal; /* what ends the run */

	struct edit_macs smac, dmac;
	struct edit_mac_pair *subs;
	unsigned n_subs;
	uint8_t mac_mask[6];
	struct edit_tag tags[EDIT_TAGS_MAX]; /* outermost first */
	unsigned n_tags;
	struct edit_dlink dlink[2];
	int ttl;	  /* the number */
	char ttl_sign;	  /* '+', '-' or 0: set it */
	uint16_t *ports;  /* 65,536: what becomes of each; NULL: no maps */
	uint32_t tcp_add; /* to TCP numbers */
	struct edit_maps src_map, dst_map;
	struct edit_maps pnat[2];
	uint32_t addr_mask;
	uint32_t fuzz_state;
	struct crypto_pan *pan;
	struct edit_inner *inner; /* NULL: the outermost packet is edited */

	struct weir_edit_counts counts;
	struct edit_frame frames[EDIT_BATCH];
};

struct edit_step {
	/* How much of what the step needs (enum edit_needs) the options ask for: 0 if
	 * nothing, or a negative errno. */
	int (*compile)(struct weir_editor *e, const struct weir_edit_opts *o, struct weir_err *err);
	edit_run_fn *run;
	bool on_packet; /* changes a packet: it runs on inner ones if that is asked for */
	bool on_quoted; /* changes what tells flows apart: it runs on what errors quote, too */
};

/* Makes name_run() of name(), which edits one frame. */
#define EDIT_STEP(name)                                                                            \
	static void name##_run(struct weir_editor *e, struct edit_frame *frames, unsigned n)       \
	{                                                                                          \
		for (unsigned i = 0; i < n; i++) {                                                 \
			if (!frames[i].out)                                                        \
				name(e, &frames[i]);                                               \
		}                                                                                  \
	}

/* Is it an address that skip_broadcast leaves: multicast, or 255.255.255.255? */
bool edit_addr_is_broadcast(const struct weir_editor *e, uint8_t version, const uint8_t *addr);

/* The IPv4 addresses of an ARP request or reply. */
struct edit_arp {
	bool is_request;
	uint8_t *sender, *target; /* NULL: cut off, only with WEIR_QUIRK_WALK */
};

/* Does the frame carry one? */
bool edit_arp(const struct edit_frame *f, struct edit_arp *ret_arp);

#define EDIT_ICMP_HEAD 8u

/* Is it an ICMP or ICMPv6 error? Then its head is there, and behind it what there is of the
 * packet that it is about. */
bool edit_quotes(const struct edit_frame *f);

extern const struct edit_step edit_inner_walk_step, edit_inner_step, edit_fcs_step, edit_link_step,
	edit_vlan_step, edit_mac_step, edit_tos_step, edit_class_step, edit_ttl_step,
	edit_port_step, edit_tcp_step, edit_fuzz_step, edit_fixlen_step, edit_mtu_step,
	edit_map_step, edit_pnat_step, edit_seed_step, edit_quoted_step, edit_anonymize_step,
	edit_hdrlen_step, edit_sum_step, edit_multicast_step;

/* Which of the layers that are needed (enum edit_needs) cannot be read, after a walk with
 * result r? WEIR_N_EDIT_REASONS: none. */
enum weir_edit_reason edit_damage(const struct pkt_layers *l, int r, unsigned needs);

/* The edit cannot be applied: the frame leaves as it is, or not at all. */
void edit_fail(struct weir_editor *e, struct edit_frame *f, enum weir_edit_reason why);

/* Tells of it without ending the frame's way. text says more than the reason alone, or is
 * NULL. */
void edit_note(struct weir_editor *e, struct edit_frame *f, enum weir_edit_reason why,
	       const char *text, ...) __attribute__((format(printf, 4, 5)));

/* With a quirk: neither this frame nor any after it is edited; text says why. */
void edit_end(struct weir_editor *e, struct edit_frame *f, const char *text, ...)
	__attribute__((format(printf, 3, 4)));

/* The frame goes nowhere. */
void edit_drop(struct weir_editor *e, struct edit_frame *f);

/* For this and other stages: counts what an edit cannot be applied to; drops a frame. */
void edit_count(struct weir_edit_counts *c, const struct weir_buf *b, enum weir_edit_reason why);
void edit_drop_buf(struct weir_edit_counts *c, struct weir_buf *b);

/*
 * Puts n bytes at offset off in place of old bytes there, whose content is undefined
 * then; what stands behind moves, and with it the offsets of its headers. false: no room
 * (nothing has changed).
 */
bool edit_splice(struct edit_frame *f, uint32_t off, uint32_t old, uint32_t n);

/* The frame's bytes end at len. What is behind the network layer is not there any more if
 * they do not reach it, so that .l4_off is never behind .end. */
void edit_cut(struct edit_frame *f, uint32_t len);

static inline uint8_t *edit_l3(const struct edit_frame *f)
{
	return f->buf->data + f->l.l3_off;
}

/* mac.c: the MAC address of the IP multicast group that the frame goes to. false: none. */
bool edit_group_mac(const struct edit_frame *f, uint8_t *ret_mac);

/* convert.c: the frame gets the header of another link type, if edit_can_convert(). */
void edit_convert(struct weir_editor *e, struct edit_frame *f, uint32_t linktype);
bool edit_can_convert(uint32_t linktype);

/* inner.c: a step that inner packets go through, in the order of the calls. */
void edit_inner_add(struct edit_inner *in, edit_run_fn *run);

/* map.c */
void edit_maps_done(struct edit_maps *maps);

/* lcg.c: the pseudo random numbers of tcpreplay. */

/* The next number, of 31 bits. */
uint32_t lcg_draw(uint32_t *state);
/* The state after five draws from seed; the last of them in *ret_draw. */
uint32_t lcg_mix(uint32_t seed, uint32_t *ret_draw);
/* How addresses and MACs are scattered: not a permutation. */
static inline uint32_t lcg_scatter(uint32_t v, uint32_t mask)
{
	return (v ^ mask) - (v & mask);
}

/* sum.c: keeping checksums as right or wrong as they were. */

/* A 16-bit word of the IPv4 header has changed. */
void edit_ip_changed16(struct edit_frame *f, uint16_t old, uint16_t new);
/* A part of an IP address (size bytes: 4, or 16) has changed: old and new. */
void edit_addr_changed(struct edit_frame *f, bool dst, const uint8_t *old, const uint8_t *new);
/* The frame's L4 checksum and whether it counts; NULL: there is none to keep. */
uint8_t *edit_l4_sum(const struct edit_frame *f);
/* A word under the checksum at sum has changed. */
void edit_sum_changed16(const struct edit_frame *f, uint8_t *sum, uint16_t old, uint16_t new);
void edit_sum_changed32(const struct edit_frame *f, uint8_t *sum, uint32_t old, uint32_t new);
/* The partial sum (csum_add()) of a part of what the checksum at sum covers has changed. */
void edit_sum_replaced(const struct edit_frame *f, uint8_t *sum, uint32_t before, uint32_t after);
/* The checksum that covers what a packet carries as a tunnel; NULL: there is none to keep. */
uint8_t *edit_tunnel_sum(const struct edit_frame *f);
/* Computes all checksums of a packet that it can. */
void edit_sum_packet(struct edit_frame *f);

#endif
