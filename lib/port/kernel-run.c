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

/* Sets what the verifier is to know of the program. */
static void set_constants(struct kernel_send *prog, const struct kernel_plan *plan)
{
	struct kernel_shared *shared = &prog->bss->shared;

	prog->rodata->frame_room = plan->frame_room;
	prog->rodata->last_off = (uint32_t)plan->memory->size - KERNEL_FRAME_MAX;
	prog->rodata->ifindex = plan->iface ? plan->iface->index : 0;
	prog->rodata->timed = plan->timed;
	prog->rodata->to_copy = plan->frame_room;
	if (!plan->recipe)
		return;
	if (plan->keep)
		prog->rodata->to_copy = kernel_recipe_end(plan->recipe);
	kernel_recipe_fill(plan->recipe, (struct kernel_recipe *)&prog->rodata->recipe);
	memcpy(shared->bytes, plan->recipe->bytes, plan->recipe->len);
	shared->digits_of = UINT64_MAX - 1; /* no frame follows that one */
}

static int load(struct kernel_run *r, const struct kernel_plan *plan, struct weir_err *err)
{
	struct bpf_program *main_prog;
	struct kernel_send *prog;
	int q;

	(void)libbpf_set_print(NULL); /* what it would say is in our error */
	r->frame_room = plan->frame_room;
	r->batch = plan->batch;
	prog = r->prog = kernel_send__open();
	if (!prog)
		return kernel_failed(-errno, "load the program that sends", err);
	set_constants(prog, plan);
	main_prog = plan->recipe ? prog->progs.kernel_make : prog->progs.kernel_send;
	(void)bpf_program__set_autoload(prog->progs.kernel_make, plan->recipe);
	(void)bpf_program__set_autoload(prog->progs.kernel_send, !plan->recipe);
	q = bpf_map__reuse_fd(prog->maps.memory, plan->memory->fd);
	if (q == 0)
		q = kernel_send__load(prog);
	if (q < 0)
		return kernel_failed(q, "load the program that sends", err);
	r->fd = bpf_program__fd(main_prog);
	r->shared = &prog->bss->shared;
	return 0;
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
	/* What new pages are filled with. */
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = r->shared->bytes,
		    .data_size_in = r->frame_room, .repeat = n, .flags = BPF_F_TEST_XDP_LIVE_FRAMES,
		    .batch_size = r->batch);

	return bpf_prog_test_run_opts(r->fd, &opts) < 0 ? -errno : 0;
}

/* This thread never sleeps: a real-time one has to be below the one that feeds it, which may
 * be given the same processor. */
static void give_way(void)
{
	struct sched_param param = { 0 };
	int class;

	if (pthread_getschedparam(pthread_self(), &class, &param) ||
	    (class != SCHED_FIFO && class != SCHED_RR))
		return;
	if (--param.sched_priority == 0)
		class = SCHED_OTHER;
	(void)pthread_setschedparam(pthread_self(), class, &param); /* or it stays as is */
}

CANCELLED_WITHIN static void *runner(void *arg)
{
	struct kernel_run *r = arg;
	int old, q;

	give_way();
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
	kernel_send__destroy(r->prog); /* copes with NULL */
	*r = (struct kernel_run){ 0 };
}

int kernel_run_probe(struct weir_err *err)
{
	struct kernel_memory memory = { .fd = -EBADF };
	const struct kernel_plan plan = { .memory = &memory,
					  .frame_room = KERNEL_FRAME_MIN,
					  .batch = 1 };
	struct kernel_run r = { 0 };
	int q = kernel_memory_init(&memory, 0, err);

	if (q == 0)
		q = load(&r, &plan, err);
	if (q == 0) {
		q = run(&r, 1); /* nothing is announced: it sends nothing */
		if (q < 0)
			q = err_set(err, -ENOTSUP,
				    "this kernel cannot run programs on live frames (Linux 5.18)");
	}
	kernel_run_close(&r);
	kernel_memory_done(&memory);
	return q;
}
