/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The switch itself: frames from the rings of one port to those of others. It works on
 * memory that clients write (shm.h) and knows nothing of sockets and processes.
 *
 * A call takes a batch of what one ring has to send:
 *
 *     take      read each slot once, check it, gather slots into frames
 *     classify  learn the source, look the destination up, a list of frames per port
 *     deliver   for each port with a list: copy, publish, remember to wake it
 *
 * Frames from one ring go to the ring of the same number (modulo how many there are), so
 * that they keep their order to each port, broadcast or not. A frame for which the receiver
 * has no room is dropped there and counted; in a lossless switch it stays with the sender,
 * and all behind it.
 *
 * Threads: each ring to send is forwarded by one thread at a time. Rings to receive have
 * locks. Ports come and go only while nobody forwards.
 */
#ifndef VALE_FORWARD_H
#define VALE_FORWARD_H

#include <pthread.h>
#include <stdbool.h>

#include <weir/frame.h>

#include "base/counter.h"
#include "base/patience.h"
#include "vale/layout.h"
#include "vale/table.h"

/* Connections that may share a ring. */
#define VALE_MAX_SHARERS 8u
/* Slots taken at a time. */
#define FORWARD_BATCH 256u
#define FORWARD_NONE  UINT16_MAX

/* Why frames of a port were dropped. */
enum vale_drop {
	/* when it sent them */
	VALE_DROP_BAD_SLOT, /* a slot names memory that is not there */
	VALE_DROP_SHORT,    /* no link-layer header */
	VALE_DROP_FRAGS,    /* too many slots, or the last is missing */
	VALE_DROP_SELF,	    /* the destination is where it came from */
	VALE_DROP_NOBODY,   /* there is no other port */
	/* when it was to receive them */
	VALE_DROP_FULL,	   /* no room */
	VALE_DROP_BAD_BUF, /* its slot names a buffer that is not there */
	/* either way */
	VALE_DROP_FILTERED, /* by the port's filter */
	VALE_DROP_EDITED,   /* by its edits, or they made it too long for its slots */
	/* when it was to receive them */
	VALE_DROP_OFFLOAD, /* their header wants something done to them that the switch cannot do */
	VALE_N_DROPS,
};

/* The first byte of a header says that a checksum is missing; the second one into what kind of
 * pieces a frame is to be cut (struct virtio_net_hdr). */
#define VALE_HDR_NEEDS_CSUM 1u
#define VALE_MAX_HDR	    12u

struct sieve;	 /* sieve.h */
struct vale_tap; /* tap.h */

/* The switch's own state of a ring. */
struct vale_kring {
	struct vale_slot *slots;   /* shared */
	struct vale_ctl_ring *ctl; /* shared */
	uint32_t n;		   /* slots */
	uint32_t pos;	  /* to send: the first not taken. To receive: the first not filled */
	uint32_t head;	  /* to receive: what the client had given back when last it was right */
	unsigned n_wakes; /* who is to be woken: connections */
	int wakes[VALE_MAX_SHARERS];
	bool cut;		   /* to send: the slots up to the end of a frame are dropped */
	unsigned no_wait;	   /* to receive: as many batches that it is not waited for; */
	unsigned in_vain;	   /* so many after the last wait */
	_Atomic bool is_half_full; /* to receive */
	_Atomic bool owes_wake;	   /* to receive: vale_wake_owed() is to wake its client */
	pthread_mutex_t lock;	   /* of rings to receive, if there are several threads */
	struct sieve *sieve;	   /* that its frames go through; NULL: none */
	struct vale_tap *taps;	   /* monitors that copy; NULL: none */
	struct vale_tap *ztap;	   /* the monitor that takes buffers */
	_Alignas(64) _Atomic uint64_t
		frames; /* to send: taken and forwarded. To receive: delivered */
	_Atomic uint64_t bytes;
	_Atomic uint64_t dropped[VALE_N_DROPS];
	_Atomic uint64_t bad_index; /* how often the client's index was impossible */
};

/* Memory of a client that slots may point into, as it told the switch. */
struct vale_arena {
	const uint8_t *mem; /* as it is mapped here; NULL: none */
	uint64_t address;   /* as the client sees it */
	uint64_t size;
};

struct vale_port {
	uint8_t nr;
	struct vale_layout layout;
	uint8_t *mem, *bufs; /* the region, and buffer 0 in it */
	struct vale_ctl *ctl;
	bool is_ours; /* no client's: who forwards takes out what is put in, and does not wait */
	uint32_t hdr_len; /* bytes before each frame */
	struct vale_arena arena;
	uint64_t last_mac; /* the source seen last, and when: it need not be learned again */
	uint32_t last_mac_s;
	struct vale_kring tx[VALE_MAX_RINGS], rx[VALE_MAX_RINGS];
};

struct vale_core {
	struct vale_port *ports[VALE_MAX_PORTS]; /* NULL: free */
	unsigned n_ports;
	unsigned end; /* all that are there lie before this place */
	bool lossless;
	bool locked;		/* there are several threads */
	unsigned n_ztapped;	/* rings to receive with a zero-copy monitor */
	uint32_t patience_ns;	/* how long who reads is waited for, when there is no room */
	pthread_mutex_t all;	/* lossless with several threads: one at a time */
	_Atomic bool owes_wake; /* some ring does */
	struct table table;
};

/* What a thread needs to forward; made by vale_scratch_init(). */
struct vale_scratch {
	struct patience patience; /* the thread's, for all it waits for */
	bool others_wait;	  /* several rings have frames */
	struct vale_frag {
		const uint8_t *data;
		uint16_t len;
		uint16_t n;	/* of the first of a frame: how many it has; 0: it is dropped */
		uint16_t flags; /* of the slot */
		uint16_t next;	/* of the first of a frame: the next one in its list */
	} frag[FORWARD_BATCH];
	/* By destination: a list of frames. */
	struct {
		uint16_t first, last; /* places in frag; first is FORWARD_NONE at the end */
		uint32_t slots;	      /* lossless: what the frames of the list need */
	} list[256];
	uint8_t touched[256]; /* ports with a list */
	unsigned n_touched;
	uint32_t hdr_len;			      /* of the port that sends */
	struct vale_frag changed[VALE_MAX_FRAGS + 1]; /* a frame with another header */
};

void vale_scratch_init(struct vale_scratch *s);

/* Makes the port's own state of rings whose memory is formatted. */
void vale_port_init(struct vale_port *p, unsigned nr, const struct vale_layout *l, void *mem,
		    struct vale_ctl *ctl);
void vale_port_done(struct vale_port *p);

/* A ring wakes by one more descriptor, at most VALE_MAX_SHARERS in all; by one less. */
void vale_kring_wakes(struct vale_kring *k, int fd);
void vale_kring_forgets(struct vale_kring *k, int fd);

/* Puts a port in and takes it out. */
void vale_core_add(struct vale_core *core, struct vale_port *p);
void vale_core_remove(struct vale_core *core, struct vale_port *p);

/* Forwards a batch from ring r of port p and wakes who has to know. How many slots it took;
 * 0: there is nothing to be done now. now_s: seconds, for the table. */
unsigned vale_forward(struct vale_core *core, struct vale_port *p, unsigned r,
		      struct vale_scratch *scratch, uint32_t now_s);

/* Looks what the client of a port has given back of rings that zero-copy monitors watch: how
 * many there was something of. vale_forward() does so only when it has frames for them. */
unsigned vale_look_back(struct vale_core *core, struct vale_port *p);

/*
 * Ports that do not forward (wire.c) do a part of that. Reads a batch of slots that ring r hands
 * over, as frames: the first of each has their number in n, or 0 if it is dropped. How many
 * slots, which vale_give_back() gives back, or some of them.
 */
unsigned vale_take(struct vale_port *p, unsigned r, struct vale_frag frag[static FORWARD_BATCH]);
void vale_give_back(struct vale_port *p, unsigned r, unsigned n);
/* Copies frames that were received into ring r, and wakes its client: how many of them. Fewer:
 * there is no room, and the client will tell when there is. */
unsigned vale_receive(struct vale_port *p, unsigned r, const struct weir_pkt *pkts, unsigned n);

/* Wakes those who have frames and were not woken yet because more was to come. To be called
 * when there is no more, and every few batches. */
void vale_wake_owed(struct vale_core *core);

/* For people and JSON: "full" and so on. Static. */
const char *vale_drop_name(enum vale_drop d);

#endif
