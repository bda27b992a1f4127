/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One instruction after another, in a row: jumps of classic BPF go forward, so the row is
 * free of loops. Registers and stack of what is made:
 *
 *	r6 ctx   r7 head   r8 A   r9 X   r0-r5 for the moment
 *	fp-64 .. fp-4	M[0] .. M[15]
 *	fp-72		len
 *	fp-80		beside
 *	fp-88		what a helper reads
 */
#include "capture/translate.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/macros.h"

/* An instruction becomes at most so many, the beginning and the end together as well. So offsets
 * of jumps fit into 16 bits. */
#define MOST_EACH  24u
#define MOST_ENDS  40u
#define MAX_LENGTH 1024u

/* How far an offset that is computed may exceed its constant part to be near as a rule: the
 * longest header of IPv4 and then some. */
#define USUAL_X 64u

#define LEN_AT	  (-72)
#define BESIDE_AT (-80)
#define READ_AT	  (-88)

#define REG_CTX	 BPF_REG_6
#define REG_HEAD BPF_REG_7
#define REG_A	 BPF_REG_8
#define REG_X	 BPF_REG_9

/* Newer than the oldest headers that we build with. */
#define XDP_LOAD_BYTES 189

/* Where jumps of eBPF go that are not yet known: places of classic instructions, or this. */
#define TO_NOTHING UINT32_MAX

struct jump {
	unsigned from;
	uint32_t to;
};

struct making {
	const struct sock_filter *classic;
	unsigned n_classic;
	bool xdp;
	struct translation *out;
	struct jump *jumps;
	unsigned n_jumps;
	unsigned *places; /* of classic instructions */
	struct weir_err *err;
};

static void emit(struct making *m, unsigned code, unsigned dst, unsigned src, int off, int32_t imm)
{
	m->out->insns[m->out->n++] = (struct bpf_insn){ .code = (uint8_t)code,
							.dst_reg = dst & 15,
							.src_reg = src & 15,
							.off = (int16_t)off,
							.imm = imm };
}

static void move(struct making *m, unsigned dst, unsigned src)
{
	emit(m, BPF_ALU64 | BPF_MOV | BPF_X, dst, src, 0, 0);
}

/* The upper half becomes 0. */
static void set(struct making *m, unsigned dst, uint32_t value)
{
	emit(m, BPF_ALU | BPF_MOV | BPF_K, dst, 0, 0, (int32_t)value);
}

static void load_stack(struct making *m, unsigned dst, int at)
{
	emit(m, BPF_LDX | BPF_MEM | BPF_W, dst, BPF_REG_10, at, 0);
}

static void store_stack(struct making *m, int at, unsigned src)
{
	emit(m, BPF_STX | BPF_MEM | BPF_W, BPF_REG_10, src, at, 0);
}

/* A jump whose offset is filled in at the end. */
static void jump(struct making *m, unsigned code, unsigned dst, unsigned src, int32_t imm,
		 uint32_t to)
{
	m->jumps[m->n_jumps++] = (struct jump){ .from = m->out->n, .to = to };
	emit(m, code, dst, src, 0, imm);
}

static unsigned size_of(unsigned code)
{
	return BPF_SIZE(code) == BPF_W ? 4 : BPF_SIZE(code) == BPF_H ? 2 : 1;
}

/* Reads at *(base + off) into a register, in the order of this machine. */
static void read_at(struct making *m, unsigned code, unsigned dst, unsigned base, int off)
{
	emit(m, BPF_LDX | BPF_MEM | BPF_SIZE(code), dst, base, off, 0);
	if (size_of(code) > 1)
		emit(m, BPF_ALU | BPF_END | BPF_TO_BE, dst, 0, 0, (int32_t)size_of(code) * 8);
}

/* By a helper, at the offset in r1, which is within the frame and far. */
static void read_far(struct making *m, unsigned code, unsigned dst)
{
	move(m, BPF_REG_2, BPF_REG_1);
	load_stack(m, BPF_REG_3, BESIDE_AT);
	emit(m, BPF_ALU64 | BPF_SUB | BPF_X, BPF_REG_2, BPF_REG_3, 0, 0);
	move(m, BPF_REG_1, REG_CTX);
	move(m, BPF_REG_3, BPF_REG_10);
	emit(m, BPF_ALU64 | BPF_ADD | BPF_K, BPF_REG_3, 0, 0, READ_AT);
	set(m, BPF_REG_4, size_of(code));
	emit(m, BPF_JMP | BPF_CALL, 0, 0, 0, m->xdp ? XDP_LOAD_BYTES : BPF_FUNC_skb_load_bytes);
	jump(m, BPF_JMP | BPF_JNE | BPF_K, BPF_REG_0, 0, 0, TO_NOTHING);
	read_at(m, code, dst, BPF_REG_10, READ_AT);
}

/* What lies at the offset k, if the frame reaches so far; else it is not wanted. */
static void read_fixed(struct making *m, unsigned code, unsigned dst, uint32_t k)
{
	/* Of what no frame reaches, as much as a comparison can hold. */
	const uint64_t end = MIN((uint64_t)k + size_of(code), (uint64_t)INT32_MAX);

	load_stack(m, BPF_REG_0, LEN_AT);
	jump(m, BPF_JMP | BPF_JLT | BPF_K, BPF_REG_0, 0, (int32_t)end, TO_NOTHING);
	if (end <= m->out->near) {
		read_at(m, code, dst, REG_HEAD, (int)k);
		return;
	}
	set(m, BPF_REG_1, k);
	read_far(m, code, dst);
}

/* The same at X + k. */
static void read_computed(struct making *m, unsigned code, uint32_t k)
{
	const unsigned size = size_of(code);
	unsigned far, end;

	/* In 64 bits, where X + k is never too large. */
	set(m, BPF_REG_1, k);
	emit(m, BPF_ALU64 | BPF_ADD | BPF_X, BPF_REG_1, REG_X, 0, 0);
	move(m, BPF_REG_2, BPF_REG_1);
	emit(m, BPF_ALU64 | BPF_ADD | BPF_K, BPF_REG_2, 0, 0, (int32_t)size);
	load_stack(m, BPF_REG_0, LEN_AT);
	jump(m, BPF_JMP | BPF_JGT | BPF_X, BPF_REG_2, BPF_REG_0, 0, TO_NOTHING);
	far = m->out->n;
	emit(m, BPF_JMP | BPF_JGT | BPF_K, BPF_REG_1, 0, 0, (int32_t)(m->out->near - size));
	emit(m, BPF_ALU64 | BPF_ADD | BPF_X, BPF_REG_1, REG_HEAD, 0, 0);
	read_at(m, code, REG_A, BPF_REG_1, 0);
	end = m->out->n;
	emit(m, BPF_JMP | BPF_JA, 0, 0, 0, 0);
	m->out->insns[far].off = (int16_t)(m->out->n - far - 1);
	read_far(m, code, REG_A);
	m->out->insns[end].off = (int16_t)(m->out->n - end - 1);
}

static int refuse(const struct making *m, const struct sock_filter *f)
{
	return err_set(m->err, -ENOTSUP, "its instruction %u (%#x) is not known",
		       (unsigned)(f - m->classic), f->code);
}

static int at_memory(uint32_t k)
{
	return -64 + 4 * (int)(k & 15);
}

static int make_load(struct making *m, const struct sock_filter *f)
{
	const bool into_x = BPF_CLASS(f->code) == BPF_LDX;
	const unsigned dst = into_x ? REG_X : REG_A;

	switch (BPF_MODE(f->code)) {
	case BPF_IMM:
		set(m, dst, f->k);
		return 0;
	case BPF_MEM:
		load_stack(m, dst, at_memory(f->k));
		return 0;
	case BPF_LEN:
		load_stack(m, dst, LEN_AT);
		return 0;
	case BPF_ABS:
		if (into_x)
			break;
		read_fixed(m, f->code, dst, f->k);
		return 0;
	case BPF_IND:
		if (into_x)
			break;
		read_computed(m, f->code, f->k);
		return 0;
	case BPF_MSH:
		if (!into_x)
			break;
		read_fixed(m, f->code, dst, f->k);
		emit(m, BPF_ALU | BPF_AND | BPF_K, dst, 0, 0, 15);
		emit(m, BPF_ALU | BPF_LSH | BPF_K, dst, 0, 0, 2);
		return 0;
	}
	return refuse(m, f);
}

/* Shifts by 32 and more leave nothing, unlike those of eBPF. */
static void make_shift(struct making *m, unsigned op, unsigned src, uint32_t k)
{
	if (src == BPF_K && k > 31) {
		set(m, REG_A, 0);
		return;
	}
	emit(m, BPF_ALU | op | src, REG_A, src == BPF_X ? REG_X : 0, 0,
	     src == BPF_X ? 0 : (int32_t)k);
	if (src == BPF_K)
		return;
	emit(m, BPF_JMP | BPF_JLT | BPF_K, REG_X, 0, 1, 32);
	set(m, REG_A, 0);
}

static int make_alu(struct making *m, const struct sock_filter *f)
{
	const unsigned op = BPF_OP(f->code), src = BPF_SRC(f->code);

	switch (op) {
	case BPF_NEG:
		emit(m, BPF_ALU | BPF_NEG, REG_A, 0, 0, 0);
		return 0;
	case BPF_LSH:
	case BPF_RSH:
		make_shift(m, op, src, f->k);
		return 0;
	case BPF_DIV:
	case BPF_MOD:
		if (src == BPF_K && !f->k)
			return refuse(m, f);
		if (src == BPF_X)
			jump(m, BPF_JMP | BPF_JEQ | BPF_K, REG_X, 0, 0, TO_NOTHING);
		break;
	case BPF_ADD:
	case BPF_SUB:
	case BPF_MUL:
	case BPF_OR:
	case BPF_AND:
	case BPF_XOR:
		break;
	default:
		return refuse(m, f);
	}
	emit(m, BPF_ALU | op | src, REG_A, src == BPF_X ? REG_X : 0, 0,
	     src == BPF_X ? 0 : (int32_t)f->k);
	return 0;
}

static int make_jump(struct making *m, const struct sock_filter *f)
{
	const uint32_t next = (uint32_t)(f - m->classic) + 1;
	const unsigned op = BPF_OP(f->code), src = BPF_SRC(f->code);

	if (op == BPF_JA) {
		if ((int32_t)f->k < 0) /* libpcap's protochain */
			return err_set(m->err, -ENOTSUP, "it has a loop");
		if (f->k >= m->n_classic - next)
			return refuse(m, f);
		jump(m, BPF_JMP | BPF_JA, 0, 0, 0, next + f->k);
		return 0;
	}
	if ((op != BPF_JEQ && op != BPF_JGT && op != BPF_JGE && op != BPF_JSET) ||
	    next + MAX(f->jt, f->jf) >= m->n_classic)
		return refuse(m, f);
	jump(m, BPF_JMP32 | op | src, REG_A, src == BPF_X ? REG_X : 0,
	     src == BPF_X ? 0 : (int32_t)f->k, next + f->jt);
	if (f->jf)
		jump(m, BPF_JMP | BPF_JA, 0, 0, 0, next + f->jf);
	return 0;
}

static int make_return(struct making *m, const struct sock_filter *f)
{
	switch (BPF_RVAL(f->code)) {
	case BPF_K:
		set(m, BPF_REG_0, f->k != 0);
		break;
	case BPF_A:
		move(m, BPF_REG_0, REG_A);
		break;
	default:
		return refuse(m, f);
	}
	emit(m, BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
	return 0;
}

static int make_one(struct making *m, const struct sock_filter *f)
{
	switch (BPF_CLASS(f->code)) {
	case BPF_LD:
	case BPF_LDX:
		return make_load(m, f);
	case BPF_ST:
		store_stack(m, at_memory(f->k), REG_A);
		return 0;
	case BPF_STX:
		store_stack(m, at_memory(f->k), REG_X);
		return 0;
	case BPF_ALU:
		return make_alu(m, f);
	case BPF_JMP:
		return make_jump(m, f);
	case BPF_RET:
		return make_return(m, f);
	case BPF_MISC:
		if (BPF_MISCOP(f->code) != BPF_TAX && BPF_MISCOP(f->code) != BPF_TXA)
			break;
		if (BPF_MISCOP(f->code) == BPF_TAX)
			move(m, REG_X, REG_A);
		else
			move(m, REG_A, REG_X);
		return 0;
	}
	return refuse(m, f);
}

/* Everything that is read is set: the verifier wants to see that. */
static void make_begin(struct making *m)
{
	move(m, REG_CTX, BPF_REG_1);
	move(m, REG_HEAD, BPF_REG_2);
	store_stack(m, LEN_AT, BPF_REG_3);
	store_stack(m, BESIDE_AT, BPF_REG_4);
	set(m, REG_A, 0);
	set(m, REG_X, 0);
	for (uint32_t k = 0; k < BPF_MEMWORDS; k++)
		store_stack(m, at_memory(k), REG_A);
}

/* Frames that are not wanted come here, if there can be some: the verifier wants no code that
 * nothing jumps to. */
static void make_end(struct making *m)
{
	const unsigned nothing = m->out->n;
	bool needed = false;

	for (unsigned i = 0; i < m->n_jumps; i++)
		needed |= m->jumps[i].to == TO_NOTHING;
	if (needed) {
		set(m, BPF_REG_0, 0);
		emit(m, BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
	}
	for (unsigned i = 0; i < m->n_jumps; i++) {
		const struct jump *j = &m->jumps[i];
		const unsigned to = j->to == TO_NOTHING ? nothing : m->places[j->to];

		m->out->insns[j->from].off = (int16_t)(to - j->from - 1);
	}
}

/* How much of a frame is to lie at head: what filters look at as a rule. */
static uint32_t choose_near(const struct sock_fprog *filter)
{
	uint64_t near = TRANSLATE_NEAR_MIN;

	for (unsigned i = 0; i < filter->len; i++) {
		const struct sock_filter *f = &filter->filter[i];
		const unsigned mode = BPF_MODE(f->code);

		if (BPF_CLASS(f->code) != BPF_LD && BPF_CLASS(f->code) != BPF_LDX)
			continue;
		if (mode == BPF_ABS || mode == BPF_MSH || mode == BPF_IND)
			near = MAX(near, (uint64_t)f->k + size_of(f->code) +
						 (mode == BPF_IND ? USUAL_X : 0));
	}
	return (uint32_t)MIN(near, (uint64_t)TRANSLATE_NEAR_MAX);
}

static int make_all(struct making *m)
{
	make_begin(m);
	for (unsigned i = 0; i < m->n_classic; i++) {
		int r;

		m->places[i] = m->out->n;
		r = make_one(m, &m->classic[i]);
		if (r < 0)
			return r;
	}
	make_end(m);
	return 0;
}

int translate(const struct sock_fprog *filter, bool xdp, struct translation *ret_translation,
	      struct weir_err *err)
{
	struct translation out = { .near = choose_near(filter) };
	CLEANUP(freep)
	struct jump *jumps = NULL;
	CLEANUP(freep)
	unsigned *places = NULL;
	struct making m = { .classic = filter->filter,
			    .n_classic = filter->len,
			    .xdp = xdp,
			    .out = &out,
			    .err = err };
	int r;

	if (!filter->len || filter->len > MAX_LENGTH)
		return err_set(err, -ENOTSUP, "it has %u instructions", filter->len);
	out.size = filter->len * MOST_EACH + MOST_ENDS;
	out.insns = calloc(out.size, sizeof(*out.insns));
	jumps = m.jumps = calloc(out.size, sizeof(*jumps));
	places = m.places = calloc(filter->len, sizeof(*places));
	if (!out.insns || !jumps || !places) {
		translation_done(&out);
		return err_set(err, -ENOMEM, "out of memory");
	}
	r = make_all(&m);
	if (r < 0) {
		translation_done(&out);
		return r;
	}
	*ret_translation = out;
	return 0;
}

void translation_done(struct translation *t)
{
	free(t->insns);
	*t = (struct translation){ 0 };
}
