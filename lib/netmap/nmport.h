/* SPDX-License-Identifier: BSD-2-Clause */
/* What the files that make up libnetmap share. */
#ifndef NETMAP_NMPORT_H
#define NETMAP_NMPORT_H

#include <errno.h>
#include <libnetmap.h>

/* Tells the context and sets errno. -1, where calls of libnetmap return an int. */
#define nmport_fail(ctx, code, ...)                                                                \
	({                                                                                         \
		int code_ = (code);                                                                \
		nmctx_ferror(ctx, __VA_ARGS__);                                                    \
		errno = code_;                                                                     \
		-1;                                                                                \
	})

/* Opens /dev/netmap: the descriptor, or -1 as above. */
int nmport_device(struct nmctx *ctx);

/* What has to be done when the parsing of a port is undone; the last comes first. */
struct nmport_cleanup_d {
	struct nmport_cleanup_d *next;
	/* Leaves the cleanup itself alone. */
	void (*run)(struct nmport_cleanup_d *c, struct nmport_d *d);
	struct nmreq_option *option; /* one that is in d->hdr, or NULL */
	void *map;		     /* memory that is mapped, or NULL */
	size_t size;
};

/* Undoes what came after keep, which NULL leaves nothing of. */
void nmport_clean(struct nmport_d *d, const struct nmport_cleanup_d *keep);

/* The options that names may have. */
struct nmreq_opt_parser *nmport_options(void);

#endif
