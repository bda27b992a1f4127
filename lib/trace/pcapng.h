/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pcapng (draft-ietf-opsawg-pcapng): what reader and writer share.
 *
 *	type 4 | total length 4 | body, a multiple of 4 | total length again 4
 *
 * A file is a row of sections, each begun by a section header block (SHB) that
 * tells its byte order; interfaces (IDB) are numbered anew in each. Frames are in
 * enhanced (EPB), simple (SPB) or the obsolete packet blocks (PB).
 */
#ifndef TRACE_PCAPNG_H
#define TRACE_PCAPNG_H

#include <stddef.h>

enum {
	BLOCK_SHB = 0x0a0d0d0a, /* reads the same in both byte orders */
	BLOCK_IDB = 1,
	BLOCK_PB = 2,
	BLOCK_SPB = 3,
	BLOCK_NRB = 4, /* name resolution */
	BLOCK_ISB = 5, /* interface statistics */
	BLOCK_EPB = 6,
	BLOCK_JOURNAL = 9, /* entries of the systemd journal */
	BLOCK_DSB = 10,	   /* secrets to decrypt with */
	BLOCK_CUSTOM = 0xbad,

	BYTE_ORDER_MAGIC = 0x1a2b3c4d,

	BLOCK_HEADER = 8,
	BLOCK_TRAILER = 4,
	BLOCK_MIN = BLOCK_HEADER + BLOCK_TRAILER,

	/* Header and fixed fields of each, before data and options. */
	SHB_FIXED = 24,
	IDB_FIXED = 16,
	EPB_FIXED = 28,
	PB_FIXED = 28,
	SPB_FIXED = 12,
	ISB_FIXED = 20,

	OPT_HEADER = 4,
	OPT_END = 0,
	OPT_COMMENT = 1,
	OPT_SHB_HARDWARE = 2,
	OPT_SHB_OS = 3,
	OPT_SHB_USERAPPL = 4,
	OPT_IF_NAME = 2,
	OPT_IF_DESCRIPTION = 3,
	OPT_IF_MACADDR = 6,
	OPT_IF_SPEED = 8,
	OPT_IF_TSRESOL = 9,
	OPT_IF_FILTER = 11,
	OPT_IF_OS = 12,
	OPT_IF_FCSLEN = 13,
	OPT_IF_TSOFFSET = 14,
	OPT_ISB_STARTTIME = 2,
	OPT_ISB_ENDTIME = 3,
	OPT_ISB_IFRECV = 4,
	OPT_ISB_IFDROP = 5,
	OPT_ISB_USRDELIV = 8,
	OPT_EPB_FLAGS = 2,
	OPT_EPB_DROPCOUNT = 4,
	OPT_EPB_PACKETID = 5,
	OPT_EPB_QUEUE = 6,
};

/* Texts and frames are filled up to whole words. */
static inline size_t padded(size_t n)
{
	return (n + 3) & ~(size_t)3;
}

#endif
