#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# What weir edit does and tcprewrite does not: packets that Scapy made are edited, and
# Wireshark says what has become of them.
# shellcheck source=tests/e2e/lib.sh
. "${BASH_SOURCE%/*}/lib.sh"

# EXPRESSION: a Python list of frames, into $netns_dir/made.
make() {
	command -v tshark >/dev/null || skip "tshark is not installed"
	python=$(python_with_scapy) || skip "no Scapy for python3"
	HOME=$netns_dir XDG_CACHE_HOME=$netns_dir "$python" - "$netns_dir/made" "$1" <<-'END'
		import sys
		from scapy.all import *
		from scapy.contrib.geneve import GENEVE
		from scapy.contrib.gtp import GTP_U_Header
		from scapy.contrib.mpls import MPLS
		eth = Ether(src="02:00:00:00:00:01", dst="02:00:00:00:00:02")
		ip = IP(src="192.0.2.1", dst="192.0.2.2")
		ip6 = IPv6(src="2001:db8::1", dst="2001:db8::2")
		within = IP(src="10.0.0.1", dst="10.0.0.2") / TCP(sport=1000, dport=80) / (b"A" * 31)
		within6 = IPv6(src="fc00::1", dst="fc00::2") / UDP(sport=1000, dport=80) / b"BCD"
		wrpcap(sys.argv[1], eval(sys.argv[2]))
	END
}

edit() { # ARGUMENTS...: made into edited
	run "$weir" edit -i "$netns_dir/made" -o "$netns_dir/edited" "$@"
	is "exit status" "$rc" 0
}

# FILE FIELDS...: of each frame, of each packet in it, as Wireshark reads them.
fields() {
	local names=("${@:2}")
	tshark -r "$netns_dir/$1" -o ip.check_checksum:TRUE -o tcp.check_checksum:TRUE \
		-o udp.check_checksum:TRUE -T fields -E separator=/s "${names[@]/#/-e}" 2>/dev/null |
		cut -d ' ' -f 2-
}

checksums() { # FILE: 0 is bad, 1 good, 2 not looked at
	fields "$1" frame.number ip.checksum.status tcp.checksum.status udp.checksum.status \
		icmp.checksum.status icmpv6.checksum.status
}

no_checksum_is_wrong() { # FILE
	local sums
	sums=$(checksums "$1")
	is "wrong checksums" "$(grep -cw 0 <<<"$sums" || true)" 0
	grep -qw 1 <<<"$sums" || { echo "no checksum was looked at"; exit 1; }
}

tunnels='[
	eth / ip / UDP(sport=50000, dport=4789) / VXLAN(vni=7) / eth / within,
	eth / ip6 / UDP(sport=50000, dport=4789) / VXLAN(vni=7) / eth / Dot1Q(vlan=5) / within6,
	eth / ip / UDP(sport=50000, dport=6081) / GENEVE(proto=0x6558) / eth / within,
	eth / ip / UDP(sport=50000, dport=2152) / GTP_U_Header(teid=1, gtp_type=255) / within,
	eth / ip / GRE(chksum_present=1) / within,
	eth / ip / GRE(key_present=1) / within6,
	eth / ip / within,
	eth / ip / within6,
	eth / MPLS(label=16, s=0) / MPLS(label=17, s=1) / within,
	eth / ip / UDP(sport=50000, dport=4789) / VXLAN(vni=7) / eth / ip / GRE() / within,
]'
maps='192.0.2.0/24:198.51.100.0/24,10.0.0.0/8:172.16.0.0/16,[2001:db8::/32]:[2001:db9::/32],[fc00::/8]:[fdab::/16]'

test_inner_packets_are_edited_and_checksums_around_them_stay_right() {
	make "$tunnels"
	no_checksum_is_wrong made
	edit --inner -N "$maps" --ttl=7 -r 80:8080,4789:1
	is "checksums" "$(checksums edited)" "$(checksums made)"
	is "addresses" "$(fields edited frame.number ip.src ipv6.src)" "$(cat <<-END
		192.0.2.1,172.16.0.1 
		 2001:db8::1,fdab::1
		192.0.2.1,172.16.0.1 
		192.0.2.1,172.16.0.1 
		192.0.2.1,172.16.0.1 
		192.0.2.1 fdab::1
		192.0.2.1,172.16.0.1 
		192.0.2.1 fdab::1
		172.16.0.1 
		192.0.2.1,192.0.2.1,172.16.0.1 
	END
	)"
	is "ports" "$(fields edited frame.number udp.dstport tcp.dstport | tr -s ' \n' ' ')" \
		"4789 8080 4789,8080 6081 8080 2152 8080 8080 8080 8080 8080 8080 4789 8080 "
}

test_every_packet_can_be_meant() {
	make "$tunnels"
	edit --inner=all -N "$maps"
	is "old addresses" "$(fields edited frame.number ip.addr ipv6.addr |
		grep -cE '192\.0\.2|10\.0\.0|2001:db8|fc00' || true)" 0
	no_checksum_is_wrong edited
}

test_fixcsum_mends_within() {
	make '[eth / ip / UDP(sport=50000, dport=4789) / VXLAN(vni=7) / eth /
		IP(src="10.0.0.1", dst="10.0.0.2", chksum=1) / UDP(sport=50000, dport=50001, chksum=3)]'
	checksums made | grep -qw 0
	edit --inner -C
	no_checksum_is_wrong edited
}

test_packets_within_that_are_cut_are_told() {
	make "[frame.__class__(bytes(frame)[:60]) for frame in ${tunnels}[:1]]"
	edit --inner --ttl=3
	says "$err" "1 frames not edited: the packet within it cannot be read"
	trace compare "$netns_dir/edited" "$netns_dir/made"
}

test_packets_go_to_each_link_type_and_back() {
	make '[eth / within, eth / within6, eth / Dot1Q(vlan=9) / within, eth / ip / ICMP()]'
	cp "$netns_dir/made" "$netns_dir/first"
	what=(frame.number ip.src ip.dst ipv6.src tcp.dstport udp.dstport tcp.checksum.status
		udp.checksum.status icmp.checksum.status data.data)
	for type in enet raw linuxsll linuxsll2 null loop hdlc ppp pppserial; do
		cp "$netns_dir/first" "$netns_dir/made"
		edit --dlt="$type"
		is "as $type" "$(fields edited "${what[@]}")" "$(fields first "${what[@]}")"
		cp "$netns_dir/edited" "$netns_dir/made"
		edit --dlt=enet
		is "from $type" "$(fields edited "${what[@]}")" "$(fields first "${what[@]}")"
	done
}

test_link_types_that_scapy_makes_are_read() {
	make '[]' # is Scapy here?
	for layer in 'CookedLinux()' 'CookedLinuxV2()' 'Loopback()' 'HDLC()/PPP()'; do
		make "[($layer / ip / UDP(sport=50000, dport=7) / b'ABC') for i in range(3)]"
		edit --dlt=enet --enet-smac=02:00:00:00:00:08
		is "frames of $layer" "$(fields edited frame.number eth.src eth.dst ip.src udp.length |
			sort -u)" "02:00:00:00:00:08 00:00:00:00:00:00 192.0.2.1 11"
		says "$err" "3 frames have a MAC address of zeros"
	done
}

test_what_cannot_be_carried_is_left_out_and_told() {
	make '[eth / ARP(), eth / within, Ether(dst="01:80:c2:00:00:00", src=eth.src, type=7) /
		LLC(dsap=0x42, ssap=0x42, ctrl=3) / b"ABCD", eth / within6]'
	edit --dlt=raw
	says "$err" "2 frames left out: the new link type cannot carry it"
	is "packets" "$(fields edited frame.number frame.encap_type ip.src ipv6.src)" \
		"$(printf '7 10.0.0.1 \n7  fc00::1')"
	edit --dlt=linuxsll2
	is "packets" "$(fields edited frame.number sll.pkttype sll.src.eth llc.dsap | cut -d ' ' -f 1,2)" \
		"$(printf '0 02:00:00:00:00:01\n0 02:00:00:00:00:01\n2 02:00:00:00:00:01\n0 02:00:00:00:00:01')"
	edit --dlt=ipv6 --format=pcapng
	is "link type" "$("$weir" info --json "$netns_dir/edited" |
		jq '.files[0].interfaces[0].link_type')" 229
	run "$weir" edit -i "$netns_dir/made" -o "$netns_dir/no" --dlt=radiotap
	is "exit status" "$rc" 2
	says "$err" "frames cannot be changed to link type 127"
}

test_tags_are_stacked_set_and_taken_out() {
	make "[eth / within, eth / Dot1Q(vlan=9, prio=2) / within6]"
	edit --enet-vlan=add --enet-vlan-stack=802.1ad:100/5,802.1q:7
	is "tags" "$(fields edited frame.number ieee8021ad.id ieee8021ad.priority vlan.id \
		vlan.priority ip.src ipv6.src)" "$(printf '100 5 7 0 10.0.0.1 \n100 5 7,9 2,2  fc00::1')"
	cp "$netns_dir/edited" "$netns_dir/made"
	edit --enet-vlan=set --enet-vlan-nth=2 --enet-vlan-tag=8
	is "tags" "$(fields edited frame.number ieee8021ad.id vlan.id vlan.priority)" \
		"$(printf '100 8 0\n100 8,9 2,2')"
	edit --enet-vlan=del --enet-vlan-nth=3
	is "tags" "$(fields edited frame.number ieee8021ad.id vlan.id)" "$(printf '100 7\n100 7')"
	says "$err" "1 frames not edited: it has no such VLAN tag \(the first is frame 1\)"
}

key=00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff

anonymize() { # ARGUMENTS...
	if run "$weir" edit -i "$netns_dir/made" -o "$netns_dir/edited" --anonymize=prefix \
		--anonymize-key="$key" "$@" && grep -q 'built without' "$err"; then
		skip "built without libcrypto"
	fi
	is "exit status" "$rc" 0
}

test_anonymized_addresses_keep_their_prefixes_and_checksums() {
	for file in web.pcap web6.pcap dns.pcap vlan.pcap; do
		cp "$data/$file" "$netns_dir/made"
		anonymize
		no_checksum_is_wrong edited
		is "hosts" "$(fields edited frame.number ip.addr ipv6.addr | sort -u | wc -l)" \
			"$(fields made frame.number ip.addr ipv6.addr | sort -u | wc -l)"
		is "old addresses" "$(fields edited frame.number ip.addr ipv6.addr arp.src.proto_ipv4 \
			arp.dst.proto_ipv4 icmpv6.nd.ns.target_address icmpv6.nd.na.target_address |
			grep -cE '192\.0\.2|2001:db8' || true)" 0
	done
}

test_a_host_has_one_new_address_wherever_it_stands() {
	make '[eth / ip / ICMP(type=3) / ip / UDP() / b"A",
		eth / ip6 / ICMPv6DestUnreach() / ip6 / UDP() / b"A",
		eth / ARP(op=2, psrc=ip.src, pdst=ip.dst),
		eth / ip6 / ICMPv6ND_NS(tgt=ip6.src),
		eth / ip / UDP(sport=50000, dport=4789) / VXLAN(vni=7) / eth / ip / UDP() / b"A"]'
	anonymize --inner=all
	no_checksum_is_wrong edited
	is "sources" "$(fields edited frame.number ip.src arp.src.proto_ipv4 ipv6.src \
		icmpv6.nd.ns.target_address | tr -s ', ' '\n' | grep . | sort | uniq -c |
		awk '{ print $1 }' | tr '\n' ' ')" "5 4 "
}

test_keys_come_from_files_and_wrong_ones_are_refused() {
	cp "$data/web.pcap" "$netns_dir/made"
	anonymize
	cp "$netns_dir/edited" "$netns_dir/first"
	echo "$key" >"$netns_dir/key"
	edit --anonymize=prefix --anonymize-key="@$netns_dir/key"
	cmp "$netns_dir/edited" "$netns_dir/first"
	for wrong in --anonymize-key=00 --seed=5 --anonymize=all; do
		run "$weir" edit -i "$netns_dir/made" -o "$netns_dir/no" --anonymize=prefix \
			--anonymize-key="$key" "$wrong"
		is "exit status" "$rc" 2
	done
}

run_tests
