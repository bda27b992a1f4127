#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# weir bridge between two hosts, each on a veth of its own: what they say to each other
# arrives, edited and filtered as asked, and nothing circles.
# shellcheck source=tests/e2e/lib.sh
. "${BASH_SOURCE%/*}/lib.sh"
# shellcheck source=tests/e2e/hosts-lib.sh
. "${BASH_SOURCE%/*}/hosts-lib.sh"

tcpbridge=${weir%/*}/bin/tcpbridge

# ARGUMENTS...: weir bridge in the middle, in the background; $bridge_pid.
start_bridge() {
	start_program "$weir" bridge -i mid1 -I mid2 "$@"
	wait_for 10 grep -q "^weir bridge: forwarding" "$err" || { show; exit 1; }
}

start_program() {
	out=$netns_dir/bridge.out
	err=$netns_dir/bridge.err
	netns_spawn middle "$@" >"$out" 2>"$err"
	bridge_pid=$netns_pid
}

# Ends the bridge by SIGINT; its exit status in $rc.
stop_bridge() {
	kill -INT "$bridge_pid"
	rc=0
	wait_exit 10 "$bridge_pid" || rc=$?
}

# SIDE REGEX: what watch has recorded there, a line a frame.
seen_now() {
	tcpdump -n -e -v -r "$netns_dir/$1.pcap" 2>/dev/null | sed -E ':a; N; $!ba; s/\n +/ /g' |
		grep -E -- "$2" >/dev/null # to the end: -q would break the pipe
}

seen() {
	wait_for 10 seen_now "$@" || { show; exit 1; }
}

# SIDE: records what comes in there, for seen.
watch() {
	capture_start "$1" eth0 "$netns_dir/$1.pcap"
}

# DIRECTION MEMBER: a number of the JSON statistics.
figure() {
	jq ".directions[$1].$2" "$out"
}

test_tcp_passes_both_ways_without_a_word_about_offloads() {
	two_hosts
	start_bridge --json
	ping_works
	tcp_passes left right 10.9.0.2
	tcp_passes right left 10.9.0.1
	stop_bridge
	is "exit status" "$rc" 0
	is "frames one way" "$(figure 0 received)" "$(figure 0 forwarded)"
	is "frames back" "$(figure 1 received)" "$(figure 1 forwarded)"
	[ "$(figure 0 forwarded_bytes)" -gt 16777216 ]
}

test_tcp_passes_with_vlan_tags() {
	local side
	two_hosts
	for side in left right; do
		netns_exec "$side" ip link add link eth0 name tagged type vlan id 7 ||
			skip "this kernel has no VLAN devices"
		netns_exec "$side" ip link set tagged up
	done
	netns_exec left ip addr add 10.9.7.1/24 dev tagged
	netns_exec right ip addr add 10.9.7.2/24 dev tagged
	start_bridge
	tcp_passes left right 10.9.7.2
}

test_tcp_passes_through_af_xdp() {
	two_hosts
	start_program "$weir" bridge -i xdp:mid1 -I xdp:mid2
	ping_works
	tcp_passes left right 10.9.0.2 4
	tcp_passes right left 10.9.0.1 4
	stop_bridge
	is "exit status" "$rc" 0
	! netns_exec middle ip -d link show mid1 | grep -q xdp
}

# What programs leave to the kernel to cut, and where IPv6 has its checksums.
test_udp_that_is_to_be_cut_passes_over_ipv6() {
	local side got
	two_hosts
	for side in left right; do
		netns_exec "$side" sysctl -q -w net.ipv6.conf.eth0.disable_ipv6=0
	done
	netns_exec left ip addr add fd09::1/64 dev eth0 nodad
	netns_exec right ip addr add fd09::2/64 dev eth0 nodad
	start_bridge --portmap=7001:7000 --tclass=4
	netns_spawn right timeout 60 python3 -c 'if 1:
		import socket
		s = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
		s.bind(("", 7000))
		print("listening", flush=True)
		sizes = [len(s.recv(65536)) for _ in range(40)]
		print(set(sizes), flush=True)' >"$netns_dir/server"
	wait_for 10 grep -q listening "$netns_dir/server"
	wait_for 15 netns_exec left ping -q -c 1 -W 1 fd09::2 >/dev/null
	netns_exec left python3 -c 'if 1:
		import socket
		s = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
		s.setsockopt(socket.IPPROTO_UDP, 103, 1000)  # UDP_SEGMENT
		s.connect(("fd09::2", 7001))
		s.send(bytes(40000))'
	got=0
	wait_exit 20 "$netns_pid" || got=$?
	is "server's exit status" "$got" 0
	says "$netns_dir/server" "^\{1000\}$"
}

test_tcp_passes_stages_that_make_frames() {
	echo 'tcp_seg 400' >"$netns_dir/rules"
	two_hosts
	start_bridge --fragroute="$netns_dir/rules"
	watch right
	tcp_passes left right 10.9.0.2 1
	seen right "10.9.0.2.7000: .*length 400"
	stop_bridge
	is "exit status" "$rc" 0
	start_bridge --segment=1000
	tcp_passes left right 10.9.0.2 1
	stop_bridge
	is "exit status" "$rc" 0
}

test_tcp_passes_between_kinds_of_ports() {
	two_hosts
	start_program "$weir" bridge -i packet:mid1 -I xdp:mid2
	ping_works
	tcp_passes left right 10.9.0.2 4
	tcp_passes right left 10.9.0.1 4
	stop_bridge
	is "exit status" "$rc" 0
	says "$out" "Made of longer ones: +[1-9]"
}

test_tcp_passes_on_several_queues() {
	two_hosts numtxqueues 2 numrxqueues 2
	start_bridge -Q 2
	tcp_passes left right 10.9.0.2
	tcp_passes right left 10.9.0.1
}

test_edited_addresses_pass_tcp_with_and_without_offloads() {
	local map=10.9.0.1/32:10.9.0.77/32,10.9.0.77/32:10.9.0.1/32
	two_hosts
	start_bridge --pnat="$map" --ttl=33
	watch right
	ping_works
	tcp_passes left right 10.9.0.2
	netns_exec left ethtool -K eth0 tso off gso off tx off >/dev/null
	tcp_passes left right 10.9.0.2 2
	seen right "ttl 33.* 10.9.0.77.* > 10.9.0.2.*ICMP echo request"
	seen right "ttl 33.* 10.9.0.77.* > 10.9.0.2.7000: "
	! seen_now right "10\.9\.0\.1\b"
}

test_each_direction_is_edited_as_its_side() {
	two_hosts
	start_bridge --enet-smac=02:00:00:00:00:01,02:00:00:00:00:02
	watch left
	watch right
	ping_works
	seen right "02:00:00:00:00:01 > .*10.9.0.1 > 10.9.0.2: ICMP echo request"
	seen left "02:00:00:00:00:02 > .*10.9.0.2 > 10.9.0.1: ICMP echo reply"
}

test_filters_hold_in_their_direction() {
	two_hosts
	start_bridge --filter2="not icmp" --json
	ping_fails
	stop_bridge
	[ "$(figure 0 filtered)" = 0 ]
	[ "$(figure 1 filtered)" -ge 2 ]
	start_bridge --exclude=S:10.9.0.2/32 --json
	ping_fails
	stop_bridge
	[ "$(figure 1 filtered)" -ge 2 ]
	start_bridge --include=B:10.9.0.0/24 --filter="arp or icmp"
	ping_works
}

test_limit_counts_both_directions() {
	two_hosts
	start_bridge --limit=5 --json
	netns_exec left ping -q -c 4 -i 0.2 -W 1 10.9.0.2 >/dev/null || true
	rc=0
	wait_exit 10 "$bridge_pid" || rc=$?
	is "exit status" "$rc" 0
	is "frames" "$(jq .frames "$out")" 5
}

test_unidir_goes_one_way_and_a_trace_arrives_as_it_is() {
	netns_add left middle right
	netns_veth left eth0 middle mid1
	netns_veth right eth0 middle mid2
	start_bridge --unidir --guard=off
	record right eth0
	netns_exec left "$weir" replay -t -i packet:eth0 "$data/web.pcap" >/dev/null
	recorded right eth0 "$(frames_of "$data/web.pcap")" left eth0
	arrived eth0 "$data/web.pcap"
	stop_bridge
	is "exit status" "$rc" 0
	is "directions" "$(grep -c "^mid[12] to mid[12]:" "$out")" 1
}

# NAME IF SWITCH: puts the other end of an interface into a Linux bridge.
plug_in() {
	netns_veth "$1" "$2" switch "s$1$2"
	netns_exec switch ip link set "s$1$2" master br0
}

# Both ports in one switch, two hosts on it.
test_loop_does_not_storm() {
	netns_add switch left middle right
	netns_exec switch ip link add br0 type bridge
	netns_exec switch ip link set br0 up
	plug_in middle mid1
	plug_in middle mid2
	plug_in left eth0
	plug_in right eth0
	netns_exec left ip addr add 10.9.0.1/24 dev eth0
	netns_exec right ip addr add 10.9.0.2/24 dev eth0
	start_bridge --json
	# From the switch's own end of the cable: it comes on one side only.
	netns_exec switch python3 -c 'if 1:
		import socket
		s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
		s.bind(("smiddlemid1", 0))
		s.send(b"\xff" * 6 + b"\x02" + b"\0" * 5 + b"\x88\xb5" + bytes(46))'
	for _ in 1 2 3; do
		ping_works
		netns_exec left ip neigh flush dev eth0
	done
	stop_bridge
	[ "$(jq .frames "$out")" -lt 200 ] || { show; exit 1; }
	[ "$(jq '[.directions[].guard.looped] | add' "$out")" -gt 0 ]
	says "$err" "came on a loop"
}

test_own_frames_are_not_handed_on() {
	two_hosts
	netns_exec middle ip addr add 10.9.0.3/24 dev mid2
	start_bridge --json
	netns_exec middle ping -q -c 2 -i 0.2 -W 1 10.9.0.2 >/dev/null
	stop_bridge
	is "frames from the middle on the left" "$(figure 1 guard.own)" 0
	[ "$(netns_counter left eth0 rx_packets)" -le "$(figure 1 forwarded)" ]
}

test_link_may_go_down_and_come_back() {
	two_hosts
	start_bridge --json
	ping_works
	netns_exec right ip link set eth0 down
	ping_fails
	netns_exec right ip link set eth0 up
	ping_works
	netns_exec middle ip link set mid1 down
	netns_exec middle ip link set mid1 up
	ping_works
	stop_bridge
	[ "$(figure 0 'refused."the link is down"')" -gt 0 ] || { show; exit 1; }
	is "exit status" "$rc" 1
}

test_interface_that_is_deleted_ends_the_run_by_name() {
	two_hosts
	start_bridge
	ping_works
	netns_exec right ip link del eth0
	rc=0
	wait_exit 10 "$bridge_pid" || rc=$?
	is "exit status" "$rc" 1
	says "$err" "^weir bridge: mid2: No such device"
	says "$out" "^mid1 to mid2:"
}

test_missing_privilege_is_named() {
	two_hosts
	run netns_exec middle setpriv --bounding-set=-all --inh-caps=-all "$weir" bridge -i mid1 -I mid2
	is "exit status" "$rc" 1
	says "$err" "CAP_NET_RAW"
}

test_wrong_usage_names_option_and_value() {
	two_hosts
	for words in "--filter1=tcp+prt:filter1" "--include=Z:1:include" "--mac=zz:zz" \
		"--guard=maybe:maybe" "--ttl=many:many"; do
		option=${words%:*}
		run netns_exec middle "$weir" bridge -i mid1 -I mid2 "${option/+/ }"
		is "exit status" "$rc" 2
		says "$err" "${words##*:}"
	done
	run "$weir" bridge -i null: -I null:
	is "exit status" "$rc" 2
	run "$weir" bridge -i mid1
	is "exit status" "$rc" 2
	says "$err" "intf2"
}

test_statistics_on_the_way_and_at_the_end() {
	two_hosts
	start_bridge --stats=1 --pid
	says "$err" "^PID: $bridge_pid$"
	ping_works
	kill -USR1 "$bridge_pid"
	wait_for 10 grep -q "^mid1 to mid2: [0-9]+ frames/s" "$out" -E
	says "$out" "Received packets: +[1-9]"
	kill -TERM "$bridge_pid"
	rc=0
	wait_exit 10 "$bridge_pid" || rc=$?
	is "exit status" "$rc" 0
	says "$out" "^Actual: [1-9][0-9]* packets"
	says "$out" "^mid2 to mid1:"
}

test_verbose_prints_the_edited_frames() {
	two_hosts
	start_bridge --verbose --decode=-v --ttl=44
	ping_works
	stop_bridge
	says "$out" "ttl 44"
	says "$out" "echo reply"
}

test_files_are_ports_too() {
	run "$weir" bridge --unidir -i "file:$data/web.pcap" -I "file:$netns_dir/copy.pcap" --guard=off
	is "exit status" "$rc" 0
	trace compare "$netns_dir/copy.pcap" "$data/web.pcap"
}

test_frames_are_cut_on_their_way() {
	printf 'tcp_seg 100\nip_frag 64\norder random\n' >"$netns_dir/rules"
	run "$weir" bridge --unidir -i "file:$data/web.pcap" -I "file:$netns_dir/copy.pcap" --guard=off \
		--fragroute="$netns_dir/rules" --segment=600
	is "exit status" "$rc" 0
	"$weir" edit -i "$data/web.pcap" -o "$netns_dir/want" --fragroute="$netns_dir/rules" --segment=600
	trace compare "$netns_dir/copy.pcap" "$netns_dir/want"
	echo "delay first 5" >"$netns_dir/rules"
	run "$weir" bridge --unidir -i "file:$data/web.pcap" -I "file:$netns_dir/copy.pcap" --guard=off \
		--fragroute="$netns_dir/rules"
	is "exit status" "$rc" 2
	says "$err" "cannot be held back"
}

test_as_tcpbridge() {
	two_hosts
	start_program "$tcpbridge" -i mid1 -I mid2 -P -M 00:11:22:33:44:55 -x P:1-2
	ping_works
	stop_bridge
	is "exit status" "$rc" 0
	is "lines" "$(wc -l <"$out")" 2
	says "$out" "^Actual: [1-9][0-9]* packets \([0-9]+ bytes\) sent in [0-9.]+ seconds$"
	says "$out" "^Rated: [0-9.]+ Bps, [0-9.]+ Mbps, [0-9.]+ pps$"
	says "$err" "^PID: [0-9]+$"
	run netns_exec middle "$tcpbridge" --listnics
	says "$out" "^Available network interfaces:$"
	says "$out" "^mid1$"
	is "exit status" "$rc" 0
	run netns_exec middle "$tcpbridge" -i mid1 -I mid1
	is "exit status" "$rc" 255
	says "$err" "^Fatal Error: Whoa tiger!  You don't want to use mid1 twice!$"
	run netns_exec middle "$tcpbridge" -i mid1 -I nowhere0
	is "exit status" "$rc" 255
	says "$err" "^Fatal Error: Invalid interface name/alias: nowhere0$"
	run netns_exec middle "$tcpbridge"
	is "exit status" "$rc" 1
	says "$err" "The intf1 option is required"
}

run_tests
