#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# Rates, workers and shares: what leaves is the same however it is paced and shared out. How
# exactly it is paced is measured by tests/bench/run-pacing.sh and proved by unit tests with
# a clock of their own.
# shellcheck source=tests/e2e/lib.sh
. "${BASH_SOURCE%/*}/lib.sh"

# OPTIONS...: a paced replay of web.pcap arrives whole and in order.
whole_by() {
	veth_pair
	replay_and_capture "$(frames_of "$data/web.pcap")" \
		replay -i packet:veth0 "$@" "$data/web.pcap"
	is "exit status" "$rc" 0
	arrived veth1 "$data/web.pcap"
}

test_gap() {
	whole_by --gap=500us
}

test_gbps() {
	whole_by --gbps=0.01
}

test_line_rate_with_a_stated_speed() {
	whole_by --line-rate=50 --speed=10Mbps
}

test_bursts() {
	whole_by --pps=2000 --burst=8
}

test_drawn_gaps() {
	whole_by --pps=2000 --poisson --poisson-seed=7
}

test_bounded_catching_up() {
	whole_by --pps=2000 --max-burst=4
}

test_a_profile() {
	printf '0 1kpps ramp\n50ms 5kpps\n' >"$netns_dir/profile"
	whole_by --rate-profile="$netns_dir/profile"
}

test_a_profile_that_ends_at_zero_ends_the_run() {
	veth_pair
	printf '0 100pps\n200ms 0pps\n' >"$netns_dir/profile"
	run_weir replay -i null: --rate-profile="$netns_dir/profile" --loop=0 "$data/web.pcap"
	is "exit status" "$rc" 0
	says "$out" '^Actual: 20 packets'
}

test_a_start_that_was_agreed_on() {
	local begin
	begin=$(date +%s%N)
	whole_by --start-at=+1s -t
	[ $(($(date +%s%N) - begin)) -ge 1000000000 ] || { echo "it did not wait"; exit 1; }
}

test_parts_of_two_senders_make_the_whole() {
	local n m
	veth_pair
	n=$(frames_of "$data/bulk.pcap")
	run_weir replay -t -i null: --share=1/2 --json "$data/bulk.pcap"
	is "exit status" "$rc" 0
	m=$(jq .frames "$out")
	run_weir replay -t -i null: --share=2/2 --json "$data/bulk.pcap"
	is "frames of both" "$((m + $(jq .frames "$out")))" "$n"
}

test_two_workers_on_two_queues_keep_the_order_of_flows() {
	veth_pair numtxqueues 2 numrxqueues 2
	replay_and_capture "$(frames_of "$data/web.pcap")" \
		replay --pps=2000 -i packet:veth0 --workers=2 --json "$data/web.pcap"
	is "exit status" "$rc" 0
	is "workers" "$(jq '.workers | length' "$out")" 2
	trace compare --marked --by-flow "$netns_dir/veth1.pcap" "$data/web.pcap" || { show; exit 1; }
}

test_workers_are_as_many_as_the_queues_that_were_named() {
	veth_pair
	run_weir replay -t -i null:@0-1 --json "$data/web.pcap"
	is "exit status" "$rc" 0
	is "workers" "$(jq '.workers | length' "$out")" "$(($(nproc) < 2 ? 1 : 2))"
	run_weir replay -t -i null:@0-1 --ordered --json "$data/web.pcap"
	is "workers" "$(jq '.workers | length' "$out")" 1
}

test_a_rate_that_is_out_of_reach_is_told() {
	veth_pair
	run_weir replay -K -i null: --gbps=1000000 --loop=20000 --strict-rate "$data/web.pcap"
	is "exit status" "$rc" 3
	# On a busy machine it may well be the processor.
	says "$err" 'asked 1000000000.00 Mbps, reached .* less\): the (port|processor) '
	run_weir replay -K -i null: --gbps=1000000 --loop=20000 --json "$data/web.pcap"
	is "exit status" "$rc" 0
	jq -e '.rate.why == "port" or .rate.why == "processor"' "$out" >/dev/null || { show; exit 1; }
}

test_late_frames_may_be_dropped() {
	veth_pair
	# The schedule began an hour ago: every frame is late.
	run_weir replay -i null: --pps=1000 --start-at="@$(($(date +%s) - 3600))" --on-late=drop \
		--strict-rate --json "$data/web.pcap"
	is "exit status" "$rc" 3
	is "dropped" "$(jq .late_dropped "$out")" "$(frames_of "$data/web.pcap")"
	is "sent" "$(jq .frames "$out")" 0
}

test_lateness_is_told_with_the_statistics() {
	veth_pair
	run_weir replay -i null: --pps=5000 --stats=60 "$data/web.pcap"
	is "exit status" "$rc" 0
	says "$out" '^Lateness: p50 [0-9.]+ us, p99 [0-9.]+ us, p99.9 [0-9.]+ us, max [0-9.]+ us$'
}

test_mistakes_name_the_option_and_the_value() {
	local option
	veth_pair
	for option in --gbps=x --gap=1y --share=3/2 --rt=200 --start-at=noon --late-limit=0 \
		--on-late=wait --line-rate=50 --speed=10 --launch-time=soon --workers=0; do
		run_weir replay -i null: --on-late=drop "$option" "$data/web.pcap"
		is "exit status of $option" "$rc" 2
		says "$err" "${option%%=*}"
	done
}

test_without_an_etf_queueing_discipline_launch_times_are_refused() {
	veth_pair
	run_weir replay -i packet:veth0 --pps=1000 --launch-time "$data/web.pcap"
	is "exit status" "$rc" 1
	says "$err" 'ETF'
}

run_tests
