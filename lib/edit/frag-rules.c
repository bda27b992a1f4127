/* SPDX-License-Identifier: BSD-2-Clause */
/* Reading fragroute's rules, and the table of directives. */
#include <arpa/inet.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/macros.h"
#include "edit/frag.h"
#include "pkt/addr.h"

#define MAX_RULES 1000u
#define BLANKS	  " \t\r"

static const struct frag_directive *const directives[] = {
	&frag_delay,	&frag_drop,    &frag_dup,     &frag_echo,      &frag_ip6_opt, &frag_ip6_qos,
	&frag_ip_chaff, &frag_ip_frag, &frag_ip_opt,  &frag_ip_tos,    &frag_ip_ttl,  &frag_order,
	&frag_print,	&frag_tcp_opt, &frag_tcp_seg, &frag_tcp_chaff,
};

static void skip_blanks(struct frag_text *t)
{
	while (t->at < t->end && strchr(BLANKS, *t->at))
		t->at++;
}

/* The next word, copied; false: there is none, or it is as long as size. */
static bool next_word(struct frag_text *t, char *ret_word, size_t size)
{
	size_t n = 0;

	skip_blanks(t);
	while (t->at + n < t->end && !strchr(BLANKS, t->at[n]))
		n++;
	if (!n || n >= size)
		return false;
	memcpy(ret_word, t->at, n);
	ret_word[n] = '\0';
	return true;
}

bool frag_at_end(struct frag_text *t)
{
	skip_blanks(t);
	return t->at == t->end;
}

int frag_bad(struct frag_text *t, const char *format, ...)
{
	char what[160];
	va_list ap;

	skip_blanks(t);
	if (t->old_messages)
		return err_set(t->err, -EINVAL, "invalid argument to directive '%s' (line %u)",
			       t->directive, t->line);
	va_start(ap, format);
	(void)vsnprintf(what, sizeof(what), format, ap); /* cut if too long */
	va_end(ap);
	return err_set(t->err, -EINVAL, "%s: line %u, column %zu: %s", t->name, t->line,
		       (size_t)(t->at - t->begin) + 1, what);
}

int frag_word(struct frag_text *t, const char *const *words, unsigned n, unsigned *ret_kind)
{
	char word[32], all[120] = "";
	size_t used = 0;

	for (unsigned i = 0; i < n; i++) {
		if (next_word(t, word, sizeof(word)) && strcmp(word, words[i]) == 0) {
			t->at += strlen(word);
			*ret_kind = i;
			return 0;
		}
		used += (size_t)snprintf(all + used, sizeof(all) - used, "%s%s",
					 i == 0	      ? ""
					 : i + 1 == n ? " or "
						      : ", ",
					 words[i]);
	}
	return frag_bad(t, "%s expected", all);
}

/* The word as a number; false if it is none or more than max. */
static bool to_number(const char *word, uint32_t max, uint32_t *ret_number)
{
	struct scan s = scan_begin("", word, NULL);
	unsigned base = word[0] == '0' && (word[1] | 0x20) == 'x' ? 16 : 10;

	return scan_number(&s, base, max, ret_number) >= 0 && scan_end(&s) >= 0;
}

int frag_number(struct frag_text *t, const char *what, uint32_t min, uint32_t max,
		uint32_t *ret_number)
{
	char word[32];
	uint32_t v;

	if (!next_word(t, word, sizeof(word)) || !to_number(word, max, &v) || v < min)
		return frag_bad(t, "%s must be between %u and %u", what, min, max);
	t->at += strlen(word);
	*ret_number = v;
	return 0;
}

int frag_bytes(struct frag_text *t, struct frag_rule *r, uint32_t max)
{
	char word[8];

	do {
		struct scan s = scan_begin("", word, NULL);
		uint32_t v;

		if (!next_word(t, word, sizeof(word)) || scan_number(&s, 16, 255, &v) < 0 ||
		    scan_end(&s) < 0)
			return frag_bad(t, "bytes in hexadecimal expected, 0f 1a ...");
		if (r->n_bytes == max)
			return frag_bad(t, "there are at most %u bytes", max);
		r->bytes[r->n_bytes++] = (uint8_t)v;
		t->at += strlen(word);
	} while (!frag_at_end(t));
	return 0;
}

int frag_addresses(struct frag_text *t, struct frag_rule *r, unsigned version, uint32_t max)
{
	char word[INET6_ADDRSTRLEN];

	for (uint32_t n = 0; n == 0 || !frag_at_end(t); n++) {
		if (n == max)
			return frag_bad(t, "there are at most %u addresses", max);
		if (!next_word(t, word, sizeof(word)) ||
		    inet_pton(version == 4 ? AF_INET : AF_INET6, word, r->bytes + r->n_bytes) != 1)
			return frag_bad(t, "an IPv%u address expected", version);
		r->n_bytes += cidr_size((uint8_t)version);
		t->at += strlen(word);
	}
	return 0;
}

static int read_rule(struct frag_rule *r, struct frag_text *t)
{
	char word[32];
	int q;

	if (!next_word(t, word, sizeof(word)))
		word[0] = '\0'; /* longer than any that is known */
	for (unsigned i = 0; i < ARRAY_SIZE(directives) && !r->directive; i++) {
		if (strcasecmp(word, directives[i]->name) == 0)
			r->directive = directives[i];
	}
	if (!r->directive && t->old_messages)
		return err_set(t->err, -EINVAL, "unknown directive '%s' (line %u)", word, t->line);
	if (!r->directive)
		return frag_bad(t, "no such directive");

	t->directive = r->directive->name;
	t->at += strlen(word);
	q = r->directive->parse ? r->directive->parse(r, t) : 0;
	if (q >= 0 && !frag_at_end(t))
		return frag_bad(t, "the end of the line expected");
	return q;
}

static struct frag_rule *add_rule(struct frag_rule **rules, unsigned n)
{
	struct frag_rule *p;

	if (!(n & (n - 1))) { /* 0, 1, 2, 4, ... are in use: all of them */
		p = realloc(*rules, (n ? 2 * n : 1) * sizeof(*p));
		if (!p)
			return NULL;
		*rules = p;
	}
	p = &(*rules)[n];
	memset(p, 0, sizeof(*p));
	return p;
}

int frag_rules_read(const struct weir_fragroute_opts *o, struct frag_rule **ret_rules,
		    unsigned *ret_n, struct weir_err *err)
{
	CLEANUP(freep)
	struct frag_rule *rules = NULL;
	struct frag_text t = { .name = o->name,
			       .directive = "",
			       .end = o->rules,
			       .old_messages = o->quirks & WEIR_FRAGROUTE_QUIRK_MESSAGES,
			       .err = err };
	unsigned n = 0;

	for (const char *line = o->rules; *line; line = *t.end ? t.end + 1 : t.end) {
		struct frag_rule *r;
		int q;

		t.begin = t.at = line;
		t.end = line + strcspn(line, "\n");
		t.line++;
		if (frag_at_end(&t) || *t.at == '#')
			continue;
		if (n == MAX_RULES)
			return frag_bad(&t, "there are at most %u rules", MAX_RULES);
		r = add_rule(&rules, n);
		if (!r)
			return err_set(err, -ENOMEM, "out of memory");
		q = read_rule(r, &t);
		if (q < 0)
			return q;
		n++;
	}
	*ret_rules = TAKE_PTR(rules);
	*ret_n = n;
	return 0;
}
