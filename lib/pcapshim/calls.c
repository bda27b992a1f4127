/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The calls of libpcap, as programs make them: those for weir's ports are answered here, all
 * others by libpcap itself. What they return, and what they mean, is in its manual.
 */
#include "pcapshim/calls.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/macros.h"
#include "pcapshim/devices.h"
#include "pcapshim/handle.h"
#include "pcapshim/real.h"

/* The call of a name: for a capture h of ours it gives the last argument. */
#define CALL(type, name, parameters, arguments, ours)                                              \
	type pcap_##name parameters                                                                \
	{                                                                                          \
		struct handle *h = handle_of(p);                                                   \
                                                                                                   \
		return h ? (ours) : real_libpcap()->name arguments;                                \
	}

/* What can be had only once it captures, and only before. */
#define ACTIVE(ours)	  (h->port ? (ours) : not_active(h))
#define SET(field, value) (h->port ? is_active(h) : ((h->set.field = (value)), 0))

/* libpcap's own answer for the handle that stands behind ours. */
#define INNER(name, ...) ACTIVE(told(h, real_libpcap()->name(h->inner, ##__VA_ARGS__)))

static int not_active(struct handle *h)
{
	return handle_fail(h, PCAP_ERROR_NOT_ACTIVATED, "%s: does not capture yet", h->name);
}

static int is_active(struct handle *h)
{
	return handle_fail(h, PCAP_ERROR_ACTIVATED, "%s: captures already", h->name);
}

static int told(struct handle *h, int result)
{
	if (result < 0)
		handle_take_error(h);
	return result;
}

/* Opening and closing. */

pcap_t *pcap_create(const char *device, char *errbuf)
{
	return handle_is_ours(device) ? handle_create(device, errbuf)
				      : real_libpcap()->create(device, errbuf);
}

pcap_t *pcap_open_live(const char *device, int snaplen, int promisc, int to_ms, char *errbuf)
{
	struct handle *h;
	pcap_t *p;

	if (!handle_is_ours(device))
		return real_libpcap()->open_live(device, snaplen, promisc, to_ms, errbuf);
	p = handle_create(device, errbuf);
	if (!p)
		return NULL;
	h = handle_of(p);
	h->set.snaplen = snaplen;
	h->set.promisc = promisc;
	h->set.timeout_ms = to_ms;
	if (handle_activate(h) >= 0)
		return p;
	(void)snprintf(errbuf, PCAP_ERRBUF_SIZE, "%s", h->error);
	handle_close(h);
	return NULL;
}

void pcap_close(pcap_t *p)
{
	struct handle *h = handle_of(p);

	if (h)
		handle_close(h);
	else
		real_libpcap()->close(p);
}

CALL(int, activate, (pcap_t * p), (p), handle_activate(h))

/* Before it captures. */

static int set_precision(struct handle *h, int precision)
{
	if (precision != PCAP_TSTAMP_PRECISION_MICRO && precision != PCAP_TSTAMP_PRECISION_NANO)
		return PCAP_ERROR_TSTAMP_PRECISION_NOTSUP;
	return SET(precision, precision);
}

/* The time is this machine's. */
static int set_tstamp_type(struct handle *h, int type)
{
	if (h->port)
		return is_active(h);
	return type == PCAP_TSTAMP_HOST ? 0 : PCAP_WARNING_TSTAMP_TYPE_NOTSUP;
}

/* A list of one, to be freed by libpcap. */
static int list_of(struct handle *h, int value, int **ret_list)
{
	*ret_list = malloc(sizeof(**ret_list));
	if (!*ret_list)
		return handle_fail(h, PCAP_ERROR, "%s: no memory", h->name);
	**ret_list = value;
	return 1;
}

CALL(int, set_snaplen, (pcap_t * p, int n), (p, n), SET(snaplen, n))
CALL(int, set_promisc, (pcap_t * p, int on), (p, on), SET(promisc, on))
CALL(int, set_rfmon, (pcap_t * p, int on), (p, on), SET(rfmon, on))
CALL(int, can_set_rfmon, (pcap_t * p), (p), SET(rfmon, false))
CALL(int, set_timeout, (pcap_t * p, int ms), (p, ms), SET(timeout_ms, ms))
CALL(int, set_immediate_mode, (pcap_t * p, int on), (p, on), SET(immediate, on))
/* A port has rings of its own size. */
CALL(int, set_buffer_size, (pcap_t * p, int n), (p, n), SET(buffer_size, n))
CALL(int, set_protocol_linux, (pcap_t * p, int n), (p, n),
     n ? handle_fail(h, PCAP_ERROR, "%s: a port knows no protocols", h->name) : 0)
CALL(int, set_tstamp_type, (pcap_t * p, int type), (p, type), set_tstamp_type(h, type))
CALL(int, set_tstamp_precision, (pcap_t * p, int n), (p, n), set_precision(h, n))
CALL(int, get_tstamp_precision, (pcap_t * p), (p), h->set.precision)
CALL(int, list_tstamp_types, (pcap_t * p, int **list), (p, list),
     list_of(h, PCAP_TSTAMP_HOST, list))

/* While it captures. */

CALL(int, dispatch, (pcap_t * p, int n, pcap_handler callback, u_char *user),
     (p, n, callback, user), ACTIVE(handle_dispatch(h, n, callback, user)))
CALL(int, loop, (pcap_t * p, int n, pcap_handler callback, u_char *user), (p, n, callback, user),
     ACTIVE(handle_loop(h, n, callback, user)))
CALL(int, next_ex, (pcap_t * p, struct pcap_pkthdr **header, const u_char **data),
     (p, header, data), ACTIVE(handle_next(h, header, data)))

static const u_char *next(struct handle *h, struct pcap_pkthdr *ret_header)
{
	struct pcap_pkthdr *header;
	const u_char *data;

	if (!h->port || handle_next(h, &header, &data) <= 0)
		return NULL;
	*ret_header = *header;
	return data;
}

static int set_direction(struct handle *h, pcap_direction_t d)
{
	if (d == PCAP_D_OUT)
		return handle_fail(h, PCAP_ERROR, "%s: only what comes can be captured", h->name);
	return 0;
}

static int set_nonblock(struct handle *h, bool nonblock)
{
	h->nonblock = nonblock;
	return 0;
}

static int set_datalink(struct handle *h, int dlt)
{
	if (dlt == h->linktype)
		return 0;
	return handle_fail(h, PCAP_ERROR, "%s: its frames are of link type %d, not %d", h->name,
			   h->linktype, dlt);
}

CALL(const u_char *, next, (pcap_t * p, struct pcap_pkthdr *header), (p, header), next(h, header))
CALL(int, setfilter, (pcap_t * p, struct bpf_program *f), (p, f), ACTIVE(handle_set_filter(h, f)))
CALL(int, setdirection, (pcap_t * p, pcap_direction_t d), (p, d), ACTIVE(set_direction(h, d)))
CALL(int, getnonblock, (pcap_t * p, char *errbuf), (p, errbuf), h->nonblock)
CALL(int, setnonblock, (pcap_t * p, int on, char *errbuf), (p, on, errbuf), set_nonblock(h, on))
CALL(int, inject, (pcap_t * p, const void *data, size_t size), (p, data, size),
     ACTIVE(handle_inject(h, data, size)))
CALL(int, sendpacket, (pcap_t * p, const u_char *data, int size), (p, data, size),
     ACTIVE(handle_inject(h, data, (size_t)size) < 0 ? PCAP_ERROR : 0))
CALL(int, stats, (pcap_t * p, struct pcap_stat *s), (p, s), ACTIVE(handle_stats(h, s)))
CALL(int, fileno, (pcap_t * p), (p), ACTIVE(handle_select_fd(h)))
CALL(int, get_selectable_fd, (pcap_t * p), (p), h->port ? handle_select_fd(h) : PCAP_ERROR)

void pcap_breakloop(pcap_t *p)
{
	struct handle *h = handle_of(p);

	if (h)
		handle_break(h);
	else
		real_libpcap()->breakloop(p);
}

/* Where nothing tells of frames, they are to be looked for. */
static const struct timeval *select_timeout(const struct handle *h)
{
	static const struct timeval often = { .tv_usec = 5000 };

	return h->port && !h->n_fds ? &often : NULL;
}

CALL(const struct timeval *, get_required_select_timeout, (pcap_t * p), (p), select_timeout(h))

/* What it is. */

CALL(int, bufsize, (pcap_t * p), (p), ACTIVE(h->set.buffer_size))
CALL(int, snapshot, (pcap_t * p), (p), ACTIVE(h->set.snaplen))
CALL(int, datalink, (pcap_t * p), (p), ACTIVE(h->linktype))
CALL(int, datalink_ext, (pcap_t * p), (p), INNER(datalink_ext))
CALL(int, list_datalinks, (pcap_t * p, int **list), (p, list),
     ACTIVE(list_of(h, h->linktype, list)))
CALL(int, set_datalink, (pcap_t * p, int dlt), (p, dlt), ACTIVE(set_datalink(h, dlt)))
CALL(int, is_swapped, (pcap_t * p), (p), INNER(is_swapped))
CALL(int, major_version, (pcap_t * p), (p), INNER(major_version))
CALL(int, minor_version, (pcap_t * p), (p), INNER(minor_version))
CALL(FILE *, file, (pcap_t * p), (p), NULL)
CALL(char *, geterr, (pcap_t * p), (p), h->error)

void pcap_perror(pcap_t *p, const char *prefix)
{
	struct handle *h = handle_of(p);

	if (h)
		fprintf(stderr, "%s: %s\n", prefix, h->error);
	else
		real_libpcap()->perror(p, prefix);
}

/* Filters and files. */

CALL(int, compile,
     (pcap_t * p, struct bpf_program *f, const char *text, int optimize, bpf_u_int32 mask),
     (p, f, text, optimize, mask), INNER(compile, f, text, optimize, mask))

static pcap_dumper_t *dumper(struct handle *h, pcap_dumper_t *d)
{
	if (!d)
		handle_take_error(h);
	return d;
}

#define DUMPER(name, ...)                                                                          \
	(h->port ? dumper(h, real_libpcap()->name(h->inner, __VA_ARGS__)) : (not_active(h), NULL))

CALL(pcap_dumper_t *, dump_open, (pcap_t * p, const char *path), (p, path), DUMPER(dump_open, path))
CALL(pcap_dumper_t *, dump_open_append, (pcap_t * p, const char *path), (p, path),
     DUMPER(dump_open_append, path))
CALL(pcap_dumper_t *, dump_fopen, (pcap_t * p, FILE *file), (p, file), DUMPER(dump_fopen, file))

/* Devices. */

int pcap_findalldevs(pcap_if_t **list, char *errbuf)
{
	int r;

	*list = NULL;
	r = real_libpcap()->findalldevs(list, errbuf);
	if (r < 0)
		*list = NULL;
	devices_add(list);
	if (r < 0 && *list)
		errbuf[0] = '\0';
	return *list ? 0 : r;
}

int pcap_lookupnet(const char *device, bpf_u_int32 *ret_net, bpf_u_int32 *ret_mask, char *errbuf)
{
	if (!handle_is_ours(device))
		return real_libpcap()->lookupnet(device, ret_net, ret_mask, errbuf);
	*ret_net = *ret_mask = 0; /* as of other devices without an address */
	return 0;
}

void *calls_find(const char *name, void **ret_real)
{
	static const struct {
		const char *name;
		void (*function)(void);
		size_t real;
	} calls[] = {
#define ROW(call) { "pcap_" #call, (void (*)(void))pcap_##call, offsetof(struct real, call) },
		REAL_CALLS(ROW)
#undef ROW
	};

	for (unsigned i = 0; i < ARRAY_SIZE(calls); i++) {
		if (strcmp(calls[i].name, name) != 0)
			continue;
		memcpy(ret_real, (const char *)real_libpcap() + calls[i].real, sizeof(*ret_real));
		return (void *)(uintptr_t)calls[i].function;
	}
	return NULL;
}
