#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# Measures how fast weir gen, Scapy and trafgen make frames, to a file and to veth; prints
# Markdown tables. Never a pass/fail test. Peers that are not installed are left out.
#
#	tests/bench/run-gen.sh [BUILD]		QUICK=1: fewer rounds and frames
#
# Needs root.
set -euo pipefail
cd "$(dirname "$0")/../.."
# shellcheck source=tools/netns.sh
. tools/netns.sh

build=${1:-build}
[ "$(id -u)" = 0 ] || { echo "bench: needs root to make network namespaces" >&2; exit 1; }
why=$(netns_possible) || { echo "bench: $why" >&2; exit 1; }
ninja -C "$build" --quiet weir tests/bench/make-frames >&2

netns_init
netns_add sender receiver
netns_veth sender veth0 receiver veth1
python3 tests/bench/gen.py --build "$build" --work "$netns_dir" \
	--namespace "$netns_prefix-sender" ${QUICK:+--quick}
