/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What libnetmap's ports may have besides: memory of the program's, offsets, and the options
 * of names. The table of options can be switched by the program, as its interface has it.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/macros.h"
#include "netmap/nmport.h"

static void remove_option(struct nmport_cleanup_d *c, struct nmport_d *d)
{
	nmreq_remove_option(&d->hdr, c->option);
	if (d->extmem && c->option == &d->extmem->nro_opt)
		d->extmem = NULL;
	nmctx_free(d->ctx, c->option);
}

static void unmap_file(struct nmport_cleanup_d *c, struct nmport_d *d)
{
	(void)d;
	(void)munmap(c->map, c->size);
}

/* A zeroed option of that size, which the port has until its parsing is undone. NULL: as -1. */
static void *add_option(struct nmport_d *d, uint32_t type, size_t size)
{
	struct nmport_cleanup_d *c = nmctx_malloc(d->ctx, sizeof(*c));
	struct nmreq_option *o = nmctx_malloc(d->ctx, size);

	if (!c || !o) {
		nmctx_free(d->ctx, c);
		nmctx_free(d->ctx, o);
		(void)nmport_fail(d->ctx, ENOMEM, "%s: no memory for an option", d->hdr.nr_name);
		return NULL;
	}
	memset(o, 0, size);
	o->nro_reqtype = type;
	nmreq_push_option(&d->hdr, o);
	*c = (struct nmport_cleanup_d){ .next = d->clist, .run = remove_option, .option = o };
	d->clist = c;
	return o;
}

int nmport_extmem(struct nmport_d *d, void *base, size_t size)
{
	struct nmreq_opt_extmem *e;

	if (d->register_done)
		return nmport_fail(d->ctx, EINVAL, "%s: it has its memory already", d->hdr.nr_name);
	if (d->extmem)
		return nmport_fail(d->ctx, EINVAL, "%s: it cannot lie in two memories",
				   d->hdr.nr_name);
	e = add_option(d, NETMAP_REQ_OPT_EXTMEM, sizeof(*e));
	if (!e)
		return -1;
	e->nro_usrptr = (uintptr_t)base;
	e->nro_info.nr_memsize = size;
	d->extmem = e;
	return 0;
}

/* Maps the file: MAP_FAILED, as -1. */
static void *map_file(struct nmctx *ctx, const char *file, size_t *ret_size)
{
	void *map = MAP_FAILED;
	struct stat st;
	CLEANUP(closep)
	int fd = open(file, O_RDWR | O_CLOEXEC);

	if (fd >= 0 && fstat(fd, &st) == 0) {
		*ret_size = (size_t)st.st_size;
		map = mmap(NULL, *ret_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	}
	if (map == MAP_FAILED)
		(void)nmport_fail(ctx, errno, "'%s' cannot be mapped: %s", file, strerror(errno));
	return map;
}

int nmport_extmem_from_file(struct nmport_d *d, const char *file)
{
	struct nmport_cleanup_d *before = d->clist, *c;
	size_t size = 0;
	void *map = map_file(d->ctx, file, &size);

	if (map == MAP_FAILED)
		return -1;
	c = nmctx_malloc(d->ctx, sizeof(*c));
	if (!c) {
		(void)munmap(map, size);
		return nmport_fail(d->ctx, ENOMEM, "no memory to map '%s'", file);
	}
	*c = (struct nmport_cleanup_d){
		.next = before, .run = unmap_file, .map = map, .size = size
	};
	d->clist = c;
	if (nmport_extmem(d, map, size) < 0) {
		nmport_clean(d, before);
		return -1;
	}
	return 0;
}

struct nmreq_pools_info *nmport_extmem_getinfo(struct nmport_d *d)
{
	return d->extmem ? &d->extmem->nro_info : NULL;
}

int nmport_offset(struct nmport_d *d, uint64_t initial, uint64_t max, uint64_t bits,
		  uint64_t min_gap)
{
	struct nmreq_opt_offsets *o = add_option(d, NETMAP_REQ_OPT_OFFSETS, sizeof(*o));

	if (!o)
		return -1;
	o->nro_initial_offset = initial;
	o->nro_max_offset = max;
	o->nro_offset_bits = (uint32_t)bits;
	o->nro_min_gap = min_gap;
	return 0;
}

/* Sets *value to the number that a key has, and leaves it alone if it is not set. */
static int number_of(struct nmreq_parse_ctx *p, int key, uint64_t max, uint64_t *value)
{
	const char *text = p->keys[key];
	unsigned long long v;
	char *end;

	if (!text)
		return 0;
	errno = 0;
	v = strtoull(text, &end, 10);
	if (*text < '0' || *text > '9' || *end || errno || v > max)
		return nmport_fail(p->ctx, EINVAL, "'%s' is not a number from 0 to %llu", text,
				   (unsigned long long)max);
	*value = v;
	return 0;
}

/* Of an option with one key. */
enum {
	KEY_FIRST
};

static int parse_share(struct nmreq_parse_ctx *p)
{
	struct nmport_d *d = p->token;
	const char *name = p->keys[KEY_FIRST];
	int32_t id = nmreq_get_mem_id(&name, p->ctx);

	if (id < 0)
		return -1;
	if (d->reg.nr_mem_id && d->reg.nr_mem_id != id)
		return nmport_fail(p->ctx, EINVAL, "%s: it cannot lie in two memories",
				   d->hdr.nr_name);
	d->reg.nr_mem_id = (uint16_t)id;
	return 0;
}

static struct nmreq_opt_parser share_option = {
	.prefix = "share",
	.parse = parse_share,
	.default_key = KEY_FIRST,
	.nr_keys = 1,
	.keys = { { "port", KEY_FIRST, NMREQ_OPTK_DEFAULT | NMREQ_OPTK_MUSTSET } },
};

enum extmem_key {
	EXTMEM_FILE,
	EXTMEM_IF_NUM,
	EXTMEM_IF_SIZE,
	EXTMEM_RING_NUM,
	EXTMEM_RING_SIZE,
	EXTMEM_BUF_NUM,
	EXTMEM_BUF_SIZE,
	EXTMEM_N_KEYS,
};

static int parse_extmem(struct nmreq_parse_ctx *p)
{
	uint64_t v[EXTMEM_N_KEYS] = { 0 };
	struct nmreq_pools_info *info;
	struct nmport_d *d = p->token;

	for (int key = EXTMEM_IF_NUM; key < EXTMEM_N_KEYS; key++)
		if (number_of(p, key, UINT32_MAX, &v[key]) < 0)
			return -1;
	if (nmport_extmem_from_file(d, p->keys[EXTMEM_FILE]) < 0)
		return -1;
	info = nmport_extmem_getinfo(d);
	info->nr_if_pool_objtotal = (uint32_t)v[EXTMEM_IF_NUM];
	info->nr_if_pool_objsize = (uint32_t)v[EXTMEM_IF_SIZE];
	info->nr_ring_pool_objtotal = (uint32_t)v[EXTMEM_RING_NUM];
	info->nr_ring_pool_objsize = (uint32_t)v[EXTMEM_RING_SIZE];
	info->nr_buf_pool_objtotal = (uint32_t)v[EXTMEM_BUF_NUM];
	info->nr_buf_pool_objsize = (uint32_t)v[EXTMEM_BUF_SIZE];
	return 0;
}

static struct nmreq_opt_parser extmem_option = {
	.prefix = "extmem",
	.parse = parse_extmem,
	.default_key = EXTMEM_FILE,
	.nr_keys = EXTMEM_N_KEYS,
	.next = &share_option,
	.keys = {
		{ "file", EXTMEM_FILE, NMREQ_OPTK_DEFAULT | NMREQ_OPTK_MUSTSET },
		{ "if_num", EXTMEM_IF_NUM },
		{ "if_size", EXTMEM_IF_SIZE },
		{ "ring_num", EXTMEM_RING_NUM },
		{ "ring_size", EXTMEM_RING_SIZE },
		{ "buf_num", EXTMEM_BUF_NUM },
		{ "buf_size", EXTMEM_BUF_SIZE },
	},
};

enum conf_key {
	CONF_RINGS,
	CONF_TX_RINGS,
	CONF_RX_RINGS,
	CONF_HOST_RINGS,
	CONF_HOST_TX_RINGS,
	CONF_HOST_RX_RINGS,
	CONF_SLOTS,
	CONF_TX_SLOTS,
	CONF_RX_SLOTS,
	CONF_N_KEYS,
};

/* Each key of both directions comes before those of one, which count more. */
static int parse_conf(struct nmreq_parse_ctx *p)
{
	struct nmport_d *d = p->token;
	struct nmreq_register *reg = &d->reg;
	uint64_t v[CONF_N_KEYS] = {
		[CONF_TX_RINGS] = reg->nr_tx_rings,
		[CONF_RX_RINGS] = reg->nr_rx_rings,
		[CONF_HOST_TX_RINGS] = reg->nr_host_tx_rings,
		[CONF_HOST_RX_RINGS] = reg->nr_host_rx_rings,
		[CONF_TX_SLOTS] = reg->nr_tx_slots,
		[CONF_RX_SLOTS] = reg->nr_rx_slots,
	};

	for (int key = 0; key < CONF_N_KEYS; key++) {
		bool is_both = key == CONF_RINGS || key == CONF_HOST_RINGS || key == CONF_SLOTS;

		if (number_of(p, key, key < CONF_SLOTS ? UINT16_MAX : UINT32_MAX, &v[key]) < 0)
			return -1;
		if (is_both && p->keys[key])
			v[key + 1] = v[key + 2] = v[key];
	}
	reg->nr_tx_rings = (uint16_t)v[CONF_TX_RINGS];
	reg->nr_rx_rings = (uint16_t)v[CONF_RX_RINGS];
	reg->nr_host_tx_rings = (uint16_t)v[CONF_HOST_TX_RINGS];
	reg->nr_host_rx_rings = (uint16_t)v[CONF_HOST_RX_RINGS];
	reg->nr_tx_slots = (uint32_t)v[CONF_TX_SLOTS];
	reg->nr_rx_slots = (uint32_t)v[CONF_RX_SLOTS];
	return 0;
}

static struct nmreq_opt_parser conf_option = {
	.prefix = "conf",
	.parse = parse_conf,
	.default_key = CONF_RINGS,
	.nr_keys = CONF_N_KEYS,
	.next = &extmem_option,
	.keys = {
		{ "rings", CONF_RINGS, NMREQ_OPTK_DEFAULT },
		{ "tx_rings", CONF_TX_RINGS },
		{ "rx_rings", CONF_RX_RINGS },
		{ "host_rings", CONF_HOST_RINGS },
		{ "host_tx_rings", CONF_HOST_TX_RINGS },
		{ "host_rx_rings", CONF_HOST_RX_RINGS },
		{ "slots", CONF_SLOTS },
		{ "tx_slots", CONF_TX_SLOTS },
		{ "rx_slots", CONF_RX_SLOTS },
	},
};

enum offset_key {
	OFFSET_INITIAL,
	OFFSET_BITS,
	OFFSET_N_KEYS,
};

static int parse_offset(struct nmreq_parse_ctx *p)
{
	uint64_t initial = 0, bits = 0;

	if (number_of(p, OFFSET_INITIAL, UINT64_MAX, &initial) < 0 ||
	    number_of(p, OFFSET_BITS, 64, &bits) < 0)
		return -1;
	return nmport_offset(p->token, initial, initial, bits, 0);
}

static struct nmreq_opt_parser offset_option = {
	.prefix = "offset",
	.parse = parse_offset,
	.default_key = OFFSET_INITIAL,
	.nr_keys = OFFSET_N_KEYS,
	.flags = NMREQ_OPTF_DISABLED,
	.next = &conf_option,
	.keys = {
		{ "initial", OFFSET_INITIAL, NMREQ_OPTK_DEFAULT | NMREQ_OPTK_MUSTSET },
		{ "bits", OFFSET_BITS },
	},
};

struct nmreq_opt_parser *nmport_options(void)
{
	return &offset_option;
}

static struct nmreq_opt_parser *find(const char *option)
{
	struct nmreq_opt_parser *p = nmport_options();

	while (p && strcmp(p->prefix, option) != 0)
		p = p->next;
	return p;
}

void nmport_disable_option(const char *option)
{
	struct nmreq_opt_parser *p = find(option);

	if (p)
		p->flags |= NMREQ_OPTF_DISABLED;
}

int nmport_enable_option(const char *option)
{
	struct nmreq_opt_parser *p = find(option);

	if (!p) {
		errno = EOPNOTSUPP;
		return -1;
	}
	p->flags &= ~NMREQ_OPTF_DISABLED;
	return 0;
}
