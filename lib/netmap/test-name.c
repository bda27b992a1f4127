/* SPDX-License-Identifier: BSD-2-Clause */
/* libnetmap's names of ports: what each form asks for, and what is no name. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "netmap/nmport.h"
#include "support/unit.h"

/* A context that keeps the last error and counts what is allocated. */
struct kept {
	struct nmctx ctx;
	char text[1024];
	int n_errors, n_allocated, fail_at; /* fail_at: that allocation, from 1 */
};

static struct kept *kept_of(struct nmctx *ctx)
{
	return (struct kept *)(void *)ctx;
}

static void keep_error(struct nmctx *ctx, const char *text)
{
	(void)snprintf(kept_of(ctx)->text, sizeof(kept_of(ctx)->text), "%s", text);
	kept_of(ctx)->n_errors++;
}

static void *count_malloc(struct nmctx *ctx, size_t size)
{
	if (kept_of(ctx)->fail_at && --kept_of(ctx)->fail_at == 0)
		return NULL;
	kept_of(ctx)->n_allocated++;
	return malloc(size);
}

static void count_free(struct nmctx *ctx, void *p)
{
	kept_of(ctx)->n_allocated--;
	free(p);
}

static struct nmctx *was;

static int set_up(void **state)
{
	static struct kept kept;

	kept = (struct kept){ .ctx = { .verbose = 1,
				       .error = keep_error,
				       .malloc = count_malloc,
				       .free = count_free } };
	was = nmctx_set_default(&kept.ctx);
	*state = &kept;
	return 0;
}

static int tear_down(void **state)
{
	struct kept *kept = *state;

	assert_ptr_equal(nmctx_set_default(was), &kept->ctx);
	assert_int_equal(kept->n_allocated, 0);
	return 0;
}

struct form {
	const char *name, *port;
	unsigned mode, ring;
	uint64_t flags;
	unsigned memory;
};

static const struct form forms[] = {
	{ "netmap:eth0", "eth0", NR_REG_ALL_NIC, 0, 0, 0 },
	{ "netmap:eth0.100", "eth0.100", NR_REG_ALL_NIC, 0, 0, 0 },
	{ "vale0:p1", "vale0:p1", NR_REG_ALL_NIC, 0, 0, 0 },
	{ "vale:p", "vale:p", NR_REG_ALL_NIC, 0, 0, 0 },
	{ "vale_Ab9:P_1", "vale_Ab9:P_1", NR_REG_ALL_NIC, 0, 0, 0 },
	{ "vale0:", "vale0:", NR_REG_ALL_NIC, 0, 0, 0 },
	{ "netmap:a{1", "a{1", NR_REG_ALL_NIC, 0, 0, 0 },
	{ "netmap:a}b_2", "a}b_2", NR_REG_ALL_NIC, 0, 0, 0 },
	{ "vale0:p{x", "vale0:p{x", NR_REG_ALL_NIC, 0, 0, 0 },
	{ "netmap:eth0^", "eth0", NR_REG_SW, 0, 0, 0 },
	{ "netmap:eth0^3", "eth0", NR_REG_ONE_SW, 3, 0, 0 },
	{ "netmap:eth0*", "eth0", NR_REG_NIC_SW, 0, 0, 0 },
	{ "netmap:eth0-0", "eth0", NR_REG_ONE_NIC, 0, 0, 0 },
	{ "netmap:eth0-4094", "eth0", NR_REG_ONE_NIC, 4094, 0, 0 },
	{ "vale0:p-1", "vale0:p", NR_REG_ONE_NIC, 1, 0, 0 },
	{ "netmap:eth0/x", "eth0", NR_REG_ALL_NIC, 0, NR_EXCLUSIVE, 0 },
	{ "netmap:eth0/z", "eth0", NR_REG_ALL_NIC, 0, NR_ZCOPY_MON, 0 },
	{ "netmap:eth0/t", "eth0", NR_REG_ALL_NIC, 0, NR_MONITOR_TX, 0 },
	{ "netmap:eth0/r", "eth0", NR_REG_ALL_NIC, 0, NR_MONITOR_RX, 0 },
	{ "netmap:eth0/R", "eth0", NR_REG_ALL_NIC, 0, NR_RX_RINGS_ONLY, 0 },
	{ "netmap:eth0/T", "eth0", NR_REG_ALL_NIC, 0, NR_TX_RINGS_ONLY, 0 },
	{ "netmap:eth0/trx", "eth0", NR_REG_ALL_NIC, 0,
	  NR_MONITOR_TX | NR_MONITOR_RX | NR_EXCLUSIVE, 0 },
	{ "netmap:eth0@7", "eth0", NR_REG_ALL_NIC, 0, 0, 7 },
	{ "netmap:eth0@7@7", "eth0", NR_REG_ALL_NIC, 0, 0, 7 },
	{ "netmap:eth0@65535", "eth0", NR_REG_ALL_NIC, 0, 0, 65535 },
	{ "netmap:eth0@7/x", "eth0", NR_REG_ALL_NIC, 0, NR_EXCLUSIVE, 7 },
	{ "netmap:a{k/xT@2", "a{k", NR_REG_ALL_NIC, 0, NR_EXCLUSIVE | NR_TX_RINGS_ONLY, 2 },
	{ "netmap:a}k-2/R@9", "a}k", NR_REG_ONE_NIC, 2, NR_RX_RINGS_ONLY, 9 },
	{ "netmap:eth0^1/x@1", "eth0", NR_REG_ONE_SW, 1, NR_EXCLUSIVE, 1 },
};

static void test_each_form_asks_for_its_rings(void **state)
{
	for (unsigned i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		struct nmport_d *d = nmport_prepare(forms[i].name);
		struct kept *kept = *state;

		if (!d)
			fail_msg("'%s' is refused", forms[i].name);
		assert_int_equal(d->hdr.nr_version, NETMAP_API);
		assert_int_equal(d->hdr.nr_reqtype, NETMAP_REQ_REGISTER);
		assert_true(d->hdr.nr_body == (uintptr_t)&d->reg);
		assert_true(d->hdr.nr_options == 0);
		assert_string_equal(d->hdr.nr_name, forms[i].port);
		assert_int_equal(d->reg.nr_mode, forms[i].mode);
		assert_int_equal(d->reg.nr_ringid, forms[i].ring);
		assert_int_equal(d->reg.nr_flags, forms[i].flags);
		assert_int_equal(d->reg.nr_mem_id, forms[i].memory);
		assert_int_equal(d->fd, -1);
		assert_int_equal(kept->n_errors, 0);
		nmport_close(d);
	}
}

#define NAME_63 "a23456789012345678901234567890123456789012345678901234567890123"

static void test_names_are_as_long_as_fits(void **state)
{
	struct nmport_d *d = nmport_prepare("netmap:" NAME_63);

	(void)state;
	assert_non_null(d);
	assert_string_equal(d->hdr.nr_name, NAME_63);
	nmport_close(d);
	assert_null(nmport_prepare("netmap:" NAME_63 "4"));
}

static const char *const no_names[] = {
	"",
	"eth0",
	"eth0:1",
	"netmap",
	"netmap:",
	"netmap:^",
	"netmap0:eth0",
	"netmap eth0",
	"vale0",
	"vale-0:p",
	"vale0:p.1",
	"vale0:p q",
	"netmap:a{",
	"netmap:a}",
	"netmap:a{^",
	"netmap:a{b{c",
	"netmap:a{b}c",
	"netmap:a{b.c",
	"netmap:eth0-",
	"netmap:eth0-x",
	"netmap:eth0-4095",
	"netmap:eth0-99999999999999999999",
	"netmap:eth0-1-2",
	"netmap:eth0^x",
	"netmap:eth0^4095",
	"netmap:eth0*1",
	"netmap:eth0^*",
	"netmap:eth0/",
	"netmap:eth0/q",
	"netmap:eth0/x/z",
	"netmap:eth0/x^",
	"netmap:eth0@",
	"netmap:eth0@0",
	"netmap:eth0@65536",
	"netmap:eth0@1@2",
	"netmap:eth0@1^",
	"netmap:eth0@1x",
	"netmap:eth0@nothing",
	"netmap:eth0@nothing=1",
	"netmap:eth0@conf",
	"netmap:eth0@conf=",
	"netmap:eth0@conf=x",
	"netmap:eth0@conf=-1",
	"netmap:eth0@conf:rings",
	"netmap:eth0@conf:rings=65536",
	"netmap:eth0@conf:slots=4294967296",
	"netmap:eth0@conf:rings=1,rings=2",
	"netmap:eth0@conf:ring=1",
	"netmap:eth0@conf:=1",
	"netmap:eth0@conf:rings=1@",
	"netmap:eth0@conf:rings=1@2",
	"netmap:eth0@share",
	"netmap:eth0@share=",
	"netmap:eth0@share:port=",
	"netmap:eth0@share=eth1",
	"netmap:eth0@extmem",
	"netmap:eth0@extmem:if-num=1",
	"netmap:eth0@extmem=/nothing/there",
	"netmap:eth0@extmem:file=/nothing/there,if-num=x",
	"netmap:eth0@:conf",
};

static void test_what_is_no_name_is_refused_with_a_text(void **state)
{
	struct kept *kept = *state;

	for (unsigned i = 0; i < sizeof(no_names) / sizeof(no_names[0]); i++) {
		kept->n_errors = 0;
		errno = 0;
		if (nmport_prepare(no_names[i]))
			fail_msg("'%s' is a name", no_names[i]);
		assert_int_not_equal(errno, 0);
		assert_int_equal(kept->n_errors, 1);
		assert_true(kept->text[0]);
		assert_int_equal(kept->n_allocated, 0);
	}
	assert_null(nmport_prepare("netmap:eth0-x"));
	assert_int_equal(errno, EINVAL);
}

static void test_a_port_that_is_refused_is_as_it_was(void **state)
{
	struct nmport_d *d = nmport_prepare("vale1:p-1/x@5@conf:slots=64");
	const struct nmport_d was_d = *d;

	(void)state;
	assert_int_equal(nmport_parse(d, "netmap:other*/z@5@conf:rings=3,rings=4"), -1);
	assert_memory_equal(d, &was_d, sizeof(was_d));
	nmport_undo_parse(d);
	assert_string_equal(d->hdr.nr_name, "");
	assert_int_equal(d->hdr.nr_reqtype, NETMAP_REQ_REGISTER);
	assert_int_equal(d->reg.nr_mem_id, 0);
	assert_int_equal(nmport_parse(d, "netmap:other"), 0);
	nmport_close(d);
}

static void test_conf_has_rings_and_slots(void **state)
{
	struct nmport_d *d = nmport_prepare("vale0:p@conf:tx-slots=32,slots=64,rings=2,rx_rings=3,"
					    "host-rings=4,host-tx-rings=5");

	(void)state;
	assert_non_null(d);
	assert_int_equal(d->reg.nr_tx_slots, 32);
	assert_int_equal(d->reg.nr_rx_slots, 64);
	assert_int_equal(d->reg.nr_tx_rings, 2);
	assert_int_equal(d->reg.nr_rx_rings, 3);
	assert_int_equal(d->reg.nr_host_tx_rings, 5);
	assert_int_equal(d->reg.nr_host_rx_rings, 4);
	nmport_close(d);
	d = nmport_prepare("vale0:p@conf=6@conf:rx-slots=128,slots=");
	assert_non_null(d);
	assert_int_equal(d->reg.nr_tx_rings, 6);
	assert_int_equal(d->reg.nr_rx_rings, 6);
	assert_int_equal(d->reg.nr_tx_slots, 0);
	assert_int_equal(d->reg.nr_rx_slots, 128);
	nmport_close(d);
}

static void test_extmem_is_a_file(void **state)
{
	char path[] = "/tmp/test-netmap-name.XXXXXX", name[128];
	int fd = mkstemp(path);
	struct nmreq_pools_info *info;
	struct nmport_d *d;

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, 65536), 0);
	(void)close(fd);
	(void)snprintf(name, sizeof(name), "vale0:p@extmem:file=%s,buf-num=7,ring_size=4096", path);
	d = nmport_prepare(name);
	assert_non_null(d);
	info = nmport_extmem_getinfo(d);
	assert_non_null(info);
	assert_int_equal(info->nr_memsize, 65536);
	assert_int_equal(info->nr_buf_pool_objtotal, 7);
	assert_int_equal(info->nr_ring_pool_objsize, 4096);
	assert_int_equal(info->nr_if_pool_objtotal, 0);
	assert_ptr_equal(nmreq_find_option(&d->hdr, NETMAP_REQ_OPT_EXTMEM), d->extmem);
	*(volatile char *)(uintptr_t)d->extmem->nro_usrptr = 1; /* it is mapped */
	/* Once is enough, also when a file was mapped for it. */
	assert_int_equal(nmport_extmem_from_file(d, path), -1);
	assert_int_equal(nmport_extmem(d, info, 1), -1);
	assert_null(nmport_clone(d));
	nmport_close(d);
	(void)unlink(path);
}

static void test_offset_is_enabled_first(void **state)
{
	struct nmreq_opt_offsets *o;
	struct nmport_d *d;

	(void)state;
	assert_null(nmport_prepare("vale0:p@offset=64"));
	assert_int_equal(errno, EOPNOTSUPP);
	assert_int_equal(nmport_enable_option("offsets"), -1);
	assert_int_equal(errno, EOPNOTSUPP);
	assert_int_equal(nmport_enable_option("offset"), 0);
	assert_null(nmport_prepare("vale0:p@offset:bits=8"));
	assert_null(nmport_prepare("vale0:p@offset:bits=65,initial=1"));
	d = nmport_prepare("vale0:p@offset:bits=8,initial=64");
	assert_non_null(d);
	o = (void *)nmreq_find_option(&d->hdr, NETMAP_REQ_OPT_OFFSETS);
	assert_non_null(o);
	assert_int_equal(o->nro_offset_bits, 8);
	assert_int_equal(o->nro_initial_offset, 64);
	assert_int_equal(o->nro_max_offset, 64);
	assert_int_equal(o->nro_min_gap, 0);
	nmport_close(d);
	nmport_disable_option("offset");
	nmport_disable_option("nothing");
	assert_null(nmport_prepare("vale0:p@offset=64"));
}

static void test_a_clone_has_no_options(void **state)
{
	struct nmport_d *d = nmport_prepare("vale0:p-1/x@5"), *c;

	(void)state;
	assert_int_equal(nmport_offset(d, 1, 2, 3, 4), 0);
	c = nmport_clone(d);
	assert_non_null(c);
	assert_string_equal(c->hdr.nr_name, "vale0:p");
	assert_memory_equal(&c->reg, &d->reg, sizeof(c->reg));
	assert_true(c->hdr.nr_body == (uintptr_t)&c->reg);
	assert_true(c->hdr.nr_options == 0);
	assert_null(c->clist);
	nmport_close(d);
	nmport_close(c);
}

static void test_options_of_a_header_are_a_list(void **state)
{
	struct nmreq_option a = { .nro_reqtype = NETMAP_REQ_OPT_CSB };
	struct nmreq_option b = { .nro_reqtype = NETMAP_REQ_OPT_EXTMEM };
	struct nmreq_header hdr;

	(void)state;
	nmreq_header_init(&hdr, NETMAP_REQ_VALE_LIST, &a);
	assert_int_equal(hdr.nr_reqtype, NETMAP_REQ_VALE_LIST);
	nmreq_push_option(&hdr, &a);
	nmreq_push_option(&hdr, &b);
	assert_ptr_equal(nmreq_find_option(&hdr, NETMAP_REQ_OPT_CSB), &a);
	assert_ptr_equal(nmreq_find_option(&hdr, NETMAP_REQ_OPT_EXTMEM), &b);
	assert_null(nmreq_find_option(&hdr, NETMAP_REQ_OPT_OFFSETS));
	nmreq_remove_option(&hdr, &a);
	assert_null(nmreq_find_option(&hdr, NETMAP_REQ_OPT_CSB));
	nmreq_remove_option(&hdr, &a);
	nmreq_remove_option(&hdr, &b);
	assert_true(hdr.nr_options == 0);
	assert_string_equal(nmreq_option_name(NETMAP_REQ_OPT_OFFSETS), "offsets");
	assert_string_equal(nmreq_option_name(99), "unknown");
}

static void test_without_memory_nothing_stays(void **state)
{
	struct kept *kept = *state;

	assert_int_equal(nmport_enable_option("offset"), 0);
	for (int i = 1; i < 5; i++) {
		kept->fail_at = i;
		errno = 0;
		assert_null(nmport_prepare("vale0:p@offset=64"));
		assert_int_equal(errno, ENOMEM);
		assert_int_equal(kept->n_allocated, 0);
	}
	kept->fail_at = 0;
	nmport_disable_option("offset");
}

static void test_a_context_that_is_quiet_says_nothing(void **state)
{
	struct kept *kept = *state;

	kept->n_errors = 0;
	kept->ctx.verbose = 0;
	assert_null(nmport_open("netmap:"));
	assert_int_equal(errno, EINVAL);
	assert_int_equal(kept->n_errors, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_form_asks_for_its_rings),
		cmocka_unit_test(test_names_are_as_long_as_fits),
		cmocka_unit_test(test_what_is_no_name_is_refused_with_a_text),
		cmocka_unit_test(test_a_port_that_is_refused_is_as_it_was),
		cmocka_unit_test(test_conf_has_rings_and_slots),
		cmocka_unit_test(test_extmem_is_a_file),
		cmocka_unit_test(test_offset_is_enabled_first),
		cmocka_unit_test(test_a_clone_has_no_options),
		cmocka_unit_test(test_options_of_a_header_are_a_list),
		cmocka_unit_test(test_without_memory_nothing_stays),
		cmocka_unit_test(test_a_context_that_is_quiet_says_nothing),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
