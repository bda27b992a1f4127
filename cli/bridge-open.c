/* SPDX-License-Identifier: BSD-2-Clause */
/* From options to everything that a bridge needs, and back. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "bridge.h"
#include "decoder.h"
#include "interfaces.h"
#include "signals.h"
#include "util.h"

#define ETHERNET_LEN 14u
/* What ports of any kind take that need no segments: tap:, file:, mem:. */
#define LONGEST_IP 65000u

/* Our own addresses: those of the ports, and what --mac names. */
#define MAX_OWN 16u

static bool personality(const struct bridge *b)
{
	return cmd_is_personality(b->run);
}

static int read_name(const char *text, bool old, char *ret_name, size_t size, struct weir_err *err)
{
	char alias[16];
	int r;

	if (text[0] == '%') {
		r = interface_alias(text, alias, err);
		if (r < 0 && old)
			return interface_check_old(text, err);
		if (r < 0)
			return r;
		text = alias;
	}
	if (strlen(text) >= size)
		return err_text(err, -EINVAL, "%.40s...: too long for the name of a port", text);
	memcpy(ret_name, text, strlen(text) + 1);
	return 0;
}

/* The names in tcpbridge's words and order. */
static int check_names_old(const struct bridge *b, struct weir_err *err)
{
	int r = interface_check_old(b->names[0], err);

	if (r == 0 && strcmp(b->names[0], b->names[1]) == 0)
		return err_text(err, -EINVAL, "Whoa tiger!  You don't want to use %s twice!",
				b->names[0]);
	return r < 0 ? r : interface_check_old(b->names[1], err);
}

static int read_names(struct bridge *b, struct weir_err *err)
{
	const char *texts[2] = { b->cfg->intf1, b->cfg->intf2 };
	int r = 0;

	for (unsigned i = 0; i < 2 && r == 0; i++)
		r = read_name(texts[i], personality(b), b->names[i], sizeof(b->names[i]), err);
	if (r < 0)
		return r;
	if (personality(b))
		return check_names_old(b, err);
	if (strcmp(b->names[0], b->names[1]) == 0)
		return err_text(err, -EINVAL, "--intf1 and --intf2 are both %s", b->names[0]);
	return 0;
}

/* As many queues as the names pick, or all of an AF_XDP port: what comes by another one
 * would not be seen. */
static unsigned plan_queues(const struct bridge *b)
{
	unsigned n = 1;

	if (b->cfg->queues)
		return b->cfg->queues;
	for (unsigned i = 0; i < 2; i++) {
		unsigned all = weir_port_name_rx_queues(b->names[i]);

		n = all > n ? all : n;
	}
	return n;
}

static int make_lanes(struct bridge *b, struct weir_err *err)
{
	b->n_queues = plan_queues(b);
	b->n_dirs = b->cfg->unidir ? 1 : 2;
	if (b->n_queues * b->n_dirs > WEIR_FORWARD_MAX_LANES)
		return err_text(err, -EINVAL, "%u queues are too many", b->n_queues);
	for (unsigned d = 0; d < b->n_dirs; d++)
		b->dirs[d].lanes = xcalloc(b->n_queues, sizeof(struct bridge_lane));
	return 0;
}

/* An editor for each lane; none if there is nothing to edit. */
static int make_editors(struct bridge *b, struct weir_err *err)
{
	int r = edit_opts(b->run, &b->cfg->edit, &b->edit, err);

	b->edit.drop_failed = b->cfg->strict;
	for (unsigned d = 0; d < b->n_dirs; d++) {
		for (unsigned q = 0; q < b->n_queues && r == 0; q++) {
			struct weir_editor **e = &b->dirs[d].lanes[q].editor;

			r = weir_editor_new(&b->edit, e, err);
			if (r == 0 && !weir_editor_edits(*e))
				*e = weir_editor_free(*e);
		}
	}
	return r;
}

/* The same of what makes several frames of one. */
static int make_cuts(struct bridge *b, struct weir_err *err)
{
	struct cut_plan plan;
	int r = cut_opts(b->run, &b->cfg->cut, &plan, err);

	plan.cut.drop_failed = plan.rules.drop_failed = b->cfg->strict;
	for (unsigned d = 0; d < b->n_dirs; d++)
		for (unsigned q = 0; q < b->n_queues && r == 0; q++)
			r = cuts_open(&plan, NULL, NULL, &b->dirs[d].lanes[q].cuts, err);
	cut_plan_done(&plan);
	return r;
}

/* The link type that frames of another one have behind the editors. */
static uint32_t edited_linktype(const struct bridge *b, uint32_t linktype)
{
	const struct weir_editor *e = b->dirs[0].lanes[0].editor;

	return e ? weir_editor_linktype(e, linktype) : linktype;
}

static int open_port(struct bridge *b, unsigned i, unsigned dir, uint32_t linktype,
		     struct weir_err *err)
{
	struct weir_port_opts opts = { .dir = dir,
				       .queues = b->n_queues,
				       .linktype = linktype,
				       .promisc = dir & WEIR_PORT_RX,
				       .low_latency = true,
				       /* What arrives has to be told of, what leaves may be. */
				       .offload = dir & WEIR_PORT_RX ||
						  weir_port_info(b->ports[0])->offload };
	struct weir_err first = { 0 };
	int r = weir_port_open(b->names[i], &opts, &b->ports[i], &first);

	if (r == -ENOTSUP) {
		opts.offload = false;
		r = weir_port_open(b->names[i], &opts, &b->ports[i], err);
	} else {
		*err = first;
	}
	return r < 0 && personality(b) ? interface_fault_old(b->names[i], r, err) : r;
}

static int open_ports(struct bridge *b, struct weir_err *err)
{
	const unsigned both = WEIR_PORT_RX | WEIR_PORT_TX;
	uint32_t here, there, want;
	int r = open_port(b, 0, b->cfg->unidir ? WEIR_PORT_RX : both, 0, err);

	if (r < 0)
		return r;
	here = weir_port_info(b->ports[0])->linktype;
	want = edited_linktype(b, here);
	r = open_port(b, 1, b->cfg->unidir ? WEIR_PORT_TX : both, want, err);
	if (r < 0)
		return r;
	there = weir_port_info(b->ports[1])->linktype;
	if (there != want)
		return err_text(err, -ENOTSUP,
				"frames of %s have link type %" PRIu32 ", those of %s %" PRIu32
				": they cannot be bridged",
				b->names[0], want, b->names[1], there);
	return 0;
}

static int read_mac(const char *text, uint8_t ret_mac[6], struct weir_err *err)
{
	int n = 0;

	if (sscanf(text, "%hhx:%hhx:%hhx:%hhx:%hhx:%hhx%n", &ret_mac[0], &ret_mac[1], &ret_mac[2],
		   &ret_mac[3], &ret_mac[4], &ret_mac[5], &n) != 6 ||
	    text[n])
		return err_text(err, -EINVAL, "--mac: '%s' is not a MAC address", text);
	return 0;
}

static int make_guard(struct bridge *b, struct weir_err *err)
{
	static const uint8_t none[6];
	const struct opt_list *macs = &b->cfg->macs;
	bool pin = personality(b) || b->cfg->guard == BRIDGE_GUARD_PIN;
	uint8_t own[MAX_OWN][6];
	struct weir_guard_opts opts = { .mode = pin ? WEIR_GUARD_PIN : WEIR_GUARD_LOOP,
					.age_ns = personality(b) ? WEIR_GUARD_FOR_EVER : 0,
					.own = own,
					.n_lanes = b->n_queues };
	int r;

	if (weir_port_info(b->ports[0])->linktype != WEIR_LINKTYPE_ETHERNET ||
	    b->cfg->guard == BRIDGE_GUARD_OFF)
		return 0;
	for (unsigned i = 0; i < 2; i++) {
		const uint8_t *mac = weir_port_info(b->ports[i])->mac;

		if (memcmp(mac, none, sizeof(none)) != 0)
			memcpy(own[opts.n_own++], mac, 6);
	}
	if (macs->n > MAX_OWN - 2)
		return err_text(err, -EINVAL, "--mac: more than %u addresses", MAX_OWN - 2);
	for (unsigned i = 0; i < macs->n; i++) {
		r = read_mac(macs->values[i], own[opts.n_own], err);
		if (r == 0)
			opts.n_own++;
		else if (!personality(b)) /* tcpbridge takes anything */
			return r;
	}
	return weir_guard_new(&opts, &b->guard, err);
}

static int make_filter(struct bridge *b, unsigned dir, struct bridge_lane *lane,
		       struct weir_err *err)
{
	const struct bridge_cfg *c = b->cfg;
	struct weir_filter_opts opts = {
		.include = c->include,
		.exclude = c->exclude,
		.filter = dir ? c->filter2 : c->filter1,
		.name = dir ? "filter2" : "filter1",
		.linktype = weir_port_info(b->ports[dir])->linktype,
		.any_number = personality(b),
	};

	if (c->filter) {
		opts.filter = c->filter;
		opts.name = "filter";
	}
	if (!opts.include && !opts.exclude && !opts.filter)
		return 0;
	return weir_filter_new(&opts, &lane->filter, err);
}

/* What one port leaves to be done the other one has to take, and no stage may make frames
 * of it that the wire would never have seen: else frames are cut here. */
static int make_cutter(const struct bridge *b, unsigned dir, struct bridge_lane *lane,
		       struct weir_err *err)
{
	const struct weir_port_info *from = weir_port_info(b->ports[dir]);
	const struct weir_port_info *to = weir_port_info(b->ports[1 - dir]);
	struct weir_cut_opts opts = { .segment = to->max_frame - ETHERNET_LEN };
	bool makes = lane->cuts.cutter || lane->cuts.fragroute;

	if (!from->offload || (to->offload && !makes) || to->linktype != WEIR_LINKTYPE_ETHERNET ||
	    opts.segment < WEIR_CUT_MIN || opts.segment > LONGEST_IP)
		return 0;
	if (b->cfg->cut.segment && b->cfg->cut.segment <= opts.segment)
		return 0; /* that was asked for anyway */
	return weir_cutter_new(&opts, &lane->cutter, err);
}

/* The decoder is one for all lanes. */
static int decode(void *ctx, struct weir_buf *bufs, unsigned n)
{
	struct bridge *b = ctx;
	struct weir_stage s = decoder_stage(b->decoder);
	int r;

	(void)pthread_mutex_lock(&b->decoding); /* cannot fail */
	r = s.run(s.ctx, bufs, n);
	(void)pthread_mutex_unlock(&b->decoding);
	return r;
}

static void add_stage(struct bridge_lane *lane, struct weir_stage stage)
{
	lane->stages[lane->n_stages++] = stage;
}

static int make_stages(struct bridge *b, unsigned dir, unsigned q, struct weir_err *err)
{
	struct bridge_lane *lane = &b->dirs[dir].lanes[q];
	int r = make_filter(b, dir, lane, err);

	if (r == 0)
		r = make_cutter(b, dir, lane, err);
	if (r < 0)
		return r;
	if (b->guard)
		add_stage(lane, weir_guard_stage(b->guard, dir, q));
	if (lane->filter)
		add_stage(lane, weir_filter_stage(lane->filter));
	if (lane->editor)
		add_stage(lane, weir_editor_stage(lane->editor));
	if (lane->cutter)
		add_stage(lane, weir_cutter_stage(lane->cutter));
	lane->n_stages += cuts_stages(&lane->cuts, lane->stages + lane->n_stages);
	if (b->decoder)
		add_stage(lane, (struct weir_stage){ .run = decode, .ctx = b });
	return 0;
}

static int make_forwarder(struct bridge *b, struct weir_err *err)
{
	struct weir_lane lanes[WEIR_FORWARD_MAX_LANES];
	struct weir_forward_opts opts = { .lanes = lanes, .limit = b->cfg->limit };
	int r;

	for (unsigned d = 0; d < b->n_dirs; d++) {
		for (unsigned q = 0; q < b->n_queues; q++) {
			const struct bridge_lane *lane = &b->dirs[d].lanes[q];

			r = make_stages(b, d, q, err);
			if (r < 0)
				return r;
			lanes[opts.n_lanes++] = (struct weir_lane){
				.from = b->ports[d],
				.to = b->ports[1 - d],
				.from_queue = q,
				.to_queue = q,
				.side = (uint8_t)d,
				.stages = lane->stages,
				.n_stages = lane->n_stages,
			};
		}
	}
	return weir_forwarder_new(&opts, &b->forwarder, err);
}

/* Faults of options, which are found before anything is opened. */
static int open_by_options(struct bridge *b, struct weir_err *err)
{
	int r = read_names(b, err);

	if (r == 0)
		r = make_lanes(b, err);
	if (r == 0)
		r = make_editors(b, err);
	if (r == 0)
		r = make_cuts(b, err);
	return r;
}

int bridge_open(struct bridge *b, bool *ret_usage, struct weir_err *err)
{
	int r = open_by_options(b, err);

	*ret_usage = r == -EINVAL;
	if (r < 0)
		return r;
	if (b->cfg->verbose) {
		r = decoder_new(b->cfg->decode, &b->decoder, err);
		if (r < 0)
			return r;
	}
	/* Until here a signal just ends the program. Ports change the host, which is to be
	 * undone. */
	b->signals = signals_open();
	if (b->signals < 0)
		return err_text(err, b->signals, "pipe: %s", strerror(-b->signals));
	r = open_ports(b, err);
	if (r == 0)
		r = make_guard(b, err);
	if (r == 0)
		r = make_forwarder(b, err);
	*ret_usage = r == -EINVAL; /* the name of a port, a filter */
	return r;
}

void bridge_close(struct bridge *b)
{
	weir_forwarder_free(b->forwarder);
	for (unsigned i = 0; i < 2; i++)
		weir_port_close(b->ports[i]);
	signals_close(b->signals);
	decoder_free(b->decoder);
	weir_guard_free(b->guard);
	for (unsigned d = 0; d < b->n_dirs; d++) {
		for (unsigned q = 0; q < b->n_queues && b->dirs[d].lanes; q++) {
			weir_filter_free(b->dirs[d].lanes[q].filter);
			weir_editor_free(b->dirs[d].lanes[q].editor);
			cuts_done(&b->dirs[d].lanes[q].cuts);
			weir_cutter_free(b->dirs[d].lanes[q].cutter);
		}
		free(b->dirs[d].lanes);
	}
}
