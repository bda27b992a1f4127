/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where the headers of a frame lie: one walk from the link layer to the transport
 * layer's payload. Pure; the base of the flow table, the classifier and the frame
 * editor.
 *
 *     |prefix|link layer ... |VLAN tags|MPLS|IP, IPv6 ext. |TCP/UDP..|payload |pad|
 *     0      l2_off           vlan_off  mpls l3_off          l4_off    payload  end len
 *
 * All offsets count bytes from the first byte of the frame as it is in the trace.
 *
 * Sources: https://www.tcpdump.org/linktypes.html, IEEE 802.3/802.1Q/802.11, RFC 791,
 * RFC 8200 and RFC 7045 (IPv6 extension headers), RFC 3032 (MPLS), RFC 1042 (SNAP).
 */
#ifndef PKT_PARSE_H
#define PKT_PARSE_H

#include <stdbool.h>
#include <stdint.h>

/* LINKTYPE_ numbers that the walk knows. */
enum pkt_linktype {
	PKT_LINKTYPE_NULL = 0,
	PKT_LINKTYPE_ETHERNET = 1,
	PKT_LINKTYPE_PPP = 9,
	PKT_LINKTYPE_PPP_HDLC = 50,
	PKT_LINKTYPE_RAW_DLT = 12, /* what most systems call it, and some write */
	PKT_LINKTYPE_RAW = 101,
	PKT_LINKTYPE_C_HDLC = 104,
	PKT_LINKTYPE_80211 = 105,
	PKT_LINKTYPE_LOOP = 108,
	PKT_LINKTYPE_SLL = 113,
	PKT_LINKTYPE_80211_RADIOTAP = 127,
	PKT_LINKTYPE_JUNIPER_ETHER = 178,
	PKT_LINKTYPE_IPV4 = 228,
	PKT_LINKTYPE_IPV6 = 229,
	PKT_LINKTYPE_SLL2 = 276,
};

enum pkt_ethertype {
	PKT_ETH_IPV4 = 0x0800,
	PKT_ETH_ARP = 0x0806,
	PKT_ETH_BRIDGED = 0x6558, /* an Ethernet frame, in tunnels */
	PKT_ETH_VLAN = 0x8100,
	PKT_ETH_IPV6 = 0x86dd,
	PKT_ETH_MPLS = 0x8847,
	PKT_ETH_MPLS_UPSTREAM = 0x8848,
	PKT_ETH_QINQ = 0x88a8,
	PKT_ETH_QINQ_OLD = 0x9100,
};

enum pkt_proto {
	PKT_IP_HOPOPTS = 0,
	PKT_IP_ICMP = 1,
	PKT_IP_IGMP = 2,
	PKT_IP_IPV4 = 4,
	PKT_IP_TCP = 6,
	PKT_IP_UDP = 17,
	PKT_IP_DCCP = 33,
	PKT_IP_IPV6 = 41,
	PKT_IP_ROUTING = 43,
	PKT_IP_FRAGMENT = 44,
	PKT_IP_GRE = 47,
	PKT_IP_AH = 51,
	PKT_IP_ICMPV6 = 58,
	PKT_IP_NONE = 59,
	PKT_IP_DSTOPTS = 60,
	PKT_IP_SCTP = 132,
	PKT_IP_UDPLITE = 136,
	PKT_IP_MPLS = 137,
};

/* The kind of header at l2_off. */
enum pkt_link {
	PKT_LINK_NONE, /* raw IP: there is none */
	PKT_LINK_ETHERNET,
	PKT_LINK_NULL, /* a 4-byte address family */
	PKT_LINK_PPP,
	PKT_LINK_HDLC,
	PKT_LINK_80211,
	PKT_LINK_SLL,
	PKT_LINK_SLL2,
};

enum pkt_flags {
	PKT_PORTS = 1U << 0,	      /* src_port and dst_port are set */
	PKT_FRAGMENT = 1U << 1,	      /* part of an IP datagram */
	PKT_LATER_FRAGMENT = 1U << 2, /* and not the first part: there is no L4 header */
	PKT_LLC = 1U << 3,	      /* IEEE 802.2 LLC follows the link layer's length */
	PKT_SNAP = 1U << 4,	      /* and SNAP, whose type is .ethertype */
	PKT_PAYLOAD_CUT = 1U << 5,    /* the IP datagram is longer than the frame */
};

/* The offset of what is not there. */
#define PKT_ABSENT UINT32_MAX

struct pkt_layers {
	uint32_t l2_off;      /* behind radiotap and the like; 0 if there is no such prefix */
	uint32_t l2_len;      /* bytes up to MPLS or L3, VLAN tags and LLC/SNAP with them */
	uint32_t mac_off;     /* 12 bytes: destination or receiver, source or transmitter */
	uint32_t type_off;    /* where .ethertype stands */
	uint32_t vlan_off;    /* first tag control word; the type that it carries stands at
			       * + 2, the next one at + 4 */
	uint32_t mpls_off;    /* first label stack entry of 4 bytes */
	uint32_t l3_off;      /* IPv4 or IPv6 header */
	uint32_t l3_len;      /* options and extension headers walked over with it */
	uint32_t ip6frag_off; /* IPv6 fragment header */
	uint32_t l4_off;      /* first byte behind the network layer; its protocol is .proto */
	uint32_t l4_len;      /* of a whole TCP, UDP, ... header; 0 if it is cut or unknown */
	uint32_t payload_off; /* first byte that no header known here covers */
	uint32_t end;	      /* of the IP datagram within the frame; len if it is not IP.
			       * What stands behind it is padding. */
	uint16_t ethertype;   /* of what follows the tags; 0 = the link layer does not tell */
	uint16_t src_port;
	uint16_t dst_port;
	uint8_t flags;	    /* enum pkt_flags */
	uint8_t link;	    /* enum pkt_link */
	uint8_t n_vlans;    /* saturates at 255 */
	uint8_t n_mpls;	    /* saturates at 255 */
	uint8_t ip_version; /* 4, 6, or 0: not IP */
	uint8_t proto;	    /* IP protocol behind all extension headers walked over */
};

/* Of a frame of len bytes in which nothing has been found. */
void pkt_layers_init(struct pkt_layers *l, uint32_t len);

static inline bool pkt_is_vlan_tag(uint16_t type)
{
	return type == PKT_ETH_VLAN || type == PKT_ETH_QINQ || type == PKT_ETH_QINQ_OLD;
}

/*
 * Walks len bytes at p. *ret_layers is filled whatever the result: an offset is set
 * when its header lies whole within the frame, l4_off when the header before it
 * does. Reads nothing past p + len.
 *
 * 0: walked as far as protocols are known. -ENOTSUP: not a link type known here.
 * -ENODATA: the frame ends within a header. -EBADMSG: a header contradicts itself.
 */
int pkt_parse(uint32_t linktype, const uint8_t *p, uint32_t len, struct pkt_layers *ret_layers);

/*
 * As pkt_parse(), but the walk begins at off, with what an ethertype names: an Ethernet
 * header for PKT_ETH_BRIDGED, and for 0 the IP version that the first byte tells. Offsets
 * still count from p.
 */
int pkt_parse_at(uint16_t type, const uint8_t *p, uint32_t len, uint32_t off,
		 struct pkt_layers *ret_layers);

#endif
