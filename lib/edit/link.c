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

/* What the body is: tcpreplay takes the outermost type, even of tags that it takes out. */
static uint16_t type_quirk(const struct edit_frame *f)
{
	if (f->l.link == PKT_LINK_ETHERNET)
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
static void fail_quirk(struct weir_editor *e, struct edit_frame *f, uint32_t n, uint32_t head_off,
		       const uint8_t *head, uint32_t head_len)
{
	uint32_t from = body(e, f);
	uint32_t len = f->buf->len;

	if (from <= len && n + len - from <= f->buf->room) {
		memmove(f->buf->data + n, f->buf->data + from, len - from);
		memcpy(f->buf->data + head_off, head, head_len);
	}
	edit_fail(e, f, WEIR_EDIT_NO_LINK);
}

/* MAC addresses as another kind of link layer tells them; NULL: it does not. */
struct macs {
	const uint8_t *src, *dst;
};

/* Of the addresses of IEEE 802.11 tcpreplay reads the fourth two bytes early, and takes the
 * third for the receiver where there is no access point. */
static struct macs find_80211_quirk(const uint8_t *p)
{
	switch (p[1] & 3) {
	case 2: /* from the distribution system */
		return (struct macs){ .src = p + 16, .dst = p + 4 };
	case 3: /* within it */
		return (struct macs){ .src = p + 22, .dst = p + 16 };
	default:
		return (struct macs){ .src = p + 10, .dst = p + 16 };
	}
}

static struct macs find_macs_quirk(const struct edit_frame *f)
{
	const uint8_t *p = f->buf->data + f->l.l2_off;

	switch (f->l.link) {
	case PKT_LINK_SLL:
		return (struct macs){ .src = p + 6 };
	case PKT_LINK_SLL2:
		return (struct macs){ .src = p + 12 };
	case PKT_LINK_80211:
		return find_80211_quirk(p);
	default:
		return (struct macs){ 0 };
	}
}

static void to_enet_quirk(struct weir_editor *e, struct edit_frame *f)
{
	struct macs macs = find_macs_quirk(f);
	bool strict = !macs.src;
	uint8_t head[14] = { 0 };

	if (f->l.link == PKT_LINK_ETHERNET && !f->l.l2_off)
		return;
	if (f->buf->len < sizeof(head)) {
		edit_fail(e, f, WEIR_EDIT_NO_LINK);
		return;
	}
	if (e->smac.given[f->side])
		macs.src = e->smac.mac[f->side];
	if (e->dmac.given[f->side])
		macs.dst = e->dmac.mac[f->side];
	if (macs.dst)
		memcpy(head, macs.dst, 6);
	if (macs.src)
		memcpy(head + 6, macs.src, 6);
	be16_put(head + 12, type_quirk(f));
	if (!f->l.ethertype || (strict && (!macs.src || !macs.dst))) {
		fail_quirk(e, f, sizeof(head), 6, head + 6, macs.src ? 6 : 0);
		return;
	}
	if (!put_head(e, f, head, sizeof(head)))
		return;
	f->no_group = !e->dmac.given[f->side];
	f->l.link = PKT_LINK_ETHERNET;
	f->l.mac_off = 0;
	f->l.type_off = 12;
}

static void to_hdlc_quirk(struct weir_editor *e, struct edit_frame *f)
{
	const struct weir_edit_opts *o = &e->opts;
	/* tcpreplay finds both bytes in what it knows of a tag. */
	bool known = f->l.n_vlans && f->l.link == PKT_LINK_ETHERNET;
	uint8_t head[4] = { 1, 1 };

	if (f->l.link == PKT_LINK_HDLC)
		memcpy(head, f->buf->data, 2);
	if (o->hdlc_address.given)
		head[0] = (uint8_t)o->hdlc_address.value;
	if (o->hdlc_control.given)
		head[1] = (uint8_t)o->hdlc_control.value;
	be16_put(head + 2, type_quirk(f));
	if (!f->l.ethertype || (!known && (!o->hdlc_address.given || !o->hdlc_control.given))) {
		fail_quirk(e, f, sizeof(head), 0, head, o->hdlc_address.given ? 1 : 0);
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
	bool keep = e->opts.dlt == WEIR_DLT_KEEP;

	if (keep && f->l.link == PKT_LINK_HDLC)
		to_hdlc_quirk(e, f);
	else if (!keep || (f->l.link != PKT_LINK_PPP && f->linktype != PKT_LINKTYPE_ETHERNET))
		edit_fail(e, f, WEIR_EDIT_NO_LINK);
}

/* tcpreplay finds IP within PPP and then does not know what it is. */
static void forget_ppp_quirk(struct edit_frame *f)
{
	f->l.ethertype = f->l.ip_version = f->l.proto = 0;
	f->l.l3_off = f->l.l4_off = PKT_ABSENT;
	f->l.payload_off = f->l.l2_off + f->l.l2_len;
}

static void link_quirk(struct weir_editor *e, struct edit_frame *f)
{
	bool forget = f->classic && f->l.link == PKT_LINK_PPP;

	switch (e->opts.dlt) {
	case WEIR_DLT_ENET:
		to_enet_quirk(e, f);
		break;
	case WEIR_DLT_HDLC:
		to_hdlc_quirk(e, f);
		break;
	case WEIR_DLT_USER:
		to_user(e, f);
		break;
	case WEIR_DLT_OTHER:
	case WEIR_DLT_KEEP:
		keep_quirk(e, f);
		break;
	}
	if (forget)
		forget_ppp_quirk(f);
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
	if (e->dlink[0].len != e->dlink[1].len)
		return err_set(err, -EINVAL, "user-dlink: both must have the same number of bytes");
	return EDIT_LINK | EDIT_GROWS | (o->user_dlink_client ? EDIT_SIDES : 0);
}

const struct edit_step edit_link_step = { .compile = link_compile, .run = link_run };
