/* SPDX-License-Identifier: BSD-2-Clause */
#include "pcapshim/handle.h"

#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>

#include "base/cleanup.h"
#include "base/macros.h"
#include "pcapshim/real.h"
#include "trace/linktype.h"

#define MAX_SNAPLEN 262144 /* of libpcap, which takes it for any that makes no sense */
/* How long sending waits for room at a time. */
#define ROOM_NS (100 * NSEC_PER_MSEC)

/* Handles of the process. Read without a lock: those that were closed stay for the next. */
static _Atomic(struct handle *) first;
static pthread_mutex_t making = PTHREAD_MUTEX_INITIALIZER;

bool handle_is_ours(const char *device)
{
	return device && weir_port_name_has_kind(device);
}

struct handle *handle_of(const pcap_t *p)
{
	struct handle *h = atomic_load_explicit(&first, memory_order_acquire);

	while (h && (!p || atomic_load_explicit(&h->shown, memory_order_acquire) != p))
		h = h->next;
	return h;
}

int handle_fail(struct handle *h, int result, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	(void)vsnprintf(h->error, sizeof(h->error), format, ap); /* cut if too long */
	va_end(ap);
	return result;
}

void handle_take_error(struct handle *h)
{
	(void)snprintf(h->error, sizeof(h->error), "%s", real_libpcap()->geterr(h->inner));
}

/* A handle that nobody has. The lock is held. */
static struct handle *find_free(void)
{
	struct handle *h = atomic_load_explicit(&first, memory_order_relaxed);

	while (h && atomic_load_explicit(&h->shown, memory_order_relaxed))
		h = h->next;
	if (h)
		return h;
	h = calloc(1, sizeof(*h));
	if (!h)
		return NULL;
	h->next = atomic_load_explicit(&first, memory_order_relaxed);
	atomic_store_explicit(&first, h, memory_order_release); /* pairs with handle_of() */
	return h;
}

/* All but what others may look at. */
static void clear(struct handle *h)
{
	h->set = (struct handle_settings){
		.snaplen = MAX_SNAPLEN,
		.precision = PCAP_TSTAMP_PRECISION_MICRO,
		.buffer_size = 2 * 1024 * 1024, /* libpcap's own */
	};
	h->nonblock = false;
	h->error[0] = '\0';
	h->port = NULL;
	h->inner = NULL;
	h->filter = (struct bpf_program){ 0 };
	h->accepted = h->dropped_before = 0;
	h->n_frames = h->at = h->queue = h->n_fds = 0;
	h->fds = NULL;
	h->break_fd = h->select_fd = h->more_fd = -EBADF;
	h->ended = h->more = h->looks_up = false;
	atomic_store_explicit(&h->broken, false, memory_order_relaxed);
}

pcap_t *handle_create(const char *device, char *errbuf)
{
	const struct real *real = real_libpcap();
	struct handle *h = NULL;
	pcap_t *shown = NULL;

	if (strlen(device) >= sizeof(h->name)) {
		(void)snprintf(errbuf, PCAP_ERRBUF_SIZE, "%.40s...: longer than a port's name",
			       device);
		return NULL;
	}
	if (real->open_dead_with_tstamp_precision && real->close)
		shown = real->open_dead_with_tstamp_precision(DLT_EN10MB, MAX_SNAPLEN,
							      PCAP_TSTAMP_PRECISION_MICRO);
	(void)pthread_mutex_lock(&making);
	if (shown)
		h = find_free();
	if (h) {
		clear(h);
		(void)snprintf(h->name, sizeof(h->name), "%s", device);
		h->break_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
		/* Pairs with handle_of(): it is whole. */
		atomic_store_explicit(&h->shown, shown, memory_order_release);
	}
	(void)pthread_mutex_unlock(&making);
	if (h)
		return shown;
	if (shown)
		real->close(shown);
	(void)snprintf(errbuf, PCAP_ERRBUF_SIZE, "%s: no memory, or no libpcap", device);
	return NULL;
}

/* For both directions, if there are two. */
static int open_port(struct handle *h, struct weir_err *err)
{
	struct weir_port_opts opts = {
		.dir = WEIR_PORT_TX | WEIR_PORT_RX,
		.queues = weir_port_name_rx_queues(h->name),
		.promisc = h->set.promisc,
		.low_latency = h->set.immediate,
	};
	int r = weir_port_open(h->name, &opts, &h->port, err);

	if (r != -ENOTSUP && r != -EINVAL)
		return r;
	opts.dir = WEIR_PORT_RX;
	*err = (struct weir_err){ 0 };
	return weir_port_open(h->name, &opts, &h->port, err);
}

/* What frames are waited for by. */
static bool make_fds(struct handle *h)
{
	unsigned queues = weir_port_info(h->port)->n_queues;

	h->fds = calloc(queues + 1, sizeof(*h->fds));
	if (!h->fds || h->break_fd < 0)
		return false;
	h->n_fds = queues + 1;
	for (unsigned q = 0; q < queues; q++) {
		int fd = weir_port_rx_fd(h->port, q);

		h->fds[q] = (struct pollfd){ .fd = fd, .events = POLLIN };
		if (fd < 0)
			h->n_fds = 0;
	}
	h->fds[queues] = (struct pollfd){ .fd = h->break_fd, .events = POLLIN };
	return true;
}

static int result_of(int r)
{
	switch (r) {
	case -ENODEV:
	case -ENOENT:
		return PCAP_ERROR_NO_SUCH_DEVICE;
	case -EPERM:
	case -EACCES:
		return PCAP_ERROR_PERM_DENIED;
	default:
		return PCAP_ERROR;
	}
}

/* Undoes what activating has done. */
static void deactivate(struct handle *h)
{
	h->port = weir_port_close(h->port);
	if (h->inner)
		real_libpcap()->close(h->inner);
	h->inner = NULL;
	free(h->fds);
	h->fds = NULL;
	h->n_fds = 0;
}

int handle_activate(struct handle *h)
{
	struct weir_port_stats stats;
	struct weir_err err = { 0 };
	int r;

	if (h->port)
		return handle_fail(h, PCAP_ERROR_ACTIVATED, "%s: captures already", h->name);
	if (h->set.rfmon)
		return handle_fail(h, PCAP_ERROR_RFMON_NOTSUP, "%s: no radio", h->name);
	if (h->set.snaplen <= 0 || h->set.snaplen > MAX_SNAPLEN)
		h->set.snaplen = MAX_SNAPLEN;
	r = open_port(h, &err);
	if (r < 0)
		return handle_fail(h, result_of(r), "%.*s", PCAP_ERRBUF_SIZE - 1,
				   weir_err_text(&err));
	h->linktype = linktype_to_dlt(weir_port_info(h->port)->linktype);
	h->inner = real_libpcap()->open_dead_with_tstamp_precision(h->linktype, h->set.snaplen,
								   (u_int)h->set.precision);
	if (!h->inner || !make_fds(h)) {
		deactivate(h);
		return handle_fail(h, PCAP_ERROR, "%s: no memory", h->name);
	}
	weir_port_stats(h->port, &stats);
	h->dropped_before = stats.rx_dropped;
	return 0;
}

void handle_close(struct handle *h)
{
	pcap_t *shown = atomic_load_explicit(&h->shown, memory_order_relaxed);

	deactivate(h);
	free(h->filter.bf_insns);
	closep(&h->select_fd);
	closep(&h->more_fd);
	closep(&h->break_fd);
	(void)pthread_mutex_lock(&making);
	atomic_store_explicit(&h->shown, NULL, memory_order_release);
	(void)pthread_mutex_unlock(&making);
	real_libpcap()->close(shown);
}

int handle_set_filter(struct handle *h, const struct bpf_program *program)
{
	const struct real *real = real_libpcap();
	size_t size = program->bf_len * sizeof(*program->bf_insns);
	struct bpf_insn *copy;

	if (!program->bf_insns || !program->bf_len ||
	    !real->validate(program->bf_insns, (int)program->bf_len))
		return handle_fail(h, PCAP_ERROR, "this filter is no program of BPF");
	copy = malloc(size);
	if (!copy)
		return handle_fail(h, PCAP_ERROR, "no memory for the filter");
	memcpy(copy, program->bf_insns, size);
	free(h->filter.bf_insns);
	h->filter = (struct bpf_program){ .bf_len = program->bf_len, .bf_insns = copy };
	return 0;
}

int handle_stats(struct handle *h, struct pcap_stat *ret)
{
	struct weir_port_stats s;
	uint64_t dropped;

	weir_port_stats(h->port, &s);
	dropped = s.rx_dropped - h->dropped_before;
	/* As of Linux: those that the filter let pass, and those that there was no room for. */
	*ret = (struct pcap_stat){ .ps_recv = (u_int)(h->accepted + dropped),
				   .ps_drop = (u_int)dropped };
	return 0;
}

/* Why the last frame was refused, if it was. */
static int check_refused(struct handle *h, const struct weir_port_stats *before, size_t size)
{
	struct weir_port_stats now;

	weir_port_stats(h->port, &now);
	for (unsigned i = 0; i < WEIR_N_REFUSALS; i++) {
		if (now.tx_refused[i] != before->tx_refused[i])
			return handle_fail(h, PCAP_ERROR, "%s: a frame of %zu bytes: %s", h->name,
					   size, weir_refusal_text((enum weir_refusal)i));
	}
	return (int)size;
}

int handle_inject(struct handle *h, const void *data, size_t size)
{
	struct weir_pkt pkt = { .data = (uint8_t *)(uintptr_t)data,
				.len = (uint32_t)size,
				.orig_len = (uint32_t)size };
	struct weir_port_stats before;
	int r;

	if (size > WEIR_FRAME_MAX)
		return handle_fail(h, PCAP_ERROR, "%s: a frame of %zu bytes", h->name, size);
	weir_port_stats(h->port, &before);
	while ((r = weir_port_tx(h->port, 0, &pkt, 1)) == 0) {
		if (h->nonblock) {
			errno = EAGAIN;
			return handle_fail(h, PCAP_ERROR, "%s: %s", h->name, strerror(EAGAIN));
		}
		r = weir_port_tx_wait(h->port, 0, ROOM_NS);
		if (r < 0)
			break;
	}
	if (r < 0)
		return handle_fail(h, PCAP_ERROR, "%s: cannot be sent by: %s", h->name,
				   strerror(-r));
	return check_refused(h, &before, size);
}
