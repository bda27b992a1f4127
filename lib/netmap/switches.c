/* SPDX-License-Identifier: BSD-2-Clause */
#include "netmap/switches.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <weir/switch.h>

#include "base/cleanup.h"
#include "base/err.h"

DEFINE_CLEANUP(struct weir_switch_state *, weir_switch_state_free)

static const struct weir_switch_port *find_port(const struct weir_switch_state *s, const char *name)
{
	for (unsigned i = 0; i < s->n_ports; i++)
		if (strcmp(s->ports[i].name, name) == 0)
			return &s->ports[i];
	return NULL;
}

/* A port of a switch that runs. -ENOENT. */
static int show_port(const char *sw, const char *port, struct weir_switch_port *ret_port,
		     struct weir_err *err)
{
	CLEANUP(weir_switch_state_freep)
	struct weir_switch_state *s = NULL;
	const struct weir_switch_port *p;
	int r = weir_switch_show(sw, &s, err);

	if (r < 0)
		return r;
	p = find_port(s, port);
	if (!p)
		return err_set(err, -ENOENT, "%s has no port '%s'", sw, port);
	*ret_port = *p;
	ret_port->filter[0] = ret_port->filter[1] = ret_port->edit[0] = ret_port->edit[1] = NULL;
	return 0;
}

/* Calls each for every switch, in the order of their names, until it says true. */
static int for_switches(bool (*each)(const struct weir_switch_state *s, void *ctx), void *ctx,
			struct weir_err *err)
{
	char **names = NULL;
	unsigned n = 0;
	bool done = false;
	int r = weir_switch_list(&names, &n, err);

	for (unsigned i = 0; i < n; i++) {
		CLEANUP(weir_switch_state_freep)
		struct weir_switch_state *s = NULL;

		if (!done && !vale_name_is_netmap(names[i]) &&
		    weir_switch_show(names[i], &s, NULL) == 0) /* or it has just ended */
			done = each(s, ctx);
		free(names[i]);
	}
	free(names);
	return r < 0 ? r : done;
}

struct seeker {
	const char *port;
	char *sw;
};

static bool has_port(const struct weir_switch_state *s, void *ctx)
{
	const struct seeker *seeker = ctx;
	const struct weir_switch_port *p = find_port(s, seeker->port);

	if (!p || !p->stays)
		return false;
	(void)snprintf(seeker->sw, VALE_SWITCH_NAME_SIZE, "%.*s", (int)VALE_SWITCH_NAME_SIZE - 1,
		       s->name);
	return true;
}

void nm_switch_of(const char *port, char ret_switch[VALE_SWITCH_NAME_SIZE])
{
	struct seeker seeker = { .port = port, .sw = ret_switch };
	struct weir_switch_port p;

	(void)snprintf(ret_switch, VALE_SWITCH_NAME_SIZE, "%s", NM_NOWHERE);
	if (show_port(NM_NOWHERE, port, &p, NULL) == 0 && p.stays)
		(void)for_switches(has_port, &seeker, NULL);
}

int nm_switch_new(const char *port, const struct nmreq_vale_newif *shape, struct weir_err *err)
{
	const struct weir_switch_shape of_port = { .tx_rings = shape->nr_tx_rings,
						   .rx_rings = shape->nr_rx_rings,
						   .tx_slots = shape->nr_tx_slots,
						   .rx_slots = shape->nr_rx_slots };

	return weir_switch_new_port(NM_NOWHERE, port, &of_port, err);
}

int nm_switch_delete(const char *port, struct weir_err *err)
{
	char sw[VALE_SWITCH_NAME_SIZE];

	nm_switch_of(port, sw);
	if (strcmp(sw, NM_NOWHERE) != 0)
		return err_set(err, -EBUSY, "the port '%s' is attached to %s", port, sw);
	return weir_switch_delete_port(NM_NOWHERE, port, err);
}

int nm_switch_attach(const char *sw, const char *port, uint32_t *ret_nr, struct weir_err *err)
{
	struct weir_switch_port p;
	int r;

	if (show_port(sw, port, &p, NULL) == 0)
		return err_set(err, -EBUSY, "%s has a port '%s'", sw, port);
	if (show_port(NM_NOWHERE, port, &p, NULL) == 0 && p.stays) {
		const struct weir_switch_shape shape = { .tx_rings = p.tx_rings,
							 .rx_rings = p.rx_rings,
							 .tx_slots = p.tx_slots,
							 .rx_slots = p.rx_slots };

		r = weir_switch_new_port(sw, port, &shape, err);
	} else {
		r = weir_switch_attach(sw, port, NULL, err);
	}
	if (r == 0)
		r = show_port(sw, port, &p, err);
	if (r == 0)
		*ret_nr = p.nr;
	return r;
}

int nm_switch_detach(const char *sw, const char *port, uint32_t *ret_nr, struct weir_err *err)
{
	struct weir_switch_port p;
	int r = show_port(sw, port, &p, err);

	if (r < 0)
		return r;
	r = p.attached ? weir_switch_detach(sw, port, err) : weir_switch_delete_port(sw, port, err);
	if (r == 0)
		*ret_nr = p.nr;
	return r;
}

int nm_switch_has_nic(const char *sw, const char *port, struct weir_err *err)
{
	struct weir_switch_port p;
	int r = show_port(sw, port, &p, err);

	if (r == 0 && !p.attached)
		r = err_set(err, -ENXIO, "the port '%s' is no interface", port);
	return r;
}

struct lister {
	char *name;
	struct nmreq_vale_list *list;
	uint16_t nr; /* of the switch */
};

static void tell(const struct weir_switch_state *s, const struct weir_switch_port *p,
		 const struct lister *l)
{
	/* A switch's name has 15 letters at most; a pipe's name may be cut. */
	(void)snprintf(l->name, NETMAP_REQ_IFNAMSIZ, "%.15s:%.47s", s->name, p->name);
	l->list->nr_bridge_idx = l->nr;
	l->list->nr_port_idx = p->nr;
}

static bool tell_next(const struct weir_switch_state *s, void *ctx)
{
	struct lister *l = ctx;
	const struct weir_switch_port *next = NULL;
	uint32_t from = l->nr == l->list->nr_bridge_idx ? l->list->nr_port_idx : 0;

	for (unsigned i = 0; l->nr >= l->list->nr_bridge_idx && i < s->n_ports; i++) {
		const struct weir_switch_port *p = &s->ports[i];

		if (p->nr >= from && (!next || p->nr < next->nr))
			next = p;
	}
	if (next)
		tell(s, next, l);
	l->nr++;
	return next;
}

static bool tell_named(const struct weir_switch_state *s, void *ctx)
{
	struct lister *l = ctx;
	size_t len = strlen(s->name);
	const struct weir_switch_port *p = NULL;

	if (strncmp(l->name, s->name, len) == 0 && l->name[len] == ':')
		p = find_port(s, l->name + len + 1);
	if (p)
		tell(s, p, l);
	l->nr++;
	return p;
}

int nm_switch_list(char name[NETMAP_REQ_IFNAMSIZ], struct nmreq_vale_list *list,
		   struct weir_err *err)
{
	struct lister l = { .name = name, .list = list };
	int r = for_switches(*name ? tell_named : tell_next, &l, err);

	return r == 0 ? err_set(err, -ENOENT, "there is no such port") : r < 0 ? r : 0;
}
