#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# weir run: a program gets weir's libraries and is otherwise as it was; programs for libpcap capture
# from ports of switches and send to them.
# shellcheck source=tests/e2e/lib.sh
. "${BASH_SOURCE%/*}/lib.sh"

# Any library will do where nothing is asked of it.
some_library=$(realpath "${weir%/*}/libweir.so")

# ARGUMENTS...: with that one only.
run_with() {
	run "$weir" run --only=netmap --lib="$some_library" "$@"
}

test_the_program_is_as_it_was() {
	run_with -- sh -c 'exit 7'
	is "exit status" "$rc" 7
	run_with printf '%s\n' --lib=x
	is "arguments" "$(cat "$out")" --lib=x
	run env LD_PRELOAD=libm.so.6 "$weir" run --only=netmap -l "$some_library" printenv LD_PRELOAD
	is "libraries" "$(cat "$out")" "libm.so.6:$some_library"
	run "$weir" run -l "$some_library" --pcap-lib=libm.so.6 true
	is "exit status" "$rc" 1
	says "$err" 'libm.so.6: No such file'
	run "$weir" run -l "$some_library" printenv LD_PRELOAD
	is "libraries" "$(cat "$out")" "$some_library:$(realpath "${weir%/*}/libweir-pcap.so")"
	run_with printenv LD_PRELOAD WEIR_PROGRAM
	is "libraries" "$(cat "$out")" "$some_library
$(realpath "$weir")"
	run env WEIR_PCAP_LIB="$some_library" "$weir" run --only=pcap printenv LD_PRELOAD
	is "libraries" "$(cat "$out")" "$some_library"
}

test_a_library_that_is_not_there_is_told() {
	run "$weir" run --only=netmap --lib="$netns_dir/none.so" true
	is "exit status" "$rc" 1
	says "$err" 'none.so: No such file'
	run "$weir" run --lib="$0" true
	is "exit status" "$rc" 1
	says "$err" 'is no shared library'
	cp "$some_library" "$netns_dir/a:b.so"
	run "$weir" run --lib="$netns_dir/a:b.so" true
	is "exit status" "$rc" 1
	says "$err" 'a blank or a colon'
}

test_a_program_that_no_library_gets_into_is_refused() {
	local alone=$programs/alone

	run_with no-such-program
	is "exit status" "$rc" 127
	says "$err" "there is no program 'no-such-program'"
	run_with "$netns_dir"
	is "exit status" "$rc" 126
	run_with "$alone"
	is "exit status" "$rc" 126
	says "$err" 'statically linked'
	printf '#!%s\n' "$alone" >"$netns_dir/script"
	chmod 755 "$netns_dir/script"
	run_with "$netns_dir/script"
	is "exit status" "$rc" 126
	says "$err" 'statically linked'
}

test_a_program_with_other_rights_is_refused() {
	local who=(setpriv --reuid=65534 --regid=65534 --clear-groups)

	nobody_places
	cp "$some_library" "$netns_dir/some.so"
	cp "$(type -P true)" "$netns_dir/other"
	chmod 4755 "$netns_dir/other"
	run "${who[@]}" "$netns_dir/weir" run --only=netmap --lib="$netns_dir/some.so" "$netns_dir/other"
	is "exit status" "$rc" 126
	says "$err" 'other is set-user-ID'
	run_with "$netns_dir/other"
	is "exit status of root" "$rc" 0
	# To whom new rights are refused anyway, the loader gives what they want.
	run "${nobody[@]}" "$netns_dir/weir" run --only=netmap --lib="$netns_dir/some.so" "$netns_dir/other"
	is "exit status without new rights" "$rc" 0
	chmod 755 "$netns_dir/other"
	run "${who[@]}" "$netns_dir/weir" run --only=netmap --lib="$netns_dir/some.so" "$netns_dir/other"
	is "exit status" "$rc" 0
}

# PROGRAM: there is a switch that loses nothing, which ports may come and go.
libpcap_places() {
	command -v "$1" >/dev/null || skip "$1 is not installed"
	export WEIR_RUNTIME_DIR=$netns_dir/switches
	"$weir" switch vale0 --lossless --background
	log=$netns_dir/log
}

# LOG PROGRAM ARGUMENTS...: in the background, under weir run; ready when it has opened vale0:p1.
captures() {
	: >"$1" 2>"$1.err"
	env --default-signal=INT,QUIT "$weir" run "${@:2}" >"$1" 2>"$1.err" &
	pid=$!
	netns_pids+=("$pid")
	wait_for 30 p1_is_open || { cat "$1" "$1.err"; return 1; }
}

p1_is_open() {
	"$weir" switch show vale0 --json | jq -e '.ports[] | select(.name == "p1")' >/dev/null
}

# FILE: all of its frames go to every port.
play() {
	run "$weir" replay -i vale0:p2,nolearn --topspeed "$1"
	is "exit status of who sends" "$rc" 0
}

test_tcpdump_writes_what_comes() {
	local frames
	libpcap_places tcpdump
	frames=$(frames_of "$data/web.pcap")
	captures "$log" tcpdump -Z root -i vale0:p1 -c "$frames" -w "$netns_dir/got.pcap"
	play "$data/web.pcap"
	wait_exit 30 "$pid"
	says "$log.err" "^$frames packets captured"
	says "$log.err" '^0 packets dropped by kernel'
	trace compare "$netns_dir/got.pcap" "$data/web.pcap"
}

test_tcpdump_filters_lists_and_ends_by_a_signal() {
	local want
	libpcap_places tcpdump
	want=$(tcpdump -n -r "$data/dns.pcap" udp dst port 53 2>/dev/null | sed 's/^[^ ]* //')
	[ -n "$want" ]
	captures "$log" tcpdump -n -l -i vale0:p1 udp dst port 53
	run "$weir" run tcpdump -D
	says "$out" 'vale0:p1 \(Port of the switch vale0\)'
	play "$data/dns.pcap"
	wait_for 30 lines_are "$log" "$(wc -l <<<"$want")"
	kill -INT "$pid"
	wait_exit 30 "$pid"
	is "lines" "$(sed 's/^[^ ]* //' "$log")" "$want"
	says "$log.err" "^$(wc -l <<<"$want") packets captured"
}

lines_are() { # FILE N
	[ "$(wc -l <"$1")" = "$2" ]
}

test_tshark_and_its_dumpcap_capture() {
	local frames
	libpcap_places tshark
	frames=$(frames_of "$data/dns.pcap")
	captures "$log" tshark -i vale0:p1 -a "packets:$frames" -w "$netns_dir/got.pcapng"
	play "$data/dns.pcap"
	wait_exit 60 "$pid"
	trace compare "$netns_dir/got.pcapng" "$data/dns.pcap"
	captures "$log.2" dumpcap -q -i vale0:p1 -f 'udp port 53' -c 8 -w "$netns_dir/eight.pcapng"
	play "$data/dns.pcap"
	wait_exit 60 "$pid"
	is "frames" "$(frames_of "$netns_dir/eight.pcapng")" 8
}

test_interfaces_are_libpcaps_as_ever() {
	libpcap_places tcpdump
	veth_pair
	netns_spawn right "$weir" run tcpdump -Z root -n -i veth1 -c 2 udp dst port 9 >"$log" 2>"$log.err"
	wait_for 30 grep -qs 'listening on veth1' "$log.err"
	run_weir gen 'Ether()/IP()/UDP(dport=[8,9])' -n 4 --topspeed -i packet:veth0
	wait_exit 30 "$netns_pid"
	says "$log.err" '^2 packets captured'
}

test_symbols_are_found_as_ever() {
	local symbols=("$programs/symbols" "$programs/own-scope.so")

	"${symbols[@]}" >"$netns_dir/plain"
	run "$weir" run "${symbols[@]}"
	is "exit status" "$rc" 0
	sed -i 's/^call libpcap.*/call libweir-pcap.so/' "$netns_dir/plain"
	is "symbols" "$(cat "$out")" "$(cat "$netns_dir/plain")"
	says "$out" '^default own-scope.so$'
}

# ctypes asks for the functions of the libpcap that it has loaded.
test_scapy_sniffs_and_sends() {
	local python scapy_pid
	python=$(python_with_scapy) || skip "python3-scapy is not installed"
	libpcap_places "$python"
	cat >"$netns_dir/sniff.py" <<-'END'
		from scapy.all import *
		conf.use_pcap = True
		found = sniff(iface="vale0:p1", filter="udp port 7", count=2)
		sendp([Ether(src="02:00:00:00:00:01") / f[IP] for f in found], iface="vale0:p1")
	END
	captures "$log" "$python" "$netns_dir/sniff.py"
	scapy_pid=$pid
	"$weir" capture -i vale0:p2 --filter='ether src 02:00:00:00:00:01' --count=2 \
		-w "$netns_dir/got.pcap" >"$log.2" 2>"$log.2.err" &
	pid=$!
	netns_pids+=("$pid")
	wait_for 10 grep -qs 'capturing' "$log.2.err"
	run "$weir" gen 'Ether(src="02:00:00:00:00:02")/IP(dst="10.0.0.0/29")/UDP(dport=[7,8])' -n 4 \
		--topspeed -i vale0:p3
	is "exit status of who sends" "$rc" 0
	wait_exit 30 "$scapy_pid"
	wait_exit 30 "$pid"
	is "frames" "$(frames_of "$netns_dir/got.pcap")" 2
}

run_tests
