/* SPDX-License-Identifier: BSD-2-Clause */
#include "netmap/info.h"

#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "netmap/hidden.h"

/* Asks; of the answer, which is to have one size, the body goes to body, too. */
static int ask(int fd, unsigned type, void *body, size_t size, size_t answer_size,
	       struct weir_err *err)
{
	struct vale_msg m;
	int r;

	vale_msg_init(&m, type);
	memcpy(m.body, body, size);
	m.head.size = (uint32_t)size;
	r = vale_request(fd, &m, err);
	if (r < 0)
		return r;
	if (m.head.size == answer_size)
		memcpy(body, m.body, answer_size);
	vale_msg_done(&m);
	return m.head.size == answer_size ? 0 : err_set(err, -EBADMSG, "an odd answer");
}

/* The row of a port, pipes by the name of their end '{'. -ENOENT. */
static int find_row(int fd, const char *port, struct vale_port_row *ret_row, struct weir_err *err)
{
	struct vale_from from = { 0 };
	char name[VALE_NAME_SIZE] = "";
	struct vale_msg m;
	size_t n, brace;

	memcpy(name, port, strlen(port));
	brace = strcspn(name, "}");
	if (name[brace])
		name[brace] = '{';
	do {
		int r;

		vale_msg_init(&m, VALE_MSG_PORTS);
		memcpy(m.body, &from, sizeof(from));
		m.head.size = sizeof(from);
		r = vale_request(fd, &m, err);
		if (r < 0)
			return r;
		vale_msg_done(&m);
		n = m.head.size / sizeof(*ret_row);
		for (size_t i = 0; i < n; i++) {
			struct vale_port_row row;

			memcpy(&row, m.body + i * sizeof(row), sizeof(row));
			from.from = row.nr + 1;
			if (strncmp(row.name, name, sizeof(row.name)) == 0) {
				*ret_row = row;
				return 0;
			}
		}
	} while (n);
	return err_set(err, -ENOENT, "there is no port '%s'", port);
}

/* Holds a region, in place of one that was held. */
static int hold(struct nm_file *f, const char *sw, uint32_t mem_id, struct weir_err *err)
{
	struct vale_open open = { .ring = VALE_ALL_RINGS,
				  .flags = VALE_OPEN_SHARED | VALE_OPEN_NULL,
				  .mem_id = mem_id };
	struct vale_opened opened;
	CLEANUP(closep)
	int fd = -EBADF;
	int r = vale_connect(sw, false, &fd, err);

	static_assert(sizeof(opened) >= sizeof(open), "room for both");
	memset(&opened, 0, sizeof(opened));
	memcpy(&opened, &open, sizeof(open));
	if (r == 0)
		r = ask(fd, VALE_MSG_OPEN, &opened, sizeof(open), sizeof(opened), err);
	if (r < 0)
		return r;
	nm_file_unhold(f);
	f->held_fd = TAKE_FD(fd);
	nm_hide(&f->held_fd);
	return 0;
}

/* Makes a port for the moment: its region, and what it consists of. */
static int make_one(struct nm_file *f, const char *sw, const char *port, struct nm_info *ret_info,
		    struct weir_err *err)
{
	struct vale_open open = { .ring = VALE_ALL_RINGS,
				  .flags = VALE_OPEN_SHARED | VALE_OPEN_HDR };
	struct vale_client c;
	struct vale_port_row row;
	int r;

	memcpy(open.port, port, strlen(port));
	r = vale_client_open(&c, sw, &open, NULL, err);
	if (r == 0)
		r = find_row(c.fd, port, &row, err);
	if (r == 0)
		r = hold(f, sw, row.mem_id, err);
	if (r == 0) {
		ret_info->shape = row.shape;
		ret_info->pool.mem_id = row.mem_id;
		r = ask(c.fd, VALE_MSG_POOL, &ret_info->pool, sizeof(ret_info->pool),
			sizeof(ret_info->pool), err);
	}
	vale_client_close(&c);
	return r;
}

int nm_info_of(struct nm_file *f, const char *sw, const char *port, struct nm_info *ret_info,
	       struct weir_err *err)
{
	struct vale_port_row row = { 0 };
	CLEANUP(closep)
	int fd = -EBADF;

	memset(ret_info, 0, sizeof(*ret_info));
	if (vale_connect(sw, false, &fd, NULL) < 0 || find_row(fd, port, &row, NULL) < 0 ||
	    !row.mem_id)
		return make_one(f, sw, port, ret_info, err);
	ret_info->shape = row.shape;
	ret_info->pool.mem_id = row.mem_id;
	return ask(fd, VALE_MSG_POOL, &ret_info->pool, sizeof(ret_info->pool),
		   sizeof(ret_info->pool), err);
}
