/* SPDX-License-Identifier: BSD-2-Clause */
#include "capture/head.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "base/bytes.h"
#include "base/macros.h"
#include "trace/pcap.h"
#include "trace/pcapng.h"

static uint32_t told_snaplen(const struct weir_capture_opts *opts)
{
	return opts->snaplen ? opts->snaplen : WEIR_FRAME_MAX;
}

/* How frames were received: "packet:eth0 (packet, 2 queues)". */
static void describe(const struct intake *s, char *text, size_t size)
{
	(void)snprintf(text, size, "%s (%s, %u queue%s%s%s)", s->info.name, s->info.engine,
		       s->n_rings, s->n_rings == 1 ? "" : "s", s->info.note[0] ? ", " : "",
		       s->info.note);
}

/* Whose times the frames of an interface have, where there are several. */
static void add_clock(struct ngblock *b, const struct intake *s, bool hw)
{
	char text[160];

	if (!hw)
		(void)snprintf(text, sizeof(text), "Times are of the system's clock, UTC.");
	else if (!s->hw)
		(void)snprintf(text, sizeof(text), "No frames: the device gives no times.");
	else if (s->opts->time == WEIR_CAPTURE_TIME_HW_RAW)
		(void)snprintf(text, sizeof(text),
			       "Times are of the device's clock, %s, as they are: not UTC.",
			       hwtime_clock(s->hw));
	else
		(void)snprintf(text, sizeof(text),
			       "Times are of the device's clock, %s, put to UTC by comparing it "
			       "with the system's.",
			       hwtime_clock(s->hw));
	ngblock_text(b, OPT_COMMENT, text);
}

static bool any_hw(const struct intake *intakes, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		if (intakes[i].hw)
			return true;
	return false;
}

/* times: they are told; hw: of frames with times of the device's clock. */
static int add_iface(struct ngblock *b, const struct intake *s, bool times, bool hw)
{
	static const uint8_t no_mac[6];
	const char *filter = s->info.filter;
	const size_t filter_len = filter ? MIN(strlen(filter), (size_t)UINT16_MAX - 1) : 0;
	char text[512], *coded = NULL;
	struct utsname host;

	describe(s, text, sizeof(text));
	ngblock_iface(b, s->info.linktype, told_snaplen(s->opts),
		      s->info.device[0] ? s->info.device : s->info.name);
	ngblock_text(b, OPT_IF_DESCRIPTION, text);
	if (times)
		add_clock(b, s, hw);
	if (memcmp(s->info.mac, no_mac, sizeof(no_mac)) != 0)
		ngblock_option(b, OPT_IF_MACADDR, s->info.mac, sizeof(s->info.mac));
	if (s->info.speed_bps)
		ngblock_option(b, OPT_IF_SPEED, &s->info.speed_bps, sizeof(s->info.speed_bps));
	if (filter) {
		coded = calloc(1, filter_len + 1); /* its first byte says that text follows */
		if (!coded)
			return -ENOMEM;
		memcpy(coded + 1, filter, filter_len);
		ngblock_option(b, OPT_IF_FILTER, coded, filter_len + 1);
		free(coded);
	}
	if (uname(&host) == 0) {
		(void)snprintf(text, sizeof(text), "%s %s", host.sysname, host.release);
		ngblock_text(b, OPT_IF_OS, text);
	}
	return ngblock_end(b, BLOCK_IDB);
}

static int make_pcap(struct ngblock *b, const struct intake *s,
		     const struct weir_capture_opts *opts)
{
	b->data = calloc(1, PCAP_FILE_HEADER);
	if (!b->data)
		return -ENOMEM;
	b->len = b->size = PCAP_FILE_HEADER;
	pcap_put_file_header(b->data, opts->format, told_snaplen(opts), s->info.linktype);
	return 0;
}

int head_make(struct ngblock *b, const struct intake *intakes, unsigned n,
	      const struct weir_capture_opts *opts)
{
	const bool times = any_hw(intakes, n);
	int r;

	if (opts->format != WEIR_TRACE_PCAPNG)
		return make_pcap(b, &intakes[0], opts);
	ngblock_section(b, opts->comment);
	r = ngblock_end(b, BLOCK_SHB);
	for (unsigned i = 0; r == 0 && i < (times ? 2 * n : n); i++)
		r = add_iface(b, &intakes[i % n], times, i >= n);
	return r;
}

/* Times in options: as in the blocks of frames. */
static void add_time(struct ngblock *b, uint16_t code, uint64_t ns)
{
	uint8_t value[8];

	raw32_put(value, (uint32_t)(ns >> 32));
	raw32_put(value + 4, (uint32_t)ns);
	ngblock_option(b, code, value, sizeof(value));
}

int tail_add(struct ngblock *b, unsigned i, const struct tail_figures *t)
{
	const struct weir_capture_figures *f = &t->figures;
	const uint64_t dropped = f->kernel_dropped + f->ring_dropped + f->writer_dropped;
	char text[128];

	ngblock_stats(b, i, t->end_ns);
	add_time(b, OPT_ISB_STARTTIME, t->begin_ns);
	add_time(b, OPT_ISB_ENDTIME, t->end_ns);
	ngblock_option(b, OPT_ISB_IFRECV, &f->received, sizeof(f->received));
	ngblock_option(b, OPT_ISB_IFDROP, &dropped, sizeof(dropped));
	ngblock_option(b, OPT_ISB_USRDELIV, &f->kept, sizeof(f->kept));
	if (t->clock) {
		(void)snprintf(text, sizeof(text),
			       "%" PRIu64 " frames with times of %s, %" PRIu64
			       " that arrived without one.",
			       f->hw_stamped, t->clock, f->hw_missing);
		ngblock_text(b, OPT_COMMENT, text);
	}
	return ngblock_end(b, BLOCK_ISB);
}
