/* SPDX-License-Identifier: BSD-2-Clause */
/* Recipes: whoever follows one comes to the same frames. */
#include <weir/recipe.h>

#include <errno.h>
#include <string.h>

#include <weir/gen.h>

#include "base/macros.h"
#include "support/unit.h"

#define MAX_FRAME 2048u

static struct weir_gen *make(const char *text, struct weir_gen_opts o)
{
	struct weir_gen *g = NULL;
	struct weir_err err = { 0 };

	o.text = text;
	o.len = strlen(text);
	if (weir_gen_new(&o, &g, &err) < 0)
		fail_msg("%s: %s", text, weir_err_text(&err));
	return g;
}

static uint64_t mix(uint64_t x)
{
	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9ULL;
	x = (x ^ x >> 27) * 0x94d049bb133111ebULL;
	return x ^ x >> 31;
}

static uint64_t below(uint64_t salt, uint64_t nr, uint64_t n)
{
	uint64_t r = mix(salt + nr * 0x9e3779b97f4a7c15ULL);

	return n ? (uint64_t)((unsigned __int128)r * n >> 64) : r;
}

static uint64_t value(const struct weir_recipe_field *f, uint64_t nr)
{
	uint64_t digit = f->drawn ? below(f->salt, nr, f->count) : nr / f->stride % f->count;

	switch (f->kind) {
	case WEIR_RECIPE_RANGE:
		return (f->start + f->step * digit) & f->mask;
	case WEIR_RECIPE_LIST:
		return f->list[digit] & f->mask;
	default:
		return f->start + below(f->salt, nr, f->span);
	}
}

static void put(uint8_t *p, unsigned width, uint64_t v)
{
	while (width--) {
		p[width] = (uint8_t)v;
		v >>= 8;
	}
}

static void add(uint64_t *sums, const uint8_t *shifts, uint64_t v)
{
	for (unsigned i = 0; i < WEIR_RECIPE_SUMS; i++)
		if (shifts[i] != WEIR_RECIPE_NO_SUM)
			sums[i] = (sums[i] + (v % 0xffff << shifts[i])) % 0xffff;
}

/* The document of recipe.h, as it is written. */
static void follow(const struct weir_recipe *r, uint64_t nr, uint8_t *frame)
{
	uint64_t sums[WEIR_RECIPE_SUMS];

	memcpy(frame, r->bytes, r->len);
	for (unsigned i = 0; i < r->n_sums; i++)
		sums[i] = r->sums[i].base;
	for (unsigned i = 0; i < r->n_fields; i++) {
		const struct weir_recipe_field *f = &r->fields[i];
		uint64_t v = value(f, nr);

		put(frame + f->off, f->width, v << f->shift | f->fixed);
		add(sums, f->sum_shift, v);
	}
	for (unsigned i = 0; i < r->n_sums; i++) {
		const struct weir_recipe_sum *s = &r->sums[i];
		uint64_t v = 0xffff - sums[i] % 0xffff;

		if (v == 0xffff && !s->nonzero)
			v = 0;
		put(frame + s->off, 2, v);
		add(sums, s->sum_shift, v);
	}
}

static void assert_followed(const char *text, uint64_t first, unsigned n)
{
	struct weir_gen *g = make(text, (struct weir_gen_opts){ .seed = 7 });
	uint8_t made[MAX_FRAME], followed[MAX_FRAME];
	struct weir_pkt p = { .data = made };
	struct weir_err err = { 0 };
	struct weir_recipe r;

	if (weir_gen_recipe(g, &r, &err) < 0)
		fail_msg("%s: %s", text, weir_err_text(&err));
	for (uint64_t nr = first; nr < first + n; nr++) {
		weir_gen_frames(g, nr, &p, 1);
		assert_int_equal(p.len, r.len);
		follow(&r, nr, followed);
		assert_memory_equal(made, followed, r.len);
	}
	weir_gen_free(g);
}

static const char *const templates[] = {
	"Ether()/IP()/UDP()/'constant'",
	"Ether(src='02:00:00:00:00:01')/IP(src='10.0.0.0/24', dst='10.1.0.0/28')/UDP()",
	"Ether()/IP(dst=['192.0.2.1','192.0.2.7','198.51.100.200'])/TCP(dport=[80,443,8080])",
	"Ether()/IP(src='10.0.0.0/30')/TCP(sport=(1,3), dport=(1000,1010), flags='S')/'x'",
	"Ether()/IP(src=RandIP('10.0.0.0/8'), dst=RandIP())/UDP(sport=RandShort())/('a'*99)",
	"Ether(src=RandMAC('02:00:*:*:*:*'))/IP(ttl=RandNum(3,200), id=RandShort())/ICMP()",
	"Ether()/IP(id=Inc(1,5), tos=Dec(9,3))/UDP(dport=RandChoice(53, 80, (1000,1009)))",
	"Ether()/Dot1Q(vlan=(1,4094))/IP()/UDP()",
	"Ether()/IPv6(src='2001:db8::/124', dst=RandIP6('2001:db8:1::/64'))/UDP(sport=(1,9))",
	"Ether()/IP(src='10.9.0.0/29')/UDP()/VXLAN(vni=(5,9))/Ether()/IP(dst='10.0.0.0/28')/UDP()",
	"Ether()/IP()/TCP(seq=Inc(4294967290,4294967295), ack=RandInt(), window=(0,65535))",
};

static void test_who_follows_it_makes_the_same_frames(void **state)
{
	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(templates); i++)
		assert_followed(templates[i], 0, 5000);
}

static void test_frames_are_made_of_any_number(void **state)
{
	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(templates); i++) {
		assert_followed(templates[i], 1ULL << 32, 50);
		assert_followed(templates[i], (1ULL << 63) - 25, 50);
	}
}

/* A sum that comes to 0 is rare: here all that there are occur. */
static void test_both_zeros_of_a_checksum_are_told_apart(void **state)
{
	(void)state;
	assert_followed("Ether()/IP(id=(0,65535))/UDP()", 0, 65536);
	assert_followed("Ether()/IP()/UDP(sport=(0,65535))", 0, 65536);
	assert_followed("Ether()/IPv6()/UDP(sport=(0,65535))", 0, 65536);
}

static void assert_declined(const char *text, struct weir_gen_opts o, const char *why)
{
	struct weir_gen *g = make(text, o);
	struct weir_err err = { 0 };
	struct weir_recipe r;

	assert_int_equal(weir_gen_recipe(g, &r, &err), -ENOTSUP);
	if (!strstr(weir_err_text(&err), why))
		fail_msg("%s: '%s' instead of '%s'", text, weir_err_text(&err), why);
	weir_gen_free(g);
}

static void test_what_does_not_fit_is_declined_with_the_reason(void **state)
{
	const char *udp = "Ether()/IP(src='10.0.0.0/24')/UDP()";
	static const char many[] =
		"Ether()/IP(src=RandIP(), dst=RandIP(), id=RandShort(), ttl=RandByte(), "
		"tos=RandByte())/UDP(sport=RandShort(), dport=RandShort())/Ether(src=RandMAC(), "
		"dst=RandMAC())";

	(void)state;
	assert_declined(udp, (struct weir_gen_opts){ .size = "64-1500" }, "sizes");
	assert_declined(udp, (struct weir_gen_opts){ .size = "IMIX" }, "sizes");
	assert_declined(udp, (struct weir_gen_opts){ .random_order = true }, "order");
	assert_declined(udp, (struct weir_gen_opts){ .stamp = true }, "stamps");
	assert_declined("Ether()/IP()\nEther()/ARP()", (struct weir_gen_opts){ 0 }, "templates");
	assert_declined("Ether()/IP()/UDP()/Raw(load=['a','bb'])", (struct weir_gen_opts){ 0 },
			"layouts");
	assert_declined("Ether()/IP()/UDP()/Raw(load=['aa','bb'])", (struct weir_gen_opts){ 0 },
			"text");
	assert_declined("Ether()/IP()/SCTP(sport=(1,9))", (struct weir_gen_opts){ 0 }, "checksum");
	assert_declined("Ether()/IP(flags=RandNum(0,7), frag=RandNum(0,8000))",
			(struct weir_gen_opts){ 0 }, "share a byte");
	assert_declined(many, (struct weir_gen_opts){ 0 }, "too many fields");
}

static void test_numberer_writes_numbers(void **state)
{
	struct weir_gen *g = make("Ether()/IP(id=(1,9))/UDP()", (struct weir_gen_opts){ 0 });
	uint8_t mem[2][MAX_FRAME];
	struct weir_pkt pkts[2] = { { .data = mem[0] }, { .data = mem[1] } };
	struct weir_maker maker;
	uint64_t nr;

	(void)state;
	weir_gen_numberer(g, &maker);
	maker.frames(maker.ctx, 1ULL << 40, pkts, 2);
	for (unsigned i = 0; i < 2; i++) {
		memcpy(&nr, pkts[i].data, sizeof(nr));
		assert_int_equal(nr, (1ULL << 40) + i);
		assert_int_equal(pkts[i].len, 42);
		assert_int_equal(pkts[i].orig_len, 42);
	}
	weir_gen_free(g);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_who_follows_it_makes_the_same_frames),
		cmocka_unit_test(test_frames_are_made_of_any_number),
		cmocka_unit_test(test_both_zeros_of_a_checksum_are_told_apart),
		cmocka_unit_test(test_what_does_not_fit_is_declined_with_the_reason),
		cmocka_unit_test(test_numberer_writes_numbers),
	};

	return unit_run(tests);
}
