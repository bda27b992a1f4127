/* SPDX-License-Identifier: BSD-2-Clause */
/* Captures from ports of this process, without privileges. */
#include <weir/capture.h>

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <weir/port.h>

#include "base/macros.h"
#include "support/unit.h"

static char path[] = "/tmp/weir-capture-XXXXXX";

static struct weir_port *open_sender(const char *name)
{
	const struct weir_port_opts opts = { .dir = WEIR_PORT_TX };
	struct weir_port *port = NULL;
	struct weir_err err = { 0 };

	if (weir_port_open(name, &opts, &port, &err) < 0)
		fail_msg("%s", err.text);
	return port;
}

static void send_frames(struct weir_port *port, unsigned n)
{
	uint8_t data[100] = { 0 };
	struct weir_pkt pkt = { .data = data };

	for (unsigned i = 0; i < n; i++) {
		data[0] = (uint8_t)i;
		pkt.len = 60 + i % 40;
		while (weir_port_tx(port, 0, &pkt, 1) == 0)
			(void)weir_port_tx_wait(port, 0, NSEC_PER_SEC);
	}
}

static struct weir_capture *start(const struct weir_capture_opts *opts)
{
	struct weir_capture *c = NULL;
	struct weir_err err = { 0 };

	if (weir_capture_open(opts, &c, &err) < 0 || weir_capture_start(c, &err) < 0)
		fail_msg("%s", err.text);
	return c;
}

static uint64_t sum_of(const struct weir_capture_figures *f)
{
	return f->kept + f->filtered + f->kernel_dropped + f->ring_dropped + f->writer_dropped +
	       f->late;
}

/* Frames that the file holds; of lengths, the sum. */
static unsigned read_back(uint64_t *ret_bytes)
{
	struct weir_reader *r;
	struct weir_record rec;
	unsigned n = 0;
	int64_t last = 0;

	*ret_bytes = 0;
	assert_int_equal(weir_reader_open(path, &r, NULL), 0);
	while (weir_reader_next(r, &rec, NULL) == 1) {
		assert_true(rec.ts_ns >= last);
		last = rec.ts_ns;
		*ret_bytes += rec.len;
		n++;
	}
	assert_int_equal(weir_reader_next(r, &rec, NULL), 0); /* nothing is cut off */
	weir_reader_close(r);
	return n;
}

static void stop(struct weir_capture *c, struct weir_capture_figures *ret_figures)
{
	struct weir_err err = { 0 };

	if (weir_capture_stop(c, &err) < 0)
		fail_msg("%s", err.text);
	weir_capture_figures(c, 0, ret_figures);
	weir_capture_close(c);
}

static void test_all_that_was_sent_before_the_stop_is_kept(void **state)
{
	static const char *const ports[] = { "mem:a" };
	static const enum weir_trace_format formats[] = { WEIR_TRACE_PCAPNG, WEIR_TRACE_PCAP_NS,
							  WEIR_TRACE_PCAP_US };

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(formats); i++) {
		const struct weir_capture_opts opts = {
			.ports = ports, .n_ports = 1, .path = path, .format = formats[i]
		};
		struct weir_port *sender = open_sender(ports[0]);
		struct weir_capture *c = start(&opts);
		struct weir_capture_figures f;
		uint64_t bytes;

		send_frames(sender, 5000);
		stop(c, &f);
		weir_port_close(sender);
		assert_int_equal(f.kept, 5000);
		assert_int_equal(f.received, sum_of(&f));
		assert_int_equal(read_back(&bytes), 5000);
		assert_int_equal(bytes, f.kept_bytes);
	}
}

static void test_ports_meet_in_one_file(void **state)
{
	static const char *const ports[] = { "mem:a", "mem:b" };
	const struct weir_capture_opts opts = { .ports = ports,
						.n_ports = 2,
						.path = path,
						.snaplen = 64,
						.format = WEIR_TRACE_PCAPNG };
	struct weir_port *a = open_sender(ports[0]), *b = open_sender(ports[1]);
	struct weir_capture *c = start(&opts);
	struct weir_capture_figures f;
	uint64_t bytes;

	(void)state;
	for (unsigned i = 0; i < 100; i++) {
		send_frames(a, 3);
		send_frames(b, 5);
	}
	assert_int_equal(weir_capture_stop(c, NULL), 0);
	weir_capture_figures(c, 0, &f);
	assert_int_equal(f.kept, 300);
	weir_capture_figures(c, 1, &f);
	assert_int_equal(f.kept, 500);
	weir_capture_close(c);
	assert_int_equal(read_back(&bytes), 800); /* and they are in order */
	weir_port_close(a);
	weir_port_close(b);
}

static void test_losses_are_counted_where_they_came_from(void **state)
{
	static const char *const ports[] = { "mem:a", "mem:b" };
	static const enum weir_trace_format formats[] = { WEIR_TRACE_PCAPNG, WEIR_TRACE_PCAP_NS };

	struct rlimit any, small;

	(void)state;
	(void)signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &any), 0);
	small = any;
	small.rlim_cur = 2000;
	for (unsigned i = 0; i < ARRAY_SIZE(formats); i++) {
		const struct weir_capture_opts opts = {
			.ports = ports, .n_ports = 2, .path = path, .format = formats[i]
		};
		struct weir_port *b = open_sender(ports[1]);
		struct weir_capture *c = start(&opts);
		struct weir_capture_figures f;
		uint64_t bytes;

		assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
		send_frames(b, 500);
		assert_int_equal(weir_capture_stop(c, NULL), -EFBIG);
		assert_int_equal(setrlimit(RLIMIT_FSIZE, &any), 0);
		weir_capture_figures(c, 0, &f);
		assert_int_equal(f.received, 0);
		assert_int_equal(f.writer_dropped, 0);
		assert_int_equal(f.kept, 0);
		weir_capture_figures(c, 1, &f);
		assert_int_equal(f.received, 500);
		assert_int_equal(f.kept + f.writer_dropped, 500);
		weir_capture_close(c);
		weir_port_close(b);
		assert_int_equal(f.kept, read_back(&bytes));
		assert_int_equal(f.kept_bytes, bytes);
		assert_true(f.kept > 0 && f.kept < 500);
	}
}

static void test_count_is_exact_and_the_rest_is_late(void **state)
{
	static const char *const ports[] = { "mem:a" };
	const struct weir_capture_opts opts = {
		.ports = ports, .n_ports = 1, .path = path, .format = WEIR_TRACE_PCAPNG, .count = 10
	};
	struct weir_port *sender = open_sender(ports[0]);
	struct weir_capture *c = start(&opts);
	struct weir_capture_figures f;
	uint64_t bytes;

	(void)state;
	send_frames(sender, 25);
	while (!weir_capture_over(c))
		(void)poll(NULL, 0, 1);
	stop(c, &f);
	weir_port_close(sender);
	assert_int_equal(f.kept, 10);
	assert_int_equal(f.late, 15);
	assert_int_equal(read_back(&bytes), 10);
}

static void test_filter_counts_what_it_does_not_want(void **state)
{
	static const char *const ports[] = { "mem:a" };
	const struct weir_capture_opts opts = { .ports = ports,
						.n_ports = 1,
						.path = path,
						.format = WEIR_TRACE_PCAPNG,
						.snaplen = 20,
						.filter = "greater 80" };
	struct weir_port *sender = open_sender(ports[0]);
	struct weir_capture *c = start(&opts);
	struct weir_capture_figures f;
	uint64_t bytes;

	(void)state;
	send_frames(sender, 40); /* 60 to 99 bytes long */
	stop(c, &f);
	weir_port_close(sender);
	assert_int_equal(f.kept, 20);
	assert_int_equal(f.filtered, 20);
	assert_int_equal(read_back(&bytes), 20);
	assert_int_equal(bytes, 20 * 20);
}

static int count_frames(void *ctx, struct weir_buf *frames, unsigned n)
{
	unsigned *seen = ctx;

	for (unsigned i = 0; i < n; i++, ++*seen) {
		assert_int_equal(frames[i].data[0], (uint8_t)*seen);
		assert_int_equal(frames[i].nr, *seen + 1);
	}
	return *seen < 50 ? 0 : -EPIPE;
}

static void test_frames_are_shown_until_that_fails(void **state)
{
	static const char *const ports[] = { "mem:a" };
	unsigned seen = 0;
	const struct weir_capture_opts opts = {
		.ports = ports, .n_ports = 1, .look = count_frames, .look_ctx = &seen
	};
	struct weir_port *sender = open_sender(ports[0]);
	struct weir_capture *c = start(&opts);
	struct weir_capture_figures f;

	(void)state;
	send_frames(sender, 200);
	assert_int_equal(weir_capture_stop(c, NULL), -EPIPE);
	weir_capture_figures(c, 0, &f);
	assert_true(seen >= 50);
	assert_true(f.kept >= seen); /* what it looked at when it failed is kept, too */
	assert_int_equal(f.received, sum_of(&f));
	weir_capture_close(c);
	weir_port_close(sender);
}

static void test_what_cannot_be_opened_is_named(void **state)
{
	static const char *const ports[] = { "mem:a", "nonsense:x" };
	struct weir_capture_opts opts = { .ports = ports, .n_ports = 2, .path = path };
	struct weir_capture *c = NULL;
	struct weir_err err = { 0 };

	(void)state;
	assert_int_equal(weir_capture_open(&opts, &c, &err), -EINVAL);
	assert_non_null(strstr(err.text, "nonsense:x"));
	opts.n_ports = 1;
	opts.path = "/nowhere/at/all";
	assert_int_equal(weir_capture_open(&opts, &c, &err), -ENOENT);
	assert_non_null(strstr(err.text, "/nowhere/at/all"));
	opts.path = path;
	opts.filter = "no such thing";
	assert_int_equal(weir_capture_open(&opts, &c, &err), -EINVAL);
	assert_non_null(strstr(err.text, "no such thing"));
	assert_null(c);
}

/* Is there a line of /proc/self/maps with the word? */
static bool has_mapping(const char *word)
{
	FILE *f = fopen("/proc/self/maps", "r");
	char line[512];
	bool found = false;

	assert_non_null(f);
	while (!found && fgets(line, sizeof(line), f))
		found = strstr(line, word);
	(void)fclose(f); /* only read */
	return found;
}

static void test_rings_of_programs_are_gone_with_the_capture(void **state)
{
	static const char *const ports[] = { "lo" };
	const struct weir_capture_opts opts = { .ports = ports,
						.n_ports = 1,
						.buffer_size = 1,
						.engine = WEIR_CAPTURE_TC,
						.path = path };
	struct weir_capture *c = NULL;
	struct weir_err err = { 0 };

	(void)state;
	if (weir_capture_open(&opts, &c, &err) < 0) {
		print_message("%s\n", err.text);
		skip(); /* without the privilege, or the kernel's help */
	}
	assert_true(has_mapping("bpf-map"));
	weir_capture_close(c);
	assert_false(has_mapping("bpf-map"));
}

static int make_path(void **state)
{
	int fd = mkstemp(path);

	(void)state;
	return fd < 0 ? -1 : close(fd);
}

static int remove_path(void **state)
{
	(void)state;
	return unlink(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all_that_was_sent_before_the_stop_is_kept),
		cmocka_unit_test(test_ports_meet_in_one_file),
		cmocka_unit_test(test_losses_are_counted_where_they_came_from),
		cmocka_unit_test(test_count_is_exact_and_the_rest_is_late),
		cmocka_unit_test(test_filter_counts_what_it_does_not_want),
		cmocka_unit_test(test_frames_are_shown_until_that_fails),
		cmocka_unit_test(test_what_cannot_be_opened_is_named),
		cmocka_unit_test(test_rings_of_programs_are_gone_with_the_capture),
	};

	return cmocka_run_group_tests(tests, make_path, remove_path);
}
