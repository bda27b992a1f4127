/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Edits of packets within packets: steps that change a packet run on the inner one.
 *
 * The chain of packets in each frame is found, outermost first. From the innermost to the
 * outermost, those that are meant are put in a batch of their own, whose frames have the
 * inner packet's layers for theirs, and the steps go over that. A checksum of a tunnel
 * (UDP, GRE) covers all that it carries, so what has changed within is added to it.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/macros.h"
#include "edit/edit.h"
#include "pkt/checksum.h"
#include "pkt/tunnel.h"

#define DEPTH_MAX 8u

/* The packets of a frame: [0] is the outermost. */
struct chain {
	unsigned n; /* 0: the frame is left alone */
	struct pkt_layers l[DEPTH_MAX];
	uint32_t before[DEPTH_MAX]; /* partial sums of what their tunnels' checksums cover */
};

struct edit_inner {
	unsigned kinds; /* enum pkt_tunnel */
	unsigned depth; /* which packet is edited; 0: the innermost that is within another */
	bool all;	/* every one is */
	edit_run_fn *steps[EDIT_STEPS];
	unsigned n_steps;
	struct chain chains[EDIT_BATCH];
	struct edit_frame frames[EDIT_BATCH];
};

void edit_inner_add(struct edit_inner *in, edit_run_fn *run)
{
	in->steps[in->n_steps++] = run;
}

/* What is behind labels is the next packet, not this one. */
static void cut_at_labels(const struct edit_inner *in, struct pkt_layers *l)
{
	if (!l->n_mpls || !(in->kinds & PKT_TUNNEL_MPLS))
		return;
	l->ip_version = l->proto = 0;
	l->l3_off = l->l4_off = PKT_ABSENT;
	l->l4_len = 0;
}

/* false: a packet within the frame cannot be read. */
static bool find_chain(const struct weir_editor *e, const struct edit_frame *f, struct chain *c)
{
	const struct edit_inner *in = e->inner;
	int r = 0;

	c->l[0] = f->l;
	for (c->n = 1; c->n < DEPTH_MAX; c->n++) {
		struct pkt_layers *inner = &c->l[c->n];

		r = pkt_parse_inner(in->kinds, f->buf->data, inner - 1, inner);
		if (r == -ENOENT)
			break;
		cut_at_labels(in, inner - 1);
		if (edit_damage(inner, r, e->needs) != WEIR_N_EDIT_REASONS)
			return false;
	}
	return true;
}

/* Before anything has changed. */
static void inner_walk(struct weir_editor *e, struct edit_frame *f)
{
	struct chain c;

	if (!find_chain(e, f, &c))
		edit_fail(e, f, WEIR_EDIT_BAD_INNER);
}
EDIT_STEP(inner_walk)

static bool is_meant(const struct edit_inner *in, const struct chain *c, unsigned level)
{
	if (in->all)
		return true;
	return level > 0 && level == (in->depth ? in->depth : c->n - 1);
}

/* A frame as the packet on one level sees it. */
static struct edit_frame on_level(const struct edit_frame *f, const struct chain *c, unsigned level)
{
	struct edit_frame inner = *f;

	inner.l = c->l[level];
	inner.sum = inner.moved = false;
	return inner;
}

/* The sum that a tunnel's checksum is made of. */
static uint32_t sum_carried(const struct edit_frame *tunnel)
{
	return csum_add(0, tunnel->buf->data + tunnel->l.l4_off, tunnel->l.end - tunnel->l.l4_off);
}

static void note_sums(const struct edit_frame *f, struct chain *c, unsigned level)
{
	while (level-- > 0) {
		struct edit_frame tunnel = on_level(f, c, level);

		if (edit_tunnel_sum(&tunnel))
			c->before[level] = sum_carried(&tunnel);
	}
}

/* From within: each checksum is part of what the next one covers. */
static void carry_sums(const struct edit_frame *f, const struct chain *c, unsigned level)
{
	while (level-- > 0) {
		struct edit_frame tunnel = on_level(f, c, level);
		uint8_t *sum = edit_tunnel_sum(&tunnel);

		if (sum)
			edit_sum_replaced(&tunnel, sum, c->before[level], sum_carried(&tunnel));
	}
}

static void edit_level(struct weir_editor *e, struct edit_frame *frames, unsigned n, unsigned level)
{
	struct edit_inner *in = e->inner;
	bool fix = e->opts.fix_csum && level;
	unsigned from[EDIT_BATCH];
	unsigned m = 0;

	for (unsigned i = 0; i < n; i++) {
		struct chain *c = &in->chains[i];

		if (c->n <= level || !(fix || is_meant(in, c, level)))
			continue;
		note_sums(&frames[i], c, level);
		in->frames[m] = on_level(&frames[i], c, level);
		in->frames[m].out = !is_meant(in, c, level);
		from[m++] = i;
	}
	for (unsigned i = 0; i < in->n_steps; i++)
		in->steps[i](e, in->frames, m);
	for (unsigned i = 0; i < m; i++) {
		struct edit_frame *f = &frames[from[i]];

		if (fix)
			edit_sum_packet(&in->frames[i]);
		carry_sums(f, &in->chains[from[i]], level);
		f->moved |= !level && in->frames[i].moved;
	}
}

static void inner_run(struct weir_editor *e, struct edit_frame *frames, unsigned n)
{
	unsigned deepest = 0;

	for (unsigned i = 0; i < n; i++) {
		struct chain *c = &e->inner->chains[i];

		c->n = 0;
		if (frames[i].out)
			continue;
		(void)find_chain(e, &frames[i], c); /* it has been found before */
		deepest = MAX(deepest, c->n);
	}
	while (deepest-- > 0)
		edit_level(e, frames, n, deepest);
}

/* Words joined by commas: kinds of tunnels, "all", or a number. */
static int scan_inner(struct edit_inner *in, const char *text, struct weir_err *err)
{
	static const struct {
		const char *name;
		unsigned kind;
	} names[] = {
		{ "mpls", PKT_TUNNEL_MPLS },	 { "ipip", PKT_TUNNEL_IPIP },
		{ "gre", PKT_TUNNEL_GRE },	 { "vxlan", PKT_TUNNEL_VXLAN },
		{ "geneve", PKT_TUNNEL_GENEVE }, { "gtpu", PKT_TUNNEL_GTPU },
	};
	struct scan s = scan_begin("inner", text, err);
	int r;

	do {
		const char *begin = s.at;
		unsigned known = 0;
		char word[16];

		if (*s.at >= '0' && *s.at <= '9') {
			r = scan_number(&s, 10, DEPTH_MAX - 1, &in->depth);
			if (r < 0)
				return r;
			if (!in->depth)
				return scan_bad(&s, begin, "the first packet within is number 1");
			continue;
		}
		r = scan_word(&s, ",", "a kind of tunnel", word, sizeof(word));
		if (r < 0)
			return r;
		in->all |= strcmp(word, "all") == 0;
		for (unsigned i = 0; i < ARRAY_SIZE(names); i++)
			known |= strcmp(word, names[i].name) == 0 ? names[i].kind : 0;
		if (!known && strcmp(word, "all") != 0)
			return scan_bad(&s, begin,
					"'%s' is not a number, all, mpls, ipip, gre, vxlan, geneve "
					"or gtpu",
					word);
		in->kinds |= known;
	} while (scan_take(&s, ','));
	return scan_end(&s);
}

static int inner_walk_compile(struct weir_editor *e, const struct weir_edit_opts *o,
			      struct weir_err *err)
{
	int r = 0;

	if (!o->inner)
		return 0;
	if (e->quirks & WEIR_QUIRK_WALK)
		return err_set(err, -EINVAL, "inner: not with the walk of tcpreplay");
	e->inner = calloc(1, sizeof(*e->inner));
	if (!e->inner)
		return err_set(err, -ENOMEM, "out of memory");
	if (*o->inner)
		r = scan_inner(e->inner, o->inner, err);
	if (!e->inner->kinds)
		e->inner->kinds = PKT_TUNNELS;
	return r < 0 ? r : EDIT_NETWORK;
}

const struct edit_step edit_inner_walk_step = { .compile = inner_walk_compile,
						.run = inner_walk_run };

static int inner_compile(struct weir_editor *e, const struct weir_edit_opts *o,
			 struct weir_err *err)
{
	(void)o, (void)err; /* cannot fail */
	return e->inner ? EDIT_NETWORK : 0;
}

const struct edit_step edit_inner_step = { .compile = inner_compile, .run = inner_run };
