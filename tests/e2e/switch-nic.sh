#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# Network interfaces at a switch: two hosts, each on a veth of its own, and programs.
# shellcheck source=tests/e2e/lib.sh
. "${BASH_SOURCE%/*}/lib.sh"
# shellcheck source=tests/e2e/hosts-lib.sh
. "${BASH_SOURCE%/*}/hosts-lib.sh"

frame='Ether(src="02:00:00:00:00:01",dst="02:00:00:00:00:02")/IP()/UDP(sport=(1,200))'

places() {
	export WEIR_RUNTIME_DIR=$netns_dir/switches
	two_hosts
}

# ARGUMENTS...: the switch in the middle, in the background; $switch_pid, its messages in $said.
start_switch() {
	said=$netns_dir/switch.err
	netns_spawn middle "$weir" switch vale0 "$@" 2>"$said"
	switch_pid=$netns_pid
	wait_for 10 grep -q runs "$said" || { cat "$said"; exit 1; }
}

# ARGUMENTS...: weir switch in the middle. As run_weir.
middle() {
	run netns_exec middle "$weir" switch "$@"
}

must() { # ARGUMENTS...: as middle, and it has to work
	middle "$@"
	is "exit status of weir switch $*" "$rc" 0
}

# FILTER: of what show says.
shown() {
	netns_exec middle "$weir" switch show vale0 --json | jq -r "$1"
}

ports_are() { # NAMES
	[ "$(shown '[.ports[].name] | sort | join(" ")')" = "$1" ]
}

hosts_talk() { # PREFIX: of the names of interfaces
	must attach vale0 "$1mid1"
	must attach vale0 "$1mid2"
	ping_works
	tcp_passes left right 10.9.0.2 8
	must detach vale0 mid1
	ping_fails
	must detach vale0 "$1mid2"
	is "ports" "$(shown '.ports | length')" 0
}

test_hosts_behind_attached_interfaces_talk() {
	places
	start_switch
	hosts_talk packet:
	hosts_talk xdp:
	hosts_talk ""
	middle end vale0
	wait_exit 10 "$switch_pid"
}

test_interfaces_are_attached_from_the_start_and_in_a_lossless_switch() {
	places
	start_switch --attach=mid1 --attach=packet:mid2 --lossless --threads=2
	ping_works
	tcp_passes left right 10.9.0.2 8
	is "attached" "$(shown '[.ports[] | select(.attached)] | length')" 2
	is "lost" "$(shown '[.ports[].dropped.full] | add')" 0
	kill -INT "$switch_pid"
	wait_exit 10 "$switch_pid"
}

test_a_trace_goes_from_a_program_to_a_wire_and_back() {
	local n sink
	places
	start_switch --attach=packet:mid2
	n=$(frames_of "$data/web.pcap")
	capture_start right eth0 "$netns_dir/eth0.pcap"
	netns_exec middle "$weir" replay -i vale0:p1,nolearn --pps=2000 "$data/web.pcap" >/dev/null
	capture_stop right eth0 "$netns_dir/eth0.pcap" "$n" middle mid2
	trace compare --marked "$netns_dir/eth0.pcap" "$data/web.pcap"
	# And back.
	netns_spawn middle "$weir" sink --json -i vale0:p1 --count="$n" --duration=30 \
		>"$netns_dir/sink" 2>"$netns_dir/sink.err"
	sink=$netns_pid
	wait_for 10 grep -qs "receiving from" "$netns_dir/sink.err"
	netns_exec right "$weir" replay -i packet:eth0 --pps=2000 \
		--enet-dmac=ff:ff:ff:ff:ff:ff "$data/web.pcap" >/dev/null
	wait_exit 40 "$sink"
	is "frames" "$(jq .frames "$netns_dir/sink")" "$n"
}

test_a_tap_device_can_be_attached() {
	places
	start_switch --attach=packet:mid2
	must attach vale0 tap:wtap
	netns_exec middle ip addr add 10.9.0.1/24 dev wtap
	wait_for 15 netns_exec middle ping -q -c 1 -W 1 -I wtap 10.9.0.2
	must detach vale0 wtap
	run netns_exec middle ip link show wtap
	is "exit status when it was detached" "$rc" 1
}

# Half of the traffic stops, the other half goes on.
test_an_interface_is_detached_and_removed_under_traffic() {
	local mode sink gen
	places
	start_switch
	for mode in detach remove; do
		must attach vale0 packet:mid1
		must attach vale0 packet:mid2
		netns_spawn middle "$weir" sink --json -i vale0:b --duration=60 \
			>"$netns_dir/sink" 2>"$netns_dir/sink.err"
		sink=$netns_pid
		wait_for 10 grep -qs "receiving from" "$netns_dir/sink.err"
		netns_spawn left "$weir" gen "$frame" --pps=20000 -i packet:eth0 >/dev/null
		gen=$netns_pid
		netns_spawn right "$weir" gen "$frame" --pps=20000 -i packet:eth0 >/dev/null
		wait_for 10 sent_from mid1 1000
		if [ "$mode" = remove ]; then
			netns_exec middle ip link del mid1
			wait_for 10 grep -q 'packet:mid1 has gone and is detached: No such device' "$said"
		else
			must detach vale0 mid1
			kill -INT "$gen"
		fi
		wait_for 10 ports_are "b mid2"
		wait_for 10 sent_from mid2 "$(($(shown '.ports[] | select(.name == "mid2") | .tx_frames') + 1000))"
		kill -INT "$netns_pid" "$sink"
		wait_exit 10 "$sink"
		must detach vale0 mid2
	done
}

sent_from() { # PORT COUNT
	[ "$(shown ".ports[] | select(.name == \"$1\") | .tx_frames")" -ge "$2" ]
}

test_what_cannot_be_attached_is_named() {
	places
	start_switch --attach=packet:mid1
	middle attach vale0 packet:mid1
	is "exit status" "$rc" 1
	says "$err" "there is a port 'mid1'"
	middle attach vale0 eth99
	says "$err" "eth99"
	middle attach vale0 file:/dev/null
	says "$err" "'file:/dev/null' does not name a network interface"
	middle attach vale0 vale0:mid1
	says "$err" 'does not name a network interface'
	middle attach vale0 kernel:mid2
	says "$err" 'cannot receive'
	middle detach vale0 mid2
	says "$err" "no interface 'mid2' is attached"
	middle delete vale0 mid1
	says "$err" "'mid1' is an interface"
	middle attach vale0
	is "exit status" "$rc" 2
	middle vale1 --attach=eth99
	is "exit status" "$rc" 1
	says "$err" 'eth99'
	ports_are mid1
}

# A switch without the privilege says what is missing; a user of the group may not attach.
test_without_the_right_nothing_is_attached() {
	places
	chmod 755 "$netns_dir"
	cp "$weir" "$netns_dir/weir"
	mkdir "$WEIR_RUNTIME_DIR"
	chown 65534:65534 "$WEIR_RUNTIME_DIR"
	as 65534 "$netns_dir/weir" switch vale0 --background
	run as 65534 "$netns_dir/weir" switch attach vale0 packet:mid1
	is "exit status" "$rc" 1
	says "$err" 'CAP_NET_RAW'
	as 65534 "$netns_dir/weir" switch end vale0
	export WEIR_RUNTIME_DIR=$netns_dir/shared
	netns_exec middle "$weir" switch vale0 --background --group=nogroup
	run as 65533 "$netns_dir/weir" switch attach vale0 packet:mid1
	is "exit status" "$rc" 1
	says "$err" 'belongs to another user'
	run as 65533 "$netns_dir/weir" switch new vale0 p1
	is "exit status" "$rc" 0
	run as 65533 "$netns_dir/weir" switch set vale0 p1 --filter-in=arp
	is "exit status" "$rc" 1
	says "$err" 'belongs to another user'
	# Rules may have keys in them.
	netns_exec middle "$weir" switch set vale0 p1 --filter-in=udp
	is "rules" "$(shown '.ports[0].rules.filter_in')" udp
	run as 65533 "$netns_dir/weir" switch show vale0 --json
	is "exit status" "$rc" 0
	is "rules that another user sees" "$(jq -c '.ports[0].rules' "$out")" '{}'
	netns_exec middle "$weir" switch end vale0
}

# UID PROGRAM ARGUMENTS...: in the middle, as a user without privileges, of group nogroup.
as() {
	netns_exec middle setpriv --reuid="$1" --regid=65534 --clear-groups --no-new-privs \
		--bounding-set=-all "${@:2}"
}

test_ports_filter_and_edit_what_comes_and_goes() {
	local ttl
	places
	start_switch --attach=packet:mid1 --filter-in='not (icmp and ip[8] == 7)' --edit-out='--ttl=33'
	must attach vale0 packet:mid2 --edit-in '--enet-vlan=add --enet-vlan-tag=7' \
		--edit-out="--enet-vlan='del'"
	ping_fails # answers are tagged
	must set vale0 mid2 --filter-in 'arp or icmp'
	ping_works
	ttl=$(netns_exec left ping -c 1 -W 5 10.9.0.2 | sed -nE 's/.* ttl=([0-9]+) .*/\1/p')
	is "time to live" "$ttl" 33
	is "lost on the way in" "$(netns_exec left ping -q -t 7 -c 1 -W 1 10.9.0.2 |
		grep -o ' 0 received')" " 0 received"
	is "counted" "$(shown '.ports[] | select(.name == "mid1") | .dropped.filtered')" 1
	is "rules" "$(shown '.ports[] | select(.name == "mid1") | .rules | @json')" \
		'{"filter_in":"not (icmp and ip[8] == 7)","edit_out":"--ttl=33"}'
	middle show vale0
	says "$out" 'dropped: .*1 filtered'
	says "$out" 'filter in: arp or icmp$'
	must set vale0 mid1
	is "rules" "$(shown '.ports[] | select(.name == "mid1") | .rules | @json')" '{}'
}

test_wrong_rules_are_named_before_anything_is_done() {
	places
	start_switch
	middle attach vale0 packet:mid1 --filter-in='tcp or'
	is "exit status" "$rc" 2
	says "$err" 'filter-in: '
	middle attach vale0 packet:mid1 --edit-out='--bogus=1'
	is "exit status" "$rc" 2
	says "$err" "edit-out: unknown option '--bogus'"
	middle new vale0 p1 --edit-in='--dlt=raw'
	is "exit status" "$rc" 2
	says "$err" 'Ethernet'
	middle vale1 --filter-out='('
	is "exit status" "$rc" 2
	middle set vale0 p1
	is "exit status" "$rc" 1
	says "$err" "there is no port 'p1'"
	is "ports" "$(shown '.ports | length')" 0
	must new vale0 p1 --filter-out='udp' --rings=2
	must delete vale0 p1
}

test_a_switch_with_idle_interfaces_sleeps() {
	local before after
	places
	start_switch --attach=packet:mid1 --attach=xdp:mid2
	ping_works
	before=$(processor_ticks)
	sleep 3
	after=$(processor_ticks)
	# 100 ticks a second, of which one that never sleeps takes all that it gets.
	[ $((after - before)) -le 45 ] || { echo "$((after - before)) ticks in 3 s"; exit 1; }
}

processor_ticks() {
	awk '{ print $14 + $15 }' "/proc/$switch_pid/stat"
}

run_tests
