/* SPDX-License-Identifier: BSD-2-Clause */
/* What rides on a transport, and plain bytes. */
#include "gen/layer.h"

static const struct gen_name gtp_types[] = {
	{ "echo_request", 1 }, { "echo_response", 2 }, { "error_indication", 26 },
	{ "end_marker", 254 }, { "g_pdu", 255 },       { 0 },
};

/* The optional part is there if any of the three flags is. */
#define GTP_OPTIONAL .when = { { TEST_ANY, "E", 1 }, { TEST_ANY, "S", 1 }, { TEST_ANY, "PN", 1 } }

static const struct gen_field gtp_u[] = {
	BITS("version", 3, 1),
	BITS("PT", 1, 1),
	BITS("reserved", 1, 0),
	BITS("E", 1, 0, .shape = true),
	BITS("S", 1, 0, .shape = true),
	BITS("PN", 1, 0, .shape = true),
	U8("gtp_type", 0, .names = gtp_types),
	U16("length", 0, .automatic = AUTO_LEN, .adj = -8),
	U32("teid", 0),
	BITS("seq", 16, 0, GTP_OPTIONAL),
	U8("npdu", 0, GTP_OPTIONAL),
	U8("next_ex", 0, GTP_OPTIONAL),
	END,
};

static const char *const bootp_flags[] = { "?", "?", "?", "?", "?", "?", "?", "?", "?",
					   "?", "?", "?", "?", "?", "?", "B", 0 };
static const struct gen_name bootp_ops[] = {
	{ "BOOTREQUEST", 1 },
	{ "BOOTREPLY", 2 },
	{ 0 },
};

static const struct gen_field bootp[] = {
	U8("op", 1, .names = bootp_ops),
	U8("htype", 1),
	U8("hlen", 6),
	U8("hops", 0),
	U32("xid", 0),
	U16("secs", 0),
	{ .name = "flags",
	  .kind = FIELD_FLAGS,
	  .bits = 16,
	  .flags = GEN_MASK,
	  .flag_names = bootp_flags },
	IP4("ciaddr", "0.0.0.0"),
	IP4("yiaddr", "0.0.0.0"),
	IP4("siaddr", "0.0.0.0"),
	IP4("giaddr", "0.0.0.0"),
	BYTES("chaddr", .size = 16),
	BYTES("sname", .size = 64),
	BYTES("file", .size = 128),
	BYTES("options"),
	END,
};

static const struct gen_field dhcp[] = {
	{ .name = "options", .kind = FIELD_DHCPOPTS },
	END,
};

static const struct gen_name dns_rcodes[] = {
	{ "ok", 0 },
	{ "format-error", 1 },
	{ "server-failure", 2 },
	{ "name-error", 3 },
	{ "not-implemented", 4 },
	{ "refused", 5 },
	{ 0 },
};

#define SECTION(n, t)                                                                              \
	{                                                                                          \
		.name = n, .kind = FIELD_CHAIN, .text = t                                          \
	}
#define SECTION_COUNT(n, f) U16(n, 0, .automatic = AUTO_COUNT, .of = f)

static const struct gen_field dns[] = {
	U16("length", 0, .automatic = AUTO_LEN, .adj = -2, .when = { { TEST_BELOW, "TCP" } }),
	U16("id", 0),
	BITS("qr", 1, 0),
	BITS("opcode", 4, 0),
	BITS("aa", 1, 0),
	BITS("tc", 1, 0),
	BITS("rd", 1, 1),
	BITS("ra", 1, 0),
	BITS("z", 1, 0),
	BITS("ad", 1, 0),
	BITS("cd", 1, 0),
	BITS("rcode", 4, 0, .names = dns_rcodes),
	SECTION_COUNT("qdcount", "qd"),
	SECTION_COUNT("ancount", "an"),
	SECTION_COUNT("nscount", "ns"),
	SECTION_COUNT("arcount", "ar"),
	SECTION("qd", "DNSQR"),
	SECTION("an", 0),
	SECTION("ns", 0),
	SECTION("ar", 0),
	END,
};

static const struct gen_field dnsqr[] = {
	{ .name = "qname", .kind = FIELD_NAME, .text = "www.example.com" },
	U16("qtype", 1, .names = gen_dns_types),
	U16("qclass", 1, .names = gen_dns_classes),
	END,
};

static const struct gen_field dnsrr[] = {
	{ .name = "rrname", .kind = FIELD_NAME, .text = "." },
	U16("type", 1, .names = gen_dns_types, .shape = true),
	U16("rclass", 1, .names = gen_dns_classes),
	U32("ttl", 0),
	U16("rdlen", 0, .automatic = AUTO_SIZE, .of = "rdata"),
	{ .name = "rdata", .kind = FIELD_RDATA },
	END,
};

static const struct gen_field raw[] = { BYTES("load"), END };

const struct gen_layer gen_app_layers[] = {
	{ "GTP_U_Header", gtp_u },
	{ "BOOTP", bootp },
	{ "DHCP", dhcp },
	{ "DNS", dns },
	{ "DNSQR", dnsqr },
	{ "DNSRR", dnsrr },
	{ "Raw", raw, .raw = true },
	{ "Padding", raw, .raw = true, .padding = true },
	{ 0 },
};
