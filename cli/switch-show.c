/* SPDX-License-Identifier: BSD-2-Clause */
/* What switches there are, and how one of them stands, as text and as JSON. */
#include <inttypes.h>
#include <poll.h>
#include <string.h>

#include "json-util.h"
#include "signals.h"
#include "switch.h"
#include "util.h"

DEFINE_CLEANUP(struct weir_switch_state *, weir_switch_state_free)

#define WATCH_MS 1000

/* Takes o. */
static int print_json(const struct cmd_run *run, json_t *o)
{
	if (json_print(stdout, o) < 0)
		return cmd_fail(run, "out of memory");
	(void)fflush(stdout); /* looked at once at the end */
	return 0;
}

int switch_list(const struct cmd_run *run, const struct switch_cfg *cfg)
{
	struct weir_err err = { 0 };
	json_t *list = json_array();
	char **names = NULL;
	unsigned n = 0;

	if (weir_switch_list(&names, &n, &err) < 0) {
		json_decref(list);
		return cmd_fail(run, "%s", weir_err_text(&err));
	}
	for (unsigned i = 0; i < n; i++) {
		if (!cfg->json)
			puts(names[i]);
		(void)json_array_append_new(list, json_string(names[i])); /* or it is missing */
		free(names[i]);
	}
	free(names);
	if (cfg->json)
		return print_json(
			run, json_pack("{s:s, s:o}", "command", "switch list", "switches", list));
	json_decref(list);
	return 0;
}

static uint64_t sum_dropped(const struct weir_switch_port *p)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < WEIR_SWITCH_N_DROPS; i++)
		sum += p->dropped[i];
	return sum;
}

/* Rules as they were written; only those that there are. */
static json_t *rules_object(const struct weir_switch_port *p)
{
	static const char *const filter[2] = { "filter_in", "filter_out" };
	static const char *const edit[2] = { "edit_in", "edit_out" };
	json_t *rules = json_object();

	for (unsigned i = 0; i < 2; i++) {
		if (p->filter[i])
			(void)json_object_set_new(rules, filter[i], json_text(p->filter[i]));
		if (p->edit[i])
			(void)json_object_set_new(rules, edit[i], json_text(p->edit[i]));
	}
	return rules;
}

static json_t *port_object(const struct weir_switch_port *p)
{
	json_t *dropped = json_object();

	for (unsigned i = 0; i < WEIR_SWITCH_N_DROPS; i++)
		(void)json_object_set_new(dropped, weir_switch_drop_name(i),
					  json_number(p->dropped[i]));
	return json_pack("{s:s, s:i, s:i, s:i, s:i, s:b, s:b, s:b, s:i, s:i, s:i, s:i, s:i, s:i, "
			 "s:o, s:o, s:o, s:o, "
			 "s:o, s:o, s:o, s:o, s:o}",
			 "name", p->name, "port", (int)p->nr, "uid", (int)p->uid, "pid",
			 (int)p->pid, "users", (int)p->users, "stays", p->stays, "attached",
			 p->attached, "pipe", p->is_pipe, "region", (int)p->region, "header",
			 (int)p->header, "tx_rings", (int)p->tx_rings, "rx_rings", (int)p->rx_rings,
			 "tx_slots", (int)p->tx_slots, "rx_slots", (int)p->rx_slots, "tx_frames",
			 json_number(p->tx_frames), "tx_bytes", json_number(p->tx_bytes),
			 "rx_frames", json_number(p->rx_frames), "rx_bytes",
			 json_number(p->rx_bytes), "dropped", dropped, "bad_index",
			 json_number(p->bad_index), "lost", json_number(p->nic.lost), "refused",
			 json_number(p->nic.refused), "rules", rules_object(p));
}

static json_t *state_object(const struct weir_switch_state *s)
{
	json_t *ports = json_array(), *macs = json_array();
	char mac[MAC_TEXT_SIZE];

	for (unsigned i = 0; i < s->n_ports; i++)
		(void)json_array_append_new(ports, port_object(&s->ports[i]));
	for (unsigned i = 0; i < s->n_macs; i++) {
		(void)json_array_append_new(macs, json_pack("{s:s, s:i, s:i}", "mac",
							    mac_text(s->macs[i].mac, mac), "port",
							    (int)s->macs[i].port, "age_s",
							    (int)s->macs[i].age_s));
	}
	return json_pack("{s:s, s:s, s:i, s:i, s:i, s:i, s:b, s:b, s:o, s:o}", "command",
			 "switch show", "switch", s->name, "uid", (int)s->uid, "pid", (int)s->pid,
			 "threads", (int)s->threads, "age_s", (int)s->age_s, "lossless",
			 s->lossless, "temporary", s->temporary, "ports", ports, "macs", macs);
}

static const struct weir_switch_port *find_port(const struct weir_switch_state *s, unsigned nr,
						const char *name)
{
	for (unsigned i = 0; s && i < s->n_ports; i++)
		if (s->ports[i].nr == nr && (!name || strcmp(s->ports[i].name, name) == 0))
			return &s->ports[i];
	return NULL;
}

/* Frames since the state before, in a second; 0 if the port is new. */
static uint64_t rate(uint64_t now, uint64_t before)
{
	return now > before ? (now - before) * 1000 / WATCH_MS : 0;
}

static void print_drops(const struct weir_switch_port *p)
{
	const char *between = "        dropped: ";

	for (unsigned i = 0; i < WEIR_SWITCH_N_DROPS; i++) {
		if (!p->dropped[i])
			continue;
		printf("%s%" PRIu64 " %s", between, p->dropped[i], weir_switch_drop_name(i));
		between = ", ";
	}
	if (p->nic.lost)
		printf("%s%" PRIu64 " before reception", between, p->nic.lost);
	between = p->nic.lost ? ", " : between;
	if (p->nic.refused)
		printf("%s%" PRIu64 " refused by the interface", between, p->nic.refused);
	if (sum_dropped(p) + p->nic.lost + p->nic.refused)
		putchar('\n');
}

static void print_rules(const struct weir_switch_port *p)
{
	static const char *const way[2] = { "in", "out" };

	for (unsigned i = 0; i < 2; i++) {
		if (p->filter[i])
			printf("        filter %s: %s\n", way[i], p->filter[i]);
		if (p->edit[i])
			printf("        edit %s: %s\n", way[i], p->edit[i]);
	}
}

static void print_text(const struct weir_switch_state *s, const struct weir_switch_state *before)
{
	char mac[MAC_TEXT_SIZE];

	printf("%s: user %" PRIu32 ", process %" PRIu32 ", threads %u%s%s\n", s->name, s->uid,
	       s->pid, s->threads, s->lossless ? ", lossless" : "",
	       s->temporary ? ", ends with its last port" : "");
	printf("%4s %-15s %5s %5s %14s %16s %14s %16s %12s\n", "port", "name", "rings", "users",
	       "frames from", "bytes from", "frames to", "bytes to", "dropped");
	for (unsigned i = 0; i < s->n_ports; i++) {
		const struct weir_switch_port *p = &s->ports[i];
		const struct weir_switch_port *old = find_port(before, p->nr, p->name);

		printf("%4u %-15s %2u/%-2u %5u %14" PRIu64 " %16" PRIu64 " %14" PRIu64 " %16" PRIu64
		       " %12" PRIu64 "\n",
		       p->nr, p->name, p->tx_rings, p->rx_rings, p->users, p->tx_frames,
		       p->tx_bytes, p->rx_frames, p->rx_bytes, sum_dropped(p));
		if (old)
			printf("%27s/s %14" PRIu64 " %16s %14" PRIu64 " %16s %12" PRIu64 "\n", "",
			       rate(p->tx_frames, old->tx_frames), "",
			       rate(p->rx_frames, old->rx_frames), "",
			       rate(sum_dropped(p), sum_dropped(old)));
		print_drops(p);
		print_rules(p);
	}
	for (unsigned i = 0; i < s->n_macs; i++) {
		const struct weir_switch_port *p = find_port(s, s->macs[i].port, NULL);

		printf("  %s at %s, seen %" PRIu32 " s ago\n", mac_text(s->macs[i].mac, mac),
		       p ? p->name : "?", s->macs[i].age_s);
	}
	(void)fflush(stdout); /* looked at once at the end */
}

static int print_state(const struct cmd_run *run, const struct switch_cfg *cfg,
		       const struct weir_switch_state *s, const struct weir_switch_state *before)
{
	if (cfg->json)
		return print_json(run, state_object(s));
	if (cfg->watch && isatty(STDOUT_FILENO))
		fputs("\033[H\033[J", stdout);
	print_text(s, before);
	return 0;
}

/* Every second until a signal comes. */
static int watch(const struct cmd_run *run, const struct switch_cfg *cfg, const char *name)
{
	struct pollfd fd = { .fd = signals_open_ends(), .events = POLLIN };
	struct weir_switch_state *before = NULL, *now;
	struct weir_err err = { 0 };
	int status = 0;

	if (fd.fd < 0)
		return cmd_fail(run, "pipe: %s", strerror(-fd.fd));
	do {
		now = NULL;
		if (weir_switch_show(name, &now, &err) < 0)
			status = cmd_fail(run, "%s", weir_err_text(&err));
		else
			status = print_state(run, cfg, now, before);
		weir_switch_state_free(before);
		before = now;
	} while (!status && poll(&fd, 1, WATCH_MS) == 0);
	weir_switch_state_free(before);
	signals_close(fd.fd);
	return status;
}

int switch_show(const struct cmd_run *run, const struct switch_cfg *cfg, const char *name)
{
	CLEANUP(weir_switch_state_freep)
	struct weir_switch_state *s = NULL;
	struct weir_err err = { 0 };

	if (cfg->watch)
		return watch(run, cfg, name);
	if (weir_switch_show(name, &s, &err) < 0)
		return cmd_fail(run, "%s", weir_err_text(&err));
	return print_state(run, cfg, s, NULL);
}
