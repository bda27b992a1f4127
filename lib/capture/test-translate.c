/* SPDX-License-Identifier: BSD-2-Clause */
/* Filters made eBPF answer as libpcap's interpreter does: in an interpreter of our own for what
 * they are made of, and in the kernel. */
#include "capture/translate.h"

#include <errno.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/bpf.h>

#include <weir/trace.h>

#include "base/bytes.h"
#include "base/macros.h"
#include "capture/filter.h"
#include "capture/program.h"
#include "support/data.h"
#include "support/unit.h"

#define MAX_FRAMES 1500u
#define MAX_LEN	   2000u
#define TAG	   4u

/* libpcap's, whose header has another struct bpf_insn: an instruction is the same in the kernel's
 * words. */
unsigned bpf_filter(const struct sock_filter *p, const uint8_t *data, unsigned orig_len,
		    unsigned len);

static const char *const filters[] = {
	"tcp",
	"udp port 53",
	"tcp port 80",
	"port 80 or port 443",
	"host 10.0.0.1",
	"src host 192.0.2.1 and dst port 53",
	"net 10.0.0.0/8",
	"src net 192.168.0.0/16 and not dst net 192.168.0.0/16",
	"ip6",
	"ip6 and tcp port 80",
	"ip6 host 2001:db8::1",
	"icmp",
	"icmp[icmptype] = icmp-echo",
	"icmp6",
	"arp",
	"arp or icmp",
	"vlan",
	"vlan 7",
	"vlan and tcp",
	"vlan 7 and udp port 53",
	"vlan and vlan",
	"mpls",
	"pppoes",
	"ether host 02:00:00:00:00:01",
	"ether broadcast",
	"ether multicast",
	"ether proto 0x0800",
	"ip proto 17",
	"ip multicast",
	"len > 100",
	"less 64",
	"greater 1000",
	"tcp[tcpflags] & (tcp-syn|tcp-fin) != 0",
	"tcp[13] = 2",
	"tcp[((tcp[12] & 0xf0) >> 2):4] = 0x47455420",
	"ip[6:2] & 0x1fff != 0",
	"ip[8] < 64",
	"ip[ip[2:2] - 1] > 100",
	"ip[2:2] = len - 14",
	"ether[0] & 1 = 0",
	"ether[12:2] = 0x86dd",
	"ether[600] > 5",
	"ether[254:4] > 1",
	"ether[1500:4] != 0",
	"ether[ether[15]:2] > 99",
	"ether[len - 4:4] = 0",
	"tcp portrange 1-1023",
	"not ip",
	"not (tcp or udp)",
	"portrange 1024-65535 and not port 8080",
	"ip[0] & 0xf != 5",
	"(ip[2:2] * 3 + 7) / 5 > 40",
	"ip[2:2] % 7 = 3 or ip[4:2] ^ 0xff > 1000",
	"(tcp[0:2] << 2) | 1 > 400",
	"ether[5] >> ether[15] > 0",
};

/* Frames in a row: recorded ones, and cut pieces of them. */
struct frames {
	uint8_t data[MAX_FRAMES][MAX_LEN];
	uint32_t len[MAX_FRAMES];
	unsigned n;
};

/* Numbers that are the same in each run. */
static uint32_t next_random(uint64_t *state)
{
	*state = *state * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(*state >> 33);
}

static void add_frame(struct frames *f, const uint8_t *data, uint32_t len)
{
	if (f->n == MAX_FRAMES || len < 14)
		return;
	f->len[f->n] = MIN(len, MAX_LEN);
	memcpy(f->data[f->n], data, f->len[f->n]);
	f->n++;
}

static void add_file(struct frames *f, const char *path, unsigned most)
{
	struct weir_reader *r = NULL;
	struct weir_record rec;

	if (weir_reader_open(path, &r, NULL) < 0)
		return;
	for (unsigned i = 0; i < most && weir_reader_next(r, &rec, NULL) > 0; i++)
		if (rec.linktype == WEIR_LINKTYPE_ETHERNET)
			add_frame(f, rec.data, rec.len);
	weir_reader_close(r);
}

static void add_files(struct frames *f, const char *folder, const char *names, unsigned most)
{
	char pattern[4096];
	glob_t found;

	(void)snprintf(pattern, sizeof(pattern), "%s/%s", folder, names);
	if (glob(pattern, 0, NULL, &found) != 0)
		return;
	for (size_t i = 0; i < found.gl_pathc; i++)
		add_file(f, found.gl_pathv[i], most);
	globfree(&found);
}

static struct frames *make_frames(void)
{
	struct frames *f = calloc(1, sizeof(*f));
	const char *source = getenv("WEIR_SOURCE");
	char folder[4096];
	uint64_t seed = 1;
	unsigned n;

	assert_non_null(f);
	(void)snprintf(folder, sizeof(folder), "%s/tests/data", source ? source : ".");
	add_files(f, folder, "*.pcap", 60);
	assert_true(f->n > 100);
	if (data_find(folder, sizeof(folder)))
		add_files(f, folder, "tcpdump/*.pcap", 3);
	n = MIN(f->n, MAX_FRAMES * 2 / 3);
	for (unsigned i = 0; i < n; i++) {
		uint8_t *copy = f->data[f->n];

		add_frame(f, f->data[i], 14 + next_random(&seed) % (f->len[i] - 13));
		if (copy != f->data[f->n - 1])
			break;
		copy[next_random(&seed) % f->len[f->n - 1]] = (uint8_t)next_random(&seed);
	}
	return f;
}

/* What runs what was made. Addresses are numbers that are none of the process. */
struct machine {
	const struct translation *t;
	const uint8_t *frame;
	uint32_t len, beside;
	uint64_t reg[11];
	uint8_t stack[512];
};

#define STACK_END 0x10000u
#define HEAD	  0x20000u
#define CTX	  0x30000u

/* size bytes at an address; everything that may be read. */
static uint8_t *memory(struct machine *m, uint64_t at, unsigned size)
{
	if (at >= STACK_END - sizeof(m->stack) && at + size <= STACK_END)
		return m->stack + (at - (STACK_END - sizeof(m->stack)));
	/* Behind the frame is nothing that a filter may see. */
	if (at < HEAD || at + size > HEAD + MIN(m->t->near, m->len))
		fail_msg("%u bytes at %#llx are read", size, (unsigned long long)at);
	return (uint8_t *)(uintptr_t)(m->frame + (at - HEAD));
}

static uint64_t load(struct machine *m, uint64_t at, unsigned size)
{
	const uint8_t *p = memory(m, at, size);

	return size == 4 ? raw32_at(p) : size == 2 ? raw16_at(p) : *p;
}

/* The helper's frame lacks what stands beside it. */
static uint64_t call_helper(struct machine *m)
{
	const uint64_t at = m->reg[2] + m->beside, size = m->reg[4];

	assert_int_equal(m->reg[1], CTX);
	assert_true(at >= TRANSLATE_NEAR_MIN - 4 && size <= 4);
	if (at + size > m->len)
		return (uint64_t)-EFAULT;
	memcpy(memory(m, m->reg[3], (unsigned)size), m->frame + at, size);
	return 0;
}

static uint64_t calculate(unsigned op, uint64_t a, uint64_t b, bool wide)
{
	const unsigned mask = wide ? 63 : 31;
	uint64_t r = 0;

	if (!wide) {
		a = (uint32_t)a;
		b = (uint32_t)b;
	}
	switch (op) {
	case BPF_ADD:
		r = a + b;
		break;
	case BPF_SUB:
		r = a - b;
		break;
	case BPF_MUL:
		r = a * b;
		break;
	case BPF_DIV:
		assert_true(b);
		r = a / b;
		break;
	case BPF_MOD:
		assert_true(b);
		r = a % b;
		break;
	case BPF_OR:
		r = a | b;
		break;
	case BPF_AND:
		r = a & b;
		break;
	case BPF_XOR:
		r = a ^ b;
		break;
	case BPF_LSH:
		r = a << (b & mask);
		break;
	case BPF_RSH:
		r = a >> (b & mask);
		break;
	case BPF_NEG:
		r = -a;
		break;
	case BPF_MOV:
		r = b;
		break;
	default:
		fail_msg("operation %#x", op);
	}
	return wide ? r : (uint32_t)r;
}

static bool jumps(unsigned op, uint64_t a, uint64_t b)
{
	switch (op) {
	case BPF_JA:
		return true;
	case BPF_JEQ:
		return a == b;
	case BPF_JNE:
		return a != b;
	case BPF_JGT:
		return a > b;
	case BPF_JGE:
		return a >= b;
	case BPF_JLT:
		return a < b;
	case BPF_JSET:
		return a & b;
	}
	fail_msg("jump %#x", op);
	return false;
}

static unsigned bytes_of(unsigned code)
{
	return BPF_SIZE(code) == BPF_W ? 4 : BPF_SIZE(code) == BPF_H ? 2 : 1;
}

/* One instruction other than jumps. */
static void step(struct machine *m, const struct bpf_insn *i)
{
	const unsigned class = BPF_CLASS(i->code);
	uint64_t *dst = &m->reg[i->dst_reg], src = m->reg[i->src_reg];

	switch (class) {
	case BPF_LDX:
		*dst = load(m, src + (uint64_t)i->off, bytes_of(i->code));
		break;
	case BPF_STX:
		assert_int_equal(bytes_of(i->code), 4);
		raw32_put(memory(m, *dst + (uint64_t)i->off, 4), (uint32_t)src);
		break;
	case BPF_ALU:
	case BPF_ALU64:
		if (BPF_OP(i->code) == BPF_END)
			*dst = i->imm == 16 ? __builtin_bswap16((uint16_t)*dst)
					    : __builtin_bswap32((uint32_t)*dst);
		else
			*dst = calculate(BPF_OP(i->code), *dst,
					 BPF_SRC(i->code) == BPF_X ? src
								   : (uint64_t)(int64_t)i->imm,
					 class == BPF_ALU64);
		break;
	default:
		fail_msg("instruction %#x", i->code);
	}
}

static bool runs(const struct translation *t, const uint8_t *frame, uint32_t len, uint32_t beside)
{
	struct machine m = { .t = t, .frame = frame, .len = len, .beside = beside };
	unsigned at = 0;

	memset(m.stack, 0xa5, sizeof(m.stack));
	m.reg[1] = CTX;
	m.reg[2] = HEAD;
	m.reg[3] = len;
	m.reg[4] = beside;
	m.reg[10] = STACK_END;
	for (unsigned steps = 0; steps < 100000; steps++) {
		const struct bpf_insn *i = &t->insns[at++];
		const unsigned class = BPF_CLASS(i->code), op = BPF_OP(i->code);
		uint64_t a = m.reg[i->dst_reg];
		uint64_t b =
			BPF_SRC(i->code) == BPF_X ? m.reg[i->src_reg] : (uint64_t)(int64_t)i->imm;

		assert_true(at <= t->n);
		if (class == BPF_JMP && op == BPF_EXIT)
			return (uint32_t)m.reg[0];
		if (class == BPF_JMP && op == BPF_CALL)
			m.reg[0] = call_helper(&m);
		else if (class == BPF_JMP32)
			at += jumps(op, (uint32_t)a, (uint32_t)b) ? (unsigned)i->off : 0;
		else if (class == BPF_JMP)
			at += jumps(op, a, b) ? (unsigned)i->off : 0;
		else
			step(&m, i);
	}
	fail_msg("it does not end");
	return false;
}

static void test_every_filter_answers_as_libpcap_does(void **state)
{
	struct frames *f = make_frames();

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(filters); i++) {
		struct filter *filter = NULL;
		struct translation t = { 0 };
		struct sock_fprog classic;

		assert_int_equal(filter_new(filters[i], WEIR_LINKTYPE_ETHERNET, &filter, NULL), 0);
		classic = filter_program(filter);
		assert_int_equal(translate(&classic, i % 2, &t, NULL), 0);
		for (unsigned k = 0; k < f->n; k++) {
			const bool want = filter_matches(filter, f->data[k], f->len[k], f->len[k]);

			if (runs(&t, f->data[k], f->len[k], k % 3 ? 0 : TAG) != want)
				fail_msg("'%s', frame %u: not %d", filters[i], k, want);
		}
		translation_done(&t);
		filter_free(filter);
	}
	free(f);
}

#define CLASSIC 40u

/* A program that ends and whose jumps stay within, and that reads no memory it has not set. */
static void make_classic(uint64_t *seed, struct sock_filter *p)
{
	static const uint16_t codes[] = {
		BPF_LD | BPF_W | BPF_ABS,
		BPF_LD | BPF_H | BPF_ABS,
		BPF_LD | BPF_B | BPF_ABS,
		BPF_LD | BPF_W | BPF_IND,
		BPF_LD | BPF_H | BPF_IND,
		BPF_LD | BPF_B | BPF_IND,
		BPF_LD | BPF_IMM,
		BPF_LD | BPF_MEM,
		BPF_LD | BPF_LEN,
		BPF_LDX | BPF_IMM,
		BPF_LDX | BPF_MEM,
		BPF_LDX | BPF_LEN,
		BPF_LDX | BPF_MSH | BPF_B,
		BPF_ST,
		BPF_STX,
		BPF_ALU | BPF_ADD | BPF_X,
		BPF_ALU | BPF_SUB | BPF_K,
		BPF_ALU | BPF_MUL | BPF_X,
		BPF_ALU | BPF_DIV | BPF_X,
		BPF_ALU | BPF_DIV | BPF_K,
		BPF_ALU | BPF_MOD | BPF_X,
		BPF_ALU | BPF_AND | BPF_K,
		BPF_ALU | BPF_OR | BPF_X,
		BPF_ALU | BPF_XOR | BPF_K,
		BPF_ALU | BPF_LSH | BPF_K,
		BPF_ALU | BPF_LSH | BPF_X,
		BPF_ALU | BPF_RSH | BPF_X,
		BPF_ALU | BPF_NEG,
		BPF_JMP | BPF_JEQ | BPF_K,
		BPF_JMP | BPF_JGT | BPF_K,
		BPF_JMP | BPF_JGE | BPF_X,
		BPF_JMP | BPF_JSET | BPF_K,
		BPF_JMP | BPF_JA,
		BPF_MISC | BPF_TAX,
		BPF_MISC | BPF_TXA,
	};
	static const uint32_t interesting[] = {
		0, 1, 12, 14, 23, 31, 60, 254, 300, 1400, 0xffffffff
	};

	for (unsigned i = 0; i < CLASSIC; i++) {
		const unsigned left = CLASSIC - 1 - i;

		p[i] = (struct sock_filter){
			.code = codes[next_random(seed) % ARRAY_SIZE(codes)],
			.k = interesting[next_random(seed) % ARRAY_SIZE(interesting)]
		};
		if (i < 16) /* nothing can jump over these */
			p[i] = (struct sock_filter){ .code = BPF_ST, .k = i };
		if (BPF_CLASS(p[i].code) == BPF_ST || BPF_CLASS(p[i].code) == BPF_STX ||
		    (BPF_CLASS(p[i].code) <= BPF_LDX && BPF_MODE(p[i].code) == BPF_MEM))
			p[i].k %= 16;
		if (BPF_CLASS(p[i].code) == BPF_ALU && BPF_SRC(p[i].code) == BPF_K)
			p[i].k = 1 + p[i].k % 31;
		if (BPF_CLASS(p[i].code) == BPF_JMP) {
			p[i].jt = left ? (uint8_t)(next_random(seed) % MIN(left, 4u)) : 0;
			p[i].jf = left ? (uint8_t)(next_random(seed) % MIN(left, 4u)) : 0;
			p[i].k = BPF_OP(p[i].code) == BPF_JA ? p[i].jt : p[i].k;
		}
		if (!left)
			p[i] = (struct sock_filter){ .code = BPF_RET | BPF_A };
	}
}

static void test_programs_that_no_filter_is_answer_the_same(void **state)
{
	struct frames *f = make_frames();
	struct sock_filter p[CLASSIC];
	struct sock_fprog classic = { .len = CLASSIC, .filter = p };
	unsigned yes = 0;
	uint64_t seed = 7;

	(void)state;
	for (unsigned i = 0; i < 3000; i++) {
		struct translation t;

		make_classic(&seed, p);
		assert_int_equal(translate(&classic, false, &t, NULL), 0);
		for (unsigned k = i % 7; k < f->n; k += 97) {
			const bool want = bpf_filter(p, f->data[k], f->len[k], f->len[k]) != 0;

			if (runs(&t, f->data[k], f->len[k], 0) != want)
				fail_msg("program %u, frame %u: not %d", i, k, want);
			yes += want;
		}
		translation_done(&t);
	}
	assert_true(yes > 100);
	free(f);
}

static void test_what_is_not_known_is_refused(void **state)
{
	struct sock_filter unknown[] = { { .code = BPF_RET | BPF_X } };
	struct sock_filter outside[] = { { .code = BPF_JMP | BPF_JA, .k = 7 },
					 { .code = BPF_RET | BPF_K } };
	struct sock_filter zero[] = { { .code = BPF_ALU | BPF_DIV | BPF_K },
				      { .code = BPF_RET | BPF_K } };
	const struct sock_fprog all[] = {
		{ 1, unknown }, { 2, outside }, { 2, zero }, { 0, zero }
	};
	struct sock_fprog looping;
	struct filter *filter = NULL;
	struct translation t;
	struct weir_err err = { 0 };

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(all); i++) {
		err = (struct weir_err){ 0 };
		assert_int_equal(translate(&all[i], false, &t, &err), -ENOTSUP);
		assert_true(err.text[0]);
	}
	assert_int_equal(filter_new("ip6 protochain 6", WEIR_LINKTYPE_ETHERNET, &filter, NULL), 0);
	looping = filter_program(filter);
	assert_int_equal(translate(&looping, false, &t, &err), -ENOTSUP);
	assert_string_equal(err.text, "it has a loop");
	filter_free(filter);
}

/* Which frames the kernel's program counts as filtered. */
static void run_in_kernel(const char *text, bool xdp, const struct frames *f, unsigned every)
{
	const struct weir_iface lo = { .name = "lo", .index = 1 };
	struct program_opts opts = { .iface = &lo, .in = true, .xdp = xdp };
	struct capture_control *control = NULL;
	struct program_rings rings = { 0 };
	struct filter *filter = NULL;
	struct program prog;
	struct sock_fprog classic;
	struct weir_err err = { 0 };
	unsigned ran = 0;
	int r;

	assert_int_equal(filter_new(text, WEIR_LINKTYPE_ETHERNET, &filter, NULL), 0);
	classic = filter_program(filter);
	opts.filter = &classic;
	program_size(&opts, CAPTURE_CHUNK, CAPTURE_CHUNK);
	r = program_load(&opts, &prog, &err);
	if (r == -EPERM || r == -ENOTSUP) {
		filter_free(filter);
		skip();
	}
	if (r < 0)
		fail_msg("'%s': %s", text, err.text);
	assert_int_equal(program_map_control(program_control_fd(&prog), &control, NULL), 0);
	assert_int_equal(program_map_rings(program_rings_fd(&prog), opts.ring_size, opts.n_rings,
					   &rings, NULL),
			 0);
	control->on = 1;
	for (unsigned k = 0; k < f->n; k += every) {
		LIBBPF_OPTS(bpf_test_run_opts, run, .data_in = f->data[k],
			    .data_size_in = f->len[k], .repeat = 1);
		const bool want = filter_matches(filter, f->data[k], f->len[k], f->len[k]);
		uint64_t filtered = 0;

		for (unsigned i = 0; i < rings.n; i++)
			filtered -= program_ring(&rings, i)->filtered;
		r = bpf_prog_test_run_opts(program_fd(&prog, PROGRAM_IN), &run);
		if (r == -EINVAL) /* the kernel wants whole headers there */
			continue;
		assert_int_equal(r, 0);
		ran++;
		for (unsigned i = 0; i < rings.n; i++)
			filtered += program_ring(&rings, i)->filtered;
		if (filtered != !want)
			fail_msg("'%s', frame %u: not %d", text, k, want);
	}
	assert_true(ran > 60);
	program_unmap_rings(&rings);
	program_unmap_control(control);
	program_unload(&prog);
	filter_free(filter);
}

static void test_the_kernel_takes_them_and_answers_the_same(void **state)
{
	struct frames *f = make_frames();

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(filters); i++)
		run_in_kernel(filters[i], i % 2, f, 5);
	run_in_kernel("ip[ip[2:2] - 1] > 100", true, f, 3);
	run_in_kernel("vlan 7 and udp port 53", true, f, 3);
	free(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_filter_answers_as_libpcap_does),
		cmocka_unit_test(test_programs_that_no_filter_is_answer_the_same),
		cmocka_unit_test(test_what_is_not_known_is_refused),
		cmocka_unit_test(test_the_kernel_takes_them_and_answers_the_same),
	};

	return unit_run(tests);
}
