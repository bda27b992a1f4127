#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# Called as vale-ctl: ports are made, attached, told of, detached and deleted, and the exit
# statuses are those that netmap's scripts look at.
# shellcheck source=tests/e2e/lib.sh
. "${BASH_SOURCE%/*}/lib.sh"

vale_ctl=${weir%/*}/bin/vale-ctl

# RC ARGUMENTS...: vale-ctl in the left namespace, with that exit status.
ctl() {
	run netns_exec left "$vale_ctl" "${@:2}"
	is "exit status of vale-ctl ${*:2}" "$rc" "$1"
}

places() {
	export WEIR_RUNTIME_DIR=$netns_dir/switches
	veth_pair
}

no_switches() {
	[ -z "$(ls "$WEIR_RUNTIME_DIR")" ]
}

test_a_port_lives_from_n_to_r() {
	places
	ctl 0 -n v0 -C 128,256,1,1
	ctl 1 -n v0
	says "$err" "there is a port 'v0'"
	ctl 0 -g v0
	is "port" "$(grep -v mem_id "$out")" "$(printf '%-12s%s\n' tx_slots: 128 rx_slots: 256 tx_rings: 1 \
		rx_rings 1)"
	ctl 0 -n v1 -C 64,64,3
	ctl 0 -g v1
	is "port" "$(grep -v mem_id "$out")" "$(printf '%-12s%s\n' tx_slots: 64 rx_slots: 64 tx_rings: 3 \
		rx_rings 3)"
	ctl 0 -r v1
	ctl 0 -a vale1:v0
	ctl 1 -a vale1:v0
	ctl 0 -a vale2:v0
	ctl 0
	is "list" "$(cat "$out")" "vale1:v0 bridge_idx 0 port_idx 0
vale2:v0 bridge_idx 1 port_idx 0"
	ctl 0 -l vale2
	is "list" "$(cat "$out")" "vale2:v0 bridge_idx 1 port_idx 0"
	ctl 0 -l vale2:v0
	is "place" "$(cat "$out")" "bridge_idx: 1
port_idx:   0"
	ctl 1 -l vale2:v7
	ctl 1 -l vale7
	says "$err" "no switch 'vale7' runs"
	ctl 1 -r v0
	says "$err" "the port 'v0' is attached to vale1"
	run_weir gen 'Ether()/IP()/UDP()' -n 10 --topspeed -i vale1:v0
	is "exit status of who has opened it" "$rc" 0
	ctl 0 -d vale1:v0
	ctl 1 -d vale1:v0
	ctl 0 -d vale2:v0
	ctl 0 -r v0
	ctl 1 -r v0
	wait_for 10 no_switches
}

test_an_interface_is_attached_and_detached() {
	places
	ctl 0 -a vale0:veth0
	ctl 0 -n vale0:p1
	ctl 0 -l
	is "list" "$(cat "$out")" "vale0:veth0 bridge_idx 0 port_idx 0
vale0:p1 bridge_idx 0 port_idx 1"
	netns_spawn right "$weir" sink --json -i packet:veth1 --count=20 --duration=20 \
		>"$netns_dir/sink" 2>"$netns_dir/sink.err"
	wait_for 10 grep -qs "receiving from" "$netns_dir/sink.err"
	run_weir gen 'Ether()/IP()/UDP()' -n 20 --topspeed -i vale0:p1
	wait_exit 30 "$netns_pid"
	is "frames" "$(jq .frames "$netns_dir/sink")" 20
	ctl 0 -d vale0:veth0
	ctl 0 -a vale0:xdp:veth0
	ctl 0 -d vale0:xdp:veth0
	ctl 0 -r vale0:p1
	wait_for 10 no_switches
}

test_what_cannot_be_done_is_refused_with_the_reason() {
	places
	ctl 1 -a vale0:eth99
	says "$err" 'eth99'
	wait_for 10 no_switches
	ctl 1 -h vale0:veth0
	says "$err" "the host's stack cannot be a port"
	ctl 1 -p vale0:veth0
	says "$err" 'threads of its own'
	ctl 1 -P vale0:veth0
	ctl 1 -n v0 -m 3
	says "$err" 'memory of its own'
	ctl 1 -d vale0:veth0
	says "$err" "no switch 'vale0' runs"
	ctl 255 -a veth0
	says "$err" 'names no switch'
	ctl 255 -n v0 -C 128,x
	ctl 255 -n v0 -C 3
	ctl 255 -n v0 -d vale0:v0
	ctl 255 -z
	ctl 0 --help
	is "options with -h" "$(grep -c '^  -h, ' "$out")" 1
	no_switches
}

run_tests
