#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# netmap's own pkt-gen, unmodified, under weir run, beside weir gen and weir sink on the same ports,
# round after round in turn; prints a Markdown table: what arrived while it was sent, and the
# processor time of both programs for each packet that arrived, which a busy machine changes
# less. The switch is another process. No privilege needed.
#
#	PKT_GEN=FILE tests/bench/run-netmap.sh [BUILD]	QUICK=1: shorter rounds
set -euo pipefail
cd "$(dirname "$0")/../.."
build=$(realpath "${1:-build}")
rounds=5 seconds=1
[ -z "${QUICK-}" ] || seconds=0.3
pkt_gen=${PKT_GEN-$(type -P pkt-gen || true)}
[ -n "$pkt_gen" ] || { echo "bench: PKT_GEN names no pkt-gen of netmap" >&2; exit 1; }
ninja -C "$build" --quiet weir libweir-netmap.so.0 >&2
weir=$build/weir
work=$(mktemp -d)
receiver=
trap '[ -z "$receiver" ] || kill "$receiver" 2>/dev/null; rm -rf "$work"' EXIT
export WEIR_RUNTIME_DIR=$work/run WEIR_PROGRAM=$weir
run=("$weir" run --only=netmap "$pkt_gen" -w 0) # it waits for links otherwise

# NAME SENDER RECEIVER LEN
cases=(
	"switch,_60_bytes vale0:a vale0:b 60"
	"switch,_1514_bytes vale0:a vale0:b 1514"
	"pipe,_60_bytes netmap:x{1 netmap:x}1 60"
	"pipe,_1514_bytes netmap:x{1 netmap:x}1 1514"
)

# PROGRAM ARGUMENTS...: receives in the background; ready when this returns.
receive() {
	: >"$work/received"
	env --default-signal=INT "$@" >>"$work/received" 2>&1 &
	receiver=$!
	until grep -qiE 'receiving from|reading from' "$work/received"; do
		kill -0 "$receiver" || { cat "$work/received" >&2; exit 1; }
		sleep 0.02
	done
}

received() {
	sleep 0.1 # what is under way
	kill -INT "$receiver" 2>/dev/null || true # the end of a pipe ends its reader
	wait "$receiver" || true # some end with another status when they are interrupted
	receiver=
}

# Processor time of all programs that have ended so far, in seconds; to $cpu. Only this shell
# knows it, so not to be called by another.
processor_time() {
	times >"$work/times"
	cpu=$(awk 'NR == 2 { split($1, user, /[ms]/); split($2, sys, /[ms]/)
		print user[1] * 60 + user[2] + sys[1] * 60 + sys[2] }' "$work/times")
}

# SENDER RECEIVER LEN: packets that arrived, and for how long they were sent; to $result.
with_pkt_gen() {
	receive "${run[@]}" -i "$2" -f rx
	timeout -s INT "$seconds" "${run[@]}" -i "$1" -f tx -l "$3" >"$work/sent" 2>&1 || true
	received
	result="$(sed -nE 's/^Received ([0-9]+) packets.*/\1/p' "$work/received") $(
		sed -nE 's/^Sent .* in ([0-9.]+) seconds.*/\1/p' "$work/sent")"
}

with_weir() {
	receive "$weir" sink -i "$2" --json
	timeout -s INT "$seconds" "$weir" gen 'Ether()/IP()/UDP()' --size="$3" --topspeed \
		--duration=60 -i "$1" --json >"$work/sent" 2>"$work/sent.err" || true
	received
	result="$(sed -nE 's/^  "frames": ([0-9]+),/\1/p' "$work/received") $(
		jq '.elapsed_ns / 1e9' "$work/sent")"
}

for ((i = 0; i < rounds; i++)); do
	for case in "${cases[@]}"; do
		read -r name tx rx len <<<"$case"
		for program in pkt_gen weir; do
			processor_time
			before=$cpu
			"with_$program" "$tx" "$rx" "$len"
			processor_time
			echo "$result $before $cpu" >>"$work/$name.$program"
		done
	done
done

# FILE: Mpps, and ns of processor time for each packet, each column lowest first.
figures() {
	paste -d ' ' <(awk '{ print $1 / $2 / 1e6 }' "$1" | sort -n) \
		<(awk '{ print ($4 - $3) / $1 * 1e9 }' "$1" | sort -n)
}

echo "| what | pkt-gen: received Mpps (min, median, max) | ns a packet | weir gen and weir sink" \
	"| ns a packet | pkt-gen's rate of weir's |"
echo "|---|---|---|---|---|---|"
for case in "${cases[@]}"; do
	read -r name _ <<<"$case"
	paste -d ' ' <(figures "$work/$name.pkt_gen") <(figures "$work/$name.weir") |
		awk -v name="${name//_/ }" '
			{ for (i = 1; i <= 4; i++) v[i, NR] = $i }
			END { m = int((NR + 1) / 2)
			printf "| %s | %.1f, %.1f, %.1f | %.0f | %.1f, %.1f, %.1f | %.0f | %.2f |\n",
				name, v[1, 1], v[1, m], v[1, NR], v[2, m], v[3, 1], v[3, m],
				v[3, NR], v[4, m], v[1, m] / v[3, m] }'
done
