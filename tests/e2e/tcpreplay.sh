#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# weir called as tcpreplay: what scripts and Scapy expect of that program.
# shellcheck source=tests/e2e/lib.sh
. "${BASH_SOURCE%/*}/lib.sh"

tcpreplay=${weir%/*}/bin/tcpreplay

# ARGUMENTS...: tcpreplay in the left namespace; $out, $err, $rc as of run_weir.
run_tcpreplay() {
	out=$netns_dir/out
	err=$netns_dir/err
	rc=0
	netns_exec left "$tcpreplay" "$@" >"$out" 2>"$err" </dev/null || rc=$?
}

# KEYWORDS: Scapy's sendpfast() of web.pcap in the left namespace; its results as JSON in $out.
sendpfast() {
	out=$netns_dir/out
	err=$netns_dir/err
	rc=0
	netns_exec left env HOME="$netns_dir" XDG_CACHE_HOME="$netns_dir" "$python" - \
		"$tcpreplay" "$data/web.pcap" "$1" >"$out" 2>"$err" <<-'END' || rc=$?
		import json, sys
		from scapy.all import conf, rdpcap, sendpfast
		conf.prog.tcpreplay = sys.argv[1]
		frames = rdpcap(sys.argv[2])
		print(json.dumps(sendpfast(frames, iface="veth0", parse_results=True,
		                           **eval("dict(%s)" % sys.argv[3]))))
	END
	[ "$rc" = 0 ] || { show; exit 1; }
}

# KEYWORDS FRAMES: all that sendpfast() tells, and that they arrive.
sendpfast_sends() {
	python=$(python_with_scapy) || skip "no Scapy for python3"
	veth_pair
	record right veth1
	sendpfast "$1"
	recorded right veth1 "$2" left veth0
	jq -e --argjson n "$2" '.packets == $n and .successful == $n and .failed == 0 and
		.truncated == 0 and .retried_enobufs == 0 and .retried_eagain == 0 and
		.bytes > 0 and .time > 0 and .bps > 0 and .mbps > 0 and .pps > 0 and
		.flows > 0 and .fps > 0 and .flow_packets > 0 and .non_flow > 0' "$out" ||
		{ show; exit 1; }
}

test_sendpfast_by_default_is_real_time() {
	sendpfast_sends "" 37
	arrived veth1 "$data/web.pcap"
	# 0.517 s were recorded.
	jq -e '.time > 0.5' "$out"
}

test_sendpfast_at_a_rate_with_loops() {
	sendpfast_sends "pps=2000, loop=3, file_cache=True" 111
	arrived veth1 --loop 3 "$data/web.pcap"
}

test_sendpfast_by_megabits() {
	sendpfast_sends "mbps=10" 37
}

test_sendpfast_at_top_speed() {
	sendpfast_sends "realtime=None" 37
}

test_sendpfast_with_other_arguments() {
	sendpfast_sends "replay_args=['--limit=5', '--timer=nano']" 5
}

test_statistics_are_told_as_they_were() {
	veth_pair
	record right veth1
	run_tcpreplay --intf1=veth0 --TOPS -l 2 --preload_pcap "$data/web.pcap"
	recorded right veth1 74 left veth0
	is "exit status" "$rc" 0
	arrived veth1 --loop 2 "$data/web.pcap"
	says "$err" "^File Cache is enabled$"
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

test_wrong_usage_is_told_as_it_was() {
	veth_pair
	run_tcpreplay -i veth0 --loop=abc "$data/web.pcap"
	is "exit status" "$rc" 1
	says "$err" "^tcpreplay error:  'abc' is not a recognizable number\.$"
	run_tcpreplay -i veth0 -p 3 -M 4 "$data/web.pcap"
	is "exit status" "$rc" 1
	says "$err" "^tcpreplay error:  the 'pps' and 'mbps' options conflict$"
	run_tcpreplay -i veth0 --no-such "$data/web.pcap"
	is "exit status" "$rc" 1
	says "$err" "/tcpreplay: illegal option -- no-such$"
	run_tcpreplay -t
	is "exit status" "$rc" 1
	says "$err" "^tcpreplay error:  The intf1 option is required$"
	run_tcpreplay -i veth0
	is "exit status" "$rc" 1
	says "$err" "^tcpreplay: Command line arguments required$"
}

test_traces_that_may_be_cut_are_told() {
	veth_pair
	cp "$data/dns.pcap" "$netns_dir/short"
	printf '\334\5\0\0' | dd of="$netns_dir/short" bs=1 seek=16 conv=notrunc status=none
	run_tcpreplay -t -i veth0 "$netns_dir/short" "$data/dns.pcap"
	is "messages" "$(cat "$err")" "Warning: $netns_dir/short was captured using a snaplen of \
1500 bytes.  This may mean you have truncated packets."
	run_tcpreplay -t -q -K -i veth0 "$netns_dir/short"
	is "messages" "$(cat "$err")" ""
}

test_fatal_errors_are_told_as_they_were() {
	veth_pair
	run_tcpreplay -i nowhere0 "$data/web.pcap"
	is "exit status" "$rc" 255
	is "first line" "$(head -n 1 "$err")" ""
	says "$err" "^Fatal Error: Unable to parse args: Invalid interface name/alias: nowhere0$"
	run_tcpreplay -i veth0 "$netns_dir/nowhere.pcap"
	is "exit status" "$rc" 255
	says "$err" "^Fatal Error: .*nowhere\.pcap: No such file or directory$"
	run_tcpreplay -i veth0 -p 0 "$data/web.pcap"
	is "exit status" "$rc" 255
	says "$err" "^Fatal Error: Unable to parse args: invalid pps value '0'$"
}

test_help_and_version_leave_as_they_did() {
	veth_pair
	run_tcpreplay -h
	is "exit status" "$rc" 1
	run_tcpreplay --help
	is "exit status" "$rc" 0
	says "$out" "--unique-ip-loops"
	grep -q json "$out" && exit 1
	run_tcpreplay -V
	is "exit status" "$rc" 0
	says "$err" "^tcpreplay version: 4\.5\.5"
}

test_written_files_have_microseconds() {
	veth_pair
	run_tcpreplay -t -w "$netns_dir/x.pcap" "$data/dns.pcap"
	is "exit status" "$rc" 0
	is "magic" "$(head -c 4 "$netns_dir/x.pcap" | od -An -tx1 | tr -d " ")" d4c3b2a1
	trace compare "$netns_dir/x.pcap" "$data/dns.pcap"
}

test_failed_frames_do_not_change_the_exit_status() {
	veth_pair mtu 1000
	run_tcpreplay -t -i veth0 "$data/web.pcap"
	is "exit status" "$rc" 0
	says "$out" "^Failed write attempts: [1-9]"
}

test_an_interrupt_is_told_as_it_was() {
	veth_pair
	out=$netns_dir/out
	err=$netns_dir/err
	netns_spawn left "$tcpreplay" --pps=500 --loop=0 -i veth0 "$data/dns.pcap" >"$out" 2>"$err"
	wait_for 20 received_at_least right veth1 5
	kill -INT "$netns_pid"
	rc=0
	wait_exit 20 "$netns_pid" || rc=$?
	is "exit status" "$rc" 0
	says "$out" "^sendpacket_abort$"
	says "$err" "^ User interrupt\.\.\.$"
	says "$out" "^Actual: [0-9]+ packets"
}

test_statistics_after_each_loop() {
	veth_pair
	run_tcpreplay -t --stats=0 --loop=3 -i veth0 "$data/dns.pcap"
	is "exit status" "$rc" 0
	is "lines" "$(grep -oE '^(Loop [1-3] of 3\.\.\.|Test start|Test complete|Actual: [0-9]+)' "$out" |
		tr '\n' ' ')" "Loop 1 of 3... Test start Actual: 18 Loop 2 of 3... Actual: 36 \
Loop 3 of 3... Test complete Actual: 54 "
}

test_one_at_a_time_asks() {
	veth_pair
	out=$netns_dir/out
	rc=0
	printf '3\n\n0\n' | netns_exec left "$tcpreplay" -o -i veth0 "$data/dns.pcap" >"$out" || rc=$?
	is "exit status" "$rc" 0
	says "$out" "^\*\*\*\* Next packet #1 out veth0\.  How many packets do you wish to send\? "
	says "$out" "Next packet #4 out veth0"
	says "$out" "^Actual: 5 packets"
}

test_frames_without_ip_are_dropped_from_the_second_loop_on() {
	veth_pair
	run_tcpreplay -t --unique-ip --loop=3 -i veth0 "$data/web.pcap"
	is "exit status" "$rc" 0
	says "$out" "^Actual: 107 packets"
	says "$out" "^Failed write attempts: 4$"
}

test_options_are_saved_and_loaded() {
	veth_pair
	run_tcpreplay --save-opts="$netns_dir/rc" -t -l 3 -i veth0
	is "exit status" "$rc" 0
	says "$netns_dir/rc" "^loop = 3$"
	run_tcpreplay --load-opts="$netns_dir/rc" -l 2 "$data/dns.pcap"
	is "exit status" "$rc" 0
	says "$out" "^Actual: $((2 * $(frames_of "$data/dns.pcap"))) packets"
}

test_interfaces_are_listed_and_have_numbers() {
	veth_pair
	run_tcpreplay --listnics
	is "exit status" "$rc" 0
	is "list" "$(cat "$out")" $'Available network interfaces:\nveth0'
	run_tcpreplay -t -i %1 "$data/dns.pcap"
	is "exit status" "$rc" 0
	says "$out" "^Statistics for network device: veth0$"
}

run_tests
