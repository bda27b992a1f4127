/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Requests of netmap programs. The input is the program's memory, from address BASE on: a header
 * at its beginning, bodies and options wherever that says. Its first bytes are a request of the
 * older API as well.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "netmap/legacy.h"
#include "netmap/request.h"

#define BASE 4096u

struct memory {
	uint8_t *bytes;
	size_t size;
};

static bool is_there(const struct memory *m, uint64_t at, size_t size)
{
	return at >= BASE && at - BASE <= m->size && size <= m->size - (at - BASE);
}

static int read_memory(void *ctx, void *to, uint64_t from, size_t size)
{
	const struct memory *m = ctx;

	FUZZ_CHECK(size <= NM_REQUEST_MAX);
	if (!is_there(m, from, size))
		return -EFAULT;
	memcpy(to, m->bytes + (from - BASE), size);
	return 0;
}

static int write_memory(void *ctx, uint64_t to, const void *from, size_t size)
{
	const struct memory *m = ctx;

	FUZZ_CHECK(size <= NM_REQUEST_MAX);
	if (!is_there(m, to, size))
		return -EFAULT;
	memcpy(m->bytes + (to - BASE), from, size);
	return 0;
}

/* Answers what is asked as a port would that knows all options. */
static void serve(struct nm_request *req)
{
	for (uint32_t type = 1; type <= NETMAP_REQ_OPT_OFFSETS; type++) {
		struct nmreq_option *o = nm_request_option(req, type);

		if (o) {
			FUZZ_CHECK(o->nro_status == EOPNOTSUPP);
			o->nro_status = 0;
		}
	}
	memset(&req->body, 1, req->body_size);
}

static void ask(struct memory *m)
{
	const struct nm_user user = { read_memory, write_memory, m };
	static struct nm_request req;
	int r = nm_request_read(&req, &user, BASE);

	FUZZ_CHECK(r == 0 || r == -EINVAL || r == -EFAULT || r == -EMSGSIZE);
	FUZZ_CHECK(req.n_options <= NM_MAX_OPTIONS && req.used <= sizeof(req.data));
	if (r == 0) {
		FUZZ_CHECK(nm_request_served(&req) == (req.n_options ? -EOPNOTSUPP : 0));
		serve(&req);
	}
	(void)nm_request_write(&req, &user, BASE, r);
}

static void ask_old(const uint8_t *data, size_t size)
{
	static struct nm_request req;
	struct nmreq nmr, back;

	if (size < sizeof(nmr))
		return;
	memcpy(&nmr, data, sizeof(nmr));
	back = nmr;
	if (nm_legacy_read(&nmr, NIOCREGIF, &req) < 0)
		return;
	FUZZ_CHECK(memchr(req.hdr.nr_name, 0, sizeof(req.hdr.nr_name)));
	nm_legacy_write(&req, &back);
	FUZZ_CHECK(memchr(back.nr_name, 0, sizeof(back.nr_name)) && back.nr_flags == nmr.nr_flags);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct memory m = { .bytes = malloc(size + 1), .size = size };

	if (!m.bytes)
		return 0;
	memcpy(m.bytes, data, size);
	ask(&m);
	free(m.bytes);
	ask_old(data, size);
	return 0;
}
