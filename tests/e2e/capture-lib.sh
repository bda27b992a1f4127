# shellcheck shell=bash
# SPDX-License-Identifier: BSD-2-Clause
# For tests of weir capture. To be sourced after lib.sh.
# shellcheck disable=SC2034,SC2154 # variables that it shares with them

# NAME FILE ARGUMENTS...: weir capture in the background, to a file in $netns_dir. Its
# messages are in FILE.err, what it prints at the end in FILE.out.
start_capture() {
	file=$netns_dir/$2
	netns_spawn "$1" "$weir" capture --json -w "$file" "${@:3}" >"$file.out" 2>"$file.err"
	capturer=$netns_pid
	wait_for 20 grep -q 'capturing from' "$file.err"
}

# SIGNAL: ends it; its exit status is in $rc.
stop_capture() {
	kill "-$1" "$capturer"
	ended_capture
}

ended_capture() {
	rc=0
	out=$file.out
	err=$file.err
	wait_exit 30 "$capturer" || rc=$?
}

figure() { # JQ-FILTER
	jq -c "$1" "$file.out"
}

# COUNT: so many frames are in the file, as far as it has been written.
holds() {
	[ "$(frames_of "$file")" -ge "$1" ]
}

# Every reader likes the file.
reads_well() { # FILE COUNT
	is "frames in tcpdump" \
		"$(tcpdump -nr "$1" --count 2>"$netns_dir/tcpdump.err" | cut -d ' ' -f 1)" "$2"
	is "what tcpdump says" "$(grep -v '^reading from' "$netns_dir/tcpdump.err")" ""
	"$weir" info "$1" >/dev/null
	command -v tshark >/dev/null || return 0
	is "frames in tshark" "$(tshark -r "$1" 2>"$netns_dir/tshark.err" | wc -l)" "$2"
	is "what tshark says" "$(grep -v 'Running as user' "$netns_dir/tshark.err")" ""
	is "frames in capinfos" "$(capinfos -rMTc "$1" | cut -f 2)" "$2"
}

# FILE TRACE TIMES: it holds the frames of the trace in their order, so many times.
is_loops_of() {
	python3 - "$e2e_root/tools" "$@" <<-'END'
		import sys
		sys.path.insert(0, sys.argv[1])
		import trace
		want = [f.data for f in trace.read(sys.argv[3])] * int(sys.argv[4])
		assert [f.data for f in trace.read(sys.argv[2])] == want
	END
}

# Everything that was received is kept or accounted for.
adds_up() {
	is "sum of figures" \
		"$(figure '.received - .kept - .filtered - .late - .lost.total')" 0
	is "sum of losses" "$(figure '.lost | .total - .kernel - .ring - .writer')" 0
}

# NAME ARGUMENTS...: a capture of what comes by veth1 of veth_pair.
sees_what_tcpdump_sees() {
	local n
	n=$(frames_of "$data/web.pcap")
	record right veth1
	start_capture right "$1.pcapng" "${@:2}"
	run_weir replay -q -t -l 5 -i packet:veth0 "$data/web.pcap"
	recorded right veth1 $((5 * n)) left veth0
	wait_for 20 holds $((5 * n + 1)) # and the mark
	stop_capture INT
	is "exit status of $1" "$rc" 0
	is "kept by $1" "$(figure .kept)" $((5 * n + 1))
	is "lost by $1" "$(figure .lost.total)" 0
	adds_up
	run "$weir" diff "$netns_dir/veth1.pcap" "$file"
	is "difference of $1" "$rc" 0
	reads_well "$file" $((5 * n + 1))
}

# NAME ARGUMENTS...: a capture of what comes by veth1 of veth_pair, to a reader that does not
# read until it is over.
counts_what_no_ring_holds() {
	local n
	n=$(frames_of "$data/bulk.pcap")
	mkfifo "$netns_dir/$1.pcapng"
	exec 3<>"$netns_dir/$1.pcapng"
	start_capture right "$1.pcapng" "${@:2}" -B 1 --strict
	run_weir replay -q -t -l 300 -i packet:veth0 "$data/bulk.pcap"
	wait_for 20 received_at_least right veth1 $((300 * n))
	sleep 0.1 # what the ring has no room for is thrown away, whenever that is
	cat <&3 >"$netns_dir/$1.read" &
	stop_capture INT
	exec 3>&-
	kill "$!"
	is "exit status of $1" "$rc" 3
	is "received by $1" "$(figure .received)" $((300 * n))
	[ "$(figure .lost.ring)" -gt 0 ]
	adds_up
	reads_well "$netns_dir/$1.read" "$(figure .kept)"
}
