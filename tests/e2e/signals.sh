#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# weir replay stopped from outside: it prints the statistics, undoes what it did and leaves.
# shellcheck source=tests/e2e/lib.sh
. "${BASH_SOURCE%/*}/lib.sh"

# PORT: replays for ever, in the background; $netns_pid. Returns when frames arrive.
replay_for_ever() {
	veth_pair
	out=$netns_dir/out
	err=$netns_dir/err
	netns_spawn left "$weir" replay --pps=500 --loop=0 -i "$1" "$data/dns.pcap" >"$out" 2>"$err"
	wait_for 20 received_at_least right veth1 20
}

# SIGNAL: sent is what the statistics say and what the other side counted.
stop_by() {
	kill "-$1" "$netns_pid"
	rc=0
	wait_exit 20 "$netns_pid" || rc=$?
	[ "$rc" != 124 ] || { show; exit 1; }
	says "$out" "^Actual: [0-9]+ packets"
	sent=$(sed -nE 's/.*Successful packets: +([0-9]+)$/\1/p' "$out")
	wait_for 10 received_at_least right veth1 "$sent"
	is "frames arrived" "$(netns_counter right veth1 rx_packets)" "$sent"
}

test_sigint_prints_statistics() {
	replay_for_ever packet:veth0
	stop_by INT
	is "exit status" "$rc" 0
}

test_sigterm_prints_statistics() {
	replay_for_ever packet:veth0
	stop_by TERM
}

test_sigint_leaves_no_xdp_program() {
	replay_for_ever xdp:veth0
	stop_by INT
	netns_exec left ip -d link show veth0 >"$netns_dir/link"
	! grep -q xdp "$netns_dir/link"
}

test_sigusr1_holds_and_sigcont_goes_on() {
	local held
	replay_for_ever packet:veth0
	kill -USR1 "$netns_pid"
	# Held: for once the count stays the same for half a second.
	wait_for 20 count_is_steady
	held=$(netns_counter right veth1 rx_packets)
	kill -CONT "$netns_pid"
	wait_for 20 received_at_least right veth1 $((held + 20))
	stop_by INT
}

count_is_steady() {
	local before
	before=$(netns_counter right veth1 rx_packets)
	sleep 0.5
	[ "$before" = "$(netns_counter right veth1 rx_packets)" ]
}

# Frames out of a pipe leave when they come; SIGINT ends the wait for more.
test_sigint_ends_waiting_for_a_silent_pipe() {
	veth_pair
	out=$netns_dir/out
	err=$netns_dir/err
	mkfifo "$netns_dir/pipe"
	exec 9<>"$netns_dir/pipe"
	cat "$data/dns.pcap" >&9
	netns_spawn left "$weir" replay -t -i packet:veth0 "$netns_dir/pipe" >"$out" 2>"$err"
	wait_for 20 received_at_least right veth1 18
	stop_by INT
	is "exit status" "$rc" 0
}

run_tests
