/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * libpcap as the oracle: every file of the data folder that it can read must give
 * the same frames here. The folder is $WEIR_TEST_DATA, or ../shared/data beside the
 * source.
 */
#include <pcap/pcap.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <weir/trace.h>

#include "base/macros.h"
#include "support/data.h"
#include "support/unit.h"
#include "trace/linktype.h"

/* libpcap 1.10 reads both time fields of classic pcap in this machine's byte order as
 * signed numbers; the draft, later versions and this reader have them unsigned. */
static int64_t time_of(const struct pcap_pkthdr *h, enum weir_trace_format format)
{
	const int64_t unit = format == WEIR_TRACE_PCAP_NS ? 1 : NSEC_PER_USEC;

	if (format == WEIR_TRACE_PCAPNG)
		return h->ts.tv_sec * (int64_t)NSEC_PER_SEC + h->ts.tv_usec;
	return (uint32_t)h->ts.tv_sec * (int64_t)NSEC_PER_SEC +
	       (uint32_t)(h->ts.tv_usec / unit) * unit;
}

/* Goes through both until libpcap has no more. false: the message is printed. */
static bool same_frames(const char *path, pcap_t *oracle, struct weir_reader *r)
{
	struct pcap_pkthdr *h;
	const uint8_t *data;
	unsigned long nr = 0;
	int want;

	while ((want = pcap_next_ex(oracle, &h, &data)) == 1) {
		struct weir_err err = { 0 };
		struct weir_record rec;
		const int64_t ts = time_of(h, weir_reader_info(r)->format);

		nr++;
		if (weir_reader_next(r, &rec, &err) != 1) {
			print_message("%s: frame %lu is missing: %s\n", path, nr, err.text);
			return false;
		}
		if (rec.len != h->caplen || rec.orig_len != h->len || rec.ts_ns != ts ||
		    rec.nr != nr || linktype_to_dlt(rec.linktype) != pcap_datalink(oracle) ||
		    memcmp(rec.data, data, rec.len)) {
			print_message("%s: frame %lu differs\n", path, nr);
			return false;
		}
	}
	/* At a damage libpcap gives up; so must the reader, unless it is one of the things
	 * that only libpcap cannot do. */
	if (want == PCAP_ERROR_BREAK) {
		struct weir_record rec;

		if (weir_reader_next(r, &rec, NULL) != 0) {
			print_message("%s: does not end after frame %lu\n", path, nr);
			return false;
		}
	}
	return true;
}

static bool check_file(const char *path, unsigned *n_read)
{
	char errbuf[PCAP_ERRBUF_SIZE];
	pcap_t *oracle =
		pcap_open_offline_with_tstamp_precision(path, PCAP_TSTAMP_PRECISION_NANO, errbuf);
	struct weir_err err = { 0 };
	struct weir_reader *r;
	bool same;

	if (!oracle)
		return true;
	if (weir_reader_open(path, &r, &err) < 0) {
		print_message("%s\n", err.text);
		pcap_close(oracle);
		return false;
	}

	same = same_frames(path, oracle, r);
	if ((uint32_t)pcap_snapshot(oracle) != weir_reader_iface(r, 0)->snaplen) {
		print_message("%s: snapshot length %d became %u\n", path, pcap_snapshot(oracle),
			      weir_reader_iface(r, 0)->snaplen);
		same = false;
	}
	weir_reader_close(r);
	pcap_close(oracle);
	(*n_read)++;
	return same;
}

static void test_reader_agrees_with_libpcap(void **state)
{
	unsigned n_read = 0, n_wrong = 0;
	struct data_walk *walk;
	char root[PATH_MAX];
	const char *path;

	(void)state;
	(void)data_find(root, sizeof(root)); /* it is there: main() looked */
	walk = data_walk_begin(root);
	assert_non_null(walk);
	while ((path = data_walk_next(walk)))
		n_wrong += !check_file(path, &n_read);
	data_walk_end(walk);

	print_message("# %u files compared\n", n_read);
	assert_int_equal(n_wrong, 0);
	assert_true(n_read > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reader_agrees_with_libpcap),
	};

	char root[PATH_MAX];

	if (!data_find(root, sizeof(root))) {
		printf("1..0 # SKIP there is no folder of recorded traces\n");
		return 0;
	}
	return unit_run(tests);
}
