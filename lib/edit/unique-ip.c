/* SPDX-License-Identifier: BSD-2-Clause */
/* Addresses that differ from loop to loop, without touching a checksum. */
#include <weir/edit.h>

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "base/bytes.h"
#include "base/err.h"
#include "pkt/parse.h"

/* Where the 32 bits that are shifted stand in a header. */
#define IPV4_SRC 12
#define IPV4_DST 16
#define IPV6_SRC (8 + 12)
#define IPV6_DST (24 + 12)

struct weir_unique_ip {
	struct weir_unique_ip_opts opts;
	_Atomic uint64_t dropped;
};

int weir_unique_ip_new(const struct weir_unique_ip_opts *opts, struct weir_unique_ip **ret_unique,
		       struct weir_err *err)
{
	struct weir_unique_ip *u;

	if (!opts->loops_den || opts->loops_num < opts->loops_den)
		return err_set(err, -EINVAL, "unique addresses need at least one loop each");
	u = calloc(1, sizeof(*u));
	if (!u)
		return err_set(err, -ENOMEM, "out of memory");
	u->opts = *opts;
	*ret_unique = u;
	return 0;
}

struct weir_unique_ip *weir_unique_ip_free(struct weir_unique_ip *u)
{
	free(u);
	return NULL;
}

uint32_t weir_unique_ip_shift(const struct weir_unique_ip *u, uint64_t loop)
{
	return (uint32_t)((unsigned __int128)loop * u->opts.loops_den / u->opts.loops_num);
}

uint64_t weir_unique_ip_dropped(const struct weir_unique_ip *u)
{
	return atomic_load_explicit(&u->dropped, memory_order_relaxed);
}

/*
 * 2^32 is 1 modulo 2^16 - 1, so a number that wraps around has changed its ones'
 * complement sum by one. If both do, the changes cancel out.
 */
static void shift(uint8_t *up, uint8_t *down, uint32_t n)
{
	uint32_t a = be32_at(up), b = be32_at(down);
	uint32_t sum = a + n, diff = b - n;
	bool over = sum<a, under = diff> b;

	if (over && !under)
		sum++;
	if (under && !over)
		diff--;
	be32_put(up, sum);
	be32_put(down, diff);
}

/* False: there is no whole IP header in it. */
static bool shift_frame(const struct weir_buf *b, uint32_t n)
{
	struct pkt_layers l;
	uint8_t *src, *dst;

	(void)pkt_parse(b->linktype, b->data, b->len, &l); /* what it found is in l */
	if (l.l3_off == PKT_ABSENT || !l.ip_version)
		return false;
	src = b->data + l.l3_off + (l.ip_version == 4 ? IPV4_SRC : IPV6_SRC);
	dst = b->data + l.l3_off + (l.ip_version == 4 ? IPV4_DST : IPV6_DST);
	if (be32_at(dst) > be32_at(src))
		shift(dst, src, n);
	else
		shift(src, dst, n);
	return true;
}

static int unique_ip_run(void *ctx, struct weir_buf *bufs, unsigned n_bufs)
{
	struct weir_unique_ip *u = ctx;

	for (unsigned i = 0; i < n_bufs; i++) {
		struct weir_buf *b = &bufs[i];
		uint32_t n = weir_unique_ip_shift(u, b->loop);

		if (!n || b->port == WEIR_NO_PORT || shift_frame(b, n) || !u->opts.drop_others)
			continue;
		b->port = WEIR_NO_PORT;
		atomic_fetch_add_explicit(&u->dropped, 1, memory_order_relaxed);
	}
	return 0;
}

struct weir_stage weir_unique_ip_stage(struct weir_unique_ip *u)
{
	return (struct weir_stage){
		.run = unique_ip_run, .ctx = u, .changes = true, .per_loop = true
	};
}
