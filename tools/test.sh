#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# Every test there is, in three builds:
#
#	build		gcc, as it is installed: all suites
#	build-asan	clang, address and undefined-behaviour sanitizer: unit, fuzz, conformance
#	build-tsan	clang, thread sanitizer: unit
#
# The last line is "N passed, N failed, N skipped"; exit 1 if anything failed.
set -uo pipefail
cd "$(dirname "$0")/.." || exit 1

tools/setup build test || exit 1

# The thread sanitizer of clang 14 cannot live with much address randomisation.
fixed_addresses=()
setarch -R true 2>/dev/null && fixed_addresses=(setarch -R)

# DIR CC "SETUP ARGUMENTS" TEST ARGUMENTS...: build and test; what happened is in DIR's log.
run() {
	local dir=$1 cc=$2 setup=$3
	shift 3
	echo "== $dir"
	rm -f "$dir/meson-logs/testlog.json"
	# shellcheck disable=SC2086 # several words are meant
	[ -f "$dir/build.ninja" ] || CC=$cc meson setup $setup "$dir" >"$dir.log" 2>&1 ||
		{ cat "$dir.log"; return; }
	rm -f "$dir.log"
	ninja -C "$dir" --quiet || return
	"${fixed_addresses[@]}" meson test -C "$dir" --quiet --print-errorlogs "$@"
}

run build gcc ''
run build-asan clang '-Db_sanitize=address,undefined -Db_lundef=false -Dbuildtype=debugoptimized' \
	--suite unit --suite fuzz --suite conformance --timeout-multiplier 4
run build-tsan clang '-Db_sanitize=thread -Db_lundef=false -Dbuildtype=debugoptimized' \
	--suite unit --timeout-multiplier 4

exec tools/sum-tests.py build build-asan build-tsan
