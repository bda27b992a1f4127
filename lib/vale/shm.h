/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The memory that a client of the switch shares with it. This file is the document.
 *
 * A port has two pieces of memory, each a sealed memfd that the switch makes: a region, which
 * it shares with its pipes and monitors and with whoever is told to, and a control page of its
 * own. What lies in a region can be handed from one ring of it to another by exchanging
 * numbers of buffers; its size is fixed, with room for some pipes, and pages that nobody
 * touches are not there.
 *
 * The region is laid out as netmap's, to the byte, so that programs for netmap can be given
 * it as it is:
 *
 *     |vale_if|vale_if| ... |vale_ring, slots|vale_ring, slots| ... |buffer 0|buffer 1| ...
 *      ring_ofs[] -----------^----------------^                      2112 bytes each
 *
 * Each connection has a vale_if: ring_ofs[] tells only the rings that it has opened, and its
 * extra buffers hang on bufs_head. When it closes, those that hang there then are free again.
 *
 * 2,112 bytes are 33 cache lines, so that the beginnings of buffers, which are all that there is
 * of short frames, are spread over all sets of a cache. A power of two, as netmap's 2,048,
 * leaves them two in 64: copying 60 bytes then takes 30 ns instead of 4. Programs are told the
 * size by the ring.
 *
 * ring_ofs[] counts from the vale_if: rings to send, then those of the host (none: 0), rings
 * to receive, then those of the host. A slot names a buffer by number; buffers 0 and 1
 * belong to nobody. Of a ring with n slots, those from head up to tail (not included, going
 * round) are the client's.
 *
 * The control page carries what netmap passes by system calls: how far each side has got.
 * The client writes one cache line of a ring and the switch the other. head and tail of
 * vale_ring are between a program and whatever calls itself its kernel; the switch neither
 * reads nor writes them.
 *
 *     sending    client: fills slots, ring[i].head = first slot that is not handed over
 *                switch: takes them,  ring[i].tail = last slot that is free for the client
 *     receiving  switch: fills slots, ring[i].tail = first slot that is not filled
 *                client: reads them,  ring[i].head = first slot that is not given back
 *
 * Indices run from 0 to n - 1. The switch believes nothing: it keeps its own indices, sizes
 * and offsets, reads every field of this memory once, and checks what it has read.
 *
 * A pipe has no switch between its ends, which trust each other as far as their region. It
 * has four rings, in this order: of end '{' one to send and one to receive, of end '}' the
 * same. What goes from one end to the other goes by the ring that the latter receives with;
 * both indices are in ring 0 of the control page for the way from '{' to '}', in ring 1 for
 * the way back. The receiver does what the switch does for a ring to send: what stands before
 * head has come, and by tail it gives back. Its own flag, that it sleeps, is wants_room.
 *
 * The ring that an end sends with is for programs that must not see the other's: it begins
 * with the same buffers. Who uses it copies slots into the other ring when they are handed
 * over; a receiver that has put another buffer into a slot (VALE_SLOT_BUF_CHANGED) copies that
 * slot back before it gives it back. Who does not use it looks at each slot for its buffer.
 *
 * Who monitors a pipe has the switch between its ends for that time. While watch_head is up, the
 * sender does not move head: it writes what that is to be to offered, kicks the switch, and looks
 * at the flag again after a full barrier: if it is down, it moves head after all and puts 0
 * there. The switch copies the slots, moves head, and wakes the receiver through the pipe that
 * tells of the other end's life. The same holds for the receiver with watch_tail, returned and
 * tail. What such a flag costs where it is down is a look at a line that is read anyway.
 *
 * Sleeping: a side that is going to sleep raises its flag, and looks once more after a full
 * barrier; the other one publishes an index, and looks for the flag after a full barrier. So
 * at least one of them sees the other. The flag may be lowered by who was woken only if nobody
 * else sleeps by it: connections that share a ring leave it up. To wake the switch: write(2) to
 * the eventfd "kick". A client is woken through a pipe, whose hanging up says that the switch
 * is gone: with an eventfd, which both would have the same open file of, a client could make
 * the switch's write(2) block.
 */
#ifndef VALE_SHM_H
#define VALE_SHM_H

#include <assert.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#define VALE_BUF_SIZE	 2112u
#define VALE_FIRST_BUF	 2u
#define VALE_MAX_PORTS	 254u
#define VALE_MAX_RINGS	 16u
#define VALE_MIN_SLOTS	 16u
#define VALE_MAX_SLOTS	 4096u
#define VALE_MAX_FRAGS	 64u
#define VALE_MAX_EXTRA	 (128u * 4096u)
#define VALE_MIN_FRAME	 14u /* a link-layer header */
#define VALE_API_VERSION 14u /* of the netmap API */

enum vale_slot_flags {
	VALE_SLOT_BUF_CHANGED = 1U << 0, /* buf_idx is not what it was */
	VALE_SLOT_REPORT = 1U << 1,
	VALE_SLOT_FORWARD = 1U << 2,
	VALE_SLOT_NO_LEARN = 1U << 3, /* sending: its source address is not to be learned */
	/* Sending: the bytes lie at ptr, an address within the memory that the client has
	 * registered. */
	VALE_SLOT_INDIRECT = 1U << 4,
	VALE_SLOT_MOREFRAG = 1U << 5, /* the frame goes on in the next slot */
	/* Received: how many slots the frame has, in the upper byte. */
	VALE_SLOT_FRAGS_SHIFT = 8,
};

struct vale_slot {
	uint32_t buf_idx;
	uint16_t len;
	uint16_t flags;
	uint64_t ptr;
};

struct vale_ring {
	int64_t buf_ofs; /* of buffer 0 from this ring */
	uint32_t num_slots;
	uint32_t buf_size;
	uint16_t ringid;
	uint16_t dir; /* 0: to send, 1: to receive */
	uint32_t head, cur, tail;
	uint32_t flags;
	int64_t ts_sec, ts_usec;
	uint64_t offset_mask;
	uint64_t buf_align;
	_Alignas(128) uint8_t sem[128]; /* the program's own */
	struct vale_slot slot[];
};

struct vale_if {
	char name[16];
	uint32_t version;
	uint32_t flags;
	uint32_t tx_rings, rx_rings;
	uint32_t bufs_head; /* first of the extra buffers; each begins with the next one's
			     * number, 0 ends the chain */
	uint32_t host_tx_rings, host_rx_rings;
	uint32_t spare[3];
	int64_t ring_ofs[];
};

#define VALE_AT(type, field, offset)                                                               \
	static_assert(offsetof(struct type, field) == (offset), #type "." #field)
VALE_AT(vale_slot, buf_idx, 0);
VALE_AT(vale_slot, len, 4);
VALE_AT(vale_slot, flags, 6);
VALE_AT(vale_slot, ptr, 8);
static_assert(sizeof(struct vale_slot) == 16, "struct netmap_slot");
VALE_AT(vale_ring, buf_ofs, 0);
VALE_AT(vale_ring, num_slots, 8);
VALE_AT(vale_ring, buf_size, 12);
VALE_AT(vale_ring, ringid, 16);
VALE_AT(vale_ring, dir, 18);
VALE_AT(vale_ring, head, 20);
VALE_AT(vale_ring, cur, 24);
VALE_AT(vale_ring, tail, 28);
VALE_AT(vale_ring, flags, 32);
VALE_AT(vale_ring, ts_sec, 40);
VALE_AT(vale_ring, offset_mask, 56);
VALE_AT(vale_ring, buf_align, 64);
VALE_AT(vale_ring, sem, 128);
VALE_AT(vale_ring, slot, 256);
static_assert(sizeof(struct vale_ring) == 256, "struct netmap_ring");
VALE_AT(vale_if, version, 16);
VALE_AT(vale_if, flags, 20);
VALE_AT(vale_if, tx_rings, 24);
VALE_AT(vale_if, rx_rings, 28);
VALE_AT(vale_if, bufs_head, 32);
VALE_AT(vale_if, host_tx_rings, 36);
VALE_AT(vale_if, host_rx_rings, 40);
VALE_AT(vale_if, ring_ofs, 56);
static_assert(sizeof(struct vale_if) == 56, "struct netmap_if");

/* A ring in the control page. */
struct vale_ctl_ring {
	/* The client's line. */
	_Alignas(64) _Atomic uint32_t head;
	_Atomic uint32_t sleeps;     /* wake me when tail moves */
	_Atomic uint32_t offered;    /* of watched pipes: head to be | VALE_OFFERED */
	_Atomic uint32_t watch_tail; /* of pipes, by the switch: offer tail */
	/* The switch's line. */
	_Alignas(64) _Atomic uint32_t tail;
	_Atomic uint32_t wants_room; /* receiving: kick me when head moves */
	_Atomic uint64_t dropped;    /* receiving: frames there was no room for */
	_Atomic uint32_t returned;   /* of watched pipes: tail to be | VALE_OFFERED */
	_Atomic uint32_t watch_head; /* of pipes, by the switch: offer head */
};

#define VALE_OFFERED (1U << 31)

struct vale_ctl {
	_Alignas(64) _Atomic uint32_t asleep; /* kick me when head of a ring to send moves */
	_Atomic uint32_t closed[2];	      /* of pipes: that end has gone */
	struct vale_ctl_ring ring[];	      /* those to send, then those to receive */
};

static_assert(sizeof(struct vale_ctl_ring) == 128, "two lines");
static_assert(sizeof(struct vale_ctl) == 64, "a line");

#endif
