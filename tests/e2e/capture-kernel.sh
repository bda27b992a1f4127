#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# weir capture by programs in the kernel: what they saw is what tcpdump saw, and they go
# as they came.
# shellcheck source=tests/e2e/lib.sh
. "${BASH_SOURCE%/*}/lib.sh"
# shellcheck source=tests/e2e/capture-lib.sh
. "${BASH_SOURCE%/*}/capture-lib.sh"

# ENGINE: may this kernel do it?
need() {
	run_weir capture -i lo --engine=tc -w "$netns_dir/probe" --duration=1 -q
	[ "$rc" = 0 ] || skip "$(cat "$err")"
}

programs_on() { # NAME IF
	netns_exec "$1" bpftool net show dev "$2" | grep -cE 'id [0-9]+'
}

test_engines_see_what_tcpdump_sees() {
	local engine
	veth_pair
	need
	for engine in tc xdp packet; do
		sees_what_tcpdump_sees "$engine" -i veth1 --engine="$engine"
		is "programs left" "$(programs_on right veth1)" 0
	done
}

test_many_frames_are_kept_in_order() {
	local n engine
	veth_pair
	need
	n=$(frames_of "$data/web.pcap")
	for engine in tc xdp packet; do
		start_capture right "$engine.pcapng" -i veth1 --engine="$engine" --direction=in
		run_weir replay -q -t -l 200 -i packet:veth0 "$data/web.pcap"
		wait_for 20 holds $((200 * n))
		stop_capture INT
		is "lost by $engine" "$(figure .lost.total)" 0
		is_loops_of "$file" "$data/web.pcap" 200
	done
}

test_times_are_those_of_the_wall_clock() {
	local engine before after
	veth_pair
	need
	for engine in tc xdp; do
		start_capture right "$engine.pcapng" -i veth1 --engine="$engine" -c 1
		before=$(date +%s%N)
		run_weir replay -q -t -i packet:veth0 "$data/ping.pcap"
		ended_capture
		after=$(date +%s%N)
		python3 - "$file" "$before" "$after" "$e2e_root/tools" <<-'END'
			import sys
			sys.path.insert(0, sys.argv[4])
			import trace
			ns = next(iter(trace.read(sys.argv[1]))).ns
			assert int(sys.argv[2]) <= ns <= int(sys.argv[3]), (sys.argv, ns)
		END
	done
}

test_lengths_and_tags_are_right() {
	local engine
	veth_pair mtu 9000
	need
	"$weir" gen 'Ether()/Dot1Q(vlan=7,prio=3)/IP()/UDP()' --count=1 -w "$netns_dir/1.pcap"
	"$weir" gen 'Ether()/IP()/UDP()' --size=64-1518 --count=1500 -w "$netns_dir/2.pcap"
	"$weir" gen 'Ether()/IP()/UDP()' --size=9018 --count=10 -w "$netns_dir/3.pcap"
	for engine in tc xdp packet; do
		start_capture right "$engine.pcapng" -i veth1 --engine="$engine" --marks=id,queue
		run_weir replay -q -t -i packet:veth0 "$netns_dir"/{1,2,3}.pcap
		wait_for 20 holds 1511
		stop_capture INT
		python3 - "$e2e_root/tools" "$file" "$netns_dir"/{1,2,3}.pcap <<-'END'
			import sys
			sys.path.insert(0, sys.argv[1])
			import trace
			want = [f.data for path in sys.argv[3:] for f in trace.read(path)]
			assert [f.data for f in trace.read(sys.argv[2])] == want
		END
		reads_well "$file" 1511
	done
}

test_snaplen_cuts_and_tells_the_length() {
	local engine
	veth_pair
	need
	for engine in tc xdp packet; do
		start_capture right "$engine.pcapng" -i veth1 --engine="$engine" -s 61
		run_weir replay -q -t -i packet:veth0 "$data/bulk.pcap"
		wait_for 20 holds "$(frames_of "$data/bulk.pcap")"
		stop_capture INT
		python3 - "$data/bulk.pcap" "$file" "$e2e_root/tools" <<-'END'
			import sys
			sys.path.insert(0, sys.argv[3])
			import trace
			want = [(f.data[:61], f.orig_len) for f in trace.read(sys.argv[1])]
			got = [(f.data, f.orig_len) for f in trace.read(sys.argv[2])]
			assert got == want
		END
	done
}

test_both_ways_are_told_apart_by_programs() {
	local engine
	veth_pair
	need
	command -v tshark >/dev/null || skip "tshark is not installed"
	for engine in tc xdp; do
		start_capture left "$engine.pcapng" -i veth0 --engine="$engine"
		run_weir replay -q -t -i packet:veth0,qdisc "$data/dns.pcap"
		netns_exec right "$weir" replay -q -t -i packet:veth1 "$data/ping.pcap" >/dev/null
		wait_for 20 holds $(($(frames_of "$data/dns.pcap") + $(frames_of "$data/ping.pcap")))
		stop_capture INT
		is "sent" "$(tshark -r "$file" -Y 'frame.packet_flags_direction == 2' 2>/dev/null | wc -l)" \
			"$(frames_of "$data/dns.pcap")"
		is "received" "$(tshark -r "$file" -Y 'frame.packet_flags_direction == 1' 2>/dev/null | wc -l)" \
			"$(frames_of "$data/ping.pcap")"
	done
}

# The filter runs in the programs, and what it does not want is counted.
test_filters_in_programs_want_what_tcpdump_wants() {
	local engine filter n
	veth_pair
	need
	n=$(frames_of "$data/web.pcap")
	for engine in tc xdp; do
		for filter in 'tcp port 80' 'ip[ip[2:2]-1] > 20'; do
			tcpdump -nr "$data/web.pcap" -w "$netns_dir/want.pcap" "$filter" 2>/dev/null
			start_capture right "$engine.pcapng" -i veth1 --engine="$engine" --direction=in \
				-f "$filter" -s 60
			run_weir replay -q -t -i packet:veth0 "$data/web.pcap"
			wait_for 20 received_at_least right veth1 "$n"
			wait_for 20 holds "$(frames_of "$netns_dir/want.pcap")"
			stop_capture INT
			is "kept of '$filter'" "$(figure .kept)" "$(frames_of "$netns_dir/want.pcap")"
			is "filtered" "$(figure .filtered)" $((n - $(figure .kept)))
			adds_up
		done
	done
	start_capture right refused.pcapng -i veth1 -f 'ip6 protochain 6'
	stop_capture INT
	says "$err" 'veth1: the filter cannot be run in the kernel: it has a loop'
	is "engine" "$(figure .ports[0].engine)" '"packet"'
}

test_loopback_and_tun_are_captured_from() {
	netns_add left
	need
	netns_exec left ip tuntap add tun0 mode tun
	netns_exec left ip addr add 192.0.2.1/24 dev tun0
	netns_exec left ip link set tun0 up
	start_capture left got.pcapng -i lo -i tun0 --engine=tc
	netns_exec left ping -q -c 3 -i 0.2 127.0.0.1
	wait_for 20 holds 6
	stop_capture INT
	is "kept of lo" "$(figure .ports[0].kept)" 6
	is "link type of tun0" "$(figure .ports[1].link_type)" 101
	adds_up
}

# Frames that are dropped reach nobody; and everybody again when the capture has ended,
# however that was.
test_dropped_frames_go_no_further() {
	local engine
	veth_pair
	need
	netns_exec left ip addr add 192.0.2.1/24 dev veth0
	netns_exec right ip addr add 192.0.2.2/24 dev veth1
	wait_for 10 netns_exec left ping -q -c 1 -W 1 192.0.2.2
	for engine in tc xdp auto; do
		start_capture right "$engine.pcapng" -i veth1 --engine="$engine" --mode=drop --direction=in
		netns_exec left ping -q -c 2 -i 0.2 -W 1 192.0.2.2 && exit 1
		wait_for 20 holds 2
		if [ "$engine" = tc ]; then
			kill -KILL "$capturer"
			wait "$capturer" 2>/dev/null || true
		else
			stop_capture TERM
			adds_up
		fi
		wait_for 10 netns_exec left ping -q -c 1 -W 1 192.0.2.2
		is "programs left" "$(programs_on right veth1)" 0
	done
}

test_program_of_somebody_else_stays() {
	local programs
	veth_pair
	need
	start_capture right first.pcapng -i veth1 --engine=xdp
	run "$weir" --version
	netns_exec right "$weir" capture -i veth1 --engine=xdp -w "$netns_dir/second.pcapng" \
		2>"$netns_dir/second.err" && exit 1
	says "$netns_dir/second.err" "'veth1' has XDP program [0-9]+ .*already, which is not replaced"
	programs=$(programs_on right veth1)
	netns_exec right "$weir" capture -q -i veth1 --engine=tc --duration=1 -w "$netns_dir/third.pcapng"
	is "programs of the first" "$(programs_on right veth1)" "$programs"
	run_weir replay -q -t -i packet:veth0 "$data/ping.pcap"
	wait_for 20 holds "$(frames_of "$data/ping.pcap")"
	stop_capture INT
}

test_full_ring_is_counted_to_the_frame() {
	local engine
	veth_pair
	need
	for engine in tc xdp; do
		counts_what_no_ring_holds "$engine" -i veth1 --engine="$engine" --direction=in
	done
}

test_two_queues_fill_two_rings() {
	local n
	veth_pair numtxqueues 2 numrxqueues 2
	need
	n=$(frames_of "$data/web.pcap")
	start_capture right got.pcapng -i veth1 --engine=tc --marks=queue,direction
	(netns_exec left taskset -c 0 "$weir" replay -q -t -l 100 -i packet:veth0 "$data/web.pcap" >/dev/null) &
	netns_exec left taskset -c 1 "$weir" replay -q -t -l 100 -i packet:veth0 "$data/web.pcap" >/dev/null
	wait $!
	wait_for 20 holds $((200 * n))
	stop_capture INT
	is "kept" "$(figure .kept)" $((200 * n))
	reads_well "$file" $((200 * n))
	says <("$weir" info "$file") 'time order +never goes backwards'
}

test_each_queue_fills_a_file() {
	local n path sum=0
	veth_pair numtxqueues 2 numrxqueues 2
	need
	n=$(frames_of "$data/web.pcap")
	start_capture right got.pcapng -i veth1 --engine=tc --per-queue --direction=in
	netns_exec left taskset -c 0 "$weir" replay -q -t -l 20 -i packet:veth0 "$data/web.pcap" >/dev/null
	netns_exec left taskset -c 1 "$weir" replay -q -t -l 30 -i packet:veth0 "$data/web.pcap" >/dev/null
	stop_capture INT
	is "kept" "$(figure .kept)" $((50 * n))
	for path in "$netns_dir"/got-q*.pcapng; do
		reads_well "$path" "$(frames_of "$path")"
		sum=$((sum + $(frames_of "$path")))
	done
	is "frames of all" "$sum" $((50 * n))
	is "files" "$(figure .files)" "$(figure .ports[0].queues)"
	is "of packet sockets" "$(netns_exec right "$weir" capture -q -i packet:veth1 -Q 2 \
		--per-queue -w "$netns_dir/two.pcap" --duration=1 --json | jq .files)" 2
	[ -e "$netns_dir/two-q0.pcap" ] && [ -e "$netns_dir/two-q1.pcap" ]
}

test_interface_that_goes_away_ends_it() {
	veth_pair
	need
	start_capture right got.pcapng -i veth1 --engine=tc
	run_weir replay -q -t -i packet:veth0 "$data/ping.pcap"
	wait_for 20 holds "$(frames_of "$data/ping.pcap")"
	netns_exec right ip link del veth1
	ended_capture
	is "exit status" "$rc" 1
	says "$err" 'veth1: the interface is gone'
	reads_well "$file" "$(frames_of "$data/ping.pcap")"
}

run_tests
