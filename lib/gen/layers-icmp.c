/* SPDX-License-Identifier: BSD-2-Clause */
/* ICMP, IGMP, ICMPv6 with neighbour discovery. */
#include "gen/layer.h"

/* Sets of ICMP types, a bit each. */
#define T(n)	   (1ULL << (n))
#define ICMP_QUERY (T(0) | T(8) | T(13) | T(14) | T(15) | T(16) | T(17) | T(18))
#define ICMP_ECHO  (ICMP_QUERY | T(37) | T(38))
#define ICMP_TIME  (T(13) | T(14))
#define ICMP_MASK  (T(17) | T(18))
#define ICMP_PLAIN (T(3) | T(5) | T(11) | T(12) | ICMP_QUERY) /* nothing unused in them */
#define FOR(types) .when = { { TEST_IN, "type", types } }

static const struct gen_field icmp[] = {
	U8("type", 8, .names = gen_icmp_types, .shape = true),
	U8("code", 0),
	SUM16("chksum", AUTO_SUM_PAYLOAD),
	U16("id", 0, FOR(ICMP_ECHO)),
	U16("seq", 0, FOR(ICMP_ECHO)),
	U32("ts_ori", 0, FOR(ICMP_TIME)),
	U32("ts_rx", 0, FOR(ICMP_TIME)),
	U32("ts_tx", 0, FOR(ICMP_TIME)),
	{ .name = "gw", .kind = FIELD_IP4, .bits = 32, .text = "0.0.0.0", FOR(T(5)) },
	U8("ptr", 0, FOR(T(12))),
	U8("reserved", 0, FOR(T(3) | T(11))),
	U8("length", 0, FOR(T(3) | T(11) | T(12))),
	{ .name = "addr_mask", .kind = FIELD_IP4, .bits = 32, .text = "0.0.0.0", FOR(ICMP_MASK) },
	U16("nexthopmtu", 0, FOR(T(3))),
	/* Its width depends on the type too; whichever row is there takes the value. */
	U16("unused", 0, FOR(T(11) | T(12))),
	U32("unused", 0, .when = { { TEST_OUT, "type", ICMP_PLAIN } }),
	END,
};

static const struct gen_name igmp_types[] = {
	{ "Group Membership Query", 0x11 },
	{ "Version 1 - Membership Report", 0x12 },
	{ "Version 2 - Membership Report", 0x16 },
	{ "Leave Group", 0x17 },
	{ 0 },
};

static const struct gen_field igmp[] = {
	U8("type", 0x11, .names = igmp_types),
	U8("mrcode", 20),
	SUM16("chksum", AUTO_SUM_PAYLOAD),
	IP4("gaddr", "0.0.0.0"),
	END,
};

#define ICMPV6(t) U8("type", t), U8("code", 0), SUM16("cksum", AUTO_SUM_PSEUDO, .adj = 58)

static const struct gen_field echo_request[] = {
	ICMPV6(128), U16("id", 0), U16("seq", 0), BYTES("data"), END,
};
static const struct gen_field echo_reply[] = {
	ICMPV6(129), U16("id", 0), U16("seq", 0), BYTES("data"), END,
};
static const struct gen_field dest_unreach[] = {
	ICMPV6(1),
	U8("length", 0),
	U24("unused", 0),
	END,
};
static const struct gen_field too_big[] = { ICMPV6(2), U32("mtu", 1280), END };
static const struct gen_field time_exceeded[] = {
	ICMPV6(3),
	U8("length", 0),
	U24("unused", 0),
	END,
};
static const struct gen_field param_problem[] = { ICMPV6(4), U32("ptr", 6), END };
static const struct gen_field nd_rs[] = { ICMPV6(133), U32("res", 0), END };
static const struct gen_field nd_ra[] = {
	ICMPV6(134),
	U8("chlim", 0),
	BITS("M", 1, 0),
	BITS("O", 1, 0),
	BITS("H", 1, 0),
	BITS("prf", 2, 1),
	BITS("P", 1, 0),
	BITS("res", 2, 0),
	U16("routerlifetime", 1800),
	U32("reachabletime", 0),
	U32("retranstimer", 0),
	END,
};
static const struct gen_field nd_ns[] = { ICMPV6(135), U32("res", 0), IP6("tgt", "::"), END };
static const struct gen_field nd_na[] = {
	ICMPV6(136),
	BITS("R", 1, 1),
	BITS("S", 1, 0),
	BITS("O", 1, 1),
	BITS("res", 29, 0),
	IP6("tgt", "::"),
	END,
};
static const struct gen_field opt_src[] = { U8("type", 1), U8("len", 1), MAC("lladdr"), END };
static const struct gen_field opt_dst[] = { U8("type", 2), U8("len", 1), MAC("lladdr"), END };
static const struct gen_field opt_prefix[] = {
	U8("type", 3),
	U8("len", 4),
	U8("prefixlen", 64),
	BITS("L", 1, 1),
	BITS("A", 1, 1),
	BITS("R", 1, 0),
	BITS("res1", 5, 0),
	U32("validlifetime", 0xffffffff),
	U32("preferredlifetime", 0xffffffff),
	U32("res2", 0),
	IP6("prefix", "::"),
	END,
};
static const struct gen_field opt_mtu[] = {
	U8("type", 5), U8("len", 1), U16("res", 0), U32("mtu", 1280), END,
};

const struct gen_layer gen_icmp_layers[] = {
	{ "ICMP", icmp },
	{ "IGMP", igmp },
	{ "ICMPv6EchoRequest", echo_request },
	{ "ICMPv6EchoReply", echo_reply },
	{ "ICMPv6DestUnreach", dest_unreach },
	{ "ICMPv6PacketTooBig", too_big },
	{ "ICMPv6TimeExceeded", time_exceeded },
	{ "ICMPv6ParamProblem", param_problem },
	{ "ICMPv6ND_RS", nd_rs },
	{ "ICMPv6ND_RA", nd_ra },
	{ "ICMPv6ND_NS", nd_ns },
	{ "ICMPv6ND_NA", nd_na },
	{ "ICMPv6NDOptSrcLLAddr", opt_src },
	{ "ICMPv6NDOptDstLLAddr", opt_dst },
	{ "ICMPv6NDOptPrefixInfo", opt_prefix },
	{ "ICMPv6NDOptMTU", opt_mtu },
	{ 0 },
};
