/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Taps: programs in the kernel that capture the frames of an interface into rings in memory
 * until they are stopped, whoever started them. weir_capture_open() reads a tap as the port
 * tap:IF, from where its last reader stopped.
 *
 * A tap is a folder of pinned programs, links and maps under WEIR_TAP_DIR, or what the
 * environment variable WEIR_BPF_DIR names, in a file system of the type bpf. It is gone with
 * that. It belongs to the interface in the network namespace it was started in, and is
 * found there alone.
 *
 * A full ring drops and counts. What is told here of frames is of all since the start.
 */
#ifndef WEIR_TAP_H
#define WEIR_TAP_H

#include <stdbool.h>
#include <stdint.h>

#include <weir/capture.h>
#include <weir/err.h>

#ifdef __cplusplus
extern "C" {
#endif

#define WEIR_TAP_DIR "/sys/fs/bpf/weir"

/* A tap that drops and is not read passes frames on again after so long. */
#define WEIR_TAP_PATIENCE_NS 5000000000ull

/* Texts are lent until weir_tap_start() returns. */
struct weir_tap_opts {
	const char *device;
	const char
		*filter; /* capture filter (pcap-filter(7)), or NULL: other frames are left alone */
	enum weir_capture_mode mode;
	enum weir_capture_direction direction;
	enum weir_capture_engine engine; /* AUTO, XDP or TC */
	bool classic;	      /* traffic control as before Linux 6.6, where there are links, too */
	bool hold;	      /* drop also when nobody reads */
	uint32_t snaplen;     /* 0: all */
	uint64_t buffer_size; /* as of a capture */
};

/* -EEXIST: it has a tap; -EBUSY: somebody else's XDP program is there; -ENOTSUP: this kernel
 * cannot; -ENOEXEC: not with this filter; -EINVAL: the filter is wrong; -ENODEV, -EPERM and so
 * on. Nothing is left after a failure. */
int weir_tap_start(const struct weir_tap_opts *opts, struct weir_err *err);

/* Takes frames no more. What nobody has read is gone, except for a reader that is there. Also
 * removes what is left of the tap of an interface that is gone. -ENOENT: there is no tap. */
int weir_tap_stop(const char *device, struct weir_err *err);

/* What is to be changed while it runs; the rest stays as it is. */
struct weir_tap_change {
	bool set_mode, set_hold, set_snaplen;
	enum weir_capture_mode mode;
	bool hold;
	uint32_t snaplen; /* 0: all */
};

/* -ENOENT: there is no tap. */
int weir_tap_set(const char *device, const struct weir_tap_change *change, struct weir_err *err);

enum weir_tap_state {
	WEIR_TAP_RUNS,
	WEIR_TAP_ELSEWHERE, /* runs in another network namespace */
	WEIR_TAP_LEFT_OVER, /* its interface, or a part of it, is gone */
};

struct weir_tap_info {
	char device[16];
	char path[256]; /* of its folder */
	enum weir_tap_state state;
	const char *engine; /* "xdp program", "tc program", "tc filter" */
	char filter[1024];  /* "": all frames; cut if it is longer */
	enum weir_capture_mode mode;
	enum weir_capture_direction direction;
	bool hold;
	bool passes_on;	    /* drops, but passes frames on since nobody reads */
	uint32_t snaplen;   /* 0: all */
	uint64_t ring_size; /* of each, bytes */
	unsigned n_rings;
	int reader;	 /* process id of who reads; 0: nobody does */
	uint64_t age_ns; /* since it was started */
	uint64_t stored; /* frames; with filtered and dropped: all it has seen */
	uint64_t filtered;
	uint64_t dropped;	/* found no room */
	uint64_t waiting_bytes; /* of the rings, with what nobody has read yet */
};

/* All taps there are, by name: an array of *ret_n, to be freed with free(3). None is no
 * failure. */
int weir_tap_list(struct weir_tap_info **ret_taps, unsigned *ret_n, struct weir_err *err);

#ifdef __cplusplus
}
#endif
#endif
