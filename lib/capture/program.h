/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The programs that capture inside the kernel (bpf/capture.bpf.c): loading and attaching
 * them, and the memory that they share with whoever reads: their control and a ring for each
 * processor. Loading makes that memory, which lives as long as a program, a descriptor or a
 * mapping of it.
 */
#ifndef CAPTURE_PROGRAM_H
#define CAPTURE_PROGRAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <weir/capture.h>
#include <weir/port.h>

#include "capture.h"

struct capture;	   /* the skeleton */
struct sock_fprog; /* linux/filter.h */

/* What they are to do, as far as it cannot be changed any more. */
struct program_opts {
	const struct weir_iface *iface; /* lent while they are attached */
	bool in, out;			/* frames that arrive, that are sent */
	bool xdp;			/* those that arrive by XDP */
	bool tap;			/* the rest stands in the control */
	bool drops;
	uint32_t snaplen; /* 0: all */
	uint32_t iface_nr;
	unsigned marks; /* enum weir_capture_marks */
	bool hw_time;	/* frames that arrive have times of the device's clock, */
	bool raw_time;	/* as they are, and not as UTC */
	uint32_t hw_iface_nr;
	const struct sock_fprog *filter; /* lent while they are loaded; NULL: all frames */
	uint64_t ring_size;
	unsigned n_rings; /* one for each processor that there may be */
};

/* For direction, mode and engine (which is one of auto, xdp and tc) on the interface. */
void program_choose(struct program_opts *opts, enum weir_capture_direction direction,
		    enum weir_capture_engine engine, enum weir_capture_mode mode);

/* Sets .n_rings, and .ring_size to what size allows, or with size 0 what memory does:
 * at most most bytes. */
void program_size(struct program_opts *opts, uint64_t size, uint64_t most);

enum program_hook {
	PROGRAM_IN,
	PROGRAM_OUT,
	PROGRAM_HOOKS
};

struct program {
	struct program_opts opts;
	struct capture *skel;
	bool has_tai; /* their clock is CLOCK_TAI, else CLOCK_MONOTONIC */
};

/* -EPERM, -EACCES: the text names the privileges; -ENOTSUP: this kernel cannot; -ENOEXEC: it
 * cannot with this filter. To be ended with program_unload(). */
int program_load(const struct program_opts *opts, struct program *ret_program,
		 struct weir_err *err);
/* Copes with zeroed memory. What is attached or mapped goes on. */
void program_unload(struct program *p);

/* Descriptors of the program of a hook, or -ENOENT: there is none; and of its maps. Lent. */
int program_fd(const struct program *p, enum program_hook hook);
int program_control_fd(const struct program *p);
int program_rings_fd(const struct program *p);

/*
 * Attaches the program of a hook, which there is, through a link: a descriptor, which is the
 * caller's; with it, it goes. Replaces nothing. -EBUSY: somebody else's XDP program is there;
 * -ENOTSUP: this kernel has no such links.
 */
int program_attach(const struct program *p, enum program_hook hook, struct weir_err *err);

/* The control, mapped, to be ended with program_unmap_control(), which copes with NULL. */
int program_map_control(int fd, struct capture_control **ret_control, struct weir_err *err);
void program_unmap_control(struct capture_control *control);

/* All rings, mapped: they lie in a row. */
struct program_rings {
	uint8_t *mem;
	size_t each; /* bytes */
	unsigned n;
};

/* To be ended with program_unmap_rings(), which copes with zeroed memory. */
int program_map_rings(int fd, uint64_t ring_size, unsigned n, struct program_rings *ret_rings,
		      struct weir_err *err);
void program_unmap_rings(struct program_rings *rings);

static inline struct capture_ring *program_ring(const struct program_rings *rings, unsigned i)
{
	return (struct capture_ring *)(void *)(rings->mem + i * rings->each);
}

#endif
