/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * TCP into segments. Each has the headers of the whole, and
 *
 *	IPv4 id		one more than the segment before
 *	sequence number	more by the payload before it (and by one for SYN)
 *	SYN, CWR	only in the first
 *	FIN, PSH	only in the last
 *
 * The checksum of a segment is that of the whole, from which all that was summed is taken
 * away and all that now is added (RFC 1624), so that a wrong one stays as wrong.
 */
#include <errno.h>
#include <string.h>

#include "base/bytes.h"
#include "base/macros.h"
#include "edit/cut.h"
#include "pkt/checksum.h"

enum {
	TCP_FIN = 0x01,
	TCP_SYN = 0x02,
	TCP_PSH = 0x08,
	TCP_CWR = 0x80,
};

struct whole {
	const struct cut *c;
	struct weir_buf head; /* what each segment begins with */
	struct pkt_layers l;  /* of it */
	uint32_t payload;     /* bytes on the wire */
	uint32_t sum;	      /* of what is under the checksum, without it */
	bool known;	      /* all of that was captured */
};

/* Without the rest of the pseudo header, which is the same for all segments. */
static uint32_t sum_under(const uint8_t *tcp, uint32_t head, const uint8_t *payload, uint32_t len)
{
	uint32_t sum = csum_add(head + len, tcp, 16);

	sum = csum_add(sum, tcp + 18, head - 18);
	return csum_add(sum, payload, len);
}

/* A jumbogram's length stands in an option (RFC 2675), which its segments do not need: the
 * bytes of a header with nothing else in it. */
static uint32_t jumbo_size(const struct cut *c)
{
	const uint8_t *ip = c->b->data + c->l.l3_off;

	return c->l.ip_version == 6 && !be16_at(ip + 4) && ip[6] == PKT_IP_HOPOPTS && !ip[41] &&
			       ip[42] == 0xc2
		       ? 8
		       : 0;
}

static int drop_jumbo(struct whole *w, struct made_pool *pool)
{
	const uint8_t *ip = w->head.data + w->l.l3_off;
	uint32_t before = w->l.l3_off + 40;
	uint8_t *head;
	int r;

	if (!jumbo_size(w->c))
		return 0;
	r = made_take(pool, w->l.payload_off - 8, &head);
	if (r < 0)
		return r;
	memcpy(head, w->head.data, before);
	memcpy(head + before, w->head.data + before + 8, w->l.payload_off - before - 8);
	head[w->l.l3_off + 6] = ip[40];
	w->head.data = head;
	w->l.l4_off -= 8;
	w->l.payload_off -= 8;
	return 0;
}

static int whole_begin(struct whole *w, struct cut *c, struct made_pool *pool)
{
	const uint8_t *tcp = c->b->data + c->l.l4_off;

	cut_complete_sum(c);
	*w = (struct whole){ .c = c, .head = *c->b, .l = c->l };
	w->payload = c->l.l3_off + c->size - c->l.payload_off;
	w->known = cut_captured(c, c->l.payload_off, w->payload) == w->payload;
	if (w->known)
		w->sum = sum_under(tcp, c->l.l4_len, tcp + c->l.l4_len, w->payload);
	return drop_jumbo(w, pool);
}

static void set_id(const struct whole *w, uint8_t *ip, uint32_t i)
{
	uint16_t old = be16_at(ip + 4), new = (uint16_t)(old + i);

	if (w->l.ip_version != 4)
		return;
	be16_put(ip + 4, new);
	csum_ipv4_changed16(ip, old, new);
}

static void set_tcp(const struct whole *w, struct weir_buf *f, uint32_t off, uint32_t n)
{
	uint8_t *tcp = f->data + w->l.l4_off;
	bool syn = tcp[13] & TCP_SYN;
	uint32_t sum;

	if (off)
		be32_put(tcp + 4, be32_at(tcp + 4) + off + syn);
	if (off && !w->c->copy_all)
		tcp[13] &= (uint8_t) ~(TCP_SYN | TCP_CWR);
	if (off + n < w->payload && !w->c->copy_all)
		tcp[13] &= (uint8_t) ~(TCP_FIN | TCP_PSH);
	if (!w->known)
		return;
	sum = sum_under(tcp, w->l.l4_len, tcp + w->l.l4_len, n);
	be16_put(tcp + 16, csum_replace(be16_at(tcp + 16), w->sum, sum));
}

int cut_tcp(struct cut *c, uint32_t size, struct made_list *out, struct made_pool *pool,
	    enum weir_edit_reason *ret_why)
{
	struct whole w;
	uint32_t i = 0, n;
	int r;

	if (!cut_is_tcp(c)) {
		*ret_why = WEIR_EDIT_NOT_TCP;
		return 0;
	}
	r = whole_begin(&w, c, pool);
	if (r < 0)
		return r;
	for (uint32_t off = 0; off < w.payload; off += n, i++) {
		uint32_t from = c->l.payload_off + off, have;
		struct weir_buf *f;

		n = MIN(size, w.payload - off);
		have = cut_captured(c, from, n);
		r = made_add(out, pool, &w.head, w.l.payload_off, w.l.payload_off + have, &f);
		if (r < 0)
			return r;
		memcpy(f->data + w.l.payload_off, c->b->data + from, have);
		cut_set_size(f, &w.l, w.l.payload_off - w.l.l3_off + n);
		set_id(&w, f->data + w.l.l3_off, i);
		set_tcp(&w, f, off, n);
	}
	return 1;
}

int cut_tcp_mtu(struct cut *c, uint32_t mtu, struct made_list *out, struct made_pool *pool,
		enum weir_edit_reason *ret_why)
{
	uint32_t head;

	if (!cut_is_tcp(c)) {
		*ret_why = WEIR_EDIT_NOT_TCP;
		return 0;
	}
	head = c->l.payload_off - c->l.l3_off - jumbo_size(c);
	if (head >= mtu) {
		*ret_why = WEIR_EDIT_ALL_HEADERS;
		return 0;
	}
	return cut_tcp(c, mtu - head, out, pool, ret_why);
}
