/* SPDX-License-Identifier: BSD-2-Clause */
/* Connections of clients: who may have one, and what comes over it. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/macros.h"
#include "vale/server.h"

/* Of all users, and of one. */
#define MAX_CONNS      1024u
#define MAX_USER_CONNS 512u
#define MAX_GROUPS     256u

bool conn_is_owner(const struct conn *c)
{
	return c->uid == 0 || c->uid == geteuid();
}

/* Is the peer in the group that the switch is shared with? */
static bool in_group(const struct server *srv, int fd, gid_t gid)
{
	gid_t groups[MAX_GROUPS];
	socklen_t size = sizeof(groups);

	if (!srv->has_group)
		return false;
	if (gid == srv->group)
		return true;
	if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &size) < 0)
		return false;
	for (unsigned i = 0; i < size / sizeof(groups[0]); i++)
		if (groups[i] == srv->group)
			return true;
	return false;
}

/* 0, or a negative errno for who may not have a connection. */
static int may_connect(const struct server *srv, int fd, const struct ucred *peer)
{
	unsigned n = 0;

	if (peer->uid != geteuid() && peer->uid != 0 && !in_group(srv, fd, peer->gid))
		return -EACCES;
	for (const struct conn *c = srv->conns; c; c = c->next)
		n += c->uid == peer->uid;
	return n >= MAX_USER_CONNS || srv->n_conns >= MAX_CONNS ? -EUSERS : 0;
}

static void refuse(int fd, int why)
{
	struct vale_msg m;

	vale_msg_init(&m, VALE_MSG_OPEN);
	m.head.result = why;
	(void)vale_msg_send(fd, &m); /* or it finds the connection closed */
	(void)close(fd);
}

void conn_accept(struct server *srv, int fd)
{
	struct ucred peer = { .uid = (uid_t)-1, .gid = (gid_t)-1 };
	socklen_t size = sizeof(peer);
	struct conn *c;
	int r = 0;

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) < 0)
		r = -errno;
	if (r == 0)
		r = may_connect(srv, fd, &peer);
	c = r == 0 ? calloc(1, sizeof(*c)) : NULL;
	if (!c) {
		refuse(fd, r ? r : -ENOMEM);
		return;
	}
	c->fd = fd;
	c->uid = peer.uid;
	c->pid = peer.pid;
	c->kick_fd = c->wake_tx = c->wake_rx = c->client_tx = c->client_rx = -EBADF;
	c->life = c->client_life = -EBADF;
	c->if_at = CONN_NO_IF;
	c->next = srv->conns;
	srv->conns = c;
	srv->n_conns++;
	if (server_watch_conn(srv, c) < 0)
		conn_close(srv, c);
}

void conn_close(struct server *srv, struct conn *c)
{
	if (c->dead)
		return;
	c->dead = true;
	join_release(srv, c);
	close_fd(&c->fd);
}

void conn_reap(struct server *srv)
{
	struct conn **at = &srv->conns;

	while (*at) {
		struct conn *c = *at;

		if (!c->dead) {
			at = &c->next;
			continue;
		}
		*at = c->next;
		srv->n_conns--;
		free(c);
	}
}

/* Answers one message. Negative: the connection is to end. */
static int answer_one(struct server *srv, struct conn *c)
{
	struct vale_msg m, answer;
	int r = vale_msg_recv(c->fd, &m, MSG_DONTWAIT);

	if (r == -EAGAIN)
		return 0;
	if (r > 0)
		r = vale_msg_check(&m, (size_t)r, false);
	else if (r == 0)
		r = -EPIPE;
	if (r == 0) {
		request_answer(srv, c, &m, &answer);
		/* Who does not read the answers gets no more of them: -EAGAIN. */
		r = vale_msg_send(c->fd, &answer);
	}
	vale_msg_done(&m);
	return r;
}

void conn_ready(struct server *srv, struct conn *c)
{
	if (!c->dead && answer_one(srv, c) < 0)
		conn_close(srv, c);
}
