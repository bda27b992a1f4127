/* SPDX-License-Identifier: BSD-2-Clause */
/* TCP and UDP: ports by map, and TCP's numbers. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/err.h"
#include "edit/edit.h"

static void map_port(const struct weir_editor *e, struct edit_frame *f, uint8_t *port)
{
	uint16_t old = be16_at(port);
	uint16_t new = e->ports[old];

	if (new == old)
		return;

	be16_put(port, new);
	edit_sum_changed16(f, edit_l4_sum(f), old, new);
}

/* The header, if it is whole enough to have ports and checksum; of a quoted one the ports are
 * enough. */
static uint8_t *tcp_or_udp(const struct edit_frame *f)
{
	bool ports;

	if ((f->l.proto != PKT_IP_TCP && f->l.proto != PKT_IP_UDP) || f->l.l4_off == PKT_ABSENT)
		return NULL;
	ports = f->quoted && !(f->l.flags & PKT_LATER_FRAGMENT) && f->l.end >= f->l.l4_off + 4;
	return f->l.l4_len || ports ? f->buf->data + f->l.l4_off : NULL;
}

/* Neither options nor, in tcpreplay's eyes, extension headers count. */
static bool is_cut_quirk(const struct edit_frame *f)
{
	uint32_t size = f->l.proto == PKT_IP_TCP ? 20 : f->l.proto == PKT_IP_UDP ? 8 : 0;

	return size && f->l.end < f->l.l4_off + size;
}

static void port(struct weir_editor *e, struct edit_frame *f)
{
	uint8_t *l4 = tcp_or_udp(f);

	f->sum |= (e->quirks & WEIR_QUIRK_SUM_ALWAYS) && f->l.ip_version && is_cut_quirk(f);
	if (!l4)
		return;
	map_port(e, f, l4 + 2);
	map_port(e, f, l4);
}
EDIT_STEP(port)

/* "80", "8000-8999" or "80+81+82", into the first ports of wanted[]. */
static int scan_from(struct scan *s, uint8_t *wanted)
{
	uint32_t first, last;
	int r;

	do {
		const char *begin = s->at;

		r = scan_number(s, 10, 65535, &first);
		last = first;
		if (r >= 0 && scan_take(s, '-'))
			r = scan_number(s, 10, 65535, &last);
		if (r < 0)
			return r;
		if (last < first)
			return scan_bad(s, begin, "the range ends before it begins");
		for (; first <= last; first++)
			wanted[first] = 1;
	} while (scan_take(s, '+'));
	return 0;
}

/* Ports that an earlier map named are done with. */
static int scan_port_maps(struct weir_editor *e, const char *text, uint8_t *done,
			  struct weir_err *err)
{
	struct scan s = scan_begin("portmap", text, err);
	uint8_t wanted[65536];
	uint32_t to;
	int r;

	do {
		memset(wanted, 0, sizeof(wanted));
		r = scan_from(&s, wanted);
		if (r >= 0)
			r = scan_expect(&s, ':');
		if (r >= 0)
			r = scan_number(&s, 10, 65535, &to);
		if (r < 0)
			return r;
		for (unsigned i = 0; i < 65536; i++) {
			if (wanted[i] && !done[i])
				e->ports[i] = (uint16_t)to;
			done[i] |= wanted[i];
		}
	} while (scan_take(&s, ','));
	return scan_end(&s);
}

static int port_compile(struct weir_editor *e, const struct weir_edit_opts *o, struct weir_err *err)
{
	uint8_t done[65536] = { 0 };
	int r = 0;

	if (!o->n_port_maps)
		return 0;
	e->ports = malloc(65536 * sizeof(*e->ports));
	if (!e->ports)
		return err_set(err, -ENOMEM, "out of memory");
	for (unsigned i = 0; i < 65536; i++)
		e->ports[i] = (uint16_t)i;
	for (unsigned i = 0; r >= 0 && i < o->n_port_maps; i++)
		r = scan_port_maps(e, o->port_maps[i], done, err);
	return r < 0 ? r : EDIT_TRANSPORT;
}

const struct edit_step edit_port_step = {
	.compile = port_compile, .run = port_run, .on_packet = true, .on_quoted = true
};

/* Both numbers move alike, so that the two sides still agree. A SYN acknowledges nothing. */
static void move_number(const struct weir_editor *e, const struct edit_frame *f, uint8_t *at,
			uint8_t *sum)
{
	uint32_t old = be32_at(at);

	be32_put(at, old + e->tcp_add);
	edit_sum_changed32(f, sum, old, old + e->tcp_add);
}

/* How much of a TCP header to look at; 0: there is none that can be edited. tcpreplay takes
 * what there is. */
static uint32_t tcp_len(const struct weir_editor *e, const struct edit_frame *f)
{
	if (f->l.proto != PKT_IP_TCP)
		return 0;
	if (!(e->quirks & WEIR_QUIRK_WALK) && !f->quoted)
		return f->l.l4_len;
	if (!f->l.ip_version || f->l.l4_off == PKT_ABSENT || f->l.end <= f->l.l4_off)
		return 0;
	if (f->quoted ? f->l.flags & PKT_LATER_FRAGMENT : f->l.ip_version == 6 && f->l.l3_len > 40)
		return 0;
	return f->l.end - f->l.l4_off;
}

static void tcp(struct weir_editor *e, struct edit_frame *f)
{
	uint8_t *l4 = f->buf->data + f->l.l4_off;
	uint32_t len = tcp_len(e, f);
	uint8_t *sum = len >= 18 ? l4 + 16 : NULL;

	if (len >= 8)
		move_number(e, f, l4 + 4, sum);
	if (len >= 12 && (len < 14 || (l4[13] & 0x12) != 0x02))
		move_number(e, f, l4 + 8, sum);
}
EDIT_STEP(tcp)

static int tcp_compile(struct weir_editor *e, const struct weir_edit_opts *o, struct weir_err *err)
{
	(void)err; /* cannot fail */
	if (!o->tcp_sequence.given)
		return 0;
	(void)lcg_mix(o->tcp_sequence.value, &e->tcp_add);
	return EDIT_TRANSPORT;
}

const struct edit_step edit_tcp_step = {
	.compile = tcp_compile, .run = tcp_run, .on_packet = true, .on_quoted = true
};
