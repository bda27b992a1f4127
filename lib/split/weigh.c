/* SPDX-License-Identifier: BSD-2-Clause */
#include "split/weigh.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/bytes.h"

enum {
	PORT_FTP_DATA = 20,
	PORT_DNS = 53,
	TCP_FIN = 0x01,
	TCP_SYN = 0x02,
	TCP_RST = 0x04,
	TCP_ACK = 0x10,
	DNS_ANSWER = 0x8000, /* QR of the flags (RFC 1035) */
	ICMP_UNREACHABLE = 3,
	ICMP_UNREACHABLE_PORT = 3,
	ICMPV6_UNREACHABLE = 1,
	ICMPV6_UNREACHABLE_PORT = 4,
};

static void weigh_tcp(struct host *from, const struct pkt_layers *l, const uint8_t *tcp)
{
	unsigned flags = tcp[13] & (TCP_FIN | TCP_SYN | TCP_RST | TCP_ACK);

	/* An FTP server opens its data connections itself. */
	if (l->src_port == PORT_FTP_DATA || l->dst_port == PORT_FTP_DATA)
		return;
	from->client += flags == TCP_SYN;
	from->server += flags == (TCP_SYN | TCP_ACK);
}

static void weigh_dns(struct host *from, const struct pkt_layers *l, const uint8_t *dns)
{
	bool answer = be16_at(dns + 2) & DNS_ANSWER;

	from->client += !answer && l->dst_port == PORT_DNS;
	from->server += answer && l->src_port == PORT_DNS;
}

void weigh(struct host *from, const struct pkt_layers *l, const uint8_t *frame, uint32_t len)
{
	const uint8_t *l4 = frame + l->l4_off;

	if (!l->l4_len)
		return;

	switch (l->proto) {
	case PKT_IP_TCP:
		weigh_tcp(from, l, l4);
		break;
	case PKT_IP_UDP:
		if (len - l->l4_off >= 8 + 4)
			weigh_dns(from, l, l4 + 8);
		break;
	case PKT_IP_ICMP:
		from->server += l4[0] == ICMP_UNREACHABLE && l4[1] == ICMP_UNREACHABLE_PORT;
		break;
	case PKT_IP_ICMPV6:
		from->server += l4[0] == ICMPV6_UNREACHABLE && l4[1] == ICMPV6_UNREACHABLE_PORT;
		break;
	}
}

static void weigh_dns_quirk(struct host *from, const struct pkt_layers *l, const uint8_t *dns)
{
	uint16_t flags = le16_at(dns + 2);

	if (l->dst_port == PORT_DNS) {
		if (flags & 0x8000)
			from->server++;
		else
			from->client++;
	} else if (l->src_port == PORT_DNS) {
		if (flags == 0x8000)
			from->client++;
		else
			from->server++;
	}
}

void weigh_quirk(struct host *from, const struct pkt_layers *l, const uint8_t *frame, uint32_t len)
{
	const uint8_t *l4 = frame + l->l4_off;
	uint32_t have = l->l4_off < len ? len - l->l4_off : 0;

	switch (l->proto) {
	case PKT_IP_TCP:
		if (have < 20 || le16_at(l4) == PORT_FTP_DATA)
			break;
		from->client += l4[13] == TCP_SYN;
		from->server += l4[13] == (TCP_SYN | TCP_ACK);
		break;
	case PKT_IP_UDP:
		if (have >= 8 + 12)
			weigh_dns_quirk(from, l, l4 + 8);
		break;
	case PKT_IP_ICMP:
		if (have >= 4)
			from->server += l4[0] == ICMP_UNREACHABLE && l4[1] == ICMP_UNREACHABLE_PORT;
		break;
	}
}

bool weigh_gives_up_quirk(const struct hosts *h)
{
	const struct host *first = NULL;

	for (uint32_t i = 0; i < h->n; i++) {
		const struct host *host = &h->list[i];

		if (!first || host->version < first->version ||
		    (host->version == first->version && le32_at(host->addr) < le32_at(first->addr)))
			first = host;
	}
	return first && first->role == HOST_CLIENT;
}

/* The number before text[at]: -1 if there is none, or it is followed by no '/'. Numbers that
 * are too great for a port remain so. */
static long number_before(const char *text, size_t at)
{
	size_t begin = at;
	long n = 0;

	if (text[at] != '/')
		return -1;
	while (begin > 0 && isdigit((unsigned char)text[begin - 1]))
		begin--;
	if (begin == at)
		return -1;
	for (; begin < at && n <= INT32_MAX; begin++)
		n = 10 * n + (text[begin] - '0');
	return n;
}

static uint8_t protocol_bit(const char *name)
{
	if (strncasecmp(name, "tcp", 3) == 0)
		return 1;
	return strncasecmp(name, "udp", 3) == 0 ? 2 : 0;
}

static void add_services(uint8_t *services, const char *text, size_t size)
{
	for (size_t i = 1; i + 3 < size; i++) {
		long port = number_before(text, i);

		if (port >= 0 && port <= 65535)
			services[port] |= protocol_bit(text + i + 1);
	}
}

static void add_services_quirk(uint8_t *services, const char *text, size_t size)
{
	bool found = false; /* in this line */

	for (size_t i = 1; i + 3 < size; i++) {
		const char *name = text + i + 1;
		long port = number_before(text, i);

		if (text[i] == '\n')
			found = false;
		if (found || port < 0 || !protocol_bit(name))
			continue;
		found = true;
		if (strncmp(name, "tcp", 3) == 0 || strncmp(name, "udp", 3) == 0)
			services[(uint16_t)port] |= protocol_bit(name);
	}
}

uint8_t *services_new(const char *text, size_t size, bool quirk)
{
	uint8_t *services = calloc(65536, 1);

	if (!services)
		return NULL;
	if (!text) {
		memset(services, 3, 1024);
		return services;
	}

	if (quirk)
		add_services_quirk(services, text, size);
	else
		add_services(services, text, size);
	return services;
}
