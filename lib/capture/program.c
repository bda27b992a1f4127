/* SPDX-License-Identifier: BSD-2-Clause */
#include "capture/program.h"

#include <errno.h>
#include <linux/bpf.h>
#include <linux/if_link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "capture.skel.h"

#include "base/cleanup.h"
#include "base/err.h"
#include "base/macros.h"
#include "base/memory.h"
#include "capture/blockring.h"
#include "capture/prog-device.h"
#include "capture/translate.h"
#include "port/xdp-features.h"

/* As far as the verifier lets a program reach into one map (BPF_MAX_VAR_OFF), less what
 * stands around a ring's data. */
#define RING_MAX (1ull << 28)

/* Without a wish rings take at most this share of the memory that is there. */
#define MEMORY_SHARE 8

/* Linux 6.6; the headers that we build with may be older. */
#define TCX_INGRESS 46
#define TCX_EGRESS  47

/* BPF_F_XDP_DEV_BOUND_ONLY, Linux 6.3 */
#define XDP_DEV_BOUND_ONLY (1u << 6)

_Static_assert(CAPTURE_NEAR_MAX == TRANSLATE_NEAR_MAX, "the filter is shown what it looks at");

/* Does the driver run programs? One that says nothing is tried. */
static bool runs_xdp(const struct weir_iface *iface)
{
	uint64_t features;

	return xdp_features(iface->index, &features) < 0 || features & XDP_FEATURE_BASIC;
}

/* May a program in the driver be had unasked? */
static bool suits_xdp(const struct program_opts *opts)
{
	const struct weir_iface *iface = opts->iface;

	return opts->drops && iface->header_len && runs_xdp(iface) &&
	       (!opts->hw_time || xdp_tells_time(iface->index));
}

void program_choose(struct program_opts *opts, enum weir_capture_direction direction,
		    enum weir_capture_engine engine, enum weir_capture_mode mode)
{
	const struct weir_iface *iface = opts->iface;

	opts->drops = mode == WEIR_CAPTURE_DROP;
	opts->in = direction != WEIR_CAPTURE_OUT;
	/* On the loopback all that is sent arrives. */
	opts->out = direction == WEIR_CAPTURE_OUT ||
		    (direction == WEIR_CAPTURE_BOTH && strcmp(iface->name, "lo") != 0);
	/* A program in the driver may stop the link for a moment when it comes and goes, and what
	 * programs of this machine send to a veth is copied for it: not unasked, then. */
	opts->xdp = engine == WEIR_CAPTURE_XDP || (engine == WEIR_CAPTURE_AUTO && suits_xdp(opts));
}

/* Processors that there may be while we run; a ring each. */
static unsigned count_cpus(void)
{
	const long n = sysconf(_SC_NPROCESSORS_CONF);

	return n > 0 ? (unsigned)n : 1;
}

void program_size(struct program_opts *opts, uint64_t size, uint64_t most)
{
	opts->n_rings = count_cpus();
	opts->ring_size = MIN(most, RING_MAX);
	if (size)
		return;
	while (opts->ring_size > CAPTURE_CHUNK &&
	       opts->ring_size * opts->n_rings > memory_available() / MEMORY_SHARE)
		opts->ring_size /= 2;
}

/* Puts the instructions of a filter into the function that waits for them: at its end, with a
 * jump over the rest that the verifier can see to be taken, so that it leaves that out. */
static int fill_function(uint8_t *object, size_t size, int32_t number, const struct translation *t)
{
	const struct bpf_insn mark = { .code = BPF_ALU64 | BPF_MOV | BPF_K, .imm = number };
	const unsigned room = CAPTURE_FILTER_ROOM + 2; /* the mark and the end */
	struct bpf_insn *insns = NULL;

	if (t->n > CAPTURE_FILTER_ROOM)
		return -E2BIG;
	for (size_t at = 0; at + room * sizeof(mark) <= size && !insns; at += sizeof(mark))
		if (memcmp(object + at, &mark, sizeof(mark)) == 0)
			insns = (void *)(object + at);
	if (!insns)
		return -ENOENT;
	insns[0].imm = 0;
	insns[1] = (struct bpf_insn){ .code = BPF_JMP | BPF_JEQ | BPF_K,
				      .off = (int16_t)(room - t->n - 2) };
	memcpy(&insns[room - t->n], t->insns, t->n * sizeof(*insns));
	return 0;
}

static int fill_functions(uint8_t *object, size_t size, const struct sock_fprog *filter,
			  uint32_t *ret_near, struct weir_err *err)
{
	const int32_t numbers[] = { CAPTURE_FILTER_TC, CAPTURE_FILTER_XDP };
	int r = 0;

	for (unsigned xdp = 0; r == 0 && xdp < ARRAY_SIZE(numbers); xdp++) {
		struct translation t = { 0 };

		r = translate(filter, xdp, &t, err);
		if (r < 0)
			return r;
		r = fill_function(object, size, numbers[xdp], &t);
		*ret_near = t.near;
		translation_done(&t);
	}
	return r < 0 ? err_set(err, r, "it is too long") : 0;
}

/* The object of the programs, to be freed; with a filter that is shown the first *ret_near bytes of
 * frames, if there is one. */
static int make_object(const struct program_opts *o, void **ret_object, size_t *ret_size,
		       uint32_t *ret_near, struct weir_err *err)
{
	size_t size;
	const void *plain =
		o->xdp && o->hw_time ? prog_device_object(&size) : capture__elf_bytes(&size);
	CLEANUP(freep)
	void *object = malloc(size);
	int r = 0;

	if (!object)
		return err_set(err, -ENOMEM, "out of memory");
	memcpy(object, plain, size);
	if (o->filter)
		r = fill_functions(object, size, o->filter, ret_near, err);
	if (r < 0)
		return err_prefix(err, -ENOEXEC, "the filter cannot be run in the kernel");
	*ret_object = TAKE_PTR(object);
	*ret_size = size;
	return 0;
}

/* As capture__open(), of the object, which is lent while it lives. */
static struct capture *open_object(void *object, size_t size)
{
	struct capture *skel = calloc(1, sizeof(*skel));
	int r = skel ? capture__create_skeleton(skel) : -ENOMEM;

	if (r == 0) {
		skel->skeleton->data = object;
		skel->skeleton->data_sz = size;
		r = bpf_object__open_skeleton(skel->skeleton, NULL);
	}
	if (r == 0)
		return skel;
	capture__destroy(skel); /* copes with NULL */
	errno = -r;
	return NULL;
}

static struct capture *open_skel(const struct program_opts *o, bool tai, void *object, size_t size,
				 uint32_t near)
{
	struct capture *skel = open_object(object, size);

	if (!skel)
		return NULL;
	skel->rodata->near = near;
	skel->rodata->mask = (uint32_t)o->ring_size - 1;
	skel->rodata->snaplen = o->snaplen ? o->snaplen : CAPTURE_FRAME_MAX;
	skel->rodata->marks = o->marks;
	skel->rodata->iface = o->iface_nr;
	skel->rodata->hw_iface = o->hw_iface_nr;
	skel->rodata->hw_time = o->hw_time;
	skel->rodata->raw_time = o->raw_time;
	skel->rodata->drops = o->drops;
	skel->rodata->tap = o->tap;
	skel->rodata->has_tai = tai;
#if defined(__x86_64__) || defined(__i386__)
	skel->rodata->stores_in_order = true;
#endif
	/* These fail for no map and program of ours. */
	(void)bpf_map__set_max_entries(skel->maps.rings, o->n_rings);
	(void)bpf_map__set_value_size(skel->maps.rings, (uint32_t)blockring_memory(o->ring_size));
	(void)bpf_program__set_autoload(skel->progs.capture_xdp, o->xdp && o->in);
	(void)bpf_program__set_autoload(skel->progs.capture_in, !o->xdp && o->in);
	(void)bpf_program__set_autoload(skel->progs.capture_out, o->out);
	if (o->xdp && o->hw_time) {
		bpf_program__set_ifindex(skel->progs.capture_xdp, o->iface->index);
		(void)bpf_program__set_flags(skel->progs.capture_xdp, XDP_DEV_BOUND_ONLY);
	}
	return skel;
}

static int load_failed(const struct program_opts *o, int r, struct weir_err *err)
{
	if (r == -EPERM || (r == -EACCES && !o->filter))
		return err_set(err, r,
			       "capturing inside the kernel needs the capabilities CAP_BPF, "
			       "CAP_NET_ADMIN and CAP_PERFMON");
	if (o->xdp && o->hw_time)
		return err_set(err, -ENOTSUP,
			       "the kernel or the driver of '%s' has no times of the device for "
			       "programs in XDP (%s); other engines have them",
			       o->iface->name, strerror(-r));
	if (o->filter)
		return err_set(err, -ENOEXEC, "the kernel takes no program with this filter: %s",
			       strerror(-r));
	return err_set(err, r == -EINVAL ? -ENOTSUP : r,
		       "cannot load the program that captures: %s", strerror(-r));
}

/* Linux 6.1 has the better clock. */
int program_load(const struct program_opts *opts, struct program *ret_program, struct weir_err *err)
{
	struct program p = { .opts = *opts };
	CLEANUP(freep)
	void *object = NULL;
	size_t size = 0;
	uint32_t near = 0;
	int r = make_object(opts, &object, &size, &near, err);

	if (r < 0)
		return r;
	(void)libbpf_set_print(NULL); /* what it would say is in our error */
	r = -EINVAL;
	for (int tai = 1; tai >= 0 && r == -EINVAL; tai--) {
		p.has_tai = tai;
		p.skel = open_skel(opts, tai, object, size, near);
		if (!p.skel)
			return load_failed(opts, -errno, err);
		r = capture__load(p.skel);
		if (r < 0)
			program_unload(&p);
	}
	if (r < 0)
		return load_failed(opts, r, err);
	p.opts.filter = NULL; /* in it now */
	*ret_program = p;
	return 0;
}

void program_unload(struct program *p)
{
	capture__destroy(p->skel); /* copes with NULL */
	p->skel = NULL;
}

static const struct bpf_program *of_hook(const struct program *p, enum program_hook hook)
{
	if (hook == PROGRAM_OUT)
		return p->opts.out ? p->skel->progs.capture_out : NULL;
	if (!p->opts.in)
		return NULL;
	return p->opts.xdp ? p->skel->progs.capture_xdp : p->skel->progs.capture_in;
}

int program_fd(const struct program *p, enum program_hook hook)
{
	const struct bpf_program *prog = of_hook(p, hook);

	return prog ? bpf_program__fd(prog) : -ENOENT;
}

int program_control_fd(const struct program *p)
{
	return bpf_map__fd(p->skel->maps.data_control);
}

int program_rings_fd(const struct program *p)
{
	return bpf_map__fd(p->skel->maps.rings);
}

/* The XDP program that is there already: "program 17 'name'". */
static void tell_other(const struct weir_iface *iface, char *text, size_t size)
{
	struct bpf_prog_info info = { 0 };
	uint32_t id = 0, len = sizeof(info);
	int fd;

	(void)snprintf(text, size, "an XDP program");
	if (bpf_xdp_query_id((int)iface->index, 0, &id) < 0 || !id)
		return;
	(void)snprintf(text, size, "XDP program %u", id);
	fd = bpf_prog_get_fd_by_id(id);
	if (fd < 0)
		return;
	if (bpf_obj_get_info_by_fd(fd, &info, &len) == 0 && info.name[0])
		(void)snprintf(text, size, "XDP program %u ('%.16s')", id, info.name);
	(void)close(fd); /* nothing was written */
}

static int attach_failed(const struct weir_iface *iface, bool xdp, int r, struct weir_err *err)
{
	char other[64];

	if (xdp && (r == -EBUSY || r == -EEXIST)) {
		tell_other(iface, other, sizeof(other));
		return err_set(err, -EBUSY, "'%s' has %s already, which is not replaced",
			       iface->name, other);
	}
	if (xdp)
		return err_set(err, r, "cannot attach an XDP program to the driver of '%s': %s",
			       iface->name, strerror(-r));
	if (r == -EINVAL)
		return err_set(err, -ENOTSUP,
			       "this kernel has no links for programs of traffic control (Linux "
			       "6.6)");
	return err_set(err, r, "cannot attach a program to '%s': %s", iface->name, strerror(-r));
}

int program_attach(const struct program *p, enum program_hook hook, struct weir_err *err)
{
	const bool xdp = hook == PROGRAM_IN && p->opts.xdp;
	const unsigned type = xdp ? BPF_XDP : hook == PROGRAM_IN ? TCX_INGRESS : TCX_EGRESS;
	LIBBPF_OPTS(bpf_link_create_opts, opts, .flags = xdp ? XDP_FLAGS_DRV_MODE : 0);
	int fd = bpf_link_create(program_fd(p, hook), (int)p->opts.iface->index,
				 (enum bpf_attach_type)type, &opts);

	return fd < 0 ? attach_failed(p->opts.iface, xdp, -errno, err) : fd;
}

int program_map_control(int fd, struct capture_control **ret_control, struct weir_err *err)
{
	void *p = mmap(NULL, sizeof(**ret_control), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (p == MAP_FAILED)
		return err_set(err, -errno, "cannot map what programs are told: %s",
			       strerror(errno));
	*ret_control = p;
	return 0;
}

void program_unmap_control(struct capture_control *control)
{
	if (control)
		(void)munmap(control, sizeof(*control)); /* was mapped */
}

int program_map_rings(int fd, uint64_t ring_size, unsigned n, struct program_rings *ret_rings,
		      struct weir_err *err)
{
	const size_t each = blockring_memory(ring_size);
	void *p = mmap(NULL, n * each, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (p == MAP_FAILED)
		return err_set(err, -errno, "cannot map %u rings of %llu MiB: %s", n,
			       (unsigned long long)(ring_size >> 20), strerror(errno));
	*ret_rings = (struct program_rings){ .mem = p, .each = each, .n = n };
	return 0;
}

void program_unmap_rings(struct program_rings *rings)
{
	if (rings->mem)
		(void)munmap(rings->mem, rings->n * rings->each); /* was mapped */
	*rings = (struct program_rings){ 0 };
}
