#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# weir split tells sides apart, and tcpprep writes the caches that it always wrote.
# shellcheck source=tests/e2e/lib.sh
. "${BASH_SOURCE%/*}/lib.sh"

bin=${weir%/*}/bin

split() { # FILE ARGUMENTS...: into $netns_dir/cache
	run "$weir" split -i "$data/$1" -o "$netns_dir/cache" "${@:2}"
	is "exit status" "$rc" 0
}

# How many frames go to the primary and the secondary port, and to none.
sums() {
	"$weir" split --print-stats="$netns_dir/cache" | grep -oE '[0-9]+$' | head -3 | tr '\n' ' '
}

test_clients_and_servers_are_found() {
	split web.pcap --auto=first
	is "web" "$(sums)" "23 14 0 "
	split web6.pcap --auto=client
	grep -q . <(sums)
	split web.pcap --auto=router --reverse
	is "reversed" "$(sums)" "14 23 0 "
}

test_sides_of_ipv6_are_kept_apart() {
	split web6.pcap --auto=first
	is "tcpprep's one host" "$("$bin/tcpprep" -a first -i "$data/web6.pcap" \
		-o "$netns_dir/old" 2>/dev/null; "$weir" split --print-info="$netns_dir/old" |
		awk '{ print $4 }' | sort -u | wc -l)" 1
	is "two sides" "$("$weir" split --print-info="$netns_dir/cache" | awk '{ print $4 }' | sort -u | wc -l)" 2
}

test_tcpprep_writes_what_it_always_wrote() {
	python3 "$e2e_root/tools/golden.py" check --program "$bin/tcpprep" "$data/tcpprep.sums"
}

test_two_traces_hold_the_frames_of_the_two_sides() {
	split web.pcap -c 192.0.2.1 --out-client="$netns_dir/c" --out-server="$netns_dir/s"
	is "frames" "$(($(frames_of "$netns_dir/c") + $(frames_of "$netns_dir/s")))" \
		"$(frames_of "$data/web.pcap")"
	if command -v tshark >/dev/null; then
		is "clients" "$(tshark -r "$netns_dir/c" -Y ip -T fields -e ip.src 2>/dev/null |
			sort -u)" 192.0.2.1
		is "servers" "$(tshark -r "$netns_dir/s" -Y ip -T fields -e ip.src 2>/dev/null |
			sort -u)" 192.0.2.2
	fi
}

test_rules_leave_frames_out() {
	split web.pcap -a first -x P:1-10
	is "by number" "$(sums | cut -d ' ' -f 3)" 27
	split web.pcap -a first -X F:arp
	is "by filter" "$(sums | cut -d ' ' -f 3)" 2
}

test_pipes_work() {
	"$weir" split -a first --no-arg-comment -i - -o "$netns_dir/a" <"$data/web.pcap"
	"$weir" split -a first --no-arg-comment -i "$data/web.pcap" -o "$netns_dir/b"
	cmp "$netns_dir/a" "$netns_dir/b"
}

test_workers_find_the_same() {
	"$weir" gen 'Ether()/IP(src="10.0.0.0/22",dst="10.1.0.1")/UDP(dport=(50,60))/DNS()' \
		-n 20000 -w "$netns_dir/long.pcap"
	for mode in router client first; do
		for n in 1 2 3; do
			run "$weir" split -a "$mode" --no-arg-comment --workers="$n" \
				-i "$netns_dir/long.pcap" -o "$netns_dir/by$n"
			is "exit status" "$rc" 0
		done
		cmp "$netns_dir/by1" "$netns_dir/by2"
		cmp "$netns_dir/by1" "$netns_dir/by3"
	done
}

test_caches_tell_what_they_hold() {
	split web.pcap -a first -C "a comment"
	run "$weir" split --print-comment="$netns_dir/cache"
	says "$out" "^tcpprep args: -i .*web\.pcap -o .*cache -a first$"
	says "$out" "^a comment$"
	says "$out" "^Cache contains data for 37 packets$"
	run "$weir" split --print-info="$netns_dir/cache"
	says "$out" "^Packet 3 -> Primary$"
}

test_a_bridge_says_whom_it_cannot_tell() {
	run "$weir" split -a bridge -i "$data/ping.pcap" -o "$netns_dir/no"
	is "exit status" "$rc" 1
	says "$err" "cannot tell whether .* is a client or a server"
	[ ! -e "$netns_dir/no" ]
}

test_wrong_usage_is_said() {
	run "$weir" split -i "$data/web.pcap" -o "$netns_dir/no"
	is "exit status" "$rc" 2
	says "$err" "Must specify a processing mode"
	run "$weir" split -i "$data/web.pcap" -o "$netns_dir/no" -c 10.0.0.0/8,foo
	is "exit status" "$rc" 2
	says "$err" 'cidr: "10\.0\.0\.0/8,foo", at 12: foo is not an IPv4 address'
	run "$weir" split -a first -i "$data/web.pcap"
	is "exit status" "$rc" 2
	run "$weir" split -i "$data/web.pcap" -o "$netns_dir/no" -a first -x F:
	is "exit status" "$rc" 2
	says "$err" 'include: "F:", at 3: a filter expected'
}

test_a_trace_without_an_interface_is_refused_by_tcpprep() {
	make_without_interface "$netns_dir/empty"
	run "$bin/tcpprep" -p -i "$netns_dir/empty" -o "$netns_dir/no"
	is "exit status" "$rc" 255
	says "$err" "the capture file has no Interface Description Blocks$"
}

run_tests
