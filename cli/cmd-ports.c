/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * weir ports: the interfaces there are, and which back ends work on them and why not.
 */
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include <weir/port.h>

#include "cmd.h"
#include "commands.h"
#include "util.h"

struct ports_cfg {
	bool json;
};

static const struct opt ports_opts[] = {
	{ OPT(struct ports_cfg, json), .name = "json", .help = "print one JSON object" },
	{ 0 },
};

#define SPEED_SIZE 24

static const char *address_text(const uint8_t *mac, char text[static MAC_TEXT_SIZE])
{
	static const uint8_t none[6];

	return memcmp(mac, none, sizeof(none)) == 0 ? "-" : mac_text(mac, text);
}

static const char *speed_text(uint64_t bps, char text[static SPEED_SIZE])
{
	if (!bps)
		return "-";
	if (bps % 1000000000 == 0)
		(void)snprintf(text, SPEED_SIZE, "%" PRIu64 "G", bps / 1000000000);
	else
		(void)snprintf(text, SPEED_SIZE, "%" PRIu64 "M", bps / 1000000);
	return text;
}

static const char *state_of(const struct weir_iface *i)
{
	return !i->up ? "down" : i->carrier ? "up" : "no carrier";
}

#define MAX_KINDS 16

/* Every kind of port, tried on an interface (NULL: in general). */
struct kinds {
	struct weir_backend_info be[MAX_KINDS];
	unsigned n;
};

static void probe(struct kinds *k, const char *ifname)
{
	for (k->n = 0; k->n < MAX_KINDS && weir_backend_probe(k->n, ifname, &k->be[k->n]);)
		k->n++;
}

/* A line with a column for each kind that is opened on interfaces, and the reasons below. */
static void print_iface(const struct weir_iface *i)
{
	char mac[MAC_TEXT_SIZE], speed[SPEED_SIZE];
	struct kinds kinds;

	probe(&kinds, i->name);
	printf("%-15s  %-10s  %5" PRIu32 "  %-17s  %5s  %2u/%-2u", i->name, state_of(i), i->mtu,
	       address_text(i->mac, mac), speed_text(i->speed_bps, speed), i->rx_queues,
	       i->tx_queues);
	for (unsigned k = 0; k < kinds.n; k++) {
		if (kinds.be[k].on_iface)
			printf("  %6s", kinds.be[k].works ? "yes" : "no");
	}
	putchar('\n');
	for (unsigned k = 0; k < kinds.n; k++) {
		if (kinds.be[k].on_iface && kinds.be[k].why[0])
			printf("    %s: %s\n", kinds.be[k].scheme, kinds.be[k].why);
	}
}

static void print_text(const struct weir_iface *ifaces, unsigned n)
{
	struct kinds kinds;

	probe(&kinds, NULL);
	printf("%-15s  %-10s  %5s  %-17s  %5s  %5s", "interface", "state", "MTU", "address",
	       "speed", "rx/tx");
	for (unsigned k = 0; k < kinds.n; k++) {
		if (kinds.be[k].on_iface)
			printf("  %6s", kinds.be[k].scheme);
	}
	putchar('\n');
	for (unsigned i = 0; i < n; i++)
		print_iface(&ifaces[i]);

	printf("\n%-6s  %-5s  %s\n", "kind", "works", "what it is; what it needs");
	for (unsigned k = 0; k < kinds.n; k++) {
		const struct weir_backend_info *be = &kinds.be[k];

		printf("%-6s  %-5s  %s; %s\n", be->scheme, be->works ? "yes" : "no", be->summary,
		       be->needs);
		if (be->why[0])
			printf("    %s\n", be->why);
	}
}

static json_t *backend_json(const struct weir_backend_info *be)
{
	return json_pack("{s:b, s:s}", "works", be->works, "why", be->why);
}

static json_t *iface_json(const struct weir_iface *i)
{
	json_t *ports = json_object();
	struct kinds kinds;
	char mac[MAC_TEXT_SIZE];
	json_t *o;

	probe(&kinds, i->name);
	for (unsigned k = 0; k < kinds.n; k++) {
		if (kinds.be[k].on_iface)
			(void)json_object_set_new(ports, kinds.be[k].scheme,
						  backend_json(&kinds.be[k]));
	}
	o = json_pack("{s:s, s:i, s:s, s:s, s:I, s:s, s:I, s:i, s:i, s:o}", "name", i->name,
		      "index", (int)i->index, "kind", i->kind, "state", state_of(i), "mtu",
		      (json_int_t)i->mtu, "address", address_text(i->mac, mac), "speed_bps",
		      (json_int_t)i->speed_bps, "rx_queues", (int)i->rx_queues, "tx_queues",
		      (int)i->tx_queues, "ports", ports);
	if (o && i->linktype == WEIR_LINKTYPE_NONE)
		(void)json_object_set_new(o, "link_type", json_null());
	else if (o)
		(void)json_object_set_new(o, "link_type", json_integer(i->linktype));
	return o;
}

static json_t *kind_json(const struct weir_backend_info *be)
{
	return json_pack("{s:s, s:s, s:s, s:b, s:s}", "name", be->scheme, "summary", be->summary,
			 "needs", be->needs, "works", be->works, "why", be->why);
}

static int print_json(const struct cmd_run *run, const struct weir_iface *ifaces, unsigned n)
{
	json_t *list = json_array(), *ports = json_array();
	struct kinds kinds;
	json_t *all;
	int r = 0;

	probe(&kinds, NULL);
	for (unsigned i = 0; i < n; i++)
		r |= json_array_append_new(list, iface_json(&ifaces[i]));
	for (unsigned k = 0; k < kinds.n; k++)
		r |= json_array_append_new(ports, kind_json(&kinds.be[k]));
	all = json_pack("{s:o, s:o}", "interfaces", list, "ports", ports);
	if (!all || r < 0)
		return cmd_fail(run, "out of memory");
	r = json_dumpf(all, stdout, JSON_INDENT(2));
	putchar('\n');
	json_decref(all);
	return r < 0 ? cmd_fail(run, "cannot write to standard output") : 0;
}

/* Keeps of the interfaces those that are named, in the order of the names. */
static int pick(const struct cmd_run *run, struct weir_iface **ifaces, unsigned *n)
{
	CLEANUP(freep)
	struct weir_iface *picked = xcalloc(run->n_operands, sizeof(*picked));

	for (unsigned k = 0; k < run->n_operands; k++) {
		unsigned i = 0;

		while (i < *n && strcmp((*ifaces)[i].name, run->operands[k]) != 0)
			i++;
		if (i == *n)
			return cmd_fail(run, "there is no interface '%s'", run->operands[k]);
		picked[k] = (*ifaces)[i];
	}
	free(*ifaces);
	*ifaces = TAKE_PTR(picked);
	*n = run->n_operands;
	return 0;
}

static int ports_run(const struct cmd_run *run, const void *cfg)
{
	const struct ports_cfg *c = cfg;
	CLEANUP(freep)
	struct weir_iface *ifaces = NULL;
	struct weir_err err = { 0 };
	unsigned n = 0;
	int status;

	if (weir_ifaces(&ifaces, &n, &err) < 0)
		return cmd_fail(run, "%s", weir_err_text(&err));
	if (run->n_operands) {
		status = pick(run, &ifaces, &n);
		if (status)
			return status;
	}
	if (c->json)
		return print_json(run, ifaces, n);
	print_text(ifaces, n);
	return 0;
}

const struct cmd cmd_ports = {
	.name = "ports",
	.summary = "list interfaces and the kinds of ports that work here",
	.operands = "[INTERFACE...]",
	.about = "Tries every kind of port on every interface, without sending anything, and "
		 "tells which work for you and why the others do not.",
	.dialect = OPT_WEIR,
	.opts = ports_opts,
	.cfg_size = sizeof(struct ports_cfg),
	.run = ports_run,
};
