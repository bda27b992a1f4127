/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * IP addresses under a key (crypto-pan.h): those of IP headers, of ARP, of the packets
 * that ICMP errors tell of, and the targets of IPv6 neighbour discovery.
 */
#include <errno.h>
#include <string.h>

#include "base/bytes.h"
#include "base/err.h"
#include "edit/crypto-pan.h"
#include "edit/edit.h"
#include "pkt/checksum.h"

/* false: it stays. */
static bool anonymize_addr(struct weir_editor *e, uint8_t version, uint8_t *addr)
{
	int r;

	if (e->opts.skip_broadcast && edit_addr_is_broadcast(e, version, addr))
		return false;
	r = crypto_pan_map(e->pan, version, addr);
	if (r < 0)
		e->fatal = r; /* no frame leaves with an address that it should not have */
	return r >= 0;
}

static void anonymize_packet(struct weir_editor *e, struct edit_frame *f)
{
	uint8_t version = f->l.ip_version;
	unsigned size = cidr_size(version);

	for (unsigned dst = 0; dst < 2; dst++) {
		uint8_t *addr = edit_l3(f) + (version == 4 ? 12 : 8) + dst * size;
		uint8_t old[16];

		memcpy(old, addr, size);
		if (anonymize_addr(e, version, addr))
			edit_addr_changed(f, dst, old, addr);
	}
}

/* Changes what is within ICMP, from off to the end of n bytes there. */
typedef void change_fn(struct weir_editor *e, uint8_t *p, uint32_t n);

static void change(struct weir_editor *e, struct edit_frame *f, uint32_t off, uint32_t n,
		   change_fn *fn)
{
	uint8_t *icmp = f->buf->data + f->l.l4_off;
	uint32_t before = csum_add(0, icmp + off, n);

	fn(e, icmp + off, n);
	edit_sum_replaced(f, icmp + 2, before, csum_add(0, icmp + off, n));
}

/* A packet, which may be cut. */
static void change_packet(struct weir_editor *e, uint8_t *p, uint32_t n)
{
	struct weir_buf buf = { .data = p, .len = n };
	struct edit_frame f = { .buf = &buf };

	(void)pkt_parse(PKT_LINKTYPE_RAW, p, n, &f.l); /* what it found counts */
	if (f.l.ip_version)
		anonymize_packet(e, &f);
}

static void change_addr(struct weir_editor *e, uint8_t *p, uint32_t n)
{
	(void)anonymize_addr(e, n == 4 ? 4 : 6, p);
}

/* Of neighbour discovery: solicitation, advertisement, redirect. */
static void anonymize_icmp6(struct weir_editor *e, struct edit_frame *f, uint8_t type, uint32_t n)
{
	if (type >= 135 && type <= 137) /* the target */
		change(e, f, 8, 16, change_addr);
	if (type == 137 && n >= 40) /* and the destination */
		change(e, f, 24, 16, change_addr);
}

/* What control messages hold: addresses, and packets that they tell of. */
static void anonymize_control(struct weir_editor *e, struct edit_frame *f)
{
	uint32_t n = f->l.end - f->l.l4_off;
	uint8_t type;

	if (edit_quotes(f))
		change(e, f, EDIT_ICMP_HEAD, n - EDIT_ICMP_HEAD, change_packet);
	if (f->l.l4_off == PKT_ABSENT || n < EDIT_ICMP_HEAD + 16)
		return;
	type = f->buf->data[f->l.l4_off];
	if (f->l.proto == PKT_IP_ICMP && f->l.ip_version == 4 && type == 5)
		change(e, f, 4, 4, change_addr); /* redirect: the gateway */
	else if (f->l.proto == PKT_IP_ICMPV6 && f->l.ip_version == 6)
		anonymize_icmp6(e, f, type, n);
}

static void anonymize(struct weir_editor *e, struct edit_frame *f)
{
	struct edit_arp arp;

	if (f->l.ip_version) {
		anonymize_packet(e, f);
		anonymize_control(e, f);
		return;
	}
	if (!edit_arp(f, &arp))
		return;
	(void)anonymize_addr(e, 4, arp.sender);
	(void)anonymize_addr(e, 4, arp.target);
}
EDIT_STEP(anonymize)

static int anonymize_compile(struct weir_editor *e, const struct weir_edit_opts *o,
			     struct weir_err *err)
{
	int r;

	if (o->anonymize == WEIR_ANONYMIZE_NONE)
		return 0;
	r = crypto_pan_new(o->anonymize_key, o->skip_broadcast, &e->pan, err);
	explicit_bzero(e->opts.anonymize_key, sizeof(e->opts.anonymize_key));
	return r < 0 ? r : EDIT_NETWORK;
}

const struct edit_step edit_anonymize_step = { .compile = anonymize_compile,
					       .run = anonymize_run,
					       .on_packet = true };
