/* SPDX-License-Identifier: BSD-2-Clause */
#include "capture/intake.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/err.h"

_Static_assert((int)WEIR_CAPTURE_MARK_FLAGS == (int)CAPTURE_FLAGS &&
		       (int)WEIR_CAPTURE_MARK_ID == (int)CAPTURE_ID &&
		       (int)WEIR_CAPTURE_MARK_QUEUE == (int)CAPTURE_QUEUE,
	       "marks are handed on as they are");

int intake_open(struct intake *s, const struct weir_capture_opts *opts, unsigned nr,
		uint64_t ring_size, struct weir_err *err)
{
	*s = (struct intake){
		.engine = &port_engine, .opts = opts, .nr = nr, .ring_size = ring_size
	};
	(void)snprintf(s->info.name, sizeof(s->info.name), "%s", opts->ports[nr]);
	s->priv = calloc(1, s->engine->priv_size);
	if (!s->priv)
		return err_set(err, -ENOMEM, "%s: no memory", s->info.name);
	return s->engine->open(s, err);
}

int intake_set_rings(struct intake *s, unsigned n, struct weir_err *err)
{
	s->rings = calloc(n, sizeof(*s->rings));
	if (!s->rings)
		return err_set(err, -ENOMEM, "%s: no memory for %u queues", s->info.name, n);
	s->n_rings = n;
	return 0;
}

int intake_set_filter(struct intake *s, struct weir_err *err)
{
	return s->opts->filter ? filter_new(s->opts->filter, s->info.linktype, &s->filter, err) : 0;
}

void intake_set_ring(struct intake *s, struct blockring *r, unsigned queue)
{
	r->iface = s->nr;
	r->queue = queue;
	r->options = s->opts->marks;
}

void intake_close(struct intake *s)
{
	if (s->priv)
		s->engine->close(s);
	for (unsigned i = 0; i < s->n_rings; i++)
		blockring_done(&s->rings[i]);
	free(s->rings);
	filter_free(s->filter);
	free(s->priv);
	*s = (struct intake){ 0 };
}
