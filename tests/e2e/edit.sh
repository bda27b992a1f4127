#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# weir edit changes what it is asked to, and tcprewrite writes what it always wrote.
# shellcheck source=tests/e2e/lib.sh
. "${BASH_SOURCE%/*}/lib.sh"

bin=${weir%/*}/bin

edit() { # FILE ARGUMENTS...: into $netns_dir/edited
	run "$weir" edit -i "$data/$1" -o "$netns_dir/edited" "${@:2}"
	is "exit status" "$rc" 0
}

# FIELDS...: of each frame that was edited, as Wireshark reads them.
fields() {
	tshark -r "$netns_dir/edited" -o ip.check_checksum:TRUE -o tcp.check_checksum:TRUE \
		-o udp.check_checksum:TRUE -T fields "${@/#/-e}" 2>/dev/null
}

# No checksum is bad, as an independent program sees it, and some were looked at.
checksums_are_right() {
	local sums
	sums=$(fields ip.checksum.status tcp.checksum.status udp.checksum.status \
		icmp.checksum.status icmpv6.checksum.status)
	is "bad checksums" "$(grep -c 0 <<<"$sums" || true)" 0
	grep -q 1 <<<"$sums" || { echo "no checksum was looked at"; exit 1; }
}

test_nothing_changes_unasked() {
	for file in "$data"/*.pcap; do
		edit "${file##*/}"
		trace compare "$netns_dir/edited" "$file"
	done
}

test_fields_are_as_asked_and_checksums_stay_right() {
	command -v tshark >/dev/null || skip "tshark is not installed"
	for file in web.pcap web6.pcap dns.pcap vlan.pcap; do
		edit "$file" -N '192.0.2.0/24:10.9.8.0/24,[2001:db8::/32]:[fd00::/32]' --ttl=7 \
			-r 80:8080 --tcp-sequence=5 --tos=0 --enet-smac=02:00:00:00:00:99
		checksums_are_right
		is "source MACs" "$(fields eth.src | sort -u)" 02:00:00:00:00:99
		is "TTLs" "$(fields ip.ttl ipv6.hlim | grep -v '^	$\|255' | tr -d '\t' | sort -u)" 7
		is "old addresses" "$(fields ip.src ip.dst ipv6.src ipv6.dst |
			grep -cE '192\.0\.2|2001:db8' || true)" 0
		is "old ports" "$(fields tcp.port | grep -cE '\b80\b' || true)" 0
	done
}

test_each_edit_changes_only_its_field() {
	command -v tshark >/dev/null || skip "tshark is not installed"
	before=$(tshark -r "$data/web.pcap" -T fields -e eth.src -e ip.src -e ip.ttl -e tcp.seq_raw \
		-e tcp.port -e data 2>/dev/null)
	edit web.pcap --ttl=9
	after=$(fields eth.src ip.src ip.ttl tcp.seq_raw tcp.port data)
	is "all but the TTL" "$(cut -f 1,2,4- <<<"$after")" "$(cut -f 1,2,4- <<<"$before")"
	is "the TTL" "$(cut -f 3 <<<"$after" | grep . | sort -u)" 9
}

test_many_sets_of_edits_change_what_was_asked_for() {
	command -v tshark >/dev/null || skip "tshark is not installed"
	python3 "$e2e_root/tests/e2e/edited.py" "$weir"
}

test_tags_go_in_and_out() {
	edit web.pcap --enet-vlan=add --enet-vlan-tag=45 --enet-vlan-pri=3
	if command -v tshark >/dev/null; then
		is "tags" "$(fields vlan.id vlan.priority | sort -u)" "45	3"
	fi
	run "$weir" edit -i "$netns_dir/edited" -o "$netns_dir/back" --enet-vlan=del
	is "exit status" "$rc" 0
	trace compare "$netns_dir/back" "$data/web.pcap"
}

test_formats_are_kept_or_chosen() {
	edit web6-be.pcapng --ttl=3
	says <(file "$netns_dir/edited") pcapng
	edit dns-ns.pcap --ttl=3
	is "nanoseconds" "$(head -c 4 "$netns_dir/edited" | od -An -tx4)" " a1b23c4d"
	edit web6-be.pcapng --format=pcap --compress=zstd
	"$weir" info --json "$netns_dir/edited" >"$netns_dir/json"
	is "format" "$(jq -c '.files[0] | [.format, .compression, .frames]' "$netns_dir/json")" \
		"[\"pcap\",\"zstd\",$(frames_of "$data/web6-be.pcapng")]"
}

test_pipes_work() {
	"$weir" edit -i - -o - --ttl=3 <"$data/web.pcap" >"$netns_dir/edited"
	edit web.pcap --ttl=3
	"$weir" edit -i - -o - --ttl=3 <"$data/web.pcap" | cmp - "$netns_dir/edited"
}

# A trace of several blocks, of all formats.
make_long() { # FILE
	"$weir" gen 'Ether()/IP(src="10.0.0.1",dst="10.1.0.0/16")/UDP(dport=(1,2000))/("x"*200)' \
		-n 20000 -w "$1"
}

test_workers_write_the_same() {
	local options
	make_long "$netns_dir/long.pcap"
	"$weir" edit -i "$netns_dir/long.pcap" -o "$netns_dir/long.pcapng" --format=pcapng --compress=zstd
	for options in "--ttl=3 -C" "--enet-vlan=add --enet-vlan-tag=7" "--fuzz-seed=5" \
		"--format=pcapng -s 3" "--skip-soft-errors --dlt=hdlc --hdlc-control=0 --hdlc-address=15"; do
		for file in long.pcap long.pcapng; do
			for n in 1 2 3; do
				# shellcheck disable=SC2086 # several words
				run "$weir" edit --workers="$n" -i "$netns_dir/$file" \
					-o "$netns_dir/by$n" $options
				is "exit status" "$rc" 0
			done
			cmp "$netns_dir/by1" "$netns_dir/by2"
			cmp "$netns_dir/by1" "$netns_dir/by3"
		done
	done
}

test_a_piece_of_a_file_without_a_frame_is_passed_over() {
	local workers
	python3 - "$netns_dir/wide.pcapng" <<-'END'
		import struct, sys
		def block(kind, body):
		    size = struct.pack("<I", len(body) + 12)
		    return struct.pack("<I", kind) + size + body + size
		frame = block(6, struct.pack("<5I", 0, 0, 1, 60, 60) + bytes(60))
		open(sys.argv[1], "wb").write(
		    block(0x0A0D0D0A, struct.pack("<IHHq", 0x1A2B3C4D, 1, 0, -1)) +
		    block(1, struct.pack("<HHI", 1, 0, 0)) +
		    frame + block(0xBAD, b"A custom block of pieces".ljust(1 << 20)) + frame)
	END
	for workers in 1 2; do
		run "$weir" edit --workers="$workers" -i "$netns_dir/wide.pcapng" -o "$netns_dir/edited"
		is "exit status" "$rc" 0
		is "frames" "$(frames_of "$netns_dir/edited")" 2
	done
}

test_what_stands_before_a_damage_is_edited() {
	make_long "$netns_dir/long.pcap"
	head -c 3000000 "$netns_dir/long.pcap" >"$netns_dir/cut"
	for n in 1 2; do
		run "$weir" edit --workers="$n" -i "$netns_dir/cut" -o "$netns_dir/by$n" --ttl=3
		is "exit status" "$rc" 1
		says "$err" "cut off"
		is "frames" "$(frames_of "$netns_dir/by$n")" "$(((3000000 - 24) / (16 + 242)))"
	done
	cmp "$netns_dir/by1" "$netns_dir/by2"
}

test_a_full_disk_is_told() {
	make_long "$netns_dir/long.pcap"
	for n in 1 2; do
		run "$weir" edit --workers="$n" -i "$netns_dir/long.pcap" -o /dev/full --ttl=3
		is "exit status" "$rc" 1
		says "$err" "/dev/full: No space left"
	done
}

test_a_signal_ends_it_with_a_whole_file() {
	make_long "$netns_dir/long.pcap"
	mkfifo "$netns_dir/pipe"
	exec 9<>"$netns_dir/pipe"
	"$weir" edit --workers=2 -i "$netns_dir/pipe" -o "$netns_dir/edited" --ttl=3 \
		2>"$netns_dir/err" &
	pid=$!
	head -c 1000000 "$netns_dir/long.pcap" >&9
	wait_for 20 has_some "$netns_dir/edited"
	kill -INT "$pid"
	rc=0
	wait_exit 20 "$pid" || rc=$?
	is "exit status" "$rc" 1
	says "$netns_dir/err" "stopped by a signal"
	run "$weir" info "$netns_dir/edited"
	is "it is whole" "$rc" 0
	"$weir" info --json "$netns_dir/edited" >"$netns_dir/json"
	[ "$(jq '.files[0].frames' "$netns_dir/json")" -gt 1000 ]
}

has_some() { # FILE
	[ "$(stat -c %s "$1" 2>/dev/null || echo 0)" -gt 300000 ]
}

test_what_cannot_be_edited_is_told() {
	head -c 100 "$data/web.pcap" >"$netns_dir/cut"
	run "$weir" edit -i "$netns_dir/cut" -o "$netns_dir/edited" --ttl=3
	is "a cut file" "$rc" 1
	says "$err" "cut off"
	run "$weir" edit -i "$data/web.pcap" -o "$netns_dir/edited" --enet-vlan=del
	is "exit status" "$rc" 0
	says "$err" "37 frames not edited: it has no such VLAN tag \(the first is frame 1\)"
	run "$weir" edit -i "$data/web.pcap" -o "$netns_dir/edited" --enet-vlan=del --strict
	is "exit status" "$rc" 1
	says "$err" "frame 1: it has no such VLAN tag"
}

test_a_cache_that_is_too_short_is_told() {
	"$weir" split -a first -i "$data/vlan.pcap" -o "$netns_dir/cache"
	edit web.pcap --ttl=9 -c "$netns_dir/cache"
	says "$err" "cache tells of 12 frames, but .*web\.pcap has more: the others are not edited"
}

test_wrong_options_are_named_with_their_place() {
	run "$weir" edit -i "$data/web.pcap" -o "$netns_dir/no" -N 10.0.0.0/8:1.2.3.4/40
	is "exit status" "$rc" 2
	says "$err" 'pnat: "10\.0\.0\.0/8:1\.2\.3\.4/40", at 20: the number is more than 32'
	[ ! -e "$netns_dir/no" ]
	run "$weir" edit -i "$data/web.pcap" -o "$netns_dir/no" --enet-dmac=,
	is "exit status" "$rc" 2
	says "$err" 'enet-dmac: ",", at 1: a MAC address expected'
	cp "$data/web.pcap" "$netns_dir/same"
	run "$weir" edit -i "$netns_dir/same" -o "$netns_dir/same"
	is "exit status" "$rc" 1
	cmp "$netns_dir/same" "$data/web.pcap"
}

test_tcprewrite_writes_what_it_always_wrote() {
	python3 "$e2e_root/tools/golden.py" check --program "$bin/tcprewrite" \
		"$data/tcprewrite.sums"
}

test_every_quirk_is_documented() {
	local name names
	mapfile -t names < <(sed -nE 's/^\t\{ "([a-z0-9-]+)",.*/\1/p' \
		"$e2e_root"/lib/{edit,split}/quirk.c)
	mapfile -t -O "${#names[@]}" names < <(grep -ohE 'uirk "[a-z]+"' "$e2e_root"/cli/*.[ch] |
		cut -d '"' -f 2)
	[ "${#names[@]}" -gt 20 ]
	for name in "${names[@]}"; do
		grep -q "^| $name |" "$e2e_root/docs/tcpreplay.md" || { echo "not $name"; exit 1; }
	done
}

test_tcprewrite_fails_as_it_always_did() {
	run "$bin/tcprewrite" -i "$data/web.pcap" -o "$netns_dir/no" -s 4 --fuzz-seed=3
	is "exit status" "$rc" 1
	says "$err" "^tcprewrite error:  the 'seed' and 'fuzz-seed' options conflict"
	run "$bin/tcprewrite" -i "$data/web.pcap" -o "$netns_dir/no" -e 1.1.1.1:2.2.2.2
	is "exit status" "$rc" 1
	says "$err" "endpoints option requires the cachefile option"
	run "$bin/tcprewrite" -i "$data/web.pcap" -o "$netns_dir/no" --ttl=300
	is "exit status" "$rc" 255
	says "$err" "^Fatal Error: "
}

test_a_trace_without_an_interface_is_refused_by_tcprewrite() {
	make_without_interface "$netns_dir/empty"
	run "$bin/tcprewrite" -i "$netns_dir/empty" -o "$netns_dir/no"
	is "exit status" "$rc" 255
	says "$err" "the capture file has no Interface Description Blocks$"
}

run_tests
