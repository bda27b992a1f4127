/* SPDX-License-Identifier: BSD-2-Clause */
#include "capture/intake.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "port/name.h"
#include "port/packet.h"

#define TAP_SCHEME "tap:"

_Static_assert((int)WEIR_CAPTURE_MARK_FLAGS == (int)CAPTURE_FLAGS &&
		       (int)WEIR_CAPTURE_MARK_ID == (int)CAPTURE_ID &&
		       (int)WEIR_CAPTURE_MARK_QUEUE == (int)CAPTURE_QUEUE,
	       "marks are handed on as they are");

static int open_with(struct intake *s, const struct engine *engine, struct weir_err *err)
{
	s->engine = engine;
	s->priv = calloc(1, engine->priv_size);
	if (!s->priv)
		return err_set(err, -ENOMEM, "%s: no memory", s->info.name);
	return engine->open(s, err);
}

/* Undoes open_with(), to try another one. */
static void release(struct intake *s)
{
	if (s->priv)
		s->engine->close(s);
	for (unsigned i = 0; i < s->n_rings; i++)
		blockring_done(&s->rings[i]);
	free(s->rings);
	filter_free(s->filter);
	free(s->priv);
	s->rings = NULL;
	s->n_rings = 0;
	s->filter = NULL;
	s->priv = NULL;
}

/* A program in the kernel, if one can be had, else a socket. */
static int open_best(struct intake *s, struct weir_err *err)
{
	struct weir_err why = { 0 };
	int r = s->opts->queues ? -ENOTSUP : open_with(s, &bpf_engine, &why), q;

	if (r == 0)
		return 0;
	if (s->opts->mode == WEIR_CAPTURE_DROP)
		return why.code ? err_set(err, r, "%s", why.text)
				: err_set(err, -ENOTSUP,
					  "%s: frames cannot be dropped with a number of queues",
					  s->info.name);
	release(s);
	q = open_with(s, &port_engine, err);
	if (r == -ENOEXEC)
		(void)snprintf(s->info.note, sizeof(s->info.note), "%.127s", why.text);
	return q;
}

/* The name of an interface alone, which an engine may be chosen for. */
static int open_iface(struct intake *s, struct weir_err *err)
{
	const enum weir_capture_engine engine = s->opts->engine;

	switch (engine) {
	case WEIR_CAPTURE_XDP:
	case WEIR_CAPTURE_TC:
		return open_with(s, &bpf_engine, err);
	case WEIR_CAPTURE_AUTO:
		return open_best(s, err);
	case WEIR_CAPTURE_PACKET:
	case WEIR_CAPTURE_XSK:
		break;
	}
	if (s->opts->mode == WEIR_CAPTURE_DROP)
		return err_set(err, -EINVAL, "%s: only programs in the kernel drop frames",
			       s->info.name);
	(void)snprintf(s->info.name, sizeof(s->info.name), "%s:%s",
		       engine == WEIR_CAPTURE_XSK ? "xdp" : "packet", s->opts->ports[s->nr]);
	return open_with(s, &port_engine, err);
}

/* The tap of an interface. -ENOENT: it has none, and the name stands for a TAP device. */
static int open_tap(struct intake *s, struct weir_err *err)
{
	int r = open_with(s, &tap_engine, err);

	if (r == -ENOENT)
		release(s);
	return r;
}

/* Whose time frames get. */
static int open_time(struct intake *s, struct weir_err *err)
{
	const enum weir_capture_time time = s->opts->time;
	const bool must = time == WEIR_CAPTURE_TIME_HW || time == WEIR_CAPTURE_TIME_HW_RAW;
	char ifname[16];
	int r;

	if (time == WEIR_CAPTURE_TIME_SW)
		return 0;
	if (!must && s->opts->format != WEIR_TRACE_PCAPNG)
		return 0; /* it could not tell the clocks apart */
	r = hwtime_check(s->opts, s->nr, ifname, must ? err : NULL);
	if (r == 0)
		r = hwtime_open(ifname, &s->hw, must ? err : NULL);
	return must ? r : 0;
}

int intake_open(struct intake *s, const struct weir_capture_opts *opts, unsigned nr,
		uint64_t ring_size, struct weir_err *err)
{
	int r;

	*s = (struct intake){ .opts = opts, .nr = nr, .ring_size = ring_size };
	s->info.filter = opts->filter;
	(void)snprintf(s->info.name, sizeof(s->info.name), "%s", opts->ports[nr]);
	r = open_time(s, err);
	if (r < 0)
		return r;
	if (!port_name_scheme_len(s->info.name))
		return open_iface(s, err);
	if (strncmp(s->info.name, TAP_SCHEME, strlen(TAP_SCHEME)) == 0) {
		r = open_tap(s, err);
		if (r != -ENOENT)
			return r;
	}
	if (opts->mode == WEIR_CAPTURE_DROP || opts->engine != WEIR_CAPTURE_AUTO)
		return err_set(err, -EINVAL,
			       "%s: engine and mode are of interfaces that are named without a "
			       "kind of port",
			       s->info.name);
	return open_with(s, &port_engine, err);
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
	r->hw_iface = s->opts->n_ports + s->nr;
	r->raw_time = s->opts->time == WEIR_CAPTURE_TIME_HW_RAW;
	r->queue = queue;
	r->options = s->opts->marks;
}

int intake_set_program_rings(struct intake *s, const struct program_rings *rings,
			     uint64_t ring_size, struct weir_err *err)
{
	int r = intake_set_rings(s, rings->n, err);

	for (unsigned i = 0; r == 0 && i < rings->n; i++) {
		blockring_init_at(&s->rings[i], program_ring(rings, i), ring_size);
		intake_set_ring(s, &s->rings[i], i);
	}
	return r;
}

void intake_tell_iface(struct intake *s, const struct weir_iface *iface, const char *engine)
{
	(void)snprintf(s->info.device, sizeof(s->info.device), "%s", iface->name);
	s->info.engine = engine;
	s->info.linktype = iface->linktype;
	s->info.speed_bps = iface->speed_bps;
	memcpy(s->info.mac, iface->mac, sizeof(s->info.mac));
}

int intake_set_promisc(const struct intake *s, const struct weir_iface *iface, int *ret_fd,
		       struct weir_err *err)
{
	int fd;

	if (!s->opts->promisc || !iface->header_len)
		return 0;
	fd = packet_socket(iface, err);
	if (fd < 0)
		return fd;
	*ret_fd = fd;
	return packet_set_promisc(fd, iface, err);
}

void intake_close(struct intake *s)
{
	release(s);
	hwtime_close(s->hw);
	*s = (struct intake){ 0 };
}

int intake_start(struct intake *s, struct weir_err *err)
{
	int r = s->hw ? hwtime_start(s->hw, s->rings, s->n_rings, err) : 0;

	return r < 0 ? r : s->engine->start(s, err);
}

void intake_stop(struct intake *s)
{
	s->engine->stop(s);
	if (s->hw)
		hwtime_stop(s->hw);
}
