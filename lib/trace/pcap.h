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

#define PCAP_MAGIC_US	     0xa1b2c3d4u
#define PCAP_MAGIC_NS	     0xa1b23c4du
#define PCAP_MAGIC_KUZNETZOV 0xa1b2cd34u

enum {
	PCAP_FILE_HEADER = 24,
	PCAP_RECORD_HEADER = 16,
	PCAP_RECORD_HEADER_KUZNETZOV = 24,
	PCAP_LINKTYPE_MASK = 0x03ffffff, /* above it: length of the frame check sequence */
};

#endif
