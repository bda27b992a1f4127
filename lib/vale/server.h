/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The switch process: who is connected, which ports there are, threads that forward.
 *
 * Worker 0 runs in the thread of weir_switch_run() and does what clients ask for; all
 * workers forward. A port's rings to send belong to the worker nr modulo how many there
 * are. Each worker holds its lock while it forwards; who changes ports or connections holds
 * the locks of all.
 */
#ifndef VALE_SERVER_H
#define VALE_SERVER_H

#include <sys/types.h>

#include <weir/switch.h>

#include "base/cleanup.h"
#include "base/macros.h"
#include "base/time.h"
#include "vale/forward.h"
#include "vale/pool.h"
#include "vale/proto.h"

/* Numbers that a switch has for its regions. */
#define SERVER_IDS 256u
#define CONN_NO_IF SIZE_MAX

struct monitor;
struct nic;
struct server;

static inline void close_fd(int *fd)
{
	closep(fd);
	*fd = -EBADF;
}

/* The time of the forwarding table. */
static inline uint32_t server_now_s(void)
{
	return (uint32_t)(time_now(CLOCK_MONOTONIC_COARSE) / NSEC_PER_SEC);
}

/* A port with what the process knows of it. */
struct vport {
	struct vale_port p; /* its memory is there while somebody has it open */
	char name[VALE_NAME_SIZE];
	enum vale_kind kind;
	uid_t uid; /* who made it */
	pid_t pid;
	struct vale_region planned; /* a region of its own would be so */
	uint32_t told_pool;	    /* the number of the region that it has to be in, or 0 */
	struct pool *pool;
	unsigned n_rings; /* in the region */
	int ctl_fd;
	uint32_t hdr_len;
	unsigned users; /* connections that have opened it */
	bool stays;	/* without any */
	/* Connections by ring, of a pipe by end; and those of which one wants no other, a bit
	 * each. */
	uint16_t tx_users[VALE_MAX_RINGS], rx_users[VALE_MAX_RINGS];
	uint32_t tx_alone, rx_alone;
	int wake_fds[4];	  /* of a pipe: see enum vale_pipe_fd */
	uint32_t left;		  /* of a pipe: ends that all have left, a bit each */
	uint32_t watched;	  /* of a pipe: flags that are up, see monitor.c */
	int kick_fd;		  /* of a pipe: an eventfd */
	struct nic *nic;	  /* the interface that it is; NULL: none */
	bool is_wired;		  /* it is one, and programs have it open */
	struct vale_rules *rules; /* NULL: none */
};

struct conn {
	struct conn *next;
	int fd;
	uid_t uid;
	pid_t pid;
	bool dead;	    /* to be freed when the events at hand are through */
	struct pool *pool;  /* NULL: nothing is open */
	size_t if_at;	    /* its vale_if there */
	uint32_t n_extra;   /* buffers that it got */
	struct vport *port; /* NULL: a region only, or: */
	struct monitor *monitor;
	uint32_t ring;		   /* as opened; of a pipe: the end */
	uint32_t flags;		   /* enum vale_open_flags */
	uint32_t tx_mask, rx_mask; /* rings that it has opened; of a pipe: ends */
	int kick_fd;		   /* eventfd */
	int wake_tx, wake_rx;	   /* pipes: our ends */
	int client_tx, client_rx;  /* and the client's, for AGAIN */
	int life, client_life;	   /* of a pipe; closing ours tells of the other end */
	size_t arena_size;	   /* bytes of the client that are mapped for it */
	uint8_t note[VALE_NOTE_SIZE];
};

struct worker {
	struct server *srv;
	unsigned nr;
	int epoll_fd, event_fd; /* the latter wakes it */
	pthread_t thread;
	bool started;
	unsigned rounds; /* with work */
	unsigned n_nics; /* of its ports are interfaces */
	pthread_mutex_t lock;
	struct vale_scratch scratch;
};

struct server {
	struct weir_switch_opts opts;
	char name[WEIR_SWITCH_NAME];
	char path[108]; /* of the socket; "": there is none to be removed */
	char lock_path[128];
	int lock_fd, listen_fd, spare_fd;
	gid_t group;
	bool has_group;
	int ids_fd;		    /* holds the numbers of regions */
	uint32_t first_id, last_id; /* the first of them; which was given last, from there */
	char ids_path[128];
	bool owns_nics;	       /* its ports are interfaces, and lie in one region */
	struct vale_core core; /* ports that are open */
	struct vport *vports[VALE_MAX_PORTS];
	struct conn *conns;
	unsigned n_conns;
	unsigned n_watched; /* pipes with monitors */
	bool had_port;
	_Atomic bool stop;
	_Atomic bool nic_has_gone; /* worker 0 is to detach it */
	unsigned n_workers;
	struct worker workers[WEIR_SWITCH_MAX_THREADS];
};

/* conn.c. */
/* Takes fd, a client's; closes it if it may not have one more connection. */
void conn_accept(struct server *srv, int fd);
/* Does what the messages that are there ask for; closes the connection if it is to end. */
void conn_ready(struct server *srv, struct conn *c);
void conn_close(struct server *srv, struct conn *c);
/* Frees those that were closed. */
void conn_reap(struct server *srv);

/* May it do what who runs the switch may? */
bool conn_is_owner(const struct conn *c);

/* request.c: answers a message that vale_msg_check() found right. ret_answer is made; its
 * descriptors stay the connection's own. Those of m are left to the caller. */
void request_answer(struct server *srv, struct conn *c, const struct vale_msg *m,
		    struct vale_msg *ret_answer);
/* Frees all ports: there are no connections any more. */
void request_free_ports(struct server *srv);

/* list.c: tells of the switch. */
void list_info(const struct server *srv, struct vale_msg *answer);
void list_ports(const struct server *srv, const struct vale_from *from, struct vale_msg *answer);
void list_table(const struct server *srv, const struct vale_from *from, struct vale_msg *answer);
int list_pool(const struct server *srv, const struct vale_pool_msg *what, struct vale_msg *answer,
	      struct weir_err *err);

/* ports.c: finds a port, and a region; NULL: there is none. */
struct vport *port_find(const struct server *srv, const char *name);
struct pool *pool_find(const struct server *srv, uint32_t id);
/* The same for a client that has told the number. -EINVAL, -EACCES. */
int pool_find_told(const struct server *srv, const struct conn *c, uint32_t id,
		   struct pool **ret_pool, struct weir_err *err);
/* Makes a port without memory; frees one. */
int port_make(struct server *srv, const struct conn *c, const struct vale_open *o,
	      struct vport **ret_port, struct weir_err *err);
void port_free(struct server *srv, struct vport *v);
/* May this user have so much more memory, in so many more ports? -EDQUOT. */
int port_check_quota(const struct server *srv, uid_t uid, uint64_t size, unsigned n_more,
		     struct weir_err *err);
/* A region with a number, which nobody has. */
int pool_make(struct server *srv, uid_t uid, const struct vale_region *in, struct pool **ret_pool,
	      struct weir_err *err);
/* The memory of a port that forwards, formatted: on failure it has none. */
int port_begin(struct server *srv, struct vport *v, struct weir_err *err);
/* Memory for so many rings and buffers, that are to be formatted. */
int port_make_memory(struct server *srv, struct vport *v, unsigned n_rings, uint32_t n_bufs,
		     struct weir_err *err);
/* Formats rings that were just taken, and the control page; notes that such rings are there. */
void port_format(struct pool *pool, const struct vale_layout *l, struct vale_ctl *ctl);
void port_note_rings(struct pool *pool, const struct vale_layout *l, unsigned n);
/* Drops the memory and what stands on it, as much as there is. */
void port_drop_memory(struct vport *v);

/* join.c: opens what a client asks for; takes back what a connection has opened. */
int join_open(struct server *srv, struct conn *c, const struct vale_open *o, struct weir_err *err);
void join_fill_opened(const struct conn *c, struct vale_msg *answer);
void join_release(struct server *srv, struct conn *c);
/* What a connection is woken by, and wakes by. */
int join_make_signals(struct conn *c, struct weir_err *err);
void join_close_signals(struct conn *c);
/* Two descriptors of a pipe, of which ours is the one to write. Negative errno. */
int join_make_pipe(int *ret_read, int *ret_write);
/* The connection has some more rings; -EBUSY: somebody else has. For pipes the rings are ends. */
int join_take_rings(struct vport *v, const struct conn *c, struct weir_err *err);
void join_drop_rings(struct vport *v, const struct conn *c);

/* pipe.c: opens an end of a pipe, which is made if it is not there. The name is right. */
int pipe_open(struct server *srv, struct conn *c, const struct vale_open *o, struct weir_err *err);
void pipe_release(struct server *srv, struct conn *c);
/* AGAIN. */
int pipe_renew(const struct server *srv, struct conn *c, struct weir_err *err);
void pipe_fill_fds(const struct conn *c, struct vale_msg *answer);

/* monitor.c: opens a monitor; takes it back. */
int monitor_open(struct server *srv, struct conn *c, const struct vale_open *o,
		 struct weir_err *err);
void monitor_release(struct server *srv, struct conn *c);
/* Before a port's memory goes: it is watched by nobody any more. */
void monitor_forget(struct server *srv, const struct vport *v);
const struct vale_layout *monitor_layout(const struct monitor *m);
int monitor_ctl_fd(const struct monitor *m);
/* Passes on what the ends of a pipe offer. In the thread of worker 0. */
unsigned monitor_relay(const struct server *srv, struct vport *v);
/* Looks for what monitors of the worker's ports are to get: how much. As nic_round(). */
unsigned monitor_round(struct worker *w);

/* rules.c: sets the rules of a port; the port has got memory. On failure all is as it was. */
int rules_set(struct server *srv, struct vport *v, const struct vale_rules *texts,
	      struct weir_err *err);
int rules_begin(struct server *srv, struct vport *v, struct weir_err *err);

/* nic.c: attaches an interface, and detaches it by name; c: who asks. */
int nic_attach(struct server *srv, const struct conn *c, const struct vale_attach *a,
	       struct weir_err *err);
int nic_detach(struct server *srv, const char *name, struct weir_err *err);
/* Frees a port that is one. */
void nic_remove(struct server *srv, struct vport *v);
/* Detaches those that have gone, and says so. */
void nic_reap(struct server *srv);
void nic_count(const struct nic *nic, struct vale_port_row *row);
/*
 * wire.c: ports that are interfaces to the programs that open them. Makes one without memory, as
 * port_make() does; the first of its connections comes, the last goes, which the switch is
 * held for; all of its connections are closed, for it has gone.
 */
int wire_make(struct server *srv, const struct conn *c, const struct vale_open *o,
	      struct vport **ret_port, struct weir_err *err);
int wire_begin(struct server *srv, struct vport *v, struct weir_err *err);
void wire_end(struct server *srv, struct vport *v);
void wire_close(struct server *srv, const struct vport *v);
/* Memory for all of them. */
struct vale_region wire_region(void);

/* Moves frames between the interfaces of a worker and the rings of their ports, which has the
 * worker's lock: how many. */
unsigned nic_round(struct worker *w);
/* The worker is going to sleep; it has woken. As above. */
void nic_sleep(struct worker *w);
void nic_wake(struct worker *w);
/* How long it may sleep, -1: for ever. As above. */
int nic_patience_ms(const struct worker *w);

/* server.c: holds every worker, and lets them go on. */
void server_hold(struct server *srv);
void server_go_on(struct server *srv);
/* The connection's requests are waited for. 0, or a negative errno. */
int server_watch_conn(struct server *srv, struct conn *c);
/* So are its kicks, by the worker of its port, in a lossless switch by all; and no more. */
int server_watch_kick(struct server *srv, const struct conn *c);
void server_forget_kick(struct server *srv, const struct conn *c);
/* Wakes a worker. */
void server_wake(const struct worker *w);
/* The worker of a port. */
struct worker *server_worker_of(struct server *srv, const struct vport *v);
/* Wakes a worker when fd becomes readable; and no more. */
int server_watch_fd(const struct worker *w, int fd);
void server_forget_fd(const struct worker *w, int fd);

#endif
