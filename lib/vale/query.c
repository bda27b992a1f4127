/* SPDX-License-Identifier: BSD-2-Clause */
/* Asking a switch that runs: the rest of weir/switch.h. */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <weir/switch.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/macros.h"
#include "vale/client.h"
#include "vale/name.h"

DEFINE_CLEANUP(struct weir_switch_state *, weir_switch_state_free)

/* Asks; what there is in m is sent as the body. */
static int ask(int fd, struct vale_msg *m, unsigned type, const void *body, size_t size,
	       struct weir_err *err)
{
	int r;

	vale_msg_init(m, type);
	if (size)
		memcpy(m->body, body, size);
	m->head.size = (uint32_t)size;
	r = vale_request(fd, m, err);
	if (r == 0)
		vale_msg_done(m);
	return r;
}

static int ask_info(int fd, struct weir_switch_state *s, struct weir_err *err)
{
	struct vale_msg m;
	struct vale_info info;
	int r = ask(fd, &m, VALE_MSG_INFO, NULL, 0, err);

	if (r < 0)
		return r;
	if (m.head.size != sizeof(info))
		return err_set(err, -EBADMSG, "the switch speaks another version");
	memcpy(&info, m.body, sizeof(info));
	info.name[sizeof(info.name) - 1] = '\0';
	memcpy(s->name, info.name, sizeof(s->name));
	s->uid = info.uid;
	s->pid = info.pid;
	s->threads = info.n_threads;
	s->age_s = info.age_s;
	s->lossless = info.lossless;
	s->temporary = !info.stays;
	return 0;
}

static void take_port(const struct vale_port_row *row, struct weir_switch_port *p)
{
	*p = (struct weir_switch_port){
		.nr = row->nr,
		.uid = row->uid,
		.pid = row->pid,
		.users = row->users,
		.stays = row->stays,
		.attached = row->attached,
		.is_pipe = row->kind == VALE_KIND_PIPE,
		.has_rules = row->has_rules,
		.region = row->mem_id,
		.header = row->hdr_len,
		.nic = { .lost = row->nic_lost, .refused = row->nic_refused },
		.tx_rings = row->shape.tx_rings,
		.rx_rings = row->shape.rx_rings,
		.tx_slots = row->shape.tx_slots,
		.rx_slots = row->shape.rx_slots,
		.tx_frames = row->tx_frames,
		.tx_bytes = row->tx_bytes,
		.rx_frames = row->rx_frames,
		.rx_bytes = row->rx_bytes,
		.bad_index = row->bad_index,
	};
	static_assert(sizeof(p->name) == sizeof(row->name), "one kind of name");
	memcpy(p->name, row->name, sizeof(p->name));
	p->name[sizeof(p->name) - 1] = '\0';
	memcpy(p->dropped, row->dropped, sizeof(p->dropped));
}

static void take_mac(const struct vale_table_row *row, struct weir_switch_mac *m)
{
	m->port = row->port;
	m->age_s = row->age_s;
	for (unsigned i = 0; i < sizeof(m->mac); i++)
		m->mac[i] = (uint8_t)(row->mac >> (40 - 8 * i));
}

/* Makes room for n more at the end of an array. */
static int grow(void **array, unsigned n_old, unsigned n, size_t size)
{
	void *p = reallocarray(*array, n_old + n, size);

	if (p)
		*array = p;
	return p ? 0 : -ENOMEM;
}

/* Rows until an answer has none. type: PORTS or TABLE. */
static int ask_rows(int fd, unsigned type, struct weir_switch_state *s, struct weir_err *err)
{
	const bool ports = type == VALE_MSG_PORTS;
	const size_t size = ports ? sizeof(struct vale_port_row) : sizeof(struct vale_table_row);
	struct vale_from from = { 0 };
	struct vale_msg m;
	unsigned n;
	int r;

	do {
		r = ask(fd, &m, type, &from, sizeof(from), err);
		if (r < 0)
			return r;
		n = (unsigned)(m.head.size / size);
		if (ports)
			r = grow((void **)&s->ports, s->n_ports, n, sizeof(*s->ports));
		else
			r = grow((void **)&s->macs, s->n_macs, n, sizeof(*s->macs));
		if (n && r < 0)
			return err_set(err, r, "no memory for what the switch tells");
		for (unsigned i = 0; i < n; i++) {
			const void *row = m.body + i * size;

			if (ports) {
				take_port(row, &s->ports[s->n_ports++]);
				from.from = s->ports[s->n_ports - 1].nr + 1;
			} else {
				take_mac(row, &s->macs[s->n_macs++]);
				from.from = ((const struct vale_table_row *)row)->next;
			}
		}
	} while (n && from.from < 65536);
	return 0;
}

/* A text of rules; NULL: it is empty. */
static int take_text(char **ret_text, char text[VALE_RULE_SIZE])
{
	text[VALE_RULE_SIZE - 1] = '\0';
	if (text[0])
		*ret_text = strdup(text);
	return text[0] && !*ret_text ? -ENOMEM : 0;
}

static int ask_rules(int fd, struct weir_switch_port *p, struct weir_err *err)
{
	struct vale_delete d = { 0 };
	struct vale_rules rules;
	struct vale_msg m;
	int r;

	memcpy(d.port, p->name, sizeof(d.port));
	r = ask(fd, &m, VALE_MSG_RULES, &d, sizeof(d), err);
	if (r < 0)
		return r == -ENOENT || r == -EACCES ? 0 : r; /* it has just gone; not for us */
	if (m.head.size != sizeof(rules))
		return err_set(err, -EBADMSG, "the switch speaks another version");
	memcpy(&rules, m.body, sizeof(rules));
	for (unsigned i = 0; i < 2 && r == 0; i++) {
		r = take_text(&p->filter[i], rules.filter[i]);
		if (r == 0)
			r = take_text(&p->edit[i], rules.edit[i]);
	}
	return r < 0 ? err_set(err, r, "no memory") : 0;
}

/* What rows of ports do not tell. */
static int ask_more(int fd, struct weir_switch_state *s, struct weir_err *err)
{
	int r = 0;

	for (unsigned i = 0; i < s->n_ports && r == 0; i++)
		if (s->ports[i].has_rules)
			r = ask_rules(fd, &s->ports[i], err);
	return r;
}

int weir_switch_show(const char *name, struct weir_switch_state **ret_state, struct weir_err *err)
{
	CLEANUP(weir_switch_state_freep)
	struct weir_switch_state *s = calloc(1, sizeof(*s));
	CLEANUP(closep)
	int fd = -EBADF;
	int r;

	if (!s)
		return err_set(err, -ENOMEM, "no memory");
	r = vale_connect(name, false, &fd, err);
	if (r == 0)
		r = ask_info(fd, s, err);
	if (r == 0)
		r = ask_rows(fd, VALE_MSG_PORTS, s, err);
	if (r == 0)
		r = ask_more(fd, s, err);
	if (r == 0)
		r = ask_rows(fd, VALE_MSG_TABLE, s, err);
	if (r == 0)
		*ret_state = TAKE_PTR(s);
	return r;
}

struct weir_switch_state *weir_switch_state_free(struct weir_switch_state *s)
{
	if (!s)
		return NULL;
	for (unsigned i = 0; i < s->n_ports; i++) {
		for (unsigned k = 0; k < 2; k++) {
			free(s->ports[i].filter[k]);
			free(s->ports[i].edit[k]);
		}
	}
	free(s->ports);
	free(s->macs);
	free(s);
	return NULL;
}

static int order(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

struct names {
	char **texts;
	unsigned n;
};

static bool has_name(const struct names *names, const char *name)
{
	for (unsigned i = 0; i < names->n; i++)
		if (strcmp(names->texts[i], name) == 0)
			return true;
	return false;
}

/* Adds a name if a switch of that name answers. */
static int add_name(struct names *names, const char *name)
{
	CLEANUP(closep)
	int fd = -EBADF;
	char *text;

	if (vale_name_check(name, NULL) < 0 || has_name(names, name) ||
	    vale_connect(name, false, &fd, NULL) < 0)
		return 0; /* a lock, one that we may not ask, one that was killed */
	text = strdup(name);
	if (!text || grow((void **)&names->texts, names->n, 1, sizeof(char *)) < 0) {
		free(text);
		return -ENOMEM;
	}
	names->texts[names->n++] = text;
	return 0;
}

static int add_names(struct names *names, const char *dir)
{
	const struct dirent *entry;
	DIR *d = opendir(dir);
	int r = 0;

	if (!d)
		return 0; /* no switch has run there yet */
	while (r == 0 && (entry = readdir(d)))
		r = add_name(names, entry->d_name);
	(void)closedir(d);
	return r;
}

int weir_switch_list(char ***ret_names, unsigned *ret_n, struct weir_err *err)
{
	struct names names = { 0 };
	char dir[96];
	int r = 0;

	for (unsigned i = 0; r == 0 && vale_dir_next(i, dir, sizeof(dir)); i++)
		r = add_names(&names, dir);
	if (r < 0) {
		while (names.n)
			free(names.texts[--names.n]);
		free(names.texts);
		return err_set(err, r, "no memory");
	}
	if (names.n)
		qsort(names.texts, names.n, sizeof(char *), order);
	*ret_names = names.texts;
	*ret_n = names.n;
	return 0;
}

/* A switch may end just as it is found; another one is started then. */
#define TRIES 50u

/* start: starts the switch if none runs. */
static int command(const char *name, bool start, unsigned type, const void *body, size_t size,
		   struct weir_err *err)
{
	struct weir_err why = { 0 };
	int r = -EPIPE;

	for (unsigned i = 0; r == -EPIPE && i < (start ? TRIES : 1); i++) {
		CLEANUP(closep)
		int fd = -EBADF;
		struct vale_msg m;

		r = vale_connect(name, start, &fd, &why);
		if (r == 0)
			r = ask(fd, &m, type, body, size, &why);
	}
	return r < 0 ? err_set(err, r, "%s", why.text) : 0;
}

static int port_name(char to[VALE_NAME_SIZE], const char *port, struct weir_err *err)
{
	int r = vale_port_name_check(port, err);

	if (r == 0)
		(void)snprintf(to, VALE_NAME_SIZE, "%s", port); /* it fits */
	return r;
}

int weir_switch_new_port(const char *name, const char *port, const struct weir_switch_shape *shape,
			 struct weir_err *err)
{
	struct vale_open o = {
		.ring = VALE_ALL_RINGS,
		.shape = { .tx_rings = shape->tx_rings,
			   .rx_rings = shape->rx_rings,
			   .tx_slots = shape->tx_slots,
			   .rx_slots = shape->rx_slots },
	};
	int r = port_name(o.port, port, err);

	return r < 0 ? r : command(name, true, VALE_MSG_NEW, &o, sizeof(o), err);
}

int weir_switch_delete_port(const char *name, const char *port, struct weir_err *err)
{
	struct vale_delete d = { 0 };
	int r = port_name(d.port, port, err);

	return r < 0 ? r : command(name, false, VALE_MSG_DELETE, &d, sizeof(d), err);
}

int weir_switch_attach(const char *name, const char *nic, const struct weir_switch_rules *rules,
		       struct weir_err *err)
{
	struct vale_attach a;
	int r = vale_attach_fill(&a, nic, rules, err);

	return r < 0 ? r : command(name, true, VALE_MSG_ATTACH, &a, sizeof(a), err);
}

int weir_switch_detach(const char *name, const char *nic, struct weir_err *err)
{
	struct vale_detach d;
	int r = vale_nic_fill(d.nic, nic, err);

	return r < 0 ? r : command(name, false, VALE_MSG_DETACH, &d, sizeof(d), err);
}

int weir_switch_set_rules(const char *name, const char *port, const struct weir_switch_rules *rules,
			  struct weir_err *err)
{
	struct vale_set s = { 0 };
	int r = port_name(s.port, port, err);

	if (r == 0)
		r = vale_rules_fill(&s.rules, rules, err);
	return r < 0 ? r : command(name, false, VALE_MSG_SET, &s, sizeof(s), err);
}

int weir_switch_end(const char *name, struct weir_err *err)
{
	return command(name, false, VALE_MSG_STOP, NULL, 0, err);
}
