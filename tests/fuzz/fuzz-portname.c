/* SPDX-License-Identifier: BSD-2-Clause */
/* Names of netmap ports, by libnetmap's rules and by the older ones. */
#define NETMAP_WITH_LIBS
#include <libnetmap.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"

struct told {
	struct nmctx ctx;
	unsigned n;
};

static void tell(struct nmctx *ctx, const char *text)
{
	FUZZ_CHECK(text[0]);
	((struct told *)(void *)ctx)->n++;
}

static void check_port(const struct nmport_d *d)
{
	FUZZ_CHECK(memchr(d->hdr.nr_name, 0, sizeof(d->hdr.nr_name)) && d->hdr.nr_name[0]);
	FUZZ_CHECK(d->reg.nr_mode >= NR_REG_ALL_NIC && d->reg.nr_mode <= NR_REG_ONE_SW);
	FUZZ_CHECK(d->reg.nr_ringid < NETMAP_RING_MASK);
	FUZZ_CHECK(!d->reg.nr_ringid || d->reg.nr_mode == NR_REG_ONE_NIC ||
		   d->reg.nr_mode == NR_REG_ONE_SW);
}

static void parse(const char *name)
{
	struct nmctx *standard = nmctx_get();
	struct told told = { .ctx = *standard };
	struct nmport_d *d, *clone;

	told.ctx.error = tell;
	(void)nmctx_set_default(&told.ctx);
	errno = 0;
	d = nmport_prepare(name);
	FUZZ_CHECK(d ? !told.n : told.n == 1 && errno);
	if (d) {
		check_port(d);
		clone = nmport_clone(d);
		FUZZ_CHECK(clone && !clone->hdr.nr_options);
		nmport_close(clone);
	}
	nmport_close(d);
	(void)nmctx_set_default(standard);
}

static void parse_old(const char *name)
{
	struct nmreq req = { .nr_arg2 = 1 };
	const char *wrong;

	if (strncmp(name, "netmap:", 7) && strncmp(name, NM_BDG_NAME, strlen(NM_BDG_NAME)))
		return;
	wrong = nm_parse_(name, &req);
	FUZZ_CHECK(!wrong || wrong[0]);
	if (!wrong)
		FUZZ_CHECK(memchr(req.nr_name, 0, sizeof(req.nr_name)) && req.nr_flags);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *name = calloc(1, size + 1);

	if (!name)
		return 0;
	memcpy(name, data, size);
	/* These open what the input says. */
	nmport_disable_option("extmem");
	nmport_disable_option("share");
	(void)nmport_enable_option("offset");
	parse(name);
	parse_old(name);
	free(name);
	return 0;
}
