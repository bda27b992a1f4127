/* SPDX-License-Identifier: BSD-2-Clause */
#include <weir/info.h>

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>

#include "base/err.h"
#include "base/macros.h"
#include "pkt/flow.h"
#include "pkt/parse.h"

struct weir_summary {
	struct weir_totals totals;
	struct weir_iface_totals *ifaces;
	uint64_t n_ifaces; /* room for so many */
	int64_t before_ns; /* time of the frame before; valid once one had a time */
	bool zero_is_untimed;
	struct flow_table *flows;
};

/* The longest frames without check sequence of the ranges: powers of two, and the
 * limits of Ethernet, with a tag and with what most devices take as jumbo frames. */
static const uint32_t size_max[WEIR_SUMMARY_SIZES] = { 63,   127,  255,	 511,	    1023,
						       1518, 4095, 9018, UINT32_MAX };

static const char *const proto_names[WEIR_N_SUMMARY_PROTOS] = {
	[WEIR_SUMMARY_VLAN] = "VLAN",	      [WEIR_SUMMARY_MPLS] = "MPLS",
	[WEIR_SUMMARY_ARP] = "ARP",	      [WEIR_SUMMARY_IPV4] = "IPv4",
	[WEIR_SUMMARY_IPV6] = "IPv6",	      [WEIR_SUMMARY_OTHER_NETWORK] = "other network",
	[WEIR_SUMMARY_FRAGMENT] = "fragment", [WEIR_SUMMARY_TCP] = "TCP",
	[WEIR_SUMMARY_UDP] = "UDP",	      [WEIR_SUMMARY_ICMP] = "ICMP",
	[WEIR_SUMMARY_SCTP] = "SCTP",	      [WEIR_SUMMARY_OTHER_TRANSPORT] = "other transport",
};

int weir_summary_new(enum weir_trace_format format, struct weir_summary **ret_summary,
		     struct weir_err *err)
{
	struct weir_summary *s = calloc(1, sizeof(*s));

	if (s)
		s->flows = flow_table_new();
	if (!s || !s->flows) {
		weir_summary_free(s);
		return err_set(err, -ENOMEM, "out of memory");
	}
	s->zero_is_untimed = format == WEIR_TRACE_PCAPNG;
	*ret_summary = s;
	return 0;
}

struct weir_summary *weir_summary_free(struct weir_summary *s)
{
	if (!s)
		return NULL;

	flow_table_free(s->flows);
	free(s->ifaces);
	free(s);
	return NULL;
}

static void add_time(struct weir_summary *s, int64_t ts_ns)
{
	struct weir_totals *t = &s->totals;
	bool first = t->frames == t->untimed;

	if (!ts_ns && s->zero_is_untimed) {
		t->untimed++;
		return;
	}

	if (!first && ts_ns < s->before_ns) {
		t->backwards++;
		t->backwards_max_ns =
			MAX(t->backwards_max_ns, (uint64_t)s->before_ns - (uint64_t)ts_ns);
	}
	t->first_ns = first ? ts_ns : MIN(t->first_ns, ts_ns);
	t->last_ns = first ? ts_ns : MAX(t->last_ns, ts_ns);
	s->before_ns = ts_ns;
}

static void add_size(struct weir_totals *t, const struct weir_record *rec)
{
	unsigned i = 0;

	while (rec->orig_len > size_max[i])
		i++;
	t->sizes[i]++;
	t->bytes += rec->len;
	t->wire_bytes += rec->orig_len;
	t->snapped += rec->len < rec->orig_len;
	t->size_min = t->frames ? MIN(t->size_min, rec->orig_len) : rec->orig_len;
	t->size_max = MAX(t->size_max, rec->orig_len);
}

static enum weir_summary_proto network_of(const struct pkt_layers *l)
{
	if (l->ip_version == 4)
		return WEIR_SUMMARY_IPV4;
	if (l->ip_version == 6)
		return WEIR_SUMMARY_IPV6;
	return l->ethertype == PKT_ETH_ARP ? WEIR_SUMMARY_ARP : WEIR_SUMMARY_OTHER_NETWORK;
}

static enum weir_summary_proto transport_of(const struct pkt_layers *l)
{
	switch (l->proto) {
	case PKT_IP_TCP:
		return WEIR_SUMMARY_TCP;
	case PKT_IP_UDP:
		return WEIR_SUMMARY_UDP;
	case PKT_IP_ICMP:
	case PKT_IP_ICMPV6:
		return WEIR_SUMMARY_ICMP;
	case PKT_IP_SCTP:
		return WEIR_SUMMARY_SCTP;
	default:
		return WEIR_SUMMARY_OTHER_TRANSPORT;
	}
}

static void add_protos(uint64_t *protos, const struct pkt_layers *l)
{
	protos[network_of(l)]++;
	if (l->ip_version)
		protos[transport_of(l)]++;
	protos[WEIR_SUMMARY_VLAN] += l->n_vlans > 0;
	protos[WEIR_SUMMARY_MPLS] += l->n_mpls > 0;
	protos[WEIR_SUMMARY_FRAGMENT] += (l->flags & PKT_FRAGMENT) != 0;
}

static void add_flow(struct weir_totals *t, enum flow_verdict v)
{
	t->non_flow_frames += v == FLOW_NONE;
	t->flow_invalid += v == FLOW_INVALID;
	t->flow_frames += v == FLOW_NEW || v == FLOW_KNOWN;
	t->flows += v == FLOW_NEW;
}

/* Makes room for interfaces up to this index. */
static int need_iface(struct weir_summary *s, uint32_t iface)
{
	uint64_t n = 2 * (uint64_t)iface + 16;
	struct weir_iface_totals *ifaces;

	if (likely(iface < s->n_ifaces))
		return 0;

	ifaces = reallocarray(s->ifaces, n, sizeof(*ifaces));
	if (!ifaces)
		return -ENOMEM;

	for (uint64_t i = s->n_ifaces; i < n; i++)
		ifaces[i] = (struct weir_iface_totals){ 0 };
	s->ifaces = ifaces;
	s->n_ifaces = n;
	return 0;
}

int weir_summary_add(struct weir_summary *s, const struct weir_record *rec)
{
	struct weir_totals *t = &s->totals;
	struct pkt_layers l;
	int r, v;

	r = need_iface(s, rec->iface);
	if (r < 0)
		return r;
	r = pkt_parse(rec->linktype, rec->data, rec->len, &l);
	v = flow_see_parsed(s->flows, r, &l, rec->data, rec->ts_ns, 0);
	if (v < 0)
		return v;

	s->ifaces[rec->iface].frames++;
	s->ifaces[rec->iface].bytes += rec->len;
	add_flow(t, (enum flow_verdict)v);
	add_protos(t->protos, &l);
	add_size(t, rec);
	add_time(s, rec->ts_ns);
	t->frames++;
	return 0;
}

const struct weir_totals *weir_summary_totals(const struct weir_summary *s)
{
	return &s->totals;
}

struct weir_iface_totals weir_summary_iface(const struct weir_summary *s, uint32_t iface)
{
	return iface < s->n_ifaces ? s->ifaces[iface] : (struct weir_iface_totals){ 0 };
}

uint32_t weir_summary_size_max(unsigned i)
{
	return i < WEIR_SUMMARY_SIZES ? size_max[i] : UINT32_MAX;
}

const char *weir_summary_proto_name(enum weir_summary_proto p)
{
	return p < WEIR_N_SUMMARY_PROTOS ? proto_names[p] : "?";
}
