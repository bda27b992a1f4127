/* SPDX-License-Identifier: BSD-2-Clause */
/* IP, IPv6 with its extension headers, and what transports data on them. */
#include "gen/layer.h"

static const char *const ip_flags[] = { "MF", "DF", "evil", 0 };

static const struct gen_field ip[] = {
	BITS("version", 4, 4),
	BITS("ihl", 4, 0, .automatic = AUTO_HEADER, .unit = 4),
	U8("tos", 0),
	U16("len", 0, .automatic = AUTO_LEN, .shape = true),
	U16("id", 1),
	{ .name = "flags",
	  .kind = FIELD_FLAGS,
	  .bits = 3,
	  .flags = GEN_MASK,
	  .flag_names = ip_flags },
	BITS("frag", 13, 0),
	U8("ttl", 64),
	U8("proto", 0, .names = gen_ip_protos),
	SUM16("chksum", AUTO_SUM),
	IP4("src", "127.0.0.1"),
	IP4("dst", "127.0.0.1"),
	{ .name = "options", .kind = FIELD_OPTIONS, .flags = GEN_PAD, .unit = 4 },
	END,
};

#define OPTION_HEAD(copy, class, nr)                                                               \
	BITS("copy_flag", 1, copy), BITS("optclass", 2, class), BITS("option", 5, nr)

static const struct gen_field ip_option[] = {
	OPTION_HEAD(0, 0, 0),
	U8("length", 0, .automatic = AUTO_SIZE, .of = "value", .adj = 2),
	BYTES("value"),
	END,
};
static const struct gen_field ip_option_nop[] = { OPTION_HEAD(0, 0, 1), END };
static const struct gen_field ip_option_eol[] = { OPTION_HEAD(0, 0, 0), END };
static const struct gen_field ip_option_rr[] = {
	OPTION_HEAD(0, 0, 7),
	U8("length", 0, .automatic = AUTO_HEADER, .unit = 1),
	U8("pointer", 4),
	{ .name = "routers", .kind = FIELD_IP4LIST },
	END,
};
static const struct gen_field ip_option_lsrr[] = {
	OPTION_HEAD(1, 0, 3),
	U8("length", 0, .automatic = AUTO_HEADER, .unit = 1),
	U8("pointer", 4),
	{ .name = "routers", .kind = FIELD_IP4LIST },
	END,
};
static const struct gen_field ip_option_alert[] = {
	OPTION_HEAD(1, 0, 20),
	U8("length", 4),
	U16("alert", 0),
	END,
};
static const struct gen_field ip_option_timestamp[] = {
	OPTION_HEAD(0, 2, 4),
	U8("length", 0, .automatic = AUTO_HEADER, .unit = 1),
	U8("pointer", 9),
	BITS("oflw", 4, 0),
	BITS("flg", 4, 1, .shape = true),
	{ .name = "internet_address",
	  .kind = FIELD_IP4,
	  .bits = 32,
	  .text = "0.0.0.0",
	  .when = { { TEST_IN, "flg", 1U << 1 | 1U << 3 } } },
	U32("timestamp", 0),
	END,
};

static const struct gen_field ipv6[] = {
	BITS("version", 4, 6),
	BITS("tc", 8, 0),
	BITS("fl", 20, 0),
	U16("plen", 0, .automatic = AUTO_LEN, .adj = -40),
	U8("nh", 59, .names = gen_ip_protos),
	U8("hlim", 64),
	IP6("src", "::1"),
	IP6("dst", "::1"),
	END,
};

#define NEXT_HEADER U8("nh", 59, .names = gen_ip_protos)
#define EXT_LEN	    U8("len", 0, .automatic = AUTO_HEADER, .adj = -8, .unit = 8)

static const struct gen_field ipv6_options[] = {
	NEXT_HEADER,
	EXT_LEN,
	{ .name = "autopad", .kind = FIELD_SWITCH, .bits = 1, .def = 1, .shape = true },
	{ .name = "options", .kind = FIELD_OPTIONS, .unit = 8 },
	END,
};
static const struct gen_field ipv6_routing[] = {
	NEXT_HEADER,
	EXT_LEN,
	U8("type", 0),
	U8("segleft", 0, .automatic = AUTO_COUNT, .of = "addresses", .shape = true),
	BITS("reserved", 32, 0),
	{ .name = "addresses", .kind = FIELD_IP6LIST },
	END,
};
static const struct gen_field ipv6_segments[] = {
	NEXT_HEADER,
	EXT_LEN,
	U8("type", 4),
	U8("segleft", 0, .automatic = AUTO_COUNT, .of = "addresses", .adj = -1, .shape = true),
	U8("lastentry", 0, .automatic = AUTO_COUNT, .of = "addresses", .adj = -1),
	BITS("unused1", 1, 0),
	BITS("protected", 1, 0),
	BITS("oam", 1, 0),
	BITS("alert", 1, 0),
	BITS("hmac", 1, 0),
	BITS("unused2", 3, 0),
	U16("tag", 0),
	{ .name = "addresses", .kind = FIELD_IP6LIST, .text = "::1" },
	END,
};
static const struct gen_field ipv6_fragment[] = {
	NEXT_HEADER,
	BITS("res1", 8, 0),
	BITS("offset", 13, 0),
	BITS("res2", 2, 0),
	BITS("m", 1, 0),
	U32("id", 0),
	END,
};

static const struct gen_field pad1[] = { U8("otype", 0), END };
static const struct gen_field padn[] = {
	U8("otype", 1),
	U8("optlen", 0, .automatic = AUTO_SIZE, .of = "optdata"),
	BYTES("optdata"),
	END,
};
static const struct gen_field router_alert[] = {
	U8("otype", 5),
	U8("optlen", 2),
	U16("value", 0),
	END,
};
static const struct gen_field jumbo[] = {
	U8("otype", 0xc2),
	U8("optlen", 4),
	U32("jumboplen", 0),
	END,
};

static const char *const tcp_flags[] = { "F", "S", "R", "P", "A", "U", "E", "C", "N", 0 };

static const struct gen_field tcp[] = {
	U16("sport", 20, .names = gen_ports),
	U16("dport", 80, .names = gen_ports),
	U32("seq", 0),
	U32("ack", 0),
	BITS("dataofs", 4, 0, .automatic = AUTO_HEADER, .unit = 4),
	BITS("reserved", 3, 0),
	{ .name = "flags",
	  .kind = FIELD_FLAGS,
	  .bits = 9,
	  .def = 2,
	  .flags = GEN_MASK,
	  .flag_names = tcp_flags },
	U16("window", 8192),
	SUM16("chksum", AUTO_SUM_PSEUDO, .adj = 6),
	U16("urgptr", 0),
	{ .name = "options", .kind = FIELD_TCPOPTS, .flags = GEN_PAD, .unit = 4 },
	END,
};

static const struct gen_field udp[] = {
	U16("sport", 53, .names = gen_ports),
	U16("dport", 53, .names = gen_ports),
	U16("len", 0, .automatic = AUTO_LEN),
	SUM16("chksum", AUTO_SUM_PSEUDO, .adj = 17, .flags = GEN_NONZERO),
	END,
};

static const struct gen_field sctp[] = {
	U16("sport", 0),
	U16("dport", 0),
	U32("tag", 0),
	U32("chksum", 0, .automatic = AUTO_CRC32C),
	END,
};

static const struct gen_field sctp_data[] = {
	U8("type", 0),
	BITS("reserved", 4, 0),
	BITS("delay_sack", 1, 0),
	BITS("unordered", 1, 0),
	BITS("beginning", 1, 0),
	BITS("ending", 1, 0),
	U16("len", 0, .automatic = AUTO_SIZE, .of = "data", .adj = 16),
	U32("tsn", 0),
	U16("stream_id", 0),
	U16("stream_seq", 0),
	U32("proto_id", 0),
	BYTES("data", .flags = GEN_PAD, .unit = 4),
	END,
};

static const struct gen_field esp[] = {
	U32("spi", 1),
	U32("seq", 0),
	BYTES("data"),
	END,
};

#define IPV6_EXT .like = "IPv6", .ip_ext = true

const struct gen_layer gen_ip_layers[] = {
	{ "IP", ip, .ip = 4, .linktype = 228 },
	{ "IPOption", ip_option, .raw = true },
	{ "IPOption_NOP", ip_option_nop },
	{ "IPOption_EOL", ip_option_eol },
	{ "IPOption_RR", ip_option_rr },
	{ "IPOption_LSRR", ip_option_lsrr },
	{ "IPOption_Router_Alert", ip_option_alert },
	{ "IPOption_Timestamp", ip_option_timestamp },
	{ "IPv6", ipv6, .ip = 6, .linktype = 229 },
	{ "IPv6ExtHdrHopByHop", ipv6_options, IPV6_EXT },
	{ "IPv6ExtHdrDestOpt", ipv6_options, IPV6_EXT },
	{ "IPv6ExtHdrRouting", ipv6_routing, IPV6_EXT, .route = ROUTE_LAST },
	{ "IPv6ExtHdrSegmentRouting", ipv6_segments, IPV6_EXT, .route = ROUTE_FIRST },
	{ "IPv6ExtHdrFragment", ipv6_fragment, IPV6_EXT },
	{ "Pad1", pad1 },
	{ "PadN", padn },
	{ "HBHOptUnknown", padn },
	{ "RouterAlert", router_alert, .align_unit = 2 },
	{ "Jumbo", jumbo, .align_unit = 4, .align_offset = 2 },
	{ "TCP", tcp },
	{ "UDP", udp },
	{ "SCTP", sctp },
	{ "SCTPChunkData", sctp_data },
	{ "ESP", esp },
	{ 0 },
};
