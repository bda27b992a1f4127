#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# weir replay edits frames and tells their sides on their way out, and tcpreplay-edit does
# as it always did.
# shellcheck source=tests/e2e/lib.sh
. "${BASH_SOURCE%/*}/lib.sh"

bin=${weir%/*}/bin

two_veth_pairs() {
	veth_pair
	netns_veth left veth2 right veth3
	record right veth1
	record right veth3
}

# FILE ARGUMENTS...: what weir edit makes of it, into $netns_dir/edited
edit() {
	"$weir" edit -i "$1" -o "$netns_dir/edited" "${@:2}"
}

# ARGUMENTS...: replays into $netns_dir/sent or, with two ports, sent1 and sent2
replay() {
	run "$weir" replay -t -q -i "file:$netns_dir/sent" "$@"
	is "exit status" "$rc" 0
}

replay_both() {
	run "$weir" replay -t -q -i "file:$netns_dir/sent1" -I "file:$netns_dir/sent2" "$@"
	is "exit status" "$rc" 0
}

test_what_arrives_is_what_weir_edit_makes() {
	local options="--pnat=192.0.2.0/24:10.9.8.0/24 --ttl=7 -r 80:8080 --enet-vlan=add --enet-vlan-tag=5"
	# shellcheck disable=SC2086 # several words
	edit "$data/web.pcap" $options
	veth_pair
	for how in "" -K; do
		# shellcheck disable=SC2086
		replay_and_capture 74 replay -t $how -l 2 $options -i packet:veth0 "$data/web.pcap"
		is "exit status" "$rc" 0
		arrived veth1 --loop 2 "$netns_dir/edited"
	done
}

test_frames_that_grow_and_shrink_are_as_weir_edit_makes_them() {
	for file in web6 vlan; do
		for options in "--enet-vlan=add --enet-vlan-tag=1" "--mtu-trunc --mtu=200" --efcs \
			"--dlt=hdlc --hdlc-address=1 --hdlc-control=2" "--dlt=user --user-dlink=1,2,3"; do
			# shellcheck disable=SC2086
			edit "$data/$file.pcap" $options
			for how in "" -K; do
				# shellcheck disable=SC2086
				replay $how $options "$data/$file.pcap"
				trace compare "$netns_dir/sent" "$netns_dir/edited"
			done
		done
	done
}

test_another_link_layer_goes_to_an_ethernet_port() {
	edit "$data/web.pcap" --dlt=hdlc --hdlc-address=15 --hdlc-control=0
	mv "$netns_dir/edited" "$netns_dir/hdlc"
	edit "$netns_dir/hdlc" --dlt=enet --enet-smac=02:00:00:00:00:01 --enet-dmac=02:00:00:00:00:02
	veth_pair
	replay_and_capture 37 replay -t -i packet:veth0 --dlt=enet --enet-smac=02:00:00:00:00:01 \
		--enet-dmac=02:00:00:00:00:02 --json "$netns_dir/hdlc"
	is "exit status" "$rc" 0
	is "link type" "$(jq .trace.linktype "$out")" 1
	is "flows" "$(jq '.flows.unique > 0' "$out")" true
	is "messages" "$(cat "$err")" ""
	arrived veth1 "$netns_dir/edited"
	run_weir replay -t -i packet:veth0 "$netns_dir/hdlc"
	says "$err" "link type 104 but the port sends 1; .*--dlt=enet"
}

test_frames_that_do_not_get_the_link_layer_stay_behind() {
	# 802.3 frames have no type to tell HDLC.
	{
		head -c 24 "$data/web.pcap"
		printf '\1\0\0\0\0\0\0\0\74\0\0\0\74\0\0\0'
		printf '\1\200\302\0\0\0\2\0\0\0\0\1\0\46\102\102\3'
		head -c 43 /dev/zero
		tail -c +25 "$data/web.pcap"
	} >"$netns_dir/mixed"
	run "$weir" replay -t -i "file:$netns_dir/sent" --dlt=hdlc --hdlc-address=1 \
		--hdlc-control=2 --json "$netns_dir/mixed"
	is "exit status" "$rc" 1
	is "left out" "$(jq -c .edit "$out")" \
		'{"not_edited":{"the new link type cannot carry it":1},"left_out":1}'
	says "$err" "1 frames not sent: not of the new link type"
	is "frames" "$(frames_of "$netns_dir/sent")" 37
}

test_edits_do_not_ask_how_a_trace_is_loaded() {
	for options in "--fuzz-seed=3 --fuzz-factor=2" "--unique-ip --ttl=9" "--seed=4 --unique-ip"; do
		# shellcheck disable=SC2086
		replay -l 3 $options "$data/web.pcap"
		mv "$netns_dir/sent" "$netns_dir/streamed"
		# shellcheck disable=SC2086
		replay -K -l 3 $options "$data/web.pcap"
		trace compare "$netns_dir/sent" "$netns_dir/streamed"
	done
}

test_what_cannot_be_edited_is_told() {
	replay --enet-vlan=del "$data/web.pcap" "$data/dns.pcap"
	says "$err" "55 frames not edited: it has no such VLAN tag \(the first is frame 1 of .*web\.pcap\)"
	trace compare "$netns_dir/sent" "$data/web.pcap" "$data/dns.pcap"
	replay -l 2 --json --enet-vlan=del "$data/web.pcap"
	is "reasons" "$(jq -c .edit "$out")" '{"not_edited":{"it has no such VLAN tag":37},"left_out":0}'
	replay_both --dualfile --enet-vlan=del "$data/vlan.pcap" "$data/web.pcap"
	says "$err" "37 frames not edited: .* \(the first is frame 1 of .*web\.pcap\)"
	replay --json "$data/web.pcap"
	is "without edits" "$(jq .edit "$out")" null
}

test_strict_sends_nothing_of_a_preloaded_trace() {
	strict() {
		run "$weir" replay -t --strict --enet-vlan=del -w "$netns_dir/sent" "$@" \
			"$data/vlan.pcap" "$data/web.pcap"
		is "exit status" "$rc" 1
		says "$err" "web\.pcap: frame 1 cannot be edited: it has no such VLAN tag"
		is "lines" "$(wc -l <"$err")" 1
	}
	strict -K
	[ ! -e "$netns_dir/sent" ]
	strict
	is "frames before it" "$(frames_of "$netns_dir/sent")" 12
}

test_sides_on_the_fly_are_those_of_a_cache() {
	for file in web web6 bulk dns; do
		for mode in router client server first port regex=1 cidr=192.0.2.1 mac=02:00:00:00:00:01; do
			local option=--auto=$mode
			[[ $mode = *=* || $mode = port ]] && option=--$mode
			"$weir" split -i "$data/$file.pcap" -o "$netns_dir/cache" "$option" --nonip
			replay_both -c "$netns_dir/cache" "$data/$file.pcap"
			mv "$netns_dir/sent1" "$netns_dir/want1"
			mv "$netns_dir/sent2" "$netns_dir/want2"
			replay_both --split="$mode" --split-nonip -l 1 "$data/$file.pcap"
			cmp "$netns_dir/sent1" "$netns_dir/want1"
			cmp "$netns_dir/sent2" "$netns_dir/want2"
		done
	done
}

test_several_files_are_one_trace_to_be_split() {
	replay "$data/web.pcap" "$data/bulk.pcap" "$data/dns.pcap"
	"$weir" split -i "$netns_dir/sent" -o "$netns_dir/cache" -a client -R 1.5 -X S:192.0.2.9
	replay_both -l 2 -c "$netns_dir/cache" "$netns_dir/sent"
	mv "$netns_dir/sent1" "$netns_dir/want1"
	mv "$netns_dir/sent2" "$netns_dir/want2"
	for how in "" -K; do
		# shellcheck disable=SC2086
		replay_both $how -l 2 --split=client --split-ratio=1.5 --split-exclude=S:192.0.2.9 \
			"$data/web.pcap" "$data/bulk.pcap" "$data/dns.pcap"
		trace compare "$netns_dir/sent1" "$netns_dir/want1"
		trace compare "$netns_dir/sent2" "$netns_dir/want2"
	done
}

test_both_sides_arrive_edited_by_side() {
	"$weir" split -i "$data/web.pcap" -o "$netns_dir/cache" -a first
	edit "$data/web.pcap" -c "$netns_dir/cache" -e 10.0.0.1:10.0.0.2 --fixcsum
	replay_both -c "$netns_dir/cache" "$netns_dir/edited"
	two_veth_pairs
	run_weir replay -t --split=first -e 10.0.0.1:10.0.0.2 --fixcsum -i packet:veth0 \
		-I packet:veth2 "$data/web.pcap"
	is "exit status" "$rc" 0
	recorded right veth1 23 left veth0
	recorded right veth3 14 left veth2
	arrived veth1 "$netns_dir/sent1"
	arrived veth3 "$netns_dir/sent2"
}

test_a_pipe_is_split_only_if_one_look_is_enough() {
	run "$weir" replay -t -i null: -I null: --split=router - <"$data/web.pcap"
	is "exit status" "$rc" 1
	says "$err" "reads the trace twice, which standard input cannot be"
	replay_both --split=cidr=192.0.2.1 "$data/web.pcap"
	mv "$netns_dir/sent1" "$netns_dir/want1"
	replay_both --split=cidr=192.0.2.1 - <"$data/web.pcap"
	cmp "$netns_dir/sent1" "$netns_dir/want1"
}

test_wrong_usage_is_said() {
	run "$weir" replay -i null: -I null: "$data/web.pcap"
	is "exit status" "$rc" 2
	says "$err" "--intf2 needs --cachefile, --dualfile or --split"
	run "$weir" replay -i null: --split=first "$data/web.pcap"
	is "exit status" "$rc" 2
	run "$weir" replay -i null: -I null: --split=firsts "$data/web.pcap"
	is "exit status" "$rc" 2
	says "$err" "--split: 'firsts' is none of bridge, "
	run "$weir" replay -i null: -e 1.1.1.1:2.2.2.2 "$data/web.pcap"
	is "exit status" "$rc" 2
	run "$weir" replay -i null: -N 10.0.0.0/8:1.2.3.4/40 "$data/web.pcap"
	is "exit status" "$rc" 2
	says "$err" 'pnat: ".*", at 20: the number is more than 32'
	run "$weir" gen 'Ether()/IP()' -i null: --ttl=4
	is "exit status" "$rc" 2
	run "$bin/tcpreplay" -i null: --ttl=4 "$data/web.pcap"
	is "exit status" "$rc" 1
}

test_tcpreplay_edit_sends_what_tcprewrite_writes() {
	veth_pair
	for options in --ttl=+5 "-s 42" "--mtu-trunc -m 500" "--enet-vlan=add --enet-vlan-tag=9" ""; do
		# shellcheck disable=SC2086
		"$bin/tcprewrite" -i "$data/web.pcap" -o "$netns_dir/edited" $options
		record right veth1
		# shellcheck disable=SC2086
		run netns_exec left "$bin/tcpreplay-edit" -t -l 2 -i veth0 $options "$data/web.pcap"
		recorded right veth1 74 left veth0
		is "exit status" "$rc" 0
		arrived veth1 --loop 2 "$netns_dir/edited"
	done
}

test_tcpreplay_edit_splits_by_cache() {
	"$bin/tcpprep" -a client -i "$data/web.pcap" -o "$netns_dir/cache"
	"$bin/tcprewrite" -i "$data/web.pcap" -o "$netns_dir/edited" -c "$netns_dir/cache" \
		-e 10.0.0.1:10.0.0.2
	replay_both -c "$netns_dir/cache" "$netns_dir/edited"
	two_veth_pairs
	run netns_exec left "$bin/tcpreplay-edit" -t -c "$netns_dir/cache" -e 10.0.0.1:10.0.0.2 \
		-i veth0 -I veth2 "$data/web.pcap"
	is "exit status" "$rc" 0
	recorded right veth1 "$(frames_of "$netns_dir/sent1")" left veth0
	recorded right veth3 "$(frames_of "$netns_dir/sent2")" left veth2
	arrived veth1 "$netns_dir/sent1"
	arrived veth3 "$netns_dir/sent2"
}

test_tcpreplay_edit_fails_as_it_always_did() {
	tcpreplay_edit() {
		run "$bin/tcpreplay-edit" -t -w "$netns_dir/sent" "$@"
	}
	tcpreplay_edit --unique-ip -l 2 -s 4 "$data/web.pcap"
	is "exit status" "$rc" 1
	says "$err" "^tcpreplay-edit error:  the 'unique-ip' and 'seed' options conflict"
	tcpreplay_edit -e 1.1.1.1:2.2.2.2 "$data/web.pcap"
	is "exit status" "$rc" 1
	says "$err" "^tcpreplay-edit error:  endpoints option requires the cachefile option"
	tcpreplay_edit -K -l 2 "$data/web.pcap"
	is "exit status" "$rc" 255
	says "$err" "^Fatal Error: .*tcpreplay_edit --loop \(-l\) and --preload_pcap \(-K\) options are mutually exclusive"
	tcpreplay_edit --dlt=foo "$data/web.pcap"
	is "exit status" "$rc" 255
	says "$err" "No output DLT plugin available for: foo"
	tcpreplay_edit --json "$data/web.pcap"
	is "exit status" "$rc" 1
	says "$err" "illegal option -- json"
	"$weir" edit -i "$data/web.pcap" -o "$netns_dir/whole" # of which frame 3 is then cut
	printf '\377' | dd of="$netns_dir/whole" bs=1 seek=$((24 + 2 * (16 + 42) + 12)) conv=notrunc \
		status=none
	tcpreplay_edit --fixlen=del "$netns_dir/whole"
	is "exit status" "$rc" 255
	says "$err" "^Fatal Error: Error editing packet #3: "
}

run_tests
