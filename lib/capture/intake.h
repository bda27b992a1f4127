/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Intakes: a port that frames are captured from, and whoever puts them into rings. An engine
 * is one way to do that: one file with one const struct engine.
 *
 * open() fills .info and makes .n_rings rings; start() lets frames in. stop() returns when
 * every frame that had arrived when it was called is in a ring, or after STOP_NS; nothing is
 * written to the rings afterwards. close() copes with whatever open() got done.
 *
 * Counters of rings have one writer each, which is the engine's. What the engine itself
 * knows to be dropped before it saw it, dropped() tells.
 */
#ifndef CAPTURE_INTAKE_H
#define CAPTURE_INTAKE_H

#include <weir/capture.h>
#include <weir/port.h>

#include "capture/blockring.h"
#include "capture/filter.h"
#include "capture/hwtime.h"
#include "capture/program.h"

struct intake;

struct engine {
	/* How long a frame may be on its way into its ring after its time, ns: by then a ring
	 * without it has nothing older any more. */
	uint64_t hold_ns;
	size_t priv_size;
	int (*open)(struct intake *s, struct weir_err *err);
	int (*start)(struct intake *s, struct weir_err *err);
	void (*stop)(struct intake *s);
	void (*close)(struct intake *s);
	uint64_t (*dropped)(const struct intake *s);
	/* Has it ended by itself? 0: no; 1: there is nothing more to come; or the negative errno
	 * that ended it. */
	int (*ended)(const struct intake *s, struct weir_err *err);
};

struct intake_info {
	char name[128], device[64];
	const char *engine;
	const char *filter; /* that frames have passed, lent while the intake is open; or NULL */
	uint32_t linktype;
	uint64_t speed_bps;
	uint8_t mac[6];
	char note[128];
};

struct intake {
	const struct engine *engine;
	const struct weir_capture_opts *opts; /* lent */
	uint64_t ring_size;
	unsigned nr; /* place among all: the interface in the file */
	struct intake_info info;
	struct filter *filter; /* for its link type, or NULL */
	struct hwtime *hw;     /* frames that arrive have times of the device's clock; or NULL */
	struct blockring *rings;
	unsigned n_rings;
	void *priv; /* the engine's own, zeroed before open() */
};

extern const struct engine port_engine, bpf_engine, tap_engine;

/* Opens port nr of opts, with the engine that fits. To be ended with intake_close(), also
 * after a failure. */
int intake_open(struct intake *s, const struct weir_capture_opts *opts, unsigned nr,
		uint64_t ring_size, struct weir_err *err);
void intake_close(struct intake *s);

/* Begin and end what the engine and the clock do. */
int intake_start(struct intake *s, struct weir_err *err);
void intake_stop(struct intake *s);

/* For open(): makes n rings, of which each is still to be set up. -ENOMEM. */
int intake_set_rings(struct intake *s, unsigned n, struct weir_err *err);
/* The same: compiles the filter once .info.linktype is known, if there is one. */
int intake_set_filter(struct intake *s, struct weir_err *err);
/* And fills in what all rings have. */
void intake_set_ring(struct intake *s, struct blockring *r, unsigned queue);
/* For programs in the kernel: makes the rings over those of theirs, lent as long as s is. */
int intake_set_program_rings(struct intake *s, const struct program_rings *rings,
			     uint64_t ring_size, struct weir_err *err);
/* Fills in what is told of an interface, and how frames are received (static). */
void intake_tell_iface(struct intake *s, const struct weir_iface *iface, const char *engine);
/* If frames for other hosts are wanted, they arrive as long as *ret_fd is open. */
int intake_set_promisc(const struct intake *s, const struct weir_iface *iface, int *ret_fd,
		       struct weir_err *err);

#endif
