/* SPDX-License-Identifier: BSD-2-Clause */
#include "old-edit.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "old-text.h"
#include "util.h"

/* Options on their way. */
struct reading {
	const struct cmd_run *run;
	struct edit_cfg *cfg; /* what is being made */
	struct weir_err *err;
};

static int refuse(struct reading *r, const char *format, ...) __attribute__((format(printf, 2, 3)));

static int refuse(struct reading *r, const char *format, ...)
{
	char text[sizeof(r->err->text)];
	va_list ap;

	va_start(ap, format);
	(void)vsnprintf(text, sizeof(text), format, ap); /* cut if too long */
	va_end(ap);
	return err_text(r->err, -EINVAL, "Unable to parse args: %s", text);
}

/* Has the text of one option read by f, which gets its name too, and takes what f writes for
 * it: nothing is as if the option was not given. */
typedef int read_fn(struct reading *r, const char *name, const char *text, FILE *to);

static int reread(struct reading *r, read_fn *f, const char *name, const char **text)
{
	struct old_made made;
	int q;

	if (!*text)
		return 0;
	q = old_begin(&made, r->err);
	if (q < 0)
		return q;
	q = f(r, name, *text, made.to);
	return old_end(&made, r->run, q, text, r->err);
}

/* The same of all values of a list. It keeps its values, and those stay owned by it. */
static int reread_list(struct reading *r, read_fn *f, const char *name, struct opt_list *list)
{
	unsigned n = 0;

	for (unsigned i = 0; i < list->n; i++) {
		int q = reread(r, f, name, &list->values[i]);

		if (q < 0)
			return q;
		if (list->values[i])
			list->values[n++] = list->values[i];
	}
	list->n = n;
	return 0;
}

/* "FROM:TO", as weir writes networks. */
struct pair {
	char from[OLD_CIDR_MAX], to[OLD_CIDR_MAX];
	int from_version, to_version;
};

/* What stands in brackets, or before the next ':'. */
static const char *side(const char **at, char *buf, size_t size)
{
	bool bracket = **at == '[';

	*at += bracket;
	return old_token(at, bracket ? "]" : ":", buf, size);
}

/* 1; 0: there are not two sides; -EINVAL: one of them is no network. */
static int read_pair(const char *text, struct pair *ret, struct weir_err *err)
{
	char token[OLD_TOKEN_MAX];
	const char *bracket;

	if (!side(&text, token, sizeof(token)))
		return 0;
	ret->from_version = old_cidr(token, ret->from, err);
	if (ret->from_version < 0)
		return ret->from_version;
	bracket = strchr(text, '[');
	if (bracket)
		text = bracket;
	if (!side(&text, token, sizeof(token)))
		return 0;
	ret->to_version = old_cidr(token, ret->to, err);
	return ret->to_version < 0 ? ret->to_version : 1;
}

/* From one version to the other IPv4 addresses become zero and IPv6 ones stay. */
static void add_map(FILE *to, const struct pair *p)
{
	char map[2 * OLD_CIDR_MAX];

	if (p->from_version == 6 && p->to_version == 4)
		return;
	(void)snprintf(map, sizeof(map), "%s:%s", p->from,
		       p->from_version == p->to_version ? p->to : "0.0.0.0/32");
	old_add(to, map);
}

static int read_maps(struct reading *r, const char *name, const char *text, FILE *to)
{
	const char *at = text;
	char token[OLD_TOKEN_MAX];
	unsigned n = 0;

	for (; old_token(&at, ",", token, sizeof(token)); n++) {
		struct pair p;
		int q = read_pair(token, &p, r->err);

		if (q < 0)
			return q;
		if (!q)
			return refuse(r, "Unable to parse %s=%s", name, text);
		add_map(to, &p);
	}
	return n ? 0 : err_text(r->err, -EINVAL, "Unable to parse empty CIDR");
}

static int read_endpoints(struct reading *r, const char *name, const char *text, FILE *to)
{
	const char *at = text;
	char token[OLD_TOKEN_MAX], more[OLD_TOKEN_MAX];
	struct pair p;
	int q = 0;

	if (old_token(&at, ",", token, sizeof(token)) && !old_token(&at, ",", more, sizeof(more)))
		q = read_pair(token, &p, r->err);
	if (q < 0)
		return q;
	if (!q || p.from_version != p.to_version)
		return refuse(r, "Unable to parse %s=%s", name, text);
	fprintf(to, "%s:%s", p.from, p.to);
	return 0;
}

/* Quirk "ttl". Digits behind a sign or none, and then anything. */
static int read_ttl(struct reading *r, const char *name, const char *text, FILE *to)
{
	bool sign = *text == '+' || *text == '-';
	long v = 0;

	if (!sign || isdigit((unsigned char)text[1]))
		v = strtol(text + sign, NULL, 10);
	if (v < 0 || v > 255)
		return refuse(r, "Invalid %s value (must be 0-255): %ld", name, v);
	fprintf(to, "%.*s%ld", (int)sign, text, v);
	return 0;
}

static bool is_port(const char *text, long *ret_port)
{
	char *end;

	*ret_port = strtol(text, &end, 10);
	return end != text && !*end && *ret_port >= 0 && *ret_port <= 65535;
}

/* "80+81+82" */
static bool read_port_list(const char *text, char *ret, size_t size)
{
	char token[OLD_TOKEN_MAX];
	size_t len = 0;
	long port;

	while (old_token(&text, "+", token, sizeof(token))) {
		if (!is_port(token, &port))
			return false;
		len += (size_t)snprintf(ret + len, size - len, "%s%ld", len ? "+" : "", port);
		if (len >= size)
			return false;
	}
	return len > 0;
}

/* "80-82", of which the end may have something behind it, or be none: then there is no port. */
static bool read_port_range(const char *text, char *ret, size_t size)
{
	char token[OLD_TOKEN_MAX];
	long first, last;

	if (!old_token(&text, "-", token, sizeof(token)) || !is_port(token, &first) ||
	    !old_token(&text, "-", token, sizeof(token)))
		return false;
	last = strtol(token, NULL, 10);
	if (last < 0 || last > 65535)
		return false;
	*ret = '\0';
	if (first <= last)
		(void)snprintf(ret, size, "%ld-%ld", first, last); /* there is room */
	return true;
}

/* "PORTS:PORT" */
static bool read_port_map(const char *text, FILE *to)
{
	char left[OLD_TOKEN_MAX], right[OLD_TOKEN_MAX], ports[OLD_TOKEN_MAX],
		map[2 * OLD_TOKEN_MAX];
	long port;
	bool ok;

	if (!old_token(&text, ":", left, sizeof(left)) ||
	    !old_token(&text, ":", right, sizeof(right)) || *text || !is_port(right, &port))
		return false;
	if (!strchr(left, '+') && strchr(left, '-'))
		ok = read_port_range(left, ports, sizeof(ports));
	else
		ok = read_port_list(left, ports, sizeof(ports));
	if (!ok)
		return false;
	(void)snprintf(map, sizeof(map), "%s:%ld", *ports ? ports : "0", *ports ? port : 0);
	old_add(to, map);
	return true;
}

/* Quirk "ports". Of several maps only the first one is minded. */
static int read_ports(struct reading *r, const char *name, const char *text, FILE *to)
{
	const char *at = text;
	char token[OLD_TOKEN_MAX];

	if (!old_token(&at, ",", token, sizeof(token)) || !read_port_map(token, to))
		return refuse(r, "Unable to parse %s=%s", name, text);
	while (old_token(&at, ",", token, sizeof(token)))
		(void)read_port_map(token, to);
	return 0;
}

/* The first two; none is none. */
static int read_macs(struct reading *r, const char *name, const char *text, FILE *to)
{
	(void)r, (void)name; /* takes anything */
	old_macs(text, 2, to);
	return 0;
}

/* "OLD,NEW,...", each as long as a MAC address is. */
static bool are_subs(const char *text)
{
	size_t len = strlen(text);

	for (size_t i = MAC_TEXT_SIZE - 1; i < len; i += MAC_TEXT_SIZE) {
		if (text[i] != ',')
			return false;
	}
	return len % (2 * MAC_TEXT_SIZE) == 2 * MAC_TEXT_SIZE - 1;
}

static int read_subs(struct reading *r, const char *name, const char *text, FILE *to)
{
	if (!are_subs(text))
		return refuse(r, "Unable to parse %s=%s", name, text);
	old_macs(text, UINT_MAX, to);
	return 0;
}

/* Quirk "bytes". "HEX,HEX,...", of which each may have something behind it, or be none. */
static int read_bytes(struct reading *r, const char *name, const char *text, FILE *to)
{
	char token[OLD_TOKEN_MAX], byte[3];

	(void)name; /* is not told */
	while (old_token(&text, ",", token, sizeof(token))) {
		long v = strtol(token, NULL, 16);

		if (v < 0 || v > 255)
			return err_text(r->err, -EINVAL, "Invalid hex string byte: %s", token);
		(void)snprintf(byte, sizeof(byte), "%02lx", (unsigned long)v); /* there is room */
		old_add(to, byte);
	}
	return ftell(to) > 0 ? 0 : err_text(r->err, -EINVAL, "\nHex buffer must contain something");
}

static int read_dlinks(struct reading *r)
{
	struct opt_list *list = &r->cfg->user_dlink;
	int q;

	if (!r->cfg->dlt || strcmp(r->cfg->dlt, "user") != 0)
		return 0;
	q = reread_list(r, read_bytes, "--user-dlink", list);
	if (q < 0 || list->n < 2 || strlen(list->values[0]) == strlen(list->values[1]))
		return q;
	return refuse(r, "both --dlink's must contain the same number of bytes");
}

static int read_type(struct reading *r, const char *name, const char *text, FILE *to)
{
	(void)name; /* is told otherwise */
	if (strcasecmp(text, "802.1q") != 0 && strcasecmp(text, "802.1ad") != 0)
		return refuse(r, "VLAN protocol \"%s\" is invalid", text);
	for (; *text; text++)
		fputc(tolower((unsigned char)*text), to);
	return 0;
}

static int read_vlan(struct reading *r)
{
	struct edit_cfg *c = r->cfg;

	if (!c->vlan || strcmp(c->vlan, "add") != 0) {
		c->vlan_proto = NULL;
		return 0;
	}
	if (!opt_given(r->run->opts, "enet-vlan-tag"))
		return refuse(r, "Must specify a new 802.1 VLAN tag if vlan mode is add");
	if (!opt_given(r->run->opts, "enet-vlan-cfi") || !opt_given(r->run->opts, "enet-vlan-pri"))
		fputs("--enet-vlan-pri and --enet-vlan-cfi not specified; previously untagged "
		      "packets will be tagged with priority 0 and/or CFI 0.\n",
		      stderr);
	return reread(r, read_type, "--enet-vlan-proto", &c->vlan_proto);
}

static int read_pnat(struct reading *r)
{
	static const char *const names[] = { "first --pnat", "second --pnat" };
	struct opt_list *list = &r->cfg->pnat;
	int q = 0;

	for (unsigned i = 0; q >= 0 && i < list->n; i++)
		q = reread(r, read_maps, names[i], &list->values[i]);
	return q;
}

/* In the order in which the old programs do: of several faults they tell the first. */
int old_edit(const struct cmd_run *run, const struct edit_cfg *cfg, struct edit_cfg *ret_cfg,
	     struct weir_err *err)
{
	struct edit_cfg c = *cfg;
	struct reading r = { .run = run, .cfg = &c, .err = err };
	const struct {
		read_fn *read;
		const char *name;
		const char **text;
	} texts[] = {
		{ read_maps, "--srcipmap", &c.srcipmap },
		{ read_maps, "--dstipmap", &c.dstipmap },
		{ read_ttl, "--ttl", &c.ttl },
		{ read_endpoints, "--endpoints", &c.endpoints },
		{ read_macs, "--enet-dmac", &c.dmac },
		{ read_macs, "--enet-smac", &c.smac },
	};
	int q = read_pnat(&r);

	for (unsigned i = 0; q >= 0 && i < ARRAY_SIZE(texts); i++)
		q = reread(&r, texts[i].read, texts[i].name, texts[i].text);
	if (q >= 0)
		q = reread_list(&r, read_ports, "--portmap", &c.portmap);
	if (q >= 0)
		q = reread_list(&r, read_subs, "--enet-subsmac", &c.subsmac);
	if (q >= 0)
		q = read_vlan(&r);
	if (q >= 0)
		q = read_dlinks(&r);
	if (q >= 0)
		*ret_cfg = c;
	return q;
}
