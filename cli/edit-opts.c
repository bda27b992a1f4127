/* SPDX-License-Identifier: BSD-2-Clause */
#include "edit-opts.h"

#include <errno.h>
#include <string.h>

#include "edit-key.h"
#include "old-edit.h"
#include "util.h"

static struct weir_edit_num number(const struct cmd_run *run, const char *name, uint32_t value)
{
	return (struct weir_edit_num){ .given = opt_given(run->opts, name), .value = value };
}

/* The place of a word in a list; -EINVAL with the text if it is not there. NULL is 0. */
static int choose(const char *name, const char *word, const char *const *words, unsigned n,
		  struct weir_err *err)
{
	if (!word)
		return 0;
	for (unsigned i = 1; i < n; i++) {
		if (strcmp(word, words[i]) == 0)
			return (int)i;
	}
	return err_text(err, -EINVAL, "Invalid --%s=%s", name, word);
}

#define CHOOSE(name, word, words, err) choose(name, word, words, ARRAY_SIZE(words), err)

/* Link types besides those that the library has words for. */
static const struct {
	const char *name;
	uint32_t linktype;
	bool weir_only;
} linktypes[] = {
	{ "raw", 101 },	      { "null", 0 },	   { "loop", 108 },	  { "linuxsll", 113 },
	{ "linuxsll2", 276 }, { "pppserial", 50 }, { "ieee80211", 105 },  { "radiotap", 127 },
	{ "jnpr_eth", 178 },  { "ppp", 9, true },  { "ipv4", 228, true }, { "ipv6", 229, true },
};

static int read_dlt(const struct cmd_run *run, const struct edit_cfg *c, struct weir_edit_opts *o,
		    struct weir_err *err)
{
	static const char *const words[] = {
		[WEIR_DLT_ENET] = "enet", [WEIR_DLT_HDLC] = "hdlc", [WEIR_DLT_USER] = "user"
	};

	if (!c->dlt)
		return 0;
	for (unsigned i = 1; i < ARRAY_SIZE(words); i++) {
		if (strcmp(c->dlt, words[i]) == 0) {
			o->dlt = (enum weir_edit_dlt)i;
			return 0;
		}
	}
	for (unsigned i = 0; i < ARRAY_SIZE(linktypes); i++) {
		if (strcmp(c->dlt, linktypes[i].name) != 0 ||
		    (linktypes[i].weir_only && cmd_is_personality(run)))
			continue;
		o->dlt = WEIR_DLT_OTHER;
		o->dlt_number = linktypes[i].linktype;
		return 0;
	}
	return err_text(err, -EINVAL, "No output DLT plugin available for: %s", c->dlt);
}

static int read_words(const struct cmd_run *run, const struct edit_cfg *c, struct weir_edit_opts *o,
		      struct weir_err *err)
{
	static const char *const fixlens[] = {
		[WEIR_FIXLEN_PAD] = "pad", [WEIR_FIXLEN_TRUNC] = "trunc", [WEIR_FIXLEN_DEL] = "del"
	};
	static const char *const vlans[] = {
		[WEIR_VLAN_ADD] = "add", [WEIR_VLAN_DEL] = "del", [WEIR_VLAN_SET] = "set"
	};
	static const char *const protos[] = { NULL, "802.1q", "802.1ad" };
	int fixlen = CHOOSE("fixlen", c->fixlen, fixlens, err);
	/* The others know no set. */
	static const char *const hows[] = { [WEIR_ANONYMIZE_PREFIX] = "prefix" };
	int how = CHOOSE("anonymize", c->anonymize, hows, err);
	int vlan = choose("enet-vlan", c->vlan, vlans,
			  cmd_is_personality(run) ? WEIR_VLAN_SET : ARRAY_SIZE(vlans), err);
	int proto = CHOOSE("enet-vlan-proto", c->vlan_proto, protos, err);

	if (fixlen < 0 || vlan < 0 || proto < 0 || how < 0)
		return -EINVAL;

	o->anonymize = (enum weir_edit_anonymize)how;
	o->fixlen = (enum weir_edit_fixlen)fixlen;
	o->vlan = (enum weir_edit_vlan)vlan;
	o->vlan_type = proto == 2 ? 0x88a8 : proto == 1 ? 0x8100 : 0;
	return read_dlt(run, c, o, err);
}

static int read_lists(const struct edit_cfg *c, struct weir_edit_opts *o, struct weir_err *err)
{
	if (c->pnat.n > 2 || c->user_dlink.n > 2)
		return err_text(err, -EINVAL, "--%s can be given twice at most",
				c->pnat.n > 2 ? "pnat" : "user-dlink");

	o->port_maps = c->portmap.values;
	o->n_port_maps = c->portmap.n;
	o->sub_macs = c->subsmac.values;
	o->n_sub_macs = c->subsmac.n;
	o->pnat = c->pnat.n > 0 ? c->pnat.values[0] : NULL;
	o->pnat_back = c->pnat.n > 1 ? c->pnat.values[1] : NULL;
	o->user_dlink = c->user_dlink.n > 0 ? c->user_dlink.values[0] : NULL;
	o->user_dlink_client = c->user_dlink.n > 1 ? c->user_dlink.values[1] : NULL;
	return 0;
}

static int make_opts(const struct cmd_run *run, const struct edit_cfg *c,
		     struct weir_edit_opts *ret_opts, struct weir_err *err)
{
	struct weir_edit_opts o = {
		.src_map = c->srcipmap,
		.dst_map = c->dstipmap,
		.endpoints = c->endpoints,
		.seed = number(run, "seed", c->seed),
		.skip_broadcast = c->skipbroadcast,
		.tcp_sequence = number(run, "tcp-sequence", c->tcp_sequence),
		.ttl = c->ttl,
		.inner = c->inner,
		.tos = number(run, "tos", c->tos),
		.traffic_class = number(run, "tclass", c->tclass),
		.flow_label = number(run, "flowlabel", c->flowlabel),
		.src_mac = c->smac,
		.dst_mac = c->dmac,
		.mac_seed = number(run, "enet-mac-seed", c->mac_seed),
		.mac_seed_keep = c->mac_seed_keep,
		.skip_l2_broadcast = c->skipl2broadcast,
		.vlan_tag = number(run, "enet-vlan-tag", c->vlan_tag),
		.vlan_cfi = number(run, "enet-vlan-cfi", c->vlan_cfi),
		.vlan_pri = number(run, "enet-vlan-pri", c->vlan_pri),
		.vlan_nth = c->vlan_nth,
		.vlan_stack = c->vlan_stack,
		.hdlc_address = number(run, "hdlc-address", c->hdlc_address),
		.hdlc_control = number(run, "hdlc-control", c->hdlc_control),
		.user_dlt = number(run, "user-dlt", c->user_dlt),
		.mtu_trunc = c->mtu_trunc,
		.mtu = c->mtu,
		.cut_fcs = c->efcs,
		.fix_hdrlen = c->fixhdrlen,
		.fix_csum = c->fixcsum,
		.fuzz_seed = number(run, "fuzz-seed", c->fuzz_seed),
		.fuzz_factor = c->fuzz_factor,
		.quirks = cmd_is_personality(run) ? WEIR_QUIRKS_TCPREWRITE : 0,
	};
	int r = read_lists(c, &o, err);

	if (r >= 0)
		r = read_words(run, c, &o, err);
	if (r >= 0 && c->anonymize_key)
		r = edit_key_read(c->anonymize_key, o.anonymize_key, sizeof(o.anonymize_key), err);
	if (r >= 0)
		*ret_opts = o;
	return r;
}

int edit_opts(const struct cmd_run *run, const struct edit_cfg *c, struct weir_edit_opts *ret_opts,
	      struct weir_err *err)
{
	struct edit_cfg old;
	int r;

	if (!cmd_is_personality(run))
		return make_opts(run, c, ret_opts, err);
	r = old_edit(run, c, &old, err);
	if (r < 0)
		return r;
	r = make_opts(run, &old, ret_opts, err);
	return r < 0 ? err_text(err, r, "Unable to parse args: %s", weir_err_text(err)) : r;
}

void edit_counts_add(const struct weir_edit_counts *c, struct weir_edit_counts *sum)
{
	sum->frames += c->frames;
	sum->dropped += c->dropped;
	sum->zero_macs += c->zero_macs;
	for (unsigned i = 0; i < WEIR_N_EDIT_REASONS; i++) {
		sum->failed[i] += c->failed[i];
		if (c->failed[i] && (!sum->first_nr[i] || c->first_nr[i] < sum->first_nr[i]))
			sum->first_nr[i] = c->first_nr[i];
	}
}
