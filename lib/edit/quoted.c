/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Packets that ICMP and ICMPv6 errors quote (RFC 792, RFC 4443): they get the edits that
 * tell flows apart (addresses, ports, TCP numbers) as the packets themselves did, so that an
 * error still belongs to its flow.
 *
 *     |IP  R -> C |ICMP type code sum ....|IP  C -> S |first bytes of TCP, UDP ...|
 *                  \________________________ sum covers __________________________/
 *
 * A quoted packet went the other way than the error. Its end is often cut off, so what there
 * is of a transport header is edited.
 */
#include "base/bytes.h"
#include "edit/edit.h"
#include "pkt/checksum.h"

bool edit_quotes(const struct edit_frame *f)
{
	uint8_t type;

	if (f->l.l4_off == PKT_ABSENT || f->l.flags & PKT_LATER_FRAGMENT ||
	    f->l.end < f->l.l4_off + EDIT_ICMP_HEAD)
		return false;
	type = f->buf->data[f->l.l4_off];
	if (f->l.ip_version == 6)
		return f->l.proto == PKT_IP_ICMPV6 && type >= 1 && type <= 4;
	if (f->l.ip_version != 4 || f->l.proto != PKT_IP_ICMP)
		return false;
	return type == 3 || type == 4 || type == 5 || type == 11 || type == 12;
}

/* The quoted packet as a frame of its own, in buf. false: there is none to edit. */
static bool find_quoted(const struct edit_frame *f, struct weir_buf *buf, struct edit_frame *ret)
{
	uint32_t off = f->l.l4_off + EDIT_ICMP_HEAD;

	if (!edit_quotes(f))
		return false;
	*buf = *f->buf;
	buf->data += off;
	buf->len = f->l.end - off;
	*ret = (struct edit_frame){ .buf = buf, .side = !f->side, .quoted = true };
	(void)pkt_parse(f->l.ip_version == 4 ? PKT_LINKTYPE_IPV4 : PKT_LINKTYPE_IPV6, buf->data,
			buf->len, &ret->l); /* cut, mostly: as far as it goes */
	return ret->l.ip_version != 0;
}

static void quoted(struct weir_editor *e, struct edit_frame *f)
{
	struct weir_buf buf;
	struct edit_frame q;
	uint32_t before;

	if (!find_quoted(f, &buf, &q))
		return;
	before = csum_add(0, buf.data, buf.len);
	for (unsigned i = 0; i < e->n_quoted_steps; i++)
		e->quoted_steps[i](e, &q, 1);
	edit_sum_replaced(f, f->buf->data + f->l.l4_off + 2, before,
			  csum_add(0, buf.data, buf.len));
}
EDIT_STEP(quoted)

static int quoted_compile(struct weir_editor *e, const struct weir_edit_opts *o,
			  struct weir_err *err)
{
	(void)o, (void)err; /* cannot fail */
	return e->n_quoted_steps ? EDIT_NETWORK : 0;
}

const struct edit_step edit_quoted_step = { .compile = quoted_compile,
					    .run = quoted_run,
					    .on_packet = true };
