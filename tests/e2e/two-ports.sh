#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# weir replay with two ports: the sides of a conversation leave where they should.
# shellcheck source=tests/e2e/lib.sh
. "${BASH_SOURCE%/*}/lib.sh"

two_veth_pairs() {
	veth_pair
	netns_veth left veth2 right veth3
	record right veth1
	record right veth3
}

# COUNT1 COUNT2: frames that have to arrive on veth1 and veth3
both_recorded() {
	recorded right veth1 "$1" left veth0
	recorded right veth3 "$2" left veth2
}

test_cache_tells_the_port_of_each_frame() {
	# Of four frames: primary, secondary, not sent, primary.
	printf 'tcpprep\0%b%b%b%b%b' '04\0\0' '\0\0\0\0\0\0\0\030' '\0\04' '\0\0' \
		'\xcb\xcb\xcb\xcb\xcb\xcb' >"$netns_dir/cache"
	trace convert --only 1,4,5,8,9,12,13,16,17,20,21,24 "$data/web.pcap" "$netns_dir/primary"
	trace convert --only 2,6,10,14,18,22 "$data/web.pcap" "$netns_dir/secondary"

	two_veth_pairs
	run_weir replay -t -c "$netns_dir/cache" -i packet:veth0 -I packet:veth2 "$data/web.pcap"
	is "exit status" "$rc" 0
	both_recorded 12 6
	arrived veth1 "$netns_dir/primary"
	arrived veth3 "$netns_dir/secondary"
}

test_dualfile_sends_each_file_its_way() {
	two_veth_pairs
	run_weir replay -t --dualfile -i packet:veth0 -I packet:veth2 "$data/web.pcap" "$data/dns.pcap"
	is "exit status" "$rc" 0
	both_recorded "$(frames_of "$data/web.pcap")" "$(frames_of "$data/dns.pcap")"
	arrived veth1 "$data/web.pcap"
	arrived veth3 "$data/dns.pcap"
}

run_tests
