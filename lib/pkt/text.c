/* SPDX-License-Identifier: BSD-2-Clause */
/* One walk over the headers, then a word for each that lies whole within the frame. */
#include <weir/text.h>

#include <arpa/inet.h>
#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>

#include "base/bytes.h"
#include "base/macros.h"
#include "pkt/parse.h"

/* VLAN tags that are named one by one. */
#define MAX_TAGS 4u

#define ARP_LEN 28u /* of Ethernet and IPv4 */

struct line {
	const uint8_t *p; /* the frame */
	uint32_t size;
	const struct pkt_layers *l;
	char *text;
	size_t len, room;
};

__attribute__((format(printf, 2, 3))) static void say(struct line *t, const char *format, ...)
{
	va_list ap;
	int n;

	va_start(ap, format);
	n = vsnprintf(t->text + t->len, t->room - t->len, format, ap);
	va_end(ap);
	if (n > 0)
		t->len = MIN(t->len + (size_t)n, t->room - 1);
}

static void say_link(struct line *t)
{
	static const char *const names[] = {
		[PKT_LINK_NONE] = "Raw",	 [PKT_LINK_ETHERNET] = "Ether",
		[PKT_LINK_NULL] = "Null",	 [PKT_LINK_PPP] = "PPP",
		[PKT_LINK_HDLC] = "HDLC",	 [PKT_LINK_80211] = "802.11",
		[PKT_LINK_SLL] = "Linux cooked", [PKT_LINK_SLL2] = "Linux cooked",
	};
	const struct pkt_layers *l = t->l;

	say(t, "%s", names[l->link]);
	if (l->flags & PKT_LLC)
		say(t, " / LLC%s", l->flags & PKT_SNAP ? " SNAP" : "");
	for (unsigned i = 0; i < MIN(l->n_vlans, MAX_TAGS); i++)
		say(t, " / VLAN %u", be16_at(t->p + l->vlan_off + 4 * i) & 0xfffu);
	if (l->n_vlans > MAX_TAGS)
		say(t, " / %u VLAN tags more", l->n_vlans - MAX_TAGS);
	if (l->n_mpls)
		say(t, " / MPLS %u", be32_at(t->p + l->mpls_off) >> 12);
}

static void say_proto(struct line *t)
{
	static const struct {
		uint8_t proto;
		const char *name;
	} names[] = {
		{ PKT_IP_ICMP, "ICMP" },
		{ PKT_IP_TCP, "TCP" },
		{ PKT_IP_UDP, "UDP" },
		{ PKT_IP_DCCP, "DCCP" },
		{ PKT_IP_ICMPV6, "ICMPv6" },
		{ PKT_IP_SCTP, "SCTP" },
		{ PKT_IP_UDPLITE, "UDP-Lite" },
		{ 2, "IGMP" },
		{ 4, "IPv4" },
		{ 41, "IPv6" },
		{ 47, "GRE" },
		{ 50, "ESP" },
		{ PKT_IP_AH, "AH" },
	};

	for (unsigned i = 0; i < ARRAY_SIZE(names); i++)
		if (names[i].proto == t->l->proto) {
			say(t, " %s", names[i].name);
			return;
		}
	say(t, " protocol %u", t->l->proto);
}

/* An end of the way that a packet goes: its address and, if there is one, its port. */
static void say_end(struct line *t, uint32_t off, uint16_t port)
{
	bool v6 = t->l->ip_version == 6, ports = t->l->flags & PKT_PORTS;
	char address[INET6_ADDRSTRLEN] = "";

	(void)inet_ntop(v6 ? AF_INET6 : AF_INET, t->p + off, address, sizeof(address));
	say(t, v6 && ports ? "[%s]" : "%s", address);
	if (ports)
		say(t, ":%u", port);
}

static void say_tcp_flags(struct line *t)
{
	static const char letters[] = "FSRPAUEC";
	uint8_t flags = t->p[t->l->l4_off + 13];

	say(t, flags ? " " : "");
	for (unsigned i = 0; i < 8; i++)
		if (flags & 1U << i)
			say(t, "%c", letters[i]);
}

static void say_ip(struct line *t)
{
	const struct pkt_layers *l = t->l;
	uint32_t at = l->l3_off + (l->ip_version == 6 ? 8 : 12);
	uint32_t size = l->ip_version == 6 ? 16 : 4;

	say(t, " / IPv%u", l->ip_version);
	say_proto(t);
	say(t, " ");
	say_end(t, at, l->src_port);
	say(t, " > ");
	say_end(t, at + size, l->dst_port);
	if (l->flags & PKT_FRAGMENT)
		say(t, " fragment");
	if (l->proto == PKT_IP_TCP && l->l4_len)
		say_tcp_flags(t);
	if ((l->proto == PKT_IP_ICMP || l->proto == PKT_IP_ICMPV6) && l->l4_len)
		say(t, " type %u code %u", t->p[l->l4_off], t->p[l->l4_off + 1]);
}

static void say_arp(struct line *t)
{
	char sender[INET_ADDRSTRLEN] = "", target[INET_ADDRSTRLEN] = "";
	uint32_t at = t->l->l2_off + t->l->l2_len;
	const uint8_t *p = t->p + at;

	say(t, " / ARP");
	if (t->size < ARP_LEN || at > t->size - ARP_LEN || be16_at(p + 2) != PKT_ETH_IPV4)
		return;
	(void)inet_ntop(AF_INET, p + 14, sender, sizeof(sender));
	(void)inet_ntop(AF_INET, p + 24, target, sizeof(target));
	if (be16_at(p + 6) == 1)
		say(t, " who has %s, tell %s", target, sender);
	else if (be16_at(p + 6) == 2)
		say(t, " %s is at %02x:%02x:%02x:%02x:%02x:%02x", sender, p[8], p[9], p[10], p[11],
		    p[12], p[13]);
}

const char *weir_frame_text(uint32_t linktype, const uint8_t *frame, uint32_t len, char *ret_text,
			    size_t size)
{
	struct pkt_layers l;
	struct line t = { .p = frame, .size = len, .l = &l, .text = ret_text, .room = size };
	int r = pkt_parse(linktype, frame, len, &l);

	ret_text[0] = '\0';
	if (r == -ENOTSUP) {
		say(&t, "link type %u", linktype);
		return ret_text;
	}
	say_link(&t);
	if (l.l3_off != PKT_ABSENT && l.ip_version)
		say_ip(&t);
	else if (l.ethertype == PKT_ETH_ARP && l.l2_len)
		say_arp(&t);
	else if (l.ethertype && !l.n_mpls)
		say(&t, " / type 0x%04x", l.ethertype);
	if (r == -ENODATA)
		say(&t, ", cut");
	else if (r == -EBADMSG)
		say(&t, ", malformed");
	return ret_text;
}
