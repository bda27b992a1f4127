/* SPDX-License-Identifier: BSD-2-Clause */
#include "vale/server.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/macros.h"
#include "base/relax.h"
#include "vale/name.h"

/* Looks in vain before a worker lets others run, or sleeps (base/patience.h). Spinning for long
 * is for machines with processors to spare: here it would take them from those that have
 * frames to make. */
#define IDLE_ROUNDS 4u
/* How long a receiver is waited for that has no room: what others need to stop sending, when
 * their ring is full. */
#define ROOM_NS (4 * PATIENCE_NS)
/* Rounds with work between two looks at the sockets. */
#define BUSY_ROUNDS 64u
/* Rounds with work after which everybody is woken who has frames. */
#define WAKE_ROUNDS 4u
/* A temporary switch that nobody wants after all ends. */
#define FIRST_PORT_MS 10000
/* How long a switch of the same name may take to end. */
#define LOCK_TRIES   200u
#define LOCK_STEP_US 10000u

/* Forwards a batch of each ring of the worker's ports. The worker is locked. */
static unsigned forward_round(struct worker *w)
{
	struct vale_core *core = &w->srv->core;
	uint32_t now_s = server_now_s();
	unsigned n = w->n_nics ? nic_round(w) : 0, senders = w->n_nics;
	/* Where ports are interfaces nothing is forwarded between them. */
	unsigned end = w->srv->owns_nics ? 0 : core->end;

	if (core->n_ztapped || w->srv->n_watched)
		n += monitor_round(w);

	for (unsigned nr = w->nr; nr < end; nr += w->srv->n_workers) {
		struct vale_port *p = core->ports[nr];

		for (unsigned r = 0; p && r < p->layout.shape.tx_rings; r++) {
			unsigned taken = vale_forward(core, p, r, &w->scratch, now_s);

			n += taken;
			senders += taken > 0;
		}
	}
	w->scratch.others_wait = senders > 1;
	if (!n || ++w->rounds % WAKE_ROUNDS == 0)
		vale_wake_owed(core);
	return n;
}

static void set_asleep(struct worker *w, uint32_t asleep)
{
	struct vale_core *core = &w->srv->core;

	for (unsigned nr = w->nr; nr < core->end; nr += w->srv->n_workers) {
		if (core->ports[nr])
			atomic_store_explicit(&core->ports[nr]->ctl->asleep, asleep,
					      memory_order_relaxed);
	}
}

static void set_awake(struct worker *w)
{
	set_asleep(w, 0);
	if (w->n_nics)
		nic_wake(w);
}

static unsigned locked_round(struct worker *w)
{
	unsigned n;

	(void)pthread_mutex_lock(&w->lock);
	n = forward_round(w);
	(void)pthread_mutex_unlock(&w->lock);
	return n;
}

/* Takes a connection; without a descriptor for it, one is let go to turn it away: who
 * waits would keep us awake. */
static void accept_one(struct server *srv)
{
	int fd = accept4(srv->listen_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	if (fd < 0 && (errno == EMFILE || errno == ENFILE) && srv->spare_fd >= 0) {
		(void)close(srv->spare_fd); /* /dev/null */
		fd = accept4(srv->listen_fd, NULL, NULL, SOCK_CLOEXEC);
		if (fd >= 0)
			(void)close(fd); /* its owner is told by that */
		srv->spare_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	} else if (fd >= 0) {
		conn_accept(srv, fd);
	}
}

static void handle_events(struct worker *w, int timeout_ms)
{
	struct epoll_event events[32];
	struct server *srv = w->srv;
	uint64_t count;
	int n = epoll_wait(w->epoll_fd, events, ARRAY_SIZE(events), timeout_ms);

	for (int i = 0; i < n; i++) {
		void *what = events[i].data.ptr;

		if (what == w)
			(void)!read(w->event_fd, &count, sizeof(count)); /* it is ours alone */
		else if (what == &srv->listen_fd)
			accept_one(srv);
		else if (what)
			conn_ready(srv, what);
	}
	if (n > 0 && w->nr == 0)
		conn_reap(srv);
}

static bool is_over(const struct server *srv)
{
	if (!srv->opts.temporary || !srv->had_port)
		return false;
	for (unsigned i = 0; i < VALE_MAX_PORTS; i++)
		if (srv->vports[i])
			return false;
	/* Who holds a region is going to open a port in it. */
	for (const struct conn *c = srv->conns; c; c = c->next)
		if (c->pool)
			return false;
	return true;
}

static void worker_sleep(struct worker *w)
{
	bool waits = w->nr == 0 && w->srv->opts.temporary && !w->srv->had_port;
	int timeout_ms = waits ? FIRST_PORT_MS : -1;
	unsigned n;

	(void)pthread_mutex_lock(&w->lock);
	set_asleep(w, 1);
	if (w->n_nics)
		nic_sleep(w);
	atomic_thread_fence(memory_order_seq_cst); /* pairs with the clients', see shm.h */
	n = forward_round(w);
	if (n)
		set_awake(w);
	else if (w->n_nics)
		timeout_ms = nic_patience_ms(w);
	(void)pthread_mutex_unlock(&w->lock);
	if (n)
		return;

	handle_events(w, timeout_ms);
	if (waits && !w->srv->had_port && !w->srv->conns)
		weir_switch_stop((struct weir_switch *)w->srv);
	(void)pthread_mutex_lock(&w->lock);
	set_awake(w);
	(void)pthread_mutex_unlock(&w->lock);
}

/* Nothing was to be done for a moment: sleeps, unless there is something before long. */
static void worker_wait(struct worker *w)
{
	bool found = false;

	patience_begin(&w->scratch.patience);
	while (!found && patience_left(&w->scratch.patience))
		found = locked_round(w);
	if (!found)
		worker_sleep(w);
	patience_end(&w->scratch.patience);
}

static void *worker_run(void *arg)
{
	struct worker *w = arg;
	unsigned idle = 0, looked = 0;

	while (!atomic_load_explicit(&w->srv->stop, memory_order_relaxed)) {
		if (locked_round(w)) {
			idle = 0;
		} else if (++idle < IDLE_ROUNDS) {
			cpu_relax();
		} else {
			worker_wait(w);
			idle = 0;
		}
		if (w->nr == 0 && atomic_load_explicit(&w->srv->nic_has_gone, memory_order_relaxed))
			nic_reap(w->srv);
		if (w->rounds - looked >= BUSY_ROUNDS) {
			looked = w->rounds;
			handle_events(w, 0);
		}
		if (w->nr == 0 && is_over(w->srv))
			atomic_store(&w->srv->stop, true);
	}
	return NULL;
}

void server_hold(struct server *srv)
{
	for (unsigned i = 0; i < srv->n_workers; i++)
		(void)pthread_mutex_lock(&srv->workers[i].lock);
}

void server_go_on(struct server *srv)
{
	for (unsigned i = 0; i < srv->n_workers; i++)
		(void)pthread_mutex_unlock(&srv->workers[i].lock);
}

static int watch(int epoll_fd, int fd, uint32_t events, void *what)
{
	struct epoll_event ev = { .events = events, .data.ptr = what };

	return epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &ev) < 0 ? -errno : 0;
}

/* Does the worker have to know that the client of a port did something? Its own, of what it
 * sends; and of room for what is held for it, whoever holds that. */
static bool hears_kicks(const struct worker *w, const struct conn *c)
{
	return w->srv->core.lossless || c->port->p.nr % w->srv->n_workers == w->nr;
}

/*
 * Edge-triggered and never read: the client has the same eventfd, and could let us wait in
 * read(2).
 */
int server_watch_kick(struct server *srv, const struct conn *c)
{
	int r = 0;

	for (unsigned i = 0; i < srv->n_workers && r == 0; i++)
		if (hears_kicks(&srv->workers[i], c))
			r = watch(srv->workers[i].epoll_fd, c->kick_fd, EPOLLIN | EPOLLET, NULL);
	return r;
}

void server_forget_kick(struct server *srv, const struct conn *c)
{
	/* Closing is not enough: the client has it, too. */
	for (unsigned i = 0; i < srv->n_workers; i++)
		if (hears_kicks(&srv->workers[i], c))
			(void)epoll_ctl(srv->workers[i].epoll_fd, EPOLL_CTL_DEL, c->kick_fd, NULL);
}

struct worker *server_worker_of(struct server *srv, const struct vport *v)
{
	return &srv->workers[v->p.nr % srv->n_workers];
}

void server_wake(const struct worker *w)
{
	const uint64_t one = 1;

	(void)!write(w->event_fd, &one, sizeof(one)); /* full: it is awake */
}

int server_watch_fd(const struct worker *w, int fd)
{
	return watch(w->epoll_fd, fd, EPOLLIN | EPOLLET, NULL);
}

void server_forget_fd(const struct worker *w, int fd)
{
	(void)epoll_ctl(w->epoll_fd, EPOLL_CTL_DEL, fd, NULL); /* or it never got there */
}

int server_watch_conn(struct server *srv, struct conn *c)
{
	return watch(srv->workers[0].epoll_fd, c->fd, EPOLLIN, c);
}

static int worker_init(struct server *srv, unsigned nr)
{
	struct worker *w = &srv->workers[nr];

	w->srv = srv;
	w->nr = nr;
	w->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	w->event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	(void)pthread_mutex_init(&w->lock, NULL); /* cannot fail without attributes */
	vale_scratch_init(&w->scratch);
	if (w->epoll_fd < 0 || w->event_fd < 0)
		return -errno;
	return watch(w->epoll_fd, w->event_fd, EPOLLIN, w);
}

/* The lock of that name is ours, and the file is the one that others find: 1; 0: somebody
 * has it; negative errno. */
static int try_lock(const char *path, int *ret_fd)
{
	CLEANUP(closep)
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	struct stat mine, there;

	if (fd < 0)
		return -errno;
	if (flock(fd, LOCK_EX | LOCK_NB) < 0)
		return errno == EWOULDBLOCK ? 0 : -errno;
	/* Its last owner may have removed it meanwhile. */
	if (fstat(fd, &mine) < 0 || stat(path, &there) < 0 || mine.st_ino != there.st_ino)
		return 0;
	*ret_fd = TAKE_FD(fd);
	return 1;
}

/*
 * Takes numbers for regions that no other switch of a user has, and no switch of root's if it
 * is not: a client of two switches tells by them whether memory is the same. 0 and 1 are none
 * of ours.
 */
static int take_ids(struct server *srv, const char *dir, struct weir_err *err)
{
	const unsigned first = geteuid() == 0 ? 1 : 128, end = first + 127;

	for (unsigned i = first; i < end; i++) {
		int r;

		(void)snprintf(srv->ids_path, sizeof(srv->ids_path), "%s/ids-%u.lock", dir, i);
		r = try_lock(srv->ids_path, &srv->ids_fd);
		if (r < 0)
			return err_set(err, r, "%s: %s", srv->ids_path, strerror(-r));
		srv->first_id = i * SERVER_IDS;
		if (r > 0)
			return 0;
	}
	return err_set(err, -ENOSPC, "no numbers are left for regions of memory");
}

static bool somebody_listens(const struct sockaddr_un *addr)
{
	CLEANUP(closep)
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	return fd >= 0 && (connect(fd, (const struct sockaddr *)addr, sizeof(*addr)) == 0 ||
			   errno == EAGAIN || errno == EACCES);
}

/* Takes the name: one that is ending lets go of it soon. */
static int take_name(struct server *srv, const struct sockaddr_un *addr, struct weir_err *err)
{
	for (unsigned i = 0; i < LOCK_TRIES; i++) {
		int r = try_lock(srv->lock_path, &srv->lock_fd);

		if (r < 0)
			return err_set(err, r, "%s: %s", srv->lock_path, strerror(-r));
		if (r > 0)
			return 0;
		if (somebody_listens(addr))
			break;
		(void)usleep(LOCK_STEP_US);
	}
	return err_set(err, -EEXIST, "a switch '%s' runs already", srv->name);
}

static int find_group(struct server *srv, struct weir_err *err)
{
	const struct group *g;

	if (!srv->opts.group)
		return 0;
	errno = 0;
	g = getgrnam(srv->opts.group);
	if (!g)
		return err_set(err, errno ? -errno : -EINVAL, "there is no group '%s'",
			       srv->opts.group);
	srv->group = g->gr_gid;
	srv->has_group = true;
	return 0;
}

static int bind_socket(struct server *srv, const struct sockaddr_un *addr, struct weir_err *err)
{
	int r;

	srv->listen_fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (srv->listen_fd < 0)
		return err_set(err, -errno, "no socket: %s", strerror(errno));
	(void)unlink(addr->sun_path); /* left behind by one that was killed: the lock is ours */
	/* Nobody may connect before the rights are set: that comes with listen(2). */
	if (bind(srv->listen_fd, (const struct sockaddr *)addr, sizeof(*addr)) < 0)
		return err_set(err, -errno, "%s: %s", addr->sun_path, strerror(errno));
	memcpy(srv->path, addr->sun_path, sizeof(srv->path));
	if ((srv->has_group && chown(srv->path, (uid_t)-1, srv->group) < 0) ||
	    chmod(srv->path, srv->has_group ? 0660 : 0600) < 0)
		return err_set(err, -errno, "%s: cannot set its rights: %s", srv->path,
			       strerror(errno));
	if (listen(srv->listen_fd, 64) < 0)
		return err_set(err, -errno, "%s: %s", srv->path, strerror(errno));
	r = watch(srv->workers[0].epoll_fd, srv->listen_fd, EPOLLIN, &srv->listen_fd);
	return r < 0 ? err_set(err, r, "epoll: %s", strerror(-r)) : 0;
}

static int server_open(struct server *srv, struct weir_err *err)
{
	struct sockaddr_un addr;
	char dir[96];
	int r;

	r = find_group(srv, err);
	if (r >= 0)
		r = vale_dir(dir, sizeof(dir), true, err);
	if (r >= 0)
		r = vale_address(dir, srv->name, &addr, err);
	if (r < 0)
		return r;
	(void)snprintf(srv->lock_path, sizeof(srv->lock_path), "%s/%s.lock", dir, srv->name);
	r = take_name(srv, &addr, err);
	if (r >= 0)
		r = take_ids(srv, dir, err);
	if (r < 0)
		return r;
	for (unsigned i = 0; i < srv->n_workers; i++) {
		r = worker_init(srv, i);
		if (r < 0)
			return err_set(err, r, "epoll: %s", strerror(-r));
	}
	srv->spare_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	return bind_socket(srv, &addr, err);
}

/* A port has some ten descriptors. */
static void raise_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
		limit.rlim_cur = limit.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &limit); /* then there is room for fewer ports */
	}
}

static struct server *server_of(struct weir_switch *s)
{
	return (struct server *)s;
}

int weir_switch_new(const struct weir_switch_opts *opts, struct weir_switch **ret_switch,
		    struct weir_err *err)
{
	struct server *srv;
	int r;

	if (opts->threads > WEIR_SWITCH_MAX_THREADS)
		return err_set(err, -EINVAL, "%u threads are more than %u", opts->threads,
			       WEIR_SWITCH_MAX_THREADS);
	srv = aligned_alloc(_Alignof(struct server), sizeof(*srv));
	if (!srv)
		return err_set(err, -ENOMEM, "no memory for a switch");
	memset(srv, 0, sizeof(*srv));
	srv->opts = *opts;
	srv->opts.max_memory = opts->max_memory ? opts->max_memory : 2ULL << 30;
	srv->opts.max_ports = opts->max_ports ? opts->max_ports : 128;
	srv->lock_fd = srv->listen_fd = srv->spare_fd = srv->ids_fd = -EBADF;
	srv->n_workers = opts->threads ? opts->threads : 1;
	for (unsigned i = 0; i < srv->n_workers; i++)
		srv->workers[i].epoll_fd = srv->workers[i].event_fd = -EBADF;
	srv->core.lossless = opts->lossless;
	srv->core.locked = srv->n_workers > 1;
	srv->core.patience_ns = ROOM_NS;
	srv->core.table.age_s = opts->age_s;
	(void)pthread_mutex_init(&srv->core.all, NULL); /* as above */
	(void)snprintf(srv->name, sizeof(srv->name), "%s", opts->name);
	raise_limit();

	srv->owns_nics = vale_name_owns_nics(opts->name);

	r = vale_name_check(opts->name, err);
	if (r >= 0 && !vale_name_is_here(opts->name))
		r = err_set(err, -EINVAL, "'%s' is for the interfaces of another network namespace",
			    opts->name);
	if (r >= 0)
		r = server_open(srv, err);
	if (r < 0) {
		(void)weir_switch_free((struct weir_switch *)srv);
		return r;
	}
	*ret_switch = (struct weir_switch *)srv;
	return 0;
}

int weir_switch_attach_first(struct weir_switch *s, const char *nic,
			     const struct weir_switch_rules *rules, struct weir_err *err)
{
	const struct conn ourselves = { .uid = geteuid(), .pid = getpid() };
	struct vale_attach a;
	int r = vale_attach_fill(&a, nic, rules, err);

	return r < 0 ? r : nic_attach(server_of(s), &ourselves, &a, err);
}

int weir_switch_run(struct weir_switch *s, struct weir_err *err)
{
	struct server *srv = server_of(s);
	int r = 0;

	for (unsigned i = 1; i < srv->n_workers && r == 0; i++) {
		struct worker *w = &srv->workers[i];

		r = -pthread_create(&w->thread, NULL, worker_run, w);
		w->started = r == 0;
	}
	if (r == 0)
		(void)worker_run(&srv->workers[0]);
	else
		(void)err_set(err, r, "cannot start a thread: %s", strerror(-r));
	weir_switch_stop(s);
	for (unsigned i = 1; i < srv->n_workers; i++) {
		if (srv->workers[i].started)
			(void)pthread_join(srv->workers[i].thread, NULL);
		srv->workers[i].started = false;
	}
	return r;
}

void weir_switch_stop(struct weir_switch *s)
{
	struct server *srv = server_of(s);
	int saved = errno;

	atomic_store(&srv->stop, true);
	for (unsigned i = 0; i < srv->n_workers; i++)
		server_wake(&srv->workers[i]);
	errno = saved;
}

struct weir_switch *weir_switch_free(struct weir_switch *s)
{
	struct server *srv = server_of(s);

	if (!srv)
		return NULL;
	if (srv->path[0])
		(void)unlink(srv->path); /* nobody finds it any more */
	closep(&srv->listen_fd);
	while (srv->conns) {
		conn_close(srv, srv->conns);
		conn_reap(srv);
	}
	request_free_ports(srv);
	for (unsigned i = 0; i < srv->n_workers; i++) {
		closep(&srv->workers[i].epoll_fd);
		closep(&srv->workers[i].event_fd);
	}
	closep(&srv->spare_fd);
	if (srv->lock_fd >= 0)
		(void)unlink(srv->lock_path); /* while it is ours */
	closep(&srv->lock_fd);
	if (srv->ids_fd >= 0)
		(void)unlink(srv->ids_path);
	closep(&srv->ids_fd);
	free(srv);
	return NULL;
}

const char *weir_switch_drop_name(enum weir_switch_drop d)
{
	static_assert((int)WEIR_SWITCH_N_DROPS == (int)VALE_N_DROPS &&
			      (int)WEIR_SWITCH_FULL == (int)VALE_DROP_FULL,
		      "the same order");
	return vale_drop_name((enum vale_drop)d);
}
