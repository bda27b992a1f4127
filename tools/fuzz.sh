#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# Fuzzes each target in tests/fuzz for FUZZ_SECONDS (60), from what is known already.
# New inputs and crashes stay in out/fuzz/TARGET; exit 1 if there was a crash.
set -euo pipefail
cd "$(dirname "$0")/.."

[ -f build-fuzz/build.ninja ] || CC=clang meson setup -Dfuzz=true -Dbuildtype=debugoptimized \
	-Db_sanitize=address,undefined -Db_lundef=false build-fuzz
ninja -C build-fuzz fuzz

shared=${WEIR_TEST_DATA:-../shared/data}
status=0
for target in build-fuzz/tests/fuzz/fuzz-*; do
	[ -f "$target" ] || continue
	name=${target##*/fuzz-}
	mkdir -p "out/fuzz/$name"
	known=()
	for folder in "tests/fuzz/corpus-$name" tests/data "$shared"; do
		[ -d "$folder" ] && known+=("$folder")
	done
	echo "== $name"
	"$target" -max_total_time="${FUZZ_SECONDS:-60}" -timeout=10 -rss_limit_mb=2048 \
		-print_final_stats=1 -verbosity=0 -artifact_prefix="out/fuzz/$name/" \
		"out/fuzz/$name" "${known[@]}" || status=1
done
exit $status
