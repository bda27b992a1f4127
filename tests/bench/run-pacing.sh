#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# Measures how exactly weir and its peers keep a rate; prints Markdown tables. Never a
# pass/fail test.
#
#	tests/bench/run-pacing.sh [BUILD [--quick] [--rounds N] [--part NAME] [--tcpreplay PROGRAM]...]
#
# Needs two processors and root: senders run as SCHED_FIFO, so that they are compared and
# not the load of the machine.
set -euo pipefail
cd "$(dirname "$0")/../.."
# shellcheck source=tests/bench/lib.sh
. tests/bench/lib.sh

build=${1:-build}
[ $# = 0 ] || shift
bench_init "$build" tests/bench/gaps tests/bench/bare-packet
bench_pair numtxqueues 2 numrxqueues 2
python3 tests/bench/pacing.py --build "$build" --sender "$netns_prefix-sender" \
	--receiver "$netns_prefix-receiver" "$@"
