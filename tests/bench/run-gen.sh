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
# shellcheck source=tests/bench/lib.sh
. tests/bench/lib.sh

build=${1:-build}
bench_init "$build" tests/bench/make-frames
bench_pair
python3 tests/bench/gen.py --build "$build" --work "$netns_dir" \
	--namespace "$netns_prefix-sender" ${QUICK:+--quick}
