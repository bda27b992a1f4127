#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# Called wrongly as tcprewrite, tcpprep, tcpbridge or tcpreplay-edit, weir says and does what these
# programs do.
# shellcheck source=tests/e2e/lib.sh
. "${BASH_SOURCE%/*}/lib.sh"

calls=$data/wrong-calls.txt

test_wrong_calls_are_told_as_they_were() {
	netns_add left
	netns_exec left sysctl -qw net.ipv6.conf.default.disable_ipv6=1
	netns_exec left ip link add v0 type veth peer name v1
	netns_exec left ip link add down0 type veth peer name down1
	netns_exec left ip link set v0 up
	netns_exec left ip link set v1 up
	netns_exec left python3 "$e2e_root/tools/wrong_calls.py" check --new "${weir%/*}/bin" "$calls"
}

test_every_difference_is_documented() {
	local word words
	mapfile -t words < <(sed -nE 's/^  -?[0-9]+ [0-9a-f-]+ (.+)/\1/p' "$calls" | sort -u)
	[ "${#words[@]}" -gt 3 ]
	for word in "${words[@]}"; do
		grep -q "^| $word |" "$e2e_root/docs/tcpreplay.md" || { echo "not $word"; exit 1; }
	done
}

run_tests
