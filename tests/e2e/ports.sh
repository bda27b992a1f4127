#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# weir ports tells what interfaces there are, what works on them, and leaves nothing behind.
# shellcheck source=tests/e2e/lib.sh
. "${BASH_SOURCE%/*}/lib.sh"

# Every test has its own namespace, with these in it.
interfaces() {
	veth_pair mtu 1400 numtxqueues 2 numrxqueues 2
	netns_exec left ip tuntap add tun0 mode tun
}

json() { # JQ-FILTER
	jq -c "$1" "$out"
}

test_interfaces_are_listed_with_what_works() {
	interfaces
	run_weir ports --json
	is "exit status" "$rc" 0
	is "names" "$(json '[.interfaces[].name]')" '["lo","veth0","tun0"]'
	is "veth" "$(json '.interfaces[1] | .kind, .state, .mtu, .tx_queues, .link_type' | tr '\n' ' ')" \
		'"veth" "up" 1400 2 1 '
	is "address" "$(json '.interfaces[1].address')" \
		"\"$(netns_exec left cat /sys/class/net/veth0/address)\""
	is "on veth" "$(json '.interfaces[1].ports | map_values(.works)')" \
		'{"xdp":true,"packet":true,"kernel":false,"tap":false}'
	is "on tun" "$(json '.interfaces[2].ports | map_values(.works)')" \
		'{"xdp":false,"packet":true,"kernel":false,"tap":false}'
	is "a reason" "$(json '.interfaces[2].ports.xdp.why')" "\"'tun0' is not an Ethernet interface\""
	is "kinds" "$(json '[.ports[].name]')" '["xdp","packet","kernel","tap","vale","netmap","file","null","mem"]'
}

test_text_says_the_same() {
	interfaces
	run_weir ports veth0
	is "exit status" "$rc" 0
	says "$out" "^veth0 +up +1400 +([0-9a-f]{2}:){5}[0-9a-f]{2} .* 2/2 +yes +yes +no +no$"
	says "$out" "^    tap: 'veth0' is not a TAP device$"
	says "$out" "^mem +yes "
}

test_a_missing_privilege_is_named() {
	interfaces
	out=$netns_dir/out
	netns_exec left setpriv --reuid 65534 --regid 65534 --clear-groups --inh-caps=-all \
		"$weir" ports --json veth0 >"$out"
	is "works" "$(json '.interfaces[0].ports | map_values(.works)')" \
		'{"xdp":false,"packet":false,"kernel":false,"tap":false}'
	says "$out" "CAP_NET_RAW"
	is "general" "$(json '[.ports[] | select(.works) | .name]')" '["vale","netmap","file","null","mem"]'
}

test_nothing_stays_behind() {
	interfaces
	local before
	before=$(netns_exec left ip -d link | sed 's/state [A-Z]*//')
	run_weir ports
	is "links" "$(netns_exec left ip -d link | sed 's/state [A-Z]*//')" "$before"
}

test_unknown_interface_is_named() {
	interfaces
	run_weir ports nosuch0
	is "exit status" "$rc" 1
	says "$err" "nosuch0"
	is "output" "$(cat "$out")" ""
}

test_a_device_without_a_clock_says_so() {
	interfaces
	run_weir hwstamp veth0
	is "exit status" "$rc" 0
	is "text" "$(cat "$out")" "veth0: no hardware time stamps: it has no clock of its own"
	run_weir hwstamp veth0 off --json
	is "exit status of off" "$rc" 0
	is "JSON" "$(json '.interface, .hardware, .rx, .clock' | tr '\n' ' ')" '"veth0" false null null '
	run_weir hwstamp veth0 on
	is "exit status of on" "$rc" 1
	says "$err" "^weir hwstamp: veth0 has no clock of its own"
	run_weir hwstamp nosuch0
	is "exit status of an unknown one" "$rc" 1
	says "$err" "nosuch0"
	run_weir hwstamp veth0 --rx=all
	is "exit status of a wrong call" "$rc" 2
}

run_tests
