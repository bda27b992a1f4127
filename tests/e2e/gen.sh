#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# weir gen and weir sink: what is made arrives, and what is missing is told.
# shellcheck source=tests/e2e/lib.sh
. "${BASH_SOURCE%/*}/lib.sh"

base='Ether(src="02:00:00:00:00:01",dst="02:00:00:00:00:02")/IP(src="10.0.0.1",dst="10.0.0.2")'

# PORT: a set goes out whole and in order, twice.
set_by() {
	veth_pair
	"$weir" gen "$base/UDP(sport=(1,150),dport=[7,9])/'abc'" -w "$netns_dir/set.pcap"
	record right veth1
	run_weir gen "$base/UDP(sport=(1,150),dport=[7,9])/'abc'" --pps=20000 --loop=2 -i "$1"
	recorded right veth1 600 left veth0
	is "exit status" "$rc" 0
	arrived veth1 --loop 2 "$netns_dir/set.pcap"
	says "$out" "Successful packets: +600$"
}

test_packet_port_sends_a_set_in_order() {
	set_by packet:veth0
}

test_xdp_port_sends_a_set_in_order() {
	set_by xdp:veth0
}

test_random_fields_go_out_as_they_are_written_to_files() {
	local t="$base/UDP(sport=RandShort(),dport=RandShort())/Raw(RandString(30))"
	veth_pair
	"$weir" gen "$t" --seed=5 -n 300 -w "$netns_dir/random.pcapng"
	record right veth1
	run_weir gen "$t" --seed=5 -n 300 --pps=20000 -i packet:veth0
	recorded right veth1 300 left veth0
	is "exit status" "$rc" 0
	arrived veth1 "$netns_dir/random.pcapng"
}

# GEN-OPTIONS...: the times in a file, from its first frame on, in microseconds.
file_times() {
	run_weir gen "$base/UDP(sport=(1,9))" "$@" -w "$netns_dir/times.pcap"
	is "exit status" "$rc" 0
	tshark -r "$netns_dir/times.pcap" -T fields -e frame.time_relative 2>/dev/null |
		awk '{ printf "%s%d", (NR > 1 ? " " : ""), $1 * 1e6 + 0.5 }' >"$out"
}

test_files_have_the_times_of_the_schedule() {
	netns_add left
	file_times --pps=1000 -n 4
	is "even" "$(cat "$out")" "0 1000 2000 3000"
	file_times --pps=1000 --burst=2 -n 4
	is "bursts" "$(cat "$out")" "0 0 2000 2000"
	file_times --pps=1000 --poisson -n 4
	is "drawn gaps" "$(grep -cx "0 1000 2000 3000" "$out")" 0
	file_times --pps=25 --duration=1
	is "frames in a second" "$(wc -w <"$out")" 25
}

test_files_have_the_format_of_their_name_or_another() {
	local name want
	netns_add left
	for name in pcap=pcap-ns pcapng=pcapng pcap.gz=pcap-ns pcapng.zst=pcapng x.lz4=pcap-ns; do
		run_weir gen "$base/UDP(sport=(1,9))" -w "$netns_dir/f.${name%=*}"
		is "format of ${name%=*}" "$("$weir" info --json "$netns_dir/f.${name%=*}" |
			jq -r '.files[0] | "\(.format) \(.frames)"')" "${name#*=} 9"
	done
	for want in pcap pcap-ns pcapng; do
		run_weir gen "$base/UDP(sport=(1,9))" -w "$netns_dir/f.pcap" --format="$want"
		is "$want" "$("$weir" info --json "$netns_dir/f.pcap" |
			jq -r '.files[0] | "\(.format) \(.frames)"')" "$want 9"
	done
	run_weir gen "$base/UDP(sport=(1,9))" -w - --compress=zstd
	cp "$out" "$netns_dir/f.pcap"
	is "compression" "$("$weir" info --json "$netns_dir/f.pcap" |
		jq -r '.files[0] | "\(.compression) \(.frames)"')" "zstd 9"
	run_weir gen 'Ether()' -w - --compress=zip
	is "exit status" "$rc" 2
}

test_a_short_set_goes_out_as_often_as_it_is_told_to() {
	local set frames
	netns_add left
	for set in 'sport=9' 'sport=(1,7)' 'sport=Inc(1,3)' 'sport=(1,70)'; do
		run_weir gen "$base/UDP($set)" -i null: --loop=3 --json
		frames=$(jq .frames "$out")
		is "loops of $set" "$(jq .loops "$out")" 3
		run_weir gen "$base/UDP($set)" --loop=3 --print
		is "frames of $set" "$frames" $(($(wc -l <"$out") / 2))
	done
}

test_a_count_ends_even_if_the_port_takes_nothing() {
	local count
	veth_pair
	for count in 10 100000; do
		run_weir gen "$base/UDP()/('x'*3000)" -n "$count" -i packet:veth0
		is "exit status" "$rc" 1
		says "$err" "were not sent: too long for the port"
	done
}

test_the_interface_s_address_is_the_default() {
	veth_pair
	record right veth1
	run_weir gen 'Ether()/IP()/UDP()' -n 3 -i packet:veth0
	recorded right veth1 3 left veth0
	tshark -r "$netns_dir/veth1.pcap" -Y ip -T fields -e eth.src 2>/dev/null | sort -u >"$out"
	is "source" "$(cat "$out")" "$(netns_exec left cat /sys/class/net/veth0/address)"
}

# SINK-OPTIONS...: a sink in the right namespace, ready. Its result in $sink_out.
sink_start() {
	sink_out=$netns_dir/sink.json
	netns_spawn right "$weir" sink --json "$@" >"$sink_out" 2>"$netns_dir/sink.err"
	sink_pid=$netns_pid
	wait_for 10 grep -q "receiving from" "$netns_dir/sink.err"
}

# FILTER WANT
sink_says() {
	is "$1" "$(jq -r "$1" "$sink_out")" "$2"
}

# PORT SINK-PORT
stamps_by() {
	veth_pair
	sink_start -i "$2" --count=5000 --duration=20
	run_weir gen "$base/UDP(sport=(1,20)) @ weight=3
		$base/UDP(sport=99) @ weight=1, stream=40" \
		--stamp --size=100 --pps=20000 -n 5000 -i "$1"
	wait_exit 30 "$sink_pid"
	is "exit status" "$rc" 0
	sink_says .frames 5000
	sink_says .bytes $((5000 * 96))
	sink_says .stamped 5000
	sink_says '[.streams[].stream] | join(" ")' "0 40"
	sink_says '[.streams[].frames] | join(" ")' "3750 1250"
	sink_says '[.streams[] | .lost + .duplicates + .reordered + .early] | add' 0
	sink_says '[.streams[].latency | .frames] | join(" ")' "3750 1250"
	sink_says '.streams[0].latency | .p50_ns > 0 and .p50_ns <= .max_ns and .max_ns < 10000000000' true
}

test_sink_checks_stamps_of_packet_ports() {
	stamps_by packet:veth0 packet:veth1
}

test_sink_checks_stamps_of_xdp_ports() {
	stamps_by xdp:veth0 xdp:veth1
}

test_sink_counts_what_is_lost() {
	veth_pair
	sink_start -i packet:veth1 --idle=1000 --duration=20
	"$weir" gen "$base/UDP()" --stamp -n 1000 -w "$netns_dir/all.pcap"
	netns_exec left "$weir" replay -q --pps=20000 -i packet:veth0 --exclude=101-110,500 \
		"$netns_dir/all.pcap" >"$netns_dir/out"
	wait_exit 30 "$sink_pid"
	sink_says .frames 989
	sink_says '.streams[0].lost' 11
	sink_says '.streams[0].duplicates' 0
}

test_sink_ends_on_a_signal_and_tells() {
	veth_pair
	sink_start -i packet:veth1
	kill -INT "$sink_pid"
	wait_exit 30 "$sink_pid"
	sink_says .frames 0
	sink_says '.streams | length' 0
}

test_the_throughput_search_gets_through_a_device() {
	netns_add tester device
	netns_veth tester t0 device d0
	netns_veth tester t1 device d1
	netns_exec device ip link add br0 type bridge
	netns_exec device ip link set d0 master br0
	netns_exec device ip link set d1 master br0
	netns_exec device ip link set br0 up
	WEIR=$weir run netns_exec tester "$e2e_root/examples/rfc2544.sh" -d 1 -r 2 -s "64 1518" \
		packet:t0 packet:t1
	is "exit status" "$rc" 0
	is "sizes" "$(awk '{ print $1 }' "$out" | xargs)" "size 64 1518"
	is "rates" "$(awk 'NR > 1 && $2 ~ /^[0-9]+$/' "$out" | wc -l)" 2
}

test_templates_that_are_wrong_are_told_with_their_column() {
	veth_pair
	run_weir gen 'Ether()/IP(dst="10.0.0.300")' -i packet:veth0
	is "exit status" "$rc" 2
	says "$err" "column 16: '10.0.0.300' is no IPv4 address"
	run_weir gen 'Ether()'
	is "exit status" "$rc" 2
	run_weir gen --print -f "$e2e_root/share/templates/imix.weir"
	is "exit status" "$rc" 0
	is "lines" "$(wc -l <"$out")" $((254 * 12 * 2))
}

test_print_says_what_a_frame_is_and_its_bytes() {
	veth_pair
	run_weir gen 'Ether(src="02:00:00:00:00:01")/IP(src="10.0.0.1",dst="10.0.0.2")/TCP()' \
		--print --loop=1
	is "exit status" "$rc" 0
	is "summary" "$(head -n 1 "$out")" "1: 54 bytes: Ether / IPv4 TCP 10.0.0.1:20 > 10.0.0.2:80 S"
	is "bytes" "$(sed -n 2p "$out" | cut -c 2-37)" ffffffffffff020000000001080045000028
}

run_tests
