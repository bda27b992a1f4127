/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What clients may say to a switch and write into its memory: whatever it is, the switch
 * goes on, and when they have left, nothing of theirs is there any more.
 *
 * An input is a row of steps for up to four connections:
 *
 *     0 CONN LEN(2) bytes       a message as it is
 *     1 CONN TYPE FD bytes      a request of that type, its body filled from the input
 *     2 CONN                    closes
 *     3 PORT OFFSET(2) bytes    writes 8 bytes into the region of a port or a pipe
 *     4 PORT OFFSET(2) bytes    into its control page
 *     5                         forwards what there is, looks for what monitors are to get
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "fuzz.h"
#include "vale/server.h"

#define N_CONNS 4u

struct input {
	const uint8_t *p;
	size_t left;
};

static uint8_t next(struct input *in)
{
	if (!in->left)
		return 0;
	in->left--;
	return *in->p++;
}

static void next_bytes(struct input *in, void *to, size_t size)
{
	for (size_t i = 0; i < size; i++)
		((uint8_t *)to)[i] = next(in);
}

/* Interfaces whose names begin with 'f'; one with 'g' behind it goes away. */
static int some_nic_open(const char *name, struct weir_switch_nic *ret_nic, struct weir_err *err)
{
	struct weir_switch_nic nic = { .n_queues = 1 + strlen(name) % 2 };

	(void)err;
	if (name[0] != 'f')
		return -ENODEV;
	for (unsigned q = 0; q < nic.n_queues; q++)
		FUZZ_CHECK((nic.fds[q] = eventfd(0, EFD_CLOEXEC)) >= 0);
	nic.ctx = strdup(name);
	FUZZ_CHECK(nic.ctx);
	(void)snprintf(nic.device, sizeof(nic.device), "%s", name);
	*ret_nic = nic;
	return 0;
}

static void some_nic_close(const struct weir_switch_nic *nic)
{
	for (unsigned q = 0; q < nic->n_queues; q++)
		(void)close(nic->fds[q]);
	free(nic->ctx);
}

static int some_nic_rx(const struct weir_switch_nic *nic, unsigned q, struct weir_pkt *ret_pkts,
		       unsigned max)
{
	static uint8_t frame[5000];
	const uint32_t len = 14 + strlen(nic->ctx) % 4 * 1600;

	if (((const char *)nic->ctx)[1] == 'g')
		return -ENODEV;
	frame[0] = (uint8_t)q;
	max = max < 8 ? max : 8;
	for (unsigned i = 0; i < max; i++)
		ret_pkts[i] = (struct weir_pkt){ .data = frame, .len = len, .orig_len = len };
	return (int)max;
}

static void some_nic_release(const struct weir_switch_nic *nic, unsigned q)
{
	(void)nic;
	(void)q;
}

static int some_nic_tx(const struct weir_switch_nic *nic, unsigned q, const struct weir_pkt *pkts,
		       unsigned n)
{
	static uint8_t wire[VALE_MAX_FRAGS * VALE_BUF_SIZE];

	(void)nic;
	(void)q;
	for (unsigned i = 0; i < n; i++) {
		FUZZ_CHECK(pkts[i].len <= sizeof(wire));
		memcpy(wire, pkts[i].data, pkts[i].len); /* all of it can be read */
	}
	return (int)n;
}

static void some_nic_stats(const struct weir_switch_nic *nic,
			   struct weir_switch_nic_stats *ret_stats)
{
	(void)nic;
	*ret_stats = (struct weir_switch_nic_stats){ 0 };
}

static const struct weir_switch_nics some_nics = {
	.open = some_nic_open,
	.close = some_nic_close,
	.rx = some_nic_rx,
	.release = some_nic_release,
	.tx = some_nic_tx,
	.stats = some_nic_stats,
};

/* Rules that begin with 'f': filters drop frames by a bit, edits change their length. */
static int some_filter(void *ctx, struct weir_buf *bufs, unsigned n)
{
	(void)ctx;
	for (unsigned i = 0; i < n; i++)
		if (bufs[i].data[bufs[i].len - 1] & 1)
			bufs[i].port = WEIR_NO_PORT;
	return 0;
}

static int some_edit(void *ctx, struct weir_buf *bufs, unsigned n)
{
	(void)ctx;
	for (unsigned i = 0; i < n; i++) {
		uint32_t len = bufs[i].len * 5 / (1 + bufs[i].data[0] % 8);

		FUZZ_CHECK(bufs[i].room >= bufs[i].len);
		bufs[i].len = len < bufs[i].room ? len : bufs[i].room;
		memset(bufs[i].data, (int)len, bufs[i].len);
	}
	return 0;
}

static int some_make(const char *filter, const char *edit, unsigned side,
		     struct weir_switch_stages *ret_stages, struct weir_err *err)
{
	(void)side;
	(void)err;
	if ((filter[0] && filter[0] != 'f') || (edit[0] && edit[0] != 'f'))
		return -EINVAL;
	*ret_stages = (struct weir_switch_stages){ .ctx = strdup(edit) };
	FUZZ_CHECK(ret_stages->ctx);
	if (filter[0])
		ret_stages->filter.run = some_filter;
	if (edit[0])
		ret_stages->edit.run = some_edit;
	return 0;
}

static void some_free(const struct weir_switch_stages *stages)
{
	free(stages->ctx);
}

static const struct weir_switch_maker some_maker = { .make = some_make, .free = some_free };

/* The server is made once: its socket is never used. */
static struct server *the_server(void)
{
	static struct server *srv;
	static char dir[] = "/tmp/weir-fuzz-XXXXXX";
	const struct weir_switch_opts opts = {
		.name = "valefuzz", .max_memory = 16 << 20, .nics = &some_nics, .maker = &some_maker
	};
	struct weir_switch *sw = NULL;

	if (srv)
		return srv;
	FUZZ_CHECK(mkdtemp(dir) && setenv("WEIR_RUNTIME_DIR", dir, 1) == 0);
	FUZZ_CHECK(weir_switch_new(&opts, &sw, NULL) == 0);
	srv = (struct server *)sw;
	/* Nothing is left behind, however this ends. */
	(void)unlink(srv->path);
	(void)unlink(srv->lock_path);
	(void)unlink(srv->ids_path);
	FUZZ_CHECK(rmdir(dir) == 0);
	return srv;
}

/* A descriptor of a kind that a client might send along. */
static int some_fd(unsigned kind)
{
	int fd = -1;

	switch (kind % 4) {
	case 0:
		return -1;
	case 1:
		return open("/dev/null", O_RDONLY | O_CLOEXEC);
	default:
		fd = memfd_create("fuzz", MFD_CLOEXEC | MFD_ALLOW_SEALING);
		FUZZ_CHECK(fd >= 0 && ftruncate(fd, 8192) == 0);
		if (kind % 4 == 3)
			(void)fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK);
		return fd;
	}
}

/* What stands at the beginning, four bytes, becomes the texts' first; 0xff: one has no end. */
static void short_rules(struct vale_rules *rules)
{
	uint8_t first[4];

	memcpy(first, rules, sizeof(first));
	memset(rules, 0, sizeof(*rules));
	for (unsigned i = 0; i < 4; i++) {
		char *text = i < 2 ? rules->filter[i] : rules->edit[i - 2];

		memset(text, first[i], first[i] == 0xff ? VALE_RULE_SIZE : 1);
	}
}

/* A name that begins with a byte below 16 is a letter and an end of a pipe, so that names often
 * are the same. */
static void short_name(char name[VALE_NAME_SIZE])
{
	static const char *const ends[] = { "", "", "{1", "}1" };
	uint8_t what = (uint8_t)name[0];

	if (what >= 16)
		return;
	(void)snprintf(name, VALE_NAME_SIZE, "%c%s", "abcf"[what & 3], ends[what >> 2]);
}

static void send_made(struct input *in, int fd)
{
	struct vale_msg m;

	vale_msg_init(&m, next(in) % (VALE_N_MSGS + 1));
	m.fds[0] = some_fd(next(in));
	m.n_fds = m.fds[0] >= 0;
	/* The size that this type must have, found by trying. */
	while (m.head.size < sizeof(m.body) &&
	       vale_msg_check(&m, sizeof(m.head) + m.head.size, false) < 0)
		m.head.size++;
	next_bytes(in, m.body, m.head.size < 200 ? m.head.size : 200);
	if (m.head.type == VALE_MSG_OPEN || m.head.type == VALE_MSG_NEW) {
		struct vale_open *o = (void *)m.body;

		/* Mostly ports that there can be. */
		o->shape.tx_rings &= 0x8000001f;
		o->shape.rx_rings &= 0x8000001f;
		o->shape.tx_slots &= 0x80001fff;
		o->shape.rx_slots &= 0x80001fff;
		o->shape.extra_bufs &= 0x800000ff;
		o->ring = o->ring & 1 ? VALE_ALL_RINGS : o->ring;
		o->flags &= 0x800000ff;
		o->pipes &= 0x80000007;
		/* None, or the first regions of the switch. */
		o->mem_id = o->mem_id & 7 ? 0 : the_server()->first_id + (o->mem_id >> 3 & 3);
		short_name(o->port);
	}
	/* Most of the input would be texts of rules: a byte for each is enough. */
	if (m.head.type == VALE_MSG_ATTACH)
		short_rules(&((struct vale_attach *)(void *)m.body)->rules);
	if (m.head.type == VALE_MSG_SET)
		short_rules(&((struct vale_set *)(void *)m.body)->rules);
	(void)vale_msg_send(fd, &m);
	vale_msg_done(&m);
}

static void send_raw(struct input *in, int fd)
{
	uint8_t bytes[512];
	size_t len = next(in) | (size_t)next(in) << 8;

	len %= sizeof(bytes);
	next_bytes(in, bytes, len);
	(void)send(fd, bytes, len, MSG_DONTWAIT | MSG_NOSIGNAL);
}

static void scribble(struct server *srv, struct input *in, bool control)
{
	const struct vport *v = srv->vports[next(in) % 8];
	size_t at = next(in) | (size_t)next(in) << 8;
	const struct vale_port *p = v && v->p.ctl ? &v->p : NULL;
	uint8_t *mem = p ? (control ? (uint8_t *)p->ctl : p->mem) : NULL;
	size_t size = p ? (control ? p->layout.ctl_size : p->layout.in.size) : 0;
	uint8_t bytes[8];

	next_bytes(in, bytes, sizeof(bytes));
	/* Everywhere, but above all where there are rings. */
	if (p && !control && at & 1)
		at = (p->layout.ring_at / 4 + at % 4096);
	if (mem)
		memcpy(mem + at * 4 % (size - sizeof(bytes)), bytes, sizeof(bytes));
}

static void forward_all(struct server *srv)
{
	(void)nic_round(&srv->workers[0]);
	(void)monitor_round(&srv->workers[0]);
	for (unsigned nr = 0; nr < srv->core.end; nr++) {
		struct vale_port *p = srv->core.ports[nr];

		for (unsigned r = 0; p && r < p->layout.shape.tx_rings; r++)
			(void)vale_forward(&srv->core, p, r, &srv->workers[0].scratch, 0);
	}
	nic_reap(srv);
}

/* A connection whose other end is the client's. */
static struct conn *connect_new(struct server *srv, int *ret_client)
{
	int fds[2];

	FUZZ_CHECK(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) == 0);
	conn_accept(srv, fds[0]);
	*ret_client = fds[1];
	return srv->conns;
}

static void step(struct server *srv, struct input *in, struct conn **conns, int *fds)
{
	unsigned kind = next(in) % 6, i;
	char answer[64];

	if (kind == 3 || kind == 4) {
		scribble(srv, in, kind == 4);
		return;
	}
	if (kind == 5) {
		forward_all(srv);
		return;
	}
	i = next(in) % N_CONNS;
	if (!conns[i])
		conns[i] = connect_new(srv, &fds[i]);
	if (kind == 0)
		send_raw(in, fds[i]);
	else if (kind == 1)
		send_made(in, fds[i]);
	else
		(void)shutdown(fds[i], SHUT_RDWR);
	conn_ready(srv, conns[i]);
	(void)recv(fds[i], answer, sizeof(answer), MSG_DONTWAIT); /* its descriptors, too */
	if (conns[i]->dead) {
		conns[i] = NULL;
		(void)close(fds[i]);
		conn_reap(srv);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct server *srv = the_server();
	struct conn *conns[N_CONNS] = { NULL };
	struct input in = { data, size };
	int fds[N_CONNS];

	if (size > 4096)
		return 0;
	while (in.left)
		step(srv, &in, conns, fds);
	for (unsigned i = 0; i < N_CONNS; i++) {
		if (!conns[i])
			continue;
		(void)close(fds[i]);
		conn_ready(srv, conns[i]);
		FUZZ_CHECK(conns[i]->dead);
	}
	conn_reap(srv);
	for (unsigned i = 0; i < VALE_MAX_PORTS; i++)
		if (srv->vports[i] && srv->vports[i]->nic)
			nic_remove(srv, srv->vports[i]);
	FUZZ_CHECK(!srv->conns && !srv->workers[0].n_nics && !srv->n_conns && !srv->core.n_ports &&
		   !srv->core.end && !srv->n_watched && !srv->core.n_ztapped);
	for (unsigned i = 0; i < VALE_MAX_PORTS; i++)
		FUZZ_CHECK(!srv->vports[i] || (srv->vports[i]->stays && !srv->vports[i]->users &&
					       !srv->vports[i]->pool));
	request_free_ports(srv);
	for (unsigned i = 0; i < 256; i++)
		FUZZ_CHECK(!srv->core.table.n_of_port[i]);
	return 0;
}
