/* SPDX-License-Identifier: BSD-2-Clause */
/* One value: a number, a name, flags or an address, as the field that it is for reads it. */
#include "gen/value.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "base/bytes.h"

bool gen_ip4_parse(const char *text, gen_u128 *ret)
{
	struct in_addr a;

	if (inet_pton(AF_INET, text, &a) != 1)
		return false;
	*ret = be32toh(a.s_addr);
	return true;
}

bool gen_ip6_parse(const char *text, gen_u128 *ret)
{
	struct in6_addr a;

	if (inet_pton(AF_INET6, text, &a) != 1)
		return false;
	*ret = (gen_u128)be64_at(a.s6_addr) << 64 | be64_at(a.s6_addr + 8);
	return true;
}

bool gen_mac_parse(const char *text, gen_u128 *ret)
{
	unsigned b[6];
	char end;

	if (sscanf(text, "%2x:%2x:%2x:%2x:%2x:%2x%c", &b[0], &b[1], &b[2], &b[3], &b[4], &b[5],
		   &end) != 6)
		return false;
	*ret = 0;
	for (unsigned i = 0; i < 6; i++)
		*ret = *ret << 8 | b[i];
	return true;
}

bool gen_name_find(const struct gen_name *names, const char *name, gen_u128 *ret)
{
	for (; names && names->name; names++) {
		if (!strcmp(names->name, name)) {
			*ret = names->num;
			return true;
		}
	}
	return false;
}

gen_u128 gen_field_max(const struct gen_field *f)
{
	return (((gen_u128)1 << (f->bits - 1)) - 1) * 2 + 1;
}

/* The number as it is sent, or an error if it does not fit. */
static int fit(const struct gen_source *src, const struct gen_field *f, uint32_t at, gen_u128 *v)
{
	gen_u128 max = gen_field_max(f);

	*v <<= f->shift;
	if (*v > max && !(f->flags & GEN_MASK))
		return gen_fail(src, at, "%s is at most %llu", f->name,
				(unsigned long long)(max >> f->shift));
	*v &= max;
	return 0;
}

static bool flag_find(const struct gen_field *f, const char *name, size_t len, gen_u128 *v)
{
	for (unsigned i = 0; f->flag_names[i]; i++) {
		if (strlen(f->flag_names[i]) == len && !memcmp(f->flag_names[i], name, len)) {
			*v |= 1u << i;
			return true;
		}
	}
	return false;
}

/* "SA", "MF+DF". */
static int parse_flags(const struct gen_source *src, const struct gen_field *f,
		       const struct gen_node *node, gen_u128 *v)
{
	const char *p = (const char *)node->bytes;
	bool letters = strlen(f->flag_names[0]) == 1 && !strchr(p, '+');

	*v = 0;
	while (*p) {
		size_t len = letters ? 1 : strcspn(p, "+");

		if (!flag_find(f, p, len, v))
			return gen_fail(src, node->at, "%s has no flag '%.*s'", f->name, (int)len,
					p);
		p += len;
		p += *p == '+';
	}
	return 0;
}

/* A string as a number of this field. */
static int parse_word(const struct gen_source *src, const struct gen_field *f,
		      const struct gen_node *node, gen_u128 *v)
{
	const char *text = (const char *)node->bytes;
	bool ok;

	switch (f->kind) {
	case FIELD_MAC:
		ok = gen_mac_parse(text, v);
		break;
	case FIELD_IP4:
		ok = gen_ip4_parse(text, v);
		break;
	case FIELD_IP6:
		ok = gen_ip6_parse(text, v);
		break;
	case FIELD_FLAGS:
		return parse_flags(src, f, node, v);
	default:
		ok = gen_name_find(f->names, text, v);
	}
	if (ok && strlen(text) == node->len)
		return 0;
	return gen_fail(src, node->at, "'%.60s' is no %s", text,
			f->kind == FIELD_MAC   ? "MAC address"
			: f->kind == FIELD_IP4 ? "IPv4 address or network"
			: f->kind == FIELD_IP6 ? "IPv6 address or network"
					       : "name that this field knows");
}

int gen_num_parse(const struct gen_source *src, const struct gen_field *f,
		  const struct gen_node *node, gen_u128 *ret)
{
	gen_u128 v = node->num;
	int r;

	if (node->kind == GEN_BYTES) {
		r = parse_word(src, f, node, &v);
		if (r < 0)
			return r;
		if (f->kind == FIELD_FLAGS) {
			*ret = v;
			return 0;
		}
	} else if (node->kind != GEN_NUM) {
		return gen_fail(src, node->at, "one value expected for %s", f->name);
	}
	if (node->negative)
		return gen_fail(src, node->at, "%s is not negative", f->name);
	r = fit(src, f, node->at, &v);
	if (r >= 0)
		*ret = v;
	return r;
}
