/* SPDX-License-Identifier: BSD-2-Clause */
#include "pcapshim/devices.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <weir/switch.h>

#include "base/cleanup.h"

DEFINE_CLEANUP(struct weir_switch_state *, weir_switch_state_free)

/* Allocated as libpcap does it, which frees it. */
static pcap_if_t *make_device(const char *sw, const struct weir_switch_port *port)
{
	pcap_if_t *d = calloc(1, sizeof(*d));

	if (!d)
		return NULL;
	if (asprintf(&d->name, "%s:%s", sw, port->name) < 0)
		d->name = NULL;
	if (asprintf(&d->description, "Port of the switch %s", sw) < 0)
		d->description = NULL;
	d->flags = PCAP_IF_UP | PCAP_IF_RUNNING | PCAP_IF_CONNECTION_STATUS_NOT_APPLICABLE;
	if (d->name && d->description)
		return d;
	free(d->name);
	free(d->description);
	free(d);
	return NULL;
}

/* Those that a program can open, behind *end: where the next one goes. */
static pcap_if_t **add_ports(pcap_if_t **end, const char *name)
{
	CLEANUP(weir_switch_state_freep)
	struct weir_switch_state *s = NULL;

	if (weir_switch_show(name, &s, NULL) < 0)
		return end; /* it has ended meanwhile */
	for (unsigned i = 0; i < s->n_ports; i++) {
		if (s->ports[i].attached || s->ports[i].is_pipe)
			continue;
		*end = make_device(name, &s->ports[i]);
		if (!*end)
			break;
		end = &(*end)->next;
	}
	return end;
}

void devices_add(pcap_if_t **list)
{
	char **names = NULL;
	unsigned n = 0;

	while (*list)
		list = &(*list)->next;
	if (weir_switch_list(&names, &n, NULL) < 0)
		return;
	for (unsigned i = 0; i < n; i++) {
		list = add_ports(list, names[i]);
		free(names[i]);
	}
	free(names);
}
