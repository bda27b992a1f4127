/* SPDX-License-Identifier: BSD-2-Clause */
/* The directive tcp_opt: an option more in each TCP header. */
#include <errno.h>
#include <string.h>

#include "base/bytes.h"
#include "base/macros.h"
#include "edit/frag.h"
#include "pkt/checksum.h"

enum kind {
	OPT_MSS,
	OPT_WSCALE,
	OPT_RAW
};

enum {
	TCPOPT_NOP = 1,
	TCPOPT_MSS = 2,
	TCPOPT_WSCALE = 3,
	TCP_OPTIONS_MAX = 40,
};

/* The option as it stands in the frame, filled up to 4 bytes. */
static int opt_parse(struct frag_rule *r, struct frag_text *t)
{
	static const char *const words[] = {
		[OPT_MSS] = "mss", [OPT_WSCALE] = "wscale", [OPT_RAW] = "raw"
	};
	int q = frag_word(t, words, ARRAY_SIZE(words), &r->kind);

	if (q < 0)
		return q;
	if (r->kind == OPT_RAW) {
		q = frag_bytes(t, r, TCP_OPTIONS_MAX);
	} else if (r->kind == OPT_MSS) {
		q = frag_number(t, "the segment size", 1, 65535, &r->value);
		r->n_bytes = r->bytes[1] = 4;
		r->bytes[0] = TCPOPT_MSS;
		be16_put(r->bytes + 2, (uint16_t)r->value);
	} else {
		q = frag_number(t, "the scale", 1, 255, &r->value);
		r->n_bytes = r->bytes[1] = 3;
		r->bytes[0] = TCPOPT_WSCALE;
		r->bytes[2] = (uint8_t)r->value;
	}
	while (q >= 0 && r->n_bytes % 4)
		r->bytes[r->n_bytes++] = TCPOPT_NOP;
	return q;
}

/* In front of other options, which may end with one that says so. The checksum stays as
 * right or wrong as it was. */
static int opt_each(const struct frag_rule *r, struct frag_queue *q, struct cut *c)
{
	uint32_t n = r->n_bytes;
	struct weir_buf *f;
	uint16_t old, check;
	uint8_t *tcp;
	int e;

	if (!cut_is_tcp(c))
		return frag_stay(q, c);
	if (c->l.l4_len + n > 60 || c->size + n > 65535)
		return frag_refuse(q, c, WEIR_EDIT_NO_ROOM);
	e = frag_insert(q, c, c->l.l4_off + 20, n, &f);
	if (e < 0)
		return e;
	tcp = f->data + c->l.l4_off;
	memcpy(tcp + 20, r->bytes, n);
	old = be16_at(tcp + 12);
	tcp[12] = (uint8_t)(tcp[12] + (n / 4 << 4));
	check = csum_update16(be16_at(tcp + 16), old, be16_at(tcp + 12));
	be16_put(tcp + 16, csum_replace(check, 0, csum_add(n, r->bytes, n)));
	return 0;
}

const struct frag_directive frag_tcp_opt = { .name = "tcp_opt",
					     .parse = opt_parse,
					     .each = opt_each };
