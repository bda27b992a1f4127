#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# Measures weir beside its peers and beside bare system calls; prints Markdown tables.
# Never a pass/fail test: figures mean something only next to each other, in one run.
#
#	tests/bench/run.sh [BUILD]		QUICK=1: fewer rounds and frames
#
# Frames go from one network namespace over veth to another, where the interface is up,
# GRO is off and nobody reads: the kernel takes each frame through its receive path, on the
# sender's processor, and drops it as not addressed to this host.
set -euo pipefail
cd "$(dirname "$0")/../.."
# shellcheck source=tests/bench/lib.sh
. tests/bench/lib.sh

build=${1:-build}
if [ "$(id -u)" != 0 ]; then
	command -v sudo >/dev/null ||
		{ echo "bench: needs root to make network namespaces, and there is no sudo" >&2; exit 1; }
	exec sudo --preserve-env=QUICK tests/bench/run.sh "$build"
fi
bench_init "$build" tests/bench/bare-packet tests/bench/bare-xdp
bench_pair
python3 tests/bench/bench.py --build "$build" --work "$netns_dir" \
	--namespace "$netns_prefix-sender" ${QUICK:+--quick}
