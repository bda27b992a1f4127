/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The editor: compiles the options to a list of steps and takes batches through it.
 *
 * Each step goes over the whole batch before the next one does. All that can be known
 * to be too damaged for an edit is known from the first walk over a frame's headers, so
 * that such frames are left before anything in them has changed.
 */
#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/macros.h"
#include "edit/crypto-pan.h"
#include "edit/edit.h"
#include "pkt/classic.h"

DEFINE_CLEANUP(struct weir_editor *, weir_editor_free)

void edit_count(struct weir_edit_counts *c, const struct weir_buf *b, enum weir_edit_reason why)
{
	if (!c->failed[why]++)
		c->first_nr[why] = b->nr;
}

void edit_drop_buf(struct weir_edit_counts *c, struct weir_buf *b)
{
	b->port = WEIR_NO_PORT;
	b->len = 0;
	c->dropped++;
}

static void tell(struct weir_editor *e, const struct edit_frame *f, enum weir_edit_reason why,
		 const char *line)
{
	edit_count(&e->counts, f->buf, why);
	if (e->opts.report)
		e->opts.report(e->opts.report_ctx, f->buf, why, line);
}

void edit_note(struct weir_editor *e, struct edit_frame *f, enum weir_edit_reason why,
	       const char *text, ...)
{
	char line[160];
	va_list ap;

	if (!text) {
		tell(e, f, why, weir_edit_reason_text(why));
		return;
	}
	va_start(ap, text);
	(void)vsnprintf(line, sizeof(line), text, ap); /* cut if too long */
	va_end(ap);
	tell(e, f, why, line);
}

void edit_end(struct weir_editor *e, struct edit_frame *f, const char *text, ...)
{
	char line[160];
	va_list ap;

	/* Steps go over batches: an earlier frame may end the run later. */
	if (e->fatal && e->counts.ended_nr <= f->buf->nr)
		return;
	e->fatal = -ECANCELED;
	e->counts.ended_nr = f->buf->nr;
	va_start(ap, text);
	(void)vsnprintf(line, sizeof(line), text, ap); /* cut if too long */
	va_end(ap);
	tell(e, f, WEIR_EDIT_ENDS, line);
}

void edit_drop(struct weir_editor *e, struct edit_frame *f)
{
	edit_drop_buf(&e->counts, f->buf);
	f->out = true;
}

void edit_fail(struct weir_editor *e, struct edit_frame *f, enum weir_edit_reason why)
{
	/* tcpreplay says nothing of most. */
	if (f->classic)
		edit_count(&e->counts, f->buf, why);
	else
		edit_note(e, f, why, NULL);
	f->out = true;
	if (e->opts.drop_failed)
		edit_drop(e, f);
}

void edit_cut(struct edit_frame *f, uint32_t len)
{
	f->buf->len = len;
	f->l.end = MIN(f->l.end, len);
	if (f->l.l4_off != PKT_ABSENT && f->l.l4_off > len) {
		f->l.l4_off = PKT_ABSENT;
		f->l.l4_len = 0;
	}
}

static void move_from(uint32_t *at, uint32_t off, uint32_t delta)
{
	if (*at != PKT_ABSENT && *at >= off)
		*at += delta;
}

bool edit_splice(struct edit_frame *f, uint32_t off, uint32_t old, uint32_t n)
{
	struct weir_buf *b = f->buf;
	struct pkt_layers *l = &f->l;
	uint32_t delta = n - old; /* of either sign: all sums are modulo 2^32 */

	if (n > old && (b->room < b->len || b->room - b->len < delta))
		return false;

	memmove(b->data + off + n, b->data + off + old, b->len - off - old);
	b->len += delta;
	b->orig_len += delta;
	move_from(&l->type_off, off + old, delta);
	move_from(&l->vlan_off, off + old, delta);
	move_from(&l->mpls_off, off + old, delta);
	move_from(&l->l3_off, off + old, delta);
	move_from(&l->ip6frag_off, off + old, delta);
	move_from(&l->l4_off, off + old, delta);
	move_from(&l->payload_off, off + old, delta);
	move_from(&l->end, off + old, delta);
	return true;
}

/* tcpreplay looks at the network layer only after it has edited the link layer. */
static void check(struct weir_editor *e, struct edit_frame *f)
{
	if (!f->l.ip_version && (f->l.ethertype == PKT_ETH_IPV4 || f->l.ethertype == PKT_ETH_IPV6))
		edit_fail(e, f, WEIR_EDIT_BAD_NETWORK);
}
EDIT_STEP(check)

static int check_compile(struct weir_editor *e, const struct weir_edit_opts *o,
			 struct weir_err *err)
{
	(void)o, (void)err; /* cannot fail */
	return e->quirks & WEIR_QUIRK_WALK ? 1 : 0;
}

static const struct edit_step edit_check_step = { .compile = check_compile, .run = check_run };

enum weir_edit_reason edit_damage(const struct pkt_layers *l, int r, unsigned needs)
{
	if (r >= 0)
		return WEIR_N_EDIT_REASONS;
	if (r == -ENOTSUP)
		return needs & (EDIT_LINK | EDIT_NETWORK | EDIT_TRANSPORT) ? WEIR_EDIT_UNKNOWN_LINK
									   : WEIR_N_EDIT_REASONS;
	if (l->payload_off == PKT_ABSENT)
		return needs & (EDIT_LINK | EDIT_NETWORK | EDIT_TRANSPORT) ? WEIR_EDIT_BAD_LINK
									   : WEIR_N_EDIT_REASONS;
	if (l->l3_off == PKT_ABSENT)
		return needs & (EDIT_NETWORK | EDIT_TRANSPORT) ? WEIR_EDIT_BAD_NETWORK
							       : WEIR_N_EDIT_REASONS;
	return needs & EDIT_TRANSPORT ? WEIR_EDIT_BAD_TRANSPORT : WEIR_N_EDIT_REASONS;
}

static void say_short_quirk(struct weir_editor *e, const struct edit_frame *f)
{
	char line[96];

	(void)snprintf(
		line, sizeof(line),
		"Ethernet (0x1): Need at least 18 bytes for DLT_EN10MB but only %u available",
		f->buf->len);
	if (e->opts.report)
		e->opts.report(e->opts.report_ctx, f->buf, WEIR_EDIT_BAD_LINK, line);
}

static void walk(struct weir_editor *e, struct edit_frame *f)
{
	const struct weir_buf *b = f->buf;
	enum weir_edit_reason why;
	int r;

	if (e->quirks & WEIR_QUIRK_WALK)
		/* tcpreplay walks twice where it fuzzes, and has forgotten what it made. */
		r = pkt_parse_classic(PKT_CLASSIC_REWRITE, f->linktype, b->data, b->len, &f->l);
	else
		r = pkt_parse(b->linktype, b->data, b->len, &f->l);

	why = edit_damage(&f->l, r, e->quirks & WEIR_QUIRK_WALK ? EDIT_LINK : e->needs);
	if (why == WEIR_N_EDIT_REASONS)
		return;
	if (f->classic && f->l.link == PKT_LINK_ETHERNET && b->len >= 14 && b->len < 19)
		say_short_quirk(e, f);
	edit_fail(e, f, why);
}
EDIT_STEP(walk)

static int walk_compile(struct weir_editor *e, const struct weir_edit_opts *o, struct weir_err *err)
{
	(void)o, (void)err; /* cannot fail */
	/* Where tcpreplay's edits go wrong it shows how much room there was. */
	return e->quirks & WEIR_QUIRK_WALK ? EDIT_LINK | EDIT_GROWS : 1;
}

static const struct edit_step edit_walk_step = { .compile = walk_compile, .run = walk_run };

/* The order of edits. Those before fuzzing are made twice with its quirk. */
static const struct edit_step *const order[] = {
	&edit_fcs_step,	      &edit_walk_step,	 &edit_inner_walk_step, &edit_link_step,
	&edit_vlan_step,      &edit_mac_step,	 &edit_check_step,	&edit_inner_step,
	&edit_tos_step,	      &edit_class_step,	 &edit_ttl_step,	&edit_port_step,
	&edit_tcp_step,	      &edit_fuzz_step,	 &edit_fixlen_step,	&edit_mtu_step,
	&edit_map_step,	      &edit_pnat_step,	 &edit_seed_step,	&edit_quoted_step,
	&edit_anonymize_step, &edit_hdrlen_step, &edit_sum_step,	&edit_multicast_step,
};

/* Takes at most EDIT_BATCH frames through the steps. */
static void run_batch(struct weir_editor *e, struct weir_buf *bufs, unsigned n)
{
	unsigned m = 0;

	for (unsigned i = 0; i < n; i++) {
		struct edit_frame *f = &e->frames[m];

		if (bufs[i].port == WEIR_NO_PORT)
			continue;
		f->buf = &bufs[i];
		f->linktype = bufs[i].linktype;
		f->side = bufs[i].port == 1;
		f->classic = e->quirks & WEIR_QUIRK_WALK;
		f->out = f->sum = f->moved = f->no_group = false;
		m++;
	}
	e->counts.frames += m;
	for (unsigned i = 0; i < e->n_steps; i++)
		e->steps[i](e, e->frames, m);
}

static int editor_run(void *ctx, struct weir_buf *bufs, unsigned n)
{
	struct weir_editor *e = ctx;

	for (unsigned i = 0; i < n && !e->fatal; i += EDIT_BATCH)
		run_batch(e, bufs + i, MIN(n - i, EDIT_BATCH));
	return e->fatal;
}

static uint32_t editor_linktype(void *ctx, uint32_t linktype)
{
	return weir_editor_linktype(ctx, linktype);
}

struct weir_stage weir_editor_stage(struct weir_editor *e)
{
	return (struct weir_stage){
		.run = editor_run,
		.linktype = editor_linktype,
		.ctx = e,
		.changes = true,
		/* What is damaged is drawn anew for each frame that comes by. */
		.per_loop = e->opts.fuzz_seed.given,
	};
}

static int compile(struct weir_editor *e, const struct weir_edit_opts *o, struct weir_err *err)
{
	unsigned begin = 0; /* of the steps that the quirk of fuzzing repeats */

	for (unsigned i = 0; i < ARRAY_SIZE(order); i++) {
		int needs = order[i]->compile(e, o, err);

		if (needs < 0)
			return needs;
		if (!needs)
			continue;
		if (order[i] == &edit_walk_step)
			begin = e->n_steps;
		e->needs |= (unsigned)needs;
		e->edits |= order[i] != &edit_walk_step && order[i] != &edit_check_step;
		if (order[i]->on_quoted && !(e->quirks & WEIR_QUIRK_MAPS)) {
			assert(e->n_quoted_steps < QUOTED_STEPS);
			e->quoted_steps[e->n_quoted_steps++] = order[i]->run;
		}
		if (e->inner && order[i]->on_packet) {
			edit_inner_add(e->inner, order[i]->run);
			continue;
		}
		e->steps[e->n_steps++] = order[i]->run;
		if (order[i] != &edit_fuzz_step || !(e->quirks & WEIR_QUIRK_FUZZ))
			continue;
		for (unsigned end = e->n_steps - 1; begin < end; begin++)
			e->steps[e->n_steps++] = e->steps[begin];
	}
	return 0;
}

int weir_editor_new(const struct weir_edit_opts *opts, struct weir_editor **ret_editor,
		    struct weir_err *err)
{
	CLEANUP(weir_editor_freep)
	struct weir_editor *e = calloc(1, sizeof(*e));
	int r;

	static_assert(EDIT_STEPS >= 2 * ARRAY_SIZE(order), "each step twice at most");
	if (!e)
		return err_set(err, -ENOMEM, "out of memory");

	e->opts = *opts;
	e->quirks = opts->quirks;
	r = compile(e, opts, err);
	if (r < 0)
		return r;

	*ret_editor = TAKE_PTR(e);
	return 0;
}

bool weir_editor_edits(const struct weir_editor *e)
{
	return e->edits;
}

bool weir_editor_has_sides(const struct weir_editor *e)
{
	return e->needs & EDIT_SIDES;
}

uint32_t weir_editor_growth(const struct weir_editor *e)
{
	return e->needs & EDIT_GROWS ? EDIT_GROWTH : 0;
}

bool weir_editor_remembers(const struct weir_editor *e)
{
	return e->needs & EDIT_REMEMBERS;
}

void weir_editor_counts(const struct weir_editor *e, struct weir_edit_counts *ret_counts)
{
	*ret_counts = e->counts;
}

struct weir_editor *weir_editor_free(struct weir_editor *e)
{
	if (!e)
		return NULL;

	free(e->subs);
	free(e->ports);
	free(e->inner);
	crypto_pan_free(e->pan);
	edit_maps_done(&e->src_map);
	edit_maps_done(&e->dst_map);
	edit_maps_done(&e->pnat[0]);
	edit_maps_done(&e->pnat[1]);
	free(e);
	return NULL;
}

const char *weir_edit_reason_text(enum weir_edit_reason r)
{
	static const char *const texts[WEIR_N_EDIT_REASONS] = {
		[WEIR_EDIT_UNKNOWN_LINK] = "unknown link type",
		[WEIR_EDIT_BAD_LINK] = "the link layer cannot be read",
		[WEIR_EDIT_BAD_NETWORK] = "the IP header cannot be read",
		[WEIR_EDIT_BAD_TRANSPORT] = "the header behind IP cannot be read",
		[WEIR_EDIT_BAD_INNER] = "the packet within it cannot be read",
		[WEIR_EDIT_NO_MACS] = "no Ethernet header",
		[WEIR_EDIT_NO_LINK] = "the new link type cannot carry it",
		[WEIR_EDIT_NO_TAG] = "it has no such VLAN tag",
		[WEIR_EDIT_NO_ROOM] = "it would become too long",
		[WEIR_EDIT_BAD_LENGTH] = "the IP length is not that of the frame",
		[WEIR_EDIT_NOT_IP] = "too long, and not IP",
		[WEIR_EDIT_NOT_TCP] = "too long, and not TCP",
		[WEIR_EDIT_NO_FRAGMENTS] = "too long, and not to be fragmented",
		[WEIR_EDIT_ALL_HEADERS] = "its headers leave no room for data",
		[WEIR_EDIT_TOO_MANY] = "too many frames would become of it",
		[WEIR_EDIT_ENDS] = "it ends the run",
	};

	return (unsigned)r < ARRAY_SIZE(texts) ? texts[r] : "unknown";
}
