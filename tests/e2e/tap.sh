#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# weir tap: captures that outlive whoever started them.
#
# Taps are pinned in a file system of our own, in a mount namespace of our own: nothing of
# them is left when this script has ended. /mnt is there everywhere, and "ip netns exec" leaves it
# as it is, unlike /sys. Mounts of network namespaces go on to be everybody's.
if [ -z "${WEIR_E2E_MOUNTS-}" ]; then
	unshare --mount true 2>/dev/null || { echo "1..0 # SKIP this user may not make mount namespaces"; exit 0; }
	WEIR_E2E_MOUNTS=1 exec unshare --mount --propagation unchanged bash "$0" "$@"
fi
mount --make-private /
mount -t bpf bpf /mnt || { echo "1..0 # SKIP no file system of the type bpf"; exit 0; }
export WEIR_BPF_DIR=/mnt/weir
# shellcheck source=tests/e2e/lib.sh
. "${BASH_SOURCE%/*}/lib.sh"
# shellcheck source=tests/e2e/capture-lib.sh
. "${BASH_SOURCE%/*}/capture-lib.sh"

# veth0 and veth1, and no taps; skips where the kernel has no links for tc.
tap_places() {
	rm -rf /mnt/weir # of an earlier test
	veth_pair "$@"
	tap right start dev lo || skip "$(cat "$err")"
	tap right stop dev lo
}

tap() { # NAME WORDS...: weir tap in a namespace; as "run".
	run ip netns exec "$netns_prefix-$1" "$weir" tap "${@:2}"
	return "$rc"
}

# NAME IF FILTER: of what "show" tells.
told() {
	netns_exec "$1" "$weir" tap show dev "$2" --json | jq -r ".taps[0]$3"
}

tells() { # NAME IF FILTER VALUE
	[ "$(told "$1" "$2" "$3")" = "$4" ]
}

send() { # FILE [TIMES]
	netns_exec left "$weir" replay -q -t -l "${2:-1}" -i packet:veth0 "$1" >/dev/null
}

# FILE ARGUMENTS...: reads the tap of veth1 to its end.
read_tap() {
	file=$netns_dir/$1
	netns_exec right "$weir" capture --json -q -i tap:veth1 -w "$file" "${@:2}" >"$file.out"
}

# Until all that was stored has been read.
all_read() {
	tells right veth1 .waiting_bytes 0
}

test_readers_share_what_a_tap_saw_one_at_a_time() {
	local n kept=0 path
	tap_places
	n=$(frames_of "$data/web.pcap")
	tap right start dev veth1 direction in
	send "$data/web.pcap"
	is "stored before anybody reads" "$(told right veth1 .stored)" "$n"
	read_tap first.pcapng -c 10
	is "kept by the first" "$(figure .kept)" 10
	is "received by the first" "$(figure .received)" 10
	start_capture right second.pcapng -i tap:veth1
	wait_for 20 holds $((n - 10))
	kill -KILL "$capturer"
	wait "$capturer" 2>/dev/null || true
	send "$data/web.pcap"
	start_capture right third.pcapng -i tap:veth1
	wait_for 20 holds "$n"
	send "$data/web.pcap"
	wait_for 20 holds $((2 * n))
	stop_capture INT
	is "kept by the third" "$(figure .kept)" $((2 * n))
	adds_up
	is "seen" "$(told right veth1 .seen)" $((3 * n))
	for path in first second third; do
		kept=$((kept + $(frames_of "$netns_dir/$path.pcapng")))
	done
	is "kept by all" "$kept" $((3 * n))
	is_loops_of "$netns_dir/third.pcapng" "$data/web.pcap" 2
	reads_well "$netns_dir/third.pcapng" $((2 * n))

	start_capture right got.pcapng -i tap:veth1
	is "reader" "$(told right veth1 .reader)" "$capturer"
	run ip netns exec "$netns_prefix-right" "$weir" capture -i tap:veth1 -w "$netns_dir/other.pcapng"
	is "exit status" "$rc" 1
	says "$err" "tap:veth1: process $capturer reads this tap, and only one can at a time"
	tap right stop dev veth1
	ended_capture
	is "exit status of the reader" "$rc" 0
	is "what is left" "$(ls /mnt/weir)" ""
	is "programs left" "$(netns_exec right bpftool net show dev veth1 | grep -cE 'id [0-9]+')" 0
}

test_lost_frames_are_told_once() {
	local n lost
	tap_places
	n=$(frames_of "$data/bulk.pcap")
	tap right start dev veth1 direction in buffer 1
	send "$data/bulk.pcap" 100
	wait_for 20 tells right veth1 .seen $((100 * n))
	lost=$(told right veth1 .dropped)
	[ "$lost" -gt 0 ]
	start_capture right first.pcapng -i tap:veth1
	wait_for 20 all_read
	stop_capture INT
	is "lost, the first says" "$(figure .lost.total)" "$lost"
	is "received by the first" "$(figure .received)" $((100 * n))
	adds_up
	reads_well "$file" "$(figure .kept)"
	send "$data/bulk.pcap"
	read_tap second.pcapng -c "$n"
	is "lost, the second says" "$(figure .lost.total)" 0
	is "received by the second" "$(figure .received)" "$n"
}

# Nobody is cut off by a reader that is gone, unless somebody wants just that. And mode and
# snaplen change while it runs.
test_drop_passes_frames_on_when_nobody_reads() {
	tap_places
	netns_veth left veth2 right veth3
	netns_exec left ip addr add 192.0.2.1/24 dev veth0
	netns_exec right ip addr add 192.0.2.2/24 dev veth1
	netns_exec left ip addr add 198.51.100.1/24 dev veth2
	netns_exec right ip addr add 198.51.100.2/24 dev veth3
	wait_for 10 netns_exec left ping -q -c 1 -W 1 192.0.2.2
	wait_for 10 netns_exec left ping -q -c 1 -W 1 198.51.100.2
	tap right start dev veth1 mode drop engine tc
	tap right start dev veth3 mode drop hold
	start_capture right got.pcapng -i tap:veth1
	netns_exec left ping -q -c 1 -W 0.3 192.0.2.2 && exit 1
	kill -KILL "$capturer"
	wait "$capturer" 2>/dev/null || true
	is "passes on at once" "$(told right veth1 .passes_on)" false
	wait_for 15 netns_exec left ping -q -c 1 -W 1 192.0.2.2
	is "passes on" "$(told right veth1 .passes_on)" true
	netns_exec left ping -q -c 1 -W 0.3 198.51.100.2 && exit 1
	is "passes on with hold" "$(told right veth3 .passes_on)" false
	start_capture right again.pcapng -i tap:veth1
	wait_for 10 tells right veth1 .passes_on false
	netns_exec left ping -q -c 1 -W 0.3 192.0.2.2 && exit 1
	tap right set dev veth3 nohold
	wait_for 10 netns_exec left ping -q -c 1 -W 1 198.51.100.2

	tap right set mode mirror dev veth1 snaplen 61
	netns_exec left ping -q -c 1 -W 10 -s 999 192.0.2.2
	tap right set dev veth1 snaplen 0
	netns_exec left ping -q -c 1 -W 10 -s 888 192.0.2.2
	wait_for 20 all_read
	stop_capture INT
	adds_up
	python3 - "$e2e_root/tools" "$file" <<-'END'
		import sys
		sys.path.insert(0, sys.argv[1])
		import trace
		frames = {f.orig_len: len(f.data) for f in trace.read(sys.argv[2])}
		assert frames[999 + 42] == 61 and frames[888 + 42] == 888 + 42, frames
	END
}

# Traffic control as it was before Linux 6.6, beside a filter of somebody else.
classic_filters_do_as_well() {
	tap right start dev veth1 engine clsact
	is "engine" "$(told right veth1 .engine)" "tc filter"
	send "$data/ping.pcap"
	read_tap classic.pcapng -c "$n"
	is_loops_of "$file" "$data/ping.pcap" 1
	tap right stop dev veth1
	is "qdisc" "$(netns_exec right tc qdisc show dev veth1 clsact)" ""
	tap right start dev veth1 engine clsact
	netns_exec right tc filter add dev veth1 egress bpf bytecode "1,6 0 0 0"
	tap right stop dev veth1
	is "filters" "$(netns_exec right tc filter show dev veth1 ingress)" ""
	[ -n "$(netns_exec right tc filter show dev veth1 egress)" ]
	netns_exec right tc qdisc del dev veth1 clsact
	tap right start dev veth1 engine clsact mode drop
	netns_exec right tc qdisc del dev veth1 clsact
	is "state without its filters" "$(told right veth1 .state)" "left over"
	tap right stop dev veth1
}

# What is left of a tap, and the program of somebody else.
test_what_is_there_already_is_told_and_stays() {
	local n id
	tap_places
	n=$(frames_of "$data/ping.pcap")
	tap right start dev veth1 direction in
	send "$data/ping.pcap"
	netns_exec right ip link del veth1
	is "state" "$(told right veth1 .state)" "left over"
	netns_veth left veth0 right veth1
	tap right start dev veth1 && exit 1
	says "$err" "weir tap stop dev veth1' removes what is left of it"
	read_tap rest.pcapng && exit 1
	is "kept of what was left" "$(figure .kept)" "$n"
	tap right stop dev veth1
	tap right start dev veth1
	tap right stop dev veth1
	is "what is left" "$(ls /mnt/weir)" ""
	tap right stop dev veth1 && exit 1
	says "$err" "there is no tap on 'veth1'"

	start_capture right first.pcapng -i veth1 --engine=xdp --direction=in
	id=$(netns_exec right bpftool net show dev veth1 | sed -nE 's/.*\bid ([0-9]+).*/\1/p' | head -n 1)
	tap right start dev veth1 engine xdp && exit 1
	says "$err" "'veth1' has XDP program $id \('capture_xdp'\) already, which is not replaced"
	is "what is left" "$(ls /mnt/weir)" ""
	stop_capture INT
	classic_filters_do_as_well
	tap right start dev veth1 engine xdp direction in
	send "$data/ping.pcap"
	is "stored" "$(told right veth1 .stored)" "$n"
	is "engine" "$(told right veth1 .engine)" "xdp program"
}

test_interfaces_of_one_name_have_taps_of_their_own() {
	local n
	tap_places
	n=$(frames_of "$data/ping.pcap")
	netns_exec left ip link set veth0 name twin
	netns_exec right ip link set veth1 name twin
	netns_exec left ip link set twin up
	netns_exec right ip link set twin up
	tap left start dev twin direction out
	tap right start dev twin direction in
	netns_exec left "$weir" replay -q -t -i packet:twin,qdisc "$data/ping.pcap" >/dev/null
	wait_for 10 tells right twin .stored "$n"
	is "taps" "$("$weir" tap show --json | jq -c '[.taps[].state] | unique')" '["elsewhere"]'
	netns_exec left ip link set twin down
	netns_exec left ip link set twin name renamed
	is "stored" "$(told left renamed .stored)" "$n"
	tap left stop dev renamed
	is "still there" "$(told right twin .state)" runs
}

# A filter in the kernel: what it does not want is counted, and goes on.
test_filter_takes_and_drops_what_it_wants_alone() {
	local n
	tap_places
	n=$(frames_of "$data/web.pcap")
	netns_exec left ip addr add 192.0.2.1/24 dev veth0
	netns_exec right ip addr add 192.0.2.2/24 dev veth1
	tap right start dev veth1 filter tcp port 80 mode drop hold direction in
	is "filter" "$(told right veth1 .filter)" "tcp port 80"
	send "$data/web.pcap"
	wait_for 10 tells right veth1 .seen "$n"
	netns_exec left ping -q -c 1 -W 10 192.0.2.2
	read_tap got.pcapng -c 30
	is "stored" "$(told right veth1 .stored)" 30
	tcpdump -nr "$data/web.pcap" -w "$netns_dir/want.pcap" tcp port 80 2>/dev/null
	is_loops_of "$file" "$netns_dir/want.pcap" 1
	says <(capinfos "$file" 2>/dev/null || echo "Capture filter = tcp port 80") 'tcp port 80'
	tap right start dev lo filter "tcp poort 80" && exit 1
	says "$err" 'filter "tcp poort 80": '
	tap right start dev lo filter ip6 protochain 6 && exit 1
	says "$err" 'the filter cannot be run in the kernel: it has a loop'
	is "what is left" "$(ls /mnt/weir)" veth1
}

test_loopback_and_tun_can_be_tapped() {
	tap_places
	netns_exec right ip tuntap add tun0 mode tun
	netns_exec right ip addr add 192.0.2.1/24 dev tun0
	netns_exec right ip link set tun0 up
	tap right start dev lo mode drop
	tap right start dev tun0
	netns_exec right ping -q -c 1 -W 0.3 127.0.0.1 && exit 1
	start_capture right got.pcapng -i tap:lo -i tap:tun0
	netns_exec right ping -q -c 1 -W 0.3 127.0.0.1 && exit 1
	wait_for 10 holds 2
	stop_capture INT
	is "kept of lo" "$(figure .ports[0].kept)" 2
	is "link type of tun0" "$(figure .ports[1].link_type)" 101
	adds_up
}

test_what_makes_no_sense_is_said() {
	local words
	tap_places
	for words in "" "start" "start dev" "start dev lo mode up" "stop dev lo mode drop" "set dev lo" \
		"show dev lo snaplen x" "set dev lo engine tc" "start dev lo dev2"; do
		# shellcheck disable=SC2086 # they are words
		run "$weir" tap $words
		is "exit status of '$words'" "$rc" 2
	done
	tap right start dev nosuch && exit 1
	is "exit status" "$rc" 1
	tap right start dev lo
	run ip netns exec "$netns_prefix-right" "$weir" capture -i tap:lo -s 96 -w "$netns_dir/x.pcapng"
	is "exit status" "$rc" 2
	says "$err" "the length of frames of a tap is set by 'weir tap'"
	WEIR_BPF_DIR=$netns_dir/weir tap right start dev lo && exit 1
	says "$err" "$netns_dir/weir does not lie in a file system of the type bpf"
}

run_tests
