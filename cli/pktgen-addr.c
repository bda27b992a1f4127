/* SPDX-License-Identifier: BSD-2-Clause */
#include "pktgen-addr.h"

#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <net/ethernet.h>
#include <netinet/ether.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util.h"

#define DEFAULT_PORT 1234
#define LAST_GROUP   7u

/* One end of a range. */
struct end {
	uint8_t addr[16];
	uint16_t port;
	uint32_t group;
};

int pktgen_number_parse(const char *text, uint32_t max, uint32_t *ret)
{
	unsigned long v;
	char *rest;

	if (*text < '0' || *text > '9')
		return -EINVAL;
	errno = 0;
	v = strtoul(text, &rest, 0);
	if (errno || *rest || v > max)
		return -EINVAL;
	*ret = (uint32_t)v;
	return 0;
}

static int parse_port(const char *text, struct end *end)
{
	uint32_t port;

	if (pktgen_number_parse(text, UINT16_MAX, &port) < 0)
		return -EINVAL;
	end->port = (uint16_t)port;
	return 0;
}

static int parse_ipv4(char *text, struct end *end)
{
	char *colon = strchr(text, ':');

	if (colon) {
		*colon = '\0';
		if (parse_port(colon + 1, end) < 0)
			return -EINVAL;
	}
	return inet_pton(AF_INET, text, end->addr) == 1 ? 0 : -EINVAL;
}

/* "6@[2001:db8::1]:80", where all but the address may be left out. */
static int parse_ipv6(char *text, struct end *end)
{
	char *at = strchr(text, '@'), *bracket;

	if (at) {
		*at = '\0';
		if (pktgen_number_parse(text, LAST_GROUP, &end->group) < 0)
			return -EINVAL;
		text = at + 1;
	}
	if (*text == '[') {
		bracket = strchr(++text, ']');
		if (!bracket)
			return -EINVAL;
		*bracket++ = '\0';
		if (*bracket && (*bracket != ':' || parse_port(bracket + 1, end) < 0))
			return -EINVAL;
	}
	return inet_pton(AF_INET6, text, end->addr) == 1 ? 0 : -EINVAL;
}

static uint32_t part_of(const struct pktgen_range *r, const uint8_t *addr)
{
	uint32_t part = 0;

	for (unsigned i = 0; i < r->part_len; i++)
		part = part << 8 | addr[r->part_at + i];
	return part;
}

static void settle(struct pktgen_range *r, const struct end *first, const struct end *last)
{
	uint32_t a = part_of(r, first->addr), b = part_of(r, last->addr);

	memcpy(r->addr, a <= b ? first->addr : last->addr, sizeof(r->addr));
	r->low = MIN(a, b);
	r->high = a <= b ? b : a;
	r->port_low = MIN(first->port, last->port);
	r->port_high = first->port <= last->port ? last->port : first->port;
}

int pktgen_range_parse(char option, const char *text, bool ipv6, struct pktgen_range *ret,
		       struct weir_err *err)
{
	struct pktgen_range r = { .part_len = ipv6 ? 2 : 4 };
	struct end first = { .port = DEFAULT_PORT, .group = LAST_GROUP }, last;
	CLEANUP(freep)
	char *copy = xstrdup(text);
	char *dash = strchr(copy, '-');
	int e;

	if (dash)
		*dash++ = '\0';
	e = ipv6 ? parse_ipv6(copy, &first) : parse_ipv4(copy, &first);
	last = first;
	if (e == 0 && dash)
		e = ipv6 ? parse_ipv6(dash, &last) : parse_ipv4(dash, &last);
	if (e < 0 || last.group != first.group)
		return err_text(err, -EINVAL,
				ipv6 ? "-%c: '%s' is no range such as "
				       "[2001:db8::1]:80-[2001:db8::9]:90"
				     : "-%c: '%s' is no range such as 10.0.0.1:80-10.0.0.9:90",
				option, text);
	r.part_at = ipv6 ? 2 * first.group : 0;
	settle(&r, &first, &last);
	*ret = r;
	return 0;
}

void pktgen_range_text(const struct pktgen_range *r, char *text, size_t size)
{
	bool ipv6 = r->part_len == 2;
	char first[INET6_ADDRSTRLEN], last[INET6_ADDRSTRLEN];
	uint8_t end[16];

	memcpy(end, r->addr, sizeof(end));
	for (unsigned i = 0; i < r->part_len; i++)
		end[r->part_at + i] = (uint8_t)(r->high >> 8 * (r->part_len - 1 - i));
	/* Neither can fail: the room is that of any address. */
	(void)inet_ntop(ipv6 ? AF_INET6 : AF_INET, r->addr, first, sizeof(first));
	(void)inet_ntop(ipv6 ? AF_INET6 : AF_INET, end, last, sizeof(last));
	if (ipv6)
		(void)snprintf(text, size, "%u@[%s]:%u to %u@[%s]:%u", r->part_at / 2, first,
			       r->port_low, r->part_at / 2, last, r->port_high);
	else
		(void)snprintf(text, size, "%s:%u to %s:%u", first, r->port_low, last,
			       r->port_high);
}

int pktgen_mac_parse(char option, const char *text, uint8_t ret_mac[6], struct weir_err *err)
{
	struct ether_addr mac;

	if (!ether_aton_r(text, &mac))
		return err_text(err, -EINVAL, "-%c: '%s' is no address such as 02:00:00:00:00:01",
				option, text);
	memcpy(ret_mac, mac.ether_addr_octet, sizeof(mac.ether_addr_octet));
	return 0;
}
