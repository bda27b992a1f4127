/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What clients and the switch say to each other, over a connected AF_UNIX SOCK_SEQPACKET
 * socket: one message is one request, and each has one answer. Descriptors go with them
 * (SCM_RIGHTS).
 *
 * A connection is what /dev/netmap is to a program for netmap: it can be handed on, and
 * inherited. With its last close the switch takes back what was opened on it.
 *
 * Both ends are programs of one machine: numbers are in its byte order.
 */
#ifndef VALE_PROTO_H
#define VALE_PROTO_H

#include <stddef.h>
#include <stdint.h>

#include <weir/switch.h>

#include "vale/forward.h"

#define VALE_MSG_MAGIC	 0x76656c61u
#define VALE_MSG_VERSION 5u
#define VALE_MSG_MAX	 16384u
#define VALE_MSG_FDS	 8u
#define VALE_NAME_SIZE	 64u
#define VALE_NOTE_SIZE	 64u
#define VALE_NIC_NAME	 128u /* room for the name of a port outside */
#define VALE_RULE_SIZE	 2048u
#define VALE_ALL_RINGS	 UINT32_MAX

enum vale_msg_type {
	VALE_MSG_OPEN = 1, /* a port, new or not; once on a connection */
	VALE_MSG_AGAIN,	   /* what OPEN has answered: for who got the connection from others */
	VALE_MSG_ARENA,	   /* memory that slots will point into; the memfd comes along */
	VALE_MSG_INFO,
	VALE_MSG_PORTS,
	VALE_MSG_TABLE,
	VALE_MSG_NEW,	 /* a port that stays without connections */
	VALE_MSG_DELETE, /* one that was made so */
	VALE_MSG_STOP,	 /* the switch ends */
	VALE_MSG_ATTACH, /* an interface */
	VALE_MSG_DETACH,
	VALE_MSG_SET,	/* rules of a port */
	VALE_MSG_RULES, /* what they are */
	VALE_MSG_POOL,	/* a region: what there is of it */
	VALE_MSG_HDR,	/* bytes before the frames of a port; sets them */
	VALE_N_MSGS,
};

struct vale_head {
	uint32_t magic;
	uint16_t version;
	uint16_t type;
	int32_t result; /* of answers: 0, or a negative errno; then the body is a text */
	uint32_t size;	/* of what follows */
};

/* How a port is opened. Without VALE_OPEN_SHARED nobody else has the same rings open. */
enum vale_open_flags {
	VALE_OPEN_SHARED = 1U << 0,
	VALE_OPEN_TX_ONLY = 1U << 1, /* no rings to receive */
	VALE_OPEN_RX_ONLY = 1U << 2,
	VALE_OPEN_NULL = 1U << 3, /* no port: a region, for what is in extra buffers */
	/* What a port, or an end of a pipe, sends and receives is given to this connection, too,
	 * which has rings to receive only. Zero-copy: with its buffers, for which it gives others,
	 * when the port has done with them. */
	VALE_OPEN_MONITOR_TX = 1U << 4,
	VALE_OPEN_MONITOR_RX = 1U << 5,
	VALE_OPEN_MONITOR_ZCOPY = 1U << 6,
	/* It knows that there may be bytes before frames (HDR); without it: -EIO if there are. */
	VALE_OPEN_HDR = 1U << 7,
};
#define VALE_OPEN_MONITOR (VALE_OPEN_MONITOR_TX | VALE_OPEN_MONITOR_RX)

/* OPEN and NEW. */
struct vale_open {
	char port[VALE_NAME_SIZE]; /* without the switch's name */
	uint32_t ring;		   /* OPEN: only this one, to send and to receive; or all */
	/* Of a new port; of one that is there: 0, or as it is. extra_bufs: this connection's, of
	 * which there may be fewer. */
	struct vale_shape shape;
	uint32_t flags;	 /* OPEN */
	uint32_t mem_id; /* of a new port: the region that it is to be in; 0: its family's or new */
	uint32_t pipes;	 /* of a new region: room for so many; 0: VALE_PIPES */
	/* OPEN: the client's own, which the answers of OPEN and AGAIN bring back. So a process
	 * that got the connection from another learns what that made of it. */
	uint8_t note[VALE_NOTE_SIZE];
};

#define VALE_PIPES 2u
/* The region of all interfaces that programs have open; others have greater numbers. */
#define VALE_NIC_POOL 1u

enum vale_kind {
	VALE_KIND_PORT,
	VALE_KIND_PIPE,
	VALE_KIND_MONITOR,
	VALE_KIND_NULL,
};

/*
 * Answer of OPEN and AGAIN. Descriptors: see enum vale_fd; of a pipe, see enum vale_pipe_fd; of
 * a NULL port only the region.
 *
 * Ring i of the port begins ring_size * i bytes behind ring_at, buffers of the rings from
 * first_buf on as in layout.h. Offsets count from the start of the region.
 */
struct vale_opened {
	struct vale_shape shape; /* extra_bufs: of this connection, from vale_if.bufs_head on */
	uint32_t kind;
	uint32_t nr;
	uint32_t ring; /* as opened; of a pipe: the end */
	uint32_t flags;
	uint32_t mem_id;
	uint32_t hdr_len;
	uint32_t n_pages, n_bufs; /* of the region */
	uint64_t mem_size;
	uint64_t rings_at, bufs_at;
	uint64_t if_at; /* this connection's vale_if, in which its rings are told */
	uint64_t ring_at, ring_size;
	uint32_t first_buf;
	uint32_t zero;
	uint8_t note[VALE_NOTE_SIZE]; /* of struct vale_open */
};

enum vale_fd {
	VALE_FD_MEM,	 /* the region */
	VALE_FD_CTL,	 /* the control page */
	VALE_FD_KICK,	 /* eventfd: wakes the switch */
	VALE_FD_WAKE_TX, /* pipes to read: there is room; there are frames; hung up: the end */
	VALE_FD_WAKE_RX,
	VALE_N_FDS,
};

enum vale_pipe_fd {
	VALE_PIPE_MEM,
	VALE_PIPE_CTL,
	/* A pipe to read; hung up: the other end or the switch has gone. Readable: wake up. */
	VALE_PIPE_LIFE,
	VALE_PIPE_KICK, /* eventfd: wakes the switch, for monitors (shm.h) */
	/* eventfds that wake: end 0 that sends, that receives; end 1. */
	VALE_PIPE_WAKE,
	VALE_PIPE_N_FDS = VALE_PIPE_WAKE + 4,
};

struct vale_arena_msg {
	uint64_t address; /* of its first byte, for the client */
	uint64_t offset;  /* of that byte in the memfd; whole pages */
	uint64_t size;
};

struct vale_info {
	char name[VALE_NAME_SIZE];
	uint32_t uid, pid;
	uint32_t n_ports, n_threads, age_s;
	uint32_t lossless, stays; /* 0 or 1 */
};

/* PORTS and TABLE: the first row wanted. The answer has as many as fit; none: the end. */
struct vale_from {
	uint32_t from;
};

struct vale_port_row {
	char name[VALE_NAME_SIZE];
	uint32_t nr; /* next from: nr + 1 */
	uint32_t uid, pid;
	uint32_t users; /* connections */
	uint32_t stays;
	uint32_t attached; /* it is an interface */
	uint32_t has_rules;
	uint32_t kind;
	uint32_t mem_id; /* 0: it has no memory now */
	uint32_t hdr_len;
	struct vale_shape shape;
	uint64_t tx_frames, tx_bytes; /* by the client */
	uint64_t rx_frames, rx_bytes; /* to the client */
	uint64_t dropped[VALE_N_DROPS];
	uint64_t bad_index;
	uint64_t nic_lost, nic_refused; /* of an interface */
};

struct vale_table_row {
	uint64_t mac;
	uint32_t port;
	uint32_t age_s;
	uint32_t next; /* next from */
	uint32_t zero;
};

/* DELETE and RULES. */
struct vale_delete {
	char port[VALE_NAME_SIZE];
};

/* POOL: asks for the region of a port, or if that is "" for the one with mem_id. The answer
 * has the rest. -ENOENT: there is no such one. */
struct vale_pool_msg {
	char port[VALE_NAME_SIZE];
	uint32_t mem_id;
	uint32_t n_ifs, n_pages, n_bufs;
	uint64_t mem_size;
	uint64_t rings_at, bufs_at;
};

#define VALE_HDR_KEEP UINT32_MAX
/* HDR: sets how many bytes stand before each frame of a port, 0, 10 or 12, or asks
 * (VALE_HDR_KEEP). The answer is the same with what there is now. */
struct vale_hdr {
	char port[VALE_NAME_SIZE];
	uint32_t len;
};

/* Filters and edits: of frames from the port, and to it. "": none. */
struct vale_rules {
	char filter[2][VALE_RULE_SIZE];
	char edit[2][VALE_RULE_SIZE];
};

struct vale_attach {
	char nic[VALE_NIC_NAME]; /* as port.h names ports */
	struct vale_rules rules;
};

struct vale_detach {
	char nic[VALE_NIC_NAME]; /* as it was attached, or the port's name */
};

/* SET; an answer to RULES is the latter. */
struct vale_set {
	char port[VALE_NAME_SIZE];
	struct vale_rules rules;
};

/* A message with its descriptors. */
struct vale_msg {
	struct vale_head head;
	_Alignas(8) uint8_t body[VALE_MSG_MAX];
	int fds[VALE_MSG_FDS]; /* taken: closed by who handles the message; -EBADF: none */
	unsigned n_fds;
};

void vale_msg_init(struct vale_msg *m, unsigned type);
/* Closes the descriptors that are left. */
void vale_msg_done(struct vale_msg *m);

/* Is a message of len bytes (head and body) one that could be, as an answer or as a request?
 * 0, or -EBADMSG. Pure. */
int vale_msg_check(const struct vale_msg *m, size_t len, bool answer);

/* Is there a NUL in the text, for which there are size bytes? */
bool vale_text_ok(const char *text, size_t size);

/* Fills requests, or a member of one; rules may be NULL. -EINVAL: a text is too long. */
int vale_nic_fill(char to[VALE_NIC_NAME], const char *nic, struct weir_err *err);
int vale_rules_fill(struct vale_rules *to, const struct weir_switch_rules *rules,
		    struct weir_err *err);
int vale_attach_fill(struct vale_attach *to, const char *nic, const struct weir_switch_rules *rules,
		     struct weir_err *err);

/* Sends without waiting: 0; -EAGAIN: the other side does not read; other negative errno.
 * fds of m go along and stay open here. Never raises SIGPIPE. */
int vale_msg_send(int fd, const struct vale_msg *m);

/* Receives the next message into m, which is made new. flags: of recvmsg(2). How many bytes
 * head and body have, which vale_msg_check() has to look at; 0: the other side has closed;
 * -EBADMSG: it is too long; other negative errno. */
int vale_msg_recv(int fd, struct vale_msg *m, int flags);

#endif
