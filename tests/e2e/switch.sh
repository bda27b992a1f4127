#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# The switch between programs: as a user without any privilege, and among users who do each
# other harm.
# shellcheck source=tests/e2e/lib.sh
. "${BASH_SOURCE%/*}/lib.sh"

frame='Ether(src="02:00:00:00:00:01",dst="02:00:00:00:00:02")/IP()/UDP(sport=(1,200))'

# PROGRAM ARGUMENTS...: as nobody.
as_nobody() {
	"${nobody[@]}" "$@"
}

sink() { # OUT ARGUMENTS...: ready when it returns
	nobody_spawn "$1" "$netns_dir/weir" sink --json "${@:2}"
	wait_for 10 grep -qs "receiving from" "$1.err"
}

weir_says() { # FILE FILTER WANT
	is "$2" "$(jq -r "$2" "$1")" "$3"
}

folder_is_empty() {
	[ -z "$(ls "$run_dir/weir")" ]
}

test_frames_arrive_without_any_privilege() {
	nobody_places
	# There is room for all of them, however busy the machine is.
	sink "$log" -i vale0:b,slots=4096 --count=4000 --duration=20
	run as_nobody "$netns_dir/weir" gen "$frame" --stamp --pps=20000 -n 4000 -i vale0:a
	is "exit status" "$rc" 0
	says "$out" 'Successful packets: +4000$'
	wait_exit 20 "$pid"
	weir_says "$log" .frames 4000
	weir_says "$log" '.streams[0].lost' 0
	weir_says "$log" '.streams[0].reordered' 0
	wait_for 10 folder_is_empty
}

test_a_lossless_switch_loses_nothing_at_full_speed() {
	nobody_places
	nobody_spawn "$netns_dir/switch" "$netns_dir/weir" switch vale0 --lossless
	wait_for 10 grep -qs runs "$netns_dir/switch.err"
	sink "$log" -i vale0:b,slots=64 --count=1000000 --duration=60
	run as_nobody "$netns_dir/weir" gen "$frame" --stamp --topspeed -n 1000000 -i vale0:a
	is "exit status" "$rc" 0
	wait_exit 60 "$pid"
	weir_says "$log" .frames 1000000
	weir_says "$log" '.streams[0].lost' 0
	weir_says "$log" .dropped 0
}

# The switch takes the frames from where the trace was loaded.
test_a_trace_goes_from_its_memory_to_the_receiver() {
	local n size mode
	nobody_places
	cp "$data/web.pcap" "$netns_dir"
	chmod 644 "$netns_dir/web.pcap"
	read -r n size < <(trace count "$data/web.pcap")
	nobody_spawn "$netns_dir/switch" "$netns_dir/weir" switch vale0 --lossless
	wait_for 10 grep -qs runs "$netns_dir/switch.err"
	for mode in --preload-pcap --no-flow-stats; do
		sink "$log" -i vale0:b --count=$((n * 300)) --duration=60
		run as_nobody "$netns_dir/weir" replay -i vale0:a,nolearn "$mode" --loop=300 --topspeed \
			"$netns_dir/web.pcap"
		is "exit status" "$rc" 0
		wait_exit 60 "$pid"
		weir_says "$log" .frames $((n * 300))
		weir_says "$log" .bytes $((size * 300))
	done
}

test_a_switch_tells_of_its_ports_and_addresses() {
	nobody_places
	as_nobody "$netns_dir/weir" switch vale0 --background --age=300
	sink "$log" -i vale0:b@0-1 --duration=30
	run as_nobody "$netns_dir/weir" gen "$frame" --stamp --pps=20000 -n 100 -i vale0:a
	is "exit status" "$rc" 0
	run as_nobody "$netns_dir/weir" switch new vale0 spare --rings=3 --slots=128
	is "exit status" "$rc" 0
	run as_nobody "$netns_dir/weir" switch list
	is "list" "$(cat "$out")" vale0
	run as_nobody "$netns_dir/weir" switch show vale0 --json
	weir_says "$out" .age_s 300
	weir_says "$out" '[.ports[].name] | sort | join(" ")' "b spare"
	weir_says "$out" '.ports[] | select(.name == "b") | .rx_frames' 100
	weir_says "$out" '.ports[] | select(.name == "b") | .rx_rings' 2
	weir_says "$out" '.ports[] | select(.name == "b") | .users' 2
	weir_says "$out" '.ports[] | select(.name == "spare") | .tx_slots' 128
	run as_nobody "$netns_dir/weir" switch show vale0
	says "$out" '^ +0 b +2/2 +2 '
	run as_nobody "$netns_dir/weir" switch delete vale0 b
	is "exit status" "$rc" 1
	says "$err" "somebody has the port 'b' open"
	run as_nobody "$netns_dir/weir" switch delete vale0 spare
	is "exit status" "$rc" 0
	run as_nobody "$netns_dir/weir" switch end vale0
	is "exit status" "$rc" 0
	rc=0
	wait_exit 10 "$pid" || rc=$?
	is "exit status of who had a port open" "$rc" 1
	says "$log.err" 'vale0:b@0-1: '
	wait_for 10 folder_is_empty
}

test_clients_of_a_killed_switch_learn_of_it_at_once() {
	local sw gen
	nobody_places
	nobody_spawn "$netns_dir/switch" "$netns_dir/weir" switch vale0
	sw=$pid
	wait_for 10 grep -qs runs "$netns_dir/switch.err"
	nobody_spawn "$netns_dir/gen" "$netns_dir/weir" gen "$frame" --pps=1000 -i vale0:a
	gen=$pid
	sink "$log" -i vale0:b
	wait_for 10 received_by vale0 b 100
	kill -KILL "$sw"
	rc=0
	wait_exit 5 "$pid" || rc=$?
	is "exit status of the sink" "$rc" 1
	rc=0
	wait_exit 5 "$gen" || rc=$?
	is "exit status of the sender" "$rc" 1
	# What it left is no obstacle.
	sink "$log" -i vale0:b --count=10 --duration=20
	run as_nobody "$netns_dir/weir" gen "$frame" --pps=1000 -n 10 -i vale0:a
	wait_exit 20 "$pid"
	weir_says "$log" .frames 10
}

received_by() { # SWITCH PORT COUNT
	as_nobody "$netns_dir/weir" switch show "$1" --json |
		jq -e ".ports[] | select(.name == \"$2\") | .rx_frames >= $3" >/dev/null
}

test_a_killed_client_leaves_nothing_and_the_others_go_on() {
	local victim sink
	nobody_places
	sink "$log" -i vale0:b,slots=4096 --duration=30
	sink=$pid
	for _ in 1 2 3; do
		nobody_spawn "$netns_dir/gen" "$netns_dir/weir" gen "$frame" --pps=1000 -i vale0:x
		victim=$pid
		wait_for 10 received_by vale0 b 1
		kill -KILL "$victim"
		wait_exit 10 "$victim" || true
		wait_for 10 port_is_gone x
	done
	run as_nobody "$netns_dir/weir" gen "$frame" --stamp --pps=5000 -n 3000 -i vale0:a
	is "exit status" "$rc" 0
	kill -INT "$sink"
	wait_exit 10 "$sink"
	weir_says "$log" .stamped 3000
	wait_for 10 folder_is_empty
}

port_is_gone() { # PORT
	! as_nobody "$netns_dir/weir" switch show vale0 2>/dev/null | grep -qE "^ +[0-9]+ $1 "
}

# How long: WEIR_SCRIBBLE_S; the rule is 30 s, by hand.
test_a_client_that_scribbles_harms_nobody() {
	local seconds=${WEIR_SCRIBBLE_S:-5} sw before
	nobody_places
	cp "$programs"/{scribble,partners} "$netns_dir"
	nobody_spawn "$netns_dir/switch" "$netns_dir/weir" switch vale0
	sw=$pid
	wait_for 10 grep -qs runs "$netns_dir/switch.err"
	before=$(descriptors_of "$sw")
	nobody_spawn "$log" "$netns_dir/partners" vale0:a vale0:b "$seconds"
	wait_for 10 grep -qs ready "$log"
	run as_nobody "$netns_dir/scribble" vale0 c "$seconds"
	cat "$out"
	is "exit status" "$rc" 0
	wait_exit 20 "$pid" || { cat "$log"; exit 1; }
	wait_for 10 descriptors_are "$sw" "$before"
	run as_nobody "$netns_dir/weir" switch show vale0 --json
	weir_says "$out" '.ports | length' 0
}

descriptors_of() { # PID
	find "/proc/$1/fd" | wc -l
}

descriptors_are() { # PID N
	[ "$(descriptors_of "$1")" -le "$2" ]
}

test_other_users_are_kept_out_unless_the_group_is_theirs() {
	nobody_places
	export WEIR_RUNTIME_DIR=$netns_dir/shared
	"$weir" switch vale0 --background
	is "rights" "$(stat -c %a "$netns_dir/shared/vale0")" 600
	run as_other "$netns_dir/weir" switch show vale0
	is "exit status" "$rc" 1
	"$weir" switch end vale0
	wait_for 10 test ! -e "$netns_dir/shared/vale0"
	"$weir" switch vale0 --background --group=nogroup
	is "rights" "$(stat -c %a "$netns_dir/shared/vale0")" 660
	run as_other "$netns_dir/weir" switch show vale0
	is "exit status" "$rc" 0
	run as_other "$netns_dir/weir" switch end vale0
	is "exit status" "$rc" 1
	says "$err" 'belongs to another user'
	"$weir" switch end vale0
}

# PROGRAM ARGUMENTS...: as another user, of group nogroup.
as_other() {
	setpriv --reuid=65533 --regid=65534 --clear-groups env \
		WEIR_RUNTIME_DIR="$netns_dir/shared" "$@"
}

test_a_bridge_joins_an_interface_to_a_switch() {
	export WEIR_RUNTIME_DIR=$netns_dir/switches
	log=$netns_dir/log
	veth_pair
	netns_spawn left "$weir" bridge -i packet:veth0 -I vale0:nic --filter1='udp' \
		>"$netns_dir/bridge" 2>"$netns_dir/bridge.err"
	wait_for 10 grep -qs forwarding "$netns_dir/bridge.err"
	netns_spawn left "$weir" sink --json -i vale0:b --count=200 --duration=30 >"$log" 2>"$log.err"
	local sink=$netns_pid
	wait_for 10 grep -qs "receiving from" "$log.err"
	netns_exec right "$weir" gen "$frame" 'Ether()/ARP()' --stamp --pps=2000 -n 400 \
		-i packet:veth1 >"$netns_dir/gen"
	wait_exit 30 "$sink"
	weir_says "$log" '.streams | length' 1
	weir_says "$log" '.streams[0].lost' 0
	# And the other way.
	record right veth1
	run_weir gen "$frame" --pps=2000 -n 100 -i vale0:b
	is "exit status" "$rc" 0
	recorded right veth1 100 left veth0
	is "frames and mark" "$(frames_of "$netns_dir/veth1.pcap")" 101
}

test_two_at_once_start_one_switch() {
	local i pids=()
	nobody_places
	for i in 1 2 3 4 5 6 7 8; do
		nobody_spawn "$netns_dir/sink$i" "$netns_dir/weir" sink -i "vale0:p$i" --duration=2
		pids+=("$pid")
	done
	for pid in "${pids[@]}"; do
		wait_exit 20 "$pid" || { cat "$netns_dir"/sink*.err; exit 1; }
	done
	wait_for 10 folder_is_empty
}

run_tests
