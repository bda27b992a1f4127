#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# Sending from inside the kernel: kernel: ports.
# shellcheck source=tests/e2e/lib.sh
. "${BASH_SOURCE%/*}/lib.sh"

# HOW...: replays traces with and without tags three times.
replay_exactly() {
	local files=("$data/dns.pcap" "$data/ping.pcap" "$data/vlan.pcap") n=0 f
	kernel_pair
	for f in "${files[@]}"; do n=$((n + 3 * $(frames_of "$f"))); done
	replay_and_capture "$n" replay "$@" --loop=3 -i kernel:veth0 "${files[@]}"
	is "exit status" "$rc" 0
	is "frames sent" "$(sent)" "$n"
	arrived veth1 --loop 3 "${files[@]}"
}

test_streamed_frames_arrive_exact_and_in_order() {
	replay_exactly -t
}

test_preloaded_frames_arrive_exact_and_in_order() {
	replay_exactly -t -K
}

test_paced_frames_arrive_exact_and_in_order() {
	replay_exactly -p 2000
}

test_the_program_tells_how_late_frames_left() {
	local n
	kernel_pair
	n=$((50 * $(frames_of "$data/dns.pcap")))
	run_weir replay -K -p 2000 --loop=50 --json -i kernel:veth0 "$data/dns.pcap"
	is "exit status" "$rc" 0
	is "frames sent" "$(jq .frames "$out")" "$n"
	is "frames that had a time" "$(jq .lateness.frames "$out")" "$n"
	run_weir replay -K -p 2000 --launch-time=5ms --json -i kernel:veth0 "$data/dns.pcap"
	is "frames that had a time" "$(jq .lateness.frames "$out")" "$((n / 50))"
}

# An XDP program at the peer does as well as GRO.
test_peer_with_a_program_gets_every_frame() {
	kernel_pair
	netns_exec right ethtool -K veth1 gro off
	netns_spawn right "$weir" sink -i xdp:veth1 --idle=2000 --json >"$netns_dir/sink.json" 2>"$netns_dir/sink.err"
	wait_for 10 netns_exec right sh -c 'ip link show veth1 | grep -q xdp'
	run_weir gen 'Ether(dst="02:00:00:00:00:02")/IP(src=RandIP())/UDP()' --stamp --size=100-1518 \
		--count=1500 -p 50000 -i kernel:veth0
	is "exit status" "$rc" 0
	is "frames sent" "$(sent)" 1500 # no more than the receiver's ring holds
	wait "$netns_pid"
	is "frames received" "$(jq .frames "$netns_dir/sink.json")" 1500
	is "frames lost" "$(jq '[.streams[].lost] | add' "$netns_dir/sink.json")" 0
}

test_peer_that_cannot_take_frames_is_explained() {
	kernel_pair
	netns_exec right ethtool -K veth1 gro off
	run_weir replay -t -i kernel:veth0 "$data/dns.pcap"
	is "exit status" "$rc" 1
	says "$err" "veth0.*GRO"
	is "frames" "$(arrived_at_the_device)" 0
}

# Two senders into one queue are more than it can hold at times.
test_what_the_device_refused_is_not_counted_as_sent() {
	kernel_pair
	run_weir replay -tK --workers=2 --loop=20000 -i kernel:veth0@0-1 --json "$data/ping.pcap"
	is "frames that the device took" "$(jq .frames "$out")" "$(arrived_at_the_device)"
}

test_frames_too_long_are_counted_and_never_cut() {
	local n long
	kernel_pair mtu 300
	n=$(frames_of "$data/bulk.pcap")
	long=$(tshark -r "$data/bulk.pcap" -Y 'frame.len > 314' -T fields -e frame.number 2>/dev/null | wc -l)
	[ "$long" -gt 0 ]
	run_weir replay -t -i kernel:veth0 "$data/bulk.pcap"
	is "exit status" "$rc" 1
	is "frames sent" "$(sent)" "$((n - long))"
	says "$err" "$long frames were not sent: too long"
	is "frames" "$(arrived_at_the_device)" "$((n - long))"
}

test_interrupt_ends_it_at_once_and_leaves_nothing() {
	kernel_pair
	netns_spawn left "$weir" replay -tK --loop=0 -i kernel:veth0 "$data/dns.pcap" >"$netns_dir/out" 2>"$netns_dir/err"
	out=$netns_dir/out err=$netns_dir/err
	wait_for 10 received_at_least right veth1 1000
	kill -INT "$netns_pid"
	wait_exit 10 "$netns_pid"
	says "$out" "^Actual: [1-9]"
	is "frames" "$(sent)" "$(arrived_at_the_device)"
}

test_killed_sender_leaves_nothing() {
	kernel_pair
	netns_spawn left "$weir" replay -tK --loop=0 -i kernel:veth0 "$data/dns.pcap" >/dev/null 2>&1
	wait_for 10 received_at_least right veth1 1000
	kill -KILL "$netns_pid"
	wait "$netns_pid" || true
	run_weir replay -t -i kernel:veth0 "$data/dns.pcap"
	is "exit status" "$rc" 0
}

test_vanished_interface_ends_it() {
	kernel_pair
	netns_spawn left "$weir" replay -tK --loop=0 -i kernel:veth0 "$data/dns.pcap" >"$netns_dir/out" 2>"$netns_dir/err"
	out=$netns_dir/out err=$netns_dir/err
	wait_for 10 received_at_least right veth1 1000
	ip -n "$netns_prefix-left" link del veth0
	rc=0
	wait_exit 10 "$netns_pid" || rc=$?
	is "exit status" "$rc" 1
	says "$err" "kernel:veth0: No such device"
}

test_missing_privilege_is_named() {
	kernel_pair
	rc=0
	netns_exec left setpriv --bounding-set=-all --inh-caps=-all "$weir" \
		replay -t -i kernel:veth0 "$data/dns.pcap" >"$netns_dir/out" 2>"$netns_dir/err" || rc=$?
	is "exit status" "$rc" 1
	says "$netns_dir/err" "CAP_BPF"
}

test_it_only_sends() {
	kernel_pair
	run_weir sink -i kernel:veth0
	is "exit status" "$rc" 1
	says "$err" "kernel"
}

run_tests
