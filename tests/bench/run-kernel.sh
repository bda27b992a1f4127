#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# Measures kernel: beside the bare loop of live frames, the other kinds of ports and their
# peers, into a receiver that drops (XDP) and into the kernel's receive path (GRO is on);
# prints Markdown tables. Never a pass/fail test.
#
#	tests/bench/run-kernel.sh [BUILD [--quick] [--part NAME]... [--tcpreplay PROGRAM]...]
#
# Parts, none of which takes two minutes: drop-60, drop-1500 (the receiver drops), stack-60,
# stack-1500 (it is the kernel) and, with all of the sender on one processor, one-60, one-1500.
# Needs root and two processors.
set -euo pipefail
cd "$(dirname "$0")/../.."
# shellcheck source=tests/bench/lib.sh
. tests/bench/lib.sh

build=${1:-build}
[ $# = 0 ] || shift
bench_init "$build" tests/bench/bare-kernel tests/bench/bare-kernel-copy tests/bench/bare-packet \
	tests/bench/bare-xdp tests/bench/drop-frames
bench_pair numtxqueues 2 numrxqueues 2
netns_exec receiver ethtool -K veth1 gro on
python3 tests/bench/kernel.py --build "$build" --work "$netns_dir" \
	--namespace "$netns_prefix-sender" --receiver "$netns_prefix-receiver" "$@"
