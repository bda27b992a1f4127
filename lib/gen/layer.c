/* SPDX-License-Identifier: BSD-2-Clause */
#include "gen/layer.h"

#include <string.h>

#include "base/macros.h"

static const struct gen_layer *const tables[] = {
	gen_link_layers,
	gen_ip_layers,
	gen_icmp_layers,
	gen_app_layers,
};

/* Rows of one pair of layers stand together. */
static const struct gen_bind binds[] = {
	{ "Ether", "Ether", "type", 1 },
	{ "LLC", "Ether", "type", 0x8870 },
	{ "Dot1Q", "Ether", "type", 0x8100 },
	{ "Dot1AD", "Ether", "type", 0x88a8 },
	{ "ARP", "Ether", "type", 0x0806 },
	{ "IP", "Ether", "type", 0x0800 },
	{ "IPv6", "Ether", "type", 0x86dd },
	{ "MPLS", "Ether", "type", 0x8847 },
	{ "PPPoE", "Ether", "type", 0x8864 },
	{ "PPPoED", "Ether", "type", 0x8863 },
	{ "LLC", "Dot3", 0 },

	{ "SNAP", "LLC", "dsap", 0xaa },
	{ "SNAP", "LLC", "ssap", 0xaa },
	{ "SNAP", "LLC", "ctrl", 3 },
	{ "STP", "LLC", "dsap", 0x42 },
	{ "STP", "LLC", "ssap", 0x42 },
	{ "STP", "LLC", "ctrl", 3 },

	{ "Ether", "SNAP", "code", 1 },
	{ "STP", "SNAP", "code", 267 },
	{ "Dot1Q", "SNAP", "code", 0x8100 },
	{ "ARP", "SNAP", "code", 0x0806 },
	{ "IP", "SNAP", "code", 0x0800 },
	{ "IPv6", "SNAP", "code", 0x86dd },

	{ "Ether", "GRE", "proto", 0x6558 },
	{ "LLC", "GRE", "proto", 122 },
	{ "Dot1Q", "GRE", "proto", 0x8100 },
	{ "ARP", "GRE", "proto", 0x0806 },
	{ "IP", "GRE", "proto", 0x0800 },
	{ "IPv6", "GRE", "proto", 0x86dd },
	{ "MPLS", "GRE", "proto", 0x8847 },

	{ "IP", "IP", "proto", 4 },
	{ "IPv6", "IP", "proto", 41 },
	{ "ICMP", "IP", "proto", 1 },
	{ "IGMP", "IP", "proto", 2 },
	{ "IGMP", "IP", "ttl", 1 },
	{ "TCP", "IP", "proto", 6 },
	{ "UDP", "IP", "proto", 17 },
	{ "SCTP", "IP", "proto", 132 },
	{ "GRE", "IP", "proto", 47 },
	{ "ESP", "IP", "proto", 50 },
	{ "MPLS", "IP", "proto", 137 },

	{ "IP", "IPv6", "nh", 4 },
	{ "IPv6", "IPv6", "nh", 41 },
	{ "IPv6ExtHdrHopByHop", "IPv6", "nh", 0 },
	{ "IPv6ExtHdrRouting", "IPv6", "nh", 43 },
	{ "IPv6ExtHdrSegmentRouting", "IPv6", "nh", 43 },
	{ "IPv6ExtHdrFragment", "IPv6", "nh", 44 },
	{ "IPv6ExtHdrDestOpt", "IPv6", "nh", 60 },
	{ "ICMPv6EchoRequest", "IPv6", "nh", 58 },
	{ "ICMPv6EchoReply", "IPv6", "nh", 58 },
	{ "ICMPv6DestUnreach", "IPv6", "nh", 58 },
	{ "ICMPv6PacketTooBig", "IPv6", "nh", 58 },
	{ "ICMPv6TimeExceeded", "IPv6", "nh", 58 },
	{ "ICMPv6ParamProblem", "IPv6", "nh", 58 },
	{ "ICMPv6ND_RS", "IPv6", "nh", 58 },
	{ "ICMPv6ND_RS", "IPv6", "hlim", 255 },
	{ "ICMPv6ND_RS", "IPv6", "dst", 0, "ff02::2" },
	{ "ICMPv6ND_RA", "IPv6", "nh", 58 },
	{ "ICMPv6ND_RA", "IPv6", "hlim", 255 },
	{ "ICMPv6ND_RA", "IPv6", "dst", 0, "ff02::1" },
	{ "ICMPv6ND_NS", "IPv6", "nh", 58 },
	{ "ICMPv6ND_NS", "IPv6", "hlim", 255 },
	{ "ICMPv6ND_NS", "IPv6", "dst", 0, "ff02::1" },
	{ "ICMPv6ND_NA", "IPv6", "nh", 58 },
	{ "ICMPv6ND_NA", "IPv6", "hlim", 255 },
	{ "ICMPv6ND_NA", "IPv6", "dst", 0, "ff02::1" },
	{ "TCP", "IPv6", "nh", 6 },
	{ "UDP", "IPv6", "nh", 17 },
	{ "SCTP", "IPv6", "nh", 132 },
	{ "GRE", "IPv6", "nh", 47 },
	{ "ESP", "IPv6", "nh", 50 },
	{ "MPLS", "IPv6", "nh", 137 },

	{ "VXLAN", "UDP", "sport", 4789 },
	{ "VXLAN", "UDP", "dport", 4789 },
	{ "GENEVE", "UDP", "dport", 6081 },
	{ "MPLS", "UDP", "dport", 6635 },
	{ "ESP", "UDP", "sport", 4500 },
	{ "BOOTP", "UDP", "sport", 67 },
	{ "BOOTP", "UDP", "dport", 68 },
	{ "DNS", "UDP", "sport", 53 },
	{ "DNS", "TCP", "sport", 53 },
	{ "GTP_U_Header", "UDP", "sport", 2152 },
	{ "GTP_U_Header", "UDP", "dport", 2152 },
	{ "DHCP", "BOOTP", "options", 0, "c\x82Sc" },

	{ "Ether", "VXLAN", "flags", 0x0c },
	{ "Ether", "VXLAN", "NextProtocol", 3 },
	{ "IP", "VXLAN", "flags", 0x0c },
	{ "IP", "VXLAN", "NextProtocol", 1 },
	{ "IPv6", "VXLAN", "flags", 0x0c },
	{ "IPv6", "VXLAN", "NextProtocol", 2 },
	{ "Ether", "GENEVE", "proto", 0x6558 },
	{ "IP", "GENEVE", "proto", 0x0800 },
	{ "IPv6", "GENEVE", "proto", 0x86dd },

	{ "MPLS", "MPLS", "s", 0 },
	{ "IP", "MPLS", "label", 0 },
	{ "IPv6", "MPLS", "label", 2 },

	{ "PPP", "PPPoE", "code", 0 },
	{ "IP", "PPP", "proto", 0x21 },
	{ "IPv6", "PPP", "proto", 0x57 },
	{ "IP", "GTP_U_Header", "gtp_type", 255 },
	{ "IPv6", "GTP_U_Header", "gtp_type", 255 },
	{ "PPP", "GTP_U_Header", "gtp_type", 255 },
};

const struct gen_layer *gen_layer_find(const char *name)
{
	for (unsigned t = 0; t < ARRAY_SIZE(tables); t++)
		for (const struct gen_layer *l = tables[t]; l->name; l++)
			if (!strcmp(l->name, name))
				return l;
	return NULL;
}

const struct gen_layer *gen_layer_nr(unsigned i)
{
	for (unsigned t = 0; t < ARRAY_SIZE(tables); t++)
		for (const struct gen_layer *l = tables[t]; l->name; l++)
			if (!i--)
				return l;
	return NULL;
}

const struct gen_bind *gen_bind_next(const struct gen_layer *upper, const char *lower, unsigned *i)
{
	while (*i < ARRAY_SIZE(binds)) {
		const struct gen_bind *b = &binds[(*i)++];

		if (!strcmp(b->upper, upper->name) && !strcmp(b->lower, lower))
			return b;
	}
	return NULL;
}

unsigned gen_field_count(const struct gen_layer *l)
{
	unsigned n = 0;

	while (l->fields[n].name)
		n++;
	return n;
}

int gen_field_find(const struct gen_layer *l, const char *name)
{
	for (int i = 0; l->fields[i].name; i++)
		if (!strcmp(l->fields[i].name, name))
			return i;
	return -1;
}
