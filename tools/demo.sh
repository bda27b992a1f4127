#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# Shows the main job: weir replays recorded traffic at a rate from one network namespace,
# tcpdump records it in another, and every byte is compared.
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
capture=$result/capture.pcap

if [ "$(id -u)" != 0 ]; then
	command -v sudo >/dev/null ||
		{ echo "demo: needs root to make network namespaces, and there is no sudo" >&2; exit 1; }
	exec sudo --preserve-env=DEMO_TRACE,DEMO_MBPS,DEMO_LOOP tools/demo.sh "$weir"
fi
why=$(netns_possible) || { echo "demo: $why" >&2; exit 1; }

frames=0
bytes=0
for trace in "${traces[@]}"; do
	read -r n size < <(tools/trace.py count "$trace")
	frames=$((frames + n * loop))
	bytes=$((bytes + size * loop))
done
seconds=$((bytes * 8 / (mbps * 1000000)))

mkdir -p "$result"
netns_init
netns_add sender receiver
netns_veth sender veth0 receiver veth1
cat <<END

  namespace sender             namespace receiver
  weir replay --> veth0 ------ veth1 --> tcpdump

Traces:   ${traces[*]}
          $loop times over: $frames frames, $bytes bytes, at $mbps Mbit/s (about $seconds s)
Command:  weir replay -i veth0 --mbps=$mbps --loop=$loop --preload-pcap TRACES
END

capture_start receiver veth1 "$capture"
netns_exec sender "$weir" replay -i veth0 --mbps="$mbps" --loop="$loop" --preload-pcap \
	"${traces[@]}" >"$result/statistics.txt"
capture_stop receiver veth1 "$capture" "$frames" sender veth0

echo
sed 's/^/  /' "$result/statistics.txt"
echo
sent=$(sed -nE 's/^Actual: ([0-9]+) packets \(([0-9]+) bytes\).*/\1 frames, \2 bytes/p' "$result/statistics.txt")
rate=$(sed -nE 's/^Rated:.* ([0-9.]+) Mbps.*/\1/p' "$result/statistics.txt")
equal=$(tools/trace.py compare --marked --loop "$loop" "$capture" "${traces[@]}") || {
	echo "DIFFERENT: what arrived is not what was to be sent (capture: $capture)"
	exit 1
}
cat <<END
Sent:     $sent
Received: $equal
Rate:     asked $mbps Mbit/s, reached $rate Mbit/s
Capture:  $capture (its last frame is the demo's end mark)
END
