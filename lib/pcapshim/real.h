/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The libpcap that the program has: the functions which this library stands in front of.
 */
#ifndef PCAPSHIM_REAL_H
#define PCAPSHIM_REAL_H

#include <stdbool.h>

#include <pcap/pcap.h>

/* Every call that takes a handle or the name of a device. */
#define REAL_CALLS(X)                                                                              \
	X(activate)                                                                                \
	X(breakloop)                                                                               \
	X(bufsize)                                                                                 \
	X(can_set_rfmon)                                                                           \
	X(close)                                                                                   \
	X(compile)                                                                                 \
	X(create)                                                                                  \
	X(datalink)                                                                                \
	X(datalink_ext)                                                                            \
	X(dispatch)                                                                                \
	X(dump_fopen)                                                                              \
	X(dump_open)                                                                               \
	X(dump_open_append)                                                                        \
	X(file)                                                                                    \
	X(fileno)                                                                                  \
	X(findalldevs)                                                                             \
	X(get_required_select_timeout)                                                             \
	X(get_selectable_fd)                                                                       \
	X(get_tstamp_precision)                                                                    \
	X(geterr)                                                                                  \
	X(getnonblock)                                                                             \
	X(inject)                                                                                  \
	X(is_swapped)                                                                              \
	X(list_datalinks)                                                                          \
	X(list_tstamp_types)                                                                       \
	X(lookupnet)                                                                               \
	X(loop)                                                                                    \
	X(major_version)                                                                           \
	X(minor_version)                                                                           \
	X(next)                                                                                    \
	X(next_ex)                                                                                 \
	X(open_live)                                                                               \
	X(perror)                                                                                  \
	X(sendpacket)                                                                              \
	X(set_buffer_size)                                                                         \
	X(set_datalink)                                                                            \
	X(set_immediate_mode)                                                                      \
	X(set_promisc)                                                                             \
	X(set_protocol_linux)                                                                      \
	X(set_rfmon)                                                                               \
	X(set_snaplen)                                                                             \
	X(set_timeout)                                                                             \
	X(set_tstamp_precision)                                                                    \
	X(set_tstamp_type)                                                                         \
	X(setdirection)                                                                            \
	X(setfilter)                                                                               \
	X(setnonblock)                                                                             \
	X(snapshot)                                                                                \
	X(stats)

struct real {
#define MEMBER(name) __typeof__(&pcap_##name) name;
	REAL_CALLS(MEMBER)
#undef MEMBER
	__typeof__(&pcap_open_dead_with_tstamp_precision) open_dead_with_tstamp_precision;
	__typeof__(&pcap_offline_filter) offline_filter;
	__typeof__(&bpf_validate) validate;
};

/*
 * The one behind this library, if the program was linked with it; one that the program has
 * loaded; or the system's. Never NULL: what it does not have, or all of it if there is none, is
 * NULL. Safe with threads, and in signal handlers once it has been called.
 */
const struct real *real_libpcap(void);

/* dlsym(3) of the C library, before which there is symbol.c: called, and where it is. */
void *real_dlsym(void *library, const char *name);
void *real_dlsym_address(void);

#endif
