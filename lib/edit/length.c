/* SPDX-License-Identifier: BSD-2-Clause */
/* Lengths: of frames that a capture cut, of those that are too long, of headers that do
 * not say the truth. */
#include <errno.h>
#include <string.h>

#include "base/bytes.h"
#include "base/macros.h"
#include "edit/edit.h"

#define FCS_SIZE     4u
#define MTU_DEFAULT  1500u
#define ETH_MIN_SIZE 60u

static void fcs(struct weir_editor *e, struct edit_frame *f)
{
	struct weir_buf *b = f->buf;

	(void)e;
	if (b->orig_len <= FCS_SIZE)
		return;

	/* A frame that was cut has lost its FCS already. */
	if (b->len == b->orig_len)
		b->len -= FCS_SIZE;
	b->orig_len -= FCS_SIZE;
}
EDIT_STEP(fcs)

static int fcs_compile(struct weir_editor *e, const struct weir_edit_opts *o, struct weir_err *err)
{
	(void)e, (void)err; /* cannot fail */
	return o->cut_fcs;
}

const struct edit_step edit_fcs_step = { .compile = fcs_compile, .run = fcs_run };

/* The IP header says that size bytes begin with it. */
static void set_ip_length(struct weir_editor *e, struct edit_frame *f, uint32_t size)
{
	uint8_t *ip = edit_l3(f);
	uint16_t old;

	if (f->l.ip_version == 6) {
		be16_put(ip + 4, (uint16_t)(size - 40));
		return;
	}
	old = be16_at(ip + 2);
	be16_put(ip + 2, (uint16_t)size);
	if (!(e->quirks & WEIR_QUIRK_LENGTHS))
		edit_ip_changed16(f, old, (uint16_t)size);
}

/* What tcpreplay does with the checksums of a frame whose length it has changed. */
static void want_sum_quirk(struct edit_frame *f)
{
	if (f->l.ip_version == 4 && f->l.flags & PKT_FRAGMENT) {
		if (f->l.flags & PKT_LATER_FRAGMENT)
			return;
		if (f->l.proto == PKT_IP_UDP) {
			if (f->l.l4_len)
				be16_put(f->buf->data + f->l.l4_off + 6, 0);
			return;
		}
	}
	f->sum = true;
}

/* The frame has become shorter on purpose: its lengths tell of what is left. */
static void shorten(struct weir_editor *e, struct edit_frame *f, uint32_t size)
{
	uint8_t *l4 = f->buf->data + f->l.l4_off;

	set_ip_length(e, f, size);
	f->l.end = MIN(f->l.l3_off + size, f->buf->len);
	f->l.flags &= (uint8_t)~PKT_PAYLOAD_CUT;
	if (e->quirks & WEIR_QUIRK_LENGTHS)
		return;

	f->sum = true;
	if (f->l.proto != PKT_IP_UDP || !f->l.l4_len || f->l.end < f->l.l4_off + 8)
		return;
	if (f->l.flags & PKT_FRAGMENT)
		be16_put(l4 + 6, 0); /* the rest is not here to be summed */
	else
		be16_put(l4 + 4, (uint16_t)(f->l.end - f->l.l4_off));
}

static void pad(struct weir_editor *e, struct edit_frame *f)
{
	struct weir_buf *b = f->buf;

	if (b->room < b->orig_len) {
		edit_fail(e, f, WEIR_EDIT_NO_ROOM);
		return;
	}
	memset(b->data + b->len, 0, b->orig_len - b->len);
	b->len = b->orig_len;
	if (e->quirks & WEIR_QUIRK_LENGTHS) {
		f->l.end = b->len;
		want_sum_quirk(f);
	}
}

static void trunc_to_capture(struct weir_editor *e, struct edit_frame *f)
{
	uint32_t have = f->buf->len - f->l.l3_off;

	f->buf->orig_len = f->buf->len;
	if (e->quirks & WEIR_QUIRK_LENGTHS) {
		if (f->l.ip_version == 4)
			set_ip_length(e, f, have);
		want_sum_quirk(f);
	} else if (f->l.flags & PKT_PAYLOAD_CUT) {
		shorten(e, f, have);
	}
}

static void fixlen(struct weir_editor *e, struct edit_frame *f)
{
	if (f->buf->len >= f->buf->orig_len)
		return;
	if (e->quirks & WEIR_QUIRK_LENGTHS && !f->l.ip_version)
		return;

	switch (e->opts.fixlen) {
	case WEIR_FIXLEN_PAD:
		pad(e, f);
		break;
	case WEIR_FIXLEN_TRUNC:
		trunc_to_capture(e, f);
		break;
	case WEIR_FIXLEN_DEL:
		if (e->quirks & WEIR_QUIRK_FIXLEN_DEL)
			edit_end(e, f, "Invalid fixlen value: 0x3");
		else
			edit_drop(e, f);
		break;
	case WEIR_FIXLEN_NONE:
		break;
	}
}
EDIT_STEP(fixlen)

static int fixlen_compile(struct weir_editor *e, const struct weir_edit_opts *o,
			  struct weir_err *err)
{
	(void)e, (void)err; /* cannot fail */
	switch (o->fixlen) {
	case WEIR_FIXLEN_PAD:
		return EDIT_GROWS;
	case WEIR_FIXLEN_TRUNC:
		return EDIT_NETWORK;
	default:
		return o->fixlen != WEIR_FIXLEN_NONE;
	}
}

const struct edit_step edit_fixlen_step = { .compile = fixlen_compile, .run = fixlen_run };

/* tcpreplay takes the frame to be as long as the limit even if less was captured. */
static void cut_quirk(struct edit_frame *f, uint32_t limit)
{
	struct weir_buf *b = f->buf;

	if (b->len < limit && limit <= b->room)
		memset(b->data + b->len, 0, limit - b->len);
	f->l.end = MIN(limit, b->room);
	edit_cut(f, f->l.end);
}

static void mtu(struct weir_editor *e, struct edit_frame *f)
{
	bool quirk = e->quirks & WEIR_QUIRK_LENGTHS;
	uint32_t begin = f->l.ip_version ? f->l.l3_off : f->l.l2_off + f->l.l2_len;
	uint32_t limit = begin + e->opts.mtu;

	if (f->buf->orig_len > limit) {
		if (quirk)
			cut_quirk(f, limit);
		else
			edit_cut(f, MIN(f->buf->len, limit));
		f->buf->orig_len = limit;
		if (f->l.ip_version)
			shorten(e, f, e->opts.mtu);
	}
	if (quirk && f->l.ip_version)
		want_sum_quirk(f);
}
EDIT_STEP(mtu)

static int mtu_compile(struct weir_editor *e, const struct weir_edit_opts *o, struct weir_err *err)
{
	(void)err; /* cannot fail */
	if (!o->mtu_trunc)
		return 0;
	if (!o->mtu)
		e->opts.mtu = MTU_DEFAULT;
	return EDIT_NETWORK;
}

const struct edit_step edit_mtu_step = { .compile = mtu_compile, .run = mtu_run };

/* The shortest Ethernet frames are filled up, which is no reason to call it payload. */
static bool is_filled(const struct edit_frame *f)
{
	return f->l.link == PKT_LINK_ETHERNET && f->buf->orig_len <= ETH_MIN_SIZE &&
	       !(f->l.flags & PKT_PAYLOAD_CUT);
}

static void hdrlen(struct weir_editor *e, struct edit_frame *f)
{
	bool quirk = e->quirks & WEIR_QUIRK_LENGTHS;
	uint32_t size = f->buf->orig_len - f->l.l3_off;
	uint32_t old;

	if (!f->l.ip_version || (f->l.flags & PKT_FRAGMENT && f->l.ip_version == 4))
		return;
	if (!quirk && is_filled(f))
		return;

	old = f->l.ip_version == 4 ? be16_at(edit_l3(f) + 2) : be16_at(edit_l3(f) + 4) + 40u;
	if (size == old)
		return;
	if (!quirk && size > 65535) {
		edit_note(e, f, WEIR_EDIT_BAD_LENGTH, NULL);
		return;
	}
	set_ip_length(e, f, size);
	f->l.end = f->buf->len;
	f->l.flags &= (uint8_t)~PKT_PAYLOAD_CUT;
	f->sum |= quirk;
}
EDIT_STEP(hdrlen)

static int hdrlen_compile(struct weir_editor *e, const struct weir_edit_opts *o,
			  struct weir_err *err)
{
	(void)e, (void)err; /* cannot fail */
	return o->fix_hdrlen ? EDIT_NETWORK : 0;
}

const struct edit_step edit_hdrlen_step = { .compile = hdrlen_compile, .run = hdrlen_run };
