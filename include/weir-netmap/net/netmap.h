/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The netmap API, version 15, as programs for it see it: what lies in the memory that they
 * map, and what they ask with ioctl(2) on /dev/netmap. Written from tables of the interface
 * (offsets, sizes and numbers), which the assertions below repeat; netmap_user.h has what a
 * program does with it.
 *
 * The memory of a port:
 *
 *     |netmap_if     |netmap_ring, slots|netmap_ring, slots| ... |buffer 0|buffer 1| ...
 *      ring_ofs[] ----^------------------^
 *
 * ring_ofs[] counts from the netmap_if: rings to send, then those of the host to send, rings
 * to receive, then those of the host to receive; 0: not bound to this descriptor. A slot
 * names a buffer by number, which counts from the ring's buf_ofs. Buffers 0 and 1 belong to
 * nobody. The program owns the slots from head up to tail, which is not one of them.
 */
#ifndef WEIR_NETMAP_NET_NETMAP_H
#define WEIR_NETMAP_NET_NETMAP_H

#include <net/if.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/time.h>
#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#define NETMAP_ASSERT(what) static_assert(what, #what)
#else
#define NETMAP_ASSERT(what) _Static_assert(what, #what)
#endif

#define NETMAP_AT(type, field, offset) NETMAP_ASSERT(offsetof(struct type, field) == (offset))
#define NETMAP_SIZE(type, size)	       NETMAP_ASSERT(sizeof(struct type) == (size))

#define NETMAP_API     14 /* what requests carry; from MIN to MAX is taken */
#define NETMAP_MIN_API 14
#define NETMAP_MAX_API 15
#define NM_CACHE_ALIGN 128

/* How names of ports of a switch begin. */
#define NM_BDG_NAME "vale"

/* Most slots that a packet takes. */
#define NETMAP_MAX_FRAGS 64

/* What is in the mapped memory. */

struct netmap_slot {
	uint32_t buf_idx;
	uint16_t len;
	uint16_t flags; /* NS_... */
	uint64_t ptr;	/* of NS_INDIRECT */
};
NETMAP_SIZE(netmap_slot, 16);
NETMAP_AT(netmap_slot, len, 4);
NETMAP_AT(netmap_slot, flags, 6);
NETMAP_AT(netmap_slot, ptr, 8);

#define NS_BUF_CHANGED 0x0001 /* buf_idx is not what it was */
#define NS_REPORT      0x0002 /* tell when it has been sent */
#define NS_FORWARD     0x0004 /* hand it to the other side: with NR_FORWARD */
#define NS_NO_LEARN    0x0008 /* a switch is not to learn its source */
#define NS_INDIRECT    0x0010 /* the bytes lie at ptr */
#define NS_MOREFRAG    0x0020 /* the packet goes on in the next slot */
#define NS_TXMON       0x0040 /* a monitor has it from sending */
#define NS_PORT_SHIFT  8
#define NS_PORT_MASK   (0xff << NS_PORT_SHIFT)
#define NS_RFRAGS(s)   (((s)->flags >> NS_PORT_SHIFT) & 0xff) /* slots of a received packet */

struct netmap_ring {
	const int64_t buf_ofs; /* of buffer 0 from this ring */
	const uint32_t num_slots;
	const uint32_t nr_buf_size;
	const uint16_t ringid;
	const uint16_t dir; /* 0: to send, 1: to receive */
	uint32_t head;	    /* first slot of the program's */
	uint32_t cur;	    /* where it is; wake it when tail is beyond */
	uint32_t tail;	    /* first slot that is not the program's: only to be read */
	uint32_t flags;	    /* NR_... */
	struct timeval ts;  /* of the last synchronisation */
	uint64_t offset_mask;
	uint64_t buf_align;
	uint8_t sem[128] __attribute__((aligned(NM_CACHE_ALIGN))); /* the program's own */
	struct netmap_slot slot[];
};
NETMAP_SIZE(netmap_ring, 256);
NETMAP_AT(netmap_ring, num_slots, 8);
NETMAP_AT(netmap_ring, nr_buf_size, 12);
NETMAP_AT(netmap_ring, ringid, 16);
NETMAP_AT(netmap_ring, dir, 18);
NETMAP_AT(netmap_ring, head, 20);
NETMAP_AT(netmap_ring, cur, 24);
NETMAP_AT(netmap_ring, tail, 28);
NETMAP_AT(netmap_ring, flags, 32);
NETMAP_AT(netmap_ring, ts, 40);
NETMAP_AT(netmap_ring, offset_mask, 56);
NETMAP_AT(netmap_ring, buf_align, 64);
NETMAP_AT(netmap_ring, sem, 128);
NETMAP_AT(netmap_ring, slot, 256);

#define NR_TIMESTAMP 0x0002 /* set ts */
#define NR_FORWARD   0x0004 /* heed NS_FORWARD */

/* Is no slot the program's? */
static inline int nm_ring_empty(const struct netmap_ring *ring)
{
	return ring->head == ring->tail;
}

struct netmap_if {
	char ni_name[IFNAMSIZ];
	const uint32_t ni_version;
	const uint32_t ni_flags; /* NI_... */
	const uint32_t ni_tx_rings, ni_rx_rings;
	uint32_t ni_bufs_head; /* first of the extra buffers; each begins with the number of the
				* next, 0 ends the chain */
	const uint32_t ni_host_tx_rings, ni_host_rx_rings;
	uint32_t ni_spare1[3];
	const int64_t ring_ofs[];
};
NETMAP_SIZE(netmap_if, 56);
NETMAP_AT(netmap_if, ni_version, 16);
NETMAP_AT(netmap_if, ni_flags, 20);
NETMAP_AT(netmap_if, ni_tx_rings, 24);
NETMAP_AT(netmap_if, ni_rx_rings, 28);
NETMAP_AT(netmap_if, ni_bufs_head, 32);
NETMAP_AT(netmap_if, ni_host_tx_rings, 36);
NETMAP_AT(netmap_if, ni_host_rx_rings, 40);
NETMAP_AT(netmap_if, ring_ofs, 56);

#define NI_PRIV_MEM 0x1 /* the memory is this port's alone */

/* What NIOCCTRL takes: a header that names a port and a request, with a body of its own and a
 * list of options. */

#define NETMAP_REQ_IFNAMSIZ 64
#define NETMAP_REQ_MAXSIZE  4096 /* of a body and all options */

struct nmreq_header {
	uint16_t nr_version;
	uint16_t nr_reqtype; /* NETMAP_REQ_... */
	uint32_t nr_reserved;
	char nr_name[NETMAP_REQ_IFNAMSIZ];
	uint64_t nr_options; /* address of the first nmreq_option, or 0 */
	uint64_t nr_body;    /* address of the body, or 0 */
};
NETMAP_SIZE(nmreq_header, 88);
NETMAP_AT(nmreq_header, nr_reqtype, 2);
NETMAP_AT(nmreq_header, nr_name, 8);
NETMAP_AT(nmreq_header, nr_options, 72);
NETMAP_AT(nmreq_header, nr_body, 80);

enum {
	NETMAP_REQ_REGISTER = 1,
	NETMAP_REQ_PORT_INFO_GET,
	NETMAP_REQ_VALE_ATTACH,
	NETMAP_REQ_VALE_DETACH,
	NETMAP_REQ_VALE_LIST,
	NETMAP_REQ_PORT_HDR_SET,
	NETMAP_REQ_PORT_HDR_GET,
	NETMAP_REQ_VALE_NEWIF,
	NETMAP_REQ_VALE_DELIF,
	NETMAP_REQ_VALE_POLLING_ENABLE,
	NETMAP_REQ_VALE_POLLING_DISABLE,
	NETMAP_REQ_POOLS_INFO_GET,
	NETMAP_REQ_SYNC_KLOOP_START,
	NETMAP_REQ_SYNC_KLOOP_STOP,
	NETMAP_REQ_CSB_ENABLE,
};

struct nmreq_option {
	uint64_t nro_next;    /* address of the next one, or 0 */
	uint32_t nro_reqtype; /* NETMAP_REQ_OPT_... */
	uint32_t nro_status;  /* comes back: 0, or an errno */
	uint64_t nro_size;    /* of what follows, where that varies */
};
NETMAP_SIZE(nmreq_option, 24);
NETMAP_AT(nmreq_option, nro_reqtype, 8);
NETMAP_AT(nmreq_option, nro_status, 12);
NETMAP_AT(nmreq_option, nro_size, 16);

enum {
	NETMAP_REQ_OPT_EXTMEM = 1,
	NETMAP_REQ_OPT_SYNC_KLOOP_EVENTFDS,
	NETMAP_REQ_OPT_CSB,
	NETMAP_REQ_OPT_SYNC_KLOOP_MODE,
	NETMAP_REQ_OPT_OFFSETS,
	NETMAP_REQ_OPT_MAX, /* no option: one more than the last */
};

struct nmreq_register {
	uint64_t nr_offset;  /* of the netmap_if in the memory */
	uint64_t nr_memsize; /* of all of that */
	uint32_t nr_tx_slots, nr_rx_slots;
	uint16_t nr_tx_rings, nr_rx_rings;
	uint16_t nr_host_tx_rings, nr_host_rx_rings;
	uint16_t nr_mem_id; /* equal ones are the same memory */
	uint16_t nr_ringid;
	uint32_t nr_mode; /* NR_REG_... */
	uint32_t nr_extra_bufs;
	uint64_t nr_flags;
};
NETMAP_SIZE(nmreq_register, 56);
NETMAP_AT(nmreq_register, nr_memsize, 8);
NETMAP_AT(nmreq_register, nr_tx_slots, 16);
NETMAP_AT(nmreq_register, nr_rx_slots, 20);
NETMAP_AT(nmreq_register, nr_tx_rings, 24);
NETMAP_AT(nmreq_register, nr_rx_rings, 26);
NETMAP_AT(nmreq_register, nr_host_tx_rings, 28);
NETMAP_AT(nmreq_register, nr_host_rx_rings, 30);
NETMAP_AT(nmreq_register, nr_mem_id, 32);
NETMAP_AT(nmreq_register, nr_ringid, 34);
NETMAP_AT(nmreq_register, nr_mode, 36);
NETMAP_AT(nmreq_register, nr_extra_bufs, 40);
NETMAP_AT(nmreq_register, nr_flags, 48);

/* Which rings are bound. */
enum {
	NR_REG_DEFAULT = 0,
	NR_REG_ALL_NIC = 1,
	NR_REG_SW = 2, /* of the host */
	NR_REG_NIC_SW = 3,
	NR_REG_ONE_NIC = 4,
	NR_REG_PIPE_MASTER = 5,
	NR_REG_PIPE_SLAVE = 6,
	NR_REG_NULL = 7,
	NR_REG_ONE_SW = 8,
};

#define NR_MONITOR_TX	   0x100
#define NR_MONITOR_RX	   0x200
#define NR_ZCOPY_MON	   0x400
#define NR_EXCLUSIVE	   0x800
#define NR_RX_RINGS_ONLY   0x2000
#define NR_TX_RINGS_ONLY   0x4000
#define NR_ACCEPT_VNET_HDR 0x8000
#define NR_DO_RX_POLL	   0x10000
#define NR_NO_TX_POLL	   0x20000

struct nmreq_port_info_get {
	uint64_t nr_memsize;
	uint32_t nr_tx_slots, nr_rx_slots;
	uint16_t nr_tx_rings, nr_rx_rings;
	uint16_t nr_host_tx_rings, nr_host_rx_rings;
	uint16_t nr_mem_id;
	uint16_t pad[3];
};
NETMAP_SIZE(nmreq_port_info_get, 32);
NETMAP_AT(nmreq_port_info_get, nr_tx_slots, 8);
NETMAP_AT(nmreq_port_info_get, nr_tx_rings, 16);
NETMAP_AT(nmreq_port_info_get, nr_host_tx_rings, 20);
NETMAP_AT(nmreq_port_info_get, nr_mem_id, 24);

struct nmreq_vale_attach {
	struct nmreq_register reg;
	uint32_t port_index;
	uint32_t pad1;
};
NETMAP_SIZE(nmreq_vale_attach, 64);
NETMAP_AT(nmreq_vale_attach, port_index, 56);

struct nmreq_vale_detach {
	uint32_t port_index;
	uint32_t pad1;
};
NETMAP_SIZE(nmreq_vale_detach, 8);

struct nmreq_vale_list {
	uint16_t nr_bridge_idx;
	uint16_t pad1;
	uint32_t nr_port_idx;
};
NETMAP_SIZE(nmreq_vale_list, 8);
NETMAP_AT(nmreq_vale_list, nr_port_idx, 4);

struct nmreq_port_hdr {
	uint32_t nr_hdr_len; /* of virtio-net before each packet: 0, 10 or 12 */
	uint32_t pad1;
};
NETMAP_SIZE(nmreq_port_hdr, 8);

struct nmreq_vale_newif {
	uint32_t nr_tx_slots, nr_rx_slots;
	uint16_t nr_tx_rings, nr_rx_rings;
	uint16_t nr_mem_id;
	uint16_t pad1;
};
NETMAP_SIZE(nmreq_vale_newif, 16);
NETMAP_AT(nmreq_vale_newif, nr_tx_rings, 8);
NETMAP_AT(nmreq_vale_newif, nr_mem_id, 12);

struct nmreq_vale_polling {
	uint32_t nr_mode; /* NETMAP_POLLING_MODE_... */
	uint32_t nr_first_cpu_id;
	uint32_t nr_num_polling_cpus;
	uint32_t pad1;
};
NETMAP_SIZE(nmreq_vale_polling, 16);

#define NETMAP_POLLING_MODE_SINGLE_CPU 1
#define NETMAP_POLLING_MODE_MULTI_CPU  2

struct nmreq_pools_info {
	uint64_t nr_memsize;
	uint16_t nr_mem_id;
	uint16_t pad1[3];
	uint64_t nr_if_pool_offset;
	uint32_t nr_if_pool_objtotal, nr_if_pool_objsize;
	uint64_t nr_ring_pool_offset;
	uint32_t nr_ring_pool_objtotal, nr_ring_pool_objsize;
	uint64_t nr_buf_pool_offset;
	uint32_t nr_buf_pool_objtotal, nr_buf_pool_objsize;
};
NETMAP_SIZE(nmreq_pools_info, 64);
NETMAP_AT(nmreq_pools_info, nr_mem_id, 8);
NETMAP_AT(nmreq_pools_info, nr_if_pool_offset, 16);
NETMAP_AT(nmreq_pools_info, nr_ring_pool_offset, 32);
NETMAP_AT(nmreq_pools_info, nr_buf_pool_offset, 48);
NETMAP_AT(nmreq_pools_info, nr_buf_pool_objsize, 60);

struct nmreq_sync_kloop_start {
	uint32_t sleep_us;
	uint32_t pad1;
};
NETMAP_SIZE(nmreq_sync_kloop_start, 8);

struct nmreq_opt_extmem {
	struct nmreq_option nro_opt;
	uint64_t nro_usrptr;
	struct nmreq_pools_info nro_info;
};
NETMAP_SIZE(nmreq_opt_extmem, 96);
NETMAP_AT(nmreq_opt_extmem, nro_info, 32);

struct nmreq_opt_csb {
	struct nmreq_option nro_opt;
	uint64_t csb_atok; /* addresses of nm_csb_atok and nm_csb_ktoa, one for each ring */
	uint64_t csb_ktoa;
};
NETMAP_SIZE(nmreq_opt_csb, 40);

/* A pair for each bound ring, those to send before those to receive; nro_size is of all. */
struct nmreq_opt_sync_kloop_eventfds {
	struct nmreq_option nro_opt;
	struct {
		int32_t ioeventfd; /* the program kicks */
		int32_t irqfd;	   /* the program is woken */
	} eventfds[];
};
NETMAP_SIZE(nmreq_opt_sync_kloop_eventfds, 24);

struct nmreq_opt_sync_kloop_mode {
	struct nmreq_option nro_opt;
	uint32_t mode; /* NM_OPT_SYNC_KLOOP_... */
	uint32_t pad1;
};
NETMAP_SIZE(nmreq_opt_sync_kloop_mode, 32);

#define NM_OPT_SYNC_KLOOP_DIRECT_TX (1 << 0)
#define NM_OPT_SYNC_KLOOP_DIRECT_RX (1 << 1)

struct nmreq_opt_offsets {
	struct nmreq_option nro_opt;
	uint64_t nro_max_offset;
	uint64_t nro_initial_offset;
	uint32_t nro_offset_bits;
	uint32_t nro_tx_align;
	uint64_t nro_min_gap;
};
NETMAP_SIZE(nmreq_opt_offsets, 56);
NETMAP_AT(nmreq_opt_offsets, nro_offset_bits, 40);
NETMAP_AT(nmreq_opt_offsets, nro_min_gap, 48);

/* What a program and the kernel tell each other of a ring in CSB mode. */
struct nm_csb_atok {
	uint32_t head, cur;
	uint32_t appl_need_kick;
	uint32_t sync_flags;
	uint32_t pad[12];
};
NETMAP_SIZE(nm_csb_atok, 64);

struct nm_csb_ktoa {
	uint32_t hwcur, hwtail;
	uint32_t kern_need_kick;
	uint32_t pad[13];
};
NETMAP_SIZE(nm_csb_ktoa, 64);

/* Stores, or loads, before these calls are seen before those behind them. */
static inline void nm_stst_barrier(void)
{
	__atomic_thread_fence(__ATOMIC_RELEASE);
}

static inline void nm_ldld_barrier(void)
{
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
}

/* The program's side of a ring in CSB mode. The loop reads head first and then cur, so that
 * what it sees of cur is never behind what it sees of head; and the same the other way round
 * for hwtail and hwcur. What was written into slots is seen with either. */
static inline void nm_sync_kloop_appl_write(struct nm_csb_atok *atok, uint32_t cur, uint32_t head)
{
	nm_stst_barrier();
	atok->cur = cur;
	nm_stst_barrier();
	atok->head = head;
}

static inline void nm_sync_kloop_appl_read(struct nm_csb_ktoa *ktoa, uint32_t *ret_hwtail,
					   uint32_t *ret_hwcur)
{
	*ret_hwtail = ktoa->hwtail;
	nm_ldld_barrier();
	*ret_hwcur = ktoa->hwcur;
	nm_ldld_barrier();
}

/* What the legacy requests take. */
struct nmreq {
	char nr_name[IFNAMSIZ];
	uint32_t nr_version;
	uint32_t nr_offset;
	uint32_t nr_memsize;
	uint32_t nr_tx_slots, nr_rx_slots;
	uint16_t nr_tx_rings, nr_rx_rings;
	uint16_t nr_ringid; /* with NETMAP_... flags */
	uint16_t nr_cmd;    /* NETMAP_BDG_... */
	uint16_t nr_arg1;
	uint16_t nr_arg2;  /* memory */
	uint32_t nr_arg3;  /* extra buffers */
	uint32_t nr_flags; /* NR_REG_... in the low bits, and NR_... */
	uint32_t spare2[1];
};
NETMAP_SIZE(nmreq, 60);
NETMAP_AT(nmreq, nr_version, 16);
NETMAP_AT(nmreq, nr_memsize, 24);
NETMAP_AT(nmreq, nr_tx_slots, 28);
NETMAP_AT(nmreq, nr_tx_rings, 36);
NETMAP_AT(nmreq, nr_ringid, 40);
NETMAP_AT(nmreq, nr_cmd, 42);
NETMAP_AT(nmreq, nr_arg1, 44);
NETMAP_AT(nmreq, nr_arg2, 46);
NETMAP_AT(nmreq, nr_arg3, 48);
NETMAP_AT(nmreq, nr_flags, 52);

#define NR_REG_MASK	  0xf
#define NETMAP_RING_MASK  0x0fff
#define NETMAP_NO_TX_POLL 0x1000
#define NETMAP_SW_RING	  0x2000
#define NETMAP_HW_RING	  0x4000
#define NETMAP_DO_RX_POLL 0x8000

enum {
	NETMAP_BDG_ATTACH = 1,
	NETMAP_BDG_DETACH,
	NETMAP_BDG_REGOPS,
	NETMAP_BDG_LIST,
	NETMAP_BDG_VNET_HDR,
	NETMAP_BDG_NEWIF,
	NETMAP_BDG_DELIF,
	NETMAP_PT_HOST_CREATE,
	NETMAP_PT_HOST_DELETE,
	NETMAP_BDG_POLLING_ON,
	NETMAP_BDG_POLLING_OFF,
	NETMAP_VNET_HDR_GET,
};

#define NETMAP_BDG_HOST 1 /* nr_arg1 of NETMAP_BDG_ATTACH: with the rings of the host */

struct nm_ifreq {
	char nifr_name[IFNAMSIZ];
	char data[256];
};
NETMAP_SIZE(nm_ifreq, 272);
#define NM_IFRDATA_LEN 256

#define NIOCCTRL   _IOWR('i', 151, struct nmreq_header)
#define NIOCTXSYNC _IO('i', 148)
#define NIOCRXSYNC _IO('i', 149)
#define NIOCGINFO  _IOWR('i', 145, struct nmreq)
#define NIOCREGIF  _IOWR('i', 146, struct nmreq)
#define NIOCCONFIG _IOWR('i', 150, struct nm_ifreq)

#ifdef __cplusplus
}
#endif
#endif
