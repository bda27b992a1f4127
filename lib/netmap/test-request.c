/* SPDX-License-Identifier: BSD-2-Clause */
/* Requests as they are copied in and out, from a program's memory that is an array here. */
#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "base/macros.h"
#include "netmap/legacy.h"
#include "netmap/request.h"
#include "support/unit.h"

/* Address 0 of a program is none. */
#define BASE 4096u

struct memory {
	_Alignas(8) uint8_t bytes[32768];
};

static int access_memory(const struct memory *m, uint64_t at, size_t size)
{
	return at >= BASE && at - BASE <= sizeof(m->bytes) && size <= sizeof(m->bytes) - (at - BASE)
		       ? 0
		       : -EFAULT;
}

static int read_memory(void *ctx, void *to, uint64_t from, size_t size)
{
	const struct memory *m = ctx;
	int r = access_memory(m, from, size);

	if (r == 0)
		memcpy(to, m->bytes + from - BASE, size);
	return r;
}

static int write_memory(void *ctx, uint64_t to, const void *from, size_t size)
{
	struct memory *m = ctx;
	int r = access_memory(m, to, size);

	if (r == 0)
		memcpy(m->bytes + to - BASE, from, size);
	return r;
}

/* A header at the beginning, a body at 256, options from 1024 on, each with 256 bytes. */
struct program {
	struct memory memory;
	struct nm_user user;
	struct nmreq_header *hdr;
	void *body;
	struct nm_request req;
};

#define OPTION_AT(i) (1024u + 256u * (i))

static struct nmreq_option *option(struct program *p, unsigned i)
{
	return (struct nmreq_option *)(void *)(p->memory.bytes + OPTION_AT(i));
}

static struct program *begin(unsigned type)
{
	static struct program p;

	memset(&p, 0, sizeof(p));
	p.user = (struct nm_user){ read_memory, write_memory, &p.memory };
	p.hdr = (struct nmreq_header *)(void *)p.memory.bytes;
	p.body = p.memory.bytes + 256;
	*p.hdr = (struct nmreq_header){ .nr_version = NETMAP_API,
					.nr_reqtype = (uint16_t)type,
					.nr_name = "vale0:a",
					.nr_body = BASE + 256 };
	return &p;
}

/* Options of these types, one after another. */
static void set_options(struct program *p, const uint32_t *types, unsigned n)
{
	p->hdr->nr_options = n ? BASE + OPTION_AT(0) : 0;
	for (unsigned i = 0; i < n; i++)
		*option(p, i) = (struct nmreq_option){
			.nro_next = i + 1 < n ? BASE + OPTION_AT(i + 1) : 0,
			.nro_reqtype = types[i],
			.nro_status = 77,
		};
}

static int read_it(struct program *p)
{
	return nm_request_read(&p->req, &p->user, BASE);
}

static int write_it(struct program *p, int result)
{
	return nm_request_write(&p->req, &p->user, BASE, result);
}

static void test_headers_have_to_be_right(void **state)
{
	static const struct {
		uint16_t version, type;
		uint32_t reserved;
		bool body;
		int want;
	} rows[] = {
		{ 15, NETMAP_REQ_REGISTER, 0, true, 0 },
		{ 14, NETMAP_REQ_REGISTER, 0, true, 0 },
		{ 13, NETMAP_REQ_REGISTER, 0, true, -EINVAL },
		{ 16, NETMAP_REQ_REGISTER, 0, true, -EINVAL },
		{ 15, NETMAP_REQ_REGISTER, 1, true, -EINVAL },
		{ 15, NETMAP_REQ_REGISTER, 0, false, -EINVAL },
		{ 15, NETMAP_REQ_VALE_DELIF, 0, true, -EINVAL },
		{ 15, NETMAP_REQ_VALE_DELIF, 0, false, 0 },
		{ 15, NETMAP_REQ_CSB_ENABLE, 0, false, 0 },
		{ 15, 0, 0, false, -EINVAL },
		{ 15, NETMAP_REQ_CSB_ENABLE + 1, 0, false, -EINVAL },
		{ 15, UINT16_MAX, 0, true, -EINVAL },
	};

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		struct program *p = begin(rows[i].type);

		p->hdr->nr_version = rows[i].version;
		p->hdr->nr_reserved = rows[i].reserved;
		p->hdr->nr_body = rows[i].body ? BASE + 256 : 0;
		assert_int_equal(read_it(p), rows[i].want);
	}
}

static void test_bodies_come_and_go_whole(void **state)
{
	static const struct {
		unsigned type;
		size_t size;
	} rows[] = {
		{ NETMAP_REQ_REGISTER, 56 },
		{ NETMAP_REQ_PORT_INFO_GET, 32 },
		{ NETMAP_REQ_VALE_ATTACH, 64 },
		{ NETMAP_REQ_VALE_DETACH, 8 },
		{ NETMAP_REQ_VALE_LIST, 8 },
		{ NETMAP_REQ_PORT_HDR_SET, 8 },
		{ NETMAP_REQ_PORT_HDR_GET, 8 },
		{ NETMAP_REQ_VALE_NEWIF, 16 },
		{ NETMAP_REQ_VALE_POLLING_ENABLE, 16 },
		{ NETMAP_REQ_VALE_POLLING_DISABLE, 16 },
		{ NETMAP_REQ_POOLS_INFO_GET, 64 },
		{ NETMAP_REQ_SYNC_KLOOP_START, 8 },
	};

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		struct program *p = begin(rows[i].type);
		uint8_t *body = p->body;

		memset(body, 5, 128);
		assert_int_equal(read_it(p), 0);
		assert_int_equal(p->req.body_size, rows[i].size);
		memset(&p->req.body, 6, sizeof(p->req.body));
		/* What failed leaves it as it was. */
		assert_int_equal(write_it(p, -EBUSY), -EBUSY);
		assert_int_equal(body[0], 5);
		assert_int_equal(write_it(p, 0), 0);
		assert_int_equal(body[rows[i].size - 1], 6);
		assert_int_equal(body[rows[i].size], 5);
	}
}

static void test_memory_that_is_not_there_is_told(void **state)
{
	struct program *p = begin(NETMAP_REQ_REGISTER);

	(void)state;
	p->hdr->nr_body = BASE + sizeof(p->memory.bytes) - 8;
	assert_int_equal(read_it(p), -EFAULT);
	p = begin(NETMAP_REQ_REGISTER);
	p->hdr->nr_options = 8;
	assert_int_equal(read_it(p), -EFAULT);
	assert_int_equal(write_it(p, -EFAULT), -EFAULT);
	assert_int_equal(nm_request_read(&p->req, &p->user, 8), -EFAULT);
}

static void test_an_option_is_unserved_until_it_is(void **state)
{
	static const uint32_t types[] = { NETMAP_REQ_OPT_CSB, 1234 };
	struct program *p = begin(NETMAP_REQ_REGISTER);

	(void)state;
	set_options(p, types, 2);
	assert_int_equal(read_it(p), 0);
	assert_int_equal(nm_request_served(&p->req), -EOPNOTSUPP);
	nm_request_option(&p->req, NETMAP_REQ_OPT_CSB)->nro_status = 0;
	assert_null(nm_request_option(&p->req, NETMAP_REQ_OPT_OFFSETS));
	assert_int_equal(nm_request_served(&p->req), -EOPNOTSUPP);
	assert_int_equal(write_it(p, -EOPNOTSUPP), -EOPNOTSUPP);
	assert_int_equal(option(p, 0)->nro_status, 0);
	assert_int_equal(option(p, 1)->nro_status, EOPNOTSUPP);
	assert_int_equal(option(p, 1)->nro_reqtype, 1234);
	/* One is enough, whatever is unknown. */
	set_options(p, types, 1);
	assert_int_equal(read_it(p), 0);
	nm_request_option(&p->req, NETMAP_REQ_OPT_CSB)->nro_status = 0;
	assert_int_equal(nm_request_served(&p->req), 0);
	p->hdr->nr_options = BASE + OPTION_AT(0);
	option(p, 0)->nro_reqtype = 0;
	assert_int_equal(read_it(p), -EINVAL);
}

static void test_a_known_option_comes_once(void **state)
{
	static const uint32_t types[] = { NETMAP_REQ_OPT_CSB, 99, 99, NETMAP_REQ_OPT_CSB };
	struct program *p = begin(NETMAP_REQ_REGISTER);

	(void)state;
	set_options(p, types, ARRAY_SIZE(types));
	assert_int_equal(read_it(p), -EINVAL);
	assert_int_equal(write_it(p, -EINVAL), -EINVAL);
	assert_int_equal(option(p, 0)->nro_status, EINVAL);
	assert_int_equal(option(p, 1)->nro_status, EOPNOTSUPP);
	assert_int_equal(option(p, 3)->nro_status, EINVAL);
	/* Even in a list without an end. */
	set_options(p, types, 1);
	option(p, 0)->nro_next = BASE + OPTION_AT(0);
	assert_int_equal(read_it(p), -EINVAL);
}

static void test_too_much_is_refused(void **state)
{
	static const uint32_t unknown[] = { 99 };
	static const uint32_t fds[] = { NETMAP_REQ_OPT_SYNC_KLOOP_EVENTFDS };
	struct program *p = begin(NETMAP_REQ_REGISTER);

	(void)state;
	set_options(p, unknown, 1);
	option(p, 0)->nro_next = BASE + OPTION_AT(0);
	assert_int_equal(read_it(p), -EMSGSIZE);
	option(p, 0)->nro_status = 77;
	assert_int_equal(write_it(p, -EMSGSIZE), -EMSGSIZE);
	assert_int_equal(option(p, 0)->nro_status, 77);
	set_options(p, fds, 1);
	option(p, 0)->nro_size = UINT64_MAX;
	assert_int_equal(read_it(p), -EMSGSIZE);
	option(p, 0)->nro_size = 3000;
	assert_int_equal(read_it(p), 0);
	/* A size that is less than what there is anyway. */
	option(p, 0)->nro_size = 0;
	assert_int_equal(read_it(p), 0);
}

static void test_old_requests_become_new_ones(void **state)
{
	static const struct {
		uint32_t flags;
		uint16_t ringid;
		uint32_t mode;
		uint16_t ring;
		uint64_t want_flags;
		const char *name;
	} rows[] = {
		{ 0, 0, NR_REG_ALL_NIC, 0, 0, "a" },
		{ 0, NETMAP_HW_RING | 3, NR_REG_ONE_NIC, 3, 0, "a" },
		{ 0, NETMAP_SW_RING, NR_REG_SW, 0, 0, "a" },
		{ NR_REG_ONE_NIC, 2, NR_REG_ONE_NIC, 2, 0, "a" },
		{ NR_REG_PIPE_MASTER, 7, NR_REG_ALL_NIC, 0, 0, "a{7" },
		{ NR_REG_PIPE_SLAVE, 7, NR_REG_ALL_NIC, 0, 0, "a}7" },
		{ NR_REG_ALL_NIC | NR_EXCLUSIVE, NETMAP_NO_TX_POLL, NR_REG_ALL_NIC, 0,
		  NR_EXCLUSIVE | NR_NO_TX_POLL, "a" },
		{ NR_REG_ALL_NIC, NETMAP_DO_RX_POLL, NR_REG_ALL_NIC, 0, NR_DO_RX_POLL, "a" },
	};
	struct nm_request req;

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct nmreq nmr = { .nr_name = "a",
					   .nr_version = 14,
					   .nr_flags = rows[i].flags,
					   .nr_ringid = rows[i].ringid,
					   .nr_arg3 = 5 };
		struct nmreq back = nmr;

		assert_int_equal(nm_legacy_read(&nmr, NIOCREGIF, &req), 0);
		assert_int_equal(req.hdr.nr_reqtype, NETMAP_REQ_REGISTER);
		assert_string_equal(req.hdr.nr_name, rows[i].name);
		assert_int_equal(req.body.reg.nr_mode, rows[i].mode);
		assert_int_equal(req.body.reg.nr_ringid, rows[i].ring);
		assert_int_equal(req.body.reg.nr_extra_bufs, 5);
		assert_true((req.body.reg.nr_flags & ~(uint64_t)NR_ACCEPT_VNET_HDR) ==
			    rows[i].want_flags);
		/* What the program has said comes back as it was. */
		req.body.reg.nr_memsize = 4096;
		nm_legacy_write(&req, &back);
		assert_int_equal(back.nr_memsize, 4096);
		assert_int_equal(back.nr_flags, nmr.nr_flags);
		assert_int_equal(back.nr_ringid, nmr.nr_ringid);
		assert_string_equal(back.nr_name, "a");
	}
}

static void test_old_commands_have_their_requests(void **state)
{
	static const struct {
		unsigned long code;
		uint16_t cmd;
		int want; /* the type, or what is wrong */
	} rows[] = {
		{ NIOCGINFO, 0, NETMAP_REQ_PORT_INFO_GET },
		{ NIOCGINFO, NETMAP_BDG_LIST, NETMAP_REQ_VALE_LIST },
		{ NIOCREGIF, NETMAP_BDG_ATTACH, NETMAP_REQ_VALE_ATTACH },
		{ NIOCREGIF, NETMAP_BDG_DETACH, NETMAP_REQ_VALE_DETACH },
		{ NIOCREGIF, NETMAP_BDG_VNET_HDR, NETMAP_REQ_PORT_HDR_SET },
		{ NIOCREGIF, NETMAP_VNET_HDR_GET, NETMAP_REQ_PORT_HDR_GET },
		{ NIOCREGIF, NETMAP_BDG_NEWIF, NETMAP_REQ_VALE_NEWIF },
		{ NIOCREGIF, NETMAP_BDG_DELIF, NETMAP_REQ_VALE_DELIF },
		{ NIOCREGIF, NETMAP_BDG_POLLING_ON, NETMAP_REQ_VALE_POLLING_ENABLE },
		{ NIOCREGIF, NETMAP_BDG_POLLING_OFF, NETMAP_REQ_VALE_POLLING_DISABLE },
		{ NIOCREGIF, NETMAP_PT_HOST_CREATE, -EOPNOTSUPP },
		{ NIOCREGIF, 500, -EOPNOTSUPP },
	};
	struct nmreq nmr = { .nr_version = 14 };
	struct nm_request req;

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		int r;

		nmr.nr_cmd = rows[i].cmd;
		r = nm_legacy_read(&nmr, rows[i].code, &req);
		assert_int_equal(r < 0 ? r : req.hdr.nr_reqtype, rows[i].want);
	}
	nmr.nr_cmd = 0;
	nmr.nr_version = 13;
	assert_int_equal(nm_legacy_read(&nmr, NIOCREGIF, &req), -EINVAL);
	nmr.nr_version = 17; /* of a program that is newer than this */
	assert_int_equal(nm_legacy_read(&nmr, NIOCREGIF, &req), 0);
	memset(nmr.nr_name, 'a', sizeof(nmr.nr_name));
	assert_int_equal(nm_legacy_read(&nmr, NIOCREGIF, &req), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_headers_have_to_be_right),
		cmocka_unit_test(test_bodies_come_and_go_whole),
		cmocka_unit_test(test_memory_that_is_not_there_is_told),
		cmocka_unit_test(test_an_option_is_unserved_until_it_is),
		cmocka_unit_test(test_a_known_option_comes_once),
		cmocka_unit_test(test_too_much_is_refused),
		cmocka_unit_test(test_old_requests_become_new_ones),
		cmocka_unit_test(test_old_commands_have_their_requests),
	};

	return unit_run(tests);
}
