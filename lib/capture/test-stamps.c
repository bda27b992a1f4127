/* SPDX-License-Identifier: BSD-2-Clause */
/* The time that programs in the kernel give frames with a stamp of the device's clock. */
#include <errno.h>
#include <linux/bpf.h>
#include <string.h>

#include <bpf/bpf.h>

#include "base/macros.h"
#include "base/time.h"
#include "capture/blockring.h"
#include "capture/program.h"
#include "support/unit.h"

#define CLOCK_NS 5000000000 /* where the device's clock stands: it counts from its start */
#define IFACE	 2
#define HW_IFACE 7
#define CPU_MAX	 1024

/* A program that is not attached, and what it shares with its reader. */
struct stage {
	struct program prog;
	struct capture_control *control;
	struct program_rings rings;
};

static void begin(struct stage *s, bool raw)
{
	const struct weir_iface lo = { .name = "lo", .index = 1 };
	const struct capture_line line = { .base_ns = CLOCK_NS,
					   .offset_ns = (int64_t)time_now(CLOCK_REALTIME) };
	struct program_opts opts = { .iface = &lo,
				     .in = true,
				     .hw_time = true,
				     .raw_time = raw,
				     .iface_nr = IFACE,
				     .hw_iface_nr = HW_IFACE };
	struct weir_err err = { 0 };
	int r;

	*s = (struct stage){ 0 };
	program_size(&opts, CAPTURE_CHUNK, CAPTURE_CHUNK);
	r = program_load(&opts, &s->prog, &err);
	if (r == -EPERM || r == -ENOTSUP)
		skip(); /* without the privilege, or the kernel's help */
	if (r < 0)
		fail_msg("%s", err.text);
	assert_int_equal(program_map_control(program_control_fd(&s->prog), &s->control, NULL), 0);
	assert_int_equal(program_map_rings(program_rings_fd(&s->prog), opts.ring_size, opts.n_rings,
					   &s->rings, NULL),
			 0);
	for (unsigned i = 0; i < s->rings.n; i++)
		program_ring(&s->rings, i)->lines[0] = line;
	s->control->on = 1;
}

static void end(struct stage *s)
{
	program_unmap_rings(&s->rings);
	program_unmap_control(s->control);
	program_unload(&s->prog);
}

/* Hands a frame with that stamp to the program: the block that it makes of it. */
static const uint8_t *capture(const struct stage *s, uint64_t stamp)
{
	struct __sk_buff skb = { .hwtstamp = stamp };
	const uint8_t data[60] = { 0 };
	LIBBPF_OPTS(bpf_test_run_opts, run, .data_in = data, .data_size_in = sizeof(data),
		    .ctx_in = &skb, .ctx_size_in = sizeof(skb), .repeat = 1);
	uint64_t heads[CPU_MAX];

	assert_true(s->rings.n <= CPU_MAX);
	for (unsigned i = 0; i < s->rings.n; i++)
		heads[i] = program_ring(&s->rings, i)->head;
	assert_int_equal(bpf_prog_test_run_opts(program_fd(&s->prog, PROGRAM_IN), &run), 0);
	for (unsigned i = 0; i < s->rings.n; i++) {
		struct capture_ring *ring = program_ring(&s->rings, i);

		if (ring->head != heads[i])
			return (const uint8_t *)ring + CAPTURE_PAGE + heads[i];
	}
	fail_msg("no block was made");
	return NULL;
}

/* Sums over all rings. */
static void check_counts(const struct stage *s, uint64_t stamped, uint64_t unstamped)
{
	uint64_t with = 0, without = 0;

	for (unsigned i = 0; i < s->rings.n; i++) {
		with += program_ring(&s->rings, i)->stamped;
		without += program_ring(&s->rings, i)->unstamped;
	}
	assert_int_equal(with, stamped);
	assert_int_equal(without, unstamped);
}

static void test_stamps_become_utc(void **state)
{
	const uint8_t *block;
	struct stage s;
	uint64_t utc;

	(void)state;
	begin(&s, false);
	utc = CLOCK_NS + (uint64_t)program_ring(&s.rings, 0)->lines[0].offset_ns;
	block = capture(&s, CLOCK_NS + 123456789);
	assert_int_equal(block_iface(block), HW_IFACE);
	assert_int_equal(block_time(block), utc + 123456789);
	block = capture(&s, CLOCK_NS - 1);
	assert_int_equal(block_time(block), utc - 1);
	check_counts(&s, 2, 0);
	end(&s);
}

static void test_raw_stamps_stay_what_they_are(void **state)
{
	const uint8_t *block;
	struct stage s;

	(void)state;
	begin(&s, true);
	block = capture(&s, CLOCK_NS + 7);
	assert_int_equal(block_iface(block), HW_IFACE);
	assert_int_equal(block_time(block), CLOCK_NS + 7);
	end(&s);
}

/* None; one of another clock; an address in the kernel, which some drivers leave there. */
static void test_what_is_no_stamp_is_counted_and_has_the_times_of_the_system(void **state)
{
	static const uint64_t wrong[] = { 0, 1800000000000000000, 0xffff888012345678 };
	const uint8_t *block;
	struct stage s;

	(void)state;
	begin(&s, true);
	for (unsigned i = 0; i < ARRAY_SIZE(wrong); i++) {
		block = capture(&s, wrong[i]);
		assert_int_equal(block_iface(block), IFACE);
		assert_int_not_equal(block_time(block), wrong[i]);
	}
	check_counts(&s, 0, ARRAY_SIZE(wrong));
	end(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_stamps_become_utc),
		cmocka_unit_test(test_raw_stamps_stay_what_they_are),
		cmocka_unit_test(test_what_is_no_stamp_is_counted_and_has_the_times_of_the_system),
	};

	return unit_run(tests);
}
