/* SPDX-License-Identifier: BSD-2-Clause */
/* VLAN tags (IEEE 802.1Q): put in, taken out and changed.
 *
 *     |dst 6|src 6|type 8100|pri 3 cfi 1 id 12|type ...
 *                  \_______ the tag _________/
 */
#include <errno.h>
#include <string.h>

#include "base/bytes.h"
#include "base/err.h"
#include "base/macros.h"
#include "edit/edit.h"

/* A tag at p, in place of one whose control word was old. */
static void put_tag(const struct edit_tag *t, uint8_t *p, uint16_t old)
{
	if (t->type)
		be16_put(p, t->type);
	be16_put(p + 2, (uint16_t)((old & t->keep) | t->value));
}

/* The control word of the nth tag, of the last if there are not as many. */
static uint16_t old_tag(const struct edit_frame *f, uint32_t nth)
{
	if (!f->l.n_vlans)
		return 0;
	return be16_at(f->buf->data + f->l.vlan_off + 4 * (MIN(nth, (uint32_t)f->l.n_vlans) - 1));
}

static void add(struct weir_editor *e, struct edit_frame *f)
{
	uint32_t nth = e->opts.vlan_nth, n = 4 * e->n_tags;
	uint32_t off = f->l.mac_off + 12 + 4 * (nth - 1);
	uint16_t old = old_tag(f, nth);

	if (nth > f->l.n_vlans + 1u) {
		edit_fail(e, f, WEIR_EDIT_NO_TAG);
		return;
	}
	if (!edit_splice(f, off, 0, n)) {
		edit_fail(e, f, WEIR_EDIT_NO_ROOM);
		return;
	}
	for (unsigned i = 0; i < e->n_tags; i++)
		put_tag(&e->tags[i], f->buf->data + off + 4 * i, old);
	if (!f->l.n_vlans)
		f->l.type_off = off + n;
	if (nth == 1)
		f->l.vlan_off = off + 2;
	f->l.n_vlans = (uint8_t)MIN(f->l.n_vlans + e->n_tags, 255u);
	f->l.l2_len += n;
}

static void del(struct weir_editor *e, struct edit_frame *f)
{
	uint32_t nth = e->opts.vlan_nth;

	if (nth > f->l.n_vlans) {
		if (!(e->quirks & WEIR_QUIRK_WALK))
			edit_note(e, f, WEIR_EDIT_NO_TAG, NULL);
		return;
	}
	/* getting shorter always works */
	(void)edit_splice(f, f->l.vlan_off - 2 + 4 * (nth - 1), 4, 0);
	f->l.n_vlans--;
	f->l.l2_len -= 4;
	if (!f->l.n_vlans) {
		f->l.type_off = f->l.vlan_off - 2;
		f->l.vlan_off = PKT_ABSENT;
	}
}

static void set(struct weir_editor *e, struct edit_frame *f)
{
	uint32_t nth = e->opts.vlan_nth;

	if (nth > f->l.n_vlans)
		edit_note(e, f, WEIR_EDIT_NO_TAG, NULL);
	else
		put_tag(&e->tags[0], f->buf->data + f->l.vlan_off - 2 + 4 * (nth - 1),
			old_tag(f, nth));
}

static void vlan(struct weir_editor *e, struct edit_frame *f)
{
	if (f->l.link != PKT_LINK_ETHERNET && f->classic)
		return;
	if (f->l.link != PKT_LINK_ETHERNET)
		edit_fail(e, f, WEIR_EDIT_NO_MACS);
	else if (e->opts.vlan == WEIR_VLAN_ADD)
		add(e, f);
	else if (e->opts.vlan == WEIR_VLAN_DEL)
		del(e, f);
	else
		set(e, f);
}
EDIT_STEP(vlan)

/* The bits of a control word at shift that a number is for. */
static void set_bits(struct edit_tag *t, const struct weir_edit_num *num, uint16_t mask,
		     unsigned shift)
{
	if (!num->given)
		return;
	t->keep &= (uint16_t)~mask;
	t->value = (uint16_t)((t->value & ~mask) | (num->value << shift & mask));
}

/* What the options say of every tag. */
static struct edit_tag tag_of(const struct weir_edit_opts *o)
{
	struct edit_tag t = { .type = o->vlan_type, .keep = 0xffff };

	set_bits(&t, &o->vlan_tag, 0x0fff, 0);
	set_bits(&t, &o->vlan_cfi, 0x1000, 12);
	set_bits(&t, &o->vlan_pri, 0xe000, 13);
	return t;
}

/* "ID", "ID/PRI", "802.1q:ID" or "802.1ad:ID/PRI" */
static int scan_tag(struct scan *s, struct edit_tag *t)
{
	struct weir_edit_num id = { .given = true }, pri = { .given = true };
	int r;

	if (strncmp(s->at, "802.1q:", 7) == 0) {
		t->type = PKT_ETH_VLAN;
		s->at += 7;
	} else if (strncmp(s->at, "802.1ad:", 8) == 0) {
		t->type = PKT_ETH_QINQ;
		s->at += 8;
	}
	r = scan_number(s, 10, 0xfff, &id.value);
	if (r < 0)
		return r;
	set_bits(t, &id, 0x0fff, 0);
	if (!scan_take(s, '/'))
		return 0;
	r = scan_number(s, 10, 7, &pri.value);
	set_bits(t, &pri, 0xe000, 13);
	return r;
}

static int scan_stack(struct weir_editor *e, const char *text, struct edit_tag each,
		      struct weir_err *err)
{
	struct scan s = scan_begin("enet-vlan-stack", text, err);
	int r;

	do {
		if (e->n_tags == EDIT_TAGS_MAX)
			return scan_bad(&s, s.at, "more than %u tags", EDIT_TAGS_MAX);
		e->tags[e->n_tags] = each;
		r = scan_tag(&s, &e->tags[e->n_tags++]);
		if (r < 0)
			return r;
	} while (scan_take(&s, ','));
	return scan_end(&s);
}

static int vlan_compile(struct weir_editor *e, const struct weir_edit_opts *o, struct weir_err *err)
{
	struct edit_tag each = tag_of(o);
	int r = 0, grows = 0;

	if (o->vlan == WEIR_VLAN_KEEP)
		return 0;
	if (!o->vlan_nth)
		e->opts.vlan_nth = 1;
	if (o->vlan_stack && o->vlan != WEIR_VLAN_ADD)
		return err_set(err, -EINVAL, "enet-vlan-stack: only with enet-vlan add");
	if (o->vlan == WEIR_VLAN_SET && each.keep == 0xffff && !each.type)
		return err_set(err, -EINVAL, "enet-vlan: set needs what to set");
	if (o->vlan == WEIR_VLAN_ADD && !o->vlan_tag.given && !o->vlan_stack)
		return err_set(err, -EINVAL, "enet-vlan: add needs enet-vlan-tag");

	if (o->vlan == WEIR_VLAN_ADD) {
		grows = EDIT_GROWS;
		each.keep &= 0xf000;
		if (!each.type)
			each.type = PKT_ETH_VLAN;
	}
	if (o->vlan_stack)
		r = scan_stack(e, o->vlan_stack, each, err);
	else
		e->tags[e->n_tags++] = each;
	return r < 0 ? r : EDIT_LINK | grows;
}

const struct edit_step edit_vlan_step = { .compile = vlan_compile, .run = vlan_run };
