/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tcpcapinfo: the header of a pcap file and a line for each frame, as the program of
 * that name prints them, who takes damage for a finding and exits with 0. At damage it
 * prints the record's header; here the reader says what is wrong. Records longer than
 * the snapshot length are no damage here but cut to it, as everywhere in weir.
 */
#include <inttypes.h>

#include <weir/trace.h>

#include "cmd.h"
#include "commands.h"
#include "util.h"

DEFINE_CLEANUP(struct weir_reader *, weir_reader_close)

static const struct opt no_opts[] = { { 0 } };

/* Of the frame before. */
struct before {
	uint32_t s, frac;
};

static const char *magic_name(const struct weir_trace_info *i)
{
	switch (i->format) {
	case WEIR_TRACE_PCAP_NS:
		return i->swapped ? "Nsec/swapped" : "Nsec";
	case WEIR_TRACE_PCAP_KUZNETZOV:
		return i->swapped ? "Kuznetzov/swapped" : "Kuznetzov";
	default:
		return i->swapped ? "tcpdump/swapped" : "tcpdump";
	}
}

static void print_header(const struct weir_trace_info *i)
{
	/* The magic number as this machine reads it, the others in the file's byte order. */
	printf("magic       = 0x%08" PRIx32 " (%s) (%s-endian)\n",
	       i->swapped ? __builtin_bswap32(i->magic) : i->magic, magic_name(i),
	       i->big_endian ? "big" : "little");
	printf("version     = %u.%u\n", i->major, i->minor);
	printf("thiszone    = 0x%08" PRIx32 "\n", (uint32_t)i->thiszone);
	printf("sigfigs     = 0x%08" PRIx32 "\n", i->sigfigs);
	printf("snaplen     = %" PRIu32 "\n", i->snaplen);
	printf("linktype    = 0x%08" PRIx32 "\n", i->network);
	puts("Packet\tOrigLen\t\tCaplen\t\tTimestamp\tCsum\tNote");
}

/* The sum of the frame's 16-bit words in this machine's byte order. */
static uint32_t sum_of(const struct weir_record *rec)
{
	uint32_t sum = 0;
	uint16_t word;

	for (uint32_t i = 0; i + 1 < rec->len; i += 2) {
		__builtin_memcpy(&word, rec->data + i, sizeof(word));
		sum += word;
	}
	return rec->len & 1 ? sum + rec->data[rec->len - 1] : sum;
}

/* A frame of which one number is 0 is taken for one without a time. */
static bool is_earlier(struct before now, struct before b)
{
	if (!b.s || !b.frac)
		return false;
	return now.s < b.s || (now.s == b.s && now.frac < b.frac);
}

static void print_frame(const struct weir_record *rec, uint64_t unit_ns, struct before *b)
{
	uint64_t ns = (uint64_t)rec->ts_ns; /* pcap times are never before 1970 */
	struct before now = { (uint32_t)(ns / NSEC_PER_SEC),
			      (uint32_t)(ns % NSEC_PER_SEC / unit_ns) };

	printf("%" PRIu64 "\t%4" PRIu32 "\t\t%4" PRIu32 "\t\t%" PRIx32 ".%" PRIx32 "\t%" PRIx32
	       "\t%s\n",
	       rec->nr, rec->orig_len, rec->len, now.s, now.frac, sum_of(rec),
	       is_earlier(now, *b) ? "BAD_TS" : "OK");
	*b = now;
}

static int print_file(const struct cmd_run *run, const char *path)
{
	CLEANUP(weir_reader_closep)
	struct weir_reader *reader = NULL;
	const struct weir_trace_info *info;
	struct weir_err err = { 0 };
	struct before before = { 0 };
	struct weir_record rec;
	uint64_t unit_ns;
	int r;

	r = weir_reader_open(path, &reader, &err);
	if (r < 0)
		return cmd_fail(run, "%s", weir_err_text(&err));
	info = weir_reader_info(reader);
	if (info->format == WEIR_TRACE_PCAPNG)
		return cmd_fail(run, "%s is pcapng, of which 'weir info' tells", path);

	unit_ns = info->format == WEIR_TRACE_PCAP_NS ? 1 : 1000;
	printf("file size   = %" PRId64 " bytes\n", info->size);
	print_header(info);
	while ((r = weir_reader_next(reader, &rec, &err)) == 1)
		print_frame(&rec, unit_ns, &before);
	if (r < 0)
		printf("\nCapture file appears to be damaged or corrupt.\n%s\n",
		       weir_err_text(&err));
	return 0;
}

static int tcpcapinfo_run(const struct cmd_run *run, const void *cfg)
{
	int status = 0;

	(void)cfg;
	for (unsigned i = 0; i < run->n_operands && !status; i++)
		status = print_file(run, run->operands[i]);
	return status;
}

const struct cmd cmd_tcpcapinfo = {
	.name = "tcpcapinfo",
	.summary = "tell each record of traces, damaged ones too",
	.operands = "FILE ...",
	.dialect = OPT_AUTOOPTS,
	.min_operands = 1,
	.opts = no_opts,
	.run = tcpcapinfo_run,
};
