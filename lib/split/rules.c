/* SPDX-License-Identifier: BSD-2-Clause */
#include "split/rules.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <weir/split.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/libpcap.h"
#include "pkt/addr.h"

struct rule {
	char option[32]; /* that it comes from, for messages */
	char kind;	 /* the letter */
	bool exclude;
	struct pkt_cidrs cidrs;
	struct weir_numset *numbers;
	char *filter;
	struct libpcap pcap;	    /* loaded if compiled: */
	struct bpf_program program; /* for linktype */
	uint32_t linktype;
	bool compiled;
};

DEFINE_CLEANUP(struct rule *, rule_free)

struct rule *rule_free(struct rule *r)
{
	if (!r)
		return NULL;

	free(r->cidrs.list);
	weir_numset_free(r->numbers);
	free(r->filter);
	if (r->compiled)
		r->pcap.freecode(&r->program);
	free(r);
	return NULL;
}

static int read_rest(struct rule *rule, struct scan *s)
{
	switch (rule->kind) {
	case 'S':
	case 'D':
	case 'B':
	case 'E':
		return cidrs_scan(s, &rule->cidrs);
	case 'P':
		return weir_numset_parse(s->at, &rule->numbers, s->err);
	case 'F':
		if (!*s->at)
			return scan_bad(s, s->at, "a filter expected");
		rule->filter = strdup(s->at);
		return rule->filter ? 0 : err_set(s->err, -ENOMEM, "out of memory");
	default:
		return scan_bad(s, s->text, "a rule begins with S:, D:, B:, E:, P: or F:");
	}
}

static void set_option(struct rule *rule, const char *option)
{
	(void)snprintf(rule->option, sizeof(rule->option), "%s", option); /* cut if too long */
}

int rule_new(const char *option, const char *text, struct rule **ret_rule, struct weir_err *err)
{
	struct scan s = scan_begin(option, text, err);
	CLEANUP(rule_freep)
	struct rule *rule = calloc(1, sizeof(*rule));
	int r;

	if (!rule)
		return err_set(err, -ENOMEM, "out of memory");

	set_option(rule, option);
	rule->exclude = option[0] == 'e';
	rule->kind = *s.at;
	if (*s.at)
		s.at++;
	if (!scan_take(&s, ':'))
		rule->kind = 0; /* none */
	r = read_rest(rule, &s);
	if (r < 0)
		return r;

	*ret_rule = TAKE_PTR(rule);
	return 0;
}

int rule_new_filter(const char *option, const char *text, struct rule **ret_rule,
		    struct weir_err *err)
{
	CLEANUP(rule_freep)
	struct rule *rule = calloc(1, sizeof(*rule));

	if (!rule)
		return err_set(err, -ENOMEM, "out of memory");
	set_option(rule, option);
	rule->kind = 'F';
	rule->filter = strdup(text);
	if (!rule->filter)
		return err_set(err, -ENOMEM, "out of memory");

	*ret_rule = TAKE_PTR(rule);
	return 0;
}

/* libpcap's own number: they differ where systems did before there was a registry. */
static int dlt_of(uint32_t linktype)
{
	return linktype == PKT_LINKTYPE_RAW ? DLT_RAW : (int)linktype;
}

static int compile(struct rule *rule, uint32_t linktype, struct weir_err *err)
{
	pcap_t *dead;
	int r = rule->compiled ? 0 : libpcap_load(&rule->pcap, err);

	if (r < 0)
		return r;
	dead = rule->pcap.open_dead(dlt_of(linktype), (int)WEIR_FRAME_MAX);
	if (!dead)
		return err_set(err, -ENOMEM, "out of memory");
	if (rule->compiled)
		rule->pcap.freecode(&rule->program);
	rule->compiled = false;
	if (rule->pcap.compile(dead, &rule->program, rule->filter, 1, PCAP_NETMASK_UNKNOWN) < 0)
		r = err_set(err, -EINVAL, "%s: \"%s\": %s", rule->option, rule->filter,
			    rule->pcap.geterr(dead));
	rule->pcap.close(dead);
	if (r < 0)
		return r;

	rule->compiled = true;
	rule->linktype = linktype;
	return 0;
}

int rule_prepare(struct rule *rule, uint32_t linktype, struct weir_err *err)
{
	return rule->kind == 'F' ? compile(rule, linktype, err) : 0;
}

static int filter_fits(struct rule *rule, const struct weir_record *rec, struct weir_err *err)
{
	struct pcap_pkthdr head = { .caplen = rec->len, .len = rec->orig_len };
	int r;

	if (!rule->compiled || rule->linktype != rec->linktype) {
		r = compile(rule, rec->linktype, err);
		if (r < 0)
			return r;
	}
	return rule->pcap.offline_filter(&rule->program, &head, rec->data) != 0;
}

static bool addresses_fit(const struct rule *rule, const struct weir_record *rec,
			  const struct pkt_layers *l)
{
	unsigned size = cidr_size(l->ip_version);
	const uint8_t *addr = rec->data + l->l3_off + (l->ip_version == 4 ? 12 : 8);
	bool src = rule->kind != 'D' && cidrs_have(&rule->cidrs, l->ip_version, addr);
	bool dst = rule->kind != 'S' && cidrs_have(&rule->cidrs, l->ip_version, addr + size);

	return rule->kind == 'B' ? src && dst : src || dst;
}

int rule_leaves_out(struct rule *rule, const struct weir_record *rec, const struct pkt_layers *l,
		    struct weir_err *err)
{
	int fits;

	switch (rule->kind) {
	case 'P':
		fits = weir_numset_has(rule->numbers, rec->nr);
		break;
	case 'F':
		fits = filter_fits(rule, rec, err);
		break;
	default:
		if (!l->ip_version)
			return 0;
		fits = addresses_fit(rule, rec, l);
		break;
	}
	return fits < 0 ? fits : fits == rule->exclude;
}

bool rule_is_address(const struct rule *r)
{
	return r->kind != 'P' && r->kind != 'F';
}

bool rule_is_number(const struct rule *r)
{
	return r->kind == 'P';
}

bool rule_is_filter(const struct rule *r)
{
	return r->kind == 'F';
}
