/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Ports of the netmap API by their names: the calls of libnetmap, as programs written for it
 * know them.
 *
 * A port's name:
 *
 *     netmap:X  or  valeS:P	an interface; port P of the switch valeS (S may be empty)
 *     {ID  or  }ID		an end of a pipe beside that port
 *     ^  ^N  *  -N		rings: of the host; one of these; of both; one of the interface
 *     /FLAGS			x exclusively; z monitor, both ways, without copies;
 *				t, r monitor of what is sent, is received; R, T only rings to
 *				receive, to send
 *     @N			the memory to lie in, by its number
 *     @OPTION			share=NAME	the memory that the port of that name has
 *				conf:KEY=N,...	of a port that is made: rings, tx-rings,
 *						rx-rings, host-rings, host-tx-rings,
 *						host-rx-rings, slots, tx-slots, rx-slots
 *				extmem=FILE or extmem:file=FILE,KEY=N,...  lies in that file:
 *						if-num, if-size, ring-num, ring-size, buf-num,
 *						buf-size
 *				offset=N or offset:initial=N,bits=N  refused unless enabled
 *
 * in this order; each part but the first may be missing. S, P, ID: letters, digits and '_'.
 *
 * Calls that return an int return 0, or -1 with an errno and a text for the context's error().
 * One port belongs to one thread at a time.
 */
#ifndef WEIR_NETMAP_LIBNETMAP_H
#define WEIR_NETMAP_LIBNETMAP_H

#include <net/netmap_user.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Contexts: which memory is mapped, and what to do it with. */

struct nmctx;
typedef void (*nmctx_error_cb)(struct nmctx *ctx, const char *text);
typedef void *(*nmctx_malloc_cb)(struct nmctx *ctx, size_t size);
typedef void (*nmctx_free_cb)(struct nmctx *ctx, void *p);
typedef void (*nmctx_lock_cb)(struct nmctx *ctx, int lock); /* 1: lock, 0: unlock */

struct nmctx {
	int verbose; /* 0: error() is not called */
	nmctx_error_cb error;
	nmctx_malloc_cb malloc;
	nmctx_free_cb free;
	nmctx_lock_cb lock; /* of mem_descs; NULL: none is needed */
	struct nmem_d *mem_descs;
};

/* The default one, which new ports get: it writes to stderr and has a lock. */
struct nmctx *nmctx_get(void);
/* The program's own instead of it, before there are threads: the one that was. */
struct nmctx *nmctx_set_default(struct nmctx *ctx);
/* Gives the default context a lock; the one that is there from the start has it. */
void nmctx_set_threadsafe(void);

void nmctx_ferror(struct nmctx *ctx, const char *format, ...)
	__attribute__((__format__(__printf__, 2, 3)));
void *nmctx_malloc(struct nmctx *ctx, size_t size);
void nmctx_free(struct nmctx *ctx, void *p); /* NULL is allowed */
void nmctx_lock(struct nmctx *ctx);
void nmctx_unlock(struct nmctx *ctx);

/* Memory that ports of a context have mapped. */
struct nmem_d {
	uint16_t mem_id;
	int refcount;
	void *mem;
	size_t size;
	int is_extmem; /* the program's own: it is not unmapped */
	struct nmem_d *next, *prev;
};

/* Ports. */

struct nmport_cleanup_d;

struct nmport_d {
	/* What it is registered with. */
	struct nmreq_header hdr;
	struct nmreq_register reg;

	/* The rest is only to be read. Ports of a context with the same mem share their memory:
	 * buffers can be exchanged between them. */
	struct nmem_d *mem;
	struct nmctx *ctx;
	int register_done, mmap_done;
	struct nmreq_opt_extmem *extmem; /* one of hdr's options, or NULL */
	int fd;				 /* of /dev/netmap; -1: none */
	struct netmap_if *nifp;
	/* The rings that are bound; last before first: none. */
	uint16_t first_tx_ring, last_tx_ring;
	uint16_t first_rx_ring, last_rx_ring;
	uint16_t cur_tx_ring; /* of nmport_inject() */
	uint16_t cur_rx_ring;
	struct nmport_cleanup_d *clist; /* what undoing the parsing has to do */
};

/* Opens a port by its name: nmport_prepare(), then nmport_open_desc(). NULL: as -1. */
struct nmport_d *nmport_open(const char *name);
void nmport_close(struct nmport_d *d); /* NULL is allowed */

/* Copies a packet into slots of the next ring that has room: its size; 0: none has. */
int nmport_inject(struct nmport_d *d, const void *packet, size_t size);

/* The steps of nmport_open(), for what may be done between them, and their undoing. */
struct nmport_d *nmport_new(void);
void nmport_delete(struct nmport_d *d);
/* Fills hdr and reg. If it fails they are as they were. */
int nmport_parse(struct nmport_d *d, const char *name);
void nmport_undo_parse(struct nmport_d *d);
int nmport_register(struct nmport_d *d);
void nmport_undo_register(struct nmport_d *d);
int nmport_mmap(struct nmport_d *d);
void nmport_undo_mmap(struct nmport_d *d);

/* nmport_new() and nmport_parse(). */
struct nmport_d *nmport_prepare(const char *name);
void nmport_undo_prepare(struct nmport_d *d);
/* nmport_register() and nmport_mmap(). */
int nmport_open_desc(struct nmport_d *d);
void nmport_undo_open_desc(struct nmport_d *d);

/* Another port with the same request, without its options, to be opened with
 * nmport_open_desc(). EINVAL: d has memory of the program's and is not registered. */
struct nmport_d *nmport_clone(struct nmport_d *d);

/* Before it is registered: memory of the program's for the port; of a file, which is mapped
 * until the parsing is undone. */
int nmport_extmem(struct nmport_d *d, void *base, size_t size);
int nmport_extmem_from_file(struct nmport_d *d, const char *file);
/* What is wanted of it, or what has come of it; NULL: there is none. */
struct nmreq_pools_info *nmport_extmem_getinfo(struct nmport_d *d);

/* Before it is registered: packets begin within their buffers, at first at initial and never
 * behind max, which the low bits of the slots' ptr tell (0: all); min_gap: what is received
 * writes no more than so many bytes of a buffer, 0: no limit. */
int nmport_offset(struct nmport_d *d, uint64_t initial, uint64_t max, uint64_t bits,
		  uint64_t min_gap);

/* Whether names may have an option, before there are threads. EOPNOTSUPP: none is called so. */
void nmport_disable_option(const char *option);
int nmport_enable_option(const char *option);

/* Requests. */

/* All but version, type and body is 0. */
void nmreq_header_init(struct nmreq_header *hdr, uint16_t reqtype, void *body);

/* Read a part of a name each, and move *at behind it: the port, with a pipe; rings, flags and
 * memory, up to what may be an option. EINVAL; nothing is changed then. */
int nmreq_header_decode(const char **at, struct nmreq_header *hdr, struct nmctx *ctx);
int nmreq_register_decode(const char **at, struct nmreq_register *reg, struct nmctx *ctx);

/* The memory of a port, whose name *at begins with and moves behind. */
int32_t nmreq_get_mem_id(const char **at, struct nmctx *ctx);

/* The list of a header. Who pushes an option keeps it. */
void nmreq_push_option(struct nmreq_header *hdr, struct nmreq_option *option);
void nmreq_remove_option(struct nmreq_header *hdr, struct nmreq_option *option);
struct nmreq_option *nmreq_find_option(struct nmreq_header *hdr, uint32_t reqtype);
/* free(3)s all. */
void nmreq_free_options(struct nmreq_header *hdr);
const char *nmreq_option_name(uint32_t reqtype);
#define nmreq_foreach_option(hdr, option)                                                          \
	for ((option) = (struct nmreq_option *)(uintptr_t)(hdr)->nr_options; (option);             \
	     (option) = (struct nmreq_option *)(uintptr_t)(option)->nro_next)

/* Options of names, for parsers of the program's own. */

#define NMREQ_OPT_MAXKEYS 16

struct nmreq_opt_key {
	const char *key; /* with '_'; names may have '-' instead. NULL: no more */
	int id;		 /* place in nmreq_parse_ctx.keys */
	unsigned int flags;
};
#define NMREQ_OPTK_ALLOWEMPTY (1U << 0) /* "=VALUE" may be missing: the value is the key */
#define NMREQ_OPTK_MUSTSET    (1U << 1)
#define NMREQ_OPTK_DEFAULT    (1U << 2) /* the one of "OPTION=VALUE" */

struct nmreq_parse_ctx {
	struct nmctx *ctx;
	void *token;
	const char *keys[NMREQ_OPT_MAXKEYS]; /* values; NULL: not set */
};
typedef int (*nmreq_opt_parser_cb)(struct nmreq_parse_ctx *p);

struct nmreq_opt_parser {
	const char *prefix; /* the option's name */
	nmreq_opt_parser_cb parse;
	int default_key; /* id; -1: "OPTION=VALUE" is not allowed */
	int nr_keys;
	unsigned int flags;
	struct nmreq_opt_parser *next;
	struct nmreq_opt_key keys[NMREQ_OPT_MAXKEYS];
} __attribute__((aligned(16)));
#define NMREQ_OPTF_DISABLED   (1U << 0) /* EOPNOTSUPP */
#define NMREQ_OPTF_ALLOWEMPTY (1U << 1) /* it may have no keys */

/* Reads "@OPTION...": each is given to the parser of its name. What parsers have done before
 * one fails stays. */
int nmreq_options_decode(const char *options, struct nmreq_opt_parser *parsers, void *token,
			 struct nmctx *ctx);

#ifdef __cplusplus
}
#endif
#endif
