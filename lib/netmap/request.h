/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A request of ioctl(NIOCCTRL): copied in from the program's memory, with its body and its
 * options, and back. Pure: the program's memory is what two functions say.
 *
 * The rules are the kernel's: an option begins as "not supported", and who serves it sets its
 * status; a request of which one is left so fails where that matters. After a failure the
 * body is not written back; the options' heads always are.
 */
#ifndef NETMAP_REQUEST_H
#define NETMAP_REQUEST_H

#include <net/netmap.h>

/* Body and options together. */
#define NM_REQUEST_MAX 4096u
/* What an option takes of that besides itself, and how many can be by that. */
#define NM_OPTION_COST 8u
#define NM_MAX_OPTIONS (NM_REQUEST_MAX / (sizeof(struct nmreq_option) + NM_OPTION_COST))

/* The program's memory: 0, or -EFAULT. */
struct nm_user {
	int (*read)(void *ctx, void *to, uint64_t from, size_t size);
	int (*write)(void *ctx, uint64_t to, const void *from, size_t size);
	void *ctx;
};

struct nm_request {
	struct nmreq_header hdr;
	size_t body_size;
	union {
		struct nmreq_register reg;
		struct nmreq_port_info_get port_info;
		struct nmreq_vale_attach attach;
		struct nmreq_vale_detach detach;
		struct nmreq_vale_list list;
		struct nmreq_port_hdr hdr_len;
		struct nmreq_vale_newif newif;
		struct nmreq_vale_polling polling;
		struct nmreq_pools_info pools;
		struct nmreq_sync_kloop_start kloop;
	} body;
	unsigned n_options;
	struct {
		uint64_t address;
		uint32_t at, size; /* in data */
	} option[NM_MAX_OPTIONS];
	size_t used;
	_Alignas(8) uint8_t data[NM_REQUEST_MAX]; /* options */
};

/*
 * Copies a request in. -EINVAL: its version, its reserved bits, a type or a body that is not as it
 * should be, or a known option that is there twice, which both are told; -EMSGSIZE: more than
 * there may be; -EFAULT.
 */
int nm_request_read(struct nm_request *req, const struct nm_user *user, uint64_t address);

/* The option of that type, which from now on is the caller's to answer by its status; NULL:
 * there is none. */
struct nmreq_option *nm_request_option(struct nm_request *req, uint32_t type);

/* -EOPNOTSUPP if an option was left as it began. */
int nm_request_served(const struct nm_request *req);

/* Writes back what a request with that result, 0 or negative, gives, also if it could not be read:
 * the result, or -EFAULT. */
int nm_request_write(const struct nm_request *req, const struct nm_user *user, uint64_t address,
		     int result);

#endif
