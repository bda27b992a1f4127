/* SPDX-License-Identifier: BSD-2-Clause */
/* Ports of switches among the devices that libpcap lists. */
#ifndef PCAPSHIM_DEVICES_H
#define PCAPSHIM_DEVICES_H

#include <pcap/pcap.h>

/* Adds those of the switches that run to a list, to be freed with pcap_freealldevs(3). */
void devices_add(pcap_if_t **list);

#endif
