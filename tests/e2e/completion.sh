#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# Completion in bash offers what the program has.
# shellcheck source=tests/e2e/lib.sh
. "${BASH_SOURCE%/*}/lib.sh"
# shellcheck source=completion/weir
. "$e2e_root/completion/weir"

# WORDS...: what is offered for the last of them.
offered_for() {
	COMP_WORDS=("$weir" "$@")
	COMP_CWORD=$#
	COMPREPLY=()
	_weir
	printf '%s\n' "${COMPREPLY[@]}"
}

test_commands_are_offered() {
	is "commands" "$(offered_for repl)" replay
	is "options" "$(offered_for --v)" --version
}

test_options_of_the_command_are_offered() {
	is "options" "$(offered_for replay --loop)" $'--loop\n--loopdelay-ms\n--loopdelay-ns'
	is "options" "$(offered_for replay x.pcap --unique-ip-)" --unique-ip-loops
}

test_interfaces_are_offered_for_ports() {
	is "ports" "$(offered_for replay -i xdp:lo)" xdp:lo
	is "ports" "$(offered_for replay --intf2 nu)" null:
}

test_programs_are_offered_to_run() {
	is "programs" "$(offered_for run sha256su | sort -u)" sha256sum
	is "options" "$(offered_for run --li)" --lib
}

test_words_of_hwstamp_are_offered() {
	is "interfaces" "$(offered_for hwstamp l)" lo
	is "words" "$(offered_for hwstamp lo o)" $'on\noff'
	is "options" "$(offered_for hwstamp lo --j)" --json
}

test_words_of_taps_are_offered() {
	is "verbs" "$(offered_for tap sta)" start
	is "interfaces" "$(offered_for tap start dev l)" lo
	is "words" "$(offered_for tap start dev lo sn)" snaplen
	is "options" "$(offered_for tap show --j)" --json
}

test_files_are_left_to_bash() {
	is "words" "$(offered_for replay /etc/pass)" ""
}

run_tests
