#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# weir replay with bad input: it says what is wrong, by name, and sends nothing it should not.
# shellcheck source=tests/e2e/lib.sh
. "${BASH_SOURCE%/*}/lib.sh"

nothing_was_sent() {
	is "frames sent" "$(netns_counter left veth0 tx_packets)" 0
}

test_cut_trace_is_used_up_to_the_cut() {
	veth_pair
	head -c 5000 "$data/web.pcap" >"$netns_dir/cut.pcap"
	replay_and_capture 12 replay -t -i packet:veth0 "$netns_dir/cut.pcap"
	is "exit status" "$rc" 1
	says "$err" "cut\.pcap"
	arrived veth1 --limit "$(sed -nE 's/^Actual: ([0-9]+) packets.*/\1/p' "$out")" "$data/web.pcap"
}

test_missing_file_stops_all() {
	veth_pair
	run_weir replay -t -i packet:veth0 "$data/web.pcap" "$netns_dir/nowhere.pcap"
	is "exit status" "$rc" 1
	says "$err" "nowhere\.pcap.*No such file"
	nothing_was_sent
}

test_file_that_is_no_trace_is_named() {
	veth_pair
	echo "this is a letter, not a trace" >"$netns_dir/letter.txt"
	run_weir replay -t -i packet:veth0 "$netns_dir/letter.txt"
	is "exit status" "$rc" 1
	says "$err" "letter\.txt"
	nothing_was_sent
}

test_unknown_interface_is_named() {
	veth_pair
	for port in nowhere0 packet:nowhere0 xdp:nowhere0; do
		run_weir replay -t -i "$port" "$data/web.pcap"
		is "exit status" "$rc" 1
		says "$err" "nowhere0"
	done
}

test_unknown_kind_of_port_is_named() {
	veth_pair
	run_weir replay -t -i pidgeon:veth0 "$data/web.pcap"
	[ "$rc" != 0 ]
	says "$err" "pidgeon"
}

test_missing_privilege_is_named() {
	veth_pair
	for port in packet:veth0 xdp:veth0; do
		rc=0
		netns_exec left setpriv --bounding-set=-all --inh-caps=-all "$weir" \
			replay -t -i "$port" "$data/web.pcap" >"$netns_dir/out" 2>"$netns_dir/err" || rc=$?
		is "exit status" "$rc" 1
		says "$netns_dir/err" "CAP_NET_RAW|CAP_NET_ADMIN|CAP_BPF"
	done
	nothing_was_sent
}

test_wrong_usage_names_option_and_value() {
	veth_pair
	run_weir replay -i packet:veth0 --loop=seven "$data/web.pcap"
	is "exit status" "$rc" 2
	says "$err" "loop"
	says "$err" "seven"
	run_weir replay -i packet:veth0 --no-such-thing "$data/web.pcap"
	is "exit status" "$rc" 2
	says "$err" "no-such-thing"
	nothing_was_sent
}

test_frame_too_long_for_the_link_is_counted_not_cut() {
	local n
	veth_pair mtu 1000
	n=$(frames_of "$data/web.pcap")
	run_weir replay -t -i packet:veth0 "$data/web.pcap"
	is "exit status" "$rc" 1
	says "$out" "Failed packets: +[1-9]"
	says "$out" "Truncated packets: +0$"
	says "$err" "packet:veth0: [0-9]+ frames were not sent: too long for the port"
	is "sent and refused" "$(awk '/Successful packets|Failed packets/ { n += $3 } END { print n }' "$out")" "$n"
}

test_one_file_for_two_ports_is_refused() {
	"$weir" split -a client -i "$data/web.pcap" -o "$netns_dir/cache"
	run "$weir" replay -t -i "file:$netns_dir/x.pcap" -I "file:$netns_dir/../${netns_dir##*/}/x.pcap" \
		-c "$netns_dir/cache" "$data/web.pcap"
	is "exit status" "$rc" 1
	says "$err" "x\.pcap: this file is also the other port"
}

test_full_disk_is_told_even_of_a_small_file() {
	rc=0
	"$weir" replay -t --write=/dev/full "$data/dns.pcap" >/dev/null 2>"$netns_dir/err" || rc=$?
	is "exit status" "$rc" 1
	says "$netns_dir/err" "/dev/full: No space left on device"
}

test_trace_is_not_written_over_while_it_is_read() {
	cp "$data/web.pcap" "$netns_dir/a.pcap"
	ln "$netns_dir/a.pcap" "$netns_dir/b.pcap"
	for port in -ifile:"$netns_dir/b.pcap" -w"$netns_dir/a.pcap"; do
		rc=0
		"$weir" replay -t "$port" "$netns_dir/a.pcap" >/dev/null 2>"$netns_dir/err" || rc=$?
		is "exit status" "$rc" 1
		says "$netns_dir/err" "[ab]\.pcap: this file is also one of those to read"
		cmp "$netns_dir/a.pcap" "$data/web.pcap"
	done
}

test_half_a_pair_of_files_is_wrong_usage() {
	rc=0
	"$weir" replay -t -i null: -I null: --dualfile "$data/web.pcap" 2>"$netns_dir/err" || rc=$?
	is "exit status" "$rc" 2
	says "$netns_dir/err" "--dualfile needs pairs of files"
}

test_output_that_cannot_be_written_is_told_once() {
	for args in "--help" "--version" "info $data/web.pcap" "replay -t -i null: $data/web.pcap"; do
		rc=0
		# shellcheck disable=SC2086 # several words are meant
		"$weir" $args >/dev/full 2>"$netns_dir/err" || rc=$?
		is "exit status" "$rc" 1
		is "lines" "$(grep -c "standard output could not be written" "$netns_dir/err")" 1
		is "lines" "$(wc -l <"$netns_dir/err")" 1
	done
}

run_tests
