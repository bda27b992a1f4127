#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# weir capture: what passed is in the file, and what became of every frame is told.
# shellcheck source=tests/e2e/lib.sh
. "${BASH_SOURCE%/*}/lib.sh"
# shellcheck source=tests/e2e/capture-lib.sh
. "${BASH_SOURCE%/*}/capture-lib.sh"

test_what_passes_is_in_the_file_as_tcpdump_saw_it() {
	veth_pair
	sees_what_tcpdump_sees packet -i packet:veth1
}

test_file_tells_where_it_was_made_and_what_was_lost() {
	veth_pair
	command -v tshark >/dev/null || skip "tshark is not installed"
	start_capture right got.pcapng -i packet:veth1 -f 'not port 9' --comment 'of a test' -s 100 \
		--marks=direction,id,queue
	run_weir replay -q -t -i packet:veth0 "$data/web.pcap"
	wait_for 20 holds 10
	stop_capture TERM
	capinfos "$file" >"$netns_dir/info"
	for line in 'Capture application: weir ' 'Capture oper-sys: .*Linux' 'Capture hardware: ' \
		'Capture comment: .*of a test' 'Name = veth1$' 'Description = packet:veth1 ' \
		'Encapsulation = Ethernet' 'Speed = 10000000000' 'Capture length = 100' \
		'Time resolution = 0x09' 'Filter string = not port 9' 'Operating system = Linux' \
		'Number of stat entries = 1' 'Strict time order: +True'; do
		says "$netns_dir/info" "$line"
	done
	tshark -r "$file" -V -c 2 >"$netns_dir/frames" 2>/dev/null
	says "$netns_dir/frames" 'Direction: Inbound'
	says "$netns_dir/frames" 'Packet id: 1'
	says "$netns_dir/frames" 'Interface queue: 0'
}

test_both_ways_are_told_apart() {
	local way
	veth_pair
	for way in both in out; do
		start_capture left "$way.pcapng" -i veth0 --direction "$way"
		run_weir replay -q -t -i packet:veth0,qdisc "$data/dns.pcap"
		netns_exec right "$weir" replay -q -t -i packet:veth1 "$data/ping.pcap" >/dev/null
		case $way in
		both) n=$(($(frames_of "$data/ping.pcap") + $(frames_of "$data/dns.pcap"))) ;;
		in) n=$(frames_of "$data/ping.pcap") ;;
		out) n=$(frames_of "$data/dns.pcap") ;;
		esac
		wait_for 20 holds "$n"
		stop_capture INT
		is "kept of $way" "$(figure .kept)" "$n"
		reads_well "$file" "$n"
	done
	run "$weir" diff -q "$data/dns.pcap" "$netns_dir/out.pcapng"
	is "what was sent" "$rc" 0
	run "$weir" diff -q "$data/ping.pcap" "$netns_dir/in.pcapng"
	is "what was received" "$rc" 0
	command -v tshark >/dev/null || return 0
	is "sent frames in both" "$(tshark -r "$netns_dir/both.pcapng" \
		-Y 'frame.packet_flags_direction == 2' 2>/dev/null | wc -l)" "$(frames_of "$data/dns.pcap")"
}

test_several_queues_make_one_file_in_order() {
	local n
	veth_pair numtxqueues 2 numrxqueues 2
	n=$(frames_of "$data/web.pcap")
	start_capture right got.pcapng -i veth1 -Q 2 --marks queue
	run_weir replay -q -t -l 100 --unique-ip -i packet:veth0 "$data/web.pcap"
	wait_for 20 holds $((100 * n))
	stop_capture INT
	is "kept" "$(figure .kept)" $((100 * n))
	is "queues" "$(figure .ports[0].queues)" 2
	reads_well "$file" $((100 * n))
	says <("$weir" info "$file") 'time order +never goes backwards'
}

test_several_ports_and_frames_without_a_link_layer() {
	netns_add left
	netns_exec left ip tuntap add tun0 mode tun
	netns_exec left ip addr add 192.0.2.1/24 dev tun0
	netns_exec left ip link set tun0 up
	start_capture left got.pcapng -i lo -i tun0 -f 'icmp or udp'
	netns_exec left ping -q -c 3 -i 0.2 127.0.0.1
	netns_exec left bash -c 'echo hello >/dev/udp/127.0.0.1/9' || true
	wait_for 20 holds 8 # each echo and its reply, the datagram, and that nobody was there
	stop_capture INT
	is "of lo" "$(figure '.ports[0] | [.kept, .link_type]')" "[8,1]"
	is "of tun0" "$(figure '.ports[1].link_type')" 101
	command -v tshark >/dev/null || return 0 # tcpdump takes only frames of one kind
	is "frames in tshark" "$(tshark -r "$file" 2>/dev/null | wc -l)" 8
}

test_switch_between_programs_is_captured_from() {
	local n
	netns_add left
	n=$(frames_of "$data/web.pcap")
	start_capture left got.pcapng -i "vale_cap$$:b"
	run_weir replay -q -t -l 10 -i "vale_cap$$:a,nolearn" "$data/web.pcap"
	wait_for 20 holds $((10 * n))
	stop_capture INT
	is "kept" "$(figure .kept)" $((10 * n))
	is "engine" "$(figure .ports[0].engine)" '"vale"'
	reads_well "$file" $((10 * n))
	adds_up
}

test_count_is_kept_exactly() {
	veth_pair
	start_capture right got.pcap -i veth1 -c 7
	run_weir replay -q -t -i packet:veth0 "$data/web.pcap"
	ended_capture
	is "exit status" "$rc" 0
	is "kept" "$(figure .kept)" 7
	adds_up
	is "format" "$(head -c 4 "$file" | od -An -tx4 | xargs)" a1b23c4d
	reads_well "$file" 7
	run_weir diff -n 0 "$data/web.pcap" "$file"
	says "$out" '^Same: +7$'
}

test_formats_compression_and_standard_output() {
	local how n
	veth_pair
	n=$(frames_of "$data/dns.pcap")
	for how in a.pcapng.zst b.pcap.gz c.pcapng.lz4; do
		start_capture right "$how" -i veth1 -c "$n"
		run_weir replay -q -t -i packet:veth0 "$data/dns.pcap"
		ended_capture
		run "$weir" diff -q "$data/dns.pcap" "$file"
		is "$how" "$rc" 0
	done
	file=$netns_dir/stdout
	netns_spawn right "$weir" capture -i veth1 -c "$n" -w - --json >"$file" 2>"$file.err"
	capturer=$netns_pid
	wait_for 20 grep -q 'capturing from' "$file.err"
	run_weir replay -q -t -i packet:veth0 "$data/dns.pcap"
	ended_capture
	run "$weir" diff -q "$data/dns.pcap" "$file"
	is "standard output" "$rc" 0
	is "figures" "$(sed 1d "$file.err" | jq .kept)" "$n"
}

test_frames_are_printed() {
	veth_pair
	file=$netns_dir/printed
	netns_spawn right "$weir" capture -i veth1 -c 3 --print >"$file" 2>"$file.err"
	capturer=$netns_pid
	wait_for 20 grep -q 'capturing from' "$file.err"
	run_weir replay -q -t -i packet:veth0 "$data/ping.pcap"
	ended_capture
	is "exit status" "$rc" 0
	is "lines" "$(grep -cE 'ICMP|ARP' "$file")" 3
	says "$file.err" '3 kept'
}

test_reader_that_does_not_read_costs_frames_that_are_counted() {
	veth_pair
	counts_what_no_ring_holds got -i veth1
}

test_reader_that_has_gone_is_told() {
	veth_pair
	file=$netns_dir/gone
	# shellcheck disable=SC2016 # that shell's own
	netns_spawn right bash -c '"$1" capture -i veth1 -w - 2>"$2.err" | head -c 1 >"$2"; echo "${PIPESTATUS[0]}" >"$2.rc"' \
		capture "$weir" "$file"
	wait_for 20 grep -q 'capturing from' "$file.err"
	run_weir replay -q -t -i packet:veth0 "$data/ping.pcap"
	wait_for 20 test -s "$file.rc"
	is "exit status" "$(cat "$file.rc")" 1
	says "$file.err" 'standard output: Broken pipe'
}

test_full_disk_leaves_whole_frames_and_counts_the_rest() {
	local n
	veth_pair
	n=$(frames_of "$data/bulk.pcap")
	mkdir "$netns_dir/disk"
	mount -t tmpfs -o size=200k none "$netns_dir/disk" 2>/dev/null || skip "no tmpfs can be mounted"
	start_capture right disk/got.pcapng -i packet:veth1
	run_weir replay -q -t -l 20 -i packet:veth0 "$data/bulk.pcap"
	ended_capture
	cp "$file" "$netns_dir/got.pcapng"
	cp "$file.out" "$netns_dir/got.pcapng.out" 2>/dev/null || true
	umount "$netns_dir/disk"
	file=$netns_dir/got.pcapng
	is "exit status" "$rc" 1
	reads_well "$file" "$(trace count "$file" | cut -d ' ' -f 1)"
}

test_killed_capture_leaves_a_file_that_can_be_read() {
	local n
	veth_pair
	n=$(frames_of "$data/web.pcap")
	start_capture right got.pcapng -i packet:veth1
	run_weir replay -q -t -i packet:veth0 "$data/web.pcap"
	wait_for 20 holds "$n"
	kill -KILL "$capturer"
	wait "$capturer" 2>/dev/null || true
	run "$weir" diff -q "$data/web.pcap" "$file"
	is "difference" "$rc" 0
	is "promiscuous" "$(netns_exec right cat /sys/class/net/veth1/flags)" 0x1003
}

# Of the files of a row, in their order.
frames_of_row() { # PATTERN
	local path
	for path in "$netns_dir"/$1; do
		reads_well "$path" "$(frames_of "$path")"
		frames_of "$path"
	done | xargs
}

test_next_file_begins_when_one_is_full() {
	local n row
	veth_pair
	n=$(frames_of "$data/web.pcap")
	start_capture right row.pcapng -i veth1 -b packets:100 -b files:3 -c $((10 * n))
	run_weir replay -q -t -l 10 -i packet:veth0 "$data/web.pcap"
	ended_capture
	is "exit status" "$rc" 0
	is "kept" "$(figure .kept)" $((10 * n))
	is "files" "$(figure .files)" 4
	is "row" "$(frames_of_row 'row_*.pcapng')" "100 100 70"
	start_capture right size.pcapng -i veth1 -b filesize:20 -c $((10 * n))
	run_weir replay -q -t -l 10 -i packet:veth0 "$data/web.pcap"
	ended_capture
	[ "$(figure .files)" -ge 8 ]
	row=$(frames_of_row 'size_*.pcapng')
	is "frames of all" $((${row// /+})) $((10 * n))
}

test_signal_begins_the_next_file() {
	local n
	veth_pair
	n=$(frames_of "$data/ping.pcap")
	start_capture right log.pcapng -i veth1
	run_weir replay -q -t -i packet:veth0 "$data/ping.pcap"
	wait_for 20 holds "$n"
	mv "$file" "$netns_dir/old.pcapng"
	kill -HUP "$capturer"
	wait_for 20 ends_with_statistics "$netns_dir/old.pcapng"
	run_weir replay -q -t -l 2 -i packet:veth0 "$data/ping.pcap"
	wait_for 20 holds $((2 * n))
	stop_capture INT
	is "files" "$(figure .files)" 2
	reads_well "$netns_dir/old.pcapng" "$n"
	reads_well "$file" $((2 * n))
}

# Its last block is of that type (5), whose length is before it.
ends_with_statistics() { # FILE
	local len
	len=$(tail -c 4 "$1" | od -An -tu4 | xargs)
	[ "$len" -lt 200 ] && [ "$(tail -c "$len" "$1" | head -c 4 | od -An -tu4 | xargs)" = 5 ]
}

test_folder_that_goes_away_is_told() {
	veth_pair
	mkdir "$netns_dir/gone"
	start_capture right gone/row.pcapng -i veth1 -b packets:10
	mv "$netns_dir/gone" "$netns_dir/there"
	run_weir replay -q -t -i packet:veth0 "$data/web.pcap"
	file=$netns_dir/there/row.pcapng
	ended_capture
	is "exit status" "$rc" 1
	says "$err" 'gone/row_00002_[0-9]*.pcapng: No such file'
	is "kept" "$(figure .kept)" 10
	adds_up
	is "row" "$(frames_of_row 'there/row_*')" 10
}

test_hardware_time_is_had_or_missed_aloud() {
	veth_pair
	start_capture right auto.pcapng -i packet:veth1 --time=auto --count=3
	run_weir replay -q -t -i packet:veth0 --limit=3 "$data/web.pcap"
	ended_capture
	is "clock" "$(figure '.ports[0].clock')" null
	says "$err" "packet:veth1, times are of the system"
	for port in veth1 packet:veth1 xdp:veth1 null:; do
		run netns_exec right "$weir" capture -i "$port" -w "$netns_dir/hw.pcapng" --time=hw
		is "exit status of $port" "$rc" 1
		says "$err" "^weir capture: $port: (no )?hardware time"
	done
	is "file" "$(ls "$netns_dir/hw.pcapng" 2>&1)" "ls: cannot access '$netns_dir/hw.pcapng': No such file or directory"
	run netns_exec right "$weir" capture -i veth1 -w "$netns_dir/hw.pcap" --time=hw
	is "exit status of pcap" "$rc" 2
	says "$err" "needs pcapng"
}

test_what_cannot_be_captured_is_said() {
	veth_pair
	run_weir capture -i nosuch0 -w "$netns_dir/x"
	is "exit status" "$rc" 1
	says "$err" 'nosuch0'
	run_weir capture -i veth0 -w "$netns_dir/x" -f 'port what is'
	is "exit status" "$rc" 2
	says "$err" 'filter "port what is"'
	run_weir capture -i veth0
	is "exit status" "$rc" 2
	run_weir capture -i veth0 -w "$netns_dir/no/such/folder"
	is "exit status" "$rc" 1
	says "$err" 'no/such/folder: No such file'
	run_weir capture -i veth0 -w "$netns_dir/x" --marks=colour
	is "exit status" "$rc" 2
	run_weir capture -i veth0 -w "$netns_dir/x" -b packets:0
	is "exit status" "$rc" 2
	run_weir capture -i veth0 -w - -b packets:10
	is "exit status" "$rc" 2
	says "$err" 'a row of files needs a name'
}

# Effective and bounding set of the capture, as hexadecimal numbers, and whether it may get more.
capabilities() {
	sed -nE 's/^(CapEff|CapBnd|NoNewPrivs):\s*0*([0-9a-f]+)$/\2/p' "/proc/$capturer/task/"*/status | sort -u | xargs
}

# Nothing is left of them, but what it takes to write the next file where the first one is.
test_privileges_are_given_up_once_all_is_open() {
	local engine
	veth_pair
	for engine in packet auto; do
		start_capture right "$engine.pcapng" -i veth1 --engine="$engine" -b packets:1
		is "capabilities with $engine" "$(capabilities)" "0 1"
		run_weir replay -q -t -i packet:veth0 "$data/ping.pcap"
		stop_capture INT
		[ "$(figure .files)" -gt 2 ]
		adds_up
	done
	mkdir "$netns_dir/other"
	chown 65534:65534 "$netns_dir/other"
	start_capture right other/got.pcapng -i veth1 -b packets:1
	is "capabilities with the folder of another user" "$(capabilities)" "0 1 2"
	run_weir replay -q -t -i packet:veth0 "$data/ping.pcap"
	stop_capture INT
	is "files" "$(find "$netns_dir/other" -name 'got_*.pcapng' -user root | wc -l)" "$(figure .files)"
}

run_tests
