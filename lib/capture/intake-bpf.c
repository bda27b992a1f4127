/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Capturing by programs in the kernel (bpf/capture.bpf.c), which write the rings themselves:
 * here they are loaded, attached and told the time.
 *
 * All of them are attached through links, which the kernel takes back when the process ends,
 * however that happens: an interface whose frames are dropped is never cut off by a crash.
 * Attaching through a link never replaces what somebody else has attached.
 */
#include <errno.h>
#include <linux/bpf.h>
#include <linux/if_link.h>
#include <net/if.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "capture.skel.h"

#include "base/cleanup.h"
#include "base/err.h"
#include "base/macros.h"
#include "base/memory.h"
#include "base/time.h"
#include "capture/intake.h"
#include "port/link.h"
#include "port/packet.h"
#include "port/xdp-features.h"

/* As far as the verifier lets a program reach into one map (BPF_MAX_VAR_OFF), less what
 * stands around a ring's data. */
#define RING_MAX (1ull << 28)

/* Without a wish rings take at most this share of the memory that is there. */
#define MEMORY_SHARE 8

/* Linux 6.6; the headers that we build with may be older. */
#define TCX_INGRESS 46
#define TCX_EGRESS  47

/* How often the clocks are compared and the interface is looked for. */
#define MIND_MS 100

/* Programs that run when they are detached have ended after this. */
#define GRACE_MS 20

enum {
	HOOK_IN,
	HOOK_OUT,
	N_HOOKS
};

struct bpf_priv {
	struct weir_iface iface;
	struct capture *prog;
	int links[N_HOOKS];
	int promisc_fd;
	void *mem; /* of all rings, in a row: they need not begin with a page */
	size_t mem_size;
	bool xdp, has_tai;
	pthread_t minder;
	bool minds;
	int end_fd; /* wakes the minder */
	_Atomic bool gone;
};

static bool wants_in(const struct intake *s)
{
	return s->opts->direction != WEIR_CAPTURE_OUT;
}

/* On the loopback all that is sent arrives. */
static bool wants_out(const struct intake *s, const struct weir_iface *iface)
{
	return s->opts->direction == WEIR_CAPTURE_OUT ||
	       (s->opts->direction == WEIR_CAPTURE_BOTH && strcmp(iface->name, "lo") != 0);
}

/* The wall clock less that of the programs; whole seconds where those are all there is. */
static int64_t clock_shift(bool has_tai)
{
	const clockid_t clock = has_tai ? CLOCK_TAI : CLOCK_MONOTONIC;
	const uint64_t before = time_now(clock), wall = time_now(CLOCK_REALTIME);
	const uint64_t after = time_now(clock);
	int64_t shift = (int64_t)(wall - (before + (after - before) / 2));
	const int64_t second = (int64_t)NSEC_PER_SEC;

	if (has_tai)
		shift = (shift - second / 2) / second * second; /* TAI is never behind */
	return shift;
}

static void set_clocks(const struct intake *s)
{
	const struct bpf_priv *p = s->priv;
	const int64_t shift = clock_shift(p->has_tai);

	for (unsigned i = 0; i < s->n_rings; i++)
		__atomic_store_n(&s->rings[i].shared->shift_ns, shift, __ATOMIC_RELAXED);
}

static void *mind(void *arg)
{
	const struct intake *s = arg;
	struct bpf_priv *p = s->priv;
	struct pollfd pfd = { .fd = p->end_fd, .events = POLLIN };
	char name[IF_NAMESIZE];

	while (poll(&pfd, 1, MIND_MS) <= 0) {
		set_clocks(s);
		if (!if_indextoname(p->iface.index, name))
			atomic_store(&p->gone, true);
	}
	return NULL;
}

/* Processors that there may be while we run; a ring each. */
static unsigned count_cpus(void)
{
	const long n = sysconf(_SC_NPROCESSORS_CONF);

	return n > 0 ? (unsigned)n : 1;
}

static uint64_t ring_size_for(const struct intake *s, unsigned n)
{
	uint64_t size = MIN(s->ring_size, RING_MAX);

	if (s->opts->buffer_size)
		return size;
	while (size > CAPTURE_CHUNK && size * n > memory_available() / MEMORY_SHARE)
		size /= 2;
	return size;
}

static struct capture *open_prog(const struct intake *s, uint64_t ring_size, unsigned n, bool tai)
{
	const struct bpf_priv *p = s->priv;
	struct capture *prog = capture__open();
	const bool out = wants_out(s, &p->iface);

	if (!prog)
		return NULL;
	prog->rodata->mask = (uint32_t)ring_size - 1;
	prog->rodata->snaplen = s->opts->snaplen ? s->opts->snaplen : CAPTURE_FRAME_MAX;
	prog->rodata->marks = s->opts->marks;
	prog->rodata->iface = s->nr;
	prog->rodata->drops = s->opts->mode == WEIR_CAPTURE_DROP;
	prog->rodata->has_tai = tai;
#if defined(__x86_64__) || defined(__i386__)
	prog->rodata->stores_in_order = true;
#endif
	/* These fail for no map and program of ours. */
	(void)bpf_map__set_max_entries(prog->maps.rings, n);
	(void)bpf_map__set_value_size(prog->maps.rings, (uint32_t)blockring_memory(ring_size));
	(void)bpf_program__set_autoload(prog->progs.capture_xdp, p->xdp && wants_in(s));
	(void)bpf_program__set_autoload(prog->progs.capture_in, !p->xdp && wants_in(s));
	(void)bpf_program__set_autoload(prog->progs.capture_out, out);
	return prog;
}

static int load_failed(int r, struct weir_err *err)
{
	if (r == -EPERM || r == -EACCES)
		return err_set(err, r,
			       "capturing inside the kernel needs the capabilities CAP_BPF, "
			       "CAP_NET_ADMIN and CAP_PERFMON");
	return err_set(err, r == -EINVAL ? -ENOTSUP : r,
		       "cannot load the program that captures: %s", strerror(-r));
}

/* Linux 6.1 has the better clock. */
static int load(struct intake *s, uint64_t ring_size, unsigned n, struct weir_err *err)
{
	struct bpf_priv *p = s->priv;
	int r = -EINVAL;

	(void)libbpf_set_print(NULL); /* what it would say is in our error */
	for (int tai = 1; tai >= 0 && r == -EINVAL; tai--) {
		p->has_tai = tai;
		p->prog = open_prog(s, ring_size, n, tai);
		if (!p->prog)
			return load_failed(-errno, err);
		r = capture__load(p->prog);
		if (r < 0) {
			capture__destroy(p->prog);
			p->prog = NULL;
		}
	}
	return r < 0 ? load_failed(r, err) : 0;
}

static int map_rings(struct intake *s, uint64_t ring_size, unsigned n, struct weir_err *err)
{
	const size_t each = blockring_memory(ring_size);
	struct bpf_priv *p = s->priv;
	uint8_t *mem;
	int r = intake_set_rings(s, n, err);

	if (r < 0)
		return r;
	mem = mmap(NULL, n * each, PROT_READ | PROT_WRITE, MAP_SHARED,
		   bpf_map__fd(p->prog->maps.rings), 0);
	if (mem == MAP_FAILED)
		return err_set(err, -errno, "cannot map %u rings of %llu MiB: %s", n,
			       (unsigned long long)(ring_size >> 20), strerror(errno));
	p->mem = mem;
	p->mem_size = n * each;
	for (unsigned i = 0; i < n; i++) {
		blockring_init_at(&s->rings[i], mem + i * each, ring_size);
		intake_set_ring(s, &s->rings[i], i);
	}
	return 0;
}

/* Frames for other hosts arrive as long as this is open. */
static int open_promisc(struct bpf_priv *p, struct weir_err *err)
{
	p->promisc_fd = packet_socket(&p->iface, err);
	return p->promisc_fd < 0 ? p->promisc_fd
				 : packet_set_promisc(p->promisc_fd, &p->iface, err);
}

static int attach(struct bpf_priv *p, unsigned hook, const struct bpf_program *prog, unsigned type,
		  unsigned flags, struct weir_err *err)
{
	LIBBPF_OPTS(bpf_link_create_opts, opts, .flags = flags);
	int fd = bpf_link_create(bpf_program__fd(prog), (int)p->iface.index,
				 (enum bpf_attach_type)type, &opts);

	if (fd >= 0) {
		p->links[hook] = fd;
		return 0;
	}
	if (type == BPF_XDP && (errno == EBUSY || errno == EEXIST))
		return err_set(err, -EBUSY,
			       "'%s' has an XDP program already, which is not replaced",
			       p->iface.name);
	if (type == BPF_XDP)
		return err_set(err, -errno,
			       "cannot attach an XDP program to the driver of '%s': %s",
			       p->iface.name, strerror(errno));
	if (errno == EINVAL)
		return err_set(err, -ENOTSUP,
			       "this kernel has no links for programs of traffic control (Linux "
			       "6.6)");
	return err_set(err, -errno, "cannot attach a program to '%s': %s", p->iface.name,
		       strerror(errno));
}

static int attach_all(struct intake *s, struct weir_err *err)
{
	struct bpf_priv *p = s->priv;
	int r = 0;

	if (wants_in(s) && p->xdp)
		r = attach(p, HOOK_IN, p->prog->progs.capture_xdp, BPF_XDP, XDP_FLAGS_DRV_MODE,
			   err);
	else if (wants_in(s))
		r = attach(p, HOOK_IN, p->prog->progs.capture_in, TCX_INGRESS, 0, err);
	if (r == 0 && wants_out(s, &p->iface))
		r = attach(p, HOOK_OUT, p->prog->progs.capture_out, TCX_EGRESS, 0, err);
	return r;
}

/* Does the driver run programs? One that says nothing is tried. */
static bool runs_xdp(const struct weir_iface *iface)
{
	uint64_t features;

	return xdp_features(iface->index, &features) < 0 || features & XDP_FEATURE_BASIC;
}

static int choose(struct intake *s, struct weir_err *err)
{
	const enum weir_capture_engine engine = s->opts->engine;
	const bool drops = s->opts->mode == WEIR_CAPTURE_DROP;
	struct bpf_priv *p = s->priv;
	int r = link_by_name(s->info.name, &p->iface, err);

	if (r < 0)
		return r;
	if (p->iface.linktype == WEIR_LINKTYPE_NONE)
		return err_set(err, -ENOTSUP, "interface '%s' has a link layer that is not known",
			       p->iface.name);
	if (s->opts->filter)
		return err_set(err, -ENOTSUP,
			       "a filter needs an AF_PACKET socket: --engine=packet");
	if (s->opts->queues)
		return err_set(err, -EINVAL, "programs in the kernel have a queue a processor");
	/* A program in the driver may stop the link for a moment when it comes and goes, and what
	 * programs of this machine send to a veth is copied for it: not unasked, then. */
	p->xdp = engine == WEIR_CAPTURE_XDP || (engine == WEIR_CAPTURE_AUTO && drops &&
						p->iface.header_len && runs_xdp(&p->iface));
	return 0;
}

static void fill_info(struct intake *s)
{
	const struct bpf_priv *p = s->priv;

	(void)snprintf(s->info.device, sizeof(s->info.device), "%s", p->iface.name);
	(void)snprintf(s->info.note, sizeof(s->info.note), "%s",
		       s->opts->mode == WEIR_CAPTURE_DROP ? "frames go no further" : "");
	s->info.engine = p->xdp ? "xdp program" : "tc program";
	s->info.linktype = p->iface.linktype;
	s->info.speed_bps = p->iface.speed_bps;
	memcpy(s->info.mac, p->iface.mac, sizeof(s->info.mac));
}

static int bpf_open(struct intake *s, struct weir_err *err)
{
	const unsigned n = count_cpus();
	const uint64_t ring_size = ring_size_for(s, n);
	struct bpf_priv *p = s->priv;
	int r;

	p->links[HOOK_IN] = p->links[HOOK_OUT] = p->promisc_fd = p->end_fd = -EBADF;
	r = choose(s, err);
	if (r == 0)
		r = load(s, ring_size, n, err);
	if (r == 0)
		r = map_rings(s, ring_size, n, err);
	if (r == 0 && s->opts->promisc && p->iface.header_len)
		r = open_promisc(p, err);
	if (r == 0)
		r = attach_all(s, err);
	if (r < 0)
		return err_prefix(err, r, "%s", s->info.name);
	fill_info(s);
	return 0;
}

static void set_on(struct bpf_priv *p, bool on)
{
	__atomic_store_n(&p->prog->bss->on, on, __ATOMIC_RELEASE);
}

static int bpf_start(struct intake *s, struct weir_err *err)
{
	struct bpf_priv *p = s->priv;
	int r;

	set_clocks(s);
	p->end_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (p->end_fd < 0)
		return err_set(err, -errno, "eventfd: %s", strerror(errno));
	r = -pthread_create(&p->minder, NULL, mind, s);
	if (r < 0)
		return err_set(err, r, "cannot start a thread: %s", strerror(-r));
	p->minds = true;
	set_on(p, true);
	return 0;
}

static void bpf_stop(struct intake *s)
{
	struct bpf_priv *p = s->priv;

	if (!p->minds)
		return;
	set_on(p, false);
	(void)eventfd_write(p->end_fd, 1); /* has room */
	(void)pthread_join(p->minder, NULL);
	p->minds = false;
	(void)poll(NULL, 0, GRACE_MS);
}

static void bpf_close(struct intake *s)
{
	struct bpf_priv *p = s->priv;

	bpf_stop(s);
	for (unsigned i = 0; i < N_HOOKS; i++)
		closep(&p->links[i]);
	closep(&p->promisc_fd);
	closep(&p->end_fd);
	if (p->mem)
		(void)munmap(p->mem, p->mem_size); /* was mapped */
	capture__destroy(p->prog);		   /* copes with NULL */
}

/* Frames that found no ring, and those that came while another was being written. */
static uint64_t bpf_dropped(const struct intake *s)
{
	const struct bpf_priv *p = s->priv;
	uint64_t n = __atomic_load_n(&p->prog->bss->orphans, __ATOMIC_RELAXED);

	for (unsigned i = 0; i < s->n_rings; i++)
		n += blockring_counter(&s->rings[i].shared->nested);
	return n;
}

static int bpf_ended(const struct intake *s, struct weir_err *err)
{
	const struct bpf_priv *p = s->priv;

	return atomic_load(&p->gone)
		       ? err_set(err, -ENODEV, "%s: the interface is gone", s->info.name)
		       : 0;
}

const struct engine bpf_engine = {
	.hold_ns = 20 * NSEC_PER_MSEC,
	.priv_size = sizeof(struct bpf_priv),
	.open = bpf_open,
	.start = bpf_start,
	.stop = bpf_stop,
	.close = bpf_close,
	.dropped = bpf_dropped,
	.ended = bpf_ended,
};
