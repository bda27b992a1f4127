#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# Called as pkt-gen, weir is netmap's generator: between programs, as a user without any
# privilege, and on interfaces.
# shellcheck source=tests/e2e/lib.sh
. "${BASH_SOURCE%/*}/lib.sh"

# Called by that name.
places() {
	nobody_places
	ln -s weir "$netns_dir/pkt-gen"
}

# ARGUMENTS...: pkt-gen that receives, or answers, in the background; ready when it returns.
partner() {
	nobody_spawn "$log" "$netns_dir/pkt-gen" "$@"
	wait_for 20 grep -qs 'Ready\.\.\.' "$log.err"
}

# ARGUMENTS...: pkt-gen as nobody. Output in $out, messages in $err, exit status in $rc.
gen() {
	run "${nobody[@]}" "$netns_dir/pkt-gen" "$@"
}

lossless() { # NAME
	nobody_spawn "$netns_dir/switch" "$netns_dir/weir" switch "$1" --lossless
	wait_for 20 grep -qs runs "$netns_dir/switch.err"
}

test_a_switch_carries_all_that_is_sent() {
	places
	lossless vale0
	partner -i vale0:b -f rx -n 500000
	gen -i vale0:a -f tx -n 500000 -s 10.0.0.1:1-10.0.0.9:99 -T 100
	is "exit status" "$rc" 0
	says "$out" '^Sending on vale0:a: 1 queues, 1 threads and 1 cpus\.$'
	says "$out" '^10\.0\.0\.1:1-10\.0\.0\.9:99 -> 10\.1\.0\.1 \(00:00:00:00:00:00 -> ff:ff:ff:ff:ff:ff\)$'
	says "$out" '^Sent 500000 packets 30000000 bytes [0-9]+ events 60 bytes each in [0-9.]+ seconds\.$'
	says "$out" '^Speed: [0-9.]+ [KMG]?pps Bandwidth: [0-9.]+ [KMG]?bps \(raw [0-9.]+ [KMG]?bps\)\. Average batch: [0-9.]+ pkts$'
	wait_exit 60 "$pid"
	says "$log" '^Received 500000 packets 30000000 bytes '
	says "$log.err" ' main_thread \[[0-9]+\] [0-9.]+ [KMG]?pps \([0-9.]+ [KMG]?pkts [0-9.]+ [KMG]?bps in [0-9]+ usec\) [0-9.]+ avg_batch [0-9]+ min_space$'
}

test_threads_share_the_packets_out() {
	places
	lossless vale0
	partner -i vale0:b -f rx -p 2 -n 100001
	gen -i vale0:a -f tx -p 2 -n 100001 -l 128
	is "exit status" "$rc" 0
	says "$out" '^Sending on vale0:a: 2 queues, 2 threads '
	says "$out" '^Sent 100001 packets 12800128 bytes '
	wait_exit 60 "$pid"
	says "$log" '^Received 100001 packets '
}

# LIST: processors of which some thread of $pid may run on just these.
runs_on() {
	grep -qsxP "Cpus_allowed_list:\t$1" /proc/"$pid"/task/*/status
}

test_threads_that_receive_have_processors_of_their_own() {
	places
	taskset -c 0,1 true 2>/dev/null || skip "processors 0 and 1 are not to be had"
	partner -i vale0:b -f rx -p 2 -a 0
	wait_for 20 runs_on 0
	wait_for 20 runs_on 1
	kill -INT "$pid"
	wait_exit 20 "$pid"
}

test_sequence_numbers_follow_each_other_without_loss() {
	places
	lossless vale0
	partner -i vale0:b -f rxseq -n 300100
	gen -i vale0:a -f txseq -n 300000 -d 10.1.0.1:1-10.1.0.7:7
	is "exit status" "$rc" 0
	# One that begins again is told of.
	gen -i vale0:a -f txseq -n 100
	wait_exit 60 "$pid"
	says "$log" '^Received 300100 packets '
	says "$log.err" 'Sequence OUT OF ORDER: exp 300000 found 0$'
	says "$log.err" ' 0 numbers skipped, 1 out of order, 0 packets without a number$'
}

test_pipes_carry_packets_by_both_names() {
	local pipe
	places
	for pipe in vale0:x netmap:y; do
		partner -i "$pipe}1" -f rxseq -n 100000 -w 0
		gen -i "$pipe{1" -f txseq -n 100000 -w 0
		is "exit status" "$rc" 0
		wait_exit 60 "$pid"
		says "$log" '^Received 100000 packets 6000000 bytes '
		says "$log.err" ' 0 numbers skipped, 0 out of order, '
	done
}

test_pings_are_answered() {
	local packets options
	places
	for packets in "-s 10.0.0.9" "-6 -l 80 -s ::1 -d ::2" "-H 12" "-l 60 -l 16"; do
		read -ra options <<<"$packets"
		partner -i vale0:b -f pong "${options[@]}"
		gen -i vale0:a -f ping -n 1000 "${options[@]}"
		is "exit status" "$rc" 0
		says "$err" ' ping_body \[[0-9]+\] RTT over 1000 packets: min [0-9]+ av [0-9]+ ns$'
		kill -INT "$pid"
		wait_exit 20 "$pid"
		says "$log.err" 'received control-C'
	done
}

test_pings_keep_to_a_rate_and_tell_every_second() {
	places
	partner -i "netmap:x}1" -f pong -w 0
	gen -i "netmap:x{1" -f ping -n 300 -R 200 -w 0
	is "exit status" "$rc" 0
	says "$err" ' count [0-9]+ RTT: min [0-9]+ av [0-9]+ ns$'
	says "$err" 'RTT over 300 packets'
}

# What tcpdump makes of the frames, checksums looked at.
test_frames_are_sound() {
	local file=$netns_dir/frames.pcap
	places
	run "$netns_dir/pkt-gen" -i "file:$file" -f tx -n 36 -w 0 -l 90 \
		-s 10.0.0.1:1000-10.0.0.2:1002 -d 10.1.0.1:7-10.1.0.2:9 -D 02:00:00:00:00:01
	is "exit status" "$rc" 0
	tcpdump -nnvvr "$file" >"$netns_dir/text" 2>/dev/null
	is "right checksums" "$(grep -c 'udp sum ok' "$netns_dir/text")" 36
	is "bad checksums" "$(grep -c 'bad' "$netns_dir/text")" 0
	is "the first" "$(sed -n 2p "$netns_dir/text" | grep -oE '10\.0.*:')" "10.0.0.1.1000 > 10.1.0.1.7:"
	is "the last" "$(tail -n 1 "$netns_dir/text" | grep -oE '10\.0.*:')" "10.0.0.2.1002 > 10.1.0.2.9:"
	tcpdump -Ar "$file" 2>/dev/null >"$netns_dir/text"
	is "texts" "$(grep -c 'netmap pkt-gen DIRECT payload' "$netns_dir/text")" 36
	run "$netns_dir/pkt-gen" -i "file:$file" -f tx -n 20 -w 0 -6 -l 100 \
		-s 2001:db8::1-2001:db8::5 -d '[2001:db8::7]:1-[2001:db8::7]:4'
	is "exit status" "$rc" 0
	tcpdump -nnvvr "$file" 2>/dev/null >"$netns_dir/text"
	is "right checksums of IPv6" "$(grep -c 'udp sum ok' "$netns_dir/text")" 20
}

test_the_first_packet_of_a_trace_is_sent_as_it_is() {
	places
	run "$netns_dir/pkt-gen" -i "file:$netns_dir/one.pcap" -f tx -n 1 -w 0 -P "$data/dns.pcap"
	is "exit status" "$rc" 0
	"$weir" replay -i "file:$netns_dir/want.pcap" --topspeed --limit=1 "$data/dns.pcap" >"$netns_dir/log"
	trace compare "$netns_dir/one.pcap" "$netns_dir/want.pcap"
}

test_packets_are_printed() {
	places
	run "$netns_dir/pkt-gen" -i null -f tx -n 3 -w 0 -X -l 61
	is "exit status" "$rc" 0
	is "packets" "$(grep -cE '^ring 0 cur +[0-2] \[buf .* len +61\]$' "$out")" 3
	is "last rows" "$(grep -cE '^ +48: ([0-9a-f]{2} ){13} {9} pkt-gen DIRE$' "$out")" 3
}

test_interfaces_go_by_names_of_netmap() {
	local rx
	places
	veth_pair
	netns_spawn right "$netns_dir/pkt-gen" -i netmap:veth1 -f rx -n 5000 -w 0 >"$log" 2>"$log.err"
	rx=$netns_pid
	wait_for 20 grep -qs 'Ready\.\.\.' "$log.err"
	run netns_exec left "$netns_dir/pkt-gen" -i netmap:veth0 -f tx -n 5000 -R 20000 -w 0
	is "exit status" "$rc" 0
	says "$err" "netmap:veth0 is weir's veth0: (xdp|packet)"
	says "$err" 'Sending 66 packets every  0\.003300000 s$'
	says "$out" '^Sending on netmap:veth0: '
	says "$out" "^10\\.0\\.0\\.1 -> 10\\.1\\.0\\.1 \\($(netns_exec left cat /sys/class/net/veth0/address) -> ff"
	says "$out" '^Sent 5000 packets 300000 bytes '
	wait_exit 60 "$rx"
	says "$log" '^Received 5000 packets 300000 bytes '
}

test_silence_or_a_signal_ends_it_with_the_total() {
	places
	partner -i vale0:b -f rx -W
	gen -i vale0:a -f tx -n 100 -R 10000
	is "exit status" "$rc" 0
	wait_exit 30 "$pid"
	says "$log" '^Received 100 packets '
	nobody_spawn "$log" "$netns_dir/pkt-gen" -i vale0:a -f tx -R 1000 -T 50
	wait_for 20 grep -qs 'main_thread' "$log.err"
	kill -TERM "$pid"
	wait_exit 20 "$pid"
	says "$log" '^Sent ([0-9]+ packets|nothing)'
	nobody_spawn "$log" "$netns_dir/pkt-gen" -i "netmap:x{1" -f rx
	wait_for 20 grep -qs 'Wait 2 secs' "$log.err"
	kill -INT "$pid"
	wait_exit 20 "$pid"
}

refused() { # REGEX ARGUMENTS...
	run "$netns_dir/pkt-gen" "${@:2}"
	is "exit status of ${*:2}" "$rc" 255
	says "$err" "$1"
}

test_what_cannot_be_is_refused_with_a_reason() {
	places
	refused '^pkt-gen: -i is missing$' -f tx
	refused "^pkt-gen: -f: 'send' is none of rx tx ping pong txseq rxseq$" -i null -f send
	refused "^pkt-gen: -n: 'many' is not a number$" -i null -n many
	refused "^pkt-gen: unknown option '-q'$" -i null -q
	refused 'host rings are not to be had' -i netmap:eth0^ -f tx
	refused 'there are no monitors here' -i vale0:b/z
	refused "-d: '10.0.0' is no range" -i null -f tx -d 10.0.0
	refused "-S: '1:2' is no address" -i null -f tx -S 1:2
	refused '-l: packets have 16 to 65536 bytes' -i null -f tx -l 15
	refused '-p: this function has one thread' -i vale0:a -f ping -p 2
	refused '-H: a virtio-net header has 0, 10 or 12 bytes' -i null -H 11
	refused 'is not opened for this function' -i vale0:a/R -f tx
	run "$netns_dir/pkt-gen" -i "file:$netns_dir/x.pcap" -f tx -w 0 -n 1 -P "$netns_dir/nowhere"
	is "exit status" "$rc" 1
	run "$netns_dir/pkt-gen" -i null -f tx -w 0 -n 5 -n 7 -F 3 -C 1,2 more
	is "exit status" "$rc" 0
	says "$out" '^Sent 7 packets'
	says "$err" '-F and -M are passed over'
	says "$err" "'more' is passed over"
}

run_tests
