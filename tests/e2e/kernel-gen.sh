#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# Frames that are made inside the kernel: weir gen to kernel: ports.
# shellcheck source=tests/e2e/lib.sh
. "${BASH_SOURCE%/*}/lib.sh"

base='Ether(src="02:00:00:00:00:01",dst="02:00:00:00:00:02")/IP(src="10.0.0.1",dst="10.0.0.2")'

# GEN-ARGUMENTS...: frames that the program makes are those that a file would hold.
made_exactly() {
	"$weir" gen "${made_args[@]}" "$@" -w "$netns_dir/made.pcap"
	record right veth1
	run_weir gen "${made_args[@]}" "$@" --json -i "kernel:veth0$made_option"
	recorded right veth1 "$(frames_of "$netns_dir/made.pcap")" left veth0
	is "exit status" "$rc" 0
	is "who makes them" "$(jq -r '.ports[0].note' "$out")" "frames are made in the kernel"
	arrived veth1 "$netns_dir/made.pcap"
}

# All kinds of fields, and up to nine of them.
ether='Ether(src="02:00:00:00:00:01",dst="02:00:00:00:00:02")'
templates=(
	"$base/UDP()/'constant'"
	"$ether/IP(src='10.0.0.0/30',dst='10.1.0.0/29')/UDP(sport=(1,5))"
	"$ether/IP(dst=['192.0.2.1','192.0.2.7','198.51.100.200'])/TCP(dport=[80,443,8080,9],flags='S')"
	"$ether/IP(src=RandIP('10.0.0.0/8'),dst=RandIP('11.0.0.0/8'),id=RandShort(),ttl=RandNum(3,200))/UDP(sport=RandShort(),dport=RandShort())/('a'*99)"
	"Ether(src=RandMAC('02:00:*:*:*:*'),dst='02:00:00:00:00:02')/IP(id=Inc(1,5),tos=Dec(9,3))/UDP(sport=RandChoice(53,80,(1000,1009)))"
	"$ether/IPv6(src='2001:db8::/124',dst=RandIP6('2001:db8:1::/64'))/UDP(sport=(1,9))/('b'*800)"
	"$ether/IP(src='10.9.0.0/29')/UDP()/VXLAN(vni=(5,9))/$ether/IP(dst='10.0.0.0/28')/TCP(seq=RandInt())"
	"$ether/IP(src=['10.0.0.7','10.0.0.9'],dst='10.0.0.1',id=(0,2),ttl=(8,9),tos=[0,8])/TCP(sport=(1,2),dport=[5,7],seq=RandInt(),window=(0,9),flags='S')"
	"$ether/Dot1Q(vlan=(1,4094))/IP(src='10.0.0.1')/UDP()"
)

# HOW... -- TEMPLATE...
all_made_exactly() {
	local how=() t
	while [ "$1" != -- ]; do
		how+=("$1")
		shift
	done
	shift
	kernel_pair
	for t; do
		made_args=("$t" --seed=11)
		made_exactly "${how[@]}"
	done
}

test_frames_made_in_the_kernel_are_those_of_a_file() {
	made_option='' all_made_exactly -n 200 -- "${templates[@]}"
}

# Not the last one: the receiver takes tags out of the page itself.
test_frames_made_in_pages_that_keep_them_are_the_same() {
	made_option=,keep all_made_exactly -n 200 -- "${templates[@]:1:4}"
}

test_paced_frames_made_in_the_kernel_are_those_of_a_file() {
	made_option='' all_made_exactly -n 600 --pps=20000 -- "${templates[@]:2:3}"
}

test_long_and_short_frames_are_made_whole() {
	local n made_option=''
	kernel_pair
	made_args=("$base/UDP(sport=(1,9))")
	for n in 42 63 64 256 257 1514; do
		made_exactly -n 100 --size="$n" --no-fcs
	done
}

# A set that ends within the run, and begins anew.
test_sets_begin_anew() {
	local made_option=''
	kernel_pair
	made_args=("$base/UDP(sport=(1,3),dport=(1,7))")
	made_exactly --loop=9
	made_args=("$base/UDP(sport=(1,100))")
	made_exactly --loop=2
}

# Each worker makes its share.
test_two_workers_make_all_frames() {
	kernel_pair
	"$weir" gen "$base/UDP(sport=(1,1000))" -n 1000 -w "$netns_dir/made.pcap"
	record right veth1
	run_weir gen "$base/UDP(sport=(1,1000))" -n 1000 --pps=20000 --workers=2 \
		--shard=round-robin --json -i kernel:veth0@0-1
	recorded right veth1 1000 left veth0
	is "exit status" "$rc" 0
	is "who makes them" "$(jq -r '.ports[0].note' "$out")" "frames are made in the kernel"
	arrived veth1 --by-flow "$netns_dir/made.pcap"
}

test_what_the_program_cannot_make_is_made_outside() {
	kernel_pair
	"$weir" gen "$base/UDP()" --size=60-1400 --seed=3 -n 200 -w "$netns_dir/made.pcap"
	record right veth1
	run_weir gen "$base/UDP()" --size=60-1400 --seed=3 -n 200 --json -i kernel:veth0
	recorded right veth1 200 left veth0
	is "exit status" "$rc" 0
	is "why" "$(jq -r '.ports[0].note' "$out")" \
		"frames are not made in the kernel: they have several sizes"
	arrived veth1 "$netns_dir/made.pcap"
	run_weir gen "$base/UDP(sport=(1,9))" -n 20 --workers=2 --json -i kernel:veth0@0-1
	is "why" "$(jq -r '.ports[0].note' "$out")" \
		"frames are not made in the kernel: they are shared out by flow"
}

test_rates_limits_and_lateness_hold_for_frames_that_are_made() {
	local before
	kernel_pair
	run_weir gen "$base/UDP(sport=(1,9))" --pps=2000 -n 700 --json -i kernel:veth0
	is "exit status" "$rc" 0
	is "frames" "$(jq .frames "$out")" 700
	is "frames that had a time" "$(jq .lateness.frames "$out")" 700
	before=$(arrived_at_the_device)
	is "frames" "$before" 700
	run_weir gen "$base/UDP()" --size=400 -t --duration=1 --json -i kernel:veth0
	is "stopped" "$(jq .stopped "$out")" true
	is "frames that the device took" "$(jq .frames "$out")" "$(($(arrived_at_the_device) - before))"
}

test_made_frames_too_long_are_counted_and_never_cut() {
	kernel_pair mtu 300
	run_weir gen "$base/UDP(sport=(1,9))" --size=400 -n 50 -i kernel:veth0
	is "exit status" "$rc" 1
	is "frames sent" "$(sent)" 0
	says "$err" "50 frames were not sent: too long"
	is "frames" "$(arrived_at_the_device)" 0
}

run_tests
