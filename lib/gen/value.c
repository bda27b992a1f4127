/* SPDX-License-Identifier: BSD-2-Clause */
#include "gen/value.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/macros.h"

/* Segments or strings that one set may have. */
#define MAX_MEMBERS (1u << 20)

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

static gen_u128 max_of(const struct gen_field *f)
{
	return (((gen_u128)1 << (f->bits - 1)) - 1) * 2 + 1;
}

/* The number as it is sent, or an error if it does not fit. */
static int fit(const struct gen_source *src, const struct gen_field *f, uint32_t at, gen_u128 *v)
{
	gen_u128 max = max_of(f);

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

/* ---- sets of numbers --------------------------------------------------------- */

/* Room for one more of n members; the arrays double. */
static int grow(const struct gen_source *src, uint32_t at, void **v, uint32_t n, size_t size)
{
	void *bigger;

	if (n >= MAX_MEMBERS)
		return gen_fail(src, at, "more than %u members", MAX_MEMBERS);
	if (n & (n - 1)) /* 0, 1, 2, 4, ...: the array is full */
		return 0;
	bigger = gen_alloc_array(src->pool, n ? (size_t)n * 2 : 1, size);
	if (!bigger)
		return gen_no_memory(src);
	if (n)
		memcpy(bigger, *v, n * size);
	*v = bigger;
	return 0;
}

static int add_seg(const struct gen_source *src, uint32_t at, struct gen_val *v,
		   const struct gen_seg *seg)
{
	void *segs = v->segs;
	int r = grow(src, at, &segs, v->n, sizeof(*v->segs));

	if (r < 0)
		return r;
	v->segs = segs;
	v->segs[v->n++] = *seg;
	if (seg->count > GEN_MAX_COUNT - v->count)
		return gen_fail(src, at, "the set has too many members");
	v->count += seg->count;
	return 0;
}

/* from, from + step, ..., not beyond to. */
static int add_range(const struct gen_source *src, uint32_t at, struct gen_val *v, gen_u128 from,
		     gen_u128 to, uint64_t step)
{
	struct gen_seg seg = { .start = from, .step = (int64_t)step };
	gen_u128 count;

	if (to < from)
		return gen_fail(src, at, "the range is empty: its end is before its begin");
	if (!step || step > INT64_MAX)
		return gen_fail(src, at, "a step is at least 1");
	count = (to - from) / step;
	if (count >= GEN_MAX_COUNT)
		return gen_fail(src, at, "the set has too many members");
	seg.count = (uint64_t)count + 1;
	/* Frames change 64 bits at a time. */
	if ((from + count * step) >> 64 != from >> 64)
		return gen_fail(src, at, "the range crosses a multiple of 2^64");
	return add_seg(src, at, v, &seg);
}

/* "10.0.0.0/24": from its base on, with the first and last address. */
static int network(const struct gen_source *src, const struct gen_field *f,
		   const struct gen_node *node, gen_u128 *ret_from, gen_u128 *ret_to)
{
	const char *text = (const char *)node->bytes, *slash = strchr(text, '/');
	char address[64], *end;
	unsigned long bits;
	gen_u128 base, hosts;

	if (!slash || (size_t)(slash - text) >= sizeof(address))
		return gen_fail(src, node->at, "'%.60s' is no network", text);
	(void)snprintf(address, sizeof(address), "%.*s", (int)(slash - text), text);
	bits = strtoul(slash + 1, &end, 10);
	if (*end || end == slash + 1 || bits > f->bits ||
	    !(f->kind == FIELD_IP4 ? gen_ip4_parse(address, &base) : gen_ip6_parse(address, &base)))
		return gen_fail(src, node->at, "'%.60s' is no network of this field", text);
	hosts = bits == 0 ? max_of(f) : ((gen_u128)1 << (f->bits - bits)) - 1;
	*ret_from = base & ~hosts;
	*ret_to = base | hosts;
	return 0;
}

static bool is_address(const struct gen_field *f)
{
	return f->kind == FIELD_IP4 || f->kind == FIELD_IP6;
}

static bool is_network(const struct gen_field *f, const struct gen_node *node)
{
	return is_address(f) && node->kind == GEN_BYTES &&
	       strchr((const char *)node->bytes, '/') != NULL;
}

static int add_network(const struct gen_source *src, const struct gen_field *f,
		       const struct gen_node *node, struct gen_val *v)
{
	gen_u128 from, to;
	int r = network(src, f, node, &from, &to);

	return r < 0 ? r : add_range(src, node->at, v, from, to, 1);
}

/* Net("10.0.0.0/24"), Net("10.0.0.1", "10.0.0.9") */
static int add_net(const struct gen_source *src, const struct gen_field *f,
		   const struct gen_node *node, struct gen_val *v)
{
	gen_u128 from, to;
	int r;

	if (node->n_kids == 1 && is_network(f, node->kids[0]))
		return add_network(src, f, node->kids[0], v);
	if (!node->n_kids || node->n_kids > 2)
		return gen_fail(src, node->at, "%s() takes a network or two addresses",
				gen_name(node));
	r = gen_num_parse(src, f, node->kids[0], &from);
	if (r >= 0)
		r = gen_num_parse(src, f, node->kids[node->n_kids - 1], &to);
	return r < 0 ? r : add_range(src, node->at, v, from, to, 1);
}

/* An end of a range. A field that cuts values cuts each of them, not the ends: vlan may
 * run from 4090 to 4100, which is 4. */
static int range_end(const struct gen_source *src, const struct gen_field *f,
		     const struct gen_node *node, gen_u128 *ret)
{
	if (node->kind != GEN_NUM || node->negative || !(f->flags & GEN_MASK))
		return gen_num_parse(src, f, node, ret);
	*ret = (gen_u128)node->num << f->shift;
	return 0;
}

/* (from, to), (from, to, step) */
static int add_tuple(const struct gen_source *src, const struct gen_field *f,
		     const struct gen_node *node, struct gen_val *v)
{
	uint64_t step = 1ULL << f->shift;
	gen_u128 from, to;
	int r;

	if (node->n_kids != 2 && node->n_kids != 3)
		return gen_fail(src, node->at, "a range is (from, to) or (from, to, step)");
	if (node->n_kids == 3) {
		const struct gen_node *s = node->kids[2];

		if (s->kind != GEN_NUM || s->negative || s->num > (uint64_t)INT64_MAX >> f->shift)
			return gen_fail(src, s->at, "a step is a number greater than 0");
		step = s->num << f->shift;
	}
	r = range_end(src, f, node->kids[0], &from);
	if (r >= 0)
		r = range_end(src, f, node->kids[1], &to);
	return r < 0 ? r : add_range(src, node->at, v, from, to, step);
}

/* Flags by name take a list as all of them together. */
static int join_flags(const struct gen_source *src, const struct gen_field *f,
		      const struct gen_node *node, struct gen_val *v)
{
	struct gen_seg seg = { .step = 1, .count = 1 };
	gen_u128 one;

	for (uint32_t i = 0; i < node->n_kids; i++) {
		int r = gen_num_parse(src, f, node->kids[i], &one);

		if (r < 0)
			return r;
		seg.start |= one;
	}
	return add_seg(src, node->at, v, &seg);
}

static bool names_only(const struct gen_field *f, const struct gen_node *list)
{
	if (f->kind != FIELD_FLAGS || strlen(f->flag_names[0]) == 1)
		return false;
	for (uint32_t i = 0; i < list->n_kids; i++)
		if (list->kids[i]->kind != GEN_BYTES)
			return false;
	return true;
}

static int add_nums(const struct gen_source *src, const struct gen_field *f,
		    const struct gen_node *node, struct gen_val *v)
{
	struct gen_seg one = { .step = 1, .count = 1 };
	int r = 0;

	if (node->kind == GEN_TUPLE)
		return add_tuple(src, f, node, v);
	if (node->kind == GEN_LIST) {
		if (!node->n_kids)
			return gen_fail(src, node->at, "the list is empty");
		if (names_only(f, node))
			return join_flags(src, f, node, v);
		for (uint32_t i = 0; i < node->n_kids && r >= 0; i++)
			r = add_nums(src, f, node->kids[i], v);
		return r;
	}
	if (is_network(f, node))
		return add_network(src, f, node, v);
	if (node->kind == GEN_CALL && is_address(f) &&
	    (!strcmp(gen_name(node), "Net") || !strcmp(gen_name(node), "Net6")))
		return add_net(src, f, node, v);
	r = gen_num_parse(src, f, node, &one.start);
	return r < 0 ? r : add_seg(src, node->at, v, &one);
}

gen_u128 gen_val_num(const struct gen_val *v, uint64_t i)
{
	for (uint32_t s = 0; s < v->n; s++) {
		if (i < v->segs[s].count)
			return v->segs[s].start + (gen_u128)i * (uint64_t)v->segs[s].step;
		i -= v->segs[s].count;
	}
	return 0;
}

/* ---- random and counted values ------------------------------------------------ */

static int add_part(const struct gen_source *src, const struct gen_node *node, struct gen_val *v,
		    const struct gen_part *part)
{
	void *parts = v->parts;
	int r = grow(src, node->at, &parts, v->n, sizeof(*v->parts));

	if (r < 0)
		return r;
	v->parts = parts;
	v->parts[v->n++] = *part;
	return 0;
}

/* Uniform in lo ... hi, over the whole field. */
static int random_range(const struct gen_source *src, const struct gen_field *f,
			const struct gen_node *node, gen_u128 lo, gen_u128 hi, struct gen_val *v)
{
	struct gen_part part = { .bits = f->bits, .lo = (uint64_t)lo, .hi = (uint64_t)hi };
	int r;

	if (hi > max_of(f) || lo > hi)
		return gen_fail(src, node->at, "no range that fits %s", f->name);
	if (f->bits <= 64)
		return add_part(src, node, v, &part);
	part.bits = 64;
	/* A network: either the high half is fixed or the low one is all free. */
	r = add_part(src, node, v, &part);
	part = (struct gen_part){ 64, 64, (uint64_t)(lo >> 64), (uint64_t)(hi >> 64) };
	return r < 0 ? r : add_part(src, node, v, &part);
}

/* RandIP("10.0.0.0/8") and so on; without an argument, anything. */
static int random_address(const struct gen_source *src, const struct gen_field *f,
			  const struct gen_node *node, struct gen_val *v)
{
	gen_u128 lo = 0, hi = max_of(f);

	if (f->kind != (gen_name(node)[6] == '6' ? FIELD_IP6 : FIELD_IP4))
		return gen_fail(src, node->at, "%s() is no address of this field", gen_name(node));
	if (node->n_kids) {
		int r = gen_fail(src, node->at, "%s() takes a network", gen_name(node));

		if (node->n_kids == 1 && is_network(f, node->kids[0]))
			r = network(src, f, node->kids[0], &lo, &hi);
		if (r < 0)
			return r;
	}
	return random_range(src, f, node, lo, hi, v);
}

/* "02:*:00:10-20:*:*" */
static int random_mac(const struct gen_source *src, const struct gen_field *f,
		      const struct gen_node *node, struct gen_val *v)
{
	const char *p = "*:*:*:*:*:*";
	int r;

	if (f->kind != FIELD_MAC)
		return gen_fail(src, node->at, "RandMAC() is no value of %s", f->name);
	if (node->n_kids > 1 || (node->n_kids && node->kids[0]->kind != GEN_BYTES))
		return gen_fail(src, node->at, "RandMAC() takes a pattern like \"02:*:00:10-1f\"");
	if (node->n_kids)
		p = (const char *)node->kids[0]->bytes;
	for (int i = 5; i >= 0; i--) { /* what is missing at the end is random */
		struct gen_part part = { (uint8_t)(i * 8), 8, 0, 255 };
		char *end;

		if (*p && *p != '*') {
			part.lo = part.hi = strtoul(p, &end, 16);
			if (*end == '-')
				part.hi = strtoul(end + 1, &end, 16);
			if (end == p || part.hi > 255 || part.lo > part.hi)
				return gen_fail(src, node->kids[0]->at,
						"no pattern of a MAC address");
			p = end;
		} else if (*p) {
			p++;
		}
		r = add_part(src, node, v, &part);
		if (r < 0)
			return r;
		if (*p && *p++ != ':')
			return gen_fail(src, node->kids[0]->at, "no pattern of a MAC address");
	}
	return 0;
}

/* RandNum(a, b), and Inc(start, step, count), Dec(...) */
static int two_numbers(const struct gen_source *src, const struct gen_node *node, uint64_t *a,
		       uint64_t *b)
{
	if (node->n_kids != 2 || node->kids[0]->kind != GEN_NUM || node->kids[1]->kind != GEN_NUM ||
	    node->kids[0]->negative || node->kids[1]->negative)
		return gen_fail(src, node->at, "%s() takes two numbers", gen_name(node));
	*a = node->kids[0]->num;
	*b = node->kids[1]->num;
	return 0;
}

static int random_number(const struct gen_source *src, const struct gen_field *f,
			 const struct gen_node *node, struct gen_val *v)
{
	static const struct gen_name kinds[] = {
		{ "RandByte", 8 },
		{ "RandShort", 16 },
		{ "RandInt", 32 },
		{ "RandLong", 64 },
		{ 0 },
	};
	uint64_t lo = 0, hi = 0;
	gen_u128 bits;
	int r;

	if (gen_name_find(kinds, gen_name(node), &bits)) {
		if (node->n_kids)
			return gen_fail(src, node->at, "%s() takes nothing", gen_name(node));
		/* Bits that the field has not are cut, as from a plain number. */
		bits = f->flags & GEN_MASK ? MIN(bits, f->bits) : bits;
		hi = ~0ULL >> (64 - (unsigned)bits);
	} else {
		r = two_numbers(src, node, &lo, &hi);
		if (r < 0)
			return r;
	}
	return random_range(src, f, node, (gen_u128)lo << f->shift, (gen_u128)hi << f->shift, v);
}

/* Inc(from, to): from, from + 1, ... to, from, ...; Dec(from, to): downwards. */
static int counted(const struct gen_source *src, const struct gen_field *f,
		   const struct gen_node *node, struct gen_val *v)
{
	bool down = gen_name(node)[0] == 'D';
	gen_u128 from, to;
	struct gen_seg seg;
	int r;

	if (node->n_kids != 2)
		return gen_fail(src, node->at, "%s() takes two values: from and to",
				gen_name(node));
	r = gen_num_parse(src, f, node->kids[0], &from);
	if (r >= 0)
		r = gen_num_parse(src, f, node->kids[1], &to);
	if (r < 0)
		return r;
	if (down ? from < to : to < from)
		return gen_fail(src, node->at, "the range is empty: its end is before its begin");
	if (from >> 64 != to >> 64)
		return gen_fail(src, node->at, "the range crosses a multiple of 2^64");
	seg = (struct gen_seg){ .start = from, .step = down ? -1 : 1 };
	seg.count = (uint64_t)(down ? from - to : to - from) + 1;
	return add_seg(src, node->at, v, &seg);
}

static int parse_call(const struct gen_source *src, const struct gen_field *f,
		      const struct gen_node *node, struct gen_val *v)
{
	const char *name = gen_name(node);

	v->kind = VAL_RANDOM;
	v->count = 1;
	if (!strcmp(name, "RandMAC"))
		return random_mac(src, f, node, v);
	if (!strcmp(name, "RandIP") || !strcmp(name, "RandIP6"))
		return random_address(src, f, node, v);
	if (!strncmp(name, "Rand", 4) && f->bits <= 64)
		return random_number(src, f, node, v);
	if (!strcmp(name, "Inc") || !strcmp(name, "Dec")) {
		v->kind = VAL_INC;
		v->count = 0;
		return counted(src, f, node, v);
	}
	return gen_fail(src, node->at, "%s() is no value of %s", name, f->name);
}

/* ---- bytes ------------------------------------------------------------------- */

static int add_string(const struct gen_source *src, const struct gen_field *f,
		      const struct gen_node *node, struct gen_val *v)
{
	struct gen_string s = { node->bytes, node->len };
	void *strings = v->strings;
	uint8_t *fixed;
	int r;

	if (node->kind != GEN_BYTES)
		return gen_fail(src, node->at, "a string expected for %s", f->name);
	if (f->size) { /* cut, or filled up with zeros */
		fixed = gen_alloc(src->pool, f->size);
		if (!fixed)
			return gen_no_memory(src);
		memcpy(fixed, s.bytes, MIN(s.len, f->size));
		s = (struct gen_string){ fixed, f->size };
	}
	r = grow(src, node->at, &strings, v->n, sizeof(*v->strings));
	if (r < 0)
		return r;
	v->strings = strings;
	v->strings[v->n++] = s;
	v->count++;
	return 0;
}

static int parse_bytes(const struct gen_source *src, const struct gen_field *f,
		       const struct gen_node *node, struct gen_val *v)
{
	int r = 0;

	v->kind = VAL_STRINGS;
	if (node->kind == GEN_LIST) {
		for (uint32_t i = 0; i < node->n_kids && r >= 0; i++)
			r = add_string(src, f, node->kids[i], v);
		return r;
	}
	if (node->kind != GEN_CALL)
		return add_string(src, f, node, v);
	v->binary = !strcmp(gen_name(node), "RandBin");
	if (!v->binary && strcmp(gen_name(node), "RandString") != 0)
		return gen_fail(src, node->at, "%s() is no value of %s", gen_name(node), f->name);
	if (node->n_kids != 1 || node->kids[0]->kind != GEN_NUM || node->kids[0]->num > 65535)
		return gen_fail(src, node->at, "%s() takes a length of at most 65535",
				gen_name(node));
	if (f->size && node->kids[0]->num != f->size)
		return gen_fail(src, node->at, "%s is %u bytes long", f->name, f->size);
	v->kind = VAL_RANDOM_STRING;
	v->len = (uint32_t)node->kids[0]->num;
	v->count = 1;
	return 0;
}

int gen_val_parse(const struct gen_source *src, const struct gen_field *f,
		  const struct gen_node *node, struct gen_val *ret)
{
	struct gen_val v = { .kind = VAL_NUMS, .at = node->at, .dim = -1, .node = node };
	int r = 0;

	if (f->kind == FIELD_BYTES || f->kind == FIELD_NAME) {
		r = parse_bytes(src, f, node, &v);
	} else if (node->kind == GEN_CALL && strncmp(gen_name(node), "Net", 3) != 0) {
		r = parse_call(src, f, node, &v);
	} else {
		r = add_nums(src, f, node, &v);
	}
	if (r < 0)
		return r;
	if (!v.count)
		return gen_fail(src, node->at, "the list is empty");
	*ret = v;
	return 0;
}
