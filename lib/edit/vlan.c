/* SPDX-License-Identifier: BSD-2-Clause */
/* VLAN tags (IEEE 802.1Q): put in and taken out.
 *
 *     |dst 6|src 6|type 8100|pri 3 cfi 1 id 12|type ...
 *                  \_______ the tag _________/
 */
#include <errno.h>

#include "base/bytes.h"
#include "base/err.h"
#include "edit/edit.h"

static void add(struct weir_editor *e, struct edit_frame *f)
{
	const struct weir_edit_opts *o = &e->opts;
	uint16_t old = f->l.n_vlans ? be16_at(f->buf->data + f->l.vlan_off) : 0;
	uint32_t off = f->l.mac_off + 12;
	uint16_t tci;
	uint8_t *tag;

	if (!edit_splice(f, off, 0, 4)) {
		edit_fail(e, f, WEIR_EDIT_NO_ROOM);
		return;
	}
	tci = (uint16_t)(o->vlan_tag.value & 0xfff);
	tci |= (uint16_t)(o->vlan_cfi.given ? o->vlan_cfi.value << 12 : old & 0x1000);
	tci |= (uint16_t)(o->vlan_pri.given ? o->vlan_pri.value << 13 : old & 0xe000);
	tag = f->buf->data + off;
	be16_put(tag, o->vlan_type);
	be16_put(tag + 2, tci);
	if (!f->l.n_vlans)
		f->l.type_off = off + 4;
	f->l.vlan_off = off + 2;
	f->l.n_vlans += f->l.n_vlans < UINT8_MAX;
	f->l.l2_len += 4;
}

static void del(struct weir_editor *e, struct edit_frame *f)
{
	if (!f->l.n_vlans) {
		if (!(e->quirks & WEIR_QUIRK_WALK))
			edit_note(e, f, WEIR_EDIT_NO_TAG, NULL);
		return;
	}
	(void)edit_splice(f, f->l.vlan_off - 2, 4, 0); /* getting shorter always works */
	f->l.n_vlans--;
	f->l.l2_len -= 4;
	if (!f->l.n_vlans) {
		f->l.type_off = f->l.vlan_off - 2;
		f->l.vlan_off = PKT_ABSENT;
	}
}

static void vlan(struct weir_editor *e, struct edit_frame *f)
{
	if (f->l.link != PKT_LINK_ETHERNET)
		edit_fail(e, f, WEIR_EDIT_NO_MACS);
	else if (e->opts.vlan == WEIR_VLAN_ADD)
		add(e, f);
	else
		del(e, f);
}
EDIT_STEP(vlan)

static int vlan_compile(struct weir_editor *e, const struct weir_edit_opts *o, struct weir_err *err)
{
	if (o->vlan == WEIR_VLAN_KEEP)
		return 0;
	if (o->vlan == WEIR_VLAN_ADD && !o->vlan_tag.given)
		return err_set(err, -EINVAL, "enet-vlan: add needs enet-vlan-tag");
	if (!e->opts.vlan_type)
		e->opts.vlan_type = PKT_ETH_VLAN;
	return EDIT_LINK;
}

const struct edit_step edit_vlan_step = { .compile = vlan_compile, .run = vlan_run };
