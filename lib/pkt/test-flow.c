/* SPDX-License-Identifier: BSD-2-Clause */
#include "pkt/flow.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <weir/trace.h>

#include "base/bytes.h"
#include "pkt/parse.h"
#include "support/unit.h"

#define SECOND 1000000000LL

/* An Ethernet frame with a UDP datagram in it, or a fragment of one. */
struct udp {
	uint32_t src, dst;
	uint16_t sport, dport;
	uint16_t id, frag;
};

#define UDP_SIZE 50u

static void udp_build(const struct udp *u, uint8_t *f)
{
	static const uint8_t macs[12] = { 2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2 };

	memset(f, 0, UDP_SIZE);
	memcpy(f, macs, 12);
	be16_put(f + 12, PKT_ETH_IPV4);
	f[14] = 0x45;
	be16_put(f + 16, 36);
	be16_put(f + 18, u->id);
	be16_put(f + 20, u->frag);
	f[23] = PKT_IP_UDP;
	be32_put(f + 26, u->src);
	be32_put(f + 30, u->dst);
	be16_put(f + 34, u->sport);
	be16_put(f + 36, u->dport);
}

static int see(struct flow_table *t, const struct udp *u, int64_t ts_ns, uint32_t expiry_s)
{
	uint8_t f[UDP_SIZE];

	udp_build(u, f);
	return flow_see(t, 1, f, sizeof(f), ts_ns, expiry_s, NULL);
}

static uint8_t lane(struct flow_table *t, const struct udp *u)
{
	uint8_t f[UDP_SIZE];

	udp_build(u, f);
	return flow_lane(t, 1, f, sizeof(f));
}

static void test_a_flow_has_one_direction(void **state)
{
	const struct udp there = { .src = 1, .dst = 2, .sport = 3, .dport = 4 };
	const struct udp back = { .src = 2, .dst = 1, .sport = 4, .dport = 3 };
	struct flow_table *t = flow_table_new();

	(void)state;
	assert_non_null(t);
	assert_int_equal(see(t, &there, 0, 0), FLOW_NEW);
	assert_int_equal(see(t, &there, 0, 0), FLOW_KNOWN);
	assert_int_equal(see(t, &back, 0, 0), FLOW_NEW);
	assert_int_equal(see(t, &there, 1000000 * SECOND, 0), FLOW_KNOWN);
	flow_table_free(t);
}

static void test_a_flow_expires_after_whole_seconds_without_a_frame(void **state)
{
	const struct udp u = { .src = 1, .dst = 2 };
	struct flow_table *t = flow_table_new();

	(void)state;
	assert_non_null(t);
	assert_int_equal(see(t, &u, 100 * SECOND, 1), FLOW_NEW);
	assert_int_equal(see(t, &u, 101 * SECOND + 900000000, 1), FLOW_KNOWN);
	assert_int_equal(see(t, &u, 103 * SECOND, 1), FLOW_EXPIRED); /* 1.1 s later */
	assert_int_equal(see(t, &u, 103 * SECOND, 1), FLOW_KNOWN);
	assert_int_equal(see(t, &u, 90 * SECOND, 1), FLOW_KNOWN); /* time goes back */
	flow_table_free(t);
}

static void test_a_table_keeps_every_flow_while_it_grows(void **state)
{
	enum {
		MANY = 200000
	};
	struct flow_table *t = flow_table_new();

	(void)state;
	assert_non_null(t);
	for (uint32_t i = 0; i < MANY; i++)
		assert_int_equal(see(t, &(struct udp){ .src = i, .dst = ~i }, 0, 0), FLOW_NEW);
	for (uint32_t i = 0; i < MANY; i++)
		assert_int_equal(see(t, &(struct udp){ .src = i, .dst = ~i }, 0, 0), FLOW_KNOWN);
	flow_table_free(t);
}

static void test_what_is_no_ip_belongs_to_no_flow(void **state)
{
	uint8_t f[60] = { [12] = 0x08, 0x06 };
	struct flow_table *t = flow_table_new();

	(void)state;
	assert_non_null(t);
	assert_int_equal(flow_see(t, 1, f, sizeof(f), 0, 0, NULL), FLOW_NONE);
	be16_put(f + 12, 46); /* an IEEE 802.3 length */
	assert_int_equal(flow_see(t, 1, f, sizeof(f), 0, 0, NULL), FLOW_INVALID);
	flow_table_free(t);
}

static void test_a_frame_cut_before_its_ports_is_invalid(void **state)
{
	const struct udp u = { .src = 1, .dst = 2 };
	struct flow_table *t = flow_table_new();
	uint8_t f[UDP_SIZE];

	(void)state;
	assert_non_null(t);
	udp_build(&u, f);
	for (uint32_t len = 0; len < 42; len++)
		assert_int_equal(flow_see(t, 1, f, len, 0, 0, NULL), FLOW_INVALID);
	assert_int_equal(flow_see(t, 1, f, 42, 0, 0, NULL), FLOW_NEW);
	flow_table_free(t);
}

static void test_both_directions_share_a_lane(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < 1000; i++) {
		const struct udp there = { .src = i * 7919,
					   .dst = i * 31,
					   .sport = (uint16_t)i,
					   .dport = (uint16_t)(i * 13) };
		const struct udp back = { .src = there.dst,
					  .dst = there.src,
					  .sport = there.dport,
					  .dport = there.sport };

		assert_int_equal(lane(NULL, &there), lane(NULL, &back));
	}
}

static void test_hosts_talking_to_themselves_share_a_lane(void **state)
{
	const struct udp there = { .src = 5, .dst = 5, .sport = 1, .dport = 2 };
	const struct udp back = { .src = 5, .dst = 5, .sport = 2, .dport = 1 };

	(void)state;
	assert_int_equal(lane(NULL, &there), lane(NULL, &back));
}

static void test_lanes_are_used_evenly(void **state)
{
	enum {
		FLOWS = 256 * 64
	};
	unsigned n[256] = { 0 };

	(void)state;
	for (uint16_t i = 0; i < FLOWS; i++)
		n[lane(NULL, &(struct udp){ .src = 1, .dst = 2, .sport = i, .dport = 9 })]++;
	for (unsigned i = 0; i < 256; i++)
		assert_in_range(n[i], 64 / 2, 64 * 2);
}

/* Whoever shares a trace out elsewhere must come to the same lanes. */
static void test_lanes_never_change(void **state)
{
	const struct udp u = { .src = 0x0a000001, .dst = 0x0a000002, .sport = 1, .dport = 2 };
	const uint8_t arp[60] = { 2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 6 };

	(void)state;
	assert_int_equal(lane(NULL, &u), 0x92);
	assert_int_equal(flow_lane(NULL, 1, arp, sizeof(arp)), 0x3f);
}

static void test_later_fragments_stay_with_their_flow(void **state)
{
	const struct udp whole = { .src = 1, .dst = 2, .sport = 7, .dport = 8 };
	struct udp first = whole, later = whole, other = whole;
	struct flow_table *t = flow_table_new();

	(void)state;
	assert_non_null(t);
	first.id = 99;
	first.frag = 0x2000;
	later.id = 99;
	later.frag = 2;
	later.sport = 0xbeef; /* data */
	other = later;
	other.id = 100; /* its first fragment was never seen */

	assert_int_equal(lane(t, &first), lane(t, &whole));
	assert_int_equal(lane(t, &later), lane(t, &whole));
	later.sport = 0;
	assert_int_equal(lane(t, &other), lane(NULL, &later));
	assert_int_equal(lane(NULL, &first), lane(NULL, &later));
	flow_table_free(t);
}

/* Only the first fragment tells what is behind the destination options. */
static void test_later_ipv6_fragments_stay_with_their_flow(void **state)
{
	uint8_t first[64] = { 0x60, [5] = 24, [6] = PKT_IP_FRAGMENT, [8] = 0xfd, [24] = 0xfe };
	uint8_t later[64], first_lane;
	struct flow_table *t = flow_table_new();

	(void)state;
	assert_non_null(t);
	first[40] = PKT_IP_DSTOPTS;
	first[47] = 9; /* identification */
	memcpy(later, first, sizeof(later));
	first[43] = 1; /* more follow */
	first[48] = PKT_IP_UDP;
	first[57] = 1;
	later[43] = 16; /* the rest */
	memset(later + 48, 0xee, 16);

	first_lane = flow_lane(t, PKT_LINKTYPE_RAW, first, 64);
	assert_int_equal(flow_lane(t, PKT_LINKTYPE_RAW, later, 64), first_lane);
	assert_int_equal(flow_lane(NULL, PKT_LINKTYPE_RAW, first, 64),
			 flow_lane(NULL, PKT_LINKTYPE_RAW, later, 64));
	flow_table_free(t);
}

static void test_other_frames_go_by_their_mac_addresses(void **state)
{
	uint8_t there[60] = { 2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 6 };
	uint8_t back[60] = { 2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 8, 6 };
	uint8_t raw[60] = { 0 };

	(void)state;
	assert_int_equal(flow_lane(NULL, 1, there, 60), flow_lane(NULL, 1, back, 60));
	assert_int_equal(flow_lane(NULL, PKT_LINKTYPE_RAW, raw, 60), 0);
}

/* What tests/data/flows.txt says of a file. */
struct count {
	char name[128];
	unsigned flows, flow, other, invalid;
};

static struct count count_file(const char *path)
{
	struct flow_table *t = flow_table_new();
	struct weir_reader *r = NULL;
	struct weir_record rec;
	unsigned n[FLOW_EXPIRED + 1] = { 0 };
	int v;

	assert_non_null(t);
	assert_int_equal(weir_reader_open(path, &r, NULL), 0);
	while (weir_reader_next(r, &rec, NULL) == 1) {
		v = flow_see(t, rec.linktype, rec.data, rec.len, rec.ts_ns, 0, NULL);
		assert_in_range(v, 0, FLOW_EXPIRED);
		n[v]++;
	}
	weir_reader_close(r);
	flow_table_free(t);
	return (struct count){ "", n[FLOW_NEW], n[FLOW_NEW] + n[FLOW_KNOWN], n[FLOW_NONE],
			       n[FLOW_INVALID] };
}

/* "name flows flow other invalid [weir flows flow other invalid # why]": what weir
 * means to count stands last. */
static bool parse_row(const char *line, struct count *ret)
{
	const char *own = strstr(line, " weir ");

	if (sscanf(line, "%127s", ret->name) != 1)
		return false;
	line = own ? own + 6 : line + strlen(ret->name);
	return sscanf(line, "%u %u %u %u", &ret->flows, &ret->flow, &ret->other, &ret->invalid) ==
	       4;
}

static void test_flows_are_what_tcpreplay_counts(void **state)
{
	const char *source = getenv("WEIR_SOURCE"), *data = getenv("WEIR_TEST_DATA");
	char table[512], folder[512], line[256], path[768];
	struct count want, got;
	unsigned n = 0, wrong = 0;
	FILE *f;

	(void)state;
	if (!source)
		skip();
	(void)snprintf(folder, sizeof(folder), "%s%s/tcpdump", data ? data : source,
		       data ? "" : "/../shared/data");
	if (access(folder, R_OK) < 0)
		skip();
	(void)snprintf(table, sizeof(table), "%s/tests/data/flows.txt", source);
	f = fopen(table, "re");
	assert_non_null(f);

	while (fgets(line, sizeof(line), f)) {
		if (line[0] == '#')
			continue;
		assert_true(parse_row(line, &want));
		(void)snprintf(path, sizeof(path), "%s/%s", folder, want.name);
		got = count_file(path);
		n++;
		if (got.flows != want.flows || got.flow != want.flow || got.other != want.other ||
		    got.invalid != want.invalid) {
			print_message("%s: %u %u %u %u\n", want.name, got.flows, got.flow,
				      got.other, got.invalid);
			wrong++;
		}
	}
	(void)fclose(f); /* only read from */
	assert_int_equal(wrong, 0);
	assert_true(n > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_flow_has_one_direction),
		cmocka_unit_test(test_a_flow_expires_after_whole_seconds_without_a_frame),
		cmocka_unit_test(test_a_table_keeps_every_flow_while_it_grows),
		cmocka_unit_test(test_what_is_no_ip_belongs_to_no_flow),
		cmocka_unit_test(test_a_frame_cut_before_its_ports_is_invalid),
		cmocka_unit_test(test_both_directions_share_a_lane),
		cmocka_unit_test(test_hosts_talking_to_themselves_share_a_lane),
		cmocka_unit_test(test_lanes_are_used_evenly),
		cmocka_unit_test(test_lanes_never_change),
		cmocka_unit_test(test_later_fragments_stay_with_their_flow),
		cmocka_unit_test(test_later_ipv6_fragments_stay_with_their_flow),
		cmocka_unit_test(test_other_frames_go_by_their_mac_addresses),
		cmocka_unit_test(test_flows_are_what_tcpreplay_counts),
	};

	return unit_run(tests);
}
