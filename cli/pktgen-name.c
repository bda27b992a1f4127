/* SPDX-License-Identifier: BSD-2-Clause */
#include "pktgen-name.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "port-shape.h"
#include "util.h"

#define DIGITS "0123456789"
#define NETMAP "netmap:"

/* What stands behind a port's own name: "-2/xR@conf:rings=2". */
struct suffix {
	const char *at;
	size_t ring_len; /* of "2", 0: there is none */
	bool host, all;	 /* ^ and * */
};

/* "slots=512,rings=2" of "@conf:". */
static int parse_conf(const char *text, const char *p, struct weir_switch_shape *shape,
		      struct weir_err *err)
{
	char key[16];
	unsigned v;
	int len;

	for (; *p && *p != '@'; p += len) {
		if (sscanf(p, "%15[a-z-]=%5u%n", key, &v, &len) != 2)
			break;
		if (strcmp(key, "slots") == 0)
			shape->tx_slots = shape->rx_slots = v;
		else if (strcmp(key, "tx-slots") == 0)
			shape->tx_slots = v;
		else if (strcmp(key, "rx-slots") == 0)
			shape->rx_slots = v;
		else if (strcmp(key, "rings") == 0)
			shape->tx_rings = shape->rx_rings = v;
		else if (strcmp(key, "tx-rings") == 0)
			shape->tx_rings = v;
		else if (strcmp(key, "rx-rings") == 0)
			shape->rx_rings = v;
		else
			break;
		if (p[len] == ',')
			len++;
	}
	if (*p && *p != '@')
		return err_text(err, -EINVAL,
				"%s: '%s' is not one of slots, tx-slots, rx-slots, "
				"rings, tx-rings and rx-rings with a number",
				text, p);
	return 0;
}

/* "@conf:...@7": settings of the port, or memory that it is to share. */
static int parse_options(const char *text, const char *p, struct weir_switch_shape *shape,
			 struct weir_err *err)
{
	while (*p == '@') {
		int r = 0;

		p++;
		if (strncmp(p, "conf:", 5) == 0)
			r = parse_conf(text, p + 5, shape, err);
		else if (strncmp(p, "share=", 6) != 0 && (!*p || p[strspn(p, DIGITS)]))
			r = err_text(err, -ENOTSUP, "%s: '@%s' is not to be had here", text, p);
		if (r < 0)
			return r;
		p += strcspn(p, "@");
	}
	return 0;
}

/* "/xR": ways to open it. */
static int parse_flags(const char *text, const char **p, struct pktgen_name *name,
		       struct weir_err *err)
{
	for (; **p && **p != '@'; (*p)++) {
		switch (**p) {
		case 'R':
			name->no_tx = true;
			break;
		case 'T':
			name->no_rx = true;
			break;
		case 'x': /* weir's ports are nobody else's anyway */
			break;
		case 'z':
		case 'r':
		case 't':
			return err_text(err, -ENOTSUP,
					"%s: there are no monitors here; weir sink, or another "
					"port of a switch, looks on",
					text);
		default:
			return err_text(err, -EINVAL, "%s: unknown flag '%c'", text, **p);
		}
	}
	return 0;
}

/* Where the suffix begins: '-' may be part of an interface's name. */
static struct suffix find_suffix(const char *name)
{
	struct suffix s = { .at = name };

	for (; *s.at; s.at++) {
		const char *rest = s.at + 1;

		s.ring_len = *s.at == '-' ? strspn(rest, DIGITS) : 0;
		s.host = *s.at == '^';
		s.all = *s.at == '*';
		if (s.host || s.all || *s.at == '/' || *s.at == '@' ||
		    (s.ring_len && (!rest[s.ring_len] || strchr("/@", rest[s.ring_len]))))
			break;
	}
	return s;
}

static void append(struct pktgen_name *name, const char *word, unsigned number)
{
	size_t len = strlen(name->weir);

	/* Cut if it is too long: no port has such a name. */
	(void)snprintf(name->weir + len, sizeof(name->weir) - len, "%s%u", word, number);
}

static void add_shape(struct pktgen_name *name, const struct weir_switch_shape *s, bool sends)
{
	unsigned rings = sends ? s->tx_rings : s->rx_rings;

	if (!name->vale) {
		name->set_aside = rings || s->tx_slots || s->rx_slots;
		return;
	}
	name->rings = rings;
	if (s->tx_slots)
		append(name, ",slots=", s->tx_slots);
	if (s->rx_slots && s->rx_slots != s->tx_slots && !name->pipe)
		append(name, ",rx-slots=", s->rx_slots);
}

/* A name of netmap's grammar: body is without "netmap:", prefix what weir has before it. */
static int parse_netmap(const char *text, const char *body, const char *prefix, const char *config,
			bool sends, struct pktgen_name *name, struct weir_err *err)
{
	struct suffix s = find_suffix(body);
	const char *p = s.at + (s.ring_len ? s.ring_len + 1 : 0);
	struct weir_switch_shape shape = { 0 };
	int r = config ? port_shape_parse(config, &shape, err) : 0;

	if (r < 0)
		return r;
	if (s.host || s.all)
		return err_text(err, -ENOTSUP,
				"%s: an interface's host rings are not to be had on a stock kernel",
				text);
	if (s.ring_len && name->vale)
		return err_text(err, -ENOTSUP, "%s: single rings are those of interfaces", text);
	if (*p == '/') {
		p++;
		r = parse_flags(text, &p, name, err);
	}
	if (r == 0)
		r = parse_options(text, p, &shape, err);
	if (r < 0)
		return r;
	(void)snprintf(name->weir, sizeof(name->weir), "%s%.*s", prefix, (int)(s.at - body), body);
	add_shape(name, &shape, sends);
	if (s.ring_len)
		append(name, "@", (unsigned)strtoul(s.at + 1, NULL, 10));
	return 0;
}

/* What follows the word that text begins with, or NULL. */
static const char *after(const char *text, const char *word)
{
	size_t len = strlen(word);

	return strncmp(text, word, len) == 0 ? text + len : NULL;
}

/* A name that is not of netmap's grammar, and what weir calls it; or NULL. */
static const char *other_name(const char *text, const char **ret_prefix)
{
	const char *rest;

	*ret_prefix = "";
	if (strcmp(text, "null") == 0)
		return "null:";
	if ((rest = after(text, "pcap:"))) {
		*ret_prefix = "packet:";
		return rest;
	}
	if (after(text, "tap") && !strchr(text, ':')) {
		*ret_prefix = "tap:";
		return text;
	}
	return strchr(text, ':') && !after(text, "vale") && !after(text, NETMAP) ? text : NULL;
}

int pktgen_name_parse(const char *text, const char *config, bool sends, struct pktgen_name *ret,
		      struct weir_err *err)
{
	struct pktgen_name name = { .pipe = strpbrk(text, "{}") != NULL };
	const char *body = after(text, NETMAP), *other, *prefix;
	int r = 0;

	if (strlen(text) + strlen(NETMAP) >= sizeof(name.weir))
		return err_text(err, -EINVAL, "-i: '%s' is too long for the name of a port", text);
	other = other_name(text, &prefix);
	if (other) {
		(void)snprintf(name.weir, sizeof(name.weir), "%s%s", prefix, other);
		(void)snprintf(name.shown, sizeof(name.shown), "%s", text);
		name.set_aside = config != NULL;
	} else {
		bool of_switch = after(text, "vale") != NULL;

		name.vale = of_switch || name.pipe;
		r = parse_netmap(text, body ? body : text, name.pipe && !of_switch ? NETMAP : "",
				 config, sends, &name, err);
		(void)snprintf(name.shown, sizeof(name.shown), "%s%s",
			       of_switch || body ? "" : NETMAP, text);
	}
	if (r < 0)
		return r;
	*ret = name;
	return 0;
}
