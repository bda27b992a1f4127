/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Each frame leaves one number behind: its verdict, or the host that sent it, of which the
 * verdict is known at the end.
 */
#include <weir/classify.h>

#include <arpa/inet.h>
#include <errno.h>
#include <regex.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/macros.h"
#include "pkt/addr.h"
#include "pkt/classic.h"
#include "split/hosts.h"
#include "split/rules.h"
#include "split/weigh.h"

/* Numbers that frames leave: verdicts, and FIRST_HOST + the index of a host. */
#define FIRST_HOST 4u

/* With which every host that acts as a server is one. */
#define SMALLEST_RATIO 1e-300

struct weir_classifier {
	struct weir_classify_opts opts; /* its texts are gone */
	uint32_t quirks;
	struct rule *rule;
	struct pkt_cidrs cidrs;
	uint8_t (*macs)[6];
	unsigned n_macs;
	regex_t regex;
	bool has_regex;
	uint8_t *services; /* 65,536: bit 0 TCP, bit 1 UDP */
	struct hosts hosts;
	uint32_t *left; /* what frames left */
	uint64_t n, room;
	uint64_t n_told; /* whose verdicts are in the cache */
	bool joined;	 /* its hosts are among another one's */
};

DEFINE_CLEANUP(struct weir_classifier *, weir_classifier_free)

static bool is_auto(const struct weir_classifier *c)
{
	return c->opts.mode <= WEIR_SPLIT_FIRST;
}

static enum weir_verdict side(bool primary)
{
	return primary ? WEIR_PRIMARY : WEIR_SECONDARY;
}

/* Of a frame that tells nothing. */
static enum weir_verdict other(const struct weir_classifier *c)
{
	if (c->quirks & WEIR_SPLIT_QUIRK_NONIP)
		return side(c->opts.nonip);
	return side(c->opts.nonip == c->opts.reverse);
}

static int leave(struct weir_classifier *c, uint32_t what, struct weir_err *err)
{
	if (c->n == c->room) {
		uint64_t room = c->room ? 2 * c->room : 4096;
		uint32_t *more = realloc(c->left, room * sizeof(*more));

		if (!more)
			return err_set(err, -ENOMEM, "out of memory");
		c->left = more;
		c->room = room;
	}
	c->left[c->n++] = what;
	return 0;
}

static const uint8_t *source(const struct weir_record *rec, const struct pkt_layers *l)
{
	return rec->data + l->l3_off + (l->ip_version == 4 ? 12 : 8);
}

static bool source_matches(const struct weir_classifier *c, const struct weir_record *rec,
			   const struct pkt_layers *l)
{
	char text[INET6_ADDRSTRLEN];

	(void)inet_ntop(l->ip_version == 4 ? AF_INET : AF_INET6, source(rec, l), text,
			sizeof(text)); /* there is room */
	return regexec(&c->regex, text, 0, NULL, 0) == 0;
}

/* Does tcpprep find no header behind this one of IP? Then it takes it for one of no service. */
static bool leads_nowhere(const struct pkt_layers *l)
{
	return l->l4_off > l->end || l->end - l->l4_off < 4 ||
	       (l->ip_version == 6 && l->proto == PKT_IP_IPV6);
}

/* Negative: neither TCP nor UDP. */
static int goes_to_service(const struct weir_classifier *c, const struct pkt_layers *l)
{
	unsigned bit = l->proto == PKT_IP_TCP ? 1 : l->proto == PKT_IP_UDP ? 2 : 0;

	if (c->quirks & WEIR_SPLIT_QUIRK_WALK && l->ip6frag_off != PKT_ABSENT)
		return -1;
	if (l->flags & PKT_PORTS && bit)
		return (c->services[l->dst_port] & bit) != 0;
	return c->quirks & WEIR_SPLIT_QUIRK_WALK && (bit || leads_nowhere(l)) ? 0 : -1;
}

static enum weir_verdict by_mac(const struct weir_classifier *c, const struct weir_record *rec)
{
	if (rec->linktype != PKT_LINKTYPE_ETHERNET || rec->len < 12)
		return other(c);

	for (unsigned i = 0; i < c->n_macs; i++) {
		if (memcmp(rec->data + 6, c->macs[i], 6) == 0)
			return side(!c->opts.reverse);
	}
	return side(c->opts.reverse);
}

static enum weir_verdict by_port(const struct weir_classifier *c, const struct pkt_layers *l)
{
	int service = goes_to_service(c, l);

	if (service < 0)
		return other(c);
	return side(service != (c->opts.reverse && !(c->quirks & WEIR_SPLIT_QUIRK_REVERSE)));
}

/* The verdict of a mode that needs no other frame. */
static enum weir_verdict at_once(const struct weir_classifier *c, const struct weir_record *rec,
				 const struct pkt_layers *l)
{
	bool match;

	if (c->opts.mode == WEIR_SPLIT_MAC)
		return by_mac(c, rec);
	if (!l->ip_version)
		return other(c);
	if (c->opts.mode == WEIR_SPLIT_PORT)
		return by_port(c, l);
	if (c->opts.mode == WEIR_SPLIT_CIDR)
		return side(cidrs_have(&c->cidrs, l->ip_version, source(rec, l)) !=
			    c->opts.reverse);

	match = source_matches(c, rec, l);
	if (c->opts.reverse && c->quirks & WEIR_SPLIT_QUIRK_REVERSE)
		return WEIR_SECONDARY;
	return side(match != c->opts.reverse);
}

/* IPv6's ARP (RFC 4861), and who listens to which group (RFC 9777, RFC 3376): they say who is
 * where, not who is what. */
static bool is_housekeeping(const struct weir_record *rec, const struct pkt_layers *l)
{
	uint8_t type;

	if (l->proto == PKT_IP_IGMP)
		return true;
	if (l->ip_version != 6 || l->proto != PKT_IP_ICMPV6 || !l->l4_len)
		return false;
	type = rec->data[l->l4_off];
	return (type >= 130 && type <= 137) || type == 143;
}

/* What a host is seen doing first is all that counts. */
static void take_role(struct host *host, enum host_role role)
{
	if (host->client || host->server)
		return;
	host->client = role == HOST_CLIENT;
	host->server = role == HOST_SERVER;
}

/* Who asks for an address (RFC 2131, RFC 4862) has none yet and is no host. */
static bool is_from_nobody(const struct weir_classifier *c, const struct weir_record *rec,
			   const struct pkt_layers *l)
{
	static const uint8_t nobody[16];

	return !(c->quirks & WEIR_SPLIT_QUIRK_WEIGH) &&
	       !memcmp(source(rec, l), nobody, cidr_size(l->ip_version));
}

/* The host is entered and the frame counted for it. */
static int64_t learn(struct weir_classifier *c, const struct weir_record *rec,
		     const struct pkt_layers *l)
{
	static const uint8_t one[16] = { 0 };
	const uint8_t *src = source(rec, l);
	const uint8_t *dst = src + cidr_size(l->ip_version);
	int64_t from, to;

	if (l->ip_version == 6 && c->quirks & WEIR_SPLIT_QUIRK_IPV6)
		src = dst = one;
	from = hosts_find(&c->hosts, l->ip_version, src);
	if (from < 0)
		return from;
	if (!is_housekeeping(rec, l))
		c->hosts.list[from].speaks = true;
	if (c->opts.mode != WEIR_SPLIT_FIRST) {
		if (c->quirks & WEIR_SPLIT_QUIRK_WEIGH)
			weigh_quirk(&c->hosts.list[from], l, rec->data, rec->len);
		else
			weigh(&c->hosts.list[from], l, rec->data, rec->len);
		return from;
	}

	if (!(c->quirks & WEIR_SPLIT_QUIRK_WEIGH) && is_housekeeping(rec, l))
		return from;
	to = hosts_find(&c->hosts, l->ip_version, dst);
	if (to < 0)
		return to;
	take_role(&c->hosts.list[from], HOST_CLIENT);
	take_role(&c->hosts.list[to], HOST_SERVER);
	return from;
}

static void walk(const struct weir_classifier *c, const struct weir_record *rec,
		 struct pkt_layers *l)
{
	if (c->quirks & WEIR_SPLIT_QUIRK_WALK)
		(void)pkt_parse_classic(PKT_CLASSIC_PREP, rec->linktype, rec->data, rec->len, l);
	else
		(void)pkt_parse(rec->linktype, rec->data, rec->len, l);
	/* What cannot be walked has no IP version, that is all that counts. */
}

/* tcpprep does not enter what a filter rejects. */
static int leave_out(struct weir_classifier *c, struct weir_err *err)
{
	if (rule_is_filter(c->rule) && c->quirks & WEIR_SPLIT_QUIRK_FILTER)
		return 0;
	return leave(c, WEIR_DONT_SEND, err);
}

/* tcpprep's MAC mode does not look at addresses. */
static bool rule_counts(const struct weir_classifier *c)
{
	if (!c->rule)
		return false;
	return c->opts.mode != WEIR_SPLIT_MAC || !(c->quirks & WEIR_SPLIT_QUIRK_MAC_RULES) ||
	       !rule_is_address(c->rule);
}

/* Do the rules leave it out? 1, 0, or a negative errno. */
static int is_left_out(struct weir_classifier *c, const struct weir_record *rec,
		       const struct pkt_layers *l, struct weir_err *err)
{
	return rule_counts(c) ? rule_leaves_out(c->rule, rec, l, err) : 0;
}

static int classifier_run(void *ctx, struct weir_buf *bufs, unsigned n)
{
	struct weir_classifier *c = ctx;

	for (unsigned i = 0; i < n; i++) {
		struct weir_buf *b = &bufs[i];
		const struct weir_record rec = {
			.data = b->data,
			.len = b->len,
			.orig_len = b->orig_len,
			.ts_ns = b->ts_ns,
			.linktype = b->linktype,
			.nr = b->nr,
		};
		struct pkt_layers l;
		int out;

		if (b->port == WEIR_NO_PORT)
			continue;
		walk(c, &rec, &l);
		out = is_left_out(c, &rec, &l, NULL);
		if (out < 0)
			return out;
		b->port = weir_verdict_port(out ? WEIR_DONT_SEND : at_once(c, &rec, &l));
	}
	return 0;
}

bool weir_classifier_is_stage(const struct weir_classifier *c)
{
	return !is_auto(c);
}

struct weir_stage weir_classifier_stage(struct weir_classifier *c)
{
	return (struct weir_stage){ .run = classifier_run, .ctx = c };
}

int weir_classifier_add(struct weir_classifier *c, const struct weir_record *rec,
			struct weir_err *err)
{
	struct pkt_layers l;
	int64_t host;
	int r;

	walk(c, rec, &l);
	r = is_left_out(c, rec, &l, err);
	if (r)
		return r < 0 ? r : leave_out(c, err);
	if (!is_auto(c))
		return leave(c, at_once(c, rec, &l), err);
	if (!l.ip_version || is_from_nobody(c, rec, &l))
		return leave(c, other(c), err);

	host = learn(c, rec, &l);
	if (host < 0)
		return err_set(err, (int)host, "out of memory");
	return leave(c, FIRST_HOST + (uint32_t)host, err);
}

/* Gives every host a role. */
static int settle(struct weir_classifier *c, struct weir_err *err)
{
	struct hosts *h = &c->hosts;
	char text[INET6_ADDRSTRLEN];
	int r = 0;

	hosts_weigh(h, c->opts.ratio);
	if (c->opts.mode == WEIR_SPLIT_FIRST)
		return 0;
	if (c->quirks & WEIR_SPLIT_QUIRK_UNKNOWN)
		return c->opts.mode == WEIR_SPLIT_ROUTER && weigh_gives_up_quirk(h)
			       ? err_set(err, -ENOTUNIQ,
					 "\nError: unable to build a valid list of servers. "
					 "Aborting.")
			       : 0;
	if (c->opts.mode == WEIR_SPLIT_ROUTER)
		r = hosts_ask_neighbours(h, c->opts.min_mask, c->opts.max_mask);
	if (r < 0)
		return err_set(err, r, "out of memory");
	for (uint32_t i = 0; c->opts.mode == WEIR_SPLIT_BRIDGE && i < h->n; i++) {
		if (h->list[i].role != HOST_UNKNOWN || !h->list[i].speaks)
			continue;
		(void)inet_ntop(h->list[i].version == 4 ? AF_INET : AF_INET6, h->list[i].addr, text,
				sizeof(text)); /* there is room */
		return err_set(err, -ENOTUNIQ, "cannot tell whether %s is a client or a server",
			       text);
	}
	return 0;
}

static enum weir_verdict of_host(const struct weir_classifier *c, const struct host *host)
{
	bool swap = c->opts.reverse && !(c->quirks & WEIR_SPLIT_QUIRK_REVERSE);

	if (host->role != HOST_UNKNOWN)
		return side((host->role == HOST_CLIENT) != swap);

	switch (c->opts.mode) {
	case WEIR_SPLIT_CLIENT:
		return side(!swap);
	case WEIR_SPLIT_FIRST: /* only neighbours were discovered */
		return other(c);
	case WEIR_SPLIT_ROUTER:
		return c->quirks & WEIR_SPLIT_QUIRK_NONIP ? side(!c->opts.nonip) : other(c);
	default:
		return side(swap);
	}
}

static int put_verdict(const struct weir_classifier *c, uint32_t left, struct weir_cache *cache,
		       struct weir_err *err)
{
	enum weir_verdict v = left < FIRST_HOST ? (enum weir_verdict)left
						: of_host(c, &c->hosts.list[left - FIRST_HOST]);
	int r = weir_cache_append(cache, v);

	return r < 0 ? err_set(err, r, "out of memory") : 0;
}

/* The hosts of from are entered into c, and what its frames left becomes c's. */
static int join(struct weir_classifier *c, struct weir_classifier *from, struct weir_err *err)
{
	CLEANUP(freep)
	uint32_t *ours = malloc((from->hosts.n + 1) * sizeof(*ours));

	if (!ours)
		return err_set(err, -ENOMEM, "out of memory");
	for (uint32_t i = 0; i < from->hosts.n; i++) {
		const struct host *host = &from->hosts.list[i];
		int64_t at = hosts_find(&c->hosts, host->version, host->addr);

		if (at < 0)
			return err_set(err, (int)at, "out of memory");
		c->hosts.list[at].speaks |= host->speaks;
		c->hosts.list[at].client += host->client;
		c->hosts.list[at].server += host->server;
		ours[i] = (uint32_t)at;
	}
	for (uint64_t i = 0; i < from->n; i++)
		if (from->left[i] >= FIRST_HOST)
			from->left[i] = FIRST_HOST + ours[from->left[i] - FIRST_HOST];
	from->joined = true;
	return 0;
}

bool weir_classifier_remembers(const struct weir_classifier *c)
{
	/* A bridge that gives up tells the first host that it cannot tell. */
	return c->opts.mode == WEIR_SPLIT_FIRST || c->opts.mode == WEIR_SPLIT_BRIDGE;
}

uint64_t weir_classifier_count(const struct weir_classifier *c)
{
	return c->n;
}

int weir_classifier_finish_rows(const struct weir_classifier_row *rows, size_t n_rows,
				struct weir_cache *cache, struct weir_err *err)
{
	struct weir_classifier *first = n_rows ? rows[0].who : NULL;
	int r = 0;

	for (size_t i = 0; i < n_rows && r >= 0; i++)
		if (rows[i].who != first && !rows[i].who->joined)
			r = join(first, rows[i].who, err);
	if (first && r >= 0)
		r = settle(first, err);
	for (size_t i = 0; i < n_rows; i++) {
		struct weir_classifier *who = rows[i].who;

		for (uint64_t n = rows[i].n; r >= 0 && n; n--)
			r = put_verdict(first, who->left[who->n_told++], cache, err);
	}
	return r;
}

int weir_classifier_finish(struct weir_classifier *c, struct weir_cache *cache,
			   struct weir_err *err)
{
	const struct weir_classifier_row all = { .who = c, .n = c->n };

	return weir_classifier_finish_rows(&all, 1, cache, err);
}

/* Setting up. */

static int read_macs(struct weir_classifier *c, const char *text, struct weir_err *err)
{
	struct scan s = scan_begin("mac", text, err);
	int r;

	do {
		uint8_t(*more)[6] = realloc(c->macs, (c->n_macs + 1) * sizeof(*more));

		if (!more)
			return err_set(err, -ENOMEM, "out of memory");
		c->macs = more;
		r = mac_scan(&s, c->macs[c->n_macs++]);
		if (r < 0)
			return r;
	} while (scan_take(&s, ','));
	return scan_end(&s);
}

static int read_regex(struct weir_classifier *c, const char *text, struct weir_err *err)
{
	char why[128];
	int r = regcomp(&c->regex, text, REG_EXTENDED | REG_NOSUB);

	if (r) {
		(void)regerror(r, &c->regex, why, sizeof(why));
		return err_set(err, -EINVAL, "regex: \"%s\": %s", text, why);
	}
	c->has_regex = true;
	return 0;
}

static int read_what(struct weir_classifier *c, const struct weir_classify_opts *o,
		     struct weir_err *err)
{
	struct scan s = scan_begin("cidr", o->what, err);

	switch (o->mode) {
	case WEIR_SPLIT_CIDR:
		return cidrs_scan(&s, &c->cidrs);
	case WEIR_SPLIT_REGEX:
		return read_regex(c, o->what, err);
	case WEIR_SPLIT_MAC:
		return read_macs(c, o->what, err);
	case WEIR_SPLIT_PORT:
		c->services = services_new(o->services, o->services_size,
					   c->quirks & WEIR_SPLIT_QUIRK_SERVICES);
		return c->services ? 0 : err_set(err, -ENOMEM, "out of memory");
	default:
		return 0;
	}
}

static int check_masks(struct weir_classifier *c, struct weir_err *err)
{
	struct weir_classify_opts *o = &c->opts;

	if (!o->min_mask)
		o->min_mask = 30;
	if (!o->max_mask)
		o->max_mask = 8;
	if (o->ratio < 0)
		o->ratio = c->quirks & WEIR_SPLIT_QUIRK_WEIGH ? 0 : SMALLEST_RATIO;
	else if (o->ratio == 0)
		o->ratio = 2.0;
	if (o->min_mask > 32 || o->max_mask > 32)
		return err_set(err, -EINVAL, "minmask, maxmask: at most 32");
	if (o->min_mask <= o->max_mask)
		return err_set(err, -EINVAL, "minmask (%u) must be greater than maxmask (%u)",
			       o->min_mask, o->max_mask);
	return 0;
}

int weir_classifier_new(const struct weir_classify_opts *opts, struct weir_classifier **ret_c,
			struct weir_err *err)
{
	CLEANUP(weir_classifier_freep)
	struct weir_classifier *c = calloc(1, sizeof(*c));
	int r;

	if (!c)
		return err_set(err, -ENOMEM, "out of memory");

	c->opts = *opts;
	c->quirks = opts->quirks;
	r = check_masks(c, err);
	if (r >= 0)
		r = read_what(c, opts, err);
	if (r >= 0 && (opts->include || opts->exclude))
		r = rule_new(opts->include ? "include" : "exclude",
			     opts->include ? opts->include : opts->exclude, &c->rule, err);
	if (r < 0)
		return r;

	*ret_c = TAKE_PTR(c);
	return 0;
}

struct weir_classifier *weir_classifier_free(struct weir_classifier *c)
{
	if (!c)
		return NULL;

	rule_free(c->rule);
	free(c->cidrs.list);
	free(c->macs);
	if (c->has_regex)
		regfree(&c->regex);
	free(c->services);
	hosts_done(&c->hosts);
	free(c->left);
	free(c);
	return NULL;
}
