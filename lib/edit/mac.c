/* SPDX-License-Identifier: BSD-2-Clause */
/* MAC addresses: replaced, substituted, scattered, and those that follow from the IP
 * address they go to. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/err.h"
#include "edit/edit.h"

static bool is_group(const uint8_t *mac)
{
	return mac[0] & 1;
}

/* Broadcast, IP multicast and VRRP: what skip_l2_broadcast means. */
static bool is_broadcast(const struct weir_editor *e, const uint8_t *mac)
{
	static const uint8_t all[6] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };
	static const uint8_t ip4[3] = { 0x01, 0x00, 0x5e };
	static const uint8_t vrrp[4] = { 0x00, 0x00, 0x5e, 0x00 };
	static const uint8_t vrrp_quirk[4] = { 0x00, 0x00, 0x50, 0x00 };
	const uint8_t *router = e->quirks & WEIR_QUIRK_GROUP_MACS ? vrrp_quirk : vrrp;

	return memcmp(mac, all, 6) == 0 || memcmp(mac, ip4, 3) == 0 ||
	       (mac[0] == 0x33 && mac[1] == 0x33) ||
	       (memcmp(mac, router, 4) == 0 && (mac[4] == 1 || mac[4] == 2));
}

static void substitute(const struct weir_editor *e, uint8_t *mac)
{
	for (unsigned i = 0; i < e->n_subs; i++) {
		if (memcmp(mac, e->subs[i].from, 6) == 0)
			memcpy(mac, e->subs[i].to, 6);
	}
}

static void scatter(const struct weir_editor *e, uint8_t *mac)
{
	if (e->quirks & WEIR_QUIRK_GROUP_MACS ? is_broadcast(e, mac) : is_group(mac))
		return;

	for (uint32_t i = e->opts.mac_seed_keep; i < 6; i++)
		mac[i] = (uint8_t)lcg_scatter(mac[i], e->mac_mask[i]);
	if (!e->opts.mac_seed_keep)
		mac[0] &= 0xfe;
}

static void replace(const struct weir_editor *e, const struct edit_macs *m, uint8_t side,
		    uint8_t *mac)
{
	if (m->given[side] && !(e->opts.skip_l2_broadcast && is_broadcast(e, mac)))
		memcpy(mac, m->mac[side], 6);
}

static void mac(struct weir_editor *e, struct edit_frame *f)
{
	uint8_t *dst = f->buf->data + f->l.mac_off;
	uint8_t *src = dst + 6;

	if (f->l.link != PKT_LINK_ETHERNET) {
		if (!f->classic)
			edit_fail(e, f, WEIR_EDIT_NO_MACS);
		return;
	}
	replace(e, &e->dmac, f->side, dst);
	replace(e, &e->smac, f->side, src);
	if (e->n_subs) {
		substitute(e, dst);
		substitute(e, src);
	}
	if (e->opts.mac_seed.given) {
		scatter(e, dst);
		scatter(e, src);
	}
}
EDIT_STEP(mac)

/* "MAC", "MAC,MAC", "MAC," or ",MAC". */
static int scan_macs(const char *name, const char *text, struct edit_macs *m, struct weir_err *err)
{
	struct scan s = scan_begin(name, text, err);
	int r = 0;

	if (*s.at != ',') {
		r = mac_scan(&s, m->mac[0]);
		m->given[0] = true;
	}
	if (r >= 0 && scan_take(&s, ',') && *s.at) {
		r = mac_scan(&s, m->mac[1]);
		m->given[1] = true;
	}
	if (r >= 0 && !m->given[0] && !m->given[1])
		return scan_bad(&s, s.text, "a MAC address expected");
	return r < 0 ? r : scan_end(&s);
}

/* "OLD,NEW,OLD,NEW..." */
static int scan_subs(struct weir_editor *e, const char *text, struct weir_err *err)
{
	struct scan s = scan_begin("enet-subsmac", text, err);
	struct edit_mac_pair *more;
	int r;

	do {
		more = realloc(e->subs, (e->n_subs + 1) * sizeof(*more));
		if (!more)
			return err_set(err, -ENOMEM, "out of memory");
		e->subs = more;
		more += e->n_subs++;
		r = mac_scan(&s, more->from);
		if (r >= 0)
			r = scan_expect(&s, ',');
		if (r >= 0)
			r = mac_scan(&s, more->to);
		if (r < 0)
			return r;
	} while (scan_take(&s, ','));
	return scan_end(&s);
}

/* Six different bytes: the low ones of as many numbers as that takes. */
static void make_mask(uint32_t seed, uint8_t mask[6])
{
	for (unsigned n = 0; n < 6;) {
		uint8_t v = (uint8_t)lcg_draw(&seed);

		if (!n || !memchr(mask, v, n))
			mask[n++] = v;
	}
}

static int mac_compile(struct weir_editor *e, const struct weir_edit_opts *o, struct weir_err *err)
{
	int r = 0;

	if (o->src_mac)
		r = scan_macs("enet-smac", o->src_mac, &e->smac, err);
	if (r >= 0 && o->dst_mac)
		r = scan_macs("enet-dmac", o->dst_mac, &e->dmac, err);
	for (unsigned i = 0; r >= 0 && i < o->n_sub_macs; i++)
		r = scan_subs(e, o->sub_macs[i], err);
	if (r < 0)
		return r;

	if (o->mac_seed.given) {
		if (o->mac_seed_keep > 6)
			return err_set(err, -EINVAL, "enet-mac-seed-keep-bytes: %u is more than 6",
				       o->mac_seed_keep);
		make_mask(o->mac_seed.value, e->mac_mask);
	}
	if (e->smac.given[1] || e->dmac.given[1])
		return EDIT_LINK | EDIT_SIDES;
	return o->src_mac || o->dst_mac || o->n_sub_macs || o->mac_seed.given ? EDIT_LINK : 0;
}

const struct edit_step edit_mac_step = { .compile = mac_compile, .run = mac_run };

bool edit_group_mac(const struct edit_frame *f, uint8_t *mac)
{
	const uint8_t *ip = edit_l3(f);

	if (f->l.ip_version == 4 && ip[16] >> 4 == 0xe) {
		be32_put(mac, 0x01005e00 | (ip[17] & 0x7f));
		memcpy(mac + 4, ip + 18, 2);
		return true;
	}
	if (f->l.ip_version == 6 && ip[24] == 0xff) {
		be16_put(mac, 0x3333);
		memcpy(mac + 2, ip + 36, 4);
		return true;
	}
	return false;
}

/* A frame to an IP multicast group goes to the MAC address of that group. */
static void multicast(struct weir_editor *e, struct edit_frame *f)
{
	if (f->l.link != PKT_LINK_ETHERNET || !f->l.ip_version || f->no_group)
		return;
	if (!f->moved && !(e->quirks & WEIR_QUIRK_MULTICAST_MAC))
		return;

	(void)edit_group_mac(f, f->buf->data + f->l.mac_off); /* most go to no group */
}
EDIT_STEP(multicast)

static int multicast_compile(struct weir_editor *e, const struct weir_edit_opts *o,
			     struct weir_err *err)
{
	(void)err; /* cannot fail */
	if (e->quirks & WEIR_QUIRK_MULTICAST_MAC)
		return EDIT_NETWORK;
	/* Who asks for MAC addresses gets these. */
	if (o->dst_mac || o->n_sub_macs || o->mac_seed.given)
		return 0;
	return o->dst_map || o->pnat || o->endpoints || o->seed.given ? EDIT_NETWORK : 0;
}

const struct edit_step edit_multicast_step = { .compile = multicast_compile, .run = multicast_run };
