#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# Network interfaces by the netmap API: a program for it and weir's own commands send by
# netmap:veth0 and receive there, and nothing stays when they have gone.
# shellcheck source=tests/e2e/lib.sh
. "${BASH_SOURCE%/*}/lib.sh"

example=$programs/netmap-example

places() { # [IP-LINK-WORDS...]
	export WEIR_RUNTIME_DIR=$netns_dir/switches WEIR_PROGRAM=$weir
	mkdir "$WEIR_RUNTIME_DIR"
	veth_pair "$@"
}

# ARGUMENTS...: the program in the left namespace. As run_weir.
run_example() {
	run netns_exec left "$example" "$@"
}

# N [PORT]: the program receives so many in the background; $receiver, what it says in $got.
start_receiver() {
	got=$netns_dir/got
	: >"$got"
	netns_spawn left "$example" receive "${2-netmap:veth0}" "$1" >"$got" 2>&1
	receiver=$netns_pid
	wait_for 10 grep -q 'is open' "$got"
}

# Neither an XDP program nor promiscuous mode, and no process that could have set them.
nothing_stays() {
	[ -z "$(find "$WEIR_RUNTIME_DIR" -name 'netmap*')" ] &&
		! netns_exec left ip -d link show veth0 | grep -qE 'prog/xdp|promiscuity [1-9]'
}

test_a_program_sends_what_tcpdump_sees() {
	local frame='ffff ffff ffff 0277 6569 7200 88b5'
	places
	record right veth1
	run_example send netmap:veth0 200 # tcpdump has room for them
	is "exit status" "$rc" 0
	says "$out" '200 frames sent'
	recorded right veth1 200 left veth0
	is "frames" "$(tcpdump -r "$netns_dir/veth1.pcap" -xx 2>/dev/null |
		grep -c "0x0000:  ${frame:0:39}")" 200
	run_example send netmap:veth0 50000
	is "exit status" "$rc" 0
	wait_for 10 received_at_least right veth1 50201
	wait_for 10 nothing_stays
}

test_a_program_receives_what_a_wire_brings() {
	local bytes
	places
	bytes=$(trace count "$data/web.pcap" | cut -d ' ' -f 2)
	start_receiver "$(frames_of "$data/web.pcap")"
	netns_exec left ip -d link show veth0 | grep -q prog/xdp
	netns_exec right "$weir" replay -t -i packet:veth1 "$data/web.pcap" >/dev/null
	wait_exit 20 "$receiver"
	is "received" "$(tail -n 1 "$got")" "$(frames_of "$data/web.pcap") frames, $bytes bytes received"
	wait_for 10 nothing_stays
}

test_each_queue_is_a_ring() {
	local queue
	places numtxqueues 4 numrxqueues 4
	for queue in 0 3; do
		start_receiver 200 "netmap:veth0-$queue"
		netns_exec right "$weir" gen 'Ether()/IP()/UDP()' -n 200 -t -i "xdp:veth1@$queue" >/dev/null
		wait_exit 20 "$receiver"
		says "$got" '200 frames'
	done
	# All of them.
	start_receiver 400
	for queue in 1 2; do
		netns_exec right "$weir" gen 'Ether()/IP()/UDP()' -n 200 -t -i "xdp:veth1@$queue" >/dev/null
	done
	wait_exit 20 "$receiver"
	says "$got" '400 frames'
	run_example send netmap:veth0-4 1
	is "exit status without such a ring" "$rc" 1
}

test_weir_replays_and_captures_by_it() {
	local sink n
	places
	n=$(frames_of "$data/web.pcap")
	replay_and_capture "$n" replay --netmap --nm-delay=0 -t -i veth0 "$data/web.pcap"
	is "exit status" "$rc" 0
	is "sent" "$(sent)" "$n"
	trace compare --marked "$netns_dir/veth1.pcap" "$data/web.pcap"
	netns_spawn left "$weir" sink --json -i netmap:veth0 --count="$n" --duration=30 \
		>"$netns_dir/sink" 2>"$netns_dir/sink.err"
	sink=$netns_pid
	wait_for 10 grep -qs "receiving from" "$netns_dir/sink.err"
	netns_exec right "$weir" replay -t -i packet:veth1 "$data/web.pcap" >/dev/null
	wait_exit 40 "$sink"
	is "frames" "$(jq .frames "$netns_dir/sink")" "$n"
	run_weir replay -i netmap:nothing0 "$data/web.pcap"
	is "exit status without an interface" "$rc" 1
	says "$err" nothing0
}

test_programs_share_an_interface_and_each_goes_when_it_is_killed() {
	places numtxqueues 2 numrxqueues 2
	start_receiver 10 netmap:veth0-0
	run_example receive netmap:veth0-0/x 1
	is "exit status of one that wants the ring alone" "$rc" 1
	says "$err" busy
	run_example send netmap:veth0-1 100
	is "exit status beside the first" "$rc" 0
	kill -KILL "$receiver"
	wait_exit 10 "$receiver" || true
	wait_for 10 nothing_stays
}

test_an_end_of_the_process_that_has_it_is_told_and_undone() {
	local switch
	places
	start_receiver 10
	switch=$(find "$WEIR_RUNTIME_DIR" -type s -printf %f)
	kill -KILL "$("$weir" switch show "$switch" --json | jq .pid)"
	rc=0
	wait_exit 10 "$receiver" || rc=$?
	is "exit status of the program" "$rc" 1
	rm "$WEIR_RUNTIME_DIR"/netmap*
	wait_for 10 nothing_stays
}

test_an_interface_that_goes_ends_its_programs() {
	places
	start_receiver 10
	netns_exec left ip link delete veth0
	rc=0
	wait_exit 20 "$receiver" || rc=$?
	is "exit status of the program" "$rc" 1
}

test_rings_of_the_host_are_refused() {
	local mode
	places
	for mode in ^ '*' ^0; do
		run_example send "netmap:veth0$mode" 1
		is "exit status" "$rc" 1
		says "$err" 'Invalid argument'
	done
}

test_beside_another_xdp_program_frames_go_by_af_packet() {
	places
	netns_spawn left "$weir" sink -i xdp:veth0 >/dev/null 2>"$netns_dir/sink.err"
	wait_for 10 grep -qs "receiving from" "$netns_dir/sink.err"
	record right veth1
	run_example send netmap:veth0 100
	is "exit status" "$rc" 0
	recorded right veth1 100 left veth0
	is "frames" "$(frames_of "$netns_dir/veth1.pcap")" 101
}

run_tests
