/* SPDX-License-Identifier: BSD-2-Clause */
/* libpcap's calls on a port of a switch do what they do on its own devices. The library's
 * functions stand in this program, so what it links with is the libpcap behind them. */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

#include <pcap/pcap.h>

#include <weir/port.h>
#include <weir/switch.h>

#include "pcapshim/calls.h"
#include "pcapshim/real.h"
#include "support/unit.h"

#define NAME	 "valepcap"
#define DEVICE	 NAME ":b"
#define PATIENCE 30000 /* ms; nothing here takes long */
#define FRAME	 60u

struct bench {
	struct weir_switch *sw;
	pthread_t thread;
	char dir[64];
	struct weir_port *other;
	pcap_t *p;
};

static void *run_switch(void *sw)
{
	assert_int_equal(weir_switch_run(sw, NULL), 0);
	return NULL;
}

static pcap_t *open_with(int snaplen, int precision, int timeout_ms)
{
	char errbuf[PCAP_ERRBUF_SIZE];
	pcap_t *p = pcap_create(DEVICE, errbuf);

	assert_non_null(p);
	assert_int_equal(pcap_set_snaplen(p, snaplen), 0);
	assert_int_equal(pcap_set_tstamp_precision(p, precision), 0);
	assert_int_equal(pcap_set_timeout(p, timeout_ms), 0);
	assert_int_equal(pcap_activate(p), 0);
	return p;
}

static int set_up(void **state)
{
	const struct weir_switch_opts opts = { .name = NAME, .lossless = true };
	struct bench *b = calloc(1, sizeof(*b));

	assert_non_null(b);
	strcpy(b->dir, "/tmp/weir-test-XXXXXX");
	assert_non_null(mkdtemp(b->dir));
	setenv("WEIR_RUNTIME_DIR", b->dir, 1);
	assert_int_equal(weir_switch_new(&opts, &b->sw, NULL), 0);
	assert_int_equal(pthread_create(&b->thread, NULL, run_switch, b->sw), 0);
	assert_int_equal(weir_port_open(NAME ":a", NULL, &b->other, NULL), 0);
	b->p = open_with(1000, PCAP_TSTAMP_PRECISION_MICRO, 0);
	*state = b;
	return 0;
}

static int tear_down(void **state)
{
	struct bench *b = *state;

	if (b->p)
		pcap_close(b->p);
	weir_port_close(b->other);
	weir_switch_stop(b->sw);
	pthread_join(b->thread, NULL);
	weir_switch_free(b->sw);
	assert_int_equal(rmdir(b->dir), 0);
	free(b);
	return 0;
}

/* An empty datagram to a port, of the length that it is to have. */
static void make_frame(uint8_t *frame, uint8_t udp_port)
{
	static const uint8_t head[] = { 0x02, 0, 0, 0,	0, 0x0b, 0x02, 0, 0,  0,  0, 0x0a, 0x08,
					0, /* IPv4 */
					0x45, 0, 0, 28, 0, 0,	 0,    0, 64, 17, 0, 0,	   10,
					0,    0, 1, 10, 0, 0,	 2,    0, 9,  0,  0, 0,	   8 };

	memset(frame, 0, FRAME);
	memcpy(frame, head, sizeof(head));
	frame[37] = udp_port;
}

/* Hands it to the switch, from where it comes to the capture. */
static void send_frame(struct bench *b, uint8_t udp_port)
{
	uint8_t frame[FRAME];
	const struct weir_pkt pkt = { .data = frame, .len = FRAME, .orig_len = FRAME };

	make_frame(frame, udp_port);
	while (weir_port_tx(b->other, 0, &pkt, 1) == 0)
		assert_true(weir_port_tx_wait(b->other, 0, 1000000000) >= 0);
}

/* Until it is the receiver's. */
static void send_frames(struct bench *b, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		send_frame(b, (uint8_t)(i + 1));
	while (weir_port_tx_drain(b->other, 0, 1000000000) == 0)
		;
}

static void test_frames_come_with_length_time_and_port(void **state)
{
	struct bench *b = *state;
	struct pcap_pkthdr *header;
	struct timeval before, after;
	const u_char *data;

	gettimeofday(&before, NULL);
	send_frames(b, 2);
	for (unsigned i = 1; i <= 2; i++) {
		assert_int_equal(pcap_next_ex(b->p, &header, &data), 1);
		assert_int_equal(header->len, FRAME);
		assert_int_equal(header->caplen, FRAME);
		assert_int_equal(data[37], i);
		gettimeofday(&after, NULL);
		assert_false(timercmp(&header->ts, &before, <));
		assert_false(timercmp(&header->ts, &after, >));
	}
	assert_int_equal(pcap_datalink(b->p), DLT_EN10MB);
	assert_int_equal(pcap_snapshot(b->p), 1000);
}

static void test_snapshot_length_and_nanoseconds_are_kept(void **state)
{
	struct bench *b = *state;
	struct pcap_pkthdr header;
	const u_char *data;
	bool nano = false;

	pcap_close(b->p);
	b->p = open_with(42, PCAP_TSTAMP_PRECISION_NANO, 0);
	assert_int_equal(pcap_get_tstamp_precision(b->p), PCAP_TSTAMP_PRECISION_NANO);
	for (unsigned i = 0; i < 20; i++) {
		send_frames(b, 1);
		data = pcap_next(b->p, &header);
		assert_non_null(data);
		assert_int_equal(header.caplen, 42);
		assert_int_equal(header.len, FRAME);
		nano = nano || header.ts.tv_usec >= 1000000;
	}
	assert_true(nano);
}

static void count_frame(u_char *user, const struct pcap_pkthdr *header, const u_char *data)
{
	unsigned *sum = (void *)user;

	(void)header;
	*sum += data[37];
}

static void test_a_filter_lets_pass_what_it_says(void **state)
{
	struct bench *b = *state;
	struct bpf_program program;
	struct pcap_stat stats;
	unsigned sum = 0;

	assert_int_equal(pcap_compile(b->p, &program, "udp dst port 3 or udp dst port 5", 1, 0), 0);
	assert_int_equal(pcap_setfilter(b->p, &program), 0);
	pcap_freecode(&program);
	send_frames(b, 6);
	assert_int_equal(pcap_loop(b->p, 2, count_frame, (u_char *)&sum), 0);
	assert_int_equal(sum, 3 + 5);
	assert_int_equal(pcap_stats(b->p, &stats), 0);
	assert_int_equal(stats.ps_recv, 2);
	assert_int_equal(stats.ps_drop, 0);
	assert_int_equal(pcap_compile(b->p, &program, "no such thing", 1, 0), -1);
	assert_true(*pcap_geterr(b->p));
	assert_int_equal(pcap_setfilter(b->p, &(struct bpf_program){ 0 }), -1);
}

static void test_dispatch_gives_what_is_there_and_loop_what_is_wanted(void **state)
{
	struct bench *b = *state;
	char errbuf[PCAP_ERRBUF_SIZE];
	unsigned sum = 0;

	assert_int_equal(pcap_setnonblock(b->p, 1, errbuf), 0);
	assert_int_equal(pcap_getnonblock(b->p, errbuf), 1);
	assert_int_equal(pcap_dispatch(b->p, -1, count_frame, (u_char *)&sum), 0);
	assert_int_equal(pcap_setnonblock(b->p, 0, errbuf), 0);
	send_frames(b, 4);
	assert_int_equal(pcap_dispatch(b->p, 3, count_frame, (u_char *)&sum), 3);
	assert_int_equal(sum, 1 + 2 + 3);
	assert_int_equal(pcap_dispatch(b->p, -1, count_frame, (u_char *)&sum), 1);
	send_frames(b, 5);
	assert_int_equal(pcap_loop(b->p, 5, count_frame, (u_char *)&sum), 0);
	assert_int_equal(sum, 1 + 2 + 3 + 4 + 1 + 2 + 3 + 4 + 5);
}

static void test_a_wait_ends_with_its_time(void **state)
{
	struct bench *b = *state;
	struct pcap_pkthdr *header;
	const u_char *data;
	unsigned sum = 0;

	pcap_close(b->p);
	b->p = open_with(1000, PCAP_TSTAMP_PRECISION_MICRO, 10);
	assert_int_equal(pcap_next_ex(b->p, &header, &data), 0);
	assert_int_equal(pcap_dispatch(b->p, 1, count_frame, (u_char *)&sum), 0);
}

static pcap_t *to_break;

static void on_signal(int signal)
{
	(void)signal;
	pcap_breakloop(to_break);
}

/* Breaks the loop of another thread after a while: there, or here in a signal handler of it. */
struct breaker {
	pthread_t waiting;
	bool by_signal;
};

static void *break_loop(void *ctx)
{
	const struct breaker *b = ctx;

	usleep(20000); /* it may wait by then, or not: both have to do */
	if (b->by_signal)
		pthread_kill(b->waiting, SIGUSR1);
	else
		pcap_breakloop(to_break);
	return NULL;
}

static void test_breaking_ends_a_wait_and_nothing_else(void **state)
{
	struct bench *b = *state;
	unsigned sum = 0;

	to_break = b->p;
	(void)signal(SIGUSR1, on_signal);
	for (unsigned i = 0; i < 4; i++) {
		struct breaker breaker = { .waiting = pthread_self(), .by_signal = i & 1 };
		pthread_t thread;

		assert_int_equal(pthread_create(&thread, NULL, break_loop, &breaker), 0);
		assert_int_equal(pcap_loop(b->p, -1, count_frame, (u_char *)&sum),
				 PCAP_ERROR_BREAK);
		pthread_join(thread, NULL);
		send_frames(b, 1);
		assert_int_equal(pcap_loop(b->p, 1, count_frame, (u_char *)&sum), 0);
	}
	pcap_breakloop(b->p);
	assert_int_equal(pcap_dispatch(b->p, 1, count_frame, (u_char *)&sum), PCAP_ERROR_BREAK);
	assert_int_equal(sum, 4);
}

static void test_a_descriptor_is_readable_as_long_as_there_are_frames(void **state)
{
	struct bench *b = *state;
	struct pollfd fd = { .fd = pcap_get_selectable_fd(b->p), .events = POLLIN };
	struct pcap_pkthdr *header;
	const u_char *data;

	assert_true(fd.fd >= 0);
	assert_null(pcap_get_required_select_timeout(b->p));
	for (unsigned round = 0; round < 3; round++) {
		send_frames(b, 3);
		for (unsigned i = 0; i < 3; i++) {
			assert_int_equal(poll(&fd, 1, PATIENCE), 1);
			assert_int_equal(pcap_next_ex(b->p, &header, &data), 1);
			assert_int_equal(data[37], i + 1);
		}
		/* A port is asked again before it is believed to be empty; that never waits. */
		while (poll(&fd, 1, 0) == 1)
			assert_int_equal(pcap_next_ex(b->p, &header, &data), 0);
	}
	pcap_breakloop(b->p);
	assert_int_equal(poll(&fd, 1, PATIENCE), 1);
	assert_int_equal(pcap_next_ex(b->p, &header, &data), PCAP_ERROR_BREAK);
	assert_int_equal(poll(&fd, 1, 0), 0);
}

static void test_frames_are_sent_or_refused(void **state)
{
	struct bench *b = *state;
	uint8_t frame[FRAME];
	struct weir_pkt pkt;

	make_frame(frame, 7);
	assert_int_equal(pcap_inject(b->p, frame, FRAME), FRAME);
	assert_int_equal(pcap_sendpacket(b->p, frame, FRAME), 0);
	for (unsigned i = 0; i < 2; i++) {
		while (weir_port_rx(b->other, 0, &pkt, 1) == 0)
			assert_true(weir_port_rx_wait(b->other, 0, 1000000000) >= 0);
		assert_int_equal(pkt.len, FRAME);
		assert_memory_equal(pkt.data, frame, FRAME);
		weir_port_rx_release(b->other, 0);
	}
	assert_int_equal(pcap_inject(b->p, frame, 3), -1);
	assert_non_null(strstr(pcap_geterr(b->p), "shorter than a link-layer header"));
	assert_int_equal(pcap_sendpacket(b->p, frame, -1), -1);
}

static void test_files_have_what_the_capture_has(void **state)
{
	struct bench *b = *state;
	char path[96], errbuf[PCAP_ERRBUF_SIZE];
	struct pcap_pkthdr *header, written;
	const u_char *data;
	pcap_dumper_t *dumper;
	pcap_t *file;

	pcap_close(b->p);
	b->p = open_with(50, PCAP_TSTAMP_PRECISION_NANO, 0);
	(void)snprintf(path, sizeof(path), "%s/dump", b->dir);
	dumper = pcap_dump_open(b->p, path);
	assert_non_null(dumper);
	send_frames(b, 1);
	assert_int_equal(pcap_next_ex(b->p, &header, &data), 1);
	written = *header;
	pcap_dump((u_char *)dumper, header, data);
	pcap_dump_close(dumper);
	file = pcap_open_offline_with_tstamp_precision(path, PCAP_TSTAMP_PRECISION_NANO, errbuf);
	assert_non_null(file);
	assert_int_equal(pcap_snapshot(file), 50);
	assert_int_equal(pcap_datalink(file), DLT_EN10MB);
	assert_int_equal(pcap_next_ex(file, &header, &data), 1);
	assert_memory_equal(header, &written, sizeof(written));
	assert_int_equal(pcap_next_ex(file, &header, &data), PCAP_ERROR_BREAK);
	pcap_close(file);
	(void)unlink(path);
	assert_null(pcap_dump_open(b->p, "/no/such/folder/dump"));
	assert_non_null(strstr(pcap_geterr(b->p), "/no/such/folder/dump"));
}

static void test_settings_come_before_and_frames_after(void **state)
{
	struct bench *b = *state;
	char errbuf[PCAP_ERRBUF_SIZE];
	struct bpf_program program;
	int *list;
	pcap_t *p;

	assert_int_equal(pcap_set_snaplen(b->p, 100), PCAP_ERROR_ACTIVATED);
	assert_int_equal(pcap_activate(b->p), PCAP_ERROR_ACTIVATED);
	assert_int_equal(pcap_list_datalinks(b->p, &list), 1);
	assert_int_equal(list[0], DLT_EN10MB);
	pcap_free_datalinks(list);
	assert_int_equal(pcap_set_datalink(b->p, DLT_EN10MB), 0);
	assert_int_equal(pcap_set_datalink(b->p, DLT_RAW), -1);
	assert_int_equal(pcap_setdirection(b->p, PCAP_D_IN), 0);
	assert_int_equal(pcap_setdirection(b->p, PCAP_D_OUT), -1);
	p = pcap_create(NAME ":c", errbuf);
	assert_non_null(p);
	assert_int_equal(pcap_compile(p, &program, "udp", 1, 0), PCAP_ERROR_NOT_ACTIVATED);
	assert_int_equal(pcap_inject(p, errbuf, 60), PCAP_ERROR_NOT_ACTIVATED);
	assert_int_equal(pcap_set_rfmon(p, 1), 0);
	assert_int_equal(pcap_activate(p), PCAP_ERROR_RFMON_NOTSUP);
	assert_int_equal(pcap_set_rfmon(p, 0), 0);
	assert_int_equal(pcap_set_tstamp_precision(p, 7), PCAP_ERROR_TSTAMP_PRECISION_NOTSUP);
	assert_int_equal(pcap_activate(p), 0);
	pcap_close(p);
	(void)snprintf(errbuf, sizeof(errbuf), "%s%0200d", DEVICE, 0);
	assert_null(pcap_create(errbuf, errbuf));
	assert_null(pcap_open_live(NAME ":not/a/name", 100, 1, 0, errbuf));
	assert_non_null(strstr(errbuf, "not/a/name"));
}

static void test_ports_are_listed(void **state)
{
	char errbuf[PCAP_ERRBUF_SIZE] = "";
	bpf_u_int32 net = 1, mask = 1;
	pcap_if_t *list = NULL;
	unsigned found = 0;

	(void)state;
	assert_int_equal(pcap_findalldevs(&list, errbuf), 0);
	for (const pcap_if_t *d = list; d; d = d->next)
		found += strcmp(d->name, DEVICE) == 0 || strcmp(d->name, NAME ":a") == 0;
	assert_int_equal(found, 2);
	pcap_freealldevs(list);
	assert_int_equal(pcap_lookupnet(DEVICE, &net, &mask, errbuf), 0);
	assert_int_equal(net | mask, 0);
}

static void test_a_switch_that_ends_ends_the_capture(void **state)
{
	struct bench *b = *state;
	unsigned sum = 0;

	weir_switch_stop(b->sw);
	pthread_join(b->thread, NULL);
	weir_switch_free(b->sw);
	assert_int_equal(pcap_loop(b->p, -1, count_frame, (u_char *)&sum), -1);
	assert_non_null(strstr(pcap_geterr(b->p), "the switch is gone"));
	assert_int_equal(weir_switch_new(&(struct weir_switch_opts){ .name = NAME }, &b->sw, NULL),
			 0);
	assert_int_equal(pthread_create(&b->thread, NULL, run_switch, b->sw), 0);
}

static void test_other_handles_are_those_of_libpcap(void **state)
{
	char errbuf[PCAP_ERRBUF_SIZE];
	struct bpf_program program;
	void *real, *ours;
	pcap_t *p = pcap_open_dead(DLT_RAW, 77);

	(void)state;
	assert_int_equal(pcap_datalink(p), DLT_RAW);
	assert_int_equal(pcap_snapshot(p), 77);
	assert_int_equal(pcap_compile(p, &program, "udp", 1, 0), 0);
	pcap_freecode(&program);
	pcap_close(p);
	p = pcap_create("no-such-interface", errbuf);
	assert_non_null(p);
	assert_int_equal(pcap_activate(p), PCAP_ERROR_NO_SUCH_DEVICE);
	pcap_close(p);
	ours = calls_find("pcap_next_ex", &real);
	assert_ptr_equal(ours, (void *)(uintptr_t)pcap_next_ex);
	assert_ptr_equal(real, (void *)(uintptr_t)real_libpcap()->next_ex);
	assert_ptr_not_equal(ours, real);
	assert_null(calls_find("pcap_open_dead", &real));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(test_##name, set_up, tear_down)
		TEST(frames_come_with_length_time_and_port),
		TEST(snapshot_length_and_nanoseconds_are_kept),
		TEST(a_filter_lets_pass_what_it_says),
		TEST(dispatch_gives_what_is_there_and_loop_what_is_wanted),
		TEST(a_wait_ends_with_its_time),
		TEST(breaking_ends_a_wait_and_nothing_else),
		TEST(a_descriptor_is_readable_as_long_as_there_are_frames),
		TEST(frames_are_sent_or_refused),
		TEST(files_have_what_the_capture_has),
		TEST(settings_come_before_and_frames_after),
		TEST(ports_are_listed),
		TEST(a_switch_that_ends_ends_the_capture),
		TEST(other_handles_are_those_of_libpcap),
	};

	return unit_run(tests);
}
