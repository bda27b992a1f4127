/* SPDX-License-Identifier: BSD-2-Clause */
/* Another link layer: what is in front of the network layer is replaced. */
#include <errno.h>
#include <string.h>

#include "base/bytes.h"
#include "base/err.h"
#include "edit/edit.h"

/* Where the part begins that stays. tcpreplay takes MPLS labels for link layer. */
static uint32_t body(const struct weir_editor *e, const struct edit_frame *f)
{
	if (e->quirks & WEIR_QUIRK_WALK)
		return f->l.ip_version ? f->l.l3_off : f->l.payload_off;
	return f->l.l2_off + f->l.l2_len;
}

/* What the body is. tcpreplay takes the outermost type, even of tags that it takes out. */
static uint16_t type(const struct weir_editor *e, const struct edit_frame *f)
{
	if (e->quirks & WEIR_QUIRK_WALK && f->l.link == PKT_LINK_ETHERNET)
		return be16_at(f->buf->data + f->l.mac_off + 12);
	return f->l.ethertype;
}

static bool put_head(struct weir_editor *e, struct edit_frame *f, const uint8_t *head, uint32_t n)
{
	if (!edit_splice(f, 0, body(e, f), n)) {
		edit_fail(e, f, WEIR_EDIT_NO_ROOM);
		return false;
	}
	memcpy(f->buf->data, head, n);
	f->buf->linktype = (uint16_t)weir_editor_linktype(e, f->buf->linktype);
	f->l.l2_off = 0;
	f->l.l2_len = n;
	f->l.mac_off = f->l.type_off = f->l.vlan_off = PKT_ABSENT;
	f->l.n_vlans = 0;
	return true;
}

/* tcpreplay notices only when the body has moved n bytes from the beginning and head_len
 * bytes of the new header are written at head_off, and leaves the lengths as they were. */
static void fail(struct weir_editor *e, struct edit_frame *f, uint32_t n, uint32_t head_off,
		 const uint8_t *head, uint32_t head_len)
{
	uint32_t from = body(e, f);
	uint32_t len = f->buf->len;

	if (e->quirks & WEIR_QUIRK_WALK && from <= len && n + len - from <= f->buf->room) {
		memmove(f->buf->data + n, f->buf->data + from, len - from);
		memcpy(f->buf->data + head_off, head, head_len);
	}
	edit_fail(e, f, WEIR_EDIT_NO_LINK);
}

/* The sender's MAC address, if another kind of link layer tells it. */
static const uint8_t *sender(const struct edit_frame *f)
{
	if (f->l.link == PKT_LINK_SLL)
		return f->buf->data + 6;
	return f->l.link == PKT_LINK_SLL2 ? f->buf->data + 12 : NULL;
}

static void to_enet(struct weir_editor *e, struct edit_frame *f)
{
	const uint8_t *src = sender(f);
	bool strict = e->quirks & WEIR_QUIRK_WALK && !src;
	uint8_t head[14] = { 0 };

	if (f->l.link == PKT_LINK_ETHERNET && !f->l.l2_off)
		return;
	if (e->smac.given[f->side])
		src = e->smac.mac[f->side];
	if (src)
		memcpy(head + 6, src, 6);
	if (e->dmac.given[f->side])
		memcpy(head, e->dmac.mac[f->side], 6);
	be16_put(head + 12, type(e, f));
	if (!f->l.ethertype || (strict && (!src || !e->dmac.given[f->side]))) {
		fail(e, f, sizeof(head), 6, head + 6, src ? 6 : 0);
		return;
	}
	if (!put_head(e, f, head, sizeof(head)))
		return;
	f->l.link = PKT_LINK_ETHERNET;
	f->l.mac_off = 0;
	f->l.type_off = 12;
}

static void to_hdlc(struct weir_editor *e, struct edit_frame *f)
{
	const struct weir_edit_opts *o = &e->opts;
	bool was = f->l.link == PKT_LINK_HDLC;
	bool strict = e->quirks & WEIR_QUIRK_WALK || !was;
	uint8_t head[4];

	head[0] = o->hdlc_address.given || !was ? (uint8_t)o->hdlc_address.value : f->buf->data[0];
	head[1] = o->hdlc_control.given || !was ? (uint8_t)o->hdlc_control.value : f->buf->data[1];
	be16_put(head + 2, type(e, f));
	if (!f->l.ethertype || (strict && (!o->hdlc_address.given || !o->hdlc_control.given))) {
		fail(e, f, sizeof(head), 0, head, o->hdlc_address.given ? 1 : 0);
		return;
	}
	if (!put_head(e, f, head, sizeof(head)))
		return;
	f->l.link = PKT_LINK_HDLC;
	f->l.type_off = 2;
}

static void to_user(struct weir_editor *e, struct edit_frame *f)
{
	const struct edit_dlink *d = &e->dlink[f->side];

	if (put_head(e, f, d->bytes, d->len))
		f->l.link = PKT_LINK_NONE;
}

/* tcpreplay writes a header for every frame, and can write only three kinds. */
static void keep_quirk(struct weir_editor *e, struct edit_frame *f)
{
	if (f->l.link == PKT_LINK_HDLC)
		to_hdlc(e, f);
	else if (f->buf->linktype != PKT_LINKTYPE_ETHERNET)
		edit_fail(e, f, WEIR_EDIT_NO_LINK);
}

static void link_quirk(struct weir_editor *e, struct edit_frame *f)
{
	switch (e->opts.dlt) {
	case WEIR_DLT_ENET:
		to_enet(e, f);
		break;
	case WEIR_DLT_HDLC:
		to_hdlc(e, f);
		break;
	case WEIR_DLT_USER:
		to_user(e, f);
		break;
	case WEIR_DLT_OTHER:
	case WEIR_DLT_KEEP:
		keep_quirk(e, f);
		break;
	}
}

static void link(struct weir_editor *e, struct edit_frame *f)
{
	if (e->quirks & WEIR_QUIRK_WALK)
		link_quirk(e, f);
	else if (e->opts.dlt == WEIR_DLT_USER)
		to_user(e, f);
	else
		edit_convert(e, f, weir_editor_linktype(e, f->buf->linktype));
}
EDIT_STEP(link)

uint32_t weir_editor_linktype(const struct weir_editor *e, uint32_t linktype)
{
	switch (e->opts.dlt) {
	case WEIR_DLT_ENET:
		return PKT_LINKTYPE_ETHERNET;
	case WEIR_DLT_HDLC:
		return PKT_LINKTYPE_C_HDLC;
	case WEIR_DLT_USER:
		return e->opts.user_dlt.given ? e->opts.user_dlt.value : linktype;
	case WEIR_DLT_OTHER:
		return e->opts.dlt_number;
	case WEIR_DLT_KEEP:
		break;
	}
	return linktype;
}

static int scan_dlink(const char *text, struct edit_dlink *d, struct weir_err *err)
{
	struct scan s = scan_begin("user-dlink", text, err);
	uint32_t v;
	int r;

	d->len = 0;
	do {
		if (d->len == sizeof(d->bytes))
			return scan_bad(&s, s.at, "more than %zu bytes", sizeof(d->bytes));
		r = scan_number(&s, 16, 0xff, &v);
		if (r < 0)
			return r;
		d->bytes[d->len++] = (uint8_t)v;
	} while (scan_take(&s, ','));
	return scan_end(&s);
}

static int link_compile(struct weir_editor *e, const struct weir_edit_opts *o, struct weir_err *err)
{
	bool header_only = o->dlt == WEIR_DLT_OTHER && e->quirks & WEIR_QUIRK_DLT_HEADER_ONLY;
	int r;

	if (o->dlt == WEIR_DLT_OTHER && !header_only && !edit_can_convert(o->dlt_number))
		return err_set(err, -EINVAL, "dlt: frames cannot be changed to link type %u",
			       o->dlt_number);
	if (o->dlt == WEIR_DLT_KEEP || header_only)
		return e->quirks & WEIR_QUIRK_WALK ? EDIT_LINK : 0;
	if (o->dlt != WEIR_DLT_USER)
		return EDIT_LINK | EDIT_GROWS;
	if (!o->user_dlink)
		return err_set(err, -EINVAL, "dlt: user needs user-dlink");

	r = scan_dlink(o->user_dlink, &e->dlink[1], err);
	if (r >= 0)
		r = scan_dlink(o->user_dlink_client ? o->user_dlink_client : o->user_dlink,
			       &e->dlink[0], err);
	if (r < 0)
		return r;
	return EDIT_LINK | EDIT_GROWS | (o->user_dlink_client ? EDIT_SIDES : 0);
}

const struct edit_step edit_link_step = { .compile = link_compile, .run = link_run };
