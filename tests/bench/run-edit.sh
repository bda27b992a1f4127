#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# Measures how fast traces are edited and split; prints Markdown tables. Never a pass/fail
# test.
#
#	tests/bench/run-edit.sh [BUILD]		QUICK=1: fewer rounds and frames
#
# Both traces, 2 GB, lie in $TMPDIR (/tmp), and so in memory while they are read and written.
set -euo pipefail
cd "$(dirname "$0")/../.."

build=${1:-build}
ninja -C "$build" --quiet weir >&2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
folders=(tests/data)
for folder in "${WEIR_TEST_DATA:-../shared/data}"/*/; do
	[ ! -d "$folder" ] || folders+=("$folder")
done
python3 tests/bench/edit.py --build "$build" --work "$work" ${QUICK:+--quick} "${folders[@]}"
