#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# weir replay sends what a trace holds: each byte, in order, as often as asked.
# shellcheck source=tests/e2e/lib.sh
. "${BASH_SOURCE%/*}/lib.sh"

# At top speed the kernel holds up to 1,000 frames for a slow reader of a veth
# (net.core.netdev_max_backlog) and drops the rest: tests stay below.
all_traces=("$data"/*.pcap "$data"/*.pcapng)

all_frames() {
	local file sum=0
	for file in "${all_traces[@]}"; do
		sum=$((sum + $(frames_of "$file")))
	done
	echo "$sum"
}

# PORT [OPTIONS...]
replay_everything_by() {
	local n
	veth_pair
	n=$(all_frames)
	replay_and_capture "$n" replay -t -i "$@" "${all_traces[@]}"
	is "exit status" "$rc" 0
	arrived veth1 "${all_traces[@]}"
	says "$out" "^Actual: $n packets"
	says "$out" "Successful packets: +$n$"
	says "$out" "Failed packets: +0$"
}

test_packet_port_sends_every_byte_in_order() {
	replay_everything_by packet:veth0
}

test_xdp_port_sends_every_byte_in_order() {
	replay_everything_by xdp:veth0
}

test_bare_interface_sends_every_byte_in_order() {
	replay_everything_by veth0
}

test_preloaded_trace_is_the_same() {
	replay_everything_by packet:veth0 --preload-pcap
}

test_preloaded_trace_is_the_same_by_xdp() {
	replay_everything_by xdp:veth0 --preload-pcap
}

test_loop_repeats_the_trace() {
	veth_pair
	replay_and_capture $((7 * $(frames_of "$data/dns.pcap"))) \
		replay -t -i packet:veth0 --loop=7 "$data/dns.pcap"
	is "exit status" "$rc" 0
	arrived veth1 --loop 7 "$data/dns.pcap"
}

test_preloaded_loop_by_xdp_repeats_the_trace() {
	veth_pair
	replay_and_capture $((20 * $(frames_of "$data/web.pcap"))) \
		replay -t -K -i xdp:veth0 --loop=20 "$data/web.pcap"
	is "exit status" "$rc" 0
	arrived veth1 --loop 20 "$data/web.pcap"
}

test_limit_ends_within_a_loop() {
	veth_pair
	replay_and_capture 50 replay -t -i packet:veth0 --loop=0 --limit=50 "$data/dns.pcap"
	is "exit status" "$rc" 0
	arrived veth1 --loop 7 --limit 50 "$data/dns.pcap"
}

test_paced_replay_is_the_same() {
	veth_pair
	replay_and_capture "$(frames_of "$data/web.pcap")" \
		replay --pps=1000 -i packet:veth0 "$data/web.pcap"
	is "exit status" "$rc" 0
	arrived veth1 "$data/web.pcap"
}

test_compressed_traces_are_read() {
	local n
	veth_pair
	gzip -c "$data/web.pcap" >"$netns_dir/a.gz"
	zstd -qc "$data/web.pcap" >"$netns_dir/b.zst"
	lz4 -qc "$data/web.pcap" >"$netns_dir/c.lz4"
	n=$((3 * $(frames_of "$data/web.pcap")))
	replay_and_capture "$n" replay -t -i packet:veth0 "$netns_dir"/{a.gz,b.zst,c.lz4}
	is "exit status" "$rc" 0
	arrived veth1 --loop 3 "$data/web.pcap"
}

test_standard_input_is_read() {
	veth_pair
	replay_and_capture "$(frames_of "$data/web.pcap")" \
		replay -t -i packet:veth0 - < <(cat "$data/web.pcap")
	is "exit status" "$rc" 0
	arrived veth1 "$data/web.pcap"
}

test_directory_is_replayed_whole() {
	veth_pair
	mkdir -p "$netns_dir/traces/deeper"
	cp "$data/web.pcap" "$netns_dir/traces/deeper/"
	replay_and_capture "$(frames_of "$data/web.pcap")" \
		replay -t -i packet:veth0 "$netns_dir/traces"
	is "exit status" "$rc" 0
	arrived veth1 "$data/web.pcap"
}

test_written_file_holds_what_would_be_sent() {
	veth_pair
	run_weir replay -t --write="$netns_dir/written.pcap" "$data/web.pcap" "$data/dns.pcap"
	is "exit status" "$rc" 0
	trace compare "$netns_dir/written.pcap" "$data/web.pcap" "$data/dns.pcap"
}

test_json_tells_what_was_sent() {
	local n
	veth_pair
	n=$(frames_of "$data/dns.pcap")
	replay_and_capture "$n" replay -t -i packet:veth0 --json "$data/dns.pcap"
	is "exit status" "$rc" 0
	jq -e --argjson n "$n" '.frames == $n and .bytes == 1652 and .failed == 0 and
		.ports[0].frames == $n and .ports[0].backend == "packet" and .trace.frames == $n' "$out"
}

run_tests
