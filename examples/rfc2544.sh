#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# Throughput after RFC 2544, section 26.1: for each frame size the highest rate at which
# no frame is lost between two ports, and the latency at that rate.
#
#	rfc2544.sh [-d SECONDS] [-r STEPS] [-s "SIZES"] [-m DST-MAC] TX-PORT RX-PORT
#
# SECONDS each trial lasts (RFC: 60; here 5 unless said otherwise), STEPS halvings of the
# interval that is searched (8), SIZES with the frame check sequence. Between the ports
# lies what is tested; it has to forward frames to DST-MAC, from 198.18.0.1 to 198.19.0.1.
# Needs jq. One trial at top speed tells where to begin, so that no line rate has to be
# known. Frames of 64 bytes have no room for UDP and a stamp: they are bare IP.
set -euo pipefail

weir=${WEIR:-weir}
seconds=5 steps=8 sizes="64 128 256 512 1024 1280 1518" mac=ff:ff:ff:ff:ff:ff

usage() {
	sed -n '6s/^#//p' "$0" >&2
	exit 2
}

while getopts d:r:s:m: option; do
	case $option in
	d) seconds=$OPTARG ;;
	r) steps=$OPTARG ;;
	s) sizes=$OPTARG ;;
	m) mac=$OPTARG ;;
	*) usage ;;
	esac
done
shift $((OPTIND - 1))
[ $# = 2 ] || usage
tx=$1 rx=$2

dir=$(mktemp -d)
sink_pid=
clean_up() {
	[ -z "$sink_pid" ] || kill "$sink_pid" 2>/dev/null || true
	rm -rf "$dir"
}
trap clean_up EXIT

# SIZE RATE-OPTION...: one trial. Frames sent and lost in $sent and $lost, the rate that
# was reached in $reached, latencies in $latency.
trial() {
	local size=$1 template="Ether(dst=\"$mac\")/IP(src=\"198.18.0.1\",dst=\"198.19.0.1\""
	local arrived
	if [ "$size" -lt 66 ]; then template+=",proto=253)"; else template+=")/UDP(dport=7)"; fi

	"$weir" sink -i "$rx" --json --idle=500 --duration=$((seconds + 10)) \
		>"$dir/sink" 2>"$dir/ready" &
	sink_pid=$!
	until grep -qs "receiving from" "$dir/ready"; do
		kill -0 "$sink_pid" || { cat "$dir/ready" >&2; exit 1; }
		sleep 0.02
	done
	"$weir" gen "$template" --stamp --size="$size" "${@:2}" --duration="$seconds" \
		--json -q -i "$tx" >"$dir/gen"
	wait "$sink_pid"
	sink_pid=
	sent=$(jq .frames "$dir/gen")
	reached=$(jq '.pps | floor' "$dir/gen")
	arrived=$(jq '[.streams[].frames] | add // 0' "$dir/sink")
	lost=$((sent - arrived))
	latency=$(jq -r '.streams[0].latency // {} | "\(.p50_ns // 0) \(.p99_ns // 0) \(.max_ns // 0)"' \
		"$dir/sink")
}

printf '%6s %12s %12s %10s %10s %10s\n' size frames/s Mbit/s p50_ns p99_ns max_ns
for size in $sizes; do
	best=0 best_latency="0 0 0"
	trial "$size" --topspeed
	low=0 high=$reached
	if [ "$lost" = 0 ]; then
		best=$reached best_latency=$latency low=$high
	fi
	for ((step = 0; step < steps && low < high; step++)); do
		rate=$(((low + high + 1) / 2))
		trial "$size" --pps="$rate"
		# A sender that cannot keep the rate has not tested it.
		if [ "$lost" = 0 ] && [ $((reached * 100)) -ge $((rate * 99)) ]; then
			low=$rate best=$rate best_latency=$latency
		else
			high=$((rate - 1))
		fi
	done
	# shellcheck disable=SC2086 # three words
	printf '%6s %12s %12s %10s %10s %10s\n' "$size" "$best" \
		"$(jq -n "$best * ($size + 20) * 8 / 1e6 * 1000 | floor / 1000")" $best_latency
done
