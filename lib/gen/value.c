/* SPDX-License-Identifier: BSD-2-Clause */
#include "gen/value.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/macros.h"

/* Segments or strings that one set may have. */
#define MAX_MEMBERS (1u << 20)

int gen_grow(const struct gen_source *src, uint32_t at, void **v, uint32_t n, size_t size)
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

int gen_add_seg(const struct gen_source *src, uint32_t at, struct gen_val *v,
		const struct gen_seg *seg)
{
	void *segs = v->segs;
	int r = gen_grow(src, at, &segs, v->n, sizeof(*v->segs));

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
	return gen_add_seg(src, at, v, &seg);
}

int gen_network_parse(const struct gen_source *src, const struct gen_field *f,
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
	hosts = bits == 0 ? gen_field_max(f) : ((gen_u128)1 << (f->bits - bits)) - 1;
	*ret_from = base & ~hosts;
	*ret_to = base | hosts;
	return 0;
}

static bool is_address(const struct gen_field *f)
{
	return f->kind == FIELD_IP4 || f->kind == FIELD_IP6;
}

bool gen_is_network(const struct gen_field *f, const struct gen_node *node)
{
	return is_address(f) && node->kind == GEN_BYTES &&
	       strchr((const char *)node->bytes, '/') != NULL;
}

static int add_network(const struct gen_source *src, const struct gen_field *f,
		       const struct gen_node *node, struct gen_val *v)
{
	gen_u128 from, to;
	int r = gen_network_parse(src, f, node, &from, &to);

	return r < 0 ? r : add_range(src, node->at, v, from, to, 1);
}

/* Net("10.0.0.0/24"), Net("10.0.0.1", "10.0.0.9") */
static int add_net(const struct gen_source *src, const struct gen_field *f,
		   const struct gen_node *node, struct gen_val *v)
{
	gen_u128 from, to;
	int r;

	if (node->n_kids == 1 && gen_is_network(f, node->kids[0]))
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
	return gen_add_seg(src, node->at, v, &seg);
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

int gen_add_nums(const struct gen_source *src, const struct gen_field *f,
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
			r = gen_add_nums(src, f, node->kids[i], v);
		return r;
	}
	if (gen_is_network(f, node))
		return add_network(src, f, node, v);
	if (node->kind == GEN_CALL && is_address(f) &&
	    (!strcmp(gen_name(node), "Net") || !strcmp(gen_name(node), "Net6")))
		return add_net(src, f, node, v);
	r = gen_num_parse(src, f, node, &one.start);
	return r < 0 ? r : gen_add_seg(src, node->at, v, &one);
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
	r = gen_grow(src, node->at, &strings, v->n, sizeof(*v->strings));
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
		r = gen_draw_parse(src, f, node, &v);
	} else {
		r = gen_add_nums(src, f, node, &v);
	}
	if (r < 0)
		return r;
	if (!v.count)
		return gen_fail(src, node->at, "the list is empty");
	*ret = v;
	return 0;
}
