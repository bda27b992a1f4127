/* SPDX-License-Identifier: BSD-2-Clause */
/* A switch in the foreground or in the background. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>

#include "signals.h"
#include "switch.h"
#include "util.h"

struct runner {
	struct weir_switch *sw;
	struct weir_err err;
	int result;
	int ended; /* writing end of a pipe that hangs up when it has ended */
};

static void *run_thread(void *arg)
{
	struct runner *r = arg;

	r->result = weir_switch_run(r->sw, &r->err);
	(void)close(r->ended);
	return NULL;
}

/* Waits for the end of the switch, which a signal brings about. */
static void watch(struct runner *r, int signals, int ended)
{
	struct pollfd fds[] = { { .fd = signals, .events = POLLIN }, { .fd = ended } };
	int nr;

	while (!fds[1].revents) {
		(void)poll(fds, ARRAY_SIZE(fds), -1); /* a signal is in the pipe, too */
		nr = signals_next(signals);
		if (nr == SIGINT || nr == SIGTERM || nr == SIGHUP)
			weir_switch_stop(r->sw);
	}
}

/* In a thread of its own; this one takes the signals. */
static int run_here(struct runner *r)
{
	int signals = signals_open_ends(), fds[2], e;
	pthread_t thread;

	if (signals < 0)
		return err_text(&r->err, signals, "pipe: %s", strerror(-signals));
	if (pipe2(fds, O_CLOEXEC) < 0) {
		e = errno;
		signals_close(signals);
		return err_text(&r->err, -e, "pipe: %s", strerror(e));
	}
	r->ended = fds[1];
	signals_block();
	e = pthread_create(&thread, NULL, run_thread, r);
	signals_unblock();
	if (e) {
		r->result = err_text(&r->err, -e, "cannot start a thread: %s", strerror(e));
		(void)close(fds[1]);
	} else {
		watch(r, signals, fds[0]);
		(void)pthread_join(thread, NULL);
	}
	(void)close(fds[0]);
	signals_close(signals);
	return r->result;
}

/* What is left of the terminal and the folder it was called in. */
static void detach(void)
{
	int null = open("/dev/null", O_RDWR);

	(void)setsid(); /* fails if it leads a session already */
	for (int fd = 0; null >= 0 && fd < 3; fd++)
		(void)dup2(null, fd);
	if (null > 2)
		(void)close(null);
	(void)!chdir("/");
}

static int run_new(const struct cmd_run *run, const struct switch_cfg *cfg, struct weir_switch *sw,
		   const char *name)
{
	struct runner r = { .sw = sw };

	if (cfg->background) {
		pid_t pid = fork();

		if (pid < 0)
			return cmd_fail(run, "cannot start a process: %s", strerror(errno));
		if (pid > 0)
			_exit(0); /* the socket is the child's */
		detach();
	} else {
		fprintf(stderr, "%s: %s runs\n", run->prog, name);
	}
	if (run_here(&r) < 0)
		return cmd_fail(run, "%s: %s", name, weir_err_text(&r.err));
	return 0;
}

/* Tells what happened to an interface. */
static void report(void *ctx, const char *text)
{
	cmd_warn(ctx, "%s", text);
}

int switch_run(const struct cmd_run *run, const struct switch_cfg *cfg, const char *name)
{
	const struct weir_switch_opts opts = {
		.name = name,
		.group = cfg->group,
		.temporary = cfg->temporary,
		.lossless = cfg->lossless,
		.age_s = (uint32_t)cfg->age_s,
		.threads = cfg->threads,
		.max_memory = cfg->quota_mib << 20,
		.max_ports = cfg->max_ports,
		.nics = &weir_switch_nics,
		.maker = &switch_maker,
		.report = report,
		.report_ctx = (void *)(uintptr_t)run,
	};
	struct weir_switch_rules rules;
	struct weir_switch *sw = NULL;
	struct weir_err err = { 0 };
	int r = switch_rules(cfg, &rules, &err), status;

	if (r == 0)
		r = weir_switch_new(&opts, &sw, &err);
	/* Who only wants that one runs is content with another's. */
	if (r == -EEXIST && cfg->temporary && cfg->background)
		return 0;
	if (r < 0)
		return cmd_failed(run, r == -EINVAL, &err);
	for (unsigned i = 0; i < cfg->attach.n && r == 0; i++)
		r = weir_switch_attach_first(sw, cfg->attach.values[i], &rules, &err);
	status = r < 0 ? cmd_fail(run, "%s", weir_err_text(&err)) : run_new(run, cfg, sw, name);
	weir_switch_free(sw);
	return status;
}
