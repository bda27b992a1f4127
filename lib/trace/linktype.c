/* SPDX-License-Identifier: BSD-2-Clause */
#include "trace/linktype.h"

#include <limits.h>
#include <stddef.h>

#include <weir/trace.h>

#include "base/libpcap.h"

int linktype_to_dlt(uint32_t linktype)
{
	switch (linktype) {
	case 100:
		return DLT_ATM_RFC1483;
	case 101:
		return DLT_RAW;
	case 102:
		return DLT_SLIP_BSDOS;
	case 103:
		return DLT_PPP_BSDOS;
	case 106:
		return DLT_ATM_CLIP;
	case 246:
		return DLT_PFSYNC;
	default:
		return linktype <= INT_MAX ? (int)linktype : -1;
	}
}

const char *weir_linktype_name(uint32_t linktype)
{
	struct libpcap pcap;

	if (libpcap_load(&pcap, NULL) < 0)
		return NULL; /* a name is worth no error */
	return pcap.datalink_val_to_name(linktype_to_dlt(linktype));
}

const char *weir_linktype_description(uint32_t linktype)
{
	struct libpcap pcap;

	if (libpcap_load(&pcap, NULL) < 0)
		return NULL;
	return pcap.datalink_val_to_description(linktype_to_dlt(linktype));
}
