/* SPDX-License-Identifier: BSD-2-Clause */
/* libpcap as a library that is loaded when it is needed (library.h). */
#ifndef BASE_LIBPCAP_H
#define BASE_LIBPCAP_H

#include <pcap/pcap.h>

#include <weir/err.h>

/* The functions of the same names. */
struct libpcap {
	__typeof__(&pcap_open_dead) open_dead;
	__typeof__(&pcap_close) close;
	__typeof__(&pcap_geterr) geterr;
	__typeof__(&pcap_compile) compile;
	__typeof__(&pcap_freecode) freecode;
	__typeof__(&pcap_offline_filter) offline_filter;
	__typeof__(&pcap_datalink_val_to_name) datalink_val_to_name;
	__typeof__(&pcap_datalink_val_to_description) datalink_val_to_description;
};

/* -ENOENT: it is not installed. */
int libpcap_load(struct libpcap *ret_pcap, struct weir_err *err);

#endif
