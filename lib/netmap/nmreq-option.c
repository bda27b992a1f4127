/* SPDX-License-Identifier: BSD-2-Clause */
/* libnetmap's options in names: "@NAME", "@NAME=VALUE", "@NAME:KEY=VALUE,KEY=VALUE". */
#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "netmap/nmport.h"

/* Cuts text at the first of the bytes that end it: what comes behind; *ret_end: the byte,
 * or 0. */
static char *cut(char *text, const char *ends, char *ret_end)
{
	char *end = text + strcspn(text, ends);

	*ret_end = *end;
	if (!*end)
		return end;
	*end = '\0';
	return end + 1;
}

static bool same_key(const char *key, const char *text)
{
	for (; *key && (*key == *text || (*key == '_' && *text == '-')); key++)
		text++;
	return *key == *text;
}

static const struct nmreq_opt_key *find_key(const struct nmreq_opt_parser *p, const char *text)
{
	for (unsigned i = 0; i < NMREQ_OPT_MAXKEYS && p->keys[i].key; i++)
		if (same_key(p->keys[i].key, text))
			return &p->keys[i];
	return NULL;
}

static int read_key(struct nmreq_opt_parser *p, char *text, struct nmreq_parse_ctx *ret)
{
	char end;
	char *value = cut(text, "=", &end);
	const struct nmreq_opt_key *key = find_key(p, text);

	if (!key)
		return nmport_fail(ret->ctx, EINVAL, "option '%s' has no key '%s'", p->prefix,
				   text);
	if (ret->keys[key->id])
		return nmport_fail(ret->ctx, EINVAL, "option '%s': key '%s' is there twice",
				   p->prefix, text);
	if (!end && !(key->flags & NMREQ_OPTK_ALLOWEMPTY))
		return nmport_fail(ret->ctx, EINVAL, "option '%s': key '%s' needs a value",
				   p->prefix, text);
	if (!end)
		ret->keys[key->id] = text;
	else if (*value)
		ret->keys[key->id] = value;
	return 0;
}

static int read_keys(struct nmreq_opt_parser *p, char *text, struct nmreq_parse_ctx *ret)
{
	while (*text) {
		char end;
		char *next = cut(text, ",", &end);

		if (read_key(p, text, ret) < 0)
			return -1;
		text = next;
	}
	for (unsigned i = 0; i < NMREQ_OPT_MAXKEYS && p->keys[i].key; i++)
		if (p->keys[i].flags & NMREQ_OPTK_MUSTSET && !ret->keys[p->keys[i].id])
			return nmport_fail(ret->ctx, EINVAL, "option '%s' needs the key '%s'",
					   p->prefix, p->keys[i].key);
	return 0;
}

/* What stands behind an option's name and the byte that ends that. */
static int read_body(struct nmreq_opt_parser *p, char end, char *body, struct nmreq_parse_ctx *ret)
{
	if (end == ':')
		return read_keys(p, body, ret);
	if (end == '=') {
		if (p->default_key < 0 || p->default_key >= NMREQ_OPT_MAXKEYS)
			return nmport_fail(ret->ctx, EINVAL, "option '%s' has keys", p->prefix);
		if (!*body)
			return nmport_fail(ret->ctx, EINVAL, "option '%s' needs a value",
					   p->prefix);
		ret->keys[p->default_key] = body;
		return 0;
	}
	if (!(p->flags & NMREQ_OPTF_ALLOWEMPTY))
		return nmport_fail(ret->ctx, EINVAL, "option '%s' needs a value", p->prefix);
	return 0;
}

static int read_option(char *text, struct nmreq_opt_parser *parsers, void *token, struct nmctx *ctx)
{
	struct nmreq_parse_ctx parsed = { .ctx = ctx, .token = token };
	struct nmreq_opt_parser *p = parsers;
	char end;
	char *body = cut(text, ":=", &end);

	if (!*text)
		return nmport_fail(ctx, EINVAL, "an option has no name");
	while (p && strcmp(p->prefix, text) != 0)
		p = p->next;
	if (!p)
		return nmport_fail(ctx, EINVAL, "there is no option '%s'", text);
	if (p->flags & NMREQ_OPTF_DISABLED)
		return nmport_fail(ctx, EOPNOTSUPP, "option '%s' is not supported here", text);
	if (read_body(p, end, body, &parsed) < 0)
		return -1;
	return p->parse(&parsed);
}

int nmreq_options_decode(const char *options, struct nmreq_opt_parser *parsers, void *token,
			 struct nmctx *ctx)
{
	size_t size = strlen(options) + 1;
	char *copy, *text;
	char end;
	int r = 0;

	if (size == 1)
		return 0;
	if (*options != '@')
		return nmport_fail(ctx, EINVAL, "'%s': options begin with '@'", options);
	copy = nmctx_malloc(ctx, size);
	if (!copy)
		return nmport_fail(ctx, ENOMEM, "no memory for options");
	memcpy(copy, options, size);
	end = '@';
	for (text = copy + 1; r == 0 && end;) {
		char *next = cut(text, "@", &end);

		r = read_option(text, parsers, token, ctx);
		text = next;
	}
	nmctx_free(ctx, copy);
	return r;
}
