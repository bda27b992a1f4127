/* SPDX-License-Identifier: BSD-2-Clause */
/* Values that are no set: another one for each frame, drawn or counted. */
#include "gen/value.h"

#include <stdlib.h>
#include <string.h>

#include "base/macros.h"

static int add_part(const struct gen_source *src, const struct gen_node *node, struct gen_val *v,
		    const struct gen_part *part)
{
	void *parts = v->parts;
	int r = gen_grow(src, node->at, &parts, v->n, sizeof(*v->parts));

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

	if (hi > gen_field_max(f) || lo > hi)
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
	gen_u128 lo = 0, hi = gen_field_max(f);

	if (f->kind != (gen_name(node)[6] == '6' ? FIELD_IP6 : FIELD_IP4))
		return gen_fail(src, node->at, "%s() is no address of this field", gen_name(node));
	if (node->n_kids > 1 || (node->n_kids && !gen_is_network(f, node->kids[0])))
		return gen_fail(src, node->at, "%s() takes a network", gen_name(node));
	if (node->n_kids) {
		int r = gen_network_parse(src, f, node->kids[0], &lo, &hi);

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

/* RandNum(a, b) */
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
	gen_u128 from, to, last;
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
	last = down ? from - to : to - from;
	if (last >= GEN_MAX_COUNT)
		return gen_fail(src, node->at, "the range has too many members");
	seg = (struct gen_seg){ from, down ? -1 : 1, (uint64_t)last + 1 };
	return gen_add_seg(src, node->at, v, &seg);
}

/* RandChoice(80, 443, (1000, 1009)) */
static int choice(const struct gen_source *src, const struct gen_field *f,
		  const struct gen_node *node, struct gen_val *v)
{
	int r = 0;

	for (uint32_t i = 0; i < node->n_kids && r >= 0; i++)
		r = gen_add_nums(src, f, node->kids[i], v);
	if (r >= 0 && !v->count)
		return gen_fail(src, node->at, "%s() takes what to choose from", gen_name(node));
	return r;
}

static bool is_one_of(const char *name, const char *const *names)
{
	while (*names && strcmp(*names, name) != 0)
		names++;
	return *names != NULL;
}

int gen_draw_parse(const struct gen_source *src, const struct gen_field *f,
		   const struct gen_node *node, struct gen_val *v)
{
	static const char *const numbers[] = { "RandByte", "RandShort", "RandInt",
					       "RandLong", "RandNum",	NULL };
	const char *name = gen_name(node);

	v->kind = VAL_RANDOM;
	v->count = 1;
	if (!strcmp(name, "RandMAC"))
		return random_mac(src, f, node, v);
	if (!strcmp(name, "RandIP") || !strcmp(name, "RandIP6"))
		return random_address(src, f, node, v);
	if (is_one_of(name, numbers) && f->bits <= 64)
		return random_number(src, f, node, v);
	v->count = 0; /* members are added */
	if (!strcmp(name, "RandChoice")) {
		v->kind = VAL_CHOICE;
		return choice(src, f, node, v);
	}
	if (!strcmp(name, "Inc") || !strcmp(name, "Dec")) {
		v->kind = VAL_INC;
		return counted(src, f, node, v);
	}
	return gen_fail(src, node->at, "%s() is no value of %s", name, f->name);
}
