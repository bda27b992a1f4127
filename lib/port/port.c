/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Ports: everything that is the same for all back ends. See backend.h.
 */
#include <weir/port.h>

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/lines.h"
#include "base/macros.h"
#include "port/backend.h"
#include "port/link.h"
#include "port/name.h"

/* What a plain interface name stands for, best first. Receiving does not take AF_XDP,
 * which would take the frames away from the kernel's own traffic. */
static const char *const auto_tx[] = { "xdp", "packet", NULL };
static const char *const auto_rx[] = { "packet", NULL };
static const char *const auto_launch[] = { "packet", NULL };

const char *weir_refusal_text(enum weir_refusal r)
{
	static const char *const text[WEIR_N_REFUSALS] = {
		[WEIR_REFUSED_TOO_LONG] = "too long for the port",
		[WEIR_REFUSED_TOO_SHORT] = "shorter than a link-layer header",
		[WEIR_REFUSED_LINK_DOWN] = "the link is down",
		[WEIR_REFUSED_DROPPED] = "dropped by the driver or kernel",
		[WEIR_REFUSED_OTHER] = "refused by the driver or kernel",
	};

	return (unsigned)r < WEIR_N_REFUSALS ? text[r] : "?";
}

/* A half-written back end shall fail in the first test, not in the field. */
static void check_backend(const struct backend *be)
{
	assert(be->scheme && be->summary && be->needs && be->open && be->dirs);
	assert(!(be->dirs & WEIR_PORT_TX) == !be->tx);
	assert(!(be->dirs & WEIR_PORT_RX) == !be->rx);
	assert(!be->hw_queues || be->on_iface);
	(void)be; /* without assertions */
}

static const struct backend *find_backend(const char *scheme, size_t len)
{
	for (const struct backend *const *be = port_backends; *be; be++) {
		size_t n = strlen((*be)->scheme);

		if ((n == len || (n < len && (*be)->scheme_begins)) &&
		    !memcmp((*be)->scheme, scheme, n))
			return *be;
	}
	return NULL;
}

static int unknown_scheme(const char *name, size_t len, struct weir_err *err)
{
	char list[128] = "";
	size_t used = 0;

	for (const struct backend *const *be = port_backends; *be; be++)
		used += (size_t)snprintf(list + used, sizeof(list) - used, " %s:", (*be)->scheme);
	assert(used < sizeof(list));
	return err_set(err, -EINVAL, "%s: unknown kind of port '%.*s:'; there are:%s", name,
		       (int)len, name, list);
}

static int check_opts(const struct weir_port_opts *o, const char *name, struct weir_err *err)
{
	const unsigned both = WEIR_PORT_TX | WEIR_PORT_RX;

	if (!o->dir || (o->dir & ~both))
		return err_set(err, -EINVAL, "%s: no direction, or an unknown one, was asked for",
			       name);
	if (o->queues > PORT_MAX_QUEUES)
		return err_set(err, -EINVAL, "%s: %u queues are more than %u", name, o->queues,
			       PORT_MAX_QUEUES);
	if ((o->sent || o->hw_time) && o->offload)
		return err_set(err, -EINVAL,
			       "%s: the byte that tells of a frame would "
			       "stand in what is left to be done on it",
			       name);
	return 0;
}

/* Joins what the name and the caller want to know of queues. */
static int settle_queues(const struct backend *be, const struct weir_port_opts *o,
			 struct port_args *a, struct weir_err *err)
{
	if (!a->has_queues) {
		a->n_queues = o->queues ? o->queues : 1;
		return 0;
	}
	if (o->queues && o->queues != a->n_queues)
		return err_set(err, -EINVAL, "%u queues are wanted, but '@' picks %u", o->queues,
			       a->n_queues);
	if (a->first_queue && !be->hw_queues)
		return err_set(err, -EINVAL, "queues of '%s:' begin at 0: @0-N", be->scheme);
	return 0;
}

static int check_options(const struct backend *be, const struct port_args *a, struct weir_err *err)
{
	const char *option;
	size_t len = port_name_unknown_option(a, be->options, &option);

	if (!len)
		return 0;
	return err_set(err, -EINVAL, "unknown option '%.*s'; '%s:' has %s%s", (int)len, option,
		       be->scheme, be->options ? "these: " : "none",
		       be->options ? be->options : "");
}

static int check_args(const struct backend *be, const struct weir_port_opts *o, struct port_args *a,
		      struct weir_err *err)
{
	int r;

	if (be->needs_target && !a->target[0])
		return err_set(err, -EINVAL, "a name is missing after '%s:'", be->scheme);
	if (o->dir & ~be->dirs)
		return err_set(err, -ENOTSUP, "'%s:' cannot %s", be->scheme,
			       o->dir & ~be->dirs & WEIR_PORT_TX ? "send" : "receive");
	if (o->dir & WEIR_PORT_TX && o->launch_time && !be->launch_time)
		return err_set(err, -ENOTSUP, "'%s:' cannot send at launch times%s%s", be->scheme,
			       be->no_launch_time ? ": " : "",
			       be->no_launch_time ? be->no_launch_time : "");
	if (o->offload && !be->offload)
		return err_set(err, -ENOTSUP,
			       "'%s:' does not tell what is left to be done on frames", be->scheme);
	if (o->recipe && !be->recipe)
		return err_set(err, -ENOTSUP, "'%s:' does not make frames", be->scheme);
	if (o->sent && !be->sent)
		return err_set(err, -ENOTSUP, "'%s:' does not receive what this machine sends",
			       be->scheme);
	if (o->hw_time && !be->hw_time)
		return err_set(err, -ENOTSUP, "'%s:' has no time stamps of a device's clock",
			       be->scheme);
	r = check_options(be, a, err);
	if (r == 0)
		r = settle_queues(be, o, a, err);
	return r;
}

int port_set_queues(struct weir_port *port, unsigned n, struct weir_err *err)
{
	assert(n && !port->queues);
	port->queues = lines_new(n, sizeof(*port->queues));
	if (!port->queues)
		return err_set(err, -ENOMEM, "no memory for %u queues", n);
	port->info.n_queues = n;
	return 0;
}

struct weir_port *weir_port_close(struct weir_port *p)
{
	if (!p)
		return NULL;
	if (p->priv && p->be->close)
		p->be->close(p);
	free(p->priv);
	free(p->queues);
	free(p);
	return NULL;
}

DEFINE_CLEANUP(struct weir_port *, weir_port_close)

/* Opens on a back end that is already chosen; rest is the name after its scheme. */
static int open_on(const struct backend *be, const char *name, const char *rest,
		   const struct weir_port_opts *opts, struct weir_port **ret_port,
		   struct weir_err *err)
{
	CLEANUP(weir_port_closep)
	struct weir_port *p = NULL;
	int r;

	check_backend(be);
	p = calloc(1, sizeof(*p));
	if (!p)
		return err_set(err, -ENOMEM, "%s: no memory", name);
	p->be = be;
	p->opts = *opts;
	p->info.backend = be->scheme;
	p->info.offload = opts->offload;
	(void)snprintf(p->info.name, sizeof(p->info.name), "%s", name); /* cut if too long */

	r = port_name_args(rest, be->raw_target, &p->args, err);
	(void)snprintf(p->args.scheme, sizeof(p->args.scheme), "%.*s",
		       (int)port_name_scheme_len(name), name); /* no other is so long */
	if (r == 0)
		r = check_args(be, &p->opts, &p->args, err);
	if (r < 0)
		return err_prefix(err, r, "%s", name);

	p->priv = lines_new(1, be->priv_size);
	if (!p->priv)
		return err_set(err, -ENOMEM, "%s: no memory", name);
	r = be->open(p, err);
	if (r < 0)
		return err_prefix(err, r, "%s", name);
	assert(p->queues);

	*ret_port = TAKE_PTR(p);
	return 0;
}

/* A plain interface name: the first candidate that works for it. */
static int open_auto(const char *name, const struct weir_port_opts *opts,
		     struct weir_port **ret_port, struct weir_err *err)
{
	const char *const *schemes = opts->dir & WEIR_PORT_RX ? auto_rx
				     : opts->launch_time      ? auto_launch
							      : auto_tx;
	struct weir_err why = { 0 };
	int r;

	for (;; schemes++) {
		const struct backend *be = find_backend(*schemes, strlen(*schemes));
		struct weir_err first = why;

		assert(be);
		why = (struct weir_err){ 0 };
		r = open_on(be, name, name, opts, ret_port, &why);
		if (r == 0 && first.code && !(*ret_port)->info.note[0])
			(void)snprintf((*ret_port)->info.note, sizeof((*ret_port)->info.note),
				       "%.120s", weir_err_text(&first)); /* cut: a remark */
		if (r == 0 || !schemes[1])
			break;
	}
	if (r < 0)
		return err_set(err, r, "%s", weir_err_text(&why));
	return r;
}

int weir_port_open(const char *name, const struct weir_port_opts *opts, struct weir_port **ret_port,
		   struct weir_err *err)
{
	static const struct weir_port_opts defaults = { .dir = WEIR_PORT_TX | WEIR_PORT_RX };
	size_t len = port_name_scheme_len(name);
	const struct backend *be;
	int r;

	if (!opts)
		opts = &defaults;
	r = check_opts(opts, name, err);
	if (r < 0)
		return r;
	if (!name[0])
		return err_set(err, -EINVAL, "the name of a port is empty");
	if (!len && name[0] != ':')
		return open_auto(name, opts, ret_port, err);

	be = find_backend(name, len);
	if (!be)
		return unknown_scheme(name, len, err);
	return open_on(be, name, name + len + 1, opts, ret_port, err);
}

unsigned weir_port_name_queues(const char *name)
{
	size_t len = port_name_scheme_len(name);
	const struct backend *be = find_backend(name, len);
	struct port_args args;

	if ((be && be->raw_target) ||
	    port_name_args(len ? name + len + 1 : name, false, &args, NULL) < 0)
		return 1; /* opening it tells what is wrong */
	return args.has_queues ? args.n_queues : 1;
}

unsigned weir_port_name_rx_queues(const char *name)
{
	size_t len = port_name_scheme_len(name);
	const struct backend *be = find_backend(name, len);
	struct port_args args;
	struct weir_iface iface;

	if (!be || !be->hw_queues || port_name_args(name + len + 1, false, &args, NULL) < 0 ||
	    args.has_queues || link_by_name(args.target, &iface, NULL) < 0 || !iface.rx_queues)
		return weir_port_name_queues(name);
	return iface.rx_queues;
}

bool weir_port_name_keeps_time(const char *name)
{
	const struct backend *be = find_backend(name, port_name_scheme_len(name));

	return be && be->lateness;
}

bool weir_port_lateness(const struct weir_port *p, struct weir_hist *ret)
{
	memset(ret, 0, sizeof(*ret));
	if (!p->be->lateness || !p->opts.launch_time)
		return false;
	p->be->lateness(p, ret);
	return true;
}

bool weir_port_name_has_kind(const char *name)
{
	return find_backend(name, port_name_scheme_len(name));
}

bool weir_port_name_on_iface(const char *name)
{
	size_t len = port_name_scheme_len(name);
	const struct backend *be = find_backend(name, len);

	return len ? be && be->on_iface : name[0] && name[0] != ':';
}

bool weir_port_name_shares(const char *name)
{
	const struct backend *be = find_backend(name, port_name_scheme_len(name));

	return be && be->shares_region;
}

bool weir_port_name_makes(const char *name)
{
	const struct backend *be = find_backend(name, port_name_scheme_len(name));

	return be && be->recipe;
}

const struct weir_port_info *weir_port_info(const struct weir_port *p)
{
	return &p->info;
}

/* The side's state if the call is in order, else NULL. */
static inline struct port_counters *tx_side(struct weir_port *p, unsigned q)
{
	if (unlikely(q >= p->info.n_queues || !(p->opts.dir & WEIR_PORT_TX)))
		return NULL;
	return &p->queues[q].tx;
}

static inline struct port_counters *rx_side(struct weir_port *p, unsigned q)
{
	if (unlikely(q >= p->info.n_queues || !(p->opts.dir & WEIR_PORT_RX)))
		return NULL;
	return &p->queues[q].rx;
}

static inline int keep_gone(struct port_counters *side, int r)
{
	if (unlikely(r < 0))
		side->gone = r;
	return r;
}

int weir_port_tx(struct weir_port *p, unsigned q, const struct weir_pkt *pkts, unsigned n)
{
	struct port_counters *side = tx_side(p, q);

	if (unlikely(!side))
		return -EINVAL;
	if (unlikely(side->gone))
		return side->gone;
	return keep_gone(side, p->be->tx(p, q, pkts, MIN(n, (unsigned)INT32_MAX)));
}

static uint64_t read_counter(const _Atomic uint64_t *counter)
{
	return atomic_load_explicit(counter, memory_order_relaxed);
}

static uint64_t sum_refused(const struct port_counters *c)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < WEIR_N_REFUSALS; i++)
		sum += read_counter(&c->refused[i]);
	return sum;
}

uint64_t weir_port_tx_done(struct weir_port *p, unsigned q)
{
	struct port_counters *side = tx_side(p, q);

	if (unlikely(!side))
		return 0;
	if (p->be->tx_done)
		return p->be->tx_done(p, q);
	return read_counter(&side->frames) + sum_refused(side);
}

int weir_port_tx_wait(struct weir_port *p, unsigned q, uint64_t timeout_ns)
{
	struct port_counters *side = tx_side(p, q);

	if (unlikely(!side))
		return -EINVAL;
	if (unlikely(side->gone))
		return side->gone;
	return p->be->tx_wait ? keep_gone(side, p->be->tx_wait(p, q, timeout_ns)) : 1;
}

int weir_port_tx_drain(struct weir_port *p, unsigned q, uint64_t timeout_ns)
{
	struct port_counters *side = tx_side(p, q);

	if (unlikely(!side))
		return -EINVAL;
	if (unlikely(side->gone))
		return side->gone;
	return p->be->tx_drain ? keep_gone(side, p->be->tx_drain(p, q, timeout_ns)) : 1;
}

int weir_port_rx(struct weir_port *p, unsigned q, struct weir_pkt *ret_pkts, unsigned max)
{
	struct port_counters *side = rx_side(p, q);

	if (unlikely(!side))
		return -EINVAL;
	if (unlikely(side->gone))
		return side->gone;
	return keep_gone(side, p->be->rx(p, q, ret_pkts, MIN(max, (unsigned)INT32_MAX)));
}

void weir_port_rx_release(struct weir_port *p, unsigned q)
{
	if (rx_side(p, q) && p->be->rx_release)
		p->be->rx_release(p, q);
}

int weir_port_rx_wait(struct weir_port *p, unsigned q, uint64_t timeout_ns)
{
	struct port_counters *side = rx_side(p, q);

	if (unlikely(!side))
		return -EINVAL;
	if (unlikely(side->gone))
		return side->gone;
	return p->be->rx_wait ? keep_gone(side, p->be->rx_wait(p, q, timeout_ns)) : 1;
}

int weir_port_rx_fd(const struct weir_port *p, unsigned q)
{
	if (q >= p->info.n_queues || !(p->opts.dir & WEIR_PORT_RX))
		return -EINVAL;
	return p->be->rx_fd ? p->be->rx_fd(p, q) : -ENOTSUP;
}

void weir_port_stats(struct weir_port *p, struct weir_port_stats *ret_stats)
{
	struct weir_port_stats s = { 0 };

	for (unsigned q = 0; q < p->info.n_queues; q++) {
		const struct port_counters *tx = &p->queues[q].tx, *rx = &p->queues[q].rx;

		s.tx_frames += read_counter(&tx->frames);
		s.tx_bytes += read_counter(&tx->bytes);
		for (unsigned i = 0; i < WEIR_N_REFUSALS; i++)
			s.tx_refused[i] += read_counter(&tx->refused[i]);
		s.tx_refused_total += sum_refused(tx);
		s.tx_truncated += read_counter(&tx->truncated);
		s.tx_retry_nobufs += read_counter(&tx->retry_nobufs);
		s.tx_retry_again += read_counter(&tx->retry_again);
		s.rx_frames += read_counter(&rx->frames);
		s.rx_bytes += read_counter(&rx->bytes);
		s.rx_dropped += read_counter(&rx->dropped);
	}
	*ret_stats = s;
}

int weir_backend_probe(unsigned i, const char *ifname, struct weir_backend_info *ret_info)
{
	const struct backend *be = NULL;
	struct weir_err err = { 0 };
	int r = 0;

	for (unsigned k = 0; port_backends[k]; k++) {
		if (k == i)
			be = port_backends[k];
	}
	if (!be)
		return 0;

	if (be->probe)
		r = be->probe(ifname, &err);
	*ret_info = (struct weir_backend_info){
		.scheme = be->scheme,
		.summary = be->summary,
		.needs = be->needs,
		.on_iface = be->on_iface,
		.works = r == 0,
	};
	if (r < 0 || err.text[0])
		(void)snprintf(ret_info->why, sizeof(ret_info->why), "%.*s",
			       (int)sizeof(ret_info->why) - 1, weir_err_text(&err));
	return 1;
}
