#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# Measures weir capture beside tcpdump, dumpcap and netsniff-ng, as far as they are installed:
# a sender in the kernel (kernel:) at full blast over a veth; prints Markdown tables. Never a
# pass/fail test.
#
#	tests/bench/run-capture.sh [BUILD [--rounds N] [--part 60|1500|60-full|1500-full]...]
#
# What the kernel does for a capture is not in "its processor": the program or socket works
# on the sender's. Needs root, two processors, and 4 GB in TMPDIR for whole frames.
set -euo pipefail
cd "$(dirname "$0")/../.."
# shellcheck source=tests/bench/lib.sh
. tests/bench/lib.sh

build=${1:-build}
[ $# = 0 ] || shift
bench_init "$build"
bench_pair
netns_exec receiver ethtool -K veth1 gro on
python3 tests/bench/capture.py --build "$build" --work "$netns_dir" \
	--sender "$netns_prefix-sender" --receiver "$netns_prefix-receiver" "$@"
