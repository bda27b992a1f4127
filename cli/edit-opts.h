/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Options about what becomes of frames: tcpedit's, and weir's own. Every command that edits
 * takes them: they are rows over a struct that the command's own contains.
 */
#ifndef CLI_EDIT_OPTS_H
#define CLI_EDIT_OPTS_H

#include <stdbool.h>
#include <stdint.h>

#include <weir/edit.h>
#include <weir/err.h>

#include "cmd.h"

/* Texts are NULL unless given, numbers 0. */
struct edit_cfg {
	struct opt_list portmap, pnat, subsmac, user_dlink;
	const char *srcipmap, *dstipmap, *endpoints;
	const char *ttl, *fixlen;
	const char *smac, *dmac;
	const char *anonymize, *anonymize_key;
	const char *vlan, *vlan_proto, *dlt, *inner, *vlan_stack;
	uint32_t seed, tcp_sequence, tos, tclass, flowlabel;
	uint32_t mtu, fuzz_seed, fuzz_factor;
	uint32_t mac_seed, mac_seed_keep;
	uint32_t vlan_tag, vlan_cfi, vlan_pri, vlan_nth;
	uint32_t hdlc_control, hdlc_address, user_dlt;
	bool skipbroadcast, skipl2broadcast, fixcsum, fixhdrlen, mtu_trunc, efcs;
};

/* Rows of a command whose struct strct holds a struct edit_cfg in field. */
/* clang-format off */
#define EDIT_ROWS(strct, field) \
	{ OPT(strct, field.portmap), .name = "portmap", .letter = 'r', .metavar = "MAP", \
	  .help = "change TCP and UDP ports: 80:8000,8000-8999:80,80+81:90" }, \
	{ OPT(strct, field.seed), .name = "seed", .letter = 's', .metavar = "N", \
	  .flags = OPT_WRAPS, .conflicts = "fuzz-seed", \
	  .help = "scatter IP addresses" }, \
	{ OPT(strct, field.pnat), .name = "pnat", .letter = 'N', .metavar = "MAP", .old_most = 2, \
	  .conflicts = "srcipmap", \
	  .help = "change IP addresses: FROM/N:TO/M,...; a second map is for the other side" }, \
	{ OPT(strct, field.srcipmap), .name = "srcipmap", .letter = 'S', .metavar = "MAP", \
	  .conflicts = "pnat", \
	  .help = "change source IP addresses" }, \
	{ OPT(strct, field.dstipmap), .name = "dstipmap", .letter = 'D', .metavar = "MAP", \
	  .conflicts = "pnat", \
	  .help = "change destination IP addresses" }, \
	{ OPT(strct, field.tcp_sequence), .name = "tcp-sequence", .metavar = "N", .min = 1, \
	  .help = "move TCP sequence and acknowledgement numbers by what the seed N gives" }, \
	{ OPT(strct, field.anonymize), .name = "anonymize", .metavar = "HOW", \
	  .flags = OPT_WEIR_ONLY, .conflicts = "seed", .requires = "anonymize-key", \
	  .help = "prefix: change IP addresses under a key, and keep prefixes together" }, \
	{ OPT(strct, field.anonymize_key), .name = "anonymize-key", .metavar = "HEX|@FILE", \
	  .flags = OPT_WEIR_ONLY, .requires = "anonymize", \
	  .help = "the key, 32 bytes in hexadecimal or in a file" }, \
	{ OPT(strct, field.inner), .name = "inner", .metavar = "WHICH", \
	  .flags = OPT_WEIR_ONLY | OPT_OPTIONAL, \
	  .help = "edit the packet within tunnels: the innermost, or 1, 2, all, vxlan, gtpu, ..." }, \
	{ OPT(strct, field.skipbroadcast), .name = "skipbroadcast", .letter = 'b', \
	  .help = "leave broadcast and multicast IP addresses" }, \
	{ OPT(strct, field.fixcsum), .name = "fixcsum", .letter = 'C', \
	  .help = "compute IP, TCP, UDP and ICMP checksums" }, \
	{ OPT(strct, field.fixhdrlen), .name = "fixhdrlen", \
	  .help = "set IP lengths to what the frames hold" }, \
	{ OPT(strct, field.mtu), .name = "mtu", .letter = 'm', .metavar = "N", .min = 1, .max = 262144, \
	  .help = "the length for --mtu-trunc (1500)" }, \
	{ OPT(strct, field.mtu_trunc), .name = "mtu-trunc", \
	  .help = "cut what is longer than --mtu" }, \
	{ OPT(strct, field.efcs), .name = "efcs", .letter = 'E', \
	  .help = "cut the frame check sequence off, 4 bytes" }, \
	{ OPT(strct, field.ttl), .name = "ttl", .metavar = "N", \
	  .help = "set TTL or hop limit to N, or +N, -N: change it" }, \
	{ OPT(strct, field.tos), .name = "tos", .metavar = "N", .max = 255, \
	  .help = "set the IPv4 type of service" }, \
	{ OPT(strct, field.tclass), .name = "tclass", .metavar = "N", .max = 255, \
	  .help = "set the IPv6 traffic class" }, \
	{ OPT(strct, field.flowlabel), .name = "flowlabel", .metavar = "N", .max = 1048575, \
	  .help = "set the IPv6 flow label" }, \
	{ OPT(strct, field.fixlen), .name = "fixlen", .letter = 'F', .metavar = "HOW", \
	  .help = "frames that the capture cut: pad with zeros, trunc the lengths, or del" }, \
	{ OPT(strct, field.fuzz_seed), .name = "fuzz-seed", .metavar = "N", \
	  .conflicts = "seed", \
	  .help = "damage some frames, drawn from the seed N" }, \
	{ OPT(strct, field.fuzz_factor), .name = "fuzz-factor", .metavar = "N", .min = 1, \
	  .requires = "fuzz-seed", \
	  .help = "damage one frame in N (8)" }, \
	{ OPT(strct, field.skipl2broadcast), .name = "skipl2broadcast", \
	  .help = "--enet-smac and --enet-dmac leave broadcast and multicast MACs" }, \
	{ OPT(strct, field.dlt), .name = "dlt", .metavar = "TYPE", \
	  .help = "change the link layer: enet, raw, linuxsll, ..., or user as --user-dlink says" }, \
	{ OPT(strct, field.dmac), .name = "enet-dmac", .metavar = "MAC[,MAC]", \
	  .help = "set the destination MAC; the second one is for the other side" }, \
	{ OPT(strct, field.smac), .name = "enet-smac", .metavar = "MAC[,MAC]", \
	  .help = "set the source MAC; the second one is for the other side" }, \
	{ OPT(strct, field.subsmac), .name = "enet-subsmac", .metavar = "OLD,NEW", \
	  .help = "change MACs from OLD to NEW" }, \
	{ OPT(strct, field.mac_seed), .name = "enet-mac-seed", .metavar = "N", \
	  .flags = OPT_WRAPS, \
	  .conflicts = "enet-smac enet-dmac enet-subsmac", \
	  .help = "scatter MACs" }, \
	{ OPT(strct, field.mac_seed_keep), .name = "enet-mac-seed-keep-bytes", .metavar = "N", \
	  .min = 1, .max = 6, .requires = "enet-mac-seed", \
	  .help = "but keep their first N bytes" }, \
	{ OPT(strct, field.vlan), .name = "enet-vlan", .metavar = "HOW", \
	  .help = "add or del a VLAN tag, the outermost; or set parts of it" }, \
	{ OPT(strct, field.vlan_nth), .name = "enet-vlan-nth", .metavar = "N", .min = 1, .max = 255, \
	  .flags = OPT_WEIR_ONLY, .requires = "enet-vlan", \
	  .help = "the Nth tag instead of the outermost" }, \
	{ OPT(strct, field.vlan_stack), .name = "enet-vlan-stack", .metavar = "TAG,TAG,...", \
	  .flags = OPT_WEIR_ONLY, .conflicts = "enet-vlan-tag", .requires = "enet-vlan", \
	  .help = "add several tags, the outermost first: 802.1ad:100/5,802.1q:7" }, \
	{ OPT(strct, field.vlan_tag), .name = "enet-vlan-tag", .metavar = "N", .max = 4095, \
	  .requires = "enet-vlan", \
	  .help = "number of the VLAN" }, \
	{ OPT(strct, field.vlan_cfi), .name = "enet-vlan-cfi", .metavar = "N", .max = 1, \
	  .requires = "enet-vlan", \
	  .help = "canonical format bit of the tag" }, \
	{ OPT(strct, field.vlan_pri), .name = "enet-vlan-pri", .metavar = "N", .max = 7, \
	  .requires = "enet-vlan", \
	  .help = "priority in the tag" }, \
	{ OPT(strct, field.vlan_proto), .name = "enet-vlan-proto", .metavar = "TYPE", \
	  .flags = OPT_LOOSE, \
	  .requires = "enet-vlan", \
	  .help = "type of the tag: 802.1q or 802.1ad" }, \
	{ OPT(strct, field.hdlc_control), .name = "hdlc-control", .metavar = "N", .max = 255, \
	  .flags = OPT_WRAPS, \
	  .help = "control byte for --dlt=hdlc" }, \
	{ OPT(strct, field.hdlc_address), .name = "hdlc-address", .metavar = "N", .max = 255, \
	  .flags = OPT_WRAPS, \
	  .help = "address byte for --dlt=hdlc" }, \
	{ OPT(strct, field.user_dlt), .name = "user-dlt", .metavar = "N", .max = 65535, \
	  .flags = OPT_WRAPS, \
	  .help = "number of the link type for --dlt=user" }, \
	{ OPT(strct, field.user_dlink), .name = "user-dlink", .metavar = "HEX,HEX,...", \
	  .old_most = 2, \
	  .help = "link layer for --dlt=user; a second one is for frames of clients" }

/* Only where frames come with a cache that tells their side. */
#define EDIT_ENDPOINTS_ROW(strct, field, needs) \
	{ OPT(strct, field.endpoints), .name = "endpoints", .letter = 'e', .metavar = "IP:IP", \
	  .requires = needs, \
	  .help = "set the addresses of clients and servers" }
/* clang-format on */

/* What the options ask for, as personality with a remark on them; texts in it are lent as long
 * as c and the arguments. 0, or -EINVAL with the text. */
int edit_opts(const struct cmd_run *run, const struct edit_cfg *c, struct weir_edit_opts *ret_opts,
	      struct weir_err *err);

/* Adds counts of a part of the frames, or of what is done to them. */
void edit_counts_add(const struct weir_edit_counts *c, struct weir_edit_counts *sum);

#endif
