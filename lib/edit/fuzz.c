/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Damage to one frame in so many: dropped, cut, or some bytes of its payload set to 0,
 * to 1s or to something else, at its beginning, its end or in between. What happens to
 * a frame is drawn from the seed.
 */
#include <string.h>

#include "base/macros.h"
#include "edit/edit.h"

#define FACTOR_DEFAULT 8u

/* The bytes that may be damaged: *ret_len of them, from the result on. */
static uint32_t find_target(const struct edit_frame *f, uint32_t *ret_len)
{
	uint32_t off = MIN(f->l.payload_off, f->l.end);

	*ret_len = f->l.end - off;
	return off;
}

/* tcpreplay takes as many bytes as stand before the payload, less the header before it,
 * which it takes to have no options, and not to be there behind an extension header. */
static uint32_t find_target_quirk(const struct edit_frame *f, uint32_t *ret_len)
{
	uint32_t head = f->l.proto == PKT_IP_TCP ? 20 : f->l.proto == PKT_IP_UDP ? 8 : 0;

	if (!f->l.ip_version)
		return find_target(f, ret_len);
	if (f->l.ip_version == 6 && f->l.l3_len > 40)
		head = 0;
	*ret_len = f->l.l4_off - head;
	if (f->l.l4_off + head + (f->l.ip_version == 4 && !head) > f->buf->len)
		*ret_len = 0; /* it gives up */
	return f->l.l4_off + head;
}

static uint32_t draw_size(uint32_t r, uint32_t len)
{
	return len <= 16 ? 1 : 1 + r % 15;
}

/* how: 0 clear, 1 change, 2 set bits */
static void damage(struct edit_frame *f, uint32_t off, uint32_t n, unsigned how, uint32_t r)
{
	uint8_t *p = f->buf->data + off;

	if (off >= f->buf->len)
		return;
	n = MIN(n, f->buf->len - off);
	if (how != 1) {
		memset(p, how ? 0xff : 0, n);
		return;
	}
	for (uint32_t i = 0; i < n; i++)
		p[i] ^= (uint8_t)(r >> 4);
}

static void fuzz(struct weir_editor *e, struct edit_frame *f)
{
	uint32_t r = lcg_draw(&e->fuzz_state);
	uint32_t off, len, at, size;
	unsigned action;

	if (r % e->opts.fuzz_factor)
		return;
	off = e->quirks & WEIR_QUIRK_FUZZ ? find_target_quirk(f, &len) : find_target(f, &len);
	if (len <= 1)
		return;

	r ^= r >> 16;
	action = r % 11;
	if (action == 0) {
		edit_drop(e, f);
		return;
	}
	f->sum = true;
	if (action == 1) {
		edit_cut(f, MIN(f->buf->len, r % (len - 1) + 1));
		f->buf->orig_len = f->buf->len;
		return;
	}
	at = action < 5 ? 0 : (r >> 16) % (len - 1) + 1;
	size = draw_size(r, len - at);
	if (action >= 8) {
		size = draw_size(r, len);
		at = len - size;
	}
	damage(f, off + at, size, (action - 2) % 3, r);
}
EDIT_STEP(fuzz)

static int fuzz_compile(struct weir_editor *e, const struct weir_edit_opts *o, struct weir_err *err)
{
	uint32_t draw;

	(void)err; /* cannot fail */
	if (!o->fuzz_seed.given)
		return 0;
	e->fuzz_state = lcg_mix(o->fuzz_seed.value, &draw);
	if (!o->fuzz_factor)
		e->opts.fuzz_factor = FACTOR_DEFAULT;
	return EDIT_NETWORK | EDIT_REMEMBERS;
}

const struct edit_step edit_fuzz_step = { .compile = fuzz_compile, .run = fuzz_run };
