/* SPDX-License-Identifier: BSD-2-Clause */
/* What the directive print says of a frame: a line in the way of old versions of tcpdump. */
#include <arpa/inet.h>
#include <stdarg.h>
#include <stdio.h>

#include "base/bytes.h"
#include "edit/frag.h"

struct line {
	char *text;
	size_t used, size;
};

__attribute__((format(printf, 2, 3))) static void say(struct line *o, const char *format, ...)
{
	va_list ap;
	int n;

	va_start(ap, format);
	n = vsnprintf(o->text + o->used, o->size - o->used, format, ap);
	va_end(ap);
	if (n > 0)
		o->used += (size_t)n;
	if (o->used >= o->size)
		o->used = o->size - 1; /* cut */
}

static void say_address(struct line *o, const struct cut *c, bool dst)
{
	const uint8_t *l4 = c->b->data + c->l.l4_off;
	const uint8_t *ip = c->b->data + c->l.l3_off;
	char text[INET6_ADDRSTRLEN];

	if (c->l.ip_version == 4)
		(void)inet_ntop(AF_INET, ip + (dst ? 16 : 12), text, sizeof(text)); /* fits */
	else
		(void)inet_ntop(AF_INET6, ip + (dst ? 24 : 8), text, sizeof(text)); /* fits */
	say(o, "%s", text);
	if (c->l.l4_len && (c->l.proto == PKT_IP_TCP || c->l.proto == PKT_IP_UDP))
		say(o, ".%u", be16_at(l4 + (dst ? 2 : 0)));
}

static void say_option(struct line *o, const uint8_t *p, uint32_t size)
{
	if (p[0] == 0)
		say(o, "eol");
	else if (p[0] == 1)
		say(o, "nop");
	else if (p[0] == 2 && size == 4)
		say(o, "mss %u", be16_at(p + 2));
	else if (p[0] == 3 && size == 3)
		say(o, "wscale %u", p[2]);
	else if (p[0] == 4 && size == 2)
		say(o, "sackOK");
	else if (p[0] == 8 && size == 10)
		say(o, "timestamp %u %u", be32_at(p + 2), be32_at(p + 6));
	else
		say(o, "opt-%u:%u", p[0], size);
}

static void say_options(struct line *o, const uint8_t *tcp, uint32_t head)
{
	const char *before = " <";

	for (uint32_t at = 20; at < head;) {
		uint32_t size = cut_option_size(tcp, at, head);

		if (!size)
			break; /* it makes no sense */
		say(o, "%s", before);
		before = ",";
		say_option(o, tcp + at, size);
		if (tcp[at] == 0)
			break;
		at += size;
	}
	if (*before == ',')
		say(o, ">");
}

static void say_tcp(struct line *o, const struct cut *c)
{
	static const struct {
		uint8_t bit;
		char letter;
	} flags[] = { { 0x02, 'S' }, { 0x01, 'F' }, { 0x04, 'R' }, { 0x08, 'P' } };
	const uint8_t *tcp = c->b->data + c->l.l4_off;
	uint32_t seq = be32_at(tcp + 4);
	uint32_t len = c->l.l3_off + c->size - c->l.payload_off;
	bool any = false;

	say(o, " ");
	for (unsigned i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
		if (!(tcp[13] & flags[i].bit))
			continue;
		say(o, "%c", flags[i].letter);
		any = true;
	}
	if (!any)
		say(o, ".");
	if (len || tcp[13] & 0x07)
		say(o, " %u:%u(%u)", seq, seq + len, len);
	if (tcp[13] & 0x10)
		say(o, " ack %u", be32_at(tcp + 8));
	say(o, " win %u", be16_at(tcp + 14));
	if (tcp[13] & 0x20)
		say(o, " urg %u", be16_at(tcp + 18));
	say_options(o, tcp, c->l.l4_len);
}

static void say_transport(struct line *o, const struct cut *c)
{
	const uint8_t *l4 = c->b->data + c->l.l4_off;

	if (c->l.flags & PKT_LATER_FRAGMENT)
		return;
	if (c->l.proto == PKT_IP_TCP && c->l.l4_len)
		say_tcp(o, c);
	else if (c->l.proto == PKT_IP_UDP && c->l.l4_len)
		say(o, " udp %u", be16_at(l4 + 4) - 8u);
	else if (c->l.proto == PKT_IP_ICMP && c->l.l4_len)
		say(o, " icmp: type %u code %u", l4[0], l4[1]);
	else if (c->l.ip_version == 4)
		say(o, " ip-proto-%u %u", c->l.proto, c->size);
	else
		say(o, " ip-proto-%u ttl %u  payload len %u", c->l.proto,
		    c->b->data[c->l.l3_off + 7], c->size - 40);
}

static void say_ipv4(struct line *o, const struct cut *c)
{
	const uint8_t *ip = c->b->data + c->l.l3_off;
	uint16_t frag = be16_at(ip + 6);

	if (frag & 0x3fff)
		say(o, " (frag %u:%u@%u%s)", be16_at(ip + 4), c->size - c->l.l3_len,
		    (frag & 0x1fff) * 8, frag & 0x2000 ? "+" : "");
	if (frag & 0x4000)
		say(o, " (DF)");
	if (ip[1])
		say(o, " [tos 0x%x]", ip[1]);
	if (ip[8] <= 1)
		say(o, " [ttl %u]", ip[8]);
}

void frag_describe(const struct weir_buf *b, char *ret_line, unsigned size)
{
	struct line o = { .text = ret_line, .size = size };
	struct weir_buf copy = *b;
	struct cut c;

	*ret_line = '\0';
	if (!frag_look(&copy, &c)) {
		say(&o, "%u bytes that are no IP", b->len);
		return;
	}
	say_address(&o, &c, false);
	say(&o, " > ");
	say_address(&o, &c, true);
	say(&o, ":");
	say_transport(&o, &c);
	if (c.l.ip_version == 4)
		say_ipv4(&o, &c);
}
