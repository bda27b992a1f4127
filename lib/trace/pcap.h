/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Classic pcap (draft-ietf-opsawg-pcap): what reader and writer share.
 *
 *	magic 4 | major 2 | minor 2 | thiszone 4 | sigfigs 4 | snaplen 4 | linktype 4
 *	{ seconds 4 | us or ns 4 | captured 4 | on the wire 4 | frame }...
 *
 * Kuznetzov's variant has 8 more bytes (interface, protocol, packet type) in each
 * record header.
 */
#ifndef TRACE_PCAP_H
#define TRACE_PCAP_H

#include <stdint.h>
#include <string.h>

#include <weir/trace.h>

#include "base/bytes.h"
#include "base/macros.h"

#define PCAP_MAGIC_US	     0xa1b2c3d4u
#define PCAP_MAGIC_NS	     0xa1b23c4du
#define PCAP_MAGIC_KUZNETZOV 0xa1b2cd34u

enum {
	PCAP_FILE_HEADER = 24,
	PCAP_RECORD_HEADER = 16,
	PCAP_RECORD_HEADER_KUZNETZOV = 24,
	PCAP_LINKTYPE_MASK = 0x03ffffff, /* above it: length of the frame check sequence */
};

/* In this machine's byte order, as all that is written. format: WEIR_TRACE_PCAP_US or _NS. */
static inline void pcap_put_file_header(uint8_t *head, enum weir_trace_format format,
					uint32_t snaplen, uint32_t linktype)
{
	memset(head, 0, PCAP_FILE_HEADER); /* thiszone and sigfigs are 0 */
	raw32_put(head, format == WEIR_TRACE_PCAP_NS ? PCAP_MAGIC_NS : PCAP_MAGIC_US);
	raw16_put(head + 4, 2); /* version 2.4 */
	raw16_put(head + 6, 4);
	raw32_put(head + 16, snaplen);
	raw32_put(head + 20, linktype);
}

static inline void pcap_put_record_header(uint8_t *head, enum weir_trace_format format,
					  uint64_t ts_ns, uint32_t len, uint32_t orig_len)
{
	const uint32_t ns = (uint32_t)(ts_ns % NSEC_PER_SEC);

	raw32_put(head, (uint32_t)(ts_ns / NSEC_PER_SEC));
	raw32_put(head + 4, format == WEIR_TRACE_PCAP_NS ? ns : ns / 1000);
	raw32_put(head + 8, len);
	raw32_put(head + 12, orig_len);
}

#endif
