#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# Frames between two processes over a switch and over a pipe, beside bare copying of as many
# bytes, round after round in turn; prints a Markdown table of medians. No privilege needed.
#
#	tests/bench/run-vale.sh [BUILD]		QUICK=1: shorter rounds
#						BUSY=N: beside N processes that never sleep
set -euo pipefail
cd "$(dirname "$0")/../.."
build=$(realpath "${1:-build}")
rounds=7 seconds=1
[ -z "${QUICK-}" ] || seconds=0.2
ninja -C "$build" --quiet tests/bench/vale >&2
work=$(mktemp -d)
busy=()
trap 'rm -rf "$work"; [ -z "${busy[*]-}" ] || kill "${busy[@]}"' EXIT
export WEIR_PROGRAM=$build/weir WEIR_RUNTIME_DIR=$work
vale=$build/tests/bench/vale

# NAME TX-PORT RX-PORT LEN BATCH [region]
cases=(
	"switch,_60_bytes,_batch_256 vale0:a vale0:b 60 256"
	"switch,_60_bytes,_batch_32 vale0:a vale0:b 60 32"
	"switch,_60_bytes,_batch_1 vale0:a vale0:b 60 1"
	"switch,_1514_bytes,_batch_256 vale0:a vale0:b 1514 256"
	"switch,_60_bytes,_from_the_trace vale0:a vale0:b 60 256 region"
	"switch,_1514_bytes,_from_the_trace vale0:a vale0:b 1514 256 region"
	"pipe,_60_bytes,_batch_256 vale0:x{1 vale0:x}1 60 256"
	"pipe,_1514_bytes,_batch_256 vale0:x{1 vale0:x}1 1514 256"
)

median() { # FILE
	sort -n "$1" | sed -n "$((rounds / 2 + 1))p" | cut -d ' ' -f 1
}

for ((i = 0; i < ${BUSY:-0}; i++)); do
	while :; do :; done &
	busy+=($!)
done
for ((i = 0; i < rounds; i++)); do
	for len in 60 1514; do
		"$vale" memcpy "$len" "$seconds" >>"$work/memcpy-$len"
		"$vale" relay "$len" "$seconds" >>"$work/relay-$len"
	done
	for case in "${cases[@]}"; do
		read -r name tx rx len batch region <<<"$case"
		"$vale" pair "$tx" "$rx" "$len" "$batch" "$seconds" ${region:+"$region"} \
			>>"$work/$name"
	done
	"$vale" ping vale0:a vale0:b "$seconds" >>"$work/ping"
done

row() { # NAME FILE LEN
	awk -v name="$1" -v len="$3" -v m="$(median "$2")" \
		-v limit="$(median "$work/memcpy-$3")" -v relay="$(median "$work/relay-$3")" '
		NR == 1 { min = max = $1 }
		{ min = $1 < min ? $1 : min; max = $1 > max ? $1 : max; lost += $2 }
		END { printf "| %s | %.1f, %.1f, %.1f | %.1f | %.1f | %.0f %% | %.0f %% |\n", name,
			min / 1e6, m / 1e6, max / 1e6, m * len * 8 / 1e9, lost / NR / 1e6,
			100 * m / limit, 100 * m / relay }' "$2"
}

echo "| what | received Mpps (min, median, max) | Gbit/s | dropped Mpps (mean)" \
	"| of bare memcpy | of bare relay |"
echo "|---|---|---|---|---|---|"
for case in "${cases[@]}"; do
	read -r name _ _ len _ <<<"$case"
	row "${name//_/ }" "$work/$name" "$len"
done
for len in 60 1514; do
	row "bare memcpy, $len bytes" "$work/memcpy-$len" "$len"
	row "bare relay, $len bytes" "$work/relay-$len" "$len"
done
echo
echo "Round trip over the switch, both ends awake: $(sort -n "$work/ping" |
	awk '{ v[NR] = $1 } END { printf "%d, %d, %d", v[1], v[int(NR / 2) + 1], v[NR] }') ns" \
	"(means of runs: min, median, max)"
