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

# DIR CC SETUP ARGUMENTS...: what went wrong stands on standard output.
make_build() {
	local dir=$1 cc=$2
	shift 2
	rm -f "$dir/meson-logs/testlog.json"
	if ! [ -f "$dir/build.ninja" ]; then
		CC=$cc meson setup "$@" "$dir" >"$dir.log" 2>&1 || cat "$dir.log"
		rm -f "$dir.log"
	fi
	ninja -C "$dir" --quiet
}

# DIR TEST ARGUMENTS...: what happened is in DIR's log.
test_build() {
	local dir=$1
	shift
	echo "== $dir"
	ninja -C "$dir" --quiet || return
	"${fixed_addresses[@]}" meson test -C "$dir" --quiet --print-errorlogs "$@"
}

make_sanitized() {
	renice -n 10 "$BASHPID" >/dev/null
	make_build build-asan clang -Db_sanitize=address,undefined -Db_lundef=false \
		-Dbuildtype=debugoptimized
	make_build build-tsan clang -Db_sanitize=thread -Db_lundef=false -Dbuildtype=debugoptimized
}

make_build build gcc
# The end-to-end tests of the first build mostly wait: time to make the others.
make_sanitized &
test_build build
wait
test_build build-asan --suite unit --suite fuzz --suite conformance --timeout-multiplier 4
test_build build-tsan --suite unit --timeout-multiplier 4

exec tools/sum-tests.py build build-asan build-tsan
