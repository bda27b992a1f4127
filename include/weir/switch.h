/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Switches: frames between programs, without the kernel and without privileges.
 *
 * A switch is a process. Its name begins with "vale"; port p1 of switch vale0 is
 * "vale0:p1" for weir_port_open(), which starts the switch if none of that name runs; one
 * that was started so ends with its last port.
 */
#ifndef WEIR_SWITCH_H
#define WEIR_SWITCH_H

#include <stdbool.h>
#include <stdint.h>

#include <weir/err.h>
#include <weir/frame.h>

#ifdef __cplusplus
extern "C" {
#endif

#define WEIR_SWITCH_NAME	16
#define WEIR_SWITCH_PORT_NAME	64
#define WEIR_SWITCH_MAX_THREADS 16

/*
 * Network interfaces as a switch needs them, which by itself knows memory only. All calls
 * for one of them come from one thread at a time.
 */
#define WEIR_SWITCH_NIC_QUEUES 16

struct weir_switch_nic {
	char device[WEIR_SWITCH_PORT_NAME]; /* "eth0": so its port of the switch is called */
	unsigned n_queues;
	int fds[WEIR_SWITCH_NIC_QUEUES]; /* of each queue: readable when frames may have come */
	void *ctx;			 /* open's own */
};

struct weir_switch_nic_stats {
	uint64_t lost;	  /* frames that arrived when there was no room for them */
	uint64_t refused; /* that were to be sent, and that the kernel did not take */
};

struct weir_switch_nics {
	/* *ret_nic is to be closed. */
	int (*open)(const char *name, struct weir_switch_nic *ret_nic, struct weir_err *err);
	void (*close)(const struct weir_switch_nic *nic);
	/* Frames that have come: how many, lent until release(), before which it is not asked
	 * again; negative: the interface has gone. It is asked at least twice a second. */
	int (*rx)(const struct weir_switch_nic *nic, unsigned q, struct weir_pkt *ret_pkts,
		  unsigned max);
	void (*release)(const struct weir_switch_nic *nic, unsigned q);
	/* Sends: how many it has consumed, fewer for "no room now"; negative as above. */
	int (*tx)(const struct weir_switch_nic *nic, unsigned q, const struct weir_pkt *pkts,
		  unsigned n);
	/* From any thread. */
	void (*stats)(const struct weir_switch_nic *nic, struct weir_switch_nic_stats *ret_stats);
};

/* Those that weir_port_open() can open (port.h): "packet:eth0", "xdp:eth0", "tap:tap0",
 * "eth0". */
extern const struct weir_switch_nics weir_switch_nics;

/*
 * What is done to the frames of a port. Filters come first: a frame that does not match is
 * dropped. What stands in edits is up to who runs the switch (struct weir_switch_maker); weir
 * takes options of weir-edit(1), separated by blanks. NULL or "": nothing.
 */
struct weir_switch_rules {
	const char *filter_in, *edit_in;   /* frames that come from the port */
	const char *filter_out, *edit_out; /* frames that go to it */
};

struct weir_switch_stages {
	struct weir_stage filter, edit; /* .run NULL: none. Neither has a .next */
	void *ctx;			/* make's own */
};

/* Makes stages of rules, for a switch that runs. */
struct weir_switch_maker {
	/* For one thread at a time, to be freed; either text may be "". side: which .port the
	 * frames have, 0: they come from the port, 1: they go to it. -EINVAL: a text is wrong. */
	int (*make)(const char *filter, const char *edit, unsigned side,
		    struct weir_switch_stages *ret_stages, struct weir_err *err);
	void (*free)(const struct weir_switch_stages *stages);
};

struct weir_switch_opts {
	const char *name;    /* "vale0" */
	const char *group;   /* its members may use the switch, too; NULL: nobody else */
	bool temporary;	     /* ends with its last port */
	bool lossless;	     /* a full receiver holds its senders; otherwise it loses frames */
	uint32_t age_s;	     /* forget where an address is after so many seconds; 0: never */
	unsigned threads;    /* 0: 1 */
	uint64_t max_memory; /* bytes that ports of one user may take; 0: 2 GiB */
	unsigned max_ports;  /* of one user; 0: 128 */
	const struct weir_switch_nics *nics;   /* NULL: none can be attached */
	const struct weir_switch_maker *maker; /* NULL: no rules can be set */
	/* Tells, in one line, what happened to an interface. Called from the thread of
	 * weir_switch_run(). May be NULL. */
	void (*report)(void *ctx, const char *text);
	void *report_ctx;
};

struct weir_switch;

/* Makes the switch: from now on programs can connect, and wait until it runs. -EEXIST: one
 * of that name runs already. To be freed with weir_switch_free(). */
int weir_switch_new(const struct weir_switch_opts *opts, struct weir_switch **ret_switch,
		    struct weir_err *err);

/* Attaches an interface before the switch runs; see weir_switch_attach(). */
int weir_switch_attach_first(struct weir_switch *s, const char *nic,
			     const struct weir_switch_rules *rules, struct weir_err *err);

/* Runs it until it is stopped, or, if temporary, until its last port has gone. */
int weir_switch_run(struct weir_switch *s, struct weir_err *err);

/* Ends it soon. From any thread and from signal handlers. */
void weir_switch_stop(struct weir_switch *s);

/* Clients find their ports gone at once. NULL is allowed. Returns NULL. */
struct weir_switch *weir_switch_free(struct weir_switch *s);

/* Why frames were dropped. */
enum weir_switch_drop {
	WEIR_SWITCH_BAD_SLOT,  /* sent from memory that is not there */
	WEIR_SWITCH_SHORT,     /* shorter than a link-layer header */
	WEIR_SWITCH_FRAGMENTS, /* of too many slots */
	WEIR_SWITCH_SELF,      /* for somebody at the port that sent it */
	WEIR_SWITCH_NOBODY,    /* there is no other port */
	WEIR_SWITCH_FULL,      /* no room at the receiver */
	WEIR_SWITCH_BAD_BUF,   /* the receiver has told a buffer that is not there */
	WEIR_SWITCH_FILTERED,  /* by the port's filter, either way */
	WEIR_SWITCH_EDITED,    /* by its edits, or they made it longer than its slots */
	WEIR_SWITCH_OFFLOAD,   /* its header wants something done that the switch cannot do */
	WEIR_SWITCH_N_DROPS,
};
/* "full" and so on. Static. */
const char *weir_switch_drop_name(enum weir_switch_drop d);

struct weir_switch_port {
	char name[WEIR_SWITCH_PORT_NAME];
	unsigned nr;
	uint32_t uid, pid; /* of who made it */
	unsigned users;	   /* connections that have it open */
	bool stays;	   /* without any */
	bool attached;	   /* it is an interface */
	bool is_pipe;	   /* nothing of it is forwarded */
	bool has_rules;
	unsigned region; /* number of its memory, which pipes share; 0: it has none now */
	unsigned header; /* bytes before each frame */
	struct weir_switch_nic_stats nic; /* of one */
	unsigned tx_rings, rx_rings, tx_slots, rx_slots;
	uint64_t tx_frames, tx_bytes; /* that came from it */
	uint64_t rx_frames, rx_bytes; /* that went to it */
	uint64_t dropped[WEIR_SWITCH_N_DROPS];
	/* Its rules, in and out; NULL: none, or another user runs the switch. */
	char *filter[2], *edit[2];
	uint64_t bad_index; /* how often it claimed impossible progress */
};

struct weir_switch_mac {
	uint8_t mac[6];
	unsigned port;	/* nr */
	uint32_t age_s; /* since it was seen */
};

/* A switch that runs, as it was when it was asked. */
struct weir_switch_state {
	char name[WEIR_SWITCH_PORT_NAME];
	uint32_t uid, pid;
	unsigned threads;
	uint32_t age_s;
	bool lossless, temporary;
	unsigned n_ports, n_macs;
	struct weir_switch_port *ports;
	struct weir_switch_mac *macs;
};

/* To be freed with weir_switch_state_free(). -ENOENT: none of that name runs. */
int weir_switch_show(const char *name, struct weir_switch_state **ret_state, struct weir_err *err);
struct weir_switch_state *weir_switch_state_free(struct weir_switch_state *s);

/* Names of the switches that this user can reach, in order: an array of *ret_n texts and
 * the array itself, to be freed with free(3). */
int weir_switch_list(char ***ret_names, unsigned *ret_n, struct weir_err *err);

/* Rings of a port, and slots of each ring; 0: 1 and 1024. */
struct weir_switch_shape {
	unsigned tx_rings, rx_rings, tx_slots, rx_slots;
};

/* Makes a port that stays when nobody has it open, and deletes it: -EBUSY while it is open.
 * -EEXIST, -ENOENT. The first port of a switch starts it if none runs, as opening one does. */
int weir_switch_new_port(const char *name, const char *port, const struct weir_switch_shape *shape,
			 struct weir_err *err);
int weir_switch_delete_port(const char *name, const char *port, struct weir_err *err);

/*
 * Attaches an interface, named as for weir_port_open(), to a switch, which is started if
 * none runs, and ends with its last port then: its process opens the interface, which takes the
 * privileges that such a port takes. What arrives there is forwarded as from any port, and what is
 * for addresses behind it is sent. Only who runs the switch, or root, may do that. The port is
 * called as the device is ("eth0"). -EINVAL: it is no interface, or a rule is wrong; -EEXIST: there
 * is such a port; -EACCES, -EPERM, -ENODEV, ... rules may be NULL.
 */
int weir_switch_attach(const char *name, const char *nic, const struct weir_switch_rules *rules,
		       struct weir_err *err);

/* Detaches it again, named as the port or as when it was attached. -ENOENT. One that goes
 * away is detached by the switch. */
int weir_switch_detach(const char *name, const char *nic, struct weir_err *err);

/* Sets the rules of a port, in place of those that it had. Those of a port that stays stay, too.
 * Only who runs the switch, or root, may do that. -ENOENT, -EINVAL, -EACCES. */
int weir_switch_set_rules(const char *name, const char *port, const struct weir_switch_rules *rules,
			  struct weir_err *err);

/* Ends a switch that runs; its ports are gone then. */
int weir_switch_end(const char *name, struct weir_err *err);

#ifdef __cplusplus
}
#endif
#endif
