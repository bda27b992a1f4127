#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# weir diff tells what became of frames.
# shellcheck source=tests/e2e/lib.sh
. "${BASH_SOURCE%/*}/lib.sh"

count() { # JQ-FILTER
	jq -r "$1" "$out"
}

test_a_replay_is_proved_by_what_was_recorded() {
	local n
	veth_pair
	n=$(frames_of "$data/web.pcap")
	record right veth1
	run_weir replay -t -i packet:veth0 "$data/web.pcap"
	recorded right veth1 "$n" left veth0
	run "$weir" diff --json "$data/web.pcap" "$netns_dir/veth1.pcap"
	is "exit status" "$rc" 3 # the mark at the end of the recording is an extra frame
	is "same" "$(count .same)" "$n"
	is "the rest" "$(count '"\(.changed) \(.missing) \(.extra) \(.moved)"')" "0 0 1 0"
	is "delays" "$(count .delay.frames)" "$n"
}

test_an_edit_shows_in_what_it_changed() {
	local n
	n=$(frames_of "$data/web.pcap")
	"$weir" edit -i "$data/web.pcap" -o "$netns_dir/edited.pcap" --ttl=-1 --enet-dmac=02:00:00:00:00:09
	run "$weir" diff --json -n 1 "$data/web.pcap" "$netns_dir/edited.pcap"
	is "exit status" "$rc" 3
	is "changed" "$(count .changed)" "$n"
	is "fields" "$(count '.fields | keys | join(",")')" "IP checksum,TTL,destination MAC"
	is "differences listed" "$(count '.differences | length')" 1
	run "$weir" diff -q --ignore=mac,ttl "$data/web.pcap" "$netns_dir/edited.pcap"
	is "exit status" "$rc" 0
}

test_json_holds_any_name_and_whole_delays() {
	local name=$netns_dir/$'\xff.pcap' later=1234567890123456789
	"$weir" gen 'Ether()/IP()/UDP(sport=(1,3))' -w "$name"
	python3 - "$netns_dir" "$e2e_root/tools" "$later" <<-'END'
		import sys
		sys.path.insert(0, sys.argv[2])
		import trace
		frames = trace.read(sys.argv[1] + "/\udcff.pcap")
		late = [f._replace(ns=i + int(sys.argv[3])) for i, f in enumerate(frames)]
		early = [f._replace(ns=i) for i, f in enumerate(frames)]
		trace.write_pcap(sys.argv[1] + "/early.pcap", early, "<", 1)
		trace.write_pcap(sys.argv[1] + "/\udcff.pcap", late, "<", 1)
	END
	run "$weir" diff --json "$netns_dir/early.pcap" "$name"
	is "exit status" "$rc" 0
	is "names" "$(count '.traces[].name' | xargs)" "$netns_dir/early.pcap $netns_dir/?.pcap"
	grep -q "\"p50_ns\": $later,$" "$out"
}

test_text_lists_what_differs() {
	local n
	n=$(frames_of "$data/dns.pcap")
	editcap "$data/dns.pcap" "$netns_dir/less.pcap" 3 5
	run "$weir" diff "$data/dns.pcap" "$netns_dir/less.pcap"
	is "exit status" "$rc" 3
	says "$out" "^- 3 -$"
	says "$out" "^- 5 -$"
	says "$out" "^Missing: +2$"
	says "$out" "^Same: +$((n - 2))$"
	run "$weir" diff "$data/dns.pcap" "$data/dns.pcapng"
	is "exit status" "$rc" 0
}

test_wrong_words_pipes_and_damage_are_told() {
	run "$weir" diff --ignore=mac,tll "$data/dns.pcap" "$data/dns.pcap"
	is "exit status" "$rc" 2
	says "$err" "'tll' at place 5"
	run "$weir" diff "$data/dns.pcap" - <"$data/web.pcap"
	is "exit status" "$rc" 1
	says "$err" "only files"
	head -c 900 "$data/dns.pcap" >"$netns_dir/cut.pcap"
	run "$weir" diff "$data/dns.pcap" "$netns_dir/cut.pcap"
	is "exit status" "$rc" 1
	says "$err" "cut\.pcap"
	says "$out" "^Missing: +[1-9]"
}

run_tests
