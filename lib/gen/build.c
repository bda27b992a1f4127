/* SPDX-License-Identifier: BSD-2-Clause */
#include "gen/build.h"

#include <errno.h>
#include <string.h>

#include "base/bytes.h"
#include "base/macros.h"
#include "pkt/checksum.h"

/* CRC-32C (RFC 9260, appendix A), reflected, four bits at a time. */
uint32_t gen_crc32c(const uint8_t *p, uint32_t len)
{
	static const uint32_t table[16] = {
		0x00000000, 0x105ec76f, 0x20bd8ede, 0x30e349b1, 0x417b1dbc, 0x5125dad3,
		0x61c69362, 0x7198540d, 0x82f63b78, 0x92a8fc17, 0xa24bb5a6, 0xb21572c9,
		0xc38d26c4, 0xd3d3e1ab, 0xe330a81a, 0xf36e6f75,
	};
	uint32_t crc = 0xffffffff;

	for (uint32_t i = 0; i < len; i++) {
		crc ^= p[i];
		crc = crc >> 4 ^ table[crc & 15];
		crc = crc >> 4 ^ table[crc & 15];
	}
	return ~crc;
}

void gen_put_bits(uint8_t *frame, struct gen_span at, gen_u128 v)
{
	for (uint32_t i = 0; i < at.bits;) {
		uint32_t bit = at.bit + at.bits - 1 - i; /* the lowest that is left */
		uint32_t low = 7 - bit % 8, n = MIN(8 - low, at.bits - i);
		uint8_t mask = (uint8_t)((0xffu >> (8 - n)) << low);

		frame[bit / 8] = (uint8_t)((frame[bit / 8] & ~mask) | ((uint8_t)(v << low) & mask));
		v >>= n;
		i += n;
	}
}

int gen_append(struct gen_build *b, uint32_t at, const void *bytes, uint32_t len)
{
	uint32_t pos = b->bit / 8;

	if (len > b->max - pos)
		return gen_fail(b->src, at, "the frame is longer than %u bytes", b->max);
	if (bytes)
		memcpy(b->mem + pos, bytes, len);
	else
		memset(b->mem + pos, 0, len);
	b->bit += len * 8;
	return 0;
}

/* ---- what a field holds ------------------------------------------------------------ */

static uint64_t digit(const struct gen_build *b, const struct gen_val *v)
{
	return v->dim >= 0 ? b->digits[v->dim] : 0;
}

/* What the layer above asks of this field; NULL: nothing. */
static const struct gen_bind *bound(const struct gen_inst *inst, const char *field)
{
	const struct gen_bind *b, *found = NULL;
	bool any = false;

	if (!inst->above)
		return NULL;
	for (const struct gen_layer *l = inst->def; l && !any;
	     l = l->like ? gen_layer_find(l->like) : NULL) {
		unsigned i = 0;

		while ((b = gen_bind_next(inst->above->def, l->name, &i))) {
			any = true;
			if (b->field && !strcmp(b->field, field))
				found = b;
		}
	}
	return found;
}

/* An address of the tables: they hold no bad ones. */
static gen_u128 address(const struct gen_field *f, const char *text)
{
	gen_u128 v = 0;

	if (f->kind == FIELD_MAC)
		(void)gen_mac_parse(text, &v);
	else if (f->kind == FIELD_IP4)
		(void)gen_ip4_parse(text, &v);
	else
		(void)gen_ip6_parse(text, &v);
	return v;
}

static gen_u128 default_num(const struct gen_build *b, const struct gen_field *f)
{
	gen_u128 v = 0;

	if ((f->flags & GEN_IFACE) && b->mac) {
		for (unsigned i = 0; i < 6; i++)
			v = v << 8 | b->mac[i];
		return v;
	}
	return f->text ? address(f, f->text) : (gen_u128)f->def << f->shift;
}

static bool is_given(const struct gen_val *v)
{
	return v->kind != VAL_UNSET && v->kind != VAL_NOTHING;
}

gen_u128 gen_field_num(const struct gen_build *b, const struct gen_inst *inst, unsigned i)
{
	const struct gen_field *f = &inst->def->fields[i];
	const struct gen_val *v = inst->vals[i];
	const struct gen_bind *bind;

	if (v->kind == VAL_NUMS)
		return gen_val_num(v, digit(b, v));
	if (is_given(v))
		return 0; /* it changes from frame to frame, and is patched there */
	bind = bound(inst, f->name);
	if (!bind)
		return default_num(b, f);
	return bind->text ? address(f, bind->text) : bind->num;
}

const struct gen_inst *gen_chain_of(const struct gen_build *b, const struct gen_val *v)
{
	return v->kind == VAL_CHAINS ? v->chains[digit(b, v)] : NULL;
}

static bool holds(const struct gen_build *b, const struct gen_inst *inst, const struct gen_cond *c)
{
	gen_u128 v;

	if (c->test == TEST_BELOW)
		return inst->below && !strcmp(inst->below->def->name, c->field);
	v = gen_field_num(b, inst, (unsigned)gen_field_find(inst->def, c->field));
	switch (c->test) {
	case TEST_IN:
		return v < 64 && (c->set >> (unsigned)v & 1);
	case TEST_OUT:
		return !(v < 64 && (c->set >> (unsigned)v & 1));
	case TEST_ANY:
		return (v & c->set) != 0;
	default: /* TEST_NO */
		return !(v & c->set);
	}
}

static bool is_there(const struct gen_build *b, const struct gen_inst *inst,
		     const struct gen_field *f)
{
	if (f->when[0].test == TEST_NONE)
		return true;
	for (unsigned i = 0; i < ARRAY_SIZE(f->when) && f->when[i].test; i++)
		if (holds(b, inst, &f->when[i]))
			return true;
	return false;
}

/* ---- layers ------------------------------------------------------------------------ */

static int note_spot(struct gen_build *b, const struct gen_inst *inst, unsigned i,
		     struct gen_span at)
{
	const struct gen_val *v = inst->vals[i];

	if (v->dim < 0 && !gen_val_changes(v))
		return 0;
	if (b->n_spots == GEN_MAX_SPOTS)
		return gen_fail(b->src, v->at, "more than %u fields that change", GEN_MAX_SPOTS);
	b->spots[b->n_spots++] = (struct gen_spot){ v, &inst->def->fields[i], at };
	return 0;
}

static int note_later(struct gen_build *b, const struct gen_inst *inst, unsigned i,
		      struct gen_span at)
{
	if (b->n_later == GEN_MAX_LATER)
		return gen_fail(b->src, inst->node->at, "more than %u lengths and checksums",
				GEN_MAX_LATER);
	b->later[b->n_later++] = (struct gen_later){ inst, &inst->def->fields[i], at, b->n_places };
	return 0;
}

static int append_num(struct gen_build *b, const struct gen_inst *inst, unsigned i)
{
	const struct gen_field *f = &inst->def->fields[i];
	const struct gen_val *v = inst->vals[i];
	gen_u128 num = gen_field_num(b, inst, i);
	struct gen_span at = { b->bit, f->bits };
	bool computed = f->automatic && !is_given(v) && !bound(inst, f->name);

	if ((f->flags & GEN_PPP) && num < 256 && (num & 1))
		at.bits = 8;
	if ((b->bit + at.bits + 7) / 8 > b->max)
		return gen_fail(b->src, inst->node->at, "the frame is longer than %u bytes",
				b->max);
	if (b->bit % 8 == 0)
		memset(b->mem + b->bit / 8, 0, (at.bits + 7u) / 8);
	else if (b->bit % 8 + at.bits > 8)
		memset(b->mem + b->bit / 8 + 1, 0, (b->bit % 8 + at.bits - 1) / 8);
	b->bit += at.bits;
	if (computed && (f->auto_when.test == TEST_NONE || holds(b, inst, &f->auto_when)))
		return note_later(b, inst, i, at);
	gen_put_bits(b->mem, at, num);
	return note_spot(b, inst, i, at);
}

static int append_bytes(struct gen_build *b, const struct gen_inst *inst, unsigned i)
{
	const struct gen_field *f = &inst->def->fields[i];
	const struct gen_val *v = inst->vals[i];
	const struct gen_bind *bind = bound(inst, f->name);
	struct gen_span at = { b->bit, 0 };
	const char *text = bind ? bind->text : "";
	int r;

	if (v->kind == VAL_STRINGS)
		r = gen_append(b, v->at, v->strings[digit(b, v)].bytes,
			       v->strings[digit(b, v)].len);
	else if (v->kind == VAL_RANDOM_STRING)
		r = gen_append(b, v->at, NULL, v->len);
	else if (f->size)
		r = gen_append(b, v->at, NULL, f->size);
	else
		r = gen_append(b, v->at, text, (uint32_t)strlen(text));
	at.bits = b->bit - at.bit;
	return r < 0 ? r : note_spot(b, inst, i, at);
}

static int append_field(struct gen_build *b, const struct gen_inst *inst, unsigned i,
			uint32_t begin)
{
	switch (inst->def->fields[i].kind) {
	case FIELD_UINT:
	case FIELD_FLAGS:
	case FIELD_MAC:
	case FIELD_IP4:
	case FIELD_IP6:
		return append_num(b, inst, i);
	case FIELD_BYTES:
		return append_bytes(b, inst, i);
	case FIELD_SWITCH:
		return 0;
	default:
		return gen_append_items(b, inst, i, begin);
	}
}

/* Fills the field up to a whole number of units, as options are. */
static int fill_up(struct gen_build *b, const struct gen_field *f, uint32_t begin, uint32_t at)
{
	uint32_t over = (b->bit / 8 - begin) % f->unit;

	return over ? gen_append(b, at, NULL, f->unit - over) : 0;
}

static int store_num(struct gen_build *b, const struct gen_later *l, uint32_t v)
{
	if (!(l->field->flags & GEN_MASK) && l->at.bits < 32 && v >> l->at.bits)
		return gen_fail(b->src, l->inst->node->at, "%s.%s would be %u, which is too large",
				l->inst->def->name, l->field->name, v);
	gen_put_bits(b->mem, l->at, v);
	return 0;
}

/* Computes those of the fields noted since first that need only the layer itself. */
static int settle_layer(struct gen_build *b, unsigned first, uint32_t begin, const uint32_t *sizes)
{
	unsigned kept = first;

	for (unsigned i = first; i < b->n_later; i++) {
		const struct gen_later l = b->later[i];
		int of = l.field->of ? gen_field_find(l.inst->def, l.field->of) : 0;
		int64_t v;

		switch (l.field->automatic) {
		case AUTO_HEADER:
			v = (int64_t)(b->bit / 8 - begin) + l.field->adj;
			v /= l.field->unit;
			break;
		case AUTO_SIZE:
			v = (int64_t)sizes[of] + l.field->adj;
			break;
		case AUTO_COUNT:
			v = (int64_t)gen_count_items(b, l.inst, (unsigned)of) + l.field->adj;
			break;
		default:
			b->later[kept++] = l;
			continue;
		}
		if (store_num(b, &l, (uint32_t)MAX(v, 0)) < 0)
			return -EINVAL;
	}
	b->n_later = kept;
	return 0;
}

int gen_append_layer(struct gen_build *b, const struct gen_inst *inst)
{
	uint32_t begin = b->bit / 8, sizes[GEN_MAX_FIELDS] = { 0 };
	unsigned first = b->n_later;
	int r = 0;

	if (inst->raw)
		return gen_append(b, inst->raw->at, inst->raw->bytes, inst->raw->len);
	for (unsigned i = 0; inst->def->fields[i].name && r >= 0; i++) {
		const struct gen_field *f = &inst->def->fields[i];
		uint32_t bit = b->bit;

		if (!is_there(b, inst, f))
			continue;
		r = append_field(b, inst, i, begin);
		sizes[i] = (b->bit - bit) / 8;
		if (r >= 0 && (f->flags & GEN_PAD))
			r = fill_up(b, f, begin, inst->node->at);
		if (!inst->option && f->kind == FIELD_IP6LIST)
			b->places[b->n_places].addresses = bit / 8;
	}
	return r < 0 ? r : settle_layer(b, first, begin, sizes);
}

/* ---- what depends on the payload ----------------------------------------------------- */

static int settle_length(struct gen_build *b, const struct gen_later *l)
{
	int64_t v = (int64_t)b->payload_end - b->places[l->place].begin + l->field->adj;

	b->lens[b->n_lens++] = (struct gen_length){ l->at, (uint32_t)MAX(v, 0) };
	return store_num(b, l, (uint32_t)MAX(v, 0));
}

static void add_region(struct gen_sum *s, uint32_t off, uint32_t len)
{
	s->regions[s->n_regions].off = off;
	s->regions[s->n_regions++].len = len;
}

/* What the header says of its own length, if it was given: it is what the pseudo header
 * has then, even if it is wrong. */
static void note_given_length(const struct gen_build *b, const struct gen_place *ip,
			      struct gen_sum *s, uint32_t *len)
{
	int f = gen_field_find(ip->inst->def, ip->inst->def->ip == 4 ? "len" : "plen");
	uint32_t header = ip->inst->def->ip == 4 ? ip->end - ip->begin : 0;
	uint32_t given;

	if (!is_given(ip->inst->vals[f]) || ip->inst->def->ip != 4)
		return;
	given = (uint32_t)gen_field_num(b, ip->inst, (unsigned)f);
	*len = given > header ? given - header : 0;
	s->length_fixed = true;
}

/* Adds the pseudo header of the IP layer under place. False: there is none. */
static bool add_pseudo(const struct gen_build *b, unsigned place, uint32_t proto, struct gen_sum *s)
{
	uint32_t len = b->payload_end - b->places[place].begin, dst = 0;
	const struct gen_place *p = &b->places[place];

	while (p-- > b->places && p->inst->def->ip_ext) {
		const struct gen_layer *l = p->inst->def;
		int left = l->route ? gen_field_find(l, "segleft") : -1;
		bool on_way = left >= 0 && (is_given(p->inst->vals[left])
						    ? gen_field_num(b, p->inst, (unsigned)left) != 0
						    : p->end > p->addresses);

		if (on_way && p->end > p->addresses)
			dst = l->route == ROUTE_FIRST ? p->addresses : p->end - 16;
	}
	if (p < b->places || !p->inst->def->ip)
		return false;
	if (p->inst->def->ip == 4)
		add_region(s, p->begin + 12, 8);
	else if (!dst)
		add_region(s, p->begin + 8, 32);
	else
		add_region(s, p->begin + 8, 16), add_region(s, dst, 16);
	note_given_length(b, p, s, &len);
	s->extra = proto + len;
	s->pseudo = true;
	return true;
}

uint32_t gen_sum_of(const struct gen_sum *s, const uint8_t *frame, uint32_t grown)
{
	uint32_t tail = s->to_end ? grown : 0, sum = s->extra;
	uint16_t check;

	if (s->kind == AUTO_CRC32C)
		return __builtin_bswap32(
			gen_crc32c(frame + s->regions[0].off, s->regions[0].len + tail));
	if (s->pseudo && !s->length_fixed)
		sum += grown;
	for (unsigned i = s->n_regions; i-- > 0;) /* the first may be odd: it comes last */
		sum = csum_add(sum, frame + s->regions[i].off, s->regions[i].len + (i ? 0 : tail));
	check = csum_fold(sum);
	return !check && s->nonzero ? 0xffff : check;
}

static void settle_sum(struct gen_build *b, const struct gen_later *l)
{
	const struct gen_place *p = &b->places[l->place];
	struct gen_sum *s = &b->sums[b->n_sums];

	*s = (struct gen_sum){
		.at = l->at,
		.kind = (enum gen_auto)l->field->automatic,
		.nonzero = l->field->flags & GEN_NONZERO,
		.to_end = l->field->automatic != AUTO_SUM,
	};
	add_region(s, p->begin, (s->to_end ? b->payload_end : p->end) - p->begin);
	if (s->kind == AUTO_SUM_PSEUDO && !add_pseudo(b, l->place, (uint32_t)l->field->adj, s))
		return; /* Scapy leaves it 0 too */
	b->n_sums++;
	gen_put_bits(b->mem, l->at, gen_sum_of(s, b->mem, 0));
}

static int append_chain(struct gen_build *b, const struct gen_inst *outermost, bool padding)
{
	for (const struct gen_inst *inst = outermost; inst; inst = inst->above) {
		struct gen_place *p = &b->places[b->n_places];
		int r;

		if (inst->def->padding != padding)
			continue;
		*p = (struct gen_place){ .inst = inst, .begin = b->bit / 8 };
		r = gen_append_layer(b, inst);
		if (r < 0)
			return r;
		p->end = b->bit / 8;
		b->n_places++;
	}
	return 0;
}

int gen_build(struct gen_build *b, const struct gen_inst *outermost)
{
	int r;

	b->bit = 0;
	b->n_places = b->n_later = b->n_spots = b->n_lens = b->n_sums = 0;
	r = append_chain(b, outermost, false);
	if (r >= 0)
		r = gen_append(b, outermost->node->at, NULL, b->grow);
	b->payload_end = b->bit / 8;
	if (r >= 0)
		r = append_chain(b, outermost, true);
	b->len = b->bit / 8;
	for (unsigned i = 0; i < b->n_later && r >= 0; i++)
		if (b->later[i].field->automatic == AUTO_LEN)
			r = settle_length(b, &b->later[i]);
	if (r < 0)
		return r;
	for (unsigned i = b->n_later; i-- > 0;) /* inner checksums are part of the outer ones */
		if (b->later[i].field->automatic != AUTO_LEN)
			settle_sum(b, &b->later[i]);
	return 0;
}
