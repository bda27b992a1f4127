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
	rm -f "$dir"/meson-logs/*.json "$dir/whole"
	if ! [ -f "$dir/build.ninja" ]; then
		CC=$cc meson setup "$@" "$dir" >"$dir.log" 2>&1 || cat "$dir.log"
		rm -f "$dir.log"
	fi
	ninja -C "$dir" --quiet all meson-test-prereq && touch "$dir/whole"
}

# DIR LOG TEST ARGUMENTS...: what happened is in DIR/meson-logs/LOG.json; there is none if the last
# build failed, so that no older one is tested.
test_build() {
	local dir=$1 log=$2
	shift 2
	[ -e "$dir/whole" ] || return
	echo "== $dir: $log"
	"${fixed_addresses[@]}" meson test -C "$dir" --no-rebuild --logbase "$log" --quiet \
		--print-errorlogs "$@"
}

# All frames between namespaces wait in one queue of each processor. May two tests at a time
# use it? Until this script ends, it is so long that they may.
longer_queue() {
	local queue=/proc/sys/net/core/netdev_max_backlog was
	was=$(cat $queue) && { echo 100000 >$queue; } 2>/dev/null || return
	# shellcheck disable=SC2064 # as it is now
	trap "echo $was >$queue" EXIT
}

test_sanitized() {
	renice -n 10 "$BASHPID" >/dev/null
	make_build build-asan clang -Db_sanitize=address,undefined -Db_lundef=false \
		-Dbuildtype=debugoptimized
	make_build build-tsan clang -Db_sanitize=thread -Db_lundef=false -Dbuildtype=debugoptimized
	test_build build-asan parts --suite unit --suite fuzz --timeout-multiplier 8
	test_build build-tsan parts --suite unit --timeout-multiplier 8
}

make_build build gcc
# The end-to-end tests mostly wait: time for what no interface is needed for.
test_sanitized &
sanitized=$!
test_build build parts --no-suite e2e
if longer_queue; then
	test_build build e2e-1 --suite e2e-1 &
	test_build build e2e-2 --suite e2e-2
	wait $!
else
	test_build build e2e-1 --suite e2e-1
	test_build build e2e-2 --suite e2e-2
fi
wait $sanitized
test_build build-asan ports --suite conformance --timeout-multiplier 4

tools/sum-tests.py build/parts build/e2e-1 build/e2e-2 build-asan/parts build-tsan/parts \
	build-asan/ports
