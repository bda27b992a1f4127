/* SPDX-License-Identifier: BSD-2-Clause */
#include "gen/parse.h"

#include <errno.h>
#include <string.h>

#include "gen/lex.h"

#define MAX_DEPTH 64u
/* Bytes that a repeated string may make: no frame is longer. */
#define MAX_STRING 262144u

struct name {
	const char *text;
	const struct gen_node *expr;
	struct name *next;
};

struct parser {
	struct gen_lexer lex;
	const struct gen_source *src;
	struct name *names;
	unsigned depth;
};

/* Nodes while their number is not known. */
struct kids {
	const struct gen_node **v;
	const char **keys;
	uint32_t n, room;
};

static int parse_expr(struct parser *p, const struct gen_node **ret);

static bool is_mark(const struct parser *p, char c)
{
	return p->lex.token == TOKEN_MARK && p->lex.mark == c;
}

static int expect(struct parser *p, char c, const char *what)
{
	if (!is_mark(p, c))
		return gen_fail(p->src, p->lex.at, "'%c' expected %s", c, what);
	return gen_lex(&p->lex);
}

static struct gen_node *node_new(struct parser *p, enum gen_node_kind kind, uint32_t at)
{
	struct gen_node *n = gen_alloc(p->src->pool, sizeof(*n));

	if (n) {
		n->kind = kind;
		n->at = at;
		n->bytes = (const uint8_t *)"";
	}
	return n;
}

static int kids_add(struct parser *p, struct kids *k, const struct gen_node *n, const char *key)
{
	if (k->n == k->room) {
		uint32_t room = k->room ? k->room * 2 : 4;
		const struct gen_node **v = gen_alloc_array(p->src->pool, room, sizeof(*v));
		const char **keys = gen_alloc_array(p->src->pool, room, sizeof(*keys));

		if (!v || !keys)
			return gen_no_memory(p->src);
		if (k->n) {
			memcpy(v, k->v, k->n * sizeof(*v));
			memcpy(keys, k->keys, k->n * sizeof(*keys));
		}
		*k = (struct kids){ v, keys, k->n, room };
	}
	k->keys[k->n] = key;
	k->v[k->n++] = n;
	return 0;
}

static void take_kids(struct gen_node *n, const struct kids *k)
{
	n->kids = k->v;
	n->keys = k->keys;
	n->n_kids = k->n;
}

/* Items up to the closing bracket, which is passed over. comma: there was one. */
static int parse_items(struct parser *p, char close, struct kids *k, bool *ret_comma)
{
	int r;

	while (!is_mark(p, close)) {
		const struct gen_node *item;

		r = parse_expr(p, &item);
		if (r < 0)
			return r;
		r = kids_add(p, k, item, NULL);
		if (r < 0)
			return r;
		if (!is_mark(p, ','))
			break;
		*ret_comma = true;
		r = gen_lex(&p->lex);
		if (r < 0)
			return r;
	}
	return expect(p, close, "or ','");
}

static int parse_list(struct parser *p, const struct gen_node **ret)
{
	bool tuple = is_mark(p, '('), comma = false;
	struct gen_node *n = node_new(p, tuple ? GEN_TUPLE : GEN_LIST, p->lex.at);
	struct kids k = { 0 };
	int r;

	if (!n)
		return gen_no_memory(p->src);
	r = gen_lex(&p->lex);
	if (r < 0)
		return r;
	r = parse_items(p, tuple ? ')' : ']', &k, &comma);
	if (r < 0)
		return r;
	take_kids(n, &k);
	*ret = tuple && k.n == 1 && !comma ? k.v[0] : n;
	return 0;
}

/* An argument: value or key=value. */
static int parse_arg(struct parser *p, struct kids *k)
{
	const struct gen_node *value;
	const char *key = NULL;
	int r;

	if (p->lex.token == TOKEN_NAME) {
		struct gen_lexer before = p->lex;

		r = gen_lex(&p->lex);
		if (r < 0)
			return r;
		if (is_mark(p, '=')) {
			key = (const char *)before.bytes;
			r = gen_lex(&p->lex);
			if (r < 0)
				return r;
		} else {
			p->lex = before;
		}
	}
	r = parse_expr(p, &value);
	return r < 0 ? r : kids_add(p, k, value, key);
}

static int parse_call(struct parser *p, struct gen_node *n)
{
	struct kids k = { 0 };
	int r = gen_lex(&p->lex);

	while (r >= 0 && !is_mark(p, ')')) {
		r = parse_arg(p, &k);
		if (r < 0 || !is_mark(p, ','))
			break;
		r = gen_lex(&p->lex);
	}
	if (r < 0)
		return r;
	take_kids(n, &k);
	return expect(p, ')', "or ','");
}

static int from_hex(struct parser *p, struct gen_node *n)
{
	const struct gen_node *arg = n->n_kids == 1 ? n->kids[0] : NULL;
	unsigned digits = 0;
	uint8_t *out;

	if (!arg || arg->kind != GEN_BYTES)
		return gen_fail(p->src, n->at, "bytes.fromhex() takes one string");
	out = gen_alloc(p->src->pool, arg->len / 2 + 1);
	if (!out)
		return gen_no_memory(p->src);
	for (uint32_t i = 0; i < arg->len; i++) {
		static const char hex[] = "0123456789abcdef0123456789ABCDEF";
		const char *d = arg->bytes[i] ? strchr(hex, arg->bytes[i]) : NULL;

		if (arg->bytes[i] == ' ' && digits % 2 == 0)
			continue;
		if (!d)
			return gen_fail(p->src, arg->at, "not a hexadecimal digit");
		out[digits / 2] = (uint8_t)(out[digits / 2] << 4 | ((d - hex) & 15));
		digits++;
	}
	if (digits % 2)
		return gen_fail(p->src, arg->at, "half a byte is left over");
	*n = (struct gen_node){ .kind = GEN_BYTES, .at = n->at, .bytes = out, .len = digits / 2 };
	return 0;
}

static int parse_name(struct parser *p, const struct gen_node **ret)
{
	struct gen_node *n = node_new(p, GEN_CALL, p->lex.at);
	int r;

	if (!n)
		return gen_no_memory(p->src);
	n->bytes = p->lex.bytes;
	n->len = p->lex.len;
	r = gen_lex(&p->lex);
	if (r < 0)
		return r;
	*ret = n;
	if (is_mark(p, '(')) {
		r = parse_call(p, n);
		return r < 0 || strcmp(gen_name(n), "bytes.fromhex") != 0 ? r : from_hex(p, n);
	}
	if (!strcmp(gen_name(n), "None")) {
		n->kind = GEN_NONE;
		return 0;
	}
	if (!strcmp(gen_name(n), "True") || !strcmp(gen_name(n), "False")) {
		n->kind = GEN_NUM;
		n->num = n->bytes[0] == 'T';
		return 0;
	}
	for (const struct name *v = p->names; v; v = v->next) {
		if (!strcmp(v->text, gen_name(n))) {
			*ret = v->expr;
			return 0;
		}
	}
	return gen_fail(p->src, n->at, "'%.40s' is not known; a layer is written '%.40s()'",
			gen_name(n), gen_name(n));
}

/* Neighbours join, as in Python. */
static int parse_string(struct parser *p, const struct gen_node **ret)
{
	struct gen_node *n = node_new(p, GEN_BYTES, p->lex.at);
	int r;

	if (!n)
		return gen_no_memory(p->src);
	do {
		uint8_t *joined = gen_alloc(p->src->pool, (size_t)n->len + p->lex.len + 1);

		if (!joined)
			return gen_no_memory(p->src);
		memcpy(joined, n->bytes, n->len);
		memcpy(joined + n->len, p->lex.bytes, p->lex.len);
		n->bytes = joined;
		n->len += p->lex.len;
		r = gen_lex(&p->lex);
		if (r < 0)
			return r;
	} while (p->lex.token == TOKEN_STRING);
	*ret = n;
	return 0;
}

static int parse_number(struct parser *p, const struct gen_node **ret)
{
	struct gen_node *n = node_new(p, GEN_NUM, p->lex.at);
	int r = 0;

	if (!n)
		return gen_no_memory(p->src);
	if (is_mark(p, '-')) {
		n->negative = true;
		r = gen_lex(&p->lex);
		if (r < 0)
			return r;
		if (p->lex.token != TOKEN_NUM)
			return gen_fail(p->src, p->lex.at, "a number expected behind '-'");
	}
	n->num = p->lex.num;
	*ret = n;
	return gen_lex(&p->lex);
}

static int parse_item(struct parser *p, const struct gen_node **ret)
{
	switch (p->lex.token) {
	case TOKEN_NUM:
		return parse_number(p, ret);
	case TOKEN_STRING:
		return parse_string(p, ret);
	case TOKEN_NAME:
		return parse_name(p, ret);
	case TOKEN_MARK:
		if (p->lex.mark == '(' || p->lex.mark == '[')
			return parse_list(p, ret);
		if (p->lex.mark == '-')
			return parse_number(p, ret);
		return gen_fail(p->src, p->lex.at, "a layer or a value expected, not '%c'",
				p->lex.mark);
	default:
		return gen_fail(p->src, p->lex.at, "a layer or a value expected");
	}
}

static bool is_layers(const struct gen_node *n)
{
	return n->kind == GEN_CALL || n->kind == GEN_BYTES || n->kind == GEN_CHAIN;
}

/* a / b: the layers of both, in a new chain. */
static int stack(struct parser *p, uint32_t at, const struct gen_node **a, const struct gen_node *b)
{
	struct gen_node *n = node_new(p, GEN_CHAIN, (*a)->at);
	const struct gen_node *parts[] = { *a, b };
	struct kids k = { 0 };

	if (!n)
		return gen_no_memory(p->src);
	if (!is_layers(*a) || !is_layers(b))
		return gen_fail(p->src, at, "'/' puts a layer or a string on a layer");
	for (unsigned i = 0; i < 2; i++) {
		const struct gen_node *x = parts[i];
		uint32_t n_layers = x->kind == GEN_CHAIN ? x->n_kids : 1;

		for (uint32_t j = 0; j < n_layers; j++) {
			int r = kids_add(p, &k, x->kind == GEN_CHAIN ? x->kids[j] : x, NULL);

			if (r < 0)
				return r;
		}
	}
	if (k.n > MAX_DEPTH)
		return gen_fail(p->src, at, "more than %u layers", MAX_DEPTH);
	take_kids(n, &k);
	*a = n;
	return 0;
}

static int repeat(struct parser *p, uint32_t at, const struct gen_node **a,
		  const struct gen_node *b)
{
	const struct gen_node *what = *a, *times = b;
	struct gen_node *n;
	uint8_t *out;

	if (what->kind == GEN_NUM) {
		what = b;
		times = *a;
	}
	n = node_new(p, what->kind, what->at);
	if (!n)
		return gen_no_memory(p->src);
	if (times->kind != GEN_NUM || times->negative)
		return gen_fail(p->src, at, "'*' needs a number");
	if (what->kind == GEN_NUM) {
		n->negative = what->negative;
		if (__builtin_mul_overflow(what->num, times->num, &n->num))
			return gen_fail(p->src, at, "the number is larger than 64 bits");
	} else if (what->kind == GEN_BYTES) {
		if (times->num > MAX_STRING || what->len * times->num > MAX_STRING)
			return gen_fail(p->src, at, "more than %u bytes", MAX_STRING);
		n->len = what->len * (uint32_t)times->num;
		out = gen_alloc(p->src->pool, n->len + 1);
		if (!out)
			return gen_no_memory(p->src);
		for (uint32_t i = 0; i < times->num; i++)
			memcpy(out + i * what->len, what->bytes, what->len);
		n->bytes = out;
	} else if (is_layers(what)) {
		n->kind = GEN_TIMES;
		n->num = times->num;
		n->kids = gen_alloc(p->src->pool, sizeof(*n->kids));
		if (!n->kids)
			return gen_no_memory(p->src);
		n->kids[0] = what;
		n->n_kids = 1;
	} else {
		return gen_fail(p->src, at, "'*' repeats strings and packets");
	}
	*a = n;
	return 0;
}

static int add(struct parser *p, uint32_t at, const struct gen_node **a, const struct gen_node *b)
{
	struct gen_node *n = node_new(p, (*a)->kind, (*a)->at);
	uint8_t *out;

	if (!n)
		return gen_no_memory(p->src);
	if ((*a)->kind == GEN_NUM && b->kind == GEN_NUM && !(*a)->negative && !b->negative) {
		if (__builtin_add_overflow((*a)->num, b->num, &n->num))
			return gen_fail(p->src, at, "the number is larger than 64 bits");
	} else if ((*a)->kind == GEN_BYTES && b->kind == GEN_BYTES) {
		if ((uint64_t)(*a)->len + b->len > MAX_STRING)
			return gen_fail(p->src, at, "more than %u bytes", MAX_STRING);
		n->len = (*a)->len + b->len;
		out = gen_alloc(p->src->pool, n->len + 1);
		if (!out)
			return gen_no_memory(p->src);
		memcpy(out, (*a)->bytes, (*a)->len);
		memcpy(out + (*a)->len, b->bytes, b->len);
		n->bytes = out;
	} else {
		return gen_fail(p->src, at, "'+' joins two strings or two numbers");
	}
	*a = n;
	return 0;
}

static int parse_product(struct parser *p, const struct gen_node **ret)
{
	const struct gen_node *a, *b;
	int r = parse_item(p, &a);

	while (r >= 0 && (is_mark(p, '/') || is_mark(p, '*'))) {
		char op = p->lex.mark;
		uint32_t at = p->lex.at;

		r = gen_lex(&p->lex);
		if (r >= 0)
			r = parse_item(p, &b);
		if (r >= 0)
			r = op == '/' ? stack(p, at, &a, b) : repeat(p, at, &a, b);
	}
	if (r >= 0)
		*ret = a;
	return r;
}

static int parse_expr(struct parser *p, const struct gen_node **ret)
{
	const struct gen_node *a, *b;
	int r;

	if (++p->depth > MAX_DEPTH)
		return gen_fail(p->src, p->lex.at, "brackets nested too deep");
	r = parse_product(p, &a);
	while (r >= 0 && is_mark(p, '+')) {
		uint32_t at = p->lex.at;

		r = gen_lex(&p->lex);
		if (r >= 0)
			r = parse_product(p, &b);
		if (r >= 0)
			r = add(p, at, &a, b);
	}
	p->depth--;
	if (r >= 0)
		*ret = a;
	return r;
}

/* What stands behind '@'. */
static int parse_attrs(struct parser *p, struct gen_attr **ret)
{
	int r;

	do {
		struct gen_attr *a = gen_alloc(p->src->pool, sizeof(*a));

		if (!a)
			return gen_no_memory(p->src);
		r = gen_lex(&p->lex);
		if (r < 0)
			return r;
		if (p->lex.token != TOKEN_NAME)
			return gen_fail(p->src, p->lex.at, "key=value expected");
		a->key = (const char *)p->lex.bytes;
		a->at = p->lex.at;
		r = gen_lex(&p->lex);
		if (r < 0)
			return r;
		if (!is_mark(p, '='))
			return gen_fail(p->src, p->lex.at, "'=' expected");
		r = gen_lex_raw(&p->lex, &a->value);
		if (r < 0)
			return r;
		*ret = a;
		ret = &a->next;
	} while (is_mark(p, ','));
	return 0;
}

/* NAME = expr. 1: it was one; 0: it is something else. */
static int parse_assignment(struct parser *p)
{
	struct gen_lexer before = p->lex;
	struct name *v;
	int r;

	if (p->lex.token != TOKEN_NAME)
		return 0;
	r = gen_lex(&p->lex);
	if (r < 0)
		return r;
	if (!is_mark(p, '=')) {
		p->lex = before;
		return 0;
	}
	v = gen_alloc(p->src->pool, sizeof(*v));
	if (!v)
		return gen_no_memory(p->src);
	v->text = (const char *)before.bytes;
	r = gen_lex(&p->lex);
	if (r < 0)
		return r;
	r = parse_expr(p, &v->expr);
	if (r < 0)
		return r;
	v->next = p->names;
	p->names = v;
	return 1;
}

int gen_parse(const struct gen_source *src, struct gen_stmt **ret)
{
	struct parser p = { .src = src, .lex = { .src = src } };
	struct gen_stmt *first = NULL, **end = &first, *s;
	int r = gen_lex(&p.lex);

	while (r >= 0 && p.lex.token != TOKEN_END) {
		if (p.lex.token == TOKEN_NEWLINE) {
			r = gen_lex(&p.lex);
			continue;
		}
		r = parse_assignment(&p);
		if (r < 0)
			return r;
		if (!r) {
			s = gen_alloc(src->pool, sizeof(*s));
			if (!s)
				return gen_no_memory(src);
			r = parse_expr(&p, &s->expr);
			if (r >= 0 && is_mark(&p, '@'))
				r = parse_attrs(&p, &s->attrs);
			if (r < 0)
				return r;
			*end = s;
			end = &s->next;
		}
		if (p.lex.token != TOKEN_NEWLINE && p.lex.token != TOKEN_END)
			return gen_fail(src, p.lex.at, "'/' or the end of the line expected");
	}
	if (r < 0)
		return r;
	if (!first)
		return gen_fail(src, 0, "there is no template");
	*ret = first;
	return 0;
}
