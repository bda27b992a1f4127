/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * kernel: the program, and the thread that runs it. The thread is inside one system call
 * for as long as the queue is open; the program itself cannot end that call, a signal can.
 */
#include <errno.h>
#include <linux/bpf.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "port/kernel.h"

#include "kernel-send.skel.h"

#include "base/cleanup.h"
#include "base/counter.h"
#include "base/err.h"
#include "base/macros.h"
#include "port/wait.h"

/* Runs of the program in one call, at most: minutes. */
#define RUNS UINT32_MAX

/* The first run is some 20 ms away: the kernel waits for all its processors. */
#define START_NS (5 * NSEC_PER_SEC)
#define STEP_NS	 (200 * NSEC_PER_USEC)

static int map_memory(struct kernel_run *r, struct weir_err *err)
{
	void *mem = mmap(NULL, r->memory_size, PROT_READ | PROT_WRITE, MAP_SHARED,
			 bpf_map__fd(r->prog->maps.memory), 0);

	if (mem == MAP_FAILED)
		return err_set(err, -errno, "cannot map the program's memory: %s", strerror(errno));
	r->memory = mem;
	return 0;
}

static int load_failed(int r, struct weir_err *err)
{
	if (r == -EPERM)
		return err_set(err, r,
			       "sending from inside the kernel needs the capabilities CAP_BPF, "
			       "CAP_NET_ADMIN and CAP_PERFMON");
	return err_set(err, r, "cannot load the program that sends: %s", strerror(-r));
}

static int load(struct kernel_run *r, const struct kernel_plan *plan, struct weir_err *err)
{
	const size_t page = (size_t)sysconf(_SC_PAGESIZE);
	struct kernel_send *prog;
	int q;

	(void)libbpf_set_print(NULL); /* what it would say is in our error */
	r->frame_room = plan->frame_room;
	r->batch = plan->batch;
	r->memory_size = (plan->memory + KERNEL_FRAME_MAX + page - 1) / page * page;
	prog = r->prog = kernel_send__open();
	if (!prog)
		return load_failed(-errno, err);
	prog->rodata->frame_room = plan->frame_room;
	prog->rodata->last_off = (uint32_t)r->memory_size - KERNEL_FRAME_MAX;
	prog->rodata->ifindex = plan->iface ? plan->iface->index : 0;
	q = bpf_map__set_value_size(prog->maps.memory, (uint32_t)r->memory_size);
	if (q == 0)
		q = kernel_send__load(prog);
	if (q < 0)
		return load_failed(q, err);
	r->shared = &prog->bss->shared;
	return map_memory(r, err);
}

static int aim(const struct kernel_run *r, const struct weir_iface *iface, struct weir_err *err)
{
	uint32_t zero = 0, index = iface->index;

	if (bpf_map_update_elem(bpf_map__fd(r->prog->maps.device), &zero, &index, 0) < 0)
		return err_set(err, -errno, "'%s' cannot be sent to: %s", iface->name,
			       strerror(errno));
	return 0;
}

/* A thread that is cancelled leaves its frames as they are, and what AddressSanitizer noted of
 * them for whoever uses that stack next. */
#define CANCELLED_WITHIN __attribute__((no_sanitize_address))

/* Lets the program run up to n times. 0, or a negative errno. */
CANCELLED_WITHIN static int run(const struct kernel_run *r, uint32_t n)
{
	uint8_t frame[KERNEL_FRAME_MAX] = { 0 };
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = frame, .data_size_in = r->frame_room,
		    .repeat = n, .flags = BPF_F_TEST_XDP_LIVE_FRAMES, .batch_size = r->batch);

	return bpf_prog_test_run_opts(bpf_program__fd(r->prog->progs.kernel_send), &opts) < 0
		       ? -errno
		       : 0;
}

CANCELLED_WITHIN static void *runner(void *arg)
{
	struct kernel_run *r = arg;
	const struct sched_param other = { 0 };
	int old, q;

	/* A real-time thread that never sleeps would leave nothing to others. */
	(void)pthread_setschedparam(pthread_self(), SCHED_OTHER, &other); /* or it stays as is */
	/* The only thing that it does is that call, so that it may end anywhere in it. */
	(void)pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, &old);
	__atomic_store_n(&r->shared->thread, (uint32_t)gettid(), __ATOMIC_RELAXED);
	do {
		q = run(r, RUNS);
	} while (q == 0 || q == -EINTR);
	atomic_store(&r->ended, q);
	return NULL;
}

/* Until the program has run for the first time, or never will. */
static int await_start(struct kernel_run *r, struct weir_err *err)
{
	const uint64_t begin = wait_clock_ns(CLOCK_MONOTONIC);

	while (!__atomic_load_n(&r->shared->idle, __ATOMIC_RELAXED)) {
		int ended = atomic_load(&r->ended);

		if (ended)
			return err_set(err, ended,
				       "the kernel does not run the program that sends: %s",
				       strerror(-ended));
		if (wait_clock_ns(CLOCK_MONOTONIC) - begin > START_NS)
			return err_set(err, -ETIMEDOUT, "the program that sends does not start");
		(void)wait_fds(NULL, 0, STEP_NS); /* only to pass time */
	}
	return 0;
}

int kernel_run_open(struct kernel_run *r, const struct kernel_plan *plan, struct weir_err *err)
{
	int q = load(r, plan, err);

	if (q == 0)
		q = aim(r, plan->iface, err);
	if (q < 0)
		return q;
	r->count = bpf_program__attach(r->prog->progs.kernel_count);
	if (!r->count)
		return err_set(err, -errno, "cannot hear what the device took: %s",
			       strerror(errno));
	q = pthread_create(&r->thread, NULL, runner, r);
	if (q)
		return err_set(err, -q, "cannot start a thread: %s", strerror(q));
	r->thread_runs = true;
	return await_start(r, err);
}

void kernel_run_close(struct kernel_run *r)
{
	if (r->thread_runs) {
		(void)pthread_cancel(r->thread); /* it exists */
		(void)pthread_join(r->thread, NULL);
	}
	bpf_link__destroy(r->count);
	if (r->memory)
		(void)munmap(r->memory, r->memory_size);
	kernel_send__destroy(r->prog); /* copes with NULL */
	*r = (struct kernel_run){ 0 };
}

int kernel_run_probe(struct weir_err *err)
{
	const struct kernel_plan plan = { .frame_room = KERNEL_BLOCK, .batch = 1 };
	struct kernel_run r = { 0 };
	int q = load(&r, &plan, err);

	if (q == 0) {
		q = run(&r, 1); /* nothing is announced: it sends nothing */
		if (q < 0)
			q = err_set(err, -ENOTSUP,
				    "this kernel cannot run programs on live frames (Linux 5.18)");
	}
	kernel_run_close(&r);
	return q;
}
