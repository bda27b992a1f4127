/* SPDX-License-Identifier: BSD-2-Clause */
/* Layers of the link, and tunnels that begin like one. */
#include "gen/layer.h"

static const struct gen_field ether[] = {
	MAC("dst", .text = "ff:ff:ff:ff:ff:ff"),
	MAC("src", .flags = GEN_IFACE),
	U16("type", 0x9000, .names = gen_ether_types),
	END,
};

static const struct gen_field dot3[] = {
	MAC("dst", .text = "ff:ff:ff:ff:ff:ff"),
	MAC("src", .flags = GEN_IFACE),
	U16("len", 0, .automatic = AUTO_LEN, .adj = -14),
	END,
};

static const struct gen_field llc[] = {
	U8("dsap", 0),
	U8("ssap", 0),
	U8("ctrl", 0),
	END,
};

static const struct gen_field snap[] = {
	U24("OUI", 0),
	U16("code", 0, .names = gen_ether_types),
	END,
};

/* Times are sent in 256ths of a second, and given in seconds. */
static const struct gen_field stp[] = {
	U16("proto", 0),
	U8("version", 0),
	U8("bpdutype", 0),
	U8("bpduflags", 0),
	U16("rootid", 0),
	MAC("rootmac"),
	U32("pathcost", 0),
	U16("bridgeid", 0),
	MAC("bridgemac"),
	U16("portid", 0),
	U16("age", 1, .shift = 8),
	U16("maxage", 20, .shift = 8),
	U16("hellotime", 2, .shift = 8),
	U16("fwddelay", 15, .shift = 8),
	END,
};

static const struct gen_field dot1q[] = {
	BITS("prio", 3, 0),
	BITS("id", 1, 0),
	BITS("vlan", 12, 1),
	U16("type", 0, .names = gen_ether_types),
	END,
};

static const struct gen_field arp[] = {
	U16("hwtype", 1),
	U16("ptype", 0x800, .names = gen_ether_types),
	U8("hwlen", 6),
	U8("plen", 4),
	U16("op", 1, .names = gen_arp_ops),
	MAC("hwsrc", .flags = GEN_IFACE),
	IP4("psrc", "127.0.0.1"),
	MAC("hwdst"),
	IP4("pdst", "0.0.0.0"),
	END,
};

static const struct gen_field mpls[] = {
	BITS("label", 20, 3), BITS("cos", 3, 0), BITS("s", 1, 1), U8("ttl", 0), END,
};

#define GRE_HAS(f) .when = { { TEST_ANY, f, 1 } }
#define GRE_HAS_SUM                                                                                \
	.when = { { TEST_ANY, "chksum_present", 1 }, { TEST_ANY, "routing_present", 1 } }

static const struct gen_field gre[] = {
	BITS("chksum_present", 1, 0, .shape = true),
	BITS("routing_present", 1, 0, .shape = true),
	BITS("key_present", 1, 0, .shape = true),
	BITS("seqnum_present", 1, 0, .shape = true),
	BITS("strict_route_source", 1, 0),
	BITS("recursion_control", 3, 0),
	BITS("flags", 5, 0),
	BITS("version", 3, 0),
	U16("proto", 0, .names = gen_ether_types),
	SUM16("chksum", AUTO_SUM_PAYLOAD, GRE_HAS_SUM,
	      .auto_when = { TEST_ANY, "chksum_present", 1 }),
	U16("offset", 0, GRE_HAS_SUM),
	U32("key", 0, GRE_HAS("key_present")),
	U32("sequence_number", 0, GRE_HAS("seqnum_present")),
	END,
};

static const char *const vxlan_flags[] = { "OAM", "R", "NextProtocol", "Instance", "V1", "V2", "R",
					   "G",	  0 };
static const char *const vxlan_gpflags[] = { "R", "R", "R", "A", "R", "R", "D", "R", 0 };
static const struct gen_name vxlan_next[] = {
	{ "NotDefined", 0 }, { "IPv4", 1 }, { "IPv6", 2 }, { "Ethernet", 3 }, { "NSH", 4 }, { 0 },
};

static const struct gen_field vxlan[] = {
	{ .name = "flags",
	  .kind = FIELD_FLAGS,
	  .bits = 8,
	  .def = 8,
	  .flags = GEN_MASK,
	  .shape = true,
	  .flag_names = vxlan_flags },
	U16("reserved0", 0, .when = { { TEST_ANY, "flags", 0x04 } }),
	U8("NextProtocol", 0, .names = vxlan_next, .when = { { TEST_ANY, "flags", 0x04 } }),
	U24("reserved1", 0, .when = { { TEST_NO, "flags", 0x84 } }),
	{ .name = "gpflags",
	  .kind = FIELD_FLAGS,
	  .bits = 8,
	  .flags = GEN_MASK,
	  .flag_names = vxlan_gpflags,
	  .when = { { TEST_ANY, "flags", 0x80 } } },
	U16("gpid", 0, .when = { { TEST_ANY, "flags", 0x80 } }),
	U24("vni", 0),
	U8("reserved2", 0),
	END,
};

static const struct gen_field geneve[] = {
	BITS("version", 2, 0),
	BITS("optionlen", 6, 0, .automatic = AUTO_HEADER, .adj = -8, .unit = 4),
	BITS("oam", 1, 0),
	BITS("critical", 1, 0),
	BITS("reserved", 6, 0),
	U16("proto", 0, .names = gen_ether_types),
	U24("vni", 0),
	U8("reserved2", 0),
	{ .name = "options", .kind = FIELD_OPTIONS },
	END,
};

static const struct gen_field geneve_options[] = {
	U16("classid", 0),
	U8("type", 0),
	BITS("reserved", 3, 0),
	BITS("length", 5, 0, .automatic = AUTO_HEADER, .adj = -4, .unit = 4),
	BYTES("data"),
	END,
};

static const struct gen_field pppoe[] = {
	BITS("version", 4, 1),
	BITS("type", 4, 1),
	U8("code", 0),
	U16("sessionid", 0),
	U16("len", 0, .automatic = AUTO_LEN, .adj = -6),
	END,
};

static const struct gen_field pppoed[] = {
	BITS("version", 4, 1),
	BITS("type", 4, 1),
	U8("code", 9),
	U16("sessionid", 0),
	U16("len", 0, .automatic = AUTO_LEN, .adj = -6),
	END,
};

static const struct gen_name pppoe_tags[] = {
	{ "End-Of-List", 0 },
	{ "Service-Name", 257 },
	{ "AC-Name", 258 },
	{ "Host-Uniq", 259 },
	{ "AC-Cookie", 260 },
	{ "Vendor-Specific", 261 },
	{ "Credits", 262 },
	{ "Metrics", 263 },
	{ "Sequence Number", 264 },
	{ "Credit Scale Factor", 265 },
	{ "Relay-Session-Id", 272 },
	{ "PPP-Max-Payload", 288 },
	{ "Service-Name-Error", 513 },
	{ "AC-System-Error", 514 },
	{ "Generic-Error", 515 },
	{ 0 },
};

static const struct gen_field pppoe_tag[] = {
	U16("tag_type", 0, .names = pppoe_tags),
	U16("tag_len", 0, .automatic = AUTO_SIZE, .of = "tag_value"),
	BYTES("tag_value"),
	END,
};

static const struct gen_field ppp[] = {
	U16("proto", 0x21, .flags = GEN_PPP, .shape = true),
	END,
};

const struct gen_layer gen_link_layers[] = {
	{ "Ether", ether, .linktype = 1 },
	{ "Dot3", dot3, .linktype = 1 },
	{ "LLC", llc },
	{ "SNAP", snap },
	{ "STP", stp },
	{ "Dot1Q", dot1q, .like = "Ether" },
	{ "Dot1AD", dot1q, .like = "Dot1Q" },
	{ "ARP", arp },
	{ "MPLS", mpls },
	{ "GRE", gre },
	{ "VXLAN", vxlan },
	{ "GENEVE", geneve },
	{ "GeneveOptions", geneve_options },
	{ "PPPoE", pppoe },
	{ "PPPoED", pppoed, .like = "PPPoE" },
	{ "PPPoETag", pppoe_tag },
	{ "PPP", ppp, .linktype = 9 },
	{ 0 },
};
