#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# Frames between two processes over a switch and over a pipe, beside bare copying of as many
# bytes, round after round in turn; prints a Markdown table of medians. No privilege needed.
#
#	tests/bench/run-vale.sh [BUILD]		QUICK=1: fewer and shorter rounds
set -euo pipefail
cd "$(dirname "$0")/../.."
build=$(realpath "${1:-build}")
rounds=7 seconds=1
[ -z "${QUICK-}" ] || rounds=3 seconds=0.3
ninja -C "$build" --quiet tests/bench/vale >&2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export WEIR_PROGRAM=$build/weir WEIR_RUNTIME_DIR=$work
vale=$build/tests/bench/vale

# NAME TX-PORT RX-PORT LEN BATCH
cases=(
	"switch,_60_bytes,_batch_256 vale0:a vale0:b 60 256"
	"switch,_60_bytes,_batch_32 vale0:a vale0:b 60 32"
	"switch,_60_bytes,_batch_1 vale0:a vale0:b 60 1"
	"switch,_1514_bytes,_batch_256 vale0:a vale0:b 1514 256"
	"pipe,_60_bytes,_batch_256 vale0:x{1 vale0:x}1 60 256"
	"pipe,_1514_bytes,_batch_256 vale0:x{1 vale0:x}1 1514 256"
)

median() { # FILE
	sort -n "$1" | sed -n "$((rounds / 2 + 1))p" | cut -d ' ' -f 1
}

for ((i = 0; i < rounds; i++)); do
	for len in 60 1514; do
		"$vale" memcpy "$len" "$seconds" >>"$work/memcpy-$len"
	done
	for case in "${cases[@]}"; do
		read -r name tx rx len batch <<<"$case"
		"$vale" pair "$tx" "$rx" "$len" "$batch" "$seconds" >>"$work/$name"
	done
	"$vale" ping vale0:a vale0:b "$seconds" >>"$work/ping"
done

echo "| what | received Mpps (min, median, max) | Gbit/s | of bare memcpy |"
echo "|---|---|---|---|"
for case in "${cases[@]}"; do
	read -r name _ _ len _ <<<"$case"
	awk -v name="${name//_/ }" -v len="$len" -v limit="$(median "$work/memcpy-$len")" \
		-v m="$(median "$work/$name")" '
		NR == 1 { min = max = $1 }
		{ min = $1 < min ? $1 : min; max = $1 > max ? $1 : max }
		END { printf "| %s | %.1f, %.1f, %.1f | %.1f | %.0f %% |\n", name, min / 1e6, m / 1e6,
			max / 1e6, m * len * 8 / 1e9, 100 * m / limit }' "$work/$name"
done
for len in 60 1514; do
	awk -v len="$len" '{ printf "| memcpy, %s bytes | %.1f | %.1f | |\n", len, $1 / 1e6,
		$1 * len * 8 / 1e9 }' <(median "$work/memcpy-$len")
done
echo
echo "Round trip over the switch, both ends awake: $(median "$work/ping") ns (mean, median of runs)"
