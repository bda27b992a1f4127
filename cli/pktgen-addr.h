/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Numbers and addresses as netmap's pkt-gen has them: ranges of IP addresses and UDP ports that
 * its frames walk through, and hardware addresses.
 */
#ifndef CLI_PKTGEN_ADDR_H
#define CLI_PKTGEN_ADDR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <weir/err.h>

/* A number up to max that is the whole text: decimal, 0x hexadecimal or 0 octal. -EINVAL. */
int pktgen_number_parse(const char *text, uint32_t max, uint32_t *ret_number);

/* One side of the frames. Of an address only one part counts up, the others stay as they are:
 * of IPv4 all of it, of IPv6 one group of 16 bits. */
struct pktgen_range {
	uint8_t addr[16];  /* the first; 4 bytes of IPv4 */
	unsigned part_at;  /* of the bytes that count up, */
	unsigned part_len; /* 4 or 2 of them, */
	uint32_t low, high;
	uint16_t port_low, port_high;
	bool random; /* address and port are drawn instead */
};

/*
 * Reads "10.0.0.1", "10.0.0.1:80" or "10.0.0.1:80-10.0.0.9:90". IPv6 with a port is written
 * "[2001:db8::1]:80", and "6@" before an address says which group counts up, 0 to 7, the last
 * being the default. The port is 1234 if there is none, or that of the first address. Ends in
 * the wrong order are swapped. -EINVAL: the text tells option and value.
 */
int pktgen_range_parse(char option, const char *text, bool ipv6, struct pktgen_range *ret_range,
		       struct weir_err *err);

/* "10.0.0.1:80 to 10.0.0.9:90". */
void pktgen_range_text(const struct pktgen_range *r, char *text, size_t size);

/* Reads "02:00:00:00:00:01". -EINVAL as above. */
int pktgen_mac_parse(char option, const char *text, uint8_t ret_mac[6], struct weir_err *err);

#endif
