/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vale-ctl: netmap's program for switches, on weir's.
 *
 * A port that is made by -n belongs to no switch until it is attached. The process that
 * keeps pipes of no switch, "netmap", keeps what is known of it.
 */
#include <errno.h>
#include <string.h>

#include "commands.h"
#include "port-shape.h"
#include "switch.h"
#include "util.h"

#define NOWHERE "netmap"

DEFINE_CLEANUP(struct weir_switch_state *, weir_switch_state_free)

struct vale_ctl_cfg {
	const char *attach, *attach_host, *detach, *create, *delete, *info, *config, *mem_id;
	const char *polling, *no_polling;
	bool list;
};

static const struct opt rows[] = {
	{ OPT(struct vale_ctl_cfg, info), .name = "get", .letter = 'g', .metavar = "NAME",
	  .help = "tell the rings and slots of a port" },
	{ OPT(struct vale_ctl_cfg, detach), .name = "detach", .letter = 'd', .metavar = "NAME",
	  .help = "detach a port or an interface from its switch" },
	{ OPT(struct vale_ctl_cfg, attach), .name = "attach", .letter = 'a', .metavar = "NAME",
	  .help = "attach a port that was made, or an interface: vale0:eth0" },
	{ OPT(struct vale_ctl_cfg, attach_host), .name = "attach-host", .letter = 'h',
	  .metavar = "NAME", .help = "the same with the host's stack: is refused" },
	{ OPT(struct vale_ctl_cfg, create), .name = "create", .letter = 'n', .metavar = "NAME",
	  .help = "make a port that stays" },
	{ OPT(struct vale_ctl_cfg, delete), .name = "remove", .letter = 'r', .metavar = "NAME",
	  .help = "delete a port that was made" },
	{ OPT(struct vale_ctl_cfg, list), .name = "list", .letter = 'l',
	  .help = "list the ports of all switches, or of one; so without options" },
	{ OPT(struct vale_ctl_cfg, config), .name = "config", .letter = 'C',
	  .metavar = "TX_SLOTS[,RX_SLOTS[,TX_RINGS[,RX_RINGS]]]",
	  .help = "-n: what the port consists of" },
	{ OPT(struct vale_ctl_cfg, polling), .name = "polling", .letter = 'p', .metavar = "NAME",
	  .help = "let processors poll an interface: is refused" },
	{ OPT(struct vale_ctl_cfg, no_polling), .name = "no-polling", .letter = 'P',
	  .metavar = "NAME", .help = "let them not: is refused" },
	{ OPT(struct vale_ctl_cfg, mem_id), .name = "memory", .letter = 'm', .metavar = "ID",
	  .help = "the memory that a port shares with others: 0, its own" },
	{ 0 },
};

/* "vale0:eth0"; a name without a switch is of no switch. */
struct name {
	char sw[WEIR_SWITCH_NAME];
	const char *port;
};

static int read_name(const char *text, struct name *ret_name, struct weir_err *err)
{
	const char *colon = strchr(text, ':'), *sw = colon ? text : NOWHERE;
	size_t len = colon ? (size_t)(colon - text) : strlen(NOWHERE);

	if (len >= sizeof(ret_name->sw))
		return err_text(err, -EINVAL, "'%.*s' is no switch", (int)len, sw);
	(void)snprintf(ret_name->sw, sizeof(ret_name->sw), "%.*s", (int)len, sw); /* it fits */
	ret_name->port = colon ? colon + 1 : text;
	return 0;
}

/* The same, but a switch has to be named. */
static int read_whole_name(const char *text, struct name *ret_name, struct weir_err *err)
{
	if (!strchr(text, ':'))
		return err_text(err, -EINVAL, "'%s' names no switch: vale0:%s", text, text);
	return read_name(text, ret_name, err);
}

/* A port of a state, or NULL. */
static const struct weir_switch_port *find_port(const struct weir_switch_state *s, const char *name)
{
	for (unsigned i = 0; i < s->n_ports; i++)
		if (strcmp(s->ports[i].name, name) == 0)
			return &s->ports[i];
	return NULL;
}

/* What a port consists of, and the number of its memory. -ENOENT: there is none of that name, or no
 * such switch. */
static int shape_of(const struct name *n, struct weir_switch_shape *ret_shape, unsigned *ret_region,
		    struct weir_err *err)
{
	CLEANUP(weir_switch_state_freep)
	struct weir_switch_state *s = NULL;
	const struct weir_switch_port *p;
	int r = weir_switch_show(n->sw, &s, err);

	if (r < 0)
		return r;
	p = find_port(s, n->port);
	if (!p)
		return err_text(err, -ENOENT, "there is no port '%s'", n->port);
	*ret_shape = (struct weir_switch_shape){ .tx_rings = p->tx_rings,
						 .rx_rings = p->rx_rings,
						 .tx_slots = p->tx_slots,
						 .rx_slots = p->rx_slots };
	*ret_region = p->region;
	return 0;
}

static int attach(const struct vale_ctl_cfg *cfg, struct weir_err *err)
{
	struct weir_switch_shape shape;
	struct name n, made = { .sw = NOWHERE };
	unsigned region;
	int r = read_whole_name(cfg->attach, &n, err);

	if (r < 0)
		return r;
	made.port = n.port;
	if (shape_of(&made, &shape, &region, err) == 0)
		return weir_switch_new_port(n.sw, n.port, &shape, err);
	return weir_switch_attach(n.sw, n.port, NULL, err);
}

static int detach(const struct vale_ctl_cfg *cfg, struct weir_err *err)
{
	struct name n;
	int r = read_whole_name(cfg->detach, &n, err);

	if (r < 0)
		return r;
	r = weir_switch_detach(n.sw, n.port, err);
	return r == -ENOENT ? weir_switch_delete_port(n.sw, n.port, err) : r;
}

static int create(const struct vale_ctl_cfg *cfg, struct weir_err *err)
{
	struct weir_switch_shape shape = { 0 };
	struct name n;
	int r = read_name(cfg->create, &n, err);

	if (r == 0 && cfg->config)
		r = port_shape_parse(cfg->config, &shape, err);
	return r < 0 ? r : weir_switch_new_port(n.sw, n.port, &shape, err);
}

/* Calls each() for every switch that runs, and this user may ask, until it fails; only: for that
 * one. nr is its place among all of them. */
static int for_each_switch(int (*each)(const struct weir_switch_state *s, unsigned nr,
				       const char *port, struct weir_err *err),
			   const char *only, const char *port, struct weir_err *err)
{
	char **names = NULL;
	unsigned n = 0, nr = 0;
	int r = weir_switch_list(&names, &n, err);

	for (unsigned i = 0; i < n; i++) {
		CLEANUP(weir_switch_state_freep)
		struct weir_switch_state *s = NULL;
		bool counts = strcmp(names[i], NOWHERE) != 0;

		if (r == 0 && counts && (!only || strcmp(names[i], only) == 0) &&
		    weir_switch_show(names[i], &s, NULL) == 0) /* or it has just ended */
			r = each(s, nr, port, err);
		nr += counts;
		free(names[i]);
	}
	free(names);
	return r;
}

static int check_detached(const struct weir_switch_state *s, unsigned nr, const char *port,
			  struct weir_err *err)
{
	const struct weir_switch_port *p = find_port(s, port);

	(void)nr;
	return p && p->stays
		       ? err_text(err, -EBUSY, "the port '%s' is attached to %s", port, s->name)
		       : 0;
}

static int delete (const struct vale_ctl_cfg *cfg, struct weir_err *err)
{
	struct name n;
	int r = read_name(cfg->delete, &n, err);

	if (r == 0 && strcmp(n.sw, NOWHERE) == 0)
		r = for_each_switch(check_detached, NULL, n.port, err);
	return r < 0 ? r : weir_switch_delete_port(n.sw, n.port, err);
}

static int info(const struct vale_ctl_cfg *cfg, struct weir_err *err)
{
	struct weir_switch_shape s;
	unsigned region;
	struct name n;
	int r = read_name(cfg->info, &n, err);

	if (r == 0)
		r = shape_of(&n, &s, &region, err);
	if (r < 0)
		return r;
	printf("tx_slots:   %u\nrx_slots:   %u\ntx_rings:   %u\nrx_rings    %u\n", s.tx_slots,
	       s.rx_slots, s.tx_rings, s.rx_rings);
	if (region)
		printf("mem_id:     %u\n", region);
	return 0;
}

static int print_ports(const struct weir_switch_state *s, unsigned nr, const char *port,
		       struct weir_err *err)
{
	(void)port;
	(void)err;
	for (unsigned i = 0; i < s->n_ports; i++)
		if (!s->ports[i].is_pipe)
			printf("%s:%s bridge_idx %u port_idx %u\n", s->name, s->ports[i].name, nr,
			       s->ports[i].nr);
	return 0;
}

static int print_place(const struct weir_switch_state *s, unsigned nr, const char *port,
		       struct weir_err *err)
{
	const struct weir_switch_port *p = find_port(s, port);

	if (!p)
		return err_text(err, -ENOENT, "there is no port '%s:%s'", s->name, port);
	printf("bridge_idx: %u\nport_idx:   %u\n", nr, p->nr);
	return 0;
}

/* Of all switches; of one, "vale0" or "vale0:"; or where a port is. */
static int list(const char *what, struct weir_err *err)
{
	CLEANUP(weir_switch_state_freep)
	struct weir_switch_state *s = NULL;
	struct name n = { 0 };
	int r = 0;

	if (!what)
		return for_each_switch(print_ports, NULL, NULL, err);
	if (strchr(what, ':'))
		r = read_name(what, &n, err);
	else
		(void)snprintf(n.sw, sizeof(n.sw), "%s", what); /* cut: there is none such */
	if (r == 0)
		r = weir_switch_show(n.sw, &s, err);
	if (r < 0)
		return r;
	return for_each_switch(n.port && *n.port ? print_place : print_ports, n.sw, n.port, err);
}

/* Those that weir cannot do, with the reason. */
static int refuse(const struct vale_ctl_cfg *cfg, struct weir_err *err)
{
	if (cfg->attach_host)
		return err_text(
			err, -EOPNOTSUPP,
			"-h: the host's stack cannot be a port of a switch; attached by -a, "
			"packet: interfaces remain the host's, too");
	if (cfg->polling || cfg->no_polling)
		return err_text(err, -EOPNOTSUPP,
				"-%c: a switch has threads of its own: weir switch --threads",
				cfg->polling ? 'p' : 'P');
	if (cfg->mem_id && strcmp(cfg->mem_id, "0") != 0)
		return err_text(err, -EOPNOTSUPP, "-m: every port has memory of its own");
	return 0;
}

static int act(const struct cmd_run *run, const struct vale_ctl_cfg *cfg, struct weir_err *err)
{
	const struct {
		const char *given;
		int (*act)(const struct vale_ctl_cfg *cfg, struct weir_err *err);
	} actions[] = { { cfg->attach, attach },
			{ cfg->detach, detach },
			{ cfg->create, create },
			{ cfg->delete, delete },
			{ cfg->info, info } };
	unsigned n = cfg->list || run->n_operands, which = ARRAY_SIZE(actions);
	int r = refuse(cfg, err);

	if (r < 0)
		return r;
	for (unsigned i = 0; i < ARRAY_SIZE(actions); i++) {
		n += actions[i].given != NULL;
		which = actions[i].given ? i : which;
	}
	if (n > 1)
		return err_text(err, -EINVAL, "one of -a, -d, -n, -r, -g and -l at a time");
	if (which == ARRAY_SIZE(actions))
		return list(run->n_operands ? run->operands[0] : NULL, err);
	return actions[which].act(cfg, err);
}

static int vale_ctl_run(const struct cmd_run *run, const void *fields)
{
	struct weir_err err = { 0 };
	int r = act(run, fields, &err);

	return r < 0 ? cmd_failed(run, r == -EINVAL, &err) : 0;
}

const struct cmd cmd_vale_ctl = {
	.name = "vale-ctl",
	.summary = "make, attach, detach and list ports of switches",
	.operands = "",
	.about = "  vale-ctl -a vale0:eth0\n"
		 "  vale-ctl -n v0; vale-ctl -a vale0:v0",
	.dialect = OPT_GETOPT,
	.max_operands = 1,
	.opts = rows,
	.cfg_size = sizeof(struct vale_ctl_cfg),
	.run = vale_ctl_run,
};
