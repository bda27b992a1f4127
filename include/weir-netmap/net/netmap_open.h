/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The older way to use a port, with calls that are like libpcap's. Programs do not include this
 * file: they define NETMAP_WITH_LIBS and include net/netmap_user.h.
 *
 * The calls use the legacy requests; what they cannot say (named pipes, single rings of the
 * host, options) libnetmap.h can.
 */
#ifndef WEIR_NETMAP_NET_NETMAP_OPEN_H
#define WEIR_NETMAP_NET_NETMAP_OPEN_H

#include <errno.h>
#include <fcntl.h>
#include <net/netmap_user.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#ifdef __cplusplus
extern "C" {
#endif

struct nm_desc;

/* Of a received packet; begins as a pcap_pkthdr does. */
struct nm_pkthdr {
	struct timeval ts; /* of the ring's last synchronisation */
	uint32_t caplen;   /* bytes that lie at buf in one piece */
	uint32_t len;	   /* bytes of the packet */
	uint64_t flags;	   /* NM_MORE_PKTS: not the last one of this nm_dispatch() */
	struct nm_desc *d;
	struct netmap_slot *slot; /* its first */
	uint8_t *buf;
};
#define NM_MORE_PKTS 1

struct nm_stat {
	unsigned ps_recv, ps_drop, ps_ifdrop;
};

#define NM_ERRBUF_SIZE 512

struct nm_desc {
	struct nm_desc *self; /* this one, as long as it is open */
	int fd;
	void *mem;
	size_t memsize;
	int done_mmap; /* mem is this one's own */
	struct netmap_if *nifp;
	uint16_t first_tx_ring, last_tx_ring, cur_tx_ring;
	uint16_t first_rx_ring, last_rx_ring, cur_rx_ring;
	struct nmreq req;
	struct nm_pkthdr hdr;
	struct netmap_ring *some_ring; /* one that is bound: buffers count from it */
	void *buf_start, *buf_end;
	int snaplen, promisc, to_ms; /* the program's own */
	char *errbuf;
	uint32_t if_flags, if_reqcap, if_curcap;
	struct nm_stat st;
	char msg[NM_ERRBUF_SIZE];
};

#define P2NMD(p)	  ((const struct nm_desc *)(p))
#define IS_NETMAP_DESC(d) ((d) && P2NMD(d)->self == P2NMD(d))
#define NETMAP_FD(d)	  (P2NMD(d)->fd)

typedef void (*nm_cb_t)(unsigned char *arg, const struct nm_pkthdr *hdr, const unsigned char *buf);

/* What nm_open() takes from another descriptor; NETMAP_NO_TX_POLL and NETMAP_DO_RX_POLL may
 * stand beside. */
enum {
	NM_OPEN_NO_MMAP = 0x040000,  /* do not map, or only what that one has not mapped */
	NM_OPEN_IFNAME = 0x080000,   /* the port's name, rings and flags */
	NM_OPEN_ARG1 = 0x100000,     /* nr_arg1 */
	NM_OPEN_ARG2 = 0x200000,     /* nr_arg2: the memory */
	NM_OPEN_ARG3 = 0x400000,     /* nr_arg3: extra buffers */
	NM_OPEN_RING_CFG = 0x800000, /* numbers of rings and slots */
};

/* Sets what a name says of the rings behind the port itself: *at moves to its end. Returns
 * NULL, or what is wrong. */
static inline const char *nm_parse_number_(const char **at, long max, long *ret_number)
{
	char *end;

	if (!isdigit((unsigned char)**at))
		return "a number is missing";
	errno = 0;
	*ret_number = strtol(*at, &end, 10);
	*at = end;
	return errno || *ret_number > max ? "a number is out of range" : NULL;
}

static inline const char *nm_parse_rings_(const char **at, struct nmreq *req)
{
	long number;
	const char *wrong;
	uint32_t mode;

	switch (**at) {
	case '^':
		++*at;
		req->nr_flags |= NR_REG_SW;
		return NULL;
	case '*':
		++*at;
		req->nr_flags |= NR_REG_NIC_SW;
		return NULL;
	case '-':
		mode = NR_REG_ONE_NIC;
		break;
	case '{':
		mode = NR_REG_PIPE_MASTER;
		break;
	case '}':
		mode = NR_REG_PIPE_SLAVE;
		break;
	default:
		req->nr_flags |= NR_REG_ALL_NIC;
		return NULL;
	}
	++*at;
	wrong = nm_parse_number_(at, NETMAP_RING_MASK - 1, &number);
	if (!wrong) {
		req->nr_flags |= mode;
		req->nr_ringid |= (uint16_t)number;
	}
	return wrong;
}

static inline const char *nm_parse_flags_(const char **at, struct nmreq *req)
{
	static const char letters[] = "xztrRT";
	static const uint32_t flags[] = { NR_EXCLUSIVE,	 NR_ZCOPY_MON,	   NR_MONITOR_TX,
					  NR_MONITOR_RX, NR_RX_RINGS_ONLY, NR_TX_RINGS_ONLY };

	for (; **at && **at != '@'; ++*at) {
		const char *letter = strchr(letters, **at);

		if (!letter)
			return "there is an unknown flag";
		req->nr_flags |= flags[letter - letters];
	}
	return NULL;
}

static inline const char *nm_parse_memory_(const char **at, struct nmreq *req)
{
	long number;
	const char *wrong = nm_parse_number_(at, UINT16_MAX, &number);

	if (wrong)
		return wrong;
	if (number == 0 || req->nr_arg2)
		return "it lies in no memory, or in two";
	req->nr_arg2 = (uint16_t)number;
	return NULL;
}

/* What stands behind the port's name. */
static inline const char *nm_parse_rest_(const char *at, struct nmreq *req)
{
	const char *wrong = nm_parse_rings_(&at, req);

	req->nr_arg2 = 0;
	while (!wrong && *at) {
		char what = *at++;

		if (what == '@')
			wrong = nm_parse_memory_(&at, req);
		else if (what == '/' && *at)
			wrong = nm_parse_flags_(&at, req);
		else
			wrong = "something is wrong behind its rings";
	}
	return wrong;
}

static inline int nm_is_identifier(const char *from, const char *to)
{
	while (from != to && (isalnum((unsigned char)*from) || *from == '_'))
		from++;
	return from == to;
}

/* Fills req with what the name says. Returns NULL, or what is wrong. */
static inline const char *nm_parse_(const char *name, struct nmreq *req)
{
	size_t skip = strncmp(name, NM_BDG_NAME, strlen(NM_BDG_NAME)) == 0 ? 0 : 7;
	const char *colon = strchr(name, ':'), *port = name + skip, *end;

	if (!colon || (!skip && !nm_is_identifier(name + strlen(NM_BDG_NAME), colon)))
		return "this is no name of a switch";
	end = colon + 1 + strcspn(colon + 1, "-*^{}/@");
	if (!skip && !nm_is_identifier(colon + 1, end))
		return "this is no name of a switch's port";
	if ((size_t)(end - port) >= sizeof(req->nr_name))
		return "it is too long";
	memset(req->nr_name, 0, sizeof(req->nr_name));
	memcpy(req->nr_name, port, (size_t)(end - port));
	return nm_parse_rest_(end, req);
}

/* What nm_open() was told to take from another one. */
static inline void nm_inherit_(struct nm_desc *d, const struct nm_desc *from, uint64_t flags)
{
	if (flags & NM_OPEN_ARG1)
		d->req.nr_arg1 = from->req.nr_arg1;
	if (flags & NM_OPEN_ARG2)
		d->req.nr_arg2 = from->req.nr_arg2;
	if (flags & NM_OPEN_ARG3)
		d->req.nr_arg3 = from->req.nr_arg3;
	if (flags & NM_OPEN_RING_CFG) {
		d->req.nr_tx_slots = from->req.nr_tx_slots;
		d->req.nr_rx_slots = from->req.nr_rx_slots;
		d->req.nr_tx_rings = from->req.nr_tx_rings;
		d->req.nr_rx_rings = from->req.nr_rx_rings;
	}
	if (flags & NM_OPEN_IFNAME) {
		memcpy(d->req.nr_name, from->req.nr_name, sizeof(d->req.nr_name));
		d->req.nr_ringid = from->req.nr_ringid & NETMAP_RING_MASK;
		d->req.nr_flags = from->req.nr_flags;
	}
}

/* Which rings the answer of NIOCREGIF has bound. */
static inline void nm_find_rings_(struct nm_desc *d)
{
	uint16_t tx = d->req.nr_tx_rings, rx = d->req.nr_rx_rings;
	uint16_t one = d->req.nr_ringid & NETMAP_RING_MASK;

	d->first_tx_ring = d->first_rx_ring = d->last_tx_ring = d->last_rx_ring = 0;
	switch (d->req.nr_flags & NR_REG_MASK) {
	case NR_REG_ALL_NIC:
		d->last_tx_ring = (uint16_t)(tx - 1);
		d->last_rx_ring = (uint16_t)(rx - 1);
		break;
	case NR_REG_NIC_SW:
		d->last_tx_ring = tx;
		d->last_rx_ring = rx;
		break;
	case NR_REG_SW:
		d->first_tx_ring = d->last_tx_ring = tx;
		d->first_rx_ring = d->last_rx_ring = rx;
		break;
	case NR_REG_ONE_NIC:
		d->first_tx_ring = d->last_tx_ring = d->first_rx_ring = d->last_rx_ring = one;
		break;
	default:
		break; /* a pipe */
	}
	d->cur_tx_ring = d->first_tx_ring;
	d->cur_rx_ring = d->first_rx_ring;
}

/* Maps the memory, or uses parent's, if it is the same: 0 or EINVAL. */
static inline int nm_mmap(struct nm_desc *d, const struct nm_desc *parent)
{
	int tx_only = (d->req.nr_flags & (NR_TX_RINGS_ONLY | NR_RX_RINGS_ONLY)) == NR_TX_RINGS_ONLY;

	if (d->done_mmap)
		return 0;
	if (IS_NETMAP_DESC(parent) && parent->mem && parent->req.nr_arg2 == d->req.nr_arg2) {
		d->mem = parent->mem;
		d->memsize = parent->memsize;
	} else {
		d->memsize = d->req.nr_memsize;
		d->mem = mmap(NULL, d->memsize, PROT_READ | PROT_WRITE, MAP_SHARED, d->fd, 0);
		if (d->mem == MAP_FAILED) {
			d->mem = NULL;
			return EINVAL;
		}
		d->done_mmap = 1;
	}
	d->nifp = NETMAP_IF(d->mem, d->req.nr_offset);
	d->some_ring = tx_only ? NETMAP_TXRING(d->nifp, d->first_tx_ring)
			       : NETMAP_RXRING(d->nifp, d->first_rx_ring);
	d->buf_start = NETMAP_BUF(d->some_ring, 0);
	d->buf_end = (char *)d->mem + d->memsize;
	return 0;
}

/* Undoes nm_open(): 0, or EINVAL if this is no open descriptor. */
static inline int nm_close(struct nm_desc *d)
{
	if (!d || d->self != d)
		return EINVAL;
	if (d->done_mmap)
		munmap(d->mem, d->memsize);
	if (d->fd >= 0)
		close(d->fd);
	memset((void *)d, 0, sizeof(*d));
	free(d);
	return 0;
}

/* Opens and registers. Returns NULL, or what is wrong. */
static inline const char *nm_register_(struct nm_desc *d, const char *name, uint64_t flags,
				       const struct nm_desc *from)
{
	const char *wrong = NULL;

	d->fd = open(NETMAP_DEVICE_NAME, O_RDWR);
	if (d->fd < 0)
		return "cannot open " NETMAP_DEVICE_NAME;
	if (!(flags & NM_OPEN_IFNAME))
		wrong = nm_parse_(name, &d->req);
	if (wrong) {
		errno = EINVAL;
		return wrong;
	}
	d->req.nr_version = NETMAP_API;
	d->req.nr_ringid &= NETMAP_RING_MASK;
	if (IS_NETMAP_DESC(from) && flags)
		nm_inherit_(d, from, flags);
	d->req.nr_ringid |= (uint16_t)(flags & (NETMAP_NO_TX_POLL | NETMAP_DO_RX_POLL));
	return ioctl(d->fd, NIOCREGIF, &d->req) < 0 ? "it cannot be registered" : NULL;
}

/*
 * Opens a port and maps its memory. name: "netmap:X" or "valeX:Y", then '^' (rings of the
 * host), '*' (these and the others), -N (one ring each way), {N or }N (an end of pipe N), then
 * '/' and flags x (exclusively), z t r (a monitor without copies; of what is sent; received),
 * R T (only rings to receive; to send), then @N (the memory). req, which may be NULL, is what
 * the request is to begin with; from may be NULL, too, and flags (NM_OPEN_...) tell what to
 * take from it.
 *
 * NULL with an errno, and a line on stderr; errno 0: this is no name of a port.
 */
static inline struct nm_desc *nm_open(const char *name, const struct nmreq *req, uint64_t flags,
				      const struct nm_desc *from)
{
	struct nm_desc *d;
	const char *wrong;
	int why;

	errno = 0;
	if (strncmp(name, "netmap:", 7) && strncmp(name, NM_BDG_NAME, strlen(NM_BDG_NAME)))
		return NULL;
	d = (struct nm_desc *)calloc(1, sizeof(*d));
	if (!d)
		return NULL;
	d->self = d;
	if (req)
		d->req = *req;
	wrong = nm_register_(d, name, flags, from);
	if (!wrong) {
		nm_find_rings_(d);
		if ((!(flags & NM_OPEN_NO_MMAP) || from) && nm_mmap(d, from))
			wrong = "its memory cannot be mapped";
	}
	if (!wrong)
		return d;
	why = errno ? errno : EINVAL;
	D("%s: %s: %s", name, wrong, strerror(why));
	nm_close(d);
	errno = why;
	return NULL;
}

/* Copies a packet into slots of the next ring that has room: its size; 0: none has. */
static inline int nm_inject(struct nm_desc *d, const void *packet, size_t size)
{
	unsigned n = (unsigned)d->last_tx_ring - d->first_tx_ring + 1;

	for (; n; n--) {
		if (d->cur_tx_ring > d->last_tx_ring || d->cur_tx_ring < d->first_tx_ring)
			d->cur_tx_ring = d->first_tx_ring;
		if (nm_ring_put_(NETMAP_TXRING(d->nifp, d->cur_tx_ring), packet, size))
			return (int)size;
		d->cur_tx_ring++;
	}
	return 0;
}

/* Takes the next packet, which may have several slots, out of a ring that has one. Buffers
 * that lie one behind the other count as one piece. */
static inline void nm_take_(struct netmap_ring *ring, struct nm_pkthdr *hdr)
{
	uint32_t i = ring->head;
	struct netmap_slot *slot = &ring->slot[i];
	char *end = NETMAP_BUF_OFFSET(ring, slot) + slot->len;
	int in_one_piece = 1;

	hdr->ts = ring->ts;
	hdr->slot = slot;
	hdr->buf = (uint8_t *)NETMAP_BUF_OFFSET(ring, slot);
	hdr->len = hdr->caplen = slot->len;
	while (slot->flags & NS_MOREFRAG && nm_ring_next(ring, i) != ring->tail) {
		i = nm_ring_next(ring, i);
		slot = &ring->slot[i];
		in_one_piece = in_one_piece && NETMAP_BUF_OFFSET(ring, slot) == end;
		end = NETMAP_BUF_OFFSET(ring, slot) + slot->len;
		hdr->len += slot->len;
		if (in_one_piece)
			hdr->caplen += slot->len;
	}
	ring->head = ring->cur = nm_ring_next(ring, i);
}

/* The next bound ring that has something to receive, from cur_rx_ring on; NULL: none. */
static inline struct netmap_ring *nm_ring_to_read_(struct nm_desc *d)
{
	unsigned n = (unsigned)d->last_rx_ring - d->first_rx_ring + 1;

	for (; n; n--) {
		struct netmap_ring *ring = NETMAP_RXRING(d->nifp, d->cur_rx_ring);

		if (!nm_ring_empty(ring))
			return ring;
		d->cur_rx_ring = d->cur_rx_ring >= d->last_rx_ring ? d->first_rx_ring
								   : (uint16_t)(d->cur_rx_ring + 1);
	}
	return NULL;
}

/* Calls cb for at most n packets that have come, 0 or less: for all; how many there were. */
static inline int nm_dispatch(struct nm_desc *d, int n, nm_cb_t cb, unsigned char *arg)
{
	struct netmap_ring *ring = nm_ring_to_read_(d);
	int got = 0;

	while (ring && (n <= 0 || got < n)) {
		nm_take_(ring, &d->hdr);
		got++;
		ring = nm_ring_to_read_(d);
		d->hdr.d = d;
		d->hdr.flags = ring && (n <= 0 || got < n) ? NM_MORE_PKTS : 0;
		cb(arg, &d->hdr, d->hdr.buf);
	}
	return got;
}

/* The next packet that has come, which stays where it is until the next synchronisation;
 * NULL: none. Of one of several slots: what lies in one piece. */
static inline unsigned char *nm_nextpkt(struct nm_desc *d, struct nm_pkthdr *hdr)
{
	struct netmap_ring *ring = nm_ring_to_read_(d);

	if (!ring)
		return NULL;
	nm_take_(ring, hdr);
	return hdr->buf;
}

#ifdef __cplusplus
}
#endif
#endif
