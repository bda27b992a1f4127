/* SPDX-License-Identifier: BSD-2-Clause */
#include "vale/proto.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/err.h"
#include "base/macros.h"

static_assert(offsetof(struct vale_msg, body) == sizeof(struct vale_head), "one piece");

void vale_msg_init(struct vale_msg *m, unsigned type)
{
	m->head = (struct vale_head){
		.magic = VALE_MSG_MAGIC,
		.version = VALE_MSG_VERSION,
		.type = (uint16_t)type,
	};
	for (unsigned i = 0; i < VALE_MSG_FDS; i++)
		m->fds[i] = -EBADF;
	m->n_fds = 0;
}

void vale_msg_done(struct vale_msg *m)
{
	for (unsigned i = 0; i < m->n_fds; i++)
		if (m->fds[i] >= 0)
			(void)close(m->fds[i]); /* nothing was written to it */
	m->n_fds = 0;
}

/* Of requests: the only size there can be. */
static size_t request_size(unsigned type)
{
	switch (type) {
	case VALE_MSG_OPEN:
	case VALE_MSG_NEW:
		return sizeof(struct vale_open);
	case VALE_MSG_ARENA:
		return sizeof(struct vale_arena_msg);
	case VALE_MSG_PORTS:
	case VALE_MSG_TABLE:
		return sizeof(struct vale_from);
	case VALE_MSG_DELETE:
	case VALE_MSG_RULES:
		return sizeof(struct vale_delete);
	case VALE_MSG_ATTACH:
		return sizeof(struct vale_attach);
	case VALE_MSG_DETACH:
		return sizeof(struct vale_detach);
	case VALE_MSG_SET:
		return sizeof(struct vale_set);
	case VALE_MSG_POOL:
		return sizeof(struct vale_pool_msg);
	case VALE_MSG_HDR:
		return sizeof(struct vale_hdr);
	default:
		return 0;
	}
}

int vale_msg_check(const struct vale_msg *m, size_t len, bool answer)
{
	const struct vale_head *h = &m->head;

	if (len < sizeof(*h) || h->magic != VALE_MSG_MAGIC || h->version != VALE_MSG_VERSION ||
	    h->size != len - sizeof(*h) || !h->type || h->type >= VALE_N_MSGS)
		return -EBADMSG;
	if (!answer && (h->size != request_size(h->type) || h->result))
		return -EBADMSG;
	return 0;
}

bool vale_text_ok(const char *text, size_t size)
{
	return memchr(text, 0, size) != NULL;
}

static int fill_text(char *to, size_t size, const char *text, const char *what,
		     struct weir_err *err)
{
	if (!text)
		return 0;
	if (strlen(text) >= size)
		return err_set(err, -EINVAL, "%.40s...: too long for %s", text, what);
	memcpy(to, text, strlen(text));
	return 0;
}

int vale_rules_fill(struct vale_rules *to, const struct weir_switch_rules *rules,
		    struct weir_err *err)
{
	static const struct weir_switch_rules none;
	const struct weir_switch_rules *from = rules ? rules : &none;
	int r;

	memset(to, 0, sizeof(*to));
	r = fill_text(to->filter[0], VALE_RULE_SIZE, from->filter_in, "a filter", err);
	if (r == 0)
		r = fill_text(to->filter[1], VALE_RULE_SIZE, from->filter_out, "a filter", err);
	if (r == 0)
		r = fill_text(to->edit[0], VALE_RULE_SIZE, from->edit_in, "edits", err);
	if (r == 0)
		r = fill_text(to->edit[1], VALE_RULE_SIZE, from->edit_out, "edits", err);
	return r;
}

int vale_nic_fill(char to[VALE_NIC_NAME], const char *nic, struct weir_err *err)
{
	memset(to, 0, VALE_NIC_NAME);
	return fill_text(to, VALE_NIC_NAME, nic, "the name of a port", err);
}

int vale_attach_fill(struct vale_attach *to, const char *nic, const struct weir_switch_rules *rules,
		     struct weir_err *err)
{
	int r = vale_nic_fill(to->nic, nic, err);

	return r < 0 ? r : vale_rules_fill(&to->rules, rules, err);
}

union fd_space {
	char bytes[CMSG_SPACE(VALE_MSG_FDS * sizeof(int))];
	struct cmsghdr align;
};

int vale_msg_send(int fd, const struct vale_msg *m)
{
	struct iovec iov = { .iov_base = (void *)(uintptr_t)m,
			     .iov_len = sizeof(m->head) + m->head.size };
	struct msghdr hdr = { .msg_iov = &iov, .msg_iovlen = 1 };
	union fd_space space;
	struct cmsghdr *c;

	if (m->n_fds) {
		memset(&space, 0, sizeof(space));
		hdr.msg_control = space.bytes;
		hdr.msg_controllen = CMSG_SPACE(m->n_fds * sizeof(int));
		c = CMSG_FIRSTHDR(&hdr);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(m->n_fds * sizeof(int));
		memcpy(CMSG_DATA(c), m->fds, m->n_fds * sizeof(int));
	}
	return sendmsg(fd, &hdr, MSG_DONTWAIT | MSG_NOSIGNAL) < 0 ? -errno : 0;
}

/* Takes descriptors out of a control message; a foreign program may send many. */
static void take_fds(struct vale_msg *m, struct cmsghdr *c)
{
	size_t n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);

	for (size_t i = 0; i < n; i++) {
		int fd;

		memcpy(&fd, CMSG_DATA(c) + i * sizeof(int), sizeof(int));
		if (m->n_fds < VALE_MSG_FDS)
			m->fds[m->n_fds++] = fd;
		else
			(void)close(fd); /* nobody wants it */
	}
}

int vale_msg_recv(int fd, struct vale_msg *m, int flags)
{
	struct iovec iov = { .iov_base = m, .iov_len = sizeof(m->head) + sizeof(m->body) };
	union fd_space space;
	struct msghdr hdr = { .msg_iov = &iov,
			      .msg_iovlen = 1,
			      .msg_control = space.bytes,
			      .msg_controllen = sizeof(space) };
	ssize_t n;

	vale_msg_init(m, 0);
	do {
		n = recvmsg(fd, &hdr, flags | MSG_CMSG_CLOEXEC);
	} while (n < 0 && errno == EINTR);
	if (n <= 0)
		return n < 0 ? -errno : 0;
	for (struct cmsghdr *c = CMSG_FIRSTHDR(&hdr); c; c = CMSG_NXTHDR(&hdr, c)) {
		if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS)
			take_fds(m, c);
	}
	return hdr.msg_flags & MSG_TRUNC ? -EBADMSG : (int)n;
}
