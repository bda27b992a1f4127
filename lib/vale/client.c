/* SPDX-License-Identifier: BSD-2-Clause */
#include "vale/client.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/macros.h"
#include "base/time.h"
#include "vale/memory.h"
#include "vale/name.h"

#define PATIENCE_S 10
/* A switch may end just as it is found; another one is started then. */
#define TRIES 50u

/* Is it a switch of ours or of root's that listens? Others could give us memory that
 * changes under our feet. */
static int check_peer(int fd, const char *path, struct weir_err *err)
{
	struct ucred peer;
	socklen_t size = sizeof(peer);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) < 0)
		return err_set(err, -errno, "%s: %s", path, strerror(errno));
	if (peer.uid != geteuid() && peer.uid != 0)
		return err_set(err, -EACCES, "%s: user %u listens there, not this one or root",
			       path, (unsigned)peer.uid);
	return 0;
}

static int connect_to(int fd, const struct sockaddr_un *addr, struct weir_err *err)
{
	int r;

	if (connect(fd, (const struct sockaddr *)addr, sizeof(*addr)) < 0) {
		r = errno == ENOENT || errno == ECONNREFUSED ? -ENOENT : -errno;
		return err_set(err, r, "%s: %s", addr->sun_path, strerror(errno));
	}
	return check_peer(fd, addr->sun_path, err);
}

static int connect_any(int fd, const char *name, struct weir_err *err)
{
	struct sockaddr_un addr;
	char dir[96];
	int r = -ENOENT;

	for (unsigned i = 0; r == -ENOENT && vale_dir_next(i, dir, sizeof(dir)); i++) {
		r = vale_address(dir, name, &addr, err);
		if (r == 0)
			r = connect_to(fd, &addr, err);
	}
	return r == -ENOENT ? err_set(err, r, "no switch '%s' runs", name) : r;
}

int vale_socket(int *ret_fd, struct weir_err *err)
{
	const struct timeval patience = { .tv_sec = PATIENCE_S };
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return err_set(err, -errno, "no socket: %s", strerror(errno));
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	(void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	*ret_fd = fd;
	return 0;
}

int vale_connect(const char *name, bool start, int *ret_fd, struct weir_err *err)
{
	CLEANUP(closep)
	int fd = -EBADF;
	int r = vale_socket(&fd, err);

	if (r == 0)
		r = vale_connect_socket(fd, name, start, err);
	if (r == 0)
		*ret_fd = TAKE_FD(fd);
	return r;
}

/* Attempts that failed before one did not leave no text in err. */
int vale_connect_socket(int fd, const char *name, bool start, struct weir_err *err)
{
	struct weir_err why = { 0 };
	int r = vale_name_check(name, &why);

	if (r == 0)
		r = connect_any(fd, name, &why);
	for (unsigned i = 0; r == -ENOENT && start && i < TRIES; i++) {
		r = vale_start(name, &why);
		if (r < 0)
			break;
		r = connect_any(fd, name, &why);
	}
	return r < 0 ? err_set(err, r, "%s", why.text) : 0;
}

int vale_request(int fd, struct vale_msg *m, struct weir_err *err)
{
	unsigned type = m->head.type;
	int r = vale_msg_send(fd, m);

	/* A message may be there even if it is closed: why. */
	if (r < 0 && r != -EPIPE && r != -ECONNRESET)
		return err_set(err, r, "the switch cannot be asked: %s", strerror(-r));
	r = vale_msg_recv(fd, m, 0);
	if (r > 0)
		r = vale_msg_check(m, (size_t)r, true);
	else if (r == 0 || r == -ECONNRESET)
		r = -EPIPE;
	if (r == 0 && m->head.result == 0 && m->head.type == type)
		return 0;
	if (r == 0 && m->head.result < 0)
		r = err_set(err, m->head.result, "%.*s",
			    (int)MIN(m->head.size, sizeof(err->text) - 1), (const char *)m->body);
	else
		r = err_set(err, r ? r : -EBADMSG, "the switch does not answer: %s",
			    strerror(r ? -r : EBADMSG));
	vale_msg_done(m);
	return r;
}

static int map(struct vale_client *c, const struct vale_client *from, struct weir_err *err)
{
	void *mem, *ctl;
	int r;

	if (from) {
		c->mem = from->mem;
		c->ctl = from->ctl;
		c->shares = true;
		return 0;
	}
	r = vale_map(c->fds[VALE_FD_MEM], 0, c->layout.in.size, true, &mem, err);
	if (r < 0)
		return r;
	c->mem = mem;
	if (c->fds[VALE_FD_CTL] < 0)
		return 0; /* a region and no port */
	r = vale_map(c->fds[VALE_FD_CTL], 0, c->layout.ctl_size, true, &ctl, err);
	if (r == 0)
		c->ctl = ctl;
	return r;
}

/* Where things lie, as the switch tells; it is ours or root's, and not mistaken. */
static int layout_of(const struct vale_opened *o, struct vale_layout *ret_layout,
		     struct weir_err *err)
{
	unsigned n_rings = o->kind == VALE_KIND_PIPE ? 2 : o->shape.tx_rings + o->shape.rx_rings;
	int r = o->kind == VALE_KIND_NULL ? 0 : vale_shape_check(&o->shape, err);

	if (r < 0)
		return r;
	*ret_layout = (struct vale_layout){
		.shape = o->shape,
		.in = { .rings_at = o->rings_at,
			.n_pages = o->n_pages,
			.bufs_at = o->bufs_at,
			.n_bufs = o->n_bufs,
			.size = o->mem_size },
		.if_at = o->if_at,
		.ring_at = o->ring_at,
		.ring_size = o->ring_size,
		.first_buf = o->first_buf,
		.ctl_size = vale_ctl_size(n_rings),
	};
	return 0;
}

int vale_client_take(struct vale_client *c, const struct vale_msg *m,
		     const struct vale_client *from, struct weir_err *err)
{
	static const unsigned n_fds[] = {
		[VALE_KIND_PORT] = VALE_N_FDS,
		[VALE_KIND_PIPE] = VALE_PIPE_N_FDS,
		[VALE_KIND_MONITOR] = VALE_N_FDS,
		[VALE_KIND_NULL] = 1,
	};
	struct vale_opened opened;
	int r;

	memcpy(c->fds, m->fds, sizeof(c->fds));
	memcpy(&opened, m->body, sizeof(opened));
	c->is_pipe = opened.kind == VALE_KIND_PIPE;
	c->end = opened.ring & 1;
	if (m->head.size != sizeof(opened) || opened.kind >= ARRAY_SIZE(n_fds) ||
	    m->n_fds != n_fds[opened.kind])
		return err_set(err, -EBADMSG, "the switch speaks another version");
	r = layout_of(&opened, &c->layout, err);
	return r < 0 ? r : map(c, from, err);
}

/* Connects and asks. -EPIPE: the switch has ended just then. */
static int ask_open(const char *name, const struct vale_open *open, int *ret_fd,
		    struct vale_msg *ret_answer, struct weir_err *err)
{
	CLEANUP(closep)
	int fd = -EBADF;
	int r = vale_connect(name, true, &fd, err);

	if (r < 0)
		return r;
	vale_msg_init(ret_answer, VALE_MSG_OPEN);
	memcpy(ret_answer->body, open, sizeof(*open));
	ret_answer->head.size = sizeof(*open);
	r = vale_request(fd, ret_answer, err);
	if (r == 0)
		*ret_fd = TAKE_FD(fd);
	return r;
}

void vale_client_init(struct vale_client *c)
{
	*c = (struct vale_client){ .fd = -EBADF };
	for (unsigned i = 0; i < VALE_MSG_FDS; i++)
		c->fds[i] = -EBADF;
}

int vale_client_open(struct vale_client *c, const char *name, const struct vale_open *open,
		     const struct vale_client *from, struct weir_err *err)
{
	struct weir_err why = { 0 };
	struct vale_msg answer;
	int r = -EPIPE;

	vale_client_init(c);
	for (unsigned i = 0; r == -EPIPE && i < TRIES; i++)
		r = ask_open(name, open, &c->fd, &answer, &why);
	if (r < 0)
		return err_set(err, r, "%s", why.text);
	return vale_client_take(c, &answer, from, err);
}

void vale_client_close(struct vale_client *c)
{
	if (!c->shares) {
		vale_unmap(c->mem, c->layout.in.size);
		vale_unmap(c->ctl, c->layout.ctl_size);
	}
	c->mem = NULL;
	c->ctl = NULL;
	for (unsigned i = 0; i < VALE_MSG_FDS; i++) {
		closep(&c->fds[i]);
		c->fds[i] = -EBADF;
	}
	closep(&c->fd);
	c->fd = -EBADF;
}

int vale_client_arena(struct vale_client *c, const void *base, size_t size, int fd, uint64_t offset,
		      struct weir_err *err)
{
	const struct vale_arena_msg arena = {
		.address = (uintptr_t)base,
		.offset = offset,
		.size = size,
	};
	struct vale_msg m;
	int r;

	vale_msg_init(&m, VALE_MSG_ARENA);
	memcpy(m.body, &arena, sizeof(arena));
	m.head.size = sizeof(arena);
	m.fds[0] = fd;
	m.n_fds = 1;
	r = vale_request(c->fd, &m, err);
	if (r == 0)
		vale_msg_done(&m);
	return r;
}

bool vale_client_is_gone(const struct vale_client *c)
{
	struct pollfd fd = {
		.fd = c->fds[c->is_pipe ? (unsigned)VALE_PIPE_LIFE : (unsigned)VALE_FD_WAKE_RX],
		.events = POLLIN
	};

	return poll(&fd, 1, 0) > 0 && fd.revents & (POLLHUP | POLLERR);
}

struct vale_wait vale_client_wait_tx(const struct vale_client *c, unsigned ring)
{
	return (struct vale_wait){
		.index = &c->ctl->ring[ring].tail,
		.flag = &c->ctl->ring[ring].sleeps,
		.fd = c->fds[c->is_pipe ? VALE_PIPE_WAKE + 2 * c->end : VALE_FD_WAKE_TX],
		.life_fd = c->is_pipe ? c->fds[VALE_PIPE_LIFE] : -EBADF,
	};
}

struct vale_wait vale_client_wait_rx(const struct vale_client *c, unsigned ring)
{
	struct vale_ctl_ring *r = &c->ctl->ring[ring];

	return (struct vale_wait){
		.index = c->is_pipe ? &r->head : &r->tail,
		.flag = c->is_pipe ? &r->wants_room : &r->sleeps,
		.fd = c->fds[c->is_pipe ? VALE_PIPE_WAKE + 2 * c->end + 1 : VALE_FD_WAKE_RX],
		.life_fd = c->is_pipe ? c->fds[VALE_PIPE_LIFE] : -EBADF,
	};
}

bool vale_wait_arm(const struct vale_wait *w, uint32_t seen)
{
	atomic_store_explicit(w->flag, 1, memory_order_relaxed);
	/* The flag is up, now the index is read: pairs with the other side's fence. */
	atomic_thread_fence(memory_order_seq_cst);
	return atomic_load_explicit(w->index, memory_order_relaxed) == seen;
}

void vale_wait_disarm(const struct vale_wait *w)
{
	atomic_store_explicit(w->flag, 0, memory_order_relaxed);
}

void vale_wait_drain(const struct vale_wait *w)
{
	char bytes[64];

	while (read(w->fd, bytes, sizeof(bytes)) == sizeof(bytes))
		;
	while (w->life_fd >= 0 && read(w->life_fd, bytes, sizeof(bytes)) == sizeof(bytes))
		;
}

int vale_client_sleep(const struct vale_wait *w, uint32_t seen, uint64_t timeout_ns)
{
	struct pollfd fds[] = { { .fd = w->fd, .events = POLLIN },
				{ .fd = w->life_fd, .events = POLLIN } };
	const struct timespec ts = time_spec(timeout_ns);
	int r = 0;

	if (vale_wait_arm(w, seen))
		r = ppoll(fds, ARRAY_SIZE(fds), timeout_ns == UINT64_MAX ? NULL : &ts, NULL);
	vale_wait_disarm(w);
	if (r > 0 && (fds[0].revents | fds[1].revents) & POLLIN)
		vale_wait_drain(w);
	return r > 0 && (fds[0].revents | fds[1].revents) & (POLLHUP | POLLERR) ? -ENXIO : 0;
}
