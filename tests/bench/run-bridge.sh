#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# Measures what weir bridge and tcpbridge carry between two hosts; prints a Markdown table.
# Never a pass/fail test. Without tcpbridge it is left out.
#
#	tests/bench/run-bridge.sh [BUILD]	QUICK=1: fewer rounds
#
#	left eth0 --- mid1 middle mid2 --- eth0 right
#
# Needs root.
set -euo pipefail
cd "$(dirname "$0")/../.."
# shellcheck source=tests/bench/lib.sh
. tests/bench/lib.sh

build=${1:-build}
bench_init "$build"
netns_add left middle right
netns_veth left eth0 middle mid1
netns_veth right eth0 middle mid2
netns_exec left ip addr add 10.9.0.1/24 dev eth0
netns_exec right ip addr add 10.9.0.2/24 dev eth0
python3 tests/bench/bridge.py --build "$build" --work "$netns_dir" \
	--namespace "$netns_prefix" ${QUICK:+--quick}
