/* SPDX-License-Identifier: BSD-2-Clause */
#include <weir/classify.h>

#include <errno.h>
#include <string.h>

#include "base/bytes.h"
#include "support/unit.h"

/* Frames that a test makes, one after another. */
struct trace {
	uint8_t frames[32][128];
	uint32_t lens[32];
	unsigned n;
};

enum {
	SYN = 2,
	SYN_ACK = 0x12,
	ACK = 0x10,
	ECN_SYN = 0xc2
};

static uint8_t *add(struct trace *t, uint16_t type, uint32_t len)
{
	uint8_t *f = t->frames[t->n];

	t->lens[t->n++] = len;
	memset(f, 0, 128);
	f[11] = 1;
	be16_put(f + 12, type);
	return f;
}

/* From and to are the last bytes of 10.1.x.x, high byte first. */
static uint8_t *add_ipv4(struct trace *t, uint16_t from, uint16_t to, uint8_t proto, uint16_t size)
{
	uint8_t *f = add(t, 0x0800, 34u + size);

	f[14] = 0x45;
	be16_put(f + 16, (uint16_t)(20 + size));
	f[23] = proto;
	be32_put(f + 26, 0x0a010000u | from);
	be32_put(f + 30, 0x0a010000u | to);
	return f + 34;
}

static void add_tcp(struct trace *t, uint16_t from, uint16_t to, uint8_t flags)
{
	uint8_t *l4 = add_ipv4(t, from, to, 6, 20);

	be16_put(l4, 4000);
	be16_put(l4 + 2, 4001);
	l4[12] = 0x50;
	l4[13] = flags;
}

static uint8_t *add_udp(struct trace *t, uint16_t from, uint16_t to, uint16_t sport, uint16_t dport)
{
	uint8_t *l4 = add_ipv4(t, from, to, 17, 20);

	be16_put(l4, sport);
	be16_put(l4 + 2, dport);
	be16_put(l4 + 4, 20);
	return l4 + 8;
}

static void add_tcp6(struct trace *t, uint8_t from, uint8_t to, uint8_t flags)
{
	uint8_t *f = add(t, 0x86dd, 74);

	f[14] = 0x60;
	be16_put(f + 18, 20);
	f[20] = 6;
	f[22] = f[38] = 0xfd;
	f[37] = from;
	f[53] = to;
	f[54 + 12] = 0x50;
	f[54 + 13] = flags;
}

/* Where the mode can be a stage, it says the same. */
static void check_stage(struct weir_classifier *c, const struct trace *t, const char *verdicts)
{
	struct weir_stage stage = weir_classifier_stage(c);

	for (unsigned i = 0; i < t->n; i++) {
		uint8_t frame[128];
		struct weir_buf b = {
			.data = frame, .len = t->lens[i], .linktype = 1, .nr = i + 1
		};

		memcpy(frame, t->frames[i], sizeof(frame));
		assert_int_equal(stage.run(stage.ctx, &b, 1), 0);
		assert_int_equal(b.port, verdicts[i] == 'p'   ? 0
					 : verdicts[i] == 's' ? 1
							      : WEIR_NO_PORT);
	}
}

/* Two that are given rows of 1, 2, 3, ... frames by turns say the same. */
static void check_rows(const struct weir_classify_opts *opts, const struct trace *t,
		       const char *verdicts)
{
	struct weir_classifier_row rows[32];
	struct weir_classifier *c[2];
	struct weir_cache *cache;
	unsigned n = 0, at = 0;

	assert_int_equal(weir_cache_new(NULL, &cache, NULL), 0);
	for (unsigned i = 0; i < 2; i++)
		assert_int_equal(weir_classifier_new(opts, &c[i], NULL), 0);
	for (; at < t->n; n++) {
		rows[n] = (struct weir_classifier_row){ .who = c[n % 2],
							.n = weir_classifier_count(c[n % 2]) };
		for (unsigned i = 0; i <= n && at < t->n; i++, at++) {
			const struct weir_record rec = { .data = t->frames[at],
							 .len = t->lens[at],
							 .orig_len = t->lens[at],
							 .linktype = 1,
							 .nr = at + 1 };

			assert_int_equal(weir_classifier_add(rows[n].who, &rec, NULL), 0);
		}
		rows[n].n = weir_classifier_count(c[n % 2]) - rows[n].n;
	}
	assert_int_equal(weir_classifier_finish_rows(rows, n, cache, NULL), 0);
	assert_int_equal(weir_cache_count(cache), strlen(verdicts));
	for (unsigned i = 0; i < weir_cache_count(cache); i++)
		assert_int_equal("--sp"[weir_cache_get(cache, i + 1)], verdicts[i]);
	weir_cache_free(cache);
	weir_classifier_free(c[0]);
	weir_classifier_free(c[1]);
}

/* The verdicts as text, p, s or -; or the error. */
static int classify(const struct weir_classify_opts *opts, const struct trace *t, char *ret,
		    struct weir_err *err)
{
	struct weir_classifier *c;
	struct weir_cache *cache;
	int r = weir_classifier_new(opts, &c, err);

	if (r < 0)
		return r;
	for (unsigned i = 0; i < t->n; i++) {
		struct weir_record rec = { .data = t->frames[i],
					   .len = t->lens[i],
					   .orig_len = t->lens[i],
					   .linktype = 1,
					   .nr = i + 1 };

		r = weir_classifier_add(c, &rec, err);
		if (r < 0) {
			weir_classifier_free(c);
			return r;
		}
	}
	assert_int_equal(weir_cache_new(NULL, &cache, NULL), 0);
	r = weir_classifier_finish(c, cache, err);
	for (unsigned i = 0; i < weir_cache_count(cache); i++)
		ret[i] = "--sp"[weir_cache_get(cache, i + 1)];
	ret[weir_cache_count(cache)] = '\0';
	assert_int_equal(weir_classifier_is_stage(c), opts->mode > WEIR_SPLIT_FIRST);
	if (r >= 0 && !weir_classifier_remembers(c))
		check_rows(opts, t, ret);
	if (weir_classifier_is_stage(c) && weir_cache_count(cache) == t->n)
		check_stage(c, t, ret);
	weir_cache_free(cache);
	weir_classifier_free(c);
	return r;
}

#define ASSERT_SIDES(t, want, ...)                                                                 \
	do {                                                                                       \
		struct weir_err err_ = { 0 };                                                      \
		char got_[64];                                                                     \
		if (classify(&(struct weir_classify_opts){ __VA_ARGS__ }, t, got_, &err_) < 0)     \
			fail_msg("%s", err_.text);                                                 \
		assert_string_equal(got_, want);                                                   \
	} while (0)

static void test_sources_in_a_list_go_to_the_primary_port(void **state)
{
	struct trace t = { 0 };

	(void)state;
	add_tcp(&t, 1, 2, ACK);
	add_tcp(&t, 2, 1, ACK);
	add(&t, 0x0806, 60);
	ASSERT_SIDES(&t, "psp", .mode = WEIR_SPLIT_CIDR, .what = "10.1.0.1");
	ASSERT_SIDES(&t, "sps", .mode = WEIR_SPLIT_CIDR, .what = "10.1.0.1", .reverse = true);
	ASSERT_SIDES(&t, "pss", .mode = WEIR_SPLIT_CIDR, .what = "10.1.0.1", .nonip = true);
	ASSERT_SIDES(&t, "pss", .mode = WEIR_SPLIT_CIDR, .what = "10.1.0.1",
		     .quirks = WEIR_SPLIT_QUIRK_NONIP);
}

static void test_expressions_match_addresses_as_text(void **state)
{
	struct trace t = { 0 };

	(void)state;
	add_tcp(&t, 1, 2, ACK);
	add_tcp(&t, 2, 1, ACK);
	add_tcp6(&t, 3, 1, ACK);
	ASSERT_SIDES(&t, "psp", .mode = WEIR_SPLIT_REGEX, .what = "0\\.1$|^fd");
	ASSERT_SIDES(&t, "sps", .mode = WEIR_SPLIT_REGEX, .what = "0\\.1$|^fd", .reverse = true);
	ASSERT_SIDES(&t, "sss", .mode = WEIR_SPLIT_REGEX, .what = "0\\.1$|^fd", .reverse = true,
		     .quirks = WEIR_SPLIT_QUIRK_REVERSE);
}

static void test_ports_of_services_are_primary(void **state)
{
	static const char services[] = "dns 53/udp\nx 4001/TCP # y\n99999/tcp /tcp";
	struct trace t = { 0 };

	(void)state;
	add_tcp(&t, 1, 2, ACK);
	add_udp(&t, 1, 2, 1000, 53);
	add_udp(&t, 2, 1, 53, 2000);
	add_ipv4(&t, 1, 2, 1, 8);
	ASSERT_SIDES(&t, "spsp", .mode = WEIR_SPLIT_PORT);
	ASSERT_SIDES(&t, "ppss", .mode = WEIR_SPLIT_PORT, .services = services,
		     .services_size = sizeof(services) - 1, .nonip = true);
	ASSERT_SIDES(&t, "spss", .mode = WEIR_SPLIT_PORT, .services = services,
		     .services_size = sizeof(services) - 1, .nonip = true,
		     .quirks = WEIR_SPLIT_QUIRK_SERVICES);
}

static void test_tcpprep_takes_what_is_cut_for_no_service(void **state)
{
	struct trace t = { 0 };

	(void)state;
	add_ipv4(&t, 1, 2, 1, 4);
	add_ipv4(&t, 1, 2, 1, 3);
	ASSERT_SIDES(&t, "pp", .mode = WEIR_SPLIT_PORT);
	ASSERT_SIDES(&t, "ps", .mode = WEIR_SPLIT_PORT, .nonip = true,
		     .quirks = WEIR_SPLIT_QUIRKS_TCPPREP);
}

static void test_macs_of_senders(void **state)
{
	struct trace t = { 0 };

	(void)state;
	add(&t, 0x0806, 60);
	add(&t, 0x0806, 60)[11] = 2;
	ASSERT_SIDES(&t, "sp", .mode = WEIR_SPLIT_MAC, .what = "00:00:00:00:00:09,0:0:0:0:0:2");
}

static void test_clients_open_connections_and_servers_accept_them(void **state)
{
	struct trace t = { 0 };

	(void)state;
	add_tcp(&t, 1, 2, ECN_SYN);
	add_tcp(&t, 2, 1, SYN_ACK);
	add_tcp(&t, 1, 2, ACK);
	add_udp(&t, 3, 4, 1000, 53);
	be16_put(add_udp(&t, 4, 3, 53, 1000) + 2, 0x8180);
	ASSERT_SIDES(&t, "pspps", .mode = WEIR_SPLIT_BRIDGE);
	ASSERT_SIDES(&t, "spssp", .mode = WEIR_SPLIT_BRIDGE, .reverse = true);
}

static void test_a_server_has_to_outweigh_its_own_connections(void **state)
{
	struct trace t = { 0 };

	(void)state;
	for (unsigned i = 0; i < 3; i++)
		add_tcp(&t, 1, 2, SYN_ACK);
	add_tcp(&t, 1, 3, SYN);
	add_tcp(&t, 1, 3, SYN);
	ASSERT_SIDES(&t, "ppppp", .mode = WEIR_SPLIT_CLIENT); /* 3 < 2 x 2.0 */
	ASSERT_SIDES(&t, "sssss", .mode = WEIR_SPLIT_CLIENT, .ratio = 1.5);
	add_tcp(&t, 4, 1, SYN);
	ASSERT_SIDES(&t, "sssssp", .mode = WEIR_SPLIT_CLIENT, .ratio = -1);
	ASSERT_SIDES(&t, "ssssss", .mode = WEIR_SPLIT_CLIENT, .ratio = -1,
		     .quirks = WEIR_SPLIT_QUIRK_WEIGH);
}

static void test_a_bridge_gives_up_on_hosts_that_it_cannot_tell(void **state)
{
	struct weir_classify_opts opts = { .mode = WEIR_SPLIT_BRIDGE };
	struct weir_err err = { 0 };
	struct trace t = { 0 };
	char got[64];

	(void)state;
	add_tcp(&t, 1, 2, SYN);
	add_tcp(&t, 9, 1, ACK);
	assert_int_equal(classify(&opts, &t, got, &err), -ENOTUNIQ);
	assert_string_equal(err.text, "cannot tell whether 10.1.0.9 is a client or a server");
	ASSERT_SIDES(&t, "pp", .mode = WEIR_SPLIT_CLIENT);
	ASSERT_SIDES(&t, "ps", .mode = WEIR_SPLIT_SERVER);
}

static void test_a_router_asks_the_neighbours(void **state)
{
	struct trace t = { 0 };

	(void)state;
	add_tcp(&t, 0x0101, 0x0201, SYN);
	add_tcp(&t, 0x0201, 0x0101, SYN_ACK);
	add_tcp(&t, 0x0102, 0x0201, ACK); /* nearest: the client, 23 bits alike */
	add_tcp(&t, 0x02f0, 0x0101, ACK); /* nearest: the server */
	add_tcp(&t, 0x0301, 0x0101, ACK); /* nearest: the server, in a network of 23 bits */
	add_tcp(&t, 0x0001, 0x0101, ACK); /* nearest: the client */
	ASSERT_SIDES(&t, "pspssp", .mode = WEIR_SPLIT_ROUTER);
	/* Networks of 24 bits at least: the last two stay unknown. */
	ASSERT_SIDES(&t, "pspsss", .mode = WEIR_SPLIT_ROUTER, .max_mask = 24, .nonip = true);
	/* Networks of 16 bits at most hold both; servers win. */
	ASSERT_SIDES(&t, "psssss", .mode = WEIR_SPLIT_ROUTER, .min_mask = 16);
}

static void test_the_first_to_speak_is_a_client(void **state)
{
	struct trace t = { 0 };

	(void)state;
	add_tcp(&t, 1, 2, ACK);
	add_tcp(&t, 2, 1, ACK);
	add_tcp(&t, 3, 2, ACK);
	add_tcp6(&t, 1, 2, ACK);
	add_tcp6(&t, 2, 1, ACK);
	ASSERT_SIDES(&t, "pspps", .mode = WEIR_SPLIT_FIRST);
	ASSERT_SIDES(&t, "psppp", .mode = WEIR_SPLIT_FIRST, .quirks = WEIR_SPLIT_QUIRK_IPV6);
}

static void test_rules_leave_frames_out(void **state)
{
	struct trace t = { 0 };

	(void)state;
	add_tcp(&t, 1, 2, ACK);
	add_tcp(&t, 2, 1, ACK);
	add_udp(&t, 2, 3, 7, 7);
	add(&t, 0x0806, 60);
	ASSERT_SIDES(&t, "p--p", .mode = WEIR_SPLIT_CIDR, .what = "10.1.0.1",
		     .include = "S:10.1.0.1");
	ASSERT_SIDES(&t, "ps-p", .mode = WEIR_SPLIT_CIDR, .what = "10.1.0.1",
		     .exclude = "D:10.1.0.3");
	ASSERT_SIDES(&t, "ps-p", .mode = WEIR_SPLIT_CIDR, .what = "10.1.0.1",
		     .include = "B:10.1.0.2,10.1.0.0/31");
	ASSERT_SIDES(&t, "--sp", .mode = WEIR_SPLIT_CIDR, .what = "10.1.0.1",
		     .exclude = "E:10.1.0.1");
	ASSERT_SIDES(&t, "-s-p", .mode = WEIR_SPLIT_CIDR, .what = "10.1.0.1", .include = "P:2,4-");
	ASSERT_SIDES(&t, "--s-", .mode = WEIR_SPLIT_CIDR, .what = "10.1.0.1", .include = "F:udp");
	ASSERT_SIDES(&t, "s", .mode = WEIR_SPLIT_CIDR, .what = "10.1.0.1", .include = "F:udp",
		     .quirks = WEIR_SPLIT_QUIRK_FILTER);
}

static void test_bad_options_are_named(void **state)
{
	static const struct {
		struct weir_classify_opts opts;
		const char *text;
	} bad[] = {
		{ { .mode = WEIR_SPLIT_CIDR, .what = "10.0.0.0/8,x" },
		  "cidr: \"10.0.0.0/8,x\", at 12: x is not an IPv4 address" },
		{ { .mode = WEIR_SPLIT_MAC, .what = "1:2" },
		  "mac: \"1:2\", at 4: a MAC address has six parts, joined by ':'" },
		{ { .include = "Q:1" },
		  "include: \"Q:1\", at 1: a rule begins with S:, D:, B:, E:, P: or F:" },
		{ { .exclude = "S10.0.0.0" },
		  "exclude: \"S10.0.0.0\", at 1: a rule begins with S:, D:, B:, E:, P: or F:" },
		{ { .min_mask = 8, .max_mask = 8 },
		  "minmask (8) must be greater than maxmask (8)" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct weir_classifier *c = NULL;
		struct weir_err err = { 0 };

		assert_int_equal(weir_classifier_new(&bad[i].opts, &c, &err), -EINVAL);
		assert_string_equal(err.text, bad[i].text);
		assert_null(c);
	}
}

static void test_a_filter_that_is_none_is_told_with_the_first_frame(void **state)
{
	struct weir_classify_opts opts = { .include = "F:tcp or or" };
	struct weir_err err = { 0 };
	struct trace t = { 0 };
	char got[64];

	(void)state;
	add_tcp(&t, 1, 2, ACK);
	assert_int_equal(classify(&opts, &t, got, &err), -EINVAL);
	assert_non_null(strstr(err.text, "include: \"tcp or or\""));
}

static void test_every_quirk_has_a_name_and_a_text(void **state)
{
	unsigned n = 0;

	(void)state;
	while (weir_split_quirk_name(n)) {
		assert_non_null(weir_split_quirk_text(n));
		n++;
	}
	assert_int_equal((1u << n) - 1, WEIR_SPLIT_QUIRKS_TCPPREP);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sources_in_a_list_go_to_the_primary_port),
		cmocka_unit_test(test_expressions_match_addresses_as_text),
		cmocka_unit_test(test_ports_of_services_are_primary),
		cmocka_unit_test(test_tcpprep_takes_what_is_cut_for_no_service),
		cmocka_unit_test(test_macs_of_senders),
		cmocka_unit_test(test_clients_open_connections_and_servers_accept_them),
		cmocka_unit_test(test_a_server_has_to_outweigh_its_own_connections),
		cmocka_unit_test(test_a_bridge_gives_up_on_hosts_that_it_cannot_tell),
		cmocka_unit_test(test_a_router_asks_the_neighbours),
		cmocka_unit_test(test_the_first_to_speak_is_a_client),
		cmocka_unit_test(test_rules_leave_frames_out),
		cmocka_unit_test(test_bad_options_are_named),
		cmocka_unit_test(test_a_filter_that_is_none_is_told_with_the_first_frame),
		cmocka_unit_test(test_every_quirk_has_a_name_and_a_text),
	};

	return unit_run(tests);
}
