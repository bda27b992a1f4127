/* SPDX-License-Identifier: BSD-2-Clause */
#include "pkt/addr.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"

bool cidr_has(const struct pkt_cidr *c, uint8_t version, const uint8_t *addr)
{
	unsigned whole = c->bits / 8;
	uint8_t mask = (uint8_t)(0xff00u >> (c->bits % 8));

	if (c->version != version || memcmp(c->addr, addr, whole) != 0)
		return false;
	return !(c->bits % 8) || !((c->addr[whole] ^ addr[whole]) & mask);
}

void addr_mix(unsigned bits, unsigned size, const uint8_t *p, const uint8_t *q, uint8_t *ret_mix)
{
	for (unsigned i = 0; i < size; i++) {
		unsigned have = bits > 8 * i ? bits - 8 * i : 0;
		uint8_t mask = have >= 8 ? 0xff : (uint8_t)(0xff00u >> have);

		ret_mix[i] = (uint8_t)((p[i] & mask) | (q[i] & ~mask));
	}
}

static int scan_bits(struct scan *s, struct pkt_cidr *c)
{
	uint32_t bits = 8 * cidr_size(c->version);
	int r = 0;

	if (scan_take(s, '/'))
		r = scan_number(s, 10, bits, &bits);
	c->bits = (uint8_t)bits;
	return r;
}

static int scan_ipv4(struct scan *s, struct pkt_cidr *c)
{
	const char *begin = s->at;
	char word[INET_ADDRSTRLEN];
	int r = scan_word(s, "/:,", "an address", word, sizeof(word));

	if (r < 0)
		return r;
	if (inet_pton(AF_INET, word, c->addr) != 1)
		return scan_bad(s, begin, "%s is not an IPv4 address", word);

	c->version = 4;
	return scan_bits(s, c);
}

static int scan_ipv6(struct scan *s, struct pkt_cidr *c)
{
	const char *begin = s->at;
	char word[INET6_ADDRSTRLEN];
	bool inside;
	int r = scan_word(s, "/]", "an address", word, sizeof(word));

	if (r < 0)
		return r;
	if (inet_pton(AF_INET6, word, c->addr) != 1)
		return scan_bad(s, begin, "%s is not an IPv6 address", word);

	c->version = 6;
	inside = *s->at == '/'; /* the length stands within the brackets or behind them */
	if (inside)
		r = scan_bits(s, c);
	if (r >= 0)
		r = scan_expect(s, ']');
	if (r >= 0 && !inside)
		r = scan_bits(s, c);
	return r;
}

int cidr_scan(struct scan *s, struct pkt_cidr *ret_cidr)
{
	struct pkt_cidr c = { 0 };
	int r = scan_take(s, '[') ? scan_ipv6(s, &c) : scan_ipv4(s, &c);

	if (r >= 0)
		*ret_cidr = c;
	return r;
}

int cidrs_scan(struct scan *s, struct pkt_cidrs *ret_cidrs)
{
	CLEANUP(freep)
	struct pkt_cidr *list = NULL;
	unsigned n = 0;
	int r;

	do {
		struct pkt_cidr *more = realloc(list, (n + 1) * sizeof(*list));

		if (!more)
			return err_set(s->err, -ENOMEM, "out of memory");
		list = more;
		r = cidr_scan(s, &list[n++]);
		if (r < 0)
			return r;
	} while (scan_take(s, ','));
	r = scan_end(s);
	if (r < 0)
		return r;

	ret_cidrs->list = TAKE_PTR(list);
	ret_cidrs->n = n;
	return 0;
}

bool cidrs_have(const struct pkt_cidrs *c, uint8_t version, const uint8_t *addr)
{
	for (unsigned i = 0; i < c->n; i++) {
		if (cidr_has(&c->list[i], version, addr))
			return true;
	}
	return false;
}

int mac_scan(struct scan *s, uint8_t ret_mac[6])
{
	uint8_t mac[6];
	uint32_t v;
	int r;

	for (unsigned i = 0; i < sizeof(mac); i++) {
		if (i && !scan_take(s, ':') && !scan_take(s, '-'))
			return scan_bad(s, s->at, "a MAC address has six parts, joined by ':'");
		r = scan_number(s, 16, 0xff, &v);
		if (r < 0)
			return r;
		mac[i] = (uint8_t)v;
	}
	memcpy(ret_mac, mac, sizeof(mac));
	return 0;
}
