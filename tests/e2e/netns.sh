#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# What tools/netns.sh promises: nothing is left behind, however a script ends.
# shellcheck source=tests/e2e/lib.sh
. "${BASH_SOURCE%/*}/lib.sh"

# HOW: a script that has a namespace, a child, a process of its own session that is nobody's
# child, and a subshell that waits for ever; its end is HOW. What it is: $script, $prefix, $dir.
script_that_ends_by() {
	# shellcheck disable=SC2016 # it is the script's
	netns_spawn_here bash -c '. "$1/tools/netns.sh"
		(
			netns_init
			netns_add one
			netns_spawn one sleep 1000
			(setsid sleep 1000 &)
			echo "$netns_prefix $netns_dir" >"$2"
			eval "$3"
			sleep 1000
		)' script "$e2e_root" "$netns_dir/parts" "$1"
	script=$!
	wait_for 10 grep -q . "$netns_dir/parts"
	read -r prefix dir <"$netns_dir/parts"
}

netns_spawn_here() {
	env -u WEIR_NETNS "$@" &
	netns_pids+=("$!")
}

nothing_is_left() {
	[ ! -e "$dir" ] && ! ip netns list | grep -q "^$prefix-" &&
		[ -z "$(netns_processes "$prefix")" ]
}

test_nothing_is_left_of_a_script_that_fails() {
	script_that_ends_by 'exit 3'
	wait_for 10 nothing_is_left
}

test_nothing_is_left_of_a_subshell_that_is_killed() {
	# shellcheck disable=SC2016
	script_that_ends_by 'kill -KILL "$BASHPID"'
	wait_for 10 nothing_is_left
}

test_nothing_is_left_of_a_script_that_is_killed() {
	script_that_ends_by true
	[ -n "$(netns_processes "$prefix")" ]
	kill -KILL "$script"
	wait_for 10 nothing_is_left
}

run_tests
