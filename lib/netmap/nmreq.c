/* SPDX-License-Identifier: BSD-2-Clause */
/* libnetmap's requests, and the parts of a port's name that fill them. */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <libnetmap.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/macros.h"
#include "netmap/nmport.h"

#define NETMAP_PREFIX "netmap"

void nmreq_header_init(struct nmreq_header *hdr, uint16_t reqtype, void *body)
{
	*hdr = (struct nmreq_header){
		.nr_version = NETMAP_API,
		.nr_reqtype = reqtype,
		.nr_body = (uintptr_t)body,
	};
}

static struct nmreq_option *option_at(uint64_t address)
{
	return (struct nmreq_option *)(uintptr_t)address;
}

void nmreq_push_option(struct nmreq_header *hdr, struct nmreq_option *option)
{
	option->nro_next = hdr->nr_options;
	hdr->nr_options = (uintptr_t)option;
}

void nmreq_remove_option(struct nmreq_header *hdr, struct nmreq_option *option)
{
	uint64_t *link = &hdr->nr_options;

	while (*link && option_at(*link) != option)
		link = &option_at(*link)->nro_next;
	if (*link) {
		*link = option->nro_next;
		option->nro_next = 0;
	}
}

struct nmreq_option *nmreq_find_option(struct nmreq_header *hdr, uint32_t reqtype)
{
	struct nmreq_option *o;

	nmreq_foreach_option(hdr, o) if (o->nro_reqtype == reqtype) break;
	return o;
}

void nmreq_free_options(struct nmreq_header *hdr)
{
	while (hdr->nr_options) {
		struct nmreq_option *o = option_at(hdr->nr_options);

		hdr->nr_options = o->nro_next;
		free(o);
	}
}

const char *nmreq_option_name(uint32_t reqtype)
{
	static const char *const names[NETMAP_REQ_OPT_MAX] = {
		[NETMAP_REQ_OPT_EXTMEM] = "extmem",
		[NETMAP_REQ_OPT_SYNC_KLOOP_EVENTFDS] = "sync-kloop-eventfds",
		[NETMAP_REQ_OPT_CSB] = "csb",
		[NETMAP_REQ_OPT_SYNC_KLOOP_MODE] = "sync-kloop-mode",
		[NETMAP_REQ_OPT_OFFSETS] = "offsets",
	};

	return reqtype < NETMAP_REQ_OPT_MAX && names[reqtype] ? names[reqtype] : "unknown";
}

static bool is_identifier(const char *from, const char *to)
{
	while (from != to && (isalnum((unsigned char)*from) || *from == '_'))
		from++;
	return from == to;
}

static int not_a_name(struct nmctx *ctx, const char *name, const char *why)
{
	return nmport_fail(ctx, EINVAL, "'%s': %s", name, why);
}

/* Where the name that the kernel knows begins: NULL if none of ours does, with *ret_why. */
static const char *find_start(const char *name, const char **ret_colon, const char **ret_why)
{
	const size_t netmap = strlen(NETMAP_PREFIX), vale = strlen(NM_BDG_NAME);
	const char *colon = strchr(name, ':');
	bool is_netmap = strncmp(name, NETMAP_PREFIX, netmap) == 0;

	*ret_colon = colon;
	if (!is_netmap && strncmp(name, NM_BDG_NAME, vale) != 0)
		*ret_why = "a port's name begins with '" NETMAP_PREFIX ":' or '" NM_BDG_NAME "'";
	else if (!colon)
		*ret_why = "there is no ':'";
	else if (is_netmap && colon != name + netmap)
		*ret_why = "nothing stands between '" NETMAP_PREFIX "' and ':'";
	else if (!is_netmap && !is_identifier(name + vale, colon))
		*ret_why = "a switch's name has letters, digits and '_'";
	else
		return is_netmap ? colon + 1 : name;
	return NULL;
}

int nmreq_header_decode(const char **at, struct nmreq_header *hdr, struct nmctx *ctx)
{
	const char *name = *at, *colon, *why, *pipe, *end;
	const char *start = find_start(name, &colon, &why);

	if (!start)
		return not_a_name(ctx, name, why);
	end = colon + 1 + strcspn(colon + 1, "-*^/@");
	pipe = colon + 1 + strcspn(colon + 1, "-*^/@{}");
	if (start == name && !is_identifier(colon + 1, pipe))
		return not_a_name(ctx, name, "a switch's ports have letters, digits and '_'");
	if (pipe != end && pipe + 1 == end)
		return not_a_name(ctx, name, "the pipe has no name");
	if (pipe != end && !is_identifier(pipe + 1, end))
		return not_a_name(ctx, name, "a pipe's name has letters, digits and '_'");
	if (start == end)
		return not_a_name(ctx, name, "the port has no name");
	if ((size_t)(end - start) >= sizeof(hdr->nr_name))
		return not_a_name(ctx, name, "it is too long");
	memset(hdr->nr_name, 0, sizeof(hdr->nr_name));
	memcpy(hdr->nr_name, start, (size_t)(end - start));
	*at = end;
	return 0;
}

/* The number that *at begins with and moves behind. */
static const char *read_number(const char **at, long min, long max, long *ret_number)
{
	char *end;

	if (!isdigit((unsigned char)**at))
		return "a number is missing";
	errno = 0;
	*ret_number = strtol(*at, &end, 10);
	*at = end;
	return errno || *ret_number < min || *ret_number > max ? "a number is out of range" : NULL;
}

static const char *read_rings(const char **at, struct nmreq_register *reg)
{
	const char mode = **at, *why;
	long ring = 0;

	reg->nr_mode = NR_REG_ALL_NIC;
	reg->nr_ringid = 0;
	if (mode != '^' && mode != '*' && mode != '-')
		return NULL;
	++*at;
	reg->nr_mode = mode == '^' ? NR_REG_SW : mode == '*' ? NR_REG_NIC_SW : NR_REG_ONE_NIC;
	if (mode == '*' || (mode == '^' && !isdigit((unsigned char)**at)))
		return NULL;
	if (mode == '^')
		reg->nr_mode = NR_REG_ONE_SW;
	why = read_number(at, 0, NETMAP_RING_MASK - 1, &ring);
	reg->nr_ringid = (uint16_t)ring;
	return why;
}

static const char *read_flags(const char **at, struct nmreq_register *reg)
{
	static const struct {
		char letter;
		uint32_t flag;
	} flags[] = {
		{ 'x', NR_EXCLUSIVE },	{ 'z', NR_ZCOPY_MON },	   { 't', NR_MONITOR_TX },
		{ 'r', NR_MONITOR_RX }, { 'R', NR_RX_RINGS_ONLY }, { 'T', NR_TX_RINGS_ONLY },
	};

	if (!**at)
		return "there are no flags behind '/'";
	for (; **at && **at != '@'; ++*at) {
		unsigned i = 0;

		while (i < ARRAY_SIZE(flags) && flags[i].letter != **at)
			i++;
		if (i == ARRAY_SIZE(flags))
			return "there is an unknown flag";
		reg->nr_flags |= flags[i].flag;
	}
	return NULL;
}

/* "@N" of the memory. */
static const char *read_memory(const char **at, struct nmreq_register *reg)
{
	long number = 0;
	const char *why = read_number(at, 1, UINT16_MAX, &number);

	if (why)
		return why;
	if (reg->nr_mem_id && reg->nr_mem_id != number)
		return "it lies in two memories";
	reg->nr_mem_id = (uint16_t)number;
	return NULL;
}

/* "/FLAGS" and "@N", up to an option. */
static const char *read_suffixes(const char **at, struct nmreq_register *reg)
{
	const char *why = NULL;

	reg->nr_flags = 0;
	while (**at && !why) {
		if (**at == '/') {
			++*at;
			why = read_flags(at, reg);
		} else if (**at == '@' && (*at)[1] && !isdigit((unsigned char)(*at)[1])) {
			break;
		} else if (**at == '@') {
			++*at;
			why = read_memory(at, reg);
		} else {
			why = "something stands behind its end";
		}
	}
	return why;
}

int nmreq_register_decode(const char **at, struct nmreq_register *reg, struct nmctx *ctx)
{
	struct nmreq_register parsed = *reg;
	const char *scan = *at;
	const char *why = read_rings(&scan, &parsed);

	if (!why)
		why = read_suffixes(&scan, &parsed);
	if (why)
		return not_a_name(ctx, *at, why);
	*reg = parsed;
	*at = scan;
	return 0;
}

int32_t nmreq_get_mem_id(const char **at, struct nmctx *ctx)
{
	struct nmreq_port_info_get info = { 0 };
	struct nmreq_header hdr;
	const char *scan = *at;
	CLEANUP(closep)
	int fd = -EBADF;

	nmreq_header_init(&hdr, NETMAP_REQ_PORT_INFO_GET, &info);
	if (nmreq_header_decode(&scan, &hdr, ctx) < 0)
		return -1;
	fd = nmport_device(ctx);
	if (fd < 0)
		return -1;
	if (ioctl(fd, NIOCCTRL, &hdr) < 0)
		return nmport_fail(ctx, errno, "%s: which memory it has is not told: %s",
				   hdr.nr_name, strerror(errno));
	*at = scan;
	return info.nr_mem_id;
}
