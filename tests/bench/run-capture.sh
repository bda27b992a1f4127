#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# Measures weir capture beside tcpdump, dumpcap and netsniff-ng, as far as they are installed:
# a sender in the kernel (kernel:) on one processor over a veth, who captures on the other, all
# in turn, to files in TMPDIR; prints Markdown tables. Never a pass/fail test.
#
#	[QUICK=1] tests/bench/run-capture.sh [BUILD [--rounds N] [--frames N] [--part PART]...]
#
# Parts: 60, 1500 (headers of 96 bytes), 60-full, 1500-full, sustained, two-queues.
#
# What the kernel does for a capture happens on the sender's processor: "kernel ns" is what a
# frame costs there, sending it included, "own ns" what it costs who captures, and "cost" their sum
# less what sending costs without a capture. Needs root, two processors, and 12 GB in TMPDIR
# (1.5 GB with QUICK=1; sustained: 12 and 5 GB) on a disk.
set -euo pipefail
cd "$(dirname "$0")/../.."
# shellcheck source=tests/bench/lib.sh
. tests/bench/lib.sh

build=${1:-build}
[ $# = 0 ] || shift
bench_init "$build"
bench_pair numtxqueues 2 numrxqueues 2
netns_exec receiver ethtool -K veth1 gro on
python3 tests/bench/capture.py --build "$build" --work "$netns_dir" \
	--sender "$netns_prefix-sender" --receiver "$netns_prefix-receiver" "$@"
