#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# Called as tcpreplay, weir is that program to scripts and to Scapy.
# shellcheck source=tests/e2e/lib.sh
. "${BASH_SOURCE%/*}/lib.sh"

# Puts weir in the PATH under the old name.
as_tcpreplay() {
	mkdir -p "$netns_dir/bin"
	ln -s "$(realpath "$weir")" "$netns_dir/bin/tcpreplay"
	weir=$netns_dir/bin/tcpreplay
	PATH=$netns_dir/bin:$PATH
}

test_tcpreplay_command_line_works() {
	as_tcpreplay
	veth_pair
	replay_and_capture "$((2 * $(frames_of "$data/web.pcap")))" \
		--intf1=veth0 --TOPS -l 2 --preload_pcap "$data/web.pcap"
	is "exit status" "$rc" 0
	arrived veth1 --loop 2 "$data/web.pcap"
	says "$out" "^Actual: 74 packets \(34322 bytes\) sent in [0-9.]+ seconds$"
	says "$out" "^Rated: [0-9]+\.[0-9] Bps, [0-9.]+ Mbps, [0-9]+\.[0-9]{2} pps$"
	says "$out" "^Flows: [0-9]+ flows, [0-9.]+ fps, [0-9]+ unique flow packets, [0-9]+ unique non-flow packets$"
	says "$out" "^Statistics for network device: veth0$"
	says "$out" "^	Successful packets:        74$"
	says "$out" "^	Failed packets:            0$"
	says "$out" "^	Truncated packets:         0$"
	says "$out" "^	Retried packets \(ENOBUFS\): [0-9]+$"
	says "$out" "^	Retried packets \(EAGAIN\):  [0-9]+$"
}

test_tcpreplay_fails_as_before() {
	as_tcpreplay
	veth_pair
	run_weir -t -i veth0 "$netns_dir/nowhere.pcap"
	is "exit status of a failure" "$rc" 255
	run_weir -t -i veth0 --loop=seven "$data/web.pcap"
	is "exit status of wrong usage" "$rc" 1
	says "$err" "'seven' is not a recognizable number\."
	run_weir -t -p 5 -i veth0 "$data/web.pcap"
	is "exit status of a conflict" "$rc" 1
	says "$err" "conflict"
}

test_scapy_sendpfast_reads_the_results() {
	local python=/usr/bin/python3
	$python -c 'import scapy' 2>/dev/null || skip "python3-scapy is not installed"
	as_tcpreplay
	veth_pair
	record right veth1
	netns_exec left "$python" - "$data/web.pcap" >"$netns_dir/results" <<-'END'
		import json, sys
		from scapy.all import rdpcap, sendpfast
		frames = rdpcap(sys.argv[1])
		results = sendpfast(frames, iface="veth0", pps=2000, loop=3, file_cache=True,
		                    parse_results=True)
		print(json.dumps(results))
	END
	recorded right veth1 111 left veth0
	arrived veth1 --loop 3 "$data/web.pcap"
	jq -e '.packets == 111 and .bytes == 51483 and .pps > 0 and .time > 0 and .mbps > 0 and
		.successful == 111 and .failed == 0 and .truncated == 0 and
		.retried_enobufs == 0 and .retried_eagain == 0 and .flows > 0' "$netns_dir/results" ||
		{ cat "$netns_dir/results"; exit 1; }
}

run_tests
