/* SPDX-License-Identifier: BSD-2-Clause */
/* What a switch tells of itself, and of its ports. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "base/macros.h"
#include "vale/server.h"

void list_info(const struct server *srv, struct vale_msg *answer)
{
	struct vale_info info = {
		.uid = geteuid(),
		.pid = (uint32_t)getpid(),
		.n_threads = srv->n_workers,
		.age_s = srv->core.table.age_s,
		.lossless = srv->core.lossless,
		.stays = !srv->opts.temporary,
	};

	for (unsigned i = 0; i < VALE_MAX_PORTS; i++)
		info.n_ports += srv->vports[i] != NULL;
	memcpy(info.name, srv->name, sizeof(srv->name));
	memcpy(answer->body, &info, sizeof(info));
	answer->head.size = sizeof(info);
}

static void add_counters(const struct vale_kring *k, struct vale_port_row *row)
{
	for (unsigned i = 0; i < VALE_N_DROPS; i++)
		row->dropped[i] += counter_get(&k->dropped[i]);
	row->bad_index += counter_get(&k->bad_index);
}

static struct vale_port_row row_of(const struct vport *v)
{
	const struct vale_shape *s = &v->p.layout.shape;
	struct vale_port_row row = {
		.nr = v->p.nr,
		.uid = v->uid,
		.pid = (uint32_t)v->pid,
		.users = v->users,
		.stays = v->stays,
		.attached = v->nic != NULL,
		.has_rules = v->rules != NULL,
		.kind = v->kind,
		.mem_id = v->pool ? v->pool->id : 0,
		.hdr_len = v->hdr_len,
		.shape = *s,
	};

	memcpy(row.name, v->name, sizeof(row.name));
	for (unsigned i = 0; i < s->tx_rings; i++) {
		row.tx_frames += counter_get(&v->p.tx[i].frames);
		row.tx_bytes += counter_get(&v->p.tx[i].bytes);
		add_counters(&v->p.tx[i], &row);
	}
	for (unsigned i = 0; i < s->rx_rings; i++) {
		row.rx_frames += counter_get(&v->p.rx[i].frames);
		row.rx_bytes += counter_get(&v->p.rx[i].bytes);
		add_counters(&v->p.rx[i], &row);
	}
	if (v->nic)
		nic_count(v->nic, &row);
	return row;
}

/* Appends a row. False: it is full. */
static bool add_row(struct vale_msg *answer, const void *row, size_t size)
{
	if (answer->head.size + size > sizeof(answer->body))
		return false;
	memcpy(answer->body + answer->head.size, row, size);
	answer->head.size += (uint32_t)size;
	return true;
}

void list_ports(const struct server *srv, const struct vale_from *from, struct vale_msg *answer)
{
	for (unsigned i = from->from; i < VALE_MAX_PORTS; i++) {
		struct vale_port_row row;

		if (!srv->vports[i])
			continue;
		row = row_of(srv->vports[i]);
		if (!add_row(answer, &row, sizeof(row)))
			return;
	}
}

void list_table(const struct server *srv, const struct vale_from *from, struct vale_msg *answer)
{
	uint32_t now_s = server_now_s();
	struct table_row entry;
	unsigned at = from->from;

	while (table_next(&srv->core.table, &at, now_s, &entry)) {
		const struct vale_table_row row = { .mac = entry.mac,
						    .port = entry.port,
						    .age_s = now_s - entry.seen,
						    .next = at };

		if (!add_row(answer, &row, sizeof(row)))
			return;
	}
}

int list_pool(const struct server *srv, const struct vale_pool_msg *what, struct vale_msg *answer,
	      struct weir_err *err)
{
	struct vale_pool_msg told = *what;
	const struct pool *pool = NULL;
	const struct vport *v;

	if (!vale_text_ok(what->port, sizeof(what->port)))
		return err_set(err, -EINVAL, "the name of the port has no end");
	v = what->port[0] ? port_find(srv, what->port) : NULL;
	if (!what->port[0])
		pool = pool_find(srv, what->mem_id);
	else if (v)
		pool = v->pool;
	if (!pool)
		return err_set(err, -ENOENT, "there is no such region");
	told.mem_id = pool->id;
	told.n_ifs = VALE_MAX_IFS;
	told.n_pages = pool->in.n_pages;
	told.n_bufs = pool->in.n_bufs;
	told.mem_size = pool->in.size;
	told.rings_at = pool->in.rings_at;
	told.bufs_at = pool->in.bufs_at;
	memcpy(answer->body, &told, sizeof(told));
	answer->head.size = sizeof(told);
	return 0;
}
