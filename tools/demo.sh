#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# Shows the main job: weir replays recorded traffic at a rate, it is recorded at the other
# end, and every byte is compared. First between two programs, which needs no privilege; then,
# as root or where sudo asks for no password, from one network namespace to another.
#
#	tools/demo.sh [WEIR]		DEMO_TRACE=x.pcap DEMO_MBPS=100 DEMO_LOOP=600 (whole numbers)
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=tools/netns.sh
. tools/netns.sh

weir=${1:-build/weir}
traces=(tests/data/{web,web6,dns,ping,bulk,vlan}.pcap)
[ -z "${DEMO_TRACE-}" ] || traces=("$DEMO_TRACE")
mbps=${DEMO_MBPS:-100}
loop=${DEMO_LOOP:-600}
result=out/demo
replay=(replay --mbps="$mbps" --loop="$loop" --preload-pcap)

count_frames() {
	local trace n size
	frames=0 bytes=0
	for trace in "${traces[@]}"; do
		read -r n size < <(tools/trace.py count "$trace")
		frames=$((frames + n * loop))
		bytes=$((bytes + size * loop))
	done
	seconds=$((bytes * 8 / (mbps * 1000000)))
}

# STATISTICS CAPTURE [COMPARE-OPTIONS...]: what was sent, what arrived.
tell() {
	local sent rate equal
	echo
	sed 's/^/  /' "$1"
	echo
	sent=$(sed -nE 's/^Actual: ([0-9]+) packets \(([0-9]+) bytes\).*/\1 frames, \2 bytes/p' "$1")
	rate=$(sed -nE 's/^Rated:.* ([0-9.]+) Mbps.*/\1/p' "$1")
	equal=$(tools/trace.py compare "${@:3}" --loop "$loop" "$2" "${traces[@]}") || {
		echo "DIFFERENT: what arrived is not what was to be sent (capture: $2)"
		exit 1
	}
	cat <<-END
		Sent:     $sent
		Received: $equal
		Rate:     asked $mbps Mbit/s, reached $rate Mbit/s
	END
}

# Through a pipe of a switch; weir bridge writes down what comes out of it.
between_programs() {
	local recorder
	cat <<-END

		  one program                          another one
		  weir replay --> vale0:demo{1 ------ vale0:demo}1 --> weir bridge --> file

		Traces:   ${traces[*]}
		          $loop times over: $frames frames, $bytes bytes, at $mbps Mbit/s (about $seconds s)
		Command:  weir replay -i 'vale0:demo{1' --mbps=$mbps --loop=$loop --preload-pcap TRACES
	END
	export WEIR_RUNTIME_DIR=$netns_dir/switches
	"$weir" bridge --quiet --unidir --guard=off --limit="$frames" -i 'vale0:demo}1' \
		-I "file:$result/vale.pcapng" >"$result/vale-bridge.txt" &
	recorder=$!
	netns_pids+=("$recorder")
	"$weir" "${replay[@]}" -i 'vale0:demo{1' "${traces[@]}" >"$result/vale-statistics.txt"
	wait "$recorder"
	tell "$result/vale-statistics.txt" "$result/vale.pcapng"
	echo "Capture:  $result/vale.pcapng"
}

between_namespaces() {
	local capture=$result/capture.pcap
	netns_add sender receiver
	netns_veth sender veth0 receiver veth1
	cat <<-END

		  namespace sender             namespace receiver
		  weir replay --> veth0 ------ veth1 --> tcpdump

		Command:  weir replay -i veth0 --mbps=$mbps --loop=$loop --preload-pcap TRACES
	END
	capture_start receiver veth1 "$capture"
	netns_exec sender "$weir" "${replay[@]}" -i veth0 "${traces[@]}" >"$result/statistics.txt"
	capture_stop receiver veth1 "$capture" "$frames" sender veth0
	tell "$result/statistics.txt" "$capture" --marked
	echo "Capture:  $capture (its last frame is the demo's end mark)"
}

mkdir -p "$result"
count_frames
netns_init
[ -n "${DEMO_PART-}" ] || between_programs
if why=$(netns_possible); then
	between_namespaces
elif [ "$(id -u)" != 0 ] && sudo -n true 2>/dev/null; then
	export DEMO_PART=namespaces
	sudo --preserve-env=DEMO_TRACE,DEMO_MBPS,DEMO_LOOP,DEMO_PART tools/demo.sh "$weir"
else
	echo
	echo "The same between network namespaces is left out: $why"
fi
