/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * IP addresses scattered by a seed: each 32-bit word goes through lcg_scatter(), and what
 * was a multicast address stays one. Not a permutation: two addresses may become one.
 */
#include <string.h>

#include "base/bytes.h"
#include "edit/edit.h"

static void scatter_ipv4(const struct weir_editor *e, uint8_t *addr)
{
	bool group = addr[0] >> 4 == 0xe;

	le32_put(addr, lcg_scatter(le32_at(addr), e->addr_mask));
	if (group && addr[0] >> 4 != 0xe)
		addr[0] = (uint8_t)(0xe0 | (addr[0] & 0xf));
	else if (!group && addr[0] >> 4 == 0xe)
		addr[0] &= 0x7f;
}

static void scatter_ipv6(const struct weir_editor *e, uint8_t *addr)
{
	bool group = addr[0] == 0xff;

	for (unsigned i = 0; i < 16; i += 4)
		le32_put(addr + i, lcg_scatter(le32_at(addr + i), e->addr_mask));
	if (group)
		addr[0] = 0xff;
	else if (addr[0] == 0xff)
		addr[0] = 0xaa;
}

static void seed_field(struct weir_editor *e, struct edit_frame *f, bool dst)
{
	uint8_t version = f->l.ip_version;
	unsigned size = cidr_size(version);
	uint8_t *addr = edit_l3(f) + (version == 4 ? 12 : 8) + (dst ? size : 0);
	uint8_t old[16];

	if (e->opts.skip_broadcast && edit_addr_is_broadcast(e, version, addr))
		return;

	memcpy(old, addr, size);
	if (version == 4)
		scatter_ipv4(e, addr);
	else
		scatter_ipv6(e, addr);
	edit_addr_changed(f, dst, old, addr);
}

static void seed(struct weir_editor *e, struct edit_frame *f)
{
	struct edit_arp arp;

	if (f->l.ip_version) {
		seed_field(e, f, true);
		seed_field(e, f, false);
		return;
	}
	/* tcpreplay scatters no ARP behind another link layer than that a frame came with. */
	if (f->classic && f->buf->linktype != f->linktype)
		return;
	if (edit_arp(f, &arp)) {
		if (arp.sender)
			scatter_ipv4(e, arp.sender);
		if (arp.target)
			scatter_ipv4(e, arp.target);
	}
}
EDIT_STEP(seed)

static int seed_compile(struct weir_editor *e, const struct weir_edit_opts *o, struct weir_err *err)
{
	uint32_t draw;

	(void)err; /* cannot fail */
	if (!o->seed.given)
		return 0;
	e->addr_mask = __builtin_bswap32(lcg_mix(o->seed.value, &draw));
	return EDIT_NETWORK;
}

const struct edit_step edit_seed_step = {
	.compile = seed_compile, .run = seed_run, .on_packet = true, .on_quoted = true
};
